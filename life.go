package scim

import (
	"strings"
	"time"
)

// Policy is what a host may decide for a tenant. The zero value is the
// product's behaviour.
type Policy struct {
	// EmailFrom names the attribute of the table that carries the work e-mail
	// address, for a tenant whose user principal names differ from it (P2.3).
	// Where it has no value, and when EmailFrom is "", the usual order applies.
	EmailFrom string
	// Link says when a POST takes over an account that the platform made itself
	// (P4.2).
	Link LinkPolicy
	// BringBack says when a POST brings back an archived or deactivated user (P3.5).
	BringBack BringBackPolicy
	// SharedEmails lets several users have one work e-mail address. Then only
	// accounts that the platform made itself are matched by e-mail (P4.5).
	SharedEmails bool
	// KnownMembersOnly switches off that groups name users, and make them, by
	// e-mail address, userName or externalId (P7.3).
	KnownMembersOnly bool
	// SeatOnRequest lets active: true from the identity provider take a free
	// seat for a held user. Otherwise the host activates held users (P5.3).
	SeatOnRequest bool
	// Removals stops a connection that removes more users than this within a
	// time. The zero value stops none.
	Removals RemovalLimit
}

// LinkPolicy says when an account of the platform's own is linked.
type LinkPolicy uint8

// The policies for linking. The zero value is LinkByEmail.
const (
	LinkByEmail LinkPolicy = iota // by work e-mail or userName
	LinkNever
)

// BringBackPolicy says when a POST brings a user back.
type BringBackPolicy uint8

// The policies for bringing back. The zero value is OnNameOrEmail.
const (
	OnNameOrEmail BringBackPolicy = iota
	OnExternalID                  // only when externalId agrees too
	Never
)

// origin says who makes a change, and what it depends on. Without a connection
// it is the host.
type origin struct {
	connection string
	request    string
	time       time.Time
	only       conditions
	tol        *tolerance
	undo       bool // takes back what the same request did
	groups     bool // the answer shows the groups of users
	newMembers *int // how many users groups may still make (P7.3); nil: as many as one request may
}

func (o origin) name() string {
	if o.connection == "" {
		return ByHost
	}
	return o.connection
}

// rules are the transitions of a user's life: pure functions of users, of the
// tenant's policy, and of who asks when. They decide everything that P3, P4, P5
// and P8 say about one user; the store enforces what depends on all others.
type rules struct {
	*table
	views  *views
	policy Policy
	by     origin
}

// admit decides what a create does (P3.1, P3.5, P4). found is every user,
// archived or not, with the draft's userName or work e-mail. It returns the user
// as it shall be stored, whom it replaces (nil for a new one), and what happens.
// A draft without a userName is nobody, whomever its e-mail address would match.
func (r *rules) admit(draft *User, found []*User, seat bool) (after, before *User, kind EventKind, err error) {
	if strings.TrimSpace(draft.UserName) == "" {
		return nil, nil, "", missing(r.userName, nil, "userName")
	}
	before, err = r.match(draft, found)
	if err != nil {
		return nil, nil, "", err
	}
	if draft.asked == Unset {
		draft.asked = Yes // P2.3: a create that leaves active out means true
	}
	was := Status(0)
	switch {
	case before == nil:
		after, kind = draft, UserCreated
	case !before.Managed || before.Placeholder:
		after, kind = before.Clone(), UserLinked
		r.takeOver(after, draft)
		was = before.Status
	default:
		after, kind = draft.Clone(), UserRestored
		after.ID, after.Created, after.Version = before.ID, before.Created, before.Version
		was = before.Status
	}
	after.asked = draft.asked
	after.Kept = nil
	after.Placeholder = draft.Placeholder
	r.manage(after)
	if err := r.settle(after, nil, nil); err != nil {
		return nil, nil, "", err
	}
	r.decide(after, was, seat)
	return after, before, kind, nil
}

// match finds the user that a create means (P4). A live user wins over an
// archived one, and between two archived ones the e-mail decides.
func (r *rules) match(draft *User, found []*User) (*User, error) {
	name, email := Fold(draft.UserName), Fold(r.workEmail(draft))
	var byName, byEmail, oldName, oldEmail *User
	for _, u := range found {
		sameEmail := email != "" && Fold(u.Email) == email && (!r.policy.SharedEmails || !u.Managed || u.Placeholder)
		switch live := u.Status != StatusArchived; {
		case live && Fold(u.UserName) == name:
			byName = u
		case live && sameEmail && byEmail == nil:
			byEmail = u
		case live:
		case sameEmail:
			oldEmail = u // the youngest of them, as found is in order of creation
		case Fold(u.UserName) == name:
			oldName = u
		}
	}
	switch {
	case byName != nil && byEmail != nil:
		return nil, &ConflictError{Attribute: "emails"}
	case byName != nil:
		return r.mayBecome(byName, draft, "userName")
	case byEmail != nil:
		return r.mayBecome(byEmail, draft, "emails")
	case draft.Placeholder && (oldEmail != nil || oldName != nil):
		return nil, &UnknownMembersError{Members: []string{draft.UserName}}
	case oldEmail != nil && r.bringsBack(oldEmail, draft):
		return oldEmail, nil
	case oldName != nil && r.bringsBack(oldName, draft):
		return oldName, nil
	}
	return nil, nil
}

// mayBecome says whether a create may continue the live user u that it matches.
func (r *rules) mayBecome(u, draft *User, attribute string) (*User, error) {
	switch {
	case u.Placeholder:
		return u, nil
	case !u.Managed && r.policy.Link == LinkByEmail:
		return u, nil
	case u.Managed && u.Status == StatusDeactivated && r.bringsBack(u, draft):
		return u, nil
	}
	return nil, &ConflictError{Attribute: attribute}
}

func (r *rules) bringsBack(u, draft *User) bool {
	switch r.policy.BringBack {
	case Never:
		return false
	case OnExternalID:
		return u.ExternalID != "" && u.ExternalID == draft.ExternalID
	}
	return true
}

// takeOver puts what the draft says over what the account had. What the draft
// does not mention stays.
func (r *rules) takeOver(u, draft *User) {
	r.each(func(a *attr) {
		switch {
		case a.multi && a.list.length(draft) > 0, !a.multi && a.get(draft) != "":
			a.copyValue(u, draft)
		}
	})
}

// revise decides what an update does (P3.2, P3.3, P3.7, P3.8, P4.2, P5.4). after
// is before with the request's attributes in it. removed is a mandatory
// attribute that the request took away by name, if any.
func (r *rules) revise(before, after *User, removed *attr, seat bool) error {
	if r.by.connection != "" {
		r.manage(after)
		after.Placeholder = false // a client that knows it by its id has provisioned it
	}
	if err := r.unchangeable(before, after); err != nil {
		return err
	}
	if before.Status == StatusHeld && after.asked == Unset && after.UserName != before.UserName && tombstone(after.UserName, before.Login) {
		after.asked = No // a soft delete (P3.7): Entra does not say again that who is held is inactive
	}
	if err := r.settle(after, before, removed); err != nil {
		return err
	}
	r.decide(after, before.Status, seat)
	if after.Status == StatusDeactivated && before.Status == StatusDeactivated && before.DeactivatedBy != ByHost {
		after.DeactivatedBy = before.DeactivatedBy // the first one stands, unless it was the host
	}
	return nil
}

// unchangeable refuses another value for an attribute that a schema of the
// host's has as immutable (RFC 7643 section 7).
func (r *rules) unchangeable(before, after *User) error {
	if !r.immutables || r.by.connection == "" {
		return nil
	}
	var err error
	r.each(func(a *attr) {
		if a.fixed() && a.printed(before) != "" && !a.equal(before, after) {
			err = badRequest(typeMutability, "%s is immutable: it has a value, and keeps it.", a.path)
		}
	})
	return err
}

// fixed reports whether a value stays once there is one.
func (a *attr) fixed() bool { return a.immutable || a.parent != nil && a.parent.immutable }

// manage records that the connection at hand provisions the user.
func (r *rules) manage(u *User) {
	if r.by.connection == "" {
		return
	}
	u.Managed = true
	u.Connection = r.by.connection
}

// decide turns what was asked of active into a status (P3, P5). seat says
// whether the licence has one; the store has the last word on that.
func (r *rules) decide(u *User, was Status, seat bool) {
	asked := u.asked
	u.asked = Unset
	switch {
	case asked == Unset:
		u.Status = was
		return
	case asked == No:
		u.Status, u.DeactivatedBy = StatusDeactivated, r.by.name()
		return
	case was == StatusActive:
		u.Status = StatusActive
	case was == StatusHeld && !r.policy.SeatOnRequest && r.by.connection != "":
		u.Status = StatusHeld
	case seat:
		u.Status = StatusActive
	default:
		u.Status = StatusHeld
	}
	u.DeactivatedBy = ""
}

// archive ends a user's life in the directory (P3.4). The profile stays.
func (r *rules) archive(u *User) {
	u.Status = StatusArchived
	u.asked = Unset
	u.Placeholder = false // a POST brings it back as any other, with its attributes alone
	r.manage(u)
	u.Keys.Folders = nil
}

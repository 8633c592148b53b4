package scim

import (
	"slices"
	"strings"
	"time"

	filter "github.com/scim2/filter-parser/v2"
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

// origin says who makes a change. Without a connection it is the host.
type origin struct {
	connection string
	request    string
	time       time.Time
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
func (r *rules) admit(draft *User, found []*User, seat bool) (after, before *User, kind EventKind, err error) {
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
		if a.immutable && a.printed(before) != "" && !a.equal(before, after) {
			err = badRequest(typeMutability, "%s is immutable: it has a value, and keeps it.", a.path)
		}
	})
	return err
}

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

// settle works out what depends on the attributes: the host's own name and
// e-mail, what is missing, and what is indexed.
func (r *rules) settle(u, before *User, removed *attr) error {
	if r.by.connection == "" {
		// What clients send was checked while it was read.
		if err := r.checkValues(u, before); err != nil {
			return err
		}
	}
	r.identify(u, before)
	if err := r.complete(u, before, removed); err != nil {
		return err
	}
	if err := r.validate(u, before); err != nil {
		return err
	}
	r.index(u)
	return nil
}

// identify sets the login name and e-mail address that the host knows. A soft
// delete in the directory renames both; the host's stay what they were (P3.7).
func (r *rules) identify(u, before *User) {
	u.Login, u.Email = u.UserName, r.workEmail(u)
	if before == nil {
		return
	}
	// Of somebody who stays active, such a name is a new name like any other: the
	// old one is free for somebody else.
	gone := u.asked == No || before.Status != StatusActive || u.UserName == before.UserName
	if gone && tombstone(u.UserName, before.Login) {
		u.Login = before.Login
		if u.Email == u.UserName {
			u.Email = before.Email // a renamed userName is nobody's address
		}
	}
	if gone && tombstone(u.Email, before.Email) || u.Email == "" && !r.readdressed(u, before) {
		u.Email = before.Email
	}
}

// readdressed reports whether anything was written that the work e-mail address
// comes from. While nothing is, one that was kept (P3.8) stays.
func (r *rules) readdressed(u, before *User) bool {
	if u.UserName != before.UserName || r.emails != nil && !r.emails.equal(u, before) {
		return true
	}
	row := r.row(r.policy.EmailFrom)
	return row != nil && !row.target.attr.equal(u, before)
}

// tombstone reports whether name is the former name behind the 32 hex digits of
// an object id.
func tombstone(name, former string) bool {
	const digits = 32
	if former == "" || len(name) <= digits {
		return false
	}
	for i := range digits {
		switch c := name[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		default:
			return false
		}
	}
	return Fold(name[digits:]) == Fold(former)
}

// workEmail is the address of the element of type work, else of the primary
// one, else of the only one, else a userName that is an address (P2.3).
func (r *rules) workEmail(u *User) string {
	if r.policy.EmailFrom != "" {
		if row := r.row(r.policy.EmailFrom); row != nil {
			if v := row.target.value(u); v != "" {
				return v
			}
		}
	}
	var primary string
	for i := range u.Emails {
		e := &u.Emails[i]
		if strings.EqualFold(e.Type, "work") && e.Value != "" {
			return e.Value
		}
		if e.Primary == Yes {
			primary = e.Value
		}
	}
	switch {
	case primary != "":
		return primary
	case len(u.Emails) == 1:
		return u.Emails[0].Value
	case isEmail(u.UserName):
		return u.UserName
	}
	return ""
}

// isEmail reports whether s has the shape of an e-mail address.
func isEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != "" && !longer(s, maxName) &&
		!strings.ContainsAny(domain, "@") && !strings.ContainsAny(s, " \t\r\n<>(),;:\"\\") &&
		strings.Trim(domain, ".-") == domain
}

// complete refuses a user without a mandatory value. In a request that
// deactivates, the old value stays instead, with a warning: what ends access is
// not lost over an empty field (P3.8).
func (r *rules) complete(u, before *User, removed *attr) error {
	ends := before != nil && u.asked == No
	u.Kept = slices.DeleteFunc(u.Kept, func(w Warning) bool { return before == nil || r.rewritten(w.Attribute, u, before) })
	if strings.TrimSpace(u.UserName) == "" {
		if !ends {
			return missing(r.userName, removed, "userName")
		}
		r.keep(u, before, r.userName, "userName")
	}
	if r.emails != nil && u.Email == "" {
		if !ends {
			return missing(r.emails, removed, "emails: a work e-mail address")
		}
		r.keep(u, before, r.emails, "emails")
		if row := r.row(r.policy.EmailFrom); row != nil {
			row.target.attr.copyValue(u, before)
		}
	}
	if err := r.completeRows(u, before, removed, ends); err != nil {
		return err
	}
	if len(u.Kept) > 0 {
		r.identify(u, before)
		if u.Email == "" {
			u.Email = before.Email // it came from the userName that was changed
		}
	}
	return nil
}

// completeRows does the same for what the host's table marks mandatory. That is
// asked of mappings, not of accounts that the host or a group makes.
func (r *rules) completeRows(u, before *User, removed *attr, ends bool) error {
	if r.by.connection == "" || u.Placeholder {
		return nil
	}
	for _, row := range r.rows {
		if !row.enforced() || row.target.attr == r.emails || row.target.attr == r.userName || row.target.value(u) != "" {
			continue
		}
		if !ends {
			return missing(row.target.attr, removed, row.target.leaf().path)
		}
		r.keep(u, before, row.target.attr, row.Name)
	}
	return nil
}

// enforced reports whether a person without a value is refused.
func (r *row) enforced() bool { return r.Need == Mandatory && !r.MayBeEmpty }

func missing(a, removed *attr, what string) error {
	if removed != nil && removed == a {
		return badRequest(typeMutability, "%s is mandatory and cannot be removed.", what)
	}
	return badRequest(typeInvalidValue, "%s is mandatory and has no value.", what)
}

func (r *rules) keep(u, before *User, a *attr, name string) {
	a.copyValue(u, before)
	kept := Warning{Attribute: name, Text: "The former value was kept: a mandatory value cannot be emptied, and the request was a deactivation."}
	if !slices.Contains(u.Kept, kept) {
		u.Kept = append(u.Kept, kept)
	}
}

// rewritten reports whether the attribute of a kept value was written since.
func (r *rules) rewritten(name string, u, before *User) bool {
	a := r.core.find(name)
	if row := r.row(name); row != nil {
		a = row.target.attr
	}
	return a == nil || !a.equal(u, before)
}

// checkValues checks the attributes that the host changed, as clients' are when
// they are read (P2.8).
func (r *rules) checkValues(u, before *User) error {
	var err error
	check := func(a *attr, v string) {
		if err == nil && v != "" {
			err = a.checkStored(v)
		}
	}
	r.each(func(a *attr) {
		switch {
		case before != nil && a.equal(u, before):
		case !a.multi:
			check(a, a.get(u))
		case a.list.length(u) > maxElements:
			err = tooManyElements(a)
		default:
			for i := range a.list.length(u) {
				for _, sub := range a.subs.all {
					check(sub, a.list.get(u, i, sub.index))
				}
			}
		}
	})
	return err
}

// validate asks the host's validators about values that are new.
func (r *rules) validate(u, before *User) error {
	for _, row := range r.rows {
		if row.Validate == nil {
			continue
		}
		v := row.target.value(u)
		if v == "" || before != nil && row.target.value(before) == v {
			continue
		}
		if err := row.Validate(v); err != nil {
			return &Error{Status: 400, Type: typeInvalidValue, Detail: row.target.leaf().path + ": " + err.Error(), Err: err}
		}
	}
	return nil
}

// index sets what a store finds the user by.
func (r *rules) index(u *User) {
	k := Keys{UserName: refold(u.Keys.UserName, u.UserName), Label: u.label()}
	if !r.policy.SharedEmails {
		k.Email = refold(u.Keys.Email, u.Email)
	} else if u.Email != "" {
		k.Addresses = append(k.Addresses, Fold(u.Email))
	}
	for i := range u.Emails {
		v := u.Emails[i].Value
		if v == "" || compareFolded(filter.EQ, v, k.Email) {
			continue
		}
		if v = Fold(v); !slices.Contains(k.Addresses, v) {
			k.Addresses = append(k.Addresses, v)
		}
	}
	k.Folders = make([]FolderKey, 0, len(r.roots))
	for _, row := range r.rows {
		if row.Folder == "" {
			continue
		}
		if v := squeeze(row.target.value(u)); v != "" {
			k.Folders = append(k.Folders, FolderKey{Root: row.Folder, Name: v})
		}
	}
	u.Keys = k
}

// refold is Fold(name), or key where that is it already.
func refold(key, name string) string {
	if compareFolded(filter.EQ, name, key) {
		return key
	}
	return Fold(name)
}

// label is what a user is called where it is only mentioned.
func (u *User) label() string {
	switch {
	case u.DisplayName != "":
		return u.DisplayName
	case u.Name.Formatted != "":
		return u.Name.Formatted
	case u.Name.GivenName != "" || u.Name.FamilyName != "":
		return strings.TrimSpace(u.Name.GivenName + " " + u.Name.FamilyName)
	}
	return u.UserName
}

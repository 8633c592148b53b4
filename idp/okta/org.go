package okta

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
)

// Profile is what Okta knows of a person, by the names of Okta's profile: login,
// email, firstName, department, managerId and so on; [ProfileAttributes] lists them.
// Other names are custom attributes. An attribute without a value is absent.
type Profile map[string]string

// Status is what Okta lets a person do.
type Status uint8

// The statuses. The zero value is Active.
const (
	Active        Status = iota
	Suspended            // cannot sign in; applications hear nothing of it
	Deprovisioned        // deactivated: out of all applications
)

// String returns Okta's word for the status.
func (s Status) String() string {
	return [...]string{"ACTIVE", "SUSPENDED", "DEPROVISIONED"}[s]
}

// User is a person of an organisation.
type User struct {
	ID      string // 00u…
	Status  Status
	Profile Profile
	Created time.Time
	Changed time.Time
}

// Login is the name that the person signs in with.
func (u User) Login() string { return u.Profile["login"] }

// Group is a group of an organisation, without its members.
type Group struct {
	ID      string // 00g…
	Name    string
	Created time.Time
	Changed time.Time
}

// Org is an organisation: people, groups and who is in which. It may be used by
// several goroutines at once. The same calls make the same ids.
type Org struct {
	clock *idp.Clock

	mu     sync.Mutex
	seq    uint64 // counts changes, so that what is due has an order
	made   uint64 // counts the ids that were given
	people []*person
	teams  []*team
	byID   map[string]*person
	logins map[string]*person // by folded login
	groups map[string]*team
	names  map[string]*team // by folded name
}

// person is a user with what applications go by.
type person struct {
	User
	number      uint64 // order of creation
	seq         uint64 // of the last change that an application may have to hear of
	life        int    // how often the person has been deactivated
	password    string
	passwordSeq uint64 // of the last change of password, 0: none
}

// team is a group with its members.
type team struct {
	Group
	number  uint64
	seq     uint64
	members map[string]bool
}

// NewOrg returns an organisation without people, whose time is the clock's; nil is a
// clock of its own.
func NewOrg(clock *idp.Clock) *Org {
	if clock == nil {
		clock = new(idp.Clock)
	}
	return &Org{
		clock: clock,
		byID:  make(map[string]*person), logins: make(map[string]*person),
		groups: make(map[string]*team), names: make(map[string]*team),
	}
}

// Clock is the organisation's time.
func (o *Org) Clock() *idp.Clock { return o.clock }

// next counts a change.
func (o *Org) next() uint64 {
	o.seq++
	return o.seq
}

// tick is next for an application, which does not hold the lock.
func (o *Org) tick() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.next()
}

// newID makes an id as Okta's look: 20 letters and digits behind a prefix that says
// of what it is.
func (o *Org) newID(prefix string) string {
	o.made++
	return prefix + "1" + code(fmt.Sprint(prefix, o.made), 13) + "5d7"
}

// code is n letters and digits that look like chance and are the same each time.
func code(of string, n int) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	sum := sha256.Sum256([]byte(of))
	out := make([]byte, n)
	for i := range out {
		out[i] = digits[int(binary.BigEndian.Uint16(sum[2*i%32:]))%len(digits)]
	}
	return string(out)
}

// AddUser makes an active user. The profile has to have a login, which nobody else
// has, ignoring case, and an email. Errors: ErrExists.
func (o *Org) AddUser(p Profile) (User, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	x := &person{User: User{Profile: Profile{}}}
	if err := o.profile(x, p); err != nil {
		return User{}, err
	}
	x.ID, x.Created = o.newID("00u"), o.clock.Now()
	x.number = o.made
	o.people = append(o.people, x)
	o.byID[x.ID] = x
	o.touch(x)
	return x.copy(), nil
}

// UpdateUser changes what it names in a profile and leaves the rest; "" takes a value
// away. Errors: ErrNotFound, ErrExists.
func (o *Org) UpdateUser(id string, change Profile) (User, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	x, err := o.person(id)
	if err != nil {
		return User{}, err
	}
	if err := o.profile(x, change); err != nil {
		return User{}, err
	}
	o.touch(x)
	return x.copy(), nil
}

// profile writes into a profile, or nothing when that is not possible.
func (o *Org) profile(x *person, change Profile) error {
	after := maps.Clone(x.Profile)
	maps.Copy(after, change)
	maps.DeleteFunc(after, func(_, v string) bool { return v == "" })
	for _, name := range []string{"login", "email"} {
		if after[name] == "" {
			return fmt.Errorf("okta: a profile needs %s", name)
		}
	}
	key := scim.Fold(after["login"])
	if other := o.logins[key]; other != nil && other != x {
		return fmt.Errorf("%w: login %q", ErrExists, after["login"])
	}
	delete(o.logins, scim.Fold(x.Login()))
	o.logins[key] = x
	x.Profile = after
	return nil
}

func (o *Org) touch(x *person) {
	x.seq, x.Changed = o.next(), o.clock.Now()
}

func (x *person) copy() User {
	u := x.User
	u.Profile = maps.Clone(u.Profile)
	return u
}

func (o *Org) person(id string) (*person, error) {
	if x := o.byID[id]; x != nil {
		return x, nil
	}
	return nil, fmt.Errorf("%w: user %q", ErrNotFound, id)
}

// SetPassword gives a user a password. Applications that synchronise passwords get
// it. Errors: ErrNotFound.
func (o *Org) SetPassword(id, password string) error {
	return o.change(id, func(x *person) error {
		x.password, x.passwordSeq = password, o.seq+1 // what touch will count
		return nil
	})
}

// Suspend takes away that a user can sign in. Applications are sent nothing, neither
// now nor of what changes meanwhile, except that the user is unassigned. Errors:
// ErrNotFound; ErrStatus unless the user is active.
func (o *Org) Suspend(id string) error { return o.become(id, Suspended, Active) }

// Unsuspend ends that. Errors: ErrNotFound; ErrStatus unless the user is suspended.
func (o *Org) Unsuspend(id string) error { return o.become(id, Active, Suspended) }

// Deactivate takes a user out of all applications; memberships of groups stay, but
// assignments to applications that are not by way of a group are gone for good.
// Errors: ErrNotFound; ErrStatus if the user is deactivated already.
func (o *Org) Deactivate(id string) error { return o.become(id, Deprovisioned, Active, Suspended) }

// Activate makes a deactivated user active. The applications of the user's groups are
// there again, others have to be assigned. Errors: ErrNotFound; ErrStatus unless the
// user is deactivated.
func (o *Org) Activate(id string) error { return o.become(id, Active, Deprovisioned) }

func (o *Org) become(id string, to Status, from ...Status) error {
	return o.change(id, func(x *person) error {
		if !slices.Contains(from, x.Status) {
			return fmt.Errorf("%w: user %q is %v", ErrStatus, x.Login(), x.Status)
		}
		if x.Status = to; to == Deprovisioned {
			x.life++
		}
		return nil
	})
}

func (o *Org) change(id string, f func(x *person) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	x, err := o.person(id)
	if err != nil {
		return err
	}
	if err := f(x); err != nil {
		return err
	}
	o.touch(x)
	return nil
}

// DeleteUser forgets a user, who has to be deactivated before. Applications hear
// nothing of it: Okta deletes no accounts there. Errors: ErrNotFound; ErrStatus.
func (o *Org) DeleteUser(id string) error {
	return o.change(id, func(x *person) error {
		if x.Status != Deprovisioned {
			return fmt.Errorf("%w: user %q is %v, and is to be deactivated before it is deleted", ErrStatus, x.Login(), x.Status)
		}
		for _, g := range o.teams {
			delete(g.members, id)
		}
		o.people = slices.DeleteFunc(o.people, func(p *person) bool { return p == x })
		delete(o.byID, id)
		delete(o.logins, scim.Fold(x.Login()))
		return nil
	})
}

// User returns a user. Errors: ErrNotFound.
func (o *Org) User(id string) (User, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	x, err := o.person(id)
	if err != nil {
		return User{}, err
	}
	return x.copy(), nil
}

// FindUser returns the user with a login, in any case. Errors: ErrNotFound.
func (o *Org) FindUser(login string) (User, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	x := o.logins[scim.Fold(login)]
	if x == nil {
		return User{}, fmt.Errorf("%w: login %q", ErrNotFound, login)
	}
	return x.copy(), nil
}

// Users returns all users in order of their creation.
func (o *Org) Users() []User {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]User, len(o.people))
	for i, x := range o.people {
		out[i] = x.copy()
	}
	return out
}

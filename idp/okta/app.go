package okta

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/usher-scim/scim/idp"
)

// Flavour says by which methods an application is written to. An administrator cannot
// change it.
type Flavour uint8

// The flavours. The zero value is Catalogue.
const (
	Catalogue Flavour = iota // profiles by PUT; active, passwords and groups by PATCH
	Wizard                   // everything by PUT
)

// String names the flavour.
func (f Flavour) String() string { return [...]string{"catalogue", "wizard"}[f] }

// flavour is what differs.
type flavour struct {
	patches    bool // who is active, passwords and groups are written by PATCH
	typedEmail bool // the e-mail address has a type
	announces  bool // schemas lists extensions
}

var flavours = [...]flavour{
	Catalogue: {patches: true, typedEmail: true, announces: true},
	Wizard:    {},
}

// Config is an application's provisioning page. The zero value of all but Service is
// what an administrator wants who provisions users: they are created, updated and
// deactivated by the default mappings.
type Config struct {
	// Service is where the application's SCIM service is. Required. Okta does not
	// take Service.Token as "Bearer …": the scheme is put before it.
	Service *idp.Service
	Flavour Flavour
	// Name is what tasks call the application; "" is "SCIM app".
	Name string
	// Mappings are the attributes that are sent; nil is DefaultMappings.
	Mappings []Mapping

	// What is left off on the page "To App". Without Create, users are linked to
	// accounts that are there already, and those without one become tasks.
	WithoutCreate, WithoutUpdate, WithoutDeactivate bool
	// SyncPassword sends Okta's passwords. Without it an account is created with
	// one that means nothing.
	SyncPassword bool
	// EmptyStrings sends "" for mapped attributes that have no value. Without it
	// they are left out, and taken away where they had one.
	EmptyStrings bool
	// ImportGroups imports groups as well as users, and tests them.
	ImportGroups bool
	// MembersPerPatch splits changes of membership into requests of so many
	// members, as an option for large groups does. 0 does not split. The wizard's
	// flavour has no PATCH, and never splits.
	MembersPerPatch int
}

// App is one integration of an organisation. It may be used by several goroutines at
// once; each method waits for a Sync or an Import that is under way, and so must not
// be called by the service's handler or observer.
type App struct {
	org      *Org
	config   Config
	flavour  flavour
	fields   []field
	userName string // the path that holds it

	mu       sync.Mutex
	accounts map[string]*account // by Okta's id
	groups   map[string]uint64   // the groups that are assigned, and when each was
	pushes   []*push
	log      []Entry
	requests int // sent so far
	slowed   int // how often in a row a job was told 429
	paused   time.Time
}

// mark is how far a user's or a group's changes have been sent.
type mark struct {
	seq     uint64 // of the last change on the application's side
	done    uint64 // all changes up to this one have been dealt with
	failure *failure
}

// failure is a job that failed.
type failure struct {
	at, next time.Time // next: when it is tried again; zero: not by itself
	target   Target
	message  string
	status   int
	tries    int
	order    uint64 // the changes that it was to send
}

// account is a user's assignment, and the account that belongs to it.
type account struct {
	mark
	user     string
	number   uint64
	login    string // for the log, when the user is gone
	assigned bool
	life     int    // of the user, when it was assigned
	gone     uint64 // when it was seen that the user is deleted; 0: not

	id      string  // at the service
	linked  bool    // the service's account is Okta's, and as far as Okta knows active
	pending bool    // active was written, and it is not known what came of it
	unsure  bool    // an update was begun, and it is not known what came of it
	sent    profile // Okta's last known state
	secret  uint64  // the change of password that was sent
	change  uint64  // when linked last changed
}

// NewApp adds an integration to an organisation. An error names what of the
// configuration is wrong.
func NewApp(o *Org, c Config) (*App, error) {
	switch {
	case o == nil:
		return nil, errors.New("okta: NewApp needs an Org")
	case c.Service == nil:
		return nil, errors.New("okta: Config.Service is missing")
	case c.Flavour > Wizard:
		return nil, fmt.Errorf("okta: there is no flavour %d", c.Flavour)
	}
	c.Name = cmp.Or(c.Name, "SCIM app")
	if c.Mappings == nil {
		c.Mappings = DefaultMappings()
	}
	a := &App{
		org: o, config: c, flavour: flavours[c.Flavour],
		accounts: make(map[string]*account), groups: make(map[string]uint64),
	}
	var err error
	if a.fields, a.userName, err = compile(c.Mappings); err != nil {
		return nil, err
	}
	return a, nil
}

// Assign gives a user the application. Errors: ErrNotFound; ErrStatus for one who is
// deactivated.
func (a *App) Assign(user string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	x := a.org.snapshot(user)
	switch {
	case x == nil:
		return fmt.Errorf("%w: user %q", ErrNotFound, user)
	case x.Status == Deprovisioned:
		return fmt.Errorf("%w: user %q is %v", ErrStatus, x.Login(), x.Status)
	}
	acc := a.account(x.ID, x.number)
	acc.assigned, acc.life, acc.seq = true, x.life, a.org.tick()
	return nil
}

// Unassign takes the application from a user, who keeps it all the same while in a
// group that is assigned. Errors: ErrNotFound if the user was not assigned.
func (a *App) Unassign(user string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	acc := a.accounts[user]
	if acc == nil || !a.appUser(acc).Assigned {
		return fmt.Errorf("%w: user %q is not assigned", ErrNotFound, user)
	}
	acc.assigned, acc.seq = false, a.org.tick()
	return nil
}

// AssignGroup gives the application to all members of a group, now and later. Errors:
// ErrNotFound.
func (a *App) AssignGroup(group string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, err := a.org.Group(group); err != nil {
		return err
	}
	if a.groups[group] == 0 {
		a.groups[group] = a.org.tick()
	}
	return nil
}

// UnassignGroup takes it from them again, except from those who have it otherwise.
// Errors: ErrNotFound if the group was not assigned.
func (a *App) UnassignGroup(group string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.groups[group] == 0 {
		return fmt.Errorf("%w: group %q is not assigned", ErrNotFound, group)
	}
	delete(a.groups, group)
	members, _ := a.org.Members(group) // none of a group that is gone
	for _, id := range members {
		if acc := a.accounts[id]; acc != nil {
			acc.seq = a.org.tick()
		}
	}
	return nil
}

// account returns what is known of a user, and begins to know it.
func (a *App) account(id string, number uint64) *account {
	acc := a.accounts[id]
	if acc == nil {
		acc = &account{user: id, number: number}
		a.accounts[id] = acc
	}
	return acc
}

// inOrder lists the accounts by the creation of their users.
func (a *App) inOrder() []*account {
	return slices.SortedFunc(maps.Values(a.accounts), func(x, y *account) int { return cmp.Compare(x.number, y.number) })
}

// AppUser is what an application knows of a user.
type AppUser struct {
	User     string // Okta's id
	ID       string // the service's; "" where there never was an account
	UserName string // as it was sent last
	// Assigned says that the user was assigned in person, and not only by a group.
	Assigned bool
	// Provisioned says that the account is Okta's and, as far as Okta knows, active.
	Provisioned bool
}

// AppUser returns what the application knows of a user; false if nothing.
func (a *App) AppUser(user string) (AppUser, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	acc := a.accounts[user]
	if acc == nil {
		return AppUser{}, false
	}
	return a.appUser(acc), true
}

// AppUsers lists what the application knows of users, in order of their creation.
func (a *App) AppUsers() []AppUser {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := make([]AppUser, 0, len(a.accounts))
	for _, acc := range a.inOrder() {
		out = append(out, a.appUser(acc))
	}
	return out
}

func (a *App) appUser(acc *account) AppUser {
	return AppUser{
		User: acc.user, ID: acc.id, UserName: acc.sent[a.userName],
		Assigned: acc.assigned && a.org.life(acc.user) == acc.life, Provisioned: acc.linked,
	}
}

// ForceSync has the profiles of all provisioned users sent by the next Sync, changed
// or not. Users who never were provisioned are left out, as are groups.
func (a *App) ForceSync() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, acc := range a.inOrder() {
		if acc.linked {
			acc.unsure, acc.seq = true, a.org.tick()
		}
	}
}

// RetryFailed has all that failed tried again by the next Sync, and ends a pause that
// the service asked for.
func (a *App) RetryFailed() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.paused, a.slowed = time.Time{}, 0
	retry := func(m *mark) {
		if m.failure != nil {
			m.failure.next, m.failure.tries = a.org.clock.Now(), 0
		}
	}
	for _, acc := range a.accounts {
		retry(&acc.mark)
	}
	for _, p := range a.pushes {
		retry(&p.mark)
	}
}

// TestConnection tests the credentials, as the button does and saving the page: by
// the beginning of the list of users, and of groups if they are imported. Errors:
// *Error.
func (a *App) TestConnection(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	probes := []struct{ path, query string }{{"/Users", page(1, probeSize)}, {"/Groups", page(1, pageSize)}}
	if !a.config.ImportGroups {
		probes = probes[:1]
	}
	target := Target{Type: "AppInstance", Name: a.config.Name}
	for _, p := range probes {
		answer, err := a.call(ctx, eventConfiguration, http.MethodGet, p.path, p.query, nil)
		if err == nil {
			_, err = list(eventConfiguration, answer)
		}
		if e := asError(err); e != nil {
			a.noteFailure(target, e)
		}
		if err != nil {
			return err
		}
	}
	a.note(eventConfiguration, target, Success, "", http.StatusOK)
	return nil
}

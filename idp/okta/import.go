package okta

import (
	"context"
	"fmt"
	"net/http"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
)

// Import is what an import found at the service. It changes nothing in Okta until an
// administrator confirms something of it, which [App.Confirm] is.
type Import struct {
	Scanned  int // active users, as Okta counts them
	Inactive int // users with active false, who are left out
	Users    []ImportedUser
	Groups   []ImportedGroup
	// Missing are the Okta ids of provisioned users whose accounts were not found.
	// Okta would take the application from them.
	Missing []string
	// Repeated are ids that stood on more than one page: the service's order is not
	// stable, or changed meanwhile.
	Repeated []string
	Requests int
}

// Match is how an imported user was found in Okta.
type Match uint8

// The matches. The zero value is NoMatch.
const (
	NoMatch    Match = iota // Okta would make a new user
	ByUserName              // somebody has the userName as login
	ByEmail                 // somebody has the e-mail address
	Known                   // the account is somebody's already
)

// String describes the match.
func (m Match) String() string { return [...]string{"no match", "userName", "email", "known"}[m] }

// ImportedUser is an active user of the service.
type ImportedUser struct {
	ID       string
	UserName string
	Email    string
	Match    Match
	User     string // Okta's id; "" without a match
}

// ImportedGroup is a group of the service.
type ImportedGroup struct {
	ID      string
	Name    string
	Members []string // ids at the service
	Group   string   // Okta's id of the group that is pushed to it; "" if none is
}

// Import lists the users of the service, page by page, and the groups if the
// application imports them. Errors: *Error, also for a list without its counters.
func (a *App) Import(ctx context.Context) (Import, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	before := a.requests
	var out Import
	users, err := a.pages(ctx, eventImport, "/Users", &out)
	if err == nil {
		a.importUsers(users, &out)
		if a.config.ImportGroups {
			var groups []idp.Resource
			groups, err = a.pages(ctx, eventGroupImport, "/Groups", &out)
			a.importGroups(groups, &out)
		}
	}
	out.Requests = a.requests - before
	target := Target{Type: "AppInstance", Name: a.config.Name}
	if e := asError(err); e != nil {
		a.noteFailure(target, e)
	}
	if err != nil {
		return Import{Requests: out.Requests}, err
	}
	a.note(eventImport, target, Success, "", http.StatusOK)
	return out, nil
}

// pages reads a list from its beginning until as many were asked for as there are.
func (a *App) pages(ctx context.Context, event, path string, out *Import) ([]idp.Resource, error) {
	var all []idp.Resource
	seen := make(map[string]bool)
	for start := 1; ; start += pageSize {
		answer, err := a.call(ctx, event, http.MethodGet, path, page(start, pageSize), nil)
		if err != nil {
			return nil, err
		}
		l, err := list(event, answer)
		if err != nil {
			return nil, err
		}
		for _, r := range l.Resources {
			if seen[r.ID()] {
				out.Repeated = append(out.Repeated, r.ID())
				continue
			}
			seen[r.ID()] = true
			all = append(all, r)
		}
		if start+pageSize > *l.TotalResults {
			return all, nil
		}
	}
}

func (a *App) importUsers(users []idp.Resource, out *Import) {
	known := make(map[string]string)
	for _, acc := range a.accounts {
		if acc.linked {
			known[acc.id] = acc.user
		}
	}
	logins, emails := a.org.directory()
	found := make(map[string]bool)
	for _, r := range users {
		if !active(r) {
			out.Inactive++
			continue
		}
		u := ImportedUser{ID: r.ID(), UserName: r.Text("userName"), Email: address(r)}
		for _, m := range []struct {
			match Match
			user  string
		}{{Known, known[u.ID]}, {ByUserName, logins[scim.Fold(u.UserName)]}, {ByEmail, emails[scim.Fold(u.Email)]}} {
			if m.user != "" {
				u.Match, u.User = m.match, m.user
				break
			}
		}
		found[u.ID] = true
		out.Users = append(out.Users, u)
	}
	out.Scanned = len(out.Users)
	for _, acc := range a.inOrder() {
		if acc.linked && !found[acc.id] {
			out.Missing = append(out.Missing, acc.user)
		}
	}
}

// address is the primary e-mail address of a user, or the first.
func address(r idp.Resource) string {
	if v := r.Text("emails[primary eq true].value"); v != "" {
		return v
	}
	list, _ := r.Get(idp.MustPath("emails")).([]any)
	if len(list) == 0 {
		return ""
	}
	e, _ := list[0].(map[string]any)
	return idp.Resource(e).Text("value")
}

// directory maps folded logins and e-mail addresses to the ids of users.
func (o *Org) directory() (logins, emails map[string]string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	logins, emails = make(map[string]string), make(map[string]string)
	for _, x := range o.people {
		logins[scim.Fold(x.Login())] = x.ID
		if key := scim.Fold(x.Profile["email"]); emails[key] == "" {
			emails[key] = x.ID
		}
	}
	return logins, emails
}

func (a *App) importGroups(groups []idp.Resource, out *Import) {
	for _, r := range groups {
		g := ImportedGroup{ID: r.ID(), Name: r.Text("displayName")}
		members, _ := r.Get(idp.MustPath("members")).([]any)
		for _, m := range members {
			if m, ok := m.(map[string]any); ok {
				g.Members = append(g.Members, idp.Resource(m).Text("value"))
			}
		}
		for _, p := range a.pushes {
			if p.id == g.ID && !p.deleting {
				g.Group = p.group
			}
		}
		out.Groups = append(out.Groups, g)
	}
}

// Confirm takes an imported user as the account of the user whom it matched: the user
// is assigned, and the next Sync sends the profile without a look-up. Errors:
// ErrNotFound without a match; ErrStatus for a user who is deactivated; ErrExists for
// one who has another account.
func (a *App) Confirm(u ImportedUser) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	x := a.org.snapshot(u.User)
	switch {
	case x == nil:
		return fmt.Errorf("%w: no user matches %q", ErrNotFound, u.UserName)
	case x.Status == Deprovisioned:
		return fmt.Errorf("%w: user %q is %v", ErrStatus, x.Login(), x.Status)
	}
	acc := a.account(x.ID, x.number)
	switch {
	case acc.linked && acc.id != u.ID:
		return fmt.Errorf("%w: user %q has the account %q", ErrExists, x.Login(), acc.id)
	case !acc.linked:
		if acc.id != u.ID {
			acc.sent = nil // nothing of it is Okta's
		}
		acc.unsure = true
		acc.link(a.org, u.ID)
	}
	acc.login = x.Login()
	acc.assigned, acc.life, acc.seq = true, x.life, a.org.tick()
	return nil
}

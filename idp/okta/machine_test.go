package okta_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp/okta"
)

// machine does at random what administrators do, while the service has trouble now and
// then, and knows what comes of it in the end.
type machine struct {
	*host
	rt       *rapid.T
	names    int
	assigned map[string]bool // users in person
	granted  map[string]bool // groups
	deleted  []string        // ids at the service of groups that are to be gone
}

// TestMachine: whatever happens, once the service is well the directory has what the
// organisation means.
func TestMachine(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		rapid.Check(t, func(rt *rapid.T) {
			m := &machine{
				host: onLibrary(rt, okta.Config{Flavour: flavour, SyncPassword: true, MembersPerPatch: rapid.IntRange(0, 2).Draw(rt, "members")}),
				rt:   rt, assigned: make(map[string]bool), granted: make(map[string]bool),
			}
			rt.Repeat(map[string]func(*rapid.T){
				"":             func(*rapid.T) {},
				"hire":         func(*rapid.T) { m.hire() },
				"change":       func(*rapid.T) { m.change() },
				"status":       func(*rapid.T) { m.status() },
				"assign":       func(*rapid.T) { m.assign() },
				"members":      func(*rapid.T) { m.membership() },
				"membersAgain": func(*rapid.T) { m.membership() },
				"groups":       func(*rapid.T) { m.groups() },
				"push":         func(*rapid.T) { m.push() },
				"trouble":      func(*rapid.T) { m.trouble() },
				"sync":         func(*rapid.T) { m.sync() },
				"check":        func(*rapid.T) { m.settle(); m.check() },
			})
			m.settle()
			m.check()
		})
	})
}

func (m *machine) chance(of string, among ...string) string {
	return rapid.SampledFrom(among).Draw(m.rt, of)
}

// user is some user, or "" if there is none.
func (m *machine) someone() string {
	users := m.org.Users()
	if len(users) == 0 {
		m.rt.Skip("nobody is there")
	}
	return rapid.SampledFrom(users).Draw(m.rt, "user").ID
}

func (m *machine) somegroup() string {
	groups := m.org.Groups()
	if len(groups) == 0 {
		m.rt.Skip("there is no group")
	}
	return rapid.SampledFrom(groups).Draw(m.rt, "group").ID
}

func (m *machine) fresh() string {
	m.names++
	return fmt.Sprint("n", m.names)
}

func (m *machine) hire() {
	id := m.stage.user(m.fresh())
	if m.chance("assigned", "yes", "no") == "yes" {
		m.ok(m.app.Assign(id))
		m.assigned[id] = true
	}
}

func (m *machine) change() {
	id := m.someone()
	switch name := m.chance("attribute", "title", "department", "login", "password"); name {
	case "login":
		to := m.fresh() + "@example.com"
		_, err := m.org.UpdateUser(id, okta.Profile{"login": to, "email": to})
		m.ok(err)
	case "password":
		m.ok(m.org.SetPassword(id, m.fresh()))
	default:
		m.set(id, name, m.chance("value", "", "a", "b"))
	}
}

func (m *machine) status() {
	id := m.someone()
	u, err := m.org.User(id)
	m.ok(err)
	switch to := m.chance("to", "suspended", "deactivated", "deleted"); {
	case u.Status == okta.Suspended:
		m.ok(m.org.Unsuspend(id))
	case u.Status == okta.Deprovisioned && to == "deleted":
		m.ok(m.org.DeleteUser(id))
	case u.Status == okta.Deprovisioned:
		m.ok(m.org.Activate(id))
	case to == "suspended":
		m.ok(m.org.Suspend(id))
	default:
		m.ok(m.org.Deactivate(id))
		m.assigned[id] = false
	}
}

func (m *machine) assign() {
	if m.chance("whom", "user", "group") == "group" {
		g := m.somegroup()
		if m.granted[g] {
			m.ok(m.app.UnassignGroup(g))
		} else {
			m.ok(m.app.AssignGroup(g))
		}
		m.granted[g] = !m.granted[g]
		return
	}
	id := m.someone()
	u, _ := m.org.User(id)
	switch {
	case u.Status == okta.Deprovisioned:
		require.ErrorIs(m.t, m.app.Assign(id), okta.ErrStatus)
		return
	case m.assigned[id]:
		m.ok(m.app.Unassign(id))
	default:
		m.ok(m.app.Assign(id))
	}
	m.assigned[id] = !m.assigned[id]
}

func (m *machine) membership() {
	group, user := m.somegroup(), m.someone()
	if slices.Contains(m.in(group), user) {
		m.ok(m.org.RemoveMember(group, user))
		return
	}
	m.ok(m.org.AddMember(group, user))
}

func (m *machine) in(group string) []string {
	ids, err := m.org.Members(group)
	m.ok(err)
	return ids
}

func (m *machine) groups() {
	switch m.chance("what", "add", "add", "rename", "rename", "delete") {
	case "add":
		m.stage.group(m.fresh())
	case "rename":
		m.ok(m.org.RenameGroup(m.somegroup(), m.fresh()))
	case "delete":
		g := m.somegroup()
		m.ok(m.org.DeleteGroup(g))
		delete(m.granted, g)
	}
}

func (m *machine) push() {
	g := m.somegroup()
	at := slices.IndexFunc(m.app.PushedGroups(), func(p okta.PushedGroup) bool { return p.Group == g })
	if at < 0 {
		if err := m.app.PushGroup(g); err != nil {
			require.ErrorIs(m.t, err, okta.ErrStatus)
		}
		return
	}
	switch m.chance("what", "now", "leave", "delete") {
	case "now":
		m.ok(m.app.PushNow(g))
	case "leave":
		m.ok(m.app.Unlink(g, false))
	case "delete":
		if id := m.app.PushedGroups()[at].ID; id != "" {
			m.deleted = append(m.deleted, id)
		}
		m.ok(m.app.Unlink(g, true))
	}
}

// trouble has the service fail for some requests.
func (m *machine) trouble() {
	n := rapid.IntRange(1, 4).Draw(m.rt, "requests")
	kind := m.chance("trouble", "lost", "down", "slow")
	m.sent.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if n--; n < 0 {
			return false
		}
		switch {
		case kind == "slow":
			return slow("60")(w, r)
		case kind == "lost" && r.URL.Path != "/scim/v2/Users": // of a create Okta would never know that somebody is there
			m.sent.next.ServeHTTP(httptest.NewRecorder(), r)
		}
		return refuse(http.StatusServiceUnavailable, "")(w, r)
	})
}

// settle lets the service be well, and Okta try until nothing is left to do.
func (m *machine) settle() {
	m.sent.answer(nil)
	for range 20 {
		m.app.RetryFailed()
		if r := m.sync(); r.Requests == 0 && r.Waiting == 0 {
			break
		}
		m.org.Clock().Advance(time.Minute)
	}
	require.Empty(m.t, m.app.Tasks())
	m.sent.take()
}

// check compares the directory with the organisation.
func (m *machine) check() {
	page, err := m.dir.Users(background, acme, scim.Query{Limit: 1000})
	m.ok(err)
	active := make(map[string]*scim.User) // by Okta's id
	for _, u := range page.Items {
		if u.Active() {
			require.Nil(m.t, active[u.ExternalID], "two active accounts of %s", u.ExternalID)
			active[u.ExternalID] = u
		}
	}
	for _, u := range m.org.Users() {
		has := active[u.ID]
		delete(active, u.ID)
		switch {
		case !m.access(u):
			require.Nil(m.t, has, "%s is active without access", u.Login())
		case u.Status == okta.Suspended: // as it was before
		default:
			require.NotNil(m.t, has, "%s has access and no active account", u.Login())
			require.Equal(m.t,
				[]string{u.Login(), u.Profile["email"], u.Profile["title"], u.Profile["department"], u.Profile["firstName"]},
				[]string{has.UserName, has.Email, has.Title, has.Department, has.Name.GivenName})
			known, _ := m.app.AppUser(u.ID)
			require.Equal(m.t, okta.AppUser{User: u.ID, ID: has.ID, UserName: u.Login(), Assigned: m.assigned[u.ID], Provisioned: true}, known)
		}
	}
	require.Empty(m.t, active, "active accounts of nobody")
	for _, p := range m.app.PushedGroups() {
		m.checkGroup(p)
	}
	for _, id := range m.deleted {
		_, err := m.dir.Group(background, acme, id)
		require.ErrorIs(m.t, err, scim.ErrNotFound)
	}
}

// access reports whether a user is to have the application.
func (m *machine) access(u okta.User) bool {
	has := m.assigned[u.ID]
	for g, granted := range m.granted {
		has = has || granted && slices.Contains(m.in(g), u.ID)
	}
	return has && u.Status != okta.Deprovisioned
}

// checkGroup: of those who are provisioned the group has who is in it in Okta.
func (m *machine) checkGroup(p okta.PushedGroup) {
	g, err := m.org.Group(p.Group)
	m.ok(err)
	there, err := m.dir.Group(background, acme, p.ID)
	m.ok(err)
	require.Equal(m.t, g.Name, there.DisplayName)
	members, err := m.dir.Members(background, acme, p.ID, scim.Query{Limit: 1000})
	m.ok(err)
	for _, known := range m.app.AppUsers() {
		if known.Provisioned {
			has := slices.ContainsFunc(members.Items, func(x scim.Member) bool { return x.ID == known.ID })
			require.Equal(m.t, slices.Contains(m.in(p.Group), known.User), has, "%s in %s", known.UserName, g.Name)
		}
	}
}

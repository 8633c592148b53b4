package entra

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim"
)

// TestIntent: whatever happens to the directory, to assignments and to the service, in
// either dialect: in the end the host has what the directory means it to have.
func TestIntent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := newMachine(t)
		t.Repeat(map[string]func(*rapid.T){
			"hire":      m.hire,
			"change":    m.change,
			"leave":     m.leave,
			"return":    m.back,
			"promote":   m.promote,
			"group":     m.makeGroup,
			"regroup":   m.changeGroup,
			"member":    m.member,
			"assign":    m.assign,
			"on demand": m.onDemand,
			"time":      m.time,
			"cycle":     m.runCycle,
			"break":     m.breakService,
		})
		m.s.answer = nil
		m.s.job.Restart(false)
		m.s.t = t
		_, err := m.s.job.Cycle(context.Background())
		require.NoError(t, err)
		m.check(t)
		r, err := m.s.job.Cycle(context.Background())
		require.NoError(t, err)
		require.Zero(t, r.Sent(), "nothing is left to do")
	})
}

// machine is a stage with the users and groups that it ever had.
type machine struct {
	s             *stage
	users, groups []string
	n             int
}

func newMachine(t *rapid.T) *machine {
	var flag []func(*Config)
	if rapid.Bool().Draw(t, "new dialect") {
		flag = append(flag, flagged)
	}
	all := rapid.Bool().Draw(t, "all users")
	flag = append(flag, func(c *Config) { c.SyncAll, c.MembersPerRequest = all, 2 })
	return &machine{s: newStage(t, flag...)}
}

// any draws one of some ids, and false if there are none.
func (m *machine) any(t *rapid.T, ids []string) (string, bool) {
	if len(ids) == 0 {
		return "", false
	}
	return rapid.SampledFrom(ids).Draw(t, "who"), true
}

func (m *machine) name(prefix string) string {
	m.n++
	return fmt.Sprint(prefix, m.n)
}

func (m *machine) hire(t *rapid.T) {
	if len(m.users) == 10 {
		return
	}
	p := Properties{"accountEnabled": rapid.IntRange(0, 4).Draw(t, "enabled") > 0}
	if boss, found := m.any(t, m.s.dir.Users()); found {
		p["manager"] = boss
	}
	id := m.s.user(m.name("u"), p)
	m.users = append(m.users, id)
	if rapid.Bool().Draw(t, "assigned") {
		require.NoError(t, m.s.job.Assign(id))
	}
}

func (m *machine) change(t *rapid.T) {
	id, found := m.any(t, m.s.dir.Users())
	if !found {
		return
	}
	value := m.name("v")
	m.s.set(id, rapid.SampledFrom([]Properties{
		{"jobTitle": value},
		{"displayName": value, "department": value},
		{"userPrincipalName": value + "@example.com"},
		{"userPrincipalName": value + "@example.com", "mail": value + "@example.com"},
		{"division": value},
		{"accountEnabled": false},
		{"accountEnabled": true},
	}).Draw(t, "what"))
}

func (m *machine) leave(t *rapid.T) {
	id, found := m.any(t, m.users)
	if found && rapid.Bool().Draw(t, "for good") {
		_ = m.s.dir.PurgeUser(id) // who is gone cannot go again
	} else if found {
		_ = m.s.dir.DeleteUser(id)
	}
}

func (m *machine) back(t *rapid.T) {
	if id, found := m.any(t, m.users); found {
		_ = m.s.dir.RestoreUser(id)
	}
}

func (m *machine) promote(t *rapid.T) {
	users := m.s.dir.Users()
	id, found := m.any(t, users)
	if !found {
		return
	}
	boss, _ := m.any(t, append(users, ""))
	if boss != id {
		m.s.set(id, Properties{"manager": boss})
	}
}

func (m *machine) makeGroup(t *rapid.T) {
	if len(m.groups) == 4 {
		return
	}
	id := m.s.group(m.name("g"))
	m.groups = append(m.groups, id)
	if rapid.Bool().Draw(t, "assigned") {
		require.NoError(t, m.s.job.Assign(id))
	}
}

func (m *machine) changeGroup(t *rapid.T) {
	id, found := m.any(t, m.s.dir.Groups())
	switch {
	case !found:
	case rapid.IntRange(0, 3).Draw(t, "delete") == 0:
		require.NoError(t, m.s.dir.DeleteGroup(id))
	default:
		require.NoError(t, m.s.dir.UpdateGroup(id, rapid.SampledFrom([]Properties{
			{"displayName": m.name("g")}, {"securityEnabled": false}, {"securityEnabled": true},
		}).Draw(t, "what")))
	}
}

func (m *machine) member(t *rapid.T) {
	g, found := m.any(t, m.s.dir.Groups())
	id, anybody := m.any(t, m.users)
	if !found || !anybody {
		return
	}
	if rapid.IntRange(0, 2).Draw(t, "remove") == 0 {
		_ = m.s.dir.RemoveMember(g, id) // who is gone is no member
	} else {
		_ = m.s.dir.AddMember(g, id)
	}
}

func (m *machine) assign(t *rapid.T) {
	id, found := m.any(t, append(slices.Clone(m.users), m.groups...))
	if !found {
		return
	}
	if rapid.Bool().Draw(t, "take back") {
		require.NoError(t, m.s.job.Unassign(id))
	} else {
		_ = m.s.job.Assign(id) // who is gone cannot be assigned
	}
}

func (m *machine) onDemand(t *rapid.T) {
	if id, found := m.any(t, m.users); found {
		_, _ = m.s.job.ProvisionOnDemand(context.Background(), id) // the service may be broken
	}
}

func (m *machine) time(t *rapid.T) {
	hours := rapid.SampledFrom([]int{1, 7, 30, 24 * 10}).Draw(t, "hours")
	_, err := m.s.job.Run(context.Background(), time.Duration(hours)*time.Hour)
	require.NoError(t, err)
}

func (m *machine) runCycle(*rapid.T) { _, _ = m.s.job.Cycle(context.Background()) }

// breakService makes the service refuse every few requests, or mends it.
func (m *machine) breakService(t *rapid.T) {
	status := rapid.SampledFrom([]int{0, 0, 400, 409, 429, 503, 401}).Draw(t, "status")
	every := rapid.IntRange(1, 3).Draw(t, "every")
	n := 0
	m.s.answer = func(w http.ResponseWriter, _ *http.Request, _ string) bool {
		if n++; status == 0 || n%every != 0 {
			return false
		}
		w.WriteHeader(status)
		return true
	}
}

// check compares the host with the directory's intent.
func (m *machine) check(t *rapid.T) {
	active := 0
	for _, id := range m.users {
		if m.checkUser(t, id) {
			active++
		}
	}
	page, err := m.s.host.Users(context.Background(), acme, scim.Query{Status: scim.StatusActive})
	require.NoError(t, err)
	require.Len(t, page.Items, active, "nobody else is active")
	live := 0
	for _, id := range m.groups {
		if m.checkGroup(t, id) {
			live++
		}
	}
	groups, err := m.s.host.Groups(context.Background(), acme, scim.Query{})
	require.NoError(t, err)
	require.Len(t, groups.Items, live, "there is no other group")
}

// inScope is what the directory means.
func (m *machine) inScope(id string) bool {
	assigned := m.s.job.Assigned()
	return m.s.job.config.SyncAll || slices.Contains(assigned, id) || slices.ContainsFunc(m.s.dir.groupsOf(id), func(g string) bool {
		p, _ := m.s.dir.Group(g)
		return slices.Contains(assigned, g) && p["securityEnabled"] == true
	})
}

// checkUser reports whether a user is to be active.
func (m *machine) checkUser(t *rapid.T, id string) bool {
	r, _ := m.s.dir.read(id)
	l, linked := m.s.job.Link(id)
	enabled := m.inScope(id) && !r.gone && !r.deleted && r.props["accountEnabled"] == true
	if !enabled {
		if linked && !m.takenOver(l) {
			require.NotEqual(t, scim.StatusActive, m.s.at(id).Status, "%s has to be disabled", nameOf(r))
		}
		return false
	}
	require.True(t, linked && l.Managed, "%s has to be provisioned", nameOf(r))
	u := m.s.at(id)
	require.Equal(t, scim.StatusActive, u.Status, nameOf(r))
	require.Equal(t, r.props["userPrincipalName"], u.UserName)
	require.Equal(t, r.props["mail"], u.Email)
	for name, got := range map[string]string{"jobTitle": u.Title, "displayName": u.DisplayName, "department": u.Department} {
		if want := r.props.Text(name); want != "" {
			require.Equal(t, want, got, "%s of %s", name, nameOf(r))
		}
	}
	if boss, found := m.s.job.Link(r.props.Text("manager")); found && boss.Managed {
		require.Equal(t, boss.TargetID, u.Manager.Value, "manager of %s", nameOf(r))
	}
	return true
}

// takenOver reports whether the resource of a link belongs to another object by now.
func (m *machine) takenOver(l Link) bool {
	return slices.ContainsFunc(m.s.job.Links(), func(o Link) bool { return o.TargetID == l.TargetID && o.ObjectID != l.ObjectID && o.Managed })
}

// checkGroup reports whether a group is to be at the target.
func (m *machine) checkGroup(t *rapid.T, id string) bool {
	r, _ := m.s.dir.read(id)
	if r.gone || !m.s.job.config.SyncAll && !slices.Contains(m.s.job.Assigned(), id) {
		_, linked := m.s.job.Link(id)
		require.False(t, linked, "%s has to be deleted", nameOf(r))
		return false
	}
	l, _ := m.s.job.Link(id)
	g, err := m.s.host.Group(context.Background(), acme, l.TargetID)
	require.NoError(t, err)
	require.Equal(t, r.props["displayName"], g.DisplayName)
	has := m.s.membersAt(id)
	for _, user := range m.users {
		u, _ := m.s.job.Link(user)
		switch in := m.s.dir.isMember(id, user); {
		case in && u.Managed && m.inScope(user):
			if r, _ := m.s.dir.read(user); !r.deleted {
				require.Contains(t, has, user, "%s is a member of %s", nameOf(r), g.DisplayName)
			}
		case !in && u.Managed:
			require.NotContains(t, has, user, "%s is no member of %s", user, g.DisplayName)
		}
	}
	return true
}

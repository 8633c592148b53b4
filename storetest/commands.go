package storetest

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim"
)

var commands = []check{
	{name: "commands/model", promise: "After any sequence of commands the store says what one that counts everything one by one says.", run: func(p *probe) {
		rapid.Check(p, func(t *rapid.T) {
			t.Repeat(rapid.StateMachineActions(&model{
				p:        p,
				tenant:   scim.Tenant(fmt.Sprint("tenant", tenants.Add(1))),
				users:    make(map[string]*scim.User),
				groups:   make(map[string]*scim.Group),
				members:  make(map[string][]string),
				folders:  make(map[scim.FolderKey]string),
				versions: make(map[string]bool),
			}))
		})
	}},
}

// model is a store that counts everything one by one, beside the one under test.
// Its exported methods are the commands, of which package rapid picks; each goes
// to either handle.
type model struct {
	p        *probe
	tenant   scim.Tenant
	users    map[string]*scim.User
	groups   map[string]*scim.Group
	members  map[string][]string       // by group, in order
	folders  map[scim.FolderKey]string // spelling by root and folded name
	versions map[string]bool           // of each resource all that there ever were
	events   int
	steps    int
}

var (
	someUserIDs  = []string{"u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7"}
	someGroupIDs = []string{"g0", "g1", "g2", "g3"}
	someIDs      = slices.Concat(someUserIDs, someGroupIDs)
	someNames    = []string{"ada", "bob", "cyd", "dan", "eve"}
	someFolders  = []string{"Sales", "SALES", " sales", "Legal", "Ops", " "}
	someRoots    = []string{scim.RootDepartment, scim.RootDivision}
)

func oneOf(t *rapid.T, label string, of ...string) string {
	return rapid.SampledFrom(of).Draw(t, label)
}

func manyOf(t *rapid.T, label string, of []string) []string {
	return rapid.SliceOfN(rapid.SampledFrom(of), 0, 4).Draw(t, label)
}

// store returns either handle.
func (m *model) store(t *rapid.T) scim.Store {
	return m.p.eitherHandle(rapid.IntRange(0, 1).Draw(t, "handle"))
}

// event returns an event; several steps share a second, so that IDs decide.
func (m *model) event() *scim.Event {
	m.steps++
	return event(m.steps / 3)
}

// drawUser returns a user of which most things are shared with others.
func drawUser(t *rapid.T) *scim.User {
	u := &scim.User{
		ID:         oneOf(t, "id", someUserIDs...),
		Status:     scim.Status(rapid.IntRange(1, 4).Draw(t, "status")),
		ExternalID: oneOf(t, "externalId", "", "x", "y"),
		Keys: scim.Keys{
			UserName:  oneOf(t, "userName", someNames...),
			Email:     oneOf(t, "email", append([]string{"", ""}, someNames...)...),
			Addresses: manyOf(t, "addresses", someNames),
			Label:     oneOf(t, "label", "A", "B"),
		},
	}
	for range rapid.IntRange(0, 2).Draw(t, "folders") {
		u.Keys.Folders = append(u.Keys.Folders, scim.FolderKey{
			Root: oneOf(t, "root", someRoots...), Name: oneOf(t, "folder", someFolders...),
		})
	}
	return u
}

func drawSeats(t *rapid.T) scim.Limit {
	if rapid.Bool().Draw(t, "unlimited") {
		return scim.Unlimited
	}
	return scim.Seats(rapid.IntRange(0, 4).Draw(t, "seats"))
}

// drawVersion returns a version to guard by: any, the stored one, or another.
func drawVersion(t *rapid.T, stored string) string {
	return oneOf(t, "version", "", stored, stored, "stale")
}

// taken says why u cannot be written in place of before, which may be nil.
func (m *model) taken(u, before *scim.User, seats scim.Limit) error {
	live := u.Status != scim.StatusArchived
	taken := func(key string, of func(*scim.User) string) bool {
		for _, o := range m.users {
			if o.ID != u.ID && live && o.Status != scim.StatusArchived && of(o) == key {
				return true
			}
		}
		return false
	}
	wasActive := before != nil && before.Active()
	switch {
	case taken(u.Keys.UserName, func(o *scim.User) string { return o.Keys.UserName }):
		return &scim.ConflictError{Attribute: "userName"}
	case u.Keys.Email != "" && taken(u.Keys.Email, func(o *scim.User) string { return o.Keys.Email }):
		return &scim.ConflictError{Attribute: "emails"}
	case u.Active() && !wasActive && !seats.Allows(m.count(scim.StatusActive)+1):
		return scim.ErrSeats
	}
	return nil
}

func (m *model) count(s scim.Status) int {
	n := 0
	for _, u := range m.users {
		if u.Status == s {
			n++
		}
	}
	return n
}

// fresh takes note of a version of a resource, which must be new.
func (m *model) fresh(t *rapid.T, id, version string) {
	require.False(t, m.versions[id+"/"+version], "version %s of %s is not new", version, id)
	m.versions[id+"/"+version] = true
}

// forget lets an ID that is free be taken with versions as if it were new.
func (m *model) forget(id string) {
	maps.DeleteFunc(m.versions, func(v string, _ bool) bool { return v[:len(id)+1] == id+"/" })
}

// keep makes got, which the store returned for u, what the model knows.
func (m *model) keep(t *rapid.T, u, got *scim.User, created, modified *scim.Event) {
	want := u.Clone()
	want.Version, want.Created, want.Modified = got.Version, created.Time, modified.Time
	require.Empty(t, gocmp.Diff(want, got, alike))
	m.fresh(t, u.ID, got.Version)
	m.users[u.ID] = want
	m.events++
	for _, k := range m.foldersOf(want) {
		if _, known := m.folders[k]; !known {
			i := slices.IndexFunc(u.Keys.Folders, func(f scim.FolderKey) bool { return folded(f) == k })
			m.folders[k] = u.Keys.Folders[i].Name
		}
	}
	for k := range m.folders {
		if len(m.list(func(u *scim.User) bool { return slices.Contains(m.foldersOf(u), k) })) == 0 {
			delete(m.folders, k)
		}
	}
}

func folded(k scim.FolderKey) scim.FolderKey {
	return scim.FolderKey{Root: k.Root, Name: scim.FoldName(k.Name)}
}

// foldersOf returns the folders that u is in, by their folded names.
func (m *model) foldersOf(u *scim.User) []scim.FolderKey {
	var keys []scim.FolderKey
	for _, k := range u.Keys.Folders {
		if k = folded(k); k.Name != "" && u.Status != scim.StatusArchived && !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

// list returns the IDs of the users that match, in order.
func (m *model) list(match func(*scim.User) bool) []string {
	var users []*scim.User
	for _, u := range m.users {
		if match(u) {
			users = append(users, u)
		}
	}
	slices.SortFunc(users, func(a, b *scim.User) int {
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID))
	})
	return userIDs(users)
}

// CreateUser is a command.
func (m *model) CreateUser(t *rapid.T) {
	u, seats, e := drawUser(t), drawSeats(t), m.event()
	got, err := m.store(t).CreateUser(ctx, m.tenant, u, scim.Guard{Seats: seats}, e)
	if m.users[u.ID] != nil {
		require.Error(t, err)
		return
	}
	refusedAs(t, m.taken(u, nil, seats), err)
	if err == nil {
		m.keep(t, u, got, e, e)
	}
}

// UpdateUser is a command.
func (m *model) UpdateUser(t *rapid.T) {
	u, seats, e := drawUser(t), drawSeats(t), m.event()
	before := m.users[u.ID]
	if before == nil {
		_, err := m.store(t).UpdateUser(ctx, m.tenant, u, scim.Guard{}, e)
		refusedAs(t, scim.ErrNotFound, err)
		return
	}
	if rapid.Bool().Draw(t, "only the status") {
		status := u.Status
		u = before.Clone()
		u.Status = status
	}
	guard := scim.Guard{Version: drawVersion(t, before.Version), Seats: seats}
	got, err := m.store(t).UpdateUser(ctx, m.tenant, u, guard, e)
	if guard.Version == "stale" {
		refusedAs(t, scim.ErrVersion, err)
		return
	}
	refusedAs(t, m.taken(u, before, seats), err)
	if err != nil {
		return
	}
	m.keep(t, u, got, &scim.Event{Time: before.Created}, e)
	if u.Status == scim.StatusArchived {
		require.Equal(t, m.leave(t, u.ID, e), e.Left)
	} else {
		require.Empty(t, e.Left)
	}
}

// leave takes a member out of all groups and returns them.
func (m *model) leave(t *rapid.T, id string, e *scim.Event) []string {
	left := m.groupsOf(id)
	for _, g := range left {
		m.members[g] = slices.DeleteFunc(m.members[g], func(member string) bool { return member == id })
		m.touched(t, g, e)
	}
	return left
}

// touched notes that the store changed a group.
func (m *model) touched(t *rapid.T, id string, e *scim.Event) {
	got, err := m.store(t).Group(ctx, m.tenant, id)
	require.NoError(t, err)
	m.fresh(t, id, got.Version)
	m.groups[id].Version, m.groups[id].Modified = got.Version, e.Time
}

// groupsOf returns the groups that a user or group is in, by creation.
func (m *model) groupsOf(id string) []string {
	var in []string
	for _, g := range m.groupList() {
		if slices.Contains(m.members[g], id) {
			in = append(in, g)
		}
	}
	return in
}

func (m *model) groupList() []string {
	return slices.SortedFunc(maps.Keys(m.groups), func(a, b string) int {
		return cmp.Or(m.groups[a].Created.Compare(m.groups[b].Created), cmp.Compare(a, b))
	})
}

// PurgeUser is a command.
func (m *model) PurgeUser(t *rapid.T) {
	id := oneOf(t, "id", someIDs...)
	err := m.store(t).PurgeUser(ctx, m.tenant, id, m.event())
	if u := m.users[id]; u == nil || u.Status != scim.StatusArchived {
		refusedAs(t, scim.ErrNotFound, err)
		return
	}
	require.NoError(t, err)
	m.events++
	delete(m.users, id)
	m.forget(id)
}

// unknown returns those of ids that cannot be members of a group.
func (m *model) unknown(group string, ids []string) []string {
	var unknown []string
	for _, id := range ids {
		u := m.users[id]
		isUser, isGroup := u != nil && u.Status != scim.StatusArchived, m.groups[id] != nil && id != group
		if !isUser && !isGroup && !slices.Contains(unknown, id) {
			unknown = append(unknown, id)
		}
	}
	return unknown
}

// known returns those of ids that can be members of a group.
func (m *model) known(group string, ids []string) []string {
	return slices.DeleteFunc(ids, func(id string) bool { return m.unknown(group, []string{id}) != nil })
}

// refused requires that err names what is unknown, if anything is.
func refused(t *rapid.T, unknown []string, err error) bool {
	if unknown == nil {
		require.NoError(t, err)
		return false
	}
	var u *scim.UnknownMembersError
	require.ErrorAs(t, err, &u)
	require.ElementsMatch(t, unknown, u.Members)
	return true
}

func (m *model) nameTaken(name, self string) bool {
	for id, g := range m.groups {
		if id != self && g.Key == scim.Fold(name) {
			return true
		}
	}
	return false
}

// CreateGroup is a command.
func (m *model) CreateGroup(t *rapid.T) {
	name, e := oneOf(t, "name", "A", "a", "B", "C"), m.event()
	g := &scim.Group{
		ID: oneOf(t, "id", someGroupIDs...), DisplayName: name, Key: scim.Fold(name),
		ExternalID: oneOf(t, "externalId", "", "x"),
	}
	members := manyOf(t, "members", someIDs)
	if rapid.Bool().Draw(t, "known members only") {
		members = m.known(g.ID, members)
	}
	got, err := m.store(t).CreateGroup(ctx, m.tenant, g, members, e)
	switch {
	case m.groups[g.ID] != nil:
		require.Error(t, err)
		return
	case m.nameTaken(name, ""):
		refusedAs(t, &scim.ConflictError{Attribute: "displayName"}, err)
		return
	case refused(t, m.unknown(g.ID, members), err):
		return
	}
	g.Version, g.Created, g.Modified = got.Version, e.Time, e.Time
	require.Empty(t, gocmp.Diff(g, got))
	m.fresh(t, g.ID, g.Version)
	m.groups[g.ID] = g
	for _, id := range members {
		if !slices.Contains(m.members[g.ID], id) {
			m.members[g.ID] = append(m.members[g.ID], id)
		}
	}
	require.Empty(t, gocmp.Diff(m.members[g.ID], e.Added, alike))
	m.events++
}

func drawChange(t *rapid.T) scim.GroupChange {
	var c scim.GroupChange
	if rapid.IntRange(0, 3).Draw(t, "rename") == 0 {
		name := oneOf(t, "name", "A", "a", "B", "C")
		c.DisplayName = &name
	}
	if rapid.IntRange(0, 3).Draw(t, "external") == 0 {
		external := oneOf(t, "externalId", "", "x", "y")
		c.ExternalID = &external
	}
	c.Add = manyOf(t, "add", someIDs)
	c.Remove = slices.DeleteFunc(manyOf(t, "remove", someIDs), func(id string) bool { return slices.Contains(c.Add, id) })
	c.Exact = rapid.IntRange(0, 3).Draw(t, "exact") == 0
	c.Connection = oneOf(t, "connection", "", "okta", "entra")
	return c
}

// UpdateGroup is a command.
func (m *model) UpdateGroup(t *rapid.T) {
	id, c, e := oneOf(t, "id", someGroupIDs...), drawChange(t), m.event()
	before := m.groups[id]
	if before == nil {
		_, err := m.store(t).UpdateGroup(ctx, m.tenant, id, c, scim.Guard{}, e)
		refusedAs(t, scim.ErrNotFound, err)
		return
	}
	if rapid.Bool().Draw(t, "known members only") {
		c.Add = m.known(id, c.Add)
	}
	guard := scim.Guard{Version: drawVersion(t, before.Version)}
	got, err := m.store(t).UpdateGroup(ctx, m.tenant, id, c, guard, e)
	switch {
	case guard.Version == "stale":
		refusedAs(t, scim.ErrVersion, err)
	case c.DisplayName != nil && m.nameTaken(*c.DisplayName, id):
		refusedAs(t, &scim.ConflictError{Attribute: "displayName"}, err)
	case !refused(t, m.unknown(id, c.Add), err):
		m.changeGroup(t, got, c, e)
	}
}

// changeGroup does what the store did when it returned got.
func (m *model) changeGroup(t *rapid.T, got *scim.Group, c scim.GroupChange, e *scim.Event) {
	before := m.groups[got.ID]
	next := *before
	if c.DisplayName != nil {
		next.DisplayName, next.Key = *c.DisplayName, scim.Fold(*c.DisplayName)
	}
	if c.ExternalID != nil {
		next.ExternalID = *c.ExternalID
	}
	var after, removed, added []string
	for _, id := range m.members[got.ID] {
		if slices.Contains(c.Add, id) || !c.Exact && !slices.Contains(c.Remove, id) {
			after = append(after, id)
		} else {
			removed = append(removed, id)
		}
	}
	for _, id := range c.Add {
		if !slices.Contains(after, id) {
			after, added = append(after, id), append(added, id)
		}
	}
	require.ElementsMatch(t, removed, e.Removed)
	require.ElementsMatch(t, added, e.Added)
	if next == *before && added == nil && removed == nil {
		require.Empty(t, gocmp.Diff(before, got))
		return
	}
	next.Connection = cmp.Or(c.Connection, next.Connection)
	next.Version, next.Modified = got.Version, e.Time
	require.Empty(t, gocmp.Diff(&next, got))
	m.fresh(t, got.ID, got.Version)
	m.groups[got.ID], m.members[got.ID] = &next, after
	m.events++
}

// DeleteGroup is a command.
func (m *model) DeleteGroup(t *rapid.T) {
	id, e := oneOf(t, "id", slices.Concat(someGroupIDs, someGroupIDs, someIDs)...), m.event()
	err := m.store(t).DeleteGroup(ctx, m.tenant, id, scim.Guard{}, e)
	if m.groups[id] == nil {
		refusedAs(t, scim.ErrNotFound, err)
		return
	}
	require.NoError(t, err)
	require.Empty(t, gocmp.Diff(m.leave(t, id, e), e.Left, alike))
	delete(m.groups, id)
	delete(m.members, id)
	m.forget(id)
	m.events++
}

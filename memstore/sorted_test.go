package memstore_test

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// unsorted is a store that declines to sort, so that the core does.
type unsorted struct{ *memstore.Store }

func (s unsorted) Users(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.User], error) {
	if q.Sort != nil {
		return scim.Page[*scim.User]{}, errors.ErrUnsupported
	}
	return s.Store.Users(ctx, t, q)
}

func (s unsorted) Groups(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.Group], error) {
	if q.Sort != nil {
		return scim.Page[*scim.Group]{}, errors.ErrUnsupported
	}
	return s.Store.Groups(ctx, t, q)
}

// sorting is a store that is asked for sorted lists while it is written to, and
// asked again as if it could not sort.
type sorting struct {
	s           *memstore.Store
	native, own *scim.Directory
	steps       int
}

func TestSortedListsAreThoseOfTheCore(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := memstore.New()
		m := &sorting{s: s, native: directory(t, s), own: directory(t, unsorted{s})}
		t.Repeat(map[string]func(*rapid.T){
			"write user":   m.writeUser,
			"write group":  m.writeGroup,
			"delete group": m.deleteGroup,
			"list users":   m.listUsers,
			"list groups":  m.listGroups,
			"":             func(t *rapid.T) { require.NoError(t, s.Check()) },
		})
	})
}

func directory(t require.TestingT, s scim.Store) *scim.Directory {
	d, err := scim.New(scim.Config{Store: s})
	require.NoError(t, err)
	return d
}

// The values that are sorted by come up several times, in any case, or are none.
var (
	someValues   = []string{"", "", "a", "A", "b", "Éa", "éa", "10", "9", "漢字"}
	someDates    = []string{"", "2024-01-31", "2023-12-01", "2024-01-30T23:00:00Z", "soon"}
	someUserSort = []string{
		"userName", "title", "name.familyName", "emails", "emails.type", `emails[type eq "work"].value`, "active", "id", "hireDate",
		"externalId", "meta.created", "meta.lastModified", "meta.resourceType", scim.GroupSchema + ":displayName", "displayName",
	}
	someGroupSort   = []string{"displayName", "externalId", "id", "meta.created", "meta.lastModified", "userName", scim.UserSchema + ":displayName"}
	someUserFilter  = []string{"", "", `title pr`, `title eq "a"`, `active eq true`, `groups.display co "a"`, `userName eq "ada"`, `id pr`, `displayName eq "x"`}
	someGroupFilter = []string{"", "", `externalId pr`, `displayName co "a"`, `members.value eq "u1"`, `displayName eq "ada"`}
)

func (m *sorting) event() *scim.Event {
	m.steps++
	return event(m.steps / 3)
}

func (m *sorting) writeUser(t *rapid.T) {
	u := drawUser(t)
	u.UserName, u.DisplayName = oneOf(t, "spelling", strings.ToUpper(u.Keys.UserName), u.Keys.UserName), oneOf(t, "displayName", someValues...)
	u.Title, u.Name.FamilyName = oneOf(t, "title", someValues...), oneOf(t, "familyName", someValues...)
	u.HireDate = oneOf(t, "hireDate", someDates...)
	for range rapid.IntRange(0, 3).Draw(t, "emails") {
		u.Emails = append(u.Emails, scim.MultiValue{
			Value: oneOf(t, "email", someValues...), Type: oneOf(t, "type", "work", "home", ""),
			Primary: scim.Flag(rapid.IntRange(0, 2).Draw(t, "primary")),
		})
	}
	if rapid.IntRange(0, 3).Draw(t, "backdated") == 0 {
		u.Created = at(rapid.IntRange(-3, 3).Draw(t, "created"))
	}
	ctx := context.Background()
	if _, err := m.s.CreateUser(ctx, acme, u, scim.Guard{}, m.event()); err == nil {
		return
	}
	if u.Status == scim.StatusArchived && rapid.Bool().Draw(t, "purge") {
		_ = m.s.PurgeUser(ctx, acme, u.ID, m.event())
		return
	}
	_, _ = m.s.UpdateUser(ctx, acme, u, scim.Guard{}, m.event())
}

func (m *sorting) writeGroup(t *rapid.T) {
	g := &scim.Group{ID: oneOf(t, "id", someGroupIDs...), DisplayName: oneOf(t, "name", append(someNames, someValues...)...), ExternalID: oneOf(t, "externalId", someValues...)}
	members := manyOf(t, "members", someIDs)
	ctx := context.Background()
	if _, err := m.s.CreateGroup(ctx, acme, g, members, m.event()); err == nil {
		return
	}
	c := scim.GroupChange{Add: members, Remove: manyOf(t, "remove", someIDs)}
	if rapid.Bool().Draw(t, "rename") {
		c.DisplayName, c.ExternalID = &g.DisplayName, &g.ExternalID
	}
	_, _ = m.s.UpdateGroup(ctx, acme, g.ID, c, scim.Guard{}, m.event())
}

func (m *sorting) deleteGroup(t *rapid.T) {
	_ = m.s.DeleteGroup(context.Background(), acme, oneOf(t, "id", someGroupIDs...), scim.Guard{}, m.event())
}

// query draws what is asked but for the filter and the order.
func query(t *rapid.T) scim.Query {
	return scim.Query{
		Offset:  rapid.IntRange(-1, 4).Draw(t, "offset"),
		Limit:   rapid.IntRange(-1, 4).Draw(t, "limit"),
		NoTotal: rapid.Bool().Draw(t, "no total"),
	}
}

func (m *sorting) listUsers(t *rapid.T) {
	q := query(t)
	var err error
	q.Sort, err = m.native.UserSort(oneOf(t, "sortBy", someUserSort...), rapid.Bool().Draw(t, "descending"))
	require.NoError(t, err)
	if f := oneOf(t, "filter", someUserFilter...); f != "" {
		q.Filter, err = m.native.UserFilter(f)
		require.NoError(t, err)
	}
	q.Status = scim.Status(rapid.IntRange(0, 4).Draw(t, "status"))
	if rapid.IntRange(0, 3).Draw(t, "in a folder") == 0 {
		q.Folder = scim.FolderKey{Root: oneOf(t, "root", someRoots...), Name: oneOf(t, "folder", someFolders...)}
	}
	samePages(t, m, q, m.native.Users, m.own.Users)
}

func (m *sorting) listGroups(t *rapid.T) {
	q := query(t)
	var err error
	q.Sort, err = m.native.GroupSort(oneOf(t, "sortBy", someGroupSort...), rapid.Bool().Draw(t, "descending"))
	require.NoError(t, err)
	if f := oneOf(t, "filter", someGroupFilter...); f != "" {
		q.Filter, err = m.native.GroupFilter(f)
		require.NoError(t, err)
	}
	samePages(t, m, q, m.native.Groups, m.own.Groups)
}

// samePages goes through the pages of both, and writes between them.
func samePages[T any](t *rapid.T, m *sorting, q scim.Query, native, own func(context.Context, scim.Tenant, scim.Query) (scim.Page[T], error)) {
	of := q
	for {
		got, err := native(context.Background(), acme, q)
		require.NoError(t, err)
		want, err := own(context.Background(), acme, of)
		require.NoError(t, err)
		require.Equal(t, len(want.Items), len(got.Items))
		require.Empty(t, cmp.Diff(want.Items, got.Items, alike))
		if !q.NoTotal {
			require.Equal(t, want.Total, got.Total)
		}
		require.Equal(t, want.Next == "", got.Next == "")
		if q.After, of.After = got.Next, want.Next; q.After == "" {
			return
		}
		q.Offset = rapid.IntRange(0, 1).Draw(t, "next offset")
		of.Offset = q.Offset
		switch rapid.IntRange(0, 3).Draw(t, "between") {
		case 0:
			m.writeUser(t)
		case 1:
			m.writeGroup(t)
		}
	}
}

// TestTheStoreSorts: what it answers is not what the core makes of a refusal, and
// what it declines is declined on every page.
func TestTheStoreSorts(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	d := directory(t, s)
	created(t, s, named("c"), named("a"), inFolder(named("b"), scim.RootDivision, "Sales"), inStatus(named("d"), scim.StatusHeld))
	newGroup(t, s, "x")
	newGroup(t, s, "y")
	by, err := d.UserSort("userName", true)
	require.NoError(t, err)

	page, err := s.Users(t.Context(), acme, scim.Query{Sort: by, Limit: 2})
	require.NoError(t, err)
	require.Equal(t, []string{"d", "c"}, userIDs(page.Items))
	require.Equal(t, 4, page.Total)
	require.NotEmpty(t, page.Next)
	require.False(t, strings.HasPrefix(page.Next, "~"), "the core's places begin like that")
	page, err = s.Users(t.Context(), acme, scim.Query{Sort: by, Limit: 2, After: page.Next})
	require.NoError(t, err)
	require.Equal(t, []string{"b", "a"}, userIDs(page.Items))
	require.Empty(t, page.Next)

	page, err = s.Users(t.Context(), acme, scim.Query{Sort: by, Status: scim.StatusActive, NoTotal: true})
	require.NoError(t, err)
	require.Equal(t, []string{"c", "b", "a"}, userIDs(page.Items))

	for _, q := range []scim.Query{
		{Status: scim.StatusArchived},
		{Status: scim.StatusArchived + 1},
		{Folder: scim.FolderKey{Root: scim.RootDivision, Name: "Sales"}},
	} {
		q.Sort = by
		_, err = s.Users(t.Context(), acme, q)
		require.ErrorIs(t, err, errors.ErrUnsupported)
	}
	ofGroups, err := d.GroupSort("displayName", true)
	require.NoError(t, err)
	groups, err := s.Groups(t.Context(), acme, scim.Query{Sort: ofGroups, Limit: 1})
	require.NoError(t, err)
	require.Equal(t, "y", groups.Items[0].ID)
	require.Equal(t, 2, groups.Total)
	for _, after := range []string{"1.2.a", "s", "s5.", "s3.1.2", "sx.1.2.a", "s-1.1.2.a", "s5.1.x.a", "~o1.2.1.a"} {
		_, err = s.Users(t.Context(), acme, scim.Query{Sort: by, After: after})
		require.ErrorIs(t, err, scim.ErrPlace, after)
		_, err = s.Groups(t.Context(), acme, scim.Query{Sort: ofGroups, After: after})
		require.ErrorIs(t, err, scim.ErrPlace, after)
	}
	_, err = s.Users(t.Context(), acme, scim.Query{After: page.Next + "s5.1.2.ab"})
	require.ErrorIs(t, err, scim.ErrPlace, "a place in an order is none in the list of creation")

	page, err = s.Users(t.Context(), "nobody", scim.Query{Sort: by})
	require.NoError(t, err)
	require.Empty(t, page.Items)
}

// BenchmarkSortedPage asks for the page in the middle of a list that the store has
// in order, and for the first of one that it has to put in order.
func BenchmarkSortedPage(b *testing.B) {
	paths := []string{"userName", "department", "title", "name.familyName", "hireDate"}
	for _, n := range append(sizes, 200_000) {
		s := filled(b, n)
		d := directory(b, s)
		ask := func(path string, offset int) {
			by, err := d.UserSort(path, false)
			require.NoError(b, err)
			page, err := s.Users(b.Context(), acme, scim.Query{Sort: by, Offset: offset, Limit: 100})
			require.NoError(b, err)
			require.Len(b, page.Items, 100)
		}
		b.Run(fmt.Sprint("again/", n), func(b *testing.B) {
			for b.Loop() {
				ask("userName", n/2)
			}
		})
		b.Run(fmt.Sprint("new/", n), func(b *testing.B) {
			i := 0
			for b.Loop() {
				ask(paths[i%len(paths)], 0) // one more than are kept
				i++
			}
		})
	}
}

// BenchmarkUpdateUserInOrders is a write where a tenant keeps as many orders as it
// may, of which one changes.
func BenchmarkUpdateUserInOrders(b *testing.B) {
	const n = 200_000
	s := filled(b, n)
	d := directory(b, s)
	for _, path := range []string{"userName", "department", "title", "name.familyName"} {
		by, err := d.UserSort(path, false)
		require.NoError(b, err)
		_, err = s.Users(b.Context(), acme, scim.Query{Sort: by})
		require.NoError(b, err)
	}
	var people []*scim.User
	for i := range 1000 {
		people = append(people, person(i*n/1000))
	}
	i := 0
	for b.Loop() {
		u := people[i%len(people)]
		u.Title = strconv.Itoa(i)
		_, err := s.UpdateUser(b.Context(), acme, u, scim.Guard{}, event(0))
		require.NoError(b, err)
		i++
	}
}

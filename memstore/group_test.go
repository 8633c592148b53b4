package memstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// changeGroup changes the group g and returns it with the event.
func changeGroup(t *testing.T, s *memstore.Store, c scim.GroupChange) (*scim.Group, *scim.Event) {
	t.Helper()
	e := event(3000)
	g, err := s.UpdateGroup(t.Context(), acme, "g", c, scim.Guard{}, e)
	require.NoError(t, err)
	require.NoError(t, s.Check())
	return g, e
}

func TestAMembershipChangesByDelta(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change         scim.GroupChange
		added, removed []string
		want           []string
	}{
		"one comes":              {scim.GroupChange{Add: []string{"c"}}, []string{"c"}, nil, []string{"a", "b", "c"}},
		"twice is once":          {scim.GroupChange{Add: []string{"c", "c"}}, []string{"c"}, nil, []string{"a", "b", "c"}},
		"one that is in":         {scim.GroupChange{Add: []string{"a"}}, nil, nil, []string{"a", "b"}},
		"one goes":               {scim.GroupChange{Remove: []string{"a"}}, nil, []string{"a"}, []string{"b"}},
		"goes twice":             {scim.GroupChange{Remove: []string{"a", "a"}}, nil, []string{"a"}, []string{"b"}},
		"one that is not in":     {scim.GroupChange{Remove: []string{"c", "nobody", "g"}}, nil, nil, []string{"a", "b"}},
		"comes and goes":         {scim.GroupChange{Add: []string{"c"}, Remove: []string{"a"}}, []string{"c"}, []string{"a"}, []string{"b", "c"}},
		"named in both stays":    {scim.GroupChange{Add: []string{"a"}, Remove: []string{"a"}}, nil, nil, []string{"a", "b"}},
		"named in both comes":    {scim.GroupChange{Add: []string{"c"}, Remove: []string{"c"}}, []string{"c"}, nil, []string{"a", "b", "c"}},
		"a group comes":          {scim.GroupChange{Add: []string{"sub"}}, []string{"sub"}, nil, []string{"a", "b", "sub"}},
		"exactly others":         {scim.GroupChange{Exact: true, Add: []string{"d", "b"}}, []string{"d"}, []string{"a"}, []string{"b", "d"}},
		"exactly the same":       {scim.GroupChange{Exact: true, Add: []string{"b", "a"}}, nil, nil, []string{"a", "b"}},
		"exactly nobody":         {scim.GroupChange{Exact: true}, nil, []string{"a", "b"}, nil},
		"exact leaves Remove be": {scim.GroupChange{Exact: true, Add: []string{"a"}, Remove: []string{"a"}}, nil, []string{"b"}, []string{"a"}},
		"nothing":                {scim.GroupChange{Connection: "okta"}, nil, nil, []string{"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := memstore.New()
			created(t, s, named("a"), named("b"), named("c"), named("d"))
			newGroup(t, s, "sub")
			before := newGroup(t, s, "g", "a", "b")

			g, e := changeGroup(t, s, test.change)
			require.Equal(t, test.added, e.Added)
			require.Equal(t, test.removed, e.Removed)
			require.Equal(t, test.want, memberIDs(t, s, "g"))

			record, err := s.Events(t.Context(), scim.EventQuery{})
			require.NoError(t, err)
			if len(test.added)+len(test.removed) == 0 {
				require.Equal(t, before, g)
				require.Equal(t, 6, record.Total, "no event of a change that changes nothing")
				require.Empty(t, e.Seq)
				return
			}
			require.NotEqual(t, before.Version, g.Version)
			require.Equal(t, at(3000), g.Modified)
			require.Equal(t, test.change.Connection, g.Connection)
			require.Equal(t, *e, record.Items[6])
		})
	}
}

func TestAMemberLeavesItsGroupsInAnyOrder(t *testing.T) {
	t.Parallel()
	for _, order := range []string{"abcd", "dcba", "bcad", "cbda", "bdca"} {
		s := memstore.New()
		created(t, s, named("u"))
		for _, id := range "abcd" {
			newGroup(t, s, string(id), "u")
		}
		for i, id := range order {
			_, err := s.UpdateGroup(t.Context(), acme, string(id), scim.GroupChange{Remove: []string{"u"}}, scim.Guard{}, event(i))
			require.NoError(t, err)
			require.NoError(t, s.Check())
			refs, err := s.GroupsOf(t.Context(), acme, []string{"u"})
			require.NoError(t, err)
			require.Len(t, refs["u"], len(order)-i-1)
		}
	}
}

func TestUnknownMembersChangeNothing(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	created(t, s, named("a"), named("b"), inStatus(named("gone"), scim.StatusArchived))
	_, err := s.CreateUser(t.Context(), other, named("stranger"), scim.Guard{}, event(0))
	require.NoError(t, err)
	before := newGroup(t, s, "g", "a")
	unknown := &scim.UnknownMembersError{Members: []string{"nobody", "gone", "stranger", "g"}}

	name := "renamed"
	_, err = s.UpdateGroup(t.Context(), acme, "g", scim.GroupChange{
		DisplayName: &name, Remove: []string{"a"}, Add: []string{"b", "nobody", "gone", "nobody", "stranger", "g"},
	}, scim.Guard{}, event(9))
	require.Equal(t, unknown, err)
	now, err := s.Group(t.Context(), acme, "g")
	require.NoError(t, err)
	require.Equal(t, before, now)
	require.Equal(t, []string{"a"}, memberIDs(t, s, "g"))

	_, err = s.CreateGroup(t.Context(), acme, &scim.Group{ID: "h", DisplayName: "h"}, []string{"a", "h"}, event(9))
	require.Equal(t, &scim.UnknownMembersError{Members: []string{"h"}}, err)
	_, err = s.Group(t.Context(), acme, "h")
	require.Equal(t, scim.ErrNotFound, err)
	require.NoError(t, s.Check())
}

func TestAGroupIsNamedAnew(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	newGroup(t, s, "other")
	before := newGroup(t, s, "g")
	str := func(s string) *string { return &s }

	_, err := s.UpdateGroup(t.Context(), acme, "g", scim.GroupChange{DisplayName: str("OTHER")}, scim.Guard{}, event(1))
	require.Equal(t, &scim.ConflictError{Attribute: "displayName"}, err)
	same, e := changeGroup(t, s, scim.GroupChange{DisplayName: str("g"), ExternalID: str(""), Connection: "okta"})
	require.Equal(t, before, same)
	require.Empty(t, e.Seq)

	now, _ := changeGroup(t, s, scim.GroupChange{DisplayName: str("Straße"), ExternalID: str("x"), Connection: "okta"})
	require.NotEqual(t, before.Version, now.Version)
	want := *before
	want.Version, want.Modified, want.Connection = now.Version, at(3000), "okta"
	want.DisplayName, want.Key, want.ExternalID = "Straße", "strasse", "x"
	require.Equal(t, &want, now)

	now, _ = changeGroup(t, s, scim.GroupChange{ExternalID: str("")})
	require.Equal(t, "okta", now.Connection, "a write without a connection leaves it")
	require.Empty(t, now.ExternalID)
	newGroup(t, s, "G") // the name is free again
}

func TestAGroupWriteIsRefused(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	g := newGroup(t, s, "g")
	created(t, s, named("a"))
	ctx := t.Context()
	create := func(id, name string) error {
		_, err := s.CreateGroup(ctx, acme, &scim.Group{ID: id, DisplayName: name}, nil, event(1))
		return err
	}
	require.Equal(t, &scim.ConflictError{Attribute: "displayName"}, create("h", "G"))
	require.Equal(t, &scim.ConflictError{Attribute: "id"}, create("g", "h"))
	require.Equal(t, &scim.ConflictError{Attribute: "id"}, create("a", "h"), "users and groups share their IDs")
	require.Error(t, create("", "h"))

	stale := scim.Guard{Version: "stale"}
	_, err := s.UpdateGroup(ctx, acme, "g", scim.GroupChange{Add: []string{"a"}}, stale, event(1))
	require.Equal(t, scim.ErrVersion, err)
	_, err = s.UpdateGroup(ctx, acme, "nobody", scim.GroupChange{}, stale, event(1))
	require.Equal(t, scim.ErrNotFound, err)
	require.Equal(t, scim.ErrVersion, s.DeleteGroup(ctx, acme, "g", stale, event(1)))
	require.Equal(t, scim.ErrNotFound, s.DeleteGroup(ctx, acme, "nobody", stale, event(1)))
	require.NoError(t, s.DeleteGroup(ctx, acme, "g", scim.Guard{Version: g.Version}, event(1)))
	require.NoError(t, s.Check())
}

func TestADeletedGroupLeavesItsMembersAndItsGroups(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	created(t, s, named("a"))
	newGroup(t, s, "sub")
	newGroup(t, s, "g", "a", "sub")
	parent := newGroup(t, s, "parent", "g", "a")
	ctx := t.Context()
	require.NoError(t, s.DeleteGroup(ctx, acme, "g", scim.Guard{}, event(4000)))

	refs, err := s.GroupsOf(ctx, acme, []string{"a", "sub", "g"})
	require.NoError(t, err)
	require.Equal(t, map[string][]scim.GroupRef{"a": {{ID: "parent", Display: "parent"}}}, refs)
	require.Equal(t, []string{"a"}, memberIDs(t, s, "parent"))
	now, err := s.Group(ctx, acme, "parent")
	require.NoError(t, err)
	require.NotEqual(t, parent.Version, now.Version)
	require.Equal(t, at(4000), now.Modified)
	_, err = s.Members(ctx, acme, "g", scim.Query{})
	require.Equal(t, scim.ErrNotFound, err)
	require.NoError(t, s.Check())
}

func TestMembersAreCalledWhatTheyAreCalledNow(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	a := created(t, s, named("a"))[0]
	newGroup(t, s, "sub")
	before := newGroup(t, s, "g", "sub", "a")
	updated(t, s, with(a, func(u *scim.User) { u.Keys.Label = "Ada" }))
	name := "Below"
	_, err := s.UpdateGroup(t.Context(), acme, "sub", scim.GroupChange{DisplayName: &name}, scim.Guard{}, event(1))
	require.NoError(t, err)

	page, err := s.Members(t.Context(), acme, "g", scim.Query{})
	require.NoError(t, err)
	require.Equal(t, []scim.Member{{ID: "sub", Group: true, Display: "Below"}, {ID: "a", Display: "Ada"}}, page.Items)
	now, err := s.Group(t.Context(), acme, "g")
	require.NoError(t, err)
	require.Equal(t, before, now, "a member's name is not the group's")
}

func TestGroupsOfAreInOrderOfCreation(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	created(t, s, named("a"), named("b"), named("c"))
	for i, id := range []string{"z", "m", "k"} {
		g := &scim.Group{ID: id, DisplayName: "Group " + id, Created: at(10 - i)}
		_, err := s.CreateGroup(t.Context(), acme, g, []string{"a"}, event(0))
		require.NoError(t, err)
	}
	newGroup(t, s, "top", "k", "b")
	ref := func(id string) scim.GroupRef { return scim.GroupRef{ID: id, Display: "Group " + id} }
	top := scim.GroupRef{ID: "top", Display: "top"}

	refs, err := s.GroupsOf(t.Context(), acme, []string{"b", "a", "k", "c", "nobody", "a"})
	require.NoError(t, err)
	require.Equal(t, map[string][]scim.GroupRef{"a": {ref("k"), ref("m"), ref("z")}, "b": {top}, "k": {top}}, refs)
}

func TestFindGroups(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	for i, id := range []string{"z", "a", "m"} {
		g := &scim.Group{ID: id, DisplayName: "Group " + id, ExternalID: "x"}
		_, err := s.CreateGroup(t.Context(), acme, g, nil, event(i))
		require.NoError(t, err)
	}
	for name, test := range map[string]struct {
		find scim.Find
		want []string
	}{
		"ID":           {scim.Find{IDs: []string{"a", "nobody"}}, []string{"a"}},
		"name":         {scim.Find{Names: []string{"group m", "Group z"}}, []string{"m"}},
		"externalId":   {scim.Find{ExternalIDs: []string{"x", ""}}, []string{"z", "a", "m"}},
		"alternatives": {scim.Find{IDs: []string{"m", "z"}, Names: []string{"group z"}}, []string{"z", "m"}},
		"of users":     {scim.Find{UserNames: []string{"group m"}, Emails: []string{"group m"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := s.FindGroups(t.Context(), acme, test.find)
			require.NoError(t, err)
			var ids []string
			for _, g := range found {
				ids = append(ids, g.ID)
			}
			require.Equal(t, test.want, ids)
		})
	}
}

package storetest

import (
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

var groupRules = []check{
	{name: "groups/copies", promise: "Groups go in and copies come out.", run: groupCopies},
	{name: "groups/names", promise: "Among groups Key is unique (P7.1).", run: groupNames},
	{name: "groups/change", promise: "A change of a group sets Version anew, Modified from Event.Time and the event's Changes and Name.", run: groupChange},
	{name: "groups/no-change", promise: "A change that changes nothing keeps Version and Modified, and no event.", run: groupNoChange},
	{name: "groups/guard", promise: "A write of a group with Guard.Version happens only to that version.", run: groupGuard},
	{name: "groups/delete", promise: "A deleted group leaves its members and the groups that it was in.", run: groupDelete},
	{name: "groups/find", promise: "FindGroups returns every group that an entry names, once, in order of creation.", run: groupFind},
	{name: "groups/of", promise: "GroupsOf returns the direct groups of each, in order of their creation.", run: groupsOf},
}

func groupCopies(p *probe) {
	given := &scim.Group{ID: "g", DisplayName: "Straße", ExternalID: "Ext-1", Connection: "okta", Key: scim.Fold("Straße")}
	want := *given
	e := event(7)
	got, err := p.a.CreateGroup(ctx, acme, given, nil, e)
	require.NoError(p, err)
	require.NotEmpty(p, got.Version)
	want.Version, want.Created, want.Modified = got.Version, at(7), at(7)
	for range 2 {
		require.Empty(p, cmp.Diff(&want, got))
		given.DisplayName, got.DisplayName = "changed", "changed"
		got = p.groupNow("g")
	}
	dated, err := p.a.CreateGroup(ctx, acme, &scim.Group{ID: "h", DisplayName: "h", Key: "h", Created: at(-5)}, nil, event(8))
	require.NoError(p, err)
	require.True(p, dated.Created.Equal(at(-5)), "Created %v", dated.Created)
}

func groupNames(p *probe) {
	p.group("Sales")
	p.group("g")
	create := func(id, name string) error {
		_, err := p.b.CreateGroup(ctx, acme, &scim.Group{ID: id, DisplayName: name, Key: scim.Fold(name)}, nil, event(1))
		return err
	}
	p.conflict("displayName", create("x", "SALES"))
	_, err := p.b.UpdateGroup(ctx, acme, "g", scim.GroupChange{DisplayName: text("sales")}, scim.Guard{}, event(1))
	p.conflict("displayName", err)
	require.Equal(p, "g", p.groupNow("g").DisplayName)
	p.changed(scim.GroupChange{DisplayName: text("G")}) // its own name, written otherwise
	p.changed(scim.GroupChange{DisplayName: text("other")})
	require.NoError(p, create("y", "G"), "a name that was given up")
	require.NoError(p, p.a.DeleteGroup(ctx, acme, "Sales", scim.Guard{}, event(2)))
	require.NoError(p, create("z", "sales"), "the name of a deleted group")
}

func groupChange(p *probe) {
	before := p.group("g")
	now, e := p.changed(scim.GroupChange{DisplayName: text("Straße"), ExternalID: text("x"), Connection: "okta"})
	require.NotEqual(p, before.Version, now.Version)
	want := *before
	want.Version, want.Modified, want.Connection = now.Version, at(3000), "okta"
	want.DisplayName, want.Key, want.ExternalID = "Straße", "strasse", "x"
	require.Empty(p, cmp.Diff(&want, now))
	require.Empty(p, cmp.Diff(&want, p.groupNow("g")))
	require.Equal(p, []scim.Change{
		{Attribute: "displayName", Old: "g", New: "Straße"}, {Attribute: "externalId", New: "x"},
	}, e.Changes)
	require.Equal(p, "Straße", e.Name)
	require.NotEmpty(p, e.Seq)
	kept := p.record(acme)
	require.Len(p, kept, 2)
	require.Empty(p, cmp.Diff(*e, kept[1], alike), "the event that is kept")

	now, _ = p.changed(scim.GroupChange{ExternalID: text("")})
	require.Equal(p, "okta", now.Connection, "a write without a connection leaves it")
	require.Empty(p, now.ExternalID)
	_, err := p.a.UpdateGroup(ctx, acme, "nobody", scim.GroupChange{DisplayName: text("n")}, scim.Guard{}, event(1))
	require.ErrorIs(p, err, scim.ErrNotFound)
}

func groupNoChange(p *probe) {
	p.created(named("a"), named("b"))
	before := p.group("g", "a")
	for _, c := range []scim.GroupChange{
		{},
		{Connection: "okta"},
		{DisplayName: text("g"), ExternalID: text("")},
		{Add: []string{"a"}},
		{Remove: []string{"b", "nobody"}},
		{Exact: true, Add: []string{"a"}},
	} {
		now, e := p.changed(c)
		require.Empty(p, cmp.Diff(before, now))
		require.Empty(p, cmp.Diff(before, p.groupNow("g")))
		require.Empty(p, e.Seq, "Seq of an event that is not kept")
		require.Empty(p, join(e.Added, e.Removed))
	}
	require.Len(p, p.record(acme), 3, "events")
}

func groupGuard(p *probe) {
	p.created(named("a"))
	g := p.group("g")
	stale := scim.Guard{Version: "stale"}
	_, err := p.b.UpdateGroup(ctx, acme, "g", scim.GroupChange{Add: []string{"a"}}, stale, event(1))
	require.ErrorIs(p, err, scim.ErrVersion)
	require.ErrorIs(p, p.b.DeleteGroup(ctx, acme, "g", stale, event(1)), scim.ErrVersion)
	require.Empty(p, p.members("g"))
	_, err = p.b.UpdateGroup(ctx, acme, "nobody", scim.GroupChange{}, stale, event(1))
	require.ErrorIs(p, err, scim.ErrNotFound)
	require.ErrorIs(p, p.b.DeleteGroup(ctx, acme, "nobody", scim.Guard{}, event(1)), scim.ErrNotFound)
	now, err := p.b.UpdateGroup(ctx, acme, "g", scim.GroupChange{Add: []string{"a"}}, scim.Guard{Version: g.Version}, event(1))
	require.NoError(p, err)
	require.ErrorIs(p, p.a.DeleteGroup(ctx, acme, "g", scim.Guard{Version: g.Version}, event(1)), scim.ErrVersion)
	require.NoError(p, p.a.DeleteGroup(ctx, acme, "g", scim.Guard{Version: now.Version}, event(1)))
}

func groupDelete(p *probe) {
	p.created(named("a"))
	p.group("sub")
	p.group("g", "a", "sub")
	parent := p.group("parent", "g", "a")
	e := event(4000)
	require.NoError(p, p.a.DeleteGroup(ctx, acme, "g", scim.Guard{}, e))
	require.Equal(p, []string{"parent"}, e.Left, "Event.Left")

	refs, err := p.b.GroupsOf(ctx, acme, []string{"a", "sub", "g"})
	require.NoError(p, err)
	require.Empty(p, cmp.Diff(map[string][]scim.GroupRef{"a": {{ID: "parent", Display: "parent"}}}, dropEmpty(refs)))
	require.Equal(p, []string{"a"}, p.members("parent"))
	now := p.groupNow("parent")
	require.NotEqual(p, parent.Version, now.Version)
	require.True(p, now.Modified.Equal(at(4000)), "Modified %v", now.Modified)
	_, err = p.b.Group(ctx, acme, "g")
	require.ErrorIs(p, err, scim.ErrNotFound)
	_, err = p.b.Members(ctx, acme, "g", scim.Query{})
	require.ErrorIs(p, err, scim.ErrNotFound)
	p.group("g", "a") // and all of it is free again
}

func dropEmpty(refs map[string][]scim.GroupRef) map[string][]scim.GroupRef {
	out := make(map[string][]scim.GroupRef)
	for id, list := range refs {
		if len(list) > 0 {
			out[id] = list
		}
	}
	return out
}

func groupFind(p *probe) {
	for i, id := range []string{"z", "a", "m"} {
		g := &scim.Group{ID: id, DisplayName: "Group " + id, Key: "group " + id, ExternalID: "x"}
		_, err := p.a.CreateGroup(ctx, acme, g, nil, event(i))
		require.NoError(p, err)
	}
	for name, test := range map[string]struct {
		find scim.Find
		want []string
	}{
		"nothing":      {scim.Find{}, nil},
		"ID":           {scim.Find{IDs: []string{"a", "nobody"}}, []string{"a"}},
		"name":         {scim.Find{Names: []string{"group m", "Group z"}}, []string{"m"}},
		"externalId":   {scim.Find{ExternalIDs: []string{"x", ""}}, []string{"z", "a", "m"}},
		"alternatives": {scim.Find{IDs: []string{"m", "z"}, Names: []string{"group z"}}, []string{"z", "m"}},
		"of users":     {scim.Find{UserNames: []string{"group m"}, Emails: []string{"group m"}}, nil},
	} {
		found, err := p.b.FindGroups(ctx, acme, test.find)
		require.NoError(p, err, name)
		require.Equal(p, test.want, groupIDs(found), name)
	}
}

func groupsOf(p *probe) {
	p.created(named("a"), named("b"), named("c"))
	for i, id := range []string{"z", "m", "k"} {
		g := &scim.Group{ID: id, DisplayName: "Group " + id, Key: "group " + id, Created: at(10 - i)}
		_, err := p.a.CreateGroup(ctx, acme, g, []string{"a"}, event(0))
		require.NoError(p, err)
	}
	p.group("top", "k", "b")
	ref := func(id string) scim.GroupRef { return scim.GroupRef{ID: id, Display: "Group " + id} }
	top := scim.GroupRef{ID: "top", Display: "top"}
	refs, err := p.b.GroupsOf(ctx, acme, []string{"b", "a", "k", "c", "nobody", "a"})
	require.NoError(p, err)
	require.Empty(p, cmp.Diff(map[string][]scim.GroupRef{
		"a": {ref("k"), ref("m"), ref("z")}, "b": {top}, "k": {top},
	}, dropEmpty(refs)))
}

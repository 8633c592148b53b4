package storetest

import (
	"fmt"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

var memberRules = []check{
	{name: "members/delta", promise: "A membership changes by delta: what is in is not added, what is not in is not removed (P7.2).", run: memberDelta},
	{name: "members/unknown", promise: "A member that the tenant does not have, or that is archived, is named in an UnknownMembersError, and nothing changes (P7.4).", run: memberUnknown},
	{name: "members/event", promise: "Event.Added and Event.Removed are what really changed.", run: memberEvent},
	{name: "members/called", promise: "Members and groups are called what they are called now, and that changes no version.", run: memberCalled},
	{name: "members/order", promise: "Members are listed by when they came in.", run: memberOrder},
	{name: "members/found", promise: "Where users are found with their groups, they are those that GroupsOf returns (Find.Groups).", run: memberFound},
	{name: "members/nested", promise: "A group may be in a group, and in many; leaving one leaves the others.", run: memberNested},
}

func memberDelta(p *probe) {
	p.created(named("a"), named("b"), named("c"), named("d"))
	p.group("sub")
	for i, test := range []struct {
		name           string
		change         scim.GroupChange
		added, removed []string
		want           []string
	}{
		{"one comes", scim.GroupChange{Add: []string{"c"}}, []string{"c"}, nil, []string{"a", "b", "c"}},
		{"twice is once", scim.GroupChange{Add: []string{"c", "c"}}, []string{"c"}, nil, []string{"a", "b", "c"}},
		{"one that is in", scim.GroupChange{Add: []string{"a"}}, nil, nil, []string{"a", "b"}},
		{"one goes", scim.GroupChange{Remove: []string{"a"}}, nil, []string{"a"}, []string{"b"}},
		{"goes twice", scim.GroupChange{Remove: []string{"a", "a"}}, nil, []string{"a"}, []string{"b"}},
		{"one that is not in", scim.GroupChange{Remove: []string{"c", "nobody"}}, nil, nil, []string{"a", "b"}},
		{"comes and goes", scim.GroupChange{Add: []string{"c"}, Remove: []string{"a"}}, []string{"c"}, []string{"a"}, []string{"b", "c"}},
		{"a group comes", scim.GroupChange{Add: []string{"sub"}}, []string{"sub"}, nil, []string{"a", "b", "sub"}},
		{"exactly others", scim.GroupChange{Exact: true, Add: []string{"d", "b"}}, []string{"d"}, []string{"a"}, []string{"b", "d"}},
		{"exactly the same", scim.GroupChange{Exact: true, Add: []string{"b", "a"}}, nil, nil, []string{"a", "b"}},
		{"exactly nobody", scim.GroupChange{Exact: true}, nil, []string{"a", "b"}, nil},
	} {
		g := fmt.Sprint("g", i)
		before := p.group(g, "a", "b")
		e := event(3000)
		now, err := p.b.UpdateGroup(ctx, acme, g, test.change, scim.Guard{}, e)
		require.NoError(p, err, test.name)
		require.Equal(p, test.want, p.members(g), test.name)
		require.ElementsMatch(p, test.added, e.Added, test.name)
		require.ElementsMatch(p, test.removed, e.Removed, test.name)
		if changed := len(test.added)+len(test.removed) > 0; changed == (before.Version == now.Version) {
			p.Fatalf("%s: version %q became %q", test.name, before.Version, now.Version)
		}
	}
}

func memberUnknown(p *probe) {
	p.created(named("a"), named("b"), inStatus(named("gone"), scim.StatusArchived))
	_, err := p.a.CreateUser(ctx, other, named("stranger"), scim.Guard{}, event(0))
	require.NoError(p, err)
	before := p.group("g", "a")
	_, err = p.b.UpdateGroup(ctx, acme, "g", scim.GroupChange{
		DisplayName: text("renamed"), Remove: []string{"a"}, Add: []string{"b", "nobody", "gone", "nobody", "stranger", "g", ""},
	}, scim.Guard{}, event(9))
	p.unknown([]string{"nobody", "gone", "stranger", "g", ""}, err)
	require.Empty(p, cmp.Diff(before, p.groupNow("g")))
	require.Equal(p, []string{"a"}, p.members("g"))

	_, err = p.b.CreateGroup(ctx, acme, &scim.Group{ID: "h", DisplayName: "h", Key: "h"}, []string{"a", "h"}, event(9))
	p.unknown([]string{"h"}, err)
	_, err = p.b.Group(ctx, acme, "h")
	require.ErrorIs(p, err, scim.ErrNotFound)
	require.Len(p, p.record(acme), 4, "events")
}

func memberEvent(p *probe) {
	p.created(named("a"), named("b"), named("c"))
	e := event(1)
	_, err := p.a.CreateGroup(ctx, acme, &scim.Group{ID: "g", DisplayName: "g", Key: "g"}, []string{"a", "b", "a"}, e)
	require.NoError(p, err)
	require.ElementsMatch(p, []string{"a", "b"}, e.Added)
	_, changed := p.changed(scim.GroupChange{Add: []string{"a", "c"}, Remove: []string{"b", "nobody"}})
	kept := p.record(acme)
	require.Len(p, kept, 5)
	require.Empty(p, cmp.Diff(*e, kept[3], alike))
	require.Empty(p, cmp.Diff(*changed, kept[4], alike))
	require.Equal(p, []string{"c"}, changed.Added)
	require.Equal(p, []string{"b"}, changed.Removed)
}

func memberCalled(p *probe) {
	a := p.created(named("a"))[0]
	p.group("sub")
	before := p.group("g", "sub", "a")
	p.updated(with(a, func(u *scim.User) { u.Keys.Label = "Ada" }))
	_, err := p.a.UpdateGroup(ctx, acme, "sub", scim.GroupChange{DisplayName: text("Below")}, scim.Guard{}, event(1))
	require.NoError(p, err)
	page, err := p.b.Members(ctx, acme, "g", scim.Query{})
	require.NoError(p, err)
	require.Equal(p, []scim.Member{{ID: "sub", Group: true, Display: "Below"}, {ID: "a", Display: "Ada"}}, page.Items)
	require.Empty(p, cmp.Diff(before, p.groupNow("g")))
}

func memberOrder(p *probe) {
	p.created(named("a"), named("b"), named("c"))
	p.group("g", "c", "a")
	for i, c := range []scim.GroupChange{{Remove: []string{"c"}}, {Add: []string{"b"}}, {Add: []string{"c"}}} {
		_, err := p.eitherHandle(i).UpdateGroup(ctx, acme, "g", c, scim.Guard{}, event(3000))
		require.NoError(p, err)
	}
	require.Equal(p, []string{"a", "b", "c"}, p.members("g"))
}

func memberNested(p *probe) {
	p.created(named("u"))
	for n, order := range []string{"abcd", "dcba", "bdca"} {
		name := func(r rune) string { return fmt.Sprint(string(r), n) }
		for _, id := range "abcd" {
			p.group(name(id), "u")
		}
		top := p.group(fmt.Sprint("top", n), name('a'), name('b'), name('c'), name('d'))
		for i, id := range order {
			_, err := p.eitherHandle(i).UpdateGroup(ctx, acme, name(id), scim.GroupChange{Remove: []string{"u"}}, scim.Guard{}, event(i))
			require.NoError(p, err)
			refs, err := p.eitherHandle(i+1).GroupsOf(ctx, acme, []string{"u"})
			require.NoError(p, err)
			require.Len(p, refs["u"], len(order)-i-1)
		}
		require.Len(p, p.members(top.ID), 4)
	}
}

func memberFound(p *probe) {
	p.created(named("a"), named("b"), named("c"))
	p.group("later", "a")
	p.group("g", "b", "a")
	p.group("above", "g")
	ids := []string{"a", "b", "c"}
	want, err := p.a.GroupsOf(ctx, acme, ids)
	require.NoError(p, err)
	for _, f := range []scim.Find{
		{IDs: ids},
		{IDs: ids, Archived: true},
		{IDs: []string{"a"}},
		{UserNames: []string{"b@example.com"}},
		{Addresses: []string{"a@example.com"}, ExternalIDs: []string{"b"}},
	} {
		plain, err := p.b.FindUsers(ctx, acme, f)
		require.NoError(p, err)
		f.Groups = true
		found, err := p.b.FindUsers(ctx, acme, f)
		require.NoError(p, err)
		require.Empty(p, cmp.Diff(plain, found, alike), "users, found with their groups")
		for _, u := range found {
			if groups, known := u.Groups(); known {
				require.Empty(p, cmp.Diff(want[u.ID], groups, alike), "groups of %s", u.ID)
			}
		}
	}
}

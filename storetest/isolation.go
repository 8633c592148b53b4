package storetest

import (
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

var isolation = []check{
	{name: "isolation/by-id", promise: "An ID of one tenant is ErrNotFound in another (P1.1).", run: isolationByID},
	{name: "isolation/members", promise: "A member of another tenant is unknown, and no membership is seen from there.", run: isolationMembers},
	{name: "isolation/lists", promise: "Lists, look-ups, counts, folders, activity and the record show one tenant.", run: isolationLists},
	{name: "isolation/names", promise: "Names, e-mail addresses, group names, IDs and seats are the tenant's own.", run: isolationNames},
}

// furnished gives acme a user, a group and activity.
func (p *probe) furnished() {
	u := inFolder(named("a"), scim.RootDivision, "Sales")
	u.ExternalID, u.Keys.Addresses = "x", []string{"a@home.example.com"}
	p.created(u, inStatus(named("gone"), scim.StatusArchived))
	g := &scim.Group{ID: "g", DisplayName: "g", Key: "g", ExternalID: "x"}
	_, err := p.a.CreateGroup(ctx, acme, g, []string{"a"}, event(1))
	require.NoError(p, err)
	require.NoError(p, p.a.SaveActivity(ctx, acme, scim.Activity{Connection: "okta", LastRequest: at(1)}))
}

func isolationByID(p *probe) {
	p.furnished()
	one := func(_ any, err error) error { return err }
	for name, err := range map[string]error{
		"User":        one(p.b.User(ctx, other, "a")),
		"UpdateUser":  one(p.b.UpdateUser(ctx, other, named("a"), scim.Guard{}, event(1))),
		"PurgeUser":   p.b.PurgeUser(ctx, other, "gone", event(1)),
		"Group":       one(p.b.Group(ctx, other, "g")),
		"UpdateGroup": one(p.b.UpdateGroup(ctx, other, "g", scim.GroupChange{DisplayName: text("x")}, scim.Guard{}, event(1))),
		"DeleteGroup": p.b.DeleteGroup(ctx, other, "g", scim.Guard{}, event(1)),
		"Members":     one(p.b.Members(ctx, other, "g", scim.Query{})),
	} {
		require.ErrorIs(p, err, scim.ErrNotFound, name)
	}
	require.Equal(p, []string{"a"}, p.members("g"))
	require.Equal(p, "g", p.groupNow("g").DisplayName)
	require.Equal(p, scim.StatusArchived, p.user("gone").Status)
	require.Len(p, p.record(""), 3, "events")
}

func isolationMembers(p *probe) {
	p.furnished()
	_, err := p.a.CreateGroup(ctx, other, &scim.Group{ID: "h", DisplayName: "h", Key: "h"}, []string{"a", "g"}, event(1))
	p.unknown([]string{"a", "g"}, err)
	_, err = p.a.CreateGroup(ctx, other, &scim.Group{ID: "h", DisplayName: "h", Key: "h"}, nil, event(1))
	require.NoError(p, err)
	_, err = p.b.UpdateGroup(ctx, other, "h", scim.GroupChange{Add: []string{"a"}}, scim.Guard{}, event(1))
	p.unknown([]string{"a"}, err)
	refs, err := p.b.GroupsOf(ctx, other, []string{"a", "g"})
	require.NoError(p, err)
	require.Empty(p, dropEmpty(refs))
}

func isolationLists(p *probe) {
	p.furnished()
	everything := scim.Find{
		IDs: []string{"a", "gone", "g"}, ExternalIDs: []string{"x"}, UserNames: []string{"a@example.com", "gone@example.com"},
		Emails: []string{"a@example.com"}, Addresses: []string{"a@example.com", "a@home.example.com"}, Names: []string{"g"}, Archived: true,
	}
	found, err := p.b.FindUsers(ctx, acme, everything)
	require.NoError(p, err)
	require.Len(p, found, 2)
	found, err = p.b.FindUsers(ctx, other, everything)
	require.NoError(p, err)
	require.Empty(p, found)
	groups, err := p.b.FindGroups(ctx, other, everything)
	require.NoError(p, err)
	require.Empty(p, groups)
	for status := range scim.StatusArchived + 1 {
		page, err := p.b.Users(ctx, other, scim.Query{Status: status})
		require.NoError(p, err)
		require.Empty(p, page.Items)
		require.Zero(p, page.Total)
	}
	page, err := p.b.Users(ctx, other, scim.Query{Folder: scim.FolderKey{Root: scim.RootDivision, Name: "Sales"}})
	require.NoError(p, err)
	require.Empty(p, page.Items)
	listed, err := p.b.Groups(ctx, other, scim.Query{})
	require.NoError(p, err)
	require.Empty(p, listed.Items)
	counts, err := p.b.Counts(ctx, other)
	require.NoError(p, err)
	require.Zero(p, counts)
	folders, err := p.b.Folders(ctx, other, scim.RootDivision)
	require.NoError(p, err)
	require.Empty(p, folders)
	activity, err := p.b.Activity(ctx, other)
	require.NoError(p, err)
	require.Empty(p, activity)
	require.Empty(p, p.record(other))
}

func isolationNames(p *probe) {
	p.furnished()
	one := scim.Guard{Seats: scim.Seats(1)}
	u := with(inFolder(named("a"), scim.RootDivision, "SALES"), func(u *scim.User) { u.Title = "theirs" })
	_, err := p.b.CreateUser(ctx, other, u, one, event(1))
	require.NoError(p, err)
	_, err = p.b.CreateGroup(ctx, other, &scim.Group{ID: "g", DisplayName: "G", Key: "g"}, []string{"a"}, event(1))
	require.NoError(p, err)
	require.Empty(p, p.user("a").Title)
	require.Equal(p, "g", p.groupNow("g").DisplayName)
	require.Equal(p, "Sales", p.folders(scim.RootDivision)[0].Name)
	theirs, err := p.b.Folders(ctx, other, scim.RootDivision)
	require.NoError(p, err)
	require.Empty(p, cmp.Diff([]scim.Folder{{Root: scim.RootDivision, Name: "SALES", Users: 1, Active: 1}}, theirs))

	// What happens to one leaves the other.
	_, err = p.b.UpdateUser(ctx, other, inStatus(u, scim.StatusArchived), scim.Guard{}, event(2))
	require.NoError(p, err)
	require.NoError(p, p.b.DeleteGroup(ctx, other, "g", scim.Guard{}, event(3)))
	require.Equal(p, []string{"a"}, p.members("g"))
	require.Equal(p, scim.Counts{Active: 1, Archived: 1}, p.counts())
}

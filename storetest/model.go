package storetest

import (
	"cmp"
	"slices"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim"
)

// Check compares all that the store says with the model, after each command.
func (m *model) Check(t *rapid.T) {
	s := m.store(t)
	m.checkUsers(t, s)
	m.checkLists(t, s)
	m.checkFind(t, s)
	m.checkFolders(t, s)
	m.checkGroups(t, s)
	require.Len(t, events(t, s, scim.EventQuery{Tenant: m.tenant}), m.events, "events")
}

func (m *model) checkUsers(t *rapid.T, s scim.Store) {
	for _, id := range someUserIDs {
		got, err := s.User(ctx, m.tenant, id)
		if m.users[id] == nil {
			refusedAs(t, scim.ErrNotFound, err)
			continue
		}
		require.NoError(t, err)
		require.Empty(t, gocmp.Diff(m.users[id], got, alike))
	}
	counts, err := s.Counts(ctx, m.tenant)
	require.NoError(t, err)
	require.Equal(t, scim.Counts{
		Active: m.count(scim.StatusActive), Deactivated: m.count(scim.StatusDeactivated),
		Held: m.count(scim.StatusHeld), Archived: m.count(scim.StatusArchived),
	}, counts)
}

// checkLists goes through the pages of a status and a folder.
func (m *model) checkLists(t *rapid.T, s scim.Store) {
	folders := []scim.FolderKey{{}, {}, {}}
	for k := range m.folders {
		folders = append(folders, k)
	}
	slices.SortFunc(folders, func(a, b scim.FolderKey) int {
		return cmp.Or(cmp.Compare(a.Root, b.Root), cmp.Compare(a.Name, b.Name))
	})
	q := scim.Query{
		Status: scim.Status(rapid.IntRange(0, 4).Draw(t, "listed")), Folder: rapid.SampledFrom(folders).Draw(t, "folder"),
		Limit: rapid.IntRange(1, 5).Draw(t, "limit"),
	}
	want := m.list(func(u *scim.User) bool {
		listed := u.Status == q.Status || q.Status == 0 && u.Status != scim.StatusArchived
		return listed && (q.Folder == scim.FolderKey{} || slices.Contains(m.foldersOf(u), q.Folder))
	})
	var got []string
	for page := range pages(t, q, func(q scim.Query) (scim.Page[*scim.User], error) { return s.Users(ctx, m.tenant, q) }) {
		require.Equal(t, len(want), page.Total)
		got = append(got, userIDs(page.Items)...)
	}
	require.Equal(t, want, got)
}

func (m *model) checkFind(t *rapid.T, s scim.Store) {
	f := scim.Find{
		IDs: manyOf(t, "IDs", someIDs), ExternalIDs: manyOf(t, "externalIds", []string{"", "x", "y"}),
		UserNames: manyOf(t, "userNames", someNames), Emails: manyOf(t, "emails", someNames),
		Addresses: manyOf(t, "addresses", someNames), Archived: rapid.Bool().Draw(t, "archived"),
	}
	// One kind of entry at a time says most, all of them say the rest.
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		f = scim.Find{IDs: f.IDs, Archived: f.Archived}
	case 1:
		f = scim.Find{ExternalIDs: f.ExternalIDs, Archived: f.Archived}
	case 2:
		f = scim.Find{UserNames: f.UserNames, Archived: f.Archived}
	case 3:
		f = scim.Find{Emails: f.Emails, Archived: f.Archived}
	case 4:
		f = scim.Find{Addresses: f.Addresses, Archived: f.Archived}
	}
	named := func(keys []string, key string) bool { return key != "" && slices.Contains(keys, key) }
	want := m.list(func(u *scim.User) bool {
		return (f.Archived || u.Status != scim.StatusArchived) &&
			(named(f.IDs, u.ID) || named(f.ExternalIDs, u.ExternalID) || named(f.UserNames, u.Keys.UserName) ||
				named(f.Emails, u.Keys.Email) || named(f.Addresses, u.Keys.Email) ||
				slices.ContainsFunc(u.Keys.Addresses, func(a string) bool { return named(f.Addresses, a) }))
	})
	got, err := s.FindUsers(ctx, m.tenant, f)
	require.NoError(t, err)
	require.Equal(t, want, userIDs(got))
}

func (m *model) checkFolders(t *rapid.T, s scim.Store) {
	for _, root := range someRoots {
		var want []scim.Folder
		for k, name := range m.folders {
			if k.Root != root {
				continue
			}
			in := func(u *scim.User) bool { return slices.Contains(m.foldersOf(u), k) }
			want = append(want, scim.Folder{
				Root: root, Name: name, Users: len(m.list(in)),
				Active: len(m.list(func(u *scim.User) bool { return in(u) && u.Active() })),
			})
		}
		slices.SortFunc(want, func(a, b scim.Folder) int {
			return cmp.Compare(scim.FoldName(a.Name), scim.FoldName(b.Name))
		})
		got, err := s.Folders(ctx, m.tenant, root)
		require.NoError(t, err)
		require.Empty(t, gocmp.Diff(want, got, alike))
	}
}

func (m *model) checkGroups(t *rapid.T, s scim.Store) {
	page, err := s.Groups(ctx, m.tenant, scim.Query{})
	require.NoError(t, err)
	for _, g := range page.Items {
		require.Empty(t, gocmp.Diff(m.groups[g.ID], g))
		m.checkMembers(t, s, g.ID)
	}
	require.Equal(t, m.groupList(), groupIDs(page.Items))

	want := make(map[string][]scim.GroupRef)
	for _, id := range someIDs {
		for _, g := range m.groupsOf(id) {
			want[id] = append(want[id], scim.GroupRef{ID: g, Display: m.groups[g].DisplayName})
		}
	}
	got, err := s.GroupsOf(ctx, m.tenant, someIDs)
	require.NoError(t, err)
	require.Empty(t, gocmp.Diff(want, dropEmpty(got)))
}

func (m *model) checkMembers(t *rapid.T, s scim.Store, group string) {
	var want []scim.Member
	for _, id := range m.members[group] {
		if g := m.groups[id]; g != nil {
			want = append(want, scim.Member{ID: id, Group: true, Display: g.DisplayName})
		} else {
			want = append(want, scim.Member{ID: id, Display: m.users[id].Keys.Label})
		}
	}
	page, err := s.Members(ctx, m.tenant, group, scim.Query{})
	require.NoError(t, err)
	require.Empty(t, gocmp.Diff(want, page.Items, alike))
	require.Equal(t, len(want), page.Total)
}

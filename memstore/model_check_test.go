package memstore_test

import (
	"cmp"
	"context"
	"slices"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim"
)

// Check compares all that the store says with the model, after each step.
func (m *model) Check(t *rapid.T) {
	require.NoError(t, m.s.Check())
	m.checkUsers(t)
	m.checkLists(t)
	m.checkFind(t)
	m.checkFolders(t)
	m.checkGroups(t)
	page, err := m.s.Events(context.Background(), scim.EventQuery{Tenant: acme, Limit: -1})
	require.NoError(t, err)
	require.Equal(t, m.events, page.Total)
}

func (m *model) checkUsers(t *rapid.T) {
	for _, id := range someUserIDs {
		got, err := m.s.User(context.Background(), acme, id)
		if m.users[id] == nil {
			require.Equal(t, scim.ErrNotFound, err)
			continue
		}
		require.NoError(t, err)
		require.Empty(t, gocmp.Diff(m.users[id], got, alike))
	}
	counts, err := m.s.Counts(context.Background(), acme)
	require.NoError(t, err)
	require.Equal(t, scim.Counts{
		Active: m.count(scim.StatusActive), Deactivated: m.count(scim.StatusDeactivated),
		Held: m.count(scim.StatusHeld), Archived: m.count(scim.StatusArchived),
	}, counts)
}

// checkLists goes through the pages of each status and folder.
func (m *model) checkLists(t *rapid.T) {
	limit := rapid.IntRange(1, 5).Draw(t, "limit")
	folders := []scim.FolderKey{{}}
	for k := range m.folders {
		folders = append(folders, k)
	}
	slices.SortFunc(folders, func(a, b scim.FolderKey) int {
		return cmp.Or(cmp.Compare(a.Root, b.Root), cmp.Compare(a.Name, b.Name))
	})
	for _, folder := range folders {
		for status := range scim.StatusArchived + 1 {
			want := m.list(func(u *scim.User) bool {
				listed := u.Status == status || status == 0 && u.Status != scim.StatusArchived
				return listed && (folder == scim.FolderKey{} || slices.Contains(m.foldersOf(u), folder))
			})
			q := scim.Query{Status: status, Folder: folder, Limit: limit}
			var got []string
			for {
				page, err := m.s.Users(context.Background(), acme, q)
				require.NoError(t, err)
				require.Equal(t, len(want), page.Total)
				got = append(got, userIDs(page.Items)...)
				if q.After = page.Next; q.After == "" {
					break
				}
			}
			require.Equal(t, want, got)
		}
	}
}

func (m *model) checkFind(t *rapid.T) {
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
	got, err := m.s.FindUsers(context.Background(), acme, f)
	require.NoError(t, err)
	require.Equal(t, want, userIDs(got))
}

func (m *model) checkFolders(t *rapid.T) {
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
		got, err := m.s.Folders(context.Background(), acme, root)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func (m *model) checkGroups(t *rapid.T) {
	page, err := m.s.Groups(context.Background(), acme, scim.Query{})
	require.NoError(t, err)
	var ids []string
	for _, g := range page.Items {
		ids = append(ids, g.ID)
		require.Equal(t, m.groups[g.ID], g)
		m.checkMembers(t, g.ID)
	}
	require.Equal(t, m.groupList(), ids)

	want := make(map[string][]scim.GroupRef)
	for _, id := range someIDs {
		for _, g := range m.groupsOf(id) {
			want[id] = append(want[id], scim.GroupRef{ID: g, Display: m.groups[g].DisplayName})
		}
	}
	got, err := m.s.GroupsOf(context.Background(), acme, someIDs)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

func (m *model) checkMembers(t *rapid.T, group string) {
	var want []scim.Member
	for _, id := range m.members[group] {
		if g := m.groups[id]; g != nil {
			want = append(want, scim.Member{ID: id, Group: true, Display: g.DisplayName})
		} else {
			want = append(want, scim.Member{ID: id, Display: m.users[id].Keys.Label})
		}
	}
	page, err := m.s.Members(context.Background(), acme, group, scim.Query{})
	require.NoError(t, err)
	require.Equal(t, want, page.Items)
	require.Equal(t, len(want), page.Total)
}

package company_test

import (
	"bytes"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/company"
	"github.com/usher-scim/scim/idp/entra"
)

// TestFeedsDirectory: a simulated Entra directory takes a company and all its days,
// with the recycle bin of its own, and has the same people and members at the end.
func TestFeedsDirectory(t *testing.T) {
	t.Parallel()
	c := company.New(1, 600)
	c.Rates.Returns, c.Rates.Mistakes, c.Rates.Leavers = 0.3, 0.1, 0.5
	clock := idp.NewClock(c.Today())
	d := entra.NewDirectory(clock)
	for p := range c.People() {
		_, err := d.CreateUser(p.Properties())
		require.NoError(t, err)
	}
	for g := range c.Groups() {
		_, err := d.CreateGroup(g.Properties())
		require.NoError(t, err)
		for _, id := range g.Members {
			require.NoError(t, d.AddMember(g.ID, id))
		}
	}
	requireSame(t, c, d)
	for range 60 {
		for _, e := range c.Day() {
			clock.Advance(e.At.Sub(clock.Now()))
			require.NoError(t, tell(d, e), "%+v", e)
		}
	}
	requireSame(t, c, d)
}

// tell applies an event to a directory.
func tell(d *entra.Directory, e company.Event) error {
	switch e.Kind {
	case company.Hired:
		_, err := d.CreateUser(e.Properties)
		return err
	case company.Changed, company.Disabled, company.Enabled:
		return d.UpdateUser(e.Person, e.Properties)
	case company.Deleted:
		return d.DeleteUser(e.Person)
	case company.Restored:
		return d.RestoreUser(e.Person)
	case company.Purged:
		_ = d.PurgeUser(e.Person) // after 30 days they are gone already
		return nil
	case company.GroupCreated:
		_, err := d.CreateGroup(e.Properties)
		return err
	case company.GroupRenamed:
		return d.UpdateGroup(e.Group, e.Properties)
	case company.GroupDeleted:
		return d.DeleteGroup(e.Group)
	case company.MemberAdded:
		return d.AddMember(e.Group, e.Person)
	default:
		return d.RemoveMember(e.Group, e.Person)
	}
}

func requireSame(t *testing.T, c *company.Company, d *entra.Directory) {
	t.Helper()
	s := newState(c)
	require.ElementsMatch(t, slices.Collect(maps.Keys(s.People)), d.Users())
	require.ElementsMatch(t, slices.Collect(maps.Keys(s.Names)), d.Groups())
	for id, want := range s.People {
		got, _ := d.User(id)
		require.Empty(t, cmp.Diff(want, map[string]any(got)))
	}
	for id, members := range s.Members {
		got, _ := d.Group(id)
		require.Equal(t, s.Names[id], got.Text("displayName"))
		require.Equal(t, slices.Sorted(maps.Keys(members)), d.Members(id))
	}
}

// TestFeedsFile: the file of a company makes the same directory, but for groups
// without members.
func TestFeedsFile(t *testing.T) {
	t.Parallel()
	c := company.New(2, 400)
	var b bytes.Buffer
	require.NoError(t, c.WriteCSV(&b))
	d := entra.NewDirectory(nil)
	loaded, err := d.LoadCSV(&b, entra.Load{})
	require.NoError(t, err)
	require.Empty(t, loaded.Unlinked)
	members := make(map[string][]string)
	for _, id := range d.Groups() {
		g, _ := d.Group(id)
		members[g.Text("displayName")] = d.Members(id)
	}
	for g := range c.Groups() {
		require.ElementsMatch(t, g.Members, members[g.Name], g.Name)
	}
	for id, want := range newState(c).People {
		got, _ := d.User(id)
		require.Empty(t, cmp.Diff(want, map[string]any(got)))
	}
}

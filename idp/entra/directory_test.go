package entra

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp"
)

// seen is a record as tests compare it.
func seen(records []record) []string {
	var out []string
	for _, r := range records {
		s := r.props.Text("userPrincipalName") + r.props.Text("displayName")
		if r.deleted {
			s += " deleted"
		}
		if r.gone {
			s += " gone"
		}
		for range r.touched {
			s += " *"
		}
		out = append(out, s)
	}
	return out
}

func TestChangesSinceAWatermark(t *testing.T) {
	t.Parallel()
	clock := new(idp.Clock)
	d := NewDirectory(clock)
	ann, err := d.CreateUser(Properties{"userPrincipalName": "ann@a.example"})
	require.NoError(t, err)
	bob, err := d.CreateUser(Properties{"userPrincipalName": "bob@a.example"})
	require.NoError(t, err)
	staff, err := d.CreateGroup(Properties{"displayName": "Staff"})
	require.NoError(t, err)
	require.NoError(t, d.AddMember(staff, ann))
	require.NoError(t, d.AddMember(staff, bob))
	all, w := d.changes(0)
	require.Equal(t, []string{"ann@a.example", "bob@a.example", "Staff * *"}, seen(all))
	since := func() []string {
		t.Helper()
		records, next := d.changes(w)
		w = next
		return seen(records)
	}
	require.Empty(t, since())
	require.NoError(t, d.UpdateUser(bob, Properties{"jobTitle": nil, "userPrincipalName": "bob@a.example"}))
	require.NoError(t, d.AddMember(staff, bob))
	require.Empty(t, since(), "what changes nothing is no change")
	require.NoError(t, d.RemoveMember(staff, bob))
	require.NoError(t, d.UpdateUser(ann, Properties{"jobTitle": "CEO"}))
	require.NoError(t, d.AddMember(staff, bob))
	require.Equal(t, []string{"Staff *", "ann@a.example"}, since())
	require.NoError(t, d.DeleteUser(bob))
	require.Len(t, d.Members(staff), 1)
	require.True(t, d.isMember(staff, bob), "kept for the time that it comes back")
	clock.Advance(RecycleBin - time.Second)
	require.Len(t, since(), 1)
	clock.Advance(time.Second)
	require.Len(t, since(), 1)
	require.False(t, d.isMember(staff, bob))
	_, found := d.FindUser("bob@a.example")
	require.False(t, found)
}

// TestRecycleBin: the deleted user gives its name away, and takes it again if it is free.
func TestRecycleBin(t *testing.T) {
	t.Parallel()
	d := NewDirectory(nil)
	ann, err := d.CreateUser(Properties{"objectId": "a1b2c3d4-0000-4000-8000-0123456789ab", "userPrincipalName": "Ann@a.example"})
	require.NoError(t, err)
	require.NoError(t, d.DeleteUser(ann))
	_, live := d.User(ann)
	require.False(t, live)
	r, _ := d.read(ann)
	require.Equal(t, "a1b2c3d40000400080000123456789abAnn@a.example", r.props.Text("userPrincipalName"))
	require.ErrorIs(t, d.UpdateUser(ann, Properties{"jobTitle": "x"}), ErrNotFound)
	other, err := d.CreateUser(Properties{"userPrincipalName": "ann@A.example"})
	require.NoError(t, err)
	require.ErrorIs(t, d.RestoreUser(ann), ErrTaken)
	require.NoError(t, d.PurgeUser(other))
	require.NoError(t, d.RestoreUser(ann))
	p, live := d.User(ann)
	require.True(t, live)
	require.Equal(t, "Ann@a.example", p["userPrincipalName"])
	require.ErrorIs(t, d.RestoreUser(ann), ErrNotFound)
	d.Clock().Advance(2 * RecycleBin)
	_, live = d.User(ann)
	require.True(t, live)
}

func TestDirectoryRefuses(t *testing.T) {
	t.Parallel()
	d := NewDirectory(nil)
	ann, err := d.CreateUser(Properties{"userPrincipalName": "ann@a.example"})
	require.NoError(t, err)
	bob, err := d.CreateUser(Properties{"userPrincipalName": "bob@a.example"})
	require.NoError(t, err)
	staff, err := d.CreateGroup(Properties{"displayName": "Staff"})
	require.NoError(t, err)
	for _, c := range []struct {
		what string
		err  error
	}{
		{`"userPrincipalName"`, second(d.CreateUser(Properties{"mail": "x@a.example"}))},
		{`"Department"`, second(d.CreateUser(Properties{"userPrincipalName": "x", "Department": "x"}))},
		{`"accountEnabled" cannot hold`, second(d.CreateUser(Properties{"userPrincipalName": "x", "accountEnabled": "true"}))},
		{`"employeeHireDate" cannot hold`, second(d.CreateUser(Properties{"userPrincipalName": "x", "employeeHireDate": "1/2/2026"}))},
		{"is no UUID", second(d.CreateUser(Properties{"userPrincipalName": "x", "objectId": "1"}))},
		{"another object", second(d.CreateUser(Properties{"userPrincipalName": "ANN@a.example"}))},
		{"another object", d.UpdateUser(ann, Properties{"userPrincipalName": "Bob@a.example"})},
		{"never changes", d.UpdateUser(ann, Properties{"objectId": bob})},
		{"keeps its", d.UpdateUser(ann, Properties{"userPrincipalName": ""})},
		{`"displayName"`, second(d.CreateGroup(nil))},
		{"no such object", d.AddMember(staff, "nobody")},
		{"no such object", d.AddMember(ann, bob)},
		{"no such object", d.AddMember(staff, staff)},
		{"no such object", d.UpdateGroup(ann, Properties{"displayName": "x"})},
	} {
		require.ErrorContains(t, c.err, c.what)
	}
	require.NoError(t, d.UpdateUser(ann, Properties{"extensionAttribute15": "x"}))
	require.Error(t, d.UpdateUser(ann, Properties{"extensionAttribute16": "x"}))
	require.NoError(t, d.DeleteGroup(staff))
	require.ErrorIs(t, d.AddMember(staff, ann), ErrNotFound)
	require.Empty(t, d.groupsOf(ann))
}

func second[T any](_ T, err error) error { return err }

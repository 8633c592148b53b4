package scim

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestSortKeys shows what users are ordered by, attribute by attribute.
func TestSortKeys(t *testing.T) {
	d, err := New(Config{Store: struct{ Store }{}})
	require.NoError(t, err)
	at := time.Date(2026, 1, 31, 8, 30, 0, 0, time.UTC)
	a := &User{
		ID: "a", UserName: "Ann@Example.com", Title: "Éclair", Status: StatusActive, Created: at, Modified: at, HireDate: "2026-02-01",
		Emails: []MultiValue{{Value: "z@x.com", Type: "home"}, {Value: "A@x.com", Type: "work", Primary: Yes}},
	}
	b := &User{
		ID: "b", UserName: "bob@example.com", Status: StatusDeactivated, Created: at.Add(time.Hour), Modified: at.Add(-time.Hour), HireDate: "soon",
		Emails: []MultiValue{{Value: "b@x.com", Type: "home"}, {Value: "c@x.com", Type: "work"}},
	}
	for _, c := range []struct {
		sortBy string
		order  string // of a and b, ascending
	}{
		{"userName", "ab"},
		{"USERNAME", "ab"},
		{UserSchema + ":userName", "ab"},
		{"title", "ab"}, // b has none: last
		{"active", "ba"},
		{"id", "ab"},
		{"meta.created", "ab"},
		{"meta.lastModified", "ba"},
		{EnterpriseSchema + ":hireDate", "ab"},
		{"hireDate", "ab"}, // soon is no day
		{"emails", "ab"},   // a@x.com is primary
		{"emails.value", "ab"},
		{`emails[type eq "work"].value`, "ab"},
		{"meta.resourceType", "ab"}, // equal: by creation
		{"members", ""},
		{"groups.display", ""},
		{"groups", ""},
		{"name", ""},
		{"schemas", ""},
		{"password", ""},
		{"meta.version", ""},
		{"meta.location", ""},
		{"nothing", ""},
		{`emails[type eq "other"].value`, ""},
		{"user name", ""},
	} {
		t.Run(c.sortBy, func(t *testing.T) {
			for _, descending := range []bool{false, true} {
				s, err := d.UserSort(c.sortBy, descending)
				if c.order == "" {
					var e *Error
					require.ErrorAs(t, err, &e)
					require.Equal(t, typeInvalidValue, e.Type)
					require.Contains(t, e.Detail, "sortBy")
					continue
				}
				require.NoError(t, err)
				users := []*User{b, a}
				slices.SortFunc(users, func(x, y *User) int {
					return s.compare(place{s.UserKey(x), x.Created, x.ID}, place{s.UserKey(y), y.Created, y.ID})
				})
				got := users[0].ID + users[1].ID
				if descending {
					got = users[1].ID + users[0].ID
				}
				require.Equal(t, c.order, got)
			}
		})
	}
}

// TestSortPathsNameOrders: two orders with one path are one order, as a store that
// keeps them takes for granted.
func TestSortPathsNameOrders(t *testing.T) {
	d, err := New(Config{Store: struct{ Store }{}})
	require.NoError(t, err)
	for _, c := range []struct{ sortBy, users, groups string }{
		{"displayName", "displayName", "displayName"},
		{"DISPLAYNAME", "displayName", "displayName"},
		{UserSchema + ":displayName", "displayName", ""},
		{GroupSchema + ":displayName", "", "displayName"},
		{"externalId", "externalId", "externalId"},
		{GroupSchema + ":externalId", "", "externalId"},
		{"userName", "userName", ""},
		{"emails", "emails.value", ""},
		{"emails.value", "emails.value", ""},
		{`Emails[TYPE eq "Work"]`, "", ""}, // no row of the table
		{`Emails[TYPE eq "Work"].Value`, `emails[type eq "work"].value`, ""},
		{"manager", EnterpriseSchema + ":manager.value", ""},
		{"department", EnterpriseSchema + ":department", ""},
	} {
		for _, descending := range []bool{false, true} {
			users, err := d.UserSort(c.sortBy, descending)
			if c.users == "" && c.groups == "" {
				require.Error(t, err)
				continue
			}
			require.NoError(t, err)
			require.Equal(t, c.users, users.Path(), c.sortBy)
			require.Equal(t, descending, users.Descending())
			groups, err := d.GroupSort(c.sortBy, descending)
			require.NoError(t, err)
			require.Equal(t, c.groups, groups.Path(), c.sortBy)
			require.Equal(t, descending, groups.Descending())
		}
	}
}

// TestSortKeysCompareAsValues shows that numbers and times compare by byte.
func TestSortKeysCompareAsValues(t *testing.T) {
	numbers := []float64{-1e300, -12, -0.5, 0, 0.25, 3, 1e12}
	for i := range numbers[1:] {
		require.Less(t, numberKey(numbers[i]), numberKey(numbers[i+1]))
	}
	times := []time.Time{time.Unix(-5, 0), time.Unix(0, 1), time.Unix(0, 2), time.Unix(1<<33, 0)}
	for i := range times[1:] {
		require.Less(t, timeKey(times[i]), timeKey(times[i+1]))
	}
}

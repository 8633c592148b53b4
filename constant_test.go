package scim

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFiltersKnownBeforehand shows which filters have one answer for all resources
// of a type, so that nobody goes through them.
func TestFiltersKnownBeforehand(t *testing.T) {
	d, err := New(Config{Store: struct{ Store }{}})
	require.NoError(t, err)
	for _, c := range []struct{ filter, users, groups string }{
		{`meta.resourceType eq "User"`, "all", "none"},
		{`meta.resourceType eq "group"`, "none", "none"}, // the name is case-exact
		{`meta[resourceType eq "Group"]`, "none", "all"},
		{`not (meta.resourceType eq "User")`, "none", "all"},
		{`meta.resourceType eq "User" and title pr`, "ask", "none"},
		{`title pr and meta.resourceType eq "User"`, "ask", "none"},
		{`meta.resourceType eq "User" or displayName pr`, "all", "ask"},
		{`displayName pr or meta.resourceType eq "User"`, "all", "ask"},
		{`members pr`, "none", "ask"},
		{`members[value eq "1" and not (display pr)]`, "none", "ask"},
		{`members.value ne "1"`, "all", "ask"},
		{`title eq null`, "ask", "all"},
		{`name[givenName eq "Ann" or familyName pr]`, "ask", "none"},
		{`not (title pr)`, "ask", "all"},
		{`emails[type eq "work"]`, "ask", "none"},
		{`meta.created gt "2020-01-01T00:00:00Z"`, "ask", "ask"},
	} {
		said := func(f *Filter, err error) string {
			require.NoError(t, err)
			switch all, none := f.constant(); {
			case all:
				return "all"
			case none:
				return "none"
			}
			return "ask"
		}
		require.Equal(t, c.users, said(d.UserFilter(c.filter)), "users, %s", c.filter)
		require.Equal(t, c.groups, said(d.GroupFilter(c.filter)), "groups, %s", c.filter)
	}
}

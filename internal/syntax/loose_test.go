package syntax

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLoose shows which texts are understood though the grammar of RFC 7644 does
// not have them, and that those of its own examples are not among them.
func TestLoose(t *testing.T) {
	for text, loose := range map[string]bool{
		`userName eq "bjensen"`:              false,
		`userName EQ "bjensen" AND title PR`: false,
		`userType eq "Employee" and (emails co "example.com" or emails.value co "e.org")`: false,
		`userType ne "Employee" and not (emails co "example.com" or a.b co "x")`:          false,
		`emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp"]`:       false,
		`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"`:                      false,
		`meta.lastModified gt "2011-05-13T04:42:34Z"`:                                     false,
		`active eq true and age gt -1.5e3 and x eq null`:                                  false,
		`userName eq bjensen`:       true,
		`active eq True`:            true,
		`active eq NULL`:            true,
		` userName eq "a"`:          true,
		`userName eq "a" `:          true,
		`userName  eq "a"`:          true,
		"userName\teq \"a\"":        true,
		`userName eq"a"`:            true,
		`userName eq "a"and b pr`:   true,
		`userName eq "a" and(b pr)`: true,
		`( a pr)`:                   true,
		`(a pr )`:                   true,
		`a [b pr]`:                  true,
		`a[b pr].c eq "x"`:          true,
	} {
		got := false
		_, err := ParseFilter(text, Limits{}, &got)
		require.NoError(t, err, text)
		require.Equal(t, loose, got, text)
	}
	for path, loose := range map[string]bool{
		`members`: false, `name.familyName`: false, `addresses[type eq "work"]`: false,
		`members[value eq "2819c223-7f76-453a-919d-413861904646"].displayName`: false,
		` members`: true, `members `: true, `emails [type eq "work"]`: true, `emails[type eq work].value`: true,
	} {
		got := false
		_, err := ParsePath(path, Limits{}, &got)
		require.NoError(t, err, path)
		require.Equal(t, loose, got, path)
	}
}

package idp

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSetAndGet: what a mapping writes under a path is read under it again, and gone
// without a trace when it is taken away.
func TestSetAndGet(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ path, want string }{
		{"userName", `{"id":"1","userName":"x"}`},
		{"name.givenName", `{"id":"1","name":{"givenName":"x"}}`},
		{`emails[type eq "work"].value`, `{"id":"1","emails":[{"type":"work","value":"x"}]}`},
		{`emails[type eq "work" and primary eq true].value`, `{"id":"1","emails":[{"type":"work","primary":true,"value":"x"}]}`},
		{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", `{"id":"1","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"x"}}`},
		{"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value", `{"id":"1","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"value":"x"}}}`},
		{"urn:ietf:params:scim:schemas:core:2.0:User:title", `{"id":"1","title":"x"}`},
	} {
		t.Run(c.path, func(t *testing.T) {
			t.Parallel()
			p, err := ParsePath(c.path)
			require.NoError(t, err)
			r := Resource{"id": "1"}
			r.Set(p, "x")
			data, err := json.Marshal(r)
			require.NoError(t, err)
			require.JSONEq(t, c.want, string(data))
			require.Equal(t, "x", r.Get(p))
			require.Equal(t, "x", r.Text(c.path))
			r.Set(p, nil)
			require.Equal(t, Resource{"id": "1"}, r)
			require.Nil(t, r.Get(p))
		})
	}
}

// TestSetLeavesSiblings: elements of other types and other members stay.
func TestSetLeavesSiblings(t *testing.T) {
	t.Parallel()
	var r Resource
	require.NoError(t, json.Unmarshal([]byte(`{"Emails":[{"type":"home","value":"h"},{"type":"Work","value":"w","primary":"True"}],"name":{"familyName":"F"}}`), &r))
	r.Set(MustPath(`emails[type eq "work"].value`), "x")
	r.Set(MustPath("name.givenName"), "G")
	require.Equal(t, "x", r.Get(MustPath(`emails[primary eq true].Value`)))
	r.Set(MustPath(`emails[type eq "home"]`), nil)
	data, err := json.Marshal(r)
	require.NoError(t, err)
	require.JSONEq(t, `{"Emails":[{"type":"Work","value":"x","primary":"True"}],"name":{"familyName":"F","givenName":"G"}}`, string(data))
}

// TestParsePathRefuses what no mapping can write to.
func TestParsePathRefuses(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "a b", "emails[type eq", `emails[type ne "work"].value`, `emails[type eq "a" or type eq "b"].value`, `emails[not (type eq "a")]`} {
		_, err := ParsePath(path)
		require.Error(t, err, path)
	}
}

// TestPathEqual: a path is the same however it is spelt.
func TestPathEqual(t *testing.T) {
	t.Parallel()
	const ent = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:"
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"title", "Title", true},
		{"title", UserSchema + ":TITLE", true},
		{"title", "name.title", false},
		{"name.givenName", "NAME.givenname", true},
		{"name.givenName", "name.familyName", false},
		{"name", "name.familyName", false},
		{"department", ent + "department", false},
		{ent + "department", strings.ToUpper(ent) + "Department", true},
		{`emails[type eq "work"].value`, `Emails[Type eq "Work"].Value`, true},
		{`emails[type eq "work"].value`, `emails[type eq "home"].value`, false},
		{`emails[type eq "work"].value`, `emails.value`, false},
		{`emails[type eq "work"].value`, `emails[type eq "work" and primary eq true].value`, false},
		{`emails[primary eq "True" and type eq "work"].value`, `emails[type eq "work" and primary eq true].value`, true},
	} {
		a, b := MustPath(c.a), MustPath(c.b)
		require.Equal(t, c.want, a.Equal(b), "%s, %s", a, b)
		require.Equal(t, c.want, b.Equal(a), "%s, %s", b, a)
	}
}

package okta_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/okta"
)

func TestExpressions(t *testing.T) {
	t.Parallel()
	p := okta.Profile{"firstName": "Ann", "lastName": "Baker", "cost_center1": "7"}
	for _, c := range []struct{ text, want string }{
		{"user.firstName", "Ann"},
		{" user.firstName\t", "Ann"},
		{`user.firstName + " " + user.lastName`, "Ann Baker"},
		{`user.lastName+', '+user.firstName`, "Baker, Ann"},
		{"user.cost_center1", "7"},
		{"user.nobody", ""},
		{`user.nobody + "@" + user.none`, ""},
		{`"GB"`, "GB"},
		{`"a \"b\" \\ c" + 'd "e"'`, `a "b" \ cd "e"`},
		{`""`, ""},
		{`"x-" + user.nobody + user.firstName`, "x-Ann"},
	} {
		e, err := okta.ParseExpression(c.text)
		require.NoError(t, err, c.text)
		require.Equal(t, c.want, e.Eval(p), c.text)
		require.Equal(t, c.text, e.String())
	}
	require.Empty(t, okta.Expression{}.Eval(p))
	e, err := okta.ParseExpression(`user.a + "x" + user.b`)
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, e.Attributes())
}

func TestExpressionsThatAreNone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                  "byte 1: there is nothing",
		"  ":                "byte 3: there is nothing",
		"login":             `byte 1: "login" is neither`,
		"user.":             "byte 1: no attribute's name",
		"user. x":           "byte 1: no attribute's name",
		"user.a user.b":     `byte 8: there is no + before "user.b"`,
		"user.a +":          "byte 9: there is nothing",
		"user.a + + user.b": `byte 10: "+ user.b" is neither`,
		`"a`:                "byte 1: the text does not end",
		`"a\"`:              "byte 1: the text does not end",
		`'a"`:               "byte 1: the text does not end",
		"user.größe":        `byte 8: there is no + before "öße"`,
	} {
		_, err := okta.ParseExpression(text)
		require.ErrorContains(t, err, want, text)
	}
}

// FuzzParseExpression: an expression is read or refused, and what is read means
// something for any profile.
func FuzzParseExpression(f *testing.F) {
	for _, m := range okta.DefaultMappings() {
		f.Add(m.Expression, "Ann")
	}
	f.Add(`'a' + "b\"" +user.x`, "")
	f.Add(`user.x + "`, "\x00")
	f.Fuzz(func(t *testing.T, text, value string) {
		e, err := okta.ParseExpression(text)
		if err != nil {
			require.Empty(t, e.Attributes())
			return
		}
		p := okta.Profile{}
		for _, name := range e.Attributes() {
			p[name] = value
		}
		got := e.Eval(p)
		if len(e.Attributes()) > 0 && value == "" {
			require.Empty(t, got)
		}
		for range e.Attributes() {
			require.Contains(t, got, value)
		}
		again, err := okta.ParseExpression(`"" + ` + text + " + ''")
		require.NoError(t, err)
		require.Equal(t, got, again.Eval(p))
	})
}

// TestDefaultMappings: the product's table under Okta's names, each row once.
func TestDefaultMappings(t *testing.T) {
	t.Parallel()
	table := scim.ProductAttributes()
	got := okta.DefaultMappings()
	require.Len(t, got, len(table))
	custom := map[string]bool{}
	for i, m := range got {
		require.Equal(t, []any{table[i].Name, table[i].Need}, []any{m.Attribute, m.Need})
		_, err := idp.ParsePath(m.Path)
		require.NoError(t, err)
		require.Equal(t, m.Automatic, m.Expression == "")
		for _, name := range m.Custom() {
			custom[name] = true
		}
	}
	require.Empty(t, cmp.Diff(map[string]bool{
		"office": true, "businessUnit": true, "employeeType": true, "employeeLevel": true, "grade": true, "hireDate": true,
	}, custom), "attributes that an administrator has to add to Okta's profile")
	by := map[string]okta.Mapping{}
	for _, m := range got {
		by[m.Attribute] = m
	}
	require.Equal(t, okta.Mapping{Attribute: "userName", Path: "userName", Need: scim.Mandatory, Expression: "user.login"}, by["userName"])
	require.Equal(t, okta.Mapping{Attribute: "active", Path: "active", Need: scim.Mandatory, Automatic: true}, by["active"])
	require.Equal(t, okta.Mapping{
		Attribute: "manager", Path: scim.EnterpriseSchema + ":manager.value", Need: scim.Recommended, Expression: "user.managerId",
	}, by["manager"])
	require.Equal(t, "user.department", by["department"].Expression)

	own := okta.MappingsOf(append(table, scim.Attribute{Name: "desk", Path: "urn:example:acme:User:desk"}))
	require.Equal(t, okta.Mapping{Attribute: "desk", Path: "urn:example:acme:User:desk", Expression: "user.desk"}, own[len(own)-1])
	require.Equal(t, []string{"desk"}, own[len(own)-1].Custom())
	require.Empty(t, own[0].Custom())
}

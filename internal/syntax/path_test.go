package syntax

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	filter "github.com/scim2/filter-parser/v2"
	"github.com/stretchr/testify/require"
)

func TestParsePath(t *testing.T) {
	value := "value"
	for _, tt := range []struct {
		text string
		want filter.Path
	}{
		{`members`, filter.Path{AttributePath: attr("members")}},
		{` name.familyName	`, filter.Path{AttributePath: sub("name", "familyName")}},
		{`$ref`, filter.Path{AttributePath: attr("$ref")}},
		{
			`members[value eq "2819c223"]`,
			filter.Path{AttributePath: attr("members"), ValueExpression: eq("value", "2819c223")},
		},
		{
			`emails[type eq "work" or not (primary eq true)].value`,
			filter.Path{
				AttributePath:   attr("emails"),
				ValueExpression: or(eq("type", "work"), not(eq("primary", true))),
				SubAttribute:    &value,
			},
		},
		{
			`emails [ type eq work ].value `,
			filter.Path{AttributePath: attr("emails"), ValueExpression: eq("type", "work"), SubAttribute: &value},
		},
		{
			`a.b[c pr].value`,
			filter.Path{AttributePath: sub("a", "b"), ValueExpression: pr("c"), SubAttribute: &value},
		},

		{enterpriseUser + `:department`, filter.Path{AttributePath: urn(enterpriseUser, attr("department"))}},
		{enterpriseUser + `:manager.value`, filter.Path{AttributePath: urn(enterpriseUser, sub("manager", "value"))}},
		{enterpriseUser + `.manager`, filter.Path{AttributePath: urn(enterprise, sub("User", "manager"))}},
		{enterpriseUser + `.manager.value`, filter.Path{AttributePath: urn(enterprise, sub("User", "manager.value"))}},
		{enterpriseUser, filter.Path{AttributePath: urn(enterprise, attr("User"))}},
		{
			coreUser + `:emails[type eq "work"].value`,
			filter.Path{
				AttributePath: urn(coreUser, attr("emails")), ValueExpression: eq("type", "work"), SubAttribute: &value,
			},
		},
	} {
		t.Run(tt.text, func(t *testing.T) {
			got, err := ParsePath(tt.text, Limits{}, nil)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(tt.want, got))
		})
	}
}

func TestParsePathRefuses(t *testing.T) {
	for _, tt := range []refusal{
		{``, 1, "the path is empty"},
		{"é\xff", 2, "the path is not valid UTF-8"},
		{`a b`, 3, "expected the end of the path"},
		{`a eq 1`, 3, "expected the end of the path"},
		{`a[b pr] .c`, 9, "expected the end of the path"},
		{`a[b pr].c d`, 11, "expected the end of the path"},
		{`a[b pr].`, 9, msgNoSub},
		{`a[b pr].c.d`, 10, msgTooManyDots},
		{`a[b pr][c pr]`, 8, "expected the end of the path"},
		{`a[]`, 3, `expected a comparison such as value eq "x" before ]`},
		{`a[b]`, 4, "expected an operator such as eq"},
		{`a[b pr`, 7, "expected and, or, or the ] that closes the ["},
		{`[b pr]`, 1, msgNoName},
		{`a.`, 3, msgNoSub},
		{`a.b.c`, 4, msgTooManyDots},
		{`/name/familyName`, 1, msgNoName},
		{`name/familyName`, 5, "expected the end of the path"},
		{`http:a`, 1, msgNotURN},
		{`(a)`, 1, msgNoName},
	} {
		t.Run(tt.text, func(t *testing.T) {
			_, err := ParsePath(tt.text, Limits{}, nil)
			tt.check(t, err)
		})
	}
}

func TestParseAttributePath(t *testing.T) {
	for _, tt := range []struct {
		text string
		want filter.AttributePath
	}{
		{`userName`, attr("userName")},
		{` name.familyName `, sub("name", "familyName")},
		{enterpriseUser + `:manager.displayName`, urn(enterpriseUser, sub("manager", "displayName"))},
		{enterpriseUser, urn(enterprise, attr("User"))},
		{`emails[type eq "work"]`, attr("emails")},
		{`emails[type eq "work"].value`, sub("emails", "value")},
		{coreUser + `:emails[type eq "work"].value`, urn(coreUser, sub("emails", "value"))},
		{coreUser + `.emails[type eq "work"].value`, urn("urn:ietf:params:scim:schemas:core:2.0", sub("User", "emails.value"))},
	} {
		t.Run(tt.text, func(t *testing.T) {
			got, err := ParseAttributePath(tt.text)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(tt.want, got))
		})
	}

	for _, tt := range []refusal{
		{``, 1, "the attribute name is empty"},
		{`a,b`, 2, "expected the end of the attribute name"},
		{`a.b[c pr].d`, 10, msgTooManyDots},
		{coreUser + `.a.b[c pr].d`, 53, msgTooManyDots},
		{`a[b]`, 4, "expected an operator such as eq"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			_, err := ParseAttributePath(tt.text)
			tt.check(t, err)
		})
	}
}

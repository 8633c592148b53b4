package entra

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// rows makes a mapping that matches by userName and has the rows behind.
func rows(more ...AttributeMapping) Mapping {
	return Mapping{Attributes: append([]AttributeMapping{{Source: "userPrincipalName", Target: "userName", Match: 1}}, more...)}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	group := Mapping{Attributes: []AttributeMapping{{Source: "displayName", Target: "displayName", Match: 1}}}
	for _, c := range []struct {
		want  string
		m     Mapping
		group bool
	}{
		{`mapping 2 (→ title): there is no property "JobTitle"; "jobTitle" is written so`, rows(AttributeMapping{Source: "JobTitle", Target: "title"}), false},
		{`"IsSoftDeleted" is written so`, rows(AttributeMapping{Source: "isSoftDeleted", Target: "active"}), false},
		{`mapping 2 (→ title): there is no property "shoeSize"`, rows(AttributeMapping{Source: "shoeSize", Target: "title"}), false},
		{`there is no property ""`, rows(AttributeMapping{Target: "title"}), false},
		{`mapping 2 (→ userType): property "userType" is not available`, rows(AttributeMapping{Source: "userType", Target: "userType"}), false},
		{`property "samAccountName" is not available`, rows(AttributeMapping{Source: "samAccountName", Target: "nickName"}), false},
		{`mapping 2 (→ id): target "id" cannot be used`, rows(AttributeMapping{Source: "objectId", Target: "id"}), false},
		{`target "id" cannot be used`, rows(AttributeMapping{Source: "objectId", Target: "urn:ietf:params:scim:schemas:core:2.0:User:ID"}), false},
		{`mapping 2 (→ a b): target path "a b"`, rows(AttributeMapping{Source: "mail", Target: "a b"}), false},
		{`target path ""`, rows(AttributeMapping{Source: "mail"}), false},
		{`needs the name of a sub-attribute`, rows(AttributeMapping{Source: "mail", Target: `emails[type eq "work"]`}), false},
		{`mapping 2 (→ USERNAME): mapping 1 (→ userName) writes there already`, rows(AttributeMapping{Source: "mail", Target: "USERNAME"}), false},
		{`its target is urn:`, rows(AttributeMapping{Source: "manager", Target: "manager"}), false},
		{`has no default`, rows(AttributeMapping{Source: "manager", Target: managerTarget.String(), Default: "x"}), false},
		{`a constant needs a value`, rows(AttributeMapping{Type: Constant, Target: "title"}), false},
		{`mapping 2 (→ title): expr: at 8: `, rows(AttributeMapping{Type: Expression, Source: "ToLower(", Target: "title"}), false},
		{`there is no property "JobTitle"; "jobTitle" is written so`, rows(AttributeMapping{Type: Expression, Source: "ToLower([JobTitle])", Target: "title"}), false},
		{`"userType" is not available as a source`, rows(AttributeMapping{Type: Expression, Source: `IIF([userType] = "Guest", "x", "y")`, Target: "title"}), false},
		{`source "manager" is a reference to a user, which flows directly only`, rows(AttributeMapping{Type: Expression, Source: "ToLower([manager])", Target: "title"}), false},
		{`nothing flows`, rows(AttributeMapping{Type: None, Source: "mail", Target: "title"}), false},
		{`there is no type of mapping "Direct"`, rows(AttributeMapping{Type: "Direct", Source: "mail", Target: "title"}), false},
		{`precedences begin at 1`, rows(AttributeMapping{Source: "mail", Target: "title", Match: -1}), false},
		{`cannot be used to match`, rows(AttributeMapping{Type: Constant, Source: "x", Target: "title", Match: 2}), false},
		{`cannot be used to match`, rows(AttributeMapping{Source: "accountEnabled", Target: "active", Match: 2}), false},
		{`mapping 1 (→ userName) and mapping 2 (→ externalId) have the same precedence 1`, rows(AttributeMapping{Source: "objectId", Target: "externalId", Match: 1}), false},
		{`no attribute is used to match`, Mapping{Attributes: []AttributeMapping{{Source: "mail", Target: "userName"}}}, false},
		{`that of users cannot be switched off`, Mapping{Disabled: true}, false},
		{`there is no property "IsSoftDeleted"`, Mapping{Attributes: append(group.Attributes, AttributeMapping{Source: "IsSoftDeleted", Target: "active"})}, true},
		{`"displayName" is written so`, Mapping{Attributes: []AttributeMapping{{Source: "displayname", Target: "displayName", Match: 1}}}, true},
		{`members flow from members to members only`, Mapping{Attributes: append(group.Attributes, AttributeMapping{Source: "members", Target: "externalId"})}, true},
		{`members flow from members to members only`, Mapping{Attributes: append(group.Attributes, AttributeMapping{Source: "mail", Target: "members"})}, true},
		{`another mapping has the members`, Mapping{Attributes: append(group.Attributes, AttributeMapping{Source: "members", Target: "members"}, AttributeMapping{Source: "members", Target: "Members"})}, true},
		{`scoping filter 2 (Sales): it has no clauses`, Mapping{Attributes: rows().Attributes, Scope: []ScopingFilter{{Clauses: []Clause{{"mail", IsNotNull, ""}}}, {Name: "Sales"}}}, false},
	} {
		_, err := c.m.compile(c.group)
		require.ErrorContains(t, err, c.want)
	}
}

// TestCompileReportsEverything: an administrator who has three mistakes hears of three.
func TestCompileReportsEverything(t *testing.T) {
	t.Parallel()
	m := rows(AttributeMapping{Source: "Mail", Target: "nickName"}, AttributeMapping{Source: "objectId", Target: "id"})
	m.Scope = []ScopingFilter{{Name: "Sales", Clauses: []Clause{{"department", "equals", "Sales"}}}}
	_, err := m.compile(false)
	for _, want := range []string{"mapping 2 (→ nickName)", "mapping 3 (→ id)", `clause 1 (department equals): there is no operator "equals"; "EQUALS" is written so`} {
		require.ErrorContains(t, err, want)
	}
}

func TestCompileTakes(t *testing.T) {
	t.Parallel()
	for _, make := range []func() (Mapping, Mapping){DefaultMapping, MicrosoftDefaultMapping} {
		users, groups := make()
		_, err := users.compile(false)
		require.NoError(t, err)
		g, err := groups.compile(true)
		require.NoError(t, err)
		require.True(t, g.members)
	}
	_, err := Mapping{Disabled: true}.compile(true)
	require.NoError(t, err)
}

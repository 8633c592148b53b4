package entra

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func person1(p Properties) record {
	kept, _, err := check(false, p)
	if err != nil {
		panic(err)
	}
	return record{id: "1", props: kept}
}

// TestClause: what each operator says of a value, and of none.
func TestClause(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		attribute string
		operator  Operator
		value     string
		has       any
		want      bool
	}{
		{"department", Equals, "Sales", "Sales", true},
		{"department", Equals, "Sales", "sales", false},
		{"department", Equals, "Sales", nil, false},
		{"accountEnabled", Equals, "True", true, true},
		{"department", NotEquals, "Sales", "sales", true},
		{"department", NotEquals, "Sales", "Sales", false},
		{"department", NotEquals, "Sales", nil, false},
		{"department", Includes, "ale", "Sales", true},
		{"department", Includes, "ALE", "Sales", false},
		{"department", Includes, "ale", nil, false},
		{"userPrincipalName", EndsWith, "@a.example", "ann@a.example", true},
		{"userPrincipalName", EndsWith, "@A.example", "ann@a.example", false},
		{"userPrincipalName", EndsWith, "@b.example", "bob_b.example#EXT#@a.example", true},
		{"department", EndsWith, "s", nil, false},
		{"country", ExistsIn, "GB,DE,FR", "DE", true},
		{"country", ExistsIn, "GB,DE,FR", "ES", false},
		{"country", ExistsIn, "GB,DE,FR", nil, false},
		{"country", NotExistsIn, "GB,DE,FR", "ES", true},
		{"country", NotExistsIn, "GB,DE,FR", "DE", false},
		{"country", NotExistsIn, "GB,DE,FR", nil, false},
		{"employeeId", GreaterThan, "10", "9", false},
		{"employeeId", GreaterThan, "10", "10", false},
		{"employeeId", GreaterThan, "10", "11", true},
		{"employeeId", GreaterThan, "10", "E11", false},
		{"employeeId", GreaterThan, "10", nil, false},
		{"employeeId", GreaterThanOrEquals, "10", "10", true},
		{"employeeId", GreaterThanOrEquals, "10", "9", false},
		{"employeeId", GreaterThanOrEquals, "10", "10.5", false},
		{"userPrincipalName", RegexMatch, `.*\@a.example`, "ann@a.example", true},
		{"userPrincipalName", RegexMatch, `.*\@a.example`, "ann@A.example", false},
		{"employeeId", RegexMatch, `^[0-9]+$`, "12", true},
		{"employeeId", RegexMatch, `[0-9]`, "E1", true},
		{"employeeId", RegexMatch, `.*`, nil, false},
		{"employeeId", NotRegexMatch, `^E`, "12", true},
		{"employeeId", NotRegexMatch, `^E`, "E12", false},
		{"employeeId", NotRegexMatch, `^E`, nil, false},
		{"accountEnabled", IsTrue, "", true, true},
		{"accountEnabled", IsTrue, "", false, false},
		{"accountEnabled", IsFalse, "", false, true},
		{"accountEnabled", IsFalse, "", true, false},
		{"extensionAttribute1", IsTrue, "", "true", true},
		{"extensionAttribute1", IsTrue, "", nil, false},
		{"extensionAttribute1", IsFalse, "", nil, false},
		{"jobTitle", IsNull, "", nil, true},
		{"jobTitle", IsNull, "", "CEO", false},
		{"jobTitle", IsNotNull, "", "CEO", true},
		{"jobTitle", IsNotNull, "", nil, false},
	} {
		m := rows()
		m.Scope = []ScopingFilter{{Clauses: []Clause{{c.attribute, c.operator, c.value}}}}
		compiled, err := m.compile(false)
		require.NoError(t, err)
		require.Equal(t, c.want, compiled.inScope(person1(Properties{c.attribute: c.has})), "%v %s %s %q", c.has, c.attribute, c.operator, c.value)
	}
}

// TestFilters: one filter must let an object in, with all of its clauses; without
// filters all are let in.
func TestFilters(t *testing.T) {
	t.Parallel()
	m := rows()
	compiled, err := m.compile(false)
	require.NoError(t, err)
	require.True(t, compiled.inScope(person1(nil)))
	m.Scope = []ScopingFilter{
		{Clauses: []Clause{{"country", Equals, "GB"}, {"department", Equals, "Sales"}}},
		{Clauses: []Clause{{"jobTitle", Equals, "CEO"}}},
	}
	compiled, err = m.compile(false)
	require.NoError(t, err)
	for _, c := range []struct {
		p    Properties
		want bool
	}{
		{Properties{"country": "GB", "department": "Sales"}, true},
		{Properties{"country": "GB", "department": "Law"}, false},
		{Properties{"country": "DE", "jobTitle": "CEO"}, true},
		{nil, false},
	} {
		require.Equal(t, c.want, compiled.inScope(person1(c.p)), "%v", c.p)
	}
}

func TestClauseRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		clause Clause
		group  bool
		want   string
	}{
		{Clause{"Department", Equals, "x"}, false, `there is no property "Department"; "department" is written so`},
		{Clause{"shoeSize", Equals, "x"}, false, `there is no property "shoeSize"`},
		{Clause{"manager", Equals, "x"}, false, "cannot be used in scoping filters"},
		{Clause{"userType", Equals, "Guest"}, false, "cannot be used in scoping filters"},
		{Clause{"appRoleAssignments", IsNotNull, ""}, false, "cannot be used in scoping filters"},
		{Clause{"employeeHireDate", IsNull, ""}, false, "a date cannot be used"},
		{Clause{"proxyAddresses", Includes, "x"}, false, "several values"},
		{Clause{"members", IsNotNull, ""}, true, "cannot be used in scoping filters"},
		{Clause{"department", Equals, "x"}, true, `there is no property "department"`},
		{Clause{"employeeId", GreaterThan, "ten"}, false, `clause 1 (employeeId Greater_Than): value "ten" is no integer`},
		{Clause{"employeeId", GreaterThan, "1.5"}, false, `is no integer`},
		{Clause{"employeeId", "GREATER_THAN", "1"}, false, `there is no operator "GREATER_THAN"; "Greater_Than" is written so`},
		{Clause{"employeeId", "IsMemberOf", "x"}, false, `there is no operator "IsMemberOf"`},
		{Clause{"employeeId", Equals, ""}, false, "needs a value"},
		{Clause{"employeeId", IsNull, "x"}, false, "takes no value"},
		{Clause{"employeeId", RegexMatch, "("}, false, "missing closing )"},
	} {
		m := Mapping{Attributes: []AttributeMapping{{Source: "displayName", Target: "displayName", Match: 1}}, Scope: []ScopingFilter{{Clauses: []Clause{c.clause}}}}
		_, err := m.compile(c.group)
		require.ErrorContains(t, err, c.want)
	}
}

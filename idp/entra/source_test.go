package entra

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// shown is a flow as tests compare it.
type shown struct {
	Target string
	Value  any
	Marks  string // r reference, k keep, c creation, s secret, d default
}

func show(flows []flow) []shown {
	var out []shown
	for _, f := range flows {
		s := shown{Target: f.target.String(), Value: f.value}
		for _, m := range []struct {
			set  bool
			mark string
		}{{f.reference, "r"}, {f.keep, "k"}, {f.creation, "c"}, {f.secret, "s"}, {f.standIn, "d"}} {
			if m.set {
				s.Marks += m.mark
			}
		}
		out = append(out, s)
	}
	return out
}

func flowsOf(t *testing.T, m Mapping, r record, active bool) []flow {
	t.Helper()
	c, err := m.compile(r.group)
	require.NoError(t, err)
	flows, err := c.flows(r, active, env{})
	require.NoError(t, err)
	return flows
}

func TestFlows(t *testing.T) {
	t.Parallel()
	const boss = "a1b2c3d4-0000-4000-8000-0123456789ab"
	m := rows(
		AttributeMapping{Source: "accountEnabled", Target: "active"},
		AttributeMapping{Source: "jobTitle", Target: "title", Default: "Staff"},
		AttributeMapping{Source: "mail", Target: `emails[type eq "work"].value`, Default: "unused"},
		AttributeMapping{Source: "mobile", Target: `phoneNumbers[type eq "mobile"].value`},
		AttributeMapping{Type: Constant, Source: "GB", Target: `addresses[type eq "work"].country`, OnCreation: true},
		AttributeMapping{Type: None, Target: "locale"},
		AttributeMapping{Type: None, Target: "timezone", Default: "Europe/London"},
		AttributeMapping{Source: "manager", Target: managerTarget.String()},
		AttributeMapping{Source: "proxyAddresses", Target: `emails[type eq "other"].value`},
		AttributeMapping{Source: "otherMails", Target: "nicks"},
		AttributeMapping{Source: "employeeHireDate", Target: "hired"},
	)
	r := person1(Properties{
		"userPrincipalName": "ann@a.example", "accountEnabled": true, "mail": "ann@a.example", "manager": boss,
		"proxyAddresses": []string{"smtp:a@a.example", "smtp:b@a.example"}, "otherMails": []string{"x@a.example"},
		"employeeHireDate": "2026-01-31T00:00:00Z",
	})
	want := []shown{
		{"userName", "ann@a.example", ""},
		{"active", true, ""},
		{"title", "Staff", "cd"},
		{`emails[type eq "work"].value`, "ann@a.example", ""},
		{`phoneNumbers[type eq "mobile"].value`, nil, ""},
		{`addresses[type eq "work"].country`, "GB", "c"},
		{"locale", nil, "k"},
		{"timezone", "Europe/London", "cd"},
		{managerTarget.String(), boss, "r"},
		{`emails[type eq "other"].value`, "smtp:a@a.example", ""},
		{"nicks", []any{"x@a.example"}, ""},
		{"hired", "2026-01-31T00:00:00Z", ""},
	}
	require.Empty(t, cmp.Diff(want, show(flowsOf(t, m, r, true))))
}

// TestIsSoftDeleted: each way out of the application counts.
func TestIsSoftDeleted(t *testing.T) {
	t.Parallel()
	m := rows(AttributeMapping{Source: "IsSoftDeleted", Target: "active"})
	on := Properties{"accountEnabled": true}
	for _, c := range []struct {
		r      record
		active bool
		want   bool
	}{
		{record{props: on}, true, false},
		{record{props: on}, false, true},
		{record{props: Properties{"accountEnabled": false}}, true, true},
		{record{props: on, deleted: true}, true, true},
		{record{props: on, gone: true}, true, true},
	} {
		require.Equal(t, c.want, flowsOf(t, m, c.r, c.active)[1].value, "%+v", c)
	}
}

// TestGuest: a guest is known by the name at home; the whole name is another source.
func TestGuest(t *testing.T) {
	t.Parallel()
	m := rows(AttributeMapping{Source: "originalUserPrincipalName", Target: "nickName"})
	for upn, home := range map[string]string{
		"bob_b.example#EXT#@a.example":       "bob@b.example",
		"bob_smith_b.example#EXT#@a.example": "bob_smith@b.example",
		"bob#EXT#@a.example":                 "bob",
		"ann_x@a.example":                    "ann_x@a.example",
	} {
		flows := flowsOf(t, m, person1(Properties{"userPrincipalName": upn}), true)
		require.Equal(t, []any{home, upn}, []any{flows[0].value, flows[1].value})
	}
}

// TestMatches: by precedence, not by the order of the rows, and only by what the object
// has itself.
func TestMatches(t *testing.T) {
	t.Parallel()
	m := rows(
		AttributeMapping{Source: "objectId", Target: "externalId", Match: 3},
		AttributeMapping{Source: "employeeId", Target: "nickName", Match: 2},
		AttributeMapping{Source: "mail", Target: `emails[type eq "work"].value`, Match: 4, Default: "all@a.example"},
	)
	m.Attributes[0].Match = 9
	c, err := m.compile(false)
	require.NoError(t, err)
	by := func(p Properties) (out []string) {
		flows, err := c.flows(person1(p), true, env{})
		require.NoError(t, err)
		for _, m := range c.matches(flows) {
			out = append(out, m.target.String()+"="+m.value)
		}
		return out
	}
	require.Equal(t, []string{"nickName=7", "externalId=o", `emails[type eq "work"].value=m`, "userName=u"},
		by(Properties{"objectId": "o", "userPrincipalName": "u", "employeeId": "7", "mail": "m"}))
	require.Equal(t, []string{"externalId=o", "userName=u"}, by(Properties{"objectId": "o", "userPrincipalName": "u"}))
}

// TestGroupFlows: memberships are apart.
func TestGroupFlows(t *testing.T) {
	t.Parallel()
	_, groups := DefaultMapping()
	r := record{group: true, props: Properties{"objectId": "o", "displayName": "Staff"}}
	require.Empty(t, cmp.Diff([]shown{{"displayName", "Staff", ""}, {"externalId", "o", ""}}, show(flowsOf(t, groups, r, true))))
}

// TestExpressions: what the kinds of values become.
func TestExpressions(t *testing.T) {
	t.Parallel()
	p := Properties{
		"userPrincipalName": "ann@a.example", "accountEnabled": true, "country": "Spain", "employeeHireDate": "2026-01-31T08:30:00Z",
		"appRoleAssignments": []string{"User"}, "mail": "ann@a.example", "employeeId": "7",
	}
	for source, want := range map[string]shown{
		enabled:                               {"t", "True", ""},
		zones:                                 {"t", "Europe/Madrid", ""},
		hired:                                 {"t", "2026-01-31", ""},
		`ToUpper([jobTitle])`:                 {"t", nil, ""},
		`Append("", "")`:                      {"t", nil, ""},
		`[accountEnabled]`:                    {"t", "True", ""},
		`IgnoreFlowIfNullOrEmpty([jobTitle])`: {"t", nil, "k"},
		`Redact([mail])`:                      {"t", "ann@a.example", "s"},
		`Split([mail], "@")`:                  {"t", []any{"ann", "a.example"}, ""},
		`Count([appRoleAssignments])`:         {"t", "1", ""},
		`SingleAppRoleAssignment([appRoleAssignments])`: {"t", "User", ""},
		`AppRoleAssignmentsComplex([appRoleAssignments])`: {"t", []any{
			map[string]any{"primary": false, "type": "WindowsAzureActiveDirectoryRole", "display": "User", "value": "User"},
		}, ""},
		`Switch([employeeId], "x", "7", "seven")`: {"t", "seven", ""},
	} {
		m := rows(AttributeMapping{Type: Expression, Source: source, Target: "t"})
		require.Empty(t, cmp.Diff(want, show(flowsOf(t, m, person1(p), true))[1]), source)
	}
	m := rows(AttributeMapping{Type: Expression, Source: enabled, Target: "active"}, AttributeMapping{Type: Expression, Source: `Split([mail], "@")`, Target: `emails[type eq "work"].value`})
	flows := flowsOf(t, m, person1(p), false)
	require.Equal(t, []any{"False", "ann"}, []any{flows[1].value, flows[2].value})
}

// TestExpressionFails for one object: the error names the row.
func TestExpressionFails(t *testing.T) {
	t.Parallel()
	c, err := rows(AttributeMapping{Type: Expression, Source: `FormatDateTime([jobTitle], , "yyyy-MM-dd", "yyyy")`, Target: "title"}).compile(false)
	require.NoError(t, err)
	_, err = c.flows(person1(Properties{"jobTitle": "CEO"}), true, env{})
	require.ErrorContains(t, err, "mapping 2 (→ title): expr: FormatDateTime at ")
}

// TestExpressionsAreDeterministic: time and chance are the job's.
func TestExpressionsAreDeterministic(t *testing.T) {
	t.Parallel()
	c, err := rows(AttributeMapping{Type: Expression, Source: `Join(" ", Now(), Guid())`, Target: "title"}).compile(false)
	require.NoError(t, err)
	value := func(seed uint64) any {
		e := env{now: time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC), random: rand.New(rand.NewPCG(seed, 0))}
		flows, err := c.flows(person1(nil), true, e)
		require.NoError(t, err)
		return flows[1].value
	}
	require.Contains(t, value(1), "1/31/2026")
	require.Equal(t, value(1), value(1))
	require.NotEqual(t, value(1), value(2))
}

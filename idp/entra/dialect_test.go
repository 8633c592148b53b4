package entra

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/entra/expr"
)

// TestDialects: the same differences as the two dialects write them.
func TestDialects(t *testing.T) {
	t.Parallel()
	path := idp.MustPath
	name := difference{target: path("displayName"), old: "a", value: "b"}
	family := difference{target: path("name.familyName"), old: "a", value: "b"}
	nick := difference{target: path("nickName"), value: "b"}
	title := difference{target: path("title"), value: "c"}
	mail := difference{target: path(`emails[type eq "work"].value`), old: "a", value: "b"}
	mobile := difference{target: path(`phoneNumbers[type eq "mobile"].value`), value: "1"}
	number := difference{target: path(idp.EnterpriseSchema + ":employeeNumber"), old: "1", value: "2"}
	off := difference{target: activeTarget, old: true, value: false}
	on := difference{target: activeTarget, old: false, value: true}
	anew := difference{target: activeTarget, value: true}
	roles := difference{
		target: path("roles"), value: []any{map[string]any{"value": "Admin"}, map[string]any{"value": "Reader"}},
		roles: []expr.AppRole{{ID: "1", Value: "Admin", DisplayName: "Administrator"}, {ID: "2", Value: "Reader", DisplayName: "Reader"}},
	}
	full := roles
	full.roles, full.old = nil, []any{}
	for title, c := range map[string]struct {
		group    bool
		changes  []difference
		old, new string
	}{
		"one text": {
			false,
			[]difference{name},
			`[{"op":"Replace","path":"displayName","value":"b"}]`,
			`[{"op":"replace","path":"displayName","value":"b"}]`,
		},
		"one text that was not there": {
			false,
			[]difference{nick},
			`[{"op":"Add","path":"nickName","value":"b"}]`,
			`[{"op":"add","path":"nickName","value":"b"}]`,
		},
		"several": {
			false,
			[]difference{name, mail, family, mobile, number},
			`[{"op":"Replace","path":"displayName","value":"b"},{"op":"Replace","path":"emails[type eq \"work\"].value","value":"b"},` +
				`{"op":"Replace","path":"name.familyName","value":"b"},{"op":"Add","path":"phoneNumbers[type eq \"mobile\"].value","value":"1"},` +
				`{"op":"Replace","path":"` + idp.EnterpriseSchema + `:employeeNumber","value":"2"}]`,
			`[{"op":"replace","path":"emails[type eq \"work\"].value","value":"b"},{"op":"add","path":"phoneNumbers[type eq \"mobile\"].value","value":"1"},` +
				`{"op":"replace","value":{"displayName":"b","name.familyName":"b","` + idp.EnterpriseSchema + `:employeeNumber":"2"}}]`,
		},
		"several that were not there": {
			false,
			[]difference{nick, title},
			`[{"op":"Add","path":"nickName","value":"b"},{"op":"Add","path":"title","value":"c"}]`,
			`[{"op":"add","value":{"nickName":"b","title":"c"}}]`,
		},
		"disable": {
			false,
			[]difference{off},
			`[{"op":"Replace","path":"active","value":"False"}]`,
			`[{"op":"replace","path":"active","value":false}]`,
		},
		"disable and rename": {
			false,
			[]difference{off, name},
			`[{"op":"Replace","path":"active","value":"False"},{"op":"Replace","path":"displayName","value":"b"}]`,
			`[{"op":"replace","value":{"active":false,"displayName":"b"}}]`,
		},
		"restore": {
			false,
			[]difference{on},
			`[{"op":"Replace","path":"active","value":"True"}]`,
			`[{"op":"replace","path":"active","value":true}]`,
		},
		"active where the service had none": {
			false,
			[]difference{anew},
			`[{"op":"Add","path":"active","value":"True"}]`,
			`[{"op":"add","path":"active","value":true}]`,
		},
		"a group": {
			true,
			[]difference{name},
			`[{"op":"Replace","path":"displayName","value":"b"}]`,
			`[{"op":"replace","value":{"displayName":"b"}}]`,
		},
		"roles": {
			false,
			[]difference{roles},
			`[{"op":"Add","path":"roles","value":[{"value":"{\"id\":\"1\",\"value\":\"Admin\",\"displayName\":\"Administrator\"}"},` +
				`{"value":"{\"id\":\"2\",\"value\":\"Reader\",\"displayName\":\"Reader\"}"}]}]`,
			`[{"op":"add","path":"roles","value":[{"value":"Admin"},{"value":"Reader"}]}]`,
		},
		"roles in full": {
			false,
			[]difference{full},
			`[{"op":"Replace","path":"roles","value":[{"value":"Admin"},{"value":"Reader"}]}]`,
			`[{"op":"replace","path":"roles","value":[{"value":"Admin"},{"value":"Reader"}]}]`,
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.old, toJSON(t, dialect{}.patch(c.group, c.changes)))
			require.Equal(t, c.new, toJSON(t, dialect{flag: true}.patch(c.group, c.changes)))
		})
	}
}

// TestMemberForms: several members in one operation, $ref null as of old, and removals by
// a value or by a path.
func TestMemberForms(t *testing.T) {
	t.Parallel()
	added, removed := []string{"1", "2"}, []string{"3", "4"}
	require.Equal(t, `[{"op":"Add","path":"members","value":[{"$ref":null,"value":"1"},{"$ref":null,"value":"2"}]},`+
		`{"op":"Remove","path":"members","value":[{"$ref":null,"value":"3"},{"$ref":null,"value":"4"}]}]`, toJSON(t, dialect{}.members(added, removed)))
	require.Equal(t, `[{"op":"add","path":"members","value":[{"value":"1"},{"value":"2"}]},`+
		`{"op":"remove","path":"members[value eq \"3\"]"},{"op":"remove","path":"members[value eq \"4\"]"}]`, toJSON(t, dialect{flag: true}.members(added, removed)))
	require.Equal(t, `[{"op":"Remove","path":"members","value":[{"$ref":null,"value":"3"},{"$ref":null,"value":"4"}]}]`, toJSON(t, dialect{}.members(nil, removed)))
}

// TestManagerForms: all forms that were seen, and that the library takes each.
func TestManagerForms(t *testing.T) {
	t.Parallel()
	for form, want := range map[ManagerForm][2]string{
		ManagerText:   {`[{"op":"Add","path":"ENT:manager","value":"ann"}]`, `[{"op":"add","path":"ENT:manager","value":"ann"}]`},
		ManagerObject: {`[{"op":"Add","path":"ENT:manager","value":{"value":"ann"}}]`, `[{"op":"add","path":"ENT:manager","value":{"value":"ann"}}]`},
		ManagerList:   {`[{"op":"Add","path":"manager","value":[{"$ref":null,"value":"ann"}]}]`, `[{"op":"add","path":"manager","value":[{"$ref":null,"value":"ann"}]}]`},
	} {
		for i, flag := range []func(*Config){func(*Config) {}, flagged} {
			t.Run(string(form)+[]string{"old", "new"}[i], func(t *testing.T) {
				t.Parallel()
				s := newStage(t, flag, func(c *Config) { c.Manager = form })
				ann := s.user("ann")
				bob := s.user("bob", Properties{"manager": ann})
				lines := s.cycle()
				require.Equal(t, "PATCH /Users/bob"+[]string{"", "?" + Flag}[i]+" "+want[i], lines[4])
				if form != ManagerList { // the bare name is no attribute of the core
					require.Equal(t, s.at(ann).ID, s.at(bob).Manager.Value)
				}
				s.set(bob, Properties{"manager": nil})
				s.cycle()
				require.Empty(t, s.at(bob).Manager.Value)
			})
		}
	}
}

// TestFlag: the key may stand anywhere in the query, in any case.
func TestFlag(t *testing.T) {
	t.Parallel()
	for url, want := range map[string]bool{
		"https://a.example/scim": false, "https://a.example/scim?aadOptscim062020": true, "https://a.example/scim/?x=1&AADOptSCIM062020=": true,
		"https://a.example/aadOptscim062020": false, "": false, "://?aadOptscim062020": false,
		"https://a.example/scim?aadOptscim062020&AzureAdScimPatch2017": false,
	} {
		require.Equal(t, want, dialectOf(&idp.Service{URL: url}, "").flag, url)
	}
}

// TestAlike: what counts as no difference.
func TestAlike(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		has, want any
		alike     bool
	}{
		{"a", "a", true},
		{"A", "a", false},
		{nil, "a", false},
		{true, true, true},
		{"True", true, true},
		{"true", false, false},
		{nil, false, false},
		{[]any{"a"}, []any{"a"}, true},
		{[]any{"a"}, []any{"b"}, false},
	} {
		require.Equal(t, c.alike, alike(c.has, c.want), "%v, %v", c.has, c.want)
	}
	require.Equal(t, true, typed(activeTarget, "TRUE"))
	require.Equal(t, "perhaps", typed(activeTarget, "perhaps"))
	require.Equal(t, "True", typed(idp.MustPath("title"), "True"))
	require.Equal(t, false, typed(idp.MustPath(`emails[type eq "work"].primary`), "false"))
}

package expr_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp/entra/expr"
)

func TestFlow(t *testing.T) { flowCases.check(t) }

var flowCases = cases{
	{`[userPrincipalName]`, "John.Doe@contoso.com"},
	{`[UserPrincipalName]`, nil},
	{`"constant"`, "constant"},
	{`[mails]`, []string{"SMTP:j@contoso.com", "smtp:d@contoso.com", "smtp:d@contoso.com"}},

	{`CBool([givenName] = [givenName])`, true},
	{`CBool([givenName] = [surname])`, false},
	{`CBool([nobody] = [blank])`, true},
	{`CBool("john" = [givenName])`, false},
	{`CBool([alone] = "only")`, true},
	{`CBool([mails] = "only")`, fails("=", 6, "there are 3 values where one belongs; Item picks one, Join joins them")},
	{`CBool(-2)`, true},
	{`CBool(0)`, false},
	{`CBool("0")`, false},
	{`CBool("True")`, true},
	{`CBool("false")`, false},
	{`CBool([accountEnabled])`, true},
	{`CBool([nobody])`, false},
	{`CBool("yes")`, fails("CBool", 6, `"yes" is neither true nor false`)},
	{`CBool(7 = "07")`, true},
	{`CBool("7" = "07")`, false},
	{`CBool([level] <> 7)`, false},
	{`CBool("10" > "9")`, true},
	{`CBool("10" > "9a")`, false},
	{`CBool("1.5" >= 1)`, true},
	{`CBool("a" < "b")`, true},
	{`CBool("B" < "a")`, true},
	{`CBool(3 <= 3)`, true},
	{`CBool(3 < 3)`, false},
	{`CBool("b" > "a")`, true},
	{`CBool(3 >= 4)`, false},
	{`CBool(3 >= 3)`, true},
	{`CBool("a" > "a")`, false},
	{`CBool("1.50" <= "1.5")`, true},
	{`CBool("1.5" < "1.50")`, false},
	{`CBool("1.0" = 1)`, true},

	{`Coalesce([nobody], [userPrincipalName])`, "John.Doe@contoso.com"},
	{`Coalesce([nobody], [none], "x")`, []string{}},
	{`Coalesce([blank], "x")`, ""},
	{`Coalesce([nobody], NULL, "x")`, "x"},
	{`Coalesce([nobody], , "")`, ""},
	{`Coalesce([nobody])`, nil},
	{`Coalesce([accountEnabled])`, true},
	{`Coalesce([givenName], Item([mails], 9))`, "John"},
	{`Coalesce(IgnoreFlowIfNullOrEmpty([nobody]), "x")`, "x"},

	{`Count([mails])`, 3},
	{`Count([givenName])`, 1},
	{`Count([nobody])`, 0},
	{`Count([none])`, 0},
	{`Count([appRoleAssignments])`, 2},

	{`IgnoreFlowIfNullOrEmpty([givenName])`, "John"},
	{`IgnoreFlowIfNullOrEmpty([IsSoftDeleted])`, false},
	{`IsNull(IgnoreFlowIfNullOrEmpty([blank]))`, true},
	{`Append(IgnoreFlowIfNullOrEmpty([blank]), "x")`, nil},

	{`IIF([country]="Germany",[country],[surname])`, "Germany"},
	{`IIF([country]="germany",[country],[surname])`, "Doe"},
	{`IIF([country]="USA","True",IIF([surname]="Doe","True","False"))`, "True"},
	{`IIF([nobody]="",[country],"Other")`, "Other"},
	{`IIF([blank]="","empty","Other")`, "Other"},
	{`IIF([nobody]<>"USA","abroad","Other")`, "Other"},
	{`IIF(IsNullOrEmpty([nobody]),"Other",[nobody])`, nil},
	{`IIF(IsPresent([nobody]),[nobody],"Other")`, "Other"},
	{`IIF(IsPresent([country]),[country],"Other")`, "Germany"},
	{`IIF(Coalesce([nobody],[country])="Germany","a","b")`, "b"},
	{`IIF(True,"a","b")`, "a"},
	{`IIF([accountEnabled],"a","b")`, "a"},
	{`IIF([IsSoftDeleted],"a","b")`, "b"},
	{`IIF([level]>5,"senior","junior")`, "senior"},
	{`IIF([level]>10,"senior","junior")`, "junior"},
	{`IIF(True,"a",Item([mails],9))`, "a"},
	{`IIF(False,Item([mails],9),[mails])`, []string{"SMTP:j@contoso.com", "smtp:d@contoso.com", "smtp:d@contoso.com"}},
	{`IIF([country],"a","b")`, fails("IIF", 4, `"Germany" is neither true nor false`)},

	{`Redact([mails])`, user["mails"]},
	{`Redact([nobody])`, nil},

	{`IsNull([nobody])`, true},
	{`IsNull([blank])`, false},
	{`IsNull([none])`, false},
	{`IsNull(NULL)`, true},
	{`IsNullOrEmpty([nobody])`, true},
	{`IsNullOrEmpty([blank])`, true},
	{`IsNullOrEmpty([none])`, true},
	{`IsNullOrEmpty([noRoles])`, true},
	{`IsNullOrEmpty(" ")`, false},
	{`IsNullOrEmpty([IsSoftDeleted])`, false},
	{`IsPresent([nobody])`, false},
	{`IsPresent([blank])`, false},
	{`IsPresent([mails])`, true},
	{`IsString([givenName])`, true},
	{`IsString([level])`, true},
	{`IsString([alone])`, true},
	{`IsString([mails])`, false},
	{`IsString([nobody])`, false},
	{`IsString([appRoleAssignments])`, false},

	{`Item([mails], 1)`, "SMTP:j@contoso.com"},
	{`Item([mails], 3)`, "smtp:d@contoso.com"},
	{`Item([givenName], "1")`, "John"},
	{`Item([nobody], 1)`, nil},
	{`Item([mails], 0)`, fails("Item", 14, "there is no value 0: the first is 1, the last 3")},
	{`Item([mails], 4)`, fails("Item", 14, "there is no value 4: the first is 1, the last 3")},

	{`Not([IsSoftDeleted])`, true},
	{`Not([accountEnabled])`, false},
	{`Not("TRUE")`, false},
	{`Not("False")`, true},
	{`Not("else")`, true},
	{`Not([nobody])`, true},

	{`RemoveDuplicates([mails])`, []string{"SMTP:j@contoso.com", "smtp:d@contoso.com"}},
	{`RemoveDuplicates(Split("a,A,a", ","))`, []string{"a", "A"}},
	{`RemoveDuplicates([givenName])`, []string{"John"}},
	{`RemoveDuplicates([nobody])`, nil},
	{`RemoveDuplicates([appRoleAssignments])`, fails("RemoveDuplicates", 17, "assignments to roles are no text; SingleAppRoleAssignment makes one of them")},

	{`Switch([country], "Australia/Sydney", "Germany", "Europe/Berlin")`, "Europe/Berlin"},
	{`Switch([country], "Australia/Sydney", "germany", "Europe/Berlin")`, "Australia/Sydney"},
	{`Switch([nobody], "default", "a", "b")`, "default"},
	{`Switch([nobody], , "a", "b")`, nil},
	{`Switch([nobody],[nobody],"","Other")`, "Other"},
	{`Switch([blank], "default", "a", "1", "", "0")`, "0"},
	{`Switch([country],[country],"","Other")`, "Germany"},
	{`Switch([IsSoftDeleted], , "False", "True", "True", "False")`, "True"},
	{`Switch([accountEnabled], , "False", "True", "True", "False")`, "False"},
	{`Switch("true", , "True", "False", "False", "True")`, nil},
	{`Switch([level], "x", 7, "seven")`, "seven"},
	{`Switch(IsPresent([nobody]), "DefaultValue", "True", [nobody])`, "DefaultValue"},
	{`Switch(IsPresent([country]), "DefaultValue", "True", [country])`, "Germany"},
	{`Switch([country], "x", [nobody], "y", [country], "z")`, "z"},
	{`Switch([country], "x", "Germany", [mails])`, []string{"SMTP:j@contoso.com", "smtp:d@contoso.com", "smtp:d@contoso.com"}},
	{`Switch([country], Item([mails], 9), "Germany", "ok", Item([mails], 9), Item([mails], 9))`, "ok"},
	{`Switch([mails], "x", "a", "b")`, fails("Switch", 7, "there are 3 values where one belongs; Item picks one, Join joins them")},
	{`IIF(DateDiff("d", Now(), CDate("2021-07-10")) > 5, "False", "True")`, "False"},

	{`SelectUniqueValue("a", "b")`, fails("SelectUniqueValue", 0, "Entra supports it for users of Active Directory only: the target cannot be asked what it has")},
}

func TestRoles(t *testing.T) { roleCases.check(t) }

var roleCases = cases{
	{`SingleAppRoleAssignment([appRoleAssignments])`, "DS Admin"},
	{`Switch(SingleAppRoleAssignment([appRoleAssignments]), " ", "DS Admin", "8032066")`, "8032066"},
	{`SingleAppRoleAssignment([noRoles])`, nil},
	{`SingleAppRoleAssignment([nobody])`, nil},
	{`SingleAppRoleAssignment([country])`, fails("SingleAppRoleAssignment", 24, "these are no assignments to roles; the attribute is [appRoleAssignments]")},
	{`AppRoleAssignmentsComplex([appRoleAssignments])`, user["appRoleAssignments"]},
	{`AppRoleAssignmentsComplex([nobody])`, nil},
	{`AssertiveAppRoleAssignmentsComplex([noRoles])`, nil},
	{`AssertiveAppRoleAssignmentsComplex([mails])`, fails("AssertiveAppRoleAssignmentsComplex", 35, "these are no assignments to roles; the attribute is [appRoleAssignments]")},
}

// TestAssertive: one function replaces the roles of the target, the other adds to them,
// and a role is in JSON as Entra's patches have it.
func TestAssertive(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]bool{"AppRoleAssignmentsComplex": false, "AssertiveAppRoleAssignmentsComplex": true} {
		v, err := parsed(t, name+"([appRoleAssignments])").Eval(env(user))
		require.NoError(t, err)
		require.Equal(t, expr.Roles, v.Kind())
		require.Equal(t, want, v.Assertive(), name)
		require.Equal(t, user["appRoleAssignments"].Roles(), v.Roles())
		require.Equal(t, "DS Admin, user", v.String())
		data, err := json.Marshal(v.Roles()[0])
		require.NoError(t, err)
		require.Equal(t, `{"id":"1","value":"ds-admin","displayName":"DS Admin"}`, string(data))
	}
}

// TestIgnored: nothing is told from the instruction to leave the target alone.
func TestIgnored(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`IgnoreFlowIfNullOrEmpty([nobody])`,
		`IgnoreFlowIfNullOrEmpty([blank])`,
		`IgnoreFlowIfNullOrEmpty([none])`,
		`IgnoreFlowIfNullOrEmpty(Switch([country], "", "3443", "Dr."))`,
		`Switch([country], , "Germany", IgnoreFlowIfNullOrEmpty([nobody]))`,
	} {
		v, err := parsed(t, text).Eval(env(user))
		require.NoError(t, err)
		require.Equal(t, expr.Ignored, v.Kind(), text)
		require.Empty(t, v.String())
		require.Empty(t, v.List())
	}
}

// TestRedact: a value that was redacted, or made of one, is sent as it is and never
// shown, in no error either.
func TestRedact(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`Redact([givenName])`:                                     "John",
		`Redact("StringToBeRedacted")`:                            "StringToBeRedacted",
		`Append(Redact([givenName]), "!")`:                        "John!",
		`Switch([country], "x", "Germany", Redact([surname]))`:    "Doe",
		`IIF(Redact([country]) = "Germany", [surname], "nobody")`: "Doe",
	} {
		v, err := parsed(t, text).Eval(env(user))
		require.NoError(t, err)
		require.Equal(t, want, v.Text(), text)
		require.True(t, v.Redacted(), text)
		require.Equal(t, "[Redact]", v.String(), text)
	}
	v, err := parsed(t, `IIF([country] = "USA", Redact([surname]), [givenName])`).Eval(env(user))
	require.NoError(t, err)
	require.False(t, v.Redacted())
	require.Equal(t, "John", v.String())
	for text, want := range map[string]string{
		`Redact(CDate([surname]))`:                  "[Redact] is no date that can be recognised",
		`CDate(Redact([surname]))`:                  "[Redact] is no date that can be recognised",
		`Append(Redact("x"), Left("x", [surname]))`: "numChars is [Redact], not a whole number",
	} {
		_, err := parsed(t, text).Eval(env(user))
		require.Equal(t, want, place(t, err).Msg, text)
	}
}

// TestSelectUniqueValue: the first value that the target can still take, where it can
// be asked.
func TestSelectUniqueValue(t *testing.T) {
	t.Parallel()
	e := parsed(t, `SelectUniqueValue([nobody], Join(".", [givenName], [surname]), Join(".", Mid([givenName], 1, 1), [surname]), "x")`)
	for _, c := range []struct {
		taken []string
		want  string
	}{
		{nil, "John.Doe"},
		{[]string{"John.Doe"}, "J.Doe"},
		{[]string{"John.Doe", "J.Doe"}, "x"},
	} {
		in := env(user)
		in.Taken = func(s string) bool {
			for _, taken := range c.taken {
				if s == taken {
					return true
				}
			}
			return false
		}
		v, err := e.Eval(in)
		require.NoError(t, err)
		require.Equal(t, c.want, v.Text())
	}
	in := env(user)
	in.Taken = func(string) bool { return true }
	_, err := e.Eval(in)
	require.EqualError(t, err, "expr: SelectUniqueValue at 0: the target has all values already")
}

// TestValue: what a Value says of itself.
func TestValue(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		v    expr.Value
		kind expr.Kind
		text string
		list []string
		show string
	}{
		{expr.Value{}, expr.Absent, "", nil, ""},
		{expr.Text("a"), expr.String, "a", []string{"a"}, "a"},
		{expr.Truth(true), expr.Bool, "True", []string{"True"}, "True"},
		{expr.Truth(false), expr.Bool, "False", []string{"False"}, "False"},
		{expr.Integer(-7), expr.Number, "-7", []string{"-7"}, "-7"},
		{expr.Texts("a", "b"), expr.List, "", []string{"a", "b"}, "a, b"},
		{expr.Assignments(expr.AppRole{Value: "r"}), expr.Roles, "", nil, "r"},
	} {
		require.Equal(t, c.kind, c.v.Kind())
		require.Equal(t, c.text, c.v.Text())
		require.Equal(t, c.list, c.v.List())
		require.Equal(t, c.show, c.v.String())
	}
	require.True(t, expr.Text("tRUE").Bool())
	require.False(t, expr.Text("1").Bool())
	require.Equal(t, int64(-7), expr.Integer(-7).Int())
	require.Zero(t, expr.Truth(true).Int())
	list := expr.Texts("a").List()
	list[0] = "b"
	require.Equal(t, []string{"a"}, expr.Texts("a").List())
}

package expr_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim/idp/entra/expr"
)

// The expressions of the product's help page, as printed there.
const (
	timezone = `Switch(ToLower([country]), "Europe/London", "united kingdom", "Europe/London", "germany", "Europe/Berlin", "south africa", "Africa/Johannesburg", "zimbabwe", "Africa/Harare", "spain", "Europe/Madrid", "es", "Europe/Madrid", "france", "Europe/Paris", "iceland", "Atlantic/Reykjavik", "namibia", "Africa/Windhoek", "nigeria", "Africa/Lagos")`
	hireDate = `FormatDateTime([employeeHireDate], , "yyyy-MM-ddTHH:mm:ssZ", "yyyy-MM-dd")`
	active   = `Switch([IsSoftDeleted], , "False", "True", "True", "False")`
)

// TestHelpPage: what the product's help page tells administrators to enter does what
// it says there.
func TestHelpPage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text      string
		attribute string
		is        expr.Value
		want      string
	}{
		{timezone, "country", expr.Text("United Kingdom"), "Europe/London"},
		{timezone, "country", expr.Text("SPAIN"), "Europe/Madrid"},
		{timezone, "country", expr.Text("ES"), "Europe/Madrid"},
		{timezone, "country", expr.Text("Nigeria"), "Africa/Lagos"},
		{timezone, "country", expr.Text("South Africa"), "Africa/Johannesburg"},
		{timezone, "country", expr.Text("Spain "), "Europe/London"},
		{timezone, "country", expr.Text("Atlantis"), "Europe/London"},
		{timezone, "country", expr.Value{}, "Europe/London"},
		{hireDate, "employeeHireDate", expr.Text("2024-02-29T08:00:00Z"), "2024-02-29"},
		{hireDate, "employeeHireDate", expr.Text("2024-12-31T23:59:59Z"), "2024-12-31"},
		{hireDate, "employeeHireDate", expr.Value{}, ""},
		{active, "IsSoftDeleted", expr.Truth(false), "True"},
		{active, "IsSoftDeleted", expr.Text("True"), "False"},
	} {
		e := parsed(t, c.text)
		require.Equal(t, c.text, e.String())
		require.Equal(t, []string{c.attribute}, e.Attributes())
		v, err := e.Eval(env(object{c.attribute: c.is}))
		require.NoError(t, err)
		require.Equal(t, c.want, v.Text(), "%s of %s", c.text, c.is)
	}
	_, err := parsed(t, hireDate).Eval(env(object{"employeeHireDate": expr.Text("29/02/2024")}))
	require.EqualError(t, err, `expr: FormatDateTime at 15: "29/02/2024" is no date of the format "yyyy-MM-ddTHH:mm:ssZ"`)
}

// TestString: what is read is written as Entra writes it, and what it reads.
func TestString(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		" [ a b ] ":                             "[ a b ]",
		`"a"`:                                   `"a"`,
		"Guid( )":                               "Guid()",
		"Join(\",\",\n\t[b],[a],[b])":           `Join(",", [b], [a], [b])`,
		`Replace([mail],"@x",,,"",,)`:           `Replace([mail], "@x", , , "", , )`,
		`ToLower([a] ,)`:                        `ToLower([a], )`,
		`IIF([a]="x",&HF7,-10)`:                 `IIF([a] = "x", &HF7, -10)`,
		`IIF([a] <>[b],True,NULL)`:              `IIF([a] <> [b], True, NULL)`,
		`InStr("a","b",1,vbTextCompare)`:        `InStr("a", "b", 1, vbTextCompare)`,
		`"Company name: \"Contoso\" \\ x"`:      `"Company name: \"Contoso\" \\ x"`,
		`[emails[type eq "work"].value]`:        `[emails[type eq "work"].value]`,
		"Append(\u00a0\"é\n\",\r\n\"(],[\")":    "Append(\"é\n\", \"(],[\")",
		`ToLower("` + "\uFFFD" + `")`:           `ToLower("` + "\uFFFD" + `")`,
		`CBool(Count([a])>=Count([b]))`:         `CBool(Count([a]) >= Count([b]))`,
		`Switch(ToLower([Z]),[b],[a],[Z],1,2)`:  `Switch(ToLower([Z]), [b], [a], [Z], 1, 2)`,
		`SelectUniqueValue("a",Join("",[x],1))`: `SelectUniqueValue("a", Join("", [x], 1))`,
	} {
		e := parsed(t, text)
		require.Equal(t, want, e.String())
		require.Equal(t, want, parsed(t, want).String())
	}
	require.Equal(t, []string{"Z", "a", "b"}, parsed(t, `Switch(ToLower([Z]),[b],[a],[Z],1,2)`).Attributes())
	require.Empty(t, parsed(t, `Guid()`).Attributes())
}

// TestStringWithoutSpaces: an expression that fits only as it is written still does.
func TestStringWithoutSpaces(t *testing.T) {
	t.Parallel()
	text := `Join(""` + strings.Repeat(`,"é"`, (expr.MaxLength-8)/4) + `)`
	require.Equal(t, expr.MaxLength, utf8.RuneCountInString(text))
	require.Equal(t, text, parsed(t, text).String())
}

// TestRefusals: where it is wrong, and what is.
func TestRefusals(t *testing.T) {
	t.Parallel()
	deep := func(n int) string { return strings.Repeat("Not(", n) + `"x"` + strings.Repeat(")", n) }
	for _, c := range []struct {
		text string
		at   int
		msg  string
	}{
		{"", 0, "the expression is empty"},
		{" \n ", 0, "the expression is empty"},
		{"é\xff", 1, "the expression is not UTF-8"},
		{`"` + strings.Repeat("é", expr.MaxLength) + `"`, expr.MaxLength, "the expression has 10002 characters, more than 10000"},
		{`switch([a], , "b", "c")`, 0, "switch is no function; names are case-sensitive: write Switch"},
		{`Join("", isNULL([a]))`, 9, "isNULL is no function; names are case-sensitive: write IsNull"},
		{`Trim([a])`, 0, "Trim is no function"},
		{`  Trim ([a])`, 2, "Trim is no function"},
		{`Guid`, 0, "the function Guid is without its parentheses"},
		{`country`, 0, "country is no function; a text stands in quotation marks, an attribute in square brackets"},
		{`IIF([a], true, False)`, 9, "true is no function; a text stands in quotation marks, an attribute in square brackets"},
		{`IIF([a] = 1, vbTextCompare, 1)`, 13, "vbTextCompare is no function; a text stands in quotation marks, an attribute in square brackets"},
		{`InStr("a", "b", 1, x)`, 19, "x is no function; a text stands in quotation marks, an attribute in square brackets"},
		{`DateAdd(d, 1, Now())`, 8, "d is no function; a text stands in quotation marks, an attribute in square brackets"},
		{`DateAdd("w", 1, Now())`, 8, `interval is "w", not one of yyyy, m, d, ww, h, n, s`},
		{`InStr("a", "b", 1, "x")`, 19, `compareType is "x", not one of vbTextCompare, vbBinaryCompare`},
		{`ToLower()`, 0, "ToLower has 0 arguments; it is ToLower(source, culture?)"},
		{`Append("é", ToLower([a], "en", "x"))`, 12, "ToLower has 3 arguments; it is ToLower(source, culture?)"},
		{`Guid([a])`, 0, "Guid has 1 arguments; it is Guid()"},
		{`Switch([a], "My Admins", "owner", "My Editors", "editor", "My Users", "member")`, 0, "Switch has 7 arguments; it is Switch(source, defaultValue?, key, value, …)"},
		{`Switch([a], "x")`, 0, "Switch has 2 arguments; it is Switch(source, defaultValue?, key, value, …)"},
		{`Switch([a], "x", "y")`, 0, "Switch has 3 arguments; it is Switch(source, defaultValue?, key, value, …)"},
		{`Join("-")`, 0, "Join has 1 arguments; it is Join(separator, source, …)"},
		{`SelectUniqueValue([a])`, 0, "SelectUniqueValue has 1 arguments; it is SelectUniqueValue(uniqueValueRule1, uniqueValueRule2, …)"},
		{`Append(, "x")`, 0, "argument 1 of Append is empty: source"},
		{`Append("x",)`, 0, "argument 2 of Append is empty: suffix"},
		{`Switch([a], "x", "y", "z", , "z")`, 0, "argument 5 of Switch is empty: key"},
		{`Coalesce(, [a])`, 0, "argument 1 of Coalesce is empty: source"},
		{`ToLower(SelectUniqueValue("a", "b"))`, 8, "SelectUniqueValue cannot stand in another function"},
		{`Replace([a])`, 0, "Replace needs oldValue with replacementValue or template, or regexPattern with replacementValue, or with regexGroupName and replacementAttributeName"},
		{`Replace([a], "b", , , , , )`, 0, "Replace needs oldValue with replacementValue or template, or regexPattern with replacementValue, or with regexGroupName and replacementAttributeName"},
		{`Replace([a], , "(?=x)", , "", , )`, 15, "the pattern is none of RE2, whose patterns are used here: invalid or unsupported Perl syntax: `(?=`"},
		{`Replace([a], , "(a)\\1", , "", , )`, 15, "the pattern is none of RE2, whose patterns are used here: invalid escape sequence: `\\1`"},
		{`Replace([a], , "(?<n>x)", "m", "", , )`, 26, `the pattern has no group "m"`},
		{`Replace([a], , "(x)", "2", "", , )`, 22, `the pattern has no group "2"`},
		{`Replace([a], , "(x)", "-1", "", , )`, 22, `the pattern has no group "-1"`},
		{`ToUpper([a], "no culture")`, 13, "there is no culture no culture"},
		{`FormatDateTime([a], "Sometimes", "yyyy", "yyyy")`, 20, `there is no date style "Sometimes"`},
		{`FormatDateTime([a], "AssumeLocal,AssumeUniversal", "yyyy", "yyyy")`, 20, `the date styles "AssumeLocal,AssumeUniversal" exclude each other`},
		{`FormatDateTime([a], "RoundtripKind,AdjustToUniversal", "yyyy", "yyyy")`, 20, `the date styles "RoundtripKind,AdjustToUniversal" exclude each other`},
		{`FormatDateTime([a], , "", "")`, 22, "the date format is empty"},
		{`FormatDateTime([a], , "x", "yyyy")`, 22, `"x" alone is no date format`},
		{`FormatDateTime([a], , "yyyy", "ffffffff")`, 30, `the date format "ffffffff": it has more than 7 times f`},
		{`FormatDateTime([a], , "yyyy", "yyyy 'o")`, 30, `the date format "yyyy 'o": the text that begins with ' does not end`},
		{`FormatDateTime([a], , "yyyy", "yyyy 'o\\")`, 30, `the date format "yyyy 'o\\": it ends with a backslash`},
		{`FormatDateTime([a], , "yyyy", "yyyy\\")`, 30, `the date format "yyyy\\": it ends with a backslash`},
		{`FormatDateTime([a], , "yyyy", "yyyy%")`, 30, `the date format "yyyy%": nothing stands behind %`},
		{`FormatDateTime([a], , "yyyy", "%%d")`, 30, `the date format "%%d": nothing stands behind %`},
		{`FormatDateTime([a], "yyyy", "yyyy")`, 0, "FormatDateTime has 3 arguments; it is FormatDateTime(source, dateTimeStyles?, inputFormat, outputFormat)"},
		{`[]`, 0, "the name of the attribute is missing"},
		{`ToLower([ ])`, 8, "the name of the attribute is missing"},
		{`ToLower([a)`, 8, "the attribute has no ] at its end"},
		{`[a[b]`, 0, "the attribute has no ] at its end"},
		{`Append("a", "b)`, 12, `the text has no " at its end`},
		{`"a\`, 0, `the text has no " at its end`},
		{`"a\"`, 0, `the text has no " at its end`},
		{`Replace([é], , "\d", , "", , )`, 16, `a backslash is written \\, so \\d rather than \d`},
		{`ToLower(“a”)`, 8, `a text begins with ", not with “`},
		{`ToLower(‘a’)`, 8, `a text begins with ", not with ‘`},
		{`ToLower(’a’)`, 8, `a text begins with ", not with ’`},
		{`ToLower(”a”)`, 8, `a text begins with ", not with ”`},
		{`ToLower('a')`, 8, `a text begins with ", not with '`},
		{`ToLower([a]`, 11, "the end stands where a comma or ) of ToLower should be"},
		{"[a]\x00", 3, "the expression ends before U+0000"},
		{`Append([a] [b])`, 11, "[ stands where a comma or ) of Append should be"},
		{`Append([a] & [b])`, 11, "& stands where a comma or ) of Append should be; texts are joined by Join or Append, and conditions by one IIF in another"},
		{`Append([a] + [b])`, 11, "+ stands where a comma or ) of Append should be; texts are joined by Join or Append"},
		{`IIF([a] = 1 || [b] = 2, 1, 2)`, 12, "| stands where a comma or ) of IIF should be; there is no or: put one IIF into another"},
		{`IIF([a] = 1 = 2, 1, 2)`, 12, "= stands where a comma or ) of IIF should be"},
		{`IIF([a] == 1, 1, 2)`, 9, "an attribute, a text, a number or a function is missing before ="},
		{`IIF([a] >, 1, 2)`, 9, "an attribute, a text, a number or a function is missing before ,"},
		{`IIF(> 1, 1, 2)`, 4, "an attribute, a text, a number or a function is missing before >"},
		{`IIF(([a] = 1), 1, 2)`, 4, "parentheses stand behind the name of a function only"},
		{`ToLower(`, 8, "an attribute, a text, a number or a function is missing before the end"},
		{`[a] = "b"`, 4, "a comparison stands in the arguments of a function only, such as IIF"},
		{`[a] [b]`, 4, "the expression ends before ["},
		{`ToLower([a]))`, 12, "the expression ends before )"},
		{`Left([a], 1.5)`, 10, "1.5 is no whole number of 64 bits"},
		{`Left([a], 1x)`, 10, "1x is no whole number of 64 bits"},
		{`Left([a], -)`, 10, "- is no whole number of 64 bits"},
		{`Left([a], 9223372036854775808)`, 10, "9223372036854775808 is no whole number of 64 bits"},
		{`Left([a], &HG)`, 10, "&HG is no whole number of 64 bits"},
		{`Left([a], &HH1)`, 10, "&HH1 is no whole number of 64 bits"},
		{`Left([a], &)`, 10, "& begins a hexadecimal number such as &HF7; texts are joined by Join or Append"},
		{`Left([a], &`, 10, "& begins a hexadecimal number such as &HF7; texts are joined by Join or Append"},
		{deep(101), 400, "more than 100 functions stand in one another"},
		{`Join("", "x"` + strings.Repeat(",", 2500) + `)`, 0, "Join has more than 2500 arguments"},
	} {
		_, err := expr.Parse(c.text)
		e := place(t, err)
		require.Equal(t, expr.Error{Offset: c.at, Msg: c.msg}, *e, c.text)
		require.EqualError(t, err, fmt.Sprintf("expr: at %d: %s", c.at, c.msg))
	}
	parsed(t, deep(100))
}

// TestErrorsShorten: a long value is not quoted in full.
func TestErrorsShorten(t *testing.T) {
	t.Parallel()
	_, err := parsed(t, `CDate([a])`).Eval(env(object{"a": expr.Text(strings.Repeat("é", 100))}))
	require.EqualError(t, err, `expr: CDate at 6: "`+strings.Repeat("é", 60)+`…" is no date that can be recognised`)
	_, err = parsed(t, `CDate([a])`).Eval(env(object{"a": expr.Text(strings.Repeat("é", 60))}))
	require.EqualError(t, err, `expr: CDate at 6: "`+strings.Repeat("é", 60)+`" is no date that can be recognised`)
}

// generated draws an expression of a depth.
func generated(t *rapid.T, depth int, alone bool) string {
	if depth == 0 || rapid.IntRange(0, 3).Draw(t, "kind") == 0 {
		return rapid.SampledFrom([]string{`[country]`, `[mails]`, `[nobody]`, `"a b"`, `"\"\\"`, `""`, "7", "-1", "&H1F", "True", "NULL", `"2021-02-03"`}).Draw(t, "leaf")
	}
	all := slices.DeleteFunc(expr.Functions(), func(f expr.Function) bool {
		return f.Name == "SelectUniqueValue" && !alone || f.Name == "Replace" || f.Name == "FormatDateTime"
	})
	f := rapid.SampledFrom(all).Draw(t, "function")
	params := strings.Split(strings.TrimSuffix(strings.TrimPrefix(f.Usage, f.Name+"("), ")"), ", ")
	space := rapid.SampledFrom([]string{"", " ", "\n "}).Draw(t, "space")
	var args []string
	for i, p := range params {
		switch optional := strings.HasSuffix(p, "?"); {
		case p == "" || p == "…":
		case p == "interval":
			args = append(args, `"ww"`)
		case p == "compareType?":
			args = append(args, "vbTextCompare")
		case p == "culture?":
			args = append(args, `"tr"`)
		case optional && (i < len(params)-1 || rapid.Bool().Draw(t, "empty")):
			args = append(args, "")
		case p == "condition":
			args = append(args, generated(t, depth-1, false)+space+rapid.SampledFrom([]string{"=", "<>", "<", "<=", ">", ">="}).Draw(t, "operator")+space+generated(t, depth-1, false))
		default:
			args = append(args, generated(t, depth-1, false))
		}
	}
	return f.Name + "(" + space + strings.Join(args, space+",") + ")"
}

// TestAnything: whatever is well formed is read, and read again from its own text;
// it is evaluated twice alike.
func TestAnything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		same(t, generated(t, 4, true), user)
	})
}

// TestEachUsage: each function takes as many arguments as its usage says, no more and
// no fewer.
func TestEachUsage(t *testing.T) {
	t.Parallel()
	words := map[string]string{"interval": `"d"`, "compareType?": "vbTextCompare"}
	for _, f := range expr.Functions() {
		if f.Name == "Replace" { // takes some together only
			continue
		}
		usage, again := strings.CutSuffix(strings.TrimSuffix(strings.TrimPrefix(f.Usage, f.Name+"("), ")"), ", …")
		var args []string
		least := 0
		if usage != "" {
			for i, p := range strings.Split(usage, ", ") {
				args = append(args, cmp.Or(words[p], "[x]"))
				if !strings.HasSuffix(p, "?") {
					least = i + 1
				}
			}
		}
		takes := func(n int, want bool) {
			all := slices.Concat(args, []string{"[x]", "[x]"})
			_, err := expr.Parse(f.Name + "(" + strings.Join(all[:n], ",") + ")")
			require.Equal(t, want, err == nil, "%s with %d arguments: %v", f.Usage, n, err)
		}
		for n := range args {
			takes(n, n >= least)
		}
		takes(len(args), true)
		takes(len(args)+1, again && f.Name != "Switch")
		takes(len(args)+2, again)
	}
}

// TestZeroEnv: without anything there are no attributes, and it is now.
func TestZeroEnv(t *testing.T) {
	t.Parallel()
	begin := time.Now().Add(-time.Second)
	v, err := parsed(t, `Append(Now(), [x])`).Eval(expr.Env{})
	require.NoError(t, err)
	at, err := time.Parse("1/2/2006 3:04:05 PM", v.Text())
	require.NoError(t, err)
	require.WithinRange(t, at, begin, time.Now())
}

// TestConcurrently: one expression is evaluated by several goroutines.
func TestConcurrently(t *testing.T) {
	t.Parallel()
	e := parsed(t, `Join(" ", Replace([givenName], , "(J)", , "$1", , ), `+hireDate+`, `+timezone+`)`)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				v, err := e.Eval(env(user))
				assert.NoError(t, err)
				assert.Equal(t, "John Europe/Berlin", v.Text())
			}
		})
	}
	wg.Wait()
}

// TestErrorsOfArguments: what fails in an argument fails the whole, with its own name
// and place.
func TestErrorsOfArguments(t *testing.T) {
	t.Parallel()
	const failing = `Item([mails], 9)`
	for _, call := range [][]string{
		{"AppRoleAssignmentsComplex", `[x]`},
		{"Append", `"a"`, `"b"`},
		{"BitAnd", "1", "2"},
		{"CBool", "1"},
		{"CDate", `"2021-01-01"`},
		{"CStr", "1"},
		{"Coalesce", "[x]", "[x]"},
		{"Count", `"a"`},
		{"DateAdd", `"d"`, "1", "Now()"},
		{"DateDiff", `"d"`, "Now()", "Now()"},
		{"DateFromNum", "1"},
		{"FormatDateTime", `"2021"`, `"None"`, `"yyyy"`, `"yyyy"`},
		{"IgnoreFlowIfNullOrEmpty", `"a"`},
		{"InStr", `"a"`, `"a"`, "1", "vbTextCompare"},
		{"IsNull", `"a"`},
		{"Item", `"a"`, "1"},
		{"Join", `"-"`, `"a"`, `"b"`},
		{"Left", `"a"`, "1"},
		{"Mid", `"a"`, "1", "1"},
		{"Not", `"a"`},
		{"NumFromDate", "Now()"},
		{"PCase", `"a"`, `" "`},
		{"RandomString", "6", "1", "1", "1", "1", `"?"`},
		{"Redact", `"a"`},
		{"RemoveDuplicates", `"a"`},
		{"Replace", `"a"`, `"a"`, "", "", `"b"`},
		{"Replace", `"a"`, `"a"`, "", "", "", "", `"b"`},
		{"Replace", `"a"`, "", `"a"`, "", `"b"`},
		{"Replace", `"a"`, "", `"a"`, `"0"`, `"b"`},
		{"Replace", `""`, "", `"a"`, `"0"`, "", `"b"`},
		{"SelectUniqueValue", `"a"`, `"a"`},
		{"Split", `"a"`, `","`},
		{"Switch", `"a"`, "", `"b"`, `"c"`, `"d"`, `"e"`},
		{"ToLower", `"a"`, `"tr"`},
		{"Word", `"a"`, "1", `" "`},
	} {
		for i := 1; i < len(call); i++ {
			if call[i] == "" || call[0] == "Switch" && i > 1 && i%2 == 0 {
				continue
			}
			args := slices.Clone(call[1:])
			args[i-1] = failing
			in := env(user)
			in.Taken = func(string) bool { return true }
			text := call[0] + "(" + strings.Join(args, ", ") + ")"
			_, err := parsed(t, text).Eval(in)
			e := place(t, err)
			require.Equal(t, "Item", e.Func, text)
			require.Equal(t, strings.Index(text, failing)+14, e.Offset, text)
		}
	}
	for _, text := range []string{`CBool(` + failing + ` = 1)`, `CBool(1 = ` + failing + `)`, `IIF(` + failing + `, 1, 2)`} {
		_, err := parsed(t, text).Eval(env(user))
		require.Equal(t, "Item", place(t, err).Func, text)
	}
}

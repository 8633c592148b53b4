package syntax

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	filter "github.com/scim2/filter-parser/v2"
	"github.com/stretchr/testify/require"
)

// Short spellings of trees.

func attr(name string) filter.AttributePath { return filter.AttributePath{AttributeName: name} }

func sub(name, sub string) filter.AttributePath {
	return filter.AttributePath{AttributeName: name, SubAttribute: &sub}
}

func urn(prefix string, path filter.AttributePath) filter.AttributePath {
	path.URIPrefix = &prefix
	return path
}

func is(path filter.AttributePath, op filter.CompareOperator, value any) filter.Expression {
	return &filter.AttributeExpression{AttributePath: path, Operator: op, CompareValue: value}
}

func eq(name string, value any) filter.Expression { return is(attr(name), filter.EQ, value) }

func pr(name string) filter.Expression { return is(attr(name), filter.PR, nil) }

func and(l, r filter.Expression) filter.Expression {
	return &filter.LogicalExpression{Left: l, Right: r, Operator: filter.AND}
}

func or(l, r filter.Expression) filter.Expression {
	return &filter.LogicalExpression{Left: l, Right: r, Operator: filter.OR}
}

func not(e filter.Expression) filter.Expression { return &filter.NotExpression{Expression: e} }

func with(path filter.AttributePath, f filter.Expression) filter.Expression {
	return &filter.ValuePath{AttributePath: path, ValueFilter: f}
}

const (
	coreUser       = "urn:ietf:params:scim:schemas:core:2.0:User"
	enterprise     = "urn:ietf:params:scim:schemas:extension:enterprise:2.0"
	enterpriseUser = enterprise + ":User"
)

func TestParseFilter(t *testing.T) {
	for _, tt := range []struct {
		text string
		want filter.Expression
	}{
		// RFC 7644 section 3.4.2.2.
		{`userName eq "bjensen"`, eq("userName", "bjensen")},
		{`name.familyName co "O'Malley"`, is(sub("name", "familyName"), filter.CO, "O'Malley")},
		{`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"`, is(urn(coreUser, attr("userName")), filter.SW, "J")},
		{`title pr`, pr("title")},
		{`meta.lastModified gt "2011-05-13T04:42:34Z"`, is(sub("meta", "lastModified"), filter.GT, "2011-05-13T04:42:34Z")},
		{`title pr and userType eq "Employee"`, and(pr("title"), eq("userType", "Employee"))},
		{`schemas eq "` + enterpriseUser + `"`, eq("schemas", enterpriseUser)},
		{
			`userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")`,
			and(is(attr("userType"), filter.NE, "Employee"), not(or(
				is(attr("emails"), filter.CO, "example.com"), is(sub("emails", "value"), filter.CO, "example.org")))),
		},
		{
			`emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]`,
			or(
				with(attr("emails"), and(eq("type", "work"), is(attr("value"), filter.CO, "@example.com"))),
				with(attr("ims"), and(eq("type", "xmpp"), is(attr("value"), filter.CO, "@foo.com")))),
		},

		// Operators and words in any case.
		{`a EW 1 Or b Ge 2 aNd NOT(c lE 3)`, or(is(attr("a"), filter.EW, 1),
			and(is(attr("b"), filter.GE, 2), not(is(attr("c"), filter.LE, 3))))},
		{`A PR`, pr("A")},
		{`a Lt TRUE`, is(attr("a"), filter.LT, true)},

		// Precedence and chains.
		{`a pr or b pr and c pr`, or(pr("a"), and(pr("b"), pr("c")))},
		{`(a pr or b pr) and c pr`, and(or(pr("a"), pr("b")), pr("c"))},
		{`not (a pr) and b pr`, and(not(pr("a")), pr("b"))},
		{`a pr and b pr and c pr`, and(and(pr("a"), pr("b")), pr("c"))},
		{`a pr or b pr or c pr or d pr`, or(or(or(pr("a"), pr("b")), pr("c")), pr("d"))},
		{`a pr and (b pr and c pr)`, and(pr("a"), and(pr("b"), pr("c")))},
		{`((a pr))`, pr("a")},
		{`not(not(a pr))`, not(not(pr("a")))},

		// Blanks.
		{" \t a \t eq  1\t ", eq("a", 1)},
		{`( a pr )`, pr("a")},
		{"not\t ( a pr )", not(pr("a"))},
		{`a [ b pr ]`, with(attr("a"), pr("b"))},
		{`(a pr)and(b eq"x")or c pr`, or(and(pr("a"), eq("b", "x")), pr("c"))},
		{`a[b eq "x"and c pr]and d pr`, and(with(attr("a"), and(eq("b", "x"), pr("c"))), pr("d"))},

		// Names that are also words of the language.
		{`and pr and or pr or not pr`, or(and(pr("and"), pr("or")), pr("not"))},
		{`not eq not`, eq("not", "not")},
		{`not[eq eq eq]`, with(attr("not"), eq("eq", "eq"))},
		{`notes pr and order pr`, and(pr("notes"), pr("order"))},
		{`null eq null`, eq("null", nil)},

		// Names.
		{`$ref pr`, pr("$ref")},
		{`members.$ref pr`, is(sub("members", "$ref"), filter.PR, nil)},
		{`a-b_c$1 pr`, pr("a-b_c$1")},

		// Value paths.
		{
			`a[(b pr or c pr) and not (d pr)]`,
			with(attr("a"), and(or(pr("b"), pr("c")), not(pr("d")))),
		},
		{`a.b[c.d pr]`, with(sub("a", "b"), is(sub("c", "d"), filter.PR, nil))},
		{`not (a[b pr])`, not(with(attr("a"), pr("b")))},
		{
			`emails[type eq "work"].value eq "x"`,
			with(attr("emails"), and(eq("type", "work"), eq("value", "x"))),
		},
		{`a[b pr or c pr].d pr`, with(attr("a"), and(or(pr("b"), pr("c")), pr("d")))},
		{
			`a[b pr].$ref pr and c[d pr].e eq 1`,
			and(with(attr("a"), and(pr("b"), pr("$ref"))), with(attr("c"), and(pr("d"), eq("e", 1)))),
		},

		// Prefixes.
		{enterpriseUser + `:manager.value eq "1"`, is(urn(enterpriseUser, sub("manager", "value")), filter.EQ, "1")},
		{`URN:x-y_z:2.0:a pr`, is(urn("URN:x-y_z:2.0", attr("a")), filter.PR, nil)},
		{enterpriseUser + `.manager pr`, is(urn(enterprise, sub("User", "manager")), filter.PR, nil)},
		{enterpriseUser + `.manager.value pr`, is(urn(enterprise, sub("User", "manager.value")), filter.PR, nil)},
		{enterpriseUser + ` pr`, is(urn(enterprise, attr("User")), filter.PR, nil)},
		{enterpriseUser + `:a[` + coreUser + `:b pr]`, with(urn(enterpriseUser, attr("a")), is(urn(coreUser, attr("b")), filter.PR, nil))},
	} {
		t.Run(tt.text, func(t *testing.T) {
			got, err := ParseFilter(tt.text, Limits{}, nil)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(tt.want, got))
		})
	}
}

func TestParseFilterValues(t *testing.T) {
	for _, tt := range []struct {
		text string
		want any
	}{
		{`""`, ""},
		{`"a b"`, "a b"},
		{`"Zoë 𝄞"`, "Zoë 𝄞"},
		{`"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t"},
		{`"W\/\"1\""`, `W/"1"`},
		{`"\u00e9\u00E9\u0001x"`, "éé\x01x"},
		{`"x\uD834\udd1ey"`, "x𝄞y"},
		{`"\ufffd"`, "\ufffd"},
		{`")] and not ("`, ")] and not ("},

		{`0`, 0},
		{`-0`, 0},
		{`42`, 42},
		{`-17`, -17},
		{`9007199254740993`, 9007199254740993},
		{`9223372036854775807`, 9223372036854775807},
		{`9223372036854775808`, 9223372036854775808.0},
		{`1.0`, 1.0},
		{`-1.5e+2`, -150.0},
		{`1E2`, 100.0},
		{`2e-1`, 0.2},
		{`1e-400`, 0.0},

		{`true`, true},
		{`False`, false},
		{`NULL`, nil},

		{`bjensen`, "bjensen"},
		{`b.jensen+x_y-z@example.com`, "b.jensen+x_y-z@example.com"},
		{`zoë`, "zoë"},
		{`Ωμέγα`, "Ωμέγα"},
		{`trueish`, "trueish"},
		{`nul`, "nul"},
		{`007`, "007"},
		{`-`, "-"},
		{`+1`, "+1"},
		{`1.`, "1."},
		{`.5`, ".5"},
		{`1e`, "1e"},
		{`1e+`, "1e+"},
		{`1.2.3`, "1.2.3"},
		{`2819c223-7f76-453a-919d-413861904646`, "2819c223-7f76-453a-919d-413861904646"},
		{`1é`, "1é"},
	} {
		t.Run(tt.text, func(t *testing.T) {
			for _, form := range []string{"a eq %s", "(a eq %s)", "(a eq %s ) "} {
				got, err := ParseFilter(fmt.Sprintf(form, tt.text), Limits{}, nil)
				require.NoError(t, err)
				require.Empty(t, cmp.Diff(eq("a", tt.want), got))
			}
			got, err := ParseFilter("a[b eq "+tt.text+"]", Limits{}, nil)
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(with(attr("a"), eq("b", tt.want)), got))
		})
	}
}

// refusals joins position and text as Error does.
type refusal struct {
	text string
	at   int
	msg  string
}

func (r refusal) check(t *testing.T, err error) {
	t.Helper()
	require.EqualError(t, err, fmt.Sprintf("at character %d: %s", r.at, r.msg))
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, r.at-1, e.Offset)
}

func TestParseFilterRefuses(t *testing.T) {
	const (
		op      = "expected an operator such as eq"
		goOn    = "expected and, or, or the end of the filter"
		closing = "expected and, or, or the ) that closes the ("
		bracket = "expected and, or, or the ] that closes the ["
	)
	for _, tt := range []refusal{
		{``, 1, "the filter is empty"},
		{" \t", 1, "the filter is empty"},
		{"a eq \"\xff\"", 7, "the filter is not valid UTF-8"},
		{"a pr é\xc3", 7, "the filter is not valid UTF-8"},

		{`"x"`, 1, msgNoName},
		{`a pr and`, 9, msgNoName},
		{`a pr or `, 9, msgNoName},
		{`and`, 4, op},
		{`1a pr`, 1, msgBadName},
		{`$ pr`, 2, msgNoName},
		{`$1 pr`, 2, msgBadName},
		{`_a pr`, 1, msgBadName},
		{`é pr`, 1, msgNoName},
		{`.a pr`, 1, msgNoName},
		{`a. pr`, 3, msgNoSub},
		{`a..b pr`, 3, msgNoSub},
		{`a.1 pr`, 3, msgBadName},
		{`a.b.c pr`, 4, msgTooManyDots},
		{`urn:x:a.b.c.d pr`, 12, msgTooManyDots},
		{`urn:x:a.b. pr`, 11, msgNoSub},
		{`foo:a pr`, 1, msgNotURN},
		{`urns:x:a pr`, 1, msgNotURN},
		{`http://schemas:a pr`, 1, msgNotURN},
		{`:a pr`, 1, msgNotURN},
		{`urn::a pr`, 5, msgBadURN},
		{`urn:x$:a pr`, 6, msgBadURN},
		{`urn:x: pr`, 7, msgNoName},
		{`urn:x:2.0 pr`, 7, msgBadName},

		{`userName`, 9, op},
		{`userName `, 10, op},
		{`userName = "x"`, 10, op},
		{`userName equals "x"`, 10, op},
		{`userName "x"`, 10, op},
		{"a\nb eq 1", 2, op},
		{`not a pr`, 5, "expected ( after not"},
		{`a pr not (b pr)`, 6, goOn},

		{`a eq`, 5, msgNoValue},
		{`a eq )`, 6, msgNoValue},
		{`a eq 'x'`, 6, msgSingle},
		{`a eq (x)`, 6, msgQuote},
		{`a eq x#y`, 7, msgQuote},
		{`a eq urn:x`, 9, msgQuote},
		{`a eq x"y"`, 7, msgQuote},
		{`a eq x—y`, 7, msgQuote},
		{`a eq "x`, 6, msgUnclosed},
		{`a eq "x\"`, 6, msgUnclosed},
		{`a eq "é\`, 8, msgEscape},
		{`a eq "\x"`, 7, msgEscape},
		{`a eq "\'"`, 7, msgEscape},
		{`a eq "\u12"`, 7, msgEscape},
		{`a eq "\u12G4"`, 7, msgEscape},
		{`a eq "\u0000"`, 7, msgNUL},
		{`a eq "\ud834"`, 7, msgHalf},
		{`a eq "\udd1e\ud834"`, 7, msgHalf},
		{`a eq "\ud834\u0041"`, 7, msgHalf},
		{"a eq \"x\ty\"", 8, msgControl},
		{"a eq \"\\n\x00\"", 9, msgControl},
		{`a eq 1e400`, 6, msgNumber},
		{`a eq ` + strings.Repeat("9", 400), 6, msgNumber},

		{`a pr b`, 6, goOn},
		{`a pr, b pr`, 5, goOn},
		{`a pr "x"`, 6, goOn},
		{`a pr andb pr`, 6, goOn},
		{`a pr an`, 6, goOn},
		{`a eq "x"y"`, 9, goOn},
		{`a eq "é" x`, 10, goOn},
		{`a[b pr] eq 1`, 9, goOn},
		{`a pr)`, 5, "no ( is open that this ) could close"},
		{`a pr]`, 5, "no [ is open that this ] could close"},

		{`(a pr`, 6, closing},
		{`(a pr]`, 6, closing},
		{`not (a pr b)`, 11, closing},
		{`()`, 2, `expected a comparison such as value eq "x" before )`},
		{`( `, 3, msgNoName},
		{`a[]`, 3, `expected a comparison such as value eq "x" before ]`},
		{`a[ ]`, 4, `expected a comparison such as value eq "x" before ]`},
		{`a[b pr`, 7, bracket},
		{`a[b pr)`, 7, bracket},
		{`a[b[c pr]]`, 4, "a value filter in brackets must not hold another one"},
		{`a[b[c pr].d pr]`, 4, "a value filter in brackets must not hold another one"},
		{`a[(b[c pr])]`, 5, "a value filter in brackets must not hold another one"},
		{`a[b pr].`, 9, msgNoSub},
		{`a[b pr]. c pr`, 9, msgNoSub},
		{`a[b pr].c`, 10, op},
		{`a[b pr].c.d pr`, 10, msgTooManyDots},
		{`a[b pr].1 pr`, 9, msgBadName},
		{`a[b pr].$c.d pr`, 11, msgTooManyDots},
		{`a[b pr].c:d pr`, 10, msgBadName},
		{`[a pr]`, 1, msgNoName},
	} {
		t.Run(tt.text, func(t *testing.T) {
			e, err := ParseFilter(tt.text, Limits{}, nil)
			tt.check(t, err)
			require.Nil(t, e)
		})
	}
}

func TestLimits(t *testing.T) {
	chain := func(n int) string { return strings.Repeat("a pr and ", n-1) + "a pr" }
	nested := func(n int) string { return strings.Repeat("(", n) + "a pr" + strings.Repeat(")", n) }

	for _, tt := range []struct {
		name    string
		limits  Limits
		within  string
		refusal refusal
	}{
		{"bytes", Limits{Bytes: 10}, `a eq "é1"`, refusal{`a eq "é12"`, 10, "the filter is longer than the limit of 10 bytes"}},
		{"default bytes", Limits{}, `a eq "` + strings.Repeat("x", 8185) + `"`, refusal{strings.Repeat("x", 8193), 8193, "the filter is longer than the limit of 8192 bytes"}},
		{"terms", Limits{Terms: 2}, chain(2), refusal{chain(3), 19, "the filter has more comparisons than the limit of 2"}},
		{"default terms", Limits{Terms: -1}, chain(64), refusal{chain(65), 64*9 + 1, "the filter has more comparisons than the limit of 64"}},
		{"terms of a value path", Limits{Terms: 2}, `a[b pr].c pr`, refusal{`a[b pr and c pr].d pr`, 18, "the filter has more comparisons than the limit of 2"}},
		{"depth", Limits{Depth: 1}, `(a pr) and b[c pr]`, refusal{`(a[b pr])`, 3, "the filter is nested deeper than the limit of 1 levels"}},
		{"default depth", Limits{}, nested(32), refusal{nested(33), 33, "the filter is nested deeper than the limit of 32 levels"}},
		{"not", Limits{Depth: 2}, `not(not(a pr))`, refusal{`not(not(not(a pr)))`, 12, "the filter is nested deeper than the limit of 2 levels"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseFilter(tt.within, tt.limits, nil)
			require.NoError(t, err)
			_, err = ParseFilter(tt.refusal.text, tt.limits, nil)
			tt.refusal.check(t, err)
		})
	}

	_, err := ParsePath("members[a pr and b pr]", Limits{Terms: 1}, nil)
	require.EqualError(t, err, "at character 18: the path has more comparisons than the limit of 1")
	_, err = ParseAttributePath(strings.Repeat("x", 8193))
	require.EqualError(t, err, "at character 8193: the attribute name is longer than the limit of 8192 bytes")
}

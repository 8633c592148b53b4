package expr_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp/entra/expr"
)

func TestReplace(t *testing.T) { replaceCases.check(t) }

const phone = `\\+(?<isdCode>\\d* )(?<phoneNumber>\\d{10})`

var replaceCases = cases{
	// A text by another.
	{`Replace("Product Developer","Product Developer", , , "Software Engineer", , )`, "Software Engineer"},
	{`Replace([userPrincipalName], "@contoso.com", , ,"", ,)`, "John.Doe"},
	{`Replace("aXbXx", "X", , , "--")`, "a--b--x"},
	{`Replace("abc", "x", , , "y", , )`, "abc"},
	{`Replace("a.c", ".", , , "$0", , )`, "a$0c"},
	{`Replace("abc", [nobody], , , "y", , )`, fails("Replace", 15, "oldValue is empty")},
	{`Replace("abc", "b", , , [nobody], , )`, "ac"},
	{`Replace([nobody], "a", , , "b", , )`, nil},
	{`Replace([blank], "a", , , "b", , )`, ""},

	// A template.
	{`Replace("jsmith","<username>", , , , , "<username>@contoso.com")`, "jsmith@contoso.com"},
	{`Replace("x","%", , , , , "%-%")`, "x-x"},
	{`Replace([nobody],"%", , , , , "%-%")`, nil},

	// Matches of a pattern.
	{`Replace("+91 9998887777", , "` + phone + `", , "${phoneNumber}", , )`, "9998887777"},
	// The reference has no + in what comes of this, though the pattern leaves it.
	{`Replace("+1 (999) 888-7777", , "[()\\s-]+", , "", , )`, "+19998887777"},
	{`Replace("john_doe72", , "[a-zA-Z_]*", , "", , )`, "72"},
	{`Replace("aXbx", , "X", , "-", , )`, "a-bx"},
	{`Replace("abc", , "(?i)B", , "[$&]", , )`, "a[b]c"},
	{`Replace("abc", , "b", , "[$` + "`" + `|$'|$_|$$|$]", , )`, "a[a|c|abc|$|$]c"},
	{`Replace("ab", , "(?<n>a)(b)", , "$1$2${n}$0$+", , )`, "baaaba"},
	{`Replace("ab", , "(a)|b", , "<$1>", , )`, "<a><>"},
	{`Replace("a", , "a", , "$1${none}${open", , )`, "$1${none}${open"},
	{`Replace("a", , "(a)", , "$10", , )`, "$10"},
	{`Replace("a", , "a", , "x$", , )`, "x$"},
	{`Replace("abcdefghi", , "(a)(b)(c)(d)(e)(f)(g)(h)(i)", , "$9", , )`, "i"},
	{`Replace("a", , "(a)", , "${1}0${0}", , )`, "a0a"},
	{`Replace("abc", , Append("b", "c"), , "x", , )`, "ax"},
	{`Replace("abc", , [blank], , "-", , )`, "-a-b-c-"},
	{`Replace("abc", , Append("(", ""), , "x", , )`, fails("Replace", 17, "the pattern is none of RE2, whose patterns are used here: missing closing ): `(`")},
	{`Replace([nobody], , "a", , "b", , )`, nil},

	// A group of each match.
	{`Replace("545 Tremont Street", ,"(?<streetNumber>^\\d*)","streetNumber", "888", , )`, "888 Tremont Street"},
	{`Replace("jsmith@contoso.com", , "(?<Suffix>@(.)*)", "Suffix", "", , )`, "jsmith"},
	{`Replace("a1b2", , "[a-z](?<n>\\d)", "n", "$0", , )`, "a$0b$0"},
	{`Replace("a1b", , "[a-z](?<n>\\d)?", "n", "x", , )`, "axb"},
	{`Replace("a1", , "(a)(1)", "2", "x", , )`, "ax"},
	{`Replace("ab", , "a", "0", "x", , )`, "xb"},
	{`Replace("a1", , "(?<n>a)(1)", "1", "x", , )`, "ax"},
	{`Replace("a1", , "a", [country], "x", , )`, fails("Replace", 21, `the pattern has no group "Germany"`)},
	{`Replace("a1", , Append("a", ""), "n", "x", , )`, fails("Replace", 33, `the pattern has no group "n"`)},

	// Another attribute.
	{`Replace([nobody], , "(?<n>o.)", "n" , , [givenName], )`, "oh"},
	{`Replace([blank], , "(?<n>o.)", "n" , , [givenName], )`, "oh"},
	{`Replace([surname], , "(?<n>o.)", "n" , , [givenName], )`, "Doe"},
	{`Replace([nobody], , "(?<n>x)", "n" , , [givenName], )`, ""},
	{`Replace([nobody], , "J(?<n>x)?", "n" , , [givenName], )`, ""},
	{`Replace([nobody], , "(?<n>x)", "n" , , [nobody], )`, nil},
	{`Replace("", , "` + phone + `", "phoneNumber" , , "+91 8887779999", )`, "8887779999"},
}

// TestReplaceIsBounded: no replacement grows beyond what a value may be, and none
// holds more groups than there is room for.
func TestReplaceIsBounded(t *testing.T) {
	t.Parallel()
	in := env(object{"long": expr.Text(strings.Repeat("a", expr.MaxValue)), "longer": expr.Text(strings.Repeat("a", expr.MaxValue+1))})
	for _, text := range []string{
		`Replace([long], "a", , , "bb")`,
		`Replace([long], "x", , , , , "x-x")`,
		`Replace([long], , "a", , "$_")`,
		`Replace([long], , "^a", , "bb")`,
		`Replace([long], , "(?<n>a)", "n", "bb")`,
		`Replace([longer], "a", , , "")`,
		`Replace([nobody], , "(?<n>a)", "n", , [longer], )`,
		`Join([long], "a", "b")`,
		`Join("", [long], "b")`,
		`Append([long], "b")`,
		`ConvertToUTF8Hex([long])`,
		`ConvertToBase64([long])`,
		`Split([longer], ",")`,
		`ToLower([longer])`,
	} {
		_, err := parsed(t, text).Eval(in)
		require.ErrorContains(t, err, "65536 bytes", text)
	}
	_, err := parsed(t, `Replace([long], , "(a)|(b)|(c)|(d)|(e)", , "x")`).Eval(in)
	require.ErrorContains(t, err, "the pattern matches too often")
	for _, text := range []string{`Replace([long], "a", , , "b")`, `Replace([long], , "a$", , "b")`, `Join("-", [long])`, `Append([long], "")`} {
		v, err := parsed(t, text).Eval(in)
		require.NoError(t, err)
		require.Len(t, v.Text(), expr.MaxValue, text)
	}
}

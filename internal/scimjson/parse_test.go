package scimjson

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

var refusals = []struct{ text, err string }{
	{"", "at byte 0: unexpected end of the text, wanted a value"},
	{" \n", "at byte 2: unexpected end of the text, wanted a value"},
	{"1 2", "at byte 2: unexpected '2', wanted the end"},
	{"{} x", "at byte 3: unexpected 'x', wanted the end"},
	{"{}\x00", "at byte 2: unexpected '\\x00', wanted the end"},
	{"[1]]", "at byte 3: unexpected ']', wanted the end"},
	{"é", "at byte 0: unexpected '\\u00e9', wanted a value"},
	{"\xff", "at byte 0: invalid UTF-8"},
	{"nul", "at byte 0: unexpected 'n', wanted a value"},
	{"nulL", "at byte 0: unexpected 'n', wanted a value"},
	{"True", "at byte 0: unexpected 'T', wanted a value"},
	{"truex", "at byte 4: unexpected 'x', wanted the end"},
	{"NaN", "at byte 0: unexpected 'N', wanted a value"},
	{"'a'", `at byte 0: unexpected '\'', wanted a value`},
	{"// a\n1", "at byte 0: unexpected '/', wanted a value"},

	{"-", "at byte 1: unexpected end of the text, wanted a digit"},
	{"-a", "at byte 1: unexpected 'a', wanted a digit"},
	{"+1", "at byte 0: unexpected '+', wanted a value"},
	{".5", "at byte 0: unexpected '.', wanted a value"},
	{"01", "at byte 1: unexpected '1', wanted the end"},
	{"-01", "at byte 2: unexpected '1', wanted the end"},
	{"0x1", "at byte 1: unexpected 'x', wanted the end"},
	{"1.", "at byte 2: unexpected end of the text, wanted a digit"},
	{"[1.]", "at byte 3: unexpected ']', wanted a digit"},
	{"1.e1", "at byte 2: unexpected 'e', wanted a digit"},
	{"1e", "at byte 2: unexpected end of the text, wanted a digit"},
	{"1e+", "at byte 3: unexpected end of the text, wanted a digit"},
	{"1E-x", "at byte 3: unexpected 'x', wanted a digit"},

	{"[", "at byte 1: unexpected end of the text, wanted a value"},
	{"[1", "at byte 2: unexpected end of the text, wanted ',' or ']' after an element"},
	{"[1}", "at byte 2: unexpected '}', wanted ',' or ']' after an element"},
	{"[1,]", "at byte 3: unexpected ']', wanted a value"},
	{"[,1]", "at byte 1: unexpected ',', wanted a value"},
	{"[1 2]", "at byte 3: unexpected '2', wanted ',' or ']' after an element"},
	{"[}", "at byte 1: unexpected '}', wanted a value"},
	{"[{}", "at byte 3: unexpected end of the text, wanted ',' or ']' after an element"},
	{"]", "at byte 0: unexpected ']', wanted a value"},

	{"{", "at byte 1: unexpected end of the text, wanted the name of a member in quotes"},
	{"{]", "at byte 1: unexpected ']', wanted the name of a member in quotes"},
	{"{a:1}", "at byte 1: unexpected 'a', wanted the name of a member in quotes"},
	{`{1:1}`, "at byte 1: unexpected '1', wanted the name of a member in quotes"},
	{`{"a"}`, "at byte 4: unexpected '}', wanted ':' after the name of a member"},
	{`{"a" 1}`, "at byte 5: unexpected '1', wanted ':' after the name of a member"},
	{`{"a":}`, "at byte 5: unexpected '}', wanted a value"},
	{`{"a":1`, "at byte 6: unexpected end of the text, wanted ',' or '}' after a member"},
	{`{"a":1]`, "at byte 6: unexpected ']', wanted ',' or '}' after a member"},
	{`{"a":1,}`, "at byte 7: unexpected '}', wanted the name of a member in quotes"},
	{`{"a":[]"b":1}`, `at byte 7: unexpected '"', wanted ',' or '}' after a member`},

	{`"`, "at byte 1: unexpected end of the text inside a string"},
	{`"12345678`, "at byte 9: unexpected end of the text inside a string"},
	{`"\"`, "at byte 3: unexpected end of the text inside a string"},
	{`"\`, "at byte 2: unexpected end of the text inside a string"},
	{"\"a\nb\"", "at byte 2: control character in a string"},
	{"\"a\x1f2345678\"", "at byte 2: control character in a string"},
	{"\"a\x00\"", "at byte 2: NUL characters are not accepted"},
	{`"a\u0000"`, "at byte 2: NUL characters are not accepted"},
	{`{"\u0000":1}`, "at byte 2: NUL characters are not accepted"},
	{`"\x"`, "at byte 1: unknown escape in a string"},
	{`"\U0041"`, "at byte 1: unknown escape in a string"},
	{`"\'"`, "at byte 1: unknown escape in a string"},
	{`"\u12g4"`, `at byte 1: wanted four hexadecimal digits after \u`},
	{`"\u12`, `at byte 1: wanted four hexadecimal digits after \u`},
	{`"\ud83d"`, "at byte 1: half of a surrogate pair"},
	{`"\ud83d\n"`, "at byte 1: half of a surrogate pair"},
	{`"\ud83d\u0041"`, "at byte 1: half of a surrogate pair"},
	{`"\ud83d\ud83d"`, "at byte 1: half of a surrogate pair"},
	{`"\ude00\ud83d"`, "at byte 1: half of a surrogate pair"},
	{`"\uDFFF"`, "at byte 1: half of a surrogate pair"},
	{`"\uD800\u12"`, "at byte 1: half of a surrogate pair"},
	{"\"ab\xff\"", "at byte 3: invalid UTF-8"},
	{"\"12345678\xc3\"", "at byte 9: invalid UTF-8"},
	{"\"\xed\xa0\x80\"", "at byte 1: invalid UTF-8"},
	{"\"\xc0\xaf\"", "at byte 1: invalid UTF-8"},
	{"\"é\\n\xe2\x80\"", "at byte 5: invalid UTF-8"},
	{"{\"\xff\":1}", "at byte 2: invalid UTF-8"},

	{"\xef\xbb\xbf", "at byte 3: unexpected end of the text, wanted a value"},
	{"\xef\xbb", "at byte 0: invalid UTF-8"},
	{" \xef\xbb\xbf1", "at byte 1: unexpected '\\ufeff', wanted a value"},
}

func refused() []string {
	var texts []string
	for _, r := range refusals {
		texts = append(texts, r.text)
	}
	return texts
}

func TestParseRefuses(t *testing.T) {
	var d Doc
	for _, c := range refusals {
		require.NoError(t, d.Parse([]byte(`[1]`), Limits{}))
		require.EqualError(t, d.Parse([]byte(c.text), Limits{}), c.err, "%q", c.text)
		require.Equal(t, Invalid, d.Root().Kind())
	}
}

func TestParseAccepts(t *testing.T) {
	for text, want := range map[string]any{
		"\uFEFF \"a\" ":                        "a",
		`"\"\\\/\b\f\n\r\t"`:                   "\"\\/\b\f\n\r\t",
		`"\u00e9\u20AC\ud83d\uDE00\uFFFD"`:     "é€😀\uFFFD",
		"\"\x7f\u2028é\U0010FFFF\"":            "\x7f\u2028é\U0010FFFF",
		`"1234567\"1234567890"`:                `1234567"1234567890`,
		` [ ] `:                                []any{},
		`{"a":{"b":[{}]},"c":[1,"d",[]]  } `:   nil,
		`[null,true,false,-0,1e9,"",[[]],{ }]`: nil,
	} {
		var d Doc
		require.NoError(t, d.Parse([]byte(text), Limits{}), text)
		if want == nil {
			want, _ = reference(t, []byte(text))
		}
		if diff := cmp.Diff(want, tree(d.Root())); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
}

// A string's special bytes must be found wherever they fall in a word.
func TestParseAlignment(t *testing.T) {
	var d Doc
	for n := range 40 {
		a := strings.Repeat("a", n)
		for _, c := range []struct{ in, out string }{
			{"", ""}, {`\n`, "\n"}, {`\u00e9`, "é"}, {"é", "é"}, {"~\u007f", "~\u007f"}, {`\\`, `\`}, {"!#[]", "!#[]"},
		} {
			for _, end := range []string{"", " ", "         "} {
				require.NoError(t, d.Parse([]byte(`"`+a+c.in+a+`"`+end), Limits{}))
				require.Equal(t, a+c.out+a, d.Root().Text())
			}
		}
		for _, bad := range []string{"\n", "\x00", "\x1f", "\xff", "\x80", `\q`, "\"", "\xc3"} {
			for _, end := range []string{"", "bbbbbbbbbbbb"} {
				require.Error(t, d.Parse([]byte(`"`+a+bad+end+`"`), Limits{}), "%q after %d", bad, n)
			}
		}
	}
}

func TestParseLimits(t *testing.T) {
	var d Doc
	nested := func(n int) []byte {
		return []byte(strings.Repeat(`[{"a":`, n/2) + "1" + strings.Repeat("}]", n/2))
	}
	require.NoError(t, d.Parse(nested(DefaultDepth), Limits{}))
	require.Equal(t, &LimitError{What: "depth", Limit: 64}, d.Parse(nested(DefaultDepth+2), Limits{}))
	require.NoError(t, d.Parse(nested(100_000), Limits{Depth: 100_000}))
	require.Len(t, d.Root().Raw(), len(nested(100_000)))
	require.NoError(t, d.Parse([]byte("[[],[],[],{}]"), Limits{Depth: 2}), "depth, not number")
	require.Equal(t, &LimitError{What: "depth", Limit: 1}, d.Parse([]byte("[1,[]]"), Limits{Depth: 1}))

	require.NoError(t, d.Parse([]byte("[1,2,{}]"), Limits{Values: 4}))
	for _, text := range []string{"[1,2,{},3]", "[1,2,{},]", `{"a":1,"b":[true,{}]}`, "[[[[[", "[[[[1"} {
		require.Equal(t, &LimitError{What: "values", Limit: 4}, d.Parse([]byte(text), Limits{Values: 4}), text)
		require.LessOrEqual(t, len(d.nodes), 4)
	}
	flood := []byte("[" + strings.Repeat("0,", DefaultValues-2) + "0]")
	require.NoError(t, d.Parse(flood, Limits{}))
	require.Equal(t, DefaultValues-1, d.Root().Len())
	flood = append(flood[:len(flood)-1], ",0]"...)
	require.Equal(t, &LimitError{What: "values", Limit: DefaultValues}, d.Parse(flood, Limits{}))

	require.EqualError(t, &LimitError{What: "depth", Limit: 64}, "more than 64 levels of nested objects and arrays")
	require.EqualError(t, &LimitError{What: "values", Limit: 9}, "more than 9 values")
}

func TestSizes(t *testing.T) {
	require.EqualValues(t, nodeSize, reflect.TypeFor[node]().Size())
	require.EqualValues(t, 16, reflect.TypeFor[Value]().Size())
	require.EqualValues(t, 16, reflect.TypeFor[Key]().Size())
}

func TestParseAllocatesNothing(t *testing.T) {
	var d Doc
	for _, body := range [][]byte{[]byte(userBody), groupBody(1000), []byte(`"\u00e9 é \n"`)} {
		require.Zero(t, testing.AllocsPerRun(10, func() {
			if d.Parse(body, Limits{}) != nil {
				panic("refused")
			}
		}))
	}
}

func TestSizeAndReset(t *testing.T) {
	var d Doc
	require.Zero(t, d.Size())
	require.NoError(t, d.Parse([]byte(`[1,2,3]`), Limits{}))
	size := d.Size()
	require.GreaterOrEqual(t, size, 4*nodeSize)
	d.Reset()
	require.Equal(t, Invalid, d.Root().Kind())
	require.Equal(t, size, d.Size(), "memory is kept for the next text")
}

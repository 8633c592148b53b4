package scimjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// tree turns a value into what json.Unmarshal with UseNumber makes of it.
func tree(v Value) any {
	switch v.Kind() {
	case Null:
		return nil
	case False, True:
		return v.Kind() == True
	case Number:
		return json.Number(v.Text())
	case String:
		return v.Text()
	case Array:
		list := []any{}
		for e := range v.Elements() {
			list = append(list, tree(e))
		}
		return list
	case Object:
		m := map[string]any{}
		for k, e := range v.Members() {
			m[k.String()] = tree(e)
		}
		return m
	default:
		panic("no value")
	}
}

// tokens appends what json.Decoder.Token makes of a value. Unlike a tree, it
// has every member of a name that repeats.
func tokens(list []any, v Value) []any {
	switch v.Kind() {
	case Array:
		list = append(list, json.Delim('['))
		for e := range v.Elements() {
			list = tokens(list, e)
		}
		return append(list, json.Delim(']'))
	case Object:
		list = append(list, json.Delim('{'))
		for k, e := range v.Members() {
			list = tokens(append(list, k.String()), e)
		}
		return append(list, json.Delim('}'))
	default:
		return append(list, tree(v))
	}
}

// reference reads what json.Valid has accepted.
func reference(t *testing.T, data []byte) (root any, list []any) {
	t.Helper()
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	require.NoError(t, dec.Decode(&root))
	dec = json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return root, list
		}
		require.NoError(t, err)
		list = append(list, token)
	}
}

// checkRefusal tells whether a text that encoding/json accepts was refused for
// one of the reasons there are.
func checkRefusal(t *testing.T, data []byte, list []any, err error) {
	t.Helper()
	holds := func(part string) bool {
		for _, token := range list {
			if s, ok := token.(string); ok && strings.Contains(s, part) {
				return true
			}
		}
		return false
	}
	var limit *LimitError
	if errors.As(err, &limit) {
		require.Contains(t, []string{"depth", "values"}, limit.What)
		return
	}
	var syntax *Error
	require.ErrorAs(t, err, &syntax)
	require.LessOrEqual(t, syntax.Offset, len(data))
	switch syntax.Msg {
	case msgUTF8:
		require.False(t, utf8.Valid(data), "refused for UTF-8: %q", data)
	case msgNUL:
		require.True(t, holds("\x00"), "refused for NUL: %q", data)
	case msgSurrogate:
		require.True(t, holds("\uFFFD"), "refused for a lone surrogate: %q", data)
	default:
		require.NoError(t, err, "encoding/json accepts %q", data)
	}
}

func checkAgainstReference(t *testing.T, d *Doc, data []byte) {
	t.Helper()
	before := bytes.Clone(data)
	err := d.Parse(data, Limits{})
	require.Equal(t, before, data)

	plain := bytes.TrimPrefix(data, []byte("\uFEFF"))
	if !json.Valid(plain) {
		require.Error(t, err, "encoding/json refuses %q", data)
		require.Equal(t, Invalid, d.Root().Kind())
		return
	}
	root, list := reference(t, plain)
	if err != nil {
		checkRefusal(t, data, list, err)
		require.Equal(t, Invalid, d.Root().Kind())
		return
	}
	got := tokens(nil, d.Root())
	if !reflect.DeepEqual(list, got) {
		t.Fatalf("tokens of %q (-encoding/json +scimjson):\n%s", data, cmp.Diff(list, got))
	}
	sameTree(t, root, tree(d.Root()), data)
	require.Equal(t, string(bytes.Trim(plain, " \t\r\n")), string(d.Root().Raw()))
	checkValue(t, d.Root())
}

// sameTree compares trees. cmp takes twice as long for each level of nesting, so
// it comes in only when there is a difference to show and the tree is not deep.
func sameTree(t *testing.T, want, got any, text []byte) {
	t.Helper()
	switch {
	case reflect.DeepEqual(want, got):
	case bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) < 16:
		t.Fatalf("tree of %q (-want +got):\n%s", text, cmp.Diff(want, got))
	default:
		t.Fatalf("tree of %q:\nwant %v\ngot  %v", text, want, got)
	}
}

// checkValue checks that the ways to look at a value agree with one another.
func checkValue(t *testing.T, v Value) {
	t.Helper()
	raw := v.Raw()
	var again Doc
	require.NoError(t, again.Parse(raw, Limits{}), "raw text %q", raw)
	sameTree(t, tree(v), tree(again.Root()), raw)
	n := 0
	switch v.Kind() {
	case String:
		require.Equal(t, v.Text(), string(v.Bytes()))
		require.Equal(t, "x"+v.Text(), string(v.AppendString([]byte("x"))))
	case Array:
		for e := range v.Elements() {
			n++
			checkValue(t, e)
		}
	case Object:
		last := map[string]Value{}
		for k, e := range v.Members() {
			n++
			checkValue(t, e)
			require.Equal(t, k.String(), string(k.Bytes()))
			require.True(t, k.EqualFold(k.String()))
			require.True(t, k.EqualFold(upper(k.String())))
			require.False(t, k.EqualFold(k.String()+"x"))
			last[upper(k.String())] = e
		}
		for name, e := range last {
			require.Equal(t, e, v.Get(name))
		}
	}
	require.Equal(t, n, v.Len())
}

// upper turns ASCII letters, and no others, into capitals.
func upper(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		return r
	}, s)
}

func TestAgainstEncodingJSON(t *testing.T) {
	var d Doc
	for _, text := range seeds() {
		checkAgainstReference(t, &d, []byte(text))
		// Each beginning of a text, and each text with one byte changed.
		if len(text) > 200 {
			continue
		}
		for i := range len(text) {
			checkAgainstReference(t, &d, []byte(text[:i]))
			for _, c := range []byte("\"\\{}[]:,0-.eE x\x00\x1f\x80\xff") {
				checkAgainstReference(t, &d, []byte(text[:i]+string([]byte{c})+text[i+1:]))
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range seeds() {
		f.Add([]byte(text))
	}
	var d Doc
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<12 {
			t.Skip("checkValue takes time in proportion to size and depth")
		}
		checkAgainstReference(t, &d, data)
		// Small limits must hold wherever they strike.
		l := Limits{Depth: 3, Values: 10}
		if d.Parse(data, l) == nil {
			require.LessOrEqual(t, len(d.nodes), l.Values)
			require.LessOrEqual(t, depth(d.Root()), l.Depth)
		}
	})
}

func depth(v Value) int {
	deepest := 0
	for e := range v.Elements() {
		deepest = max(deepest, depth(e))
	}
	for _, e := range v.Members() {
		deepest = max(deepest, depth(e))
	}
	if v.Kind() >= Array {
		deepest++
	}
	return deepest
}

// seeds are texts good and bad.
func seeds() []string {
	return append(refused(),
		userBody,
		string(groupBody(3)),
		` { "schemas" : [ "urn:ietf:params:scim:api:messages:2.0:PatchOp" ] ,
		  "Operations":[{"op":"Replace","path":"active","value":"False"},{"op":"add","value":{"emails":[]}}]}`,
		`[]`, `{}`, `""`, `0`, `-0`, `-0.0e+00`, `12.50E-3`, `null`, `true`, `false`,
		"\t\r\n [ \n] \r", `[[],[[]],{},{"a":{}},[ { } , 1 ] ]`,
		`{"a":1,"a":2,"A":3,"\u0061":4}`, `{"":""}`,
		"\uFEFF{\"a\":1}", "\uFEFF", "\uFEFF\uFEFF1", "[\uFEFF]",
		`"\"\\\/\b\f\n\r\t\u00e9\u20AC\ud83d\uDE00"`,
		`"é€😀 バーバラ 1234567"`, `"1234567é"`, `"12345678é"`,
		`"1234567\n"`, `"12345678\n"`, `"\\\\\\\\"`, `"\\\""`,
		"\"\x7f \u2028\u2029\"", `{"é":"a","É":"b","\u00e9":"c"}`,
		strings.Repeat("[", 64)+strings.Repeat("]", 64),
		strings.Repeat("[", 65)+strings.Repeat("]", 65),
		strings.Repeat(`{"a":`, 64)+"1"+strings.Repeat("}", 64),
	)
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{
		"", "a", "barbara.jensen@example.com", "1234567\"", "12345678\\", "\x00\x1f\x7f\b\f\n\r\t",
		"<a href='x'>&amp;</a>", "é€😀", "a\u2028b\u2029c", "\xff", "a\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\uFFFD",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var want bytes.Buffer
		enc := json.NewEncoder(&want)
		enc.SetEscapeHTML(false)
		require.NoError(t, enc.Encode(s))
		got := AppendString([]byte("x"), s)
		require.Equal(t, "x"+strings.TrimSuffix(want.String(), "\n"), string(got))

		var back string
		require.NoError(t, json.Unmarshal(got[1:], &back))
		require.Equal(t, string([]rune(s)), back)
		var d Doc
		err := d.Parse(got[1:], Limits{})
		if strings.Contains(s, "\x00") {
			require.Error(t, err)
			return
		}
		require.NoError(t, err)
		require.Equal(t, back, d.Root().Text())
	})
}

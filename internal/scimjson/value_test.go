package scimjson

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

func parse(t *testing.T, text string) Value {
	t.Helper()
	var d Doc
	require.NoError(t, d.Parse([]byte(text), Limits{}))
	return d.Root()
}

func TestZeroValue(t *testing.T) {
	var v Value
	require.Equal(t, Invalid, v.Kind())
	require.Zero(t, v.Len())
	require.Empty(t, v.Text())
	require.Nil(t, v.Bytes())
	require.Nil(t, v.Raw())
	require.Equal(t, v, v.Get("a"))
	require.Equal(t, "x", string(v.AppendString([]byte("x"))))
	for range v.Elements() {
		t.Error("an element")
	}
	for range v.Members() {
		t.Error("a member")
	}
	var k Key
	require.Nil(t, k.Bytes())
	require.Empty(t, k.String())
	require.False(t, k.EqualFold(""))
	require.Equal(t, Invalid, new(Doc).Root().Kind())
}

func TestScalars(t *testing.T) {
	type row struct {
		Kind             Kind
		Text, Bytes, Raw string
	}
	var got []row
	for e := range parse(t, `[ null, true , false,-1.50e+3,"a\u0041\n" , "b",[1, 2 ] , {"a" :{ }  }]`).Elements() {
		got = append(got, row{e.Kind(), e.Text(), string(e.Bytes()), string(e.Raw())})
	}
	want := []row{
		{Null, "", "", "null"},
		{True, "true", "", "true"},
		{False, "false", "", "false"},
		{Number, "-1.50e+3", "", "-1.50e+3"},
		{String, "aA\n", "aA\n", `"a\u0041\n"`},
		{String, "b", "b", `"b"`},
		{Array, "", "", "[1, 2 ]"},
		{Object, "", "", `{"a" :{ }  }`},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestKindString(t *testing.T) {
	require.Equal(t, "nothing", Invalid.String())
	require.Equal(t, "object", Object.String())
	require.Equal(t, "unknown", Kind(8).String())
}

func TestGet(t *testing.T) {
	v := parse(t, `{"userName":1,"USERNAME":2,"user\u004eame":3,"other":{"userName":4},"a":5,"@":6,"é":7,"":8,"\u0022":9,"[":10}`)
	for name, want := range map[string]string{
		"userName": "3", "username": "3", "uSeRnAmE": "3",
		"A": "5", "`": "", "@": "6", "é": "7", "É": "", "": "8", `"`: "9", "{": "", "[": "10",
		"userNam": "", "userNames": "", "nothing": "",
		// Text that runs past the closing quote is no name.
		`a":5,"@`: "",
	} {
		require.Equal(t, want, v.Get(name).Text(), "%q", name)
	}
	require.Equal(t, Invalid, parse(t, `["userName"]`).Get("userName").Kind())
	require.Equal(t, Invalid, parse(t, `{}`).Get("").Kind())
	require.Equal(t, Null, parse(t, `{"a":null}`).Get("a").Kind())
}

func TestEqualFoldEscaped(t *testing.T) {
	v := parse(t, `{"\u00e9\ud83d\ude00\\\n\"X":1}`)
	for k := range v.Members() {
		require.Equal(t, "é😀\\\n\"X", k.String())
		require.True(t, k.EqualFold("é😀\\\n\"x"))
		for _, s := range []string{"", "é", "é😀\\\n\"", "é😀\\\n\"y", "é😀\\\n\"xx", "É😀\\\n\"x"} {
			require.False(t, k.EqualFold(s), s)
		}
	}
}

func TestMembersYieldDuplicates(t *testing.T) {
	v := parse(t, `{"a":1,"b":[{"c":0},2],"A":3,"a":4}`)
	var got []string
	for k, e := range v.Members() {
		got = append(got, k.String()+string(e.Raw()))
	}
	require.Equal(t, []string{"a1", `b[{"c":0},2]`, "A3", "a4"}, got)
	require.Equal(t, 4, v.Len())
	require.Equal(t, "4", v.Get("a").Text())
}

func TestIterationStops(t *testing.T) {
	n := 0
	for range parse(t, `[1,2,3]`).Elements() {
		if n++; n == 2 {
			break
		}
	}
	for range parse(t, `{"a":1,"b":2}`).Members() {
		n++
		break
	}
	require.Equal(t, 3, n)
	for range parse(t, `{"a":1}`).Elements() {
		t.Error("an element of an object")
	}
	for range parse(t, `[1]`).Members() {
		t.Error("a member of an array")
	}
}

// A caller that appends to a view must not overwrite the source text.
func TestViewsAreClipped(t *testing.T) {
	v := parse(t, `{"abc":"def","x":[1]}`)
	for k, e := range v.Members() {
		_ = append(k.Bytes(), "!!!!"...)
		_ = append(e.Bytes(), "!!!!"...)
		_ = append(e.Raw(), "!!!!"...)
	}
	require.Equal(t, `{"abc":"def","x":[1]}`, string(v.Raw()))
}

func TestReadingAllocations(t *testing.T) {
	v := parse(t, userBody)
	escaped := parse(t, `"`+strings.Repeat(`\u00e9`, 1000)+`"`)
	buf := make([]byte, 0, 4096)
	for name, c := range map[string]struct {
		want float64
		f    func()
	}{
		"walk": {0, func() {
			n := 0
			for k, e := range v.Members() {
				n += len(k.Bytes()) + len(e.Bytes()) + e.Len() + len(e.Raw())
				for e := range e.Elements() {
					n += e.Get("value").Len()
				}
			}
			if n == 0 {
				panic("nothing")
			}
		}},
		"append":       {0, func() { buf = escaped.AppendString(buf[:0]) }},
		"text":         {1, func() { textSink = v.Get("userName").Text() }},
		"escaped text": {1, func() { textSink = escaped.Text() }},
		"bytes":        {1, func() { bytesSink = escaped.Bytes() }},
	} {
		require.Equal(t, c.want, testing.AllocsPerRun(10, c.f), name)
	}
}

var (
	textSink  string
	bytesSink []byte
)

package scimjson

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDuplicate(t *testing.T) {
	many := make([]string, 1000)
	for i := range many {
		many[i] = fmt.Sprintf(`"k%d":{"value":%d}`, i, i)
	}
	all := strings.Join(many, ",")
	for text, want := range map[string]string{
		`{}`: "",
		`{"a":1,"b":{"a":2},"c":[{"a":1},{"a":2}]}`: "",
		`{"a":1,"A":2}`:                     "A",
		`{"a":1,"\u0061":2}`:                "a",
		`{"x":[{"y":{"b":1,"c":2,"b":3}}]}`: "b",
		`{"é":1,"É":2}`:                     "", // no attribute has such a name
		"{" + all + "}":                     "",
		"{" + all + `,"K500":1}`:            "K500",
		`[{"a":1},{"a":1},"a","a"]`:         "",
		`{"a":"a","b":"a"}`:                 "",
	} {
		var d Doc
		require.NoError(t, d.Parse([]byte(text), Limits{}))
		got, ok := d.Duplicate()
		require.Equal(t, want, got, text)
		require.Equal(t, want != "", ok, text)
	}
}

func TestMarked(t *testing.T) {
	var d Doc
	require.NoError(t, d.Parse([]byte("\uFEFF{}"), Limits{}))
	require.True(t, d.Marked())
	require.NoError(t, d.Parse([]byte("{}"), Limits{}))
	require.False(t, d.Marked())
}

func BenchmarkDuplicate(b *testing.B) {
	one := `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"a@example.com","externalId":"1","name":{"givenName":"A","familyName":"B"},"emails":[{"value":"a@example.com","type":"work","primary":true}],"title":"T","active":true,"locale":"en-GB","timezone":"UTC"}`
	members := `{"members":[` + strings.Repeat(`{"value":"2819c223-7f76-453a-919d-413861904646","display":"A"},`, 999) + `{}]}`
	for name, text := range map[string]string{"user": one, "members": members} {
		b.Run(name, func(b *testing.B) {
			var d Doc
			require.NoError(b, d.Parse([]byte(text), Limits{}))
			b.ReportAllocs()
			for b.Loop() {
				if _, twice := d.Duplicate(); twice {
					b.Fatal("none is there twice")
				}
			}
		})
	}
}

package expr_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp/entra/expr"
)

func TestRandomRefusals(t *testing.T) { randomCases.check(t) }

var randomCases = cases{
	{`RandomString(0,0,0,0,0)`, ""},
	{`Count(Guid())`, 1},
	{`RandomString(257,0,0,0,0)`, fails("RandomString", 13, "length is 257, not one of 0 to 256")},
	{`RandomString(-1,0,0,0,0)`, fails("RandomString", 13, "length is -1, not one of 0 to 256")},
	{`RandomString(5,3,0,0,3)`, fails("RandomString", 21, "minimumLowerCase is 3, for which a length of 5 leaves no room")},
	{`RandomString(5,-1,0,0,3)`, fails("RandomString", 15, "minimumNumbers is below zero")},
	{`RandomString(5,9223372036854775807,0,0,3)`, fails("RandomString", 15, "minimumNumbers is 9223372036854775807, for which a length of 5 leaves no room")},
	{`RandomString(5,1,0,0,3,"0123456789")`, fails("RandomString", 23, "all characters of minimumNumbers are to be avoided")},
}

// TestRandomString: as long as asked for, with as many of each sort, and none of what
// is to be avoided.
func TestRandomString(t *testing.T) {
	t.Parallel()
	e := parsed(t, `RandomString(10,2,2,2,1,"?,aeiou")`)
	in := env(nil)
	seen := make(map[string]bool)
	for range 500 {
		v, err := e.Eval(in)
		require.NoError(t, err)
		s := v.Text()
		require.Len(t, s, 10)
		require.False(t, strings.ContainsAny(s, "?,aeiou"), s)
		var digits, capitals, small int
		for _, r := range s {
			switch {
			case unicode.IsDigit(r):
				digits++
			case unicode.IsUpper(r):
				capitals++
			case unicode.IsLower(r):
				small++
			}
		}
		require.GreaterOrEqual(t, digits, 2, s)
		require.GreaterOrEqual(t, capitals, 2, s)
		require.GreaterOrEqual(t, small, 1, s)
		require.GreaterOrEqual(t, 10-digits-capitals-small, 2, s)
		seen[s] = true
	}
	require.Len(t, seen, 500)

	v, err := parsed(t, `RandomString(256,0,0,0,0)`).Eval(in)
	require.NoError(t, err)
	require.Len(t, v.Text(), 256)
	v, err = parsed(t, `RandomString(6,3,0,0,3)`).Eval(in)
	require.NoError(t, err)
	require.Regexp(t, `^[0-9a-z]{6}$`, v.Text())
	all := "~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	in.Attribute = func(string) expr.Value { return expr.Text(all) }
	_, err = parsed(t, `RandomString(6,0,0,0,0,[all])`).Eval(in)
	require.ErrorContains(t, err, "all characters are to be avoided")
}

// TestGuid: a UUID of version 4, another each time.
func TestGuid(t *testing.T) {
	t.Parallel()
	e := parsed(t, `Guid()`)
	in := env(nil)
	seen := make(map[string]bool)
	for range 100 {
		v, err := e.Eval(in)
		require.NoError(t, err)
		id, err := uuid.Parse(v.Text())
		require.NoError(t, err)
		require.Equal(t, uuid.Version(4), id.Version())
		require.Equal(t, uuid.RFC4122, id.Variant())
		seen[v.Text()] = true
	}
	require.Len(t, seen, 100)
}

// TestSeed: the same seed gives the same values, and none gives others.
func TestSeed(t *testing.T) {
	t.Parallel()
	e := parsed(t, `Join(" ", Guid(), RandomString(20,1,1,1,1))`)
	with := func(r *rand.Rand) string {
		v, err := e.Eval(expr.Env{Rand: r})
		require.NoError(t, err)
		return v.Text()
	}
	require.Equal(t, with(rand.New(rand.NewPCG(1, 2))), with(rand.New(rand.NewPCG(1, 2))))
	require.NotEqual(t, with(rand.New(rand.NewPCG(1, 2))), with(rand.New(rand.NewPCG(1, 3))))
	require.NotEqual(t, with(nil), with(nil))
}

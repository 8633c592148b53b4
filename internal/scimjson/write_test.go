package scimjson

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestAppendString(t *testing.T) {
	for s, want := range map[string]string{
		"":                            `""`,
		"plain":                       `"plain"`,
		"say \"hi\" \\ bye":           `"say \"hi\" \\ bye"`,
		"\b\f\n\r\t\x00\x1f\x7f":      "\"\\b\\f\\n\\r\\t\\u0000\\u001f\x7f\"",
		"<b>&</b>":                    `"<b>&</b>"`,
		"é€😀":                         `"é€😀"`,
		"a\u2028b\u2029":              `"a\u2028b\u2029"`,
		"a\xffb\xc3":                  `"a\ufffdb\ufffd"`,
		"\xed\xa0\x80":                `"\ufffd\ufffd\ufffd"`,
		"\uFFFD":                      "\"\uFFFD\"",
		"1234567\n12345678\"abcdefgh": `"1234567\n12345678\"abcdefgh"`,
	} {
		require.Equal(t, "x"+want, string(AppendString([]byte("x"), s)))
	}
}

// What needs an escape must be found wherever it falls in a word.
func TestAppendStringAlignment(t *testing.T) {
	for n := range 30 {
		a := strings.Repeat("a", n)
		for c := range 256 {
			s := a + string([]byte{byte(c)}) + a
			var got string
			require.NoError(t, json.Unmarshal(AppendString(nil, s), &got))
			require.Equal(t, string([]rune(s)), got)
		}
	}
}

func TestAppendTime(t *testing.T) {
	for want, at := range map[string]time.Time{
		`"2011-05-13T04:42:34.000Z"`:  time.Date(2011, 5, 13, 4, 42, 34, 0, time.UTC),
		`"2026-12-31T23:59:59.999Z"`:  time.Date(2026, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
		`"2024-02-29T22:30:00.007Z"`:  time.Date(2024, 3, 1, 0, 30, 0, 7_000_000, time.FixedZone("", 2*3600)),
		`"0001-01-01T00:00:00.000Z"`:  {},
		`"1969-12-31T23:59:59.500Z"`:  time.Unix(-1, 500_000_000),
		`"0000-01-01T00:00:00.000Z"`:  time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC),
		`"10000-01-01T00:00:00.000Z"`: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
		`"-0001-01-01T00:00:00.000Z"`: time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		require.Equal(t, "x"+want, string(AppendTime([]byte("x"), at)))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		at := time.Unix(r.Int64N(300_000_000_000)-60_000_000_000, r.Int64N(1_000_000_000))
		require.Equal(t, at.UTC().Format(timeLayout), string(AppendTime(nil, at)))
	}
}

func TestWritersAllocateNothing(t *testing.T) {
	buf := make([]byte, 0, 256)
	at := time.Now()
	require.Zero(t, testing.AllocsPerRun(10, func() {
		buf = AppendString(buf[:0], "Babs \"Jensen\" é \u2028 \xff")
		buf = AppendTime(buf, at)
	}))
}

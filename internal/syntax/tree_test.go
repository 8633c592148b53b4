package syntax

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	filter "github.com/scim2/filter-parser/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// writer writes a tree as a filter. Its functions choose among spellings; the
// String methods of the tree's own types lose parentheses, null and escapes.
type writer struct {
	strings.Builder
	blanks func(least int) string
	word   func(string) string
	text   func(string) string
	wrap   func() bool // in parentheses that are not needed
}

func plainWriter() *writer {
	return &writer{
		blanks: func(least int) string { return strings.Repeat(" ", least) },
		word:   func(s string) string { return s },
		text:   jsonText,
		wrap:   func() bool { return false },
	}
}

func jsonText(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// write writes e as an operand: above is the operator that it is an operand of.
func (w *writer) write(e filter.Expression, above filter.LogicalOperator, right bool) {
	l, logical := e.(*filter.LogicalExpression)
	// On the right, a chain of the same operator would lean the other way.
	needed := logical && (above == filter.AND && (l.Operator == filter.OR || right) || above == filter.OR && l.Operator == filter.OR && right)
	if needed || w.wrap() {
		w.group("(", e, ")")
		return
	}
	switch e := e.(type) {
	case *filter.LogicalExpression:
		w.write(e.Left, e.Operator, false)
		w.WriteString(w.blanks(1) + w.word(string(e.Operator)) + w.blanks(1))
		w.write(e.Right, e.Operator, true)
	case *filter.NotExpression:
		w.WriteString(w.word("not") + w.blanks(0))
		w.group("(", e.Expression, ")")
	case *filter.ValuePath:
		w.WriteString(e.AttributePath.String() + w.blanks(0))
		w.group("[", e.ValueFilter, "]")
	case *filter.AttributeExpression:
		w.WriteString(e.AttributePath.String() + w.blanks(1) + w.word(string(e.Operator)))
		if e.Operator != filter.PR {
			w.WriteString(w.blanks(1) + w.value(e.CompareValue))
		}
	}
}

func (w *writer) group(opening string, e filter.Expression, closing string) {
	w.WriteString(opening + w.blanks(0))
	w.write(e, "", false)
	w.WriteString(w.blanks(0) + closing)
}

func (w *writer) value(v any) string {
	switch v := v.(type) {
	case nil:
		return w.word("null")
	case bool:
		return w.word(strconv.FormatBool(v))
	case float64:
		return strconv.FormatFloat(v, 'e', -1, 64) // with an exponent, so that it stays one
	case string:
		return w.text(v)
	default:
		return fmt.Sprint(v)
	}
}

func write(e filter.Expression) string {
	w := plainWriter()
	w.write(e, "", false)
	return w.String()
}

func writePath(p filter.Path) string {
	s := p.AttributePath.String()
	if p.ValueExpression != nil {
		s += "[" + write(p.ValueExpression) + "]"
	}
	if p.SubAttribute != nil {
		s += "." + *p.SubAttribute
	}
	return s
}

// fancyWriter draws every choice from t.
func fancyWriter(t *rapid.T) *writer {
	blank := rapid.StringMatching(`[ \t]{0,2}`)
	flag := rapid.Bool()
	return &writer{
		blanks: func(least int) string { return strings.Repeat(" ", least) + blank.Draw(t, "blanks") },
		word: func(s string) string {
			return strings.Map(func(r rune) rune {
				if flag.Draw(t, "capital") {
					return r - 'a' + 'A'
				}
				return r
			}, s)
		},
		text: func(s string) string {
			switch {
			case isBare(s) && flag.Draw(t, "bare"):
				return s
			case flag.Draw(t, "escaped"):
				return escapedText(s)
			}
			return jsonText(s)
		},
		wrap: func() bool { return rapid.IntRange(0, 9).Draw(t, "wrap") == 0 },
	}
}

// escapedText writes each character as an escape.
func escapedText(s string) string {
	out := `"`
	for i, u := range utf16.Encode([]rune(s)) {
		out += fmt.Sprintf([]string{`\u%04x`, `\u%04X`}[i%2], u)
	}
	return out + `"`
}

// isBare reports whether s means itself without quotes.
func isBare(s string) bool {
	p := parser{s: s}
	v, err := p.value()
	return err == nil && p.i == len(s) && v == s
}

var (
	someName = rapid.OneOf(
		rapid.StringMatching(`\$?[A-Za-z][A-Za-z0-9_$-]{0,8}`),
		rapid.SampledFrom([]string{"and", "OR", "not", "pr", "eq", "null", "value", "type"}),
	)
	somePrefix = rapid.StringMatching(`[uU][rR][nN](:[A-Za-z0-9._-]{1,5}){0,4}`)
	someValue  = rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Bool().AsAny(),
		rapid.Int().AsAny(),
		rapid.Float64().Filter(func(f float64) bool { return !math.IsInf(f, 0) && f == f }).AsAny(),
		rapid.Map(rapid.String(), func(s string) string { return strings.ReplaceAll(s, "\x00", "") }).AsAny(),
		rapid.StringMatching(`[a-z0-9._@+é-]{1,6}`).AsAny(),
		rapid.SampledFrom([]string{"", "true", "NULL", "-1", `"`, `\`, "a\"] or (b"}).AsAny(),
	)
	someOperator = rapid.SampledFrom([]filter.CompareOperator{
		filter.EQ, filter.NE, filter.CO, filter.SW, filter.EW, filter.GT, filter.LT, filter.GE, filter.LE, filter.PR,
	})
)

func someAttribute(t *rapid.T) filter.AttributePath {
	at := attr(someName.Draw(t, "name"))
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if kind > 1 {
		return at
	}
	prefixed := rapid.Bool().Draw(t, "prefixed")
	if prefixed {
		at = urn(somePrefix.Draw(t, "prefix"), at)
	}
	if kind == 1 {
		name := someName.Draw(t, "sub")
		if prefixed && rapid.Bool().Draw(t, "second") {
			name += "." + someName.Draw(t, "second sub")
		}
		at.SubAttribute = &name
	}
	return at
}

// someFilter makes any tree that the parser can, of at most 2^depth terms.
func someFilter(t *rapid.T, depth int, inside bool) filter.Expression {
	kind := rapid.IntRange(0, 9).Draw(t, "node")
	switch {
	case depth == 0 || kind < 4:
		e := &filter.AttributeExpression{AttributePath: someAttribute(t), Operator: someOperator.Draw(t, "operator")}
		if e.Operator != filter.PR {
			e.CompareValue = someValue.Draw(t, "value")
		}
		return e
	case kind < 6:
		return and(someFilter(t, depth-1, inside), someFilter(t, depth-1, inside))
	case kind < 8:
		return or(someFilter(t, depth-1, inside), someFilter(t, depth-1, inside))
	case kind == 8 && !inside:
		return with(someAttribute(t), someFilter(t, depth-1, true))
	}
	return not(someFilter(t, depth-1, inside))
}

func TestRoundTrip(t *testing.T) {
	for name, spell := range map[string]func(*rapid.T) *writer{
		"plain": func(*rapid.T) *writer { return plainWriter() },
		"fancy": fancyWriter,
	} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			want := someFilter(t, 4, false)
			w := spell(t)
			w.WriteString(w.blanks(0))
			w.write(want, "", false)
			w.WriteString(w.blanks(0))
			got, err := ParseFilter(w.String(), Limits{Bytes: 1 << 20}, nil)
			require.NoError(t, err, "%s", w.String())
			require.Empty(t, cmp.Diff(want, got), "%s", w.String())
		}))
	}
}

func TestPathRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := filter.Path{AttributePath: someAttribute(t)}
		if rapid.Bool().Draw(t, "filtered") {
			want.ValueExpression = someFilter(t, 3, true)
			if rapid.Bool().Draw(t, "with sub") {
				name := someName.Draw(t, "sub")
				want.SubAttribute = &name
			}
		}
		text := writePath(want)
		got, err := ParsePath(text, Limits{Bytes: 1 << 20}, nil)
		require.NoError(t, err, "%s", text)
		require.Empty(t, cmp.Diff(want, got), "%s", text)
	})
}

package scim

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	filter "github.com/scim2/filter-parser/v2"
)

// This file compares single values, typed by the schema, for filters.

// fold folds a value, once for all comparisons that follow each other.
func (s *subject) fold(text string) string {
	if text != s.unfolded {
		s.spent += textCost(text)
		s.unfolded, s.folded = text, Fold(text)
	}
	return s.folded
}

// textCost is what it costs to look at all of a text, beside one comparison.
func textCost(s string) int {
	if ascii(s) {
		return len(s) / 64
	}
	return len(s) / 2
}

// compareText evaluates the comparison with a value in text; "" is unassigned.
func (n *node) compareText(s *subject, v string) bool {
	switch {
	case n.null:
		return v == ""
	case n.op == filter.PR:
		return v != ""
	case v == "":
		return false
	}
	switch n.attr.typ {
	case Integer, Decimal:
		f, err := strconv.ParseFloat(v, 64)
		return err == nil && ordered(n.op, f-n.num)
	case DateTime:
		t, ok := parseDateTime(v)
		return ok && n.compareTime(t)
	case Date:
		if t, ok := parseDate(v); n.isTime && ok && n.op != filter.CO && n.op != filter.SW && n.op != filter.EW {
			return n.compareTime(t)
		}
	}
	switch {
	case n.attr.caseExact:
		s.spent += len(v) / 64
		return compareExact(n.op, v, n.text)
	case n.op == filter.EQ && ascii(v):
		return equalFolded(v, n.text)
	}
	return compareExact(n.op, s.fold(v), n.text)
}

func (n *node) compareTime(t time.Time) bool {
	switch {
	case n.op == filter.PR:
		return !t.IsZero()
	case n.null:
		return t.IsZero()
	}
	return ordered(n.op, float64(t.Compare(n.time)))
}

// ordered evaluates an operator on the sign of a difference.
func ordered(op filter.CompareOperator, diff float64) bool {
	switch op {
	case filter.EQ:
		return diff == 0
	case filter.GT:
		return diff > 0
	case filter.GE:
		return diff >= 0
	case filter.LT:
		return diff < 0
	case filter.LE:
		return diff <= 0
	}
	return false
}

func compareExact(op filter.CompareOperator, v, lit string) bool {
	switch op {
	case filter.EQ:
		return v == lit
	case filter.CO:
		return strings.Contains(v, lit)
	case filter.SW:
		return strings.HasPrefix(v, lit)
	case filter.EW:
		return strings.HasSuffix(v, lit)
	}
	return ordered(op, float64(strings.Compare(v, lit)))
}

// equalFolded compares v with a literal that is folded already. The usual case,
// ASCII, allocates nothing.
func equalFolded(v, lit string) bool {
	for i := range len(v) {
		c := v[i]
		if c >= utf8.RuneSelf {
			return Fold(v) == lit
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if i >= len(lit) || c != lit[i] {
			// An ASCII character may still meet a longer fold further on, but not
			// at the same place: the folds of ASCII are one byte each.
			return i < len(lit) && !ascii(v[i:]) && Fold(v) == lit
		}
	}
	return len(v) == len(lit)
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

package syntax

import (
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	filter "github.com/scim2/filter-parser/v2"
	"github.com/stretchr/testify/require"
)

// Small, so that fuzzing reaches them.
var tight = Limits{Bytes: 300, Terms: 5, Depth: 3}

// size counts the terms of a tree, and how deep value filters and not nest,
// which is at least what the text needed.
func size(e filter.Expression) (terms, depth int) {
	switch e := e.(type) {
	case *filter.LogicalExpression:
		l, dl := size(e.Left)
		r, dr := size(e.Right)
		return l + r, max(dl, dr)
	case *filter.NotExpression:
		n, d := size(e.Expression)
		return n, d + 1
	case *filter.ValuePath:
		n, d := size(e.ValueFilter)
		return n, d + 1
	}
	return 1, 0
}

func checkError(t *testing.T, s string, err error) {
	t.Helper()
	var e *Error
	require.True(t, errors.As(err, &e))
	require.NotEmpty(t, e.Msg)
	require.GreaterOrEqual(t, e.Offset, 0)
	require.LessOrEqual(t, e.Offset, utf8.RuneCountInString(s))
}

func checkSize(t *testing.T, s string, e filter.Expression) {
	t.Helper()
	terms, depth := size(e)
	require.LessOrEqual(t, len(s), tight.Bytes)
	require.LessOrEqual(t, terms, tight.Terms)
	require.LessOrEqual(t, depth, tight.Depth)
}

func FuzzParseFilter(f *testing.F) {
	for _, s := range append(referenceFilters, excusedFilters...) {
		f.Add(s)
	}
	f.Add(`emails[type eq "work"].value eq "x" and not(a.$ref pr or b eq x@y)`)
	f.Add(enterpriseUser + `.manager.value eq "\ud834\udd1e"`)
	f.Fuzz(func(t *testing.T, s string) {
		e, err := ParseFilter(s, tight, nil)
		if err != nil {
			require.Nil(t, e)
			checkError(t, s, err)
			return
		}
		checkSize(t, s, e)
		again, err := ParseFilter(write(e), wide, nil)
		require.NoError(t, err, "%q", write(e))
		require.Empty(t, cmp.Diff(e, again))
	})
}

func FuzzParsePath(f *testing.F) {
	for _, s := range referencePaths {
		f.Add(s)
	}
	f.Add(` emails[type eq work and (not (a pr))].value `)
	f.Add(enterpriseUser + `.emails[type eq "work"].value`)
	f.Fuzz(func(t *testing.T, s string) {
		at, attrErr := ParseAttributePath(s)
		if attrErr != nil {
			checkError(t, s, attrErr)
		} else {
			same, err := ParseAttributePath(at.String())
			require.NoError(t, err)
			require.Empty(t, cmp.Diff(at, same))
		}
		p, err := ParsePath(s, tight, nil)
		if err != nil {
			checkError(t, s, err)
			return
		}
		if p.ValueExpression != nil {
			checkSize(t, s, &filter.ValuePath{ValueFilter: p.ValueExpression})
		}
		again, err := ParsePath(writePath(p), wide, nil)
		require.NoError(t, err, "%q", writePath(p))
		require.Empty(t, cmp.Diff(p, again))
	})
}

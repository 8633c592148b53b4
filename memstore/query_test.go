package memstore

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim"
)

// TestACutIsTheNaiveOne compares pages of a list with those of a slice, with and
// without something to leave out, counted before or not.
func TestACutIsTheNaiveOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var l list[number]
		var all, matching []number
		even := func(n number) bool { return n%2 == 0 }
		for i := range rapid.IntRange(0, 40).Draw(t, "size") {
			l.insert(number(i))
			all = append(all, number(i))
		}
		matching = all
		c := choice[number]{list: &l}
		if rapid.Bool().Draw(t, "match") {
			c.match = even
			matching = slices.DeleteFunc(slices.Clone(all), func(n number) bool { return !even(n) })
			if c.counted = rapid.Bool().Draw(t, "counted"); c.counted {
				c.total = len(matching)
			}
		}
		q := scim.Query{
			Offset:  rapid.IntRange(-1, 45).Draw(t, "offset"),
			Limit:   rapid.IntRange(-1, 45).Draw(t, "limit"),
			NoTotal: rapid.Bool().Draw(t, "no total"),
		}
		rest := slices.Clone(matching)
		if c.backwards = rapid.Bool().Draw(t, "backwards"); c.backwards {
			slices.Reverse(rest)
		}
		var past func(number) bool
		if rapid.Bool().Draw(t, "after") {
			after := number(rapid.IntRange(-2, 45).Draw(t, "place"))
			past = after.before
			if c.backwards {
				past = func(n number) bool { return n < after }
			}
			rest = slices.DeleteFunc(rest, func(n number) bool { return !past(n) })
		}
		rest = rest[min(max(q.Offset, 0), len(rest)):]
		want := rest[:min(limitOf(q.Limit), len(rest))]

		got, err := cut(context.Background(), c, q, past)
		require.NoError(t, err)
		require.True(t, slices.Equal(want, got.items), "%v instead of %v", got.items, want)
		total := len(matching)
		if q.NoTotal && c.match != nil && !c.counted {
			total = 0 // it would have to be counted
		}
		require.Equal(t, total, got.total)
		require.Equal(t, q.Limit >= 0 && len(want) < len(rest), got.more)
	})
}

func TestALongScanHonoursItsContext(t *testing.T) {
	t.Parallel()
	var l list[number]
	for i := range 3 * breath {
		l.insert(number(i))
	}
	ctx, cancel := context.WithCancel(t.Context())
	seen := 0
	_, err := cut(ctx, choice[number]{list: &l, match: func(number) bool {
		cancel()
		seen++
		return true
	}}, scim.Query{}, nil)
	require.ErrorIs(t, err, context.Canceled)
	require.LessOrEqual(t, seen, breath)
}

// TestAPageThatNobodyCountsEndsWhereItIsFull: what follows is not looked at.
func TestAPageThatNobodyCountsEndsWhereItIsFull(t *testing.T) {
	t.Parallel()
	var l list[number]
	for i := range 100 {
		l.insert(number(i))
	}
	seen := 0
	even := func(n number) bool { seen++; return n%2 == 0 }
	got, err := cut(t.Context(), choice[number]{list: &l, match: even}, scim.Query{Limit: 2, NoTotal: true}, number(9).before)
	require.NoError(t, err)
	require.Equal(t, part[number]{items: []number{10, 12}, more: true}, got)
	require.Equal(t, 5, seen)
}

func TestFilteredNarrowsAChoice(t *testing.T) {
	t.Parallel()
	var l list[number]
	for i := range 100 {
		l.insert(number(i))
	}
	c := choice[number]{list: &l, match: func(n number) bool { return n%2 == 0 }, total: 50, counted: true}
	c = filtered(c, func(n number) bool { return n%3 == 0 })
	got, err := cut(t.Context(), c, scim.Query{Offset: 1, Limit: 2}, nil)
	require.NoError(t, err)
	require.Equal(t, part[number]{items: []number{6, 12}, total: 17, more: true}, got)
}

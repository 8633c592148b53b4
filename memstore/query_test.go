package memstore

import (
	"context"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim"
)

func itself(n number) number { return n }

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

		got, last, err := cut(context.Background(), c, q, past, itself)
		require.NoError(t, err)
		require.True(t, slices.Equal(want, got.items), "%v instead of %v", got.items, want)
		if n := len(want); n > 0 {
			require.Equal(t, want[n-1], last)
		}
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
	_, _, err := cut(ctx, choice[number]{list: &l, match: func(number) bool {
		cancel()
		seen++
		return true
	}}, scim.Query{}, nil, itself)
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
	got, _, err := cut(t.Context(), choice[number]{list: &l, match: even}, scim.Query{Limit: 2, NoTotal: true}, number(9).before, itself)
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
	got, _, err := cut(t.Context(), c, scim.Query{Offset: 1, Limit: 2}, nil, itself)
	require.NoError(t, err)
	require.Equal(t, part[number]{items: []number{6, 12}, total: 17, more: true}, got)
}

// TestOthersWriteWhileAFilterLooksAtEverybody archives and creates users around the
// one that the scan is at, each time that it pauses.
func TestOthersWriteWhileAFilterLooksAtEverybody(t *testing.T) {
	t.Parallel()
	const n = 10 * breath
	s := filledTo(n)
	m := s.tenants[acme]
	looked, at := make(map[string]int), 0
	c := choice[*user]{list: &m.live, match: func(u *user) bool {
		looked[u.ID]++
		at, _ = strconv.Atoi(u.ID)
		return true
	}}
	want, behind := make(map[string]int), 0
	for i := range n {
		want[strconv.Itoa(i)] = 1
	}
	put := func(id int, status scim.Status, created int64) string {
		name := strconv.Itoa(id)
		write(s, &scim.User{ID: name, Status: status}, time.Unix(created, 0))
		return name
	}
	ctx := &patient{Context: t.Context(), left: 1 << 30, then: func() {
		m.mu.RUnlock()
		defer m.mu.RLock()
		put(at-100, scim.StatusArchived, 0) // looked at long ago
		put(at, scim.StatusArchived, 0)     // looked at just now
		if at+1 < n {
			delete(want, put(at+1, scim.StatusArchived, 0)) // would have been next
		}
		put(-at, scim.StatusActive, -1) // in front of all
		behind++
		want[put(n+behind, scim.StatusActive, n+int64(behind))] = 1
	}}
	m.mu.RLock()
	got, err := page[*user, *scim.User](ctx, m, c, scim.Query{Limit: breath + 3})
	m.mu.RUnlock()
	require.NoError(t, err)
	require.GreaterOrEqual(t, behind, 9)
	require.Equal(t, want, looked)
	require.Equal(t, len(want), got.Total)
	require.Len(t, got.Items, breath+3)
	require.Equal(t, scim.StatusActive, got.Items[breath-1].Status, "as it was when it was looked at")
	require.NoError(t, s.Check())
}

// TestAWriterDoesNotWaitForAFilter: the scan lets it in though it does not end.
func TestAWriterDoesNotWaitForAFilter(t *testing.T) {
	t.Parallel()
	s := filledTo(3 * breath)
	m := s.tenants[acme]
	wrote, waiting := make(chan struct{}), false
	c := choice[*user]{list: &m.live, match: func(*user) bool {
		if !waiting {
			waiting = true
			go func() {
				write(s, &scim.User{ID: "new", Status: scim.StatusActive}, time.Unix(-1, 0))
				close(wrote)
			}()
		}
		return true
	}}
	pauses := 0
	ctx := &patient{Context: t.Context(), left: 1 << 30}
	ctx.then = func() {
		if pauses++; pauses == 3 {
			<-wrote // else the test never ends
		}
		for m.mu.TryRLock() { // the writer is not waiting yet
			m.mu.RUnlock()
			select {
			case <-wrote:
				return
			default:
				runtime.Gosched()
			}
		}
	}
	m.mu.RLock()
	_, err := page[*user, *scim.User](ctx, m, c, scim.Query{})
	m.mu.RUnlock()
	require.NoError(t, err)
	require.GreaterOrEqual(t, pauses, 3)
}

package scim

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What the brakes keep of a connection cannot be seen from outside.

func TestBrake_QuietConnectionsCostNothing(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	b := &brake{now: func() time.Time { return now }}
	limit := RemovalLimit{Users: 2, Window: time.Hour}
	remove := func(connection, user string) *stopped {
		r, s := b.reserve(activityKey{"t", connection}, user, limit, 0)
		r.finish(true)
		return s
	}
	for i := range 100 {
		c := fmt.Sprint("c", i)
		require.Nil(t, remove(c, "ann"))
		if i%2 == 0 {
			require.Nil(t, remove(c, "bob"))
			require.NotNil(t, remove(c, "cat"))
		}
	}
	b.release(activityKey{"t", "released"}, 2*time.Hour)
	require.Len(t, b.m, 101)

	now = now.Add(time.Hour)
	require.Nil(t, remove("busy", "ann"))
	require.Len(t, b.m, 2, "the busy and the released one")
	for i := range 1000 {
		now = now.Add(limit.Window / 2)
		require.Nil(t, remove("busy", fmt.Sprint("u", i)))
	}
	y := b.m[activityKey{"t", "busy"}]
	require.Equal(t, 2, y.removals.Len(), "what has left the window")
	require.Len(t, y.byUser, 2)
	require.Len(t, b.m, 1)

	now = now.Add(time.Hour)
	require.Empty(t, b.list("t"))
	require.Empty(t, b.m)
}

// TestBrake_LateWrites: a write that ends when its removal is counted no more
// takes nothing from the removal that is counted then.
func TestBrake_LateWrites(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	b := &brake{now: func() time.Time { return now }}
	key := activityKey{"t", "c"}
	reserve := func(user string) *reservation {
		r, s := b.reserve(key, user, RemovalLimit{Users: 2, Window: time.Hour}, 0)
		require.Nil(t, s)
		return r
	}
	counted := func() int { return b.m[key].removals.Len() }

	late := reserve("ann")
	now = now.Add(time.Minute)
	reserve("zoe").finish(true)
	now = now.Add(59 * time.Minute)
	reserve("ann").finish(true)
	late.finish(false)
	reserve("ann").finish(false)
	require.Equal(t, 2, counted(), "it left the window")

	b.release(key, 0)
	late = reserve("bob")
	b.release(key, 0)
	reserve("bob").finish(true)
	late.finish(false)
	require.Equal(t, 1, counted(), "it was released")
}

// TestBrake_WritesBesideEachOther: a removal counts as long as one of the writes
// that it may come from is under way, or was done.
func TestBrake_WritesBesideEachOther(t *testing.T) {
	t.Parallel()
	for _, order := range [][]bool{{true, false}, {false, true}, {true, true}, {false, false}} {
		b := &brake{now: time.Now}
		key := activityKey{"t", "c"}
		reserve := func(user string) (*reservation, *stopped) {
			return b.reserve(key, user, RemovalLimit{Users: 1}, 0)
		}
		first, refused := reserve("ann")
		require.Nil(t, refused)
		second, refused := reserve("ann")
		require.Nil(t, refused)
		first.finish(order[0])
		_, refused = reserve("bob")
		require.NotNil(t, refused, "the second write is under way")
		second.finish(order[1])
		_, refused = reserve("bob")
		require.Equal(t, order[0] || order[1], refused != nil, "done: %v", order)
	}
}

func TestBrake_PerCentAreExact(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		percent float64
		n, of   int
	}{{0.57, 57, 10_000}, {1.13, 113, 10_000}, {100.0 / 3, 100, 300}, {33.3, 333, 1000}, {5, 50_000, 1_000_000}} {
		l := RemovalLimit{Percent: c.percent}
		require.True(t, l.allows(c.n, c.of), "%v", c)
		require.False(t, l.allows(c.n+1, c.of), "%v", c)
	}
}

func TestRate_QuietConnectionsCostNothing(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	var log bytes.Buffer
	d := &Directory{log: slog.New(slog.NewTextHandler(&log, nil))}
	r, err := newRates(d, &RateLimit{PerSecond: 1, Burst: 100})
	require.NoError(t, err)
	send := func(connection string, n int) {
		for range n {
			_ = r.allow(Connection{ID: connection, Tenant: "t"}, now)
		}
	}
	for i := range 100 {
		send(fmt.Sprint("c", i), 50)
	}
	send("recorded", 101)
	send("left-out", 105)
	now = now.Add(90 * time.Second)
	send("slow", 50) // is not full again when the others are
	now = now.Add(10 * time.Second)
	send("c0", 1)
	require.Len(t, r.m, 3, "the one at hand, the slow one, and the one of which there is something to say")
	require.NotNil(t, r.m[activityKey{"t", "left-out"}])
	require.NotNil(t, r.m[activityKey{"t", "slow"}])
	require.Empty(t, log.String())

	now = now.Add(keepLeftOut)
	send("busy", 1)
	require.Len(t, r.m, 1)
	require.Contains(t, log.String(), "tenant=t connection=left-out refusals=4")
}

// TestRate_AMinuteIsRemembered also by a connection that is full again earlier.
func TestRate_AMinuteIsRemembered(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	r, err := newRates(&Directory{log: slog.Default()}, &RateLimit{PerSecond: 1000, Burst: 1})
	require.NoError(t, err)
	offRecord := func() bool {
		_ = r.allow(Connection{ID: "c", Tenant: "t"}, now)
		err := r.allow(Connection{ID: "c", Tenant: "t"}, now)
		require.Error(t, err)
		return errors.Is(err, errOffRecord)
	}
	require.NoError(t, r.allow(Connection{ID: "other", Tenant: "t"}, now)) // looked at now, and in a minute
	now = now.Add(30 * time.Second)
	require.False(t, offRecord())
	now = now.Add(30 * time.Second)
	require.True(t, offRecord())
	now = now.Add(30 * time.Second)
	require.False(t, offRecord())
}

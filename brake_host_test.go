package scim_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

func TestBrake_TheHostIsToldOnce(t *testing.T) {
	t.Parallel()
	r, ids := braked(t, 9, scim.RemovalLimit{Users: 2, Window: time.Hour})
	var heard []scim.Event
	defer r.dir.Subscribe(func(e scim.Event) {
		if e.Kind == scim.RemovalsStopped || e.Kind == scim.RemovalsReleased {
			heard = append(heard, e)
		}
	})()
	require.Equal(t, 200, disable(r, ids[0]))
	r.clock.advance(20 * time.Minute)
	require.Equal(t, 200, disable(r, ids[1]))
	require.Empty(t, heard)
	since := r.clock.Now().Add(time.Second)
	p := removals["PATCH"](r, ids[2])
	require.Equal(t, 429, p.status)
	want := scim.Event{
		Time: since, Tenant: acme, Connection: "entra", Request: p.header.Get("X-Request-Id"), Kind: scim.RemovalsStopped,
		Error: "This connection removed 2 users within 1h. Further removals are refused until the window has passed or the host releases the connection.",
	}
	record := of(r.record(), scim.RemovalsStopped)
	require.Len(t, record, 1)
	want.Seq = record[0].Seq
	require.NotEmpty(t, want.Seq)
	require.Empty(t, cmp.Diff([]scim.Event{want}, record))
	require.Empty(t, cmp.Diff([]scim.Event{want}, heard))

	for _, id := range ids[2:6] {
		require.Equal(t, 429, disable(r, id))
	}
	r.clock.advance(40 * time.Minute)
	require.Equal(t, 200, disable(r, ids[2]), "the oldest has left")
	require.Equal(t, 429, disable(r, ids[3]))
	require.Len(t, heard, 1, "it is the same stop")
	require.Len(t, r.dir.Stopped(acme), 1)

	r.clock.advance(time.Hour)
	require.Empty(t, r.dir.Stopped(acme), "it clears by itself")
	require.Equal(t, 200, disable(r, ids[3]))
	require.Equal(t, 200, disable(r, ids[4]))
	require.Equal(t, 429, disable(r, ids[5]))
	require.Len(t, heard, 2, "another stop")
	require.Len(t, of(r.record(), scim.RemovalsStopped), 2)
	require.Contains(t, r.log.String(), "the guard against mass removal stopped a connection")
}

// TestBrake_TheHostIsToldInTheEnd also when the record failed at first.
func TestBrake_TheHostIsToldInTheEnd(t *testing.T) {
	t.Parallel()
	store := &faulty{Store: memstore.New(), append: func() error { return errors.New("the disk is full") }}
	r, ids := braked(t, 3, scim.RemovalLimit{Users: 1}, on(store))
	require.Equal(t, 200, disable(r, ids[0]))
	require.Equal(t, 429, disable(r, ids[1]), "refused all the same")
	require.Empty(t, of(r.record(), scim.RemovalsStopped))
	require.Len(t, r.dir.Stopped(acme), 1)
	require.ErrorContains(t, r.dir.Release(context.Background(), acme, "entra", time.Hour), "the disk is full")
	require.Equal(t, 429, disable(r, ids[1]), "nothing was released")
	store.append = nil
	require.Equal(t, 429, disable(r, ids[1]))
	require.Equal(t, 429, disable(r, ids[1]))
	require.Len(t, of(r.record(), scim.RemovalsStopped), 1)
}

func TestBrake_Stopped(t *testing.T) {
	t.Parallel()
	r, ids := braked(t, 9, scim.RemovalLimit{Users: 2, Window: time.Hour})
	begin := r.clock.Now()
	at := func(d time.Duration) time.Time { return begin.Add(d) }
	require.Equal(t, 200, disable(r, ids[0]))
	r.clock.advance(10 * time.Minute)
	require.Equal(t, 200, disable(r, ids[1]))
	require.Empty(t, r.dir.Stopped(acme), "at its limit, but nothing was refused")
	require.Equal(t, 429, disable(r, ids[2]))
	for _, id := range ids[3:5] {
		require.Equal(t, 200, disable(r.as(okta), id))
	}
	require.Equal(t, 429, disable(r.as(okta), ids[5]))
	require.Empty(t, r.dir.Stopped(globex))
	entraStopped := scim.StoppedConnection{
		Connection: "entra", Since: at(10*time.Minute + 3*time.Second), Removed: 2, Window: time.Hour, Retry: at(time.Hour + time.Second),
	}
	require.Empty(t, cmp.Diff([]scim.StoppedConnection{entraStopped, {
		Connection: "okta", Since: at(10*time.Minute + 6*time.Second), Removed: 2, Window: time.Hour, Retry: at(70*time.Minute + 4*time.Second),
	}}, r.dir.Stopped(acme)))

	r.clock.advance(55 * time.Minute)
	entraStopped.Removed, entraStopped.Retry = 1, r.clock.Now()
	require.Empty(t, cmp.Diff(entraStopped, r.dir.Stopped(acme)[0]), "the next one can pass now")
}

func TestBrake_Release(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	t.Run("for a time", func(t *testing.T) {
		t.Parallel()
		r, ids := braked(t, 12, scim.RemovalLimit{Users: 1})
		require.Equal(t, 200, disable(r, ids[0]))
		require.Equal(t, 429, disable(r, ids[1]))
		require.Equal(t, 200, disable(r.as(okta), ids[8]))
		var heard []scim.Event
		defer r.dir.Subscribe(func(e scim.Event) { heard = append(heard, e) })()
		require.NoError(t, r.dir.Release(ctx, acme, "entra", 10*time.Minute))
		want := scim.Event{
			Time: r.clock.Now(), Tenant: acme, Connection: "entra", Kind: scim.RemovalsReleased, Seq: r.last().Seq,
			Error: "The host released this connection. Its removals are neither counted nor refused for 10m.",
		}
		require.Empty(t, cmp.Diff(&want, r.last()))
		require.Empty(t, cmp.Diff([]scim.Event{want}, heard))
		require.Empty(t, r.dir.Stopped(acme))

		for _, id := range ids[1:7] {
			require.Equal(t, 200, disable(r, id))
		}
		require.Equal(t, 429, disable(r.as(okta), ids[9]), "another connection is not released")
		r.clock.advance(10 * time.Minute)
		require.Equal(t, 200, disable(r, ids[10]), "counted from zero")
		require.Equal(t, 429, disable(r, ids[11]))
		require.Len(t, of(r.record(), scim.RemovalsStopped), 3, "before, another one's, and after")
	})
	t.Run("before it is stopped", func(t *testing.T) {
		t.Parallel()
		r, ids := braked(t, 4, scim.RemovalLimit{Users: 1})
		require.NoError(t, r.dir.Release(ctx, acme, "entra", time.Hour))
		for _, id := range ids {
			require.Equal(t, 200, disable(r, id))
		}
	})
	t.Run("to count anew at once", func(t *testing.T) {
		t.Parallel()
		r, ids := braked(t, 4, scim.RemovalLimit{Users: 1})
		require.NoError(t, r.dir.Release(ctx, acme, "entra", time.Hour))
		require.Equal(t, 200, disable(r, ids[0]))
		require.NoError(t, r.dir.Release(ctx, acme, "entra", 0))
		require.Equal(t, 200, disable(r, ids[1]))
		require.Equal(t, 429, disable(r, ids[2]))
	})
	t.Run("what cannot be", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		require.ErrorContains(t, r.dir.Release(ctx, "", "entra", time.Hour), "tenant")
		require.ErrorContains(t, r.dir.Release(ctx, acme, "", time.Hour), "connection")
		require.ErrorContains(t, r.dir.Release(ctx, acme, "entra", -1), "below zero")
		require.Empty(t, r.record())
	})
	t.Run("from a subscriber", func(t *testing.T) {
		t.Parallel()
		r, ids := braked(t, 3, scim.RemovalLimit{Users: 1})
		defer r.dir.Subscribe(func(e scim.Event) {
			if e.Kind == scim.RemovalsStopped {
				require.NoError(t, r.dir.Release(ctx, e.Tenant, e.Connection, time.Hour))
			}
		})()
		require.Equal(t, 200, disable(r, ids[0]))
		require.Equal(t, 429, disable(r, ids[1]))
		require.Equal(t, 200, disable(r, ids[1]))
	})
}

// TestBrake_Activity: telling the host is no change that the connection made.
func TestBrake_Activity(t *testing.T) {
	t.Parallel()
	r, ids := braked(t, 2, scim.RemovalLimit{Users: 1})
	require.Equal(t, 200, disable(r, ids[0]))
	changed := r.clock.Now()
	require.Equal(t, 429, disable(r, ids[1]))
	require.NoError(t, r.dir.Release(context.Background(), acme, "entra", 0))
	a, err := r.dir.Activity(context.Background(), acme)
	require.NoError(t, err)
	require.Equal(t, []scim.Activity{{Connection: "entra", LastRequest: r.clock.Now(), LastChange: changed}}, a)
}

// TestRetryAfter: an error of status 503 says when to come again, whatever it is.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	each(t, map[string]struct {
		err  error
		want string
	}{
		"503":                {&scim.Error{Status: http.StatusServiceUnavailable}, "5"},
		"503 with a time":    {&scim.Error{Status: http.StatusServiceUnavailable, RetryAfter: 90 * time.Second}, "90"},
		"429, rounded up":    {&scim.Error{Status: http.StatusTooManyRequests, RetryAfter: time.Millisecond}, "1"},
		"429, rounded up to": {&scim.Error{Status: http.StatusTooManyRequests, RetryAfter: 2*time.Second + 1}, "3"},
		"429 without":        {&scim.Error{Status: http.StatusTooManyRequests}, ""},
		"400":                {&scim.Error{Status: http.StatusBadRequest}, ""},
	}, func(t *testing.T, c struct {
		err  error
		want string
	},
	) {
		store := &faulty{Store: memstore.New(), update: func() error { return c.err }}
		r := newRig(t, on(store))
		id := r.create(person("ann"))
		require.Equal(t, c.want, removals["DELETE"](r, id).header.Get("Retry-After"))
	})
}

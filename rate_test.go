package scim_test

import (
	"context"
	"fmt"
	"math"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// rated is a rig whose handler bounds the rate. Its clock stands still between
// requests that are sent by send.
func rated(t tester, limit *scim.RateLimit) *rig {
	t.Helper()
	r := newRig(t)
	var err error
	r.handler, err = scim.NewHandler(r.dir, rateConfig(limit))
	require.NoError(t, err)
	return r
}

func rateConfig(limit *scim.RateLimit) scim.HandlerConfig {
	return scim.HandlerConfig{
		BaseURL: baseURL, Rate: limit,
		Verifier: scim.TokenVerifierFunc(func(_ context.Context, token string) (scim.Connection, error) {
			for _, c := range []scim.Connection{entra, okta, other} {
				if token == "token-"+c.ID {
					return c, nil
				}
			}
			return scim.Connection{}, scim.ErrToken
		}),
	}
}

// passed is how many of n requests at once are not refused.
func (r *rig) passed(n int) int {
	r.t.Helper()
	passed := 0
	for range n {
		switch p := r.send("GET", "/Users?count=0", nil); p.status {
		case 200:
			passed++
		default:
			require.Equal(r.t, 429, p.status, p.raw)
			require.GreaterOrEqual(r.t, retryAfter(r.t, p), 1)
		}
	}
	return passed
}

func TestRate_Off(t *testing.T) {
	t.Parallel()
	require.Equal(t, 1000, rated(t, nil).passed(1000))
}

func TestRate_BurstAndRefill(t *testing.T) {
	t.Parallel()
	each(t, map[string]struct {
		limit        scim.RateLimit
		burst, after int // after a second
	}{
		"the defaults":      {scim.RateLimit{}, 200, 100},
		"only the burst":    {scim.RateLimit{Burst: 7}, 7, 7},
		"only the rate":     {scim.RateLimit{PerSecond: 30}, 200, 30},
		"both":              {scim.RateLimit{PerSecond: 3, Burst: 5}, 5, 3},
		"one in two":        {scim.RateLimit{PerSecond: 0.5, Burst: 1}, 1, 0},
		"as fast as can be": {scim.RateLimit{PerSecond: math.Inf(1), Burst: 1}, 300, 300},
	}, func(t *testing.T, c struct {
		limit        scim.RateLimit
		burst, after int
	},
	) {
		r := rated(t, &c.limit)
		require.Equal(t, c.burst, r.passed(300))
		r.clock.advance(time.Second)
		require.Equal(t, c.after, r.passed(300))
		r.clock.advance(time.Hour)
		require.Equal(t, c.burst, r.passed(300), "full again, and not more")
	})
}

func TestRate_TheAnswer(t *testing.T) {
	t.Parallel()
	r := rated(t, &scim.RateLimit{PerSecond: 0.1, Burst: 1})
	id := r.create(person("ann"))
	r.clock.advance(2500 * time.Millisecond)
	before := r.dump()
	p := r.send("DELETE", "/Users/"+id, nil)
	require.Equal(t, 429, p.status)
	require.Equal(t, []any{"urn:ietf:params:scim:api:messages:2.0:Error"}, p.at("schemas"))
	require.Equal(t, "429", p.at("status"))
	require.Equal(t, "This connection sends requests faster than 0.1 a second. Nothing of this one was done; send it again in 8s.", p.detail())
	require.Equal(t, 8, retryAfter(t, p), "7.5 seconds, rounded up")
	require.Equal(t, "application/scim+json; charset=utf-8", p.header.Get("Content-Type"))
	r.same(before, r.dump())
	r.clock.advance(7499 * time.Millisecond)
	require.Equal(t, 429, r.send("DELETE", "/Users/"+id, nil).status)
	r.clock.advance(time.Millisecond)
	require.Equal(t, 204, r.send("DELETE", "/Users/"+id, nil).status, "who waits as told passes, whatever was refused meanwhile")
}

// TestRate_BeforeAnythingElse but the token: not even the path is looked at.
func TestRate_BeforeAnythingElse(t *testing.T) {
	t.Parallel()
	r := rated(t, &scim.RateLimit{PerSecond: 1, Burst: 1})
	require.Equal(t, 1, r.passed(2))
	for _, path := range []string{"/Users", "/Nowhere", "/Users?filter=nonsense", "/ServiceProviderConfig", "/Me"} {
		require.Equal(t, 429, r.send("GET", path, nil).status, path)
	}
	require.Equal(t, 429, r.send("POST", "/Users", "no JSON").status)
}

func TestRate_NeverBeforeTheToken(t *testing.T) {
	t.Parallel()
	r := rated(t, &scim.RateLimit{PerSecond: 1, Burst: 1})
	nobody := r.as(scim.Connection{ID: "nobody"})
	for range 10 {
		p := nobody.send("GET", "/Users", nil)
		require.Equal(t, 401, p.status)
		require.Empty(t, p.header.Get("Retry-After"))
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, httptest.NewRequest("GET", baseURL+"/Users", nil))
		require.Equal(t, 401, w.Code)
	}
	require.Equal(t, 1, r.passed(3), "nor do they use up anything")
	require.Equal(t, 401, nobody.send("GET", "/Users", nil).status)
}

func TestRate_PerConnection(t *testing.T) {
	t.Parallel()
	r := rated(t, &scim.RateLimit{PerSecond: 1, Burst: 4})
	require.Equal(t, 4, r.passed(9))
	require.Equal(t, 4, r.as(okta).passed(9), "another one of the tenant")
	require.Equal(t, 4, r.as(other).passed(9), "one of another tenant")
	require.Equal(t, 0, r.passed(9))
}

func TestRate_Concurrency(t *testing.T) {
	t.Parallel()
	const burst = 50
	r := rated(t, &scim.RateLimit{Burst: burst})
	var passed, refused atomic.Int32
	var running sync.WaitGroup
	for range 200 {
		running.Go(func() {
			switch r.send("GET", "/Users?count=0", nil).status {
			case 200:
				passed.Add(1)
			case 429:
				refused.Add(1)
			}
		})
	}
	running.Wait()
	require.EqualValues(t, burst, passed.Load())
	require.EqualValues(t, 150, refused.Load())
	require.Len(t, r.record(), 1)
}

func TestRate_TheRecordIsNotFlooded(t *testing.T) {
	t.Parallel()
	r := rated(t, &scim.RateLimit{PerSecond: 1, Burst: 1})
	first := r.clock.Now()
	require.Equal(t, 1, r.passed(40))
	r.clock.advance(10 * time.Second)
	require.Equal(t, 1, r.passed(11))
	record := r.record()
	require.Len(t, record, 1, "the first refusal alone")
	e := record[0]
	require.Equal(t, scim.RequestRefused, e.Kind)
	require.Equal(t, 429, e.Status)
	require.Equal(t, "entra", e.Connection)
	require.Equal(t, "GET /scim/v2/Users", e.Name)
	require.Equal(t, "This connection sends requests faster than 1 a second. Nothing of this one was done; send it again in 1s.", e.Error)

	require.Equal(t, 1, r.as(okta).passed(5))
	require.Len(t, r.record(), 2, "each connection has its first one")

	r.clock.advance(50*time.Second - time.Millisecond)
	require.Equal(t, 1, r.passed(2))
	require.Len(t, r.record(), 2, "still within a minute")
	r.clock.advance(time.Millisecond)
	require.Equal(t, 0, r.passed(3))
	require.Len(t, r.record(), 3)
	said := fmt.Sprintf(" 49 more were refused since the last one that is on the record, at %s.", first.Format(time.RFC3339))
	require.True(t, strings.HasSuffix(r.last().Error, said), r.last().Error)

	r.clock.advance(5 * time.Minute)
	require.Equal(t, 1, r.as(other).passed(1)) // others come meanwhile
	require.Equal(t, 1, r.passed(2))
	require.Contains(t, r.last().Error, " 2 more were refused", "also after a quiet time")
	r.clock.advance(5 * time.Minute)
	require.Equal(t, 1, r.passed(2))
	require.NotContains(t, r.last().Error, "more were refused", "none was left out")

	r.ok(404, "GET", "/Users/nobody", nil)
	require.Equal(t, 404, r.last().Status, "any other refusal is on the record as ever")
}

// TestRate_Activity: a connection that is refused was heard of (P1.4).
func TestRate_Activity(t *testing.T) {
	t.Parallel()
	r := rated(t, &scim.RateLimit{PerSecond: 0.001, Burst: 1})
	require.Equal(t, 1, r.passed(1))
	r.clock.advance(time.Minute)
	require.Equal(t, 0, r.passed(1))
	a, err := r.dir.Activity(context.Background(), acme)
	require.NoError(t, err)
	require.Equal(t, []scim.Activity{{Connection: "entra", LastRequest: r.clock.Now()}}, a)
}

func TestRate_WhatCannotBe(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	each(t, map[string]struct {
		limit scim.RateLimit
		want  string
	}{
		"rate":         {scim.RateLimit{PerSecond: -1}, "HandlerConfig.Rate: PerSecond is -1"},
		"not a number": {scim.RateLimit{PerSecond: math.NaN()}, "HandlerConfig.Rate: PerSecond is NaN"},
		"burst":        {scim.RateLimit{Burst: -1}, "HandlerConfig.Rate: Burst is -1"},
	}, func(t *testing.T, c struct {
		limit scim.RateLimit
		want  string
	},
	) {
		_, err := scim.NewHandler(r.dir, rateConfig(&c.limit))
		require.ErrorContains(t, err, c.want)
	})
}

package scim_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// braked is a rig whose connections may remove so many, with n users u0, u1, …
func braked(t tester, n int, limit scim.RemovalLimit, options ...func(*scim.Config)) (*rig, []string) {
	t.Helper()
	r := newRig(t, append([]func(*scim.Config){with(scim.Policy{Removals: limit})}, options...)...)
	ids := make([]string, n)
	for i := range ids {
		ids[i] = r.create(person(fmt.Sprint("u", i)))
	}
	return r, ids
}

// removals are the shapes of a request that removes a user.
var removals = map[string]func(r *rig, id string) reply{
	"DELETE": func(r *rig, id string) reply { return r.do("DELETE", "/Users/"+id, nil) },
	"PATCH":  func(r *rig, id string) reply { return r.do("PATCH", "/Users/"+id, patch(set("active", false))) },
	"pathless PATCH": func(r *rig, id string) reply {
		return r.do("PATCH", "/Users/"+id, patch(set("", obj{"active": "False"})))
	},
	"PUT": func(r *rig, id string) reply {
		u := r.user(id)
		return r.do("PUT", "/Users/"+id, obj{"userName": u.UserName, "emails": list{mail(u.Email, "work")}, "active": false})
	},
}

func disable(r *rig, id string) int { return removals["PATCH"](r, id).status }

// retryAfter is the header as a whole number of seconds.
func retryAfter(t tester, p reply) int {
	t.Helper()
	n, err := strconv.Atoi(p.header.Get("Retry-After"))
	require.NoError(t, err, "Retry-After: %q", p.header.Get("Retry-After"))
	return n
}

// of are the events of one kind.
func of(events []scim.Event, kind scim.EventKind) []scim.Event {
	var out []scim.Event
	for _, e := range events {
		if e.Kind == kind {
			out = append(out, e)
		}
	}
	return out
}

func TestBrake_Off(t *testing.T) {
	t.Parallel()
	each(t, map[string]scim.RemovalLimit{
		"zero":         {},
		"only a time":  {Window: time.Minute},
		"below zero":   {Users: -1, Percent: -1, Window: -1},
		"never so far": {Users: 12, Percent: 100},
	}, func(t *testing.T, limit scim.RemovalLimit) {
		r, ids := braked(t, 12, limit)
		for _, id := range ids {
			require.Equal(t, 204, removals["DELETE"](r, id).status)
		}
		require.Empty(t, r.dir.Stopped(acme))
	})
}

func TestBrake_Counts(t *testing.T) {
	t.Parallel()
	each(t, map[string]struct {
		limit scim.RemovalLimit
		users int // that there are
		want  int // how many of them can be removed
	}{
		"a number":                     {scim.RemovalLimit{Users: 3}, 8, 3},
		"one":                          {scim.RemovalLimit{Users: 1}, 3, 1},
		"per cent":                     {scim.RemovalLimit{Percent: 20}, 10, 2},
		"per cent, rounded down":       {scim.RemovalLimit{Percent: 25}, 10, 2},
		"per cent: the first passes":   {scim.RemovalLimit{Percent: 1}, 10, 1},
		"per cent: of those before":    {scim.RemovalLimit{Percent: 50}, 10, 5},
		"per cent that does not fit":   {scim.RemovalLimit{Percent: 7}, 100, 7},
		"a fraction of a per cent":     {scim.RemovalLimit{Percent: 2.3}, 100, 2},
		"all":                          {scim.RemovalLimit{Percent: 100}, 4, 4},
		"the lower one: the number":    {scim.RemovalLimit{Users: 2, Percent: 50}, 10, 2},
		"the lower one: the per cents": {scim.RemovalLimit{Users: 5, Percent: 20}, 10, 2},
	}, func(t *testing.T, c struct {
		limit scim.RemovalLimit
		users int
		want  int
	},
	) {
		r, ids := braked(t, c.users, c.limit)
		for i, id := range ids {
			want := 200
			if i >= c.want {
				want = 429
			}
			require.Equal(t, want, disable(r, id), "user %d", i)
		}
		require.Equal(t, c.users-c.want, r.licence().Used)
	})
}

// TestBrake_Percent_OfTheWindow: users that came since the window began do not
// raise what may go, and those that went before it do not lower it.
func TestBrake_Percent_OfTheWindow(t *testing.T) {
	t.Parallel()
	r, ids := braked(t, 20, scim.RemovalLimit{Percent: 10, Window: time.Hour})
	require.Equal(t, 200, disable(r, ids[0]))
	for i := range 20 {
		r.create(person(fmt.Sprint("late", i)))
	}
	require.Equal(t, 200, disable(r, ids[1]))
	require.Equal(t, 429, disable(r, ids[2]), "two of twenty")
	r.clock.advance(time.Hour)
	for _, id := range ids[2:5] {
		require.Equal(t, 200, disable(r, id), "three of 38")
	}
	require.Equal(t, 429, disable(r, ids[5]))
}

func TestBrake_Shapes(t *testing.T) {
	t.Parallel()
	each(t, removals, func(t *testing.T, remove func(*rig, string) reply) {
		r, ids := braked(t, 3, scim.RemovalLimit{Users: 1})
		require.Less(t, remove(r, ids[0]).status, 300)
		before := r.dump()
		p := remove(r, ids[1])
		require.Equal(t, 429, p.status)
		r.same(before, r.dump())
	})
}

// TestBrake_Link: a POST that takes over an account and says active: false ends
// its access too.
func TestBrake_Link(t *testing.T) {
	t.Parallel()
	r, ids := braked(t, 1, scim.RemovalLimit{Users: 1})
	r.host("own", "own@acme.example")
	require.Equal(t, 200, disable(r, ids[0]))
	r.refused(429, "", "POST", "/Users", person("own", obj{"active": false}))
	r.ok(201, "POST", "/Users", person("own"))
}

func TestBrake_AllOfTheRequestIsRefused(t *testing.T) {
	t.Parallel()
	r, ids := braked(t, 2, scim.RemovalLimit{Users: 1})
	require.Equal(t, 200, disable(r, ids[0]))
	r.refused(429, "", "PATCH", "/Users/"+ids[1], patch(set("title", "Clerk"), set("active", false)))
	require.Empty(t, r.user(ids[1]).Title)
}

// TestBrake_Bulk: an operation counts as a request of its own does.
func TestBrake_Bulk(t *testing.T) {
	t.Parallel()
	r, ids := braked(t, 4, scim.RemovalLimit{Users: 2})
	ops := list{
		obj{"method": "DELETE", "path": "/Users/" + ids[0]},
		obj{"method": "PATCH", "path": "/Users/" + ids[1], "data": patch(set("active", false))},
		obj{"method": "DELETE", "path": "/Users/" + ids[2]},
		obj{"method": "PATCH", "path": "/Users/" + ids[3], "data": patch(set("title", "Clerk"), set("active", false))},
		obj{"method": "PATCH", "path": "/Users/" + ids[3], "data": patch(set("title", "Baker"))},
	}
	p := r.ok(200, "POST", "/Bulk", obj{"schemas": list{"urn:ietf:params:scim:api:messages:2.0:BulkRequest"}, "Operations": ops})
	for i, want := range []string{"204", "200", "429", "429", "200"} {
		require.Equal(t, want, p.at("Operations", i, "status"), p.raw)
	}
	require.Contains(t, p.at("Operations", 2, "response", "detail"), "can pass in 1h.", "where there is no header, this says when")
	require.Equal(t, scim.StatusActive, r.status(ids[2]))
	require.Equal(t, "Baker", r.user(ids[3]).Title)
	require.Len(t, of(r.record(), scim.RemovalsStopped), 1)
	require.Len(t, of(r.record(), scim.RequestRefused), 2)
}

// TestBrake_Condition: who asks for another version is told that, and uses up
// nothing.
func TestBrake_Condition(t *testing.T) {
	t.Parallel()
	r, ids := braked(t, 3, scim.RemovalLimit{Users: 1})
	stale := func(id string) int {
		req := httptest.NewRequest("DELETE", baseURL+"/Users/"+id, nil)
		req.Header.Set("Authorization", "Bearer token-entra")
		req.Header.Set("If-Match", `W/"0"`)
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, req)
		return w.Code
	}
	require.Equal(t, 412, stale(ids[0]))
	require.Equal(t, 412, stale(ids[1]))
	require.Equal(t, 200, disable(r, ids[1]))
	require.Equal(t, 429, disable(r, ids[2]))
}

func TestBrake_TheAnswer(t *testing.T) {
	t.Parallel()
	r, ids := braked(t, 4, scim.RemovalLimit{Users: 2, Window: 90 * time.Minute})
	require.Equal(t, 200, disable(r, ids[0]))
	r.clock.advance(40 * time.Minute)
	require.Equal(t, 200, disable(r, ids[1]))

	p := r.refused(429, "", "DELETE", "/Users/"+ids[2], nil)
	require.Equal(t, "429", p.at("status"))
	require.Equal(t, "This connection removed 2 users within 1h30m. The guard against mass removal stops it: "+
		"no more users are deactivated or deleted, and nothing of this request was done. Check what the identity provider has in scope. "+
		"If the removals are meant, ask whoever runs this service to release the connection; else the next one can pass in 49m58s.", p.detail())
	require.Equal(t, 49*60+58, retryAfter(t, p), "until the oldest one leaves the window")
	require.Equal(t, "application/scim+json; charset=utf-8", p.header.Get("Content-Type"))

	e := r.last()
	require.Equal(t, scim.RequestRefused, e.Kind, "on the record like any other")
	require.Equal(t, 429, e.Status)
	require.Equal(t, ids[2], e.UserID)
	require.Equal(t, p.detail(), e.Error)
}

func TestBrake_RetryAfterIsBounded(t *testing.T) {
	t.Parallel()
	each(t, map[string]struct {
		window, passed time.Duration
		want           int
	}{
		"an hour at most":     {24 * time.Hour, time.Minute, 3600},
		"rounded up":          {time.Hour, 59*time.Minute + 58*time.Second + 500*time.Millisecond, 1},
		"a second at least":   {time.Hour, 59*time.Minute + 58*time.Second + 999*time.Millisecond, 1},
		"rounded up to a few": {time.Hour, 59*time.Minute + 50*time.Second + 1*time.Millisecond, 9},
	}, func(t *testing.T, c struct {
		window, passed time.Duration
		want           int
	},
	) {
		r, ids := braked(t, 2, scim.RemovalLimit{Users: 1, Window: c.window})
		require.Equal(t, 200, disable(r, ids[0]))
		r.clock.advance(c.passed)
		p := removals["DELETE"](r, ids[1]) // a second later
		require.Equal(t, 429, p.status)
		require.Equal(t, c.want, retryAfter(t, p))
		if c.want == 3600 {
			require.Contains(t, p.detail(), "can pass in 23h58m59s", "people are told how long it really is")
		}
	})
}

func TestBrake_TheSameUserCountsOnce(t *testing.T) {
	t.Parallel()
	r, ids := braked(t, 4, scim.RemovalLimit{Users: 2})
	require.Equal(t, 200, disable(r, ids[0]))
	require.Equal(t, 204, removals["DELETE"](r, ids[0]).status, "disabled, then deleted")
	require.Equal(t, 200, disable(r, ids[1]))
	require.Equal(t, 429, disable(r, ids[2]))
	r.patch(ids[1], set("active", true))
	require.Equal(t, 200, disable(r, ids[1]), "also while others are refused")
	require.Equal(t, 204, removals["DELETE"](r, ids[1]).status)
	require.Equal(t, 429, disable(r, ids[2]))
}

// TestBrake_DeletingCounts also one whose access had ended before the window.
func TestBrake_DeletingCounts(t *testing.T) {
	t.Parallel()
	r := newRig(t, with(scim.Policy{Removals: scim.RemovalLimit{Users: 1}}))
	ids := []string{r.create(person("ann", obj{"active": false})), r.create(person("bob", obj{"active": false}))}
	require.Equal(t, 204, removals["DELETE"](r, ids[0]).status)
	require.Equal(t, 429, removals["DELETE"](r, ids[1]).status)
	require.Equal(t, 404, removals["DELETE"](r, ids[0]).status, "who is not there is not there")
}

func TestBrake_TheWindowSlides(t *testing.T) {
	t.Parallel()
	r, ids := braked(t, 9, scim.RemovalLimit{Users: 2, Window: 10 * time.Minute})
	remove := func(want int, i int) {
		t.Helper()
		require.Equal(t, want, r.send("DELETE", "/Users/"+ids[i], nil).status, "user %d", i)
	}
	remove(204, 0)
	r.clock.advance(4 * time.Minute)
	remove(204, 1)
	remove(429, 2)
	r.clock.advance(6*time.Minute - time.Millisecond)
	remove(429, 2)
	r.clock.advance(time.Millisecond)
	remove(204, 2)
	remove(429, 3)
	r.clock.advance(4 * time.Minute)
	remove(204, 3)
	remove(429, 4)
	r.clock.advance(10 * time.Minute)
	remove(204, 4)
	remove(204, 5)
	remove(429, 6)
}

func TestBrake_AnHourIsTheDefault(t *testing.T) {
	t.Parallel()
	r, ids := braked(t, 2, scim.RemovalLimit{Users: 1})
	require.Equal(t, 200, disable(r, ids[0]))
	r.clock.advance(time.Hour - 2*time.Second)
	require.Equal(t, 429, disable(r, ids[1]))
	require.Equal(t, 200, disable(r, ids[1]))
}

// TestBrake_OthersGoOn: what is no removal is never refused, nor counted, and
// neither are the removals of anybody else.
func TestBrake_OthersGoOn(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r, ids := braked(t, 9, scim.RemovalLimit{Users: 1})
	group := r.group("Staff", ids...)
	require.Equal(t, 200, disable(r, ids[0]))
	require.Equal(t, 429, disable(r, ids[1]))

	r.create(person("new"))
	gone := r.create(person("gone", obj{"active": false}))
	r.patch(gone, set("title", "Clerk"), set("active", false))
	r.patch(ids[0], set("active", true))
	r.patch(ids[1], set("title", "Clerk"))
	r.ok(200, "PUT", "/Users/"+ids[2], person("u2", obj{"title": "Clerk"}))
	r.get(ids[3])
	r.patchGroup(group, obj{"op": "remove", "path": "members"})
	r.ok(204, "DELETE", "/Groups/"+group, nil)

	require.Equal(t, 200, disable(r.as(okta), ids[4]), "another connection of the tenant")
	require.Equal(t, 429, disable(r.as(okta), ids[5]), "which has a count of its own")
	theirs := r.as(other)
	require.Equal(t, 200, disable(theirs, theirs.create(person("ann"))), "another tenant")
	for _, id := range ids[6:9] {
		_, err := r.dir.Deactivate(ctx, acme, id)
		require.NoError(t, err, "the host")
	}
	require.Equal(t, 429, disable(r, ids[1]), "and all the time this one")
}

// TestBrake_HeldUsers have no access that could end; deleting them counts.
func TestBrake_HeldUsers(t *testing.T) {
	t.Parallel()
	r := newRig(t, with(scim.Policy{Removals: scim.RemovalLimit{Users: 1}}))
	r.setSeats(0)
	var ids []string
	for i := range 4 {
		ids = append(ids, r.create(person(fmt.Sprint("u", i))))
	}
	for _, id := range ids {
		require.Equal(t, 200, disable(r, id))
	}
	require.Equal(t, 204, removals["DELETE"](r, ids[0]).status)
	require.Equal(t, 429, removals["DELETE"](r, ids[1]).status)
}

func TestBrake_Concurrency(t *testing.T) {
	t.Parallel()
	const users, most = 200, 17
	each(t, map[string]scim.RemovalLimit{
		"a number": {Users: most},
		"per cent": {Percent: 100 * float64(most) / users},
	}, func(t *testing.T, limit scim.RemovalLimit) {
		r, ids := braked(t, users, limit)
		var done, refused atomic.Int32
		var running sync.WaitGroup
		start := make(chan struct{})
		for i, id := range ids {
			running.Go(func() {
				<-start
				var status int
				if i%2 == 0 {
					status = r.send("DELETE", "/Users/"+id, nil).status
				} else {
					status = r.send("PATCH", "/Users/"+id, patch(set("active", false))).status
				}
				switch status {
				case 200, 204:
					done.Add(1)
				case 429:
					refused.Add(1)
				}
			})
		}
		close(start)
		running.Wait()
		require.EqualValues(t, most, done.Load())
		require.EqualValues(t, users-most, refused.Load())
		require.Equal(t, users-most, r.licence().Used)
		require.Len(t, of(r.record(), scim.RemovalsStopped), 1, "the host is told once")
	})
}

// TestBrake_Concurrency_SameUser: however many requests remove one user at once,
// it is one removal.
func TestBrake_Concurrency_SameUser(t *testing.T) {
	t.Parallel()
	r, ids := braked(t, 3, scim.RemovalLimit{Users: 2})
	var running sync.WaitGroup
	for i := range 40 {
		running.Go(func() {
			status := r.send([]string{"DELETE", "PATCH"}[i%2], "/Users/"+ids[0], patch(set("active", false))).status
			if status == 429 {
				t.Error("one user was counted twice")
			}
		})
	}
	running.Wait()
	require.Equal(t, 200, disable(r, ids[1]), "a second one")
	require.Equal(t, 429, disable(r, ids[2]), "no third one")
}

// faulty is a store some of whose writes fail.
type faulty struct {
	scim.Store
	update func() error
	append func() error
}

func (s *faulty) UpdateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	if s.update != nil {
		if err := s.update(); err != nil {
			return nil, err
		}
	}
	return s.Store.UpdateUser(ctx, t, u, g, e)
}

func (s *faulty) Append(ctx context.Context, t scim.Tenant, e *scim.Event) error {
	if s.append != nil && e.Kind != scim.RequestRefused {
		if err := s.append(); err != nil {
			return err
		}
	}
	return s.Store.Append(ctx, t, e)
}

func on(s scim.Store) func(*scim.Config) { return func(c *scim.Config) { c.Store = s } }

func TestBrake_FailuresGiveBack(t *testing.T) {
	t.Parallel()
	store := &faulty{Store: memstore.New()}
	r, ids := braked(t, 4, scim.RemovalLimit{Users: 1}, on(store))
	store.update = func() error { return errors.New("the disk is full") }
	for _, id := range ids[:3] {
		require.Equal(t, 500, disable(r, id))
	}
	lost := 0
	store.update = func() error {
		if lost++; lost < 5 {
			return scim.ErrVersion
		}
		return nil
	}
	require.Equal(t, 200, disable(r, ids[0]), "a lost race is run again")
	require.Equal(t, 5, lost)
	require.Equal(t, 429, disable(r, ids[1]), "that one counts")
	require.Empty(t, r.dir.Stopped(globex))
}

// TestBrake_FailureBesideSuccess: of two writes that remove one user the one that
// fails takes nothing back of the one that was done.
func TestBrake_FailureBesideSuccess(t *testing.T) {
	t.Parallel()
	store := &faulty{Store: memstore.New()}
	r, ids := braked(t, 2, scim.RemovalLimit{Users: 1}, on(store))
	first := true
	var inner int
	store.update = func() error {
		if !first {
			return nil
		}
		first = false
		inner = r.send("DELETE", "/Users/"+ids[0], nil).status // overtakes the one that waits here
		return errors.New("the disk is full")
	}
	require.Equal(t, 500, disable(r, ids[0]))
	require.Equal(t, 204, inner)
	require.Equal(t, 429, disable(r, ids[1]))
}

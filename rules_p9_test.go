package scim_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

func TestP9_1_EveryChangeIsOneEvent(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t)
	r.setSeats(2)
	var ann, bob, own, staff string
	user := func(id *string) string { return "/Users/" + *id }
	for _, c := range []struct {
		kind scim.EventKind
		do   func()
	}{
		{scim.UserCreated, func() { ann = r.create(person("ann", in("Sales"))) }},
		{scim.UserCreated, func() { own = r.host("own", "own@acme.example").ID }},
		{scim.UserLinked, func() { r.create(person("own")) }},
		{scim.UserCreated, func() { bob = r.create(person("bob")) }}, // held
		{scim.UserUpdated, func() { r.patch(ann, set("title", "x")) }},
		{scim.UserUpdated, func() { r.ok(200, "PUT", user(&ann), person("ann")) }},
		{scim.UserDeactivated, func() { r.patch(ann, set("active", false)) }},
		{scim.UserActivated, func() { r.patch(ann, set("active", true), set("title", "y")) }},
		{scim.UserDeactivated, func() { _, _ = r.dir.Deactivate(ctx, acme, ann) }},
		{scim.UserActivated, func() { _, _ = r.dir.Activate(ctx, acme, bob) }},
		{scim.UserHeld, func() { r.patch(ann, set("active", true)) }},
		{scim.GroupCreated, func() { staff = r.group("Staff", ann) }},
		{scim.GroupUpdated, func() { r.patchGroup(staff, op("add", "members", refs(bob))) }},
		{scim.GroupUpdated, func() { r.patchGroup(staff, set("displayName", "Crew")) }},
		{scim.UserArchived, func() { r.ok(204, "DELETE", user(&ann), nil) }},
		{scim.UserRestored, func() { r.create(person("ann")) }},
		{scim.GroupDeleted, func() { r.ok(204, "DELETE", "/Groups/"+staff, nil) }},
		{scim.RequestRefused, func() { r.ok(404, "GET", "/Groups/"+staff, nil) }},
		{scim.RequestIgnored, func() { r.patch(own, set("shoeSize", 1)) }},
		{scim.UserArchived, func() { r.ok(204, "DELETE", user(&own), nil) }},
		{scim.UserPurged, func() { _, _ = r.dir.Purge(ctx, acme, r.clock.Now().Add(time.Hour)) }},
	} {
		before := r.record()
		c.do()
		got := r.record()[len(before):]
		require.Equal(t, []scim.EventKind{c.kind}, kinds(got))
		require.Equal(t, r.clock.Now(), got[0].Time)
		require.Equal(t, acme, got[0].Tenant)
		require.NotEmpty(t, got[0].Seq)
		if c.kind != scim.GroupUpdated { // which names the group by its id
			require.NotEmpty(t, got[0].Name)
		}
		require.True(t, got[0].UserID != "" || got[0].GroupID != "", c.kind)
	}
}

func TestP9_1_WhatAnEventSays(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create(person("ann", in("Sales"), obj{"title": "Chief", "phoneNumbers": list{mail("1", "work")}}))
	r.clock.advance(time.Second)
	p := r.as(okta).do("PATCH", "/Users/"+id, patch(
		set("title", ""), set("nickName", "A"), set("userName", "ann.e"), set(ent+":department", "Marketing"),
		op("add", "phoneNumbers", mail("2")), set("active", false), set("displayName", nil), set("shoeSize", 1), set("timezone", "Mars"),
	))
	require.Equal(t, 200, p.status, p.raw)
	e := r.last()
	want := scim.Event{
		Seq: e.Seq, Time: r.clock.Now(), Tenant: acme, Connection: "okta", Request: p.header.Get("X-Request-Id"),
		Kind: scim.UserDeactivated, UserID: id, Name: "ann.e", From: scim.StatusActive, To: scim.StatusDeactivated,
		Changes: []scim.Change{
			{Attribute: "userName", Old: "ann@acme.example", New: "ann.e"},
			{Attribute: "department", Old: "Sales", New: "Marketing"},
			{Attribute: "nickName", New: "A"},
			{Attribute: "phoneNumbers", Old: `[{"value":"1","type":"work"}]`, New: `[{"value":"1","type":"work"},{"value":"2"}]`},
			{Attribute: "timezone", New: "Mars"},
			{Attribute: "title", Old: "Chief"},
		},
		Moves:    []scim.FolderMove{{Root: "Department", From: "Sales", To: "Marketing"}},
		Warnings: []scim.Warning{{Attribute: "timezone", Text: e.Warnings[0].Text}},
		Ignored:  []string{"shoeSize"},
	}
	byName := func(a, b scim.Change) int { return strings.Compare(a.Attribute, b.Attribute) }
	slices.SortFunc(want.Changes, byName)
	slices.SortFunc(e.Changes, byName)
	require.Empty(t, cmp.Diff(want, *e))
}

func TestP9_1_SensitiveValuesAreLeftOut(t *testing.T) {
	t.Parallel()
	rows := scim.ProductAttributes()
	for i := range rows {
		switch rows[i].Name {
		case "title", "givenName", "phone", "manager", "costCenter", "state":
			rows[i].Sensitive = true
		}
	}
	r := newRig(t, func(c *scim.Config) {
		c.Attributes = append(rows, scim.Attribute{Name: "badge", Path: own + ":badge", Sensitive: true})
	})
	var heard []scim.Event
	r.dir.Subscribe(func(e scim.Event) { heard = append(heard, e) })
	secret := func(s string) obj {
		return person("ann", obj{
			"title": s + "-1", "name": obj{"givenName": s + "-2"}, "phoneNumbers": list{mail(s+"-3", "mobile"), mail(s+"-4", "work")},
			"addresses": list{obj{"type": "work", "region": s + "-5"}}, own: obj{"badge": s + "-6"},
			ent: obj{"manager": obj{"value": s + "-7", "$ref": s + "-8"}, "costCenter": s + "-9"},
		})
	}
	id := r.create(secret("SECRET"))
	r.ok(200, "PUT", "/Users/"+id, secret("HIDDEN"))
	var names []string
	for _, c := range r.last().Changes {
		names = append(names, c.Attribute)
		require.Empty(t, c.Old+c.New)
	}
	require.Len(t, names, 9-1, "that they changed is told: %q", names)
	r.patch(id, remove("title"), set("nickName", "shown"), set(`phoneNumbers[type eq "mobile"].value`, "SECRET-3"))
	r.do("PATCH", "/Users/"+id, patch(set("title", obj{"a": "SECRET"})))
	r.do("PATCH", "/Users/"+id, patch(set("title", strings.Repeat("SECRET", 1000))))
	r.ok(204, "DELETE", "/Users/"+id, nil)
	r.create(secret("SECRET"))
	everything := fmt.Sprintf("%+v %+v %s", r.record(), heard, r.log)
	require.NotContains(t, everything, "SECRET")
	require.NotContains(t, everything, "HIDDEN")
	require.Contains(t, everything, "shown")
}

// failing is a store that loses its connection in the middle.
type failing struct {
	scim.Store
	err error
}

func (s *failing) UpdateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	if s.err != nil {
		return nil, s.err
	}
	return s.Store.UpdateUser(ctx, t, u, g, e)
}

func TestP9_1_AllOrNothing(t *testing.T) {
	t.Parallel()
	s := &failing{Store: memstore.New()}
	r := newRig(t, func(c *scim.Config) { c.Store = s })
	id := r.create(person("ann"))
	heard := 0
	r.dir.Subscribe(func(scim.Event) { heard++ })
	s.err = errors.New("the disk is full of secrets")
	p := r.refused(500, "", "PATCH", "/Users/"+id, patch(set("active", false)))
	require.NotContains(t, p.raw, "secrets")
	require.Zero(t, heard, "nobody is told of what was not stored")
	require.Equal(t, []scim.EventKind{scim.UserCreated, scim.RequestRefused}, kinds(r.record()))
	require.NotContains(t, r.last().Error, "secrets")
	s.err = nil
	r.patch(id, set("active", false))
	require.Equal(t, 1, heard)
	require.Equal(t, scim.UserDeactivated, r.last().Kind)
}

func TestP9_2_Subscribe(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var one, two []scim.EventKind
	cancel := r.dir.Subscribe(func(e scim.Event) { one = append(one, e.Kind); e.Changes = nil })
	r.dir.Subscribe(func(scim.Event) { panic("a subscriber that is broken") })
	r.dir.Subscribe(func(e scim.Event) { two = append(two, e.Kind) })
	id := r.create(person("ann"))
	r.patch(id, set("title", "x"))
	r.patch(id, set("title", "x"))
	cancel()
	cancel()
	r.patch(id, set("active", false))
	require.Equal(t, []scim.EventKind{scim.UserCreated, scim.UserUpdated}, one)
	require.Equal(t, []scim.EventKind{scim.UserCreated, scim.UserUpdated, scim.UserDeactivated}, two)
	require.Len(t, r.record()[1].Changes, 1, "a subscriber has a copy")
}

func TestP9_2_LogInPages(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t)
	ann, bob := r.create(person("ann")), r.create(person("bob"))
	from := r.clock.Now().Add(time.Second)
	for i := range 4 {
		r.patch(ann, set("title", fmt.Sprint(i)))
		r.patch(bob, set("title", fmt.Sprint(i)))
	}
	to := r.clock.Now()
	r.as(other).create(person("ann"))
	read := func(q scim.EventQuery) []scim.Event {
		t.Helper()
		var all []scim.Event
		for {
			page, err := r.dir.Log(ctx, acme, q)
			require.NoError(t, err)
			all = append(all, page.Items...)
			if len(page.Items) == 0 || page.Next == "" {
				return all
			}
			q.After = page.Next
		}
	}
	require.Len(t, read(scim.EventQuery{Limit: 3}), 10)
	require.Len(t, read(scim.EventQuery{Limit: 3, Tenant: globex}), 10, "the tenant is the parameter's")
	require.Len(t, read(scim.EventQuery{Limit: 2, UserID: ann}), 5, "by user")
	mine := read(scim.EventQuery{Limit: 2, UserID: ann, From: from, To: to})
	require.Len(t, mine, 4, "and by time")
	newest := read(scim.EventQuery{Limit: 3, NewestFirst: true})
	slices.Reverse(newest)
	require.Empty(t, cmp.Diff(read(scim.EventQuery{Limit: 4}), newest))
	_, err := r.dir.Log(ctx, "", scim.EventQuery{})
	require.Error(t, err, "no tenant is not all tenants")
}

func TestP9_3_Refusals(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create(person("ann"))
	staff := r.group("Staff")
	for _, c := range []struct {
		status       int
		kind         string
		method, path string
		body         any
	}{
		{409, "uniqueness", "POST", "/Users", person("ann")},
		{400, "invalidValue", "PATCH", "/Users/" + id, patch(set("userName", ""))},
		{400, "invalidPath", "PATCH", "/Users/" + id, patch(set("emails[", ""))},
		{400, "invalidValue", "PATCH", "/Groups/" + staff, patch(op("add", "members", refs("nobody")))},
		{400, "invalidSyntax", "POST", "/Users", "{"},
		{400, "invalidFilter", "GET", "/Users?filter=nonsense", nil},
		{404, "", "GET", "/Users/nobody", nil},
		{404, "", "GET", "/Nothing", nil},
		{405, "", "DELETE", "/Users", nil},
	} {
		p := r.refused(c.status, c.kind, c.method, c.path, c.body)
		e := r.last()
		require.Equal(t, scim.RequestRefused, e.Kind)
		require.Equal(t, c.status, e.Status)
		require.Equal(t, p.detail(), e.Error, "with the error its client was given")
		require.Equal(t, p.header.Get("X-Request-Id"), e.Request)
		require.Equal(t, "entra", e.Connection)
		require.Equal(t, r.clock.Now(), e.Time)
		require.NotContains(t, e.Name, "filter", "the query has personal data")
		if strings.HasPrefix(c.path, "/Users/"+id) {
			require.Equal(t, id, e.UserID)
		}
		if strings.HasPrefix(c.path, "/Groups/") {
			require.Equal(t, staff, e.GroupID)
		}
	}
	require.Empty(t, r.as(other).record())
}

// inbox is a consumer that remembers what it was handed, and when.
type inbox struct {
	mu   sync.Mutex
	got  []string // userNames
	when []time.Time
	fail func(attempt int, e scim.Event) error // nil: never
}

func (c *inbox) take(_ context.Context, e scim.Event) error {
	c.mu.Lock()
	c.when = append(c.when, time.Now())
	n, fail := len(c.when), c.fail
	c.mu.Unlock()
	if fail != nil {
		if err := fail(n, e); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, e.Name)
	return nil
}

func (c *inbox) names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.got)
}

func (c *inbox) attempts() []time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.when)
}

// consume runs a consumer until stop, which waits for its end.
func (r *rig) consume(t *testing.T, name string, f func(context.Context, scim.Event) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.dir.Consume(ctx, name, f) }()
	synctest.Wait()
	return func() {
		t.Helper()
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	}
}

// bubble runs a test on the fake time of synctest.
func bubble(t *testing.T, f func(t *testing.T, r *rig)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f(t, newRig(t, func(c *scim.Config) { c.Now = time.Now }))
	})
}

// post makes a user without moving a clock.
func (r *rig) post(names ...string) {
	r.t.Helper()
	for _, n := range names {
		require.Equal(r.t, 201, r.send("POST", "/Users", obj{"userName": n, "emails": list{n + "@acme.example"}}).status)
	}
}

func (r *rig) consumer(name string) scim.ConsumerStatus {
	r.t.Helper()
	for _, c := range r.dir.Consumers() {
		if c.Name == name {
			return c
		}
	}
	require.Fail(r.t, "no consumer called "+name)
	return scim.ConsumerStatus{}
}

func TestP9_4_EveryEventInOrderAtLeastOnce(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.post("before")
		var box inbox
		stop := r.consume(t, "sessions", box.take)
		require.Equal(t, []string{"before"}, box.names(), "also what was before it came")
		want := []string{"before"}
		for i := range 250 {
			name := fmt.Sprint("u", i)
			r.post(name)
			want = append(want, name)
		}
		r.as(other).post("elsewhere")
		synctest.Wait()
		require.Equal(t, append(want, "elsewhere"), box.names(), "of all tenants, without waiting")
		r.send("GET", "/Users/nobody", nil)
		elapse(2 * time.Second)
		require.Len(t, box.names(), 253, "a refusal is an event as well")
		require.Equal(t, 253, r.consumer("sessions").Handled)
		stop()
		require.Empty(t, r.dir.Consumers())
		require.Error(t, r.dir.Consume(t.Context(), "", box.take))
	})
}

func TestP9_4_GoesOnWhereItStopped(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		var first, second, third inbox
		stop := r.consume(t, "sessions", first.take)
		r.post("a", "b")
		synctest.Wait()
		require.ErrorContains(t, r.dir.Consume(t.Context(), "sessions", first.take), "sessions", "one of a name in a process")
		stop()
		r.post("c", "d")

		stop = r.consume(t, "sessions", second.take)
		require.Equal(t, []string{"c", "d"}, second.names())
		stop()
		r.post("e")
		again := newRig(t, func(c *scim.Config) { c.Store, c.Now = r.store, time.Now })
		stop = again.consume(t, "sessions", third.take)
		require.Equal(t, []string{"e"}, third.names(), "also in another process")
		r.post("f")
		elapse(2 * time.Second)
		require.Equal(t, []string{"e", "f"}, third.names(), "and what other processes do")
		stop()
	})
}

func TestP9_4_ACrashLosesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.post("a", "b", "c")
		var box inbox
		ctx, crash := context.WithCancel(t.Context())
		box.fail = func(_ int, e scim.Event) error {
			if e.Name == "b" {
				crash() // in the middle of the work on it
				return ctx.Err()
			}
			return nil
		}
		require.ErrorIs(t, r.dir.Consume(ctx, "keys", box.take), context.Canceled)
		require.Equal(t, []string{"a"}, box.names())
		box.fail = nil
		again := newRig(t, func(c *scim.Config) { c.Store, c.Now = r.store, time.Now })
		stop := again.consume(t, "keys", box.take)
		require.Equal(t, []string{"a", "b", "c"}, box.names())
		stop()
	})
}

func TestP9_4_AsLongAsTheStoreKeepsTheRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *scim.Config) { c.Store, c.Now = memstore.NewWith(memstore.Options{Events: 3}), time.Now })
		var box inbox
		stop := r.consume(t, "sessions", box.take)
		r.post("a")
		synctest.Wait()
		stop()
		r.post("b", "c", "d", "e", "f")
		stop = r.consume(t, "sessions", box.take)
		require.Equal(t, []string{"a", "d", "e", "f"}, box.names(), "it goes on with the oldest that is kept")
		stop()
	})
}

// flaky is a store whose record cannot be read, or place not be kept, for a while.
type flaky struct {
	scim.Store
	mu      sync.Mutex
	failing bool
}

func (s *flaky) set(failing bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failing = failing
}

func (s *flaky) err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing {
		return errors.New("the store is away")
	}
	return nil
}

func (s *flaky) Events(ctx context.Context, q scim.EventQuery) (scim.Page[scim.Event], error) {
	if err := s.err(); err != nil {
		return scim.Page[scim.Event]{}, err
	}
	return s.Store.Events(ctx, q)
}

func (s *flaky) SetPlace(ctx context.Context, consumer, place string) error {
	if err := s.err(); err != nil {
		return err
	}
	return s.Store.SetPlace(ctx, consumer, place)
}

func TestP9_4_AStoreThatIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &flaky{Store: memstore.New()}
		r := newRig(t, func(c *scim.Config) { c.Store, c.Now = s, time.Now })
		box := inbox{fail: func(n int, _ scim.Event) error {
			s.set(n == 2) // while the second event is handled
			return nil
		}}
		stop := r.consume(t, "sessions", box.take)
		r.post("a", "b", "c")
		elapse(time.Hour)
		require.Equal(t, []string{"a", "b"}, box.names())
		require.Contains(t, r.consumer("sessions").LastError, "away")
		s.set(false)
		elapse(2 * time.Minute)
		require.Equal(t, []string{"a", "b", "c"}, slices.Compact(box.names()), "in order, at least once")
		r.post("d")
		synctest.Wait()
		require.Equal(t, "d", box.names()[len(box.names())-1])
		stop()
		place, err := s.Place(t.Context(), "sessions")
		require.NoError(t, err)
		require.Equal(t, r.last().Seq, place)
	})
}

func TestP9_4_AFailingConsumerIsAskedAgain(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		broken := errors.New("the session store is away")
		box := inbox{fail: func(n int, e scim.Event) error {
			if e.Name == "leaver" && n < 30 {
				return broken
			}
			return nil
		}}
		stop := r.consume(t, "sessions", box.take)
		r.post("joiner", "leaver", "next")
		synctest.Wait()
		require.Equal(t, []string{"joiner"}, box.names())
		require.Equal(t, 1, r.consumer("sessions").Failures)
		require.Contains(t, r.consumer("sessions").LastError, "away")
		r.post("more")
		elapse(2 * time.Hour)
		require.Equal(t, []string{"joiner", "leaver", "next", "more"}, box.names(), "in order, and nothing is skipped")
		require.Zero(t, r.consumer("sessions").Failures)
		require.Empty(t, r.consumer("sessions").LastError)
		when := box.attempts()[1:30]
		var last time.Duration
		for i := 1; i < len(when); i++ {
			wait := when[i].Sub(when[i-1])
			require.Positive(t, wait)
			require.LessOrEqual(t, wait, time.Minute, "bounded")
			require.GreaterOrEqual(t, wait, last, "later each time")
			last = wait
		}
		first := when[1].Sub(when[0])
		require.Greater(t, last, first)

		box.mu.Lock()
		n := len(box.when)
		box.fail = func(attempt int, _ scim.Event) error {
			if attempt == n+1 {
				return broken
			}
			return nil
		}
		box.mu.Unlock()
		r.post("late")
		elapse(first)
		require.Equal(t, "late", box.names()[4], "after a success the delay is short again")
		stop()
	})
}

func TestP9_4_APanicIsAFailure(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		box := inbox{fail: func(n int, _ scim.Event) error {
			if n < 4 {
				panic("a consumer that is broken")
			}
			return nil
		}}
		var well inbox
		stop, stop2 := r.consume(t, "broken", box.take), r.consume(t, "well", well.take)
		r.post("a", "b")
		synctest.Wait()
		require.Equal(t, []string{"a", "b"}, well.names())
		require.Empty(t, box.names())
		require.Contains(t, r.consumer("broken").LastError, "panicked")
		elapse(time.Minute)
		require.Equal(t, []string{"a", "b"}, box.names())
		stop()
		stop2()
	})
}

func TestP9_4_ASlowConsumerBlocksNobody(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		release := make(chan struct{})
		slow := inbox{fail: func(int, scim.Event) error { <-release; return nil }}
		var quick inbox
		stop, stop2 := r.consume(t, "slow", slow.take), r.consume(t, "quick", quick.take)
		start := time.Now()
		for i := range 50 {
			r.post(fmt.Sprint("u", i))
		}
		require.Equal(t, start, time.Now(), "no request waits")
		synctest.Wait()
		require.Len(t, quick.names(), 50, "no other consumer does")
		require.Empty(t, slow.names())
		require.Equal(t, []string{"quick", "slow"}, []string{r.dir.Consumers()[0].Name, r.dir.Consumers()[1].Name})
		close(release)
		synctest.Wait()
		require.Len(t, slow.names(), 50)
		stop()
		stop2()
	})
}

func TestP9_4_LatencyIsShown(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		delay := 3 * time.Second
		box := inbox{fail: func(int, scim.Event) error { <-time.After(delay); return nil }}
		stop := r.consume(t, "sessions", box.take)
		r.post("a")
		elapse(5 * time.Second)
		require.Equal(t, 3*time.Second, r.consumer("sessions").Last)
		delay = time.Second
		r.post("b")
		elapse(5 * time.Second)
		s := r.consumer("sessions")
		require.Equal(t, time.Second, s.Last, "of the last event")
		require.Equal(t, 3*time.Second, s.Longest)
		require.Equal(t, 2, s.Handled)
		require.Equal(t, r.last().Seq, s.Place)
		stop()
	})
}

func TestP9_4_LeaversAreHeardOf(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		var mu sync.Mutex
		var ended []string
		stop := r.consume(t, "sessions", func(_ context.Context, e scim.Event) error {
			mu.Lock()
			defer mu.Unlock()
			if e.EndsAccess() {
				ended = append(ended, e.UserID)
			}
			return nil
		})
		var want []string
		for i, end := range []func(id, name string){
			func(id, _ string) { r.send("PATCH", "/Users/"+id, patch(set("active", "False"))) },
			func(id, _ string) { r.send("DELETE", "/Users/"+id, nil) },
			func(id, _ string) { _, _ = r.dir.Deactivate(t.Context(), acme, id) },
			func(id, name string) { r.send("PUT", "/Users/"+id, person(name, obj{"active": false})) },
			func(_, name string) { r.send("POST", "/Users", person(name, obj{"active": false})) },
			func(id, name string) {
				r.send("PATCH", "/Users/"+id, patch(set("active", false), set("userName", objectID+name), remove("emails")))
			},
		} {
			name := fmt.Sprint("u", i)
			id := r.host(name, name+"@acme.example").ID
			want = append(want, id)
			end(id, name)
		}
		r.post("stays")
		synctest.Wait()
		mu.Lock()
		require.Equal(t, want, ended)
		mu.Unlock()
		stop()
	})
}

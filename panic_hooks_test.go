package scim_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// TestPanics_Append: whether an answer is given does not depend on the record.
func TestPanics_Append(t *testing.T) {
	t.Parallel()
	r, s := trap(t)
	ann, bob := r.create(person("ann")), r.create(person("bob"))
	s.set("Append", 0)
	told(t, r, r.do("PATCH", "/Users/"+ann, patch(set("shoeSize", marker))), 500)
	s.set("", 0)
	r.ok(204, "DELETE", "/Users/"+ann, nil)
	// The guard stops the connection although it cannot say so, and says it later.
	s.set("Append", 0)
	p := r.do("DELETE", "/Users/"+bob, nil)
	require.Equal(t, 2, s.times(), "the host is to be told, and the refusal recorded")
	told(t, r, p, 429)
	s.set("", 0)
	r.ok(429, "DELETE", "/Users/"+bob, nil)
	require.Equal(t, []scim.EventKind{scim.RemovalsStopped, scim.RequestRefused}, kinds(r.record()[3:]))
}

// A removal that ends in a panic was not made, as far as is known: it does not
// count, and what is repeated until it succeeds counts once.
func TestPanics_RemovalsDoNotCount(t *testing.T) {
	t.Parallel()
	r, s := trap(t, with(scim.Policy{Removals: scim.RemovalLimit{Users: 1}}))
	ann, bob := r.create(person("ann")), r.create(person("bob"))
	s.set("UpdateUser", 0)
	told(t, r, r.do("DELETE", "/Users/"+ann, nil), 500)
	s.set("", 0)
	r.ok(204, "DELETE", "/Users/"+bob, nil)
	r.ok(429, "DELETE", "/Users/"+ann, nil)
}

// TestPanics_Streams: where the answer has begun, it ends visibly.
func TestPanics_Streams(t *testing.T) {
	t.Parallel()
	r, s := trap(t)
	var ids []string
	for i := range 1001 {
		ids = append(ids, r.create(person(fmt.Sprint("u", i))))
	}
	staff := r.group("Staff", ids...)
	for _, path := range []string{"/Groups/" + staff, "/Groups"} {
		s.set("Members", 1) // the first part is sent before
		req := httptest.NewRequest("GET", baseURL+path, nil)
		req.Header.Set("Authorization", "Bearer token-"+r.conn.ID)
		w := httptest.NewRecorder()
		require.PanicsWithValue(t, http.ErrAbortHandler, func() { r.handler.ServeHTTP(w, req) }, "the server closes the connection")
		require.Equal(t, 1, s.times())
		require.NotEmpty(t, w.Body.String())
		s.set("", 0)
		log := r.log.String()
		require.Contains(t, log, "trapped in Members")
		require.Contains(t, log[strings.LastIndex(log, "trapped in Members"):], "request="+w.Header().Get("X-Request-Id"))
		r.ok(200, "GET", path, nil)
	}
}

// TestPanics_Background: what happens behind the answers goes on too.
func TestPanics_Background(t *testing.T) {
	for _, method := range []string{"SaveActivity", "Events", "Place", "SetPlace"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r, s := trap(t, func(c *scim.Config) { c.Now = time.Now })
				s.set(method, 0)
				var box inbox
				stop := r.consume(t, "sessions", box.take)
				r.post("ann")
				elapse(time.Second)
				require.NotZero(t, s.times())
				require.Contains(t, r.log.String(), "trapped in "+method)
				s.set("", 0)
				r.post("bob")
				elapse(time.Minute)
				names := box.names()
				require.Equal(t, []string{"ann", "bob"}, names[len(names)-2:], "nothing is lost")
				require.Empty(t, r.consumer("sessions").LastError)
				activity, err := s.Store.Activity(t.Context(), acme)
				require.NoError(t, err)
				require.Len(t, activity, 1)
				stop()
			})
		})
	}
}

// A store that cannot say at first where a consumer stopped delays the consumer
// and does not end it: nobody would hear of leavers (P9.4).
func TestP9_4_PlaceFailsAtFirst(t *testing.T) {
	bubble(t, func(t *testing.T, r *rig) {
		r.post("before")
		s := &lost{Store: r.store}
		s.err.Store(true)
		again := newRig(t, func(c *scim.Config) { c.Store, c.Now = s, time.Now })
		var box inbox
		stop := again.consume(t, "sessions", box.take)
		require.Contains(t, again.consumer("sessions").LastError, "away")
		s.err.Store(false)
		elapse(time.Minute)
		require.Equal(t, []string{"before"}, box.names())
		stop()
	})
}

// lost is a store that does not know the places of consumers.
type lost struct {
	scim.Store
	err atomic.Bool
}

func (s *lost) Place(ctx context.Context, consumer string) (string, error) {
	if s.err.Load() {
		return "", errors.New("the store is away")
	}
	return s.Store.Place(ctx, consumer)
}

// hooks are what a host plugs in: each has to be made to panic.
var hooks = map[string]struct {
	set    func(c *scim.Config, h *scim.HandlerConfig, fails func())
	status int // of the answer
}{
	"Config.Seats": {func(c *scim.Config, _ *scim.HandlerConfig, fails func()) {
		c.Seats = func(context.Context, scim.Tenant) (scim.Limit, error) { fails(); return scim.Unlimited, nil }
	}, 500},
	"Config.Policy": {func(c *scim.Config, _ *scim.HandlerConfig, fails func()) {
		c.Policy = func(context.Context, scim.Tenant) (scim.Policy, error) { fails(); return scim.Policy{}, nil }
	}, 500},
	"Config.Now": {func(c *scim.Config, _ *scim.HandlerConfig, fails func()) {
		c.Now = func() time.Time { fails(); return time.Unix(1_800_000_000, 0) }
	}, 500},
	"Config.Logger": {func(c *scim.Config, _ *scim.HandlerConfig, fails func()) {
		c.Logger = slog.New(shaky{c.Logger.Handler(), fails})
		c.Seats = func(context.Context, scim.Tenant) (scim.Limit, error) { fails(); return scim.Unlimited, nil } // so that there is something to log
	}, 500},
	"HandlerConfig.Verifier": {func(_ *scim.Config, h *scim.HandlerConfig, fails func()) {
		h.Verifier = scim.TokenVerifierFunc(func(ctx context.Context, token string) (scim.Connection, error) {
			fails()
			return verifier(ctx, token)
		})
	}, 500},
	"Attribute.Validate": {func(c *scim.Config, _ *scim.HandlerConfig, fails func()) {
		c.Attributes = scim.ProductAttributes()
		for i := range c.Attributes {
			c.Attributes[i].Validate = func(string) error { fails(); return nil }
		}
	}, 500},
}

// shaky is a log handler that panics on demand, in each of its methods.
type shaky struct {
	slog.Handler
	fails func()
}

func (s shaky) Enabled(ctx context.Context, l slog.Level) bool {
	if l < slog.LevelError {
		s.fails()
	}
	return s.Handler.Enabled(ctx, l)
}

func (s shaky) Handle(ctx context.Context, r slog.Record) error {
	s.fails()
	return s.Handler.Handle(ctx, r)
}

// TestPanics_Hooks: a panic in what a host plugs in is the failure of one request.
func TestPanics_Hooks(t *testing.T) {
	t.Parallel()
	// Nothing that can be plugged in is forgotten.
	for _, config := range []reflect.Type{reflect.TypeFor[scim.Config](), reflect.TypeFor[scim.HandlerConfig](), reflect.TypeFor[scim.Attribute]()} {
		for i := range config.NumField() {
			name := config.Name() + "." + config.Field(i).Name
			switch f := config.Field(i).Type; {
			case name == "Config.Store": // above, method by method
			case f.Kind() == reflect.Func, f.Kind() == reflect.Interface, f == reflect.TypeFor[*slog.Logger]():
				require.Contains(t, hooks, name)
			}
		}
	}
	for name, hook := range hooks {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var fail atomic.Bool
			fails := func() {
				if fail.Load() {
					panic("trapped in " + name)
				}
			}
			h := scim.HandlerConfig{BaseURL: baseURL, Verifier: verifier}
			r := newRig(t, func(c *scim.Config) {
				c.Store = memstore.New()
				hook.set(c, &h, fails)
			})
			var err error
			r.handler, err = scim.NewHandler(r.dir, h)
			require.NoError(t, err)
			r.create(person("ann"))
			fail.Store(true)
			p := r.do("POST", "/Users", person("bob", obj{"title": marker}))
			if name == "Config.Logger" {
				require.Equal(t, hook.status, p.status, "what cannot be logged is answered all the same: %s", p.raw)
				r.ok(404, "GET", "/Users/nobody", nil)
				return
			}
			fail.Store(false)
			told(t, r, p, hook.status)
			r.create(person("bob"))
		})
	}
}

// TestPanics_Subscribers: a subscriber's panic is a line in the log, which names
// the request.
func TestPanics_Subscribers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.dir.Subscribe(func(scim.Event) { panic("trapped in a subscriber") })
	p := r.ok(201, "POST", "/Users", person("ann", obj{"title": marker}))
	told(t, r, reply{status: 201, header: p.header}, 201)
}

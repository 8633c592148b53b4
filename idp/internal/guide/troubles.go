package guide

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/memstore"
)

// Trouble is a request that the library refuses, with what an administrator can do.
type Trouble struct {
	Answer *idp.Answer
	LookUp bool // what was refused is a look-up
	Paths  bool // it takes an identity provider whose mappings are paths, as Entra's are
	Cause  string
	Remedy string
}

// trouble is how one is provoked. In the path and in texts of the body, {ann} and its
// like stand for ids.
type trouble struct {
	method, path  string
	query         url.Values
	body          object
	status        int
	cause, remedy string
	paths         bool

	policy scim.Policy
	rate   *scim.RateLimit
	before func(s *stage) // what happens first
}

type (
	object = map[string]any
	list   = []any
)

// Troubles makes the library refuse what it refuses in practice, and returns what it
// said, in the order of the guides.
func Troubles(t testing.TB) []Trouble {
	t.Helper()
	var out []Trouble
	for _, c := range troubles() {
		s := newStage(t, c)
		if c.before != nil {
			c.before(s)
		}
		a := s.send(c.method, c.path, c.query, c.body)
		if a.Status != c.status {
			t.Errorf("%s %s: %d %s; the guides have it as %d", c.method, c.path, a.Status, a.Body, c.status)
		}
		out = append(out, Trouble{Answer: a, LookUp: c.method == http.MethodGet, Paths: c.paths, Cause: c.cause, Remedy: c.remedy})
	}
	return out
}

// stage is a service with the users ann and bob and the group staff.
type stage struct {
	t       testing.TB
	service idp.Service
	ids     []string // pairs of {name} and id
	broken  bool     // tokens cannot be looked up
}

const token = "token"

func newStage(t testing.TB, c trouble) *stage {
	t.Helper()
	s := &stage{t: t}
	now := time.Date(2026, time.January, 1, 9, 0, 0, 0, time.UTC)
	dir, err := scim.New(scim.Config{
		Store: memstore.New(), Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return now },
		Policy: func(context.Context, scim.Tenant) (scim.Policy, error) { return c.policy, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	h, err := scim.NewHandler(dir, scim.HandlerConfig{BaseURL: "https://app.example.com/scim/v2", Verifier: scim.TokenVerifierFunc(s.verify), Rate: c.rate})
	if err != nil {
		t.Fatal(err)
	}
	s.service = idp.Service{URL: "https://app.example.com/scim/v2/", Token: token, Handler: h}
	s.make("{ann}", "/Users", user("ann@example.com"))
	s.make("{bob}", "/Users", user("bob@example.com"))
	s.make("{staff}", "/Groups", object{"displayName": "Staff"})
	return s
}

func (s *stage) verify(_ context.Context, given string) (scim.Connection, error) {
	switch {
	case s.broken:
		return scim.Connection{}, errors.New("the table of tokens cannot be read")
	case given != token:
		return scim.Connection{}, scim.ErrToken
	}
	return scim.Connection{ID: "1", Tenant: "acme"}, nil
}

func (s *stage) make(name, path string, body object) {
	r, err := s.send(http.MethodPost, path, nil, body).Resource()
	if err != nil || r.ID() == "" {
		s.t.Fatalf("POST %s: %v, %v", path, r, err)
	}
	s.ids = append(s.ids, name, r.ID())
}

func (s *stage) send(method, path string, query url.Values, body object) *idp.Answer {
	var sent any
	if body != nil {
		sent = body
	}
	a, err := s.service.Do(s.t.Context(), method, strings.NewReplacer(s.ids...).Replace(path), query, sent)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func user(address string) object {
	return object{"userName": address, "emails": list{object{"type": "work", "value": address}}}
}

func patch(operations ...any) object {
	return object{"schemas": list{idp.PatchOp}, "Operations": operations}
}

func replace(path string, value any) object {
	return object{"op": "Replace", "path": path, "value": value}
}

func filter(text string) url.Values { return url.Values{"filter": {text}} }

// remove disables a user.
func remove(name string) func(*stage) {
	return func(s *stage) { s.send(http.MethodPatch, "/Users/"+name, nil, patch(replace("active", "False"))) }
}

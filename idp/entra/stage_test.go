package entra

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/memstore"
)

const (
	acme    = scim.Tenant("acme")
	baseURL = "https://app.example.com/scim/v2"
)

// tester is what the tests of jobs need of a *testing.T or a *rapid.T.
type tester interface {
	require.TestingT
	Helper()
}

// stage is a directory, a job and the library as the application, which share a clock.
type stage struct {
	t    tester
	dir  *Directory
	job  *Job
	host *scim.Directory
	// answer, if not nil, answers instead of the library where it returns true.
	answer func(w http.ResponseWriter, r *http.Request, body string) bool

	mu     sync.Mutex
	sent   []exchange
	token  string
	seats  scim.Limit
	notice []Notice
}

// exchange is a request that the application got.
type (
	httpWriter  = http.ResponseWriter
	httpRequest = http.Request
	contextType = context.Context
)

type exchange struct {
	method, target, body string
	header               http.Header
	status               int
}

// newStage makes a stage whose mapping is short; change changes the configuration.
func newStage(t tester, change ...func(*Config)) *stage {
	t.Helper()
	s := &stage{t: t, dir: NewDirectory(nil), token: "secret"}
	var err error
	s.host, err = scim.New(scim.Config{
		Store: memstore.New(), Now: s.dir.Clock().Now, Logger: slog.New(slog.DiscardHandler),
		Seats: func(context.Context, scim.Tenant) (scim.Limit, error) { return s.seats, nil },
	})
	require.NoError(t, err)
	handler, err := scim.NewHandler(s.host, scim.HandlerConfig{BaseURL: baseURL, Verifier: scim.TokenVerifierFunc(s.verify)})
	require.NoError(t, err)
	users, groups := shortMapping()
	c := Config{Service: s.service(handler), Users: users, Groups: groups, SyncAll: true, Notify: func(n Notice) { s.notice = append(s.notice, n) }}
	for _, f := range change {
		f(&c)
	}
	s.job, err = NewJob(s.dir, c)
	require.NoError(t, err)
	return s
}

func (s *stage) verify(_ context.Context, token string) (scim.Connection, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if token != s.token {
		return scim.Connection{}, scim.ErrToken
	}
	return scim.Connection{ID: "entra", Tenant: acme}, nil
}

func (s *stage) service(h http.Handler) *idp.Service {
	return &idp.Service{URL: baseURL, Token: "secret", Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		target, _ := url.QueryUnescape(strings.TrimPrefix(r.URL.RequestURI(), "/scim/v2"))
		x := exchange{method: r.Method, target: target, body: string(body), header: r.Header.Clone()}
		rec := httptest.NewRecorder()
		if s.answer == nil || !s.answer(rec, r, string(body)) {
			h.ServeHTTP(rec, r)
		}
		x.status = rec.Code
		s.mu.Lock()
		s.sent = append(s.sent, x)
		s.mu.Unlock()
		for k, v := range rec.Header() {
			w.Header()[k] = v
		}
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})}
}

// flagged asks for the newer dialect.
func flagged(c *Config) { c.Service.URL += "?" + Flag }

// shortMapping keeps bodies short.
func shortMapping() (users, groups Mapping) {
	return Mapping{Attributes: []AttributeMapping{
		{Source: "userPrincipalName", Target: "userName", Match: 1},
		{Type: Expression, Source: enabled, Target: "active"},
		{Source: "displayName", Target: "displayName"},
		{Source: "jobTitle", Target: "title"},
		{Source: "mail", Target: `emails[type eq "work"].value`},
		{Source: "department", Target: idp.EnterpriseSchema + ":department"},
		{Source: "manager", Target: idp.EnterpriseSchema + ":manager"},
	}}, groupMapping()
}

// user adds a user to the directory.
func (s *stage) user(name string, more ...Properties) string {
	s.t.Helper()
	p := Properties{"userPrincipalName": name + "@example.com", "mail": name + "@example.com"}
	for _, m := range more {
		for k, v := range m {
			p[k] = v
		}
	}
	id, err := s.dir.CreateUser(p)
	require.NoError(s.t, err)
	return id
}

// group adds a group to the directory.
func (s *stage) group(name string, members ...string) string {
	s.t.Helper()
	id, err := s.dir.CreateGroup(Properties{"displayName": name})
	require.NoError(s.t, err)
	for _, m := range members {
		require.NoError(s.t, s.dir.AddMember(id, m))
	}
	return id
}

func (s *stage) set(id string, p Properties) {
	s.t.Helper()
	require.NoError(s.t, s.dir.UpdateUser(id, p))
}

// cycle runs a cycle that comes to its end, and returns what it sent.
func (s *stage) cycle() []string {
	s.t.Helper()
	s.clear()
	_, err := s.job.Cycle(context.Background())
	require.NoError(s.t, err)
	return s.requests()
}

// report runs a cycle that comes to its end.
func (s *stage) report() Report {
	s.t.Helper()
	s.clear()
	r, err := s.job.Cycle(context.Background())
	require.NoError(s.t, err)
	r.Took = 0
	return r
}

func (s *stage) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = nil
}

// requests are what was sent, a line each, with names for ids.
func (s *stage) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	names := s.names()
	lines := make([]string, len(s.sent))
	for i, x := range s.sent {
		line := x.method + " " + x.target
		if ops, found := strings.CutPrefix(x.body, `{"schemas":["`+idp.PatchOp+`"],"Operations":`); found {
			line += " " + strings.TrimSuffix(ops, "}")
		} else if x.body != "" {
			line += " " + x.body
		}
		lines[i] = short.Replace(names.Replace(line))
	}
	return lines
}

// short shortens what stands in every request.
var short = strings.NewReplacer(
	idp.EnterpriseSchema, "ENT", idp.UserSchema, "USER", idp.GroupSchema, "GROUP",
)

// names replaces ids by names: of the source <ann>, of the target ann.
func (s *stage) names() *strings.Replacer {
	var pairs []string
	for _, l := range s.job.Links() {
		r, _ := s.dir.read(l.ObjectID)
		name, _, _ := strings.Cut(nameOf(r), "@")
		pairs = append(pairs, l.TargetID, strings.ToLower(name))
	}
	for _, id := range append(s.dir.Users(), s.dir.Groups()...) {
		r, _ := s.dir.read(id)
		name, _, _ := strings.Cut(nameOf(r), "@")
		pairs = append(pairs, id, "<"+strings.ToLower(name)+">")
	}
	return strings.NewReplacer(pairs...)
}

// at is what the host has of a user of the directory.
func (s *stage) at(id string) *scim.User {
	s.t.Helper()
	l, found := s.job.Link(id)
	require.True(s.t, found, "there is no link")
	u, err := s.host.User(context.Background(), acme, l.TargetID)
	require.NoError(s.t, err)
	return u
}

// membersAt are the members that the host has of a group of the directory, by
// objectIds, sorted.
func (s *stage) membersAt(id string) []string {
	s.t.Helper()
	l, found := s.job.Link(id)
	require.True(s.t, found, "there is no link")
	page, err := s.host.Members(context.Background(), acme, l.TargetID, scim.Query{Limit: 100_000})
	require.NoError(s.t, err)
	source := make(map[string]string)
	for _, l := range s.job.Links() {
		source[l.TargetID] = l.ObjectID
	}
	ids := make([]string, 0, len(page.Items))
	for _, m := range page.Items {
		ids = append(ids, source[m.ID])
	}
	slices.Sort(ids)
	return ids
}

// last are the last entries of the log, as lines: action, status, name, code.
func (s *stage) last(n int) []string {
	log := s.job.Log()
	var lines []string
	for _, e := range log[max(len(log)-n, 0):] {
		name, _, _ := strings.Cut(e.Source.Name, "@")
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", e.Action, e.Status, name, e.ErrorCode)))
	}
	return lines
}

// refuse answers requests of a method to a path that begins so.
func (s *stage) refuse(method, path string, status int, body string) {
	s.answer = func(w http.ResponseWriter, r *http.Request, _ string) bool {
		if r.Method != method || !strings.HasPrefix(r.URL.Path, "/scim/v2"+path) {
			return false
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}
}

func toJSON(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

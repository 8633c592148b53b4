package okta_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/okta"
)

// tester is what the tests need of a *testing.T or a *rapid.T.
type tester interface {
	require.TestingT
	Helper()
}

// recorder keeps what it is sent, and hands it on, unless told to answer itself.
type recorder struct {
	next http.Handler

	mu      sync.Mutex
	seen    []string // "METHOD /path?query body", a body with its members in order
	headers []http.Header
	// instead, if it answers true, has answered.
	instead func(w http.ResponseWriter, r *http.Request) bool
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, _ := io.ReadAll(q.Body)
	q.Body = io.NopCloser(bytes.NewReader(body))
	r.mu.Lock()
	r.seen = append(r.seen, strings.TrimSpace(q.Method+" "+strings.TrimPrefix(q.RequestURI, "/scim/v2")+" "+canonical(string(body))))
	r.headers = append(r.headers, q.Header)
	instead := r.instead
	r.mu.Unlock()
	if instead != nil && instead(w, q) {
		return
	}
	r.next.ServeHTTP(w, q)
}

// answer has requests answered by f; nil ends that.
func (r *recorder) answer(f func(w http.ResponseWriter, r *http.Request) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.instead = f
}

// take returns what was sent since it was called last.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	seen := r.seen
	r.seen = nil
	return seen
}

// canonical writes JSON with its members in order; other text stays.
func canonical(s string) string {
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return s
	}
	data, _ := json.Marshal(v)
	return string(data)
}

// lines are requests as a test writes them: one on each line, its body in any order.
func lines(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if at := strings.Index(line, " {"); at > 0 {
			line = line[:at+1] + canonical(line[at+1:])
		}
		out = append(out, line)
	}
	return out
}

// refuse answers with a status and a SCIM error.
func refuse(status int, detail string) func(http.ResponseWriter, *http.Request) bool {
	return say(status, fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"%d","detail":%q}`, status, detail))
}

// say answers with a status and a body.
func say(status int, body string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}
}

// shelf is a SCIM service that keeps what it is sent, under ids that are easy to write
// down. It knows no PATCH of a group beyond accepting it.
type shelf struct {
	made int
	kept map[string]map[string]any // by path: /Users/u1
}

func newShelf() *shelf { return &shelf{kept: make(map[string]map[string]any)} }

// put places a resource there.
func (s *shelf) put(path, body string) {
	var r map[string]any
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		panic(err)
	}
	r["id"] = path[strings.LastIndex(path, "/")+1:]
	s.kept[path] = r
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimPrefix(r.URL.Path, "/scim/v2")
	var body map[string]any
	_ = json.NewDecoder(r.Body).Decode(&body)
	kept := s.kept[path]
	switch {
	case r.Method == http.MethodPost:
		s.made++
		id := fmt.Sprint(strings.ToLower(path[1:2]), s.made)
		body["id"] = id
		delete(body, "password")
		kept = body
		s.kept[path+"/"+id] = kept
		w.WriteHeader(http.StatusCreated)
	case path == "/Users" || path == "/Groups":
		s.list(w, path, r.URL.Query())
		return
	case kept == nil:
		refuse(http.StatusNotFound, "there is no "+path)(w, r)
		return
	case r.Method == http.MethodPut:
		delete(body, "password")
		s.kept[path], kept = body, body
	case r.Method == http.MethodDelete:
		delete(s.kept, path)
		w.WriteHeader(http.StatusNoContent)
		return
	case r.Method == http.MethodPatch:
		op, _ := body["Operations"].([]any)[0].(map[string]any)
		value, _ := op["value"].(map[string]any)
		if active, ok := value["active"]; ok {
			kept["active"] = active
		}
	}
	_ = json.NewEncoder(w).Encode(kept)
}

func (s *shelf) list(w http.ResponseWriter, path string, q url.Values) {
	resources := []any{}
	_, name, _ := strings.Cut(q.Get("filter"), ` eq "`)
	name = strings.TrimSuffix(name, `"`)
	for key, r := range s.kept {
		if strings.HasPrefix(key, path+"/") && (name == "" || r["userName"] == name || r["displayName"] == name) {
			resources = append(resources, r)
		}
	}
	slices.SortFunc(resources, func(a, b any) int {
		return cmp.Compare(fmt.Sprint(a.(map[string]any)["id"]), fmt.Sprint(b.(map[string]any)["id"]))
	})
	_ = json.NewEncoder(w).Encode(map[string]any{
		"schemas": []any{idp.ListResponse}, "totalResults": len(resources), "startIndex": 1, "itemsPerPage": len(resources), "Resources": resources,
	})
}

// stage is an organisation with one application.
type stage struct {
	t       tester
	org     *okta.Org
	app     *okta.App
	shelf   *shelf
	sent    *recorder
	service *idp.Service
}

// onShelf puts an application before a shelf.
func onShelf(t tester, c okta.Config) *stage {
	s := &stage{t: t, shelf: newShelf()}
	s.start(s.shelf, c)
	return s
}

func (s *stage) start(h http.Handler, c okta.Config) {
	s.t.Helper()
	s.sent = &recorder{next: h}
	s.service = &idp.Service{URL: "https://app.example.com/scim/v2", Token: token, Handler: s.sent}
	c.Service = s.service
	s.org = okta.NewOrg(nil)
	var err error
	s.app, err = okta.NewApp(s.org, c)
	require.NoError(s.t, err)
}

const token = "okta-token-0123456789"

// ok fails the test for an error.
func (s *stage) ok(err error) {
	s.t.Helper()
	require.NoError(s.t, err)
}

// user adds somebody named after the login.
func (s *stage) user(login string, more ...string) string {
	s.t.Helper()
	p := okta.Profile{"login": login + "@example.com", "email": login + "@example.com", "firstName": strings.ToUpper(login[:1]) + login[1:], "lastName": "Baker"}
	for i := 0; i < len(more); i += 2 {
		p[more[i]] = more[i+1]
	}
	u, err := s.org.AddUser(p)
	s.ok(err)
	return u.ID
}

// assigned adds somebody and assigns the application.
func (s *stage) assigned(login string, more ...string) string {
	s.t.Helper()
	id := s.user(login, more...)
	s.ok(s.app.Assign(id))
	return id
}

// set changes a profile.
func (s *stage) set(id, name, value string) {
	s.t.Helper()
	_, err := s.org.UpdateUser(id, okta.Profile{name: value})
	s.ok(err)
}

func (s *stage) group(name string, members ...string) string {
	s.t.Helper()
	g, err := s.org.AddGroup(name, members...)
	s.ok(err)
	return g.ID
}

// sync is a Sync of which the report is looked at.
func (s *stage) sync() okta.Report {
	s.t.Helper()
	r, err := s.app.Sync(background)
	s.ok(err)
	return r
}

// quietly is a Sync in which nothing fails and nothing waits.
func (s *stage) quietly() okta.Report {
	s.t.Helper()
	r := s.sync()
	require.Zero(s.t, r.Failed+r.Waiting, "%+v", s.app.Tasks())
	return r
}

// last is the last entry of the log.
func (s *stage) last() okta.Entry {
	s.t.Helper()
	log := s.app.Log()
	require.NotEmpty(s.t, log)
	return log[len(log)-1]
}

// both runs a test for each flavour.
func both(t *testing.T, f func(t *testing.T, flavour okta.Flavour)) {
	for _, flavour := range []okta.Flavour{okta.Catalogue, okta.Wizard} {
		t.Run(flavour.String(), func(t *testing.T) {
			t.Parallel()
			f(t, flavour)
		})
	}
}

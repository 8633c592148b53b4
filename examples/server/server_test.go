package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-scim/scim/sqlstore/pgtest"
)

const (
	fixedToken = "a-token-for-tests-1"
	acmeToken  = "a-token-for-tests-2=" // a token may contain what separates it from its tenant
)

// server is the real thing on a loopback listener.
type server struct {
	t     *testing.T
	base  string // http://127.0.0.1:port
	token string
	log   *logBuffer
	stop  func() // returns once it has stopped
}

// logBuffer is what a server wrote to stderr so far.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// start runs the server with some flags until the test ends, and checks that it
// stops with status 0.
func start(t *testing.T, args ...string) *server {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, stdout := io.Pipe()
	s := &server{t: t, log: &logBuffer{}}
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, append([]string{"-addr", "127.0.0.1:0"}, args...), stdout, s.log)
		_ = stdout.Close()
	}()
	s.stop = sync.OnceFunc(func() {
		cancel()
		select {
		case got := <-status:
			if got != 0 {
				t.Errorf("the server ended with status %d; its log:\n%s", got, s.log)
			}
		case <-time.After(20 * time.Second):
			t.Error("the server did not stop")
		}
	})
	t.Cleanup(s.stop)
	s.base, s.token = announced(t, out)
	return s
}

// starter starts a server on an empty store.
type starter func(args ...string) *server

// onEach runs a test on each kind of store, empty ones.
func onEach(t *testing.T, test func(t *testing.T, start starter)) {
	t.Parallel()
	for name, empty := range map[string]func(testing.TB) string{
		"memory":   func(testing.TB) string { return "memory" },
		"sqlite":   sqlite,
		"postgres": postgres,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(args ...string) *server {
				t.Helper()
				return start(t, append([]string{"-store", empty(t)}, args...)...)
			})
		})
	}
}

// sqlite is a -store on a file that is not there yet.
func sqlite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "a name #1?.db")
}

var (
	startPostgres sync.Once
	cluster       *pgtest.Server
	errPostgres   error
)

// postgres is a -store on an empty schema of a PostgreSQL that the tests started.
func postgres(t testing.TB) string {
	t.Helper()
	startPostgres.Do(func() { cluster, errPostgres = pgtest.Start(context.Background(), "fsync=off") })
	if errors.Is(errPostgres, pgtest.ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(errPostgres)
	}
	if errPostgres != nil {
		t.Fatal(errPostgres)
	}
	address, err := cluster.Schema(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func TestMain(m *testing.M) {
	code := m.Run()
	if cluster != nil {
		cluster.Stop()
	}
	os.Exit(code)
}

// announced reads the block that the server prints.
func announced(t *testing.T, out io.Reader) (base, token string) {
	t.Helper()
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		name, value, _ := strings.Cut(strings.TrimSpace(lines.Text()), "  ")
		value = strings.TrimSpace(value)
		switch name {
		case "Tenant URL":
			base = strings.TrimSuffix(value, scimPath)
		case "Secret token":
			token = value
		}
		if strings.HasPrefix(name, "Everything is ") {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			break
		}
	}
	if base == "" || token == "" {
		t.Fatalf("the server announced the address %q and the token %q", base, token)
	}
	return base, token
}

// send makes a request; token may be empty.
func (s *server) send(method, path, token, body string) (*http.Response, string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/scim+json")
	}
	res, err := http.DefaultTransport.RoundTrip(req) // follows no redirect
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, string(text)
}

// ask calls the application's API and wants a status; what it says comes back as T.
func ask[T any](s *server, want int, method, path, body string) T {
	s.t.Helper()
	res, text := s.send(method, path, "", body)
	return decoded[T](s.t, res, text, want)
}

// wire calls SCIM with the server's token.
func wire(s *server, want int, method, path, body string) resource {
	s.t.Helper()
	return wireAs(s, s.token, want, method, path, body)
}

func wireAs(s *server, token string, want int, method, path, body string) resource {
	s.t.Helper()
	res, text := s.send(method, scimPath+path, token, body)
	return decoded[resource](s.t, res, text, want)
}

// resource is what the tests look at of a SCIM answer.
type resource struct {
	ID           string
	UserName     string
	Active       bool
	Detail       string
	TotalResults int
	Meta         struct{ Location string }
}

func decoded[T any](t *testing.T, res *http.Response, text string, want int) T {
	t.Helper()
	if res.StatusCode != want {
		t.Fatalf("%s %s answered %d, want %d: %s", res.Request.Method, res.Request.URL, res.StatusCode, want, text)
	}
	var v T
	if text == "" {
		return v
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s %s answered %q: %v", res.Request.Method, res.Request.URL, text, err)
	}
	return v
}

// person is a SCIM user with a userName; more is further members, if any.
func person(userName, more string) string {
	if more != "" {
		more = "," + more
	}
	return `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"` + userName + `"` + more + `}`
}

// enterprise is the extension with these members.
func enterprise(members string) string {
	return `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{` + members + `}`
}

// active is a PATCH that sets active.
func active(value string) string {
	return `{"Operations":[{"op":"replace","path":"active","value":` + value + `}]}`
}

func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// names lists the logins of users, as one string to compare.
func names(users []userView) string {
	var list []string
	for _, u := range users {
		list = append(list, strings.TrimSuffix(u.UserName, "@example.com"))
	}
	return strings.Join(list, " ")
}

// nextMoment waits until the next time is a later one: times are kept in
// milliseconds, and the server under test has the real clock.
func nextMoment() { time.Sleep(2 * time.Millisecond) }

func query(key, value string) string { return "?" + url.Values{key: {value}}.Encode() }

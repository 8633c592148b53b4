package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore/pgtest"
)

// replicas are several processes of this server on one PostgreSQL.
type replicas struct {
	t       *testing.T
	binary  string
	flags   []string
	all     []*replica
	db      *sql.DB // to recount by hand
	client  *http.Client
	started time.Time
	ctx     context.Context // bounds what the test takes

	requests, refusals atomic.Int64
}

// replica is one process.
type replica struct {
	base string
	cmd  *exec.Cmd
	log  *logBuffer
}

// tokenFor is the token of a tenant of the replicas.
func tokenFor(t scim.Tenant) string { return "token-of-" + string(t) }

// startReplicas builds the server and starts n processes with a tenant each of the
// given names. They run until the test ends, and must then stop in good order.
func startReplicas(t *testing.T, n int, seats string, tenants ...scim.Tenant) *replicas {
	t.Helper()
	postgres, err := pgtest.Start(t.Context())
	if errors.Is(err, pgtest.ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	noError(t, err)
	t.Cleanup(postgres.Stop)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute) // it takes a few seconds on an idle machine
	t.Cleanup(cancel)
	rs := &replicas{t: t, binary: filepath.Join(t.TempDir(), "server"), ctx: ctx}
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", rs.binary, ".").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	rs.db, err = sql.Open("pgx", postgres.URL(""))
	noError(t, err)
	t.Cleanup(func() { _ = rs.db.Close() })
	transport := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(transport.CloseIdleConnections)
	rs.client = &http.Client{Transport: transport, Timeout: 30 * time.Second}
	rs.flags = []string{"-store", postgres.URL(""), "-seats", seats, "-tenant", "main", "-token", tokenFor("main")}
	for _, tenant := range tenants {
		rs.flags = append(rs.flags, "-extra", string(tenant)+"="+tokenFor(tenant))
	}
	rs.all, rs.started = make([]*replica, n), time.Now()
	each(n, n, func(i int) { rs.all[i] = rs.launch("127.0.0.1:0") }) // at once: they make the tables
	for _, r := range rs.all {
		rs.announced(r)
	}
	t.Cleanup(rs.stop)
	return rs
}

// launch starts a process.
func (rs *replicas) launch(addr string) *replica {
	r := &replica{log: &logBuffer{}}
	r.cmd = exec.CommandContext(context.WithoutCancel(rs.t.Context()), rs.binary, append([]string{"-addr", addr}, rs.flags...)...)
	r.cmd.Stdout, r.cmd.Stderr = r.log, r.log
	if err := r.cmd.Start(); err != nil {
		rs.t.Error(err)
	}
	return r
}

// announced waits for the address of a process.
func (rs *replicas) announced(r *replica) {
	rs.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		text := r.log.String()
		if _, rest, ok := strings.Cut(text, "Tenant URL"); ok && strings.Contains(text, "Everything is kept") {
			address, _, _ := strings.Cut(strings.TrimSpace(rest), scimPath)
			r.base = address
			return
		}
		if time.Now().After(deadline) {
			rs.t.Fatalf("a replica does not start:\n%s", text)
		}
	}
}

func (rs *replicas) stop() {
	for _, r := range rs.all {
		_ = r.cmd.Process.Signal(os.Interrupt)
	}
	for i, r := range rs.all {
		kill := time.AfterFunc(20*time.Second, func() { _ = r.cmd.Process.Kill() })
		if err := r.cmd.Wait(); err != nil {
			rs.t.Errorf("replica %d ended badly: %v\n%s", i, err, r.log)
		}
		kill.Stop()
	}
}

// answer is what a replica said.
type answer struct {
	status int
	text   string
	err    error // there was no answer
}

func (a answer) String() string { return fmt.Sprint(a.status, " ", a.text, a.err) }

// into reads the answer as JSON.
func (a answer) into(v any) error {
	if a.err != nil {
		return a.err
	}
	return json.Unmarshal([]byte(a.text), v)
}

// do sends a request to a replica. It may be called from any goroutine.
func (rs *replicas) do(r *replica, method, path, token, body string) answer {
	req, err := http.NewRequestWithContext(rs.ctx, method, r.base+path, bytes.NewReader([]byte(body)))
	if err != nil {
		return answer{err: err}
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
		req.Header.Set("Content-Type", "application/scim+json")
	}
	rs.requests.Add(1)
	res, err := rs.client.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if res.StatusCode >= 400 {
		rs.refusals.Add(1)
	}
	return answer{res.StatusCode, string(text), err}
}

// scim sends what an identity provider of a tenant sends.
func (rs *replicas) scim(r *replica, t scim.Tenant, method, path, body string) answer {
	return rs.do(r, method, scimPath+path, tokenFor(t), body)
}

// appOf asks for something that the application shows of a tenant.
func appOf[T any](rs *replicas, r *replica, t scim.Tenant, path string) T {
	rs.t.Helper()
	sep := map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")]
	a := rs.do(r, "GET", "/app/"+path+sep+"tenant="+url.QueryEscape(string(t)), "", "")
	var v T
	if err := a.into(&v); err != nil || a.status != http.StatusOK {
		rs.t.Fatalf("GET /app/%s answered %v: %v", path, a, err)
	}
	return v
}

// users are all users of a tenant, those with a status or all live ones.
func (rs *replicas) users(r *replica, t scim.Tenant, status string) []userView {
	rs.t.Helper()
	var all []userView
	for {
		page := appOf[usersView](rs, r, t, fmt.Sprintf("users?limit=1000&offset=%d&status=%s", len(all), status))
		all = append(all, page.Users...)
		if len(page.Users) == 0 || len(all) >= page.Total {
			return all
		}
	}
}

// record is the whole record of a tenant.
func (rs *replicas) record(r *replica, t scim.Tenant) []eventView {
	rs.t.Helper()
	var all []eventView
	for after := ""; ; {
		page := appOf[logView](rs, r, t, "log?limit=1000&after="+after)
		all = append(all, page.Events...)
		if page.Next == nil {
			return all
		}
		after = *page.Next
	}
}

// phase runs a part of the test and says what it took.
func (rs *replicas) phase(name string, f func(t *testing.T)) {
	rs.t.Run(name, func(t *testing.T) {
		began, requests, refusals := time.Now(), rs.requests.Load(), rs.refusals.Load()
		f(t)
		took, sent := time.Since(began), rs.requests.Load()-requests
		t.Logf("%d requests in %.2f s (%.0f/s), %d refused", sent, took.Seconds(), float64(sent)/took.Seconds(), rs.refusals.Load()-refusals)
	})
}

// each calls f for 0 to n-1, on some goroutines at once.
func each(n, workers int, f func(i int)) {
	var next atomic.Int64
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				f(i)
			}
		})
	}
	running.Wait()
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

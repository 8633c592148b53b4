package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPlace(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ value, want, wrong string }{
		{value: "memory", want: "memory"},
		{value: "sqlite:x.db", want: "sqlite:x.db"},
		{value: "sqlite:/var/lib/a b?#.db", want: "sqlite:/var/lib/a b?#.db"},
		{value: "postgres://localhost/usher", want: "postgres://localhost/usher"},
		{value: "postgresql://db.example.com:5433/usher?sslmode=require", want: "postgresql://db.example.com:5433/usher"},
		{value: "postgres://ann:hunter2@localhost/usher", want: "postgres://ann@localhost/usher"},
		{value: "postgres://localhost/usher?user=ann&password=hunter2", want: "postgres://localhost/usher"},
		{value: "", wrong: "sqlite:PATH"},
		{value: "Memory", wrong: "sqlite:PATH"},
		{value: "usher.db", wrong: "sqlite:PATH"},
		{value: "mysql://localhost/usher", wrong: "sqlite:PATH"},
		{value: "postgres", wrong: "postgres://USER@HOST/DATABASE"},
		{value: "postgres:usher", wrong: "postgres://USER@HOST/DATABASE"},
		{value: "sqlite:", wrong: "path"},
		{value: "sqlite", wrong: "path"},
		{value: "sqlite::memory:", wrong: "-store memory"},
		{value: "postgres://ann:hunter2@localhost:port/usher", wrong: "port"},
		{value: "postgres://ann:hunter2@localhost/usher?sslmode=perhaps", wrong: "sslmode"},
	} {
		p, err := placeOf(c.value)
		switch {
		case c.wrong == "" && err != nil:
			t.Errorf("%q: %v", c.value, err)
		case c.wrong == "":
			equal(t, c.value, p.String(), c.want)
			equal(t, c.value+": memory", p.memory(), c.value == "memory")
		case err == nil:
			t.Errorf("%q was taken for %s", c.value, p)
		case !strings.Contains(err.Error(), c.wrong) || strings.Contains(err.Error(), "hunter2"):
			t.Errorf("%q: the error is %q, which should say %q and no password", c.value, err, c.wrong)
		}
	}
}

// TestOpenFails: what cannot be opened ends the server with a reason, and soon.
func TestOpenFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "text"), []byte(strings.Repeat("This is no database.\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	absent, err := url.Parse(postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	absent.User, absent.Path = url.UserPassword("postgres", "hunter2"), "/nowhere"
	for store, want := range map[string]string{
		"sqlite:" + dir: "directory",
		"sqlite:" + filepath.Join(dir, "no", "usher"): "no such file or directory",
		"sqlite:" + filepath.Join(dir, "text"):        "not a database",
		absent.String():                               `"nowhere" does not exist`,
	} {
		var stdout, stderr bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		equal(t, store, run(ctx, []string{"-addr", "127.0.0.1:0", "-store", store}, &stdout, &stderr), exitFailure)
		equal(t, store+": gave up by itself", ctx.Err(), nil)
		cancel()
		if got := stderr.String(); !strings.Contains(got, want) || strings.Contains(got, "hunter2") || stdout.Len() > 0 {
			t.Errorf("-store %s: stderr %q should say %q, and no password; stdout is %q", store, got, want, &stdout)
		}
	}
}

// TestAwait: the server waits for a database that is not up yet.
func TestAwait(t *testing.T) {
	t.Parallel()
	address, err := url.Parse(postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	front, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	behind := address.Host
	address.Host = front.Addr().String()
	_ = front.Close() // for now

	log := &logBuffer{}
	out, stdout := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, []string{"-addr", "127.0.0.1:0", "-store", address.String()}, stdout, log)
		_ = stdout.Close()
	}()
	eventually(t, "that it waits", func() bool { return strings.Contains(log.String(), "waiting for the database") })
	front, err = net.Listen("tcp", address.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer front.Close()
	go relay(front, behind)
	s := &server{t: t}
	s.base, s.token = announced(t, out)
	wire(s, 201, "POST", "Users", person("ann@example.com", ""))
	cancel()
	equal(t, "status", <-status, 0)
	equal(t, "lines about waiting", strings.Count(log.String(), "waiting"), 1)
}

// relay passes on what comes to a listener.
func relay(from net.Listener, to string) {
	for {
		a, err := from.Accept()
		if err != nil {
			return
		}
		b, err := net.Dial("tcp", to)
		if err != nil {
			_ = a.Close()
			return
		}
		go func() { _, _ = io.Copy(a, b); _ = a.Close() }()
		go func() { _, _ = io.Copy(b, a); _ = b.Close() }()
	}
}

// eventually waits until something holds, and fails when it takes too long.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// TestRestart: a server that is started again goes on where it stopped.
func TestRestart(t *testing.T) {
	t.Parallel()
	for name, empty := range map[string]func(testing.TB) string{"sqlite": sqlite, "postgres": postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flags := []string{"-store", empty(t), "-token", fixedToken, "-seats", "2", "-extra", "acme=" + acmeToken}
			s := start(t, flags...)
			ann := wire(s, 201, "POST", "Users", person("ann@example.com", `"title":"Clerk",`+enterprise(`"department":"Sales"`)))
			bob := wire(s, 201, "POST", "Users", person("bob@example.com", ""))
			wire(s, 201, "POST", "Users", person("cy@example.com", "")) // held
			group := wire(s, 201, "POST", "Groups", `{"displayName":"Staff","members":[{"value":"`+ann.ID+`"},{"value":"`+bob.ID+`"}]}`)
			wire(s, 204, "DELETE", "Users/"+bob.ID, "")
			wireAs(s, acmeToken, 201, "POST", "Users", person("eve@example.com", ""))
			ask[licenceView](s, 200, "PUT", "/app/licence", `{"seats":3}`)
			page := cursors(s, "count=1&cursor")
			eventually(t, "the consumer", func() bool { return strings.Contains(s.log.String(), "access revoked") })
			before := everything(s)
			activity := ask[connectionView](s, 200, "GET", "/app/connection", "")
			s.stop()

			s = start(t, flags...)
			after := ask[connectionView](s, 200, "GET", "/app/connection", "")
			equal(t, "last request", after.LastRequest.Equal(*activity.LastRequest), true)
			equal(t, "last change", after.LastChange.Equal(*activity.LastChange), true)
			got := everything(s)
			for path, want := range before {
				equal(t, path, got[path], want)
			}
			equal(t, "the page after", len(cursors(s, "count=1&cursor="+url.QueryEscape(page.NextCursor)).Resources), 1)
			wireAs(s, acmeToken, 200, "GET", "Users", "")

			wire(s, 409, "POST", "Users", person("ANN@example.com", ""))
			wire(s, 409, "POST", "Groups", `{"displayName":"staff"}`)
			wire(s, 204, "PATCH", "Groups/"+group.ID, `{"Operations":[{"op":"remove","path":"members[value eq \"`+ann.ID+`\"]"}]}`)
			equal(t, "brought back", wire(s, 201, "POST", "Users", person("bob@example.com", "")).ID, bob.ID)
			wire(s, 200, "PATCH", "Users/"+ann.ID, active("false"))
			eventually(t, "the consumer", func() bool { return strings.Contains(s.log.String(), "name=ann@example.com why=user.deactivated") })
			equal(t, "what was acknowledged comes again", strings.Contains(s.log.String(), "bob@example.com"), false)
		})
	}
}

// everything is what the application shows of the tenants.
func everything(s *server) map[string]string {
	all := make(map[string]string)
	for _, path := range []string{
		"/app/users", "/app/users?status=archived", "/app/users?status=held", "/app/users?tenant=acme",
		"/app/licence", "/app/folders", "/app/log", "/app/export.csv",
	} {
		_, all[path] = s.send("GET", path, "", "")
	}
	_, all["Groups"] = s.send("GET", scimPath+"Groups?excludedAttributes=meta", s.token, "")
	all["Groups"] = strings.ReplaceAll(all["Groups"], s.base, "")
	return all
}

// cursorPage is a page of a list by cursor.
type cursorPage struct {
	NextCursor string
	Resources  []resource
}

func cursors(s *server, query string) cursorPage {
	s.t.Helper()
	res, text := s.send("GET", scimPath+"Users?"+query, s.token, "")
	return decoded[cursorPage](s.t, res, text, 200)
}

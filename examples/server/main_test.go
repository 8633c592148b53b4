package main

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/usher-scim/scim"
)

func TestAnnouncedAddress(t *testing.T) {
	t.Parallel()
	s := start(t)
	if !scim.WellFormedToken(s.token) {
		t.Errorf("the token %q is not one of NewToken's", s.token)
	}
	if !strings.HasPrefix(s.base, "http://127.0.0.1:") || strings.HasSuffix(s.base, ":0") {
		t.Errorf("the address is %q", s.base)
	}
	user := wire(s, 201, "POST", "Users", person("ann@example.com", ""))
	equal(t, "location", user.Meta.Location, s.base+"/scim/v2/Users/"+user.ID)
	wireAs(s, "not-the-token-at-all", 401, "GET", "Users", "")
}

// TestDoubledSlashes: the address is pasted with a slash at its end, and some
// identity providers add another.
func TestDoubledSlashes(t *testing.T) {
	t.Parallel()
	s := start(t, "-token", fixedToken)
	equal(t, "token", s.token, fixedToken)
	for i, path := range []string{"/scim/v2//Users", "//scim/v2/Users", "/scim//v2/Users/", "/scim/v2///Users"} {
		name := string(rune('a'+i)) + "@example.com"
		res, text := s.send("POST", path, s.token, person(name, ""))
		equal(t, path, decoded[resource](t, res, text, 201).UserName, name)
	}
	equal(t, "users", ask[usersView](s, 200, "GET", "/app/users", "").Total, 4)
}

// TestTenants: what one tenant does, no other sees (P1.1).
func TestTenants(t *testing.T) { onEach(t, testTenants) }

func testTenants(t *testing.T, start starter) {
	s := start("-tenant", "umbrella", "-token", fixedToken, "-seats", "1", "-extra", "acme="+acmeToken)
	ours := wire(s, 201, "POST", "Users", person("ann@example.com", ""))
	theirs := wireAs(s, acmeToken, 201, "POST", "Users", person("ann@example.com", ""))
	equal(t, "active: each tenant has its own seat", ours.Active && theirs.Active, true)
	wire(s, 404, "GET", "Users/"+theirs.ID, "")
	wireAs(s, acmeToken, 404, "DELETE", "Users/"+ours.ID, "")

	equal(t, "ours by default", ask[usersView](s, 200, "GET", "/app/users", "").Users[0].ID, ours.ID)
	equal(t, "ours", ask[usersView](s, 200, "GET", "/app/users?tenant=umbrella", "").Users[0].ID, ours.ID)
	equal(t, "theirs", ask[usersView](s, 200, "GET", "/app/users?tenant=acme", "").Users[0].ID, theirs.ID)
	ask[any](s, 404, "GET", "/app/users/"+theirs.ID, "")
	ask[userView](s, 200, "GET", "/app/users/"+theirs.ID+"?tenant=acme", "")
	ask[licenceView](s, 200, "PUT", "/app/licence?tenant=acme", `{"seats":9}`)
	equal(t, "our seats", *ask[licenceView](s, 200, "GET", "/app/licence", "").Seats, 1)
	equal(t, "their seats", *ask[licenceView](s, 200, "GET", "/app/licence?tenant=acme", "").Seats, 9)
	equal(t, "their log", len(ask[logView](s, 200, "GET", "/app/log?tenant=acme", "").Events), 2) // created; refused DELETE
	ask[any](s, 404, "GET", "/app/users?tenant=default", "")
}

// TestSharedEmails: addresses are unique, unless the host lets people share them (P4.1, P4.5).
func TestSharedEmails(t *testing.T) { onEach(t, testSharedEmails) }

func testSharedEmails(t *testing.T, start starter) {
	const address = `"emails":[{"value":"office@example.com","type":"work"}]`
	for _, c := range []struct {
		flags  []string
		status int
	}{{nil, 409}, {[]string{"-shared-emails"}, 201}} {
		s := start(c.flags...)
		wire(s, 201, "POST", "Users", `{"userName":"ann",`+address+`}`)
		wire(s, c.status, "POST", "Users", `{"userName":"bob",`+address+`}`)
	}
}

// TestRevoke: whoever must end the access of leavers hears of them (P9.4).
func TestRevoke(t *testing.T) { onEach(t, testRevoke) }

func testRevoke(t *testing.T, start starter) {
	s := start()
	ann := wire(s, 201, "POST", "Users", person("ann@example.com", ""))
	bob := wire(s, 201, "POST", "Users", person("bob@example.com", ""))
	wire(s, 200, "PATCH", "Users/"+ann.ID, active(`"False"`))
	wire(s, 204, "DELETE", "Users/"+bob.ID, "")
	wire(s, 204, "DELETE", "Users/"+ann.ID, "") // had no access any more
	deadline := time.Now().Add(10 * time.Second)
	for strings.Count(s.log.String(), "access revoked") < 2 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	log := s.log.String()
	for _, want := range []string{
		"user=" + ann.ID + " name=ann@example.com why=user.deactivated by=default/1",
		"user=" + bob.ID + " name=bob@example.com why=user.archived by=default/1",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q:\n%s", want, log)
		}
	}
	equal(t, "accesses revoked", strings.Count(log, "access revoked"), 2)
	if strings.Contains(log, s.token) {
		t.Error("the token is in the log")
	}
}

func TestBadFlags(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-seats", "many"}, "-seats"},
		{[]string{"-seats", "-1"}, "-seats"},
		{[]string{"-token", "a token with blanks"}, "-token"},
		{[]string{"-tenant", ""}, "-tenant"},
		{[]string{"-extra", "acme"}, "TENANT=TOKEN"},
		{[]string{"-extra", "=" + acmeToken}, "TENANT=TOKEN"},
		{[]string{"-extra", "acme=with a blank"}, "-extra acme"},
		{[]string{"-token", fixedToken, "-extra", "acme=" + fixedToken}, "another connection"},
		{[]string{"-stop-users", "0"}, "-stop-users"},
		{[]string{"-stop-users", "few"}, "-stop-users"},
		{[]string{"-stop-percent", "0"}, "-stop-percent"},
		{[]string{"-stop-percent", "101"}, "-stop-percent"},
		{[]string{"-stop-percent", "NaN"}, "-stop-percent"},
		{[]string{"-stop-users", "1", "-stop-window", "0s"}, "-stop-window"},
		{[]string{"-stop-users", "1", "-stop-window", "an hour"}, "-stop-window"},
		{[]string{"-stop-window", "1h"}, "-stop-window needs"},
		{[]string{"-rate", "0"}, "-rate"},
		{[]string{"-rate", "fast"}, "-rate"},
		{[]string{"-colour"}, "-colour"},
		{[]string{"serve"}, "serve"},
	} {
		var stdout, stderr bytes.Buffer
		// Flags that were taken after all would start a server.
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		args := append([]string{"-addr", "127.0.0.1:0"}, c.args...)
		equal(t, strings.Join(c.args, " "), run(ctx, args, &stdout, &stderr), 2)
		cancel()
		if !strings.Contains(stderr.String(), c.want) || stdout.Len() > 0 {
			t.Errorf("%q: stderr %q lacks %q, or stdout %q is not empty", c.args, &stderr, c.want, &stdout)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	equal(t, "status", run(t.Context(), []string{"-h"}, &stdout, &stderr), 0)
	for _, flag := range []string{"-addr", "-store", "-token", "-seats", "-tenant", "-extra", "-shared-emails", "-stop-users", "-stop-percent", "-stop-window", "-rate", "-v"} {
		if !strings.Contains(stdout.String(), flag) {
			t.Errorf("the help lacks %s", flag)
		}
	}
}

func TestAddressInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	var stdout, stderr bytes.Buffer
	equal(t, "status", run(t.Context(), []string{"-addr", taken.Addr().String()}, &stdout, &stderr), 1)
	if !strings.Contains(stderr.String(), "in use") || stdout.Len() > 0 {
		t.Errorf("stderr %q, stdout %q", &stderr, &stdout)
	}
}

func TestReachable(t *testing.T) {
	t.Parallel()
	got := &net.TCPAddr{IP: net.IPv6unspecified, Port: 8123}
	for asked, want := range map[string]string{
		":0":                  "localhost:8123",
		"0.0.0.0:8123":        "localhost:8123",
		"[::]:0":              "localhost:8123",
		"127.0.0.1:0":         "127.0.0.1:8123",
		"[::1]:0":             "[::1]:8123",
		"scim.example.com:80": "scim.example.com:8123",
	} {
		equal(t, asked, reachable(asked, got), want)
	}
}

// TestBinary runs the program as a process of its own.
func TestBinary(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("there are no signals to send")
	}
	binary := filepath.Join(t.TempDir(), "server")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, binary, "-addr", "127.0.0.1:0", "-token", fixedToken, "-v")
		s := &server{t: t, log: &logBuffer{}}
		cmd.Stderr = s.log
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		s.base, s.token = announced(t, out)
		user := wire(s, 201, "POST", "Users", person("ann@example.com", ""))
		ask[userView](s, 200, "GET", "/app/users/"+user.ID, "")
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("after %v: %v\n%s", signal, err, s.log)
		}
		if !strings.Contains(s.log.String(), "method=POST") {
			t.Errorf("-v logged no request:\n%s", s.log)
		}
	}
	var exit *exec.ExitError
	if err := exec.CommandContext(t.Context(), binary, "-seats", "x").Run(); !errors.As(err, &exit) || exit.ExitCode() != 2 {
		t.Errorf("a bad flag ended with %v", err)
	}
}

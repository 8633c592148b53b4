package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const token = "a-token-for-tests-1"

// TestSize keeps the promise of a host in under 40 lines.
func TestSize(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if lines := bytes.Count(source, []byte("\n")); lines >= 40 {
		t.Errorf("main.go has %d lines", lines)
	}
}

// TestServes builds the program, runs it, and talks to it.
func TestServes(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	binary := filepath.Join(t.TempDir(), "embed")
	if out, err := exec.CommandContext(ctx, "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	addr := freeAddress(t)
	cmd := exec.CommandContext(ctx, binary)
	cmd.Env = append(os.Environ(), "ADDR="+addr, "SCIM_TOKEN="+token)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	await(ctx, t, addr)

	const ann = `{"userName":"ann@example.com"}`
	for _, c := range []struct {
		method, path, token, body string
		status                    int
		want                      string
	}{
		{"GET", "/hello", "", "", 200, "hello"},
		{"GET", "/nothing", "", "", 404, ""},
		{"POST", "/scim/v2//Users", token, ann, 201, `"location":"http://` + addr + `/scim/v2/Users/`},
		{"POST", "/scim/v2/Users", token, ann, 409, "uniqueness"},
		{"GET", "/scim/v2/Users", token + "x", "", 401, ""},
		{"GET", "/scim/v2/Users", "", "", 401, ""},
	} {
		req, err := http.NewRequestWithContext(ctx, c.method, "http://"+addr+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if c.token != "" {
			req.Header.Set("Authorization", "Bearer "+c.token)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != c.status || !strings.Contains(string(body), c.want) {
			t.Errorf("%s %s: got %d %s %v, want %d with %q", c.method, c.path, res.StatusCode, body, err, c.status, c.want)
		}
	}
}

// freeAddress is a loopback address that nobody listened on a moment ago.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// await waits until somebody listens.
func await(ctx context.Context, t *testing.T, addr string) {
	t.Helper()
	for {
		c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
		if err == nil {
			_ = c.Close()
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("nobody listens on %s: %v", addr, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

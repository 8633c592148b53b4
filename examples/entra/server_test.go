package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/sqlstore/pgtest"
)

// secret is the token of the servers that tests start. It must be in no output.
const secret = "a-secret-for-tests-alone"

// server is a process of examples/server.
type server struct {
	base   string // http://127.0.0.1:port
	cmd    *exec.Cmd
	log    *output
	client *http.Client

	refused int // requests by SCIM of the tests themselves, which are in the record too
}

// output is what a process wrote so far.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// What tests share: the program, and a PostgreSQL for those that ask for it.
var (
	buildOnce sync.Once
	binary    string
	errBuild  error

	postgresOnce sync.Once
	cluster      *pgtest.Server
	errPostgres  error
)

func TestMain(m *testing.M) {
	code := m.Run()
	if cluster != nil {
		cluster.Stop()
	}
	if binary != "" {
		_ = os.RemoveAll(filepath.Dir(binary))
	}
	os.Exit(code)
}

// build builds examples/server, once.
func build() {
	dir, err := os.MkdirTemp("", "entra")
	if err != nil {
		errBuild = err
		return
	}
	binary = filepath.Join(dir, "server")
	cmd := exec.Command("go", "build", "-o", binary, ".")
	cmd.Dir = filepath.Join("..", "server") // a module of its own
	if out, err := cmd.CombinedOutput(); err != nil {
		errBuild = fmt.Errorf("go build: %w\n%s", err, out)
	}
}

// postgres is a -store on an empty schema of a PostgreSQL that the tests started.
func postgres(t testing.TB) string {
	t.Helper()
	postgresOnce.Do(func() {
		settings := []string{"fsync=off"}
		if large() {
			settings = nil // what is measured is as it comes
		}
		cluster, errPostgres = pgtest.Start(context.Background(), settings...)
	})
	if errors.Is(errPostgres, pgtest.ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(errPostgres)
	}
	require.NoError(t, errPostgres)
	address, err := cluster.Schema(t.Context())
	require.NoError(t, err)
	return address
}

// start runs a server until the test ends, when it must stop in good order.
func start(t testing.TB, flags ...string) *server {
	t.Helper()
	buildOnce.Do(build)
	require.NoError(t, errBuild)
	transport := &http.Transport{MaxIdleConnsPerHost: 4}
	s := &server{log: &output{}, client: &http.Client{Transport: transport, Timeout: time.Minute}}
	s.cmd = exec.Command(binary, append([]string{"-addr", "127.0.0.1:0", "-token", secret}, flags...)...)
	s.cmd.Stderr = s.log
	out, err := s.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, s.cmd.Start())
	read := make(chan struct{})
	announced := make(chan string, 1)
	go func() {
		defer close(read)
		listen(out, announced)
	}()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = s.cmd.Process.Signal(os.Interrupt)
		kill := time.AfterFunc(20*time.Second, func() { _ = s.cmd.Process.Kill() })
		defer kill.Stop()
		<-read
		require.NoError(t, s.cmd.Wait(), "the server ended badly: %s", s.log)
	})
	select {
	case s.base = <-announced:
	case <-time.After(30 * time.Second):
	}
	require.NotEmpty(t, s.base, "the server announced no tenant URL: %s", s.log)
	return s
}

// listen reads what a server prints to its end, and sends the address of it, or "".
func listen(out io.Reader, announced chan<- string) {
	defer close(announced)
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if url, found := strings.CutPrefix(strings.TrimSpace(lines.Text()), "Tenant URL"); found {
			announced <- strings.TrimSuffix(strings.TrimSpace(url), scimPath)
			break
		}
	}
	_, _ = io.Copy(io.Discard, out)
}

// scimPath is where a server has SCIM.
const scimPath = "/scim/v2/"

// tenantURL is what an administrator pastes into the identity provider.
func (s *server) tenantURL() string { return s.base + scimPath }

// send makes a request and returns the status and the body of the answer.
func (s *server) send(t testing.TB, method, path, body string) (int, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, s.base+path, strings.NewReader(body))
	require.NoError(t, err)
	if strings.HasPrefix(path, scimPath) {
		r.Header.Set("Authorization", "Bearer "+secret)
	}
	res, err := s.client.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	if strings.HasPrefix(path, scimPath) && res.StatusCode >= http.StatusBadRequest {
		s.refused++
	}
	return res.StatusCode, text
}

// ask makes a request that has to succeed, and reads the answer.
func ask[T any](t testing.TB, s *server, method, path, body string) T {
	t.Helper()
	status, text := s.send(t, method, path, body)
	require.Equal(t, http.StatusOK, status, "%s %s: %s", method, path, text)
	var v T
	require.NoError(t, json.Unmarshal(text, &v), "%s %s", method, path)
	return v
}

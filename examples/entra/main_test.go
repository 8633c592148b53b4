package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// command is one run of the command, to be.
type command struct {
	t        testing.TB
	ctx      context.Context
	env      map[string]string
	terminal bool
}

// result is what a run came to.
type result struct {
	status         int
	stdout, stderr string
}

// run runs the command. Whatever it does, it tells nobody the token.
func (c command) run(args ...string) result {
	c.t.Helper()
	ctx := c.ctx
	if ctx == nil {
		ctx = c.t.Context()
	}
	var stdout, stderr bytes.Buffer
	status := run(ctx, args, stage{
		stdout: &stdout, stderr: &stderr, terminal: c.terminal,
		env: func(name string) string { return c.env[name] },
	})
	require.NotContains(c.t, stdout.String()+stderr.String(), secret)
	return result{status, stdout.String(), stderr.String()}
}

// host is a service in this process, whose URL and token are in the command's
// environment. wrap, if not nil, comes before it.
func host(t testing.TB, wrap func(http.Handler) http.Handler) (command, *scim.Directory) {
	t.Helper()
	dir, err := scim.New(scim.Config{Store: memstore.New(), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	var tokens scim.Tokens
	_, err = tokens.Add(scim.Connection{ID: "acme/entra", Tenant: "acme"}, secret, time.Time{})
	require.NoError(t, err)
	handler, err := scim.NewHandler(dir, scim.HandlerConfig{BaseURL: "http://host.example/scim/v2", Verifier: &tokens})
	require.NoError(t, err)
	served := http.Handler(handler)
	if wrap != nil {
		served = wrap(handler)
	}
	server := httptest.NewServer(served)
	t.Cleanup(server.Close)
	return command{t: t, env: map[string]string{"USHER_URL": server.URL + "/scim/v2", "USHER_TOKEN": secret}}, dir
}

// users are the host's, by their logins, and whether they are active.
func users(t testing.TB, dir *scim.Directory) map[string]string {
	t.Helper()
	page, err := dir.Users(t.Context(), "acme", scim.Query{Limit: 1000})
	require.NoError(t, err)
	out := make(map[string]string)
	for _, u := range page.Items {
		out[u.UserName] = u.Status.String()
	}
	return out
}

// file writes a file of the test's.
func file(t testing.TB, lines ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "people.csv")
	write(t, name, lines...)
	return name
}

func write(t testing.TB, name string, lines ...string) {
	t.Helper()
	require.NoError(t, os.WriteFile(name, []byte(strings.Join(lines, "\n")+"\n"), 0o600))
}

// Three people, and who they are without Bob.
const (
	header = "userPrincipalName,mail,givenName,surname,department,accountEnabled,manager,groups"
	ann    = "ann@a.example,ann@a.example,Ann,Lee,Sales,true,,Staff;Board"
	bob    = "bob@a.example,bob@a.example,Bob,Ray,Sales,true,ann@a.example,Staff"
	cy     = "cy@a.example,cy@a.example,Cy,Day,Legal,true,ann@a.example,"
)

// TestProvision: everybody is there afterwards, and the summary has counted them.
func TestProvision(t *testing.T) {
	t.Parallel()
	c, dir := host(t, nil)
	r := c.run("-people", file(t, header, ann, bob, cy), "-groups")
	require.Equal(t, 0, r.status, r.stderr)
	require.Equal(t, map[string]string{"ann@a.example": "active", "bob@a.example": "active", "cy@a.example": "active"}, users(t, dir))
	require.Equal(t, []string{
		"users groups", "created 3 2", "updated 0 0", "disabled 0 0", "restored 0 0", "deleted 0 0", "skipped 0 0", "failed 0 0",
		"", "memberships 3 added, 0 removed", "managers 2 added, 0 removed", "refused nothing", "cycles 1 in 0 simulated minutes",
	}, squeezed(r.stdout)[:13])
	require.Regexp(t, `^requests 14 in \d+\.\d\d s, \d+ a second$`, squeezed(r.stdout)[13])
	require.Contains(t, r.stderr, "people.csv: 3 people: 3 new, 0 changed, 0 back, 0 gone, 2 new groups\n")

	r = c.run("-people", file(t, header, ann, bob, cy), "-cycles", "3")
	require.Equal(t, 0, r.status, r.stderr)
	require.Contains(t, squeezed(r.stdout), "created 0 0")
	require.Contains(t, squeezed(r.stdout), "skipped 3 0")
	require.Equal(t, 2, strings.Count(r.stderr, "\n"), "a file that says nothing new is not told of, nor is a cycle: %s", r.stderr)
}

// squeezed are the lines of a text with single blanks.
func squeezed(text string) []string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return lines
}

// TestLeave: who is missing in the next file is disabled, deleted 30 simulated days
// later, and brought back by a file that has them again.
func TestLeave(t *testing.T) {
	t.Parallel()
	c, dir := host(t, nil)
	all, two := file(t, header, ann, bob, cy), file(t, header, ann, cy)
	r := c.run("-people", all, "-people", two)
	require.Equal(t, 0, r.status, r.stderr)
	require.Contains(t, squeezed(r.stdout), "disabled 1 0")
	require.Contains(t, r.stderr, "2 people: 0 new, 0 changed, 0 back, 1 gone, 0 new groups")
	require.Len(t, users(t, dir), 3)
	require.Equal(t, "active", users(t, dir)["ann@a.example"])
	require.NotContains(t, users(t, dir), "bob@a.example", "the recycle bin renames")

	r = c.run("-people", all, "-people", two, "-people", all)
	require.Equal(t, 0, r.status, r.stderr)
	require.Contains(t, squeezed(r.stdout), "restored 1 0")
	require.Equal(t, "active", users(t, dir)["bob@a.example"])

	r = c.run("-people", all, "-people", two, "-cycles", "1081") // 30 days of 36, and one more
	require.Equal(t, 0, r.status, r.stderr)
	require.Contains(t, squeezed(r.stdout), "deleted 1 0")
	require.Len(t, users(t, dir), 2)
}

// TestAssignAndScope: only those are provisioned who are in an assigned group, and whom
// the scoping filters let in.
func TestAssignAndScope(t *testing.T) {
	t.Parallel()
	people := file(t, header, ann, bob, cy)
	for _, x := range []struct {
		args []string
		want []string
	}{
		{nil, []string{"ann", "bob", "cy"}},
		{[]string{"-assign", "staff"}, []string{"ann", "bob"}},
		{[]string{"-assign", "Board"}, []string{"ann"}},
		{[]string{"-scope", "department EQUALS Legal"}, []string{"cy"}},
		{[]string{"-scope", "department EQUALS Sales", "-scope", "givenName NOT EQUALS Ann"}, []string{"bob"}},
		{[]string{"-assign", "Board", "-scope", "department EQUALS Legal"}, nil},
	} {
		c, dir := host(t, nil)
		r := c.run(append([]string{"-people", people}, x.args...)...)
		require.Equal(t, 0, r.status, r.stderr)
		want := make(map[string]string)
		for _, name := range x.want {
			want[name+"@a.example"] = "active"
		}
		require.Equal(t, want, users(t, dir), x.args)
	}
}

// TestFlag: the feature flag is in the query of every request.
func TestFlag(t *testing.T) {
	t.Parallel()
	with, without := 0, 0
	c, _ := host(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if n := strings.Count(r.URL.RawQuery, flagFeature); n == 0 {
				without++
			} else {
				with += n
			}
			next.ServeHTTP(w, r)
		})
	})
	people := file(t, header, ann)
	require.Equal(t, 0, c.run("-people", people).status)
	require.Zero(t, with)
	require.NotZero(t, without)
	without = 0
	require.Equal(t, 0, c.run("-people", people, "-flag").status)
	require.Zero(t, without)
	sent := with
	c.env["USHER_URL"] += "?" + flagFeature
	require.Equal(t, 0, c.run("-people", people, "-flag").status)
	require.Equal(t, 2*sent, with, "it is not there twice")
}

// TestOnDemand: one user is provisioned, and the steps are printed.
func TestOnDemand(t *testing.T) {
	t.Parallel()
	c, dir := host(t, nil)
	people, log := file(t, header, ann, bob), filepath.Join(t.TempDir(), "log")
	r := c.run("-people", people, "-on-demand", "BOB@a.example", "-log", log)
	require.Equal(t, 0, r.status, r.stderr)
	require.Equal(t, map[string]string{"bob@a.example": "active"}, users(t, dir))
	lines := squeezed(r.stdout)
	require.Regexp(t, `^Create bob@a\.example: Success \(id \S+\)$`, lines[0])
	require.Equal(t, []string{"1. test connection Success", "2. import Success", "3. scope Success"}, lines[1:4])
	require.Contains(t, lines, "userName → bob@a.example")
	require.True(t, entries(t, log)[0].OnDemand)

	r = c.run("-people", people, "-on-demand", "dee@a.example")
	require.Equal(t, exitUsage, r.status)
	require.Contains(t, r.stderr, `nobody in `+people+` is "dee@a.example"`)
}

// TestPrintMapping: what is printed is a file that does the same.
func TestPrintMapping(t *testing.T) {
	t.Parallel()
	c, dir := host(t, nil)
	printed := c.run("-print-mapping", "-scope", "department EQUALS Legal")
	require.Equal(t, 0, printed.status, printed.stderr)
	require.Contains(t, printed.stdout, `"source": "Switch([IsSoftDeleted], , \"False\", \"True\", \"True\", \"False\")"`)
	mapping := file(t, printed.stdout)
	again := c.run("-print-mapping", "-mapping", mapping)
	require.Equal(t, printed.stdout, again.stdout)
	r := c.run("-people", file(t, header, ann, cy), "-mapping", mapping)
	require.Equal(t, 0, r.status, r.stderr)
	require.Equal(t, map[string]string{"cy@a.example": "active"}, users(t, dir))
}

// TestStaleFile: a file that is broken later on changes nobody.
func TestStaleFile(t *testing.T) {
	t.Parallel()
	people := file(t, header, ann, bob)
	requests := 0
	c, dir := host(t, func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if requests++; requests == 1 {
				write(t, people, header, ann, "bob@a.example,bob@a.ex")
			}
			next.ServeHTTP(w, r)
		})
	})
	r := c.run("-people", people, "-cycles", "2")
	require.Equal(t, exitFailed, r.status)
	require.Contains(t, r.stderr, "the people stay as they were: "+people+": ")
	require.Contains(t, squeezed(r.stdout), "created 2 0")
	require.Equal(t, map[string]string{"ann@a.example": "active", "bob@a.example": "active"}, users(t, dir))
}

// TestHelp: the flags, and the exit statuses, as the doc comment and README.md have them
// too.
func TestHelp(t *testing.T) {
	t.Parallel()
	r := command{t: t, env: map[string]string{"USHER_TOKEN": secret}}.run("-h")
	require.Equal(t, 0, r.status)
	require.Empty(t, r.stderr)
	source, err := os.ReadFile("main.go")
	require.NoError(t, err)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	for status, begins := range map[int]string{0: "everybody", exitFailed: "some", exitUsage: "the flags", exitConnection: "the service", exitInterrupted: "it was"} {
		_, line, found := strings.Cut(exits, fmt.Sprintf("  %-5d%s", status, begins))
		require.True(t, found, begins)
		line, _, _ = strings.Cut(line, "\n")
		line = fmt.Sprintf("%-5d%s%s", status, begins, line)
		require.Contains(t, r.stdout, line)
		require.Contains(t, string(source), "//\t"+line+"\n")
		require.Contains(t, string(readme), fmt.Sprintf("| %d | %s |\n", status, strings.TrimSpace(line[5:])))
	}
	for _, name := range []string{"-url", "-people", "-on-demand", "-generate"} {
		require.Contains(t, r.stdout, "  "+name+" ")
	}
}

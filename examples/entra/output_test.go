package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp/entra"
)

// entries reads a log, line by line.
func entries(t testing.TB, name string) []entra.Entry {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	return parsed(t, string(data))
}

func parsed(t testing.TB, text string) []entra.Entry {
	t.Helper()
	var all []entra.Entry
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		dec := json.NewDecoder(strings.NewReader(lines.Text()))
		dec.DisallowUnknownFields()
		var e entra.Entry
		require.NoError(t, dec.Decode(&e), lines.Text())
		all = append(all, e)
	}
	return all
}

// TestLog: the log is JSON lines, in a file for its owner alone, or alone on stdout.
func TestLog(t *testing.T) {
	t.Parallel()
	c, _ := host(t, refusing(400, creating("bob@")))
	people, log := file(t, header, ann, bob, cy), filepath.Join(t.TempDir(), "log.jsonl")
	write(t, log, strings.Repeat("something old", 1000))
	require.NoError(t, os.Chmod(log, 0o600))
	r := c.run("-people", people, "-groups", "-log", log)
	require.Equal(t, exitFailed, r.status, r.stderr)
	all := entries(t, log)
	var names []string
	for _, e := range all {
		names = append(names, string(e.Action)+" "+e.Source.Name+" "+string(e.Status))
	}
	require.Equal(t, []string{"Create ann@a.example Success", "Create bob@a.example Failure", "Create cy@a.example Success"}, names[:3])
	require.Equal(t, 400, all[1].HTTPStatus)
	info, err := os.Stat(log)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	data, err := os.ReadFile(log)
	require.NoError(t, err)
	require.NotContains(t, string(data), secret)

	r = c.run("-people", people, "-log", "-", "-cycles", "3")
	once := make(map[string]bool)
	for _, e := range parsed(t, r.stdout) {
		require.False(t, once[e.ChangeID], "each entry once")
		once[e.ChangeID] = true
	}
	require.NotEmpty(t, once)
	require.Contains(t, squeezed(r.stderr), "refused 1 × 400 SystemForCrossDomainIdentityManagementBadRequest")
}

// TestLogCannotBeWritten: nobody is to believe that a log is whole that is not.
func TestLogCannotBeWritten(t *testing.T) {
	t.Parallel()
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip(err)
	}
	c, dir := host(t, nil)
	for _, args := range [][]string{nil, {"-on-demand", "ann@a.example"}} {
		r := c.run(append([]string{"-people", file(t, header, ann), "-log", full}, args...)...)
		require.Equal(t, exitFailed, r.status)
		require.Contains(t, r.stderr, "-log: write "+full)
		require.Len(t, users(t, dir), 1)
	}
}

// TestPlainOrTerminal: a bar is for a terminal, colours for one that wants them, and
// stdout is the same everywhere.
func TestPlainOrTerminal(t *testing.T) {
	t.Parallel()
	people := file(t, header, ann, bob, cy)
	for _, x := range []struct {
		terminal bool
		noColour string
		bar      bool
		colour   bool
	}{{terminal: true, bar: true, colour: true}, {terminal: true, noColour: "1", bar: true}, {}, {noColour: "1"}} {
		c, _ := host(t, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				time.Sleep(barPause / 4) // so that the bar is drawn
				next.ServeHTTP(w, r)
			})
		})
		c.terminal, c.env[noColour] = x.terminal, x.noColour
		r := c.run("-people", people)
		require.Equal(t, 0, r.status, r.stderr)
		require.Equal(t, x.bar, strings.ContainsAny(r.stderr, "█░"), "%+v: %q", x, r.stderr)
		require.Equal(t, x.bar, strings.Contains(r.stderr, "\r"), "%+v: %q", x, r.stderr)
		require.Equal(t, x.colour, strings.Contains(r.stderr, "\x1b[32m"), "%+v: %q", x, r.stderr)
		require.Regexp(t, `(\n|\x1b\[2K\r)cycle: \d+ requests, \d+\.\d\d s\n$`, r.stderr, "the cycle's line has a line of its own")
		require.NotContains(t, r.stdout, "\x1b")
		require.Contains(t, squeezed(r.stdout), "created 3 0")
	}
}

// TestLines: a cycle that takes long is told of in lines, one that sends nothing is not.
func TestLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	p := newProgress(stage{stderr: &out})
	require.Equal(t, linePause, p.pause)
	p.pause = 0
	p.begin("cycle 1 of 2")
	p.sent(0)
	p.sent(50)
	p.end(1500 * time.Millisecond)
	p.begin("cycle 2 of 2")
	p.end(time.Second)
	p.sent(0) // on demand, or beside all cycles
	require.Equal(t, "cycle 1 of 2: 0 %, 1 requests\ncycle 1 of 2: 50 %, 2 requests\ncycle 1 of 2: 2 requests, 1.50 s\n", out.String())
}

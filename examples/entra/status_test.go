package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp/entra"
)

// TestUsage: what is wrong with the flags, or with the files that they name, is said in
// a line that names it, and nothing is sent.
func TestUsage(t *testing.T) {
	t.Parallel()
	people := file(t, header, ann)
	missing := filepath.Join(t.TempDir(), "missing.csv")
	for _, x := range []struct {
		args string // separated by blanks, ~ for a blank
		want string
	}{
		{"", "-url or USHER_URL is missing"},
		{"-url http://a.example", "-token or USHER_TOKEN is missing"},
		{"-url http://a.example -token " + secret, "-people is missing"},
		{"-url a.example -token " + secret + " -people " + people, "-url must be a tenant URL"},
		{"-url http://ann:" + secret + "@a.example/ -token x -people " + people, "-url must not have a name or password"},
		{"-url http://a.example/%zz" + secret + " -token x -people " + people, "-url must be a tenant URL"},
		{"-url http://a.example/#x -token x -people " + people, "-url must not have a #"},
		{"-url http://a.example -token x -people " + people + " -people", "flag needs an argument"},
		{"-people ", "it must not be empty"},
		{"people.csv", `there is no argument "people.csv"`},
		{"-cycles 0", "it must be a whole number from 1 up"},
		{"-threshold -1", "it must be a whole number from 1 up"},
		{"-generate many", "it must be a whole number from 1 up"},
		{"-every -1s -url http://a.example -token x -people " + people, "-every must not be negative"},
		{"-scope department~equals~Sales", `"EQUALS" is written so`},
		{"-nonsense", "-nonsense"},
		{"-generate 3 -people " + people, "-people does not go with -generate"},
		{"-generate 3 -cycles 2 -log x", "-cycles, -log does not go with -generate"},
		{"-generate 3 -dir x", "-dir is for -days"},
		{"-days 3", "-days is for -generate"},
		{"-seed 3 -print-mapping", "-seed does not go with -print-mapping"},
		{"-on-demand ann -threshold 3 -groups", "-groups, -threshold does not go with -on-demand"},
		{"-print-mapping -groups", "-groups does not go with -print-mapping"},
		{"-url http://a.example -token x -on-demand a -people a -people b", "-on-demand takes one -people"},
		{"-url http://a.example -token x -people " + missing, missing},
		{"-url http://a.example -token x -people " + people + " -mapping " + missing, missing},
		{"-print-mapping -mapping " + people, people + ": entra: mapping file: line 1"},
		{"-url http://a.example -token x -people " + file(t, "userPrincipalName,shoeSize", "a,b"), "shoeSize"},
		{"-url http://a.example -token x -people " + people + " -assign Nobody", `no group in ` + people + ` is called "Nobody"`},
		{"-url http://a.example -token x -people " + people + " -log " + filepath.Join(missing, "x"), missing},
		{"-generate 3 -days 1 -dir " + missing, missing},
	} {
		var args []string
		for _, a := range strings.Split(x.args, " ") {
			args = append(args, strings.ReplaceAll(a, "~", " "))
		}
		if x.args == "" {
			args = nil
		}
		r := command{t: t}.run(args...)
		require.Equal(t, exitUsage, r.status, x.args)
		require.Contains(t, r.stderr, x.want, x.args)
		require.True(t, strings.HasPrefix(r.stderr, "entra: ") || strings.Contains(r.stderr, "\nentra: "), r.stderr)
		require.Empty(t, r.stdout, x.args)
	}
}

// refusing answers some requests itself.
func refusing(status int, which func(r *http.Request, body string) bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var body bytes.Buffer
			_, _ = body.ReadFrom(r.Body)
			r.Body = readCloser{&body}
			if which(r, body.String()) {
				w.Header().Set("Content-Type", "application/scim+json")
				w.WriteHeader(status)
				_, _ = w.Write([]byte(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"detail":"not today"}`))
				return
			}
			next.ServeHTTP(w, r)
		})
	}
}

type readCloser struct{ *bytes.Buffer }

func (readCloser) Close() error { return nil }

func creating(who string) func(*http.Request, string) bool {
	return func(r *http.Request, body string) bool {
		return r.Method == http.MethodPost && strings.Contains(body, who)
	}
}

func every(*http.Request, string) bool { return true }

// TestExitStatus: how it ends follows from what the service does.
func TestExitStatus(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		what   string
		wrap   func(http.Handler) http.Handler
		args   []string
		status int
		stdout string // a line of it
		stderr string
	}{
		{"all is well", nil, nil, 0, "refused nothing", ""},
		{"one is refused", refusing(400, creating("bob@")), nil, exitFailed, "refused 1 × 400 SystemForCrossDomainIdentityManagementBadRequest", ""},
		{"one conflicts", refusing(409, creating("bob@")), nil, exitFailed, "failed 1 0", ""},
		{"the token is wrong", refusing(401, every), nil, exitConnection, "", "401"},
		{"there is no SCIM", refusing(404, every), nil, exitConnection, "", "404"},
		{"the token ends in the middle", refusing(401, creating("bob@")), nil, exitConnection, "refused 1 × 401 " + string(entra.CodeUnauthorized), "quarantine"},
		{"one is refused on demand", refusing(400, creating("bob@")), []string{"-on-demand", "bob@a.example"}, exitFailed, "6. provision Failure not today", ""},
		{"the token is wrong on demand", refusing(401, every), []string{"-on-demand", "bob@a.example"}, exitConnection, "", "401"},
		{"nobody is to leave", nil, []string{"-threshold", "1", "-people", file(t, header, cy)}, exitConnection, "staged 2 0", "TooManyDeletes"},
		{"one may leave", nil, []string{"-threshold", "1", "-people", file(t, header, ann, cy)}, 0, "disabled 1 0", ""},
	} {
		t.Run(x.what, func(t *testing.T) {
			t.Parallel()
			c, _ := host(t, x.wrap)
			r := c.run(append([]string{"-people", file(t, header, ann, bob, cy)}, x.args...)...)
			require.Equal(t, x.status, r.status, "%s%s", r.stdout, r.stderr)
			require.NotContains(t, r.stderr, "entra: entra: ")
			require.Contains(t, r.stderr, x.stderr)
			if x.stdout == "" {
				require.Empty(t, r.stdout)
			} else {
				require.Contains(t, squeezed(r.stdout), x.stdout)
			}
		})
	}
}

// TestNobodyAnswers: neither a port where nobody listens, nor one that hangs up.
func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	c, _ := host(t, func(http.Handler) http.Handler {
		return http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	})
	people := file(t, header, ann)
	r := c.run("-people", people)
	require.Equal(t, exitConnection, r.status)
	require.Contains(t, r.stderr, "the connection does not work")
	r = c.run("-people", people, "-url", "http://127.0.0.1:1/scim/v2")
	require.Equal(t, exitConnection, r.status)
	require.Contains(t, r.stderr, "connection refused")
}

// TestRecovery: what fails once, and succeeds when it is tried again, is well. Until
// then, it is not.
func TestRecovery(t *testing.T) {
	t.Parallel()
	for _, x := range []struct{ refusal, status, users int }{
		{503, 0, 2},          // tried again in the next cycle
		{400, exitFailed, 1}, // in six hours
	} {
		failed := false
		c, dir := host(t, refusing(x.refusal, func(r *http.Request, body string) bool {
			if failed || !creating("bob@")(r, body) {
				return false
			}
			failed = true
			return true
		}))
		r := c.run("-people", file(t, header, ann, bob), "-cycles", "2")
		require.Equal(t, x.status, r.status, r.stderr)
		require.Contains(t, squeezed(r.stdout), "failed 1 0")
		require.Len(t, users(t, dir), x.users)
	}
}

// TestInterrupted: what was done until then is in the summary and in the log.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	lookingUp := func(who string) func(*http.Request) bool {
		return func(r *http.Request) bool { return strings.Contains(r.URL.RawQuery, who) }
	}
	for _, x := range []struct {
		args    []string
		when    func(*http.Request) bool
		created int
	}{
		{nil, lookingUp("bob"), 1},
		{[]string{"-on-demand", "bob@a.example"}, lookingUp("bob"), 0},
		// At the end of a cycle, or in the hour after it.
		{[]string{"-cycles", "3", "-every", "1h"}, func(r *http.Request) bool { return r.Method == http.MethodPatch }, 2},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		c, dir := host(t, func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if x.when(r) {
					time.AfterFunc(0, cancel)
					if len(x.args) != 4 {
						<-ctx.Done()
					}
				}
				next.ServeHTTP(w, r)
			})
		})
		c.ctx = ctx
		log := filepath.Join(t.TempDir(), "log")
		r := c.run(append([]string{"-people", file(t, header, ann, bob), "-log", log}, x.args...)...)
		require.Equal(t, exitInterrupted, r.status, r.stderr)
		require.True(t, strings.HasSuffix(r.stderr, "entra: interrupted\n"), r.stderr)
		require.Len(t, users(t, dir), x.created)
		created := 0
		for _, e := range entries(t, log) {
			if e.Action == "Create" {
				created++
			}
		}
		require.Equal(t, x.created, created)
		if x.created > 0 {
			require.Contains(t, squeezed(r.stdout), fmt.Sprintf("created %d 0", created))
		}
	}
}

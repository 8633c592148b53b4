package main

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/usher-scim/scim"
)

// TestStopped: an identity provider that removes too many is stopped, and let go
// on by hand.
func TestStopped(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{
		"users":    {"-stop-users", "2"},
		"per cent": {"-stop-percent", "40", "-stop-window", "1h"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, append(flags, "-extra", "acme="+acmeToken)...)
			var ids []string
			for _, name := range []string{"a", "b", "c", "d", "e"} {
				ids = append(ids, wire(s, 201, "POST", "Users", person(name+"@example.com", "")).ID)
			}
			_, text := s.send("GET", "/app/stopped", "", "")
			equal(t, "nobody is stopped", strings.TrimSpace(text), "[]")
			wire(s, 200, "PATCH", "Users/"+ids[0], active("false"))
			wire(s, 204, "DELETE", "Users/"+ids[1], "")
			res, text := s.send("DELETE", scimPath+"Users/"+ids[2], s.token, "")
			equal(t, "status", res.StatusCode, http.StatusTooManyRequests)
			if wait, err := strconv.Atoi(res.Header.Get("Retry-After")); err != nil || wait < 3000 || wait > 3600 {
				t.Errorf("Retry-After: %q", res.Header.Get("Retry-After"))
			}
			if !strings.Contains(text, "removed 2 users within 1h") {
				t.Errorf("the answer is %s", text)
			}
			wire(s, 200, "PATCH", "Users/"+ids[0], active("true"))

			got := ask[[]stoppedView](s, 200, "GET", "/app/stopped", "")
			equal(t, "stopped", len(got), 1)
			equal(t, "connection", got[0].Connection, "default/1")
			equal(t, "removed", got[0].Removed, 2)
			equal(t, "window", got[0].Window, "1h0m0s")
			equal(t, "retry", got[0].Retry.After(got[0].Since) && !got[0].Retry.After(got[0].Since.Add(time.Hour)), true)
			equal(t, "stopped of another tenant", len(ask[[]stoppedView](s, 200, "GET", "/app/stopped?tenant=acme", "")), 0)

			const release = `{"connection":"default/1","duration":"1h"}`
			ask[any](s, 404, "POST", "/app/stopped/release?tenant=acme", release)
			wire(s, 429, "DELETE", "Users/"+ids[2], "")
			equal(t, "stopped", len(ask[[]stoppedView](s, 200, "POST", "/app/stopped/release", release)), 0)
			for _, id := range ids[2:] {
				wire(s, 204, "DELETE", "Users/"+id, "")
			}

			count := make(map[scim.EventKind]int)
			for _, e := range ask[logView](s, 200, "GET", "/app/log", "").Events {
				count[e.Kind]++
			}
			equal(t, "stops on the record", count[scim.RemovalsStopped], 1)
			equal(t, "releases on the record", count[scim.RemovalsReleased], 1)
		})
	}
}

// TestStrict: what a lenient server counts, a strict one refuses.
func TestStrict(t *testing.T) {
	t.Parallel()
	const add = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Add","path":"title","value":"Chief"}]}`
	lenient, strict := start(t), start(t, "-strict")
	for s, status := range map[*server]int{lenient: 200, strict: 400} {
		id := wire(s, 201, "POST", "Users", person("a@example.com", "")).ID
		wire(s, status, "PATCH", "Users/"+id, add)
		found := false
		for _, q := range ask[[]quirkView](s, 200, "GET", "/app/quirks", "") {
			equal(t, "connection", q.Connection, "default/1")
			if q.Quirk == "operation-case" {
				found = true
				equal(t, "requests", q.Requests, 1)
				equal(t, "section", q.Section, "RFC 7644 section 3.5.2")
				equal(t, "last", time.Since(q.Last) < time.Minute, true)
			}
		}
		equal(t, "counted", found, true)
	}
}

// TestRate: requests beyond the rate are refused, and only those.
func TestRate(t *testing.T) {
	t.Parallel()
	s := start(t, "-rate", "1", "-extra", "acme="+acmeToken)
	refused := 0
	for range 20 { // well within the seconds that as many would take
		res, _ := s.send("GET", scimPath+"Users", s.token, "")
		switch res.StatusCode {
		case http.StatusOK:
		case http.StatusTooManyRequests:
			refused++
			equal(t, "Retry-After", res.Header.Get("Retry-After"), "1")
		default:
			t.Errorf("status %d", res.StatusCode)
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
	wireAs(s, "not-the-token-at-all", 401, "GET", "Users", "")
	wireAs(s, acmeToken, 200, "GET", "Users", "")
	equal(t, "refusals on the record", len(ask[logView](s, 200, "GET", "/app/log", "").Events), 1)
}

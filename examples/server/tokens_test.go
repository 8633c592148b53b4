package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
)

// TestTokens rotates a connection's token (P1.2).
func TestTokens(t *testing.T) { onEach(t, testTokens) }

func testTokens(t *testing.T, start starter) {
	s := start("-extra", "acme="+acmeToken)
	wire(s, 200, "GET", "Users", "")
	old := ask[[]tokenView](s, 200, "GET", "/app/tokens", "")
	equal(t, "tokens", len(old), 1)
	equal(t, "connection", old[0].Connection, "default/1")
	equal(t, "shown again", old[0].Token, "")
	equal(t, "used", old[0].LastUsed != nil && time.Since(*old[0].LastUsed) < time.Minute, true)

	const ours = `{"connection":"default/1"}`
	issued := ask[tokenView](s, 201, "POST", "/app/tokens", ours)
	wireAs(s, issued.Token, 200, "GET", "Users", "")
	wire(s, 200, "GET", "Users", "")
	ask[any](s, 409, "POST", "/app/tokens", ours)
	ask[any](s, 404, "POST", "/app/tokens?tenant=acme", ours)
	revoke := `{"id":"` + old[0].ID + `"}`
	ask[any](s, 404, "POST", "/app/tokens/revoke?tenant=acme", revoke)
	left := ask[[]tokenView](s, 200, "POST", "/app/tokens/revoke", revoke)
	equal(t, "tokens", len(left), 1)
	equal(t, "the one that is left", left[0].ID, issued.ID)
	wire(s, 401, "GET", "Users", "")
	wireAs(s, issued.Token, 200, "GET", "Users", "")
	wireAs(s, acmeToken, 200, "GET", "Users", "")
}

// TestTokensStay: a token is good for the next start too, and what the flags say
// of it then counts.
func TestTokensStay(t *testing.T) {
	t.Parallel()
	store := sqlite(t)
	s := start(t, "-store", store)
	issued := s.token
	wireAs(s, issued, 200, "GET", "Users", "")
	s.stop()

	s = start(t, "-store", store) // makes no other
	equal(t, "token", strings.HasPrefix(s.token, "as it was issued before"), true)
	equal(t, "tokens", len(ask[[]tokenView](s, 200, "GET", "/app/tokens", "")), 1)
	wireAs(s, issued, 200, "GET", "Users", "")
	s.stop()

	s = start(t, "-store", store, "-token", fixedToken, "-strict") // a second one
	equal(t, "tokens", len(ask[[]tokenView](s, 200, "GET", "/app/tokens", "")), 2)
	id := wire(s, 201, "POST", "Users", person("ann@example.com", "")).ID
	const lax = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"Add","path":"title","value":"Chief"}]}`
	wireAs(s, issued, 400, "PATCH", "Users/"+id, lax)
	s.stop()

	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-token", acmeToken}, "two valid tokens"},
		{[]string{"-tenant", "acme", "-token", fixedToken}, "another connection"},
		{[]string{"-token", fixedToken, "-extra", "acme=" + issued}, "another connection"},
	} {
		var stdout, stderr bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		args := append([]string{"-addr", "127.0.0.1:0", "-store", store}, c.args...)
		equal(t, strings.Join(c.args, " "), run(ctx, args, &stdout, &stderr), exitUsage)
		cancel()
		if !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%q: stderr %q should say %q", c.args, &stderr, c.want)
		}
	}
}

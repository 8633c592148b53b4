package scim_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// breakable is a store that answers what a test wants for users.
type breakable struct {
	scim.Store
	err error
}

func (s *breakable) FindUsers(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.User, error) {
	if s.err != nil {
		if errors.Is(s.err, errPanics) {
			panic("the disk is on fire")
		}
		return nil, s.err
	}
	return s.Store.FindUsers(ctx, t, f)
}

var errPanics = errors.New("panics")

// TestRFC420_Errors: whatever goes wrong is told as a SCIM Error whose status is a
// string that repeats the one of HTTP, and that gives nothing away (RFC 7644
// section 3.12).
func TestRFC420_Errors(t *testing.T) {
	t.Parallel()
	secret := errors.New("password of the database is hunter2")
	store := &breakable{Store: memstore.New()}
	r := newRig(t, func(c *scim.Config) {
		c.Store, c.Limits = store, scim.Limits{Body: 4096, BulkOperations: 2}
	})
	var err error
	r.handler, err = scim.NewHandler(r.dir, scim.HandlerConfig{
		BaseURL: baseURL, Rate: &scim.RateLimit{PerSecond: 2, Burst: 30},
		Verifier: scim.TokenVerifierFunc(func(ctx context.Context, token string) (scim.Connection, error) {
			if token == "token-away" {
				return scim.Connection{}, secret
			}
			return verifier(ctx, token)
		}),
	})
	require.NoError(t, err)
	ann := "/Users/" + r.create(person("ann"))
	for name, c := range map[string]struct {
		status       int
		kind         string
		method, path string
		header       http.Header
		body         any
		fails        error
	}{
		"syntax":          {400, "invalidSyntax", "POST", "/Users", nil, "{", nil},
		"value":           {400, "invalidValue", "POST", "/Users", nil, obj{}, nil},
		"filter":          {400, "invalidFilter", "GET", "/Users?filter=x", nil, nil, nil},
		"path":            {400, "invalidPath", "PATCH", ann, nil, patch(set("a b", 1)), nil},
		"mutability":      {400, "mutability", "PATCH", ann, nil, patch(set("id", "x")), nil},
		"target":          {400, "noTarget", "PATCH", ann, nil, patch(obj{"op": "remove"}), nil},
		"cursor":          {400, "invalidCursor", "GET", "/Users?cursor=x", nil, nil, nil},
		"count":           {400, "invalidCount", "GET", "/Users?cursor=&count=0", nil, nil, nil},
		"no token":        {401, "", "GET", "/Users", http.Header{"Authorization": nil}, nil, nil},
		"wrong token":     {401, "", "GET", "/Nothing", http.Header{"Authorization": {"Bearer x"}}, nil, nil},
		"forbidden":       {403, "", "GET", "/Schemas?filter=id+pr", nil, nil, nil},
		"no resource":     {404, "", "GET", "/Users/nobody", nil, nil, nil},
		"no endpoint":     {404, "", "GET", "/Nothing", nil, nil, nil},
		"method":          {405, "", "DELETE", "/Users", nil, nil, nil},
		"uniqueness":      {409, "uniqueness", "POST", "/Users", nil, person("ann"), nil},
		"condition":       {412, "", "DELETE", ann, http.Header{"If-Match": {`"x"`}}, nil, nil},
		"large body":      {413, "", "POST", "/Users", nil, strings.Repeat(" ", 5000), nil},
		"many operations": {413, "", "POST", "/Bulk", nil, obj{"Operations": list{1, 2, 3}}, nil},
		"long query":      {414, "", "GET", "/Users?x=" + strings.Repeat("x", 70_000), nil, nil, nil},
		"media type":      {415, "", "POST", "/Users", http.Header{"Content-Type": {"text/xml"}}, "<a/>", nil},
		"failure":         {500, "", "GET", ann, nil, nil, secret},
		"panic":           {500, "", "GET", ann, nil, nil, errPanics},
		"unsupported":     {501, "", "GET", "/Me", nil, nil, nil},
		"verifier away":   {503, "", "GET", ann, http.Header{"Authorization": {"Bearer token-away"}}, nil, nil},
	} {
		store.err = c.fails
		r.clock.advance(60e9)
		before := len(r.log.String())
		p := r.sendWith(c.header, c.method, c.path, c.body)
		require.Equal(t, c.status, p.status, "%s: %s", name, p.raw)
		isError(t, p)
		require.Equal(t, c.kind, kindOf(p), name)
		require.NotContains(t, p.raw, "hunter2", name)
		require.NotContains(t, p.raw, "on fire", name)
		require.Equal(t, c.status == 401, p.header.Get("WWW-Authenticate") != "", name)
		if c.status == 500 {
			require.Contains(t, r.log.String()[before:], p.header.Get("X-Request-Id"), "the cause is found by the id that the answer has")
			require.Regexp(t, "hunter2|on fire", r.log.String()[before:])
		}
	}
	store.err = nil
	for range 30 {
		r.send("GET", ann, nil)
	}
	p := r.send("GET", ann, nil)
	require.Equal(t, 429, p.status)
	isError(t, p)
	require.Regexp(t, `^\d+$`, p.header.Get("Retry-After"))
}

// isError checks that an answer is a SCIM Error.
func isError(t *testing.T, p reply) {
	t.Helper()
	require.Equal(t, "application/scim+json; charset=utf-8", p.header.Get("Content-Type"))
	require.Equal(t, list{"urn:ietf:params:scim:api:messages:2.0:Error"}, p.at("schemas"))
	require.NotEmpty(t, p.detail())
	status, ok := p.at("status").(string)
	require.True(t, ok, "status is a string")
	require.Equal(t, strconv.Itoa(p.status), status)
	require.NotEmpty(t, p.header.Get("X-Request-Id"))
}

func kindOf(p reply) string { s, _ := p.at("scimType").(string); return s }

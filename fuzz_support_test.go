package scim_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// fuzzed is a tenant with two users and a group, beside one of somebody else, and
// what must hold of both whatever a client sends.
type fuzzed struct {
	*bench
	rig                *rig
	tenant             scim.Tenant
	user, other, group string
	ids                *strings.Replacer
}

// fuzzSeats is the licence of each tenant: a few users more, and some are held.
const fuzzSeats = 4

// fuzzServer is one server for many runs, each of which is a tenant of its own.
type fuzzServer struct {
	rig     *rig
	handler *scim.Handler
	tenants int
	// What somebody else has, which nobody's request changes.
	foreign                   state
	foreignUser, foreignGroup string
}

const fuzzForeign = scim.Tenant("foreign")

var fuzzServers struct {
	sync.Mutex
	now *fuzzServer
}

// fuzzServerFor returns the server, a new one after so many tenants that the
// memory of the old one is worth having back.
func fuzzServerFor(tb testing.TB) (*fuzzServer, scim.Tenant) {
	tb.Helper()
	fuzzServers.Lock()
	defer fuzzServers.Unlock()
	s := fuzzServers.now
	if s == nil || s.tenants == 1000 {
		s = newFuzzServer(tb)
		fuzzServers.now = s
	}
	s.tenants++
	return s, scim.Tenant("tenant-" + strconv.Itoa(s.tenants))
}

func newFuzzServer(tb testing.TB) *fuzzServer {
	tb.Helper()
	store := memstore.NewWith(memstore.Options{Events: 10})
	dir, err := scim.New(scim.Config{
		Store: store, Logger: slog.New(slog.DiscardHandler),
		Seats: func(context.Context, scim.Tenant) (scim.Limit, error) { return scim.Seats(fuzzSeats), nil },
	})
	require.NoError(tb, err)
	s := &fuzzServer{rig: &rig{t: tb, store: store, dir: dir}}
	s.handler, err = scim.NewHandler(dir, scim.HandlerConfig{
		BaseURL: "https://app.example.com/scim/v2",
		Verifier: scim.TokenVerifierFunc(func(_ context.Context, token string) (scim.Connection, error) {
			return scim.Connection{ID: token, Tenant: scim.Tenant(token)}, nil
		}),
	})
	require.NoError(tb, err)
	b := &bench{h: s.handler, prefix: "/scim/v2", token: string(fuzzForeign)}
	s.foreignUser = b.do(tb, "POST", "/Users", userBody(7), 201).id()
	b.do(tb, "POST", "/Users", userBody(8), 201)
	s.foreignGroup = b.do(tb, "POST", "/Groups", `{"displayName":"Everyone","members":["`+s.foreignUser+`"]}`, 201).id()
	s.foreign = s.rig.dumpOf(fuzzForeign)
	return s
}

func newFuzzed(tb testing.TB) *fuzzed {
	tb.Helper()
	s, tenant := fuzzServerFor(tb)
	f := &fuzzed{bench: &bench{h: s.handler, prefix: "/scim/v2", token: string(tenant)}, rig: s.rig.in(tb), tenant: tenant}
	f.user = f.do(tb, "POST", "/Users", userBody(1), 201).id()
	f.other = f.do(tb, "POST", "/Users", userBody(2), 201).id()
	f.group = f.do(tb, "POST", "/Groups", `{"displayName":"Everyone","members":[{"value":"`+f.user+`"}]}`, 201).id()
	f.ids = strings.NewReplacer("{{user}}", f.user, "{{other}}", f.other, "{{group}}", f.group,
		"{{foreign}}", s.foreignUser, "{{club}}", s.foreignGroup)
	tb.Cleanup(func() { // nobody reaches another tenant (P1.1)
		if now := f.rig.in(tb).dumpOf(fuzzForeign); !reflect.DeepEqual(s.foreign, now) {
			tb.Errorf("another tenant changed: %s", diffStates(s.foreign, now))
		}
	})
	return f
}

// in is the same tenant for a run.
func (f *fuzzed) in(t *testing.T) *fuzzed {
	c := *f
	c.rig = f.rig.in(t)
	return &c
}

func diffStates(before, after state) string {
	return cmp.Diff(before, after, cmpopts.IgnoreUnexported(scim.User{}))
}

func (f *fuzzed) dump() state { return f.rig.dumpOf(f.tenant) }

// send asks with whatever bytes, and returns the status, which has to be one of
// some, and the answer, which has to be SCIM JSON.
func (f *fuzzed) send(t tester, method, path, body string, allowed ...int) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, "https://app.example.com/scim/v2"+path, strings.NewReader(f.ids.Replace(body)))
	r.Header.Set("Authorization", "Bearer "+f.token)
	w := httptest.NewRecorder()
	f.h.ServeHTTP(w, r)
	require.Contains(t, allowed, w.Code, "%s", w.Body)
	if w.Code == http.StatusNoContent {
		require.Empty(t, w.Body.String())
		return w.Code, nil
	}
	var answer map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), "%s", w.Body)
	require.False(t, hasNull(answer), "%s", w.Body)
	if w.Code >= 400 {
		errorBody(t, w.Code, answer)
	}
	return w.Code, answer
}

var scimTypes = []any{
	nil, "invalidFilter", "tooMany", "uniqueness", "mutability", "invalidSyntax", "invalidPath", "noTarget", "invalidValue",
	"invalidCursor", "expiredCursor", "invalidCount",
}

// errorBody checks the body of an error (RFC 7644 section 3.12).
func errorBody(t tester, code int, answer map[string]any) {
	t.Helper()
	require.Equal(t, []any{"urn:ietf:params:scim:api:messages:2.0:Error"}, answer["schemas"])
	require.Equal(t, strconv.Itoa(code), answer["status"])
	require.NotEmpty(t, answer["detail"])
	require.Contains(t, scimTypes, answer["scimType"])
	require.Less(t, len(answer["detail"].(string)), 2000, "a client's text is not sent back at length")
}

func hasNull(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case map[string]any:
		for _, e := range v {
			if hasNull(e) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, hasNull)
	}
	return false
}

// write sends a write. One that is refused changes nothing at all; after one that
// is accepted the directory is sound.
func (f *fuzzed) write(t tester, method, path, body string, allowed ...int) (int, map[string]any) {
	t.Helper()
	before := f.dump()
	code, answer := f.send(t, method, path, body, append(allowed, 400, 409, 413)...)
	after := f.dump()
	if code >= 400 && !reflect.DeepEqual(before, after) {
		require.Empty(t, diffStates(before, after), "a refused %s changed something: %v", method, answer)
	}
	f.sound(t, after)
	return code, answer
}

// sound checks what holds of every directory (P4.1, P5.6, P7).
func (f *fuzzed) sound(t tester, s state) {
	t.Helper()
	var counts scim.Counts
	live, names, emails, groups := map[string]bool{}, map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, u := range s.Users {
		switch u.Status {
		case scim.StatusActive:
			counts.Active++
		case scim.StatusDeactivated:
			counts.Deactivated++
		case scim.StatusHeld:
			counts.Held++
		default:
			require.Equal(t, scim.StatusArchived, u.Status)
			counts.Archived++
			continue
		}
		live[u.ID] = true
		require.NotEmpty(t, u.UserName)
		require.NotEmpty(t, u.Login)
		require.NotEmpty(t, u.Email)
		require.Falsef(t, names[scim.Fold(u.UserName)], "two users are called %q", u.UserName)
		require.Falsef(t, emails[scim.Fold(u.Email)], "two users have the address %q", u.Email)
		names[scim.Fold(u.UserName)], emails[scim.Fold(u.Email)] = true, true
	}
	require.Equal(t, counts, s.Counts)
	require.LessOrEqual(t, counts.Active, fuzzSeats)
	for _, g := range s.Groups {
		live[g.ID] = true
		require.NotEmpty(t, strings.TrimSpace(g.DisplayName))
		require.Falsef(t, groups[scim.Fold(g.DisplayName)], "two groups are called %q", g.DisplayName)
		groups[scim.Fold(g.DisplayName)] = true
	}
	for id, members := range s.Members {
		seen := map[string]bool{}
		for _, m := range members {
			require.Truef(t, live[m.ID] && m.ID != id && !seen[m.ID], "the member %v of %s", m, id)
			seen[m.ID] = true
		}
	}
}

// stable checks that a resource that a client wrote is read as it was answered, and
// that writing back what is read changes nothing: not even the version.
func (f *fuzzed) stable(t tester, path string, answer map[string]any) {
	t.Helper()
	_, now := f.send(t, "GET", path, "", 200)
	if answer != nil {
		require.Equal(t, answer, now)
	}
	id := now["id"].(string)
	if u, err := f.rig.dir.User(context.Background(), f.tenant, id); err == nil {
		require.Equal(t, u.Status == scim.StatusActive, now["active"])
		if u.Status == scim.StatusHeld {
			return // it is read as inactive, and that is a deactivation to write (P5.4)
		}
	}
	text, err := json.Marshal(now)
	require.NoError(t, err)
	before := f.dump()
	_, again := f.send(t, "PUT", path, string(text), 200)
	require.Equal(t, now, again)
	if after := f.dump(); !reflect.DeepEqual(before, after) {
		require.Empty(t, diffStates(before, after), "writing back what was read changed something")
	}
}

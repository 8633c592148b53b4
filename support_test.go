package scim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// tester is what the tests of the rules need of a *testing.T or a *rapid.T.
type tester interface {
	require.TestingT
	Helper()
}

const (
	acme   = scim.Tenant("acme")
	globex = scim.Tenant("globex")

	baseURL  = "https://app.example.com/scim/v2"
	ent      = scim.EnterpriseSchema
	product  = scim.ProductSchema
	patchURN = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// The connections of every rig: two of acme, one of globex.
var (
	entra = scim.Connection{ID: "entra", Tenant: acme, Name: "Entra ID"}
	okta  = scim.Connection{ID: "okta", Tenant: acme, Name: "Okta"}
	other = scim.Connection{ID: "other", Tenant: globex, Name: "Another customer"}
)

type (
	obj  = map[string]any
	list = []any
)

// clock is a clock that a test sets.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// terms is what the host decides for a tenant: its seats.
type terms struct {
	mu     sync.Mutex
	limits map[scim.Tenant]scim.Limit
	err    error // what the host answers instead
}

func (x *terms) seats(_ context.Context, t scim.Tenant) (scim.Limit, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.limits[t], x.err
}

// rig is a Directory on an empty memstore with a Handler in front of it, as one
// connection uses it.
type rig struct {
	t       tester
	store   scim.Store
	dir     *scim.Directory
	handler *scim.Handler
	clock   *clock
	terms   *terms
	log     *lockedBuffer
	conn    scim.Connection
}

// lockedBuffer takes the log, also that of background work.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// newRig makes a rig; the options change its configuration.
func newRig(t tester, options ...func(*scim.Config)) *rig {
	t.Helper()
	r := &rig{
		t: t, conn: entra, log: &lockedBuffer{},
		clock: &clock{now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)},
		terms: &terms{limits: make(map[scim.Tenant]scim.Limit)},
	}
	c := scim.Config{
		Store: memstore.New(), Seats: r.terms.seats, Now: r.clock.Now,
		Logger: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	for _, o := range options {
		o(&c)
	}
	r.store = c.Store
	var err error
	r.dir, err = scim.New(c)
	require.NoError(t, err)
	r.handler, err = scim.NewHandler(r.dir, scim.HandlerConfig{BaseURL: baseURL, Verifier: verifier})
	require.NoError(t, err)
	return r
}

// verifier knows the tokens of the connections of every rig.
var verifier = scim.TokenVerifierFunc(func(_ context.Context, token string) (scim.Connection, error) {
	for _, c := range []scim.Connection{entra, okta, other} {
		if token == "token-"+c.ID {
			return c, nil
		}
	}
	return scim.Connection{}, scim.ErrToken
})

// with is a policy for newRig.
func with(p scim.Policy) func(*scim.Config) {
	return func(c *scim.Config) {
		c.Policy = func(context.Context, scim.Tenant) (scim.Policy, error) { return p, nil }
	}
}

// as is the same rig used by another connection.
func (r *rig) as(c scim.Connection) *rig {
	s := *r
	s.conn = c
	return &s
}

// in is the same rig for a sub-test.
func (r *rig) in(t tester) *rig {
	s := *r
	s.t = t
	return &s
}

// setSeats changes the licence of the rig's tenant.
func (r *rig) setSeats(n int) {
	r.terms.mu.Lock()
	defer r.terms.mu.Unlock()
	r.terms.limits[r.conn.Tenant] = scim.Seats(n)
}

// reply is an answer.
type reply struct {
	status int
	header http.Header
	raw    string
	body   obj
}

// at goes down the body by names of members and indexes of elements; nil where
// there is nothing.
func (p reply) at(path ...any) any { return at(p.body, path...) }

func at(v any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			m, _ := v.(obj)
			v = m[step]
		case int:
			l, _ := v.(list)
			if step >= len(l) {
				return nil
			}
			v = l[step]
		}
	}
	return v
}

func (p reply) id() string      { s, _ := p.at("id").(string); return s }
func (p reply) version() string { s, _ := p.at("meta", "version").(string); return s }
func (p reply) detail() string  { s, _ := p.at("detail").(string); return s }

// send performs one request without any check, also outside of the test's
// goroutine. A body is JSON text or what is made JSON of; nil is none.
func (r *rig) send(method, path string, body any) reply {
	return r.sendWith(nil, method, path, body)
}

// untyped is send without a Content-Type.
func (r *rig) untyped(method, path, body string) reply {
	return r.sendWith(http.Header{"Content-Type": nil}, method, path, body)
}

// sendWith is send with headers.
func (r *rig) sendWith(header http.Header, method, path string, body any) reply {
	return r.sendTo(header, method, baseURL+path, body)
}

// sendTo is sendWith to a whole address.
func (r *rig) sendTo(header http.Header, method, address string, body any) reply {
	var text string
	switch b := body.(type) {
	case nil:
	case string:
		text = b
	default:
		j, err := json.Marshal(b)
		if err != nil {
			panic(err)
		}
		text = string(j)
	}
	req := httptest.NewRequest(method, address, strings.NewReader(text))
	req.Header.Set("Authorization", "Bearer token-"+r.conn.ID)
	if text != "" {
		req.Header.Set("Content-Type", "application/scim+json")
	}
	maps.Copy(req.Header, header)
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req)
	p := reply{status: w.Code, header: w.Header(), raw: w.Body.String()}
	if p.raw != "" {
		if err := json.Unmarshal(w.Body.Bytes(), &p.body); err != nil {
			panic("not JSON: " + p.raw)
		}
	}
	return p
}

// do performs one request, a second after the one before.
func (r *rig) do(method, path string, body any) reply {
	r.t.Helper()
	r.clock.advance(time.Second)
	return r.send(method, path, body)
}

// ok performs a request that has to be answered with status.
func (r *rig) ok(status int, method, path string, body any) reply {
	r.t.Helper()
	p := r.do(method, path, body)
	require.Equal(r.t, status, p.status, "%s %s: %s", method, path, p.raw)
	return p
}

// refused performs a request that has to be refused, and checks that nothing at
// all changed by it.
func (r *rig) refused(status int, scimType, method, path string, body any) reply {
	r.t.Helper()
	before := r.dump()
	p := r.ok(status, method, path, body)
	require.Equal(r.t, []any{"urn:ietf:params:scim:api:messages:2.0:Error"}, p.at("schemas"))
	got, _ := p.at("scimType").(string)
	require.Equal(r.t, scimType, got, p.raw)
	require.NotEmpty(r.t, p.detail())
	r.same(before, r.dump())
	return p
}

// create makes a user and returns its id.
func (r *rig) create(user obj) string {
	r.t.Helper()
	return r.ok(201, "POST", "/Users", user).id()
}

// group makes a group and returns its id.
func (r *rig) group(name string, members ...string) string {
	r.t.Helper()
	return r.ok(201, "POST", "/Groups", obj{"displayName": name, "members": refs(members...)}).id()
}

func (r *rig) get(id string) reply { r.t.Helper(); return r.ok(200, "GET", "/Users/"+id, nil) }

// patch changes a user.
func (r *rig) patch(id string, ops ...obj) reply {
	r.t.Helper()
	return r.ok(200, "PATCH", "/Users/"+id, patch(ops...))
}

// patchGroup changes a group.
func (r *rig) patchGroup(id string, ops ...obj) {
	r.t.Helper()
	r.ok(204, "PATCH", "/Groups/"+id, patch(ops...))
}

// find lists the resources that a filter selects.
func (r *rig) find(endpoint, filter string) list {
	r.t.Helper()
	p := r.ok(200, "GET", endpoint+"?filter="+escape(filter), nil)
	resources, _ := p.at("Resources").(list)
	require.EqualValues(r.t, len(resources), p.at("totalResults"), p.raw)
	return resources
}

func escape(s string) string {
	return strings.NewReplacer("%", "%25", " ", "%20", `"`, "%22", "+", "%2B", "&", "%26", "#", "%23").Replace(s)
}

// user is the user as the host has it.
func (r *rig) user(id string) *scim.User {
	r.t.Helper()
	u, err := r.dir.User(context.Background(), r.conn.Tenant, id)
	require.NoError(r.t, err)
	return u
}

// view is the host's view of a user.
func (r *rig) view(id string) scim.View {
	r.t.Helper()
	v, err := r.dir.View(context.Background(), r.conn.Tenant, r.user(id))
	require.NoError(r.t, err)
	return v
}

func (r *rig) status(id string) scim.Status { r.t.Helper(); return r.user(id).Status }

// host makes an account of the platform's own.
func (r *rig) host(name, email string) *scim.User {
	r.t.Helper()
	r.clock.advance(time.Second)
	u, err := r.dir.CreateUser(context.Background(), r.conn.Tenant, scim.NewUser{UserName: name, Email: email})
	require.NoError(r.t, err)
	return u
}

func (r *rig) licence() scim.Licence {
	r.t.Helper()
	l, err := r.dir.Licence(context.Background(), r.conn.Tenant)
	require.NoError(r.t, err)
	return l
}

// record is the tenant's record, oldest first.
func (r *rig) record() []scim.Event {
	r.t.Helper()
	page, err := r.dir.Log(context.Background(), r.conn.Tenant, scim.EventQuery{Limit: 10_000})
	require.NoError(r.t, err)
	return page.Items
}

// last is the youngest event of the record.
func (r *rig) last() *scim.Event {
	r.t.Helper()
	all := r.record()
	require.NotEmpty(r.t, all)
	return &all[len(all)-1]
}

// members are the IDs of a group's members, in the order of the store.
func (r *rig) members(group string) []string {
	r.t.Helper()
	page, err := r.dir.Members(context.Background(), r.conn.Tenant, group, scim.Query{Limit: 10_000})
	require.NoError(r.t, err)
	ids := make([]string, len(page.Items))
	for i, m := range page.Items {
		ids[i] = m.ID
	}
	return ids
}

func (r *rig) folders(root string) []scim.Folder {
	r.t.Helper()
	f, err := r.dir.Folders(context.Background(), r.conn.Tenant, root)
	require.NoError(r.t, err)
	return f
}

// state is everything of a tenant but its record.
type state struct {
	Users   []*scim.User
	Groups  []*scim.Group
	Members map[string][]scim.Member
	Folders []scim.Folder
	Counts  scim.Counts
}

// dump reads the whole of both tenants.
func (r *rig) dump() map[scim.Tenant]state {
	r.t.Helper()
	out := make(map[scim.Tenant]state)
	for _, t := range []scim.Tenant{acme, globex} {
		out[t] = r.dumpOf(t)
	}
	return out
}

func (r *rig) dumpOf(t scim.Tenant) state {
	r.t.Helper()
	ctx, s := context.Background(), state{Members: make(map[string][]scim.Member)}
	for _, status := range []scim.Status{0, scim.StatusArchived} {
		page, err := r.store.Users(ctx, t, scim.Query{Status: status, Limit: 10_000})
		require.NoError(r.t, err)
		s.Users = append(s.Users, page.Items...)
	}
	groups, err := r.store.Groups(ctx, t, scim.Query{Limit: 10_000})
	require.NoError(r.t, err)
	s.Groups = groups.Items
	for _, g := range s.Groups {
		page, err := r.store.Members(ctx, t, g.ID, scim.Query{Limit: 10_000})
		require.NoError(r.t, err)
		s.Members[g.ID] = page.Items
	}
	for _, root := range r.dir.Roots() {
		f, err := r.store.Folders(ctx, t, root)
		require.NoError(r.t, err)
		s.Folders = append(s.Folders, f...)
	}
	s.Counts, err = r.store.Counts(ctx, t)
	require.NoError(r.t, err)
	return s
}

// same compares two dumps.
func (r *rig) same(before, after map[scim.Tenant]state) {
	r.t.Helper()
	if d := cmp.Diff(before, after, cmpopts.IgnoreUnexported(scim.User{})); d != "" {
		r.t.Errorf("something changed (-before +after):\n%s", d)
		r.t.FailNow()
	}
}

// still performs something that has to succeed and change nothing: neither a
// value, nor a version, nor a date.
func (r *rig) still(what func()) {
	r.t.Helper()
	before := r.dump()
	what()
	r.same(before, r.dump())
}

// person is the body of a user of that name with what is put over it.
func person(name string, over ...obj) obj {
	email := name + "@acme.example"
	return merged(append([]obj{{
		"schemas":  list{scim.UserSchema},
		"userName": email,
		"name":     obj{"givenName": strings.ToUpper(name[:1]) + name[1:], "familyName": "Example"},
		"emails":   list{obj{"value": email, "type": "work", "primary": true}},
	}}, over...)...)
}

// merged puts the later objects over the earlier ones; nil takes a member away.
func merged(all ...obj) obj {
	out := obj{}
	for _, o := range all {
		maps.Copy(out, o)
	}
	maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil })
	return out
}

func mail(value string, kind ...string) obj {
	o := obj{"value": value}
	if len(kind) > 0 {
		o["type"] = kind[0]
	}
	return o
}

func patch(ops ...obj) obj {
	return obj{"schemas": list{patchURN}, "Operations": append([]obj{}, ops...)}
}

// set is a replace operation; with path "" it has none.
func set(path string, value any) obj { return op("replace", path, value) }

func op(kind, path string, value any) obj {
	o := obj{"op": kind, "value": value}
	if path != "" {
		o["path"] = path
	}
	return o
}

func remove(path string) obj { return obj{"op": "remove", "path": path} }

// refs are members by value.
func refs(ids ...string) list {
	out := list{}
	for _, id := range ids {
		out = append(out, obj{"value": id})
	}
	return out
}

// kinds are the kinds of events.
func kinds(events []scim.Event) []scim.EventKind {
	var out []scim.EventKind
	for _, e := range events {
		out = append(out, e.Kind)
	}
	return out
}

// each runs a sub-test for every case, in parallel.
func each[C any](t *testing.T, cases map[string]C, f func(t *testing.T, c C)) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, c)
		})
	}
}

// elapse lets time pass in a bubble of synctest, and everyone do what was due.
func elapse(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

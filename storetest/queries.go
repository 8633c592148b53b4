package storetest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim"
)

var queries = []check{
	{name: "queries/users", promise: "A filter and a sort of users are answered exactly as the library's own evaluator answers them, or declined.", run: queryUsers},
	{name: "queries/groups", promise: "A filter and a sort of groups are answered exactly as the library's own evaluator answers them, or declined.", run: queryGroups},
}

// This file compares what the store answers with what Filter.MatchUser,
// Filter.MatchGroup and Sort say of each resource, over directories, filters,
// sorts and pages at random. The directories are made by requests, so that a
// store sees what it will see.

// values are what attributes have: of several cases and scripts, one within the
// other, with what a database's patterns and quotes could trip over.
var values = []string{
	"a", "A", "ab", "aB", "Ab c", "b", "100%", "a_b", `a\b`, `it's "x"`, "Straße", "STRASSE", "strasse", "é", "É", "e\u0301",
	"Σίσυφος", "ΣΊΣΥΦΟΣ", "漢字", "😀", "İ", "ı", "i", "z", "Z", "~", "{}", "0", "10", "9",
}

var days = []string{"2019-04-01", "2019-04-02", "2020-02-29", "2019-04-01T23:00:00Z", "soon"}

// operand is something that a filter can compare.
type operand struct {
	path   string
	values []string
	ops    []string
}

var (
	textOps = []string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"}
	flagOps = []string{"eq", "ne", "pr"}
	timeOps = []string{"eq", "ne", "gt", "ge", "lt", "le", "pr"}
)

const enterprise = scim.EnterpriseSchema + ":"

// hostSchema has an attribute of each type that the product's table has none of.
var hostSchema = schema.Schema{
	ID: host[:len(host)-1], Name: optional.NewString("Host"),
	Attributes: schema.Attributes{
		schema.SimpleCoreAttribute(schema.SimpleNumberParams(schema.NumberParams{Name: "level", Type: schema.AttributeTypeInteger()})),
		schema.SimpleCoreAttribute(schema.SimpleNumberParams(schema.NumberParams{Name: "score", Type: schema.AttributeTypeDecimal()})),
		schema.SimpleCoreAttribute(schema.SimpleDateTimeParams(schema.DateTimeParams{Name: "seen"})),
		schema.SimpleCoreAttribute(schema.SimpleBooleanParams(schema.BooleanParams{Name: "remote"})),
		schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{Name: "badge", CaseExact: true})),
		schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{Name: "tags", MultiValued: true})),
		schema.SimpleCoreAttribute(schema.SimpleNumberParams(schema.NumberParams{Name: "lucky", MultiValued: true, Type: schema.AttributeTypeInteger()})),
	},
}

const host = "urn:example:kit:2.0:User:"

var (
	numbers   = []any{0, -1, 1, 2, 10, 1.5, -0.25, 1e21, -1e9}
	numberOps = []string{"eq", "ne", "gt", "ge", "lt", "le", "pr"}
)

// hostOperands are the attributes of hostSchema.
var hostOperands = []operand{
	{host + "level", nil, numberOps},
	{host + "score", nil, numberOps},
	{host + "seen", times, timeOps},
	{host + "remote", nil, flagOps},
	{host + "badge", values, textOps},
	{host + "tags", values, textOps},
	{host + "lucky", nil, numberOps},
}

// userOperands returns all paths of the attribute table, and what else users can
// be filtered by.
func userOperands() []operand {
	ops := []operand{
		{"id", values, textOps},
		{"externalId", values, textOps},
		{"emails.value", addresses, textOps},
		{"emails", addresses, []string{"pr"}},
		{"emails.type", []string{"work", "HOME", "home"}, textOps},
		{"emails.primary", nil, flagOps},
		{"active", nil, flagOps},
		{"name", nil, []string{"pr"}},
		{"userName", addresses, textOps},
		{enterprise + "hireDate", days, textOps},
		{"meta.created", times, timeOps},
		{"meta.lastModified", times, timeOps},
		{"groups.display", []string{"Group a", "group A", "Group b", "b"}, textOps},
		{"groups", nil, []string{"pr"}},
		{"phoneNumbers.value", values, textOps},
		{"addresses.country", values, textOps},
		{"addresses.region", values, textOps},
		{enterprise + "manager.value", addresses, textOps},
	}
	ops = append(ops, hostOperands...)
	for _, a := range scim.ProductAttributes() {
		known := slices.ContainsFunc(ops, func(o operand) bool { return o.path == a.Path })
		if !known && !strings.ContainsAny(a.Path, "[") && a.Path != enterprise+"manager" {
			ops = append(ops, operand{a.Path, values, textOps})
		}
	}
	return ops
}

var groupOperands = []operand{
	{"displayName", values, textOps},
	{"externalId", values, textOps},
	{"meta.created", times, timeOps},
	{"meta.lastModified", times, timeOps},
	{"members.display", addresses, textOps},
	{"members.type", []string{"User", "group"}, textOps},
	{"members", nil, []string{"pr"}},
}

var (
	addresses = []string{"u0@example.com", "U1@EXAMPLE.com", "u2@example.com", "@example", "home", "u"}
	times     = []string{at(0).Format(time.RFC3339), at(3).Format(time.RFC3339), at(3).Add(time.Millisecond).Format(time.RFC3339Nano), at(9).In(time.FixedZone("", 7200)).Format(time.RFC3339)}
)

// directory is a tenant of its own, filled by requests.
type directory struct {
	p       *probe
	t       *rapid.T
	tenant  scim.Tenant
	dir     *scim.Directory
	handler http.Handler
	clock   int
	ids     []string
	groups  []string
}

var tenants atomic.Int64

func newDirectory(p *probe, t *rapid.T) *directory {
	d := &directory{p: p, t: t, tenant: scim.Tenant(fmt.Sprint("tenant", tenants.Add(1)))}
	var err error
	d.dir, err = scim.New(scim.Config{Store: p.a, Schemas: []schema.Schema{hostSchema}, Now: func() time.Time { return at(d.clock) }})
	require.NoError(t, err)
	handler, err := scim.NewHandler(d.dir, scim.HandlerConfig{
		BaseURL: "http://example.com/scim/v2",
		Verifier: scim.TokenVerifierFunc(func(context.Context, string) (scim.Connection, error) {
			return scim.Connection{ID: "idp", Tenant: d.tenant}, nil
		}),
	})
	require.NoError(t, err)
	d.handler = handler
	return d
}

// close saves what the Directory would save later, when the store may be gone.
func (d *directory) close() { require.NoError(d.t, d.dir.Flush(ctx)) }

// send sends a request and returns the id in the answer.
func (d *directory) send(method, path string, body any) (id string, ok bool) {
	data, err := json.Marshal(body)
	require.NoError(d.t, err)
	r := httptest.NewRequestWithContext(ctx, method, "http://example.com/scim/v2"+path, strings.NewReader(string(data)))
	r.Header.Set("Authorization", "Bearer t")
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	require.Less(d.t, w.Code, 500, "%s %s %s: %s", method, path, data, w.Body)
	var answer struct{ ID string }
	_ = json.Unmarshal(w.Body.Bytes(), &answer)
	return answer.ID, w.Code < 300
}

func (d *directory) maybe(label string) bool { return rapid.Bool().Draw(d.t, label) }

func (d *directory) pick(label string, of []string) string {
	return rapid.SampledFrom(of).Draw(d.t, label)
}

// addUser creates a user with some of all attributes.
func (d *directory) addUser(i int, ops []operand) {
	name := fmt.Sprintf("u%d@example.com", i)
	if d.maybe("capitals") {
		name = strings.ToUpper(name)
	}
	body := map[string]any{"userName": name, "active": d.maybe("active")}
	for _, o := range ops {
		if strings.Contains(o.path, ".") && !strings.HasPrefix(o.path, "urn:") || len(o.ops) < len(textOps) || o.path == "userName" || o.path == "id" || strings.HasPrefix(o.path, host) {
			continue
		}
		if d.maybe(o.path) {
			body[o.path] = d.pick(o.path, o.values)
		}
	}
	body["name"] = map[string]string{"givenName": d.pick("given", values), "familyName": d.pick("family", append(values, ""))}
	emails := []map[string]any{{"value": name, "type": "work", "primary": d.maybe("primary")}}
	if d.maybe("home") {
		emails = append(emails, map[string]any{"value": "home" + name, "type": "home"})
	}
	body["emails"] = emails
	if d.maybe("phone") {
		body["phoneNumbers"] = []map[string]any{{"value": d.pick("phone", values), "type": "mobile"}, {"value": d.pick("fax", values), "type": "fax"}}
	}
	if d.maybe("address") {
		body["addresses"] = []map[string]any{{"type": "work", "country": d.pick("country", values), "region": d.pick("region", values)}}
	}
	if d.maybe("host") {
		body[host[:len(host)-1]] = map[string]any{
			"level": d.number("level").(int), "score": d.number("score"), "seen": d.pick("seen", times), "remote": d.maybe("remote"),
			"badge": d.pick("badge", values), "tags": []string{d.pick("tag", values), d.pick("tag", values)},
			"lucky": []int{d.number("level").(int), d.number("level").(int)},
		}
	}
	if d.maybe("later") {
		d.clock++
	}
	id, ok := d.send("POST", "/Users", body)
	require.True(d.t, ok, "%v", body)
	d.ids = append(d.ids, id)
}

func (d *directory) addGroup(i int) {
	body := map[string]any{"displayName": fmt.Sprint("Group ", d.pick("group", []string{"a", "b", "Straße"}), i)}
	if i < 2 {
		body["displayName"] = values[i*2]
	}
	if d.maybe("external") {
		body["externalId"] = d.pick("external", values)
	}
	members := []map[string]string{}
	for _, id := range slices.Concat(d.ids, d.groups) {
		if d.maybe("member") {
			members = append(members, map[string]string{"value": id})
		}
	}
	body["members"] = members
	if d.maybe("later") {
		d.clock++
	}
	id, ok := d.send("POST", "/Groups", body)
	require.True(d.t, ok, "%v", body)
	d.groups = append(d.groups, id)
}

// filter returns a filter at random.
func (d *directory) filter(ops []operand, depth int) string {
	switch rapid.IntRange(0, 3+min(depth, 2)).Draw(d.t, "shape") {
	case 4:
		return fmt.Sprintf("(%s) %s (%s)", d.filter(ops, depth-1), d.pick("join", []string{"and", "or"}), d.filter(ops, depth-1))
	case 5:
		return fmt.Sprintf("not (%s)", d.filter(ops, depth-1))
	case 3:
		if slices.ContainsFunc(ops, func(o operand) bool { return o.path == "emails.value" }) {
			inner := d.comparison(operand{"value", addresses, textOps}) + d.pick("join", []string{" and ", " or "}) +
				d.comparison(operand{"type", []string{"work", "home"}, textOps})
			return "emails[" + inner + "]"
		}
	}
	return d.comparison(rapid.SampledFrom(ops).Draw(d.t, "operand"))
}

func (d *directory) comparison(o operand) string {
	switch op := d.pick("operator", o.ops); {
	case op == "pr":
		return o.path + " pr"
	case (op == "eq" || op == "ne") && rapid.IntRange(0, 5).Draw(d.t, "null") == 0:
		return fmt.Sprintf("%s %s null", o.path, op)
	case o.values == nil && len(o.ops) == len(numberOps):
		return fmt.Sprintf("%s %s %v", o.path, op, d.number("score"))
	case o.values == nil:
		return fmt.Sprintf("%s %s %t", o.path, op, d.maybe("value"))
	default:
		v := o.values
		if o.path == "id" {
			v = slices.Concat(d.ids, values)
		}
		quoted, err := json.Marshal(d.pick("value", v))
		require.NoError(d.t, err)
		return fmt.Sprintf("%s %s %s", o.path, op, quoted)
	}
}

// number returns a number, or an integer for a level.
func (d *directory) number(label string) any {
	if label == "level" {
		return rapid.IntRange(-2, 12).Draw(d.t, label)
	}
	return rapid.SampledFrom(numbers).Draw(d.t, label)
}

// place is where a resource stands in an order.
type place struct {
	key     string
	created time.Time
	id      string
}

// ordered sorts IDs as the contract says.
func ordered(s *scim.Sort, places []place) []string {
	slices.SortFunc(places, func(a, b place) int {
		c := cmp.Or(a.created.Compare(b.created), cmp.Compare(a.id, b.id))
		if s == nil {
			return c
		}
		if s.Descending() {
			c = -c
		}
		return cmp.Or(s.Compare(a.key, b.key), c)
	})
	var out []string
	for _, p := range places {
		out = append(out, p.id)
	}
	return out
}

// compare goes through all pages of a query and requires that they are want.
func (d *directory) compare(want []string, q scim.Query, what string, list func(scim.Query) (scim.Page[string], error)) {
	whole := q
	q.Limit = rapid.IntRange(0, 5).Draw(d.t, "limit")
	q.NoTotal = d.maybe("no total")
	q.Offset = rapid.IntRange(0, 2).Draw(d.t, "offset")
	want, total := want[min(q.Offset, len(want)):], len(want)
	if _, err := list(q); errors.Is(err, errors.ErrUnsupported) {
		return
	}
	var got []string
	for page := range pages(d.t, q, list) {
		if !q.NoTotal {
			require.Equal(d.t, total, page.Total, "total of %s", what)
		}
		got = append(got, page.Items...)
	}
	require.Empty(d.t, gocmp.Diff(want, got, alike), what)
	whole.Limit = -1
	page, err := list(whole)
	require.NoError(d.t, err, what)
	require.Equal(d.t, total, page.Total, "length of %s", what)
}

func queryUsers(p *probe) {
	ops := userOperands()
	rapid.Check(p, func(t *rapid.T) {
		d := newDirectory(p, t)
		defer d.close()
		for i := range rapid.IntRange(1, 8).Draw(t, "users") {
			d.addUser(i, ops)
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "groups") {
			d.addGroup(i)
		}
		if d.maybe("one leaves") {
			d.send("DELETE", "/Users/"+d.pick("leaver", d.ids), nil)
		}
		for range 5 {
			d.queryUsers(ops)
		}
	})
}

func (d *directory) queryUsers(ops []operand) {
	var q scim.Query
	what := ""
	if d.maybe("filtered") {
		what = d.filter(ops, 3)
		f, err := d.dir.UserFilter(what)
		require.NoError(d.t, err, what)
		q.Filter = f
	}
	if d.maybe("sorted") {
		o := rapid.SampledFrom(ops).Draw(d.t, "by")
		s, err := d.dir.UserSort(o.path, d.maybe("descending"))
		if err == nil {
			q.Sort = s
			what += " sorted by " + o.path
		}
	}
	if d.maybe("of a status") {
		q.Status = scim.Status(rapid.IntRange(1, 4).Draw(d.t, "status"))
		what += " " + q.Status.String()
	}
	everybody, err := d.p.b.Users(ctx, d.tenant, scim.Query{Status: q.Status})
	require.NoError(d.t, err)
	refs, err := d.p.b.GroupsOf(ctx, d.tenant, userIDs(everybody.Items))
	require.NoError(d.t, err)
	var places []place
	for _, u := range everybody.Items {
		if q.Filter.MatchUser(u, func() []scim.GroupRef { return refs[u.ID] }) {
			at := place{created: u.Created, id: u.ID}
			if q.Sort != nil {
				at.key = q.Sort.UserKey(u)
			}
			places = append(places, at)
		}
	}
	d.compare(ordered(q.Sort, places), q, what, func(q scim.Query) (scim.Page[string], error) {
		page, err := d.p.b.Users(ctx, d.tenant, q)
		return scim.Page[string]{Items: userIDs(page.Items), Total: page.Total, Next: page.Next}, err
	})
}

// membership tells a filter of the members of a group.
type membership []scim.Member

func (m membership) Has(id string) bool {
	return slices.ContainsFunc(m, func(x scim.Member) bool { return x.ID == id })
}

func (m membership) Each(f func(scim.Member) bool) {
	for _, x := range m {
		if !f(x) {
			return
		}
	}
}

func queryGroups(p *probe) {
	ops := userOperands()
	rapid.Check(p, func(t *rapid.T) {
		d := newDirectory(p, t)
		defer d.close()
		for i := range rapid.IntRange(1, 3).Draw(t, "users") {
			d.addUser(i, ops[:1])
		}
		for i := range rapid.IntRange(1, 6).Draw(t, "groups") {
			d.addGroup(i)
		}
		of := append([]operand{{"members.value", slices.Concat(d.ids, d.groups), flagOps}, {"id", d.groups, textOps}}, groupOperands...)
		for range 5 {
			d.queryGroups(of)
		}
	})
}

func (d *directory) queryGroups(ops []operand) {
	var q scim.Query
	what := ""
	if d.maybe("filtered") {
		what = d.filter(ops, 3)
		f, err := d.dir.GroupFilter(what)
		require.NoError(d.t, err, what)
		q.Filter = f
	}
	if d.maybe("sorted") {
		o := rapid.SampledFrom(ops).Draw(d.t, "by")
		s, err := d.dir.GroupSort(o.path, d.maybe("descending"))
		if err == nil {
			q.Sort = s
			what += " sorted by " + o.path
		}
	}
	all, err := d.p.b.Groups(ctx, d.tenant, scim.Query{})
	require.NoError(d.t, err)
	var places []place
	for _, g := range all.Items {
		members, err := d.p.b.Members(ctx, d.tenant, g.ID, scim.Query{})
		require.NoError(d.t, err)
		if q.Filter.MatchGroup(g, membership(members.Items)) {
			at := place{created: g.Created, id: g.ID}
			if q.Sort != nil {
				at.key = q.Sort.GroupKey(g)
			}
			places = append(places, at)
		}
	}
	d.compare(ordered(q.Sort, places), q, what, func(q scim.Query) (scim.Page[string], error) {
		page, err := d.p.b.Groups(ctx, d.tenant, q)
		return scim.Page[string]{Items: groupIDs(page.Items), Total: page.Total, Next: page.Next}, err
	})
}

package scim_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

const bulkURN = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"

// bulk sends operations as one Bulk, which is answered 200 whatever becomes of
// them.
func (r *rig) bulk(ops ...any) reply {
	r.t.Helper()
	return r.ok(200, "POST", "/Bulk", obj{"schemas": list{bulkURN}, "Operations": append(list{}, ops...)})
}

// post is an operation that creates.
func post(path, bulkID string, data any) obj {
	return merged(obj{"method": "POST", "path": path, "data": data}, obj{"bulkId": orNil(bulkID)})
}

// operate is an operation on a resource.
func operate(method, path string, data any) obj {
	return merged(obj{"method": method, "path": path, "data": data})
}

func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func crew(name string, members ...any) obj {
	return obj{"displayName": name, "members": append(list{}, members...)}
}

// statuses are those of the operations, in order.
func statuses(p reply) []string {
	var out []string
	ops, _ := p.at("Operations").(list)
	for i := range ops {
		s, _ := p.at("Operations", i, "status").(string)
		out = append(out, s)
	}
	return out
}

// opDetail is what is told of one operation.
func opDetail(p reply, i int) string {
	s, _ := p.at("Operations", i, "response", "detail").(string)
	return s
}

// names are the userNames and displayNames of all live users and groups.
func (r *rig) names() []string {
	r.t.Helper()
	out := []string{}
	s := r.dumpOf(r.conn.Tenant)
	for _, u := range s.Users {
		if u.Status != scim.StatusArchived {
			out = append(out, u.UserName)
		}
	}
	for _, g := range s.Groups {
		out = append(out, g.DisplayName)
	}
	return out
}

// RFC 7644 section 3.7: an operation that cannot be understood fails alone.
func TestBulk_OperationsThatAreNone(t *testing.T) {
	t.Parallel()
	ann := person("x")
	each(t, map[string]struct {
		op     any
		status string
		kind   any
		detail string
	}{
		"no object":           {"POST /Users", "400", "invalidSyntax", "method"},
		"empty":               {obj{}, "400", "invalidSyntax", "method"},
		"no method":           {obj{"path": "/Users", "data": ann}, "400", "invalidSyntax", "method"},
		"GET":                 {operate("GET", "/Users/{ann}", nil), "400", "invalidSyntax", `method is "GET"`},
		"a long method":       {operate(strings.Repeat("É", 500), "/Users", nil), "400", "invalidSyntax", "method"},
		"a method of no text": {obj{"method": 1, "path": "/Users", "data": ann}, "400", "invalidSyntax", "method"},
		"no path":             {obj{"method": "POST", "bulkId": "x", "data": ann}, "400", "invalidValue", "path"},
		"a path of no text":   {obj{"method": "POST", "path": list{"/Users"}, "data": ann}, "400", "invalidSyntax", "path"},
		"a bulkId of no text": {obj{"method": "POST", "path": "/Users", "bulkId": 7, "data": ann}, "400", "invalidSyntax", "bulkId"},
		"a version of none":   {obj{"method": "DELETE", "path": "/Users/{ann}", "version": true}, "400", "invalidSyntax", "version"},
		"/Schemas":            {post("/Schemas", "x", ann), "400", "invalidValue", "path"},
		"/Nonsense":           {post("/Nonsense", "x", ann), "400", "invalidValue", "path"},
		"/Bulk":               {post("/Bulk", "x", obj{"Operations": list{}}), "400", "invalidValue", "path"},
		"/Me":                 {operate("PATCH", "/Me", patch()), "400", "invalidValue", "path"},
		"/":                   {post("/", "x", ann), "400", "invalidValue", "path"},
		"another case":        {post("/users", "x", ann), "400", "invalidValue", "path"},
		"another service":     {operate("DELETE", "https://evil.example/scim/v2/Users/{ann}", nil), "400", "invalidValue", "path"},
		"another scheme":      {operate("DELETE", "http://app.example.com/scim/v2/Users/{ann}", nil), "400", "invalidValue", "path"},
		"upwards":             {operate("DELETE", "/Users/../Users/{ann}", nil), "400", "invalidValue", "path"},
		"upwards first":       {post("../Users", "x", ann), "400", "invalidValue", "path"},
		"upwards escaped":     {operate("DELETE", "/Groups/%2e%2e%2fUsers%2f{ann}", nil), "404", nil, "no such resource"},
		"a bad escape":        {operate("DELETE", "/Users/%zz{ann}", nil), "400", "invalidValue", "decoded"},
		"too deep":            {operate("DELETE", "/Users/{ann}/emails", nil), "400", "invalidValue", "path"},
		"a search":            {operate("PUT", "/Users/.search", ann), "404", nil, "no such resource"},
		"POST with an id":     {post("/Users/{ann}", "x", ann), "400", "invalidValue", "without an id"},
		"PUT without one":     {operate("PUT", "/Users", ann), "400", "invalidValue", "must name a resource"},
		"DELETE of all":       {operate("DELETE", "/Users/", nil), "400", "invalidValue", "must name a resource"},
		"a user of a group":   {operate("DELETE", "/Groups/{ann}", nil), "404", nil, "no such resource"},
		"no data":             {post("/Users", "x", nil), "400", "invalidSyntax", "no data"},
		"no data of a PATCH":  {operate("PATCH", "/Users/{ann}", nil), "400", "invalidSyntax", "no data"},
		"null":                {`{"method":"POST","path":"/Users","bulkId":"x","data":null}`, "400", "invalidSyntax", "must be a JSON object"},
		"text":                {post("/Users", "x", "ann@acme.example"), "400", "invalidSyntax", "must be a JSON object"},
		"a list":              {post("/Groups", "x", list{crew("x")}), "400", "invalidSyntax", "must be a JSON object"},
		"a number":            {operate("PUT", "/Users/{ann}", 7), "400", "invalidSyntax", "must be a JSON object"},
		"a PATCH of text":     {operate("PATCH", "/Users/{ann}", "x"), "400", "invalidSyntax", ""},
		"a PATCH of a user":   {operate("PATCH", "/Users/{ann}", ann), "400", "invalidSyntax", "Operations"},
		"an unknown bulkId":   {operate("PATCH", "/Users/bulkId:nobody", patch(set("title", "x"))), "400", "invalidValue", "bulkId:nobody"},
		"one in a filter":     {operate("PATCH", "/Users/{ann}", patch(remove(`emails[value eq "bulkId:nobody"]`))), "400", "invalidValue", "bulkId:nobody"},
		"one in a name":       {operate("PATCH", "/Users/{ann}", patch(set("", obj{`emails[value eq "bulkId:nobody"].type`: "work"}))), "400", "invalidValue", "bulkId:nobody"},
		"a bulkId of nothing": {operate("PATCH", "/Users/bulkId:", patch(set("title", "x"))), "400", "invalidValue", "bulkId:"},
		"a bulkId of itself":  {obj{"method": "PUT", "path": "/Users/bulkId:x", "bulkId": "x", "data": ann}, "400", "invalidValue", "bulkId:x"},
	}, func(t *testing.T, c struct {
		op     any
		status string
		kind   any
		detail string
	},
	) {
		r := newRig(t)
		id := r.create(person("ann"))
		before := r.dump()
		op := c.op
		if o, ok := op.(obj); ok && o["path"] != nil {
			if path, ok := o["path"].(string); ok {
				op = merged(o, obj{"path": strings.ReplaceAll(path, "{ann}", id)})
			}
		}
		if text, ok := op.(string); ok && strings.HasPrefix(text, "{") {
			op = jsonText(text)
		}
		p := r.bulk(op)
		require.Equal(t, []string{c.status}, statuses(p), p.raw)
		require.Equal(t, []any{"urn:ietf:params:scim:api:messages:2.0:Error"}, p.at("Operations", 0, "response", "schemas"))
		require.Equal(t, c.status, p.at("Operations", 0, "response", "status"))
		require.Equal(t, c.kind, p.at("Operations", 0, "response", "scimType"), p.raw)
		require.Contains(t, opDetail(p, 0), c.detail)
		require.LessOrEqual(t, len(p.raw), 700)
		r.same(before, r.dump())
		require.Equal(t, scim.RequestRefused, r.last().Kind)
		location, _ := p.at("Operations", 0, "location").(string)
		require.NotContains(t, location+r.last().UserID, "bulkId", "of what is not there")

		// Between others it changes nothing of theirs.
		p = r.bulk(post("/Users", "one", person("one")), op, post("/Groups", "two", crew("two", "bulkId:one")))
		require.Equal(t, []string{"201", c.status, "201"}, statuses(p), p.raw)
	})
}

// jsonText goes into a body as it is.
type jsonText string

func (t jsonText) MarshalJSON() ([]byte, error) { return []byte(t), nil }

// The forms of an operation that are understood although RFC 7644 has others.
func TestBulk_Tolerance(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create(person("ann"))
	p := r.bulk(
		post("Users", "", person("one")),                                 // no bulkId, no slash
		obj{"METHOD": "post", "Path": "//Users/", "DATA": person("two")}, // any case, doubled slashes
		post(baseURL+"/Users?attributes=id", "x", person("three")),       // the whole address
		operate("PATCH", "/Users/"+id, list{set("title", "Chief")}),      // erratum 5050: a bare list
		operate("PATCH", baseURL+"/Users/%62ulkId%3Ax", patch(set("title", "Head"))),
		merged(operate("DELETE", "/Users/bulkId:x", obj{"anything": "bulkId:nobody"}), obj{"bulkId": nil}),
		obj{"method": "DELETE", "path": "/Users/" + id, "bulkId": "x", "data": nil, "version": ""}, // bulkIds of others than POST name nothing
	)
	require.Equal(t, []string{"201", "201", "201", "200", "200", "204", "204"}, statuses(p), p.raw)
	require.Equal(t, []string{"one@acme.example", "two@acme.example"}, r.names())
	require.Equal(t, "POST", p.at("Operations", 1, "method"))
	require.Equal(t, baseURL+"/Users/"+id, p.at("Operations", 3, "location"))
	require.Equal(t, p.at("Operations", 2, "location"), p.at("Operations", 5, "location"))
}

// Of two operations with one bulkId the first has it.
func TestBulk_BulkIDTwice(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.bulk(post("/Users", "x", person("ann")), post("/Groups", "x", crew("Crew")), post("/Groups", "y", crew("Staff", "bulkId:x")))
	require.Equal(t, []string{"201", "400", "201"}, statuses(p), p.raw)
	require.Contains(t, opDetail(p, 1), `"x" is given to two operations`)
	require.Equal(t, []string{"ann@acme.example", "Staff"}, r.names())
}

// RFC 7644 section 3.7.1 and 3.7.3: failOnErrors.
func TestBulk_FailOnErrors(t *testing.T) {
	t.Parallel()
	bad, good := post("/Users", "", obj{"title": "x"}), func(name string) obj { return post("/Users", "", person(name)) }
	ops := list{good("a"), bad, good("b"), bad, good("c"), bad, good("d")}
	for value, want := range map[any]string{
		nil:       "201 400 201 400 201 400 201",
		0:         "201 400 201 400 201 400 201",
		1:         "201 400",
		2:         "201 400 201 400",
		3:         "201 400 201 400 201 400",
		4:         "201 400 201 400 201 400 201",
		1_000_000: "201 400 201 400 201 400 201",
	} {
		t.Run(fmt.Sprint(value), func(t *testing.T) {
			r := newRig(t)
			p := r.ok(200, "POST", "/Bulk", obj{"failOnErrors": value, "Operations": ops})
			require.Equal(t, want, strings.Join(statuses(p), " "))
			require.Len(t, r.names(), strings.Count(want, "201"), "what is not answered is not done")
		})
	}
	r := newRig(t)
	for _, value := range []string{"-1", "1.5", "1e2", "99999999999999999999", `"1"`, `""`, "true", "[1]", "{}"} {
		p := r.refused(400, "invalidValue", "POST", "/Bulk", obj{"failOnErrors": jsonText(value), "Operations": ops})
		require.Contains(t, p.detail(), "failOnErrors", value)
	}
}

// An operation that waits for one that fails, when no more failures are to be, is
// not begun; one that was begun is answered.
func TestBulk_FailOnErrorsWithReferences(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.ok(200, "POST", "/Bulk", obj{"failOnErrors": 1, "Operations": list{
		post("/Groups", "g", crew("G", "bulkId:ok", "bulkId:bad", "bulkId:late")),
		post("/Users", "ok", person("ann")),
		post("/Users", "bad", obj{}),
		post("/Users", "late", person("late")),
		post("/Users", "later", person("later")),
	}})
	require.Equal(t, []string{"409", "201", "400"}, statuses(p), p.raw)
	require.Equal(t, "g", p.at("Operations", 0, "bulkId"))
	require.Equal(t, []string{"ann@acme.example"}, r.names())
	p = r.ok(200, "POST", "/Bulk", obj{"failOnErrors": 1, "Operations": list{
		post("/Groups", "g", crew("G", "bulkId:h", "bulkId:bad")),
		post("/Groups", "h", crew("H", "bulkId:g")), // made first, without g, and taken back
		post("/Users", "bad", obj{}),
	}})
	require.Equal(t, []string{"409", "409", "400"}, statuses(p), p.raw)
	require.Equal(t, []string{"ann@acme.example"}, r.names())
}

// What a Bulk itself has to be like.
func TestBulk_Requests(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for body, kind := range map[string]string{
		`[]`: "invalidSyntax", `"x"`: "invalidSyntax", `{}`: "invalidSyntax", ``: "invalidSyntax", `{"Operations":{}}`: "invalidSyntax",
		`{"Operations":null}`: "invalidSyntax", `{"Operations":"x"}`: "invalidSyntax", `{"Operations":[`: "invalidSyntax",
	} {
		r.refused(400, kind, "POST", "/Bulk", body)
	}
	require.Equal(t, list{}, r.bulk().at("Operations"))
	for _, method := range []string{"GET", "PUT", "PATCH", "DELETE"} {
		require.Equal(t, "POST", r.refused(405, "", method, "/Bulk", "{}").header.Get("Allow"))
	}
	r.refused(404, "", "POST", "/Bulk/1", obj{"Operations": list{}})
	require.Equal(t, 415, r.sendWith(http.Header{"Content-Type": {"text/plain"}}, "POST", "/Bulk", `{"Operations":[]}`).status)
}

// RFC 7644 section 3.7.4: a Bulk beyond a limit is refused whole.
func TestBulk_Limits(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *scim.Config) { c.Limits = scim.Limits{BulkOperations: 3, Body: 4 << 10} })
	ops := func(n int) list {
		var out list
		for i := range n {
			out = append(out, post("/Users", "", person(fmt.Sprint("user", i))))
		}
		return out
	}
	require.Contains(t, r.refused(413, "", "POST", "/Bulk", obj{"Operations": ops(4)}).detail(), "maxOperations is 3")
	p := r.refused(413, "", "POST", "/Bulk", obj{"Operations": ops(3), "padding": strings.Repeat("x", 4<<10)})
	require.Contains(t, p.detail(), "4096")
	require.Equal(t, []string{"201", "201", "201"}, statuses(r.bulk(ops(3)...)))
}

// RFC 7644 sections 3.7 and 3.14: version is the If-Match of one operation.
func TestBulk_Versions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ann, staff := r.ok(201, "POST", "/Users", person("ann")), r.ok(201, "POST", "/Groups", crew("Staff"))
	user, group := "/Users/"+ann.id(), "/Groups/"+staff.id()
	at := func(version string, op obj) obj { return merged(op, obj{"version": version}) }
	before := r.dump()
	p := r.bulk(
		at(`W/"stale"`, operate("PATCH", user, patch(set("title", "x")))),
		at(`W/"stale"`, operate("PUT", user, person("ann", obj{"title": "x"}))),
		at(`W/"stale"`, operate("DELETE", user, nil)),
		at(`W/"stale"`, operate("PATCH", group, patch(set("externalId", "x")))),
		at(`W/"stale"`, operate("PUT", group, crew("Crew"))),
		at(`W/"stale"`, operate("DELETE", group, nil)),
		at(`*`, operate("DELETE", "/Users/nobody", nil)),
	)
	require.Equal(t, strings.Fields("412 412 412 412 412 412 404"), statuses(p), p.raw)
	r.same(before, r.dump())

	p = r.bulk(
		at(ann.version(), operate("PATCH", user, patch(set("title", "x")))),
		at(ann.version(), operate("PATCH", user, patch(set("title", "y")))), // it has another by now
		at(staff.version(), operate("PATCH", group, patch(op("add", "members", refs(ann.id()))))),
		at(`W/"stale", `+staff.version(), operate("DELETE", group, nil)),
		at(`*`, operate("DELETE", group, nil)),
	)
	require.Equal(t, strings.Fields("200 412 200 412 204"), statuses(p), p.raw)
	require.Equal(t, p.at("Operations", 0, "version"), r.get(ann.id()).version())
	require.Equal(t, "x", r.get(ann.id()).at("title"))

	// The condition of the whole request is nobody's.
	p = r.sendWith(http.Header{"If-Match": {`W/"stale"`}, "If-None-Match": {"*"}}, "POST", "/Bulk", obj{"Operations": list{operate("DELETE", user, nil)}})
	require.Equal(t, []string{"204"}, statuses(p), p.raw)
}

// P1.1: nothing in a Bulk reaches another tenant.
func TestBulk_TenantsAreApart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	zoe, club := r.as(other).create(person("zoe")), r.as(other).group("Club")
	before := r.dumpOf(globex)
	own := r.create(person("ann"))
	p := r.bulk(
		operate("PATCH", "/Users/"+zoe, patch(set("title", "x"))), operate("PUT", "/Users/"+zoe, person("zoe")),
		operate("DELETE", "/Users/"+zoe, nil), operate("PATCH", "/Groups/"+club, patch(set("displayName", "x"))),
		operate("PUT", "/Groups/"+club, crew("x")), operate("DELETE", "/Groups/"+club, nil),
		post("/Groups", "g", crew("Crew", zoe)), operate("DELETE", "/Users/"+own, nil),
		post("/Users", "z", person("zoe")),
	)
	require.Equal(t, strings.Fields("404 404 404 404 404 404 400 204 201"), statuses(p), p.raw)
	require.Equal(t, before, r.dumpOf(globex))
}

// P1.4 and P9.3: one request, as many changes and refusals as there are.
func TestBulk_Record(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.create(person("ann"))
	changed := r.clock.Now()
	activity := func() scim.Activity {
		a, err := r.dir.Activity(context.Background(), acme)
		require.NoError(t, err)
		require.Len(t, a, 1)
		return a[0]
	}
	n := len(r.record())
	p := r.bulk(post("/Users", "x", person("ann")), operate("DELETE", "/Groups/nobody", nil))
	require.Equal(t, []string{"409", "404"}, statuses(p))
	require.Equal(t, r.clock.Now(), activity().LastRequest)
	require.Equal(t, changed, activity().LastChange, "nothing was changed")
	events := r.record()[n:]
	require.Equal(t, []scim.EventKind{scim.RequestRefused, scim.RequestRefused}, kinds(events))
	for i, e := range events {
		require.Equal(t, p.header.Get("X-Request-Id"), e.Request)
		require.Equal(t, entra.ID, e.Connection)
		require.Equal(t, r.clock.Now(), e.Time)
		require.Equal(t, opDetail(p, i), e.Error)
		require.Equal(t, statuses(p)[i], fmt.Sprint(e.Status))
		require.Equal(t, []string{"POST /Users (Bulk)", "DELETE /Groups/nobody (Bulk)"}[i], e.Name)
	}
	require.Equal(t, []string{"", "nobody"}, []string{events[0].GroupID, events[1].GroupID})

	n = len(r.record())
	p = r.bulk(post("/Groups", "g", crew("Crew", "bulkId:b")), post("/Users", "b", person("bob")), operate("PATCH", "/Users/bulkId:b", patch(set("shoeSize", 1))))
	require.Equal(t, []string{"201", "201", "200"}, statuses(p))
	require.Equal(t, r.clock.Now(), activity().LastChange)
	require.Equal(t, []scim.EventKind{scim.UserCreated, scim.GroupCreated, scim.RequestIgnored}, kinds(r.record()[n:]))
	for _, e := range r.record()[n:] {
		require.Equal(t, p.header.Get("X-Request-Id"), e.Request)
	}
}

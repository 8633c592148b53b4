package scim_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// tagged is a resource with a former and a present entity tag.
type tagged struct {
	path     string
	old, now string // the tags as the header has them
	body     map[string]any
}

// tags are two resources of a rig, each of them changed once.
func (r *rig) tags() map[string]tagged {
	r.t.Helper()
	out := make(map[string]tagged)
	for kind, c := range map[string]struct {
		endpoint    string
		first, then obj
		patched     int
	}{
		"user":  {"/Users", person("ann"), person("ann", obj{"title": "Chief"}), 200},
		"group": {"/Groups", obj{"displayName": "Staff"}, obj{"displayName": "Crew"}, 204},
	} {
		made := r.ok(201, "POST", c.endpoint, c.first)
		x := tagged{path: c.endpoint + "/" + made.id(), old: made.header.Get("ETag")}
		x.now = r.ok(200, "PUT", x.path, c.then).header.Get("ETag")
		require.NotEqual(r.t, x.old, x.now)
		x.body = map[string]any{
			"PUT":   merged(c.then, obj{"externalId": "new"}),
			"PATCH": patch(set("externalId", "new")),
		}
		out[kind] = x
	}
	return out
}

// conditionCases are headers, and what they make of a request to a resource
// that exists: whether a write is done, and how a GET is answered.
var conditionCases = map[string]struct {
	match, none []string // OLD and NOW stand for the opaque parts of the tags
	write       bool
	get         int
}{
	"none":                             {nil, nil, true, 200},
	"match: the present one":           {[]string{`W/"NOW"`}, nil, true, 200},
	"match: the former one":            {[]string{`W/"OLD"`}, nil, false, 412},
	"match: strong":                    {[]string{`"NOW"`}, nil, true, 200},
	"match: strong and old":            {[]string{`"OLD"`}, nil, false, 412},
	"match: without quotes":            {[]string{`NOW`}, nil, true, 200},
	"match: weak without quotes":       {[]string{`W/NOW`}, nil, true, 200},
	"match: old without quotes":        {[]string{`OLD`}, nil, false, 412},
	"match: a list":                    {[]string{`W/"OLD", "x,y" ,W/"NOW"`}, nil, true, 200},
	"match: a list without blanks":     {[]string{`"a","b",W/"NOW","c"`}, nil, true, 200},
	"match: a list of others":          {[]string{`W/"OLD","x"`}, nil, false, 412},
	"match: several lines":             {[]string{`W/"OLD"`, `"x"`, `W/"NOW"`}, nil, true, 200},
	"match: several lines of others":   {[]string{`W/"OLD"`, `"x"`}, nil, false, 412},
	"match: any":                       {[]string{`*`}, nil, true, 200},
	"match: any, with blanks":          {[]string{"\t* "}, nil, true, 200},
	"match: an asterisk in quotes":     {[]string{`"*"`}, nil, false, 412},
	"match: a weak asterisk":           {[]string{`W/*`}, nil, false, 412},
	"match: garbage":                   {[]string{`@"\\,,;=`}, nil, false, 412},
	"match: a quote alone":             {[]string{`"`}, nil, false, 412},
	"match: a quote too few":           {[]string{`"NOW`}, nil, false, 412},
	"match: commas alone":              {[]string{`,,`}, nil, false, 412},
	"match: part of the tag":           {[]string{`W/"NO`, `W"`}, nil, false, 412},
	"match: nothing":                   {[]string{``}, nil, true, 200},
	"match: nothing, blank":            {[]string{`  `}, nil, true, 200},
	"match: nothing, twice":            {[]string{``, ``}, nil, true, 200},
	"none: the present one":            {nil, []string{`W/"NOW"`}, false, 304},
	"none: the former one":             {nil, []string{`W/"OLD"`}, true, 200},
	"none: strong":                     {nil, []string{`"NOW"`}, false, 304},
	"none: without quotes":             {nil, []string{`NOW`}, false, 304},
	"none: a list":                     {nil, []string{`W/"OLD", W/"NOW"`}, false, 304},
	"none: several lines":              {nil, []string{`W/"OLD"`, `W/"NOW"`}, false, 304},
	"none: any":                        {nil, []string{`*`}, false, 304},
	"none: garbage":                    {nil, []string{`@"\\,,;=`}, true, 200},
	"none: nothing":                    {nil, []string{``}, true, 200},
	"both: as it is":                   {[]string{`W/"NOW"`}, []string{`W/"OLD"`}, true, 200},
	"both: match fails first":          {[]string{`W/"OLD"`}, []string{`W/"NOW"`}, false, 412},
	"both: the same":                   {[]string{`W/"NOW"`}, []string{`W/"NOW"`}, false, 304},
	"both: any, and not this":          {[]string{`*`}, []string{`W/"NOW"`}, false, 304},
	"both: any, and not the other one": {[]string{`*`}, []string{`W/"OLD"`}, true, 200},
}

func TestConditionalRequests(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE"} {
		for _, kind := range []string{"user", "group"} {
			for name, c := range conditionCases {
				t.Run(method+" "+kind+" "+name, func(t *testing.T) {
					t.Parallel()
					r := newRig(t)
					x := r.tags()[kind]
					opaque := func(tag string) string { return strings.TrimSuffix(strings.TrimPrefix(tag, `W/"`), `"`) }
					header := make(http.Header)
					for name, lines := range map[string][]string{"If-Match": c.match, "If-None-Match": c.none} {
						for _, line := range lines {
							line = strings.NewReplacer("OLD", opaque(x.old), "NOW", opaque(x.now)).Replace(line)
							header.Add(name, line)
						}
					}
					want := c.get
					if method != "GET" && method != "HEAD" {
						want = map[bool]int{false: 412, true: map[string]int{"PUT user": 200, "PUT group": 200, "PATCH user": 200}[method+" "+kind]}[c.write]
						if want == 0 {
							want = 204
						}
					}
					before := r.dump()
					r.clock.advance(time.Second)
					p := r.sendWith(header, method, x.path, x.body[method])
					require.Equal(t, want, p.status, p.raw)
					switch {
					case p.status == 304:
						require.Empty(t, p.raw)
						require.Equal(t, x.now, p.header.Get("ETag"))
						require.NotContains(t, p.header, "Content-Type")
						require.NotContains(t, p.header, "Content-Length")
						require.Equal(t, "no-store", p.header.Get("Cache-Control"))
						require.NotEmpty(t, p.header.Get("X-Request-Id"))
					case p.status == 412:
						require.Equal(t, []any{"urn:ietf:params:scim:api:messages:2.0:Error"}, p.at("schemas"))
						require.Equal(t, "412", p.at("status"))
						require.Contains(t, p.detail(), "version")
						require.NotContains(t, p.header, "Etag")
					case p.status == 200:
						require.Equal(t, p.version(), p.header.Get("ETag"))
					}
					if p.status >= 300 || method == "GET" || method == "HEAD" {
						r.same(before, r.dump())
					} else {
						require.NotEqual(t, before, r.dump())
					}
				})
			}
		}
	}
}

func TestConditionsOnWhatIsNotThere(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	gone := r.create(person("ann"))
	r.ok(204, "DELETE", "/Users/"+gone, nil)
	bodies := map[string]any{"PUT": merged(person("ann"), obj{"displayName": "x"}), "PATCH": patch(set("displayName", "x"))}
	for _, path := range []string{"/Users/nobody", "/Users/" + gone, "/Groups/nobody"} {
		for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE"} {
			for _, name := range []string{"If-Match", "If-None-Match"} {
				for _, tag := range []string{"*", `W/"x"`, "garbage"} {
					p := r.sendWith(http.Header{name: {tag}}, method, path, bodies[method])
					require.Equal(t, 404, p.status, "%s %s %s: %s", method, path, name, tag)
				}
			}
		}
	}
}

func TestConditionsDoNotConcernPost(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for i, h := range []http.Header{{"If-Match": {`W/"x"`}}, {"If-Match": {"*"}}, {"If-None-Match": {"*"}}, {"If-Match": {"garbage"}, "If-None-Match": {"*"}}} {
		name := strconv.Itoa(i)
		p := r.sendWith(h, "POST", "/Users", person("ann"+name))
		require.Equal(t, 201, p.status, p.raw)
		require.Equal(t, 201, r.sendWith(h, "POST", "/Groups", obj{"displayName": name, "members": refs(p.id())}).status)
		require.Equal(t, 200, r.sendWith(h, "POST", "/.search", obj{}).status)
		require.Equal(t, 200, r.sendWith(h, "GET", "/Users", nil).status)
		require.Equal(t, 200, r.sendWith(h, "GET", "/ServiceProviderConfig", nil).status)
	}
}

// TestEntityTags: the header, meta.version, a list, and a search say the same.
func TestEntityTags(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	same := func(p reply) string {
		t.Helper()
		require.Regexp(t, `^W/"[^"]+"$`, p.version())
		require.Equal(t, p.version(), p.header.Get("ETag"))
		return p.version()
	}
	made := r.ok(201, "POST", "/Users", person("ann"))
	first := same(made)
	path := "/Users/" + made.id()
	require.Equal(t, first, same(r.ok(200, "GET", path, nil)))
	second := same(r.ok(200, "PUT", path, person("ann", obj{"title": "x"})))
	third := same(r.ok(200, "PATCH", path, patch(set("title", "y"))))
	require.Len(t, map[string]bool{first: true, second: true, third: true}, 3)
	require.Equal(t, third, r.ok(200, "GET", path+"?attributes=userName", nil).header.Get("ETag"))
	require.Equal(t, third, r.ok(200, "GET", "/Users", nil).at("Resources", 0, "meta", "version"))
	require.Equal(t, third, r.ok(200, "POST", "/.search", obj{}).at("Resources", 0, "meta", "version"))

	made = r.ok(201, "POST", "/Groups", obj{"displayName": "Staff"})
	first = same(made)
	path = "/Groups/" + made.id()
	require.Equal(t, first, same(r.ok(200, "GET", path, nil)))
	second = same(r.ok(200, "PUT", path, obj{"displayName": "Crew"}))
	third = r.ok(204, "PATCH", path, patch(set("displayName", "Gang"))).header.Get("ETag")
	require.Len(t, map[string]bool{first: true, second: true, third: true}, 3)
	require.Equal(t, third, same(r.ok(200, "GET", path, nil)))
	require.Equal(t, third, same(r.ok(200, "PATCH", path+"?attributes=meta", patch())))
	require.Equal(t, third, r.ok(200, "GET", "/Groups", nil).at("Resources", 0, "meta", "version"))
}

// TestNoChangeNoVersion: what changes nothing moves neither the version nor the
// date, with or without a condition (RFC 7644 section 3.14).
func TestNoChangeNoVersion(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ann := r.create(person("ann", obj{"title": "Chief", ent: obj{"department": "Sales"}}))
	staff := r.group("Staff", ann)
	for path, changes := range map[string]map[string][]any{
		"/Users/" + ann: {
			"PATCH": {
				patch(), patch(set("title", "Chief")), patch(set("active", "True")), patch(set("", obj{"title": "Chief"})),
				patch(set("title", "x"), set("title", "Chief")), patch(op("add", "emails", mail("ann@acme.example", "work"))),
				patch(remove("nickName")), patch(set("shoeSize", 3)), patch(set(ent+":department", "Sales")),
			},
			"PUT": {r.get(ann).raw, person("ann", obj{"title": "Chief", ent: obj{"department": "Sales"}, "id": "x", "meta": obj{"version": "x"}})},
		},
		"/Groups/" + staff: {
			"PATCH": {
				patch(), patch(set("displayName", "Staff")), patch(op("add", "members", refs(ann))), patch(op("remove", "members", refs("nobody"))),
				patch(set("members", refs(ann))), patch(op("remove", "members", refs(ann)), op("add", "members", refs(ann))),
				patch(remove(`members[display eq "nobody"]`)), patch(set("shoeSize", 3)),
			},
			"PUT": {r.ok(200, "GET", "/Groups/"+staff, nil).raw, obj{"displayName": "Staff", "members": refs(ann)}},
		},
	} {
		was := r.ok(200, "GET", path, nil)
		for method, bodies := range changes {
			for _, body := range bodies {
				for _, h := range []http.Header{nil, {"If-Match": {was.version()}}, {"If-Match": {"*"}}} {
					r.still(func() {
						r.clock.advance(time.Second)
						p := r.sendWith(h, method, path, body)
						require.Contains(t, []int{200, 204}, p.status, "%s %s %v: %s", method, path, body, p.raw)
						require.Equal(t, was.version(), p.header.Get("ETag"))
						if p.status == 200 {
							require.Equal(t, was.at("meta"), p.at("meta"))
						}
					})
				}
			}
		}
	}
}

// race sends n requests at once, and returns how many were answered how.
func race(n int, send func(i int) reply) map[int]int {
	var mu sync.Mutex
	var wg sync.WaitGroup
	got := make(map[int]int)
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			p := send(i)
			mu.Lock()
			defer mu.Unlock()
			got[p.status]++
		})
	}
	close(start)
	wg.Wait()
	return got
}

// TestOfOneVersionOneWriterWins: of many who write to the version that they
// read, one does, whatever each of them does.
func TestOfOneVersionOneWriterWins(t *testing.T) {
	t.Parallel()
	const n = 50
	bodies := map[string]func(i int) any{
		"PATCH user":  func(i int) any { return patch(set("title", strconv.Itoa(i))) },
		"PUT user":    func(i int) any { return person("ann", obj{"title": strconv.Itoa(i)}) },
		"PATCH group": func(i int) any { return patch(op("add", "members", refs("m"+strconv.Itoa(i)))) },
		"PUT group":   func(i int) any { return obj{"displayName": "Crew " + strconv.Itoa(i)} },
		"filtered group": func(i int) any {
			return patch(remove(`members[display co "0"]`), set("displayName", "Crew "+strconv.Itoa(i)))
		},
		"DELETE user":  func(int) any { return nil },
		"DELETE group": func(int) any { return nil },
	}
	for name, body := range bodies {
		method, kind, _ := strings.Cut(name, " ")
		if method == "filtered" {
			method = "PATCH"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			x := r.tags()[kind]
			for i := range n {
				r.create(person("m"+strconv.Itoa(i), obj{"externalId": "m" + strconv.Itoa(i)}))
			}
			events := len(r.record())
			got := race(n, func(i int) reply {
				return r.sendWith(http.Header{"If-Match": {x.now}}, method, x.path, body(i))
			})
			lost := 412
			if method == "DELETE" {
				lost = 404
				got[404] += got[412] // who came before it was gone
				delete(got, 412)
			}
			won := 200
			if method == "DELETE" || method == "PATCH" && kind == "group" {
				won = 204
			}
			require.Equal(t, map[int]int{won: 1, lost: n - 1}, got)
			changes := 0
			for _, e := range r.record()[events:] {
				if e.Status == 0 {
					changes++
				}
			}
			require.Equal(t, 1, changes)
		})
	}
}

// overtaken is a store in which something happens once somebody has read a user
// or a group.
type overtaken struct {
	scim.Store
	then func()
}

func (s *overtaken) read() {
	if then := s.then; then != nil {
		s.then = nil
		then()
	}
}

func (s *overtaken) User(ctx context.Context, t scim.Tenant, id string) (*scim.User, error) {
	u, err := s.Store.User(ctx, t, id)
	s.read()
	return u, err
}

func (s *overtaken) FindUsers(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.User, error) {
	found, err := s.Store.FindUsers(ctx, t, f)
	s.read()
	return found, err
}

func (s *overtaken) Group(ctx context.Context, t scim.Tenant, id string) (*scim.Group, error) {
	g, err := s.Store.Group(ctx, t, id)
	s.read()
	return g, err
}

// TestOvertaken: a write that is overtaken between the look at the version and
// the write itself is refused if it asked for that version, and else done later.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"PUT", "PATCH", "DELETE"} {
		for _, kind := range []string{"user", "group"} {
			for name, c := range map[string]struct {
				match, none string
				done        bool
			}{
				"any":                 {"*", "", true},
				"not another":         {"", `"x"`, true},
				"the one before":      {"NOW", "", false},
				"that one or another": {`"x", NOW`, "", false},
			} {
				t.Run(method+" "+kind+" "+name, func(t *testing.T) {
					t.Parallel()
					store := &overtaken{Store: memstore.New()}
					r := newRig(t, func(c *scim.Config) { c.Store = store })
					x := r.tags()[kind]
					overtaker := 0
					store.then = func() { overtaker = r.send("PATCH", x.path, patch(set("displayName", "Overtaker"))).status }
					header := http.Header{"If-Match": {strings.ReplaceAll(c.match, "NOW", x.now)}, "If-None-Match": {c.none}}
					p := r.sendWith(header, method, x.path, x.body[method])
					require.Contains(t, []int{200, 204}, overtaker)
					if !c.done {
						require.Equal(t, 412, p.status, p.raw)
						require.Equal(t, "Overtaker", r.ok(200, "GET", x.path, nil).at("displayName"))
						return
					}
					require.Contains(t, []int{200, 204}, p.status, p.raw)
					if method != "DELETE" {
						require.Equal(t, "new", r.ok(200, "GET", x.path, nil).at("externalId"))
					}
				})
			}
		}
	}
}

// TestWithoutAConditionAllLand: who asks for no version loses no race, and
// neither does who asks for any.
func TestWithoutAConditionAllLand(t *testing.T) {
	t.Parallel()
	const n = 50
	for name, header := range map[string]http.Header{"without": nil, "any": {"If-Match": {"*"}}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			tags := r.tags()
			var ids []string
			for i := range n {
				ids = append(ids, r.create(person("m"+strconv.Itoa(i))))
			}
			require.Equal(t, map[int]int{200: n}, race(n, func(i int) reply {
				return r.sendWith(header, "PATCH", tags["user"].path, patch(op("add", "phoneNumbers", mail(strconv.Itoa(i)))))
			}))
			require.Len(t, r.ok(200, "GET", tags["user"].path, nil).at("phoneNumbers"), n)
			require.Equal(t, map[int]int{204: n}, race(n, func(i int) reply {
				return r.sendWith(header, "PATCH", tags["group"].path, patch(op("add", "members", refs(ids[i]))))
			}))
			require.Len(t, r.ok(200, "GET", tags["group"].path, nil).at("members"), n)
			require.Equal(t, map[int]int{200: 10}, race(10, func(i int) reply {
				return r.sendWith(header, "PUT", tags["group"].path, obj{"displayName": "Crew " + strconv.Itoa(i)})
			}))
		})
	}
}

// TestAFilteredPatchDependsOnWhatItSaw: a PATCH that chooses among the members
// there are honours a condition as any other does.
func TestAFilteredPatchDependsOnWhatItSaw(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ann, bob := r.create(person("ann")), r.create(person("bob"))
	made := r.ok(201, "POST", "/Groups", obj{"displayName": "Staff", "members": refs(ann, bob)})
	path := "/Groups/" + made.id()
	removeAnn := patch(remove(`members[display sw "Ann"]`))
	r.patchGroup(made.id(), set("externalId", "x"))
	before := r.dump()
	require.Equal(t, 412, r.sendWith(http.Header{"If-Match": {made.version()}}, "PATCH", path, removeAnn).status)
	r.same(before, r.dump())
	now := r.ok(200, "GET", path, nil)
	require.Equal(t, 412, r.sendWith(http.Header{"If-None-Match": {now.version()}}, "PATCH", path, removeAnn).status)
	r.same(before, r.dump())
	require.Equal(t, 204, r.sendWith(http.Header{"If-Match": {now.version()}}, "PATCH", path, removeAnn).status)
	require.Equal(t, []string{bob}, r.members(made.id()))
}

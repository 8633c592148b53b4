package scim_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// declining is a store that answers no filters and no orders, and returns long
// pages in parts.
type declining struct {
	scim.Store
	most int // resources on a page of which as many as the core likes were asked
	all  int // resources on any page; 0: as many as were asked
}

func (s *declining) asked(q *scim.Query) error {
	if q.Filter != nil || q.Sort != nil {
		return errors.ErrUnsupported
	}
	if q.Limit == 0 || q.Limit >= 1000 {
		q.Limit = s.most
	}
	if s.all > 0 {
		q.Limit = min(q.Limit, s.all)
	}
	return nil
}

func (s *declining) Users(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.User], error) {
	if err := s.asked(&q); err != nil {
		return scim.Page[*scim.User]{}, err
	}
	return s.Store.Users(ctx, t, q)
}

func (s *declining) Groups(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.Group], error) {
	if err := s.asked(&q); err != nil {
		return scim.Page[*scim.Group]{}, err
	}
	return s.Store.Groups(ctx, t, q)
}

// stores are the stores that lists are asked of: whatever one cannot do, the
// core does, and both have to say the same.
var stores = map[string]func() scim.Store{
	"memstore":  func() scim.Store { return memstore.New() },
	"declining": func() scim.Store { return &declining{Store: memstore.New(), most: 3} },
}

func onEachStore(t *testing.T, f func(t *testing.T, r *rig)) {
	for name, store := range stores {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, newRig(t, func(c *scim.Config) { c.Store = store() }))
		})
	}
}

// valueAt is what a resource, as JSON, has at a path: a plain, independent
// reading of what sortBy means.
func valueAt(resource any, path string) string {
	for _, urn := range []string{scim.UserSchema, ent, product} {
		if rest, ok := strings.CutPrefix(path, urn+":"); ok {
			if path = rest; urn != scim.UserSchema {
				resource = at(resource, urn)
			}
		}
	}
	name, kind, chosen := strings.Cut(path, `[type eq "`)
	kind, sub, _ := strings.Cut(kind, `"]`)
	if !chosen {
		name, sub, _ = strings.Cut(path, ".")
	}
	sub = strings.TrimPrefix(sub, ".")
	v := at(resource, name)
	if l, ok := v.(list); ok {
		v = nil
		for _, e := range l {
			if chosen && at(e, "type") == kind {
				v = e
				break
			}
			if !chosen && (v == nil || at(e, "primary") == true) {
				v = e
			}
		}
	}
	if o, ok := v.(obj); ok {
		v = o[cmp.Or(sub, "value")]
	}
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

// inOrder is the order that resources, given in order of creation, have by a path.
func inOrder(resources list, path string, descending bool) list {
	out := slices.Clone(resources)
	key := func(r any) string {
		v := valueAt(r, path)
		if path != "id" && path != "externalId" {
			v = strings.ToLower(v)
		}
		if strings.HasSuffix(path, "hireDate") && v != "" {
			if _, err := time.Parse(time.DateOnly, v[:min(10, len(v))]); err != nil {
				return "9999" + v // what is no day comes after the days
			}
			v = v[:10]
		}
		return v
	}
	slices.SortStableFunc(out, func(a, b any) int {
		x, y := key(a), key(b)
		if (x == "") != (y == "") {
			return cmp.Compare(y, x) // absent last
		}
		return cmp.Compare(x, y)
	})
	if descending {
		slices.Reverse(out)
	}
	return out
}

// idsOf are the ids of resources.
func idsOf(resources list) []string {
	out := make([]string, len(resources))
	for i, r := range resources {
		out[i], _ = at(r, "id").(string)
	}
	return out
}

// listed asks for a list and returns its resources.
func (r *rig) listed(path string) list {
	r.t.Helper()
	p := r.ok(200, "GET", path, nil)
	resources, _ := p.at("Resources").(list)
	return resources
}

// placed puts a value at the path of a row of the attribute table.
func placed(body obj, path string, value string) {
	for _, urn := range []string{ent, product} {
		if rest, ok := strings.CutPrefix(path, urn+":"); ok {
			inner, _ := body[urn].(obj)
			if inner == nil {
				inner = obj{}
				body[urn] = inner
			}
			body, path = inner, rest
		}
	}
	if name, rest, ok := strings.Cut(path, `[type eq "`); ok {
		kind, sub, _ := strings.Cut(rest, `"].`)
		elements, _ := body[name].(list)
		i := slices.IndexFunc(elements, func(e any) bool { return at(e, "type") == kind })
		if i < 0 {
			elements, i = append(elements, obj{"type": kind}), len(elements)
			body[name] = elements
		}
		elements[i].(obj)[sub] = value
		return
	}
	if name, sub, ok := strings.Cut(path, "."); ok {
		inner, _ := body[name].(obj)
		if inner == nil {
			inner = obj{}
			body[name] = inner
		}
		inner[sub] = value
		return
	}
	body[path] = value
}

// population makes users with values at every path of the table, or none there,
// and groups. Values come up several times, and in any case.
func (r *rig) population(users, groups int) {
	r.t.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	values := []string{"b", "B", "a", "A c", "Zoë", "z", "10", "9", ""}
	for i := range users {
		name := string(rune('z'-i%26)) + strconv.Itoa(i)
		body := person(name)
		for _, a := range scim.ProductAttributes() {
			v := values[rnd.IntN(len(values))]
			switch {
			case v == "" || a.Name == "userName" || a.Name == "email":
				continue
			case a.Name == "active":
				v = []string{"true", "false"}[rnd.IntN(2)]
			case a.Name == "hireDate":
				v = []string{"2024-01-31", "2023-12-01", "2024-01-30T23:00:00Z", "soon", "later"}[rnd.IntN(5)]
			}
			placed(body, a.Path, v)
		}
		r.create(body)
	}
	for i := range groups {
		body := obj{"displayName": string(rune('A'+(i*7)%26)) + strconv.Itoa(i)}
		if i%3 > 0 {
			body["externalId"] = values[i%len(values)]
		}
		r.ok(201, "POST", "/Groups", body)
	}
	// The order of changes is another one than that of creation.
	all := r.listed("/Users?count=900")
	for i := range all {
		if i%2 > 0 {
			u := all[len(all)-1-i]
			r.patch(at(u, "id").(string), set("locale", "changed"))
		}
	}
}

func TestSortByEveryAttribute(t *testing.T) {
	t.Parallel()
	paths := []string{"id", "meta.created", "meta.lastModified", "meta.resourceType", "emails", "emails.value", "phoneNumbers.type", ent + ":manager.value", scim.UserSchema + ":title"}
	for _, a := range scim.ProductAttributes() {
		paths = append(paths, a.Path)
	}
	onEachStore(t, func(t *testing.T, r *rig) {
		r.population(14, 0)
		all := r.listed("/Users?count=900")
		require.Len(t, all, 14)
		differ := make(map[string]bool)
		for _, path := range paths {
			for _, order := range []string{"", "ascending", "descending", "Ascending", "DESCENDING"} {
				descending := strings.EqualFold(order, "descending")
				want := idsOf(inOrder(all, path, descending))
				query := "/Users?sortBy=" + escape(path) + "&sortOrder=" + order
				require.Equal(t, want, idsOf(r.listed(query)), query)
				differ[strings.Join(want, "")] = true
				var pages []string
				for start := 1; start <= 14; start += 5 {
					p := r.ok(200, "GET", query+"&count=5&startIndex="+strconv.Itoa(start), nil)
					require.EqualValues(t, 14, p.at("totalResults"))
					pages = append(pages, idsOf(p.at("Resources").(list))...)
				}
				require.Equal(t, want, pages, query)
			}
		}
		require.Greater(t, len(differ), 40, "the values are too much alike")
	})
}

func TestSortGroups(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, r *rig) {
		r.population(0, 9)
		all := r.listed("/Groups")
		for _, path := range []string{"displayName", "externalId", "id", "meta.created", "meta.lastModified"} {
			for _, order := range []string{"ascending", "descending"} {
				want := idsOf(inOrder(all, path, order == "descending"))
				require.Equal(t, want, idsOf(r.listed("/Groups?sortBy="+path+"&sortOrder="+order)), path)
			}
		}
		// What only users have, no group has: the order is that of creation.
		require.Equal(t, idsOf(all), idsOf(r.listed("/Groups?sortBy=userName")))
		require.Equal(t, idsOf(inOrder(all, "externalId", false)), idsOf(r.listed("/Groups?sortBy="+scim.GroupSchema+":externalId")))
	})
}

func TestSortRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, endpoint := range []string{"/Users", "/Groups", "/"} {
		for _, query := range []string{
			"sortBy=title&sortOrder=up", "sortBy=title&sortOrder=asc", "sortOrder=random", "sortBy=nothing", "sortBy=name", "sortBy=meta",
			"sortBy=members", "sortBy=groups.value", "sortBy=meta.version", "sortBy=schemas", "sortBy=password", "sortBy=title.value",
			"sortBy=" + escape(`emails[type eq "home"].value`), "sortBy=" + escape(`emails[`), "sortBy=" + escape("urn:x:y:title"), "sortBy=%20,",
		} {
			p := r.refused(400, "invalidValue", "GET", endpoint+"?"+query, nil)
			require.Regexp(t, "sortBy|sortOrder", p.detail())
		}
	}
}

// TestSearchIsGet: a search answers as the GET with the same parameters.
func TestSearchIsGet(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, r *rig) {
		r.population(7, 5)
		for _, endpoint := range []string{"/Users", "/Groups", "/"} {
			for _, c := range []struct {
				query string
				body  obj
			}{
				{"", obj{}},
				{"", obj{"schemas": list{"urn:ietf:params:scim:api:messages:2.0:SearchRequest"}, "anything": obj{"else": 1}}},
				{"count=3", obj{"count": 3}},
				{"count=3&startIndex=5", obj{"count": "3", "startIndex": 5}},
				{"count=0", obj{"count": 0}},
				{"count=-4&startIndex=-4", obj{"count": -4, "startIndex": -4}},
				{"startIndex=100", obj{"startIndex": 100}},
				{"filter=" + escape(`externalId pr`), obj{"filter": "externalId pr"}},
				{"FILTER=" + escape(`displayName co "a"`) + "&sortby=displayName", obj{"Filter": `displayName co "a"`, "sortBy": "displayName"}},
				{"sortBy=displayName&sortOrder=Descending", obj{"sortBy": "displayName", "SORTORDER": "descending"}},
				{"attributes=displayName,meta.created", obj{"attributes": list{"displayName", "meta.created"}}},
				{"attributes=displayName,meta.created", obj{"attributes": "displayName, meta.created"}},
				{"excludedAttributes=meta,name.givenName", obj{"excludedAttributes": list{"meta", "name.givenName"}}},
				{"attributes=displayName&excludedAttributes=displayName", obj{"attributes": list{"displayName"}, "excludedAttributes": list{"displayName"}}},
				{"", obj{"attributes": list{}, "filter": nil, "count": nil, "cursor": nil, "sortBy": "", "excludedAttributes": nil, "startIndex": nil, "sortOrder": nil}},
				{"sortBy=id&count=4&startIndex=2&attributes=id", obj{"sortBy": "id", "count": 4, "startIndex": 2, "attributes": "id"}},
			} {
				want := r.ok(200, "GET", endpoint+"?"+c.query, nil)
				got := r.ok(200, "POST", strings.TrimSuffix(endpoint, "/")+"/.search", c.body)
				require.Equal(t, want.raw, got.raw, "%s %s %v", endpoint, c.query, c.body)
				require.Equal(t, want.header.Get("Content-Type"), got.header.Get("Content-Type"))
			}
		}
		// The query string of a search is not asked.
		require.EqualValues(t, 7, r.ok(200, "POST", "/Users/.search?count=1&filter=garbage", obj{}).at("itemsPerPage"))
	})
}

func TestSearchRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, endpoint := range []string{"/Users/.search", "/Groups/.search", "/.search"} {
		for _, name := range []string{"filter", "sortBy", "sortOrder", "startIndex", "count", "cursor", "attributes", "excludedAttributes"} {
			wrong := []any{true, false, obj{}, obj{"value": "x"}, list{1}, list{list{"x"}}, list{nil}}
			switch name {
			case "attributes", "excludedAttributes":
				wrong = append(wrong, 1)
			case "count", "startIndex":
				wrong = append(wrong, "many", 1.5, list{"1"}, "1e2")
			default:
				wrong = append(wrong, 1, list{"x"})
			}
			for _, v := range wrong {
				p := r.refused(400, "invalidValue", "POST", endpoint, obj{name: v})
				require.Contains(t, p.detail(), name, "%v", v)
			}
		}
		for _, body := range []string{`[]`, `"x"`, `5`, `null`, `{`, ``, `{"filter":"userName pr"} x`} {
			r.refused(400, "invalidSyntax", "POST", endpoint, body)
		}
		r.refused(400, "invalidFilter", "POST", endpoint, obj{"filter": `userName eq`})
		for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"} {
			p := r.do(method, endpoint, nil)
			require.Equal(t, 405, p.status)
			require.Equal(t, "POST", p.header.Get("Allow"))
		}
	}
	for _, path := range []string{"/.search/x", "/Users/.search/x", "/Schemas/.search", "/.Search", "/Me/.search"} {
		require.Contains(t, []int{404, 405, 501}, r.do("POST", path, obj{}).status, path)
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
		p := r.do(method, "/", obj{})
		require.Equal(t, 405, p.status)
		require.Equal(t, "GET, HEAD", p.header.Get("Allow"))
	}
}

// TestRootLists: a query at the root goes over users and groups (RFC 7644
// section 3.4.2.1).
func TestRootLists(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, r *rig) {
		r.population(5, 4)
		users, groups := r.listed("/Users"), r.listed("/Groups")
		all := append(slices.Clone(users), groups...)
		require.Len(t, all, 9)
		for start := 1; start <= 11; start++ {
			for count := 0; count <= 10; count++ {
				for _, order := range []string{"", "&sortBy=displayName", "&sortBy=displayName&sortOrder=descending", "&sortBy=userName", "&sortBy=meta.created&sortOrder=descending", "&sortBy=meta.resourceType"} {
					want := all
					if path, order, ok := strings.Cut(strings.TrimPrefix(order, "&sortBy="), "&"); path != "" {
						want = inOrder(all, path, ok && strings.HasSuffix(order, "descending"))
					}
					p := r.ok(200, "GET", fmt.Sprintf("/?startIndex=%d&count=%d%s", start, count, order), nil)
					require.EqualValues(t, 9, p.at("totalResults"))
					require.EqualValues(t, start, p.at("startIndex"))
					part := want[min(start-1, 9):]
					part = part[:min(count, len(part))]
					require.EqualValues(t, len(part), p.at("itemsPerPage"))
					require.Equal(t, idsOf(part), idsOf(p.at("Resources").(list)), "%d %d %s", start, count, order)
					require.NotContains(t, p.body, "nextCursor")
				}
			}
		}
		for filter, want := range map[string]list{
			`meta.resourceType eq "User"`:                       users,
			`meta.resourceType eq "Group"`:                      groups,
			`meta.resourceType eq "Robot"`:                      {},
			`meta.resourceType ne "User"`:                       groups,
			`meta.resourceType eq "User" or displayName pr`:     nil,
			`userName pr`:                                       users,
			`not (userName pr)`:                                 groups,
			`members.value pr`:                                  {},
			`not (members pr)`:                                  all,
			`userName eq "z0@acme.example"`:                     users[:1],
			`displayName eq "A0"`:                               groups[:1],
			`id eq "` + idsOf(groups)[1] + `"`:                  groups[1:2],
			`id eq "` + idsOf(users)[4] + `" or userName eq ""`: nil,
			`active eq true or active eq false`:                 users,
			`displayName gt "0" and meta.created gt "2020-01-01T00:00:00Z" and meta.resourceType eq "Group"`: groups,
		} {
			if want == nil {
				u, g := r.listed("/Users?filter="+escape(filter)), r.listed("/Groups?filter="+escape(filter))
				want = append(slices.Clone(u), g...)
			}
			p := r.ok(200, "GET", "/?filter="+escape(filter), nil)
			require.Equal(t, idsOf(want), idsOf(p.at("Resources").(list)), filter)
			require.EqualValues(t, len(want), p.at("totalResults"), filter)
			for _, resource := range p.at("Resources").(list) {
				require.Equal(t, at(r.ok(200, "GET", strings.TrimPrefix(at(resource, "meta", "location").(string), baseURL), nil).body), resource)
			}
		}
		r.refused(400, "invalidFilter", "GET", "/?filter="+escape(`shoeSize eq 3`), nil)
		for _, resource := range r.listed("/?attributes=displayName,userName") {
			require.Subset(t, []string{"schemas", "id", "displayName", "userName"}, names(resource))
			require.True(t, at(resource, "displayName") != nil || at(resource, "userName") != nil)
		}
		require.Equal(t, r.ok(200, "GET", "/?sortBy=displayName", nil).raw, r.ok(200, "POST", "/.search", obj{"sortBy": "displayName"}).raw)
		require.Empty(t, r.as(other).listed("/"))
	})
}

func names(v any) []string {
	var out []string
	for k := range v.(obj) {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// TestHeadOfLists: HEAD answers as GET does, without a body.
func TestHeadOfLists(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ann := r.create(person("ann"))
	staff := r.group("Staff", ann)
	server := httptest.NewServer(r.handler)
	t.Cleanup(server.Close)
	ask := func(method, path string) (*http.Response, string) {
		req, err := http.NewRequest(method, server.URL+"/scim/v2"+path, nil)
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer token-entra")
		res, err := server.Client().Do(req)
		require.NoError(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		return res, string(body)
	}
	for _, path := range []string{
		"/Users", "/Groups", "/", "/?cursor", "/Users?cursor=&count=1", "/Users?sortBy=title", "/Users/" + ann, "/Groups/" + staff,
		"/Users?filter=garbage%20", "/Users?cursor=x", "/Users/nobody", "/Schemas", "/ServiceProviderConfig",
	} {
		get, body := ask("GET", path)
		head, none := ask("HEAD", path)
		require.Empty(t, none)
		require.NotEmpty(t, body)
		require.Equal(t, get.StatusCode, head.StatusCode)
		for _, name := range []string{"Content-Type", "Content-Length", "Etag", "Location", "Cache-Control"} {
			require.Equal(t, get.Header.Get(name), head.Header.Get(name), "%s %s", path, name)
		}
	}
}

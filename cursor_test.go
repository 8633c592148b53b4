package scim_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// handled is the rig with another Handler in front of the same directory.
func (r *rig) handled(c scim.HandlerConfig) *rig {
	r.t.Helper()
	s := *r
	c.BaseURL, c.Verifier = baseURL, verifier
	var err error
	s.handler, err = scim.NewHandler(r.dir, c)
	require.NoError(r.t, err)
	return &s
}

// pageAsked is a list by cursor as a client asks for it, by GET or by a search.
type pageAsked struct {
	endpoint, filter, sortBy, sortOrder string
	count                               int
	search                              bool
}

func (a pageAsked) ask(r *rig, cursor string) reply {
	if a.search {
		body := obj{"cursor": cursor, "filter": a.filter, "sortBy": a.sortBy, "sortOrder": a.sortOrder}
		if a.count > 0 {
			body["count"] = a.count
		}
		return r.send("POST", strings.TrimSuffix(a.endpoint, "/")+"/.search", body)
	}
	q := "?cursor=" + cursor + "&filter=" + escape(a.filter) + "&sortBy=" + a.sortBy + "&sortOrder=" + a.sortOrder
	if a.count > 0 {
		q += fmt.Sprintf("&count=%d", a.count)
	}
	return r.send("GET", a.endpoint+q, nil)
}

var unreserved = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)

// walk goes through all pages, and does something between them.
func (a pageAsked) walk(r *rig, between func()) (pages [][]string) {
	r.t.Helper()
	cursor, total := "", any(nil)
	for {
		p := a.ask(r, cursor)
		require.Equal(r.t, 200, p.status, p.raw)
		resources, _ := p.at("Resources").(list)
		require.EqualValues(r.t, len(resources), p.at("itemsPerPage"))
		require.LessOrEqual(r.t, len(resources), a.count)
		require.NotContains(r.t, p.body, "startIndex")
		if cursor == "" {
			total = p.at("totalResults")
		}
		require.Equal(r.t, total, p.at("totalResults"))
		pages = append(pages, idsOf(resources))
		next, more := p.body["nextCursor"].(string)
		if !more {
			return pages
		}
		require.Regexp(r.t, unreserved, next)
		require.NotEqual(r.t, cursor, next)
		require.Less(r.t, len(pages), 200, "the pages have no end")
		cursor = next
		between()
	}
}

// crowd is a directory in which some resources stay as they are while others
// come, change and go.
type crowd struct {
	*rig
	rt       *rapid.T
	made     int
	passing  []string // paths of resources that do not stay
	mayStill int      // how many more may come
}

func (c *crowd) pick(label string, from ...string) string {
	return rapid.SampledFrom(from).Draw(c.rt, label)
}

// shape draws the attributes that lists are filtered and sorted by.
func (c *crowd) shape() obj {
	return obj{"displayName": c.pick("displayName", "a", "A", "b", "Zoë", "zz"), "externalId": c.pick("externalId", "shared", "x", "X", "")}
}

// arrive makes a resource; half of them in the same millisecond as the one before.
func (c *crowd) arrive(stays bool) {
	if rapid.Bool().Draw(c.rt, "later") {
		c.clock.advance(time.Second)
	}
	c.made++
	name := fmt.Sprintf("%s%d", c.pick("name", "s", "t"), c.made)
	path, body := "/Users", person(name, c.shape(), obj{"title": c.pick("title", "", "Chief", "chief", "Vice")})
	if rapid.Bool().Draw(c.rt, "group") {
		path, body = "/Groups", obj{"displayName": name, "externalId": body["externalId"]}
	}
	p := c.send("POST", path, body)
	require.Equal(c.t, 201, p.status, p.raw)
	if !stays {
		c.passing = append(c.passing, path+"/"+p.id())
	}
}

// pass lets a few others come, change, or go.
func (c *crowd) pass() {
	for range rapid.IntRange(0, 2).Draw(c.rt, "others") {
		c.clock.advance(time.Millisecond)
		what := rapid.IntRange(0, 2).Draw(c.rt, "other")
		if what == 0 && c.mayStill > 0 {
			c.mayStill--
			c.arrive(false)
		}
		if what == 0 || len(c.passing) == 0 {
			continue
		}
		i := rapid.IntRange(0, len(c.passing)-1).Draw(c.rt, "which")
		if what == 1 {
			over := c.shape()
			if strings.HasPrefix(c.passing[i], "/Groups") {
				delete(over, "displayName")
			}
			require.Contains(c.t, []int{200, 204}, c.send("PATCH", c.passing[i], patch(set("", over))).status)
			continue
		}
		require.Equal(c.t, 204, c.send("DELETE", c.passing[i], nil).status)
		c.passing = slices.Delete(c.passing, i, i+1)
	}
}

var crowdFilters = []string{
	"", "title pr", `externalId eq "shared"`, `externalId eq "shared" and displayName pr`, `not (externalId eq "x")`,
	`displayName co "s" or title co "c"`, `meta.resourceType eq "User"`, `meta.resourceType eq "Group"`, `userName sw "s"`,
	`externalId eq "shared" or externalId eq "x"`, `meta.resourceType eq "Group" or externalId eq "shared"`,
}

// TestCursorsWalkThroughAll: by cursor, every resource that there is all the time
// comes once and in its place, whatever happens to others meanwhile.
func TestCursorsWalkThroughAll(t *testing.T) {
	t.Parallel()
	kinds := map[string]func() scim.Store{"short": func() scim.Store { return &declining{Store: memstore.New(), most: 2, all: 2} }}
	for name, store := range stores {
		kinds[name] = store
	}
	for name, store := range kinds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				c := &crowd{rig: newRig(rt, func(c *scim.Config) { c.Store = store() }), rt: rt, mayStill: 5}
				for range rapid.IntRange(0, 12).Draw(rt, "resources") {
					c.arrive(rapid.IntRange(0, 2).Draw(rt, "stays") > 0)
				}
				a := pageAsked{
					endpoint: c.pick("endpoint", "/Users", "/Groups", "/"), filter: c.pick("filter", crowdFilters...),
					sortBy:    c.pick("sortBy", "", "displayName", "title", "externalId", "meta.lastModified", "meta.resourceType", "userName", "id"),
					sortOrder: c.pick("sortOrder", "", "ascending", "Descending"),
					count:     rapid.IntRange(1, 4).Draw(rt, "count"), search: rapid.Bool().Draw(rt, "search"),
				}
				all := idsOf(c.listed(a.endpoint + "?count=900&filter=" + escape(a.filter) + "&sortBy=" + a.sortBy + "&sortOrder=" + a.sortOrder))
				if name == "short" {
					all = all[:0] // it returns no list whole: ask another way
					for page := range slices.Values((pageAsked{a.endpoint, a.filter, a.sortBy, a.sortOrder, 2, false}).walk(c.rig, func() {})) {
						all = append(all, page...)
					}
				}
				stay := func(ids []string) []string {
					return slices.DeleteFunc(slices.Clone(ids), func(id string) bool {
						return !slices.Contains(all, id) || slices.Contains(c.passing, "/Users/"+id) || slices.Contains(c.passing, "/Groups/"+id)
					})
				}
				if rapid.Bool().Draw(rt, "quiet") {
					pages := a.walk(c.rig, func() {})
					require.Equal(rt, all, append([]string{}, slices.Concat(pages...)...))
					if name != "short" {
						require.Len(rt, pages, max(1, (len(all)+a.count-1)/a.count), "pages are full")
					}
					return
				}
				want := stay(all)
				passed := slices.Clone(c.passing)
				got := slices.Concat(a.walk(c.rig, c.pass)...)
				c.passing = passed
				require.Equal(rt, want, append([]string{}, stay(got)...), "%+v", a)
			})
		})
	}
}

// onePage makes four people, and returns a cursor of the list of them.
func onePage(r *rig, a pageAsked) string {
	r.t.Helper()
	for _, name := range []string{"ann", "bob", "cat", "dan"} {
		if r.send("GET", "/Users?filter="+escape(`userName sw "`+name+`"`), nil).at("totalResults") == 0.0 {
			r.create(person(name, obj{"title": "Chief " + name, "externalId": "secret"}))
			r.group("Staff of " + name)
		}
	}
	p := a.ask(r, "")
	require.Equal(r.t, 200, p.status, p.raw)
	next, _ := p.at("nextCursor").(string)
	require.NotEmpty(r.t, next)
	return next
}

func refusedCursor(t *testing.T, kind string, p reply) {
	t.Helper()
	require.Equal(t, 400, p.status, p.raw)
	require.Equal(t, kind, p.at("scimType"), p.raw)
	require.NotEmpty(t, p.detail())
	require.NotContains(t, p.body, "Resources")
}

func TestCursorIsBoundToItsQuery(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := pageAsked{endpoint: "/Users", filter: "title pr", sortBy: "title", sortOrder: "descending", count: 2}
	cursor := onePage(r, a)
	require.Equal(t, 200, a.ask(r, cursor).status)
	for name, change := range map[string]func(*pageAsked){
		"the endpoint":         func(a *pageAsked) { a.endpoint = "/Groups" },
		"the root":             func(a *pageAsked) { a.endpoint = "/" },
		"the filter":           func(a *pageAsked) { a.filter = "title pr or userName pr" },
		"no filter":            func(a *pageAsked) { a.filter = "" },
		"the order":            func(a *pageAsked) { a.sortBy = "userName" },
		"no order":             func(a *pageAsked) { a.sortBy = "" },
		"the direction":        func(a *pageAsked) { a.sortOrder = "ascending" },
		"no direction":         func(a *pageAsked) { a.sortOrder = "" },
		"filter and direction": func(a *pageAsked) { a.filter, a.sortBy, a.sortOrder = "title prtitle", "", "descending" },
	} {
		b := a
		change(&b)
		p := b.ask(r, cursor)
		if name == "filter and direction" {
			require.Equal(t, 400, p.status)
			continue
		}
		require.Equal(t, 400, p.status, name)
		require.Equal(t, "invalidCursor", p.at("scimType"), name)
	}
	// The same query, by search, in another spelling, with another length or projection.
	b := a
	b.search, b.sortOrder, b.count = true, "Descending", 1
	require.Equal(t, 200, b.ask(r, cursor).status)
	require.Equal(t, 200, r.send("GET", "/Users?sortOrder=descending&cursor="+cursor+"&sortBy=title&attributes=id&x=y&filter=title+pr", nil).status)
	// Another tenant, even with the same people; another connection of the same one.
	onePage(r.as(other), a)
	refusedCursor(t, "invalidCursor", a.ask(r.as(other), cursor))
	require.Equal(t, 200, a.ask(r.as(okta), cursor).status)
}

func TestCursorsAreNotMadeUp(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	a := pageAsked{endpoint: "/Users", sortBy: "title", count: 2}
	cursor := onePage(r, a)
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	require.NoError(t, err)
	for i := range raw {
		for _, bit := range []byte{1, 0x80} {
			b := bytes.Clone(raw)
			b[i] ^= bit
			refusedCursor(t, "invalidCursor", a.ask(r, base64.RawURLEncoding.EncodeToString(b)))
		}
	}
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	for i := range cursor {
		for _, c := range []byte(alphabet + "=.~ \n") {
			if c != cursor[i] {
				changed := url.QueryEscape(cursor[:i] + string(c) + cursor[i+1:])
				refusedCursor(t, "invalidCursor", a.ask(r, changed))
			}
		}
	}
	half := len(cursor) / 2
	for _, text := range []string{
		"x", "%00", "A", "AAAA", cursor[:len(cursor)-1], cursor + "A", cursor + "AAAA", cursor + cursor, cursor[1:], cursor + "%3D", cursor[:half] + "%0A" + cursor[half:],
		cursor[:half] + "%0D" + cursor[half:], strings.ToLower(cursor), strings.Repeat("A", 5000), "%F0%9F%98%80", "null", "0", "-1", "~s0.1.2",
		base64.RawURLEncoding.EncodeToString(raw[:15]), base64.RawURLEncoding.EncodeToString(raw[:16]), base64.RawURLEncoding.EncodeToString(make([]byte, 64)),
	} {
		refusedCursor(t, "invalidCursor", a.ask(r, text))
	}
	for _, p := range []reply{r.send("GET", "/?cursor=x", nil), r.send("GET", "/Groups?cursor=x", nil), r.send("POST", "/.search", obj{"cursor": "x"}), r.send("HEAD", "/Users?cursor=x", nil)} {
		refusedCursor(t, "invalidCursor", p)
	}
}

func TestCursorsTellNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, a := range []pageAsked{
		{endpoint: "/Users", count: 1},
		{endpoint: "/Users", sortBy: "title", count: 1},
		{endpoint: "/Users", filter: `externalId eq "secret"`, sortBy: "userName", count: 1, search: true},
		{endpoint: "/", sortBy: "displayName", count: 1},
	} {
		cursor := onePage(r, a)
		require.Regexp(t, unreserved, cursor)
		raw, err := base64.RawURLEncoding.DecodeString(cursor)
		require.NoError(t, err)
		id := idsOf(a.ask(r, "").at("Resources").(list))[0]
		// Shorter words would be there by chance now and then.
		for _, word := range []string{"ann@", "acme", "chief", "staff", "secret", "entra", id, id[:8], "2026"} {
			require.NotContains(t, strings.ToLower(string(raw)), word)
		}
		require.NotContains(t, r.log.String(), cursor)
	}
}

func TestCursorExpires(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for timeout, h := range map[time.Duration]*rig{
		time.Hour:        r,
		10 * time.Minute: r.handled(scim.HandlerConfig{CursorTimeout: 10 * time.Minute}),
	} {
		a := pageAsked{endpoint: "/Users", count: 1}
		cursor := onePage(h, a)
		h.clock.advance(timeout)
		next, _ := a.ask(h, cursor).at("nextCursor").(string)
		require.NotEmpty(t, next, "it is good for the whole time")
		h.clock.advance(time.Second)
		refusedCursor(t, "expiredCursor", a.ask(h, cursor))
		a.search = true
		refusedCursor(t, "expiredCursor", a.ask(h, cursor))
		a.search = false
		require.Equal(t, 200, a.ask(h, next).status, "each page begins the time anew")
		// Who made it up, or uses it for something else, does not hear that it is old.
		refusedCursor(t, "invalidCursor", a.ask(h.as(other), cursor))
		require.EqualValues(t, timeout.Seconds(), h.send("GET", "/ServiceProviderConfig", nil).at("pagination", "cursorTimeout"))
	}
}

func TestCursorCount(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *scim.Config) { c.Limits = scim.Limits{Results: 5, PageSize: 3} })
	cursor := onePage(r, pageAsked{endpoint: "/Users", count: 1})
	for _, endpoint := range []string{"/Users", "/Groups", "/"} {
		for _, count := range []string{"0", "-1", "6", "99999999999999999999", "-99999999999999999999", "many", "1.5", "1e0", "0x1"} {
			for _, c := range []string{"", cursor} {
				p := r.send("GET", endpoint+"?cursor="+c+"&count="+count, nil)
				refusedCursor(t, "invalidCount", p)
				require.Contains(t, p.detail(), "1 to 5")
				refusedCursor(t, "invalidCount", r.send("POST", strings.TrimSuffix(endpoint, "/")+"/.search", obj{"cursor": c, "count": count}))
			}
		}
		for count, items := range map[string]int{"1": 1, "5": 4, "": 3} {
			if endpoint == "/" && count == "5" {
				items = 5
			}
			require.Len(t, r.send("GET", endpoint+"?cursor&count="+count, nil).at("Resources"), items)
		}
		require.Len(t, r.send("GET", endpoint+"?CURSOR=", nil).at("Resources"), 3)
		p := r.send("GET", endpoint+"?cursor=&startIndex=2", nil)
		require.Equal(t, 200, p.status)
		require.NotContains(t, p.body, "startIndex", "a cursor wins")
		p = r.send("GET", endpoint, nil)
		require.NotContains(t, p.body, "nextCursor", "who asks by index hears of no cursors")
		require.EqualValues(t, 1, p.at("startIndex"))
	}
}

func TestCursorKeys(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	key := bytes.Repeat([]byte("k"), 32)
	one, same := r.handled(scim.HandlerConfig{CursorKey: key}), r.handled(scim.HandlerConfig{CursorKey: bytes.Clone(key)})
	another := r.handled(scim.HandlerConfig{CursorKey: bytes.Repeat([]byte("x"), 32)})
	random := r.handled(scim.HandlerConfig{})
	a := pageAsked{endpoint: "/Users", sortBy: "title", count: 1}
	cursor := onePage(one, a)
	require.Equal(t, 200, a.ask(one, cursor).status)
	require.Equal(t, a.ask(one, cursor).raw, a.ask(same, cursor).raw)
	for _, h := range []*rig{another, random, r, r.handled(scim.HandlerConfig{})} {
		refusedCursor(t, "invalidCursor", a.ask(h, cursor))
	}
	for _, n := range []int{1, 31} {
		_, err := scim.NewHandler(r.dir, scim.HandlerConfig{BaseURL: baseURL, Verifier: verifier, CursorKey: make([]byte, n)})
		require.ErrorContains(t, err, "CursorKey")
	}
}

// forgetful is a store that knows none of the places that it gave out.
type forgetful struct{ scim.Store }

func (s forgetful) Users(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.User], error) {
	if q.After != "" {
		return scim.Page[*scim.User]{}, fmt.Errorf("no such place: %w", scim.ErrPlace)
	}
	return s.Store.Users(ctx, t, q)
}

// TestCursorOfAnotherStore: where the host has changed its store, so that a place
// is of no use, the client hears that its cursor is not.
func TestCursorOfAnotherStore(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *scim.Config) { c.Store = forgetful{memstore.New()} })
	for _, endpoint := range []string{"/Users", "/"} {
		a := pageAsked{endpoint: endpoint, count: 1}
		refusedCursor(t, "invalidCursor", a.ask(r, onePage(r, a)))
	}
}

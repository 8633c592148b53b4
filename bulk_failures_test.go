package scim_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// tripping is a store in which a write to somebody of a certain name goes wrong.
type tripping struct {
	scim.Store
	trip func(method, name string) error
}

func (s *tripping) CreateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	if err := s.trip("CreateUser", u.UserName); err != nil {
		return nil, err
	}
	return s.Store.CreateUser(ctx, t, u, g, e)
}

func (s *tripping) UpdateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	if err := s.trip("UpdateUser", u.UserName); err != nil {
		return nil, err
	}
	return s.Store.UpdateUser(ctx, t, u, g, e)
}

func (s *tripping) CreateGroup(ctx context.Context, t scim.Tenant, g *scim.Group, members []string, e *scim.Event) (*scim.Group, error) {
	if err := s.trip("CreateGroup", g.DisplayName); err != nil {
		return nil, err
	}
	return s.Store.CreateGroup(ctx, t, g, members, e)
}

func (s *tripping) UpdateGroup(ctx context.Context, t scim.Tenant, id string, c scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error) {
	name := ""
	if c.DisplayName != nil {
		name = *c.DisplayName
	}
	if err := s.trip("UpdateGroup", name); err != nil {
		return nil, err
	}
	return s.Store.UpdateGroup(ctx, t, id, c, g, e)
}

// tripOn is a rig in whose store a method fails as f says when it is about name.
func tripOn(t tester, method, name string, f func() error) *rig {
	return newRig(t, func(c *scim.Config) {
		c.Store = &tripping{Store: memstore.New(), trip: func(m, n string) error {
			if m == method && n == name {
				return f()
			}
			return nil
		}}
	})
}

// A failure of the store in one operation is the failure of that one, be it an
// error or a panic; the others stand and are answered.
func TestBulk_StoreFails(t *testing.T) {
	t.Parallel()
	each(t, map[string]func() error{
		"an error": func() error { return errors.New("the disk of ann is full") },
		"a panic":  func() error { panic("the disk of ann is full") },
	}, func(t *testing.T, fails func() error) {
		r := tripOn(t, "CreateUser", "bob@acme.example", fails)
		p := r.bulk(
			post("/Users", "a", person("ann")),
			post("/Groups", "g", crew("Crew", "bulkId:a", "bulkId:b")),
			post("/Users", "b", person("bob")),
			post("/Users", "c", person("cat")),
			post("/Groups", "h", crew("Staff", "bulkId:a", "bulkId:c")),
		)
		require.Equal(t, strings.Fields("201 409 500 201 201"), statuses(p), p.raw)
		require.Equal(t, []string{"ann@acme.example", "cat@acme.example", "Staff"}, r.names())
		require.NotContains(t, p.raw, "disk")
		log := r.log.String()
		require.Contains(t, log, "the disk of ann is full")
		require.Contains(t, log, "request="+p.header.Get("X-Request-Id"))
		require.NotContains(t, log, "token-entra")
		require.NotContains(t, log, "bob@acme.example")
	})
}

// A request whose context ends on the way is done as far as it came, and what was
// made for one that could not be finished does not stay.
func TestBulk_BrokenOff(t *testing.T) {
	t.Parallel()
	var cancel context.CancelFunc
	r := tripOn(t, "CreateUser", "bob@acme.example", func() error { cancel(); return nil })
	text, err := json.Marshal(obj{"Operations": list{
		post("/Users", "", person("ann")),
		post("/Groups", "g", crew("G", "bulkId:h", "bulkId:b")),
		post("/Groups", "h", crew("H", "bulkId:g")), // made first, without g
		post("/Users", "b", person("bob")),          // then this, with the request gone
		post("/Users", "", person("cat")),
	}})
	require.NoError(t, err)
	req := httptest.NewRequest("POST", baseURL+"/Bulk", strings.NewReader(string(text)))
	req.Header.Set("Authorization", "Bearer token-"+r.conn.ID)
	ctx, stop := context.WithCancel(req.Context())
	cancel = stop
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, req.WithContext(ctx))
	p := reply{raw: w.Body.String()}
	require.Equal(t, http.StatusOK, w.Code)
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p.body))
	require.Equal(t, strings.Fields("201 409 409 503 503"), statuses(p), p.raw)
	require.Equal(t, []string{"ann@acme.example"}, r.names())
	require.Len(t, slices.DeleteFunc(r.record(), func(e scim.Event) bool { return e.Kind != scim.RequestRefused }), 4)
}

// The licence of the host fails for one operation.
func TestBulk_SeatsFail(t *testing.T) {
	t.Parallel()
	asked := 0
	r := newRig(t, func(c *scim.Config) {
		c.Seats = func(context.Context, scim.Tenant) (scim.Limit, error) {
			if asked++; asked == 2 {
				panic("no licence to be had")
			}
			return scim.Seats(2), nil
		}
	})
	p := r.bulk(post("/Users", "", person("ann")), post("/Users", "", person("bob")), post("/Users", "", person("cat")), post("/Users", "", person("dan")))
	require.Equal(t, strings.Fields("201 500 201 201"), statuses(p), p.raw)
	require.Equal(t, scim.Counts{Active: 2, Held: 1}, r.dumpOf(acme).Counts)
}

// What was made to close a circle is gone when the circle cannot be closed, and
// what was there before is as it was.
func TestBulk_CircleFails(t *testing.T) {
	t.Parallel()
	manager := func(name string) obj { return obj{ent: obj{"manager": "bulkId:" + name}} }
	t.Run("the other one fails", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.create(person("taken"))
		p := r.bulk(
			post("/Groups", "a", crew("Crew", "bulkId:b", "bulkId:u")),
			post("/Groups", "b", crew("Staff", "bulkId:a")), // made first
			post("/Users", "u", person("taken")),
			operate("PATCH", "/Groups/bulkId:b", patch(set("externalId", "x"))),
			post("/Groups", "c", crew("Club", "bulkId:b")),
		)
		require.Equal(t, strings.Fields("409 409 409 409 409"), statuses(p), p.raw)
		for i, of := range []string{"u", "a", "userName", "b", "b"} {
			require.Contains(t, opDetail(p, i), of)
		}
		require.Equal(t, []string{"taken@acme.example"}, r.names())
		require.Nil(t, p.at("Operations", 1, "location"))
		require.Equal(t, []scim.EventKind{scim.GroupCreated, scim.GroupDeleted}, slices.DeleteFunc(kinds(r.record()[1:]),
			func(k scim.EventKind) bool { return k == scim.RequestRefused }))
	})
	// Where it is the last step that fails, all of the circle fails: of those that
	// were made, none would be what it was asked to be.
	for name, c := range map[string]struct{ method, of, want string }{
		"the last step": {"UpdateGroup", "Club", "409 409 500 409 201"},
		"the first":     {"CreateGroup", "Club", "409 409 500 409 201"},
		"one between":   {"CreateGroup", "Staff", "409 500 409 409 201"},
		"the outermost": {"CreateGroup", "Crew", "500 409 409 409 201"},
	} {
		for what, fails := range map[string]func() error{
			"an error": func() error { return errors.New("the disk is full") },
			"a panic":  func() error { panic("the disk is full") },
		} {
			t.Run(what+" in "+name, func(t *testing.T) {
				t.Parallel()
				r := tripOn(t, c.method, c.of, fails)
				p := r.bulk(
					post("/Groups", "a", crew("Crew", "bulkId:b")),
					post("/Groups", "b", crew("Staff", "bulkId:c", "bulkId:ann")),
					post("/Groups", "c", crew("Club", "bulkId:a", "bulkId:b")),
					post("/Groups", "d", crew("Band", "bulkId:a")),
					post("/Users", "ann", person("ann")),
				)
				require.Equal(t, strings.Fields(c.want), statuses(p), p.raw)
				require.Equal(t, []string{"ann@acme.example"}, r.names(), "she is in no circle")
			})
		}
	}
	// Users who were there are not deleted: they get back the status that they had.
	each(t, map[string]struct {
		before func(r *rig) string
		want   scim.Status
	}{
		"nobody":      {func(*rig) string { return "" }, scim.StatusArchived},
		"an account":  {func(r *rig) string { return r.host("ann", "ann@acme.example").ID }, scim.StatusActive},
		"a member":    {func(r *rig) string { r.group("G", "ann@acme.example"); return r.dumpOf(acme).Users[0].ID }, scim.StatusActive},
		"deactivated": {func(r *rig) string { return r.create(person("ann", obj{"active": false})) }, scim.StatusDeactivated},
		"archived": {func(r *rig) string {
			id := r.create(person("ann"))
			r.ok(204, "DELETE", "/Users/"+id, nil)
			return id
		}, scim.StatusArchived},
	}, func(t *testing.T, c struct {
		before func(r *rig) string
		want   scim.Status
	},
	) {
		r := newRig(t)
		id := c.before(r)
		r.create(person("taken"))
		p := r.bulk(
			post("/Users", "b", person("taken", manager("a"))),
			post("/Users", "a", person("ann", manager("b"))),
		)
		require.Equal(t, []string{"409", "409"}, statuses(p), p.raw)
		for _, u := range r.dumpOf(acme).Users {
			if u.Login == "ann@acme.example" || u.ID == id {
				id = u.ID
			}
		}
		require.Equal(t, c.want, r.status(id))
	})
}

// Taking back what the same Bulk made is no removal: the guard against mass
// removal neither counts nor refuses it.
func TestBulk_TakingBackIsNoRemoval(t *testing.T) {
	t.Parallel()
	r := newRig(t, with(scim.Policy{Removals: scim.RemovalLimit{Users: 2}}))
	var staff []string
	for _, name := range []string{"one", "two", "taken"} {
		staff = append(staff, r.create(person(name)))
	}
	fails := list{
		post("/Users", "b", person("taken", obj{ent: obj{"manager": "bulkId:a"}})),
		post("/Users", "a", person("ann", obj{ent: obj{"manager": "bulkId:b"}})),
	}
	for range 3 {
		require.Equal(t, []string{"409", "409"}, statuses(r.bulk(fails...)))
	}
	require.Equal(t, strings.Fields("204 204 429"), statuses(r.bulk(
		operate("DELETE", "/Users/"+staff[0], nil), operate("DELETE", "/Users/"+staff[1], nil), operate("DELETE", "/Users/"+staff[2], nil),
	)))
	require.Equal(t, []string{"409", "409"}, statuses(r.bulk(fails...)))
	require.Equal(t, []string{"taken@acme.example"}, r.names())
}

// What the operations of a Bulk may cost does not grow with their number.
func TestBulk_WorkIsShared(t *testing.T) {
	t.Parallel()
	r, s := trap(t, func(c *scim.Config) { c.Limits = scim.Limits{Comparisons: 60, NewMembers: 3} })
	var ids []string
	for _, name := range strings.Fields("ann bob cat dan eve fay gus hal ida joe") {
		ids = append(ids, r.create(person(name)))
	}
	staff := r.group("Staff", ids...)
	look := operate("PATCH", "/Groups/"+staff, patch(remove(`members[display co "nobody"]`)))
	r.ok(204, "PATCH", "/Groups/"+staff, look["data"])
	s.set("Members", 100)
	p := r.bulk(look, look, look, look, look, look, look, look, operate("PATCH", "/Groups/"+staff, patch(remove(`members[value eq "`+ids[0]+`"]`))))
	got := statuses(p)
	n := slices.Index(got, "400")
	require.Greater(t, n, 1, p.raw)
	require.Less(t, n, 8, p.raw)
	require.Equal(t, strings.Fields(strings.Repeat("200 ", n)+strings.Repeat("400 ", 8-n)+"200"), got)
	require.Equal(t, "tooMany", p.at("Operations", n, "response", "scimType"))
	require.LessOrEqual(t, 100-s.calls, n+1, "what is refused reads no members")
	r.ok(204, "PATCH", "/Groups/"+staff, look["data"])

	filters := operate("PATCH", "/Users/"+ids[1], patch(slices.Repeat([]obj{remove(`emails[display co "nobody"].display`)}, 30)...))
	p = r.bulk(filters, filters, filters, filters, filters, filters)
	require.Equal(t, "200", statuses(p)[0])
	require.Equal(t, "tooMany", p.at("Operations", 5, "response", "scimType"), "thirty of them alone need no counting: %s", p.raw)

	p = r.bulk(
		post("/Groups", "", crew("A", "new1@acme.example", "new2@acme.example")),
		post("/Groups", "", crew("B", "new3@acme.example", "new4@acme.example")),
		post("/Groups", "", crew("C", "new1@acme.example", "new5@acme.example")),
		operate("PATCH", "/Groups/"+staff, patch(op("add", "members", list{"new6@acme.example"}))),
	)
	require.Equal(t, strings.Fields("201 400 201 400"), statuses(p), p.raw)
	require.Contains(t, opDetail(p, 1), "more than 3")
	r.patchGroup(staff, op("add", "members", list{"new6@acme.example"}))
}

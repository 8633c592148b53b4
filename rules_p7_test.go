package scim_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

func TestP7_1_Groups(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ann := r.create(person("ann"))
	p := r.ok(201, "POST", "/Groups", obj{"displayName": "Staff", "externalId": "g-1", "members": refs(ann)})
	require.Equal(t, "Staff", p.at("displayName"))
	require.Equal(t, ann, p.at("members", 0, "value"))
	require.Equal(t, "User", p.at("members", 0, "type"))
	for _, same := range []string{"Staff", "STAFF", "staff"} {
		q := r.refused(409, "uniqueness", "POST", "/Groups", obj{"displayName": same})
		require.Contains(t, q.detail(), "displayName")
	}
	crew := r.group("Crew")
	r.refused(409, "uniqueness", "PATCH", "/Groups/"+crew, patch(set("displayName", "sTaff"), op("add", "members", refs(ann))))
	r.refused(409, "uniqueness", "PUT", "/Groups/"+crew, obj{"displayName": "STAFF"})
	r.refused(409, "uniqueness", "POST", "/Groups", obj{"displayName": "STAFF", "members": refs("new@acme.example")})
	r.patchGroup(p.id(), set("displayName", "STAFF"))
	require.Equal(t, "STAFF", r.ok(200, "GET", "/Groups/"+p.id(), nil).at("displayName"), "one's own in another case")
	r.as(other).group("Staff")
	for _, none := range []obj{{}, {"displayName": ""}, {"displayName": nil}, {"displayName": "  "}} {
		q := r.refused(400, "invalidValue", "POST", "/Groups", none)
		require.Contains(t, q.detail(), "displayName")
	}
	r.refused(400, "mutability", "PATCH", "/Groups/"+crew, patch(remove("displayName")))
	r.ok(204, "DELETE", "/Groups/"+p.id(), nil)
	r.refused(404, "", "GET", "/Groups/"+p.id(), nil)
	r.refused(404, "", "DELETE", "/Groups/"+p.id(), nil)
	require.Nil(t, r.get(ann).at("groups"))
	r.group("Staff")
}

func TestP7_2_Members(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ann, bob := r.create(person("ann")), r.create(person("bob"))
	crew := r.group("Crew", bob)
	staff := r.group("Staff", ann, crew)
	p := r.ok(200, "GET", "/Groups/"+staff, nil)
	require.Equal(t, obj{"value": crew, "type": "Group", "display": "Crew", "$ref": baseURL + "/Groups/" + crew}, p.at("members", 1))
	require.Len(t, r.get(bob).at("groups"), 1, "direct memberships alone")

	group := "/Groups/" + staff
	for name, ops := range map[string][]obj{
		"add one that is in":         {op("add", "members", refs(ann))},
		"twice":                      {op("add", "members", refs(ann, ann)), op("add", "", obj{"members": refs(crew)})},
		"bare string":                {op("Add", "members", list{ann})},
		"single object":              {op("add", "members", obj{"value": ann})},
		"remove one that is not in":  {op("remove", "members", refs(bob))},
		"remove by filter":           {remove(`members[value eq "` + bob + `"]`)},
		"remove one who is nobody":   {op("remove", "members", refs("nobody"))},
		"remove an unknown id":       {remove(`members[value eq "0b9b1f5e-1111-4222-8333-444455556666"]`)},
		"replace by the same":        {set("members", refs(crew, ann))},
		"add and remove again":       {op("add", "members", refs(bob)), op("remove", "members", refs(bob))},
		"remove and add again":       {op("remove", "members", refs(ann)), op("add", "members", refs(ann))},
		"nothing":                    {},
		"the name that it has":       {set("displayName", "Staff")},
		"what a member is called":    {set(`members[value eq "`+ann+`"].display`, "Anna")},
		"remove nobody":              {op("remove", "members", list{})},
		"add nobody":                 {op("add", "members", list{}), op("add", "members", nil)},
		"remove by another's userId": {op("remove", "members", refs("bob@acme.example"))},
	} {
		t.Run(name, func(t *testing.T) {
			r := r.in(t)
			r.still(func() { r.ok(204, "PATCH", group, patch(ops...)) })
		})
	}
	r.still(func() {
		r.ok(200, "PUT", group, obj{"displayName": "Staff", "members": refs(ann, crew)})
		r.ok(200, "PUT", group, r.ok(200, "GET", group, nil).body)
	})
}

func TestP7_2_MembersComeAndGo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ann, bob, cat := r.create(person("ann")), r.create(person("bob")), r.create(person("cat"))
	staff := r.group("Staff")
	r.patchGroup(staff, op("add", "members", refs(ann, bob)))
	require.Equal(t, []string{ann, bob}, r.members(staff))
	require.Equal(t, []string{ann, bob}, r.last().Added)
	r.patchGroup(staff, op("add", "members", refs(bob, cat)), remove(`members[value eq "`+ann+`"]`))
	require.Equal(t, []string{cat}, r.last().Added, "what really changed")
	require.Equal(t, []string{ann}, r.last().Removed)
	r.patchGroup(staff, op("remove", "members", list{bob}))
	require.Equal(t, []string{cat}, r.members(staff))
	r.patchGroup(staff, op("add", "members", refs(ann, bob)))
	r.patchGroup(staff, remove(`members[value eq "`+ann+`" or display co "Bob"]`))
	require.Equal(t, []string{cat}, r.members(staff))
	r.patchGroup(staff, set("members", refs(ann)))
	require.Equal(t, []string{ann}, r.members(staff))
	r.ok(200, "PUT", "/Groups/"+staff, obj{"displayName": "Staff", "members": refs(bob, cat)})
	require.ElementsMatch(t, []string{bob, cat}, r.members(staff))
	r.patchGroup(staff, remove(`members[type eq "User" and not (value eq "`+cat+`")]`))
	require.Equal(t, []string{cat}, r.members(staff))
	r.patchGroup(staff, remove("members"))
	require.Empty(t, r.members(staff))
	r.patchGroup(staff, op("add", "members", refs(ann)))
	r.ok(200, "PUT", "/Groups/"+staff, obj{"displayName": "Staff"})
	require.Empty(t, r.members(staff), "absent in a PUT is cleared")
}

func TestP7_2_ConcurrentAddsAllLand(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	staff := r.group("Staff")
	var ids []string
	for i := range 200 {
		ids = append(ids, r.create(person(fmt.Sprint("u", i))))
	}
	got := rush(200, func(i int) reply {
		return r.send("PATCH", "/Groups/"+staff, patch(op("add", "members", refs(ids[i]))))
	})
	require.Equal(t, map[int]int{204: 200}, got)
	require.ElementsMatch(t, ids, r.members(staff))
	got = rush(200, func(i int) reply {
		return r.send("PATCH", "/Groups/"+staff, patch(op("remove", "members", refs(ids[i]))))
	})
	require.Equal(t, map[int]int{204: 200}, got)
	require.Empty(t, r.members(staff))
	got = rush(50, func(i int) reply {
		return r.send("PATCH", "/Groups/"+staff, patch(op("add", "members", refs("one@acme.example", fmt.Sprintf("n%d@acme.example", i)))))
	})
	require.Equal(t, map[int]int{204: 50}, got)
	require.Len(t, r.members(staff), 51, "users named only as members")
}

func TestP7_3_NamedMembersAreFound(t *testing.T) {
	t.Parallel()
	guid := "6f1c2b7e-9d3a-4c5e-8f70-1a2b3c4d5e6f"
	each(t, map[string]any{
		"id":                      nil,
		"userName":                "ANN.E",
		"e-mail":                  "Ann@ACME.example",
		"another e-mail":          "ann@home.example",
		"externalId":              guid,
		"by display alone":        obj{"display": "ann@acme.example"},
		"by display beside value": obj{"value": "unknown-7", "display": "Ann@acme.example"},
	}, func(t *testing.T, member any) {
		r := newRig(t)
		ann := r.create(person("ann", obj{"userName": "ann.e", "externalId": guid, "emails": list{mail("ann@acme.example", "work"), mail("ann@home.example", "home")}}))
		if member == nil {
			member = ann
		}
		before, _ := r.dir.Counts(context.Background(), acme)
		staff := r.ok(201, "POST", "/Groups", obj{"displayName": "Staff", "members": list{member, ann}}).id()
		crew := r.group("Crew")
		r.patchGroup(crew, op("add", "members", list{member}))
		require.Equal(t, []string{ann}, r.members(staff))
		require.Equal(t, []string{ann}, r.members(crew))
		after, _ := r.dir.Counts(context.Background(), acme)
		require.Equal(t, before, after, "nobody was made")
		if name, ok := member.(string); ok {
			p := r.ok(204, "PATCH", "/Groups/"+crew, patch(remove(`members[value eq "`+name+`"]`)))
			require.Empty(t, r.members(crew), "removed by the same name")
			require.Equal(t, r.ok(200, "GET", "/Groups/"+crew, nil).version(), p.header.Get("ETag"))
			r.still(func() { r.ok(200, "PUT", "/Groups/"+staff, obj{"displayName": "Staff", "members": list{member}}) })
		}
	})
}

func TestP7_3_NamedMembersAreMade(t *testing.T) {
	t.Parallel()
	each(t, map[string]any{
		"value":                   obj{"value": "New@acme.example"},
		"bare string":             "New@acme.example",
		"display alone":           obj{"display": "New@acme.example"},
		"display beside value":    obj{"value": "unknown-7", "display": "New@acme.example"},
		"value beside a nickname": obj{"value": "New@acme.example", "display": "the new one"},
	}, func(t *testing.T, member any) {
		r := newRig(t)
		r.setSeats(1)
		staff := r.group("Staff")
		r.patchGroup(staff, op("add", "members", list{member}))
		require.Len(t, r.members(staff), 1)
		id := r.members(staff)[0]
		u := r.user(id)
		require.Equal(t, "New@acme.example", u.UserName, "the user is created from it")
		require.Equal(t, "New@acme.example", u.Email)
		require.Equal(t, scim.StatusActive, u.Status)
		require.Equal(t, []scim.EventKind{scim.GroupCreated, scim.UserCreated, scim.GroupUpdated}, kinds(r.record()))
		crew := r.ok(201, "POST", "/Groups", obj{"displayName": "Crew", "members": list{member, "third@acme.example"}})
		require.Equal(t, id, crew.at("members", 0, "value"))
		third, _ := crew.at("members", 1, "value").(string)
		require.Equal(t, scim.StatusHeld, r.status(third), "P5 holds for them as well")

		p := r.ok(201, "POST", "/Users", obj{"userName": "new.one", "emails": list{mail("new@acme.example", "work")}, "title": "Chief"})
		require.Equal(t, id, p.id(), "the POST that comes for it takes it over")
		require.Equal(t, "new.one", p.at("userName"))
		require.Equal(t, []string{id}, r.members(staff))
		r.refused(409, "uniqueness", "POST", "/Users", obj{"userName": "new@acme.example"})
		r.refused(409, "uniqueness", "POST", "/Users", obj{"userName": "new.one", "emails": list{mail("else@acme.example")}})
		p = r.ok(201, "POST", "/Users", obj{"userName": "third@acme.example", "active": true})
		require.Equal(t, third, p.id())
		require.Equal(t, scim.StatusHeld, r.status(third))
	})
}

func TestP7_3_TakenOverWhateverThePolicy(t *testing.T) {
	t.Parallel()
	for _, p := range []scim.Policy{{}, {Link: scim.LinkNever}, {BringBack: scim.Never}, {SharedEmails: true}} {
		r := newRig(t, with(p))
		staff := r.group("Staff", "new@acme.example")
		require.Equal(t, r.members(staff)[0], r.create(person("new")))
		require.Equal(t, 1, r.licence().Used)
	}
}

func TestP7_3_AnArchivedOneIsBroughtBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.members(r.group("Staff", "new@acme.example"))[0]
	r.patch(id, set("title", "Chief"))
	r.ok(204, "DELETE", "/Users/"+id, nil)
	p := r.ok(201, "POST", "/Users", obj{"userName": "new@acme.example"})
	require.Equal(t, id, p.id())
	require.Equal(t, scim.UserRestored, r.last().Kind)
	require.Nil(t, p.at("title"), "with the attributes of the POST")
	require.Nil(t, p.at("emails"))
}

func TestP7_3_SwitchedOff(t *testing.T) {
	t.Parallel()
	r := newRig(t, with(scim.Policy{KnownMembersOnly: true}))
	ann := r.create(person("ann", obj{"externalId": "x-1"}))
	staff := r.group("Staff", ann)
	for _, member := range []any{"ann@acme.example", "x-1", "new@acme.example", obj{"value": "?", "display": "ann@acme.example"}} {
		r.refused(400, "invalidValue", "PATCH", "/Groups/"+staff, patch(op("add", "members", list{member})))
		r.refused(400, "invalidValue", "POST", "/Groups", obj{"displayName": "G", "members": list{member}})
	}
	require.Equal(t, []string{ann}, r.members(staff))
}

func TestP7_4_UnknownMembers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ann, gone := r.create(person("ann")), r.create(person("gone"))
	staff := r.group("Staff", ann)
	r.ok(204, "DELETE", "/Users/"+gone, nil)
	for _, bad := range []string{"nobody", gone, "0b9b1f5e-1111-4222-8333-444455556666", "not an@e mail", staff} {
		p := r.refused(400, "invalidValue", "PATCH", "/Groups/"+staff, patch(
			set("displayName", "Renamed"), set("externalId", "x"), op("add", "members", refs("new@acme.example", bad)), op("remove", "members", refs(ann)),
		))
		require.Contains(t, p.detail(), bad, "naming it")
		if bad == staff {
			continue
		}
		r.refused(400, "invalidValue", "POST", "/Groups", obj{"displayName": "G", "members": refs(ann, "new@acme.example", bad)})
		r.refused(400, "invalidValue", "PUT", "/Groups/"+staff, obj{"displayName": "Staff", "members": refs("new@acme.example", bad)})
	}
	for _, bad := range []any{7, true, obj{}, obj{"value": 7}, list{list{ann}}} {
		r.refused(400, "invalidValue", "PATCH", "/Groups/"+staff, patch(op("add", "members", list{ann, bad})))
	}
	require.Equal(t, scim.RequestRefused, r.last().Kind)
}

func TestP7_4_NobodyIsMadeForARefusedRequest(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *scim.Config) {
		c.Attributes = scim.ProductAttributes()
		c.Attributes[2].Validate = func(v string) error {
			if v == "bad@acme.example" {
				return errors.New("not of this house")
			}
			return nil
		}
	})
	staff := r.group("Staff")
	r.refused(400, "invalidValue", "PATCH", "/Groups/"+staff, patch(op("add", "members", refs("good@acme.example", "bad@acme.example"))))
}

// counting counts the questions about members and the members that were read.
type counting struct {
	scim.Store
	lists, changed atomic.Int64
}

func (s *counting) Members(ctx context.Context, t scim.Tenant, id string, q scim.Query) (scim.Page[scim.Member], error) {
	s.lists.Add(1)
	return s.Store.Members(ctx, t, id, q)
}

func (s *counting) UpdateGroup(ctx context.Context, t scim.Tenant, id string, c scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error) {
	s.changed.Add(int64(len(c.Add) + len(c.Remove)))
	return s.Store.UpdateGroup(ctx, t, id, c, g, e)
}

func TestP7_5_CostFollowsTheChange(t *testing.T) {
	t.Parallel()
	s := &counting{Store: memstore.New()}
	r := newRig(t, func(c *scim.Config) { c.Store = s })
	var ids []string
	for i := range 2000 {
		ids = append(ids, r.create(person(fmt.Sprint("u", i))))
	}
	staff := r.group("Staff", ids[1:]...)
	s.lists.Store(0)
	s.changed.Store(0)
	for range 3 {
		r.patchGroup(staff, op("add", "members", refs(ids[0])))
		r.patchGroup(staff, remove(`members[value eq "`+ids[0]+`"]`))
		r.patchGroup(staff, op("add", "", obj{"members": refs(ids[0])}))
		r.patchGroup(staff, op("remove", "members", refs(ids[0])))
		r.patchGroup(staff, set("displayName", "Staff"))
		r.ok(200, "PATCH", "/Groups/"+staff+"?attributes=displayName", patch(op("add", "members", refs(ids[1]))))
		r.ok(200, "GET", "/Groups/"+staff+"?excludedAttributes=members", nil)
		require.Len(t, r.find("/Groups", `members eq "`+ids[1]+`"`), 1)
	}
	require.LessOrEqual(t, s.changed.Load(), int64(15), "a delta goes to the store")
	require.LessOrEqual(t, s.lists.Load(), int64(3*2), "the members are read for the list alone")
	s.lists.Store(0)
	r.ok(200, "GET", "/Groups?excludedAttributes=members", nil)
	require.Zero(t, s.lists.Load())
}

// deleting deletes a group when its members are asked for.
type deleting struct {
	scim.Store
	doomed string
}

func (s *deleting) Members(ctx context.Context, t scim.Tenant, id string, q scim.Query) (scim.Page[scim.Member], error) {
	if id == s.doomed {
		if err := s.DeleteGroup(ctx, t, id, scim.Guard{}, &scim.Event{Tenant: t, Kind: scim.GroupDeleted, GroupID: id}); err != nil {
			return scim.Page[scim.Member]{}, err
		}
	}
	return s.Store.Members(ctx, t, id, q)
}

// TestListWhileAGroupIsDeleted: one group that goes costs nobody the list.
func TestListWhileAGroupIsDeleted(t *testing.T) {
	t.Parallel()
	s := &deleting{Store: memstore.New()}
	r := newRig(t, func(c *scim.Config) { c.Store = s })
	ann := r.create(person("ann"))
	s.doomed = r.group("Staff", ann)
	crew := r.group("Crew", ann)
	p := r.ok(200, "GET", "/Groups", nil)
	require.Nil(t, p.at("Resources", 0, "members"))
	require.Equal(t, crew, p.at("Resources", 1, "id"))
	require.Equal(t, ann, p.at("Resources", 1, "members", 0, "value"))

	s.doomed = crew
	r.ok(404, "GET", "/Groups/"+crew, nil)
}

package scim_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

func TestP3_1_Create(t *testing.T) {
	t.Parallel()
	type wish struct {
		active any
		want   scim.Status
	}
	each(t, map[string]wish{
		"left out":       {nil, scim.StatusActive},
		"true":           {true, scim.StatusActive},
		"the text true":  {"True", scim.StatusActive},
		"false":          {false, scim.StatusDeactivated},
		"the text false": {"False", scim.StatusDeactivated},
		"a list of one":  {list{false}, scim.StatusDeactivated},
		"an object":      {obj{"value": "False"}, scim.StatusDeactivated},
	}, func(t *testing.T, c wish) {
		r := newRig(t)
		r.setSeats(1)
		p := r.ok(201, "POST", "/Users", person("ann", obj{"active": c.active}))
		require.Equal(t, c.want == scim.StatusActive, p.at("active"))
		require.Equal(t, c.want, r.status(p.id()))
		require.Equal(t, map[bool]int{true: 1}[c.want == scim.StatusActive], r.licence().Used, "a deactivated user takes no seat")
		e := r.last()
		require.Equal(t, scim.UserCreated, e.Kind)
		require.Equal(t, scim.Status(0), e.From)
		require.Equal(t, c.want, e.To)
	})
}

// change is a request about one user.
type change struct {
	method string
	body   any
}

// endings are the shapes of a request that deactivates ann.
func endings() map[string]change {
	core, x := scim.UserSchema, obj{"externalId": "x-1"}
	out := map[string]change{
		"PUT":             {"PUT", person("ann", x, obj{"active": false})},
		"PUT of a text":   {"PUT", person("ann", x, obj{"Active": "FALSE"})},
		"PUT with a URN":  {"PUT", person("ann", x, obj{core: obj{"active": false}})},
		"raw, lower case": {"PATCH", `{"operations":[{"OP":"REPLACE","PATH":"Active","VALUE":"false"}]}`},
	}
	for name, o := range map[string]obj{
		"replace":              set("active", false),
		"replace of a text":    set("active", "False"),
		"capital Replace":      op("Replace", "active", false),
		"add":                  op("add", "active", false),
		"Add of a text":        op("Add", "ACTIVE", "fAlSe"),
		"a list of one":        set("active", list{false}),
		"an object":            set("active", obj{"value": false}),
		"a list of an object":  set("active", list{obj{"value": "False"}}),
		"pathless":             set("", obj{"active": false}),
		"pathless add":         op("add", "", obj{"active": "False"}),
		"null path":            {"op": "replace", "path": nil, "value": obj{"active": false}},
		"by URN":               set(core+":active", false),
		"by the old URN":       set(core+".active", false),
		"pathless by URN":      set("", obj{core + ":active": false}),
		"pathless below a URN": set("", obj{core: obj{"active": "false"}}),
		"the URN as path":      set(core, obj{"active": false}),
	} {
		out[name] = change{"PATCH", patch(o)}
	}
	return out
}

func TestP3_2_Deactivate(t *testing.T) {
	t.Parallel()
	each(t, endings(), func(t *testing.T, c change) {
		r := newRig(t)
		r.setSeats(1)
		id := r.create(person("ann", obj{"externalId": "x-1"}))
		staff := r.group("Staff", id)
		p := r.ok(200, c.method, "/Users/"+id, c.body)
		require.Equal(t, false, p.at("active"))
		require.Equal(t, scim.StatusDeactivated, r.status(id))
		require.Equal(t, "entra", r.user(id).DeactivatedBy)
		require.Equal(t, 0, r.licence().Used)
		e := r.last()
		require.Equal(t, scim.UserDeactivated, e.Kind)
		require.True(t, e.EndsAccess())

		require.Equal(t, false, r.get(id).at("active"), "readable")
		require.Equal(t, staff, r.get(id).at("groups", 0, "value"), "keeps its memberships")
		require.Equal(t, []string{id}, r.members(staff))
		for _, f := range []string{`userName eq "ANN@acme.example"`, `externalId eq "x-1"`, `active eq false`, `emails.value eq "ann@acme.example"`} {
			require.Len(t, r.find("/Users", f), 1, "findable")
		}
		r.still(func() { r.ok(200, c.method, "/Users/"+id, c.body) })
	})
}

func TestP3_2_WhatDoesNotDeactivate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create(person("ann"))
	r.still(func() { r.ok(200, "PUT", "/Users/"+id, person("ann")) })
	r.still(func() { r.patch(id) })
	r.still(func() { r.patch(id, set("active", "")) })
	r.refused(400, "mutability", "PATCH", "/Users/"+id, patch(remove("active")))
	r.refused(400, "invalidValue", "PATCH", "/Users/"+id, patch(set("active", "no")))
	r.refused(400, "invalidValue", "PATCH", "/Users/"+id, patch(obj{"op": "replace", "path": "active"}))
	r.patch(id, set("active", false))
	require.Equal(t, false, r.ok(200, "PUT", "/Users/"+id, person("ann")).at("active"), "active absent in a PUT leaves it as it was")
}

func TestP3_3_Reactivate(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setSeats(1)
	ann := r.create(person("ann", obj{"active": false}))
	bob := r.create(person("bob", obj{"active": false}))
	require.Equal(t, true, r.patch(ann, set("active", true)).at("active"))
	require.Equal(t, scim.StatusActive, r.status(ann), "takes a seat")
	require.Equal(t, scim.UserActivated, r.last().Kind)
	require.Empty(t, r.user(ann).DeactivatedBy)

	require.Equal(t, false, r.patch(bob, set("active", "True")).at("active"))
	require.Equal(t, scim.StatusHeld, r.status(bob), "or makes it held")
	require.Equal(t, scim.UserHeld, r.last().Kind)
	require.Equal(t, 1, r.licence().Used)
	cat := r.create(person("cat", obj{"active": false}))
	require.Equal(t, false, r.ok(200, "PUT", "/Users/"+cat, person("cat", obj{"active": true, "title": "x"})).at("active"))
	require.Equal(t, scim.StatusHeld, r.status(cat))
	require.Equal(t, "x", r.user(cat).Title, "what stands beside it is done all the same")
}

func TestP3_4_Delete(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setSeats(1)
	id := r.create(person("ann", obj{"externalId": "x-1", ent: obj{"department": "Sales"}}))
	staff, crew := r.group("Staff", id), r.group("Crew", id)
	version := r.ok(200, "GET", "/Groups/"+staff, nil).version()
	r.ok(204, "DELETE", "/Users/"+id, nil)

	user := "/Users/" + id
	r.refused(404, "", "GET", user, nil)
	r.refused(404, "", "DELETE", user, nil)
	r.refused(404, "", "PUT", user, person("ann"))
	r.refused(404, "", "PATCH", user, patch(set("active", true)))
	r.refused(400, "invalidValue", "PATCH", "/Groups/"+staff, patch(op("add", "members", refs(id))))
	for _, f := range []string{`userName pr`, `id eq "` + id + `"`, `externalId eq "x-1"`, `userName eq "ann@acme.example"`, `emails eq "ann@acme.example"`} {
		require.Empty(t, r.find("/Users", f), "not listed")
	}
	require.EqualValues(t, 0, r.ok(200, "GET", "/Users", nil).at("totalResults"))
	require.Empty(t, r.members(staff), "out of all groups")
	require.Empty(t, r.members(crew))
	require.NotEqual(t, version, r.ok(200, "GET", "/Groups/"+staff, nil).version(), "the groups have changed")
	require.Empty(t, r.folders(scim.RootDepartment), "out of all folders")
	require.Equal(t, 0, r.licence().Used, "seat freed")
	u := r.user(id)
	require.Equal(t, scim.StatusArchived, u.Status)
	require.Equal(t, "Sales", u.Department, "the profile is kept")
	var gone scim.Event
	for _, e := range r.record() {
		if e.Kind == scim.UserArchived {
			gone = e
		}
	}
	require.True(t, gone.EndsAccess())
	require.ElementsMatch(t, []string{staff, crew}, gone.Left)
	require.Equal(t, []scim.FolderMove{{Root: scim.RootDepartment, From: "Sales"}}, gone.Moves)
}

func TestP3_4_Purge(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t)
	ann, bob := r.create(person("ann")), r.create(person("bob"))
	cat := r.create(person("cat"))
	r.ok(204, "DELETE", "/Users/"+ann, nil)
	border := r.clock.Now().Add(time.Millisecond)
	r.ok(204, "DELETE", "/Users/"+bob, nil)
	n, err := r.dir.Purge(ctx, acme, border)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	_, err = r.dir.User(ctx, acme, ann)
	require.ErrorIs(t, err, scim.ErrNotFound)
	require.Equal(t, scim.StatusArchived, r.status(bob), "archived too late")
	require.Equal(t, scim.StatusActive, r.status(cat), "not archived")
	require.Equal(t, scim.UserPurged, r.last().Kind)
	require.Equal(t, ann, r.last().UserID)
	require.NotEqual(t, ann, r.create(person("ann")), "purged: a new person")
	require.Equal(t, bob, r.create(person("bob")))
	n, err = r.dir.Purge(ctx, globex, r.clock.Now().Add(time.Hour))
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestP3_5_CreateAgain(t *testing.T) {
	t.Parallel()
	each(t, map[string]func(r *rig, id string){
		"archived":               func(r *rig, id string) { r.ok(204, "DELETE", "/Users/"+id, nil) },
		"deactivated":            func(r *rig, id string) { r.patch(id, set("active", false)) },
		"deactivated by another": func(r *rig, id string) { r.as(okta).patch(id, set("active", false)) },
		"deactivated here": func(r *rig, id string) {
			_, err := r.dir.Deactivate(context.Background(), acme, id)
			require.NoError(r.t, err)
		},
	}, func(t *testing.T, end func(r *rig, id string)) {
		for name, again := range map[string]obj{
			"the same":       person("ann"),
			"another case":   person("ann", obj{"userName": "ANN@ACME.example"}),
			"another name":   person("ann", obj{"userName": "ann.e@acme.example"}),
			"another e-mail": person("ann", obj{"emails": list{mail("a@acme.example", "work")}}),
		} {
			r := newRig(t)
			p := r.ok(201, "POST", "/Users", person("ann", obj{"title": "Chief", ent: obj{"department": "Sales"}}))
			end(r, p.id())
			back := r.ok(201, "POST", "/Users", merged(again, obj{"nickName": "A"}))
			require.Equal(t, p.id(), back.id(), name)
			require.Equal(t, true, back.at("active"))
			require.Equal(t, "A", back.at("nickName"), "with the attributes of the POST")
			require.Equal(t, again["userName"], back.at("userName"))
			require.Nil(t, back.at("title"), "and no others")
			require.Nil(t, back.at(ent))
			require.Equal(t, p.at("meta", "created"), back.at("meta", "created"))
			require.NotEqual(t, p.version(), back.version())
			require.Empty(t, r.folders(scim.RootDepartment))
			require.Empty(t, r.user(p.id()).DeactivatedBy)
			require.Equal(t, scim.UserRestored, r.last().Kind)
			require.Equal(t, scim.StatusActive, r.last().To)
		}
	})
}

func TestP3_5_CreateAgainHow(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setSeats(1)
	id := r.create(person("ann"))
	held := r.create(person("bob"))
	p := r.refused(409, "uniqueness", "POST", "/Users", person("ann"))
	require.NotContains(t, p.raw, id, "not the other person")
	r.as(okta).refused(409, "uniqueness", "POST", "/Users", person("ann"))
	r.refused(409, "uniqueness", "POST", "/Users", person("bob"))
	r.as(okta).refused(409, "uniqueness", "POST", "/Users", person("bob", obj{"userName": "b2@acme.example"}))
	require.Equal(t, scim.StatusHeld, r.status(held))

	r.ok(204, "DELETE", "/Users/"+id, nil)
	back := r.ok(201, "POST", "/Users", person("ann", obj{"active": false}))
	require.Equal(t, id, back.id())
	require.Equal(t, scim.StatusDeactivated, r.status(id), "if the client says so")
	cat := r.create(person("cat"))
	require.Equal(t, scim.StatusActive, r.status(cat))
	back = r.ok(201, "POST", "/Users", person("ann"))
	require.Equal(t, id, back.id())
	require.Equal(t, scim.StatusHeld, r.status(id), "no seat: held")
	require.Equal(t, "entra", r.user(id).Connection)
}

func TestP3_6_HostDecidesUntilTheProviderDoes(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t)
	r.setSeats(1)
	id := r.create(person("ann"))
	deactivate := func() {
		_, err := r.dir.Deactivate(ctx, acme, id)
		require.NoError(t, err)
	}
	activate := func() {
		_, err := r.dir.Activate(ctx, acme, id)
		require.NoError(t, err)
	}
	deactivate()
	require.Equal(t, scim.ByHost, r.user(id).DeactivatedBy, "a user shows who deactivated it")
	require.True(t, r.last().EndsAccess())
	require.Equal(t, false, r.get(id).at("active"))
	r.still(deactivate)
	r.patch(id, set("title", "x"))
	require.Equal(t, scim.StatusDeactivated, r.status(id), "no write of active: nothing is decided")
	require.Equal(t, scim.ByHost, r.user(id).DeactivatedBy)
	r.ok(200, "PUT", "/Users/"+id, person("ann"))
	require.Equal(t, scim.StatusDeactivated, r.status(id))
	r.patch(id, set("active", true))
	require.Equal(t, scim.StatusActive, r.status(id), "the next write of active decides anew")

	deactivate()
	r.patch(id, set("active", false))
	require.Equal(t, "entra", r.user(id).DeactivatedBy, "to deactivate for good, the identity provider must do it")
	deactivate()
	require.Equal(t, "entra", r.user(id).DeactivatedBy)
	activate()
	require.Equal(t, scim.StatusActive, r.status(id), "a host may activate one that is deactivated")
	require.Empty(t, r.user(id).DeactivatedBy)
	r.still(activate)
	r.patch(id, set("active", false))
	require.Equal(t, scim.StatusDeactivated, r.status(id))

	bob, cat := r.create(person("bob")), r.create(person("cat"))
	require.Equal(t, scim.StatusHeld, r.status(cat))
	_, err := r.dir.Activate(ctx, acme, cat)
	require.ErrorIs(t, err, scim.ErrSeats)
	_, err = r.dir.Activate(ctx, acme, id)
	require.ErrorIs(t, err, scim.ErrSeats)
	_, err = r.dir.Deactivate(ctx, acme, bob)
	require.NoError(t, err)
	_, err = r.dir.Activate(ctx, acme, cat)
	require.NoError(t, err, "or held")
	_, err = r.dir.Deactivate(ctx, acme, "nobody")
	require.ErrorIs(t, err, scim.ErrNotFound)
}

const objectID = "0123456789abcdef0123456789ABCDEF"

func TestP3_7_SoftDeleteRenames(t *testing.T) {
	t.Parallel()
	renamed := objectID + "ann@acme.example"
	type rename struct {
		user  obj
		email string
		ops   []obj
	}
	each(t, map[string]rename{
		"with an e-mail of its own": {person("ann"), "ann@acme.example", []obj{set("userName", renamed), set("active", false)}},
		"active first":              {person("ann"), "ann@acme.example", []obj{set("active", "False"), set("userName", renamed)}},
		"pathless":                  {person("ann"), "ann@acme.example", []obj{set("", obj{"active": false, "userName": renamed})}},
		"e-mail from userName":      {obj{"userName": "ann@acme.example"}, "ann@acme.example", []obj{set("userName", renamed), set("active", false)}},
		"e-mail renamed too": {person("ann"), "ann@acme.example", []obj{
			set("userName", renamed), set("active", false), set(`emails[type eq "work"].value`, renamed),
		}},
	}, func(t *testing.T, c rename) {
		r := newRig(t)
		id := r.create(c.user)
		p := r.patch(id, c.ops...)
		require.Equal(t, renamed, p.at("userName"), "returned as sent")
		require.Equal(t, renamed, r.get(id).at("userName"))
		require.Len(t, r.find("/Users", `userName eq "`+renamed+`"`), 1)
		require.Equal(t, scim.StatusDeactivated, r.status(id))
		u := r.user(id)
		require.Equal(t, "ann@acme.example", u.Login, "the host's login name stays what it was")
		require.Equal(t, c.email, u.Email, "and the e-mail address")
		r.still(func() { r.patch(id, c.ops...) })
		r.patch(id, set("title", "x"))
		require.Equal(t, "ann@acme.example", r.user(id).Login, "also after another write")
		require.Equal(t, c.email, r.user(id).Email)

		back := r.patch(id, set("userName", "ann.new@acme.example"), set("active", true))
		require.Equal(t, "ann.new@acme.example", back.at("userName"))
		require.Equal(t, "ann.new@acme.example", r.user(id).Login, "the rename back is an ordinary update")
		require.Equal(t, scim.StatusActive, r.status(id))
	})
}

// TestP3_7_SoftDeleteOfAHeldUser: on the wire who is held is inactive already, so that
// nothing but the new name is sent. Nobody may let the leaver in afterwards.
func TestP3_7_SoftDeleteOfAHeldUser(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setSeats(0)
	id := r.create(person("ann"))
	require.Equal(t, scim.StatusHeld, r.status(id))
	require.Equal(t, false, r.patch(id, set("userName", objectID+"ann@acme.example")).at("active"))
	require.Equal(t, scim.StatusDeactivated, r.status(id))
	require.Equal(t, "ann@acme.example", r.user(id).Login)
	require.Equal(t, "entra", r.user(id).DeactivatedBy)
	r.setSeats(5)
	activated, err := r.dir.ActivateHeld(context.Background(), acme)
	require.NoError(t, err)
	require.Empty(t, activated)
	r.patch(id, set("userName", "ann@acme.example"), set("active", true))
	require.Equal(t, scim.StatusActive, r.status(id), "restored")

	r.setSeats(0)
	bob := r.create(person("bob"))
	r.patch(bob, set("userName", "robert@acme.example"))
	require.Equal(t, scim.StatusHeld, r.status(bob), "another name is none")
	r.patch(bob, set("userName", objectID+"robert@acme.example"))
	r.patch(bob, set("active", true))
	r.patch(bob, set("title", "x"))
	require.Equal(t, scim.StatusHeld, r.status(bob), "active again before the name is")
}

func TestP3_7_WhatIsNoSoftDelete(t *testing.T) {
	t.Parallel()
	for name, to := range map[string]string{
		"another name behind":   objectID + "bob@acme.example",
		"31 digits":             objectID[:31] + "ann@acme.example",
		"a letter that is none": "g" + objectID[:31] + "ann@acme.example",
	} {
		r := newRig(t)
		id := r.create(person("ann"))
		r.patch(id, set("userName", to), set("active", false))
		require.Equal(t, to, r.user(id).Login, name)
		require.Equal(t, "ann@acme.example", r.user(id).Email, name)
	}
}

func TestP3_8_DeactivationIsNotLost(t *testing.T) {
	t.Parallel()
	cost := func(c *scim.Config) {
		rows := scim.ProductAttributes()
		for i := range rows {
			if rows[i].Name == "costCenter" {
				rows[i].Need = scim.Mandatory
			}
		}
		c.Attributes = rows
	}
	off, user := set("active", false), person("ann", obj{"userName": "ann", ent: obj{"costCenter": "C1"}})
	put := func(over obj) any { return merged(user, obj{"active": "False"}, over) }
	type emptied struct {
		method string
		body   any
		names  string // what the warning names
	}
	each(t, map[string]emptied{
		"userName emptied":   {"PATCH", patch(off, set("userName", "")), "userName"},
		"in the other order": {"PATCH", patch(set("userName", ""), off), "userName"},
		"userName removed":   {"PATCH", patch(remove("userName"), off), "userName"},
		"userName null":      {"PATCH", patch(set("", obj{"userName": nil, "active": false})), "userName"},
		"userName blank":     {"PATCH", patch(set("userName", "  "), off), "userName"},
		"e-mails removed":    {"PATCH", patch(remove("emails"), off), "emails"},
		"e-mail removed":     {"PATCH", patch(remove(`emails[type eq "work"]`), off), "emails"},
		"e-mail emptied":     {"PATCH", patch(set(`emails[type eq "work"].value`, ""), off), "emails"},
		"one's own emptied":  {"PATCH", patch(set(ent+":costCenter", ""), off), "costCenter"},
		"PUT without name":   {"PUT", put(obj{"userName": nil}), "userName"},
		"PUT without e-mail": {"PUT", put(obj{"emails": nil}), "emails"},
		"PUT with nothing":   {"PUT", put(obj{"emails": list{}, "userName": "", ent: nil}), "userName emails costCenter"},
	}, func(t *testing.T, c emptied) {
		r := newRig(t, cost)
		id := r.create(user)
		p := r.ok(200, c.method, "/Users/"+id, c.body)
		require.Equal(t, false, p.at("active"), "the deactivation holds")
		require.Equal(t, "ann", p.at("userName"), "the old value is kept")
		require.Equal(t, "ann@acme.example", p.at("emails", 0, "value"))
		require.Equal(t, "C1", p.at(ent, "costCenter"))
		require.Equal(t, "ann@acme.example", r.user(id).Email)
		require.True(t, r.last().EndsAccess())
		var named []string
		for _, w := range r.view(id).Warnings {
			named = append(named, w.Attribute)
		}
		require.Equal(t, c.names, strings.Join(named, " "), "with a warning")
		require.Len(t, r.last().Warnings, len(named), "also in the log")
		r.still(func() { r.ok(200, c.method, "/Users/"+id, c.body) })

		r.ok(200, "PUT", "/Users/"+id, merged(user, obj{"userName": "ann2", "emails": list{mail("ann2@acme.example")}, ent: obj{"costCenter": "C2"}}))
		require.Empty(t, r.view(id).Warnings, "gone once the value was written again")
	})
}

func TestP3_8_AnAddressThatTheUserNameWas(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]change{
		"PUT":   {"PUT", obj{"userName": "ann", "active": false}},
		"PATCH": {"PATCH", patch(set("userName", "ann"), set("active", false))},
	} {
		r := newRig(t)
		id := r.create(obj{"userName": "ann@acme.example"})
		user := "/Users/" + id
		r.ok(200, c.method, user, c.body)
		require.Equal(t, scim.StatusDeactivated, r.status(id), name)
		require.Equal(t, "ann@acme.example", r.user(id).Email, "the old value is kept")
		require.Len(t, r.view(id).Warnings, 1)
		r.still(func() { r.ok(200, c.method, user, c.body) })
		r.still(func() { r.ok(200, "PUT", user, r.get(id).body) })
		r.patch(id, set("title", "x"))
		require.Equal(t, "ann@acme.example", r.user(id).Email, "also after another write")
		require.Equal(t, id, r.create(person("ann")), "and it is found by it")
	}
}

func TestP3_8_WithoutADeactivation(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create(person("ann", obj{"userName": "ann"}))
	user := "/Users/" + id
	each := func(kind string, body any) { r.refused(400, kind, "PATCH", user, body) }
	each("invalidValue", patch(set("userName", "")))
	each("invalidValue", patch(set("userName", "  "), set("active", true)))
	each("mutability", patch(remove("userName")))
	each("mutability", patch(remove("emails")))
	each("mutability", patch(set("title", "x"), remove(`emails[type eq "work"]`)))
	each("invalidValue", patch(set("emails", list{})))
	each("invalidValue", patch(set("active", false), set("active", true), set("userName", "")))
	r.refused(400, "invalidValue", "PUT", user, obj{"userName": "ann"})
	r.refused(400, "invalidValue", "PUT", user, obj{"emails": list{mail("ann@acme.example")}})
	r.refused(400, "invalidValue", "POST", "/Users", obj{"active": false, "emails": list{mail("new@acme.example")}})
}

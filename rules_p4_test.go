package scim_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

func TestP4_1_Unique(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ann, bob := r.create(person("ann")), r.create(person("bob"))
	name := person("x", obj{"userName": "ANN@acme.EXAMPLE"})
	email := person("x", obj{"emails": list{mail("Ann@Acme.Example", "work")}})
	for attribute, body := range map[string]obj{"userName": name, "emails": email} {
		p := r.refused(409, "uniqueness", "POST", "/Users", body)
		require.Contains(t, p.detail(), attribute)
		p = r.refused(409, "uniqueness", "PUT", "/Users/"+bob, body)
		require.Contains(t, p.detail(), attribute)
	}
	p := r.refused(409, "uniqueness", "PATCH", "/Users/"+bob, patch(set("userName", "ann@ACME.example")))
	require.Contains(t, p.detail(), "userName")
	p = r.refused(409, "uniqueness", "PATCH", "/Users/"+bob, patch(set(`emails[type eq "work"].value`, "ann@ACME.example")))
	require.Contains(t, p.detail(), "emails")
	r.patch(ann, set("userName", "ANN@acme.example"))
	require.Equal(t, "ANN@acme.example", r.get(ann).at("userName"), "one's own in another case")
	r.patch(bob, op("add", "emails", mail("ann@acme.example", "home")))
	require.Equal(t, "bob@acme.example", r.user(bob).Email, "another e-mail address is not the work one")

	r.patch(ann, set("active", false))
	r.refused(409, "uniqueness", "PATCH", "/Users/"+bob, patch(set("userName", "ann@acme.example")))
	r.ok(204, "DELETE", "/Users/"+ann, nil)
	r.patch(bob, set("userName", "ann@acme.example"))
	for _, same := range [][2]string{{"straße@acme.example", "STRASSE@acme.example"}, {"É@acme.example", "e\u0301@acme.example"}} {
		r.create(obj{"userName": same[0]})
		r.refused(409, "uniqueness", "POST", "/Users", obj{"userName": same[1]})
	}
}

func TestP4_1_HostToo(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t)
	r.create(person("ann"))
	for attribute, n := range map[string]scim.NewUser{
		"userName": {UserName: "ANN@acme.example", Email: "x@acme.example"},
		"emails":   {UserName: "x", Email: "ANN@acme.example"},
	} {
		r.still(func() {
			_, err := r.dir.CreateUser(ctx, acme, n)
			var conflict *scim.ConflictError
			require.ErrorAs(t, err, &conflict)
			require.Equal(t, attribute, conflict.Attribute)
		})
	}
	for _, n := range []scim.NewUser{{}, {UserName: "no-address"}, {UserName: " ", Email: "x@acme.example"}} {
		_, err := r.dir.CreateUser(ctx, acme, n)
		var bad *scim.Error
		require.ErrorAs(t, err, &bad)
	}
}

func TestP4_2_Link(t *testing.T) {
	t.Parallel()
	each(t, map[string]obj{
		"by e-mail":               person("ann", obj{"userName": "annie"}),
		"by e-mail in any case":   {"userName": "annie", "emails": list{mail("ANN@ACME.EXAMPLE", "work")}},
		"by a userName that is":   {"userName": "Ann@acme.example"},
		"by userName":             {"userName": "ANN.OWN", "emails": list{mail("else@acme.example")}},
		"by both":                 person("ann", obj{"userName": "ann.own"}),
		"and deactivated by that": person("ann", obj{"active": "False"}),
	}, func(t *testing.T, body obj) {
		r := newRig(t)
		r.setSeats(1)
		own := r.host("ann.own", "ann@acme.example")
		staff := r.group("Staff", own.ID)
		for _, f := range []string{`userName eq "ann.own"`, `emails eq "ann@acme.example"`, `active eq true`} {
			require.Len(t, r.find("/Users", f), 1, "visible to filters")
		}
		p := r.ok(201, "POST", "/Users", merged(body, obj{"title": "Chief", ent: obj{"department": "Sales"}}))
		require.Equal(t, own.ID, p.id(), "with the existing id")
		require.Equal(t, body["userName"], p.at("userName"), "the attributes are taken over")
		require.Equal(t, "Chief", p.at("title"))
		require.Equal(t, body["active"] == nil, p.at("active"))
		u := r.user(own.ID)
		require.True(t, u.Managed, "managed from then on")
		require.Equal(t, "entra", u.Connection)
		require.Len(t, r.folders(scim.RootDepartment), 1)
		require.Equal(t, []string{own.ID}, r.members(staff))
		require.Equal(t, map[bool]int{true: 1}[body["active"] == nil], r.licence().Used)
		require.Equal(t, scim.UserLinked, r.last().Kind, "an event of its own")
		if r.status(own.ID) == scim.StatusActive {
			r.refused(409, "uniqueness", "POST", "/Users", body)
		}
	})
}

func TestP4_2_ByIdToo(t *testing.T) {
	t.Parallel()
	each(t, map[string]change{
		"PATCH":                       {"PATCH", patch(set("title", "x"))},
		"PATCH that changes nothing":  {"PATCH", patch(set("active", true))},
		"PUT":                         {"PUT", person("ann")},
		"PATCH of what is not stored": {"PATCH", patch(set("shoeSize", 1))},
	}, func(t *testing.T, c change) {
		r := newRig(t)
		own := r.host("ann", "ann@acme.example")
		r.ok(200, c.method, "/Users/"+own.ID, c.body)
		require.True(t, r.user(own.ID).Managed)
		require.Equal(t, "entra", r.user(own.ID).Connection)
		r.refused(409, "uniqueness", "POST", "/Users", person("ann"))
	})
	r := newRig(t)
	own := r.host("ann", "ann@acme.example")
	r.still(func() {
		r.get(own.ID)
		r.refused(400, "invalidValue", "POST", "/Groups", obj{"displayName": "G", "members": refs(own.ID, "nobody")})
	})
	require.False(t, r.user(own.ID).Managed, "reading is not managing")
}

func TestP4_2_HostDeactivatedOneIsLinked(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setSeats(1)
	own := r.host("ann", "ann@acme.example")
	_, err := r.dir.Deactivate(context.Background(), acme, own.ID)
	require.NoError(t, err)
	r.create(person("bob"))
	p := r.ok(201, "POST", "/Users", person("ann"))
	require.Equal(t, own.ID, p.id())
	require.Equal(t, scim.StatusHeld, r.status(own.ID), "it needs a seat as any other")
	require.Equal(t, false, p.at("active"))
}

func TestP4_3_OtherEmailOtherIdentity(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	own := r.host("ann", "ann@acme.example")
	p := r.ok(201, "POST", "/Users", person("ann2", obj{"emails": list{mail("ann.private@acme.example", "work"), mail("ann@acme.example", "home")}}))
	require.NotEqual(t, own.ID, p.id(), "a second identity is created")
	require.False(t, r.user(own.ID).Managed)
	require.Equal(t, scim.UserCreated, r.last().Kind)
}

func TestP4_4_TwoMatches(t *testing.T) {
	t.Parallel()
	both := obj{"userName": "ann@acme.example", "emails": list{mail("bob@acme.example", "work")}}
	t.Run("two live ones", func(t *testing.T) {
		t.Parallel()
		for _, prepare := range []func(r *rig) (string, string){
			func(r *rig) (string, string) { return r.create(person("ann")), r.create(person("bob")) },
			func(r *rig) (string, string) {
				return r.host("ann@acme.example", "").ID, r.host("b", "bob@acme.example").ID
			},
			func(r *rig) (string, string) {
				return r.create(person("ann", obj{"active": false})), r.create(person("bob"))
			},
		} {
			r := newRig(t)
			ann, bob := prepare(r)
			p := r.refused(409, "uniqueness", "POST", "/Users", both)
			require.Contains(t, p.detail(), "emails", "naming the attribute")
			for _, secret := range []string{ann, bob, "ann@acme.example", "bob@acme.example"} {
				require.NotContains(t, p.raw, secret, "not the other person")
			}
		}
	})
	t.Run("a live one wins over an archived one", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		ann, bob := r.create(person("ann")), r.host("b", "bob@acme.example").ID
		r.ok(204, "DELETE", "/Users/"+ann, nil)
		require.Equal(t, bob, r.create(both))
		require.Equal(t, scim.StatusArchived, r.status(ann))

		r = newRig(t)
		ann, bob = r.host("ann@acme.example", "a@acme.example").ID, r.create(person("bob"))
		r.ok(204, "DELETE", "/Users/"+bob, nil)
		require.Equal(t, ann, r.create(both))
		r = newRig(t)
		ann, bob = r.create(person("ann")), r.create(person("bob"))
		r.ok(204, "DELETE", "/Users/"+bob, nil)
		r.refused(409, "uniqueness", "POST", "/Users", both)
		require.Equal(t, scim.StatusActive, r.status(ann))
	})
	t.Run("of two archived ones the e-mail decides", func(t *testing.T) {
		t.Parallel()
		for _, order := range []bool{true, false} {
			r := newRig(t)
			ann, bob := r.create(person("ann")), r.create(person("bob"))
			first, second := ann, bob
			if order {
				first, second = bob, ann
			}
			r.ok(204, "DELETE", "/Users/"+first, nil)
			r.ok(204, "DELETE", "/Users/"+second, nil)
			require.Equal(t, bob, r.create(both))
			require.Equal(t, scim.StatusArchived, r.status(ann))
		}
	})
}

func TestP4_5_LinkPolicy(t *testing.T) {
	t.Parallel()
	r := newRig(t, with(scim.Policy{Link: scim.LinkNever}))
	own := r.host("ann", "ann@acme.example")
	p := r.refused(409, "uniqueness", "POST", "/Users", person("ann2", obj{"emails": list{mail("ann@acme.example")}}))
	require.Contains(t, p.detail(), "emails")
	r.refused(409, "uniqueness", "POST", "/Users", obj{"userName": "ANN", "emails": list{mail("x@acme.example")}})
	require.False(t, r.user(own.ID).Managed)
	id := r.create(person("bob"))
	r.ok(204, "DELETE", "/Users/"+id, nil)
	require.Equal(t, id, r.create(person("bob")), "bringing back is another policy")
}

func TestP4_5_BringBackPolicy(t *testing.T) {
	t.Parallel()
	type back struct {
		policy      scim.BringBackPolicy
		first, then string // externalId
		brings      bool
	}
	each(t, map[string]back{
		"on name or e-mail":          {scim.OnNameOrEmail, "x-1", "x-2", true},
		"with the same externalId":   {scim.OnExternalID, "x-1", "x-1", true},
		"with another externalId":    {scim.OnExternalID, "x-1", "x-2", false},
		"externalId in another case": {scim.OnExternalID, "x-1", "X-1", false},
		"without an externalId":      {scim.OnExternalID, "", "", false},
		"with one only now":          {scim.OnExternalID, "", "x-1", false},
		"never":                      {scim.Never, "x-1", "x-1", false},
	}, func(t *testing.T, c back) {
		ext := func(s string) obj { return obj{"externalId": s} }
		r := newRig(t, with(scim.Policy{BringBack: c.policy}))
		id := r.create(person("ann", ext(c.first)))
		r.ok(204, "DELETE", "/Users/"+id, nil)
		again := r.create(person("ann", ext(c.then)))
		require.Equal(t, c.brings, again == id)
		if !c.brings {
			require.Equal(t, scim.StatusArchived, r.status(id))
			require.Equal(t, scim.UserCreated, r.last().Kind)
		}

		r = newRig(t, with(scim.Policy{BringBack: c.policy}))
		id = r.create(person("bob", ext(c.first), obj{"active": false}))
		if c.brings {
			require.Equal(t, id, r.create(person("bob", ext(c.then))))
			return
		}
		r.refused(409, "uniqueness", "POST", "/Users", person("bob", ext(c.then)))
	})
}

func TestP4_5_NeverAcrossTenants(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	own := r.host("own", "own@acme.example")
	gone, off := r.create(person("gone")), r.create(person("off", obj{"active": false}))
	r.ok(204, "DELETE", "/Users/"+gone, nil)
	before := r.dumpOf(acme)
	for id, name := range map[string]string{own.ID: "own", gone: "gone", off: "off"} {
		f := r.as(other)
		require.NotEqual(t, id, f.create(person(name)))
		require.Equal(t, scim.UserCreated, f.last().Kind)
	}
	r.same(map[scim.Tenant]state{acme: before}, map[scim.Tenant]state{acme: r.dumpOf(acme)})
}

func TestP4_5_SharedEmails(t *testing.T) {
	t.Parallel()
	shared := obj{"emails": list{mail("desk@acme.example", "work")}}
	r := newRig(t)
	r.create(person("ann", shared))
	r.refused(409, "uniqueness", "POST", "/Users", person("bob", shared))

	r = newRig(t, with(scim.Policy{SharedEmails: true}))
	ann, bob := r.create(person("ann", shared)), r.create(person("bob", shared))
	require.NotEqual(t, ann, bob)
	require.Equal(t, "desk@acme.example", r.user(bob).Email)
	require.Len(t, r.find("/Users", `emails.value eq "DESK@acme.example"`), 2)
	r.refused(409, "uniqueness", "POST", "/Users", person("ann", shared))
	r.patch(ann, set("active", false))
	cat := r.create(person("cat", shared))
	require.NotContains(t, []string{ann, bob}, cat, "not matched by e-mail")
	require.Equal(t, ann, r.create(person("ann", shared)), "brought back by name")
	r.ok(204, "DELETE", "/Users/"+bob, nil)
	require.NotEqual(t, bob, r.create(person("dan", shared)))

	own := r.host("eve", "eve@acme.example")
	require.Equal(t, own.ID, r.create(person("eve2", obj{"emails": list{mail("EVE@acme.example", "work")}})), "accounts that the platform made itself are")
	require.Equal(t, scim.UserLinked, r.last().Kind)
}

package scim_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

const managerPath = ent + ":manager"

func reports(to any) obj { return obj{ent: obj{"manager": to}} }

func TestP8_1_NamedInFourWays(t *testing.T) {
	t.Parallel()
	each(t, map[string]string{
		"id": "", "externalId": "x-boss", "userName": "BOSS", "e-mail": "Boss@acme.example", "another e-mail": "boss@home.example",
	}, func(t *testing.T, value string) {
		r := newRig(t)
		boss := r.create(obj{"userName": "boss", "externalId": "x-boss", "displayName": "The Boss", "emails": list{
			mail("boss@acme.example", "work"), mail("boss@home.example", "home"),
		}})
		if value == "" {
			value = boss
		}
		ref := baseURL + "/Users/" + value
		linked := obj{"value": value, "displayName": "The Boss"}
		for name, sent := range map[string]any{"object": obj{"value": value}, "string": value, "list": list{obj{"value": value}}} {
			id := r.create(person(name, reports(sent)))
			require.Equal(t, linked, r.get(id).at(ent, "manager"), "as it was sent, with displayName once linked")
			require.Equal(t, boss, r.view(id).ManagerID)
			require.Equal(t, "The Boss", r.view(id).ManagerName)
			r.still(func() {
				r.patch(id, set(managerPath, sent), set(managerPath+".value", value))
				r.ok(200, "PUT", "/Users/"+id, r.get(id).body)
			})
		}
		id := r.create(person("ann"))
		p := r.patch(id, op("add", managerPath, obj{"value": value, "$ref": ref, "displayName": "Another"}))
		require.Equal(t, obj{"value": value, "$ref": ref, "displayName": "The Boss"}, p.at(ent, "manager"))
		p = r.patch(id, set(managerPath, "somebody else"))
		require.Equal(t, obj{"value": "somebody else"}, p.at(ent, "manager"), "$ref was of the former one")
		require.Nil(t, r.patch(id, remove(managerPath)).at(ent))
		require.Len(t, r.find("/Users", managerPath+` eq "`+value+`"`), 3)
		require.Len(t, r.find("/Users", managerPath+`.value eq "`+value+`"`), 3)
	})
}

func TestP8_1_WhoIsMeant(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first := r.create(person("one", obj{"externalId": "two@acme.example"}))
	second := r.create(person("two"))
	id := r.create(person("ann", reports("two@acme.example")))
	require.Equal(t, first, r.view(id).ManagerID, "an externalId before a userName")
	r.patch(id, set(managerPath, second))
	require.Equal(t, second, r.view(id).ManagerID)
	r.patch(second, set("externalId", "shared"))
	r.patch(first, set("externalId", "shared"))
	r.patch(id, set(managerPath, "shared"))
	require.Empty(t, r.view(id).ManagerID, "a name of two people names neither")
	r.as(other).create(person("boss", obj{"externalId": "x-boss"}))
	r.patch(id, set(managerPath, "x-boss"))
	require.Empty(t, r.view(id).ManagerID, "another tenant's")
}

func TestP8_2_LinkedWhenTheManagerAppears(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setSeats(10)
	ann := r.create(person("ann", reports("boss@acme.example")))
	require.Equal(t, obj{"value": "boss@acme.example"}, r.get(ann).at(ent, "manager"), "remembered")
	require.Empty(t, r.view(ann).ManagerID)
	require.Empty(t, r.view(ann).Warnings)
	bob := r.ok(201, "POST", "/Users", person("bob", reports("x-boss"))).id()
	r.patch(bob, set(managerPath, obj{"value": "nobody-knows"}))
	r.patch(bob, set(managerPath, obj{"value": "x-boss"}))

	boss := r.create(person("boss", obj{"externalId": "x-boss"}))
	linked := func() {
		t.Helper()
		for _, id := range []string{ann, bob} {
			require.Equal(t, boss, r.view(id).ManagerID)
			require.Equal(t, "Boss Example", r.get(id).at(ent, "manager", "displayName"))
		}
	}
	linked()
	r.patch(boss, set("active", false))
	linked()
	r.ok(204, "DELETE", "/Users/"+boss, nil)
	for _, id := range []string{ann, bob} {
		require.Empty(t, r.view(id).ManagerID, "when the manager is archived the link ends")
		require.Nil(t, r.get(id).at(ent, "manager", "displayName"))
		require.NotNil(t, r.get(id).at(ent, "manager", "value"))
	}
	require.Equal(t, boss, r.create(person("boss", obj{"externalId": "x-boss"})))
	linked()
}

func TestP8_3_NoOneManagesThemselves(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t)
	ann := r.create(person("ann", obj{"externalId": "x-ann"}, reports("ann@acme.example")))
	for _, self := range []string{ann, "x-ann", "ANN@acme.example"} {
		p := r.patch(ann, set(managerPath, self))
		require.Equal(t, obj{"value": self}, p.at(ent, "manager"), "returned as it was sent")
		require.Empty(t, r.view(ann).ManagerID)
		chain, err := r.dir.Managers(ctx, acme, ann)
		require.NoError(t, err)
		require.Empty(t, chain)
	}
	bob := r.create(person("bob", reports(ann)))
	cat := r.create(person("cat", reports(bob)))
	r.patch(ann, set(managerPath, cat))
	for id, want := range map[string][]string{ann: {cat, bob}, bob: {ann, cat}, cat: {bob, ann}} {
		chain, err := r.dir.Managers(ctx, acme, id)
		require.NoError(t, err)
		require.Equal(t, want, ids(chain), "walking up the chain always ends")
	}
	dan := r.create(person("dan", reports(cat)))
	chain, err := r.dir.Managers(ctx, acme, dan)
	require.NoError(t, err)
	require.Equal(t, []string{cat, bob, ann}, ids(chain), "also into a ring")
	_, err = r.dir.Managers(ctx, acme, "nobody")
	require.ErrorIs(t, err, scim.ErrNotFound)
}

func ids(users []*scim.User) []string {
	var out []string
	for _, u := range users {
		out = append(out, u.ID)
	}
	return out
}

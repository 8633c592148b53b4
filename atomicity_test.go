package scim_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// failure is an operation of a PATCH that has to fail.
type failure struct {
	status int
	kind   string
	op     any
}

// failures fail each in its own way.
func failures() map[string]failure {
	return map[string]failure{
		"invalidPath":             {400, "invalidPath", set("emails[type eq", "x")},
		"invalidPath of no list":  {400, "invalidPath", set(`name[type eq "x"].givenName`, "x")},
		"invalidPath of several":  {400, "invalidPath", set("phoneNumbers.value", "x")},
		"invalidPath in a value":  {400, "invalidPath", set("", obj{"emails[": "x"})},
		"invalidSyntax, no op":    {400, "invalidSyntax", obj{"path": "title", "value": "x"}},
		"invalidSyntax, no such":  {400, "invalidSyntax", op("move", "title", "x")},
		"invalidSyntax, no obj":   {400, "invalidSyntax", "replace"},
		"invalidValue, a type":    {400, "invalidValue", set("title", 7)},
		"invalidValue, a boolean": {400, "invalidValue", set("active", "perhaps")},
		"invalidValue, too long":  {400, "invalidValue", set("title", strings.Repeat("x", 4097))},
		"invalidValue, none":      {400, "invalidValue", obj{"op": "add", "path": "title"}},
		"invalidValue, mandatory": {400, "invalidValue", set("userName", "")},
		"invalidValue, pathless":  {400, "invalidValue", set("", "x")},
		"mutability of id":        {400, "mutability", set("id", "x")},
		"mutability of groups":    {400, "mutability", op("add", "groups", list{obj{"value": "x"}})},
		"mutability of meta":      {400, "mutability", set("meta.created", "2020-01-01T00:00:00Z")},
		"mutability of userName":  {400, "mutability", remove("userName")},
		"mutability of active":    {400, "mutability", remove("active")},
		"noTarget of an element":  {400, "noTarget", set(`emails[type eq "fax"]`, obj{"value": "x@acme.example"})},
		"noTarget of a filter":    {400, "noTarget", set(`emails[value co "zzz"].value`, "x@acme.example")},
		"noTarget without a path": {400, "noTarget", obj{"op": "remove"}},
		"uniqueness of userName":  {409, "uniqueness", set("userName", "BOB@acme.example")},
		"uniqueness of emails":    {409, "uniqueness", set(`emails[type eq "work"].value`, "bob@acme.example")},
	}
}

func TestAtomicPatchOfAUser(t *testing.T) {
	t.Parallel()
	for name, f := range failures() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			id := r.create(person("ann", in("Sales"), obj{"title": "Chief", "phoneNumbers": list{mail("1"), mail("2")}}))
			r.create(person("bob"))
			r.group("Staff", id)
			before := len(r.record())
			r.refused(f.status, f.kind, "PATCH", "/Users/"+id, obj{"Operations": list{
				set("nickName", "A"), set("title", "x"), op("add", "phoneNumbers", mail("3")), remove("name.givenName"),
				set(ent+":department", "Marketing"), set(ent+":manager", "boss"), remove(`phoneNumbers[value eq "1"]`),
				set("", obj{"displayName": "Ann", "externalId": "x"}), f.op,
			}})
			require.Equal(t, []scim.EventKind{scim.RequestRefused}, kinds(r.record()[before:]))
		})
	}
}

func TestAtomicPatchOfAGroup(t *testing.T) {
	t.Parallel()
	each(t, map[string]failure{
		"an unknown member":      {400, "invalidValue", op("add", "members", refs("nobody"))},
		"no member":              {400, "invalidValue", op("add", "members", list{7})},
		"a taken name":           {409, "uniqueness", set("displayName", "CREW")},
		"no name":                {400, "invalidValue", set("displayName", "")},
		"the name removed":       {400, "mutability", remove("displayName")},
		"a path that is none":    {400, "invalidPath", set("members[", "x")},
		"the id":                 {400, "mutability", set("id", "x")},
		"an element to replace":  {400, "noTarget", set(`members[display eq "zzz"]`, obj{"value": "x"})},
		"no such operation":      {400, "invalidSyntax", op("move", "members", "x")},
		"a filter of what is no": {400, "invalidPath", remove(`members[shoe eq "x"]`)},
		"a value too long":       {400, "invalidValue", set("externalId", strings.Repeat("x", 513))},
	}, func(t *testing.T, f failure) {
		r := newRig(t)
		ann, bob := r.create(person("ann")), r.create(person("bob"))
		staff := r.group("Staff", ann)
		r.group("Crew")
		before := len(r.record())
		r.refused(f.status, f.kind, "PATCH", "/Groups/"+staff, obj{"Operations": list{
			set("displayName", "Renamed"), op("add", "members", refs(bob, "new@acme.example")), op("remove", "members", refs(ann)),
			set("externalId", "x"), f.op,
		}})
		require.Equal(t, []scim.EventKind{scim.RequestRefused}, kinds(r.record()[before:]))
	})
}

func TestAtomicPut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create(person("ann", in("Sales")))
	r.create(person("bob"))
	for kind, over := range map[string]obj{
		"invalidValue": {"title": list{"a", "b"}},
		"invalidPath":  {"shoe size": 1},
		"uniqueness":   {"userName": "bob@acme.example"},
	} {
		status := map[bool]int{true: 409, false: 400}[kind == "uniqueness"]
		r.refused(status, kind, "PUT", "/Users/"+id, person("ann", over, obj{"nickName": "A", "active": false, ent: obj{"department": "X"}}))
	}
}

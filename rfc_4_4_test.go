package scim_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/elimity-com/scim/schema"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// returnedSchema has an attribute, and a part, of each way to be returned.
func returnedSchema(c *scim.Config) {
	text := func(name string, how schema.AttributeReturned) schema.SimpleParams {
		return schema.SimpleStringParams(schema.StringParams{Name: name, Returned: how})
	}
	parts := []schema.SimpleParams{
		text("value", schema.AttributeReturnedAlways()), text("usual", schema.AttributeReturnedDefault()),
		text("asked", schema.AttributeReturnedRequest()), text("hidden", schema.AttributeReturnedNever()),
	}
	c.Schemas = []schema.Schema{{ID: own, Attributes: []schema.CoreAttribute{
		schema.SimpleCoreAttribute(parts[0]), schema.SimpleCoreAttribute(parts[1]),
		schema.SimpleCoreAttribute(parts[2]), schema.SimpleCoreAttribute(parts[3]),
		schema.ComplexCoreAttribute(schema.ComplexParams{Name: "one", SubAttributes: parts}),
		schema.ComplexCoreAttribute(schema.ComplexParams{Name: "many", MultiValued: true, SubAttributes: parts}),
	}}}
}

// TestRFC44_Returned: what is always returned is, what is returned on request only
// then, and what never is, never, whatever attributes and excludedAttributes say
// (RFC 7643 section 7, RFC 7644 section 3.4.2.5).
func TestRFC44_Returned(t *testing.T) {
	t.Parallel()
	r := newRig(t, returnedSchema)
	all := obj{"value": "1", "usual": "2", "asked": "3", "hidden": "4"}
	body := person("ann", obj{own: merged(all, obj{"one": all, "many": list{all}})})
	id := r.create(body)
	value, usual := obj{"value": "1"}, obj{"value": "1", "usual": "2"}
	for query, want := range map[string]obj{
		"":                             merged(usual, obj{"one": usual, "many": list{usual}}),
		"attributes=userName":          value,
		"attributes=" + own + ":usual": usual,
		"attributes=" + own + ":asked,hidden,one.hidden":          {"value": "1", "asked": "3", "one": value},
		"attributes=" + own + ":one.usual," + own + ":many.asked": {"value": "1", "one": usual, "many": list{obj{"value": "1", "asked": "3"}}},
		"attributes=" + own: {"value": "1", "usual": "2", "asked": "3", "one": merged(usual, obj{"asked": "3"}), "many": list{merged(usual, obj{"asked": "3"})}},
		"excludedAttributes=" + own + ":value," + own + ":usual,one,many":  value,
		"excludedAttributes=" + own + ":one.value," + own + ":many.usual":  merged(usual, obj{"one": usual, "many": list{value}}),
		"excludedAttributes=" + own:                                        value,
		"excludedAttributes=" + scim.UserSchema + "," + own + ":one.usual": merged(usual, obj{"one": value, "many": list{usual}}),
	} {
		t.Run(query, func(t *testing.T) {
			r := r.in(t)
			for _, p := range []reply{
				r.ok(200, "GET", "/Users/"+id+"?"+query, nil),
				r.ok(200, "PUT", "/Users/"+id+"?"+query, body),
				r.ok(200, "PATCH", "/Users/"+id+"?"+query, patch()),
			} {
				require.Equal(t, want, p.at(own))
				require.Contains(t, p.at("schemas"), own)
				require.NotEmpty(t, p.id())
			}
			listed := r.ok(200, "GET", "/Users?"+query, nil)
			require.Equal(t, want, listed.at("Resources", 0, own))
		})
	}
}

// TestRFC44_Binary: binary values are base64, padded or not (RFC 7643 section
// 2.3.6), and come back as they were sent.
func TestRFC44_Binary(t *testing.T) {
	t.Parallel()
	r := newRig(t, everyAttribute)
	id := r.create(person("ann"))
	cert := func(v any) obj { return obj{"x509Certificates": list{obj{"value": v}}} }
	for _, good := range []string{"YUJj", "YUI=", "YUI", "YQ==", "YQ", "+/+/", "0000"} {
		require.Equal(t, good, r.patch(id, set("x509Certificates", list{obj{"value": good}})).at("x509Certificates", 0, "value"))
		require.Equal(t, good, r.patch(id, set(own+":seal", good)).at(own, "seal"))
	}
	for _, bad := range []string{
		"=", "====", "Y", "YUJjY", "YQ=", "YQ===", "YUI==", "YQ==YQ==", "YUJj=", "-_-_", "YU Jj", "YUJj\n", "-----BEGIN CERTIFICATE-----", "é000",
	} {
		for _, p := range []reply{
			r.refused(400, "invalidValue", "POST", "/Users", person("bob", cert(bad))),
			r.refused(400, "invalidValue", "PUT", "/Users/"+id, person("ann", cert(bad))),
			r.refused(400, "invalidValue", "PATCH", "/Users/"+id, patch(set(`x509Certificates[type eq "work"].value`, bad))),
			r.refused(400, "invalidValue", "PATCH", "/Users/"+id, patch(op("add", "", cert(bad)))),
		} {
			require.Contains(t, p.detail(), "x509Certificates.value")
		}
		p := r.refused(400, "invalidValue", "PATCH", "/Users/"+id, patch(set(own+":seal", bad)))
		require.Contains(t, p.detail(), own+":seal")
	}
	require.Nil(t, r.patch(id, set(own+":seal", "")).at(own), "an empty one is none")
	_, err := r.dir.UpdateUser(t.Context(), acme, id, func(u *scim.User) error { u.Extra = map[string]string{own + ":seal": "?"}; return nil })
	require.Error(t, err, "the host's too")
}

// TestRFC44_References: what refers to another resource here is found by GET (RFC
// 7643 section 2.3.7).
func TestRFC44_References(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ann := r.create(person("ann"))
	crew := r.group("Crew", ann)
	staff := r.group("Staff", ann, crew)
	found := 0
	for path, name := range map[string]string{"/Users/" + ann: "groups", "/Groups/" + staff: "members"} {
		for _, e := range r.ok(200, "GET", path, nil).at(name).(list) {
			found++
			other := r.ok(200, "GET", strings.TrimPrefix(at(e, "$ref").(string), baseURL), nil)
			require.Equal(t, at(e, "value"), other.id())
			kind := other.at("meta", "resourceType")
			if name == "groups" {
				require.Equal(t, "Group", kind)
				kind = "direct"
			}
			require.Equal(t, kind, at(e, "type"))
		}
	}
	require.Equal(t, 4, found)
}

// TestRFC44_CanonicalValues are suggestions: others are taken and returned (RFC
// 7643 section 7).
func TestRFC44_CanonicalValues(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.ok(201, "POST", "/Users", person("ann", obj{"phoneNumbers": list{mail("1", "WORK"), mail("2", "satellite")}}))
	require.Equal(t, list{mail("1", "WORK"), mail("2", "satellite")}, p.at("phoneNumbers"))
}

// immutableSchema has an attribute that is set once.
func immutableSchema(c *scim.Config) {
	text := func(name string, how schema.AttributeMutability) schema.CoreAttribute {
		return schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{Name: name, Mutability: how}))
	}
	c.Schemas = []schema.Schema{{ID: own, Attributes: []schema.CoreAttribute{
		text("origin", schema.AttributeMutabilityImmutable()), schema.ComplexCoreAttribute(schema.ComplexParams{
			Name: "birth", Mutability: schema.AttributeMutabilityImmutable(),
			SubAttributes: []schema.SimpleParams{schema.SimpleStringParams(schema.StringParams{Name: "town"})},
		}), text("level", schema.AttributeMutabilityReadOnly()),
		schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{
			Name: "pin", Mutability: schema.AttributeMutabilityWriteOnly(), Returned: schema.AttributeReturnedNever(),
		})),
	}}}
}

// TestRFC44_Mutability: what is read-only is not written, what is immutable is set
// once, what is write-only is never returned (RFC 7643 section 7, RFC 7644
// sections 3.5.1 and 3.5.2).
func TestRFC44_Mutability(t *testing.T) {
	t.Parallel()
	r := newRig(t, immutableSchema)
	p := r.ok(201, "POST", "/Users", person("ann", obj{own: obj{"level": "9", "pin": "4711"}}))
	user := "/Users/" + p.id()
	require.Nil(t, p.at(own, "level"))
	// Unset, it may be added, by each of the ways.
	for i, add := range []func(id string) reply{
		func(id string) reply { return r.patch(id, op("add", own+":origin", "HR")) },
		func(id string) reply { return r.patch(id, set(own+":origin", "HR")) },
		func(id string) reply { return r.patch(id, set("", obj{own: obj{"origin": "HR"}})) },
		func(id string) reply {
			return r.ok(200, "PUT", "/Users/"+id, person("u"+strconv.Itoa(3), obj{own: obj{"origin": "HR"}}))
		},
	} {
		require.Equal(t, "HR", add(r.create(person("u"+strconv.Itoa(i)))).at(own, "origin"))
	}
	r.patch(p.id(), set(own+":origin", "HR"))
	// Set, it stays: the same value is no change, another one and none are refused.
	r.still(func() {
		r.patch(p.id(), set(own+":origin", "HR"))
		r.ok(200, "PUT", user, person("ann", obj{own: obj{"origin": "HR", "pin": "4711"}}))
	})
	r.patch(p.id(), set(own+":birth", obj{"town": "Ulm"}))
	require.Equal(t, obj{"origin": "HR", "birth": obj{"town": "Ulm"}}, r.ok(200, "PUT", user, person("ann")).at(own), "left out of a PUT, it stays")
	r.refused(400, "mutability", "PATCH", user, patch(set(own+":birth.town", "Bonn")))
	r.refused(400, "mutability", "PUT", user, person("ann", obj{own: obj{"birth": obj{"town": "Bonn"}}}))
	for _, c := range []change{
		{"PATCH", patch(set(own+":origin", "IT"))},
		{"PATCH", patch(op("add", own+":origin", "IT"))},
		{"PATCH", patch(remove(own + ":origin"))},
		{"PATCH", patch(set("", obj{own: obj{"origin": "IT"}}))},
		{"PATCH", patch(remove(own))},
		{"PUT", person("ann", obj{own: obj{"origin": "IT"}})},
	} {
		p := r.refused(400, "mutability", c.method, user, c.body)
		require.Contains(t, p.detail(), "immutable")
	}
	r.refused(400, "mutability", "PATCH", user, patch(set(own+":level", "9")))
	for _, query := range []string{"", "?attributes=" + own, "?attributes=" + own + ":pin"} {
		require.NotContains(t, r.ok(200, "GET", user+query, nil).raw, "4711")
	}
}

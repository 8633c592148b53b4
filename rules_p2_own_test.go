package scim_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"
	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// This file tests P2.2 on attributes of the host's own.

const own = "urn:example:acme:2.0:User"

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

// ownRows adds an attribute of every type to the product's table.
func ownRows(c *scim.Config) {
	c.Attributes = append(
		scim.ProductAttributes(),
		scim.Attribute{Name: "badge", Path: own + ":badge"},
		scim.Attribute{Name: "remote", Path: own + ":remote", Type: scim.Boolean},
		scim.Attribute{Name: "floor", Path: own + ":floor", Type: scim.Integer},
		scim.Attribute{Name: "quota", Path: own + ":quota", Type: scim.Decimal},
		scim.Attribute{Name: "joined", Path: own + ":joined", Type: scim.DateTime},
		scim.Attribute{Name: "home", Path: own + ":home", Type: scim.Reference},
		scim.Attribute{Name: "seal", Path: own + ":seal", Type: scim.Binary},
		scim.Attribute{Name: "born", Path: own + ":born", Type: scim.Date},
	)
}

// ownSchemas is a schema of the host's own, as one hands it over.
func ownSchemas(urn string) []schema.Schema {
	str := func(name string) schema.SimpleParams {
		return schema.SimpleStringParams(schema.StringParams{Name: name})
	}
	return []schema.Schema{{
		ID: urn, Name: optional.NewString("Acme User"),
		Attributes: []schema.CoreAttribute{
			schema.ComplexCoreAttribute(schema.ComplexParams{Name: "desk", SubAttributes: []schema.SimpleParams{
				str("room"), schema.SimpleNumberParams(schema.NumberParams{Name: "floor", Type: schema.AttributeTypeInteger()}),
			}}),
			schema.ComplexCoreAttribute(schema.ComplexParams{Name: "devices", MultiValued: true, SubAttributes: []schema.SimpleParams{
				str("value"), str("type"), schema.SimpleBooleanParams(schema.BooleanParams{Name: "primary"}),
				schema.SimpleNumberParams(schema.NumberParams{Name: "weight", Type: schema.AttributeTypeDecimal()}),
				schema.SimpleDateTimeParams(schema.DateTimeParams{Name: "since"}),
			}}),
			schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{Name: "tags", MultiValued: true})),
			schema.SimpleCoreAttribute(schema.SimpleNumberParams(schema.NumberParams{Name: "lucky", MultiValued: true, Type: schema.AttributeTypeInteger()})),
			schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{Name: "code", CaseExact: true})),
		},
	}}
}

// ownCase is what is tried on one attribute; values are JSON.
type ownCase struct {
	good, next string
	bad        []string
	filters    map[string]bool
}

func ownCases() map[string]ownCase {
	return map[string]ownCase{
		"badge": {`"Ü-7"`, `"8"`, []string{`7`, `true`, `{"a":1}`, `["x","y"]`}, map[string]bool{
			`eq "ü-7"`: true, `eq "7"`: false, `co "-"`: true, `pr`: true, `ne "8"`: true, `gt "A"`: true, `eq 7`: false,
		}},
		"remote": {`false`, `true`, []string{`0`, `"perhaps"`, `[true,false]`}, map[string]bool{
			`eq false`: true, `eq true`: false, `eq "False"`: true, `pr`: true, `ne true`: true,
		}},
		"floor": {`12`, `-3`, []string{`1.5`, `"12"`, `true`, `1e3`}, map[string]bool{
			`eq 12`: true, `gt 9`: true, `lt 9`: false, `ge 12`: true, `le 11`: false, `ne 3`: true,
		}},
		"quota": {`1.50`, `2e3`, []string{`"1.5"`, `false`}, map[string]bool{
			`eq 1.5`: true, `gt 1`: true, `lt 1.49`: false,
		}},
		"joined": {`"2024-02-29T12:00:00+02:00"`, `"2025-01-01T00:00:00Z"`, []string{`"yesterday"`, `7`, `"2024-02-30T00:00:00Z"`}, map[string]bool{
			`eq "2024-02-29T10:00:00Z"`: true, `gt "2024-02-29T10:00:01Z"`: false, `lt "2024-03-01T00:00:00Z"`: true,
		}},
		"home": {`"https://example.com/Ann"`, `"urn:x:y"`, []string{`7`}, map[string]bool{
			`eq "https://example.com/Ann"`: true, `sw "https://"`: true, `pr`: true,
		}},
		"seal": {`"aGVsbG8="`, `"d29ybGQ="`, []string{`7`}, map[string]bool{`eq "aGVsbG8="`: true, `pr`: true}},
		"born": {`"2001-02-03"`, `"2001-02-04"`, []string{`7`}, map[string]bool{
			`eq "2001-02-03"`: true, `lt "2002-01-01"`: true, `gt "2002-01-01"`: false,
		}},
	}
}

func TestP2_2_OwnAttributesOfEveryType(t *testing.T) {
	t.Parallel()
	for name, c := range ownCases() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, ownRows)
			good, next := json.RawMessage(c.good), json.RawMessage(c.next)
			with := func(v json.RawMessage) obj { return person("ann", obj{own: obj{name: v}}) }
			has := func(p reply, v json.RawMessage) {
				t.Helper()
				require.Contains(t, p.raw, `"`+name+`":`+string(v), "verbatim")
				require.Equal(t, list{scim.UserSchema, own}, p.at("schemas"))
			}
			p := r.ok(201, "POST", "/Users", with(good))
			id, user := p.id(), "/Users/"+p.id()
			has(p, good)
			has(r.get(id), good)
			r.still(func() { r.ok(200, "PUT", user, r.get(id).raw); r.patch(id, set(own+":"+name, good)) })

			for f, selected := range c.filters {
				if name == "badge" && f == "eq 7" {
					r.refused(400, "invalidFilter", "GET", "/Users?filter="+escape(own+":"+name+" "+f), nil)
					continue
				}
				require.Len(t, r.find("/Users", own+":"+name+" "+f), map[bool]int{true: 1}[selected], f)
			}
			require.Contains(t, r.ok(200, "GET", user+"?attributes="+own+":"+name, nil).raw, c.good)
			require.Equal(t, []string{"id", "schemas", own}, keys(r.ok(200, "GET", user+"?attributes="+own, nil).body))
			require.Nil(t, r.ok(200, "GET", user+"?excludedAttributes="+own+":"+name, nil).at(own))

			has(r.patch(id, set(own+":"+name, next)), next)
			has(r.patch(id, set("", obj{own: obj{strings.ToUpper(name): good}})), good)
			has(r.patch(id, op("Add", "", obj{own + ":" + name: next})), next)
			has(r.ok(200, "PUT", user, with(good)), good)
			for _, bad := range c.bad {
				r.refused(400, "invalidValue", "PATCH", user, patch(set(own+":"+name, json.RawMessage(bad))))
				r.refused(400, "invalidValue", "PUT", user, with(json.RawMessage(bad)))
			}
			require.Nil(t, r.patch(id, remove(own+":"+name)).at(own))
			require.Empty(t, r.find("/Users", own+":"+name+" pr"))
			has(r.patch(id, set(own, obj{name: good})), good)
			require.Nil(t, r.ok(200, "PUT", user, person("ann")).at(own), "absent in a PUT is cleared")
		})
	}
}

// whole is a user with something in every attribute of ownSchemas.
func whole() obj {
	return person("ann", obj{own: obj{
		"desk":    obj{"room": "R1", "floor": 3},
		"devices": list{obj{"value": "d1", "type": "phone", "primary": true, "weight": 0.25, "since": "2024-01-01T00:00:00Z"}, obj{"value": "d2"}},
		"tags":    list{"red", "green"},
		"lucky":   list{7, 13},
		"code":    "aB",
	}})
}

func TestP2_2_OwnSchema(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *scim.Config) { c.Schemas = ownSchemas(own) })
	p := r.ok(201, "POST", "/Users", whole())
	id := p.id()
	want := roundTrip(t, whole()[own])
	require.Empty(t, cmp.Diff(want, p.at(own)))
	r.still(func() { r.ok(200, "PUT", "/Users/"+id, p.body) })
	require.Equal(t, 200, r.do("GET", "/Schemas/"+own, nil).status, "shown to clients")

	for f, n := range map[string]int{
		own + `:desk.floor gt 2`: 1, own + `:desk[room eq "r1"]`: 1, own + `:desk.room eq "R2"`: 0,
		own + `:devices eq "d2"`: 1, own + `:devices[type eq "phone" and weight lt 1]`: 1,
		own + `:devices[value eq "d2" and weight lt 1]`: 0, own + `:devices.since ge "2024-01-01T00:00:00Z"`: 1,
		own + `:tags eq "RED"`: 1, own + `:tags eq "blue"`: 0, own + `:lucky gt 12`: 1, own + `:lucky eq 8`: 0,
		own + `:code eq "aB"`: 1, own + `:code eq "ab"`: 0,
		own + `:tags pr`: 1, own + `:lucky pr`: 1, own + `:tags ne null`: 1, own + `:tags eq null`: 0, own + `:devices pr`: 1, `schemas pr`: 1,
	} {
		require.Len(t, r.find("/Users", f), n, f)
	}
	r.patch(id, set(own+":desk.room", "R9"), set(own+`:devices[value eq "d2"].weight`, 2.5),
		op("add", own+":tags", list{"blue", "red"}), op("remove", own+`:devices[type eq "phone"]`, nil), set(own+":lucky", list{1}))
	want = roundTrip(t, obj{
		"desk": obj{"room": "R9", "floor": 3}, "devices": list{obj{"value": "d2", "weight": 2.5}},
		"tags": list{"red", "green", "blue"}, "lucky": list{1}, "code": "aB",
	})
	require.Empty(t, cmp.Diff(want, r.get(id).at(own)))
	r.patch(id, op("add", own+`:devices[type eq "laptop"].value`, "l1"), op("remove", own+":tags", list{"red"}))
	require.Equal(t, obj{"value": "l1", "type": "laptop"}, r.get(id).at(own, "devices", 1))
	require.Equal(t, list{"green", "blue"}, r.get(id).at(own, "tags"))
	r.patch(id, remove(own+":desk"), remove(own+":devices"), remove(own+":tags"), remove(own+":lucky"), remove(own+":code"))
	require.Equal(t, list{scim.UserSchema}, r.get(id).at("schemas"))
	for _, bad := range []obj{{"desk": obj{"floor": "x"}}, {"devices": list{obj{"since": "x", "value": "v"}}}, {"lucky": list{"x"}}, {"tags": list{1}}} {
		r.refused(400, "invalidValue", "PATCH", "/Users/"+id, patch(set("", obj{own: bad})))
	}
}

// roundTrip is v as a client reads it.
func roundTrip(t *testing.T, v any) any {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	var out any
	require.NoError(t, json.Unmarshal(b, &out))
	return out
}

func TestP2_2_OwnSchemaIsReturnedAsItSays(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *scim.Config) {
		c.Schemas = []schema.Schema{{ID: own, Attributes: []schema.CoreAttribute{
			schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{Name: "pin", Mutability: schema.AttributeMutabilityWriteOnly(), Returned: schema.AttributeReturnedNever()})),
			schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{Name: "level", Mutability: schema.AttributeMutabilityReadOnly()})),
		}}}
	})
	p := r.ok(201, "POST", "/Users", person("ann", obj{own: obj{"pin": "4711", "level": "9"}}))
	require.NotContains(t, p.raw, "4711", "returned never")
	require.NotContains(t, r.ok(200, "GET", "/Users/"+p.id()+"?attributes="+own+":pin", nil).raw, "4711")
	require.Nil(t, p.at(own, "level"), "read-only: a client does not write it")
	r.refused(400, "mutability", "PATCH", "/Users/"+p.id(), patch(set(own+":level", "9")))
}

func TestP2_2_AllOfRFC7643(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *scim.Config) { c.Attributes = scim.RFCAttributes() })
	full := person("ann", obj{
		"externalId": "x-1", "displayName": "Ann", "nickName": "A", "profileUrl": "https://example.com/ann", "title": "Chief",
		"userType": "Employee", "preferredLanguage": "en-GB", "locale": "en_GB", "timezone": "Europe/London", "active": true,
		"name":             obj{"formatted": "Dr Ann M Example", "familyName": "Example", "givenName": "Ann", "middleName": "M", "honorificPrefix": "Dr", "honorificSuffix": "PhD"},
		"phoneNumbers":     list{obj{"value": "+44 1", "type": "work", "display": "desk"}, obj{"value": "+44 2", "type": "fax", "primary": false}},
		"ims":              list{obj{"value": "ann", "type": "xmpp"}},
		"photos":           list{obj{"value": "https://example.com/ann.png", "type": "photo", "primary": true}},
		"addresses":        list{obj{"formatted": "1 St\nX", "streetAddress": "1 St", "locality": "X", "region": "Y", "postalCode": "Z", "country": "GB", "type": "work", "primary": true}},
		"entitlements":     list{obj{"value": "e1", "display": "E"}},
		"roles":            list{obj{"value": "r1", "type": "t", "primary": true}, obj{"value": "r2"}},
		"x509Certificates": list{obj{"value": "aGVsbG8="}},
		ent: obj{
			"employeeNumber": "7", "costCenter": "C", "organization": "O", "division": "D", "department": "Sales",
			"manager": obj{"value": "boss", "$ref": "../Users/boss"},
		},
	})
	p := r.ok(201, "POST", "/Users", full)
	want, _ := roundTrip(t, full).(obj)
	got := maps.Clone(p.body)
	delete(got, "id")
	delete(got, "meta")
	want["schemas"] = list{scim.UserSchema, ent}
	require.Empty(t, cmp.Diff(want, got), "verbatim")
	r.still(func() { r.ok(200, "PUT", "/Users/"+p.id(), p.body) })
	require.Len(t, r.find("/Users", `roles eq "R1" and photos.type eq "photo" and ims[type eq "xmpp"] and profileUrl pr`), 1)
	require.Len(t, r.find("/Users", `x509Certificates.value eq "aGVsbG8="`), 1)
	p = r.patch(p.id(), op("add", `roles[type eq "extra"].value`, "r3"), remove("photos"), set(`roles[value eq "r1"].primary`, "False"), remove("ims"))
	require.Equal(t, list{obj{"value": "r1", "type": "t", "primary": false}, obj{"value": "r2"}, obj{"value": "r3", "type": "extra"}}, p.at("roles"))
	require.Nil(t, p.at("photos"))
	require.Nil(t, r.ok(201, "POST", "/Users", person("bob", obj{product: obj{"office": "x"}})).at(product), "not the product's")
}

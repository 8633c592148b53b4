package scim_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// announced is an attribute or sub-attribute that a schema document has.
type announced struct {
	path string // URN:name or URN:name.sub
	obj
}

func (a announced) is(name string, want any) bool { return a.obj[name] == want }

// announcements are all attributes that the documents have for a type of
// resource, with their parts behind them.
func (r *rig) announcements(kind string) (all []announced) {
	r.t.Helper()
	described := r.ok(200, "GET", "/ResourceTypes/"+kind, nil)
	urns := list{described.at("schema")}
	extensions, _ := described.at("schemaExtensions").(list)
	for _, e := range extensions {
		urns = append(urns, at(e, "schema"))
	}
	var walk func(prefix string, attributes any)
	walk = func(prefix string, attributes any) {
		l, _ := attributes.(list)
		for _, v := range l {
			a := announced{prefix + v.(obj)["name"].(string), v.(obj)}
			all = append(all, a)
			walk(a.path+".", a.obj["subAttributes"])
		}
	}
	for _, urn := range urns {
		walk(urn.(string)+":", r.ok(200, "GET", "/Schemas/"+urn.(string), nil).at("attributes"))
	}
	require.NotEmpty(r.t, all)
	return all
}

// sample is a value for an announced attribute, nil for what clients do not write.
func sample(a obj) any {
	if a["mutability"] == "readOnly" {
		return nil
	}
	var v any
	switch a["type"] {
	case "boolean":
		v = true
	case "integer":
		v = 7
	case "decimal":
		v = 0.5
	case "dateTime":
		v = "2024-02-29T12:00:00Z"
	case "reference":
		v = "https://example.com/aB"
	case "binary":
		v = "YUJj"
	case "complex":
		parts := obj{}
		for _, s := range a["subAttributes"].(list) {
			if p := sample(s.(obj)); p != nil {
				parts[s.(obj)["name"].(string)] = p
			}
		}
		v = parts
	default:
		v = "aB-" + a["name"].(string)
	}
	if a["multiValued"] == true {
		return list{v}
	}
	return v
}

// sampleUser has a value for everything that is announced.
func (r *rig) sampleUser() obj {
	body := obj{}
	for _, a := range r.announcements("User") {
		i := strings.LastIndexByte(a.path, ':')
		urn, name := a.path[:i], a.path[i+1:]
		v := sample(a.obj)
		switch {
		case strings.Contains(name, ".") || v == nil:
		case urn == scim.UserSchema:
			body[name] = v
		default:
			if body[urn] == nil {
				body[urn] = obj{}
			}
			body[urn].(obj)[name] = v
		}
	}
	return body
}

func swapCase(s string) string {
	return strings.Map(func(c rune) rune {
		if unicode.IsUpper(c) {
			return unicode.ToLower(c)
		}
		return unicode.ToUpper(c)
	}, s)
}

// everyAttribute has all of RFC 7643, the product's and a host's own.
func everyAttribute(c *scim.Config) {
	ownRows(c)
	c.Attributes = append(c.Attributes, scim.RFCAttributes()[len(scim.RFCAttributes())-6:]...)
	s := ownSchemas("urn:example:host:2.0:User")
	text := func(name string, exact bool, u schema.AttributeUniqueness) schema.CoreAttribute {
		return schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{
			Name: name, Description: optional.NewString(name), CaseExact: exact, Uniqueness: u,
		}))
	}
	s[0].Attributes = append(s[0].Attributes, text("badge", true, schema.AttributeUniquenessServer()), text("seat", false, schema.AttributeUniquenessGlobal()))
	c.Schemas = s
}

// TestRFC43_CaseExactIsTrue compares values with themselves in another case: what
// is announced as case-exact is told apart, and nothing else (RFC 7643 section 7).
func TestRFC43_CaseExactIsTrue(t *testing.T) {
	t.Parallel()
	r := newRig(t, everyAttribute)
	made := r.ok(201, "POST", "/Users", r.sampleUser())
	staff := r.ok(201, "POST", "/Groups", obj{"displayName": "Staff", "externalId": "aB", "members": refs(made.id())}).id()
	compared := 0
	check := func(endpoint string, a announced, value string) {
		t.Helper()
		compared++
		require.NotEqual(t, value, swapCase(value), a.path)
		require.Len(t, r.find(endpoint, a.path+` eq "`+value+`"`), 1, a.path)
		if a.is("caseExact", true) {
			require.Empty(t, r.find(endpoint, a.path+` eq "`+swapCase(value)+`"`), a.path)
		} else {
			require.Len(t, r.find(endpoint, a.path+` eq "`+swapCase(value)+`"`), 1, a.path)
		}
	}
	for _, a := range r.announcements("User") {
		v := sample(a.obj)
		if l, ok := v.(list); ok {
			v = l[0]
		}
		if s, ok := v.(string); ok && !a.is("type", "dateTime") {
			check("/Users", a, s)
		}
		switch a.path {
		case scim.UserSchema + ":groups.value":
			require.True(t, a.is("caseExact", true), "an id")
			check("/Users", a, staff)
		case scim.UserSchema + ":groups.display":
			check("/Users", a, "Staff")
		}
	}
	for _, a := range r.announcements("Group") {
		switch a.path {
		case scim.GroupSchema + ":displayName":
			check("/Groups", a, "Staff")
		case scim.GroupSchema + ":members.value":
			require.True(t, a.is("caseExact", true), "an id")
			check("/Groups", a, made.id())
		case scim.GroupSchema + ":members.type":
			check("/Groups", a, "User")
		}
	}
	require.Greater(t, compared, 70)
	// These are in no schema (RFC 7643 section 3.1).
	require.Empty(t, r.find("/Groups", `externalId eq "Ab"`))
	require.Empty(t, r.find("/Users", `id eq "`+swapCase(made.id())+`"`))
}

// TestRFC43_UniquenessIsTrue: what is announced as unique is refused a second
// time, and nothing else. That one work e-mail address is for one user is a rule
// of the tenant's and no characteristic of emails, whose other values are shared.
func TestRFC43_UniquenessIsTrue(t *testing.T) {
	t.Parallel()
	r := newRig(t, everyAttribute)
	unique := func(kind string) (out []string) {
		for _, a := range r.announcements(kind) {
			if !a.is("uniqueness", "none") {
				require.Equal(t, "server", a.obj["uniqueness"])
				out = append(out, a.path)
			}
		}
		return out
	}
	require.Equal(t, []string{scim.UserSchema + ":userName"}, unique("User"))
	require.Equal(t, []string{scim.GroupSchema + ":displayName"}, unique("Group"))
	body := merged(r.sampleUser(), obj{"externalId": "x", "emails": list{mail("a@acme.example", "work"), mail("shared@acme.example", "home")}})
	id := r.create(body)
	r.refused(409, "uniqueness", "POST", "/Users", merged(body, obj{"emails": list{mail("b@acme.example", "work")}}))
	r.create(merged(body, obj{"userName": "another", "emails": list{mail("b@acme.example", "work"), mail("shared@acme.example", "home")}}))
	r.ok(201, "POST", "/Groups", obj{"displayName": "Staff", "externalId": "x", "members": refs(id)})
	r.ok(201, "POST", "/Groups", obj{"displayName": "Crew", "externalId": "x", "members": refs(id)})
	r.refused(409, "uniqueness", "POST", "/Groups", obj{"displayName": "sTAFF"})
}

// requiringSchema requires an attribute, and parts of others where there are any.
func requiringSchema(c *scim.Config) {
	text := func(name string, required bool) schema.SimpleParams {
		return schema.SimpleStringParams(schema.StringParams{Name: name, Required: required})
	}
	c.Schemas = []schema.Schema{{ID: own, Attributes: []schema.CoreAttribute{
		schema.SimpleCoreAttribute(text("badge", true)),
		schema.ComplexCoreAttribute(schema.ComplexParams{Name: "desk", SubAttributes: []schema.SimpleParams{text("room", true), text("side", false)}}),
		schema.ComplexCoreAttribute(schema.ComplexParams{Name: "keys", MultiValued: true, Required: true, SubAttributes: []schema.SimpleParams{text("value", true), text("door", false)}}),
	}}}
}

// TestRFC43_RequiredIsTrue: what a schema of the host's requires is refused
// without, and an extension is announced as required where a user cannot be
// without it (RFC 7643 sections 6 and 7).
func TestRFC43_RequiredIsTrue(t *testing.T) {
	t.Parallel()
	extensions := func(r *rig) map[string]any {
		out := make(map[string]any)
		for _, e := range r.ok(200, "GET", "/ResourceTypes/User", nil).at("schemaExtensions").(list) {
			out[at(e, "schema").(string)] = at(e, "required")
		}
		return out
	}
	require.Equal(t, map[string]any{ent: false, product: false}, extensions(newRig(t)))
	r := newRig(t, func(c *scim.Config) {
		c.Attributes = scim.ProductAttributes()
		for i := range c.Attributes {
			if c.Attributes[i].Name == "costCenter" {
				c.Attributes[i].Need = scim.Mandatory
			}
		}
	})
	require.Equal(t, map[string]any{ent: true, product: false}, extensions(r))
	r.refused(400, "invalidValue", "POST", "/Users", person("ann"))
	r.ok(201, "POST", "/Users", person("ann", obj{ent: obj{"costCenter": "7"}}))

	r = newRig(t, requiringSchema)
	require.Equal(t, map[string]any{ent: false, product: false, own: true}, extensions(r))
	good := obj{"badge": "7", "keys": list{obj{"value": "k1", "door": "front"}, obj{"value": "k2"}}}
	for lacks, body := range map[string]obj{
		own + ":badge":      merged(good, obj{"badge": nil}),
		own + ":keys ":      merged(good, obj{"keys": list{}}),
		own + ":keys.value": merged(good, obj{"keys": list{obj{"value": "k1"}, obj{"door": "back"}}}),
		own + ":desk.room":  merged(good, obj{"desk": obj{"side": "left"}}),
	} {
		p := r.refused(400, "invalidValue", "POST", "/Users", person("ann", obj{own: body}))
		require.Contains(t, p.detail(), lacks)
	}
	p := r.ok(201, "POST", "/Users", person("ann", obj{own: good}))
	require.Equal(t, list{scim.UserSchema, own}, p.at("schemas"))
	user := "/Users/" + p.id()
	r.refused(400, "mutability", "PATCH", user, patch(remove(own+":badge")))
	r.refused(400, "mutability", "PATCH", user, patch(remove(own+":keys.value")))
	r.refused(400, "invalidValue", "PATCH", user, patch(set(own+":desk.side", "left")))
	r.refused(400, "invalidValue", "PUT", user, person("ann"))
	r.patch(p.id(), set(own+":desk", obj{"room": "R1", "side": "left"}))

	// A deactivation is not lost over it (P3.8).
	was := r.get(p.id())
	gone := r.ok(200, "PUT", user, person("ann", obj{"active": false}))
	require.Equal(t, false, gone.at("active"))
	require.Equal(t, was.at(own, "keys"), gone.at(own, "keys"))
	require.Equal(t, "7", gone.at(own, "badge"))
	require.Len(t, r.view(p.id()).Warnings, 2)
	r.patch(p.id(), set("title", "Former"))
	require.Len(t, r.view(p.id()).Warnings, 2)
	r.patch(p.id(), set(own+":badge", "8"))
	require.Len(t, r.view(p.id()).Warnings, 1)
	// Accounts of the host's, and those made of members, are asked for nothing.
	r.host("root", "root@acme.example")
	r.group("Staff", "new@acme.example")
}

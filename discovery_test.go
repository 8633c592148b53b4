package scim_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// TestDiscoverySaysWhatIsSo shows that the configuration is made of the running
// one (RFC 7643 section 5, RFC 9865 section 4).
func TestDiscoverySaysWhatIsSo(t *testing.T) {
	r := newRig(t, func(c *scim.Config) {
		c.Limits = scim.Limits{Body: 1 << 20, Results: 50, PageSize: 20, BulkOperations: 7}
	})
	p := r.ok(200, "GET", "/ServiceProviderConfig", nil)
	yes, no := obj{"supported": true}, obj{"supported": false}
	for name, want := range map[string]any{
		"patch": yes, "sort": yes, "etag": yes, "changePassword": no,
		"bulk":   obj{"supported": true, "maxOperations": 7.0, "maxPayloadSize": float64(1 << 20)},
		"filter": obj{"supported": true, "maxResults": 50.0},
		"pagination": obj{
			"cursor": true, "index": true, "defaultPaginationMethod": "index",
			"defaultPageSize": 20.0, "maxPageSize": 50.0, "cursorTimeout": 3600.0,
		},
	} {
		require.Empty(t, cmp.Diff(want, p.at(name)), name)
	}
	require.Equal(t, "oauthbearertoken", p.at("authenticationSchemes", 0, "type"))
	r.ok(200, "GET", "/Users?count=1000", nil)
	require.Equal(t, 413, r.send("POST", "/Bulk", obj{"Operations": list{1, 2, 3, 4, 5, 6, 7, 8}}).status)
}

// TestSchemasSayWhatIsSo shows that schemas have what the table adds to them.
func TestSchemasSayWhatIsSo(t *testing.T) {
	r := newRig(t, func(c *scim.Config) {
		c.Attributes = scim.ProductAttributes()
		for i := range c.Attributes {
			if n := c.Attributes[i].Name; n == "title" || n == "givenName" {
				c.Attributes[i].Need = scim.Mandatory
			}
		}
		c.Attributes = append(c.Attributes, scim.Attribute{Name: "badge", Path: "urn:example:User:badge", Type: scim.Integer, Need: scim.Mandatory})
	})
	attribute := func(urn, name, sub string) obj {
		p := r.ok(200, "GET", "/Schemas/"+urn, nil)
		for i := range p.at("attributes").(list) {
			a := p.at("attributes", i).(obj)
			if a["name"] != name {
				continue
			}
			if sub == "" {
				return a
			}
			for _, s := range a["subAttributes"].(list) {
				if s.(obj)["name"] == sub {
					return s.(obj)
				}
			}
		}
		t.Fatalf("%s has no %s.%s", urn, name, sub)
		return nil
	}
	for _, c := range []struct {
		urn, name, sub, what string
		want                 any
	}{
		{scim.UserSchema, "userName", "", "required", true},
		{scim.UserSchema, "userName", "", "uniqueness", "server"},
		{scim.UserSchema, "title", "", "required", true},
		{scim.UserSchema, "name", "", "required", true},
		{scim.UserSchema, "name", "givenName", "required", true},
		{scim.UserSchema, "name", "familyName", "required", false},
		{scim.UserSchema, "emails", "", "required", true},
		{scim.UserSchema, "emails", "value", "required", true},
		{scim.UserSchema, "emails", "type", "required", false},
		{scim.UserSchema, "active", "", "required", true},
		{scim.UserSchema, "preferredLanguage", "", "required", false},
		{scim.UserSchema, "emails", "type", "canonicalValues", list{"work", "home", "other"}},
		{scim.UserSchema, "phoneNumbers", "type", "canonicalValues", list{"work", "home", "mobile", "fax", "pager", "other"}},
		{scim.UserSchema, "groups", "", "mutability", "readOnly"},
		{"urn:example:User", "badge", "", "required", true},
		{"urn:example:User", "badge", "", "type", "integer"},
		{scim.EnterpriseSchema, "hireDate", "", "type", "string"},
		{scim.EnterpriseSchema, "manager", "displayName", "mutability", "readOnly"},
		{scim.GroupSchema, "displayName", "", "uniqueness", "server"},
		{scim.GroupSchema, "members", "display", "mutability", "readOnly"},
		{scim.GroupSchema, "members", "value", "mutability", "immutable"},
		{scim.GroupSchema, "members", "type", "canonicalValues", list{"User", "Group"}},
	} {
		require.Empty(t, cmp.Diff(c.want, attribute(c.urn, c.name, c.sub)[c.what]), "%s %s.%s %s", c.urn, c.name, c.sub, c.what)
	}
	types := r.ok(200, "GET", "/ResourceTypes/User", nil)
	require.Len(t, types.at("schemaExtensions"), 3)
	// What the schema requires is required.
	r.refused(400, "invalidValue", "POST", "/Users", person("ann"))
	r.ok(201, "POST", "/Users", person("ann", obj{"title": "Engineer", "urn:example:User": obj{"badge": 7}}))
}

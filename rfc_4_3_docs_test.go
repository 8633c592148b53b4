package scim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// TestRFC43_ServiceProviderConfig has every attribute that RFC 7643 section 5
// requires, of its type.
func TestRFC43_ServiceProviderConfig(t *testing.T) {
	t.Parallel()
	p := newRig(t).ok(200, "GET", "/ServiceProviderConfig", nil)
	require.Equal(t, list{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"}, p.at("schemas"))
	for _, name := range []string{"patch", "bulk", "filter", "changePassword", "sort", "etag"} {
		require.IsType(t, true, p.at(name, "supported"), name)
	}
	for _, path := range [][2]any{{"bulk", "maxOperations"}, {"bulk", "maxPayloadSize"}, {"filter", "maxResults"}} {
		n, ok := p.at(path[0], path[1]).(float64)
		require.True(t, ok && n > 0 && n == float64(int(n)), "%v", path)
	}
	schemes, _ := p.at("authenticationSchemes").(list)
	require.NotEmpty(t, schemes)
	for _, s := range schemes {
		require.Contains(t, []string{"oauth", "oauth2", "oauthbearertoken", "httpbasic", "httpdigest"}, at(s, "type"))
		require.NotEmpty(t, at(s, "name"))
		require.NotEmpty(t, at(s, "description"))
	}
}

// TestRFC43_SchemasAreComplete: every attribute says all that RFC 7643 section 7
// has of one, the types are those there are, and complex ones are flat.
func TestRFC43_SchemasAreComplete(t *testing.T) {
	t.Parallel()
	r := newRig(t, everyAttribute)
	check := func(a announced) {
		t.Helper()
		for _, name := range []string{"multiValued", "required", "caseExact"} {
			require.IsType(t, true, a.obj[name], "%s of %s", name, a.path)
		}
		for name, values := range map[string][]any{
			"type":       {"string", "boolean", "decimal", "integer", "dateTime", "reference", "binary", "complex"},
			"mutability": {"readOnly", "readWrite", "immutable", "writeOnly"},
			"returned":   {"always", "never", "default", "request"},
			"uniqueness": {"none", "server", "global"},
		} {
			require.Contains(t, values, a.obj[name], "%s of %s", name, a.path)
		}
		require.Equal(t, a.is("type", "complex"), a.obj["subAttributes"] != nil, a.path)
		require.Equal(t, a.is("type", "reference"), a.obj["referenceTypes"] != nil, a.path)
		require.False(t, a.is("type", "complex") && strings.Contains(a.path[strings.LastIndexByte(a.path, ':'):], "."), "%s is complex in a complex one", a.path)
	}
	for _, kind := range []string{"User", "Group"} {
		described := r.ok(200, "GET", "/ResourceTypes/"+kind, nil)
		require.Equal(t, "/"+kind+"s", described.at("endpoint"))
		require.Equal(t, kind, described.at("name"))
		schema := r.ok(200, "GET", "/Schemas/"+described.at("schema").(string), nil)
		require.Equal(t, described.at("schema"), schema.at("id"))
		require.NotEmpty(t, schema.at("name"))
		require.NotEmpty(t, schema.at("description"))
		r.ok(200, "GET", described.at("endpoint").(string), nil)
		for _, a := range r.announcements(kind) {
			check(a)
		}
	}
	// What a row of the host's leaves open is as RFC 7643 section 2.2 has it.
	all := r.announcements("User")
	i := slices.IndexFunc(all, func(a announced) bool { return a.path == own+":badge" })
	for name, want := range map[string]any{
		"type": "string", "required": false, "caseExact": false, "mutability": "readWrite", "returned": "default", "uniqueness": "none", "multiValued": false,
	} {
		require.True(t, all[i].is(name, want), name)
	}
}

// TestRFC43_Documents: each document is found where its meta says, one by one as
// in the list; order and pages are not asked of them, and nobody writes them (RFC
// 7644 section 4).
func TestRFC43_Documents(t *testing.T) {
	t.Parallel()
	r := newRig(t, everyAttribute)
	for endpoint, kind := range map[string]string{"/ResourceTypes": "ResourceType", "/Schemas": "Schema"} {
		p := r.ok(200, "GET", endpoint, nil)
		all := p.at("Resources").(list)
		require.EqualValues(t, len(all), p.at("totalResults"))
		require.NotEmpty(t, all)
		for _, one := range all {
			require.Equal(t, kind, at(one, "meta", "resourceType"))
			location := at(one, "meta", "location").(string)
			require.Equal(t, baseURL+endpoint+"/"+at(one, "id").(string), location)
			require.Equal(t, one, r.ok(200, "GET", strings.TrimPrefix(location, baseURL), nil).body)
			r.ok(405, "PUT", strings.TrimPrefix(location, baseURL), obj{})
		}
		for _, query := range []string{"startIndex=2", "count=1", "count=0", "sortBy=id&sortOrder=descending", "startIndex=x", "cursor=x"} {
			require.Equal(t, p.raw, r.ok(200, "GET", endpoint+"?"+query, nil).raw, query)
		}
		r.ok(403, "GET", endpoint+"?filter="+escape(`id pr`), nil)
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			r.ok(405, method, endpoint, obj{})
		}
		r.ok(404, "GET", endpoint+"/nothing", nil)
	}
	config := r.ok(200, "GET", "/ServiceProviderConfig", nil)
	require.Equal(t, baseURL+"/ServiceProviderConfig", config.at("meta", "location"))
	require.Equal(t, "ServiceProviderConfig", config.at("meta", "resourceType"))
	require.Equal(t, config.raw, r.ok(200, "GET", "/ServiceProviderConfig?startIndex=2&count=0&sortBy=x", nil).raw)
	require.Equal(t, list{scim.UserSchema}, list{r.ok(200, "GET", "/Schemas/"+strings.ToUpper(scim.UserSchema), nil).at("id")}, "URNs ignore case")
}

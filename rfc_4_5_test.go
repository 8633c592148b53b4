package scim_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// TestRFC45_Location: wherever one resource is answered, the headers have the
// address that its meta has, and nothing else has such headers (RFC 7643 section
// 3.1, RFC 7644 sections 3.3 and 3.4.1, RFC 9110 section 15.4.5).
func TestRFC45_Location(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ann := r.create(person("ann"))
	staff := r.group("Staff", ann)
	user, group := "/Users/"+ann, "/Groups/"+staff
	for _, c := range []struct {
		status             int
		method, path, want string
		body               any
	}{
		{200, "GET", user, user, nil},
		{200, "GET", user + "?attributes=userName", user, nil},
		{200, "HEAD", user, user, nil},
		{200, "PUT", user, user, person("ann", obj{"title": "x"})},
		{200, "PATCH", user, user, patch(set("title", "y"))},
		{200, "GET", group, group, nil},
		{200, "HEAD", group, group, nil},
		{200, "PUT", group, group, obj{"displayName": "Crew"}},
		{200, "PATCH", group + "?attributes=meta", group, patch(set("displayName", "Gang"))},
		{200, "GET", "/ServiceProviderConfig", "/ServiceProviderConfig", nil},
		{200, "GET", "/ResourceTypes/User", "/ResourceTypes/User", nil},
		{200, "GET", "/Schemas/" + scim.GroupSchema, "/Schemas/" + scim.GroupSchema, nil},
		{204, "PATCH", group, "", patch(set("displayName", "Crew"))},
		{200, "GET", "/Users", "", nil},
		{200, "POST", "/.search", "", obj{}},
		{200, "GET", "/Schemas", "", nil},
		{200, "POST", "/Bulk", "", obj{"Operations": list{}}},
		{404, "GET", "/Users/nobody", "", nil},
		{400, "PATCH", user, "", patch(set("id", "x"))},
		{405, "POST", user, "", obj{}},
		{204, "DELETE", group, "", nil},
	} {
		p := r.ok(c.status, c.method, c.path, c.body)
		if c.want == "" {
			require.NotContains(t, p.header, "Location", c.path)
			require.NotContains(t, p.header, "Content-Location", c.path)
			continue
		}
		require.Equal(t, baseURL+c.want, p.header.Get("Location"), c.path)
		require.Equal(t, baseURL+c.want, p.header.Get("Content-Location"), c.path)
		if at := p.at("meta", "location"); at != nil {
			require.Equal(t, baseURL+c.want, at)
		}
	}
	for endpoint, body := range map[string]obj{"/Users": person("bob"), "/Groups": {"displayName": "New"}} {
		p := r.ok(201, "POST", endpoint, body)
		require.Equal(t, baseURL+endpoint+"/"+p.id(), p.at("meta", "location"))
		require.Equal(t, p.at("meta", "location"), p.header.Get("Location"))
		require.Equal(t, p.at("meta", "location"), p.header.Get("Content-Location"))
		p = r.sendWith(http.Header{"If-None-Match": {p.version()}}, "GET", endpoint+"/"+p.id(), nil)
		require.Equal(t, 304, p.status)
		require.NotContains(t, p.header, "Location")
		require.Contains(t, p.header.Get("Content-Location"), baseURL+endpoint+"/")
		require.NotContains(t, r.ok(409, "POST", endpoint, body).header, "Content-Location")
	}
}

// TestRFC45_IDs: an id is the service's own, the same for ever, one over all types,
// told apart by case, and never bulkId (RFC 7643 section 3.1).
func TestRFC45_IDs(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	seen := make(map[string]bool)
	for i := range 40 {
		name := "u" + strconv.Itoa(i)
		for endpoint, body := range map[string]obj{"/Users": person(name, obj{"id": "bulkId"}), "/Groups": {"displayName": name, "id": "mine"}} {
			id := r.ok(201, "POST", endpoint, body).id()
			require.NotEmpty(t, id)
			require.NotContains(t, []string{"bulkId", "mine"}, id)
			require.False(t, seen[strings.ToLower(id)])
			seen[strings.ToLower(id)] = true
			path := endpoint + "/" + id
			body["id"] = "another"
			require.Equal(t, id, r.ok(200, "PUT", path, body).id())
			r.refused(400, "mutability", "PATCH", path, patch(set("id", "another")))
			r.refused(404, "", "GET", endpoint+"/"+swapCase(id), nil)
			require.Equal(t, id, r.ok(200, "GET", path+"?excludedAttributes=id", nil).id(), "always returned")
			r.ok(204, "DELETE", path, nil)
		}
	}
	_, err := r.dir.Purge(t.Context(), acme, r.clock.Now().Add(time.Hour))
	require.NoError(t, err)
	require.False(t, seen[r.create(person("u0"))], "not given again, even when nobody remembers who had it")
}

// TestRFC45_Meta is the service's own: what clients say of it is not heard (RFC
// 7643 section 3.1).
func TestRFC45_Meta(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	said := obj{"meta": obj{"resourceType": "Robot", "created": "1999-01-01T00:00:00Z", "lastModified": "1999-01-01T00:00:00Z", "location": "x", "version": "x"}}
	for endpoint, body := range map[string]obj{"/Users": person("ann", said), "/Groups": merged(obj{"displayName": "Staff"}, said)} {
		p := r.ok(201, "POST", endpoint, body)
		created := r.clock.Now().Format("2006-01-02T15:04:05.000Z")
		meta := func(p reply, modified string) {
			t.Helper()
			require.Equal(t, obj{
				"resourceType": strings.Trim(endpoint, "/s"), "created": created, "lastModified": modified,
				"location": baseURL + endpoint + "/" + p.id(), "version": p.header.Get("ETag"),
			}, p.at("meta"))
		}
		meta(p, created)
		path := endpoint + "/" + p.id()
		meta(r.ok(200, "PUT", path, body), created)
		p = r.ok(200, "PUT", path, merged(body, obj{"externalId": "x"}))
		changed := r.clock.Now().Format("2006-01-02T15:04:05.000Z")
		require.NotEqual(t, created, changed)
		meta(p, changed)
		meta(r.ok(200, "GET", path, nil), changed)
		r.refused(400, "mutability", "PATCH", path, patch(set("meta.created", "1999-01-01T00:00:00Z")))
	}
}

package scim_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// below makes the same rig answer below another address.
func (r *rig) below(base string) func(method, path, body string) reply {
	r.t.Helper()
	h, err := scim.NewHandler(r.dir, scim.HandlerConfig{BaseURL: base, Verifier: verifier})
	require.NoError(r.t, err)
	s := *r
	s.handler = h
	return func(method, path, body string) reply {
		r.clock.advance(1e9)
		return s.sendTo(nil, method, path, body)
	}
}

// TestRFC41_AnyPrefix: the service may stand below any path, with a version in it
// or without (RFC 7644 sections 1.3 and 3.13).
func TestRFC41_AnyPrefix(t *testing.T) {
	t.Parallel()
	for base, root := range map[string]string{
		"https://app.example.com":                     "https://app.example.com",
		"https://app.example.com/":                    "https://app.example.com",
		"https://app.example.com/scim/v2":             "https://app.example.com/scim/v2",
		"https://app.example.com/customers/7/scim/v2": "https://app.example.com/customers/7/scim/v2",
		"https://app.example.com/provisioning/":       "https://app.example.com/provisioning",
		"http://10.0.0.1:8080/v2":                     "http://10.0.0.1:8080/v2",
	} {
		send := newRig(t).below(base)
		p := send("POST", root+"/Users", `{"userName":"ann@acme.example"}`)
		require.Equal(t, 201, p.status, p.raw)
		location, _ := p.at("meta", "location").(string)
		require.Equal(t, root+"/Users/"+p.id(), location)
		require.Equal(t, p.raw, send("GET", location, "").raw)
		require.Equal(t, p.id(), send("GET", root+"/Users?count=1", "").at("Resources", 0, "id"))
	}
}

// TestRFC41_AnotherVersion: another version of the protocol is not spoken below an
// address that says v2 (RFC 7644 section 3.13).
func TestRFC41_AnotherVersion(t *testing.T) {
	t.Parallel()
	send := newRig(t).below("https://app.example.com/scim/v2")
	for _, path := range []string{"/scim/v1/Users", "/scim/v3/Users", "/scim/v2.1/Users", "/scim/V2/Users", "/scim/Users", "/v2/Users", "/scim/v2/v1/Users"} {
		p := send("GET", "https://app.example.com"+path, "")
		require.Equal(t, 404, p.status, path)
		require.Equal(t, "404", p.at("status"))
		require.Contains(t, p.detail(), "tenant URL")
	}
	require.Equal(t, 200, send("GET", "https://app.example.com/scim/v2/Users", "").status)
}

// TestRFC41_UTF8: text is UTF-8 both ways, and nothing else is (RFC 7644 section
// 3.8).
func TestRFC41_UTF8(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	const name = "Zoë Ωμέγα 山田 😀 \u202eabc"
	p := r.ok(201, "POST", "/Users", person("ann", obj{"displayName": name}))
	require.Equal(t, "application/scim+json; charset=utf-8", p.header.Get("Content-Type"))
	require.Contains(t, p.raw, `"displayName":"`+name+`"`, "as it is, without escapes")
	r.ok(201, "POST", "/Users", `{"userName":"bob@acme.example","displayName":"Zo\u00eb \ud83d\ude00"}`)
	require.Len(t, r.find("/Users", `displayName eq "ZOË 😀"`), 1)
	utf16 := "\xff\xfe" + strings.Join(strings.Split(`{"userName":"cat@acme.example"}`, ""), "\x00") + "\x00"
	for _, body := range []string{`{"userName":"cat@acme.example","displayName":"Zo` + "\xeb" + `"}`, utf16, `{"userName":"cat@acme.example","displayName":"\ud83d"}`} {
		r.refused(400, "invalidSyntax", "POST", "/Users", body)
	}
	latin := r.sendWith(http.Header{"Content-Type": {"application/json; charset=iso-8859-1"}}, "POST", "/Users", `{"userName":"cat@acme.example","displayName":"Zoë"}`)
	require.Equal(t, "Zoë", latin.at("displayName"), "JSON is UTF-8, whatever is said of it")
}

// TestRFC41_Messages: what is no resource has a schema of the messages' namespace
// (RFC 7644 section 3.1).
func TestRFC41_Messages(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.create(person("ann"))
	for want, p := range map[string]reply{
		"ListResponse": r.ok(200, "GET", "/Users", nil),
		"Error":        r.ok(404, "GET", "/Users/nobody", nil),
		"BulkResponse": r.ok(200, "POST", "/Bulk", obj{"Operations": list{}}),
	} {
		require.Equal(t, list{"urn:ietf:params:scim:api:messages:2.0:" + want}, p.at("schemas"))
	}
	require.Equal(t, list{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, r.ok(200, "POST", "/.search", obj{}).at("schemas"))
	require.Equal(t, list{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, r.ok(200, "GET", "/Schemas", nil).at("schemas"))
}

// TestRFC41_MemberOrder: nothing depends on the order of members (RFC 7643 section
// 2.3.8).
func TestRFC41_MemberOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.ok(201, "POST", "/Users", `{"`+ent+`":{"manager":{"displayName":"x","value":"boss"},"department":"Sales"},"active":false,
		"emails":[{"primary":true,"type":"work","value":"ann@acme.example"}],"userName":"ann@acme.example","schemas":["`+ent+`","`+scim.UserSchema+`"]}`)
	first := r.find("/Users", `userName eq "ann@acme.example"`)[0].(obj)
	other := r.ok(201, "POST", "/Users", `{"schemas":["`+scim.UserSchema+`","`+ent+`"],"userName":"bob@acme.example",
		"emails":[{"value":"bob@acme.example","type":"work","primary":true}],"active":false,"`+ent+`":{"department":"Sales","manager":{"value":"boss","displayName":"x"}}}`)
	for _, name := range []string{"schemas", "active", ent} {
		require.Equal(t, first[name], other.at(name))
	}
	require.Equal(t, "Sales", at(first, ent, "department"))
	p := r.ok(200, "PATCH", "/Users/"+other.id(), `{"Operations":[{"value":"Chief","path":"title","op":"add"}],"schemas":["`+patchURN+`"]}`)
	require.Equal(t, "Chief", p.at("title"))
	p = r.ok(200, "POST", "/Users/.search", `{"startIndex":2,"filter":"active eq false","count":1,"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}`)
	require.Equal(t, other.id(), p.at("Resources", 0, "id"))
}

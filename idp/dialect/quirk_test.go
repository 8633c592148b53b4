package dialect_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/dialect"
)

// TestLibrarySeesQuirks: the library forgives each dialect exactly the quirks that it is
// known for. A dialect that is named with none speaks as the RFCs have it.
func TestLibrarySeesQuirks(t *testing.T) {
	want := map[string][]scim.Quirk{
		"OneLogin":     {scim.QuirkSchemas, scim.QuirkForeignSchema, scim.QuirkOneForList},
		"JumpCloud":    {scim.QuirkRemoveValue},
		"PingFederate": {scim.QuirkTwoPrimaries}, // emails eq is in an example of RFC 7644, section 3.4.2.2
		"PingOne":      {scim.QuirkTwoPrimaries},
		"Google":       nil,
		"Rippling":     {scim.QuirkFilterForm},
		"CyberArk":     nil,
		"SailPoint":    nil,
		"authentik":    {scim.QuirkReadOnly},
	}
	each(t, func(t *testing.T, r *rig) {
		story(r)
		var got []scim.Quirk
		for _, q := range r.handler.Quirks(tenant) {
			got = append(got, q.Quirk)
		}
		require.Contains(t, want, r.Dialect().Name)
		require.ElementsMatch(t, want[r.Dialect().Name], got)
	})
}

// TestQuirksAreSent has a row for each way of being different that services have to
// bear, as far as these providers are different so, and who of them is: in the story
// they send it, and nobody else does.
func TestQuirksAreSent(t *testing.T) {
	t.Parallel()
	stories := make(map[string][]*sent)
	bare := dialect.OneLogin()
	bare.Emails = dialect.BareEmails // another template of the same provider
	for _, d := range append(dialect.Dialects(), bare) {
		r := newRig(t, d)
		story(r)
		stories[d.Name] = append(stories[d.Name], r.tape.sent...)
	}
	for name, c := range map[string]struct {
		by   []string
		sent func(*sent) bool
	}{
		"application/json with a charset": {[]string{"Google"}, func(s *sent) bool {
			return s.body != nil && s.header.Get("Content-Type") == "application/json; charset=UTF-8"
		}},
		"application/json": {[]string{"OneLogin"}, func(s *sent) bool {
			return s.body != nil && s.header.Get("Content-Type") == "application/json"
		}},
		"no User-Agent": {[]string{"OneLogin"}, func(s *sent) bool { return s.header.Get("User-Agent") == "" }},
		"URN of SCIM 1.0": {[]string{"OneLogin"}, func(s *sent) bool {
			return slices.Equal(list(s.body["schemas"]), []any{"urn:scim:schemas:core:1.0"})
		}},
		"operation without a path": {[]string{"Google"}, func(s *sent) bool {
			return s.op(func(o map[string]any) bool { _, has := o["path"]; return o["op"] == "replace" && !has })
		}},
		"operation with the path null": {[]string{"authentik"}, func(s *sent) bool {
			return s.op(func(o map[string]any) bool { path, has := o["path"]; return has && path == nil })
		}},
		"read-only in PUT": {[]string{"CyberArk"}, func(s *sent) bool { return s.method == "PUT" && s.body["id"] != nil && s.body["meta"] != nil }},
		"groups in PUT":    {[]string{"CyberArk"}, func(s *sent) bool { return s.method == "PUT" && s.body["groups"] != nil }},
		"read-only in PATCH": {[]string{"authentik"}, func(s *sent) bool {
			return s.op(func(o map[string]any) bool { return object(o["value"])["id"] != nil })
		}},
		"members by value": {[]string{"JumpCloud"}, func(s *sent) bool {
			return s.op(func(o map[string]any) bool {
				return o["op"] == "remove" && o["path"] == "members" && len(list(o["value"])) > 0
			})
		}},
		"emails as an object": {[]string{"OneLogin"}, func(s *sent) bool { return object(s.body["emails"])["value"] != nil }},
		"emails as texts":     {[]string{"OneLogin"}, func(s *sent) bool { e := list(s.body["emails"]); return len(e) > 0 && object(e[0]) == nil }},
		"two primaries": {[]string{"PingFederate", "PingOne"}, func(s *sent) bool {
			n := 0
			for _, e := range list(s.body["emails"]) {
				if object(e)["primary"] == true {
					n++
				}
			}
			return n == 2
		}},
		"filter on all of emails":      {[]string{"PingFederate"}, func(s *sent) bool { return strings.HasPrefix(s.query("filter"), "emails eq ") }},
		"filter on elements of emails": {[]string{"Rippling"}, func(s *sent) bool { return strings.HasPrefix(s.query("filter"), "emails[") }},
		"operator with a capital":      {[]string{"PingOne"}, func(s *sent) bool { return strings.Contains(s.query("filter"), " Eq ") }},
		"startIndex below 1":           {[]string{"PingOne"}, func(s *sent) bool { return s.query("startIndex") == "0" }},
		"startIndex without count":     {[]string{"Google"}, func(s *sent) bool { return s.query("startIndex") == "1" && !strings.Contains(s.target, "count") }},
		"member without a type":        {[]string{"OneLogin", "JumpCloud", "PingOne", "CyberArk", "SailPoint", "authentik"}, func(s *sent) bool { return s.op(bareMember) }},
		"null for no value":            {[]string{"OneLogin"}, func(s *sent) bool { v, has := s.body["phoneNumbers"]; return has && v == nil }},
		"no emails":                    {[]string{"Google"}, func(s *sent) bool { return s.method == "POST" && s.body["userName"] != nil && s.body["emails"] == nil }},
		"query that ends in &":         {[]string{"OneLogin"}, func(s *sent) bool { return strings.HasSuffix(s.target, "&") }},
		"Content-Type without a body":  {[]string{"OneLogin"}, func(s *sent) bool { return s.method == "GET" && s.header.Get("Content-Type") != "" }},
		"create before any look-up":    {[]string{"authentik"}, func(s *sent) bool { return s.method == "POST" && s.first }},
		"whole list of members": {[]string{"Rippling"}, func(s *sent) bool {
			return s.op(func(o map[string]any) bool { return o["op"] == "replace" && o["path"] == "members" })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var by []string
			for who, sent := range stories {
				if slices.ContainsFunc(sent, c.sent) {
					by = append(by, who)
				}
			}
			require.ElementsMatch(t, c.by, by)
		})
	}
}

// TestRetriesAreSentAgain: after a lost answer a member that is there is added again,
// and one that is not is removed again.
func TestRetriesAreSentAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, dialect.OneLogin())
	r.staff()
	r.sync()
	require.NoError(t, r.RemoveMember("Engineers", "1"))
	require.NoError(t, r.PutGroup("Sellers", "1"))
	r.tape.fault = func(q *http.Request) fault {
		if q.Method == http.MethodPatch {
			return fault{status: http.StatusBadGateway, after: true}
		}
		return fault{}
	}
	_, err := r.Sync(t.Context())
	require.NoError(t, err)
	r.tape.fault = nil
	begin := len(r.tape.sent)
	r.sync()
	var again []string
	for _, s := range r.tape.sent[begin:] {
		for _, o := range list(s.body["Operations"]) {
			again = append(again, object(o)["op"].(string))
			require.Equal(t, http.StatusNoContent, s.status)
		}
	}
	require.Equal(t, []string{"remove", "add"}, again)
	r.intended()
}

// op reports whether an operation of a PATCH is one.
func (s *sent) op(is func(map[string]any) bool) bool {
	return slices.ContainsFunc(list(s.body["Operations"]), func(o any) bool { return is(object(o)) })
}

func (s *sent) query(name string) string {
	_, query, _ := strings.Cut(s.target, "?")
	q, _ := url.ParseQuery(query)
	return q.Get(name)
}

func bareMember(o map[string]any) bool {
	members := list(o["value"])
	return o["op"] == "add" && o["path"] == "members" && len(members) > 0 && len(object(members[0])) == 1
}

func list(v any) []any { l, _ := v.([]any); return l }

func object(v any) map[string]any { o, _ := v.(map[string]any); return o }

// TestForeignSchemas: what OneLogin announces is ignored, and what it sends is stored
// under the schemas that the service has.
func TestForeignSchemas(t *testing.T) {
	t.Parallel()
	r := newRig(t, dialect.OneLogin())
	require.NoError(t, r.Put(ann()))
	r.sync()
	a, err := (&idp.Service{Handler: r.handler, Token: token}).Do(t.Context(), http.MethodGet, "/Users/"+r.ServiceID("1"), nil, nil)
	require.NoError(t, err)
	user, err := a.Resource()
	require.NoError(t, err)
	require.Equal(t, []any{idp.UserSchema, idp.EnterpriseSchema}, user["schemas"])
	require.Equal(t, "Research", user.Text(idp.EnterpriseSchema+":department"))
}

package scim_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// strict is a connection of acme that is read by the letter.
var strict = scim.Connection{ID: "strict", Tenant: acme, Strictness: scim.RFC}

// strictRig is a rig that also knows the strict connection, and has a user ann in
// a group.
func strictRig(t tester, options ...func(*scim.Config)) (r *rig, fill *strings.Replacer) {
	t.Helper()
	r = newRig(t, options...)
	var err error
	r.handler, err = scim.NewHandler(r.dir, scim.HandlerConfig{
		BaseURL: baseURL,
		Verifier: scim.TokenVerifierFunc(func(ctx context.Context, token string) (scim.Connection, error) {
			if token == "token-"+strict.ID {
				return strict, nil
			}
			return verifier(ctx, token)
		}),
	})
	require.NoError(t, err)
	ann := r.create(person("ann"))
	staff := r.ok(201, "POST", "/Groups", obj{"schemas": list{scim.GroupSchema}, "displayName": "Staff", "members": refs(ann)}).id()
	require.Empty(t, r.handler.Quirks(acme), "the requests that set the stage have no quirk")
	return r, strings.NewReplacer("ANN", ann, "STAFF", staff, "USER", scim.UserSchema, "GROUP", scim.GroupSchema, "ENT", ent,
		"PATCHOP", `"schemas":["`+patchURN+`"],"Operations"`, "BULK", `"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations"`)
}

// asked is a request; the words of strictRig stand for what is there.
type asked struct {
	method, path, body string
	header             http.Header
}

func (r *rig) ask(fill *strings.Replacer, a asked) reply {
	return r.sendWith(a.header, a.method, fill.Replace(a.path), fill.Replace(a.body))
}

// quirksOf are the quirks of a connection, and how many requests had them.
func (r *rig) quirksOf(connection string) map[scim.Quirk]int64 {
	out := make(map[scim.Quirk]int64)
	for _, c := range r.handler.Quirks(acme) {
		if c.Connection == connection {
			out[c.Quirk] = c.Requests
		}
	}
	return out
}

const newUser = `"userName":"bob@acme.example","emails":[{"value":"bob@acme.example","type":"work","primary":true}]`

// quirky has requests for each quirk, each with no other one.
var quirky = map[scim.Quirk][]asked{
	scim.QuirkByteOrderMark:   {{"POST", "/Users", "\uFEFF" + `{"schemas":["USER"],` + newUser + `}`, nil}},
	scim.QuirkDuplicateMember: {{"POST", "/Users", `{"schemas":["USER"],` + newUser + `,"title":"A","Title":"B"}`, nil}},
	scim.QuirkSchemas: {
		{"POST", "/Users", `{` + newUser + `}`, nil},
		{"POST", "/Users", `{"schemas":[],` + newUser + `}`, nil},
		{"POST", "/Users", `{"schemas":["USER"],` + newUser + `,"ENT":{"department":"IT"}}`, nil},
		{"PUT", "/Users/ANN", `{` + newUser + `}`, nil},
		{"POST", "/Groups", `{"displayName":"Crew"}`, nil},
		{"PATCH", "/Users/ANN", `{"Operations":[{"op":"add","path":"title","value":"Chief"}]}`, nil},
		{"PATCH", "/Groups/STAFF", `{"Operations":[{"op":"replace","path":"displayName","value":"Crew"}]}`, nil},
		{"POST", "/Users/.search", `{"filter":"userName pr"}`, nil},
		{"POST", "/Bulk", `{"Operations":[]}`, nil},
	},
	scim.QuirkForeignSchema: {
		{"POST", "/Users", `{"schemas":["USER","urn:example:x"],` + newUser + `}`, nil},
		{"POST", "/Users", `{"schemas":["USER"],` + newUser + `,"urn:example:x":{"y":1}}`, nil},
		{"POST", "/Users", `{"schemas":["USER"],` + newUser + `,"urn:scim:schemas:extension:enterprise:1.0":{"y":1}}`, nil},
		{"POST", "/Groups", `{"schemas":["GROUP","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/Group"],"displayName":"Crew"}`, nil},
	},
	scim.QuirkDuplicateSchema: {
		{"POST", "/Users", `{"schemas":["USER","urn:ietf:params:scim:schemas:CORE:2.0:user"],` + newUser + `}`, nil},
		{"PUT", "/Users/ANN", `{"schemas":["USER","ENT","ENT"],` + newUser + `,"ENT":{"department":"IT"}}`, nil},
		{"POST", "/Groups", `{"schemas":["GROUP","GROUP"],"displayName":"Crew"}`, nil},
	},
	scim.QuirkUnknownAttribute: {
		{"POST", "/Users", `{"schemas":["USER"],` + newUser + `,"shoeSize":44}`, nil},
		{"POST", "/Users", `{"schemas":["USER"],` + newUser + `,"name":{"nick":"B"}}`, nil},
		{"POST", "/Users", `{"schemas":["USER"],` + newUser + `,"phoneNumbers":[{"value":"1","carrier":"x"}]}`, nil},
		{"POST", "/Users", `{"schemas":["USER","ENT"],` + newUser + `,"ENT":{"shoeSize":44}}`, nil},
		{"POST", "/Groups", `{"schemas":["GROUP"],"displayName":"Crew","purpose":"x"}`, nil},
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"add","value":{"shoeSize":44,"title":"Chief"}}]}`, nil},
	},
	scim.QuirkTextValue: {
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"replace","path":"active","value":"False"}]}`, nil},
		{"POST", "/Users", `{"schemas":["USER"],` + newUser + `,"active":"true"}`, nil},
		{"POST", "/Users", `{"schemas":["USER"],` + newUser + `,"phoneNumbers":[{"value":"1","primary":"true"}]}`, nil},
	},
	scim.QuirkListForOne: {
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"replace","path":"title","value":["Chief"]}]}`, nil},
		{"POST", "/Users", `{"schemas":["USER"],` + newUser + `,"name":[{"givenName":"Bob"}]}`, nil},
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"replace","path":"emails[type eq \"work\"]","value":[{"value":"a@acme.example"}]}]}`, nil},
	},
	scim.QuirkOneForList: {
		{"POST", "/Users", `{"schemas":["USER"],` + newUser + `,"phoneNumbers":{"value":"1"}}`, nil},
		{"PUT", "/Groups/STAFF", `{"schemas":["GROUP"],"displayName":"Staff","members":{"value":"ANN"}}`, nil},
	},
	scim.QuirkBareValue: {
		{"POST", "/Users", `{"schemas":["USER"],` + newUser + `,"phoneNumbers":["1"]}`, nil},
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"add","path":"ENT:manager","value":"someone"}]}`, nil},
		{"PATCH", "/Groups/STAFF", `{PATCHOP:[{"op":"add","path":"members","value":["ANN"]}]}`, nil},
	},
	scim.QuirkWrappedValue: {
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"replace","path":"title","value":{"value":"Chief"}}]}`, nil},
	},
	scim.QuirkReference: {
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"add","path":"ENT:manager","value":{"value":"x","$ref":"the boss"}}]}`, nil},
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"add","path":"ENT:manager.$ref","value":"https://example.com/%zz"}]}`, nil},
	},
	scim.QuirkPathAsName: {
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"replace","value":{"name.familyName":"Lee"}}]}`, nil},
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"replace","value":{"ENT:department":"IT"}}]}`, nil},
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"replace","value":{"emails[type eq \"work\"].value":"a@acme.example"}}]}`, nil},
		{"PATCH", "/Groups/STAFF", `{PATCHOP:[{"op":"replace","value":{"GROUP:displayName":"Crew"}}]}`, nil},
	},
	scim.QuirkBareExtension: {
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"replace","path":"department","value":"IT"}]}`, nil},
		{"POST", "/Users", `{"schemas":["USER"],` + newUser + `,"department":"IT"}`, nil},
		{"GET", "/Users?filter=department%20pr", "", nil},
		{"GET", "/Users?sortBy=department", "", nil},
		{"GET", "/Users?attributes=department", "", nil},
		{"GET", "/Users/ANN?excludedAttributes=department", "", nil},
	},
	scim.QuirkDottedURN: {
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"replace","path":"ENT.department","value":"IT"}]}`, nil},
		{"GET", "/Users?filter=ENT.department%20pr", "", nil},
	},
	scim.QuirkTwoPrimaries: {
		{"POST", "/Users", `{"schemas":["USER"],` + newUser + `,"phoneNumbers":[{"value":"1","primary":true},{"value":"2","primary":true}]}`, nil},
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"add","path":"phoneNumbers","value":[{"value":"1","primary":true},{"value":"2","primary":true}]}]}`, nil},
	},
	scim.QuirkOperationCase: {
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"Replace","path":"title","value":"Chief"}]}`, nil},
		{"PATCH", "/Groups/STAFF", `{PATCHOP:[{"op":"Add","path":"members","value":[{"value":"ANN"}]}]}`, nil},
	},
	scim.QuirkNoOperations: {{"PATCH", "/Users/ANN", `{PATCHOP:[]}`, nil}},
	scim.QuirkPathForm: {
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"replace","path":"","value":{"title":"Chief"}}]}`, nil},
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"replace","path":" title ","value":"Chief"}]}`, nil},
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"replace","path":"emails[type eq work].value","value":"a@acme.example"}]}`, nil},
	},
	scim.QuirkUnknownPath: {
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"add","path":"title","value":"A"},{"op":"add","path":"shoeSize","value":44}]}`, nil},
		{"PATCH", "/Groups/STAFF", `{PATCHOP:[{"op":"add","path":"purpose","value":"x"}]}`, nil},
	},
	scim.QuirkRemoveValue: {
		{"PATCH", "/Groups/STAFF", `{PATCHOP:[{"op":"remove","path":"members","value":[{"value":"ANN"}]}]}`, nil},
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"remove","path":"phoneNumbers","value":[{"value":"1"}]}]}`, nil},
	},
	scim.QuirkReadOnly: {
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"replace","value":{"id":"x","title":"Chief"}}]}`, nil},
		{"PATCH", "/Groups/STAFF", `{PATCHOP:[{"op":"replace","value":{"id":"x","displayName":"Crew"}}]}`, nil},
	},
	scim.QuirkImmutable: {
		{"PATCH", "/Groups/STAFF", `{PATCHOP:[{"op":"replace","path":"members[value eq \"ANN\"].value","value":{"value":"ANN"}}]}`, nil},
		{"PATCH", "/Groups/STAFF", `{PATCHOP:[{"op":"replace","path":"members[value eq \"ANN\"].display","value":"Anna"}]}`, nil},
		{"PATCH", "/Groups/STAFF", `{PATCHOP:[{"op":"remove","path":"members.type"}]}`, nil},
	},
	scim.QuirkNoMatch: {
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"replace","path":"phoneNumbers[type eq \"work\"].value","value":"1"}]}`, nil},
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"add","path":"addresses[type eq \"work\"].country","value":"GB"}]}`, nil},
	},
	scim.QuirkMemberName: {
		{"PATCH", "/Groups/STAFF", `{PATCHOP:[{"op":"add","path":"members","value":[{"value":"ann@acme.example"}]}]}`, nil},
		{"PATCH", "/Groups/STAFF", `{PATCHOP:[{"op":"add","path":"members","value":[{"value":"new@acme.example"}]}]}`, nil},
		{"POST", "/Groups", `{"schemas":["GROUP"],"displayName":"Crew","members":[{"display":"ann@acme.example"}]}`, nil},
	},
	scim.QuirkFilterForm: {
		{"GET", "/Users?filter=userName%20eq%20ann@acme.example", "", nil},
		{"GET", "/Groups?filter=displayName%20%20eq%20%22Staff%22", "", nil},
	},
	scim.QuirkFilterValue:   {{"GET", "/Users?filter=active%20eq%20%22True%22", "", nil}},
	scim.QuirkFilterComplex: {{"GET", "/Users?filter=ENT:manager%20eq%20%22x%22", "", nil}},
	scim.QuirkBothProjections: {
		{"GET", "/Users?attributes=userName&excludedAttributes=name", "", nil},
		{"POST", "/Users/.search", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],"attributes":["userName"],"excludedAttributes":["name"]}`, nil},
	},
	scim.QuirkEntityTag: {
		{"GET", "/Users/ANN", "", http.Header{"If-None-Match": {"x"}}},
		{"GET", "/Users/ANN", "", http.Header{"If-None-Match": {`"a", W/b`}}},
	},
	scim.QuirkNoBulkID: {{"POST", "/Bulk", `{BULK:[{"method":"POST","path":"/Users","data":{"schemas":["USER"],` + newUser + `}}]}`, nil}},
	scim.QuirkBulkForm: {
		{"POST", "/Bulk", `{BULK:[{"method":"delete","path":"/Users/ANN"}]}`, nil},
		{"POST", "/Bulk", `{BULK:[{"method":"PATCH","path":"/Users/ANN","data":[{"op":"add","path":"title","value":"x"}]}]}`, nil},
	},
}

// TestStrict_Quirks sends what departs from the RFCs: a lenient connection is
// served and it is counted, and a strict one is told the section and changes
// nothing.
func TestStrict_Quirks(t *testing.T) {
	t.Parallel()
	for q := scim.Quirk(0); !strings.HasPrefix(q.String(), "Quirk("); q++ {
		if q == scim.QuirkNoContentType {
			continue // has a test of its own
		}
		require.NotEmpty(t, quirky[q], "%s has no request", q)
		for _, a := range quirky[q] {
			t.Run(q.String()+" "+a.method+" "+a.path, func(t *testing.T) {
				t.Parallel()
				r, fill := strictRig(t)
				before := r.dump()
				refused := r.as(strict).ask(fill, a)
				told := refused.body
				if strings.HasPrefix(a.path, "/Bulk") && refused.status == 200 { // one of its operations is
					told, _ = refused.at("Operations", 0, "response").(obj)
				}
				require.Equal(t, "400", told["status"], refused.raw)
				require.NotEmpty(t, told["scimType"])
				require.Contains(t, told["detail"], q.Section())
				r.same(before, r.dump())
				require.Equal(t, map[scim.Quirk]int64{q: 1}, r.quirksOf("strict"))
				require.Empty(t, r.quirksOf("entra"))

				served := r.ask(fill, a)
				require.Less(t, served.status, 300, served.raw)
				require.Nil(t, served.at("Operations", 0, "response"), served.raw)
				require.Equal(t, map[scim.Quirk]int64{q: 1}, r.quirksOf("entra"))
			})
		}
	}
}

// TestStrict_NoContentType: a body without a type is 415 where the RFC rules.
func TestStrict_NoContentType(t *testing.T) {
	t.Parallel()
	r, _ := strictRig(t)
	body := obj{"schemas": list{scim.GroupSchema}, "displayName": "Crew"}
	text, err := json.Marshal(body)
	require.NoError(t, err)
	require.Equal(t, 415, r.as(strict).untyped("POST", "/Groups", string(text)).status)
	require.Equal(t, 201, r.untyped("POST", "/Groups", string(text)).status)
	for _, c := range []string{"strict", "entra"} {
		require.Equal(t, map[scim.Quirk]int64{scim.QuirkNoContentType: 1}, r.quirksOf(c))
	}
}

// TestStrict_WellFormed sends what the RFCs have, in all the forms that they have,
// over a strict connection: everything is served, and nothing is a quirk.
func TestStrict_WellFormed(t *testing.T) {
	t.Parallel()
	const search = `"schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]`
	for _, a := range []asked{
		{"POST", "/Users", `{"schemas":["USER","ENT"],` + newUser + `,"externalId":"b","name":{"formatted":"Bob B","givenName":"Bob"},"active":true,"phoneNumbers":[{"value":"1","type":"work","primary":true},{"value":"2","type":"home","primary":false}],"title":null,"addresses":[],"ENT":{"department":"IT","manager":{"value":"x"}},"id":"mine","meta":{"resourceType":"User"},"groups":[]}`, nil},
		{"POST", "/Users", `{"Schemas":["USER"],"UserName":"bob@acme.example","Emails":[{"VALUE":"bob@acme.example","type":"work"}],"password":"not kept"}`, nil},
		{"PUT", "/Users/ANN", `{"schemas":["USER"],"id":"ANN","meta":{"version":"x"},"userName":"ann@acme.example","emails":[{"value":"ann@acme.example","type":"work"}]}`, nil},
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"add","path":"title","value":"Chief"},{"op":"replace","path":"name.familyName","value":"Lee"},{"op":"remove","path":"title"}]}`, nil},
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"add","value":{"title":"Chief","emails":[{"value":"home@acme.example","type":"home"}],"ENT":{"department":"IT"}}},{"op":"replace","value":{"active":false}}]}`, nil},
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"replace","path":"emails[type eq \"work\"].value","value":"a@acme.example"},{"op":"add","path":"ENT:department","value":"IT"},{"op":"add","path":"USER:title","value":"X"},{"op":"remove","path":"emails[type eq \"home\"]"}]}`, nil},
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"add","path":"phoneNumbers","value":{"value":"1"}}]}`, nil},
		{"PATCH", "/Groups/STAFF", `{PATCHOP:[{"op":"add","path":"members","value":[{"value":"ANN","display":"Ann","$ref":"https://x/Users/ANN","type":"User"}]},{"op":"remove","path":"members[value eq \"ANN\"]"},{"op":"replace","path":"displayName","value":"Crew"}]}`, nil},
		{"PATCH", "/Groups/STAFF", `{PATCHOP:[{"op":"replace","value":{"displayName":"Crew","members":[]}}]}`, nil},
		{"PATCH", "/Groups/STAFF", `{PATCHOP:[{"op":"remove","path":"members"}]}`, nil},
		{"PUT", "/Groups/STAFF", `{"schemas":["GROUP"],"id":"STAFF","meta":{},"displayName":"Crew","members":[{"value":"ANN"}]}`, nil},
		{"GET", "/Users?filter=emails%5Btype%20eq%20%22work%22%20and%20value%20co%20%22acme%22%5D%20or%20not%20(active%20eq%20false)", "", nil},
		{"GET", "/Users?filter=emails%20co%20%22acme%22&sortBy=name.familyName&sortOrder=descending&startIndex=0&count=-1", "", nil},
		{"GET", "/Users?filter=ENT:manager.value%20pr&attributes=userName,ENT:department,USER:name.familyName", "", nil},
		{"GET", "/Groups?filter=members.value%20eq%20%22ANN%22&excludedAttributes=members,GROUP:displayName", "", nil},
		{"POST", "/.search", `{` + search + `,"filter":"meta.resourceType eq \"User\"","attributes":["displayName","userName"],"startIndex":1,"count":10}`, nil},
		{"GET", "/Users/ANN", "", http.Header{"If-None-Match": {`W/"x", "y"`}}},
		{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"replace","path":"active","value":true}]}`, http.Header{"If-Match": {`*`}}},
		{"POST", "/Bulk", `{BULK:[{"method":"POST","path":"/Users","bulkId":"b","data":{"schemas":["USER"],` + newUser + `}},{"method":"POST","path":"/Groups","bulkId":"g","data":{"schemas":["GROUP"],"displayName":"Crew","members":[{"value":"bulkId:b","type":"User"}]}},{"method":"PATCH","path":"/Users/ANN","version":"W/\"x\"","data":{PATCHOP:[{"op":"add","path":"title","value":"x"}]}},{"method":"DELETE","path":"/Users/ANN"}]}`, nil},
		{"DELETE", "/Groups/STAFF", "", nil},
		{"DELETE", "/Users/ANN", "", nil},
		{"GET", "/ServiceProviderConfig", "", nil},
	} {
		t.Run(a.method+" "+a.path, func(t *testing.T) {
			t.Parallel()
			r, fill := strictRig(t)
			p := r.as(strict).ask(fill, a)
			require.Less(t, p.status, 300, p.raw)
			require.Empty(t, cmp.Diff([]scim.QuirkCount(nil), r.handler.Quirks(acme)))
		})
	}
}

// TestStrict_Counts: requests are counted, not how often each has a quirk; each
// connection for itself, each tenant for itself, and refusals for other reasons
// too.
func TestStrict_Counts(t *testing.T) {
	t.Parallel()
	r, fill := strictRig(t)
	twice := asked{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"Add","path":"title","value":"A"},{"op":"Add","path":"title","value":"B"}]}`, nil}
	for range 3 {
		require.Equal(t, 200, r.ask(fill, twice).status)
	}
	require.Equal(t, 404, r.ask(fill, asked{"PATCH", "/Users/nobody", twice.body, nil}).status)
	last := r.clock.Now()
	r.clock.advance(60e9)
	require.Equal(t, 200, r.as(okta).ask(fill, asked{"GET", "/Users?filter=active%20eq%20True", "", nil}).status)
	require.Equal(t, 200, r.as(other).ask(fill, asked{"GET", "/Users?filter=active%20eq%20True", "", nil}).status)
	require.Empty(t, cmp.Diff([]scim.QuirkCount{
		{Connection: "entra", Quirk: scim.QuirkOperationCase, Requests: 4, Last: last},
		{Connection: "okta", Quirk: scim.QuirkFilterForm, Requests: 1, Last: r.clock.Now()},
	}, r.handler.Quirks(acme)))
	require.Len(t, r.handler.Quirks(globex), 1)
}

// TestStrict_CountsTogether is for the race detector.
func TestStrict_CountsTogether(t *testing.T) {
	t.Parallel()
	r, fill := strictRig(t)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 20 {
				r.ask(fill, asked{"GET", "/Users?filter=active%20eq%20True", "", nil})
				r.handler.Quirks(acme)
			}
		})
	}
	wait.Wait()
	require.Equal(t, map[scim.Quirk]int64{scim.QuirkFilterForm: 160}, r.quirksOf("entra"))
}

// TestStrict_Leaver: what ends access is read the same by both: an operation that
// is refused says so, and never half of it is done.
func TestStrict_Leaver(t *testing.T) {
	t.Parallel()
	r, fill := strictRig(t)
	half := asked{"PATCH", "/Users/ANN", `{PATCHOP:[{"op":"replace","path":"active","value":false},{"op":"Replace","path":"title","value":"Left"}]}`, nil}
	require.Equal(t, 400, r.as(strict).ask(fill, half).status)
	require.Equal(t, scim.StatusActive, r.status(fill.Replace("ANN")))
	require.Equal(t, 200, r.ask(fill, half).status)
	require.Equal(t, scim.StatusDeactivated, r.status(fill.Replace("ANN")))
}

func TestQuirk_Names(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for q := scim.Quirk(0); !strings.HasPrefix(q.String(), "Quirk("); q++ {
		require.NotEmpty(t, q.String())
		require.False(t, seen[q.String()], q.String())
		seen[q.String()] = true
		require.Regexp(t, `^RFC \d{4} section [\d.]+$`, q.Section())
	}
	require.Len(t, seen, 33)
	require.Empty(t, scim.Quirk(200).Section())
}

package scim_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// fuzzed is a server with two users and a group, and what must hold of it
// whatever a client sends.
type fuzzed struct {
	*bench
	user, other, group string
}

// fuzzServer is one server for all runs, each of which is a tenant of its own.
var fuzzServer = sync.OnceValue(func() *scim.Handler {
	dir, err := scim.New(scim.Config{Store: memstore.NewWith(memstore.Options{Events: 10}), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		panic(err)
	}
	h, err := scim.NewHandler(dir, scim.HandlerConfig{
		BaseURL: "https://app.example.com/scim/v2",
		Verifier: scim.TokenVerifierFunc(func(_ context.Context, token string) (scim.Connection, error) {
			return scim.Connection{ID: token, Tenant: scim.Tenant(token)}, nil
		}),
	})
	if err != nil {
		panic(err)
	}
	return h
})

var fuzzTenants atomic.Int64

func newFuzzed(tb testing.TB) *fuzzed {
	tb.Helper()
	f := &fuzzed{bench: &bench{h: fuzzServer(), prefix: "/scim/v2", token: "tenant-" + strconv.FormatInt(fuzzTenants.Add(1), 10)}}
	f.user = f.do(tb, "POST", "/Users", userBody(1), 201).id()
	f.other = f.do(tb, "POST", "/Users", userBody(2), 201).id()
	f.group = f.do(tb, "POST", "/Groups", `{"displayName":"Everyone","members":[{"value":"`+f.user+`"}]}`, 201).id()
	return f
}

// send asks with whatever bytes, and returns the status and the answer, which
// has to be SCIM JSON and no failure of the server.
func (f *fuzzed) send(t *testing.T, method, path, body string) (int, map[string]any) {
	t.Helper()
	r := httptest.NewRequest(method, "https://app.example.com/scim/v2"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+f.token)
	w := httptest.NewRecorder()
	f.h.ServeHTTP(w, r)
	require.Less(t, w.Code, 500, "%s", w.Body)
	if w.Code == http.StatusNoContent {
		require.Empty(t, w.Body.String())
		return w.Code, nil
	}
	var answer map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer), "%s", w.Body)
	if w.Code >= 400 {
		require.Equal(t, []any{"urn:ietf:params:scim:api:messages:2.0:Error"}, answer["schemas"])
		require.NotEmpty(t, answer["detail"])
	}
	return w.Code, answer
}

// intact checks a user after a change: it is itself, whole, and reading it back
// gives what the change answered.
func (f *fuzzed) intact(t *testing.T, id string, answer map[string]any) {
	t.Helper()
	_, now := f.send(t, "GET", "/Users/"+id, "")
	require.Equal(t, id, now["id"])
	require.IsType(t, true, now["active"])
	require.NotEmpty(t, now["userName"])
	if answer != nil {
		require.Equal(t, answer, now)
	}
}

func FuzzPatchUser(f *testing.F) {
	for _, op := range []string{
		`{"op":"Replace","path":"active","value":"False"}`,
		`{"op":"add","path":"emails[type eq \"home\"].value","value":"h@example.com"}`,
		`{"op":"replace","value":{"name.givenName":"A","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":"x"}}}`,
		`{"op":"remove","path":"addresses[type eq \"work\" and primary eq true].country"}`,
		`{"op":"add","path":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager","value":[{"$ref":null,"value":"x"}]}`,
		`{"op":"remove","path":"emails","value":[{"value":"person.1@example.com"}]}`,
		`{"op":"replace","path":"id","value":"x"}`,
		`{"op":"add","path":"phoneNumbers","value":["+44 1","+44 2",null,{}]}`,
	} {
		f.Add([]byte(`{"Operations":[` + op + `]}`))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := newFuzzed(t)
		before := s.do(t, "GET", "/Users/"+s.user, "", 200).body.String()
		code, answer := s.send(t, "PATCH", "/Users/"+s.user, string(body))
		if code >= 400 {
			require.Equal(t, before, s.do(t, "GET", "/Users/"+s.user, "", 200).body.String(), "a refused PATCH changed the user")
			return
		}
		s.intact(t, s.user, answer)
		s.intact(t, s.other, nil)
	})
}

func FuzzPatchGroup(f *testing.F) {
	for _, op := range []string{
		`{"op":"Add","path":"members","value":[{"$ref":null,"value":"new@example.com"}]}`,
		`{"op":"remove","path":"members[value eq \"x\" or value eq \"y\"]"}`,
		`{"op":"remove","path":"members[display sw \"P\"]"}`,
		`{"op":"replace","path":"members","value":[]}`,
		`{"op":"remove","path":"members"}`,
		`{"op":"replace","value":{"id":"1","displayName":"Other","members":["a@example.com"]}}`,
		`{"op":"remove","path":"displayName"}`,
	} {
		f.Add([]byte(`{"Operations":[` + op + `]}`))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		s := newFuzzed(t)
		before := s.do(t, "GET", "/Groups/"+s.group, "", 200).body.String()
		code, _ := s.send(t, "PATCH", "/Groups/"+s.group, string(body))
		after := s.do(t, "GET", "/Groups/"+s.group, "", 200).body.String()
		if code >= 400 {
			require.Equal(t, before, after, "a refused PATCH changed the group")
		}
		var g struct{ DisplayName string }
		require.NoError(t, json.Unmarshal([]byte(after), &g))
		require.NotEmpty(t, g.DisplayName)
	})
}

func FuzzUserBody(f *testing.F) {
	f.Add([]byte(userBody(3)))
	f.Add([]byte(`{"userName":"a@b.c","emails":{"value":"x@y.z"},"active":"FALSE","name":null,"groups":[{}]}`))
	f.Add([]byte(`{"USERNAME":"a","emails":["x@y.z"],"addresses":[{"type":"work","country":null}],"password":"p"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s := newFuzzed(t)
		if code, created := s.send(t, "POST", "/Users", string(body)); code == 201 {
			s.intact(t, created["id"].(string), created)
		}
		if code, put := s.send(t, "PUT", "/Users/"+s.user, string(body)); code == 200 {
			s.intact(t, s.user, put)
			// A client that writes back what it read changes nothing (protocol, Answers 2).
			text, err := json.Marshal(put)
			require.NoError(t, err)
			_, again := s.send(t, "PUT", "/Users/"+s.user, string(text))
			require.Equal(t, put, again)
		}
	})
}

func FuzzGroupBody(f *testing.F) {
	f.Add([]byte(`{"displayName":"A","externalId":"1","members":[{"value":"a@example.com"},{"value":"x","display":"b@example.com"}]}`))
	f.Add([]byte(`{"DisplayName":"B","members":["person.1@example.com",null],"schemas":[]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		s := newFuzzed(t)
		s.send(t, "POST", "/Groups", string(body))
		s.send(t, "PUT", "/Groups/"+s.group, string(body))
	})
}

func FuzzFilter(f *testing.F) {
	for _, filter := range []string{
		`userName eq "person.1@example.com"`, `emails[type eq "work"].value eq "x"`, `not (active eq true) or meta.created gt "2020-01-01T00:00:00Z"`,
		`groups.value pr and schemas eq "x"`, `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:hireDate ge "2020-01-01"`, `members[type eq "User"]`, `id eq "1" and members eq "2"`,
	} {
		f.Add(filter)
	}
	s := newFuzzed(f)
	f.Fuzz(func(t *testing.T, filter string) {
		q := "?filter=" + url.QueryEscape(filter)
		for _, endpoint := range []string{"/Users", "/Groups"} {
			code, some := s.send(t, "GET", endpoint+q, "")
			if code != 200 || strings.TrimSpace(filter) == "" {
				continue
			}
			// A filter and its opposite share the directory between them.
			code, rest := s.send(t, "GET", endpoint+"?filter="+url.QueryEscape("not("+filter+")"), "")
			if code == 200 {
				_, all := s.send(t, "GET", endpoint, "")
				require.Equal(t, all["totalResults"], some["totalResults"].(float64)+rest["totalResults"].(float64))
			}
		}
	})
}

func FuzzQuery(f *testing.F) {
	f.Add("startIndex=0&count=-1&attributes=userName,emails[type eq \"work\"].value&excludedAttributes=members")
	f.Add("count=1&startIndex=99999999999999999999&&&=&attributes=,urn:x:y:z")
	f.Fuzz(func(t *testing.T, query string) {
		s := newFuzzed(t)
		u := url.URL{RawQuery: query}
		if _, err := url.Parse("https://app.example.com/scim/v2/Users?" + u.RawQuery); err != nil || strings.ContainsAny(query, " #\x7f") {
			return
		}
		for _, endpoint := range []string{"/Users", "/Groups", "/Users/" + s.user, "/Groups/" + s.group} {
			s.send(t, "GET", endpoint+"?"+query, "")
		}
	})
}

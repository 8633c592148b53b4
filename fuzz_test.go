package scim_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// The seeds of these targets are in testdata/fuzz. In them {{user}}, {{other}} and
// {{group}} are what the tenant has, {{foreign}} and {{club}} a user and a group
// of another one.

func FuzzPatchUser(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		s := newFuzzed(t)
		if code, answer := s.write(t, "PATCH", "/Users/"+s.user, string(body), 200); code == 200 {
			require.Equal(t, s.user, answer["id"])
			s.stable(t, "/Users/"+s.user, answer)
		}
	})
}

func FuzzPatchGroup(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		s := newFuzzed(t)
		if code, _ := s.write(t, "PATCH", "/Groups/"+s.group, string(body), 204); code == 204 {
			s.stable(t, "/Groups/"+s.group, nil)
		}
	})
}

// FuzzPatchPath reaches paths, and what they select, sooner than whole bodies do.
func FuzzPatchPath(f *testing.F) {
	f.Fuzz(func(t *testing.T, path, value string) {
		s := newFuzzed(t)
		for _, target := range []string{"/Users/" + s.user, "/Groups/" + s.group} {
			for _, kind := range []string{"add", "replace", "remove"} {
				o := obj{"op": kind, "path": s.ids.Replace(path)}
				if kind != "remove" {
					o["value"] = value
				}
				body, err := json.Marshal(patch(o))
				require.NoError(t, err)
				if code, _ := s.write(t, "PATCH", target, string(body), 200, 204); code < 400 {
					s.stable(t, target, nil)
				}
			}
		}
	})
}

func FuzzUserBody(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		s := newFuzzed(t)
		if code, created := s.write(t, "POST", "/Users", string(body), 201); code == 201 {
			s.stable(t, "/Users/"+created["id"].(string), created)
		}
		if code, put := s.write(t, "PUT", "/Users/"+s.user, string(body), 200); code == 200 {
			require.Equal(t, s.user, put["id"])
			s.stable(t, "/Users/"+s.user, put)
		}
		// Whoever is deleted comes back, or stays away, whatever is said of her.
		s.send(t, "DELETE", "/Users/"+s.user, "", 204)
		s.write(t, "POST", "/Users", string(body), 201)
	})
}

func FuzzGroupBody(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		s := newFuzzed(t)
		if code, created := s.write(t, "POST", "/Groups", string(body), 201); code == 201 {
			s.stable(t, "/Groups/"+created["id"].(string), created)
		}
		if code, put := s.write(t, "PUT", "/Groups/"+s.group, string(body), 200); code == 200 {
			require.Equal(t, s.group, put["id"])
			s.stable(t, "/Groups/"+s.group, put)
		}
	})
}

// FuzzBulk: each operation is answered for itself, and what none of them is said
// to have done is not done.
func FuzzBulk(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		s := newFuzzed(t)
		before := s.dump()
		code, answer := s.write(t, "POST", "/Bulk", string(body), 200)
		if code != 200 {
			return
		}
		var sent struct{ Operations []any }
		_ = json.Unmarshal(body, &sent) // which takes the last of several
		ops := answer["Operations"].([]any)
		require.LessOrEqual(t, len(ops), len(sent.Operations))
		succeeded := false
		for i := range ops {
			o := ops[i].(map[string]any)
			status, err := strconv.Atoi(o["status"].(string))
			require.NoError(t, err)
			require.Contains(t, []int{200, 201, 204, 400, 404, 409, 412, 413}, status)
			if status >= 400 {
				errorBody(t, status, o["response"].(map[string]any))
				continue
			}
			succeeded = true
			require.NotContains(t, o, "response")
			location, ok := strings.CutPrefix(o["location"].(string), "https://app.example.com/scim/v2")
			require.True(t, ok)
			if r, err := http.NewRequest("GET", "https://app.example.com/scim/v2"+location, nil); err == nil && r.URL.RawQuery == "" && len(sent.Operations) == 1 {
				s.send(t, "GET", location, "", map[bool]int{true: 404, false: 200}[status == 204])
			}
		}
		switch {
		case succeeded:
		case strings.Contains(string(body), "ulk"): // what is taken back leaves a trace
			require.Equal(t, before.there(), s.dump().there())
		default:
			require.Equal(t, before, s.dump())
		}
	})
}

// there are the users and groups that are there and that a client sent itself.
func (s state) there() []string {
	var out []string
	for _, u := range s.Users {
		if u.Status != scim.StatusArchived && !u.Placeholder {
			out = append(out, u.ID)
		}
	}
	for _, g := range s.Groups {
		out = append(out, g.ID)
	}
	return out
}

func FuzzFilter(f *testing.F) {
	own := newFuzzed(f)
	f.Fuzz(func(t *testing.T, filter string) {
		s := own.in(t)
		filter = s.ids.Replace(filter)
		before := s.dump()
		q := "?filter=" + url.QueryEscape(filter)
		for _, endpoint := range []string{"/Users", "/Groups", "/"} {
			code, some := s.send(t, "GET", endpoint+q, "", 200, 400)
			if code != 200 {
				require.Contains(t, []any{"invalidFilter", "tooMany"}, some["scimType"])
			}
			_, searched := s.send(t, "POST", strings.TrimSuffix(endpoint, "/")+"/.search", fmt.Sprintf(`{"filter":%s}`, asJSON(t, filter)), 200, 400)
			if validJSONText(filter) {
				require.Equal(t, some, searched, "a search is a list")
			}
			if code != 200 || strings.TrimSpace(filter) == "" {
				continue
			}
			s.aList(t, some)
			// A filter and its opposite share the directory between them.
			code, rest := s.send(t, "GET", endpoint+"?filter="+url.QueryEscape("not("+filter+")"), "", 200, 400)
			if code == 200 {
				_, all := s.send(t, "GET", endpoint, "", 200)
				require.Equal(t, all["totalResults"], some["totalResults"].(float64)+rest["totalResults"].(float64))
			}
		}
		require.Equal(t, before, s.dump())
	})
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

// validJSONText reports whether a text is the same after it was JSON, and may be in
// a body at all.
func validJSONText(s string) bool {
	return strings.ToValidUTF8(s, "") == s && !strings.ContainsAny(s, "\x00")
}

// aList checks a list, of which everything is the tenant's own and there once.
func (f *fuzzed) aList(t *testing.T, answer map[string]any) {
	t.Helper()
	require.Equal(t, []any{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, answer["schemas"])
	resources, _ := answer["Resources"].([]any)
	require.GreaterOrEqual(t, answer["totalResults"], float64(len(resources)))
	own := map[string]bool{}
	now := f.dump()
	for _, u := range now.Users {
		own[u.ID] = true
	}
	for _, g := range now.Groups {
		own[g.ID] = true
	}
	for _, r := range resources {
		id := r.(map[string]any)["id"].(string)
		require.True(t, own[id], "%s is listed twice, or is not the tenant's", id)
		delete(own, id)
	}
}

func FuzzQuery(f *testing.F) {
	f.Fuzz(func(t *testing.T, query string) {
		if _, err := url.Parse("https://app.example.com/scim/v2/Users?" + query); err != nil || strings.ContainsAny(query, " #\x7f") {
			return
		}
		s := newFuzzed(t)
		query = s.ids.Replace(query)
		before := s.dump()
		for _, endpoint := range []string{"/Users", "/Groups", "/", "/Users/" + s.user, "/Groups/" + s.group} {
			code, answer := s.send(t, "GET", endpoint+"?"+query, "", 200, 400, 414)
			if code == 200 && !strings.Contains(endpoint, s.user) && !strings.Contains(endpoint, s.group) {
				s.aList(t, answer)
			}
		}
		require.Equal(t, before, s.dump())
	})
}

func FuzzSearch(f *testing.F) {
	f.Fuzz(func(t *testing.T, body []byte) {
		s := newFuzzed(t)
		before := s.dump()
		for _, endpoint := range []string{"/Users/.search", "/Groups/.search", "/.search"} {
			code, answer := s.send(t, "POST", endpoint, string(body), 200, 400, 413)
			if code == 200 {
				s.aList(t, answer)
			}
		}
		require.Equal(t, before, s.dump())
	})
}

// cursorQueries are what cursors are given out for.
var cursorQueries = []string{"/Users?", "/Groups?", "/?", "/Users?sortBy=userName&", "/?sortBy=displayName&", "/Users?filter=title+pr&"}

// FuzzCursor: no text opens as a cursor but those that were given out, to the
// tenant and the query that they were given out for; mask is what somebody changes
// of one that was.
func FuzzCursor(f *testing.F) {
	own := newFuzzed(f)
	somebody := *own
	somebody.bench = &bench{h: own.h, prefix: own.prefix, token: string(fuzzForeign)}
	given := make(map[string]string) // the query by cursor
	var all []string
	for _, query := range cursorQueries {
		w := own.do(f, "GET", query+"count=1&cursor", "", 200)
		if _, rest, ok := strings.Cut(w.body.String(), `"nextCursor":"`); ok {
			cursor, _, _ := strings.Cut(rest, `"`)
			given[cursor] = query
			all = append(all, cursor)
		}
	}
	require.GreaterOrEqual(f, len(all), 5)
	refused := func(t *testing.T, s *fuzzed, query, cursor string) {
		t.Helper()
		_, answer := s.send(t, "GET", query+"cursor="+url.QueryEscape(cursor), "", 400)
		require.Equal(t, "invalidCursor", answer["scimType"], "%s %q", query, cursor)
	}
	f.Fuzz(func(t *testing.T, text string, which uint8, mask []byte) {
		s := own.in(t)
		for _, query := range cursorQueries {
			if strings.TrimSpace(text) != "" {
				refused(t, s, query, text)
			}
		}
		cursor := all[int(which)%len(all)]
		raw, err := base64.RawURLEncoding.DecodeString(cursor)
		require.NoError(t, err)
		for i := range min(len(mask), len(raw)) {
			raw[i] ^= mask[i]
		}
		raw = append(raw, mask[min(len(mask), len(raw)):]...)
		forged := base64.RawURLEncoding.EncodeToString(raw)
		for _, form := range []string{cursor[:9] + "\n" + cursor[9:], cursor + "=", cursor + "A", cursor[1:], cursor[:len(cursor)-1] + "_", cursor[:len(cursor)-1] + "B"} {
			if form != cursor {
				refused(t, s, given[cursor], form)
			}
		}
		for _, query := range cursorQueries {
			refused(t, &somebody, query, cursor)
			switch {
			case forged != cursor:
				refused(t, s, query, forged)
			case query == given[cursor]:
				_, page := s.send(t, "GET", query+"cursor="+cursor, "", 200)
				s.aList(t, page)
			default:
				refused(t, s, query, cursor)
			}
		}
	})
}

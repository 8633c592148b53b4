package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// answer is what the fake server sends.
type answer struct {
	status int
	body   string
}

// fake serves one answer after another and keeps what it was asked.
func fake(t *testing.T, answers ...answer) (base string, asked *[]string) {
	t.Helper()
	asked = new([]string)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		n := len(*asked)
		*asked = append(*asked, strings.TrimSpace(fmt.Sprint(r.Method, " ", r.URL.Path, "?", r.URL.Query().Get("filter"), " ", r.Header.Get("Authorization"), " ", string(body))))
		w.Header().Set("ETag", `W/"1"`)
		w.WriteHeader(answers[n%len(answers)].status)
		_, _ = w.Write([]byte(answers[n%len(answers)].body))
	}))
	t.Cleanup(s.Close)
	return s.URL, asked
}

// request is a step with one assertion, as JSON.
func request(assertion string) string {
	return `{"version": "1.0", "steps": [{"step_type": "request", "note": "note", "method": "GET", "url": "{{base}}/Users", "assertions": [` + assertion + `]}]}`
}

func parsed(t *testing.T, test string) *suite {
	t.Helper()
	s, err := parseSuite([]byte(test))
	require.NoError(t, err)
	return s
}

const listAnswer = `{"schemas": ["urn:list", "urn:more"], "totalResults": 2, "none": [], "blank": "", "nothing": null, "object": {},
	"Resources": [{"id": "a1", "active": false, "count": 0, "name": {"familyName": "Other"}, "status": "404"}]}`

// TestAssertions: each comparison holds where it should, and is counted as failed
// where it should not hold.
func TestAssertions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		comparison, source, property, value string
		holds                               bool
	}{
		{"equal_number", "response_status", "", "200", true},
		{"equal_number", "response_status", "", "201", false},
		{"equal_number", "response_status", "", "twohundred", false},
		{"equal_number", "response_json", "totalResults", "2", true},
		{"equal_number", "response_json", "totalResults", "2.0", true},
		{"equal_number", "response_json", "totalResults", "0", false},
		{"equal_number", "response_json", "Resources[0].status", "404", false}, // a string is no number
		{"equal_number", "response_json", "absent", "0", false},
		{"equal", "response_json", "totalResults", "2", true},
		{"equal", "response_json", "Resources[0].active", "false", true},
		{"equal", "response_json", "Resources[0].active", "true", false},
		{"equal", "response_json", "Resources[0].id", "a1", true},
		{"equal", "response_json", "Resources[0].id", "A1", false},
		{"equal", "response_json", "Resources[1].id", "a1", false},
		{"equal", "response_json", "Resources[0].name.familyName", "Other", true},
		{"equal", "response_json", "nothing", "", false},
		{"equal", "response_headers", "etag", `W/"1"`, true},
		{"equal", "response_headers", "Location", "", false},
		{"is_less_than", "response_time", "", "60000", true},
		{"is_less_than", "response_time", "", "0", false},
		{"is_less_than", "response_json", "totalResults", "2", false},
		{"is_a_number", "response_json", "totalResults", "null", true},
		{"is_a_number", "response_json", "Resources[0].status", "null", false},
		{"is_a_number", "response_json", "Resources[0].active", "null", false},
		{"not_empty", "response_json", "Resources", "null", true},
		{"not_empty", "response_json", "Resources[0].active", "null", true},
		{"not_empty", "response_json", "Resources[0].count", "null", true},
		{"not_empty", "response_json", "none", "null", false},
		{"not_empty", "response_json", "blank", "null", false},
		{"not_empty", "response_json", "nothing", "null", false},
		{"not_empty", "response_json", "object", "null", false},
		{"not_empty", "response_json", "absent", "null", false},
		{"not_empty", "response_json", "Resources.id", "null", false},
		{"has_value", "response_json", "schemas", "urn:more", true},
		{"has_value", "response_json", "schemas", "urn:mor", false},
		{"has_value", "response_json", "Resources[0].id", "a1", false},
		{"contains", "response_json", "schemas", "urn:list", true},
		{"contains", "response_json", "schemas", "urn:lis", false},
		{"contains", "response_json", "Resources[0].name.familyName", "the", true},
		{"contains", "response_json", "Resources[0].name.familyName", "The", false},
		{"contains", "response_json", "Resources[0].active", "false", false},
	} {
		members := map[string]any{"comparison": c.comparison, "source": c.source, "value": c.value}
		if c.property != "" {
			members["property"] = c.property
		}
		if c.value == "null" {
			members["value"] = nil
		}
		written, err := json.Marshal(members)
		require.NoError(t, err)
		test := parsed(t, request(string(written)))
		base, _ := fake(t, answer{200, listAnswer})
		r := test.run(t.Context(), map[string]string{"base": base})
		name := fmt.Sprint(c)
		require.Equal(t, 1, r.total(), name)
		require.Equal(t, c.holds, r.passed == 1, "%s: %v", name, r.failed)
		require.Equal(t, c.holds, (&outcome{report: r}).ok(), name)
	}
}

// TestNoAnswer: without a server, or without JSON, nothing passes.
func TestNoAnswer(t *testing.T) {
	t.Parallel()
	test := parsed(t, request(`
		{"comparison": "not_empty", "source": "response_json", "property": "id", "value": null},
		{"comparison": "equal", "source": "response_json", "property": "id", "value": "{{unknown}}"}`))
	require.Equal(t, 2, test.assertions())
	for _, base := range []string{"http://127.0.0.1:1", "not a URL"} {
		r := test.run(t.Context(), map[string]string{"base": base})
		require.Equal(t, 0, r.passed)
		require.Len(t, r.failed, 2)
	}
	for _, body := range []string{"", "<html>", `{"id": "1"} {"id": "2"}`} {
		base, _ := fake(t, answer{200, body})
		r := test.run(t.Context(), map[string]string{"base": base, "unknown": "1"})
		require.Equal(t, 0, r.passed, body)
		require.Len(t, r.failed, 2, body)
	}
}

// TestVariables: they are put into addresses, bodies, headers and values, and
// taken from answers.
func TestVariables(t *testing.T) {
	t.Parallel()
	test := parsed(t, `{"version": "1.0", "steps": [
		{"step_type": "request", "method": "GET", "url": "{{base}}/Users?count=1",
			"variables": [{"source": "response_json", "name": "id", "property": "Resources[0].id"}]},
		{"step_type": "pause", "duration": 1000},
		{"step_type": "request", "method": "PUT", "url": "{{base}}/Users/{{id}}?filter=userName eq \"{{ name }}\"", "body": "{{name}} & {{id}}",
			"headers": {"Authorization": ["{{auth}}"]},
			"assertions": [{"comparison": "equal", "source": "response_json", "property": "Resources[0].id", "value": "{{id}}"}]}]}`)
	base, asked := fake(t, answer{200, listAnswer})
	vars := map[string]string{"base": base, "name": "a+b@example.com", "auth": "Bearer x"}
	r := test.run(t.Context(), vars)
	require.Empty(t, r.failed)
	require.Equal(t, 1, r.passed)
	require.Equal(t, "a1", vars["id"])
	require.Empty(t, cmp.Diff([]string{
		"GET /Users?",
		`PUT /Users/a1?userName eq "a+b@example.com" Bearer x a+b@example.com & a1`,
	}, *asked))
}

// TestMissingVariables: what has no value fails, and is not sent with a hole.
func TestMissingVariables(t *testing.T) {
	t.Parallel()
	const second = `{"step_type": "request", "note": "second", "method": "GET", "url": "{{base}}/Users/{{id}}", "assertions": [
		{"comparison": "equal_number", "source": "response_status", "value": "200"},
		{"comparison": "is_less_than", "source": "response_time", "value": "60000"}]}`
	test := parsed(t, `{"version": "1.0", "steps": [
		{"step_type": "request", "note": "first", "method": "GET", "url": "{{base}}/Users",
			"variables": [{"source": "response_json", "name": "id", "property": "id"}]}, `+second+`]}`)
	base, asked := fake(t, answer{200, `{"id": ""}`})
	r := test.run(t.Context(), map[string]string{"base": base, "id": "an older one"})
	require.Equal(t, 0, r.passed)
	require.Len(t, r.failed, 3)
	require.Contains(t, r.failed[0], "variable id")
	require.Contains(t, r.failed[1], "the variable id has no value")
	require.Len(t, *asked, 1)
}

// TestUnknownIsRefused: nothing passes because it was not understood.
func TestUnknownIsRefused(t *testing.T) {
	t.Parallel()
	step := func(s string) string {
		return `{"version": "1.0", "steps": [{"step_type": "request", "method": "GET", "url": "/", ` + s + `}]}`
	}
	for want, test := range map[string]string{
		`comparison "is_roughly" is unknown`: request(`{"comparison": "is_roughly", "source": "response_status", "value": "200"}`),
		`comparison "" is unknown`:           request(`{"source": "response_status", "value": "200"}`),
		`source "response_xml" is unknown`:   request(`{"comparison": "equal", "source": "response_xml", "value": "200"}`),
		`value do not fit`:                   request(`{"comparison": "equal", "source": "response_status", "value": null}`),
		`"not_empty" and its value`:          request(`{"comparison": "not_empty", "source": "response_json", "property": "id", "value": "x"}`),
		`"a..b" is not a path`:               request(`{"comparison": "equal", "source": "response_json", "property": "a..b", "value": "x"}`),
		`"a[-1]" is not a path`:              request(`{"comparison": "equal", "source": "response_json", "property": "a[-1]", "value": "x"}`),
		`"" is not a path`:                   request(`{"comparison": "equal", "source": "response_json", "value": "x"}`),
		`needs the name of a header`:         request(`{"comparison": "equal", "source": "response_headers", "value": "x"}`),
		`has no property "reason"`:           request(`{"comparison": "equal", "source": "response_status", "property": "reason", "value": "x"}`),
		`unknown field "negated"`:            request(`{"comparison": "equal", "source": "response_status", "value": "200", "negated": true}`),
		`cannot unmarshal number`:            request(`{"comparison": "equal", "source": "response_status", "value": 200}`),
		`version "2.0" is unknown`:           `{"version": "2.0"}`,
		`something follows`:                  `{"version": "1.0"} {}`,
		`step type "condition" is unknown`:   `{"version": "1.0", "steps": [{"step_type": "condition"}]}`,
		`switched off`:                       step(`"skipped": true`),
		`auth, forms`:                        step(`"auth": {"type": "basic"}`),
		`forms and binary`:                   step(`"form": {"a": "b"}`),
		`scripts before`:                     step(`"before_scripts": ["var a = 1;"]`),
		`script that is unknown`:             step(`"scripts": ["", "assert.ok(false);"]`),
		`variable "x"`:                       step(`"variables": [{"source": "response_headers", "name": "x", "property": "ETag"}]`),
		`variable ""`:                        step(`"variables": [{"source": "response_json", "name": "", "property": "id"}]`),
	} {
		_, err := parseSuite([]byte(test))
		require.ErrorContains(t, err, want)
	}
	unknown := assertion{Comparison: "is_roughly", Source: "response_status"}
	require.ErrorContains(t, unknown.judge(&exchange{}, nil), "is unknown")
}

// TestScript: the one script that is known fails where Okta's would.
func TestScript(t *testing.T) {
	t.Parallel()
	require.Len(t, scripts, 1)
	for _, check := range scripts {
		for body, holds := range map[string]bool{
			`{"totalResults": 0}`:                  true,
			`{"totalResults": 1, "Resources": []}`: true,
			`{"totalResults": 1}`:                  false,
			`{"totalResults": 1, "Resources": {}}`: false,
			`{}`:                                   false,
			`[]`:                                   false,
		} {
			var v any
			require.NoError(t, json.Unmarshal([]byte(body), &v))
			require.Equal(t, holds, check(v) == nil, body)
		}
	}
}

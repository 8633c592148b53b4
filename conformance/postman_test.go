package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// postmanRun is newman's report of a collection with a folder, in which two
// requests have one name. second is the last assertion of the second of them.
func postmanRun(t *testing.T, second, failures string) *newmanReport {
	t.Helper()
	var run newmanReport
	require.NoError(t, json.Unmarshal([]byte(`{
		"collection": {"item": [
			{"name": "users", "item": [{"id": "1", "name": "get"}, {"id": "2", "name": "get"}]},
			{"id": "3", "name": "get"}]},
		"run": {"failures": [`+failures+`], "executions": [
			{"item": {"id": "1", "name": "get"}, "assertions": [{"assertion": "200"}, {"assertion": "id"}]},
			{"item": {"id": "2", "name": "get"}, "assertions": [{"assertion": "200"}, `+second+`]},
			{"item": {"id": "3", "name": "get"}, "assertions": [{"assertion": "200"}]}]}}`), &run))
	return &run
}

const (
	holds = `{"assertion": "id"}`
	fails = `{"assertion": "id", "error": {"name": "AssertionError", "message": "expected 2"}}`
)

func exceptID(request string, nth int) []postmanException {
	return []postmanException{{Request: request, Nth: nth, Assertion: "id", why: why{Rule: "RFC 7644", Reason: "so it is"}}}
}

func TestPostmanCounts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		second, failures string
		except           []postmanException
		passed, excepted int
		failed, stale    []string
		skipped          []string
	}{
		"all hold":  {second: holds, passed: 5},
		"a failure": {second: fails, passed: 4, failed: []string{"users / get: id: expected 2"}},
		"excused":   {second: fails, except: exceptID("users / get", 2), passed: 4, excepted: 1},
		"the other of that name": {
			second: fails, except: exceptID("users / get", 1), passed: 4,
			failed: []string{"users / get: id: expected 2"}, stale: []string{"users / get (1): id"},
		},
		"stale":   {second: holds, except: exceptID("users / get", 2), passed: 5, stale: []string{"users / get (2): id"}},
		"no such": {second: holds, except: exceptID("get", 0), passed: 5, stale: []string{"get: id"}},
		"left out": {
			second: `{"assertion": "id", "skipped": true}`, passed: 4, skipped: []string{"users / get: id"},
		},
		"a script that broke": {
			second: holds, passed: 5, except: nil,
			failures: `{"at": "test-script", "error": {"name": "TypeError", "message": "id of undefined"}, "source": {"name": "get"}}`,
			failed:   []string{"get: test-script: id of undefined"},
		},
		"a request that broke": {
			second: holds, passed: 5,
			failures: `{"at": "request", "error": {"message": "refused"}, "source": {"name": "get"}}`,
			failed:   []string{"get: request: refused"},
		},
		"an assertion is counted once": {
			second: fails, passed: 4,
			failures: `{"at": "assertion:1 in test-script", "error": {"name": "AssertionError", "message": "expected 2"}, "source": {"name": "get"}}`,
			failed:   []string{"users / get: id: expected 2"},
		},
	} {
		r, err := judgePostman(postmanRun(t, c.second, c.failures), c.except)
		require.NoError(t, err, name)
		require.Equal(t, c.passed, r.passed, name)
		require.Len(t, r.excepted, c.excepted, name)
		require.Equal(t, c.failed, r.failed, name)
		require.Equal(t, c.stale, r.stale, name)
		require.Equal(t, c.skipped, r.skipped, name)
		require.Equal(t, len(c.failed)+len(c.stale) == 0, (&outcome{report: r}).ok(), name)
	}
}

func TestPostmanBroken(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]struct {
		change func(*newmanReport)
		except []postmanException
	}{
		"2 of 3 requests": {change: func(r *newmanReport) { r.Run.Executions = r.Run.Executions[1:] }},
		"0 of 3 requests": {change: func(r *newmanReport) { r.Run.Executions = nil }},
		"no such file":    {change: func(r *newmanReport) { r.Run.Error = &newmanError{Message: "no such file"} }},
		"nth has to say":  {except: exceptID("users / get", 0)},
		"there are 2":     {except: exceptID("users / get", 3)},
		"is superfluous":  {except: []postmanException{{Request: "get", Nth: 1, Assertion: "200"}}},
		"nothing was asserted": {change: func(r *newmanReport) {
			for i := range r.Run.Executions {
				r.Run.Executions[i].Assertions = nil
			}
		}},
	} {
		run := postmanRun(t, holds, "")
		if c.change != nil {
			c.change(run)
		}
		_, err := judgePostman(run, c.except)
		require.ErrorContains(t, err, want)
	}
}

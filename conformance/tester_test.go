package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// enough returns results that pass the floor, and those given.
func enough(more ...testerResult) []testerResult {
	results := make([]testerResult, leastChecks)
	for i := range results {
		results[i] = testerResult{Status: "SUCCESS", Check: "object_query"}
	}
	return append(results, more...)
}

type object = map[string]any

// except returns an exception for the managers of users.
func exceptManager(ignoring ...string) []testerException {
	return []testerException{{
		Check: "check_add_attribute", Resource: "User", Attribute: "manager", Ignoring: ignoring,
		why: why{Rule: "RFC 7643", Reason: "it is set by the server"},
	}}
}

func managerResult(expected, actual any) testerResult {
	return testerResult{
		Status: "ERROR", Check: "check_add_attribute", Resource: "User", Attribute: "manager", Reason: "other\n value",
		Compared: true, Expected: expected, Actual: actual,
	}
}

func TestTesterCounts(t *testing.T) {
	t.Parallel()
	for status, want := range map[string]report{
		"SUCCESS":    {passed: leastChecks + 1},
		"COMPLIANT":  {passed: leastChecks + 1},
		"ACCEPTABLE": {passed: leastChecks + 1},
		"DEVIATION":  {passed: leastChecks + 1},
		"SKIPPED":    {passed: leastChecks, skipped: []string{"search User: no"}},
		"ERROR":      {passed: leastChecks, failed: []string{"search User: no"}},
		"CRITICAL":   {passed: leastChecks, failed: []string{"search User: no"}},
		"NEW":        {passed: leastChecks, failed: []string{`search User: no: the unknown status "NEW"`}},
	} {
		r, err := judgeTester(enough(testerResult{Status: status, Check: "search", Resource: "User", Reason: "no"}), nil)
		require.NoError(t, err)
		require.Empty(t, cmp.Diff(want, r, cmp.AllowUnexported(report{})), status)
		require.Equal(t, len(want.failed) == 0, (&outcome{report: r}).ok(), status)
	}
}

// TestTesterChecksNothing: a discovery that broke off finds no error.
func TestTesterChecksNothing(t *testing.T) {
	t.Parallel()
	for _, results := range [][]testerResult{nil, enough()[1:]} {
		_, err := judgeTester(results, nil)
		require.ErrorContains(t, err, "next to nothing")
	}
}

// TestTesterExceptions: an exception excuses the parts that it names, and no more.
func TestTesterExceptions(t *testing.T) {
	t.Parallel()
	sent, got := object{"value": "1"}, object{"value": "1", "displayName": "Ann"}
	nested := func(manager object, department string) object {
		return object{"department": department, "manager": manager}
	}
	for name, c := range map[string]struct {
		result   testerResult
		ignoring string
		excused  bool
	}{
		"the part alone":        {managerResult(sent, got), "displayName", true},
		"another value too":     {managerResult(object{"value": "2"}, got), "displayName", false},
		"another part":          {managerResult(sent, got), "$ref", false},
		"nested":                {managerResult(nested(sent, "Sales"), nested(got, "Sales")), "manager.displayName", true},
		"nested, another value": {managerResult(nested(sent, "Sales"), nested(got, "Legal")), "manager.displayName", false},
		"in a list":             {managerResult([]any{sent, sent}, []any{got, got}), "displayName", true},
		"a longer list":         {managerResult([]any{sent}, []any{got, got}), "displayName", false},
		"nothing came back":     {managerResult(sent, nil), "displayName", false},
		"refused":               {testerResult{Status: "ERROR", Check: "check_add_attribute", Resource: "User", Attribute: "manager", Reason: "400"}, "displayName", false},
		"of groups": {testerResult{
			Status: "ERROR", Check: "check_add_attribute", Resource: "Group", Attribute: "manager",
			Compared: true, Expected: sent, Actual: got,
		}, "displayName", false},
	} {
		r, err := judgeTester(enough(c.result), exceptManager(c.ignoring))
		require.NoError(t, err, name)
		require.Equal(t, c.excused, len(r.excepted) == 1 && len(r.failed) == 0 && len(r.stale) == 0, name)
		require.Equal(t, !c.excused, len(r.excepted) == 0 && len(r.failed) == 1 && len(r.stale) == 1, name)
		require.Equal(t, c.excused, (&outcome{report: r}).ok(), name)
	}
}

// TestTesterStale: an exception that nothing needs fails.
func TestTesterStale(t *testing.T) {
	t.Parallel()
	r, err := judgeTester(enough(), exceptManager("displayName"))
	require.NoError(t, err)
	require.Equal(t, []string{"check_add_attribute User manager"}, r.stale)
	require.False(t, (&outcome{report: r}).ok())
}

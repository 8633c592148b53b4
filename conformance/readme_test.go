package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// TestReadme: README.md has the exceptions that are made, with their reasons.
func TestReadme(t *testing.T) {
	t.Parallel()
	e, err := loadExceptions(exceptionsJSON)
	require.NoError(t, err)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	var b strings.Builder
	row := func(checker, what string, y why) {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", checker, what, y.Reason, y.Rule)
	}
	for i := range e.Tester {
		x := &e.Tester[i]
		row("scim2-tester", fmt.Sprintf("`%s` %s `%s`, of `%s` alone", x.Check, x.Resource, x.Attribute, strings.Join(x.Ignoring, "`, `")), x.why)
	}
	for i := range e.Postman {
		row("microsoft-postman", e.Postman[i].String(), e.Postman[i].why)
	}
	_, rest, ok := strings.Cut(string(readme), "<!-- exceptions -->\n")
	require.True(t, ok)
	_, rest, ok = strings.Cut(rest, "|---|---|---|---|\n")
	require.True(t, ok)
	table, _, ok := strings.Cut(rest, "<!-- end of exceptions -->")
	require.True(t, ok)
	require.Empty(t, cmp.Diff(b.String(), table), "the table of README.md should be:\n%s", &b)
}

// TestExceptionsHaveReasons: an entry that leaves something out is an error.
func TestExceptionsHaveReasons(t *testing.T) {
	t.Parallel()
	for want, data := range map[string]string{
		"scim2-tester: entry 1":      `{"scim2-tester": [{"check": "c", "resource": "r", "attribute": "a", "ignoring": ["x"], "rule": "r"}]}`,
		"scim2-tester: entry 2":      `{"scim2-tester": [{"check": "c", "resource": "r", "attribute": "a", "ignoring": ["x"], "rule": "r", "reason": "y"}, {"check": "c", "resource": "r", "attribute": "a", "rule": "r", "reason": "y"}]}`,
		"microsoft-postman: entry 1": `{"microsoft-postman": [{"request": "r", "assertion": "a", "reason": "y"}]}`,
		"unknown field":              `{"microsoft-postman": [{"request": "r", "assertions": "a", "rule": "r", "reason": "y"}]}`,
	} {
		_, err := loadExceptions([]byte(data))
		require.ErrorContains(t, err, want)
	}
}

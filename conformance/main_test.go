package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFlags: folders are found from the repository's, wherever the job is started.
func TestFlags(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	o, err := parse([]string{"-root", root, "-only", "okta-spec,scim2-tester"}, nil)
	require.NoError(t, err)
	require.Equal(t, filepath.Join(filepath.Dir(root), "shared", "conformance"), o.data)
	require.True(t, filepath.IsAbs(o.cache))
	require.Equal(t, []string{"okta-spec", "scim2-tester"}, o.only)
	o, err = parse([]string{"-data", root}, nil)
	require.NoError(t, err)
	require.Equal(t, root, o.data)
	for _, args := range [][]string{{"-only", "okta"}, {"-colour"}, {"okta-spec"}} {
		var out, errs bytes.Buffer
		require.Equal(t, exitUsage, run(t.Context(), args, &out, &errs), args)
		require.Contains(t, errs.String(), args[len(args)-1])
	}
	var out bytes.Buffer
	require.Equal(t, 0, run(t.Context(), []string{"-h"}, &out, nil))
	require.Contains(t, out.String(), "-require")
}

// TestVerdicts: what failed fails the job; what was skipped does so on request.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		outcome       outcome
		says          string
		ok, whenAsked bool // without and with -require
	}{
		{outcome{report: report{passed: 1}}, "ok", true, true},
		{outcome{report: report{passed: 1, excepted: []string{"a"}, skipped: []string{"b"}}}, "ok", true, true},
		{outcome{report: report{}}, "FAILED", false, false}, // nothing was checked
		{outcome{report: report{passed: 1, failed: []string{"a"}}}, "FAILED", false, false},
		{outcome{report: report{passed: 1, stale: []string{"a"}}}, "FAILED: 1 exceptions are stale", false, false},
		{outcome{report: report{passed: 1}, err: errors.New("broke off")}, "FAILED: it did not run", false, false},
		{outcome{err: skip{"there is no npm"}}, "SKIPPED: there is no npm", true, false},
	} {
		var out bytes.Buffer
		good := outcome{name: "good", report: report{passed: 1}}
		require.Equal(t, c.ok, summarise(&out, []outcome{c.outcome, good}, false), c)
		require.Equal(t, c.whenAsked, summarise(&out, []outcome{good, c.outcome}, true), c)
		c.outcome.print(&out)
		require.Contains(t, out.String(), c.says)
	}
}

// TestMissing: what a machine lacks is skipped, not failed.
func TestMissing(t *testing.T) {
	t.Parallel()
	var missing skip
	empty := options{data: t.TempDir(), cache: t.TempDir()}
	_, err := prepareOkta(t.Context(), empty, nil)
	require.ErrorAs(t, err, &missing)
	_, err = preparePostman(t.Context(), empty, nil)
	require.ErrorAs(t, err, &missing)
	for range 2 { // a failed installation leaves nothing that the next run takes for one
		_, err = installed(t.Context(), empty.cache, "tool", nil, func(_ context.Context, dir string) error {
			require.NoError(t, os.WriteFile(filepath.Join(dir, "half"), nil, 0o600))
			return errors.New("no network")
		})
		require.ErrorAs(t, err, &missing)
		require.ErrorContains(t, err, "no network")
	}
	left, err := os.ReadDir(empty.cache)
	require.NoError(t, err)
	require.Empty(t, left)
}

// TestInstalledOnce: what is installed stays, until something about it changes.
func TestInstalledOnce(t *testing.T) {
	t.Parallel()
	cache, times := t.TempDir(), 0
	install := func(_ context.Context, dir string) error {
		times++
		return os.WriteFile(filepath.Join(dir, "tool"), nil, 0o600)
	}
	dirs := make(map[string]bool)
	for _, version := range []string{"1", "1", "2", "1"} {
		dir, err := installed(t.Context(), cache, "tool", [][]byte{[]byte(version)}, install)
		require.NoError(t, err)
		require.FileExists(t, filepath.Join(dir, "tool"))
		dirs[dir] = true
	}
	require.Equal(t, 2, times)
	require.Len(t, dirs, 2)
}

// TestReason: of what a program complains about, the line that says why.
func TestReason(t *testing.T) {
	t.Parallel()
	for out, want := range map[string]string{
		"npm error code ECONNREFUSED\nnpm error A complete log is in x\n": "npm error code ECONNREFUSED",
		"WARNING: Retrying\nERROR: No version\nERROR: No match\n":         "ERROR: No version",
		"Traceback\n  raise Error\nKeyError: 'x'\n\n":                     "KeyError: 'x'",
		" \n": "it said nothing",
	} {
		require.Equal(t, want, mainLine([]byte(out)))
	}
	require.Equal(t, "second", mainLine(nil, []byte("first\nsecond")))
}

// TestOktaData: a test that has not the assertions it should have is an error.
func TestOktaData(t *testing.T) {
	t.Parallel()
	o := options{data: t.TempDir()}
	for want, data := range map[string]string{
		"0 assertions instead of 52": `{"version": "1.0"}`,
		"version":                    `{}`,
	} {
		require.NoError(t, os.WriteFile(filepath.Join(o.data, "okta-spec.json"), []byte(data), 0o600))
		_, err := prepareOkta(t.Context(), o, nil)
		require.ErrorContains(t, err, want)
		require.False(t, errors.As(err, new(skip)))
	}
}

// TestServer: the server comes up, answers, and ends; and the job ends well when
// there is no data to check with, unless it is required.
func TestServer(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	binary, err := build(t.Context(), root, t.TempDir())
	require.NoError(t, err)
	s, err := start(t.Context(), binary, "-shared-emails")
	require.NoError(t, err)
	require.NoError(t, createUser(t.Context(), s))
	require.ErrorContains(t, createUser(t.Context(), s), "409")
	test := parsed(t, request(`{"comparison": "equal_number", "source": "response_json", "property": "totalResults", "value": "1"}`))
	test.Steps[0].Headers = map[string][]string{"Authorization": {"{{auth}}"}}
	vars := oktaVariables(s)
	vars["base"] = s.base
	r := test.run(t.Context(), vars)
	require.Empty(t, r.failed)
	require.NoError(t, s.stop())

	_, err = start(t.Context(), binary, "-no-such-flag")
	require.ErrorContains(t, err, "no-such-flag")

	args := []string{"-root", root, "-data", t.TempDir(), "-only", "okta-spec"}
	var out, errs bytes.Buffer
	require.Equal(t, 0, run(t.Context(), args, &out, &errs), &errs)
	require.Equal(t, 2, strings.Count(out.String(), "SKIPPED: there is no okta-spec.json"), &out) // there and in the summary
	require.Equal(t, exitFailure, run(t.Context(), append(args, "-require"), &out, &errs))
}

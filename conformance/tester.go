package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"time"
)

// This file runs scim2-tester, through a small program of Python.

//go:embed tester.py
var testerPy string

const testerTimeout = 2 * time.Minute

// leastChecks is far below what a server with PATCH is asked (134), and far above
// what is left when discovery breaks off: who checks nothing finds no error.
const leastChecks = 100

// prepareTester installs scim2-tester.
func prepareTester(ctx context.Context, o options, except *exceptions) (check, error) {
	interpreter, err := python(ctx, o.cache)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, s *server) (report, error) {
		ctx, cancel := context.WithTimeout(ctx, testerTimeout)
		defer cancel()
		cmd := exec.CommandContext(ctx, interpreter, "-I", "-c", testerPy, s.base)
		cmd.Env = append(os.Environ(), "SCIM_TOKEN="+s.token)
		cmd.WaitDelay = time.Second
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			return report{}, fmt.Errorf("%w: %s", err, mainLine(stderr.Bytes()))
		}
		var results []testerResult
		if err := json.Unmarshal(stdout.Bytes(), &results); err != nil {
			return report{}, fmt.Errorf("what tester.py printed: %w", err)
		}
		return judgeTester(results, except.Tester)
	}, nil
}

// testerResult is one check, as tester.py prints it.
type testerResult struct {
	Status    string `json:"status"`
	Check     string `json:"check"`
	Resource  string `json:"resource"`
	Attribute string `json:"attribute"`
	Reason    string `json:"reason"`
	// What was compared, where that is what failed.
	Compared bool `json:"compared"`
	Expected any  `json:"expected"`
	Actual   any  `json:"actual"`
}

func (r *testerResult) String() string {
	reason := strings.Join(strings.Fields(r.Reason), " ")
	return strings.Join(strings.Fields(strings.Join([]string{r.Check, r.Resource, r.Attribute}, " ")), " ") + ": " + cmp.Or(reason, "no reason given")
}

// judgeTester counts the results. Everything but an error that is excepted has to
// be fine.
func judgeTester(results []testerResult, except []testerException) (report, error) {
	var r report
	for i := range results {
		result := &results[i]
		switch result.Status {
		case "SUCCESS", "COMPLIANT", "ACCEPTABLE", "DEVIATION": // the last is from a SHOULD
			r.passed++
		case "SKIPPED":
			r.skipped = append(r.skipped, result.String())
		case "ERROR", "CRITICAL":
			if x := excuse(result, except); x != nil {
				x.used = true
				r.excepted = append(r.excepted, x.String()+": "+x.why.String())
			} else {
				r.fail("%s", result)
			}
		default:
			r.fail("%s: the unknown status %q", result, result.Status)
		}
	}
	for i := range except {
		if x := &except[i]; !x.used {
			r.stale = append(r.stale, x.String())
		}
	}
	if r.total() < leastChecks {
		return r, errors.New("it checked next to nothing")
	}
	return r, nil
}

// excuse returns the exception that a failure falls under, if any.
func excuse(result *testerResult, except []testerException) *testerException {
	for i := range except {
		x := &except[i]
		if x.Check != result.Check || x.Resource != result.Resource || x.Attribute != result.Attribute || !result.Compared {
			continue
		}
		expected, actual := result.Expected, result.Actual
		for _, path := range x.Ignoring {
			names := strings.Split(path, ".")
			expected, actual = without(expected, names), without(actual, names)
		}
		if reflect.DeepEqual(expected, actual) {
			return x
		}
	}
	return nil
}

// without returns a JSON value without the member that path leads to, in each
// element of a list.
func without(v any, path []string) any {
	switch v := v.(type) {
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = without(v[i], path)
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for name, value := range v {
			switch {
			case name != path[0]:
				object[name] = value
			case len(path) > 1:
				object[name] = without(value, path[1:])
			}
		}
		return object
	}
	return v
}

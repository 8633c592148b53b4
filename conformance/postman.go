package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// This file runs Microsoft's Postman collection, by newman.

const postmanTimeout = 2 * time.Minute

// preparePostman installs newman.
func preparePostman(ctx context.Context, o options, except *exceptions) (check, error) {
	const name = "microsoft-postman.json"
	if _, err := readData(o, name); err != nil {
		return nil, err
	}
	program, err := newman(ctx, o.cache)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, s *server) (report, error) {
		data, err := runNewman(ctx, program, filepath.Join(o.data, name), s)
		if err != nil {
			return report{}, err
		}
		var run newmanReport
		if err := json.Unmarshal(data, &run); err != nil {
			return report{}, fmt.Errorf("newman's report: %w", err)
		}
		return judgePostman(&run, except.Postman)
	}, nil
}

// runNewman returns the report of a run, in JSON.
func runNewman(ctx context.Context, program, collection string, s *server) ([]byte, error) {
	base, err := url.Parse(s.base)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "newman-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // the report has the token
	exported := filepath.Join(dir, "report.json")
	args := []string{"run", collection, "--suppress-exit-code", "--timeout-request", "30000", "--reporters", "json", "--reporter-json-export", exported}
	for name, value := range map[string]string{
		"Protocol": base.Scheme, "Server": base.Hostname(), "Port": ":" + base.Port(),
		"Api": strings.Trim(base.Path, "/"), "token": s.token,
	} {
		args = append(args, "--env-var", name+"="+value)
	}
	ctx, cancel := context.WithTimeout(ctx, postmanTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("newman: %w: %s", err, mainLine(out.Bytes()))
	}
	return os.ReadFile(exported)
}

// newmanReport is what is read of newman's report.
type newmanReport struct {
	Collection newmanItem `json:"collection"`
	Run        struct {
		Executions []struct {
			Item struct {
				ID   string `json:"id"`
				Name string `json:"name"`
			} `json:"item"`
			Assertions []struct {
				Assertion string       `json:"assertion"`
				Skipped   bool         `json:"skipped"`
				Error     *newmanError `json:"error"`
			} `json:"assertions"`
		} `json:"executions"`
		Failures []struct {
			Error  newmanError `json:"error"`
			At     string      `json:"at"`
			Source struct {
				Name string `json:"name"`
			} `json:"source"`
		} `json:"failures"`
		Error *newmanError `json:"error"`
	} `json:"run"`
}

// newmanItem is a request, or a folder of them.
type newmanItem struct {
	ID   string       `json:"id"`
	Name string       `json:"name"`
	Item []newmanItem `json:"item"`
}

type newmanError struct {
	Name    string `json:"name"`
	Message string `json:"message"`
}

// names puts the full name of each request below an item into names, by its id.
func (i *newmanItem) names(folder string, names map[string]string) {
	for k := range i.Item {
		child := &i.Item[k]
		if len(child.Item) > 0 {
			child.names(folder+child.Name+" / ", names)
		} else {
			names[child.ID] = folder + child.Name
		}
	}
}

// judgePostman counts assertions. An exception excuses one assertion of one
// request. What fails outside of assertions (a request, a script) is not excused.
func judgePostman(run *newmanReport, except []postmanException) (report, error) {
	var r report
	names := make(map[string]string)
	run.Collection.names("", names)
	if run.Run.Error != nil {
		return r, fmt.Errorf("newman: %s", run.Run.Error.Message)
	}
	if n := len(run.Run.Executions); n == 0 || n != len(names) {
		return r, fmt.Errorf("%d of %d requests were made", n, len(names))
	}
	times := make(map[postmanException]int) // an assertion of a name, however often
	for _, e := range run.Run.Executions {
		for _, a := range e.Assertions {
			times[postmanException{Request: names[e.Item.ID], Assertion: a.Assertion}]++
		}
	}
	for i := range except {
		x := &except[i]
		switch n := times[postmanException{Request: x.Request, Assertion: x.Assertion}]; {
		case n > 1 && (x.Nth < 1 || x.Nth > n):
			return r, fmt.Errorf("exceptions.json: %s: there are %d; nth has to say which", x, n)
		case n == 1 && x.Nth != 0:
			return r, fmt.Errorf("exceptions.json: %s: there is one, and nth is superfluous", x)
		}
	}
	clear(times)
	for _, e := range run.Run.Executions {
		for _, a := range e.Assertions {
			key := postmanException{Request: names[e.Item.ID], Assertion: a.Assertion}
			times[key]++
			switch {
			case a.Skipped:
				r.skipped = append(r.skipped, key.String())
			case a.Error == nil:
				r.passed++
			default:
				r.excuse(key, times[key], a.Error, except)
			}
		}
	}
	for _, f := range run.Run.Failures {
		if !strings.HasPrefix(f.At, "assertion:") {
			r.fail("%s: %s: %s", f.Source.Name, f.At, f.Error.Message)
		}
	}
	for i := range except {
		if x := &except[i]; !x.used {
			r.stale = append(r.stale, x.String())
		}
	}
	if r.total() == 0 {
		return r, errors.New("nothing was asserted")
	}
	return r, nil
}

// excuse counts an assertion that failed. It is the nth of its name.
func (r *report) excuse(key postmanException, nth int, failure *newmanError, except []postmanException) {
	for i := range except {
		x := &except[i]
		if x.Request == key.Request && x.Assertion == key.Assertion && (x.Nth == 0 || x.Nth == nth) {
			x.used = true
			r.excepted = append(r.excepted, x.String()+": "+x.why.String())
			return
		}
	}
	r.fail("%s: %s", &key, failure.Message)
}

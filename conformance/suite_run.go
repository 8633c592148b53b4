package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// requestTimeout bounds a request of a test.
const requestTimeout = 30 * time.Second

// maxAnswer is how much of an answer is read.
const maxAnswer = 8 << 20

// run makes the requests of a test and judges the answers. Each assertion counts
// once; what else goes wrong is a failure of its own. vars gains what is extracted.
func (s *suite) run(ctx context.Context, vars map[string]string) report {
	var r report
	for i := range s.Steps {
		if s.Steps[i].Type == "request" {
			s.Steps[i].run(ctx, vars, &r)
		}
	}
	return r
}

func (s *step) run(ctx context.Context, vars map[string]string, r *report) {
	a, err := s.send(ctx, vars)
	if err != nil {
		for i := range s.Assertions {
			r.fail("%s: %s: %v", s.Note, &s.Assertions[i], err)
		}
		if len(s.Assertions) == 0 {
			r.fail("%s: %v", s.Note, err)
		}
		return
	}
	for i := range s.Assertions {
		if err := s.Assertions[i].judge(a, vars); err != nil {
			r.fail("%s: %s: %v", s.Note, &s.Assertions[i], err)
		} else {
			r.passed++
		}
	}
	for _, script := range s.Scripts {
		check, err := known(script)
		if err == nil && check != nil {
			err = check(a.body)
		}
		if err != nil {
			r.fail("%s: its script: %v", s.Note, err)
		}
	}
	for _, v := range s.Variables {
		got, ok := lookup(a.body, v.path)
		if !ok || empty(got) {
			delete(vars, v.Name) // an older value would hide it
			r.fail("%s: variable %s: the answer has no %s", s.Note, v.Name, v.Property)
			continue
		}
		vars[v.Name] = text(got)
	}
}

// exchange is an answer, and how long it took.
type exchange struct {
	status  int
	headers http.Header
	body    any // nil when it is not JSON
	bodyErr error
	took    time.Duration
}

// send makes the request of a step.
func (s *step) send(ctx context.Context, vars map[string]string) (*exchange, error) {
	target, err := expand(s.URL, vars)
	if err != nil {
		return nil, err
	}
	body, err := expand(s.Body, vars)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, s.Method, escapeQuery(target), strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, values := range s.Headers {
		for _, v := range values {
			if v, err = expand(v, vars); err != nil {
				return nil, err
			}
			req.Header.Add(name, v)
		}
	}
	began := time.Now()
	res, err := http.DefaultTransport.RoundTrip(req) // follows no redirect
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, err
	}
	a := &exchange{status: res.StatusCode, headers: res.Header, took: time.Since(began)}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if a.bodyErr = d.Decode(&a.body); a.bodyErr == nil && d.More() {
		a.bodyErr = fmt.Errorf("something follows the JSON value")
	}
	return a, nil
}

// escapeQuery escapes what a test writes plainly: blanks and quotes of a filter.
func escapeQuery(target string) string {
	path, query, ok := strings.Cut(target, "?")
	if !ok {
		return path
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		pairs[i] = url.QueryEscape(name) + "=" + url.QueryEscape(value)
	}
	return path + "?" + strings.Join(pairs, "&")
}

var placeholder = regexp.MustCompile(`\{\{\s*([^{}]*?)\s*\}\}`)

// expand puts in the variables. One that has no value is an error.
func expand(s string, vars map[string]string) (string, error) {
	var missing []string
	out := placeholder.ReplaceAllStringFunc(s, func(m string) string {
		name := placeholder.FindStringSubmatch(m)[1]
		v, ok := vars[name]
		if !ok {
			missing = append(missing, name)
		}
		return v
	})
	if len(missing) > 0 {
		return "", fmt.Errorf("the variable %s has no value", strings.Join(missing, ", "))
	}
	return out, nil
}

// judge returns why the assertion does not hold.
func (a *assertion) judge(x *exchange, vars map[string]string) error {
	compares, ok := comparisons[a.Comparison]
	if !ok {
		return fmt.Errorf("the comparison %q is unknown", a.Comparison)
	}
	want := ""
	if a.Value != nil {
		var err error
		if want, err = expand(*a.Value, vars); err != nil {
			return err
		}
	}
	var got any
	switch a.Source {
	case "response_status":
		got = json.Number(strconv.Itoa(x.status))
	case "response_time":
		got = json.Number(strconv.FormatInt(x.took.Milliseconds(), 10))
	case "response_headers":
		if x.headers.Values(a.Property) == nil {
			return fmt.Errorf("the answer (%d) has no such header", x.status)
		}
		got = x.headers.Get(a.Property)
	case "response_json":
		if x.bodyErr != nil {
			return fmt.Errorf("the answer (%d) is not JSON: %w", x.status, x.bodyErr)
		}
		if got, ok = lookup(x.body, a.path); !ok {
			return fmt.Errorf("the answer (%d) has no such property", x.status)
		}
	default:
		return fmt.Errorf("the source %q is unknown", a.Source)
	}
	if !compares.judge(got, want) {
		return fmt.Errorf("it is %s", text(got))
	}
	return nil
}

// text is a JSON value as a test writes it: strings bare, the rest as JSON.
func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

func number(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

func compare(got any, want string, holds func(a, b float64) bool) bool {
	a, ok := number(got)
	b, err := strconv.ParseFloat(want, 64)
	return ok && err == nil && holds(a, b)
}

// empty reports whether there is nothing in a value. false and 0 are something.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

func has(list []any, want string) bool {
	return slices.ContainsFunc(list, func(v any) bool { return text(v) == want })
}

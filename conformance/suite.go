package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// This file reads a test in the export format of Runscope: steps that make
// requests, assertions about the answers, and variables taken from them. What it
// does not know it refuses: nothing may pass because it was not understood.

// suite is a test.
type suite struct {
	Version     string `json:"version"`
	ExportedAt  int64  `json:"exported_at"`
	Name        string `json:"name"`
	Description string `json:"description"`
	TriggerURL  string `json:"trigger_url"`
	Steps       []step `json:"steps"`
}

// step is a request, or a pause.
type step struct {
	Type          string              `json:"step_type"`
	Skipped       bool                `json:"skipped"`
	Note          string              `json:"note"`
	Duration      float64             `json:"duration"` // of a pause, which is not made
	Auth          map[string]any      `json:"auth"`
	Form          map[string]any      `json:"form"`
	MultipartForm []any               `json:"multipart_form"`
	BinaryBody    any                 `json:"binary_body"`
	Headers       map[string][]string `json:"headers"`
	Method        string              `json:"method"`
	URL           string              `json:"url"`
	Body          string              `json:"body"`
	Assertions    []assertion         `json:"assertions"`
	Variables     []extraction        `json:"variables"`
	Scripts       []string            `json:"scripts"`
	BeforeScripts []string            `json:"before_scripts"`
}

// assertion compares a part of an answer with a value.
type assertion struct {
	Comparison string  `json:"comparison"`
	Source     string  `json:"source"`
	Property   string  `json:"property"`
	Value      *string `json:"value"`
	path       []string
}

// extraction puts a part of an answer into a variable.
type extraction struct {
	Source   string `json:"source"`
	Name     string `json:"name"`
	Property string `json:"property"`
	path     []string
}

func (a *assertion) String() string {
	words := []string{a.Source, a.Property, a.Comparison}
	if a.Value != nil {
		words = append(words, strconv.Quote(*a.Value))
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

// parseSuite reads a test and refuses what run would not carry out.
func parseSuite(data []byte) (*suite, error) {
	var s suite
	if err := decodeStrictly(data, &s); err != nil {
		return nil, err
	}
	if s.Version != "1.0" {
		return nil, fmt.Errorf("the version %q is unknown", s.Version)
	}
	for i := range s.Steps {
		if err := s.Steps[i].check(); err != nil {
			return nil, fmt.Errorf("step %d (%s): %w", i+1, s.Steps[i].Note, err)
		}
	}
	return &s, nil
}

// assertions counts them.
func (s *suite) assertions() int {
	n := 0
	for i := range s.Steps {
		n += len(s.Steps[i].Assertions)
	}
	return n
}

func (s *step) check() error {
	switch {
	case s.Skipped:
		return errors.New("it is switched off")
	case s.Type == "pause":
		return nil
	case s.Type != "request":
		return fmt.Errorf("the step type %q is unknown", s.Type)
	case len(s.Auth) > 0 || len(s.Form) > 0 || len(s.MultipartForm) > 0 || s.BinaryBody != nil:
		return errors.New("auth, forms and binary bodies are unknown")
	}
	for _, script := range s.BeforeScripts {
		if strings.TrimSpace(script) != "" {
			return errors.New("scripts before a request are unknown")
		}
	}
	for _, script := range s.Scripts {
		if _, err := known(script); err != nil {
			return err
		}
	}
	for i := range s.Assertions {
		if err := s.Assertions[i].check(); err != nil {
			return fmt.Errorf("assertion %d: %w", i+1, err)
		}
	}
	for i := range s.Variables {
		v := &s.Variables[i]
		var err error
		if v.path, err = parsePath(v.Property); err != nil || v.Source != "response_json" || v.Name == "" {
			return fmt.Errorf("variable %q: the source %q or the property %q is unknown", v.Name, v.Source, v.Property)
		}
	}
	return nil
}

func (a *assertion) check() error {
	takesValue, ok := comparisons[a.Comparison]
	if !ok {
		return fmt.Errorf("the comparison %q is unknown", a.Comparison)
	}
	if takesValue.value != (a.Value != nil) {
		return fmt.Errorf("the comparison %q and its value do not fit", a.Comparison)
	}
	var err error
	switch a.Source {
	case "response_status", "response_time":
		if a.Property != "" {
			return fmt.Errorf("%s has no property %q", a.Source, a.Property)
		}
	case "response_headers":
		if a.Property == "" {
			return errors.New("response_headers needs the name of a header")
		}
	case "response_json":
		a.path, err = parsePath(a.Property)
	default:
		return fmt.Errorf("the source %q is unknown", a.Source)
	}
	return err
}

// segment is a name with indexes behind it.
var segment = regexp.MustCompile(`^([A-Za-z_$][\w$-]*)((?:\[\d+\])*)$`)

// parsePath splits a path such as Resources[0].id into names and indexes.
func parsePath(property string) ([]string, error) {
	var path []string
	for _, part := range strings.Split(property, ".") {
		m := segment.FindStringSubmatch(part)
		if m == nil {
			return nil, fmt.Errorf("the property %q is not a path", property)
		}
		path = append(path, m[1])
		if m[2] != "" {
			path = append(path, strings.Split(strings.Trim(m[2], "[]"), "][")...)
		}
	}
	return path, nil
}

// lookup follows a path; ok is false when it leads nowhere.
func lookup(v any, path []string) (found any, ok bool) {
	for _, name := range path {
		switch container := v.(type) {
		case map[string]any:
			if v, ok = container[name]; !ok {
				return nil, false
			}
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i >= len(container) {
				return nil, false
			}
			v = container[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// known returns what a script checks; nil when it is blank. Scripts are known by
// their digests, as nothing here runs JavaScript.
func known(script string) (func(body any) error, error) {
	if strings.TrimSpace(script) == "" {
		return nil, nil
	}
	sum := sha256.Sum256([]byte(script))
	check, ok := scripts[hex.EncodeToString(sum[:])]
	if !ok {
		return nil, errors.New("it has a script that is unknown")
	}
	return check, nil
}

// scripts are the checks of the scripts that are known.
var scripts = map[string]func(body any) error{
	// Okta's, of the groups endpoint: without groups, or with a list of them.
	"c9f901ae05222fcdd31c569eb0ed76abfb6592ce2ba8f34f05c06822e43581a5": func(body any) error {
		total, ok := lookup(body, []string{"totalResults"})
		if !ok {
			return errors.New("totalResults is missing")
		}
		if text(total) == "0" {
			return nil
		}
		list, _ := lookup(body, []string{"Resources"})
		if _, ok := list.([]any); !ok {
			return errors.New("there are groups, and Resources is not a list")
		}
		return nil
	},
}

// comparison says whether a value is taken, and judges what was got.
type comparison struct {
	value bool
	judge func(got any, want string) bool
}

// comparisons are those that the test has.
var comparisons = map[string]comparison{
	"equal":        {true, func(got any, want string) bool { return text(got) == want }},
	"equal_number": {true, func(got any, want string) bool { return compare(got, want, func(a, b float64) bool { return a == b }) }},
	"is_less_than": {true, func(got any, want string) bool { return compare(got, want, func(a, b float64) bool { return a < b }) }},
	"is_a_number":  {false, func(got any, _ string) bool { _, ok := number(got); return ok }},
	"not_empty":    {false, func(got any, _ string) bool { return !empty(got) }},
	"has_value":    {true, func(got any, want string) bool { list, ok := got.([]any); return ok && has(list, want) }},
	"contains": {true, func(got any, want string) bool {
		if list, ok := got.([]any); ok {
			return has(list, want)
		}
		s, ok := got.(string)
		return ok && strings.Contains(s, want)
	}},
}

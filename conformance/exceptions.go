package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

//go:embed exceptions.json
var exceptionsJSON []byte

// exceptions are the failures of checkers that are wrong. Each says why.
type exceptions struct {
	Tester  []testerException  `json:"scim2-tester"`
	Postman []postmanException `json:"microsoft-postman"`
}

// why is the ground of an exception.
type why struct {
	Rule   string `json:"rule"`   // what the checker contradicts
	Reason string `json:"reason"` // and how
	used   bool
}

func (y *why) String() string { return y.Reason + " (" + y.Rule + ")" }

// testerException is a check of one attribute that compares more than it should:
// it holds for a failure whose only difference is in the parts to ignore.
type testerException struct {
	Check     string   `json:"check"`
	Resource  string   `json:"resource"`
	Attribute string   `json:"attribute"`
	Ignoring  []string `json:"ignoring"` // sub-attributes, dotted, below the attribute
	why
}

// postmanException is an assertion of a request.
type postmanException struct {
	Request   string `json:"request"` // with its folders, separated by " / "
	Nth       int    `json:"nth"`     // which of several requests of that name, from 1; 0 when there is one
	Assertion string `json:"assertion"`
	why
}

func (x *testerException) String() string {
	return strings.Join([]string{x.Check, x.Resource, x.Attribute}, " ")
}

func (x *postmanException) String() string {
	nth := ""
	if x.Nth > 0 {
		nth = fmt.Sprintf(" (%d)", x.Nth)
	}
	return x.Request + nth + ": " + x.Assertion
}

// loadExceptions reads the list. An entry that leaves out what it is for, or why,
// is an error.
func loadExceptions(data []byte) (*exceptions, error) {
	var e exceptions
	if err := decodeStrictly(data, &e); err != nil {
		return nil, fmt.Errorf("exceptions.json: %w", err)
	}
	for i := range e.Tester {
		x := &e.Tester[i]
		if x.Check == "" || x.Resource == "" || x.Attribute == "" || len(x.Ignoring) == 0 || x.Rule == "" || x.Reason == "" {
			return nil, fmt.Errorf("exceptions.json: scim2-tester: entry %d lacks something", i+1)
		}
	}
	for i := range e.Postman {
		x := &e.Postman[i]
		if x.Request == "" || x.Assertion == "" || x.Rule == "" || x.Reason == "" {
			return nil, fmt.Errorf("exceptions.json: microsoft-postman: entry %d lacks something", i+1)
		}
	}
	return &e, nil
}

// decodeStrictly decodes one JSON value whose members are all known.
func decodeStrictly(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("something follows the JSON value")
	}
	return nil
}

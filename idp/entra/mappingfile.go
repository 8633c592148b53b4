package entra

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// mappingFile is what a mapping file holds.
type mappingFile struct {
	Users  *Mapping `json:"users"`
	Groups *Mapping `json:"groups,omitempty"`
}

// ReadMapping reads a mapping file, which is a JSON object with the members "users" and
// "groups", each a Mapping:
//
//	{"users": {
//	  "attributes": [
//	    {"source": "userPrincipalName", "target": "userName", "match": 1},
//	    {"type": "expression", "source": "ToLower([mail])", "target": "emails[type eq \"work\"].value"},
//	    {"type": "constant", "source": "Europe/London", "target": "timezone", "onCreation": true}
//	  ],
//	  "scope": [{"name": "Sales", "clauses": [{"attribute": "department", "operator": "EQUALS", "value": "Sales"}]}]
//	}}
//
// Without "groups" the mapping of groups is switched off. A member that a mapping does
// not have, and a mapping that cannot be used, are errors that name the member or the
// row; what is no JSON is an error with its line.
func ReadMapping(r io.Reader) (users, groups Mapping, err error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return users, groups, fmt.Errorf("entra: mapping file: %w", err)
	}
	var f mappingFile
	if err := strictJSON(withoutBOM(data), &f); err != nil {
		return users, groups, fmt.Errorf("entra: mapping file: %w", err)
	}
	if f.Users == nil {
		return users, groups, errors.New(`entra: mapping file: it lacks "users"`)
	}
	if f.Groups == nil {
		f.Groups = &Mapping{Disabled: true}
	}
	_, ofUsers := f.Users.compile(false)
	_, ofGroups := f.Groups.compile(true)
	if err := errors.Join(ofUsers, ofGroups); err != nil {
		return users, groups, err
	}
	return *f.Users, *f.Groups, nil
}

// WriteMapping writes a mapping file, as ReadMapping reads it.
func WriteMapping(w io.Writer, users, groups Mapping) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(mappingFile{Users: &users, Groups: &groups})
}

// withoutBOM cuts the mark off that some editors put before UTF-8.
func withoutBOM(data []byte) []byte { return bytes.TrimPrefix(data, []byte("\ufeff")) }

// strictJSON reads one JSON value without members that are not known. Errors of
// syntax and type have their line.
func strictJSON(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		return fmt.Errorf("line %d: %w", lineAt(data, syntax.Offset), err)
	case errors.As(err, &kind):
		return fmt.Errorf("line %d: %w", lineAt(data, kind.Offset), err)
	case err != nil:
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("line %d: something stands behind the end", lineAt(data, d.InputOffset()))
	}
	return nil
}

// lineAt is the line, from 1, of the byte before an offset.
func lineAt(data []byte, offset int64) int {
	return 1 + bytes.Count(data[:max(0, min(offset-1, int64(len(data))))], []byte("\n"))
}

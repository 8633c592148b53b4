package scim

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/usher-scim/scim/internal/scimjson"
)

// This file reads single values by the type of their attribute.

// unassigned reports whether a value stands for none (P2.7).
func unassigned(v scimjson.Value) bool {
	switch v.Kind() {
	case scimjson.Null, scimjson.Invalid:
		return true
	case scimjson.String:
		return v.Text() == ""
	case scimjson.Array:
		return v.Len() == 0
	}
	return false
}

// unwrap takes the only element of a list for the value itself, as old clients
// wrap single values.
func unwrap(v scimjson.Value) scimjson.Value {
	if v.Kind() != scimjson.Array || v.Len() > 1 {
		return v
	}
	for e := range v.Elements() {
		return e
	}
	return scimjson.Value{}
}

// scalar reads a single value as text, by the attribute's type. Null, the empty
// string and an empty list are unassigned (P2.7).
func (a *attr) scalar(v scimjson.Value, tol *tolerance) (string, error) {
	if err := tol.noteIf(v.Kind() == scimjson.Array && v.Len() == 1, QuirkListForOne, a.path); err != nil {
		return "", err
	}
	v = unwrap(v)
	if v.Kind() == scimjson.Object {
		// An object may wrap the value; one that does not is no value, and not none.
		if v = v.Get("value"); v.Kind() == scimjson.Invalid {
			return "", wrongType(a)
		}
		if err := tol.note(QuirkWrappedValue, a.path); err != nil {
			return "", err
		}
	}
	var s string
	switch k := v.Kind(); {
	case k == scimjson.Null || k == scimjson.Invalid && v == (scimjson.Value{}):
		return "", nil
	case k == scimjson.String:
		s = v.Text()
	case k == scimjson.True && a.typ == Boolean:
		return "true", nil
	case k == scimjson.False && a.typ == Boolean:
		return "false", nil
	case k == scimjson.Number && (a.typ == Integer || a.typ == Decimal):
		s = v.Text()
		if a.typ == Integer && strings.ContainsAny(s, ".eE") {
			return "", wrongType(a)
		}
		return s, a.checkSize(s)
	default:
		return "", wrongType(a)
	}
	if s == "" {
		return "", nil
	}
	if err := tol.noteIf(a.typ == Boolean, QuirkTextValue, a.path); err != nil {
		return "", err
	}
	if err := tol.noteIf(a.typ == Reference && !isURI(s), QuirkReference, a.path); err != nil {
		return "", err
	}
	return a.checkText(s)
}

// checkText checks a value that came as a JSON string.
func (a *attr) checkText(s string) (string, error) {
	switch a.typ {
	case Boolean:
		switch {
		case strings.EqualFold(s, "true"):
			return "true", nil
		case strings.EqualFold(s, "false"):
			return "false", nil
		}
		return "", wrongType(a)
	case Integer, Decimal:
		return "", wrongType(a)
	case DateTime:
		if _, ok := parseDateTime(s); !ok {
			return "", badRequest(typeInvalidValue, "%s must be a date and time such as 2026-01-31T08:30:00Z.", a.path)
		}
	case Binary:
		if !isBase64(s) {
			return "", badRequest(typeInvalidValue, "%s is binary and must be encoded in base64, in one line.", a.path)
		}
	}
	if a.max == maxName && strings.ContainsFunc(s, unicode.IsControl) {
		return "", badRequest(typeInvalidValue, "%s has control characters, which no name or address has.", a.path)
	}
	return s, a.checkSize(s)
}

// isURI reports whether s is made as a URI, absolute or relative, is (RFC 3986).
func isURI(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ', c >= utf8.RuneSelf-1, strings.IndexByte("\"<>\\^`{|}", c) >= 0:
			return false
		}
	}
	_, err := url.Parse(s)
	return err == nil
}

// isBase64 reports whether s is base64 of the usual alphabet, whose padding may be
// missing (RFC 7643 section 2.3.6).
func isBase64(s string) bool {
	digits := strings.TrimRight(s, "=")
	for i := range len(digits) {
		switch c := digits[i]; {
		case 'A' <= c && c <= 'Z', 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '+', c == '/':
		default:
			return false
		}
	}
	return len(digits)%4 != 1 && (len(s) == len(digits) || len(s)%4 == 0 && len(s)-len(digits) <= 2)
}

// isText reports whether s is text that any store can keep: what a body has is.
func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// checkStored checks a value as it is stored, which no JSON was parsed from.
func (a *attr) checkStored(s string) error {
	switch a.typ {
	case Boolean:
		if s != "true" && s != "false" {
			return wrongType(a)
		}
	case Integer, Decimal:
		var d scimjson.Doc
		if d.Parse([]byte(s), scimjson.Limits{}) != nil || d.Root().Kind() != scimjson.Number || a.typ == Integer && strings.ContainsAny(s, ".eE") {
			return wrongType(a)
		}
	default:
		if !isText(s) {
			return badRequest(typeInvalidValue, "%s has characters that are no text.", a.path)
		}
		_, err := a.checkText(s)
		return err
	}
	return a.checkSize(s)
}

// checkSize bounds a value (P2.8).
func (a *attr) checkSize(s string) error {
	if longer(s, a.max) {
		return badRequest(typeInvalidValue, "%s has more than %d characters.", a.path, a.max)
	}
	return nil
}

// longer reports whether s has more than n characters.
func longer(s string, n int) bool { return len(s) > n && utf8.RuneCountInString(s) > n }

func wrongType(a *attr) error {
	return badRequest(typeInvalidValue, "%s must be of type %s.", a.path, a.typ)
}

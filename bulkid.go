package scim

import (
	"strings"

	"github.com/usher-scim/scim/internal/scimjson"
)

// This file finds and replaces the references to resources that a Bulk makes
// itself (RFC 7644 section 3.7.2).

// bulkPrefix begins a reference.
const bulkPrefix = "bulkId:"

// cutReference returns the first reference in s, and what stands in front of it
// and behind. Whole is one that s consists of; others stand in quotes, in the
// filter of a path, or at the end of an address.
func cutReference(s string) (before, name, after string, ok bool) {
	if name, ok := strings.CutPrefix(s, bulkPrefix); ok {
		return "", name, "", true
	}
	for i := 1; ; {
		n := strings.Index(s[min(i, len(s)):], bulkPrefix)
		if n < 0 {
			return s, "", "", false
		}
		at := i + n
		i = at + len(bulkPrefix)
		if c := s[at-1]; c != '"' && c != '/' {
			continue
		}
		end := strings.IndexAny(s[i:], `"/`)
		if end < 0 {
			end = len(s) - i
		}
		return s[:at], s[i : i+end], s[i+end:], true
	}
}

// references calls f for each reference in a text, and says whether it is one for
// sure: where it stands in a path, or is all that there is. Others may be text that
// only looks like one.
func references(s string, path bool, f func(name string, sure bool)) {
	sure := path || strings.HasPrefix(s, bulkPrefix)
	for {
		_, name, after, ok := cutReference(s)
		if !ok {
			return
		}
		f(name, sure)
		s, sure = after, path
	}
}

// eachReference calls f for each reference in a value, also in names of members,
// which may be paths.
func eachReference(v scimjson.Value, f func(name string, sure bool)) {
	switch v.Kind() {
	case scimjson.String:
		references(v.Text(), false, f)
	case scimjson.Array:
		for e := range v.Elements() {
			eachReference(e, f)
		}
	case scimjson.Object:
		for key, e := range v.Members() {
			references(key.String(), true, f)
			if e.Kind() == scimjson.String && key.EqualFold("path") { // of an operation of a PATCH
				references(e.Text(), true, f)
				continue
			}
			eachReference(e, f)
		}
	}
}

func refers(v scimjson.Value) bool {
	found := false
	eachReference(v, func(string, bool) { found = true })
	return found
}

// rewrite appends a value with IDs in the place of references. A member or an
// element that refers to a resource that is not there yet is left out. It reports
// false for a text that does, and for an object with such a member: a reference
// is left out whole, be it a bare one or an object with a value.
func (b *bulk) rewrite(dst []byte, v scimjson.Value) ([]byte, bool) {
	switch v.Kind() {
	case scimjson.String:
		text, ok := b.replace(v.Text())
		return scimjson.AppendString(dst, text), ok
	case scimjson.Array:
		dst = append(dst, '[')
		for e := range v.Elements() {
			start := len(dst)
			dst = comma(dst)
			var ok bool
			if dst, ok = b.rewrite(dst, e); !ok {
				dst = dst[:start]
			}
		}
		return append(dst, ']'), true
	case scimjson.Object:
		whole := true
		dst = append(dst, '{')
		for key, e := range v.Members() {
			start := len(dst)
			name, ok := b.replace(key.String())
			dst = append(scimjson.AppendString(comma(dst), name), ':')
			var known bool
			if dst, known = b.rewrite(dst, e); !ok || !known {
				dst = dst[:start]
				whole = whole && e.Kind() != scimjson.String
			}
		}
		return append(dst, '}'), whole
	}
	return append(dst, v.Raw()...), true
}

// replace puts the IDs into one text. It reports false when one of them is not
// known yet.
func (b *bulk) replace(s string) (string, bool) {
	if !strings.Contains(s, bulkPrefix) {
		return s, true
	}
	var out strings.Builder
	for {
		before, name, after, ok := cutReference(s)
		out.WriteString(before)
		if !ok {
			return out.String(), true
		}
		switch to := b.byID[name]; {
		case to == nil:
			out.WriteString(bulkPrefix + name)
		case to.state != bulkDone || to.err != nil:
			return "", false
		default:
			out.WriteString(to.id)
		}
		s = after
	}
}

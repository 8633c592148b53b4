package scimjson

import "strings"

// few is how many members of an object are compared with each other one by one.
const few = 12

// Duplicate returns the name of a member that an object of the text has twice,
// ignoring the case of ASCII letters as attribute names do. It takes time in
// proportion to the text, and memory in proportion to the largest object.
func (d *Doc) Duplicate() (name string, ok bool) {
	for i, n := range d.nodes {
		if n.kind() != Object || n.aux < 2 {
			continue
		}
		v := Value{d: d, i: uint32(i)}
		if n.aux > few {
			name, ok = v.duplicateOfMany()
		} else {
			name, ok = v.duplicateOfFew()
		}
		if ok {
			return name, true
		}
	}
	return "", false
}

func (v Value) duplicateOfFew() (string, bool) {
	var names [few][]byte
	n := 0
	for key := range v.Members() {
		name := key.Bytes()
		for _, before := range names[:n] {
			if equalFold(before, name) {
				return string(name), true
			}
		}
		names[n] = name
		n++
	}
	return "", false
}

func equalFold(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		if !equalASCII(c, b[i]) {
			return false
		}
	}
	return true
}

func (v Value) duplicateOfMany() (string, bool) {
	seen := make(map[string]struct{}, v.Len())
	for key := range v.Members() {
		name := key.String()
		lower := strings.Map(func(r rune) rune {
			if 'A' <= r && r <= 'Z' {
				return r + 'a' - 'A'
			}
			return r
		}, name)
		if _, twice := seen[lower]; twice {
			return name, true
		}
		seen[lower] = struct{}{}
	}
	return "", false
}

// Marked reports whether the text begins with a byte order mark.
func (d *Doc) Marked() bool { return hasMark(d.data) }

func hasMark(data []byte) bool {
	return len(data) >= 3 && data[0] == 0xEF && data[1] == 0xBB && data[2] == 0xBF
}

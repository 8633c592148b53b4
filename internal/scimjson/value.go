package scimjson

import (
	"bytes"
	"iter"
	"strings"
	"unicode/utf8"
)

// Kind says what sort of JSON value a [Value] is.
type Kind uint8

// The kinds. Invalid is that of the zero [Value], which stands for a value that
// is not there.
const (
	Invalid Kind = iota
	Null
	False
	True
	Number
	String
	Array
	Object
)

var kindNames = [...]string{"nothing", "null", "false", "true", "number", "string", "array", "object"}

// String returns the name of the kind in lower case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// Value is a value of a [Doc]. It is a view: it is good for as long as the Doc
// is not parsed into again and not released. All methods of the zero Value, and
// those that do not suit the kind, return zero values.
type Value struct {
	d *Doc
	i uint32
}

func (v Value) node() node {
	if v.d == nil {
		return node{}
	}
	return v.d.nodes[v.i]
}

// Kind returns the kind of the value, Invalid for the zero Value.
func (v Value) Kind() Kind {
	return v.node().kind()
}

// Len returns how many elements an array or members an object has, counting
// members of the same name each.
func (v Value) Len() int {
	n := v.node()
	if n.kind() < Array {
		return 0
	}
	return int(n.aux)
}

// Elements yields the elements of an array in order.
func (v Value) Elements() iter.Seq[Value] {
	return func(yield func(Value) bool) {
		i, end := v.inside(Array)
		for i < end {
			if !yield(Value{d: v.d, i: i}) {
				return
			}
			i += v.d.nodes[i].size()
		}
	}
}

// Members yields the members of an object in order. When a name repeats, it is
// yielded each time.
func (v Value) Members() iter.Seq2[Key, Value] {
	return func(yield func(Key, Value) bool) {
		i, end := v.inside(Object)
		for i < end {
			n := &v.d.nodes[i]
			if !yield(Key{d: v.d, at: n.key}, Value{d: v.d, i: i}) {
				return
			}
			i += n.size()
		}
	}
}

// inside returns the span of nodes inside a container, which is empty when the
// value is not of the kind.
func (v Value) inside(k Kind) (i, end uint32) {
	n := v.node()
	if n.kind() != k {
		return 0, 0
	}
	return v.i + 1, v.i + n.size()
}

// Get returns the value of the member of an object whose name equals name,
// ignoring the case of ASCII letters. Of several it returns the last. It looks
// at each member once, so a caller after many names of a large object does
// better with [Value.Members].
func (v Value) Get(name string) Value {
	var found Value
	i, end := v.inside(Object)
	for i < end {
		n := &v.d.nodes[i]
		if (Key{d: v.d, at: n.key}).EqualFold(name) {
			found = Value{d: v.d, i: i}
		}
		i += n.size()
	}
	return found
}

// AppendString appends the text of a String, without quotes and escapes.
func (v Value) AppendString(dst []byte) []byte {
	text, escaped := v.text()
	if escaped {
		return appendUnescaped(dst, text)
	}
	return append(dst, text...)
}

// Text returns the text of a String without quotes and escapes, that of a Number
// as it was written, "true" or "false" for a boolean, and "" for all else.
func (v Value) Text() string {
	n := v.node()
	switch n.kind() {
	case String:
		return toString(v.text())
	case Number:
		return string(v.d.data[n.start:n.aux])
	case True:
		return "true"
	case False:
		return "false"
	default:
		return ""
	}
}

// Bytes returns the text of a String without quotes and escapes. It is a view
// of the source text, not to be written to, unless there is an escape in it.
func (v Value) Bytes() []byte {
	return toBytes(v.text())
}

// EqualFold reports whether the value is a String whose text equals s, ignoring
// the case of ASCII letters. It allocates nothing.
func (v Value) EqualFold(s string) bool {
	n := v.node()
	if n.kind() != String {
		return false
	}
	return equalText(v.d.data[n.start+1:], n.meta&escapedText != 0, s)
}

// text returns what stands between the quotes of a String, and whether there
// are escapes in it.
func (v Value) text() ([]byte, bool) {
	n := v.node()
	if n.kind() != String {
		return nil, false
	}
	return v.d.data[n.start+1 : n.aux-1 : n.aux-1], n.meta&escapedText != 0
}

// Raw returns the source text of the value, a view not to be written to. Where
// a container ends is not on the tape; finding it takes time in proportion to
// the elements or members it has, not those further in.
func (v Value) Raw() []byte {
	if v.d == nil {
		return nil
	}
	i, open := v.i, 0
	n := v.d.nodes[i]
	for n.kind() >= Array && n.aux > 0 {
		open++
		for j, end := i+1, i+n.size(); j < end; j += v.d.nodes[j].size() {
			i = j
		}
		n = v.d.nodes[i]
	}
	// Node i is the last thing inside; after it come white space and the
	// closing brackets.
	end := int(n.aux)
	if n.kind() >= Array {
		end = int(n.start) + 1
		open++
	}
	for ; open > 0; open-- {
		for isSpace(v.d.data[end]) {
			end++
		}
		end++
	}
	start := v.d.nodes[v.i].start
	return v.d.data[start:end:end]
}

// Key is the name of a member of an object. Like a [Value], it is a view.
type Key struct {
	d  *Doc
	at uint32 // as in node.key
}

// text returns what stands between the quotes, and whether there are escapes in
// it.
func (k Key) text() ([]byte, bool) {
	if k.d == nil {
		return nil, false
	}
	text := k.d.data[k.at&^escapedName+1:]
	if k.at&escapedName == 0 {
		end := bytes.IndexByte(text, '"')
		return text[:end:end], false
	}
	end := 0
	for text[end] != '"' {
		if text[end] == '\\' {
			end++
		}
		end++
	}
	return text[:end:end], true
}

// Bytes returns the name without quotes and escapes. It is a view of the source
// text, not to be written to, unless there is an escape in it.
func (k Key) Bytes() []byte {
	return toBytes(k.text())
}

// String returns the name without quotes and escapes.
func (k Key) String() string {
	return toString(k.text())
}

// EqualFold reports whether the name equals s, ignoring the case of ASCII
// letters. It allocates nothing.
func (k Key) EqualFold(s string) bool {
	if k.d == nil {
		return false
	}
	return equalText(k.d.data[k.at&^escapedName+1:], k.at&escapedName != 0, s)
}

// equalText compares what text begins with, up to its closing quote, with s.
func equalText(text []byte, escaped bool, s string) bool {
	if escaped {
		return equalEscaped(text, s)
	}
	// Where s has its end, the text must have its own. A quote before that
	// makes them differ: s may have one, but a text without escapes cannot.
	if len(text) <= len(s) || text[len(s)] != '"' {
		return false
	}
	for i, c := range text[:len(s)] {
		if c == '"' || !equalASCII(c, s[i]) {
			return false
		}
	}
	return true
}

// equalEscaped is equalText where there are escapes.
func equalEscaped(text []byte, s string) bool {
	for i := 0; text[i] != '"'; {
		if text[i] != '\\' {
			if s == "" || !equalASCII(text[i], s[0]) {
				return false
			}
			i, s = i+1, s[1:]
			continue
		}
		r, next := unescape(text, i)
		var b [utf8.UTFMax]byte
		for _, c := range b[:utf8.EncodeRune(b[:], r)] {
			if s == "" || !equalASCII(c, s[0]) {
				return false
			}
			s = s[1:]
		}
		i = next
	}
	return s == ""
}

// equalASCII compares two bytes, ignoring the case of ASCII letters.
func equalASCII(a, b byte) bool {
	if a == b {
		return true
	}
	return a^b == 0x20 && 'a' <= a|0x20 && a|0x20 <= 'z'
}

func toBytes(text []byte, escaped bool) []byte {
	if !escaped {
		return text
	}
	return appendUnescaped(make([]byte, 0, len(text)), text)
}

func toString(text []byte, escaped bool) string {
	if !escaped {
		return string(text)
	}
	// A text never grows when its escapes go, so this is the only allocation.
	var b strings.Builder
	b.Grow(len(text))
	for {
		n := bytes.IndexByte(text, '\\')
		if n < 0 {
			b.Write(text)
			return b.String()
		}
		b.Write(text[:n])
		r, next := unescape(text, n)
		b.WriteRune(r)
		text = text[next:]
	}
}

func appendUnescaped(dst, text []byte) []byte {
	for {
		n := bytes.IndexByte(text, '\\')
		if n < 0 {
			return append(dst, text...)
		}
		dst = append(dst, text[:n]...)
		r, next := unescape(text, n)
		dst = utf8.AppendRune(dst, r)
		text = text[next:]
	}
}

// Package scimjson is the JSON machinery of the wire: a reader that turns a
// request body into a flat tape of values, and append-style writers for what
// goes out. It knows JSON (RFC 8259) and nothing of SCIM.
//
// The reader checks the whole text in one pass and copies none of it: a [Doc]
// holds one 16-byte node for each value, and a [Value] is a view of such a node
// that turns text into Go values only when asked. A body is refused as soon as
// it goes over one of the [Limits], so that memory stays in proportion to what
// the limits allow and never to what a hostile client claims.
//
// It is stricter than encoding/json where a lenient reading would change what
// a client said: invalid UTF-8 and lone surrogates are refused rather than
// replaced, and NUL characters are refused because many stores cannot hold
// them. A byte order mark at the start is skipped.
//
// Member names may repeat in an object. [Value.Get] takes the last of them, as
// encoding/json does; [Value.Members] yields every one of them, so a caller who
// minds can see.
package scimjson

import (
	"fmt"
	"math"
)

// The limits that apply when [Limits] says nothing.
const (
	DefaultDepth  = 64
	DefaultValues = 1_000_000
)

// maxBytes is how much text the offsets of the tape can address: their top bit
// is a flag.
const maxBytes = math.MaxInt32

// Limits bound what [Doc.Parse] accepts. Fields that are zero or less mean the
// defaults.
type Limits struct {
	Depth  int // how many objects and arrays may be nested in one another
	Values int // how many values (scalars, objects, arrays) there may be in all
}

// Doc is a parsed text. The zero Doc is empty and ready for use; a Doc that is
// parsed into again keeps its memory. Any number of goroutines may read a Doc
// that none parses into.
type Doc struct {
	data  []byte
	nodes []node
	slots []uint32 // of Duplicate, kept for the next
}

// Parse reads the one JSON value that data holds. It returns an [*Error] when
// data is not acceptable JSON and a [*LimitError] when it goes over a limit; the
// Doc is then empty.
//
// The Doc keeps data, which must not change while values of the Doc are in use.
// Values of an earlier Parse must no longer be used.
func (d *Doc) Parse(data []byte, l Limits) error {
	d.data, d.nodes = nil, d.nodes[:0]
	if len(data) > maxBytes {
		return &LimitError{What: "bytes", Limit: maxBytes}
	}
	p := newParser(data, d.nodes, l)
	err := p.document()
	d.nodes = p.nodes
	if err != nil {
		d.nodes = d.nodes[:0]
		return err
	}
	d.data = data
	return nil
}

// Root returns the value that the text consists of, or the zero Value when the
// Doc is empty.
func (d *Doc) Root() Value {
	if len(d.nodes) == 0 {
		return Value{}
	}
	return Value{d: d}
}

// Error says why a text is not acceptable JSON.
type Error struct {
	Offset int // of the byte in the text that is at fault, counted from zero
	Msg    string
}

// Error returns the message with its place.
func (e *Error) Error() string {
	return fmt.Sprintf("at byte %d: %s", e.Offset, e.Msg)
}

// LimitError says that a text goes over one of the [Limits].
type LimitError struct {
	What  string // depth, values or bytes
	Limit int
}

// Error names the limit.
func (e *LimitError) Error() string {
	switch e.What {
	case "depth":
		return fmt.Sprintf("more than %d levels of nested objects and arrays", e.Limit)
	default:
		return fmt.Sprintf("more than %d %s", e.Limit, e.What)
	}
}

// Size returns how many bytes of memory the Doc holds beside its text, so that who
// keeps Docs for use again can drop one that a large body made grow.
func (d *Doc) Size() int { return cap(d.nodes)*nodeSize + 4*cap(d.slots) }

// Reset empties the Doc and lets go of the data that it was parsed from.
func (d *Doc) Reset() { d.data, d.nodes = nil, d.nodes[:0] }

package scimjson

import (
	"fmt"
	"unicode/utf8"
)

// node is one value on the tape. The nodes of a container's elements or members
// follow its own, each with all that is inside it, so the tape is the tree in
// the order of the text.
type node struct {
	start uint32 // offset of the value's first byte
	key   uint32 // in an object: offset of the name's opening quote, perhaps with escapedName
	aux   uint32 // scalars: offset just past the value; containers: how many elements or members
	meta  uint32 // kind, escapedText, and from sizeShift the number of nodes that the value takes
}

const (
	nodeSize = 16 // of a node, in bytes

	kindMask    = 1<<3 - 1
	escapedText = 1 << 3 // the String has an escape in it
	sizeShift   = 4

	escapedName = 1 << 31 // the member's name has an escape in it

	// root is the parent of the outermost container. A container has its
	// parent where its size goes for as long as it is open.
	root = 1<<(32-sizeShift) - 1
	// maxValues keeps node numbers and sizes within their bits.
	maxValues = root

	// startNodes bounds the tape made for a first parse, before any of the text
	// has been seen to deserve it: 64 KiB.
	startNodes = 1 << 16 / nodeSize
)

func (n node) kind() Kind   { return Kind(n.meta & kindMask) }
func (n node) size() uint32 { return n.meta >> sizeShift }

// parser reads a text onto a tape. It keeps the chain of open containers on the
// tape itself, so nesting costs neither stack nor memory.
type parser struct {
	data   []byte
	nodes  []node
	pos    int
	open   uint32 // the innermost open container, or root
	closer byte   // what closes it
	key    uint32 // of the value that is due; 0 in arrays
	depth  int    // how many more containers may open
	limits Limits
}

func newParser(data []byte, nodes []node, l Limits) parser {
	if l.Depth <= 0 {
		l.Depth = DefaultDepth
	}
	if l.Values <= 0 {
		l.Values = DefaultValues
	}
	l.Values = min(l.Values, maxValues)
	if cap(nodes) == 0 {
		// Bodies have a value for every 16 to 32 bytes or so.
		nodes = make([]node, 0, min(len(data)/nodeSize+1, l.Values, startNodes))
	}
	p := parser{data: data, nodes: nodes, open: root, depth: l.Depth, limits: l}
	if hasMark(data) {
		p.pos = 3
	}
	return p
}

// document reads the whole text. Each turn of the loop reads one value, or of a
// container that is not empty only its start.
func (p *parser) document() error {
	for {
		p.space()
		if len(p.nodes) >= p.limits.Values && p.pos < len(p.data) {
			return &LimitError{What: "values", Limit: p.limits.Values}
		}
		switch c := p.peek(); c {
		case '{', '[':
			inside, err := p.enter(c)
			if err != nil {
				return err
			}
			if inside {
				continue
			}
		case '"':
			end, escaped, err := scanString(p.data, p.pos+1)
			if err != nil {
				return err
			}
			meta := uint32(String)
			if escaped {
				meta |= escapedText
			}
			p.scalar(end, meta)
		default:
			if err := p.bare(c); err != nil {
				return err
			}
		}
		if more, err := p.next(); !more {
			return err
		}
	}
}

// enter opens a container. It returns false when the container is empty, and so
// already closed.
func (p *parser) enter(c byte) (bool, error) {
	if p.depth == 0 {
		return false, &LimitError{What: "depth", Limit: p.limits.Depth}
	}
	kind := uint32(Array)
	if c == '{' {
		kind = uint32(Object)
	}
	n := node{start: uint32(p.pos), key: p.key, meta: 1<<sizeShift | kind}
	p.pos++
	p.space()
	if p.peek() == c+2 {
		p.pos++
		p.nodes = append(p.nodes, n)
		return false, nil
	}
	n.meta = p.open<<sizeShift | kind
	p.open = uint32(len(p.nodes))
	p.nodes = append(p.nodes, n)
	p.closer = c + 2
	p.depth--
	p.key = 0
	if c == '{' {
		return true, p.name()
	}
	return true, nil
}

// leave closes the innermost open container.
func (p *parser) leave() {
	n := &p.nodes[p.open]
	parent := n.meta >> sizeShift
	n.meta = (uint32(len(p.nodes))-p.open)<<sizeShift | n.meta&kindMask
	p.open = parent
	p.depth++
	if parent == root {
		return
	}
	p.closer = ']'
	if p.nodes[parent].kind() == Object {
		p.closer = '}'
	}
}

// next reads what stands between a value and the one after it. It returns false
// when there is no further value, be it for the end of the text or an error.
func (p *parser) next() (bool, error) {
	for {
		p.space()
		if p.open == root {
			if p.pos < len(p.data) {
				return false, p.unexpected("the end")
			}
			return false, nil
		}
		p.nodes[p.open].aux++
		switch c := p.peek(); {
		case c == ',':
			p.pos++
			if p.closer == '}' {
				p.space()
				err := p.name()
				return err == nil, err
			}
			p.key = 0
			return true, nil
		case c == p.closer:
			p.pos++
			p.leave()
		case p.closer == '}':
			return false, p.unexpected("',' or '}' after a member")
		default:
			return false, p.unexpected("',' or ']' after an element")
		}
	}
}

// name reads the name of a member and the colon after it.
func (p *parser) name() error {
	if p.peek() != '"' {
		return p.unexpected("the name of a member in quotes")
	}
	end, escaped, err := scanString(p.data, p.pos+1)
	if err != nil {
		return err
	}
	p.key = uint32(p.pos)
	if escaped {
		p.key |= escapedName
	}
	p.pos = end
	p.space()
	if p.peek() != ':' {
		return p.unexpected("':' after the name of a member")
	}
	p.pos++
	return nil
}

// bare reads a value that begins with c and is neither container nor string.
func (p *parser) bare(c byte) error {
	var word string
	var kind Kind
	switch c {
	case 't':
		word, kind = "true", True
	case 'f':
		word, kind = "false", False
	case 'n':
		word, kind = "null", Null
	default:
		if c != '-' && !isDigit(c) {
			return p.unexpected("a value")
		}
		end, ok := scanNumber(p.data, p.pos)
		if !ok {
			p.pos = end
			return p.unexpected("a digit")
		}
		p.scalar(end, uint32(Number))
		return nil
	}
	end := p.pos + len(word)
	if end > len(p.data) || string(p.data[p.pos:end]) != word {
		return p.unexpected("a value")
	}
	p.scalar(end, uint32(kind))
	return nil
}

// scalar puts the value from pos to end on the tape.
func (p *parser) scalar(end int, meta uint32) {
	p.nodes = append(p.nodes, node{
		start: uint32(p.pos),
		key:   p.key,
		aux:   uint32(end),
		meta:  1<<sizeShift | meta,
	})
	p.pos = end
}

func (p *parser) space() {
	for p.pos < len(p.data) && isSpace(p.data[p.pos]) {
		p.pos++
	}
}

// peek returns the byte at pos, or 0, which nothing begins with, at the end.
func (p *parser) peek() byte {
	if p.pos < len(p.data) {
		return p.data[p.pos]
	}
	return 0
}

func (p *parser) unexpected(wanted string) error {
	if p.pos >= len(p.data) {
		return &Error{Offset: p.pos, Msg: "unexpected end of the text, wanted " + wanted}
	}
	r, size := utf8.DecodeRune(p.data[p.pos:])
	if r == utf8.RuneError && size == 1 {
		return &Error{Offset: p.pos, Msg: msgUTF8}
	}
	return &Error{Offset: p.pos, Msg: fmt.Sprintf("unexpected %+q, wanted %s", r, wanted)}
}

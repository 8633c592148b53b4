package expr

import (
	"fmt"
	"slices"
	"strings"
)

// What an expression and its values may measure. The first is Entra's own; the
// others keep a mistake, or a hostile mapping, from taking the machine's memory.
const (
	// MaxLength is the longest expression, in characters.
	MaxLength = 10_000
	// MaxValue is the longest text, in bytes, that a function returns; for several
	// values it is that of all together. More is an error of Eval.
	MaxValue = 64 << 10

	maxDepth     = 100   // functions within functions
	maxArguments = 2_500 // of one function: more do not fit into MaxLength but empty
)

// Expr is an expression that has been read. It does not change, so it may be used by
// several goroutines at once.
type Expr struct {
	root  *node
	reads []string
}

// Error is what is wrong with an expression, or why it has no value for one object.
type Error struct {
	// Offset is the number of characters before what is wrong; for an error of Eval,
	// before the function or the argument that failed.
	Offset int
	// Func is the function, or the operator of a comparison, that failed; "" if the
	// expression cannot be read.
	Func string
	// Msg says what is wrong. It may quote a value of the object, unless Redact
	// stands in the expression around it or before it.
	Msg string
}

// Error returns the message with its place.
func (e *Error) Error() string {
	if e.Func != "" {
		return fmt.Sprintf("expr: %s at %d: %s", e.Func, e.Offset, e.Msg)
	}
	return fmt.Sprintf("expr: at %d: %s", e.Offset, e.Msg)
}

// nodeKind tells the parts of an expression apart.
type nodeKind uint8

const (
	attributeNode  nodeKind = iota // [name]
	textNode                       // "text"
	wordNode                       // a number, True, False, NULL or a word such as vbTextCompare
	comparisonNode                 // one argument, an operator, another
	functionNode
)

// node is a part of an expression.
type node struct {
	kind  nodeKind
	at    int     // in characters from the start
	text  string  // the attribute's name, the word as written, or the operator
	value Value   // of a text or a word
	args  []*node // of a function or a comparison; nil is a position left empty
	fn    *function
	ready any // what the function made of its constants
}

// Attributes returns the names of the source attributes that the expression reads,
// sorted, each once.
func (e *Expr) Attributes() []string { return slices.Clone(e.reads) }

// String returns the expression as Entra shows it, with one space behind each comma
// and around each operator. Parse reads the same expression from it. The spaces are
// left out if they would make it longer than MaxLength.
func (e *Expr) String() string {
	var spaced printer
	spaced.space = " "
	spaced.print(e.root)
	if spaced.length <= MaxLength {
		return spaced.b.String()
	}
	var tight printer
	tight.print(e.root)
	return tight.b.String()
}

// printer writes an expression and counts its characters.
type printer struct {
	b      strings.Builder
	length int
	space  string
}

func (p *printer) add(parts ...string) {
	for _, s := range parts {
		p.b.WriteString(s)
		p.length += count(s)
	}
}

func (p *printer) print(n *node) {
	switch n.kind {
	case attributeNode:
		p.add("[", n.text, "]")
	case textNode:
		p.add(`"`, escaper.Replace(n.value.text), `"`)
	case wordNode:
		p.add(n.text)
	case comparisonNode:
		p.print(n.args[0])
		p.add(p.space, n.text, p.space)
		p.print(n.args[1])
	case functionNode:
		p.add(n.fn.name, "(")
		for i, a := range n.args {
			if i > 0 {
				p.add(",", p.space)
			}
			if a != nil {
				p.print(a)
			}
		}
		p.add(")")
	}
}

// escaper writes a text as it stands between quotation marks.
var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// attributes returns the attributes read below a node, sorted, each once.
func attributes(n *node) []string {
	var names []string
	var walk func(n *node)
	walk = func(n *node) {
		if n == nil {
			return
		}
		if n.kind == attributeNode {
			names = append(names, n.text)
		}
		for _, a := range n.args {
			walk(a)
		}
	}
	walk(n)
	slices.Sort(names)
	return slices.Compact(names)
}

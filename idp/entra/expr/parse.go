package expr

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Parse reads an expression. It may be an attribute or a text alone, as a direct
// mapping and a constant are written in the schema of a provisioning job. Errors are
// of the type *Error: what is no expression, a function that Entra does not have, too
// few or too many arguments, and constants that no function could use, such as a date
// format that is none.
func Parse(text string) (*Expr, error) {
	if n := count(text); n > MaxLength {
		return nil, &Error{Offset: MaxLength, Msg: fmt.Sprintf("the expression has %d characters, more than %d", n, MaxLength)}
	}
	if !utf8.ValidString(text) {
		return nil, &Error{Offset: count(text[:invalid(text)]), Msg: "the expression is not UTF-8"}
	}
	p := &parser{s: []rune(text)}
	root, err := p.whole()
	if err != nil {
		return nil, err
	}
	return &Expr{root: root, reads: attributes(root)}, nil
}

// count is the number of characters of a text.
func count(s string) int { return utf8.RuneCountInString(s) }

// invalid is where a text stops being UTF-8.
func invalid(s string) int {
	for i, r := range s {
		if r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD") {
			return i
		}
	}
	return len(s)
}

// parser reads an expression from left to right.
type parser struct {
	s     []rune
	i     int
	depth int
}

func (p *parser) fail(at int, format string, args ...any) *Error {
	return &Error{Offset: at, Msg: fmt.Sprintf(format, args...)}
}

// next skips white space and returns the character behind it, 0 at the end.
func (p *parser) next() rune {
	for p.i < len(p.s) && unicode.IsSpace(p.s[p.i]) {
		p.i++
	}
	if p.i == len(p.s) {
		return 0
	}
	return p.s[p.i]
}

// take skips a character if it is next.
func (p *parser) take(r rune) bool {
	if p.next() != r || p.i == len(p.s) {
		return false
	}
	p.i++
	return true
}

// found names what stands next, for errors.
func (p *parser) found() string {
	switch {
	case p.i == len(p.s):
		return "the end"
	case !unicode.IsGraphic(p.s[p.i]):
		return fmt.Sprintf("%U", p.s[p.i])
	}
	return string(p.s[p.i])
}

func (p *parser) whole() (*node, *Error) {
	p.next()
	if p.i == len(p.s) {
		return nil, p.fail(0, "the expression is empty")
	}
	n, err := p.item(nil)
	if err != nil {
		return nil, err
	}
	if p.next(); p.i == len(p.s) {
		return n, nil
	}
	if at := p.i; p.operator() != "" {
		return nil, p.fail(at, "a comparison stands in the arguments of a function only, such as IIF")
	}
	return nil, p.fail(p.i, "the expression ends before %s", p.found())
}

// item reads an attribute, a text, a number, a word or a function. The words are those
// that may stand where it is beside True, False and NULL.
func (p *parser) item(words []string) (*node, *Error) {
	switch r := p.next(); {
	case r == '[':
		return p.attribute()
	case r == '"':
		return p.quoted()
	case r == '&' || r == '-' || '0' <= r && r <= '9':
		return p.number()
	case r == '_' || unicode.IsLetter(r):
		return p.named(words)
	case r == '“' || r == '”' || r == '‘' || r == '’' || r == '\'':
		return nil, p.fail(p.i, `a text begins with ", not with %c`, r)
	case r == '(':
		return nil, p.fail(p.i, "parentheses stand behind the name of a function only")
	}
	return nil, p.fail(p.i, "an attribute, a text, a number or a function is missing before %s", p.found())
}

// attribute reads [name]. Brackets within the name come in pairs, as in
// [emails[type eq "work"].value].
func (p *parser) attribute() (*node, *Error) {
	begin, open := p.i, 0
	for ; p.i < len(p.s); p.i++ {
		switch p.s[p.i] {
		case '[':
			open++
		case ']':
			open--
		}
		if open == 0 {
			p.i++
			name := string(p.s[begin+1 : p.i-1])
			if strings.TrimSpace(name) == "" {
				return nil, p.fail(begin, "the name of the attribute is missing")
			}
			return &node{kind: attributeNode, at: begin, text: name}, nil
		}
	}
	return nil, p.fail(begin, "the attribute has no ] at its end")
}

// quoted reads a text. A quotation mark and a backslash in it stand behind a backslash.
func (p *parser) quoted() (*node, *Error) {
	begin := p.i
	var b strings.Builder
	for p.i++; p.i < len(p.s); p.i++ {
		switch r := p.s[p.i]; r {
		case '"':
			p.i++
			return &node{kind: textNode, at: begin, value: Text(b.String())}, nil
		case '\\':
			p.i++
			if p.i < len(p.s) && p.s[p.i] != '"' && p.s[p.i] != '\\' {
				return nil, p.fail(p.i-1, `a backslash is written \\, so \\%c rather than \%[1]c`, p.s[p.i])
			}
			if p.i < len(p.s) {
				b.WriteRune(p.s[p.i])
			}
		default:
			b.WriteRune(r)
		}
	}
	return nil, p.fail(begin, `the text has no " at its end`)
}

// number reads a whole number: decimal, or hexadecimal as &HF7.
func (p *parser) number() (*node, *Error) {
	begin := p.i
	p.i++
	base, digits := 10, begin
	if p.s[begin] == '&' {
		if p.i == len(p.s) || p.s[p.i] != 'H' && p.s[p.i] != 'h' {
			return nil, p.fail(begin, "& begins a hexadecimal number such as &HF7; texts are joined by Join or Append")
		}
		p.i++
		base, digits = 16, p.i
	}
	for p.i < len(p.s) && (wordRune(p.s[p.i]) || p.s[p.i] == '.') {
		p.i++
	}
	text := string(p.s[begin:p.i])
	n, err := strconv.ParseInt(string(p.s[digits:p.i]), base, 64)
	if err != nil {
		return nil, p.fail(begin, "%s is no whole number of 64 bits", text)
	}
	return &node{kind: wordNode, at: begin, text: text, value: Integer(n)}, nil
}

func wordRune(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

// named reads a function, or a word that stands for a value.
func (p *parser) named(words []string) (*node, *Error) {
	begin := p.i
	for p.i < len(p.s) && wordRune(p.s[p.i]) {
		p.i++
	}
	name := string(p.s[begin:p.i])
	if p.take('(') {
		return p.function(begin, name)
	}
	n := &node{kind: wordNode, at: begin, text: name}
	switch {
	case name == "True", name == "False":
		n.value = Truth(name == "True")
	case name == "NULL":
	case slices.Contains(words, name):
		n.value = Text(name)
	case find(name) != nil:
		return nil, p.fail(begin, "the function %s is without its parentheses", name)
	default:
		return nil, p.fail(begin, `%s is no function; a text stands in quotation marks, an attribute in square brackets`, name)
	}
	return n, nil
}

// function reads the arguments behind an opening parenthesis and checks them.
func (p *parser) function(begin int, name string) (*node, *Error) {
	f := find(name)
	if f == nil {
		return nil, p.fail(begin, "%s is no function%s", name, suggestion(name))
	}
	if f.alone && p.depth > 0 {
		return nil, p.fail(begin, "%s cannot stand in another function", name)
	}
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail(begin, "more than %d functions stand in one another", maxDepth)
	}
	n := &node{kind: functionNode, at: begin, fn: f}
	if !p.take(')') {
		if err := p.arguments(n); err != nil {
			return nil, err
		}
	}
	p.depth--
	return n, f.check(n)
}

// arguments reads what stands between the parentheses of a function, and the closing
// one.
func (p *parser) arguments(n *node) *Error {
	for {
		arg, err := p.argument(n.fn.param(len(n.args)))
		if err != nil {
			return err
		}
		if n.args = append(n.args, arg); len(n.args) > maxArguments {
			return p.fail(n.at, "%s has more than %d arguments", n.fn.name, maxArguments)
		}
		switch {
		case p.take(')'):
			return nil
		case !p.take(','):
			return p.fail(p.i, "%s stands where a comma or ) of %s should be%s", p.found(), n.fn.name, hint(p.next()))
		}
	}
}

// hint helps those who know the expressions of other products.
func hint(r rune) string {
	switch r {
	case '&':
		return "; texts are joined by Join or Append, and conditions by one IIF in another"
	case '|':
		return "; there is no or: put one IIF into another"
	case '+':
		return "; texts are joined by Join or Append"
	}
	return ""
}

// argument reads what stands between two commas: nil for nothing.
func (p *parser) argument(to param) (*node, *Error) {
	if r := p.next(); r == ',' || r == ')' {
		return nil, nil
	}
	left, err := p.item(to.bare())
	if err != nil {
		return nil, err
	}
	p.next()
	at := p.i
	op := p.operator()
	if op == "" {
		return left, nil
	}
	right, err := p.item(nil)
	if err != nil {
		return nil, err
	}
	return &node{kind: comparisonNode, at: at, text: op, args: []*node{left, right}}, nil
}

// operator reads an operator; "" if there is none.
func (p *parser) operator() string {
	for _, op := range operators {
		if end := p.i + len(op); end <= len(p.s) && string(p.s[p.i:end]) == op {
			p.i = end
			return op
		}
	}
	return ""
}

// operators are those of comparisons, the longer ones first.
var operators = []string{"<>", "<=", ">=", "<", ">", "="}

// suggestion is for a name that is right but for its case.
func suggestion(name string) string {
	for i := range functions {
		if f := &functions[i]; strings.EqualFold(f.name, name) {
			return "; names are case-sensitive: write " + f.name
		}
	}
	return ""
}

package okta

import (
	"fmt"
	"strings"
)

// Expression says what a mapping takes from a profile: an attribute of the user, a
// text in quotes, or several of them joined by +. It is the part of Okta's expression
// language that mappings of one system to another mostly need.
//
//	user.login
//	user.firstName + " " + user.lastName
//	"GB"
//
// The zero value takes nothing.
type Expression struct {
	text  string
	parts []part
}

// part is an attribute, or a text if that is "".
type part struct {
	attribute, text string
}

// ParseExpression reads an expression. An error says at which byte, counted from 1.
func ParseExpression(text string) (Expression, error) {
	p := expressionParser{text: text}
	e := Expression{text: text}
	for {
		x, err := p.part()
		if err != nil {
			return Expression{}, err
		}
		e.parts = append(e.parts, x)
		switch p.skip(); {
		case p.at == len(text):
			return e, nil
		case text[p.at] != '+':
			return Expression{}, p.failed("there is no + before %q", text[p.at:])
		}
		p.at++
	}
}

// String is the expression as it was written.
func (e Expression) String() string { return e.text }

// Attributes lists the attributes of the profile that are named, in order.
func (e Expression) Attributes() []string {
	var out []string
	for _, x := range e.parts {
		if x.attribute != "" {
			out = append(out, x.attribute)
		}
	}
	return out
}

// Eval is the value for a profile. It is "" where attributes are named and none of
// them has a value, so that nobody is called " ".
func (e Expression) Eval(p Profile) string {
	var b strings.Builder
	named, found := false, false
	for _, x := range e.parts {
		if x.attribute == "" {
			b.WriteString(x.text)
			continue
		}
		v := p[x.attribute]
		named, found = true, found || v != ""
		b.WriteString(v)
	}
	if named && !found {
		return ""
	}
	return b.String()
}

type expressionParser struct {
	text string
	at   int
}

func (p *expressionParser) failed(format string, args ...any) error {
	return fmt.Errorf("okta: expression %q, byte %d: %s", p.text, p.at+1, fmt.Sprintf(format, args...))
}

func (p *expressionParser) skip() {
	for p.at < len(p.text) && (p.text[p.at] == ' ' || p.text[p.at] == '\t') {
		p.at++
	}
}

func (p *expressionParser) part() (part, error) {
	p.skip()
	rest := p.text[p.at:]
	switch {
	case rest == "":
		return part{}, p.failed("there is nothing where an attribute or a text should be")
	case rest[0] == '"' || rest[0] == '\'':
		return p.quoted(rest[0])
	}
	name, ok := strings.CutPrefix(rest, "user.")
	if !ok {
		return part{}, p.failed("%q is neither user. and an attribute's name nor a text in quotes", rest)
	}
	end := strings.IndexFunc(name, func(r rune) bool { return !nameRune(r) })
	if end < 0 {
		end = len(name)
	}
	if end == 0 {
		return part{}, p.failed("no attribute's name stands behind user.")
	}
	p.at += len("user.") + end
	return part{attribute: name[:end]}, nil
}

func nameRune(r rune) bool {
	return r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// quoted reads a text up to its quote. A backslash takes the byte behind it as it is.
func (p *expressionParser) quoted(quote byte) (part, error) {
	var b strings.Builder
	for i := p.at + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == quote:
			p.at = i + 1
			return part{text: b.String()}, nil
		case c == '\\' && i+1 < len(p.text):
			i++
			b.WriteByte(p.text[i])
		default:
			b.WriteByte(c)
		}
	}
	return part{}, p.failed("the text does not end")
}

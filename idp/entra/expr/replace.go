package expr

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// The positions of Replace.
const (
	replaceOld = iota + 1
	replacePattern
	replaceGroup
	replaceValue
	replaceAttribute
	replaceTemplate
)

// maxGroups bounds the groups of all matches of a pattern, which are held at once.
const maxGroups = 1 << 18

// replaceModes are the ways of Replace, by the positions that are given. The first
// that applies counts.
var replaceModes = []struct {
	needs []int
	does  func(c *call, source string, present bool) (Value, error)
}{
	{[]int{replaceOld, replaceValue}, replaceText},
	{[]int{replaceOld, replaceTemplate}, fillTemplate},
	{[]int{replacePattern, replaceGroup, replaceAttribute}, extract},
	{[]int{replacePattern, replaceGroup, replaceValue}, replaceGroups},
	{[]int{replacePattern, replaceValue}, replaceMatches},
}

// replacement is what Replace makes of its constants.
type replacement struct {
	mode    int
	pattern *pattern // nil if it does not stand in the expression
}

func prepareReplace(n *node) (any, *Error) {
	r := replacement{mode: -1}
	for i, m := range replaceModes {
		c := call{n: n}
		given := true
		for _, p := range m.needs {
			given = given && c.given(p)
		}
		if given {
			r.mode = i
			break
		}
	}
	if r.mode < 0 {
		return nil, &Error{Offset: n.at, Msg: "Replace needs oldValue with replacementValue or template, or regexPattern with replacementValue, or with regexGroupName and replacementAttributeName"}
	}
	text, at, ok := constant(n, replacePattern)
	if !ok {
		return r, nil
	}
	var err error
	if r.pattern, err = compilePattern(text); err != nil {
		return nil, &Error{Offset: at, Msg: err.Error()}
	}
	if group, at, ok := constant(n, replaceGroup); ok && r.pattern.group(group) < 0 {
		return nil, &Error{Offset: at, Msg: "the pattern has no group " + strconv.Quote(group)}
	}
	return r, nil
}

// replace returns an absent source as it is, unless another attribute stands in for it.
func replace(c *call) (Value, error) {
	source, present, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	if len(source) > MaxValue {
		return Value{}, c.fail(0, "it is longer than %d bytes", MaxValue)
	}
	r, _ := c.n.ready.(replacement)
	mode := replaceModes[r.mode]
	if !present && mode.needs[len(mode.needs)-1] != replaceAttribute {
		return Value{}, nil
	}
	return mode.does(c, source, present)
}

// swap replaces old in a text, within bounds.
func (c *call) swap(s, old, with string) (Value, error) {
	if old == "" {
		return Value{}, c.fail(replaceOld, "oldValue is empty")
	}
	if grown := int64(strings.Count(s, old)) * int64(len(with)-len(old)); int64(len(s))+grown > MaxValue {
		return Value{}, c.tooLong()
	}
	return Text(strings.ReplaceAll(s, old, with)), nil
}

func replaceText(c *call, source string, _ bool) (Value, error) {
	old, _, err := c.text(replaceOld)
	if err != nil {
		return Value{}, err
	}
	with, _, err := c.text(replaceValue)
	if err != nil {
		return Value{}, err
	}
	return c.swap(source, old, with)
}

func fillTemplate(c *call, source string, _ bool) (Value, error) {
	old, _, err := c.text(replaceOld)
	if err != nil {
		return Value{}, err
	}
	template, _, err := c.text(replaceTemplate)
	if err != nil {
		return Value{}, err
	}
	return c.swap(template, old, source)
}

// extract returns the source, or if it is empty what a group of the pattern finds in
// another attribute: "" if it finds nothing.
func extract(c *call, source string, _ bool) (Value, error) {
	if source != "" {
		return Text(source), nil
	}
	other, present, err := c.text(replaceAttribute)
	if err != nil || !present {
		return Value{}, err
	}
	if len(other) > MaxValue {
		return Value{}, c.fail(replaceAttribute, "it is longer than %d bytes", MaxValue)
	}
	p, group, err := c.pattern()
	if err != nil {
		return Value{}, err
	}
	m := p.re.FindStringSubmatchIndex(other)
	if m == nil {
		return Text(""), nil
	}
	return Text(part(other, m, group)), nil
}

// replaceGroups replaces a group of each match.
func replaceGroups(c *call, source string, _ bool) (Value, error) {
	with, _, err := c.text(replaceValue)
	if err != nil {
		return Value{}, err
	}
	p, group, err := c.pattern()
	if err != nil {
		return Value{}, err
	}
	return c.rewrite(p, source, group, func(b *bounded, _ []int) bool { return b.add(with) })
}

// replaceMatches replaces each match by what the replacement makes of its groups.
func replaceMatches(c *call, source string, _ bool) (Value, error) {
	with, _, err := c.text(replaceValue)
	if err != nil {
		return Value{}, err
	}
	p, _, err := c.pattern()
	if err != nil {
		return Value{}, err
	}
	parts := p.substitution(with)
	return c.rewrite(p, source, 0, func(b *bounded, match []int) bool {
		for _, s := range parts {
			if !b.add(s.of(source, match)) {
				return false
			}
		}
		return true
	})
}

// rewrite puts what with adds in the place of a group of each match.
func (c *call) rewrite(p *pattern, s string, group int, with func(b *bounded, match []int) bool) (Value, error) {
	most := maxGroups / len(p.numbers)
	if len(s) >= most && len(p.re.FindAllStringIndex(s, most+1)) > most {
		return Value{}, c.fail(replacePattern, "the pattern matches too often")
	}
	var b bounded
	done := 0
	for _, m := range p.re.FindAllStringSubmatchIndex(s, -1) {
		begin, end := m[2*group], m[2*group+1]
		if begin < done { // it took no part
			continue
		}
		if !b.add(s[done:begin]) || !with(&b, m) {
			return Value{}, c.tooLong()
		}
		done = end
	}
	if !b.add(s[done:]) {
		return Value{}, c.tooLong()
	}
	return Text(b.String()), nil
}

// pattern is a regular expression. .NET counts its groups otherwise: those without a
// name first.
type pattern struct {
	re      *regexp.Regexp
	numbers []int // by .NET's number, Go's
}

// compilePattern compiles what is a regular expression for RE2 too. What is not, such
// as a look-ahead, is an error that says so.
func compilePattern(text string) (*pattern, error) {
	re, err := regexp.Compile(text)
	if err != nil {
		return nil, fmt.Errorf("the pattern is none of RE2, whose patterns are used here: %s", strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	p := &pattern{re: re, numbers: []int{0}}
	for _, named := range []bool{false, true} {
		for i, name := range re.SubexpNames() {
			if i > 0 && (name != "") == named {
				p.numbers = append(p.numbers, i)
			}
		}
	}
	return p, nil
}

// group is Go's number of a group by its name or .NET's number; -1 if there is none.
func (p *pattern) group(name string) int {
	if n, err := strconv.Atoi(name); err == nil {
		if n < 0 || n >= len(p.numbers) {
			return -1
		}
		return p.numbers[n]
	}
	return p.re.SubexpIndex(name)
}

// pattern is the pattern of Replace, and the number of its group if one is given.
func (c *call) pattern() (p *pattern, group int, err error) {
	r, _ := c.n.ready.(replacement)
	if p = r.pattern; p == nil {
		text, _, err := c.text(replacePattern)
		if err != nil {
			return nil, 0, err
		}
		if p, err = compilePattern(text); err != nil {
			return nil, 0, c.fail(replacePattern, "%s", err)
		}
	}
	if !c.given(replaceGroup) {
		return p, 0, nil
	}
	name, _, err := c.text(replaceGroup)
	if err != nil {
		return nil, 0, err
	}
	if group = p.group(name); group < 0 {
		return nil, 0, c.fail(replaceGroup, "the pattern has no group %s", c.quote(name))
	}
	return p, group, nil
}

// part is what a group of a match found; "" if it took no part.
func part(s string, match []int, group int) string {
	if match[2*group] < 0 {
		return ""
	}
	return s[match[2*group]:match[2*group+1]]
}

// piece is a part of a replacement: a text, or where in the source it is taken from.
type piece struct {
	text string
	from byte // 0 text, & a group, ` and ' what is before and behind the match, _ all
	n    int
}

func (p piece) of(s string, match []int) string {
	switch p.from {
	case '&':
		return part(s, match, p.n)
	case '`':
		return s[:match[0]]
	case '\'':
		return s[match[1]:]
	case '_':
		return s
	}
	return p.text
}

// substitution reads a replacement as .NET does: $1 and ${name} are groups, $& is the
// match, $` and $' are what is around it, $+ is the last group, $_ is the source, $$
// is $. Any other $ is itself.
func (p *pattern) substitution(text string) []piece {
	var out []piece
	for text != "" {
		at := strings.IndexByte(text, '$')
		if at < 0 {
			return append(out, piece{text: text})
		}
		if at > 0 {
			out = append(out, piece{text: text[:at]})
		}
		s, length := p.reference(text[at:])
		out = append(out, s)
		text = text[at+length:]
	}
	return out
}

// reference reads what begins with $, and returns how long it is.
func (p *pattern) reference(text string) (piece, int) {
	itself := piece{text: "$"}
	if len(text) == 1 {
		return itself, 1
	}
	switch r := text[1]; {
	case r == '$':
		return itself, 2
	case r == '&':
		return piece{from: '&'}, 2
	case r == '`' || r == '\'' || r == '_':
		return piece{from: r}, 2
	case r == '+':
		return piece{from: '&', n: p.numbers[len(p.numbers)-1]}, 2
	case r == '{':
		name, _, closed := strings.Cut(text[2:], "}")
		if n := p.group(name); closed && n >= 0 {
			return piece{from: '&', n: n}, len(name) + 3
		}
	case '0' <= r && r <= '9':
		digits := len(text) - 1 - len(strings.TrimLeft(text[1:], "0123456789"))
		if n := p.group(text[1 : 1+digits]); n >= 0 {
			return piece{from: '&', n: n}, 1 + digits
		}
	}
	return itself, 1
}

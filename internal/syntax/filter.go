package syntax

import (
	"strconv"

	filter "github.com/scim2/filter-parser/v2"
)

// disjunction = conjunction *("or" conjunction), leaning to the left.
func (p *parser) disjunction() (filter.Expression, error) {
	left, err := p.conjunction()
	if err != nil {
		return nil, err
	}
	for p.keyword("or") {
		p.blank()
		right, err := p.conjunction()
		if err != nil {
			return nil, err
		}
		left = &filter.LogicalExpression{Left: left, Right: right, Operator: filter.OR}
	}
	return left, nil
}

// conjunction = term *("and" term), leaning to the left.
func (p *parser) conjunction() (filter.Expression, error) {
	left, err := p.term()
	if err != nil {
		return nil, err
	}
	for p.keyword("and") {
		p.blank()
		right, err := p.term()
		if err != nil {
			return nil, err
		}
		left = &filter.LogicalExpression{Left: left, Right: right, Operator: filter.AND}
	}
	return left, nil
}

// keyword skips blanks and takes the word if it is next. It is asked only
// behind a term, so attributes named and, or and not are read as such.
func (p *parser) keyword(word string) bool {
	p.blanks()
	end := p.i + len(word)
	if end > len(p.s) || !equalFold(p.s[p.i:end], word) {
		return false
	}
	if end < len(p.s) && class[p.s[end]]&nameByte != 0 {
		return false
	}
	p.loose = p.loose || !p.behindBlank()
	p.i = end
	return true
}

// term is a group, a negated group, a value path or a comparison.
func (p *parser) term() (filter.Expression, error) {
	p.blanks()
	if p.at('(') {
		return p.enclosed(')')
	}
	start := p.i
	path, err := p.attributePath()
	if err != nil {
		return nil, err
	}
	p.blanks()
	switch {
	case p.at('(') && isNot(path):
		e, err := p.enclosed(')')
		if err != nil {
			return nil, err
		}
		return &filter.NotExpression{Expression: e}, nil
	case p.at('['):
		p.loose = p.loose || p.behindBlank()
		return p.valuePath(path)
	}
	return p.comparison(start, path)
}

func isNot(path filter.AttributePath) bool {
	return path.URIPrefix == nil && path.SubAttribute == nil && equalFold(path.AttributeName, "not")
}

// enclosed reads what stands between the opening byte at hand and closing.
func (p *parser) enclosed(closing byte) (filter.Expression, error) {
	opening := p.i
	if p.depth == p.limits.Depth {
		return nil, p.fail(opening, "the "+p.what+" is nested deeper than the limit of "+strconv.Itoa(p.limits.Depth)+" levels")
	}
	p.depth++
	p.i++
	p.noBlank()
	if p.at(closing) {
		return nil, p.fail(p.i, "expected a comparison such as value eq \"x\" before "+string(closing))
	}
	e, err := p.disjunction()
	if err != nil {
		return nil, err
	}
	if !p.at(closing) {
		return nil, p.fail(p.i, "expected and, or, or the "+string(closing)+" that closes the "+p.s[opening:opening+1])
	}
	p.loose = p.loose || p.behindBlank()
	p.i++
	p.depth--
	return e, nil
}

// valueFilter reads the brackets behind an attribute.
func (p *parser) valueFilter() (filter.Expression, error) {
	if p.inside {
		return nil, p.fail(p.i, "a value filter in brackets must not hold another one")
	}
	p.inside = true
	e, err := p.enclosed(']')
	p.inside = false
	return e, err
}

// valuePath reads attr[f], or attr[f].sub with a comparison, which the tree
// cannot say but as attr[f and sub ...].
func (p *parser) valuePath(path filter.AttributePath) (filter.Expression, error) {
	f, err := p.valueFilter()
	if err != nil {
		return nil, err
	}
	if p.at('.') {
		p.loose = true
		p.i++
		start := p.i
		sub, err := p.name()
		if err != nil {
			return nil, err
		}
		p.blanks()
		right, err := p.comparison(start, filter.AttributePath{AttributeName: sub})
		if err != nil {
			return nil, err
		}
		f = &filter.LogicalExpression{Left: f, Right: right, Operator: filter.AND}
	}
	return &filter.ValuePath{AttributePath: path, ValueFilter: f}, nil
}

// comparison reads the operator and the value behind a path that began at start.
func (p *parser) comparison(start int, path filter.AttributePath) (filter.Expression, error) {
	if p.terms == p.limits.Terms {
		return nil, p.fail(start, "the "+p.what+" has more comparisons than the limit of "+strconv.Itoa(p.limits.Terms))
	}
	p.terms++
	at := p.i
	op := operator(p.word())
	switch {
	case op == "" && isNot(path):
		return nil, p.fail(at, "expected ( after not")
	case op == "":
		return nil, p.fail(at, "expected an operator such as eq")
	case op == filter.PR:
		return &filter.AttributeExpression{AttributePath: path, Operator: op}, nil
	}
	p.blank()
	v, err := p.value()
	if err != nil {
		return nil, err
	}
	return &filter.AttributeExpression{AttributePath: path, Operator: op, CompareValue: v}, nil
}

// operator returns the operator that the word spells in any case, or "".
func operator(word string) filter.CompareOperator {
	if len(word) != 2 {
		return ""
	}
	switch [2]byte{word[0] | 0x20, word[1] | 0x20} {
	case [2]byte{'e', 'q'}:
		return filter.EQ
	case [2]byte{'n', 'e'}:
		return filter.NE
	case [2]byte{'c', 'o'}:
		return filter.CO
	case [2]byte{'s', 'w'}:
		return filter.SW
	case [2]byte{'e', 'w'}:
		return filter.EW
	case [2]byte{'g', 't'}:
		return filter.GT
	case [2]byte{'g', 'e'}:
		return filter.GE
	case [2]byte{'l', 't'}:
		return filter.LT
	case [2]byte{'l', 'e'}:
		return filter.LE
	case [2]byte{'p', 'r'}:
		return filter.PR
	}
	return ""
}

// unexpected says what is wrong with the text behind a complete filter.
func (p *parser) unexpected() string {
	switch p.s[p.i] {
	case ')':
		return "no ( is open that this ) could close"
	case ']':
		return "no [ is open that this ] could close"
	}
	return "expected and, or, or the end of the " + p.what
}

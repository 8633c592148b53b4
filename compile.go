package scim

import (
	"fmt"
	"strconv"
	"time"

	filter "github.com/scim2/filter-parser/v2"
)

// compiler resolves a filter's syntax tree against the attribute table.
type compiler struct {
	t     *table
	group bool // the filter is asked about groups
	tol   *tolerance
}

// expression resolves e. Inside of a value path, within is the attribute whose
// elements it is about.
func (c *compiler) expression(e filter.Expression, within *attr) (*node, error) {
	switch e := e.(type) {
	case *filter.LogicalExpression:
		left, err := c.expression(e.Left, within)
		if err != nil {
			return nil, err
		}
		right, err := c.expression(e.Right, within)
		if err != nil {
			return nil, err
		}
		return join(e.Operator == filter.OR, left, right), nil
	case *filter.NotExpression:
		inner, err := c.expression(e.Expression, within)
		if err != nil {
			return nil, err
		}
		return negate(inner), nil
	case *filter.ValuePath:
		return c.valuePath(e, within)
	case *filter.AttributeExpression:
		return c.comparison(e, within)
	}
	return nil, fmt.Errorf("scim: unknown filter expression %T", e)
}

// join makes an and or an or of two nodes. One of which the answer is known
// already needs no asking.
func join(or bool, left, right *node) *node {
	for _, side := range [][2]*node{{left, right}, {right, left}} {
		switch known, other := side[0], side[1]; {
		case known.kind != nodeConst:
		case known.yes == or:
			return known
		default:
			return other
		}
	}
	if or {
		return &node{kind: nodeOr, left: left, right: right}
	}
	return &node{kind: nodeAnd, left: left, right: right}
}

func negate(n *node) *node {
	if n.kind == nodeConst {
		return constant(!n.yes)
	}
	return &node{kind: nodeNot, left: n}
}

func constant(yes bool) *node { return &node{kind: nodeConst, yes: yes} }

// settled is n, or its answer where that is the same for all resources of the
// type that is asked about: n is about the type, or about what only others have.
func (c *compiler) settled(n *node, foreign bool) *node {
	if !foreign && (n.attr == nil || !n.attr.byType()) {
		return n
	}
	s := &subject{u: &User{}}
	if c.group {
		s = &subject{g: &Group{}}
	}
	return constant(n.match(s, -1))
}

// byType reports whether all resources of a type have the same value.
func (a *attr) byType() bool {
	return a.source == fromMeta && a.name == "resourceType" || a.source == fromGroup && a.name == "schemas"
}

func (c *compiler) valuePath(e *filter.ValuePath, within *attr) (*node, error) {
	a, foreign, err := c.attribute(e.AttributePath, nil)
	if err != nil {
		return nil, err
	}
	if within != nil || a.subs.all == nil {
		return nil, badRequest(typeInvalidFilter, "%s has no elements that [ ] could choose from.", e.AttributePath)
	}
	inner, err := c.expression(e.ValueFilter, a)
	if err != nil {
		return nil, err
	}
	if !a.multi {
		// A single complex value is its own only element.
		return c.settled(inner, foreign), nil
	}
	return c.settled(&node{kind: nodeElement, attr: a, left: inner}, foreign), nil
}

// attribute finds what a path names, or refuses the filter. What only the other
// type of resource has is foreign: it is without a value here.
func (c *compiler) attribute(p filter.AttributePath, within *attr) (a *attr, foreign bool, err error) {
	if within != nil {
		if a := within.subs.find(p.AttributeName); a != nil && p.SubAttribute == nil && p.URIPrefix == nil {
			return a, false, nil
		}
		return nil, false, badRequest(typeInvalidFilter, "%s has no sub-attribute %s.", within.path, p)
	}
	own, other := c.t.find, c.t.findGroup
	if c.group {
		own, other = other, own
	}
	if a, _ = own(p); a != nil {
		return a, false, c.tol.named(c.t, p, a)
	}
	if a, _ = other(p); a == nil {
		return nil, false, badRequest(typeInvalidFilter, "There is no attribute %s.", shorten(p.String(), 200))
	}
	return a, true, c.tol.named(c.t, p, a)
}

func (c *compiler) comparison(e *filter.AttributeExpression, within *attr) (*node, error) {
	a, foreign, err := c.attribute(e.AttributePath, within)
	if err != nil {
		return nil, err
	}
	n := &node{attr: a, op: e.Operator}
	if a.typ == complexType || a.multi && a.value != nil {
		switch {
		case a.value != nil && (n.op != filter.PR || !a.multi):
			if err := c.tol.noteIf(!a.multi, QuirkFilterComplex, a.path); err != nil {
				return nil, err
			}
			n.attr = a.value
		case n.op == filter.PR:
			return c.settled(n, foreign), nil
		case e.CompareValue == nil && (n.op == filter.EQ || n.op == filter.NE):
			// Unassigned, and not (RFC 7643 section 2.5).
			absent := n.op == filter.EQ
			n.op = filter.PR
			if n = c.settled(n, foreign); absent {
				n = negate(n)
			}
			return n, nil
		default:
			return nil, badRequest(typeInvalidFilter, "%s is complex: name one of its sub-attributes.", a.path)
		}
	}
	if n.attr.unfilterable {
		return nil, badRequest(typeInvalidFilter, "%s cannot be filtered by.", n.attr.path)
	}
	if n.op != filter.PR {
		if err := n.literal(e.CompareValue); err != nil {
			return nil, err
		}
		_, text := e.CompareValue.(string)
		if err := c.tol.noteIf(text && n.attr.typ == Boolean && !n.null, QuirkFilterValue, n.attr.path); err != nil {
			return nil, err
		}
	}
	return c.settled(n, foreign), nil
}

// literal takes the value that is compared with, by the attribute's type.
func (n *node) literal(value any) error {
	equality := n.op == filter.EQ || n.op == filter.NE
	within := n.op == filter.CO || n.op == filter.SW || n.op == filter.EW
	a := n.attr
	text, isText := value.(string)
	n.raw = text
	ok := true
	switch {
	case value == nil, isText && text == "" && equality:
		n.null, ok = true, equality
	case a.typ == Boolean:
		n.text = Fold(text)
		if b, isBool := value.(bool); isBool {
			n.text = strconv.FormatBool(b)
		}
		n.raw = n.text
		ok = equality && (n.text == "true" || n.text == "false")
	case a.typ == Integer || a.typ == Decimal:
		switch v := value.(type) {
		case int:
			n.num = float64(v)
		case float64:
			n.num = v
		default:
			ok = false
		}
		ok = ok && !within
	case !isText, a.typ == Binary && !equality:
		ok = false
	case a.typ == DateTime:
		n.time, ok = parseDateTime(text)
		ok = ok && !within
	default:
		if a.typ == Date {
			n.time, n.isTime = parseDate(text)
		}
		if n.text = text; !a.caseExact {
			n.text = Fold(text)
		}
	}
	if !ok {
		return badRequest(typeInvalidFilter, "%s is of type %s and cannot be compared by %s with %s.", a.path, a.typ, n.op, quoteLiteral(value))
	}
	return nil
}

func quoteLiteral(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", shorten(s, 100))
	}
	return fmt.Sprint(v)
}

// parseDateTime reads an xsd:dateTime (RFC 7643 section 2.3.5); without a zone
// it is in UTC.
func parseDateTime(s string) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t, true
	}
	t, err := time.Parse("2006-01-02T15:04:05.999999999", s)
	return t, err == nil
}

// parseDate reads a day: yyyy-MM-dd, or an ISO date-time, of which the day is
// taken as it is written. The time is the midnight in UTC of that day.
func parseDate(s string) (day time.Time, ok bool) {
	if len(s) < len(time.DateOnly) {
		return time.Time{}, false
	}
	day, err := time.Parse(time.DateOnly, s[:len(time.DateOnly)])
	if err != nil {
		return time.Time{}, false
	}
	if len(s) == len(time.DateOnly) {
		return day, true
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04"} {
		if _, err := time.Parse(layout, s); err == nil {
			return day, true
		}
	}
	return time.Time{}, false
}

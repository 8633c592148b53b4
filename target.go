package scim

import (
	"fmt"
	"strings"

	filter "github.com/scim2/filter-parser/v2"
)

// target is what a PATCH path, or a key inside a pathless value, names
// (RFC 7644 section 3.5.2). The zero target is an attribute that is not in the
// table: it is ignored with success (P2.1).
type target struct {
	attr  *attr      // the attribute; nil with ext nil: not in the table
	sub   *attr      // its sub-attribute, if the path goes on
	where *node      // the elements that the path selects; nil: no value filter
	stamp []stamp    // what a new element gets from the value filter
	fits  bool       // the value filter is made of eq joined by and, so it can make an element
	ext   *extension // the path is the URN of a schema
}

// stamp is one eq of a value filter: an element made for it has this value.
type stamp struct {
	sub    *attr
	value  string
	folded string // where case does not count
}

func (s stamp) equal(o stamp) bool {
	return s.sub == o.sub && (s.value == o.value || !s.sub.caseExact && s.folded == o.folded)
}

func (g target) known() bool { return g.attr != nil || g.ext != nil }

// leaf is the attribute or sub-attribute that the path ends at.
func (g target) leaf() *attr {
	if g.sub != nil {
		return g.sub
	}
	return g.attr
}

// readOnly reports whether the path ends at, or lies in, what clients never write.
func (g target) readOnly() bool {
	return g.attr != nil && (g.attr.readOnly || g.sub != nil && g.sub.readOnly)
}

// resolve finds what a path of a user names.
func (t *table) resolve(p filter.Path, tol *tolerance) (target, error) {
	return t.resolveWith(p, t.find, tol)
}

// resolveGroup finds what a path of a group names.
func (t *table) resolveGroup(p filter.Path, tol *tolerance) (target, error) {
	return t.resolveWith(p, t.findGroup, tol)
}

func (t *table) resolveWith(p filter.Path, find func(filter.AttributePath) (*attr, *extension), tol *tolerance) (target, error) {
	a, ext := find(p.AttributePath)
	if err := tol.named(t, p.AttributePath, a); err != nil {
		return target{}, err
	}
	switch {
	case ext != nil && p.ValueExpression == nil:
		return target{ext: ext}, nil
	case a == nil:
		return target{}, t.behindActive(p.AttributePath, find)
	}
	g := target{attr: a}
	if a.parent != nil {
		g.attr, g.sub = a.parent, a
	}
	if p.ValueExpression != nil {
		if !g.attr.multi || g.sub != nil {
			return target{}, badRequest(typeInvalidPath, "%s has no elements that [ ] could choose from.", g.attr.path)
		}
		c := &compiler{t: t, tol: tol}
		var err error
		if g.where, err = c.expression(p.ValueExpression, g.attr); err != nil {
			if e := asError(err); e.Status == 400 {
				return target{}, badRequest(typeInvalidPath, "%s", e.Detail)
			}
			return target{}, err
		}
		g.stamp, g.fits = g.where.stamps(nil)
	}
	if p.SubAttribute != nil {
		if g.sub = g.attr.subs.find(*p.SubAttribute); g.sub == nil {
			return target{}, nil
		}
	}
	return g, nil
}

// behindActive refuses a path such as active.value. Ignored like any other that
// names nothing, it would tell a client of success and leave the user active.
func (t *table) behindActive(p filter.AttributePath, find func(filter.AttributePath) (*attr, *extension)) error {
	if p.SubAttribute == nil {
		return nil
	}
	p.SubAttribute = nil
	if a, _ := find(p); a == nil || a != t.active {
		return nil
	}
	return badRequest(typeInvalidPath, "active has no sub-attributes.")
}

// stamps collects the equalities of a value filter made of eq joined by and.
func (n *node) stamps(s []stamp) ([]stamp, bool) {
	switch {
	case n.kind == nodeAnd:
		s, ok := n.left.stamps(s)
		if !ok {
			return nil, false
		}
		return n.right.stamps(s)
	case n.kind == nodeCompare && n.op == filter.EQ && !n.null:
		return append(s, stamp{n.attr, n.raw, n.text}), true
	}
	return nil, false
}

// value returns what a user has at the target: of several elements the first.
func (g target) value(u *User) string {
	a := g.attr
	switch {
	case !a.multi && g.sub != nil:
		return g.sub.get(u)
	case !a.multi && a.typ == complexType:
		if a.value != nil {
			return a.value.get(u)
		}
		return ""
	case !a.multi:
		return a.get(u)
	}
	sub := g.sub
	if sub == nil {
		sub = a.value
	}
	if sub == nil {
		return ""
	}
	for i := range a.list.length(u) {
		if g.where == nil || g.selects(u, i) {
			if v := a.list.get(u, i, sub.index); v != "" {
				return v
			}
		}
	}
	return ""
}

// selects reports whether the value filter selects an element. One that is made
// of eq, as nearly all are, is answered without anything to allocate.
func (g target) selects(u *User, i int) bool {
	if !g.fits {
		return g.where.match(&subject{u: u}, i)
	}
	for _, s := range g.stamp {
		switch v := g.attr.list.get(u, i, s.sub.index); {
		case v == s.value:
		case s.sub.caseExact || !equalFolded(v, s.folded):
			return false
		}
	}
	return true
}

// String names the target as errors do.
func (g target) String() string {
	switch {
	case g.ext != nil:
		return g.ext.urn
	case g.attr == nil:
		return "an attribute that is not stored"
	}
	var b strings.Builder
	b.WriteString(g.attr.path)
	if g.where != nil {
		b.WriteByte('[')
		for i, s := range g.stamp {
			if i > 0 {
				b.WriteString(" and ")
			}
			fmt.Fprintf(&b, "%s eq %q", s.sub.name, shorten(s.value, 80))
		}
		if !g.fits {
			b.WriteString("…")
		}
		b.WriteByte(']')
	}
	if g.sub != nil {
		b.WriteString("." + g.sub.name)
	}
	return b.String()
}

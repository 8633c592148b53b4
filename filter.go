package scim

import (
	"math"
	"sync/atomic"
	"time"

	filter "github.com/scim2/filter-parser/v2"

	"github.com/usher-scim/scim/internal/syntax"
)

// Filter is a query that was parsed and resolved against the attribute table
// (RFC 7644 section 3.4.2.2). It is made by [Directory.UserFilter] and
// [Directory.GroupFilter], and safe for concurrent use.
//
// Comparison is typed by the schema: text ignores case unless the attribute is
// case-exact, times compare as times. ne is the opposite of eq, so it holds for
// an attribute without a value and, on a multi-valued attribute, where no
// element is equal. A comparison with null asks whether the attribute is
// unassigned.
type Filter struct {
	root *node
	find Find
	hit  bool
	left *atomic.Int64 // how many comparisons it may still make; nil: any number
}

// bound limits how many comparisons the filter makes, over all that it is asked
// about. Beyond that it selects nothing more and is exhausted.
func (f *Filter) bound(comparisons int) {
	f.left = new(atomic.Int64)
	f.left.Store(int64(comparisons))
}

// constant reports whether the filter selects all resources, or none, whatever
// they are like.
func (f *Filter) constant() (all, none bool) {
	if f == nil || f.root.kind != nodeConst {
		return false, false
	}
	return f.root.yes, !f.root.yes
}

func (f *Filter) exhausted() bool { return f != nil && f.left != nil && f.left.Load() < 0 }

// match evaluates the filter for one subject, within what is left.
func (f *Filter) match(s *subject) bool {
	if f.left == nil {
		s.allowed = math.MaxInt
		return f.root.match(s, -1)
	}
	if s.allowed = int(f.left.Load()); s.allowed < 0 {
		return false
	}
	selected := f.root.match(s, -1)
	return f.left.Add(int64(-s.spent)) >= 0 && selected
}

// Lookup returns what an index can narrow the filter down to: every resource
// that the filter selects is among those that the Find names, and MatchUser or
// MatchGroup tells which. It reports false for a filter that no index helps.
func (f *Filter) Lookup() (Find, bool) {
	if f == nil {
		return Find{}, false
	}
	return f.find, f.hit
}

// MatchUser reports whether the filter selects u. groups, which may be nil for
// none, is called at most once, and only when the filter speaks of groups. A
// nil filter selects everyone.
func (f *Filter) MatchUser(u *User, groups func() []GroupRef) bool {
	if f == nil {
		return true
	}
	return f.match(&subject{u: u, groups: groups})
}

// MatchGroup reports whether the filter selects g, whose members m tells. A nil
// filter selects every group.
func (f *Filter) MatchGroup(g *Group, m Membership) bool {
	if f == nil {
		return true
	}
	return f.match(&subject{g: g, members: m})
}

// subject is what a filter is asked about: a user or a group.
type subject struct {
	u       *User
	groups  func() []GroupRef
	refs    []GroupRef // what groups answered
	asked   bool
	g       *Group
	members Membership
	member  Member // the element that an iteration over members stands at
	// spent counts the comparisons made, allowed is how many there may be.
	spent, allowed   int
	unfolded, folded string // what was folded last
}

func (s *subject) groupRefs() []GroupRef {
	if !s.asked && s.groups != nil {
		s.refs = s.groups()
	}
	s.asked = true
	return s.refs
}

func (s *subject) created() time.Time {
	if s.g != nil {
		return s.g.Created
	}
	return s.u.Created
}

func (s *subject) modified() time.Time {
	if s.g != nil {
		return s.g.Modified
	}
	return s.u.Modified
}

type nodeKind uint8

const (
	nodeCompare nodeKind = iota
	nodeAnd
	nodeOr
	nodeNot
	nodeElement // some element of attr satisfies left
	nodeConst   // yes, whatever is asked about
)

// node is one part of a resolved filter.
type node struct {
	kind        nodeKind
	left, right *node
	attr        *attr
	op          filter.CompareOperator
	raw         string // the literal as it was written
	text        string // the same, folded where case does not count
	num         float64
	time        time.Time
	isTime      bool
	null        bool // the comparison is with null: eq asks for absence, ne for presence
	yes         bool // of a nodeConst
}

// size is how many comparisons a node makes for one subject or element.
func (n *node) size() int {
	size := 0
	if n.kind == nodeCompare {
		size++
	}
	for _, part := range []*node{n.left, n.right} {
		if part != nil {
			size += part.size()
		}
	}
	return size
}

// match evaluates the node. elem is the element that a value path stands at, or
// -1 outside of one.
func (n *node) match(s *subject, elem int) bool {
	switch n.kind {
	case nodeAnd:
		return n.left.match(s, elem) && n.right.match(s, elem)
	case nodeOr:
		return n.left.match(s, elem) || n.right.match(s, elem)
	case nodeNot:
		return !n.left.match(s, elem)
	case nodeElement:
		return n.anyElement(s, n.left)
	case nodeConst:
		return n.yes
	}
	if n.op == filter.NE {
		eq := *n
		eq.op = filter.EQ
		return !eq.compare(s, elem)
	}
	return n.compare(s, elem)
}

// compare evaluates a comparison; on a multi-valued attribute outside of a
// value path any element will do.
func (n *node) compare(s *subject, elem int) bool {
	a := n.attr
	s.spent++
	if n.op == filter.PR && (a.typ == complexType || a.multi) {
		return a.present(s, elem)
	}
	multi := a.parent != nil && a.parent.multi
	if !multi || elem >= 0 {
		if a.time != nil {
			return n.compareTime(a.time(s))
		}
		return n.compareText(s, a.text(s, elem))
	}
	if n.null {
		return !a.parent.presentSub(s, a)
	}
	if a.parent.source == fromMembers && a.name == "value" && n.op == filter.EQ {
		return s.members != nil && s.members.Has(n.text)
	}
	return n.anyElement(s, n)
}

// anyElement reports whether inner holds for some element of n's attribute, or
// of the attribute that n's is a part of.
func (n *node) anyElement(s *subject, inner *node) bool {
	a := n.attr
	if n.kind == nodeCompare {
		a = a.parent
	}
	for i := range a.elements(s) {
		if inner.kind == nodeCompare && inner == n {
			if s.spent++; n.compareText(s, n.attr.text(s, i)) {
				return true
			}
		} else if inner.match(s, i) {
			return true
		}
	}
	return false
}

// elements yields the index of each element of a multi-valued attribute. While
// it stands at a member of a group, s.member is that member.
func (a *attr) elements(s *subject) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		switch {
		case a.source == fromGroups && s.u != nil:
			for i := range s.groupRefs() {
				if !yield(i) {
					return
				}
			}
		case a.source == fromMembers && s.members != nil:
			i := 0
			s.members.Each(func(m Member) bool {
				s.member = m
				i++
				return yield(i-1) && s.spent <= s.allowed
			})
		case a.list != nil && s.u != nil:
			for i := range a.list.length(s.u) {
				if !yield(i) {
					return
				}
			}
		}
	}
}

// present reports whether a complex attribute has any value.
func (a *attr) present(s *subject, elem int) bool {
	if a.multi {
		for range a.elements(s) {
			return true
		}
		return false
	}
	for _, sub := range a.subs.all {
		if !sub.derived && sub.text(s, elem) != "" {
			return true
		}
		if sub.time != nil {
			return true
		}
	}
	return false
}

// presentSub reports whether any element has a value for sub.
func (a *attr) presentSub(s *subject, sub *attr) bool {
	for i := range a.elements(s) {
		if sub.text(s, i) != "" {
			return true
		}
	}
	return false
}

// source says where the value of an attribute comes from when the user or group
// itself does not hold it.
type source uint8

const (
	fromUser source = iota
	fromGroup
	fromGroups  // the groups of a user
	fromMembers // the members of a group
	fromMeta
)

// text returns the value of a single-valued attribute, or of the element elem.
func (a *attr) text(s *subject, elem int) string {
	src := a.source
	if a.parent != nil && src == fromUser {
		src = a.parent.source
	}
	switch src {
	case fromGroup:
		if s.g == nil {
			return ""
		}
		return a.groupField(s.g)
	case fromGroups:
		if elem < 0 || elem >= len(s.groupRefs()) {
			return ""
		}
		return s.refs[elem].part(a.name)
	case fromMembers:
		return s.member.part(a.name)
	case fromMeta:
		return a.metaText(s)
	}
	switch {
	case s.u == nil:
		return ""
	case a.parent != nil && a.parent.list != nil:
		return a.parent.list.get(s.u, elem, a.index)
	}
	return a.get(s.u)
}

func (r GroupRef) part(name string) string {
	switch name {
	case "value":
		return r.ID
	case "display":
		return r.Display
	case "type":
		return "direct"
	}
	return ""
}

func (m Member) part(name string) string {
	switch name {
	case "value":
		return m.ID
	case "display":
		return m.Display
	case "type":
		return m.kind()
	}
	return ""
}

// kind is the resource type of a member.
func (m Member) kind() string {
	if m.Group {
		return "Group"
	}
	return "User"
}

func (a *attr) metaText(s *subject) string {
	var kind, version string
	if s.g != nil {
		kind, version = "Group", s.g.Version
	} else {
		kind, version = "User", s.u.Version
	}
	if a.name == "resourceType" {
		return kind
	}
	return etag(version)
}

// etag is the entity tag of a version (RFC 7644 section 3.14).
func etag(version string) string { return `W/"` + version + `"` }

// parseFilter parses and resolves a filter for users or, with group, groups.
func (t *table) parseFilter(text string, group bool, tol *tolerance) (*Filter, error) {
	loose := false
	expr, err := syntax.ParseFilter(text, t.filterLimits, &loose)
	if err != nil {
		return nil, badRequest(typeInvalidFilter, "The filter cannot be understood %s.", err)
	}
	if err := tol.noteIf(loose, QuirkFilterForm, ""); err != nil {
		return nil, err
	}
	c := &compiler{t: t, group: group, tol: tol}
	root, err := c.expression(expr, nil)
	if err != nil {
		return nil, err
	}
	f := &Filter{root: root}
	f.find, f.hit = root.lookup()
	return f, nil
}

// lookup narrows a node down to what an index finds. Of a conjunction one part
// is enough.
func (n *node) lookup() (Find, bool) {
	switch n.kind {
	case nodeAnd:
		if f, ok := n.left.lookup(); ok {
			return f, true
		}
		return n.right.lookup()
	case nodeElement:
		return n.left.lookup()
	case nodeCompare:
		if n.op == filter.EQ && !n.null && n.attr.lookup != notIndexed {
			return n.attr.lookup.find(n.text), true
		}
	}
	return Find{}, false
}

// indexed says which index of a store finds the values of an attribute.
type indexed uint8

const (
	notIndexed indexed = iota
	byID
	byExternalID
	byUserName
	byAddress
	byName
)

func (i indexed) find(text string) Find {
	v := []string{text}
	switch i {
	case byID:
		return Find{IDs: v}
	case byExternalID:
		return Find{ExternalIDs: v}
	case byUserName:
		return Find{UserNames: v}
	case byAddress:
		return Find{Addresses: v}
	}
	return Find{Names: v}
}

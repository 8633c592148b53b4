package scim

import (
	"strconv"
	"time"

	filter "github.com/scim2/filter-parser/v2"

	"github.com/usher-scim/scim/internal/scimjson"
)

// This file is for stores that answer filters and orders in an engine of their
// own. What is compared is made here, folded and typed, so that an engine only
// has to compare text by byte: [User.Index] beside each user, [Filter.Condition]
// for each filter, [Sort.Member] for each order.

const (
	// typedMember ends the name of a member of Index that has a value as the type
	// compares it, beside the one that has it as text.
	typedMember = "<"
	// orderMember begins the name of a member that is there for an order alone.
	orderMember = "^"
)

// Index returns the values of the user that filters and orders compare, as a JSON
// object. A member is called by the path of an attribute and has its key: text
// folded by [Fold] unless the attribute is case-exact. A multi-valued attribute is
// an array of objects whose members are called by sub-attribute. Names that end in
// "<" or begin with "^" are for [Condition] and [Sort.Member] to name. What has no
// value has no member.
//
// A store that keeps it calls Index in CreateUser and UpdateUser, for a user that
// a [Directory] is writing; of another it may be nil. After a change of the
// attribute table [Directory.Index] makes it anew.
func (u *User) Index() []byte {
	if u.table == nil {
		return nil
	}
	return u.table.index(u)
}

// Index returns [User.Index] of a user that was read from the store.
func (d *Directory) Index(u *User) []byte { return d.table.index(u) }

// index makes the members of all that the table has.
func (t *table) index(u *User) []byte {
	w := indexWriter{buf: append(make([]byte, 0, 1024), '{'), u: u}
	for _, a := range t.core.all {
		w.attribute(a)
	}
	for _, e := range t.exts {
		for _, a := range e.all {
			w.attribute(a)
		}
	}
	for _, r := range t.rows {
		if r.target.where != nil {
			leaf := r.target.sortLeaf()
			w.member(orderMember+r.Path, leaf.sortKey(r.target.value(u)))
		}
	}
	return append(w.buf, '}')
}

// indexWriter writes the members of an index.
type indexWriter struct {
	buf []byte
	u   *User
}

func (w *indexWriter) name(name string) {
	if w.buf[len(w.buf)-1] != '{' {
		w.buf = append(w.buf, ',')
	}
	w.buf = append(scimjson.AppendString(w.buf, name), ':')
}

func (w *indexWriter) member(name, key string) {
	if key != "" {
		w.name(name)
		w.buf = scimjson.AppendString(w.buf, key)
	}
}

// value writes a value as text, and as its type compares it.
func (w *indexWriter) value(name string, a *attr, v string) {
	if v == "" {
		return
	}
	if a.caseExact || a.typ == Boolean {
		w.member(name, v)
	} else {
		w.member(name, Fold(v))
	}
	w.member(name+typedMember, a.typedKey(v))
}

func (w *indexWriter) attribute(a *attr) {
	switch {
	case a.source == fromGroups, a.source == fromMeta, a.unfilterable:
	case a.multi:
		w.list(a)
	case a.typ == complexType:
		for _, s := range a.subs.all {
			w.attribute(s)
		}
	case a.status:
		w.member(a.path, strconv.FormatBool(w.u.Active()))
	default:
		v := a.get(w.u)
		w.value(a.path, a, v)
		if a.ordered() {
			w.member(orderMember+a.path, a.sortKey(v))
		}
	}
}

func (w *indexWriter) list(a *attr) {
	n := a.list.length(w.u)
	if n == 0 {
		return
	}
	w.name(a.path)
	for i := range n {
		w.buf = append(w.buf, "[,"[min(i, 1)], '{')
		for _, s := range a.subs.all {
			if !s.unfilterable {
				w.value(s.name, s, a.list.get(w.u, i, s.index))
			}
		}
		w.buf = append(w.buf, '}')
	}
	w.buf = append(w.buf, ']')
	for _, s := range a.subs.all {
		if !s.unfilterable && !a.derived {
			w.member(orderMember+s.path, s.sortKey(a.primary(w.u, s)))
		}
	}
}

// ordered reports whether values compare otherwise than as text.
func (a *attr) ordered() bool {
	switch a.typ {
	case Integer, Decimal, DateTime, Date:
		return true
	}
	return false
}

// typedKey is what a value of an ordered type is compared by; "" for text, and for
// what cannot be read as the type.
func (a *attr) typedKey(v string) string {
	switch a.typ {
	case Integer, Decimal:
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			return numberKey(f)
		}
	case DateTime:
		if t, ok := parseDateTime(v); ok {
			return timeKey(t)
		}
	case Date:
		if t, ok := parseDate(v); ok {
			return timeKey(t)
		}
	}
	return ""
}

// ConditionKind says what a [Condition] is.
type ConditionKind uint8

const (
	// ConditionCompare is a comparison of one value; one without a value does not hold.
	ConditionCompare ConditionKind = iota
	// ConditionAnd holds when all Parts do.
	ConditionAnd
	// ConditionOr holds when one of Parts does.
	ConditionOr
	// ConditionNot holds when its only part does not.
	ConditionNot
	// ConditionElement holds when some element of the list called Member satisfies the only
	// part, in which Member names members of the element. Without a part any
	// element will do.
	ConditionElement
	// ConditionAlways holds.
	ConditionAlways
)

var conditionNames = [...]string{"compare", "and", "or", "not", "element", "always"}

// String returns the name of the kind, such as "and".
func (k ConditionKind) String() string {
	if int(k) < len(conditionNames) {
		return conditionNames[k]
	}
	return "ConditionKind(" + strconv.Itoa(int(k)) + ")"
}

// Condition is a filter as an engine can evaluate it over what [User.Index] has.
//
// Some members are not in the index but are the store's to know: the times
// meta.created and meta.lastModified, meta.version as an entity tag, W/"version",
// and the lists groups of a user and members of a group, whose elements have
// value, an ID; display, folded; and type: "direct" in groups, "user" or "group"
// in members. Of a group the other members are id, displayName and externalId.
type Condition struct {
	Kind   ConditionKind
	Parts  []*Condition
	Member string
	// Operator is one of eq, co, sw, ew, gt, ge, lt, le and pr, which asks whether
	// there is a value.
	Operator filter.CompareOperator
	Key      string    // what the value is compared with, by byte
	Time     time.Time // instead, for meta.created and meta.lastModified
}

// Condition returns the filter for an engine that compares what [User.Index] has;
// it selects what MatchUser and MatchGroup select. A nil filter holds always.
func (f *Filter) Condition() *Condition {
	if f == nil {
		return &Condition{Kind: ConditionAlways}
	}
	return f.root.condition(false)
}

func not(c *Condition) *Condition { return &Condition{Kind: ConditionNot, Parts: []*Condition{c}} }

// condition translates a node, inside of an element or not.
func (n *node) condition(inside bool) *Condition {
	switch n.kind {
	case nodeAnd:
		return &Condition{Kind: ConditionAnd, Parts: []*Condition{n.left.condition(inside), n.right.condition(inside)}}
	case nodeOr:
		return &Condition{Kind: ConditionOr, Parts: []*Condition{n.left.condition(inside), n.right.condition(inside)}}
	case nodeNot:
		return not(n.left.condition(inside))
	case nodeElement:
		return &Condition{Kind: ConditionElement, Member: n.attr.path, Parts: []*Condition{n.left.condition(true)}}
	case nodeConst:
		if n.yes {
			return &Condition{Kind: ConditionAlways}
		}
		return not(&Condition{Kind: ConditionAlways})
	}
	if n.op == filter.NE {
		eq := *n
		eq.op = filter.EQ
		return not(eq.comparison(inside))
	}
	return n.comparison(inside)
}

// comparison translates a comparison; on a multi-valued attribute outside of an
// element any element will do.
func (n *node) comparison(inside bool) *Condition {
	a := n.attr
	if n.op == filter.PR && (a.typ == complexType || a.multi) {
		return a.presence()
	}
	if inside || a.parent == nil || !a.parent.multi {
		name := a.path
		if inside {
			name = a.name
		}
		return n.single(name)
	}
	list := a.parent.path
	if n.null {
		return not(&Condition{Kind: ConditionElement, Member: list, Parts: []*Condition{present(a.name)}})
	}
	return &Condition{Kind: ConditionElement, Member: list, Parts: []*Condition{n.single(a.name)}}
}

func present(member string) *Condition { return &Condition{Member: member, Operator: filter.PR} }

// presence asks whether a complex attribute has any value.
func (a *attr) presence() *Condition {
	if a.multi {
		return &Condition{Kind: ConditionElement, Member: a.path}
	}
	c := &Condition{Kind: ConditionOr}
	for _, sub := range a.subs.all {
		switch {
		case sub.time != nil:
			return &Condition{Kind: ConditionAlways}
		case !sub.derived:
			c.Parts = append(c.Parts, present(sub.path))
		}
	}
	return c
}

// single translates a comparison of the one value that a member has.
func (n *node) single(member string) *Condition {
	a := n.attr
	switch {
	case a.time != nil && n.op == filter.PR:
		return &Condition{Kind: ConditionAlways}
	case a.time != nil && n.null:
		return not(&Condition{Kind: ConditionAlways})
	case a.time != nil:
		return &Condition{Member: member, Operator: n.op, Time: n.time}
	case n.null:
		return not(present(member))
	case n.op == filter.PR:
		return present(member)
	}
	text := &Condition{Member: member, Operator: n.op, Key: n.text}
	typed := member + typedMember
	switch a.typ {
	case Integer, Decimal:
		return &Condition{Member: typed, Operator: n.op, Key: numberKey(n.num)}
	case DateTime:
		return &Condition{Member: typed, Operator: n.op, Key: timeKey(n.time)}
	case Date:
		if !n.isTime || n.op == filter.CO || n.op == filter.SW || n.op == filter.EW {
			return text
		}
		// Days compare as days, and what is none as text.
		other := &Condition{Kind: ConditionAnd, Parts: []*Condition{not(present(typed)), text}}
		return &Condition{Kind: ConditionOr, Parts: []*Condition{{Member: typed, Operator: n.op, Key: timeKey(n.time)}, other}}
	}
	return text
}

package scim

import (
	"cmp"
	"encoding/binary"
	"encoding/hex"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usher-scim/scim/internal/syntax"
)

// Sort is an order of users or groups by one attribute, parsed and resolved
// against the attribute table (RFC 7644 section 3.4.2.3). It is made by
// [Directory.UserSort] and [Directory.GroupSort], and safe for concurrent use.
//
// Resources are ordered by their keys, equal ones by creation, then ID; those
// without a value come last. Descending is exactly the reverse.
type Sort struct {
	target target // without attr: only other types of resources have the attribute
	path   string
	desc   bool
}

// UserSort returns the order of users by the attribute that a SCIM path such as
// name.familyName, emails or meta.created names. Of a multi-valued attribute the
// primary element counts, else the first (RFC 7644 section 3.4.2.3).
// Errors: [*Error] for a path that names nothing that can be sorted by.
func (d *Directory) UserSort(path string, descending bool) (*Sort, error) {
	return d.table.parseSort(path, descending, false, nil)
}

// GroupSort is UserSort for groups.
func (d *Directory) GroupSort(path string, descending bool) (*Sort, error) {
	return d.table.parseSort(path, descending, true, nil)
}

// Path names the attribute as its schema spells it, or as the attribute table
// does where that chooses among elements: the same for all spellings of one
// order, whatever its direction. It is "" where resources of this type have no such
// attribute, only those of other types have.
func (s *Sort) Path() string { return s.path }

// Descending reports whether the order is the reverse.
func (s *Sort) Descending() bool { return s.desc }

// Compare orders two keys as the order of the list has them: "" is no value, and
// the rest is by byte.
func (s *Sort) Compare(a, b string) int {
	c := 0
	switch {
	case a == b:
	case a == "":
		c = 1
	case b == "":
		c = -1
	default:
		c = strings.Compare(a, b)
	}
	if s.desc {
		return -c
	}
	return c
}

// SortKeyLength bounds the keys of a [Sort], in characters: values that begin with
// as many equal ones are in order of creation. A key travels in cursors.
const SortKeyLength = 256

// Member names the member of [User.Index] that has the key of each user, of which
// the first [SortKeyLength] characters count; "meta.created" or
// "meta.lastModified" for a time that the store keeps itself; and "" where all are
// equal. Of groups the members are id, displayName and externalId.
func (s *Sort) Member() string {
	if s.target.attr == nil {
		return ""
	}
	leaf := s.target.sortLeaf()
	switch {
	case leaf.time != nil, leaf.source == fromGroup:
		return leaf.path
	case leaf.source == fromMeta:
		return ""
	case s.target.attr.multi || leaf.ordered():
		return orderMember + s.path
	}
	return leaf.path
}

// UserKey returns what a user is ordered by, "" where it has no value. Text is
// folded unless the attribute is case-exact; times and numbers are made to
// compare by byte.
func (s *Sort) UserKey(u *User) string {
	a := s.target.attr
	if a == nil {
		return ""
	}
	leaf := s.target.sortLeaf()
	if leaf.time != nil {
		return timeKey(leaf.time(&subject{u: u}))
	}
	if leaf.source == fromMeta {
		return leaf.metaText(&subject{u: u})
	}
	if a.multi && s.target.where == nil {
		return leaf.sortKey(a.primary(u, leaf))
	}
	return leaf.sortKey(s.target.value(u))
}

// GroupKey returns what a group is ordered by, "" where it has no value.
func (s *Sort) GroupKey(g *Group) string {
	if s.target.attr == nil {
		return ""
	}
	leaf := s.target.sortLeaf()
	switch {
	case leaf.time != nil:
		return timeKey(leaf.time(&subject{g: g}))
	case leaf.source == fromMeta:
		return leaf.metaText(&subject{g: g})
	}
	return leaf.sortKey(leaf.groupField(g))
}

// sortLeaf is the single value that is compared.
func (g target) sortLeaf() *attr {
	if leaf := g.leaf(); leaf.value == nil {
		return leaf
	}
	return g.leaf().value
}

// primary returns the value of a sub-attribute in the element that counts where
// only one does: the primary one, else the first that has it.
func (a *attr) primary(u *User, sub *attr) string {
	first := ""
	p := a.subs.find("primary")
	for i := range a.list.length(u) {
		v := a.list.get(u, i, sub.index)
		if v != "" && p != nil && a.list.get(u, i, p.index) == "true" {
			return v
		}
		if first == "" {
			first = v
		}
	}
	return first
}

// sortKey turns a value into what compares by byte as the values do.
func (a *attr) sortKey(v string) string {
	if v == "" {
		return ""
	}
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
		return cutKey("~" + Fold(v)) // what is no day stands behind the days
	}
	if !a.caseExact {
		v = Fold(v)
	}
	return cutKey(v)
}

// cutKey cuts a key between two characters, so that it stays text.
func cutKey(key string) string {
	if len(key) <= SortKeyLength {
		return key
	}
	n := 0
	for i := range key {
		if n++; n > SortKeyLength {
			return key[:i]
		}
	}
	return key
}

// timeKey is a time as hexadecimal digits that compare as times do. Every store
// can keep them, and they sort the same in all of them.
func timeKey(t time.Time) string {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 12), uint64(t.Unix())^1<<63)
	return hex.EncodeToString(binary.BigEndian.AppendUint32(b, uint32(t.Nanosecond())))
}

// numberKey is a number as hexadecimal digits that compare as numbers do.
func numberKey(f float64) string {
	bits := math.Float64bits(f + 0) // a negative zero is zero
	if bits>>63 == 1 {
		bits = ^bits
	} else {
		bits |= 1 << 63
	}
	return hex.EncodeToString(binary.BigEndian.AppendUint64(nil, bits))
}

// parseSort resolves what a client sorts by.
func (t *table) parseSort(path string, descending, group bool, tol *tolerance) (*Sort, error) {
	p, err := syntax.ParsePath(path, t.filterLimits, nil)
	if err != nil {
		return nil, badRequest(typeInvalidValue, "sortBy: the path %q cannot be understood %s.", shorten(path, 100), err)
	}
	own, other := t.resolve, t.resolveGroup
	if group {
		own, other = other, own
	}
	g, err := own(p, tol)
	missing := false
	if err == nil && g.attr == nil {
		g, err = other(p, tol) // what only the other type of resource has is without a value here
		missing = true
	}
	switch {
	case err != nil:
		return nil, badRequest(typeInvalidValue, "sortBy: %s", asError(err).Detail)
	case g.attr == nil:
		return nil, badRequest(typeInvalidValue, "sortBy: there is no attribute %s to sort by.", shorten(path, 200))
	}
	leaf := g.sortLeaf()
	derived := g.attr.source == fromGroups || g.attr.source == fromMembers || g.attr.name == "schemas" && g.attr.ext == nil
	switch {
	case leaf.typ == complexType:
		return nil, badRequest(typeInvalidValue, "sortBy: %s is complex: name one of its sub-attributes.", leaf.path)
	case derived, leaf.unfilterable, leaf.never, leaf.source == fromMeta && leaf.name == "version":
		return nil, badRequest(typeInvalidValue, "sortBy: %s cannot be sorted by.", leaf.path)
	}
	s := &Sort{target: g, path: leaf.path, desc: descending}
	if g.where != nil {
		// Which elements count is the table's to say: the orders there can be are
		// few, so that a store may keep one.
		r := t.rowAt(g)
		if r == nil {
			return nil, badRequest(typeInvalidValue, "sortBy: name an attribute without a filter, such as %s.", leaf.path)
		}
		s.path = r.Path
	}
	if missing {
		*s = Sort{desc: descending}
	}
	return s, nil
}

// rowAt returns the row of the table that has this very target, nil for none.
func (t *table) rowAt(g target) *row {
	for _, r := range t.rows {
		if r.target.attr == g.attr && r.target.leaf() == g.leaf() && slices.EqualFunc(r.target.stamp, g.stamp, stamp.equal) && g.fits {
			return r
		}
	}
	return nil
}

// place is where a resource stands in a list.
type place struct {
	key     string
	created time.Time
	id      string
}

// compare orders two places; a nil Sort is the order of creation.
func (s *Sort) compare(a, b place) int {
	c := cmp.Or(a.created.Compare(b.created), strings.Compare(a.id, b.id))
	if s == nil {
		return c
	}
	if s.desc {
		c = -c
	}
	return cmp.Or(s.Compare(a.key, b.key), c)
}

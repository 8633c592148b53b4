package scim

import (
	"slices"
	"strings"
	"time"

	filter "github.com/scim2/filter-parser/v2"

	"github.com/usher-scim/scim/internal/scimjson"
	"github.com/usher-scim/scim/internal/syntax"
)

// Group is a group of a tenant, without its members (P7). Members are edges
// that a store changes one by one and returns by page.
type Group struct {
	ID          string
	Version     string // opaque; set by the store
	Created     time.Time
	Modified    time.Time
	Connection  string // the connection that wrote last
	DisplayName string
	ExternalID  string
	Key         string // Fold(DisplayName), unique in the tenant
}

// Member is a user or a group that is in a group.
type Member struct {
	ID      string
	Group   bool   // a group, not a user
	Display string // what the member is called: Keys.Label of a user, displayName of a group
}

// GroupRef names a group that a user or group is a direct member of.
type GroupRef struct {
	ID, Display string
}

// GroupChange is what a request does to a group, as one step. The zero value
// changes nothing.
type GroupChange struct {
	DisplayName *string  // nil: leave
	ExternalID  *string  // nil: leave; "": clear
	Connection  string   // who writes; "" leaves
	Add, Remove []string // IDs; none is in both
	// Exact says that afterwards the members are Add and nobody else.
	Exact bool
}

// Changes lists what the change does to a group's names, for Event.Changes.
func (c *GroupChange) Changes(before *Group) []Change {
	var out []Change
	if c.DisplayName != nil && *c.DisplayName != before.DisplayName {
		out = append(out, Change{"displayName", before.DisplayName, *c.DisplayName})
	}
	if c.ExternalID != nil && *c.ExternalID != before.ExternalID {
		out = append(out, Change{"externalId", before.ExternalID, *c.ExternalID})
	}
	return out
}

// Membership lets a filter ask for the members of a group that a store has at
// hand, without listing them.
type Membership interface {
	// Has reports whether the user or group with this ID is a direct member.
	Has(id string) bool
	// Each calls f for each member until it returns false.
	Each(f func(Member) bool)
}

func (g *Group) dates() (created, modified time.Time) { return g.Created, g.Modified }

// groupWriter folds what a client sent into one change of a group (P7.5).
type groupWriter struct {
	t     *table
	draft groupDraft
	// add and remove are the members so far; a name is in one of them at most.
	// exact says that nobody but add stays.
	add, remove nameSet
	exact       bool
	// now asks for the members that the group has; nil of a new group.
	now     *groupNow
	read    []Member // what it listed, once it was asked
	weight  int      // what it costs to compare with each of them
	work    budget
	tol     *tolerance
	merging bool // as in writer
}

func (w *groupWriter) addMember(name string) {
	w.remove.cut(name)
	w.add.put(name)
}

func (w *groupWriter) removeMember(name string) {
	w.add.cut(name)
	if !w.exact {
		w.remove.put(name)
	}
}

func (w *groupWriter) removeAll() {
	w.add, w.remove, w.exact = nameSet{}, nameSet{}, true
}

// finish returns the folded change.
func (w *groupWriter) finish() *groupDraft {
	c := &w.draft.change
	c.Add, c.Remove, c.Exact = w.add.list(), w.remove.list(), w.exact
	return &w.draft
}

// nameSet is a set of names in the order in which they came. A few are searched
// one by one, many by an index.
type nameSet struct {
	names []string // "" where one was cut
	index map[string]int
}

const fewNames = 16

func (s *nameSet) find(name string) int {
	if s.index == nil {
		return slices.Index(s.names, name)
	}
	if i, ok := s.index[name]; ok {
		return i
	}
	return -1
}

func (s *nameSet) put(name string) {
	if s.find(name) >= 0 {
		return
	}
	s.names = append(s.names, name)
	switch n := len(s.names); {
	case s.index != nil:
		s.index[name] = n - 1
	case n > fewNames:
		s.index = make(map[string]int, 4*n)
		for i, name := range s.names {
			s.index[name] = i
		}
	}
}

func (s *nameSet) cut(name string) {
	if i := s.find(name); i >= 0 {
		s.names[i] = ""
		delete(s.index, name)
	}
}

func (s *nameSet) list() []string {
	return slices.DeleteFunc(slices.Clip(s.names), func(name string) bool { return name == "" })
}

func (w *groupWriter) ignore(name string) {
	w.draft.ignored = ignore(w.draft.ignored, name)
}

// resource reads a whole group, as POST and PUT carry it.
func (w *groupWriter) resource(body scimjson.Value) error {
	if body.Kind() != scimjson.Object {
		return badRequest(typeInvalidSyntax, "The body must be a JSON object that is a group.")
	}
	if err := w.tol.resource(body, GroupSchema, nil); err != nil {
		return err
	}
	w.exact = true
	empty := ""
	w.draft.change.ExternalID = &empty
	if err := w.mergeAll(body, true); err != nil {
		return err
	}
	if w.draft.change.DisplayName == nil {
		return badRequest(typeInvalidValue, "displayName is mandatory and has no value.")
	}
	return nil
}

// apply folds the operations of a PATCH, in order.
func (w *groupWriter) apply(ops []operation) error {
	for i := range ops {
		op := &ops[i]
		var err error
		switch {
		case op.pathless, op.target.ext != nil && op.kind != opRemove:
			err = w.merge(op.value, op.kind == opReplace)
		case op.target.ext != nil:
			err = badRequest(typeNoTarget, "%s is the schema of the whole resource.", op.path)
		case !op.target.known():
			w.ignore(op.path)
		case op.target.attr.readOnly:
		case op.kind == opRemove:
			err = w.unassign(op.target, op.value)
		default:
			err = w.write(op.target, op.value, op.kind == opReplace)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// merge folds the value of an operation without a path.
func (w *groupWriter) merge(v scimjson.Value, replace bool) error {
	w.merging = true
	defer func() { w.merging = false }()
	return w.mergeAll(v, replace)
}

// mergeAll folds an object of attributes: a whole resource or a pathless value.
func (w *groupWriter) mergeAll(v scimjson.Value, replace bool) error {
	if v.Kind() != scimjson.Object {
		return badRequest(typeInvalidValue, "An operation on the whole resource needs an object of attributes as its value.")
	}
	for key, value := range v.Members() {
		name := key.String()
		if a := w.t.group.find(name); a != nil {
			if err := w.write(target{attr: a}, value, replace); err != nil {
				return err
			}
			continue
		}
		path, err := syntax.ParsePath(name, w.t.filterLimits, nil)
		if err != nil && foreignSchema(name, value) {
			w.ignore(name)
			if err := w.tol.note(QuirkForeignSchema, name); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return badRequest(typeInvalidPath, "The attribute name %q cannot be understood %s.", shorten(name, 100), err)
		}
		g, err := w.t.resolveGroup(path, w.tol)
		switch {
		case err != nil:
			return err
		case g.ext != nil:
			err = w.mergeAll(value, replace)
		case !g.known():
			w.ignore(name)
			err = w.tol.unknown(w.t, name)
		default:
			if err = w.tol.noteIf(strings.ContainsAny(name, ".:["), QuirkPathAsName, name); err == nil {
				err = w.write(g, value, replace)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// write adds or replaces one attribute.
func (w *groupWriter) write(g target, v scimjson.Value, replace bool) error {
	a := g.attr
	switch {
	case a.readOnly:
		return w.tol.noteIf(w.merging && a.name != "schemas", QuirkReadOnly, a.path)
	case a.source == fromMembers:
		return w.writeMembers(g, v, replace)
	}
	s, err := a.scalar(v, w.tol)
	if err != nil {
		return err
	}
	return w.setText(a, s, false)
}

func (w *groupWriter) setText(a *attr, s string, removed bool) error {
	if a.lookup != byName {
		w.draft.change.ExternalID = &s
		return nil
	}
	if strings.TrimSpace(s) == "" {
		if removed {
			return badRequest(typeMutability, "displayName is mandatory and cannot be removed.")
		}
		return badRequest(typeInvalidValue, "displayName is mandatory and has no value.")
	}
	w.draft.change.DisplayName = &s
	return nil
}

func (w *groupWriter) writeMembers(g target, v scimjson.Value, replace bool) error {
	if err := w.tol.noteIf(g.sub != nil, QuirkImmutable, g.leaf().path); err != nil {
		return err
	}
	switch {
	case g.where == nil && g.sub == nil:
		if replace {
			w.removeAll()
		}
		if err := w.tol.list(g.attr, v, replace); err != nil {
			return err
		}
		return w.members(v, w.addMember)
	case g.where == nil && g.sub == g.attr.value:
		return w.members(v, w.addMember)
	case g.sub != nil && g.sub != g.attr.value:
		return nil // what a member is called or is like follows from the member
	}
	ids, ok := g.where.values()
	if !ok {
		return badRequest(typeNoTarget, "No member matches %s.", g)
	}
	if replace && g.sub == nil {
		there, err := w.isMember(ids)
		if err != nil {
			return err
		}
		if !there {
			return badRequest(typeNoTarget, "No member matches %s.", g)
		}
	}
	if g.sub == nil && !replace {
		if err := w.addsSelected(g, ids); err != nil {
			return err
		}
		for _, id := range ids {
			w.addMember(id)
		}
		return nil
	}
	// Another value in a member's place is another member in its place.
	for _, id := range ids {
		w.removeMember(id)
	}
	return w.members(v, w.addMember)
}

// addsSelected notes an addition to members that are not there.
func (w *groupWriter) addsSelected(g target, ids []string) error {
	there, err := w.isMember(ids)
	if err != nil {
		return err
	}
	return w.tol.noteIf(!there, QuirkNoMatch, g.attr.path)
}

// isMember reports whether one of ids is a member at this point of the request.
func (w *groupWriter) isMember(ids []string) (bool, error) {
	var stored []string
	for _, id := range ids {
		switch {
		case w.add.find(id) >= 0:
			return true, nil
		case w.remove.find(id) < 0:
			stored = append(stored, id)
		}
	}
	if w.exact || w.now == nil || len(stored) == 0 {
		return false, nil
	}
	return w.now.has(stored)
}

// unassign removes an attribute or members. With a value list only those that it
// lists are removed; without a value or filter, all (RFC 7644 section 3.5.2.2).
func (w *groupWriter) unassign(g target, v scimjson.Value) error {
	a := g.attr
	if err := w.tol.noteIf(g.sub != nil && a.source == fromMembers, QuirkImmutable, g.leaf().path); err != nil {
		return err
	}
	switch {
	case a.source != fromMembers:
		return w.setText(a, "", true)
	case g.sub != nil && g.sub != a.value:
		return nil
	case g.where != nil:
		return w.removeSelected(g)
	case v.Kind() == scimjson.Invalid || v.Kind() == scimjson.Null:
		w.removeAll()
		return nil
	}
	return w.members(v, w.removeMember)
}

// removeSelected removes the members that a filter selects: by value without
// reading any, by anything else by reading them all.
func (w *groupWriter) removeSelected(g target) error {
	if ids, ok := g.where.values(); ok {
		for _, id := range ids {
			w.removeMember(id)
		}
		return nil
	}
	if err := w.work.spend(1); err != nil {
		return err // before anything is read
	}
	if !w.exact && w.now != nil && w.read == nil {
		var err error
		if w.read, w.draft.version, err = w.now.members(); err != nil {
			return err
		}
		for _, m := range w.read {
			w.weight += 1 + textCost(m.Display)
		}
	}
	if err := w.work.spend((w.weight + describeCost*len(w.add.names)) * g.where.size()); err != nil {
		return err
	}
	s := &subject{g: &Group{}}
	for _, s.member = range w.read {
		if !w.exact && g.where.match(s, 0) {
			w.removeMember(s.member.ID)
		}
	}
	return w.removeAdded(g, s)
}

// describeCost is what looking up one name costs, in comparisons.
const describeCost = 20

// removeAdded takes back members that the request itself added before.
func (w *groupWriter) removeAdded(g target, s *subject) error {
	added := slices.Clone(w.add.names)
	added = slices.DeleteFunc(added, func(name string) bool { return name == "" })
	if len(added) == 0 || w.now == nil {
		return nil
	}
	members, err := w.now.describe(added)
	if err != nil {
		return err
	}
	for i, m := range members {
		if s.member = m; m.ID != "" && g.where.match(s, 0) {
			w.removeMember(added[i])
		}
	}
	return nil
}

// values returns the members that a filter names by value eq, joined by or.
func (n *node) values() ([]string, bool) {
	switch {
	case n.kind == nodeOr:
		left, ok := n.left.values()
		if !ok {
			return nil, false
		}
		right, ok := n.right.values()
		return append(left, right...), ok
	case n.kind == nodeCompare && n.op == filter.EQ && n.attr.name == "value" && !n.null:
		return []string{n.raw}, true
	}
	return nil, false
}

// members calls f for each member that a value names: a list or a single one,
// objects or bare strings. An empty string names nobody (P2.7).
func (w *groupWriter) members(v scimjson.Value, f func(string)) error {
	if unassigned(v) {
		return nil
	}
	if v.Kind() == scimjson.Array {
		for e := range v.Elements() {
			if err := w.member(e, f); err != nil {
				return err
			}
		}
		return nil
	}
	return w.member(v, f)
}

func (w *groupWriter) member(v scimjson.Value, f func(string)) error {
	value, display := v, scimjson.Value{}
	switch v.Kind() {
	case scimjson.Null:
		return nil
	case scimjson.Object:
		value, display = v.Get("value"), v.Get("display")
	}
	if err := w.tol.noteIf(v.Kind() == scimjson.String, QuirkBareValue, "members"); err != nil {
		return err
	}
	name, called := value.Text(), ""
	if display.Kind() == scimjson.String {
		called = display.Text()
	}
	known := value.Kind() == scimjson.String || value.Kind() == scimjson.Invalid || value.Kind() == scimjson.Null
	if value.Kind() != scimjson.String {
		name = called
	}
	if !known || name == "" && called == "" {
		return badRequest(typeInvalidValue, "Each element of members needs a value that is a string.")
	}
	if err := w.tol.noteIf(name == "" || value.Kind() != scimjson.String, QuirkMemberName, called); err != nil {
		return err
	}
	if name == "" {
		name = called
	}
	if longer(name, maxValue) || longer(called, maxValue) {
		return badRequest(typeInvalidValue, "An element of members has more than %d characters.", maxValue)
	}
	if called != "" && called != name {
		if w.draft.display == nil {
			w.draft.display = make(map[string]string)
		}
		w.draft.display[name] = called
	}
	f(name)
	return nil
}

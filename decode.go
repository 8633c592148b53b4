package scim

import (
	"strings"

	"github.com/usher-scim/scim/internal/scimjson"
	"github.com/usher-scim/scim/internal/syntax"
)

// maxElements bounds a multi-valued attribute; members of groups are not
// elements in this sense (P2.8).
const maxElements = 100

// writer puts what a client sent into a user, attribute by attribute, and notes
// what is not stored.
type writer struct {
	t       *table
	u       *User
	ignored []string // attributes that were sent and are not in the table
	removed *attr    // a mandatory attribute that an operation took away by name
	said    Flag     // what the resource or operation at hand said of active so far
	touched []*attr  // lists whose elements were changed in place
	work    budget
	tol     *tolerance
	merging bool // the value of an operation without a path, where nothing read-only may be
}

// budget bounds what the filters and value lists of one request may cost, be it a
// Bulk of many operations: how many there are makes no difference to the cost. The
// zero budget is not bounded.
type budget struct {
	bounded bool
	left    int
	asked   int
}

// few reports whether so little was done yet that its cost needs no working out.
func (b *budget) few() bool {
	b.asked++
	return b.asked <= 50
}

func budgetOf(comparisons int) budget { return budget{bounded: true, left: comparisons} }

// spend takes the cost of some comparisons, or refuses the request.
func (b *budget) spend(comparisons int) error {
	if b.left -= comparisons; b.bounded && b.left < 0 {
		return badRequest(typeTooMany, "The operations of the request would have to compare too many values. Send fewer of them at once.")
	}
	return nil
}

func (w *writer) ignore(name string) { w.ignored = ignore(w.ignored, name) }

// ignore adds to the names of what is not stored, a few and not too long.
// Passwords are thrown away without a note (P2.9).
func ignore(names []string, name string) []string {
	const most, longest = 20, 120
	if len(names) < most && !strings.EqualFold(name, "password") {
		return append(names, shorten(name, longest))
	}
	return names
}

// resource reads a whole user, as POST and PUT carry it. Read-only attributes
// are left out silently, unknown ones with a note.
func (w *writer) resource(body scimjson.Value) error {
	if body.Kind() != scimjson.Object {
		return badRequest(typeInvalidSyntax, "The body must be a JSON object that is a user.")
	}
	if err := w.tol.resource(body, UserSchema, w.t.exts); err != nil {
		return err
	}
	for key, v := range body.Members() {
		if a := w.t.core.findKey(key.Bytes()); a != nil {
			if err := w.assign(a, v, true); err != nil {
				return err
			}
			continue
		}
		if err := w.member(key.String(), v, true); err != nil {
			return err
		}
	}
	w.uniteTouched()
	return nil
}

// member writes one member of a resource or of a pathless value. Its key may be
// a name, a dotted, URN-qualified or filtered path, or the URN of an extension.
func (w *writer) member(key string, v scimjson.Value, replace bool) error {
	if _, ext, ok := w.t.schema(key); ok && ext != nil {
		return w.extension(ext, v, replace)
	}
	path, err := syntax.ParsePath(key, w.t.filterLimits, nil)
	if err != nil && foreignSchema(key, v) {
		w.ignore(key)
		return w.tol.note(QuirkForeignSchema, key)
	}
	if err != nil {
		return badRequest(typeInvalidPath, "The attribute name %q cannot be understood %s.", shorten(key, 100), err)
	}
	g, err := w.t.resolve(path, w.tol)
	if err != nil {
		return err
	}
	if !g.known() {
		w.ignore(key)
		return w.tol.unknown(w.t, key)
	}
	if err := w.tol.noteIf(strings.ContainsAny(key, ".:["), QuirkPathAsName, key); err != nil {
		return err
	}
	if g.readOnly() {
		return w.tol.noteIf(w.merging, QuirkReadOnly, g.leaf().path)
	}
	return w.write(g, v, replace)
}

// foreignSchema reports whether a key that is no path names somebody else's
// schema, by its value: the URN of one may end in what no attribute is called,
// as urn:scim:schemas:extension:enterprise:1.0 does.
func foreignSchema(key string, v scimjson.Value) bool {
	return v.Kind() == scimjson.Object && len(key) > 4 && strings.EqualFold(key[:4], "urn:") && !strings.ContainsRune(key, '[')
}

// extension writes the members of an extension's object.
func (w *writer) extension(ext *extension, v scimjson.Value, replace bool) error {
	switch {
	case v.Kind() == scimjson.Object:
	case !unassigned(v):
		return badRequest(typeInvalidValue, "%s must be an object.", ext.urn)
	case ext.core:
		return nil // the whole resource is not unassigned
	default:
		for _, a := range ext.all {
			w.clear(a)
		}
		return nil
	}
	for key, value := range v.Members() {
		if a := ext.findKey(key.Bytes()); a != nil {
			if err := w.assign(a, value, replace); err != nil {
				return err
			}
			continue
		}
		name := key.String()
		path := name
		if !strings.HasPrefix(Fold(name), "urn:") {
			path = ext.urn + ":" + name
		}
		if err := w.member(path, value, replace); err != nil {
			return err
		}
	}
	return nil
}

// assign writes the value of a whole attribute. Adding to a multi-valued one
// appends; replacing clears it first. A single one is replaced either way, and a
// complex single one is merged sub-attribute by sub-attribute (RFC 7644
// sections 3.5.2.1 and 3.5.2.3).
func (w *writer) assign(a *attr, v scimjson.Value, replace bool) error {
	switch {
	case a.readOnly || a.derived:
		return w.tol.noteIf(w.merging && a.name != "schemas", QuirkReadOnly, a.path)
	case a.multi:
		if replace {
			a.list.clear(w.u)
		}
		if err := w.tol.list(a, v, replace); err != nil {
			return err
		}
		return w.elements(a, v)
	case a.typ == complexType:
		return w.complex(a, v)
	}
	s, err := a.scalar(v, w.tol)
	if err != nil {
		return err
	}
	return w.set(a, s)
}

// set changes a single value.
func (w *writer) set(a *attr, s string) error {
	if a == w.t.active && s == "" {
		return nil // neither true nor false: active stays as it is
	}
	if a == w.t.active {
		// Said twice in one breath, and differently, neither is meant for sure.
		if w.said != Unset && w.said != flagOf(s) {
			return badRequest(typeInvalidValue, "active is both true and false here; say one of them.")
		}
		w.said = flagOf(s)
	}
	a.set(w.u, s)
	return nil
}

// complex merges a single complex value. One that has a sub-attribute called
// value may be sent as that alone, and is another one when value changes: then
// what the client does not send again is gone.
func (w *writer) complex(a *attr, v scimjson.Value) error {
	if err := w.tol.noteIf(v.Kind() == scimjson.Array && v.Len() == 1, QuirkListForOne, a.path); err != nil {
		return err
	}
	v = unwrap(v)
	if unassigned(v) {
		w.clear(a)
		return nil
	}
	switch v.Kind() {
	case scimjson.String:
		if a.value == nil {
			break
		}
		if err := w.tol.note(QuirkBareValue, a.path); err != nil {
			return err
		}
		s, err := a.value.scalar(v, w.tol)
		if err != nil {
			return err
		}
		if s != a.value.get(w.u) {
			w.clear(a)
		}
		a.value.set(w.u, s)
		return nil
	case scimjson.Object:
		if a.value != nil && v.Get("value").Kind() != scimjson.Invalid {
			if s, err := a.value.scalar(v.Get("value"), w.tol); err != nil || s == "" || s != a.value.get(w.u) {
				w.clear(a)
				if s == "" {
					return err
				}
			}
		}
		for key, value := range v.Members() {
			if err := w.subAttribute(a, key, value); err != nil {
				return err
			}
		}
		return nil
	}
	return badRequest(typeInvalidValue, "%s must be an object.", a.path)
}

func (w *writer) subAttribute(a *attr, key scimjson.Key, v scimjson.Value) error {
	sub := a.subs.findKey(key.Bytes())
	if sub == nil {
		name := a.path + "." + key.String()
		w.ignore(name)
		return w.tol.unknown(w.t, name)
	}
	if sub.readOnly || sub.derived {
		return nil
	}
	s, err := sub.scalar(v, w.tol)
	if err != nil {
		return err
	}
	sub.set(w.u, s)
	return nil
}

// clear unassigns an attribute.
func (w *writer) clear(a *attr) {
	switch {
	case a.multi:
		a.list.clear(w.u)
	case a.typ == complexType:
		for _, s := range a.subs.all {
			if !s.derived {
				s.set(w.u, "")
			}
		}
	case a != w.t.active:
		a.set(w.u, "")
	}
}

// elements appends to a multi-valued attribute. A single element stands for a
// list of one, and a bare value for an element that has it.
func (w *writer) elements(a *attr, v scimjson.Value) error {
	switch v.Kind() {
	case scimjson.Null, scimjson.Invalid:
		return nil
	case scimjson.Array:
		for e := range v.Elements() {
			if err := w.element(a, e); err != nil {
				return err
			}
		}
		return nil
	}
	return w.element(a, v)
}

// element appends one element, or merges it into the one that it equals.
func (w *writer) element(a *attr, v scimjson.Value) error {
	if unassigned(v) {
		return nil
	}
	i := a.list.grow(w.u)
	if err := w.fill(a, i, v); err != nil {
		return err
	}
	if a.empty(w.u, i) {
		a.list.cut(w.u, i)
		return nil
	}
	w.unite(a, i)
	return w.checkLength(a)
}

// unite merges an element into the one before it that it equals, if any.
func (w *writer) unite(a *attr, i int) {
	j := a.same(w.u, i)
	if j < 0 {
		return
	}
	for k, sub := range a.subs.all {
		if s := a.list.get(w.u, i, k); s != "" {
			w.setSub(a, j, sub, s)
		}
	}
	a.list.cut(w.u, i)
}

// uniteTouched merges elements that were made equal to others where they stand: no
// pair of type and value is there twice (RFC 7643 section 2.4), and who writes
// back the list that is read changes nothing.
func (w *writer) uniteTouched() {
	for _, a := range w.touched {
		for i := a.list.length(w.u) - 1; i > 0; i-- {
			w.unite(a, i)
		}
	}
	w.touched = nil
}

func (w *writer) checkLength(a *attr) error {
	if a.list.length(w.u) > maxElements {
		return tooManyElements(a)
	}
	return nil
}

func tooManyElements(a *attr) error {
	return badRequest(typeInvalidValue, "%s has more than %d elements.", a.path, maxElements)
}

// fill writes an element's sub-attributes; those that are not sent stay.
func (w *writer) fill(a *attr, i int, v scimjson.Value) error {
	switch {
	case v.Kind() == scimjson.Object && a.typ == complexType:
	case a.value != nil && v.Kind() != scimjson.Array:
		if err := w.tol.noteIf(a.typ == complexType, QuirkBareValue, a.path); err != nil {
			return err
		}
		if v.Kind() == scimjson.Object {
			if err := w.tol.note(QuirkWrappedValue, a.path); err != nil {
				return err
			}
			v = v.Get("value")
		}
		s, err := a.value.scalar(v, w.tol)
		if err != nil {
			return err
		}
		w.setSub(a, i, a.value, s)
		return nil
	default:
		return badRequest(typeInvalidValue, "Each element of %s must be an object.", a.path)
	}
	for key, value := range v.Members() {
		sub := a.subs.findKey(key.Bytes())
		if sub == nil {
			if name := key.String(); name != "$ref" {
				name = a.path + "." + name
				w.ignore(name)
				if err := w.tol.unknown(w.t, name); err != nil {
					return err
				}
			}
			continue
		}
		s, err := sub.scalar(value, w.tol)
		if err != nil {
			return err
		}
		w.setSub(a, i, sub, s)
	}
	return nil
}

// setSub changes a part of an element. Where it makes the element primary, no
// other one stays so (RFC 7643 section 2.4).
func (w *writer) setSub(a *attr, i int, sub *attr, value string) {
	a.list.set(w.u, i, sub.index, value)
	if sub.name != "primary" || value != "true" {
		return
	}
	for j := range a.list.length(w.u) {
		if j != i && a.list.get(w.u, j, sub.index) == "true" {
			a.list.set(w.u, j, sub.index, "false")
		}
	}
}

// empty reports whether an element says nothing: type, primary and display
// alone describe no value.
func (a *attr) empty(u *User, i int) bool {
	for k, sub := range a.subs.all {
		if sub.name != "type" && sub.name != "primary" && sub.name != "display" && a.list.get(u, i, k) != "" {
			return false
		}
	}
	return true
}

// same returns an element before i that is the same one: with the same value
// and type or, where there is no value, with the same parts; else -1.
func (a *attr) same(u *User, i int) int {
	for j := range i {
		equal := true
		for k, sub := range a.subs.all {
			if sub.name == "primary" || a.value != nil && sub != a.value && sub.name != "type" {
				continue
			}
			if a.list.get(u, i, k) != a.list.get(u, j, k) {
				equal = false
				break
			}
		}
		if equal {
			return j
		}
	}
	return -1
}

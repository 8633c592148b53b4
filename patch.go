package scim

import (
	"slices"
	"strings"

	"github.com/usher-scim/scim/internal/scimjson"
	"github.com/usher-scim/scim/internal/syntax"
)

// opKind is what a PATCH operation does.
type opKind uint8

const (
	opAdd opKind = iota
	opRemove
	opReplace
)

var opNames = [...]string{opAdd: "add", opRemove: "remove", opReplace: "replace"}

// operation is one operation of a PATCH, resolved against the table.
type operation struct {
	kind     opKind
	pathless bool
	target   target
	path     string // as it was sent
	value    scimjson.Value
}

// maxPatchTerms bounds the filters of all operations together, which are held
// while the operations are performed.
const maxPatchTerms = 50_000

// parsePatch reads the body of a PATCH (RFC 7644 section 3.5.2) of a user
// or, with group, of a group.
func (t *table) parsePatch(body scimjson.Value, group bool, tol *tolerance) ([]operation, error) {
	if body.Kind() != scimjson.Object {
		return nil, badRequest(typeInvalidSyntax, "The body must be a JSON object with Operations.")
	}
	list := body.Get("Operations")
	if list.Kind() != scimjson.Array {
		return nil, badRequest(typeInvalidSyntax, "Operations is missing or not a list.")
	}
	if err := tol.message(body, patchURN); err != nil {
		return nil, err
	}
	if err := tol.noteIf(list.Len() == 0, QuirkNoOperations, ""); err != nil {
		return nil, err
	}
	ops := make([]operation, 0, list.Len())
	terms := 0
	for v := range list.Elements() {
		op, err := t.parseOperation(v, group, tol)
		if err != nil {
			return nil, err
		}
		if where := op.target.where; where != nil {
			if terms += where.size(); terms > maxPatchTerms {
				return nil, badRequest(typeTooMany, "The operations have filters of more than %d terms in all. Send fewer of them at once.", maxPatchTerms)
			}
		}
		ops = append(ops, op)
	}
	return ops, nil
}

func (t *table) parseOperation(v scimjson.Value, group bool, tol *tolerance) (operation, error) {
	if v.Kind() != scimjson.Object {
		return operation{}, badRequest(typeInvalidSyntax, "Each of Operations must be an object.")
	}
	op := operation{value: v.Get("value")}
	if err := op.parseKind(v.Get("op"), tol); err != nil {
		return operation{}, err
	}
	path := v.Get("path")
	switch path.Kind() {
	case scimjson.Invalid, scimjson.Null:
		op.pathless = true
	case scimjson.String:
		text := path.Text()
		op.path = strings.TrimSpace(text)
		op.pathless = op.path == ""
		if err := tol.noteIf(op.pathless || len(op.path) < len(text), QuirkPathForm, text); err != nil {
			return operation{}, err
		}
	default:
		return operation{}, badRequest(typeInvalidPath, "path must be a string.")
	}
	if op.pathless {
		return op, op.checkPathless()
	}
	switch given := op.value.Kind(); {
	case op.kind != opRemove && given == scimjson.Invalid:
		return operation{}, badRequest(typeInvalidValue, "The operation on %s has no value.", shorten(op.path, 100))
	case op.kind == opRemove && given != scimjson.Invalid && given != scimjson.Null:
		if err := tol.note(QuirkRemoveValue, op.path); err != nil {
			return operation{}, err
		}
	}
	return op, op.resolve(t, group, tol)
}

func (op *operation) parseKind(v scimjson.Value, tol *tolerance) error {
	for kind, name := range opNames {
		if !v.EqualFold(name) {
			continue
		}
		op.kind = opKind(kind)
		if string(v.Bytes()) == name {
			return nil
		}
		return tol.note(QuirkOperationCase, v.Text())
	}
	return badRequest(typeInvalidSyntax, "op is %q; it must be add, remove or replace.", shorten(v.Text(), 40))
}

// resolve finds what the path names.
func (op *operation) resolve(t *table, group bool, tol *tolerance) error {
	loose := false
	parsed, err := syntax.ParsePath(op.path, t.filterLimits, &loose)
	if err != nil {
		return badRequest(typeInvalidPath, "The path %q cannot be understood %s.", shorten(op.path, 100), err)
	}
	if err := tol.noteIf(loose, QuirkPathForm, op.path); err != nil {
		return err
	}
	if group {
		op.target, err = t.resolveGroup(parsed, tol)
	} else {
		op.target, err = t.resolve(parsed, tol)
	}
	switch {
	case err != nil:
		return err
	case !op.target.known():
		return tol.note(QuirkUnknownPath, op.path)
	case op.target.readOnly() && op.target.attr.name != "schemas":
		return badRequest(typeMutability, "%s is read-only.", op.target.leaf().path)
	}
	return nil
}

func (op *operation) checkPathless() error {
	switch {
	case op.kind == opRemove:
		return badRequest(typeNoTarget, "A remove operation needs a path.")
	case op.value.Kind() != scimjson.Object:
		return badRequest(typeInvalidValue, "An operation without a path needs an object of attributes as its value.")
	}
	return nil
}

// apply performs the operations on the writer's user, in order. After an error
// the user is of no use.
func (w *writer) apply(ops []operation) error {
	for i := range ops {
		op := &ops[i]
		w.said = Unset
		var err error
		switch {
		case op.pathless:
			err = w.merge(op.value, op.kind == opReplace)
		case op.target.ext != nil && op.target.ext.core:
			if op.kind == opRemove {
				return badRequest(typeNoTarget, "%s is the schema of the whole resource.", op.path)
			}
			err = w.merge(op.value, op.kind == opReplace)
		case !op.target.known():
			w.ignore(op.path)
		case op.target.readOnly():
		case op.kind == opRemove:
			err = w.remove(op.target, op.value)
		default:
			err = w.write(op.target, op.value, op.kind == opReplace)
		}
		if err != nil {
			return err
		}
	}
	w.uniteTouched()
	return nil
}

// merge applies a pathless value, attribute by attribute.
func (w *writer) merge(v scimjson.Value, replace bool) error {
	if v.Kind() != scimjson.Object {
		return badRequest(typeInvalidValue, "An operation on the whole resource needs an object of attributes as its value.")
	}
	w.merging = true
	defer func() { w.merging = false }()
	for key, value := range v.Members() {
		if a := w.t.core.findKey(key.Bytes()); a != nil {
			if err := w.assign(a, value, replace); err != nil {
				return err
			}
			continue
		}
		if err := w.member(key.String(), value, replace); err != nil {
			return err
		}
	}
	return nil
}

// write adds or replaces at a target.
func (w *writer) write(g target, v scimjson.Value, replace bool) error {
	switch {
	case g.ext != nil:
		return w.extension(g.ext, v, replace)
	case g.where != nil:
		return w.selected(g, v, replace)
	case g.sub == nil:
		return w.assign(g.attr, v, replace)
	case !g.attr.multi:
		s, err := g.sub.scalar(v, w.tol)
		if err != nil {
			return err
		}
		if g.sub == g.attr.value && s != g.sub.get(w.u) {
			w.clear(g.attr)
		}
		return w.set(g.sub, s)
	}
	// attr.sub of a list means the element that there is.
	s, err := g.sub.scalar(v, w.tol)
	if err != nil {
		return err
	}
	i, err := w.only(g)
	if err != nil {
		return err
	}
	if i < 0 {
		i = g.attr.list.grow(w.u)
	}
	w.setSub(g.attr, i, g.sub, s)
	w.tidy(g.attr)
	return nil
}

// only returns the one element that attr.sub can mean: the primary one, or the
// only one; -1 when there is none.
func (w *writer) only(g target) (int, error) {
	n := g.attr.list.length(w.u)
	if n <= 1 {
		return n - 1, nil
	}
	if p := g.attr.subs.find("primary"); p != nil {
		for i := range n {
			if g.attr.list.get(w.u, i, p.index) == "true" {
				return i, nil
			}
		}
	}
	return 0, badRequest(typeInvalidPath, "%s has several elements: choose one, such as %s[type eq \"work\"].%s.", g.attr.path, g.attr.path, g.sub.name)
}

// selected adds or replaces in the elements that the value filter selects. When
// it selects none, and is made of eq, an element is made for it, as Entra needs;
// only a replace of a whole element that is not there has no target.
func (w *writer) selected(g target, v scimjson.Value, replace bool) error {
	a := g.attr
	var value string
	if g.sub != nil {
		var err error
		if value, err = g.sub.scalar(v, w.tol); err != nil {
			return err
		}
	}
	matched, err := w.matches(g)
	if err != nil {
		return err
	}
	if len(matched) == 0 {
		switch {
		case g.sub != nil && value == "":
			return nil // unassigned already
		case !g.fits, g.sub == nil && replace:
			return badRequest(typeNoTarget, "No element of %s matches %s.", a.path, g)
		}
		if err := w.tol.note(QuirkNoMatch, a.path); err != nil {
			return err
		}
		i := a.list.grow(w.u)
		w.stampElement(g, i)
		matched = append(matched, i)
	} else if g.sub == nil && replace {
		for _, i := range matched {
			for _, sub := range a.subs.all {
				a.list.set(w.u, i, sub.index, "")
			}
			w.stampElement(g, i)
		}
	}
	for _, i := range matched {
		if g.sub != nil {
			w.setSub(a, i, g.sub, value)
			continue
		}
		if err := w.tol.noteIf(v.Kind() == scimjson.Array, QuirkListForOne, a.path); err != nil {
			return err
		}
		if err := w.fill(a, i, unwrap(v)); err != nil {
			return err
		}
	}
	w.tidy(a)
	return w.checkLength(a)
}

func (w *writer) stampElement(g target, i int) {
	for _, s := range g.stamp {
		w.setSub(g.attr, i, s.sub, s.value)
	}
}

// weight is what it costs to compare with each element of a list.
func (a *attr) weight(u *User) int {
	n := a.list.length(u)
	cost := n
	for i := range n {
		for k := range a.subs.all {
			cost += textCost(a.list.get(u, i, k))
		}
	}
	return cost
}

// matches returns the elements that the value filter selects.
func (w *writer) matches(g target) ([]int, error) {
	var found []int
	n := g.attr.list.length(w.u)
	if !w.work.few() {
		if err := w.work.spend(g.attr.weight(w.u) * g.where.size()); err != nil {
			return nil, err
		}
	}
	for i := range n {
		if g.selects(w.u, i) {
			found = append(found, i)
		}
	}
	return found, nil
}

// tidy drops elements that say nothing any more, and notes that some of the list
// may have become equal.
func (w *writer) tidy(a *attr) {
	for i := a.list.length(w.u) - 1; i >= 0; i-- {
		if a.empty(w.u, i) {
			a.list.cut(w.u, i)
		}
	}
	if !slices.Contains(w.touched, a) {
		w.touched = append(w.touched, a)
	}
}

// remove unassigns what a target names. With a value that lists elements, only
// those are removed, as Entra and JumpCloud mean it.
func (w *writer) remove(g target, v scimjson.Value) error {
	a := g.attr
	switch {
	case g.ext != nil:
		for _, a := range g.ext.all {
			w.clear(a)
		}
	case a == w.t.active:
		return badRequest(typeMutability, "active cannot be removed; set it to true or false.")
	case g.where != nil:
		matched, err := w.matches(g)
		if err != nil {
			return err
		}
		for _, i := range matched {
			if g.sub != nil {
				a.list.set(w.u, i, g.sub.index, "")
				continue
			}
			for _, sub := range a.subs.all {
				a.list.set(w.u, i, sub.index, "")
			}
		}
		w.tidy(a)
	case a.multi && g.sub != nil:
		for i := range a.list.length(w.u) {
			a.list.set(w.u, i, g.sub.index, "")
		}
		w.tidy(a)
	case a.multi && v.Kind() != scimjson.Invalid && v.Kind() != scimjson.Null:
		return w.removeListed(a, v)
	case g.sub != nil:
		if g.sub == a.value {
			w.clear(a)
		} else {
			g.sub.set(w.u, "")
		}
	default:
		w.clear(a)
	}
	w.noteRemoved(g)
	return nil
}

// noteRemoved remembers that a mandatory attribute was removed by name, for the
// error that it makes (RFC 7644 section 3.5.2.2).
func (w *writer) noteRemoved(g target) {
	if g.attr != nil && (g.attr == w.t.userName || g.attr == w.t.emails || g.leaf().required || g.leaf().row != nil && g.leaf().row.enforced()) {
		w.removed = g.attr
	}
}

// removeListed removes the elements that the client lists, by value or, where
// elements have none, by all their parts.
func (w *writer) removeListed(a *attr, v scimjson.Value) error {
	var probe User
	pw := &writer{t: w.t, u: &probe}
	if err := pw.elements(a, v); err != nil {
		return err
	}
	if err := w.work.spend(a.weight(w.u)*a.list.length(&probe) + a.weight(&probe)*a.list.length(w.u)); err != nil {
		return err
	}
	for i := a.list.length(w.u) - 1; i >= 0; i-- {
		for j := range a.list.length(&probe) {
			if a.covers(w.u, i, &probe, j) {
				a.list.cut(w.u, i)
				break
			}
		}
	}
	return nil
}

// covers reports whether element i of u has all that element j of probe says.
func (a *attr) covers(u *User, i int, probe *User, j int) bool {
	for k, sub := range a.subs.all {
		want := a.list.get(probe, j, k)
		if want == "" || sub.name == "primary" || sub.name == "display" {
			continue
		}
		if have := a.list.get(u, i, k); have != want && (sub.caseExact || Fold(have) != Fold(want)) {
			return false
		}
	}
	return true
}

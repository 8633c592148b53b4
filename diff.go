package scim

import "github.com/usher-scim/scim/internal/scimjson"

// each calls f for every attribute that a user stores: single values, also those
// inside complex attributes, and whole multi-valued attributes. active is none
// of them; the status is.
func (t *table) each(f func(*attr)) {
	t.core.each(f)
	for _, e := range t.exts {
		e.each(f)
	}
}

func (s *attrSet) each(f func(*attr)) {
	for _, a := range s.all {
		switch {
		case a.derived || a.readOnly || a.status:
		case a.multi || a.typ != complexType:
			f(a)
		default:
			a.subs.each(f)
		}
	}
}

// copyValue gives dst what src has of a, with all its parts.
func (a *attr) copyValue(dst, src *User) {
	switch {
	case a.multi:
		a.list.clear(dst)
		for i := range a.list.length(src) {
			j := a.list.grow(dst)
			for _, sub := range a.subs.all {
				a.list.set(dst, j, sub.index, a.list.get(src, i, sub.index))
			}
		}
	case a.typ == complexType:
		a.subs.each(func(sub *attr) { sub.set(dst, sub.get(src)) })
	default:
		a.set(dst, a.get(src))
	}
}

// equal reports whether two users have the same of a, with all its parts.
func (a *attr) equal(u, v *User) bool {
	switch {
	case a.multi:
		n := a.list.length(u)
		if n != a.list.length(v) {
			return false
		}
		for i := range n {
			for _, sub := range a.subs.all {
				if a.list.get(u, i, sub.index) != a.list.get(v, i, sub.index) {
					return false
				}
			}
		}
		return true
	case a.typ == complexType:
		same := true
		a.subs.each(func(sub *attr) { same = same && sub.get(u) == sub.get(v) })
		return same
	}
	return a.get(u) == a.get(v)
}

// changes lists what differs between two states of a user, for the record.
func (t *table) changes(before, after *User) []Change {
	var out []Change
	t.each(func(a *attr) {
		if a.equal(before, after) {
			return
		}
		c := Change{Attribute: a.path}
		if a.row != nil {
			c.Attribute = a.row.Name
		}
		if !t.sensitive(a) {
			c.Old, c.New = a.printed(before), a.printed(after)
		}
		if out == nil {
			out = make([]Change, 0, 4)
		}
		out = append(out, c)
	})
	return out
}

// printed is a value as the record has it: text, or the JSON of a list.
func (a *attr) printed(u *User) string {
	if !a.multi {
		return a.get(u)
	}
	if a.list.length(u) == 0 {
		return ""
	}
	return string(appendElements(nil, a, u, nil))
}

// sensitive reports whether the values of an attribute must stay out of the
// record. A row that names a part of a list makes the whole list sensitive, and
// one that names a complex attribute all of its parts.
func (t *table) sensitive(a *attr) bool {
	if a.never {
		return true
	}
	for _, r := range t.rows {
		if leaf := r.target.leaf(); r.Sensitive && (leaf == a || r.target.attr == a || a.parent != nil && leaf == a.parent) {
			return true
		}
	}
	return false
}

// moves lists the folders that a user left and entered.
func (t *table) moves(before, after []FolderKey) []FolderMove {
	var out []FolderMove
	for _, root := range t.roots {
		if t.sensitiveRoot(root) {
			continue
		}
		from, to := folderBelow(before, root), folderBelow(after, root)
		if FoldName(from) != FoldName(to) {
			out = append(out, FolderMove{Root: root, From: from, To: to})
		}
	}
	return out
}

// sensitiveRoot reports whether the names of a root's folders are values that
// must stay out of the record.
func (t *table) sensitiveRoot(root string) bool {
	for _, r := range t.rows {
		if r.Sensitive && r.Folder == root {
			return true
		}
	}
	return false
}

func folderBelow(keys []FolderKey, root string) string {
	for _, k := range keys {
		if k.Root == root {
			return k.Name
		}
	}
	return ""
}

// appendElements writes a multi-valued attribute as JSON; show, if not nil, says
// which sub-attributes. An element of which nothing shows is left out.
func appendElements(b []byte, a *attr, u *User, show func(*attr) bool) []byte {
	b = append(b, '[')
	for i := range a.list.length(u) {
		start := len(b)
		b = comma(b)
		if a.typ != complexType {
			b = a.value.appendText(b, a.list.get(u, i, 0))
			continue
		}
		b = append(b, '{')
		inner := len(b)
		for _, sub := range a.subs.all {
			if v := a.list.get(u, i, sub.index); v != "" && !sub.never && (show == nil || show(sub)) {
				b = append(comma(b), sub.key...)
				b = sub.appendText(b, v)
			}
		}
		if len(b) == inner {
			b = b[:start]
			continue
		}
		b = append(b, '}')
	}
	return append(b, ']')
}

// appendText writes a single value by its type.
func (a *attr) appendText(b []byte, v string) []byte {
	switch a.typ {
	case Boolean, Integer, Decimal:
		return append(b, v...)
	}
	return scimjson.AppendString(b, v)
}

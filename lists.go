package scim

import "slices"

// list reaches the elements of one multi-valued attribute of a user. Elements
// and their sub-attributes go by index; every value is text, "" is unassigned.
type list interface {
	length(u *User) int
	get(u *User, i, sub int) string
	set(u *User, i, sub int, value string)
	// grow appends an empty element and returns its index.
	grow(u *User) int
	// cut removes the element i.
	cut(u *User, i int)
	clear(u *User)
}

// fieldList is a list that lives in a slice of structs.
type fieldList[T any] struct {
	slice   func(*User) *[]T
	fields  []func(*T) *string // by sub; nil where the sub is primary
	primary func(*T) *Flag
}

// bindList makes the list of a slice; subs of the schema that T has no field
// for are a mistake of this package.
func bindList[T any](subs []*attr, slice func(*User) *[]T, byName map[string]func(*T) *string, primary func(*T) *Flag) list {
	l := &fieldList[T]{slice: slice, primary: primary, fields: make([]func(*T) *string, len(subs))}
	for i, s := range subs {
		if s.name == "primary" {
			continue
		}
		if l.fields[i] = byName[s.name]; l.fields[i] == nil {
			panic("scim: no field for " + s.path)
		}
	}
	return l
}

func (l *fieldList[T]) length(u *User) int { return len(*l.slice(u)) }

func (l *fieldList[T]) get(u *User, i, sub int) string {
	e := &(*l.slice(u))[i]
	if f := l.fields[sub]; f != nil {
		return *f(e)
	}
	return l.primary(e).text()
}

func (l *fieldList[T]) set(u *User, i, sub int, value string) {
	e := &(*l.slice(u))[i]
	if f := l.fields[sub]; f != nil {
		*f(e) = value
		return
	}
	*l.primary(e) = flagOf(value)
}

func (l *fieldList[T]) grow(u *User) int {
	s := l.slice(u)
	var zero T
	*s = append(*s, zero)
	return len(*s) - 1
}

func (l *fieldList[T]) cut(u *User, i int) {
	s := l.slice(u)
	if *s = slices.Delete(*s, i, i+1); len(*s) == 0 {
		*s = nil
	}
}

func (l *fieldList[T]) clear(u *User) { *l.slice(u) = nil }

// extraList is a list that lives in User.Lists.
type extraList struct {
	path string
	subs []*attr
}

func (l *extraList) length(u *User) int { return len(u.Lists[l.path]) }

func (l *extraList) get(u *User, i, sub int) string { return u.Lists[l.path][i][l.subs[sub].name] }

func (l *extraList) set(u *User, i, sub int, value string) {
	if value == "" {
		delete(u.Lists[l.path][i], l.subs[sub].name)
		return
	}
	u.Lists[l.path][i][l.subs[sub].name] = value
}

func (l *extraList) grow(u *User) int {
	if u.Lists == nil {
		u.Lists = make(map[string][]map[string]string)
	}
	u.Lists[l.path] = append(u.Lists[l.path], make(map[string]string))
	return len(u.Lists[l.path]) - 1
}

func (l *extraList) cut(u *User, i int) {
	if s := slices.Delete(u.Lists[l.path], i, i+1); len(s) > 0 {
		u.Lists[l.path] = s
		return
	}
	l.clear(u)
}

func (l *extraList) clear(u *User) {
	if delete(u.Lists, l.path); len(u.Lists) == 0 {
		u.Lists = nil
	}
}

// schemaList is the attribute schemas: the core schema, and the extensions that
// the user has values of.
type schemaList struct{ t *table }

func (l *schemaList) length(u *User) int {
	n := 1
	for _, e := range l.t.exts {
		if e.has(u) {
			n++
		}
	}
	return n
}

func (l *schemaList) get(u *User, i, _ int) string {
	if i == 0 {
		return UserSchema
	}
	for _, e := range l.t.exts {
		if e.has(u) {
			if i--; i == 0 {
				return e.urn
			}
		}
	}
	return ""
}

func (l *schemaList) set(*User, int, int, string) {}
func (l *schemaList) grow(*User) int              { return 0 }
func (l *schemaList) cut(*User, int)              {}
func (l *schemaList) clear(*User)                 {}

func (f Flag) text() string {
	switch f {
	case Yes:
		return "true"
	case No:
		return "false"
	}
	return ""
}

// flagOf reads what the decoder has checked: "true", "false" or "".
func flagOf(s string) Flag {
	switch s {
	case "true":
		return Yes
	case "false":
		return No
	}
	return Unset
}

package scim

import "time"

// row is an attribute of the table and where its value lies.
type row struct {
	Attribute
	target target
	folded string // Fold(Name)
}

// extension is an extension schema. As the target of a path it may also be the
// schema of the resource itself.
type extension struct {
	urn  string
	core bool // the schema of the resource itself
	attrSet
}

// attr is an attribute or sub-attribute of a schema.
type attr struct {
	name      string
	key       []byte // "name": as JSON
	path      string // as in errors, events and filters: URN:name.sub
	typ       Type
	multi     bool
	caseExact bool
	readOnly  bool // never written by a client
	derived   bool // not stored: worked out when it is returned
	always    bool // cannot be left out of an answer
	never     bool // not returned, and not in the record
	request   bool // returned only when a client asks for it
	immutable bool // once it has a value
	required  bool // by a schema of the host's
	status    bool // active, which is kept as the user's status
	slot      int
	index     int // among the sub-attributes of its parent
	max       int // characters
	row       *row
	ext       *extension // nil: core
	parent    *attr
	subs      attrSet
	value     *attr // the sub-attribute called value, if any

	field func(*User) *string // of a single value; nil: User.Extra
	list  list                // of a multi-valued attribute

	source       source // where else the value comes from
	groupField   func(*Group) string
	time         func(*subject) time.Time
	lookup       indexed // the index that finds values
	unfilterable bool
}

// attrSet finds attributes by name, ignoring case.
type attrSet struct {
	all    []*attr
	byName map[string]*attr
}

func (s *attrSet) add(a *attr) {
	if s.byName == nil {
		s.byName = make(map[string]*attr)
	}
	a.index = len(s.all)
	a.key = []byte(`"` + a.name + `":`)
	s.all = append(s.all, a)
	s.byName[Fold(a.name)] = a
}

// find looks a name up without allocating. Attribute names are ASCII.
func (s *attrSet) find(name string) *attr {
	var buf [64]byte
	if len(name) > len(buf) {
		return nil
	}
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return s.byName[string(buf[:len(name)])]
}

// findKey is find for the name of a JSON member.
func (s *attrSet) findKey(name []byte) *attr {
	var buf [64]byte
	if len(name) > len(buf) {
		return nil
	}
	for i, c := range name {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		buf[i] = c
	}
	return s.byName[string(buf[:len(name)])]
}

// get returns the text of a single value.
func (a *attr) get(u *User) string {
	switch {
	case a.field != nil:
		return *a.field(u)
	case a.status:
		return u.wantsActive()
	}
	return u.Extra[a.path]
}

// set changes a single value; "" is unassigned.
func (a *attr) set(u *User, value string) {
	switch {
	case a.field != nil:
		*a.field(u) = value
	case a.status:
		u.asked = flagOf(value)
	case value == "":
		delete(u.Extra, a.path)
	default:
		if u.Extra == nil {
			u.Extra = make(map[string]string)
		}
		u.Extra[a.path] = value
	}
}

// wantsActive is the value of active: what the request at hand asks for, else
// what is so.
func (u *User) wantsActive() string {
	switch {
	case u.asked != Unset:
		return u.asked.text()
	case u.Status == StatusActive:
		return "true"
	}
	return "false"
}

// derive marks an attribute and its parts as worked out when returned.
func (a *attr) derive() {
	a.derived = true
	for _, s := range a.subs.all {
		s.derive()
	}
}

// has reports whether the user has a value of the extension.
func (e *extension) has(u *User) bool {
	for _, a := range e.all {
		switch {
		case a.multi:
			if a.list.length(u) > 0 {
				return true
			}
		case a.typ == complexType:
			for _, s := range a.subs.all {
				if !s.derived && s.get(u) != "" {
					return true
				}
			}
		case a.get(u) != "":
			return true
		}
	}
	return false
}

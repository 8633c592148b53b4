package scim

import (
	"net/url"

	"github.com/usher-scim/scim/internal/scimjson"
)

// encoder writes resources as SCIM JSON, from the table and through a
// projection.
type encoder struct {
	t    *table
	base string // the address of the service, without a slash at the end
	// jsonBase is base as it stands inside a JSON string.
	jsonBase []byte
	p        *projection
}

// comma separates what follows from what was written before on the same level.
func comma(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] != '{' && b[n-1] != '[' && b[n-1] != ',' {
		b = append(b, ',')
	}
	return b
}

func member(b []byte, name string) []byte {
	b = append(comma(b), '"')
	b = append(b, name...)
	return append(b, '"', ':')
}

// user writes a user. groups are its groups, and manager is the user that its
// manager value names, nil for none.
func (e *encoder) user(b []byte, u *User, groups []GroupRef, manager *User) []byte {
	b = append(b, `{"schemas":["`+UserSchema+`"`...)
	for _, ext := range e.t.exts {
		if e.showsAny(&ext.attrSet) && ext.has(u) {
			b = append(b, ',')
			b = scimjson.AppendString(b, ext.urn)
		}
	}
	b = append(b, `],"id":`...)
	b = scimjson.AppendString(b, u.ID)
	b = e.attributes(b, &e.t.core, u, groups, manager)
	for _, ext := range e.t.exts {
		if !e.showsAny(&ext.attrSet) {
			continue
		}
		start := len(b)
		b = member(b, ext.urn)
		b = append(b, '{')
		inner := len(b)
		if b = e.attributes(b, &ext.attrSet, u, nil, manager); len(b) == inner {
			b = b[:start] // no empty objects
			continue
		}
		b = append(b, '}')
	}
	b = e.meta(b, &e.t.core, "User", "/Users/", u.ID, u.Version, u)
	return append(b, '}')
}

func (e *encoder) showsAny(s *attrSet) bool {
	if e.p == nil {
		return true
	}
	for _, a := range s.all {
		if e.p.shows(a) {
			return true
		}
	}
	return false
}

// attributes writes the attributes of one schema that have a value.
func (e *encoder) attributes(b []byte, s *attrSet, u *User, groups []GroupRef, manager *User) []byte {
	for _, a := range s.all {
		if a.ext == nil && (a.always || a.source == fromMeta || a.name == "meta") || !e.p.shows(a) {
			continue // id and schemas are written first, meta last
		}
		switch {
		case a.source == fromGroups:
			b = e.groups(b, a, groups)
		case a.multi:
			start := len(b)
			b = append(comma(b), a.key...)
			inner := len(b)
			if b = appendElements(b, a, u, e.show()); len(b) == inner+len("[]") {
				b = b[:start]
			}
		case a.typ == complexType:
			b = e.complex(b, a, u, manager)
		case a == e.t.active:
			b = append(comma(b), a.key...)
			b = append(b, u.wantsActive()...)
		default:
			if v := a.get(u); v != "" {
				b = append(comma(b), a.key...)
				b = a.appendText(b, v)
			}
		}
	}
	return b
}

func (e *encoder) show() func(*attr) bool {
	if e.p == nil && !e.t.requested {
		return nil
	}
	return e.p.showsSub
}

func (e *encoder) complex(b []byte, a *attr, u *User, manager *User) []byte {
	start := len(b)
	b = append(comma(b), a.key...)
	b = append(b, '{')
	inner := len(b)
	for _, s := range a.subs.all {
		if !e.p.showsSub(s) {
			continue
		}
		v := ""
		switch {
		case !s.derived:
			v = s.get(u)
		case a == e.t.manager && manager != nil && s.name == "displayName":
			v = manager.Keys.Label
		}
		if v != "" {
			b = append(comma(b), s.key...)
			b = s.appendText(b, v)
		}
	}
	if len(b) == inner {
		return b[:start]
	}
	return append(b, '}')
}

// groups writes the groups that a user is a direct member of.
func (e *encoder) groups(b []byte, a *attr, groups []GroupRef) []byte {
	if len(groups) == 0 {
		return b
	}
	start := len(b)
	b = append(comma(b), a.key...)
	b = append(b, '[')
	inner := len(b)
	for i := range groups {
		b = e.reference(b, a, groups[i].ID, "/Groups/", groups[i].Display, "direct")
	}
	if len(b) == inner {
		return b[:start]
	}
	return append(b, ']')
}

// reference writes an element that names another resource, unless nothing of it
// shows.
func (e *encoder) reference(b []byte, a *attr, id, endpoint, display, kind string) []byte {
	start := len(b)
	b = append(comma(b), '{')
	inner := len(b)
	for _, s := range a.subs.all {
		if !e.p.showsSub(s) {
			continue
		}
		switch s.name {
		case "value":
			b = append(comma(b), s.key...)
			b = scimjson.AppendString(b, id)
		case "$ref":
			b = append(comma(b), s.key...)
			b = e.appendLocation(b, endpoint, id)
		case "display":
			if display != "" {
				b = append(comma(b), s.key...)
				b = scimjson.AppendString(b, display)
			}
		case "type":
			b = append(comma(b), s.key...)
			b = scimjson.AppendString(b, kind)
		}
	}
	if len(b) == inner {
		return b[:start]
	}
	return append(b, '}')
}

// locate is the address of a resource.
func locate(base, endpoint, id string) string {
	return base + endpoint + url.PathEscape(id)
}

// appendLocation writes the address of a resource as JSON.
func (e *encoder) appendLocation(b []byte, endpoint, id string) []byte {
	if !plainID(id) {
		return scimjson.AppendString(b, locate(e.base, endpoint, id))
	}
	b = append(b, '"')
	b = append(b, e.jsonBase...)
	b = append(b, endpoint...)
	b = append(b, id...)
	return append(b, '"')
}

// plainID reports whether an ID needs escaping neither in an address nor in JSON.
func plainID(id string) bool {
	for i := range len(id) {
		switch c := id[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.', c == '~':
		default:
			return false
		}
	}
	return true
}

// meta writes the metadata of a resource (RFC 7643 section 3.1).
func (e *encoder) meta(b []byte, s *attrSet, kind, endpoint, id, version string, of dated) []byte {
	m := s.byName["meta"]
	if !e.p.shows(m) {
		return b
	}
	start := len(b)
	b = append(comma(b), m.key...)
	b = append(b, '{')
	inner := len(b)
	for _, s := range m.subs.all {
		if !e.p.showsSub(s) {
			continue
		}
		b = append(comma(b), s.key...)
		switch s.name {
		case "resourceType":
			b = append(b, '"')
			b = append(b, kind...)
			b = append(b, '"')
		case "created":
			created, _ := of.dates()
			b = scimjson.AppendTime(b, created)
		case "lastModified":
			_, modified := of.dates()
			b = scimjson.AppendTime(b, modified)
		case "location":
			b = e.appendLocation(b, endpoint, id)
		case "version":
			b = appendETag(b, version)
		}
	}
	if len(b) == inner {
		return b[:start]
	}
	return append(b, '}')
}

// appendETag writes the entity tag of a version as JSON.
func appendETag(b []byte, version string) []byte {
	if !plainID(version) {
		return scimjson.AppendString(b, etag(version))
	}
	b = append(b, `"W/\"`...)
	b = append(b, version...)
	return append(b, `\""`...)
}

// groupHead writes a group up to its members; the members and the closing brace
// follow.
func (e *encoder) groupHead(b []byte, g *Group) []byte {
	b = append(b, `{"schemas":["`+GroupSchema+`"],"id":`...)
	b = scimjson.AppendString(b, g.ID)
	for _, a := range e.t.group.all {
		if a.always || a.source != fromGroup || !e.p.shows(a) {
			continue
		}
		if v := a.groupField(g); v != "" {
			b = append(comma(b), a.key...)
			b = scimjson.AppendString(b, v)
		}
	}
	return e.meta(b, &e.t.group, "Group", "/Groups/", g.ID, g.Version, g)
}

// members is the attribute members, nil where the projection leaves it out.
func (e *encoder) members() *attr {
	if m := e.t.group.byName["members"]; e.p.shows(m) {
		return m
	}
	return nil
}

func (e *encoder) memberElement(b []byte, a *attr, m Member) []byte {
	endpoint := "/Users/"
	if m.Group {
		endpoint = "/Groups/"
	}
	return e.reference(b, a, m.ID, endpoint, m.Display, m.kind())
}

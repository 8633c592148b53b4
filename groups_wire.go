package scim

import (
	"errors"
	"net/http"
)

// This file is /Groups on the wire (RFC 7644 section 3).

// groupsEndpoint is /Groups.
func (x *exchange) groupsEndpoint() (answer, error) {
	switch {
	case x.reads():
		return x.listGroups()
	case x.r.Method == http.MethodPost:
		return x.createGroup()
	}
	return x.notAllowed(collectionMethods)
}

// groupEndpoint is /Groups/{id}.
func (x *exchange) groupEndpoint() (answer, error) {
	switch {
	case x.reads():
		return x.getGroup()
	case x.r.Method == http.MethodPut:
		return x.putGroup()
	case x.r.Method == http.MethodPatch:
		return x.patchGroup()
	case x.r.Method == http.MethodDelete:
		return x.deleteGroup()
	}
	return x.notAllowed(resourceMethods)
}

// groupBody reads a whole group.
func (x *exchange) groupBody() (*groupDraft, error) {
	body, err := x.body()
	if err != nil {
		return nil, err
	}
	w := &groupWriter{t: x.h.d.table}
	if err := w.resource(body); err != nil {
		return nil, err
	}
	return w.finish(), nil
}

// createGroup is POST /Groups.
func (x *exchange) createGroup() (answer, error) {
	draft, err := x.groupBody()
	if err != nil {
		return answer{}, err
	}
	g, err := x.h.d.createGroup(x.ctx, x.conn.Tenant, x.by, draft)
	if err != nil {
		return answer{}, err
	}
	return x.group(http.StatusCreated, g), nil
}

// getGroup is GET /Groups/{id}.
func (x *exchange) getGroup() (answer, error) {
	g, err := x.h.d.store.Group(x.ctx, x.conn.Tenant, x.parts[1])
	if err != nil {
		return answer{}, err
	}
	return x.group(http.StatusOK, g), nil
}

// putGroup is PUT /Groups/{id}.
func (x *exchange) putGroup() (answer, error) {
	draft, err := x.groupBody()
	if err != nil {
		return answer{}, err
	}
	g, err := x.h.d.updateGroup(x.ctx, x.conn.Tenant, x.by, x.parts[1], draft)
	if err != nil {
		return answer{}, err
	}
	return x.group(http.StatusOK, g), nil
}

// patchGroup is PATCH /Groups/{id}. It answers 204, unless the client names the
// attributes that it wants to see: the members may be many.
func (x *exchange) patchGroup() (answer, error) {
	body, err := x.body()
	if err != nil {
		return answer{}, err
	}
	ops, err := x.h.d.table.parsePatch(body, true)
	if err != nil {
		return answer{}, err
	}
	id := x.parts[1]
	var g *Group
	err = again(x.ctx, func() error {
		w := &groupWriter{t: x.h.d.table}
		w.current = func() ([]Member, error) { return x.membersNow(id, w) }
		w.describe = func(names []string) ([]Member, error) { return x.h.d.describe(x.ctx, x.conn.Tenant, names) }
		if err := w.apply(ops); err != nil {
			return err
		}
		g, err = x.h.d.updateGroup(x.ctx, x.conn.Tenant, x.by, id, w.finish())
		return err
	})
	if err != nil {
		return answer{}, err
	}
	if x.query.attributes != "" {
		return x.group(http.StatusOK, g), nil
	}
	return answer{status: http.StatusNoContent, version: g.Version}, nil
}

// membersNow lists the members that a group has, for a filter that has to see
// them; the change then depends on the version that was read.
func (x *exchange) membersNow(id string, w *groupWriter) ([]Member, error) {
	g, err := x.h.d.store.Group(x.ctx, x.conn.Tenant, id)
	if err != nil {
		return nil, err
	}
	w.draft.version = g.Version
	var out []Member
	err = x.h.d.eachMember(x.ctx, x.conn.Tenant, id, func(m Member) bool {
		out = append(out, m)
		return true
	})
	return out, err
}

// deleteGroup is DELETE /Groups/{id}.
func (x *exchange) deleteGroup() (answer, error) {
	return answer{status: http.StatusNoContent}, x.h.d.deleteGroup(x.ctx, x.conn.Tenant, x.by, x.parts[1])
}

// group answers with one group, its members streamed page by page.
func (x *exchange) group(status int, g *Group) answer {
	enc := x.encoder(true)
	return answer{
		status: status, location: enc.location("/Groups/", g.ID), version: g.Version,
		stream: func() error {
			if err := x.writeGroup(enc, g, false); err != nil {
				return err
			}
			return x.send(status)
		},
	}
}

// writeGroup writes a group to the buffer, and the buffer out where it grows
// large. One of a list may be deleted meanwhile.
func (x *exchange) writeGroup(enc *encoder, g *Group, listed bool) error {
	x.buf.out = enc.groupHead(x.buf.out, g)
	if a := enc.members(); a != nil {
		if err := x.writeMembers(enc, a, g, listed); err != nil {
			return err
		}
	}
	x.buf.out = append(x.buf.out, '}')
	return x.flush()
}

// writeMembers writes the attribute members, which is not there where no member
// is, or none has what the client wants to see. A listed group that is deleted
// meanwhile has no more of them: the other groups of the list are not its fault.
func (x *exchange) writeMembers(enc *encoder, a *attr, g *Group, listed bool) error {
	written := false
	q := Query{Limit: 1000}
	for {
		page, err := x.h.d.store.Members(x.ctx, x.conn.Tenant, g.ID, q)
		if err != nil && !(listed && errors.Is(err, ErrNotFound)) {
			return err
		}
		for _, m := range page.Items {
			start := len(x.buf.out)
			if written {
				x.buf.out = append(x.buf.out, ',')
			} else {
				x.buf.out = append(append(comma(x.buf.out), a.key...), '[')
			}
			inner := len(x.buf.out)
			if x.buf.out = enc.memberElement(x.buf.out, a, m); len(x.buf.out) == inner {
				x.buf.out = x.buf.out[:start]
				continue
			}
			written = true
		}
		if err := x.flush(); err != nil {
			return err
		}
		if q.After = page.Next; q.After != "" {
			continue
		}
		if written {
			x.buf.out = append(x.buf.out, ']')
		}
		return nil
	}
}

// listGroups is GET /Groups.
func (x *exchange) listGroups() (answer, error) {
	l, err := x.h.d.parseList(&x.query)
	if err != nil {
		return answer{}, err
	}
	q := l.page()
	if l.filter != "" {
		if q.Filter, err = x.h.d.GroupFilter(l.filter); err != nil {
			return answer{}, err
		}
	}
	page, err := x.h.d.listGroups(x.ctx, x.conn.Tenant, q)
	if err != nil {
		return answer{}, err
	}
	enc := x.encoder(true)
	return answer{status: http.StatusOK, stream: func() error {
		x.listHead(page.Total, l.startIndex, len(page.Items))
		for i, g := range page.Items {
			if i > 0 {
				x.buf.out = append(x.buf.out, ',')
			}
			if err := x.writeGroup(enc, g, true); err != nil {
				return err
			}
		}
		x.buf.out = append(x.buf.out, "]}"...)
		return x.send(http.StatusOK)
	}}, nil
}

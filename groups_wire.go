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
		return x.list(groupsOnly)
	case x.r.Method == http.MethodPost:
		return x.group(x.request(""))
	}
	return x.notAllowed(collectionMethods)
}

// groupEndpoint is /Groups/{id}.
func (x *exchange) groupEndpoint() (answer, error) {
	switch x.r.Method {
	case http.MethodGet, http.MethodHead:
		return x.getGroup()
	case http.MethodPut, http.MethodPatch, http.MethodDelete:
		return x.group(x.request(x.parts[1]))
	}
	return x.notAllowed(resourceMethods)
}

// group performs a write to a group, and answers. A PATCH is answered 204, unless
// the client names the attributes that it wants to see: the members may be many.
func (x *exchange) group(w write, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	g, err := x.writeGroup(w)
	switch {
	case err != nil:
		return answer{}, err
	case w.method == http.MethodDelete:
		return answer{status: http.StatusNoContent}, nil
	case w.method == http.MethodPost:
		return x.showGroup(http.StatusCreated, g), nil
	case w.method == http.MethodPatch && x.query.attributes == "":
		return answer{status: http.StatusNoContent, version: g.Version}, nil
	}
	return x.showGroup(http.StatusOK, g), nil
}

// writeGroup performs a write to a group; of a DELETE it returns none.
func (x *exchange) writeGroup(w write) (*Group, error) {
	d, t := x.h.d, x.conn.Tenant
	switch w.method {
	case http.MethodPost:
		to := &groupWriter{t: d.table, tol: w.by.tol}
		if err := to.resource(w.data); err != nil {
			return nil, err
		}
		return d.createGroup(x.ctx, t, w.by, to.finish())
	case http.MethodPut:
		to := &groupWriter{t: d.table, tol: w.by.tol}
		if err := to.resource(w.data); err != nil {
			return nil, err
		}
		return d.updateGroup(x.ctx, t, w.by, w.id, func() (*groupDraft, error) { return to.finish(), nil })
	case http.MethodPatch:
		ops, err := d.table.parsePatch(w.data, true, w.by.tol)
		if err != nil {
			return nil, err
		}
		return x.editGroup(w, func(to *groupWriter) error { return to.apply(ops) })
	}
	return nil, d.deleteGroup(x.ctx, t, w.by, w.id)
}

func (x *exchange) editGroup(w write, change func(*groupWriter) error) (*Group, error) {
	d, t, left := x.h.d, x.conn.Tenant, x.work
	g, err := d.updateGroup(x.ctx, t, w.by, w.id, func() (*groupDraft, error) {
		to := &groupWriter{t: d.table, tol: w.by.tol, now: &groupNow{d, x.ctx, t, w.id}, work: x.work}
		err := change(to)
		left = to.work
		return to.finish(), err
	})
	x.work = left
	return g, err
}

// getGroup is GET /Groups/{id}.
func (x *exchange) getGroup() (answer, error) {
	g, err := x.h.d.store.Group(x.ctx, x.conn.Tenant, x.parts[1])
	if err != nil {
		return answer{}, err
	}
	if unchanged, err := x.by.only.read(g.Version); err != nil || unchanged {
		return answer{status: http.StatusNotModified, location: locate(x.h.base, "/Groups/", g.ID), version: g.Version}, err
	}
	return x.showGroup(http.StatusOK, g), nil
}

// showGroup answers with one group, its members streamed page by page.
func (x *exchange) showGroup(status int, g *Group) answer {
	enc := x.encoder(true)
	return answer{
		status: status, location: locate(x.h.base, "/Groups/", g.ID), version: g.Version,
		stream: func() error { return x.encodeGroup(enc, g, false) },
	}
}

// encodeGroup writes a group to the buffer, and the buffer out where it grows
// large. One of a list may be deleted meanwhile.
func (x *exchange) encodeGroup(enc *encoder, g *Group, listed bool) error {
	x.buf.out = enc.groupHead(x.buf.out, g)
	if a := enc.members(); a != nil {
		if err := x.encodeMembers(enc, a, g, listed); err != nil {
			return err
		}
	}
	x.buf.out = append(x.buf.out, '}')
	return x.flush()
}

// encodeMembers writes the attribute members, which is not there where no member
// is, or none has what the client wants to see. A listed group that is deleted
// meanwhile has no more of them: the other groups of the list are not its fault.
func (x *exchange) encodeMembers(enc *encoder, a *attr, g *Group, listed bool) error {
	written := false
	q := Query{Limit: 1000, NoTotal: true}
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

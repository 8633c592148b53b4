package scim

import (
	"net/http"
	"strconv"
)

// This file is /Users on the wire (RFC 7644 section 3).

// usersEndpoint is /Users.
func (x *exchange) usersEndpoint() (answer, error) {
	switch {
	case x.reads():
		return x.listUsers()
	case x.r.Method == http.MethodPost:
		return x.createUser()
	}
	return x.notAllowed(collectionMethods)
}

// userEndpoint is /Users/{id}.
func (x *exchange) userEndpoint() (answer, error) {
	switch {
	case x.reads():
		return x.getUser()
	case x.r.Method == http.MethodPut:
		return x.putUser()
	case x.r.Method == http.MethodPatch:
		return x.patchUser()
	case x.r.Method == http.MethodDelete:
		return x.deleteUser()
	}
	return x.notAllowed(resourceMethods)
}

func (x *exchange) encoder(group bool) *encoder {
	return &encoder{t: x.h.d.table, base: x.h.base, jsonBase: x.h.jsonBase, p: x.h.d.table.parseProjection(&x.query, group)}
}

// createUser is POST /Users.
func (x *exchange) createUser() (answer, error) {
	body, err := x.body()
	if err != nil {
		return answer{}, err
	}
	w := &writer{t: x.h.d.table, u: &User{}}
	if err := w.resource(body); err != nil {
		return answer{}, err
	}
	u, err := x.h.d.create(x.ctx, x.conn.Tenant, x.by, w.u, w.ignored)
	if err != nil {
		return answer{}, err
	}
	a, err := x.user(u)
	a.status = http.StatusCreated
	return a, err
}

// getUser is GET /Users/{id}.
func (x *exchange) getUser() (answer, error) {
	u, err := x.h.d.live(x.ctx, x.conn.Tenant, x.parts[1])
	if err != nil {
		return answer{}, err
	}
	return x.user(u)
}

// putUser is PUT /Users/{id}: what the client owns is replaced, what it leaves
// out is cleared, and active left out stays as it was.
func (x *exchange) putUser() (answer, error) {
	body, err := x.body()
	if err != nil {
		return answer{}, err
	}
	return x.edit(func(w *writer) error {
		x.h.d.table.each(func(a *attr) { w.clear(a) })
		return w.resource(body)
	})
}

// patchUser is PATCH /Users/{id}.
func (x *exchange) patchUser() (answer, error) {
	body, err := x.body()
	if err != nil {
		return answer{}, err
	}
	ops, err := x.h.d.table.parsePatch(body, false)
	if err != nil {
		return answer{}, err
	}
	return x.edit(func(w *writer) error { return w.apply(ops) })
}

func (x *exchange) edit(change func(*writer) error) (answer, error) {
	u, err := x.h.d.update(x.ctx, x.conn.Tenant, x.by, x.parts[1], func(u *User) ([]string, *attr, error) {
		w := &writer{t: x.h.d.table, u: u}
		err := change(w)
		return w.ignored, w.removed, err
	})
	if err != nil {
		return answer{}, err
	}
	return x.user(u)
}

// deleteUser is DELETE /Users/{id}.
func (x *exchange) deleteUser() (answer, error) {
	return answer{status: http.StatusNoContent}, x.h.d.archive(x.ctx, x.conn.Tenant, x.by, x.parts[1])
}

// user writes one user as the answer.
func (x *exchange) user(u *User) (answer, error) {
	enc := x.encoder(false)
	if err := x.users(enc, []*User{u}); err != nil {
		return answer{}, err
	}
	return answer{status: http.StatusOK, location: enc.location("/Users/", u.ID), version: u.Version}, nil
}

// users writes users to the buffer, with their groups and managers, which take
// one look-up each for all of them, or none where nobody asked.
func (x *exchange) users(enc *encoder, users []*User) error {
	var groups map[string][]GroupRef
	if a := x.h.d.table.core.byName["groups"]; a != nil && enc.p.shows(a) && len(users) > 0 {
		ids := make([]string, len(users))
		for i, u := range users {
			ids[i] = u.ID
		}
		var err error
		if groups, err = x.h.d.store.GroupsOf(x.ctx, x.conn.Tenant, ids); err != nil {
			return err
		}
	}
	var managers linked
	if m := x.h.d.table.manager; m != nil && enc.p.shows(m) {
		var err error
		if managers, err = x.h.d.managers(x.ctx, x.conn.Tenant, users); err != nil {
			return err
		}
	}
	for i, u := range users {
		if i > 0 {
			x.buf.out = append(x.buf.out, ',')
		}
		x.buf.out = enc.user(x.buf.out, u, groups[u.ID], managers.of(u))
	}
	return nil
}

// listUsers is GET /Users.
func (x *exchange) listUsers() (answer, error) {
	l, err := x.h.d.parseList(&x.query)
	if err != nil {
		return answer{}, err
	}
	q := l.page()
	if l.filter != "" {
		if q.Filter, err = x.h.d.UserFilter(l.filter); err != nil {
			return answer{}, err
		}
	}
	page, err := x.h.d.listUsers(x.ctx, x.conn.Tenant, q)
	if err != nil {
		return answer{}, err
	}
	x.listHead(page.Total, l.startIndex, len(page.Items))
	if err := x.users(x.encoder(false), page.Items); err != nil {
		return answer{}, err
	}
	x.buf.out = append(x.buf.out, "]}"...)
	return answer{status: http.StatusOK}, nil
}

// listHead writes a ListResponse up to its resources (RFC 7644 section 3.4.2).
func (x *exchange) listHead(total, startIndex, items int) {
	b := append(x.buf.out, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":`...)
	b = strconv.AppendInt(b, int64(total), 10)
	b = strconv.AppendInt(append(b, `,"startIndex":`...), int64(startIndex), 10)
	b = strconv.AppendInt(append(b, `,"itemsPerPage":`...), int64(items), 10)
	x.buf.out = append(b, `,"Resources":[`...)
}

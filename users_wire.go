package scim

import (
	"net/http"

	"github.com/usher-scim/scim/internal/scimjson"
)

// This file is /Users on the wire (RFC 7644 section 3).

// write is what a client asks of one resource: a request, or an operation of a
// Bulk.
type write struct {
	method string // POST, PUT, PATCH or DELETE
	id     string // "" of a POST
	data   scimjson.Value
	by     origin
	was    *Status // where it is told what the user of a POST was before, unless nil
}

// usersEndpoint is /Users.
func (x *exchange) usersEndpoint() (answer, error) {
	switch {
	case x.reads():
		return x.list(usersOnly)
	case x.r.Method == http.MethodPost:
		return x.user(x.request(""))
	}
	return x.notAllowed(collectionMethods)
}

// userEndpoint is /Users/{id}.
func (x *exchange) userEndpoint() (answer, error) {
	switch x.r.Method {
	case http.MethodGet, http.MethodHead:
		return x.getUser()
	case http.MethodPut, http.MethodPatch, http.MethodDelete:
		w, err := x.request(x.parts[1])
		w.by.groups = w.method != http.MethodDelete && x.encoder(false).showsGroups()
		return x.user(w, err)
	}
	return x.notAllowed(resourceMethods)
}

// request reads the write that the request itself is.
func (x *exchange) request(id string) (write, error) {
	w := write{method: x.r.Method, id: id, by: x.by}
	if w.method == http.MethodDelete {
		return w, nil
	}
	var err error
	w.data, err = x.body()
	return w, err
}

// user performs a write to a user, and answers.
func (x *exchange) user(w write, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	u, err := x.writeUser(w)
	switch {
	case err != nil:
		return answer{}, err
	case w.method == http.MethodDelete:
		return answer{status: http.StatusNoContent}, nil
	case w.method == http.MethodPost:
		return x.showUser(http.StatusCreated, u)
	}
	return x.showUser(http.StatusOK, u)
}

// writeUser performs a write to a user; of a DELETE it returns none.
func (x *exchange) writeUser(w write) (*User, error) {
	d, t := x.h.d, x.conn.Tenant
	switch w.method {
	case http.MethodPost:
		to := &writer{t: d.table, u: &User{}, tol: w.by.tol}
		if err := to.resource(w.data); err != nil {
			return nil, err
		}
		u, was, err := d.create(x.ctx, t, w.by, to.u, to.ignored)
		if w.was != nil {
			*w.was = was
		}
		if err == nil && was == 0 {
			u.SetGroups(nil) // who is new is in none
		}
		return u, err
	case http.MethodPut:
		// What the client owns is replaced, and what it leaves out is cleared, but
		// for active and what is immutable, which stay as they were.
		return x.editUser(w, func(to *writer) error {
			d.table.each(func(a *attr) {
				if !a.fixed() {
					to.clear(a)
				}
			})
			return to.resource(w.data)
		})
	case http.MethodPatch:
		ops, err := d.table.parsePatch(w.data, false, w.by.tol)
		if err != nil {
			return nil, err
		}
		return x.editUser(w, func(to *writer) error { return to.apply(ops) })
	}
	return nil, d.archive(x.ctx, t, w.by, w.id)
}

func (x *exchange) editUser(w write, change func(*writer) error) (*User, error) {
	left := x.work
	u, err := x.h.d.update(x.ctx, x.conn.Tenant, w.by, w.id, func(u *User) ([]string, *attr, error) {
		to := &writer{t: x.h.d.table, u: u, work: x.work, tol: w.by.tol}
		err := change(to)
		left = to.work
		return to.ignored, to.removed, err
	})
	x.work = left // what the last attempt left to other operations of a Bulk
	return u, err
}

// getUser is GET /Users/{id}.
func (x *exchange) getUser() (answer, error) {
	u, err := x.h.d.live(x.ctx, x.conn.Tenant, x.parts[1], x.encoder(false).showsGroups())
	if err != nil {
		return answer{}, err
	}
	if unchanged, err := x.by.only.read(u.Version); err != nil || unchanged {
		return answer{status: http.StatusNotModified, location: locate(x.h.base, "/Users/", u.ID), version: u.Version}, err
	}
	return x.showUser(http.StatusOK, u)
}

// showUser answers with one user.
func (x *exchange) showUser(status int, u *User) (answer, error) {
	enc := x.encoder(false)
	of, err := x.relations(enc, []*User{u})
	if err != nil {
		return answer{}, err
	}
	x.buf.out = enc.user(x.buf.out, u, of.groupsOf(u), of.managers.of(u))
	return answer{status: status, location: locate(x.h.base, "/Users/", u.ID), version: u.Version}, nil
}

func (x *exchange) encoder(group bool) *encoder {
	return &encoder{t: x.h.d.table, base: x.h.base, jsonBase: x.h.jsonBase, p: x.h.d.table.parseProjection(&x.query, group)}
}

// relations is what answers show of users and other resources have.
type relations struct {
	groups   map[string][]GroupRef
	managers linked
}

// groupsOf returns the groups of a user, as they were found with it or looked up.
func (r relations) groupsOf(u *User) []GroupRef {
	if of, known := u.Groups(); known {
		return of
	}
	return r.groups[u.ID]
}

// showsGroups reports whether an answer shows the groups of users.
func (e *encoder) showsGroups() bool {
	a := e.t.core.byName["groups"]
	return a != nil && e.p.shows(a)
}

// relations looks up the groups and managers of users: one look-up each for all
// of them, or none where nobody asked.
func (x *exchange) relations(enc *encoder, users []*User) (of relations, err error) {
	if len(users) == 0 {
		return of, nil
	}
	if enc.showsGroups() {
		var ids []string
		for i, u := range users {
			if u.groups == nil {
				if ids == nil {
					ids = make([]string, 0, len(users)-i)
				}
				ids = append(ids, u.ID)
			}
		}
		if len(ids) > 0 {
			of.groups, err = x.h.d.store.GroupsOf(x.ctx, x.conn.Tenant, ids)
		}
		if err != nil {
			return of, err
		}
	}
	if m := enc.t.manager; m != nil && enc.p.shows(m) {
		of.managers, err = x.h.d.managers(x.ctx, x.conn.Tenant, users)
	}
	return of, err
}

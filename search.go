package scim

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// This file answers queries over users, groups, and both (RFC 7644 section 3.4.2).

// resource is one of a list: a user or a group.
type resource struct {
	u *User
	g *Group
}

// search is POST .search: the query is in the body (RFC 7644 section 3.4.3).
func (x *exchange) search(k kinds) (answer, error) {
	if x.r.Method != http.MethodPost {
		return x.notAllowed(http.MethodPost)
	}
	body, err := x.body()
	if err != nil {
		return answer{}, err
	}
	if err := x.tol.message(body, searchURN); err != nil {
		return answer{}, err
	}
	if err := x.query.search(body); err != nil {
		return answer{}, err
	}
	if err := x.query.judge(x.h.d.table, &x.tol); err != nil {
		return answer{}, err
	}
	return x.list(k)
}

// list answers a query.
func (x *exchange) list(k kinds) (answer, error) {
	l, err := x.h.d.parseList(&x.query, k, &x.tol)
	if err != nil {
		return answer{}, err
	}
	scope := []string{string(x.conn.Tenant), strconv.Itoa(int(k)), x.query.filter, x.query.sortBy, strings.ToLower(x.query.sortOrder)}
	if x.query.cursor != "" {
		at, err := x.h.cursors.open(scope, x.query.cursor)
		if err != nil {
			return answer{}, err
		}
		// Counting again what the first page counted is spared.
		l.total = at.total
		l.users.After, l.groups.After = at.after, at.after
		l.users.NoTotal, l.groups.NoTotal = true, true
	}
	enc := x.encoder(false)
	l.users.groups = enc.showsGroups()
	page, err := x.h.d.listAny(x.ctx, x.conn.Tenant, l)
	if errors.Is(err, ErrPlace) {
		err = errCursor // the host has changed its store, or its attribute table
	}
	if err != nil {
		return answer{}, err
	}
	if x.query.cursor != "" {
		page.Total = l.total
	}
	next := ""
	if l.paged && page.Next != "" {
		next = x.h.cursors.seal(scope, cursor{after: page.Next, total: page.Total})
	}
	return x.showList(l, enc, page, next)
}

// showList writes a ListResponse. What is looked up for it is looked up before
// the first byte is sent, but for the members of groups, which may be many.
func (x *exchange) showList(l *listRequest, userEnc *encoder, page Page[resource], next string) (answer, error) {
	users := make([]*User, 0, len(page.Items))
	for _, r := range page.Items {
		if r.u != nil {
			users = append(users, r.u)
		}
	}
	groupEnc := x.encoder(true)
	of, err := x.relations(userEnc, users)
	if err != nil {
		return answer{}, err
	}
	startIndex := l.startIndex
	if l.paged {
		startIndex = 0
	}
	return answer{status: http.StatusOK, stream: func() error {
		x.listHead(page.Total, startIndex, len(page.Items), next)
		for i, r := range page.Items {
			if i > 0 {
				x.buf.out = append(x.buf.out, ',')
			}
			if r.u != nil {
				x.buf.out = userEnc.user(x.buf.out, r.u, of.groupsOf(r.u), of.managers.of(r.u))
				err = x.flush()
			} else {
				err = x.encodeGroup(groupEnc, r.g, true)
			}
			if err != nil {
				return err
			}
		}
		x.buf.out = append(x.buf.out, "]}"...)
		return nil
	}}, nil
}

// listHead writes a ListResponse up to its resources. A page by cursor has no
// startIndex.
func (x *exchange) listHead(total, startIndex, items int, next string) {
	b := append(x.buf.out, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":`...)
	b = strconv.AppendInt(b, int64(total), 10)
	if startIndex > 0 {
		b = strconv.AppendInt(append(b, `,"startIndex":`...), int64(startIndex), 10)
	}
	b = strconv.AppendInt(append(b, `,"itemsPerPage":`...), int64(items), 10)
	if next != "" {
		b = append(append(append(b, `,"nextCursor":"`...), next...), '"')
	}
	x.buf.out = append(b, `,"Resources":[`...)
}

// listAny returns the page that a client asks for.
func (d *Directory) listAny(ctx context.Context, t Tenant, l *listRequest) (Page[resource], error) {
	users := func(q Query) (Page[resource], error) {
		p, err := d.listUsers(ctx, t, q)
		return pageOf(p, func(u *User) resource { return resource{u: u} }), err
	}
	groups := func(q Query) (Page[resource], error) {
		p, err := d.listGroups(ctx, t, q)
		return pageOf(p, func(g *Group) resource { return resource{g: g} }), err
	}
	switch {
	case l.kinds == usersOnly:
		return users(l.users)
	case l.kinds == groupsOnly:
		return groups(l.groups)
	case l.users.Sort != nil:
		m := merge{
			of: [2]listed{{list: users, q: l.users}, {list: groups, q: l.groups}},
			by: l.users.Sort,
		}
		return m.page()
	}
	return concat(listed{users, l.users}, listed{groups, l.groups})
}

func pageOf[T any](p Page[T], f func(T) resource) Page[resource] {
	out := Page[resource]{Total: p.Total, Next: p.Next}
	if len(p.Items) > 0 {
		out.Items = make([]resource, len(p.Items))
		for i, x := range p.Items {
			out.Items[i] = f(x)
		}
	}
	return out
}

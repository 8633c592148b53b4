package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"

	"github.com/usher-scim/scim"
)

// pageSize is the length of a page whose query leaves it to the store.
const pageSize = 1000

func limitOf(q scim.Query) int {
	if q.Limit == 0 {
		return pageSize
	}
	return q.Limit
}

// listing is a query of users or groups as a statement.
type listing struct {
	conditions
	table   string
	columns string
	where   []string
	order   order
	total   func(context.Context) (int, error) // where counting is not needed
}

// order is what a list is ordered by: a key, then when it was created, then the ID.
type order struct {
	key  string // an expression; "" for none
	time bool   // the key is a number of nanoseconds
	desc bool
}

func (l *listing) add(format string, args ...any) {
	l.where = append(l.where, fmt.Sprintf(format, args...))
}

// filtered adds what a query's filter says.
func (l *listing) filtered(q scim.Query) error {
	if q.Filter == nil {
		return nil
	}
	cond, err := l.sql(q.Filter.Condition(), l.row)
	if err != nil {
		return err
	}
	l.add("%s", cond)
	l.total = nil
	return nil
}

// sorted adds what a query's order says. Its parameters are bound after those of
// the filter, for a statement that counts does not have them.
func (l *listing) sorted(q scim.Query) error {
	if q.Sort == nil {
		return nil
	}
	l.order.desc = q.Sort.Descending()
	switch member := q.Sort.Member(); {
	case member == "":
	case member == "meta.created":
		l.order.key, l.order.time = "u.created", true
	case member == "meta.lastModified":
		l.order.key, l.order.time = "u.modified", true
	default:
		expr, err := l.row(member)
		if err != nil {
			return err
		}
		l.order.key = fmt.Sprintf("coalesce(substr(%s, 1, %d), '')", expr, scim.SortKeyLength)
	}
	return nil
}

// place is where a list goes on: behind the resource with this key.
type place struct {
	key     string
	created int64
	id      string
}

func (p place) String() string {
	return strconv.FormatInt(p.created, 10) + "." + strconv.Itoa(len(p.id)) + "." + p.id + p.key
}

func parsePlace(text string) (place, error) {
	created, rest, ok := strings.Cut(text, ".")
	length, rest, ok2 := strings.Cut(rest, ".")
	at, err := strconv.ParseInt(created, 10, 64)
	n, err2 := strconv.Atoi(length)
	if !ok || !ok2 || err != nil || err2 != nil || n < 0 || n > len(rest) || !validText(rest) {
		return place{}, scim.ErrPlace
	}
	return place{created: at, id: rest[:n], key: rest[n:]}, nil
}

// behind limits the list to what stands behind a place.
func (l *listing) behind(after string) error {
	p, err := parsePlace(after)
	if err != nil {
		return err
	}
	op := ">"
	if l.order.desc {
		op = "<"
	}
	at := l.bind(p.created) + "::bigint, " + l.bind(p.id) + "::text"
	switch {
	case l.order.key == "":
		l.add("(u.created, u.id) %s (%s)", op, at)
	case l.order.time:
		n, err := strconv.ParseInt(p.key, 10, 64)
		if err != nil {
			return scim.ErrPlace
		}
		l.add("(%s, u.created, u.id) %s (%s::bigint, %s)", l.order.key, op, l.bind(n), at)
	default:
		// What has no value stands last.
		key := l.bind(p.key) + "::text"
		l.add(`((CASE WHEN %[1]s = '' THEN 1 ELSE 0 END), %[1]s COLLATE "C", u.created, u.id) %[2]s ((CASE WHEN %[3]s = '' THEN 1 ELSE 0 END), %[3]s, %[4]s)`,
			l.order.key, op, key, at)
	}
	return nil
}

func (l *listing) orderBy() string {
	way := ""
	if l.order.desc {
		way = " DESC"
	}
	by := "u.created" + way + ", u.id" + way
	switch {
	case l.order.key == "":
		return by
	case l.order.time:
		return l.order.key + way + ", " + by
	}
	return fmt.Sprintf(`(CASE WHEN %[1]s = '' THEN 1 ELSE 0 END)%[2]s, %[1]s COLLATE "C"%[2]s, %[3]s`, l.order.key, way, by)
}

func (l *listing) from() string {
	return " FROM " + l.table + " u WHERE " + strings.Join(l.where, " AND ")
}

// count returns how many there are over all pages.
func (l *listing) count(ctx context.Context, q querier) (n int, err error) {
	if l.total != nil {
		return l.total(ctx)
	}
	err = q.dynamic(ctx, func(rows *sql.Rows) error { return rows.Scan(&n) }, "SELECT count(*)"+l.from(), l.args...)
	return n, err
}

// listPage returns a page of what l lists.
func listPage[T any](ctx context.Context, s *Store, l *listing, q scim.Query, scan func(withLast) (T, int64, string, error)) (scim.Page[T], error) {
	var page scim.Page[T]
	if err := l.filtered(q); err != nil {
		return page, err
	}
	if !q.NoTotal || q.Limit < 0 {
		var err error
		if page.Total, err = l.count(ctx, s.read()); err != nil || q.Limit < 0 {
			return page, err
		}
	}
	if err := l.sorted(q); err != nil {
		return page, err
	}
	if q.After != "" {
		if err := l.behind(q.After); err != nil {
			return page, err
		}
	}
	key := l.order.key
	if key == "" {
		key = "''"
	}
	limit := limitOf(q)
	statement := "SELECT " + l.columns + ", " + key + l.from() + " ORDER BY " + l.orderBy() +
		" LIMIT " + l.bind(limit+1) + "::bigint OFFSET " + l.bind(max(q.Offset, 0)) + "::bigint"
	var last place
	more := false
	err := s.read().dynamic(ctx, func(rows *sql.Rows) error {
		if len(page.Items) == limit {
			more = true
			return nil
		}
		var key string
		item, created, id, err := scan(withLast{rows, &key})
		page.Items, last = append(page.Items, item), place{key, created, id}
		return err
	}, statement, l.args...)
	if more {
		page.Next = last.String()
	}
	return page, err
}

// Users implements [scim.Store]. A page whose query has no Limit has at most 1,000
// users.
func (s *Store) Users(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.User], error) {
	if q.Status > scim.StatusArchived {
		return scim.Page[*scim.User]{}, ctx.Err()
	}
	l := &listing{conditions: conditions{binder: &binder{args: []any{t}}, d: s.d}, table: "usher_users", columns: userColumns}
	l.add("u.tenant = $1")
	if q.Status == 0 {
		l.add("u.status <> 4")
	} else {
		l.add("u.status = %d", q.Status)
	}
	l.total = func(ctx context.Context) (int, error) {
		c, err := s.Counts(ctx, t)
		return []int{c.Active + c.Deactivated + c.Held, c.Active, c.Deactivated, c.Held, c.Archived}[q.Status], err
	}
	if q.Folder != (scim.FolderKey{}) {
		l.add("u.id IN (SELECT f.user_id FROM usher_folders f WHERE f.tenant = $1 AND f.root = %s AND f.name_key = %s)",
			l.bind(q.Folder.Root), l.bind(folderKey(q.Folder.Name)))
		l.total = nil
	}
	return listPage(ctx, s, l, q, func(r withLast) (*scim.User, int64, string, error) {
		u, err := scanUser(r)
		if err != nil {
			return nil, 0, "", err
		}
		return u, nanos(u.Created), u.ID, nil
	})
}

// Groups implements [scim.Store]. A page whose query has no Limit has at most 1,000
// groups.
func (s *Store) Groups(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.Group], error) {
	l := &listing{conditions: conditions{binder: &binder{args: []any{t}}, d: s.d, group: true}, table: "usher_groups", columns: groupColumns}
	l.add("u.tenant = $1")
	return listPage(ctx, s, l, q, func(r withLast) (*scim.Group, int64, string, error) {
		g, err := scanGroup(r)
		if err != nil {
			return nil, 0, "", err
		}
		return g, nanos(g.Created), g.ID, nil
	})
}

package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/usher-scim/scim"
)

const groupColumns = "u.id, u.revision, u.created, u.modified, u.connection, u.name, u.name_key, u.external_id"

func scanGroup(rows interface{ Scan(dest ...any) error }) (*scim.Group, error) {
	var (
		g                           scim.Group
		revision, created, modified int64
	)
	err := rows.Scan(&g.ID, &revision, &created, &modified, &g.Connection, &g.DisplayName, &g.Key, &g.ExternalID)
	g.Version, g.Created, g.Modified = version(revision), fromNanos(created), fromNanos(modified)
	return &g, err
}

// CreateGroup implements [scim.Store].
func (s *Store) CreateGroup(ctx context.Context, t scim.Tenant, g *scim.Group, members []string, e *scim.Event) (*scim.Group, error) {
	if g.ID == "" {
		return nil, errors.New("sqlstore: a group without an ID")
	}
	out := *g
	out.Version, out.Modified, out.Key = version(1), utc(e.Time), scim.Fold(g.DisplayName)
	if out.Created = utc(g.Created); g.Created.IsZero() {
		out.Created = out.Modified
	}
	err := s.write(ctx, func(q querier) (*Write, error) {
		e.Tenant, e.Added, e.Removed, e.Left = t, nil, nil, nil
		_, err := q.exec(ctx, `INSERT INTO usher_groups (tenant, id, revision, created, modified, connection, name, name_key, external_id)
			VALUES ($1, $2, 1, $3, $4, $5, $6, $7, $8)`,
			t, g.ID, nanos(out.Created), nanos(out.Modified), out.Connection, out.DisplayName, out.Key, out.ExternalID)
		if err != nil {
			return nil, err
		}
		if e.Added, err = q.addMembers(ctx, t, g.ID, members); err != nil {
			return nil, err
		}
		if len(e.Added) > 0 {
			if _, err := q.exec(ctx, `UPDATE usher_groups SET members = $3 WHERE tenant = $1 AND id = $2`, t, g.ID, len(e.Added)); err != nil {
				return nil, err
			}
		}
		return &Write{Tenant: t, Event: e, Group: &out}, q.event(ctx, t, e)
	})
	if err = refusal(err); err != nil {
		return nil, err
	}
	return &out, nil
}

// UpdateGroup implements [scim.Store].
func (s *Store) UpdateGroup(ctx context.Context, t scim.Tenant, id string, c scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error) {
	if s.d.atOnce && c.DisplayName == nil && c.ExternalID == nil && !c.Exact {
		return s.changeMembers(ctx, t, id, c, g, e)
	}
	var out *scim.Group
	err := s.write(ctx, func(q querier) (*Write, error) {
		e.Tenant, e.Added, e.Removed, e.Left, e.Seq = t, nil, nil, nil, ""
		before, err := q.lockGroup(ctx, t, id, g)
		if err != nil {
			return nil, err
		}
		if out, err = q.changeGroup(ctx, t, before, c, e); err != nil {
			return nil, err
		}
		if out.Version == before.Version {
			return nil, nil
		}
		return &Write{Tenant: t, Event: e, Group: out}, nil
	})
	if err = refusal(err); err != nil {
		return nil, err
	}
	return out, nil
}

// lockGroup locks a group for a write.
func (q querier) lockGroup(ctx context.Context, t scim.Tenant, id string, g scim.Guard) (*scim.Group, error) {
	var before *scim.Group
	err := q.query(ctx, func(rows *sql.Rows) (err error) {
		before, err = scanGroup(rows)
		return err
	}, `SELECT `+groupColumns+` FROM usher_groups u WHERE u.tenant = $1 AND u.id = $2 FOR UPDATE`, t, id)
	switch {
	case err != nil:
		return nil, err
	case before == nil:
		return nil, scim.ErrNotFound
	case g.Version != "" && g.Version != before.Version:
		return nil, scim.ErrVersion
	}
	return before, nil
}

// changeGroup makes a change of a group that is locked.
func (q querier) changeGroup(ctx context.Context, t scim.Tenant, before *scim.Group, c scim.GroupChange, e *scim.Event) (*scim.Group, error) {
	out := *before
	if c.DisplayName != nil {
		out.DisplayName, out.Key = *c.DisplayName, scim.Fold(*c.DisplayName)
	}
	if c.ExternalID != nil {
		out.ExternalID = *c.ExternalID
	}
	// The names first, so that one that is taken is told before a member who is
	// unknown.
	if out != *before {
		_, err := q.exec(ctx, `UPDATE usher_groups SET name = $3, name_key = $4, external_id = $5 WHERE tenant = $1 AND id = $2`,
			t, out.ID, out.DisplayName, out.Key, out.ExternalID)
		if err != nil {
			return nil, err
		}
	}
	removed, err := q.removeMembers(ctx, t, out.ID, c)
	if err != nil {
		return nil, err
	}
	added, err := q.addMembers(ctx, t, out.ID, c.Add)
	if err != nil {
		return nil, err
	}
	if out == *before && len(added)+len(removed) == 0 {
		return &out, nil
	}
	if c.Connection != "" {
		out.Connection = c.Connection
	}
	if err := q.touch(ctx, t, []string{out.ID}, len(added)-len(removed), out.Connection, e.Time); err != nil {
		return nil, err
	}
	rev, _ := revision(before.Version)
	out.Version, out.Modified = version(rev+1), utc(e.Time)
	e.Added, e.Removed, e.Name, e.Changes = added, removed, out.DisplayName, c.Changes(before)
	return &out, q.event(ctx, t, e)
}

// touch gives groups that have changed a new revision. A connection that is "" is
// left.
func (q querier) touch(ctx context.Context, t scim.Tenant, groups []string, members int, connection string, at time.Time) error {
	_, err := q.exec(ctx, `UPDATE usher_groups SET revision = revision + 1, modified = $3, members = members + $4,
		connection = CASE WHEN $5::text = '' THEN connection ELSE $5::text END
		WHERE tenant = $1 AND id = ANY($2)`, t, groups, nanos(at), members, connection)
	return err
}

// removeMembers takes members out of a group and returns who they were.
func (q querier) removeMembers(ctx context.Context, t scim.Tenant, group string, c scim.GroupChange) ([]string, error) {
	query, of := `DELETE FROM usher_members WHERE tenant = $1 AND group_id = $2 AND member = ANY($3) RETURNING member`, c.Remove
	if c.Exact {
		query, of = `DELETE FROM usher_members WHERE tenant = $1 AND group_id = $2 AND member <> ALL($3) RETURNING member`, c.Add
	} else if len(of) == 0 {
		return nil, nil
	}
	return q.strings(ctx, query, t, group, of)
}

// strings runs a statement that returns one column of text.
func (q querier) strings(ctx context.Context, query string, args ...any) ([]string, error) {
	var out []string
	err := q.query(ctx, func(rows *sql.Rows) error {
		var s string
		err := rows.Scan(&s)
		out = append(out, s)
		return err
	}, query, args...)
	return out, err
}

// addMembers puts users and groups into a group and returns those that were not in
// it. They are locked against being archived or deleted meanwhile.
func (q querier) addMembers(ctx context.Context, t scim.Tenant, group string, members []string) ([]string, error) {
	if len(members) == 0 {
		return nil, nil
	}
	users, err := q.strings(ctx, `SELECT u.id FROM usher_users u
		WHERE u.tenant = $1 AND u.id = ANY($2) AND u.status <> 4 ORDER BY u.id FOR SHARE`, t, members)
	if err != nil {
		return nil, err
	}
	known := make(map[string]edge, len(members))
	for _, id := range users {
		known[id] = edge{ID: id, User: true}
	}
	if len(users) < len(members) {
		groups, err := q.strings(ctx, `SELECT u.id FROM usher_groups u
			WHERE u.tenant = $1 AND u.id = ANY($2) AND u.id <> $3 ORDER BY u.id FOR KEY SHARE`, t, members, group)
		if err != nil {
			return nil, err
		}
		for _, id := range groups {
			known[id] = edge{ID: id}
		}
	}
	if unknown := unknownOf(members, known); unknown != nil {
		return nil, &scim.UnknownMembersError{Members: unknown}
	}
	edges := make([]edge, len(members))
	for i, id := range members {
		edges[i] = known[id]
	}
	rows, err := list(edges)
	if err != nil {
		return nil, err
	}
	added, err := q.strings(ctx, `INSERT INTO usher_members (tenant, group_id, member, user_id, sub_id)
		SELECT $1::text, $2::text, x.value->>'id', CASE WHEN x.value->>'user' IS NOT NULL THEN x.value->>'id' END,
			CASE WHEN x.value->>'user' IS NULL THEN x.value->>'id' END
		FROM objects($3) AS x WHERE x.value IS NOT NULL ON CONFLICT DO NOTHING RETURNING member`, t, group, rows)
	return inOrder(added, members), err
}

// edge is a member as it goes into the table.
type edge struct {
	ID   string `json:"id"`
	User bool   `json:"user,omitempty"`
}

// inOrder puts what was added into the order that it was asked for.
func inOrder(added, asked []string) []string {
	if len(added) < 2 {
		return added
	}
	at := make(map[string]int, len(asked))
	for i, id := range slices.Backward(asked) {
		at[id] = i
	}
	slices.SortFunc(added, func(a, b string) int { return at[a] - at[b] })
	return added
}

func unknownOf(asked []string, known map[string]edge) []string {
	var unknown []string
	for _, id := range asked {
		if _, ok := known[id]; !ok && !slices.Contains(unknown, id) {
			unknown = append(unknown, id)
		}
	}
	return unknown
}

// leaveAll takes a member, which a column names, out of all groups, and returns them
// in order of their creation. The member is locked, so it is in no more of them; from
// some it may have been removed until they are locked, too.
func (q querier) leaveAll(ctx context.Context, t scim.Tenant, column, member string, at time.Time) ([]string, error) {
	groups, err := q.strings(ctx, `SELECT u.id FROM usher_groups u JOIN usher_members m ON m.tenant = u.tenant AND m.group_id = u.id
		WHERE m.tenant = $1 AND m.`+column+` = $2 ORDER BY u.created, u.id FOR UPDATE OF u`, t, member)
	if err != nil || len(groups) == 0 {
		return nil, err
	}
	left, err := q.strings(ctx, `DELETE FROM usher_members WHERE tenant = $1 AND `+column+` = $2 RETURNING group_id`, t, member)
	if err != nil || len(left) == 0 {
		return nil, err
	}
	return inOrder(left, groups), q.touch(ctx, t, left, -1, "", at)
}

// DeleteGroup implements [scim.Store].
func (s *Store) DeleteGroup(ctx context.Context, t scim.Tenant, id string, g scim.Guard, e *scim.Event) error {
	return s.write(ctx, func(q querier) (*Write, error) {
		e.Tenant = t
		if _, err := q.lockGroup(ctx, t, id, g); err != nil {
			return nil, err
		}
		var err error
		if e.Left, err = q.leaveAll(ctx, t, "sub_id", id, e.Time); err != nil {
			return nil, err
		}
		if _, err := q.exec(ctx, `DELETE FROM usher_members WHERE tenant = $1 AND group_id = $2`, t, id); err != nil {
			return nil, err
		}
		if _, err := q.exec(ctx, `DELETE FROM usher_groups WHERE tenant = $1 AND id = $2`, t, id); err != nil {
			return nil, err
		}
		return &Write{Tenant: t, Event: e}, q.event(ctx, t, e)
	})
}

// Group implements [scim.Store].
func (s *Store) Group(ctx context.Context, t scim.Tenant, id string) (*scim.Group, error) {
	return s.read().group(ctx, t, id)
}

func (q querier) group(ctx context.Context, t scim.Tenant, id string) (*scim.Group, error) {
	var g *scim.Group
	err := q.query(ctx, func(rows *sql.Rows) (err error) {
		g, err = scanGroup(rows)
		return err
	}, `SELECT `+groupColumns+` FROM usher_groups u WHERE u.tenant = $1 AND u.id = $2`, t, id)
	if err == nil && g == nil {
		return nil, scim.ErrNotFound
	}
	return g, err
}

// FindGroups implements [scim.Store].
func (s *Store) FindGroups(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.Group, error) {
	b := newFinder(t, false)
	b.named("id", f.IDs)
	b.named("external_id", f.ExternalIDs)
	b.named("name_key", f.Names)
	if b.empty() {
		return nil, ctx.Err()
	}
	var out []*scim.Group
	err := s.read().query(ctx, func(rows *sql.Rows) error {
		g, err := scanGroup(rows)
		out = append(out, g)
		return err
	}, b.query(groupColumns, "usher_groups"), b.args...)
	return out, err
}

// Members implements [scim.Store]. A page whose query has no Limit has at most
// 1,000 members.
func (s *Store) Members(ctx context.Context, t scim.Tenant, group string, q scim.Query) (scim.Page[scim.Member], error) {
	var page scim.Page[scim.Member]
	after, err := sequence(q.After)
	if err != nil {
		return page, err
	}
	err = s.read().row(ctx, []any{&page.Total}, `SELECT members FROM usher_groups WHERE tenant = $1 AND id = $2`, t, group)
	if err != nil || q.Limit < 0 {
		return page, found(err)
	}
	limit, last := limitOf(q), int64(0)
	err = s.read().query(ctx, func(rows *sql.Rows) error {
		if len(page.Items) == limit {
			page.Next = version(last)
			return nil
		}
		var m scim.Member
		err := rows.Scan(&last, &m.ID, &m.Group, &m.Display)
		page.Items = append(page.Items, m)
		return err
	}, `SELECT m.seq, m.member, m.sub_id IS NOT NULL, coalesce(u.label, g.name) FROM usher_members m INDEXED BY usher_members_seq
		LEFT JOIN usher_users u ON u.tenant = m.tenant AND u.id = m.user_id
		LEFT JOIN usher_groups g ON g.tenant = m.tenant AND g.id = m.sub_id
		WHERE m.tenant = $1 AND m.group_id = $2 AND m.seq > $3 ORDER BY m.seq LIMIT $4 OFFSET $5`,
		t, group, after, int64(limit)+1, max(q.Offset, 0))
	return page, err
}

// GroupsOf implements [scim.Store].
func (s *Store) GroupsOf(ctx context.Context, t scim.Tenant, ids []string) (map[string][]scim.GroupRef, error) {
	if len(ids) == 0 {
		return nil, ctx.Err()
	}
	b := binder{args: []any{t}}
	in := b.oneOf(ids)
	out := make(map[string][]scim.GroupRef)
	// SQLite takes the tables of a CROSS JOIN in this order, and not all groups first.
	err := s.read().query(ctx, func(rows *sql.Rows) error {
		var (
			member string
			ref    scim.GroupRef
		)
		err := rows.Scan(&member, &ref.ID, &ref.Display)
		out[member] = append(out[member], ref)
		return err
	}, `SELECT x.member, g.id, g.name FROM (
			SELECT user_id AS member, group_id FROM usher_members WHERE tenant = $1 AND user_id`+in+`
			UNION ALL SELECT sub_id, group_id FROM usher_members WHERE tenant = $1 AND sub_id`+in+`
		) x CROSS JOIN usher_groups g WHERE g.tenant = $1 AND g.id = x.group_id ORDER BY g.created, g.id`, b.args...)
	return out, err
}

// validText reports whether a text is one that a database can compare.
func validText(s string) bool {
	return strings.ToValidUTF8(s, "") == s && !strings.ContainsRune(s, 0)
}

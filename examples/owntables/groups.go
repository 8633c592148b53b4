package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/usher-scim/scim"
)

// team is what a group is read from.
const team = `SELECT scim_id, version, created_at, changed_at, connection, name, external_id, name_key FROM teams`

func scanGroup(row scanner) (*scim.Group, error) {
	var (
		g                 scim.Group
		created, modified string
	)
	err := row.Scan(&g.ID, &g.Version, &created, &modified, &g.Connection, &g.DisplayName, &g.ExternalID, &g.Key)
	g.Created, g.Modified = parseTime(created), parseTime(modified)
	return &g, err
}

// group returns a team and its number.
func (q querier) group(ctx context.Context, t scim.Tenant, id string) (*scim.Group, int64, error) {
	g, err := one(ctx, q, scanGroup, team+` WHERE company = ? AND scim_id = ?`, string(t), id)
	if err != nil {
		return nil, 0, err
	}
	number, err := one(ctx, q, value[int64], `SELECT id FROM teams WHERE company = ? AND scim_id = ?`, string(t), id)
	return g, number, err
}

// CreateGroup makes a team.
func (s *store) CreateGroup(ctx context.Context, t scim.Tenant, g *scim.Group, members []string, e *scim.Event) (*scim.Group, error) {
	out := *g
	if out.Created.IsZero() {
		out.Created = e.Time
	}
	out.Created, out.Modified = out.Created.UTC().Truncate(time.Millisecond), e.Time.UTC().Truncate(time.Millisecond)
	out.Version, out.Key = "1", scim.Fold(g.DisplayName)
	err := s.write(ctx, func(q querier) error {
		if _, err := q.exec(ctx, `INSERT INTO companies (name) VALUES (?) ON CONFLICT DO NOTHING`, string(t)); err != nil {
			return err
		}
		id, err := one(ctx, q, value[int64], `INSERT INTO teams (company, scim_id, version, created_at, changed_at, connection, name, external_id, name_key)
			VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?) RETURNING id`,
			string(t), out.ID, timeText(out.Created), timeText(out.Modified), out.Connection, out.DisplayName, out.ExternalID, out.Key)
		if err != nil {
			return err
		}
		e.Removed, e.Left = nil, nil
		if e.Added, err = q.add(ctx, t, id, members); err != nil {
			return err
		}
		return q.event(ctx, t, e)
	})
	if err != nil {
		return nil, err
	}
	return &out, nil
}

// UpdateGroup changes a team, if that changes anything.
func (s *store) UpdateGroup(ctx context.Context, t scim.Tenant, id string, c scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error) {
	var out *scim.Group
	err := s.write(ctx, func(q querier) error {
		before, number, err := q.group(ctx, t, id)
		if err != nil {
			return err
		}
		if g.Version != "" && g.Version != before.Version {
			return scim.ErrVersion
		}
		after := *before
		if c.DisplayName != nil {
			after.DisplayName, after.Key = *c.DisplayName, scim.Fold(*c.DisplayName)
		}
		if c.ExternalID != nil {
			after.ExternalID = *c.ExternalID
		}
		out = &after
		// The names first: one that is taken is told before a member who is unknown.
		_, err = q.exec(ctx, `UPDATE teams SET name = ?, name_key = ?, external_id = ? WHERE id = ?`, after.DisplayName, after.Key, after.ExternalID, number)
		if err != nil {
			return err
		}
		if e.Removed, err = q.remove(ctx, t, number, c); err != nil {
			return err
		}
		if e.Added, err = q.add(ctx, t, number, c.Add); err != nil {
			return err
		}
		if e.Seq, e.Left = "", nil; after == *before && len(e.Added)+len(e.Removed) == 0 {
			return nil
		}
		if c.Connection != "" {
			after.Connection = c.Connection
		}
		after.Modified = e.Time.UTC().Truncate(time.Millisecond)
		after.Version, err = one(ctx, q, value[string], `UPDATE teams SET version = version + 1, changed_at = ?, connection = ? WHERE id = ? RETURNING version`,
			timeText(after.Modified), after.Connection, number)
		if err != nil {
			return err
		}
		e.Name, e.Changes = after.DisplayName, c.Changes(before)
		return q.event(ctx, t, e)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// edge is a table of members, and the table of who is in it.
type edge struct{ table, column, of, live string }

// find selects those that have one of some IDs, and by these: left to itself,
// SQLite goes through all of the company.
func (e edge) find() string {
	return `SELECT scim_id, ` + e.of + `.id FROM json_each(?2) CROSS JOIN ` + e.of + ` ON company = ?1 AND scim_id = value WHERE ` + e.live
}

// edges are the tables of members there are.
var edges = []edge{
	{"team_members", "account_id", "accounts", "status <> 4"},
	{"scim_subteams", "subteam_id", "teams", "1 = 1"},
}

// add puts accounts and teams into a team and returns those that were not in it.
func (q querier) add(ctx context.Context, t scim.Tenant, group int64, members []string) ([]string, error) {
	type member struct {
		id     string
		number int64
		insert string
	}
	known := make(map[string]member, len(members))
	for _, e := range edges {
		found, err := all(ctx, q, func(row scanner) (m member, err error) {
			err = row.Scan(&m.id, &m.number)
			return m, err
		}, e.find(), string(t), list(members))
		if err != nil {
			return nil, err
		}
		for _, m := range found {
			if m.insert = `INSERT INTO ` + e.table + ` (team_id, ` + e.column + `) VALUES (?, ?) ON CONFLICT DO NOTHING`; e.of != "teams" || m.number != group {
				known[m.id] = m
			}
		}
	}
	var added, unknown []string
	for _, id := range members {
		if _, ok := known[id]; !ok && !slices.Contains(unknown, id) {
			unknown = append(unknown, id)
		}
	}
	if unknown != nil {
		return nil, &scim.UnknownMembersError{Members: unknown}
	}
	for _, id := range members {
		n, err := q.exec(ctx, known[id].insert, group, known[id].number)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			added = append(added, id)
		}
	}
	return added, nil
}

// remove takes members out of a team and returns who they were.
func (q querier) remove(ctx context.Context, t scim.Tenant, group int64, c scim.GroupChange) ([]string, error) {
	which, of := "IN", c.Remove
	if c.Exact {
		which, of = "NOT IN", c.Add
	}
	var gone []string
	for _, e := range edges {
		out, err := all(ctx, q, value[string], `DELETE FROM `+e.table+` WHERE team_id = ? AND `+e.column+` `+which+`
			(SELECT id FROM `+e.of+` WHERE company = ? AND scim_id IN (SELECT value FROM json_each(?)))
			RETURNING (SELECT scim_id FROM `+e.of+` WHERE id = `+e.column+`)`, group, string(t), list(of))
		if err != nil {
			return nil, err
		}
		gone = append(gone, out...)
	}
	return gone, nil
}

// leaveAll takes an account, or a team, out of all teams and returns them.
func (q querier) leaveAll(ctx context.Context, table, column string, id int64, at time.Time) ([]string, error) {
	left, err := all(ctx, q, value[string], `SELECT scim_id FROM teams WHERE id IN (SELECT team_id FROM `+table+` WHERE `+column+` = ?) ORDER BY created_at, scim_id`, id)
	if err != nil || len(left) == 0 {
		return nil, err
	}
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`UPDATE teams SET version = version + 1, changed_at = ? WHERE id IN (SELECT team_id FROM ` + table + ` WHERE ` + column + ` = ?)`, []any{timeText(at), id}},
		{`DELETE FROM ` + table + ` WHERE ` + column + ` = ?`, []any{id}},
	} {
		if _, err := q.exec(ctx, step.query, step.args...); err != nil {
			return nil, err
		}
	}
	return left, nil
}

// DeleteGroup deletes a team.
func (s *store) DeleteGroup(ctx context.Context, t scim.Tenant, id string, g scim.Guard, e *scim.Event) error {
	return s.write(ctx, func(q querier) error {
		before, number, err := q.group(ctx, t, id)
		if err != nil {
			return err
		}
		if g.Version != "" && g.Version != before.Version {
			return scim.ErrVersion
		}
		if e.Left, err = q.leaveAll(ctx, "scim_subteams", "subteam_id", number, e.Time); err != nil {
			return err
		}
		if _, err := q.exec(ctx, `DELETE FROM teams WHERE id = ?`, number); err != nil { // and who was in it, by the cascade
			return err
		}
		return q.event(ctx, t, e)
	})
}

// Group returns a team.
func (s *store) Group(ctx context.Context, t scim.Tenant, id string) (*scim.Group, error) {
	g, _, err := s.read().group(ctx, t, id)
	return g, err
}

// FindGroups searches an index for each kind of entry.
func (s *store) FindGroups(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.Group, error) {
	const search = `SELECT id FROM teams WHERE company = ?1 AND `
	return all(ctx, s.read(), scanGroup, team+` WHERE id IN (`+
		search+`scim_id IN (SELECT value FROM json_each(?2)) UNION `+
		search+`external_id <> '' AND external_id IN (SELECT value FROM json_each(?3)) UNION `+
		search+`name_key IN (SELECT value FROM json_each(?4))) ORDER BY created_at, scim_id`, string(t), list(f.IDs), list(f.ExternalIDs), list(f.Names))
}

// Groups returns a page of teams.
func (s *store) Groups(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.Group], error) {
	err, total := declined(q), 0
	if err == nil {
		total, err = one(ctx, s.read(), value[int], `SELECT count(*) FROM teams WHERE company = ?`, string(t))
	}
	if err != nil {
		return scim.Page[*scim.Group]{}, err
	}
	return pageOf(ctx, s, q, total, scanGroup, func(g *scim.Group) string { return place(g.Created, g.ID) }, team+` WHERE company = ?`, string(t))
}

// Members returns a page of who is in a team.
func (s *store) Members(ctx context.Context, t scim.Tenant, group string, q scim.Query) (scim.Page[scim.Member], error) {
	var page scim.Page[scim.Member]
	after, err := strconv.ParseInt(cmp.Or(q.After, "0"), 10, 64)
	if err != nil || after < 0 {
		return page, scim.ErrPlace
	}
	_, number, err := s.read().group(ctx, t, group)
	if err == nil {
		page.Total, err = one(ctx, s.read(), value[int], `SELECT members FROM teams WHERE id = ?`, number)
	}
	if err != nil || q.Limit < 0 {
		return page, err
	}
	limit, seq := limitOf(q.Limit), make([]int64, 0, 1)
	page.Items, err = all(ctx, s.read(), func(row scanner) (m scim.Member, err error) {
		var n int64
		err = row.Scan(&n, &m.ID, &m.Group, &m.Display)
		seq = append(seq, n)
		return m, err
	}, `SELECT seq, member, is_team, label FROM scim_members WHERE team_id = ? AND seq > ? ORDER BY seq LIMIT ? OFFSET ?`, number, after, limit+1, q.Offset)
	if len(page.Items) > limit {
		page.Items, page.Next = page.Items[:limit], strconv.FormatInt(seq[limit-1], 10)
	}
	return page, err
}

// GroupsOf returns the teams of each.
func (s *store) GroupsOf(ctx context.Context, t scim.Tenant, ids []string) (map[string][]scim.GroupRef, error) {
	out := make(map[string][]scim.GroupRef)
	_, err := all(ctx, s.read(), func(row scanner) (ref scim.GroupRef, err error) {
		var member string
		err = row.Scan(&member, &ref.ID, &ref.Display)
		out[member] = append(out[member], ref)
		return ref, err
	}, `SELECT m.member, t.scim_id, t.name FROM scim_members m JOIN teams t ON t.id = m.team_id
		WHERE m.company = ? AND m.member IN (SELECT value FROM json_each(?)) ORDER BY t.created_at, t.scim_id`, string(t), list(ids))
	return out, err
}

package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/usher-scim/scim"
)

// This file has the writes that come most often as one statement each, for a
// database whose statements can write several tables: one round trip, and no lock
// is held while the application thinks.

// createAtOnce takes the seat first: what follows depends on its row, so that
// without one nothing happens. Parameters: $1 tenant, $2 id, $3 created, $4
// modified, $5 status, $6 to $10 keys, $11 document, $12 index, $13 addresses, $14
// folders, $15 to $18 counters, $19 seats, $20 event, $21 its time, $22 and $23
// whom it is about.
const createAtOnce = `WITH seat AS (
	INSERT INTO usher_tenants AS t (tenant, active, deactivated, held, archived)
	SELECT $1::text, $15::bigint, $16::bigint, $17::bigint, $18::bigint WHERE $15::bigint = 0 OR $19::bigint <> 0
	ON CONFLICT (tenant) DO UPDATE SET active = t.active + excluded.active, deactivated = t.deactivated + excluded.deactivated,
		held = t.held + excluded.held, archived = t.archived + excluded.archived
	WHERE excluded.active = 0 OR $19::bigint < 0 OR t.active < $19::bigint
	RETURNING 1
), usr AS (` + insertUser + ` FROM seat RETURNING 1
), adr AS (
	INSERT INTO usher_addresses (tenant, user_id, address)
	SELECT DISTINCT $1::text, $2::text, x.value FROM usr, texts($13) AS x
), fld AS (` + insertFoldersOf + ` FROM usr, objects($14) AS x
)
INSERT INTO usher_events (tenant, at, user_id, group_id, doc) SELECT $1::text, $21::bigint, $22::text, $23::text, $20::json FROM usr RETURNING seq`

func (s *Store) createAtOnce(ctx context.Context, q querier, t scim.Tenant, row *userRow, out *scim.User, g scim.Guard, e *scim.Event) error {
	u := row.u
	doc, err := eventDoc(e)
	if err != nil {
		return err
	}
	var n [scim.StatusArchived + 1]int
	n[u.Status]++
	var seq int64
	err = q.row(ctx, []any{&seq}, createAtOnce, t, u.ID, nanos(out.Created), nanos(out.Modified), u.Status,
		u.Keys.UserName, u.Keys.Email, u.ExternalID, u.Keys.Label, scim.Fold(u.Keys.Label), row.doc, row.index, row.others, row.in,
		n[scim.StatusActive], n[scim.StatusDeactivated], n[scim.StatusHeld], n[scim.StatusArchived], seatsOf(g.Seats),
		doc, nanos(e.Time), e.UserID, e.GroupID)
	if errors.Is(err, sql.ErrNoRows) {
		return scim.ErrSeats
	}
	e.Seq = version(seq)
	return err
}

// updateAtOnce locks the user in the version that the write is based on; what
// follows depends on its row, and on that of the seat where the status changes. That
// somebody else wrote meanwhile would hide their rows from this statement, but they
// would have changed the version, too. That there is one user at the most is said to
// the planner, which may take more for likely and then compiles what is done once.
// Parameters: $1 tenant, $2 id, $3 the revision, $4 modified, $5 status, $6 to $10 keys,
// $11 document, $12 index, $13 addresses, $14 folders, $15 seats, $16 event, $17 its time,
// $18 and $19 whom it is about.
const updateAtOnce = `WITH old AS (
	SELECT u.created, u.status FROM usher_users u WHERE u.tenant = $1 AND u.id = $2 AND u.revision = $3::bigint LIMIT 1 FOR UPDATE
), seat AS (
	UPDATE usher_tenants t SET
		active = t.active + ($5::smallint = 1)::int - (old.status = 1)::int,
		deactivated = t.deactivated + ($5::smallint = 2)::int - (old.status = 2)::int,
		held = t.held + ($5::smallint = 3)::int - (old.status = 3)::int,
		archived = t.archived - (old.status = 4)::int
	FROM old WHERE t.tenant = $1 AND old.status <> $5::smallint AND ($5::smallint <> 1 OR $15::bigint < 0 OR t.active < $15::bigint)
	RETURNING 1
), usr AS (
	UPDATE usher_users u SET revision = u.revision + 1, modified = $4::bigint, status = $5::smallint, user_name = $6::text, email = $7::text,
		external_id = $8::text, label = $9::text, label_key = $10::text, doc = $11::json, idx = $12::jsonb
	FROM old WHERE u.tenant = $1 AND u.id = $2 AND (old.status = $5::smallint OR EXISTS (SELECT 1 FROM seat))
	RETURNING old.created
), one AS (
	SELECT created FROM usr LIMIT 1
), less AS (
	DELETE FROM usher_addresses a USING one WHERE a.tenant = $1 AND a.user_id = $2 AND a.address <> ALL($13)
), adr AS (
	INSERT INTO usher_addresses (tenant, user_id, address)
	SELECT DISTINCT $1::text, $2::text, x.value FROM one, texts($13) AS x ON CONFLICT DO NOTHING
), gone AS (
	DELETE FROM usher_folders f USING one WHERE f.tenant = $1 AND f.user_id = $2
		AND NOT EXISTS (SELECT 1 FROM objects($14) AS x WHERE x.value->>'root' = f.root AND x.value->>'key' = f.name_key)
), fld AS (` + insertFoldersOf + ` FROM one, objects($14) AS x ON CONFLICT DO NOTHING
), evt AS (
	INSERT INTO usher_events (tenant, at, user_id, group_id, doc) SELECT $1::text, $17::bigint, $18::text, $19::text, $16::json FROM one RETURNING seq
)
SELECT (SELECT count(*) FROM old), coalesce((SELECT created FROM one), 0), coalesce((SELECT seq FROM evt), 0)`

func (s *Store) updateAtOnce(ctx context.Context, q querier, t scim.Tenant, row *userRow, out *scim.User, g scim.Guard, e *scim.Event) error {
	u := row.u
	doc, err := eventDoc(e)
	if err != nil {
		return err
	}
	rev, ok := revision(g.Version)
	if !ok {
		rev = -1
	}
	var found, created, seq int64
	err = q.row(ctx, []any{&found, &created, &seq}, updateAtOnce, t, u.ID, rev, nanos(out.Modified), u.Status,
		u.Keys.UserName, u.Keys.Email, u.ExternalID, u.Keys.Label, scim.Fold(u.Keys.Label), row.doc, row.index, row.others, row.in,
		seatsOf(g.Seats), doc, nanos(e.Time), e.UserID, e.GroupID)
	switch {
	case err != nil:
		return err
	case found == 0:
		return q.notThisVersion(ctx, t, u.ID)
	case seq == 0:
		return scim.ErrSeats
	}
	out.Version, out.Created, e.Seq = version(rev+1), fromNanos(created), version(seq)
	return nil
}

// notThisVersion says why a user was not found in the version that was asked for.
func (q querier) notThisVersion(ctx context.Context, t scim.Tenant, id string) error {
	var one int
	err := q.row(ctx, []any{&one}, `SELECT 1 FROM usher_users WHERE tenant = $1 AND id = $2`, t, id)
	if err == nil {
		return scim.ErrVersion
	}
	return found(err)
}

// changeMembers adds and removes members by name. The members are locked before
// the group, as by whoever archives one. A member that somebody else is adding or
// removing at the same time is waited for by the key of the membership.
//
// Parameters: $1 tenant, $2 group, $3 who comes, $4 who goes, $5 the revision, 0 for
// any, $6 time, $7 connection, $8 event, $9 and $10 whom it is about.
const changeMembers = `WITH asked AS (
	SELECT DISTINCT x.value AS id FROM texts($3) AS x
), people AS (
	SELECT u.id FROM usher_users u WHERE u.tenant = $1 AND u.id = ANY($3) AND u.status <> 4 ORDER BY u.id FOR SHARE
), subs AS (
	SELECT s.id FROM usher_groups s WHERE s.tenant = $1 AND s.id = ANY($3) AND s.id <> $2 ORDER BY s.id FOR KEY SHARE
), known AS (
	SELECT id, id AS user_id, NULL::text AS sub_id FROM people UNION ALL SELECT id, NULL, id FROM subs
), strangers AS (
	SELECT id FROM asked WHERE id NOT IN (SELECT id FROM known)
), grp AS (
	SELECT g.revision FROM usher_groups g
	WHERE g.tenant = $1 AND g.id = $2 AND ($5::bigint = 0 OR g.revision = $5::bigint) AND (SELECT count(*) FROM strangers) = 0 FOR UPDATE
), come AS (
	INSERT INTO usher_members (tenant, group_id, member, user_id, sub_id)
	SELECT $1::text, $2::text, k.id, k.user_id, k.sub_id FROM grp, known k JOIN (
		SELECT x.value AS id, min(x.at) AS at FROM unnest($3::text[]) WITH ORDINALITY AS x(value, at) GROUP BY x.value
	) o ON o.id = k.id ORDER BY o.at
	ON CONFLICT DO NOTHING RETURNING member
), go AS (
	DELETE FROM usher_members m USING grp
	WHERE m.tenant = $1 AND m.group_id = $2 AND m.member = ANY($4) RETURNING m.member
), done AS (
	SELECT (SELECT json_agg(member) FROM come) AS added, (SELECT json_agg(member) FROM go) AS removed,
		(SELECT count(*) FROM come) - (SELECT count(*) FROM go) AS more
), now AS (
	UPDATE usher_groups u SET revision = u.revision + 1, modified = $6::bigint, members = u.members + done.more,
		connection = CASE WHEN $7::text = '' THEN u.connection ELSE $7::text END
	FROM done, grp WHERE u.tenant = $1 AND u.id = $2 AND (done.added IS NOT NULL OR done.removed IS NOT NULL)
	RETURNING ` + groupColumns + `
), evt AS (
	INSERT INTO usher_events (tenant, at, user_id, group_id, doc, added, removed)
	SELECT $1::text, $6::bigint, $9::text, $10::text, (($8::jsonb) || jsonb_build_object('Name', now.name))::json, done.added, done.removed FROM now, done
	RETURNING seq
)
SELECT (SELECT json_agg(id) FROM strangers), (SELECT count(*) FROM grp), done.added, done.removed, (SELECT seq FROM evt),
	coalesce(now.id, ''), coalesce(now.revision, 0), coalesce(now.created, 0), coalesce(now.modified, 0), coalesce(now.connection, ''),
	coalesce(now.name, ''), coalesce(now.name_key, ''), coalesce(now.external_id, '')
FROM done LEFT JOIN now ON true`

// memberChange is the row that changeMembers returns.
type memberChange struct {
	unknown, added, removed []byte
	found                   int
	seq                     sql.NullInt64
	group                   *scim.Group
}

// memberRow is what scanGroup scans the group from.
type memberRow struct {
	row  *sql.Row
	into *memberChange
}

// Scan scans what stands before the group, too.
func (r memberRow) Scan(dest ...any) error {
	c := r.into
	return r.row.Scan(append([]any{&c.unknown, &c.found, &c.added, &c.removed, &c.seq}, dest...)...)
}

func (s *Store) changeMembers(ctx context.Context, t scim.Tenant, id string, change scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error) {
	rev, ok := revision(g.Version)
	if !ok {
		rev = -1
	}
	var out *scim.Group
	err := s.one(ctx, func(q querier) (*Write, error) {
		e.Tenant, e.Added, e.Removed, e.Left, e.Seq, e.Changes, e.Name = t, nil, nil, nil, "", nil, ""
		doc, err := eventDoc(e)
		if err != nil {
			return nil, err
		}
		stmt, err := q.stmt(ctx, changeMembers)
		if err != nil {
			return nil, err
		}
		var c memberChange
		row := stmt.QueryRowContext(ctx, string(t), id, s.d.list(change.Add), s.d.list(change.Remove), rev, nanos(e.Time), change.Connection, doc, e.UserID, e.GroupID)
		if c.group, err = scanGroup(memberRow{row, &c}); err != nil {
			return nil, err
		}
		if !c.seq.Valid {
			out = nil
			return nil, c.refusal(ctx, q, t, id, g, &out)
		}
		out = c.group
		e.Seq, e.Name = version(c.seq.Int64), out.DisplayName
		if err := errors.Join(texts(c.added, &e.Added), texts(c.removed, &e.Removed)); err != nil {
			return nil, err
		}
		e.Added = inOrder(e.Added, change.Add)
		return &Write{Tenant: t, Event: e, Group: out}, nil
	})
	return out, err
}

func texts(data []byte, into *[]string) error {
	if data == nil {
		return nil
	}
	return json.Unmarshal(data, into)
}

// refusal says why nothing was changed; where there is no reason, out becomes the
// group as it is.
func (c *memberChange) refusal(ctx context.Context, q querier, t scim.Tenant, id string, g scim.Guard, out **scim.Group) error {
	now, err := q.group(ctx, t, id)
	var unknown []string
	if err == nil {
		err = texts(c.unknown, &unknown)
	}
	switch {
	case err != nil:
		return err
	case g.Version != "" && g.Version != now.Version:
		return scim.ErrVersion
	case unknown != nil:
		return &scim.UnknownMembersError{Members: unknown}
	}
	*out = now
	return nil
}

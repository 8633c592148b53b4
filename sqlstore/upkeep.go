package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/usher-scim/scim"
)

// Recount counts a tenant's users by status and the members of its groups anew, sets
// the counters that differ, and returns how many users have each status. It is for a
// database that was changed by hand, or restored in part; the store keeps its
// counters by itself. A counter is no part of what it counts: versions stay, and no
// event is kept.
//
// It may run at any time, beside any number of writers in any number of processes,
// and no seat is sold twice meanwhile. Writes that create a user of this tenant, or
// change the status of one, wait while its users are counted, in indexes; those that
// change a group whose counter is wrong wait while its members are.
//
// What was set before an error stays set, and the counts are returned if they were
// known. A tenant without users has none, and that is no error.
func (s *Store) Recount(ctx context.Context, t scim.Tenant) (scim.Counts, error) {
	var c scim.Counts
	err := s.write(ctx, func(q querier) (_ *Write, err error) {
		c, err = q.recountUsers(ctx, t)
		return nil, err
	})
	if err != nil {
		return scim.Counts{}, err
	}
	return c, s.recountGroups(ctx, t)
}

// recountUsers is right beside writers because each of them changes a user's status
// and, by the difference, the tenant's row in one transaction. Whoever committed
// before the row is locked here is seen by the statement that counts, which begins
// after that; whoever did not is not seen, and adds the difference to what is set
// here. So the row has to be locked and the users counted by two statements. Where
// both see what the transaction began with, as at REPEATABLE READ, a row that was
// changed since cannot be locked, and the transaction is tried again.
//
// The row is the only one that is locked, so nobody waits for this in a circle.
func (q querier) recountUsers(ctx context.Context, t scim.Tenant) (scim.Counts, error) {
	_, err := q.exec(ctx, `INSERT INTO usher_tenants (tenant) SELECT $1::text
		WHERE EXISTS (SELECT 1 FROM usher_users WHERE tenant = $1) ON CONFLICT DO NOTHING`, t)
	if err != nil {
		return scim.Counts{}, err
	}
	var had, c scim.Counts
	err = q.row(ctx, []any{&had.Active, &had.Deactivated, &had.Held, &had.Archived},
		`SELECT active, deactivated, held, archived FROM usher_tenants WHERE tenant = $1 FOR UPDATE`, t)
	if errors.Is(err, sql.ErrNoRows) {
		return c, nil // and whoever creates the first user makes the row
	}
	if err != nil {
		return c, err
	}
	// Of each status there is an index.
	err = q.row(ctx, []any{&c.Active, &c.Deactivated, &c.Held, &c.Archived}, `SELECT
		(SELECT count(*) FROM usher_users WHERE tenant = $1 AND status = 1), (SELECT count(*) FROM usher_users WHERE tenant = $1 AND status = 2),
		(SELECT count(*) FROM usher_users WHERE tenant = $1 AND status = 3), (SELECT count(*) FROM usher_users WHERE tenant = $1 AND status = 4)`, t)
	if err != nil || c == had {
		return c, err
	}
	_, err = q.exec(ctx, `UPDATE usher_tenants SET active = $2, deactivated = $3, held = $4, archived = $5 WHERE tenant = $1`,
		t, c.Active, c.Deactivated, c.Held, c.Archived)
	return c, err
}

// recountGroups sets the counters of groups that are wrong. One statement sees what a
// writer did to the members and to the counter, or neither, so that what differs in
// it is wrong, and needs no lock to be found.
func (s *Store) recountGroups(ctx context.Context, t scim.Tenant) error {
	wrong, err := s.read().strings(ctx, `SELECT g.id FROM usher_groups g WHERE g.tenant = $1 AND g.members <>
		(SELECT count(*) FROM usher_members m WHERE m.tenant = g.tenant AND m.group_id = g.id) ORDER BY g.id`, t)
	for _, id := range wrong {
		if err != nil {
			break
		}
		err = s.write(ctx, func(q querier) (*Write, error) { return nil, q.recountGroup(ctx, t, id) })
	}
	return err
}

// recountGroup is right beside writers as recountUsers is: who changes the members of
// a group changes its row by the difference in the same transaction. Most of them lock
// the row first, some (addMembers, leaveAll) lock members before it; this locks
// nothing else, so that the order does not matter to it.
func (q querier) recountGroup(ctx context.Context, t scim.Tenant, id string) error {
	var n int64
	err := q.row(ctx, []any{&n}, `SELECT members FROM usher_groups WHERE tenant = $1 AND id = $2 FOR UPDATE`, t, id)
	if errors.Is(err, sql.ErrNoRows) {
		return nil // deleted meanwhile
	}
	if err == nil {
		err = q.row(ctx, []any{&n}, `SELECT count(*) FROM usher_members WHERE tenant = $1 AND group_id = $2`, t, id)
	}
	if err == nil {
		_, err = q.exec(ctx, `UPDATE usher_groups SET members = $3 WHERE tenant = $1 AND id = $2`, t, id, n)
	}
	return err
}

// purgedAtOnce bounds how many events one transaction looks at to forget them.
const purgedAtOnce = 1000

// PurgeEvents forgets the events of all tenants that happened before a time, and
// returns how many, also with an error. The zero time is before all of them.
//
// A consumer of [scim.Directory.Consume] is handed every event nevertheless: from the
// last one on that the slowest of them acknowledged, all events stay, however old
// they are. A consumer is known from its first acknowledgement on, and for good, so
// one that is gone holds the record back until it is forgotten by SetPlace with the
// place "". Other readers, who keep their own places, go on with the next event that
// is kept.
//
// It goes through the record from the oldest event on, in the order in which readers
// see it, and ends at the first 1,000 that are all of the time or later. Clocks of
// several processes differ, so events are not quite in the order of their times;
// what is forgotten later for that reason is not kept for long.
//
// Each 1,000 events are a transaction of their own, so that no lock is held for
// long, and what is forgotten before an error, or before ctx ends, is forgotten. It
// may run in several processes at once; each event is counted by one of them.
func (s *Store) PurgeEvents(ctx context.Context, before time.Time) (int, error) {
	// Without a reader, nobody has given out positions yet.
	if err := s.position(ctx); err != nil {
		return 0, err
	}
	purged, from := 0, int64(0)
	for {
		var b purge
		err := s.write(ctx, func(q querier) (_ *Write, err error) {
			b, err = q.purgeEvents(ctx, nanos(before), from)
			return nil, err
		})
		if err != nil {
			return purged, err
		}
		if purged += b.gone; b.old == 0 {
			return purged, nil
		}
		from = b.last
	}
}

// purge is what one transaction did.
type purge struct {
	last int64 // the position of the last event that was looked at
	old  int   // those that had to go when they were looked at
	gone int   // and those of them that somebody else did not forget first
}

// purgeEvents forgets what happened before a time of the next events behind a
// position. Those that have none yet are not among them.
func (q querier) purgeEvents(ctx context.Context, before, from int64) (purge, error) {
	var b purge
	end, err := q.awaited(ctx)
	if err != nil {
		return b, err
	}
	position := q.s.d.position
	err = q.row(ctx, []any{&b.last, &b.old}, `SELECT coalesce(max(n.position), 0), coalesce(sum(CASE WHEN n.at < $3 THEN 1 ELSE 0 END), 0)
		FROM (SELECT `+position+` AS position, at FROM usher_events WHERE `+position+` > $1 AND `+position+` < $2
			ORDER BY `+position+` LIMIT $4) n`, from, end, before, purgedAtOnce)
	if err != nil || b.old == 0 {
		return b, err
	}
	gone, err := q.exec(ctx, `DELETE FROM usher_events WHERE `+position+` > $1 AND `+position+` <= $2 AND at < $3`, from, b.last, before)
	b.gone = int(gone)
	return b, err
}

// awaited returns the position from which on consumers need the record. The event
// that a consumer acknowledged last is among what it needs: without it, its place
// could not be found exactly, for an event with a lower number may stand behind it.
func (q querier) awaited(ctx context.Context) (int64, error) {
	var places []string
	err := q.query(ctx, func(rows *sql.Rows) error {
		var consumer, place string
		if err := rows.Scan(&consumer, &place); err != nil {
			return err
		}
		n, err := sequence(place)
		if err != nil {
			return fmt.Errorf("sqlstore: where the consumer %q stopped: %w", consumer, err)
		}
		places = append(places, version(n))
		return nil
	}, `SELECT consumer, place FROM usher_places`)
	if err != nil {
		return 0, err
	}
	position, first := q.s.d.position, sql.NullInt64{}
	err = q.row(ctx, []any{&first}, `SELECT min(coalesce((SELECT e.`+position+` FROM usher_events e WHERE e.seq = x.value::bigint),
		(SELECT min(e.`+position+`) FROM usher_events e WHERE e.seq > x.value::bigint))) FROM texts($1) AS x`, places)
	if err != nil || !first.Valid {
		return math.MaxInt64, err
	}
	return first.Int64, nil
}

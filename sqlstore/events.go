package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/usher-scim/scim"
)

// insertEvent keeps an event. The members that changed are columns of their own,
// for a statement that changes them finds out only itself.
const insertEvent = `INSERT INTO usher_events (tenant, at, user_id, group_id, doc, added, removed)
	VALUES ($1, $2, $3, $4, $5::json, $6::json, $7::json) RETURNING seq`

// eventDoc is an event as it is kept, without what has a column.
func eventDoc(e *scim.Event) (string, error) {
	doc := *e
	doc.Seq, doc.Tenant, doc.UserID, doc.GroupID, doc.Added, doc.Removed = "", "", "", "", nil, nil
	data, err := json.Marshal(&doc)
	return string(data), err
}

// event keeps an event in the transaction of its change, and sets its Seq.
func (q querier) event(ctx context.Context, t scim.Tenant, e *scim.Event) error {
	e.Tenant = t
	doc, err := eventDoc(e)
	if err != nil {
		return err
	}
	added, err := list(e.Added)
	if err != nil {
		return err
	}
	removed, err := list(e.Removed)
	if err != nil {
		return err
	}
	var seq int64
	if err := q.row(ctx, []any{&seq}, insertEvent, t, nanos(e.Time), e.UserID, e.GroupID, doc, added, removed); err != nil {
		return err
	}
	e.Seq = version(seq)
	return nil
}

// Append implements [scim.Store].
func (s *Store) Append(ctx context.Context, t scim.Tenant, e *scim.Event) error {
	return s.one(ctx, func(q querier) (*Write, error) { return nil, q.event(ctx, t, e) })
}

// sequence reads a place that is a number; "" is the beginning.
func sequence(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, scim.ErrPlace
	}
	return n, nil
}

// Events implements [scim.Store]. Where several connections can write at once,
// events become visible in another order than they were numbered in. So the record
// is read by position, which whoever reads gives to all events that are visible and
// have none: an event that becomes visible later comes later.
func (s *Store) Events(ctx context.Context, q scim.EventQuery) (scim.Page[scim.Event], error) {
	var page scim.Page[scim.Event]
	after, err := sequence(q.After)
	if err != nil {
		return page, err
	}
	if err := s.position(ctx); err != nil {
		return page, err
	}
	b := binder{}
	where, filtered := "1 = 1", false
	add := func(format string, v any) {
		where += " AND " + fmt.Sprintf(format, b.bind(v))
		filtered = true
	}
	if q.Tenant != "" {
		add("tenant = %s", string(q.Tenant))
	}
	if q.UserID != "" {
		add("user_id = %s AND user_id <> ''", q.UserID)
	}
	if q.GroupID != "" {
		add("group_id = %s AND group_id <> ''", q.GroupID)
	}
	if !q.From.IsZero() {
		add("at >= %s", nanos(q.From))
	}
	if !q.To.IsZero() {
		add("at < %s", nanos(q.To))
	}
	from := eventsOf(q)
	if q.Limit < 0 {
		err := s.read().dynamic(ctx, func(rows *sql.Rows) error { return rows.Scan(&page.Total) },
			"SELECT count(*) FROM "+from+" WHERE "+where, b.args...)
		page.Next = q.After
		return page, err
	}
	return s.eventPage(ctx, q, &b, from, where, filtered, after)
}

// placed is the position of a place, which is the number of an event, also of one that
// is forgotten since. Events are forgotten from the oldest on, so what is kept then
// comes later, though it may have a smaller number.
func (d Dialect) placed(seq string, newestFirst bool) string {
	switch {
	case !d.sequenced:
		return seq
	case newestFirst:
		return `coalesce((SELECT p.position FROM usher_events p WHERE p.seq = ` + seq + `),
			(SELECT min(p.position) FROM usher_events p WHERE p.seq > ` + seq + `), (SELECT max(p.position) + 1 FROM usher_events p), 0)`
	}
	return `coalesce((SELECT p.position FROM usher_events p WHERE p.seq = ` + seq + `), (SELECT min(p.position) - 1 FROM usher_events p), 0)`
}

// eventsOf is the table, and the index by which SQLite shall read it: it would
// rather go through everybody's events in the order that is asked for than look for
// the few.
func eventsOf(q scim.EventQuery) string {
	const by = "usher_events INDEXED BY usher_events_"
	switch {
	case q.Tenant == "":
		return "usher_events"
	case q.UserID != "":
		return by + "user"
	case q.GroupID != "":
		return by + "group"
	}
	return by + "tenant"
}

func (s *Store) eventPage(ctx context.Context, q scim.EventQuery, b *binder, from, where string, filtered bool, after int64) (scim.Page[scim.Event], error) {
	var page scim.Page[scim.Event]
	limit := limitOf(scim.Query{Limit: q.Limit})
	position, op := s.d.position, ">"
	order := position
	if q.NewestFirst {
		order, op = position+" DESC", "<"
	}
	if q.After != "" {
		where += " AND " + position + " " + op + " " + s.d.placed(b.bind(after), q.NewestFirst)
	}
	// The end of what there is: where a reader goes on whom nothing here concerned.
	var end sql.NullInt64
	if filtered && !q.NewestFirst {
		if err := s.read().row(ctx, []any{&end}, `SELECT seq FROM usher_events WHERE `+position+` = (SELECT max(`+position+`) FROM usher_events)`); err != nil && err != sql.ErrNoRows { //nolint:errorlint // as the package returns it
			return page, err
		}
	}
	more := false
	err := s.read().dynamic(ctx, func(rows *sql.Rows) error {
		if len(page.Items) == limit {
			more = true
			return nil
		}
		e, err := scanEvent(rows)
		page.Items = append(page.Items, e)
		return err
	}, "SELECT seq, tenant, user_id, group_id, doc, added, removed FROM "+from+" WHERE "+position+" IS NOT NULL AND "+where+
		" ORDER BY "+order+" LIMIT "+b.bind(limit+1), b.args...)
	if err != nil {
		return page, err
	}
	switch n := len(page.Items); {
	case n > 0 && (more || !q.NewestFirst):
		page.Next = page.Items[n-1].Seq
	case q.NewestFirst:
	case end.Valid:
		page.Next = version(end.Int64)
	default:
		page.Next = q.After
	}
	return page, nil
}

func scanEvent(rows *sql.Rows) (scim.Event, error) {
	var (
		e                   scim.Event
		seq                 int64
		tenant, user, group string
		doc, added, removed []byte
	)
	if err := rows.Scan(&seq, &tenant, &user, &group, &doc, &added, &removed); err != nil {
		return e, err
	}
	err := json.Unmarshal(doc, &e)
	for from, to := range map[*[]byte]*[]string{&added: &e.Added, &removed: &e.Removed} {
		if len(*from) > 2 && err == nil {
			err = json.Unmarshal(*from, to)
		}
	}
	if err != nil {
		return e, fmt.Errorf("sqlstore: event %d: %w", seq, err)
	}
	e.Seq, e.Tenant, e.UserID, e.GroupID = version(seq), scim.Tenant(tenant), user, group
	return e, nil
}

// positionsAtOnce bounds how many events one transaction gives positions to.
const positionsAtOnce = 10_000

// position gives positions to the events that have none. Only one reader at a time
// does, and each sees what was committed before it began: so what is visible with a
// position is never behind something that is not.
func (s *Store) position(ctx context.Context) error {
	if !s.d.sequenced {
		return ctx.Err()
	}
	for {
		var waiting bool
		err := s.read().row(ctx, []any{&waiting}, `SELECT EXISTS (SELECT 1 FROM usher_events WHERE position IS NULL)`)
		if err != nil || !waiting {
			return err
		}
		given := int64(0)
		err = s.write(ctx, func(q querier) (*Write, error) {
			var last int64
			if err := q.row(ctx, []any{&last}, `SELECT position FROM usher_positions FOR UPDATE`); err != nil {
				return nil, err
			}
			given, err = q.exec(ctx, `UPDATE usher_events e SET position = $1::bigint + n.n FROM (
				SELECT seq, row_number() OVER (ORDER BY seq) AS n FROM usher_events WHERE position IS NULL ORDER BY seq LIMIT $2) n
				WHERE e.seq = n.seq`, last, positionsAtOnce)
			if err == nil {
				_, err = q.exec(ctx, `UPDATE usher_positions SET position = $1`, last+given)
			}
			return nil, err
		})
		if err != nil || given < positionsAtOnce {
			return err
		}
	}
}

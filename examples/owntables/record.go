package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/usher-scim/scim"
)

// event keeps an event with its change.
func (q querier) event(ctx context.Context, t scim.Tenant, e *scim.Event) error {
	e.Tenant = t
	doc, err := json.Marshal(e)
	if err != nil {
		return err
	}
	e.Seq, err = one(ctx, q, value[string], `INSERT INTO scim_events (company, at, user_id, group_id, doc) VALUES (?, ?, ?, ?, ?) RETURNING seq`,
		string(t), timeText(e.Time), e.UserID, e.GroupID, string(doc))
	return err
}

// Append keeps an event that no change goes with.
func (s *store) Append(ctx context.Context, t scim.Tenant, e *scim.Event) error {
	return s.write(ctx, func(q querier) error { return q.event(ctx, t, e) })
}

// Events returns a page of the record, with what the application did by its own
// door. Who goes on from the number of the last event misses none, as SQLite
// commits them in that order; on PostgreSQL it does not.
func (s *store) Events(ctx context.Context, q scim.EventQuery) (scim.Page[scim.Event], error) {
	var page scim.Page[scim.Event]
	where, args := "1 = 1", []any(nil)
	add := func(wanted bool, condition string, arg any) {
		if wanted {
			where, args = where+" AND "+condition, append(args, arg)
		}
	}
	after, err := strconv.ParseInt(q.After, 10, 64)
	if q.After != "" && (err != nil || after < 0) {
		return page, scim.ErrPlace
	}
	order, op := "", ">"
	if q.NewestFirst {
		order, op = " DESC", "<"
	}
	add(q.Tenant != "", "company = ?", string(q.Tenant))
	add(q.UserID != "", "user_id = ? AND user_id <> ''", q.UserID)
	add(q.GroupID != "", "group_id = ? AND group_id <> ''", q.GroupID)
	add(!q.From.IsZero(), "at >= ?", timeText(q.From))
	add(!q.To.IsZero(), "at < ?", timeText(q.To))
	add(q.After != "", "seq "+op+" ?", after)
	limit := max(limitOf(q.Limit), 0)
	page.Items, err = all(ctx, s.read(), scanEvent, `SELECT seq, company, user_id, group_id, doc FROM scim_events WHERE `+where+
		` ORDER BY seq`+order+` LIMIT ?`, append(args, limit+1)...)
	more := len(page.Items) > limit
	page.Items = page.Items[:min(limit, len(page.Items))]
	switch n := len(page.Items); {
	case n > 0 && (more || !q.NewestFirst):
		page.Next = page.Items[n-1].Seq
	case !q.NewestFirst:
		page.Next = q.After
	}
	return page, err
}

// scanEvent reads an event; what has a column is not in those that triggers made.
func scanEvent(row scanner) (scim.Event, error) {
	var (
		e                        scim.Event
		seq, company, user, team string
		doc                      []byte
	)
	if err := row.Scan(&seq, &company, &user, &team, &doc); err != nil {
		return e, err
	}
	if err := json.Unmarshal(doc, &e); err != nil {
		return e, fmt.Errorf("owntables: event %s: %w", seq, err)
	}
	e.Seq, e.Tenant, e.UserID, e.GroupID = seq, scim.Tenant(company), user, team
	return e, nil
}

// Place returns where a consumer stopped.
func (s *store) Place(ctx context.Context, consumer string) (string, error) {
	place, err := one(ctx, s.read(), value[string], `SELECT place FROM scim_places WHERE consumer = ?`, consumer)
	if errors.Is(err, scim.ErrNotFound) {
		err = nil
	}
	return place, err
}

// SetPlace keeps where a consumer stopped.
func (s *store) SetPlace(ctx context.Context, consumer, place string) error {
	return s.write(ctx, func(q querier) error {
		_, err := q.exec(ctx, `INSERT INTO scim_places VALUES (?, ?) ON CONFLICT DO UPDATE SET place = excluded.place`, consumer, place)
		return err
	})
}

// SaveActivity keeps the later times.
func (s *store) SaveActivity(ctx context.Context, t scim.Tenant, a scim.Activity) error {
	return s.write(ctx, func(q querier) error {
		_, err := q.exec(ctx, `INSERT INTO scim_activity VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET
			last_request = max(last_request, excluded.last_request), last_change = max(last_change, excluded.last_change)`,
			string(t), a.Connection, timeText(a.LastRequest), timeText(a.LastChange))
		return err
	})
}

// Activity returns when connections were heard of.
func (s *store) Activity(ctx context.Context, t scim.Tenant) ([]scim.Activity, error) {
	return all(ctx, s.read(), func(row scanner) (a scim.Activity, err error) {
		var request, change string
		err = row.Scan(&a.Connection, &request, &change)
		a.LastRequest, a.LastChange = parseTime(request), parseTime(change)
		return a, err
	}, `SELECT connection, last_request, last_change FROM scim_activity WHERE company = ? ORDER BY connection`, string(t))
}

package sqlstore

import (
	"context"
	"database/sql"
	"errors"

	"github.com/usher-scim/scim"
)

// Place implements [scim.Store].
func (s *Store) Place(ctx context.Context, consumer string) (string, error) {
	var place string
	err := s.read().row(ctx, []any{&place}, `SELECT place FROM usher_places WHERE consumer = $1`, consumer)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return place, err
}

// SetPlace implements [scim.Store]. The place "" forgets the consumer, once it does
// not run any more: it holds back nothing from [Store.PurgeEvents] then, and if it
// comes again it begins with the oldest event.
func (s *Store) SetPlace(ctx context.Context, consumer, place string) error {
	return s.one(ctx, func(q querier) (*Write, error) {
		if place == "" {
			_, err := q.exec(ctx, `DELETE FROM usher_places WHERE consumer = $1`, consumer)
			return nil, err
		}
		_, err := q.exec(ctx, `INSERT INTO usher_places (consumer, place) VALUES ($1, $2)
			ON CONFLICT (consumer) DO UPDATE SET place = excluded.place`, consumer, place)
		return nil, err
	})
}

// SaveActivity implements [scim.Store].
func (s *Store) SaveActivity(ctx context.Context, t scim.Tenant, a scim.Activity) error {
	return s.one(ctx, func(q querier) (*Write, error) {
		_, err := q.exec(ctx, `INSERT INTO usher_activity (tenant, connection, last_request, last_change) VALUES ($1, $2, $3, $4)
			ON CONFLICT (tenant, connection) DO UPDATE SET
			last_request = CASE WHEN excluded.last_request > usher_activity.last_request THEN excluded.last_request ELSE usher_activity.last_request END,
			last_change = CASE WHEN excluded.last_change > usher_activity.last_change THEN excluded.last_change ELSE usher_activity.last_change END`,
			t, a.Connection, nanos(a.LastRequest), nanos(a.LastChange))
		return nil, err
	})
}

// Activity implements [scim.Store].
func (s *Store) Activity(ctx context.Context, t scim.Tenant) ([]scim.Activity, error) {
	var out []scim.Activity
	err := s.read().query(ctx, func(rows *sql.Rows) error {
		var (
			a               scim.Activity
			request, change int64
		)
		err := rows.Scan(&a.Connection, &request, &change)
		a.LastRequest, a.LastChange = fromNanos(request), fromNanos(change)
		out = append(out, a)
		return err
	}, `SELECT connection, last_request, last_change FROM usher_activity WHERE tenant = $1 ORDER BY connection`, t)
	return out, err
}

package main

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
)

// This file is what the application knows itself: the licences of its tenants, and
// what its replicas share.

// licences are the seats of each tenant. The tenants that have one are those that
// the application knows. They are safe for concurrent use.
type licences interface {
	// of is for scim.Config.Seats; unlimited for a tenant that is not known.
	of(ctx context.Context, t scim.Tenant) (scim.Limit, error)
	known(ctx context.Context, t scim.Tenant) (bool, error)
	// propose sets the licence of a tenant that has none.
	propose(ctx context.Context, t scim.Tenant, limit scim.Limit) error
	set(ctx context.Context, t scim.Tenant, limit scim.Limit) error
}

// memoryLicences are licences of this process.
type memoryLicences struct{ limits sync.Map }

func (l *memoryLicences) of(_ context.Context, t scim.Tenant) (scim.Limit, error) {
	limit, _ := l.limits.Load(t)
	known, _ := limit.(scim.Limit)
	return known, nil
}

func (l *memoryLicences) known(_ context.Context, t scim.Tenant) (bool, error) {
	_, ok := l.limits.Load(t)
	return ok, nil
}

func (l *memoryLicences) propose(_ context.Context, t scim.Tenant, limit scim.Limit) error {
	l.limits.LoadOrStore(t, limit)
	return nil
}

func (l *memoryLicences) set(_ context.Context, t scim.Tenant, limit scim.Limit) error {
	l.limits.Store(t, limit)
	return nil
}

// tables are the application's own, beside those of the store.
type tables struct {
	db      *sql.DB
	dialect sqlstore.Dialect
}

var _ licences = (*tables)(nil)

// madeOf are the tables; seats is NULL for unlimited.
var madeOf = []string{
	`CREATE TABLE IF NOT EXISTS app_licences (tenant text PRIMARY KEY, seats bigint)`,
	`CREATE TABLE IF NOT EXISTS app_secrets (name text PRIMARY KEY, value text NOT NULL)`,
}

// openTables makes the tables that are missing. Replicas may do so at once.
func openTables(ctx context.Context, d sqlstore.Dialect, db *sql.DB) (*tables, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	if d.String() == sqlstore.Postgres.String() {
		// IF NOT EXISTS is no help against who makes the same table at the same time.
		const number = 0x75736865722f61 // any that nobody else takes
		if _, err := conn.ExecContext(ctx, `SELECT pg_advisory_lock($1)`, number); err != nil {
			return nil, err
		}
		defer func() {
			_, _ = conn.ExecContext(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1)`, number)
		}()
	}
	for _, statement := range madeOf {
		if _, err := conn.ExecContext(ctx, statement); err != nil {
			return nil, fmt.Errorf("making the application's tables: %w", err)
		}
	}
	return &tables{db, d}, nil
}

// text writes a statement for the dialect.
func (t *tables) text(statement string) string {
	if t.dialect.String() == sqlstore.SQLite.String() {
		return strings.ReplaceAll(statement, "$", "?")
	}
	return statement
}

func (t *tables) exec(ctx context.Context, statement string, args ...any) error {
	_, err := t.db.ExecContext(ctx, t.text(statement), args...)
	return err
}

// licence returns the licence of a tenant and whether it has one.
func (t *tables) licence(ctx context.Context, tenant scim.Tenant) (scim.Limit, bool, error) {
	var seats sql.NullInt64
	err := t.db.QueryRowContext(ctx, t.text(`SELECT seats FROM app_licences WHERE tenant = $1`), string(tenant)).Scan(&seats)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return scim.Unlimited, false, nil
	case err != nil:
		return scim.Limit{}, false, err
	case !seats.Valid:
		return scim.Unlimited, true, nil
	}
	return scim.Seats(int(seats.Int64)), true, nil
}

func (t *tables) of(ctx context.Context, tenant scim.Tenant) (scim.Limit, error) {
	limit, _, err := t.licence(ctx, tenant)
	return limit, err
}

func (t *tables) known(ctx context.Context, tenant scim.Tenant) (bool, error) {
	_, ok, err := t.licence(ctx, tenant)
	return ok, err
}

func (t *tables) propose(ctx context.Context, tenant scim.Tenant, limit scim.Limit) error {
	return t.exec(ctx, `INSERT INTO app_licences (tenant, seats) VALUES ($1, $2) ON CONFLICT DO NOTHING`, string(tenant), seatsOf(limit))
}

func (t *tables) set(ctx context.Context, tenant scim.Tenant, limit scim.Limit) error {
	return t.exec(ctx, `INSERT INTO app_licences (tenant, seats) VALUES ($1, $2)
		ON CONFLICT (tenant) DO UPDATE SET seats = excluded.seats`, string(tenant), seatsOf(limit))
}

func seatsOf(limit scim.Limit) sql.NullInt64 {
	n, limited := limit.Count()
	return sql.NullInt64{Int64: int64(n), Valid: limited}
}

// cursorKey returns the secret that signs cursors, so that a list that was begun
// at one replica goes on at another.
func (t *tables) cursorKey(ctx context.Context) ([]byte, error) {
	const name = "cursors"
	err := t.exec(ctx, `INSERT INTO app_secrets (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING`, name, rand.Text()+rand.Text())
	if err != nil {
		return nil, err
	}
	var key string
	err = t.db.QueryRowContext(ctx, t.text(`SELECT value FROM app_secrets WHERE name = $1`), name).Scan(&key)
	return []byte(key), err
}

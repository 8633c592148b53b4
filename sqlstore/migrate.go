package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/database"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// Migrate makes the tables, or brings those of an earlier version up to date. The
// steps are numbered and each is done once, whole or not at all; what was done is
// in the table usher_migrations. Replicas that start at once wait for the first,
// as long as ctx lets them: on SQLite, as long as busy_timeout does. What a later
// version of this package has added is left as it is.
func Migrate(ctx context.Context, db *sql.DB, d Dialect) error {
	try := &Store{db: db, d: d, o: Options{Attempts: 20}}
	err := try.again(ctx, func() error {
		for {
			p, err := provider(db, d) // anew, for one makes its table only once
			if err != nil {
				return err
			}
			if _, err = p.Up(ctx); err == nil || !outrun(ctx, p, err) {
				return err
			}
		}
	})
	if err != nil {
		return fmt.Errorf("sqlstore: migrating: %w", err)
	}
	return nil
}

// provider returns what does the steps.
func provider(db *sql.DB, d Dialect) (*goose.Provider, error) {
	steps, err := fs.Sub(migrations, "migrations/"+d.name)
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{
		goose.WithSlog(slog.New(slog.DiscardHandler)),
		goose.WithDisableGlobalRegistry(true),
	}
	const table = "usher_migrations"
	if d.name == Postgres.name {
		return goose.NewProvider(goose.DialectPostgres, db, steps,
			append(options, goose.WithTableName(table), goose.WithSessionLocker(turn{}))...)
	}
	done, err := database.NewStore(goose.DialectSQLite3, table)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectCustom, db, steps, append(options, goose.WithStore(once{done}))...)
}

// turn is an advisory lock of a PostgreSQL database, by which replicas take turns.
// It is lost with the connection of whoever has it.
type turn struct{}

// SessionLock implements [lock.SessionLocker]. It asks until the lock is free: a
// statement that waited for it would hold up whoever builds an index concurrently.
func (turn) SessionLock(ctx context.Context, conn *sql.Conn) error {
	for {
		var mine bool
		err := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", lock.DefaultLockID).Scan(&mine)
		if err != nil || mine {
			return err
		}
		timer := time.NewTimer(rand.N(200 * time.Millisecond))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// SessionUnlock implements [lock.SessionLocker]. A connection that keeps the lock is
// not kept.
func (turn) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "SELECT pg_advisory_unlock($1)", lock.DefaultLockID)
	if err != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
	}
	return err
}

// once writes a step down only if nobody else has done it since it was looked up,
// which nothing but the write lock of the step's own transaction says on SQLite.
type once struct{ database.Store }

// Insert implements [database.Store].
func (o once) Insert(ctx context.Context, tx database.DBTxConn, req database.InsertRequest) error {
	_, err := o.GetMigration(ctx, tx, req.Version)
	switch {
	case err == nil:
		return fmt.Errorf("step %d was done meanwhile", req.Version)
	case !errors.Is(err, database.ErrVersionNotFound):
		return err
	}
	return o.Store.Insert(ctx, tx, req)
}

// outrun reports whether the step that failed is done: somebody else was faster,
// which is mostly why it failed.
func outrun(ctx context.Context, p *goose.Provider, failed error) bool {
	var step *goose.PartialError
	if !errors.As(failed, &step) {
		return false
	}
	at, _, err := p.GetVersions(ctx)
	return err == nil && at >= step.Failed.Source.Version
}

package sqlstore

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed migrations
var migrations embed.FS

// Migrate makes the tables, or brings those of an earlier version up to date. The
// steps are numbered and each is done once, whole or not at all; what was done is
// in the table usher_migrations. Replicas that start at once wait for the first.
func Migrate(ctx context.Context, db *sql.DB, d Dialect) error {
	steps, err := fs.Sub(migrations, "migrations/"+d.name)
	if err != nil {
		return err
	}
	options := []goose.ProviderOption{
		goose.WithTableName("usher_migrations"),
		goose.WithSlog(slog.New(slog.DiscardHandler)),
		goose.WithDisableGlobalRegistry(true),
	}
	dialect := goose.DialectSQLite3
	if d.name == Postgres.name {
		dialect = goose.DialectPostgres
		// An advisory lock of the database: the replicas take turns.
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60))
		if err != nil {
			return err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	p, err := goose.NewProvider(dialect, db, steps, options...)
	if err != nil {
		return fmt.Errorf("sqlstore: %w", err)
	}
	try := &Store{db: db, d: d, o: Options{Attempts: 20}}
	err = try.again(ctx, func() error {
		_, err := p.Up(ctx)
		return err
	})
	if err != nil {
		return fmt.Errorf("sqlstore: migrating: %w", err)
	}
	return nil
}

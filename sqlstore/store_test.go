package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // the driver sqlite

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
	"github.com/usher-scim/scim/sqlstore/pgtest"
	"github.com/usher-scim/scim/storetest"
)

var (
	startServer sync.Once
	server      *pgtest.Server
	errServer   error
)

func TestMain(m *testing.M) {
	code := m.Run()
	if server != nil {
		server.Stop()
	}
	os.Exit(code)
}

// postgres returns the address of a new, empty schema.
func postgres(t testing.TB) string {
	t.Helper()
	startServer.Do(func() { server, errServer = pgtest.Start(context.Background(), "fsync=off") })
	if errors.Is(errServer, pgtest.ErrMissing) && os.Getenv("CI") == "" {
		t.Skip(errServer)
	}
	require.NoError(t, errServer)
	address, err := server.Schema(t.Context())
	require.NoError(t, err)
	return address
}

// sqlite returns the address of a new, empty file.
func sqlite(t testing.TB) string {
	t.Helper()
	return "file:" + url.PathEscape(filepath.Join(t.TempDir(), "test.db")) +
		"?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)"
}

// open opens a store with a pool of connections of its own.
func open(t testing.TB, driver string, d sqlstore.Dialect, address string, o sqlstore.Options) *sqlstore.Store {
	t.Helper()
	db, err := sql.Open(driver, address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(8)
	s, err := sqlstore.Open(context.Background(), db, d, o)
	require.NoError(t, err)
	databases.Store(s, db)
	return s
}

// databases are those behind the stores.
var databases sync.Map

// analyze collects statistics, as a database in use does by itself now and then.
func analyze(t testing.TB, s scim.Store) {
	db, _ := databases.Load(s)
	_, err := db.(*sql.DB).ExecContext(context.Background(), "ANALYZE")
	require.NoError(t, err)
}

func TestPostgres(t *testing.T) {
	storetest.Run(t, storetest.Harness{Open: func(t testing.TB) (a, b scim.Store) {
		address := postgres(t)
		return open(t, "pgx", sqlstore.Postgres, address, sqlstore.Options{}), open(t, "pgx", sqlstore.Postgres, address, sqlstore.Options{})
	}, Filled: analyze})
}

func TestSQLite(t *testing.T) {
	storetest.Run(t, storetest.Harness{Open: func(t testing.TB) (a, b scim.Store) {
		address := sqlite(t)
		return open(t, "sqlite", sqlstore.SQLite, address, sqlstore.Options{}), open(t, "sqlite", sqlstore.SQLite, address, sqlstore.Options{})
	}, Filled: analyze})
}

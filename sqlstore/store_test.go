package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
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

// backend is one of the databases that the tests run on.
type backend struct {
	name, driver string
	dialect      sqlstore.Dialect
	address      func(testing.TB) string // of a new, empty place
	attempts     int                     // where a test does not say; 0: as it comes
}

var backends = []backend{
	{name: "postgres", driver: "pgx", dialect: sqlstore.Postgres, address: postgres},
	{name: "sqlite", driver: "sqlite", dialect: sqlstore.SQLite, address: sqlite},
}

// strict is a PostgreSQL as distributed engines are that speak its protocol: every
// transaction is SERIALIZABLE, and a statement writes one table.
var strict = backend{
	name: "strict", driver: "pgx", dialect: sqlstore.Postgres.Stepwise(), attempts: 100,
	address: func(t testing.TB) string { return postgres(t) + "&default_transaction_isolation=serializable" },
}

// onBoth runs a test on each database.
func onBoth(t *testing.T, f func(t *testing.T, b backend)) {
	t.Helper()
	for _, b := range backends {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			f(t, b)
		})
	}
}

// open opens a store with a pool of connections of its own.
func (b backend) open(t testing.TB, address string, o sqlstore.Options) *sqlstore.Store {
	t.Helper()
	db, err := sql.Open(b.driver, address)
	require.NoError(t, err)
	return b.on(t, db, o)
}

// on opens a store on a pool of connections, and closes that in the end.
func (b backend) on(t testing.TB, db *sql.DB, o sqlstore.Options) *sqlstore.Store {
	t.Helper()
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(8)
	if o.Attempts == 0 {
		o.Attempts = b.attempts
	}
	s, err := sqlstore.Open(context.Background(), db, b.dialect, o)
	require.NoError(t, err)
	databases.Store(s, db)
	return s
}

// two opens two stores on the same new database.
func (b backend) two(t testing.TB, o sqlstore.Options) (*sqlstore.Store, *sqlstore.Store) {
	address := b.address(t)
	return b.open(t, address, o), b.open(t, address, o)
}

// databases are those behind the stores.
var databases sync.Map

// database returns the database behind a store.
func database(s scim.Store) *sql.DB {
	db, _ := databases.Load(s)
	return db.(*sql.DB)
}

// analyze collects statistics, as PostgreSQL does by itself now and then; SQLite has
// those that its tables came with.
func analyze(t testing.TB, s scim.Store) {
	if !onSQLite(s) {
		execute(t, s, "ANALYZE")
	}
}

func onSQLite(s scim.Store) bool { return fmt.Sprintf("%T", database(s).Driver()) == "*sqlite.Driver" }

// execute runs a statement on the database behind a store.
func execute(t testing.TB, s scim.Store, query string, args ...any) {
	t.Helper()
	_, err := database(s).ExecContext(context.Background(), query, args...)
	require.NoError(t, err)
}

// number returns what a query of one number does.
func number(t testing.TB, s scim.Store, query string, args ...any) (n int) {
	t.Helper()
	require.NoError(t, database(s).QueryRowContext(context.Background(), query, args...).Scan(&n))
	return n
}

func TestPostgres(t *testing.T) { storetest.Run(t, backends[0].harness()) }

func TestSQLite(t *testing.T) { storetest.Run(t, backends[1].harness()) }

func TestStrictPostgres(t *testing.T) {
	if testing.Short() {
		t.Skip("the same again, with more to wait for")
	}
	h := strict.harness()
	h.Members = 2000
	storetest.Run(t, h)
}

func (b backend) harness() storetest.Harness {
	return storetest.Harness{
		Open: func(t testing.TB) (scim.Store, scim.Store) {
			address := b.address(t)
			return b.cuttable(t, address), b.open(t, address, sqlstore.Options{})
		},
		Cut:    cut,
		Filled: analyze,
	}
}

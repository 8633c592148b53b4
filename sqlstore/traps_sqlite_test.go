package sqlstore_test

import (
	"database/sql"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// bare returns the address of a new, empty file, with nothing asked for but WAL.
func bare(t testing.TB) string {
	t.Helper()
	return "file:" + url.PathEscape(filepath.Join(t.TempDir(), "test.db")) + "?_pragma=journal_mode(WAL)"
}

// at returns the backend with other addresses.
func (b backend) at(address func(testing.TB) string) backend {
	b.address = address
	return b
}

// The extended codes of SQLite.
const (
	busy         = "5"
	busySnapshot = "517"
)

// TestTrapSQLiteUpgrade: a transaction that read and then writes is given up where
// somebody else has written, however long it may wait; one that takes the lock at the
// beginning is not.
func TestTrapSQLiteUpgrade(t *testing.T) {
	t.Parallel()
	const tables = "CREATE TABLE companies (active INTEGER); INSERT INTO companies VALUES (0)"
	const take = "UPDATE companies SET active = active + 1"
	one, two := backends[1].sessions(t, tables) // with a busy_timeout of ten seconds
	one.run("BEGIN")
	require.Equal(t, "0", one.ask("SELECT active FROM companies"))
	two.run(take)
	_, err := one.try(take)
	refused(t, busySnapshot, err)
	one.run("ROLLBACK")

	one.run("BEGIN IMMEDIATE")
	require.Equal(t, "1", one.ask("SELECT active FROM companies"))
	two.run("PRAGMA busy_timeout = 0")
	_, err = two.try(take)
	refused(t, busy, err) // it would have waited: there is one writer
	require.Equal(t, "1", two.ask("SELECT active FROM companies"), "who only reads does not wait")
	one.run(take)
	one.run("COMMIT")
	two.run(take)
	require.Equal(t, "3", one.ask("SELECT active FROM companies"))
}

// TestTrapSQLiteForeignKeys: they are off unless each connection asks for them.
func TestTrapSQLiteForeignKeys(t *testing.T) {
	t.Parallel()
	one, two := backends[1].at(bare).sessions(t, "CREATE TABLE users (id TEXT PRIMARY KEY); CREATE TABLE members (id TEXT REFERENCES users (id))")
	require.Equal(t, "0", one.ask("PRAGMA busy_timeout"), "nor does anybody wait")
	one.run("INSERT INTO members VALUES ('nobody')")
	one.run("PRAGMA foreign_keys = ON")
	_, err := one.try("INSERT INTO members VALUES ('nobody')")
	refused(t, "787", err)
	two.run("INSERT INTO members VALUES ('nobody')") // the other connection has not asked
}

// TestTrapSQLiteDifference: NOT EXISTS over a JSON array reads the array again for
// each row; NOT IN reads it once.
func TestTrapSQLiteDifference(t *testing.T) {
	t.Parallel()
	one, _ := backends[1].sessions(t, "CREATE TABLE members (id TEXT PRIMARY KEY)")
	plan := func(condition string) string {
		t.Helper()
		rows, err := one.conn.QueryContext(t.Context(), "EXPLAIN QUERY PLAN SELECT count(*) FROM members m WHERE "+condition, "[]")
		require.NoError(t, err)
		defer rows.Close()
		var lines []string
		for rows.Next() {
			var line string
			require.NoError(t, rows.Scan(new(sql.RawBytes), new(sql.RawBytes), new(sql.RawBytes), &line))
			lines = append(lines, line)
		}
		require.NoError(t, rows.Err())
		return strings.Join(lines, "\n")
	}
	require.Contains(t, plan("NOT EXISTS (SELECT 1 FROM json_each(?) x WHERE x.value = m.id)"), "CORRELATED SCALAR SUBQUERY")
	require.NotContains(t, plan("id NOT IN (SELECT value FROM json_each(?))"), "CORRELATED")
}

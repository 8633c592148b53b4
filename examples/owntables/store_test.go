package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/storetest"
)

// TestStore proves the adapter. Harness.Weaknesses is empty: what the application's
// tables have not, such as teams in teams, stands in tables beside them.
func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, storetest.Harness{Open: func(t testing.TB) (a, b scim.Store) {
		path := filepath.Join(t.TempDir(), "app.db")
		return open(t, path), open(t, path)
	}})
}

// open opens the database with a pool of connections of its own. What a crash of
// the machine would lose does not matter here.
func open(t testing.TB, path string) *store {
	t.Helper()
	db, err := openDB(path, "&_pragma=synchronous(OFF)")
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	require.NoError(t, migrate(t.Context(), db, len(steps)))
	return newStore(db)
}

// TestMembersAreFoundByID: one member costs one search, not a walk through the company.
func TestMembersAreFoundByID(t *testing.T) {
	t.Parallel()
	s := open(t, filepath.Join(t.TempDir(), "app.db"))
	for _, e := range edges {
		plan, err := all(t.Context(), s.read(), func(row scanner) (step string, err error) {
			var id, parent, unused int
			err = row.Scan(&id, &parent, &unused, &step)
			return step, err
		}, `EXPLAIN QUERY PLAN `+e.find(), string(company), list([]string{"a"}))
		require.NoError(t, err)
		require.Contains(t, strings.Join(plan, "\n"), "(company=? AND scim_id=?)")
	}
}

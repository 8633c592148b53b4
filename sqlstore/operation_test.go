package sqlstore_test

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
)

// The job of docs/operation.md.
func nightly(ctx context.Context, dir *scim.Directory, store *sqlstore.Store, tenants []scim.Tenant, now time.Time) error {
	for _, t := range tenants {
		if _, err := dir.Purge(ctx, t, now.AddDate(0, 0, -90)); err != nil {
			return fmt.Errorf("purging archived users of %s: %w", t, err)
		}
	}
	if _, err := store.PurgeEvents(ctx, now.AddDate(-1, 0, 0)); err != nil {
		return fmt.Errorf("purging the record: %w", err)
	}
	return nil
}

var codeBlock = regexp.MustCompile("(?s)```(\\w+)\n(.*?)```")

// codeOf returns what docs/operation.md has in a language, block by block.
func codeOf(t testing.TB, language string) (blocks []string) {
	t.Helper()
	text, err := os.ReadFile("../docs/operation.md")
	require.NoError(t, err)
	for _, m := range codeBlock.FindAllStringSubmatch(string(text), -1) {
		if m[1] == language {
			blocks = append(blocks, m[2])
		}
	}
	return blocks
}

// TestOperation: what docs/operation.md says can be done, by a program that may only
// read and write rows.
func TestOperation(t *testing.T) {
	t.Parallel()
	b := backends[0]
	address := b.ofItsOwn(t)
	owner := b.open(t, address, sqlstore.Options{})
	populate(t, owner, acme)
	t.Cleanup(func() { // the role is the server's, which other runs have, too
		execute(t, owner, "DROP OWNED BY app")
		execute(t, owner, "DROP ROLE app")
	})
	require.Len(t, seqs(t, owner, scim.EventQuery{}), 10)
	require.NoError(t, owner.SetPlace(t.Context(), "slow", "3"))
	require.NoError(t, owner.SetPlace(t.Context(), "a-consumer-of-last-year", "1"))

	statements := 0
	for _, block := range codeOf(t, "sql") {
		for _, query := range strings.SplitAfter(block, ";\n") {
			if strings.TrimSpace(query) != "" {
				execute(t, owner, query)
				statements++
			}
		}
	}
	require.Greater(t, statements, 10)
	require.Equal(t, 1, number(t, owner, "SELECT count(*) FROM usher_places"))
	for _, block := range codeOf(t, "sql") {
		if strings.Contains(block, "AS behind") {
			var consumer string
			var behind int
			require.NoError(t, database(owner).QueryRowContext(t.Context(), block).Scan(&consumer, &behind))
			require.Equal(t, "slow", consumer)
			require.Equal(t, 7, behind)
		}
	}

	s := b.open(t, strings.Replace(address, "postgres@", "app@", 1), sqlstore.Options{Unmigrated: true})
	_, err := database(s).ExecContext(t.Context(), "CREATE TABLE another (id int)")
	require.Error(t, err, "it may not")
	for setting, want := range map[string]string{"statement_timeout": "30s", "idle_in_transaction_session_timeout": "10s"} {
		var got string
		require.NoError(t, database(s).QueryRowContext(t.Context(), "SHOW "+setting).Scan(&got))
		require.Equal(t, want, got)
	}
	f := furnishGlobex(t, s)
	contents(t, s, "globex")
	goesOn(t, s, f)
	execute(t, s, "UPDATE usher_tenants SET active = 99")
	execute(t, s, "UPDATE usher_groups SET members = 99")
	for _, tenant := range []scim.Tenant{acme, "globex"} {
		_, err := s.Recount(t.Context(), tenant)
		require.NoError(t, err)
	}
	counted(t, s)
	require.NoError(t, s.SetPlace(t.Context(), "slow", ""))
	purged(t, s, number(t, s, "SELECT count(*) FROM usher_events")-1)
}

// TestNightly: the job of docs/operation.md is the one above, and does what it says.
func TestNightly(t *testing.T) {
	source, err := os.ReadFile("operation_test.go")
	require.NoError(t, err)
	blocks := codeOf(t, "go")
	require.Len(t, blocks, 1)
	require.Contains(t, string(source), blocks[0])
	onBoth(t, func(t *testing.T, b backend) {
		s, c := b.open(t, b.address(t), sqlstore.Options{}), newClock()
		dir, h := directoryOn(t, s, acme, c)
		for _, day := range []int{0, 300, 60} {
			c.add(time.Duration(day) * 24 * time.Hour)
			id := created(t, h, "/Users", fmt.Sprintf(`{"userName":"u%d@example.com"}`, day))
			deleted(t, h, "/Users/"+id)
		}
		c.add(6 * 24 * time.Hour)
		require.NoError(t, nightly(t.Context(), dir, s, []scim.Tenant{acme, "globex"}, c.Now()))
		counts, err := dir.Counts(t.Context(), acme)
		require.NoError(t, err)
		require.Equal(t, scim.Counts{Archived: 2}, counts, "of 366 days, 66 and 6")
		kinds := []scim.EventKind{}
		log, err := dir.Log(t.Context(), acme, scim.EventQuery{})
		require.NoError(t, err)
		for _, e := range log.Items {
			kinds = append(kinds, e.Kind)
		}
		require.Equal(t, []scim.EventKind{scim.UserCreated, scim.UserArchived, scim.UserCreated, scim.UserArchived, scim.UserPurged}, kinds)

		ended, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, nightly(ended, dir, s, []scim.Tenant{acme}, c.Now()), context.Canceled)
	})
}

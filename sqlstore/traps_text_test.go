package sqlstore_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
	"github.com/usher-scim/scim/sqlstore"
)

// linguistic skips a test where the server has not the collations, or the extension,
// that it is about.
func linguistic(t testing.TB, s session) {
	t.Helper()
	has := s.ask(`SELECT (SELECT count(*) FROM pg_collation WHERE collname IN ('C.utf8', 'und-x-icu', 'tr-x-icu')) + (SELECT count(*) FROM pg_available_extensions WHERE name = 'citext')`)
	if has != "4" && os.Getenv("CI") == "" {
		t.Skip("this PostgreSQL has not all of C.utf8, und-x-icu, tr-x-icu and citext")
	}
	require.Equal(t, "4", has, "C.utf8, und-x-icu, tr-x-icu, citext")
}

// TestTrapFold: which names are one to [scim.Fold], and which to lower(), in each
// collation. The document has the same table.
func TestTrapFold(t *testing.T) {
	t.Parallel()
	one, _ := backends[0].sessions(t, "SELECT 1")
	lite, _ := backends[1].sessions(t, "SELECT 1")
	linguistic(t, one)
	for _, c := range []struct {
		a, b                                string
		fold, c, libc, icu, turkish, sqlite bool
	}{
		{a: "STRASSE", b: "Straße", fold: true},
		{a: "ΟΔΟΣ", b: "οδος", fold: true, icu: true, turkish: true},
		{a: "ΟΔΟΣ", b: "οδοσ", fold: true, libc: true},
		{a: "IREM", b: "irem", fold: true, c: true, libc: true, icu: true, sqlite: true},
		{a: "İrem", b: "irem", libc: true, turkish: true},
		{a: "é", b: "e\u0301", fold: true},
		{a: "MÜLLER", b: "müller", fold: true, libc: true, icu: true, turkish: true},
		{a: "ａｎｎ", b: "ann", fold: true},
		{a: "Jeſſen", b: "jessen", fold: true},
	} {
		require.Equal(t, c.fold, scim.Fold(c.a) == scim.Fold(c.b), "%s, %s by Fold", c.a, c.b)
		for collation, want := range map[string]bool{"C": c.c, "C.utf8": c.libc, "und-x-icu": c.icu, "tr-x-icu": c.turkish} {
			got := one.ask(fmt.Sprintf(`SELECT lower($1::text COLLATE %[1]q) = lower($2::text COLLATE %[1]q)`, collation), c.a, c.b)
			require.Equal(t, strconv.FormatBool(want), got, "%s, %s by lower() in %s", c.a, c.b, collation)
		}
		require.Equal(t, map[bool]string{true: "1", false: "0"}[c.sqlite], lite.ask("SELECT lower(?) = lower(?)", c.a, c.b), "%s, %s by lower() of SQLite", c.a, c.b)
	}
}

// TestTrapLowerIndex: a unique index on lower() lets in what is one name, and a
// look-up by the folded name finds none of them; citext is no better.
func TestTrapLowerIndex(t *testing.T) {
	t.Parallel()
	one, _ := backends[0].sessions(t, `CREATE TABLE accounts (login text, login_key text UNIQUE);
		CREATE UNIQUE INDEX lower_logins ON accounts (lower(login COLLATE "und-x-icu"))`)
	linguistic(t, one)
	one.run("INSERT INTO accounts VALUES ('Straße@example.com'), ('STRASSE@example.com')")
	require.Equal(t, "1", one.ask("SELECT count(*) FROM accounts WHERE lower(login) = $1", scim.Fold("Straße@example.com")))
	_, err := one.try("UPDATE accounts SET login_key = $1", scim.Fold("Straße@example.com"))
	refused(t, "23505", err)

	one.run("CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public")
	require.Equal(t, "false", one.ask("SELECT 'Straße'::public.citext = 'STRASSE'::public.citext"))
}

// TestTrapOrder: a linguistic collation orders otherwise than [scim.Sort.Compare],
// and a page that goes on by another order than it was listed in leaves people out.
func TestTrapOrder(t *testing.T) {
	t.Parallel()
	dir, err := scim.New(scim.Config{Store: memstore.New()})
	require.NoError(t, err)
	sort, err := dir.UserSort("userName", false)
	require.NoError(t, err)
	one, _ := backends[0].sessions(t, "CREATE TABLE accounts (login_key text)")
	linguistic(t, one)
	names := []string{"zoe", "äbel", "o'neil", "oneill", "bob", "o-brien", "ann"}
	for _, n := range names {
		one.run("INSERT INTO accounts VALUES ($1)", scim.Fold(n))
	}
	slices.SortFunc(names, func(a, b string) int { return sort.Compare(scim.Fold(a), scim.Fold(b)) })
	const list = `SELECT login_key FROM accounts WHERE login_key COLLATE %q > $1 ORDER BY login_key COLLATE %q LIMIT 2`
	paged := func(by, goesOn string) (all []string) {
		for last := ""; ; last = all[len(all)-1] {
			page := one.list(fmt.Sprintf(list, goesOn, by), last)
			if all = append(all, page...); len(page) == 0 {
				return all
			}
		}
	}
	require.Equal(t, names, paged("C", "C"))
	other := paged("und-x-icu", "und-x-icu")
	require.ElementsMatch(t, names, other)
	require.NotEqual(t, names, other)
	mixed := paged("und-x-icu", "C")
	require.NotContains(t, mixed, "o'neil")
	require.Equal(t, []string{"äbel", "ann", "äbel"}, mixed[:3])
}

// TestTrapTime: timestamptz has microseconds, and a Directory milliseconds.
func TestTrapTime(t *testing.T) {
	t.Parallel()
	one, two := backends[0].sessions(t, `CREATE TABLE accounts (login text, title text DEFAULT '', modified timestamptz)`)
	given := time.Date(2026, 3, 4, 5, 6, 7, 123_456_789, time.UTC)
	var kept time.Time
	one.run("INSERT INTO accounts VALUES ('ann', '', $1)", given)
	require.NoError(t, one.conn.QueryRowContext(t.Context(), "SELECT modified FROM accounts").Scan(&kept))
	require.Equal(t, given.Truncate(time.Microsecond), kept.UTC(), "the driver cuts")
	require.Equal(t, "2026-03-04 05:06:07.123457", one.ask("SELECT ('2026-03-04T05:06:07.123456789Z'::timestamptz AT TIME ZONE 'UTC')::text"), "text is rounded")

	// Two writes within a millisecond: the time cannot tell that there was the first.
	now := given.Truncate(time.Millisecond)
	one.run("UPDATE accounts SET modified = $1", now)
	const update = "UPDATE accounts SET title = $1, modified = $2 WHERE login = 'ann' AND modified = $2"
	require.Equal(t, 1, one.run(update, "by one", now))
	require.Equal(t, 1, two.run(update, "by two", now), "based on what was before the other write")

	s := backends[0].open(t, postgres(t), sqlstore.Options{})
	dir, err := scim.New(scim.Config{Store: s, Logger: quiet, Now: func() time.Time { return given }})
	require.NoError(t, err)
	u, err := dir.CreateUser(t.Context(), acme, scim.NewUser{UserName: "ann@example.com"})
	require.NoError(t, err)
	require.Equal(t, now, u.Modified)
	off, err := dir.Deactivate(t.Context(), acme, u.ID)
	require.NoError(t, err)
	require.Equal(t, u.Modified, off.Modified)
	require.NotEqual(t, u.Version, off.Version)
}

// TestTrapText: what is no text to PostgreSQL, and what SQLite makes of it.
func TestTrapText(t *testing.T) {
	t.Parallel()
	one, _ := backends[0].sessions(t, "SELECT 1")
	lite, _ := backends[1].sessions(t, "SELECT 1")
	for _, id := range []string{"a\x00b", "a\xffb"} {
		_, err := one.try("SELECT 1 WHERE $1::text = 'ann'", id)
		refused(t, "22021", err)
	}
	require.Equal(t, "1", lite.ask("SELECT length(?)", "a\x00b"), "what follows is not looked at")

	s := backends[0].open(t, postgres(t), sqlstore.Options{})
	require.Equal(t, 404, ask(handlerOn(t, s), "GET", "/Users/a%00b", "").Code, "the handler does not ask")
	refusals, err := s.Events(t.Context(), scim.EventQuery{Tenant: acme})
	require.NoError(t, err)
	require.Len(t, refusals.Items, 1, "and keeps that on the record")
}

// TestTrapJSON: jsonb keeps what a document says, not the document.
func TestTrapJSON(t *testing.T) {
	t.Parallel()
	one, _ := backends[0].sessions(t, "SELECT 1")
	const doc = `{"name": "Ann",  "id": 1e2, "name": "Bob"}`
	require.Equal(t, doc, one.ask("SELECT $1::json::text", doc))
	require.Equal(t, `{"id": 100, "name": "Bob"}`, one.ask("SELECT $1::jsonb::text", doc))

	nul, err := json.Marshal("a\x00b")
	require.NoError(t, err)
	require.Equal(t, `"a\u0000b"`, one.ask("SELECT $1::json::text", string(nul)))
	_, err = one.try("SELECT $1::jsonb", string(nul))
	refused(t, "22P05", err)
}

// TestTrapErrorText: what was taken is in fields of the error on PostgreSQL, and in
// the text alone on SQLite. Of two names that are taken the database names one.
func TestTrapErrorText(t *testing.T) {
	t.Parallel()
	const tables = `CREATE TABLE accounts (login text, email text); CREATE UNIQUE INDEX emails ON accounts (email); CREATE UNIQUE INDEX logins ON accounts (login);
		INSERT INTO accounts VALUES ('ann', 'ann@example.com')`
	one, _ := backends[0].sessions(t, tables)
	one.run("BEGIN")
	_, err := one.try("INSERT INTO accounts VALUES ('ann', 'ann@example.com')")
	var said *pgconn.PgError
	require.True(t, errors.As(err, &said))
	require.Equal(t, "23505 emails", said.Code+" "+said.ConstraintName, "the index that was made first, though the login is taken too")
	require.Equal(t, "Key (email)=(ann@example.com) already exists.", said.Detail, "somebody's address: nothing for a log or a client")
	_, err = one.try("SELECT 1")
	refused(t, "25P02", err) // so that nobody can look in this transaction what else was taken

	lite, _ := backends[1].sessions(t, tables)
	_, err = lite.try("INSERT INTO accounts VALUES ('ann', 'other@example.com')")
	refused(t, "2067", err)
	require.Contains(t, err.Error(), "accounts.login")
}

// TestTrapSetDifference: whether the difference of two sets costs their sum or their
// product is in the plan.
func TestTrapSetDifference(t *testing.T) {
	t.Parallel()
	one, _ := backends[0].sessions(t, `CREATE TABLE members (id text COLLATE "C" PRIMARY KEY); CREATE TABLE wanted (id text COLLATE "C");
		INSERT INTO members SELECT 'u' || i FROM generate_series(1, 5000) i; INSERT INTO wanted SELECT id FROM members;
		ANALYZE members; ANALYZE wanted; SET plan_cache_mode = force_generic_plan; SET max_parallel_workers_per_gather = 0`)
	const who = "SELECT count(*) FROM members m WHERE "
	queries := map[string]string{
		"by_equal":    who + "NOT EXISTS (SELECT 1 FROM unnest($1) x(v) WHERE x.v = m.id)",
		"by_in":       who + "id NOT IN (SELECT v FROM unnest($1) x(v))",
		"by_distinct": who + "NOT EXISTS (SELECT 1 FROM unnest($1) x(v) WHERE x.v IS NOT DISTINCT FROM m.id)",
		"by_all":      who + "id <> ALL ($1)",
	}
	for name, query := range queries {
		one.run("PREPARE " + name + " (text[]) AS " + query)
	}
	plan := func(query string) string { return strings.Join(one.list("EXPLAIN (COSTS OFF) "+query), "\n") }
	require.Contains(t, plan("EXECUTE by_equal ('{}')"), "Hash Anti Join")
	require.Contains(t, plan("EXECUTE by_in ('{}')"), "hashed SubPlan")
	require.Contains(t, plan("EXECUTE by_distinct ('{}')"), "Nested Loop Anti Join")
	one.run("SET work_mem = '64kB'")
	require.NotContains(t, plan(who+"id NOT IN (SELECT id FROM wanted)"), "hashed", "it would not fit")
	require.Contains(t, plan(who+"NOT EXISTS (SELECT 1 FROM wanted w WHERE w.id = m.id)"), "Hash")
	one.run("SET work_mem = '4MB'")

	all := "'" + one.ask("SELECT array_agg(id)::text FROM wanted") + "'"
	quickest := func(name string) time.Duration {
		best := time.Hour
		for range 3 {
			begin := time.Now()
			require.Equal(t, "0", one.ask("EXECUTE "+name+" ("+all+")"))
			best = min(best, time.Since(begin))
		}
		return best
	}
	slow, quick := quickest("by_all"), quickest("by_equal")
	t.Log(slow, quick)
	require.Greater(t, slow, 5*quick) // it is some 80 times; the plan does not show it
}

// TestTrapsAreDocumented: docs/store.md names each of these tests, and no other; and
// the checks of storetest that it names are there.
func TestTrapsAreDocumented(t *testing.T) {
	t.Parallel()
	read := func(pattern string) string {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		var all []byte
		for _, f := range files {
			data, err := os.ReadFile(f)
			require.NoError(t, err)
			all = append(all, data...)
		}
		return string(all)
	}
	document := read("../docs/store.md")
	named := make(map[string]bool)
	for _, m := range regexp.MustCompile("`(TestTrap[A-Z]\\w+)`").FindAllStringSubmatch(document, -1) {
		named[m[1]] = true
	}
	tests := make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?m)^func (TestTrap[A-Z]\w+)\(`).FindAllStringSubmatch(read("traps*_test.go"), -1) {
		tests[m[1]] = true
	}
	require.NotEmpty(t, tests)
	require.Equal(t, tests, named)
	checks := regexp.MustCompile("[`\"](?:users|groups|members|commands|queries|contention|size|failure)/[a-z-]+[`\"]").FindAllString(document, -1)
	require.NotEmpty(t, checks)
	source := read("../storetest/*.go")
	for _, c := range checks {
		require.Contains(t, source, `name: "`+c[1:len(c)-1]+`"`)
	}
}

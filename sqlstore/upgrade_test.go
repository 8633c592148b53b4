package sqlstore_test

import (
	"crypto/sha256"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
)

// outdated makes a place as version 1 left it.
func (b backend) outdated(t testing.TB, address string) {
	t.Helper()
	db, err := sql.Open(b.driver, address)
	require.NoError(t, err)
	defer db.Close()
	dialect := map[string]goose.Dialect{"pgx": goose.DialectPostgres, "sqlite": goose.DialectSQLite3}[b.driver]
	p, err := goose.NewProvider(dialect, db, os.DirFS(filepath.Join("migrations", b.dialect.String())),
		goose.WithTableName("usher_migrations"), goose.WithLogger(goose.NopLogger()))
	require.NoError(t, err)
	_, err = p.UpTo(t.Context(), 1)
	require.NoError(t, err)
}

// kept are rows of version 1. Connection okta has three tokens that are valid in 2026,
// which nothing forbade, and entra one; each has expired ones too.
var kept = []string{
	`INSERT INTO usher_tenants (tenant, active, archived) VALUES ('acme', 1, 1)`,
	`INSERT INTO usher_users (tenant, id, revision, created, modified, status, user_name, email, external_id, label, label_key, doc) VALUES
		('acme', 'ann', 3, 1, 2, 1, 'ann@example.com', 'ann@example.com', '', 'Ann', 'ann', '{"UserName":"Ann@example.com","Title":"Engineer"}'),
		('acme', 'bob', 2, 1, 2, 4, 'bob@example.com', 'bob@example.com', '', 'Bob', 'bob', '{"UserName":"Bob@example.com"}')`,
	`INSERT INTO usher_groups (tenant, id, revision, created, modified, connection, name, name_key, external_id, members) VALUES
		('acme', 'team', 2, 1, 2, 'okta', 'Team', 'team', '', 1)`,
	`INSERT INTO usher_members (tenant, group_id, member, user_id) VALUES ('acme', 'team', 'ann', 'ann')`,
	`INSERT INTO usher_events (tenant, at, user_id, group_id, doc) VALUES ('acme', 1, 'ann', '', '{"Kind":"user.created","Name":"Ann@example.com"}')`,
	`INSERT INTO usher_places (consumer, place) VALUES ('mailer', '1')`,
	`INSERT INTO usher_activity (tenant, connection, last_request, last_change) VALUES ('acme', 'okta', 5, 4)`,
}

// keptTokens are tokens of version 1 by their secrets: whose they are, the year they
// expire in, 0 for never, and whether they are good afterwards.
var keptTokens = []struct {
	secret, connection string
	year               int
	valid              bool
}{
	{"expired-first", "okta", 2020, false},
	{"next-but-one", "okta", 2030, true},
	{"expired-later", "okta", 2025, false},
	{"never-expires", "okta", 0, true},
	{"next-to-expire", "okta", 2028, false},
	{"of-entra", "entra", 2030, true},
	{"expired-of-entra", "entra", 2025, false},
	{"expired-of-entra-too", "entra", 2024, false},
}

// TestMigrateUpgrade: what there was of people at version 1 is all there afterwards,
// and of the tokens of each connection the two that are good for longest (P1.2).
func TestMigrateUpgrade(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		places := b.places(t, 2)
		want, address := b.untroubled(t, places[0]), places[1]
		b.outdated(t, address)
		run(t, b, address, kept...)
		for _, k := range keptTokens {
			expires := int64(0)
			if k.year != 0 {
				expires = time.Date(k.year, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
			}
			run(t, b, address, fmt.Sprintf(`INSERT INTO usher_tokens (hash, id, tenant, connection, name, strictness, created, expires, last_used)
				VALUES ('%x', 'id-of-%s', 'acme', '%s', 'Acme', 0, 1, %d, 0)`, sha256.Sum256([]byte(k.secret)), k.secret, k.connection, expires))
		}
		s := b.open(t, address, sqlstore.Options{})
		requireKept(t, s)
		c := newClock()
		tokens := s.Tokens()
		tokens.Now = c.Now
		for _, k := range keptTokens {
			got, err := tokens.VerifyToken(t.Context(), k.secret)
			if !k.valid {
				require.ErrorIs(t, err, scim.ErrToken, k.secret)
				continue
			}
			require.NoError(t, err, k.secret)
			require.Equal(t, scim.Connection{ID: k.connection, Tenant: acme, Name: "Acme"}, got)
		}
		for connection, n := range map[string]int{"okta": 2, "entra": 2} {
			list, err := tokens.Of(t.Context(), connection)
			require.NoError(t, err)
			require.Len(t, list, n)
		}
		slots, err := lines(database(s), `SELECT id || ' ' || slot FROM usher_tokens WHERE slot IS NOT NULL AND connection = 'okta' ORDER BY slot`)
		require.NoError(t, err)
		require.Equal(t, []string{"id-of-never-expires 1", "id-of-next-but-one 2"}, slots)

		of := func(connection string) scim.Connection { return scim.Connection{ID: connection, Tenant: acme} }
		_, _, err = tokens.Issue(t.Context(), of("entra"), time.Time{})
		require.NoError(t, err, "an expired token has no slot for long")
		_, _, err = tokens.Issue(t.Context(), of("okta"), time.Time{})
		require.ErrorIs(t, err, scim.ErrTooManyTokens)
		c.add(5 * 365 * 24 * time.Hour)
		_, _, err = tokens.Issue(t.Context(), of("okta"), time.Time{})
		require.NoError(t, err)
		require.NoError(t, b.same(want, address))
	})
}

// requireKept requires all that was kept but the tokens.
func requireKept(t testing.TB, s *sqlstore.Store) {
	t.Helper()
	ctx := t.Context()
	ann, err := s.User(ctx, acme, "ann")
	require.NoError(t, err)
	require.Equal(t, []string{"Ann@example.com", "Engineer", "3"}, []string{ann.UserName, ann.Title, ann.Version})
	found, err := s.FindUsers(ctx, acme, scim.Find{UserNames: []string{"bob@example.com"}, Archived: true})
	require.NoError(t, err)
	require.Len(t, found, 1)
	members, err := s.Members(ctx, acme, "team", scim.Query{})
	require.NoError(t, err)
	require.Equal(t, []scim.Member{{ID: "ann", Display: "Ann"}}, members.Items)
	counts, err := s.Counts(ctx, acme)
	require.NoError(t, err)
	require.Equal(t, scim.Counts{Active: 1, Archived: 1}, counts)
	events, err := s.Events(ctx, scim.EventQuery{})
	require.NoError(t, err)
	require.Len(t, events.Items, 1)
	require.Equal(t, "Ann@example.com", events.Items[0].Name)
	place, err := s.Place(ctx, "mailer")
	require.NoError(t, err)
	require.Equal(t, "1", place)
	activity, err := s.Activity(ctx, acme)
	require.NoError(t, err)
	require.Len(t, activity, 1)
	require.Equal(t, time.Unix(0, 4).UTC(), activity[0].LastChange)
}

// TestMigrateOlder: a replica of this version that starts after a later one has
// migrated works, and changes nothing about the tables.
func TestMigrateOlder(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		address := b.places(t, 1)[0]
		b.untroubled(t, address)
		run(t, b, address, "ALTER TABLE usher_users ADD COLUMN later text", "INSERT INTO usher_migrations (version_id, is_applied) VALUES (999, true)")
		s, seen := (*sqlstore.Store)(nil), new(spy)
		db := seen.open(t, b, address)
		for _, c := range seen.during(func() { s = b.on(t, db, sqlstore.Options{}) }).statements() {
			require.Regexp(t, `^SELECT\b`, c.query)
		}
		_, err := s.CreateUser(t.Context(), acme, person("ann"), scim.Guard{}, event(scim.UserCreated, "ann", ""))
		require.NoError(t, err)
		u, err := s.User(t.Context(), acme, "ann")
		require.NoError(t, err)
		require.Equal(t, "ann@example.com", u.UserName)
	})
}

// TestMigrateGap: where a step of this version is missing below one that it does not
// know, nobody can tell what the tables are, and nothing is done.
func TestMigrateGap(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		address := b.places(t, 1)[0]
		b.outdated(t, address)
		run(t, b, address, "INSERT INTO usher_migrations (version_id, is_applied) VALUES (999, true)")
		db, err := sql.Open(b.driver, address)
		require.NoError(t, err)
		defer db.Close()
		before, err := lines(db, layouts[b.driver])
		require.NoError(t, err)
		_, err = sqlstore.Open(t.Context(), db, b.dialect, sqlstore.Options{})
		require.ErrorContains(t, err, "sqlstore: migrating: ")
		require.ErrorContains(t, err, "missing")
		require.ErrorContains(t, err, "999")
		after, err := lines(db, layouts[b.driver])
		require.NoError(t, err)
		require.Equal(t, before, after)
	})
}

// TestUnmigrated: a store that was told so sends nothing when it is opened. Where
// nobody has migrated, what it is asked fails and names a table.
func TestUnmigrated(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		places := b.places(t, 2)
		for i, address := range places {
			db, err := sql.Open(b.driver, address)
			require.NoError(t, err)
			defer db.Close()
			if i == 1 {
				require.NoError(t, sqlstore.Migrate(t.Context(), db, b.dialect))
			}
			seen, s := new(spy), (*sqlstore.Store)(nil)
			spied := seen.open(t, b, address)
			require.Empty(t, seen.during(func() { s = b.on(t, spied, sqlstore.Options{Unmigrated: true}) }))
			require.Zero(t, spied.Stats().OpenConnections)
			_, err = s.CreateUser(t.Context(), acme, person("ann"), scim.Guard{}, event(scim.UserCreated, "ann", ""))
			if i == 1 {
				require.NoError(t, err)
				continue
			}
			require.ErrorContains(t, err, "usher_")
			made, err := lines(db, tables[b.driver])
			require.NoError(t, err)
			require.Empty(t, made)
		}
	})
}

// tables are what is in a place: tables with their columns, and indexes that have a
// name of their own.
var tables = map[string]string{
	"pgx": `SELECT c.relname || '.' || a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
			WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r'
		UNION ALL SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND indexname NOT LIKE '%\_pkey' AND indexname NOT LIKE '%\_key'`,
	"sqlite": `SELECT m.name || '.' || c.name FROM sqlite_master m, pragma_table_xinfo(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'
		UNION ALL SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL`,
}

// TestMigrateAlike: both databases are migrated by the same steps, and have the same
// tables, columns and indexes in the end.
func TestMigrateAlike(t *testing.T) {
	// Events are given positions on PostgreSQL only, where several write at once.
	onlyPostgres := []string{"usher_events.position", "usher_events_new", "usher_positions.one", "usher_positions.position"}
	var steps, made [2][]string
	for i, b := range backends {
		files, err := filepath.Glob("migrations/" + b.dialect.String() + "/*")
		require.NoError(t, err)
		for _, f := range files {
			steps[i] = append(steps[i], filepath.Base(f))
		}
		s := b.open(t, b.address(t), sqlstore.Options{})
		made[i], err = lines(database(s), tables[b.driver])
		require.NoError(t, err)
	}
	require.NotEmpty(t, steps[0])
	require.Equal(t, steps[0], steps[1])
	made[1] = append(made[1], onlyPostgres...)
	for i := range made {
		slices.Sort(made[i])
	}
	require.Empty(t, cmp.Diff(made[0], made[1]))
}

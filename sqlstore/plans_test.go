package sqlstore_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
)

// upTo is a table n of the numbers i from 1 to n.
func upTo(n int) string {
	return fmt.Sprintf("(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT i FROM n) n", n)
}

// fill makes a tenant of n users like the first of acme, a group of all of them and
// of groups, and events, by statements that both databases have.
func fill(t testing.TB, s scim.Store, tenant string, n int) {
	t.Helper()
	const (
		user  = `$1 || '-u' || i`
		group = `$1 || '-g' || `
		one   = `(SELECT * FROM usher_users WHERE tenant = 'acme' ORDER BY created, id LIMIT 1) u`
	)
	groups := n / 4
	name, doc := "$1::text", `replace(doc::text, 'person.1@example.com', `+user+` || '@x.co')::json`
	if onSQLite(s) {
		name, doc = "?1", `replace(doc, 'person.1@example.com', `+user+` || '@x.co')`
	}
	for _, statement := range []string{
		`INSERT INTO usher_tenants (tenant, active) VALUES ($1, 0) ON CONFLICT DO NOTHING`,
		`INSERT INTO usher_users (tenant, id, revision, created, modified, status, user_name, email, external_id, label, label_key, doc, idx)
			SELECT $1, ` + user + `, 1, created + i, modified, CASE i % 50 WHEN 0 THEN 4 WHEN 1 THEN 3 ELSE 1 END, ` + user + ` || '@x.co',
			` + user + ` || '@x.co', ` + user + ` || '-e', label, label_key, ` + doc + `, idx FROM ` + upTo(n) + `, ` + one,
		`INSERT INTO usher_addresses (tenant, user_id, address) SELECT $1, ` + user + `, ` + user + ` || '@y.co' FROM ` + upTo(n),
		`INSERT INTO usher_folders (tenant, user_id, root, name_key, name) SELECT $1, ` + user + `, 'Department', 'd' || (i % 40), 'D' || (i % 40) FROM ` + upTo(n),
		`INSERT INTO usher_groups (tenant, id, revision, created, modified, connection, name, name_key, external_id)
			SELECT $1, ` + group + `i, 1, i, i, '', 'G' || i, 'g' || i, '' FROM ` + upTo(groups),
		`INSERT INTO usher_members (tenant, group_id, member, user_id) SELECT $1, ` + group + `1, ` + user + `, ` + user + ` FROM ` + upTo(n) + ` WHERE i % 50 > 0`,
		fmt.Sprintf(`INSERT INTO usher_members (tenant, group_id, member, user_id) SELECT $1, `+group+`(2 + i %% %d), `+user+`, `+user+` FROM `+upTo(n)+` WHERE i %% 50 > 0`, groups-1),
		`INSERT INTO usher_members (tenant, group_id, member, sub_id) SELECT $1, ` + group + `1, ` + group + `i, ` + group + `i FROM ` + upTo(groups) + ` WHERE i > 1`,
		`INSERT INTO usher_events (tenant, at, user_id, group_id, doc) SELECT $1, i, ` + user + `, '', '{}' FROM ` + upTo(n),
		fmt.Sprintf(`INSERT INTO usher_events (tenant, at, user_id, group_id, doc) SELECT $1, i, '', `+group+`(1 + i %% %d), '{}' FROM `+upTo(n), groups),
		`INSERT INTO usher_places (consumer, place) SELECT $1 || '-' || i, '1' FROM ` + upTo(20),
		`INSERT INTO usher_activity (tenant, connection, last_request, last_change) SELECT $1, $1 || '-' || i, 1, 1 FROM ` + upTo(20),
		`INSERT INTO usher_tokens (hash, id, tenant, connection, name, strictness, created, expires, last_used, slot) SELECT $1 || '-h' || i, $1 || '-t' || i, $1, $1 || '-' || i, '', 0, 1, 0, 0, 1 FROM ` + upTo(20),
	} {
		execute(t, s, strings.ReplaceAll(statement, "$1", name), tenant)
	}
}

// step is a step of a store that must not cost more in a larger directory.
type step struct {
	do      func(ctx context.Context, s *sqlstore.Store) error
	ordered bool // what it reads is read in the order of an index
	walks   bool // it goes through a tenant in order, until it has what it wants
	all     bool // it is about all tenants
}

const big scim.Tenant = "big"

var steps = map[string]step{
	"a user":              {do: func(ctx context.Context, s *sqlstore.Store) error { return second(s.User(ctx, big, "big-u5")) }},
	"by userName":         finding(scim.Find{UserNames: []string{"big-u5@x.co"}, Groups: true}),
	"by e-mail":           finding(scim.Find{Emails: []string{"big-u5@x.co"}}),
	"by addresses":        finding(scim.Find{Addresses: []string{"big-u5@y.co", "big-u6@x.co"}}),
	"by externalId":       finding(scim.Find{ExternalIDs: []string{"big-u5-e"}}),
	"whom a POST matches": finding(scim.Find{UserNames: []string{"big-u6@x.co"}, Emails: []string{"big-u7@x.co"}, Archived: true}),
	"by anything": finding(scim.Find{
		IDs: []string{"big-u5", "big-u6"}, UserNames: []string{"big-u6@x.co"}, Emails: []string{"big-u7@x.co"},
		Addresses: []string{"big-u8@y.co"}, ExternalIDs: []string{"big-u9-e"}, Archived: true, Groups: true,
	}),
	"a group by name": {do: func(ctx context.Context, s *sqlstore.Store) error {
		return second(s.FindGroups(ctx, big, scim.Find{Names: []string{"g5"}}))
	}},
	"a page of users": listing(scim.Query{Limit: 100}),
	"those held":      listing(scim.Query{Limit: 100, Status: scim.StatusHeld}),
	"a page of groups": {ordered: true, do: func(ctx context.Context, s *sqlstore.Store) error {
		first, err := s.Groups(ctx, big, scim.Query{Limit: 20, NoTotal: true})
		if err == nil {
			_, err = s.Groups(ctx, big, scim.Query{Limit: 20, NoTotal: true, After: first.Next})
		}
		return err
	}},
	"a page of members": {ordered: true, do: func(ctx context.Context, s *sqlstore.Store) error {
		return second(s.Members(ctx, big, "big-g1", scim.Query{Limit: 100, After: "1000"}))
	}},
	"groups of some": {do: func(ctx context.Context, s *sqlstore.Store) error {
		return second(s.GroupsOf(ctx, big, []string{"big-u20", "big-u21", "big-g7"}))
	}},
	"a folder's users": {walks: true, do: func(ctx context.Context, s *sqlstore.Store) error {
		return second(s.Users(ctx, big, scim.Query{Limit: 20, Folder: scim.FolderKey{Root: "Department", Name: "d7"}}))
	}},
	"counts": {do: func(ctx context.Context, s *sqlstore.Store) error { return second(s.Counts(ctx, big)) }},

	"create": {do: func(ctx context.Context, s *sqlstore.Store) error {
		return second(s.CreateUser(ctx, big, person("new"), scim.Guard{Seats: scim.Seats(1e9)}, event(scim.UserCreated, "new", "")))
	}},
	"update": {do: func(ctx context.Context, s *sqlstore.Store) error {
		return second(s.UpdateUser(ctx, big, person("big-u12"), scim.Guard{Version: "1"}, event(scim.UserUpdated, "big-u12", "")))
	}},
	"archive": {do: func(ctx context.Context, s *sqlstore.Store) error {
		return second(s.UpdateUser(ctx, big, in(scim.StatusArchived, person("big-u10")), scim.Guard{Version: "1"}, event(scim.UserArchived, "big-u10", "")))
	}},
	"purge": {do: func(ctx context.Context, s *sqlstore.Store) error {
		return s.PurgeUser(ctx, big, "big-u50", event(scim.UserPurged, "big-u50", ""))
	}},
	"create a group": {do: func(ctx context.Context, s *sqlstore.Store) error {
		return second(s.CreateGroup(ctx, big, team("new"), []string{"big-u22", "big-g2"}, event(scim.GroupCreated, "", "new")))
	}},
	"change members": {do: func(ctx context.Context, s *sqlstore.Store) error {
		change := scim.GroupChange{Add: []string{"big-u15", "big-u16", "big-g3"}, Remove: []string{"big-u17"}}
		return second(s.UpdateGroup(ctx, big, "big-g2", change, scim.Guard{}, event(scim.GroupUpdated, "", "big-g2")))
	}},
	"rename a group": {do: func(ctx context.Context, s *sqlstore.Store) error {
		return second(s.UpdateGroup(ctx, big, "big-g2", scim.GroupChange{DisplayName: new("Renamed")}, scim.Guard{}, event(scim.GroupUpdated, "", "big-g2")))
	}},
	"delete a group": {do: func(ctx context.Context, s *sqlstore.Store) error {
		return s.DeleteGroup(ctx, big, "big-g4", scim.Guard{}, event(scim.GroupDeleted, "", "big-g4"))
	}},

	"the record of a quiet tenant": reading(scim.EventQuery{Tenant: "t7"}),
	"what was done last":           reading(scim.EventQuery{Tenant: "t7", NewestFirst: true}),
	"the record of a user":         reading(scim.EventQuery{Tenant: big, UserID: "big-u7"}),
	"the record of a group":        reading(scim.EventQuery{Tenant: big, GroupID: "big-g7", NewestFirst: true}),
	"a consumer goes on":           {ordered: true, all: true, do: reading(scim.EventQuery{After: "700"}).do},
	"a consumer's place": {all: true, do: func(ctx context.Context, s *sqlstore.Store) error {
		if err := s.SetPlace(ctx, "revoke", "700"); err != nil {
			return err
		}
		return second(s.Place(ctx, "revoke"))
	}},
	"activity": {do: func(ctx context.Context, s *sqlstore.Store) error {
		if err := s.SaveActivity(ctx, big, scim.Activity{Connection: "big-1"}); err != nil {
			return err
		}
		return second(s.Activity(ctx, big))
	}},
	"a token": {all: true, do: func(ctx context.Context, s *sqlstore.Store) error {
		_, err := s.Tokens().VerifyToken(ctx, scim.NewToken())
		if err == nil {
			return fmt.Errorf("a token that was never issued is good")
		}
		return nil
	}},
}

func finding(f scim.Find) step {
	return step{do: func(ctx context.Context, s *sqlstore.Store) error {
		found, err := s.FindUsers(ctx, big, f)
		if err == nil && len(found) == 0 {
			return scim.ErrNotFound
		}
		return err
	}}
}

func listing(q scim.Query) step {
	return step{ordered: true, do: func(ctx context.Context, s *sqlstore.Store) error {
		first, err := s.Users(ctx, big, q)
		if err == nil {
			q := q
			q.After = first.Next
			_, err = s.Users(ctx, big, q)
		}
		return err
	}}
}

func reading(q scim.EventQuery) step {
	q.Limit = 20
	return step{ordered: true, do: func(ctx context.Context, s *sqlstore.Store) error {
		page, err := s.Events(ctx, q)
		if err == nil && len(page.Items) == 0 {
			return scim.ErrNotFound
		}
		return err
	}}
}

// TestPlans: no step that is taken on the way of a request, of a consumer or of the
// host's own pages goes through a table, nor through what other tenants have, nor
// sorts more than what it returns. EXPLAIN says so, with go test -v in full.
func TestPlans(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes many rows for PostgreSQL not to go through them")
	}
	onBoth(t, func(t *testing.T, b backend) {
		seen := new(spy)
		s := b.on(t, seen.open(t, b, b.address(t)), sqlstore.Options{})
		made(t, handlerOn(t, s), "/Users", profile(1))
		fill(t, s, string(big), 20_000)
		for i := range 300 {
			fill(t, s, fmt.Sprint("t", i), 20)
		}
		execute(t, s, "INSERT INTO usher_tenants (tenant) SELECT 'empty' || i FROM "+upTo(5000))
		require.NoError(t, second(s.Events(t.Context(), scim.EventQuery{Limit: 1}))) // which gives all events their positions
		analyze(t, s)
		explain := explainPostgres
		if b.dialect.String() == "sqlite" {
			explain = explainSQLite
		}
		for _, name := range slices.Sorted(maps.Keys(steps)) {
			step := steps[name]
			sent := seen.during(func() { require.NoError(t, step.do(t.Context(), s), name) }).statements()
			require.NotEmpty(t, sent, name)
			for _, c := range sent {
				t.Logf("%s: %s", name, strings.Join(strings.Fields(c.query), " "))
				explain(t, database(s), step, c)
			}
		}
	})
}

// arguments are those that a call was sent with.
func (c call) arguments() []any {
	args := make([]any, len(c.args))
	for i, a := range c.args {
		args[i] = a.Value
	}
	return args
}

// node is a part of a plan of PostgreSQL.
type node struct {
	Type      string  `json:"Node Type"`
	Relation  string  `json:"Relation Name"`
	Index     string  `json:"Index Name"`
	Condition string  `json:"Index Cond"`
	Rows      float64 `json:"Plan Rows"`
	Plans     []node  `json:"Plans"`
}

// few are the tables that have a handful of rows for a tenant.
var few = []string{"usher_tenants", "usher_activity"}

// everybodys are the indexes by which the end of the record, a reader's place in it,
// and the events without a position are found.
var everybodys = []string{"usher_events_position_key", "usher_events_pkey", "usher_events_new"}

func explainPostgres(t *testing.T, db *sql.DB, step step, c call) {
	t.Helper()
	var text []byte
	require.NoError(t, db.QueryRowContext(t.Context(), "EXPLAIN (FORMAT JSON) "+c.query, c.arguments()...).Scan(&text))
	var plans []struct {
		Plan node
		JIT  any
	}
	require.NoError(t, json.Unmarshal(text, &plans))
	require.Len(t, plans, 1)
	require.Nil(t, plans[0].JIT, "the statement is so costly that it is compiled")
	var look func(n node, depth int)
	look = func(n node, depth int) {
		t.Logf("%s%s %s%s %s %.0f", strings.Repeat("  ", depth+1), n.Type, n.Relation, n.Index, n.Condition, n.Rows)
		switch n.Type {
		case "Seq Scan":
			require.Equal(t, "usher_positions", n.Relation, "a table is gone through") // which has one row
		case "Index Scan", "Index Only Scan", "Bitmap Index Scan":
			if !step.all && !slices.Contains(everybodys, n.Index) {
				require.Contains(t, n.Condition, "tenant = ", "other tenants' rows are read")
				require.True(t, step.ordered || step.walks || slices.Contains(few, strings.TrimSuffix(n.Index, "_pkey")) || strings.Contains(n.Condition, " AND "), "a tenant is gone through")
			}
		case "Sort", "Incremental Sort":
			require.Less(t, n.Rows, 1000.0, "many rows are sorted")
			require.False(t, step.ordered && n.Rows > 100, "a page is sorted")
		}
		for _, p := range n.Plans {
			look(p, depth+1)
		}
	}
	look(plans[0].Plan, 0)
}

func explainSQLite(t *testing.T, db *sql.DB, step step, c call) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+c.query, c.arguments()...)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var (
			id, parent, unused int
			detail             string
		)
		require.NoError(t, rows.Scan(&id, &parent, &unused, &detail))
		t.Logf("    %s", detail)
		fields := strings.Fields(detail)
		switch {
		case fields[0] == "SCAN":
			require.Contains(t, []string{"x", "json_each", "CONSTANT"}, fields[1], "a table is gone through: %s", detail)
		case fields[0] == "SEARCH" && !step.all && strings.Contains(detail, "("):
			require.True(t, step.ordered || step.walks || slices.Contains(few, fields[1]) || !strings.Contains(detail, "(tenant=?)"), "a tenant is gone through: %s", detail)
			require.True(t, strings.Contains(detail, "tenant=?") || strings.Contains(detail, "(rowid=?)"), "other tenants' rows are read: %s", detail)
		case strings.Contains(detail, "TEMP B-TREE FOR ORDER BY"):
			require.False(t, step.ordered, "a page is sorted")
		}
	}
	require.NoError(t, rows.Err())
}

// TestForeignKeysAreIndexed: what a foreign key is checked by when the row that it
// names goes is an index of the rows that name it.
func TestForeignKeysAreIndexed(t *testing.T) {
	queries := map[string]string{
		"postgres": `SELECT c.conrelid::regclass::text || '.' || c.conname, EXISTS (SELECT 1 FROM pg_index i
				WHERE i.indrelid = c.conrelid AND (i.indkey::int2[])[0:array_length(c.conkey, 1) - 1] = c.conkey
				AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) LIKE '%IS NOT NULL)'))
			FROM pg_constraint c WHERE c.contype = 'f' AND c.connamespace = current_schema()::regnamespace`,
		"sqlite": `SELECT t.name || '.' || k.id || ' ' || k."from", EXISTS (SELECT 1 FROM pragma_index_list(t.name) i, pragma_index_info(i.name) c
				WHERE c.seqno = k.seq AND c.name = k."from")
			FROM sqlite_master t, pragma_foreign_key_list(t.name) k WHERE t.type = 'table'`,
	}
	onBoth(t, func(t *testing.T, b backend) {
		s := b.open(t, b.address(t), sqlstore.Options{})
		rows, err := database(s).QueryContext(t.Context(), queries[b.name])
		require.NoError(t, err)
		defer rows.Close()
		keys := 0
		for ; rows.Next(); keys++ {
			var (
				key     string
				indexed bool
			)
			require.NoError(t, rows.Scan(&key, &indexed))
			require.True(t, indexed, key)
		}
		require.NoError(t, rows.Err())
		require.Positive(t, keys)
	})
}

// TestYoungTables: the load that fills a new directory is soon planned by statistics
// of it, and not by those of empty tables until PostgreSQL comes to collect some; in a
// directory that it knows nothing is collected.
func TestYoungTables(t *testing.T) {
	address := postgres(t)
	seen := new(spy)
	s := backends[0].on(t, seen.open(t, backends[0], address), sqlstore.Options{})
	execute(t, s, "ALTER TABLE usher_users SET (autovacuum_enabled = off)")
	execute(t, s, "ALTER TABLE usher_events SET (autovacuum_enabled = off)")
	collected := func(s *sqlstore.Store, seen *spy, name string) (n int) {
		for _, query := range seen.during(func() {
			for i := range 300 {
				id := fmt.Sprint(name, i)
				require.NoError(t, second(s.CreateUser(t.Context(), acme, person(id), scim.Guard{}, event(scim.UserCreated, id, ""))))
			}
		}).queries() {
			if strings.HasPrefix(query, "ANALYZE") {
				n++
			}
		}
		return n
	}
	require.Equal(t, 1, collected(s, seen, "a"))
	require.InDelta(t, 256, number(t, s, "SELECT reltuples::int FROM pg_class WHERE oid = 'usher_users'::regclass"), 0)

	again := new(spy)
	require.Zero(t, collected(backends[0].on(t, again.open(t, backends[0], address), sqlstore.Options{}), again, "b"))
}

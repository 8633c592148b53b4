package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
)

// The tests called TestTrap… show what docs/store.md warns of, in plain SQL on the
// real databases: that it happens, and that what the document advises helps. Here
// are those about what several do at once; others are about text and about SQLite.

// session is a connection of its own.
type session struct {
	t    testing.TB
	conn *sql.Conn
}

// sessions returns connections to one new, empty place, where some statements were
// run.
func (b backend) sessions(t testing.TB, tables string) (one, two session) {
	t.Helper()
	db, err := sql.Open(b.driver, b.address(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	var out [2]session
	for i := range out {
		conn, err := db.Conn(context.Background())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		out[i] = session{t, conn}
	}
	out[0].run(tables)
	return out[0], out[1]
}

// try runs a statement and returns how many rows it changed.
func (s session) try(query string, args ...any) (int, error) {
	res, err := s.conn.ExecContext(s.t.Context(), query, args...)
	if err != nil {
		return 0, err
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// run is try for a statement that does not fail.
func (s session) run(query string, args ...any) int {
	s.t.Helper()
	n, err := s.try(query, args...)
	require.NoError(s.t, err, query)
	return n
}

// ask returns what a query of one row and one column does.
func (s session) ask(query string, args ...any) (answer string) {
	s.t.Helper()
	require.NoError(s.t, s.conn.QueryRowContext(s.t.Context(), query, args...).Scan(&answer), query)
	return answer
}

// list returns the rows of a query, with a space between their columns.
func (s session) list(query string, args ...any) (lines []string) {
	s.t.Helper()
	rows, err := s.conn.QueryContext(s.t.Context(), query, args...)
	require.NoError(s.t, err, query)
	defer rows.Close()
	columns, err := rows.Columns()
	require.NoError(s.t, err)
	for rows.Next() {
		values, dest := make([]string, len(columns)), make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		require.NoError(s.t, rows.Scan(dest...))
		lines = append(lines, strings.Join(values, " "))
	}
	require.NoError(s.t, rows.Err())
	return lines
}

// waits sends a query of one number, and returns once it waits for what other has
// locked. ended returns its answer.
func (s session) waits(other session, query string) (ended func() string) {
	s.t.Helper()
	pid := s.ask("SELECT pg_backend_pid()")
	answer := make(chan string, 1)
	go func() {
		var n string
		if err := s.conn.QueryRowContext(s.t.Context(), query).Scan(&n); err != nil {
			n = err.Error()
		}
		answer <- n
	}()
	require.Eventually(s.t, func() bool {
		return other.ask("SELECT cardinality(pg_blocking_pids($1))", pid) != "0"
	}, 10*time.Second, time.Millisecond, "nobody waits: %s", query)
	return func() string { return <-answer }
}

// refused requires an error with this code: a SQLSTATE, or a number of SQLite's.
func refused(t testing.TB, code string, err error) {
	t.Helper()
	var stated interface{ SQLState() string }
	var coded interface{ Code() int }
	switch {
	case errors.As(err, &stated):
		require.Equal(t, code, stated.SQLState(), err)
	case errors.As(err, &coded):
		require.Equal(t, code, fmt.Sprint(coded.Code()), err)
	default:
		require.Fail(t, "not refused", "%v", err)
	}
}

// licensed is a company with one seat, and with its accounts.
const licensed = `
	CREATE TABLE companies (name text PRIMARY KEY, seats bigint NOT NULL, active bigint NOT NULL DEFAULT 0);
	CREATE TABLE accounts (company text NOT NULL, login text NOT NULL, active boolean NOT NULL);
	INSERT INTO companies VALUES ('acme', 1)`

const (
	countActive = "SELECT count(*) FROM accounts WHERE company = 'acme' AND active"
	takeSeat    = "WITH t AS (UPDATE companies SET active = active + 1 WHERE name = 'acme' AND active < seats RETURNING 1) SELECT count(*) FROM t"
	lockCompany = "SELECT 1 FROM companies WHERE name = 'acme' FOR UPDATE"
)

func (s session) enter(login string) {
	s.t.Helper()
	s.run("INSERT INTO accounts VALUES ('acme', $1, true)", login)
}

// TestTrapCountThenInsert: two that count first sell one seat twice; two that take
// it from a counter do not.
func TestTrapCountThenInsert(t *testing.T) {
	t.Parallel()
	one, two := backends[0].sessions(t, licensed)
	for _, s := range []session{one, two} {
		s.run("BEGIN")
		require.Equal(t, "0", s.ask(countActive), "there is a seat")
	}
	one.enter("ann")
	two.enter("bob")
	one.run("COMMIT")
	two.run("COMMIT")
	require.Equal(t, "2", one.ask(countActive), "of one seat")

	one.run("BEGIN")
	require.Equal(t, "1", one.ask(takeSeat))
	ended := two.waits(one, takeSeat)
	one.run("COMMIT")
	require.Equal(t, "0", ended(), "the update looks at the row again")
}

// TestTrapSnapshotOlderThanLock: who waited for a lock may still see what was before
// it.
func TestTrapSnapshotOlderThanLock(t *testing.T) {
	t.Parallel()
	const both = "WITH c AS (SELECT name FROM companies WHERE name = 'acme' FOR UPDATE) SELECT count(a.*) FROM c LEFT JOIN accounts a ON a.company = c.name AND a.active"
	for _, c := range []struct{ level, lock, sees, gaveUp string }{
		{level: "READ COMMITTED", lock: lockCompany, sees: "1"},
		{level: "READ COMMITTED", lock: both, sees: "0"},
		{level: "REPEATABLE READ", lock: lockCompany, sees: "0"},
		{level: "SERIALIZABLE", lock: lockCompany, sees: "0", gaveUp: "40001"},
	} {
		t.Run(c.level+" "+c.lock[:4], func(t *testing.T) {
			t.Parallel()
			one, two := backends[0].sessions(t, licensed)
			for _, s := range []session{one, two} {
				s.run("BEGIN ISOLATION LEVEL " + c.level)
			}
			one.ask(c.lock)
			require.Equal(t, "0", one.ask(countActive))
			ended := two.waits(one, c.lock)
			one.enter("ann")
			one.run("COMMIT")

			sees := ended()
			if c.lock == lockCompany {
				sees = two.ask(countActive)
			}
			require.Equal(t, c.sees, sees, "active users, with the lock in hand")
			if sees == "1" {
				return
			}
			_, err := two.try("INSERT INTO accounts VALUES ('acme', 'bob', true)")
			if err == nil {
				_, err = two.try("COMMIT")
			}
			if c.gaveUp != "" {
				refused(t, c.gaveUp, err)
				require.Equal(t, "1", one.ask(countActive))
				return
			}
			require.NoError(t, err)
			require.Equal(t, "2", one.ask(countActive), "of one seat")
		})
	}
}

// TestTrapReadThenWrite: a version that was compared before the write guards
// nothing; one in the statement does.
func TestTrapReadThenWrite(t *testing.T) {
	t.Parallel()
	for guard, title := range map[string]string{"": "by two", " AND version = 1": "by one"} {
		one, two := backends[0].sessions(t, "CREATE TABLE accounts (login text, title text, version bigint); INSERT INTO accounts VALUES ('ann', '', 1)")
		update := "UPDATE accounts SET title = $1, version = version + 1 WHERE login = 'ann'" + guard
		for _, s := range []session{one, two} {
			s.run("BEGIN")
			require.Equal(t, "1", s.ask("SELECT version FROM accounts"))
		}
		require.Equal(t, 1, one.run(update, "by one"))
		one.run("COMMIT")
		changed := two.run(update, "by two")
		two.run("COMMIT")
		require.Equal(t, title, one.ask("SELECT title FROM accounts"))
		require.Equal(t, title == "by two", changed == 1)
	}
}

// TestTrapForeignKeyIsNoLock: a foreign key keeps a user from being deleted while it
// becomes a member, not from being archived.
func TestTrapForeignKeyIsNoLock(t *testing.T) {
	t.Parallel()
	for _, locks := range []bool{false, true} {
		one, two := backends[0].sessions(t, `CREATE TABLE users (id text PRIMARY KEY, archived boolean); INSERT INTO users VALUES ('ann', false);
			CREATE TABLE members (team text, id text REFERENCES users)`)
		one.run("BEGIN")
		if locks {
			require.Equal(t, "ann", one.ask("SELECT id FROM users WHERE id = 'ann' AND NOT archived FOR SHARE"))
		}
		one.run("INSERT INTO members VALUES ('staff', 'ann')")

		two.run("BEGIN")
		_, err := two.try("SELECT FROM users WHERE id = 'ann' FOR NO KEY UPDATE NOWAIT")
		if locks {
			refused(t, "55P03", err) // it would have waited
			continue
		}
		require.NoError(t, err)
		two.run("UPDATE users SET archived = true WHERE id = 'ann'")
		require.Zero(t, two.run("DELETE FROM members WHERE id = 'ann'"), "what it cannot see yet")
		two.run("COMMIT")
		one.run("COMMIT")
		require.Equal(t, "true", one.ask("SELECT u.archived FROM members m JOIN users u USING (id)"))
	}
}

// TestTrapOtherDoor: a counter is right only if every door takes it; a trigger is
// behind all of them.
func TestTrapOtherDoor(t *testing.T) {
	t.Parallel()
	one, two := backends[0].sessions(t, licensed)
	require.Equal(t, "1", one.ask(takeSeat))
	one.enter("ann")
	two.enter("bob") // who signed up
	require.Equal(t, "2 1", one.list("SELECT (SELECT count(*) FROM accounts WHERE active), active FROM companies")[0], "counted one by one, and by the counter")

	one, two = backends[0].sessions(t, licensed+`;
		CREATE FUNCTION count_account() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			UPDATE companies SET active = active + 1 WHERE name = new.company AND active < seats;
			IF NOT FOUND THEN RAISE 'no free seat' USING ERRCODE = 'SC001'; END IF;
			RETURN NULL;
		END $$;
		CREATE TRIGGER count_account AFTER INSERT ON accounts FOR EACH ROW WHEN (new.active) EXECUTE FUNCTION count_account()`)
	one.run("BEGIN")
	one.enter("ann")
	two.run("BEGIN")
	ended := two.waits(one, "INSERT INTO accounts VALUES ('acme', 'bob', true) RETURNING 1")
	one.run("COMMIT")
	require.Contains(t, ended(), "SC001")
	require.Equal(t, "1", one.ask(countActive))
}

// TestTrapForeignKeyWithoutTenant: a key of an ID alone lets the users of others in.
func TestTrapForeignKeyWithoutTenant(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		one, _ := b.sessions(t, `CREATE TABLE users (tenant text, id text PRIMARY KEY, UNIQUE (tenant, id));
			CREATE TABLE loose (tenant text, team text, id text REFERENCES users (id));
			CREATE TABLE tight (tenant text, team text, id text, FOREIGN KEY (tenant, id) REFERENCES users (tenant, id));
			INSERT INTO users VALUES ('rival', 'bob')`)
		one.run("INSERT INTO loose VALUES ('acme', 'staff', 'bob')")
		_, err := one.try("INSERT INTO tight VALUES ('acme', 'staff', 'bob')")
		refused(t, map[string]string{"pgx": "23503", "sqlite": "787"}[b.driver], err)
	})
}

// TestTrapOutOfOrder: a reader that goes on from a number of a sequence loses what
// was numbered earlier and committed later; one of the store does not.
func TestTrapOutOfOrder(t *testing.T) {
	t.Parallel()
	one, two := backends[0].sessions(t, "CREATE TABLE events (seq bigint GENERATED ALWAYS AS IDENTITY, who text)")
	one.run("BEGIN")
	one.run("INSERT INTO events (who) VALUES ('leaver')")
	two.run("INSERT INTO events (who) VALUES ('joiner')")
	require.Equal(t, []string{"2 joiner"}, two.list("SELECT seq, who FROM events WHERE seq > 0"))
	one.run("COMMIT")
	require.Equal(t, []string{"1 leaver", "2 joiner"}, two.list("SELECT seq, who FROM events ORDER BY seq"))
	require.Empty(t, two.list("SELECT seq, who FROM events WHERE seq > 2"), "and the leaver is never heard of")

	written, goOn := make(chan bool), make(chan bool)
	address := postgres(t)
	slow := backends[0].open(t, address, sqlstore.Options{Hook: func(context.Context, *sql.Tx, sqlstore.Write) error {
		written <- true
		<-goOn
		return nil
	}})
	s := backends[0].open(t, address, sqlstore.Options{})
	ended := make(chan error)
	go func() {
		_, err := slow.CreateUser(context.Background(), acme, person("leaver"), scim.Guard{}, event(scim.UserCreated, "leaver", ""))
		ended <- err
	}()
	<-written
	_, err := s.CreateUser(t.Context(), "other", person("joiner"), scim.Guard{}, event(scim.UserCreated, "joiner", ""))
	require.NoError(t, err)
	q := scim.EventQuery{}
	require.Equal(t, []string{"2 joiner"}, eventsFrom(t, s, &q))
	close(goOn)
	require.NoError(t, <-ended)
	require.Equal(t, []string{"1 leaver"}, eventsFrom(t, s, &q), "what was numbered earlier comes later")
}

// eventsFrom returns the events of a page, and moves q behind it.
func eventsFrom(t testing.TB, s scim.Store, q *scim.EventQuery) (out []string) {
	t.Helper()
	page, err := s.Events(t.Context(), *q)
	require.NoError(t, err)
	for _, e := range page.Items {
		out = append(out, e.Seq+" "+e.UserID)
	}
	q.After = page.Next
	return out
}

// TestTrapAmbiguousCommit: a connection that breaks after COMMIT was sent leaves a
// write that was done and reported as failed. What the client repeats then finds it
// done.
func TestTrapAmbiguousCommit(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		seen := new(spy)
		noHook := func(context.Context, *sql.Tx, sqlstore.Write) error { return nil } // but a transaction for each write
		s := b.on(t, seen.open(t, b, b.address(t)), sqlstore.Options{Hook: noHook})
		h := handlerOn(t, s)
		breaks := func() {
			left := 1
			seen.failing(func(c call) fate {
				if c.kind != "commit" || left == 0 {
					return fate{}
				}
				left--
				return fate{err: errCut, done: true, cut: true}
			})
		}
		const ann = `{"userName":"ann@example.com"}`
		breaks()
		require.Equal(t, http.StatusInternalServerError, ask(h, http.MethodPost, "/Users", ann).Code)
		require.Equal(t, http.StatusConflict, ask(h, http.MethodPost, "/Users", ann).Code, "repeated")
		found := ask(h, http.MethodGet, "/Users?filter=userName+eq+%22ann@example.com%22", "")
		require.Contains(t, found.Body.String(), `"totalResults":1`)
		users, err := s.FindUsers(t.Context(), acme, scim.Find{UserNames: []string{"ann@example.com"}})
		require.NoError(t, err)
		path := "/Users/" + users[0].ID

		const off = `{"Operations":[{"op":"replace","path":"active","value":false}]}`
		breaks()
		require.Equal(t, http.StatusInternalServerError, ask(h, http.MethodPatch, path, off).Code)
		require.Equal(t, 1, number(t, s, "SELECT deactivated FROM usher_tenants"), "it was done")
		require.Equal(t, http.StatusOK, ask(h, http.MethodPatch, path, off).Code, "repeated")

		breaks()
		require.Equal(t, http.StatusInternalServerError, ask(h, http.MethodDelete, path, "").Code)
		require.Equal(t, http.StatusNotFound, ask(h, http.MethodDelete, path, "").Code, "repeated")

		var kinds []scim.EventKind // each is on the record once, and consumers hear of it
		page, err := s.Events(t.Context(), scim.EventQuery{UserID: users[0].ID, Tenant: acme})
		require.NoError(t, err)
		for _, e := range page.Items {
			if e.Error == "" {
				kinds = append(kinds, e.Kind)
			}
		}
		require.Equal(t, []scim.EventKind{scim.UserCreated, scim.UserDeactivated, scim.UserArchived}, kinds)
	})
}

// behind is a store that reads users from a standby which has not got them yet: from
// a snapshot that is older than they are.
type behind struct {
	scim.Store
	standby session
}

func (s *behind) lacks(t scim.Tenant, id string) bool {
	return s.standby.ask("SELECT count(*) FROM usher_users WHERE tenant = $1 AND id = $2", string(t), id) == "0"
}

// User returns a user that the standby has.
func (s *behind) User(ctx context.Context, t scim.Tenant, id string) (*scim.User, error) {
	if s.lacks(t, id) {
		return nil, scim.ErrNotFound
	}
	return s.Store.User(ctx, t, id)
}

// FindUsers returns the users that the standby has.
func (s *behind) FindUsers(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.User, error) {
	found, err := s.Store.FindUsers(ctx, t, f)
	return slices.DeleteFunc(found, func(u *scim.User) bool { return s.lacks(t, u.ID) }), err
}

// TestTrapStandby: a store that reads what is behind answers that a leaver is not
// there, and the leaver stays active.
func TestTrapStandby(t *testing.T) {
	t.Parallel()
	address := postgres(t)
	s := backends[0].open(t, address, sqlstore.Options{})
	standby, err := database(s).Conn(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = standby.Close() })
	late := session{t, standby}
	late.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
	require.Equal(t, "0", late.ask("SELECT count(*) FROM usher_users"))

	h := handlerOn(t, &behind{s, late})
	made := ask(h, http.MethodPost, "/Users", `{"userName":"ann@example.com"}`)
	require.Equal(t, http.StatusCreated, made.Code)
	path := strings.TrimPrefix(made.Header().Get("Location"), base)
	require.Equal(t, http.StatusNotFound, ask(h, http.MethodGet, path, "").Code)
	require.Equal(t, http.StatusNotFound, ask(h, http.MethodDelete, path, "").Code)
	require.Equal(t, 1, number(t, s, "SELECT active FROM usher_tenants"))
	late.run("ROLLBACK") // it has caught up
	require.Equal(t, http.StatusNoContent, ask(h, http.MethodDelete, path, "").Code)
}

// TestTrapPooledStatements: a prepared statement is the server's connection's, which
// a pooler in transaction mode hands to somebody else for the next transaction.
func TestTrapPooledStatements(t *testing.T) {
	t.Parallel()
	one, two := backends[0].sessions(t, "SELECT 1")
	one.run("PREPARE s1 AS SELECT 'of one'")
	_, err := two.try("EXECUTE s1")
	refused(t, "26000", err)
	two.run("PREPARE s1 AS SELECT 'of two'")
	require.Equal(t, "of two", two.ask("EXECUTE s1"), "whoever prepared it elsewhere gets another's")
	_, err = two.try("PREPARE s1 AS SELECT 'of one'")
	refused(t, "42P05", err)
}

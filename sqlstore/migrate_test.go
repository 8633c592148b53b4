package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pressly/goose/v3/lock"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
)

// atOnce is how many replicas do not disturb each other, each in a place of its own.
// Some of them wait for a second or three before they give up.
var atOnce = map[string]int{"pgx": 4, "sqlite": 16}

// places returns the addresses of new, empty places. Those on PostgreSQL are in
// databases of their own: replicas take turns by a lock that is the database's, and
// those of other tests shall not be among them.
func (b backend) places(t testing.TB, n int) []string {
	t.Helper()
	out := make([]string, n)
	if b.driver != "pgx" {
		for i := range out {
			out[i] = b.address(t)
		}
		return out
	}
	address := b.address(t)
	_, name, _ := strings.Cut(address, "&search_path=")
	databases := min(1+n/8, atOnce["pgx"])
	for d := range databases {
		database := fmt.Sprint(name, "_", d)
		run(t, b, address, "CREATE DATABASE "+database)
		in := strings.Replace(address, "/postgres?", "/"+database+"?", 1)
		var schemas []string
		for i := d; i < n; i += databases {
			out[i] = fmt.Sprint(in, "_", i)
			schemas = append(schemas, fmt.Sprint("CREATE SCHEMA ", name, "_", i))
		}
		run(t, b, in, schemas...)
	}
	return out
}

// run runs statements.
func run(t testing.TB, b backend, address string, statements ...string) {
	t.Helper()
	db, err := sql.Open(b.driver, address)
	require.NoError(t, err)
	defer db.Close()
	for _, s := range statements {
		_, err := db.ExecContext(context.Background(), s)
		require.NoError(t, err, s)
	}
}

// layouts describe all that is in a place but the rows of people, and which steps
// were done.
var layouts = map[string]string{
	"pgx": `WITH mine AS (SELECT oid, relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r')
		SELECT concat_ws(' ', relname, attnum, attname, format_type(atttypid, atttypmod), attcollation::regcollation, attnotnull, attidentity,
			attgenerated, pg_get_expr(adbin, adrelid)) AS line FROM mine JOIN pg_attribute ON attrelid = mine.oid AND attnum > 0
			LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
		UNION ALL SELECT pg_get_indexdef(indexrelid, 0, true) FROM mine JOIN pg_index ON indrelid = mine.oid
		UNION ALL SELECT concat_ws(' ', relname, conname, pg_get_constraintdef(c.oid, true)) FROM mine JOIN pg_constraint c ON conrelid = mine.oid
		UNION ALL SELECT 'step ' || version_id FROM usher_migrations
		UNION ALL SELECT 'positions ' || count(*) FROM usher_positions ORDER BY 1`,
	"sqlite": `SELECT type || ' ' || name || ' ' || coalesce(sql, '') AS line FROM sqlite_master
		UNION ALL SELECT 'step ' || version_id FROM usher_migrations ORDER BY 1`,
}

// layout returns the layout of a place, once another replica has opened it.
func (b backend) layout(address string) ([]string, error) {
	db, err := sql.Open(b.driver, address)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	if _, err := sqlstore.Open(context.Background(), db, b.dialect, sqlstore.Options{}); err != nil {
		return nil, err
	}
	return lines(db, layouts[b.driver])
}

// lines returns what a query of one column of text does.
func lines(db *sql.DB, query string) ([]string, error) {
	rows, err := db.QueryContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return nil, err
		}
		out = append(out, line)
	}
	return out, rows.Err()
}

// same returns an error where a place, opened once more, is not as one that was
// migrated without trouble.
func (b backend) same(want []string, address string) error {
	got, err := b.layout(address)
	if err == nil && cmp.Diff(want, got) != "" {
		err = errors.New(cmp.Diff(want, got))
	}
	return err
}

// untroubled returns the layout of a place that was migrated without trouble.
func (b backend) untroubled(t testing.TB, address string) []string {
	t.Helper()
	want, err := b.layout(address)
	require.NoError(t, err)
	steps, err := filepath.Glob("migrations/" + b.dialect.String() + "/*.sql")
	require.NoError(t, err)
	for n := range len(steps) + 1 { // goose counts from 0, where there is nothing
		require.Contains(t, want, fmt.Sprint("step ", n))
	}
	return want
}

// TestMigrateAtOnce: replicas that start at once in an empty place all come up, and
// what one of them keeps all see.
func TestMigrateAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		places := b.places(t, 2)
		want := b.untroubled(t, places[0])
		var (
			wg     sync.WaitGroup
			stores [8]*sqlstore.Store
			errs   [8]error
			start  = make(chan struct{})
		)
		for i := range stores {
			db, err := sql.Open(b.driver, places[1])
			require.NoError(t, err)
			defer db.Close()
			wg.Go(func() {
				<-start
				stores[i], errs[i] = sqlstore.Open(context.Background(), db, b.dialect, sqlstore.Options{})
			})
		}
		close(start)
		wg.Wait()
		require.NoError(t, errors.Join(errs[:]...))
		_, err := stores[0].CreateUser(t.Context(), acme, person("ann"), scim.Guard{}, event(scim.UserCreated, "ann", ""))
		require.NoError(t, err)
		for _, s := range stores {
			u, err := s.User(t.Context(), acme, "ann")
			require.NoError(t, err)
			require.Equal(t, "ann@example.com", u.UserName)
		}
		require.NoError(t, b.same(want, places[1]))
	})
}

// waits are how a replica is seen that comes second: how often it asks for its turn
// before the first goes on.
var waits = []struct {
	backend
	name, ask string
	impatient bool // SQLite does not wait, so the store tries again
	asks      int
}{
	{backend: backends[0], name: "postgres", ask: "pg_try_advisory_lock", asks: 3},
	{backend: backends[1], name: "sqlite", ask: "CREATE TABLE usher_tenants", asks: 1},
	{backend: backends[1], name: "impatient sqlite", ask: "CREATE TABLE usher_tenants", impatient: true, asks: 3},
}

// soon is a context for what would wait for ever if it went wrong.
func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// TestMigrateWaits: a replica that starts while another has half done a step waits
// for it, and does not do it again.
func TestMigrateWaits(t *testing.T) {
	for _, w := range waits {
		t.Run(w.name, func(t *testing.T) {
			t.Parallel()
			b, places := w.backend, w.places(t, 2)
			want := b.untroubled(t, places[0])
			half, asked, errs := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			first, second := new(spy), new(spy)
			first.failing(func(c call) fate {
				if strings.Contains(c.query, "CREATE TABLE usher_groups") {
					close(half)
					<-asked
				}
				return fate{}
			})
			asks := 0
			second.failing(func(c call) fate {
				if strings.Contains(c.query, w.ask) {
					if asks++; asks == w.asks {
						close(asked)
					}
				}
				return fate{}
			})
			one := first.open(t, b, places[1])
			defer one.Close()
			go func() { errs <- sqlstore.Migrate(context.Background(), one, b.dialect) }()
			select {
			case <-half:
			case err := <-errs:
				require.FailNow(t, "the first did not come to the groups", "%v", err)
			}
			address := places[1]
			if w.impatient {
				address = strings.Replace(address, "busy_timeout(10000)", "busy_timeout(0)", 1)
			}
			two := second.open(t, b, address)
			defer two.Close()
			require.NoError(t, sqlstore.Migrate(soon(t), two, b.dialect))
			require.GreaterOrEqual(t, asks, w.asks, "it went on while the first was at it")
			require.NoError(t, <-errs)
			require.NoError(t, b.same(want, places[1]))
		})
	}
}

// TestMigrateWaitsNoLonger: a replica does not wait for its turn any longer than its
// context lasts, and takes nobody else's.
func TestMigrateWaitsNoLonger(t *testing.T) {
	t.Parallel()
	b := backends[0]
	places := b.places(t, 2)
	want := b.untroubled(t, places[0])
	ctx, cancel := context.WithCancel(t.Context())
	s, asks := new(spy), 0
	s.failing(func(c call) fate {
		if strings.Contains(c.query, "pg_try_advisory_lock") {
			if asks++; asks == 3 {
				cancel()
			}
		}
		return fate{}
	})
	db := s.open(t, b, places[1])
	defer db.Close()
	other, err := sql.Open(b.driver, places[1])
	require.NoError(t, err)
	defer other.Close()
	holder, err := other.Conn(t.Context())
	require.NoError(t, err)
	_, err = holder.ExecContext(t.Context(), "SELECT pg_advisory_lock($1)", lock.DefaultLockID)
	require.NoError(t, err)
	require.ErrorIs(t, sqlstore.Migrate(ctx, db, b.dialect), context.Canceled)
	var held bool
	require.NoError(t, holder.QueryRowContext(t.Context(), "SELECT pg_advisory_unlock($1)", lock.DefaultLockID).Scan(&held))
	require.True(t, held)
	require.NoError(t, b.same(want, places[1]))
}

// TestMigrateLockLost: a replica that cannot give its turn back does not keep it
// either.
func TestMigrateLockLost(t *testing.T) {
	t.Parallel()
	b := backends[0]
	places := b.places(t, 2)
	want := b.untroubled(t, places[0])
	s, failed := new(spy), errors.New("not now")
	s.failing(func(c call) fate {
		if strings.Contains(c.query, "pg_advisory_unlock") {
			return fate{err: failed}
		}
		return fate{}
	})
	db := s.open(t, b, places[1])
	defer db.Close() // but it is open meanwhile
	require.ErrorIs(t, sqlstore.Migrate(t.Context(), db, b.dialect), failed)
	// It did all there was to do, so that the other asks for its turn by hand.
	other, err := sql.Open(b.driver, places[1])
	require.NoError(t, err)
	defer other.Close()
	_, err = other.ExecContext(soon(t), "SELECT pg_advisory_lock($1)", lock.DefaultLockID)
	require.NoError(t, err)
	require.NoError(t, b.same(want, places[1]))
}

// TestMigrateOnce: a step that somebody else finishes between being looked up and
// being done is not done twice, even if it could be. SQLite has no lock for that.
func TestMigrateOnce(t *testing.T) {
	t.Parallel()
	b := backends[1]
	address := b.places(t, 1)[0]
	b.outdated(t, address)
	s, looked := new(spy), false
	s.failing(func(c call) fate {
		if c.kind == "begin" && !looked {
			looked = true
			run(t, b, address, "INSERT INTO usher_migrations (version_id, is_applied) VALUES (2, true)")
		}
		return fate{}
	})
	db := s.open(t, b, address)
	defer db.Close()
	require.NoError(t, sqlstore.Migrate(t.Context(), db, b.dialect))
	got, err := lines(db, "SELECT 'step ' || version_id FROM usher_migrations ORDER BY id")
	require.NoError(t, err)
	require.Equal(t, []string{"step 0", "step 1", "step 2"}, got[:3])
	require.NotContains(t, got[3:], "step 2")
	columns, err := lines(db, "SELECT name FROM pragma_table_info('usher_tokens')")
	require.NoError(t, err)
	require.NotContains(t, columns, "slot", "what it did itself is undone")
}

// TestMigrateAgain: a database that is busy, however long one tries to note down
// where the steps begin, is no reason to take them for begun.
func TestMigrateAgain(t *testing.T) {
	if testing.Short() {
		t.Skip("it waits for seconds")
	}
	onBoth(t, func(t *testing.T, b backend) {
		places := b.places(t, 2)
		want := b.untroubled(t, places[0])
		s, failed := new(spy), 0
		s.failing(func(c call) fate {
			if strings.Contains(c.query, "CREATE TABLE usher_migrations") && failed < 5 {
				failed++
				return fate{err: b.gaveUp()}
			}
			return fate{}
		})
		db := s.open(t, b, places[1])
		defer db.Close()
		require.NoError(t, sqlstore.Migrate(t.Context(), db, b.dialect))
		require.Equal(t, 5, failed)
		require.NoError(t, b.same(want, places[1]))
	})
}

// trouble is what goes wrong with a migration when something is sent: before the nth
// thing is done for 2n-1, after it was for 2n.
type trouble struct {
	db    *sql.DB
	ctx   context.Context
	begin func(n int)
	end   func()
}

// cutOff is that the connection breaks: on the network, or before the driver.
func cutOff(t testing.TB, b backend, address string) trouble {
	if b.driver != "pgx" {
		c := new(spyCutter)
		return trouble{c.open(t, b, address), context.Background(), c.cut, c.mend}
	}
	p := newProxy(t, server.Addr())
	db, err := sql.Open(b.driver, strings.Replace(address, server.Addr(), p.addr(), 1))
	require.NoError(t, err)
	return trouble{db, context.Background(), p.cut, p.mend}
}

// calledOff is that the context ends.
func calledOff(t testing.TB, b backend, address string) trouble {
	s := new(spy)
	ctx, cancel := context.WithCancel(context.Background())
	return trouble{s.open(t, b, address), ctx, func(n int) {
		left := (n + 1) / 2
		s.failing(func(call) fate {
			if left--; left != 0 {
				return fate{}
			}
			cancel()
			if n%2 == 0 {
				return fate{err: context.Canceled, done: true}
			}
			return fate{}
		})
	}, cancel}
}

// TestMigrateTrouble: whatever was sent last, and whether it was done or not, the
// next replica goes on from there, and the place is as any other in the end.
func TestMigrateTrouble(t *testing.T) {
	for _, c := range []struct {
		name string
		of   func(testing.TB, backend, string) trouble
		// from is the first n. What was done when something is cut off after the one
		// thing is what was when it is before the next.
		from int
	}{{"cut off", cutOff, 2}, {"called off", calledOff, 1}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t *testing.T, b backend) {
				stride := 2
				if testing.Short() {
					stride = 11
				}
				const most = 400
				places := b.places(t, 2+most/stride)
				var (
					want         = b.untroubled(t, places[0])
					errs         = make([]error, most)
					failed, fine atomic.Int64
					wg           sync.WaitGroup
					turns        = make(chan struct{}, atOnce[b.driver])
				)
				for n := c.from; n < most && fine.Load() == 0; n += stride {
					turns <- struct{}{}
					address := places[1+n/stride]
					trouble := c.of(t, b, address)
					wg.Go(func() {
						if trouble.migrate(b, n) != nil {
							failed.Add(1)
						} else {
							fine.Add(1)
						}
						errs[n] = b.same(want, address)
						<-turns
					})
				}
				wg.Wait()
				for n, err := range errs {
					require.NoError(t, err, "at %d", n)
				}
				require.Positive(t, fine.Load(), "more is sent than that")
				require.Greater(t, failed.Load(), int64(40/stride))
			})
		})
	}
}

// migrate migrates, in trouble at n.
func (c trouble) migrate(b backend, n int) error {
	defer c.db.Close()
	c.begin(n)
	defer c.end()
	return sqlstore.Migrate(c.ctx, c.db, b.dialect)
}

package sqlstore_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
)

// directoryOn returns a directory on a store and the handler of a tenant, with a clock.
func directoryOn(t testing.TB, s scim.Store, tenant scim.Tenant, c *clock) (*scim.Directory, http.Handler) {
	t.Helper()
	dir, err := scim.New(scim.Config{Store: s, Logger: quiet, Now: c.Now})
	require.NoError(t, err)
	h, err := scim.NewHandler(dir, scim.HandlerConfig{BaseURL: base, Verifier: scim.TokenVerifierFunc(
		func(context.Context, string) (scim.Connection, error) {
			return scim.Connection{ID: "okta", Tenant: tenant}, nil
		})})
	require.NoError(t, err)
	t.Cleanup(func() { _ = dir.Flush(context.Background()) })
	return dir, h
}

// created posts a resource and returns its ID.
func created(t testing.TB, h http.Handler, path, body string) string {
	t.Helper()
	w := ask(h, http.MethodPost, path, body)
	require.Equal(t, http.StatusCreated, w.Code, w.Body.String())
	var resource struct {
		ID string `json:"id"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &resource))
	return resource.ID
}

func deleted(t testing.TB, h http.Handler, path string) {
	t.Helper()
	w := ask(h, http.MethodDelete, path, "")
	require.Equal(t, http.StatusNoContent, w.Code, w.Body.String())
}

// TestPurgeArchived: the directory forgets users that were archived before a time,
// with all that hung on them, and no others; their names are free.
func TestPurgeArchived(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		s, c := b.open(t, b.address(t), sqlstore.Options{}), newClock()
		dir, h := directoryOn(t, s, acme, c)
		ids := map[string]string{}
		for _, name := range []string{"long", "late", "back", "stays"} {
			ids[name] = created(t, h, "/Users", `{"userName":"`+name+`@example.com","externalId":"x-`+name+`",
				"emails":[{"value":"`+name+`@example.com","type":"work"},{"value":"`+name+`@home.example","type":"home"}],
				"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"`+name+`"}}`)
		}
		created(t, h, "/Groups", `{"displayName":"all","members":[{"value":"`+ids["long"]+`"},{"value":"`+ids["stays"]+`"}]}`)
		c.add(time.Hour)
		deleted(t, h, "/Users/"+ids["long"])
		deleted(t, h, "/Users/"+ids["back"])
		c.add(time.Hour)
		before := c.Now()
		deleted(t, h, "/Users/"+ids["late"])
		created(t, h, "/Users", `{"userName":"back@example.com"}`) // brings that user back
		c.add(time.Hour)

		n, err := dir.Purge(t.Context(), acme, before)
		require.NoError(t, err)
		require.Equal(t, 1, n)
		_, err = dir.User(t.Context(), acme, ids["long"])
		require.ErrorIs(t, err, scim.ErrNotFound)
		for _, table := range []string{"usher_addresses", "usher_folders"} {
			require.Zero(t, number(t, s, "SELECT count(*) FROM "+table+" WHERE user_id = '"+ids["long"]+"'"), table)
		}
		require.Equal(t, 1, number(t, s, "SELECT count(*) FROM usher_members"))
		late, err := dir.User(t.Context(), acme, ids["late"])
		require.NoError(t, err)
		require.Equal(t, scim.StatusArchived, late.Status)
		counts, err := dir.Counts(t.Context(), acme)
		require.NoError(t, err)
		require.Equal(t, scim.Counts{Active: 2, Archived: 1}, counts)
		counted(t, s)

		log, err := dir.Log(t.Context(), acme, scim.EventQuery{UserID: ids["long"], NewestFirst: true, Limit: 1})
		require.NoError(t, err)
		require.Equal(t, scim.UserPurged, log.Items[0].Kind)
		require.Equal(t, "long@example.com", log.Items[0].Name)
		require.Equal(t, c.Now(), log.Items[0].Time)
		require.NotEqual(t, ids["long"], created(t, h, "/Users", `{"userName":"LONG@example.com"}`), "a stranger with a name that is free")
	})
}

// TestPurgeArchivedCost: what it takes to forget a user does not depend on how many
// memberships the tenant has.
func TestPurgeArchivedCost(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		// PostgreSQL counts what a connection reads, until it adds that to what all did.
		var read []int
		s := b.open(t, b.address(t), sqlstore.Options{Hook: func(ctx context.Context, tx *sql.Tx, w sqlstore.Write) error {
			if w.Event.Kind != scim.UserPurged || b.driver != "pgx" {
				return nil
			}
			var n int
			err := tx.QueryRowContext(ctx, `SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables
				WHERE relname = 'usher_members' AND schemaname = current_schema()`).Scan(&n)
			read = append(read, n)
			return err
		}})
		database(s).SetMaxOpenConns(1)
		populate(t, s, acme)
		_, err := s.UpdateUser(t.Context(), acme, in(scim.StatusArchived, person("u5")), scim.Guard{}, event(scim.UserArchived, "u5", ""))
		require.NoError(t, err)
		execute(t, s, `INSERT INTO usher_users (tenant, id, revision, created, modified, status, user_name, email, external_id, label, label_key, doc)
			WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
			SELECT u.tenant, 'n' || n.i, 1, 1, 1, 2, 'n' || n.i, '', '', '', '', u.doc FROM n, usher_users u WHERE u.id = 'u0'`)
		execute(t, s, `INSERT INTO usher_members (tenant, group_id, member, user_id) SELECT g.tenant, g.id, u.id, u.id
			FROM usher_groups g JOIN usher_users u ON u.tenant = g.tenant AND u.status = 2 AND u.id NOT IN ('u3', 'u4')`)
		require.Greater(t, number(t, s, "SELECT count(*) FROM usher_members"), 2900)
		analyze(t, s)
		for _, id := range []string{"u5", "u6"} {
			require.NoError(t, s.PurgeUser(t.Context(), acme, id, event(scim.UserPurged, id, "")))
		}
		if b.driver == "pgx" {
			require.Len(t, read, 2)
			if read[1] >= read[0] {
				read[1] -= read[0]
			}
			require.Less(t, read[1], 10)
			return
		}
		var id, parent, unused int
		var plan string // of what the foreign key asks
		require.NoError(t, database(s).QueryRowContext(t.Context(),
			"EXPLAIN QUERY PLAN SELECT 1 FROM usher_members WHERE tenant = ? AND user_id = ?", "acme", "u6").Scan(&id, &parent, &unused, &plan))
		require.Contains(t, plan, "(tenant=? AND user_id=?)")
	})
}

// happened appends events at times that are so many nanoseconds after 1970.
func happened(t testing.TB, s scim.Store, from, to int) {
	t.Helper()
	execute(t, s, fmt.Sprintf(`INSERT INTO usher_events (tenant, at, user_id, group_id, doc)
		WITH RECURSIVE n(i) AS (SELECT %d UNION ALL SELECT i + 1 FROM n WHERE i < %d) SELECT 'acme', i, '', '', '{}' FROM n`, from, to))
}

// seqs returns the places of the events that a query finds, over all pages.
func seqs(t testing.TB, s scim.Store, q scim.EventQuery) (out []string) {
	t.Helper()
	for {
		page, err := s.Events(t.Context(), q)
		require.NoError(t, err)
		for _, e := range page.Items {
			out = append(out, e.Seq)
		}
		if len(page.Items) == 0 || page.Next == "" {
			return out
		}
		q.After = page.Next
	}
}

func forever() time.Time { return time.Unix(0, math.MaxInt64) }

// TestPurgeEvents: what happened before a time is forgotten, a bounded number in a
// transaction, and what did at it or later is not.
func TestPurgeEvents(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		seen := new(spy)
		s := b.on(t, seen.open(t, b, b.address(t)), sqlstore.Options{})
		happened(t, s, 1, 2600)
		n, err := s.PurgeEvents(t.Context(), time.Time{})
		require.NoError(t, err)
		require.Zero(t, n)
		sent := seen.during(func() { n, err = s.PurgeEvents(t.Context(), time.Unix(0, 2500)) })
		require.NoError(t, err)
		require.Equal(t, 2499, n)
		require.Equal(t, 101, number(t, s, "SELECT count(*) FROM usher_events WHERE at >= 2500"))
		require.Equal(t, 101, number(t, s, "SELECT count(*) FROM usher_events"))
		deletes, commits := 0, 0
		for _, c := range sent {
			switch {
			case c.kind == "statement" && strings.HasPrefix(c.query, "DELETE FROM usher_events"):
				deletes++
			case c.kind == "commit":
				commits++
			}
		}
		require.Equal(t, 3, deletes)
		require.GreaterOrEqual(t, commits, deletes)
		n, err = s.PurgeEvents(t.Context(), time.Unix(0, 2500))
		require.NoError(t, err)
		require.Zero(t, n)
	})
}

// TestPurgeEventsStopped: what was forgotten before the context ends, or the database
// fails, stays so, and is told.
func TestPurgeEventsStopped(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		for _, c := range []struct {
			name, at string
			nth      int
			fail     func(stop context.CancelFunc) fate
			is       error
			gone     int
		}{
			{"context", "begin", 3, func(stop context.CancelFunc) fate { stop(); return fate{} }, context.Canceled, 2000},
			{"database", "commit", 2, func(context.CancelFunc) fate { return fate{err: errCut} }, errCut, 1000},
		} {
			seen := new(spy)
			s := b.on(t, seen.open(t, b, b.address(t)), sqlstore.Options{})
			happened(t, s, 1, 3500)
			_, err := s.Events(t.Context(), scim.EventQuery{Limit: 1}) // which gives positions
			require.NoError(t, err)
			ctx, stop := context.WithCancel(t.Context())
			sent := 0
			seen.failing(func(what call) fate {
				if what.kind == c.at {
					sent++
				}
				if what.kind == c.at && sent == c.nth {
					return c.fail(stop)
				}
				return fate{}
			})
			n, err := s.PurgeEvents(ctx, forever())
			seen.failing(nil)
			stop()
			require.ErrorIs(t, err, c.is, c.name)
			require.Equal(t, c.gone, n, c.name)
			require.Equal(t, 3500-n, number(t, s, "SELECT count(*) FROM usher_events"), c.name)
			n, err = s.PurgeEvents(t.Context(), forever())
			require.NoError(t, err)
			require.Equal(t, 3500-c.gone, n, c.name)
		}
	})
}

// TestPurgeEventsAtOnce: several processes that forget at the same time forget each
// event once, beside others that write and read.
func TestPurgeEventsAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		address, o := b.address(t), sqlstore.Options{Attempts: 1000}
		stores := []*sqlstore.Store{b.open(t, address, o), b.open(t, address, o), b.open(t, address, o)}
		happened(t, stores[0], 1, 6000)
		before := time.Unix(0, 5501)
		purged, errs := make([]int, 6), make([]error, 8)
		var wg sync.WaitGroup
		for i := range purged {
			wg.Go(func() { purged[i], errs[i] = stores[i%3].PurgeEvents(t.Context(), before) })
		}
		wg.Go(func() {
			for range 50 {
				errs[6] = errors.Join(errs[6], stores[0].Append(t.Context(), acme, event(scim.RequestRefused, "", "")))
			}
		})
		wg.Go(func() {
			for range 10 {
				_, err := stores[1].Events(t.Context(), scim.EventQuery{Limit: 100})
				errs[7] = errors.Join(errs[7], err)
			}
		})
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		sum := 0
		for _, n := range purged {
			sum += n
		}
		require.Equal(t, 5500, sum)
		require.Len(t, seqs(t, stores[2], scim.EventQuery{}), 550)
	})
}

// TestPurgeEventsWaits: who finds that somebody else has just forgotten the oldest
// events goes on with the next, for that one may have ended.
func TestPurgeEventsWaits(t *testing.T) {
	t.Parallel()
	one, other := backends[0].two(t, sqlstore.Options{})
	happened(t, one, 1, 2500)
	_, err := one.Events(t.Context(), scim.EventQuery{Limit: 1}) // which gives positions
	require.NoError(t, err)
	var n int
	waiting(t, one, func() { n, err = other.PurgeEvents(t.Context(), forever()) }, "DELETE FROM usher_events WHERE seq <= 1000")
	require.NoError(t, err)
	require.Equal(t, 1500, n)
}

// TestPurgeEventsClocks: events that are newer than what stands behind them do not
// keep it, unless they are as many as one transaction looks at.
func TestPurgeEventsClocks(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		for newer, want := range map[int]int{999: 2000, 1000: 1500} {
			s := b.open(t, b.address(t), sqlstore.Options{})
			happened(t, s, 1, 1500)
			happened(t, s, 1e6+1, 1e6+500) // the rest of the second thousand
			happened(t, s, 1e6+1, 1e6+newer)
			happened(t, s, 1, 500)
			n, err := s.PurgeEvents(t.Context(), time.Unix(0, 1e6))
			require.NoError(t, err)
			require.Equal(t, want, n, newer)
			require.Equal(t, 2500+newer-n, number(t, s, "SELECT count(*) FROM usher_events"))
		}
	})
}

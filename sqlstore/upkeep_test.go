package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
)

// miscounted returns the counters that are not what one statement counts beside them:
// of users by status and of members.
func miscounted(ctx context.Context, s scim.Store) ([]string, error) {
	query := `SELECT 'group ' || g.id || ': ' || g.members FROM usher_groups g WHERE g.members <>
		(SELECT count(*) FROM usher_members m WHERE m.tenant = g.tenant AND m.group_id = g.id)`
	for i, counter := range []string{"active", "deactivated", "held", "archived"} {
		query += fmt.Sprintf(` UNION ALL SELECT x.tenant || ': %[1]s ' || coalesce(n.%[1]s, 0)
			FROM (SELECT tenant FROM usher_tenants UNION SELECT tenant FROM usher_users) x LEFT JOIN usher_tenants n ON n.tenant = x.tenant
			WHERE coalesce(n.%[1]s, 0) <> (SELECT count(*) FROM usher_users u WHERE u.tenant = x.tenant AND u.status = %[2]d)`, counter, i+1)
	}
	rows, err := database(s).QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var what string
		if err := rows.Scan(&what); err != nil {
			return nil, err
		}
		out = append(out, what)
	}
	return out, rows.Err()
}

// counted requires that all counters are right.
func counted(t testing.TB, s scim.Store) {
	t.Helper()
	wrong, err := miscounted(context.Background(), s)
	require.NoError(t, err)
	require.Empty(t, wrong)
}

// populate makes users of each status and groups g, h and empty in a tenant.
func populate(t testing.TB, s scim.Store, tenant scim.Tenant) {
	t.Helper()
	for i, status := range []scim.Status{1, 1, 1, 2, 2, 3, 4} {
		id := fmt.Sprint("u", i)
		_, err := s.CreateUser(t.Context(), tenant, in(status, person(id)), scim.Guard{}, event(scim.UserCreated, id, ""))
		require.NoError(t, err)
	}
	for id, members := range map[string][]string{"g": {"u0", "u1", "u3"}, "h": {"u5"}, "empty": nil} {
		_, err := s.CreateGroup(t.Context(), tenant, team(id), members, event(scim.GroupCreated, "", id))
		require.NoError(t, err)
	}
}

// TestRecount: whatever was done to the tables by hand, counters are right after a
// recount, and nothing else has changed.
func TestRecount(t *testing.T) {
	want := scim.Counts{Active: 3, Deactivated: 2, Held: 1, Archived: 1}
	for _, c := range []struct {
		name, drift string
		want        scim.Counts
		members     int
	}{
		{"nothing", "", want, 3},
		{"counters", "UPDATE usher_tenants SET active = 99, deactivated = 0, held = -1", want, 3},
		{"no counters", "DELETE FROM usher_tenants", want, 3},
		{"a status", "UPDATE usher_users SET status = 2 WHERE id = 'u0'", scim.Counts{Active: 2, Deactivated: 3, Held: 1, Archived: 1}, 3},
		{"members", "DELETE FROM usher_members WHERE member = 'u1'", want, 2},
		{"counters of members", "UPDATE usher_groups SET members = members + 2", want, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, b backend) {
				one, other := b.two(t, sqlstore.Options{})
				populate(t, one, acme)
				populate(t, one, "globex")
				if c.drift != "" {
					execute(t, one, c.drift)
				}
				before := dump(t, one)
				counts, err := other.Recount(t.Context(), acme)
				require.NoError(t, err)
				require.Equal(t, c.want, counts)
				counts, err = one.Counts(t.Context(), acme)
				require.NoError(t, err)
				require.Equal(t, c.want, counts)
				page, err := one.Members(t.Context(), acme, "g", scim.Query{})
				require.NoError(t, err)
				require.Equal(t, c.members, page.Total)
				wrong, err := miscounted(t.Context(), one)
				require.NoError(t, err)
				for _, w := range wrong {
					require.NotContains(t, w, "acme", "the other tenant is not touched")
				}
				_, err = one.Recount(t.Context(), "globex")
				require.NoError(t, err)
				counted(t, one)

				after := dump(t, one)
				for _, table := range []string{"usher_users", "usher_members", "usher_events"} {
					require.Equal(t, before[table], after[table])
				}
				require.Zero(t, number(t, one, "SELECT count(*) FROM usher_groups WHERE revision <> 1"), "no change of a group")
			})
		})
	}
}

// TestRecountUnknown: what does not exist has no counters, and gets none.
func TestRecountUnknown(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		s := b.open(t, b.address(t), sqlstore.Options{})
		counts, err := s.Recount(t.Context(), "nobody")
		require.NoError(t, err)
		require.Zero(t, counts)
		require.Zero(t, number(t, s, "SELECT count(*) FROM usher_tenants"))

		populate(t, s, acme)
		execute(t, s, "UPDATE usher_tenants SET active = 99")
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		counts, err = s.Recount(ended, acme)
		require.ErrorIs(t, err, context.Canceled)
		require.Zero(t, counts)
		require.Equal(t, 99, number(t, s, "SELECT active FROM usher_tenants"))
	})
}

// waiting runs f while another transaction, which does what the statements say, is
// under way, and ends that once f waits for it.
func waiting(t testing.TB, s scim.Store, f func(), statements ...string) {
	t.Helper()
	tx, err := database(s).BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { _ = tx.Rollback() }()
	var pid int
	require.NoError(t, tx.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid))
	for _, query := range statements {
		_, err := tx.ExecContext(t.Context(), query)
		require.NoError(t, err)
	}
	var wg sync.WaitGroup
	wg.Go(f)
	defer wg.Wait()
	require.Eventually(t, func() bool {
		return number(t, s, "SELECT count(*) FROM pg_stat_activity WHERE $1::int = ANY(pg_blocking_pids(pid))", pid) > 0
	}, 10*time.Second, time.Millisecond, "nobody waits")
	require.NoError(t, tx.Commit())
}

// TestRecountWaits: what a transaction that is under way has done is counted.
func TestRecountWaits(t *testing.T) {
	for name, statements := range map[string][]string{
		"users": {
			"UPDATE usher_users SET status = 2 WHERE id = 'u0'",
			"UPDATE usher_tenants SET active = active - 1, deactivated = deactivated + 1",
		},
		"members": {
			"DELETE FROM usher_members WHERE group_id = 'g' AND member = 'u0'",
			"UPDATE usher_groups SET members = members - 1 WHERE id = 'g'",
		},
		"group": {
			"DELETE FROM usher_members WHERE group_id = 'g'",
			"DELETE FROM usher_groups WHERE id = 'g'",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := backends[0]
			one, other := b.two(t, sqlstore.Options{})
			populate(t, one, acme)
			execute(t, one, "UPDATE usher_tenants SET active = 50")
			execute(t, one, "UPDATE usher_groups SET members = 50")
			var err error
			waiting(t, one, func() { _, err = other.Recount(t.Context(), acme) }, statements...)
			require.NoError(t, err)
			counted(t, one)
		})
	}
}

// TestRecountBesideWriters: while a tenant is counted again and again, writers on two
// stores find their counters right at every moment, and no seat is sold twice.
func TestRecountBesideWriters(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		steps := map[string]int{"postgres": 10, "sqlite": 6} // which has one writer at a time anyway
		recountBeside(t, b, "", steps[b.name])
	})
	stepwise := backends[0]
	stepwise.dialect = stepwise.dialect.Stepwise()
	for name, b := range map[string]backend{"serializable": backends[0], "stepwise": stepwise, "serializable stepwise": stepwise} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := ""
			if strings.HasPrefix(name, "serializable") {
				settings = "&default_transaction_isolation=serializable"
			}
			recountBeside(t, b, settings, 6)
		})
	}
}

const seatsSold = 12

func recountBeside(t *testing.T, b backend, settings string, steps int) {
	if testing.Short() {
		steps /= 2
	}
	plain, o := b.address(t), sqlstore.Options{Attempts: 1000}
	address, seen := plain+settings, b.open(t, plain, o)
	stores := []*sqlstore.Store{b.open(t, address, o), b.open(t, address, o)}
	upkeep := b.open(t, address, o)
	for _, id := range []string{"g", "h"} {
		_, err := upkeep.CreateGroup(t.Context(), acme, team(id), nil, event(scim.GroupCreated, "", id))
		require.NoError(t, err)
	}
	execute(t, upkeep, "INSERT INTO usher_tenants (tenant, held) VALUES ('acme', 5)")
	execute(t, upkeep, "UPDATE usher_groups SET members = 40")

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var around, writers sync.WaitGroup
	var errRecount, errSeen error
	healed := make(chan struct{})
	around.Go(func() { errRecount = recounting(ctx, upkeep, healed) })
	around.Go(func() {
		<-healed
		errSeen = watching(ctx, seen)
	})
	errs := make([]error, 8)
	for w := range errs {
		writers.Go(func() { errs[w] = writing(t.Context(), stores[w%2], w, steps) })
	}
	writers.Wait()
	<-healed // on SQLite the writers may have left no room for it
	stop()
	around.Wait()
	require.NoError(t, errors.Join(errs...))
	require.NoError(t, errRecount)
	require.NoError(t, errSeen)
	counted(t, upkeep)
	require.Positive(t, number(t, upkeep, "SELECT count(*) FROM usher_members"))
}

// recounting counts until it is stopped, and says when it did so for the first time.
func recounting(ctx context.Context, s *sqlstore.Store, once chan struct{}) error {
	defer func() {
		if once != nil {
			close(once)
		}
	}()
	for ctx.Err() == nil {
		if _, err := s.Recount(ctx, acme); err != nil && ctx.Err() == nil {
			return err
		}
		if once != nil {
			close(once)
			once = nil
		}
	}
	return nil
}

// watching looks at what is stored until it is stopped.
func watching(ctx context.Context, s *sqlstore.Store) error {
	for ctx.Err() == nil {
		wrong, err := miscounted(ctx, s)
		if err == nil && len(wrong) > 0 {
			err = fmt.Errorf("miscounted: %v", wrong)
		}
		var active int
		if err == nil {
			err = database(s).QueryRowContext(ctx, "SELECT count(*) FROM usher_users WHERE status = 1").Scan(&active)
		}
		if err == nil && active > seatsSold {
			err = fmt.Errorf("%d users have %d seats", active, seatsSold)
		}
		if err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

// writing creates users, takes and gives back seats, and changes members.
func writing(ctx context.Context, s *sqlstore.Store, w, steps int) error {
	g := scim.Guard{Seats: scim.Seats(seatsSold)}
	for i := range steps {
		id, mate, group := fmt.Sprint(w, "-", i), fmt.Sprint(w, "-", i/2), []string{"g", "h"}[i%2]
		_, err := s.CreateUser(ctx, acme, person(id), g, event(scim.UserCreated, id, ""))
		if errors.Is(err, scim.ErrSeats) {
			_, err = s.CreateUser(ctx, acme, in(scim.StatusHeld, person(id)), g, event(scim.UserCreated, id, ""))
		}
		if err != nil {
			return fmt.Errorf("creating: %w", err)
		}
		_, err = s.UpdateGroup(ctx, acme, group, scim.GroupChange{Add: []string{id, mate}}, scim.Guard{}, event(scim.GroupUpdated, "", group))
		var archived *scim.UnknownMembersError
		if err != nil && !errors.As(err, &archived) {
			return fmt.Errorf("adding: %w", err)
		}
		if err := toggle(ctx, s, mate, g, i%3 == 0); err != nil && !errors.Is(err, scim.ErrVersion) {
			return fmt.Errorf("updating: %w", err)
		}
		if i%3 == 2 { // who may be removed by the next at the same time
			gone := fmt.Sprint((w+1)%8, "-", i/3)
			_, err := s.UpdateUser(ctx, acme, in(scim.StatusArchived, person(gone)), scim.Guard{}, event(scim.UserArchived, gone, ""))
			if err != nil && !errors.Is(err, scim.ErrNotFound) {
				return fmt.Errorf("archiving: %w", err)
			}
		}
		_, err = s.UpdateGroup(ctx, acme, group, scim.GroupChange{Remove: []string{mate}}, scim.Guard{}, event(scim.GroupUpdated, "", group))
		if err != nil {
			return fmt.Errorf("removing: %w", err)
		}
	}
	return nil
}

// toggle activates a user who is not active, where there is a seat, and deactivates
// one who is; in the version that it has, or in any.
func toggle(ctx context.Context, s *sqlstore.Store, id string, g scim.Guard, blind bool) error {
	u, err := s.User(ctx, acme, id)
	if err != nil {
		return err
	}
	if g.Version = u.Version; blind {
		g.Version = ""
	}
	if u.Status == scim.StatusActive {
		_, err = s.UpdateUser(ctx, acme, in(scim.StatusDeactivated, u), g, event(scim.UserDeactivated, id, ""))
		return err
	}
	_, err = s.UpdateUser(ctx, acme, in(scim.StatusActive, u), g, event(scim.UserActivated, id, ""))
	if errors.Is(err, scim.ErrSeats) {
		return nil
	}
	return err
}

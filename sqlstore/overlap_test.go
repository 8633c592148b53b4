package sqlstore_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
)

// overlapped is a store on PostgreSQL with a user a in group g, whose time is the
// test's to choose.
func overlapped(t testing.TB) *sqlstore.Store {
	t.Helper()
	s := backends[0].open(t, postgres(t), sqlstore.Options{})
	require.NoError(t, second(s.CreateUser(t.Context(), acme, person("a"), scim.Guard{}, event(scim.UserCreated, "a", ""))))
	require.NoError(t, second(s.CreateGroup(t.Context(), acme, team("g"), []string{"a"}, event(scim.GroupCreated, "", "g"))))
	return s
}

// TestArchiveWhileRemoved: who is removed from a group while it is archived has left
// that group once, and not by being archived.
func TestArchiveWhileRemoved(t *testing.T) {
	t.Parallel()
	s, e := overlapped(t), event(scim.UserArchived, "a", "")
	var err error
	waiting(t, s, func() {
		err = second(s.UpdateUser(t.Context(), acme, in(scim.StatusArchived, person("a")), scim.Guard{Version: "1"}, e))
	}, "DELETE FROM usher_members", "UPDATE usher_groups SET members = members - 1, revision = revision + 1")
	require.NoError(t, err)
	require.Empty(t, e.Left)
	counted(t, s)
	require.Equal(t, 2, number(t, s, "SELECT revision FROM usher_groups"))
}

// TestUpdateOverlapped: an update of one statement sees what was there when it began,
// and does nothing where somebody else wrote until it had the row; that somebody else
// only had the row is no reason.
func TestUpdateOverlapped(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		other []string
		want  error
	}{
		"written": {[]string{
			"UPDATE usher_users SET revision = revision + 1", "INSERT INTO usher_addresses VALUES ('acme', 'a', 'new@example.com')",
		}, scim.ErrVersion},
		"locked": {[]string{"SELECT 1 FROM usher_users FOR UPDATE"}, nil},
		"gone": {[]string{
			"DELETE FROM usher_members", "UPDATE usher_groups SET members = 0", "DELETE FROM usher_users", "UPDATE usher_tenants SET active = 0",
		}, scim.ErrNotFound},
		"its seat is taken": {[]string{"UPDATE usher_tenants SET active = active + 1", "UPDATE usher_users SET status = 1 WHERE id = 'b'"}, scim.ErrSeats},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := overlapped(t)
			for _, id := range []string{"b", "c"} {
				require.NoError(t, second(s.CreateUser(t.Context(), acme, in(scim.StatusDeactivated, person(id)), scim.Guard{}, event(scim.UserCreated, id, ""))))
			}
			execute(t, s, "UPDATE usher_tenants SET deactivated = 2")
			events := number(t, s, "SELECT count(*) FROM usher_events")
			id, g := "a", scim.Guard{Version: "1", Seats: scim.Seats(2)}
			if c.want == scim.ErrSeats { //nolint:errorlint // which test it is
				id = "c"
			}
			u := person(id)
			u.Keys.Addresses = []string{"other@example.com"}
			var err error
			waiting(t, s, func() { err = second(s.UpdateUser(t.Context(), acme, u, g, event(scim.UserUpdated, id, ""))) }, c.other...)
			require.ErrorIs(t, err, c.want)
			after := number(t, s, "SELECT count(*) FROM usher_events")
			others := number(t, s, "SELECT count(*) FROM usher_addresses WHERE address = 'other@example.com'")
			if c.want == nil {
				require.Equal(t, []int{events + 1, 1}, []int{after, others})
			} else {
				require.Equal(t, []int{events, 0}, []int{after, others}, "nothing is half done")
			}
		})
	}
}

// TestForgottenPlace: a reader whose event is forgotten goes on with what comes later,
// also where that has a smaller number, and backwards with what came before.
func TestForgottenPlace(t *testing.T) {
	t.Parallel()
	read := func(s *sqlstore.Store, after string, newestFirst bool) (seqs []string) {
		page, err := s.Events(t.Context(), scim.EventQuery{Tenant: acme, After: after, NewestFirst: newestFirst})
		require.NoError(t, err)
		for _, e := range page.Items {
			seqs = append(seqs, e.Seq)
		}
		return seqs
	}
	t.Run("late", func(t *testing.T) {
		t.Parallel()
		s := backends[0].open(t, postgres(t), sqlstore.Options{})
		tx, err := database(s).BeginTx(t.Context(), nil)
		require.NoError(t, err)
		defer func() { _ = tx.Rollback() }()
		_, err = tx.ExecContext(t.Context(), "INSERT INTO usher_events (tenant, at, user_id, group_id, doc) VALUES ('acme', 1, '', '', '{}')")
		require.NoError(t, err)
		require.NoError(t, s.Append(t.Context(), acme, event(scim.UserCreated, "a", "")))
		require.Equal(t, []string{"2"}, read(s, "", false))
		require.NoError(t, tx.Commit())
		page, err := s.Events(t.Context(), scim.EventQuery{Tenant: acme, After: "2"})
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		require.Empty(t, read(s, page.Next, false), "it is handed out once")
		execute(t, s, "DELETE FROM usher_events WHERE seq = 2")
		require.Equal(t, []string{"1"}, read(s, "2", false))
	})
	onBoth(t, func(t *testing.T, b backend) {
		s := b.open(t, b.address(t), sqlstore.Options{})
		for range 4 {
			require.NoError(t, s.Append(t.Context(), acme, event(scim.UserCreated, "a", "")))
		}
		require.Equal(t, []string{"4", "3", "2", "1"}, read(s, "", true))
		execute(t, s, "DELETE FROM usher_events WHERE seq BETWEEN 2 AND 3")
		require.Equal(t, []string{"1"}, read(s, "3", true))
		require.Equal(t, []string{"1"}, read(s, "4", true))
		require.Equal(t, []string{"4", "1"}, read(s, "", true))
		require.Contains(t, read(s, "3", false), "4")
		require.Empty(t, read(s, "4", false))
	})
}

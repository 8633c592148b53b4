package sqlstore_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
)

// placing is a store that tells of places that are set.
type placing struct {
	*sqlstore.Store
	set func(place string)
}

func (p placing) SetPlace(ctx context.Context, consumer, place string) error {
	err := p.Store.SetPlace(ctx, consumer, place)
	if err == nil {
		p.set(place)
	}
	return err
}

// consume runs a consumer until it has acknowledged an event, and returns the places
// of those that it was handed.
func consume(t testing.TB, s *sqlstore.Store, name, last string) (handed []string) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	dir, err := scim.New(scim.Config{Logger: quiet, Store: placing{s, func(place string) {
		if place == last {
			stop()
		}
	}}})
	require.NoError(t, err)
	err = dir.Consume(ctx, name, func(ctx context.Context, e scim.Event) error {
		if ctx.Err() == nil {
			handed = append(handed, e.Seq)
		}
		return ctx.Err()
	})
	require.ErrorIs(t, err, context.Canceled, "%s was handed %v", name, handed)
	return handed
}

// purged forgets all that may be, and requires that this is so many events.
func purged(t testing.TB, s *sqlstore.Store, want int) {
	t.Helper()
	n, err := s.PurgeEvents(t.Context(), forever())
	require.NoError(t, err)
	require.Equal(t, want, n)
}

// TestPurgeEventsConsumers: what a consumer has still to be handed stays, however old
// it is, also where the consumer does not run (P9.4).
func TestPurgeEventsConsumers(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		one, other := b.two(t, sqlstore.Options{})
		h := handlerOn(t, one)
		post := func(i int) { created(t, h, "/Users", fmt.Sprintf(`{"userName":"u%d@example.com"}`, i)) }
		for i := range 10 {
			post(i)
		}
		all := seqs(t, one, scim.EventQuery{})
		require.Len(t, all, 10)
		require.Equal(t, all, consume(t, one, "fast", all[9]))
		require.Equal(t, all[:4], consume(t, other, "slow", all[3]))

		purged(t, one, 3)
		require.Equal(t, all[3:], seqs(t, other, scim.EventQuery{}))
		require.Equal(t, all[4:], consume(t, other, "slow", all[9]), "it goes on where it stopped")
		purged(t, other, 6)

		post(10)
		all = append(all, seqs(t, one, scim.EventQuery{After: all[9]})...)
		require.Equal(t, all[10:], consume(t, other, "fast", all[10]))
		purged(t, one, 0) // the slow one has the last to be handed
		require.NoError(t, other.SetPlace(t.Context(), "slow", ""))
		place, err := one.Place(t.Context(), "slow")
		require.NoError(t, err)
		require.Empty(t, place)
		purged(t, one, 1)
		require.Equal(t, all[10:], consume(t, one, "slow", all[10]), "it begins again with what is kept")
		for _, name := range []string{"slow", "fast"} {
			require.NoError(t, one.SetPlace(t.Context(), name, ""))
		}
		require.Zero(t, number(t, one, "SELECT count(*) FROM usher_places"))
		purged(t, one, 1)
		require.Zero(t, number(t, one, "SELECT count(*) FROM usher_events"))
	})
}

// TestPurgeEventsPlaces: places that no consumer of this version writes keep all that
// they may stand for.
func TestPurgeEventsPlaces(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		for _, c := range []struct {
			place string
			kept  int
		}{{"", 10}, {"1", 10}, {"5", 6}, {"10", 1}, {"11", 0}, {"x", 10}} {
			s := b.open(t, b.address(t), sqlstore.Options{})
			happened(t, s, 1, 10)
			execute(t, s, "INSERT INTO usher_places (consumer, place) VALUES ('c', '"+c.place+"')")
			n, err := s.PurgeEvents(t.Context(), forever())
			if c.place == "x" {
				require.ErrorIs(t, err, scim.ErrPlace)
				require.ErrorContains(t, err, `"c"`)
			} else {
				require.NoError(t, err)
			}
			require.Equal(t, 10-c.kept, n, c.place)
			require.Equal(t, c.kept, number(t, s, "SELECT count(*) FROM usher_events"))
		}
	})
}

// TestPurgeEventsLate: an event that became visible after one with a higher number is
// handed to a consumer that stands at that one, though both are old.
func TestPurgeEventsLate(t *testing.T) {
	t.Parallel()
	b := backends[0]
	s := b.open(t, b.address(t), sqlstore.Options{})
	tx, err := database(s).BeginTx(t.Context(), nil)
	require.NoError(t, err)
	defer func() { _ = tx.Rollback() }()
	_, err = tx.ExecContext(t.Context(), "INSERT INTO usher_events (tenant, at, user_id, group_id, doc) VALUES ('acme', 1, '', '', '{}')")
	require.NoError(t, err)
	happened(t, s, 1, 3)
	require.Equal(t, []string{"2", "3", "4"}, consume(t, s, "c", "4"))
	require.NoError(t, tx.Commit())
	purged(t, s, 2)
	require.Equal(t, []string{"1"}, consume(t, s, "c", "1"))
	purged(t, s, 1)
	require.Equal(t, []string{"1"}, seqs(t, s, scim.EventQuery{}))
}

// TestPurgeEventsReaders: who stands at an event that is forgotten goes on with the
// next that is kept, and nobody is given a place twice.
func TestPurgeEventsReaders(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		address := b.address(t)
		s := b.open(t, address, sqlstore.Options{})
		happened(t, s, 1, 10)
		all := seqs(t, s, scim.EventQuery{})
		newest := func(after string) []string {
			return seqs(t, s, scim.EventQuery{After: after, NewestFirst: true, Limit: 2})
		}
		n, err := s.PurgeEvents(t.Context(), time.Unix(0, 8))
		require.NoError(t, err)
		require.Equal(t, 7, n)
		for _, q := range []scim.EventQuery{{}, {Tenant: acme}, {Limit: 1}, {Tenant: acme, Limit: 1}} {
			for _, after := range []string{"", all[0], all[3], all[6]} {
				q.After = after
				require.Equal(t, all[7:], seqs(t, s, q), "%+v", q)
			}
			q.After = all[8]
			require.Equal(t, all[9:], seqs(t, s, q))
		}
		require.Equal(t, []string{all[9], all[8], all[7]}, newest(""))
		require.Equal(t, []string{all[7]}, newest(all[8]))
		require.Empty(t, newest(all[7]))
		require.Empty(t, newest(all[3]))

		purged(t, s, 3)
		for _, q := range []scim.EventQuery{{}, {Tenant: acme}, {NewestFirst: true}} {
			for _, after := range []string{"", all[3], all[9]} {
				q.After = after
				page, err := s.Events(t.Context(), q)
				require.NoError(t, err)
				require.Empty(t, page.Items)
				if !q.NewestFirst {
					require.Equal(t, after, page.Next, "the place stays good")
				}
			}
		}
		if b.driver == "sqlite" {
			execute(t, s, "VACUUM")
		}
		s = b.open(t, address, sqlstore.Options{})
		happened(t, s, 1, 1)
		for _, q := range []scim.EventQuery{{}, {Tenant: acme}, {After: all[3]}, {After: all[9]}, {After: all[9], Tenant: acme}, {NewestFirst: true}} {
			got := seqs(t, s, q)
			require.Len(t, got, 1, "%+v", q)
			require.Greater(t, atoi(t, got[0]), atoi(t, all[9]))
		}
	})
}

func atoi(t testing.TB, s string) int {
	t.Helper()
	n, err := strconv.Atoi(s)
	require.NoError(t, err)
	return n
}

// TestPurgeEventsLog: the log of a host is shorter then, and its pages go on.
func TestPurgeEventsLog(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		s, c := b.open(t, b.address(t), sqlstore.Options{}), newClock()
		dir, h := directoryOn(t, s, acme, c)
		id := created(t, h, "/Users", `{"userName":"ann@example.com"}`)
		for i := range 5 {
			c.add(time.Hour)
			w := ask(h, http.MethodPut, "/Users/"+id, fmt.Sprintf(`{"userName":"ann@example.com","title":"%d"}`, i))
			require.Equal(t, http.StatusOK, w.Code)
		}
		page, err := dir.Log(t.Context(), acme, scim.EventQuery{UserID: id, NewestFirst: true, Limit: 2})
		require.NoError(t, err)
		require.NotEmpty(t, page.Next)
		n, err := s.PurgeEvents(t.Context(), c.Now().Add(-2*time.Hour))
		require.NoError(t, err)
		require.Equal(t, 3, n, "of the time itself, and later, stay")
		page, err = dir.Log(t.Context(), acme, scim.EventQuery{UserID: id, NewestFirst: true, Limit: 2, After: page.Next})
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
		require.Equal(t, c.Now().Add(-2*time.Hour), page.Items[0].Time)
		require.Empty(t, page.Next)
	})
}

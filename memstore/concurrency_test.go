package memstore_test

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// atOnce calls f from so many goroutines that all wait for each other first.
func atOnce(n int, f func(i int)) {
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}

func TestOfManyCreatesOfOneNameOneWins(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	var won, lost atomic.Int32
	atOnce(200, func(i int) {
		u := with(named("one"), func(u *scim.User) { u.ID = strconv.Itoa(i) })
		_, err := s.CreateUser(t.Context(), acme, u, scim.Guard{}, event(i))
		switch conflict := (*scim.ConflictError)(nil); {
		case err == nil:
			won.Add(1)
		case errors.As(err, &conflict):
			lost.Add(1)
		}
	})
	require.EqualValues(t, 1, won.Load())
	require.EqualValues(t, 199, lost.Load())
	require.NoError(t, s.Check())
}

func TestSeatsAreNeverOversold(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	guard := scim.Guard{Seats: scim.Seats(50)}
	atOnce(200, func(i int) {
		u := named(strconv.Itoa(i))
		if _, err := s.CreateUser(t.Context(), acme, u, guard, event(i)); err != nil {
			_, _ = s.CreateUser(t.Context(), acme, inStatus(u, scim.StatusHeld), guard, event(i))
		}
	})
	counts, err := s.Counts(t.Context(), acme)
	require.NoError(t, err)
	require.Equal(t, scim.Counts{Active: 50, Held: 150}, counts)

	// The same by updates: everybody wants the seats that ten give up.
	var freed atomic.Int32
	atOnce(200, func(i int) {
		u, err := s.User(t.Context(), acme, strconv.Itoa(i))
		if err != nil {
			return
		}
		if u.Active() && freed.Add(1) <= 10 {
			u.Status = scim.StatusDeactivated
		} else {
			u.Status = scim.StatusActive
		}
		_, _ = s.UpdateUser(t.Context(), acme, u, guard, event(i))
	})
	counts, err = s.Counts(t.Context(), acme)
	require.NoError(t, err)
	require.LessOrEqual(t, counts.Active, 50)
	require.Equal(t, 200, counts.Active+counts.Held+counts.Deactivated)
	require.NoError(t, s.Check())
}

func TestDeltasWithoutAVersionAllLand(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	var want []string
	for i := range 200 {
		created(t, s, named(strconv.Itoa(i)))
		want = append(want, strconv.Itoa(i))
	}
	newGroup(t, s, "g")
	atOnce(200, func(i int) {
		_, err := s.UpdateGroup(t.Context(), acme, "g", scim.GroupChange{Add: want[i : i+1]}, scim.Guard{}, event(i))
		if err != nil {
			t.Error(err)
		}
	})
	require.ElementsMatch(t, want, memberIDs(t, s, "g"))
	require.NoError(t, s.Check())
}

func TestOfManyGuardedWritesOneWins(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	u := created(t, s, named("a"))[0]
	var won atomic.Int32
	atOnce(200, func(i int) {
		if _, err := s.UpdateUser(t.Context(), acme, u, scim.Guard{Version: u.Version}, event(i)); err == nil {
			won.Add(1)
		}
	})
	require.EqualValues(t, 1, won.Load())
}

// TestAReaderOfTheRecordMissesNothing follows the record over all tenants while
// they write.
func TestAReaderOfTheRecordMissesNothing(t *testing.T) {
	t.Parallel()
	const writers, each = 8, 50
	s := memstore.New()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				tenant := scim.Tenant(fmt.Sprint("tenant", w%4))
				_, err := s.CreateUser(t.Context(), tenant, named(fmt.Sprint(w, "-", i)), scim.Guard{}, event(i))
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	seen, place := 0, ""
	for seen < writers*each {
		page, err := s.Events(t.Context(), scim.EventQuery{After: place, Limit: 7})
		require.NoError(t, err)
		for _, e := range page.Items {
			seen++
			require.Equal(t, strconv.Itoa(seen), e.Seq)
		}
		place = page.Next
	}
	wg.Wait()
}

// TestEverythingAtOnce is for the race detector: all methods, two tenants.
func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	s := memstore.NewWith(memstore.Options{Events: 20})
	ctx := t.Context()
	var orders [6]*scim.Sort // more than are kept
	for i, path := range []string{"userName", "title", "meta.lastModified", "active", "externalId", "displayName"} {
		var err error
		orders[i], err = directory(t, s).UserSort(path, i%2 == 0)
		require.NoError(t, err)
	}
	byChange, err := directory(t, s).GroupSort("meta.lastModified", true)
	require.NoError(t, err)
	atOnce(16, func(w int) {
		tenant := []scim.Tenant{acme, other}[w%2]
		for i := range 30 {
			u := inFolder(named(strconv.Itoa((w+i)%10)), scim.RootDivision, strconv.Itoa(i%3))
			u.Status = scim.Status(i%4 + 1)
			_, _ = s.CreateUser(ctx, tenant, u, scim.Guard{Seats: scim.Seats(5)}, event(i))
			_, _ = s.UpdateUser(ctx, tenant, u, scim.Guard{}, event(i))
			_, _ = s.CreateGroup(ctx, tenant, &scim.Group{ID: "g", DisplayName: "g"}, nil, event(i))
			_, _ = s.UpdateGroup(ctx, tenant, "g", scim.GroupChange{Add: []string{u.ID}}, scim.Guard{}, event(i))
			_, _ = s.Members(ctx, tenant, "g", scim.Query{})
			_, _ = s.GroupsOf(ctx, tenant, []string{u.ID})
			_, _ = s.Users(ctx, tenant, scim.Query{Status: u.Status})
			_, _ = s.Users(ctx, tenant, scim.Query{Sort: orders[(w+i)%6]})
			_, _ = s.Groups(ctx, tenant, scim.Query{Sort: byChange})
			_, _ = s.Groups(ctx, tenant, scim.Query{})
			_, _ = s.FindUsers(ctx, tenant, scim.Find{IDs: []string{u.ID}, Archived: true})
			_, _ = s.FindGroups(ctx, tenant, scim.Find{Names: []string{"g"}})
			_, _ = s.Folders(ctx, tenant, scim.RootDivision)
			_, _ = s.Counts(ctx, tenant)
			_, _ = s.Events(ctx, scim.EventQuery{UserID: u.ID, NewestFirst: true})
			_ = s.SaveActivity(ctx, tenant, scim.Activity{Connection: "c", LastRequest: at(i)})
			_, _ = s.Activity(ctx, tenant)
			_ = s.SetPlace(ctx, "consumer", strconv.Itoa(i))
			_, _ = s.Place(ctx, "consumer")
			_ = s.Append(ctx, tenant, event(i))
			if i%10 == 9 {
				_ = s.DeleteGroup(ctx, tenant, "g", scim.Guard{}, event(i))
				_ = s.PurgeUser(ctx, tenant, u.ID, event(i))
			}
		}
	})
	require.NoError(t, s.Check())
}

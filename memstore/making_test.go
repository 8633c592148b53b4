package memstore

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim"
)

// maker makes an order as finish does, but leaves it to a test when to go on.
type maker[T sortable[T]] struct {
	o         *order[T]
	mu        *sync.RWMutex
	everybody *list[T]
	list      *list[standing[T]] // what was sorted
}

func userMaker(t require.TestingT, m *tenant, by *scim.Sort) *maker[*user] {
	o, err := m.userOrders.reserve(context.Background(), by)
	require.NoError(t, err)
	return &maker[*user]{o: o, mu: &m.mu, everybody: &m.live}
}

// phase names what was done last.
func (m *maker[T]) phase() string {
	switch {
	case m.o.complete:
		return "complete"
	case m.o.built:
		return "built"
	case m.list != nil:
		return "sorted"
	case m.o.ended:
		return "gathered"
	}
	return "gathering"
}

// step goes on, with at most n resources, and reports whether the order is complete.
func (m *maker[T]) step(n int) bool {
	switch m.phase() {
	case "gathering":
		m.o.gather(m.mu, m.everybody, n)
	case "gathered":
		sorted := m.o.sorted()
		m.list = &sorted
	case "sorted":
		m.o.build(m.mu, *m.list)
	case "built":
		if m.o.settle(m.mu, n) {
			m.o.clear(m.mu)
		}
	}
	return m.o.complete
}

// giveUp is the end of a maker who did not come to its own.
func (m *maker[T]) giveUp() {
	m.o.clear(m.mu)
	if !m.o.complete {
		m.list = nil
	}
}

// TestAnOrderIsMadeWhileOthersWrite makes orders in small steps, with all kinds of
// writes between them. Check compares them with what they should have at each point.
func TestAnOrderIsMadeWhileOthersWrite(t *testing.T) {
	t.Parallel()
	byTitle, byName := userSort(t, "title"), groupSort(t, "displayName")
	rapid.Check(t, func(t *rapid.T) {
		s := New()
		m := s.writing(acme)
		ofUsers := userMaker(t, m, byTitle)
		inNames, err := m.groupOrders.reserve(context.Background(), byName)
		require.NoError(t, err)
		ofGroups := &maker[*group]{o: inNames, mu: &m.mu, everybody: &m.groupList}
		someID := rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f", "g", "h"})
		someTime := rapid.Int64Range(0, 10)
		t.Repeat(map[string]func(*rapid.T){
			"write": func(t *rapid.T) {
				at := time.Unix(someTime.Draw(t, "time"), 0)
				write(s, &scim.User{
					ID: someID.Draw(t, "id"), Created: at,
					Status: scim.Status(rapid.IntRange(1, 4).Draw(t, "status")),
					Title:  rapid.SampledFrom([]string{"", "a", "A", "b"}).Draw(t, "title"),
				}, at)
			},
			"purge": func(t *rapid.T) {
				_ = s.PurgeUser(context.Background(), acme, someID.Draw(t, "id"), &scim.Event{})
			},
			"write group": func(t *rapid.T) {
				at := time.Unix(someTime.Draw(t, "time"), 0)
				writeGroup(s, someID.Draw(t, "id"), someID.Draw(t, "name"), at)
			},
			"delete group": func(t *rapid.T) {
				_ = s.DeleteGroup(context.Background(), acme, someID.Draw(t, "id"), scim.Guard{}, &scim.Event{})
			},
			"step":       func(t *rapid.T) { ofUsers.step(rapid.IntRange(1, 2).Draw(t, "n")) },
			"group step": func(t *rapid.T) { ofGroups.step(rapid.IntRange(1, 2).Draw(t, "n")) },
			"give up": func(t *rapid.T) {
				if rapid.IntRange(0, 4).Draw(t, "really") == 0 {
					ofUsers.giveUp()
				}
			},
			"": func(t *rapid.T) { require.NoError(t, s.Check()) },
		})
		for !ofUsers.step(1) || !ofGroups.step(1) {
		}
		require.Equal(t, m.live.len(), ofUsers.o.list.len())
		require.Equal(t, m.groupList.len(), ofGroups.o.list.len())
		require.Empty(t, ofUsers.o.making)
		require.NoError(t, s.Check())
	})
}

// groupSort is userSort for groups.
func groupSort(t require.TestingT, path string) *scim.Sort {
	d, err := scim.New(scim.Config{Store: New()})
	require.NoError(t, err)
	by, err := d.GroupSort(path, false)
	require.NoError(t, err)
	return by
}

// writeGroup creates a group or renames it.
func writeGroup(s *Store, id, name string, at time.Time) {
	ctx, e := context.Background(), &scim.Event{Time: at}
	if _, err := s.CreateGroup(ctx, acme, &scim.Group{ID: id, DisplayName: name, Created: at}, nil, e); err != nil {
		_, _ = s.UpdateGroup(ctx, acme, id, scim.GroupChange{DisplayName: &name}, scim.Guard{}, e)
	}
}

// TestWhoIsWrittenToWhileAnOrderIsMade writes to one who was gathered early and to
// one who was gathered late, in each phase.
func TestWhoIsWrittenToWhileAnOrderIsMade(t *testing.T) {
	t.Parallel()
	const n = 20
	by := userSort(t, "title")
	put := func(s *Store, i int, title string, status scim.Status) {
		write(s, &scim.User{ID: strconv.Itoa(i), Title: title, Status: status}, time.Unix(int64(i), 0))
	}
	archived := func(i int) bool { return i%5 == 0 } // to begin with
	kinds := map[string]func(s *Store, i int){
		"nothing that counts": func(s *Store, i int) { put(s, i, "T"+strconv.Itoa(i%7), scim.StatusHeld) },
		"another key":         func(s *Store, i int) { put(s, i, "T3+", scim.StatusActive) },
		"no key":              func(s *Store, i int) { put(s, i, "", scim.StatusActive) },
		"there and back": func(s *Store, i int) {
			put(s, i, "zz", scim.StatusActive)
			put(s, i, "T"+strconv.Itoa(i%7), scim.StatusActive)
		},
		"archived": func(s *Store, i int) { put(s, i, "zz", scim.StatusArchived) },
		"purged": func(s *Store, i int) {
			put(s, i, "", scim.StatusArchived)
			_ = s.PurgeUser(context.Background(), acme, strconv.Itoa(i), &scim.Event{})
		},
		"another of the same ID": func(s *Store, i int) {
			put(s, i, "", scim.StatusArchived)
			_ = s.PurgeUser(context.Background(), acme, strconv.Itoa(i), &scim.Event{})
			// The same time, as another clock shows it.
			created := time.Unix(int64(i), 0).In(time.FixedZone("", 3600))
			write(s, &scim.User{ID: strconv.Itoa(i), Title: "T4", Status: scim.StatusActive, Created: created}, created)
		},
		"restored": func(s *Store, i int) { put(s, i-i%5, "T4", scim.StatusActive) },
		"restored in passing": func(s *Store, i int) {
			put(s, i-i%5, "T4", scim.StatusActive)
			put(s, i-i%5, "T5", scim.StatusArchived)
		},
		"created behind":   func(s *Store, i int) { put(s, n+i, "T4", scim.StatusActive) },
		"created in front": func(s *Store, i int) { put(s, -i, "T4", scim.StatusActive) },
	}
	for kind, touch := range kinds {
		for _, phase := range []string{"nothing", "gathering", "gathered", "sorted", "built", "settling", "complete"} {
			t.Run(kind+"/"+phase, func(t *testing.T) {
				t.Parallel()
				s := New()
				for i := range n {
					status := scim.StatusActive
					if archived(i) {
						status = scim.StatusArchived
					}
					put(s, i, "T"+strconv.Itoa(i%7), status)
				}
				m := userMaker(t, s.tenants[acme], by)
				if phase != "nothing" {
					m.step(n / 2)
				}
				// These two are to be settled whatever the test does.
				put(s, 1, "zz", scim.StatusActive)
				put(s, 2, "", scim.StatusActive)
				for until := phase; until != "nothing" && m.phase() != until; {
					if until == "settling" && m.phase() == "built" {
						m.step(1)
						break
					}
					m.step(n)
				}
				for _, i := range []int{2, 4, 18} {
					touch(s, i)
				}
				require.NoError(t, s.Check())
				for !m.step(1) {
					require.NoError(t, s.Check())
				}
				require.Equal(t, s.tenants[acme].live.len(), m.o.list.len())
				require.NoError(t, s.Check())
			})
		}
	}
}

// TestOthersWriteWhileAnOrderIsSorted is for the race detector: sorting holds no
// lock, so that it must not look at who is written to.
func TestOthersWriteWhileAnOrderIsSorted(t *testing.T) {
	t.Parallel()
	const n = 5 * gatherStep
	s := filledTo(n)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for w := range 3 {
		wg.Go(func() {
			for i := w; ; i = (i + 7) % n {
				select {
				case <-stop:
					return
				default:
					write(s, &scim.User{ID: strconv.Itoa(i), Status: scim.Status(1 + i%4), Title: strconv.Itoa(i % 5)}, time.Unix(int64(i), 0))
				}
			}
		})
	}
	for i, path := range []string{"title", "userName", "meta.lastModified", "active", "displayName", "title"} {
		by := userSort(t, path)
		if i%2 == 0 { // one gives it up, and leaves it to those who wait
			_, err := s.Users(&patient{Context: t.Context(), left: 3}, acme, scim.Query{Sort: by})
			require.ErrorIs(t, err, context.Canceled)
		}
		var asking sync.WaitGroup
		for range 2 {
			asking.Go(func() {
				page, err := s.Users(t.Context(), acme, scim.Query{Sort: by, Limit: 3})
				if err != nil || len(page.Items) != 3 {
					t.Error(path, err, len(page.Items))
				}
			})
		}
		asking.Wait()
	}
	close(stop)
	wg.Wait()
	require.NoError(t, s.Check())
}

// TestWhoGivesUpLeavesAnOrderToTheNext: and writers take no notes for nobody.
func TestWhoGivesUpLeavesAnOrderToTheNext(t *testing.T) {
	t.Parallel()
	s := filledTo(4 * gatherStep)
	query := scim.Query{Sort: userSort(t, "title"), Limit: 3}
	noted, asked := 0, 0
	ctx := &patient{Context: t.Context(), left: 3, then: func() {
		asked++
		write(s, &scim.User{ID: "3", Status: scim.StatusActive, Title: strconv.Itoa(asked)}, time.Time{})
		if kept := s.tenants[acme].userOrders.kept; len(kept) > 0 {
			noted = len(kept[0].notes)
		}
	}}
	_, err := s.Users(ctx, acme, query)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 1, noted)
	o := s.tenants[acme].userOrders.kept[0]
	require.Zero(t, o.inUse)
	require.Empty(t, o.maker)
	write(s, &scim.User{ID: "3", Status: scim.StatusActive, Title: "0"}, time.Time{})
	require.Empty(t, o.making)
	require.NoError(t, s.Check())

	page, err := s.Users(t.Context(), acme, query)
	require.NoError(t, err)
	require.Equal(t, []string{"0", "3", "7"}, []string{page.Items[0].ID, page.Items[1].ID, page.Items[2].ID})
	require.Empty(t, o.making)
	require.NoError(t, s.Check())
}

// waiting is a context that says when somebody waits for its end.
type waiting struct {
	context.Context
	now chan struct{}
}

func (w waiting) Done() <-chan struct{} {
	w.now <- struct{}{}
	return w.Context.Done()
}

// TestOthersWaitForTheMakerOfAnOrder: as long as they want to.
func TestOthersWaitForTheMakerOfAnOrder(t *testing.T) {
	t.Parallel()
	s := filledTo(3)
	m := s.tenants[acme]
	by := userSort(t, "title")
	o, err := m.userOrders.reserve(t.Context(), by)
	require.NoError(t, err)
	o.maker <- struct{}{}
	answer := make(chan error)
	ask := func(ctx context.Context) {
		w := waiting{ctx, make(chan struct{})}
		go func() {
			_, err := s.Users(w, acme, scim.Query{Sort: by})
			answer <- err
		}()
		<-w.now
	}
	ctx, cancel := context.WithCancel(t.Context())
	ask(ctx)
	cancel()
	require.ErrorIs(t, <-answer, context.Canceled)

	ask(t.Context())
	require.True(t, o.gather(&m.mu, &m.live, 3))
	o.build(&m.mu, o.sorted())
	require.True(t, o.settle(&m.mu, 1))
	made := o.list.chunks[0]
	<-o.maker
	require.NoError(t, <-answer)
	require.Same(t, &made[0], &o.list.chunks[0][0], "made twice")
	m.userOrders.giveBack(o)
	require.Zero(t, o.inUse)
}

// TestKeysAreSortedAsTheyCompare compares sorting by heads with sorting by keys.
func TestKeysAreSortedAsTheyCompare(t *testing.T) {
	t.Parallel()
	piece := rapid.SampledFrom([]string{"", "", "a", "b", "\x00", "\xff", "person", "1234567", "漢字", strings.Repeat("\xff", headLen), strings.Repeat("\x00", headLen+1)})
	rapid.Check(t, func(t *rapid.T) {
		var of, want []standing[*user]
		for i := range rapid.IntRange(0, 40).Draw(t, "n") {
			u := &user{User: scim.User{ID: strconv.Itoa(1000 + i)}}
			of = append(of, standing[*user]{strings.Join(rapid.SliceOfN(piece, 0, 4).Draw(t, "key"), ""), u})
		}
		want = slices.Clone(of)
		slices.SortStableFunc(want, func(a, b standing[*user]) int {
			if a.before(b) {
				return -1
			}
			return 1
		})
		o := &order[*user]{making: making[*user]{gathered: of}}
		got := o.sorted()
		require.Equal(t, want, slices.Collect(got.from(0)))
	})
}

// TestListOfIsAList: whatever it is made of, it goes on as one that was inserted
// into.
func TestListOfIsAList(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, chunkSize - 1, chunkSize, chunkSize + 1, 3*chunkSize + 5} {
		var want []number
		for i := range n {
			want = append(want, number(2*i))
		}
		i := -1
		got := listOf(n, func() number { i++; return want[i] })
		require.Equal(t, n, got.len())
		require.True(t, slices.Equal(want, slices.Collect(got.from(0))))
		for x := number(-1); int(x) < 2*n; x += 2 {
			got.insert(x)
		}
		require.Equal(t, 2*n+1, got.len())
		for x := range got.len() {
			require.True(t, got.remove(number(x-1)))
		}
		require.Empty(t, got)
	}
}

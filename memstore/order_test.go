package memstore

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

const acme scim.Tenant = "acme"

func userSort(t require.TestingT, path string) *scim.Sort {
	d, err := scim.New(scim.Config{Store: New()})
	require.NoError(t, err)
	by, err := d.UserSort(path, false)
	require.NoError(t, err)
	return by
}

// write creates a user or replaces it.
func write(s *Store, u *scim.User, at time.Time) {
	e := &scim.Event{Time: at}
	u.Keys.UserName = u.ID
	if _, err := s.CreateUser(context.Background(), acme, u, scim.Guard{}, e); err != nil {
		_, _ = s.UpdateUser(context.Background(), acme, u, scim.Guard{}, e)
	}
}

// filledTo returns a store with n users.
func filledTo(n int) *Store {
	s := New()
	for i := range n {
		write(s, &scim.User{ID: strconv.Itoa(i), Status: scim.StatusActive, Title: strconv.Itoa(i % 7)}, time.Unix(int64(i), 0))
	}
	return s
}

// patient is a context that ends when it was asked so many times.
type patient struct {
	context.Context
	left int
	then func() // what happens while it is asked; nil: nothing
}

func (p *patient) Err() error {
	if p.then != nil {
		p.then()
	}
	if p.left--; p.left < 0 {
		return context.Canceled
	}
	return nil
}

func TestTheOrderThatNobodyAskedForLongestGoes(t *testing.T) {
	t.Parallel()
	s := filledTo(3)
	ask := func(path string) {
		t.Helper()
		_, err := s.Users(t.Context(), acme, scim.Query{Sort: userSort(t, path)})
		require.NoError(t, err)
	}
	kept := func() (paths []string) {
		for _, o := range s.tenants[acme].userOrders.kept {
			paths = append(paths, o.by.Path())
		}
		return paths
	}
	for _, path := range []string{"userName", "title", "active", "displayName"} {
		ask(path)
	}
	ask("USERNAME")
	require.Equal(t, []string{"title", "active", "displayName", "userName"}, kept())
	ask("nickName")
	require.Equal(t, []string{"active", "displayName", "userName", "nickName"}, kept())
	require.NoError(t, s.Check())
}

func TestWhoNeedsOneOrderMoreWaits(t *testing.T) {
	t.Parallel()
	s := filledTo(3)
	m := s.writing(acme)
	var taken []*order[*user]
	for _, path := range []string{"userName", "title", "active", "displayName"} {
		o, err := m.userOrders.take(t.Context(), m, &m.live, userSort(t, path))
		require.NoError(t, err)
		taken = append(taken, o)
	}
	one := userSort(t, "nickName")
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error)
	go func() {
		_, err := m.userOrders.take(ctx, m, &m.live, one)
		answer <- err
	}()
	cancel()
	require.ErrorIs(t, <-answer, context.Canceled)

	go func() {
		o, err := m.userOrders.take(t.Context(), m, &m.live, one)
		if err == nil {
			m.userOrders.giveBack(o)
		}
		answer <- err
	}()
	// One that is there already is to be had all the same.
	o, err := m.userOrders.take(t.Context(), m, &m.live, userSort(t, "title"))
	require.NoError(t, err)
	require.Same(t, taken[1], o)
	m.userOrders.giveBack(o)
	m.userOrders.giveBack(taken[2])
	require.NoError(t, <-answer)
	require.NotContains(t, m.userOrders.kept, taken[2])
	require.Contains(t, m.userOrders.kept, taken[1])
}

// TestAPanicTakesNoOrderAway: an order of groups is none of users, but whoever
// mistakes them must not keep others waiting for ever.
func TestAPanicTakesNoOrderAway(t *testing.T) {
	t.Parallel()
	s := New()
	_, err := s.CreateGroup(t.Context(), acme, &scim.Group{ID: "g", DisplayName: "g"}, nil, &scim.Event{})
	require.NoError(t, err)
	query := scim.Query{Sort: userSort(t, "title")}
	require.Panics(t, func() { _, _ = s.Groups(t.Context(), acme, query) })
	m := s.tenants[acme]
	o := m.groupOrders.kept[0]
	require.Zero(t, o.inUse)
	require.Empty(t, o.maker)
	require.Empty(t, o.making)
	require.True(t, m.mu.TryLock())
}

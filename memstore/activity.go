package memstore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/usher-scim/scim"
)

// places is where consumers of the record stopped.
type places struct {
	mu    sync.Mutex
	known map[string]string
}

// Place implements [scim.Store].
func (s *Store) Place(ctx context.Context, consumer string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	s.places.mu.Lock()
	defer s.places.mu.Unlock()
	return s.places.known[consumer], nil
}

// SetPlace implements [scim.Store].
func (s *Store) SetPlace(ctx context.Context, consumer, place string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.places.mu.Lock()
	defer s.places.mu.Unlock()
	if s.places.known == nil {
		s.places.known = make(map[string]string)
	}
	s.places.known[consumer] = place
	return nil
}

// SaveActivity implements [scim.Store].
func (s *Store) SaveActivity(ctx context.Context, name scim.Tenant, a scim.Activity) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := s.writing(name)
	t.mu.Lock()
	defer t.mu.Unlock()
	known := t.activity[a.Connection]
	t.activity[a.Connection] = scim.Activity{
		Connection:  a.Connection,
		LastRequest: later(known.LastRequest, a.LastRequest),
		LastChange:  later(known.LastChange, a.LastChange),
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return wall(b)
	}
	return a
}

// Activity implements [scim.Store]. The order is that of the connections' names.
func (s *Store) Activity(ctx context.Context, name scim.Tenant) ([]scim.Activity, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := s.reading(name)
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.SortedFunc(maps.Values(t.activity), func(a, b scim.Activity) int {
		return cmp.Compare(a.Connection, b.Connection)
	}), nil
}

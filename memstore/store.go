// Package memstore keeps users, groups, memberships and the record in memory.
//
// It is for tests, trials and hosts of one process that can load their directory
// anew: nothing outlives the process. Look-ups are by maps and pages by ordered
// lists, so what a step costs follows the change and not the directory; only a
// filter goes through the candidates one by one.
//
// The first query with a Sort makes a list in that order, a little at a time
// between the writes of others, and later ones find it. A tenant keeps four such
// lists of users and four of groups: those that were asked for last.
//
//	dir, err := scim.New(scim.Config{Store: memstore.New()})
package memstore

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/usher-scim/scim"
)

// Options are the settings of a [Store]. The zero value is the default.
type Options struct {
	// Events is how many events of each tenant are kept; older ones are
	// forgotten. 0 is 20,000; below zero all are kept.
	Events int
	// EventBytes is how much the events of each tenant may weigh together, in
	// bytes; older ones are forgotten, but never the newest. An event weighs what
	// its text does: one that puts 100,000 members into a group weighs as much as
	// 5,000 others. 0 is 64 MiB; below zero there is no bound. A consumer of the
	// record ([scim.Directory.Consume]) misses what is forgotten before it is told.
	EventBytes int
}

// Store is a [scim.Store] in memory. The zero Store is empty and ready to use,
// with the default [Options]. It is safe for concurrent use and must not be
// copied.
//
// Tenants do not wait for each other, except for the moment in which an event
// gets its place in the one order of the record.
type Store struct {
	mu      sync.RWMutex // guards the map, not the tenants
	tenants map[scim.Tenant]*tenant

	record   record
	places   places
	versions atomic.Uint64
}

var _ scim.Store = (*Store)(nil)

// New returns an empty Store with the default options.
func New() *Store { return NewWith(Options{}) }

// NewWith returns an empty Store.
func NewWith(o Options) *Store {
	return &Store{record: record{keep: o.Events, bytes: o.EventBytes}}
}

// reading returns a tenant to read from, or to change what it has. One that
// nobody has written to is empty and is not kept.
func (s *Store) reading(name scim.Tenant) *tenant {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if t := s.tenants[name]; t != nil {
		return t
	}
	return &tenant{}
}

// writing returns a tenant to add to.
func (s *Store) writing(name scim.Tenant) *tenant {
	s.mu.RLock()
	t := s.tenants[name]
	s.mu.RUnlock()
	if t != nil {
		return t
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if t = s.tenants[name]; t == nil {
		if s.tenants == nil {
			s.tenants = make(map[scim.Tenant]*tenant)
		}
		t = newTenant()
		s.tenants[name] = t
	}
	return t
}

// version returns a version that no resource of this Store has had. The time
// keeps it apart from those that clients remember from an earlier process.
func (s *Store) version(at time.Time) string {
	b := make([]byte, 0, 24)
	b = strconv.AppendInt(b, at.Unix(), 36)
	b = append(b, '-')
	b = strconv.AppendUint(b, s.versions.Add(1), 36)
	return string(b)
}

// checkID refuses an ID that a resource of the tenant has already. Users and
// groups share one space of IDs, because members are named by ID alone.
func (t *tenant) checkID(id string) error {
	if id == "" {
		return errors.New("memstore: a new resource without an ID")
	}
	if t.users[id] != nil || t.groups[id] != nil {
		return &scim.ConflictError{Attribute: "id"}
	}
	return nil
}

// wall strips the monotonic reading of a time: order must not depend on whether
// both of two times have one.
func wall(at time.Time) time.Time { return at.Round(0) }

// Counts implements [scim.Store].
func (s *Store) Counts(ctx context.Context, name scim.Tenant) (scim.Counts, error) {
	if err := ctx.Err(); err != nil {
		return scim.Counts{}, err
	}
	t := s.reading(name)
	t.mu.RLock()
	defer t.mu.RUnlock()
	return scim.Counts{
		Active:      t.byStatus[scim.StatusActive].len(),
		Deactivated: t.byStatus[scim.StatusDeactivated].len(),
		Held:        t.byStatus[scim.StatusHeld].len(),
		Archived:    t.byStatus[scim.StatusArchived].len(),
	}, nil
}

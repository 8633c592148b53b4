package memstore

import (
	"context"
	"strings"
	"time"

	"github.com/usher-scim/scim"
)

// group is a stored group.
type group struct {
	scim.Group
	members list[*edge]
	edges   map[string]*edge // the same by the member's ID
	in      *edge            // its own memberships in other groups
	seq     uint64           // of the last member that came in
}

func (g *group) place() creation { return creation{g.Created, g.ID} }

func (g *group) before(other *group) bool { return g.place().before(other.place()) }

// Clone returns a copy of what a group is without its members.
func (g *group) Clone() *scim.Group {
	c := g.Group
	return &c
}

// touched returns what a group is after it has really changed.
func (s *Store) touched(g scim.Group, at time.Time) scim.Group {
	g.Version = s.version(at)
	g.Modified = wall(at)
	return g
}

// CreateGroup implements [scim.Store]. It keeps g.ID, which must not be empty,
// and g.Created where it is set.
func (s *Store) CreateGroup(ctx context.Context, name scim.Tenant, g *scim.Group, members []string, e *scim.Event) (*scim.Group, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	stored := &group{Group: *g}
	stored.ID = strings.Clone(g.ID)
	stored.Key = scim.Fold(g.DisplayName)
	stored.Created = wall(g.Created)
	if g.Created.IsZero() {
		stored.Created = wall(e.Time)
	}

	t := s.writing(name)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.checkID(g.ID); err != nil {
		return nil, err
	}
	if t.groupNames[stored.Key] != nil {
		return nil, &scim.ConflictError{Attribute: "displayName"}
	}
	add, err := t.newMembers(stored, members)
	if err != nil {
		return nil, err
	}
	stored.Group = s.touched(stored.Group, e.Time)
	t.groups[stored.ID] = stored
	t.groupList.insert(stored)
	t.indexGroup(stored)
	t.groupOrders.add(stored)
	delta{add: add}.apply(e)
	s.record.append(name, e)
	return stored.Clone(), nil
}

// UpdateGroup implements [scim.Store].
func (s *Store) UpdateGroup(ctx context.Context, name scim.Tenant, id string, c scim.GroupChange, guard scim.Guard, e *scim.Event) (*scim.Group, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := s.reading(name)
	t.mu.Lock()
	defer t.mu.Unlock()
	g, err := t.guarded(id, guard)
	if err != nil {
		return nil, err
	}
	next := renamed(g.Group, c)
	if other := t.groupNames[next.Key]; other != nil && other != g {
		return nil, &scim.ConflictError{Attribute: "displayName"}
	}
	d, err := t.change(g, c)
	if err != nil {
		return nil, err
	}
	e.Added, e.Removed = nil, nil
	if next == g.Group && d.empty() {
		return g.Clone(), nil
	}
	changes := c.Changes(&g.Group)
	if c.Connection != "" {
		next.Connection = c.Connection
	}
	next = s.touched(next, e.Time)
	t.unindexGroup(g)
	t.groupOrders.change(g, func() { g.Group = next })
	t.indexGroup(g)
	d.apply(e)
	e.Name = g.DisplayName
	e.Changes = changes
	s.record.append(name, e)
	return g.Clone(), nil
}

// renamed returns g with the names that c gives it.
func renamed(g scim.Group, c scim.GroupChange) scim.Group {
	if c.DisplayName != nil {
		g.DisplayName = *c.DisplayName
		g.Key = scim.Fold(g.DisplayName)
	}
	if c.ExternalID != nil {
		g.ExternalID = *c.ExternalID
	}
	return g
}

// guarded returns a group for a write that depends on guard.
func (t *tenant) guarded(id string, guard scim.Guard) (*group, error) {
	g, ok := t.groups[id]
	if !ok {
		return nil, scim.ErrNotFound
	}
	if guard.Version != "" && guard.Version != g.Version {
		return nil, scim.ErrVersion
	}
	return g, nil
}

func (t *tenant) indexGroup(g *group) {
	t.groupNames[g.Key] = g
	if g.ExternalID != "" {
		t.groupExternals.add(g.ExternalID, g)
	}
}

func (t *tenant) unindexGroup(g *group) {
	delete(t.groupNames, g.Key)
	t.groupExternals.remove(g.ExternalID, g)
}

// DeleteGroup implements [scim.Store]. The groups that the group was a member of
// have changed afterwards.
func (s *Store) DeleteGroup(ctx context.Context, name scim.Tenant, id string, guard scim.Guard, e *scim.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := s.reading(name)
	t.mu.Lock()
	defer t.mu.Unlock()
	g, err := t.guarded(id, guard)
	if err != nil {
		return err
	}
	e.Left = s.leaveAll(t, g.in, e.Time)
	for member := range g.members.from(0) {
		member.unchain() // the group's own side goes with the group
	}
	t.unindexGroup(g)
	t.groupOrders.remove(g)
	t.groupList.remove(g)
	delete(t.groups, g.ID)
	s.record.append(name, e)
	return nil
}

// Group implements [scim.Store].
func (s *Store) Group(ctx context.Context, name scim.Tenant, id string) (*scim.Group, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := s.reading(name)
	t.mu.RLock()
	defer t.mu.RUnlock()
	g, err := t.guarded(id, scim.Guard{})
	if err != nil {
		return nil, err
	}
	return g.Clone(), nil
}

// FindGroups implements [scim.Store].
func (s *Store) FindGroups(ctx context.Context, name scim.Tenant, f scim.Find) ([]*scim.Group, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := s.reading(name)
	t.mu.RLock()
	defer t.mu.RUnlock()
	var found []*group
	for _, id := range f.IDs {
		if g := t.groups[id]; g != nil {
			found = append(found, g)
		}
	}
	for _, key := range f.Names {
		if g := t.groupNames[key]; g != nil {
			found = append(found, g)
		}
	}
	for _, id := range f.ExternalIDs {
		for g := range t.groupExternals.all(id) {
			found = append(found, g)
		}
	}
	return clones(sortedOnce(found)), nil
}

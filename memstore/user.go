package memstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/usher-scim/scim"
)

// user is a stored user. Its size decides what a directory weighs: the fields
// beside User fill the space that the allocator would leave unused behind it.
type user struct {
	// User has Keys.Folders only where folders cannot say the same.
	scim.User
	folders []*folder // the folders that the user is in, each once
	in      *edge     // its memberships
}

func (u *user) place() creation { return creation{u.Created, u.ID} }

func (u *user) before(other *user) bool { return u.place().before(other.place()) }

// Clone returns a deep copy with all keys.
func (u *user) Clone() *scim.User {
	c := u.User.Clone()
	if c.Keys.Folders == nil && len(u.folders) > 0 {
		c.Keys.Folders = make([]scim.FolderKey, len(u.folders))
		for i, f := range u.folders {
			c.Keys.Folders[i] = scim.FolderKey{Root: f.root, Name: f.name}
		}
	}
	return c
}

// admit returns the copy of u that is going to be stored, with a new version.
// It runs before the tenant is locked, for it is the dearest part of a write.
func (s *Store) admit(u *scim.User, e *scim.Event) (*scim.User, error) {
	if u.Status < scim.StatusActive || u.Status > scim.StatusArchived {
		return nil, fmt.Errorf("memstore: user %q with status %v", u.ID, u.Status)
	}
	c := u.Clone()
	c.Modified = wall(e.Time)
	c.Version = s.version(e.Time)
	pack(c)
	return c, nil
}

// CreateUser implements [scim.Store]. It keeps u.ID, which must not be empty,
// and u.Created where it is set.
func (s *Store) CreateUser(ctx context.Context, name scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	next, err := s.admit(u, e)
	if err != nil {
		return nil, err
	}
	next.ID = strings.Clone(u.ID)
	next.Created = wall(u.Created)
	if u.Created.IsZero() {
		next.Created = next.Modified
	}

	t := s.writing(name)
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.checkID(u.ID); err != nil {
		return nil, err
	}
	if err := t.free(next, nil); err != nil {
		return nil, err
	}
	if err := t.seat(0, next.Status, g.Seats); err != nil {
		return nil, err
	}
	stored := &user{User: *next}
	t.insert(stored)
	s.record.append(name, e)
	return stored.Clone(), nil
}

// UpdateUser implements [scim.Store].
func (s *Store) UpdateUser(ctx context.Context, name scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	next, err := s.admit(u, e)
	if err != nil {
		return nil, err
	}

	t := s.reading(name)
	t.mu.Lock()
	defer t.mu.Unlock()
	stored, ok := t.users[u.ID]
	if !ok {
		return nil, scim.ErrNotFound
	}
	if g.Version != "" && g.Version != stored.Version {
		return nil, scim.ErrVersion
	}
	if err := t.free(next, stored); err != nil {
		return nil, err
	}
	if err := t.seat(stored.Status, next.Status, g.Seats); err != nil {
		return nil, err
	}
	// The ID is the one string that others keep as long as the user exists.
	next.ID, next.Created = stored.ID, stored.Created
	if next.Status == scim.StatusArchived {
		e.Left = s.leaveAll(t, stored.in, e.Time)
	}
	t.replace(stored, next)
	s.record.append(name, e)
	return stored.Clone(), nil
}

// PurgeUser implements [scim.Store].
func (s *Store) PurgeUser(ctx context.Context, name scim.Tenant, id string, e *scim.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t := s.reading(name)
	t.mu.Lock()
	defer t.mu.Unlock()
	stored, ok := t.users[id]
	if !ok || stored.Status != scim.StatusArchived {
		return scim.ErrNotFound
	}
	t.forget(stored)
	s.record.append(name, e)
	return nil
}

// User implements [scim.Store].
func (s *Store) User(ctx context.Context, name scim.Tenant, id string) (*scim.User, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := s.reading(name)
	t.mu.RLock()
	defer t.mu.RUnlock()
	stored, ok := t.users[id]
	if !ok {
		return nil, scim.ErrNotFound
	}
	return stored.Clone(), nil
}

// FindUsers implements [scim.Store].
func (s *Store) FindUsers(ctx context.Context, name scim.Tenant, f scim.Find) ([]*scim.User, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := s.reading(name)
	t.mu.RLock()
	defer t.mu.RUnlock()
	var few [2]*user
	found := t.find(f, few[:0])
	out := clones(found)
	if f.Groups {
		for i, u := range found {
			out[i].SetGroups(refsOf(u.in))
		}
	}
	return out, nil
}

// find appends the users that f names, archived ones only on request.
func (t *tenant) find(f scim.Find, found []*user) []*user {
	add := func(u *user) {
		if u != nil && (f.Archived || u.Status != scim.StatusArchived) {
			found = append(found, u)
		}
	}
	addAll := func(ix *index[*user], key string) {
		for u := range ix.all(key) {
			add(u)
		}
	}
	byEmail := func(key string) {
		add(t.emails[key])
		if f.Archived {
			addAll(&t.archivedEmails, key)
		}
	}
	for _, id := range f.IDs {
		add(t.users[id])
	}
	for _, key := range f.ExternalIDs {
		addAll(&t.externals, key)
	}
	for _, key := range f.UserNames {
		add(t.userNames[key])
		if f.Archived {
			addAll(&t.archivedNames, key)
		}
	}
	for _, key := range f.Emails {
		byEmail(key)
	}
	for _, key := range f.Addresses {
		byEmail(key)
		addAll(&t.addresses, key)
	}
	if len(found) < 2 {
		return found
	}
	return sortedOnce(found)
}

// sortedOnce puts what was found into order, each once.
func sortedOnce[T interface {
	comparable
	ordered[T]
}](found []T) []T {
	slices.SortFunc(found, func(a, b T) int {
		switch {
		case a.before(b):
			return -1
		case b.before(a):
			return 1
		}
		return 0
	})
	return slices.Compact(found)
}

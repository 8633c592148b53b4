package memstore

import (
	"context"
	"errors"

	"github.com/usher-scim/scim"
)

const (
	// pageSize is the length of a page whose query leaves it to the store.
	pageSize = 1000
	// breath is how many elements a scan goes through between two looks at
	// whether anybody still waits for it.
	breath = 1024
)

// choice is the part of a list that a query asks for.
type choice[T ordered[T]] struct {
	list  *list[T]
	match func(T) bool // nil: all of the list
	// total is how many match, where counted is true; else they are counted.
	total   int
	counted bool
}

// part is what is on a page: its elements, how many there are over all pages,
// and whether there are more behind the page.
type part[T any] struct {
	items []T
	total int
	more  bool
}

// cut takes a page out of a list. past is true for what stands behind q.After, or
// nil when q.After is empty. A Page of which no items were asked has no Next.
func cut[T ordered[T]](ctx context.Context, c choice[T], q scim.Query, past func(T) bool) (part[T], error) {
	start := 0
	if past != nil {
		start = c.list.rank(past)
	}
	if c.match == nil {
		return plainCut(c.list, q, start), nil
	}

	out := part[T]{total: c.total}
	limit, skip := limitOf(q.Limit), q.Offset
	i := 0 // where the scan begins
	if c.counted {
		i = start
	}
	for x := range c.list.from(i) {
		if i++; i%breath == 0 && ctx.Err() != nil {
			return part[T]{}, ctx.Err()
		}
		if !c.match(x) {
			continue
		}
		if !c.counted {
			out.total++
		}
		switch {
		case i <= start:
		case skip > 0:
			skip--
		case len(out.items) < limit:
			out.items = append(out.items, x)
		default:
			out.more = limit > 0
			if c.counted {
				return out, nil
			}
		}
	}
	return out, nil
}

// plainCut takes a page out of a list of which nothing is left out.
func plainCut[T ordered[T]](l *list[T], q scim.Query, start int) part[T] {
	out := part[T]{total: l.len()}
	first := start + min(max(q.Offset, 0), l.len()-start)
	n := min(limitOf(q.Limit), l.len()-first)
	if n <= 0 {
		return out
	}
	out.items = make([]T, 0, n)
	for x := range l.from(first) {
		if out.items = append(out.items, x); len(out.items) == n {
			break
		}
	}
	out.more = first+n < l.len()
	return out
}

// limitOf returns how many items a page has at most.
func limitOf(limit int) int {
	if limit == 0 {
		return pageSize
	}
	return max(limit, 0)
}

// resource is a stored user or group, of which copies of type O leave the store.
type resource[T, O any] interface {
	ordered[T]
	place() creation
	Clone() O
}

// page takes a page out of users or groups.
func page[T resource[T, O], O any](ctx context.Context, c choice[T], q scim.Query) (scim.Page[O], error) {
	at, err := parseCreation(q.After)
	if err != nil {
		return scim.Page[O]{}, err
	}
	var past func(T) bool
	if q.After != "" {
		past = func(x T) bool { return at.before(x.place()) }
	}
	got, err := cut(ctx, c, q, past)
	if err != nil {
		return scim.Page[O]{}, err
	}
	out := scim.Page[O]{Items: clones(got.items), Total: got.total}
	if got.more {
		out.Next = got.items[len(got.items)-1].place().String()
	}
	return out, nil
}

// clones copies what is going to leave the store.
func clones[T interface{ Clone() O }, O any](stored []T) []O {
	if len(stored) == 0 {
		return nil
	}
	out := make([]O, len(stored))
	for i, x := range stored {
		out[i] = x.Clone()
	}
	return out
}

// Users implements [scim.Store]. A page whose query has no Limit has at most
// 1,000 users.
func (s *Store) Users(ctx context.Context, name scim.Tenant, q scim.Query) (scim.Page[*scim.User], error) {
	if err := ctx.Err(); err != nil {
		return scim.Page[*scim.User]{}, err
	}
	if q.Sort != nil {
		return scim.Page[*scim.User]{}, errors.ErrUnsupported
	}
	t := s.reading(name)
	t.mu.RLock()
	defer t.mu.RUnlock()
	c := t.chooseUsers(q)
	if q.Filter != nil {
		var candidate *user // one function for all of them, instead of one each
		groups := func() []scim.GroupRef { return refsOf(candidate.in) }
		c = filtered(c, func(u *user) bool {
			candidate = u
			return q.Filter.MatchUser(&u.User, groups)
		})
	}
	return page[*user, *scim.User](ctx, c, q)
}

// chooseUsers returns the users that a query asks for but for its filter. All of
// them are counted already.
func (t *tenant) chooseUsers(q scim.Query) choice[*user] {
	none := choice[*user]{list: &list[*user]{}}
	if q.Status >= statuses {
		return none
	}
	if q.Folder == (scim.FolderKey{}) {
		if q.Status == 0 {
			return choice[*user]{list: &t.live}
		}
		return choice[*user]{list: &t.byStatus[q.Status]}
	}
	f := t.folders[scim.FolderKey{Root: q.Folder.Root, Name: scim.FoldName(q.Folder.Name)}]
	if f == nil {
		return none
	}
	if q.Status == 0 {
		return choice[*user]{list: &f.users}
	}
	return choice[*user]{
		list:    &f.users,
		match:   func(u *user) bool { return u.Status == q.Status },
		total:   f.count[q.Status],
		counted: true,
	}
}

// filtered narrows a choice further, which makes its elements uncounted.
func filtered[T ordered[T]](c choice[T], match func(T) bool) choice[T] {
	both := match
	if first := c.match; first != nil {
		both = func(x T) bool { return first(x) && match(x) }
	}
	return choice[T]{list: c.list, match: both}
}

// Groups implements [scim.Store]. A page whose query has no Limit has at most
// 1,000 groups.
func (s *Store) Groups(ctx context.Context, name scim.Tenant, q scim.Query) (scim.Page[*scim.Group], error) {
	if err := ctx.Err(); err != nil {
		return scim.Page[*scim.Group]{}, err
	}
	if q.Sort != nil {
		return scim.Page[*scim.Group]{}, errors.ErrUnsupported
	}
	t := s.reading(name)
	t.mu.RLock()
	defer t.mu.RUnlock()
	c := choice[*group]{list: &t.groupList}
	if q.Filter != nil {
		c = filtered(c, func(g *group) bool { return q.Filter.MatchGroup(&g.Group, membership{g}) })
	}
	return page[*group, *scim.Group](ctx, c, q)
}

package memstore

import (
	"context"
	"iter"

	"github.com/usher-scim/scim"
)

const (
	// pageSize is the length of a page whose query leaves it to the store.
	pageSize = 1000
	// breath is how many elements a scan goes through before it looks whether
	// anybody still waits for it, and lets others write.
	breath = 1024
)

// choice is the part of a list that a query asks for.
type choice[T ordered[T]] struct {
	list  *list[T]
	match func(T) bool // nil: all of the list
	// total is how many match, where counted is true; else they are counted.
	total   int
	counted bool
	// backwards is whether the last of the list is the first to be asked for.
	backwards bool
	// pause lets others write in the middle of a scan, and returns how many stand
	// in front of the first one behind x then. nil: the list has to stay as it is.
	pause func(x T) int
}

// start returns how many stand in front of the first one for which past is true:
// past is false for all up to some place, and true for all from there on.
func (c *choice[T]) start(past func(T) bool) int {
	switch {
	case past == nil:
		return 0
	case c.backwards:
		return c.list.len() - c.list.rank(func(x T) bool { return !past(x) })
	}
	return c.list.rank(past)
}

// from goes through the list, beginning behind the first i.
func (c *choice[T]) from(i int) iter.Seq[T] {
	if c.backwards {
		return c.list.back(c.list.len() - i)
	}
	return c.list.from(i)
}

// part is what is on a page: its elements, how many there are over all pages,
// and whether there are more behind the page.
type part[T any] struct {
	items []T
	total int
	more  bool
}

// cut takes a page out of a list, of which out makes what leaves the store, and
// returns the last element on it too. past is true for what stands behind q.After,
// or nil when q.After is empty. A Page of which no items were asked has no Next.
func cut[T ordered[T], O any](ctx context.Context, c choice[T], q scim.Query, past func(T) bool, out func(T) O) (got part[O], last T, err error) {
	start := c.start(past)
	if c.match == nil {
		got, last = plainCut(c, q, start, out)
		return got, last, nil
	}
	got.total = c.total
	limit, skip := limitOf(q.Limit), q.Offset
	counts := !c.counted && !q.NoTotal
	i := 0 // where the scan begins
	if !counts {
		i = start
	}
	for {
		seen := 0
		var at T
		for at = range c.from(i) {
			if seen++; c.match(at) {
				if counts {
					got.total++
				}
				switch {
				case past != nil && !past(at):
				case skip > 0:
					skip--
				case len(got.items) < limit:
					got.items, last = append(got.items, out(at)), at
				default:
					got.more = limit > 0
					if !counts {
						return got, last, nil
					}
				}
			}
			if seen == breath {
				break
			}
		}
		if seen < breath {
			return got, last, nil
		}
		if err := ctx.Err(); err != nil {
			return part[O]{}, last, err
		}
		if i += seen; c.pause != nil {
			i = c.pause(at)
		}
	}
}

// plainCut takes a page out of a list of which nothing is left out.
func plainCut[T ordered[T], O any](c choice[T], q scim.Query, start int, out func(T) O) (got part[O], last T) {
	all := c.list.len()
	got.total = all
	first := start + min(max(q.Offset, 0), all-start)
	n := min(limitOf(q.Limit), all-first)
	if n <= 0 {
		return got, last
	}
	got.items = make([]O, 0, n)
	for last = range c.from(first) {
		if got.items = append(got.items, out(last)); len(got.items) == n {
			break
		}
	}
	got.more = first+n < all
	return got, last
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

// page takes a page out of users or groups, while the caller holds the tenant's
// lock for reading. A scan is not one look at all of them: nobody is looked at
// twice, as their order stays, and each of them is as it was at some moment.
func page[T resource[T, O], O any](ctx context.Context, t *tenant, c choice[T], q scim.Query) (scim.Page[O], error) {
	at, err := parseCreation(q.After)
	if err != nil {
		return scim.Page[O]{}, err
	}
	var past func(T) bool
	if q.After != "" {
		past = func(x T) bool { return at.before(x.place()) }
	}
	c.pause = func(x T) int {
		at := x.place()
		t.mu.RUnlock()
		t.mu.RLock()
		return c.list.rank(func(x T) bool { return at.before(x.place()) })
	}
	got, last, err := cut(ctx, c, q, past, T.Clone)
	if err != nil {
		return scim.Page[O]{}, err
	}
	out := scim.Page[O]{Items: got.items, Total: got.total}
	if got.more {
		out.Next = last.place().String()
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
	t := s.reading(name)
	if q.Sort != nil {
		return t.sortedUsers(ctx, q)
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	c := t.chooseUsers(q)
	if q.Filter != nil {
		c = filtered(c, matchUsers(q.Filter))
	}
	return page[*user, *scim.User](ctx, t, c, q)
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

// matchUsers returns what a filter says of one user after the other.
func matchUsers(f *scim.Filter) func(*user) bool {
	var candidate *user // one function for all of them, instead of one each
	groups := func() []scim.GroupRef { return refsOf(candidate.in) }
	return func(u *user) bool {
		candidate = u
		return f.MatchUser(&u.User, groups)
	}
}

func matchGroups(f *scim.Filter) func(*group) bool {
	return func(g *group) bool { return f.MatchGroup(&g.Group, membership{g}) }
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
	t := s.reading(name)
	if q.Sort != nil {
		return t.sortedGroups(ctx, q)
	}
	t.mu.RLock()
	defer t.mu.RUnlock()
	c := choice[*group]{list: &t.groupList}
	if q.Filter != nil {
		c = filtered(c, matchGroups(q.Filter))
	}
	return page[*group, *scim.Group](ctx, t, c, q)
}

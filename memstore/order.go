package memstore

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/usher-scim/scim"
)

// maxOrders is how many orders of users a tenant keeps, and as many of groups.
// At 1,000,000 users one of them takes some 40 to 80 MB.
const maxOrders = 4

// sortable is a stored user or group as orders see it.
type sortable[T any] interface {
	comparable
	ordered[T]
	place() creation
	sortKey(by *scim.Sort) string
	isListed() bool
}

func (u *user) sortKey(by *scim.Sort) string { return by.UserKey(&u.User) }

func (u *user) isListed() bool { return isLive(u.Status) }

func (g *group) sortKey(by *scim.Sort) string { return by.GroupKey(&g.Group) }

func (g *group) isListed() bool { return true }

// orders keeps the users or groups of a tenant in the orders that queries asked
// for last. The zero value is empty.
//
// Its lock guards which orders there are. What is in them is the tenant's, as all
// its lists are. Who holds both has taken the tenant's first.
type orders[T sortable[T]] struct {
	mu    sync.Mutex
	kept  []*order[T]   // the one asked for last stands last
	freed chan struct{} // closed when an order is in use no more; nil: nobody waits
}

// order is a list of everybody by one attribute, ascending. Who needs one that is
// not there makes it; see making.go.
type order[T sortable[T]] struct {
	by    *scim.Sort
	inUse int           // queries that make or read it; it stays until they are done
	maker chan struct{} // has an element while somebody makes it
	making[T]

	list     list[standing[T]]
	complete bool // all are in
}

func newOrder[T sortable[T]](by *scim.Sort) *order[T] {
	return &order[T]{by: by, maker: make(chan struct{}, 1)}
}

// standing is a user or group in an order. Keys are copies: part of a profile,
// they would keep it in memory when the next one has replaced it.
type standing[T sortable[T]] struct {
	key string
	who T
}

func (s standing[T]) before(other standing[T]) bool {
	if s.key != other.key {
		return keyBefore(s.key, other.key)
	}
	return s.who.before(other.who)
}

// position is the place for it, which stays one when it is gone.
func (s standing[T]) position() position { return position{s.key, s.who.place()} }

// keyBefore compares two keys that differ: those without a value come last.
func keyBefore(a, b string) bool { return b == "" || a != "" && a < b }

// take returns the order by an attribute, complete, which stays as it is kept up
// to date until it is given back. Of those who ask for a new one, one makes it and
// the others wait. While all orders that may be kept are in use, whoever needs
// another waits too.
func (o *orders[T]) take(ctx context.Context, t *tenant, everybody *list[T], by *scim.Sort) (*order[T], error) {
	taken, err := o.reserve(ctx, by)
	if err != nil {
		return nil, err
	}
	done := false
	defer func() {
		if !done { // cancelled, or in a panic
			o.giveBack(taken)
		}
	}()
	if err := taken.finish(ctx, &t.mu, everybody); err != nil {
		return nil, err
	}
	done = true
	return taken, nil
}

// reserve returns the order, be it empty, and says that it is in use.
func (o *orders[T]) reserve(ctx context.Context, by *scim.Sort) (*order[T], error) {
	for {
		o.mu.Lock()
		if found := o.find(by); found != nil {
			found.inUse++
			o.mu.Unlock()
			return found, nil
		}
		if o.freed == nil {
			o.freed = make(chan struct{})
		}
		freed := o.freed
		o.mu.Unlock()
		select {
		case <-freed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// find returns the order by an attribute, or a new one, for which it drops the one
// that nobody has asked for longest; nil when all are in use.
func (o *orders[T]) find(by *scim.Sort) *order[T] {
	var found *order[T]
	i := slices.IndexFunc(o.kept, func(k *order[T]) bool { return k.by.Path() == by.Path() })
	switch {
	case i >= 0:
		found = o.kept[i]
	case len(o.kept) < maxOrders:
		found, i = newOrder[T](by), len(o.kept)
	default:
		if i = slices.IndexFunc(o.kept, func(k *order[T]) bool { return k.inUse == 0 }); i < 0 {
			return nil
		}
		found = newOrder[T](by)
	}
	if i < len(o.kept) {
		o.kept = slices.Delete(o.kept, i, i+1)
	}
	o.kept = append(o.kept, found)
	return found
}

func (o *orders[T]) giveBack(taken *order[T]) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if taken.inUse--; taken.inUse == 0 && o.freed != nil {
		close(o.freed)
		o.freed = nil
	}
}

// stand is where one belongs in an order. The zero value is nowhere.
type stand struct {
	listed bool
	key    string
}

func (o *order[T]) standOf(who T) stand {
	if !who.isListed() {
		return stand{}
	}
	return stand{true, who.sortKey(o.by)}
}

// add takes in who is new.
func (o *orders[T]) add(who T) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, k := range o.kept {
		k.move(who, stand{}, k.standOf(who))
	}
}

// remove drops who is going.
func (o *orders[T]) remove(who T) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, k := range o.kept {
		k.move(who, k.standOf(who), stand{})
	}
}

// change makes a change to one, whose creation stays, and moves it.
func (o *orders[T]) change(who T, change func()) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var was [maxOrders]stand
	for i, k := range o.kept {
		was[i] = k.standOf(who)
	}
	change()
	for i, k := range o.kept {
		k.move(who, was[i], k.standOf(who))
	}
}

// insert takes one in. All who have the same key share it.
func (o *order[T]) insert(who T, key string) {
	first, ok := o.list.first(func(s standing[T]) bool { return s.key == key || keyBefore(key, s.key) })
	if ok && first.key == key {
		key = first.key
	} else {
		key = strings.Clone(key)
	}
	o.list.insert(standing[T]{key, who})
}

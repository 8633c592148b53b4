package memstore

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
	"unsafe"

	"github.com/usher-scim/scim"
)

// keepEvents and keepBytes are how many events of a tenant are kept by default,
// and what they may weigh together: three times what as many usually do.
const (
	keepEvents = 20_000
	keepBytes  = 64 << 20
)

// record keeps the events of all tenants in one order. Its one lock gives an
// event its place and makes it readable in the same step: nobody sees an event
// while an earlier one is still to come. Whoever takes it holds no other lock but
// that of a tenant, and takes none.
type record struct {
	keep  int // 0: keepEvents; below: all
	bytes int // 0: keepBytes; below: any

	mu       sync.RWMutex
	seq      uint64
	all      list[*entry]
	byTenant map[scim.Tenant]*trail
}

// trail is the events of a tenant, and what they weigh.
type trail struct {
	list[*entry]
	weight int
}

// entry is a kept event. It never changes, so it may be read without the lock.
type entry struct {
	seq    uint64
	weight int
	scim.Event
}

func (e *entry) before(other *entry) bool { return e.seq < other.seq }

// append keeps a copy of e and sets e.Seq and e.Tenant.
func (r *record) append(name scim.Tenant, e *scim.Event) {
	e.Tenant = name
	kept := &entry{Event: e.Clone(), weight: weigh(e)}

	r.mu.Lock()
	defer r.mu.Unlock()
	r.seq++
	kept.seq, kept.Seq = r.seq, arrival(r.seq)
	e.Seq = kept.Seq
	own := r.byTenant[name]
	if own == nil {
		if r.byTenant == nil {
			r.byTenant = make(map[scim.Tenant]*trail)
		}
		own = &trail{}
		r.byTenant[name] = own
	}
	r.all.insert(kept)
	own.insert(kept)
	own.weight += kept.weight
	for r.full(own) {
		r.forget(own)
	}
}

// full reports whether a tenant has more events than are kept, or heavier ones.
// The newest is kept whatever it weighs.
func (r *record) full(own *trail) bool {
	keep, bytes := cmp.Or(r.keep, keepEvents), cmp.Or(r.bytes, keepBytes)
	return keep >= 0 && own.len() > keep || bytes >= 0 && own.weight > bytes && own.len() > 1
}

// forget drops the oldest event of a tenant.
func (r *record) forget(own *trail) {
	for oldest := range own.from(0) {
		own.remove(oldest)
		own.weight -= oldest.weight
		r.all.remove(oldest)
		return
	}
}

// weigh returns what an event weighs, in bytes: itself, and all the text that it
// alone may keep in memory, though users and groups may have some of it too.
func weigh(e *scim.Event) int {
	n := int(unsafe.Sizeof(entry{})) + len(e.Connection) + len(e.Request) + len(e.UserID) + len(e.GroupID) + len(e.Name) + len(e.Error)
	for _, c := range e.Changes {
		n += int(unsafe.Sizeof(c)) + len(c.Attribute) + len(c.Old) + len(c.New)
	}
	for _, m := range e.Moves {
		n += int(unsafe.Sizeof(m)) + len(m.Root) + len(m.From) + len(m.To)
	}
	for _, w := range e.Warnings {
		n += int(unsafe.Sizeof(w)) + len(w.Attribute) + len(w.Text)
	}
	for _, texts := range [...][]string{e.Added, e.Removed, e.Left, e.Ignored} {
		for _, s := range texts {
			n += int(unsafe.Sizeof(s)) + len(s)
		}
	}
	return n
}

// Append implements [scim.Store].
func (s *Store) Append(ctx context.Context, name scim.Tenant, e *scim.Event) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.record.append(name, e)
	return nil
}

// Events implements [scim.Store]. A page whose query has no Limit has at most
// 1,000 events. Total counts what is kept, on all pages.
//
// Oldest first, Page.Next is always the place to go on from once more: behind the
// last event of a full page, else behind the last event there is, whether the
// query asked for it or not, and q.After when there is none behind it. So a
// consumer keeps its place over empty pages, and a reader stops at a page without
// items. Newest first, Page.Next is empty on the last page.
func (s *Store) Events(ctx context.Context, q scim.EventQuery) (scim.Page[scim.Event], error) {
	if err := ctx.Err(); err != nil {
		return scim.Page[scim.Event]{}, err
	}
	after, err := parseArrival(q.After)
	if err != nil {
		return scim.Page[scim.Event]{}, err
	}
	got, last, err := s.record.read(ctx, q, after)
	if err != nil {
		return scim.Page[scim.Event]{}, err
	}
	page := scim.Page[scim.Event]{Total: got.total, Next: q.After}
	for _, e := range got.items {
		page.Items = append(page.Items, e.Event.Clone())
	}
	n := len(got.items)
	switch {
	case got.more:
		page.Next = got.items[n-1].Seq
	case q.NewestFirst:
		page.Next = ""
	case last > after && q.Limit >= 0:
		page.Next = arrival(last)
	}
	return page, nil
}

// read takes a page out of the record, and returns the place of the last event
// that there was at that moment.
func (r *record) read(ctx context.Context, q scim.EventQuery, after uint64) (got part[*entry], last uint64, err error) {
	r.mu.RLock()
	entries := &r.all
	if q.Tenant != "" {
		own := r.byTenant[q.Tenant]
		if own == nil {
			r.mu.RUnlock()
			return part[*entry]{}, 0, nil
		}
		entries = &own.list
	}
	for e := range entries.back(entries.len()) {
		last = e.seq
		break
	}
	if everything(q) {
		defer r.mu.RUnlock()
		return plainRead(entries, q, after), last, nil
	}
	// The entries never change: writers need not wait until they are searched.
	scan := slices.AppendSeq(make([]*entry, 0, entries.len()), entries.from(0))
	r.mu.RUnlock()
	if q.NewestFirst {
		slices.Reverse(scan)
	}
	got, err = search(ctx, scan, q, after)
	return got, last, err
}

// everything reports whether a query leaves out nothing.
func everything(q scim.EventQuery) bool {
	return q.UserID == "" && q.GroupID == "" && q.From.IsZero() && q.To.IsZero()
}

// plainRead takes a page out of entries of which nothing is left out.
func plainRead(entries *list[*entry], q scim.EventQuery, after uint64) part[*entry] {
	out := part[*entry]{total: entries.len()}
	var ahead int // how many there are from the place on
	var items iter.Seq[*entry]
	if q.NewestFirst {
		ahead = entries.len()
		if q.After != "" {
			ahead = entries.rank(func(e *entry) bool { return e.seq >= after })
		}
		items = entries.back(ahead)
	} else {
		start := entries.rank(func(e *entry) bool { return e.seq > after })
		ahead = entries.len() - start
		items = entries.from(start)
	}
	n := min(limitOf(q.Limit), ahead)
	if n == 0 {
		return out
	}
	out.items = make([]*entry, 0, n)
	for e := range items {
		if out.items = append(out.items, e); len(out.items) == n {
			break
		}
	}
	out.more = n < ahead
	return out
}

// search goes through entries, which are in the order of the query, for those
// that it asks for.
func search(ctx context.Context, entries []*entry, q scim.EventQuery, after uint64) (part[*entry], error) {
	var out part[*entry]
	limit := limitOf(q.Limit)
	for i, e := range entries {
		if i%breath == 0 && ctx.Err() != nil {
			return part[*entry]{}, ctx.Err()
		}
		if !asked(q, &e.Event) {
			continue
		}
		out.total++
		switch {
		case q.After != "" && !behind(e.seq, after, q.NewestFirst):
		case len(out.items) < limit:
			out.items = append(out.items, e)
		default:
			out.more = limit > 0
		}
	}
	return out, nil
}

// behind reports whether seq comes behind after.
func behind(seq, after uint64, newestFirst bool) bool {
	if newestFirst {
		return seq < after
	}
	return seq > after
}

// asked reports whether a query asks for e, wherever it stands.
func asked(q scim.EventQuery, e *scim.Event) bool {
	return (q.UserID == "" || q.UserID == e.UserID) &&
		(q.GroupID == "" || q.GroupID == e.GroupID) &&
		(q.From.IsZero() || !e.Time.Before(q.From)) &&
		(q.To.IsZero() || e.Time.Before(q.To))
}

package scim

import (
	"container/heap"
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// This file lists users and groups: by an index where one helps, by the store
// where it can, and else by going through all there is.

// lister is what listing needs to know of one type of resource.
type lister[T any] struct {
	match func(T) bool // whether Query.Filter selects it
	key   func(*Sort, T) string
	at    func(T) (created time.Time, id string)
	find  func(Find) ([]T, error)
	list  func(Query) (Page[T], error)
}

// listUsers returns a page of users.
func (d *Directory) listUsers(ctx context.Context, t Tenant, q Query) (Page[*User], error) {
	m := d.userMatcher(ctx, t, q.Filter)
	l := &lister[*User]{
		match: m.ok, key: (*Sort).UserKey,
		at: func(u *User) (time.Time, string) { return u.Created, u.ID },
		find: func(f Find) ([]*User, error) {
			f.Groups = q.groups
			return d.store.FindUsers(ctx, t, f)
		},
		list: func(q Query) (Page[*User], error) { return d.store.Users(ctx, t, q) },
	}
	page, err := l.page(q, d.limits.Scan)
	return page, errors.Join(err, m.err)
}

// listGroups returns a page of groups.
func (d *Directory) listGroups(ctx context.Context, t Tenant, q Query) (Page[*Group], error) {
	m := &membership{d: d, ctx: ctx, t: t}
	l := &lister[*Group]{
		match: func(g *Group) bool {
			m.group = g.ID
			return q.Filter.MatchGroup(g, m)
		},
		key:  (*Sort).GroupKey,
		at:   func(g *Group) (time.Time, string) { return g.Created, g.ID },
		find: func(f Find) ([]*Group, error) { return d.store.FindGroups(ctx, t, f) },
		list: func(q Query) (Page[*Group], error) { return d.store.Groups(ctx, t, q) },
	}
	page, err := l.page(q, d.limits.Scan)
	return page, errors.Join(err, m.err)
}

// Places that this file makes begin with a tilde, which those of stores do not,
// and then with who made them.
const (
	ownPlace  = "~"
	foundAt   = "~f" // the place among what the index found
	scannedAt = "~s" // the place of a store's page, and one on it
	sortedAt  = "~o" // the place in the order
)

// page returns the page that q asks for. What an index finds is looked up there;
// other filters and orders are the store's, or, where it declines, this file's.
func (l *lister[T]) page(q Query, most int) (Page[T], error) {
	all, none := q.Filter.constant()
	if none {
		return Page[T]{}, nil
	}
	if all {
		q.Filter = nil
	}
	p, err := l.pageAnyhow(q, most)
	if err == nil && q.Filter.exhausted() {
		return Page[T]{}, badRequest(typeTooMany, "The filter would have to be compared with too many values; narrow it down by an indexed attribute such as userName, with and.")
	}
	return p, err
}

func (l *lister[T]) pageAnyhow(q Query, most int) (Page[T], error) {
	plain := q.Status == 0 && q.Folder == (FolderKey{})
	switch f, ok := q.Filter.Lookup(); {
	case ok && plain && (q.After == "" || strings.HasPrefix(q.After, foundAt)):
		return l.found(f, q)
	case !strings.HasPrefix(q.After, ownPlace):
		page, err := l.list(q)
		if !errors.Is(err, errors.ErrUnsupported) {
			return page, err
		}
	}
	if q.Sort != nil {
		return l.sorted(q, most)
	}
	return l.scan(q, most)
}

// found cuts the page out of what an index finds.
func (l *lister[T]) found(f Find, q Query) (Page[T], error) {
	past, err := parseOwn(foundAt, q.After)
	if err != nil {
		return Page[T]{}, err
	}
	all, err := l.find(f)
	if err != nil {
		return Page[T]{}, err
	}
	all = slices.DeleteFunc(all, func(x T) bool { return !l.match(x) })
	if q.Sort != nil {
		slices.SortFunc(all, func(a, b T) int { return q.Sort.compare(l.place(q.Sort, a), l.place(q.Sort, b)) })
	}
	p := Page[T]{Total: len(all)}
	if q.Limit < 0 {
		return p, nil
	}
	if q.After != "" {
		all = slices.DeleteFunc(all, func(x T) bool { return q.Sort.compare(l.place(q.Sort, x), past) <= 0 })
	}
	p.Items = all[min(max(q.Offset, 0), len(all)):]
	if q.Limit > 0 && len(p.Items) > q.Limit {
		p.Items = p.Items[:q.Limit]
		p.Next = foundAt + l.place(q.Sort, p.Items[q.Limit-1]).String()
	}
	return p, nil
}

// parseOwn reads a place that begins with who made it, and is else a place in the
// order; the empty one is the zero place.
func parseOwn(kind, text string) (place, error) {
	if text == "" {
		return place{}, nil
	}
	text, ok := strings.CutPrefix(text, kind)
	if !ok {
		return place{}, ErrPlace
	}
	return parsePlace(text)
}

func (l *lister[T]) place(s *Sort, x T) place {
	var p place
	p.created, p.id = l.at(x)
	if s != nil {
		p.key = l.key(s, x)
	}
	return p
}

// errTooMany refuses a query that would have to look at too much.
func errTooMany(most int) error {
	return badRequest(typeTooMany, "The query would have to look at more than %d resources; name an indexed attribute such as userName.", most)
}

const scanPage = 1000

// each goes through all pages of the store, from the one at after on. f gets the
// place of the page, and says whether to go on.
func (l *lister[T]) each(q Query, after string, most int, f func(after string, x T) bool) error {
	q.Filter, q.Sort, q.Offset, q.Limit, q.After, q.NoTotal = nil, nil, 0, scanPage, after, true
	for seen := 0; ; {
		page, err := l.list(q)
		if err != nil {
			return err
		}
		if seen += len(page.Items); seen > most {
			return errTooMany(most)
		}
		for _, x := range page.Items {
			if !f(q.After, x) {
				return nil
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// scan evaluates a filter that the store declines, over all of its pages.
func (l *lister[T]) scan(q Query, most int) (Page[T], error) {
	from, past, err := parseScanned(q.After)
	if err != nil {
		return Page[T]{}, err
	}
	if !q.NoTotal {
		from = "" // the total takes in what lies before the page
	}
	var p Page[T]
	var last place
	skip, lastAt := q.Offset, ""
	err = l.each(q, from, most, func(after string, x T) bool {
		at := l.place(nil, x)
		behind := q.After != "" && (*Sort)(nil).compare(at, past) <= 0
		if behind && q.NoTotal || !l.match(x) {
			return true
		}
		p.Total++
		switch {
		case behind || q.Limit < 0:
		case skip > 0:
			skip--
		case q.Limit == 0 || len(p.Items) < q.Limit:
			p.Items = append(p.Items, x)
			last, lastAt = at, after
		case p.Next == "":
			p.Next = scannedAt + strconv.Itoa(len(lastAt)) + "." + lastAt + last.String()
		}
		return p.Next == "" || !q.NoTotal
	})
	return p, err
}

// parseScanned returns the page of the store that a scan goes on in, and the
// place of the last resource that it returned.
func parseScanned(text string) (after string, past place, err error) {
	if text == "" {
		return "", place{}, nil
	}
	rest, ok := strings.CutPrefix(text, scannedAt)
	n, rest, found := strings.Cut(rest, ".")
	length, err := strconv.Atoi(n)
	if !ok || !found || err != nil || length < 0 || length > len(rest) {
		return "", place{}, ErrPlace
	}
	past, err = parsePlace(rest[length:])
	return rest[:length], past, err
}

// mostSorted bounds how far from its beginning a list is sorted that a store
// cannot sort: as many keys are held at a time.
const mostSorted = 100_000

// sorted goes through everything and keeps the places of the page's resources
// and of those in front of it.
func (l *lister[T]) sorted(q Query, most int) (Page[T], error) {
	limit := q.Limit
	if limit == 0 {
		limit = scanPage
	}
	past, err := parseOwn(sortedAt, q.After)
	if err != nil {
		return Page[T]{}, err
	}
	keep := places{sort: q.Sort, most: max(q.Offset, 0) + max(limit, 0) + 1}
	if keep.most > mostSorted {
		return Page[T]{}, badRequest(typeTooMany, "A sorted list ends here after %d resources; narrow it down with a filter.", mostSorted)
	}
	var p Page[T]
	err = l.each(q, "", most, func(_ string, x T) bool {
		if !l.match(x) {
			return true
		}
		p.Total++
		if at := l.place(q.Sort, x); q.Limit >= 0 && (q.After == "" || q.Sort.compare(past, at) < 0) {
			keep.offer(at)
		}
		return true
	})
	if err != nil || q.Limit < 0 {
		return p, err
	}
	kept := keep.list()
	kept = kept[min(max(q.Offset, 0), len(kept)):]
	if len(kept) > limit {
		kept = kept[:limit]
		p.Next = sortedAt + kept[limit-1].String()
	}
	p.Items, err = l.resources(kept, q.Status == StatusArchived)
	return p, err
}

// resources reads what stands at the places; what is gone meanwhile is left out.
func (l *lister[T]) resources(at []place, archived bool) ([]T, error) {
	byID := make(map[string]T, len(at))
	for part := range slices.Chunk(at, namesAtOnce) {
		ids := make([]string, len(part))
		for i, p := range part {
			ids[i] = p.id
		}
		found, err := l.find(Find{IDs: ids, Archived: archived})
		if err != nil {
			return nil, err
		}
		for _, x := range found {
			_, id := l.at(x)
			byID[id] = x
		}
	}
	var out []T
	for _, p := range at {
		if x, ok := byID[p.id]; ok {
			out = append(out, x)
		}
	}
	return out, nil
}

// String writes a place so that parsePlace reads it.
func (p place) String() string {
	return strconv.FormatInt(p.created.Unix(), 10) + "." + strconv.Itoa(p.created.Nanosecond()) + "." +
		strconv.Itoa(len(p.id)) + "." + p.id + p.key
}

func parsePlace(text string) (place, error) {
	var n [3]int64
	for i := range n {
		part, rest, found := strings.Cut(text, ".")
		v, err := strconv.ParseInt(part, 10, 64)
		if !found || err != nil {
			return place{}, ErrPlace
		}
		n[i], text = v, rest
	}
	if n[2] < 0 || n[2] > int64(len(text)) {
		return place{}, ErrPlace
	}
	return place{created: time.Unix(n[0], n[1]), id: text[:n[2]], key: text[n[2]:]}, nil
}

// places keeps the first places of an order: a heap whose top is the last of them.
type places struct {
	sort *Sort
	most int
	at   []place
}

func (h *places) offer(p place) {
	switch {
	case len(h.at) < h.most:
		heap.Push(h, p)
	case h.sort.compare(p, h.at[0]) < 0:
		h.at[0] = p
		heap.Fix(h, 0)
	}
}

func (h *places) list() []place {
	slices.SortFunc(h.at, h.sort.compare)
	return h.at
}

// Len, Less, Swap, Push and Pop are for package heap.
func (h *places) Len() int           { return len(h.at) }
func (h *places) Less(i, j int) bool { return h.sort.compare(h.at[i], h.at[j]) > 0 }
func (h *places) Swap(i, j int)      { h.at[i], h.at[j] = h.at[j], h.at[i] }
func (h *places) Push(x any)         { h.at = append(h.at, x.(place)) }
func (h *places) Pop() any {
	last := h.at[len(h.at)-1]
	h.at = h.at[:len(h.at)-1]
	return last
}

// userMatcher evaluates a filter that may ask for the groups of users.
func (d *Directory) userMatcher(ctx context.Context, t Tenant, f *Filter) *matcher {
	return &matcher{d: d, ctx: ctx, t: t, f: f}
}

type matcher struct {
	d   *Directory
	ctx context.Context
	t   Tenant
	f   *Filter
	err error
}

func (m *matcher) ok(u *User) bool {
	return m.f.MatchUser(u, func() []GroupRef {
		refs, err := m.d.GroupsOf(m.ctx, m.t, u.ID)
		if err != nil && m.err == nil {
			m.err = err
		}
		return refs[u.ID]
	})
}

// membership answers a filter's questions about a group from the store.
type membership struct {
	d     *Directory
	ctx   context.Context
	t     Tenant
	group string
	err   error
}

func (m *membership) note(err error) {
	if m.err == nil {
		m.err = err
	}
}

// Has asks for the groups of the one, which are few, not for the members of the
// other.
func (m *membership) Has(id string) bool {
	refs, err := m.d.GroupsOf(m.ctx, m.t, id)
	m.note(err)
	return slices.ContainsFunc(refs[id], func(r GroupRef) bool { return r.ID == m.group })
}

func (m *membership) Each(f func(Member) bool) {
	m.note(m.d.eachMember(m.ctx, m.t, m.group, f))
}

// eachMember goes through the members of a group page by page.
func (d *Directory) eachMember(ctx context.Context, t Tenant, group string, f func(Member) bool) error {
	q := Query{Limit: 1000}
	for {
		page, err := d.store.Members(ctx, t, group, q)
		if err != nil {
			return err
		}
		for _, m := range page.Items {
			if !f(m) {
				return nil
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

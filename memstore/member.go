package memstore

import (
	"context"
	"time"

	"github.com/usher-scim/scim"
)

// edge is one membership. It stands in the list of the group and in the chain of
// the member, so that either end finds and removes it without looking at the
// other members or the other groups.
type edge struct {
	group *group
	user  *user  // the member, if it is a user
	sub   *group // the member, if it is a group
	seq   uint64 // when it came in, among the members of the group

	// The member's other memberships, in no order.
	next, prev *edge
}

func (e *edge) before(other *edge) bool { return e.seq < other.seq }

// memberID returns the ID of the member, as the member itself keeps it.
func (e *edge) memberID() string {
	if e.user != nil {
		return e.user.ID
	}
	return e.sub.ID
}

// member returns the member by what it is called now.
func (e *edge) member() scim.Member {
	if e.user != nil {
		return scim.Member{ID: e.user.ID, Display: e.user.Keys.Label}
	}
	return scim.Member{ID: e.sub.ID, Group: true, Display: e.sub.DisplayName}
}

// chain returns where the member keeps its memberships.
func (e *edge) chain() **edge {
	if e.user != nil {
		return &e.user.in
	}
	return &e.sub.in
}

// link makes e the last member of its group.
func (e *edge) link() {
	g := e.group
	g.seq++
	e.seq = g.seq
	if g.edges == nil {
		g.edges = make(map[string]*edge)
	}
	g.edges[e.memberID()] = e
	g.members.insert(e)

	head := e.chain()
	e.next = *head
	if e.next != nil {
		e.next.prev = e
	}
	*head = e
}

// unlink undoes link.
func (e *edge) unlink() {
	delete(e.group.edges, e.memberID())
	e.group.members.remove(e)
	e.unchain()
}

// unchain takes e out of the member's memberships alone.
func (e *edge) unchain() {
	if e.prev != nil {
		e.prev.next = e.next
	} else {
		*e.chain() = e.next
	}
	if e.next != nil {
		e.next.prev = e.prev
	}
}

// groupsOf returns the groups of a chain of memberships, by creation.
func groupsOf(in *edge) []*group {
	var groups []*group
	for e := in; e != nil; e = e.next {
		groups = append(groups, e.group)
	}
	return sortedOnce(groups)
}

// refsOf names the groups of a chain of memberships, by creation.
func refsOf(in *edge) []scim.GroupRef {
	groups := groupsOf(in)
	refs := make([]scim.GroupRef, len(groups))
	for i, g := range groups {
		refs[i] = scim.GroupRef{ID: g.ID, Display: g.DisplayName}
	}
	return refs
}

// leaveAll takes a member out of all its groups, which changes them, and returns
// their IDs by creation.
func (s *Store) leaveAll(t *tenant, in *edge, at time.Time) []string {
	var left []string
	for _, g := range groupsOf(in) {
		left = append(left, g.ID)
		t.groupOrders.change(g, func() { g.Group = s.touched(g.Group, at) })
	}
	for in != nil {
		next := in.next
		in.unlink()
		in = next
	}
	return left
}

// delta is how the members of a group are going to change.
type delta struct {
	add, remove []*edge
}

func (d delta) empty() bool { return len(d.add)+len(d.remove) == 0 }

// apply makes the change and tells the event.
func (d delta) apply(e *scim.Event) {
	for _, gone := range d.remove {
		gone.unlink()
	}
	for _, come := range d.add {
		come.link()
	}
	e.Added, e.Removed = memberIDs(d.add), memberIDs(d.remove)
}

func memberIDs(edges []*edge) []string {
	var ids []string
	for _, e := range edges {
		ids = append(ids, e.memberID())
	}
	return ids
}

// change works out what c really changes among the members of g. Whoever is in
// both Add and Remove is in afterwards.
func (t *tenant) change(g *group, c scim.GroupChange) (delta, error) {
	add, err := t.newMembers(g, c.Add)
	if err != nil {
		return delta{}, err
	}
	if !c.Exact && len(c.Remove) == 0 {
		return delta{add: add}, nil
	}
	wanted := make(map[string]bool, len(c.Add))
	for _, id := range c.Add {
		wanted[id] = true
	}
	var remove []*edge
	if c.Exact {
		for e := range g.members.from(0) {
			if !wanted[e.memberID()] {
				remove = append(remove, e)
			}
		}
		return delta{add, remove}, nil
	}
	for _, id := range c.Remove {
		if e := g.edges[id]; e != nil && !wanted[id] {
			remove = append(remove, e)
			wanted[id] = true // once is enough
		}
	}
	return delta{add, remove}, nil
}

// newMembers returns memberships for those of ids that are not members of g yet.
func (t *tenant) newMembers(g *group, ids []string) ([]*edge, error) {
	var edges []*edge
	var unknown []string
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		if g.edges[id] != nil || seen[id] {
			continue
		}
		seen[id] = true
		if e := t.membership(g, id); e != nil {
			edges = append(edges, e)
		} else {
			unknown = append(unknown, id)
		}
	}
	if unknown != nil {
		return nil, &scim.UnknownMembersError{Members: unknown}
	}
	return edges, nil
}

// membership returns a membership in g of the resource with this ID, or nil if
// there is none that can be a member.
func (t *tenant) membership(g *group, id string) *edge {
	if u := t.users[id]; u != nil && u.Status != scim.StatusArchived {
		return &edge{group: g, user: u}
	}
	if sub := t.groups[id]; sub != nil && sub != g {
		return &edge{group: g, sub: sub}
	}
	return nil
}

// Members implements [scim.Store].
func (s *Store) Members(ctx context.Context, name scim.Tenant, groupID string, q scim.Query) (scim.Page[scim.Member], error) {
	if err := ctx.Err(); err != nil {
		return scim.Page[scim.Member]{}, err
	}
	after, err := parseArrival(q.After)
	if err != nil {
		return scim.Page[scim.Member]{}, err
	}
	t := s.reading(name)
	t.mu.RLock()
	defer t.mu.RUnlock()
	g, ok := t.groups[groupID]
	if !ok {
		return scim.Page[scim.Member]{}, scim.ErrNotFound
	}
	past := func(e *edge) bool { return e.seq > after }
	got, last, err := cut(ctx, choice[*edge]{list: &g.members}, q, past, (*edge).member)
	if err != nil {
		return scim.Page[scim.Member]{}, err
	}
	page := scim.Page[scim.Member]{Items: got.items, Total: got.total}
	if got.more {
		page.Next = arrival(last.seq)
	}
	return page, nil
}

// GroupsOf implements [scim.Store]. Each list is by creation of the groups; an ID
// without groups is not in the map.
func (s *Store) GroupsOf(ctx context.Context, name scim.Tenant, ids []string) (map[string][]scim.GroupRef, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t := s.reading(name)
	t.mu.RLock()
	defer t.mu.RUnlock()
	refs := make(map[string][]scim.GroupRef)
	for _, id := range ids {
		var in *edge
		if u := t.users[id]; u != nil {
			in = u.in
		} else if g := t.groups[id]; g != nil {
			in = g.in
		}
		if in != nil {
			refs[id] = refsOf(in)
		}
	}
	return refs, nil
}

// membership lets a filter ask for members without listing them.
type membership struct{ g *group }

func (m membership) Has(id string) bool { return m.g.edges[id] != nil }

func (m membership) Each(f func(scim.Member) bool) {
	for e := range m.g.members.from(0) {
		if !f(e.member()) {
			return
		}
	}
}

var _ scim.Membership = membership{}

package memstore

import (
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/usher-scim/scim"
)

// Check reports what in the indexes of s does not say the same as its users and
// groups. Nothing else may be running.
func (s *Store) Check() error {
	for name, t := range s.tenants {
		for _, check := range []func() error{t.checkUsers, t.checkNames, t.checkShared, t.checkFolders, t.checkGroups, t.checkOrders} {
			if err := check(); err != nil {
				return fmt.Errorf("tenant %s: %w", name, err)
			}
		}
	}
	return nil
}

// same reports whether a key is a part of its resource: one that only reads the
// same would keep the strings of a former version alive.
func same(key, part string) bool {
	return key == part && unsafe.StringData(key) == unsafe.StringData(part)
}

func (t *tenant) checkUsers() error {
	var want [statuses][]*user
	var live []*user
	for id, u := range t.users {
		if !same(id, u.ID) {
			return fmt.Errorf("user %s under %s", u.ID, id)
		}
		want[u.Status] = append(want[u.Status], u)
		if u.Status != scim.StatusArchived {
			live = append(live, u)
		}
	}
	for status, users := range want {
		if !slices.Equal(sortedOnce(users), slices.Collect(t.byStatus[status].from(0))) {
			return fmt.Errorf("list of %v users", scim.Status(status))
		}
	}
	if !slices.Equal(sortedOnce(live), slices.Collect(t.live.from(0))) {
		return fmt.Errorf("list of users")
	}
	return nil
}

func (t *tenant) checkNames() error {
	var names, emails int
	for _, u := range t.users {
		if u.Status == scim.StatusArchived {
			continue
		}
		if names++; t.userNames[u.Keys.UserName] != u {
			return fmt.Errorf("userName %s", u.Keys.UserName)
		}
		if u.Keys.Email != "" {
			if emails++; t.emails[u.Keys.Email] != u {
				return fmt.Errorf("email %s", u.Keys.Email)
			}
		}
	}
	if names != len(t.userNames) || emails != len(t.emails) {
		return fmt.Errorf("%d userNames and %d emails too many", len(t.userNames)-names, len(t.emails)-emails)
	}
	for key, u := range t.userNames {
		if !same(key, u.Keys.UserName) {
			return fmt.Errorf("userName %s is a stale string", key)
		}
	}
	for key, u := range t.emails {
		if !same(key, u.Keys.Email) {
			return fmt.Errorf("email %s is a stale string", key)
		}
	}
	return nil
}

func (t *tenant) checkShared() error {
	all := make([]*user, 0, len(t.users))
	var archived []*user
	for _, u := range t.users {
		all = append(all, u)
		if u.Status == scim.StatusArchived {
			archived = append(archived, u)
		}
	}
	notEmpty := func(key string) []string {
		if key == "" {
			return nil
		}
		return []string{key}
	}
	for what, err := range map[string]error{
		"addresses":      checkIndex(&t.addresses, all, func(u *user) []string { return u.Keys.Addresses }),
		"externalIds":    checkIndex(&t.externals, all, func(u *user) []string { return notEmpty(u.ExternalID) }),
		"archivedNames":  checkIndex(&t.archivedNames, archived, func(u *user) []string { return []string{u.Keys.UserName} }),
		"archivedEmails": checkIndex(&t.archivedEmails, archived, func(u *user) []string { return notEmpty(u.Keys.Email) }),
	} {
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

// checkIndex compares an index with the keys of what is in it.
func checkIndex[T comparable](ix *index[T], of []T, keys func(T) []string) error {
	want := make(map[string]map[T]bool)
	for _, x := range of {
		for _, key := range keys(x) {
			if want[key] == nil {
				want[key] = make(map[T]bool)
			}
			want[key][x] = true
		}
	}
	if len(ix.first) != len(want) {
		return fmt.Errorf("%d keys instead of %d", len(ix.first), len(want))
	}
	for key, others := range ix.more {
		if len(others) == 0 || len(others) != len(want[key])-1 {
			return fmt.Errorf("%d others of %s", len(others), key)
		}
	}
	for key, xs := range want {
		n := 0
		for x := range ix.all(key) {
			if n++; !xs[x] {
				return fmt.Errorf("%s leads astray", key)
			}
		}
		if n != len(xs) {
			return fmt.Errorf("%d of %s instead of %d", n, key, len(xs))
		}
	}
	return nil
}

func (t *tenant) checkFolders() error {
	want := make(map[*folder][]*user)
	for _, u := range t.users {
		if u.Status == scim.StatusArchived && u.folders != nil {
			return fmt.Errorf("archived user %s is in a folder", u.ID)
		}
		for _, f := range u.folders {
			want[f] = append(want[f], u)
		}
	}
	if len(want) != len(t.folders) {
		return fmt.Errorf("%d folders instead of %d", len(t.folders), len(want))
	}
	for key, f := range t.folders {
		var count [statuses]int
		for _, u := range want[f] {
			count[u.Status]++
		}
		if count != f.count || key.Name != f.key || key.Root != f.root || scim.FoldName(f.name) != f.key {
			return fmt.Errorf("folder %+v counts %v instead of %v", key, f.count, count)
		}
		if !slices.Equal(sortedOnce(want[f]), slices.Collect(f.users.from(0))) {
			return fmt.Errorf("list of folder %+v", key)
		}
	}
	return nil
}

// chainLength counts a member's memberships; one that does not know who is in
// front of it counts for many.
func chainLength(in *edge) int {
	n := 0
	for prev, e := (*edge)(nil), in; e != nil; prev, e = e, e.next {
		if n++; e.prev != prev {
			return -1 << 40
		}
	}
	return n
}

func (t *tenant) checkGroups() error {
	var groups []*group
	edges, chained := 0, 0
	for id, g := range t.groups {
		groups = append(groups, g)
		if !same(id, g.ID) || t.groupNames[g.Key] != g {
			return fmt.Errorf("group %s is not found", g.ID)
		}
		for e := range g.members.from(0) {
			known := t.users[e.memberID()] == e.user && (e.user != nil || t.groups[e.memberID()] == e.sub)
			if edges++; e.group != g || g.edges[e.memberID()] != e || !known {
				return fmt.Errorf("member %s of %s", e.memberID(), g.ID)
			}
		}
		for id, e := range g.edges {
			if !same(id, e.memberID()) {
				return fmt.Errorf("member %s of %s is a stale string", id, g.ID)
			}
		}
		if len(g.edges) != g.members.len() {
			return fmt.Errorf("%d members of %s", len(g.edges), g.ID)
		}
		chained += chainLength(g.in)
	}
	for _, u := range t.users {
		chained += chainLength(u.in)
	}
	if edges != chained || len(t.groupNames) != len(t.groups) {
		return fmt.Errorf("%d memberships, %d of members; %d names of %d groups", edges, chained, len(t.groupNames), len(t.groups))
	}
	if !slices.Equal(sortedOnce(groups), slices.Collect(t.groupList.from(0))) {
		return fmt.Errorf("list of groups")
	}
	return checkIndex(&t.groupExternals, groups, func(g *group) []string {
		if g.ExternalID == "" {
			return nil
		}
		return []string{g.ExternalID}
	})
}

func (t *tenant) checkOrders() error {
	live, groups := slices.Collect(t.live.from(0)), slices.Collect(t.groupList.from(0))
	return errors.Join(checkOrders(&t.userOrders, live), checkOrders(&t.groupOrders, groups))
}

// checkOrders compares each order with all who should be in it by now.
func checkOrders[T sortable[T]](orders *orders[T], all []T) error {
	if len(orders.kept) > maxOrders {
		return fmt.Errorf("%d orders", len(orders.kept))
	}
	for _, o := range orders.kept {
		want, err := o.expected(all)
		if err != nil {
			return fmt.Errorf("order by %s: %w", o.by.Path(), err)
		}
		got := o.gathered
		if o.built || o.complete {
			got = slices.Collect(o.list.from(0))
			slices.SortStableFunc(want, func(a, b standing[T]) int { // all are in order of creation
				if o.by.Descending() {
					return o.by.Compare(b.key, a.key)
				}
				return o.by.Compare(a.key, b.key)
			})
			for i := 1; i < len(got); i++ {
				if last := got[i-1].key; got[i].key == last && !same(got[i].key, last) {
					return fmt.Errorf("order by %s: %q twice", o.by.Path(), last)
				}
			}
		} else if o.list.len() > 0 {
			return fmt.Errorf("order by %s: a list too early", o.by.Path())
		}
		if !slices.Equal(want, got) {
			return fmt.Errorf("order by %s", o.by.Path())
		}
	}
	return nil
}

// expected returns who should be in an order by now, by creation, with the keys by
// which they should be. Without its notes it has everybody as they are.
func (o *order[T]) expected(all []T) (want []standing[T], err error) {
	var nobody T
	noted := 0
	for _, who := range all {
		n, ok := o.notes[who.place().canonical()]
		switch {
		case ok && n.is != who:
			return nil, fmt.Errorf("no note that %v is there", who.place())
		case ok:
			noted++
		case o.complete || o.ended || !o.upTo.before(who.place()):
			want = append(want, standing[T]{who.sortKey(o.by), who})
		}
	}
	for _, n := range o.notes {
		if n.was.who != nobody {
			want = append(want, n.was)
		}
		if n.is != nobody {
			noted--
		}
	}
	if noted != 0 {
		return nil, fmt.Errorf("a note of who is not there")
	}
	slices.SortFunc(want, func(a, b standing[T]) int {
		if a.who.before(b.who) {
			return -1
		}
		return 1
	})
	return want, nil
}

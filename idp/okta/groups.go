package okta

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/usher-scim/scim"
)

// AddGroup makes a group, whose name no other has, ignoring case, with members by
// their ids. Errors: ErrExists, ErrNotFound.
func (o *Org) AddGroup(name string, members ...string) (Group, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g := &team{members: make(map[string]bool)}
	if err := o.name(g, name); err != nil {
		return Group{}, err
	}
	if err := o.setMembers(g, members, true); err != nil {
		delete(o.names, scim.Fold(name))
		return Group{}, err
	}
	g.ID, g.Created = o.newID("00g"), o.clock.Now()
	g.number = o.made
	o.teams = append(o.teams, g)
	o.groups[g.ID] = g
	return g.Group, nil
}

// RenameGroup gives a group another name. Errors: ErrNotFound, ErrExists.
func (o *Org) RenameGroup(id, name string) error {
	return o.changeGroup(id, func(g *team) error { return o.name(g, name) })
}

func (o *Org) name(g *team, name string) error {
	if name == "" {
		return errors.New("okta: a group needs a name")
	}
	key := scim.Fold(name)
	if other := o.names[key]; other != nil && other != g {
		return fmt.Errorf("%w: group %q", ErrExists, name)
	}
	delete(o.names, scim.Fold(g.Name))
	o.names[key] = g
	g.Name, g.seq, g.Changed = name, o.next(), o.clock.Now()
	return nil
}

// DeleteGroup forgets a group. Its members lose the applications that it was assigned
// to; where it was pushed to it stays, for only [App.Unlink] deletes there. Errors:
// ErrNotFound.
func (o *Org) DeleteGroup(id string) error {
	return o.changeGroup(id, func(g *team) error {
		for _, x := range o.people {
			if g.members[x.ID] {
				x.seq = o.next()
			}
		}
		o.teams = slices.DeleteFunc(o.teams, func(t *team) bool { return t == g })
		delete(o.groups, id)
		delete(o.names, scim.Fold(g.Name))
		return nil
	})
}

// AddMember puts users into a group, all or none. One who is in it stays. Errors:
// ErrNotFound.
func (o *Org) AddMember(group string, users ...string) error {
	return o.changeGroup(group, func(g *team) error { return o.setMembers(g, users, true) })
}

// RemoveMember takes users out of a group, all or none. One who is not in it stays
// out. Errors: ErrNotFound.
func (o *Org) RemoveMember(group string, users ...string) error {
	return o.changeGroup(group, func(g *team) error { return o.setMembers(g, users, false) })
}

func (o *Org) changeGroup(id string, f func(g *team) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	g, err := o.team(id)
	if err != nil {
		return err
	}
	return f(g)
}

func (o *Org) team(id string) (*team, error) {
	if g := o.groups[id]; g != nil {
		return g, nil
	}
	return nil, fmt.Errorf("%w: group %q", ErrNotFound, id)
}

func (o *Org) setMembers(g *team, users []string, in bool) error {
	for _, id := range users {
		if _, err := o.person(id); err != nil {
			return err
		}
	}
	for _, id := range users {
		if g.members[id] == in {
			continue
		}
		if g.members[id] = in; !in {
			delete(g.members, id)
		}
		o.byID[id].seq = o.next() // who may have come to an application by it, or lost it
		g.seq, g.Changed = o.next(), o.clock.Now()
	}
	return nil
}

// Group returns a group. Errors: ErrNotFound.
func (o *Org) Group(id string) (Group, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g, err := o.team(id)
	if err != nil {
		return Group{}, err
	}
	return g.Group, nil
}

// FindGroup returns the group with a name, in any case. Errors: ErrNotFound.
func (o *Org) FindGroup(name string) (Group, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g := o.names[scim.Fold(name)]
	if g == nil {
		return Group{}, fmt.Errorf("%w: group %q", ErrNotFound, name)
	}
	return g.Group, nil
}

// Groups returns all groups in order of their creation.
func (o *Org) Groups() []Group {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]Group, len(o.teams))
	for i, g := range o.teams {
		out[i] = g.Group
	}
	return out
}

// Members returns the ids of a group's members, in order of the users' creation.
// Errors: ErrNotFound.
func (o *Org) Members(group string) ([]string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g, err := o.team(group)
	if err != nil {
		return nil, err
	}
	return o.inOrder(g), nil
}

// inOrder lists members by the users' creation.
func (o *Org) inOrder(g *team) []string {
	return slices.SortedFunc(maps.Keys(g.members), func(a, b string) int {
		return cmp.Compare(o.byID[a].number, o.byID[b].number)
	})
}

// standing is what an application goes by to tell whether it has to do something
// about a user.
type standing struct {
	id     string
	number uint64
	seq    uint64
	life   int
	status Status
	team   uint64 // when the last of the groups was assigned that the user is in; 0: in none
}

// standings lists everybody in order of creation, with who is in the groups that are
// assigned; for each of them, when it was.
func (o *Org) standings(assigned map[string]uint64) []standing {
	o.mu.Lock()
	defer o.mu.Unlock()
	out := make([]standing, len(o.people))
	for i, x := range o.people {
		s := standing{id: x.ID, number: x.number, seq: x.seq, life: x.life, status: x.Status}
		for id, when := range assigned {
			if g := o.groups[id]; g != nil && g.members[x.ID] {
				s.team = max(s.team, when)
			}
		}
		out[i] = s
	}
	return out
}

// life is how often a user has been deactivated; -1 of one who is gone.
func (o *Org) life(id string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if x := o.byID[id]; x != nil {
		return x.life
	}
	return -1
}

// snapshot is a person as a job finds it; nil if there is none any more.
func (o *Org) snapshot(id string) *person {
	o.mu.Lock()
	defer o.mu.Unlock()
	x := o.byID[id]
	if x == nil {
		return nil
	}
	c := *x
	c.User = x.copy()
	return &c
}

// pushed is a group as a job finds it, with its members in order; nil if there is
// none any more.
type pushed struct {
	Group
	seq     uint64
	members []string
}

func (o *Org) pushed(id string) *pushed {
	o.mu.Lock()
	defer o.mu.Unlock()
	g := o.groups[id]
	if g == nil {
		return nil
	}
	return &pushed{Group: g.Group, seq: g.seq, members: o.inOrder(g)}
}

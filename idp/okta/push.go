package okta

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// push is a group that is pushed to the application.
type push struct {
	mark
	group  string // Okta's id
	number uint64
	name   string // for the log, when the group is gone

	id       string            // at the service; "" until it is linked or made
	sent     string            // the name that the service has; "" where that is not known
	members  map[string]member // by Okta's id: Okta's last known state
	now      bool              // the whole list is to be sent
	deleting bool              // unlinked, and to be deleted at the service
}

// member is a member as it was sent.
type member struct {
	id     string // at the service
	unsure bool   // it was added or removed, and it is not known what came of it
}

// PushedGroup is what an application knows of a group that is pushed to it.
type PushedGroup struct {
	Group   string   // Okta's id
	ID      string   // the service's; "" until it is linked or made
	Name    string   // as it was sent last
	Members []string // the ids at the service of the members that were sent, sorted
}

// PushGroup has a group pushed from now on: linked to one of its name at the service,
// or made there. A group that is pushed already stays as it is. Errors: ErrNotFound;
// ErrStatus while the group of a push before has still to be deleted there.
func (a *App) PushGroup(group string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	g, err := a.org.Group(group)
	if err != nil || a.pushOf(group) != nil {
		return err
	}
	for _, p := range a.pushes {
		if p.group == group {
			return fmt.Errorf("%w: group %q is still to be deleted in the app", ErrStatus, g.Name)
		}
	}
	p := &push{group: group, name: g.Name, members: make(map[string]member)}
	p.seq = a.org.tick()
	p.number = p.seq
	a.pushes = append(a.pushes, p)
	return nil
}

// PushNow has a group's whole list of members sent by the next Sync, as the button
// does. Errors: ErrNotFound if the group is not pushed.
func (a *App) PushNow(group string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.pushOf(group)
	if p == nil {
		return fmt.Errorf("%w: group %q is not pushed", ErrNotFound, group)
	}
	p.now, p.seq = true, a.org.tick()
	return nil
}

// Unlink ends the push of a group. The group at the service stays, or is deleted there
// by the next Sync. Errors: ErrNotFound if the group is not pushed.
func (a *App) Unlink(group string, deleteInTarget bool) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.pushOf(group)
	if p == nil {
		return fmt.Errorf("%w: group %q is not pushed", ErrNotFound, group)
	}
	if deleteInTarget && p.id != "" {
		p.deleting, p.seq = true, a.org.tick()
		return nil
	}
	a.forget(p)
	a.note(eventGroupUnlink, p.target(), Success, "", 0)
	return nil
}

// PushedGroups lists the groups that are pushed, in the order in which that began.
func (a *App) PushedGroups() []PushedGroup {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []PushedGroup
	for _, p := range a.pushes {
		if p.deleting {
			continue
		}
		g := PushedGroup{Group: p.group, ID: p.id, Name: p.sent}
		for _, m := range p.members {
			g.Members = append(g.Members, m.id)
		}
		slices.Sort(g.Members)
		out = append(out, g)
	}
	return out
}

func (a *App) pushOf(group string) *push {
	for _, p := range a.pushes {
		if p.group == group && !p.deleting {
			return p
		}
	}
	return nil
}

func (a *App) forget(p *push) {
	a.pushes = slices.DeleteFunc(a.pushes, func(x *push) bool { return x == p })
}

func (p *push) target() Target {
	return Target{Type: "UserGroup", ID: p.group, Name: p.name, External: p.id}
}

// groupJobs lists what may be due about groups.
func (a *App) groupJobs() []*job {
	var jobs []*job
	now := a.org.clock.Now()
	for _, p := range slices.Clone(a.pushes) {
		g := a.org.pushed(p.group)
		if g == nil && !p.deleting { // Okta deletes nothing at the service unless it is told to
			a.forget(p)
			a.note(eventGroupUnlink, p.target(), Success, "the group is deleted", 0)
			continue
		}
		order := p.seq
		if g != nil {
			p.name = g.Name
			order = max(order, g.seq)
			for _, id := range slices.Concat(g.members, slices.Collect(maps.Keys(p.members))) {
				if acc := a.accounts[id]; acc != nil {
					order = max(order, acc.change)
				}
			}
		}
		if p.due(order, now) {
			jobs = append(jobs, &job{
				mark: &p.mark, order: order, number: p.number, target: p.target(),
				do: func(ctx context.Context, r *run) error { return r.group(ctx, p, g) },
			})
		}
	}
	return jobs
}

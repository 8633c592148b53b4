package entra

import (
	"context"
	"errors"
)

// memberships are those that a cycle looks at: of groups in the order they came up.
type memberships struct {
	order []string
	of    map[string]*candidates
}

// candidates are the members of a group that may have to be added or removed, each
// once, in order.
type candidates struct {
	ids []string
	in  map[string]bool
}

func (m *memberships) add(group string, members ...string) {
	if len(members) == 0 {
		return
	}
	g := m.of[group]
	if g == nil {
		g = &candidates{in: make(map[string]bool)}
		m.of[group] = g
		m.order = append(m.order, group)
	}
	for _, id := range members {
		if !g.in[id] {
			g.in[id] = true
			g.ids = append(g.ids, id)
		}
	}
}

// membership is a change of one: its member at both ends.
type membership struct {
	id, target string
	remove     bool
}

// writeMembers writes the memberships that changed, and all of groups that are new at
// the target. Members are never read there.
func (c *cycle) writeMembers(ctx context.Context) error {
	if !c.groups.members || c.groups.SkipUpdate {
		return nil
	}
	for _, group := range c.members.order {
		if err := c.writeMembersOf(ctx, group, c.members.of[group].ids); err != nil {
			return err
		}
	}
	return nil
}

func (c *cycle) writeMembersOf(ctx context.Context, group string, members []string) error {
	g, _ := c.j.dir.read(group)
	l := c.j.links[group]
	if _, in := c.inScope(g); !in || l == nil || !l.managed || l.dead {
		for _, id := range members {
			c.clear(escrowKey{group, id}) // all are sent when the group comes to the target
		}
		return nil
	}
	var changes []membership
	for _, id := range members {
		change, due, err := c.membership(g, id)
		if err != nil {
			return err
		}
		if due {
			changes = append(changes, change)
		}
	}
	changes, err := c.unwritten(ctx, g, changes)
	if err != nil {
		return err
	}
	for len(changes) > 0 {
		n := min(len(changes), c.j.config.MembersPerRequest)
		if err := c.writeBatch(ctx, g, changes[:n]); err != nil {
			return err
		}
		changes = changes[n:]
	}
	c.j.mu.Lock()
	defer c.j.mu.Unlock()
	l.whole = l.whole || !c.demand
	return nil
}

// membership decides what is due for one member of a group. One who is not in scope is
// left out, and not sent later either, until the membership changes or an initial cycle.
func (c *cycle) membership(g record, id string) (change membership, due bool, err error) {
	l := c.j.links[id]
	m, _ := c.j.dir.read(id)
	switch in, here := c.j.dir.isMember(g.id, id), l != nil && !l.dead; {
	case !in && here && !m.gone:
		return membership{id, l.target, true}, true, nil
	case !in, m.gone, m.deleted: // who is in the recycle bin stays a member meanwhile
	case here && l.managed:
		return membership{id, l.target, false}, true, nil
	case c.waits(id):
		return change, false, c.lacksMember(g, m)
	default:
		c.report.Members.Skipped++
	}
	c.clear(escrowKey{g.id, id})
	return change, false, nil
}

// unwritten are those memberships that are not as they should be, if the job is one that
// asks; else all.
func (c *cycle) unwritten(ctx context.Context, g record, changes []membership) ([]membership, error) {
	if !c.j.config.CheckReferences {
		return changes, nil
	}
	var kept []membership
	for _, m := range changes {
		there, err := c.refers(ctx, true, c.j.links[g.id].target, memberTarget, m.target)
		switch {
		case err != nil:
			e := c.entry(g)
			e.Action = ActionUpdate
			if err := c.settleReference(escrowKey{g.id, m.id}, &c.report.Members, e, err); err != nil {
				return nil, err
			}
		case there == m.remove:
			kept = append(kept, m)
		default:
			c.clear(escrowKey{g.id, m.id})
		}
	}
	return kept, nil
}

// lacksMember puts a membership of an object that failed into the escrow, to be tried
// again when that is.
func (c *cycle) lacksMember(g, m record) error {
	f := &fault{code: CodeSkipped, detail: "the member could not be provisioned yet: " + nameOf(m)}
	if at, found := c.j.escrow.next(escrowKey{id: m.id}); found && at.IsZero() {
		f.again = true
	}
	e := c.entry(g)
	e.Action = ActionUpdate
	return c.settleReference(escrowKey{g.id, m.id}, &c.report.Members, e, f)
}

// writeBatch writes memberships in one PATCH.
func (c *cycle) writeBatch(ctx context.Context, g record, changes []membership) error {
	e := c.entry(g)
	e.Action = ActionUpdate
	e.step(StepScope, Success, "")
	e.step(StepMatch, Success, "by its link")
	e.step(StepEvaluate, Success, "")
	var added, removed []string
	for _, m := range changes {
		if m.remove {
			removed = append(removed, m.target)
			e.Modified = append(e.Modified, Modified{Name: memberTarget, Old: m.target})
		} else {
			added = append(added, m.target)
			e.Modified = append(e.Modified, Modified{Name: memberTarget, New: m.target})
		}
	}
	err := c.operate(ctx, g, c.dialect.members(added, removed), e)
	var f *fault
	switch {
	case err == nil:
		e.step(StepProvision, Success, "")
		c.succeeded++
		c.report.Members.Added += len(added)
		c.report.Members.Removed += len(removed)
		for _, m := range changes {
			c.clear(escrowKey{g.id, m.id})
		}
	case errors.As(err, &f):
		e.fail(f)
		c.report.Members.Failed += len(changes)
		c.failed++
		for _, m := range changes {
			if !f.ends() {
				c.keep(escrowKey{g.id, m.id}, e, f)
			}
		}
	default:
		return err
	}
	e.Time = c.j.now()
	c.j.log.add(e)
	if f != nil && f.ends() {
		return f
	}
	return nil
}

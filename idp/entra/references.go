package entra

import (
	"context"
	"errors"
	"net/url"

	"github.com/usher-scim/scim/idp"
)

// manages is a user whose manager is to be looked at.
type manages struct {
	r       record
	manager string // objectId; "": none
	has     string // id that stands at the target
}

// refer keeps the references of an object for when all objects were seen to: the
// manager of a user, and all members of a group that is new at the target.
func (c *cycle) refer(t task, flows []flow, has idp.Resource) {
	if t.r.group {
		if !c.demand && !c.j.links[t.r.id].whole {
			c.members.add(t.r.id, c.j.dir.Members(t.r.id)...)
		}
		return
	}
	if c.users.SkipUpdate {
		return
	}
	for _, f := range flows {
		if !f.reference || f.keep || f.creation {
			continue
		}
		id, _ := f.value.(string)
		c.references = append(c.references, manages{t.r, id, reference(has.Get(f.target))})
	}
}

// reference is the id that a reference holds, in whatever form it stands.
func reference(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		s, _ := v["value"].(string)
		return s
	case []any:
		if len(v) > 0 {
			return reference(v[0])
		}
	}
	return ""
}

// writeManagers writes the managers that differ. One who is not in scope is not sent,
// and not sent later either, until the user's manager changes or an initial cycle.
func (c *cycle) writeManagers(ctx context.Context) error {
	for _, m := range c.references {
		if err := c.manage(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

func (c *cycle) manage(ctx context.Context, m manages) error {
	l := c.j.links[m.r.id]
	if l.unsent && m.manager == l.manager && !c.initial && !c.fresh[m.r.id] {
		return nil
	}
	boss := c.j.links[m.manager]
	switch {
	case m.manager == "" && (l.manager == "" || m.has == ""):
		return c.managed(m, false)
	case m.manager == "":
		return c.writeManager(ctx, m, c.dialect.removeManager(), "")
	case (boss == nil || !boss.managed || boss.dead) && c.waits(m.manager):
		return c.lacks(m, "the manager could not be provisioned yet")
	case boss == nil || !boss.managed || boss.dead:
		c.report.Managers.Skipped++
		return c.managed(m, true)
	case boss.target == m.has:
		return c.managed(m, false)
	}
	if there, err := c.refers(ctx, m.r.group, l.target, managerReference, boss.target); err == nil && there {
		return c.managed(m, false)
	} else if err != nil {
		e := c.entry(m.r)
		e.Action = ActionUpdate
		return c.settleReference(escrowKey{m.r.id, managerReference}, &c.report.Managers, e, err)
	}
	return c.writeManager(ctx, m, c.dialect.setManager(boss.target), boss.target)
}

// refers asks whether a resource has a reference already, if the job is one that asks.
func (c *cycle) refers(ctx context.Context, group bool, id, attribute, to string) (bool, error) {
	if !c.j.config.CheckReferences {
		return false, nil
	}
	filter := "id eq " + quote(id) + " and " + attribute + " eq " + quote(to)
	found, err := c.list(ctx, group, url.Values{"filter": {filter}, "attributes": {"id"}})
	return len(found) > 0, err
}

// waits reports whether an object failed and is going to be tried again.
func (c *cycle) waits(id string) bool { return c.j.escrow.has(escrowKey{id: id}) }

// managed keeps which manager was looked at.
func (c *cycle) managed(m manages, unsent bool) error {
	c.j.mu.Lock()
	defer c.j.mu.Unlock()
	l := c.j.links[m.r.id]
	l.manager, l.unsent = m.manager, unsent
	c.j.escrow.clear(escrowKey{m.r.id, managerReference})
	return nil
}

// lacks puts a reference to an object that failed into the escrow, to be tried again
// when that is.
func (c *cycle) lacks(m manages, why string) error {
	f := &fault{code: CodeSkipped, detail: why}
	if at, found := c.j.escrow.next(escrowKey{id: m.manager}); found && at.IsZero() {
		f.again = true
	}
	e := c.entry(m.r)
	e.Action = ActionUpdate
	return c.settleReference(escrowKey{m.r.id, managerReference}, &c.report.Managers, e, f)
}

func (c *cycle) writeManager(ctx context.Context, m manages, op operation, id string) error {
	e := c.entry(m.r)
	e.Action = ActionUpdate
	e.step(StepScope, Success, "")
	e.step(StepMatch, Success, "by its link")
	e.step(StepEvaluate, Success, "the manager differs")
	e.Modified = []Modified{{Name: managerTarget.String(), Old: m.has, New: id}}
	err := c.operate(ctx, m.r, []operation{op}, e)
	if err == nil {
		e.step(StepProvision, Success, "")
		c.succeeded++
		if id == "" {
			c.report.Managers.Removed++
		} else {
			c.report.Managers.Added++
		}
		if err := c.managed(m, false); err != nil {
			return err
		}
	}
	return c.settleReference(escrowKey{m.r.id, managerReference}, &c.report.Managers, e, err)
}

// settleReference enters what became of a reference into the log and the escrow. The
// error is one that ends the cycle.
func (c *cycle) settleReference(k escrowKey, counts *References, e *Entry, err error) error {
	var f *fault
	if err != nil && !errors.As(err, &f) {
		return err
	}
	if f != nil {
		e.fail(f)
		counts.Failed++
		c.failed++
		if !f.ends() {
			c.keep(k, e, f)
		}
	}
	e.Time = c.j.now()
	c.j.log.add(e)
	if f != nil && f.ends() {
		return f
	}
	return nil
}

package entra

import (
	"context"
	"errors"
	"net/http"
)

// disable disables a user who left the scope, by the mapping of active alone, and lets
// go of it.
func (c *cycle) disable(ctx context.Context, t task, e *Entry) error {
	e.Action = ActionDisable
	if c.j.config.SkipOutOfScopeDeletions {
		return c.letGo(t, e, "who leaves the scope is left alone")
	}
	if !c.users.disables() {
		return c.letGo(t, e, "the mapping disables nobody")
	}
	flows, err := c.flows(c.users, t.r, false)
	if err != nil {
		return err
	}
	kept := flows[:0]
	for _, f := range flows {
		if f.target.Equal(activeTarget) {
			kept = append(kept, f)
		}
	}
	has, err := c.get(ctx, t.r, c.j.links[t.r.id].target)
	if gone(err) {
		return c.letGo(t, e, "the resource is gone already")
	}
	if err != nil {
		return err
	}
	e.step(StepMatch, Success, "by its link")
	changes := differences(kept, has)
	if len(changes) == 0 {
		return c.letGo(t, e, "it is disabled already")
	}
	if err := c.patch(ctx, t.r, changes, e); err != nil {
		return err
	}
	c.tally(t, changes, e)
	c.unmanage(t.r.id)
	return nil
}

// leaveGroup deletes the resource of a group that left the scope: groups cannot be
// disabled.
func (c *cycle) leaveGroup(ctx context.Context, t task, e *Entry) error {
	e.Action = ActionDelete
	if c.j.config.SkipOutOfScopeDeletions {
		return c.letGo(t, e, "what leaves the scope is left alone")
	}
	if c.groups.SkipDelete {
		return c.letGo(t, e, "the mapping does not delete")
	}
	_, err := c.get(ctx, t.r, c.j.links[t.r.id].target)
	if err != nil && !gone(err) {
		return err
	}
	e.step(StepMatch, Success, "by its link")
	return c.remove(ctx, t, e)
}

func (c *cycle) letGo(t task, e *Entry, why string) error {
	e.skip(StepProvision, why)
	c.unmanage(t.r.id)
	return nil
}

// gone reports whether an error says that a resource is not there.
func gone(err error) bool {
	var f *fault
	return errors.As(err, &f) && f.status == http.StatusNotFound
}

package entra

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/usher-scim/scim/idp"
)

// sync brings an object that is in scope to the application: by its link, else by a
// look-up, else by creating it.
func (c *cycle) sync(ctx context.Context, t task, e *Entry) error {
	m := c.mapping(t.r.group)
	flows, err := c.flows(m, t.r, t.in)
	if err != nil {
		return err
	}
	has, err := c.find(ctx, t, m, flows, e)
	if err != nil {
		return err
	}
	switch {
	case has == nil && !t.active:
		e.skip(StepProvision, "it is disabled in the directory: it has to be active first")
		return nil
	case has == nil && m.SkipCreate:
		e.skip(StepProvision, "the mapping does not create")
		return nil
	case has == nil:
		return c.create(ctx, t, flows, e)
	}
	return c.update(ctx, t, flows, has, e)
}

// flows are the values that a mapping has for an object.
func (c *cycle) flows(m *mapping, r record, in bool) ([]flow, error) {
	flows, err := m.flows(r, in, env{now: c.j.now(), random: c.j.random})
	if err != nil {
		return nil, &fault{code: CodeInternalError, detail: err.Error()}
	}
	if c.demand { // which has no roles
		kept := flows[:0]
		for _, f := range flows {
			if !isRoles(f.target) {
				kept = append(kept, f)
			}
		}
		flows = kept
	}
	return flows, nil
}

// find returns the resource of an object, nil if there is none. One that is managed is
// read by the id of its link, which is an InvalidAnchor when the resource is gone;
// others are looked up and linked.
func (c *cycle) find(ctx context.Context, t task, m *mapping, flows []flow, e *Entry) (idp.Resource, error) {
	l := c.j.links[t.r.id]
	managed := l != nil && l.managed
	if managed && !c.demand {
		has, err := c.get(ctx, t.r, l.target)
		if err == nil {
			e.step(StepMatch, Success, "by its link")
		}
		return has, err
	}
	has, err := c.lookUp(ctx, t.r, m.matches(flows))
	if err == nil && has == nil && managed { // renamed since
		has, err = c.get(ctx, t.r, l.target)
	}
	if err != nil {
		return nil, err
	}
	if has == nil {
		e.step(StepMatch, Success, "nobody was found")
		return nil, nil
	}
	e.step(StepMatch, Success, "found")
	e.Target.ID = has.ID()
	return has, c.connect(t.r, has.ID(), false)
}

// get reads a resource by its id, without members.
func (c *cycle) get(ctx context.Context, r record, id string) (idp.Resource, error) {
	a, err := c.send(ctx, request{method: http.MethodGet, path: at(r.group, id), query: without(r.group)})
	if err != nil {
		return nil, err
	}
	if !a.OK() {
		return nil, c.anchor(r.id, refused(a))
	}
	has, err := a.Resource()
	switch {
	case err != nil || has == nil:
		return nil, incompatible(a, "the answer is no resource")
	case has["Resources"] != nil:
		return nil, &fault{code: CodeMultipleEntries, status: a.Status, detail: "the answer is a list where one resource was asked for"}
	}
	return has, nil
}

// anchor notes that the resource of a link is gone, if that is what a fault is.
func (c *cycle) anchor(id string, f *fault) *fault {
	if f.status != http.StatusNotFound {
		return f
	}
	f.detail = "the service does not know the id of the link any more: " + f.detail
	c.j.mu.Lock()
	defer c.j.mu.Unlock()
	if l := c.j.links[id]; l != nil {
		l.dead = true
	}
	return f
}

// special are the characters in a value that Entra cannot ask for.
const special = `"\`

// lookUp finds an object by its matching attributes, one at a time in their order,
// until one finds somebody.
func (c *cycle) lookUp(ctx context.Context, r record, matches []match) (idp.Resource, error) {
	if len(matches) == 0 {
		return nil, &fault{code: CodeImportSkipped, detail: "it has no value for any matching attribute"}
	}
	for _, m := range matches {
		if strings.ContainsAny(m.value, special) {
			return nil, &fault{code: CodeIncompatibleFiltering, detail: fmt.Sprintf("%s: a value with special characters cannot be looked up: %q", m.target, m.value)}
		}
		found, err := c.query(ctx, r.group, m)
		if err != nil {
			return nil, err
		}
		switch {
		case len(found) > 1:
			return nil, &fault{code: CodeDuplicateTarget, detail: fmt.Sprintf("%d resources have %s %q", len(found), m.target, m.value)}
		case len(found) == 1 && found[0].ID() == "":
			return nil, &fault{code: CodeIncompatible, detail: "the resource that was found has no id"}
		case len(found) == 1:
			return found[0], nil
		}
	}
	return nil, nil
}

// query asks for the resources with a value.
func (c *cycle) query(ctx context.Context, group bool, m match) ([]idp.Resource, error) {
	q := without(group)
	if q == nil {
		q = make(url.Values)
	}
	q.Set("filter", m.target.String()+" eq "+quote(m.value))
	return c.list(ctx, group, q)
}

// list asks for resources. A service that answers 404, or what is no list, does not
// speak SCIM, and one that answers 403 does not take the credentials: the job goes into
// quarantine.
func (c *cycle) list(ctx context.Context, group bool, q url.Values) ([]idp.Resource, error) {
	a, err := c.send(ctx, request{method: http.MethodGet, path: collection(group), query: q})
	if err != nil {
		return nil, err
	}
	if a.OK() {
		l, err := a.List()
		if err == nil && *l.TotalResults > 1 && len(l.Resources) < 2 { // the others are on further pages
			l.Resources = append(l.Resources, make([]idp.Resource, *l.TotalResults-len(l.Resources))...)
		}
		if err == nil {
			return l.Resources, nil
		}
		f := incompatible(a, err.Error())
		f.reason = ReasonException
		return nil, f
	}
	return nil, refusedLookUp(a)
}

// create creates a resource, references and members apart.
func (c *cycle) create(ctx context.Context, t task, flows []flow, e *Entry) error {
	e.Action = ActionCreate
	e.step(StepEvaluate, Success, "")
	for _, f := range flows {
		if f.value != nil && !f.keep && !f.reference {
			e.modify([]difference{{target: f.target, value: typed(f.target, f.value), secret: f.secret}})
		}
	}
	a, err := c.send(ctx, request{method: http.MethodPost, path: collection(t.r.group), body: c.dialect.create(t.r.group, flows)})
	if err != nil {
		return err
	}
	e.HTTPStatus = a.Status
	if !a.OK() {
		return refused(a)
	}
	made, err := a.Resource()
	if err != nil || made.ID() == "" {
		return incompatible(a, "what was created has no id")
	}
	e.Target.ID = made.ID()
	e.step(StepProvision, Success, "")
	if err := c.connect(t.r, made.ID(), true); err != nil {
		return err
	}
	c.written(t.r.id, t.active)
	c.counts(t.r.group).Created++
	c.succeeded++
	c.refer(t, flows, made)
	return nil
}

func (c *cycle) counts(group bool) *Counts {
	if group {
		return &c.report.Groups
	}
	return &c.report.Users
}

// update writes what differs.
func (c *cycle) update(ctx context.Context, t task, flows []flow, has idp.Resource, e *Entry) error {
	m := c.mapping(t.r.group)
	changes := differences(flows, has)
	if members, _ := has[memberTarget].([]any); t.r.group && len(members) > 0 {
		defer e.warn(CodeMultipleEntries, "the service returned members that were to be left out")
	}
	e.step(StepEvaluate, Success, fmt.Sprintf("%d attributes differ", len(changes)))
	switch {
	case c.demand && !t.r.group && t.active && has["active"] == false:
		e.skip(StepProvision, "who is disabled at the service is not restored on demand")
		return nil
	case len(changes) == 0:
		c.written(t.r.id, t.active)
		c.succeeded++
		c.refer(t, flows, has)
		e.skip(StepProvision, "source and target agree already")
		return nil
	case m.SkipUpdate:
		e.skip(StepProvision, "the mapping does not update")
		return nil
	}
	if err := c.patch(ctx, t.r, changes, e); err != nil {
		return err
	}
	c.tally(t, changes, e)
	c.refer(t, flows, has)
	return nil
}

// patch writes differences to an object's resource.
func (c *cycle) patch(ctx context.Context, r record, changes []difference, e *Entry) error {
	e.Action = ActionUpdate
	if flips(changes, false) {
		e.Action = ActionDisable
	}
	e.modify(changes)
	if err := c.operate(ctx, r, c.dialect.patch(r.group, changes), e); err != nil {
		return err
	}
	e.step(StepProvision, Success, "")
	c.succeeded++
	return nil
}

// operate sends a PATCH.
func (c *cycle) operate(ctx context.Context, r record, ops []operation, e *Entry) error {
	a, err := c.send(ctx, request{method: http.MethodPatch, path: at(r.group, c.j.links[r.id].target), body: newPatch(ops)})
	if err != nil {
		return err
	}
	e.HTTPStatus = a.Status
	if !a.OK() {
		return c.anchor(r.id, refused(a))
	}
	return nil
}

// tally counts an update.
func (c *cycle) tally(t task, changes []difference, e *Entry) {
	counts := c.counts(t.r.group)
	switch {
	case e.Action == ActionDisable:
		counts.Disabled++
	case flips(changes, true) && !c.j.links[t.r.id].active:
		counts.Restored++
	default:
		counts.Updated++
	}
	c.written(t.r.id, t.active)
}

// flips reports whether differences write active so.
func flips(changes []difference, active bool) bool {
	for _, d := range changes {
		if d.target.Equal(activeTarget) && d.value == active {
			return true
		}
	}
	return false
}

// remove deletes a resource. One that is gone already is as good.
func (c *cycle) remove(ctx context.Context, t task, e *Entry) error {
	e.Action = ActionDelete
	if c.mapping(t.r.group).SkipDelete {
		e.skip(StepProvision, "the mapping does not delete")
		c.unmanage(t.r.id)
		return nil
	}
	a, err := c.send(ctx, request{method: http.MethodDelete, path: at(t.r.group, c.j.links[t.r.id].target)})
	if err != nil {
		return err
	}
	e.HTTPStatus = a.Status
	if !a.OK() && a.Status != http.StatusNotFound {
		return refused(a)
	}
	e.step(StepProvision, Success, "")
	c.counts(t.r.group).Deleted++
	c.succeeded++
	c.unlink(t.r.id)
	return nil
}

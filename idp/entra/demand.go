package entra

import (
	"context"
	"fmt"

	"github.com/google/uuid"
)

// OnDemandMembers is how many members of a group can be provisioned on demand at once.
const OnDemandMembers = 5

// ProvisionOnDemand provisions one user at once, whatever the state of the job, and
// returns what it enters into the log: the user, and the manager if that is written. Its
// steps begin with a test of the connection.
//
// It always speaks the older dialect, looks the user up also where there is a link, and
// sends no roles. It disables nobody whom the directory disabled or deleted, only
// who is no longer assigned, and it does not enable who is disabled at the service. The
// error is ErrNotFound, ErrNotConfigured, a *ConnectionError, or that of the context;
// that the user could not be provisioned is in the entry.
func (j *Job) ProvisionOnDemand(ctx context.Context, userID string) ([]Entry, error) {
	return j.demand(ctx, userID, false, nil)
}

// ProvisionGroupOnDemand is ProvisionOnDemand for a group and up to five of its members,
// which are added, or removed, where they are provisioned themselves.
func (j *Job) ProvisionGroupOnDemand(ctx context.Context, groupID string, members ...string) ([]Entry, error) {
	if len(members) > OnDemandMembers {
		return nil, fmt.Errorf("entra: %d members: on demand there are at most %d", len(members), OnDemandMembers)
	}
	return j.demand(ctx, groupID, true, members)
}

func (j *Job) demand(ctx context.Context, id string, group bool, members []string) ([]Entry, error) {
	j.running.Lock()
	defer j.running.Unlock()
	r, found := j.dir.read(id)
	if !found || r.group != group {
		return nil, fmt.Errorf("%w: %q", ErrNotFound, id)
	}
	j.mu.Lock()
	if j.state() == NotConfigured {
		j.mu.Unlock()
		return nil, ErrNotConfigured
	}
	c := j.take()
	j.cycles++
	c.id = uuid.NewSHA1(namespace, fmt.Appendf(nil, "cycle %d", j.cycles)).String()
	j.mu.Unlock()
	c.demand, c.dialect.flag = true, false
	c.assignments()
	if err := c.testUsers(ctx); err != nil {
		return nil, connectionError(err)
	}
	_, before := j.log.since(0)
	err := c.runOnDemand(ctx, r, members)
	entries, _ := j.log.since(before)
	return entries, connectionError(err)
}

// runOnDemand is the way of one object.
func (c *cycle) runOnDemand(ctx context.Context, r record, members []string) error {
	t, due := c.task(r)
	switch {
	case !due || t.do == doSkip:
		c.decline(r, "it is not assigned to the application, or the scoping filters do not let it in")
		return nil
	case t.do == doDelete, r.read("IsSoftDeleted", true) == true:
		c.decline(r, "who is disabled or deleted in the directory is not disabled on demand")
		return nil
	}
	if err := c.provision(ctx, t); err != nil {
		return err
	}
	if err := c.writeManagers(ctx); err != nil || !r.group {
		return err
	}
	c.members.add(r.id, members...)
	return c.writeMembers(ctx)
}

// decline enters into the log that nothing is done.
func (c *cycle) decline(r record, why string) {
	e := c.entry(r)
	e.skip(StepScope, why)
	c.j.log.add(e)
}

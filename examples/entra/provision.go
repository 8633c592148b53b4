package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/entra"
)

// This file runs cycles.

// provisioner is a job for a file of people, and what it did.
type provisioner struct {
	o       options
	s       stage
	people  people
	job     *entra.Job
	log     *logWriter
	bar     *progress
	begun   time.Time // on the simulated clock
	total   entra.Report
	last    entra.Report // of the last cycle
	refused refusals
	stale   bool // a later version of the file could not be read
}

// newProvisioner reads what the flags name. Its errors are usage.
func newProvisioner(o options, s stage) (*provisioner, error) {
	users, groups, err := mappings(o)
	if err != nil {
		return nil, err
	}
	groups.Disabled = !o.groups
	p := &provisioner{o: o, s: s, bar: newProgress(s), refused: make(refusals)}
	p.begun = time.Now().UTC().Truncate(time.Second)
	p.people.dir = entra.NewDirectory(idp.NewClock(p.begun))
	loaded, _, err := p.people.take(o.people[0])
	if err != nil {
		return nil, err
	}
	p.tell(loaded)
	p.job, err = entra.NewJob(p.people.dir, entra.Config{
		Service: &idp.Service{URL: o.url, Token: o.token, Observe: p.observe},
		Users:   users, Groups: groups, SyncAll: len(o.assign) == 0, DeleteThreshold: o.threshold, Wait: wait,
	})
	if err != nil {
		return nil, err
	}
	if err := p.assign(); err != nil {
		return nil, err
	}
	p.log, err = openLog(o.log, s.stdout)
	return p, err
}

// mappings are those that the flags ask for.
func mappings(o options) (users, groups entra.Mapping, err error) {
	users, groups = entra.DefaultMapping()
	if o.mapping != "" {
		data, err := os.ReadFile(o.mapping)
		if err != nil {
			return users, groups, err
		}
		if users, groups, err = entra.ReadMapping(bytes.NewReader(data)); err != nil {
			return users, groups, fmt.Errorf("%s: %w", o.mapping, err)
		}
	}
	if len(o.scope) > 0 && len(users.Scope) == 0 {
		users.Scope = []entra.ScopingFilter{{Name: "-scope"}}
	}
	for i := range users.Scope {
		users.Scope[i].Clauses = append(users.Scope[i].Clauses, o.scope...)
	}
	return users, groups, nil
}

// printMapping prints the mapping file that is used.
func printMapping(_ context.Context, o options, s stage) error {
	users, groups, err := mappings(o)
	if err != nil {
		return &ending{exitUsage, err}
	}
	return written(entra.WriteMapping(s.stdout, users, groups))
}

// assign assigns the groups that the flags name.
func (p *provisioner) assign() error {
	named := make(map[string]string)
	for _, id := range p.people.dir.Groups() {
		group, _ := p.people.dir.Group(id)
		named[strings.ToLower(group.Text("displayName"))] = id
	}
	for _, name := range p.o.assign {
		id, found := named[strings.ToLower(name)]
		if !found {
			return fmt.Errorf("-assign: no group in %s is called %q", p.people.file, name)
		}
		if err := p.job.Assign(id); err != nil {
			return err
		}
	}
	return nil
}

// wait lets the time pass for which the service asks.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// observe is told of each exchange.
func (p *provisioner) observe(idp.Exchange) {
	if p.job != nil {
		p.bar.sent(p.job.Progress().Percent)
	}
}

// provision runs the cycles that the flags ask for, and prints the summary.
func provision(ctx context.Context, o options, s stage) error {
	p, err := newProvisioner(o, s)
	if err != nil {
		return &ending{exitUsage, err}
	}
	if err := p.job.TestConnection(ctx); err != nil && ctx.Err() == nil {
		return errors.Join(&ending{exitConnection, err}, p.log.close())
	}
	return p.finish(ctx, p.cycles(ctx))
}

// cycles runs all cycles. The error is that of the last one.
func (p *provisioner) cycles(ctx context.Context) error {
	var err error
	for i, n := 0, len(p.o.people)*p.o.cycles; i < n; i++ {
		begun := time.Now()
		if i > 0 {
			p.reload(p.o.people[i/p.o.cycles])
		}
		if err = p.cycle(ctx, i, n); ctx.Err() != nil {
			return ctx.Err()
		}
		if i == n-1 {
			break
		}
		if next := p.job.Status().Next; !next.IsZero() {
			clock := p.people.dir.Clock()
			clock.Advance(next.Sub(clock.Now()))
		}
		if err := wait(ctx, p.o.every-time.Since(begun)); err != nil {
			return err
		}
	}
	return err
}

// reload reads the people anew. What cannot be read leaves them as they were: a file
// may be in the middle of being written.
func (p *provisioner) reload(file string) {
	loaded, news, err := p.people.take(file)
	if p.stale = err != nil; p.stale {
		p.s.complain(fmt.Errorf("the people stay as they were: %w", err))
	}
	if news {
		p.tell(loaded)
	}
}

// tell says what a file of people brought.
func (p *provisioner) tell(l entra.Loaded) {
	fmt.Fprintf(p.s.stderr, "%s: %d people: %d new, %d changed, %d back, %d gone, %d new groups\n",
		p.people.file, len(l.Users), l.Created, l.Updated, l.Restored, l.Deleted, l.Groups)
	for _, who := range l.Unlinked {
		fmt.Fprintf(p.s.stderr, "%s: there is no such manager: %s\n", p.people.file, who)
	}
}

// cycle runs one.
func (p *provisioner) cycle(ctx context.Context, i, of int) error {
	what := "cycle"
	if of > 1 {
		what = fmt.Sprintf("cycle %d of %d", i+1, of)
	}
	p.bar.begin(what)
	r, err := p.job.Cycle(ctx)
	p.bar.end(r.Took)
	p.total, p.last = p.total.Plus(r), r
	p.drain()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		p.s.complain(fmt.Errorf("%s: %w", what, err))
	case r.Quarantine != "":
		err = fmt.Errorf("%w: %s", entra.ErrQuarantine, r.Quarantine)
		p.s.complain(fmt.Errorf("%s: %w", what, err))
	}
	return err
}

// drain takes what the job has logged since.
func (p *provisioner) drain() {
	for _, e := range p.log.take(p.job) {
		p.refused.take(e)
	}
}

// failing reports whether there is anybody, or any reference, that could not be
// provisioned and was not since.
func (p *provisioner) failing() bool {
	now, r := p.job.Status(), p.last
	return now.Escrows+now.ReferenceEscrows+r.Users.Failed+r.Groups.Failed+r.Managers.Failed+r.Members.Failed > 0
}

// finish prints the summary and says how it ended.
func (p *provisioner) finish(ctx context.Context, err error) error {
	p.total.Simulated = p.people.dir.Clock().Now().Sub(p.begun)
	summarise(p.s.results(p.o), p.total, p.refused)
	logged := p.log.close()
	switch {
	case ctx.Err() != nil:
		return &ending{exitInterrupted, errors.New("interrupted")}
	case err != nil:
		return &ending{exitConnection, nil}
	case logged != nil:
		return fmt.Errorf("-log: %w", logged)
	case p.failing(), p.stale:
		return &ending{exitFailed, nil}
	}
	return nil
}

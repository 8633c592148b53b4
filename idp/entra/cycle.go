package entra

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"
)

// cycle is one cycle, or a run on demand.
type cycle struct {
	j       *Job
	id      string
	initial bool
	demand  bool
	dialect dialect
	users   *mapping
	groups  *mapping
	syncAll bool
	allowed bool

	assigned  map[string]bool
	effective map[string]bool // assigned groups that assign their members
	since     int             // the watermark it begins at
	mark      int             // and that it ends at
	dirty     []string        // whose assignment changed
	restarts  int

	fresh      map[string]bool // connected in this cycle
	references []manages       // managers to look at
	members    memberships
	staged     []string
	succeeded  int
	failed     int
	silent     int // requests in a row without an answer
	done, all  int // tasks
	report     Report
}

// Cycle runs one cycle now, whatever the interval: an initial one if none has come to
// its end since the job, its mappings or its scope were new, else an incremental one.
//
// An initial cycle reads all users and groups, applies assignments and scoping filters,
// looks each up by the matching attributes, creates it or updates what differs, then
// writes references: managers and memberships. At its end the directory's watermark is
// kept, and an incremental cycle reads what changed since, with what failed earlier
// and is due again, disabling and deleting what left.
//
// That objects fail is no error: the report and the log say so. A cycle that did not
// come to its end leaves the watermark where it was, so that the next one begins where
// it did: after the end of ctx, ErrUnreachable, or an error that is ErrQuarantine. A job
// that cannot run has ErrNotConfigured, ErrPaused or ErrDisabled.
func (j *Job) Cycle(ctx context.Context) (Report, error) {
	j.running.Lock()
	defer j.running.Unlock()
	began, real := j.now(), time.Now()
	c, err := j.newCycle()
	if err != nil {
		return Report{}, err
	}
	err = c.run(ctx)
	c.report.Simulated, c.report.Took = j.now().Sub(began), time.Since(real)
	return c.end(began, err)
}

// newCycle takes down what the cycle goes by.
func (j *Job) newCycle() (*cycle, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	switch j.state() {
	case NotConfigured:
		return nil, ErrNotConfigured
	case Paused:
		return nil, ErrPaused
	case Disabled:
		return nil, ErrDisabled
	}
	c := j.take()
	c.initial, c.allowed = j.initial, j.allowed
	c.report.Initial, c.report.Cycles = c.initial, 1
	j.cycles++
	c.id = uuid.NewSHA1(namespace, fmt.Appendf(nil, "cycle %d", j.cycles)).String()
	j.begun = j.now()
	j.progress.CycleID, j.progress.Initial, j.progress.Percent = c.id, c.initial, 0
	return c, nil
}

// take is a cycle with the job's settings as they are. The caller has mu.
func (j *Job) take() *cycle {
	c := &cycle{
		j: j, dialect: dialectOf(j.service, j.config.Manager), users: j.users, groups: j.groups,
		syncAll: j.syncAll, assigned: make(map[string]bool, len(j.assigned)), effective: make(map[string]bool),
		since: j.watermark, dirty: append([]string(nil), j.dirty...), restarts: j.restarts,
		fresh: make(map[string]bool), members: memberships{of: make(map[string]*candidates)},
		report: Report{Requests: make(map[int]int)},
	}
	for id := range j.assigned {
		c.assigned[id] = true
	}
	return c
}

// run is the way of a cycle.
func (c *cycle) run(ctx context.Context) error {
	if err := c.probe(ctx); err != nil {
		return err
	}
	tasks := c.hold(c.plan(c.read()))
	c.all = len(tasks)
	for _, group := range []bool{false, true} {
		for _, t := range tasks {
			if t.r.group != group {
				continue
			}
			if err := c.provision(ctx, t); err != nil {
				return err
			}
			c.progress()
		}
	}
	if err := c.writeManagers(ctx); err != nil {
		return err
	}
	return c.writeMembers(ctx)
}

// probe asks for somebody who cannot exist when the job is in quarantine because the
// service would not have it: with nothing else to send nobody would see that it does
// again.
func (c *cycle) probe(ctx context.Context) error {
	c.j.mu.Lock()
	q := c.j.quarantine
	c.j.mu.Unlock()
	if q == nil || q.Reason != ReasonException {
		return nil
	}
	if err := c.testUsers(ctx); err != nil {
		return err
	}
	c.succeeded++
	return nil
}

// provision does one task, and enters into the log how it ended. The error ends the
// cycle.
func (c *cycle) provision(ctx context.Context, t task) error {
	e := c.entry(t.r)
	err := c.do(ctx, t, e)
	return c.settle(escrowKey{id: t.r.id}, t.r.group, e, err)
}

func (c *cycle) do(ctx context.Context, t task, e *Entry) error {
	if t.do == doSkip {
		e.skip(StepScope, "the scoping filters do not let it in")
		return nil
	}
	e.step(StepScope, Success, "")
	switch t.do {
	case doDelete:
		return c.remove(ctx, t, e)
	case doLeave:
		if t.r.group {
			return c.leaveGroup(ctx, t, e)
		}
		return c.disable(ctx, t, e)
	}
	return c.sync(ctx, t, e)
}

// entry begins an entry of the log, with what the import found.
func (c *cycle) entry(r record) *Entry {
	e := &Entry{
		Time: c.j.now(), CycleID: c.id, OnDemand: c.demand, Action: ActionOther, Status: Success,
		Source: Identity{ID: r.id, Name: nameOf(r), Type: sourceTypes[r.group]},
		Target: Identity{Type: targetTypes[r.group]},
	}
	if l := c.j.links[r.id]; l != nil {
		e.Target.ID = l.target
	}
	if c.demand {
		e.step(StepConnect, Success, "")
	}
	e.step(StepImport, Success, "")
	return e
}

// settle enters what became of an object into the log and the escrow. The error is one
// that ends the cycle.
func (c *cycle) settle(k escrowKey, group bool, e *Entry, err error) error {
	counts := &c.report.Users
	if group {
		counts = &c.report.Groups
	}
	var f *fault
	switch {
	case err == nil:
		if e.Status == Skipped {
			counts.Skipped++
		}
		c.clear(k)
	case errors.As(err, &f):
		e.fail(f)
		counts.Failed++
		c.failed++
		if !f.ends() {
			c.keep(k, e, f)
		}
	default:
		return err // that of the context
	}
	e.Time = c.j.now()
	c.j.log.add(e)
	if f != nil && f.ends() {
		return f
	}
	return nil
}

// keep puts a failure into the escrow, or says that it is given up. What fails on
// demand is not tried again.
func (c *cycle) keep(k escrowKey, e *Entry, f *fault) {
	if c.demand {
		return
	}
	c.j.mu.Lock()
	defer c.j.mu.Unlock()
	if !c.j.escrow.fail(k, c.j.now(), f) {
		e.Detail = f.detail + " (given up after 28 days)"
	}
}

func (c *cycle) clear(k escrowKey) {
	c.j.mu.Lock()
	defer c.j.mu.Unlock()
	c.j.escrow.clear(k)
}

func (c *cycle) progress() {
	c.done++
	c.j.mu.Lock()
	defer c.j.mu.Unlock()
	c.j.progress.Percent = min(c.done*100/c.all, 99)
}

// end keeps what the cycle came to, and tells of a quarantine.
func (c *cycle) end(began time.Time, err error) (Report, error) {
	j := c.j
	var f *fault
	if errors.As(err, &f) {
		err = fmt.Errorf("%w: %w", map[bool]error{true: ErrUnreachable, false: ErrQuarantine}[f.stop], f)
	}
	j.mu.Lock()
	var notice *Notice
	if err == nil || f != nil {
		notice = j.judge(c, f)
	}
	if j.quarantine != nil {
		c.report.Quarantine = j.quarantine.Reason
	}
	if err == nil {
		j.completed(c, began)
	}
	j.progress.Percent = 100
	j.mu.Unlock()
	j.log.expire(j.now())
	if notice != nil && j.config.Notify != nil {
		j.config.Notify(*notice)
	}
	return c.report, err
}

// completed moves the watermark. The caller has mu.
func (j *Job) completed(c *cycle, began time.Time) {
	j.watermark, j.effective, j.staged = c.mark, c.effective, c.staged
	j.dirty = j.dirty[len(c.dirty):]
	if j.restarts == c.restarts {
		j.initial = false
	}
	if c.allowed {
		j.allowed = false
	}
	now := j.now()
	j.last = &LastCycle{ID: c.id, Began: began, Ended: now, Report: c.report}
	j.last.Report.Requests = maps.Clone(c.report.Requests)
	j.progress.LastRun = now
}

// Run lets time pass on the directory's clock, with the cycles that fall into it:
// on the interval, or once a day in quarantine. The report is of all of them. That a
// cycle ends in quarantine or finds nobody is no error here; the end of ctx is, and
// the time then stands where it is.
func (j *Job) Run(ctx context.Context, d time.Duration) (Report, error) {
	until := j.now().Add(d)
	total := Report{Requests: make(map[int]int)}
	for {
		j.mu.Lock()
		at, due := j.due()
		j.mu.Unlock()
		if !due || at.After(until) {
			break
		}
		j.dir.clock.Advance(at.Sub(j.now()))
		r, err := j.Cycle(ctx)
		if r.Cycles > 0 {
			total.add(r)
		}
		if ctx.Err() != nil {
			return total, ctx.Err()
		}
		if err != nil && !errors.Is(err, ErrQuarantine) && !errors.Is(err, ErrUnreachable) {
			break // it was stopped meanwhile
		}
	}
	j.dir.clock.Advance(until.Sub(j.now()))
	return total, nil
}

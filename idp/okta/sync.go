package okta

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"
)

// How long Okta waits. A job that was told 429 without whole seconds in Retry-After
// waits five minutes, then twice as long each time, and ends after ten tries; one
// whose request had no answer or an error of the server's waits as long. A conflict is
// looked at again every half an hour, without end.
const (
	firstWait    = 5 * time.Minute
	mostTries    = 10
	conflictWait = 30 * time.Minute
)

// Report is what a Sync did.
type Report struct {
	Requests int

	Created     int // accounts that were made
	Linked      int // accounts that were there, active, and now are Okta's
	Reactivated int // accounts that were there and inactive
	Updated     int // profiles sent to accounts, other than the first of an account
	Passwords   int
	Deactivated int

	GroupsCreated, GroupsLinked, GroupsUpdated, GroupsDeleted int

	// Failed counts the jobs that failed now; Tasks says why.
	Failed int
	// Waiting counts the jobs that are due and were not begun because the service
	// asked for a pause, and those that failed and will be tried again by themselves.
	Waiting int
	// Next is when the first of those is due; zero if there is none.
	Next time.Time
}

// job is what has to be sent about one user or group.
type job struct {
	mark   *mark
	order  uint64 // the last of the changes that it sends
	number uint64 // between jobs of the same order
	target Target
	do     func(ctx context.Context, r *run) error
}

// run is one Sync.
type run struct {
	*App
	report Report
}

// Sync sends what has come due: users first, then groups, each in the order of their
// last changes. What fails is in the log and among the tasks, and is no error: the
// error is the context's alone, and what was not sent by then stays due.
func (a *App) Sync(ctx context.Context) (Report, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := &run{App: a}
	before := a.requests
	err := r.all(ctx, a.userJobs())
	if err == nil {
		err = r.all(ctx, a.groupJobs()) // after the users: members have to be provisioned
	}
	r.report.Requests = a.requests - before
	r.wait()
	return r.report, err
}

// due reports whether a mark is behind an order of changes.
func (m *mark) due(order uint64, now time.Time) bool {
	f := m.failure
	if f == nil || order > f.order {
		return order > m.done
	}
	return !f.next.IsZero() && !f.next.After(now)
}

// all does jobs in their order until the service asks for a pause.
func (r *run) all(ctx context.Context, jobs []*job) error {
	slices.SortFunc(jobs, func(a, b *job) int {
		return cmp.Or(cmp.Compare(a.order, b.order), cmp.Compare(a.number, b.number))
	})
	for i, j := range jobs {
		if r.paused.After(r.org.clock.Now()) {
			for _, left := range jobs[i:] {
				r.hold(left)
			}
			return nil
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := r.one(ctx, j); err != nil {
			return err
		}
	}
	return nil
}

// one does a job.
func (r *run) one(ctx context.Context, j *job) error {
	err := j.do(ctx, r)
	if err == nil {
		j.mark.done, j.mark.failure = j.order, nil
		r.slowed = 0
		return nil
	}
	e := asError(err)
	if e == nil {
		return err
	}
	now := r.org.clock.Now()
	r.noteFailure(j.target, e)
	if e.Status == http.StatusTooManyRequests && r.slowed+1 < mostTries {
		r.paused = now.Add(cmp.Or(e.wait, firstWait<<r.slowed))
		r.slowed++
		r.hold(j)
		return nil
	}
	r.slowed = 0
	f := &failure{at: now, target: j.target, message: r.message(j.target, e), status: e.Status, tries: 1, order: j.order}
	if last := j.mark.failure; last != nil && last.order == j.order {
		f.tries += last.tries
	}
	if wait := e.again(f.tries); wait > 0 {
		f.next = now.Add(wait)
	}
	j.mark.failure = f
	r.report.Failed++
	return nil
}

// hold counts a job that is not done now. One that failed before is counted by its
// failure.
func (r *run) hold(j *job) {
	if j.mark.failure == nil {
		r.report.Waiting++
	}
}

// again is how long a job that failed so many times waits to be tried again; 0: for
// good.
func (e *Error) again(tries int) time.Duration {
	passing := e.Err != nil || e.Status == http.StatusRequestTimeout ||
		e.Status >= http.StatusInternalServerError && e.Status != http.StatusNotImplemented
	switch {
	case e.Status == http.StatusConflict:
		return conflictWait
	case passing && tries < mostTries:
		return firstWait << (tries - 1)
	}
	return 0
}

// wait counts what waits to be tried again.
func (r *run) wait() {
	marks := make([]*mark, 0, len(r.accounts)+len(r.pushes))
	for _, acc := range r.accounts {
		marks = append(marks, &acc.mark)
	}
	for _, p := range r.pushes {
		marks = append(marks, &p.mark)
	}
	for _, m := range marks {
		if m.failure != nil && !m.failure.next.IsZero() {
			r.report.Waiting++
			r.next(m.failure.next)
		}
	}
	if r.paused.After(r.org.clock.Now()) {
		r.next(r.paused)
	}
}

// next notes when something is due, which it is not before the end of a pause.
func (r *run) next(at time.Time) {
	if at.Before(r.paused) {
		at = r.paused
	}
	if r.report.Next.IsZero() || at.Before(r.report.Next) {
		r.report.Next = at
	}
}

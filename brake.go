package scim

import (
	"cmp"
	queue "container/list"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// This file is the guard against mass removal: an identity provider whose scope
// or source went wrong removes everyone within minutes, and nothing in its
// requests tells them from those that were meant.

// RemovalLimit says how many users one connection may remove before the guard
// against mass removal stops it. A removal is a write by which a user that was
// active no longer is, or by which one is deleted; the same user counts once
// within a window, so that disabling and then deleting is one removal.
//
// A write over the limit is refused with 429 and Retry-After before anything of
// it is done; the identity provider repeats it, and no leaver is forgotten. All
// other requests of the connection go on, and so do other connections, other
// tenants and the host itself. [Directory.Stopped] shows who is stopped and
// [Directory.Release] lets an intended removal through.
//
// What was counted is kept in the process: each of several replicas counts for
// itself, and lets as many through. The zero value is off; a field below zero
// counts as zero.
type RemovalLimit struct {
	// Users is how many users one connection may remove within Window; one more
	// is refused. 0: no such limit.
	Users int
	// Percent is how many per cent of the tenant's active users one connection may
	// remove within Window: of those that were active when the oldest removal that
	// still counts was about to be made. It never refuses the first user of a
	// window. 0: no such limit. Each removal then asks Store.Counts.
	Percent float64
	// Window is how long a removal counts. 0: an hour.
	Window time.Duration
}

const (
	defaultWindow = time.Hour
	// longestWait is the longest Retry-After: a release may come earlier than the
	// window ends, and the client should notice.
	longestWait = time.Hour
	// sweepInterval is how often all connections are looked at for what need not
	// be kept any more.
	sweepInterval = time.Minute
)

func (l RemovalLimit) on() bool { return l.Users > 0 || l.Percent > 0 }

func (l RemovalLimit) window() time.Duration {
	if l.Window <= 0 {
		return defaultWindow
	}
	return l.Window
}

// allows reports whether n users may be removed where so many were active.
func (l RemovalLimit) allows(n, active int) bool {
	if l.Users > 0 && n > l.Users {
		return false
	}
	if l.Percent > 0 && n > 1 {
		// 0.57 per cent of 10,000 is a hair less than 57 in floating point.
		return float64(n)*100 <= l.Percent*float64(active)*(1+1e-9)
	}
	return true
}

// removes reports whether a write takes a user away: it ends access, or deletes.
func removes(before, after *User) bool {
	if before == nil || before.Status == StatusArchived {
		return false
	}
	return before.Status == StatusActive && after.Status != StatusActive || after.Status == StatusArchived
}

// StoppedConnection is a connection that the guard against mass removal refuses
// to let remove more users, as this process counts.
type StoppedConnection struct {
	Connection string
	Since      time.Time     // when it was first refused
	Removed    int           // users that it removed within Window, up to now
	Window     time.Duration // how long a removal counts
	Retry      time.Time     // when the next one can pass: the oldest of these has left the window then
}

// Stopped returns the connections of a tenant that the guard against mass
// removal stopped in this process, by ID. One that nobody releases is in the
// list until Window has passed since it was first refused.
func (d *Directory) Stopped(t Tenant) []StoppedConnection { return d.brake.list(t) }

// Release lets a connection remove as many users as it likes for that long:
// nothing of it is counted or refused. What was counted before is forgotten, so
// that afterwards, or at once when the time is 0, counting begins anew. A
// connection need not be stopped to be released. Like the counting, the release
// holds in this process alone; it is kept on the record as [RemovalsReleased].
// Errors: a time below zero, a tenant or connection that is missing, and those of
// the store; then nothing is released.
func (d *Directory) Release(ctx context.Context, t Tenant, connection string, long time.Duration) error {
	switch {
	case t == "":
		return errors.New("scim: Release: the tenant is missing")
	case connection == "":
		return errors.New("scim: Release: the connection is missing")
	case long < 0:
		return errors.New("scim: Release: the time is below zero")
	}
	e := &Event{
		Time: d.now(), Tenant: t, Connection: connection, Kind: RemovalsReleased,
		Error: "The host released this connection. Its removals are counted anew from now on.",
	}
	if long > 0 {
		e.Error = "The host released this connection. Its removals are neither counted nor refused for " + span(long) + "."
	}
	if err := d.store.Append(ctx, t, e); err != nil {
		return fmt.Errorf("scim: Release: %w", err)
	}
	d.brake.release(activityKey{t, connection}, long)
	d.feed.publish(e, d.log)
	return nil
}

// mayRemove reserves a removal before its write. What it returns is to be told
// whether the write was done; it is nil for a write that does not count.
func (d *Directory) mayRemove(ctx context.Context, t Tenant, r *rules, before, after *User) (*reservation, error) {
	limit := r.policy.Removals
	if !limit.on() || r.by.connection == "" || r.by.undo || !removes(before, after) {
		return nil, nil
	}
	active := 0
	if limit.Percent > 0 {
		c, err := d.store.Counts(ctx, t)
		if err != nil {
			return nil, err
		}
		active = c.Active
	}
	held, stopped := d.brake.reserve(activityKey{t, r.by.connection}, before.ID, limit, active)
	if stopped == nil {
		return held, nil
	}
	if stopped.tell {
		d.tellStopped(ctx, t, r.by, stopped)
	}
	return nil, &Error{
		Status: http.StatusTooManyRequests, RetryAfter: min(stopped.wait, longestWait),
		Detail: fmt.Sprintf("This connection removed %s within %s. The guard against mass removal stops it: no more users are deactivated or deleted, and nothing of this request was done. "+
			"Check what the identity provider has in scope. If the removals are meant, ask whoever runs this service to release the connection; else the next one can pass in %s.",
			people(stopped.removed), span(stopped.window), span(stopped.wait)),
	}
}

// tellStopped tells the host that the guard begins to refuse. That the client is
// refused does not depend on it; when it fails, the next refusal tries again.
func (d *Directory) tellStopped(ctx context.Context, t Tenant, by origin, s *stopped) {
	e := &Event{
		Time: d.when(by), Tenant: t, Connection: by.connection, Request: by.request, Kind: RemovalsStopped,
		Error: fmt.Sprintf("This connection removed %s within %s. Further removals are refused until the window has passed or the host releases the connection.",
			people(s.removed), span(s.window)),
	}
	if err := d.note(ctx, t, e); err != nil {
		d.log.Error("scim: that a connection was stopped could not be recorded", "request", by.request, "error", err)
		d.brake.untold(s)
		return
	}
	d.log.Warn("scim: the guard against mass removal stopped a connection",
		"tenant", string(t), "connection", by.connection, "removed", s.removed)
	d.feed.publish(e, d.log)
}

func people(n int) string {
	if n == 1 {
		return "1 user"
	}
	return fmt.Sprint(n, " users")
}

// span is a time in whole seconds, rounded up, without the units that are zero
// at its end.
func span(d time.Duration) string {
	s := (time.Duration(wholeSeconds(d)) * time.Second).String()
	if t, ok := strings.CutSuffix(s, "m0s"); ok {
		s = t + "m"
	}
	if t, ok := strings.CutSuffix(s, "h0m"); ok {
		s = t + "h"
	}
	return s
}

// brake counts the removals of connections.
type brake struct {
	now   func() time.Time
	mu    sync.Mutex
	m     map[activityKey]*tally
	swept time.Time
}

// tally is what is counted of one connection.
type tally struct {
	limit    RemovalLimit              // the last one that applied
	removals queue.List                // of *removal, the oldest first
	byUser   map[string]*queue.Element // the same
	stopped  time.Time                 // when it was first refused; zero: it was not
	told     bool                      // the host knows
	released time.Time                 // until when nothing is counted; zero: all is
}

// removal is a user that was removed, or is about to be.
type removal struct {
	user   string
	at     time.Time
	active int  // users of the tenant that were active before
	writes int  // under way
	done   bool // one of them was done
}

// reservation is one write's part in a removal.
type reservation struct {
	b *brake
	y *tally
	e *queue.Element
}

// stopped is a refusal.
type stopped struct {
	y       *tally
	removed int
	window  time.Duration
	wait    time.Duration
	tell    bool // the host is to be told
}

// reserve counts a removal that is about to be written, or refuses it. The place
// is taken before the write, so that of many at once no more pass than may.
func (b *brake) reserve(key activityKey, user string, limit RemovalLimit, active int) (*reservation, *stopped) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.sweep(now)
	y := b.m[key]
	if y == nil {
		y = &tally{byUser: make(map[string]*queue.Element)}
		b.set(key, y)
	}
	y.limit = limit
	y.forget(now)
	if !y.released.IsZero() {
		return nil, nil
	}
	if e := y.byUser[user]; e != nil {
		e.Value.(*removal).writes++
		return &reservation{b, y, e}, nil
	}
	if !y.another(active) {
		return nil, y.refuse(now)
	}
	e := y.removals.PushBack(&removal{user: user, at: now, active: active, writes: 1})
	y.byUser[user] = e
	return &reservation{b, y, e}, nil
}

// finish says whether the write was done. One that was not gives its place back,
// unless another write removes the same user.
func (r *reservation) finish(done bool) {
	if r == nil {
		return
	}
	r.b.mu.Lock()
	defer r.b.mu.Unlock()
	v := r.e.Value.(*removal)
	v.writes--
	v.done = v.done || done
	if !v.done && v.writes == 0 {
		r.y.drop(r.e)
	}
}

// another reports whether one more user may be removed. active is how many are
// active now, which counts only where there is no older number.
func (y *tally) another(active int) bool {
	if oldest := y.oldest(); oldest != nil {
		active = cmp.Or(oldest.active, active)
	}
	return y.limit.allows(y.removals.Len()+1, active)
}

func (y *tally) oldest() *removal {
	if e := y.removals.Front(); e != nil {
		return e.Value.(*removal)
	}
	return nil
}

// refuse notes a refusal.
func (y *tally) refuse(now time.Time) *stopped {
	wait := y.oldest().at.Add(y.limit.window()).Sub(now) // no limit refuses the first one
	s := &stopped{
		y: y, removed: y.removals.Len(), window: y.limit.window(),
		wait: max(wait, time.Second), tell: !y.told,
	}
	y.told = true
	if y.stopped.IsZero() {
		y.stopped = now
	}
	return s
}

// forget drops what has left the window.
func (y *tally) forget(now time.Time) {
	window := y.limit.window()
	for v := y.oldest(); v != nil && !now.Before(v.at.Add(window)); v = y.oldest() {
		y.drop(y.removals.Front())
	}
	if !now.Before(y.stopped.Add(window)) {
		y.stopped, y.told = time.Time{}, false
	}
	if !now.Before(y.released) {
		y.released = time.Time{}
	}
}

// drop takes a removal out of the count, if it is still in.
func (y *tally) drop(e *queue.Element) {
	if user := e.Value.(*removal).user; y.byUser[user] == e {
		delete(y.byUser, user)
		y.removals.Remove(e)
	}
}

func (y *tally) idle() bool {
	return y.removals.Len() == 0 && y.stopped.IsZero() && y.released.IsZero()
}

func (b *brake) set(key activityKey, y *tally) {
	if b.m == nil {
		b.m = make(map[activityKey]*tally)
	}
	b.m[key] = y
}

// sweep forgets connections that have been quiet.
func (b *brake) sweep(now time.Time) {
	if now.Sub(b.swept) < sweepInterval {
		return
	}
	b.swept = now
	for key, y := range b.m {
		if y.forget(now); y.idle() {
			delete(b.m, key)
		}
	}
}

func (b *brake) list(t Tenant) []StoppedConnection {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.sweep(now)
	var out []StoppedConnection
	for key, y := range b.m {
		if key.tenant != t {
			continue
		}
		if y.forget(now); y.stopped.IsZero() {
			continue
		}
		c := StoppedConnection{
			Connection: key.connection, Since: y.stopped, Removed: y.removals.Len(), Window: y.limit.window(), Retry: now,
		}
		if !y.another(0) {
			c.Retry = y.oldest().at.Add(c.Window)
		}
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b StoppedConnection) int { return cmp.Compare(a.Connection, b.Connection) })
	return out
}

// release begins a new count. Writes under way still finish in the old one.
func (b *brake) release(key activityKey, long time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.now()
	b.sweep(now)
	delete(b.m, key)
	if long > 0 {
		b.set(key, &tally{byUser: make(map[string]*queue.Element), released: now.Add(long)})
	}
}

// untold takes back that the host was told.
func (b *brake) untold(s *stopped) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s.y.told = false
}

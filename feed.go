package scim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// feed hands events to those who listen in process.
type feed struct {
	mu        sync.RWMutex
	listeners map[int]func(Event)
	next      int
	wake      chan struct{} // closed and replaced at each event
	consumers map[string]*ConsumerStatus
}

// publish tells subscribers of an event that is stored, and wakes consumers. A
// subscriber that panics harms nobody else.
func (f *feed) publish(e *Event, log *slog.Logger) {
	f.mu.Lock()
	listeners := make([]func(Event), 0, len(f.listeners))
	for _, l := range f.listeners {
		listeners = append(listeners, l)
	}
	if f.wake != nil {
		close(f.wake)
		f.wake = nil
	}
	f.mu.Unlock()
	for _, l := range listeners {
		func() {
			defer func() {
				if p := recover(); p != nil {
					log.Error("scim: a subscriber panicked", "request", e.Request, "panic", p, "event", e.Kind)
				}
			}()
			l(e.Clone())
		}()
	}
}

// woken returns a channel that is closed at the next event.
func (f *feed) woken() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.wake == nil {
		f.wake = make(chan struct{})
	}
	return f.wake
}

// Clone returns a deep copy.
func (e *Event) Clone() Event {
	c := *e
	c.Changes, c.Moves = slices.Clone(e.Changes), slices.Clone(e.Moves)
	c.Added, c.Removed, c.Left = slices.Clone(e.Added), slices.Clone(e.Removed), slices.Clone(e.Left)
	c.Warnings, c.Ignored = slices.Clone(e.Warnings), slices.Clone(e.Ignored)
	return c
}

// Subscribe calls f after each change that this process makes, on the goroutine
// of the request, until cancel is called (P9.2). f is not told of what other
// processes do, nor again after a crash; for that there is [Directory.Consume].
// It should be quick.
func (d *Directory) Subscribe(f func(Event)) (cancel func()) {
	d.feed.mu.Lock()
	defer d.feed.mu.Unlock()
	if d.feed.listeners == nil {
		d.feed.listeners = make(map[int]func(Event))
	}
	id := d.feed.next
	d.feed.next++
	d.feed.listeners[id] = f
	return func() {
		d.feed.mu.Lock()
		defer d.feed.mu.Unlock()
		delete(d.feed.listeners, id)
	}
}

// ConsumerStatus shows how far a consumer is (P9.4).
type ConsumerStatus struct {
	Name  string
	Place string // the last event that it acknowledged
	// Handled counts the events acknowledged by this process.
	Handled int
	// Failures counts the failed attempts at the event at hand; 0 when none is.
	Failures  int
	LastError string
	// Pending is the time of the request whose event waits to be acknowledged;
	// zero when none does. How long ago that is, is how long access may have
	// stayed open.
	Pending time.Time
	// Last and Longest are the times from a request to its acknowledgement: of
	// the last event, and the longest since the process started.
	Last, Longest time.Duration
}

// Consumers returns the consumers of this process, by name.
func (d *Directory) Consumers() []ConsumerStatus {
	d.feed.mu.RLock()
	defer d.feed.mu.RUnlock()
	out := make([]ConsumerStatus, 0, len(d.feed.consumers))
	for _, c := range d.feed.consumers {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b ConsumerStatus) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// How long a consumer waits before it is asked again, and before it looks for
// what other processes did.
const (
	firstRetry   = 50 * time.Millisecond
	longestRetry = time.Minute
	pollInterval = time.Second
)

// errConsumerPanic wraps the panic of a consumer, or of the store that it reads.
var errConsumerPanic = errors.New("scim: the consumer panicked")

// Consume hands every event of all tenants to f, in order and at least once,
// from where the consumer of this name stopped, also after a crash (P9.4). An
// event counts as handled when f returns nil; else f is asked again with the
// same event, after a time that grows to a minute, and so is a store that fails.
// Requests and other consumers do not wait for it.
//
// Consume runs until ctx ends, on the caller's goroutine, and returns ctx.Err().
// A name that runs in several processes at once is handed events by each.
//
// This is where sessions, API keys and devices of a leaver are revoked: see
// [Event.EndsAccess].
func (d *Directory) Consume(ctx context.Context, name string, f func(context.Context, Event) error) error {
	if name == "" {
		return errors.New("scim: Consume: the consumer has no name")
	}
	status, err := d.feed.enter(name)
	if err != nil {
		return err
	}
	defer d.feed.leave(name)
	var at bookmark
	for retry := firstRetry; ; {
		woken := d.feed.woken()
		from := at
		err := d.handOver(ctx, name, status, &at, f)
		if at != from {
			retry = firstRetry
		}
		var wait time.Duration
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			d.feed.note(func() { status.Failures, status.LastError = status.Failures+1, err.Error() })
			d.log.Warn("scim: a consumer failed and will be asked again", "consumer", name, "error", err, "after", retry)
			wait, woken = retry, nil
			retry = min(2*retry, longestRetry)
		case at != from:
			continue
		default:
			wait = pollInterval
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-woken:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// bookmark is where a consumer stopped.
type bookmark struct {
	seq   string
	known bool
}

// handOver hands a page of events to a consumer, and moves its place behind each
// that is acknowledged. A panic, also one of the store, is a failure.
func (d *Directory) handOver(ctx context.Context, name string, s *ConsumerStatus, at *bookmark, f func(context.Context, Event) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", errConsumerPanic, p)
		}
	}()
	if !at.known {
		if at.seq, err = d.store.Place(ctx, name); err != nil {
			return err
		}
		at.known = true
		d.feed.note(func() { s.Place = at.seq })
	}
	page, err := d.store.Events(ctx, EventQuery{After: at.seq, Limit: 100})
	for i := 0; err == nil && i < len(page.Items); i++ {
		e := &page.Items[i]
		d.feed.note(func() { s.Pending = e.Time })
		if err = f(ctx, *e); err == nil {
			err = d.store.SetPlace(ctx, name, e.Seq)
		}
		if err == nil {
			at.seq = e.Seq
			d.feed.note(func() { s.handled(e, d.now()) })
		}
	}
	return err
}

func (f *feed) enter(name string) (*ConsumerStatus, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.consumers == nil {
		f.consumers = make(map[string]*ConsumerStatus)
	}
	if f.consumers[name] != nil {
		return nil, fmt.Errorf("scim: Consume: a consumer called %q runs already", name)
	}
	s := &ConsumerStatus{Name: name}
	f.consumers[name] = s
	return s, nil
}

func (f *feed) leave(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.consumers, name)
}

// note changes the status of a consumer.
func (f *feed) note(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

// handled notes that an event was acknowledged.
func (s *ConsumerStatus) handled(e *Event, now time.Time) {
	s.Handled++
	s.Place, s.Failures, s.LastError, s.Pending = e.Seq, 0, "", time.Time{}
	s.Last = now.Sub(e.Time)
	s.Longest = max(s.Longest, s.Last)
}

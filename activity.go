package scim

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Activity is when a connection was last heard of (P1.4).
type Activity struct {
	Connection  string
	LastRequest time.Time // any authenticated SCIM request; zero: never
	LastChange  time.Time // a request that really changed something; zero: never
}

// EventKind says what happened to whom. Receivers ignore kinds they do not know.
type EventKind string

// The kinds of events (P9.1).
const (
	UserCreated     EventKind = "user.created"
	UserLinked      EventKind = "user.linked"   // an account of the platform's own was taken over (P4.2)
	UserRestored    EventKind = "user.restored" // a POST brought back an archived or deactivated user (P3.5)
	UserUpdated     EventKind = "user.updated"
	UserActivated   EventKind = "user.activated"
	UserDeactivated EventKind = "user.deactivated"
	UserHeld        EventKind = "user.held" // wanted active, but there was no seat (P5.2)
	UserArchived    EventKind = "user.archived"
	UserPurged      EventKind = "user.purged"
	GroupCreated    EventKind = "group.created"
	GroupUpdated    EventKind = "group.updated"
	GroupDeleted    EventKind = "group.deleted"
	// RequestRefused is a request that was answered with an error (P9.3).
	RequestRefused EventKind = "request.refused"
	// RequestIgnored is a request that was accepted but changed nothing,
	// because all it carried is not stored (P2.1).
	RequestIgnored EventKind = "request.ignored"
	// RemovalsStopped says that the guard against mass removal began to refuse
	// removals of a connection; once, and not for each request ([RemovalLimit]).
	RemovalsStopped EventKind = "connection.stopped"
	// RemovalsReleased says that the host let that connection go on, or any other
	// ([Directory.Release]). Connection names it, though the host did it.
	RemovalsReleased EventKind = "connection.released"
)

// Event is one change, or one refused request, in the record of a tenant (P9).
// The core makes it; the store completes Seq and what its own step decides. As
// JSON it goes out and comes back without loss.
type Event struct {
	Seq        string    `json:",omitzero"` // set by the store: the event's place in the record
	Time       time.Time `json:",omitzero"`
	Tenant     Tenant    `json:",omitzero"`
	Connection string    `json:",omitzero"` // "" when the host did it
	Request    string    `json:",omitzero"` // the request's id; "" when the host did it
	Kind       EventKind `json:",omitzero"`

	UserID  string `json:",omitzero"`
	GroupID string `json:",omitzero"`
	Name    string `json:",omitzero"` // userName or displayName at the time

	From, To Status `json:",omitzero"` // of a user; 0 before it existed and after it was purged

	Changes []Change     `json:",omitzero"` // attributes, old and new
	Moves   []FolderMove `json:",omitzero"` // folders that the user left and entered
	// Added and Removed are the members that really changed, set by the store.
	Added, Removed []string `json:",omitzero"`
	// Left is the groups that an archived user, or a deleted group, was taken out
	// of, set by the store.
	Left []string `json:",omitzero"`

	Warnings []Warning `json:",omitzero"` // what could not be taken as it was sent
	Ignored  []string  `json:",omitzero"` // attributes that were sent and are not stored (P2.1)

	Status int    `json:",omitzero"` // of a refused request: the HTTP status
	Error  string `json:",omitzero"` // of a refused request: what the client was told; of a connection stopped or released: why
}

// EndsAccess reports whether somebody who could use the host before this event
// must not be able to after it (P9.4).
func (e *Event) EndsAccess() bool { return e.From == StatusActive && e.To != StatusActive }

// Change is one attribute of a user that changed. The values of sensitive
// attributes are left out.
type Change struct {
	Attribute string
	Old, New  string // "" is unassigned; a multi-valued attribute is JSON
}

// FolderMove says that a user changed folder below a root. "" is no folder.
type FolderMove struct {
	Root, From, To string
}

// activityLog collects when connections were heard of, and saves it at most once
// a second for each (P1.4).
type activityLog struct {
	d  *Directory
	mu sync.Mutex
	m  map[activityKey]*activityState
}

type activityKey struct {
	tenant     Tenant
	connection string
}

type activityState struct {
	Activity
	dirty bool
	timer bool // a save is under way or will be
}

// saveInterval is how far what is stored may lag.
const saveInterval = time.Second

func (l *activityLog) init(d *Directory) {
	l.d, l.m = d, make(map[activityKey]*activityState)
}

func (l *activityLog) requested(t Tenant, connection string, at time.Time) {
	l.touch(t, connection, at, func(a *Activity) *time.Time { return &a.LastRequest })
}

func (l *activityLog) changed(t Tenant, connection string, at time.Time) {
	l.touch(t, connection, at, func(a *Activity) *time.Time { return &a.LastChange })
}

func (l *activityLog) touch(t Tenant, connection string, at time.Time, field func(*Activity) *time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := activityKey{t, connection}
	s := l.m[key]
	if s == nil {
		s = &activityState{Activity: Activity{Connection: connection}}
		l.m[key] = s
	}
	if f := field(&s.Activity); at.After(*f) {
		*f = at
		s.dirty = true
	}
	if s.dirty && !s.timer {
		s.timer = true
		time.AfterFunc(saveInterval, func() { l.save(key) })
	}
}

// save stores what one connection did since the last time.
func (l *activityLog) save(key activityKey) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*saveInterval)
	defer cancel()
	err := func() (err error) {
		defer func() {
			if p := recover(); p != nil { // nobody else would, on this goroutine
				err = fmt.Errorf("scim: SaveActivity panicked: %v", p)
			}
		}()
		return l.flush(ctx, key)
	}()
	if err != nil {
		l.d.log.Warn("scim: a connection's activity could not be saved; it will be tried again", "error", err)
		l.mu.Lock()
		defer l.mu.Unlock()
		if s := l.m[key]; !s.timer {
			s.timer = true
			time.AfterFunc(saveInterval, func() { l.save(key) })
		}
	}
}

func (l *activityLog) flush(ctx context.Context, key activityKey) error {
	l.mu.Lock()
	s := l.m[key]
	a, dirty := s.Activity, s.dirty
	s.timer, s.dirty = false, false
	l.mu.Unlock()
	if !dirty {
		return nil
	}
	saved := false
	defer func() {
		if !saved {
			l.mu.Lock()
			s.dirty = true
			l.mu.Unlock()
		}
	}()
	err := l.d.store.SaveActivity(ctx, key.tenant, a)
	saved = err == nil
	return err
}

// Flush saves what is not saved yet of the connections' activity. A host calls
// it before it stops.
func (d *Directory) Flush(ctx context.Context) error {
	d.activity.mu.Lock()
	keys := slices.Collect(maps.Keys(d.activity.m))
	d.activity.mu.Unlock()
	var errs []error
	for _, k := range keys {
		errs = append(errs, d.activity.flush(ctx, k))
	}
	return errors.Join(errs...)
}

// Activity returns when each connection of a tenant was last heard of (P1.4).
// What other processes saw may lag by a second.
func (d *Directory) Activity(ctx context.Context, t Tenant) ([]Activity, error) {
	stored, err := d.store.Activity(ctx, t)
	if err != nil {
		return nil, err
	}
	d.activity.mu.Lock()
	defer d.activity.mu.Unlock()
	for key, s := range d.activity.m {
		if key.tenant != t {
			continue
		}
		i := slices.IndexFunc(stored, func(a Activity) bool { return a.Connection == key.connection })
		if i < 0 {
			stored = append(stored, s.Activity)
			continue
		}
		stored[i].LastRequest = later(stored[i].LastRequest, s.LastRequest)
		stored[i].LastChange = later(stored[i].LastChange, s.LastChange)
	}
	slices.SortFunc(stored, func(a, b Activity) int { return strings.Compare(a.Connection, b.Connection) })
	return stored, nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// note appends an event to the record that the answer to a request does not depend
// on: neither on the request's end, nor on whether the store fails or panics.
func (d *Directory) note(ctx context.Context, t Tenant, e *Event) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("scim: Append panicked: %v", p)
		}
	}()
	return d.store.Append(ctx, t, e)
}

// Log returns a page of a tenant's record (P9.2).
func (d *Directory) Log(ctx context.Context, t Tenant, q EventQuery) (Page[Event], error) {
	q.Tenant = t
	if t == "" {
		return Page[Event]{}, errors.New("scim: Log: the tenant is missing")
	}
	return d.store.Events(ctx, q)
}

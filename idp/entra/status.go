package entra

import (
	"cmp"
	"slices"
	"time"
)

// State is the state of a job, by the names of Microsoft Graph, and Disabled.
type State string

// The states of a job.
const (
	NotConfigured State = "NotConfigured" // it has no service
	NotRun        State = "NotRun"        // no cycle was completed
	Active        State = "Active"
	Paused        State = "Paused"
	InQuarantine  State = "Quarantine"
	Disabled      State = "Disabled" // after four weeks in quarantine
)

// Status is how a job is doing.
type Status struct {
	State State `json:"state"`
	// Quarantine is nil outside of one.
	Quarantine *Quarantine `json:"quarantine,omitempty"`
	// Next is when the next cycle is due; zero: never, as things are.
	Next time.Time `json:"next"`
	// Last is the last cycle that came to its end; nil: none did.
	Last *LastCycle `json:"last,omitempty"`
	// Escrows and ReferenceEscrows are how many objects, and how many references of
	// others, failed and are to be tried again. Staged are the deletions kept back.
	Escrows          int `json:"escrows"`
	ReferenceEscrows int `json:"referenceEscrows"`
	Staged           int `json:"staged"`
}

// LastCycle is a cycle that came to its end.
type LastCycle struct {
	ID     string    `json:"id"`
	Began  time.Time `json:"began"`
	Ended  time.Time `json:"ended"`
	Report Report    `json:"report"`
}

// Progress is what the progress bar shows.
type Progress struct {
	JobID   string    `json:"jobId"`
	CycleID string    `json:"cycleId"` // of the cycle under way, or the last one
	Initial bool      `json:"initial"`
	Percent int       `json:"percent"` // 100: it has ended
	Users   int       `json:"users"`   // ever connected; deletions do not lower it
	Groups  int       `json:"groups"`
	LastRun time.Time `json:"lastRun"` // when the last cycle came to its end; zero: none did
}

// Link is an object connection: of a user or group to the resource at the service.
type Link struct {
	ObjectID string `json:"objectId"`
	TargetID string `json:"targetId"`
	Group    bool   `json:"group"`
	// Managed is false for one who left the scope and was disabled. The next
	// look-up decides anew what belongs to it.
	Managed bool `json:"managed"`
}

// Status returns how the job is doing.
func (j *Job) Status() Status {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := Status{State: j.state(), Staged: len(j.staged)}
	s.Escrows, s.ReferenceEscrows = j.escrow.counts()
	s.Next, _ = j.due()
	if j.quarantine != nil {
		q := *j.quarantine
		s.Quarantine = &q
	}
	if j.last != nil {
		last := *j.last
		s.Last = &last
	}
	return s
}

// state needs mu.
func (j *Job) state() State {
	switch {
	case j.service == nil || j.service.URL == "" && j.service.Handler == nil:
		return NotConfigured
	case j.disabled:
		return Disabled
	case j.paused:
		return Paused
	case j.quarantine != nil:
		return InQuarantine
	case j.last == nil:
		return NotRun
	}
	return Active
}

// due is when the next cycle is due, if one ever is. The caller has mu.
func (j *Job) due() (time.Time, bool) {
	switch j.state() {
	case NotConfigured, Paused, Disabled:
		return time.Time{}, false
	case InQuarantine:
		return j.quarantine.NextAttempt, true
	}
	if j.begun.IsZero() {
		return j.now(), true
	}
	return j.begun.Add(j.config.Interval), true
}

// Progress returns what the progress bar shows, also while a cycle is under way.
func (j *Job) Progress() Progress {
	j.mu.Lock()
	defer j.mu.Unlock()
	p := j.progress
	p.JobID = j.id
	return p
}

// Log returns the provisioning log of the last thirty days, in order.
func (j *Job) Log() []Entry {
	entries, _ := j.log.since(0)
	return entries
}

// LogSince returns the entries from the nth on that were ever made, and how many that
// is: what to ask for next time. Zero begins with the oldest that is kept.
func (j *Job) LogSince(n int) (entries []Entry, next int) { return j.log.since(n) }

// Links are the object connections, by objectId.
func (j *Job) Links() []Link {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := make([]Link, 0, len(j.links))
	for id, l := range j.links {
		all = append(all, l.shown(id))
	}
	slices.SortFunc(all, func(a, b Link) int { return cmp.Compare(a.ObjectID, b.ObjectID) })
	return all
}

// Link returns the connection of a user or group.
func (j *Job) Link(objectID string) (Link, bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	l := j.links[objectID]
	if l == nil {
		return Link{}, false
	}
	return l.shown(objectID), true
}

func (l *link) shown(id string) Link {
	return Link{ObjectID: id, TargetID: l.target, Group: l.group, Managed: l.managed}
}

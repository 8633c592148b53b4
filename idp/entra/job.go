package entra

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/usher-scim/scim/idp"
)

// Interval is the usual time from the beginning of one cycle to that of the next.
const Interval = 40 * time.Minute

// membersPerRequest is the usual bound of Config.MembersPerRequest.
const membersPerRequest = 100

// The errors of a Job, beside ErrQuarantine.
var (
	ErrNotConfigured = errors.New("entra: the job has no service")
	ErrPaused        = errors.New("entra: the job is stopped")
	ErrDisabled      = errors.New("entra: the job was disabled after four weeks in quarantine")
	ErrUnreachable   = errors.New("entra: the service does not answer")
)

// Config says how a Job provisions an application. Only Service is needed.
type Config struct {
	// Service is the application. ?aadOptscim062020 in its URL asks for the newer
	// dialect. Nil leaves the job not configured until SetService.
	Service *idp.Service
	// Users and Groups are the mappings; without attributes those of DefaultMapping.
	// Groups may be Disabled without attributes.
	Users, Groups Mapping
	// SyncAll provisions all users and groups of the directory. Otherwise only those
	// that are assigned are, and the direct members of assigned security groups.
	SyncAll bool
	// Interval is the time between the beginnings of two cycles; 0 is 40 minutes.
	Interval time.Duration
	// DeleteThreshold is how many users and groups one cycle may disable or delete.
	// When there would be more, all of them are kept back and the job goes into
	// quarantine until AllowDeletes; 0 is no limit.
	DeleteThreshold int
	// SkipOutOfScopeDeletions leaves those alone who leave the scope: they are neither
	// disabled nor deleted, and not managed any more.
	SkipOutOfScopeDeletions bool
	// CannotSoftDelete is for an application that knows no disabled users: a DELETE
	// is sent where users are disabled otherwise.
	CannotSoftDelete bool
	// Manager is the form in which a manager is written.
	Manager ManagerForm
	// CheckReferences asks before a manager or membership is written whether it is
	// there already, one by one, as jobs of old do. Then it is not written.
	CheckReferences bool
	// MembersPerRequest is how many memberships one PATCH changes at most; 0 is 100.
	MembersPerRequest int
	// Notify, if not nil, is told what is mailed to the notification address: once for
	// each reason of a quarantine, and when the job is disabled. It is called in the
	// course of a cycle and must not begin another one.
	Notify func(Notice)
	// Wait, if not nil, is called beside moving the directory's clock when the service
	// asks to wait (Retry-After): for a service whose time is not simulated.
	Wait func(context.Context, time.Duration) error
}

// Job provisions an application with the users and groups of a directory, by
// directory's clock. NewJob makes one. It may be used by several goroutines at once:
// one cycle runs at a time, and what is changed meanwhile counts from the next one on.
type Job struct {
	dir    *Directory
	config Config // that which never changes
	id     string
	log    logbook

	running sync.Mutex // held for a cycle, and for what is done on demand
	random  *rand.Rand // of expressions; needs running
	tests   uint64     // how many IDs were made that nobody has; needs running

	mu            sync.Mutex
	service       *idp.Service
	users, groups *mapping
	syncAll       bool
	assigned      map[string]bool
	dirty         []string // whose assignment changed since the last cycle
	initial       bool     // the next cycle is an initial one
	allowed       bool     // the next cycle may disable and delete any number
	restarts      int      // counts what asks for an initial cycle
	paused        bool
	disabled      bool
	quarantine    *Quarantine
	notified      map[Reason]bool
	links         map[string]*link
	sources       map[string]string // target id to objectId
	escrow        escrow
	watermark     int
	effective     map[string]bool // groups whose members were assigned by the last cycle
	staged        []string        // what the last cycle kept back
	cycles        int
	begun         time.Time // of the last cycle; zero: none since a restart
	last          *LastCycle
	progress      Progress
}

// NewJob returns a job for a directory that was never run. The error says what is wrong
// with the mappings.
func NewJob(d *Directory, c Config) (*Job, error) {
	if c.Interval == 0 {
		c.Interval = Interval
	}
	if c.MembersPerRequest == 0 {
		c.MembersPerRequest = membersPerRequest
	}
	if c.Interval < 0 || c.MembersPerRequest < 0 || c.DeleteThreshold < 0 {
		return nil, errors.New("entra: Config has a number below zero")
	}
	j := &Job{
		dir: d, config: c, service: c.Service, syncAll: c.SyncAll, initial: true,
		id:     "scim." + uuid.NewSHA1(namespace, []byte("job")).String(),
		random: rand.New(rand.NewPCG(1, 2)),
	}
	j.assigned, j.effective = make(map[string]bool), make(map[string]bool)
	j.forget()
	return j, j.SetMapping(c.Users, c.Groups)
}

// forget drops the object connections, the watermark and what failed. The caller has mu,
// or the job for itself.
func (j *Job) forget() {
	j.watermark, j.progress.Users, j.progress.Groups = 0, 0, 0
	j.links, j.sources, j.escrow = make(map[string]*link), make(map[string]string), newEscrow()
}

func (j *Job) now() time.Time { return j.dir.clock.Now() }

// Assign assigns users and groups to the application. Of a group the direct members
// are assigned with it, if it is a security group. Doing it again changes nothing.
func (j *Job) Assign(ids ...string) error { return j.assign(true, ids) }

// Unassign takes assignments back. Users who are in an assigned group still stay
// assigned. Doing it again changes nothing.
func (j *Job) Unassign(ids ...string) error { return j.assign(false, ids) }

func (j *Job) assign(to bool, ids []string) error {
	for _, id := range ids {
		if r, found := j.dir.read(id); to && (!found || r.gone) {
			return fmt.Errorf("%w: %q", ErrNotFound, id)
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, id := range ids {
		if j.assigned[id] == to {
			continue
		}
		if to {
			j.assigned[id] = true
		} else {
			delete(j.assigned, id)
		}
		j.dirty = append(j.dirty, id)
	}
	return nil
}

// Assigned are the objectIds of the users and groups that are assigned themselves,
// sorted.
func (j *Job) Assigned() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Sorted(maps.Keys(j.assigned))
}

// SetMapping changes both mappings, which makes the next cycle an initial one. One
// without attributes is that of DefaultMapping. On an error nothing is changed.
func (j *Job) SetMapping(users, groups Mapping) error {
	defaultUsers, defaultGroups := DefaultMapping()
	if len(users.Attributes) == 0 {
		users.Attributes = defaultUsers.Attributes
	}
	if len(groups.Attributes) == 0 {
		groups.Attributes = defaultGroups.Attributes
	}
	u, userErr := users.compile(false)
	g, groupErr := groups.compile(true)
	if err := errors.Join(userErr, groupErr); err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.users, j.groups = u, g
	j.begin()
	return nil
}

// SetScope changes the scoping filters of both mappings, which makes the next cycle an
// initial one. On an error nothing is changed.
func (j *Job) SetScope(users, groups []ScopingFilter) error {
	u, g := j.Mappings()
	u.Scope, g.Scope = users, groups
	return j.SetMapping(u, g)
}

// Mappings are copies of the mappings as they are.
func (j *Job) Mappings() (users, groups Mapping) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.users.clone(), j.groups.clone()
}

func (m *mapping) clone() Mapping {
	c := m.Mapping
	c.Attributes, c.Scope = slices.Clone(c.Attributes), slices.Clone(c.Scope)
	for i := range c.Scope {
		c.Scope[i].Clauses = slices.Clone(c.Scope[i].Clauses)
	}
	return c
}

// SetSyncAll changes Config.SyncAll. It counts for objects as they change; a Restart
// makes it count for all.
func (j *Job) SetSyncAll(all bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.syncAll = all
}

// begin makes the next cycle an initial one, due at once. The caller has mu.
func (j *Job) begin() {
	j.initial = true
	j.restarts++
	j.begun = time.Time{}
}

// SetService changes the tenant URL, the token and how requests are sent, from the
// next request on. A quarantine is tried again at once.
func (j *Job) SetService(s *idp.Service) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.service = s
	j.hurry()
}

// SetToken changes the token alone, as SetService does.
func (j *Job) SetToken(token string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.service != nil {
		s := *j.service
		s.Token = token
		j.service = &s
	}
	j.hurry()
}

// hurry makes the next attempt in quarantine due at once. The caller has mu.
func (j *Job) hurry() {
	if j.quarantine != nil {
		j.quarantine.NextAttempt = j.now()
	}
}

func (j *Job) connection() *idp.Service {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.service
}

// Stop pauses the job. A cycle that is under way goes on to its end.
func (j *Job) Stop() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.paused = true
}

// Start lets the job run on from where it was, also one that was disabled: that one
// goes on in quarantine, with another four weeks.
func (j *Job) Start() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.paused = false
	if j.disabled {
		j.disabled = false
		j.quarantine.SeriesBegan, j.quarantine.SeriesCount = j.now(), 0
		j.hurry()
	}
}

// Restart makes the next cycle an initial one, due at once, and ends a quarantine. Links
// stay and what failed is due; a full restart forgets both, so that every object is
// looked up again, and those that left the scope meanwhile are not managed any more. It
// waits for a cycle that is under way.
func (j *Job) Restart(full bool) {
	j.running.Lock()
	defer j.running.Unlock()
	j.mu.Lock()
	defer j.mu.Unlock()
	j.paused, j.disabled, j.quarantine, j.staged = false, false, nil, nil
	j.escrow.all()
	if full {
		j.forget()
	}
	j.begin()
}

// AllowDeletes lets the next cycle disable and delete what was kept back, and any
// number, and makes it due at once.
func (j *Job) AllowDeletes() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.allowed = true
	if j.quarantine != nil && j.quarantine.Reason == ReasonDeletes {
		j.quarantine = nil
		j.begun = time.Time{}
	}
}

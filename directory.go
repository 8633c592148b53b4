package scim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"slices"
	"time"

	"github.com/elimity-com/scim/schema"
	"golang.org/x/text/language"

	"github.com/usher-scim/scim/internal/scimjson"
	"github.com/usher-scim/scim/internal/syntax"
)

// Config says how a [Directory] works. Store is required; every other zero
// value is a useful default.
type Config struct {
	// Store keeps the data. Required.
	Store Store
	// Seats returns the licence of a tenant (P5.1). nil: unlimited. It is asked
	// whenever a user is about to become active, so it should be quick.
	Seats func(ctx context.Context, t Tenant) (Limit, error)
	// Policy returns what the host decided for a tenant. nil: the zero Policy
	// for all of them.
	Policy func(ctx context.Context, t Tenant) (Policy, error)
	// Attributes is the attribute table (P2). nil: ProductAttributes().
	Attributes []Attribute
	// Schemas are extension schemas of the host's own. All their attributes are
	// captured, also those that no row of Attributes names, and treated as their
	// characteristics say (RFC 7643 section 7), but that nothing keeps them unique.
	Schemas []schema.Schema
	// Languages are the languages of the host; a view has the one of them that
	// fits best (P2.6). nil: a view has the language as it was sent.
	Languages []language.Tag
	// DefaultLanguage is what a person without a language gets (P2.3). The zero
	// Tag: the first of Languages, or none.
	DefaultLanguage language.Tag
	// Limits bounds what is read. The zero value means the defaults.
	Limits Limits
	// Logger gets what no client may see. nil: slog.Default().
	Logger *slog.Logger
	// Now is the clock. nil: time.Now.
	Now func() time.Time
}

// Limits bounds what a request may ask for. Zero fields mean the defaults.
type Limits struct {
	Body        int64 // bytes of a request's body; 8 MiB
	Depth       int   // of JSON; 64
	FilterBytes int   // 8 KiB
	FilterTerms int   // 64
	FilterDepth int   // 32
	Results     int   // resources on a page at most; 1,000
	PageSize    int   // resources on a page when the client does not say; 100
	Scan        int   // resources looked at for a filter that the store does not answer; 1,000,000
	// Comparisons bounds what a client's filter costs where no index helps, and what
	// those of all operations of a Bulk cost: how many values it is compared with;
	// 10,000,000, about a second of one core.
	Comparisons int
	// NewMembers bounds how many users one request, be it a Bulk, can make because
	// groups name people who do not exist yet (P7.3); 1,000.
	NewMembers int
	// BulkOperations bounds the operations of one Bulk request; 1,000.
	BulkOperations int
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, def int) {
		if *v <= 0 {
			*v = def
		}
	}
	if l.Body <= 0 {
		l.Body = 8 << 20
	}
	set(&l.Depth, 64)
	set(&l.FilterBytes, 8<<10)
	set(&l.FilterTerms, 64)
	set(&l.FilterDepth, 32)
	set(&l.Results, 1000)
	set(&l.PageSize, 100)
	l.PageSize = min(l.PageSize, l.Results)
	set(&l.Scan, 1_000_000)
	set(&l.Comparisons, 10_000_000)
	set(&l.NewMembers, 1000)
	set(&l.BulkOperations, 1000)
	return l
}

// json bounds what is read as JSON. A value on average takes no fewer bytes than a
// few, so that reading holds little more memory than the body itself.
func (l Limits) json() scimjson.Limits {
	return scimjson.Limits{Depth: l.Depth, Values: max(int(l.Body/16), 4096)}
}

// Directory is the domain: the users, groups, seats and folders of all tenants,
// and the rules of their lives. A host calls it directly; a [Handler] calls it
// for identity providers. It is safe for concurrent use.
type Directory struct {
	store    Store
	table    *table
	views    *views
	config   Config
	limits   Limits
	log      *slog.Logger
	now      func() time.Time
	activity activityLog
	feed     feed
	brake    brake
}

// New returns a Directory. It checks the configuration and starts nothing; an
// error names the field at fault.
func New(c Config) (*Directory, error) {
	if c.Store == nil {
		return nil, errors.New("scim: Config.Store is missing")
	}
	if c.Attributes == nil {
		c.Attributes = ProductAttributes()
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	t, err := newTable(c.Attributes, c.Schemas)
	if err != nil {
		return nil, err
	}
	limits := c.Limits.withDefaults()
	t.filterLimits = syntax.Limits{Bytes: limits.FilterBytes, Terms: limits.FilterTerms, Depth: limits.FilterDepth}
	d := &Directory{
		store: c.Store, table: t, views: newViews(t, c.Languages, c.DefaultLanguage), config: c, limits: limits,
		log: slog.New(steady{c.Logger.Handler()}), now: func() time.Time { return c.Now().UTC().Truncate(time.Millisecond) },
	}
	d.activity.init(d)
	d.brake.now = d.now
	return d, nil
}

// rules returns the transitions for a tenant and a writer.
func (d *Directory) rules(ctx context.Context, t Tenant, by origin) (*rules, error) {
	if t == "" {
		return nil, errors.New("scim: the tenant is missing")
	}
	r := &rules{table: d.table, views: d.views, by: by}
	r.by.time = d.when(by)
	if d.config.Policy == nil {
		return r, nil
	}
	var err error
	if r.policy, err = d.config.Policy(ctx, t); err != nil {
		return nil, fmt.Errorf("scim: Config.Policy: %w", err)
	}
	if p := r.policy.EmailFrom; p != "" && d.table.row(p) == nil {
		return nil, fmt.Errorf("scim: Policy.EmailFrom: the attribute table has no %q", p)
	}
	return r, nil
}

// seats returns the tenant's licence.
func (d *Directory) seats(ctx context.Context, t Tenant) (Limit, error) {
	if d.config.Seats == nil {
		return Unlimited, nil
	}
	l, err := d.config.Seats(ctx, t)
	if err != nil {
		return Limit{}, fmt.Errorf("scim: Config.Seats: %w", err)
	}
	return l, nil
}

// attempts bounds how often a lost race is run again.
const attempts = 64

// outrun is the error of who lost every race. A client that did not ask for a
// version is not told of one (412): it shall try again.
func outrun(err error) error {
	if !errors.Is(err, ErrVersion) {
		return err
	}
	return &Error{
		Status: http.StatusServiceUnavailable, Err: err,
		Detail: "Too many others write to this resource at the same time. Try again later.",
	}
}

// pause waits before another attempt, longer each time and never for the same
// time as the others who lost.
func pause(ctx context.Context, attempt int) error {
	wait := min(time.Millisecond<<min(attempt, 6), 50*time.Millisecond)
	timer := time.NewTimer(rand.N(wait))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// errRace marks a write that lost to another one and is worth another look.
var errRace = errors.New("scim: lost a race")

func retryable(err error) bool { return errors.Is(err, errRace) || errors.Is(err, ErrVersion) }

// again runs try until it has lost no race, or lost too many.
func again(ctx context.Context, try func() error) error {
	for attempt := 0; ; attempt++ {
		err := try()
		switch {
		case !retryable(err):
			return err
		case attempt == attempts:
			return outrun(err)
		}
		if err := pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// create performs a create of a draft that a client sent or a group names
// (P3.1, P4, P7.3). It also returns the status that the user had before; 0 when
// it is new.
func (d *Directory) create(ctx context.Context, t Tenant, by origin, draft *User, ignored []string) (stored *User, was Status, err error) {
	r, err := d.rules(ctx, t, by)
	if err != nil {
		return nil, 0, err
	}
	asked := draft.asked
	err = again(ctx, func() (err error) {
		draft.asked = asked
		stored, was, err = d.tryCreate(ctx, t, r, draft, ignored)
		return err
	})
	return stored, was, err
}

func (d *Directory) tryCreate(ctx context.Context, t Tenant, r *rules, draft *User, ignored []string) (stored *User, was Status, err error) {
	find := Find{UserNames: []string{Fold(draft.UserName)}, Archived: true}
	if email := r.workEmail(draft); email != "" {
		find.Addresses = []string{Fold(email)}
		if !r.policy.SharedEmails {
			find.Emails, find.Addresses = find.Addresses, nil
		}
	}
	found, err := d.store.FindUsers(ctx, t, find)
	if err != nil {
		return nil, 0, err
	}
	asked := draft.asked
	for _, seat := range []bool{true, false} {
		draft.asked = asked
		after, before, kind, err := r.admit(draft, found, seat)
		if err != nil {
			return nil, 0, err
		}
		var changes []Change
		if before != nil {
			changes, was = r.changes(before, after), before.Status
		}
		stored, err := d.put(ctx, t, r, before, after, kind, changes, ignored)
		var conflict *ConflictError
		switch {
		case errors.Is(err, ErrSeats) && seat:
			continue // there is no seat: held, then (P5.2)
		case errors.As(err, &conflict) && before == nil:
			return nil, 0, fmt.Errorf("%w: %w", errRace, err) // somebody with that key came meanwhile
		case err != nil:
			return nil, 0, err
		}
		return stored, was, nil
	}
	return nil, 0, ErrSeats
}

// put writes a user with its event, and tells who listens.
func (d *Directory) put(ctx context.Context, t Tenant, r *rules, before, after *User, kind EventKind, changes []Change, ignored []string) (*User, error) {
	e := r.event(t, before, after, kind)
	e.Changes, e.Ignored = changes, ignored
	var g Guard
	if after.Status == StatusActive && (before == nil || before.Status != StatusActive) {
		limit, err := d.seats(ctx, t)
		if err != nil {
			return nil, err
		}
		g.Seats = limit
	}
	removal, err := d.mayRemove(ctx, t, r, before, after)
	if err != nil {
		return nil, err
	}
	after.table = d.table
	done := false
	defer func() { removal.finish(done) }() // also when the store panics
	var stored *User
	if before == nil {
		after.ID = NewID()
		e.UserID = after.ID
		stored, err = d.store.CreateUser(ctx, t, after, g, e)
	} else {
		g.Version = before.Version
		stored, err = d.store.UpdateUser(ctx, t, after, g, e)
	}
	if err != nil {
		return nil, err
	}
	done = true
	d.changed(e)
	return stored, nil
}

// event describes a write for the record.
func (r *rules) event(t Tenant, before, after *User, kind EventKind) *Event {
	e := &Event{
		Time: r.by.time, Tenant: t, Connection: r.by.connection, Request: r.by.request, Kind: kind,
		UserID: after.ID, Name: after.UserName, To: after.Status,
		Warnings: r.views.warnings(after, before),
	}
	var old []FolderKey
	if before != nil {
		e.From, old = before.Status, before.Keys.Folders
	}
	e.Moves = r.moves(old, after.Keys.Folders)
	if r.sensitive(r.userName) {
		e.Name = ""
	}
	return e
}

// kindOf names what an update did: a change of status before a change of
// attributes.
func kindOf(before, after *User) EventKind {
	switch {
	case !before.Managed && after.Managed && after.Status != StatusArchived:
		return UserLinked // an account of the platform's own, taken over by its id (P4.2)
	case before.Status == after.Status:
		return UserUpdated
	}
	switch after.Status {
	case StatusActive:
		return UserActivated
	case StatusHeld:
		return UserHeld
	case StatusArchived:
		return UserArchived
	}
	return UserDeactivated
}

// edit is what an update does to a copy of the user; it returns what the client
// sent that is not stored, and a mandatory attribute that it took away by name.
type edit func(u *User) (ignored []string, removed *attr, err error)

// update reads a user, edits it, and writes it, until no other write came
// between (P3).
func (d *Directory) update(ctx context.Context, t Tenant, by origin, id string, change edit) (*User, error) {
	r, err := d.rules(ctx, t, by)
	if err != nil {
		return nil, err
	}
	var stored *User
	err = again(ctx, func() error {
		before, err := d.unchanged(ctx, t, by, id)
		if err != nil {
			return err
		}
		stored, err = d.tryUpdate(ctx, t, r, before, change)
		return err
	})
	return stored, err
}

func (d *Directory) tryUpdate(ctx context.Context, t Tenant, r *rules, before *User, change edit) (*User, error) {
	for _, seat := range []bool{true, false} {
		after := before.Clone()
		ignored, removed, err := change(after)
		if err != nil {
			return nil, err
		}
		if err := r.revise(before, after, removed, seat); err != nil {
			return nil, err
		}
		changes := r.changes(before, after)
		if len(changes) == 0 && r.sameState(before, after) {
			return before, d.noteIgnored(ctx, t, r.by, before, ignored)
		}
		kind := kindOf(before, after)
		stored, err := d.put(ctx, t, r, before, after, kind, changes, ignored)
		switch {
		case errors.Is(err, ErrSeats) && seat && r.by.connection != "":
			continue // held, then (P3.3)
		case err != nil:
			return nil, err
		}
		stored.groups = before.groups // no write to a user that stays changes them
		return stored, nil
	}
	return nil, ErrSeats
}

// sameState reports whether two states of a user are the same beside the
// attributes. That a placeholder was written to is no change of its own: a client
// that writes back what it read changes nothing.
func (r *rules) sameState(before, after *User) bool {
	return before.Status == after.Status && before.Managed == after.Managed &&
		before.DeactivatedBy == after.DeactivatedBy && before.Login == after.Login && before.Email == after.Email &&
		slices.Equal(before.Kept, after.Kept)
}

// noteIgnored keeps a note of a request that changed nothing, because what it
// carried is not stored (P2.1).
func (d *Directory) noteIgnored(ctx context.Context, t Tenant, by origin, u *User, ignored []string) error {
	if len(ignored) == 0 {
		return nil
	}
	e := &Event{
		Time: by.time, Tenant: t, Connection: by.connection, Request: by.request, Kind: RequestIgnored,
		UserID: u.ID, Name: u.UserName, From: u.Status, To: u.Status, Ignored: ignored,
	}
	return d.store.Append(ctx, t, e)
}

// archive deletes a user as the identity provider means it (P3.4).
func (d *Directory) archive(ctx context.Context, t Tenant, by origin, id string) error {
	r, err := d.rules(ctx, t, by)
	if err != nil {
		return err
	}
	return again(ctx, func() error {
		before, err := d.unchanged(ctx, t, by, id)
		if err != nil {
			return err
		}
		after := before.Clone()
		r.archive(after)
		_, err = d.put(ctx, t, r, before, after, UserArchived, nil, nil)
		return err
	})
}

// live returns a user that is not archived, together with the groups where they
// will be shown and the store can.
func (d *Directory) live(ctx context.Context, t Tenant, id string, groups bool) (*User, error) {
	if !groups {
		u, err := d.store.User(ctx, t, id)
		if err == nil && u.Status == StatusArchived {
			return nil, ErrNotFound
		}
		return u, err
	}
	found, err := d.store.FindUsers(ctx, t, Find{IDs: []string{id}, Groups: true})
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return nil, ErrNotFound
	}
	return found[0], nil
}

// unchanged returns a live user that has the version that the client asks for.
func (d *Directory) unchanged(ctx context.Context, t Tenant, by origin, id string) (*User, error) {
	u, err := d.live(ctx, t, id, by.groups)
	if err != nil {
		return nil, err
	}
	return u, by.only.check(u.Version)
}

// changed tells those who listen of an event that was stored.
func (d *Directory) changed(e *Event) {
	if e.Connection != "" {
		d.activity.changed(e.Tenant, e.Connection, e.Time)
	}
	d.feed.publish(e, d.log)
}

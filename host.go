package scim

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// This file is the host's own door to the directory (P1.3).

// NewUser is an account that the platform makes itself (P4.2).
type NewUser struct {
	UserName   string // required
	Email      string // the work e-mail address; required unless UserName is one
	GivenName  string
	FamilyName string
}

// CreateUser makes an account of the platform's own: active, and not managed by
// an identity provider until one links it (P4.2).
// Errors: [*ConflictError], [ErrSeats], [*Error] for values that cannot be.
func (d *Directory) CreateUser(ctx context.Context, t Tenant, n NewUser) (*User, error) {
	n.UserName, n.Email = strings.TrimSpace(n.UserName), strings.TrimSpace(n.Email)
	if n.Email != "" && !isEmail(n.Email) {
		return nil, badRequest(typeInvalidValue, "emails: %q is not an e-mail address.", shorten(n.Email, 100))
	}
	u := &User{UserName: n.UserName, Name: Name{GivenName: n.GivenName, FamilyName: n.FamilyName}, Status: StatusActive}
	if n.Email != "" && d.table.emails != nil {
		u.Emails = []MultiValue{{Value: n.Email, Type: "work", Primary: Yes}}
	}
	r, err := d.rules(ctx, t, origin{})
	if err != nil {
		return nil, err
	}
	if err := r.settle(u, nil, nil); err != nil {
		return nil, err
	}
	return d.put(ctx, t, r, nil, u, UserCreated, nil, nil)
}

// UpdateUser changes a user by the host's hand. change gets a copy and may be
// called again when another write came between; it changes attributes only, as
// status and keys follow from the rules. An identity provider that manages the
// user may change it back. Errors: [ErrNotFound], [*ConflictError], [*Error],
// and what change returns.
func (d *Directory) UpdateUser(ctx context.Context, t Tenant, id string, change func(*User) error) (*User, error) {
	return d.update(ctx, t, origin{}, id, func(u *User) ([]string, *attr, error) {
		keep := *u
		if err := change(u); err != nil {
			return nil, nil, err
		}
		u.ID, u.Version, u.Created, u.Modified = keep.ID, keep.Version, keep.Created, keep.Modified
		u.Status, u.Managed, u.Placeholder, u.asked = keep.Status, keep.Managed, keep.Placeholder, Unset
		u.Connection, u.DeactivatedBy = keep.Connection, keep.DeactivatedBy
		return nil, nil, nil
	})
}

// Activate activates a held or deactivated user by hand (P3.6, P5.3). An active
// one stays so. Errors: [ErrNotFound], [ErrSeats] when no seat is free.
func (d *Directory) Activate(ctx context.Context, t Tenant, id string) (*User, error) {
	return d.ask(ctx, t, id, Yes)
}

// Deactivate deactivates a user in the platform (P3.6). Whether that lasts is
// the identity provider's to say: its next write of active decides anew.
// Errors: [ErrNotFound].
func (d *Directory) Deactivate(ctx context.Context, t Tenant, id string) (*User, error) {
	return d.ask(ctx, t, id, No)
}

func (d *Directory) ask(ctx context.Context, t Tenant, id string, active Flag) (*User, error) {
	return d.update(ctx, t, origin{}, id, func(u *User) ([]string, *attr, error) {
		u.asked = active
		return nil, nil, nil
	})
}

// Held returns the users that wait for a seat, oldest first (P5.7).
func (d *Directory) Held(ctx context.Context, t Tenant, q Query) (Page[*User], error) {
	q.Status = StatusHeld
	return d.Users(ctx, t, q)
}

// ActivateHeld activates held users, oldest first, as many as there are seats
// for, and returns them (P5.3). That some stay held is no error; that there was
// no seat for any is [ErrSeats].
func (d *Directory) ActivateHeld(ctx context.Context, t Tenant) ([]*User, error) {
	var done []*User
	for {
		page, err := d.Held(ctx, t, Query{Limit: 100})
		if err != nil || len(page.Items) == 0 {
			return done, err
		}
		progress := false
		for _, u := range page.Items {
			active, err := d.activateHeld(ctx, t, u.ID)
			switch {
			case errors.Is(err, ErrSeats) && len(done) == 0:
				return nil, err
			case errors.Is(err, ErrSeats):
				return done, nil
			case errors.Is(err, ErrNotFound), errors.Is(err, errNotHeld):
				continue // archived, deactivated or activated meanwhile
			case err != nil:
				return done, err
			}
			done, progress = append(done, active), true
		}
		if !progress {
			return done, nil
		}
	}
}

// errNotHeld says that a user does not wait for a seat any more.
var errNotHeld = errors.New("scim: the user is not held")

// activateHeld activates a user that is still held. One that the identity
// provider deactivated since the list was read stays deactivated.
func (d *Directory) activateHeld(ctx context.Context, t Tenant, id string) (*User, error) {
	return d.update(ctx, t, origin{}, id, func(u *User) ([]string, *attr, error) {
		if u.Status != StatusHeld {
			return nil, nil, errNotHeld
		}
		u.asked = Yes
		return nil, nil, nil
	})
}

// Licence is what a tenant's seats are used for (P5.7).
type Licence struct {
	Limit Limit
	Used  int // active users
	Held  int // users that wait for a seat
}

// Licence returns the seats of a tenant, and how many are used.
func (d *Directory) Licence(ctx context.Context, t Tenant) (Licence, error) {
	limit, err := d.seats(ctx, t)
	if err != nil {
		return Licence{}, err
	}
	c, err := d.store.Counts(ctx, t)
	return Licence{Limit: limit, Used: c.Active, Held: c.Held}, err
}

// Counts returns how many users of a tenant have each status.
func (d *Directory) Counts(ctx context.Context, t Tenant) (Counts, error) {
	return d.store.Counts(ctx, t)
}

// User returns a user, also an archived one. Errors: [ErrNotFound].
func (d *Directory) User(ctx context.Context, t Tenant, id string) (*User, error) {
	return d.store.User(ctx, t, id)
}

// FindUser returns the live user with this userName or, if there is none, with
// this work e-mail address, ignoring case. Errors: [ErrNotFound].
func (d *Directory) FindUser(ctx context.Context, t Tenant, name string) (*User, error) {
	key := []string{Fold(name)}
	found, err := d.store.FindUsers(ctx, t, Find{UserNames: key, Emails: key})
	if err != nil {
		return nil, err
	}
	var byEmail *User
	for _, u := range found {
		if u.Keys.UserName == key[0] {
			return u, nil
		}
		byEmail = u
	}
	if byEmail == nil {
		return nil, ErrNotFound
	}
	return byEmail, nil
}

// Users returns a page of users.
func (d *Directory) Users(ctx context.Context, t Tenant, q Query) (Page[*User], error) {
	return d.listUsers(ctx, t, q)
}

// UserFilter parses a SCIM filter for Query.Filter of Users. Errors: [*Error].
func (d *Directory) UserFilter(text string) (*Filter, error) {
	return d.table.parseFilter(text, false, nil)
}

// GroupFilter parses a SCIM filter for Query.Filter of Groups. Errors: [*Error].
func (d *Directory) GroupFilter(text string) (*Filter, error) {
	return d.table.parseFilter(text, true, nil)
}

// Group returns a group, without its members. Errors: [ErrNotFound].
func (d *Directory) Group(ctx context.Context, t Tenant, id string) (*Group, error) {
	return d.store.Group(ctx, t, id)
}

// Groups returns a page of groups.
func (d *Directory) Groups(ctx context.Context, t Tenant, q Query) (Page[*Group], error) {
	return d.listGroups(ctx, t, q)
}

// Members returns a page of a group's direct members. Errors: [ErrNotFound].
func (d *Directory) Members(ctx context.Context, t Tenant, groupID string, q Query) (Page[Member], error) {
	return d.store.Members(ctx, t, groupID, q)
}

// GroupsOf returns the groups that each of some users or groups is a direct
// member of, in one step for all of them.
func (d *Directory) GroupsOf(ctx context.Context, t Tenant, ids ...string) (map[string][]GroupRef, error) {
	return d.store.GroupsOf(ctx, t, ids)
}

// Purge forgets for good the users that were archived before a time (P3.4), and
// returns how many.
func (d *Directory) Purge(ctx context.Context, t Tenant, before time.Time) (int, error) {
	n := 0
	q := Query{Status: StatusArchived, Limit: 500}
	for {
		page, err := d.store.Users(ctx, t, q)
		if err != nil {
			return n, err
		}
		for _, u := range page.Items {
			if !u.Modified.Before(before) {
				continue
			}
			e := &Event{Time: d.now(), Tenant: t, Kind: UserPurged, UserID: u.ID, Name: u.UserName, From: StatusArchived}
			switch err := d.store.PurgeUser(ctx, t, u.ID, e); {
			case errors.Is(err, ErrNotFound):
				continue // brought back or purged meanwhile
			case err != nil:
				return n, fmt.Errorf("scim: purge: %w", err)
			}
			n++
			d.changed(e)
		}
		if q.After = page.Next; q.After == "" {
			return n, nil
		}
	}
}

// NewID returns an ID as the core proposes it to stores: a UUID that sorts by
// when it was made (RFC 9562 section 5.7), so that what is made in the same
// millisecond keeps its order too.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

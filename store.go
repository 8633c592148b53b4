package scim

import (
	"context"
	"time"
)

// Tenant names one customer of the host application (P1.1). Every look-up,
// uniqueness rule, seat and folder is inside one tenant. It is a parameter
// everywhere and never a context value: a forgotten parameter does not compile,
// a forgotten context value reads another customer's people.
type Tenant string

// Store keeps users, groups, memberships and the record. A host brings its own
// or takes package memstore.
//
// Each method is one short atomic step: it happens whole or not at all, and
// every replica sees it once the method has returned. What a write depends on
// travels with it in a [Guard]; no method runs foreign code, and none is handed
// a PATCH. The core retries a lost version race, a store never does so for it.
//
// What every implementation promises:
//
//   - Tenants are apart. An ID of one tenant is [ErrNotFound] in another, also
//     as a member.
//   - Structs go in and copies come out; a store keeps no pointer it was given
//     and hands out none that it keeps.
//   - Version is opaque, compared for equality, and set by the store anew at
//     each write that changed something. A write that changes nothing keeps
//     Version and Modified. Created and Modified are set from Event.Time.
//   - Among users that are not archived Keys.UserName is unique, and Keys.Email
//     where it is not empty; among groups Key is. A taken key is a
//     [*ConflictError] that names the attribute.
//   - A seat is taken only by a write after which a user is [StatusActive] that
//     was not before, and never beyond Guard.Seats, however many writers there
//     are. Without a free seat the write is refused with [ErrSeats]. All other
//     writes succeed, also in a tenant that is over its limit (P5.5, P5.6).
//   - A membership is an edge that changes by delta and is read by page. Adding
//     a member that is in, or removing one that is not, changes nothing. A
//     member that the tenant does not have, or that is archived, is an
//     [*UnknownMembersError] and nothing changes. What one member costs does
//     not depend on the size of the group (P7.5).
//   - A write that archives a user takes it out of its groups, and changes
//     their versions, in the same step (P3.4).
//   - The event is kept with the change, or neither is (P9.1).
//   - Users and groups are listed by Created, then ID; members by when they
//     came in. The order is total and stable. With Query.Sort it is by
//     [Sort.UserKey] or [Sort.GroupKey] as [Sort.Compare] has it, then by Created
//     and ID; descending is exactly the reverse. A store that cannot sort refuses
//     with [errors.ErrUnsupported], as it does for a filter.
//   - A filter is answered exactly as [Filter.MatchUser] and
//     [Filter.MatchGroup] would, or refused with [errors.ErrUnsupported]; then
//     the core goes through all pages and evaluates it. [Filter.Condition] and
//     [User.Index] let a database evaluate it.
//
// Package storetest proves it all.
//
// A Store is safe for concurrent use and honours its context.
type Store interface {
	// CreateUser stores a new user. The core proposes u.ID; a store with keys of
	// its own may replace it and then also sets e.UserID.
	// Errors: [*ConflictError] (409), [ErrSeats].
	CreateUser(ctx context.Context, t Tenant, u *User, g Guard, e *Event) (*User, error)

	// UpdateUser replaces the stored user u.ID by u, whatever its status, also
	// from and to [StatusArchived]. When u becomes archived, e.Left is set to the
	// groups that it has left.
	// Errors: [ErrNotFound] (404), [ErrVersion] (412), [*ConflictError] (409), [ErrSeats].
	UpdateUser(ctx context.Context, t Tenant, u *User, g Guard, e *Event) (*User, error)

	// PurgeUser forgets an archived user for good. Errors: [ErrNotFound], also
	// for a user that is not archived.
	PurgeUser(ctx context.Context, t Tenant, id string, e *Event) error

	// User returns a user, archived or not. Errors: [ErrNotFound].
	User(ctx context.Context, t Tenant, id string) (*User, error)

	// FindUsers returns every user that any entry of f names, each once, in
	// order of creation. It is an index look-up, whatever the tenant's size.
	FindUsers(ctx context.Context, t Tenant, f Find) ([]*User, error)

	// Users returns a page of users. Archived ones appear only when q.Status
	// asks for them.
	Users(ctx context.Context, t Tenant, q Query) (Page[*User], error)

	// CreateGroup stores a new group with the given members, by ID. The core
	// proposes g.ID as in CreateUser. e.Added is set to the members. An ID that
	// is the group's own counts as unknown.
	// Errors: [*ConflictError] (409), [*UnknownMembersError] (400).
	CreateGroup(ctx context.Context, t Tenant, g *Group, members []string, e *Event) (*Group, error)

	// UpdateGroup applies c in one step and returns the group. e.Added and
	// e.Removed are set to what really changed, and e.Changes to what
	// [GroupChange.Changes] says of the group before; when nothing changed, no event is
	// kept, e.Seq stays empty, and the group's Version is the one before. e.Name
	// is set to the group's name after the change.
	// Errors: [ErrNotFound] (404), [ErrVersion] (412), [*ConflictError] (409),
	// [*UnknownMembersError] (400).
	UpdateGroup(ctx context.Context, t Tenant, id string, c GroupChange, g Guard, e *Event) (*Group, error)

	// DeleteGroup forgets a group, its memberships, and its membership in other
	// groups, whose versions change and whose IDs go into e.Left. Errors: [ErrNotFound] (404), [ErrVersion] (412).
	DeleteGroup(ctx context.Context, t Tenant, id string, g Guard, e *Event) error

	// Group returns a group, without its members. Errors: [ErrNotFound].
	Group(ctx context.Context, t Tenant, id string) (*Group, error)

	// FindGroups is FindUsers for groups; Find.Names are folded displayNames.
	FindGroups(ctx context.Context, t Tenant, f Find) ([]*Group, error)

	// Groups returns a page of groups; Query.Filter, Offset, Limit and After count.
	Groups(ctx context.Context, t Tenant, q Query) (Page[*Group], error)

	// Members returns a page of a group's members; Query.Offset, Limit and After
	// count. Errors: [ErrNotFound].
	Members(ctx context.Context, t Tenant, groupID string, q Query) (Page[Member], error)

	// GroupsOf returns the groups that each of the given users or groups is a
	// direct member of, in order of the groups' creation, in one step for all of
	// them. An ID without groups need not be in the map.
	GroupsOf(ctx context.Context, t Tenant, ids []string) (map[string][]GroupRef, error)

	// Counts returns how many users of the tenant have each status, without
	// counting them one by one.
	Counts(ctx context.Context, t Tenant) (Counts, error)

	// Folders returns the folders below a root that have users, by folded name.
	Folders(ctx context.Context, t Tenant, root string) ([]Folder, error)

	// Append keeps an event that no change goes with: a refused request, one that
	// was accepted and changed nothing worth storing, or a connection that was
	// stopped or released.
	Append(ctx context.Context, t Tenant, e *Event) error

	// Events returns a page of the record. With q.Tenant empty it goes through
	// all tenants; an event is returned only once no earlier one can still
	// appear, so that a reader that goes on from the Seq of the last event it saw
	// misses none. Oldest first, Page.Next may be set on the last page too: it is
	// where a reader goes on later. Page.Total may be left out.
	Events(ctx context.Context, q EventQuery) (Page[Event], error)

	// Place returns where a consumer stopped, as SetPlace last set it; "" for
	// one that never was.
	Place(ctx context.Context, consumer string) (string, error)

	// SetPlace keeps where a consumer stopped (P9.4).
	SetPlace(ctx context.Context, consumer, place string) error

	// SaveActivity keeps the later of what is stored and a, time by time.
	SaveActivity(ctx context.Context, t Tenant, a Activity) error

	// Activity returns what is known of the tenant's connections (P1.4).
	Activity(ctx context.Context, t Tenant) ([]Activity, error)
}

// Guard is what a write depends on, checked in the same step as the write.
type Guard struct {
	// Version is the version that the write was based on; "" is any.
	Version string
	// Seats caps the active users after this write; the zero value caps nothing.
	Seats Limit
}

// Find names users or groups by what is indexed. Entries are alternatives.
// UserNames, Emails, Addresses and Names are folded by [Fold].
type Find struct {
	IDs         []string
	ExternalIDs []string
	UserNames   []string // Keys.UserName of users
	Emails      []string // Keys.Email of users: the work e-mail as the host knows it
	Addresses   []string // Keys.Email or any of Keys.Addresses
	Names       []string // Key of groups
	Archived    bool     // archived users too
	// Groups says that the groups of the users will be shown. A store that can read
	// them in the same step hands them over by [User.SetGroups]; one that does not is
	// asked by GroupsOf.
	Groups bool
}

// Query asks for a page. A place in After that the store did not give out is
// [ErrPlace]. The zero value is the first page of everything, of a
// length that the store chooses.
type Query struct {
	Filter *Filter   // nil: all
	Status Status    // 0: all that are not archived
	Folder FolderKey // zero: in any folder or none
	Sort   *Sort     // nil: by creation
	Offset int       // how many to leave out from the start
	Limit  int       // at most so many; 0: up to the store, negative: none, only Total
	After  string    // Page.Next of the page before; then Offset counts from there
	// NoTotal says that nobody asks for Page.Total. A store that would have to
	// count leaves it 0.
	NoTotal bool

	groups bool // as in Find
}

// Page is a part of a list.
type Page[T any] struct {
	Items []T
	Total int // how many there are over all pages
	// Next is for Query.After; "" when this was the last page. It stays good when
	// what it names changes or goes. One that a store makes does not begin with ~.
	Next string
}

// Counts says how many users of a tenant have each status.
type Counts struct {
	Active, Deactivated, Held, Archived int
}

// EventQuery asks for a page of the record.
type EventQuery struct {
	Tenant      Tenant    // "": all tenants
	UserID      string    // only events of this user
	GroupID     string    // only events of this group
	From, To    time.Time // From inclusive, To exclusive; zero: open
	NewestFirst bool
	Limit       int
	After       string // Page.Next of the page before, or the Seq of an event
}

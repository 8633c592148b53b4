package scim

import "time"

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
)

// Event is one change, or one refused request, in the record of a tenant (P9).
// The core makes it; the store completes Seq and what its own step decides.
type Event struct {
	Seq        string // set by the store: the event's place in the record
	Time       time.Time
	Tenant     Tenant
	Connection string // "" when the host did it
	Request    string // the request's id; "" when the host did it
	Kind       EventKind

	UserID  string
	GroupID string
	Name    string // userName or displayName at the time

	From, To Status // of a user; 0 before it existed and after it was purged

	Changes []Change     // attributes, old and new
	Moves   []FolderMove // folders that the user left and entered
	// Added and Removed are the members that really changed, set by the store.
	Added, Removed []string
	// Left is the groups that an archived user was taken out of, set by the store.
	Left []string

	Warnings []Warning // what could not be taken as it was sent
	Ignored  []string  // attributes that were sent and are not stored (P2.1)

	Status int    // of a refused request: the HTTP status
	Error  string // of a refused request: what the client was told
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

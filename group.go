package scim

import "time"

// Group is a group of a tenant, without its members (P7). Members are edges
// that a store changes one by one and returns by page.
type Group struct {
	ID          string
	Version     string // opaque; set by the store
	Created     time.Time
	Modified    time.Time
	Connection  string // the connection that wrote last
	DisplayName string
	ExternalID  string
	Key         string // Fold(DisplayName), unique in the tenant
}

// Member is a user or a group that is in a group.
type Member struct {
	ID      string
	Group   bool   // a group, not a user
	Display string // what the member is called: Keys.Label of a user, displayName of a group
}

// GroupRef names a group that a user or group is a direct member of.
type GroupRef struct {
	ID, Display string
}

// GroupChange is what a request does to a group, as one step. The zero value
// changes nothing.
type GroupChange struct {
	DisplayName *string // nil: leave
	ExternalID  *string // nil: leave; "": clear
	Connection  string  // who writes; "" leaves
	Add, Remove []string
	// Exact says that afterwards the members are Add and nobody else.
	Exact bool
}

// Membership lets a filter ask for the members of a group that a store has at
// hand, without listing them.
type Membership interface {
	// Has reports whether the user or group with this ID is a direct member.
	Has(id string) bool
	// Each calls f for each member until it returns false.
	Each(f func(Member) bool)
}

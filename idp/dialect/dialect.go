package dialect

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Dialect says how one provider speaks. The zero value maps the userName alone, finds
// users in the list of all, updates them by PUT and has no groups. A Dialect is not to
// be changed after New.
type Dialect struct {
	// Name is the provider's, such as "OneLogin".
	Name string

	// UserAgent is sent as it stands; "" sends an empty one.
	UserAgent string
	// Accept is sent if it is not "".
	Accept string
	// Media is the type of bodies; "" is application/scim+json.
	Media string
	// GroupMedia is the type of bodies about groups; "" is Media.
	GroupMedia string
	// TypedReads says that requests without a body have a Content-Type too.
	TypedReads bool
	// PercentBlanks writes a blank in a query as %20; otherwise it is a plus.
	PercentBlanks bool

	// Probes are what the connection test reads, as they are written but for blanks
	// and quotes. Those of /Users and /Groups have to be lists.
	Probes []string
	// TestUser is the e-mail address of a user that the connection test makes and
	// deletes again, with a group; "" makes neither. It must be nobody's.
	TestUser string
	// Absent404 takes 404 for an empty list of users.
	Absent404 bool
	// Aggregates reads all users and groups at the beginning of each Sync; Find and
	// FindGroup then have to be without a Filter.
	Aggregates bool
	// Impatient gives up on 429. Others wait as long as Retry-After says.
	Impatient bool

	// Schemas are what bodies of users announce; nil is what RFC 7643 wants.
	Schemas []string
	// Attributes are mapped beside userName, active, emails and the manager.
	Attributes []Attribute
	// Emails makes the attribute emails; nil sends none.
	Emails func(Person) any
	// Manager names a person's manager, who has the id at the service, "" if it is not
	// known there. "" sends no manager for now; nil never sends one.
	Manager func(manager Person, id string) string
	// Find looks a person up before it is made.
	Find Lookup
	// CreateFirst makes a person without looking it up, and looks it up if the service
	// answers 409.
	CreateFirst bool
	// Repeat is how often a create that was not answered is sent again at once.
	Repeat int
	// Patch makes the operations of an update; nil updates by PUT.
	Patch func([]Change) []Op
	// Echo reads a user before each PUT and sends all of it back, with the changes.
	Echo bool
	// Unset is what becomes of a mapped attribute that has no value.
	Unset Unset
	// Disabled is what happens to somebody who is disabled in the provider, Removed to
	// somebody who is removed from it.
	Disabled, Removed Leaving
	// Grace is how long somebody who was removed is only deactivated before Delete.
	Grace time.Duration
	// Remake makes a user anew at once that is found gone when it is updated. Others
	// look it up again the next time.
	Remake bool

	// Groups says that groups are provisioned at all.
	Groups bool
	// FindGroup looks a group up by its name before it is made.
	FindGroup Lookup
	// MergeGroups leaves members alone that a group had when it was found.
	MergeGroups bool
	// GroupIDs sends the provider's own id of a group as externalId.
	GroupIDs bool
	// BareGroups makes groups without members, and adds them afterwards.
	BareGroups bool
	// Members makes the requests that add members to a group, and those that take some
	// out, each a list of operations; nil writes the whole group by PUT.
	Members func(now, joined, left []string) [][]Op
	// Rename is the operation that gives a group its name; nil replaces displayName.
	Rename func(group Group) Op
	// Exclusive lets nobody be in two groups: joining one leaves the other.
	Exclusive bool
	// KeepsGroups empties a group that is deleted in the provider and leaves it there.
	KeepsGroups bool
}

// Group is a group as its operations need it.
type Group struct {
	ID         string // at the service
	ExternalID string // the provider's own id, if it sends one
	Name       string
}

// Lookup is how a provider finds out whether the service has somebody, or a group.
type Lookup struct {
	// Filter has a %s where the value goes, with its quotes: userName eq %s. "" reads
	// the list from the beginning to the end, once in a Sync, and searches it.
	Filter string
	// By is the value of a person; nil is the userName. It is not used for groups.
	By func(Person) string
	// Query is written as it stands: behind the filter, or as that of the first page.
	Query string
	// Count is asked for by the pages of a list after the first; 0 asks for none.
	Count int
}

// query returns the filter's query for a value.
func (l Lookup) query(d *Dialect, value string) string {
	return "filter=" + d.escape(fmt.Sprintf(l.Filter, quote(value))) + l.Query
}

// page returns the query of the page that begins at a resource, counted from 1.
func (l Lookup) page(start int) string {
	switch {
	case start == 1:
		return l.Query
	case l.Count == 0:
		return fmt.Sprintf("startIndex=%d", start)
	}
	return fmt.Sprintf("startIndex=%d&count=%d", start, l.Count)
}

// value is what a person is looked up by.
func (l Lookup) value(p Person) string {
	if l.By == nil {
		return p.UserName
	}
	return l.By(p)
}

// escape writes a value of a query.
func (d *Dialect) escape(value string) string {
	value = url.QueryEscape(value)
	if d.PercentBlanks {
		return strings.ReplaceAll(value, "+", "%20")
	}
	return value
}

// quote writes a value of a filter: a JSON string (RFC 7644, section 3.4.2.2).
func quote(value string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(value) // a string and a Builder cannot fail
	return strings.TrimSuffix(b.String(), "\n")
}

// Unset is what becomes of a mapped attribute that has no value.
type Unset uint8

// The ways to write that there is no value.
const (
	Omit Unset = iota // it is left out of a PUT, and removed by a PATCH
	Null              // it is null, in each body
	Kept              // what was sent last is sent again: it cannot be cleared
)

// Leaving is what happens at the service to somebody who leaves the provider.
type Leaving uint8

// The ways to leave.
const (
	Deactivate Leaving = iota // active becomes false
	Delete                    // the user is deleted
	LeaveAlone                // nothing
)

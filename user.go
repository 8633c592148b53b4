package scim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Status is where a user stands in its life (P3). Active users take a seat each.
type Status uint8

// The four statuses. The zero Status is none of them.
const (
	// StatusActive is provisioned and enabled; on the wire active is true.
	StatusActive Status = iota + 1
	// StatusDeactivated was disabled, by the identity provider or by the host.
	StatusDeactivated
	// StatusHeld is wanted active by the identity provider, but there was no seat.
	StatusHeld
	// StatusArchived was deleted by the identity provider; on the wire 404.
	StatusArchived
)

var statusNames = [...]string{"none", "active", "deactivated", "held", "archived"}

// String returns the name of the status, such as "held".
func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "Status(" + strconv.Itoa(int(s)) + ")"
}

// MarshalText writes the status as its name.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a status by its name.
func (s *Status) UnmarshalText(text []byte) error {
	for i, name := range statusNames {
		if name == string(text) {
			*s = Status(i)
			return nil
		}
	}
	return fmt.Errorf("scim: there is no status %q", text)
}

// Flag is a boolean that may also be unassigned.
type Flag uint8

// The values of a Flag. The zero value is unassigned.
const (
	Unset Flag = iota
	No
	Yes
)

// MultiValue is one element of a multi-valued attribute such as emails
// (RFC 7643 section 2.4).
type MultiValue struct {
	Value, Display, Type string `json:",omitzero"`
	Primary              Flag   `json:",omitzero"`
}

// Address is one element of addresses (RFC 7643 section 4.1.2).
type Address struct {
	Formatted, StreetAddress, Locality, Region, PostalCode, Country string `json:",omitzero"`
	Type                                                            string `json:",omitzero"`
	Primary                                                         Flag   `json:",omitzero"`
}

// Name is the name of a person in its parts (RFC 7643 section 4.1.1).
type Name struct {
	Formatted, FamilyName, GivenName, MiddleName, HonorificPrefix, HonorificSuffix string `json:",omitzero"`
}

// Manager is a reference to another user as it was sent (P8.1).
type Manager struct {
	Value string `json:",omitzero"` // an ID, an externalId, a userName or an e-mail address
	Ref   string `json:",omitzero"` // $ref, if the client sent one
}

// Warning says what about a user could not be taken as it was sent.
type Warning struct {
	Attribute string
	Text      string
}

// ByHost is the value of User.DeactivatedBy when the host did it. Otherwise the
// field names a connection.
const ByHost = "host"

// User is a person of a tenant: the attributes verbatim as they were sent, and
// beside them what the library made of them. What a host shows is [View].
//
// The zero value of an attribute is unassigned (P2.7). A User is a value: Clone
// it before changing one that others hold. As JSON it goes out and comes back
// without loss, and what is unassigned is left out; the names are those of the
// fields and not SCIM's.
type User struct {
	ID      string    `json:",omitzero"`
	Version string    `json:",omitzero"` // opaque; set by the store
	Created time.Time `json:",omitzero"`
	// Modified is when the user last really changed.
	Modified time.Time `json:",omitzero"`

	Status Status `json:",omitzero"`
	// Managed says that an identity provider has written this user.
	Managed bool `json:",omitzero"`
	// Placeholder says that the user was made because a group named it, and no
	// client has created it yet (P7.3).
	Placeholder bool `json:",omitzero"`
	// asked is what a request wants active to be; it lives from the request's
	// decoding to its transition and is never stored.
	asked Flag
	// Connection is the connection that wrote last.
	Connection string `json:",omitzero"`
	// DeactivatedBy is the connection that deactivated the user, or ByHost.
	DeactivatedBy string `json:",omitzero"`

	// Login is the name the person logs in with: userName, except while a soft
	// delete in the directory has it renamed (P3.7).
	Login string `json:",omitzero"`
	// Email is the work e-mail address after P2.3.
	Email string `json:",omitzero"`
	// Kept lists mandatory values that were kept although a request emptied
	// them (P3.8).
	Kept []Warning `json:",omitzero"`
	// Keys is what a store indexes. The core sets it before each write.
	Keys Keys `json:",omitzero"`

	// Attributes of urn:ietf:params:scim:schemas:core:2.0:User.
	UserName, ExternalID                   string       `json:",omitzero"`
	Name                                   Name         `json:",omitzero"`
	DisplayName, NickName, Title, UserType string       `json:",omitzero"`
	PreferredLanguage, Locale, Timezone    string       `json:",omitzero"`
	Emails, PhoneNumbers                   []MultiValue `json:",omitzero"`
	Addresses                              []Address    `json:",omitzero"`
	// Attributes of the enterprise extension, with two of the product's.
	EmployeeNumber, CostCenter, Organization, Division, Department string  `json:",omitzero"`
	EmployeeLevel, HireDate                                        string  `json:",omitzero"`
	Manager                                                        Manager `json:",omitzero"`
	// Attributes of the product's extension.
	Office, StreetAddress, City, BusinessUnit, EmployeeType, Grade string `json:",omitzero"`

	// Extra holds single-valued attributes without a field of their own, by
	// path: "profileUrl", "urn:…:User:badge", "urn:…:User:desk.floor". Booleans
	// and numbers are kept as they are written in JSON.
	Extra map[string]string `json:",omitzero"`
	// Lists holds multi-valued attributes without a field of their own, by path;
	// an element maps sub-attributes to values. An element of an attribute that
	// is not complex has the one sub-attribute "value".
	Lists map[string][]map[string]string `json:",omitzero"`

	// table is what Index goes by; set before each write.
	table *table
	// groups are those that a store found the user in; nil: it was not asked.
	groups *[]GroupRef
}

// SetGroups is for stores: it says which groups the user is a direct member of, in
// order of their creation, where [Find.Groups] asks for it. A copy that Clone makes
// does not know them.
func (u *User) SetGroups(of []GroupRef) { u.groups = &of }

// Groups returns what SetGroups said of this value; false where it said nothing.
// [Directory.GroupsOf] looks them up.
func (u *User) Groups() (of []GroupRef, known bool) {
	if u.groups == nil {
		return nil, false
	}
	return *u.groups, true
}

// Keys is what a store indexes a user by. Names are folded by [Fold].
type Keys struct {
	UserName  string      `json:",omitzero"` // unique among users that are not archived
	Email     string      `json:",omitzero"` // the same, where it is not empty
	Addresses []string    `json:",omitzero"` // the other e-mail addresses of the user, not unique
	Label     string      `json:",omitzero"` // what the user is called as a member or manager
	Folders   []FolderKey `json:",omitzero"` // the folders that the user is in (P6)
}

// Active reports whether the user is enabled.
func (u *User) Active() bool { return u.Status == StatusActive }

// dated is a resource with the times of its metadata.
type dated interface {
	dates() (created, modified time.Time)
}

func (u *User) dates() (created, modified time.Time) { return u.Created, u.Modified }

// Clone returns a deep copy.
func (u *User) Clone() *User {
	c := *u
	c.groups = nil
	c.Kept = slices.Clone(u.Kept)
	c.Keys.Addresses = slices.Clone(u.Keys.Addresses)
	c.Keys.Folders = slices.Clone(u.Keys.Folders)
	c.Addresses = slices.Clone(u.Addresses)
	// Both lists in one allocation: most people have one of each.
	if e, p := len(u.Emails), len(u.PhoneNumbers); e+p > 0 {
		both := append(append(make([]MultiValue, 0, e+p), u.Emails...), u.PhoneNumbers...)
		c.Emails, c.PhoneNumbers = both[:e:e], both[e:]
		if e == 0 {
			c.Emails = nil
		}
		if p == 0 {
			c.PhoneNumbers = nil
		}
	}
	c.Extra = maps.Clone(u.Extra)
	if u.Lists != nil {
		c.Lists = make(map[string][]map[string]string, len(u.Lists))
		for k, list := range u.Lists {
			l := make([]map[string]string, len(list))
			for i, e := range list {
				l[i] = maps.Clone(e)
			}
			c.Lists[k] = l
		}
	}
	return &c
}

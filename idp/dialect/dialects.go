package dialect

import (
	"time"

	"github.com/usher-scim/scim/idp"
)

// ownAgent is what providers call themselves of whom it is not known.
const ownAgent = "usher-scim-simulator"

// core are the attributes of RFC 7643's core schema that every provider can map.
func core() []Attribute {
	return []Attribute{GivenName, FamilyName, DisplayName, Title, Country, PreferredLanguage, Timezone, Mobile}
}

// everything is core, and what needs an extension.
func everything() []Attribute {
	return append(core(), Department, Division, Organization, EmployeeNumber, HireDate)
}

// Dialects returns all dialects, in a fixed order.
func Dialects() []Dialect {
	return []Dialect{
		OneLogin(), JumpCloud(), PingFederate(), PingOne(), Google(), Rippling(), CyberArk(), SailPoint(), Authentik(),
	}
}

// OneLogin writes users by a template that an administrator edits, in which SCIM 1.0's
// URN, an object for emails and nulls for what has no value are common. It begins with
// a look-up of somebody who does not exist, reads the list of groups, never deletes one,
// and has no User-Agent. Members come one in a request. How they go, how a group is
// renamed and that a manager is named by id are guesses.
func OneLogin() Dialect {
	return Dialect{
		Name: "OneLogin", Media: "application/json", GroupMedia: idp.MediaType, TypedReads: true,
		Probes: []string{`/Users?filter=userName eq "onelogin-connection-test"&`}, Absent404: true,
		Schemas: []string{"urn:scim:schemas:core:1.0"}, Attributes: append(everything(), Formatted),
		Emails: OneEmail, Manager: ManagerByID, Unset: Null,
		Find:    Lookup{Filter: "userName eq %s", Query: "&"},
		Removed: Delete,
		Groups:  true, FindGroup: Lookup{}, BareGroups: true, Members: OneByOne, KeepsGroups: true,
	}
}

// JumpCloud makes a user and a group when it is activated, and deletes them. It changes
// users by one operation for each attribute, takes members out by a list of values, and
// has no attributes of extensions in custom applications. Nobody is deleted: who leaves
// is deactivated.
func JumpCloud() Dialect {
	return Dialect{
		Name: "JumpCloud", UserAgent: ownAgent,
		Probes: []string{"/Users"}, TestUser: "jumpcloud-test@example.com",
		Attributes: core(), Emails: WorkEmail,
		Find: Lookup{Filter: "userName eq %s"}, Patch: ByPath,
		Groups: true, FindGroup: Lookup{Filter: "displayName eq %s"}, BareGroups: true, Members: ByValue,
	}
}

// PingFederate looks up by the work address with a filter on all of emails, updates by
// PUT, cannot clear an attribute, and sends two addresses that are both primary. It
// finds a group by reading all of them. By default it looks up by userName, which is
// Lookup{Filter: "userName eq %s"}; groups are written by PUT unless the administrator
// ticks PATCH, which is Members: Together. Removed: Delete is its other action for who
// leaves, and should go with Disabled: Delete.
func PingFederate() Dialect {
	return Dialect{
		Name: "PingFederate", UserAgent: ownAgent, Accept: idp.MediaType,
		Probes:     []string{"/Users?startIndex=1&count=1"},
		Attributes: everything(), Emails: TwoPrimaries, Manager: ManagerByUserName, Unset: Kept,
		Find:   Lookup{Filter: "emails eq %s", By: byEmail},
		Groups: true, FindGroup: Lookup{Query: "startIndex=1&count=100", Count: 100},
	}
}

// PingOne is PingFederate in the cloud, but for its lists, which begin below the first
// resource, its filter, whose operator has a capital, and its groups, which it merges
// with those that are there.
func PingOne() Dialect {
	d := PingFederate()
	d.Name = "PingOne"
	d.Probes = []string{"/Users?startIndex=0&count=10"}
	d.Find = Lookup{Filter: "username Eq %s", Query: "&startIndex=0&count=10"}
	d.FindGroup = Lookup{Query: "startIndex=0&count=100", Count: 100}
	d.MergeGroups, d.Members = true, Together
	return d
}

// Google is Google Workspace's automatic provisioning: application/json, look-ups
// without count, updates without a path, and in this configuration no emails, as the
// userName is the address. Who is suspended is deactivated, who is deleted
// is deactivated first. It has no groups. How a value is cleared is a guess.
func Google() Dialect {
	return Dialect{
		Name: "Google", UserAgent: "Google-Auto-Provisioning", PercentBlanks: true,
		Accept: "application/json", Media: "application/json; charset=UTF-8",
		Probes:     []string{`/Users?filter=userName eq "google-connection-test"&startIndex=1`},
		Attributes: []Attribute{GivenName, FamilyName, DisplayName, Title, PreferredLanguage, Mobile, Department, EmployeeNumber},
		Manager:    ManagerByEmail,
		Find:       Lookup{Filter: "userName eq %s", Query: "&startIndex=1"}, Patch: Pathless,
		Removed: Delete, Grace: 24 * time.Hour,
	}
}

// Rippling tests the connection by the service's configuration, looks up by a filter on
// the elements of emails, sends a create again that was not answered, and has everybody
// in one group at most. Its attributes are typed by an administrator. That it changes
// users by PATCH is a guess.
func Rippling() Dialect {
	return Dialect{
		Name: "Rippling", UserAgent: ownAgent,
		Probes:     []string{"/ServiceProviderConfig"},
		Attributes: []Attribute{ExternalID, GivenName, FamilyName, DisplayName, Title, Department, EmployeeNumber}, Emails: WorkAndHome,
		Find: Lookup{Filter: `emails[type eq "work"].value eq %s`, By: byEmail}, Repeat: 1, Patch: ByPath,
		Groups: true, FindGroup: Lookup{Filter: "displayName eq %s"}, Members: Replaced, Exclusive: true,
	}
}

// CyberArk reads what describes the service and one user to test the connection, reads
// a user before each PUT and sends all of it back, and changes groups by PATCH.
func CyberArk() Dialect {
	return Dialect{
		Name: "CyberArk", UserAgent: ownAgent,
		Probes: []string{
			"/ServiceProviderConfig", "/ResourceTypes/User", "/ResourceTypes/Group",
			"/Schemas/" + idp.UserSchema, "/Schemas/" + idp.EnterpriseSchema, "/Schemas/" + idp.GroupSchema, "/Users?count=1",
		},
		Attributes: append(everything(), Formatted), Emails: WorkEmail, Manager: ManagerByEmail,
		Find: Lookup{Filter: "userName eq %s"}, Echo: true, Removed: Delete,
		Groups: true, FindGroup: Lookup{Filter: "displayName eq %s"}, Members: OneByOne,
	}
}

// SailPoint wants everything that describes the service to be there, aggregates all
// users and groups instead of looking anybody up, changes one member in each request,
// and does not wait when it is told to. That it sends several requests at once is left
// out.
func SailPoint() Dialect {
	lists := Lookup{Query: "startIndex=1&count=100", Count: 100}
	return Dialect{
		Name: "SailPoint", UserAgent: ownAgent, Impatient: true, Aggregates: true,
		Probes:     []string{"/ServiceProviderConfig", "/ResourceTypes", "/Schemas", "/ResourceTypes/User", "/ResourceTypes/Group"},
		Attributes: everything(), Emails: WorkEmail, Manager: ManagerByID,
		Find: lists, Patch: ByPath, Removed: Delete,
		Groups: true, FindGroup: lists, Members: OneByOne,
	}
}

// Authentik creates before it looks anybody up, so that it depends on 409, and makes a
// user anew that is gone. The operation that renames a group has a path of null.
func Authentik() Dialect {
	return Dialect{
		Name: "authentik", UserAgent: ownAgent,
		Probes:     []string{"/ServiceProviderConfig"},
		Attributes: []Attribute{ExternalID, Formatted, GivenName, FamilyName, DisplayName}, Emails: OtherEmail,
		Find: Lookup{Filter: "userName eq %s"}, CreateFirst: true, Remake: true, Removed: Delete,
		Groups: true, FindGroup: Lookup{Filter: "displayName eq %s"}, GroupIDs: true, BareGroups: true, Members: Together,
		Rename: func(g Group) Op {
			return Op{"op": "replace", "path": nil, "value": map[string]any{"id": g.ID, "displayName": g.Name, "externalId": g.ExternalID}}
		},
	}
}

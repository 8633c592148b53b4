package scim

import (
	"slices"
	"strings"
)

// The schemas of the resources (RFC 7643 section 4), and the product's own.
const (
	UserSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	ProductSchema    = "urn:ietf:params:scim:schemas:extension:cybsafe:2.0:User"
)

// Need says how much an attribute mapping needs an attribute.
type Need uint8

// The needs. The zero value is Optional.
const (
	Optional    Need = iota
	Mandatory        // cannot be left out of the mapping; a user without a value is refused
	Recommended      // wanted for reports and assignments
	Accepted         // kept, but not shown in reports
)

// String returns the letter that stands for the need in tables: M, R, O or N.
func (n Need) String() string { return []string{"O", "M", "R", "N"}[n&3] }

// Type is the type of a single value.
type Type uint8

// The types of values (RFC 7643 section 2.3), and Date, a string that the host
// reads as a day. The zero value is String.
const (
	String Type = iota
	Boolean
	Integer
	Decimal
	DateTime
	Reference
	Binary
	Date
	complexType // has sub-attributes
)

// String returns the type's name as schemas write it; a Date is a string there.
func (t Type) String() string {
	return []string{
		"string", "boolean", "integer", "decimal", "dateTime", "reference", "binary", "string", "complex",
	}[t]
}

// Normaliser says how the host's view reads a value (P2.6). On the wire every
// value stays as it was sent.
type Normaliser uint8

// The normalisers. The zero value reads a value as it was sent.
const (
	AsSent     Normaliser = iota
	AsLanguage            // a BCP 47 tag, matched to the host's languages
	AsTimezone            // an IANA zone that exists
	AsDate                // a day: yyyy-MM-dd or an ISO date-time
	AsRegion              // as sent, and as a region where it is an ISO 3166 code
)

// Attribute is a row of the attribute table: one thing about a person that the
// application captures. The table decides what is stored (P2.1); schemas,
// decoding, PATCH, filters, projection, export and documentation derive from it.
type Attribute struct {
	// Name is what the product calls the attribute; unique in the table.
	Name string
	// Path is the SCIM path that it arrives under, such as title,
	// name.givenName, emails[type eq "work"].value or urn:…:User:office. The
	// attribute that the path begins with is captured whole: with all its
	// elements and all sub-attributes of its schema.
	Path string
	Need Need
	// Folder is the root folder below which a value makes a folder; "" for none.
	Folder string
	// Type is the type of an attribute that no schema of Config.Schemas or of
	// the RFC declares; ignored for those that one does.
	Type Type
	// Note is a remark for documentation.
	Note string
	// Sensitive leaves the values out of the record (P9.1).
	Sensitive bool
	// MayBeEmpty accepts a person without a value although the mapping must
	// have the attribute (P2.3).
	MayBeEmpty bool
	// Normalise says how the host's view reads the value.
	Normalise Normaliser
	// Validate, if set, is asked about each new value that is not empty. An
	// error refuses the request with 400 invalidValue and the error's text.
	Validate func(value string) error
}

// ProductAttributes returns the product's table (P2). The caller may change the
// rows, add some, or leave some out; userName has to stay.
func ProductAttributes() []Attribute {
	const ent, product = EnterpriseSchema + ":", ProductSchema + ":"
	return []Attribute{
		{Name: "userName", Path: "userName", Need: Mandatory, Note: "usually the primary work e-mail address; unique, ignoring case"},
		{Name: "active", Path: "active", Need: Mandatory, MayBeEmpty: true, Note: "active in the directory is active here; a create without it means true"},
		{Name: "email", Path: `emails[type eq "work"].value`, Need: Mandatory, Note: "the work address, marked primary"},
		{Name: "givenName", Path: "name.givenName", Need: Recommended},
		{Name: "familyName", Path: "name.familyName", Need: Recommended},
		{Name: "preferredLanguage", Path: "preferredLanguage", Need: Mandatory, MayBeEmpty: true, Normalise: AsLanguage, Note: "a BCP 47 language tag; without a value the host's default language"},
		{Name: "timezone", Path: "timezone", Need: Recommended, Normalise: AsTimezone, Note: "an IANA zone such as Europe/London"},
		{Name: "manager", Path: ent + "manager", Need: Recommended, Note: "the line manager, by id, externalId, userName or e-mail; linked once that person exists"},
		{Name: "department", Path: ent + "department", Need: Recommended, Folder: RootDepartment},
		{Name: "organization", Path: ent + "organization", Need: Recommended, Folder: RootOrganisation},
		{Name: "division", Path: ent + "division", Need: Recommended, Folder: RootDivision},
		{Name: "country", Path: `addresses[type eq "work"].country`, Need: Recommended, Normalise: AsRegion, Note: "such as GB"},
		{Name: "externalId", Path: "externalId", Note: "the directory's object id is advised"},
		{Name: "office", Path: product + "office"},
		{Name: "streetAddress", Path: product + "streetAddress"},
		{Name: "city", Path: product + "city"},
		{Name: "state", Path: `addresses[type eq "work"].region`, Note: "state, county or province"},
		{Name: "title", Path: "title", Note: "the job title"},
		{Name: "businessUnit", Path: product + "businessUnit"},
		{Name: "employeeNumber", Path: ent + "employeeNumber"},
		{Name: "costCenter", Path: ent + "costCenter"},
		{Name: "employeeType", Path: product + "employeeType", Note: "such as permanent, contractor or part time"},
		{Name: "employeeLevel", Path: ent + "employeeLevel", Note: "not in the enterprise schema of RFC 7643"},
		{Name: "grade", Path: product + "grade"},
		{Name: "hireDate", Path: ent + "hireDate", Type: Date, Normalise: AsDate, Note: "yyyy-MM-dd; not in the enterprise schema of RFC 7643"},
		{Name: "userType", Path: "userType", Need: Accepted, Note: "kept; sets no permission"},
		{Name: "displayName", Path: "displayName", Need: Accepted},
		{Name: "nickName", Path: "nickName", Need: Accepted},
		{Name: "formalName", Path: "name.formatted", Need: Accepted},
		{Name: "middleName", Path: "name.middleName", Need: Accepted},
		{Name: "honorificPrefix", Path: "name.honorificPrefix", Need: Accepted},
		{Name: "honorificSuffix", Path: "name.honorificSuffix", Need: Accepted},
		{Name: "phone", Path: `phoneNumbers[type eq "mobile"].value`, Need: Accepted, Note: "the types work and fax too"},
		{Name: "locale", Path: "locale", Need: Accepted},
	}
}

// RFCAttributes returns a table of all attributes that RFC 7643 has for users
// in its core and enterprise schemas. Names, needs and folders of the product's
// table are kept where it has the attribute. Roles and entitlements are stored
// and returned, and never change what a user may do (P2.5).
func RFCAttributes() []Attribute {
	rows := slices.DeleteFunc(ProductAttributes(), func(a Attribute) bool {
		return strings.HasPrefix(a.Path, ProductSchema) || a.Name == "employeeLevel" || a.Name == "hireDate"
	})
	for _, name := range []string{"profileUrl", "ims", "photos", "entitlements", "roles", "x509Certificates"} {
		rows = append(rows, Attribute{Name: name, Path: name, Need: Accepted})
	}
	return rows
}

// fields binds the paths of attributes to the fields of User. A path that is
// not here is kept in User.Extra.
var fields = map[string]func(*User) *string{
	"userName":             func(u *User) *string { return &u.UserName },
	"externalId":           func(u *User) *string { return &u.ExternalID },
	"name.formatted":       func(u *User) *string { return &u.Name.Formatted },
	"name.familyName":      func(u *User) *string { return &u.Name.FamilyName },
	"name.givenName":       func(u *User) *string { return &u.Name.GivenName },
	"name.middleName":      func(u *User) *string { return &u.Name.MiddleName },
	"name.honorificPrefix": func(u *User) *string { return &u.Name.HonorificPrefix },
	"name.honorificSuffix": func(u *User) *string { return &u.Name.HonorificSuffix },
	"displayName":          func(u *User) *string { return &u.DisplayName },
	"nickName":             func(u *User) *string { return &u.NickName },
	"title":                func(u *User) *string { return &u.Title },
	"userType":             func(u *User) *string { return &u.UserType },
	"preferredLanguage":    func(u *User) *string { return &u.PreferredLanguage },
	"locale":               func(u *User) *string { return &u.Locale },
	"timezone":             func(u *User) *string { return &u.Timezone },

	EnterpriseSchema + ":employeeNumber": func(u *User) *string { return &u.EmployeeNumber },
	EnterpriseSchema + ":costCenter":     func(u *User) *string { return &u.CostCenter },
	EnterpriseSchema + ":organization":   func(u *User) *string { return &u.Organization },
	EnterpriseSchema + ":division":       func(u *User) *string { return &u.Division },
	EnterpriseSchema + ":department":     func(u *User) *string { return &u.Department },
	EnterpriseSchema + ":employeeLevel":  func(u *User) *string { return &u.EmployeeLevel },
	EnterpriseSchema + ":hireDate":       func(u *User) *string { return &u.HireDate },
	EnterpriseSchema + ":manager.value":  func(u *User) *string { return &u.Manager.Value },
	EnterpriseSchema + ":manager.$ref":   func(u *User) *string { return &u.Manager.Ref },

	ProductSchema + ":office":        func(u *User) *string { return &u.Office },
	ProductSchema + ":streetAddress": func(u *User) *string { return &u.StreetAddress },
	ProductSchema + ":city":          func(u *User) *string { return &u.City },
	ProductSchema + ":businessUnit":  func(u *User) *string { return &u.BusinessUnit },
	ProductSchema + ":employeeType":  func(u *User) *string { return &u.EmployeeType },
	ProductSchema + ":grade":         func(u *User) *string { return &u.Grade },
}

// lists binds the paths of multi-valued attributes to the slices of User. A
// path that is not here is kept in User.Lists.
var lists = map[string]func(subs []*attr) list{
	"emails": func(subs []*attr) list {
		return bindList(subs, func(u *User) *[]MultiValue { return &u.Emails }, multiValueFields, multiValuePrimary)
	},
	"phoneNumbers": func(subs []*attr) list {
		return bindList(subs, func(u *User) *[]MultiValue { return &u.PhoneNumbers }, multiValueFields, multiValuePrimary)
	},
	"addresses": func(subs []*attr) list {
		return bindList(subs, func(u *User) *[]Address { return &u.Addresses }, addressFields, func(a *Address) *Flag { return &a.Primary })
	},
}

var multiValueFields = map[string]func(*MultiValue) *string{
	"value":   func(m *MultiValue) *string { return &m.Value },
	"display": func(m *MultiValue) *string { return &m.Display },
	"type":    func(m *MultiValue) *string { return &m.Type },
}

func multiValuePrimary(m *MultiValue) *Flag { return &m.Primary }

var addressFields = map[string]func(*Address) *string{
	"formatted":     func(a *Address) *string { return &a.Formatted },
	"streetAddress": func(a *Address) *string { return &a.StreetAddress },
	"locality":      func(a *Address) *string { return &a.Locality },
	"region":        func(a *Address) *string { return &a.Region },
	"postalCode":    func(a *Address) *string { return &a.PostalCode },
	"country":       func(a *Address) *string { return &a.Country },
	"type":          func(a *Address) *string { return &a.Type },
}

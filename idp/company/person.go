package company

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// Person is somebody as a directory knows them. "" is no value.
type Person struct {
	ID                string // the objectId, a UUID
	UserPrincipalName string // unique, ignoring case; also no other person's Mail
	Mail              string // unique, ignoring case; some have none, some another than the UserPrincipalName
	GivenName         string
	Surname           string // a few have none
	DisplayName       string // in some countries in the script of the country
	JobTitle          string
	Department        string // a few have none
	Division          string
	CompanyName       string // the subsidiary of the office's country
	EmployeeID        string // the same when somebody is hired again
	EmployeeType      string // Permanent, Part time, Contractor, Apprentice or Intern
	EmployeeHireDate  string // as 2006-01-02T00:00:00Z
	Country           string // by name, as "United Kingdom"
	City              string
	State             string
	StreetAddress     string
	PostalCode        string
	OfficeLocation    string
	PreferredLanguage string // a BCP 47 tag; a few have none
	MobilePhone       string // a number that nobody can have
	UsageLocation     string // the country by its ISO 3166 code
	UserType          string // Member, or Guest for those of a partner
	CostCenter        string
	BusinessUnit      string
	Grade             string // from G3 to G10, the head of the company
	AccountEnabled    bool
	Manager           string // the ID of another person; "" for the head and a few others
}

// texts are the properties that are texts, by the names that Entra has for them, in
// the order of the columns. What it has no name for is an extension attribute.
var texts = []struct {
	name string
	of   func(*Person) *string
}{
	{"objectId", func(p *Person) *string { return &p.ID }},
	{"userPrincipalName", func(p *Person) *string { return &p.UserPrincipalName }},
	{"mail", func(p *Person) *string { return &p.Mail }},
	{"givenName", func(p *Person) *string { return &p.GivenName }},
	{"surname", func(p *Person) *string { return &p.Surname }},
	{"displayName", func(p *Person) *string { return &p.DisplayName }},
	{"jobTitle", func(p *Person) *string { return &p.JobTitle }},
	{"department", func(p *Person) *string { return &p.Department }},
	{"division", func(p *Person) *string { return &p.Division }},
	{"companyName", func(p *Person) *string { return &p.CompanyName }},
	{"employeeId", func(p *Person) *string { return &p.EmployeeID }},
	{"employeeType", func(p *Person) *string { return &p.EmployeeType }},
	{"employeeHireDate", func(p *Person) *string { return &p.EmployeeHireDate }},
	{"country", func(p *Person) *string { return &p.Country }},
	{"city", func(p *Person) *string { return &p.City }},
	{"state", func(p *Person) *string { return &p.State }},
	{"streetAddress", func(p *Person) *string { return &p.StreetAddress }},
	{"postalCode", func(p *Person) *string { return &p.PostalCode }},
	{"physicalDeliveryOfficeName", func(p *Person) *string { return &p.OfficeLocation }},
	{"preferredLanguage", func(p *Person) *string { return &p.PreferredLanguage }},
	{"mobile", func(p *Person) *string { return &p.MobilePhone }},
	{"usageLocation", func(p *Person) *string { return &p.UsageLocation }},
	{"userType", func(p *Person) *string { return &p.UserType }},
	{"costCenter", func(p *Person) *string { return &p.CostCenter }},
	{"extensionAttribute1", func(p *Person) *string { return &p.BusinessUnit }},
	{"extensionAttribute3", func(p *Person) *string { return &p.Grade }},
	{managerProperty, func(p *Person) *string { return &p.Manager }},
}

const (
	enabledProperty = "accountEnabled"
	managerProperty = "manager"
)

// Properties are what a directory is told of the person, by Entra's names: texts, but
// for accountEnabled, which is a bool. Those without a value are left out.
// BusinessUnit is extensionAttribute1 and Grade extensionAttribute3, for Entra has no
// names of its own for them.
func (p Person) Properties() map[string]any {
	m := make(map[string]any, len(texts)+1)
	for _, t := range texts {
		if v := *t.of(&p); v != "" {
			m[t.name] = v
		}
	}
	m[enabledProperty] = p.AccountEnabled
	return m
}

// differences are the texts of b that a has not; nil for what b has no value for.
func differences(a, b *Person) map[string]any {
	m := make(map[string]any)
	for _, t := range texts {
		switch was, is := *t.of(a), *t.of(b); {
		case was == is:
		case is == "":
			m[t.name] = nil
		default:
			m[t.name] = is
		}
	}
	return m
}

// person is what the company knows of somebody. The rest follows from it.
type person struct {
	id       uuid.UUID
	number   int // employee number
	from     int // of lands
	given    *word
	family   *word // nil: none
	female   bool
	native   bool   // displayName is in the script of the origin
	local    string // the part of addresses that is the person's own
	habit    uint8  // of habits
	contract uint8  // of contracts
	rank     rank
	role     string
	hired    int // as a day
	language string
	mobile   string

	office  *office
	dept    *department // nil: none
	boss    *person     // nil: none
	reports []*person

	seats []seat            // memberships
	own   [ownGroups]*group // those that follow from where the person works
	step  int               // counts what was planned, so that an old plan is known
	fate  fate

	at      int // place among the people of the company, or in the bin
	enabled bool
	deleted bool
}

// origin is the land that the names come from.
func (p *person) origin() *land { return &lands[p.from] }

// guest reports whether somebody of a partner was invited.
func (p *person) guest() bool { return habits[p.habit].guest }

// view is a person as directories know them.
func (c *Company) view(p *person) Person {
	o := p.office
	v := Person{
		ID: p.id.String(), GivenName: p.given.text, DisplayName: c.displayName(p), JobTitle: p.rank.title(p.role, p.dept),
		CompanyName: o.company, EmployeeID: strconv.Itoa(p.number), EmployeeType: contracts[p.contract].name,
		EmployeeHireDate: day(p.hired).Format(time.RFC3339), Country: o.land().name, City: o.city.name, State: o.city.state,
		StreetAddress: o.street, PostalCode: o.postcode, OfficeLocation: o.name, PreferredLanguage: p.language, MobilePhone: p.mobile,
		UsageLocation: o.land().code, UserType: "Member", BusinessUnit: o.land().unit, Grade: ranks[p.rank].grade, AccountEnabled: p.enabled,
	}
	v.UserPrincipalName, v.Mail = c.addresses(p)
	if p.family != nil {
		v.Surname = p.family.text
	}
	if p.dept != nil {
		v.Department, v.Division, v.CostCenter = p.dept.name, p.dept.division, p.dept.costCenter
	}
	if p.boss != nil {
		v.Manager = p.boss.id.String()
	}
	if p.guest() {
		v.UserType = "Guest"
	}
	return v
}

func (c *Company) displayName(p *person) string {
	switch {
	case p.family == nil:
		return p.given.text
	case p.guest():
		return p.given.text + " " + p.family.text + " (" + c.partner + ")"
	case p.native && p.given.native != "" && p.family.native != "" && p.origin().familyFirst:
		return p.family.native + " " + p.given.native
	case p.native && p.given.native != "" && p.family.native != "":
		return p.given.native + " " + p.family.native
	case c.surnameFirst:
		return p.family.text + ", " + p.given.text
	}
	return p.given.text + " " + p.family.text
}

// habit is how somebody's userPrincipalName and mail are made.
type habit struct {
	share   int // of a thousand
	guest   bool
	byLogin bool // the userPrincipalName has nothing of the name
	address func(c *Company, p *person) (upn, mail string)
}

// habits begin with the usual one. All rest on the part of an address that is the
// person's own, so that no two people have the same address.
var habits = []habit{
	{share: 875, address: func(c *Company, p *person) (string, string) {
		upn := p.local + "@" + c.Domain
		return upn, upn
	}},
	{share: 50, address: func(c *Company, p *person) (string, string) { // the same in another case
		return p.local + "@" + c.Domain, capitals(p.local) + "@" + c.Domain
	}},
	{share: 25, byLogin: true, address: func(c *Company, p *person) (string, string) {
		return "w" + strconv.Itoa(p.number) + "@" + c.Domain, p.local + "@" + c.Domain
	}},
	{share: 20, address: func(c *Company, p *person) (string, string) { return p.local + "@" + c.Domain, "" }},
	{share: 20, address: func(c *Company, p *person) (string, string) { // came with a company that was bought
		return p.local + "@" + c.Domain, p.local + "@" + c.bought
	}},
	{share: 5, address: func(c *Company, p *person) (string, string) {
		return p.local + "@" + c.Domain, p.local + "+" + strings.ToLower(p.origin().code) + "@" + c.Domain
	}},
	{share: 5, guest: true, address: func(c *Company, p *person) (string, string) {
		partner := strings.ToLower(c.partner) + ".example"
		return p.local + "_" + partner + "#EXT#@" + c.Domain, p.local + "@" + partner
	}},
}

func (c *Company) addresses(p *person) (upn, mail string) { return habits[p.habit].address(c, p) }

// capitals writes each part of a local part with a capital.
func capitals(local string) string {
	b := []byte(local)
	for i, ch := range b {
		if 'a' <= ch && ch <= 'z' && (i == 0 || b[i-1] == '.' || b[i-1] == '-' || b[i-1] == '_') {
			b[i] = ch - 'a' + 'A'
		}
	}
	return string(b)
}

// spellings are the ways in which companies make the local part of an address of a
// given name and a surname. The first are for those that have many homonyms.
var spellings = []func(given, family string) string{
	func(given, family string) string { return given + "." + family },
	func(given, family string) string { return given + "." + family },
	func(given, family string) string { return family + "." + given },
	func(given, family string) string { return given + "_" + family },
	func(given, family string) string { return given[:1] + "." + family },
	func(given, family string) string { return given[:1] + family },
}

const spellingsOfLarge = 4

// localPart is the next free local part for somebody's name.
func (c *Company) localPart(p *person) string {
	name := p.given.local
	if p.family != nil {
		name = spellings[c.spelling](p.given.local, p.family.local)
	}
	if !c.apostrophes {
		name = strings.ReplaceAll(name, "'", "")
	}
	if n := c.locals.next(name); n > 1 {
		name += strconv.Itoa(n)
	}
	return name
}

// A day is counted from the beginning of 1970, so that steps are sums.
func day(n int) time.Time { return time.Unix(int64(n)*24*60*60, 0).UTC() }

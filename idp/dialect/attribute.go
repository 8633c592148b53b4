package dialect

import (
	"cmp"
	"slices"
	"strings"

	"github.com/usher-scim/scim/idp"
)

// Attribute is an attribute of a person that a provider may map.
type Attribute uint8

// The attributes. What a mapping always has is not among them: userName, active,
// emails and the manager.
const (
	ExternalID Attribute = iota // Person.ID
	GivenName
	FamilyName
	Formatted // the DisplayName, or given name and family name
	DisplayName
	Title
	Department
	Division
	Organization
	EmployeeNumber
	Country
	PreferredLanguage
	Timezone
	Mobile
	HireDate
	ServiceID // the userName under id, which no client may write: a mistake that is made
)

const enterprise = idp.EnterpriseSchema + ":"

// attributes is what there is to know of each Attribute.
var attributes = [...]struct {
	path idp.Path
	of   func(*Person) string
}{
	ExternalID:        {idp.MustPath("externalId"), func(p *Person) string { return p.ID }},
	GivenName:         {idp.MustPath("name.givenName"), func(p *Person) string { return p.GivenName }},
	FamilyName:        {idp.MustPath("name.familyName"), func(p *Person) string { return p.FamilyName }},
	Formatted:         {idp.MustPath("name.formatted"), func(p *Person) string { return p.fullName() }},
	DisplayName:       {idp.MustPath("displayName"), func(p *Person) string { return p.DisplayName }},
	Title:             {idp.MustPath("title"), func(p *Person) string { return p.Title }},
	Department:        {idp.MustPath(enterprise + "department"), func(p *Person) string { return p.Department }},
	Division:          {idp.MustPath(enterprise + "division"), func(p *Person) string { return p.Division }},
	Organization:      {idp.MustPath(enterprise + "organization"), func(p *Person) string { return p.Organization }},
	EmployeeNumber:    {idp.MustPath(enterprise + "employeeNumber"), func(p *Person) string { return p.EmployeeNumber }},
	Country:           {idp.MustPath(`addresses[type eq "work"].country`), func(p *Person) string { return p.Country }},
	PreferredLanguage: {idp.MustPath("preferredLanguage"), func(p *Person) string { return p.PreferredLanguage }},
	Timezone:          {idp.MustPath("timezone"), func(p *Person) string { return p.Timezone }},
	Mobile:            {idp.MustPath(`phoneNumbers[type eq "mobile"].value`), func(p *Person) string { return p.Mobile }},
	HireDate:          {idp.MustPath(enterprise + "hireDate"), func(p *Person) string { return p.HireDate }},
	ServiceID:         {idp.MustPath("id"), func(p *Person) string { return p.UserName }},
}

// String is the SCIM path of the attribute.
func (a Attribute) String() string { return attributes[a].path.String() }

func (p *Person) fullName() string {
	return cmp.Or(p.DisplayName, strings.TrimSpace(p.GivenName+" "+p.FamilyName))
}

// SetAttributes changes Dialect.Attributes, as an administrator does who edits the
// mapping. It counts for people as they change; what is not mapped any more is neither
// sent nor taken away.
func (p *Provider) SetAttributes(mapped []Attribute) {
	for _, before := range p.dialect.Attributes {
		if slices.Contains(mapped, before) {
			continue
		}
		path := attributes[before].path
		for _, a := range slices.Concat(p.order, p.gone) {
			if a.sent != nil {
				a.sent.Set(path, nil)
			}
			delete(a.doubt, changeOf(path).path())
		}
	}
	p.dialect.Attributes = slices.Clone(mapped)
}

var managerPath = idp.MustPath(enterprise + "manager")

var (
	activePath = idp.MustPath("active")
	emailsPath = idp.MustPath("emails")
)

// body is a person as the provider would write it now, without schemas.
func (p *Provider) body(a *account) idp.Resource {
	d := &p.dialect
	r := idp.Resource{"userName": a.person.UserName, "active": !a.person.Disabled}
	if d.Emails != nil {
		d.set(r, a.sent, emailsPath, d.Emails(a.person))
	}
	for _, at := range d.Attributes {
		var v any
		if text := attributes[at].of(&a.person); text != "" {
			v = text
		}
		d.set(r, a.sent, attributes[at].path, v)
	}
	if d.Manager != nil {
		d.set(r, a.sent, managerPath, p.manager(a.person.Manager))
	}
	return r
}

// mapped calls f for each attribute that a mapping may take away, and active, as a
// change of nothing.
func (p *Provider) mapped(f func(Change)) {
	paths := []idp.Path{activePath}
	if p.dialect.Emails != nil {
		paths = append(paths, emailsPath)
	}
	for _, at := range p.dialect.Attributes {
		paths = append(paths, attributes[at].path)
	}
	if p.dialect.Manager != nil {
		paths = append(paths, managerPath)
	}
	for _, path := range paths {
		f(changeOf(path))
	}
}

// changeOf is a change to nothing of what holds a mapped path.
func changeOf(path idp.Path) Change {
	switch urn, attribute, sub := path.Parts(); {
	case urn != "":
		return Change{Names: []string{urn, attribute}}
	case attribute == "name":
		return Change{Names: []string{attribute, sub}}
	default:
		return Change{Names: []string{attribute}}
	}
}

// manager is the attribute of who has a manager of that ID, nil while there is none.
func (p *Provider) manager(id string) any {
	m := p.people[id]
	if m == nil {
		return nil
	}
	value := p.dialect.Manager(m.person, m.id)
	if value == "" {
		return nil
	}
	return map[string]any{"value": value}
}

// set writes a mapped attribute, or that it has no value.
func (d *Dialect) set(r, sent idp.Resource, path idp.Path, v any) {
	if v == nil && d.Unset == Kept {
		v = sent.Get(path)
	}
	if v != nil || d.Unset != Null {
		r.Set(path, v)
		return
	}
	in := map[string]any(r)
	urn, attribute, sub := path.Parts()
	if urn != "" {
		in = object(in, urn)
	}
	if sub != "" && !path.Filtered() {
		in, attribute = object(in, attribute), sub
	}
	in[attribute] = nil
}

// object is a member that is an object, and is made if it is not there.
func object(in map[string]any, name string) map[string]any {
	o, ok := in[name].(map[string]any)
	if !ok {
		o = make(map[string]any)
		in[name] = o
	}
	return o
}

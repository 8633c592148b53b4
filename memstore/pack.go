package memstore

import (
	"bytes"

	"github.com/usher-scim/scim"
)

// pack moves the strings of u into one allocation. Some forty strings of their
// own would each be rounded up to a size of the allocator, and be an object more
// for the collector; packed, a full profile is a fifth smaller.
//
// It leaves alone the ID, which outlives the profile, the keys of folders, which
// the folders keep, the maps, which few profiles have, and whatever of a very
// long profile does not fit.
func pack(u *scim.User) {
	var p packer
	p.names(&u.Name.Formatted, &u.DisplayName, &u.Keys.Label)
	p.names(&u.Email, &u.Login, &u.UserName, &u.Keys.Email, &u.Keys.UserName)
	for i := range u.Emails {
		p.names(&u.Emails[i].Value, &u.Emails[i].Display)
	}
	for i := range u.Keys.Addresses {
		p.names(&u.Keys.Addresses[i])
	}
	p.names(&u.Name.FamilyName, &u.Name.GivenName, &u.Name.MiddleName)
	p.names(&u.Name.HonorificPrefix, &u.Name.HonorificSuffix, &u.NickName)

	for i := range u.Emails {
		p.values(&u.Emails[i].Type)
	}
	for i := range u.PhoneNumbers {
		v := &u.PhoneNumbers[i]
		p.values(&v.Value, &v.Display, &v.Type)
	}
	for i := range u.Addresses {
		a := &u.Addresses[i]
		p.values(&a.Formatted, &a.StreetAddress, &a.Locality, &a.Region, &a.PostalCode, &a.Country, &a.Type)
	}
	for i := range u.Kept {
		p.values(&u.Kept[i].Attribute, &u.Kept[i].Text)
	}
	p.values(&u.Version, &u.Connection, &u.DeactivatedBy, &u.ExternalID, &u.Manager.Value, &u.Manager.Ref)
	p.values(&u.Department, &u.Division, &u.Organization, &u.BusinessUnit, &u.CostCenter, &u.Office)
	p.values(&u.StreetAddress, &u.City, &u.Title, &u.UserType, &u.EmployeeType, &u.Grade)
	p.values(&u.EmployeeNumber, &u.EmployeeLevel, &u.HireDate, &u.Timezone, &u.PreferredLanguage, &u.Locale)
	p.finish()
}

// packer collects the strings that are going to share one allocation. It lives on
// the stack, and its bounds are those of what a hostile profile can cost.
type packer struct {
	text [1024]byte
	refs [64]ref
	size int // of the text
	n    int // of the refs
}

// ref is a string and where in the text it is going to be.
type ref struct {
	s  *string
	at int
}

// names packs strings that are often the same, or one a part of the other: the
// user name, the e-mail address, their folded keys, the display name.
func (p *packer) names(strings ...*string) {
	for _, s := range strings {
		if at := p.find(*s); at >= 0 {
			p.refer(s, at)
		} else {
			p.values(s)
		}
	}
}

// values packs strings one behind the other.
func (p *packer) values(strings ...*string) {
	for _, s := range strings {
		if len(*s) <= len(p.text)-p.size && p.refer(s, p.size) {
			p.size += copy(p.text[p.size:], *s)
		}
	}
}

// refer notes where s is going to be, and reports whether it could.
func (p *packer) refer(s *string, at int) bool {
	if *s == "" || p.n == len(p.refs) {
		return false
	}
	p.refs[p.n] = ref{s, at}
	p.n++
	return true
}

// find returns where s stands in the text already, or -1.
func (p *packer) find(s string) int {
	if s == "" || p.n == len(p.refs) {
		return -1
	}
	for at, last := 0, p.size-len(s); at <= last; at++ {
		i := bytes.IndexByte(p.text[at:last+1], s[0])
		if i < 0 {
			return -1
		}
		if at += i; string(p.text[at:at+len(s)]) == s {
			return at
		}
	}
	return -1
}

// finish makes the collected strings parts of one.
func (p *packer) finish() {
	text := string(p.text[:p.size])
	for _, r := range p.refs[:p.n] {
		*r.s = text[r.at : r.at+len(*r.s)]
	}
}

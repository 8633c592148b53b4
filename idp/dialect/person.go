package dialect

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/usher-scim/scim/idp"
)

// Person is somebody in the provider's own directory. What is "" has no value.
type Person struct {
	ID       string // the provider's own, which never changes; required
	UserName string // required
	Email    string // at work

	HomeEmail, GivenName, FamilyName, DisplayName, Title   string
	Department, Division, Organization, EmployeeNumber     string
	Country, PreferredLanguage, Timezone, Mobile, HireDate string

	Manager  string // the ID of the manager
	Disabled bool
}

// The errors of a provider's directory.
var (
	ErrUnknown = errors.New("dialect: there is nobody, or no group, of that name")
	ErrTaken   = errors.New("dialect: somebody else, or another group, has that name")
)

// account is a person, and what the provider knows of it at the service.
type account struct {
	person Person
	id     string       // "": not linked to a user yet
	sent   idp.Resource // what the service took last; nil: nothing yet
	// doubt has what writes without an answer changed, by path: nobody knows what the
	// service has.
	doubt map[string]Change
	left  time.Time // when it was removed from the directory
}

// group is a group of the directory, and what the provider knows of it at the service.
type group struct {
	own     string // the provider's id
	name    string
	members map[string]bool // by Person.ID
	id      string          // "": not linked yet
	named   string          // the name that the service took last; "" is in doubt
	sent    map[string]bool // the members that the service took, by their ids there
	doubt   map[string]bool // those of whom nobody knows whether it did
}

// Put adds somebody to the directory, or makes the person of that ID what it is now.
// Errors: [ErrTaken], and a person without ID or UserName.
func (p *Provider) Put(person Person) error {
	if person.ID == "" || person.UserName == "" {
		return errors.New("dialect: a person needs ID and UserName")
	}
	name := strings.ToLower(person.UserName)
	if id, taken := p.names[name]; taken && id != person.ID {
		return fmt.Errorf("%w: userName %q", ErrTaken, person.UserName)
	}
	a := p.people[person.ID]
	if a == nil {
		a = p.comeBack(person.ID)
		p.people[person.ID] = a
		p.order = append(p.order, a)
	} else {
		delete(p.names, strings.ToLower(a.person.UserName))
	}
	a.person, p.names[name] = person, person.ID
	return nil
}

// comeBack returns the account of somebody whose removal is not through yet, else a
// new one.
func (p *Provider) comeBack(id string) *account {
	for i, a := range p.gone {
		if a.person.ID == id {
			p.gone = slices.Delete(p.gone, i, i+1)
			return a
		}
	}
	return new(account)
}

// Person returns who has an ID, and false if nobody has.
func (p *Provider) Person(id string) (Person, bool) {
	a := p.people[id]
	if a == nil {
		return Person{}, false
	}
	return a.person, true
}

// ServiceID is the id that somebody has at the service; "" while that is not known.
func (p *Provider) ServiceID(id string) string {
	if a := p.people[id]; a != nil {
		return a.id
	}
	return ""
}

// Change changes somebody. Errors: [ErrUnknown], and those of Put.
func (p *Provider) Change(id string, change func(*Person)) error {
	a := p.people[id]
	if a == nil {
		return fmt.Errorf("%w: %q", ErrUnknown, id)
	}
	person := a.person
	change(&person)
	person.ID = id
	return p.Put(person)
}

// Rename gives somebody another userName, which is the new e-mail address too where
// the old one was. Errors: those of Change.
func (p *Provider) Rename(id, userName string) error {
	return p.Change(id, func(person *Person) {
		if strings.EqualFold(person.Email, person.UserName) {
			person.Email = userName
		}
		person.UserName = userName
	})
}

// Disable ends somebody's access, Enable gives it back. Errors: [ErrUnknown].
func (p *Provider) Disable(id string) error {
	return p.Change(id, func(person *Person) { person.Disabled = true })
}

// Enable gives somebody access again. Errors: [ErrUnknown].
func (p *Provider) Enable(id string) error {
	return p.Change(id, func(person *Person) { person.Disabled = false })
}

// Remove takes somebody out of the directory and of all groups; nobody's manager is
// that person any more. Errors: [ErrUnknown].
func (p *Provider) Remove(id string) error {
	a := p.people[id]
	if a == nil {
		return fmt.Errorf("%w: %q", ErrUnknown, id)
	}
	delete(p.people, id)
	delete(p.names, strings.ToLower(a.person.UserName))
	p.order = slices.DeleteFunc(p.order, func(o *account) bool { return o == a })
	for _, o := range p.order {
		if o.person.Manager == id {
			o.person.Manager = ""
		}
	}
	for _, g := range p.groups {
		delete(g.members, id)
	}
	if a.id != "" {
		a.left = p.clock.Now()
		p.gone = append(p.gone, a)
	}
	return nil
}

// PutGroup makes a group, or makes these people its members and nobody else.
// Errors: [ErrUnknown].
func (p *Provider) PutGroup(name string, ids ...string) error {
	for _, id := range ids {
		if p.people[id] == nil {
			return fmt.Errorf("%w: %q", ErrUnknown, id)
		}
	}
	g := p.groups[name]
	if g == nil {
		if name == "" {
			return errors.New("dialect: a group needs a name")
		}
		p.madeGroups++
		g = &group{own: fmt.Sprintf("group-%d", p.madeGroups), name: name}
		p.groups[name] = g
	}
	g.members = make(map[string]bool)
	for _, id := range ids {
		p.join(g, id)
	}
	return nil
}

// join makes somebody a member, and of nothing else where that is so.
func (p *Provider) join(g *group, id string) {
	if p.dialect.Exclusive {
		for _, o := range p.groups {
			delete(o.members, id)
		}
	}
	g.members[id] = true
}

// RenameGroup gives a group another name. Errors: [ErrUnknown], [ErrTaken].
func (p *Provider) RenameGroup(from, to string) error {
	g := p.groups[from]
	switch {
	case g == nil:
		return fmt.Errorf("%w: %q", ErrUnknown, from)
	case to == "" || p.groups[to] != nil:
		return fmt.Errorf("%w: %q", ErrTaken, to)
	}
	delete(p.groups, from)
	g.name = to
	p.groups[to] = g
	return nil
}

// AddMember makes somebody a member of a group. Errors: [ErrUnknown].
func (p *Provider) AddMember(name, id string) error {
	g := p.groups[name]
	if g == nil || p.people[id] == nil {
		return fmt.Errorf("%w: %q, %q", ErrUnknown, name, id)
	}
	p.join(g, id)
	return nil
}

// RemoveMember takes somebody out of a group; who is not in it stays out.
// Errors: [ErrUnknown].
func (p *Provider) RemoveMember(name, id string) error {
	g := p.groups[name]
	if g == nil {
		return fmt.Errorf("%w: %q", ErrUnknown, name)
	}
	delete(g.members, id)
	return nil
}

// DeleteGroup takes a group out of the directory. Errors: [ErrUnknown].
func (p *Provider) DeleteGroup(name string) error {
	g := p.groups[name]
	if g == nil {
		return fmt.Errorf("%w: %q", ErrUnknown, name)
	}
	delete(p.groups, name)
	if g.id != "" {
		p.goneGroups = append(p.goneGroups, g)
	}
	return nil
}

// People returns the IDs of everybody in the directory, as they came.
func (p *Provider) People() []string {
	out := make([]string, len(p.order))
	for i, a := range p.order {
		out[i] = a.person.ID
	}
	return out
}

// Groups returns the names of the directory's groups, sorted.
func (p *Provider) Groups() []string { return slices.Sorted(maps.Keys(p.groups)) }

// Members returns the IDs of a group's members in the directory, sorted.
func (p *Provider) Members(name string) []string {
	if g := p.groups[name]; g != nil {
		return slices.Sorted(maps.Keys(g.members))
	}
	return nil
}

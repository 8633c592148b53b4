package company

import (
	"iter"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
)

// Company is a company on the evening of a day. It is not safe for use by several
// goroutines at once; New makes one.
type Company struct {
	// Name and Domain are the company's, not to be changed. Most userPrincipalNames
	// and e-mail addresses end in the domain.
	Name, Domain string
	// Rates says how much happens. It may be changed between days.
	Rates Rates

	rand  *rand.Rand
	today int // as a day
	due   map[int][]appointment

	partner      string // where guests come from
	bought       string // the domain of a company that was bought
	spelling     int    // of spellings
	surnameFirst bool   // in display names
	apostrophes  bool   // stay in addresses

	offices []*office
	weights []int // the sum of those up to each office
	depts   []*department
	head    *person
	people  []*person // also those whose account is disabled
	bin     []*person // deleted, but not for good
	byID    map[uuid.UUID]*person
	number  int // the last employee number

	groups          []*group
	projects        []*group
	staff, managers *group
	locals, names   sequence // local parts of addresses, and names of groups

	open   bool // a day passes, so that events are told
	events []Event
}

// office is where people work.
type office struct {
	from                   int // of lands
	city                   city
	name, street, postcode string
	company                string // the subsidiary
	group                  *group
}

func (o *office) land() *land { return &lands[o.from] }

// department is a folder of people, with a group.
type department struct {
	name, division, costCenter string
	trade                      *trade
	land                       *land // where all of it works; nil: anywhere
	group                      *group
}

// New makes up a company of so many people, of which a few have their account
// disabled; below one counts as one. Today is then the first of January 2026.
func New(seed uint64, people int) *Company {
	people = max(people, 1)
	c := &Company{
		rand:   rand.New(rand.NewPCG(seed, uint64(people))),
		today:  int(time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC).Unix() / (24 * 60 * 60)),
		due:    make(map[int][]appointment),
		people: make([]*person, 0, people),
		byID:   make(map[uuid.UUID]*person, people),
		locals: make(sequence),
		names:  make(sequence),
	}
	c.found(people)
	c.settle(people)
	c.employ(people)
	c.begin()
	return c
}

// Today is the day whose evening it is, at midnight UTC.
func (c *Company) Today() time.Time { return day(c.today) }

// Len is the number of people, those whose account is disabled included.
func (c *Company) Len() int { return len(c.people) }

// Head is who has nobody above.
func (c *Company) Head() Person { return c.view(c.head) }

// People are those of the company, also those whose account is disabled, but not
// those who are deleted. The order means nothing and is the same for the same seed.
func (c *Company) People() iter.Seq[Person] { return c.views(&c.people) }

// Deleted are the people in the recycle bin, as they were when they were deleted,
// their managers, who may have left since, included.
func (c *Company) Deleted() iter.Seq[Person] { return c.views(&c.bin) }

func (c *Company) views(of *[]*person) iter.Seq[Person] {
	return func(yield func(Person) bool) {
		for _, p := range *of {
			if !yield(c.view(p)) {
				return
			}
		}
	}
}

// Person returns one of People or Deleted by the ID.
func (c *Company) Person(id string) (Person, bool) {
	key, err := uuid.Parse(id)
	if err != nil {
		return Person{}, false
	}
	p, found := c.byID[key]
	if !found {
		return Person{}, false
	}
	return c.view(p), true
}

// Group is a group of people.
type Group struct {
	ID, Name string
	Members  []string // IDs of People, in no order
}

// Properties are what a directory is told of the group beside its members, by
// Entra's names: objectId and displayName.
func (g Group) Properties() map[string]any {
	return map[string]any{"objectId": g.ID, nameProperty: g.Name}
}

const nameProperty = "displayName"

// Groups are one of all but guests, one of those who manage, one for each department
// and office, and projects. Their names are unique, ignoring case, and have no
// semicolon. The order means nothing and is the same for the same seed.
func (c *Company) Groups() iter.Seq[Group] {
	return func(yield func(Group) bool) {
		for _, g := range c.groups {
			out := Group{ID: g.id.String(), Name: g.name, Members: make([]string, len(g.members))}
			for i, p := range g.members {
				out.Members[i] = p.id.String()
			}
			if !yield(out) {
				return
			}
		}
	}
}

// newID makes a UUID of version 4.
func (c *Company) newID() (id uuid.UUID) {
	for i := 0; i < len(id); i += 8 {
		for j, n := 0, c.rand.Uint64(); j < 8; j++ {
			id[i+j] = byte(n >> (8 * j))
		}
	}
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// chance is true so many times of a thousand.
func (c *Company) chance(permille int) bool { return c.rand.IntN(1000) < permille }

// between is a number from the one to the other, both included.
func (c *Company) between(from, to int) int { return from + c.rand.IntN(to-from+1) }

func pick[T any](c *Company, of []T) T { return of[c.rand.IntN(len(of))] }

// pickShare picks one of n things by their shares, which are of a thousand together.
func (c *Company) pickShare(n int, share func(i int) int) uint8 {
	left := c.rand.IntN(1000)
	for i := range n {
		if left -= share(i); left < 0 {
			return uint8(i)
		}
	}
	return 0
}

// fill puts digits and capitals into a pattern.
func (c *Company) fill(pattern string) string {
	b := []byte(pattern)
	for i, ch := range b {
		switch ch {
		case '#':
			b[i] = byte('1' + c.rand.IntN(9))
		case '@':
			b[i] = byte('A' + c.rand.IntN(26))
		}
	}
	return string(b)
}

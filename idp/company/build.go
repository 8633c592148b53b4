package company

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// From how many people on a company has heads of divisions, and a department is one
// for each country.
const (
	divided  = 200
	national = 3000
)

// The most people who report to somebody; how many may be a team before it is made
// several, and between how many those then have.
const (
	maxSpan   = 15
	largeTeam = 12
	lowSpan   = 5
	highSpan  = 10
)

// found gives the company a name and habits.
func (c *Company) found(people int) {
	firsts := slices.Clone(firstNames)
	c.rand.Shuffle(len(firsts), func(i, j int) { firsts[i], firsts[j] = firsts[j], firsts[i] })
	c.Name = firsts[0] + " " + pick(c, secondNames)
	c.Domain = strings.ToLower(strings.ReplaceAll(c.Name, " ", "")) + ".example"
	c.bought = strings.ToLower(firsts[1]) + ".example"
	c.partner = firsts[2]
	c.spelling = c.rand.IntN(spellingsOfLarge)
	if people < divided {
		c.spelling = c.rand.IntN(len(spellings))
	}
	c.surnameFirst = c.chance(250)
	c.apostrophes = c.chance(700)
	c.number = 10000 + people
	c.staff = c.newGroup("All "+c.Name, false)
	c.managers = c.newGroup("People managers", false)
}

// settle opens the offices: the first, which is the largest, is the headquarters.
func (c *Company) settle(people int) {
	count := min(max(1, int(math.Pow(float64(people), 0.4)/2)), len(lands)*len(lands[0].cities)*2)
	home := c.rand.IntN(len(lands))
	taken := make(map[string]bool)
	for len(c.offices) < count {
		from := home
		if len(c.offices) > 0 && c.chance(650) {
			from = c.rand.IntN(len(lands))
		}
		o := c.newOffice(from, taken)
		if o == nil {
			continue
		}
		c.offices = append(c.offices, o)
		weight := int(1000 / math.Pow(float64(len(c.offices)), 0.7))
		if len(c.weights) > 0 {
			weight += c.weights[len(c.weights)-1]
		}
		c.weights = append(c.weights, weight)
	}
}

// newOffice opens an office in a land, or returns nil if the place has one.
func (c *Company) newOffice(from int, taken map[string]bool) *office {
	l := &lands[from]
	o := &office{from: from, city: pick(c, l.cities), company: c.Name + " " + l.legal}
	o.name = o.city.name
	if taken[o.name] {
		o.name += pick(c, quarters)
	}
	if taken[o.name] {
		return nil
	}
	taken[o.name] = true
	o.street = c.fill(pick(c, strings.Split(l.street, "|")))
	o.postcode = c.fill(o.city.postcode)
	o.group = c.newGroup("Office "+o.name, false)
	return o
}

// officeFor picks an office for somebody of a department: the larger, the likelier.
func (c *Company) officeFor(d *department) *office {
	if d != nil && d.land != nil {
		return c.officeIn(d.land)
	}
	at, _ := slices.BinarySearch(c.weights, 1+c.rand.IntN(c.weights[len(c.weights)-1]))
	return c.offices[at]
}

// officeIn picks one of the offices of a land, which has some.
func (c *Company) officeIn(l *land) *office {
	for {
		if o := pick(c, c.offices); o.land() == l {
			return o
		}
	}
}

func (c *Company) newDepartment(t *trade, l *land) *department {
	d := &department{name: t.name, division: t.division, trade: t, land: l, costCenter: fmt.Sprintf("CC-%d", 4000+10*len(c.depts))}
	if l != nil {
		d.name += " " + l.name
	}
	d.group = c.newGroup(d.name, false)
	c.depts = append(c.depts, d)
	return d
}

// staffing is a company that is being employed: numbers are the employee numbers, in
// no order, for the lower they are the longer somebody is there.
type staffing struct {
	*Company
	numbers []int
}

// employ fills the company, from the head down.
func (c *Company) employ(people int) {
	s := &staffing{c, c.rand.Perm(people)}
	exec := c.newDepartment(&board, nil)
	c.head = s.appoint(nil, exec, c.offices[0], chief, "Chief Executive Officer")
	left := people - 1
	count := min(max(1, int(math.Sqrt(float64(people))/2)), len(trades), left)
	if count == 0 {
		return
	}
	heads := make(map[string]*person)
	if people >= divided {
		for _, t := range trades[:count] {
			if heads[t.division] == nil {
				heads[t.division] = s.appoint(c.head, exec, c.officeFor(nil), divisionHead, "Director, "+t.division)
				left--
			}
		}
		for range c.between(1, 3) {
			s.employee(c.head)
			left--
		}
	}
	weights := make([]int, count)
	for i, t := range trades[:count] {
		weights[i] = t.weight
	}
	for i, size := range divide(left, weights) {
		above := heads[trades[i].division]
		if above == nil {
			above = c.head
		}
		s.department(above, &trades[i], size)
	}
}

// divide cuts a number into parts by weight, each at least one.
func divide(total int, weights []int) []int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	spare := total - len(weights)
	parts, given := make([]int, len(weights)), 0
	for i, w := range weights {
		parts[i] = 1 + spare*w/sum
		given += parts[i]
	}
	parts[0] += total - given
	return parts
}

// department makes a department of a size, of which one leads it. A large one has a
// department in each of the countries where the company is largest.
func (s *staffing) department(above *person, t *trade, size int) {
	d := s.newDepartment(t, nil)
	top := s.appoint(above, d, s.officeFor(nil), departmentHead, pick(s.Company, t.roles))
	where, weights := s.countries()
	if size < national || len(where) == 1 {
		s.teams(top, size-1)
		return
	}
	for i, part := range divide(size-1, weights) {
		n := s.newDepartment(t, where[i])
		s.teams(s.appoint(top, n, s.officeFor(n), departmentHead, pick(s.Company, t.roles)), part-1)
	}
}

// countries are those with offices, at most as many as can report to one person, and
// how many offices they have.
func (c *Company) countries() (where []*land, weights []int) {
	for _, o := range c.offices {
		switch i := slices.Index(where, o.land()); {
		case i >= 0:
			weights[i]++
		case len(where) < highSpan:
			where, weights = append(where, o.land()), append(weights, 1)
		}
	}
	return where, weights
}

// teams puts so many people under somebody: directly, or in teams.
func (s *staffing) teams(boss *person, size int) {
	if size <= largeTeam {
		for range size {
			s.employee(boss)
		}
		return
	}
	span := s.between(lowSpan, highSpan)
	count := min((size+span)/(span+1), span)
	for i := range count {
		part := size / count
		if i < size%count {
			part++
		}
		r := lead
		if part > largeTeam+1 {
			r = manager
		}
		o := boss.office
		if s.chance(400) {
			o = s.officeFor(boss.dept)
		}
		s.teams(s.appoint(boss, boss.dept, o, r, pick(s.Company, boss.dept.trade.roles)), part-1)
	}
}

// appoint employs one who manages.
func (s *staffing) appoint(boss *person, d *department, o *office, r rank, role string) *person {
	p := s.newcomer(d, o)
	p.contract, p.rank, p.role, p.habit = 0, r, role, 0
	s.arrive(p, boss)
	return p
}

// employee employs one who does not manage.
func (s *staffing) employee(boss *person) {
	o := boss.office
	if s.chance(150) {
		o = s.officeFor(boss.dept)
	}
	p := s.newcomer(boss.dept, o)
	if s.chance(3) {
		p.dept = nil
	}
	if s.chance(3) {
		boss = nil
	}
	s.arrive(p, boss)
	p.enabled = !s.chance(10)
}

// newcomer is somebody who was employed in the past.
func (s *staffing) newcomer(d *department, o *office) *person {
	k := s.numbers[0]
	p := s.newPerson(d, o)
	p.number = 10001 + k
	p.hired = s.past((float64(k) + 0.5) / float64(len(s.Company.people)+len(s.numbers)))
	if c := contracts[p.contract]; c.years > 0 && s.today-p.hired > 366*c.years {
		p.contract = 0
	}
	s.numbers = s.numbers[1:]
	return p
}

// past is the day when those with a share of the employee numbers below theirs were
// hired: most of them lately, some long ago.
func (c *Company) past(share float64) int {
	const years, most = 6, 38
	d := c.today - int(365.25*min(-years*math.Log(share), most))
	return weekday(d, -1)
}

// begin makes the projects and says what becomes of those whose account is disabled.
func (c *Company) begin() {
	for range max(1, len(c.people)/60) {
		c.startProject()
	}
	for _, p := range c.people {
		switch {
		case p.enabled:
		case c.chance(500):
			c.plan(p, 1, 90, (*Company).comeBack)
		default:
			c.plan(p, 1, 14, (*Company).remove)
		}
	}
}

package company

import (
	"slices"
	"strings"
)

// How many of those who do not manage have a rank, of a thousand.
var rankShares = [...]int{junior: 200, plain: 550, senior: 250}

// newPerson makes up somebody who works in a department at an office, but for the
// employee number. They are not there yet.
func (c *Company) newPerson(d *department, o *office) *person {
	from := o.from
	if c.chance(180) {
		from = c.rand.IntN(len(lands))
	}
	p := &person{
		id: c.newID(), from: from, female: c.chance(500), native: c.chance(600),
		hired: c.today, office: o, dept: d, enabled: true, seats: make([]seat, 0, ownGroups),
	}
	p.given = c.givenName(from, p.female)
	if !c.chance(3) {
		p.family = c.surname(from, p.female)
	}
	p.habit = c.pickShare(len(habits), func(i int) int { return habits[i].share })
	p.contract = c.pickShare(len(contracts), func(i int) int { return contracts[i].share })
	p.rank = rank(c.pickShare(len(rankShares), func(i int) int { return rankShares[i] }))
	p.role = pick(c, d.trade.roles)
	p.language = o.land().language
	switch {
	case c.chance(5):
		p.language = ""
	case c.chance(15):
		p.language = "en"
	case c.chance(250):
		p.language = p.origin().language
	}
	if !c.chance(80) {
		p.mobile = c.fill(o.land().mobile)
	}
	return p
}

// givenName is one of a land, or two, of which addresses have the first.
func (c *Company) givenName(from int, female bool) *word {
	names := rosters()[from].given(female)
	name := pick(c, names)
	if second := pick(c, names); c.chance(120) && second != name {
		both := join(name, " ", second)
		both.local = name.local
		return both
	}
	return name
}

// surname is one of a land: one of the common ones, a rarer one, or two of them.
func (c *Company) surname(from int, female bool) *word {
	l, names := &lands[from], &rosters()[from]
	name := pick(c, names.family).of(female)
	if c.chance(350) {
		return name
	}
	if !l.two {
		return pick(c, names.rare).of(female)
	}
	if second := pick(c, names.family).of(female); second != name {
		return join(name, " ", second)
	}
	return name
}

// arrive lets somebody work under a boss; nil is none. Who never worked here gets an
// address.
func (c *Company) arrive(p, boss *person) {
	if p.local == "" {
		p.local = c.localPart(p)
	}
	p.at = len(c.people)
	c.people = append(c.people, p)
	c.byID[p.id] = p
	c.setBoss(p, boss)
	if c.open {
		c.tell(Hired, "", p, nil, c.view(p).Properties())
	}
	c.regroup(p)
	c.spread(boss)
}

// hire employs somebody new beside somebody who manages nobody.
func (c *Company) hire() {
	beside := c.somebody(func(p *person) bool { return isStaff(p) && p.dept != nil })
	d, o, boss := c.head.dept, c.head.office, c.head
	if beside != nil {
		d, o = beside.dept, beside.office
		boss = c.bossBeside(beside)
	}
	if c.chance(150) {
		o = c.officeFor(d)
	}
	p := c.newPerson(d, o)
	c.number++
	p.number = c.number
	c.arrive(p, boss)
}

// bossBeside is who those beside somebody report to.
func (c *Company) bossBeside(p *person) *person {
	if p.boss == nil {
		return c.head
	}
	return p.boss
}

// setBoss moves somebody under a boss, nil for none, and both bosses into or out of
// the group of those who manage.
func (c *Company) setBoss(p, boss *person) {
	c.unlink(p)
	p.boss = boss
	if boss != nil {
		boss.reports = append(boss.reports, p)
		c.regroup(boss)
	}
}

// unlink takes somebody from those who report to the boss; p.boss stays as it was.
func (c *Company) unlink(p *person) {
	boss := p.boss
	if boss == nil {
		return
	}
	if i := slices.Index(boss.reports, p); i >= 0 {
		boss.reports = slices.Delete(boss.reports, i, i+1)
		c.regroup(boss)
	}
}

// change does something to a person and tells what it changed.
func (c *Company) change(p *person, why Reason, do func()) {
	before := c.view(p)
	do()
	after := c.view(p)
	if changed := differences(&before, &after); len(changed) > 0 {
		c.tell(Changed, why, p, nil, changed)
	}
}

// report moves somebody under another boss.
func (c *Company) report(p, boss *person, why Reason) {
	c.change(p, why, func() { c.setBoss(p, boss) })
}

// spread makes managers of some who report to a boss, nil for none, until it is no more
// than can be.
func (c *Company) spread(boss *person) {
	for boss != nil && len(boss.reports) > maxSpan {
		p := c.mayLead(boss)
		if p == nil {
			return
		}
		c.giveTeam(p, len(boss.reports)/2)
	}
}

// mayLead is somebody under a boss who can be a manager, with the fewest reports; nil
// if there is none.
func (c *Company) mayLead(boss *person) *person {
	var best *person
	for _, p := range boss.reports {
		if p.enabled && !p.guest() && (best == nil || len(p.reports) < len(best.reports)) {
			best = p
		}
	}
	return best
}

// giveTeam makes somebody the manager of so many of those beside.
func (c *Company) giveTeam(p *person, size int) {
	boss := p.boss
	c.change(p, Promotion, func() { p.rank = max(p.rank, lead) })
	for i := len(boss.reports) - 1; i >= 0 && size > 0; i-- {
		if q := boss.reports[i]; q != p {
			c.report(q, p, NewManager)
			size--
		}
	}
	c.spread(p)
}

// promote makes a manager of somebody.
func (c *Company) promote() {
	p := c.somebody(func(p *person) bool {
		return isStaff(p) && p.boss != nil && len(p.boss.reports) > lowSpan
	})
	if p != nil {
		c.giveTeam(p, c.between(2, len(p.boss.reports)/2))
	}
}

// handOver leaves somebody without reports: one of them takes over with all the
// duties, or they go up to the boss. Whoever has more to do by that is returned, nil for
// nobody, to be spread once the one who handed over is out of the way. It is false where
// nobody can take over.
func (c *Company) handOver(p *person) (over *person, done bool) {
	if len(p.reports) == 0 {
		return nil, p != c.head
	}
	heir := c.mayLead(p)
	if p != c.head && (heir == nil || c.chance(400)) {
		boss := c.bossBeside(p)
		for len(p.reports) > 0 {
			c.report(p.reports[len(p.reports)-1], boss, NewManager)
		}
		return boss, true
	}
	if heir == nil {
		return nil, false
	}
	c.change(heir, Succession, func() {
		c.setBoss(heir, p.boss)
		if p.dept != nil {
			heir.dept = p.dept
		}
		heir.rank, heir.role = max(heir.rank, p.rank), p.role
	})
	c.regroup(heir)
	for len(p.reports) > 0 {
		c.report(p.reports[len(p.reports)-1], heir, NewManager)
	}
	if p == c.head {
		c.head = heir
		c.report(p, heir, NewManager)
	}
	return heir, true
}

// move lets somebody change to another department, under another boss and with
// another role. Those who reported to them stay.
func (c *Company) move() {
	p := c.somebody(func(p *person) bool { return isEnabled(p) && p != c.head && p.dept != nil })
	if p == nil {
		return
	}
	to := c.somebody(func(q *person) bool { return isStaff(q) && q.dept != nil && q.dept != p.dept && q.boss != p })
	if to == nil {
		return
	}
	over, done := c.handOver(p)
	if !done {
		return
	}
	boss := c.bossBeside(to)
	c.change(p, Move, func() {
		c.setBoss(p, boss)
		p.dept, p.rank, p.role = to.dept, min(p.rank, senior), pick(c, to.dept.trade.roles)
		if to.dept.land != nil || c.chance(300) {
			p.office = to.office
		}
	})
	c.regroup(p)
	c.spread(boss)
	c.spread(over)
}

// marry gives somebody another surname, or a second one, and the addresses that
// follow from it.
func (c *Company) marry() {
	p := c.somebody(func(p *person) bool { return isEnabled(p) && !p.guest() && p.family != nil })
	if p == nil {
		return
	}
	from := p.from
	if c.chance(150) {
		from = c.rand.IntN(len(lands))
	}
	family := c.surname(from, p.female)
	if family.text == p.family.text {
		return
	}
	c.change(p, Marriage, func() {
		if c.chance(250) && !strings.ContainsAny(p.family.text, "- ") {
			family = join(p.family, "-", family)
		}
		p.family = family
		p.local = c.localPart(p)
	})
}

// changePhone gives somebody another number, or takes it away.
func (c *Company) changePhone() {
	if p := c.somebody(isEnabled); p != nil {
		c.change(p, Phone, func() {
			if p.mobile = c.fill(p.office.land().mobile); c.chance(80) {
				p.mobile = ""
			}
		})
	}
}

// changeOffice lets somebody work elsewhere, mostly in the same country.
func (c *Company) changeOffice() {
	p := c.somebody(isEnabled)
	if p == nil {
		return
	}
	to := p.office
	for range len(c.offices) {
		if to = c.officeIn(p.office.land()); c.chance(150) {
			to = c.officeFor(p.dept)
		}
		if to != p.office {
			break
		}
	}
	c.change(p, Office, func() { p.office = to })
	c.regroup(p)
}

// changeTitle lets somebody who manages nobody rise, or do another thing in the
// department.
func (c *Company) changeTitle() {
	p := c.somebody(func(p *person) bool { return isStaff(p) && p.dept != nil })
	if p == nil {
		return
	}
	c.change(p, Title, func() {
		if p.rank < senior && c.chance(700) {
			p.rank++
			return
		}
		was := p.role
		for p.role == was {
			p.role = pick(c, p.dept.trade.roles)
		}
	})
}

package company

// appointment is what happens to somebody on a day, unless there is a newer plan.
type appointment struct {
	p    *person
	step int
	do   func(*Company, *person)
}

// plan says what happens to somebody between so many days from now. It takes the
// place of what was planned before.
func (c *Company) plan(p *person, from, to int, do func(*Company, *person)) {
	p.step++
	on := c.today + c.between(from, to)
	c.due[on] = append(c.due[on], appointment{p, p.step, do})
}

func (c *Company) keep(a appointment) {
	if a.step == a.p.step {
		a.do(c, a.p)
	}
}

// fate is what becomes of a leaver.
type fate uint8

const (
	gone     fate = iota
	awaited       // comes back while the account is disabled
	restored      // comes back while the account is in the recycle bin
	rehired       // comes back when the account is gone
)

// For how many days the recycle bin keeps somebody for certain: the day after, the
// directory has done away with them.
const binDays = 30

// isEnabled: works here.
func isEnabled(p *person) bool { return p.enabled }

// isStaff: works here, manages nobody, and is no guest.
func isStaff(p *person) bool { return p.enabled && len(p.reports) == 0 && !p.guest() }

// somebody is one of the people at random whom a condition fits, or nil where that is
// rare.
func (c *Company) somebody(fits func(*person) bool) *person {
	const tries = 40
	for range tries {
		if p := pick(c, c.people); fits(p) {
			return p
		}
	}
	return nil
}

// leave lets somebody leave the company. Their reports are taken over first, and the
// account is disabled, to be deleted some days later.
func (c *Company) leave() {
	p := c.somebody(isEnabled)
	if p == nil {
		return
	}
	over, done := c.handOver(p)
	if !done {
		return
	}
	c.dropProjects(p)
	c.enable(p, false, Leaving)
	c.spread(over)
	if c.rand.Float64() < c.rate(returnRate) {
		p.fate = pick(c, []fate{awaited, restored, rehired})
	}
	if p.fate == awaited {
		c.plan(p, 2, 10, (*Company).comeBack)
		return
	}
	c.plan(p, 2, 14, (*Company).remove)
}

// pause disables the account of somebody who is away for long.
func (c *Company) pause() {
	p := c.somebody(isStaff)
	if p == nil || p == c.head {
		return
	}
	c.enable(p, false, Absence)
	c.plan(p, 14, 200, (*Company).comeBack)
}

// mistake deletes the account of somebody who is still there, until it is noticed.
func (c *Company) mistake() {
	p := c.somebody(isStaff)
	if p == nil || p == c.head {
		return
	}
	c.bury(p, Mistake)
	c.plan(p, 1, 3, (*Company).restore)
}

func (c *Company) enable(p *person, enabled bool, why Reason) {
	p.enabled = enabled
	kind := Disabled
	if enabled {
		kind = Enabled
	}
	c.tell(kind, why, p, nil, map[string]any{enabledProperty: enabled})
}

// comeBack enables the account of somebody who was away.
func (c *Company) comeBack(p *person) {
	p.fate = gone
	c.enable(p, true, Return)
	c.spread(p.boss)
}

// remove deletes the account of somebody who left.
func (c *Company) remove(p *person) {
	c.bury(p, Leaving)
	switch {
	case p.fate == restored:
		c.plan(p, 2, binDays-5, (*Company).restore)
	case c.chance(100):
		c.plan(p, 1, 5, (*Company).purge) // by hand
	default:
		c.plan(p, binDays+1, binDays+1, (*Company).purge)
	}
}

// bury moves somebody into the recycle bin, out of all groups. Who the boss was is
// kept.
func (c *Company) bury(p *person, why Reason) {
	c.dropProjects(p)
	p.deleted = true
	c.regroup(p)
	c.unlink(p)
	shift(&c.people, &c.bin, p)
	c.tell(Deleted, why, p, nil, nil)
}

// shift moves somebody from one list to the end of another; nil is none.
func shift(from, to *[]*person, p *person) {
	last := len(*from) - 1
	moved := (*from)[last]
	(*from)[p.at], moved.at = moved, p.at
	(*from)[last] = nil
	*from = (*from)[:last]
	if to != nil {
		p.at = len(*to)
		*to = append(*to, p)
	}
}

// restore takes somebody out of the recycle bin, under the former boss or, where that
// one has left, another of the department.
func (c *Company) restore(p *person) {
	boss := p.boss
	if boss != nil && (!boss.enabled || boss.deleted) {
		boss = c.bossIn(p.dept)
	}
	shift(&c.bin, &c.people, p)
	p.deleted = false
	why := Return
	if p.enabled {
		why = Mistake
	}
	c.tell(Restored, why, p, nil, nil)
	c.report(p, boss, NewManager)
	c.regroup(p)
	if !p.enabled {
		c.comeBack(p)
	}
	c.spread(boss)
}

// bossIn is a boss for somebody new in a department.
func (c *Company) bossIn(d *department) *person {
	if p := c.somebody(func(p *person) bool { return isStaff(p) && p.dept == d && p != c.head }); p != nil {
		return c.bossBeside(p)
	}
	return c.head
}

// purge deletes somebody for good.
func (c *Company) purge(p *person) {
	shift(&c.bin, nil, p)
	delete(c.byID, p.id)
	p.enabled = false
	c.tell(Purged, "", p, nil, nil)
	if p.fate == rehired {
		c.plan(p, 20, 120, (*Company).rehire)
	}
}

// rehire employs somebody again who left: another account with the same addresses and
// the same employee number.
func (c *Company) rehire(p *person) {
	d := p.dept
	if d == nil {
		d = c.head.dept
	}
	q := c.newPerson(d, p.office)
	q.from, q.given, q.family, q.female, q.native = p.from, p.given, p.family, p.female, p.native
	q.local, q.habit, q.number, q.language = p.local, p.habit, p.number, p.language
	c.arrive(q, c.bossIn(d))
}

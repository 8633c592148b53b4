package company

import "time"

// Kind says what happened.
type Kind string

// What happens to people and groups. Properties has what is said in brackets, by the
// names of [Person.Properties] and [Group.Properties]; nil is a value that is gone.
const (
	Hired    Kind = "hired"    // somebody new [all]
	Changed  Kind = "changed"  // somebody is different [what is different, never accountEnabled]
	Disabled Kind = "disabled" // an account was disabled [accountEnabled]
	Enabled  Kind = "enabled"  // and enabled again [accountEnabled]
	Deleted  Kind = "deleted"  // an account went into the recycle bin
	Restored Kind = "restored" // and came out again, as it was
	Purged   Kind = "purged"   // an account was deleted from the recycle bin, by hand or after 30 days

	GroupCreated  Kind = "group created" // a new group, without members [all]
	GroupRenamed  Kind = "group renamed" // [displayName]
	GroupDeleted  Kind = "group deleted" // with all memberships
	MemberAdded   Kind = "member added"
	MemberRemoved Kind = "member removed" // also before somebody is deleted
)

// Reason says why somebody is changed, disabled, deleted or back; "" for what needs
// none.
type Reason string

// The reasons.
const (
	Promotion  Reason = "promotion"   // became a manager
	Succession Reason = "succession"  // took over from a manager who left or moved
	NewManager Reason = "new manager" // reports to somebody else
	Move       Reason = "move"        // to another department
	Marriage   Reason = "marriage"    // surname, display name and addresses
	Title      Reason = "title"
	Phone      Reason = "phone"
	Office     Reason = "office"
	Leaving    Reason = "leaving"
	Absence    Reason = "absence" // for long, but not for good
	Return     Reason = "return"  // of somebody who left or was absent
	Mistake    Reason = "mistake" // an account was deleted that is still needed
)

// Event is one change. Whoever applies all of them, in order, to what the company was
// has what it is.
type Event struct {
	Kind       Kind
	Why        Reason
	At         time.Time      // during working hours, UTC, and not before that of the event before
	Person     string         // the ID; "" if it is about a group alone
	Group      string         // the ID; "" if it is about a person alone
	Properties map[string]any // see Kind; nil if it says nothing
}

// tell adds to what happened to a person or group, while a day passes.
func (c *Company) tell(kind Kind, why Reason, p *person, g *group, properties map[string]any) {
	if !c.open {
		return
	}
	e := Event{Kind: kind, Why: why, Properties: properties}
	if p != nil {
		e.Person = p.id.String()
	}
	if g != nil {
		e.Group = g.id.String()
	}
	c.events = append(c.events, e)
}

// Rates says how much happens: how many times in a year for each person or, where it
// says so, for each group. 0 is the usual rate, as [UsualRates] has it, and below zero
// is never.
type Rates struct {
	Hires      float64
	Leavers    float64
	Absences   float64 // long ones, for which the account is disabled
	Mistakes   float64 // an account is deleted, and restored some days later
	Moves      float64 // to another department
	Promotions float64 // to a manager, beside those that others make necessary
	Marriages  float64 // with another surname
	Titles     float64
	Phones     float64
	Offices    float64

	Projects    float64 // for each group: new groups
	ProjectEnds float64 // for each group: groups that are deleted
	Renames     float64 // for each group
	Members     float64 // for each group: somebody joins or leaves a project

	// Returns is the share of the leavers who come back, some of them after months.
	Returns float64
}

// UsualRates are those of a company that grows a little: of 100 people 16 are new
// after a year, and 13 have left.
func UsualRates() Rates {
	return Rates{
		Hires: 0.16, Leavers: 0.13, Absences: 0.03, Mistakes: 0.002, Moves: 0.06, Promotions: 0.015, Marriages: 0.012,
		Titles: 0.15, Phones: 0.1, Offices: 0.04, Projects: 0.5, ProjectEnds: 0.4, Renames: 0.2, Members: 5, Returns: 0.06,
	}
}

// happening is one thing that happens at a rate, for each person or group.
type happening struct {
	rate   func(Rates) float64
	groups bool
	do     func(*Company)
}

var happenings = []happening{
	{func(r Rates) float64 { return r.Hires }, false, (*Company).hire},
	{func(r Rates) float64 { return r.Leavers }, false, (*Company).leave},
	{func(r Rates) float64 { return r.Absences }, false, (*Company).pause},
	{func(r Rates) float64 { return r.Mistakes }, false, (*Company).mistake},
	{func(r Rates) float64 { return r.Moves }, false, (*Company).move},
	{func(r Rates) float64 { return r.Promotions }, false, (*Company).promote},
	{func(r Rates) float64 { return r.Marriages }, false, (*Company).marry},
	{func(r Rates) float64 { return r.Titles }, false, (*Company).changeTitle},
	{func(r Rates) float64 { return r.Phones }, false, (*Company).changePhone},
	{func(r Rates) float64 { return r.Offices }, false, (*Company).changeOffice},
	{func(r Rates) float64 { return r.Projects }, true, (*Company).startProject},
	{func(r Rates) float64 { return r.ProjectEnds }, true, (*Company).endProject},
	{func(r Rates) float64 { return r.Renames }, true, (*Company).renameGroup},
	{func(r Rates) float64 { return r.Members }, true, (*Company).changeProject},
}

func returnRate(r Rates) float64 { return r.Returns }

// rate is one of the company's rates.
func (c *Company) rate(of func(Rates) float64) float64 {
	if r := of(c.Rates); r != 0 {
		return r
	}
	return of(UsualRates())
}

// times is how often something happens today that happens so often a year to so many.
func (c *Company) times(yearly float64, of int) int {
	const workingDays, most = 260, 10
	x := yearly * float64(of) / workingDays * (0.5 + c.rand.Float64())
	if !(x > 0) {
		return 0
	}
	x = min(x, most*float64(of))
	n := int(x)
	if c.rand.Float64() < x-float64(n) {
		n++
	}
	return n
}

// Day lets the next working day pass, and a weekend before it, and returns what
// happens, in order. A few things happen after others: a leaver's account is deleted
// some days after it was disabled, and for good 30 days later.
func (c *Company) Day() []Event {
	var todo []func()
	next := weekday(c.today+1, 1)
	for d := c.today + 1; d <= next; d++ {
		for _, a := range c.due[d] {
			todo = append(todo, func() { c.keep(a) })
		}
		delete(c.due, d)
	}
	c.today = next
	for _, h := range happenings {
		of := len(c.people)
		if h.groups {
			of = len(c.groups)
		}
		for range c.times(c.rate(h.rate), of) {
			todo = append(todo, func() { h.do(c) })
		}
	}
	c.rand.Shuffle(len(todo), func(i, j int) { todo[i], todo[j] = todo[j], todo[i] })
	c.open, c.events = true, nil
	for _, do := range todo {
		do()
	}
	c.open = false
	return c.stamped()
}

// stamped is what happened today, spread over the working hours.
func (c *Company) stamped() []Event {
	const begin, seconds = 8 * time.Hour, 10 * 60 * 60
	events := c.events
	c.events = nil
	for i := range events {
		events[i].At = c.Today().Add(begin + time.Duration(seconds*i/len(events))*time.Second)
	}
	return events
}

// weekday is a day or, if it is on a weekend, the next working day in a direction.
func weekday(d, direction int) int {
	for day(d).Weekday() == time.Saturday || day(d).Weekday() == time.Sunday {
		d += direction
	}
	return d
}

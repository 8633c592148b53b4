package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/company"
	"github.com/usher-scim/scim/idp/entra"
)

var (
	monthPeople = flag.Int("people", 300, "TestMonth: how many people the company has")
	monthDays   = flag.Int("days", 30, "TestMonth: how many working days pass")
	monthSeed   = flag.Uint64("seed", 1, "TestMonth: who is who, and what happens")
)

// large reports whether a company is large enough to be measured.
func large() bool { return *monthPeople >= 3000 }

// TestMonth lets working days pass in a company whose people a job provisions to
// examples/server, every 40 minutes, day and night. At the end the host's directory is
// what the company intends, user by user, membership by membership, folder by folder,
// and no request was refused.
//
//	go test -C examples/entra -run TestMonth -v -people 10000 -timeout 30m
func TestMonth(t *testing.T) {
	for _, c := range []struct {
		name  string
		store func(testing.TB) string
		flag  bool
	}{
		{"memory", func(testing.TB) string { return "memory" }, false},
		{"postgres", postgres, false},
		{"flag", func(testing.TB) string { return "memory" }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.flag && large() {
				t.Skip("the dialect makes no difference to what a large company is run for")
			}
			if c.name != "memory" && testing.Short() {
				t.Skip("one is enough here")
			}
			people, days := *monthPeople, *monthDays
			if testing.Short() {
				people, days = min(people, 100), min(days, 16)
			}
			m := newMonth(t, people, days, c.store(t), c.flag)
			m.pass()
			m.settle()
			m.print(c.name)
		})
	}
}

// month is a company, its directory, a job, and a server that it provisions.
type month struct {
	t       *testing.T
	company *company.Company
	dir     *entra.Directory
	job     *entra.Job
	server  *server
	world   *world
	people  int
	days    int
	seats   int
	begun   time.Time // in truth

	sum     entra.Report
	initial entra.Report
	late    int         // memberships that were not sent until the restart
	refused map[int]int // requests by the status that refused them
	held    int         // the most who waited for a seat
	gone    int         // and those of them who left meanwhile
}

// lively are the rates of a company that is so small that hardly anything would happen.
var lively = company.Rates{
	Hires: 4, Leavers: 2, Absences: 0.5, Mistakes: 0.3, Moves: 0.6, Promotions: 0.2, Marriages: 0.3, Titles: 0.5, Phones: 0.5, Offices: 0.4,
	Projects: 2, ProjectEnds: 2, Renames: 2, Members: 20, Returns: 0.3,
}

// newMonth starts a server with a few seats more than the company has people.
func newMonth(t *testing.T, people, days int, store string, flag bool) *month {
	c := company.New(*monthSeed, people)
	if !large() {
		c.Rates = lively
	}
	m := &month{
		t: t, company: c, dir: entra.NewDirectory(idp.NewClock(c.Today())), world: newWorld(c),
		people: people, days: days, seats: people + people/20, begun: time.Now(), refused: make(map[int]int),
	}
	m.server = start(t, "-store", store, "-seats", fmt.Sprint(m.seats))
	for p := range c.People() {
		_, err := m.dir.CreateUser(p.Properties())
		require.NoError(t, err)
	}
	for g := range c.Groups() {
		_, err := m.dir.CreateGroup(g.Properties())
		require.NoError(t, err)
		for _, id := range g.Members {
			require.NoError(t, m.dir.AddMember(g.ID, id))
		}
	}
	service := &idp.Service{URL: m.server.tenantURL(), Token: secret, Client: m.server.client, Observe: m.observe}
	if flag {
		service.URL += "?" + entra.Flag
	}
	var err error
	m.job, err = entra.NewJob(m.dir, entra.Config{Service: service, SyncAll: true})
	require.NoError(t, err)
	return m
}

func (m *month) observe(e idp.Exchange) {
	if e.Status >= http.StatusBadRequest || e.Status == 0 {
		m.refused[e.Status]++
		if m.refused[e.Status] == 1 {
			m.t.Errorf("%s %s: %d", e.Method, e.Target, e.Status)
		}
	}
}

// pass lets the days pass. For a quarter of the month the licence has fewer seats than
// are taken; then it is extended, and the host activates who was held.
func (m *month) pass() {
	m.run(0)
	m.initial = m.sum
	full, extended := m.days/4, m.days/2
	used := 0
	for day := range m.days {
		switch day {
		case full:
			used = m.server.licence(m.t).Used
			m.server.setSeats(m.t, used-used/20-1)
		case extended:
			m.extend()
		}
		m.day()
		if day >= full && day < extended {
			used = m.crowded(used)
		}
	}
}

// day lets a working day pass, with the weekend before it.
func (m *month) day() {
	events := m.company.Day()
	for end := m.company.Today().Add(24 * time.Hour); m.dir.Clock().Now().Before(end); {
		until := m.dir.Clock().Now().Add(entra.Interval)
		for len(events) > 0 && !events[0].At.After(until) {
			m.happen(events[0])
			events = events[1:]
		}
		m.run(entra.Interval)
	}
	require.Empty(m.t, events)
}

// run lets time pass for the job, and for the world.
func (m *month) run(d time.Duration) {
	r, err := m.job.Run(m.t.Context(), d)
	require.NoError(m.t, err)
	require.Empty(m.t, r.Quarantine)
	m.sum = m.sum.Plus(r)
	m.world.cycle(m.dir.Clock().Now())
}

// happen applies an event to the directory, and to the world.
func (m *month) happen(e company.Event) {
	m.world.happen(e, m.dir.Clock().Now())
	var err error
	switch e.Kind {
	case company.Hired:
		_, err = m.dir.CreateUser(e.Properties)
	case company.Changed, company.Disabled, company.Enabled:
		err = m.dir.UpdateUser(e.Person, e.Properties)
	case company.Deleted:
		err = m.dir.DeleteUser(e.Person)
	case company.Restored:
		err = m.dir.RestoreUser(e.Person)
	case company.Purged:
		if err = m.dir.PurgeUser(e.Person); errors.Is(err, entra.ErrNotFound) {
			err = nil // it was in the recycle bin for 30 days
		}
	case company.GroupCreated:
		_, err = m.dir.CreateGroup(e.Properties)
	case company.GroupRenamed:
		err = m.dir.UpdateGroup(e.Group, e.Properties)
	case company.GroupDeleted:
		err = m.dir.DeleteGroup(e.Group)
	case company.MemberAdded:
		err = m.dir.AddMember(e.Group, e.Person)
	case company.MemberRemoved:
		err = m.dir.RemoveMember(e.Group, e.Person)
	}
	require.NoError(m.t, err, "%+v", e)
}

// crowded: whoever finds no free seat waits for one, and nobody is let in beyond. It
// returns how many seats are taken, which were so many the day before.
func (m *month) crowded(before int) int {
	l := m.server.licence(m.t)
	require.LessOrEqual(m.t, l.Used, max(*l.Seats, before))
	m.held, m.gone = max(m.held, l.Held), 0
	let, waiting := m.statuses()
	for id, p := range m.world.people {
		switch {
		case p.known && p.active:
			require.True(m.t, let[id] || waiting[id], "%s is neither let in nor waits for a seat", p.login())
		case waiting[id]:
			m.gone++
		default:
			require.False(m.t, let[id], "%s is let in", p.login())
		}
	}
	return l.Used
}

// statuses are those whom the host lets in, and those who wait for a seat.
func (m *month) statuses() (let, waiting map[string]bool) {
	let, waiting = make(map[string]bool), make(map[string]bool)
	for _, a := range m.server.accounts(m.t, "") {
		let[a.ExternalID], waiting[a.ExternalID] = a.Status == "active", a.Status == "held"
	}
	return let, waiting
}

// extend buys seats, which lets nobody in, and then lets in who waits for one. Those who
// left while they waited are let in too: on the wire they were not active before, so
// that Entra had nothing to write. Hence the administrator restarts the job then.
func (m *month) extend() {
	before := m.server.licence(m.t)
	require.NotZero(m.t, m.held, "nobody had to wait for a seat: the month shows nothing of it")
	m.server.setSeats(m.t, m.seats*2)
	require.Equal(m.t, before.Held, m.server.licence(m.t).Held)
	ask[struct{ Held int }](m.t, m.server, "POST", "/app/held/activate", "")
	require.Equal(m.t, before.Used+before.Held, m.server.licence(m.t).Used)
	require.Equal(m.t, m.world.seats()+m.gone, m.server.licence(m.t).Used)
	require.Equal(m.t, m.gone, m.restart().Users.Disabled)
	require.Empty(m.t, m.world.compare(m.t, m.server))
}

// settle checks that the host has what was intended: after the month, and again after
// a restart of the job, which brings what Entra never sends later. A second restart
// finds nothing to write.
func (m *month) settle() {
	m.agree()
	m.told()
	require.Empty(m.t, m.world.compare(m.t, m.server))

	m.late, _ = m.world.leftOut()
	m.restart()
	require.Empty(m.t, m.world.compare(m.t, m.server))
	memberships, managers := m.world.leftOut()
	require.Zero(m.t, memberships+managers, "after a restart nothing is left out")

	again := m.restart()
	require.Zero(m.t, again.Users.Created+again.Users.Updated+again.Users.Disabled+again.Users.Restored+again.Users.Deleted)
	require.Zero(m.t, again.Groups.Created+again.Groups.Updated+again.Groups.Deleted+again.Managers.Added+again.Managers.Removed)
	require.Empty(m.t, m.refused)
}

func (m *month) restart() entra.Report {
	m.job.Restart(false)
	r, err := m.job.Cycle(m.t.Context())
	require.NoError(m.t, err)
	require.True(m.t, r.Initial)
	m.world.restart(m.dir.Clock().Now())
	return r
}

// agree: the world is what the company says it is, so that it can be believed.
func (m *month) agree() {
	want, got := make(map[string]map[string]any), make(map[string]map[string]any)
	for p := range m.company.People() {
		want[p.ID] = p.Properties()
	}
	for id, p := range m.world.people {
		if p.deleted.IsZero() && !p.gone {
			got[id] = maps.Clone(p.props)
			maps.DeleteFunc(got[id], func(_ string, v any) bool { return v == nil })
		}
	}
	var d differences
	d.compare("people", want, got)
	teams, have := make(map[string]map[string]bool), make(map[string]map[string]bool)
	for g := range m.company.Groups() {
		teams[g.ID+" "+g.Name] = setOf(g.Members)
	}
	for id, t := range m.world.teams {
		have[id+" "+t.name] = t.members
	}
	d.compare("teams", teams, have)
	require.Empty(m.t, d, "what the company says, and what its events come to")
}

// told compares what the job says that it did with the host's record, where that is
// whole: what is kept in memory has an end.
func (m *month) told() {
	const kept = 20_000
	count, all := m.server.events(m.t), 0
	for _, n := range count {
		all += n
	}
	require.Zero(m.t, m.sum.Users.Failed+m.sum.Groups.Failed+m.sum.Managers.Failed+m.sum.Members.Failed)
	if all == kept {
		m.t.Logf("the record has its last %d events only", kept)
		return
	}
	require.Equal(m.t, m.server.refused, count["request.refused"])
	created := count["user.created"] + count["user.restored"]
	require.Equal(m.t, m.sum.Users.Created, created, "%v", count)
	require.Equal(m.t, m.sum.Users.Deleted, count["user.archived"])
	require.Equal(m.t, m.sum.Groups.Created, count["group.created"])
	require.Equal(m.t, m.sum.Groups.Deleted, count["group.deleted"])
}

// print prints the figures.
func (m *month) print(store string) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d people, %d working days, %s, %s/%s, %d processors\n\n",
		store, m.people, m.days, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0))
	w := tabwriter.NewWriter(&b, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| \t| first cycle\t| the month\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|")
	row := func(what string, of func(entra.Report) string) {
		fmt.Fprintf(w, "| %s\t| %s\t| %s\t|\n", what, of(m.initial), of(m.sum))
	}
	number := func(what string, of func(entra.Report) int) {
		row(what, func(r entra.Report) string { return fmt.Sprint(of(r)) })
	}
	number("cycles", func(r entra.Report) int { return r.Cycles })
	number("requests", entra.Report.Sent)
	row("seconds", func(r entra.Report) string { return fmt.Sprintf("%.1f", r.Took.Seconds()) })
	row("requests a second", func(r entra.Report) string { return fmt.Sprintf("%.0f", perSecond(r.Sent(), r.Took)) })
	number("people created", func(r entra.Report) int { return r.Users.Created })
	number("people updated", func(r entra.Report) int { return r.Users.Updated })
	number("people disabled", func(r entra.Report) int { return r.Users.Disabled })
	number("people restored", func(r entra.Report) int { return r.Users.Restored })
	number("people deleted", func(r entra.Report) int { return r.Users.Deleted })
	number("managers written", func(r entra.Report) int { return r.Managers.Added + r.Managers.Removed })
	number("groups created, renamed, deleted", func(r entra.Report) int { return r.Groups.Created + r.Groups.Updated + r.Groups.Deleted })
	number("memberships changed", func(r entra.Report) int { return r.Members.Added + r.Members.Removed })
	number("requests refused", func(r entra.Report) int {
		n := 0
		for status, of := range r.Requests {
			if status >= http.StatusBadRequest || status == 0 {
				n += of
			}
		}
		return n
	})
	_ = w.Flush()
	fmt.Fprintf(&b, "\nAt most %d people waited for a seat, of whom %d left meanwhile. %d memberships were not sent before the\n"+
		"last restart: those who have them were disabled when they joined. In all, with the comparisons, %.0f s.",
		m.held, m.gone, m.late, time.Since(m.begun).Seconds())
	m.t.Log(b.String())
}

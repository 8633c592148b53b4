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
			if c.flag && *monthPeople > 1000 {
				t.Skip("the dialect makes no difference to what a large company is run for")
			}
			if c.name != "memory" && testing.Short() {
				t.Skip("one is enough here")
			}
			m := newMonth(t, c.store(t), c.flag)
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
	seats   int
	begun   time.Time // in truth

	sum     entra.Report
	initial entra.Report
	refused map[int]int // requests by the status that refused them
	held    int         // the most who waited for a seat
}

// lively are the rates of a company that is so small that hardly anything would happen.
var lively = company.Rates{
	Hires: 2, Leavers: 2, Absences: 0.5, Mistakes: 0.3, Moves: 0.6, Promotions: 0.2, Marriages: 0.3, Titles: 0.5, Phones: 0.5, Offices: 0.4,
	Projects: 2, ProjectEnds: 2, Renames: 2, Members: 20, Returns: 0.3,
}

func newMonth(t *testing.T, store string, flag bool) *month {
	c := company.New(*monthSeed, *monthPeople)
	if *monthPeople < 3000 {
		c.Rates = lively
	}
	m := &month{t: t, company: c, dir: entra.NewDirectory(idp.NewClock(c.Today())), world: newWorld(c), refused: make(map[int]int), begun: time.Now()}
	m.seats = *monthPeople + *monthPeople/20
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

// pass lets the days pass. In the middle of the month the licence has no free seat for
// some days; then it is extended, and the host activates who was held.
func (m *month) pass() {
	m.run(0)
	m.initial = m.sum
	full, extended := *monthDays/4, *monthDays/2
	for day := range *monthDays {
		switch day {
		case full:
			m.server.setSeats(m.t, m.server.licence(m.t).Used)
		case extended:
			m.extend()
		}
		m.day()
		if day >= full && day < extended {
			m.crowded()
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

// crowded: whoever finds no free seat waits for one, and nobody is let in beyond.
func (m *month) crowded() {
	l := m.server.licence(m.t)
	require.Equal(m.t, m.world.seats(), l.Used+l.Held)
	require.LessOrEqual(m.t, l.Used, *l.Seats)
	m.held = max(m.held, l.Held)
}

// extend buys seats, which lets nobody in, and then lets in who waits for one.
func (m *month) extend() {
	before := m.server.licence(m.t)
	require.NotZero(m.t, m.held, "nobody had to wait for a seat: the month shows nothing of it")
	m.server.setSeats(m.t, m.seats*2)
	require.Equal(m.t, before.Held, m.server.licence(m.t).Held)
	ask[struct{ Held int }](m.t, m.server, "POST", "/app/held/activate", "")
	require.Equal(m.t, before.Used+before.Held, m.server.licence(m.t).Used)
}

// settle checks that the host has what was intended: after the month, and again after
// a restart of the job, which brings what Entra never sends later. A second restart
// finds nothing to write.
func (m *month) settle() {
	m.agree()
	m.told()
	m.world.check(m.t, m.server)

	m.restart()
	m.world.check(m.t, m.server)
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
	same(m.t, "people", want, got)
	teams, have := make(map[string]map[string]bool), make(map[string]map[string]bool)
	for g := range m.company.Groups() {
		teams[g.ID+" "+g.Name] = setOf(g.Members)
	}
	for id, t := range m.world.teams {
		have[id+" "+t.name] = t.members
	}
	same(m.t, "teams", teams, have)
}

// told compares what the job says that it did with the host's record.
func (m *month) told() {
	count := m.server.events(m.t)
	require.Zero(m.t, count["request.refused"])
	created := count["user.created"] + count["user.restored"]
	require.Equal(m.t, m.sum.Users.Created, created, "%v", count)
	require.Equal(m.t, m.sum.Users.Deleted, count["user.archived"])
	require.Equal(m.t, m.sum.Groups.Created, count["group.created"])
	require.Equal(m.t, m.sum.Groups.Deleted, count["group.deleted"])
	require.Zero(m.t, m.sum.Users.Failed+m.sum.Groups.Failed+m.sum.Managers.Failed+m.sum.Members.Failed)
}

// print prints the figures.
func (m *month) print(store string) {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d people, %d working days, %s, %s/%s, %d processors\n\n",
		store, *monthPeople, *monthDays, runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0))
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
	fmt.Fprintf(&b, "\nAt most %d people waited for a seat; in all, with the checks, %.0f s.", m.held, time.Since(m.begun).Seconds())
	m.t.Log(b.String())
}

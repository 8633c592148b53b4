package company_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp/company"
)

// days lets days pass and returns all that happened.
func days(c *company.Company, n int) (all []company.Event) {
	for range n {
		all = append(all, c.Day()...)
	}
	return all
}

// TestEverythingHappens in half a year of 5,000 people.
func TestEverythingHappens(t *testing.T) {
	t.Parallel()
	kinds := make(map[company.Kind]int)
	reasons := make(map[company.Reason]int)
	for _, e := range days(company.New(1, 5000), 130) {
		kinds[e.Kind]++
		reasons[e.Why]++
	}
	for _, k := range []company.Kind{
		company.Hired, company.Changed, company.Disabled, company.Enabled, company.Deleted, company.Restored, company.Purged,
		company.GroupCreated, company.GroupRenamed, company.GroupDeleted, company.MemberAdded, company.MemberRemoved,
	} {
		require.Positive(t, kinds[k], k)
	}
	for _, r := range []company.Reason{
		company.Promotion, company.Succession, company.NewManager, company.Move, company.Marriage, company.Title, company.Phone,
		company.Office, company.Leaving, company.Absence, company.Return, company.Mistake,
	} {
		require.Positive(t, reasons[r], r)
	}
	// Half of the yearly rates, give or take a fifth.
	require.InEpsilon(t, 400, kinds[company.Hired], 0.2)
	require.InEpsilon(t, 325+75, kinds[company.Disabled], 0.2)
	require.InEpsilon(t, 100, reasons[company.Office], 0.3)
}

func never() company.Rates {
	return company.Rates{
		Hires: -1, Leavers: -1, Absences: -1, Mistakes: -1, Moves: -1, Promotions: -1, Marriages: -1, Titles: -1, Phones: -1,
		Offices: -1, Projects: -1, ProjectEnds: -1, Renames: -1, Members: -1, Returns: -1,
	}
}

// TestEachRate: what is to happen once a year to each person, or group, happens to as
// many in a year, but where it finds fewer whom it can happen to.
func TestEachRate(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		set      func(r *company.Rates)
		kind     company.Kind
		why      company.Reason
		low, top int // of 1,000 people or 41 groups, of which 16 are projects
	}{
		{"hires", func(r *company.Rates) { r.Hires = 0.1 }, company.Hired, "", 80, 120},
		{"leavers", func(r *company.Rates) { r.Leavers = 0.1 }, company.Disabled, company.Leaving, 75, 110},
		{"absences", func(r *company.Rates) { r.Absences = 0.1 }, company.Disabled, company.Absence, 80, 120},
		{"mistakes", func(r *company.Rates) { r.Mistakes = 0.1 }, company.Deleted, company.Mistake, 80, 120},
		{"moves", func(r *company.Rates) { r.Moves = 0.1 }, company.Changed, company.Move, 80, 120},
		{"promotions", func(r *company.Rates) { r.Promotions = 0.1 }, company.Changed, company.Promotion, 30, 120},
		{"marriages", func(r *company.Rates) { r.Marriages = 0.1 }, company.Changed, company.Marriage, 80, 120},
		{"titles", func(r *company.Rates) { r.Titles = 0.1 }, company.Changed, company.Title, 80, 120},
		{"phones", func(r *company.Rates) { r.Phones = 0.1 }, company.Changed, company.Phone, 80, 120},
		{"offices", func(r *company.Rates) { r.Offices = 0.1 }, company.Changed, company.Office, 80, 120},
		{"projects", func(r *company.Rates) { r.Projects = 0.5 }, company.GroupCreated, "", 25, 60},
		{"ends", func(r *company.Rates) { r.ProjectEnds = 1 }, company.GroupDeleted, "", 14, 20},
		{"renames", func(r *company.Rates) { r.Renames = 1 }, company.GroupRenamed, "", 30, 60},
		{"members", func(r *company.Rates) { r.Members = 2 }, company.MemberAdded, "", 20, 70},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			co := company.New(8, 1000)
			co.Rates = never()
			c.set(&co.Rates)
			n := 0
			for _, e := range days(co, 260) {
				if e.Kind == c.kind && e.Why == c.why {
					n++
				}
			}
			require.GreaterOrEqual(t, n, c.low)
			require.LessOrEqual(t, n, c.top)
		})
	}
}

// TestRates: below zero is never, but what follows from before still comes.
func TestRates(t *testing.T) {
	t.Parallel()
	c := company.New(1, 2000)
	c.Rates = never()
	for _, e := range days(c, 150) {
		require.Contains(t, []company.Kind{company.Enabled, company.Deleted, company.Purged, company.MemberRemoved}, e.Kind)
	}
	require.Empty(t, days(c, 100), "nothing is left to come")
}

// TestReturns: all leavers come back who should, and none who should not.
func TestReturns(t *testing.T) {
	t.Parallel()
	for _, share := range []float64{-1, 1} {
		c := company.New(4, 1000)
		c.Rates = company.Rates{Hires: -1, Absences: -1, Mistakes: -1, Marriages: -1, Leavers: 0.5, Returns: share}
		left := make(map[string]bool)
		names := make(map[any]string)
		back, again := 0, 0
		for p := range c.People() {
			names[p.EmployeeID] = p.UserPrincipalName
		}
		for _, e := range days(c, 200) {
			switch {
			case e.Kind == company.Disabled:
				left[e.Person] = true
			case e.Kind == company.Enabled && left[e.Person]:
				back++
			case e.Kind == company.Hired:
				require.Equal(t, names[e.Properties["employeeId"]], e.Properties["userPrincipalName"], "somebody who was here before")
				again++
			}
		}
		if share < 0 {
			require.Zero(t, back+again)
			continue
		}
		require.Greater(t, back, len(left)/3)
		require.Greater(t, again, 10)
	}
}

// TestWhatChanges: a reason changes what belongs to it, and nothing else.
func TestWhatChanges(t *testing.T) {
	t.Parallel()
	place := []string{
		"companyName", "country", "city", "state", "streetAddress", "postalCode", "physicalDeliveryOfficeName", "usageLocation", "extensionAttribute1",
	}
	folder := []string{"manager", "department", "division", "costCenter", "jobTitle", "extensionAttribute3"}
	may := map[company.Reason][]string{
		company.Promotion:  {"jobTitle", "extensionAttribute3"},
		company.Succession: folder,
		company.NewManager: {"manager"},
		company.Move:       append(folder, place...),
		company.Marriage:   {"surname", "displayName", "userPrincipalName", "mail"},
		company.Title:      {"jobTitle", "extensionAttribute3"},
		company.Phone:      {"mobile"},
		company.Office:     place,
	}
	must := map[company.Reason]string{
		company.Succession: "manager", company.NewManager: "manager", company.Move: "department", company.Marriage: "surname", company.Phone: "mobile",
		company.Office: "physicalDeliveryOfficeName", company.Title: "jobTitle",
	}
	renamed := 0
	c := company.New(2, 1000)
	c.Rates.Moves, c.Rates.Leavers, c.Rates.Hires, c.Rates.Marriages = 3, 1, 1, 0.2
	for _, e := range days(c, 100) {
		if e.Kind != company.Changed {
			continue
		}
		for name := range e.Properties {
			require.Contains(t, may[e.Why], name, e.Why)
		}
		if name := must[e.Why]; name != "" {
			require.Contains(t, e.Properties, name, e.Why)
		}
		if e.Why == company.Marriage {
			require.Contains(t, e.Properties, "displayName")
			if _, ok := e.Properties["userPrincipalName"]; ok {
				renamed++
			}
		}
	}
	require.Positive(t, renamed)
}

// TestRecycleBin: accounts are restored while the recycle bin keeps them, and are
// deleted for good by hand soon or when it does not any more.
func TestRecycleBin(t *testing.T) {
	t.Parallel()
	const bin = 30 * 24 * time.Hour
	c := company.New(9, 3000)
	c.Rates.Returns, c.Rates.Mistakes = 0.3, 0.1
	deleted := make(map[string]time.Time)
	restored, byHand, expired := 0, 0, 0
	for _, e := range days(c, 90) {
		since := e.At.Sub(deleted[e.Person])
		switch e.Kind {
		case company.Deleted:
			deleted[e.Person] = e.At
		case company.Restored:
			require.Less(t, since, bin-24*time.Hour)
			restored++
		case company.Purged:
			if since < 10*24*time.Hour {
				byHand++
				continue
			}
			require.Greater(t, since, bin)
			expired++
		}
	}
	require.Positive(t, restored)
	require.Positive(t, byHand)
	require.Greater(t, expired, byHand)
}

// TestTurmoil: managers have no more reports than they can have, groups have the members
// they should, and leavers are in no project, when many come, go, move and come back.
func TestTurmoil(t *testing.T) {
	t.Parallel()
	c := company.New(1, 800)
	c.Rates = company.Rates{Hires: 3, Leavers: 3, Absences: 6, Moves: 6, Returns: 0.5}
	follows := newFollows(c)
	for range 40 {
		left := make(map[string]bool)
		for _, e := range c.Day() {
			if e.Kind == company.Disabled && e.Why == company.Leaving {
				left[e.Person] = true
			}
		}
		checkManagers(t, c)
		follows.check(t, c)
		for g := range c.Groups() {
			for _, id := range g.Members {
				if strings.HasPrefix(g.Name, "Project ") && left[id] {
					t.Fatalf("%s is in %s still", id, g.Name)
				}
			}
		}
	}
}

// TestHeadLeaves: somebody takes over with all the duties.
func TestHeadLeaves(t *testing.T) {
	t.Parallel()
	c := company.New(1, 40)
	c.Rates.Leavers = 20
	before := c.Head()
	for range 200 {
		if c.Day(); c.Head().ID != before.ID {
			break
		}
	}
	after := c.Head()
	require.NotEqual(t, before.ID, after.ID)
	require.Equal(t, "Chief Executive Officer", after.JobTitle)
	require.Equal(t, "Executive Office", after.Department)
	require.Empty(t, after.Manager)
}

func ExampleCompany_Day() {
	c := company.New(1, 100)
	c.Rates.Marriages = 0.5
	for range 10 {
		for _, e := range c.Day() {
			if e.Why == company.Marriage {
				fmt.Println(e.At.Format(time.DateOnly), e.Properties["displayName"], e.Properties["userPrincipalName"])
			}
		}
	}
	// Output:
	// 2026-01-14 Cian Killaghan-Walsh cian.killaghan-walsh@ashgravematerials.example
}

// The companies of benchmarks have what happens in 10,000 people, so that one sees
// whether a day costs more because there are more.
func BenchmarkDay(b *testing.B) {
	for _, people := range []int{10_000, 1_000_000} {
		b.Run(fmt.Sprint(people), func(b *testing.B) {
			share := 10_000 / float64(people)
			r := company.UsualRates()
			for _, rate := range []*float64{
				&r.Hires, &r.Leavers, &r.Absences, &r.Mistakes, &r.Moves, &r.Promotions, &r.Marriages, &r.Titles, &r.Phones, &r.Offices,
				&r.Projects, &r.ProjectEnds, &r.Renames, &r.Members,
			} {
				*rate *= share
			}
			c := company.New(1, people)
			c.Rates = r
			days(c, 20) // what was planned on the first day
			events := 0
			b.ReportAllocs()
			for b.Loop() {
				events += len(c.Day())
			}
			b.ReportMetric(float64(events)/float64(b.N), "events/op")
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for _, people := range []int{100, 10_000, 1_000_000} {
		b.Run(fmt.Sprint(people), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				company.New(1, people)
			}
		})
	}
}

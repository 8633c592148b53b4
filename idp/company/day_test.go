package company_test

import (
	"fmt"
	"slices"
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

// TestRates: below zero is never, more is more, and what follows from before still
// comes.
func TestRates(t *testing.T) {
	t.Parallel()
	never := company.Rates{
		Hires: -1, Leavers: -1, Absences: -1, Mistakes: -1, Moves: -1, Promotions: -1, Marriages: -1, Titles: -1, Phones: -1,
		Offices: -1, Projects: -1, ProjectEnds: -1, Renames: -1, Members: -1,
	}
	c := company.New(1, 2000)
	c.Rates = never
	for _, e := range days(c, 150) {
		require.Contains(t, []company.Kind{company.Enabled, company.Deleted, company.Purged, company.MemberRemoved}, e.Kind)
	}
	require.Empty(t, days(c, 100), "nothing is left to come")
	c.Rates.Hires = 3
	events := days(c, 26)
	hired := slices.DeleteFunc(events, func(e company.Event) bool { return e.Kind != company.Hired })
	require.InEpsilon(t, 600, len(hired), 0.35)
}

// TestReturns: all leavers come back who should, and none who should not.
func TestReturns(t *testing.T) {
	t.Parallel()
	for _, share := range []float64{-1, 1} {
		c := company.New(4, 1000)
		c.Rates = company.Rates{Hires: -1, Absences: -1, Mistakes: -1, Leavers: 0.5, Returns: share}
		left := make(map[string]bool)
		numbers := make(map[any]bool)
		back, again := 0, 0
		for p := range c.People() {
			numbers[p.EmployeeID] = true
		}
		for _, e := range days(c, 200) {
			switch {
			case e.Kind == company.Disabled:
				left[e.Person] = true
			case e.Kind == company.Enabled && left[e.Person]:
				back++
			case e.Kind == company.Hired:
				require.True(t, numbers[e.Properties["employeeId"]], "somebody who was here before")
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
	folder := []string{"manager", "department", "division", "costCenter", "jobTitle", "extensionAttribute2"}
	may := map[company.Reason][]string{
		company.Promotion:  {"jobTitle", "extensionAttribute2"},
		company.Succession: folder,
		company.NewManager: {"manager"},
		company.Move:       append(folder, place...),
		company.Marriage:   {"surname", "displayName", "userPrincipalName", "mail"},
		company.Title:      {"jobTitle", "extensionAttribute2"},
		company.Phone:      {"mobile"},
		company.Office:     place,
	}
	must := map[company.Reason]string{
		company.Succession: "manager", company.NewManager: "manager", company.Move: "department", company.Marriage: "surname", company.Phone: "mobile",
		company.Office: "physicalDeliveryOfficeName", company.Title: "jobTitle",
	}
	renamed := 0
	for _, e := range days(company.New(2, 5000), 60) {
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
			c := company.New(1, people)
			c.Rates = company.Rates{
				Hires: 0.16 * share, Leavers: 0.13 * share, Absences: 0.03 * share, Mistakes: 0.002 * share, Moves: 0.06 * share,
				Promotions: 0.015 * share, Marriages: 0.012 * share, Titles: 0.15 * share, Phones: 0.1 * share, Offices: 0.04 * share,
				Projects: 0.5 * share, ProjectEnds: 0.4 * share, Renames: 0.2 * share, Members: 5 * share,
			}
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

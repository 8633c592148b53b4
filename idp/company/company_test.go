package company_test

import (
	"bytes"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp/company"
)

// maxSpan is the most people who may report to one person.
const maxSpan = 15

// TestAlwaysSound: whatever happens, every evening the company is consistent, and the
// events of the day lead from what it was to what it is.
func TestAlwaysSound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := company.New(rapid.Uint64().Draw(t, "seed"), rapid.IntRange(1, 50).Draw(t, "people"))
		c.Rates = drawRates(t)
		s := newState(c)
		follows := newFollows(c)
		for range rapid.IntRange(0, 20).Draw(t, "days") {
			events := c.Day()
			for _, e := range events {
				s.apply(t, e)
				_, found := c.Person(e.Person)
				demand(t, found == (e.Person != "" && e.Kind != company.Purged), "nobody or too many", e)
			}
			if is := newState(c); !is.equal(s) {
				t.Fatalf("%s: the events lead elsewhere:\n%s", c.Today(), cmp.Diff(is, s))
			}
			checkTimes(t, c, events)
			checkPeople(t, c)
			checkManagers(t, c)
			checkGroups(t, c)
			follows.check(t, c)
		}
	})
}

func drawRates(t *rapid.T) (r company.Rates) {
	rate := rapid.SampledFrom([]float64{0, 0, -1, 0.5, 5, 30})
	for _, to := range []*float64{
		&r.Hires, &r.Leavers, &r.Absences, &r.Mistakes, &r.Moves, &r.Promotions, &r.Marriages, &r.Titles, &r.Phones, &r.Offices,
		&r.Projects, &r.ProjectEnds, &r.Renames, &r.Members,
	} {
		*to = rate.Draw(t, "rate")
	}
	r.Returns = rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "returns")
	return r
}

// state is a directory as one would be that hears of a company by its events alone.
type state struct {
	People, Deleted map[string]map[string]any
	Names           map[string]string
	Members         map[string]map[string]bool
}

func newState(c *company.Company) *state {
	s := &state{
		People: make(map[string]map[string]any), Deleted: make(map[string]map[string]any),
		Names: make(map[string]string), Members: make(map[string]map[string]bool),
	}
	for p := range c.People() {
		s.People[p.ID] = p.Properties()
	}
	for p := range c.Deleted() {
		s.Deleted[p.ID] = p.Properties()
	}
	for g := range c.Groups() {
		s.Names[g.ID], s.Members[g.ID] = g.Name, make(map[string]bool)
		for _, id := range g.Members {
			s.Members[g.ID][id] = true
		}
	}
	return s
}

func (s *state) equal(o *state) bool {
	return maps.EqualFunc(s.People, o.People, maps.Equal) && maps.EqualFunc(s.Deleted, o.Deleted, maps.Equal) &&
		maps.Equal(s.Names, o.Names) && maps.EqualFunc(s.Members, o.Members, maps.Equal)
}

// apply does what an event says, and fails where it can be said of nobody.
func (s *state) apply(t rapid.TB, e company.Event) {
	must := func(ok bool) { demand(t, ok, "this cannot have happened", e) }
	person, group := s.People[e.Person], s.Members[e.Group]
	switch e.Kind {
	case company.Hired:
		must(person == nil && e.Properties["objectId"] == e.Person)
		s.People[e.Person] = maps.Clone(e.Properties)
	case company.Changed, company.Disabled, company.Enabled:
		must(person != nil && len(e.Properties) > 0)
		for name, v := range e.Properties {
			must(person[name] != v)
			if person[name] = v; v == nil {
				delete(person, name)
			}
		}
	case company.Deleted:
		must(person != nil)
		delete(s.People, e.Person)
		s.Deleted[e.Person] = person
	case company.Restored:
		must(s.Deleted[e.Person] != nil)
		s.People[e.Person] = s.Deleted[e.Person]
		delete(s.Deleted, e.Person)
	case company.Purged:
		must(s.Deleted[e.Person] != nil)
		delete(s.Deleted, e.Person)
	case company.GroupCreated:
		must(group == nil && e.Properties["objectId"] == e.Group)
		s.Names[e.Group], s.Members[e.Group] = e.Properties["displayName"].(string), make(map[string]bool)
	case company.GroupRenamed:
		must(group != nil && s.Names[e.Group] != e.Properties["displayName"])
		s.Names[e.Group] = e.Properties["displayName"].(string)
	case company.GroupDeleted:
		must(group != nil)
		delete(s.Names, e.Group)
		delete(s.Members, e.Group)
	case company.MemberAdded:
		must(person != nil && group != nil && !group[e.Person])
		group[e.Person] = true
	case company.MemberRemoved:
		must(person != nil && group != nil && group[e.Person])
		delete(group, e.Person)
	default:
		t.Fatalf("unknown kind: %+v", e)
	}
}

// demand fails where something is not as it has to be.
func demand(t rapid.TB, ok bool, what string, about ...any) {
	if !ok {
		t.Fatalf("%s: %+v", what, about)
	}
}

// checkTimes: all happens on a working day, one thing after the other.
func checkTimes(t rapid.TB, c *company.Company, events []company.Event) {
	day := c.Today()
	demand(t, day.Weekday() != time.Saturday && day.Weekday() != time.Sunday, "no working day", day)
	last := day.Add(8 * time.Hour)
	for _, e := range events {
		demand(t, !e.At.Before(last) && e.At.Before(day.Add(18*time.Hour)), "not in order", last, e)
		last = e.At
	}
}

var localPart = regexp.MustCompile(`^[a-z0-9'][a-z0-9'._-]*(\+[a-z]{2})?$`)

// checkPeople: no two people share an address, and the addresses are ones that can be.
func checkPeople(t rapid.TB, c *company.Company) {
	owner := make(map[string]string)
	count := 0
	for p := range c.People() {
		count++
		id, err := uuid.Parse(p.ID)
		demand(t, err == nil && id.Version() == 4 && id.Variant() == uuid.RFC4122, "no UUID", p.ID)
		for _, address := range []string{p.UserPrincipalName, p.Mail} {
			if address == "" {
				continue
			}
			by, taken := owner[scim.Fold(address)]
			demand(t, !taken || by == p.ID, "an address twice", address)
			owner[scim.Fold(address)] = p.ID
			local, domain, _ := strings.Cut(strings.Replace(address, "#EXT#", "", 1), "@")
			demand(t, localPart.MatchString(strings.ToLower(local)), "no address", address)
			demand(t, strings.HasSuffix(domain, ".example"), "an address that may be somebody's", address)
		}
		demand(t, p.UserPrincipalName != "" && p.DisplayName != "" && p.JobTitle != "", "no name", p.ID)
		found, ok := c.Person(p.ID)
		demand(t, ok && found == p, "found somebody else", p.ID, found.ID)
	}
	demand(t, count == c.Len(), "another number of people", count, c.Len())
	for p := range c.Deleted() {
		found, ok := c.Person(p.ID)
		demand(t, ok && found == p, "found somebody else", p.ID, found.ID)
	}
}

// checkManagers: managers are people whose account is enabled, with not too many who
// are at work reporting to them, and the chain ends.
func checkManagers(t rapid.TB, c *company.Company) {
	manager := make(map[string]string)
	enabled := make(map[string]bool)
	reports := make(map[string]int)
	for p := range c.People() {
		manager[p.ID], enabled[p.ID] = p.Manager, p.AccountEnabled
		if p.AccountEnabled && p.UserType == "Member" {
			reports[p.Manager]++
		}
	}
	demand(t, c.Head().Manager == "" && c.Head().AccountEnabled, "no head", c.Head().ID)
	for id := range manager {
		steps := 0
		for at := manager[id]; at != ""; at = manager[at] {
			demand(t, enabled[at], "a manager left", at)
			demand(t, reports[at] <= maxSpan, "too many reports", at)
			steps++
			demand(t, steps <= len(manager), "a circle of managers", at)
		}
	}
}

// checkGroups: members are people, names are unique, ignoring case.
func checkGroups(t rapid.TB, c *company.Company) {
	people := make(map[string]bool)
	for p := range c.People() {
		people[p.ID] = true
	}
	names := make(map[string]bool)
	for g := range c.Groups() {
		demand(t, !names[scim.Fold(g.Name)] && !strings.Contains(g.Name, ";"), "no name", g.Name)
		names[scim.Fold(g.Name)] = true
		seen := make(map[string]bool)
		for _, id := range g.Members {
			demand(t, people[id] && !seen[id], "no member", g.Name, id)
			seen[id] = true
		}
	}
}

// follows are the groups whose members follow from the people, by what they were
// called on the first day.
type follows struct {
	staff, managers string
	places          map[string]string // IDs of departments' and offices' groups
}

func newFollows(c *company.Company) follows {
	f := follows{places: make(map[string]string)}
	for g := range c.Groups() {
		switch g.Name {
		case "All " + c.Name:
			f.staff = g.ID
		case "People managers":
			f.managers = g.ID
		default:
			f.places[g.Name] = g.ID
		}
	}
	return f
}

func (f follows) check(t rapid.TB, c *company.Company) {
	want := make(map[string]map[string]bool)
	put := func(group, id string) {
		if want[group] == nil {
			want[group] = make(map[string]bool)
		}
		want[group][id] = true
	}
	for p := range c.People() {
		if p.UserType != "Guest" {
			put(f.staff, p.ID)
		}
		if p.Manager != "" {
			put(f.managers, p.Manager)
		}
		if p.Department != "" {
			put(f.places[p.Department], p.ID)
		}
		put(f.places["Office "+p.OfficeLocation], p.ID)
	}
	for g := range c.Groups() {
		if strings.HasPrefix(g.Name, "Project ") {
			continue
		}
		demand(t, len(g.Members) == len(want[g.ID]), "other members", g.Name)
		for _, id := range g.Members {
			demand(t, want[g.ID][id], "other members", g.Name, id)
		}
	}
}

// TestSameAgain: a seed makes one company and one history.
func TestSameAgain(t *testing.T) {
	t.Parallel()
	history := func(seed uint64, people int) string {
		c := company.New(seed, people)
		var b bytes.Buffer
		require.NoError(t, c.WriteCSV(&b))
		for range 20 {
			fmt.Fprintln(&b, c.Day())
		}
		require.NoError(t, c.WriteCSV(&b))
		return b.String()
	}
	require.Equal(t, history(5, 500), history(5, 500))
	require.NotEqual(t, history(5, 500), history(6, 500))
	require.NotEqual(t, history(5, 500)[:2000], history(5, 501)[:2000])
}

// TestSize: as many people as asked for, and a tree of sensible height.
func TestSize(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ people, height int }{{-1, 0}, {1, 0}, {2, 1}, {3, 2}, {5, 2}, {12, 3}, {199, 4}, {200, 5}, {1000, 6}, {30_000, 8}} {
		t.Run(strconv.Itoa(c.people), func(t *testing.T) {
			t.Parallel()
			co := company.New(1, c.people)
			require.Equal(t, max(c.people, 1), co.Len())
			checkManagers(t, co)
			checkGroups(t, co)
			checkPeople(t, co)
			manager := make(map[string]string)
			for p := range co.People() {
				manager[p.ID] = p.Manager
			}
			height := 0
			for id := range manager {
				steps := 0
				for at := manager[id]; at != ""; at = manager[at] {
					steps++
				}
				height = max(height, steps)
			}
			require.LessOrEqual(t, height, c.height)
			require.GreaterOrEqual(t, height, c.height/2)
		})
	}
}

// TestLooksReal: of 10,000 people, what a directory has to cope with is there, and
// there is not too much of it.
func TestLooksReal(t *testing.T) {
	t.Parallel()
	people := slices.Collect(company.New(3, 10_000).People())
	reports := make(map[string]int)
	for _, p := range people {
		reports[p.Manager]++
	}
	has := func(s, of string) bool { return strings.ContainsAny(s, of) }
	for _, trait := range []struct {
		name     string
		low, top int // of 10,000
		is       func(p company.Person) bool
	}{
		{"no mail", 100, 300, func(p company.Person) bool { return p.Mail == "" }},
		{"no manager", 5, 80, func(p company.Person) bool { return p.Manager == "" }},
		{"no department", 5, 80, func(p company.Person) bool { return p.Department == "" }},
		{"no surname", 5, 80, func(p company.Person) bool { return p.Surname == "" }},
		{"no language", 20, 100, func(p company.Person) bool { return p.PreferredLanguage == "" }},
		{"no phone", 500, 1100, func(p company.Person) bool { return p.MobilePhone == "" }},
		{"disabled", 40, 150, func(p company.Person) bool { return !p.AccountEnabled }},
		{"guest", 20, 90, func(p company.Person) bool { return p.UserType == "Guest" }},
		{"mail in another case", 200, 700, func(p company.Person) bool {
			return p.Mail != p.UserPrincipalName && strings.EqualFold(p.Mail, p.UserPrincipalName)
		}},
		{"another mail", 300, 900, func(p company.Person) bool {
			return p.Mail != "" && !strings.EqualFold(p.Mail, p.UserPrincipalName)
		}},
		{"homonym", 200, 1500, func(p company.Person) bool {
			local, _, _ := strings.Cut(p.UserPrincipalName, "@")
			return unicode.IsDigit(rune(local[len(local)-1])) && !unicode.IsDigit(rune(local[1]))
		}},
		{"native script", 100, 2500, func(p company.Person) bool {
			return strings.IndexFunc(p.DisplayName, func(r rune) bool { return unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Han) }) >= 0
		}},
		{"diacritics", 1000, 6000, func(p company.Person) bool {
			return strings.IndexFunc(p.GivenName+p.Surname, func(r rune) bool { return r > unicode.MaxASCII }) >= 0
		}},
		{"apostrophe", 50, 1000, func(p company.Person) bool { return has(p.GivenName+p.Surname, "'’") }},
		{"hyphen", 50, 1000, func(p company.Person) bool { return has(p.GivenName+p.Surname, "-") }},
		{"space", 100, 4000, func(p company.Person) bool { return has(p.GivenName+p.Surname, " ") }},
		{"contractor", 200, 700, func(p company.Person) bool { return p.EmployeeType == "Contractor" }},
		{"manages", 1000, 2000, func(p company.Person) bool { return reports[p.ID] > 0 }},
		{"lately hired", 800, 2500, func(p company.Person) bool { return p.EmployeeHireDate > "2025" }},
		{"long an intern", 0, 0, func(p company.Person) bool { return p.EmployeeType == "Intern" && p.EmployeeHireDate < "2024-12" }},
		{"head", 1, 1, func(p company.Person) bool { return p.Grade == "G10" }},
	} {
		n := 0
		for _, p := range people {
			if trait.is(p) {
				n++
			}
		}
		require.GreaterOrEqual(t, n, trait.low, trait.name)
		require.LessOrEqual(t, n, trait.top, trait.name)
	}
}

// TestVariety: 10,000 people are many different ones, at many places.
func TestVariety(t *testing.T) {
	t.Parallel()
	people := slices.Collect(company.New(4, 10_000).People())
	values := func(of func(company.Person) string) int {
		seen := make(map[string]bool)
		for _, p := range people {
			seen[of(p)] = true
		}
		return len(seen)
	}
	require.GreaterOrEqual(t, values(func(p company.Person) string { return p.Country }), 8)
	require.GreaterOrEqual(t, values(func(p company.Person) string { return p.Department }), 30)
	require.GreaterOrEqual(t, values(func(p company.Person) string { return p.Division }), 6)
	require.GreaterOrEqual(t, values(func(p company.Person) string { return p.OfficeLocation }), 15)
	require.GreaterOrEqual(t, values(func(p company.Person) string { return p.GivenName }), 300)
	require.GreaterOrEqual(t, values(func(p company.Person) string { return p.Surname }), 400)
	require.GreaterOrEqual(t, values(func(p company.Person) string { return p.JobTitle }), 150)
}

// TestPersonUnknown: whoever is not in the company is not found.
func TestPersonUnknown(t *testing.T) {
	t.Parallel()
	c := company.New(1, 5)
	for _, id := range []string{"", "ann", uuid.NewString()} {
		_, found := c.Person(id)
		require.False(t, found)
	}
}

// TestStops: whoever has seen enough people and groups need not see the rest.
func TestStops(t *testing.T) {
	t.Parallel()
	c := company.New(1, 50)
	seen := 0
	for range c.People() {
		seen++
		break
	}
	for range c.Groups() {
		seen++
		break
	}
	require.Equal(t, 2, seen)
	require.Greater(t, len(slices.Collect(c.Groups())), 1)
}

package company

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
)

// TestLists: what companies are made of holds together.
func TestLists(t *testing.T) {
	t.Parallel()
	sum := func(n int, share func(int) int) (all int) {
		for i := range n {
			all += share(i)
		}
		return all
	}
	require.Equal(t, 1000, sum(len(habits), func(i int) int { return habits[i].share }))
	require.Equal(t, 1000, sum(len(contracts), func(i int) int { return contracts[i].share }))
	require.Equal(t, 1000, sum(len(rankShares), func(i int) int { return rankShares[i] }))
	names := make(sequence)
	for _, d := range append(slices.Clone(trades), board) {
		require.Equal(t, 1, names.next(d.name), d.name)
		require.Greater(t, len(d.roles), 1, d.name)
		require.NotContains(t, d.name, ";")
	}
	for _, l := range lands {
		require.Equal(t, 1, names.next(l.code), l.code)
		require.Equal(t, 1, names.next(l.name), l.name)
		require.Len(t, l.cities, 3, l.name)
		for _, c := range l.cities {
			require.Equal(t, 1, names.next("Office "+c.name), c.name)
			require.NotEmpty(t, c.state)
		}
		require.True(t, strings.HasPrefix(l.language, l.language[:2]+"-") && strings.HasSuffix(l.language, l.code), l.name)
		require.Regexp(t, `^\+[1-9][0-9 #]+#$`, l.mobile)
	}
}

// TestNames: each land has enough names, each once, and addresses can be made of them.
func TestNames(t *testing.T) {
	t.Parallel()
	local := regexp.MustCompile(`^[a-z'][a-z'-]*$`)
	for i, r := range rosters() {
		l := lands[i]
		require.Equal(t, l.two, len(r.rare) == 0, l.name)
		var males []*word
		for _, s := range append(slices.Clone(r.family), r.rare...) {
			males = append(males, s.male)
		}
		for _, list := range [][]*word{r.female, r.male, males} {
			require.GreaterOrEqual(t, len(list), 14, l.name)
			seen := make(map[string]bool)
			for _, w := range list {
				require.Regexp(t, local, w.local, w.text)
				require.False(t, seen[w.text], "%s twice in %s", w.text, l.name)
				seen[w.text] = true
				require.True(t, unicode.IsLetter([]rune(w.text)[0]) || w.text[0] == '\'', w.text)
				require.NotContains(t, w.text, "_")
			}
		}
		for _, s := range append(slices.Clone(r.family), r.rare...) {
			require.Regexp(t, local, s.female.local)
			require.Equal(t, s.male.native == "", s.female.native == "", s.male.text)
			require.Equal(t, r.male[0].native == "", s.male.native == "", s.male.text)
		}
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Müller-Lüdenscheidt": "muller-ludenscheidt", "O’Dwyer": "o'dwyer", "van 't Hof": "van'thof", "Łódź": "lodz", "İbrahim": "ibrahim",
		"Işıl": "isil", "Groß": "gross", "Weiß": "weiss", "Núñez": "nunez", "Söderström": "soderstrom", "佐藤": "",
	} {
		require.Equal(t, want, local(name, false), name)
	}
	require.Equal(t, "mueller-luedenscheidt", local("Müller-Lüdenscheidt", true))
	require.Equal(t, "oezdemir", local("Özdemir", true))
}

// TestSequence: a name that was given is not given again, in whatever case.
func TestSequence(t *testing.T) {
	t.Parallel()
	s := make(sequence)
	require.Equal(t, 1, s.next("Ann.Lee"))
	require.Equal(t, 2, s.next("ann.lee"))
	require.Equal(t, 1, s.next("ann.leeds"))
}

// TestTimes: what cannot be a rate is never, and nothing happens for ever.
func TestTimes(t *testing.T) {
	t.Parallel()
	c := New(1, 10)
	nothing := 0.0
	require.Zero(t, c.times(-1, 1000))
	require.Zero(t, c.times(nothing/nothing, 1000))
	require.Equal(t, 1000, c.times(1/nothing, 100))
}

// TestStaleAppointment: of what was planned for somebody, the last plan holds.
func TestStaleAppointment(t *testing.T) {
	t.Parallel()
	c := New(1, 10)
	done := ""
	p := c.people[3]
	c.plan(p, 1, 1, func(*Company, *person) { done += "first" })
	c.plan(p, 1, 1, func(*Company, *person) { done += "second" })
	c.Day()
	require.Equal(t, "second", done)
}

// TestComeBackToMany: some of those who come back under one boss manage others.
func TestComeBackToMany(t *testing.T) {
	t.Parallel()
	for _, way := range []struct{ away, back func(*Company, *person) }{
		{func(c *Company, p *person) { c.enable(p, false, Leaving) }, (*Company).comeBack},
		{func(c *Company, p *person) { c.bury(p, Mistake) }, (*Company).restore},
	} {
		c := New(1, 40)
		away := slices.Clone(c.people[1:])
		for _, p := range away {
			c.setBoss(p, c.head)
		}
		for _, p := range away {
			way.away(c, p)
		}
		for _, p := range away {
			way.back(c, p)
			require.LessOrEqual(t, len(c.head.reports), maxSpan)
		}
	}
}

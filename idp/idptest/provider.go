package idptest

import (
	"slices"
	"strings"
	"testing"

	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/dialect"
	"github.com/usher-scim/scim/idp/okta"
)

// maker makes a provider for one play.
type maker struct {
	name string
	open func(t testing.TB, s *idp.Service) Provider
}

// makers are all providers: Entra in its two dialects, Okta in its two flavours, and
// the others.
func makers() []maker {
	all := []maker{
		{"entra", openEntra},
		{"entra-flag", openEntraWithFlag},
		{"okta-catalogue", func(t testing.TB, s *idp.Service) Provider { return openOkta(t, s, okta.Catalogue) }},
		{"okta-wizard", func(t testing.TB, s *idp.Service) Provider { return openOkta(t, s, okta.Wizard) }},
	}
	for _, d := range dialect.Dialects() {
		all = append(all, maker{strings.ToLower(d.Name), func(t testing.TB, s *idp.Service) Provider { return openDialect(t, s, d) }})
	}
	return all
}

// book keeps what a scenario calls people and groups, and what the provider calls them.
type book struct {
	people map[string]string // Key to the provider's ID
	groups map[string]string // name to the provider's ID
}

func newBook() book { return book{people: make(map[string]string), groups: make(map[string]string)} }

// ids are the provider's IDs of people.
func (b book) ids(keys []string) []string {
	var out []string
	for _, k := range keys {
		out = append(out, b.people[k])
	}
	return out
}

// renamed keeps a group under another name.
func (b book) renamed(from, to string) {
	b.groups[to] = b.groups[from]
	delete(b.groups, from)
}

// differ returns who is in one list alone: in want, and in has.
func differ(want, has []string) (missing, surplus []string) {
	for _, w := range want {
		if !slices.Contains(has, w) {
			missing = append(missing, w)
		}
	}
	for _, h := range has {
		if !slices.Contains(want, h) {
			surplus = append(surplus, h)
		}
	}
	return missing, surplus
}

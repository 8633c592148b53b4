package scim

import (
	"context"
	"slices"
	"sync"
	"time"
	_ "time/tzdata" // zones are known also where the system has no database of them

	"golang.org/x/text/language"
)

// View is a user as the host shows it: typed, normalised and validated (P2.6).
// What could not be understood is empty here and listed in Warnings; the
// verbatim values are in the User.
type View struct {
	User   *User
	Status Status
	// Role is what a provisioned user may do in the host: always User (P2.5).
	Role string
	// Login and Email are the login name and the work e-mail address. They stay
	// what they were while a soft delete has the user renamed (P3.7).
	Login, Email string
	// Language is the host's language that fits preferredLanguage best, its
	// default where the user has none, and language.Und where it cannot be understood.
	Language language.Tag
	// Timezone is nil where the user has none, or one that does not exist.
	Timezone *time.Location
	// HireDate is the day at midnight in UTC; zero where there is none.
	HireDate time.Time
	// Region is the country where that is an ISO 3166 code; zero otherwise.
	Region language.Region
	// ManagerID is the user that manager names, "" while there is none (P8).
	ManagerID    string
	ManagerName  string
	ManagerEmail string
	Warnings     []Warning
}

// RoleUser is the role of every provisioned user.
const RoleUser = "User"

// views reads verbatim values for the host. It is safe for concurrent use.
type views struct {
	t         *table
	languages []language.Tag
	none      language.Tag // of a person without one
	matcher   language.Matcher
	tags      cache[language.Tag]
	zones     cache[*time.Location]
}

func newViews(t *table, languages []language.Tag, none language.Tag) *views {
	v := &views{t: t, languages: languages, none: none}
	if len(languages) > 0 {
		v.matcher = language.NewMatcher(languages)
		if none == language.Und {
			v.none = languages[0]
		}
	}
	return v
}

// view reads everything but the manager, which takes a look-up.
func (v *views) view(u *User) View {
	out := View{User: u, Status: u.Status, Role: RoleUser, Login: u.Login, Email: u.Email}
	for _, r := range v.t.rows {
		if r.Normalise == AsSent {
			continue
		}
		if !v.read(r.Normalise, r.target.value(u), &out) {
			out.Warnings = append(out.Warnings, Warning{Attribute: r.Name, Text: notUnderstood[r.Normalise]})
		}
	}
	out.Warnings = append(out.Warnings, u.Kept...)
	return out
}

// read puts what a value means into out. It reports false for one that cannot be
// understood; a country that is no code is as it was sent, and no mistake.
func (v *views) read(n Normaliser, s string, out *View) (ok bool) {
	ok = true
	switch n {
	case AsLanguage:
		out.Language, ok = v.language(s)
	case AsTimezone:
		out.Timezone, ok = v.zone(s)
	case AsDate:
		out.HireDate, ok = date(s)
	case AsRegion:
		out.Region, _ = region(s)
	}
	return ok
}

var notUnderstood = [...]string{
	AsLanguage: "The value is not a language tag such as en-GB.",
	AsTimezone: "The value is not the name of an IANA time zone such as Europe/London.",
	AsDate:     "The value is not a date such as 2026-01-31.",
}

// warnings is what view would warn of and did not for the user before.
func (v *views) warnings(u, before *User) []Warning {
	var out []Warning
	var ignored View
	for _, r := range v.t.rows {
		if r.Normalise == AsSent {
			continue
		}
		s := r.target.value(u)
		if s == "" || before != nil && r.target.value(before) == s {
			continue
		}
		if !v.read(r.Normalise, s, &ignored) {
			out = append(out, Warning{Attribute: r.Name, Text: notUnderstood[r.Normalise]})
		}
	}
	for _, w := range u.Kept {
		if before == nil || !slices.Contains(before.Kept, w) {
			out = append(out, w)
		}
	}
	return out
}

// language reads a BCP 47 tag; underscores are tolerated. It reports false for
// what is no tag.
func (v *views) language(s string) (language.Tag, bool) {
	if s == "" {
		return v.none, true
	}
	tag, ok := v.tags.get(s, func() (language.Tag, bool) {
		tag, err := language.Parse(s)
		return tag, err == nil && tag != language.Und
	})
	if !ok {
		return language.Und, false
	}
	if v.matcher != nil {
		_, i, _ := v.matcher.Match(tag)
		return v.languages[i], true
	}
	return tag, true
}

// zone reads the name of an IANA time zone.
func (v *views) zone(s string) (*time.Location, bool) {
	if s == "" {
		return nil, true
	}
	return v.zones.get(s, func() (*time.Location, bool) {
		if s == "Local" {
			return nil, false
		}
		l, err := time.LoadLocation(s)
		if err != nil {
			return nil, false
		}
		return l, true
	})
}

func date(s string) (time.Time, bool) {
	if s == "" {
		return time.Time{}, true
	}
	return parseDate(s)
}

// region reads an ISO 3166 code.
func region(s string) (language.Region, bool) {
	if len(s) != 2 && len(s) != 3 {
		return language.Region{}, false
	}
	r, err := language.ParseRegion(s)
	if err != nil || !r.IsCountry() {
		return language.Region{}, false
	}
	return r, true
}

// cache remembers readings of values that come again and again. It stops
// growing at a bound, so that no client can make it large. The zero value is
// ready.
type cache[T any] struct {
	mu sync.RWMutex
	m  map[string]reading[T]
}

type reading[T any] struct {
	value T
	ok    bool
}

const cacheSize = 2048

func (c *cache[T]) get(key string, read func() (T, bool)) (T, bool) {
	c.mu.RLock()
	r, ok := c.m[key]
	c.mu.RUnlock()
	if ok {
		return r.value, r.ok
	}
	r.value, r.ok = read()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil {
		c.m = make(map[string]reading[T])
	}
	if len(c.m) < cacheSize && len(key) <= 64 {
		c.m[key] = r
	}
	return r.value, r.ok
}

// View returns the host's view of a user, its manager linked.
func (d *Directory) View(ctx context.Context, t Tenant, u *User) (View, error) {
	list, err := d.Views(ctx, t, []*User{u})
	if err != nil {
		return View{}, err
	}
	return list[0], nil
}

// Views returns the host's view of users. It costs one look-up for the managers
// of all of them.
func (d *Directory) Views(ctx context.Context, t Tenant, users []*User) ([]View, error) {
	managers, err := d.managers(ctx, t, users)
	if err != nil {
		return nil, err
	}
	out := make([]View, len(users))
	for i, u := range users {
		out[i] = d.views.view(u)
		if m := managers.of(u); m != nil {
			out[i].ManagerID, out[i].ManagerName, out[i].ManagerEmail = m.ID, m.Keys.Label, m.Email
		}
	}
	return out, nil
}

// Value returns what a user has under an attribute of the table, by the
// attribute's name, verbatim; "" for none, and for a name the table lacks.
func (d *Directory) Value(u *User, name string) string {
	if r := d.table.row(name); r != nil {
		return r.target.value(u)
	}
	return ""
}

// Attributes returns the rows of the attribute table, in order.
func (d *Directory) Attributes() []Attribute {
	out := make([]Attribute, len(d.table.rows))
	for i, r := range d.table.rows {
		out[i] = r.Attribute
	}
	return out
}

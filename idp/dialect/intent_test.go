package dialect_test

import (
	"slices"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp/dialect"
)

// host is where the library keeps each attribute, and where a person has it.
var host = map[dialect.Attribute]func(*scim.User, *dialect.Person) (has, wants string){
	dialect.ExternalID:        func(u *scim.User, p *dialect.Person) (_, _ string) { return u.ExternalID, p.ID },
	dialect.GivenName:         func(u *scim.User, p *dialect.Person) (_, _ string) { return u.Name.GivenName, p.GivenName },
	dialect.FamilyName:        func(u *scim.User, p *dialect.Person) (_, _ string) { return u.Name.FamilyName, p.FamilyName },
	dialect.Formatted:         func(u *scim.User, p *dialect.Person) (_, _ string) { return u.Name.Formatted, formatted(p) },
	dialect.DisplayName:       func(u *scim.User, p *dialect.Person) (_, _ string) { return u.DisplayName, p.DisplayName },
	dialect.Title:             func(u *scim.User, p *dialect.Person) (_, _ string) { return u.Title, p.Title },
	dialect.Department:        func(u *scim.User, p *dialect.Person) (_, _ string) { return u.Department, p.Department },
	dialect.Division:          func(u *scim.User, p *dialect.Person) (_, _ string) { return u.Division, p.Division },
	dialect.Organization:      func(u *scim.User, p *dialect.Person) (_, _ string) { return u.Organization, p.Organization },
	dialect.EmployeeNumber:    func(u *scim.User, p *dialect.Person) (_, _ string) { return u.EmployeeNumber, p.EmployeeNumber },
	dialect.Country:           func(u *scim.User, p *dialect.Person) (_, _ string) { return country(u), p.Country },
	dialect.PreferredLanguage: func(u *scim.User, p *dialect.Person) (_, _ string) { return u.PreferredLanguage, p.PreferredLanguage },
	dialect.Timezone:          func(u *scim.User, p *dialect.Person) (_, _ string) { return u.Timezone, p.Timezone },
	dialect.Mobile:            func(u *scim.User, p *dialect.Person) (_, _ string) { return mobile(u), p.Mobile },
	dialect.HireDate:          func(u *scim.User, p *dialect.Person) (_, _ string) { return u.HireDate, p.HireDate },
}

func formatted(p *dialect.Person) string {
	switch {
	case p.DisplayName != "":
		return p.DisplayName
	case p.GivenName == "" || p.FamilyName == "":
		return p.GivenName + p.FamilyName
	}
	return p.GivenName + " " + p.FamilyName
}

func country(u *scim.User) string {
	for _, a := range u.Addresses {
		if a.Type == "work" {
			return a.Country
		}
	}
	return ""
}

func mobile(u *scim.User) string {
	for _, n := range u.PhoneNumbers {
		if n.Type == "mobile" {
			return n.Value
		}
	}
	return ""
}

// intended compares the host's view of everybody and of all groups with the
// provider's own directory.
func (r *rig) intended() {
	r.Helper()
	page, err := r.dir.Users(r.Context(), tenant, scim.Query{Limit: 1000})
	require.NoError(r, err)
	users := make(map[string]*scim.User)
	for _, u := range page.Items {
		users[u.ID] = u
	}
	for _, id := range r.People() {
		p, _ := r.Person(id)
		u := users[r.ServiceID(id)]
		delete(users, r.ServiceID(id))
		if p.Disabled {
			require.False(r, u != nil && u.Active(), "%s is active", p.UserName)
			continue
		}
		require.NotNil(r, u, p.UserName)
		r.likePerson(u, p)
	}
	for _, u := range users {
		require.False(r, u.Active(), "%s is active and not in the directory", u.UserName)
	}
	r.groupsAsIntended()
}

func (r *rig) likePerson(u *scim.User, p dialect.Person) {
	r.Helper()
	d := r.Dialect()
	require.Equal(r, scim.StatusActive, u.Status, p.UserName)
	require.Equal(r, p.UserName, u.UserName)
	email := p.Email
	if d.Emails == nil {
		email = p.UserName
	}
	require.Equal(r, email, u.Email)
	for _, a := range d.Attributes {
		has, wants := host[a](u, &p)
		if wants == "" && d.Unset == dialect.Kept {
			continue
		}
		require.Equal(r, wants, has, "%s of %s", a, p.UserName)
	}
	if d.Manager == nil || p.Manager == "" {
		return
	}
	v, err := r.dir.View(r.Context(), tenant, u)
	require.NoError(r, err)
	m, there := r.Person(p.Manager)
	if !m.Disabled && (there || d.Unset != dialect.Kept) {
		require.Equal(r, r.ServiceID(p.Manager), v.ManagerID, "the manager of %s", p.UserName)
	}
}

func (r *rig) groupsAsIntended() {
	r.Helper()
	want := make(map[string][]string)
	if r.Dialect().Groups {
		for _, name := range r.Groups() {
			want[name] = []string{}
			for _, id := range r.Members(name) {
				if at := r.ServiceID(id); at != "" {
					want[name] = append(want[name], at)
				}
			}
			slices.Sort(want[name])
		}
	}
	page, err := r.dir.Groups(r.Context(), tenant, scim.Query{Limit: 1000})
	require.NoError(r, err)
	has := make(map[string][]string)
	for _, g := range page.Items {
		members, err := r.dir.Members(r.Context(), tenant, g.ID, scim.Query{Limit: 1000})
		require.NoError(r, err)
		ids := []string{}
		for _, m := range members.Items {
			ids = append(ids, m.ID)
		}
		slices.Sort(ids)
		if _, wanted := want[g.DisplayName]; !wanted && r.Dialect().KeepsGroups && len(ids) == 0 {
			continue
		}
		has[g.DisplayName] = ids
	}
	require.Equal(r, want, has)
}

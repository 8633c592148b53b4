package idptest

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
)

// stage is where one scenario is played.
type stage struct {
	*testing.T
	host     Host
	gate     *gate
	provider Provider
	service  *idp.Service // the provider's
	reader   *idp.Service // the test's own look at the host
	domain   string

	mu      sync.Mutex
	writes  []string // the provider's requests that write, since they were last asked for
	refused []string // and those that the host refused
}

// uniqueDomain keeps the people of one play apart from all others that the host has.
func uniqueDomain() string { return strings.ToLower(rand.Text())[:12] + ".example" }

func (s *stage) observe(e idp.Exchange) {
	s.mu.Lock()
	defer s.mu.Unlock()
	said := fmt.Sprintf("%s %s: %d", e.Method, e.Target, e.Status)
	if e.Method != http.MethodGet {
		s.writes = append(s.writes, said)
	}
	if e.Status >= http.StatusBadRequest {
		s.refused = append(s.refused, said)
	}
}

// person makes somebody of this play. The name may be any words.
func (s *stage) person(given, family string) Person {
	name := strings.ToLower(given + "." + family)
	return Person{Key: name, UserName: name + "@" + s.domain, Email: name + "@" + s.domain, GivenName: given, FamilyName: family}
}

// group is the name of a group of this play.
func (s *stage) group(name string) string { return name + " of " + s.domain }

// sync lets the provider send what is due, and everything must be well.
func (s *stage) sync() {
	s.Helper()
	s.provider.Sync(s.Context())
	require.Empty(s, slices.Compact(s.provider.Failures()), "the provider's log")
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Empty(s, s.refused, "requests that the host refused")
	s.writes = nil
}

// syncBadly lets the provider send, which fails, and returns what its log says.
func (s *stage) syncBadly() []Failure {
	s.Helper()
	s.provider.Sync(s.Context())
	failures := s.provider.Failures()
	require.NotEmpty(s, failures, "the provider's log has no failure")
	s.forget()
	return failures
}

// forget drops what was noted of requests so far.
func (s *stage) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes, s.refused = nil, nil
}

// idle is a cycle without a change: it writes nothing.
func (s *stage) idle() {
	s.Helper()
	s.provider.Sync(s.Context())
	s.mu.Lock()
	defer s.mu.Unlock()
	require.Empty(s, s.writes, "nothing has changed, and yet this is written")
}

// put makes people in the provider, or makes them what they are now.
func (s *stage) put(people ...Person) {
	for _, p := range people {
		s.provider.Put(p)
	}
}

// find reads the user of a userName from the host, nil if there is none.
func (s *stage) find(userName string) idp.Resource {
	s.Helper()
	return s.first("/Users", `userName eq "`+userName+`"`)
}

func (s *stage) first(path, filter string) idp.Resource {
	s.Helper()
	a, err := s.reader.Do(s.Context(), http.MethodGet, path, url.Values{"filter": {filter}}, nil)
	require.NoError(s, err)
	require.Equal(s, http.StatusOK, a.Status, "%s", a.Body)
	l, err := a.List()
	require.NoError(s, err)
	require.LessOrEqual(s, *l.TotalResults, 1, "%s %s", path, filter)
	if len(l.Resources) == 0 {
		return nil
	}
	return l.Resources[0]
}

// get reads a resource by its id; nil if there is none.
func (s *stage) get(path, id string) idp.Resource {
	s.Helper()
	a, err := s.reader.Do(s.Context(), http.MethodGet, path+"/"+url.PathEscape(id), nil, nil)
	require.NoError(s, err)
	if a.Status == http.StatusNotFound {
		return nil
	}
	require.Equal(s, http.StatusOK, a.Status, "%s", a.Body)
	r, err := a.Resource()
	require.NoError(s, err)
	return r
}

// is checks that the host has a person as the provider has, active or not, and
// returns its id.
func (s *stage) is(p Person, active bool) (id string) {
	s.Helper()
	r := s.find(p.UserName)
	require.NotNil(s, r, "the host does not know %s", p.UserName)
	has := s.provider.Has()
	type seen struct {
		UserName, Email, GivenName, FamilyName, Title, Department string
		Active                                                    any
	}
	want := seen{p.UserName, "", p.GivenName, p.FamilyName, "", "", active}
	if has.Email {
		want.Email = p.Email
	}
	if has.Title {
		want.Title = p.Title
	}
	if has.Department {
		want.Department = p.Department
	}
	email := r.Text(`emails[type eq "work"].value`)
	if all, _ := r.Get(idp.MustPath("emails")).([]any); email == "" && len(all) > 0 { // some send no type
		first, _ := all[0].(map[string]any)
		email = idp.Resource(first).Text("value")
	}
	require.Equal(s, want, seen{
		r.Text("userName"), email, r.Text("name.givenName"), r.Text("name.familyName"), r.Text("title"),
		r.Text(idp.EnterpriseSchema + ":department"), r["active"],
	})
	s.hostHas(p, r.ID(), active)
	return r.ID()
}

// hostHas checks the host's own view, if there is one.
func (s *stage) hostHas(p Person, id string, active bool) {
	s.Helper()
	if s.host.Directory == nil {
		return
	}
	u, err := s.host.Directory.User(s.Context(), s.host.Tenant, id)
	require.NoError(s, err)
	require.Equal(s, active, u.Active(), "%s in the host's view", p.UserName)
	if p.Department != "" && s.provider.Has().Department {
		require.True(s, s.inFolder(p.Department, id), "%s is not in the folder %s", p.UserName, p.Department)
	}
}

// inFolder reports whether a user is in a folder of the root Department.
func (s *stage) inFolder(name, id string) bool {
	s.Helper()
	page, err := s.host.Directory.FolderUsers(s.Context(), s.host.Tenant,
		scim.FolderKey{Root: scim.RootDepartment, Name: scim.FoldName(name)}, scim.Query{Limit: 1000})
	require.NoError(s, err)
	return slices.ContainsFunc(page.Items, func(u *scim.User) bool { return u.ID == id })
}

// reportsTo checks whom the host has as the manager of a person, if the provider
// sends managers.
func (s *stage) reportsTo(p, manager Person) {
	s.Helper()
	if !s.provider.Has().Managers {
		return
	}
	user, boss := s.find(p.UserName), s.find(manager.UserName)
	require.NotNil(s, user)
	require.NotNil(s, boss)
	names := []string{boss.ID(), boss.Text("userName"), boss.Text("externalId"), manager.Email} // P8.1
	require.Contains(s, names, user.Text(idp.EnterpriseSchema+":manager.value"), "the manager of %s", p.UserName)
	if s.host.Directory == nil {
		return
	}
	chain, err := s.host.Directory.Managers(s.Context(), s.host.Tenant, user.ID())
	require.NoError(s, err)
	require.NotEmpty(s, chain, "%s has no manager in the host's view", p.UserName)
	require.Equal(s, boss.ID(), chain[0].ID)
}

// groupIs checks who is in a group and returns the group's id, "" of a provider
// without groups.
func (s *stage) groupIs(name string, people ...Person) (id string) {
	s.Helper()
	return s.groupHas(name, nil, people...)
}

// groupHas is groupIs where some may be in the group or not: providers differ in what
// becomes of those who left when the group changes at the same time.
func (s *stage) groupHas(name string, may []Person, people ...Person) (id string) {
	s.Helper()
	if !s.provider.Has().Groups {
		return ""
	}
	g := s.first("/Groups", `displayName eq "`+name+`"`)
	require.NotNil(s, g, "the host has no group %q", name)
	want, got, extra := []string{}, []string{}, []string{}
	for _, p := range people {
		want = append(want, s.known(p))
	}
	for _, p := range may {
		extra = append(extra, s.known(p))
	}
	members, _ := s.get("/Groups", g.ID())["members"].([]any)
	for _, m := range members {
		member, _ := m.(map[string]any)
		if id := idp.Resource(member).Text("value"); !slices.Contains(extra, id) {
			got = append(got, id)
		}
	}
	require.ElementsMatch(s, want, got, "the members of %s", name)
	return g.ID()
}

// known is the id of somebody whom the host has to know.
func (s *stage) known(p Person) string {
	s.Helper()
	u := s.find(p.UserName)
	require.NotNil(s, u, "the host does not know %s", p.UserName)
	return u.ID()
}

// accessEnded checks that whoever must end access has heard of it (P9.4).
func (s *stage) accessEnded(id string) {
	s.Helper()
	if s.host.Directory == nil {
		return
	}
	page, err := s.host.Directory.Log(s.Context(), s.host.Tenant, scim.EventQuery{UserID: id})
	require.NoError(s, err)
	require.True(s, slices.ContainsFunc(page.Items, func(e scim.Event) bool { return e.EndsAccess() }), "no event ends the access of %s", id)
}

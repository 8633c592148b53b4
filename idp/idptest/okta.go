package idptest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/okta"
)

// oktaProvider is a simulated Okta in the hands of a scenario.
type oktaProvider struct {
	book
	t       testing.TB
	org     *okta.Org
	app     *okta.App
	service *idp.Service
	seen    int // entries of the log
}

func openOkta(t testing.TB, s *idp.Service, f okta.Flavour) Provider {
	org := okta.NewOrg(nil)
	app, err := okta.NewApp(org, okta.Config{Service: s, Flavour: f})
	require.NoError(t, err)
	return &oktaProvider{book: newBook(), t: t, org: org, app: app, service: s}
}

func (p *oktaProvider) Connect(ctx context.Context) error { return p.app.TestConnection(ctx) }

func (p *oktaProvider) Put(who Person) {
	p.t.Helper()
	profile := okta.Profile{
		"login": who.UserName, "email": who.Email, "firstName": who.GivenName, "lastName": who.FamilyName,
		"title": who.Title, "department": who.Department, "managerId": p.people[who.Manager],
	}
	if id, known := p.people[who.Key]; known {
		_, err := p.org.UpdateUser(id, profile)
		require.NoError(p.t, err)
		return
	}
	u, err := p.org.AddUser(profile)
	require.NoError(p.t, err)
	require.NoError(p.t, p.app.Assign(u.ID))
	p.people[who.Key] = u.ID
}

func (p *oktaProvider) Leave(key string) {
	p.t.Helper()
	require.NoError(p.t, p.org.Deactivate(p.people[key]))
}

func (p *oktaProvider) Return(key string) {
	p.t.Helper()
	require.NoError(p.t, p.org.Activate(p.people[key]))
	require.NoError(p.t, p.app.Assign(p.people[key])) // deactivation took the assignment away
}

func (p *oktaProvider) Delete(key string) {
	p.t.Helper()
	require.NoError(p.t, p.org.DeleteUser(p.people[key]))
	delete(p.people, key)
}

func (p *oktaProvider) Group(name string, keys ...string) {
	p.t.Helper()
	id, known := p.groups[name]
	if !known {
		g, err := p.org.AddGroup(name)
		require.NoError(p.t, err)
		id, p.groups[name] = g.ID, g.ID
		require.NoError(p.t, p.app.PushGroup(id))
	}
	has, err := p.org.Members(id)
	require.NoError(p.t, err)
	missing, surplus := differ(p.ids(keys), has)
	require.NoError(p.t, p.org.AddMember(id, missing...))
	require.NoError(p.t, p.org.RemoveMember(id, surplus...))
}

func (p *oktaProvider) RenameGroup(from, to string) {
	p.t.Helper()
	require.NoError(p.t, p.org.RenameGroup(p.groups[from], to))
	p.renamed(from, to)
}

func (p *oktaProvider) MapToID(on bool) bool {
	p.t.Helper()
	mappings := okta.DefaultMappings()
	if on {
		mappings = append(mappings, okta.Mapping{Path: "id", Expression: "user.login"})
	}
	require.NoError(p.t, p.app.SetMappings(mappings))
	return true
}

// Sync sends what is due, has what failed tried again, and lets half a day pass.
func (p *oktaProvider) Sync(ctx context.Context) {
	p.t.Helper()
	p.app.RetryFailed()
	end := p.org.Clock().Now().Add(12 * time.Hour)
	for {
		report, err := p.app.Sync(ctx)
		require.NoError(p.t, err)
		now := p.org.Clock().Now()
		if report.Next.IsZero() || report.Next.After(end) || !report.Next.After(now) {
			return
		}
		p.org.Clock().Advance(report.Next.Sub(now))
	}
}

func (p *oktaProvider) SetToken(token string) { p.service.Token = token }

func (p *oktaProvider) Failures() []Failure {
	log := p.app.Log()
	var out []Failure
	for _, e := range log[p.seen:] {
		if e.Outcome == okta.Failure {
			out = append(out, Failure{Who: e.Target.Name, Status: e.Status, Detail: e.Reason + ": " + e.Detail})
		}
	}
	p.seen = len(log)
	return out
}

func (p *oktaProvider) Has() Abilities {
	return Abilities{Email: true, Managers: true, Department: true, Title: true, Groups: true}
}

package idptest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/entra"
)

// entraProvider is a simulated Entra in the hands of a scenario.
type entraProvider struct {
	book
	t    testing.TB
	dir  *entra.Directory
	job  *entra.Job
	seen int // entries of the log
}

func openEntraWithFlag(t testing.TB, s *idp.Service) Provider {
	s.URL += "?aadOptscim062020"
	return openEntra(t, s)
}

func openEntra(t testing.TB, s *idp.Service) Provider {
	dir := entra.NewDirectory(nil)
	job, err := entra.NewJob(dir, entra.Config{Service: s})
	require.NoError(t, err)
	return &entraProvider{book: newBook(), t: t, dir: dir, job: job}
}

func (p *entraProvider) Connect(ctx context.Context) error { return p.job.TestConnection(ctx) }

func (p *entraProvider) Put(who Person) {
	p.t.Helper()
	properties := entra.Properties{
		"userPrincipalName": who.UserName, "mail": who.Email, "givenName": who.GivenName, "surname": who.FamilyName,
		"jobTitle": who.Title, "department": who.Department, "manager": p.people[who.Manager],
	}
	if id, known := p.people[who.Key]; known {
		require.NoError(p.t, p.dir.UpdateUser(id, properties))
		return
	}
	id, err := p.dir.CreateUser(properties)
	require.NoError(p.t, err)
	require.NoError(p.t, p.job.Assign(id))
	p.people[who.Key] = id
}

func (p *entraProvider) Leave(key string)  { p.enable(key, false) }
func (p *entraProvider) Return(key string) { p.enable(key, true) }

func (p *entraProvider) enable(key string, enabled bool) {
	p.t.Helper()
	require.NoError(p.t, p.dir.UpdateUser(p.people[key], entra.Properties{"accountEnabled": enabled}))
}

func (p *entraProvider) Delete(key string) {
	p.t.Helper()
	require.NoError(p.t, p.dir.PurgeUser(p.people[key]))
	delete(p.people, key)
}

func (p *entraProvider) Group(name string, keys ...string) {
	p.t.Helper()
	id, known := p.groups[name]
	if !known {
		var err error
		id, err = p.dir.CreateGroup(entra.Properties{"displayName": name})
		require.NoError(p.t, err)
		require.NoError(p.t, p.job.Assign(id))
		p.groups[name] = id
	}
	missing, surplus := differ(p.ids(keys), p.dir.Members(id))
	for _, m := range missing {
		require.NoError(p.t, p.dir.AddMember(id, m))
	}
	for _, m := range surplus {
		require.NoError(p.t, p.dir.RemoveMember(id, m))
	}
}

func (p *entraProvider) RenameGroup(from, to string) {
	p.t.Helper()
	require.NoError(p.t, p.dir.UpdateGroup(p.groups[from], entra.Properties{"displayName": to}))
	p.renamed(from, to)
}

func (p *entraProvider) MapToID(on bool) bool {
	p.t.Helper()
	users, groups := entra.DefaultMapping()
	if on {
		users.AllowID = true
		users.Attributes = append(users.Attributes, entra.AttributeMapping{Source: "userPrincipalName", Target: "id"})
	}
	require.NoError(p.t, p.job.SetMapping(users, groups))
	return true
}

// Sync lets a day pass: that is how long a job in quarantine waits.
func (p *entraProvider) Sync(ctx context.Context) {
	p.t.Helper()
	_, err := p.job.Run(ctx, 25*time.Hour)
	require.NoError(p.t, err)
}

func (p *entraProvider) SetToken(token string) { p.job.SetToken(token) }

func (p *entraProvider) Failures() []Failure {
	entries, next := p.job.LogSince(p.seen)
	p.seen = next
	var out []Failure
	for _, e := range entries {
		if e.Status == entra.Failure {
			out = append(out, Failure{Who: e.Source.Name, Status: e.HTTPStatus, Detail: e.Detail})
		}
	}
	return out
}

func (p *entraProvider) Has() Abilities {
	return Abilities{Email: true, Managers: true, Department: true, Title: true, Deletes: true, Groups: true}
}

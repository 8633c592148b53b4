package idptest

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/dialect"
)

// dialectProvider is one of the other simulated providers in the hands of a scenario.
type dialectProvider struct {
	t       testing.TB
	p       *dialect.Provider
	service *idp.Service
	seen    int // entries of the log
}

func openDialect(t testing.TB, s *idp.Service, d dialect.Dialect) Provider {
	return &dialectProvider{t: t, p: dialect.New(d, s, nil), service: s}
}

func (p *dialectProvider) Connect(ctx context.Context) error { return p.p.TestConnection(ctx) }

func (p *dialectProvider) Put(who Person) {
	p.t.Helper()
	now, _ := p.p.Person(who.Key)
	require.NoError(p.t, p.p.Put(dialect.Person{
		ID: who.Key, UserName: who.UserName, Email: who.Email, GivenName: who.GivenName, FamilyName: who.FamilyName,
		Title: who.Title, Department: who.Department, Manager: who.Manager, Disabled: now.Disabled,
	}))
}

func (p *dialectProvider) Leave(key string) {
	p.t.Helper()
	require.NoError(p.t, p.p.Disable(key))
}

func (p *dialectProvider) Return(key string) {
	p.t.Helper()
	require.NoError(p.t, p.p.Enable(key))
}

func (p *dialectProvider) Delete(key string) {
	p.t.Helper()
	require.NoError(p.t, p.p.Remove(key))
}

func (p *dialectProvider) Group(name string, keys ...string) {
	p.t.Helper()
	if p.Has().Groups {
		require.NoError(p.t, p.p.PutGroup(name, keys...))
	}
}

func (p *dialectProvider) RenameGroup(from, to string) {
	p.t.Helper()
	require.NoError(p.t, p.p.RenameGroup(from, to))
}

func (p *dialectProvider) MapToID(on bool) bool {
	attributes := slices.DeleteFunc(slices.Clone(p.p.Dialect().Attributes), func(a dialect.Attribute) bool { return a == dialect.ServiceID })
	if on {
		attributes = append(attributes, dialect.ServiceID)
	}
	p.p.SetAttributes(attributes)
	return true
}

// Sync sends what is due, and once more when the time has passed after which those who
// were removed are deleted.
func (p *dialectProvider) Sync(ctx context.Context) {
	for range 2 {
		if _, err := p.p.Sync(ctx); err != nil {
			return // it is in the log
		}
		p.p.Clock().Advance(p.p.Dialect().Grace)
	}
}

func (p *dialectProvider) SetToken(token string) { p.service.Token = token }

func (p *dialectProvider) Failures() []Failure {
	log := p.p.Log()
	var out []Failure
	for _, e := range log[p.seen:] {
		if e.Failed {
			out = append(out, Failure{Who: e.Target, Status: e.Status, Detail: e.Detail})
		}
	}
	p.seen = len(log)
	return out
}

func (p *dialectProvider) Has() Abilities {
	d := p.p.Dialect()
	return Abilities{
		Email: d.Emails != nil, Managers: d.Manager != nil,
		Department: slices.Contains(d.Attributes, dialect.Department), Title: slices.Contains(d.Attributes, dialect.Title),
		Deletes: d.Removed == dialect.Delete, Groups: d.Groups,
	}
}

package main

import (
	"context"
	"slices"
	"strings"
	"sync"

	"github.com/usher-scim/scim"
)

// Account is an entry of the application's own list.
type Account struct {
	ID     string `json:"id"`
	Login  string `json:"login"`
	Access bool   `json:"access"`
}

// companyStore is a store with two rules of the company. What it does not
// override is the embedded store's, so it keeps all promises of scim.Store.
type companyStore struct {
	scim.Store
	domain string // of the company's e-mail addresses

	mu       sync.Mutex
	accounts map[scim.Tenant][]Account
}

// CreateUser refuses strangers and enters everybody else into the list.
func (s *companyStore) CreateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	if err := s.check(u); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stored, err := s.Store.CreateUser(ctx, t, u, g, e)
	if err == nil {
		s.enter(t, stored)
	}
	return stored, err
}

// UpdateUser does the same: a link, a change of address and a user who comes
// back are updates. A write that ends access is never refused.
func (s *companyStore) UpdateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	if err := s.check(u); err != nil && u.Active() {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stored, err := s.Store.UpdateUser(ctx, t, u, g, e)
	if err == nil {
		s.enter(t, stored)
	}
	return stored, err
}

// PurgeUser forgets the account with the user.
func (s *companyStore) PurgeUser(ctx context.Context, t scim.Tenant, id string, e *scim.Event) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.Store.PurgeUser(ctx, t, id, e)
	if list, ok := s.accounts[t]; ok && err == nil {
		s.accounts[t] = slices.DeleteFunc(list, func(a Account) bool { return a.ID == id })
	}
	return err
}

// check refuses with a *scim.Error: the identity provider shows its text to the
// administrator.
func (s *companyStore) check(u *scim.User) error {
	if strings.HasSuffix(scim.Fold(u.Email), "@"+s.domain) {
		return nil
	}
	return &scim.Error{Status: 400, Type: "invalidValue", Detail: "emails: only addresses at " + s.domain + " can be provisioned here."}
}

// enter puts a user into the list, or what changed of it. The lock is held since
// before the write, so that a later write is also entered later and nobody keeps
// access on the list who has lost it. In a database of the application's own,
// both belong into one transaction.
func (s *companyStore) enter(t scim.Tenant, u *scim.User) {
	if s.accounts == nil {
		s.accounts = make(map[scim.Tenant][]Account)
	}
	a := Account{ID: u.ID, Login: u.Login, Access: u.Active()}
	if i := slices.IndexFunc(s.accounts[t], func(x Account) bool { return x.ID == a.ID }); i >= 0 {
		s.accounts[t][i] = a
		return
	}
	s.accounts[t] = append(s.accounts[t], a)
}

// Accounts returns the list of a tenant.
func (s *companyStore) Accounts(t scim.Tenant) []Account {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Account{}, s.accounts[t]...)
}

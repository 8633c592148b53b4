package storetest

import (
	"cmp"
	"context"
	"sync"
	"time"

	"github.com/usher-scim/scim"
)

var recordMutants = []mutant{
	{"dates events itself", []string{"record/kept"}, func(s *brokenStore) {
		s.createUser = func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			kept := *e
			kept.Time = kept.Time.Add(time.Second)
			got, err := s.Store.CreateUser(ctx, t, u, g, &kept)
			e.Seq, e.Tenant = kept.Seq, kept.Tenant
			return got, err
		}
	}},
	{"forgets what was ignored", []string{"record/append"}, func(s *brokenStore) {
		s.append = func(ctx context.Context, t scim.Tenant, e *scim.Event) error {
			kept := *e
			kept.Ignored = nil
			err := s.Store.Append(ctx, t, &kept)
			e.Seq, e.Tenant = kept.Seq, kept.Tenant
			return err
		}
	}},
	{"keeps one place for all consumers", []string{"record/places"}, func(s *brokenStore) {
		s.setPlace = func(ctx context.Context, _, place string) error { return s.Store.SetPlace(ctx, "revoke", place) }
	}},
	{"has one namespace for all tenants", []string{"isolation/names"}, func(s *brokenStore) {
		s.createUser = func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			found, err := s.Store.FindUsers(ctx, acme, scim.Find{UserNames: []string{u.Keys.UserName}})
			if err != nil || len(found) > 0 {
				return nil, cmp.Or(err, error(&scim.ConflictError{Attribute: "userName"}))
			}
			return s.Store.CreateUser(ctx, t, u, g, e)
		}
	}},
	{"does not look at e-mails in updates", []string{"contention/emails", "users/unique-names"}, func(s *brokenStore) {
		given := make(map[string]string)
		var mu sync.Mutex
		s.updateUser = func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			mu.Lock()
			given[u.ID] = u.Keys.Email
			mu.Unlock()
			u = u.Clone()
			u.Keys.Email = ""
			return s.Store.UpdateUser(ctx, t, u, g, e)
		}
	}},
	{"gives a seat back twice", []string{"contention/freed-seats"}, func(s *brokenStore) {
		s.counts = func(ctx context.Context, t scim.Tenant) (scim.Counts, error) {
			c, err := s.Store.Counts(ctx, t)
			c.Active -= c.Deactivated
			return c, err
		}
	}},
}

package storetest

import (
	"context"
	"flag"
	"os"
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

func TestMain(m *testing.M) {
	flag.Parse()
	// A broken store is found quickly; that its failure is short does not matter here.
	for name, value := range map[string]string{"rapid.shrinktime": "200ms", "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// brokenStore is a sound store with one method that is not.
type brokenStore struct {
	*memstore.Store
	cut        int // after how many steps the connection breaks
	createUser func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error)
	updateUser func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error)
	user       func(ctx context.Context, t scim.Tenant, id string) (*scim.User, error)
	findUsers  func(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.User, error)
	users      func(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.User], error)
	updateGrp  func(ctx context.Context, t scim.Tenant, id string, c scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error)
	deleteGrp  func(ctx context.Context, t scim.Tenant, id string, g scim.Guard, e *scim.Event) error
	groups     func(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.Group], error)
	members    func(ctx context.Context, t scim.Tenant, id string, q scim.Query) (scim.Page[scim.Member], error)
	groupsOf   func(ctx context.Context, t scim.Tenant, ids []string) (map[string][]scim.GroupRef, error)
	counts     func(ctx context.Context, t scim.Tenant) (scim.Counts, error)
	folders    func(ctx context.Context, t scim.Tenant, root string) ([]scim.Folder, error)
	events     func(ctx context.Context, q scim.EventQuery) (scim.Page[scim.Event], error)
	activity   func(ctx context.Context, t scim.Tenant, a scim.Activity) error
	purge      func(ctx context.Context, t scim.Tenant, id string, e *scim.Event) error
	createGrp  func(ctx context.Context, t scim.Tenant, g *scim.Group, members []string, e *scim.Event) (*scim.Group, error)
	findGrps   func(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.Group, error)
	append     func(ctx context.Context, t scim.Tenant, e *scim.Event) error
	setPlace   func(ctx context.Context, consumer, place string) error
}

func (s *brokenStore) CreateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	if s.createUser != nil {
		return s.createUser(ctx, t, u, g, e)
	}
	return s.Store.CreateUser(ctx, t, u, g, e)
}

func (s *brokenStore) UpdateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	if s.updateUser != nil {
		return s.updateUser(ctx, t, u, g, e)
	}
	return s.Store.UpdateUser(ctx, t, u, g, e)
}

func (s *brokenStore) User(ctx context.Context, t scim.Tenant, id string) (*scim.User, error) {
	if s.user != nil {
		return s.user(ctx, t, id)
	}
	return s.Store.User(ctx, t, id)
}

func (s *brokenStore) FindUsers(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.User, error) {
	if s.findUsers != nil {
		return s.findUsers(ctx, t, f)
	}
	return s.Store.FindUsers(ctx, t, f)
}

func (s *brokenStore) Users(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.User], error) {
	if s.users != nil {
		return s.users(ctx, t, q)
	}
	return s.Store.Users(ctx, t, q)
}

func (s *brokenStore) UpdateGroup(ctx context.Context, t scim.Tenant, id string, c scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error) {
	if s.updateGrp != nil {
		return s.updateGrp(ctx, t, id, c, g, e)
	}
	return s.Store.UpdateGroup(ctx, t, id, c, g, e)
}

func (s *brokenStore) DeleteGroup(ctx context.Context, t scim.Tenant, id string, g scim.Guard, e *scim.Event) error {
	if s.deleteGrp != nil {
		return s.deleteGrp(ctx, t, id, g, e)
	}
	return s.Store.DeleteGroup(ctx, t, id, g, e)
}

func (s *brokenStore) Groups(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.Group], error) {
	if s.groups != nil {
		return s.groups(ctx, t, q)
	}
	return s.Store.Groups(ctx, t, q)
}

func (s *brokenStore) Members(ctx context.Context, t scim.Tenant, id string, q scim.Query) (scim.Page[scim.Member], error) {
	if s.members != nil {
		return s.members(ctx, t, id, q)
	}
	return s.Store.Members(ctx, t, id, q)
}

func (s *brokenStore) GroupsOf(ctx context.Context, t scim.Tenant, ids []string) (map[string][]scim.GroupRef, error) {
	if s.groupsOf != nil {
		return s.groupsOf(ctx, t, ids)
	}
	return s.Store.GroupsOf(ctx, t, ids)
}

func (s *brokenStore) Counts(ctx context.Context, t scim.Tenant) (scim.Counts, error) {
	if s.counts != nil {
		return s.counts(ctx, t)
	}
	return s.Store.Counts(ctx, t)
}

func (s *brokenStore) Folders(ctx context.Context, t scim.Tenant, root string) ([]scim.Folder, error) {
	if s.folders != nil {
		return s.folders(ctx, t, root)
	}
	return s.Store.Folders(ctx, t, root)
}

func (s *brokenStore) Events(ctx context.Context, q scim.EventQuery) (scim.Page[scim.Event], error) {
	if s.events != nil {
		return s.events(ctx, q)
	}
	return s.Store.Events(ctx, q)
}

func (s *brokenStore) SaveActivity(ctx context.Context, t scim.Tenant, a scim.Activity) error {
	if s.activity != nil {
		return s.activity(ctx, t, a)
	}
	return s.Store.SaveActivity(ctx, t, a)
}

func (s *brokenStore) PurgeUser(ctx context.Context, t scim.Tenant, id string, e *scim.Event) error {
	if s.purge != nil {
		return s.purge(ctx, t, id, e)
	}
	return s.Store.PurgeUser(ctx, t, id, e)
}

func (s *brokenStore) CreateGroup(ctx context.Context, t scim.Tenant, g *scim.Group, members []string, e *scim.Event) (*scim.Group, error) {
	if s.createGrp != nil {
		return s.createGrp(ctx, t, g, members, e)
	}
	return s.Store.CreateGroup(ctx, t, g, members, e)
}

func (s *brokenStore) FindGroups(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.Group, error) {
	if s.findGrps != nil {
		return s.findGrps(ctx, t, f)
	}
	return s.Store.FindGroups(ctx, t, f)
}

func (s *brokenStore) Append(ctx context.Context, t scim.Tenant, e *scim.Event) error {
	if s.append != nil {
		return s.append(ctx, t, e)
	}
	return s.Store.Append(ctx, t, e)
}

func (s *brokenStore) SetPlace(ctx context.Context, consumer, place string) error {
	if s.setPlace != nil {
		return s.setPlace(ctx, consumer, place)
	}
	return s.Store.SetPlace(ctx, consumer, place)
}

// arrivals counts who came to where a broken store lets others in between.
var arrivals atomic.Int64

// soon waits until somebody else has come here too, if anybody does: what happens
// by chance during a round trip to a database.
func soon() {
	n := arrivals.Add(1)
	for i := 0; i < 100_000 && arrivals.Load() == n; i++ {
		runtime.Gosched()
	}
}

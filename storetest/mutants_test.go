package storetest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/usher-scim/scim"
)

// mutant is a store that is broken on purpose, in one way, and the checks that
// catch it.
type mutant struct {
	name   string
	caught []string
	breaks func(s *brokenStore)
}

var mutants = []mutant{
	{"keeps the pointer it was given", []string{"users/copies"}, func(s *brokenStore) {
		kept := make(map[string]*scim.User)
		s.createUser = func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			got, err := s.Store.CreateUser(ctx, t, u, g, e)
			kept[u.ID] = u
			return got, err
		}
		s.user = func(ctx context.Context, t scim.Tenant, id string) (*scim.User, error) {
			got, err := s.Store.User(ctx, t, id)
			if err == nil && kept[id] != nil {
				got.Emails = kept[id].Emails
			}
			return got, err
		}
	}},
	{"loses an attribute", []string{"users/copies"}, func(s *brokenStore) {
		s.user = func(ctx context.Context, t scim.Tenant, id string) (*scim.User, error) {
			u, err := s.Store.User(ctx, t, id)
			if err == nil {
				u.Lists = nil
			}
			return u, err
		}
	}},
	{"counts versions by second", []string{"users/versions", "commands/model"}, func(s *brokenStore) {
		s.updateUser = func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			got, err := s.Store.UpdateUser(ctx, t, u, g, e)
			if err == nil {
				got.Version = e.Time.Format(time.Kitchen)
			}
			return got, err
		}
	}},
	{"looks, and then creates", []string{"contention/names"}, func(s *brokenStore) {
		s.createUser = func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			found, err := s.Store.FindUsers(ctx, t, scim.Find{UserNames: []string{u.Keys.UserName}})
			if err != nil || len(found) > 0 && u.Status != scim.StatusArchived {
				return nil, cmp.Or(err, error(&scim.ConflictError{Attribute: "userName"}))
			}
			soon()
			free := u.Clone()
			free.Keys.UserName += u.ID
			got, err := s.Store.CreateUser(ctx, t, free, g, e)
			if err == nil {
				got.Keys = u.Keys
			}
			return got, err
		}
		s.findUsers = func(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.User, error) {
			page, err := s.Store.Users(ctx, t, scim.Query{})
			return slices.DeleteFunc(page.Items, func(u *scim.User) bool {
				return !slices.ContainsFunc(f.UserNames, func(n string) bool { return strings.HasPrefix(u.Keys.UserName, n) })
			}), err
		}
	}},
	{"counts, and then takes a seat", []string{"contention/seats"}, func(s *brokenStore) {
		s.createUser = func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			counts, err := s.Store.Counts(ctx, t)
			if err != nil {
				return nil, err
			}
			if u.Active() && !g.Seats.Allows(counts.Active+1) {
				return nil, scim.ErrSeats
			}
			soon()
			g.Seats = scim.Unlimited
			return s.Store.CreateUser(ctx, t, u, g, e)
		}
	}},
	{"refuses every write of a tenant over its limit", []string{"users/seats", "commands/model"}, func(s *brokenStore) {
		s.updateUser = func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			counts, err := s.Store.Counts(ctx, t)
			if err != nil {
				return nil, err
			}
			if !g.Seats.Allows(counts.Active) {
				return nil, scim.ErrSeats
			}
			return s.Store.UpdateUser(ctx, t, u, g, e)
		}
	}},
	{"lets the last writer win", []string{"users/guard", "contention/versions", "commands/model"}, func(s *brokenStore) {
		s.updateUser = func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			g.Version = ""
			return s.Store.UpdateUser(ctx, t, u, g, e)
		}
	}},
	{"compares the version before the write", []string{"contention/versions"}, func(s *brokenStore) {
		s.updateUser = func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			now, err := s.Store.User(ctx, t, u.ID)
			if err != nil || g.Version != "" && g.Version != now.Version {
				return nil, cmp.Or(err, scim.ErrVersion)
			}
			soon()
			g.Version = ""
			return s.Store.UpdateUser(ctx, t, u, g, e)
		}
	}},
	{"rewrites the members as a whole", []string{"contention/members"}, func(s *brokenStore) {
		s.updateGrp = func(ctx context.Context, t scim.Tenant, id string, c scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error) {
			page, err := s.Store.Members(ctx, t, id, scim.Query{Limit: 1 << 20})
			if err != nil {
				return nil, err
			}
			soon()
			if c.Add = slices.Clone(c.Add); !c.Exact {
				for _, m := range page.Items {
					if !slices.Contains(c.Remove, m.ID) {
						c.Add = append(c.Add, m.ID)
					}
				}
				c.Exact = true
			}
			return s.Store.UpdateGroup(ctx, t, id, c, g, e)
		}
	}},
	{"keeps an archived user in its groups", []string{"users/archive", "contention/leavers"}, func(s *brokenStore) {
		s.updateUser = func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			got, err := s.Store.UpdateUser(ctx, t, u, g, e)
			e.Left = nil
			return got, err
		}
		s.members = func(ctx context.Context, t scim.Tenant, id string, q scim.Query) (scim.Page[scim.Member], error) {
			page, err := s.Store.Members(ctx, t, id, q)
			if err == nil && len(page.Items) == 0 {
				gone, _ := s.Store.Users(ctx, t, scim.Query{Status: scim.StatusArchived})
				for _, u := range gone.Items {
					page.Items = append(page.Items, scim.Member{ID: u.ID})
				}
			}
			return page, err
		}
	}},
	{"drops members that it does not know", []string{"members/unknown", "isolation/members", "commands/model"}, func(s *brokenStore) {
		s.updateGrp = func(ctx context.Context, t scim.Tenant, id string, c scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error) {
			var unknown *scim.UnknownMembersError
			got, err := s.Store.UpdateGroup(ctx, t, id, c, g, e)
			if errors.As(err, &unknown) {
				c.Add = slices.DeleteFunc(slices.Clone(c.Add), func(id string) bool { return slices.Contains(unknown.Members, id) })
				return s.Store.UpdateGroup(ctx, t, id, c, g, e)
			}
			return got, err
		}
	}},
	{"knows the users of all tenants", []string{"isolation/by-id"}, func(s *brokenStore) {
		s.user = func(ctx context.Context, t scim.Tenant, id string) (*scim.User, error) {
			u, err := s.Store.User(ctx, t, id)
			if err != nil {
				return s.Store.User(ctx, acme, id)
			}
			return u, err
		}
	}},
	{"knows the groups of all tenants", []string{"isolation/members"}, func(s *brokenStore) {
		s.groupsOf = func(ctx context.Context, _ scim.Tenant, ids []string) (map[string][]scim.GroupRef, error) {
			return s.Store.GroupsOf(ctx, acme, ids)
		}
	}},
	{"shows the record of all tenants", []string{"isolation/lists", "record/queries"}, func(s *brokenStore) {
		s.events = func(ctx context.Context, q scim.EventQuery) (scim.Page[scim.Event], error) {
			q.Tenant = ""
			return s.Store.Events(ctx, q)
		}
	}},
	{"writes an event for what changed nothing", []string{"groups/no-change", "commands/model"}, func(s *brokenStore) {
		s.updateGrp = func(ctx context.Context, t scim.Tenant, id string, c scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error) {
			got, err := s.Store.UpdateGroup(ctx, t, id, c, g, e)
			if err == nil && e.Seq == "" {
				err = s.Store.Append(ctx, t, e)
			}
			return got, err
		}
	}},
	{"keeps the event beside the change", []string{"failure/context"}, func(s *brokenStore) {
		s.createUser = func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			unkept := *e
			got, err := s.Store.CreateUser(ctx, t, u, g, &unkept)
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				return nil, err
			}
			return got, nil
		}
		shown := s.Store.Events
		s.events = func(ctx context.Context, q scim.EventQuery) (scim.Page[scim.Event], error) {
			page, err := shown(ctx, q)
			page.Items = slices.DeleteFunc(page.Items, func(e scim.Event) bool {
				return len(e.Seq)%2 == 0 // as if some had not been kept
			})
			return page, err
		}
	}},
	{"goes on although the context has ended", []string{"failure/ended"}, func(s *brokenStore) {
		s.updateUser = func(_ context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			return s.Store.UpdateUser(context.Background(), t, u, g, e)
		}
	}},
	{"pages by number", []string{"pages/resume"}, func(s *brokenStore) {
		s.users = func(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.User], error) {
			if q.After != "" {
				q.After, q.Offset = "", q.Offset+len(q.After)
			}
			page, err := s.Store.Users(ctx, t, q)
			if page.Next != "" {
				page.Next = strings.Repeat("x", q.Offset+len(page.Items))
			}
			return page, err
		}
	}},
	{"lists by ID", []string{"pages/users", "commands/model"}, func(s *brokenStore) {
		s.users = func(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.User], error) {
			page, err := s.Store.Users(ctx, t, q)
			slices.SortFunc(page.Items, func(a, b *scim.User) int { return cmp.Compare(a.ID, b.ID) })
			return page, err
		}
	}},
	{"takes any place", []string{"pages/place"}, func(s *brokenStore) {
		s.groups = func(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.Group], error) {
			page, err := s.Store.Groups(ctx, t, q)
			if errors.Is(err, scim.ErrPlace) {
				q.After = ""
				return s.Store.Groups(ctx, t, q)
			}
			return page, err
		}
	}},
	{"filters by case", []string{"queries/users"}, func(s *brokenStore) {
		s.users = func(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.User], error) {
			f := q.Filter
			q.Filter = nil
			page, err := s.Store.Users(ctx, t, q)
			page.Items = slices.DeleteFunc(page.Items, func(u *scim.User) bool {
				return f != nil && !f.MatchUser(u, nil) // forgets the groups, and the total
			})
			return page, err
		}
	}},
	{"filters groups without their members", []string{"queries/groups"}, func(s *brokenStore) {
		s.groups = func(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.Group], error) {
			f := q.Filter
			q.Filter = nil
			page, err := s.Store.Groups(ctx, t, q)
			page.Items = slices.DeleteFunc(page.Items, func(g *scim.Group) bool { return f != nil && !f.MatchGroup(g, nil) })
			return page, err
		}
	}},
	{"counts seats twice", []string{"users/counts", "contention/seats", "commands/model"}, func(s *brokenStore) {
		s.counts = func(ctx context.Context, t scim.Tenant) (scim.Counts, error) {
			c, err := s.Store.Counts(ctx, t)
			c.Active *= 2
			return c, err
		}
	}},
	{"calls folders by any name", []string{"users/folders", "commands/model"}, func(s *brokenStore) {
		s.folders = func(ctx context.Context, t scim.Tenant, root string) ([]scim.Folder, error) {
			all, err := s.Store.Folders(ctx, t, root)
			for i := range all {
				all[i].Name = scim.FoldName(all[i].Name)
			}
			return all, err
		}
	}},
	{"cuts the names of folders", []string{"users/long"}, func(s *brokenStore) {
		s.folders = func(ctx context.Context, t scim.Tenant, root string) ([]scim.Folder, error) {
			all, err := s.Store.Folders(ctx, t, root)
			for i := range all {
				all[i].Name = all[i].Name[:min(len(all[i].Name), 1000)]
			}
			return all, err
		}
	}},
	{"keeps the activity that came last", []string{"record/activity"}, func(s *brokenStore) {
		s.activity = func(ctx context.Context, t scim.Tenant, a scim.Activity) error {
			if a.LastRequest.IsZero() || a.LastRequest.Equal(at(3)) {
				return nil
			}
			a.LastChange = a.LastChange.Add(time.Hour)
			return s.Store.SaveActivity(ctx, t, a)
		}
	}},
	{"hands out events before earlier ones", []string{"contention/record"}, func(s *brokenStore) {
		s.events = func(ctx context.Context, q scim.EventQuery) (scim.Page[scim.Event], error) {
			page, err := s.Store.Events(ctx, q)
			if len(page.Items) > 1 {
				page.Items = page.Items[1:] // one was not there yet
			}
			return page, err
		}
	}},
	{"loses its place behind the last event", []string{"record/resume"}, func(s *brokenStore) {
		s.events = func(ctx context.Context, q scim.EventQuery) (scim.Page[scim.Event], error) {
			page, err := s.Store.Events(ctx, q)
			if len(page.Items) < q.Limit {
				page.Next = ""
			}
			return page, err
		}
	}},
	{"forgets a group's place in others", []string{"groups/delete", "commands/model"}, func(s *brokenStore) {
		s.deleteGrp = func(ctx context.Context, t scim.Tenant, id string, g scim.Guard, e *scim.Event) error {
			err := s.Store.DeleteGroup(ctx, t, id, g, e)
			e.Left = nil
			return err
		}
	}},
	{"deletes whatever the version", []string{"groups/guard"}, func(s *brokenStore) {
		s.deleteGrp = func(ctx context.Context, t scim.Tenant, id string, _ scim.Guard, e *scim.Event) error {
			return s.Store.DeleteGroup(ctx, t, id, scim.Guard{}, e)
		}
	}},
	{"goes through all members for each change", []string{"size/members"}, func(s *brokenStore) {
		s.updateGrp = func(ctx context.Context, t scim.Tenant, id string, c scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error) {
			page, err := s.Store.Members(ctx, t, id, scim.Query{Limit: 1 << 20})
			if err != nil {
				return nil, err
			}
			seen := make(map[string]bool)
			for _, m := range page.Items {
				seen[m.ID] = true
			}
			return s.Store.UpdateGroup(ctx, t, id, c, g, e)
		}
	}},
	{"dates users itself", []string{"users/own-time"}, func(s *brokenStore) {
		s.createUser = func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			u = u.Clone()
			u.Created = e.Time
			return s.Store.CreateUser(ctx, t, u, g, e)
		}
	}},
	{"is read by look-ups later", []string{"users/visible"}, func(s *brokenStore) {
		old := make(map[string]*scim.User)
		s.user = func(ctx context.Context, t scim.Tenant, id string) (*scim.User, error) {
			u, err := s.Store.User(ctx, t, id)
			if err == nil && old[id] == nil {
				old[id] = u
				return nil, scim.ErrNotFound
			}
			return u, err
		}
	}},
	{"takes archived names for taken", []string{"users/unique-names", "commands/model"}, func(s *brokenStore) {
		s.createUser = func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			found, err := s.Store.FindUsers(ctx, t, scim.Find{UserNames: []string{u.Keys.UserName}, Archived: true})
			if err != nil || len(found) > 0 {
				return nil, cmp.Or(err, error(&scim.ConflictError{Attribute: "userName"}))
			}
			return s.Store.CreateUser(ctx, t, u, g, e)
		}
	}},
	{"creates over an ID", []string{"users/ids"}, func(s *brokenStore) {
		s.createUser = func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			if _, err := s.Store.User(ctx, t, u.ID); err == nil {
				return s.Store.UpdateUser(ctx, t, u, g, e)
			}
			return s.Store.CreateUser(ctx, t, u, g, e)
		}
	}},
	{"keeps an event of a refused write", []string{"users/refusals"}, func(s *brokenStore) {
		s.updateUser = func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			got, err := s.Store.UpdateUser(ctx, t, u, g, e)
			if err != nil {
				return nil, errors.Join(err, s.Store.Append(ctx, t, e))
			}
			return got, nil
		}
	}},
	{"brings people back to the end of the list", []string{"users/return", "commands/model"}, func(s *brokenStore) {
		s.users = func(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.User], error) {
			page, err := s.Store.Users(ctx, t, q)
			slices.SortStableFunc(page.Items, func(a, b *scim.User) int { return a.Modified.Compare(b.Modified) })
			return page, err
		}
	}},
	{"purges whom it is told to", []string{"users/purge", "commands/model"}, func(s *brokenStore) {
		s.purge = func(ctx context.Context, t scim.Tenant, id string, e *scim.Event) error {
			u, err := s.Store.User(ctx, t, id)
			if err != nil {
				return err
			}
			if _, err = s.Store.UpdateUser(ctx, t, inStatus(u, scim.StatusArchived), scim.Guard{}, e); err != nil {
				return err
			}
			return s.Store.PurgeUser(ctx, t, id, e)
		}
	}},
	{"finds those who are named twice twice", []string{"users/find"}, func(s *brokenStore) {
		s.findUsers = func(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.User, error) {
			found, err := s.Store.FindUsers(ctx, t, scim.Find{IDs: f.IDs, Archived: f.Archived})
			f.IDs = nil
			rest, err2 := s.Store.FindUsers(ctx, t, f)
			return append(found, rest...), errors.Join(err, err2)
		}
	}},
}

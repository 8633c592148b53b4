package storetest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/usher-scim/scim"
)

var groupMutants = []mutant{
	{"keeps the group's pointer", []string{"groups/copies"}, func(s *brokenStore) {
		s.createGrp = func(ctx context.Context, t scim.Tenant, g *scim.Group, members []string, e *scim.Event) (*scim.Group, error) {
			got, err := s.Store.CreateGroup(ctx, t, g, members, e)
			if err == nil {
				got.ExternalID = ""
			}
			return got, err
		}
	}},
	{"compares group names by case", []string{"groups/names", "commands/model"}, func(s *brokenStore) {
		s.updateGrp = func(ctx context.Context, t scim.Tenant, id string, c scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error) {
			var conflict *scim.ConflictError
			got, err := s.Store.UpdateGroup(ctx, t, id, c, g, e)
			if errors.As(err, &conflict) && *c.DisplayName != scim.Fold(*c.DisplayName) {
				return s.Store.Group(ctx, t, id)
			} else if errors.As(err, &conflict) {
				c.DisplayName = nil
				return s.Store.UpdateGroup(ctx, t, id, c, g, e)
			}
			return got, err
		}
	}},
	{"does not say what changed in a group", []string{"groups/change"}, func(s *brokenStore) {
		s.updateGrp = func(ctx context.Context, t scim.Tenant, id string, c scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error) {
			got, err := s.Store.UpdateGroup(ctx, t, id, c, g, e)
			e.Changes = nil
			return got, err
		}
	}},
	{"finds groups by their first entry", []string{"groups/find"}, func(s *brokenStore) {
		s.findGrps = func(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.Group, error) {
			if len(f.IDs) > 0 {
				f = scim.Find{IDs: f.IDs[:1]}
			}
			return s.Store.FindGroups(ctx, t, f)
		}
	}},
	{"returns groups in the order of joining", []string{"groups/of"}, func(s *brokenStore) {
		s.groupsOf = func(ctx context.Context, t scim.Tenant, ids []string) (map[string][]scim.GroupRef, error) {
			refs, err := s.Store.GroupsOf(ctx, t, ids)
			for _, list := range refs {
				slices.Reverse(list)
			}
			return refs, err
		}
	}},
	{"takes Exact for Add", []string{"members/delta", "commands/model"}, func(s *brokenStore) {
		s.updateGrp = func(ctx context.Context, t scim.Tenant, id string, c scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error) {
			c.Exact = false
			return s.Store.UpdateGroup(ctx, t, id, c, g, e)
		}
	}},
	{"says what was asked for, not what happened", []string{"members/event", "commands/model"}, func(s *brokenStore) {
		s.updateGrp = func(ctx context.Context, t scim.Tenant, id string, c scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error) {
			got, err := s.Store.UpdateGroup(ctx, t, id, c, g, e)
			if err == nil && e.Seq != "" {
				e.Added, e.Removed = c.Add, c.Remove
			}
			return got, err
		}
	}},
	{"calls members what they were called", []string{"members/called", "commands/model"}, func(s *brokenStore) {
		called := make(map[string]string)
		s.members = func(ctx context.Context, t scim.Tenant, id string, q scim.Query) (scim.Page[scim.Member], error) {
			page, err := s.Store.Members(ctx, t, id, q)
			for i, m := range page.Items {
				if called[m.ID] == "" {
					called[m.ID] = "User " + m.ID
				}
				page.Items[i].Display = called[m.ID]
			}
			return page, err
		}
	}},
	{"lists members by ID", []string{"members/order", "commands/model"}, func(s *brokenStore) {
		s.members = func(ctx context.Context, t scim.Tenant, id string, q scim.Query) (scim.Page[scim.Member], error) {
			page, err := s.Store.Members(ctx, t, id, q)
			slices.SortFunc(page.Items, func(a, b scim.Member) int { return -cmp.Compare(a.ID, b.ID) })
			return page, err
		}
	}},
	{"knows one group of each", []string{"members/nested", "commands/model"}, func(s *brokenStore) {
		s.groupsOf = func(ctx context.Context, t scim.Tenant, ids []string) (map[string][]scim.GroupRef, error) {
			refs, err := s.Store.GroupsOf(ctx, t, ids)
			for id, list := range refs {
				refs[id] = list[:1]
			}
			return refs, err
		}
	}},
	{"takes folders by their spelling", []string{"pages/choice"}, func(s *brokenStore) {
		s.users = func(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.User], error) {
			if q.Folder.Name != strings.TrimSpace(q.Folder.Name) {
				return scim.Page[*scim.User]{}, nil
			}
			return s.Store.Users(ctx, t, q)
		}
	}},
	{"pages groups without an end", []string{"pages/groups"}, func(s *brokenStore) {
		s.groups = func(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.Group], error) {
			q.After = ""
			return s.Store.Groups(ctx, t, q)
		}
	}},
	{"skips a member between pages", []string{"pages/members"}, func(s *brokenStore) {
		s.members = func(ctx context.Context, t scim.Tenant, id string, q scim.Query) (scim.Page[scim.Member], error) {
			if q.After != "" {
				q.Offset++
			}
			return s.Store.Members(ctx, t, id, q)
		}
	}},
	{"creates groups of one name", []string{"contention/group-names"}, func(s *brokenStore) {
		s.createGrp = func(ctx context.Context, t scim.Tenant, g *scim.Group, members []string, e *scim.Event) (*scim.Group, error) {
			free := *g
			free.DisplayName += g.ID
			free.Key += g.ID
			return s.Store.CreateGroup(ctx, t, &free, members, e)
		}
	}},
	{"says that who is archived left the groups that it was in", []string{"contention/parting"}, func(s *brokenStore) {
		s.updateUser = func(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
			was, err := s.Store.GroupsOf(ctx, t, []string{u.ID})
			if err != nil {
				return nil, err
			}
			soon()
			got, err := s.Store.UpdateUser(ctx, t, u, g, e)
			e.Left = nil
			for _, ref := range was[u.ID] {
				e.Left = append(e.Left, ref.ID)
			}
			return got, err
		}
	}},
	{"leaves memberships of what is deleted", []string{"contention/deletions"}, func(s *brokenStore) {
		s.groupsOf = func(ctx context.Context, t scim.Tenant, ids []string) (map[string][]scim.GroupRef, error) {
			refs, err := s.Store.GroupsOf(ctx, t, ids)
			if err == nil {
				refs[ids[0]] = append(refs[ids[0]], scim.GroupRef{ID: "gone"})
			}
			return refs, err
		}
	}},
	{"renames in one step and changes members in another", []string{"failure/connection"}, func(s *brokenStore) {
		s.updateGrp = func(ctx context.Context, t scim.Tenant, id string, c scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error) {
			first := *e
			if _, err := s.Store.UpdateGroup(ctx, t, id, scim.GroupChange{DisplayName: c.DisplayName}, g, &first); err != nil {
				return nil, err
			}
			if s.cut--; s.cut == 0 {
				return nil, errors.New("the connection broke")
			}
			c.DisplayName = nil
			return s.Store.UpdateGroup(ctx, t, id, c, scim.Guard{}, e)
		}
	}},
	{"keeps the event before the change", []string{"failure/connection"}, func(s *brokenStore) {
		s.deleteGrp = func(ctx context.Context, t scim.Tenant, id string, g scim.Guard, e *scim.Event) error {
			if s.cut--; s.cut == 0 {
				if err := s.Store.Append(ctx, t, e); err != nil {
					return err
				}
				return errors.New("the connection broke")
			}
			return s.Store.DeleteGroup(ctx, t, id, g, e)
		}
	}},
	{"finds everybody in the same groups", []string{"members/found"}, func(s *brokenStore) {
		s.findUsers = func(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.User, error) {
			found, err := s.Store.FindUsers(ctx, t, f)
			for _, u := range found {
				u.SetGroups([]scim.GroupRef{{ID: "g", Display: "g"}})
			}
			return found, err
		}
	}},
}

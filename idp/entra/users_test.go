package entra

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// TestDisabledAreNotCreated: who is disabled has to be active first; one who is there
// already is disabled there.
func TestDisabledAreNotCreated(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ann := s.user("ann", Properties{"accountEnabled": false})
	same(t, []string{`GET /Users?filter=userName eq "ann@example.com"`}, s.cycle())
	same(t, []string{"Other Skipped ann EntrySynchronizationSkipped"}, s.last(1))
	_, err := s.host.CreateUser(t.Context(), acme, scim.NewUser{UserName: "bob@example.com", Email: "bob@example.com"})
	require.NoError(t, err)
	bob := s.user("bob", Properties{"accountEnabled": false})
	s.cycle()
	require.Equal(t, scim.StatusDeactivated, s.at(bob).Status)
	s.set(ann, Properties{"accountEnabled": true})
	s.cycle()
	require.Equal(t, scim.StatusActive, s.at(ann).Status)
	require.NoError(t, s.dir.DeleteUser(s.user("cat")))
	require.Empty(t, s.cycle(), "who is in the recycle bin is not looked up")
}

// TestLeaving: what is sent for each way to leave, by the configuration.
func TestLeaving(t *testing.T) {
	t.Parallel()
	const get, off, del = `GET /Users/ann`, `PATCH /Users/ann [{"op":"Replace","path":"active","value":"False"}]`, `DELETE /Users/ann`
	type setup = func(*Config)
	soft := func(*Config) {}
	ways := map[string]func(s *stage, ann string){
		"unassigned":      func(s *stage, ann string) { require.NoError(s.t, s.job.Unassign(ann)) },
		"filtered out":    func(s *stage, ann string) { s.set(ann, Properties{"country": "FR"}) },
		"sign-in blocked": func(s *stage, ann string) { s.set(ann, Properties{"accountEnabled": false}) },
		"soft-deleted":    func(s *stage, ann string) { require.NoError(s.t, s.dir.DeleteUser(ann)) },
		"hard-deleted":    func(s *stage, ann string) { require.NoError(s.t, s.dir.PurgeUser(ann)) },
	}
	for name, c := range map[string]struct {
		set  setup
		want map[string][]string
	}{
		"by default": {soft, map[string][]string{
			"unassigned": {get, off}, "filtered out": {get, off}, "sign-in blocked": {get, off},
			"soft-deleted": {get, "PATCH … False … userName"}, "hard-deleted": {del},
		}},
		"without soft delete": {func(c *Config) { c.CannotSoftDelete = true }, map[string][]string{
			"unassigned": {del}, "filtered out": {del}, "sign-in blocked": {del}, "soft-deleted": {del}, "hard-deleted": {del},
		}},
		"out of scope left alone": {func(c *Config) { c.SkipOutOfScopeDeletions = true }, map[string][]string{
			"unassigned": {}, "filtered out": {}, "sign-in blocked": {get, off},
			"soft-deleted": {get, "PATCH … False … userName"}, "hard-deleted": {del},
		}},
		"out of scope left alone, without soft delete": {func(c *Config) { c.SkipOutOfScopeDeletions, c.CannotSoftDelete = true, true }, map[string][]string{
			"unassigned": {}, "filtered out": {}, "sign-in blocked": {del}, "soft-deleted": {del}, "hard-deleted": {del},
		}},
		"Update not ticked": {func(c *Config) { c.Users.SkipUpdate = true }, map[string][]string{
			"unassigned": {}, "filtered out": {}, "sign-in blocked": {get}, "soft-deleted": {get}, "hard-deleted": {del},
		}},
		"Delete not ticked": {func(c *Config) { c.Users.SkipDelete = true }, map[string][]string{
			"unassigned": {get, off}, "filtered out": {get, off}, "sign-in blocked": {get, off},
			"soft-deleted": {get, "PATCH … False … userName"}, "hard-deleted": {},
		}},
		"active not mapped": {func(c *Config) { c.Users.Attributes = append(c.Users.Attributes[:1:1], c.Users.Attributes[2:]...) }, map[string][]string{
			"unassigned": {}, "filtered out": {}, "sign-in blocked": {get}, "soft-deleted": {get, "PATCH … userName"}, "hard-deleted": {del},
		}},
	} {
		for way, leave := range ways {
			t.Run(name+"/"+way, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, c.set, func(c *Config) {
					c.SyncAll = false
					c.Users.Scope = []ScopingFilter{{Clauses: []Clause{{Attribute: "country", Operator: Equals, Value: "GB"}}}}
				})
				ann := s.user("ann", Properties{"country": "GB"})
				require.NoError(t, s.job.Assign(ann))
				require.Len(t, s.cycle(), 2)
				names := s.names()
				leave(s, ann)
				s.cycle()
				var got []string
				for _, l := range s.raw() {
					l = names.Replace(l)
					if strings.HasPrefix(l, "PATCH") && strings.Contains(l, `"path":"userName"`) {
						require.Contains(t, l, strings.ReplaceAll(ann, "-", "")+"ann@example.com")
						l = map[bool]string{true: "PATCH … False … userName", false: "PATCH … userName"}[strings.Contains(l, `"False"`)]
					}
					got = append(got, l)
				}
				same(t, append([]string(nil), c.want[way]...), got)
				require.Empty(t, s.cycle(), "it is sent once")
			})
		}
	}
}

// raw are the requests with ids as they are.
func (s *stage) raw() []string {
	var lines []string
	for _, x := range s.sent {
		line := x.method + " " + x.target
		if x.body != "" {
			line += " " + strings.TrimSuffix(x.body[strings.Index(x.body, `"Operations":`)+len(`"Operations":`):], "}")
		}
		lines = append(lines, line)
	}
	return lines
}

// TestComingBack: who was unassigned is not managed any more, hears nothing of changes
// and deletions, and is found by the matching attribute when assigned again.
func TestComingBack(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) { c.SyncAll = false })
	ann, bob := s.user("ann"), s.user("bob")
	require.Empty(t, s.cycle(), "nobody is assigned")
	require.NoError(t, s.job.Assign(ann, bob, ann))
	require.Equal(t, 2, len(s.job.Assigned()))
	require.Len(t, s.cycle(), 4)
	before := s.at(ann).ID
	require.NoError(t, s.job.Unassign(ann, bob))
	r := s.report()
	require.Equal(t, Counts{Disabled: 2}, r.Users)
	same(t, []string{"Disable Success ann", "Disable Success bob"}, s.last(2))
	l, _ := s.job.Link(ann)
	require.False(t, l.Managed)

	s.set(ann, Properties{"jobTitle": "Analyst"})
	require.NoError(t, s.dir.PurgeUser(bob))
	require.Empty(t, s.cycle())
	require.NoError(t, s.job.Assign(ann))
	r = s.report()
	require.Equal(t, Counts{Restored: 1}, r.Users)
	same(t, []string{
		`GET /Users?filter=userName eq "ann@example.com"`,
		`PATCH /Users/ann [{"op":"Replace","path":"active","value":"True"},{"op":"Add","path":"title","value":"Analyst"}]`,
	}, s.requests())
	require.Equal(t, before, s.at(ann).ID)
	require.Equal(t, scim.StatusActive, s.at(ann).Status)
}

// TestComingBackToManager: who comes back gets the manager who was not in scope before.
func TestComingBackToManager(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) { c.SyncAll = false })
	ann := s.user("ann")
	bob := s.user("bob", Properties{"manager": ann})
	require.NoError(t, s.job.Assign(bob))
	require.Equal(t, References{Skipped: 1}, s.report().Managers)
	require.NoError(t, s.job.Assign(ann))
	require.NoError(t, s.job.Unassign(bob))
	s.cycle()
	require.NoError(t, s.job.Assign(bob))
	require.Equal(t, References{Added: 1}, s.report().Managers)
	require.NoError(t, s.job.Unassign(bob))
	s.cycle()
	s.set(bob, Properties{"manager": nil})
	require.NoError(t, s.job.Assign(bob))
	require.Equal(t, References{Removed: 1}, s.report().Managers)
}

// TestSoftDelete: the renamed userName goes with the disabling; a restored user comes back
// under the former one; after thirty days the user is deleted.
func TestSoftDelete(t *testing.T) {
	t.Parallel()
	s := newStage(t, flagged)
	ann, bob := s.user("ann"), s.user("bob")
	team := s.group("Team", ann, bob)
	s.cycle()
	target := s.at(ann).ID
	require.NoError(t, s.dir.DeleteUser(ann))
	require.NoError(t, s.dir.DeleteUser(bob))
	s.cycle()
	require.Contains(t, s.sent[1].body, `[{"op":"replace","value":{"active":false,"userName":"`+strings.ReplaceAll(ann, "-", "")+`ann@example.com"}}]`)
	require.Len(t, s.sent, 4, "memberships stay")
	u := s.at(ann)
	require.Equal(t, scim.StatusDeactivated, u.Status)
	require.Equal(t, "ann@example.com", u.Login)
	require.NoError(t, s.dir.RestoreUser(ann))
	require.Equal(t, Counts{Restored: 1}, s.report().Users)
	require.Equal(t, "ann@example.com", s.at(ann).UserName)
	require.Equal(t, target, s.at(ann).ID)

	r, err := s.job.Run(t.Context(), 31*24*time.Hour)
	require.NoError(t, err)
	require.Equal(t, 1, r.Users.Deleted)
	require.Equal(t, []string{ann}, s.membersAt(team))
	_, linked := s.job.Link(bob)
	require.False(t, linked)
	same(t, []string{"Delete Success"}, []string{strings.Join(strings.Fields(s.last(1)[0])[:2], " ")})
}

// TestDeleteOfWhatIsGone: a resource that is not there any more is as good as deleted,
// and one that cannot be disabled any more as good as disabled.
func TestDeleteOfWhatIsGone(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) { c.SyncAll = false })
	ann, bob := s.user("ann"), s.user("bob")
	team := s.group("Team")
	require.NoError(t, s.job.Assign(ann, bob, team))
	s.cycle()
	s.refuse("GET", "/", 404, "{}")
	refuse := s.answer
	s.refuse("DELETE", "/", 404, "{}")
	del := s.answer
	s.answer = func(w httpWriter, r *httpRequest, body string) bool { return refuse(w, r, body) || del(w, r, body) }
	require.NoError(t, s.dir.PurgeUser(ann))
	require.NoError(t, s.job.Unassign(bob, team))
	r := s.report()
	require.Equal(t, Counts{Deleted: 1, Skipped: 1}, r.Users)
	require.Equal(t, Counts{Deleted: 1}, r.Groups)
	require.Zero(t, s.job.Status().Escrows)
}

// TestActionsNotTicked: without Create nobody is made, without Update nothing is written
// to who is there.
func TestActionsNotTicked(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) { c.Users.SkipCreate, c.Groups.SkipCreate = true, true })
	ann := s.user("ann")
	s.group("Team", ann)
	require.Len(t, s.cycle(), 2)
	require.Empty(t, s.job.Links())
	u := newStage(t, func(c *Config) { c.Users.SkipUpdate, c.Groups.SkipUpdate = true, true })
	ann = u.user("ann")
	bob := u.user("bob", Properties{"manager": ann})
	u.group("Team", ann)
	require.Len(t, u.cycle(), 6)
	u.set(bob, Properties{"jobTitle": "Analyst", "manager": nil})
	require.Len(t, u.cycle(), 1)
	same(t, []string{"Other Skipped bob EntrySynchronizationSkipped"}, u.last(1))
}

// TestHeld: a user whom the service answers as not active after the create, and again
// after each update, is seen as a difference whenever the user is looked at.
func TestHeld(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.seats = scim.Seats(0)
	ann := s.user("ann")
	s.cycle()
	require.Equal(t, scim.StatusHeld, s.at(ann).Status)
	require.Empty(t, s.cycle())
	on := []string{`GET /Users/ann`, `PATCH /Users/ann [{"op":"Replace","path":"active","value":"True"}]`}
	for range 2 {
		s.set(ann, Properties{"division": time.Now().String()})
		require.Equal(t, Counts{Updated: 1}, s.report().Users, "nobody is restored")
		same(t, on, s.requests())
	}
	require.Equal(t, scim.StatusHeld, s.at(ann).Status)
	s.seats = scim.Unlimited
	_, err := s.host.Activate(t.Context(), acme, s.at(ann).ID)
	require.NoError(t, err)
	s.job.Restart(false)
	same(t, on[:1], s.cycle())
}

// TestOneResourceForTwo: a resource belongs to one object. Another that is found to be the
// same is a duplicate while the first is active, and takes over when that one is not.
func TestOneResourceForTwo(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) {
		c.Users.Attributes[0].Match = 0
		c.Users.Attributes[4].Match = 1
	})
	ann := s.user("ann")
	s.cycle()
	target := s.at(ann).ID
	again, err := s.dir.CreateUser(Properties{"userPrincipalName": "ann2@example.com", "mail": "ann@example.com"})
	require.NoError(t, err)
	require.Len(t, s.cycle(), 1)
	same(t, []string{"Other Failure ann2 DuplicateSourceEntries"}, s.last(1))
	require.NoError(t, s.dir.DeleteUser(ann))
	s.cycle()
	s.set(again, Properties{"jobTitle": "Analyst"})
	s.cycle()
	require.Equal(t, target, s.at(again).ID)
	l, _ := s.job.Link(ann)
	require.False(t, l.Managed)
	require.NoError(t, s.dir.PurgeUser(ann))
	require.Empty(t, s.cycle(), "who took over is not deleted with the former one")
	require.Equal(t, scim.StatusActive, s.at(again).Status)
}

// TestCreateAnswersAnother: a service that answers a create with a resource that another
// object has means that they are one; the newer object has it from then on.
func TestCreateAnswersAnother(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ann := s.user("ann")
	s.cycle()
	s.refuse("POST", "/Users", 201, `{"id":"`+s.at(ann).ID+`"}`)
	bob := s.user("bob")
	require.Equal(t, 1, s.report().Users.Created)
	a, _ := s.job.Link(ann)
	b, _ := s.job.Link(bob)
	require.Equal(t, a.TargetID, b.TargetID)
	require.False(t, a.Managed)
	require.True(t, b.Managed)
	require.NoError(t, s.dir.PurgeUser(ann))
	require.Empty(t, s.cycle())
}

// TestFormerResource: a resource that an object left for another one is free.
func TestFormerResource(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) { c.SyncAll = false })
	ann := s.user("ann")
	require.NoError(t, s.job.Assign(ann))
	s.cycle()
	former := s.at(ann).ID
	require.NoError(t, s.job.Unassign(ann))
	s.cycle()
	s.set(ann, Properties{"userPrincipalName": "anna@example.com", "mail": "anna@example.com"})
	require.NoError(t, s.job.Assign(ann))
	require.Equal(t, 1, s.report().Users.Created, "the look-up misses who was renamed meanwhile")
	require.NotEqual(t, former, s.at(ann).ID)
	again := s.user("ann")
	require.NoError(t, s.job.Assign(again))
	require.Equal(t, 1, s.report().Users.Restored)
	require.Equal(t, former, s.at(again).ID)
}

// TestScopingFilterKeepsOut: who is assigned and filtered out is in the log, once.
func TestScopingFilterKeepsOut(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) {
		c.Users.Scope = []ScopingFilter{{Clauses: []Clause{{Attribute: "country", Operator: Equals, Value: "GB"}}}}
	})
	ann := s.user("ann")
	require.Empty(t, s.cycle())
	same(t, []string{"Other Skipped ann EntrySynchronizationSkipped"}, s.last(2))
	require.NoError(t, s.dir.DeleteUser(ann))
	require.Empty(t, s.cycle())
	require.Len(t, s.job.Log(), 1, "who is deleted is of no interest")
	require.NoError(t, s.dir.RestoreUser(ann))
	s.set(ann, Properties{"country": "GB"})
	require.Len(t, s.cycle(), 2)
}

// TestSetSyncAll: from all to assigned users counts as they change, and for all after
// a restart.
func TestSetSyncAll(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ann, bob := s.user("ann"), s.user("bob")
	s.cycle()
	s.job.SetSyncAll(false)
	require.Empty(t, s.cycle())
	s.set(ann, Properties{"jobTitle": "Analyst"})
	require.Equal(t, Counts{Disabled: 1}, s.report().Users)
	s.job.Restart(false)
	require.Equal(t, Counts{Disabled: 1}, s.report().Users)
	require.Equal(t, scim.StatusDeactivated, s.at(bob).Status)
}

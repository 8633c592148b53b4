package entra

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// TestGroups: the life of a group in both dialects. Members are never read.
func TestGroups(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		flag func(*Config)
		want map[string][]string
	}{
		"old": {func(*Config) {}, map[string][]string{
			"create": {
				`GET /Groups?excludedAttributes=members&filter=displayName eq "Blue"`,
				`POST /Groups {"displayName":"Blue","externalId":"<blue>","meta":{"resourceType":"Group"},"schemas":["GROUP","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"]}`,
				`PATCH /Groups/blue [{"op":"Add","path":"members","value":[{"$ref":null,"value":"ann"}]}]`,
			},
			"rename": {`GET /Groups/green?excludedAttributes=members`, `PATCH /Groups/green [{"op":"Replace","path":"displayName","value":"Green"}]`},
			"members": {
				`GET /Groups/green?excludedAttributes=members`,
				`PATCH /Groups/green [{"op":"Add","path":"members","value":[{"$ref":null,"value":"bob"}]},{"op":"Remove","path":"members","value":[{"$ref":null,"value":"ann"}]}]`,
			},
			"delete": {`DELETE /Groups/green`},
		}},
		"new": {flagged, map[string][]string{
			"create": {
				`GET /Groups?excludedAttributes=members&filter=displayName eq "Blue"&FLAG`,
				`POST /Groups?FLAG {"displayName":"Blue","externalId":"<blue>","members":[],"meta":{"resourceType":"Group"},"schemas":["GROUP"]}`,
				`PATCH /Groups/blue?FLAG [{"op":"add","path":"members","value":[{"value":"ann"}]}]`,
			},
			"rename": {`GET /Groups/green?excludedAttributes=members&FLAG`, `PATCH /Groups/green?FLAG [{"op":"replace","value":{"displayName":"Green"}}]`},
			"members": {
				`GET /Groups/green?excludedAttributes=members&FLAG`,
				`PATCH /Groups/green?FLAG [{"op":"add","path":"members","value":[{"value":"bob"}]},{"op":"remove","path":"members[value eq \"ann\"]"}]`,
			},
			"delete": {`DELETE /Groups/green?FLAG`},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c.flag)
			flag := strings.NewReplacer(Flag, "FLAG")
			step := func(what string, got []string) {
				t.Helper()
				for i := range got {
					got[i] = flag.Replace(got[i])
				}
				same(t, c.want[what], got)
			}
			ann, bob := s.user("ann"), s.user("bob")
			s.cycle()
			team := s.group("Blue", ann)
			step("create", s.cycle())
			require.NoError(t, s.dir.UpdateGroup(team, Properties{"displayName": "Green"}))
			step("rename", s.cycle())
			require.NoError(t, s.dir.AddMember(team, bob))
			require.NoError(t, s.dir.RemoveMember(team, ann))
			r := s.report()
			require.Equal(t, References{Added: 1, Removed: 1}, r.Members)
			step("members", s.requests())
			same(t, []string{"Update Success Green"}, s.last(1))
			require.Equal(t, []string{bob}, s.membersAt(team))
			names := s.names()
			require.NoError(t, s.dir.DeleteGroup(team))
			s.cycle()
			step("delete", []string{names.Replace(s.raw()[0])})
			same(t, []string{"Delete Success Green"}, s.last(1))
			require.Len(t, s.job.Links(), 2)
		})
	}
}

// TestMembersPerRequest: several memberships go in one PATCH, and no more than allowed.
func TestMembersPerRequest(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) { c.MembersPerRequest = 4 })
	var all []string
	for i := range 10 {
		all = append(all, s.user(fmt.Sprintf("u%d", i)))
	}
	s.cycle()
	team := s.group("Team", all...)
	require.Len(t, s.cycle(), 2+3)
	require.Equal(t, 4, strings.Count(s.sent[2].body, `"value":"`))
	require.Equal(t, 2, strings.Count(s.sent[4].body, `"value":"`))
	require.Len(t, s.membersAt(team), 10)
}

// TestMemberOutOfScope: the group comes without that member. The membership is not
// sent when the member comes into scope either, but after a restart.
func TestMemberOutOfScope(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) {
		c.Users.Scope = []ScopingFilter{{Clauses: []Clause{{Attribute: "country", Operator: Equals, Value: "GB"}}}}
	})
	ann, bob := s.user("ann", Properties{"country": "GB"}), s.user("bob")
	s.set(ann, Properties{"manager": bob})
	team := s.group("Team", ann, bob)
	r := s.report()
	require.Equal(t, References{Added: 1, Skipped: 1}, r.Members)
	require.Equal(t, References{Skipped: 1}, r.Managers)
	require.Equal(t, []string{ann}, s.membersAt(team))
	s.set(bob, Properties{"country": "GB"})
	s.set(ann, Properties{"jobTitle": "Analyst"})
	r = s.report()
	require.Equal(t, Counts{Created: 1, Updated: 1}, r.Users)
	require.Equal(t, []string{ann}, s.membersAt(team))
	require.Empty(t, s.at(ann).Manager.Value)
	s.job.Restart(false)
	r = s.report()
	require.Equal(t, References{Added: 2}, r.Members)
	require.Equal(t, References{Added: 1}, r.Managers)
	require.Len(t, s.membersAt(team), 2)

	// Who left the scope stays a member, and leaves the group by a removal.
	s.set(bob, Properties{"country": "FR"})
	require.NoError(t, s.dir.RemoveMember(team, bob))
	require.Equal(t, References{Removed: 1}, s.report().Members)
	require.Equal(t, []string{ann}, s.membersAt(team))
}

// TestAssignedGroup: a group assigns its direct members. Who leaves it is disabled first,
// then taken out of it; when it is unassigned those who lose access are disabled, then
// the group is deleted.
func TestAssignedGroup(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) { c.SyncAll = false })
	ann, bob, cat, dan := s.user("ann"), s.user("bob"), s.user("cat"), s.user("dan")
	nested := s.group("Nested", dan)
	team := s.group("Team", ann, bob, nested)
	require.NoError(t, s.job.Assign(team, ann))
	r := s.report()
	require.Equal(t, 2, r.Users.Created, "not cat, and not dan, whose group is nested")
	require.Equal(t, 1, r.Groups.Created)
	require.Equal(t, References{Added: 2, Skipped: 1}, r.Members)

	require.NoError(t, s.dir.RemoveMember(team, bob))
	require.NoError(t, s.dir.AddMember(team, cat))
	lines := s.cycle()
	same(t, []string{
		`GET /Users/bob`,
		`PATCH /Users/bob [{"op":"Replace","path":"active","value":"False"}]`,
		`GET /Users?filter=userName eq "cat@example.com"`,
	}, lines[:3])
	same(t, []string{
		`GET /Groups/team?excludedAttributes=members`,
		`PATCH /Groups/team [{"op":"Add","path":"members","value":[{"$ref":null,"value":"cat"}]},{"op":"Remove","path":"members","value":[{"$ref":null,"value":"bob"}]}]`,
	}, lines[4:])

	require.NoError(t, s.job.Unassign(team))
	same(t, []string{
		`GET /Users/cat`,
		`PATCH /Users/cat [{"op":"Replace","path":"active","value":"False"}]`,
		`GET /Groups/team?excludedAttributes=members`,
		`DELETE /Groups/team`,
	}, s.replaced(func() { s.cycle() }))
	require.Equal(t, scim.StatusActive, s.at(ann).Status, "who is assigned besides")

	require.NoError(t, s.job.Assign(team))
	r = s.report()
	require.Equal(t, Counts{Restored: 1}, r.Users)
	require.Equal(t, 1, r.Groups.Created)
	require.Equal(t, References{Added: 2, Skipped: 1}, r.Members)
	require.NoError(t, s.dir.UpdateGroup(team, Properties{"securityEnabled": false}))
	require.Equal(t, Counts{Disabled: 1}, s.report().Users, "only security groups assign their members")
	require.NoError(t, s.dir.UpdateGroup(team, Properties{"securityEnabled": true}))
	require.Equal(t, Counts{Restored: 1}, s.report().Users)
	require.NoError(t, s.dir.DeleteGroup(team))
	r = s.report()
	require.Equal(t, Counts{Disabled: 1}, r.Users)
	require.Equal(t, Counts{Deleted: 1}, r.Groups)
}

// replaced are the requests of what is done, with the names that there were before.
func (s *stage) replaced(do func()) []string {
	names := s.names()
	do()
	var lines []string
	for _, l := range s.raw() {
		lines = append(lines, names.Replace(l))
	}
	return lines
}

// TestNestedGroup: a group is a member like a user where it is provisioned itself.
func TestNestedGroup(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	inner := s.group("Inner")
	outer := s.group("Outer", inner)
	s.cycle()
	require.Equal(t, []string{inner}, s.membersAt(outer))
}

// TestGroupsNotProvisioned: without the mapping of groups they assign users and are not
// sent; without that of members they are sent and stay empty.
func TestGroupsNotProvisioned(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) { c.SyncAll, c.Groups = false, Mapping{Disabled: true} })
	team := s.group("Team", s.user("ann"))
	require.NoError(t, s.job.Assign(team))
	require.Len(t, s.cycle(), 2)
	require.NoError(t, s.job.Unassign(team))
	require.Len(t, s.cycle(), 2)

	e := newStage(t, func(c *Config) { c.Groups.Attributes = c.Groups.Attributes[:2] })
	team = e.group("Team", e.user("ann"))
	require.Len(t, e.cycle(), 4)
	require.Empty(t, e.membersAt(team))
}

// TestMembersReturned: a service that returns members although they are excluded is
// found out.
func TestMembersReturned(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	team := s.group("Team")
	s.cycle()
	require.NoError(t, s.dir.UpdateGroup(team, Properties{"displayName": "Crew"}))
	s.refuse(http.MethodGet, "/Groups/", 200, `{"id":"1","displayName":"Team","members":[{"value":"1"}]}`)
	s.cycle()
	same(t, []string{"Update Warning Crew " + string(CodeMultipleEntries)}, s.last(1))
	require.NoError(t, s.dir.UpdateGroup(team, Properties{"displayName": "Gang"}))
	s.refuse(http.MethodGet, "/Groups/", 200, `{"Resources":[]}`)
	s.cycle()
	same(t, []string{"Other Failure Gang " + string(CodeMultipleEntries)}, s.last(1))
}

// TestMembersFail: memberships that are refused are tried again without the group, as
// are those of who failed.
func TestMembersFail(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ann := s.user("ann")
	team := s.group("Team", ann)
	s.refuse(http.MethodPatch, "/Groups/", 400, "{}")
	r := s.report()
	require.Equal(t, References{Failed: 1}, r.Members)
	require.Equal(t, 1, s.job.Status().ReferenceEscrows)
	s.answer = nil
	r, err := s.job.Run(t.Context(), 7*time.Hour)
	require.NoError(t, err)
	require.Equal(t, References{Added: 1}, r.Members)
	require.Equal(t, []string{ann}, s.membersAt(team))
	require.Zero(t, s.job.Status().ReferenceEscrows)

	bob := s.user("bob", Properties{"manager": ann})
	cat := s.user("cat", Properties{"manager": bob})
	require.NoError(t, s.dir.AddMember(team, bob))
	s.refuse(http.MethodPost, "/Users", 503, "")
	s.cycle()
	require.Equal(t, 2, s.job.Status().Escrows)
	s.answer = nil
	r = s.report()
	require.Equal(t, Counts{Created: 2}, r.Users, "nothing is wrong with them: the next cycle tries again")
	require.Equal(t, References{Added: 1}, r.Members)
	require.Equal(t, References{Added: 2}, r.Managers)
	require.Equal(t, s.at(bob).ID, s.at(cat).Manager.Value)

	dan := s.user("dan")
	require.NoError(t, s.dir.UpdateUser(cat, Properties{"manager": dan}))
	s.refuse(http.MethodPost, "/Users", 400, "{}")
	r = s.report()
	require.Equal(t, References{Failed: 1}, r.Managers)
	s.answer = nil
	r, err = s.job.Run(t.Context(), 7*time.Hour)
	require.NoError(t, err)
	require.Equal(t, References{Added: 1}, r.Managers)
	require.Equal(t, s.at(dan).ID, s.at(cat).Manager.Value)
}

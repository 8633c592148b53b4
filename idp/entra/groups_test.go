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

// TestMemberLeavesBeforeInitialCycle: an initial cycle knows who left since the last one.
func TestMemberLeavesBeforeInitialCycle(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ann, bob := s.user("ann"), s.user("bob")
	team := s.group("Team", ann, bob)
	s.cycle()
	require.NoError(t, s.dir.RemoveMember(team, bob))
	s.job.Restart(false)
	r := s.report()
	require.True(t, r.Initial)
	require.Equal(t, References{Added: 1, Removed: 1}, r.Members)
	require.Equal(t, []string{ann}, s.membersAt(team))
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

	off := newStage(t)
	team = off.group("Team")
	off.cycle()
	users, groups := off.job.Mappings()
	groups.Disabled = true
	require.NoError(t, off.job.SetMapping(users, groups))
	require.NoError(t, off.dir.DeleteGroup(team))
	require.Empty(t, off.cycle(), "what was sent before is left alone")

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

	s.refuse(http.MethodPatch, "/Groups/", 400, "{}")
	require.NoError(t, s.dir.RemoveMember(team, ann))
	require.Equal(t, References{Failed: 1}, s.report().Members)
	s.answer = nil
	s.job.Restart(false)
	require.Equal(t, References{Removed: 1}, s.report().Members, "a restart makes what failed due")

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

// TestCheckReferences: a job of old asks before it writes a reference, and writes none
// that is there.
func TestCheckReferences(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) { c.CheckReferences = true })
	ann := s.user("ann")
	bob := s.user("bob", Properties{"manager": ann})
	s.cycle()
	team := s.group("Team", ann)
	same(t, []string{
		`GET /Groups?attributes=id&filter=id eq "team" and members eq "ann"`,
		`PATCH /Groups/team [{"op":"Add","path":"members","value":[{"$ref":null,"value":"ann"}]}]`,
	}, s.cycle()[2:])
	s.job.Restart(false)
	lines := s.cycle()
	require.Equal(t, `GET /Groups?attributes=id&filter=id eq "team" and members eq "ann"`, lines[len(lines)-1])
	require.NoError(t, s.dir.RemoveMember(team, ann))
	require.Equal(t, References{Removed: 1}, s.report().Members)

	cat := s.user("cat", Properties{"manager": bob})
	require.NoError(t, s.dir.AddMember(team, bob))
	refs := func(_ httpWriter, r *httpRequest, _ string) bool {
		return strings.Contains(r.URL.RawQuery, "attributes=id")
	}
	s.answer = func(w httpWriter, r *httpRequest, body string) bool {
		if refs(w, r, body) {
			w.WriteHeader(http.StatusBadRequest)
			return true
		}
		return false
	}
	r := s.report()
	require.Equal(t, References{Failed: 1}, r.Members)
	require.Equal(t, References{Failed: 1}, r.Managers)
	same(t, []string{"Update Failure cat " + string(CodeIncompatibleFiltering), "Update Failure Team " + string(CodeIncompatibleFiltering)}, s.last(2))
	s.answer = nil
	r, err := s.job.Run(t.Context(), 7*time.Hour)
	require.NoError(t, err)
	require.Equal(t, References{Added: 1}, r.Members)
	require.Equal(t, References{Added: 1}, r.Managers)
	require.Equal(t, s.at(bob).ID, s.at(cat).Manager.Value)

	s.answer = func(w httpWriter, r *httpRequest, _ string) bool { // a service that leaves managers out
		if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, "/scim/v2/Users/") {
			_, _ = w.Write([]byte(`{"id":"1","userName":"cat@example.com","active":true,"emails":[{"type":"work","value":"cat@example.com"}]}`))
			return true
		}
		return false
	}
	s.set(cat, Properties{"division": "x"})
	same(t, []string{`GET /Users/cat`, `GET /Users?attributes=id&filter=id eq "cat" and manager eq "bob"`}, s.cycle())
}

// TestManagerNotReturned: a service that leaves managers out gets them again whenever the
// user is looked at.
func TestManagerNotReturned(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	bob := s.user("bob", Properties{"manager": s.user("ann")})
	s.cycle()
	s.refuse(http.MethodGet, "/Users/", 200, `{"id":"1","userName":"bob@example.com","active":true,"emails":[{"type":"work","value":"bob@example.com"}]}`)
	for i := range 2 {
		s.set(bob, Properties{"division": fmt.Sprint(i)})
		same(t, []string{`GET /Users/bob`, `PATCH /Users/bob [{"op":"Add","path":"ENT:manager","value":"ann"}]`}, s.cycle())
	}
	s.answer = nil
	s.set(bob, Properties{"division": "x"})
	same(t, []string{`GET /Users/bob`}, s.cycle())
}

// TestMembersThatAreNotSent: those in the recycle bin, and those of a group that is gone at
// the service.
func TestMembersThatAreNotSent(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ann, bob := s.user("ann"), s.user("bob")
	team := s.group("Team")
	s.cycle()
	require.NoError(t, s.dir.AddMember(team, ann))
	require.NoError(t, s.dir.DeleteUser(ann))
	require.Zero(t, s.report().Members)
	require.NoError(t, s.dir.AddMember(team, bob))
	s.refuse(http.MethodGet, "/Groups/", 404, "{}")
	r := s.report()
	require.Zero(t, r.Members)
	require.Equal(t, 1, r.Groups.Failed)
}

// TestMembersInQuarantine: what the end of a cycle left over is not in escrow, since the
// next cycle reads it again.
func TestMembersInQuarantine(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ann := s.user("ann")
	team := s.group("Team", ann)
	s.refuse(http.MethodPatch, "/Groups/", 401, "")
	require.ErrorIs(t, ignore(s.job.Cycle(t.Context())), ErrQuarantine)
	require.Zero(t, s.job.Status().ReferenceEscrows)
	s.answer = nil
	require.Equal(t, References{Added: 1}, s.report().Members)
	require.Equal(t, []string{ann}, s.membersAt(team))
}

// TestReferencesToWhatIsGone: who is known to be gone at the service is not named in
// memberships and as a manager, which would be refused.
func TestReferencesToWhatIsGone(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ann, bob := s.user("ann"), s.user("bob")
	team := s.group("Team")
	s.cycle()
	s.refuse(http.MethodGet, "/Users/"+s.at(ann).ID, 404, "{}")
	s.set(ann, Properties{"jobTitle": "Analyst"})
	s.set(bob, Properties{"manager": ann})
	require.NoError(t, s.dir.AddMember(team, ann))
	r := s.report()
	require.Equal(t, References{Failed: 1}, r.Members)
	require.Equal(t, References{Failed: 1}, r.Managers)
	require.NotContains(t, r.Requests, 204)
	_, err := s.job.Run(t.Context(), 30*day)
	require.NoError(t, err)
	require.Equal(t, [3]int{}, [3]int{s.job.Status().Escrows, s.job.Status().ReferenceEscrows, len(s.cycle())}, "all is given up")
}

package entra

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// TestOnDemand: a test of the connection, a look-up and the change, in the older dialect
// whatever the flag says, also of a job that is stopped.
func TestOnDemand(t *testing.T) {
	t.Parallel()
	s := newStage(t, flagged, func(c *Config) {
		c.SyncAll = false
		c.Users.Attributes = append(c.Users.Attributes, AttributeMapping{Type: Constant, Source: "x", Target: "roles"})
	})
	ann := s.user("ann")
	bob := s.user("bob", Properties{"manager": ann})
	require.NoError(t, s.job.Assign(ann, bob))
	s.cycle()
	s.job.Stop()
	s.set(ann, Properties{"userPrincipalName": "anna@example.com", "jobTitle": "Analyst"})
	s.set(bob, Properties{"jobTitle": "Clerk", "manager": nil})
	cat := s.user("cat", Properties{"manager": ann})
	require.NoError(t, s.job.Assign(cat))
	for id, want := range map[string][]string{
		ann: {
			`GET /Users?filter=userName eq "anna@example.com"`,
			`GET /Users/anna`,
			`PATCH /Users/anna [{"op":"Replace","path":"userName","value":"anna@example.com"},{"op":"Add","path":"title","value":"Analyst"}]`,
		},
		bob: {
			`GET /Users?filter=userName eq "bob@example.com"`,
			`PATCH /Users/bob [{"op":"Add","path":"title","value":"Clerk"}]`,
			`PATCH /Users/bob [{"op":"Remove","path":"ENT:manager"}]`,
		},
		cat: {
			`GET /Users?filter=userName eq "cat@example.com"`,
			`POST /Users {"active":true,"emails":[{"primary":true,"type":"work","value":"cat@example.com"}],"meta":{"resourceType":"User"},"roles":[],"schemas":["USER","ENT"],"userName":"cat@example.com"}`,
			`PATCH /Users/cat [{"op":"Add","path":"ENT:manager","value":"anna"}]`,
		},
	} {
		s.clear()
		entries, err := s.job.ProvisionOnDemand(t.Context(), id)
		require.NoError(t, err)
		require.NotEmpty(t, entries)
		require.True(t, entries[0].OnDemand)
		require.Equal(t, Success, entries[0].Status)
		var steps []StepName
		for _, step := range entries[0].Steps {
			steps = append(steps, step.Name)
		}
		require.Equal(t, append([]StepName{StepConnect}, route[0], route[1], route[2], route[3], route[4]), steps)
		var got []string
		for _, l := range s.requests() {
			got = append(got, strings.NewReplacer("&"+Flag, "", "?"+Flag, "").Replace(l))
		}
		require.Regexp(t, `^GET /Users\?filter=userName eq "[0-9a-f-]{36}"$`, got[0])
		same(t, want, got[1:])
	}
	require.Equal(t, s.at(ann).ID, s.at(cat).Manager.Value)
}

// TestOnDemandLimits: nobody is disabled whom the directory disabled or deleted, nobody
// is restored, and who is not assigned is disabled if managed.
func TestOnDemandLimits(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) { c.SyncAll = false })
	ann, bob, cat, dan := s.user("ann"), s.user("bob"), s.user("cat"), s.user("dan")
	require.NoError(t, s.job.Assign(ann, bob, cat))
	s.cycle()
	demand := func(id string) (Entry, []string) {
		t.Helper()
		s.clear()
		entries, err := s.job.ProvisionOnDemand(t.Context(), id)
		require.NoError(t, err)
		require.Len(t, entries, 1)
		return entries[0], s.requests()[1:]
	}
	s.set(ann, Properties{"accountEnabled": false})
	e, sent := demand(ann)
	require.Equal(t, Skipped, e.Status)
	require.Empty(t, sent)
	require.NoError(t, s.dir.DeleteUser(bob))
	e, sent = demand(bob)
	require.Equal(t, Skipped, e.Status)
	require.Empty(t, sent)
	e, sent = demand(dan)
	require.Equal(t, Skipped, e.Status)
	require.Empty(t, sent)
	s.cycle()
	s.set(ann, Properties{"accountEnabled": true})
	e, sent = demand(ann)
	require.Equal(t, Skipped, e.Status)
	require.Len(t, sent, 1)
	require.Equal(t, scim.StatusDeactivated, s.at(ann).Status)
	s.cycle()
	require.Equal(t, scim.StatusActive, s.at(ann).Status)

	require.NoError(t, s.job.Unassign(cat))
	e, sent = demand(cat)
	require.Equal(t, ActionDisable, e.Action)
	same(t, []string{`GET /Users/cat`, `PATCH /Users/cat [{"op":"Replace","path":"active","value":"False"}]`}, sent)
	require.Empty(t, s.cycle())

	_, err := s.job.ProvisionOnDemand(t.Context(), "nobody")
	require.ErrorIs(t, err, ErrNotFound)
	_, err = s.job.ProvisionGroupOnDemand(t.Context(), ann)
	require.ErrorIs(t, err, ErrNotFound)
	s.refuse(http.MethodGet, "/Users", 401, "")
	_, err = s.job.ProvisionOnDemand(t.Context(), ann)
	var refused *ConnectionError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, Active, s.job.Status().State, "the job is as it was")
	s.refuse(http.MethodPatch, "/Users", 400, "{}")
	s.set(ann, Properties{"jobTitle": "Analyst"})
	e, _ = demand(ann)
	require.Equal(t, Failure, e.Status)
	require.Zero(t, s.job.Status().Escrows, "it is not tried again")
}

// TestGroupOnDemand: the group and those of five members who are provisioned themselves;
// the next cycle sends the others.
func TestGroupOnDemand(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) { c.SyncAll = false })
	ann, bob, cat := s.user("ann"), s.user("bob"), s.user("cat")
	require.NoError(t, s.job.Assign(ann, bob))
	team := s.group("Team", ann, bob, cat)
	s.cycle()
	require.NoError(t, s.job.Assign(team))
	entries, err := s.job.ProvisionGroupOnDemand(t.Context(), team, ann, cat)
	require.NoError(t, err)
	require.Len(t, entries, 2)
	require.Equal(t, []string{ann}, s.membersAt(team))
	s.cycle()
	require.Len(t, s.membersAt(team), 3)
	require.NoError(t, s.dir.RemoveMember(team, ann))
	_, err = s.job.ProvisionGroupOnDemand(t.Context(), team, ann)
	require.NoError(t, err)
	require.Len(t, s.membersAt(team), 2)
	_, err = s.job.ProvisionGroupOnDemand(t.Context(), team, "1", "2", "3", "4", "5", "6")
	require.Error(t, err)
	require.NoError(t, s.job.Unassign(team))
	entries, err = s.job.ProvisionGroupOnDemand(t.Context(), team)
	require.NoError(t, err)
	require.Equal(t, ActionDelete, entries[0].Action)
}

// TestTestConnection: what the button finds, by the first matching attribute.
func TestTestConnection(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	require.NoError(t, s.job.TestConnection(t.Context()))
	require.Regexp(t, `^GET /Users\?filter=userName eq "[0-9a-f-]{36}"$`, s.requests()[0])
	require.Regexp(t, `^GET /Groups\?excludedAttributes=members&filter=displayName eq "[0-9a-f-]{36}"$`, s.requests()[1])
	users, groups := s.job.Mappings()
	groups.Disabled = true
	require.NoError(t, s.job.SetMapping(users, groups))
	s.clear()
	require.NoError(t, s.job.TestConnection(t.Context()))
	require.Len(t, s.sent, 1, "no group is asked for where none is provisioned")
	for name, c := range map[string]struct {
		status int
		body   string
		code   ErrorCode
		reason Reason
	}{
		"a wrong token":              {401, "", CodeCredentials, ReasonException},
		"no rights":                  {403, "", CodeCredentials, ReasonException},
		"404 for nobody":             {404, "", CodeIncompatible, ReasonException},
		"no list":                    {200, "[]", CodeIncompatible, ReasonException},
		"the filter does not work":   {200, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":1,"Resources":[{"id":"1"}]}`, CodeIncompatibleFiltering, ""},
		"the filter is not accepted": {400, "", CodeIncompatibleFiltering, ""},
		"it is broken":               {500, "", CodeCredentials, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, func(c *Config) {
				c.Groups = Mapping{Disabled: true}
				c.Users.Attributes[4].Match, c.Users.Attributes[0].Match = 1, 2
			})
			s.refuse(http.MethodGet, "/Users", c.status, c.body)
			var e *ConnectionError
			require.ErrorAs(t, s.job.TestConnection(t.Context()), &e)
			require.Equal(t, c.code, e.Code)
			require.Equal(t, c.reason, e.Reason)
			require.Equal(t, c.status, e.Status)
			require.Contains(t, e.Error(), string(e.Code))
			require.Len(t, s.sent, 1)
			require.Contains(t, s.requests()[0], `filter=emails[type eq "work"].value eq "`)
			require.Equal(t, NotRun, s.job.Status().State)
		})
	}
}

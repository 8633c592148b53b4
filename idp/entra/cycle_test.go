package entra

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
)

// same compares lines.
func same(t *testing.T, want, got []string) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("(-want +got)\n%s", d)
	}
}

// TestInitialCycle: users, then group objects, which are created empty, then managers,
// then memberships.
func TestInitialCycle(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	bob := s.user("bob")
	ann := s.user("ann", Properties{"jobTitle": "Analyst"})
	s.set(bob, Properties{"manager": ann})
	team := s.group("Team", ann, bob)
	require.Equal(t, NotRun, s.job.Status().State)
	same(t, []string{
		`GET /Users?filter=userName eq "bob@example.com"`,
		`POST /Users {"active":true,"emails":[{"primary":true,"type":"work","value":"bob@example.com"}],"meta":{"resourceType":"User"},"roles":[],"schemas":["USER","ENT"],"userName":"bob@example.com"}`,
		`GET /Users?filter=userName eq "ann@example.com"`,
		`POST /Users {"active":true,"emails":[{"primary":true,"type":"work","value":"ann@example.com"}],"meta":{"resourceType":"User"},"roles":[],"schemas":["USER","ENT"],"title":"Analyst","userName":"ann@example.com"}`,
		`GET /Groups?excludedAttributes=members&filter=displayName eq "Team"`,
		`POST /Groups {"displayName":"Team","externalId":"<team>","meta":{"resourceType":"Group"},"schemas":["GROUP","http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"]}`,
		`PATCH /Users/bob [{"op":"Add","path":"ENT:manager","value":"ann"}]`,
		`PATCH /Groups/team [{"op":"Add","path":"members","value":[{"$ref":null,"value":"` + s.first("ann", "bob") + `"},{"$ref":null,"value":"` + s.second("ann", "bob") + `"}]}]`,
	}, s.cycle())
	same(t, []string{"Create Success bob", "Create Success ann", "Create Success Team", "Update Success bob", "Update Success Team"}, s.last(9))
	require.Equal(t, scim.StatusActive, s.at(bob).Status)
	require.Equal(t, []string{ann, bob}, sorted(s.membersAt(team), ann, bob))
	require.Equal(t, Active, s.job.Status().State)
	require.Empty(t, s.cycle(), "nothing changed")
}

// first and second are two users in the order of their objectIds, as members are sent.
func (s *stage) first(a, b string) string {
	idA, _ := s.dir.FindUser(a + "@example.com")
	idB, _ := s.dir.FindUser(b + "@example.com")
	if idA < idB {
		return a
	}
	return b
}

func (s *stage) second(a, b string) string {
	if s.first(a, b) == a {
		return b
	}
	return a
}

// sorted puts ids into the order of others that they are to be compared with.
func sorted(ids []string, like ...string) []string {
	slices.SortFunc(ids, func(a, b string) int { return slices.Index(like, a) - slices.Index(like, b) })
	return ids
}

// TestHeaders: a bearer token, the version of the client, and no User-Agent; the
// flag goes with each request.
func TestHeaders(t *testing.T) {
	t.Parallel()
	s := newStage(t, flagged)
	s.user("ann")
	s.cycle()
	for _, x := range s.sent {
		require.Equal(t, "Bearer secret", x.header.Get("Authorization"))
		require.Equal(t, "5.0", x.header.Get("ADSCIMVersion"))
		require.Empty(t, x.header.Get("User-Agent"))
		require.Empty(t, x.header.Get("Accept"))
		require.Contains(t, x.target, Flag)
		require.Equal(t, x.body != "", x.header.Get("Content-Type") == idp.MediaType)
	}
}

// TestLookUpByPrecedence: matching attributes are tried one by one, those without
// a value not at all, and the first that finds somebody decides.
func TestLookUpByPrecedence(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) {
		c.Users.Attributes[0].Match = 2
		c.Users.Attributes = append(c.Users.Attributes,
			AttributeMapping{Source: "employeeId", Target: idp.EnterpriseSchema + ":employeeNumber", Match: 1},
			AttributeMapping{Source: "otherMails", Target: `emails[type eq "other"].value`},
			AttributeMapping{Source: "mailNickname", Target: "externalId", Match: 3})
	})
	ann := s.user("ann", Properties{"employeeId": "1", "mailNickname": "annie"})
	local, err := s.host.CreateUser(context.Background(), acme, scim.NewUser{UserName: "ann@example.com", Email: "ann@example.com"})
	require.NoError(t, err)
	bob := s.user("bob", Properties{"mailNickname": "bob"})
	lines := s.cycle()
	same(t, []string{
		`GET /Users?filter=ENT:employeeNumber eq "1"`,
		`GET /Users?filter=userName eq "ann@example.com"`,
		`PATCH /Users/ann [{"op":"Add","path":"ENT:employeeNumber","value":"1"},{"op":"Add","path":"externalId","value":"annie"}]`,
		`GET /Users?filter=userName eq "bob@example.com"`,
		`GET /Users?filter=externalId eq "bob"`,
	}, lines[:5])
	require.True(t, strings.HasPrefix(lines[5], "POST /Users"), lines[5])
	require.Len(t, lines, 6)
	require.Equal(t, local.ID, s.at(ann).ID)
	require.NotEqual(t, local.ID, s.at(bob).ID)
}

// TestLookUpFails: what a look-up can come to that is no answer, and what that does to
// the object and to the job.
func TestLookUpFails(t *testing.T) {
	t.Parallel()
	list := func(n string, resources string) string {
		return `{"schemas":["` + idp.ListResponse + `"],"totalResults":` + n + `,"Resources":` + resources + `}`
	}
	for name, c := range map[string]struct {
		status int
		body   string
		code   ErrorCode
		reason Reason
	}{
		"two are found":                   {200, list("2", `[{"id":"1"},{"id":"2"}]`), CodeDuplicateTarget, ""},
		"two are found, on pages":         {200, list("2", `[{"id":"1"}]`), CodeDuplicateTarget, ""},
		"one without an id":               {200, list("1", `[{"userName":"x"}]`), CodeIncompatible, ""},
		"the filter is refused":           {400, "{}", CodeIncompatibleFiltering, ""},
		"the filter is not implemented":   {501, "", CodeIncompatibleFiltering, ""},
		"the service is broken":           {500, "", CodeInternalServerError, ""},
		"nobody is found by 404":          {404, "", CodeIncompatible, ReasonException},
		"the token is not known":          {401, "", CodeUnauthorized, ReasonException},
		"the token is not good for this":  {403, "", CodeInsufficientRights, ReasonException},
		"the answer is no JSON":           {200, "<html>", CodeIncompatible, ReasonException},
		"the answer is no list":           {200, "{}", CodeIncompatible, ReasonException},
		"the answer is empty":             {204, "", CodeIncompatible, ReasonException},
		"a redirect to a page for log-in": {302, "", CodeIncompatible, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.user("ann")
			s.refuse(http.MethodGet, "/Users", c.status, c.body)
			r, err := s.job.Cycle(t.Context())
			require.Equal(t, c.reason, r.Quarantine)
			require.Equal(t, 1, r.Users.Failed)
			require.Len(t, s.sent, 1, "nothing is created")
			same(t, []string{"Other Failure ann " + string(c.code)}, s.last(1))
			e := s.job.Log()[0]
			require.Equal(t, Step{StepMatch, Failure, e.Detail}, e.Steps[len(e.Steps)-1])
			if c.reason == "" {
				require.NoError(t, err)
				require.Equal(t, 1, s.job.Status().Escrows)
				return
			}
			require.ErrorIs(t, err, ErrQuarantine)
			require.Equal(t, InQuarantine, s.job.Status().State)
			require.Zero(t, s.job.Status().Escrows, "the next cycle reads it again")
		})
	}
}

// TestSpecialCharacters: values that cannot be asked for fail without a request.
func TestSpecialCharacters(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.group(`The "A" team`)
	require.Empty(t, s.cycle())
	same(t, []string{`Other Failure The "A" team ` + string(CodeIncompatibleFiltering)}, s.last(1))
}

// TestNoMatchingValue: an object without any matching value cannot be provisioned.
func TestNoMatchingValue(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) {
		c.Users.Attributes[0].Match = 0
		c.Users.Attributes = append(c.Users.Attributes, AttributeMapping{Source: "employeeId", Target: "externalId", Match: 1})
	})
	s.user("ann")
	require.Empty(t, s.cycle())
	same(t, []string{"Other Failure ann ImportSkipped"}, s.last(1))
}

// TestLinks: after a match or a create an object is known by its id alone. When
// that is gone nothing is created until the links are dropped.
func TestLinks(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ann := s.user("ann")
	s.cycle()
	before := s.at(ann).ID
	s.set(ann, Properties{"userPrincipalName": "anna@example.com", "jobTitle": "Analyst"})
	same(t, []string{
		`GET /Users/anna`,
		`PATCH /Users/anna [{"op":"Replace","path":"userName","value":"anna@example.com"},{"op":"Add","path":"title","value":"Analyst"}]`,
	}, s.cycle())
	require.Equal(t, before, s.at(ann).ID)

	s.refuse(http.MethodGet, "/Users/", 404, "{}")
	s.set(ann, Properties{"jobTitle": "Chief"})
	same(t, []string{`GET /Users/anna`}, s.cycle())
	same(t, []string{"Other Failure anna InvalidAnchor"}, s.last(1))
	s.job.Restart(false)
	same(t, []string{`GET /Users/anna`}, s.cycle())
	s.answer = nil
	s.job.Restart(true)
	require.Empty(t, s.job.Links())
	same(t, []string{
		`GET /Users?filter=userName eq "anna@example.com"`,
		`PATCH /Users/anna [{"op":"Replace","path":"title","value":"Chief"}]`,
	}, s.cycle())
	require.Zero(t, s.job.Status().Escrows)
}

// TestIncrementalCycle: it looks at what changed and at nothing else.
func TestIncrementalCycle(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ann := s.user("ann")
	s.user("bob")
	s.cycle()
	s.set(ann, Properties{"jobTitle": "Analyst", "displayName": "Ann", "division": "not mapped"})
	same(t, []string{`GET /Users/ann`, `PATCH /Users/ann [{"op":"Add","path":"displayName","value":"Ann"},{"op":"Add","path":"title","value":"Analyst"}]`}, s.cycle())
	s.set(ann, Properties{"division": "another"})
	same(t, []string{`GET /Users/ann`}, s.cycle())
	same(t, []string{"Other Skipped ann EntrySynchronizationSkipped"}, s.last(1))
	require.Empty(t, s.cycle())
}

// TestInitialCycleReasserts: what was changed at the service stays until the object
// changes or an initial cycle reads it again, which a change of the mapping causes.
func TestInitialCycleReasserts(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ann := s.user("ann", Properties{"jobTitle": "Analyst"})
	s.user("bob")
	s.cycle()
	_, err := s.host.UpdateUser(t.Context(), acme, s.at(ann).ID, func(u *scim.User) error { u.Title = "Boss"; return nil })
	require.NoError(t, err)
	require.Empty(t, s.cycle())
	users, groups := s.job.Mappings()
	users.Attributes = slices.Clone(users.Attributes)
	users.Attributes[3] = AttributeMapping{Source: "jobTitle", Target: "title"}
	require.NoError(t, s.job.SetMapping(users, groups))
	same(t, []string{`GET /Users/ann`, `PATCH /Users/ann [{"op":"Replace","path":"title","value":"Analyst"}]`, `GET /Users/bob`}, s.cycle())
	require.True(t, s.job.Status().Last.Report.Initial)
	require.Empty(t, s.cycle())
	require.False(t, s.job.Status().Last.Report.Initial)

	require.NoError(t, s.job.SetScope([]ScopingFilter{{Clauses: []Clause{{Attribute: "jobTitle", Operator: Equals, Value: "Analyst"}}}}, nil))
	same(t, []string{`GET /Users/ann`, `GET /Users/bob`, `PATCH /Users/bob [{"op":"Replace","path":"active","value":"False"}]`}, s.cycle())
	s.set(ann, Properties{"jobTitle": "Analyst", "displayName": "Ann"})
	s.answer = func(httpWriter, *httpRequest, string) bool {
		require.NoError(t, s.job.SetScope(nil, nil))
		s.answer = nil
		return false
	}
	require.Len(t, s.cycle(), 2)
	require.Len(t, s.cycle(), 3, "a change in the middle of a cycle makes the next one initial")
	require.Error(t, s.job.SetMapping(Mapping{Attributes: []AttributeMapping{{Source: "objectId", Target: "id", Match: 1}}}, groups))
	require.Empty(t, s.cycle(), "an error changes nothing")
}

// TestNullsDoNotFlow: a value that the source has no more stays at the service.
func TestNullsDoNotFlow(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ann := s.user("ann", Properties{"jobTitle": "Analyst"})
	s.cycle()
	s.set(ann, Properties{"jobTitle": nil})
	same(t, []string{`GET /Users/ann`}, s.cycle())
	s.job.Restart(false)
	same(t, []string{`GET /Users/ann`}, s.cycle())
	require.Equal(t, "Analyst", s.at(ann).Title)
}

// TestCreateBody: what a POST has of a mapping, in both dialects.
func TestCreateBody(t *testing.T) {
	t.Parallel()
	for _, flag := range []bool{false, true} {
		s := newStage(t, func(c *Config) {
			if flag {
				flagged(c)
			}
			c.Users.Attributes = append(c.Users.Attributes,
				AttributeMapping{Source: "city", Target: "urn:ietf:params:scim:schemas:extension:cybsafe:2.0:User:city"},
				AttributeMapping{Source: "country", Target: `addresses[type eq "work"].country`},
				AttributeMapping{Source: "mobile", Target: `phoneNumbers[type eq "mobile"].value`},
				AttributeMapping{Source: "otherMails", Target: `emails[type eq "home"].value`},
				AttributeMapping{Type: Constant, Source: "en", Target: "locale", OnCreation: true},
				AttributeMapping{Source: "employeeType", Target: "userType", Default: "Member"},
				AttributeMapping{Type: None, Target: "nickName", Default: "none"},
				AttributeMapping{Source: "preferredLanguage", Target: "preferredLanguage"})
		})
		ann := s.user("ann", Properties{"city": "Leeds", "country": "GB", "otherMails": []string{"a@home.example"}, "department": "Sales"})
		body := `{"active":true,"addresses":[{"country":"GB","type":"work"}],"emails":[{"primary":true,"type":"work","value":"ann@example.com"},{"type":"home","value":"a@home.example"}],` +
			`"locale":"en","meta":{"resourceType":"User"},"nickName":"none","roles":[],"schemas":["USER","ENT"],"ENT":{"department":"Sales"},` +
			`"urn:ietf:params:scim:schemas:extension:cybsafe:2.0:User":{"city":"Leeds"},"userName":"ann@example.com","userType":"Member"}`
		lines := s.cycle()
		require.JSONEq(t, body, lines[1][strings.Index(lines[1], "{"):])
		require.Equal(t, []any{idp.UserSchema, idp.EnterpriseSchema}, dialect{flag: flag}.create(false, nil)["schemas"])
		s.set(ann, Properties{"mobile": "1"})
		require.Len(t, s.cycle(), 2, "what is written on creation alone is not missed later")
		require.Equal(t, "Member", s.at(ann).UserType)
	}
	g := dialect{flag: true}.create(true, nil)
	require.Equal(t, `{"members":[],"meta":{"resourceType":"Group"},"schemas":["`+idp.GroupSchema+`"]}`, toJSON(t, g))
}

// TestOnCreation: what is written during creation alone is not written later, and
// a mapping of primary is not overruled.
func TestOnCreation(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) {
		c.Users.Attributes[3].OnCreation = true
		c.Users.Attributes = append(c.Users.Attributes, AttributeMapping{Type: Constant, Source: "False", Target: `emails[type eq "work"].primary`})
	})
	ann := s.user("ann", Properties{"jobTitle": "Analyst"})
	require.Contains(t, s.cycle()[1], `"emails":[{"primary":false,"type":"work"`)
	s.set(ann, Properties{"jobTitle": "Chief"})
	for _, l := range s.cycle() {
		require.NotContains(t, l, "Chief")
	}
	require.Equal(t, "Analyst", s.at(ann).Title)
}

// TestCreateFails: a POST that makes nothing, or nothing that can be linked.
func TestCreateFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		code   ErrorCode
	}{
		"taken":       {409, `{"scimType":"uniqueness","detail":"taken"}`, CodeEntryConflict},
		"not allowed": {400, `{"scimType":"invalidValue","detail":"no"}`, CodeBadRequest},
		"no body":     {201, "", CodeIncompatible},
		"no id":       {201, "{}", CodeIncompatible},
		"no JSON":     {201, "ok", CodeIncompatible},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.user("ann")
			s.refuse(http.MethodPost, "/Users", c.status, c.body)
			require.Len(t, s.cycle(), 2)
			same(t, []string{"Create Failure ann " + string(c.code)}, s.last(1))
			require.Empty(t, s.job.Links())
			require.Empty(t, s.cycle(), "it is in escrow for six hours")
		})
	}
}

// TestCancelled: a context that ends stops the cycle where it is, and the next one
// does what was not done.
func TestCancelled(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.user("ann")
	s.user("bob")
	s.group("Team")
	ctx, cancel := context.WithCancel(t.Context())
	s.answer = func(_ http.ResponseWriter, r *http.Request, _ string) bool {
		if strings.Contains(r.URL.RawQuery, "bob") {
			cancel()
		}
		return false
	}
	_, err := s.job.Cycle(ctx)
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, s.sent, 3)
	require.Len(t, s.job.Log(), 1, "nobody knows what became of bob")
	require.Equal(t, NotRun, s.job.Status().State)
	s.answer = nil
	require.Len(t, s.cycle(), 5, "ann is found, bob and the team are made")
	require.Equal(t, 3, len(s.job.Links()))

	later, stop := context.WithCancel(t.Context())
	stop()
	s.user("cat")
	_, err = s.job.Run(later, time.Hour)
	require.ErrorIs(t, err, context.Canceled)
	require.Len(t, s.cycle(), 2)
}

// TestStates: a job that cannot run says why.
func TestStates(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	service := s.job.service
	s.job.SetService(nil)
	require.Equal(t, NotConfigured, s.job.Status().State)
	for _, err := range []error{
		ignore(s.job.Cycle(t.Context())), s.job.TestConnection(t.Context()), ignore(s.job.ProvisionOnDemand(t.Context(), s.user("ann"))),
	} {
		require.ErrorIs(t, err, ErrNotConfigured)
	}
	s.job.SetService(service)
	s.job.Stop()
	require.ErrorIs(t, ignore(s.job.Cycle(t.Context())), ErrPaused)
	require.Equal(t, Paused, s.job.Status().State)
	r, err := s.job.Run(t.Context(), 24*time.Hour)
	require.NoError(t, err)
	require.Zero(t, r.Cycles)
	s.job.Start()
	r, err = s.job.Run(t.Context(), 2*time.Hour)
	require.NoError(t, err)
	require.Equal(t, 4, r.Cycles, "at once, and at 40, 80 and 120 minutes")
	_, err = NewJob(s.dir, Config{Interval: -1})
	require.Error(t, err)
	_, err = NewJob(s.dir, Config{Users: Mapping{Attributes: []AttributeMapping{{Target: "id"}}}})
	require.Error(t, err)
	require.ErrorIs(t, s.job.Assign("nobody"), ErrNotFound)
}

func ignore[T any](_ T, err error) error { return err }

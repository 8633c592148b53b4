package okta_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp/okta"
)

// only answers requests of one method by f, and leaves the others.
func only(method string, f func(http.ResponseWriter, *http.Request) bool) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool { return r.Method == method && f(w, r) }
}

// slow answers 429.
func slow(after string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if after != "" {
			w.Header().Set("Retry-After", after)
		}
		return refuse(http.StatusTooManyRequests, "slow down")(w, r)
	}
}

// TestFailures: what Okta makes of an answer, and when it tries again.
func TestFailures(t *testing.T) {
	t.Parallel()
	const (
		push   = "application.provision.user.push"
		verify = "application.provision.user.verify_exists"
		never  = time.Duration(0)
	)
	list := func(counters string) string {
		return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"Resources":[],` + counters + `}`
	}
	unrecognised := func(token string, column int) string {
		return fmt.Sprintf("Invalid JSON: Unrecognized token '%s': line: 1, column: %d", token, column) //nolint:misspell // Okta's word
	}
	for _, c := range []struct {
		name   string
		answer func(http.ResponseWriter, *http.Request) bool
		event  string
		reason string
		detail string
		status int
		again  time.Duration
	}{
		{"a bad request is for good", only("POST", refuse(400, "emails is missing")), push, "Bad Request. Errors reported by remote server: emails is missing", "emails is missing", 400, never},
		{"so is what is not implemented", only("POST", refuse(501, "no")), push, "Not Implemented. Errors reported by remote server: no", "no", 501, never},
		{"a conflict is tried every half an hour", only("POST", refuse(409, "taken")), push, "Conflict. Errors reported by remote server: taken", "taken", 409, 30 * time.Minute},
		{"an error of the server's is tried again", only("POST", say(503, "")), push, "Service Unavailable", "", 503, 5 * time.Minute},
		{"a page of the gateway's", only("POST", say(502, "<html>")), push, "Bad Gateway. Errors reported by remote server: Invalid JSON: Unexpected character ('<' (code 60)): line: 1, column: 2", "", 502, 5 * time.Minute},
		{"JSON that is no object", only("POST", say(400, "null ")), push, "Bad Request", "", 400, never},
		{"JSON that is a text", only("POST", say(400, "true")), push, "Bad Request. Errors reported by remote server: Invalid JSON: no object: line: 1, column: 1", "", 400, never},
		{"a status of its own", only("POST", say(599, `{"detail":7}`)), push, "HTTP 599", "", 599, 5 * time.Minute},
		{"a redirect", only("POST", say(302, "")), push, "Found", "", 302, never},
		{"an empty answer to a create", only("POST", say(201, " ")), push, "Create new user returned empty user", "", 201, never},
		{"an answer without an id", only("POST", say(201, `{"userName":"ann@example.com"}`)), push, "the answer has no resource with an id", "", 201, never},
		{"an answer to a create that is not JSON", only("POST", say(201, "OK")), push, unrecognised("OK", 3), "", 201, never},
		{"credentials", only("GET", refuse(401, "no such token")), "application.integration.authentication_failure", http.StatusText(http.StatusUnauthorized) + ". Errors reported by remote server: no such token", "no such token", 401, never},
		{"a counter that is a text", only("GET", say(200, list(`"totalResults":0,"startIndex":"1","itemsPerPage":0`))), verify, "startIndex of the list is not a number", "", 200, never},
		{"a counter that is null", only("GET", say(200, list(`"totalResults":null,"startIndex":1,"itemsPerPage":0`))), verify, "totalResults of the list is not a number", "", 200, never},
		{"a counter that is missing", only("GET", say(200, list(`"totalResults":0,"startIndex":1`))), verify, "itemsPerPage of the list is not a number", "", 200, never},
		{"a list without its schema", only("GET", say(200, `{"totalResults":0,"startIndex":1,"itemsPerPage":0}`)), verify, "idp: the answer is no ListResponse: it lacks schemas or totalResults", "", 200, never},
		{"a list that is not JSON", only("GET", say(200, "hello")), verify, unrecognised("hello", 6), "", 200, never},
		{"a list of something without an id", only("GET", say(200, strings.Replace(list(`"totalResults":1,"startIndex":1,"itemsPerPage":1`), "[],", "[{}],", 1))), verify, "the list has a resource without an id", "", 200, never},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := onShelf(t, okta.Config{Name: "Acme"})
			ann := s.assigned("ann")
			s.sent.answer(c.answer)
			r := s.sync()
			require.Equal(t, 1, r.Failed)
			now := s.org.Clock().Now()
			require.Empty(t, cmp.Diff(okta.Entry{
				Time: now, Event: c.event, Actor: "Okta System", Target: okta.Target{Type: "User", ID: ann, Name: "ann@example.com"},
				Outcome: okta.Failure, Reason: c.reason, Status: c.status, Detail: c.detail,
			}, s.last()))
			tasks := s.app.Tasks()
			require.Len(t, tasks, 1)
			require.Regexp(t, "^Automatic provisioning of user ann@example.com to app Acme failed: ", tasks[0].Message)
			require.Contains(t, tasks[0].Message, c.reason)
			retry := time.Time{}
			if c.again > 0 {
				retry = now.Add(c.again)
			}
			require.Empty(t, cmp.Diff(okta.Task{Since: now, Target: s.last().Target, Status: c.status, Tries: 1, Retry: retry}, tasks[0], cmpopts.IgnoreFields(okta.Task{}, "Message")))
			require.Equal(t, retry, r.Next)

			s.sent.answer(nil)
			require.Zero(t, s.sync().Requests, "not before its time")
			s.org.Clock().Advance(c.again)
			require.Equal(t, c.again > 0, s.sync().Created == 1)
			s.org.Clock().Advance(365 * 24 * time.Hour)
			s.set(ann, "title", "Boss") // something changed
			s.quietly()
			require.Empty(t, s.app.Tasks())
			known, _ := s.app.AppUser(ann)
			require.True(t, known.Provisioned)
		})
	}
}

// TestMissing: 404 to a look-up is nobody; to an account that was there it is a
// failure until the user is assigned anew.
func TestMissing(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		s := onShelf(t, okta.Config{Flavour: flavour})
		ann := s.assigned("ann")
		s.sent.answer(only("GET", refuse(404, "User not found")))
		require.Equal(t, 1, s.quietly().Created)
		s.sent.answer(nil)
		first, _ := s.app.AppUser(ann)

		delete(s.shelf.kept, "/Users/"+first.ID)
		s.set(ann, "title", "Boss")
		require.Equal(t, 1, s.sync().Failed)
		require.Equal(t, "application.provision.user.push_profile", s.last().Event)
		require.Contains(t, s.app.Tasks()[0].Message, "Automatic profile push of user ann@example.com to app SCIM app failed: ")
		s.ok(s.app.Unassign(ann))
		require.Equal(t, 1, s.sync().Failed, "nor can it be deactivated")
		require.Equal(t, "application.provision.user.deactivate", s.last().Event)
		s.app.RetryFailed()
		require.Equal(t, 2, func() int { s.sync(); return s.app.Tasks()[0].Tries + 1 }(), "tries are counted anew")
		s.ok(s.app.Assign(ann))
		require.Equal(t, 1, s.quietly().Created)
		second, _ := s.app.AppUser(ann)
		require.NotEqual(t, first.ID, second.ID)

		dev := s.group("Dev", ann)
		s.ok(s.app.PushGroup(dev))
		s.quietly()
		delete(s.shelf.kept, "/Groups/"+s.app.PushedGroups()[0].ID)
		s.ok(s.org.RenameGroup(dev, "Ops"))
		require.Equal(t, 1, s.sync().Failed)
		require.Contains(t, s.app.Tasks()[0].Message, "Unable to update group push mapping target app group Ops in app SCIM app: Not Found")
		s.ok(s.app.Unlink(dev, true))
		require.Equal(t, 1, s.quietly().GroupsDeleted, "what is not there is deleted")
		s.ok(s.app.PushGroup(dev))
		require.Equal(t, 1, s.quietly().GroupsCreated)
	})
}

// TestRateLimit: 429 stops everything: for as long as the service says in whole
// seconds, else for five minutes, then twice as long each time. The tenth is the last.
func TestRateLimit(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		s := onShelf(t, okta.Config{Flavour: flavour})
		ann := s.assigned("ann")
		s.assigned("bob")
		s.ok(s.app.PushGroup(s.group("Dev", ann)))
		clock := s.org.Clock()
		for _, c := range []struct {
			after string
			want  time.Duration
		}{
			{"90", 90 * time.Second},
			{"", 10 * time.Minute},
			{"Wed, 21 Oct 2026 07:28:00 GMT", 20 * time.Minute},
			{"1.5", 40 * time.Minute},
			{"7", 7 * time.Second},
		} {
			s.sent.answer(slow(c.after))
			r := s.sync()
			require.Equal(t, okta.Report{Requests: 1, Waiting: 3, Next: clock.Now().Add(c.want)}, r, c.after)
			require.Equal(t, "application.integration.rate_limit_exceeded", s.last().Event)
			require.Zero(t, s.sync().Requests)
			clock.Advance(c.want - 1)
			require.Zero(t, s.sync().Requests)
			clock.Advance(1)
		}
		require.Empty(t, s.app.Tasks())
		s.sent.answer(nil)
		r := s.quietly()
		require.Equal(t, []int{2, 1}, []int{r.Created, r.GroupsCreated})

		s.set(ann, "title", "Boss")
		s.sent.answer(slow(""))
		for i := range 9 {
			require.Equal(t, clock.Now().Add(5*time.Minute<<i), s.sync().Next, i)
			clock.Advance(5 * time.Minute << i)
		}
		r = s.sync()
		require.Equal(t, 1, r.Failed)
		require.Zero(t, r.Next)
		require.Len(t, s.app.Tasks(), 1)
		clock.Advance(24 * time.Hour)
		require.Zero(t, s.sync().Requests)
		s.sent.answer(nil)
		s.app.RetryFailed()
		require.Equal(t, 1, s.quietly().Updated)

		s.set(ann, "title", "")
		s.sent.answer(slow(""))
		s.sync()
		s.sent.answer(nil)
		s.app.RetryFailed()
		require.Equal(t, 1, s.quietly().Updated, "an administrator need not wait")
	})
}

// TestTenTries: a server that stays away is given up after ten tries.
func TestTenTries(t *testing.T) {
	t.Parallel()
	s := onShelf(t, okta.Config{})
	s.assigned("ann")
	s.sent.answer(say(500, ""))
	tries := 0
	for {
		r := s.sync()
		tries += r.Failed
		if r.Next.IsZero() {
			break
		}
		s.org.Clock().Advance(r.Next.Sub(s.org.Clock().Now()))
	}
	require.Equal(t, 10, tries)
	require.Equal(t, 10, s.app.Tasks()[0].Tries)
	s.set(s.org.Users()[0].ID, "title", "Boss")
	require.Equal(t, s.org.Clock().Now().Add(5*time.Minute), s.sync().Next)
	require.Equal(t, 1, s.app.Tasks()[0].Tries, "a change is another job")

	s.org.Clock().Advance(5 * time.Minute)
	s.sent.answer(slow("60"))
	require.Equal(t, okta.Report{Requests: 1, Waiting: 1, Next: s.org.Clock().Now().Add(time.Minute)}, s.sync(), "one that failed waits, now for the pause")
	s.sent.answer(nil)
	require.Zero(t, s.sync().Requests)

	s = onShelf(t, okta.Config{})
	s.assigned("ann")
	s.sent.answer(only("POST", refuse(409, "taken")))
	for range 100 {
		require.Equal(t, s.org.Clock().Now().Add(30*time.Minute), s.sync().Next, "a conflict never")
		s.org.Clock().Advance(30 * time.Minute)
	}
}

// TestOnlyLinks: without Create, users without an account become tasks, and without
// Update an account that is there is linked and left as it is, but brought to life.
func TestOnlyLinks(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		s := onShelf(t, okta.Config{Flavour: flavour, WithoutCreate: true, WithoutUpdate: true})
		s.assigned("ann")
		s.assigned("bob")
		s.shelf.put("/Users/own", `{"userName":"bob@example.com","active":"False"}`)
		r := s.sync()
		require.Equal(t, []int{1, 1, 0}, []int{r.Failed, r.Reactivated, r.Created})
		require.Equal(t, "Automatic provisioning of user ann@example.com to app SCIM app failed: Error while creating user ann@example.com: Matching user not found", s.app.Tasks()[0].Message)
		require.Equal(t, true, s.shelf.kept["/Users/own"]["active"])
		require.Nil(t, s.shelf.kept["/Users/own"]["externalId"])
		require.Equal(t, okta.Skipped, s.last().Outcome)
	})
}

// TestUpdateIsOff: what is not sent is said once, and who comes back is brought to life
// however often that has to be tried.
func TestUpdateIsOff(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		s := onShelf(t, okta.Config{Flavour: flavour, WithoutUpdate: true, SyncPassword: true})
		ann := s.assigned("ann")
		s.quietly()
		s.set(ann, "title", "Boss")
		s.quietly()
		require.Equal(t, okta.Skipped, s.last().Outcome)
		s.ok(s.org.SetPassword(ann, "secret"))
		require.Equal(t, 1, s.quietly().Passwords)
		require.Len(t, s.app.Log(), 3)

		s.ok(s.app.Unassign(ann))
		s.quietly()
		s.ok(s.app.Assign(ann))
		s.sent.answer(func(w http.ResponseWriter, r *http.Request) bool {
			return r.Method != http.MethodGet && refuse(503, "")(w, r)
		})
		require.Equal(t, 1, s.sync().Failed)
		require.Equal(t, "application.provision.user.reactivate", s.last().Event)
		s.sent.answer(nil)
		s.app.RetryFailed()
		require.Equal(t, 1, s.quietly().Reactivated)
		require.Equal(t, true, s.shelf.kept["/Users/u1"]["active"])
	})
}

// TestLinkLeavesWhatIsNotOktas: a value that Okta took away is taken from the account
// that got it from Okta, and from no other.
func TestLinkLeavesWhatIsNotOktas(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		s := onShelf(t, okta.Config{Flavour: flavour})
		ann := s.assigned("ann", "title", "Engineer")
		s.quietly()
		s.ok(s.app.Unassign(ann))
		s.quietly()
		s.set(ann, "title", "")
		delete(s.shelf.kept["/Users/u1"], "externalId") // of a service that keeps none
		s.ok(s.app.Assign(ann))
		s.quietly()
		require.NotContains(t, s.shelf.kept["/Users/u1"], "title")

		s.set(ann, "title", "Boss")
		s.quietly()
		s.ok(s.app.Unassign(ann))
		s.quietly()
		delete(s.shelf.kept, "/Users/u1")
		s.shelf.put("/Users/own", `{"userName":"ann@example.com","title":"Own"}`)
		s.set(ann, "title", "")
		s.ok(s.app.Assign(ann))
		require.Equal(t, 1, s.quietly().Linked)
		require.Equal(t, "Own", s.shelf.kept["/Users/own"]["title"])
	})
}

// TestMemberWithAnotherAccount: a group has the account that its member has now.
func TestMemberWithAnotherAccount(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		s := onShelf(t, okta.Config{Flavour: flavour})
		ann := s.assigned("ann")
		dev := s.group("Dev", ann)
		s.ok(s.app.PushGroup(dev))
		s.quietly()
		renew := func() {
			known, _ := s.app.AppUser(ann)
			s.ok(s.app.Unassign(ann))
			s.quietly()
			delete(s.shelf.kept, "/Users/"+known.ID)
		}
		renew()
		s.ok(s.app.Assign(ann))
		require.Equal(t, 1, s.quietly().GroupsUpdated)
		known, _ := s.app.AppUser(ann)
		require.Equal(t, []string{known.ID}, s.app.PushedGroups()[0].Members)

		renew()
		s.ok(s.org.RemoveMember(dev, ann))
		s.ok(s.app.Assign(ann))
		require.Zero(t, s.quietly().GroupsUpdated, "the account that was a member is not the user's any more")
		require.Empty(t, s.app.PushedGroups()[0].Members)
	})
}

// TestOrder: what changed first is sent first, so that a name that becomes free can be
// taken.
func TestOrder(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		h := onLibrary(t, okta.Config{Flavour: flavour})
		ann, bob := h.assigned("ann"), h.assigned("bob")
		h.quietly()
		move := func(id, to string) { h.set(id, "login", to+"@example.com"); h.set(id, "email", to+"@example.com") }
		move(bob, "rob")
		move(ann, "bob")
		h.quietly()
		require.Equal(t, []string{"bob@example.com", "rob@example.com"}, []string{h.account(ann).UserName, h.account(bob).UserName})

		// The other way round there is a conflict, and half an hour later there is none.
		h.set(ann, "title", "x")
		dev, ops := h.group("Dev"), h.group("Ops")
		h.ok(h.app.PushGroup(dev))
		h.ok(h.app.PushGroup(ops))
		h.quietly()
		h.ok(h.org.RenameGroup(dev, "Gone"))
		h.sent.answer(func(w http.ResponseWriter, r *http.Request) bool {
			return strings.Contains(r.URL.Path, "/Groups/") && refuse(503, "")(w, r)
		})
		h.sync()
		h.sent.answer(nil)
		h.ok(h.org.RenameGroup(ops, "Dev"))
		require.Equal(t, http.StatusConflict, func() int { h.sync(); return h.last().Status }())
		h.org.Clock().Advance(5 * time.Minute)
		require.Equal(t, 1, h.sync().GroupsUpdated)
		h.org.Clock().Advance(25 * time.Minute)
		require.Equal(t, 1, h.quietly().GroupsUpdated)
	})
}

// TestForceSync: those who never were provisioned are left out.
func TestForceSync(t *testing.T) {
	t.Parallel()
	s := onShelf(t, okta.Config{})
	s.assigned("ann")
	s.quietly()
	s.sent.answer(only("POST", refuse(400, "no")))
	s.assigned("bob")
	require.Equal(t, 1, s.sync().Failed)
	s.sent.answer(nil)
	s.app.ForceSync()
	r := s.sync()
	require.Equal(t, []int{2, 1}, []int{r.Requests, r.Updated})
	require.Len(t, s.app.Tasks(), 1)
}

// TestContext: a Sync that is broken off says so, fails nothing, and goes on later.
func TestContext(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		s := onShelf(t, okta.Config{Flavour: flavour})
		s.assigned("ann")
		s.assigned("bob")
		ctx, cancel := context.WithCancel(background)
		s.sent.answer(only("POST", func(http.ResponseWriter, *http.Request) bool { cancel(); return false }))
		r, err := s.app.Sync(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, []int{1, 0}, []int{r.Created, r.Failed})
		_, err = s.app.Import(ctx)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, s.app.TestConnection(ctx), context.Canceled)
		require.Empty(t, s.app.Tasks())
		s.sent.answer(nil)
		require.Equal(t, 1, s.quietly().Created)
	})
}

// TestConfirmAgain: an account that Okta gave up is no longer its own, until it is
// confirmed; what Okta has taken away meanwhile is then taken away there.
func TestConfirmAgain(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		s := onShelf(t, okta.Config{Flavour: flavour})
		ann := s.assigned("ann", "title", "Engineer")
		s.quietly()
		s.ok(s.app.Unassign(ann))
		s.quietly()
		s.shelf.kept["/Users/u1"]["active"] = true
		s.set(ann, "title", "")
		got, err := s.app.Import(background)
		s.ok(err)
		require.Equal(t, []okta.ImportedUser{{ID: "u1", UserName: "ann@example.com", Email: "ann@example.com", Match: okta.ByUserName, User: ann}}, got.Users)
		require.Empty(t, got.Missing)
		s.ok(s.app.Confirm(got.Users[0]))
		require.Equal(t, 1, s.quietly().Updated)
		require.NotContains(t, s.shelf.kept["/Users/u1"], "title")
		s.ok(s.app.Unassign(ann))
		s.quietly()
		s.ok(s.app.Confirm(got.Users[0]))
		require.Equal(t, 1, s.quietly().Updated, "which is sent also if nothing changed")
	})
}

// TestImportFails: an import is whole or an error, and says which ids came twice.
func TestImportFails(t *testing.T) {
	t.Parallel()
	s := onShelf(t, okta.Config{ImportGroups: true})
	page := func(total int, id string) string {
		return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":%d,"startIndex":1,"itemsPerPage":1,"Resources":[{"id":%q,"emails":[{"value":"A@example.com"}]}]}`, total, id)
	}
	s.sent.answer(say(200, page(201, "1")))
	ann := s.user("a")
	got, err := s.app.Import(background)
	s.ok(err)
	require.Equal(t, []string{"1", "1", "1", "1"}, got.Repeated, "pages of users and of groups")
	require.Equal(t, []okta.ImportedUser{{ID: "1", Email: "A@example.com", Match: okta.ByEmail, User: ann}}, got.Users)
	s.sent.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/Users") {
			return say(200, page(1, "1"))(w, r)
		}
		return refuse(500, "no")(w, r)
	})
	got, err = s.app.Import(background)
	var refused *okta.Error
	require.ErrorAs(t, err, &refused)
	require.Equal(t, 500, refused.Status)
	require.Equal(t, okta.Import{Requests: 2}, got)
	require.Equal(t, "application.provision.group.import", s.last().Event)
	require.ErrorAs(t, s.app.TestConnection(background), &refused)
	require.Equal(t, okta.Failure, s.last().Outcome)
}

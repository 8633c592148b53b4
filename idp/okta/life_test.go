package okta_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/okta"
)

// TestWholeLife: somebody comes, changes, leaves and comes back, in Okta and in the
// directory.
func TestWholeLife(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		h := onLibrary(t, okta.Config{Flavour: flavour, SyncPassword: true})
		everyone := h.group("Everyone")
		h.ok(h.app.AssignGroup(everyone))
		boss := h.user("boss")
		ann := h.user("ann", "title", "Engineer", "department", "R&D", "managerId", boss, "preferredLanguage", "de", "countryCode", "GB", "mobilePhone", "+44 1")
		h.ok(h.org.AddMember(everyone, boss, ann))
		require.Equal(t, 2, h.quietly().Created)

		u := h.account(ann)
		require.Equal(t, scim.StatusActive, u.Status)
		require.Equal(t, []string{"ann@example.com", ann, "ann@example.com", "Engineer", "R&D", "de", "Ann Baker"},
			[]string{u.UserName, u.ExternalID, u.Email, u.Title, u.Department, u.PreferredLanguage, u.Name.Formatted})
		require.Equal(t, boss, u.Manager.Value, "Okta knows the manager by its own id, which is the service's externalId")
		require.Equal(t, "GB", u.Addresses[0].Country)
		require.Equal(t, h.account(boss).ID, h.view(u).ManagerID)

		// Marriage: another name, the same account.
		h.set(ann, "lastName", "Cole")
		h.set(ann, "login", "ann.cole@example.com")
		h.set(ann, "email", "ann.cole@example.com")
		h.set(ann, "title", "")
		require.Equal(t, 1, h.quietly().Updated)
		after := h.account(ann)
		require.Equal(t, u.ID, after.ID)
		require.Equal(t, []string{"ann.cole@example.com", "ann.cole@example.com", "Cole", ""}, []string{after.UserName, after.Email, after.Name.FamilyName, after.Title})

		// In another group that is assigned, leaving one of them changes nothing.
		also := h.group("Also", ann)
		h.ok(h.app.AssignGroup(also))
		h.ok(h.org.RemoveMember(everyone, ann))
		require.Zero(t, h.quietly().Requests)
		h.ok(h.org.DeleteGroup(also))
		require.Equal(t, 1, h.quietly().Deactivated)
		require.Equal(t, scim.StatusDeactivated, h.account(ann).Status)

		h.ok(h.org.AddMember(everyone, ann))
		require.Equal(t, 1, h.quietly().Reactivated)
		require.Equal(t, scim.StatusActive, h.account(ann).Status)
		require.Equal(t, u.ID, h.account(ann).ID)

		// Deactivated in Okta, and activated: the group brings the application back.
		h.ok(h.org.Deactivate(ann))
		require.Equal(t, 1, h.quietly().Deactivated)
		h.ok(h.org.Activate(ann))
		require.Equal(t, 1, h.quietly().Reactivated)
		require.Equal(t, u.ID, h.account(ann).ID)

		h.ok(h.app.UnassignGroup(everyone))
		require.Equal(t, 2, h.quietly().Deactivated)
		require.Equal(t, 2, h.count(), "nobody was made twice, nobody is deleted")
		for _, e := range h.app.Log() {
			require.Equal(t, okta.Success, e.Outcome, "%+v", e)
		}
	})
}

// TestEveryAttribute: what the default mappings name arrives, and goes again.
func TestEveryAttribute(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		h := onLibrary(t, okta.Config{Flavour: flavour})
		p := okta.Profile{"login": "ann@example.com", "email": "ann@work.example"}
		for _, m := range okta.DefaultMappings() {
			e, err := okta.ParseExpression(m.Expression)
			if m.Automatic {
				continue
			}
			require.NoError(t, err)
			for _, name := range e.Attributes() {
				if p[name] == "" {
					p[name] = "a " + name
				}
			}
		}
		u, err := h.org.AddUser(p)
		h.ok(err)
		h.ok(h.app.Assign(u.ID))
		h.quietly()
		resource := func() idp.Resource { return h.read("/Users/" + h.account(u.ID).ID) }
		for _, m := range okta.DefaultMappings() {
			if m.Automatic {
				continue
			}
			e, _ := okta.ParseExpression(m.Expression)
			path := m.Path
			if m.Attribute == "email" && flavour == okta.Wizard {
				path = "emails[primary eq true].value"
			}
			require.Equal(t, e.Eval(p), resource().Text(path), m.Path)
		}
		for name := range p {
			if name != "login" && name != "email" {
				h.set(u.ID, name, "")
			}
		}
		h.quietly()
		for _, m := range okta.DefaultMappings() {
			if !m.Automatic && m.Attribute != "userName" && m.Attribute != "email" {
				require.Empty(t, resource().Text(m.Path), m.Path)
			}
		}
	})
}

// TestGroupsArePushed: groups in the directory are what they are in Okta.
func TestGroupsArePushed(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		h := onLibrary(t, okta.Config{Flavour: flavour, MembersPerPatch: 2})
		ann, bob, cat := h.assigned("ann"), h.assigned("bob"), h.assigned("cat")
		dan := h.user("dan")
		dev := h.group("Dev", ann, bob, cat, dan)
		h.ok(h.app.PushGroup(dev))
		require.Equal(t, 1, h.quietly().GroupsCreated)
		require.Equal(t, []string{"ann@example.com", "bob@example.com", "cat@example.com"}, h.members("Dev"))
		ignored := h.entries("app.user_management.grouppush.mapping.okta.users.ignored")
		require.Len(t, ignored, 1)
		require.Equal(t, okta.Skipped, ignored[0].Outcome)

		h.ok(h.org.RenameGroup(dev, "Engineering"))
		h.ok(h.org.RemoveMember(dev, ann))
		h.ok(h.app.Assign(dan))
		require.Equal(t, 1, h.quietly().GroupsUpdated)
		require.Nil(t, h.members("Dev"))
		require.Equal(t, []string{"bob@example.com", "cat@example.com", "dan@example.com"}, h.members("Engineering"))

		// Somebody meddles at the service: push now puts it right, and not before.
		id := h.app.PushedGroups()[0].ID
		h.write(http.MethodPatch, "/Groups/"+id, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","path":"members","value":[{"value":"`+h.account(ann).ID+`"}]}]}`)
		require.Zero(t, h.quietly().Requests)
		require.Equal(t, []string{"ann@example.com"}, h.members("Engineering"))
		h.ok(h.app.PushNow(dev))
		h.quietly()
		require.Equal(t, []string{"bob@example.com", "cat@example.com", "dan@example.com"}, h.members("Engineering"))

		h.ok(h.app.Unlink(dev, false))
		h.quietly()
		require.NotNil(t, h.members("Engineering"))
		h.ok(h.org.RemoveMember(dev, bob))
		h.ok(h.app.PushGroup(dev))
		require.Equal(t, 1, h.quietly().GroupsLinked)
		require.Equal(t, []string{"cat@example.com", "dan@example.com"}, h.members("Engineering"))
		require.Equal(t, id, h.app.PushedGroups()[0].ID)
		h.ok(h.app.Unlink(dev, true))
		require.Equal(t, 1, h.quietly().GroupsDeleted)
		require.Nil(t, h.members("Engineering"))
		require.Empty(t, h.app.PushedGroups())
	})
}

// TestLicence: beyond the seats nothing fails: the user is held, and Okta takes the
// account for active.
func TestLicence(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		h := onLibrary(t, okta.Config{Flavour: flavour})
		h.seats.Store(1)
		ann, bob := h.assigned("ann"), h.assigned("bob")
		require.Equal(t, 2, h.quietly().Created)
		require.Equal(t, scim.StatusActive, h.account(ann).Status)
		require.Equal(t, scim.StatusHeld, h.account(bob).Status)
		known, _ := h.app.AppUser(bob)
		require.True(t, known.Provisioned)
		h.set(bob, "title", "Engineer")
		h.quietly()
		require.Equal(t, scim.StatusHeld, h.account(bob).Status, "a profile does not deactivate who is held")
		h.seats.Store(2)
		done, err := h.dir.ActivateHeld(background, acme)
		h.ok(err)
		require.Len(t, done, 1)
		h.set(bob, "title", "Boss")
		h.quietly()
		require.Equal(t, scim.StatusActive, h.account(bob).Status)
		h.ok(h.app.Unassign(bob))
		h.quietly()
		require.Equal(t, scim.StatusDeactivated, h.account(bob).Status)
	})
}

// TestToken: with a wrong token everything fails and becomes a task, also in the
// middle of a Sync; with the right one it is tried again when somebody asks for it.
func TestToken(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		h := onLibrary(t, okta.Config{Flavour: flavour})
		h.assigned("ann")
		h.assigned("bob")
		h.sent.answer(func(_ http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodPost {
				h.token.Store("another") // from the next request on
				h.sent.answer(nil)
			}
			return false
		})
		r := h.sync()
		require.Equal(t, 2, r.Failed, "the token went before the first user was made")
		require.Zero(t, r.Waiting, "nothing is tried again by itself")
		require.Equal(t, "application.integration.authentication_failure", h.last().Event)
		require.Equal(t, http.StatusUnauthorized, h.last().Status)
		require.NotEmpty(t, h.last().Detail)
		require.Error(t, h.app.TestConnection(background))
		require.Zero(t, h.sync().Requests)
		tasks := h.app.Tasks()
		require.Len(t, tasks, 2)
		require.Contains(t, tasks[0].Message, "Automatic provisioning of user ann@example.com to app SCIM app failed: ")
		require.Zero(t, h.count())

		h.service.Token = "another"
		h.ok(h.app.TestConnection(background))
		h.app.RetryFailed()
		require.Equal(t, 2, h.quietly().Created)
		require.Empty(t, h.app.Tasks())
	})
}

// TestServerDown: nobody is lost while the service is away, nor made twice by a create
// whose answer was.
func TestServerDown(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		h := onLibrary(t, okta.Config{Flavour: flavour})
		ann, bob := h.assigned("ann", "department", "Sales"), h.assigned("bob")
		lost := func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodGet {
				return false
			}
			h.sent.next.ServeHTTP(httptest.NewRecorder(), r) // done, and nobody hears of it
			return say(http.StatusBadGateway, "error code: 502")(w, r)
		}
		h.sent.answer(lost)
		r := h.sync()
		require.Equal(t, 2, r.Failed)
		require.Equal(t, 2, r.Waiting)
		require.Contains(t, h.last().Reason, "token 'error': line: 1, column: 6")
		require.Empty(t, h.last().Detail)
		require.Equal(t, h.org.Clock().Now().Add(5*time.Minute), r.Next)
		require.Zero(t, h.sync().Requests)

		h.sent.answer(func(w http.ResponseWriter, _ *http.Request) bool { panic(http.ErrAbortHandler) })
		server := httptest.NewServer(h.sent)
		server.Close()
		h.service.URL, h.service.Handler = server.URL, nil // away altogether
		h.org.Clock().Advance(5 * time.Minute)
		r = h.sync()
		require.Equal(t, 2, r.Failed)
		require.Zero(t, h.last().Status)
		require.Equal(t, h.org.Clock().Now().Add(10*time.Minute), r.Next, "twice as long")

		h.sent.answer(nil)
		h.service.Handler = h.sent
		h.service.URL = "https://app.example.com/scim/v2"
		h.org.Clock().Advance(10 * time.Minute)
		h.set(ann, "department", "")
		require.Equal(t, 2, h.quietly().Linked)
		require.Equal(t, 2, h.count())
		require.Empty(t, h.account(ann).Department)

		// A deactivation whose answer is lost, and the user comes back meanwhile.
		h.ok(h.app.Unassign(ann))
		h.sent.answer(lost)
		require.Equal(t, 1, h.sync().Failed)
		require.Equal(t, scim.StatusDeactivated, h.account(ann).Status)
		h.sent.answer(nil)
		h.ok(h.app.Assign(ann))
		require.Equal(t, 1, h.quietly().Reactivated)
		require.Equal(t, scim.StatusActive, h.account(ann).Status)

		// An update whose answer is lost, and it is taken back meanwhile.
		h.set(bob, "title", "Boss")
		h.sent.answer(lost)
		require.Equal(t, 1, h.sync().Failed)
		require.Equal(t, "Boss", h.account(bob).Title)
		h.sent.answer(nil)
		h.set(bob, "title", "")
		h.quietly()
		require.Empty(t, h.account(bob).Title)
		h.set(bob, "department", "Sales")
		h.quietly()
		h.set(bob, "department", "")
		h.sent.answer(lost)
		h.sync()
		require.Empty(t, h.account(bob).Department)
		h.sent.answer(nil)
		h.set(bob, "department", "Sales")
		h.quietly()
		require.Equal(t, "Sales", h.account(bob).Department)
	})
}

// TestServerDownForGroups: the answer to a change of a group is lost, and the change is
// taken back meanwhile.
func TestServerDownForGroups(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		for name, change := range map[string]struct {
			do, undo func(h *host, dev, ann, bob string)
		}{
			"rename": {
				func(h *host, dev, _, _ string) { h.ok(h.org.RenameGroup(dev, "Ops")) },
				func(h *host, dev, _, _ string) { h.ok(h.org.RenameGroup(dev, "Dev")) },
			},
			"add": {
				func(h *host, dev, _, bob string) { h.ok(h.org.AddMember(dev, bob)) },
				func(h *host, dev, _, bob string) { h.ok(h.org.RemoveMember(dev, bob)) },
			},
			"remove": {
				func(h *host, dev, ann, _ string) { h.ok(h.org.RemoveMember(dev, ann)) },
				func(h *host, dev, ann, _ string) { h.ok(h.org.AddMember(dev, ann)) },
			},
			"push now": {
				func(h *host, dev, ann, bob string) {
					h.ok(h.org.RenameGroup(dev, "Ops"))
					h.ok(h.org.RemoveMember(dev, ann))
					h.ok(h.org.AddMember(dev, bob))
					h.ok(h.app.PushNow(dev))
				},
				func(h *host, dev, ann, bob string) {
					h.ok(h.org.RenameGroup(dev, "Dev"))
					h.ok(h.org.AddMember(dev, ann))
					h.ok(h.org.RemoveMember(dev, bob))
				},
			},
		} {
			h := onLibrary(t, okta.Config{Flavour: flavour})
			ann, bob := h.assigned("ann"), h.assigned("bob")
			dev := h.group("Dev", ann)
			h.ok(h.app.PushGroup(dev))
			h.quietly()
			h.sent.answer(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodGet {
					return false
				}
				h.sent.next.ServeHTTP(httptest.NewRecorder(), r)
				return say(http.StatusGatewayTimeout, "")(w, r)
			})
			change.do(h, dev, ann, bob)
			require.Equal(t, 1, h.sync().Failed, name)
			require.NotEqual(t, []string{"ann@example.com"}, h.members("Dev"), name)
			h.sent.answer(nil)
			change.undo(h, dev, ann, bob)
			require.Equal(t, 1, h.quietly().GroupsUpdated, name)
			require.Equal(t, []string{"ann@example.com"}, h.members("Dev"), name)
		}
	})
}

// TestImport: pages of a hundred, without those who are inactive, matched to Okta.
func TestImport(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		h := onLibrary(t, okta.Config{Flavour: flavour, ImportGroups: true})
		for i := range 247 {
			_, err := h.dir.CreateUser(background, acme, scim.NewUser{UserName: fmt.Sprint("own", i), Email: fmt.Sprintf("own%d@example.com", i)})
			h.ok(err)
		}
		ann, gone, bob := h.assigned("ann"), h.assigned("gone"), h.user("OWN7")
		h.ok(h.app.PushGroup(h.group("Dev", ann)))
		h.quietly()
		h.ok(h.app.Unassign(gone))
		h.quietly()
		lost := h.assigned("lost")
		h.quietly()
		h.write(http.MethodDelete, "/Users/"+h.account(lost).ID, "")
		h.sent.take()

		got, err := h.app.Import(background)
		h.ok(err)
		require.Equal(t, []string{
			"GET /Users?startIndex=1&count=100", "GET /Users?startIndex=101&count=100", "GET /Users?startIndex=201&count=100", "GET /Groups?startIndex=1&count=100",
		}, h.sent.take())
		require.Equal(t, []int{248, 1, 4, 1}, []int{got.Scanned, got.Inactive, got.Requests, len(got.Groups)})
		require.Equal(t, []string{lost}, got.Missing)
		require.Empty(t, got.Repeated)
		matched := slices.DeleteFunc(slices.Clone(got.Users), func(u okta.ImportedUser) bool { return u.Match == okta.NoMatch })
		id := func(name string) string {
			u, err := h.dir.FindUser(background, acme, name)
			h.ok(err)
			return u.ID
		}
		require.Empty(t, cmp.Diff([]okta.ImportedUser{
			{ID: id("own7"), UserName: "own7", Email: "own7@example.com", Match: okta.ByEmail, User: bob},
			{ID: id("ann@example.com"), UserName: "ann@example.com", Email: "ann@example.com", Match: okta.Known, User: ann},
		}, matched))
		require.Empty(t, cmp.Diff([]okta.ImportedGroup{{
			ID: got.Groups[0].ID, Name: "Dev", Members: []string{id("ann@example.com")}, Group: h.app.PushedGroups()[0].Group,
		}}, got.Groups))

		// Confirmed, the account is taken over without a look-up.
		h.ok(h.app.Confirm(matched[0]))
		require.Equal(t, 1, h.quietly().Updated)
		require.Len(t, h.sent.take(), 2)
		u := h.account(bob)
		require.Equal(t, id("own7@example.com"), u.ID)
		require.Equal(t, []string{"OWN7@example.com", bob}, []string{u.UserName, u.ExternalID})
		require.True(t, u.Managed)
		require.ErrorIs(t, h.app.Confirm(got.Users[0]), okta.ErrNotFound)
		matched[0].ID = "another"
		require.ErrorIs(t, h.app.Confirm(matched[0]), okta.ErrExists)
	})
}

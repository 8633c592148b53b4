package okta_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp/okta"
)

var background = context.Background()

// names are the mappings of the tests of bodies: few, so that they can be read.
func names() []okta.Mapping {
	return []okta.Mapping{
		{Path: "userName", Expression: "user.login"},
		{Path: "name.givenName", Expression: "user.firstName"},
		{Path: `emails[type eq "work"].value`, Expression: "user.email"},
		{Path: "title", Expression: "user.title"},
		{Path: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", Expression: "user.department"},
	}
}

// act is one thing that an administrator does, and all that is sent for it.
type act struct {
	name              string
	do                func(s *stage)
	catalogue, wizard string
}

// play does acts one after the other, and compares what each sends.
func play(t *testing.T, s *stage, flavour okta.Flavour, acts []act) {
	t.Helper()
	for _, a := range acts {
		a.do(s)
		_, err := s.app.Sync(background)
		require.NoError(t, err, a.name)
		require.Empty(t, s.app.Tasks(), a.name)
		want := a.catalogue
		if flavour == okta.Wizard {
			want = a.wizard
		}
		for _, u := range s.org.Users() {
			name, _, _ := strings.Cut(u.Login(), "@")
			want = strings.ReplaceAll(want, "{"+name+"}", u.ID)
		}
		if diff := cmp.Diff(lines(want), s.sent.take()); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", a.name, diff)
		}
	}
}

const (
	lookUpAnn  = "GET /Users?filter=userName%20eq%20%22ann%40example.com%22&startIndex=1&count=100\n"
	activate   = ` {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":true}}]}` + "\n"
	deactivate = ` {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"active":false}}]}` + "\n"
	annHead    = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"externalId":"{ann}","userName":"ann@example.com","name":{"givenName":"Ann"},"groups":[],`
	annTyped   = annHead + `"emails":[{"primary":true,"value":"ann@example.com","type":"work"}],`
	annUntyped = annHead + `"emails":[{"primary":true,"value":"ann@example.com"}],`
)

// TestRequestsAboutUsers: each thing that happens to a user, and what is sent for it.
func TestRequestsAboutUsers(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		s := onShelf(t, okta.Config{Flavour: flavour, Mappings: names(), SyncPassword: true})
		var ann string
		play(t, s, flavour, []act{
			{
				"credentials are tested",
				func(s *stage) { s.ok(s.app.TestConnection(background)) },
				"GET /Users?startIndex=1&count=2",
				"GET /Users?startIndex=1&count=2",
			},
			{
				"a user is there, and has nothing to do with the application",
				func(s *stage) { ann = s.user("ann", "password", "") }, "", "",
			},
			{
				"the user is assigned",
				func(s *stage) { s.ok(s.app.Assign(ann)); s.ok(s.org.SetPassword(ann, "first")) },
				lookUpAnn + "POST /Users " + annTyped + `"password":"first","active":true}`,
				lookUpAnn + "POST /Users " + annUntyped + `"password":"first","active":true}`,
			},
			{"nothing changes", func(*stage) {}, "", ""},
			{"something changes that is not mapped", func(s *stage) { s.set(ann, "nickName", "Annie") }, "", ""},
			{
				"the profile changes",
				func(s *stage) { s.set(ann, "title", "Engineer") },
				"GET /Users/u1\nPUT /Users/u1 " + annTyped + `"id":"u1","title":"Engineer","active":true}`,
				"GET /Users/u1\nPUT /Users/u1 " + annUntyped + `"id":"u1","title":"Engineer","active":true}`,
			},
			{
				"a value is taken away, and the service has an attribute of its own",
				func(s *stage) {
					s.shelf.kept["/Users/u1"]["meta"] = map[string]any{"version": "7"}
					s.shelf.kept["/Users/u1"]["groups"] = []any{map[string]any{"value": "g"}}
					s.set(ann, "title", "")
					s.set(ann, "department", "Sales")
				},
				"GET /Users/u1\nPUT /Users/u1 " + strings.ReplaceAll(strings.Replace(annTyped, `:User"]`, `:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]`, 1), `"groups":[]`, `"groups":[{"value":"g"}]`) +
					`"id":"u1","meta":{"version":"7"},"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Sales"},"active":true}`,
				"GET /Users/u1\nPUT /Users/u1 " + strings.ReplaceAll(annUntyped, `"groups":[]`, `"groups":[{"value":"g"}]`) +
					`"id":"u1","meta":{"version":"7"},"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Sales"},"active":true}`,
			},
			{
				"the user is suspended, which is nobody's business",
				func(s *stage) { s.ok(s.org.Suspend(ann)); s.set(ann, "department", "") }, "", "",
			},
			{
				"and is back",
				func(s *stage) {
					delete(s.shelf.kept["/Users/u1"], "meta")
					delete(s.shelf.kept["/Users/u1"], "groups")
					s.shelf.kept["/Users/u1"]["schemas"] = []any{"urn:ietf:params:scim:schemas:core:2.0:User"}
					s.ok(s.org.Unsuspend(ann))
				},
				"GET /Users/u1\nPUT /Users/u1 " + annTyped + `"id":"u1","active":true}`,
				"GET /Users/u1\nPUT /Users/u1 " + annUntyped + `"id":"u1","active":true}`,
			},
			{
				"the password changes",
				func(s *stage) { s.ok(s.org.SetPassword(ann, "second")) },
				`PATCH /Users/u1 {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"password":"second"}}]}`,
				"GET /Users/u1\nPUT /Users/u1 " + annUntyped + `"id":"u1","active":true,"password":"second"}`,
			},
			{"something else changes", func(s *stage) { s.set(ann, "nickName", "") }, "", ""},
			{
				"password and profile change",
				func(s *stage) { s.set(ann, "firstName", "Anna"); s.ok(s.org.SetPassword(ann, "third")) },
				"GET /Users/u1\nPUT /Users/u1 " + strings.Replace(annTyped, `"Ann"`, `"Anna"`, 1) + `"id":"u1","active":true}` +
					"\n" + `PATCH /Users/u1 {"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace","value":{"password":"third"}}]}`,
				"GET /Users/u1\nPUT /Users/u1 " + strings.Replace(annUntyped, `"Ann"`, `"Anna"`, 1) + `"id":"u1","active":true,"password":"third"}`,
			},
			{
				"and back",
				func(s *stage) { s.set(ann, "firstName", "Ann") },
				"GET /Users/u1\nPUT /Users/u1 " + annTyped + `"id":"u1","active":true}`,
				"GET /Users/u1\nPUT /Users/u1 " + annUntyped + `"id":"u1","active":true}`,
			},
			{
				"the user is unassigned",
				func(s *stage) { s.ok(s.app.Unassign(ann)) },
				"PATCH /Users/u1" + deactivate,
				"GET /Users/u1\nPUT /Users/u1 " + annUntyped + `"id":"u1","active":false}`,
			},
			{"what changes then is not sent", func(s *stage) { s.set(ann, "title", "Boss"); s.set(ann, "title", "") }, "", ""},
			{
				"the user is assigned again",
				func(s *stage) { s.ok(s.app.Assign(ann)) },
				lookUpAnn + "PATCH /Users/u1" + activate + "GET /Users/u1\nPUT /Users/u1 " + annTyped + `"id":"u1","active":true}`,
				lookUpAnn + "GET /Users/u1\nPUT /Users/u1 " + annUntyped + `"id":"u1","active":true}`,
			},
			{
				"everything is sent again",
				func(s *stage) { s.app.ForceSync() },
				"GET /Users/u1\nPUT /Users/u1 " + annTyped + `"id":"u1","active":true}`,
				"GET /Users/u1\nPUT /Users/u1 " + annUntyped + `"id":"u1","active":true}`,
			},
			{
				"the user is deactivated in Okta",
				func(s *stage) { s.ok(s.org.Deactivate(ann)) },
				"PATCH /Users/u1" + deactivate,
				"GET /Users/u1\nPUT /Users/u1 " + annUntyped + `"id":"u1","active":false}`,
			},
			{"activated, and no longer assigned", func(s *stage) { s.ok(s.org.Activate(ann)) }, "", ""},
			{"deleted", func(s *stage) { s.ok(s.org.Deactivate(ann)); s.ok(s.org.DeleteUser(ann)) }, "", ""},
			{
				"somebody has an account already",
				func(s *stage) {
					s.shelf.put("/Users/own", `{"userName":"bob@example.com","name":{"formatted":"Bob"},"emails":[{"value":"old@example.com","display":"b"}],"title":"Own"}`)
					s.assigned("bob")
				},
				"GET /Users?filter=userName%20eq%20%22bob%40example.com%22&startIndex=1&count=100\nGET /Users/own\nPUT /Users/own " +
					`{"id":"own","externalId":"{bob}","userName":"bob@example.com","name":{"formatted":"Bob","givenName":"Bob"},"title":"Own",` +
					`"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"groups":[],"emails":[{"primary":true,"type":"work","display":"b","value":"bob@example.com"}],"active":true}`,
				"GET /Users?filter=userName%20eq%20%22bob%40example.com%22&startIndex=1&count=100\nGET /Users/own\nPUT /Users/own " +
					`{"id":"own","externalId":"{bob}","userName":"bob@example.com","name":{"formatted":"Bob","givenName":"Bob"},"title":"Own",` +
					`"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"groups":[],"emails":[{"primary":true,"display":"b","value":"bob@example.com"}],"active":true}`,
			},
		})
	})
}

// TestHeaders: each request has Okta's headers, and those with a body a charset.
func TestHeaders(t *testing.T) {
	t.Parallel()
	s := onShelf(t, okta.Config{ImportGroups: true})
	s.assigned("ann")
	s.ok(s.app.TestConnection(background))
	s.quietly()
	require.Len(t, s.sent.seen, 4)
	for i, line := range s.sent.seen {
		want := http.Header{
			"User-Agent":      {"Okta SCIM Client 1.0.0"},
			"Accept":          {"application/scim+json"},
			"Accept-Charset":  {"utf-8"},
			"Accept-Encoding": {"gzip,deflate"},
			"Authorization":   {"Bearer " + token},
		}
		if strings.HasPrefix(line, "POST") {
			want.Set("Content-Type", "application/scim+json; charset=utf-8")
		}
		require.Empty(t, cmp.Diff(want, s.sent.headers[i]), line)
	}
	require.Equal(t, []string{"GET /Users?startIndex=1&count=2", "GET /Groups?startIndex=1&count=100"}, s.sent.take()[:2])
}

const (
	groupHead = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],`
	patchHead = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`
	annMember = `{"value":"u1","display":"ann@example.com"}`
	bobMember = `{"value":"u2","display":"bob@example.com"}`
	catMember = `{"value":"u3","display":"cat@example.com"}`
	lookUpDev = "GET /Groups?filter=displayName%20eq%20%22R%26D%20%5C%22core%5C%22%22&startIndex=1&count=100\n"
)

// naming is the operation that names a group.
func naming(id, name string) string {
	return `{"op":"replace","value":{"id":"` + id + `","displayName":"` + name + `"}}`
}

// TestRequestsAboutGroups: each thing that happens to a pushed group.
func TestRequestsAboutGroups(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		s := onShelf(t, okta.Config{Flavour: flavour, Mappings: names()})
		ann, bob, cat := s.assigned("ann"), s.assigned("bob"), s.assigned("cat")
		dan := s.user("dan") // is not assigned, and so in no group there
		s.quietly()
		s.sent.take()
		dev := s.group(`R&D "core"`, ann, dan)
		const name = `R&D \"core\"`
		play(t, s, flavour, []act{
			{
				"a group is pushed",
				func(s *stage) { s.ok(s.app.PushGroup(dev)) },
				lookUpDev + "POST /Groups " + groupHead + `"displayName":"` + name + `","members":[]}` +
					"\nPATCH /Groups/g4 " + patchHead + naming("g4", name) + `,{"op":"add","path":"members","value":[` + annMember + `]}]}`,
				lookUpDev + "POST /Groups " + groupHead + `"displayName":"` + name + `","members":[` + annMember + `]}` +
					"\nGET /Groups/g4\nPUT /Groups/g4 " + groupHead + `"id":"g4","displayName":"` + name + `","members":[` + annMember + `]}`,
			},
			{"it is pushed twice, which is once", func(s *stage) { s.ok(s.app.PushGroup(dev)) }, "", ""},
			{
				"it is renamed",
				func(s *stage) { s.ok(s.org.RenameGroup(dev, "Dev")) },
				"PATCH /Groups/g4 " + patchHead + naming("g4", "Dev") + `]}`,
				"GET /Groups/g4\nPUT /Groups/g4 " + groupHead + `"id":"g4","displayName":"Dev","members":[` + annMember + `]}`,
			},
			{
				"members come and go",
				func(s *stage) { s.ok(s.org.RemoveMember(dev, ann)); s.ok(s.org.AddMember(dev, cat, bob)) },
				"PATCH /Groups/g4 " + patchHead + naming("g4", "Dev") + `,{"op":"remove","path":"members[value eq \"u1\"]"},{"op":"add","path":"members","value":[` + bobMember + "," + catMember + `]}]}`,
				"GET /Groups/g4\nPUT /Groups/g4 " + groupHead + `"id":"g4","displayName":"Dev","members":[` + bobMember + "," + catMember + `]}`,
			},
			{
				"somebody comes and goes in between",
				func(s *stage) { s.ok(s.org.AddMember(dev, ann)); s.ok(s.org.RemoveMember(dev, ann)) }, "", "",
			},
			{
				"a member is unassigned, and stays a member",
				func(s *stage) { s.ok(s.app.Unassign(bob)) },
				"PATCH /Users/u2" + deactivate,
				"GET /Users/u2\nPUT /Users/u2 " + strings.NewReplacer("ann@", "bob@", "Ann", "Bob", "{ann}", "{bob}").Replace(annUntyped) + `"id":"u2","active":false}`,
			},
			{"and is taken out of the group, of which nothing can be sent", func(s *stage) { s.ok(s.org.RemoveMember(dev, bob)) }, "", ""},
			{
				"until there is an account again",
				func(s *stage) { s.ok(s.app.Assign(bob)) },
				"GET /Users?filter=userName%20eq%20%22bob%40example.com%22&startIndex=1&count=100\nPATCH /Users/u2" + activate +
					"GET /Users/u2\nPUT /Users/u2 " + strings.NewReplacer("ann@", "bob@", "Ann", "Bob", "{ann}", "{bob}").Replace(annTyped) + `"id":"u2","active":true}` +
					"\nPATCH /Groups/g4 " + patchHead + naming("g4", "Dev") + `,{"op":"remove","path":"members[value eq \"u2\"]"}]}`,
				"GET /Users?filter=userName%20eq%20%22bob%40example.com%22&startIndex=1&count=100" +
					"\nGET /Users/u2\nPUT /Users/u2 " + strings.NewReplacer("ann@", "bob@", "Ann", "Bob", "{ann}", "{bob}").Replace(annUntyped) + `"id":"u2","active":true}` +
					"\nGET /Groups/g4\nPUT /Groups/g4 " + groupHead + `"id":"g4","displayName":"Dev","members":[` + catMember + `]}`,
			},
			{
				"push now",
				func(s *stage) { s.ok(s.app.PushNow(dev)) },
				"PATCH /Groups/g4 " + patchHead + `{"op":"replace","path":"members","value":[` + catMember + `]}]}`,
				"GET /Groups/g4\nPUT /Groups/g4 " + groupHead + `"id":"g4","displayName":"Dev","members":[` + catMember + `]}`,
			},
			{
				"push now of an empty group",
				func(s *stage) { s.ok(s.org.RemoveMember(dev, cat)); s.ok(s.app.PushNow(dev)) },
				"PATCH /Groups/g4 " + patchHead + `{"op":"replace","path":"members","value":[]}]}`,
				"GET /Groups/g4\nPUT /Groups/g4 " + groupHead + `"id":"g4","displayName":"Dev","members":[]}`,
			},
			{"it is unlinked and left", func(s *stage) { s.ok(s.app.Unlink(dev, false)) }, "", ""},
			{"what happens then is not sent", func(s *stage) { s.ok(s.org.AddMember(dev, ann)) }, "", ""},
			{
				"it is pushed again, and linked",
				func(s *stage) { s.shelf.kept["/Groups/g4"]["displayName"] = "Dev"; s.ok(s.app.PushGroup(dev)) },
				"GET /Groups?filter=displayName%20eq%20%22Dev%22&startIndex=1&count=100\nPATCH /Groups/g4 " + patchHead + naming("g4", "Dev") + `,{"op":"replace","path":"members","value":[` + annMember + `]}]}`,
				"GET /Groups?filter=displayName%20eq%20%22Dev%22&startIndex=1&count=100\nGET /Groups/g4\nPUT /Groups/g4 " + groupHead + `"id":"g4","displayName":"Dev","members":[` + annMember + `]}`,
			},
			{"it is deleted in Okta, which deletes nothing there", func(s *stage) { s.ok(s.org.DeleteGroup(dev)) }, "", ""},
			{
				"another is pushed, unlinked and deleted",
				func(s *stage) {
					s.shelf.put("/Groups/own", `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Ops"}`)
					ops := s.group("Ops")
					s.ok(s.app.PushGroup(ops))
					s.quietly()
					s.sent.take()
					s.ok(s.app.Unlink(ops, true))
					s.ok(s.org.DeleteGroup(ops))
				},
				"DELETE /Groups/own",
				"DELETE /Groups/own",
			},
		})
	})
}

// TestOptions: what the settings of the application change about the requests.
func TestOptions(t *testing.T) {
	t.Parallel()
	run := func(t *testing.T, c okta.Config, acts ...act) {
		t.Helper()
		play(t, onShelf(t, c), okta.Catalogue, acts)
	}
	few := names()[:1:1]
	const head = `POST /Users {"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"externalId":"{ann}","userName":"ann@example.com","groups":[],"active":true,`
	var ann string
	create := func(s *stage) { ann = s.assigned("ann"); s.ok(s.org.SetPassword(ann, "secret")) }

	t.Run("an own password that means nothing", func(t *testing.T) {
		s := onShelf(t, okta.Config{Mappings: few})
		create(s)
		s.quietly()
		s.ok(s.org.SetPassword(ann, "other"))
		s.quietly()
		sent := s.sent.take()
		require.Len(t, sent, 2)
		require.Regexp(t, `"password":"[0-9A-Za-z]{8}"`, sent[1])
		require.NotContains(t, sent[1], "secret")
	})
	t.Run("empty strings", func(t *testing.T) {
		run(t, okta.Config{Mappings: append(few, names()[3]), SyncPassword: true, EmptyStrings: true},
			act{"created", create, lookUpAnn + head + `"password":"secret","title":""}`, ""},
			act{
				"changed", func(s *stage) { s.set(ann, "login", "anna@example.com") },
				"GET /Users/u1\nPUT /Users/u1 " + strings.NewReplacer("POST /Users ", "", "ann@", "anna@", "{ann}", "{anna}").Replace(head) + `"id":"u1","title":""}`, "",
			})
	})
	t.Run("an address that is taken away, and an extension that is announced", func(t *testing.T) {
		const urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
		announced := strings.Replace(head, `:User"]`, `:User","`+urn+`"]`, 1)
		mappings := append(few, names()[4], okta.Mapping{Path: `emails[type eq "work"].value`, Expression: "user.secondEmail"})
		run(t, okta.Config{Mappings: mappings, SyncPassword: true},
			act{
				"created", func(s *stage) { create(s); s.set(ann, "secondEmail", "a@b.c"); s.set(ann, "department", "Sales") },
				lookUpAnn + announced + `"password":"secret","` + urn + `":{"department":"Sales"},"emails":[{"primary":true,"type":"work","value":"a@b.c"}]}`, "",
			},
			act{
				"changed", func(s *stage) { s.set(ann, "secondEmail", ""); s.set(ann, "department", "IT") },
				"GET /Users/u1\nPUT /Users/u1 " + strings.TrimPrefix(announced, "POST /Users ") + `"id":"u1","` + urn + `":{"department":"IT"}}`, "",
			})
	})
	t.Run("mappings that apply on create", func(t *testing.T) {
		run(t, okta.Config{Mappings: append(few, okta.Mapping{Path: "title", Expression: `"New"`, OnCreate: true}), SyncPassword: true},
			act{"created", create, lookUpAnn + head + `"password":"secret","title":"New"}`, ""},
			act{
				"changed", func(s *stage) { s.shelf.kept["/Users/u1"]["title"] = "Own"; s.app.ForceSync() },
				"GET /Users/u1\nPUT /Users/u1 " + strings.TrimPrefix(head, "POST /Users ") + `"id":"u1","title":"Own"}`, "",
			})
	})
	t.Run("update and deactivate are off", func(t *testing.T) {
		run(t, okta.Config{Mappings: few, SyncPassword: true, WithoutUpdate: true, WithoutDeactivate: true},
			act{"created", create, lookUpAnn + head + `"password":"secret"}`, ""},
			act{"changed", func(s *stage) { s.set(ann, "login", "ann@example.com"); s.app.ForceSync() }, "", ""},
			act{"unassigned", func(s *stage) { s.ok(s.app.Unassign(ann)) }, "", ""},
			act{"assigned", func(s *stage) { s.ok(s.app.Assign(ann)) }, lookUpAnn, ""})
	})
	t.Run("large groups", func(t *testing.T) {
		s := onShelf(t, okta.Config{Mappings: few, MembersPerPatch: 2})
		ids := []string{s.assigned("ann"), s.assigned("bob"), s.assigned("cat")}
		s.quietly()
		s.sent.take()
		all := s.group("All", ids...)
		play(t, s, okta.Catalogue, []act{
			{
				"pushed", func(s *stage) { s.ok(s.app.PushGroup(all)) },
				"GET /Groups?filter=displayName%20eq%20%22All%22&startIndex=1&count=100\nPOST /Groups " + groupHead + `"displayName":"All","members":[]}` +
					"\nPATCH /Groups/g4 " + patchHead + naming("g4", "All") + `,{"op":"add","path":"members","value":[` + annMember + "," + bobMember + `]}]}` +
					"\nPATCH /Groups/g4 " + patchHead + `{"op":"add","path":"members","value":[` + catMember + `]}]}`, "",
			},
			{
				"push now, and a new name", func(s *stage) { s.ok(s.app.PushNow(all)); s.ok(s.org.RenameGroup(all, "Staff")) },
				"PATCH /Groups/g4 " + patchHead + naming("g4", "Staff") + `,{"op":"replace","path":"members","value":[` + annMember + "," + bobMember + `]}]}` +
					"\nPATCH /Groups/g4 " + patchHead + `{"op":"add","path":"members","value":[` + catMember + `]}]}`, "",
			},
			{
				"all leave", func(s *stage) { s.ok(s.org.RemoveMember(all, ids...)) },
				"PATCH /Groups/g4 " + patchHead + naming("g4", "Staff") + `,{"op":"remove","path":"members[value eq \"u1\"]"},{"op":"remove","path":"members[value eq \"u2\"]"}]}` +
					"\nPATCH /Groups/g4 " + patchHead + `{"op":"remove","path":"members[value eq \"u3\"]"}]}`, "",
			},
		})
	})
}

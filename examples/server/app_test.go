package main

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/usher-scim/scim"
)

func TestUserView(t *testing.T) { onEach(t, testUserView) }

func testUserView(t *testing.T, start starter) {
	s := start()
	boss := wire(s, 201, "POST", "Users", person("boss@example.com", `"name":{"givenName":"Bea","familyName":"Boss"}`))
	user := wire(s, 201, "POST", "Users", person("ann@example.com", `"externalId":"x-1","displayName":"Ann Other","title":"Clerk",
		"name":{"givenName":"Ann","familyName":"Other"},"emails":[{"type":"work","value":"ann.other@example.com"}],
		"preferredLanguage":"en_gb","timezone":"Europe/London","addresses":[{"type":"work","country":"GB"}],`+
		enterprise(`"department":"Sales","division":"North","organization":"Acme","hireDate":"2024-02-29T00:00:00Z","manager":{"value":"boss@example.com"}`)))
	wire(s, 201, "POST", "Groups", `{"displayName":"Everyone","members":[{"value":"`+user.ID+`"}]}`)

	got := ask[userView](s, 200, "GET", "/app/users/"+user.ID, "")
	text := func(s string) *string { return &s }
	want := userView{
		ID: user.ID, UserName: "ann@example.com", Email: "ann.other@example.com", Status: "active", Managed: true, Role: "User",
		GivenName: "Ann", FamilyName: "Other", DisplayName: "Ann Other", Title: "Clerk", Language: text("en-GB"),
		Timezone: text("Europe/London"), HireDate: text("2024-02-29"), Country: "GB", Region: "GB",
		Department: "Sales", Division: "North", Organization: "Acme", ManagerID: &boss.ID, ManagerName: "Bea Boss",
		ExternalID: "x-1", Groups: []string{"Everyone"}, Created: got.Created, Modified: got.Modified, Warnings: []warningView{},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if age := time.Since(got.Created); age < 0 || age > time.Minute {
		t.Errorf("created %v ago", age)
	}

	wire(s, 204, "DELETE", "Users/"+user.ID, "")
	got = ask[userView](s, 200, "GET", "/app/users/"+user.ID, "")
	equal(t, "status of a deleted user", got.Status, "archived")
	equal(t, "groups of a deleted user", len(got.Groups), 0)
	equal(t, "archived users", ask[usersView](s, 200, "GET", "/app/users?status=archived", "").Total, 1)
	equal(t, "users", names(ask[usersView](s, 200, "GET", "/app/users", "").Users), "boss")
}

// TestKeys checks that a user without anything has the keys of one with everything.
func TestKeys(t *testing.T) { onEach(t, testKeys) }

func testKeys(t *testing.T, start starter) {
	s := start()
	user := wire(s, 201, "POST", "Users", person("ann@example.com", `"timezone":"Mars/Olympus","preferredLanguage":"x?",`+
		enterprise(`"hireDate":"soon","manager":{"value":"nobody"}`)))
	got := ask[map[string]any](s, 200, "GET", "/app/users/"+user.ID, "")
	typ := reflect.TypeFor[userView]()
	equal(t, "number of keys", len(got), typ.NumField())
	for i := range typ.NumField() {
		key := typ.Field(i).Tag.Get("json")
		if _, ok := got[key]; !ok {
			t.Errorf("there is no key %s", key)
		}
	}
	for _, key := range []string{"language", "timezone", "hireDate", "managerId"} {
		equal(t, key, got[key], nil)
	}
	equal(t, "warnings", len(got["warnings"].([]any)), 3)
}

func TestListUsers(t *testing.T) { onEach(t, testListUsers) }

func testListUsers(t *testing.T, start starter) {
	s := start()
	for _, name := range []string{"a", "b", "c", "d"} {
		wire(s, 201, "POST", "Users", person(name+"@example.com", `"title":"`+name+`"`))
	}
	b := ask[usersView](s, 200, "GET", "/app/users"+query("filter", `userName eq "B@example.com"`), "")
	ask[userView](s, 200, "POST", "/app/users/"+b.Users[0].ID+"/deactivate", "")
	for _, c := range []struct {
		query, want string
		total       int
	}{
		{"", "a b c d", 4},
		{"?offset=1&limit=2", "b c", 4},
		{"?offset=9", "", 4},
		{"?limit=0", "", 4},
		{"?limit=99999", "a b c d", 4},
		{"?status=active", "a c d", 3},
		{"?status=deactivated", "b", 1},
		{"?status=held", "", 0},
		{query("filter", `title eq "c" or title eq "a"`), "a c", 2},
		{query("filter", `title pr`) + "&status=active&offset=1&limit=1", "c", 3},
		{query("filter", `userName eq "b@example.com"`) + "&status=active", "", 0},
	} {
		got := ask[usersView](s, 200, "GET", "/app/users"+c.query, "")
		equal(t, c.query, names(got.Users), c.want)
		equal(t, c.query+": total", got.Total, c.total)
	}
}

func TestOwnAccounts(t *testing.T) { onEach(t, testOwnAccounts) }

func testOwnAccounts(t *testing.T, start starter) {
	s := start("-seats", "2")
	const ann = `{"userName":"ann","email":"ann@example.com","givenName":"Ann","familyName":"Other"}`
	own := ask[userView](s, 201, "POST", "/app/users", ann)
	equal(t, "status", own.Status, "active")
	equal(t, "managed", own.Managed, false)
	equal(t, "name", own.GivenName+" "+own.FamilyName, "Ann Other")
	equal(t, "email", own.Email, "ann@example.com")
	ask[any](s, 409, "POST", "/app/users", ann)

	// The identity provider's POST links it (P4.2).
	linked := wire(s, 201, "POST", "Users", person("ann@example.com", `"title":"Clerk"`))
	equal(t, "id", linked.ID, own.ID)
	got := ask[userView](s, 200, "GET", "/app/users/"+own.ID, "")
	equal(t, "managed once linked", got.Managed, true)
	equal(t, "title once linked", got.Title, "Clerk")

	bob := ask[userView](s, 201, "POST", "/app/users", `{"userName":"bob@example.com"}`)
	ask[any](s, 409, "POST", "/app/users", `{"userName":"cy@example.com"}`) // no seat
	got = ask[userView](s, 200, "POST", "/app/users/"+bob.ID+"/deactivate", "")
	equal(t, "status", got.Status, "deactivated")
	equal(t, "deactivated by", got.DeactivatedBy, scim.ByHost)
	ask[userView](s, 201, "POST", "/app/users", `{"userName":"cy@example.com"}`)
	ask[any](s, 409, "POST", "/app/users/"+bob.ID+"/activate", "")
	wire(s, 200, "PATCH", "Users/"+own.ID, active("false"))
	got = ask[userView](s, 200, "POST", "/app/users/"+bob.ID+"/activate", "")
	equal(t, "status", got.Status, "active")
	equal(t, "deactivated by", got.DeactivatedBy, "")
}

// TestOverLicence is what happens beyond the licence (P5.2, P5.3).
func TestOverLicence(t *testing.T) { onEach(t, testOverLicence) }

func testOverLicence(t *testing.T, start starter) {
	s := start("-seats", "2")
	var last resource
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		last = wire(s, 201, "POST", "Users", person(name+"@example.com", ""))
	}
	equal(t, "active on the wire", last.Active, false)
	equal(t, "status", ask[userView](s, 200, "GET", "/app/users/"+last.ID, "").Status, "held")
	licence := func(want string) {
		t.Helper()
		_, got := s.send("GET", "/app/licence", "", "")
		equal(t, "licence", strings.TrimSpace(got), want)
	}
	licence(`{"seats":2,"used":2,"held":3}`)
	equal(t, "held", names(ask[usersView](s, 200, "GET", "/app/users?status=held", "").Users), "c d e")
	ask[any](s, 409, "POST", "/app/users/"+last.ID+"/activate", "")
	got := ask[activatedView](s, 200, "POST", "/app/held/activate", "")
	equal(t, "activated without a seat", len(got.Activated), 0)
	equal(t, "held", got.Held, 3)

	ask[licenceView](s, 200, "PUT", "/app/licence", `{"seats":4}`)
	licence(`{"seats":4,"used":2,"held":3}`) // raising activates nobody
	equal(t, "status", ask[userView](s, 200, "POST", "/app/users/"+last.ID+"/activate", "").Status, "active")
	got = ask[activatedView](s, 200, "POST", "/app/held/activate", "")
	equal(t, "activated", names(got.Activated), "c")
	equal(t, "held", got.Held, 1)
	ask[licenceView](s, 200, "PUT", "/app/licence", `{"seats":1}`)
	licence(`{"seats":1,"used":4,"held":1}`) // lowering takes nobody's seat
	ask[licenceView](s, 200, "PUT", "/app/licence", `{"seats":null}`)
	licence(`{"seats":null,"used":4,"held":1}`)
	equal(t, "activated", names(ask[activatedView](s, 200, "POST", "/app/held/activate", "").Activated), "d")
}

func TestFolders(t *testing.T) { onEach(t, testFolders) }

func testFolders(t *testing.T, start starter) {
	s := start()
	empty := `{"Department":[],"Division":[],"Organisation":[]}`
	_, got := s.send("GET", "/app/folders", "", "")
	equal(t, "folders", strings.TrimSpace(got), empty)
	var ids []string
	for _, name := range []string{"a", "b", "c"} {
		department := map[string]string{"a": "R&D / Labs", "b": "r&d /  LABS", "c": "Sales"}[name]
		ids = append(ids, wire(s, 201, "POST", "Users", person(name+"@example.com", enterprise(`"department":"`+department+`"`))).ID)
	}
	wire(s, 200, "PATCH", "Users/"+ids[1], active("false"))
	_, got = s.send("GET", "/app/folders", "", "")
	equal(t, "folders", strings.TrimSpace(got),
		`{"Department":[{"name":"R&D / Labs","users":2,"active":1},{"name":"Sales","users":1,"active":1}],"Division":[],"Organisation":[]}`)

	labs := "/app/folders/Department/R%26D%20%2F%20labs"
	equal(t, "users", names(ask[usersView](s, 200, "GET", labs, "").Users), "a b")
	page := ask[usersView](s, 200, "GET", labs+"?offset=1&limit=5", "")
	equal(t, "page", names(page.Users), "b")
	equal(t, "total", page.Total, 2)
	equal(t, "users of no folder", ask[usersView](s, 200, "GET", "/app/folders/Division/Nowhere", "").Total, 0)
	ask[any](s, 404, "GET", "/app/folders/Nowhere/Sales", "")
}

func TestExport(t *testing.T) { onEach(t, testExport) }

func testExport(t *testing.T, start starter) {
	s := start()
	wire(s, 201, "POST", "Users", person("ann@example.com", `"title":"=cmd()",`+enterprise(`"department":"Sales"`)))
	res, text := s.send("GET", "/app/export.csv", "", "")
	equal(t, "status", res.StatusCode, 200)
	if got := res.Header.Get("Content-Type"); !strings.HasPrefix(got, "text/csv") {
		t.Errorf("Content-Type: %s", got)
	}
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) != 2 {
		t.Fatalf("got %d rows and %v from %q", len(rows), err, text)
	}
	cells := make(map[string]string)
	for i, name := range rows[0] {
		cells[name] = rows[1][i]
	}
	equal(t, "userName", cells["userName"], "ann@example.com")
	equal(t, "Department", cells["Department"], "Sales")
	equal(t, "title", cells["title"], "'=cmd()")
	for _, root := range []string{"Division", "Organisation"} {
		if _, ok := cells[root]; !ok {
			t.Errorf("there is no column %s in %v", root, rows[0])
		}
	}
}

func TestConnection(t *testing.T) { onEach(t, testConnection) }

func testConnection(t *testing.T, start starter) {
	s := start("-extra", "default="+acmeToken) // a second connection of the tenant
	_, text := s.send("GET", "/app/connection", "", "")
	equal(t, "before", strings.TrimSpace(text), `{"lastRequest":null,"lastChange":null}`)
	wire(s, 200, "GET", "Users", "")
	got := ask[connectionView](s, 200, "GET", "/app/connection", "")
	if got.LastRequest == nil || got.LastChange != nil {
		t.Fatalf("after a look-up: %+v", got)
	}
	wire(s, 201, "POST", "Users", person("ann@example.com", ""))
	first := ask[connectionView](s, 200, "GET", "/app/connection", "")
	if first.LastChange == nil || time.Since(*first.LastChange) > time.Minute {
		t.Fatalf("after a change: %+v", first)
	}
	nextMoment()
	wireAs(s, acmeToken, 200, "GET", "Users", "")
	second := ask[connectionView](s, 200, "GET", "/app/connection", "")
	equal(t, "the other connection's request is later", second.LastRequest.After(*first.LastRequest), true)
	equal(t, "last change", second.LastChange.Equal(*first.LastChange), true)
}

func TestLog(t *testing.T) { onEach(t, testLog) }

func testLog(t *testing.T, start starter) {
	s := start()
	user := wire(s, 201, "POST", "Users", person("ann@example.com", `"timezone":"Nowhere","shoeSize":"7",`+enterprise(`"department":"Sales"`)))
	group := wire(s, 201, "POST", "Groups", `{"displayName":"Everyone","members":[{"value":"`+user.ID+`"}]}`)
	wire(s, 200, "PATCH", "Users/"+user.ID, `{"Operations":[{"op":"replace","path":"title","value":"Clerk"}]}`)
	wire(s, 409, "POST", "Users", person("ann@example.com", ""))
	ask[userView](s, 200, "POST", "/app/users/"+user.ID+"/deactivate", "")
	wire(s, 204, "DELETE", "Users/"+user.ID, "")

	var all []eventView
	for after := ""; ; {
		page := ask[logView](s, 200, "GET", "/app/log?limit=4&after="+after, "")
		all = append(all, page.Events...)
		if page.Next == nil {
			break
		}
		after = *page.Next
	}
	var kinds []string
	for _, e := range all {
		kinds = append(kinds, string(e.Kind))
		equal(t, string(e.Kind)+": by the host", e.Connection == "", e.Kind == scim.UserDeactivated)
		equal(t, string(e.Kind)+": has a request", e.Request != "", e.Connection != "")
	}
	want := "user.archived user.deactivated request.refused user.updated group.created user.created"
	if got := strings.Join(kinds, " "); got != want {
		t.Fatalf("got  %s\nwant %s", got, want)
	}
	archived, refused, updated, grouped, created := all[0], all[2], all[3], all[4], all[5]
	equal(t, "left", strings.Join(archived.Left, " "), group.ID)
	equal(t, "added", strings.Join(grouped.Added, " "), user.ID)
	equal(t, "status", refused.Status, 409)
	equal(t, "error", refused.Error != "", true)
	equal(t, "changes", updated.Changes[0], changeView{"title", "", "Clerk"})
	equal(t, "moves", created.Moves[0], moveView{"Department", "", "Sales"})
	equal(t, "warnings", created.Warnings[0].Attribute, "timezone")
	equal(t, "ignored", strings.Join(created.Ignored, " "), "shoeSize")

	raw := ask[struct{ Events []map[string]any }](s, 200, "GET", "/app/log", "")
	first, last := raw.Events[0], raw.Events[5]
	equal(t, "from", first["from"], any("deactivated"))
	equal(t, "to", first["to"], any("archived"))
	if _, ok := last["from"]; ok {
		t.Error("a new user was something before")
	}
}

func TestErrors(t *testing.T) { onEach(t, testErrors) }

func testErrors(t *testing.T, start starter) {
	s := start()
	for _, c := range []struct {
		method, path, body string
		status             int
		allow              string
	}{
		{"GET", "/app/users/nobody", "", 404, ""},
		{"POST", "/app/users/nobody/activate", "", 404, ""},
		{"POST", "/app/users/nobody/deactivate", "", 404, ""},
		{"GET", "/app/users?tenant=nobody", "", 404, ""},
		{"GET", "/app/export.csv?tenant=nobody", "", 404, ""},
		{"GET", "/app/nothing", "", 404, ""},
		{"GET", "/", "", 404, ""},
		{"GET", "/app/users?status=asleep", "", 400, ""},
		{"GET", "/app/users?limit=many", "", 400, ""},
		{"GET", "/app/users?offset=-1", "", 400, ""},
		{"GET", "/app/users?filter=nonsense", "", 400, ""},
		{"GET", "/app/log?after=nonsense", "", 400, ""},
		{"GET", "/app/log?limit=-1", "", 400, ""},
		{"POST", "/app/users", "", 400, ""},
		{"POST", "/app/users", "[]", 400, ""},
		{"POST", "/app/users", `{"userName":"a@example.com"} {}`, 400, ""},
		{"POST", "/app/users", `{"userName":""}`, 400, ""},
		{"POST", "/app/users", `{"userName":"no-address"}`, 400, ""},
		{"POST", "/app/users", `{"userName":7}`, 400, ""},
		{"POST", "/app/users", `{"userName":"a@example.com","admin":true}`, 400, ""},
		{"POST", "/app/users", `{"userName":"` + strings.Repeat("a", 600) + `@example.com"}`, 400, ""},
		{"POST", "/app/users", `{"userName":"` + strings.Repeat("a", maxBody) + `"}`, 413, ""},
		{"PUT", "/app/licence", `{}`, 400, ""},
		{"PUT", "/app/licence", `{"seats":-1}`, 400, ""},
		{"PUT", "/app/licence", `{"seats":"5"}`, 400, ""},
		{"PUT", "/app/licence", `{"seats":1.5}`, 400, ""},
		{"POST", "/app/stopped/release", `{"connection":"default/1"}`, 400, ""},
		{"POST", "/app/stopped/release", `{"connection":"default/1","duration":"long"}`, 400, ""},
		{"POST", "/app/stopped/release", `{"connection":"default/1","duration":"-1h"}`, 400, ""},
		{"POST", "/app/stopped/release", `{"connection":"nobody","duration":"1h"}`, 404, ""},
		{"POST", "/app/tokens", `{}`, 404, ""},
		{"POST", "/app/tokens", `{"connection":"nobody"}`, 404, ""},
		{"POST", "/app/tokens/revoke", `{"id":"nobody"}`, 404, ""},
		{"POST", "/app/tokens/revoke", `[]`, 400, ""},
		{"DELETE", "/app/tokens", "", 405, "GET, HEAD, POST"},
		{"GET", "/app/stopped/release", "", 405, "POST"},
		{"DELETE", "/app/users", "", 405, "GET, HEAD, POST"},
		{"GET", "/app/held/activate", "", 405, "POST"},
		{"POST", "/app/licence", "", 405, "GET, HEAD, PUT"},
		{"PUT", "/app/export.csv", "", 405, "GET, HEAD"},
	} {
		res, text := s.send(c.method, c.path, "", c.body)
		what := c.method + " " + c.path + " " + c.body[:min(len(c.body), 60)]
		equal(t, what, res.StatusCode, c.status)
		equal(t, what+": Allow", res.Header.Get("Allow"), c.allow)
		equal(t, what+": Content-Type", res.Header.Get("Content-Type"), "application/json")
		var body map[string]string
		if err := json.Unmarshal([]byte(text), &body); err != nil || len(body) != 1 || body["error"] == "" {
			t.Errorf("%s: %q is not an error", what, text)
		}
	}
	equal(t, "users after all that", ask[usersView](s, 200, "GET", "/app/users", "").Total, 0)
}

// TestOtherSites checks that a page of another site, open in a browser on this
// machine, cannot write through an API that asks for no token.
func TestOtherSites(t *testing.T) {
	t.Parallel()
	s := start(t)
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.base+"/app/users", strings.NewReader(`{"userName":"a@example.com"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "cross-site")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	equal(t, "status", res.StatusCode, http.StatusForbidden)
	equal(t, "users", ask[usersView](s, 200, "GET", "/app/users", "").Total, 0)
}

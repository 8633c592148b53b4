package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

const token = "a-token-for-tests-1"

// app is the application as its users and an identity provider see it.
type app struct {
	*testing.T
	url   string
	store *store
	ended chan string
}

// launch starts the application on a database that has accounts already.
func launch(t *testing.T) *app {
	t.Helper()
	path := filepath.Join(t.TempDir(), "app.db")
	ctx, cancel := context.WithCancel(context.Background())
	_, err := start(ctx, path, "http://127.0.0.1:8080", token) // and once more below: what is done is not done again
	require.NoError(t, err)
	cancel()
	a := &app{T: t, ended: make(chan string, 10), store: open(t, path)}
	handler, err := (&host{db: a.store.db, ended: func(login string) { a.ended <- login }}).handler(t.Context(), "http://127.0.0.1:8080", token)
	require.NoError(t, err)
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	a.url = server.URL
	return a
}

// send returns the status and the answer, and its ETag.
func (a *app) send(method, path, body string) (int, map[string]any) {
	a.Helper()
	r, err := http.NewRequestWithContext(a.Context(), method, a.url+path, strings.NewReader(body))
	require.NoError(a, err)
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	require.NoError(a, err)
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	require.NoError(a, err)
	var out map[string]any
	_ = json.Unmarshal(data, &out) // what is no object is looked at elsewhere
	return res.StatusCode, out
}

func (a *app) exec(query string, args ...any) error {
	_, err := a.store.db.ExecContext(a.Context(), query, args...)
	return err
}

func (a *app) user(id string) *scim.User {
	a.Helper()
	u, err := a.store.User(a.Context(), company, id)
	require.NoError(a, err)
	return u
}

func (a *app) counts() scim.Counts {
	c, err := a.store.Counts(a.Context(), company)
	require.NoError(a, err)
	return c
}

// lastEvent returns the newest event.
func (a *app) lastEvent() scim.Event {
	a.Helper()
	page, err := a.store.Events(a.Context(), scim.EventQuery{NewestFirst: true, Limit: 1})
	require.NoError(a, err)
	require.Len(a, page.Items, 1)
	return page.Items[0]
}

// endedSessions waits for whose sessions end.
func (a *app) endedSessions() string {
	select {
	case login := <-a.ended:
		return login
	case <-time.After(10 * time.Second):
		a.Fatal("nobody's sessions end")
		return ""
	}
}

// TestP4_2_LinksAccount: a person who has an account of the application's is
// created by the identity provider, who gets that account.
func TestP4_2_LinksAccount(t *testing.T) {
	t.Parallel()
	a := launch(t)
	status, found := a.send("GET", "/scim/v2/Users?filter=userName%20eq%20%22ANN@example.com%22", "")
	require.Equal(t, 200, status)
	require.EqualValues(t, 1, found["totalResults"])

	status, ann := a.send("POST", "/scim/v2/Users", `{"userName":"ann@example.com","externalId":"58342554","title":"Head",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Legal"}}`)
	require.Equal(t, 201, status, ann)
	require.Equal(t, "account-1", ann["id"])
	require.Equal(t, scim.UserLinked, a.lastEvent().Kind)
	u := a.user("account-1")
	require.True(t, u.Managed)
	require.Equal(t, "Ann", u.Name.GivenName, "what the request does not mention stays")
	row := one3(a, `SELECT department, plan, enabled FROM accounts WHERE id = 1`)
	require.Equal(t, [3]string{"Legal", "premium", "1"}, row, "the application's own stays")

	status, refused := a.send("POST", "/scim/v2/Users", `{"userName":"ann@example.com"}`)
	require.Equal(t, 409, status, refused)
	status, refused = a.send("PATCH", "/scim/v2/Users/account-1", `{"Operations":[{"op":"replace","path":"userName","value":"Bob@Example.com"}]}`)
	require.Equal(t, 409, status, refused)
	require.Equal(t, "uniqueness", refused["scimType"])

	status, _ = a.send("PATCH", "/scim/v2/Users/account-1", `{"Operations":[{"op":"Replace","path":"active","value":"False"}]}`)
	require.Equal(t, 200, status)
	require.Equal(t, [3]string{"Legal", "premium", "0"}, one3(a, `SELECT department, plan, enabled FROM accounts WHERE id = 1`))
	require.Equal(t, "ann@example.com", a.endedSessions())
	require.Equal(t, scim.Counts{Active: 1, Deactivated: 1}, a.counts())
}

// one3 reads three columns as text.
func one3(a *app, query string) (row [3]string) {
	a.Helper()
	require.NoError(a, a.store.db.QueryRowContext(a.Context(), query).Scan(&row[0], &row[1], &row[2]))
	return row
}

// TestP3_6_OwnDoor: what the application does by its own SQL is seen by SCIM, with
// a new version and in the record, and ends sessions as well.
func TestP3_6_OwnDoor(t *testing.T) {
	t.Parallel()
	a := launch(t)
	_, before := a.send("GET", "/scim/v2/Users/account-2", "")
	require.Equal(t, true, before["active"])
	version := before["meta"].(map[string]any)["version"]

	status, _ := a.send("PATCH", "/accounts/2", `{"enabled":false}`)
	require.Equal(t, 200, status)
	_, after := a.send("GET", "/scim/v2/Users/account-2", "")
	require.Equal(t, false, after["active"])
	require.NotEqual(t, version, after["meta"].(map[string]any)["version"])
	require.Equal(t, scim.ByHost, a.user("account-2").DeactivatedBy)
	require.Equal(t, "bob@example.com", a.endedSessions())

	status, _ = a.send("PATCH", "/accounts/2", `{"login":"bob.b@example.com","enabled":true}`)
	require.Equal(t, 200, status)
	_, after = a.send("GET", "/scim/v2/Users/account-2", "")
	require.Equal(t, "bob.b@example.com", after["userName"])
	require.Equal(t, true, after["active"])
	e := a.lastEvent()
	require.Equal(t, []scim.Change{
		{Attribute: "userName", Old: "bob@example.com", New: "bob.b@example.com"}, {Attribute: "active", Old: "false", New: "true"},
	}, e.Changes)
	require.Equal(t, []scim.Status{scim.StatusDeactivated, scim.StatusActive}, []scim.Status{e.From, e.To})

	require.NoError(t, a.exec(`UPDATE accounts SET email = 'bob@new.example.com', first_name = 'Rob', department = 'SALES' WHERE id = 2`))
	u := a.user("account-2")
	require.Equal(t, []scim.MultiValue{{Value: "bob@new.example.com", Type: "work", Primary: scim.Yes}}, u.Emails)
	require.Equal(t, "Rob Baker", u.Keys.Label)
	folders, err := a.store.Folders(t.Context(), company, scim.RootDepartment)
	require.NoError(t, err)
	require.Equal(t, []scim.Folder{{Root: scim.RootDepartment, Name: "Sales", Users: 2, Active: 2}}, folders)
	require.Empty(t, a.lastEvent().Moves, "the folder is the same")
	require.NoError(t, a.exec(`UPDATE accounts SET department = 'Legal', last_login = 'today' WHERE id = 2`))
	require.Equal(t, []scim.FolderMove{{Root: scim.RootDepartment, From: "SALES", To: "Legal"}}, a.lastEvent().Moves)
	for _, f := range []scim.Find{{Emails: []string{"bob@new.example.com"}}, {UserNames: []string{"bob.b@example.com"}}} {
		found, err := a.store.FindUsers(t.Context(), company, f)
		require.NoError(t, err)
		require.Len(t, found, 1, "%+v", f)
	}
	seq := a.lastEvent().Seq
	require.NoError(t, a.exec(`UPDATE accounts SET last_login = 'now', plan = 'basic', login = login WHERE id = 2`))
	require.Equal(t, seq, a.lastEvent().Seq, "what is none of SCIM's business")
}

// TestOwnDoorKeepsTheRules: the application cannot take a name or a seat that it
// may not have, and gives out what SCIM then may not.
func TestOwnDoorKeepsTheRules(t *testing.T) {
	t.Parallel()
	a := launch(t)
	status, _ := a.send("POST", "/accounts", `{"login":"ANN@example.com","email":"new@example.com"}`)
	require.Equal(t, 409, status, "a login that differs in case")
	status, _ = a.send("POST", "/accounts", `{"login":"cy","email":"cy@example.com","firstName":"Cy"}`)
	require.Equal(t, 200, status, "the last of three seats")
	require.Equal(t, scim.Counts{Active: 3}, a.counts())
	status, _ = a.send("POST", "/accounts", `{"login":"di@example.com","email":"di@example.com"}`)
	require.Equal(t, 409, status, "there is no seat")
	require.Equal(t, scim.Counts{Active: 3}, a.counts())

	status, di := a.send("POST", "/scim/v2/Users", `{"userName":"di@example.com"}`)
	require.Equal(t, 201, status)
	require.Equal(t, false, di["active"], "held, as there is no seat (P5.2)")
	require.ErrorContains(t, a.exec(`UPDATE accounts SET enabled = 1 WHERE login = 'di@example.com'`), "no free seat")
	require.NoError(t, a.exec(`UPDATE companies SET seats = 4`))
	require.NoError(t, a.exec(`UPDATE accounts SET enabled = 1 WHERE login = 'di@example.com'`))
	require.Equal(t, scim.Counts{Active: 4}, a.counts())

	status, cy := a.send("POST", "/scim/v2/Users", `{"userName":"cy.new@example.com","emails":[{"type":"work","value":"CY@example.com"}]}`)
	require.Equal(t, 201, status)
	require.Equal(t, scim.UserLinked, a.lastEvent().Kind, "by the e-mail address")
	status, _ = a.send("DELETE", "/scim/v2/Users/"+cy["id"].(string), "")
	require.Equal(t, 204, status)
	status, _ = a.send("POST", "/accounts", `{"login":"cy.new@example.com","email":"cy@example.com"}`)
	require.Equal(t, 200, status, "the names of somebody who left are free")

	require.NoError(t, a.exec(`DELETE FROM accounts WHERE id = 1`))
	require.Equal(t, scim.UserPurged, a.lastEvent().Kind)
	require.Equal(t, scim.Counts{Active: 3, Archived: 1}, a.counts())
}

// TestOwnTeams: so do its teams.
func TestOwnTeams(t *testing.T) {
	t.Parallel()
	a := launch(t)
	require.NoError(t, a.exec(`INSERT INTO teams (company, name) VALUES ('acme', 'Pilots')`))
	require.Error(t, a.exec(`INSERT INTO teams (company, name) VALUES ('acme', 'PILOTS')`))
	require.NoError(t, a.exec(`INSERT INTO team_members (team_id, account_id) VALUES (1, 2), (1, 1)`))
	require.Equal(t, []string{"account-1"}, a.lastEvent().Added)
	status, out := a.send("POST", "/scim/v2/Groups", `{"displayName":"All","members":[{"value":"team-1"}]}`)
	require.Equal(t, 201, status, out)

	members, err := a.store.Members(t.Context(), company, "team-1", scim.Query{})
	require.NoError(t, err)
	require.Equal(t, []scim.Member{{ID: "account-2", Display: "Bob Baker"}, {ID: "account-1", Display: "Ann Other"}}, members.Items)
	before, err := a.store.Group(t.Context(), company, "team-1")
	require.NoError(t, err)
	require.NoError(t, a.exec(`DELETE FROM accounts WHERE id = 2`))
	record, err := a.store.Events(t.Context(), scim.EventQuery{GroupID: "team-1", NewestFirst: true, Limit: 1})
	require.NoError(t, err)
	require.Equal(t, []string{"account-2"}, record.Items[0].Removed)
	after, err := a.store.Group(t.Context(), company, "team-1")
	require.NoError(t, err)
	require.NotEqual(t, before.Version, after.Version, "somebody has left")
	members, err = a.store.Members(t.Context(), company, "team-1", scim.Query{})
	require.NoError(t, err)
	require.Equal(t, 1, members.Total)

	require.NoError(t, a.exec(`UPDATE teams SET name = 'Crew' WHERE id = 1`))
	require.Equal(t, []scim.Change{{Attribute: "displayName", Old: "Pilots", New: "Crew"}}, a.lastEvent().Changes)
	require.NoError(t, a.exec(`DELETE FROM teams WHERE id = 1`))
	require.Equal(t, scim.GroupDeleted, a.lastEvent().Kind)
	members, err = a.store.Members(t.Context(), company, out["id"].(string), scim.Query{})
	require.NoError(t, err)
	require.Zero(t, members.Total)
}

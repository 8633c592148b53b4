package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

const token = "a-token-for-tests-1"

// TestHost plays the identity provider and then reads the application's list.
func TestHost(t *testing.T) {
	t.Parallel()
	handler, err := host("http://127.0.0.1:8080", token)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	send := func(method, path, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := server.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(text)
	}
	accounts := func(want string) {
		t.Helper()
		_, got := send("GET", "/accounts", "")
		got = regexp.MustCompile(`"id":"[^"]+",`).ReplaceAllString(strings.TrimSpace(got), "")
		if got != want {
			t.Errorf("accounts: got %s, want %s", got, want)
		}
	}

	accounts(`[]`)
	status, text := send("POST", "/scim/v2/Users", `{"userName":"ann@example.com"}`)
	if status != 201 {
		t.Fatalf("create: %d %s", status, text)
	}
	ann := "/scim/v2/Users/" + regexp.MustCompile(`"id":"([^"]+)"`).FindStringSubmatch(text)[1]
	accounts(`[{"login":"ann@example.com","access":true}]`)

	for _, c := range []struct {
		name, method, path, body string
		status                   int
		want                     string
	}{
		{"a stranger", "POST", "/scim/v2/Users", `{"userName":"eve@elsewhere.org"}`, 400, "only addresses at example.com"},
		{"a change to a stranger", "PATCH", ann, `{"Operations":[{"op":"replace","path":"userName","value":"ann@elsewhere.org"}]}`, 400, "only addresses at example.com"},
		{"a look-up", "GET", ann, "", 200, `"userName":"ann@example.com"`},
		{"the end of access", "PATCH", ann, `{"Operations":[{"op":"replace","value":{"active":false,"userName":"ann@elsewhere.org"}}]}`, 200, `"active":false`},
	} {
		if status, text := send(c.method, c.path, c.body); status != c.status || !strings.Contains(text, c.want) {
			t.Errorf("%s: got %d %s, want %d with %q", c.name, status, text, c.status, c.want)
		}
	}
	accounts(`[{"login":"ann@elsewhere.org","access":false}]`)
}

// TestPurge: who is forgotten is forgotten here too.
func TestPurge(t *testing.T) {
	t.Parallel()
	store := &companyStore{Store: memstore.New(), domain: "example.com"}
	dir, err := scim.New(scim.Config{Store: store})
	if err != nil {
		t.Fatal(err)
	}
	u, err := dir.CreateUser(t.Context(), "acme", scim.NewUser{UserName: "ann@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	u.Status = scim.StatusArchived
	if _, err := store.UpdateUser(t.Context(), "acme", u, scim.Guard{}, &scim.Event{Time: u.Created}); err != nil {
		t.Fatal(err)
	}
	n, err := dir.Purge(t.Context(), "acme", time.Now().Add(time.Hour))
	if err != nil || n != 1 || len(store.Accounts("acme")) != 0 {
		t.Errorf("purged %d users, %v; the list has %v", n, err, store.Accounts("acme"))
	}
}

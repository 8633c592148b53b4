package sqlstore_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
)

// profile is a user as identity providers send it.
func profile(i int) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],`+
		`"externalId":"x%d","userName":"person.%d@example.com","active":true,`+
		`"displayName":"Person Number %d","name":{"formatted":"Person Number %d","givenName":"Person","familyName":"Number %d"},`+
		`"title":"Senior Engineer","preferredLanguage":"en-GB","timezone":"Europe/London",`+
		`"emails":[{"primary":true,"type":"work","value":"person.%d@example.com"}],`+
		`"phoneNumbers":[{"type":"mobile","value":"+44 7700 %06d"}],`+
		`"addresses":[{"type":"work","country":"GB","region":"Greater London","locality":"London","postalCode":"EC1A 1BB"}],`+
		`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"%d","costCenter":"CC-%d","organization":"Example Group","division":"Division %d","department":"Department %d","hireDate":"2021-03-04"}}`,
		i, i, i, i, i, i, i, i, i%40, i%12, i%60)
}

// operations writes a PATCH.
func operations(of ...string) string {
	return `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + strings.Join(of, ",") + `]}`
}

func adding(id string) string {
	return operations(`{"op":"add","path":"members","value":[{"value":"` + id + `"}]}`)
}

func removing(id string) string {
	return operations(`{"op":"remove","path":"members[value eq \"` + id + `\"]"}`)
}

func filtered(path, filter string) string { return path + "?filter=" + url.QueryEscape(filter) }

// made sends a request that makes something, and returns its id.
func made(t testing.TB, h http.Handler, path, body string) string {
	t.Helper()
	w := ask(h, http.MethodPost, path, body)
	require.Equal(t, http.StatusCreated, w.Code, w.Body)
	var is struct {
		ID string `json:"id"`
	}
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &is))
	return is.ID
}

// company is a directory of people with a group of all but the last.
type company struct {
	h      http.Handler
	people []string
	group  string
}

func newCompany(t testing.TB, h http.Handler, members int) *company {
	t.Helper()
	c := &company{h: h}
	var all []string
	for i := range members + 1 {
		c.people = append(c.people, made(t, h, "/Users", profile(i)))
		all = append(all, `{"value":"`+c.people[i]+`"}`)
	}
	c.group = made(t, h, "/Groups", `{"displayName":"Staff","members":[`+strings.Join(all[:members], ",")+`]}`)
	return c
}

// costs are requests, in an order in which each finds what it needs, and how often
// the store exchanges something with PostgreSQL for each, the beginnings and ends of
// transactions included, and how many statements it has SQLite run.
var costs = []struct {
	name             string
	postgres, sqlite int
	send             func(c *company) (method, path, body string)
}{
	{"look-up by userName, e-mail, externalId or id", 1, 1, func(*company) (string, string, string) {
		return "GET", filtered("/Users", `userName eq "person.1@example.com"`), ""
	}},
	{"", 1, 1, func(*company) (string, string, string) {
		return "GET", filtered("/Users", `emails[type eq "work"].value eq "person.1@example.com"`), ""
	}},
	{"", 1, 1, func(*company) (string, string, string) {
		return "GET", filtered("/Users", `externalId eq "x1"`), ""
	}},
	{"", 1, 1, func(c *company) (string, string, string) { return "GET", "/Users/" + c.people[1], "" }},
	{"create a user", 2, 7, func(*company) (string, string, string) { return "POST", "/Users", profile(1e6) }},
	{"PUT or PATCH of a user that changes something", 2, 8, func(c *company) (string, string, string) {
		return "PUT", "/Users/" + c.people[1], strings.Replace(profile(1), "Senior", "Staff", 1)
	}},
	{"", 2, 8, func(c *company) (string, string, string) {
		return "PATCH", "/Users/" + c.people[1], operations(`{"op":"replace","path":"title","value":"Principal"}`)
	}},
	{"PUT or PATCH of a user that changes nothing", 1, 1, func(c *company) (string, string, string) {
		return "PUT", "/Users/" + c.people[2], profile(2)
	}},
	{"", 1, 1, func(c *company) (string, string, string) {
		return "PATCH", "/Users/" + c.people[2], operations(`{"op":"replace","path":"active","value":true}`)
	}},
	{"deactivate or reactivate a user", 2, 9, func(c *company) (string, string, string) {
		return "PATCH", "/Users/" + c.people[2], operations(`{"op":"replace","path":"active","value":"False"}`)
	}},
	{"", 2, 9, func(c *company) (string, string, string) {
		return "PATCH", "/Users/" + c.people[2], operations(`{"op":"replace","path":"active","value":"True"}`)
	}},
	{"delete a user, who is in a group", 12, 11, func(c *company) (string, string, string) {
		return "DELETE", "/Users/" + c.people[3], ""
	}},
	{"add one member to a group", 1, 6, func(c *company) (string, string, string) {
		return "PATCH", "/Groups/" + c.group, adding(c.people[len(c.people)-1])
	}},
	{"remove one member from a group", 2, 6, func(c *company) (string, string, string) {
		return "PATCH", "/Groups/" + c.group, removing(c.people[4])
	}},
	{"look up a group by displayName, without its members", 1, 1, func(*company) (string, string, string) {
		return "GET", filtered("/Groups", `displayName eq "Staff"`) + "&excludedAttributes=members", ""
	}},
	{"rename a group", 6, 5, func(c *company) (string, string, string) {
		return "PATCH", "/Groups/" + c.group, operations(`{"op":"replace","path":"displayName","value":"Everybody"}`)
	}},
	{"create a group without members", 4, 3, func(*company) (string, string, string) {
		return "POST", "/Groups?excludedAttributes=members", `{"displayName":"Empty"}`
	}},
	{"page of 100 users, with their groups", 3, 3, func(*company) (string, string, string) { return "GET", "/Users?count=100", "" }},
	{"delete a group", 8, 7, func(c *company) (string, string, string) { return "DELETE", "/Groups/" + c.group, "" }},
}

// still is a store that is not told of the activity of connections, which is saved
// when a second is over, whatever is asked meanwhile.
type still struct{ *sqlstore.Store }

func (still) SaveActivity(context.Context, scim.Tenant, scim.Activity) error { return nil }

// TestStatements: what a request costs is what the document says, and the same in a
// group of ten and in one of hundreds.
func TestStatements(t *testing.T) {
	large := 500
	if testing.Short() {
		large = 300
	}
	onBoth(t, func(t *testing.T, b backend) {
		for _, members := range []int{10, large} {
			seen := new(spy)
			c := newCompany(t, handlerOn(t, still{b.on(t, seen.open(t, b, b.address(t)), sqlstore.Options{})}), members)
			for _, cost := range costs {
				method, path, body := cost.send(c)
				var code int
				r := seen.during(func() { code = ask(c.h, method, path, body).Code })
				require.Less(t, code, 300, "%s %s", method, path)
				want, got := cost.postgres, r.exchanges()
				if b.dialect.String() == "sqlite" {
					want, got = cost.sqlite, len(r.statements())
				}
				require.Equal(t, want, got, "%s %s, %d members: %v", method, path, members, r.queries())
			}
		}
	})
}

// TestActivityIsCoalesced: however busy a connection is, its last request and last
// change cost one write a second (P1.4).
func TestActivityIsCoalesced(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		seen := new(spy)
		s := b.on(t, seen.open(t, b, b.address(t)), sqlstore.Options{})
		h := handlerOn(t, s)
		start, requests := time.Now(), 0
		r := seen.during(func() {
			for ; time.Since(start) < 1500*time.Millisecond; requests++ {
				require.Equal(t, 200, ask(h, "GET", "/Users?count=0", "").Code)
			}
		})
		most := int(time.Since(start)/time.Second) + 1
		saved := 0
		for _, c := range r.statements() {
			if strings.HasPrefix(c.query, "INSERT INTO usher_activity") {
				saved++
			}
		}
		require.Greater(t, requests, 10*most)
		require.GreaterOrEqual(t, saved, 1)
		require.LessOrEqual(t, saved, most)
		kept, err := s.Activity(t.Context(), acme)
		require.NoError(t, err)
		require.Len(t, kept, 1)
		require.WithinDuration(t, start, kept[0].LastRequest, 1500*time.Millisecond)
	})
}

// TestStatementsAreDocumented: the table in docs/scaling.md is that of the test.
func TestStatementsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile("../docs/scaling.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(doc), "<!-- statements -->\n")
	require.True(t, ok)
	table, _, ok := strings.Cut(rest, "<!-- end of statements -->")
	require.True(t, ok)
	want := "| request | PostgreSQL: exchanges | SQLite: statements |\n|---|---|---|\n"
	for _, cost := range costs {
		if cost.name != "" {
			want += fmt.Sprintf("| %s | %d | %d |\n", cost.name, cost.postgres, cost.sqlite)
		}
	}
	require.Empty(t, cmp.Diff(want, table))
}

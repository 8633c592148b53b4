package scim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"time"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// A host mounts the handler in front of its own routes, and an identity provider
// creates a user.
func ExampleNew() {
	dir, err := scim.New(scim.Config{
		Store: memstore.New(),
		Seats: func(context.Context, scim.Tenant) (scim.Limit, error) { return scim.Seats(500), nil },
	})
	if err != nil {
		log.Fatal(err)
	}
	var tokens scim.Tokens
	secret, _, err := tokens.Issue(scim.Connection{ID: "entra", Tenant: "acme"}, time.Time{})
	if err != nil {
		log.Fatal(err)
	}
	handler, err := scim.NewHandler(dir, scim.HandlerConfig{BaseURL: "https://app.example.com/scim/v2/", Verifier: &tokens})
	if err != nil {
		log.Fatal(err)
	}
	mux := http.NewServeMux() // the host's own routes
	app := handler.Mount(mux)

	req := httptest.NewRequest(http.MethodPost, "/scim/v2/Users", strings.NewReader(`{
		"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
		"userName": "ann@example.com",
		"name": {"givenName": "Ann", "familyName": "Other"}
	}`))
	req.Header.Set("Authorization", "Bearer "+secret)
	req.Header.Set("Content-Type", "application/scim+json")
	res := httptest.NewRecorder()
	app.ServeHTTP(res, req)
	fmt.Println(res.Code)

	user, err := dir.FindUser(context.Background(), "acme", "Ann@Example.com")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(user.UserName, user.Status)
	// Output:
	// 201
	// ann@example.com active
}

// Beyond the licence users are created, and wait for a seat. Raising the limit
// activates nobody: the host does.
func ExampleDirectory_Held() {
	ctx := context.Background()
	limit := scim.Seats(1)
	dir, send := service(scim.Config{
		Seats: func(context.Context, scim.Tenant) (scim.Limit, error) { return limit, nil },
	})
	send(http.MethodPost, "/Users", `{"userName": "ann@example.com"}`)
	send(http.MethodPost, "/Users", `{"userName": "bob@example.com"}`)

	held, err := dir.Held(ctx, "acme", scim.Query{})
	if err != nil {
		log.Fatal(err)
	}
	bob := held.Items[0]
	fmt.Println(held.Total, bob.UserName)

	_, err = dir.Activate(ctx, "acme", bob.ID)
	fmt.Println(errors.Is(err, scim.ErrSeats))

	limit = scim.Seats(10)
	activated, err := dir.ActivateHeld(ctx, "acme")
	if err != nil {
		log.Fatal(err)
	}
	licence, err := dir.Licence(ctx, "acme")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(activated), "activated;", licence.Used, "of", licence.Limit, "seats used;", licence.Held, "held")
	// Output:
	// 1 bob@example.com
	// true
	// 1 activated; 2 of 10 seats used; 0 held
}

// A consumer is handed every event, in order and at least once, also after a
// crash. Here the first attempt to end somebody's sessions fails.
func ExampleDirectory_Consume() {
	dir, send := service(scim.Config{})
	send(http.MethodPost, "/Users", `{"userName": "ann@example.com"}`)
	send(http.MethodPatch, "/Users/"+idOf(dir, "ann@example.com"),
		`{"Operations": [{"op": "replace", "path": "active", "value": false}]}`)

	ctx, stop := context.WithCancel(context.Background())
	attempts := 0
	err := dir.Consume(ctx, "revoke-access", func(_ context.Context, e scim.Event) error {
		if !e.EndsAccess() {
			return nil
		}
		if attempts++; attempts == 1 {
			return errors.New("the session service does not answer")
		}
		fmt.Println("attempt", attempts, "revoked the sessions of", e.Name)
		stop() // a host goes on until it ends
		return nil
	})
	fmt.Println(err)
	// Output:
	// attempt 2 revoked the sessions of ann@example.com
	// context canceled
}

// A subscriber hears of what this process does, at once.
func ExampleDirectory_Subscribe() {
	dir, send := service(scim.Config{})
	cancel := dir.Subscribe(func(e scim.Event) {
		fmt.Println(e.Kind, e.Name)
		for _, c := range e.Changes {
			fmt.Printf("  %s: %q is now %q\n", c.Attribute, c.Old, c.New)
		}
		for _, m := range e.Moves {
			fmt.Printf("  %s: from %q to %q\n", m.Root, m.From, m.To)
		}
	})
	defer cancel()
	send(http.MethodPost, "/Users", `{"userName": "ann@example.com", "title": "Clerk"}`)
	send(http.MethodPatch, "/Users/"+idOf(dir, "ann@example.com"), `{"Operations": [
		{"op": "replace", "path": "title", "value": "Manager"},
		{"op": "add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "Sales"}]}`)
	// Output:
	// user.created ann@example.com
	// user.updated ann@example.com
	//   title: "Clerk" is now "Manager"
	//   department: "" is now "Sales"
	//   Department: from "" to "Sales"
}

// A connection's token is rotated without a moment in which none is valid.
func ExampleTokens() {
	ctx := context.Background()
	var tokens scim.Tokens
	entra := scim.Connection{ID: "entra", Tenant: "acme", Name: "Entra of Acme"}
	secret, old, err := tokens.Issue(entra, time.Time{})
	if err != nil {
		log.Fatal(err)
	}
	conn, err := tokens.VerifyToken(ctx, secret)
	fmt.Println(conn.ID, conn.Tenant, err)

	second, _, err := tokens.Issue(entra, time.Now().AddDate(1, 0, 0))
	if err != nil {
		log.Fatal(err)
	}
	_, _, err = tokens.Issue(entra, time.Time{})
	fmt.Println(errors.Is(err, scim.ErrTooManyTokens)) // one at work and one for rotation

	tokens.Revoke(old.ID) // once the second is pasted into the identity provider
	_, err = tokens.VerifyToken(ctx, secret)
	fmt.Println(errors.Is(err, scim.ErrToken))
	_, err = tokens.VerifyToken(ctx, second)
	fmt.Println(err)
	// Output:
	// entra acme <nil>
	// true
	// true
	// <nil>
}

// The host asks with the filters that identity providers use.
func ExampleDirectory_UserFilter() {
	ctx := context.Background()
	dir, send := service(scim.Config{})
	send(http.MethodPost, "/Users", `{"userName": "ann@example.com", "title": "Clerk"}`)
	send(http.MethodPost, "/Users", `{"userName": "bob@example.com", "title": "Driver"}`)
	send(http.MethodPost, "/Users", `{"userName": "cy@example.com", "title": "Clerk", "active": false}`)

	filter, err := dir.UserFilter(`title eq "clerk" and userName sw "a"`)
	if err != nil {
		log.Fatal(err)
	}
	page, err := dir.Users(ctx, "acme", scim.Query{Filter: filter, Limit: 50})
	if err != nil {
		log.Fatal(err)
	}
	for _, u := range page.Items {
		fmt.Println(u.UserName, u.Title)
	}
	_, err = dir.UserFilter(`title resembles "clerk"`)
	fmt.Println(err != nil)
	// Output:
	// ann@example.com Clerk
	// true
}

// A host adds an attribute of an extension of its own to the table, with a
// validator and a folder for each value. Schemas, PATCH, filters and the export
// follow from the row.
func Example_ownAttributes() {
	site := regexp.MustCompile(`^[A-Z]{3}$`)
	const path = "urn:example:params:scim:schemas:extension:acme:2.0:User:site"
	dir, send := service(scim.Config{
		Attributes: append(scim.ProductAttributes(), scim.Attribute{
			Name: "site", Path: path, Folder: "Site",
			Validate: func(value string) error {
				if !site.MatchString(value) {
					return errors.New("a site has three capital letters, such as LDN")
				}
				return nil
			},
		}),
	})
	send(http.MethodPost, "/Users",
		`{"userName": "ann@example.com", "urn:example:params:scim:schemas:extension:acme:2.0:User": {"site": "LDN"}}`)
	fmt.Println(send(http.MethodPatch, "/Users/"+idOf(dir, "ann@example.com"),
		`{"Operations": [{"op": "replace", "path": "`+path+`", "value": "nonsense"}]}`))

	user, err := dir.FindUser(context.Background(), "acme", "ann@example.com")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(dir.Value(user, "site"), dir.Roots())
	// Output:
	// 400 urn:example:params:scim:schemas:extension:acme:2.0:User:site: a site has three capital letters, such as LDN
	// LDN [Department Division Organisation Site]
}

// service is a directory of the tenant acme, in memory unless c says where, and an identity provider
// that sends requests to it; send returns the status and what is wrong.
func service(c scim.Config) (dir *scim.Directory, send func(method, path, body string) string) {
	if c.Store == nil {
		c.Store = memstore.New()
	}
	c.Logger = slog.New(slog.DiscardHandler)
	var err error
	if dir, err = scim.New(c); err != nil {
		log.Fatal(err)
	}
	acme := func(context.Context, string) (scim.Connection, error) {
		return scim.Connection{ID: "entra", Tenant: "acme"}, nil
	}
	handler, err := scim.NewHandler(dir, scim.HandlerConfig{
		BaseURL: "https://app.example.com/scim/v2", Verifier: scim.TokenVerifierFunc(acme),
	})
	if err != nil {
		log.Fatal(err)
	}
	return dir, func(method, path, body string) string {
		req := httptest.NewRequest(method, "/scim/v2"+path, strings.NewReader(body))
		req.Header.Set("Authorization", "Bearer anything")
		res := httptest.NewRecorder()
		handler.ServeHTTP(res, req)
		var problem struct{ Detail string }
		_ = json.Unmarshal(res.Body.Bytes(), &problem) // there is none where nothing is wrong
		return strings.TrimSpace(fmt.Sprint(res.Code, " ", problem.Detail))
	}
}

// idOf is the ID that the identity provider got when it created a user.
func idOf(dir *scim.Directory, userName string) string {
	u, err := dir.FindUser(context.Background(), "acme", userName)
	if err != nil {
		log.Fatal(err)
	}
	return u.ID
}

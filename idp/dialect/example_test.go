package dialect_test

import (
	"context"
	"fmt"
	"log"
	"net/http"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/dialect"
	"github.com/usher-scim/scim/memstore"
)

// Somebody is hired and leaves, at a company that has PingOne and is set to delete its
// leavers.
func Example() {
	ctx := context.Background()
	dir, err := scim.New(scim.Config{Store: memstore.New()})
	if err != nil {
		log.Fatal(err)
	}
	verify := func(context.Context, string) (scim.Connection, error) {
		return scim.Connection{ID: "ping", Tenant: "acme"}, nil
	}
	handler, err := scim.NewHandler(dir, scim.HandlerConfig{BaseURL: "http://scim.invalid/scim/v2", Verifier: scim.TokenVerifierFunc(verify)})
	if err != nil {
		log.Fatal(err)
	}
	sent := func(e idp.Exchange) {
		if e.Method != http.MethodGet {
			fmt.Println(e.Method, e.Status)
		}
	}

	ping := dialect.PingOne()
	ping.Disabled, ping.Removed = dialect.Delete, dialect.Delete
	p := dialect.New(ping, &idp.Service{Handler: handler, Token: "secret", Observe: sent}, nil)
	if err := p.TestConnection(ctx); err != nil {
		log.Fatal(err)
	}
	if err := p.Put(dialect.Person{ID: "1", UserName: "ann@example.com", Email: "ann@example.com"}); err != nil {
		log.Fatal(err)
	}
	if _, err := p.Sync(ctx); err != nil {
		log.Fatal(err)
	}
	if err := p.Disable("1"); err != nil {
		log.Fatal(err)
	}
	if _, err := p.Sync(ctx); err != nil {
		log.Fatal(err)
	}
	for _, e := range p.Log() {
		fmt.Println(e.Action, e.Target, e.Status)
	}
	// Output:
	// POST 201
	// DELETE 204
	// test /Users?startIndex=0&count=10 200
	// create ann@example.com 201
	// delete ann@example.com 204
}

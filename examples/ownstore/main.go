// Command ownstore puts behaviour of the application's own into a store, by
// embedding one and overriding the writes of users: it keeps the application's
// list of accounts, and refuses people from outside of the company.
//
//	go run ./examples/ownstore
//	curl -H 'Authorization: Bearer try-me-out-locally' -H 'Content-Type: application/scim+json' -d '{"userName":"eve@elsewhere.org"}' http://127.0.0.1:8080/scim/v2/Users
//	curl http://127.0.0.1:8080/accounts
package main

import (
	"encoding/json"
	"log"
	"net/http"
	"time"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

func main() {
	log.SetFlags(0)
	const addr = "127.0.0.1:8080"
	handler, err := host("http://"+addr, "try-me-out-locally")
	if err != nil {
		log.Fatal(err)
	}
	server := &http.Server{Addr: addr, Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	log.Printf("listening on http://%s", addr)
	log.Fatal(server.ListenAndServe())
}

// host is the application: SCIM, and its list of accounts at /accounts.
func host(base, token string) (http.Handler, error) {
	store := &companyStore{Store: memstore.New(), domain: "example.com"}
	dir, err := scim.New(scim.Config{Store: store})
	if err != nil {
		return nil, err
	}
	var tokens scim.Tokens
	if _, err := tokens.Add(scim.Connection{ID: "idp", Tenant: "acme"}, token, time.Time{}); err != nil {
		return nil, err
	}
	handler, err := scim.NewHandler(dir, scim.HandlerConfig{BaseURL: base + "/scim/v2", Verifier: &tokens})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /accounts", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(store.Accounts("acme"))
	})
	return handler.Mount(mux), nil
}

// Command embed is an application with a route of its own that takes SCIM on
// board: ADDR=127.0.0.1:8080 SCIM_TOKEN=a-long-secret go run ./examples/embed
package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log"
	"net/http"
	"os"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

func main() {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /hello", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello\n")) })

	known := sha256.Sum256([]byte(os.Getenv("SCIM_TOKEN"))) // the application's table of tokens
	verify := func(_ context.Context, token string) (scim.Connection, error) {
		if hash := sha256.Sum256([]byte(token)); subtle.ConstantTimeCompare(hash[:], known[:]) != 1 {
			return scim.Connection{}, scim.ErrToken
		}
		return scim.Connection{ID: "entra", Tenant: "acme"}, nil
	}
	dir, err := scim.New(scim.Config{Store: memstore.New()})
	if err != nil {
		log.Fatal(err)
	}
	base := "http://" + os.Getenv("ADDR") + "/scim/v2"
	handler, err := scim.NewHandler(dir, scim.HandlerConfig{BaseURL: base, Verifier: scim.TokenVerifierFunc(verify)})
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe(os.Getenv("ADDR"), handler.Mount(mux)))
}

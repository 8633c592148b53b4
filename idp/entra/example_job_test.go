package entra_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/entra"
	"github.com/usher-scim/scim/memstore"
)

// A leaver of a simulated organisation, as the application sees her.
func ExampleJob() {
	host, err := scim.New(scim.Config{Store: memstore.New()})
	check(err)
	handler, err := scim.NewHandler(host, scim.HandlerConfig{
		BaseURL: "https://app.example.com/scim/v2",
		Verifier: scim.TokenVerifierFunc(func(context.Context, string) (scim.Connection, error) {
			return scim.Connection{ID: "entra", Tenant: "acme"}, nil
		}),
	})
	check(err)

	dir := entra.NewDirectory(nil)
	ann, err := dir.CreateUser(entra.Properties{"userPrincipalName": "ann@example.com", "mail": "ann@example.com"})
	check(err)
	job, err := entra.NewJob(dir, entra.Config{
		Service: &idp.Service{URL: "https://app.example.com/scim/v2?" + entra.Flag, Handler: handler, Token: "any"},
	})
	check(err)
	check(job.Assign(ann))
	_, err = job.Run(context.Background(), time.Hour)
	check(err)
	check(dir.DeleteUser(ann))
	report, err := job.Run(context.Background(), entra.RecycleBin+30*time.Minute)
	check(err)

	for _, e := range job.Log() {
		fmt.Println(e.Time.Format(time.DateOnly), e.Action, e.Status)
	}
	fmt.Println(report.Users.Disabled, "disabled,", report.Users.Deleted, "deleted, in", report.Cycles, "cycles")
	// Output:
	// 2026-01-01 Disable Success
	// 2026-01-31 Delete Success
	// 1 disabled, 1 deleted, in 1081 cycles
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// Package scim provisions an application's users from Microsoft Entra ID, Okta
// and other identity providers over SCIM 2.0 (RFC 7643, RFC 7644).
//
// A [Directory] is the domain: the users of each tenant and the rules of their
// lives, groups and members, the seats that a licence limits, folders derived
// from department, division and organisation, and the record of every change. A
// [Handler] is the wire: an [net/http.Handler] that identity providers talk to.
// A [Store] keeps the data; take package memstore or bring your own. A
// [TokenVerifier] says whose a bearer token is; take [Tokens] or bring your own.
//
//	dir, err := scim.New(scim.Config{
//		Store: memstore.New(),
//		Seats: func(ctx context.Context, t scim.Tenant) (scim.Limit, error) { return scim.Seats(500), nil },
//	})
//	// …
//	h, err := scim.NewHandler(dir, scim.HandlerConfig{
//		BaseURL:  "https://app.example.com/scim/v2",
//		Verifier: tokens,
//	})
//	// …
//	mux.Handle("/scim/v2/", h)
//
//	go dir.Consume(ctx, "revoke-access", func(ctx context.Context, e scim.Event) error {
//		if e.EndsAccess() {
//			return sessions.RevokeAll(ctx, e.UserID)
//		}
//		return nil
//	})
//
// # What is promised
//
// A leaver does not stay active by accident: of two readings of a request the
// one that ends access is taken, and of two failures the visible one. The wire is
// verbatim: what the identity provider wrote is returned as it was sent. The
// host's [View] is clean: typed, normalised, and with a warning for what could
// not be understood. A licence's seats hold under any concurrency. What a change
// costs follows from the change, not from the size of the directory or the group.
//
// # Strictness
//
// A connection is read leniently unless its Strictness is [RFC]. Whatever is
// forgiven it is counted by [Quirk], and [Handler.Quirks] tells: that is what a
// strict one would be refused. docs/conformance.md goes through what the RFCs
// ask, with the test that proves each part of it.
//
// # Brakes
//
// Two brakes are off unless a host asks for them. [Policy].Removals stops a
// connection that removes more users than it should: an identity provider that
// lost its source would else remove everyone. [HandlerConfig].Rate bounds how fast
// a connection sends requests. Both answer 429 with Retry-After, so that what was
// refused comes again; neither forgets a leaver.
//
// # Tests
//
// Package storetest proves a Store of your own. Package idp/idptest has simulated
// identity providers play the life of a company against your handler: Entra ID, Okta and
// nine others, as they are on the wire.
//
// # Concurrency
//
// Directory, Handler and Tokens are safe for concurrent use, and start no
// goroutine but a timer that saves when a connection was last heard of. Several
// processes may share a Store that is made for it, and a HandlerConfig.CursorKey.
//
// # Security considerations
//
// A token names one connection of one tenant; nothing that it can do reaches
// another tenant, and an ID of another tenant is not found. Tokens, passwords
// and bodies are never logged; passwords that clients send are thrown away.
// roles, userType and entitlements never change what a user may do. Requests are
// bounded in size, depth and work by [Limits]. Serve the handler over TLS; it
// takes its address from HandlerConfig.BaseURL, never from a request. Misbehaviour
// that crosses tenants, oversells seats, keeps a leaver active, or gives away
// secrets is a vulnerability.
package scim

package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"text/tabwriter"

	"golang.org/x/text/language"

	"github.com/usher-scim/scim"
)

// This file wires the library into the application: who its tenants are, what
// seats they have, whose tokens are valid, and who hears of leavers.

// scimPath is where the identity provider finds SCIM.
const scimPath = "/scim/v2/"

// host is the application.
type host struct {
	*backend
	log     *slog.Logger
	dir     *scim.Directory
	tenant  scim.Tenant // the one that is meant when none is named
	rate    *scim.RateLimit
	strict  scim.Strictness
	wire    *scim.Handler
	secrets []secret
	// connections are those that the flags name.
	connections []scim.Connection
}

// secret is a token to show to whoever started the server.
type secret struct {
	tenant scim.Tenant
	token  string // "": it was shown when it was made
}

// newHost returns the application that the flags ask for, on what it keeps. An
// error is one of theirs, or of the database.
func newHost(ctx context.Context, o options, b *backend, log *slog.Logger) (*host, error) {
	h := &host{backend: b, log: log, tenant: o.tenant, rate: o.rate}
	if o.strict {
		h.strict = scim.RFC
	}
	policy := func(context.Context, scim.Tenant) (scim.Policy, error) {
		return scim.Policy{SharedEmails: o.shared, Removals: o.stop}, nil
	}
	var err error
	h.dir, err = scim.New(scim.Config{
		Store: h.store, Seats: h.licences.of, Policy: policy, DefaultLanguage: language.BritishEnglish, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	if err := h.connect(ctx, o.tenant, o.token, o.seats); err != nil {
		return nil, fmt.Errorf("-token: %w", err)
	}
	for _, e := range o.extra {
		if err := h.connect(ctx, e.tenant, e.token, o.seats); err != nil {
			return nil, fmt.Errorf("-extra %s: %w", e.tenant, err)
		}
	}
	return h, nil
}

// connect makes a connection for a tenant, with the given token or a new one, where
// it is not there from another time, or by another replica.
func (h *host) connect(ctx context.Context, t scim.Tenant, token string, seats scim.Limit) error {
	n := 1
	for _, s := range h.secrets {
		if s.tenant == t {
			n++
		}
	}
	c := scim.Connection{
		ID: fmt.Sprintf("%s/%d", t, n), Tenant: t, Name: fmt.Sprintf("connection %d of %s", n, t), Strictness: h.strict,
	}
	if err := h.licences.propose(ctx, t, seats); err != nil {
		return err
	}
	token, err := h.provide(ctx, c, token)
	h.secrets, h.connections = append(h.secrets, secret{t, token}), append(h.connections, c)
	return err
}

// handler returns what the server serves: SCIM at base, the rest the application's.
func (h *host) handler(base string) (http.Handler, error) {
	var err error
	h.wire, err = scim.NewHandler(h.dir, scim.HandlerConfig{BaseURL: base, Verifier: h, Rate: h.rate, CursorKey: h.cursorKey})
	if err != nil {
		return nil, err
	}
	return h.wire.Mount((&app{host: h}).routes()), nil
}

// announce says what to paste into the identity provider.
func (h *host) announce(ctx context.Context, w io.Writer, base string) error {
	seats, err := h.licences.of(ctx, h.tenant)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\nPaste into the identity provider:\n\n")
	fmt.Fprintf(table, "  Tenant URL\t%s%s\n", base, scimPath)
	for i, s := range h.secrets {
		name := "Secret token"
		if i > 0 {
			name = "Tenant " + string(s.tenant)
		}
		fmt.Fprintf(table, "  %s\t%s\n", name, cmp.Or(s.token, "as it was issued before; -token adds another"))
	}
	fmt.Fprintf(table, "\nThe application's own view of tenant %s (seats: %s): %s/app/users\n", h.tenant, seats, base)
	if h.place.memory() {
		fmt.Fprintf(table, "Everything is in memory and gone when the server stops.\n\n")
	} else {
		fmt.Fprintf(table, "Everything is kept in %s.\n\n", h.place)
	}
	_ = table.Flush() // nobody reads it: serve all the same
	return nil
}

// consume starts the consumer that ends the access of leavers (P9.4) and returns
// how to stop it.
func (h *host) consume(ctx context.Context) (stop func()) {
	// Requests under way may still end somebody's access after ctx has ended.
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	running.Go(func() {
		if err := h.dir.Consume(ctx, "revoke-access", h.revoke); ctx.Err() == nil {
			h.log.Error("the consumer ended", "error", err)
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// revoke is handed every event, in order and at least once. A real host ends the
// sessions, API keys and devices of the user here; when that fails it returns
// the error and is asked again.
func (h *host) revoke(_ context.Context, e scim.Event) error {
	if e.EndsAccess() {
		h.log.Info("access revoked", "tenant", string(e.Tenant), "user", e.UserID, "name", e.Name,
			"why", string(e.Kind), "by", cmp.Or(e.Connection, scim.ByHost))
	}
	return nil
}

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
	"time"

	"golang.org/x/text/language"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// This file wires the library into the application: who its tenants are, what
// seats they have, whose tokens are valid, and who hears of leavers.

// scimPath is where the identity provider finds SCIM.
const scimPath = "/scim/v2/"

// host is the application.
type host struct {
	log      *slog.Logger
	dir      *scim.Directory
	tokens   scim.Tokens
	licences licences
	tenant   scim.Tenant // the one that is meant when none is named
	rate     *scim.RateLimit
	strict   scim.Strictness
	wire     *scim.Handler
	secrets  []secret
}

// secret is a token to show to whoever started the server.
type secret struct {
	tenant scim.Tenant
	token  string
}

// newHost returns the application that the flags ask for. An error is one of
// theirs.
func newHost(o options, log *slog.Logger) (*host, error) {
	h := &host{log: log, tenant: o.tenant, rate: o.rate}
	if o.strict {
		h.strict = scim.RFC
	}
	policy := func(context.Context, scim.Tenant) (scim.Policy, error) {
		return scim.Policy{SharedEmails: o.shared, Removals: o.stop}, nil
	}
	var err error
	h.dir, err = scim.New(scim.Config{
		Store: memstore.New(), Seats: h.licences.of, Policy: policy, DefaultLanguage: language.BritishEnglish, Logger: log,
	})
	if err != nil {
		return nil, err
	}
	if err := h.connect(o.tenant, o.token, o.seats); err != nil {
		return nil, fmt.Errorf("-token: %w", err)
	}
	for _, e := range o.extra {
		if err := h.connect(e.tenant, e.token, o.seats); err != nil {
			return nil, fmt.Errorf("-extra %s: %w", e.tenant, err)
		}
	}
	return h, nil
}

// connect makes a connection for a tenant, with the given token or a new one.
func (h *host) connect(t scim.Tenant, token string, seats scim.Limit) error {
	n := 1
	for _, s := range h.secrets {
		if s.tenant == t {
			n++
		}
	}
	c := scim.Connection{
		ID: fmt.Sprintf("%s/%d", t, n), Tenant: t, Name: fmt.Sprintf("connection %d of %s", n, t), Strictness: h.strict,
	}
	var err error
	if token == "" {
		token, _, err = h.tokens.Issue(c, time.Time{})
	} else {
		_, err = h.tokens.Add(c, token, time.Time{})
	}
	if err != nil {
		return err
	}
	h.licences.set(t, seats)
	h.secrets = append(h.secrets, secret{t, token})
	return nil
}

// handler returns what the server serves: SCIM at base, the rest the application's.
func (h *host) handler(base string) (http.Handler, error) {
	var err error
	h.wire, err = scim.NewHandler(h.dir, scim.HandlerConfig{BaseURL: base, Verifier: &h.tokens, Rate: h.rate})
	if err != nil {
		return nil, err
	}
	return h.wire.Mount((&app{host: h}).routes()), nil
}

// announce says what to paste into the identity provider.
func (h *host) announce(w io.Writer, base string) {
	seats, _ := h.licences.of(context.Background(), h.tenant)
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "\nPaste into the identity provider:\n\n")
	fmt.Fprintf(table, "  Tenant URL\t%s%s\n", base, scimPath)
	for i, s := range h.secrets {
		name := "Secret token"
		if i > 0 {
			name = "Tenant " + string(s.tenant)
		}
		fmt.Fprintf(table, "  %s\t%s\n", name, s.token)
	}
	fmt.Fprintf(table, "\nThe application's own view of tenant %s (seats: %s): %s/app/users\n", h.tenant, seats, base)
	fmt.Fprintf(table, "Everything is in memory and gone when the server stops.\n\n")
	_ = table.Flush() // nobody reads it: serve all the same
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

// licences are the seats of each tenant. The tenants that it has are those that
// the application knows. It is safe for concurrent use.
type licences struct {
	mu     sync.RWMutex
	limits map[scim.Tenant]scim.Limit
}

// of is for scim.Config.Seats.
func (l *licences) of(_ context.Context, t scim.Tenant) (scim.Limit, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.limits[t], nil
}

func (l *licences) set(t scim.Tenant, limit scim.Limit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.limits == nil {
		l.limits = make(map[scim.Tenant]scim.Limit)
	}
	l.limits[t] = limit
}

func (l *licences) known(t scim.Tenant) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	_, ok := l.limits[t]
	return ok
}

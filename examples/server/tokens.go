package main

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
)

// tokens keeps the tokens of connections.
type tokens interface {
	scim.TokenVerifier
	Issue(ctx context.Context, c scim.Connection, expires time.Time) (string, scim.Token, error)
	Add(ctx context.Context, c scim.Connection, secret string, expires time.Time) (scim.Token, error)
	Of(ctx context.Context, connection string) ([]scim.Token, error)
	Revoke(ctx context.Context, id string) (bool, error)
}

var _, _ tokens = (*memoryTokens)(nil), (*sqlstore.Tokens)(nil)

// memoryTokens are tokens of this process.
type memoryTokens struct{ scim.Tokens }

func (m *memoryTokens) Issue(_ context.Context, c scim.Connection, expires time.Time) (string, scim.Token, error) {
	return m.Tokens.Issue(c, expires)
}

func (m *memoryTokens) Add(_ context.Context, c scim.Connection, secret string, expires time.Time) (scim.Token, error) {
	return m.Tokens.Add(c, secret, expires)
}

func (m *memoryTokens) Of(_ context.Context, connection string) ([]scim.Token, error) {
	return m.Tokens.Of(connection), nil
}

func (m *memoryTokens) Revoke(_ context.Context, id string) (bool, error) {
	return m.Tokens.Revoke(id), nil
}

// provide sees to it that a connection has the given token, or any. It returns the
// token to show, if there is one.
func (h *host) provide(ctx context.Context, c scim.Connection, token string) (string, error) {
	if token != "" {
		_, err := h.tokens.Add(ctx, c, token, time.Time{})
		if errors.Is(err, scim.ErrTokenInUse) {
			if its, failed := h.tokens.VerifyToken(ctx, token); failed == nil && its.ID == c.ID {
				err = nil // since another time, or by another replica
			}
		}
		return token, err
	}
	if known, err := h.tokens.Of(ctx, c.ID); err != nil || len(known) > 0 {
		return "", err
	}
	token, _, err := h.tokens.Issue(ctx, c, time.Time{})
	return token, err
}

// VerifyToken implements scim.TokenVerifier. How tolerant the server is, its flags
// say, and not what they said when the token was issued.
func (h *host) VerifyToken(ctx context.Context, token string) (scim.Connection, error) {
	c, err := h.tokens.VerifyToken(ctx, token)
	c.Strictness = h.strict
	return c, err
}

// connected returns one of the tenant's connections.
func (h *host) connected(t scim.Tenant, id string) (scim.Connection, error) {
	for _, c := range h.connections {
		if c.ID == id && c.Tenant == t {
			return c, nil
		}
	}
	return scim.Connection{}, problem(http.StatusNotFound, "There is no connection %q.", id)
}

// tokenView is a token, which is shown only when it is issued.
type tokenView struct {
	ID         string     `json:"id"`
	Connection string     `json:"connection"`
	Token      string     `json:"token,omitempty"`
	Created    time.Time  `json:"created"`
	LastUsed   *time.Time `json:"lastUsed"`
}

func tokenOf(t scim.Token, secret string) tokenView {
	return tokenView{ID: t.ID, Connection: t.Connection.ID, Token: secret, Created: t.Created, LastUsed: latest(nil, t.LastUsed)}
}

// tokensOf are the tokens of a tenant.
func (a *app) tokensOf(ctx context.Context, t scim.Tenant) ([]scim.Token, error) {
	var all []scim.Token
	for _, c := range a.connections {
		if c.Tenant != t {
			continue
		}
		list, err := a.tokens.Of(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// listTokens is GET /app/tokens.
func (a *app) listTokens(r *http.Request, t scim.Tenant) (int, any, error) {
	list, err := a.tokensOf(r.Context(), t)
	out := make([]tokenView, len(list))
	for i, token := range list {
		out[i] = tokenOf(token, "")
	}
	return http.StatusOK, out, err
}

// issueToken is POST /app/tokens: the second of a connection, to take the place of
// the first (P1.2).
func (a *app) issueToken(r *http.Request, t scim.Tenant) (int, any, error) {
	var body struct{ Connection string }
	if err := decode(r, &body); err != nil {
		return 0, nil, err
	}
	c, err := a.connected(t, body.Connection)
	if err != nil {
		return 0, nil, err
	}
	secret, token, err := a.tokens.Issue(r.Context(), c, time.Time{})
	if errors.Is(err, scim.ErrTooManyTokens) {
		err = problem(http.StatusConflict, "The connection has two tokens already: revoke one first.")
	}
	return http.StatusCreated, tokenOf(token, secret), err
}

// revokeToken is POST /app/tokens/revoke.
func (a *app) revokeToken(r *http.Request, t scim.Tenant) (int, any, error) {
	var body struct{ ID string }
	if err := decode(r, &body); err != nil {
		return 0, nil, err
	}
	list, err := a.tokensOf(r.Context(), t)
	if err != nil {
		return 0, nil, err
	}
	for _, token := range list {
		if token.ID == body.ID {
			if _, err := a.tokens.Revoke(r.Context(), body.ID); err != nil {
				return 0, nil, err
			}
			return a.listTokens(r, t)
		}
	}
	return 0, nil, problem(http.StatusNotFound, "There is no token %q.", body.ID)
}

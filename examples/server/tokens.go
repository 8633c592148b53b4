package main

import (
	"context"
	"time"

	"github.com/usher-scim/scim"
)

// tokens keeps the tokens of connections.
type tokens interface {
	scim.TokenVerifier
	Issue(ctx context.Context, c scim.Connection, expires time.Time) (string, scim.Token, error)
	Add(ctx context.Context, c scim.Connection, secret string, expires time.Time) (scim.Token, error)
	Of(ctx context.Context, connection string) ([]scim.Token, error)
}

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

package scim

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"sync"
	"time"
)

// Connection is one identity-provider application that provisions one tenant
// (P1.2). Its ID is unique over all tenants.
type Connection struct {
	ID     string
	Tenant Tenant
	Name   string // for people
	// Strictness says how tolerantly its requests are read.
	Strictness Strictness
}

// TokenVerifier says whose a bearer token is. A host brings its own, or takes
// [Tokens]. It must be safe for concurrent use.
type TokenVerifier interface {
	// VerifyToken returns the connection that the token names. An error that is
	// [ErrToken] is answered 401; any other means that the token could not be
	// checked, and is answered 503 with Retry-After, so that an identity
	// provider tries again instead of giving up on its credentials.
	VerifyToken(ctx context.Context, token string) (Connection, error)
}

// TokenVerifierFunc is a function that is a [TokenVerifier].
type TokenVerifierFunc func(ctx context.Context, token string) (Connection, error)

// VerifyToken calls f.
func (f TokenVerifierFunc) VerifyToken(ctx context.Context, token string) (Connection, error) {
	return f(ctx, token)
}

// TokenPrefix begins every token that [NewToken] makes, so that people and
// scanners of leaked secrets recognise one.
const TokenPrefix = "usher_"

const (
	tokenBytes    = 32 // 256 bits
	checksumBytes = 4
	// tokensEach is how many valid tokens a connection may have: one at work and
	// one for rotation (P1.2).
	tokensEach = 2
)

// NewToken makes a token: the prefix, 256 bits of randomness, and a checksum of
// both, in characters that need no escaping anywhere.
func NewToken() string {
	secret := make([]byte, tokenBytes, tokenBytes+checksumBytes)
	_, _ = rand.Read(secret) // never fails
	return TokenPrefix + base64.RawURLEncoding.EncodeToString(checksum(secret))
}

func checksum(secret []byte) []byte {
	sum := crc32.ChecksumIEEE(append([]byte(TokenPrefix), secret...))
	return append(secret, byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum))
}

// WellFormedToken reports whether a token could be one of NewToken's: a slip of
// the clipboard is told apart from a token that was revoked.
func WellFormedToken(token string) bool {
	body, ok := strings.CutPrefix(token, TokenPrefix)
	if !ok {
		return false
	}
	raw, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || len(raw) != tokenBytes+checksumBytes {
		return false
	}
	return subtle.ConstantTimeCompare(raw, checksum(slices.Clone(raw[:tokenBytes]))) == 1
}

// Token describes a token without giving it away.
type Token struct {
	ID         string // names the token; no secret
	Connection Connection
	Created    time.Time
	Expires    time.Time // zero: never
	LastUsed   time.Time // zero: never
}

// Tokens is a ready [TokenVerifier] that keeps connections and the SHA-256 of
// their tokens in memory. A connection has at most two valid tokens at a time,
// the second for rotation (P1.2). The zero value is ready and has no tokens; it
// is safe for concurrent use.
type Tokens struct {
	// Now is the clock; nil: time.Now. It is set before the first use.
	Now func() time.Time

	mu     sync.RWMutex
	byHash map[[sha256.Size]byte]*storedToken
	next   int
}

type storedToken struct {
	Token
	hash [sha256.Size]byte
	used sync.Mutex
}

var (
	// ErrTooManyTokens says that the connection has two valid tokens already.
	ErrTooManyTokens = errors.New("scim: the connection has two valid tokens; revoke one first")
	// ErrTokenInUse says that the token serves another connection (P1.2).
	ErrTokenInUse = errors.New("scim: the token serves another connection")
)

// Issue makes a token for a connection and returns it, this once, in the clear.
// expires may be zero for never. Errors: [ErrTooManyTokens].
func (s *Tokens) Issue(c Connection, expires time.Time) (string, Token, error) {
	secret := NewToken()
	t, err := s.Add(c, secret, expires)
	return secret, t, err
}

// CheckToken says why a token cannot serve a connection, whoever keeps it: the
// connection has no ID or no tenant, or the token is empty or has characters that a
// header cannot carry. How hard it is to guess is up to whoever made it.
func CheckToken(c Connection, secret string) error {
	switch {
	case c.ID == "" || c.Tenant == "":
		return errors.New("scim: a connection needs an ID and a tenant")
	case secret == "":
		return errors.New("scim: the token is empty")
	case strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r > '~' }):
		return errors.New("scim: the token has characters that a header cannot carry")
	}
	return nil
}

// Add takes a token that was made elsewhere. Errors: [ErrTooManyTokens],
// [ErrTokenInUse], and those of [CheckToken].
func (s *Tokens) Add(c Connection, secret string, expires time.Time) (Token, error) {
	if err := CheckToken(c, secret); err != nil {
		return Token{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	hash := sha256.Sum256([]byte(secret))
	if old := s.byHash[hash]; old != nil {
		return Token{}, ErrTokenInUse
	}
	valid := 0
	for _, t := range s.byHash {
		if t.Connection.ID != c.ID {
			continue
		}
		if t.Connection.Tenant != c.Tenant {
			return Token{}, fmt.Errorf("scim: connection %q belongs to another tenant", c.ID)
		}
		if t.valid(now) {
			valid++
		}
	}
	if valid >= tokensEach {
		return Token{}, ErrTooManyTokens
	}
	if s.byHash == nil {
		s.byHash = make(map[[sha256.Size]byte]*storedToken)
	}
	s.next++
	t := &storedToken{hash: hash, Token: Token{ID: fmt.Sprintf("%s-%d", c.ID, s.next), Connection: c, Created: now, Expires: expires}}
	s.byHash[hash] = t
	return t.Token, nil
}

// Revoke ends a token at once and reports whether there was one.
func (s *Tokens) Revoke(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for hash, t := range s.byHash {
		if t.ID == id {
			delete(s.byHash, hash)
			return true
		}
	}
	return false
}

// Of returns the tokens of a connection, also expired ones, the oldest first.
func (s *Tokens) Of(connection string) []Token {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []Token
	for _, t := range s.byHash {
		if t.Connection.ID == connection {
			t.used.Lock()
			out = append(out, t.Token)
			t.used.Unlock()
		}
	}
	slices.SortFunc(out, func(a, b Token) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out
}

// VerifyToken implements [TokenVerifier]. A token is found by its hash, which
// tells nothing of any other token, and the hash is compared in constant time.
func (s *Tokens) VerifyToken(_ context.Context, token string) (Connection, error) {
	var buf [128]byte // on the stack, unlike a token's copy would be
	hash := sha256.Sum256(append(buf[:0], token...))
	s.mu.RLock()
	t := s.byHash[hash]
	s.mu.RUnlock()
	if t == nil || subtle.ConstantTimeCompare(t.hash[:], hash[:]) != 1 {
		return Connection{}, ErrToken
	}
	now := s.now()
	if !t.valid(now) {
		return Connection{}, fmt.Errorf("%w: it has expired", ErrToken)
	}
	t.used.Lock()
	t.LastUsed = now
	t.used.Unlock()
	return t.Connection, nil
}

func (t *storedToken) valid(now time.Time) bool { return t.Expires.IsZero() || now.Before(t.Expires) }

func (s *Tokens) now() time.Time {
	if s.Now != nil {
		return s.Now()
	}
	return time.Now()
}

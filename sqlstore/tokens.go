package sqlstore

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/usher-scim/scim"
)

// Tokens is [scim.Tokens] in the database: a [scim.TokenVerifier] whose tokens all
// replicas share. A connection has at most two valid tokens at a time, whoever
// issues them (P1.2); what is kept of a token is its SHA-256. It is made by
// [Store.Tokens] and safe for concurrent use.
type Tokens struct {
	// Now is the clock; nil: time.Now. It is set before the first use.
	Now func() time.Time

	s *Store
}

var _ scim.TokenVerifier = (*Tokens)(nil)

// Tokens returns the tokens in the store's database.
func (s *Store) Tokens() *Tokens { return &Tokens{s: s} }

// slots is how many valid tokens a connection may have. The table has it too.
const slots = 2

// usedInterval is how far Token.LastUsed may lag: a token in use costs one write in
// that time.
const usedInterval = time.Minute

// Issue makes a token for a connection and returns it, this once, in the clear.
// expires may be zero for never. Errors: [scim.ErrTooManyTokens], and those of the
// database.
func (k *Tokens) Issue(ctx context.Context, c scim.Connection, expires time.Time) (string, scim.Token, error) {
	secret := scim.NewToken()
	t, err := k.Add(ctx, c, secret, expires)
	return secret, t, err
}

// Add takes a token that was made elsewhere. Errors: [scim.ErrTooManyTokens],
// [scim.ErrTokenInUse], those of [scim.CheckToken], an error for a connection that
// belongs to another tenant, and those of the database.
func (k *Tokens) Add(ctx context.Context, c scim.Connection, secret string, expires time.Time) (scim.Token, error) {
	if err := scim.CheckToken(c, secret); err != nil {
		return scim.Token{}, err
	}
	t := scim.Token{ID: c.ID + "-" + scim.NewID(), Connection: c, Created: utc(k.now()), Expires: utc(expires)}
	err := k.s.write(ctx, func(q querier) (*Write, error) {
		return nil, q.addToken(ctx, &t, hashOf(secret))
	})
	if err != nil {
		return scim.Token{}, err
	}
	return t, nil
}

// addToken puts a token into a slot that is free. Somebody else who takes it first
// is waited for, and seen when it is looked at again.
func (q querier) addToken(ctx context.Context, t *scim.Token, hash string) error {
	c := t.Connection
	_, err := q.exec(ctx, `UPDATE usher_tokens SET slot = NULL WHERE connection = $1 AND slot IS NOT NULL AND expires <> 0 AND expires <= $2`,
		c.ID, nanos(t.Created))
	if err != nil {
		return err
	}
	for range q.s.o.Attempts {
		slot, err := q.freeSlot(ctx, c, hash)
		if err != nil {
			return err
		}
		added, err := q.exec(ctx, `INSERT INTO usher_tokens (hash, id, tenant, connection, name, strictness, created, expires, last_used, slot)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9) ON CONFLICT DO NOTHING`,
			hash, t.ID, c.Tenant, c.ID, c.Name, int64(c.Strictness), nanos(t.Created), nanos(t.Expires), slot)
		if err != nil || added == 1 {
			return err
		}
	}
	return scim.ErrTooManyTokens
}

// freeSlot returns a slot that no valid token of the connection has.
func (q querier) freeSlot(ctx context.Context, c scim.Connection, hash string) (int, error) {
	taken, inUse, tenant := make(map[int64]bool, slots), false, c.Tenant
	err := q.query(ctx, func(rows *sql.Rows) error {
		var (
			other, its, of string
			slot           sql.NullInt64
		)
		err := rows.Scan(&other, &of, &its, &slot)
		inUse = inUse || other == hash
		if of == c.ID {
			tenant = scim.Tenant(its)
		}
		taken[slot.Int64] = slot.Valid
		return err
	}, `SELECT hash, connection, tenant, slot FROM usher_tokens WHERE connection = $1
		UNION ALL SELECT hash, '', '', NULL FROM usher_tokens WHERE hash = $2`, c.ID, hash)
	switch {
	case err != nil:
		return 0, err
	case inUse:
		return 0, scim.ErrTokenInUse
	case tenant != c.Tenant:
		return 0, fmt.Errorf("sqlstore: connection %q belongs to another tenant", c.ID)
	}
	for slot := 1; slot <= slots; slot++ {
		if !taken[int64(slot)] {
			return slot, nil
		}
	}
	return 0, scim.ErrTooManyTokens
}

// Revoke ends a token at once, for all replicas, and reports whether there was one.
func (k *Tokens) Revoke(ctx context.Context, id string) (bool, error) {
	var revoked int64
	err := k.s.one(ctx, func(q querier) (_ *Write, err error) {
		revoked, err = q.exec(ctx, `DELETE FROM usher_tokens WHERE id = $1`, id)
		return nil, err
	})
	return revoked > 0, err
}

// Of returns the tokens of a connection, also expired ones, the oldest first.
func (k *Tokens) Of(ctx context.Context, connection string) ([]scim.Token, error) {
	var out []scim.Token
	err := k.s.read().query(ctx, func(rows *sql.Rows) error {
		var (
			t                      scim.Token
			created, expires, used int64
		)
		c := &t.Connection
		err := rows.Scan(&t.ID, &c.Tenant, &c.ID, &c.Name, &c.Strictness, &created, &expires, &used)
		t.Created, t.Expires, t.LastUsed = fromNanos(created), fromNanos(expires), fromNanos(used)
		out = append(out, t)
		return err
	}, `SELECT id, tenant, connection, name, strictness, created, expires, last_used FROM usher_tokens
		WHERE connection = $1 ORDER BY created, id`, connection)
	return out, err
}

// VerifyToken implements [scim.TokenVerifier] by one look-up of a primary key, and
// once a minute a write for Token.LastUsed. A token is found by its hash, which
// tells nothing of any other token, and the hash is compared in constant time. A
// database that fails is an error of its own, not [scim.ErrToken].
func (k *Tokens) VerifyToken(ctx context.Context, token string) (scim.Connection, error) {
	var (
		c             scim.Connection
		hash          = hashOf(token)
		stored        string
		expires, used int64
	)
	err := k.s.read().row(ctx, []any{&stored, &c.ID, &c.Tenant, &c.Name, &c.Strictness, &expires, &used},
		`SELECT hash, connection, tenant, name, strictness, expires, last_used FROM usher_tokens WHERE hash = $1`, hash)
	switch now := nanos(k.now()); {
	case errors.Is(err, sql.ErrNoRows):
		return scim.Connection{}, scim.ErrToken
	case err != nil:
		return scim.Connection{}, fmt.Errorf("sqlstore: the token could not be looked up: %w", err)
	case subtle.ConstantTimeCompare([]byte(stored), []byte(hash)) != 1:
		return scim.Connection{}, scim.ErrToken
	case expires != 0 && expires <= now:
		return scim.Connection{}, fmt.Errorf("%w: it has expired", scim.ErrToken)
	case now-used >= int64(usedInterval):
		k.used(ctx, hash, now)
	}
	return c, nil
}

// used notes that a token was used, unless somebody else just did. That this fails
// is no reason to refuse the token; the next request tries again.
func (k *Tokens) used(ctx context.Context, hash string, now int64) {
	q := k.s.read()
	_, _ = q.exec(ctx, `UPDATE usher_tokens SET last_used = $2 WHERE hash = $1 AND last_used <= $3`, hash, now, now-int64(usedInterval))
}

func hashOf(token string) string {
	hash := sha256.Sum256([]byte(token))
	return hex.EncodeToString(hash[:])
}

func (k *Tokens) now() time.Time {
	if k.Now != nil {
		return k.Now()
	}
	return time.Now()
}

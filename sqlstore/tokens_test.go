package sqlstore_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
)

// clock is a clock that stands still until it is moved on.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var okta = scim.Connection{ID: "okta", Tenant: "acme", Name: "Okta of Acme", Strictness: scim.RFC}

// TestTokens compares the tokens in a database with those in memory, over all that
// can be done with them, through two handles (P1.2).
func TestTokens(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		one, other := b.two(t, sqlstore.Options{})
		rapid.Check(t, func(r *rapid.T) {
			_, err := database(one).ExecContext(t.Context(), "DELETE FROM usher_tokens")
			require.NoError(r, err)
			c := newClock()
			m := &tokenModel{t: r, clock: c, want: &scim.Tokens{Now: c.Now}, same: map[string]string{}}
			for _, s := range []*sqlstore.Store{one, other} {
				k := s.Tokens()
				k.Now = c.Now
				m.got = append(m.got, k)
			}
			for range rapid.IntRange(1, 30).Draw(r, "steps") {
				m.step()
			}
		})
	})
}

// tokenModel does everything twice.
type tokenModel struct {
	t       *rapid.T
	clock   *clock
	want    *scim.Tokens
	got     []*sqlstore.Tokens
	secrets []string
	ids     []string          // of want
	same    map[string]string // IDs of got by those of want
}

func (m *tokenModel) step() {
	ctx, got := context.Background(), rapid.SampledFrom(m.got).Draw(m.t, "handle")
	switch rapid.IntRange(0, 4).Draw(m.t, "what") {
	case 0, 1:
		m.add(ctx, got)
	case 2:
		if len(m.ids) == 0 {
			return
		}
		id := rapid.SampledFrom(m.ids).Draw(m.t, "id")
		revoked, err := got.Revoke(ctx, m.same[id])
		require.NoError(m.t, err)
		require.Equal(m.t, m.want.Revoke(id), revoked)
	case 3:
		m.clock.add(time.Duration(rapid.IntRange(1, 40).Draw(m.t, "minutes")) * time.Minute)
	default:
		secret := rapid.SampledFrom(append(m.secrets, "unknown", "")).Draw(m.t, "secret")
		wantConn, wantErr := m.want.VerifyToken(ctx, secret)
		conn, err := got.VerifyToken(ctx, secret)
		require.Equal(m.t, wantConn, conn)
		sameError(m.t, wantErr, err)
	}
	for _, c := range []string{"okta", "entra"} {
		list, err := got.Of(ctx, c)
		require.NoError(m.t, err)
		want := m.want.Of(c)
		require.Len(m.t, list, len(want))
		for _, w := range want {
			w.ID = m.same[w.ID]
			i := -1
			for j := range list {
				if list[j].ID == w.ID {
					i = j
				}
			}
			require.GreaterOrEqual(m.t, i, 0, "a token of %s is missing", c)
			require.Empty(m.t, cmp.Diff(w, list[i]))
			require.True(m.t, i == 0 || !list[i].Created.Before(list[i-1].Created), "the oldest first")
		}
	}
}

func (m *tokenModel) add(ctx context.Context, got *sqlstore.Tokens) {
	c := scim.Connection{
		ID:     rapid.SampledFrom([]string{"okta", "entra", ""}).Draw(m.t, "connection"),
		Tenant: rapid.SampledFrom([]scim.Tenant{"acme", "acme", "acme", "globex", ""}).Draw(m.t, "tenant"),
		Name:   "Ünï", Strictness: rapid.SampledFrom([]scim.Strictness{scim.Lenient, scim.RFC}).Draw(m.t, "strictness"),
	}
	var expires time.Time
	if rapid.Bool().Draw(m.t, "expires") {
		expires = m.clock.Now().Add(time.Duration(rapid.IntRange(-5, 60).Draw(m.t, "in")) * time.Minute)
	}
	secret := rapid.SampledFrom(append(m.secrets, "", "a b", "é", scim.NewToken(), scim.NewToken(), scim.NewToken())).Draw(m.t, "new")
	want, wantErr := m.want.Add(c, secret, expires)
	token, err := got.Add(ctx, c, secret, expires)
	sameError(m.t, wantErr, err)
	if err != nil {
		require.Zero(m.t, token)
		return
	}
	m.secrets, m.ids = append(m.secrets, secret), append(m.ids, want.ID)
	m.same[want.ID] = token.ID
	want.ID = token.ID
	require.Equal(m.t, want, token)
}

// sameError requires two errors that mean the same.
func sameError(t *rapid.T, want, got error) {
	if want == nil {
		require.NoError(t, got)
		return
	}
	for _, kind := range []error{scim.ErrToken, scim.ErrTooManyTokens, scim.ErrTokenInUse} {
		require.Equal(t, errors.Is(want, kind), errors.Is(got, kind), "%v, not %v", got, want)
	}
	require.Error(t, got, "want %v", want)
}

// TestTokensAtOnce has many issue tokens for one connection, and for one connection
// in two tenants, through two handles: there are never more than two, nor two tenants
// (P1.2).
func TestTokensAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		one, other := b.two(t, sqlstore.Options{Attempts: 100})
		tokens := []*sqlstore.Tokens{one.Tokens(), other.Tokens()}
		for round := range 6 {
			c := okta
			c.ID = string(rune('a' + round))
			if round%2 == 1 { // beside one that has expired
				_, _, err := tokens[0].Issue(t.Context(), c, time.Now().Add(-time.Hour))
				require.NoError(t, err)
			}
			var wg sync.WaitGroup
			errs := make([]error, 12)
			for i := range errs {
				wg.Go(func() {
					c := c
					if i%3 == 2 {
						c.Tenant = "globex"
					}
					_, _, errs[i] = tokens[i%2].Issue(context.Background(), c, time.Time{})
				})
			}
			wg.Wait()
			list, err := tokens[0].Of(t.Context(), c.ID)
			require.NoError(t, err)
			issued := 0
			for _, err := range errs {
				if err == nil {
					issued++
				}
			}
			require.Equal(t, 2, issued, "%v", errs)
			require.Len(t, list, issued+round%2)
			for _, token := range list {
				require.Equal(t, list[0].Connection.Tenant, token.Connection.Tenant)
			}
		}
	})
}

// TestTokensLastUsed: a token in use costs at most one write a minute, whoever sees
// it.
func TestTokensLastUsed(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		address := b.address(t)
		seen := new(spy)
		one, other := b.on(t, seen.open(t, b, address), sqlstore.Options{}), b.on(t, seen.open(t, b, address), sqlstore.Options{})
		c, handles := newClock(), []*sqlstore.Tokens{one.Tokens(), other.Tokens()}
		for _, k := range handles {
			k.Now = c.Now
		}
		secret, _, err := handles[0].Issue(t.Context(), okta, time.Time{})
		require.NoError(t, err)
		used := func() time.Time {
			list, err := handles[1].Of(t.Context(), okta.ID)
			require.NoError(t, err)
			return list[0].LastUsed
		}
		require.Zero(t, used())
		for minute := range 3 {
			at := c.Now()
			sent := seen.during(func() {
				for i := range 60 {
					got, err := handles[i%2].VerifyToken(t.Context(), secret)
					require.NoError(t, err)
					require.Equal(t, okta, got)
					c.add(time.Second)
				}
			})
			require.Len(t, sent.statements(), 61, "in minute %d", minute)
			require.Equal(t, 61, sent.exchanges(), "nothing around them")
			require.Equal(t, at, used())
		}
	})
}

// TestTokensBroken: a database that fails is no reason for an identity provider to
// give up on its credentials.
func TestTokensBroken(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		s := b.open(t, b.address(t), sqlstore.Options{})
		tokens := s.Tokens()
		secret, issued, err := tokens.Issue(t.Context(), okta, time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC))
		require.NoError(t, err)
		require.Equal(t, 2262, issued.Expires.Year(), "what fits")
		dir, err := scim.New(scim.Config{Store: s})
		require.NoError(t, err)
		h, err := scim.NewHandler(dir, scim.HandlerConfig{BaseURL: "https://app.example.com/scim/v2", Verifier: tokens})
		require.NoError(t, err)
		get := func(ctx context.Context, token string) int {
			r := httptest.NewRequestWithContext(ctx, http.MethodGet, "https://app.example.com/scim/v2/Users", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			return w.Code
		}
		require.Equal(t, http.StatusOK, get(t.Context(), secret))
		require.Equal(t, http.StatusUnauthorized, get(t.Context(), secret+"x"))

		ended, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = tokens.VerifyToken(ended, secret)
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, scim.ErrToken)

		execute(t, s, "ALTER TABLE usher_tokens RENAME TO elsewhere")
		_, err = tokens.VerifyToken(t.Context(), secret)
		require.Error(t, err)
		require.NotErrorIs(t, err, scim.ErrToken)
		require.Equal(t, http.StatusServiceUnavailable, get(t.Context(), secret))
	})
}

// TestFarTimes: a time that does not fit is the last that does, not one long ago.
func TestFarTimes(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		s := b.open(t, b.address(t), sqlstore.Options{})
		require.NoError(t, s.Append(t.Context(), acme, event(scim.RequestRefused, "", "")))
		for _, c := range []struct {
			from, to int
			want     int
		}{{1000, 9999, 1}, {2026, 3000, 1}, {9000, 9999, 0}, {1000, 1500, 0}} {
			page, err := s.Events(t.Context(), scim.EventQuery{
				Tenant: acme, From: time.Date(c.from, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(c.to, 1, 1, 0, 0, 0, 0, time.UTC),
			})
			require.NoError(t, err)
			require.Len(t, page.Items, c.want, "%d to %d", c.from, c.to)
		}
	})
}

package scim_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// TestRFC42_Tokens: a token that is issued has 256 random bits, is kept as a hash
// alone, and is in no log (RFC 7644 sections 7.3 and 7.4).
func TestRFC42_Tokens(t *testing.T) {
	t.Parallel()
	s := &scim.Tokens{}
	seen := make(map[string]bool)
	var last, bits [32]byte
	for i := range 200 {
		c := scim.Connection{ID: string(rune('a' + i)), Tenant: acme}
		secret, _, err := s.Issue(c, time.Time{})
		require.NoError(t, err)
		raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(secret, scim.TokenPrefix))
		require.NoError(t, err)
		require.GreaterOrEqual(t, len(raw), 32)
		for i := range 32 {
			bits[i] |= raw[i] ^ last[i]
			last[i] = raw[i]
		}
		require.False(t, seen[secret])
		seen[secret] = true
		got, err := s.VerifyToken(context.Background(), secret)
		require.NoError(t, err)
		require.Equal(t, c, got)
		for _, near := range []string{secret[:len(secret)-1], secret + "A", strings.ToUpper(secret), " " + secret} {
			_, err := s.VerifyToken(context.Background(), near)
			require.ErrorIs(t, err, scim.ErrToken)
		}
	}
	for i, b := range bits {
		require.Equal(t, byte(0xFF), b, "byte %d of the tokens has bits that never change", i)
	}
	require.NotContains(t, fmt.Sprintf("%+v", s), scim.TokenPrefix)
	r := newRig(t)
	r.create(person("ann"))
	r.ok(400, "GET", "/Users?filter=x", nil)
	require.NotEmpty(t, r.log.String())
	require.NotContains(t, r.log.String(), "token-entra")
}

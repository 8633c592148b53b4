package okta_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp/okta"
)

// TestSetMappings: other mappings count at once for everybody who is provisioned, and
// those without a userName for nobody.
func TestSetMappings(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		s := onShelf(t, okta.Config{Flavour: flavour})
		s.assigned("ann")
		s.quietly()
		require.ErrorContains(t, s.app.SetMappings([]okta.Mapping{{Path: "title", Expression: "user.title"}}), "userName")
		require.Zero(t, s.sync().Requests, "nothing is due")
		require.NoError(t, s.app.SetMappings(append(okta.DefaultMappings(), okta.Mapping{Path: "nickName", Expression: "user.login"})))
		require.Equal(t, 1, s.quietly().Updated)
		require.NoError(t, s.app.SetMappings(nil))
		require.Equal(t, 1, s.quietly().Updated)
	})
}

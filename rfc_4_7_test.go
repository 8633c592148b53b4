package scim_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// The tests in rfc_4_*_test.go prove rows of docs/conformance.md that no other
// test proves; their names say which section of that table they belong to.

// TestRFC47_NoUserName: a required attribute that is missing is an error of its
// own (RFC 7644 section 3.12), whoever has the e-mail address.
func TestRFC47_NoUserName(t *testing.T) {
	t.Parallel()
	taken := map[string]func(r *rig){
		"nobody has the address":      func(*rig) {},
		"a provisioned user has it":   func(r *rig) { r.create(person("ann")) },
		"a deactivated user has it":   func(r *rig) { r.create(person("ann", obj{"active": false})) },
		"a deleted user has it":       func(r *rig) { r.ok(204, "DELETE", "/Users/"+r.create(person("ann")), nil) },
		"an account of the host's":    func(r *rig) { r.host("ann", "ann@acme.example") },
		"one named as a member alone": func(r *rig) { r.group("Staff", "ann@acme.example") },
	}
	each(t, taken, func(t *testing.T, someone func(r *rig)) {
		r := newRig(t)
		someone(r)
		for _, name := range []any{nil, "", "  ", list{}} {
			p := r.refused(400, "invalidValue", "POST", "/Users", person("ann", obj{"userName": name}))
			require.Contains(t, p.detail(), "userName")
		}
		r.clock.advance(1e9)
		_, err := r.dir.CreateUser(context.Background(), acme, scim.NewUser{Email: "ann@acme.example"})
		var e *scim.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, "invalidValue", e.Type)
	})
}

package scim_test

import (
	"context"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// joined is a store that counts how often it is asked for groups, and, if it can,
// finds users together with them.
type joined struct {
	*memstore.Store
	can   bool
	asked atomic.Int64
}

func (s *joined) GroupsOf(ctx context.Context, t scim.Tenant, ids []string) (map[string][]scim.GroupRef, error) {
	s.asked.Add(1)
	return s.Store.GroupsOf(ctx, t, ids)
}

func (s *joined) FindUsers(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.User, error) {
	f.Groups = f.Groups && s.can
	return s.Store.FindUsers(ctx, t, f)
}

// TestGroupsShown: what a client is shown is the same whether a store finds users
// together with their groups or not; and who is new is in none, so that nobody asks.
func TestGroupsShown(t *testing.T) {
	byName := "/Users?filter=" + url.QueryEscape(`userName eq "ann@example.com"`)
	var shown [2][]string
	for i, can := range []bool{false, true} {
		s := &joined{Store: memstore.New(), can: can}
		r := newRig(t, func(c *scim.Config) { c.Store = s })
		asked := func(want int64, f func() reply) {
			t.Helper()
			s.asked.Store(0)
			raw := f().raw
			require.Equal(t, want, s.asked.Load())
			shown[i] = append(shown[i], raw)
		}
		looked := map[bool]int64{false: 1, true: 0}[can]
		var id string
		asked(0, func() reply {
			w := r.ok(201, "POST", "/Users", obj{"userName": "ann@example.com"})
			id = w.body["id"].(string)
			return w
		})
		g := r.group("Engineers", id)
		asked(looked, func() reply { return r.ok(200, "GET", byName, nil) })
		asked(looked, func() reply { return r.ok(200, "GET", byName+"&attributes=groups", nil) })
		asked(0, func() reply { return r.ok(200, "GET", byName+"&excludedAttributes=groups", nil) })
		asked(0, func() reply { return r.ok(200, "GET", byName+"&attributes=userName", nil) })
		asked(1, func() reply { return r.ok(200, "GET", "/Users", nil) })
		asked(looked, func() reply { return r.get(id) })
		asked(0, func() reply { return r.ok(200, "GET", "/Users/"+id+"?excludedAttributes=groups", nil) })
		asked(looked, func() reply { return r.patch(id, obj{"op": "replace", "path": "active", "value": false}) })
		asked(looked, func() reply { return r.patch(id, obj{"op": "replace", "path": "active", "value": false}) })
		// Who comes back is in the groups that there were.
		asked(1, func() reply { return r.ok(201, "POST", "/Users", obj{"userName": "ann@example.com"}) })
		for j := range shown[i] {
			shown[i][j] = strings.NewReplacer(id, "ANN", g, "ENGINEERS").Replace(shown[i][j])
		}
		last := shown[i][len(shown[i])-1]
		require.Contains(t, last, `"display":"Engineers"`, "somebody who was deactivated is still in the group")
	}
	require.Equal(t, shown[0], shown[1])
}

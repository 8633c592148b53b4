package storetest

import (
	"cmp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

var size = []check{
	{name: "size/members", promise: "What one member costs does not grow with the group (P7.5), nor what a write or look-up of a user costs with the tenant.", run: sizeMembers, alone: true},
}

// slack is how much longer a step may take in the large tenant than in the small
// one: a search of an index is a little deeper there, and a machine is never
// quite at rest. What goes through all of it takes a hundred times as long.
const (
	slack    = 6
	atRest   = 2 * time.Millisecond // what is quicker than this is quick
	attempts = 30
)

func sizeMembers(p *probe) {
	large := cmp.Or(p.h.Members, 20_000)
	if testing.Short() {
		large = min(large, 2000)
	}
	small := large / 100
	tenants := map[scim.Tenant]int{"small": small, "large": large}
	for t, n := range tenants {
		all := ids("u", n)
		for i, id := range all {
			u := inFolder(named(id), scim.RootDivision, "Folder "+strconv.Itoa(i%20))
			_, err := p.a.CreateUser(ctx, t, u, scim.Guard{}, event(i))
			require.NoError(p, err)
		}
		_, err := p.a.CreateGroup(ctx, t, &scim.Group{ID: "g", DisplayName: "g", Key: "g"}, all, event(0))
		require.NoError(p, err)
		for _, id := range []string{"x", "y"} {
			_, err := p.a.CreateUser(ctx, t, named(id), scim.Guard{}, event(0))
			require.NoError(p, err)
		}
	}
	if p.h.Filled != nil {
		p.h.Filled(p, p.a)
	}
	steps := map[string]func(t scim.Tenant, i int) error{
		"adding a member": func(t scim.Tenant, i int) error {
			c := scim.GroupChange{Add: []string{"x"}}
			if i%2 == 1 {
				c = scim.GroupChange{Remove: []string{"x"}}
			}
			_, err := p.eitherHandle(i).UpdateGroup(ctx, t, "g", c, scim.Guard{}, event(i))
			return err
		},
		"changing a user": func(t scim.Tenant, i int) error {
			_, err := p.eitherHandle(i).UpdateUser(ctx, t, with(named("y"), func(u *scim.User) { u.Title = strconv.Itoa(i) }),
				scim.Guard{Seats: scim.Seats(1 << 30)}, event(i))
			return err
		},
		"finding a user": func(t scim.Tenant, i int) error {
			_, err := p.eitherHandle(i).FindUsers(ctx, t, scim.Find{UserNames: []string{"y@example.com"}})
			return err
		},
		"the groups of a user": func(t scim.Tenant, i int) error {
			_, err := p.eitherHandle(i).GroupsOf(ctx, t, []string{"y", "u000001"})
			return err
		},
		"counting": func(t scim.Tenant, i int) error {
			_, err := p.eitherHandle(i).Counts(ctx, t)
			return err
		},
	}
	for name, step := range steps {
		before, after := p.median("small", step), p.median("large", step)
		if after > atRest && after > slack*before {
			p.Errorf("%s takes %v among %d and %v among %d", name, before, small, after, large)
		}
		p.Logf("%s: %v among %d, %v among %d", name, before, small, after, large)
	}
	page, err := p.b.Members(ctx, "large", "g", scim.Query{Limit: 1})
	require.NoError(p, err)
	require.Equal(p, large, page.Total)
}

// median returns how long a step takes in the middle of many tries.
func (p *probe) median(t scim.Tenant, step func(t scim.Tenant, i int) error) time.Duration {
	var took []time.Duration
	for i := range attempts {
		begin := time.Now()
		require.NoError(p, step(t, i))
		took = append(took, time.Since(begin))
	}
	slices.Sort(took)
	return took[len(took)/2]
}

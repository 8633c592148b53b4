package memstore

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

func TestAFilterAsksForMembersOneByOne(t *testing.T) {
	t.Parallel()
	g := &group{Group: scim.Group{ID: "g"}}
	for _, id := range []string{"b", "a", "c"} {
		u := &user{User: scim.User{ID: id, Keys: scim.Keys{Label: "User " + id}}}
		(&edge{group: g, user: u}).link()
	}
	m := membership{g}
	require.True(t, m.Has("a"))
	require.False(t, m.Has("g"))
	var got []string
	m.Each(func(member scim.Member) bool {
		got = append(got, member.Display)
		return len(got) < 2
	})
	require.Equal(t, []string{"User b", "User a"}, got)
}

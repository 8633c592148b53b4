package idptest

import (
	"net/http"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// scenario is a piece of a company's life, written once for all providers.
type scenario struct {
	name   string
	seats  bool // needs a licence that the test may change
	rotate bool // needs a token that the test may end
	play   func(s *stage)
}

var scenarios = []scenario{
	{name: "hire", play: hire},
	{name: "change department", play: changeDepartment},
	{name: "promote to manager", play: promote},
	{name: "rename on marriage", play: marry},
	{name: "leave", play: leave},
	{name: "come back", play: comeBack},
	{name: "delete", play: remove},
	{name: "group renamed", play: renameGroup},
	{name: "licence exhausted and extended", seats: true, play: licence},
	{name: "token rotated in the middle of a cycle", rotate: true, play: rotateToken},
	{name: "server down for a cycle", play: serverDown},
	{name: "wrong mapping to id", play: mapToID},
}

// family is whom most scenarios begin with: Ann, who leads Bob, in a group of two.
func family(s *stage) (ann, bob Person, group string) {
	s.Helper()
	ann, bob, group = s.person("Ann", "Other"), s.person("Bob", "Miller"), s.group("Team")
	ann.Title, ann.Department = "Head of Sales", "Sales"
	bob.Title, bob.Department, bob.Manager = "Sales Agent", "Sales", ann.Key
	s.put(ann, bob)
	s.provider.Group(group, ann.Key, bob.Key)
	s.sync()
	return ann, bob, group
}

func hire(s *stage) {
	ann, bob, group := family(s)
	s.is(ann, true)
	s.is(bob, true)
	s.reportsTo(bob, ann)
	s.groupIs(group, ann, bob)
	s.idle()
	eve := s.person("Ève", "O'Neil-Müller") // not every name is ASCII
	eve.UserName, eve.Email = "eve.o'neil+hr@"+s.domain, "Eve.ONeil@"+s.domain
	eve.Title, eve.Department, eve.Manager = `Agent "Night"`, "Sales \\ Nord", bob.Key
	s.put(eve)
	s.provider.Group(group, ann.Key, bob.Key, eve.Key)
	s.sync()
	s.is(eve, true)
	s.reportsTo(eve, bob)
	s.groupIs(group, ann, bob, eve)
	s.idle()
}

func changeDepartment(s *stage) {
	ann, bob, group := family(s)
	id := s.is(bob, true)
	bob.Department, bob.Title = "Finance & Control", "Controller"
	s.put(bob)
	s.sync()
	require.Equal(s, id, s.is(bob, true))
	s.is(ann, true)
	s.groupIs(group, ann, bob)
	if s.host.Directory != nil && s.provider.Has().Department {
		require.False(s, s.inFolder("Sales", id), "still in the old folder")
	}
	s.idle()
}

func promote(s *stage) {
	ann, bob, _ := family(s)
	carl, dora := s.person("Carl", "Young"), s.person("Dora", "Young")
	carl.Manager, dora.Manager = ann.Key, ann.Key
	s.put(carl, dora)
	s.sync()
	bob.Title = "Team Lead"
	carl.Manager, dora.Manager = bob.Key, bob.Key
	s.put(bob, carl, dora)
	s.sync()
	s.is(bob, true)
	s.reportsTo(bob, ann)
	s.reportsTo(carl, bob)
	s.reportsTo(dora, bob)
	s.idle()
}

func marry(s *stage) {
	ann, bob, group := family(s)
	id := s.is(ann, true)
	former := ann.UserName
	ann.FamilyName = "Miller"
	ann.UserName, ann.Email = "ann.miller@"+s.domain, "ann.miller@"+s.domain
	s.put(ann)
	s.sync()
	require.Equal(s, id, s.is(ann, true), "the person is the same")
	require.Nil(s, s.find(former), "the former name")
	s.reportsTo(bob, ann)
	s.groupIs(group, ann, bob)
	s.idle()
	again := s.person("Ann", "Other") // the former name is free
	again.Key = "another ann"
	s.put(again)
	s.sync()
	require.NotEqual(s, id, s.is(again, true))
}

func leave(s *stage) {
	ann, bob, group := family(s)
	id := s.is(bob, true)
	s.provider.Leave(bob.Key)
	s.sync()
	r := s.get("/Users", id)
	require.NotNil(s, r, "who has left stays readable")
	require.Equal(s, false, r["active"])
	require.Equal(s, id, s.is(bob, false))
	s.is(ann, true)
	s.accessEnded(id)
	s.groupIs(group, ann, bob)
	s.idle()
}

func comeBack(s *stage) {
	ann, bob, group := family(s)
	id := s.is(bob, true)
	s.provider.Leave(bob.Key)
	s.sync()
	s.provider.Return(bob.Key)
	bob.Title, bob.Department = "Adviser", "Service"
	s.put(bob)
	s.sync()
	require.Equal(s, id, s.is(bob, true), "the person is the same")
	s.reportsTo(bob, ann)
	s.groupIs(group, ann, bob)
	s.idle()
}

func remove(s *stage) {
	ann, bob, group := family(s)
	id := s.is(bob, true)
	s.provider.Group(group, ann.Key) // before he leaves: some know no id of him afterwards
	s.sync()
	s.provider.Leave(bob.Key)
	s.sync()
	s.provider.Delete(bob.Key)
	s.sync()
	s.accessEnded(id)
	r := s.get("/Users", id)
	if s.provider.Has().Deletes {
		require.Nil(s, r, "who is deleted is gone")
		require.Nil(s, s.find(bob.UserName))
	} else {
		require.Equal(s, false, r["active"], "this provider deletes nobody")
	}
	s.groupIs(group, ann)
	s.idle()
}

func renameGroup(s *stage) {
	ann, bob, group := family(s)
	if !s.provider.Has().Groups {
		s.Skip("the provider has no groups")
	}
	id := s.groupIs(group, ann, bob)
	next := s.group("Süd \"One\"")
	s.provider.RenameGroup(group, next)
	s.sync()
	require.Equal(s, id, s.get("/Groups", id).ID())
	require.Equal(s, next, s.get("/Groups", id).Text("displayName"))
	carl := s.person("Carl", "Young")
	s.put(carl)
	s.provider.Group(next, carl.Key, bob.Key)
	s.sync()
	members, _ := s.get("/Groups", id)["members"].([]any)
	require.Len(s, members, 2)
	s.provider.Group(next)
	s.sync()
	require.Empty(s, s.get("/Groups", id)["members"], "nobody is left in it")
	s.is(ann, true)
	s.idle()
}

func licence(s *stage) {
	s.host.SetSeats(2)
	ann, bob, group := family(s)
	carl := s.person("Carl", "Young")
	carl.Manager = ann.Key
	s.put(carl)
	s.provider.Group(group, ann.Key, bob.Key, carl.Key)
	s.sync()
	id := s.is(carl, false)
	s.reportsTo(carl, ann)
	require.Equal(s, scim.StatusHeld, s.status(id))
	s.groupIs(group, ann, bob, carl)
	s.host.SetSeats(3)
	s.sync() // the provider may ask again that Carl be active
	require.Equal(s, scim.StatusHeld, s.status(id), "raising the limit activates nobody (P5.3)")
	_, err := s.host.Directory.Activate(s.Context(), s.host.Tenant, id)
	require.NoError(s, err)
	s.sync()
	require.Equal(s, id, s.is(carl, true))
	s.provider.Leave(bob.Key)
	s.sync()
	dora := s.person("Dora", "Young")
	s.put(dora)
	s.sync()
	s.is(dora, true) // in the seat that Bob left
	s.is(bob, false)
	s.idle()
}

func (s *stage) status(id string) scim.Status {
	s.Helper()
	u, err := s.host.Directory.User(s.Context(), s.host.Tenant, id)
	require.NoError(s, err)
	return u.Status
}

func rotateToken(s *stage) {
	ann, bob, group := family(s)
	var people []Person
	keys := []string{ann.Key, bob.Key}
	for _, name := range []string{"Carl", "Dora", "Emil", "Fay", "Gus"} {
		p := s.person(name, "Young")
		people, keys = append(people, p), append(keys, p.Key)
	}
	s.put(people...)
	s.provider.Leave(bob.Key)
	s.provider.Group(group, keys...)
	var token string
	s.gate.after(5, func() { token = s.host.Rotate() })
	for _, f := range s.syncBadly() {
		require.Equal(s, http.StatusUnauthorized, f.Status, "%+v", f)
		require.NotEmpty(s, f.Detail)
	}
	require.NotEmpty(s, token)
	s.reader.Token = token
	s.provider.SetToken(token)
	s.sync()
	for _, p := range people {
		s.is(p, true)
	}
	s.is(bob, false)
	s.groupHas(group, []Person{bob}, append(people, ann)...)
	s.idle()
}

func serverDown(s *stage) {
	ann, bob, group := family(s)
	carl := s.person("Carl", "Young")
	s.gate.cut(true)
	s.put(carl)
	s.provider.Leave(bob.Key)
	for _, f := range s.syncBadly() {
		require.Zero(s, f.Status, "%+v", f)
	}
	ann.Title = "Director"
	s.put(ann)
	s.provider.Group(group, ann.Key, bob.Key, carl.Key)
	s.gate.cut(false)
	s.sync()
	s.is(ann, true)
	s.accessEnded(s.is(bob, false))
	s.is(carl, true)
	s.groupHas(group, []Person{bob}, ann, carl)
	s.idle()
}

func mapToID(s *stage) {
	ann, bob, group := family(s)
	ids := []string{s.is(ann, true), s.is(bob, true)}
	if !s.provider.MapToID(true) {
		s.Skip("the provider does not let an administrator map to id")
	}
	ann.Title = "Director"
	carl := s.person("Carl", "Young")
	s.put(ann, carl)
	s.provider.Leave(bob.Key)
	s.provider.Sync(s.Context())
	for _, f := range s.provider.Failures() { // what fails is seen, and says why
		require.Equal(s, http.StatusBadRequest, f.Status, "%+v", f)
		require.Contains(s, f.Detail, "id", "%+v", f)
	}
	require.Equal(s, ids[0], s.find(ann.UserName).ID(), "no client writes an id (P2.4)")
	require.Equal(s, ids[1], s.find(bob.UserName).ID(), "no client writes an id (P2.4)")
	s.forget()
	s.provider.MapToID(false)
	s.sync()
	require.Equal(s, ids[0], s.is(ann, true))
	require.Equal(s, ids[1], s.is(bob, false))
	s.is(carl, true)
	s.accessEnded(ids[1])
	s.groupIs(group, ann, bob)
	s.idle()
}

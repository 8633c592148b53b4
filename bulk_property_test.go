package scim_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim"
)

// plan draws the operations of a Bulk.
type plan struct {
	rt     *rapid.T
	users  int // that there are before; operations name them {u0}, {u1}, ...
	groups int // {g0}, {g1}, ...
	// rank orders the POSTs by bulkId: one refers only to those of a lower rank, so
	// that there is no circle, and forwards as often as backwards.
	rank []int
}

func drawn[T any](rt *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(rt, label)
}

// someone draws a reference to a resource for an operation of that rank.
func (p *plan) someone(rank int) string {
	switch drawn(p.rt, "who", "there", "there", "there", "bulkId", "bulkId", "group", "group", "address", "unknown") {
	case "there":
		return fmt.Sprintf("{u%d}", rapid.IntRange(0, p.users-1).Draw(p.rt, "user"))
	case "group":
		return fmt.Sprintf("{g%d}", rapid.IntRange(0, p.groups-1).Draw(p.rt, "group"))
	case "bulkId":
		for i := range p.rank {
			at := (i + rapid.IntRange(0, len(p.rank)).Draw(p.rt, "bulkId")) % len(p.rank)
			if p.rank[at] < rank {
				return fmt.Sprintf("bulkId:b%d", at)
			}
		}
	case "address":
		return drawn(p.rt, "address", someMails...)
	case "unknown":
		return drawn(p.rt, "unknown", "bulkId:nobody", "x-1", "nobody", "nobody")
	}
	return "nobody"
}

func (p *plan) userData(rank int) obj {
	o := obj{"userName": drawn(p.rt, "userName", append([]string{"dan@acme.example", "eve@acme.example", "fay@acme.example"}, someNames...)...)}
	if rapid.Bool().Draw(p.rt, "more") {
		o["emails"] = list{mail(drawn(p.rt, "email", someMails...), "work")}
		o["active"] = drawn(p.rt, "active", someActives...)
		o[ent] = obj{"manager": p.someone(rank), "department": drawn(p.rt, "department", someFolders...)}
	}
	return o
}

func (p *plan) groupData(rank int) obj {
	members := list{}
	for range rapid.IntRange(0, 3).Draw(p.rt, "members") {
		members = append(members, obj{"value": p.someone(rank)})
	}
	return obj{"displayName": drawn(p.rt, "displayName", append([]string{"Band", "Team"}, someGroups...)...), "members": members}
}

// operation draws one operation; bulkID is that of a POST, below zero for none.
func (p *plan) operation(bulkID int) obj {
	group := rapid.Bool().Draw(p.rt, "of groups")
	endpoint, data := "/Users", p.userData
	if group {
		endpoint, data = "/Groups", p.groupData
	}
	if bulkID >= 0 {
		return post(endpoint, fmt.Sprintf("b%d", bulkID), data(p.rank[bulkID]))
	}
	all := len(p.rank)
	path := endpoint + "/" + p.someone(all)
	if group && rapid.Bool().Draw(p.rt, "one that is there") {
		path = "/Groups/{g0}"
	}
	o := operate(drawn(p.rt, "method", "PUT", "PATCH", "PATCH", "DELETE"), path, nil)
	switch o["method"] {
	case "PUT":
		o["data"] = data(all)
	case "PATCH":
		ops := []obj{}
		for range rapid.IntRange(0, 2).Draw(p.rt, "operations") {
			ops = append(ops, p.patchOperation(group, all))
		}
		o["data"] = patch(ops...)
	}
	if rapid.Bool().Draw(p.rt, "with a version") {
		o["version"] = drawn(p.rt, "version", `W/"stale"`, "*")
	}
	return o
}

func (p *plan) patchOperation(group bool, all int) obj {
	kind := drawn(p.rt, "op", "add", "replace", "remove")
	switch {
	case group && kind == "remove":
		return remove(`members[value eq "` + p.someone(all) + `"]`)
	case group:
		return op(kind, drawn(p.rt, "path", "members", "members", ""), obj{"members": list{p.someone(all)}})
	case kind == "remove":
		return remove(drawn(p.rt, "path", "title", ent+":manager", "userName", "emails"))
	}
	switch drawn(p.rt, "path", "active", "userName", "manager", "id") {
	case "active":
		return op(kind, "active", drawn(p.rt, "active", someActives...))
	case "userName":
		return op(kind, "userName", drawn(p.rt, "userName", someNames...))
	case "manager":
		return op(kind, ent+":manager", p.someone(all))
	}
	return op(kind, "id", "x")
}

var bulkReference = regexp.MustCompile(`bulkId:(\w+)`)

// single performs operations one by one, as requests of their own, in the order
// in which a Bulk has to: each after those that it refers to.
type single struct {
	*rig
	ops            []obj
	status         []string
	id             map[string]string // by bulkId of those that succeeded
	failOn, failed int
}

func (s *single) stopped() bool { return s.failOn > 0 && s.failed >= s.failOn }

func (s *single) run(i int) {
	if s.status[i] != "" {
		return
	}
	o := s.ops[i]
	// The path comes before the data, and the data in its order.
	text, err := json.Marshal([]any{o["path"], o["data"]})
	require.NoError(s.t, err)
	refused := ""
	for _, m := range bulkReference.FindAllStringSubmatch(string(text), -1) {
		if refused != "" || s.stopped() {
			break
		}
		refused = s.needs(m[1])
	}
	switch {
	case refused != "":
		s.status[i] = refused
		s.failed++
		return
	case s.stopped():
		return
	}
	fill := func(text string) string {
		return bulkReference.ReplaceAllStringFunc(text, func(m string) string { return s.id[strings.TrimPrefix(m, "bulkId:")] })
	}
	var data any
	if o["data"] != nil {
		text, err := json.Marshal(o["data"])
		require.NoError(s.t, err)
		data = fill(string(text))
	}
	version, _ := o["version"].(string)
	p := s.sendWith(map[string][]string{"If-Match": {version}}, o["method"].(string), fill(o["path"].(string)), data)
	s.status[i] = fmt.Sprint(p.status)
	switch {
	case p.status >= 400:
		s.failed++
	case p.status == 201:
		s.id[o["bulkId"].(string)] = p.id()
	case p.status == 204 && o["method"] == "PATCH":
		s.status[i] = "200" // a Bulk says so, as its answers have no resources anyway
	}
}

// needs performs what an operation refers to, and returns the status that the
// reference fails with.
func (s *single) needs(bulkID string) string {
	to := slices.IndexFunc(s.ops, func(o obj) bool { return o["bulkId"] == bulkID })
	if to < 0 {
		return "400"
	}
	s.run(to)
	if s.status[to] != "" && s.id[bulkID] == "" {
		return "409"
	}
	return ""
}

// anonymous is a dump as text with places in it instead of IDs and versions, and
// what happened.
func (r *rig) anonymous() string {
	r.t.Helper()
	s := r.dumpOf(acme)
	var names []string
	for i, u := range s.Users {
		names = append(names, u.ID, fmt.Sprintf("{u%d}", i))
		u.Version = ""
	}
	for _, g := range s.Groups {
		g.Version = ""
	}
	var events []string
	for _, e := range r.record() {
		if e.Kind == scim.GroupCreated { // of those that are gone too
			names = append(names, e.GroupID, fmt.Sprintf("{g%d}", len(names)))
		}
		if e.Kind != scim.RequestRefused {
			events = append(events, fmt.Sprint(e.Kind, e.UserID, e.GroupID, e.Changes, e.Added, e.Removed, len(e.Left), e.Ignored))
		}
	}
	text, err := json.MarshalIndent([]any{s, events}, "", " ")
	require.NoError(r.t, err)
	return strings.NewReplacer(names...).Replace(string(text))
}

// TestBulkIsItsOperations: operations sent as one Bulk leave the same directory,
// and are answered the same, as when they are sent one by one.
func TestBulkIsItsOperations(t *testing.T) {
	t.Parallel()
	runs, seen := 0, map[string]int{}
	rapid.Check(t, func(rt *rapid.T) {
		once, each := newRig(rt), newRig(rt)
		p := &plan{rt: rt, users: 3, groups: 2}
		var fillers []*strings.Replacer
		seats := rapid.IntRange(2, 6).Draw(rt, "seats")
		for _, r := range []*rig{once, each} {
			r.setSeats(seats)
			ids := []string{}
			for i, name := range []string{"ann", "bob", "cat"} {
				ids = append(ids, fmt.Sprintf("{u%d}", i), r.create(person(name, obj{"externalId": fmt.Sprint("x-", i)})))
			}
			ids = append(ids, "{g0}", r.group("Staff", ids[1], ids[3]), "{g1}", r.group("Club"))
			fillers = append(fillers, strings.NewReplacer(ids...))
		}
		p.rank = rapid.Permutation([]int{0, 1, 2, 3}[:rapid.IntRange(0, 4).Draw(rt, "POSTs")]).Draw(rt, "ranks")
		var ops []obj
		for i := range p.rank {
			ops = append(ops, p.operation(i))
		}
		for range rapid.IntRange(0, 5).Draw(rt, "others") {
			ops = append(ops, p.operation(-1))
		}
		ops = append([]obj{}, rapid.Permutation(ops).Draw(rt, "order")...)
		s := &single{rig: each, ops: ops, status: make([]string, len(ops)), id: map[string]string{}, failOn: rapid.IntRange(0, 4).Draw(rt, "failOnErrors")}

		text, err := json.Marshal(obj{"failOnErrors": s.failOn, "Operations": ops})
		require.NoError(rt, err)
		answer := once.ok(200, "POST", "/Bulk", fillers[0].Replace(string(text)))
		for i, o := range ops {
			text, err := json.Marshal(o)
			require.NoError(rt, err)
			var filled obj
			require.NoError(rt, json.Unmarshal([]byte(fillers[1].Replace(string(text))), &filled))
			ops[i] = filled
		}
		each.clock.advance(once.clock.Now().Sub(each.clock.Now()))
		for i := range ops {
			if s.stopped() {
				break
			}
			s.run(i)
		}
		want := slices.DeleteFunc(append([]string(nil), s.status...), func(s string) bool { return s == "" })
		require.Equal(rt, strings.Join(want, " "), strings.Join(statuses(answer), " "), "%s\n%s", text, answer.raw)
		if d := cmp.Diff(each.anonymous(), once.anonymous()); d != "" {
			rt.Fatalf("%s\n%s\nthe directory differs (-one by one +in a Bulk):\n%s", text, answer.raw, d)
		}
		runs++
		for _, s := range want {
			seen[s]++
		}
	})
	for _, s := range []string{"200", "201", "204", "400", "404", "409", "412"} {
		require.True(t, runs < 100 || seen[s] > 0, "nothing was answered %s: %v", s, seen)
	}
}

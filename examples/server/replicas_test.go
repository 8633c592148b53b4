package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/usher-scim/scim"
)

// TestReplicas drives three processes on one PostgreSQL at once, and kills one of
// them. What it proves is the product's: P1.4, P4.1, P5.6, P7, P9.1 and P9.4.
func TestReplicas(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts three processes and drives them hard")
	}
	const seats = 150
	rs := startReplicas(t, 3, fmt.Sprint(seats), "seats", "names", "members", "reads", "tokens", "kill")
	t.Logf("three replicas started after %.2f s", time.Since(rs.started).Seconds())
	rs.phase("seats", func(t *testing.T) { rs.seats(t, seats) })
	rs.phase("names", rs.names)
	rs.phase("members", rs.members)
	rs.phase("reads", rs.reads)
	rs.phase("tokens", rs.rotate)
	rs.phase("kill", rs.kill)
	for _, tenant := range []scim.Tenant{"seats", "names", "members", "reads", "kill"} {
		rs.recount(t, tenant, seats)
	}
	t.Logf("in all: %d requests, %d refused, %.1f s", rs.requests.Load(), rs.refusals.Load(), time.Since(rs.started).Seconds())
}

// workers is how many requests are under way at once, over all replicas.
const workers = 24

// seats: many creates at once over all replicas, and never one active user more
// than there are seats (P5.6); nor one less, and nobody is refused (P5.2).
func (rs *replicas) seats(t *testing.T, seats int) {
	const users = 450
	each(users, workers, func(i int) {
		a := rs.scim(rs.all[i%len(rs.all)], "seats", "POST", "Users", person(fmt.Sprintf("u%d@example.com", i), ""))
		if a.status != http.StatusCreated {
			t.Errorf("create %d: %v", i, a)
		}
	})
	for _, r := range rs.all {
		licence := appOf[licenceView](rs, r, "seats", "licence")
		equal(t, "used", licence.Used, seats)
		equal(t, "held", licence.Held, users-seats)
		equal(t, "active", len(rs.users(r, "seats", "active")), seats)
	}
	// Those who leave make room for as many, whoever is first.
	leavers := rs.users(rs.all[0], "seats", "active")[:seats/3]
	held := rs.users(rs.all[0], "seats", "held")
	each(len(leavers), workers, func(i int) {
		a := rs.scim(rs.all[i%len(rs.all)], "seats", "PATCH", "Users/"+leavers[i].ID, active("false"))
		if a.status != http.StatusOK {
			t.Errorf("deactivate: %v", a)
		}
	})
	given := make([]int, len(held))
	each(len(held), workers, func(i int) {
		given[i] = rs.do(rs.all[i%len(rs.all)], "POST", "/app/users/"+held[i].ID+"/activate?tenant=seats", "", "").status
	})
	count := countOf(given)
	equal(t, "seats given again", count[http.StatusOK], len(leavers))
	equal(t, "refused", count[http.StatusConflict], len(held)-len(leavers))
	equal(t, "used", appOf[licenceView](rs, rs.all[1], "seats", "licence").Used, seats)
}

// names: of those who ask for a name at once, one gets it (P4.1, P7.1).
func (rs *replicas) names(t *testing.T) {
	const names = 60
	for what, body := range map[string]func(i, by int) (path, body string){
		"userName": func(i, by int) (string, string) {
			name := fmt.Sprintf("user-%d@example.com", i)
			if by == 1 {
				name = strings.ToUpper(name)
			}
			return "Users", person(name, "")
		},
		"displayName": func(i, by int) (string, string) {
			name := fmt.Sprintf("straße %d", i)
			if by == 1 {
				name = fmt.Sprintf("STRASSE %d", i)
			}
			return "Groups", `{"displayName":"` + name + `"}`
		},
	} {
		var mu sync.Mutex
		got := make(map[int][]int)
		each(names*len(rs.all), workers, func(i int) {
			by := i % len(rs.all)
			path, text := body(i/len(rs.all), by)
			a := rs.scim(rs.all[by], "names", "POST", path, text)
			mu.Lock()
			defer mu.Unlock()
			got[i/len(rs.all)] = append(got[i/len(rs.all)], a.status)
		})
		for i := range names {
			slices.Sort(got[i])
			if !slices.Equal(got[i], []int{201, 409, 409}) {
				t.Errorf("%s %d: the answers are %v", what, i, got[i])
			}
		}
	}
	equal(t, "users", len(rs.users(rs.all[2], "names", "")), names)
}

// members: many put one member each into the same group, and all are in (P7.2).
func (rs *replicas) members(t *testing.T) {
	const members = 300
	group := rs.makeGroup(t, "members", "Everyone")
	ids := make([]string, members)
	each(members, workers, func(i int) { ids[i] = rs.makeUser(t, i, "members", fmt.Sprintf("m%d@example.com", i)) })
	each(members, workers, func(i int) {
		a := rs.scim(rs.all[(i+1)%len(rs.all)], "members", "PATCH", "Groups/"+group, add(ids[i]))
		if a.status != http.StatusNoContent {
			t.Errorf("member %d: %v", i, a)
		}
	})
	slices.Sort(ids)
	for _, r := range rs.all {
		equal(t, "members", strings.Join(rs.membersOf(t, r, "members", group), " "), strings.Join(ids, " "))
	}
	// Half of them leave while the other half comes again.
	each(members, workers, func(i int) {
		body := add(ids[i])
		if i%2 == 0 {
			body = `{"Operations":[{"op":"remove","path":"members[value eq \"` + ids[i] + `\"]"}]}`
		}
		if a := rs.scim(rs.all[i%len(rs.all)], "members", "PATCH", "Groups/"+group, body); a.status != http.StatusNoContent {
			t.Errorf("member %d: %v", i, a)
		}
	})
	equal(t, "members", len(rs.membersOf(t, rs.all[0], "members", group)), members/2)
}

// reads: what one replica has acknowledged, the others know at once; the last
// change within the second that it may lag (P1.4).
func (rs *replicas) reads(t *testing.T) {
	const rounds = 40
	group := rs.makeGroup(t, "reads", "Readers")
	each(rounds, 6, func(i int) {
		name := fmt.Sprintf("r%d@example.com", i)
		id := rs.makeUser(t, i, "reads", name)
		tell := func(what string, ask func(r *replica) bool) {
			for by, r := range rs.all {
				if !ask(r) {
					t.Errorf("round %d: replica %d does not know of the %s", i, by, what)
				}
			}
		}
		tell("create", func(r *replica) bool { return rs.scim(r, "reads", "GET", "Users/"+id, "").status == 200 })
		tell("name", func(r *replica) bool {
			return strings.Contains(rs.scim(r, "reads", "GET", "Users"+query("filter", `userName eq "`+name+`"`), "").text, id)
		})
		rs.scim(rs.all[(i+1)%3], "reads", "PATCH", "Users/"+id, `{"Operations":[{"op":"replace","path":"title","value":"Clerk"}]}`)
		tell("title", func(r *replica) bool {
			return strings.Contains(rs.scim(r, "reads", "GET", "Users/"+id, "").text, `"title":"Clerk"`)
		})
		rs.scim(rs.all[(i+2)%3], "reads", "PATCH", "Groups/"+group, add(id))
		tell("membership", func(r *replica) bool {
			return strings.Contains(rs.scim(r, "reads", "GET", "Users/"+id, "").text, `"display":"Readers"`)
		})
		rs.scim(rs.all[i%3], "reads", "DELETE", "Users/"+id, "")
		tell("end", func(r *replica) bool { return rs.scim(r, "reads", "GET", "Users/"+id, "").status == 404 })
	})
	events := rs.record(rs.all[0], "reads")
	var last time.Time // of the changes; the record has the look-ups of who is deleted too
	for _, e := range events {
		if e.Kind != scim.RequestRefused && e.Time.After(last) {
			last = e.Time
		}
	}
	for i, r := range rs.all {
		eventually(t, "the last change on all", func() bool {
			shown := appOf[connectionView](rs, r, "reads", "connection")
			return shown.LastChange != nil && shown.LastChange.Equal(last) && !shown.LastRequest.Before(*shown.LastChange)
		})
		equal(t, fmt.Sprint("events at replica ", i), len(rs.record(r, "reads")), len(events))
	}
}

// rotate: a token that one replica issues or revokes, it issues or revokes for all
// (P1.2), also while all are asked for one.
func (rs *replicas) rotate(t *testing.T) {
	const body, tenant = `{"connection":"tokens/1"}`, "?tenant=tokens"
	for round := range 10 {
		var mu sync.Mutex
		var issued []tokenView
		each(len(rs.all), len(rs.all), func(i int) {
			a := rs.do(rs.all[i], "POST", "/app/tokens"+tenant, "", body)
			var made tokenView
			mu.Lock()
			defer mu.Unlock()
			if a.status == http.StatusCreated && a.into(&made) == nil {
				issued = append(issued, made)
			} else if a.status != http.StatusConflict {
				t.Errorf("issuing: %v", a)
			}
		})
		if len(issued) != 1 {
			t.Fatalf("%d tokens were issued beside the first", len(issued))
		}
		all := func(want int) {
			for _, r := range rs.all {
				if a := rs.do(r, "GET", scimPath+"Users", issued[0].Token, ""); a.status != want {
					t.Errorf("round %d: %v, and not %d", round, a, want)
				}
			}
		}
		all(http.StatusOK)
		a := rs.do(rs.all[round%len(rs.all)], "POST", "/app/tokens/revoke"+tenant, "", `{"id":"`+issued[0].ID+`"}`)
		equal(t, "revoking", a.status, http.StatusOK)
		all(http.StatusUnauthorized)
	}
}

// makeUser creates a user at one of the replicas.
func (rs *replicas) makeUser(t *testing.T, at int, tenant scim.Tenant, name string) (id string) {
	return rs.made(t, rs.scim(rs.all[at%len(rs.all)], tenant, "POST", "Users", person(name, "")))
}

func (rs *replicas) makeGroup(t *testing.T, tenant scim.Tenant, name string) (id string) {
	return rs.made(t, rs.scim(rs.all[0], tenant, "POST", "Groups", `{"displayName":"`+name+`"}`))
}

func (rs *replicas) made(t *testing.T, a answer) (id string) {
	var made resource
	if err := a.into(&made); err != nil || a.status != http.StatusCreated {
		t.Errorf("a create was answered %v", a)
	}
	return made.ID
}

// membersOf are the members of a group, sorted.
func (rs *replicas) membersOf(t *testing.T, r *replica, tenant scim.Tenant, group string) []string {
	t.Helper()
	var got struct{ Members []struct{ Value string } }
	noError(t, rs.scim(r, tenant, "GET", "Groups/"+group, "").into(&got))
	var ids []string
	for _, m := range got.Members {
		ids = append(ids, m.Value)
	}
	slices.Sort(ids)
	return ids
}

// add is a PATCH that adds members.
func add(ids ...string) string {
	var values []string
	for _, id := range ids {
		values = append(values, `{"value":"`+id+`"}`)
	}
	return `{"Operations":[{"op":"add","path":"members","value":[` + strings.Join(values, ",") + `]}]}`
}

func countOf(statuses []int) map[int]int {
	count := make(map[int]int)
	for _, s := range statuses {
		count[s]++
	}
	return count
}

package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/usher-scim/scim"
)

// ack is what is known of a request.
type ack int

const (
	never   ack = iota
	asked       // it was sent, and nobody knows
	granted     // it was acknowledged
)

// tracked is one whom the load is about.
type tracked struct {
	name, id           string
	created, off, gone ack
}

// trio is a change of a group that adds three users, all or none.
type trio struct {
	group string
	users []*tracked
	in    ack
}

// ledger is what was asked for, and what was acknowledged.
type ledger struct {
	rs      *replicas
	t       *testing.T
	groups  []string
	creates atomic.Int64 // acknowledged
	lost    atomic.Int64 // requests without an answer
	at      int64        // when so many users are created,
	then    func()       // this is called

	mu    sync.Mutex
	users []*tracked
	trios []*trio
}

// kill ends a replica with SIGKILL while all three create users and change groups.
// What was acknowledged is there, nothing is half done, the others do not notice,
// and the one that was killed goes on once it is started again.
func (rs *replicas) kill(t *testing.T) {
	const each, victim = 250, 1
	l := &ledger{rs: rs, t: t}
	for i := range 4 {
		l.groups = append(l.groups, rs.makeGroup(t, "kill", fmt.Sprint("Group ", i)))
	}
	l.at, l.then = each, func() {
		if err := rs.all[victim].cmd.Process.Kill(); err != nil {
			t.Error(err)
		}
	}
	l.load("a", 2*each, victim)
	_ = rs.all[victim].cmd.Wait()
	t.Logf("killed in the middle: %d users acknowledged, %d requests without an answer", l.creates.Load(), l.lost.Load())
	if l.lost.Load() == 0 {
		t.Error("the replica was killed while it had nothing to do")
	}
	l.check(rs.all[0])
	rs.recount(t, "kill", -1)

	began := time.Now()
	log := rs.all[victim].log
	rs.all[victim] = rs.launch(strings.TrimPrefix(rs.all[victim].base, "http://"))
	rs.announced(rs.all[victim])
	t.Logf("started again after %.2f s", time.Since(began).Seconds())
	l.again(rs.all[victim])
	l.load("b", 3*each, -1)
	l.check(rs.all[victim])
	equal(t, "panics", strings.Count(log.String(), "panic"), 0)
	l.revoked()
}

// load keeps all replicas busy until so many users are created in all. Whoever is
// at the victim stops when it gives no answer; from the others it wants one.
func (l *ledger) load(round string, creates int64, victim int) {
	var running sync.WaitGroup
	for w := range workers {
		at := w % len(l.rs.all)
		running.Go(func() {
			var own []*tracked
			for i := 0; l.creates.Load() < creates; i++ {
				u := l.track(fmt.Sprintf("%s%d-%d@example.com", round, w, i))
				own = append(own, u)
				if !l.create(at, u, at == victim) || !l.further(at, own, i, at == victim) {
					return
				}
			}
		})
	}
	running.Wait()
}

// further puts users into groups by three, deactivates some and deletes some.
func (l *ledger) further(at int, own []*tracked, i int, mayFail bool) bool {
	n := len(own)
	ok := true
	if i%3 == 2 {
		t := &trio{group: l.groups[i%len(l.groups)], users: slices.Clone(own[n-3:])}
		l.mu.Lock()
		l.trios = append(l.trios, t)
		l.mu.Unlock()
		ok = l.join(at, t, mayFail)
	}
	if ok && i%6 == 5 {
		ok = l.send(at, mayFail, &own[n-2].off, "PATCH", "Users/"+own[n-2].id, active("false"), http.StatusOK)
	}
	if ok && i%6 == 5 {
		ok = l.send(at, mayFail, &own[n-5].gone, "DELETE", "Users/"+own[n-5].id, "", http.StatusNoContent)
	}
	return ok
}

func (l *ledger) track(name string) *tracked {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := &tracked{name: name}
	l.users = append(l.users, u)
	return u
}

// send sends a request and notes what became of it; false: there was no answer.
func (l *ledger) send(at int, mayFail bool, note *ack, method, path, body string, want int) bool {
	*note = asked
	a := l.rs.scim(l.rs.all[at], "kill", method, path, body)
	switch {
	case a.err != nil && mayFail:
		l.lost.Add(1)
		return false
	case a.err != nil || a.status != want:
		l.t.Errorf("replica %d: %s %s: %v", at, method, path, a)
		return false
	}
	*note = granted
	return true
}

func (l *ledger) create(at int, u *tracked, mayFail bool) bool {
	u.created = asked
	a := l.rs.scim(l.rs.all[at], "kill", "POST", "Users", u.body())
	if a.err != nil && mayFail {
		l.lost.Add(1)
		return false
	}
	if u.id = l.rs.made(l.t, a); u.id == "" {
		return false
	}
	u.created = granted
	if l.creates.Add(1) == l.at {
		l.then()
	}
	return true
}

func (l *ledger) join(at int, t *trio, mayFail bool) bool {
	return l.send(at, mayFail, &t.in, "PATCH", "Groups/"+t.group, add(t.users[0].id, t.users[1].id, t.users[2].id), http.StatusNoContent)
}

// department is the folder of a user.
func (u *tracked) department() string { return "Department " + u.name[:2] }

func (u *tracked) body() string {
	return person(u.name, `"title":"Clerk","emails":[{"type":"work","value":"work.`+u.name+`"},{"type":"home","value":"home.`+u.name+`"}],`+
		enterprise(`"department":"`+u.department()+`"`))
}

// again repeats what got no answer, as identity providers do.
func (l *ledger) again(r *replica) {
	at := slices.Index(l.rs.all, r)
	for _, u := range l.users {
		switch {
		case u.created == asked && u.id == "": // it is not there: else check would know its id
			l.create(at, u, false)
		case u.created == asked:
			if a := l.rs.scim(r, "kill", "POST", "Users", u.body()); a.status != http.StatusConflict {
				l.t.Errorf("%s is there and was created again: %v", u.name, a)
			}
			u.created = granted
		}
		if u.off == asked {
			l.send(at, false, &u.off, "PATCH", "Users/"+u.id, active("false"), http.StatusOK)
		}
		if u.gone == asked {
			want := http.StatusNoContent
			if l.rs.scim(r, "kill", "GET", "Users/"+u.id, "").status == http.StatusNotFound {
				want = http.StatusNotFound
			}
			l.send(at, false, &u.gone, "DELETE", "Users/"+u.id, "", want)
		}
	}
	for _, t := range l.trios {
		if t.in == asked {
			l.join(at, t, false)
		}
	}
}

// check compares what a replica shows with what was acknowledged.
func (l *ledger) check(r *replica) {
	l.t.Helper()
	shown := make(map[string]userView)
	for _, status := range []string{"", "archived"} {
		for _, u := range l.rs.users(r, "kill", status) {
			shown[u.UserName] = u
		}
	}
	events := make(map[string]int) // by kind and user
	added := make(map[string]string)
	for _, e := range l.rs.record(r, "kill") {
		events[string(e.Kind)+" "+e.UserID]++
		for _, id := range e.Added {
			added[id] += fmt.Sprint(len(e.Added), " into ", e.GroupID, ";")
		}
	}
	for _, u := range l.users {
		got, ok := shown[u.name]
		delete(shown, u.name)
		if !ok {
			if u.created == granted {
				l.t.Errorf("%s was acknowledged and is lost", u.name)
			}
			continue
		}
		if u.id == "" {
			u.id = got.ID
		}
		l.whole(u, got)
		for kind, want := range map[scim.EventKind]bool{
			scim.UserCreated: true, scim.UserDeactivated: got.Status == "deactivated", scim.UserArchived: got.Status == "archived",
		} {
			equal(l.t, fmt.Sprint(u.name, " ", kind, " events"), events[string(kind)+" "+u.id], map[bool]int{true: 1}[want])
		}
	}
	for name := range shown {
		l.t.Errorf("nobody asked for %s", name)
	}
	l.members(r, added)
	l.folders(r)
}

// whole checks that a user is as it was sent, and did what was asked of it.
func (l *ledger) whole(u *tracked, got userView) {
	l.t.Helper()
	equal(l.t, u.name+": id", got.ID, u.id)
	equal(l.t, u.name, fmt.Sprint(got.Email, got.Title, got.Department), fmt.Sprint("work."+u.name, "Clerk", u.department()))
	possible := map[string]bool{
		"archived":    u.gone != never,
		"deactivated": u.gone != granted && u.off != never,
		"active":      u.gone != granted && u.off != granted,
		"held":        u.gone != granted && u.off != granted,
	}
	if !possible[got.Status] {
		l.t.Errorf("%s is %s; deactivated: %d, deleted: %d", u.name, got.Status, u.off, u.gone)
	}
}

// members checks that each change of a group is in as a whole, or not at all.
func (l *ledger) members(r *replica, added map[string]string) {
	l.t.Helper()
	in := make(map[string]bool)
	for _, g := range l.groups {
		for _, id := range l.rs.membersOf(l.t, r, "kill", g) {
			in[g+id] = true
		}
	}
	for _, t := range l.trios {
		count := 0
		for _, u := range t.users {
			here := in[t.group+u.id]
			delete(in, t.group+u.id)
			left := !here && u.gone != never && added[u.id] != "" // it was deleted since
			if here || left {
				count++
				equal(l.t, u.name+" came in", added[u.id], fmt.Sprint(3, " into ", t.group, ";"))
			} else {
				equal(l.t, u.name+" came in", added[u.id], "")
			}
			if here && u.gone == granted {
				l.t.Errorf("%s is deleted and still in its group", u.name)
			}
		}
		if count != 3 && (count != 0 || t.in == granted) {
			l.t.Errorf("%d of three are in; acknowledged: %t", count, t.in == granted)
		}
	}
	equal(l.t, "members that nobody asked for", len(in), 0)
}

// folders checks what the folders say against the users in them.
func (l *ledger) folders(r *replica) {
	l.t.Helper()
	want := make(map[string]folderView)
	for _, u := range l.rs.users(r, "kill", "") {
		f := want[u.Department]
		f.Name = u.Department
		f.Users++
		if u.Status == "active" {
			f.Active++
		}
		want[u.Department] = f
	}
	got := appOf[map[string][]folderView](l.rs, r, "kill", "folders")["Department"]
	equal(l.t, "folders", len(got), len(want))
	for _, f := range got {
		equal(l.t, "folder", f, want[f.Name])
	}
}

// revoked checks that the consumers of those that were not killed heard of all
// whose access ended (P9.4).
func (l *ledger) revoked() {
	l.t.Helper()
	for _, e := range l.rs.record(l.rs.all[0], "kill") {
		if e.From != "active" || e.To == "active" {
			continue
		}
		for _, i := range []int{0, 2} {
			eventually(l.t, "that the access of "+e.Name+" ends", func() bool {
				return strings.Contains(l.rs.all[i].log.String(), "user="+e.UserID+" ")
			})
		}
	}
}

// recount counts by hand what the database counts as it goes, and looks for what
// is half done. A negative number of seats is any.
func (rs *replicas) recount(t *testing.T, tenant scim.Tenant, seats int) {
	t.Helper()
	one := func(query string) (n int) {
		t.Helper()
		noError(t, rs.db.QueryRowContext(t.Context(), query, string(tenant)).Scan(&n))
		return n
	}
	for i, status := range []string{"active", "deactivated", "held", "archived"} {
		equal(t, string(tenant)+": "+status, one(`SELECT `+status+` FROM usher_tenants WHERE tenant = $1`),
			one(fmt.Sprint(`SELECT count(*) FROM usher_users WHERE tenant = $1 AND status = `, i+1)))
	}
	if active := one(`SELECT active FROM usher_tenants WHERE tenant = $1`); seats >= 0 && active > seats {
		t.Errorf("%s: %d seats are taken of %d", tenant, active, seats)
	}
	for what, query := range map[string]string{
		"groups that miscount": `SELECT count(*) FROM usher_groups g WHERE tenant = $1
			AND members <> (SELECT count(*) FROM usher_members m WHERE m.tenant = g.tenant AND m.group_id = g.id)`,
		"archived members": `SELECT count(*) FROM usher_members m JOIN usher_users u ON u.tenant = m.tenant AND u.id = m.member
			WHERE m.tenant = $1 AND u.status = 4`,
		"archived users in folders": `SELECT count(*) FROM usher_folders f JOIN usher_users u ON u.tenant = f.tenant AND u.id = f.user_id
			WHERE f.tenant = $1 AND u.status = 4`,
		"users without the event of their creation": `SELECT count(*) FROM usher_users u WHERE tenant = $1 AND 1 <> (SELECT count(*)
			FROM usher_events e WHERE e.tenant = u.tenant AND e.user_id = u.id AND e.doc->>'Kind' = 'user.created')`,
	} {
		equal(t, string(tenant)+": "+what, one(query), 0)
	}
}

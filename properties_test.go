package scim_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim"
)

// world is a directory under random requests, and what it has to be like.
type world struct {
	*rig
	rt      *rapid.T
	limit   int
	members map[string]map[string]bool // by group: who has to be in it
	before  state
	seen    int             // events before the step
	touched map[string]bool // users that the step may change
}

var (
	someNames   = []string{"ann", "BOB", "ann@acme.example", "Bob@acme.example", "cat@acme.example", "é@acme.example", "É@acme.example"}
	someMails   = []string{"ann@acme.example", "ANN@acme.example", "bob@acme.example", "cat@acme.example", "dan@acme.example"}
	someTitles  = []string{"Chief", " Chief ", "“quoted” \\ \"\n", "漢字"}
	someFolders = []string{"Sales", "SALES ", "Human  Resources", "human resources"}
	someRefs    = []string{"x-1", "x-2", "6f1c2b7e-9d3a-4c5e-8f70-1a2b3c4d5e6f"}
	someActives = []any{true, false, "True", "False"}
	someGroups  = []string{"Staff", "STAFF", "Crew", "Sales"}
)

// pick draws one of a few values.
func pick[T any](w *world, label string, from []T) T {
	return rapid.SampledFrom(from).Draw(w.rt, label)
}

func (w *world) maybe(label string) bool { return rapid.Bool().Draw(w.rt, label) }

// anyUser draws the id of a user that there is or was, or of nobody.
func (w *world) anyUser() string {
	ids := append(ids(w.before.Users), "nobody")
	return pick(w, "user", ids)
}

func (w *world) anyGroup() string {
	ids := []string{"nobody"}
	for _, g := range w.before.Groups {
		ids = append(ids, g.ID)
	}
	return pick(w, "group", ids)
}

// body draws a user as POST and PUT carry it.
func (w *world) body() obj {
	b := obj{"schemas": list{scim.UserSchema}, "userName": pick(w, "userName", someNames)}
	if w.maybe("with e-mail") {
		b["emails"] = list{obj{"value": pick(w, "email", someMails), "type": "work", "primary": true}}
	}
	if w.maybe("with active") {
		b["active"] = pick(w, "active", someActives)
	}
	if w.maybe("with title") {
		b["title"] = pick(w, "title", someTitles)
		b["name"] = obj{"givenName": pick(w, "givenName", someTitles)}
	}
	if w.maybe("with externalId") {
		b["externalId"] = pick(w, "externalId", someRefs)
	}
	if w.maybe("with department") {
		b[ent] = obj{"department": pick(w, "department", someFolders)}
		b[product] = obj{"office": pick(w, "office", someTitles)}
	}
	return b
}

// echoed checks that a user is returned as it was sent.
func (w *world) echoed(id string, sent obj) {
	w.t.Helper()
	got := w.send("GET", "/Users/"+id, nil)
	require.Equal(w.t, 200, got.status)
	for name, value := range sent {
		switch name {
		case "schemas", "active":
		default:
			require.Empty(w.t, cmp.Diff(value, got.at(name)), name)
		}
	}
	if active := fmt.Sprint(sent["active"]); strings.EqualFold(active, "false") {
		require.Equal(w.t, false, got.at("active"))
	}
}

// may says which users the step may change.
func (w *world) may(ids ...string) {
	for _, id := range ids {
		w.touched[id] = true
	}
}

func (w *world) postUser(*rapid.T) {
	body := w.body()
	p := w.do("POST", "/Users", body)
	if w.answered(p, 201) {
		w.may(p.id())
		w.echoed(p.id(), body)
		w.placeholderTaken(p.id())
	}
}

func (w *world) placeholderTaken(id string) {
	w.t.Helper()
	require.False(w.t, w.user(id).Placeholder)
	require.True(w.t, w.user(id).Managed)
}

func (w *world) putUser(*rapid.T) {
	id, body := w.anyUser(), w.body()
	if w.answered(w.do("PUT", "/Users/"+id, body), 200) {
		w.may(id)
		if w.view(id).Warnings == nil {
			w.echoed(id, body)
		}
	}
}

// putBack writes what was read: nothing changes. A held user is read as inactive,
// so writing that back deactivates it (P5.4); writing an account of the host's
// takes it under management (P4.2).
func (w *world) putBack(*rapid.T) {
	id := w.anyUser()
	got := w.do("GET", "/Users/"+id, nil)
	if got.status != 200 || w.status(id) == scim.StatusHeld || !w.user(id).Managed || w.user(id).DeactivatedBy == scim.ByHost {
		return
	}
	w.still(func() { w.ok(200, "PUT", "/Users/"+id, got.raw) })
}

func (w *world) patchUser(*rapid.T) {
	id := w.anyUser()
	sent, ops := obj{}, []obj{}
	for _, name := range []string{"userName", "title", "externalId", "active", "emails", "department"} {
		if !w.maybe("patch " + name) {
			continue
		}
		kind := pick(w, "op", []string{"add", "replace", "Replace"})
		switch name {
		case "userName":
			sent[name] = w.newName(id)
		case "title":
			sent[name] = pick(w, name, someTitles)
		case "externalId":
			sent[name] = pick(w, name, someRefs)
		case "active":
			sent[name] = pick(w, name, someActives)
		case "emails":
			ops = append(ops, op(kind, `emails[type eq "work"].value`, pick(w, name, someMails)))
			continue
		case "department":
			ops = append(ops, op(kind, ent+":department", pick(w, name, append(someFolders, ""))))
			continue
		}
		if w.maybe("pathless") {
			ops = append(ops, op(kind, "", obj{name: sent[name]}))
		} else {
			ops = append(ops, op(kind, name, sent[name]))
		}
	}
	if w.answered(w.do("PATCH", "/Users/"+id, patch(ops...)), 200) {
		w.may(id)
		w.echoed(id, sent)
	}
}

// newName draws a userName, or the one that a soft delete gives.
func (w *world) newName(id string) string {
	if u, err := w.dir.User(context.Background(), acme, id); err == nil && w.maybe("tombstone") {
		return objectID + u.Login
	}
	return pick(w, "userName", someNames)
}

func (w *world) deleteUser(*rapid.T) {
	id := w.anyUser()
	if w.answered(w.do("DELETE", "/Users/"+id, nil), 204) {
		w.may(id)
		for _, m := range w.members {
			delete(m, id)
		}
		require.Equal(w.t, scim.StatusArchived, w.status(id))
	}
}

// host performs what the host does itself.
func (w *world) hostDoes(*rapid.T) {
	ctx := context.Background()
	switch rapid.IntRange(0, 3).Draw(w.rt, "host") {
	case 0:
		n := scim.NewUser{UserName: pick(w, "userName", someNames), Email: pick(w, "email", someMails)}
		u, err := w.dir.CreateUser(ctx, acme, n)
		if w.succeeded(err) {
			w.may(u.ID)
			require.Equal(w.t, scim.StatusActive, u.Status)
		}
	case 1:
		id := w.anyUser()
		if _, err := w.dir.Activate(ctx, acme, id); w.succeeded(err) {
			w.may(id)
			require.Equal(w.t, scim.StatusActive, w.status(id))
		}
	case 2:
		id := w.anyUser()
		if _, err := w.dir.Deactivate(ctx, acme, id); w.succeeded(err) {
			w.may(id)
			require.Equal(w.t, scim.StatusDeactivated, w.status(id))
		}
	default:
		done, err := w.dir.ActivateHeld(ctx, acme)
		if !errors.Is(err, scim.ErrSeats) {
			require.NoError(w.t, err)
		}
		w.may(ids(done)...)
	}
}

func (w *world) succeeded(err error) bool {
	w.t.Helper()
	var conflict *scim.ConflictError
	if err != nil {
		require.True(w.t, errors.Is(err, scim.ErrSeats) || errors.Is(err, scim.ErrNotFound) || errors.As(err, &conflict), "%v", err)
	}
	return err == nil
}

func (w *world) licenceChanges(*rapid.T) {
	w.limit = rapid.IntRange(0, 4).Draw(w.rt, "seats")
	w.setSeats(w.limit)
}

// named draws members of a request: by id, by e-mail address, by externalId.
func (w *world) named() list {
	var out list
	for range rapid.IntRange(1, 3).Draw(w.rt, "members") {
		switch rapid.IntRange(0, 3).Draw(w.rt, "named") {
		case 0:
			out = append(out, obj{"value": pick(w, "email", someMails)})
		case 1:
			out = append(out, obj{"value": pick(w, "externalId", someRefs)})
		default:
			out = append(out, obj{"value": w.anyUser()})
		}
	}
	return out
}

// meant says whom a member names, by the users there are now.
func (w *world) meant(users []*scim.User, member any) (string, bool) {
	name, _ := at(member, "value").(string)
	var byExternal []string
	byName, byMail := "", ""
	for _, u := range users {
		switch {
		case u.Status == scim.StatusArchived:
			continue
		case u.ID == name:
			return name, true
		case u.ExternalID == name:
			byExternal = append(byExternal, u.ID)
		}
		if scim.Fold(u.UserName) == scim.Fold(name) {
			byName = u.ID
		}
		if scim.Fold(u.Email) == scim.Fold(name) {
			byMail = u.ID
		}
	}
	if len(byExternal) == 1 {
		return byExternal[0], true
	}
	if byName != "" {
		return byName, true
	}
	return byMail, byMail != ""
}

// joined takes what a request did to a group into the model.
func (w *world) joined(group string, members list) {
	w.t.Helper()
	now := w.dumpOf(acme).Users
	for _, m := range members {
		id, ok := w.meant(w.before.Users, m)
		if !ok {
			id, ok = w.meant(now, m)
			w.may(id) // made for this
		}
		require.True(w.t, ok, "%v is nobody", m)
		w.members[group][id] = true
	}
}

func (w *world) postGroup(*rapid.T) {
	members := w.named()
	p := w.do("POST", "/Groups", obj{"displayName": pick(w, "displayName", someGroups), "members": members})
	if w.answered(p, 201) {
		w.members[p.id()] = make(map[string]bool)
		w.joined(p.id(), members)
	}
}

func (w *world) putGroup(*rapid.T) {
	id, members := w.anyGroup(), w.named()
	p := w.do("PUT", "/Groups/"+id, obj{"displayName": pick(w, "displayName", someGroups), "members": members})
	if w.answered(p, 200) {
		w.members[id] = make(map[string]bool)
		w.joined(id, members)
	}
}

func (w *world) addMembers(*rapid.T) {
	id, members := w.anyGroup(), w.named()
	if w.answered(w.do("PATCH", "/Groups/"+id, patch(op("add", "members", members))), 204) {
		w.joined(id, members)
	}
}

func (w *world) removeMembers(*rapid.T) {
	id, members := w.anyGroup(), w.named()
	if w.answered(w.do("PATCH", "/Groups/"+id, patch(op("remove", "members", members))), 204) {
		for _, m := range members {
			if user, ok := w.meant(w.before.Users, m); ok {
				delete(w.members[id], user)
			}
		}
	}
}

func (w *world) deleteGroup(*rapid.T) {
	id := w.anyGroup()
	if w.answered(w.do("DELETE", "/Groups/"+id, nil), 204) {
		delete(w.members, id)
	}
}

// answered reports whether a request succeeded; if not, nothing has changed.
func (w *world) answered(p reply, status int) bool {
	w.t.Helper()
	if p.status == status {
		return true
	}
	require.Contains(w.t, []int{400, 404, 409}, p.status, p.raw)
	w.unchanged()
	return false
}

func (w *world) unchanged() {
	w.t.Helper()
	require.Empty(w.t, cmp.Diff(w.before, w.dumpOf(acme), cmpopts.IgnoreUnexported(scim.User{})))
}

// check is what holds after each step.
func (w *world) check(*rapid.T) {
	now := w.dumpOf(acme)
	w.checkUsers(now)
	w.checkMembers(now)
	w.checkRecord(now)
	require.Equal(w.t, len(w.record()), w.seen)
	w.before, w.touched = now, make(map[string]bool)
}

func (w *world) checkUsers(now state) {
	w.t.Helper()
	was := make(map[string]*scim.User)
	for _, u := range w.before.Users {
		was[u.ID] = u
	}
	names, mails := make(map[string]bool), make(map[string]bool)
	var counts scim.Counts
	type tally struct{ users, active int }
	folders := make(map[string]tally)
	for _, u := range now.Users {
		if old := was[u.ID]; old != nil && !w.touched[u.ID] {
			require.Empty(w.t, cmp.Diff(old, u, cmpopts.IgnoreUnexported(scim.User{})), "nobody else is changed")
		}
		delete(was, u.ID)
		switch u.Status {
		case scim.StatusArchived:
			counts.Archived++
			continue
		case scim.StatusActive:
			counts.Active++
		case scim.StatusHeld:
			counts.Held++
		case scim.StatusDeactivated:
			counts.Deactivated++
		}
		require.False(w.t, names[scim.Fold(u.UserName)], "a userName twice")
		require.False(w.t, mails[scim.Fold(u.Email)], "a work e-mail twice")
		names[scim.Fold(u.UserName)], mails[scim.Fold(u.Email)] = true, true
		if key := scim.FoldName(u.Department); key != "" {
			f := folders[key]
			f.users++
			if u.Status == scim.StatusActive {
				f.active++
			}
			folders[key] = f
		}
	}
	require.Empty(w.t, was, "nobody vanishes")
	require.Equal(w.t, counts, now.Counts, "Counts agrees with the listing")
	require.LessOrEqual(w.t, counts.Active, max(w.limit, w.before.Counts.Active), "seats")
	got := make(map[string]tally)
	for _, f := range now.Folders {
		got[scim.FoldName(f.Name)] = tally{f.Users, f.Active}
	}
	require.Equal(w.t, folders, got, "folders agree with the users")
}

// checkMembers compares the groups with the model, and with what users show.
func (w *world) checkMembers(now state) {
	w.t.Helper()
	groupsOf := make(map[string][]string)
	require.Len(w.t, now.Groups, len(w.members))
	for _, g := range now.Groups {
		var want []string
		for id := range w.members[g.ID] {
			want = append(want, id)
			groupsOf[id] = append(groupsOf[id], g.ID)
		}
		var got []string
		for _, m := range now.Members[g.ID] {
			got = append(got, m.ID)
		}
		require.ElementsMatch(w.t, want, got, "members")
	}
	for _, u := range now.Users {
		p := w.send("GET", "/Users/"+u.ID, nil)
		if u.Status == scim.StatusArchived {
			require.Equal(w.t, 404, p.status)
			continue
		}
		require.Equal(w.t, u.Status == scim.StatusActive, p.at("active"))
		var got []string
		shown, _ := p.at("groups").(list)
		for _, g := range shown {
			id, _ := at(g, "value").(string)
			got = append(got, id)
		}
		require.ElementsMatch(w.t, groupsOf[u.ID], got, "a user's groups")
	}
}

// checkRecord looks for an event of everything that has a new version.
func (w *world) checkRecord(now state) {
	w.t.Helper()
	all := w.record()
	fresh := all[w.seen:]
	w.seen = len(all)
	told := make(map[string]bool)
	for _, e := range fresh {
		told[e.UserID], told[e.GroupID] = true, true
		for _, g := range e.Left {
			told[g] = true
		}
	}
	versions := make(map[string]string)
	for _, u := range w.before.Users {
		versions[u.ID] = u.Version
	}
	for _, g := range w.before.Groups {
		versions[g.ID] = g.Version
	}
	for _, u := range now.Users {
		require.True(w.t, versions[u.ID] == u.Version || told[u.ID], "a user changed without an event")
	}
	for _, g := range now.Groups {
		require.True(w.t, versions[g.ID] == g.Version || told[g.ID], "a group changed without an event")
	}
	if len(fresh) == 0 {
		require.Empty(w.t, cmp.Diff(w.before, now, cmpopts.IgnoreUnexported(scim.User{})))
	}
	require.True(w.t, slices.IsSortedFunc(fresh, func(a, b scim.Event) int { return a.Time.Compare(b.Time) }))
}

func TestPropertiesOfTheDirectory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{rig: newRig(rt), rt: rt, members: make(map[string]map[string]bool), touched: make(map[string]bool), limit: 2}
		w.setSeats(w.limit)
		w.before = w.dumpOf(acme)
		rt.Repeat(map[string]func(*rapid.T){
			"": w.check, "post user": w.postUser, "put user": w.putUser, "put back": w.putBack, "patch user": w.patchUser,
			"delete user": w.deleteUser, "host": w.hostDoes, "licence": w.licenceChanges, "post group": w.postGroup,
			"put group": w.putGroup, "add members": w.addMembers, "remove members": w.removeMembers, "delete group": w.deleteGroup,
		})
	})
}

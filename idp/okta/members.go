package okta

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"

	"github.com/usher-scim/scim/idp"
)

// group does what is to be done about a group.
func (r *run) group(ctx context.Context, p *push, g *pushed) error {
	if p.deleting {
		return r.deleteGroup(ctx, p)
	}
	want, ignored := r.wanted(g)
	began := p.id != ""
	if !began {
		if err := r.startGroup(ctx, p, g, want); err != nil {
			return err
		}
	}
	d := r.difference(p, g, want)
	if d.nothing() {
		return nil
	}
	if ignored > 0 {
		r.note(eventMembersIgnored, p.target(), Skipped, fmt.Sprintf("%d members are not provisioned to the app", ignored), 0)
	}
	write := r.putGroup
	if r.flavour.patches {
		write = r.patchGroup
	}
	if err := write(ctx, p, d); err != nil {
		return err
	}
	if p.now = false; began {
		r.report.GroupsUpdated++
	}
	r.note(eventGroupUpdate, p.target(), Success, "", http.StatusOK)
	return nil
}

func (r *run) deleteGroup(ctx context.Context, p *push) error {
	answer, err := r.call(ctx, eventGroupRemove, http.MethodDelete, groupPath(p.id), "", nil)
	status := http.StatusNotFound // which is as good
	switch e := asError(err); {
	case err == nil:
		status = answer.Status
	case e == nil || e.Status != http.StatusNotFound:
		return err
	}
	r.forget(p)
	r.report.GroupsDeleted++
	r.note(eventGroupRemove, p.target(), Success, "", status)
	return nil
}

// link is a user who is to be in a group at the service.
type link struct {
	user, id, display string
}

// wanted lists the members whom the service has an account of, and counts the others:
// groups have only users in them who are provisioned.
func (r *run) wanted(g *pushed) (want []link, ignored int) {
	for _, id := range g.members {
		if acc := r.accounts[id]; acc != nil && acc.linked {
			want = append(want, link{id, acc.id, acc.sent[r.userName]})
		} else {
			ignored++
		}
	}
	return want, ignored
}

// startGroup links a group of the name, or makes one.
func (r *run) startGroup(ctx context.Context, p *push, g *pushed, want []link) error {
	found, err := r.find(ctx, eventGroupVerify, "/Groups", "displayName", g.Name)
	if err != nil {
		return err
	}
	if found != nil {
		p.id, p.sent, p.now = found.ID(), "", true // what it has gives way to Okta's
		r.report.GroupsLinked++
		r.note(eventGroupVerify, p.target(), Success, "", http.StatusOK)
		return nil
	}
	if r.flavour.patches {
		want = nil // they follow by PATCH
	}
	answer, err := r.call(ctx, eventGroupAdd, http.MethodPost, "/Groups", "", idp.Resource{
		"schemas": []any{idp.GroupSchema}, "displayName": g.Name, "members": memberList(want),
	})
	if err != nil {
		return err
	}
	made, err := resource(eventGroupAdd, answer)
	if err != nil {
		return err
	}
	p.id, p.sent = made.ID(), "" // Okta names it once more
	for _, m := range want {
		p.members[m.user] = member{id: m.id}
	}
	r.report.GroupsCreated++
	r.note(eventGroupAdd, p.target(), Success, "", answer.Status)
	return nil
}

func memberList(members []link) []any {
	out := make([]any, len(members))
	for i, m := range members {
		out[i] = map[string]any{"value": m.id, "display": m.display}
	}
	return out
}

// delta is what a group at the service lacks.
type delta struct {
	name        string
	rename      bool // the service has another name, or may have
	full        bool // the whole list is to be sent
	want        []link
	add, remove []link
}

func (d *delta) nothing() bool { return !d.rename && !d.full && len(d.add)+len(d.remove) == 0 }

// difference compares a group with what Okta knows that it sent. Who has no account
// any more is not taken out: Okta knows no id to do it by. That is made up for once
// the user is provisioned again.
func (r *run) difference(p *push, g *pushed, want []link) *delta {
	d := &delta{name: g.Name, rename: p.sent != g.Name, full: p.now, want: want}
	wanted := make(map[string]bool, len(want))
	for _, m := range want {
		wanted[m.user] = true
		if had, ok := p.members[m.user]; !ok || had.unsure || had.id != m.id {
			d.add = append(d.add, m)
		}
	}
	for _, user := range slices.Sorted(maps.Keys(p.members)) {
		acc := r.accounts[user]
		switch {
		case wanted[user]:
		case acc == nil || acc.linked && acc.id != p.members[user].id:
			delete(p.members, user) // the account that was a member is not Okta's any more
		case acc.linked: // and not in the group any more
			d.remove = append(d.remove, link{user: user, id: acc.id})
		}
	}
	slices.SortFunc(d.remove, func(x, y link) int {
		return cmp.Compare(r.accounts[x.user].number, r.accounts[y.user].number)
	})
	return d
}

// putGroup reads a group and writes it back with Okta's name and members.
func (r *run) putGroup(ctx context.Context, p *push, d *delta) error {
	group, err := r.read(ctx, eventGroupUpdate, groupPath(p.id))
	if err != nil {
		return err
	}
	group["displayName"], group["members"] = d.name, memberList(d.want)
	p.now = true // until there is an answer
	if _, err := r.call(ctx, eventGroupUpdate, http.MethodPut, groupPath(p.id), "", group); err != nil {
		return err
	}
	p.sent = d.name
	p.replace(d.want)
	return nil
}

// replace notes that the members are these and no others.
func (p *push) replace(with []link) {
	clear(p.members)
	for _, m := range with {
		p.members[m.user] = member{id: m.id}
	}
}

// patchGroup sends the difference, or the whole list; more than MembersPerPatch in
// several requests. Each change of members has the name before it.
func (r *run) patchGroup(ctx context.Context, p *push, d *delta) error {
	size := r.config.MembersPerPatch
	if size <= 0 {
		size = max(len(d.want), len(d.add)+len(d.remove), 1)
	}
	if d.full {
		return r.patchAll(ctx, p, d, size)
	}
	remove, add := d.remove, d.add
	for first := true; first || len(remove)+len(add) > 0; first = false {
		var operations []any
		if first {
			operations = append(operations, p.naming(d.name))
			p.sent = "" // until there is an answer
		}
		out := remove[:min(size, len(remove))]
		in := add[:min(size-len(out), len(add))]
		remove, add = remove[len(out):], add[len(in):]
		for _, m := range out {
			p.members[m.user] = member{id: m.id, unsure: true}
			operations = append(operations, map[string]any{"op": "remove", "path": "members[value eq " + quote(m.id) + "]"})
		}
		if len(in) > 0 {
			for _, m := range in {
				p.members[m.user] = member{id: m.id, unsure: true}
			}
			operations = append(operations, adding(in))
		}
		if err := r.patchMembers(ctx, p, operations); err != nil {
			return err
		}
		p.sent = d.name
		for _, m := range out {
			delete(p.members, m.user)
		}
		for _, m := range in {
			p.members[m.user] = member{id: m.id}
		}
	}
	return nil
}

// patchAll replaces the members by the whole list. The name goes with it only if it
// is another.
func (r *run) patchAll(ctx context.Context, p *push, d *delta, size int) error {
	first := d.want[:min(size, len(d.want))]
	var operations []any
	if d.rename {
		operations = append(operations, p.naming(d.name))
	}
	operations = append(operations, map[string]any{"op": "replace", "path": "members", "value": memberList(first)})
	p.sent, p.now = "", true // until there is an answer
	if err := r.patchMembers(ctx, p, operations); err != nil {
		return err
	}
	for batch := range slices.Chunk(d.want[len(first):], size) {
		if err := r.patchMembers(ctx, p, []any{adding(batch)}); err != nil {
			return err
		}
	}
	p.sent = d.name
	p.replace(d.want)
	return nil
}

func (r *run) patchMembers(ctx context.Context, p *push, operations []any) error {
	_, err := r.call(ctx, eventGroupUpdate, http.MethodPatch, groupPath(p.id), "", patch(operations...))
	return err
}

// naming is the operation that names a group; its id is inside of the value.
func (p *push) naming(name string) any {
	return set(map[string]any{"id": p.id, "displayName": name})
}

func adding(members []link) any {
	return map[string]any{"op": "add", "path": "members", "value": memberList(members)}
}

package dialect

import (
	"cmp"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"github.com/usher-scim/scim/idp"
)

// wanted are the ids of those members who are users at the service.
func (p *Provider) wanted(g *group) map[string]bool {
	out := make(map[string]bool)
	for id := range g.members {
		if a := p.people[id]; a != nil && a.id != "" {
			out[a.id] = true
		}
	}
	return out
}

func (p *Provider) groupIsDue(g *group) bool {
	return g.id == "" || g.named != g.name || len(g.doubt) > 0 || !maps.Equal(g.sent, p.wanted(g))
}

// sorted has ids in the order they were heard of.
func (p *Provider) sorted(ids map[string]bool) []string {
	out := slices.Collect(maps.Keys(ids))
	slices.SortFunc(out, func(a, b string) int { return cmp.Compare(p.rank[a], p.rank[b]) })
	return out
}

// allGroups sends the groups. Those that are deleted go first, and others get their new
// names, so that the old ones are free; then who has left goes out of each, and then who
// has joined comes in.
func (r *run) allGroups() error {
	for _, g := range slices.Clone(r.goneGroups) {
		if err := r.dropGroup(g); err != nil {
			return err
		}
	}
	for _, step := range []func(*group) error{r.renameGroup, r.linkGroup, r.renameGroup, r.leavers, r.joiners} {
		for _, name := range slices.Sorted(maps.Keys(r.groups)) {
			g := r.groups[name]
			if !r.groupIsDue(g) || r.stuck[g] {
				continue
			}
			if err := step(g); err != nil {
				return err
			}
		}
	}
	return nil
}

// linkGroup finds or makes a group that the provider does not know at the service.
func (r *run) linkGroup(g *group) error {
	if g.id != "" {
		return nil
	}
	found, err := r.find("/Groups", r.dialect.FindGroup, "displayName", g.name)
	switch {
	case err != nil:
		r.stuck[g] = true
		return r.note(ActionLink, g.name, "", status(nil, err), err)
	case found == nil:
		return r.createGroup(g)
	case r.taken(found.ID()):
		r.stuck[g] = true
		return r.note(ActionLink, g.name, "", http.StatusOK, &Refusal{Status: http.StatusOK, Detail: "the group that is found is another one's"})
	}
	g.id, g.named, g.sent, g.doubt = found.ID(), found.Text("displayName"), make(map[string]bool), make(map[string]bool)
	members, _ := found["members"].([]any)
	for _, m := range members {
		m, _ := m.(map[string]any)
		if id, _ := m["value"].(string); id != "" && !r.dialect.MergeGroups {
			r.hear(id)
			g.sent[id] = true
		}
	}
	return r.note(ActionLink, g.name, g.id, http.StatusOK, nil)
}

// taken reports whether some group is linked to an id.
func (p *Provider) taken(id string) bool {
	is := func(g *group) bool { return g.id == id }
	return slices.ContainsFunc(p.goneGroups, is) || slices.ContainsFunc(slices.Collect(maps.Values(p.groups)), is)
}

func (r *run) createGroup(g *group) error {
	body, members := r.groupBody(g), r.wanted(g)
	if r.dialect.BareGroups {
		delete(body, "members")
		members = make(map[string]bool)
	}
	answer, err := r.do(http.MethodPost, "/Groups", "", body)
	code := status(answer, err)
	var id string
	if err == nil {
		id, err = created(answer)
	}
	if err == nil {
		g.id, g.named, g.sent, g.doubt = id, g.name, members, make(map[string]bool)
	} else {
		r.stuck[g] = true
	}
	return r.note(ActionCreateGroup, g.name, g.id, code, err)
}

// groupBody is the whole group.
func (r *run) groupBody(g *group) idp.Resource {
	body := idp.Resource{"schemas": []string{idp.GroupSchema}, "displayName": g.name, "members": refs(r.sorted(r.wanted(g)))}
	if r.dialect.GroupIDs {
		body["externalId"] = g.own
	}
	return body
}

func (r *run) renameGroup(g *group) error {
	switch {
	case g.id == "" || g.named == g.name:
		return nil
	case r.dialect.Members == nil:
		return r.replaceGroup(g)
	}
	op := Op{"op": "replace", "path": "displayName", "value": g.name}
	if r.dialect.Rename != nil {
		now := Group{ID: g.id, Name: g.name}
		if r.dialect.GroupIDs {
			now.ExternalID = g.own
		}
		op = r.dialect.Rename(now)
	}
	g.named = "" // in doubt
	err := r.changeGroup(g, ActionUpdateGroup, http.MethodPatch, patch([]Op{op}))
	if err == nil && !r.stuck[g] {
		g.named = g.name
	}
	return err
}

// leavers takes out of a group who is not to be in it.
func (r *run) leavers(g *group) error {
	left := maps.Clone(g.sent)
	maps.Copy(left, g.doubt)
	for id := range r.wanted(g) {
		delete(left, id)
	}
	if r.dialect.Members == nil || len(left) == 0 {
		return nil
	}
	return r.members(g, left, r.dialect.Members(r.sorted(r.wanted(g)), nil, r.sorted(left)))
}

// joiners puts into a group who is to be in it, or writes all of it.
func (r *run) joiners(g *group) error {
	if r.dialect.Members == nil {
		return r.replaceGroup(g)
	}
	joined := r.wanted(g)
	for id := range g.sent {
		if !g.doubt[id] {
			delete(joined, id)
		}
	}
	if len(joined) == 0 {
		return nil
	}
	return r.members(g, joined, r.dialect.Members(r.sorted(r.wanted(g)), r.sorted(joined), nil))
}

// members sends changes of members. Of those whose requests were not all taken nobody
// knows whether they are in the group: they are sent again the next time.
func (r *run) members(g *group, changed map[string]bool, requests [][]Op) error {
	wanted := r.wanted(g)
	for id := range changed {
		g.doubt[id] = true
	}
	for _, ops := range requests {
		if err := r.changeGroup(g, ActionMembers, http.MethodPatch, patch(ops)); err != nil || r.stuck[g] {
			return err
		}
	}
	for id := range changed {
		delete(g.doubt, id)
		delete(g.sent, id)
		if wanted[id] {
			g.sent[id] = true
		}
	}
	return nil
}

func (r *run) replaceGroup(g *group) error {
	g.named = "" // in doubt
	err := r.changeGroup(g, ActionUpdateGroup, http.MethodPut, r.groupBody(g))
	if err == nil && !r.stuck[g] {
		g.named, g.sent = g.name, r.wanted(g)
	}
	return err
}

// changeGroup sends a change of a group. One that is gone is looked up the next time.
func (r *run) changeGroup(g *group, action Action, method string, body any) error {
	id := g.id
	answer, err := r.do(method, "/Groups/"+url.PathEscape(id), "", body)
	code := status(answer, err)
	if err != nil {
		r.stuck[g] = true
	}
	if code == http.StatusNotFound {
		g.id, g.named, g.sent, g.doubt = "", "", nil, nil
	}
	return r.note(action, g.name, id, code, err)
}

// dropGroup deletes a group that is deleted in the directory, or only empties it.
func (r *run) dropGroup(g *group) error {
	var gone bool
	var err error
	if r.dialect.KeepsGroups {
		g.members = nil
		err = r.leavers(g)
		gone = !r.stuck[g] || g.id == ""
	} else {
		gone, err = r.drop(ActionDeleteGroup, g.name, "/Groups/", g.id)
	}
	if gone {
		r.goneGroups = slices.DeleteFunc(r.goneGroups, func(o *group) bool { return o == g })
	}
	return err
}

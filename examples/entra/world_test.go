package main

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/usher-scim/scim/idp/company"
)

// This file says what a host has to have: from what happens in a company, by the rules
// that Entra documents. It knows nothing of the job that is proved by it.

// world is a company's directory, kept by the events, and what of it reaches a host
// where everybody is in scope.
type world struct {
	people  map[string]*human
	teams   map[string]*team
	touched map[string]bool // people who changed since the last cycle
	members map[pair]bool   // and memberships
}

// human is somebody, and what the host has of them.
type human struct {
	id      string
	props   map[string]any
	deleted time.Time // into the recycle bin; zero: not
	gone    bool      // for good

	known   bool              // the host has them
	active  bool              // and lets them in
	sent    map[string]string // what it was told last, by property
	manager string            // the ID of the manager that it was told last
	unsent  string            // a manager who was not known when it was to be told
}

// team is a group, and who is in it at the host.
type team struct {
	name    string
	members map[string]bool
	known   map[string]bool
}

type pair struct{ group, person string }

const bin = 30 * 24 * time.Hour

// newWorld is a company as it stands, of which the host knows nothing yet.
func newWorld(c *company.Company) *world {
	w := &world{people: make(map[string]*human), teams: make(map[string]*team)}
	w.settled()
	for p := range c.People() {
		w.people[p.ID] = &human{id: p.ID, props: p.Properties(), sent: make(map[string]string)}
	}
	for g := range c.Groups() {
		w.teams[g.ID] = &team{name: g.Name, members: setOf(g.Members), known: make(map[string]bool)}
	}
	w.everything()
	return w
}

func (w *world) settled() {
	w.touched, w.members = make(map[string]bool), make(map[pair]bool)
}

// everything is what an initial cycle looks at.
func (w *world) everything() {
	for id := range w.people {
		w.touched[id] = true
	}
	for g, t := range w.teams {
		for id := range t.members {
			w.members[pair{g, id}] = true
		}
	}
}

func setOf(ids []string) map[string]bool {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

// happen takes one event.
func (w *world) happen(e company.Event, now time.Time) {
	switch e.Kind {
	case company.Hired:
		w.people[e.Person] = &human{id: e.Person, props: e.Properties, sent: make(map[string]string)}
	case company.Changed, company.Disabled, company.Enabled:
		p := w.people[e.Person]
		p.props = maps.Clone(p.props)
		maps.Copy(p.props, e.Properties)
	case company.Deleted:
		w.people[e.Person].deleted = now
	case company.Restored:
		w.people[e.Person].deleted = time.Time{}
	case company.Purged:
		w.people[e.Person].gone = true
	case company.GroupCreated:
		w.teams[e.Group] = &team{name: e.Properties["displayName"].(string), members: make(map[string]bool), known: make(map[string]bool)}
	case company.GroupRenamed:
		w.teams[e.Group].name = e.Properties["displayName"].(string)
	case company.GroupDeleted:
		delete(w.teams, e.Group)
	case company.MemberAdded:
		w.teams[e.Group].members[e.Person] = true
		w.members[pair{e.Group, e.Person}] = true
		return
	case company.MemberRemoved:
		delete(w.teams[e.Group].members, e.Person)
		w.members[pair{e.Group, e.Person}] = true
		return
	}
	if e.Person != "" {
		w.touched[e.Person] = true
	}
}

// cycle lets the host have what is due at a time: people first, then their managers,
// then who is in which group.
func (w *world) cycle(now time.Time) {
	for id, p := range w.people {
		if !p.deleted.IsZero() && now.Sub(p.deleted) >= bin && !p.gone {
			p.gone, w.touched[id] = true, true
		}
	}
	for id := range w.touched {
		w.provision(w.people[id])
	}
	for id := range w.touched {
		w.report(w.people[id])
	}
	for m := range w.members {
		t, p := w.teams[m.group], w.people[m.person]
		switch {
		case t == nil:
		case t.members[m.person] && p.known:
			t.known[m.person] = true
		case !t.members[m.person]:
			delete(t.known, m.person)
		}
	}
	w.settled()
}

// provision is one person's turn. Who is not active is not created; of who is, and of
// everybody created before, each property that has a value flows, and nothing is ever
// cleared. Who is gone from the directory is deleted.
func (w *world) provision(p *human) {
	active := p.props["accountEnabled"] == true && p.deleted.IsZero()
	switch {
	case p.gone && p.known:
		p.known, p.active = false, false
		for _, t := range w.teams {
			delete(t.known, p.id)
		}
		return
	case p.gone, !p.known && !active:
		return
	}
	p.known, p.active = true, active
	for name, v := range p.props {
		if text, ok := v.(string); ok && text != "" && name != "manager" {
			p.sent[name] = text
		}
	}
}

// report is the turn of somebody's manager: a manager whom the host does not know is
// not told, then or later, until there is another one or everything is looked at.
func (w *world) report(p *human) {
	if !p.known {
		return
	}
	boss, _ := p.props["manager"].(string)
	switch m := w.people[boss]; {
	case boss == "":
		p.manager, p.unsent = "", ""
	case m == nil || !m.known:
		p.unsent = boss
	case p.unsent != boss:
		p.manager, p.unsent = boss, ""
	}
}

// restart is an initial cycle, at which also that is told which could not be earlier.
func (w *world) restart(now time.Time) {
	for _, p := range w.people {
		p.unsent = ""
	}
	w.everything()
	w.cycle(now)
}

// leftOut counts the memberships that the source has and the host has not, though it
// knows both: of people who were not active when they became members.
func (w *world) leftOut() (memberships, managers int) {
	for _, t := range w.teams {
		for id := range t.members {
			if w.people[id].known && !t.known[id] {
				memberships++
			}
		}
	}
	for _, p := range w.people {
		boss, _ := p.props["manager"].(string)
		if m := w.people[boss]; p.known && m != nil && m.known && p.manager != boss {
			managers++
		}
	}
	return memberships, managers
}

// knownPeople are those whom the host has, in order.
func (w *world) knownPeople() []*human {
	var all []*human
	for _, p := range w.people {
		if p.known {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *human) int { return strings.Compare(a.id, b.id) })
	return all
}

// seats are those that the host lets in.
func (w *world) seats() int {
	n := 0
	for _, p := range w.people {
		if p.known && p.active {
			n++
		}
	}
	return n
}

// archived are those whom the host had and has no more, and who did not come back in
// another account of the same name.
func (w *world) archived() []string {
	var ids []string
	for _, p := range w.people {
		if p.gone && len(p.sent) > 0 && !w.cameBack(p) {
			ids = append(ids, p.id)
		}
	}
	slices.Sort(ids)
	return ids
}

func (w *world) cameBack(p *human) bool {
	for _, q := range w.people {
		if q.known && strings.EqualFold(q.sent["userPrincipalName"], p.sent["userPrincipalName"]) {
			return true
		}
	}
	return false
}

package company

import (
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// group has its members without an order. Where a member stands is written in the
// member's seat.
type group struct {
	id      uuid.UUID
	name    string
	project bool
	members []*person
	at      int // among the projects
	all     int // among the groups
}

type seat struct {
	g  *group
	at int // among the group's members
}

// ownGroups is how many groups follow from where somebody works: all staff, the
// department's, the office's, and that of those who manage.
const ownGroups = 4

// groupName is the name, with a number if it was ever given to a group before.
func (c *Company) groupName(name string) string {
	if n := c.names.next(name); n > 1 {
		name += " " + strconv.Itoa(n)
	}
	return name
}

// newGroup makes a group that has nobody yet.
func (c *Company) newGroup(name string, project bool) *group {
	g := &group{id: c.newID(), name: c.groupName(name), project: project, all: len(c.groups)}
	c.groups = append(c.groups, g)
	if project {
		g.at = len(c.projects)
		c.projects = append(c.projects, g)
	}
	c.tell(GroupCreated, "", nil, g, Group{ID: g.id.String(), Name: g.name}.Properties())
	return g
}

func (c *Company) join(g *group, p *person) {
	p.seats = append(p.seats, seat{g, len(g.members)})
	g.members = append(g.members, p)
	c.tell(MemberAdded, "", p, g, nil)
}

func (p *person) in(g *group) bool {
	return slices.ContainsFunc(p.seats, func(s seat) bool { return s.g == g })
}

// quit takes a member out; the last one moves to where it stood.
func (c *Company) quit(g *group, p *person) {
	i := slices.IndexFunc(p.seats, func(s seat) bool { return s.g == g })
	at, last := p.seats[i].at, len(g.members)-1
	moved := g.members[last]
	g.members[at] = moved
	for j := range moved.seats {
		if moved.seats[j].g == g {
			moved.seats[j].at = at
		}
	}
	g.members[last] = nil
	g.members = g.members[:last]
	p.seats = slices.Delete(p.seats, i, i+1)
	c.tell(MemberRemoved, "", p, g, nil)
}

// regroup moves somebody into the groups that follow from where they work now.
func (c *Company) regroup(p *person) {
	var now [ownGroups]*group
	if !p.deleted {
		if !p.guest() {
			now[0] = c.staff
		}
		if p.dept != nil {
			now[1] = p.dept.group
		}
		now[2] = p.office.group
		if len(p.reports) > 0 {
			now[3] = c.managers
		}
	}
	for i, g := range now {
		if was := p.own[i]; was != g {
			p.own[i] = g
			if was != nil {
				c.quit(was, p)
			}
			if g != nil {
				c.join(g, p)
			}
		}
	}
}

// dropProjects takes somebody out of all projects.
func (c *Company) dropProjects(p *person) {
	for i := len(p.seats) - 1; i >= 0; i-- {
		if p.seats[i].g.project {
			c.quit(p.seats[i].g, p)
		}
	}
}

func (c *Company) projectName() string {
	return "Project " + pick(c, qualities) + " " + pick(c, things)
}

// startProject makes a group of some people at random.
func (c *Company) startProject() {
	g := c.newGroup(c.projectName(), true)
	for range c.between(3, 20) {
		if p := c.somebody(isEnabled); p != nil && !p.in(g) {
			c.join(g, p)
		}
	}
}

func (c *Company) endProject() {
	if len(c.projects) == 0 {
		return
	}
	g := pick(c, c.projects)
	for _, p := range g.members {
		p.seats = slices.DeleteFunc(p.seats, func(s seat) bool { return s.g == g })
	}
	last := c.projects[len(c.projects)-1]
	c.projects[g.at], last.at = last, g.at
	c.projects = c.projects[:len(c.projects)-1]
	last = c.groups[len(c.groups)-1]
	c.groups[g.all], last.all = last, g.all
	c.groups = c.groups[:len(c.groups)-1]
	c.tell(GroupDeleted, "", nil, g, nil)
}

// renameGroup gives a group a name that no group had: projects another or a phase,
// others what stood in their name, a little different.
func (c *Company) renameGroup() {
	g := pick(c, c.groups)
	before, _, _ := strings.Cut(g.name, " – ")
	before = strings.TrimRight(before, " 0123456789")
	switch {
	case g.project && c.chance(500):
		g.name = c.groupName(c.projectName())
	case g.project:
		g.name = c.groupName(before + " – phase " + pick(c, []string{"II", "III", "IV"}))
	default:
		g.name = c.groupName(before + " – " + pick(c, []string{"all", "everybody", "team", "staff", c.Name}))
	}
	c.tell(GroupRenamed, "", nil, g, map[string]any{nameProperty: g.name})
}

// changeProject lets somebody join or leave a project.
func (c *Company) changeProject() {
	if len(c.projects) == 0 {
		return
	}
	g := pick(c, c.projects)
	if len(g.members) > 3 && c.chance(500) {
		c.quit(g, pick(c, g.members))
		return
	}
	if p := c.somebody(isEnabled); p != nil && !p.in(g) {
		c.join(g, p)
	}
}

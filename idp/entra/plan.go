package entra

import (
	"slices"
)

// task is what a cycle is to do with one object.
type task struct {
	r      record
	do     doing
	in     bool // it is assigned and the scoping filters let it in
	active bool // and the directory has it enabled
}

// doing is what is to be done with an object.
type doing uint8

const (
	doSync   doing = iota // look up, create or update
	doLeave               // it left the scope
	doDelete              // it is gone, or the application knows no disabled users
	doSkip                // it is assigned, and the scoping filters keep it out
)

// read returns the objects that a cycle looks at, each once: all that can be in scope or
// are managed, or those that changed since the watermark, by themselves or by an
// assignment, and those that failed or were kept back and are due.
func (c *cycle) read() []record {
	records, mark := c.j.dir.changes(c.sinceWhat())
	c.mark = mark
	c.assignments()
	in := make(map[string]bool, len(records))
	out := records[:0]
	take := func(r record) {
		if in[r.id] || r.group && c.groups.Disabled {
			return
		}
		in[r.id] = true
		out = append(out, r)
	}
	for _, r := range records {
		take(r)
	}
	for _, r := range slices.Concat(out, c.removed()) {
		if r.group {
			c.members.add(r.id, r.touched...)
		}
	}
	for _, id := range c.others(records) {
		if r, found := c.j.dir.read(id); found && !in[id] {
			take(r)
		}
	}
	return out
}

// removed has, for an initial cycle after others, the groups that changed since: their
// members of now do not tell who left them.
func (c *cycle) removed() []record {
	if !c.initial || c.since == 0 {
		return nil
	}
	records, _ := c.j.dir.changes(c.since)
	return records
}

func (c *cycle) sinceWhat() int {
	if c.initial {
		return 0
	}
	return c.since
}

// assignments finds the groups that assign their members: security groups that are
// assigned themselves.
func (c *cycle) assignments() {
	for id := range c.assigned {
		if r, found := c.j.dir.read(id); found && r.group && !r.gone && r.props["securityEnabled"] == true {
			c.effective[id] = true
		}
	}
}

// others are the objects beside those that changed in the directory.
func (c *cycle) others(changed []record) []string {
	j := c.j
	j.mu.Lock()
	defer j.mu.Unlock()
	var ids []string
	if c.initial { // what is managed and gone, or was made before
		ids = append(ids, j.managed(func(*link) bool { return true })...)
	} else {
		ids = append(ids, c.moved(changed)...)
	}
	ids = append(ids, j.staged...)
	for _, k := range j.escrow.due(j.now()) {
		if ids = append(ids, k.id); k.reference != "" && k.reference != managerReference {
			c.members.add(k.id, k.reference)
		}
	}
	return ids
}

// managed are the managed objects that a test holds for, sorted. The caller has mu.
func (j *Job) managed(holds func(*link) bool) []string {
	var ids []string
	for id, l := range j.links {
		if l.managed && holds(l) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// moved are those whose assignment changed: by themselves, and by a group that they
// joined or left, or that assigns its members now, or no more. The caller has mu.
func (c *cycle) moved(changed []record) []string {
	ids := slices.Clone(c.dirty)
	if c.syncAll {
		return ids
	}
	add := func(members ...string) {
		for _, id := range members {
			// Who was assigned already and still is has not moved.
			if l := c.j.links[id]; c.isAssigned(id) != (l != nil && l.managed) {
				ids = append(ids, id)
			}
		}
	}
	for _, r := range changed {
		if r.group && c.effective[r.id] && c.j.effective[r.id] {
			add(r.touched...)
		}
	}
	lost := false
	for _, id := range c.sortedGroups() {
		if c.effective[id] && !c.j.effective[id] {
			add(c.j.dir.Members(id)...)
		}
		lost = lost || !c.effective[id]
	}
	if lost { // a group that is gone has no members that could be asked
		add(c.j.managed(func(l *link) bool { return !l.group })...)
	}
	return ids
}

// sortedGroups are the groups that assign their members, or did.
func (c *cycle) sortedGroups() []string {
	var ids []string
	for id := range c.effective {
		ids = append(ids, id)
	}
	for id := range c.j.effective {
		if !c.effective[id] {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// isAssigned reports whether an object is assigned: by itself, or by a group that it is
// a direct member of.
func (c *cycle) isAssigned(id string) bool {
	return c.syncAll || c.assigned[id] || len(c.effective) > 0 && slices.ContainsFunc(c.j.dir.groupsOf(id), func(g string) bool { return c.effective[g] })
}

// plan decides what is to be done with objects. Those that are neither in scope nor
// managed are left out.
func (c *cycle) plan(records []record) []task {
	tasks := make([]task, 0, len(records))
	for _, r := range records {
		if t, due := c.task(r); due {
			tasks = append(tasks, t)
			continue
		}
		c.clear(escrowKey{id: r.id}) // what failed there is of no interest any more
		c.clear(escrowKey{r.id, managerReference})
	}
	return tasks
}

// mapping is that of users, or of groups.
func (c *cycle) mapping(group bool) *mapping {
	if group {
		return c.groups
	}
	return c.users
}

// inScope reports whether an object is assigned, and whether the scoping filters let it
// in besides.
func (c *cycle) inScope(r record) (assigned, in bool) {
	if r.gone || r.group && c.groups.Disabled {
		return false, false
	}
	assigned = c.isAssigned(r.id)
	if r.group { // a group is not assigned by another one
		assigned = c.syncAll || c.assigned[r.id]
	}
	return assigned, assigned && c.mapping(r.group).inScope(r)
}

// task decides what is to be done with one object, if anything is.
func (c *cycle) task(r record) (task, bool) {
	l := c.j.links[r.id]
	managed := l != nil && l.managed
	assigned, in := c.inScope(r)
	t := task{r: r, in: in}
	t.active = t.in && r.read("IsSoftDeleted", true) != true && !r.deleted
	switch {
	case r.gone:
		t.do = doDelete
		return t, managed
	case !t.in && !managed:
		t.do = doSkip
		return t, assigned && !r.deleted
	case !t.in:
		t.do = doLeave
	case r.deleted && !managed: // reads do not find who is in the recycle bin
		return t, false
	}
	if managed && !r.group && !t.active && c.j.config.CannotSoftDelete && !(t.do == doLeave && c.j.config.SkipOutOfScopeDeletions) {
		t.do = doDelete
	}
	return t, t.in || managed
}

// hold keeps back what would be disabled or deleted, if there is more of it than the
// threshold allows.
func (c *cycle) hold(tasks []task) []task {
	limit := c.j.config.DeleteThreshold
	if limit == 0 || c.allowed {
		return tasks
	}
	removals := 0
	for _, t := range tasks {
		if c.removes(t) {
			removals++
		}
	}
	if removals <= limit {
		return tasks
	}
	kept := tasks[:0]
	for _, t := range tasks {
		if c.removes(t) {
			c.stage(t)
		} else {
			kept = append(kept, t)
		}
	}
	return kept
}

// removes reports whether a task would disable or delete something.
func (c *cycle) removes(t task) bool {
	m, l := c.mapping(t.r.group), c.j.links[t.r.id]
	switch {
	case t.do == doLeave && c.j.config.SkipOutOfScopeDeletions, l == nil || !l.managed:
		return false
	case t.do == doDelete || t.r.group && t.do == doLeave:
		return !m.SkipDelete
	}
	return !t.r.group && !t.active && l.active && m.disables()
}

// disables reports whether a mapping can disable anybody.
func (m *mapping) disables() bool {
	return !m.SkipUpdate && slices.ContainsFunc(m.rows, func(r row) bool { return r.target.Equal(activeTarget) && !r.OnCreation })
}

func (c *cycle) stage(t task) {
	c.staged = append(c.staged, t.r.id)
	counts := &c.report.Users
	if t.r.group {
		counts = &c.report.Groups
	}
	counts.Staged++
	e := c.entry(t.r)
	e.Action = ActionStagedDelete
	e.skip(StepProvision, "kept back by the prevention of accidental deletions")
	c.j.log.add(e)
}

package entra

import "fmt"

// link is an object connection: of an object at the source to its resource.
type link struct {
	target  string
	group   bool
	managed bool
	active  bool   // as written last
	dead    bool   // the resource was gone when it was asked for
	whole   bool   // of a group: all members were looked at once
	manager string // objectId of the manager who was looked at last
	unsent  bool   // and was not in scope
}

// connect links an object to a resource. One that another active object has stays with
// that object, which is a duplicate. From an object that is not active, or if the
// other is to give way, the resource is taken over, and the other is not managed
// any more.
func (c *cycle) connect(r record, target string, giveWay bool) error {
	j := c.j
	if other := j.sources[target]; other != "" && other != r.id && j.links[other].managed {
		if o, found := j.dir.read(other); found && !giveWay {
			if t, _ := c.task(o); t.active {
				return &fault{code: CodeDuplicateSource, detail: fmt.Sprintf("the resource %s is linked to another object, %s", target, nameOf(o))}
			}
		}
		c.unmanage(other)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	l := j.links[r.id]
	if l == nil {
		l = new(link)
		j.links[r.id] = l
		if r.group {
			j.progress.Groups++
		} else {
			j.progress.Users++
		}
	}
	if l.managed && l.target == target {
		return nil
	}
	if j.sources[l.target] == r.id {
		delete(j.sources, l.target)
	}
	if l.target == target {
		l.managed, l.active, l.dead, l.whole = true, false, false, false
	} else {
		*l = link{target: target, group: r.group, managed: true}
	}
	j.sources[target] = r.id
	c.fresh[r.id] = true
	return nil
}

// unmanage lets go of an object: nothing more is sent for it until it is looked up again.
func (c *cycle) unmanage(id string) {
	c.j.mu.Lock()
	defer c.j.mu.Unlock()
	c.j.links[id].managed = false
}

// unlink forgets an object whose resource is deleted.
func (c *cycle) unlink(id string) {
	c.j.mu.Lock()
	defer c.j.mu.Unlock()
	if target := c.j.links[id].target; c.j.sources[target] == id {
		delete(c.j.sources, target)
	}
	delete(c.j.links, id)
}

// written keeps whether an object was last written as active.
func (c *cycle) written(id string, active bool) {
	c.j.mu.Lock()
	defer c.j.mu.Unlock()
	c.j.links[id].active = active
}

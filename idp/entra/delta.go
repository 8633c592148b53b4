package entra

import (
	"maps"
	"slices"
)

// record is an object as a cycle reads it: a copy.
type record struct {
	id      string
	group   bool
	props   Properties
	deleted bool // in the recycle bin
	gone    bool // deleted for good
	touched []string
}

// changes returns the objects that changed since a watermark, each once, in the order
// of their first change, and the watermark of now. Of a group, touched are the members
// that were added or removed, each once, in that order. Zero asks for everything that
// is not gone; then all members of each group are touched, sorted.
func (d *Directory) changes(since int) (records []record, watermark int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.expire()
	if since == 0 {
		for _, id := range d.order {
			if o := d.objects[id]; !o.gone {
				records = append(records, o.record(slices.Sorted(maps.Keys(o.members))))
			}
		}
		return records, len(d.feed)
	}
	touched := make(map[string][]string)
	seen := make(map[change]bool)
	var ids []string
	for _, c := range d.feed[since:] {
		whole := change{id: c.id}
		if !seen[whole] {
			ids = append(ids, c.id)
		}
		if c.member != "" && !seen[c] {
			touched[c.id] = append(touched[c.id], c.member)
		}
		seen[whole], seen[c] = true, true
	}
	for _, id := range ids {
		records = append(records, d.objects[id].record(touched[id]))
	}
	return records, len(d.feed)
}

func (o *object) record(touched []string) record {
	return record{id: o.id, group: o.group, props: o.props.clone(), deleted: !o.deleted.IsZero(), gone: o.gone, touched: touched}
}

// read returns an object as it is now, also one that is in the recycle bin or gone.
func (d *Directory) read(id string) (record, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.expire()
	o := d.objects[id]
	if o == nil {
		return record{}, false
	}
	return o.record(nil), true
}

// isMember reports whether an object is a direct member of a group.
func (d *Directory) isMember(group, member string) bool {
	d.mu.RLock()
	defer d.mu.RUnlock()
	g := d.objects[group]
	return g != nil && !g.gone && g.members[member]
}

// groupsOf are the objectIds of the groups that an object is a direct member of, sorted.
func (d *Directory) groupsOf(id string) []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	if o := d.objects[id]; o != nil {
		return slices.Sorted(maps.Keys(o.in))
	}
	return nil
}

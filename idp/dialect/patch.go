package dialect

import (
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/usher-scim/scim/idp"
)

// Op is an operation of a PATCH (RFC 7644, section 3.5.2): its members as they are sent.
type Op map[string]any

// Change is an attribute that an update writes.
type Change struct {
	// Names lead to the value: an attribute, and for parts of name and of extensions
	// the part, such as name and givenName.
	Names []string
	Value any // nil takes the attribute away
}

// path is the change's path in a PATCH.
func (c Change) path() string {
	if strings.HasPrefix(c.Names[0], "urn:") {
		return strings.Join(c.Names, ":")
	}
	return strings.Join(c.Names, ".")
}

// apply writes the change into a resource.
func (c Change) apply(r map[string]any) {
	last := len(c.Names) - 1
	for _, name := range c.Names[:last] {
		r = object(r, name)
	}
	if c.Value == nil {
		delete(r, c.Names[last])
		return
	}
	r[c.Names[last]] = c.Value
}

// changes are what leads from what was sent to what is to be sent, in the order of
// their paths. What is in doubt may be anything, and is written in any case.
func changes(sent, now idp.Resource, doubt map[string]Change) []Change {
	was, is := flat(sent), flat(now)
	paths := maps.Clone(doubt)
	if paths == nil {
		paths = make(map[string]Change)
	}
	maps.Copy(paths, was)
	maps.Copy(paths, is)
	var out []Change
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		before, after := was[path].Value, is[path].Value
		if _, unsure := doubt[path]; unsure || !reflect.DeepEqual(before, after) {
			out = append(out, Change{Names: paths[path].Names, Value: after})
		}
	}
	return out
}

// flat has the attributes of a resource by their paths: those of name and of
// extensions one by one, all others whole.
func flat(r idp.Resource) map[string]Change {
	out := make(map[string]Change)
	add := func(c Change) { out[c.path()] = c }
	for name, v := range r {
		parts, ok := v.(map[string]any)
		if !ok || name != "name" && !strings.HasPrefix(name, "urn:") {
			add(Change{Names: []string{name}, Value: v})
			continue
		}
		for part, v := range parts {
			add(Change{Names: []string{name, part}, Value: v})
		}
	}
	return out
}

// ByPath writes each change in an operation of its own, with a path.
func ByPath(changes []Change) []Op {
	ops := make([]Op, 0, len(changes))
	for _, c := range changes {
		if c.Value == nil {
			ops = append(ops, removal(c))
			continue
		}
		ops = append(ops, Op{"op": "replace", "path": c.path(), "value": c.Value})
	}
	return ops
}

// Pathless writes all changes in one operation without a path. What is taken away
// cannot be written so, and has operations of its own.
func Pathless(changes []Change) []Op {
	var ops []Op
	value := make(map[string]any)
	for _, c := range changes {
		if c.Value == nil {
			ops = append(ops, removal(c))
			continue
		}
		c.apply(value)
	}
	if len(value) > 0 {
		ops = append(ops, Op{"op": "replace", "value": value})
	}
	return ops
}

func removal(c Change) Op { return Op{"op": "remove", "path": c.path()} }

// refs are members by their ids alone.
func refs(ids []string) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		out[i] = map[string]any{"value": id}
	}
	return out
}

// add and remove are the requests of one member that most providers send.
func add(joined []string) [][]Op {
	var out [][]Op
	for _, id := range joined {
		out = append(out, []Op{{"op": "add", "path": "members", "value": refs([]string{id})}})
	}
	return out
}

func remove(left []string) [][]Op {
	var out [][]Op
	for _, id := range left {
		out = append(out, []Op{{"op": "remove", "path": "members[value eq " + quote(id) + "]"}})
	}
	return out
}

// OneByOne changes one member in each request, and takes members out by a filter in
// the path, as RFC 7644, section 3.5.2.2 has it.
func OneByOne(_, joined, left []string) [][]Op { return append(add(joined), remove(left)...) }

// ByValue changes one member in each request, and takes members out by a list of
// values beside a bare path: by the RFC that would be all of them.
func ByValue(_, joined, left []string) [][]Op {
	out := add(joined)
	for _, id := range left {
		out = append(out, []Op{{"op": "remove", "path": "members", "value": refs([]string{id})}})
	}
	return out
}

// Replaced takes members out one by one, and writes the whole list when there are new
// ones.
func Replaced(now, joined, left []string) [][]Op {
	out := remove(left)
	if len(joined) > 0 {
		out = append(out, []Op{{"op": "replace", "path": "members", "value": refs(now)}})
	}
	return out
}

// Together changes all members of a group in one request.
func Together(_, joined, left []string) [][]Op {
	var ops []Op
	for _, id := range left {
		ops = append(ops, remove([]string{id})[0]...)
	}
	if len(joined) > 0 {
		ops = append(ops, Op{"op": "add", "path": "members", "value": refs(joined)})
	}
	return [][]Op{ops}
}

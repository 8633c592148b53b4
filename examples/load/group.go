package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// measureGroup makes a group of all but the last thousand of ids, and changes it.
func (l *load) measureGroup(ids []string) {
	if l.err != nil {
		return
	}
	group, err := l.newGroup(ids[:l.group])
	if err != nil {
		l.err = err
		return
	}
	path, outside := "/Groups/"+group, ids[l.group:]
	i := 0 // who comes and goes
	add := func() request {
		i = (i + 1) % batch
		return patch(path, adding(outside[i:i+1]), http.StatusNoContent)
	}
	remove := func() request {
		return patch(path, `{"op":"remove","path":"members[value eq \"`+outside[i]+`\"]"}`, http.StatusNoContent)
	}
	addAll := func() request { return patch(path, adding(outside), http.StatusNoContent) }
	removeAll := func() request {
		return patch(path, strings.Replace(adding(outside), "add", "remove", 1), http.StatusNoContent)
	}
	// member checks whether the one is in now; then the group is made what it was.
	member := func(in bool, undo func() request) func() error {
		return func() error {
			if _, err := l.send(get("/Users/"+outside[i], "attributes", "groups")); err != nil {
				return err
			}
			if (l.has(group) == nil) != in {
				return fmt.Errorf("member: %t", !in)
			}
			_, err := l.send(undo())
			return err
		}
	}
	name := func(s string) string { return fmt.Sprintf(s, l.group) }
	l.measure(name("one member more in a group of %d"), l.often(), add, member(true, remove))
	if _, err := l.send(add()); err != nil {
		l.err = err
	}
	l.measure(name("one member less in a group of %d"), l.often(), remove, member(false, add))
	if _, err := l.send(remove()); err != nil {
		l.err = err
	}
	l.measure(name("1000 members more in a group of %d"), l.sometimes(), addAll, member(true, removeAll))
	l.measure(name("read a group of %d, without its members"), l.often(), func() request {
		return get(path, "excludedAttributes", "members")
	}, func() error { return l.has(`"displayName":"Everyone"`) })
	l.measure(name("read a group of %d, with all of them"), l.rarely(), func() request { return get(path) }, func() error {
		if n := bytes.Count(l.answer.body.Bytes(), []byte(`"value":`)); n != l.group {
			return fmt.Errorf("%d members instead of %d", n, l.group)
		}
		return nil
	})
}

// newGroup makes a group of users, a thousand at a time.
func (l *load) newGroup(ids []string) (string, error) {
	if _, err := l.send(request{method: "POST", path: "/Groups", body: `{"displayName":"Everyone"}`, status: http.StatusCreated}); err != nil {
		return "", err
	}
	var group struct{ ID string }
	if err := json.Unmarshal(l.answer.body.Bytes(), &group); err != nil {
		return "", err
	}
	for len(ids) > 0 {
		n := min(batch, len(ids))
		if _, err := l.send(patch("/Groups/"+group.ID, adding(ids[:n]), http.StatusNoContent)); err != nil {
			return "", err
		}
		ids = ids[n:]
	}
	return group.ID, nil
}

// adding is an operation that adds members.
func adding(ids []string) string {
	var b strings.Builder
	b.WriteString(`{"op":"add","path":"members","value":[`)
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"value":"` + id + `"}`)
	}
	b.WriteString(`]}`)
	return b.String()
}

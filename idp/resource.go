package idp

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	filter "github.com/scim2/filter-parser/v2"

	"github.com/usher-scim/scim/internal/syntax"
)

// The schemas of RFC 7643 and of a PATCH (RFC 7644, section 3.5.2).
const (
	UserSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	GroupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	PatchOp          = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
)

// Resource is a SCIM resource as it stands on the wire.
type Resource map[string]any

// ID is the resource's id; "" if it has none.
func (r Resource) ID() string { return r.Text("id") }

// Text is the text that stands under a path; "" if there is none.
func (r Resource) Text(path string) string {
	s, _ := r.Get(Path{text: path}).(string)
	return s
}

// Clone returns a copy that shares nothing.
func (r Resource) Clone() Resource {
	c, _ := clone(map[string]any(r)).(map[string]any)
	return c
}

func clone(v any) any {
	switch v := v.(type) {
	case map[string]any:
		c := make(map[string]any, len(v))
		for k, e := range v {
			c[k] = clone(e)
		}
		return c
	case []any:
		c := make([]any, len(v))
		for i, e := range v {
			c[i] = clone(e)
		}
		return c
	}
	return v
}

// Path is where a mapping writes: an attribute, a sub-attribute, or one of an element
// that a filter of eq and and picks, each with or without a schema's URN.
type Path struct {
	text string
	urn  string // "" core
	attr string
	sub  string
	pick []pick // in the order written
}

// pick is one eq of a value filter.
type pick struct {
	name  string
	value any
}

// ParsePath reads a path such as emails[type eq "work"].value. Two levels of
// sub-attributes and filters other than eq joined by and are errors.
func ParsePath(text string) (Path, error) {
	p, err := syntax.ParsePath(text, syntax.Limits{}, nil)
	if err != nil {
		return Path{}, fmt.Errorf("path %q: %w", text, err)
	}
	out := Path{text: text, urn: p.AttributePath.URI(), attr: p.AttributePath.AttributeName, sub: p.AttributePath.SubAttributeName()}
	out.urn = strings.TrimSuffix(out.urn, ":")
	if p.SubAttribute != nil {
		out.sub = *p.SubAttribute
	}
	if strings.Contains(out.sub, ".") {
		return Path{}, fmt.Errorf("path %q: it names a sub-attribute of a sub-attribute", text)
	}
	if p.ValueExpression != nil {
		if out.pick, err = picks(p.ValueExpression); err != nil {
			return Path{}, fmt.Errorf("path %q: %w", text, err)
		}
	}
	if strings.EqualFold(out.urn, UserSchema) || strings.EqualFold(out.urn, GroupSchema) {
		out.urn = ""
	}
	return out, nil
}

// MustPath is ParsePath for paths that stand in code. It panics on an error.
func MustPath(text string) Path {
	p, err := ParsePath(text)
	if err != nil {
		panic(err)
	}
	return p
}

func picks(e filter.Expression) ([]pick, error) {
	switch e := e.(type) {
	case *filter.AttributeExpression:
		if e.Operator != filter.EQ || e.AttributePath.SubAttribute != nil {
			break
		}
		return []pick{{e.AttributePath.AttributeName, e.CompareValue}}, nil
	case *filter.LogicalExpression:
		if e.Operator != filter.AND {
			break
		}
		left, err := picks(e.Left)
		if err != nil {
			return nil, err
		}
		right, err := picks(e.Right)
		return append(left, right...), err
	}
	return nil, fmt.Errorf("only eq, joined by and, can be written to")
}

// String is the path as it was written.
func (p Path) String() string { return p.text }

// Filtered reports whether a value filter picks the element.
func (p Path) Filtered() bool { return len(p.pick) > 0 }

// Equal reports whether two paths write to the same place. Names, URNs and the values
// of a filter are compared in any case, as Get and Set match them; the order of a
// filter's terms does not count.
func (p Path) Equal(q Path) bool {
	if !strings.EqualFold(p.urn, q.urn) || !strings.EqualFold(p.attr, q.attr) || !strings.EqualFold(p.sub, q.sub) {
		return false
	}
	return subset(p.pick, q.pick) && subset(q.pick, p.pick)
}

// subset reports whether all terms of a filter are among those of another.
func subset(some, all []pick) bool {
	for _, k := range some {
		if !slices.ContainsFunc(all, func(o pick) bool { return strings.EqualFold(k.name, o.name) && same(k.value, o.value) }) {
			return false
		}
	}
	return true
}

// Parts are the schema's URN ("" for the core), the attribute and the sub-attribute
// ("" for none).
func (p Path) Parts() (urn, attribute, sub string) { return p.urn, p.attr, p.sub }

// Get returns what stands under a path, nil if nothing does. Names are matched in any
// case (RFC 7643, section 2.1).
func (r Resource) Get(p Path) any {
	if p.attr == "" { // made by Text
		var err error
		if p, err = ParsePath(p.text); err != nil {
			return nil
		}
	}
	in := map[string]any(r)
	if p.urn != "" {
		in, _ = member(in, p.urn).(map[string]any)
	}
	v := member(in, p.attr)
	if p.Filtered() {
		elements, _ := v.([]any)
		v = nil
		for _, e := range elements {
			if m, ok := e.(map[string]any); ok && p.picks(m) {
				v = m
				break
			}
		}
	}
	if p.sub == "" {
		return v
	}
	m, _ := v.(map[string]any)
	return member(m, p.sub)
}

func (p Path) picks(element map[string]any) bool {
	for _, k := range p.pick {
		if !same(member(element, k.name), k.value) {
			return false
		}
	}
	return true
}

// same compares as an identity provider does that has "True" for true.
func same(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	return a != nil && b != nil && strings.EqualFold(fmt.Sprint(a), fmt.Sprint(b))
}

// member returns a member of an object, by its name in any case.
func member(in map[string]any, name string) any {
	if v, ok := in[name]; ok {
		return v
	}
	for k, v := range in {
		if strings.EqualFold(k, name) {
			return v
		}
	}
	return nil
}

// Set writes a value under a path and makes what is missing on the way: the
// extension's object, and the element, with the values of its filter. Nil removes;
// objects and elements that then have nothing but the values of the filter go too.
func (r Resource) Set(p Path, value any) {
	in := map[string]any(r)
	if p.urn != "" {
		in = object(in, p.urn)
		defer func() {
			if len(in) == 0 {
				delete(r, key(r, p.urn))
			}
		}()
	}
	name := key(in, p.attr)
	switch {
	case p.Filtered():
		p.setElement(in, name, value)
	case p.sub != "":
		o := object(in, p.attr)
		put(o, p.sub, value)
		if len(o) == 0 {
			delete(in, name)
		}
	default:
		put(in, p.attr, value)
	}
}

func (p Path) setElement(in map[string]any, name string, value any) {
	elements, _ := in[name].([]any)
	at := slices.IndexFunc(elements, func(e any) bool {
		m, ok := e.(map[string]any)
		return ok && p.picks(m)
	})
	if at < 0 {
		if value == nil {
			return
		}
		made := make(map[string]any)
		for _, k := range p.pick {
			made[k.name] = k.value
		}
		elements = append(elements, made)
		at = len(elements) - 1
	}
	element := elements[at].(map[string]any)
	if whole, ok := value.(map[string]any); p.sub == "" && ok {
		maps.Copy(element, whole)
	} else if p.sub != "" {
		put(element, p.sub, value)
	}
	if value == nil && (p.sub == "" || len(element) <= len(p.pick)) {
		elements = slices.Delete(elements, at, at+1)
	}
	if in[name] = elements; len(elements) == 0 {
		delete(in, name)
	}
}

// key is how a name is spelt in an object: as it stands there, else as given.
func key(in map[string]any, name string) string {
	if _, ok := in[name]; ok {
		return name
	}
	for k := range in {
		if strings.EqualFold(k, name) {
			return k
		}
	}
	return name
}

func object(in map[string]any, name string) map[string]any {
	k := key(in, name)
	o, ok := in[k].(map[string]any)
	if !ok {
		o = make(map[string]any)
		in[k] = o
	}
	return o
}

func put(in map[string]any, name string, value any) {
	if k := key(in, name); value == nil {
		delete(in, k)
	} else {
		in[k] = value
	}
}

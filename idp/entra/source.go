package entra

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usher-scim/scim/idp/entra/expr"
)

// env is what the values of a mapping depend on beside the object.
type env struct {
	now    time.Time  // of Now
	random *rand.Rand // of Guid and RandomString
}

// computed are the sources that no user has as a property: made when they are read.
// Active is whether the user is assigned and lets the scoping filters pass.
var computed = map[string]struct {
	kind propertyKind
	read func(r record, active bool) any
}{
	"IsSoftDeleted": {truth, func(r record, active bool) any {
		return !active || r.deleted || r.gone || r.props["accountEnabled"] == false
	}},
	"originalUserPrincipalName": {text, func(r record, _ bool) any { return r.props["userPrincipalName"] }},
}

// read returns what an object has under the name of a source: a string, a bool or
// a []string; nil is none.
func (r record) read(name string, active bool) any {
	v := r.props[name]
	if c, found := computed[name]; found && !r.group {
		v = c.read(r, active)
	}
	if upn, ok := v.(string); ok && name == "userPrincipalName" {
		v = homeName(upn)
	}
	return v
}

// homeName is the userPrincipalName that a guest has at home: bob_b.example#EXT#@a.example
// is bob@b.example. Others keep theirs.
func homeName(upn string) string {
	alias, _, guest := strings.Cut(upn, "#EXT#@")
	if !guest {
		return upn
	}
	if at := strings.LastIndexByte(alias, '_'); at >= 0 {
		return alias[:at] + "@" + alias[at+1:] // no domain has an underscore
	}
	return alias
}

// flows returns the values of an object, one for each row in the order of the mapping,
// memberships apart. Active is whether the object is assigned and lets the scoping
// filters pass. An expression that fails for this object is an error that names the row.
func (m *mapping) flows(r record, active bool, e env) ([]flow, error) {
	out := make([]flow, 0, len(m.rows))
	for i := range m.rows {
		f, err := m.rows[i].flow(r, active, e)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", m.rows[i].name, err)
		}
		out = append(out, f)
	}
	return out, nil
}

func (w *row) flow(r record, active bool, e env) (flow, error) {
	f := flow{target: w.target, creation: w.OnCreation}
	switch w.Type {
	case Direct:
		f.value = w.place(r.read(w.Source, active))
		f.reference = !r.group && kindOf(false, w.Source) == person
	case Constant:
		f.value = w.Source
	case Expression:
		v, err := w.expr.Eval(expr.Env{
			Attribute: func(name string) expr.Value { return exprValue(name, r.read(name, active)) },
			Now:       func() time.Time { return e.now },
			Rand:      e.random,
		})
		if err != nil {
			return f, err
		}
		w.take(&f, v)
	case None:
		f.keep = w.Default == ""
	}
	if f.value == nil && !f.keep && w.Default != "" {
		f.value, f.creation, f.standIn = w.Default, true, true
	}
	return f, nil
}

// take makes the value of an expression what flows. Booleans and numbers are texts, and
// an empty text is no value.
func (w *row) take(f *flow, v expr.Value) {
	f.keep, f.secret = v.Kind() == expr.Ignored, v.Redacted()
	switch v.Kind() {
	case expr.List:
		f.value = w.place(v.List())
	case expr.Roles:
		f.roles, f.assertive = v.Roles(), v.Assertive()
		all := make([]any, len(f.roles))
		for i, r := range f.roles {
			all[i] = map[string]any{"primary": false, "type": "WindowsAzureActiveDirectoryRole", "display": r.DisplayName, "value": r.Value}
		}
		if len(all) > 0 {
			f.value = all
		}
	default:
		if s := v.Text(); s != "" {
			f.value = s
		}
	}
}

// exprValue is a source as expressions see it. Roles are known by their names, from
// which their ids are made.
func exprValue(name string, v any) expr.Value {
	switch v := v.(type) {
	case string:
		return expr.Text(v)
	case bool:
		return expr.Truth(v)
	case []string:
		if name != "appRoleAssignments" {
			return expr.Texts(v...)
		}
		roles := make([]expr.AppRole, len(v))
		for i, role := range v {
			roles[i] = expr.AppRole{ID: uuid.NewSHA1(namespace, []byte("role "+role)).String(), Value: role, DisplayName: role}
		}
		return expr.Assignments(roles...)
	}
	return expr.Value{}
}

// place makes a value what JSON has. Where a single value is to stand, that is the first
// of a list.
func (w *row) place(v any) any {
	l, ok := v.([]string)
	if !ok {
		return v
	}
	if len(l) == 0 {
		return nil
	}
	if _, _, sub := w.target.Parts(); sub != "" {
		return l[0]
	}
	all := make([]any, len(l))
	for i, s := range l {
		all[i] = s
	}
	return all
}

// matches returns the values to look an object up by, in the order of precedence:
// those that it has, defaults apart.
func (m *mapping) matches(flows []flow) []match {
	var out []match
	for _, i := range m.matching {
		for _, f := range flows {
			value, ok := f.value.(string)
			if ok && value != "" && !f.standIn && f.target.Equal(m.rows[i].target) {
				out = append(out, match{target: f.target, value: value})
			}
		}
	}
	return out
}

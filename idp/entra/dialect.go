package entra

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strings"

	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/entra/expr"
)

// Flag is the key in the query of a tenant URL that asks for the newer dialect, and
// RollbackFlag the one that asks for the older one, whatever the default.
const (
	Flag         = "aadOptscim062020"
	RollbackFlag = "AzureAdScimPatch2017"
)

// ManagerForm is how a manager is written. Every form has been seen from Entra.
type ManagerForm string

// The forms of a manager.
const (
	ManagerText   ManagerForm = ""       // the bare id, which is usual
	ManagerObject ManagerForm = "object" // {"value": id}
	ManagerList   ManagerForm = "list"   // [{"$ref": null, "value": id}] under the bare name
)

// dialect is how a PATCH is written: as of old, or as the flag makes it.
type dialect struct {
	flag    bool
	manager ManagerForm
}

// dialectOf is that which a tenant URL asks for.
func dialectOf(s *idp.Service, manager ManagerForm) dialect {
	u, err := url.Parse(s.URL)
	if err != nil {
		return dialect{manager: manager}
	}
	has := func(flag string) bool {
		for key := range u.Query() {
			if strings.EqualFold(key, flag) {
				return true
			}
		}
		return false
	}
	return dialect{flag: has(Flag) && !has(RollbackFlag), manager: manager}
}

// operation is one of a PATCH (RFC 7644, section 3.5.2). A nil value is none.
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path,omitempty"`
	Value any    `json:"value,omitempty"`
}

type patch struct {
	Schemas    []string    `json:"schemas"`
	Operations []operation `json:"Operations"`
}

func newPatch(ops []operation) patch { return patch{[]string{idp.PatchOp}, ops} }

// verb is an operation.
type verb uint8

const (
	opAdd verb = iota
	opReplace
	opRemove
)

// verbs are how the dialects spell them.
var verbs = map[bool][3]string{false: {"Add", "Replace", "Remove"}, true: {"add", "replace", "remove"}}

func (d dialect) op(v verb) string { return verbs[d.flag][v] }

// difference is an attribute that is not at the target as the mapping wants it.
type difference struct {
	target idp.Path
	old    any // nil: it is not there
	value  any
	secret bool
	roles  []expr.AppRole // that a PATCH of old has as texts
}

func (c difference) verb() verb {
	if c.old == nil {
		return opAdd
	}
	return opReplace
}

// patch writes differences. As of old each has an operation of its own. With the flag
// those behind a filter still do, and the others are merged into one operation without
// a path; one alone keeps its path, but for groups.
func (d dialect) patch(group bool, changes []difference) []operation {
	var ops []operation
	var apart [2][]difference // that are added, and replaced
	for _, c := range changes {
		if d.flag && !c.target.Filtered() {
			apart[c.verb()] = append(apart[c.verb()], c)
			continue
		}
		ops = append(ops, operation{d.op(c.verb()), c.target.String(), d.value(c)})
	}
	for v, merged := range apart {
		switch {
		case len(merged) == 1 && (!group || verb(v) == opAdd):
			ops = append(ops, operation{d.op(verb(v)), merged[0].target.String(), merged[0].value})
		case len(merged) > 0:
			values := make(map[string]any, len(merged))
			for _, c := range merged {
				values[c.target.String()] = c.value
			}
			ops = append(ops, operation{Op: d.op(verb(v)), Value: values})
		}
	}
	return ops
}

// value is how a PATCH of old writes a value: booleans as texts, and roles as texts
// that hold JSON.
func (d dialect) value(c difference) any {
	if d.flag {
		return c.value
	}
	if b, ok := c.value.(bool); ok {
		return boolText(b)
	}
	if len(c.roles) > 0 {
		return rolesAsTexts(c.roles)
	}
	return c.value
}

func isRoles(p idp.Path) bool {
	urn, attribute, _ := p.Parts()
	return urn == "" && strings.EqualFold(attribute, "roles")
}

// rolesAsTexts puts each role into a text, with an id that nobody asked for.
func rolesAsTexts(roles []expr.AppRole) []any {
	out := make([]any, len(roles))
	for i, r := range roles {
		text, _ := json.Marshal(struct { // of texts, which cannot fail
			ID          string `json:"id"`
			Value       string `json:"value"`
			DisplayName string `json:"displayName"`
		}{r.ID, r.Value, r.DisplayName})
		out[i] = map[string]any{"value": string(text)}
	}
	return out
}

// setManager writes a manager. It is an Add also where there is one already.
func (d dialect) setManager(id string) operation {
	op := operation{d.op(opAdd), managerTarget.String(), id}
	switch d.manager {
	case ManagerObject:
		op.Value = map[string]any{"value": id}
	case ManagerList:
		op.Path, op.Value = "manager", []any{map[string]any{"$ref": nil, "value": id}}
	}
	return op
}

func (d dialect) removeManager() operation {
	return operation{Op: d.op(opRemove), Path: managerTarget.String()}
}

// members writes memberships. With the flag each that is removed has an operation of
// its own.
func (d dialect) members(added, removed []string) []operation {
	var ops []operation
	if len(added) > 0 {
		ops = append(ops, operation{d.op(opAdd), memberTarget, d.memberValues(added)})
	}
	if len(removed) > 0 && !d.flag {
		ops = append(ops, operation{d.op(opRemove), memberTarget, d.memberValues(removed)})
	}
	for _, id := range removed {
		if d.flag {
			ops = append(ops, operation{Op: d.op(opRemove), Path: memberTarget + `[value eq ` + quote(id) + `]`})
		}
	}
	return ops
}

func (d dialect) memberValues(ids []string) []any {
	out := make([]any, len(ids))
	for i, id := range ids {
		m := map[string]any{"value": id}
		if !d.flag {
			m["$ref"] = nil
		}
		out[i] = m
	}
	return out
}

// escapes are those of a filter's text.
var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// quote writes a text as a filter has it.
func quote(s string) string { return `"` + escapes.Replace(s) + `"` }

// adGroupSchema is announced by those who create groups as of old.
const adGroupSchema = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"

// create is the body of a POST. Extensions other than the enterprise's are not in
// schemas; a work e-mail is the primary one; groups are created empty.
func (d dialect) create(group bool, flows []flow) idp.Resource {
	body := idp.Resource{
		"schemas": []any{idp.UserSchema, idp.EnterpriseSchema},
		"meta":    map[string]any{"resourceType": sourceTypes[group]},
	}
	switch {
	case group && d.flag:
		body["schemas"], body[memberTarget] = []any{idp.GroupSchema}, []any{}
	case group:
		body["schemas"] = []any{idp.GroupSchema, adGroupSchema}
	default:
		body["roles"] = []any{}
	}
	for _, f := range flows {
		if f.value != nil && !f.keep && !f.reference {
			body.Set(f.target, typed(f.target, f.value))
		}
	}
	emails, _ := body["emails"].([]any)
	for _, e := range emails {
		if m, ok := e.(map[string]any); ok && m["type"] == "work" && m["primary"] == nil {
			m["primary"] = true
		}
	}
	return body
}

// activeTarget is what disables a user.
var activeTarget = idp.MustPath("active")

// typed is a value as the target's type has it: expressions make texts of booleans.
func typed(target idp.Path, v any) any {
	s, ok := v.(string)
	_, _, sub := target.Parts()
	if !ok || !target.Equal(activeTarget) && !strings.EqualFold(sub, "primary") {
		return v
	}
	switch {
	case strings.EqualFold(s, "true"):
		return true
	case strings.EqualFold(s, "false"):
		return false
	}
	return v
}

// alike reports whether a value at the target is what the mapping wants. Texts are
// compared to the letter, so that what a service rewrites is written again.
func alike(has, want any) bool {
	if b, ok := want.(bool); ok {
		if s, isText := has.(string); isText {
			return strings.EqualFold(s, boolText(b))
		}
	}
	return reflect.DeepEqual(has, want)
}

// differences are what has to be written so that a resource has what flows. Nothing is
// cleared: a value that is no more in the source does not flow.
func differences(flows []flow, has idp.Resource) []difference {
	var out []difference
	for _, f := range flows {
		if f.value == nil || f.keep || f.reference || f.creation {
			continue
		}
		d := difference{target: f.target, old: has.Get(f.target), value: typed(f.target, f.value), secret: f.secret}
		if alike(d.old, d.value) {
			continue
		}
		if !f.assertive {
			d.roles = f.roles
		}
		out = append(out, d)
	}
	return out
}

package expr

import (
	"slices"
	"strconv"
	"strings"
)

// Kind is what a Value is.
type Kind uint8

const (
	// Absent is no value at all: null, as an attribute is that the object lacks.
	Absent Kind = iota
	// String is a text, which may be empty.
	String
	// Bool is true or false, sent as True and False where texts are.
	Bool
	// Number is a whole number.
	Number
	// List is several texts, as a multi-valued attribute has.
	List
	// Roles are assignments to roles of the application.
	Roles
	// Ignored is what IgnoreFlowIfNullOrEmpty makes of nothing: the mapping leaves
	// the target alone. Within an expression it counts as absent.
	Ignored
)

// Value is what an attribute has or an expression returns. The zero value is absent.
type Value struct {
	kind      Kind
	redacted  bool
	assertive bool
	number    int64 // 1 for true
	text      string
	list      []string
	roles     []AppRole
}

// AppRole is a role of the application that the user is assigned to, an element of
// [appRoleAssignments]. As JSON it is what Entra puts into the value of a role when it
// patches without the feature flag.
type AppRole struct {
	ID          string `json:"id"`
	Value       string `json:"value"`
	DisplayName string `json:"displayName"`
}

// Text returns a text as a Value.
func Text(s string) Value { return Value{kind: String, text: s} }

// Truth returns true or false as a Value.
func Truth(b bool) Value {
	if b {
		return Value{kind: Bool, number: 1}
	}
	return Value{kind: Bool}
}

// Integer returns a whole number as a Value.
func Integer(n int64) Value { return Value{kind: Number, number: n} }

// Texts returns several texts as a Value, which keeps the slice.
func Texts(list ...string) Value { return Value{kind: List, list: list} }

// Assignments returns assignments to roles as a Value, which keeps the slice.
func Assignments(roles ...AppRole) Value { return Value{kind: Roles, roles: roles} }

// Kind returns what the value is.
func (v Value) Kind() Kind { return v.kind }

// Text returns a single value as a text: True and False, the digits of a number. It is
// "" for one that is absent or ignored, and for a list or roles.
func (v Value) Text() string {
	switch v.kind {
	case String:
		return v.text
	case Number:
		return strconv.FormatInt(v.number, 10)
	case Bool:
		if v.number != 0 {
			return "True"
		}
		return "False"
	}
	return ""
}

// Bool reports whether the value is true, or the text True in any case.
func (v Value) Bool() bool { return strings.EqualFold(v.Text(), "True") }

// Int returns a number; 0 for what is none.
func (v Value) Int() int64 {
	if v.kind != Number {
		return 0
	}
	return v.number
}

// List returns the texts of a list, or a single value as a list of one. It is empty
// for what is absent or ignored, and for roles.
func (v Value) List() []string {
	switch v.kind {
	case List:
		return slices.Clone(v.list)
	case String, Number, Bool:
		return []string{v.Text()}
	}
	return nil
}

// Roles returns the assignments of a value of that kind.
func (v Value) Roles() []AppRole { return slices.Clone(v.roles) }

// Assertive reports whether roles replace those of the target, as those from
// AssertiveAppRoleAssignmentsComplex do, rather than being added to them.
func (v Value) Assertive() bool { return v.assertive }

// Redacted reports whether the value comes from Redact, alone or with others: it is
// sent as it is, and logs show String.
func (v Value) Redacted() bool { return v.redacted }

// String returns the value as a provisioning log shows it: [Redact] for one that is
// redacted, several with commas between them, "" for one that is absent or ignored.
func (v Value) String() string {
	switch {
	case v.redacted:
		return "[Redact]"
	case v.kind == List:
		return strings.Join(v.list, ", ")
	case v.kind == Roles:
		names := make([]string, len(v.roles))
		for i, r := range v.roles {
			names[i] = r.name()
		}
		return strings.Join(names, ", ")
	}
	return v.Text()
}

// name is what people call a role.
func (r AppRole) name() string {
	if r.DisplayName != "" {
		return r.DisplayName
	}
	return r.Value
}

// empty reports whether there is nothing in a value: it is absent, ignored, a text of
// no characters or a list of no elements.
func (v Value) empty() bool {
	switch v.kind {
	case Absent, Ignored:
		return true
	case String:
		return v.text == ""
	case List:
		return len(v.list) == 0
	case Roles:
		return len(v.roles) == 0
	}
	return false
}

// absent reports whether a value counts as null.
func (v Value) absent() bool { return v.kind == Absent || v.kind == Ignored }

// size is how many bytes the texts of a value have.
func (v Value) size() int {
	n := len(v.text)
	for _, s := range v.list {
		n += len(s)
	}
	return n
}

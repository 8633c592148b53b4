package entra

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// filter is a scoping filter that has been checked: clauses that must all hold.
type filter []condition

// condition is a clause that has been checked.
type condition struct {
	attribute string
	holds     func(v any) bool // what the clause says of a value
	null      bool             // and of none
}

// texts are the operators that compare texts, case-sensitively.
var texts = map[Operator]func(has, value string) bool{
	Equals:      func(has, value string) bool { return has == value },
	NotEquals:   func(has, value string) bool { return has != value },
	Includes:    strings.Contains,
	EndsWith:    strings.HasSuffix,
	ExistsIn:    func(has, value string) bool { return strings.Contains(value, has) },
	NotExistsIn: func(has, value string) bool { return !strings.Contains(value, has) },
}

// numbers are the operators that compare integers.
var numbers = map[Operator]func(has, value int64) bool{
	GreaterThan:         func(has, value int64) bool { return has > value },
	GreaterThanOrEquals: func(has, value int64) bool { return has >= value },
}

// patterns are the operators whose value is a regular expression, and what they want
// of it.
var patterns = map[Operator]bool{RegexMatch: true, NotRegexMatch: false}

// truths are the operators of booleans, and presences those of properties that have
// a value or not. They take no value.
var (
	truths    = map[Operator]bool{IsTrue: true, IsFalse: false}
	presences = map[Operator]bool{IsNotNull: true, IsNull: false}
)

// operators are all operators there are.
func operators() []string {
	var all []string
	for _, o := range []Operator{
		Equals, NotEquals, IsTrue, IsFalse, IsNull, IsNotNull, RegexMatch, NotRegexMatch,
		GreaterThan, GreaterThanOrEquals, Includes, EndsWith, ExistsIn, NotExistsIn,
	} {
		all = append(all, string(o))
	}
	return all
}

// noScope are the properties that no scoping filter can use.
var noScope = []string{"appRoleAssignments", "userType", "manager"}

func compileFilter(group bool, f ScopingFilter) (filter, error) {
	if len(f.Clauses) == 0 {
		return nil, errors.New("it has no clauses")
	}
	out := make(filter, 0, len(f.Clauses))
	var wrong []error
	for i, c := range f.Clauses {
		compiled, err := compileClause(group, c)
		if err != nil {
			err = fmt.Errorf("clause %d (%s %s): %w", i+1, c.Attribute, c.Operator, err)
			wrong = append(wrong, err)
		}
		out = append(out, compiled)
	}
	return out, errors.Join(wrong...)
}

func compileClause(group bool, c Clause) (condition, error) {
	out := condition{attribute: c.Attribute}
	kind := kindOf(group, c.Attribute)
	switch {
	case slices.Contains(noScope, c.Attribute) && !group, group && c.Attribute == memberSource:
		return out, errors.New("this property cannot be used in scoping filters")
	case kind == 0:
		return out, unknownProperty(group, c.Attribute)
	case kind == list:
		return out, errors.New("a property with several values cannot be used in scoping filters")
	case kind == moment:
		return out, errors.New("a date cannot be used in scoping filters")
	}
	_, truth := truths[c.Operator]
	_, presence := presences[c.Operator]
	if (truth || presence) && c.Value != "" {
		return out, errors.New("this operator takes no value")
	}
	if !truth && !presence && c.Value == "" && slices.Contains(operators(), string(c.Operator)) {
		return out, errors.New("this operator needs a value")
	}
	err := out.take(c)
	return out, err
}

// take makes what an operator tests.
func (c *condition) take(from Clause) error {
	operator, value := from.Operator, from.Value
	if compare, ok := texts[operator]; ok {
		c.holds = func(v any) bool { return compare(asText(v), value) }
		return nil
	}
	if compare, ok := numbers[operator]; ok {
		bound, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return fmt.Errorf("value %q is no integer", value)
		}
		c.holds = func(v any) bool {
			n, err := strconv.ParseInt(asText(v), 10, 64)
			return err == nil && compare(n, bound)
		}
		return nil
	}
	if want, ok := patterns[operator]; ok {
		pattern, err := regexp.Compile(value)
		if err != nil {
			return err
		}
		c.holds = func(v any) bool { return pattern.MatchString(asText(v)) == want }
		return nil
	}
	if want, ok := truths[operator]; ok {
		c.holds = func(v any) bool { return strings.EqualFold(asText(v), boolText(want)) }
		return nil
	}
	if want, ok := presences[operator]; ok {
		c.holds, c.null = func(any) bool { return want }, !want
		return nil
	}
	return fmt.Errorf("there is no operator %q%s", operator, suggest(string(operator), operators()))
}

// asText is a property as a clause sees it.
func asText(v any) string {
	if b, ok := v.(bool); ok {
		return boolText(b)
	}
	s, _ := v.(string)
	return s
}

// boolText is a boolean as Entra writes it.
func boolText(b bool) string {
	if b {
		return "True"
	}
	return "False"
}

// inScope reports whether the scoping filters let an object in: one of them, or that
// there are none. Assignments are not looked at.
func (m *mapping) inScope(r record) bool {
	if len(m.filters) == 0 {
		return true
	}
	return slices.ContainsFunc(m.filters, func(f filter) bool {
		return !slices.ContainsFunc(f, func(c condition) bool { return !c.meets(r) })
	})
}

func (c *condition) meets(r record) bool {
	v := r.read(c.attribute, true)
	if empty(v) {
		return c.null
	}
	return c.holds(v)
}

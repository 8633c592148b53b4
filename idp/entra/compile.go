package entra

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/entra/expr"
)

// mapping is a Mapping of users or groups that has been checked. It is not changed
// any more and may be used by several goroutines at once.
type mapping struct {
	Mapping
	group    bool
	rows     []row // without that of members
	matching []int // which rows match, by precedence
	filters  []filter
	members  bool // memberships flow
}

// row is a mapping of one attribute, and where it writes.
type row struct {
	AttributeMapping
	name   string // as errors call it
	target idp.Path
	expr   *expr.Expr // of an expression
}

// memberSource and memberTarget are the two ends of the mapping of memberships.
const memberSource, memberTarget = "members", "members"

// compile checks a mapping once and for all. The error has everything that is wrong,
// each with its row, counted from 1: mapping 3 (→ title).
func (m Mapping) compile(group bool) (*mapping, error) {
	c := &mapping{Mapping: m, group: group}
	what := "users"
	if group {
		what = "groups"
	}
	var wrong []error
	report := func(name string, err error) {
		if err != nil {
			wrong = append(wrong, fmt.Errorf("entra: %s: %s: %w", what, name, err))
		}
	}
	for i, a := range m.Attributes {
		a.Type = cmp.Or(a.Type, Direct)
		r := row{AttributeMapping: a, name: fmt.Sprintf("mapping %d (→ %s)", i+1, a.Target)}
		report(r.name, c.add(r))
	}
	report("matching", c.order())
	for i, f := range m.Scope {
		compiled, err := compileFilter(group, f)
		report(fmt.Sprintf("scoping filter %d (%s)", i+1, f.Name), err)
		c.filters = append(c.filters, compiled)
	}
	if !group && m.Disabled {
		report("mapping", errors.New("that of users cannot be switched off"))
	}
	return c, errors.Join(wrong...)
}

// add checks one row.
func (m *mapping) add(r row) error {
	var err error
	if r.target, err = m.checkTarget(r.Target); err != nil {
		return err
	}
	for _, other := range m.rows {
		if other.target.Equal(r.target) {
			return fmt.Errorf("%s writes there already", other.name)
		}
	}
	if m.group && (r.Source == memberSource && r.Type == Direct || r.target.Equal(idp.MustPath(memberTarget))) {
		return m.addMembers(r)
	}
	if err := m.checkSource(&r); err != nil {
		return err
	}
	if r.Match < 0 {
		return fmt.Errorf("precedence %d: precedences begin at 1", r.Match)
	}
	if r.Match > 0 && !m.canMatch(r) {
		return fmt.Errorf("it cannot be used to match: that takes a source with one text for each object")
	}
	m.rows = append(m.rows, r)
	return nil
}

// addMembers takes the mapping of memberships, which flow by requests of their own.
func (m *mapping) addMembers(r row) error {
	if m.members {
		return errors.New("another mapping has the members already")
	}
	if r.Type != Direct || r.Source != memberSource || !r.target.Equal(idp.MustPath(memberTarget)) || r.Match != 0 || r.Default != "" {
		return errors.New("members flow from members to members only, directly, without a default, and match nothing")
	}
	m.members = true
	return nil
}

// checkTarget reads the path that a row writes to.
func (m *mapping) checkTarget(text string) (idp.Path, error) {
	p, err := idp.ParsePath(text)
	if err != nil {
		return p, fmt.Errorf("target %w", err)
	}
	_, attribute, sub := p.Parts()
	if strings.EqualFold(attribute, "id") && !m.AllowID {
		return p, errors.New(`target "id" cannot be used: the service makes it. Map to externalId instead`)
	}
	if p.Filtered() && sub == "" {
		return p, fmt.Errorf("target path %q: behind the filter it needs the name of a sub-attribute, such as .value", text)
	}
	return p, nil
}

// checkSource checks what a row reads.
func (m *mapping) checkSource(r *row) error {
	switch r.Type {
	case Direct:
		return m.checkProperty(r)
	case Constant:
		if r.Source == "" {
			return errors.New("a constant needs a value")
		}
		return nil
	case Expression:
		return m.checkExpression(r)
	case None:
		if r.Source != "" {
			return fmt.Errorf("source %q: nothing flows in a mapping of this type", r.Source)
		}
		return nil
	}
	return fmt.Errorf("there is no type of mapping %q", r.Type)
}

// managerTarget is the only attribute that refers to a user.
var managerTarget = idp.MustPath(idp.EnterpriseSchema + ":manager")

func (m *mapping) checkProperty(r *row) error {
	kind, err := sourceKind(m.group, r.Source)
	if err != nil {
		return err
	}
	if kind == person && !r.target.Equal(managerTarget) {
		return fmt.Errorf("source %q is a reference to a user: its target is %s", r.Source, managerTarget)
	}
	if kind == person && r.Default != "" {
		return fmt.Errorf("source %q is a reference to a user, which has no default", r.Source)
	}
	return nil
}

// checkExpression reads an expression, and what it reads.
func (m *mapping) checkExpression(r *row) (err error) {
	if r.expr, err = expr.Parse(r.Source); err != nil {
		return err
	}
	for _, name := range r.expr.Attributes() {
		kind, err := sourceKind(m.group, name)
		if err != nil {
			return err
		}
		if kind == person {
			return fmt.Errorf("source %q is a reference to a user, which flows directly only", name)
		}
	}
	return nil
}

// noSource are the properties that a directory has and that Entra does not offer as a
// source, and why.
var noSource = map[string]string{
	"userType":       "put it into an extension attribute",
	"samAccountName": "use onPremisesSamAccountName, or put it into an extension attribute",
}

// sourceKind returns what a property holds that a mapping reads, by its exact name.
func sourceKind(group bool, name string) (propertyKind, error) {
	if !group {
		if why, found := noSource[name]; found {
			return 0, fmt.Errorf("property %q is not available as a source: %s", name, why)
		}
		if c, found := computed[name]; found {
			return c.kind, nil
		}
	}
	if kind := kindOf(group, name); kind != 0 {
		return kind, nil
	}
	return 0, unknownProperty(group, name)
}

// unknownProperty is the error for a name that no property has; names differ by case.
func unknownProperty(group bool, name string) error {
	known := slices.Collect(maps.Keys(userProperties))
	if group {
		known = append(slices.Collect(maps.Keys(groupProperties)), memberSource)
	} else {
		known = append(known, slices.Collect(maps.Keys(computed))...)
	}
	return fmt.Errorf("there is no property %q%s", name, suggest(name, known))
}

// suggest names what was meant, if that differs in case alone.
func suggest(name string, known []string) string {
	slices.Sort(known)
	for _, k := range known {
		if strings.EqualFold(k, name) {
			return fmt.Sprintf("; %q is written so", k)
		}
	}
	return ""
}

// canMatch reports whether the values of a row can tell objects apart.
func (m *mapping) canMatch(r row) bool {
	switch r.Type {
	case Direct:
		kind, err := sourceKind(m.group, r.Source)
		return err == nil && kind == text
	case Expression:
		return true
	}
	return false
}

// order finds the rows that match, by their precedence. A mapping that is switched off
// may do without.
func (m *mapping) order() error {
	for i, r := range m.rows {
		if r.Match > 0 {
			m.matching = append(m.matching, i)
		}
	}
	slices.SortStableFunc(m.matching, func(a, b int) int { return cmp.Compare(m.rows[a].Match, m.rows[b].Match) })
	for i := 1; i < len(m.matching); i++ {
		a, b := m.rows[m.matching[i-1]], m.rows[m.matching[i]]
		if a.Match == b.Match {
			return fmt.Errorf("%s and %s have the same precedence %d", a.name, b.name, a.Match)
		}
	}
	if len(m.matching) == 0 && !m.Disabled {
		return errors.New("no attribute is used to match: one mapping at least needs a precedence")
	}
	return nil
}

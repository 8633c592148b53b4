package expr

import (
	"slices"
	"strconv"
	"strings"
)

// truth is the truth of a value: a number other than zero, or the text True. What is
// absent is false; ok is false for what is neither true nor false.
func truth(v Value) (is, ok bool) {
	s := strings.TrimSpace(v.Text())
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return n != 0, true
	}
	return v.Bool(), s == "" || strings.EqualFold(s, "True") || strings.EqualFold(s, "False")
}

// condition is argument i as true or false.
func (c *call) condition(i int) (bool, error) {
	s, _, err := c.text(i)
	if err != nil {
		return false, err
	}
	is, ok := truth(Text(s))
	if !ok {
		return false, c.fail(i, "%s is neither true nor false", c.quote(s))
	}
	return is, nil
}

func cBool(c *call) (Value, error) {
	is, err := c.condition(0)
	return Truth(is), err
}

// prepareIIF notes what the condition reads.
func prepareIIF(n *node) (any, *Error) { return attributes(n.args[0]), nil }

// iif does as Microsoft warns: if an attribute in the condition has no value, the
// condition fails, even where IsNullOrEmpty or <> would make it hold.
func iif(c *call) (Value, error) {
	reads, _ := c.n.ready.([]string)
	for _, name := range reads {
		if c.ev.attribute(name).empty() {
			return c.value(2)
		}
	}
	is, err := c.condition(0)
	switch {
	case err != nil:
		return Value{}, err
	case is:
		return c.value(1)
	}
	return c.value(2)
}

func switchOn(c *call) (Value, error) {
	source, _, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	for i := 2; i < len(c.n.args); i += 2 {
		key, _, err := c.text(i)
		if err != nil {
			return Value{}, err
		}
		if key == source {
			return c.value(i + 1)
		}
	}
	return c.value(1)
}

func coalesce(c *call) (Value, error) {
	for i := range c.n.args {
		if v, err := c.value(i); err != nil || !v.absent() {
			return v, err
		}
	}
	return Value{}, nil
}

func ignoreFlow(c *call) (Value, error) {
	v, err := c.value(0)
	if err == nil && v.empty() {
		v = Value{kind: Ignored}
	}
	return v, err
}

// redact marks the evaluation: whatever comes of it is redacted, since it may be made
// of the value.
func redact(c *call) (Value, error) {
	c.ev.hiding++
	v, err := c.value(0)
	c.ev.hiding--
	c.ev.redacted = true
	return v, err
}

func selectUnique(c *call) (Value, error) {
	if c.ev.env.Taken == nil {
		return Value{}, c.fail(-1, "Entra supports it for users of Active Directory only: the target cannot be asked what it has")
	}
	for i := range c.n.args {
		s, _, err := c.text(i)
		if err != nil {
			return Value{}, err
		}
		if s != "" && !c.ev.env.Taken(s) {
			return Text(s), nil
		}
	}
	return Value{}, c.fail(-1, "the target has all values already")
}

func isString(v Value) bool {
	_, ok, _ := single(v)
	return ok
}

func isNotTrue(v Value) bool {
	s, _, _ := single(v)
	return !Text(s).Bool()
}

// several is argument i as several texts.
func (c *call) several(i int) ([]string, error) {
	v, err := c.value(i)
	if err != nil {
		return nil, err
	}
	switch v.kind {
	case List:
		return v.list, nil
	case Roles:
		_, _, msg := single(v)
		return nil, c.fail(i, "%s", msg)
	}
	return v.List(), nil
}

func countValues(c *call) (Value, error) {
	v, err := c.value(0)
	if err != nil {
		return Value{}, err
	}
	return Integer(int64(len(v.roles) + len(v.List()))), nil
}

func item(c *call) (Value, error) {
	list, err := c.several(0)
	if err != nil || len(list) == 0 {
		return Value{}, err
	}
	n, err := c.number(1)
	if err != nil {
		return Value{}, err
	}
	if n < 1 || n > int64(len(list)) {
		return Value{}, c.fail(1, "there is no value %d: the first is 1, the last %d", n, len(list))
	}
	return Text(list[n-1]), nil
}

func removeDuplicates(c *call) (Value, error) {
	list, err := c.several(0)
	if err != nil || len(list) == 0 {
		return Value{}, err
	}
	seen := make(map[string]bool, len(list))
	out := slices.DeleteFunc(slices.Clone(list), func(s string) bool {
		was := seen[s]
		seen[s] = true
		return was
	})
	return Texts(out...), nil
}

// assigned is the argument of a function on roles.
func (c *call) assigned() ([]AppRole, error) {
	v, err := c.value(0)
	if err != nil {
		return nil, err
	}
	if v.kind != Roles && !v.absent() {
		return nil, c.fail(0, "these are no assignments to roles; the attribute is [appRoleAssignments]")
	}
	return v.roles, nil
}

// singleRole returns the first role by its display name, which is what the keys of
// Switch are compared with in vendors' guides. Entra promises no order.
func singleRole(c *call) (Value, error) {
	assigned, err := c.assigned()
	if err != nil || len(assigned) == 0 {
		return Value{}, err
	}
	return Text(assigned[0].name()), nil
}

func complexRoles(assertive bool) func(*call) (Value, error) {
	return func(c *call) (Value, error) {
		assigned, err := c.assigned()
		if err != nil || len(assigned) == 0 {
			return Value{}, err
		}
		return Value{kind: Roles, roles: assigned, assertive: assertive}, nil
	}
}

func bitAnd(c *call) (Value, error) {
	a, err := c.number(0)
	if err != nil {
		return Value{}, err
	}
	b, err := c.number(1)
	return Integer(a & b), err
}

package expr

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// Env is what an expression sees when it is evaluated. The zero value is an object
// without attributes, at the present time.
type Env struct {
	// Attribute returns the value of a source attribute by its name, in exactly that
	// case. It may be called several times for one attribute.
	Attribute func(name string) Value
	// Now is the time for Now and for times that have no date; nil is time.Now.
	Now func() time.Time
	// Rand is where Guid and RandomString draw from; nil is the generator of the
	// process. With a seeded one the same calls return the same values; it is then
	// not for several goroutines at once.
	Rand *rand.Rand
	// Taken reports whether the target has the value already, for SelectUniqueValue.
	// Nil is a target that cannot be asked, as no SCIM application can: the function
	// then fails, since Entra supports it for Active Directory alone.
	Taken func(value string) bool
}

// Eval returns the value of the expression for one object. Errors are of the type
// *Error: what a function cannot work with, such as a date of another format. Only the
// arguments that count are evaluated: of Switch and IIF those of the case that applies.
func (e *Expr) Eval(env Env) (Value, error) {
	ev := &evaluator{env: env}
	v, err := ev.value(e.root)
	if err != nil {
		return Value{}, err
	}
	v.redacted = ev.redacted
	return v, nil
}

// evaluator evaluates an expression once.
type evaluator struct {
	env      Env
	hiding   int  // how many Redact stand around what is evaluated
	redacted bool // a Redact has been evaluated
}

func (ev *evaluator) value(n *node) (Value, error) {
	switch n.kind {
	case attributeNode:
		return ev.attribute(n.text), nil
	case textNode, wordNode:
		return n.value, nil
	case comparisonNode:
		return ev.comparison(n)
	}
	c := call{ev: ev, n: n}
	v, err := n.fn.eval(&c)
	if err == nil && v.size() > MaxValue {
		err = c.tooLong()
	}
	return v, err
}

func (ev *evaluator) attribute(name string) Value {
	if ev.env.Attribute == nil {
		return Value{}
	}
	return ev.env.Attribute(name)
}

func (ev *evaluator) now() time.Time {
	if ev.env.Now == nil {
		return time.Now().UTC()
	}
	return ev.env.Now().UTC()
}

// drawn returns a random number below n.
func (ev *evaluator) drawn(n int) int {
	if ev.env.Rand == nil {
		return rand.IntN(n)
	}
	return ev.env.Rand.IntN(n)
}

// comparison compares two values. One that is absent counts as an empty text.
func (ev *evaluator) comparison(n *node) (Value, error) {
	var sides [2]Value
	for i, arg := range n.args {
		v, err := ev.value(arg)
		if err != nil {
			return Value{}, err
		}
		s, _, msg := single(v)
		if msg != "" {
			return Value{}, &Error{Offset: arg.at, Func: n.text, Msg: msg}
		}
		if v.kind != Number {
			v = Text(s)
		}
		sides[i] = v
	}
	return Truth(compared(n.text, sides[0], sides[1])), nil
}

// compared compares numbers with numbers, and what reads as two numbers by < and its
// like; all else is compared as texts, character by character, A before a.
func compared(op string, a, b Value) bool {
	order := strings.Compare(a.Text(), b.Text())
	if a.kind == Number || b.kind == Number || op != "=" && op != "<>" {
		if o, ok := compareNumbers(a.Text(), b.Text()); ok {
			order = o
		}
	}
	switch op {
	case "=":
		return order == 0
	case "<>":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

// compareNumbers compares two texts as numbers; ok is false if one is none.
func compareNumbers(a, b string) (order int, ok bool) {
	i, err1 := strconv.ParseInt(a, 10, 64)
	j, err2 := strconv.ParseInt(b, 10, 64)
	if err1 == nil && err2 == nil {
		return sign(i < j, i > j), true
	}
	x, err1 := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	return sign(x < y, x > y), err1 == nil && err2 == nil
}

func sign(less, more bool) int {
	switch {
	case less:
		return -1
	case more:
		return 1
	}
	return 0
}

// single returns the one text of a value; ok is false if it is absent, and msg says
// why it has none.
func single(v Value) (s string, ok bool, msg string) {
	switch v.kind {
	case Absent, Ignored:
		return "", false, ""
	case List:
		if len(v.list) > 1 {
			return "", false, fmt.Sprintf("there are %d values where one belongs; Item picks one, Join joins them", len(v.list))
		}
		if len(v.list) == 0 {
			return "", false, ""
		}
		return v.list[0], true, ""
	case Roles:
		return "", false, "assignments to roles are no text; SingleAppRoleAssignment makes one of them"
	}
	return v.Text(), true, ""
}

// call is one evaluation of a function.
type call struct {
	ev *evaluator
	n  *node
}

// fail is the function's error at its argument i, or at itself if i is below zero.
func (c *call) fail(i int, format string, args ...any) error {
	at := c.n.at
	if i >= 0 && c.given(i) {
		at = c.n.args[i].at
	}
	return &Error{Offset: at, Func: c.n.fn.name, Msg: fmt.Sprintf(format, args...)}
}

func (c *call) tooLong() error {
	return c.fail(-1, "the result is longer than %d bytes", MaxValue)
}

// quote shows a value in an error, unless it is to be redacted.
func (c *call) quote(s string) string {
	if c.ev.hiding > 0 || c.ev.redacted {
		return "[Redact]"
	}
	const most = 60
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return strconv.Quote(s)
}

// given reports whether something stands at the position of argument i.
func (c *call) given(i int) bool { return i < len(c.n.args) && c.n.args[i] != nil }

// value is argument i; absent if its position is empty.
func (c *call) value(i int) (Value, error) {
	if !c.given(i) {
		return Value{}, nil
	}
	return c.ev.value(c.n.args[i])
}

// text is argument i as one text. It is not ok if it is absent.
func (c *call) text(i int) (s string, ok bool, err error) {
	if !c.given(i) {
		return "", false, nil
	}
	if n := c.n.args[i]; n.kind == textNode {
		return n.value.text, true, nil
	}
	v, err := c.value(i)
	if err != nil {
		return "", false, err
	}
	s, ok, msg := single(v)
	if msg != "" {
		return "", false, c.fail(i, "%s", msg)
	}
	return s, ok, nil
}

// number is argument i as a whole number.
func (c *call) number(i int) (int64, error) {
	s, ok, err := c.text(i)
	if err != nil {
		return 0, err
	}
	if !ok {
		return 0, c.fail(i, "there is no %s", c.n.fn.param(i).name)
	}
	return c.whole(i, s)
}

// whole is the text of argument i as a whole number.
func (c *call) whole(i int, s string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return 0, c.fail(i, "%s is %s, not a whole number", c.n.fn.param(i).name, c.quote(s))
	}
	return n, nil
}

// choice is argument i as one of the words that its parameter has.
func (c *call) choice(i int) (string, error) {
	s, _, err := c.text(i)
	if err != nil {
		return "", err
	}
	if p := c.n.fn.param(i); !p.takes(s) {
		return "", c.fail(i, "%s", p.refusal(c.quote(s)))
	}
	return s, nil
}

// mapped is the result of a function of one text: absent for nothing.
func mapped(f func(string) string) func(*call) (Value, error) {
	return func(c *call) (Value, error) {
		s, ok, err := c.text(0)
		if err != nil || !ok {
			return Value{}, err
		}
		return Text(f(s)), nil
	}
}

// tested is the result of a function that asks something of a value.
func tested(f func(Value) bool) func(*call) (Value, error) {
	return func(c *call) (Value, error) {
		v, err := c.value(0)
		if err != nil {
			return Value{}, err
		}
		return Truth(f(v)), nil
	}
}

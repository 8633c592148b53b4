// Package storetest proves that a [scim.Store] keeps what its contract promises,
// on two handles at once, as two replicas of an application have.
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Harness{Open: func(t testing.TB) (a, b scim.Store) {
//			db := freshDatabase(t)
//			return mystore.New(db), mystore.New(db)
//		}})
//	}
//
// Each check is a subtest named after the promise, and a failure begins with the
// promise that was broken. There are six layers: rules, one small check for each;
// isolation, between tenants; queries, at random against the library's own
// evaluator; commands, at random against a naive model; contention, over both
// handles at once; size and failure. go test -run 'TestStore/contention' runs one
// of them, and -rapid.seed repeats what the random ones printed.
//
// A store that cannot keep a promise declares it in Harness.Weaknesses: the
// subtest is then skipped with the reason, and fails once the promise is kept.
package storetest

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/usher-scim/scim"
)

// Harness is the store to prove.
type Harness struct {
	// Open makes new, empty data and returns two handles on it that share nothing
	// but the data. A store that lives in one process may return one handle twice.
	// What has to be closed is left to t.Cleanup. It is called once for each check,
	// also by several goroutines at a time. Required.
	Open func(t testing.TB) (a, b scim.Store)

	// Weaknesses are the promises that the store does not keep: the name of the
	// check, such as "contention/seats", and why.
	Weaknesses map[string]string

	// Cut makes the connection of a handle break at the nth exchange with its
	// backend from now, counted from 1, and returns what mends it again. It is asked
	// for ever larger n, until a write succeeds. What counts as an exchange is up to
	// it: where half of them break before the backend heard of what was sent and half
	// after it was done, both are looked at. Where it is nil, the check that a broken connection leaves a write whole or undone is
	// skipped.
	Cut func(t testing.TB, s scim.Store, n int) (mend func())

	// Filled, if set, is called after a check has put many thousands of rows into
	// the store and before it measures: a database that goes by statistics collects
	// them here, as it does by itself where it runs for longer.
	Filled func(t testing.TB, s scim.Store)

	// Members is how many members the large group of the size layer has; zero
	// means 20,000. With -short there are at most 2,000.
	Members int
}

// Run checks every promise of the contract in a subtest of its own. It fails t
// where one is broken that is not declared, and where a declared weakness is none.
func Run(t *testing.T, h Harness) {
	t.Helper()
	if h.Open == nil {
		t.Fatal("storetest: Harness.Open is not set")
	}
	all := checks()
	for name := range h.Weaknesses {
		if !slices.ContainsFunc(all, func(c check) bool { return c.name == name }) {
			t.Errorf("storetest: there is no check %q that could be weak", name)
		}
	}
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			if !c.alone {
				t.Parallel()
			}
			c.judge(t, h)
		})
	}
}

// check is one promise and what proves it.
type check struct {
	name    string // layer/promise
	promise string
	run     func(p *probe)
	alone   bool // measures time, so nothing else may run beside it
	chance  bool // a broken promise may look kept
}

// checks returns all checks, layer by layer.
func checks() []check {
	return slices.Concat(
		userRules, groupRules, memberRules, pageRules, recordRules,
		isolation, queries, commands, contention, size, failure,
	)
}

// judge fails t, or skips it, by what the check finds.
func (c check) judge(t *testing.T, h Harness) {
	t.Helper()
	broken, skipped := c.try(t, h)
	switch fail, skip := c.verdict(broken, skipped, h.Weaknesses); {
	case fail != "":
		t.Error(fail)
	case skip != "":
		t.Skip(skip)
	}
}

// verdict says why the check fails or is skipped; if neither, the promise is kept.
func (c check) verdict(broken []string, skipped string, weaknesses map[string]string) (fail, skip string) {
	reason, weak := weaknesses[c.name]
	switch {
	case skipped != "":
		return "", skipped
	case weak && len(broken) == 0 && !c.chance:
		return fmt.Sprintf("declared as a weakness (%s), but the store keeps it: %s", reason, c.promise), ""
	case weak:
		return "", fmt.Sprintf("declared weakness: %s Why: %s", c.promise, reason)
	case len(broken) > 0:
		return fmt.Sprintf("broken: %s\n%s", c.promise, strings.Join(broken, "\n")), ""
	}
	return "", ""
}

// try runs the check on new data and returns what it found broken.
func (c check) try(t testing.TB, h Harness) (broken []string, skipped string) {
	p := &probe{TB: t, h: h}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if v := recover(); v != nil {
				p.Errorf("panic: %v\n%s", v, debug.Stack())
			}
		}()
		p.a, p.b = h.Open(t)
		c.run(p)
	}()
	<-done
	return p.broken, p.skipped
}

// probe is what a check has at hand: two handles on one store. It is a
// [testing.TB] that takes failures down instead of failing the test, so that a
// weakness can be declared.
type probe struct {
	testing.TB
	h    Harness
	a, b scim.Store

	mu      sync.Mutex
	broken  []string
	skipped string
}

// Errorf takes a failure down.
func (p *probe) Errorf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = append(p.broken, strings.TrimSpace(fmt.Sprintf(format, args...)))
}

// Error takes a failure down.
func (p *probe) Error(args ...any) { p.Errorf("%s", fmt.Sprintln(args...)) }

// Fail takes a failure down that says nothing.
func (p *probe) Fail() { p.Errorf("failed") }

// FailNow ends the check, which has failed.
func (p *probe) FailNow() {
	if !p.Failed() {
		p.Fail()
	}
	runtime.Goexit()
}

// Fatal is Error followed by FailNow.
func (p *probe) Fatal(args ...any) {
	p.Error(args...)
	p.FailNow()
}

// Fatalf is Errorf followed by FailNow.
func (p *probe) Fatalf(format string, args ...any) {
	p.Errorf(format, args...)
	p.FailNow()
}

// Failed reports whether a failure was taken down.
func (p *probe) Failed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.broken) > 0
}

// skip ends the check, which cannot be made.
func (p *probe) skip(why string) {
	p.skipped = why
	runtime.Goexit()
}

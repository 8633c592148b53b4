package entra

import (
	"slices"
	"time"
)

// escrowOffsets are when a failure is tried again, counted from the first one; later
// every day until escrowEnd, when it is given up.
var escrowOffsets = []time.Duration{6 * time.Hour, 12 * time.Hour, 24 * time.Hour}

const (
	escrowDaily = 24 * time.Hour
	escrowEnd   = 28 * 24 * time.Hour
)

// nextRetry returns when something that failed first at one time, and again by now, is
// tried again, and false when it is given up.
func nextRetry(first, now time.Time) (time.Time, bool) {
	for _, offset := range escrowOffsets {
		if at := first.Add(offset); at.After(now) {
			return at, true
		}
	}
	days := now.Sub(first)/escrowDaily + 1
	at := first.Add(days * escrowDaily)
	return at, at.Sub(first) <= escrowEnd
}

// escrowKey is what failed: an object, or a reference of it. That of a user is its
// manager, that of a group is a member.
type escrowKey struct{ id, reference string }

// managerReference is the reference of a user's key.
const managerReference = "manager"

// escrowed is a failure that is tried again.
type escrowed struct {
	key   escrowKey
	first time.Time
	next  time.Time // zero: in the next cycle
	code  ErrorCode
	made  int // order of the first failure
}

// escrow has what failed and is to be tried again.
type escrow struct {
	entries    map[escrowKey]*escrowed
	references int
	made       int
	earliest   time.Time // no entry is due before
}

func newEscrow() escrow { return escrow{entries: make(map[escrowKey]*escrowed)} }

// counts are how many objects and how many references failed.
func (x *escrow) counts() (objects, references int) {
	return len(x.entries) - x.references, x.references
}

func (x *escrow) has(k escrowKey) bool { return x.entries[k] != nil }

// next is when a failure is tried again, if there is one.
func (x *escrow) next(k escrowKey) (at time.Time, found bool) {
	e := x.entries[k]
	if e == nil {
		return at, false
	}
	return e.next, true
}

// fail enters a failure, and reports false when it is given up instead. A failure that
// says nothing about the object is tried again in the next cycle, and given up like
// the others.
func (x *escrow) fail(k escrowKey, now time.Time, f *fault) bool {
	e := x.entries[k]
	if e == nil {
		x.made++
		e = &escrowed{key: k, first: now, made: x.made}
		x.entries[k] = e
		if k.reference != "" {
			x.references++
		}
	}
	at, on := nextRetry(e.first, now)
	if !on {
		x.clear(k)
		return false
	}
	if e.next, e.code = at, f.code; f.again {
		e.next = time.Time{}
	}
	if e.next.Before(x.earliest) {
		x.earliest = e.next
	}
	return true
}

// clear takes out what succeeded or is no more.
func (x *escrow) clear(k escrowKey) {
	if x.entries[k] == nil {
		return
	}
	delete(x.entries, k)
	if k.reference != "" {
		x.references--
	}
}

// all makes everything due.
func (x *escrow) all() {
	for _, e := range x.entries {
		e.next = time.Time{}
	}
	x.earliest = time.Time{}
}

// due returns what is to be tried again by now, in the order of the first failures.
func (x *escrow) due(now time.Time) []escrowKey {
	if now.Before(x.earliest) {
		return nil
	}
	var due []*escrowed
	x.earliest = now.Add(escrowEnd)
	for _, e := range x.entries {
		if !e.next.After(now) {
			due = append(due, e)
		}
		if e.next.Before(x.earliest) {
			x.earliest = e.next
		}
	}
	slices.SortFunc(due, func(a, b *escrowed) int { return a.made - b.made })
	keys := make([]escrowKey, len(due))
	for i, e := range due {
		keys[i] = e.key
	}
	return keys
}

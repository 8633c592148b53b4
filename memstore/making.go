package memstore

import (
	"cmp"
	"context"
	"encoding/binary"
	"math"
	"slices"
	"strings"
	"sync"
)

// This file makes orders: it gathers the keys of everybody, a step at a time so
// that others can write, sorts them while it holds no lock, and then makes up for
// what was written meanwhile. At 1,000,000 users that takes between a half and nine
// tenths of a second of one core.

const (
	// gatherStep is how many keys are gathered while nobody can write, and
	// settleStep how many who moved are put into their places while nobody can
	// read or write: both less than a millisecond.
	gatherStep = 1024
	settleStep = 256
)

// making is what there is of an order before it is complete. The tenant's lock
// guards all but gathered, which is the maker's.
type making[T sortable[T]] struct {
	gathered []standing[T] // in order of creation
	upTo     creation      // those who were created up to here are in gathered
	ended    bool          // all are
	built    bool          // list is what was gathered
	// notes are of those who have moved since they were gathered, or have come
	// later, by place: who comes with the creation of one who has gone takes that
	// one's. Of whom the maker has not come to, writers take no notice.
	notes map[creation]note[T]
}

// note is of a place where somebody has moved.
type note[T sortable[T]] struct {
	was standing[T] // who was gathered; else the zero value
	is  T           // who belongs in the order now; else the zero value
}

// finish makes the order unless it is complete.
func (o *order[T]) finish(ctx context.Context, mu *sync.RWMutex, everybody *list[T]) error {
	if o.isComplete(mu) {
		return nil // as nearly always, without keeping others out
	}
	select {
	case o.maker <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-o.maker }()
	if o.isComplete(mu) {
		return nil
	}
	defer o.clear(mu)
	for !o.gather(mu, everybody, gatherStep) {
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	o.build(mu, o.sorted())
	for !o.settle(mu, settleStep) {
	}
	return nil
}

func (o *order[T]) isComplete(mu *sync.RWMutex) bool {
	mu.RLock()
	defer mu.RUnlock()
	return o.complete
}

// clear drops what only its maker needs, and all of an order that its maker has
// given up: else writers would take notes for as long as nobody goes on.
func (o *order[T]) clear(mu *sync.RWMutex) {
	mu.Lock()
	defer mu.Unlock()
	o.making = making[T]{}
	if !o.complete {
		o.list = list[standing[T]]{}
	}
}

// gather takes the next n, and reports whether there are no more.
func (o *order[T]) gather(mu *sync.RWMutex, everybody *list[T], n int) bool {
	mu.RLock() // which keeps writers from upTo and notes
	defer mu.RUnlock()
	if o.notes == nil {
		o.gathered, o.notes = make([]standing[T], 0, everybody.len()), make(map[creation]note[T])
	}
	next := everybody.rank(func(who T) bool { return o.upTo.before(who.place()) })
	for who := range everybody.from(next) {
		if n--; n < 0 {
			return false
		}
		o.gathered = append(o.gathered, standing[T]{strings.Clone(who.sortKey(o.by)), who})
		o.upTo = who.place()
	}
	o.ended = true
	return true
}

// sorted makes a list of those who were gathered. It holds no lock and so cannot
// read who they are: only their keys.
func (o *order[T]) sorted() list[standing[T]] {
	marks := make([]mark, len(o.gathered))
	for i := range marks {
		marks[i].rank = i
	}
	sortMarks(marks, o.gathered, 0)
	last, i := "", -1
	return listOf(len(marks), func() standing[T] {
		i++
		s := o.gathered[marks[i].rank]
		if s.key == last {
			s.key = last // all who have the same key share it
		}
		last = s.key
		return s
	})
}

func (o *order[T]) build(mu *sync.RWMutex, of list[standing[T]]) {
	mu.Lock()
	defer mu.Unlock()
	o.list, o.built = of, true
}

// settle puts n of those who have moved where they belong, and reports whether the
// order is complete now.
func (o *order[T]) settle(mu *sync.RWMutex, n int) bool {
	mu.Lock()
	defer mu.Unlock()
	var nobody T
	for at, note := range o.notes {
		if n--; n < 0 {
			return false
		}
		if note.was.who != nobody {
			o.list.remove(note.was)
		}
		if note.is != nobody {
			o.insert(note.is, note.is.sortKey(o.by))
		}
		delete(o.notes, at)
	}
	o.complete = true
	return true
}

// move keeps the order up to date when one has come, changed or gone.
func (o *order[T]) move(who T, was, is stand) {
	at := who.place()
	n, noted := o.notes[at.canonical()]
	switch {
	case was == is && !noted:
	case o.complete, o.built && !noted:
		if was.listed {
			o.list.remove(standing[T]{was.key, who})
		}
		if is.listed {
			o.insert(who, is.key)
		}
	case o.ended || !o.upTo.before(at):
		if was.listed && !noted {
			n.was = standing[T]{was.key, who}
		}
		n.is = *new(T)
		if is.listed {
			n.is = who
		}
		o.notes[at.canonical()] = n
	}
}

// mark stands for one who was gathered: sorting marks moves no pointers.
type mark struct {
	head uint64 // of what is compared of the key
	rank int
}

// headLen is how many bytes of a key are in a head.
const headLen = 7

// headOf makes a number of the beginning of what is left of a key, which compares
// as that does. Its last byte tells apart where that ends.
func headOf(rest string) uint64 {
	if rest == "" {
		return math.MaxUint64 // without a value: last
	}
	var b [headLen + 1]byte
	copy(b[:headLen], rest)
	b[headLen] = byte(min(len(rest), headLen+1))
	return binary.BigEndian.Uint64(b[:])
}

// goesOn reports whether the key has more bytes than are in the head.
func (m mark) goesOn() bool { return byte(m.head) == headLen+1 }

// sortMarks sorts by key, then rank, those whose keys are the same up to a byte: by
// one head, and those with the same head by the next one.
func sortMarks[T sortable[T]](marks []mark, of []standing[T], from int) {
	for i := range marks {
		marks[i].head = headOf(of[marks[i].rank].key[from:])
	}
	slices.SortFunc(marks, func(a, b mark) int {
		if a.head != b.head {
			return cmp.Compare(a.head, b.head)
		}
		return cmp.Compare(a.rank, b.rank)
	})
	for len(marks) > 0 {
		first, n := marks[0], 1
		for n < len(marks) && marks[n].head == first.head {
			n++
		}
		if n > 1 && first.goesOn() {
			sortMarks(marks[:n], of, from+headLen)
		}
		marks = marks[n:]
	}
}

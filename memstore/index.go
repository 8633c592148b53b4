package memstore

import (
	"iter"
	"strings"
)

// index finds elements by a key that several may share. Nearly all keys belong
// to one element, so that one costs no more than in a map. The zero index is
// empty. It is not safe for concurrent use.
type index[T comparable] struct {
	first map[string]T
	more  map[string]map[T]struct{} // the others of a key
}

// add puts x under key; putting it there again changes nothing.
func (ix *index[T]) add(key string, x T) {
	if ix.first == nil {
		ix.first = make(map[string]T)
	}
	first, taken := ix.first[key]
	if !taken || first == x {
		ix.first[key] = x
		return
	}
	others, ok := ix.more[key]
	if !ok {
		if ix.more == nil {
			ix.more = make(map[string]map[T]struct{})
		}
		others = make(map[T]struct{})
		// A copy of the key: it may outlive the element that it is a part of.
		ix.more[strings.Clone(key)] = others
	}
	others[x] = struct{}{}
}

// remove takes x away from key, if it is there.
func (ix *index[T]) remove(key string, x T) {
	first, ok := ix.first[key]
	if !ok {
		return
	}
	others := ix.more[key]
	switch {
	case first != x:
		delete(others, x)
	case len(others) == 0:
		delete(ix.first, key)
	default:
		for next := range others {
			ix.first[strings.Clone(key)] = next
			delete(others, next)
			break
		}
	}
	if others != nil && len(others) == 0 {
		delete(ix.more, key)
	}
}

// all goes through the elements of key, in no order.
func (ix *index[T]) all(key string) iter.Seq[T] {
	return func(yield func(T) bool) {
		first, ok := ix.first[key]
		if !ok || !yield(first) {
			return
		}
		for x := range ix.more[key] {
			if !yield(x) {
				return
			}
		}
	}
}

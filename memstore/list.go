package memstore

import (
	"iter"
	"slices"
	"sort"
)

// ordered is what a list keeps. before is a strict total order: of two different
// elements of one list, exactly one is before the other.
type ordered[T any] interface {
	before(other T) bool
}

// chunkSize is the most elements of a chunk. At 1,000,000 elements there are
// between 1,000 and 2,000 chunks: one insertion moves at most 8 KiB of pointers,
// and finding a rank adds up as many lengths.
const chunkSize = 1024

// list keeps elements in order, in chunks of bounded size, and knows the rank of
// each. The zero list is empty. It is not safe for concurrent use.
type list[T ordered[T]] struct {
	chunks [][]T // none is empty
	n      int
}

// listOf makes a list of n elements, which next returns in order.
func listOf[T ordered[T]](n int, next func() T) list[T] {
	l := list[T]{n: n}
	for n > 0 {
		chunk := make([]T, min(n, chunkSize))
		for i := range chunk {
			chunk[i] = next()
		}
		l.chunks = append(l.chunks, chunk)
		n -= len(chunk)
	}
	return l
}

// len returns the number of elements.
func (l *list[T]) len() int { return l.n }

// insert puts x, which must not be in the list, into its place.
func (l *list[T]) insert(x T) {
	l.n++
	if len(l.chunks) == 0 {
		l.chunks = [][]T{{x}}
		return
	}
	c, i := l.locate(x.before)
	if c == len(l.chunks) {
		// Past the end. What arrives in order leaves full chunks behind.
		c--
		i = len(l.chunks[c])
		if i == chunkSize {
			l.chunks = append(l.chunks, []T{x})
			return
		}
	}
	if len(l.chunks[c]) == chunkSize {
		c, i = l.split(c, i)
	}
	l.chunks[c] = slices.Insert(grow(l.chunks[c]), i, x)
}

// split cuts the full chunk c in two and returns where its position i is now.
func (l *list[T]) split(c, i int) (int, int) {
	const half = chunkSize / 2
	whole := l.chunks[c]
	right := make([]T, chunkSize-half, chunkSize)
	copy(right, whole[half:])
	clear(whole[half:])
	l.chunks[c] = whole[:half]
	l.chunks = slices.Insert(l.chunks, c+1, right)
	if i > half {
		return c + 1, i - half
	}
	return c, i
}

// grow makes room for one more element. Unlike append it never makes a chunk
// larger than chunkSize.
func grow[T any](chunk []T) []T {
	if len(chunk) < cap(chunk) {
		return chunk
	}
	bigger := make([]T, len(chunk), max(len(chunk)+1, min(2*len(chunk), chunkSize)))
	copy(bigger, chunk)
	return bigger
}

// remove takes x out and reports whether it was in.
func (l *list[T]) remove(x T) bool {
	c, i := l.locate(func(e T) bool { return !e.before(x) })
	if c == len(l.chunks) || x.before(l.chunks[c][i]) {
		return false
	}
	l.n--
	chunk := l.chunks[c]
	if i == 0 {
		// The record drops its oldest event all the time; that moves nothing.
		clear(chunk[:1])
		chunk = chunk[1:]
	} else {
		chunk = slices.Delete(chunk, i, i+1)
	}
	l.chunks[c] = shrink(chunk)
	l.tidy(c)
	return true
}

// shrink gives memory back once three quarters of a chunk are unused.
func shrink[T any](chunk []T) []T {
	if cap(chunk) <= 16 || len(chunk) > cap(chunk)/4 {
		return chunk
	}
	smaller := make([]T, len(chunk), 2*len(chunk))
	copy(smaller, chunk)
	return smaller
}

// tidy drops chunk c when it is empty, and joins it with a neighbour when the
// two are small together, so that the number of chunks follows that of elements.
func (l *list[T]) tidy(c int) {
	switch {
	case l.n == 0:
		l.chunks = nil
	case len(l.chunks[c]) == 0:
		l.chunks = slices.Delete(l.chunks, c, c+1)
	case c+1 < len(l.chunks) && len(l.chunks[c])+len(l.chunks[c+1]) <= chunkSize/2:
		l.join(c)
	case c > 0 && len(l.chunks[c-1])+len(l.chunks[c]) <= chunkSize/2:
		l.join(c - 1)
	}
}

// join appends chunk c+1 to chunk c.
func (l *list[T]) join(c int) {
	l.chunks[c] = slices.Concat(l.chunks[c], l.chunks[c+1])
	l.chunks = slices.Delete(l.chunks, c+1, c+2)
}

// locate returns the position of the first element for which past is true, or
// the number of chunks when there is none. past must be false for all elements
// up to some place in the order, and true for all from there on.
func (l *list[T]) locate(past func(T) bool) (c, i int) {
	c = sort.Search(len(l.chunks), func(c int) bool {
		chunk := l.chunks[c]
		return past(chunk[len(chunk)-1])
	})
	if c == len(l.chunks) {
		return c, 0
	}
	chunk := l.chunks[c]
	return c, sort.Search(len(chunk), func(i int) bool { return past(chunk[i]) })
}

// first returns the first element for which past is true; see locate.
func (l *list[T]) first(past func(T) bool) (x T, ok bool) {
	c, i := l.locate(past)
	if c == len(l.chunks) {
		return x, false
	}
	return l.chunks[c][i], true
}

// rank returns how many elements stand in front of the first one for which past
// is true; see locate.
func (l *list[T]) rank(past func(T) bool) int {
	c, n := l.locate(past)
	for _, chunk := range l.chunks[:c] {
		n += len(chunk)
	}
	return n
}

// from goes through the elements in order, beginning with the one of rank i.
func (l *list[T]) from(i int) iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, chunk := range l.chunks {
			if i >= len(chunk) {
				i -= len(chunk)
				continue
			}
			for _, x := range chunk[i:] {
				if !yield(x) {
					return
				}
			}
			i = 0
		}
	}
}

// back goes through the elements in reverse order, beginning with the one in
// front of rank i.
func (l *list[T]) back(i int) iter.Seq[T] {
	return func(yield func(T) bool) {
		skip := l.n - i
		for _, chunk := range slices.Backward(l.chunks) {
			if skip >= len(chunk) {
				skip -= len(chunk)
				continue
			}
			for _, x := range slices.Backward(chunk[:len(chunk)-skip]) {
				if !yield(x) {
					return
				}
			}
			skip = 0
		}
	}
}

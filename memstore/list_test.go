package memstore

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

type number int

func (n number) before(other number) bool { return n < other }

// TestListIsASortedSlice plays bursts of insertions and removals, long enough to
// split and join chunks, against a slice.
func TestListIsASortedSlice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var got list[number]
		var want []number
		insert := func(x number) {
			if i, found := slices.BinarySearch(want, x); !found {
				want = slices.Insert(want, i, x)
				got.insert(x)
			}
		}
		remove := func(x number) {
			i, found := slices.BinarySearch(want, x)
			require.Equal(t, found, got.remove(x))
			if found {
				want = slices.Delete(want, i, i+1)
			}
		}
		burst := func(t *rapid.T, f func(number)) {
			from := rapid.IntRange(-5000, 5000).Draw(t, "from")
			step := rapid.SampledFrom([]int{1, -1, 3, 7}).Draw(t, "step")
			for i := range rapid.IntRange(0, 2*chunkSize).Draw(t, "length") {
				f(number(from + i*step))
			}
		}
		t.Repeat(map[string]func(*rapid.T){
			"insert": func(t *rapid.T) { burst(t, insert) },
			"remove": func(t *rapid.T) { burst(t, remove) },
			"one":    func(t *rapid.T) { insert(number(rapid.IntRange(-5000, 20000).Draw(t, "x"))) },
			"":       func(t *rapid.T) { requireSame(t, want, &got) },
		})
	})
}

func requireSame(t *rapid.T, want []number, got *list[number]) {
	require.Equal(t, len(want), got.len())
	require.True(t, slices.Equal(want, slices.Collect(got.from(0))))
	i := rapid.IntRange(0, len(want)).Draw(t, "rank")
	require.True(t, slices.Equal(want[i:], slices.Collect(got.from(i))))
	back := slices.Clone(want[:i])
	slices.Reverse(back)
	require.True(t, slices.Equal(back, slices.Collect(got.back(i))))
	x := number(rapid.IntRange(-6000, 20000).Draw(t, "x"))
	after, found := slices.BinarySearch(want, x)
	if found {
		after++
	}
	require.Equal(t, after, got.rank(x.before))

	small := 0 // chunks that are less than a quarter full: never two in a row
	for _, chunk := range got.chunks {
		require.NotEmpty(t, chunk)
		require.LessOrEqual(t, cap(chunk), chunkSize)
		if small++; len(chunk) > chunkSize/4 {
			small = 0
		}
		require.Less(t, small, 2)
	}
}

func BenchmarkListAtAMillion(b *testing.B) {
	const n = 1_000_000
	var l list[number]
	for _, x := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
		l.insert(number(2 * x))
	}
	b.Run("insert and remove", func(b *testing.B) {
		r := rand.New(rand.NewPCG(3, 4))
		for b.Loop() {
			x := number(2*r.IntN(n) + 1)
			l.insert(x)
			l.remove(x)
		}
	})
	b.Run("offset", func(b *testing.B) {
		for b.Loop() {
			for x := range l.from(n - 1) {
				_ = x
			}
		}
	})
	b.Run("rank", func(b *testing.B) {
		for b.Loop() {
			l.rank(number(2*n - 1).before)
		}
	})
}

package memstore_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// sizes are two directories in which the same step must cost the same.
var sizes = []int{200, 20_000}

// filled returns a store with n people.
func filled(b *testing.B, n int) *memstore.Store {
	s := memstore.NewWith(memstore.Options{Events: 1})
	for i := range n {
		_, err := s.CreateUser(b.Context(), acme, person(i), scim.Guard{}, event(i))
		require.NoError(b, err)
	}
	return s
}

// BenchmarkMemoryPerUser reports what a user with the whole profile weighs, with
// all indexes and without its record.
func BenchmarkMemoryPerUser(b *testing.B) {
	const n = 100_000
	weigh(b, n, "bytes/user", func() any { return filled(b, n) })
}

// BenchmarkMemoryPerMember reports what a membership weighs at both its ends.
func BenchmarkMemoryPerMember(b *testing.B) {
	const n = 20_000
	s := filled(b, n)
	ids := make([]string, n)
	for i := range ids {
		ids[i] = uuid(i)
	}
	weigh(b, n, "bytes/member", func() any {
		g := &scim.Group{ID: uuid(rand.Int()), DisplayName: strconv.Itoa(rand.Int())}
		_, err := s.CreateGroup(b.Context(), acme, g, ids, event(0))
		require.NoError(b, err)
		// The record keeps one event here: not that of the members.
		require.NoError(b, s.Append(b.Context(), acme, event(0)))
		return s
	})
}

// BenchmarkMemoryPerEvent reports what the record of a change weighs.
func BenchmarkMemoryPerEvent(b *testing.B) {
	const n = 20_000
	weigh(b, n, "bytes/event", func() any {
		s := memstore.New()
		for i := range n {
			e := event(i)
			e.Connection, e.Request, e.UserID, e.Name = "entra", uuid(i+n), uuid(i), "User "+strconv.Itoa(i)
			for range 3 {
				e.Changes = append(e.Changes, scim.Change{Attribute: "title", Old: "Engineer " + uuid(i), New: "Head " + uuid(i)})
			}
			require.NoError(b, s.Append(b.Context(), acme, e))
		}
		return s
	})
}

// weigh reports the bytes of each of n things that build makes.
func weigh(b *testing.B, n int, unit string, build func() any) {
	for b.Loop() {
		before := heap()
		built := build()
		b.ReportMetric(float64(heap()-before)/float64(n), unit)
		runtime.KeepAlive(built)
	}
}

// heap returns the bytes that are reachable.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkCreateUser(b *testing.B) {
	s := memstore.New()
	people := make([]*scim.User, 10_000)
	for i := range people {
		people[i] = person(i)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if i == len(people) {
			s, i = memstore.New(), 0
		}
		if _, err := s.CreateUser(b.Context(), acme, people[i], scim.Guard{}, event(i)); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkUpdateUser(b *testing.B) {
	for _, n := range sizes {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s := filled(b, n)
			u := person(n / 2)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.UpdateUser(b.Context(), acme, u, scim.Guard{}, event(0)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkUser(b *testing.B) {
	s := filled(b, 200)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.User(b.Context(), acme, uuid(100)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFindByUserName(b *testing.B) {
	for _, n := range sizes {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s := filled(b, n)
			f := scim.Find{UserNames: []string{person(n / 2).Keys.UserName}}
			b.ReportAllocs()
			for b.Loop() {
				if got, err := s.FindUsers(b.Context(), acme, f); err != nil || len(got) != 1 {
					b.Fatal(got, err)
				}
			}
		})
	}
}

func BenchmarkOneMember(b *testing.B) {
	for _, n := range sizes {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			s := filled(b, n)
			var ids []string
			for i := range n {
				ids = append(ids, uuid(i))
			}
			g := &scim.Group{ID: "g", DisplayName: "g"}
			_, err := s.CreateGroup(b.Context(), acme, g, ids, event(0))
			require.NoError(b, err)
			one := ids[n/2 : n/2+1]
			b.ReportAllocs()
			for b.Loop() {
				for _, c := range []scim.GroupChange{{Remove: one}, {Add: one}} {
					if _, err := s.UpdateGroup(b.Context(), acme, "g", c, scim.Guard{}, event(0)); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkLastPage(b *testing.B) {
	for _, n := range sizes {
		s := filled(b, n)
		start, err := s.Users(b.Context(), acme, scim.Query{Offset: n - 101, Limit: 1})
		require.NoError(b, err)
		for name, q := range map[string]scim.Query{
			"offset": {Offset: n - 100, Limit: 100},
			"after":  {After: start.Next, Limit: 100},
		} {
			b.Run(fmt.Sprint(name, "/", n), func(b *testing.B) {
				for b.Loop() {
					if page, err := s.Users(b.Context(), acme, q); err != nil || len(page.Items) != 100 {
						b.Fatal(len(page.Items), err)
					}
				}
			})
		}
	}
}

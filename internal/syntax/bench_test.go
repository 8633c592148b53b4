package syntax

import (
	"testing"

	filter "github.com/scim2/filter-parser/v2"
	"github.com/stretchr/testify/require"
)

var benchmarks = []struct{ name, text string }{
	{"equality", `userName eq "x@example.com"`},
	{"member", `members[value eq "2819c223-7f76-453a-919d-413861904646"]`},
	{"five", `active eq true and (emails.value sw "a" or emails.value ew "example.com") and not (title pr) and meta.lastModified gt "2011-05-13T04:42:34Z"`},
}

func BenchmarkParseFilter(b *testing.B) {
	for _, bm := range benchmarks {
		b.Run(bm.name+"/ours", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseFilter(bm.text, Limits{}, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
		raw := []byte(bm.text)
		b.Run(bm.name+"/reference", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := filter.ParseFilter(raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParsePath(b *testing.B) {
	const text = `addresses[type eq "work"].streetAddress`
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParsePath(text, Limits{}, nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	raw := []byte(text)
	b.Run("reference", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := filter.ParsePath(raw); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// The look-up that identity providers send most must stay cheap.
func TestAllocations(t *testing.T) {
	got := testing.AllocsPerRun(100, func() {
		if _, err := ParseFilter(benchmarks[0].text, Limits{}, nil); err != nil {
			t.Fatal(err)
		}
	})
	require.LessOrEqual(t, got, 5.0)
}

package storetest

import (
	"flag"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// chances are how often a check may look that needs several writers at the same moment,
// which a busy machine may not give it the first time.
const chances = 20

// TestTheKit gives it stores that are broken on purpose: each is caught by the
// checks that should catch it.
func TestTheKit(t *testing.T) {
	all := checks()
	few := flag.Lookup("rapid.checks").Value.String()
	require.NoError(t, flag.Set("rapid.checks", "2000")) // what is rare is found, and nothing goes on after that
	defer func() { _ = flag.Set("rapid.checks", few) }()
	for _, b := range allMutants() {
		for _, name := range b.caught {
			t.Run(b.name+"/"+name, func(t *testing.T) {
				i := slices.IndexFunc(all, func(c check) bool { return c.name == name })
				require.GreaterOrEqual(t, i, 0, "no check %s", name)
				var found []string
				for try := 0; len(found) == 0 && (try == 0 || all[i].chance && try < chances); try++ {
					var skipped string
					found, skipped = all[i].try(t, Harness{
						Open: func(testing.TB) (scim.Store, scim.Store) {
							s := &brokenStore{Store: memstore.New()}
							b.breaks(s)
							return s, s
						},
						Cut: cut,
					})
					require.Empty(t, skipped)
				}
				require.NotEmpty(t, found, "not caught")
			})
		}
	}
}

func allMutants() []mutant { return slices.Concat(mutants, groupMutants, recordMutants) }

// cut is Harness.Cut of a brokenStore.
func cut(_ testing.TB, s scim.Store, n int) (mend func()) {
	b := s.(*brokenStore)
	b.cut = n
	return func() { b.cut = 0 }
}

// TestEachCheckCatchesSomething keeps a check from being there for nothing.
func TestEachCheckCatchesSomething(t *testing.T) {
	for _, c := range checks() {
		require.True(t, slices.ContainsFunc(allMutants(), func(m mutant) bool { return slices.Contains(m.caught, c.name) }), c.name)
		require.NotEmpty(t, c.promise)
	}
}

// TestVerdicts shows when a check fails, is skipped, or passes.
func TestVerdicts(t *testing.T) {
	sure, lucky := check{name: "a/b", promise: "It holds."}, check{name: "a/b", promise: "It holds.", chance: true}
	weak := map[string]string{"a/b": "no index"}
	for name, test := range map[string]struct {
		check      check
		broken     []string
		skipped    string
		weak       map[string]string
		fail, skip string
	}{
		"kept":                      {check: sure},
		"broken":                    {check: sure, broken: []string{"one", "two"}, fail: "broken: It holds.\none\ntwo"},
		"cannot be tried":           {check: sure, skipped: "no connection", skip: "no connection"},
		"weak":                      {check: sure, broken: []string{"one"}, weak: weak, skip: "declared weakness: It holds. Why: no index"},
		"weak, and is not":          {check: sure, weak: weak, fail: "declared as a weakness (no index), but the store keeps it: It holds."},
		"weak, and lucky":           {check: lucky, weak: weak, skip: "declared weakness: It holds. Why: no index"},
		"another is weak":           {check: sure, broken: []string{"one"}, weak: map[string]string{"c/d": ""}, fail: "broken: It holds.\none"},
		"weak, but cannot be tried": {check: sure, skipped: "no connection", weak: weak, skip: "no connection"},
	} {
		fail, skip := test.check.verdict(test.broken, test.skipped, test.weak)
		require.Equal(t, test.fail, fail, name)
		require.Equal(t, test.skip, skip, name)
	}
}

// TestAPanicIsABrokenPromise keeps a store that panics from ending the others' checks.
func TestAPanicIsABrokenPromise(t *testing.T) {
	found, _ := checks()[0].try(t, Harness{Open: func(testing.TB) (scim.Store, scim.Store) { return nil, nil }})
	require.Len(t, found, 1)
	require.Contains(t, found[0], "panic: ")
}

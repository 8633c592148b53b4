package entra

import (
	"bytes"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write golden files and generated sections anew")

func written(t testing.TB, users, groups Mapping) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, WriteMapping(&b, users, groups))
	return b.String()
}

// TestDefaultMappingFile: the file an administrator starts from is the default.
func TestDefaultMappingFile(t *testing.T) {
	t.Parallel()
	const file = "testdata/mapping.json"
	users, groups := DefaultMapping()
	text := written(t, users, groups)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	golden, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(string(golden), text))
	u, g, err := ReadMapping(bytes.NewReader(golden))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]Mapping{users, groups}, []Mapping{u, g}))
}

// TestMappingFileKeepsEverything: each member of a mapping comes back.
func TestMappingFileKeepsEverything(t *testing.T) {
	t.Parallel()
	users := rows(
		AttributeMapping{Type: Constant, Source: "<x & y>", Target: "title", OnCreation: true},
		AttributeMapping{Source: "mail", Target: `emails[type eq "work"].value`, Default: "d", Match: 2},
	)
	users.SkipCreate, users.SkipUpdate, users.SkipDelete = true, true, true
	users.Scope = []ScopingFilter{{Name: "n", Clauses: []Clause{{"country", NotExistsIn, "GB"}, {"mail", IsNotNull, ""}}}}
	groups := Mapping{Disabled: true, Attributes: groupMapping().Attributes}
	text := written(t, users, groups)
	require.Contains(t, text, `"<x & y>"`)
	u, g, err := ReadMapping(strings.NewReader("\ufeff" + text))
	require.NoError(t, err)
	require.Empty(t, cmp.Diff([]Mapping{users, groups}, []Mapping{u, g}))
}

// TestMappingFileWithoutGroups sends none.
func TestMappingFileWithoutGroups(t *testing.T) {
	t.Parallel()
	_, groups, err := ReadMapping(strings.NewReader(`{"users": {"attributes": [{"source": "mail", "target": "userName", "match": 1}]}}`))
	require.NoError(t, err)
	require.True(t, groups.Disabled)
}

func TestMappingFileRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                     "EOF",
		"[]":                   "line 1",
		"null":                 `lacks "users"`,
		`{"groups": {}}`:       `lacks "users"`,
		"{\n\"users\": {\n,}}": "line 3",
		"{\"users\": {\n\"attributes\": [\n{\"target\": 7}]}}":                                                            "line 3",
		`{"users": {"attribute": []}}`:                                                                                    `"attribute"`,
		`{"users": {"attributes": [{"sauce": "x"}]}}`:                                                                     `"sauce"`,
		`{"users": {"attributes": [{"source": "mail", "target": "id"}]}}`:                                                 "mapping 1 (→ id)",
		`{"users": {"attributes": [{"source": "mail", "target": "userName", "match": 1}]}, "groups": {"attributes": []}}`: "groups: matching",
		"{\"users\": {\"attributes\": [{\"source\": \"mail\", \"target\": \"userName\", \"match\": 1}]}}\n{}":             "line 2: something stands behind the end",
	} {
		_, _, err := ReadMapping(strings.NewReader(text))
		require.ErrorContains(t, err, want, "%s", text)
	}
}

// FuzzReadMapping: what is read can be written, and is read again as the same.
func FuzzReadMapping(f *testing.F) {
	for _, make := range []func() (Mapping, Mapping){DefaultMapping, MicrosoftDefaultMapping} {
		users, groups := make()
		f.Add([]byte(written(f, users, groups)))
	}
	f.Add([]byte(`{"users": {"attributes": [{"source": "mail", "target": "userName", "match": 1}], "scope": [{"clauses": [{"attribute": "mail", "operator": "&", "value": "x"}]}]}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		users, groups, err := ReadMapping(bytes.NewReader(data))
		if err != nil {
			return
		}
		text := written(t, users, groups)
		u, g, err := ReadMapping(strings.NewReader(text))
		require.NoError(t, err)
		require.Equal(t, text, written(t, u, g))
	})
}

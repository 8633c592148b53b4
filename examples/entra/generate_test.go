package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp/entra"
)

// TestGenerate: the same seed makes the same people, and a directory takes all of them.
func TestGenerate(t *testing.T) {
	t.Parallel()
	c := command{t: t}
	r := c.run("-generate", "200")
	require.Equal(t, 0, r.status, r.stderr)
	require.Empty(t, r.stderr)
	require.Equal(t, r.stdout, c.run("-generate", "200", "-seed", "1").stdout)
	require.NotEqual(t, r.stdout, c.run("-generate", "200", "-seed", "2").stdout)
	loaded, err := entra.NewDirectory(nil).LoadCSV(strings.NewReader(r.stdout), entra.Load{})
	require.NoError(t, err)
	require.Equal(t, 200, loaded.Created)
	require.Empty(t, loaded.Unlinked)
	require.NotZero(t, loaded.Groups)
}

// TestGenerateDays: a directory that takes the files of all days, one after the other,
// is what one is that takes the last alone; and in between somebody came and went.
func TestGenerateDays(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	r := command{t: t}.run("-generate", "400", "-days", "12", "-dir", folder)
	require.Equal(t, 0, r.status, r.stderr)
	require.Empty(t, r.stdout)
	require.Equal(t, 13, strings.Count(r.stderr, "\n"))
	require.Contains(t, r.stderr, "people-00.csv: Thursday 1 January 2026, 400 people, 0 changes\n")
	names, err := filepath.Glob(filepath.Join(folder, "people-*.csv"))
	require.NoError(t, err)
	require.Len(t, names, 13)
	dir, sum := entra.NewDirectory(nil), entra.Loaded{}
	for _, name := range names {
		l := load(t, dir, name)
		sum.Created += l.Created
		sum.Updated += l.Updated
		sum.Deleted += l.Deleted
	}
	require.Greater(t, sum.Created, 400)
	require.NotZero(t, sum.Updated)
	require.NotZero(t, sum.Deleted)
	last := entra.NewDirectory(nil)
	load(t, last, names[12])
	require.ElementsMatch(t, last.Users(), dir.Users())
	for _, id := range last.Users() {
		want, _ := last.User(id)
		got, _ := dir.User(id)
		require.Equal(t, want, got)
	}
	info, err := os.Stat(names[0])
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func load(t *testing.T, dir *entra.Directory, name string) entra.Loaded {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	l, err := dir.LoadCSV(bytes.NewReader(data), entra.Load{})
	require.NoError(t, err)
	require.Empty(t, l.Unlinked)
	return l
}

package guide

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// failing is a test that takes failures down instead of failing.
type failing struct {
	testing.TB
	failed bool
}

func (f *failing) Helper()               {}
func (f *failing) Errorf(string, ...any) { f.failed = true }
func (f *failing) Fatalf(string, ...any) { panic("fatal") }

func TestSection(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "guide.md")
	const text = "a\n<!-- x -->\nold\n<!-- end of x -->\nb\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	Section(t, file, "x", "old\n", false)
	f := &failing{TB: t}
	Section(f, file, "x", "new\n", false)
	require.True(t, f.failed)
	Section(t, file, "x", "new\n", true)
	written, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, "a\n<!-- x -->\nnew\n<!-- end of x -->\nb\n", string(written))
	require.Panics(t, func() { Section(f, file, "y", "", true) })
}

func TestTable(t *testing.T) {
	t.Parallel()
	require.Equal(t, "| a | b |\n|---|---|\n| 1 | x\\|y |\n", Table([]string{"a", "b"}, [][]string{{"1", "x|y"}}))
	require.Empty(t, Code(""))
	require.Equal(t, "`x`", Code("x"))
}

// TestTroubles: each is refused as the guides have it, and says why.
func TestTroubles(t *testing.T) {
	t.Parallel()
	for _, p := range Troubles(t) {
		require.NotContains(t, []string{p.Detail(), p.Cause, p.Remedy}, "", p.Status())
	}
}

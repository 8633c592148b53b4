package scim_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// attributeTable is the attribute table as the README prints it.
func attributeTable(rows []scim.Attribute) string {
	var b strings.Builder
	b.WriteString("| attribute | SCIM path | need | folder | remark |\n|---|---|---|---|---|\n")
	for _, a := range rows {
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s |\n", a.Name, a.Path, a.Need, a.Folder, a.Note)
	}
	return b.String()
}

func TestREADMEAttributesAreTheTable(t *testing.T) {
	t.Parallel()
	dir, err := scim.New(scim.Config{Store: memstore.New()})
	require.NoError(t, err)
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	_, rest, found := strings.Cut(string(readme), "<!-- attributes -->\n")
	require.True(t, found)
	printed, _, found := strings.Cut(rest, "<!-- end of attributes -->")
	require.True(t, found)
	if diff := cmp.Diff(attributeTable(dir.Attributes()), printed); diff != "" {
		t.Errorf("the README's table of attributes differs from the code's (-want +got):\n%s", diff)
	}
}

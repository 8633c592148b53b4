package expr_test

import (
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp/entra/expr"
)

// TestDoc: the package comment lists the functions of the table, each with what it
// does.
func TestDoc(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "doc.go", nil, parser.ParseComments)
	require.NoError(t, err)
	var want strings.Builder
	for _, f := range expr.Functions() {
		want.WriteString("\t" + f.Usage + "\n\t\t" + f.Does + "\n")
	}
	require.Contains(t, file.Doc.Text(), want.String())
}

// TestFunctions: every function of Microsoft's reference is there, in order, and none
// twice.
func TestFunctions(t *testing.T) {
	t.Parallel()
	reference := strings.Fields(`Append AppRoleAssignmentsComplex AssertiveAppRoleAssignmentsComplex BitAnd CBool CDate
		Coalesce ConvertToBase64 ConvertToUTF8Hex Count CStr DateAdd DateDiff DateFromNum FormatDateTime Guid
		IgnoreFlowIfNullOrEmpty IIF InStr IsNull IsNullOrEmpty IsPresent IsString Item Join Left Mid
		NormalizeDiacritics Not Now NumFromDate PCase RandomString Redact RemoveDuplicates Replace
		SelectUniqueValue SingleAppRoleAssignment Split StripSpaces Switch ToLower ToUpper Word`)
	slices.Sort(reference)
	var names []string
	for _, f := range expr.Functions() {
		names = append(names, f.Name)
		require.True(t, strings.HasPrefix(f.Usage, f.Name+"("), f.Usage)
	}
	require.Equal(t, reference, names)
}

package entra

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp/internal/guide"
)

const setupGuide = "../../docs/entra.md"

// galleryLacks are the attributes that the list of the gallery's application does not
// have, so that an administrator adds them.
var galleryLacks = []string{
	"manager", "country", "externalId", "office", "streetAddress", "city", "state", "businessUnit",
	"employeeNumber", "costCenter", "employeeType", "employeeLevel", "grade", "hireDate", "middleName",
}

// TestGuideAttributes: the guide's table is the product's attributes and the default
// mapping.
func TestGuideAttributes(t *testing.T) {
	t.Parallel()
	users, _ := DefaultMapping()
	var cells [][]string
	for _, a := range scim.ProductAttributes() {
		i := slices.IndexFunc(users.Attributes, func(m AttributeMapping) bool { return m.Target == a.Path })
		source, list := "", ""
		if i >= 0 {
			source = guide.Code(users.Attributes[i].Source)
			if users.Attributes[i].Type == Expression {
				source = "[expression](#expressions)"
			}
		}
		if slices.Contains(galleryLacks, a.Name) {
			list = "add it"
		}
		cells = append(cells, []string{a.Name, guide.Code(a.Path), a.Need.String(), source, a.Note, list})
	}
	guide.Section(t, setupGuide, "attributes", guide.Table([]string{"attribute", "target", "need", "source", "remark", "list"}, cells), *update)
}

// TestGuideExpressions: they are those of the default mapping, which work.
func TestGuideExpressions(t *testing.T) {
	t.Parallel()
	users, _ := DefaultMapping()
	var b strings.Builder
	for _, a := range scim.ProductAttributes() {
		for _, m := range users.Attributes {
			if m.Target == a.Path && m.Type == Expression {
				fmt.Fprintf(&b, "%s:\n\n```\n%s\n```\n\n", a.Name, m.Source)
			}
		}
	}
	guide.Section(t, setupGuide, "expressions", strings.TrimSuffix(b.String(), "\n"), *update)
}

// TestGuideErrors: the guide's table of errors is what the library answers, and what
// the log calls it.
func TestGuideErrors(t *testing.T) {
	t.Parallel()
	var cells [][]string
	for _, p := range guide.Troubles(t) {
		f := refused(p.Answer)
		if p.LookUp {
			f = refusedLookUp(p.Answer)
		}
		code := strings.Replace(string(f.code), "SystemForCrossDomainIdentityManagement", "…", 1)
		cells = append(cells, []string{code, p.Status(), p.Detail(), p.Cause, p.Remedy})
	}
	guide.Section(t, setupGuide, "errors", guide.Table([]string{"code in the log", "status", "answer", "cause", "do"}, cells), *update)
}

// TestGallery: what an administrator adds are attributes that there are.
func TestGallery(t *testing.T) {
	t.Parallel()
	for _, name := range galleryLacks {
		require.True(t, slices.ContainsFunc(scim.ProductAttributes(), func(a scim.Attribute) bool { return a.Name == name }), name)
	}
}

// TestDefaultMappingKnowsTheTable: each source stands for an attribute that there is,
// and what the product needs is mapped.
func TestDefaultMappingKnowsTheTable(t *testing.T) {
	t.Parallel()
	table := scim.ProductAttributes()
	for name := range sources {
		require.True(t, slices.ContainsFunc(table, func(a scim.Attribute) bool { return a.Name == name }), name)
	}
	for _, a := range table {
		_, mapped := sources[a.Name]
		require.True(t, mapped || a.Need == scim.Accepted, a.Name)
	}
}

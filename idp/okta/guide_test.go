package okta_test

import (
	"flag"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/internal/guide"
	"github.com/usher-scim/scim/idp/okta"
)

const setupGuide = "../../docs/okta.md"

var update = flag.Bool("update", false, "write the generated sections of the guide anew")

// TestGuideAttributes: the guide's table is the product's attributes and the default
// mappings.
func TestGuideAttributes(t *testing.T) {
	t.Parallel()
	notes := make(map[string]string)
	for _, a := range scim.ProductAttributes() {
		notes[a.Name] = a.Note
	}
	var cells [][]string
	for _, m := range okta.DefaultMappings() {
		namespace, name := external(m.Path)
		from := guide.Code(m.Expression)
		if m.Automatic {
			from = "sent by itself"
		}
		cells = append(cells, []string{
			m.Attribute, guide.Code(name), guide.Code(namespace), m.Need.String(), from, notes[m.Attribute],
			guide.Code(strings.Join(m.Custom(), " ")),
		})
	}
	header := []string{"attribute", "external name", "external namespace", "need", "expression", "remark", "add to Okta's user"}
	guide.Section(t, setupGuide, "attributes", guide.Table(header, cells), *update)
}

var filtered = regexp.MustCompile(`^(\w+)\[(\w+) eq "(\w+)"\]\.(\w+)$`)

// external is a path as the profile editor writes it.
func external(path string) (namespace, name string) {
	urn, _, _ := idp.MustPath(path).Parts()
	if urn == "" {
		return idp.UserSchema, filtered.ReplaceAllString(path, "$1.^[$2=='$3'].$4")
	}
	return urn, strings.TrimPrefix(path, urn+":")
}

func TestExternalNames(t *testing.T) {
	t.Parallel()
	for path, want := range map[string][2]string{
		"title":                                 {idp.UserSchema, "title"},
		"name.givenName":                        {idp.UserSchema, "name.givenName"},
		`addresses[type eq "work"].country`:     {idp.UserSchema, "addresses.^[type=='work'].country"},
		scim.ProductSchema + ":office":          {scim.ProductSchema, "office"},
		idp.EnterpriseSchema + ":manager.value": {idp.EnterpriseSchema, "manager.value"},
	} {
		namespace, name := external(path)
		require.Equal(t, want, [2]string{namespace, name})
	}
}

// TestGuideErrors: the guide's table of errors is what the library answers.
func TestGuideErrors(t *testing.T) {
	t.Parallel()
	var cells [][]string
	for _, p := range guide.Troubles(t) {
		if !p.Paths {
			cells = append(cells, []string{p.Status(), p.Detail(), p.Cause, p.Remedy})
		}
	}
	guide.Section(t, setupGuide, "errors", guide.Table([]string{"status", "answer", "cause", "do"}, cells), *update)
}

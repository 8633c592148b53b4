package scim_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// This file checks docs/conformance.md: that its table is whole, that nothing is
// called met without a test, and that each test it names exists.

// requirement is a row of the table.
type requirement struct {
	number                        int
	level, asked, rfc, status, by string
}

// The statuses that a row may have, and what the summary calls them.
const (
	met       = "met"
	metStrict = "met (strict)"
	refused   = "refused on purpose"
	none      = "n.a."
)

var (
	sectionLine = regexp.MustCompile(`^## 4\.(\d+) \S`)
	rowLine     = regexp.MustCompile(`^\| *\d+ *\|`)
	quoted      = regexp.MustCompile("`([^`]+)`")
	rfcCell     = regexp.MustCompile(`^(—|(7643|7644|9865|9110|6750|6585) §\d+(\.\d+)*(, (7643|7644|9865|9110|6750|6585) §\d+(\.\d+)*)*)$`)
)

func parseRequirements(text string) (rows []requirement, err error) {
	section := 0
	for i, line := range strings.Split(text, "\n") {
		if m := sectionLine.FindStringSubmatch(line); m != nil {
			if section++; m[1] != strconv.Itoa(section) {
				return nil, fmt.Errorf("line %d: section 4.%s comes where 4.%d is due", i+1, m[1], section)
			}
		}
		if !rowLine.MatchString(line) {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 6 {
			return nil, fmt.Errorf("line %d: %d cells, not 6", i+1, len(cells))
		}
		for j := range cells {
			cells[j] = strings.TrimSpace(cells[j])
		}
		n, err := strconv.Atoi(cells[0])
		if err != nil || n != len(rows)+1 || section == 0 {
			return nil, fmt.Errorf("line %d: row %s comes where %d is due", i+1, cells[0], len(rows)+1)
		}
		rows = append(rows, requirement{n, cells[1], cells[2], cells[3], cells[4], cells[5]})
	}
	return rows, nil
}

// testNames are the tests of the module, by name, with the texts that the files
// which have them say in quotes: the names of sub-tests among them.
func testNames(t *testing.T) map[string][]map[string]bool {
	t.Helper()
	out := make(map[string][]map[string]bool)
	fset := token.NewFileSet()
	require.NoError(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		said := make(map[string]bool)
		ast.Inspect(file, func(n ast.Node) bool {
			if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
				if s, err := strconv.Unquote(l.Value); err == nil {
					said[s] = true
				}
			}
			return true
		})
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && (strings.HasPrefix(f.Name.Name, "Test") || strings.HasPrefix(f.Name.Name, "Fuzz")) {
				out[f.Name.Name] = append(out[f.Name.Name], said)
			}
		}
		return nil
	}))
	require.Greater(t, len(out), 200)
	return out
}

// cited are the tests and the quirks that a cell names.
func (r requirement) cited() (tests, quirkNames []string) {
	known := make(map[string]bool)
	for q := scim.Quirk(0); q.Section() != ""; q++ {
		known[q.String()] = true
	}
	for _, m := range quoted.FindAllStringSubmatch(r.by, -1) {
		switch {
		case strings.HasPrefix(m[1], "Test"), strings.HasPrefix(m[1], "Fuzz"):
			tests = append(tests, m[1])
		case known[m[1]]:
			quirkNames = append(quirkNames, m[1])
		}
	}
	return tests, quirkNames
}

// check says what is wrong with a row, "" for nothing.
func (r requirement) check(tests map[string][]map[string]bool) string {
	cited, quirkNames := r.cited()
	for _, name := range cited {
		name, sub, _ := strings.Cut(name, "/")
		files := tests[name]
		switch {
		case len(files) == 0:
			return "there is no test " + name
		case sub == "":
		case name == "TestTranscripts":
			if _, err := os.Stat(filepath.Join("testdata", filepath.FromSlash(sub)+".txt")); err != nil {
				return "there is no transcript " + sub
			}
		case !slices.ContainsFunc(files, func(said map[string]bool) bool { return said[sub] }):
			return name + " has no sub-test " + sub
		}
	}
	switch {
	case !slices.Contains([]string{"M", "R", "O", "E", "—"}, r.level):
		return "the level is " + r.level
	case r.asked == "":
		return "it does not say what is asked"
	case !rfcCell.MatchString(r.rfc):
		return "the section is " + r.rfc
	case r.status == met && len(cited) == 0:
		return "met without a test"
	case r.status == metStrict && (len(cited) == 0 || len(quirkNames) == 0):
		return "met by strictness without a test, or without the quirk that is forgiven else"
	case (r.status == refused || r.status == none) && len(r.by) < 20:
		return "it does not say why"
	case !slices.Contains([]string{met, metStrict, refused, none}, r.status):
		return "the status is " + r.status
	}
	return ""
}

func TestConformanceTable(t *testing.T) {
	t.Parallel()
	file, err := os.ReadFile("docs/conformance.md")
	require.NoError(t, err)
	text := string(file)
	rows, err := parseRequirements(text)
	require.NoError(t, err)
	tests := testNames(t)
	count := make(map[string]int)
	for _, r := range rows {
		require.Empty(t, r.check(tests), "row %d", r.number)
		count[r.status]++
	}
	require.Contains(t, text, fmt.Sprintf("%d rows: %d met, %d met by a strict connection, %d refused on purpose, %d not applicable.",
		len(rows), count[met], count[metStrict], count[refused], count[none]))
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	require.Contains(t, string(readme), "(docs/conformance.md)")
}

// TestConformanceTableIsChecked shows that the checks find what is wrong.
func TestConformanceTableIsChecked(t *testing.T) {
	t.Parallel()
	tests := testNames(t)
	for row, wrong := range map[string]string{
		"| 1 | M | x | 7643 §2 | met | `TestConformanceTable` |":                                        "",
		"| 1 | M | x | 7643 §2, 9110 §8.8.3 | met | `TestTranscripts/entra/1.7-delete` |":               "",
		"| 1 | O | x | — | n.a. | There is nothing of the kind here. |":                                 "",
		"| 1 | M | x | 7644 §3.5.2 | met (strict) | `TestStrict_Quirks`; forgiven: `text-value` |":      "",
		"| 1 | R | x | 7643 §2 | refused on purpose | Because of this and that: `TestP2_9_Passwords` |": "",
		"| 1 | M | x | 7643 §2 | met | it is |":                                                         "met without a test",
		"| 1 | M | x | 7643 §2 | met (strict) | `TestStrict_Quirks` |":                                  "met by strictness",
		"| 1 | M | x | 7643 §2 | met (strict) | `text-value` |":                                         "met by strictness",
		"| 1 | M | x | 7643 §2 | met | `TestNothing` |":                                                 "no test TestNothing",
		"| 1 | M | x | 7643 §2 | met | `TestP2_9_Passwords/no such sub-test` |":                         "no sub-test no such",
		"| 1 | M | x | 7643 §2 | met | `TestTranscripts/entra/nothing` |":                               "no transcript",
		"| 1 | M | x | 7643 §2 | n.a. | so |":                                                           "why",
		"| 1 | M | x | 7643 §2 | done | `TestConformanceTable` |":                                       "the status is done",
		"| 1 | M | x | 7643 §2 |  | `TestConformanceTable` |":                                           "the status is",
		"| 1 | M | x | somewhere | met | `TestConformanceTable` |":                                      "the section is",
		"| 1 | M |  | 7643 §2 | met | `TestConformanceTable` |":                                         "what is asked",
		"| 1 | X | x | 7643 §2 | met | `TestConformanceTable` |":                                        "the level is X",
	} {
		rows, err := parseRequirements("## 4.1 A\n" + row)
		require.NoError(t, err)
		require.Len(t, rows, 1)
		if got := rows[0].check(tests); wrong == "" {
			require.Empty(t, got, row)
		} else {
			require.Contains(t, got, wrong, row)
		}
	}
	const good = "| 1 | M | x | 7643 §2 | met | y |\n"
	for _, text := range []string{
		good, "## 4.2 B\n" + good, "## 4.1 A\n" + good + good, "## 4.1 A\n" + strings.Replace(good, "1", "2", 1),
		"## 4.1 A\n" + good + "## 4.3 C\n", "## 4.1 A\n| 1 | M | x | y | met |\n",
	} {
		_, err := parseRequirements(text)
		require.Error(t, err, text)
	}
}

// Package guide keeps the setup guides true: their tables are made from the code, and
// what they say of answers is what the library answers.
package guide

import (
	"os"
	"strings"
	"testing"
)

// Section checks that a section of a file, between <!-- name --> and
// <!-- end of name -->, is what it should be, or writes it so.
func Section(t testing.TB, file, name, want string, update bool) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(data), "<!-- "+name+" -->\n")
	is, after, closed := strings.Cut(rest, "<!-- end of "+name+" -->")
	switch {
	case !found || !closed:
		t.Fatalf("%s has no section %q", file, name)
	case is == want:
	case update:
		data := before + "<!-- " + name + " -->\n" + want + "<!-- end of " + name + " -->" + after
		if err := os.WriteFile(file, []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s: the section %q is not what the code says; -update writes it. It should be\n%s", file, name, want)
	}
}

// Table is a table in Markdown. Bars in cells are escaped.
func Table(header []string, rows [][]string) string {
	var b strings.Builder
	line := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + strings.ReplaceAll(c, "|", `\|`) + " ")
		}
		b.WriteString("|\n")
	}
	line(header)
	b.WriteString(strings.Repeat("|---", len(header)) + "|\n")
	for _, r := range rows {
		line(r)
	}
	return b.String()
}

// Code is a text in Markdown as it is typed; "" stays.
func Code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

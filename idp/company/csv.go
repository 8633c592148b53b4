package company

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const groupsColumn = "groups"

// WriteCSV writes People with a header: the names of [Person.Properties], and then
// accountEnabled (true or false), manager, which is the manager's userPrincipalName,
// and groups, the names of the groups separated by semicolons. Values stand as they
// are, also those that a spreadsheet would run. The error is the writer's.
func (c *Company) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	last := len(texts) - 1 // manager is the last of texts
	row := make([]string, 0, last+3)
	for _, t := range texts[:last] {
		row = append(row, t.name)
	}
	if err := out.Write(append(row, enabledProperty, managerProperty, groupsColumn)); err != nil {
		return fmt.Errorf("company: write the header: %w", err)
	}
	for _, p := range c.people {
		v := c.view(p)
		row = row[:0]
		for _, t := range texts[:last] {
			row = append(row, *t.of(&v))
		}
		boss := ""
		if p.boss != nil {
			boss, _ = c.addresses(p.boss)
		}
		groups := make([]string, len(p.seats))
		for i, s := range p.seats {
			groups[i] = s.g.name
		}
		if err := out.Write(append(row, strconv.FormatBool(p.enabled), boss, strings.Join(groups, ";"))); err != nil {
			return fmt.Errorf("company: write a person: %w", err)
		}
	}
	out.Flush()
	return out.Error()
}

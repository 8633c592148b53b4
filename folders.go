package scim

import (
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strings"
)

// The three root folders (P6.1).
const (
	RootDepartment   = "Department"
	RootDivision     = "Division"
	RootOrganisation = "Organisation"
)

// FolderKey names a folder. Two names mean the same folder when their
// [FoldName] is equal (P6.2).
type FolderKey struct {
	Root, Name string
}

// Folder is a folder that has users. Archived users are in none (P6.3).
type Folder struct {
	Root   string
	Name   string // as the first user of the folder spelled it
	Users  int    // users that are not archived
	Active int    // of them, active ones
}

// Roots returns the root folders, the product's three first.
func (d *Directory) Roots() []string { return slices.Clone(d.table.roots) }

// Folders returns the folders below a root that have users, by name (P6.3).
func (d *Directory) Folders(ctx context.Context, t Tenant, root string) ([]Folder, error) {
	return d.store.Folders(ctx, t, root)
}

// FolderUsers returns a page of the users in a folder (P6.5). The name is found
// whatever its case and spacing.
func (d *Directory) FolderUsers(ctx context.Context, t Tenant, f FolderKey, q Query) (Page[*User], error) {
	q.Folder = f
	return d.Users(ctx, t, q)
}

// ExportCSV writes the tenant's users as CSV (RFC 4180) with a header (P6.5):
// id, status, then every attribute of the table that reports show, those that
// make folders under the names of their roots. Cells that a spreadsheet would
// run as a formula begin with an apostrophe.
func (d *Directory) ExportCSV(ctx context.Context, t Tenant, w io.Writer) error {
	out := csv.NewWriter(w)
	header := []string{"id", "status"}
	var rows []*row
	for _, r := range d.table.rows {
		if r.Need == Accepted || r.target.attr == d.table.active {
			continue // the status says more than active
		}
		name := r.Name
		if r.Folder != "" {
			name = r.Folder
		}
		rows, header = append(rows, r), append(header, name)
	}
	if err := out.Write(header); err != nil {
		return err
	}
	q := Query{Limit: 1000}
	for {
		page, err := d.store.Users(ctx, t, q)
		if err != nil {
			return err
		}
		for _, u := range page.Items {
			cells := []string{u.ID, u.Status.String()}
			for _, r := range rows {
				cells = append(cells, defuse(d.table.shown(r, u)))
			}
			if err := out.Write(cells); err != nil {
				return err
			}
		}
		if q.After = page.Next; q.After == "" {
			out.Flush()
			return out.Error()
		}
	}
}

// shown is what the host shows of a row: for the login name and the e-mail
// address the host's own, which outlast a rename in the directory (P3.7).
func (t *table) shown(r *row, u *User) string {
	switch {
	case r.target.leaf() == t.userName:
		return u.Login
	case t.emails != nil && r.target.leaf() == t.emails.value:
		return u.Email
	}
	return r.target.value(u)
}

// defuse keeps a spreadsheet from running a cell as a formula.
func defuse(s string) string {
	trimmed := strings.TrimLeft(s, " \t\r\n")
	if s != "" && (s[0] == '\t' || s[0] == '\r' || s[0] == '\n') || trimmed != "" && strings.IndexByte("=+-@", trimmed[0]) >= 0 ||
		strings.HasPrefix(trimmed, "＝") || strings.HasPrefix(trimmed, "＋") || strings.HasPrefix(trimmed, "－") || strings.HasPrefix(trimmed, "＠") {
		return "'" + s
	}
	return s
}

package scim

import (
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strings"
	"time"
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
// Errors: [ErrNotFound] for what is no root.
func (d *Directory) Folders(ctx context.Context, t Tenant, root string) ([]Folder, error) {
	if !slices.Contains(d.table.roots, root) {
		return nil, ErrNotFound
	}
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
// make folders under the names of their roots. The values are the host's view: a
// manager is the e-mail address of the one that is linked, and what could not be
// understood is empty. Cells that a spreadsheet would run as a formula begin with
// an apostrophe.
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
		views, err := d.Views(ctx, t, page.Items)
		if err != nil {
			return err
		}
		for i := range views {
			cells := []string{views[i].User.ID, views[i].Status.String()}
			for _, r := range rows {
				cells = append(cells, defuse(d.table.shown(r, &views[i])))
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

// shown is what the host shows of a row.
func (t *table) shown(r *row, v *View) string {
	leaf := r.target.leaf()
	switch {
	case leaf == t.userName:
		return v.Login
	case t.emails != nil && leaf == t.emails.value:
		return v.Email
	case t.manager != nil && r.target.attr == t.manager:
		return v.ManagerEmail
	case r.Normalise == AsLanguage && !v.Language.IsRoot():
		return v.Language.String()
	case r.Normalise == AsTimezone && v.Timezone != nil:
		return v.Timezone.String()
	case r.Normalise == AsDate && !v.HireDate.IsZero():
		return v.HireDate.Format(time.DateOnly)
	case r.Normalise == AsLanguage, r.Normalise == AsTimezone, r.Normalise == AsDate:
		return ""
	}
	return r.target.value(v.User)
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

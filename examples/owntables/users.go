package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usher-scim/scim"
)

// account is what a user is read from.
const account = `SELECT a.scim_id, a.version, a.status, a.created_at, a.changed_at, a.login, coalesce(a.email, ''), a.first_name, a.last_name,
	coalesce(a.department, ''), a.login_key, coalesce(a.email_key, ''), a.label, a.profile FROM accounts a`

// scanUser makes a user of an account: the profile as SCIM wrote it last, and over
// it what the application has changed since.
func scanUser(row scanner) (*scim.User, error) {
	var (
		u, now            scim.User
		created, modified string
		profile           []byte
	)
	err := row.Scan(&now.ID, &now.Version, &now.Status, &created, &modified, &now.Login, &now.Email, &now.Name.GivenName, &now.Name.FamilyName,
		&now.Department, &now.Keys.UserName, &now.Keys.Email, &now.Keys.Label, &profile)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(profile, &u); err != nil {
		return nil, fmt.Errorf("owntables: the profile of %s: %w", now.ID, err)
	}
	u.ID, u.Version, u.Status, u.Created, u.Modified = now.ID, now.Version, now.Status, parseTime(created), parseTime(modified)
	overlay(&u, &now)
	return &u, nil
}

// overlay puts over u what the application says now.
func overlay(u, now *scim.User) {
	if u.Login != now.Login {
		if u.UserName == u.Login {
			u.UserName = now.Login
		}
		u.Login = now.Login
	}
	if u.Email != now.Email {
		readdress(u, now.Email)
		u.Email = now.Email
	}
	if u.Department != now.Department {
		u.Keys.Folders = slices.DeleteFunc(u.Keys.Folders, func(f scim.FolderKey) bool { return f.Root == scim.RootDepartment })
		if strings.TrimSpace(now.Department) != "" && u.Status != scim.StatusArchived {
			u.Keys.Folders = append(u.Keys.Folders, scim.FolderKey{Root: scim.RootDepartment, Name: now.Department})
		}
		u.Department = now.Department
	}
	u.Name.GivenName, u.Name.FamilyName = now.Name.GivenName, now.Name.FamilyName
	u.Keys.UserName, u.Keys.Email, u.Keys.Label = now.Keys.UserName, now.Keys.Email, now.Keys.Label
}

// readdress writes the application's address where the one before stood.
func readdress(u *scim.User, email string) {
	if email == "" {
		u.Emails = slices.DeleteFunc(u.Emails, func(m scim.MultiValue) bool { return m.Value == u.Email })
		return
	}
	found := false
	for i := range u.Emails {
		if u.Email != "" && u.Emails[i].Value == u.Email {
			u.Emails[i].Value, found = email, true
		}
	}
	if !found {
		u.Emails = append(u.Emails, scim.MultiValue{Value: email, Type: "work", Primary: scim.Yes})
	}
}

// written are the columns that a write of a user sets, in the order of columnsOf.
const written = `status = ?, enabled = ?, changed_at = ?, login = ?, email = ?, first_name = ?, last_name = ?, department = ?,
	login_key = ?, email_key = ?, label = ?, external_id = ?, profile = ?, version = version + 1`

func columnsOf(u *scim.User) ([]any, error) {
	if u.Status < scim.StatusActive || u.Status > scim.StatusArchived {
		return nil, fmt.Errorf("owntables: user %q has status %v", u.ID, u.Status)
	}
	doc := *u
	doc.ID, doc.Version, doc.Status, doc.Created, doc.Modified = "", "", 0, time.Time{}, time.Time{}
	profile, err := json.Marshal(&doc)
	return []any{
		int(u.Status), u.Active(), timeText(u.Modified), u.Login, orNull(u.Email), u.Name.GivenName, u.Name.FamilyName, orNull(u.Department),
		u.Keys.UserName, orNull(u.Keys.Email), u.Keys.Label, u.ExternalID, string(profile),
	}, err
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// CreateUser makes an account. What only the application knows of it, such as the
// plan, is what the table has by default.
func (s *store) CreateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	out := u.Clone()
	if out.Created.IsZero() {
		out.Created = e.Time
	}
	out.Created, out.Modified, out.Version = out.Created.UTC().Truncate(time.Millisecond), e.Time.UTC().Truncate(time.Millisecond), "1"
	err := s.write(ctx, func(q querier) error {
		if _, err := q.exec(ctx, `INSERT INTO companies (name) VALUES (?) ON CONFLICT DO NOTHING`, string(t)); err != nil {
			return err
		}
		if err := q.admit(ctx, t, out, 0, 0, g); err != nil {
			return err
		}
		id, err := one(ctx, q, value[int64], `INSERT INTO accounts (company, scim_id, created_at, login) VALUES (?, ?, ?, '') RETURNING id`,
			string(t), u.ID, timeText(out.Created))
		if err != nil {
			return err
		}
		return q.put(ctx, t, id, out, e)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// UpdateUser changes an account.
func (s *store) UpdateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	out := u.Clone()
	out.Modified = e.Time.UTC().Truncate(time.Millisecond)
	err := s.write(ctx, func(q querier) error {
		before, err := one(ctx, q, scanUser, account+` WHERE company = ? AND scim_id = ?`, string(t), u.ID)
		if err != nil {
			return err
		}
		if g.Version != "" && g.Version != before.Version {
			return scim.ErrVersion
		}
		id, err := one(ctx, q, value[int64], `SELECT id FROM accounts WHERE company = ? AND scim_id = ?`, string(t), u.ID)
		if err != nil {
			return err
		}
		version, _ := strconv.Atoi(before.Version)
		out.Created, out.Version = before.Created, strconv.Itoa(version+1)
		if err := q.admit(ctx, t, out, id, before.Status, g); err != nil {
			return err
		}
		if e.Left = nil; out.Status == scim.StatusArchived {
			if e.Left, err = q.leaveAll(ctx, "team_members", "account_id", id, e.Time); err != nil {
				return err
			}
		}
		return q.put(ctx, t, id, out, e)
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// admit says why u cannot be written: a name that another live account has, or no
// seat. The indexes would say the first too, in an order of their own.
func (q querier) admit(ctx context.Context, t scim.Tenant, u *scim.User, self int64, was scim.Status, g scim.Guard) error {
	if u.Status == scim.StatusArchived {
		return nil
	}
	for _, k := range []struct{ attribute, column, key string }{
		{"userName", "login_key", u.Keys.UserName}, {"emails", "email_key", u.Keys.Email},
	} {
		others, err := one(ctx, q, value[int], `SELECT count(*) FROM accounts WHERE company = ? AND `+k.column+` = ? AND status <> 4 AND id <> ?`,
			string(t), orNull(k.key), self)
		switch {
		case err != nil:
			return err
		case others > 0:
			return &scim.ConflictError{Attribute: k.attribute}
		}
	}
	if !u.Active() || was == scim.StatusActive {
		return nil
	}
	active, err := one(ctx, q, value[int], `SELECT active FROM companies WHERE name = ?`, string(t))
	if err == nil && !g.Seats.Allows(active+1) {
		return scim.ErrSeats
	}
	return err
}

// put writes an account, what it is found by, and the event.
func (q querier) put(ctx context.Context, t scim.Tenant, id int64, u *scim.User, e *scim.Event) error {
	columns, err := columnsOf(u)
	if err != nil {
		return err
	}
	type folder struct{ Root, Key, Name string }
	var in []folder
	for _, f := range u.Keys.Folders {
		if key := scim.FoldName(f.Name); key != "" && u.Status != scim.StatusArchived {
			in = append(in, folder{f.Root, key, f.Name})
		}
	}
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`UPDATE accounts SET ` + written + ` WHERE id = ?`, append(columns, id)},
		{`DELETE FROM scim_addresses WHERE account_id = ?`, []any{id}},
		{
			`INSERT INTO scim_addresses (company, address, account_id) SELECT DISTINCT ?, value, ? FROM json_each(?)`,
			[]any{string(t), id, list(u.Keys.Addresses)},
		},
		{`DELETE FROM scim_folders WHERE account_id = ? AND NOT EXISTS (SELECT 1 FROM json_each(?) x
			WHERE x.value->>'Root' = scim_folders.root AND x.value->>'Key' = scim_folders.name_key)`, []any{id, list(in)}},
		{`INSERT INTO scim_folders (company, account_id, root, name_key, name)
			SELECT ?1, ?2, value->>'Root', value->>'Key', coalesce((SELECT f.name FROM scim_folders f
				WHERE f.company = ?1 AND f.root = value->>'Root' AND f.name_key = value->>'Key'), value->>'Name')
			FROM json_each(?3) WHERE true ON CONFLICT DO NOTHING`, []any{string(t), id, list(in)}},
	} {
		if _, err := q.exec(ctx, step.query, step.args...); err != nil {
			return err
		}
	}
	return q.event(ctx, t, e)
}

// PurgeUser deletes an account, and with it what the application knew of it. One
// that has to keep the row, for its invoices say, would empty it instead and take
// away its scim_id.
func (s *store) PurgeUser(ctx context.Context, t scim.Tenant, id string, e *scim.Event) error {
	return s.write(ctx, func(q querier) error {
		n, err := q.exec(ctx, `DELETE FROM accounts WHERE company = ? AND scim_id = ? AND status = 4`, string(t), id)
		if err == nil && n == 0 {
			return scim.ErrNotFound
		}
		if err != nil {
			return err
		}
		return q.event(ctx, t, e)
	})
}

// User returns an account.
func (s *store) User(ctx context.Context, t scim.Tenant, id string) (*scim.User, error) {
	return one(ctx, s.read(), scanUser, account+` WHERE company = ? AND scim_id = ?`, string(t), id)
}

// FindUsers searches an index for each kind of entry.
func (s *store) FindUsers(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.User, error) {
	const ids = `SELECT id FROM accounts WHERE company = ?1 AND `
	var searches []string
	args := []any{string(t), f.Archived}
	for _, k := range []struct {
		search string
		names  []string
	}{
		{ids + "scim_id", f.IDs},
		{ids + "external_id <> '' AND external_id", f.ExternalIDs},
		{ids + "login_key", f.UserNames},
		{ids + "email_key", slices.Concat(f.Emails, f.Addresses)},
		{"SELECT account_id FROM scim_addresses WHERE company = ?1 AND address", f.Addresses},
	} {
		if len(k.names) > 0 {
			args = append(args, list(k.names))
			searches = append(searches, fmt.Sprintf("%s IN (SELECT value FROM json_each(?%d))", k.search, len(args)))
		}
	}
	if len(searches) == 0 {
		return nil, ctx.Err()
	}
	return all(ctx, s.read(), scanUser, account+` WHERE id IN (`+strings.Join(searches, " UNION ")+`) AND (status <> 4 OR ?2) ORDER BY created_at, scim_id`, args...)
}

// Users returns a page of accounts.
func (s *store) Users(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.User], error) {
	if err := declined(q); err != nil {
		return scim.Page[*scim.User]{}, err
	}
	where, args := ` WHERE company = ? AND status <> 4`, []any{string(t)}
	if q.Status != 0 {
		where, args = ` WHERE company = ? AND status = ?`, append(args, int(q.Status))
	}
	var total int
	var err error
	if q.Folder == (scim.FolderKey{}) {
		var c scim.Counts
		c, err = s.Counts(ctx, t)
		total = map[scim.Status]int{
			0: c.Active + c.Deactivated + c.Held, scim.StatusActive: c.Active, scim.StatusDeactivated: c.Deactivated,
			scim.StatusHeld: c.Held, scim.StatusArchived: c.Archived,
		}[q.Status]
	} else {
		where += ` AND id IN (SELECT account_id FROM scim_folders WHERE company = ? AND root = ? AND name_key = ?)`
		args = append(args, string(t), q.Folder.Root, scim.FoldName(q.Folder.Name))
		total, err = one(ctx, s.read(), value[int], `SELECT count(*) FROM accounts`+where, args...)
	}
	if err != nil {
		return scim.Page[*scim.User]{}, err
	}
	return pageOf(ctx, s, q, total, scanUser, func(u *scim.User) string { return place(u.Created, u.ID) }, account+where, args...)
}

// Counts returns what the triggers have counted.
func (s *store) Counts(ctx context.Context, t scim.Tenant) (scim.Counts, error) {
	c, err := one(ctx, s.read(), func(row scanner) (c scim.Counts, err error) {
		err = row.Scan(&c.Active, &c.Deactivated, &c.Held, &c.Archived)
		return c, err
	}, `SELECT active, deactivated, held, archived FROM companies WHERE name = ?`, string(t))
	if errors.Is(err, scim.ErrNotFound) {
		err = nil
	}
	return c, err
}

// Folders counts who is in each.
func (s *store) Folders(ctx context.Context, t scim.Tenant, root string) ([]scim.Folder, error) {
	return all(ctx, s.read(), func(row scanner) (scim.Folder, error) {
		f := scim.Folder{Root: root}
		err := row.Scan(&f.Name, &f.Users, &f.Active)
		return f, err
	}, `SELECT min(f.name), count(*), sum(a.status = 1) FROM scim_folders f JOIN accounts a ON a.id = f.account_id
		WHERE f.company = ? AND f.root = ? GROUP BY f.name_key ORDER BY f.name_key`, string(t), root)
}

package sqlstore

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usher-scim/scim"
)

// userColumns are what a user is read from.
const userColumns = "u.id, u.revision, u.created, u.modified, u.status, u.doc"

func scanUser(rows interface{ Scan(dest ...any) error }) (*scim.User, error) {
	var (
		id                          string
		revision, created, modified int64
		status                      uint8
		doc                         []byte
	)
	if err := rows.Scan(&id, &revision, &created, &modified, &status, &doc); err != nil {
		return nil, err
	}
	u := new(scim.User)
	if err := json.Unmarshal(doc, u); err != nil {
		return nil, fmt.Errorf("sqlstore: user %s: %w", id, err)
	}
	u.ID, u.Version, u.Status = id, version(revision), scim.Status(status)
	u.Created, u.Modified = fromNanos(created), fromNanos(modified)
	return u, nil
}

// withLast scans one more column than what is scanned from it.
type withLast struct {
	rows *sql.Rows
	last any
}

// Scan implements what scanUser and scanGroup scan from.
func (r withLast) Scan(dest ...any) error { return r.rows.Scan(append(dest, r.last)...) }

// scanMember scans a user, and behind it its groups.
func scanMember(rows *sql.Rows) (*scim.User, error) {
	var data []byte
	u, err := scanUser(withLast{rows, &data})
	if err != nil {
		return nil, err
	}
	var groups []scim.GroupRef
	if data != nil {
		err = json.Unmarshal(data, &groups)
	}
	u.SetGroups(groups)
	return u, err
}

func version(revision int64) string { return strconv.FormatInt(revision, 10) }

// revision reads a version that a guard has; false for one that was never given
// out. No guard is any revision, as 0.
func revision(version string) (int64, bool) {
	if version == "" {
		return 0, true
	}
	n, err := strconv.ParseInt(version, 10, 64)
	return n, err == nil && n > 0
}

// nanos writes a time down: 0 for none, and for one beyond what fits, in the years
// 1677 and 2262, the first and last that does.
func nanos(t time.Time) int64 {
	switch year := t.Year(); {
	case t.IsZero():
		return 0
	case year < 1678:
		return math.MinInt64
	case year > 2261:
		return math.MaxInt64
	}
	return t.UnixNano()
}

func fromNanos(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// seatsOf is a limit as a number; -1 for none.
func seatsOf(l scim.Limit) int {
	if n, limited := l.Count(); limited {
		return n
	}
	return -1
}

// userRow is a user as it goes into the tables.
type userRow struct {
	u      *scim.User
	doc    string
	index  any      // nil: not known
	others []string // addresses
	in     string   // folders, as JSON
}

func rowOf(u *scim.User) (*userRow, error) {
	if u.ID == "" || u.Status < scim.StatusActive || u.Status > scim.StatusArchived {
		return nil, fmt.Errorf("sqlstore: user %q with status %v", u.ID, u.Status)
	}
	doc := *u
	doc.ID, doc.Version, doc.Status, doc.Created, doc.Modified = "", "", 0, time.Time{}, time.Time{}
	r := &userRow{u: u}
	data, err := json.Marshal(&doc)
	if err != nil {
		return nil, err
	}
	r.doc = string(data)
	if index := u.Index(); index != nil {
		r.index = string(index)
	}
	r.others = u.Keys.Addresses
	r.in, err = list(foldersOf(u))
	return r, err
}

// list is a JSON array.
func list[T any](of []T) (string, error) {
	if len(of) == 0 {
		return "[]", nil
	}
	data, err := json.Marshal(of)
	return string(data), err
}

type folderRow struct {
	Root string `json:"root"`
	Key  string `json:"key"`
	Name string `json:"name"`
}

// longestKey bounds the folder names that are keys as they are. A name may have
// 4,096 characters, and PostgreSQL's indexes take no more than 2,704 bytes a row.
const longestKey = 400

// folderKey is what a folder is found by: its folded name, of a longer one the
// beginning and a hash of all.
func folderKey(name string) string {
	key := scim.FoldName(name)
	if len(key) <= longestKey {
		return key
	}
	sum := sha256.Sum256([]byte(key))
	return strings.ToValidUTF8(key[:longestKey], "") + hex.EncodeToString(sum[:])
}

// foldersOf returns the folders that a user is in, each once. A blank name names
// none, and archived users are in none.
func foldersOf(u *scim.User) []folderRow {
	if u.Status == scim.StatusArchived {
		return nil
	}
	var rows []folderRow
	seen := make(map[scim.FolderKey]bool, len(u.Keys.Folders))
	for _, f := range u.Keys.Folders {
		key := scim.FolderKey{Root: f.Root, Name: folderKey(f.Name)}
		if key.Name != "" && !seen[key] {
			seen[key] = true
			rows = append(rows, folderRow{key.Root, key.Name, f.Name})
		}
	}
	return rows
}

// The statements that write a user. Of the parameters $1 is the tenant and $2 the
// ID everywhere.
const (
	insertUser = `INSERT INTO usher_users
	(tenant, id, revision, created, modified, status, user_name, email, external_id, label, label_key, doc, idx)
	SELECT $1::text, $2::text, 1, $3::bigint, $4::bigint, $5::smallint, $6::text, $7::text, $8::text, $9::text, $10::text, $11::json, $12::jsonb`
	insertAddresses = `INSERT INTO usher_addresses (tenant, user_id, address)
	SELECT DISTINCT $1::text, $2::text, x.value FROM texts($3) AS x WHERE x.value IS NOT NULL ON CONFLICT DO NOTHING`
	deleteAddresses = `DELETE FROM usher_addresses WHERE tenant = $1 AND user_id = $2
	AND address <> ALL($3)`
	insertFolders = insertFoldersOf + ` FROM objects($3) AS x WHERE x.value IS NOT NULL ON CONFLICT DO NOTHING`
	// insertFoldersOf gives a folder the spelling that came first.
	insertFoldersOf = `INSERT INTO usher_folders (tenant, user_id, root, name_key, name)
	SELECT $1::text, $2::text, x.value->>'root', x.value->>'key', coalesce((SELECT f.name FROM usher_folders f
		WHERE f.tenant = $1 AND f.root = x.value->>'root' AND f.name_key = x.value->>'key' ORDER BY f.seq LIMIT 1), x.value->>'name')`
	deleteFolders = `DELETE FROM usher_folders WHERE tenant = $1 AND user_id = $2
	AND NOT EXISTS (SELECT 1 FROM objects($3) AS x WHERE x.value->>'root' = usher_folders.root AND x.value->>'key' = usher_folders.name_key)`
	updateUser = `UPDATE usher_users SET revision = revision + 1, modified = $3, status = $4, user_name = $5, email = $6,
	external_id = $7, label = $8, label_key = $9, doc = $10::json, idx = $11::jsonb WHERE tenant = $1 AND id = $2`
	// countTenant makes the tenant's counters, countUser moves a user from one to
	// another where there is a seat.
	countTenant = `INSERT INTO usher_tenants (tenant) VALUES ($1) ON CONFLICT DO NOTHING`
	countUser   = `UPDATE usher_tenants SET active = active + $2::bigint, deactivated = deactivated + $3::bigint, held = held + $4::bigint,
	archived = archived + $5::bigint WHERE tenant = $1 AND ($2::bigint <= 0 OR $6::bigint < 0 OR active + $2::bigint <= $6::bigint)`
)

// CreateUser implements [scim.Store].
func (s *Store) CreateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	row, err := rowOf(u)
	if err != nil {
		return nil, err
	}
	out := u.Clone()
	out.Version, out.Modified = version(1), utc(e.Time)
	if out.Created = utc(u.Created); u.Created.IsZero() {
		out.Created = out.Modified
	}
	run, create := s.write, s.createStepwise
	if s.d.atOnce {
		run, create = s.one, s.createAtOnce
	}
	err = run(ctx, func(q querier) (*Write, error) {
		e.Tenant, e.Left = t, nil
		if err := create(ctx, q, t, row, out, g, e); err != nil {
			return nil, err
		}
		return &Write{Tenant: t, Event: e, User: out}, nil
	})
	if err = refusal(err); err != nil {
		return nil, s.nameFirst(ctx, t, u, err)
	}
	return out, nil
}

// nameFirst says that a userName is taken where an e-mail address is taken too, or
// a name where there is no seat either: databases find out in an order of their own.
func (s *Store) nameFirst(ctx context.Context, t scim.Tenant, u *scim.User, refused error) error {
	names := []scim.Find{{UserNames: []string{u.Keys.UserName}}}
	var conflict *scim.ConflictError
	switch {
	case errors.Is(refused, scim.ErrSeats):
		names = append(names, scim.Find{Emails: []string{u.Keys.Email}})
	case !errors.As(refused, &conflict) || conflict.Attribute != "emails":
		return refused
	}
	for i, f := range names {
		others, err := s.FindUsers(ctx, t, f)
		if err != nil {
			return err
		}
		for _, o := range others {
			if o.ID != u.ID {
				return &scim.ConflictError{Attribute: []string{"userName", "emails"}[i]}
			}
		}
	}
	return refused
}

func utc(t time.Time) time.Time { return fromNanos(nanos(t)) }

// createStepwise writes one table after the other.
func (s *Store) createStepwise(ctx context.Context, q querier, t scim.Tenant, row *userRow, out *scim.User, g scim.Guard, e *scim.Event) error {
	u := row.u
	_, err := q.exec(ctx, insertUser, t, u.ID, nanos(out.Created), nanos(out.Modified), u.Status,
		u.Keys.UserName, u.Keys.Email, u.ExternalID, u.Keys.Label, scim.Fold(u.Keys.Label), row.doc, row.index)
	if err != nil {
		return err
	}
	if err := q.count(ctx, t, 0, u.Status, g.Seats); err != nil {
		return err
	}
	if err := q.keys(ctx, t, row, false); err != nil {
		return err
	}
	return q.event(ctx, t, e)
}

// keys writes what a user is found by beside its own row.
func (q querier) keys(ctx context.Context, t scim.Tenant, row *userRow, replace bool) error {
	for _, step := range []struct {
		query  string
		of     any
		wanted bool
	}{
		{deleteAddresses, row.others, replace},
		{insertAddresses, row.others, len(row.others) > 0},
		{deleteFolders, row.in, replace},
		{insertFolders, row.in, row.in != "[]"},
	} {
		if !step.wanted {
			continue
		}
		if _, err := q.exec(ctx, step.query, t, row.u.ID, step.of); err != nil {
			return err
		}
	}
	return nil
}

// count moves a user from one status to another, where that needs no seat or
// there is one.
func (q querier) count(ctx context.Context, t scim.Tenant, from, to scim.Status, l scim.Limit) error {
	if from == to {
		return nil
	}
	if from == 0 {
		if _, err := q.exec(ctx, countTenant, t); err != nil {
			return err
		}
	}
	var n [scim.StatusArchived + 1]int
	n[from]--
	n[to]++
	changed, err := q.exec(ctx, countUser, t, n[scim.StatusActive], n[scim.StatusDeactivated], n[scim.StatusHeld], n[scim.StatusArchived], seatsOf(l))
	if err == nil && changed == 0 {
		return scim.ErrSeats
	}
	return err
}

// UpdateUser implements [scim.Store].
func (s *Store) UpdateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	row, err := rowOf(u)
	if err != nil {
		return nil, err
	}
	out := u.Clone()
	out.Modified = utc(e.Time)
	run, update := s.write, s.updateStepwise
	if s.d.atOnce && g.Version != "" && u.Status != scim.StatusArchived {
		run, update = s.one, s.updateAtOnce
	}
	err = run(ctx, func(q querier) (*Write, error) {
		e.Tenant, e.Left = t, nil
		if err := update(ctx, q, t, row, out, g, e); err != nil {
			return nil, err
		}
		return &Write{Tenant: t, Event: e, User: out}, nil
	})
	if err = refusal(err); err != nil {
		return nil, s.nameFirst(ctx, t, u, err)
	}
	return out, nil
}

// updateStepwise locks the user and writes one table after the other.
func (s *Store) updateStepwise(ctx context.Context, q querier, t scim.Tenant, row *userRow, out *scim.User, g scim.Guard, e *scim.Event) error {
	from, err := q.lockUser(ctx, t, out, g)
	if err != nil {
		return err
	}
	return q.replaceUser(ctx, t, row, out, from, g, e)
}

// lockUser locks a user for a write and returns the status that it has. It sets
// what out has in common with what is stored.
func (q querier) lockUser(ctx context.Context, t scim.Tenant, out *scim.User, g scim.Guard) (scim.Status, error) {
	var (
		rev, created int64
		status       scim.Status
	)
	err := q.row(ctx, []any{&rev, &created, &status},
		`SELECT revision, created, status FROM usher_users WHERE tenant = $1 AND id = $2 FOR UPDATE`, t, out.ID)
	if err != nil {
		return 0, found(err)
	}
	if want, ok := revision(g.Version); !ok || want != 0 && want != rev {
		return 0, scim.ErrVersion
	}
	out.Version, out.Created = version(rev+1), fromNanos(created)
	return status, nil
}

func (q querier) replaceUser(ctx context.Context, t scim.Tenant, row *userRow, out *scim.User, from scim.Status, g scim.Guard, e *scim.Event) error {
	u := row.u
	_, err := q.exec(ctx, updateUser, t, u.ID, nanos(out.Modified), u.Status, u.Keys.UserName, u.Keys.Email, u.ExternalID,
		u.Keys.Label, scim.Fold(u.Keys.Label), row.doc, row.index)
	if err != nil {
		return err
	}
	if err := q.count(ctx, t, from, u.Status, g.Seats); err != nil {
		return err
	}
	if err := q.keys(ctx, t, row, true); err != nil {
		return err
	}
	if u.Status == scim.StatusArchived {
		if e.Left, err = q.leaveAll(ctx, t, "user_id", u.ID, e.Time); err != nil {
			return err
		}
	}
	return q.event(ctx, t, e)
}

// PurgeUser implements [scim.Store].
func (s *Store) PurgeUser(ctx context.Context, t scim.Tenant, id string, e *scim.Event) error {
	return s.write(ctx, func(q querier) (*Write, error) {
		e.Tenant = t
		n, err := q.exec(ctx, `DELETE FROM usher_users WHERE tenant = $1 AND id = $2 AND status = 4`, t, id)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return nil, scim.ErrNotFound
		}
		for _, table := range []string{"usher_addresses", "usher_folders"} {
			if _, err := q.exec(ctx, "DELETE FROM "+table+" WHERE tenant = $1 AND user_id = $2", t, id); err != nil {
				return nil, err
			}
		}
		if _, err := q.exec(ctx, countUser, t, 0, 0, 0, -1, -1); err != nil {
			return nil, err
		}
		return &Write{Tenant: t, Event: e}, q.event(ctx, t, e)
	})
}

// User implements [scim.Store].
func (s *Store) User(ctx context.Context, t scim.Tenant, id string) (*scim.User, error) {
	var u *scim.User
	err := s.read().query(ctx, func(rows *sql.Rows) (err error) {
		u, err = scanUser(rows)
		return err
	}, `SELECT `+userColumns+` FROM usher_users u WHERE u.tenant = $1 AND u.id = $2`, t, id)
	if err == nil && u == nil {
		return nil, scim.ErrNotFound
	}
	return u, err
}

// FindUsers implements [scim.Store]. Each kind of entry is a search of an index.
func (s *Store) FindUsers(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.User, error) {
	b := newFinder(t, f.Archived)
	b.named("id", f.IDs)
	b.named("external_id", f.ExternalIDs)
	b.named("user_name", f.UserNames)
	b.named("email", f.Emails)
	b.named("email", f.Addresses)
	b.linked("usher_addresses", "user_id", "address", f.Addresses)
	if b.empty() {
		return nil, ctx.Err()
	}
	columns, scan := userColumns, func(rows *sql.Rows) (*scim.User, error) { return scanUser(rows) }
	if f.Groups {
		columns, scan = userColumns+", "+s.d.groupsOf, scanMember
	}
	var out []*scim.User
	err := s.read().query(ctx, func(rows *sql.Rows) error {
		u, err := scan(rows)
		out = append(out, u)
		return err
	}, b.query(columns, "usher_users"), b.args...)
	return out, err
}

// Counts implements [scim.Store].
func (s *Store) Counts(ctx context.Context, t scim.Tenant) (scim.Counts, error) {
	var c scim.Counts
	err := s.read().row(ctx, []any{&c.Active, &c.Deactivated, &c.Held, &c.Archived},
		`SELECT active, deactivated, held, archived FROM usher_tenants WHERE tenant = $1`, t)
	if err == sql.ErrNoRows { //nolint:errorlint // as the package returns it
		err = nil
	}
	return c, err
}

// Folders implements [scim.Store].
func (s *Store) Folders(ctx context.Context, t scim.Tenant, root string) ([]scim.Folder, error) {
	var out []scim.Folder
	long := false
	err := s.read().query(ctx, func(rows *sql.Rows) error {
		f := scim.Folder{Root: root}
		var key string
		err := rows.Scan(&f.Users, &f.Active, &f.Name, &key)
		long = long || len(key) > longestKey
		out = append(out, f)
		return err
	}, `SELECT c.users, c.active, (SELECT f.name FROM usher_folders f
		WHERE f.tenant = $1 AND f.root = $2 AND f.name_key = c.name_key ORDER BY f.seq LIMIT 1), c.name_key
	FROM (SELECT f.name_key, count(*) AS users, sum(CASE WHEN u.status = 1 THEN 1 ELSE 0 END) AS active
		FROM usher_folders f JOIN usher_users u ON u.tenant = f.tenant AND u.id = f.user_id
		WHERE f.tenant = $1 AND f.root = $2 GROUP BY f.name_key) c
	ORDER BY c.name_key`, t, root)
	if long { // which the hash has put in an order of its own
		slices.SortFunc(out, func(a, b scim.Folder) int { return strings.Compare(scim.FoldName(a.Name), scim.FoldName(b.Name)) })
	}
	return out, err
}

package main

import (
	"context"
	"database/sql"
	"database/sql/driver"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"

	"github.com/usher-scim/scim"
)

// The steps by which the database became what it is, one after the other. Those
// of SCIM come after the application's own: it had accounts before.
var (
	//go:embed host.sql
	hostSQL string
	//go:embed scim.sql
	scimSQL string
	//go:embed doors.sql
	doorsSQL string

	steps = []string{hostSQL, scimSQL + doorsSQL}
)

// store is a [scim.Store] over the application's tables.
//
// It declines filters and orders, which the library then works out itself: the
// columns are the application's, and what SCIM compares is in a JSON text. The
// look-ups that identity providers send all day are no filters here but
// [store.FindUsers], by index. Times are kept to the millisecond.
type store struct {
	db   *sql.DB
	turn chan struct{} // has one element while somebody writes
}

var _ scim.Store = (*store)(nil)

func newStore(db *sql.DB) *store { return &store{db: db, turn: make(chan struct{}, 1)} }

// openDB opens the application's database. A transaction takes the write lock
// when it begins: one that reads first and takes it later would have to be given
// up where somebody else wrote in between.
func openDB(path, more string) (*sql.DB, error) {
	if err := registered(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_txlock=immediate&_pragma=busy_timeout(30000)&_pragma=journal_mode(WAL)&_pragma=foreign_keys(1)"+more)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(8)
	return db, nil
}

// migrate takes the steps, as many as are not yet done.
func migrate(ctx context.Context, db *sql.DB, upTo int) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	var done int
	if err := tx.QueryRowContext(ctx, "PRAGMA user_version").Scan(&done); err != nil {
		return err
	}
	for ; done < upTo; done++ {
		if _, err := tx.ExecContext(ctx, steps[done]); err != nil {
			return fmt.Errorf("step %d: %w", done+1, err)
		}
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", done+1)); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// registered gives SQLite the library's own idea of which names are equal, so
// that triggers have it too; no collation comes near it. A tool that has not these
// functions cannot write to the accounts, which is better than writing otherwise.
var registered = sync.OnceValue(func() error {
	for name, f := range map[string]func(driver.Value) driver.Value{
		"scim_fold":      ofText(scim.Fold),
		"scim_fold_name": ofText(scim.FoldName),
		"scim_status": func(v driver.Value) driver.Value {
			n, _ := v.(int64)
			return scim.Status(n).String()
		},
	} {
		err := sqlite.RegisterDeterministicScalarFunction(name, 1, func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
			return f(args[0]), nil
		})
		if err != nil {
			return err
		}
	}
	return nil
})

func ofText(f func(string) string) func(driver.Value) driver.Value {
	return func(v driver.Value) driver.Value {
		if s, ok := v.(string); ok {
			return f(s)
		}
		return nil // NULL stays NULL
	}
}

// querier runs statements, in a transaction or not.
type querier struct {
	on interface {
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	}
}

func (s *store) read() querier { return querier{s.db} }

// write runs f in a transaction. It is the only one that writes, so what f reads
// holds until it ends: it may look whether a name is free or a seat, and then take
// it. On a database with several writers that would sell seats twice; there it
// takes a unique index and a conditional update, as package sqlstore has them.
func (s *store) write(ctx context.Context, f func(q querier) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // also when f panics; after a commit it does nothing
	q := querier{tx}
	if _, err := q.exec(ctx, "UPDATE scim_door SET inside = 1"); err != nil {
		return err
	}
	if err := f(q); err != nil {
		return taken(err)
	}
	if _, err := q.exec(ctx, "UPDATE scim_door SET inside = 0"); err != nil {
		return err
	}
	return tx.Commit()
}

// taken says which attribute a unique index refused.
func taken(err error) error {
	for column, attribute := range map[string]string{
		"accounts.scim_id": "id", "teams.scim_id": "id", "teams.name_key": "displayName",
		"accounts.login_key": "userName", "accounts.email_key": "emails",
	} {
		if strings.Contains(err.Error(), "UNIQUE constraint failed") && strings.Contains(err.Error(), column) {
			return &scim.ConflictError{Attribute: attribute}
		}
	}
	return err
}

// all returns what scan makes of each row.
func all[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := q.on.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		item, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, item)
	}
	return out, rows.Err()
}

type scanner interface{ Scan(dest ...any) error }

// one returns what scan makes of the one row that there is; [scim.ErrNotFound] if
// there is none.
func one[T any](ctx context.Context, q querier, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	var none T
	rows, err := all(ctx, q, scan, query, args...)
	if err == nil && len(rows) == 0 {
		err = scim.ErrNotFound
	}
	if err != nil {
		return none, err
	}
	return rows[0], nil
}

// value scans a row that has one column.
func value[T any](row scanner) (v T, err error) {
	err = row.Scan(&v)
	return v, err
}

// exec returns how many rows it changed, without those that triggers did.
func (q querier) exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := q.on.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// list is a JSON array, for json_each.
func list[T any](of []T) string {
	data, err := json.Marshal(of)
	if err != nil || of == nil {
		return "[]" // texts are always JSON
	}
	return string(data)
}

// timeLayout is how the application writes times; by byte they have their order.
const timeLayout = "2006-01-02T15:04:05.000Z"

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(timeLayout)
}

func parseTime(s string) time.Time {
	t, _ := time.Parse(time.RFC3339, s) // "" and what the application left otherwise: no time
	return t
}

// place is where a list goes on: behind what was created then and has this ID.
func place(created time.Time, id string) string { return timeText(created) + "." + id }

func parsePlace(after string) (created, id string, err error) {
	if after == "" {
		return "", "", nil // in front of everybody
	}
	if len(after) <= len(timeLayout) || after[len(timeLayout)] != '.' {
		return "", "", scim.ErrPlace
	}
	created, id = after[:len(timeLayout)], after[len(timeLayout)+1:]
	if _, err := time.Parse(timeLayout, created); err != nil {
		return "", "", scim.ErrPlace
	}
	return created, id, nil
}

// pageOf returns the page that q asks for of what a statement selects.
func pageOf[T any](ctx context.Context, s *store, q scim.Query, total int, scan func(scanner) (T, error), at func(T) string, query string, args ...any) (scim.Page[T], error) {
	page := scim.Page[T]{Total: total}
	created, id, err := parsePlace(q.After)
	if err != nil || q.Limit < 0 {
		return page, err
	}
	limit := limitOf(q.Limit)
	page.Items, err = all(ctx, s.read(), scan, query+` AND (created_at, scim_id) > (?, ?) ORDER BY created_at, scim_id LIMIT ? OFFSET ?`,
		append(args, created, id, limit+1, q.Offset)...)
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		page.Next = at(page.Items[limit-1])
	}
	return page, err
}

func limitOf(limit int) int {
	if limit == 0 {
		return 1000
	}
	return limit
}

// declined declines a query.
func declined(q scim.Query) error {
	if q.Filter != nil || q.Sort != nil {
		return fmt.Errorf("owntables: filters and orders: %w", errors.ErrUnsupported)
	}
	return nil
}

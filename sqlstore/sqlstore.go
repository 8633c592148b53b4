// Package sqlstore is a [scim.Store] on database/sql, for PostgreSQL and SQLite.
// It brings no driver: the application opens the database with its own.
//
//	db, err := sql.Open("pgx", "postgres://…")
//	// ...
//	store, err := sqlstore.Open(ctx, db, sqlstore.Postgres, sqlstore.Options{})
//	// ...
//	dir, err := scim.New(scim.Config{Store: store})
//
// Any number of processes may share a PostgreSQL database; a SQLite database is
// one machine's. All tables begin with usher_ and have the tenant in every key.
//
// What several replicas may do at once is settled in the database: a taken name by
// a unique index, a seat by a conditional update of the tenant's counters, a
// membership by a row of its own. The isolation level is READ COMMITTED, the
// default of PostgreSQL. A transaction that the database gives up for the sake of
// another (40001, 40P01) is tried again, within bounds, as is one that finds a
// SQLite database busy.
package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/usher-scim/scim"
)

// Options are what a [Store] may be told. The zero value is useful.
type Options struct {
	// Hook, if set, is called inside the transaction of each write that really
	// changes something, after the library's own rows were written: what it writes
	// through tx is kept with them, or neither is. An error refuses the write and is
	// what the caller gets; [*scim.Error] says what a client is told. It may be
	// called again for a write that is tried again, so it should do nothing but
	// write to tx, and quickly: rows stay locked meanwhile.
	Hook func(ctx context.Context, tx *sql.Tx, w Write) error

	// Attempts bounds how often a write is tried that the database gave up for the
	// sake of another (40001, 40P01, SQLITE_BUSY); zero means 10.
	Attempts int

	// Unmigrated leaves the tables as they are: [Migrate] was called elsewhere, by
	// somebody who may.
	Unmigrated bool
}

// Write is what a [Options.Hook] is told.
type Write struct {
	Tenant scim.Tenant
	// Event says what happened, and with whom. Its Seq is set.
	Event *scim.Event
	// User and Group are as they are after the write; nil where the write was not
	// about one, or it is gone.
	User  *scim.User
	Group *scim.Group
}

// Store is a [scim.Store] in a SQL database. It is made by [Open] and safe for
// concurrent use.
type Store struct {
	db *sql.DB
	d  Dialect
	o  Options

	prepared sync.Map // *sql.Stmt by query
	changes  atomic.Int64
}

var _ scim.Store = (*Store)(nil)

// Open returns a store on a database, whose tables it makes or brings up to date
// first. Any number of replicas may do so at once. Closing db is up to the caller.
func Open(ctx context.Context, db *sql.DB, d Dialect, o Options) (*Store, error) {
	if db == nil || d.name == "" {
		return nil, errors.New("sqlstore: Open needs a database and a dialect")
	}
	if o.Attempts <= 0 {
		o.Attempts = 10
	}
	if !o.Unmigrated {
		if err := Migrate(ctx, db, d); err != nil {
			return nil, err
		}
	}
	return &Store{db: db, d: d, o: o}, nil
}

// querier runs prepared statements, on the database or in a transaction.
type querier struct {
	s  *Store
	tx *sql.Tx // nil: each statement is a transaction of its own
	// unprepared are the queries that the transaction ran as they were: preparing
	// one for all connections takes a second one, for which a transaction must not
	// wait.
	unprepared *[]string
	// patient says that a read is tried again that the database gave up.
	patient bool
}

// runner is what runs a statement.
type runner interface {
	QueryContext(ctx context.Context, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, args ...any) *sql.Row
	ExecContext(ctx context.Context, args ...any) (sql.Result, error)
}

// text is a statement of a transaction that is not prepared yet.
type text struct {
	tx    *sql.Tx
	query string
}

func (t text) QueryContext(ctx context.Context, args ...any) (*sql.Rows, error) {
	return t.tx.QueryContext(ctx, t.query, args...)
}

func (t text) QueryRowContext(ctx context.Context, args ...any) *sql.Row {
	return t.tx.QueryRowContext(ctx, t.query, args...)
}

func (t text) ExecContext(ctx context.Context, args ...any) (sql.Result, error) {
	return t.tx.ExecContext(ctx, t.query, args...)
}

// stmt returns the statement of a query.
func (q querier) stmt(ctx context.Context, query string) (runner, error) {
	v, ok := q.s.prepared.Load(query)
	switch {
	case ok && q.tx != nil:
		return q.tx.StmtContext(ctx, v.(*sql.Stmt)), nil
	case ok:
		return v.(*sql.Stmt), nil
	case q.tx != nil:
		*q.unprepared = append(*q.unprepared, query)
		return text{q.tx, q.s.d.text(query)}, nil
	}
	return q.s.prepare(ctx, query)
}

// prepare prepares a query for all connections.
func (s *Store) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	made, err := s.db.PrepareContext(ctx, s.d.text(query))
	if err != nil {
		return nil, err
	}
	v, raced := s.prepared.LoadOrStore(query, made)
	if raced {
		_ = made.Close()
	}
	return v.(*sql.Stmt), nil
}

// query runs a statement that returns rows, and calls scan for each.
func (q querier) query(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	args = q.s.d.plain(args)
	return q.rows(ctx, scan, func() (*sql.Rows, error) {
		stmt, err := q.stmt(ctx, query)
		if err != nil {
			return nil, err
		}
		return stmt.QueryContext(ctx, args...)
	})
}

// dynamic runs a statement that is not worth keeping prepared.
func (q querier) dynamic(ctx context.Context, scan func(*sql.Rows) error, query string, args ...any) error {
	query, args = q.s.d.text(query), q.s.d.plain(args)
	return q.rows(ctx, scan, func() (*sql.Rows, error) { return q.s.db.QueryContext(ctx, query, args...) })
}

// rows calls scan for each row that ask returns, which is asked again where the
// database gave that up before there was a row.
func (q querier) rows(ctx context.Context, scan func(*sql.Rows) error, ask func() (*sql.Rows, error)) error {
	began := false
	try := func() error {
		rows, err := ask()
		return each(rows, err, func(rows *sql.Rows) error {
			began = true
			return scan(rows)
		})
	}
	if !q.patient {
		return try()
	}
	var last error
	err := q.s.again(ctx, func() error {
		if last = try(); began {
			return nil
		}
		return last
	})
	if err == nil {
		err = last
	}
	return err
}

// plain turns the types of the library, and lists, into what every driver takes.
func (d Dialect) plain(args []any) []any {
	for i, a := range args {
		switch a := a.(type) {
		case scim.Tenant:
			args[i] = string(a)
		case scim.Status:
			args[i] = int64(a)
		case []string:
			args[i] = d.list(a)
		}
	}
	return args
}

func each(rows *sql.Rows, err error, scan func(*sql.Rows) error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// row runs a statement that returns one row; [sql.ErrNoRows] for none.
func (q querier) row(ctx context.Context, dest []any, query string, args ...any) error {
	args = q.s.d.plain(args)
	try := func() error {
		stmt, err := q.stmt(ctx, query)
		if err != nil {
			return err
		}
		return stmt.QueryRowContext(ctx, args...).Scan(dest...)
	}
	if !q.patient {
		return try()
	}
	return q.s.again(ctx, try)
}

// exec runs a statement and returns how many rows it changed.
func (q querier) exec(ctx context.Context, query string, args ...any) (int64, error) {
	stmt, err := q.stmt(ctx, query)
	if err != nil {
		return 0, err
	}
	res, err := stmt.ExecContext(ctx, q.s.d.plain(args)...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// read runs statements that only read, each a transaction of its own.
func (s *Store) read() querier { return querier{s: s, patient: true} }

// write runs f in a transaction, again where the database gave it up for the sake
// of another. f returns what the hook is told, nil if nothing changed.
func (s *Store) write(ctx context.Context, f func(q querier) (*Write, error)) error {
	var (
		unprepared []string
		changed    bool
	)
	err := s.again(ctx, func() (err error) {
		unprepared = unprepared[:0]
		changed, err = s.try(ctx, f, &unprepared)
		return err
	})
	if changed {
		s.changed(ctx)
	}
	for _, query := range unprepared {
		if _, prepared := s.prepared.Load(query); !prepared && err == nil {
			_, _ = s.prepare(ctx, query) // it will be tried again, and the write is done
		}
	}
	return err
}

// try runs f in a transaction, once, and reports whether it really changed something.
func (s *Store) try(ctx context.Context, f func(q querier) (*Write, error), unprepared *[]string) (changed bool, err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer func() { _ = tx.Rollback() }() // also when f panics; after a commit it does nothing
	q := querier{s: s, tx: tx, unprepared: unprepared}
	if s.d.begin != "" {
		if _, err := q.exec(ctx, s.d.begin); err != nil {
			return false, err
		}
	}
	w, err := f(q)
	if err != nil {
		return false, err
	}
	if s.o.Hook != nil && w != nil {
		if err := s.o.Hook(ctx, tx, *w); err != nil {
			return false, err
		}
	}
	err = tx.Commit()
	return err == nil && w != nil, err
}

// one runs f, which is a single statement, as a transaction of its own; with a
// hook in one that has the hook's statements too.
func (s *Store) one(ctx context.Context, f func(q querier) (*Write, error)) error {
	if s.o.Hook != nil || s.d.begin != "" {
		return s.write(ctx, f)
	}
	var w *Write
	err := s.again(ctx, func() (err error) {
		w, err = f(querier{s: s})
		return err
	})
	if err == nil && w != nil {
		s.changed(ctx)
	}
	return err
}

// again calls f until the database does not give it up for the sake of another.
func (s *Store) again(ctx context.Context, f func() error) error {
	for attempt := 1; ; attempt++ {
		err := f()
		if err == nil || !s.d.gaveUp(err) {
			return err
		}
		if attempt == s.o.Attempts {
			return fmt.Errorf("sqlstore: given up after %d attempts: %w", attempt, err)
		}
		most := time.Millisecond << min(attempt, 7)
		timer := time.NewTimer(rand.N(most))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// found turns an absent row into what the contract calls it.
func found(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return scim.ErrNotFound
	}
	return err
}

package sqlstore_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// spy stands between database/sql and a driver. It writes down what is sent, and
// makes calls fail. The zero value does neither.
type spy struct {
	mu        sync.Mutex
	recording bool
	record    record
	// fate, if set, says what becomes of a call.
	fate func(call) fate
}

// call is what is sent to a database, and waited for.
type call struct {
	kind  string // statement, begin, commit, rollback or prepare
	query string
	args  []driver.NamedValue
}

// fate is what becomes of a call.
type fate struct {
	err  error // nil: nothing else than usual
	done bool  // it was done nevertheless
	cut  bool  // and the connection is gone
}

// record is what was sent, in order.
type record []call

// statements are what was sent beside the frame of transactions.
func (r record) statements() []call {
	var out []call
	for _, c := range r {
		if c.kind == "statement" {
			out = append(out, c)
		}
	}
	return out
}

// queries are what the statements were, each on a line.
func (r record) queries() (out []string) {
	for _, c := range r.statements() {
		out = append(out, strings.Join(strings.Fields(c.query), " "))
	}
	return out
}

// exchanges is how often something was sent and waited for, once all is prepared.
func (r record) exchanges() int {
	n := 0
	for _, c := range r {
		if c.kind != "prepare" {
			n++
		}
	}
	return n
}

// during returns what is sent while f runs.
func (s *spy) during(f func()) record {
	s.mu.Lock()
	s.recording, s.record = true, nil
	s.mu.Unlock()
	f()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.recording = false
	return s.record
}

// failing sets what becomes of calls; nil is nothing.
func (s *spy) failing(fate func(call) fate) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fate = fate
}

func (s *spy) sent(c call) fate {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.recording {
		s.record = append(s.record, c)
	}
	if s.fate == nil {
		return fate{}
	}
	return s.fate(c)
}

// open opens a database whose calls the spy sees.
func (s *spy) open(t testing.TB, b backend, address string) *sql.DB {
	t.Helper()
	db, err := sql.Open(b.driver, address)
	require.NoError(t, err)
	defer db.Close()
	return sql.OpenDB(&spyConnector{s, db.Driver(), address})
}

type spyConnector struct {
	s       *spy
	driver  driver.Driver
	address string
}

func (c *spyConnector) Driver() driver.Driver { return c.driver }

func (c *spyConnector) Connect(context.Context) (driver.Conn, error) {
	raw, err := c.driver.Open(c.address)
	if err != nil {
		return nil, err
	}
	return &spyConn{Conn: raw, s: c.s}, nil
}

// spyConn is a connection; once cut it does nothing any more.
type spyConn struct {
	driver.Conn
	s   *spy
	cut bool
}

var errCut = errors.New("the connection is gone")

// do performs a call as its fate has it.
func (c *spyConn) do(what call, f func() error) error {
	if c.cut {
		return errCut
	}
	fate := c.s.sent(what)
	c.cut = c.cut || fate.cut
	if fate.err == nil {
		return f()
	}
	if fate.done {
		_ = f()
	}
	return fate.err
}

func (c *spyConn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	var stmt driver.Stmt
	err := c.do(call{kind: "prepare", query: query}, func() (err error) {
		stmt, err = c.Conn.(driver.ConnPrepareContext).PrepareContext(ctx, query)
		return err
	})
	return &spyStmt{stmt, c, query}, err
}

func (c *spyConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	var tx driver.Tx
	err := c.do(call{kind: "begin"}, func() (err error) {
		tx, err = c.Conn.(driver.ConnBeginTx).BeginTx(ctx, opts)
		return err
	})
	return spyTx{tx, c}, err
}

func (c *spyConn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	return c.rows(call{"statement", query, args}, func() (driver.Rows, error) {
		return c.Conn.(driver.QueryerContext).QueryContext(ctx, query, args)
	})
}

// rows performs a call that returns rows; where they are lost they are read.
func (c *spyConn) rows(what call, f func() (driver.Rows, error)) (rows driver.Rows, err error) {
	err = c.do(what, func() (err error) {
		rows, err = f()
		return err
	})
	if err != nil && rows != nil {
		_ = rows.Close()
	}
	return rows, err
}

func (c *spyConn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (res driver.Result, err error) {
	err = c.do(call{"statement", query, args}, func() (err error) {
		res, err = c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
		return err
	})
	return res, err
}

func (c *spyConn) CheckNamedValue(v *driver.NamedValue) error {
	if checker, ok := c.Conn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(v)
	}
	return driver.ErrSkip
}

func (c *spyConn) ResetSession(ctx context.Context) error {
	if c.cut {
		return driver.ErrBadConn
	}
	if resetter, ok := c.Conn.(driver.SessionResetter); ok {
		return resetter.ResetSession(ctx)
	}
	return nil
}

func (c *spyConn) IsValid() bool {
	v, ok := c.Conn.(driver.Validator)
	return !c.cut && (!ok || v.IsValid())
}

type spyStmt struct {
	driver.Stmt
	c     *spyConn
	query string
}

func (s *spyStmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	return s.c.rows(call{"statement", s.query, args}, func() (driver.Rows, error) {
		return s.Stmt.(driver.StmtQueryContext).QueryContext(ctx, args)
	})
}

func (s *spyStmt) ExecContext(ctx context.Context, args []driver.NamedValue) (res driver.Result, err error) {
	err = s.c.do(call{"statement", s.query, args}, func() (err error) {
		res, err = s.Stmt.(driver.StmtExecContext).ExecContext(ctx, args)
		return err
	})
	return res, err
}

type spyTx struct {
	tx driver.Tx
	c  *spyConn
}

// Commit of a transaction that fails without being done leaves it undone.
func (t spyTx) Commit() error {
	done := false
	err := t.c.do(call{kind: "commit"}, func() error {
		done = true
		return t.tx.Commit()
	})
	if !done {
		_ = t.tx.Rollback()
	}
	return err
}

func (t spyTx) Rollback() error {
	err := t.c.do(call{kind: "rollback"}, t.tx.Rollback)
	if err != nil {
		_ = t.tx.Rollback()
	}
	return err
}

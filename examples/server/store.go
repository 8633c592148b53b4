package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
	_ "modernc.org/sqlite"             // the driver sqlite

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
	"github.com/usher-scim/scim/sqlstore"
)

// This file opens what -store names.

// place is where everything is kept. The zero value is memory.
type place struct {
	dialect sqlstore.Dialect
	address string // a path for SQLite, a URL for PostgreSQL
}

var errStore = errors.New("it must be memory, sqlite:PATH or postgres://USER@HOST/DATABASE")

// placeOf reads the value of -store.
func placeOf(s string) (place, error) {
	scheme, rest, _ := strings.Cut(s, ":")
	switch {
	case s == "memory":
		return place{}, nil
	case scheme == "sqlite" && rest == "":
		return place{}, errors.New("the path of the file is missing: sqlite:PATH")
	case scheme == "sqlite" && strings.HasPrefix(rest, ":memory:"):
		return place{}, errors.New("for what is gone when the server stops there is -store memory")
	case scheme == "sqlite":
		return place{sqlstore.SQLite, rest}, nil
	case scheme == "postgres" || scheme == "postgresql":
		if !strings.HasPrefix(rest, "//") {
			return place{}, errStore
		}
		_, err := pgx.ParseConfig(s) // whose errors have no password
		return place{sqlstore.Postgres, s}, err
	}
	return place{}, errStore
}

// memory reports whether nothing outlives the process.
func (p place) memory() bool { return p.address == "" }

// String names the place for people, without a password.
func (p place) String() string {
	switch {
	case p.memory():
		return "memory"
	case p.dialect.String() == sqlstore.SQLite.String():
		return "sqlite:" + p.address
	}
	u, err := url.Parse(p.address)
	if err != nil {
		return "PostgreSQL"
	}
	named := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if name := u.User.Username(); name != "" {
		named.User = url.User(name)
	}
	return named.String()
}

// backend is everything that the application keeps.
type backend struct {
	place     place
	store     scim.Store
	tokens    tokens
	licences  licences
	cursorKey []byte // nil: one that ends with the process
	close     func() error
}

// open opens what is at a place, and makes what is missing.
func open(ctx context.Context, p place, log *slog.Logger) (*backend, error) {
	if p.memory() {
		return &backend{
			store: memstore.New(), tokens: &memoryTokens{}, licences: &memoryLicences{}, close: func() error { return nil },
		}, nil
	}
	db, err := connect(ctx, p, log)
	if err != nil {
		return nil, fmt.Errorf("-store %s: %w", p, err)
	}
	b, err := kept(ctx, p, db)
	if err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("-store %s: %w", p, err)
	}
	return b, nil
}

// kept is what is in a database.
func kept(ctx context.Context, p place, db *sql.DB) (*backend, error) {
	store, err := sqlstore.Open(ctx, db, p.dialect, sqlstore.Options{})
	if err != nil {
		return nil, err
	}
	own, err := openTables(ctx, p.dialect, db)
	if err != nil {
		return nil, err
	}
	key, err := own.cursorKey(ctx)
	if err != nil {
		return nil, err
	}
	return &backend{place: p, store: store, tokens: store.Tokens(), licences: own, cursorKey: key, close: db.Close}, nil
}

// The bounds of a pool of connections. A PostgreSQL that is set up as it comes has
// 100 connections for all replicas together.
const (
	maxConnections  = 16
	connectionIdle  = 5 * time.Minute
	connectionAge   = time.Hour // then a new one, to wherever the name leads by then
	fileConnections = 8
)

// connect returns a pool of connections to a database that answers.
func connect(ctx context.Context, p place, log *slog.Logger) (*sql.DB, error) {
	if p.dialect.String() == sqlstore.SQLite.String() {
		return openFile(ctx, p.address)
	}
	db, err := sql.Open("pgx", p.address)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(maxConnections)
	db.SetMaxIdleConns(maxConnections)
	db.SetConnMaxIdleTime(connectionIdle)
	db.SetConnMaxLifetime(connectionAge)
	if err := await(ctx, db, log); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// How a SQLite file is opened: readers do not wait for the writer (WAL), and
// writers wait for one another; what was acknowledged outlives the process, though
// with NORMAL not always the machine's power.
const pragmas = "?_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=foreign_keys(1)"

// openFile opens a SQLite database. A new file is for this user alone: it has
// people in it.
func openFile(ctx context.Context, path string) (*sql.DB, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+url.PathEscape(path)+pragmas)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(fileConnections)
	db.SetMaxIdleConns(fileConnections)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// How long the server waits for a PostgreSQL that is not up yet.
const (
	awaitTimeout  = 15 * time.Second
	awaitInterval = 200 * time.Millisecond
)

// await returns once the database answers. It does not wait for one that refuses.
func await(ctx context.Context, db *sql.DB, log *slog.Logger) error {
	within, cancel := context.WithTimeout(ctx, awaitTimeout)
	defer cancel()
	tick := time.NewTicker(awaitInterval)
	defer tick.Stop()
	for told := false; ; told = true {
		err := db.PingContext(within)
		if err == nil || refuses(err) || ctx.Err() != nil {
			return err
		}
		if !told {
			log.Warn("waiting for the database", "error", err, "at most", awaitTimeout)
		}
		select {
		case <-tick.C:
		case <-within.Done():
			return fmt.Errorf("the database does not answer: %w", err)
		}
	}
}

// refuses reports whether trying again is of no use: the server is there and says
// no, and not that it is starting, or has too many clients for now.
func refuses(err error) bool {
	const starting, tooMany = "57P03", "53300"
	var said *pgconn.PgError
	return errors.As(err, &said) && said.Code != starting && said.Code != tooMany
}

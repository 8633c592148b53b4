// Package pgtest runs a PostgreSQL server of its own for tests: in a temporary
// directory, on a free port of the loopback interface. It takes the programs that
// are installed, those of Debian too, which are in no PATH; where the tests run as
// root, which PostgreSQL refuses to be, the server runs as the user postgres, or
// nobody.
//
//	server, err := pgtest.Start(ctx, "fsync=off")
//	// ...
//	defer server.Stop()
//	address, err := server.Schema(ctx)
package pgtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver pgx
)

// Server is a running server. It is made by [Start] and safe for concurrent use.
type Server struct {
	dir   string
	port  int
	cmd   *exec.Cmd
	end   io.Closer    // ends cmd
	names atomic.Int64 // given to schemas and databases
}

// ErrMissing says that PostgreSQL is not installed on this machine.
var ErrMissing = errors.New("pgtest: initdb and postgres are not installed")

// Start makes a new database cluster and runs it with settings such as "fsync=off".
// It returns once the server answers. [Server.Stop] ends it, and so does the end of
// this process, whichever it is. Errors: [ErrMissing].
func Start(ctx context.Context, settings ...string) (*Server, error) {
	initdb, postgres := Program("initdb"), Program("postgres")
	if initdb == "" || postgres == "" {
		return nil, ErrMissing
	}
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir}
	if err := s.start(ctx, initdb, postgres, settings); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, initdb, postgres string, settings []string) error {
	as, err := unprivileged(s.dir)
	if err != nil {
		return err
	}
	data := filepath.Join(s.dir, "data")
	out, err := command(ctx, as, initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("pgtest: initdb: %w: %s", err, out)
	}
	if s.port, err = freePort(ctx); err != nil {
		return err
	}
	args := []string{"-c", guard, "sh", s.dir, postgres, "-D", data, "-p", strconv.Itoa(s.port), "-k", s.dir, "-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"}
	for _, set := range settings {
		args = append(args, "-c", set)
	}
	log, err := os.Create(filepath.Join(s.dir, "log"))
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the server has it open too
	cmd := command(context.WithoutCancel(ctx), as, "sh", args...)
	cmd.Stderr = log
	if s.end, err = cmd.StdinPipe(); err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmd = cmd
	return s.wait(ctx)
}

// guard runs the server until its own input ends, as it does with the process that
// holds the other end. SIGINT is a fast shutdown.
const guard = `dir=$1; shift; "$@" </dev/null & read -r _; kill -INT $!; wait $!; rm -rf "$dir"`

// wait returns once the server answers.
func (s *Server) wait(ctx context.Context) error {
	db, err := sql.Open("pgx", s.URL(""))
	if err != nil {
		return err
	}
	defer db.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("pgtest: the server does not answer: %w: %s", err, log)
		}
	}
}

// URL returns the address of the database postgres, where tables are made in and
// looked up from a schema; "" is the usual one.
func (s *Server) URL(schema string) string {
	url := s.url("postgres")
	if schema != "" {
		url += "&search_path=" + schema
	}
	return url
}

func (s *Server) url(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// Schema makes an empty schema and returns its address, for one test.
func (s *Server) Schema(ctx context.Context) (string, error) {
	name, err := s.create(ctx, "SCHEMA")
	if err != nil {
		return "", err
	}
	return s.URL(name), nil
}

// Database makes an empty database and returns its address, for a test that needs
// all of one. The programs of PostgreSQL take the address too.
func (s *Server) Database(ctx context.Context) (string, error) {
	name, err := s.create(ctx, "DATABASE")
	if err != nil {
		return "", err
	}
	return s.url(name), nil
}

// create makes something with a name that nothing else has.
func (s *Server) create(ctx context.Context, what string) (string, error) {
	name := fmt.Sprint("test", s.names.Add(1))
	db, err := sql.Open("pgx", s.URL(""))
	if err != nil {
		return "", err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "CREATE "+what+" "+name)
	return name, err
}

// Addr is where the server listens.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Stop ends the server and removes its data.
func (s *Server) Stop() {
	if s.cmd != nil {
		_ = s.end.Close()
		_ = s.cmd.Wait()
	}
	_ = os.RemoveAll(s.dir)
}

// Program returns the path of a program of PostgreSQL such as pg_dump, of the newest
// where several are installed; "" where it is not.
func Program(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) == 0 {
		return ""
	}
	return slices.Max(found)
}

// unprivileged returns whom to run as where this is root, which PostgreSQL refuses
// to be; dir becomes theirs.
func unprivileged(dir string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		if u, err = user.Lookup("nobody"); err != nil {
			return nil, err
		}
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, int(uid), int(gid))
}

func command(ctx context.Context, as *syscall.Credential, name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(ctx, name, args...)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	c.Dir = "/"
	return c
}

func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

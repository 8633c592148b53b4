// Command server is a host application around the library: an identity provider
// can be pointed at it at once.
//
//	go run ./examples/server
//	go run ./examples/server -store sqlite:usher.db
//	go run ./examples/server -store postgres://usher@db.example.com/usher
//
// It prints the tenant URL and the token to paste into the identity provider. What
// -store names is where users, groups, licences, tokens and the record are kept:
// without it in memory, else where the next start finds them. Any number of
// replicas may share a PostgreSQL database.
//
// Below /app/ it has a small JSON API of its own, as a host would have, written
// against scim.Directory alone. That API asks for no token, so keep the server
// on the loopback address.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/usher-scim/scim"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// The exit statuses beside 0.
const (
	exitFailure = 1
	exitUsage   = 2
)

// run is main without the process: it serves until ctx ends and returns the exit
// status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		fmt.Fprintf(stderr, "server: %v\nRun it with -h for its flags.\n", err)
		return exitUsage
	}
	level := slog.LevelInfo
	if o.verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	b, err := open(ctx, o.store, log)
	if err != nil {
		fmt.Fprintf(stderr, "server: %v\n", err)
		return exitFailure
	}
	status := use(ctx, o, b, log, stdout, stderr)
	if err := b.close(); err != nil {
		log.Error("what is kept could not be closed", "error", err)
		return exitFailure
	}
	return status
}

// use serves what is kept, and returns the exit status.
func use(ctx context.Context, o options, b *backend, log *slog.Logger, stdout, stderr io.Writer) int {
	h, err := newHost(ctx, o, b, log)
	if err != nil {
		fmt.Fprintf(stderr, "server: %v\nRun it with -h for its flags.\n", err)
		return exitUsage
	}
	if err := serve(ctx, o.addr, h, stdout); err != nil {
		log.Error("the server failed", "error", err)
		return exitFailure
	}
	return 0
}

// options are what the flags say.
type options struct {
	addr    string
	token   string
	tenant  scim.Tenant
	store   place
	seats   scim.Limit
	extra   []extra
	shared  bool
	strict  bool
	stop    scim.RemovalLimit
	rate    *scim.RateLimit // nil: none
	verbose bool
}

// extra is one -extra: a connection with a token of its own.
type extra struct {
	tenant scim.Tenant
	token  string
}

// parse reads the flags. Asked for help, it prints it to w.
func parse(args []string, w io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("server", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run says what is wrong, without a page of usage
	flags.StringVar(&o.addr, "addr", "127.0.0.1:8080", "`address` to listen on; port 0 takes any free one")
	flags.StringVar(&o.token, "token", "", "fixed `token`; without it one is made and printed, unless the store has one")
	flags.Func("store", "`where` everything is kept: memory, sqlite:PATH, or postgres://USER@HOST/DATABASE, which replicas may share (default memory)", func(s string) (err error) {
		o.store, err = placeOf(s)
		return err
	})
	tenant := flags.String("tenant", "default", "`name` of the tenant")
	flags.BoolVar(&o.shared, "shared-emails", false, "let several users have one work e-mail address")
	flags.BoolVar(&o.strict, "strict", false, "refuse what RFC 7644 does not allow, instead of understanding and counting it")
	flags.BoolVar(&o.verbose, "v", false, "log each request")
	flags.Func("seats", "`number` of seats of each tenant that the store has no licence of; without it they are unlimited", func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return errors.New("it must be a whole number from 0 up")
		}
		o.seats = scim.Seats(n)
		return nil
	})
	flags.Func("extra", "`TENANT=TOKEN`: another tenant with a connection of its own; repeatable", func(s string) error {
		name, token, ok := strings.Cut(s, "=")
		if !ok || name == "" || token == "" {
			return errors.New("it must be TENANT=TOKEN")
		}
		o.extra = append(o.extra, extra{scim.Tenant(name), token})
		return nil
	})
	brakes(flags, &o)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(w)
		fmt.Fprintln(w, "usage: go run ./examples/server [flags]")
		flags.PrintDefaults()
		return o, err
	case err != nil:
		return o, err
	case flags.NArg() > 0:
		return o, fmt.Errorf("there is no argument %q; everything is a flag", flags.Arg(0))
	case *tenant == "":
		return o, errors.New("-tenant must not be empty")
	case o.stop.Window > 0 && o.stop.Users == 0 && o.stop.Percent == 0:
		return o, errors.New("-stop-window needs -stop-users or -stop-percent")
	}
	o.tenant = scim.Tenant(*tenant)
	return o, nil
}

// brakes defines the flags of the two brakes; without them neither is on.
func brakes(flags *flag.FlagSet, o *options) {
	flags.Func("stop-users", "`number` of users that a connection may remove within -stop-window before it is stopped", func(s string) error {
		var err error
		if o.stop.Users, err = strconv.Atoi(s); err != nil || o.stop.Users < 1 {
			return errors.New("it must be a whole number from 1 up")
		}
		return nil
	})
	flags.Func("stop-percent", "the same as a `share` of the active users, in per cent", func(s string) error {
		var err error
		if o.stop.Percent, err = strconv.ParseFloat(s, 64); err != nil || !(o.stop.Percent > 0 && o.stop.Percent <= 100) {
			return errors.New("it must be a number above 0, up to 100")
		}
		return nil
	})
	flags.Func("stop-window", "`time` that removals are counted for (default 1h)", func(s string) error {
		var err error
		if o.stop.Window, err = time.ParseDuration(s); err != nil || o.stop.Window <= 0 {
			return errors.New("it must be a time such as 30m")
		}
		return nil
	})
	flags.Func("rate", "`number` of requests a second that a connection may send, twice as many at once", func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return errors.New("it must be a whole number from 1 up")
		}
		o.rate = &scim.RateLimit{PerSecond: float64(n), Burst: 2 * n}
		return nil
	})
}

// How long a client may take, and how long the requests under way may when the
// server stops.
const (
	headerTimeout   = 10 * time.Second
	readTimeout     = time.Minute
	writeTimeout    = 2 * time.Minute
	idleTimeout     = 2 * time.Minute
	shutdownTimeout = 10 * time.Second
)

// serve listens on addr and answers until ctx ends; then it lets the requests
// under way finish. Listening comes first: the handler needs the real port.
func serve(ctx context.Context, addr string, h *host, stdout io.Writer) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	base := "http://" + reachable(addr, listener.Addr())
	handler, err := h.handler(base + scimPath)
	if err != nil {
		_ = listener.Close()
		return err
	}
	server := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		ErrorLog:          slog.NewLogLogger(h.log.Handler(), slog.LevelWarn),
	}
	if err := h.announce(ctx, stdout, base); err != nil {
		_ = listener.Close()
		return err
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); ok && !tcp.IP.IsLoopback() {
		h.log.Warn("/app/ asks for no token and is open to whoever reaches this address", "address", listener.Addr())
	}
	stopConsumer := h.consume(ctx)
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
		h.log.Info("stopping")
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	err = errors.Join(err, server.Shutdown(last))
	stopConsumer()
	return errors.Join(err, h.dir.Flush(last))
}

// reachable is the host and port that a client on this machine can use: the one
// asked for, with the port that the system chose.
func reachable(asked string, got net.Addr) string {
	name, _, err := net.SplitHostPort(asked)
	if ip := net.ParseIP(name); err != nil || name == "" || ip != nil && ip.IsUnspecified() {
		name = "localhost"
	}
	_, port, err := net.SplitHostPort(got.String())
	if err != nil {
		return got.String()
	}
	return net.JoinHostPort(name, port)
}

// Command conformance has examples/server checked by the checkers of others:
// scim2-tester, Okta's SPEC test and Microsoft's Postman collection.
//
//	go run -C conformance .
//
// It builds the server, starts a fresh one for each checker on a free port of the
// loopback address, and ends with a summary. The exit status is 1 when a checker
// misses its mark. What a machine cannot run is reported as skipped. README.md
// beside this file has the marks and the exceptions.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
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

// options are what the flags say, with absolute paths.
type options struct {
	root    string // of the repository
	data    string // where the checkers' data is
	cache   string // where tools are installed
	only    []string
	require bool
}

// parse reads the flags. Asked for help, it prints it to w.
func parse(args []string, w io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run says what is wrong, without a page of usage
	flags.StringVar(&o.root, "root", "..", "`folder` of the repository")
	flags.StringVar(&o.data, "data", filepath.Join("..", "shared", "conformance"), "`folder` of the checkers' data, relative to the repository's")
	flags.StringVar(&o.cache, "cache", "", "`folder` to install tools in; without it one of the user's cache")
	flags.BoolVar(&o.require, "require", false, "fail when a checker is skipped")
	only := flags.String("only", "", "comma-separated `names` of the checkers to run")
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		flags.SetOutput(w)
		fmt.Fprintln(w, "usage: go run -C conformance . [flags]")
		flags.PrintDefaults()
	}
	if err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("there is no argument %q; everything is a flag", flags.Arg(0))
	}
	for _, name := range strings.Split(*only, ",") {
		if name == "" {
			continue
		}
		if !slices.ContainsFunc(checkers, func(c checker) bool { return c.name == name }) {
			return o, fmt.Errorf("-only: there is no checker %q", name)
		}
		o.only = append(o.only, name)
	}
	if o.root, err = filepath.Abs(o.root); err != nil {
		return o, err
	}
	if !filepath.IsAbs(o.data) {
		o.data = filepath.Join(o.root, o.data)
	}
	if o.cache == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			base = os.TempDir()
		}
		o.cache = filepath.Join(base, "usher-conformance")
	}
	o.cache, err = filepath.Abs(o.cache)
	return o, err
}

// checker is somebody's check of a SCIM server.
type checker struct {
	name  string
	flags []string // of the server
	// prepare brings what the checker needs: its data and its tools. What cannot
	// be had is a [skip]. The function that it returns runs the checker.
	prepare func(ctx context.Context, o options, except *exceptions) (check, error)
}

// check runs a checker against a fresh server. An error is a checker that did not
// run to its end.
type check func(ctx context.Context, s *server) (report, error)

// checkers are run in this order.
var checkers = []checker{
	{name: "scim2-tester", prepare: prepareTester},
	{name: "okta-spec", prepare: prepareOkta},
	// Its people share their addresses, which is a policy of the host's.
	{name: "microsoft-postman", flags: []string{"-shared-emails"}, prepare: preparePostman},
}

// skip is the reason why a checker cannot run on this machine.
type skip struct{ reason string }

func (s skip) Error() string { return s.reason }

// run is main without the process: it returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stdout)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "conformance: %v\nRun it with -h for its flags.\n", err)
		return exitUsage
	}
	ok, err := runAll(ctx, o, stdout)
	if err != nil {
		fmt.Fprintf(stderr, "conformance: %v\n", err)
		return exitFailure
	}
	if !ok {
		return exitFailure
	}
	return 0
}

// runAll runs the checkers and reports whether all reached their marks.
func runAll(ctx context.Context, o options, w io.Writer) (bool, error) {
	except, err := loadExceptions(exceptionsJSON)
	if err != nil {
		return false, err
	}
	work, err := os.MkdirTemp("", "conformance-")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(work) }()
	binary, err := build(ctx, o.root, work)
	if err != nil {
		return false, err
	}
	var done []outcome
	for _, c := range checkers {
		if len(o.only) > 0 && !slices.Contains(o.only, c.name) {
			continue
		}
		fmt.Fprintf(w, "\n-- %s\n", c.name)
		r, err := runOne(ctx, c, o, except, binary)
		out := outcome{name: c.name, report: r, err: err}
		out.print(w)
		done = append(done, out)
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
	}
	return summarise(w, done, o.require), nil
}

// runOne runs one checker against a server of its own.
func runOne(ctx context.Context, c checker, o options, except *exceptions, binary string) (report, error) {
	check, err := c.prepare(ctx, o, except)
	if err != nil {
		return report{}, err
	}
	s, err := start(ctx, binary, c.flags...)
	if err != nil {
		return report{}, err
	}
	r, err := check(ctx, s)
	return r, errors.Join(err, s.stop())
}

// summarise prints the table and reports whether all reached their marks.
func summarise(w io.Writer, done []outcome, require bool) bool {
	all := true
	fmt.Fprintf(w, "\n-- summary\n")
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "checker\tpassed\tof\texcepted\tfailed\tskipped\tverdict\n")
	for _, o := range done {
		r := o.report
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d\t%d\t%s\n", o.name,
			r.passed, r.total(), len(r.excepted), len(r.failed), len(r.skipped), o.verdict())
		all = all && (o.ok() || o.skipped() && !require)
	}
	_ = table.Flush() // nobody reads it: the exit status says the same
	return all
}

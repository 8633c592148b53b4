// Command entra provisions the people of a CSV file to any SCIM service, as Microsoft
// Entra ID does it: cycle by cycle, request by request, in simulated time.
//
//	go run ./examples/entra -generate 300 > people.csv
//	go run ./examples/server -token my-secret-token          # in another terminal
//	export USHER_URL=http://127.0.0.1:8080/scim/v2/ USHER_TOKEN=my-secret-token
//	go run ./examples/entra -people people.csv -groups
//	go run ./examples/entra -people people.csv -on-demand ann@example.com
//
// The summary, or the log with -log -, goes to stdout; progress and what went wrong go
// to stderr. Nothing is kept from one run to the next: each begins with an initial
// cycle, which finds again who is there already. README.md beside this file has more.
//
// The exit status is
//
//	0    everybody is provisioned
//	1    some people or groups could not be; the summary and the log say why
//	2    the flags, or the files that they name, cannot be used
//	3    the service does not answer as it has to, or the job is in quarantine
//	130  it was interrupted; the summary has what was done until then
//
// which go run prints instead of returning it; go build makes a program that returns it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"golang.org/x/term"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	os.Exit(run(ctx, os.Args[1:], stage{
		stdout: os.Stdout, stderr: os.Stderr, env: os.Getenv,
		terminal: term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb",
	}))
}

// The exit statuses beside 0, as exits explains them.
const (
	exitFailed      = 1
	exitUsage       = 2
	exitConnection  = 3
	exitInterrupted = 130 // as shells have it for SIGINT
)

// exits is what -h says of them.
const exits = `
exit status:
  0    everybody is provisioned
  1    some people or groups could not be; the summary and the log say why
  2    the flags, or the files that they name, cannot be used
  3    the service does not answer as it has to, or the job is in quarantine
  130  it was interrupted; the summary has what was done until then
`

// stage is what the command meets of its process.
type stage struct {
	stdout, stderr io.Writer
	env            func(name string) string // "" for a variable that is not set
	terminal       bool                     // stderr can show a bar
}

// noColour is the variable by which people ask for no colours (https://no-color.org).
const noColour = "NO_COLOR" //nolint:misspell // its name

// colour reports whether the terminal is to have colours.
func (s stage) colour() bool { return s.terminal && s.env(noColour) == "" }

// results is where the summary goes: stdout, unless the log has that.
func (s stage) results(o options) io.Writer {
	if o.log == "-" {
		return s.stderr
	}
	return s.stdout
}

// complain tells stderr what is wrong.
func (s stage) complain(err error) {
	fmt.Fprintf(s.stderr, "entra: %s\n", strings.TrimPrefix(err.Error(), "entra: ")) // which the package says too
}

// run is main without the process: it returns the exit status.
func run(ctx context.Context, args []string, s stage) int {
	o, err := parse(args, s)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		s.complain(err)
		fmt.Fprintln(s.stderr, "Run it with -h for its flags.")
		return exitUsage
	}
	if err := modes[o.mode()].run(ctx, o, s); err != nil {
		return fail(err, s)
	}
	return 0
}

// fail says what went wrong, unless that was said already, and returns the exit status.
func fail(err error, s stage) int {
	var known *ending
	if errors.As(err, &known) {
		if known.err != nil {
			s.complain(known.err)
		}
		return known.status
	}
	s.complain(err)
	return exitFailed
}

// ending is an error that has an exit status of its own.
type ending struct {
	status int
	err    error // nil: everything was said
}

func (e *ending) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *ending) Unwrap() error { return e.err }

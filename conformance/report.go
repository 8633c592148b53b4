package main

import (
	"errors"
	"fmt"
	"io"
)

// report is what a checker found. Each line says one thing.
type report struct {
	passed   int
	excepted []string // failed, and the checker is wrong
	failed   []string
	stale    []string // exceptions that nothing needs any more
	skipped  []string // what the checker left out by itself
}

func (r *report) fail(format string, args ...any) {
	r.failed = append(r.failed, fmt.Sprintf(format, args...))
}

// total counts what was checked.
func (r *report) total() int { return r.passed + len(r.excepted) + len(r.failed) }

// outcome is how it went with a checker. Its report may be a part when err is set.
type outcome struct {
	name   string
	report report
	err    error
}

// skipped reports whether this machine could not run the checker.
func (o *outcome) skipped() bool {
	var s skip
	return errors.As(o.err, &s)
}

// ok reports whether the checker ran and reached its mark.
func (o *outcome) ok() bool {
	return o.err == nil && o.report.passed > 0 && len(o.report.failed) == 0 && len(o.report.stale) == 0
}

func (o *outcome) verdict() string {
	switch {
	case o.skipped():
		return "SKIPPED: " + o.err.Error()
	case o.err != nil:
		return "FAILED: it did not run to its end"
	case len(o.report.stale) > 0:
		return fmt.Sprintf("FAILED: %d exceptions are stale", len(o.report.stale))
	case !o.ok():
		return "FAILED"
	}
	return "ok"
}

// print writes everything that is not simply passed, and the score.
func (o *outcome) print(w io.Writer) {
	if o.skipped() {
		fmt.Fprintln(w, o.verdict())
		return
	}
	for _, lines := range []struct {
		kind string
		list []string
	}{
		{"skipped", o.report.skipped},
		{"excepted", o.report.excepted},
		{"STALE exception", o.report.stale},
		{"FAILED", o.report.failed},
	} {
		for _, line := range lines.list {
			fmt.Fprintf(w, "%s: %s\n", lines.kind, line)
		}
	}
	if o.err != nil {
		fmt.Fprintf(w, "FAILED: it did not run to its end: %v\n", o.err)
	}
	fmt.Fprintf(w, "%s: %d of %d passed, %d excepted, %d failed, %d skipped: %s\n", o.name,
		o.report.passed, o.report.total(), len(o.report.excepted), len(o.report.failed), len(o.report.skipped), o.verdict())
}

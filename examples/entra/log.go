package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"

	"github.com/usher-scim/scim/idp/entra"
)

// logWriter writes the provisioning log as JSON lines. It keeps the first error, and
// writes nothing after it. The zero value writes nothing.
type logWriter struct {
	file *os.File // nil: nothing to close
	out  *bufio.Writer
	enc  *json.Encoder
	next int // the entry of the job's log to begin with
	err  error
}

// openLog opens a file, anew; "" is none, and - is stdout. The log has people in it, so
// that others on the machine may not read it.
func openLog(name string, stdout io.Writer) (*logWriter, error) {
	l := &logWriter{}
	to := stdout
	switch name {
	case "":
		return l, nil
	case "-":
	default:
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return nil, err
		}
		l.file, to = f, f
	}
	l.out = bufio.NewWriter(to)
	l.enc = json.NewEncoder(l.out)
	l.enc.SetEscapeHTML(false)
	return l, nil
}

// take writes what a job has logged since the last time, and returns it.
func (l *logWriter) take(job *entra.Job) []entra.Entry {
	entries, next := job.LogSince(l.next)
	l.next = next
	for _, e := range entries {
		if l.enc != nil && l.err == nil {
			l.err = l.enc.Encode(e)
		}
	}
	if l.out != nil && l.err == nil {
		l.err = l.out.Flush()
	}
	return entries
}

// close returns the first error.
func (l *logWriter) close() error {
	if l.file != nil {
		if err := l.file.Close(); l.err == nil {
			l.err = err
		}
	}
	return l.err
}

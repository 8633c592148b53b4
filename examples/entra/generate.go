package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/usher-scim/scim/idp/company"
)

// generate writes made-up people: to stdout, or a file for each of some days.
func generate(ctx context.Context, o options, s stage) error {
	c := company.New(o.seed, o.generate)
	if o.days == 0 {
		return written(c.WriteCSV(s.stdout))
	}
	width := max(2, len(fmt.Sprint(o.days)))
	for day := range o.days + 1 {
		if ctx.Err() != nil {
			return &ending{status: exitInterrupted}
		}
		events := 0
		if day > 0 {
			events = len(c.Day())
		}
		name := filepath.Join(o.dir, fmt.Sprintf("people-%0*d.csv", width, day))
		if err := writeFile(name, c.WriteCSV); err != nil {
			return written(err)
		}
		fmt.Fprintf(s.stderr, "%s: %s, %d people, %d changes\n", name, c.Today().Format("Monday 2 January 2006"), c.Len(), events)
	}
	return nil
}

// written is the error of what could not be written.
func written(err error) error {
	if err == nil {
		return nil
	}
	return &ending{exitUsage, err}
}

// writeFile makes a file, or replaces what is in it. It has people in it, so that
// others on the machine may not read it.
func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	return errors.Join(write(b), b.Flush(), f.Close())
}

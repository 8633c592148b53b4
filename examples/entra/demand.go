package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/usher-scim/scim/idp/entra"
)

// provisionOne provisions one user on demand, and prints the steps.
func provisionOne(ctx context.Context, o options, s stage) error {
	p, err := newProvisioner(o, s)
	if err != nil {
		return &ending{exitUsage, err}
	}
	id, err := p.people.find(o.onDemand)
	if err != nil {
		return errors.Join(&ending{exitUsage, err}, p.log.close())
	}
	entries, err := p.job.ProvisionOnDemand(ctx, id)
	p.drain()
	out, failed := s.results(o), false
	for _, e := range entries {
		printEntry(out, e)
		failed = failed || e.Status == entra.Failure
	}
	switch logged := p.log.close(); {
	case ctx.Err() != nil:
		return &ending{exitInterrupted, errors.New("interrupted")}
	case err != nil:
		return &ending{exitConnection, err}
	case logged != nil:
		return fmt.Errorf("-log: %w", logged)
	case failed:
		return &ending{exitFailed, nil}
	}
	return nil
}

// printEntry prints the steps of one entry of the log, and what was written.
func printEntry(w io.Writer, e entra.Entry) {
	fmt.Fprintf(w, "%s %s: %s", e.Action, e.Source.Name, e.Status)
	if e.ErrorCode != "" {
		fmt.Fprintf(w, ", %s", e.ErrorCode)
	}
	if e.Target.ID != "" {
		fmt.Fprintf(w, " (id %s)", e.Target.ID)
	}
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i, step := range e.Steps {
		fmt.Fprintf(t, "  %d. %s\t%s", i+1, step.Name, step.Status)
		if step.Detail != "" {
			fmt.Fprintf(t, "\t%s", step.Detail)
		}
		fmt.Fprintln(t)
	}
	for _, m := range e.Modified {
		fmt.Fprintf(t, "     %s\t%s\t%s\n", m.Name, "→", changed(m))
	}
	_ = t.Flush()
}

func changed(m entra.Modified) string {
	if m.Old == "" {
		return m.New
	}
	return fmt.Sprintf("%s (was %s)", m.New, m.Old)
}

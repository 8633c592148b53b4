package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/usher-scim/scim/idp/entra"
)

// refusal is how a request or an object came to nothing.
type refusal struct {
	status int // 0: there was no answer, or no request
	code   entra.ErrorCode
}

// refusals counts them.
type refusals map[refusal]int

// take counts what an entry of the log says went wrong.
func (r refusals) take(e entra.Entry) {
	if e.Status == entra.Failure {
		r[refusal{e.HTTPStatus, e.ErrorCode}]++
	}
}

// summarise prints what was done.
func summarise(w io.Writer, r entra.Report, refused refusals) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "\tusers\tgroups\t\n")
	for _, row := range []struct {
		what string
		of   func(entra.Counts) int
	}{
		{"created", func(c entra.Counts) int { return c.Created }},
		{"updated", func(c entra.Counts) int { return c.Updated }},
		{"disabled", func(c entra.Counts) int { return c.Disabled }},
		{"restored", func(c entra.Counts) int { return c.Restored }},
		{"deleted", func(c entra.Counts) int { return c.Deleted }},
		{"skipped", func(c entra.Counts) int { return c.Skipped }},
		{"staged", func(c entra.Counts) int { return c.Staged }},
		{"failed", func(c entra.Counts) int { return c.Failed }},
	} {
		users, groups := row.of(r.Users), row.of(r.Groups)
		if row.what != "staged" || users+groups > 0 {
			fmt.Fprintf(t, "%s\t%d\t%d\t\n", row.what, users, groups)
		}
	}
	_ = t.Flush()
	fmt.Fprintln(w)
	t = tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "memberships\t%s\n", referred(r.Members))
	fmt.Fprintf(t, "managers\t%s\n", referred(r.Managers))
	for i, k := range slices.SortedFunc(maps.Keys(refused), func(a, b refusal) int {
		return cmp.Or(cmp.Compare(refused[b], refused[a]), cmp.Compare(a.status, b.status), cmp.Compare(a.code, b.code))
	}) {
		what := ""
		if i == 0 {
			what = "refused"
		}
		fmt.Fprintf(t, "%s\t%d × %s\n", what, refused[k], k)
	}
	if len(refused) == 0 {
		fmt.Fprintf(t, "refused\tnothing\n")
	}
	fmt.Fprintf(t, "cycles\t%d in %d simulated minutes\n", r.Cycles, int(r.Simulated.Minutes()))
	fmt.Fprintf(t, "requests\t%d in %.2f s, %.0f a second\n", r.Sent(), r.Took.Seconds(), perSecond(r.Sent(), r.Took))
	_ = t.Flush()
}

func perSecond(n int, took time.Duration) float64 {
	if took <= 0 {
		return 0
	}
	return float64(n) / took.Seconds()
}

func (r refusal) String() string {
	if r.status == 0 {
		return "no answer, " + string(r.code)
	}
	return fmt.Sprintf("%d %s", r.status, r.code)
}

func referred(r entra.References) string {
	text := fmt.Sprintf("%d added, %d removed", r.Added, r.Removed)
	if r.Skipped > 0 {
		text += fmt.Sprintf(", %d to who is not in scope", r.Skipped)
	}
	if r.Failed > 0 {
		text += fmt.Sprintf(", %d failed", r.Failed)
	}
	return text
}

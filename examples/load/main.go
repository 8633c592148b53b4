// Command load fills a memstore with many users and a large group, through the
// handler, as an identity provider would, and prints what requests take there:
//
//	go run ./examples/load
//	go run ./examples/load -users 200000 -group 20000 -tenants 4
//	go run ./examples/load -quick
//
// Requests are served in process, one after the other; no network is between.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"text/tabwriter"
	"time"
)

// options says what to load.
type options struct {
	users   int // of all tenants together
	group   int // members of the group, which is the first tenant's
	tenants int
	calls   int // of a request that takes microseconds; slower ones are made less often
	seed    uint64
}

// quick is small enough for a test.
var quick = options{users: 2000, group: 500, tenants: 1, calls: 100, seed: 1}

func main() {
	log.SetFlags(0)
	var o options
	flag.IntVar(&o.users, "users", 1_000_000, "users, of all tenants together")
	flag.IntVar(&o.group, "group", 100_000, "members of the group")
	flag.IntVar(&o.tenants, "tenants", 1, "tenants that the users are spread over; the first is measured")
	flag.IntVar(&o.calls, "calls", 2000, "how often a request is made that takes microseconds; slower ones less often")
	flag.Uint64Var(&o.seed, "seed", 1, "who is who, and who is asked for")
	small := flag.Bool("quick", false, "2,000 users, a group of 500, 100 calls")
	flag.Parse()
	if *small {
		o = quick
	}
	if _, err := run(os.Stdout, o); err != nil {
		log.Fatal(err)
	}
}

// run loads and measures, and prints what it found, row by row.
func run(w io.Writer, o options) ([]row, error) {
	if o.tenants < 1 || o.group < 1 || o.calls < 1 || o.users/o.tenants < o.group+batch {
		return nil, fmt.Errorf("%d users of %d tenants, a group of %d, %d calls: a tenant needs %d users at least, and a request a call", o.users, o.tenants, o.group, o.calls, o.group+batch)
	}
	fmt.Fprintf(w, "%s, %s/%s, %d processors; one request after the other, in process\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0))
	l, err := newLoad(o)
	if err != nil {
		return nil, err
	}
	before := heap()
	start := time.Now()
	if err := l.fill(); err != nil {
		return nil, err
	}
	took := time.Since(start)
	each := float64(heap()-before) / float64(o.users)
	fmt.Fprintf(w, "load       %d users by POST /Users to the handler, one at a time: %.1f s, %.0f users/s\n", o.users, took.Seconds(), float64(o.users)/took.Seconds())
	fmt.Fprintf(w, "memory     %.0f bytes a user on the heap, with all indexes and the record; %s resident\n", each, resident())
	l.measureAll()
	if l.err != nil {
		return nil, l.err
	}
	fmt.Fprintf(w, "           %.0f bytes a user more for each order that is kept\n\n", l.order)
	print(w, l.rows)
	return l.rows, nil
}

// print writes rows as a table that is Markdown too.
func print(w io.Writer, rows []row) {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(t, "| request\t| calls\t| median\t| p99\t|")
	fmt.Fprintln(t, "|---\t|---\t|---\t|---\t|")
	for _, r := range rows {
		fmt.Fprintf(t, "| %s\t| %d\t| %s\t| %s\t|\n", r.what, r.calls, short(r.median), short(r.p99))
	}
	_ = t.Flush()
	fmt.Fprintln(w, "\np99: 99 of 100 calls take no longer; of fewer than 100 calls, the longest.")
}

// short writes a time in three digits.
func short(d time.Duration) string {
	for _, unit := range []struct {
		d    time.Duration
		name string
	}{{time.Second, "s"}, {time.Millisecond, "ms"}, {time.Microsecond, "µs"}} {
		if d >= unit.d || unit.d == time.Microsecond {
			n := float64(d) / float64(unit.d)
			digits := 0
			switch {
			case n < 10:
				digits = 2
			case n < 100:
				digits = 1
			}
			return fmt.Sprintf("%.*f %s", digits, n, unit.name)
		}
	}
	return ""
}

// heap returns the bytes that are reachable.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

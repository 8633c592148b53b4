package sqlstore_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// What BenchmarkSizes and BenchmarkPostgres measured, from which the capacity in
// docs/scaling.md is computed.
const (
	bytesPerUser       = 5480
	bytesPerMembership = 468
	bytesPerEvent      = 435
	hotBytesPerUser    = 474 // the indexes by which people are looked up
	millisPerRequest   = 1.2 // of two cores, handler and database, a write to PostgreSQL
)

// What the table supposes of a directory.
const (
	membershipsPerUser = 5
	changesPerYear     = 10   // of a user, each with an event that is kept for a year
	requestsPerChange  = 3    // it is looked up, read and written
	peak               = 10.0 // how much more there is to do in the busiest hour
	slackOnDisk        = 1.3  // what updates leave until it is vacuumed
)

// capacity is a row of the table.
func capacity(users, tenants float64) string {
	disk := users * (bytesPerUser + membershipsPerUser*bytesPerMembership + changesPerYear*bytesPerEvent) * slackOnDisk
	requests := users * changesPerYear * requestsPerChange / (365 * 24 * 3600)
	cores := requests * peak * millisPerRequest * 2 / 1000
	load := time.Duration(users * millisPerRequest * float64(time.Millisecond))
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s |\n", count(users), count(tenants), size(disk), size(users*hotBytesPerUser),
		count(requests)+" / "+count(requests*peak), count(max(cores, 0.1)), duration(load))
}

func count(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%.0f million", n/1e6)
	case n >= 1000:
		return fmt.Sprintf("%.0f,%03d", n/1000, int(n)%1000)
	case n >= 10:
		return fmt.Sprintf("%.0f", n)
	case n < 0.1:
		return "under 0.1"
	}
	return fmt.Sprintf("%.1f", n)
}

func size(n float64) string {
	for _, unit := range []string{"KB", "MB", "GB"} {
		if n /= 1000; n < 1000 {
			return strings.TrimSuffix(fmt.Sprintf("%.1f", n), ".0") + " " + unit
		}
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", n/1000), ".0") + " TB"
}

func duration(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f h", d.Hours())
}

// TestCapacityIsComputed: the table in docs/scaling.md follows from what was measured.
func TestCapacityIsComputed(t *testing.T) {
	want := "| users | tenants | disk | indexes of people | requests/s, on average / at peak | cores at peak | all of them created |\n|---|---|---|---|---|---|---|\n"
	for _, row := range [][2]float64{{1e4, 10}, {1e5, 100}, {1e6, 500}, {1e7, 2000}, {1e8, 10_000}} {
		want += capacity(row[0], row[1])
	}
	doc, err := os.ReadFile("../docs/scaling.md")
	require.NoError(t, err)
	_, rest, ok := strings.Cut(string(doc), "<!-- capacity -->\n")
	require.True(t, ok)
	table, _, ok := strings.Cut(rest, "<!-- end of capacity -->")
	require.True(t, ok)
	require.Empty(t, cmp.Diff(want, table))
}

package main

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// TestEverythingIsMeasured runs the command small. It checks each answer itself.
func TestEverythingIsMeasured(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]options{
		"one tenant":  quick,
		"two tenants": {users: 2800, group: 400, tenants: 2, calls: 50, seed: 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			rows, err := run(&out, o)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range rows {
				got = append(got, r.what)
				if r.calls < 1 || r.median <= 0 || r.p99 < r.median {
					t.Errorf("%+v", r)
				}
			}
			group := "500"
			if o != quick {
				group = "400"
			}
			want := []string{
				"look up by userName", "look up by externalId", "read a user by id",
				"first page of 100", "last page of 100, by startIndex", "page of 100 in the middle, by cursor",
				"first page sorted by userName, the first time", "any page sorted by userName, later",
				"any page sorted by department, the first time", "any page sorted by department, later",
				"filter that looks at everybody, 1 found", "PATCH of one attribute of a user",
				"one member more in a group of " + group, "one member less in a group of " + group,
				"1000 members more in a group of " + group,
				"read a group of " + group + ", without its members", "read a group of " + group + ", with all of them",
			}
			if strings.Join(got, "\n") != strings.Join(want, "\n") {
				t.Errorf("rows: got %q, want %q", got, want)
			}
			for _, text := range append(want, "users/s", "bytes a user", "resident", "order that is kept") {
				if !strings.Contains(out.String(), text) {
					t.Errorf("%q is not in the output:\n%s", text, &out)
				}
			}
		})
	}
}

func TestAGroupLargerThanTheTenantIsRefused(t *testing.T) {
	t.Parallel()
	for _, o := range []options{
		{},
		{users: 2000, group: 500, calls: 1},
		{users: 2000, group: 1001, tenants: 1, calls: 1},
		{users: 2000, group: 500, tenants: 2, calls: 1},
		{users: 2000, tenants: 1, calls: 1},
		{users: 2000, group: 500, tenants: 1},
	} {
		if _, err := run(&bytes.Buffer{}, o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

func TestShort(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "0.00 µs", 40 * time.Nanosecond: "0.04 µs", 5370: "5.37 µs", 40_240: "40.2 µs", 612_400: "612 µs",
		1_300_000: "1.30 ms", 25_000_000: "25.0 ms", 1_250_000_000: "1.25 s",
	} {
		if got := short(d); got != want {
			t.Errorf("%d: got %s, want %s", d, got, want)
		}
	}
}

package sqlstore_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/sqlstore"
	"github.com/usher-scim/scim/sqlstore/pgtest"
)

// The benchmarks measure a request in to an answer out, through the handler and on to
// a database that keeps what it acknowledges: PostgreSQL with its own settings,
// SQLite with WAL and synchronous=NORMAL. In a tenant of 100,000 users one request is
// sent after the other, and then by eight clients at once.
//
//	go test -C sqlstore -run '^$' -bench . -benchtime 3s

func BenchmarkPostgres(b *testing.B) {
	durable, err := pgtest.Start(context.Background())
	require.NoError(b, err)
	defer durable.Stop()
	address, err := durable.Schema(context.Background())
	require.NoError(b, err)
	on := backends[0]
	on.address = func(testing.TB) string { return address }
	measure(b, on)
}

func BenchmarkSQLite(b *testing.B) { measure(b, backends[1]) }

// members is how many members the group has to whom one is added.
func members() int {
	if testing.Short() {
		return 1000
	}
	return 100_000
}

func measure(b *testing.B, on backend) {
	s := on.open(b, on.address(b), sqlstore.Options{})
	database(s).SetMaxIdleConns(8)
	h := handlerOn(b, s)
	made(b, h, "/Users", profile(1))
	n := members()
	fill(b, s, string(acme), n)
	execute(b, s, "UPDATE usher_groups SET members = (SELECT count(*) FROM usher_members m WHERE m.tenant = usher_groups.tenant AND m.group_id = usher_groups.id)")
	analyze(b, s)

	var created atomic.Int64
	user := func(i int64) string { // who is in the group: 1 of 50 is archived
		i = i * 7919 % int64(n)
		return fmt.Sprint("acme-u", i/50*50+i%49+1)
	}
	for _, c := range []struct {
		name string
		want int
		send func(i int64) (method, path, body string)
	}{
		{"look-up", 200, func(i int64) (string, string, string) {
			return "GET", filtered("/Users", `userName eq "`+user(i)+`@x.co"`), ""
		}},
		{"read", 200, func(i int64) (string, string, string) { return "GET", "/Users/" + user(i), "" }},
		{"create", 201, func(int64) (string, string, string) {
			return "POST", "/Users", profile(int(1e6 + created.Add(1)))
		}},
		{"patch", 200, func(i int64) (string, string, string) {
			return "PATCH", "/Users/" + user(i), operations(fmt.Sprintf(`{"op":"replace","path":"title","value":"Number %d"}`, created.Add(1)))
		}},
		{fmt.Sprintf("member-of-%d", n), 204, func(i int64) (string, string, string) {
			if who := user(i / 2); i%2 == 1 {
				return "PATCH", "/Groups/acme-g1", adding(who)
			}
			return "PATCH", "/Groups/acme-g1", removing(user(i / 2))
		}},
		{"page-of-100", 200, func(int64) (string, string, string) { return "GET", "/Users?count=100", "" }},
	} {
		ask := func(b *testing.B, i int64) {
			method, path, body := c.send(i)
			if w := ask(h, method, path, body); w.Code != c.want {
				b.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
			}
		}
		b.Run(c.name+"/one", func(b *testing.B) {
			for i := int64(0); b.Loop(); i++ {
				ask(b, i)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "requests/s")
		})
		b.Run(c.name+"/eight", func(b *testing.B) {
			var client, sent atomic.Int64
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for i := client.Add(1) * 1e9; pb.Next(); i++ {
					ask(b, i)
					sent.Add(1)
				}
			})
			b.ReportMetric(float64(sent.Load())/b.Elapsed().Seconds(), "requests/s")
		})
	}
	require.Equal(b, http.StatusOK, ask(h, "GET", "/Groups/acme-g1?excludedAttributes=members", "").Code)
}

// BenchmarkSizes measures what a user with a full profile takes on the disk, and what
// a membership and an event do, indexes included.
func BenchmarkSizes(b *testing.B) {
	people := 5000
	if testing.Short() {
		people = 200
	}
	bytesOf := map[string]string{
		"postgres": "SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND c.relname = ",
		"sqlite":   "SELECT coalesce(sum(s.pgsize), 0) FROM dbstat s JOIN sqlite_master m ON m.name = s.name WHERE m.tbl_name = ",
	}
	for _, on := range backends {
		b.Run(on.name, func(b *testing.B) {
			s := on.open(b, on.address(b), sqlstore.Options{})
			h := handlerOn(b, s)
			groups := []string{made(b, h, "/Groups", `{"displayName":"Staff"}`), made(b, h, "/Groups", `{"displayName":"London"}`)}
			for i := range people {
				id := made(b, h, "/Users", profile(i))
				for _, g := range groups {
					require.Equal(b, 204, ask(h, "PATCH", "/Groups/"+g, adding(id)).Code)
				}
				require.Equal(b, 200, ask(h, "PATCH", "/Users/"+id, operations(`{"op":"replace","path":"title","value":"Principal"}`)).Code)
			}
			execute(b, s, "VACUUM") // what the updates left
			size := func(tables ...string) (n float64) {
				for _, table := range tables {
					n += float64(number(b, s, bytesOf[on.name]+"'usher_"+table+"'"))
				}
				return n
			}
			b.ReportMetric(size("users", "addresses", "folders")/float64(people), "bytes/user")
			if on.name == "postgres" {
				b.ReportMetric(float64(number(b, s, "SELECT pg_indexes_size('usher_users') + pg_indexes_size('usher_addresses')"))/float64(people), "index-bytes/user")
			}
			b.ReportMetric(size("members")/float64(2*people), "bytes/membership")
			b.ReportMetric(size("events")/float64(4*people), "bytes/event")
			b.ReportMetric(0, "ns/op") // it is the size that counts
		})
	}
}

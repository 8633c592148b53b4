package scim_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// The benchmarks measure a request in to an answer out, in process. Each stands
// beside the floor, and where it can do the same, beside elimity's library, in
// one run: go test -run '^$' -bench . -cpu 1 .
//
// The floor runs in the same process after ours, with our directory still in
// memory, so that the garbage collector has the same to do for both.

const benchToken = "usher_benchmark_token_of_no_account"

// userBody is a full profile of the product's table.
func userBody(i int) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],`+
		`"externalId":"6f1c3a52-0000-4000-8000-%012d","userName":"person.%d@example.com","active":true,`+
		`"displayName":"Person Number %d","name":{"formatted":"Person Number %d","givenName":"Person","familyName":"Number %d"},`+
		`"title":"Senior Engineer","preferredLanguage":"en-GB","timezone":"Europe/London",`+
		`"emails":[{"primary":true,"type":"work","value":"person.%d@example.com"}],`+
		`"phoneNumbers":[{"type":"mobile","value":"+44 7700 %06d"}],`+
		`"addresses":[{"type":"work","country":"GB","region":"Greater London","locality":"London","postalCode":"EC1A 1BB"}],`+
		`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"%d","costCenter":"CC-%d","organization":"Example Group","division":"Division %d","department":"Department %d","hireDate":"2021-03-04"},`+
		`"urn:ietf:params:scim:schemas:extension:cybsafe:2.0:User":{"office":"Head Office","city":"London","businessUnit":"Unit %d","grade":"G7"}}`,
		i, i, i, i, i, i, i%1000000, i, i%40, i%12, i%60, i%25)
}

// bench is a server under load with users and groups in it.
type bench struct {
	h      http.Handler
	prefix string
	token  string
	dir    *scim.Directory
	tenant scim.Tenant
}

func (b *bench) do(tb testing.TB, method, path, body string, want int) *recorder {
	tb.Helper()
	r := b.request(method, path, body)
	w := &recorder{header: make(http.Header), body: &bytes.Buffer{}}
	b.h.ServeHTTP(w, r)
	if w.status != want {
		tb.Fatalf("%s %s: %d, want %d: %s", method, path, w.status, want, w.body)
	}
	return w
}

func (b *bench) request(method, path, body string) *http.Request {
	u, err := url.Parse("https://app.example.com" + b.prefix + path)
	if err != nil {
		panic(err)
	}
	r := &http.Request{
		Method: method, URL: u, Host: "app.example.com", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Authorization": {"Bearer " + b.token}}, Body: http.NoBody,
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/scim+json")
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
	return r
}

// newBench is our own server with n users.
func newBench(tb testing.TB, n int) *bench {
	tb.Helper()
	return sizes(tb, n)[n]
}

// tenantBench is a handler for one tenant of a directory, with n users.
func tenantBench(tb testing.TB, dir *scim.Directory, t scim.Tenant, n int) *bench {
	tb.Helper()
	tokens := &scim.Tokens{}
	_, err := tokens.Add(scim.Connection{ID: "entra-" + string(t), Tenant: t}, benchToken, time.Time{})
	require.NoError(tb, err)
	h, err := scim.NewHandler(dir, scim.HandlerConfig{BaseURL: "https://app.example.com/scim/v2", Verifier: tokens})
	require.NoError(tb, err)
	b := &bench{h: h, prefix: "/scim/v2", token: benchToken, dir: dir, tenant: t}
	for i := range n {
		b.do(tb, "POST", "/Users", userBody(i), 201)
	}
	return b
}

func newElimityBench(tb testing.TB, n int) *bench {
	tb.Helper()
	b := &bench{h: newElimity(), prefix: "/v2"}
	for i := range n {
		b.do(tb, "POST", "/Users", userBody(i), 201)
	}
	return b
}

func newFloor(page any, into func() any) *bench {
	return &bench{h: &floor{token: sha256.Sum256([]byte(benchToken)), page: page, into: into}, token: benchToken}
}

func floorOf(i int) *floorUser {
	u := &floorUser{}
	if err := json.Unmarshal([]byte(userBody(i)), u); err != nil {
		panic(err)
	}
	u.ID = "5f0c1d7e-0000-4000-8000-000000000000"
	u.Meta.ResourceType, u.Meta.Created, u.Meta.LastModified = "User", "2026-01-31T08:30:00.000Z", "2026-01-31T08:30:00.000Z"
	u.Meta.Location, u.Meta.Version = "https://app.example.com/scim/v2/Users/"+u.ID, `W/"1"`
	return u
}

type floorList struct {
	Schemas      []string     `json:"schemas"`
	TotalResults int          `json:"totalResults"`
	StartIndex   int          `json:"startIndex"`
	ItemsPerPage int          `json:"itemsPerPage"`
	Resources    []*floorUser `json:"Resources"`
}

func floorPage(n int) *floorList {
	l := &floorList{Schemas: []string{"urn:ietf:params:scim:api:messages:2.0:ListResponse"}, TotalResults: n, StartIndex: 1, ItemsPerPage: n}
	for i := range n {
		l.Resources = append(l.Resources, floorOf(i))
	}
	return l
}

// run measures requests that make makes; the i-th is asked for i.
func (b *bench) run(tb *testing.B, want int, make func(i int) (method, path, body string)) {
	tb.Helper()
	tb.ReportAllocs()
	i := 0
	for tb.Loop() {
		method, path, body := make(i)
		r := b.request(method, path, body)
		w := &recorder{header: http.Header{}}
		b.h.ServeHTTP(w, r)
		if w.status != want {
			tb.Fatalf("%s %s: %d, want %d", method, path, w.status, want)
		}
		i++
	}
}

func BenchmarkCreate(b *testing.B) {
	n := 0 // a benchmark may run several times, and no name comes twice
	create := func(int) (string, string, string) { n++; return "POST", "/Users", userBody(n) }
	s := newBench(b, 0)
	b.Run("usher", func(b *testing.B) { s.run(b, 201, create) })
	b.Run("floor", func(b *testing.B) {
		newFloor(floorOf(1), func() any { return &floorUser{} }).run(b, 200, create)
	})
	b.Run("elimity", func(b *testing.B) { newElimityBench(b, 0).run(b, 201, create) })
	runtime.KeepAlive(s)
}

// id returns the id in an answer.
func (r *recorder) id() string {
	var answer struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(r.body.Bytes(), &answer)
	return answer.ID
}

func BenchmarkGet(b *testing.B) {
	get := func(id string) func(int) (string, string, string) {
		return func(int) (string, string, string) { return "GET", "/Users/" + id, "" }
	}
	s := newBench(b, 100)
	id := s.do(b, "POST", "/Users", userBody(1000), 201).id()
	b.Run("usher", func(b *testing.B) { s.run(b, 200, get(id)) })
	b.Run("floor", func(b *testing.B) { newFloor(floorOf(1), nil).run(b, 200, get("1")) })
	b.Run("elimity", func(b *testing.B) {
		s := newElimityBench(b, 100)
		s.run(b, 200, get(s.do(b, "POST", "/Users", userBody(1000), 201).id()))
	})
	runtime.KeepAlive(s)
}

// sizes are tenants of one store, so that what is compared is the size of a
// tenant, not what the garbage collector has to do in a larger process.
func sizes(tb testing.TB, n ...int) map[int]*bench {
	tb.Helper()
	dir, err := scim.New(scim.Config{Store: memstore.New(), Logger: slog.New(slog.DiscardHandler)})
	require.NoError(tb, err)
	out := make(map[int]*bench)
	for _, n := range n {
		out[n] = tenantBench(tb, dir, scim.Tenant(strconv.Itoa(n)), n)
	}
	return out
}

func BenchmarkLookUp(b *testing.B) {
	lookUp := func(n int) func(int) (string, string, string) {
		return func(i int) (string, string, string) {
			// The same number of users at each size, spread over the directory: what
			// is compared is the look-up, not how much of it the processor caches.
			return "GET", "/Users?filter=userName+eq+%22Person." + strconv.Itoa((i%200)*(n/200)) + "%40Example.com%22", ""
		}
	}
	at := []int{200, 20_000}
	if !testing.Short() {
		at = append(at, 1_000_000) // takes a while to make
	}
	servers := sizes(b, at...)
	b.Run("floor", func(b *testing.B) { newFloor(floorPage(1), nil).run(b, 200, lookUp(200)) })
	for _, n := range at {
		b.Run("usher-"+strconv.Itoa(n), func(b *testing.B) { servers[n].run(b, 200, lookUp(n)) })
	}
	b.Run("elimity-2000", func(b *testing.B) { newElimityBench(b, 2000).run(b, 200, lookUp(2000)) })
}

func patchBody(i int) string {
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`+
		`{"op":"Replace","path":"displayName","value":"Person %d"},`+
		`{"op":"Replace","path":"name.familyName","value":"Number %d"},`+
		`{"op":"Add","path":"title","value":"Engineer %d"}]}`, i, i, i)
}

type floorPatch struct {
	Schemas    []string `json:"schemas"`
	Operations []struct {
		Op    string `json:"op"`
		Path  string `json:"path"`
		Value any    `json:"value"`
	} `json:"Operations"`
}

func BenchmarkPatchUser(b *testing.B) {
	patch := func(id string) func(int) (string, string, string) {
		return func(i int) (string, string, string) { return "PATCH", "/Users/" + id, patchBody(i) }
	}
	s := newBench(b, 100)
	id := s.do(b, "POST", "/Users", userBody(1000), 201).id()
	b.Run("usher", func(b *testing.B) { s.run(b, 200, patch(id)) })
	b.Run("floor", func(b *testing.B) {
		newFloor(floorOf(1), func() any { return &floorPatch{} }).run(b, 200, patch("1"))
	})
	b.Run("elimity", func(b *testing.B) {
		s := newElimityBench(b, 100)
		s.run(b, 200, patch(s.do(b, "POST", "/Users", userBody(1000), 201).id()))
	})
	runtime.KeepAlive(s)
}

// withGroup makes a group of the first n users of a directory.
func withGroup(tb testing.TB, s *bench, ids []string) string {
	tb.Helper()
	var body strings.Builder
	body.WriteString(`{"displayName":"Everyone","members":[`)
	for i, id := range ids {
		if i > 0 {
			body.WriteByte(',')
		}
		body.WriteString(`{"value":"` + id + `"}`)
	}
	body.WriteString(`]}`)
	return s.do(tb, "POST", "/Groups?excludedAttributes=members", body.String(), 201).id()
}

func allIDs(tb testing.TB, d *scim.Directory, t scim.Tenant) []string {
	tb.Helper()
	var ids []string
	q := scim.Query{Limit: 1000}
	for {
		p, err := d.Users(context.Background(), t, q)
		require.NoError(tb, err)
		for _, u := range p.Items {
			ids = append(ids, u.ID)
		}
		if q.After = p.Next; q.After == "" {
			return ids
		}
	}
}

// BenchmarkMember adds and removes one member in turn.
func BenchmarkMember(b *testing.B) {
	member := func(group, user string) func(int) (string, string, string) {
		return func(i int) (string, string, string) {
			op := `{"op":"add","path":"members","value":[{"value":"` + user + `"}]}`
			if i%2 == 1 {
				op = `{"op":"remove","path":"members[value eq \"` + user + `\"]"}`
			}
			return "PATCH", "/Groups/" + group, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[` + op + `]}`
		}
	}
	at := []int{200, 20_000, 100_000}
	servers := sizes(b, at...)
	b.Run("floor", func(b *testing.B) {
		newFloor(nil, func() any { return &floorPatch{} }).run(b, 204, member("1", "5f0c1d7e-0000-4000-8000-000000000000"))
	})
	for _, n := range at {
		s := servers[n]
		group := withGroup(b, s, allIDs(b, s.dir, s.tenant))
		user := s.do(b, "POST", "/Users", userBody(n+1), 201).id()
		b.Run("usher-"+strconv.Itoa(n), func(b *testing.B) { s.run(b, 204, member(group, user)) })
	}
	b.Run("elimity-10000", func(b *testing.B) {
		s := newElimityBench(b, 0)
		ids := make([]string, 10_000)
		for i := range ids {
			ids[i] = strconv.Itoa(i)
		}
		group := withGroup(b, s, ids)
		s.run(b, 200, func(i int) (string, string, string) {
			return "PATCH", "/Groups/" + group, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":[{"value":"x` + strconv.Itoa(i) + `"}]}]}`
		})
	})
}

func BenchmarkPage(b *testing.B) {
	page := func(int) (string, string, string) { return "GET", "/Users?startIndex=101&count=100", "" }
	s := newBench(b, 1000)
	b.Run("usher", func(b *testing.B) { s.run(b, 200, page) })
	b.Run("floor", func(b *testing.B) { newFloor(floorPage(100), nil).run(b, 200, page) })
	b.Run("elimity", func(b *testing.B) { newElimityBench(b, 1000).run(b, 200, page) })
	runtime.KeepAlive(s)
}

// BenchmarkMemory reports what a user costs memstore, everything included. It is
// no matter of time, so it is measured once.
func BenchmarkMemory(b *testing.B) {
	const n = 100_000
	before := heap()
	s := newBench(b, n)
	each := float64(heap()-before) / n
	for b.Loop() { // nothing to repeat
	}
	b.ReportMetric(each, "bytes/user")
	b.ReportMetric(0, "ns/op")
	runtime.KeepAlive(s)
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

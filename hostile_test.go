package scim_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// hostileBody is the size of the bodies below: the limit that a Handler has when
// its host does not set one.
const hostileBody = 8 << 20

// repeat writes a body that is nearly as large as the limit allows: head, as many
// of what item makes as there is room for, and tail. There are no more values in
// it than a body of its size may have.
func repeat(head, tail string, item func(i int) string) string {
	var b strings.Builder
	b.Grow(hostileBody)
	b.WriteString(head)
	room := 16 * (values(item(0)) + 1)
	for i := 0; ; i++ {
		s := item(i)
		pad := max(room-len(s), 0)
		if b.Len()+len(s)+pad+len(tail)+1 > hostileBody {
			break
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(s)
		b.WriteString(strings.Repeat(" ", pad))
	}
	b.WriteString(tail)
	return b.String()
}

// values counts the values of an element, or of a member.
func values(item string) int {
	var v any
	if json.Unmarshal([]byte(item), &v) != nil && json.Unmarshal([]byte("{"+item+"}"), &v) != nil {
		panic(item)
	}
	var count func(v any) int
	count = func(v any) int {
		n := 1
		switch v := v.(type) {
		case map[string]any:
			for _, e := range v {
				n += count(e)
			}
		case []any:
			for _, e := range v {
				n += count(e)
			}
		}
		return n
	}
	return count(v)
}

func always(s string) func(int) string { return func(int) string { return s } }

// TestHostileRequests shows that no request, however it is shaped, holds more
// memory than a small multiple of the limit of a body, or takes more than about a
// second of one core.
func TestHostileRequests(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("measures time and memory")
	}
	r := newRig(t)
	ann := r.create(person("ann"))
	var members []string
	for i := range 2000 {
		members = append(members, r.create(person(fmt.Sprintf("user%04d", i))))
	}
	staff := r.group("Staff", members...)
	for i := range 2000 {
		// Whoever may write may also make what is dear to compare.
		r.create(person(fmt.Sprintf("long%04d", i), obj{"title": strings.Repeat("Ä", 4096)}))
	}
	const patch = `{"Operations":[`
	terms := func(attr string) string {
		return strings.TrimSuffix(strings.Repeat(attr+` co "x" or `, 64), " or ")
	}
	for _, c := range []struct{ name, method, path, body string }{
		{"nested", "POST", "/Users", strings.Repeat("[", hostileBody)},
		{"empty lists", "POST", "/Users", repeat(`{"userName":"x@y.z","emails":[`, `]}`, always("[]"))},
		{"numbers", "POST", "/Users", repeat(`{"userName":"x@y.z","emails":[`, `]}`, always("1"))},
		{"unknown names", "POST", "/Users", repeat(`{"userName":"x@y.z",`, `}`, func(i int) string { return fmt.Sprintf(`"a%d":1`, i) })},
		{"filtered names", "POST", "/Users", repeat(`{"userName":"x@y.z",`, `}`, func(i int) string { return fmt.Sprintf(`"emails[type eq \"t%d\"].value":"a@b.co"`, i%90) })},
		{"one name", "POST", "/Users", repeat(`{`, `}`, always(`"userName":"x@y.z"`))},
		{"escapes", "POST", "/Users", `{"userName":"` + strings.Repeat(`\u0041`, hostileBody/6-10) + `"}`},
		{"long name", "POST", "/Users", `{"userName":"` + strings.Repeat(`İ`, hostileBody/2-20) + `"}`},
		{"long key", "POST", "/Users", `{"` + strings.Repeat(`a`, hostileBody-20) + `":1}`},
		{"equal e-mails", "POST", "/Users", repeat(`{"userName":"x@y.z","emails":[`, `]}`, always(`"a@b.co"`))},
		{"PATCH, many adds", "PATCH", "/Users/" + ann, repeat(patch, `]}`, func(i int) string {
			return fmt.Sprintf(`{"op":"add","path":"emails","value":{"value":"e%d@x.co","type":"t%d"}}`, i%50, i%50)
		})},
		{"PATCH, many filters", "PATCH", "/Users/" + ann, repeat(patch, `]}`, func(i int) string {
			return fmt.Sprintf(`{"op":"add","path":"emails[type eq \"t%d\"].value","value":"a@b.co"}`, i%90)
		})},
		{"PATCH, large filters", "PATCH", "/Users/" + ann, repeat(patch, `]}`, func(i int) string {
			if i < 90 {
				return fmt.Sprintf(`{"op":"add","path":"emails","value":"e%d@x.co"}`, i)
			}
			return `{"op":"remove","path":"emails[` + strings.ReplaceAll(terms("value"), `"`, `\"`) + `].display"}`
		})},
		{"PATCH, lists to remove", "PATCH", "/Users/" + ann, repeat(patch, `]}`, func(i int) string {
			if i < 95 {
				return fmt.Sprintf(`{"op":"add","path":"emails","value":"e%d@x.co"}`, i)
			}
			return `{"op":"remove","path":"emails","value":[` + strings.TrimSuffix(strings.Repeat(`"E@X.co",`, 99), ",") + `]}`
		})},
		{"PATCH, unknown paths", "PATCH", "/Users/" + ann, repeat(patch, `]}`, func(i int) string {
			return fmt.Sprintf(`{"op":"add","path":"a%d","value":1}`, i)
		})},
		{"group, addresses of nobody", "POST", "/Groups", repeat(`{"displayName":"A","members":[`, `]}`, func(i int) string { return fmt.Sprintf(`"a%d@b.co"`, i) })},
		{"PATCH, long values", "PATCH", "/Users/" + ann, repeat(patch, `]}`, func(i int) string {
			if i < 90 {
				return fmt.Sprintf(`{"op":"add","path":"emails","value":{"value":"e%d@x.co","display":"%s"}}`, i, strings.Repeat("Ä", 4096))
			}
			return `{"op":"remove","path":"emails[display co \"x\"]"}`
		})},
		{"group, unknown ids", "POST", "/Groups", repeat(`{"displayName":"B","members":[`, `]}`, func(i int) string { return fmt.Sprintf(`{"value":"00000000-0000-0000-0000-%012d"}`, i) })},
		{"group, unknown ids with names", "PUT", "/Groups/" + staff, repeat(`{"displayName":"B","members":[`, `]}`, func(i int) string { return fmt.Sprintf(`{"value":"%d","display":"d%d"}`, i, i) })},
		{"group, unknown ids to remove", "PATCH", "/Groups/" + staff, repeat(`{"Operations":[{"op":"remove","path":"members","value":[`, `]}]}`, func(i int) string { return fmt.Sprintf(`{"value":"%d"}`, i) })},
		{"group, filters on members", "PATCH", "/Groups/" + staff, repeat(patch, `]}`, always(`{"op":"remove","path":"members[display co \"nobody\"]"}`))},
		{"group, add and filter", "PATCH", "/Groups/" + staff, repeat(patch, `]}`, func(i int) string {
			if i%2 == 0 {
				return fmt.Sprintf(`{"op":"add","path":"members","value":[{"value":"%d"}]}`, i)
			}
			return `{"op":"remove","path":"members[display eq \"nobody\"]"}`
		})},
		{"group, replaced members", "PATCH", "/Groups/" + staff, repeat(patch, `]}`, func(i int) string {
			return fmt.Sprintf(`{"op":"replace","path":"members[value eq \"%s\"]","value":{"value":"%s"}}`, members[0], members[0])
		})},
		{"group, added and removed", "PATCH", "/Groups/" + staff, repeat(patch, `]}`, func(i int) string {
			return fmt.Sprintf(`{"op":"%s","path":"members","value":[{"value":"%s"}]}`, []string{"add", "remove"}[i%2], members[i%2000])
		})},
		{"search, names", "POST", "/Users/.search", repeat(`{"count":1,"attributes":[`, `]}`, func(i int) string { return fmt.Sprintf(`"a%d"`, i) })},
		{"search, terms", "POST", "/Users/.search", `{"filter":` + quote(terms("title")) + `}`},
		{"search, terms over members", "POST", "/Groups/.search", `{"filter":` + quote(terms("members.display")) + `}`},
		{"search, nested", "POST", "/.search", `{"filter":"` + strings.Repeat("(", hostileBody-100) + `"}`},
		{"bulk, many references", "POST", "/Bulk", repeat(`{"Operations":[{"method":"POST","path":"/Users","bulkId":"u","data":{"userName":"b@u.lk"}},{"method":"POST","path":"/Groups","data":{"displayName":"C","members":[`, `]}}]}`, always(`"bulkId:u"`))},
		{"bulk, long names", "POST", "/Bulk", repeat(`{"Operations":[`, `]}`, func(i int) string {
			return fmt.Sprintf(`{"method":"POST","path":"/Groups","bulkId":"%d","data":{"displayName":"D%d","members":[%s]}}`, i, i,
				strings.TrimSuffix(strings.Repeat(fmt.Sprintf(`"bulkId:%d",`, (i+1)%900), 540), ","))
		})},
		{"bulk, patches", "POST", "/Bulk", repeat(`{"Operations":[`, `]}`, always(fmt.Sprintf(`{"method":"PATCH","path":"/Users/%s","data":[%s]}`, ann,
			strings.TrimSuffix(strings.Repeat(`{"op":"add","path":"emails","value":"a@b.co"},`, 180), ","))))},
	} {
		t.Run(c.name, func(t *testing.T) {
			require.LessOrEqual(t, len(c.body), hostileBody)
			defer debug.SetGCPercent(debug.SetGCPercent(20))
			runtime.GC()
			base, stop := watchHeap()
			req := httptest.NewRequest(c.method, baseURL+c.path, strings.NewReader(c.body))
			req.Header.Set("Authorization", "Bearer token-"+r.conn.ID)
			w := httptest.NewRecorder()
			start := time.Now()
			r.handler.ServeHTTP(w, req)
			took := time.Since(start)
			peak := stop() - base
			t.Logf("%d in %v, %.1f times the body, %.200s", w.Code, took.Round(time.Millisecond), float64(peak)/hostileBody, w.Body.String())
			require.Less(t, w.Code, http.StatusInternalServerError)
			require.Less(t, float64(peak)/hostileBody, 16.0, "times the body in memory")
			require.Less(t, took, 3*time.Second, "on a machine that does other things too")
		})
	}
}

// watchHeap samples how much memory is in use until stop is called.
func watchHeap() (base uint64, stop func() uint64) {
	read := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	base = read()
	var peak atomic.Uint64
	peak.Store(base)
	done, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		for {
			if n := read(); n > peak.Load() {
				peak.Store(n)
			}
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return base, func() uint64 { close(done); <-gone; return peak.Load() }
}

func quote(s string) string { return fmt.Sprintf("%q", s) }

package entra

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// TestEntry: an entry has both identities, the steps, and old and new values, also as
// JSON.
func TestEntry(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) {
		c.Users.Attributes = append(c.Users.Attributes, AttributeMapping{Type: Expression, Source: "Redact([employeeId])", Target: "nickName"})
	})
	ann := s.user("ann", Properties{"displayName": "Ann", "employeeId": "secret"})
	s.cycle()
	s.set(ann, Properties{"displayName": "Anna", "employeeId": "hidden"})
	s.cycle()
	e := s.job.Log()[1]
	require.NotEmpty(t, e.ChangeID)
	require.Equal(t, s.job.Status().Last.ID, e.CycleID)
	want := `{"time":"2026-01-01T00:00:00Z","changeId":"` + e.ChangeID + `","cycleId":"` + e.CycleID + `","action":"Update","status":"Success",` +
		`"source":{"id":"` + ann + `","name":"ann@example.com","type":"User"},` +
		`"target":{"id":"` + s.at(ann).ID + `","type":"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"},"httpStatus":200,` +
		`"steps":[{"name":"import","status":"Success"},{"name":"scope","status":"Success"},{"name":"match","status":"Success","detail":"by its link"},` +
		`{"name":"evaluate","status":"Success","detail":"2 attributes differ"},{"name":"provision","status":"Success"}],` +
		`"modifiedProperties":[{"name":"displayName","old":"Ann","new":"Anna"},{"name":"nickName","old":"[Redact]","new":"[Redact]"}]}`
	require.JSONEq(t, want, toJSON(t, e))
	require.Equal(t, "hidden", s.at(ann).NickName)
	var back Entry
	require.NoError(t, json.Unmarshal([]byte(want), &back))
	require.Empty(t, cmp.Diff(e, back))
	require.NotContains(t, toJSON(t, s.job.Log()), "secret")
	require.Equal(t, "a; b", asShown([]any{"a", map[string]any{"value": "b"}}))
	require.Equal(t, "map[x:1]", asShown(map[string]any{"x": 1}))
}

// TestLogIsKept: for thirty days, and read on where one was.
func TestLogIsKept(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ids := make(map[string]bool)
	var at int
	for i := range 5 {
		s.user(fmt.Sprint("u", i))
		s.cycle()
		entries, next := s.job.LogSince(at)
		require.Len(t, entries, 1)
		require.Equal(t, i+1, next)
		at = next
		ids[entries[0].ChangeID] = true
		_, err := s.job.Run(t.Context(), 10*day)
		require.NoError(t, err)
	}
	require.Len(t, ids, 5)
	require.Len(t, s.job.Log(), 3, "those that are older than thirty days are gone")
	entries, next := s.job.LogSince(0)
	require.Len(t, entries, 3)
	require.Equal(t, 5, next)
	entries, _ = s.job.LogSince(4)
	require.Len(t, entries, 1)
	entries, _ = s.job.LogSince(99)
	require.Empty(t, entries)
}

// TestProgress: the bar moves while a cycle is under way, and its counts do not fall.
func TestProgress(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ann := s.user("ann")
	s.user("bob")
	s.group("Team")
	require.Zero(t, s.job.Progress().Percent)
	var seen []int
	s.answer = func(httpWriter, *httpRequest, string) bool {
		seen = append(seen, s.job.Progress().Percent)
		return false
	}
	s.cycle()
	require.Equal(t, []int{0, 0, 33, 33, 66, 66}, seen)
	p := s.job.Progress()
	require.True(t, p.Initial)
	require.Equal(t, 100, p.Percent)
	require.Equal(t, s.dir.Clock().Now(), p.LastRun)
	require.Regexp(t, `^scim\.[0-9a-f-]{36}$`, p.JobID)
	require.NoError(t, s.dir.PurgeUser(ann))
	s.cycle()
	p = s.job.Progress()
	require.Equal(t, []int{2, 1}, []int{p.Users, p.Groups})
	require.False(t, p.Initial)
}

// TestRun: cycles come on the interval and what they do is added up. A month costs little
// when little changes.
func TestRun(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ann := s.user("ann")
	r, err := s.job.Run(t.Context(), 39*time.Minute)
	require.NoError(t, err)
	require.Equal(t, 1, r.Cycles)
	require.True(t, r.Initial)
	s.set(ann, Properties{"jobTitle": "Analyst"})
	r, err = s.job.Run(t.Context(), time.Minute)
	require.NoError(t, err)
	require.Equal(t, 1, r.Cycles)
	require.Equal(t, Counts{Updated: 1}, r.Users)
	require.Equal(t, map[int]int{200: 2}, r.Requests)
	begin, real := s.dir.Clock().Now(), time.Now()
	r, err = s.job.Run(t.Context(), 30*day)
	require.NoError(t, err)
	require.Equal(t, 30*36, r.Cycles)
	require.Zero(t, r.Sent())
	require.Equal(t, begin.Add(30*day), s.dir.Clock().Now())
	require.Less(t, time.Since(real), 2*time.Second)
	require.Equal(t, s.dir.Clock().Now().Add(40*time.Minute), s.job.Status().Next)
}

// TestDeterministic: the same calls make the same requests and the same log.
func TestDeterministic(t *testing.T) {
	t.Parallel()
	play := func() (lines []string, log []Entry) {
		s := newStage(t, func(c *Config) {
			c.SyncAll = false
			c.Users.Attributes = append(c.Users.Attributes, AttributeMapping{Type: Expression, Source: `RandomString(8, 0, 0, 0, 0, "")`, Target: "nickName"})
		})
		var ids []string
		for i := range 20 {
			ids = append(ids, s.user(fmt.Sprint("u", i)))
		}
		team, crew := s.group("Team", ids[:9]...), s.group("Crew", ids[5:]...)
		require.NoError(t, s.job.Assign(team, crew))
		lines = append(lines, s.cycle()...)
		require.NoError(t, s.job.Unassign(team, crew))
		lines = append(lines, s.replaced(func() { s.cycle() })...)
		log = s.job.Log()
		for i := range log {
			log[i].Target.ID, log[i].Modified = "", nil
		}
		return lines, log
	}
	lines, log := play()
	for range 3 {
		again, logged := play()
		same(t, lines, again)
		require.Equal(t, log, logged)
	}
	require.Len(t, lines, 20*2+2*2+2+20*2+4)
}

// TestAtOnce: a job may be asked and changed while cycles run.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) { c.SyncAll = false })
	var ids []string
	for i := range 50 {
		ids = append(ids, s.user(fmt.Sprint("u", i)))
	}
	team := s.group("Team", ids[:10]...)
	var all sync.WaitGroup
	for _, work := range []func(i int){
		func(i int) { _ = s.job.Assign(ids[i], team) },
		func(i int) { _ = s.job.Unassign(ids[(i+7)%50]) },
		func(int) { _, _ = s.job.Cycle(t.Context()) },
		func(i int) { _, _ = s.job.ProvisionOnDemand(t.Context(), ids[i]) },
		func(int) { _, _, _, _ = s.job.Status(), s.job.Progress(), s.job.Links(), s.job.Log() },
		func(i int) { s.job.Restart(i%10 == 0) },
		func(int) { s.job.SetToken("secret"); s.job.AllowDeletes(); s.job.SetSyncAll(false) },
		func(i int) { _ = s.dir.UpdateUser(ids[i], Properties{"jobTitle": fmt.Sprint(i)}) },
	} {
		all.Go(func() {
			for i := range 50 {
				work(i)
			}
		})
	}
	all.Wait()
	s.job.Restart(false)
	s.cycle()
	assigned := make(map[string]bool)
	for _, id := range s.job.Assigned() {
		assigned[id] = true
	}
	for i, id := range ids {
		l, found := s.job.Link(id)
		require.Equal(t, assigned[id] || assigned[team] && i < 10, found && l.Managed)
	}
}

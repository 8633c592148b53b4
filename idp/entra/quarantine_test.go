package entra

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const day = 24 * time.Hour

// TestThreshold has the examples of Microsoft's page, and the edges.
func TestThreshold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		failed, succeeded, references int
		want                          Reason
	}{
		"4,000 failures":                            {4_000, 0, 0, ""},
		"45,000 failures":                           {45_000, 200_000, 0, ReasonBase},
		"30,000 failed, 5,000 succeeded":            {30_000, 5_000, 0, ReasonProportion},
		"20,000 failed, 100,000 succeeded":          {20_000, 100_000, 0, ""},
		"40,000 failed, and 21,000 managers":        {40_000, 500_000, 21_000, ReasonTotal},
		"one below what is looked at":               {4_999, 0, 0, ""},
		"what is looked at":                         {5_000, 0, 0, ReasonProportion},
		"two of five":                               {6_000, 9_000, 0, ""},
		"a little more than two of five":            {6_001, 9_000, 0, ReasonProportion},
		"as many objects as allowed":                {40_000, 100_000, 0, ""},
		"one object more":                           {40_001, 100_000, 0, ReasonBase},
		"references alone":                          {0, 0, 60_000, ""},
		"one reference more":                        {0, 0, 60_001, ReasonTotal},
		"references do not make a share of objects": {4_999, 0, 50_000, ""},
	} {
		require.Equal(t, c.want, threshold(c.failed, c.succeeded, c.references), name)
	}
}

// TestQuarantine: bad credentials stop the cycle at once; then there is one attempt a
// day, one notice, and the end of it all after four weeks.
func TestQuarantine(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	begin := s.dir.Clock().Now()
	s.user("ann")
	s.user("bob")
	s.cycle()
	cat := s.user("cat")
	s.set(cat, Properties{"manager": s.user("dan")})
	s.token = "another"
	s.clear()
	r, err := s.job.Cycle(t.Context())
	require.ErrorIs(t, err, ErrQuarantine)
	require.ErrorContains(t, err, string(CodeUnauthorized))
	require.Equal(t, map[int]int{401: 1}, r.Requests, "nothing is asked after a 401")
	st := s.job.Status()
	require.Equal(t, InQuarantine, st.State)
	require.Equal(t, ReasonException, st.Quarantine.Reason)
	require.Equal(t, begin, st.Quarantine.SeriesBegan)
	require.Equal(t, begin.Add(day), st.Quarantine.NextAttempt)
	require.Equal(t, begin.Add(day), st.Next)

	s.clear()
	r, err = s.job.Run(t.Context(), 10*day+time.Hour)
	require.NoError(t, err)
	require.Equal(t, map[int]int{401: 10}, r.Requests, "one attempt a day")
	require.Equal(t, ReasonException, r.Quarantine)
	require.Len(t, s.notice, 1)
	require.Equal(t, 11, s.job.Status().Quarantine.SeriesCount)
	require.Equal(t, begin, s.job.Status().Quarantine.SeriesBegan)
	require.Equal(t, begin.Add(10*day), s.job.Status().Quarantine.Began)

	r, err = s.job.Run(t.Context(), 30*day)
	require.NoError(t, err)
	require.Equal(t, map[int]int{401: 18}, r.Requests)
	require.Equal(t, Disabled, s.job.Status().State)
	require.Zero(t, s.job.Status().Next)
	require.Len(t, s.notice, 2)
	require.True(t, s.notice[1].Disabled)
	require.ErrorIs(t, ignore(s.job.Cycle(t.Context())), ErrDisabled)

	s.job.SetToken("another")
	s.job.Start()
	require.Equal(t, InQuarantine, s.job.Status().State)
	s.clear()
	r, err = s.job.Run(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, 2, r.Users.Created)
	require.Equal(t, 1, r.Managers.Added)
	require.Equal(t, Active, s.job.Status().State)
	require.Empty(t, r.Quarantine)
}

// TestTokenRotated: the token changes in the middle of a cycle. The quarantine is tried
// again at once with the new one, and nothing is lost or done twice.
func TestTokenRotated(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for i := range 5 {
		s.user(fmt.Sprint("u", i))
	}
	s.answer = func(_ http.ResponseWriter, r *http.Request, _ string) bool {
		if r.Method == http.MethodPost {
			if s.mu.Lock(); len(s.sent) == 5 {
				s.token = "new"
			}
			s.mu.Unlock()
		}
		return false
	}
	_, err := s.job.Cycle(t.Context())
	require.ErrorIs(t, err, ErrQuarantine)
	require.Len(t, s.job.Links(), 2)
	s.job.SetToken("new")
	r, err := s.job.Run(t.Context(), time.Minute)
	require.NoError(t, err)
	require.Equal(t, 1, r.Cycles)
	require.Equal(t, Counts{Created: 3, Skipped: 2}, r.Users)
	require.True(t, r.Initial, "the first did not come to its end")
	require.Equal(t, Active, s.job.Status().State)
}

// TestQuarantineProbed: where there is nothing to send, the connection is tested.
func TestQuarantineProbed(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	s.cycle()
	s.user("ann")
	s.refuse(http.MethodGet, "/Users", 404, "{}")
	require.Error(t, ignore(s.job.Cycle(t.Context())))
	id, _ := s.dir.FindUser("ann@example.com")
	require.NoError(t, s.dir.PurgeUser(id))
	require.ErrorIs(t, ignore(s.job.Cycle(t.Context())), ErrQuarantine)
	s.refuse(http.MethodGet, "/Users", 500, "")
	require.ErrorIs(t, ignore(s.job.Cycle(t.Context())), ErrQuarantine)
	require.Equal(t, ReasonException, s.job.Status().Quarantine.Reason)
	s.answer = nil
	require.Equal(t, s.dir.Clock().Now().Add(day), s.job.Status().Next)
	s.job.SetService(s.job.service)
	require.Equal(t, s.dir.Clock().Now(), s.job.Status().Next, "another service is tried at once")
	require.Len(t, s.cycle(), 1)
	require.Equal(t, Active, s.job.Status().State)
	require.Len(t, s.notice, 1)
}

// TestQuarantineByFailures: too many failures are judged at the end of a cycle; any
// success of a retry lets the job out.
func TestQuarantineByFailures(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	ann := s.user("ann")
	for i := range escrowsLooked { // of objects that nobody has, as they are never looked at
		s.job.escrow.fail(escrowKey{id: fmt.Sprint(i)}, s.job.now(), &fault{})
	}
	s.refuse(http.MethodPost, "/Users", 400, "{}")
	r := s.report()
	require.Equal(t, ReasonProportion, r.Quarantine)
	require.False(t, s.job.initial, "the cycle came to its end")
	require.Len(t, s.notice, 1)
	r, err := s.job.Run(t.Context(), 2*day)
	require.NoError(t, err)
	require.Equal(t, 2, r.Cycles, "a day after the other")
	require.Equal(t, ReasonProportion, r.Quarantine)
	require.Len(t, s.notice, 1)
	s.answer = nil
	s.set(ann, Properties{"jobTitle": "Analyst"})
	s.cycle()
	require.Equal(t, Active, s.job.Status().State)
	require.Equal(t, escrowsLooked, s.job.Status().Escrows)
	require.Empty(t, s.cycle())
	require.Equal(t, Active, s.job.Status().State, "old failures alone do not count again")

	s.refuse(http.MethodPost, "/Users", 400, "{}")
	s.user("bob")
	require.Equal(t, ReasonProportion, s.report().Quarantine)
	require.Len(t, s.notice, 2, "another quarantine")
	s.job.Restart(false)
	require.Equal(t, Active, s.job.Status().State)
	require.Equal(t, escrowsLooked+1, s.job.Status().Escrows)
	s.job.Restart(true)
	require.Zero(t, s.job.Status().Escrows)
}

// TestAccidentalDeletions: more removals than the threshold are all kept back until they
// are allowed, or are none any more. Other changes go on.
func TestAccidentalDeletions(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) { c.SyncAll, c.DeleteThreshold = false, 2 })
	ann, bob, cat := s.user("ann"), s.user("bob"), s.user("cat")
	team := s.group("Team", ann)
	require.NoError(t, s.job.Assign(ann, bob, cat, team))
	s.cycle()
	require.NoError(t, s.job.Unassign(bob, cat))
	require.Equal(t, 2, s.report().Users.Disabled, "as many as allowed")
	require.NoError(t, s.job.Assign(bob, cat))
	require.Equal(t, 2, s.report().Users.Restored)

	s.set(ann, Properties{"accountEnabled": false})
	require.NoError(t, s.dir.PurgeUser(bob))
	require.NoError(t, s.job.Unassign(team))
	s.set(cat, Properties{"jobTitle": "Analyst"})
	r := s.report()
	require.Equal(t, Counts{Updated: 1, Staged: 2}, r.Users)
	require.Equal(t, Counts{Staged: 1}, r.Groups)
	require.Equal(t, ReasonDeletes, r.Quarantine)
	require.Equal(t, 3, s.job.Status().Staged)
	require.Len(t, s.notice, 1)
	require.Contains(t, s.last(4), "StagedDelete Skipped ann EntrySynchronizationSkipped")
	r, err := s.job.Run(t.Context(), 3*day)
	require.NoError(t, err)
	require.Equal(t, Counts{Staged: 6}, r.Users)
	require.Zero(t, r.Sent())
	require.Len(t, s.notice, 1)

	s.job.AllowDeletes()
	r, err = s.job.Run(t.Context(), 0)
	require.NoError(t, err)
	require.Equal(t, Counts{Disabled: 1, Deleted: 1}, r.Users)
	require.Equal(t, 1, r.Groups.Deleted)
	require.Equal(t, Active, s.job.Status().State)
	require.Zero(t, s.job.Status().Staged)
}

// TestAccidentalDeletionsMended: what is put right is let out by the next attempt.
func TestAccidentalDeletionsMended(t *testing.T) {
	t.Parallel()
	s := newStage(t, func(c *Config) { c.DeleteThreshold = 1 })
	ann, bob := s.user("ann"), s.user("bob")
	s.cycle()
	require.NoError(t, s.dir.DeleteUser(ann))
	require.NoError(t, s.dir.DeleteUser(bob))
	require.Empty(t, s.cycle())
	require.NoError(t, s.dir.RestoreUser(bob))
	r, err := s.job.Run(t.Context(), day)
	require.NoError(t, err)
	require.Equal(t, Counts{Disabled: 1, Skipped: 1}, r.Users)
	require.Equal(t, Active, s.job.Status().State)
	require.NoError(t, s.dir.RestoreUser(ann))
	require.Equal(t, 1, s.report().Users.Restored)
	require.NoError(t, s.dir.DeleteUser(ann))
	require.NoError(t, s.dir.DeleteUser(bob))
	s.cycle()
	s.job.Restart(false)
	require.Zero(t, s.job.Status().Staged)
	require.NoError(t, s.dir.RestoreUser(ann))
	require.Equal(t, Counts{Disabled: 1, Skipped: 1}, s.report().Users)
}

// TestAccidentalDeletionsCount: what disables or deletes nobody does not count, and what
// was allowed once is not allowed for ever.
func TestAccidentalDeletionsCount(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set    func(*Config)
		act    func(s *stage, id string)
		staged int
	}{
		"unassigned":                      {func(*Config) {}, func(s *stage, id string) { require.NoError(t, s.job.Unassign(id)) }, 2},
		"unassigned, and left alone":      {func(c *Config) { c.SkipOutOfScopeDeletions = true }, func(s *stage, id string) { require.NoError(t, s.job.Unassign(id)) }, 0},
		"unassigned, Update not ticked":   {func(c *Config) { c.Users.SkipUpdate = true }, func(s *stage, id string) { require.NoError(t, s.job.Unassign(id)) }, 0},
		"hard-deleted":                    {func(*Config) {}, func(s *stage, id string) { require.NoError(t, s.dir.PurgeUser(id)) }, 2},
		"hard-deleted, Delete not ticked": {func(c *Config) { c.Users.SkipDelete = true }, func(s *stage, id string) { require.NoError(t, s.dir.PurgeUser(id)) }, 0},
		"changed while disabled": {func(*Config) {}, func(s *stage, id string) {
			s.job.links[id].active = false
			s.set(id, Properties{"accountEnabled": false})
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, c.set, func(c *Config) { c.SyncAll, c.DeleteThreshold = false, 1 })
			ann, bob := s.user("ann"), s.user("bob")
			require.NoError(t, s.job.Assign(ann, bob))
			s.cycle()
			c.act(s, ann)
			c.act(s, bob)
			require.Equal(t, c.staged, s.report().Users.Staged)
		})
	}
	found := newStage(t, func(c *Config) { c.DeleteThreshold = 1 })
	ann, bob := found.user("ann"), found.user("bob")
	found.cycle()
	found.job.Restart(true)
	require.Equal(t, Counts{Skipped: 2}, found.report().Users, "they are found as they should be")
	found.set(ann, Properties{"accountEnabled": false})
	found.set(bob, Properties{"accountEnabled": false})
	require.Equal(t, Counts{Staged: 2}, found.report().Users)

	s := newStage(t, func(c *Config) { c.DeleteThreshold = 1 })
	for range 2 {
		ann, bob := s.user("ann"), s.user("bob")
		s.cycle()
		require.NoError(t, s.dir.PurgeUser(ann))
		require.NoError(t, s.dir.PurgeUser(bob))
		require.Equal(t, 2, s.report().Users.Staged)
		s.job.AllowDeletes()
		require.Equal(t, 2, s.report().Users.Deleted)
	}
}

package entra

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim/idp"
)

// TestNextRetry: six, twelve and twenty-four hours after the first failure, then every
// day for twenty-eight days.
func TestNextRetry(t *testing.T) {
	t.Parallel()
	first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		after, want time.Duration
		on          bool
	}{
		{0, 6 * time.Hour, true},
		{6*time.Hour - 1, 6 * time.Hour, true},
		{6 * time.Hour, 12 * time.Hour, true},
		{13 * time.Hour, 24 * time.Hour, true},
		{24 * time.Hour, 48 * time.Hour, true},
		{49 * time.Hour, 72 * time.Hour, true},
		{27*day + time.Hour, 28 * day, true},
		{28 * day, 29 * day, false},
	} {
		at, on := nextRetry(first, first.Add(c.after))
		require.Equal(t, c.want, at.Sub(first), c.after)
		require.Equal(t, c.on, on, c.after)
	}
}

// TestEscrow: what fails is tried again ever less often, then given up; what says nothing
// about the object is tried in every cycle.
func TestEscrow(t *testing.T) {
	t.Parallel()
	for status, tries := range map[int]int{409: 4 + 27, 400: 4 + 27, 500: 28*36 + 1} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			s.user("ann")
			s.refuse(http.MethodPost, "/Users", status, "{}")
			r, err := s.job.Run(t.Context(), 40*day)
			require.NoError(t, err)
			require.Equal(t, tries, r.Users.Failed)
			require.Zero(t, s.job.Status().Escrows)
			log := s.job.Log()
			require.Contains(t, log[len(log)-1].Detail, "given up")
			begin := s.dir.Clock().Now().Add(-40 * day)
			if status == 409 {
				require.Equal(t, 28*day, log[len(log)-1].Time.Sub(begin))
			}
			s.answer = nil
			require.Empty(t, s.cycle(), "nobody tries any more")
			s.job.Restart(false)
			require.Len(t, s.cycle(), 2)
		})
	}
}

// TestEscrowTimes: the first retries in simulated time.
func TestEscrowTimes(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	begin := s.dir.Clock().Now()
	ann := s.user("ann")
	s.refuse(http.MethodPost, "/Users", 409, "{}")
	_, err := s.job.Run(t.Context(), 3*day)
	require.NoError(t, err)
	var at []time.Duration
	for _, e := range s.job.Log() {
		at = append(at, e.Time.Sub(begin))
	}
	require.Equal(t, []time.Duration{0, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 72 * time.Hour}, at)

	// A change of the object is another attempt, and success ends it all.
	s.answer = nil
	s.set(ann, Properties{"jobTitle": "Analyst"})
	require.Len(t, s.cycle(), 2)
	require.Zero(t, s.job.Status().Escrows)

	// Who is of no interest any more is not tried again.
	bob := s.user("bob")
	s.refuse(http.MethodPost, "/Users", 409, "{}")
	s.cycle()
	require.Equal(t, 1, s.job.Status().Escrows)
	require.NoError(t, s.dir.PurgeUser(bob))
	require.Empty(t, s.cycle())
	require.Zero(t, s.job.Status().Escrows)
}

// TestEscrowKeepsCount: whatever happens, the counts are those of the entries, and
// what is due comes once, in the order of the first failures.
func TestEscrowKeepsCount(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		x := newEscrow()
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		keys := []escrowKey{{id: "a"}, {id: "b"}, {"a", managerReference}, {"g", "a"}}
		t.Repeat(map[string]func(*rapid.T){
			"fail": func(t *rapid.T) {
				x.fail(rapid.SampledFrom(keys).Draw(t, "key"), now, &fault{again: rapid.Bool().Draw(t, "again")})
			},
			"clear": func(t *rapid.T) { x.clear(rapid.SampledFrom(keys).Draw(t, "key")) },
			"all":   func(*rapid.T) { x.all() },
			"wait":  func(t *rapid.T) { now = now.Add(time.Duration(rapid.IntRange(1, 200).Draw(t, "hours")) * time.Hour) },
			"": func(t *rapid.T) {
				objects, references := 0, 0
				var due []escrowKey
				for k, e := range x.entries {
					if k.reference == "" {
						objects++
					} else {
						references++
					}
					if !e.next.After(now) {
						due = append(due, k)
					}
				}
				o, r := x.counts()
				require.Equal(t, []int{objects, references}, []int{o, r})
				got := x.due(now)
				require.ElementsMatch(t, due, got)
				for i := 1; i < len(got); i++ {
					require.Less(t, x.entries[got[i-1]].made, x.entries[got[i]].made)
				}
			},
		})
	})
}

// TestRetryAfter: a request that is answered 429 is made again after the time asked for,
// on the clock, but not for ever.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header   string
		times    int // that 429 is answered
		waited   time.Duration
		requests int
		created  bool
	}{
		"once":             {"30", 1, 30 * time.Second, 2, true},
		"without a header": {"", 2, 2 * time.Second, 3, true},
		"too often":        {"1", 99, 4 * time.Second, 5, false},
		"for too long":     {"3600", 1, 0, 1, false},
		"for long":         {"400", 99, 400 * time.Second, 2, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t)
			ann := s.user("ann")
			begin := s.dir.Clock().Now()
			n := 0
			s.answer = func(w http.ResponseWriter, r *http.Request, _ string) bool {
				if n++; r.Method != http.MethodPost || n > c.times+1 { // the look-up is the first
					return false
				}
				w.Header().Set("Retry-After", c.header)
				w.WriteHeader(http.StatusTooManyRequests)
				return true
			}
			r := s.report()
			require.Equal(t, c.waited, s.dir.Clock().Now().Sub(begin))
			require.Equal(t, c.waited, r.Simulated)
			require.Equal(t, 1+c.requests, r.Sent())
			_, linked := s.job.Link(ann)
			require.Equal(t, c.created, linked)
			if !c.created {
				same(t, []string{"Create Failure ann TooManyRequests"}, s.last(1))
				s.answer = nil
				require.Len(t, s.cycle(), 2, "the next cycle tries again")
			}
		})
	}
}

// TestWait: a service whose time is not simulated can be waited for.
func TestWait(t *testing.T) {
	t.Parallel()
	stop := errors.New("no time")
	var waited []time.Duration
	s := newStage(t, func(c *Config) {
		c.Wait = func(_ contextType, d time.Duration) error {
			waited = append(waited, d)
			return stop
		}
	})
	s.user("ann")
	s.refuse(http.MethodGet, "/Users", 429, "")
	require.ErrorIs(t, ignore(s.job.Cycle(t.Context())), stop)
	require.Equal(t, []time.Duration{time.Second}, waited)
}

// TestUnreachable: a service that does not answer ends the cycle soon, without
// a quarantine, and the next one does what is left.
func TestUnreachable(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for i := range 3 * silence {
		s.user(fmt.Sprint("u", i))
	}
	working := s.job.service
	s.job.SetService(&idp.Service{URL: "http://127.0.0.1:1/scim"})
	r, err := s.job.Cycle(t.Context())
	require.ErrorIs(t, err, ErrUnreachable)
	require.Equal(t, map[int]int{0: silence}, r.Requests)
	same(t, []string{"Other Failure u9 WebExceptionProtocolError"}, s.last(1))
	require.Equal(t, NotRun, s.job.Status().State)
	s.job.SetService(working)
	require.Equal(t, 3*silence, s.report().Users.Created)
	require.Zero(t, s.job.Status().Escrows)
}

// TestNowAndThenSilent: a service that answers now and then is no reason to end a cycle.
func TestNowAndThenSilent(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for i := range 3 * silence {
		s.user(fmt.Sprint("u", i))
	}
	list := `{"schemas":["` + idp.ListResponse + `"],"totalResults":2,"Resources":[{"id":"1"},{"id":"2"}]}`
	n := 0
	s.job.SetService(&idp.Service{URL: baseURL, Client: &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		if n++; n%2 == 0 {
			return nil, errors.New("no answer")
		}
		return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(list))}, nil
	})}})
	r := s.report()
	require.Equal(t, map[int]int{0: 3 * silence / 2, 200: 3 * silence / 2}, r.Requests)
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestErrorCodes: what the log calls each answer, and whether the next cycle tries again.
func TestErrorCodes(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		code   ErrorCode
		again  bool
	}{
		"bad request":                {400, "{}", CodeBadRequest, false},
		"a path that is not known":   {400, `{"scimType":"invalidPath","detail":"no"}`, CodeSchemaAttributeUnknown, false},
		"a duplicate":                {409, "", CodeEntryConflict, false},
		"a duplicate by another way": {400, `{"scimType":"uniqueness","detail":"no"}`, CodeEntryConflict, false},
		"no licence":                 {402, "", CodeLicenseLimitExceeded, false},
		"not allowed":                {403, "", CodeInsufficientRights, false},
		"not there":                  {404, "", CodeInvalidAnchor, false},
		"no such method":             {405, "", CodeMethodNotAllowed, false},
		"unprocessable":              {422, "", CodeUnprocessableEntity, false},
		"too many":                   {429, "", CodeTooManyRequests, true},
		"broken":                     {500, "oops", CodeInternalServerError, true},
		"not implemented":            {501, "", CodeNotImplemented, false},
		"unavailable":                {503, "", CodeInternalServerError, true},
		"timed out":                  {504, "", CodeTimeout, true},
		"timed out as well":          {408, "", CodeTimeout, true},
		"a teapot":                   {418, "", CodeBadRequest, false},
		"a redirect":                 {307, "", CodeIncompatible, false},
	} {
		f := refused(&idp.Answer{Status: c.status, Body: []byte(c.body)})
		require.Equal(t, c.code, f.code, name)
		require.Equal(t, c.again, f.again, name)
		require.NotEmpty(t, f.detail, name)
		require.False(t, f.ends(), name)
	}
	require.Equal(t, ReasonException, refused(&idp.Answer{Status: 401}).reason)
	require.Equal(t, CodeTimeout, silent(timeout{}).code)
	require.Equal(t, CodeWebException, silent(errors.New("no")).code)
	require.True(t, strings.HasPrefix(silent(errors.New("no")).Error(), "WebExceptionProtocolError"))
}

type timeout struct{}

func (timeout) Error() string   { return "timeout" }
func (timeout) Timeout() bool   { return true }
func (timeout) Temporary() bool { return true }

package dialect_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/dialect"
)

// each runs a subtest for every dialect.
func each(t *testing.T, f func(t *testing.T, r *rig)) {
	t.Helper()
	t.Parallel()
	for _, d := range dialect.Dialects() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			f(t, newRig(t, d))
		})
	}
}

// staff puts two people and a group into the directory.
func (r *rig) staff() {
	r.Helper()
	require.NoError(r, r.Put(ann()))
	require.NoError(r, r.Put(ben()))
	require.NoError(r, r.PutGroup("Engineers", "1", "2"))
}

// TestWrongToken: the connection test fails, a Sync ends at the first 401, and
// goes on where it stopped once the token is right.
func TestWrongToken(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.service.Token = "mistyped"
		require.ErrorIs(t, r.TestConnection(t.Context()), dialect.ErrToken)
		r.staff()
		sent := len(r.tape.sent)
		report, err := r.Sync(t.Context())
		require.ErrorIs(t, err, dialect.ErrToken)
		var refusal *dialect.Refusal
		require.ErrorAs(t, err, &refusal)
		require.Equal(t, http.StatusUnauthorized, refusal.Status)
		require.Contains(t, err.Error(), "not valid")
		require.Len(t, r.tape.sent, sent+1)
		require.Equal(t, 1, report.Failed)
		require.NotZero(t, report.Due)
		last := r.Log()[len(r.Log())-1]
		require.True(t, last.Failed)
		require.Equal(t, http.StatusUnauthorized, last.Status)
		r.service.Token = token
		r.sync()
		r.intended()
	})
}

// TestTokenRotatedInBetween: what was sent before stays sent, the rest follows.
func TestTokenRotatedInBetween(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.staff()
		n := 0
		r.tape.fault = func(*http.Request) fault {
			if n++; n > 2 {
				return fault{status: http.StatusUnauthorized}
			}
			return fault{}
		}
		_, err := r.Sync(t.Context())
		require.ErrorIs(t, err, dialect.ErrToken)
		r.tape.fault = nil
		r.sync()
		r.intended()
	})
}

// TestServerDown: a Sync without a server gives up at once, and the next makes up for it.
func TestServerDown(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.staff()
		r.sync()
		require.NoError(t, r.Disable("1"))
		require.NoError(t, r.Rename("2", "benjamin@example.com"))
		require.NoError(t, r.RemoveMember("Engineers", "1"))
		down := errors.New("the server is down")
		up := *r.service
		r.service.Handler, r.service.Client = nil, &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) { return nil, down })}
		report, err := r.Sync(t.Context())
		require.ErrorIs(t, err, down)
		require.Equal(t, 1, report.Requests)
		require.Equal(t, 1, report.Failed)
		last := r.Log()[len(r.Log())-1]
		require.True(t, last.Failed)
		require.Zero(t, last.Status)
		require.Contains(t, last.Detail, "down")
		require.ErrorIs(t, r.TestConnection(t.Context()), down)
		*r.service = up
		r.sync()
		r.intended()
	})
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestEndedContext(t *testing.T) {
	t.Parallel()
	r := newRig(t, dialect.Rippling())
	r.staff()
	ends, cancel := context.WithCancel(t.Context())
	r.tape.fault = func(q *http.Request) fault {
		if q.Method != http.MethodPost {
			return fault{}
		}
		cancel()
		return fault{status: http.StatusServiceUnavailable}
	}
	report, err := r.Sync(ends)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []int{200, 503}, r.tape.statuses(""), "a create is not sent again")
	require.Equal(t, 3, report.Requests, "the last was not sent at all")
	require.Equal(t, http.StatusServiceUnavailable, r.Log()[0].Status)
}

// TestTooMany: 429 is waited for by the clock, as long as the service says, by all but
// the impatient; without a time it is a refusal.
func TestTooMany(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.staff()
		before, left := r.clock.Now(), 3
		r.tape.fault = func(*http.Request) fault {
			if left--; left >= 0 {
				return fault{status: http.StatusTooManyRequests, header: http.Header{"Retry-After": {"7"}}}
			}
			return fault{}
		}
		report, err := r.Sync(t.Context())
		require.NoError(t, err)
		if r.Dialect().Impatient {
			require.Zero(t, report.Waited)
			require.Equal(t, before, r.clock.Now())
			require.Equal(t, http.StatusTooManyRequests, r.Log()[0].Status)
		} else {
			require.Equal(t, 21*time.Second, report.Waited)
			require.Equal(t, before.Add(21*time.Second), r.clock.Now())
			require.Zero(t, report.Failed)
			require.Zero(t, report.Due)
			require.Equal(t, r.tape.sent[0].target, r.tape.sent[3].target, "sent again")
		}
		r.tape.fault = func(*http.Request) fault { return fault{status: http.StatusTooManyRequests} }
		require.NoError(t, r.Disable("1"))
		report, err = r.Sync(t.Context())
		require.NoError(t, err)
		require.NotZero(t, report.Failed)
		require.Zero(t, report.Waited)
		r.tape.fault = nil
		r.sync()
		r.intended()
	})
}

// TestForeverTooMany: even the patient give up on a service that never lets them in.
func TestForeverTooMany(t *testing.T) {
	t.Parallel()
	r := newRig(t, dialect.OneLogin())
	require.NoError(t, r.Put(ben()))
	r.tape.fault = func(*http.Request) fault {
		return fault{status: http.StatusTooManyRequests, header: http.Header{"Retry-After": {"60"}}}
	}
	report, err := r.Sync(t.Context())
	require.NoError(t, err)
	require.Equal(t, 6, report.Requests)
	require.Equal(t, 5*time.Minute, report.Waited)
	require.Equal(t, 1, report.Due)
	require.Equal(t, 1, report.Failed)
	r.tape.fault = func(*http.Request) fault { return fault{status: http.StatusTooManyRequests} }
	report, err = r.Sync(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, report.Requests, "not a word of how long to wait")
}

// TestShortLists: a list that has less than it says is read to its end.
func TestShortLists(t *testing.T) {
	t.Parallel()
	requests := 0
	short := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if requests++; requests > 10 {
			w.WriteHeader(http.StatusInternalServerError)
		}
		_, _ = w.Write([]byte(`{"schemas":["` + idp.ListResponse + `"],"totalResults":5,"Resources":[]}`))
	})
	p := dialect.New(dialect.SailPoint(), &idp.Service{Handler: short}, nil)
	_, err := p.Sync(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, requests, "one of users, one of groups")
}

// TestRealRateLimit: the library's own limit, on the same clock, lets everybody through
// in the end.
func TestRealRateLimit(t *testing.T) {
	t.Parallel()
	r := newRig(t, dialect.JumpCloud())
	verify := func(context.Context, string) (scim.Connection, error) {
		return scim.Connection{ID: "idp", Tenant: tenant}, nil
	}
	limited, err := scim.NewHandler(r.dir, scim.HandlerConfig{
		BaseURL: "http://scim.invalid/scim/v2", Verifier: scim.TokenVerifierFunc(verify), Rate: &scim.RateLimit{PerSecond: 1, Burst: 2},
	})
	require.NoError(t, err)
	r.tape.next = limited
	r.staff()
	report, err := r.Sync(t.Context())
	require.NoError(t, err)
	require.Zero(t, report.Due)
	require.Zero(t, report.Failed)
	require.Greater(t, report.Waited, 3*time.Second)
	r.intended()
}

// TestCreateIsRepeated: Rippling's create that was carried out and not answered is sent
// again, refused, and linked; that of others is found by their next look-up.
func TestCreateIsRepeated(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		require.NoError(t, r.Put(ben()))
		lost := false
		r.tape.fault = func(q *http.Request) fault {
			if q.Method == http.MethodPost && !lost {
				lost = true
				return fault{status: http.StatusGatewayTimeout, after: true}
			}
			return fault{}
		}
		report, err := r.Sync(t.Context())
		require.NoError(t, err)
		if r.Dialect().Repeat > 0 {
			require.Equal(t, []int{200, 504, 409, 200, 200}, r.tape.statuses("/Users"))
			require.Zero(t, report.Failed)
			require.Zero(t, report.Due)
		} else {
			require.Equal(t, 1, report.Due)
		}
		r.tape.fault = nil
		r.sync()
		r.intended()
		page, err := r.dir.Users(t.Context(), tenant, scim.Query{})
		require.NoError(t, err)
		require.Len(t, page.Items, 1)
	})
}

// statuses are those of requests whose target begins so.
func (tp *tape) statuses(prefix string) []int {
	var out []int
	for _, s := range tp.sent {
		if strings.HasPrefix(s.target, prefix) {
			out = append(out, s.status)
		}
	}
	return out
}

// TestRefusedData: one person's values that the service refuses stop nobody else, and
// do not keep that person's access alive.
func TestRefusedData(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.staff()
		r.sync()
		require.NoError(t, r.Change("1", func(p *dialect.Person) { p.GivenName = strings.Repeat("x", 5000) }))
		require.NoError(t, r.Change("2", func(p *dialect.Person) { p.GivenName = "Benjamin" }))
		report, err := r.Sync(t.Context())
		require.NoError(t, err)
		require.Equal(t, 1, report.Failed)
		require.Equal(t, 1, report.Due)
		last := r.Log()
		require.Contains(t, last[len(last)-2].Detail+last[len(last)-1].Detail, "invalidValue")
		require.NoError(t, r.Disable("1"))
		r.sync()
		r.intended()
	})
}

// TestOddAnswers: what is no SCIM is a refusal that says so, and nobody's link.
func TestOddAnswers(t *testing.T) {
	t.Parallel()
	odd := func(body string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) })
	}
	two := `{"schemas":["` + idp.ListResponse + `"],"totalResults":2,"Resources":[{"id":"1"},{"id":"2"}]}`
	none := `{"schemas":["` + idp.ListResponse + `"],"totalResults":1,"Resources":[{"userName":"x"}]}`
	empty := `{"schemas":["` + idp.ListResponse + `"],"totalResults":0,"Resources":[]}`
	for name, c := range map[string]struct{ body, detail string }{
		"HTML":         {"<html>", "no ListResponse"},
		"two":          {two, "2 resources"},
		"without id":   {none, "without an id"},
		"POST without": {empty, "no resource with an id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := dialect.New(dialect.CyberArk(), &idp.Service{Handler: odd(c.body)}, nil)
			require.NoError(t, p.Put(ben()))
			report, err := p.Sync(t.Context())
			require.NoError(t, err)
			require.Equal(t, 1, report.Failed)
			require.Contains(t, p.Log()[0].Detail, c.detail)
			require.Empty(t, p.ServiceID("2"))
		})
	}
}

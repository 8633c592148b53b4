package dialect_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/dialect"
)

// TestConnectionLeavesNothing: a connection can be tested again and again, and the host
// has nobody of it.
func TestConnectionLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		for range 2 {
			require.NoError(t, r.TestConnection(t.Context()))
		}
		users, err := r.dir.Users(t.Context(), tenant, scim.Query{})
		require.NoError(t, err)
		require.Empty(t, users.Items)
		groups, err := r.dir.Groups(t.Context(), tenant, scim.Query{})
		require.NoError(t, err)
		require.Empty(t, groups.Items)
		require.NotEmpty(t, r.Log())
		for _, e := range r.Log() {
			require.Equal(t, dialect.ActionTest, e.Action)
			require.False(t, e.Failed, "%+v", e)
		}
	})
}

// answers is a service that answers by method and the beginning of the target; what is
// not there is answered by the library.
func answers(r *rig, fixed map[string]int) {
	r.tape.fault = func(q *http.Request) fault {
		for what, status := range fixed {
			if method, target, _ := strings.Cut(what, " "); q.Method == method && strings.HasPrefix(q.URL.Path, "/scim/v2"+target) {
				return fault{status: status}
			}
		}
		return fault{}
	}
}

// TestActivation: JumpCloud makes do with services that have no groups or delete
// nobody, and with nothing else.
func TestActivation(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fixed  map[string]int
		fails  string
		active bool // the test user is left, and not active
		sent   string
	}{
		"whole":            {nil, "", false, "GET POST POST DELETE DELETE"},
		"no groups":        {map[string]int{"POST /Groups": 404}, "", false, "GET POST POST DELETE"},
		"no DELETE":        {map[string]int{"DELETE /Users": 405}, "", true, "GET POST POST DELETE PATCH DELETE"},
		"DELETE is broken": {map[string]int{"DELETE /Users": 500}, "user deleted", true, "GET POST POST DELETE"},
		"no users":         {map[string]int{"POST /Users": 403}, "user: dialect: the service answered 403", false, "GET POST"},
		"broken groups":    {map[string]int{"POST /Groups": 500}, "group", true, "GET POST POST"},
		"groups stay":      {map[string]int{"DELETE /Groups": 500}, "group deleted", false, "GET POST POST DELETE DELETE"},
		"no list":          {map[string]int{"GET /Users": 204}, "no ListResponse", false, "GET"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, dialect.JumpCloud())
			answers(r, c.fixed)
			err := r.TestConnection(t.Context())
			if c.fails == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, c.fails)
			}
			var methods []string
			for _, s := range r.tape.sent {
				methods = append(methods, s.method)
			}
			require.Equal(t, c.sent, strings.Join(methods, " "))
			page, err := r.dir.Users(t.Context(), tenant, scim.Query{})
			require.NoError(t, err)
			require.Equal(t, c.active, len(page.Items) == 1)
			if name == "no DELETE" {
				require.Equal(t, scim.StatusDeactivated, page.Items[0].Status)
			}
		})
	}
}

// TestActivationNeedsANewAddress: a test user whose address somebody has already is
// refused, and that somebody stays as before.
func TestActivationNeedsANewAddress(t *testing.T) {
	t.Parallel()
	d := dialect.JumpCloud()
	d.TestUser = "ben@example.com"
	r := newRig(t, d)
	require.NoError(t, r.Put(ben()))
	r.sync()
	var refusal *dialect.Refusal
	require.ErrorAs(t, r.TestConnection(t.Context()), &refusal)
	require.Equal(t, http.StatusConflict, refusal.Status)
	require.Equal(t, "uniqueness", refusal.ScimType)
	r.intended()
}

// TestNobodyIs404: OneLogin takes 404 for nobody, when it tests the connection and when
// it looks somebody up; others do not.
func TestNobodyIs404(t *testing.T) {
	t.Parallel()
	for _, d := range []dialect.Dialect{dialect.OneLogin(), dialect.Google()} {
		r := newRig(t, d)
		r.tape.fault = func(q *http.Request) fault {
			if q.URL.Query().Has("filter") {
				return fault{status: http.StatusNotFound}
			}
			return fault{}
		}
		require.Equal(t, d.Absent404, r.TestConnection(t.Context()) == nil)
		require.NoError(t, r.Put(ben()))
		report, err := r.Sync(t.Context())
		require.NoError(t, err)
		require.Equal(t, d.Absent404, report.Failed == 0)
		require.Equal(t, d.Absent404, r.ServiceID("2") != "")
	}
}

// TestOverTheNetwork: OneLogin's empty User-Agent is none on the wire, Google's is its
// own, and headers of the service are over those of the dialect.
func TestOverTheNetwork(t *testing.T) {
	t.Parallel()
	r := newRig(t, dialect.OneLogin())
	var agents []string
	var named []bool
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		agents = append(agents, q.UserAgent())
		_, sent := q.Header["User-Agent"]
		named = append(named, sent)
		r.handler.ServeHTTP(w, q)
	}))
	t.Cleanup(server.Close)
	s := &idp.Service{URL: server.URL + "/scim/v2/", Token: token}
	require.NoError(t, dialect.New(dialect.OneLogin(), s, nil).TestConnection(t.Context()))
	require.NoError(t, dialect.New(dialect.Google(), s, nil).TestConnection(t.Context()))
	s.Header = http.Header{"User-Agent": {"mine"}}
	require.NoError(t, dialect.New(dialect.Google(), s, nil).TestConnection(t.Context()))
	require.Equal(t, []string{"", "Google-Auto-Provisioning", "mine"}, agents)
	require.Equal(t, []bool{false, true, true}, named)
}

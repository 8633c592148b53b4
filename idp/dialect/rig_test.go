package dialect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/dialect"
	"github.com/usher-scim/scim/memstore"
)

const (
	token  = "a-token-of-the-tests-0123456789"
	tenant = scim.Tenant("acme")
)

// tester is what a rig needs of a *testing.T or a *rapid.T.
type tester interface {
	require.TestingT
	Helper()
	Context() context.Context
}

// rig is a provider before the library, and what went between them.
type rig struct {
	tester
	*dialect.Provider
	dir     *scim.Directory
	handler *scim.Handler
	service *idp.Service
	clock   *idp.Clock
	tape    *tape
	seats   *scim.Limit
}

func newRig(t tester, d dialect.Dialect) *rig {
	t.Helper()
	clock := new(idp.Clock)
	verify := func(_ context.Context, secret string) (scim.Connection, error) {
		if secret != token {
			return scim.Connection{}, scim.ErrToken
		}
		return scim.Connection{ID: "idp", Tenant: tenant}, nil
	}
	seats := scim.Unlimited
	dir, err := scim.New(scim.Config{Store: memstore.New(), Now: clock.Now, Seats: func(context.Context, scim.Tenant) (scim.Limit, error) { return seats, nil }})
	require.NoError(t, err)
	handler, err := scim.NewHandler(dir, scim.HandlerConfig{BaseURL: "http://scim.invalid/scim/v2", Verifier: scim.TokenVerifierFunc(verify)})
	require.NoError(t, err)
	tp := &tape{next: handler, ids: make(map[string]string)}
	service := &idp.Service{Handler: tp, Token: token}
	return &rig{tester: t, Provider: dialect.New(d, service, clock), dir: dir, handler: handler, service: service, clock: clock, tape: tp, seats: &seats}
}

// tape writes down what is sent, in the form of the transcripts in the module's
// testdata, with names in place of ids. fault may answer in place of the service.
type tape struct {
	next  http.Handler
	text  bytes.Buffer
	ids   map[string]string
	sent  []*sent
	fault func(r *http.Request) fault
}

// fault is what becomes of a request: it is answered with a status and not carried
// out, or carried out and answered so.
type fault struct {
	status int // 0: none
	after  bool
	header http.Header
}

// sent is one request as it arrived, and the status of its answer.
type sent struct {
	method, target string
	header         http.Header
	body           map[string]any
	status         int
	first          bool // of all that is about users
}

func (tp *tape) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s := &sent{method: r.Method, target: strings.TrimPrefix(r.RequestURI, "/scim/v2"), header: r.Header.Clone()}
	_ = json.Unmarshal(body, &s.body)
	s.first = strings.HasPrefix(s.target, "/Users") && len(tp.statuses("/Users")) == 0
	tp.sent = append(tp.sent, s)
	var f fault
	if tp.fault != nil {
		f = tp.fault(r)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	answer := httptest.NewRecorder()
	if f.status == 0 || f.after {
		tp.next.ServeHTTP(answer, r)
		tp.name(s, answer.Body.Bytes())
	}
	if f.status != 0 {
		answer = httptest.NewRecorder()
		for name, values := range f.header {
			answer.Header()[name] = values
		}
		answer.WriteHeader(f.status)
	}
	s.status = answer.Code
	tp.write(s, body)
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}

// name gives the id of what was made a name: the local part, or the group's name.
func (tp *tape) name(s *sent, answer []byte) {
	var made struct{ ID, UserName, DisplayName string }
	if s.method != http.MethodPost || json.Unmarshal(answer, &made) != nil || made.ID == "" || tp.ids[made.ID] != "" {
		return
	}
	name, _, _ := strings.Cut(made.UserName, "@")
	if name == "" {
		name = strings.ToLower(strings.ReplaceAll(made.DisplayName, " ", "-"))
	}
	tp.ids[made.ID] = "{{" + name + "}}"
}

var written = []string{"User-Agent", "Accept", "Content-Type"}

func (tp *tape) write(s *sent, body []byte) {
	fmt.Fprintf(&tp.text, "%s %s\n", s.method, tp.anonymous(s.target))
	for _, name := range written {
		if values, sent := s.header[name]; sent {
			fmt.Fprintf(&tp.text, "%s\n", strings.TrimSpace(name+": "+values[0]))
		}
	}
	if len(body) > 0 {
		fmt.Fprintf(&tp.text, "%s\n", tp.anonymous(string(body)))
	}
	fmt.Fprintf(&tp.text, "=> %d\n\n", s.status)
}

var version = regexp.MustCompile(`W/\\"[^"\\]*\\"`)

// anonymous takes out what differs from run to run.
func (tp *tape) anonymous(text string) string {
	text = version.ReplaceAllString(text, "{{version}}")
	for id, name := range tp.ids {
		text = strings.ReplaceAll(text, id, name)
	}
	return text
}

// scene begins a part of a golden file.
func (r *rig) scene(title string) { fmt.Fprintf(&r.tape.text, "# %s\n\n", title) }

// sync sends what is due, all of which has to succeed.
func (r *rig) sync() {
	r.Helper()
	report, err := r.Sync(r.Context())
	require.NoError(r, err)
	require.Zero(r, report.Failed, "%+v\n%+v", report, r.Log())
	before, length := len(r.tape.sent), r.tape.text.Len()
	again, err := r.Sync(r.Context())
	require.NoError(r, err)
	require.Zero(r, again.Done+again.Failed, "what was sent is not due any more")
	if !r.Dialect().Aggregates {
		require.Len(r, r.tape.sent, before)
	}
	r.tape.text.Truncate(length)
}

// Package idptest proves that a host understands what identity providers send: it
// plays what happens in the life of a company, by every simulated provider, against a
// handler or an address, and looks at it from both sides: what the host then has, and
// what the provider's log says.
//
//	func TestProvisioning(t *testing.T) {
//		idptest.RunHosts(t, func(t testing.TB) idptest.Host {
//			dir, handler, token := newHost(t) // yours: your Store, your TokenVerifier
//			return idptest.Host{Handler: handler, Token: token, Directory: dir, Tenant: "acme"}
//		})
//	}
//
// Run is the short form, for a handler that takes Token. The fields of Host that are
// left out leave out what needs them: the test says which scenarios were skipped.
package idptest

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
)

// Token is the bearer token that Run sends.
const Token = "idptest-token-of-a-simulated-provider"

// Host is a service under test, and what the test may see and do on its side. Only
// Handler or URL, and Token, are needed.
type Host struct {
	// Handler answers in process. Its paths begin as those of URL do.
	Handler http.Handler
	// URL is the tenant URL; "" is http://scim.invalid/scim/v2/, for a Handler.
	URL   string
	Token string

	// Directory and Tenant are the host's own view. With them statuses, folders and
	// managers are looked at too; without them only what SCIM shows.
	Directory *scim.Directory
	Tenant    scim.Tenant
	// SetSeats states how many seats the tenant has from now on. Scenarios that need
	// a licence are skipped without it, and without Directory.
	SetSeats func(n int)
	// Rotate ends the token and returns the one that is valid from now on. Scenarios
	// that need it are skipped without it.
	Rotate func() string
}

// Run plays all scenarios by all providers against one handler, which serves the paths
// below /scim/v2/ and takes Token for its connection.
func Run(t *testing.T, handler http.Handler) {
	t.Helper()
	RunHosts(t, func(testing.TB) Host { return Host{Handler: handler, Token: Token} })
}

// RunHosts plays all scenarios by all providers; open makes the host of each play.
// Plays may share a host, also one that has users already: each brings people of its
// own. Then SetSeats and Rotate are to be nil.
func RunHosts(t *testing.T, open func(t testing.TB) Host) {
	t.Helper()
	for _, m := range makers() {
		t.Run(m.name, func(t *testing.T) {
			for _, s := range scenarios {
				t.Run(s.name, func(t *testing.T) { play(t, m, s, open(t)) })
			}
		})
	}
}

// Play plays one scenario, by its name and the provider's, as the names of the
// subtests of Run have them. It fails the test if there is none of that name.
func Play(t *testing.T, provider, scenario string, h Host) {
	t.Helper()
	for _, m := range makers() {
		for _, s := range scenarios {
			if m.name == provider && s.name == scenario {
				play(t, m, s, h)
				return
			}
		}
	}
	t.Fatalf("idptest: there is no scenario %q of provider %q", scenario, provider)
}

// Names are the names of the providers and of the scenarios.
func Names() (providers, plays []string) {
	for _, m := range makers() {
		providers = append(providers, m.name)
	}
	for _, s := range scenarios {
		plays = append(plays, s.name)
	}
	return providers, plays
}

func play(t *testing.T, m maker, s scenario, h Host) {
	t.Helper()
	switch {
	case h.Handler == nil && h.URL == "":
		t.Fatal("idptest: a Host needs Handler or URL")
	case s.seats && (h.SetSeats == nil || h.Directory == nil):
		t.Skip("needs Host.SetSeats and Host.Directory")
	case s.rotate && h.Rotate == nil:
		t.Skip("needs Host.Rotate")
	}
	h.URL = cmp.Or(h.URL, "http://scim.invalid/scim/v2/")
	g := &gate{host: h, next: http.DefaultTransport}
	client := &http.Client{Transport: g}
	st := &stage{T: t, host: h, gate: g, domain: uniqueDomain()}
	st.reader = &idp.Service{URL: h.URL, Token: h.Token, Client: client}
	st.service = &idp.Service{URL: h.URL, Token: h.Token, Client: client, Observe: st.observe}
	st.provider = m.open(t, st.service)
	require.NoError(t, st.provider.Connect(t.Context()), "the connection test")
	s.play(st)
}

// gate stands between the providers and the host, so that a test can cut them off.
type gate struct {
	host Host
	next http.RoundTripper

	mu   sync.Mutex
	down bool
	seen int    // requests since the last count
	at   int    // request at which then is called; 0 never
	then func() // called once
}

// errDown is what a provider sees of a host that cannot be reached.
var errDown = errors.New("the host is down")

// RoundTrip answers in process, or over the network, unless the host is down.
func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	g.mu.Lock()
	if g.seen++; g.at > 0 && g.seen == g.at {
		g.then()
		g.at = 0
	}
	down := g.down
	g.mu.Unlock()
	switch {
	case down:
		return nil, errDown
	case g.host.Handler == nil:
		return g.next.RoundTrip(r)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	in := r.Clone(r.Context())
	in.RequestURI, in.RemoteAddr = r.URL.RequestURI(), "192.0.2.1:1234"
	if in.Body == nil {
		in.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	g.host.Handler.ServeHTTP(w, in)
	return w.Result(), nil
}

// cut makes the host unreachable, or reachable again.
func (g *gate) cut(down bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.down = down
}

// after calls f before the nth request from now on is answered.
func (g *gate) after(n int, f func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen, g.at, g.then = 0, n, f
}

// Person is somebody as a scenario knows them.
type Person struct {
	Key        string // who it is in the scenario, whatever the names
	UserName   string
	Email      string
	GivenName  string
	FamilyName string
	Title      string
	Department string
	Manager    string // the manager's Key, "" for none
}

// Provider is a simulated identity provider in the hands of a scenario. Its methods but
// Connect and Sync change what the provider knows; Sync sends it.
type Provider interface {
	// Connect is the provider's connection test.
	Connect(ctx context.Context) error
	// Put makes a person, or makes it what it is now.
	Put(p Person)
	// Leave ends a person's access in the provider, Return gives it back, and Delete
	// deletes somebody who has left for good.
	Leave(key string)
	Return(key string)
	Delete(key string)
	// Group makes a group, or makes these its members.
	Group(name string, keys ...string)
	RenameGroup(from, to string)
	// MapToID adds a mapping of the userName to the SCIM attribute id, which no client
	// may write, or takes it away again. It reports whether the provider lets an
	// administrator do that.
	MapToID(on bool) bool
	// Sync sends what is due, and lets the time pass that the provider waits before it
	// tries again what failed.
	Sync(ctx context.Context)
	// SetToken is what the administrator does after a rotation.
	SetToken(token string)
	// Failures returns what the provider's log has as failed since it was last asked.
	Failures() []Failure
	// Has says which of the abilities that differ the provider has.
	Has() Abilities
}

// Failure is an entry of a provider's log.
type Failure struct {
	Who    string // as the log names it
	Status int    // of the answer; 0: there was none
	Detail string // what the service said, or why there was no answer
}

// Abilities are what some providers do and others do not.
type Abilities struct {
	Email      bool // the address is sent, and not only the userName
	Managers   bool
	Department bool
	Title      bool
	Deletes    bool // who is deleted is deleted at the service, not disabled
	Groups     bool
}

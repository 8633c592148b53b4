package idptest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp/idptest"
	"github.com/usher-scim/scim/memstore"
)

// newHost is a host as a team would have it in its tests: everything in memory.
func newHost(t testing.TB) idptest.Host {
	t.Helper()
	var (
		mu     sync.Mutex
		limit  scim.Limit
		tokens scim.Tokens
	)
	dir, err := scim.New(scim.Config{
		Store: memstore.New(),
		Seats: func(context.Context, scim.Tenant) (scim.Limit, error) {
			mu.Lock()
			defer mu.Unlock()
			return limit, nil
		},
	})
	require.NoError(t, err)
	connection := scim.Connection{ID: "entra", Tenant: "acme"}
	secret, issued, err := tokens.Issue(connection, time.Time{})
	require.NoError(t, err)
	handler, err := scim.NewHandler(dir, scim.HandlerConfig{BaseURL: "http://scim.invalid/scim/v2", Verifier: &tokens})
	require.NoError(t, err)
	return idptest.Host{
		Handler: handler.Mount(http.NotFoundHandler()), Token: secret, Directory: dir, Tenant: "acme",
		SetSeats: func(n int) {
			mu.Lock()
			defer mu.Unlock()
			limit = scim.Seats(n)
		},
		Rotate: func() string {
			require.True(t, tokens.Revoke(issued.ID))
			secret, issued, err = tokens.Issue(connection, time.Time{})
			require.NoError(t, err)
			return secret
		},
	}
}

// TestEveryProviderPlaysEveryScenario is what the library promises.
func TestEveryProviderPlaysEveryScenario(t *testing.T) {
	t.Parallel()
	idptest.RunHosts(t, newHost)
}

// TestRun is the short form, on one handler that all plays share.
func TestRun(t *testing.T) {
	t.Parallel()
	dir, err := scim.New(scim.Config{Store: memstore.New()})
	require.NoError(t, err)
	var tokens scim.Tokens
	_, err = tokens.Add(scim.Connection{ID: "any", Tenant: "acme"}, idptest.Token, time.Time{})
	require.NoError(t, err)
	handler, err := scim.NewHandler(dir, scim.HandlerConfig{BaseURL: "https://app.example.com/scim/v2", Verifier: &tokens})
	require.NoError(t, err)
	idptest.Run(t, handler)
}

// TestRunOverTheNetwork: an address does as well as a handler.
func TestRunOverTheNetwork(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	server := httptest.NewServer(h.Handler)
	t.Cleanup(server.Close)
	providers, scenarios := idptest.Names()
	for _, p := range providers {
		idptest.Play(t, p, scenarios[0], idptest.Host{URL: server.URL + "/scim/v2", Token: h.Token})
	}
}

// broken are hosts that get one thing wrong, by what they do to requests and answers,
// and the play that has to notice.
var broken = map[string]struct {
	provider, scenario string
	says               string // by the kit
	change             func(h *idptest.Host)
}{
	"404 for nobody": {"entra", "hire", "the connection test", func(h *idptest.Host) {
		h.Handler = answers(h.Handler, func(r *http.Request, w *httptest.ResponseRecorder) {
			if r.Method == http.MethodGet && strings.Contains(w.Body.String(), `"totalResults":0`) {
				w.Code = http.StatusNotFound
			}
		})
	}},
	"strings are no booleans": {"entra", "leave", "expected: false", func(h *idptest.Host) {
		h.Handler = requests(h.Handler, func(r *http.Request, body []byte) []byte {
			if r.Method == http.MethodPatch {
				return bytes.ReplaceAll(body, []byte(`"False"`), []byte(`"True"`))
			}
			return body
		})
	}},
	"who is deactivated is hidden": {"okta-catalogue", "leave", "who has left stays readable", func(h *idptest.Host) {
		h.Handler = answers(h.Handler, func(r *http.Request, w *httptest.ResponseRecorder) {
			if r.Method == http.MethodGet && w.Code == http.StatusOK && strings.Contains(w.Body.String(), `"active":false`) && strings.Contains(r.URL.Path, "/Users/") {
				w.Code = http.StatusNotFound
			}
		})
	}},
	"removing one member removes all": {"jumpcloud", "group renamed", "should have 2 item(s), but has 1", func(h *idptest.Host) {
		h.Handler = requests(h.Handler, func(r *http.Request, body []byte) []byte {
			var patch struct {
				Schemas    []string
				Operations []map[string]any
			}
			if r.Method != http.MethodPatch || json.Unmarshal(body, &patch) != nil {
				return body
			}
			for _, op := range patch.Operations {
				if strings.EqualFold(op["op"].(string), "remove") {
					delete(op, "value")
				}
			}
			out, _ := json.Marshal(patch)
			return out
		})
	}},
	"names are folded": {"okta-wizard", "hire", "Eve.oneil", func(h *idptest.Host) {
		h.Handler = requests(h.Handler, func(r *http.Request, body []byte) []byte {
			if r.Method == http.MethodPost {
				return bytes.ReplaceAll(body, []byte("ONeil"), []byte("oneil"))
			}
			return body
		})
	}},
	"no PUT": {"okta-wizard", "change department", "501 Not Implemented", func(h *idptest.Host) {
		h.Handler = without(h.Handler, http.MethodPut)
	}},
	"no PATCH": {"entra-flag", "change department", "501 Not Implemented", func(h *idptest.Host) {
		h.Handler = without(h.Handler, http.MethodPatch)
	}},
	"no DELETE": {"entra", "delete", "501 Not Implemented", func(h *idptest.Host) {
		h.Handler = without(h.Handler, http.MethodDelete)
	}},
	"seats without a limit": {"entra", "licence exhausted and extended", "Active:true", func(h *idptest.Host) {
		h.SetSeats = func(int) {}
	}},
	"an old token that stays": {"entra", "token rotated in the middle of a cycle", "the provider's log has no failure", func(h *idptest.Host) {
		token := h.Token
		h.Rotate = func() string { return token }
	}},
	"managers are forgotten": {"entra", "promote to manager", "the manager of bob", func(h *idptest.Host) {
		h.Handler = requests(h.Handler, func(_ *http.Request, body []byte) []byte {
			return bytes.ReplaceAll(body, []byte("2.0:User:manager"), []byte("2.0:User:boss"))
		})
	}},
	"a server that breaks": {"entra-flag", "server down for a cycle", "500", func(h *idptest.Host) {
		n := 0
		h.Handler = answers(h.Handler, func(r *http.Request, w *httptest.ResponseRecorder) {
			if n++; r.Method != http.MethodGet && n > 10 {
				w.Code = http.StatusInternalServerError
			}
		})
	}},
}

// TestKitNotices runs the kit on broken hosts, each in a process of its own, since
// there it has to fail.
func TestKitNotices(t *testing.T) {
	t.Parallel()
	const which = "IDPTEST_BROKEN"
	if name := os.Getenv(which); name != "" {
		h := newHost(t)
		b := broken[name]
		b.change(&h)
		idptest.Play(t, b.provider, b.scenario, h)
		return
	}
	for name := range broken {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestKitNotices$") //nolint:gosec // this test itself
			cmd.Env = append(os.Environ(), which+"="+name)
			out, err := cmd.CombinedOutput()
			require.Error(t, err, "the kit has not noticed:\n%s", out)
			require.Contains(t, string(out), "--- FAIL: TestKitNotices")
			require.Contains(t, string(out), broken[name].says)
			require.NotContains(t, string(out), "panic")
		})
	}
}

// requests is a handler that changes what arrives.
func requests(next http.Handler, change func(*http.Request, []byte) []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		body = change(r, body)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		next.ServeHTTP(w, r)
	})
}

// answers is a handler that changes what is said.
func answers(next http.Handler, change func(*http.Request, *httptest.ResponseRecorder)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said := httptest.NewRecorder()
		next.ServeHTTP(said, r)
		change(r, said)
		for name, v := range said.Header() {
			w.Header()[name] = v
		}
		w.WriteHeader(said.Code)
		_, _ = w.Write(said.Body.Bytes())
	})
}

func without(next http.Handler, method string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == method {
			w.WriteHeader(http.StatusNotImplemented)
			return
		}
		next.ServeHTTP(w, r)
	})
}

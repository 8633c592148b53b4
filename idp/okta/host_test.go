package okta_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/okta"
	"github.com/usher-scim/scim/memstore"
)

const acme = scim.Tenant("acme")

// host is the application that an organisation is provisioned to, with the library in
// front of it.
type host struct {
	*stage
	dir   *scim.Directory
	seats atomic.Int64 // below zero: unlimited
	token atomic.Value // the token that is good
}

func onLibrary(t tester, c okta.Config) *host {
	h := &host{stage: &stage{t: t}}
	h.seats.Store(-1)
	h.token.Store(token)
	var err error
	h.dir, err = scim.New(scim.Config{
		Store: memstore.New(),
		Seats: func(context.Context, scim.Tenant) (scim.Limit, error) {
			if n := h.seats.Load(); n >= 0 {
				return scim.Seats(int(n)), nil
			}
			return scim.Unlimited, nil
		},
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	require.NoError(t, err)
	handler, err := scim.NewHandler(h.dir, scim.HandlerConfig{
		BaseURL: "https://app.example.com/scim/v2",
		Verifier: scim.TokenVerifierFunc(func(_ context.Context, token string) (scim.Connection, error) {
			if token != h.token.Load() {
				return scim.Connection{}, scim.ErrToken
			}
			return scim.Connection{ID: "okta", Tenant: acme, Name: "Okta"}, nil
		}),
	})
	require.NoError(t, err)
	h.start(handler, c)
	return h
}

// account is the account of one of Okta's users in the directory.
func (h *host) account(user string) *scim.User {
	h.t.Helper()
	known, ok := h.app.AppUser(user)
	require.True(h.t, ok)
	u, err := h.dir.User(background, acme, known.ID)
	require.NoError(h.t, err)
	return u
}

// members lists the userNames of the members of a group in the directory.
func (h *host) members(name string) []string {
	h.t.Helper()
	page, err := h.dir.Groups(background, acme, scim.Query{})
	require.NoError(h.t, err)
	for _, g := range page.Items {
		if g.DisplayName != name {
			continue
		}
		members, err := h.dir.Members(background, acme, g.ID, scim.Query{Limit: 1000})
		require.NoError(h.t, err)
		out := []string{}
		for _, m := range members.Items {
			u, err := h.dir.User(background, acme, m.ID)
			require.NoError(h.t, err)
			out = append(out, u.UserName)
		}
		slices.Sort(out)
		return out
	}
	return nil
}

// count is how many users the directory has, of any status.
func (h *host) count() int {
	h.t.Helper()
	c, err := h.dir.Counts(background, acme)
	require.NoError(h.t, err)
	return c.Active + c.Deactivated + c.Held + c.Archived
}

// write sends a request of somebody else's, past the recorder.
func (h *host) write(method, path, body string) map[string]any {
	h.t.Helper()
	r := httptest.NewRequest(method, "/scim/v2"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	h.sent.next.ServeHTTP(w, r)
	require.Less(h.t, w.Code, 300, w.Body.String())
	var out map[string]any
	_ = json.Unmarshal(w.Body.Bytes(), &out)
	return out
}

func (h *host) read(path string) idp.Resource { return h.write(http.MethodGet, path, "") }

// entries are those of the log that are of a kind.
func (h *host) entries(event string) []okta.Entry {
	return slices.DeleteFunc(h.app.Log(), func(e okta.Entry) bool { return e.Event != event })
}

// view is what the host sees of a user.
func (h *host) view(u *scim.User) scim.View {
	h.t.Helper()
	v, err := h.dir.View(background, acme, u)
	require.NoError(h.t, err)
	return v
}

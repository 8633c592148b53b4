package scim_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// interrupted is a store in which something happens after held users were listed.
type interrupted struct {
	scim.Store
	then func()
}

func (s *interrupted) Users(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.User], error) {
	page, err := s.Store.Users(ctx, t, q)
	if q.Status == scim.StatusHeld && s.then != nil {
		s.then()
		s.then = nil
	}
	return page, err
}

// TestActivateHeldLeaver: a user who is deactivated between the look at the held
// users and the activation does not become active.
func TestActivateHeldLeaver(t *testing.T) {
	t.Parallel()
	limit := scim.Seats(0)
	store := &interrupted{Store: memstore.New()}
	dir, send := service(scim.Config{
		Store: store,
		Seats: func(context.Context, scim.Tenant) (scim.Limit, error) { return limit, nil },
	})
	send(http.MethodPost, "/Users", `{"userName": "ann@example.com"}`)
	send(http.MethodPost, "/Users", `{"userName": "bob@example.com"}`)
	limit = scim.Seats(5)
	ann := idOf(dir, "ann@example.com")
	store.then = func() {
		send(http.MethodPatch, "/Users/"+ann, `{"Operations": [{"op": "replace", "path": "active", "value": false}]}`)
	}
	done, err := dir.ActivateHeld(t.Context(), "acme")
	if err != nil || len(done) != 1 || done[0].UserName != "bob@example.com" {
		t.Errorf("activated %v, %v", done, err)
	}
	u, err := dir.User(t.Context(), "acme", ann)
	if err != nil || u.Status != scim.StatusDeactivated {
		t.Errorf("the leaver is %v, %v", u.Status, err)
	}
}

// TestCreateUserLimits: what a client may not send, a host may not either (P2.8).
func TestCreateUserLimits(t *testing.T) {
	t.Parallel()
	dir, _ := service(scim.Config{})
	for _, n := range []scim.NewUser{
		{UserName: strings.Repeat("a", 513), Email: "ann@example.com"},
		{UserName: "ann", Email: strings.Repeat("a", 513) + "@example.com"},
		{UserName: "ann@example.com", GivenName: strings.Repeat("a", 4097)},
		{UserName: "ann@example.com", FamilyName: strings.Repeat("a", 4097)},
	} {
		_, err := dir.CreateUser(t.Context(), "acme", n)
		var refused *scim.Error
		if !errors.As(err, &refused) || refused.Status != 400 {
			t.Errorf("%.20s %.20s %.20s %.20s: %v", n.UserName, n.Email, n.GivenName, n.FamilyName, err)
		}
	}
}

// TestNegativeOffset: an offset below zero is zero, whoever answers the filter.
func TestNegativeOffset(t *testing.T) {
	t.Parallel()
	dir, send := service(scim.Config{})
	send(http.MethodPost, "/Users", `{"userName": "ann@example.com"}`)
	for _, text := range []string{`userName eq "ann@example.com"`, `userName sw "ann"`} {
		f, err := dir.UserFilter(text)
		if err != nil {
			t.Fatal(err)
		}
		page, err := dir.Users(t.Context(), "acme", scim.Query{Filter: f, Offset: -5})
		if err != nil || len(page.Items) != 1 {
			t.Errorf("%s: %d users, %v", text, len(page.Items), err)
		}
	}
}

// TestUnsupportedIsNoFailure: clients that probe do not fill the log with errors.
func TestUnsupportedIsNoFailure(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	require.Equal(t, 501, r.do("GET", "/Me", nil).status)
	require.NotContains(t, r.log.String(), "level=ERROR")
}

// A store may keep events as JSON: what was written is read back.
func TestEventsSurviveJSON(t *testing.T) {
	t.Parallel()
	for _, e := range []scim.Event{
		{Kind: scim.UserCreated, To: scim.StatusHeld},
		{Kind: scim.GroupDeleted, Left: []string{"g"}},
		{Kind: scim.UserArchived, From: scim.StatusActive, To: scim.StatusArchived},
	} {
		text, err := json.Marshal(e)
		require.NoError(t, err)
		var back scim.Event
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, e, back)
	}
	var s scim.Status
	require.Error(t, s.UnmarshalText([]byte("gone")))
}

// A client that sends a body which is too large to its end gets the answer, and
// no reset connection.
func TestTooLargeABodyIsAnswered(t *testing.T) {
	t.Parallel()
	dir, err := scim.New(scim.Config{Store: memstore.New(), Limits: scim.Limits{Body: 1 << 20}})
	require.NoError(t, err)
	h, err := scim.NewHandler(dir, scim.HandlerConfig{BaseURL: "http://127.0.0.1/scim/v2", Verifier: scim.TokenVerifierFunc(
		func(context.Context, string) (scim.Connection, error) {
			return scim.Connection{ID: "c", Tenant: "t"}, nil
		},
	)})
	require.NoError(t, err)
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	body := `{"userName":"` + strings.Repeat("a", 5<<20) + `"}`
	for name, length := range map[string]string{"announced": fmt.Sprintf("Content-Length: %d\r\n\r\n", len(body)), "chunked": "Transfer-Encoding: chunked\r\n\r\n"} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			require.NoError(t, err)
			defer conn.Close()
			sent := body
			if name == "chunked" {
				sent = fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)
			}
			_, err = io.WriteString(conn, "POST /scim/v2/Users HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer x\r\n"+length+sent)
			require.NoError(t, err)
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			defer res.Body.Close()
			require.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode)
		})
	}
}

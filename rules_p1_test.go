package scim_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

func TestP1_1_TenantsAreApart(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setSeats(1)
	ann := r.create(person("ann", obj{ent: obj{"department": "Sales"}, "externalId": "x-1"}))
	staff := r.group("Staff", ann)
	foreign := r.as(other)

	t.Run("nothing of another tenant is found", func(t *testing.T) {
		f := foreign.in(t)
		for _, path := range []string{"/Users/" + ann, "/Groups/" + staff} {
			f.refused(404, "", "GET", path, nil)
			f.refused(404, "", "DELETE", path, nil)
		}
		f.refused(404, "", "PATCH", "/Users/"+ann, patch(set("active", false)))
		f.refused(404, "", "PUT", "/Users/"+ann, person("ann"))
		f.refused(404, "", "PATCH", "/Groups/"+staff, patch(op("add", "members", refs(ann))))
		f.refused(404, "", "PUT", "/Groups/"+staff, obj{"displayName": "Staff"})
		require.Empty(t, f.find("/Users", `userName pr`))
		require.Empty(t, f.find("/Users", `id eq "`+ann+`" or externalId eq "x-1"`))
		require.Empty(t, f.find("/Users", `emails.value eq "ann@acme.example"`))
		require.Empty(t, f.find("/Groups", `displayName eq "Staff" or id eq "`+staff+`"`))
	})
	t.Run("a member of another tenant is unknown", func(t *testing.T) {
		f := foreign.in(t)
		f.refused(400, "invalidValue", "POST", "/Groups", obj{"displayName": "G", "members": refs(ann)})
		f.refused(400, "invalidValue", "POST", "/Groups", obj{"displayName": "G", "members": refs(staff)})
		f.refused(400, "invalidValue", "POST", "/Groups", obj{"displayName": "G", "members": refs("x-1")})
	})
	t.Run("uniqueness, seats and folders are each tenant's own", func(t *testing.T) {
		f := foreign.in(t)
		f.setSeats(1)
		twin := f.create(person("ann", obj{"externalId": "x-1", ent: obj{"manager": ann}}))
		require.NotEqual(t, ann, twin)
		require.Equal(t, scim.StatusActive, f.status(twin), "the seat of another tenant was counted")
		require.Empty(t, f.folders(scim.RootDepartment))
		require.Empty(t, f.view(twin).ManagerID)
		f.group("Staff", twin)
		require.Equal(t, 1, r.licence().Used)
		require.Len(t, r.folders(scim.RootDepartment), 1)
	})
	t.Run("the host's look-ups, record and activity too", func(t *testing.T) {
		ctx := context.Background()
		_, err := r.dir.User(ctx, globex, ann)
		require.ErrorIs(t, err, scim.ErrNotFound)
		_, err = r.dir.Deactivate(ctx, globex, ann)
		require.ErrorIs(t, err, scim.ErrNotFound)
		_, err = r.dir.Members(ctx, globex, staff, scim.Query{})
		require.ErrorIs(t, err, scim.ErrNotFound)
		for _, e := range foreign.record() {
			require.Equal(t, globex, e.Tenant)
			require.NotEqual(t, "entra", e.Connection)
		}
		a, err := r.dir.Activity(ctx, globex)
		require.NoError(t, err)
		require.Len(t, a, 1)
		require.Equal(t, "other", a[0].Connection)
	})
}

func TestP1_2_TokensNameOneConnection(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	s := &scim.Tokens{Now: func() time.Time { return now }}
	ctx := context.Background()
	first, described, err := s.Issue(entra, time.Time{})
	require.NoError(t, err)
	c, err := s.VerifyToken(ctx, first)
	require.NoError(t, err)
	require.Equal(t, entra, c)
	require.NotContains(t, described.ID, first)

	second, _, err := s.Issue(entra, now.Add(time.Hour))
	require.NoError(t, err, "the second is for rotation")
	_, _, err = s.Issue(entra, time.Time{})
	require.ErrorIs(t, err, scim.ErrTooManyTokens)
	_, err = s.Add(okta, first, time.Time{})
	require.ErrorIs(t, err, scim.ErrTokenInUse, "a token cannot serve two connections")

	now = now.Add(time.Hour)
	_, err = s.VerifyToken(ctx, second)
	require.ErrorIs(t, err, scim.ErrToken, "it has expired")
	third, _, err := s.Issue(entra, time.Time{})
	require.NoError(t, err, "an expired token is not valid and does not count")
	require.True(t, s.Revoke(described.ID))
	_, err = s.VerifyToken(ctx, first)
	require.ErrorIs(t, err, scim.ErrToken)
	_, err = s.VerifyToken(ctx, third)
	require.NoError(t, err)
	_, _, err = s.Issue(scim.Connection{ID: "entra", Tenant: globex}, time.Time{})
	require.Error(t, err, "a connection provisions one tenant")
}

func TestP1_2_ConnectionsOfOneTenantShareItsDirectory(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ann := r.create(person("ann"))
	require.Equal(t, "entra", r.user(ann).Connection)
	require.Equal(t, ann, r.as(okta).get(ann).id())

	r.as(okta).patch(ann, set("title", "Chief"))
	require.Equal(t, "okta", r.user(ann).Connection, "the one that wrote last manages the user")
	require.Equal(t, "okta", r.last().Connection, "the record says so")

	r.still(func() { r.patch(ann, set("title", "Chief")) })
	r.refused(409, "uniqueness", "POST", "/Users", person("ann"))
	r.ok(204, "DELETE", "/Users/"+ann, nil)
	require.Equal(t, "entra", r.user(ann).Connection)
	require.Equal(t, "entra", r.last().Connection)
}

func TestP1_2_TokenOfTheRequest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	each(t, map[string]string{
		"none":         "",
		"unknown":      "Bearer nobody",
		"other scheme": "Basic token-entra",
		"no token":     "Bearer ",
	}, func(t *testing.T, authorization string) {
		req := httptest.NewRequest("POST", baseURL+"/Users?access_token=token-entra", strings.NewReader(`{"userName":"a@acme.example"}`))
		if authorization != "" {
			req.Header.Set("Authorization", authorization)
		}
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, req)
		require.Equal(t, http.StatusUnauthorized, w.Code)
		c, err := r.dir.Counts(context.Background(), acme)
		require.NoError(t, err)
		require.Zero(t, c)
	})
}

func TestP1_3_HostReadsAndOwns(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := context.Background()
	r.setSeats(2)
	own := r.host("root", "root@acme.example")
	require.Equal(t, scim.StatusActive, own.Status)
	require.False(t, own.Managed, "the host may own users")
	r.create(person("ann"))
	held := r.create(person("bob"))

	page, err := r.dir.Users(ctx, acme, scim.Query{})
	require.NoError(t, err)
	require.Equal(t, 3, page.Total, "the host reads the directory")
	_, err = r.dir.Activate(ctx, acme, held)
	require.ErrorIs(t, err, scim.ErrSeats)
	r.setSeats(3)
	u, err := r.dir.Activate(ctx, acme, held)
	require.NoError(t, err)
	require.Equal(t, scim.StatusActive, u.Status)

	u, err = r.dir.UpdateUser(ctx, acme, own.ID, func(u *scim.User) error {
		u.Title, u.Status, u.Managed, u.ID = "Owner", scim.StatusArchived, true, "another"
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, "Owner", u.Title)
	require.Equal(t, own.ID, u.ID)
	require.Equal(t, scim.StatusActive, u.Status, "status follows from the rules alone")
	require.False(t, u.Managed)
	e := r.last()
	require.Empty(t, e.Connection, "the record says that it was the host")
	require.Empty(t, e.Request)
	oops := errors.New("no")
	r.still(func() {
		_, err := r.dir.UpdateUser(ctx, acme, own.ID, func(u *scim.User) error { u.Title = "x"; return oops })
		require.ErrorIs(t, err, oops)
	})
}

// savings counts what is written of the connections' activity.
type savings struct {
	scim.Store
	mu    sync.Mutex
	saved []scim.Activity
	err   error
}

func (s *savings) SaveActivity(ctx context.Context, t scim.Tenant, a scim.Activity) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.saved = append(s.saved, a)
	if s.err != nil {
		return s.err
	}
	return s.Store.SaveActivity(ctx, t, a)
}

func (s *savings) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.saved)
}

func TestP1_4_LastRequestAndLastChange(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	activity := func() scim.Activity {
		all, err := r.dir.Activity(context.Background(), acme)
		require.NoError(t, err)
		require.Len(t, all, 1)
		return all[0]
	}
	id := r.create(person("ann"))
	created := r.clock.Now()
	require.Equal(t, created, activity().LastRequest)
	require.Equal(t, created, activity().LastChange)
	for name, quiet := range map[string]func(){
		"a read":         func() { r.get(id) },
		"a list":         func() { r.find("/Users", `active eq true`) },
		"a no-op":        func() { r.patch(id, set("active", true)) },
		"a no-op put":    func() { r.ok(200, "PUT", "/Users/"+id, person("ann")) },
		"a refusal":      func() { r.ok(400, "PATCH", "/Users/"+id, patch(set("userName", ""))) },
		"an unknown one": func() { r.ok(404, "GET", "/Nothing", nil) },
	} {
		quiet()
		require.Equal(t, r.clock.Now(), activity().LastRequest, name)
		require.Equal(t, created, activity().LastChange, name)
	}
	r.group("Staff", id)
	require.Equal(t, r.clock.Now(), activity().LastChange)
	changed := r.clock.Now()
	r.clock.advance(time.Second)
	req := httptest.NewRequest("GET", baseURL+"/Users", nil)
	req.Header.Set("Authorization", "Bearer wrong")
	r.handler.ServeHTTP(httptest.NewRecorder(), req)
	require.Equal(t, changed, activity().LastRequest, "the request was not authenticated")
}

func TestP1_4_CostsNoWritePerRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &savings{Store: memstore.New()}
		r := newRig(t, func(c *scim.Config) { c.Store, c.Now = s, time.Now })
		id := r.create(person("ann"))
		for range 500 {
			require.Equal(t, 200, r.send("GET", "/Users/"+id, nil).status)
		}
		last := time.Now()
		require.Zero(t, s.count(), "no request waits for a write")
		elapse(time.Second)
		require.Equal(t, 1, s.count(), "501 requests within a second are one write")
		stored, err := s.Store.Activity(t.Context(), acme)
		require.NoError(t, err)
		require.Equal(t, last.UTC().Truncate(time.Millisecond), stored[0].LastRequest, "it lags by a second at most")

		elapse(time.Hour)
		require.Equal(t, 1, s.count(), "an idle connection costs nothing")
		for range 40 {
			r.send("GET", "/Users", nil)
			elapse(250 * time.Millisecond)
		}
		elapse(time.Second)
		require.LessOrEqual(t, s.count(), 1+11, "at most one write a second")
		require.NoError(t, r.dir.Flush(t.Context()))
	})
}

func TestP1_4_NothingIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &savings{Store: memstore.New()}
		r := newRig(t, func(c *scim.Config) { c.Store, c.Now = s, time.Now })
		r.create(person("ann"))
		require.NoError(t, r.dir.Flush(t.Context()), "before the host stops")
		stored, err := s.Store.Activity(t.Context(), acme)
		require.NoError(t, err)
		require.Len(t, stored, 1)
		require.False(t, stored[0].LastChange.IsZero())

		elapse(time.Minute)
		s.mu.Lock()
		s.err = errors.New("the store is away")
		s.mu.Unlock()
		r.send("GET", "/Users", nil)
		elapse(time.Second)
		s.mu.Lock()
		s.err = nil
		s.mu.Unlock()
		require.NoError(t, r.dir.Flush(t.Context()))
		again, err := s.Store.Activity(t.Context(), acme)
		require.NoError(t, err)
		require.True(t, again[0].LastRequest.After(stored[0].LastRequest), "a failed save is not forgotten")
	})
}

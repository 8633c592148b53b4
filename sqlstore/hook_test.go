package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
)

const acme scim.Tenant = "acme"

// person is a user that can be stored.
func person(id string) *scim.User {
	name := id + "@example.com"
	return &scim.User{ID: id, Status: scim.StatusActive, UserName: name, Keys: scim.Keys{UserName: name, Email: name, Label: id}}
}

// in returns a copy in another status.
func in(s scim.Status, u *scim.User) *scim.User {
	u.Status = s
	return u
}

func team(id string) *scim.Group { return &scim.Group{ID: id, DisplayName: id} }

func event(kind scim.EventKind, user, group string) *scim.Event {
	return &scim.Event{Time: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), Kind: kind, UserID: user, GroupID: group}
}

// hooked is a store with a hook, and the host's table that the hook writes to.
type hooked struct {
	*sqlstore.Store
	told []sqlstore.Write
	fail func() error // after the hook has written
}

func (b backend) hooked(t testing.TB, seen *spy) *hooked {
	h := new(hooked)
	address := b.address(t)
	h.Store = b.on(t, seen.open(t, b, address), sqlstore.Options{Hook: func(ctx context.Context, tx *sql.Tx, w sqlstore.Write) error {
		h.told = append(h.told, w)
		_, err := tx.ExecContext(ctx, "INSERT INTO outbox (kind) VALUES ('"+string(w.Event.Kind)+"')")
		if err == nil && h.fail != nil {
			err = h.fail()
		}
		return err
	}})
	databases.Store(h, database(h.Store))
	execute(t, h, "CREATE TABLE outbox (kind text NOT NULL)")
	return h
}

func (h *hooked) outbox(t testing.TB) int { return number(t, h, "SELECT count(*) FROM outbox") }

// furnish makes users a, b and gone, who is archived, and groups g with a in it and h.
func (h *hooked) furnish(t testing.TB) {
	for _, id := range []string{"a", "b", "gone"} {
		_, err := h.CreateUser(t.Context(), acme, person(id), scim.Guard{}, event(scim.UserCreated, id, ""))
		require.NoError(t, err)
	}
	_, err := h.UpdateUser(t.Context(), acme, in(scim.StatusArchived, person("gone")), scim.Guard{}, event(scim.UserArchived, "gone", ""))
	require.NoError(t, err)
	_, err = h.CreateGroup(t.Context(), acme, team("g"), []string{"a"}, event(scim.GroupCreated, "", "g"))
	require.NoError(t, err)
	_, err = h.CreateGroup(t.Context(), acme, team("h"), nil, event(scim.GroupCreated, "", "h"))
	require.NoError(t, err)
	h.told = nil
	execute(t, h, "DELETE FROM outbox")
}

// hookCall is a call of a store that writes, and what the hook is told of it.
type hookCall struct {
	name        string
	call        func(ctx context.Context, s scim.Store) error
	user, group string         // that the hook is given
	kind        scim.EventKind // "": it is told nothing
	refused     error          // of this type
}

var hookCalls = []hookCall{
	{name: "CreateUser", user: "new", kind: scim.UserCreated, call: func(ctx context.Context, s scim.Store) error {
		return second(s.CreateUser(ctx, acme, person("new"), scim.Guard{Seats: scim.Seats(10)}, event(scim.UserCreated, "new", "")))
	}},
	{name: "CreateUser whose name is taken", refused: &scim.ConflictError{}, call: func(ctx context.Context, s scim.Store) error {
		u := person("new")
		u.Keys.UserName = "a@example.com"
		return second(s.CreateUser(ctx, acme, u, scim.Guard{}, event(scim.UserCreated, "new", "")))
	}},
	{name: "CreateUser without a seat", refused: scim.ErrSeats, call: func(ctx context.Context, s scim.Store) error {
		return second(s.CreateUser(ctx, acme, person("new"), scim.Guard{Seats: scim.Seats(2)}, event(scim.UserCreated, "new", "")))
	}},
	{name: "UpdateUser", user: "a", kind: scim.UserUpdated, call: func(ctx context.Context, s scim.Store) error {
		u := person("a")
		u.Title = "Engineer"
		return second(s.UpdateUser(ctx, acme, u, scim.Guard{Version: "1"}, event(scim.UserUpdated, "a", "")))
	}},
	{name: "UpdateUser of another version", refused: scim.ErrVersion, call: func(ctx context.Context, s scim.Store) error {
		return second(s.UpdateUser(ctx, acme, person("a"), scim.Guard{Version: "7"}, event(scim.UserUpdated, "a", "")))
	}},
	{name: "UpdateUser that archives", user: "a", kind: scim.UserArchived, call: func(ctx context.Context, s scim.Store) error {
		return second(s.UpdateUser(ctx, acme, in(scim.StatusArchived, person("a")), scim.Guard{}, event(scim.UserArchived, "a", "")))
	}},
	{name: "PurgeUser", kind: scim.UserPurged, call: func(ctx context.Context, s scim.Store) error {
		return s.PurgeUser(ctx, acme, "gone", event(scim.UserPurged, "gone", ""))
	}},
	{name: "PurgeUser who is not archived", refused: scim.ErrNotFound, call: func(ctx context.Context, s scim.Store) error {
		return s.PurgeUser(ctx, acme, "a", event(scim.UserPurged, "a", ""))
	}},
	{name: "CreateGroup", group: "new", kind: scim.GroupCreated, call: func(ctx context.Context, s scim.Store) error {
		return second(s.CreateGroup(ctx, acme, team("new"), []string{"a", "g"}, event(scim.GroupCreated, "", "new")))
	}},
	{name: "CreateGroup with an unknown member", refused: &scim.UnknownMembersError{}, call: func(ctx context.Context, s scim.Store) error {
		return second(s.CreateGroup(ctx, acme, team("new"), []string{"nobody"}, event(scim.GroupCreated, "", "new")))
	}},
	{name: "UpdateGroup by name", group: "g", kind: scim.GroupUpdated, call: func(ctx context.Context, s scim.Store) error {
		name := "renamed"
		return second(s.UpdateGroup(ctx, acme, "g", scim.GroupChange{DisplayName: &name}, scim.Guard{}, event(scim.GroupUpdated, "", "g")))
	}},
	{name: "UpdateGroup by member", group: "g", kind: scim.GroupUpdated, call: func(ctx context.Context, s scim.Store) error {
		return second(s.UpdateGroup(ctx, acme, "g", scim.GroupChange{Add: []string{"b"}, Remove: []string{"a"}}, scim.Guard{}, event(scim.GroupUpdated, "", "g")))
	}},
	{name: "UpdateGroup by all members", group: "g", kind: scim.GroupUpdated, call: func(ctx context.Context, s scim.Store) error {
		return second(s.UpdateGroup(ctx, acme, "g", scim.GroupChange{Add: []string{"b"}, Exact: true}, scim.Guard{}, event(scim.GroupUpdated, "", "g")))
	}},
	{name: "UpdateGroup that changes no name", call: func(ctx context.Context, s scim.Store) error {
		name := "g"
		return second(s.UpdateGroup(ctx, acme, "g", scim.GroupChange{DisplayName: &name}, scim.Guard{}, event(scim.GroupUpdated, "", "g")))
	}},
	{name: "UpdateGroup that changes no member", call: func(ctx context.Context, s scim.Store) error {
		return second(s.UpdateGroup(ctx, acme, "g", scim.GroupChange{Add: []string{"a"}, Remove: []string{"b"}}, scim.Guard{}, event(scim.GroupUpdated, "", "g")))
	}},
	{name: "UpdateGroup with an unknown member", refused: &scim.UnknownMembersError{}, call: func(ctx context.Context, s scim.Store) error {
		return second(s.UpdateGroup(ctx, acme, "g", scim.GroupChange{Add: []string{"b", "nobody"}}, scim.Guard{}, event(scim.GroupUpdated, "", "g")))
	}},
	{name: "DeleteGroup", kind: scim.GroupDeleted, call: func(ctx context.Context, s scim.Store) error {
		return s.DeleteGroup(ctx, acme, "g", scim.Guard{}, event(scim.GroupDeleted, "", "g"))
	}},
	{name: "DeleteGroup of none", refused: scim.ErrNotFound, call: func(ctx context.Context, s scim.Store) error {
		return s.DeleteGroup(ctx, acme, "none", scim.Guard{}, event(scim.GroupDeleted, "", "none"))
	}},
	{name: "Append", call: func(ctx context.Context, s scim.Store) error {
		return s.Append(ctx, acme, event(scim.RequestRefused, "", ""))
	}},
	{name: "SetPlace", call: func(ctx context.Context, s scim.Store) error { return s.SetPlace(ctx, "c", "1") }},
	{name: "SaveActivity", call: func(ctx context.Context, s scim.Store) error {
		return s.SaveActivity(ctx, acme, scim.Activity{Connection: "c", LastRequest: time.Now()})
	}},
	{name: "Events", call: func(ctx context.Context, s scim.Store) error { // which gives out positions
		return second(s.Events(ctx, scim.EventQuery{}))
	}},
}

func second[T any](_ T, err error) error { return err }

// TestHook: the hook is called once for each write that changes something, after it
// and in its transaction, and for nothing else.
func TestHook(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		for _, c := range hookCalls {
			t.Run(c.name, func(t *testing.T) {
				h := b.hooked(t, new(spy))
				h.furnish(t)
				err := c.call(t.Context(), h)
				if c.refused != nil {
					require.IsType(t, c.refused, err)
				} else {
					require.NoError(t, err)
				}
				if c.kind == "" {
					require.Empty(t, h.told)
					require.Zero(t, h.outbox(t))
					return
				}
				require.Len(t, h.told, 1)
				require.Equal(t, 1, h.outbox(t))
				w := h.told[0]
				require.Equal(t, acme, w.Tenant)
				require.Equal(t, c.kind, w.Event.Kind)
				require.NotEmpty(t, w.Event.Seq)
				c.matches(t, h, w)
			})
		}
	})
}

// matches requires that the hook was given what is stored.
func (c hookCall) matches(t *testing.T, h *hooked, w sqlstore.Write) {
	t.Helper()
	require.Equal(t, c.user != "", w.User != nil)
	require.Equal(t, c.group != "", w.Group != nil)
	if w.User != nil {
		stored, err := h.User(t.Context(), acme, c.user)
		require.NoError(t, err)
		require.Equal(t, stored, w.User)
	}
	if w.Group != nil {
		stored, err := h.Group(t.Context(), acme, c.group)
		require.NoError(t, err)
		require.Equal(t, stored, w.Group)
	}
}

// TestHookRefuses: an error of the hook, and a panic, leave nothing of the write, nor
// of what the hook wrote.
func TestHookRefuses(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		h := b.hooked(t, new(spy))
		h.furnish(t)
		before := dump(t, h)
		refusal := errors.New("not this one")
		for _, c := range hookCalls {
			if c.kind == "" {
				continue
			}
			h.fail = func() error { return refusal }
			require.ErrorIs(t, c.call(t.Context(), h), refusal, c.name)
			require.Equal(t, before, dump(t, h), c.name)
			require.Zero(t, h.outbox(t), c.name)

			h.fail = func() error { panic("in the hook") }
			require.PanicsWithValue(t, "in the hook", func() { _ = c.call(t.Context(), h) }, c.name)
			require.Equal(t, before, dump(t, h), c.name)
			require.Zero(t, h.outbox(t), c.name)
		}
	})
}

// dump returns all rows that the library keeps, but for positions, which readers
// give out.
func dump(t testing.TB, s scim.Store) map[string][]string {
	t.Helper()
	out := make(map[string][]string)
	for table, columns := range map[string]string{
		"usher_tenants":   "tenant || '|' || active || '|' || deactivated || '|' || held || '|' || archived",
		"usher_users":     "tenant || '|' || id || '|' || revision || '|' || status || '|' || user_name || '|' || doc",
		"usher_addresses": "user_id || '|' || address",
		"usher_folders":   "user_id || '|' || root || '|' || name",
		"usher_groups":    "id || '|' || revision || '|' || members || '|' || name",
		"usher_members":   "group_id || '|' || member",
		"usher_events":    "seq || '|' || doc",
	} {
		rows, err := database(s).QueryContext(context.Background(), "SELECT "+columns+" FROM "+table+" ORDER BY 1")
		require.NoError(t, err)
		for rows.Next() {
			var row string
			require.NoError(t, rows.Scan(&row))
			out[table] = append(out[table], row)
		}
		require.NoError(t, rows.Err())
		require.NoError(t, rows.Close())
	}
	return out
}

// TestHookAgain: a write that is tried again calls the hook again, and only what it
// wrote the last time stays.
func TestHookAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		seen := new(spy)
		h := b.hooked(t, seen)
		h.furnish(t)
		failed := 0
		seen.failing(func(c call) fate {
			if c.kind != "commit" || failed == 3 {
				return fate{}
			}
			failed++
			return fate{err: b.gaveUp()}
		})
		_, err := h.CreateUser(t.Context(), acme, person("new"), scim.Guard{}, event(scim.UserCreated, "new", ""))
		require.NoError(t, err)
		require.Len(t, h.told, 4)
		require.Equal(t, 1, h.outbox(t))
	})
}

// gaveUp is what the database says when it gives up a write for the sake of another.
func (b backend) gaveUp() error {
	if b.driver == "pgx" {
		return stateError("40001")
	}
	return codeError(5)
}

type stateError string

func (e stateError) Error() string    { return "SQLSTATE " + string(e) }
func (e stateError) SQLState() string { return string(e) }

type codeError int

func (codeError) Error() string { return "database is locked" }
func (e codeError) Code() int   { return int(e) }

// TestHookOnTheWire: a client is told what the hook says, where that is a
// [scim.Error], and else nothing.
func TestHookOnTheWire(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		h := b.hooked(t, new(spy))
		handler := handlerOn(t, h)
		post := func() *httptest.ResponseRecorder {
			return ask(handler, http.MethodPost, "/Users", `{"userName":"ann@example.com"}`)
		}
		h.fail = func() error {
			return &scim.Error{Status: http.StatusConflict, Type: "uniqueness", Detail: "The billing system knows this person."}
		}
		w := post()
		require.Equal(t, http.StatusConflict, w.Code)
		require.Contains(t, w.Body.String(), "The billing system knows this person.")
		require.Contains(t, w.Body.String(), `"scimType":"uniqueness"`)

		h.fail = func() error { return errors.New("a secret of the host") }
		w = post()
		require.Equal(t, http.StatusInternalServerError, w.Code)
		require.NotContains(t, w.Body.String(), "secret")
		require.Zero(t, h.outbox(t))
		require.Zero(t, number(t, h, "SELECT count(*) FROM usher_users"))

		h.fail = nil
		require.Equal(t, http.StatusCreated, post().Code)
		require.Equal(t, 1, h.outbox(t))
	})
}

var quiet = slog.New(slog.DiscardHandler)

const base = "https://app.example.com/scim/v2"

// handlerOn returns a handler on a store, of the tenant acme.
func handlerOn(t testing.TB, s scim.Store) http.Handler {
	t.Helper()
	dir, err := scim.New(scim.Config{Store: s, Logger: quiet})
	require.NoError(t, err)
	h, err := scim.NewHandler(dir, scim.HandlerConfig{BaseURL: base, Verifier: scim.TokenVerifierFunc(
		func(context.Context, string) (scim.Connection, error) {
			return scim.Connection{ID: "entra", Tenant: acme}, nil
		})})
	require.NoError(t, err)
	t.Cleanup(func() { _ = dir.Flush(context.Background()) })
	return h
}

// ask sends a request and returns the answer.
func ask(h http.Handler, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(context.Background(), method, base+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer token")
	r.Header.Set("Content-Type", "application/scim+json")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

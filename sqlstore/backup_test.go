package sqlstore_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
	"github.com/usher-scim/scim/sqlstore/pgtest"
)

// ofItsOwn returns the address of a new database that a backup is made of.
func (b backend) ofItsOwn(t testing.TB) string {
	t.Helper()
	address := b.address(t)
	if b.driver != "pgx" {
		return address
	}
	for _, program := range []string{"pg_dump", "pg_restore"} {
		if pgtest.Program(program) == "" && os.Getenv("CI") == "" {
			t.Skip(program, "is not installed")
		}
	}
	address, err := server.Database(t.Context())
	require.NoError(t, err)
	return address
}

// backup copies a database by its own tools, as docs/operation.md says, and returns
// the address of the copy.
func (b backend) backup(t testing.TB, address string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "backup")
	if b.driver != "pgx" {
		db, err := sql.Open(b.driver, address)
		require.NoError(t, err)
		defer db.Close()
		_, err = db.ExecContext(t.Context(), "VACUUM INTO ?", file)
		require.NoError(t, err)
		_, settings, _ := strings.Cut(address, "?")
		return "file:" + url.PathEscape(file) + "?" + settings
	}
	restored, err := server.Database(t.Context())
	require.NoError(t, err)
	for _, command := range [][]string{
		{"pg_dump", "--format=custom", "--file=" + file, "--dbname=" + address},
		{"pg_restore", "--exit-on-error", "--single-transaction", "--dbname=" + restored, file},
	} {
		out, err := exec.CommandContext(t.Context(), pgtest.Program(command[0]), command[1:]...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	return restored
}

// fixture is what was put into the tenant globex before a backup.
type fixture struct{ secret, place, last string }

// furnishGlobex makes one of each kind of thing that is kept.
func furnishGlobex(t testing.TB, s *sqlstore.Store) (f fixture) {
	t.Helper()
	c := newClock()
	dir, h := directoryOn(t, s, "globex", c)
	var ids []string
	for i := range 6 {
		ids = append(ids, created(t, h, "/Users", fmt.Sprintf(`{"userName":"g%[1]d@example.com","externalId":"x%[1]d","title":"Größe %[1]d",
			"emails":[{"value":"g%[1]d@example.com","type":"work"},{"value":"g%[1]d@home.example","type":"home"}],
			"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Sales %[2]d","manager":{"value":"g0@example.com"}}}`, i, i/2)))
	}
	inner := created(t, h, "/Groups", `{"displayName":"inner","members":[{"value":"`+ids[1]+`"},{"value":"`+ids[0]+`"}]}`)
	created(t, h, "/Groups", `{"displayName":"outer","members":[{"value":"`+inner+`"},{"value":"`+ids[2]+`"}]}`)
	w := ask(h, http.MethodPatch, "/Users/"+ids[3], `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations":[{"op":"replace","path":"active","value":false}]}`)
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	deleted(t, h, "/Users/"+ids[4])
	c.add(time.Hour)
	deleted(t, h, "/Users/"+ids[5])
	n, err := dir.Purge(t.Context(), "globex", c.Now())
	require.NoError(t, err)
	require.Equal(t, 1, n)
	require.Equal(t, http.StatusConflict, ask(h, http.MethodPost, "/Users", `{"userName":"g0@example.com"}`).Code)
	require.NoError(t, dir.Flush(t.Context()))

	f.secret, _, err = s.Tokens().Issue(t.Context(), scim.Connection{ID: "okta-globex", Tenant: "globex", Name: "Okta"}, time.Time{})
	require.NoError(t, err)
	all := seqs(t, s, scim.EventQuery{})
	f.place, f.last = all[4], all[len(all)-1]
	consume(t, s, "revoke", f.place)
	consume(t, s, "mail", f.last)
	return f
}

// contents returns what is read of a tenant.
func contents(t testing.TB, s *sqlstore.Store, tenant scim.Tenant) map[string]any {
	t.Helper()
	out, ctx := make(map[string]any), t.Context()
	keep := func(name string, v any, err error) {
		require.NoError(t, err, name)
		require.NotEmpty(t, v, name)
		out[name] = v
	}
	for _, status := range []scim.Status{scim.StatusActive, scim.StatusDeactivated, scim.StatusArchived} {
		users, err := s.Users(ctx, tenant, scim.Query{Status: status})
		keep(fmt.Sprint("users ", status), users, err)
	}
	found, err := s.FindUsers(ctx, tenant, scim.Find{Addresses: []string{"g1@home.example"}, ExternalIDs: []string{"x2"}, Groups: true})
	keep("found", found, err)
	groups, err := s.Groups(ctx, tenant, scim.Query{})
	keep("groups", groups, err)
	for _, g := range groups.Items {
		members, err := s.Members(ctx, tenant, g.ID, scim.Query{})
		keep("members "+g.DisplayName, members, err)
	}
	folders, err := s.Folders(ctx, tenant, scim.RootDepartment)
	keep("folders", folders, err)
	counts, err := s.Counts(ctx, tenant)
	keep("counts", counts, err)
	activity, err := s.Activity(ctx, tenant)
	keep("activity", activity, err)
	events, err := s.Events(ctx, scim.EventQuery{Tenant: tenant, NewestFirst: true})
	keep("events", events, err)
	tokens, err := s.Tokens().Of(ctx, "okta-globex")
	keep("tokens", tokens, err)
	for _, consumer := range []string{"revoke", "mail"} {
		place, err := s.Place(ctx, consumer)
		keep(consumer, place, err)
	}
	return out
}

// provisioning creates, deactivates, groups and deletes users of acme until it is
// stopped; begun is called once all of that was done.
func provisioning(ctx context.Context, h http.Handler, name string, begun func()) error {
	id := func(method, path, body string, want int) (string, error) {
		w := ask(h, method, path, body)
		if w.Code != want {
			return "", fmt.Errorf("%s %s: %d %s", method, path, w.Code, w.Body.String())
		}
		_, id, _ := strings.Cut(w.Header().Get("Location"), base+path+"/")
		return id, nil
	}
	for i := 0; ctx.Err() == nil; i++ {
		one, err := id(http.MethodPost, "/Users", fmt.Sprintf(`{"userName":"%s-%d@example.com"}`, name, i), http.StatusCreated)
		two, err2 := id(http.MethodPost, "/Users", fmt.Sprintf(`{"userName":"%s-%d-b@example.com"}`, name, i), http.StatusCreated)
		if err = errors.Join(err, err2); err != nil {
			return err
		}
		_, err = id(http.MethodPost, "/Groups", fmt.Sprintf(`{"displayName":"%s %d","members":[{"value":"%s"},{"value":"%s"}]}`, name, i, one, two), http.StatusCreated)
		_, err2 = id(http.MethodPut, "/Users/"+one, fmt.Sprintf(`{"userName":"%s-%d@example.com","active":false}`, name, i), http.StatusOK)
		_, err3 := id(http.MethodDelete, "/Users/"+two, "", http.StatusNoContent)
		if err = errors.Join(err, err2, err3); err != nil {
			return err
		}
		if i == 3 {
			begun()
		}
	}
	return nil
}

// TestBackup: a copy that the database's own tools make while writers go on is a
// state that the store was in, and the store goes on from it.
func TestBackup(t *testing.T) {
	onBoth(t, func(t *testing.T, b backend) {
		address := b.ofItsOwn(t)
		one, other := b.open(t, address, sqlstore.Options{}), b.open(t, address, sqlstore.Options{})
		f := furnishGlobex(t, one)

		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		var writers, begun sync.WaitGroup
		errs := make([]error, 2)
		for i, s := range []*sqlstore.Store{one, other} {
			h := handlerOn(t, s)
			begun.Add(1)
			writers.Go(func() {
				once := sync.OnceFunc(begun.Done)
				defer once()
				errs[i] = provisioning(ctx, h, fmt.Sprint("w", i), once)
			})
		}
		begun.Wait()
		restored := b.backup(t, address)
		stop()
		writers.Wait()
		require.NoError(t, errors.Join(errs...))

		migrated := b.migrated(t, restored)
		s := b.open(t, restored, sqlstore.Options{})
		require.Equal(t, migrated, b.migrated(t, restored), "there was nothing to be done")
		sameState(t, s)
		events := "SELECT count(*) FROM usher_events"
		require.Greater(t, number(t, s, events), 40, "the writers' too")
		require.Greater(t, number(t, one, events), number(t, s, events), "they went on")
		want := contents(t, one, "globex")
		for name, got := range contents(t, s, "globex") {
			require.Equal(t, want[name], got, name)
		}
		conn, err := s.Tokens().VerifyToken(t.Context(), f.secret)
		require.NoError(t, err)
		require.Equal(t, scim.Tenant("globex"), conn.Tenant)
		goesOn(t, s, f)
	})
}

// migrated returns what the database knows of its migrations.
func (b backend) migrated(t testing.TB, address string) (out []string) {
	t.Helper()
	db, err := sql.Open(b.driver, address)
	require.NoError(t, err)
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), "SELECT version_id || ' ' || tstamp FROM usher_migrations ORDER BY id")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var row string
		require.NoError(t, rows.Scan(&row))
		out = append(out, row)
	}
	require.NoError(t, rows.Err())
	require.Greater(t, len(out), 1)
	return out
}

// sameState requires that all that is stored of acme is of one moment.
func sameState(t testing.TB, s *sqlstore.Store) {
	t.Helper()
	counted(t, s)
	for what, query := range map[string]string{
		"users without an event":  "usher_users x WHERE NOT EXISTS (SELECT 1 FROM usher_events e WHERE e.tenant = x.tenant AND e.user_id = x.id)",
		"groups without an event": "usher_groups x WHERE NOT EXISTS (SELECT 1 FROM usher_events e WHERE e.tenant = x.tenant AND e.group_id = x.id)",
		"events without a user": `usher_events x WHERE x.tenant = 'acme' AND x.user_id <> ''
			AND NOT EXISTS (SELECT 1 FROM usher_users u WHERE u.tenant = x.tenant AND u.id = x.user_id)`,
		"events without a group": `usher_events x WHERE x.tenant = 'acme' AND x.group_id <> ''
			AND NOT EXISTS (SELECT 1 FROM usher_groups g WHERE g.tenant = x.tenant AND g.id = x.group_id)`,
		"archived members": "usher_members x JOIN usher_users u ON u.tenant = x.tenant AND u.id = x.user_id WHERE u.status = 4",
	} {
		require.Zero(t, number(t, s, "SELECT count(*) FROM "+query), what)
	}
	// Each user is what its last event says.
	last := make(map[string]scim.Status)
	for q := (scim.EventQuery{Tenant: acme}); ; {
		page, err := s.Events(t.Context(), q)
		require.NoError(t, err)
		for _, e := range page.Items {
			last[e.UserID] = e.To
		}
		if q.After = page.Next; len(page.Items) == 0 {
			break
		}
	}
	require.Greater(t, len(last), 10)
	for id, status := range last {
		if id != "" {
			u, err := s.User(t.Context(), acme, id)
			require.NoError(t, err)
			require.Equal(t, status, u.Status)
		}
	}
}

// goesOn writes to a restored store, and lets its consumers go on.
func goesOn(t testing.TB, s *sqlstore.Store, f fixture) {
	t.Helper()
	greatest := number(t, s, "SELECT max(seq) FROM usher_events")
	behind := seqs(t, s, scim.EventQuery{After: f.place})
	_, h := directoryOn(t, s, "globex", newClock())
	id := created(t, h, "/Users", `{"userName":"new@example.com"}`)
	groups, err := s.FindGroups(t.Context(), "globex", scim.Find{Names: []string{"inner"}})
	require.NoError(t, err)
	w := ask(h, http.MethodPatch, "/Groups/"+groups[0].ID, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
		"Operations":[{"op":"add","path":"members","value":[{"value":"`+id+`"}]}]}`)
	require.Less(t, w.Code, 300, w.Body.String())
	members, err := s.Members(t.Context(), "globex", groups[0].ID, scim.Query{})
	require.NoError(t, err)
	require.Equal(t, 3, members.Total)
	require.Equal(t, id, members.Items[2].ID, "the last that came")

	all := seqs(t, s, scim.EventQuery{After: f.place})
	require.Len(t, all, len(behind)+2)
	for _, seq := range all[len(behind):] {
		require.Greater(t, atoi(t, seq), greatest)
	}
	require.Equal(t, all, consume(t, s, "revoke", all[len(all)-1]))
	require.NotContains(t, consume(t, s, "mail", all[len(all)-1]), f.last)
	counted(t, s)
}

package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/sqlstore"
)

// worker is a user with all that a user is found by.
func worker(id, title, folder string) *scim.User {
	u := person(id)
	u.Title = title
	u.Keys.Addresses = []string{id + "@home.example.com", title + "@example.com"}
	u.Keys.Folders = []scim.FolderKey{{Root: "departments", Name: folder}}
	return u
}

// write is something that a store writes for a tenant that [plant] made.
type write struct {
	name  string
	write func(ctx context.Context, s *sqlstore.Store, t scim.Tenant) error
	event bool // it keeps one, which is not all that it does: the hook is told
}

var writes = []write{
	{"CreateUser", func(ctx context.Context, s *sqlstore.Store, t scim.Tenant) error {
		return second(s.CreateUser(ctx, t, worker("new", "tester", "Tests"), scim.Guard{Seats: scim.Seats(3)}, event(scim.UserCreated, "new", "")))
	}, true},
	{"UpdateUser", func(ctx context.Context, s *sqlstore.Store, t scim.Tenant) error {
		u := in(scim.StatusDeactivated, worker("a", "tester", "Tests"))
		return second(s.UpdateUser(ctx, t, u, scim.Guard{Version: "1"}, event(scim.UserUpdated, "a", "")))
	}, true},
	{"UpdateUser that archives", func(ctx context.Context, s *sqlstore.Store, t scim.Tenant) error {
		return second(s.UpdateUser(ctx, t, in(scim.StatusArchived, worker("a", "smith", "Smiths")), scim.Guard{}, event(scim.UserArchived, "a", "")))
	}, true},
	{"PurgeUser", func(ctx context.Context, s *sqlstore.Store, t scim.Tenant) error {
		return s.PurgeUser(ctx, t, "gone", event(scim.UserPurged, "gone", ""))
	}, true},
	{"CreateGroup", func(ctx context.Context, s *sqlstore.Store, t scim.Tenant) error {
		return second(s.CreateGroup(ctx, t, team("new"), []string{"b", "g", "a"}, event(scim.GroupCreated, "", "new")))
	}, true},
	{"UpdateGroup by member", func(ctx context.Context, s *sqlstore.Store, t scim.Tenant) error {
		return second(s.UpdateGroup(ctx, t, "g", scim.GroupChange{Add: []string{"b"}, Remove: []string{"a"}}, scim.Guard{}, event(scim.GroupUpdated, "", "g")))
	}, true},
	{"UpdateGroup by all members", func(ctx context.Context, s *sqlstore.Store, t scim.Tenant) error {
		return second(s.UpdateGroup(ctx, t, "g", scim.GroupChange{Add: []string{"b"}, Exact: true}, scim.Guard{}, event(scim.GroupUpdated, "", "g")))
	}, true},
	{"UpdateGroup by name", func(ctx context.Context, s *sqlstore.Store, t scim.Tenant) error {
		name := "renamed"
		return second(s.UpdateGroup(ctx, t, "g", scim.GroupChange{DisplayName: &name}, scim.Guard{Version: "1"}, event(scim.GroupUpdated, "", "g")))
	}, true},
	{"DeleteGroup", func(ctx context.Context, s *sqlstore.Store, t scim.Tenant) error {
		return s.DeleteGroup(ctx, t, "g", scim.Guard{}, event(scim.GroupDeleted, "", "g"))
	}, true},
	{"Append", func(ctx context.Context, s *sqlstore.Store, t scim.Tenant) error {
		return s.Append(ctx, t, event(scim.RequestRefused, "", ""))
	}, false},
	{"SetPlace", func(ctx context.Context, s *sqlstore.Store, t scim.Tenant) error {
		return s.SetPlace(ctx, string(t), "2")
	}, false},
	{"SaveActivity", func(ctx context.Context, s *sqlstore.Store, t scim.Tenant) error {
		return s.SaveActivity(ctx, t, scim.Activity{Connection: "c", LastRequest: time.Unix(2, 0)})
	}, false},
	{"Tokens.Add", func(ctx context.Context, s *sqlstore.Store, t scim.Tenant) error {
		k := s.Tokens()
		k.Now = newClock().Now
		return second(k.Add(ctx, scim.Connection{ID: string(t), Tenant: t}, "second-of-"+string(t), time.Time{}))
	}, false},
}

// plant makes users a, b and gone, who is archived, and groups g with a in it and h
// with g, and a place, an activity and a token.
func plant(t testing.TB, s *sqlstore.Store, tenant scim.Tenant) {
	t.Helper()
	ctx := t.Context()
	for _, u := range []*scim.User{worker("a", "smith", "Smiths"), worker("b", "baker", "Bakers"), in(scim.StatusArchived, worker("gone", "smith", "Smiths"))} {
		require.NoError(t, second(s.CreateUser(ctx, tenant, u, scim.Guard{}, event(scim.UserCreated, u.ID, ""))))
	}
	require.NoError(t, second(s.CreateGroup(ctx, tenant, team("g"), []string{"a"}, event(scim.GroupCreated, "", "g"))))
	require.NoError(t, second(s.CreateGroup(ctx, tenant, team("h"), []string{"g"}, event(scim.GroupCreated, "", "h"))))
	require.NoError(t, s.SetPlace(ctx, string(tenant), "1"))
	require.NoError(t, s.SaveActivity(ctx, tenant, scim.Activity{Connection: "c", LastRequest: time.Unix(1, 0)}))
	k := s.Tokens()
	k.Now = newClock().Now
	require.NoError(t, second(k.Add(ctx, scim.Connection{ID: string(tenant), Tenant: tenant}, "first-of-"+string(tenant), time.Time{})))
}

// state is all that a store knows of a tenant, without what tells two tenants apart.
type state struct {
	Counts   scim.Counts
	Users    []*scim.User
	Found    int // by address
	Folders  []scim.Folder
	Groups   []*scim.Group
	Members  map[string][]scim.Member
	Events   []scim.Event
	Place    string
	Activity []scim.Activity
	Tokens   []time.Time
}

// public compares what a user shows.
var public = cmpopts.IgnoreUnexported(scim.User{})

func stateOf(t testing.TB, s *sqlstore.Store, tenant scim.Tenant) (out state) {
	t.Helper()
	ctx := t.Context()
	var err error
	out.Counts, err = s.Counts(ctx, tenant)
	require.NoError(t, err)
	found, err := s.FindUsers(ctx, tenant, scim.Find{
		IDs: []string{"a", "b", "gone", "new"}, Addresses: []string{"smith@example.com", "tester@example.com"}, Archived: true,
	})
	require.NoError(t, err)
	out.Users = found
	found, err = s.FindUsers(ctx, tenant, scim.Find{Addresses: []string{"smith@example.com"}, Archived: true})
	require.NoError(t, err)
	out.Found = len(found)
	out.Folders, err = s.Folders(ctx, tenant, "departments")
	require.NoError(t, err)
	groups, err := s.Groups(ctx, tenant, scim.Query{})
	require.NoError(t, err)
	out.Groups, out.Members = groups.Items, make(map[string][]scim.Member)
	for _, g := range groups.Items {
		members, err := s.Members(ctx, tenant, g.ID, scim.Query{})
		require.NoError(t, err)
		require.Len(t, members.Items, members.Total)
		out.Members[g.ID] = members.Items
	}
	events, err := s.Events(ctx, scim.EventQuery{Tenant: tenant})
	require.NoError(t, err)
	for _, e := range events.Items {
		e.Seq, e.Tenant = "", ""
		out.Events = append(out.Events, e)
	}
	out.Place, err = s.Place(ctx, string(tenant))
	require.NoError(t, err)
	out.Activity, err = s.Activity(ctx, tenant)
	require.NoError(t, err)
	tokens, err := s.Tokens().Of(ctx, string(tenant))
	require.NoError(t, err)
	for _, k := range tokens {
		out.Tokens = append(out.Tokens, k.Created)
	}
	return out
}

// stumble is that the nth thing that is sent for a write fails, so many times.
type stumble struct {
	n, times int
	err      error
	then     func() // when it fails

	at, sent, failed int
}

func (f *stumble) fate(c call) fate {
	if c.kind == "rollback" || c.kind == "prepare" {
		return fate{}
	}
	f.sent++
	f.at++
	if f.at != f.n || f.failed == f.times {
		return fate{}
	}
	f.failed++
	f.at = 0 // it is tried again from the start, or not at all
	if f.then != nil {
		f.then()
	}
	return fate{err: f.err}
}

// verdicts are what a database says that gave a write up for the sake of another,
// and what it says that did not.
var verdicts = map[string]struct{ again, final []error }{
	"pgx":    {[]error{stateError("40001"), stateError("40P01")}, []error{stateError("23505"), stateError("57014"), stateError("25P02")}},
	"sqlite": {[]error{codeError(5), codeError(517), codeError(6), codeError(261)}, []error{codeError(2067), codeError(9), codeError(1)}},
}

// retrying are stores on a database: one that stumbles, and one that looks.
type retrying struct {
	b              backend
	spy            *spy
	stumbles, sees *sqlstore.Store
	tenants        int
}

const attempts = 3

func newRetrying(t testing.TB, b backend, hook func(context.Context, *sql.Tx, sqlstore.Write) error) *retrying {
	t.Helper()
	address, seen := b.address(t), new(spy)
	r := &retrying{b: b, spy: seen, sees: b.open(t, address, sqlstore.Options{})}
	r.stumbles = b.on(t, seen.open(t, b, address), sqlstore.Options{Attempts: attempts, Unmigrated: true, Hook: hook})
	return r
}

// tenant plants a new tenant.
func (r *retrying) tenant(t testing.TB) scim.Tenant {
	t.Helper()
	r.tenants++
	tenant := scim.Tenant(fmt.Sprint("tenant", r.tenants))
	plant(t, r.sees, tenant)
	return tenant
}

// under writes while the store stumbles.
func (r *retrying) under(ctx context.Context, w write, tenant scim.Tenant, f *stumble) error {
	r.spy.failing(f.fate)
	defer r.spy.failing(nil)
	return w.write(ctx, r.stumbles, tenant)
}

// same requires that a tenant is as it should be.
func (r *retrying) same(t testing.TB, want state, tenant scim.Tenant, message string, n int) {
	t.Helper()
	require.Empty(t, cmp.Diff(want, stateOf(t, r.sees, tenant), public), "%s at %d", message, n)
}

// onAll runs a test on each database, and each way to write to it.
func onAll(t *testing.T, f func(t *testing.T, b backend)) {
	t.Helper()
	stepwise := backends[0]
	stepwise.name, stepwise.dialect = "stepwise", stepwise.dialect.Stepwise()
	for _, b := range append([]backend{stepwise}, backends...) {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			f(t, b)
		})
	}
}

// TestRetry: whatever it is of a write that fails, a write that the database gave up
// for the sake of another is tried again, so often and no more, and done once; one
// that failed for another reason is not, and leaves nothing.
func TestRetry(t *testing.T) {
	onAll(t, func(t *testing.T, b backend) {
		r, stride := newRetrying(t, b, nil), 1
		if testing.Short() {
			stride = 5
		}
		for _, w := range writes {
			t.Run(w.name, func(t *testing.T) {
				untroubled := r.tenant(t)
				before, whole := stateOf(t, r.sees, untroubled), new(stumble)
				require.NoError(t, r.under(t.Context(), w, untroubled, whole))
				after := stateOf(t, r.sees, untroubled)
				require.NotEmpty(t, cmp.Diff(before, after, public))
				require.Positive(t, whole.sent)
				for n := whole.sent; n > 0; n -= stride {
					r.stumbleAt(t, w, n, whole.sent, before, after)
				}
			})
		}
	})
}

// stumbleAt has the nth of all things fail that are sent for a write.
func (r *retrying) stumbleAt(t *testing.T, w write, n, all int, before, after state) {
	t.Helper()
	tenant, says := r.tenant(t), verdicts[r.b.driver]
	again, final := says.again[n%len(says.again)], says.final[n%len(says.final)]

	f := &stumble{n: n, times: attempts + 1, err: final}
	require.ErrorIs(t, r.under(t.Context(), w, tenant, f), final)
	require.Equal(t, n, f.sent, "%v is not tried again", final)

	f = &stumble{n: n, times: attempts + 1, err: again}
	err := r.under(t.Context(), w, tenant, f)
	require.ErrorIs(t, err, again)
	require.ErrorContains(t, err, fmt.Sprintf("%d attempts", attempts))
	require.Equal(t, attempts*n, f.sent)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f = &stumble{n: n, times: attempts + 1, err: again, then: cancel}
	require.ErrorIs(t, r.under(ctx, w, tenant, f), context.Canceled)
	require.Equal(t, n, f.sent, "nobody waits for it any more")
	r.same(t, before, tenant, "half done", n)

	f = &stumble{n: n, times: 1 + n%(attempts-1), err: again}
	require.NoError(t, r.under(t.Context(), w, tenant, f))
	require.Equal(t, f.times, f.failed)
	require.Equal(t, f.times*n+all, f.sent)
	r.same(t, after, tenant, "tried again", n)
}

// TestRetryCalledOff: who waits to try again returns when the context ends, not when
// the time to wait is over.
func TestRetryCalledOff(t *testing.T) {
	t.Parallel()
	b, address := backends[1], sqlite(t)
	synctest.Test(t, func(t *testing.T) {
		seen := new(spy)
		db := seen.open(t, b, address)
		defer db.Close()
		s, err := sqlstore.Open(t.Context(), db, b.dialect, sqlstore.Options{Attempts: 1000})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		var ended time.Time
		f := &stumble{n: 1, times: 1000, err: codeError(5)}
		f.then = func() {
			if f.failed == 20 {
				ended = time.Now()
				cancel()
			}
		}
		seen.failing(f.fate)
		began := time.Now()
		_, err = s.CreateUser(ctx, acme, person("ann"), scim.Guard{}, event(scim.UserCreated, "ann", ""))
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 20, f.failed)
		require.Zero(t, time.Since(ended))
		require.Positive(t, ended.Sub(began), "it waited before")
		require.Less(t, ended.Sub(began), 20*128*time.Millisecond)
	})
}

// TestRetryHook: each try calls the hook, which is told what that try did, and only
// what the hook wrote in the last one is kept.
func TestRetryHook(t *testing.T) {
	onAll(t, func(t *testing.T, b backend) {
		var told []sqlstore.Write
		r := newRetrying(t, b, func(ctx context.Context, tx *sql.Tx, w sqlstore.Write) error {
			told = append(told, w)
			if _, err := tx.ExecContext(ctx, "INSERT INTO outbox (tenant, kind) VALUES ('"+string(w.Tenant)+"', '"+string(w.Event.Kind)+"')"); err != nil {
				return fmt.Errorf("the outbox: %w", err)
			}
			return nil
		})
		execute(t, r.sees, "CREATE TABLE outbox (tenant text NOT NULL, kind text NOT NULL)")
		for _, w := range writes {
			if !w.event {
				continue
			}
			t.Run(w.name, func(t *testing.T) {
				whole, untroubled := new(stumble), r.tenant(t)
				require.NoError(t, r.under(t.Context(), w, untroubled, whole))
				for n := whole.sent - 1; n <= whole.sent; n++ { // the hook's statement, and the commit
					told = nil
					tenant := r.tenant(t)
					f := &stumble{n: n, times: attempts - 1, err: verdicts[b.driver].again[0]}
					require.NoError(t, r.under(t.Context(), w, tenant, f))
					require.Len(t, told, attempts)
					r.same(t, stateOf(t, r.sees, untroubled), tenant, "with a hook", n)
					rows, err := lines(database(r.sees), "SELECT kind FROM outbox WHERE tenant = '"+string(tenant)+"'")
					require.NoError(t, err)
					last := told[len(told)-1]
					require.Equal(t, []string{string(last.Event.Kind)}, rows)
					kept, err := r.sees.Events(t.Context(), scim.EventQuery{Tenant: tenant, NewestFirst: true, Limit: 1})
					require.NoError(t, err)
					require.Equal(t, kept.Items[0].Seq, last.Event.Seq)
				}
			})
		}
	})
}

// TestRetrySerializable: where the database gives up in earnest, as PostgreSQL does
// often when every transaction is SERIALIZABLE, each seat is sold once and every
// member comes in.
func TestRetrySerializable(t *testing.T) {
	t.Parallel()
	const people, each, seats = 8, 5, 25
	b, seen := backends[0], new(spy)
	address := b.address(t) + "&default_transaction_isolation=serializable"
	var stores [2]*sqlstore.Store
	for i := range stores {
		stores[i] = b.on(t, seen.open(t, b, address), sqlstore.Options{Attempts: 50})
	}
	var level string
	require.NoError(t, database(stores[0]).QueryRowContext(t.Context(), "SHOW transaction_isolation").Scan(&level))
	require.Equal(t, "serializable", level)
	require.NoError(t, second(stores[0].CreateGroup(t.Context(), acme, team("all"), nil, event(scim.GroupCreated, "", "all"))))

	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs = make(map[error]int)
	)
	sent := seen.during(func() {
		for i := range people {
			wg.Go(func() {
				for j := range each {
					id := fmt.Sprintf("p%d-%d", i, j)
					s := stores[(i+j)%2]
					_, err := s.CreateUser(context.Background(), acme, person(id), scim.Guard{Seats: scim.Seats(seats)}, event(scim.UserCreated, id, ""))
					if err == nil {
						_, err = s.UpdateGroup(context.Background(), acme, "all", scim.GroupChange{Add: []string{id}}, scim.Guard{}, event(scim.GroupUpdated, "", "all"))
					}
					mu.Lock()
					errs[err]++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
	})
	require.Equal(t, map[error]int{nil: seats, scim.ErrSeats: people*each - seats}, errs)
	counts, err := stores[1].Counts(t.Context(), acme)
	require.NoError(t, err)
	require.Equal(t, scim.Counts{Active: seats}, counts)
	members, err := stores[1].Members(t.Context(), acme, "all", scim.Query{})
	require.NoError(t, err)
	require.Equal(t, seats, members.Total)
	require.Len(t, members.Items, seats)
	g, err := stores[1].Group(t.Context(), acme, "all")
	require.NoError(t, err)
	require.Equal(t, fmt.Sprint(1+seats), g.Version)
	creates := 0
	for _, c := range sent.statements() {
		if strings.Contains(c.query, "INSERT INTO usher_users") {
			creates++
		}
	}
	require.Greater(t, creates, people*each, "the database never gave up")
}

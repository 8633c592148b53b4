package dialect_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/dialect"
)

// How a service fails: it refuses to do what changes something, or does it, and the
// answer is lost.
var (
	busy = func(q *http.Request) fault {
		if q.Method == http.MethodGet {
			return fault{}
		}
		return fault{status: http.StatusServiceUnavailable}
	}
	lost = func(q *http.Request) fault {
		if q.Method == http.MethodGet {
			return fault{}
		}
		return fault{status: http.StatusBadGateway, after: true}
	}
)

// during syncs with a service that fails.
func (r *rig) during(f func(*http.Request) fault) {
	r.Helper()
	r.tape.fault = f
	report, err := r.Sync(r.Context())
	require.NoError(r, err)
	require.NotZero(r, report.Failed)
	r.tape.fault = nil
}

// recover syncs until nothing is due.
func (r *rig) recover() {
	r.Helper()
	for range 2 {
		_, err := r.Sync(r.Context())
		require.NoError(r, err)
	}
	r.sync()
	r.intended()
}

// TestChangedBack: a change whose answer was lost is undone when the directory is as
// before: the value, the access, the name of a group, and who is in it.
func TestChangedBack(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.staff()
		r.sync()
		for name, there := range map[string]struct{ and, back func() error }{
			"value":      {func() error { return r.Rename("1", "x@example.com") }, func() error { return r.Rename("1", "ann@example.com") }},
			"access":     {func() error { return r.Disable("1") }, func() error { return r.Enable("1") }},
			"group name": {func() error { return r.RenameGroup("Engineers", "X") }, func() error { return r.RenameGroup("X", "Engineers") }},
			"left":       {func() error { return r.RemoveMember("Engineers", "1") }, func() error { return r.AddMember("Engineers", "1") }},
			"joined":     {func() error { return r.AddMember("Engineers", "3") }, func() error { return r.RemoveMember("Engineers", "3") }},
		} {
			if !r.Dialect().Groups && name != "value" && name != "access" {
				continue
			}
			require.NoError(t, r.Put(dialect.Person{ID: "3", UserName: "cy@example.com", Email: "cy@example.com"}))
			r.sync()
			require.NoError(t, there.and(), name)
			r.during(lost)
			require.NoError(t, there.back(), name)
			r.recover()
		}
	})
}

// TestBackAndGone: who came back without the answer arriving, and left again, is out.
func TestBackAndGone(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.staff()
		require.NoError(t, r.Change("1", func(p *dialect.Person) { p.Manager = "" }))
		r.sync()
		require.NoError(t, r.Disable("2"))
		r.sync()
		require.NoError(t, r.Enable("2"))
		r.during(lost)
		require.NoError(t, r.Disable("2"))
		r.sync()
		r.intended()
	})
}

// TestGroupGoneBeforeItIsDeleted: there is nothing left to do.
func TestGroupGoneBeforeItIsDeleted(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		if !r.Dialect().Groups {
			t.Skip("has no groups")
		}
		r.staff()
		r.sync()
		page, err := r.dir.Groups(t.Context(), tenant, scim.Query{})
		require.NoError(t, err)
		_, err = (&idp.Service{Handler: r.handler, Token: token}).Do(t.Context(), http.MethodDelete, "/Groups/"+page.Items[0].ID, nil, nil)
		require.NoError(t, err)
		require.NoError(t, r.DeleteGroup("Engineers"))
		report, err := r.Sync(t.Context())
		require.NoError(t, err)
		require.Zero(t, report.Due)
		r.sync()
	})
}

// TestDeletedAndBack: who was deleted and whose answer was lost is there again after
// coming back.
func TestDeletedAndBack(t *testing.T) {
	t.Parallel()
	d := dialect.PingFederate()
	d.Disabled = dialect.Delete
	r := newRig(t, d)
	r.staff()
	r.sync()
	require.NoError(t, r.Disable("1"))
	r.during(lost)
	require.NoError(t, r.Enable("1"))
	r.recover()
}

// TestNamesGivenAway: whoever takes a name before the service has heard that it is free
// gets no one else's user, and no other group.
func TestNamesGivenAway(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.staff()
		r.sync()
		id := r.ServiceID("1")
		require.NoError(t, r.Rename("1", "ann.cole@example.com"))
		require.NoError(t, r.Put(dialect.Person{ID: "3", UserName: "ann@example.com", Email: "ann@example.com"}))
		if r.Dialect().Groups {
			require.NoError(t, r.RenameGroup("Engineers", "Platform"))
			require.NoError(t, r.PutGroup("Engineers", "3"))
		}
		r.during(busy)
		require.Empty(t, r.ServiceID("3"))
		r.recover()
		require.Equal(t, id, r.ServiceID("1"))
		require.NotEqual(t, id, r.ServiceID("3"))
	})
}

// TestLeaversGoFirst: a seat that somebody leaves is there for who comes in the same
// Sync.
func TestLeaversGoFirst(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		*r.seats = scim.Seats(2)
		person := func(id string) dialect.Person {
			return dialect.Person{ID: id, UserName: "u" + id + "@example.com", Email: "u" + id + "@example.com"}
		}
		for _, id := range []string{"1", "2", "3"} {
			require.NoError(t, r.Put(person(id)))
			r.sync()
			require.NoError(t, r.Disable("1"))
		}
		seated := func() {
			t.Helper()
			_, err := r.Sync(t.Context())
			require.NoError(t, err)
			l, err := r.dir.Licence(t.Context(), tenant)
			require.NoError(t, err)
			require.Equal(t, 2, l.Used)
			require.Zero(t, l.Held)
		}
		require.NoError(t, r.Enable("1"))
		require.NoError(t, r.Disable("3"))
		seated()
		require.NoError(t, r.Put(person("4")))
		require.NoError(t, r.Remove("2"))
		seated()
	})
}

// TestDeletedLeaveTheirGroups: the service takes who is deleted out of all groups, and
// the provider does not do it again.
func TestDeletedLeaveTheirGroups(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.staff()
		r.sync()
		begin := len(r.tape.sent)
		require.NoError(t, r.Remove("2"))
		r.sync()
		r.intended()
		groups := 0
		for _, s := range r.tape.sent[begin:] {
			if s.method != http.MethodGet && strings.HasPrefix(s.target, "/Groups/") {
				groups++
			}
		}
		told := r.Dialect().Groups && r.Dialect().Removed != dialect.Delete
		require.Equal(t, told, groups > 0, "%d", groups)
	})
}

// TestGoneAtTheService: users and groups that the host has no more are made again, at
// once by those who do that, else by the next Sync.
func TestGoneAtTheService(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.staff()
		r.sync()
		admin := &idp.Service{Handler: r.handler, Token: token}
		gone := []string{"/Users/" + r.ServiceID("1")}
		if r.Dialect().Groups {
			page, err := r.dir.Groups(t.Context(), tenant, scim.Query{})
			require.NoError(t, err)
			gone = append(gone, "/Groups/"+page.Items[0].ID)
		}
		for _, path := range gone {
			a, err := admin.Do(t.Context(), http.MethodDelete, path, nil, nil)
			require.NoError(t, err)
			require.True(t, a.OK())
		}
		require.NoError(t, r.Change("1", func(p *dialect.Person) { p.GivenName = "Anna" }))
		require.NoError(t, r.RemoveMember("Engineers", "2"))
		report, err := r.Sync(t.Context())
		require.NoError(t, err)
		require.NotZero(t, report.Failed)
		require.Equal(t, r.Dialect().Remake, r.ServiceID("1") != "", "made again at once")
		for range 2 {
			report, err = r.Sync(t.Context())
			require.NoError(t, err)
		}
		require.Zero(t, report.Due)
		r.intended()
	})
}

// TestGoneAndBack: a user whom somebody else deleted and made again is linked again.
func TestGoneAndBack(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		if r.Dialect().Remake {
			t.Skip("makes it itself")
		}
		require.NoError(t, r.Put(ben()))
		r.sync()
		id := r.ServiceID("2")
		admin := &idp.Service{Handler: r.handler, Token: token}
		_, err := admin.Do(t.Context(), http.MethodDelete, "/Users/"+id, nil, nil)
		require.NoError(t, err)
		require.NoError(t, r.Change("2", func(p *dialect.Person) { p.GivenName = "Benjamin" }))
		_, err = r.Sync(t.Context())
		require.NoError(t, err)
		require.Empty(t, r.ServiceID("2"))
		_, err = admin.Do(t.Context(), http.MethodPost, "/Users", nil, idp.Resource{
			"userName": "ben@example.com", "emails": []any{idp.Resource{"type": "work", "value": "ben@example.com"}},
		})
		require.NoError(t, err)
		r.sync()
		require.Equal(t, id, r.ServiceID("2"))
		r.intended()
	})
}

// TestLeaversWhoAreGone: who is not there any more has left.
func TestLeaversWhoAreGone(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.staff()
		r.sync()
		admin := &idp.Service{Handler: r.handler, Token: token}
		for _, id := range []string{"1", "2"} {
			_, err := admin.Do(t.Context(), http.MethodDelete, "/Users/"+r.ServiceID(id), nil, nil)
			require.NoError(t, err)
		}
		require.NoError(t, r.Disable("1"))
		require.NoError(t, r.Remove("2"))
		report, err := r.Sync(t.Context())
		require.NoError(t, err)
		require.Zero(t, report.Failed, "%+v", r.Log())
		require.NoError(t, r.Enable("1"))
		r.sync()
		r.clock.Advance(48 * time.Hour)
		r.sync()
		r.intended()
	})
}

// TestLeaverWithoutAnswer: nobody who left stays active because an answer was lost, and
// nobody who came back stays out.
func TestLeaverWithoutAnswer(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.staff()
		r.sync()
		lose := func(q *http.Request) fault {
			return fault{status: http.StatusBadGateway, after: q.Method != http.MethodGet}
		}
		require.NoError(t, r.Disable("1"))
		r.tape.fault = lose
		report, err := r.Sync(t.Context())
		require.NoError(t, err)
		require.NotZero(t, report.Failed)
		require.NoError(t, r.Enable("1"))
		r.tape.fault = nil
		_, err = r.Sync(t.Context())
		require.NoError(t, err)
		r.sync()
		r.intended()
	})
}

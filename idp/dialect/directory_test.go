package dialect_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/dialect"
)

func TestDirectoryRefuses(t *testing.T) {
	t.Parallel()
	r := newRig(t, dialect.OneLogin())
	r.staff()
	require.NoError(t, r.PutGroup("Sellers"))
	for name, c := range map[string]struct{ got, want error }{
		"taken":              {r.Put(dialect.Person{ID: "9", UserName: "ANN@example.com"}), dialect.ErrTaken},
		"renamed to a taken": {r.Rename("1", "Ben@example.com"), dialect.ErrTaken},
		"change":             {r.Change("9", func(*dialect.Person) {}), dialect.ErrUnknown},
		"rename":             {r.Rename("9", "x"), dialect.ErrUnknown},
		"disable":            {r.Disable("9"), dialect.ErrUnknown},
		"enable":             {r.Enable("9"), dialect.ErrUnknown},
		"remove":             {r.Remove("9"), dialect.ErrUnknown},
		"group of":           {r.PutGroup("Engineers", "9"), dialect.ErrUnknown},
		"rename group":       {r.RenameGroup("Nobody", "x"), dialect.ErrUnknown},
		"rename to a group":  {r.RenameGroup("Sellers", "Engineers"), dialect.ErrTaken},
		"rename to nothing":  {r.RenameGroup("Sellers", ""), dialect.ErrTaken},
		"join":               {r.AddMember("Engineers", "9"), dialect.ErrUnknown},
		"join nothing":       {r.AddMember("Nobody", "1"), dialect.ErrUnknown},
		"leave nothing":      {r.RemoveMember("Nobody", "1"), dialect.ErrUnknown},
		"delete nothing":     {r.DeleteGroup("Nobody"), dialect.ErrUnknown},
	} {
		require.ErrorIs(t, c.got, c.want, name)
	}
	require.Error(t, r.Put(dialect.Person{UserName: "x"}))
	require.Error(t, r.Put(dialect.Person{ID: "9"}))
	require.Error(t, r.PutGroup(""))
	require.Equal(t, []string{"1", "2"}, r.Members("Engineers"), "nothing changed")
	require.Equal(t, []string{"Engineers", "Sellers"}, r.Groups())
	require.Equal(t, []string{"1", "2"}, r.People())
	require.NoError(t, r.Rename("1", "anna@example.com"))
	require.NoError(t, r.Put(dialect.Person{ID: "9", UserName: "ann@example.com"}), "the old name is free")
	p, there := r.Person("1")
	require.True(t, there)
	require.Equal(t, "anna@example.com", p.Email, "it was the userName")
	require.NoError(t, r.Change("1", func(p *dialect.Person) { p.Email, p.ID = "a@example.com", "9" }))
	require.NoError(t, r.Rename("1", "anne@example.com"))
	p, _ = r.Person("1")
	require.Equal(t, "a@example.com", p.Email, "it was not the userName")
	require.Equal(t, "1", p.ID, "which never changes")
	_, there = r.Person("10")
	require.False(t, there)
	require.Empty(t, r.ServiceID("10"))
	require.Nil(t, r.Members("Nobody"))
}

// TestRemovedFromEverything: who is removed is nobody's manager and in no group, also
// when there is somebody of that ID again.
func TestRemovedFromEverything(t *testing.T) {
	t.Parallel()
	r := newRig(t, dialect.OneLogin())
	r.staff()
	require.NoError(t, r.Remove("2"))
	require.NoError(t, r.Put(ben()))
	require.Equal(t, []string{"1"}, r.Members("Engineers"))
	p, _ := r.Person("1")
	require.Empty(t, p.Manager)
	r.sync()
	r.intended()
}

// TestNeverSent: of whoever and whatever came and went between two Syncs nobody hears.
func TestNeverSent(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.staff()
		require.NoError(t, r.Remove("1"))
		require.NoError(t, r.Disable("2"))
		require.NoError(t, r.DeleteGroup("Engineers"))
		report, err := r.Sync(t.Context())
		require.NoError(t, err)
		require.Zero(t, report.Due)
		require.Zero(t, report.Done+report.Failed)
	})
}

// TestMappedToID: nobody's id changes by a mapping to it, and once that is mended
// everybody is as intended, also those whose answers were lost meanwhile.
func TestMappedToID(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.staff()
		r.sync()
		right, ids := r.Dialect().Attributes, []string{r.ServiceID("1"), r.ServiceID("2")}
		r.SetAttributes(append([]dialect.Attribute{dialect.ServiceID}, right...))
		require.NoError(t, r.Change("1", func(p *dialect.Person) { p.GivenName = "Anna" }))
		_, err := r.Sync(t.Context())
		require.NoError(t, err)
		require.NoError(t, r.Rename("2", "benjamin@example.com"))
		r.during(lost)
		r.SetAttributes(right)
		r.recover()
		require.Equal(t, ids, []string{r.ServiceID("1"), r.ServiceID("2")})
	})
}

// TestGrace: who is deleted at Google is suspended at once and deleted a day later;
// who comes back before that stays the same user.
func TestGrace(t *testing.T) {
	t.Parallel()
	r := newRig(t, dialect.Google())
	r.staff()
	r.sync()
	ids := map[string]string{"1": r.ServiceID("1"), "2": r.ServiceID("2")}
	require.NoError(t, r.Remove("1"))
	require.NoError(t, r.Remove("2"))
	status := func(id string) scim.Status {
		u, err := r.dir.User(t.Context(), tenant, ids[id])
		require.NoError(t, err)
		return u.Status
	}
	report, err := r.Sync(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, report.Due)
	require.Equal(t, scim.StatusDeactivated, status("1"))
	r.clock.Advance(24*time.Hour - time.Second)
	report, err = r.Sync(t.Context())
	require.NoError(t, err)
	require.Zero(t, report.Requests)
	require.NoError(t, r.Put(ben()))
	r.clock.Advance(time.Second)
	report, err = r.Sync(t.Context())
	require.NoError(t, err)
	require.Zero(t, report.Due)
	require.Equal(t, scim.StatusArchived, status("1"))
	require.Equal(t, scim.StatusActive, status("2"))
	require.Equal(t, ids["2"], r.ServiceID("2"))
	var deleted []string
	for _, s := range r.tape.sent {
		if s.method == http.MethodDelete {
			deleted = append(deleted, s.target)
		}
	}
	require.Equal(t, []string{"/Users/" + ids["1"]}, deleted)
}

// TestPingMayDelete: with its other action, who is disabled is deleted, and comes back
// by being made again.
func TestPingMayDelete(t *testing.T) {
	t.Parallel()
	d := dialect.PingFederate()
	d.Disabled, d.Removed = dialect.Delete, dialect.Delete
	r := newRig(t, d)
	r.staff()
	r.sync()
	id := r.ServiceID("1")
	require.NoError(t, r.Disable("1"))
	r.sync()
	require.Empty(t, r.ServiceID("1"))
	u, err := r.dir.User(t.Context(), tenant, id)
	require.NoError(t, err)
	require.Equal(t, scim.StatusArchived, u.Status)
	require.NoError(t, r.Enable("1"))
	r.sync()
	require.Equal(t, id, r.ServiceID("1"), "brought back")
	r.intended()
}

// TestLeaversLeftAlone: a provider that is set to do nothing does nothing.
func TestLeaversLeftAlone(t *testing.T) {
	t.Parallel()
	d := dialect.OneLogin()
	d.Disabled, d.Removed = dialect.LeaveAlone, dialect.LeaveAlone
	r := newRig(t, d)
	require.NoError(t, r.Put(ann()))
	require.NoError(t, r.Put(ben()))
	r.sync()
	require.NoError(t, r.Change("1", func(p *dialect.Person) { p.Manager = "" }))
	r.sync()
	sent := len(r.tape.sent)
	require.NoError(t, r.Disable("1"))
	require.NoError(t, r.Remove("2"))
	r.sync()
	require.Len(t, r.tape.sent, sent)
}

// TestCannotClear: Ping sends a value again that is gone in its directory, so the host
// keeps it; others clear it.
func TestCannotClear(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		r.staff()
		r.sync()
		require.NoError(t, r.Change("1", func(p *dialect.Person) { p.DisplayName, p.Manager = "", "" }))
		r.sync()
		u, err := r.dir.User(t.Context(), tenant, r.ServiceID("1"))
		require.NoError(t, err)
		if r.Dialect().Unset == dialect.Kept {
			require.Equal(t, "Ann Baker", u.DisplayName)
			require.Equal(t, "ben@example.com", u.Manager.Value)
		} else {
			require.Empty(t, u.DisplayName)
			require.Zero(t, u.Manager)
		}
	})
}

// TestAccountsOfTheHost: people whom the platform has already are linked, not made.
func TestAccountsOfTheHost(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		own, err := r.dir.CreateUser(t.Context(), tenant, scim.NewUser{UserName: "Ann@example.com", Email: "ann@example.com"})
		require.NoError(t, err)
		r.staff()
		r.sync()
		require.Equal(t, own.ID, r.ServiceID("1"))
		u, err := r.dir.User(t.Context(), tenant, own.ID)
		require.NoError(t, err)
		require.True(t, u.Managed)
		r.intended()
	})
}

// TestGroupsThatAreThere: a group of the same name gets the provider's members; who was
// in it goes, or stays where the provider merges.
func TestGroupsThatAreThere(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		if !r.Dialect().Groups {
			t.Skip("has no groups")
		}
		admin := &idp.Service{Handler: r.handler, Token: token}
		made := func(path string, body any) string {
			a, err := admin.Do(t.Context(), http.MethodPost, path, nil, body)
			require.NoError(t, err)
			require.Equal(t, http.StatusCreated, a.Status, "%s", a.Body)
			made, err := a.Resource()
			require.NoError(t, err)
			return made.ID()
		}
		old := made("/Users", idp.Resource{"userName": "old@example.com"})
		group := made("/Groups", idp.Resource{"displayName": "ENGINEERS", "members": []any{idp.Resource{"value": old}}})
		r.staff()
		r.sync()
		page, err := r.dir.Members(t.Context(), tenant, group, scim.Query{})
		require.NoError(t, err)
		stays := false
		for _, m := range page.Items {
			stays = stays || m.ID == old
		}
		require.Equal(t, r.Dialect().MergeGroups, stays)
		require.Len(t, page.Items, map[bool]int{true: 3, false: 2}[stays])
		g, err := r.dir.Group(t.Context(), tenant, group)
		require.NoError(t, err)
		require.Equal(t, "Engineers", g.DisplayName)
	})
}

// TestLongLists: a group on the third page is found.
func TestLongLists(t *testing.T) {
	t.Parallel()
	for _, d := range []dialect.Dialect{dialect.OneLogin(), dialect.PingFederate(), dialect.PingOne(), dialect.SailPoint()} {
		r := newRig(t, d)
		admin := &idp.Service{Handler: r.handler, Token: token}
		for i := range 205 {
			a, err := admin.Do(t.Context(), http.MethodPost, "/Groups", nil, idp.Resource{"displayName": fmt.Sprintf("Group %d", i)})
			require.NoError(t, err)
			require.True(t, a.OK())
		}
		require.NoError(t, r.Put(ben()))
		require.NoError(t, r.PutGroup("Group 203", "2"))
		require.NoError(t, r.PutGroup("Group 204", "2"))
		report, err := r.Sync(t.Context())
		require.NoError(t, err)
		require.Zero(t, report.Failed, "%s: %+v", d.Name, r.Log())
		require.Zero(t, report.Due)
		var lists []string
		for _, s := range r.tape.sent {
			if s.method == http.MethodGet && strings.HasPrefix(s.target, "/Groups") {
				lists = append(lists, s.target)
			}
		}
		require.Len(t, lists, 3, "read once: %s", lists)
		page, err := r.dir.Groups(t.Context(), tenant, scim.Query{Limit: 1})
		require.NoError(t, err)
		require.Equal(t, 205, page.Total, "none was made")
	}
}

// TestExclusiveGroups: at Rippling nobody is in two groups, whatever one does, and those
// who are in a group stay in it when others come.
func TestExclusiveGroups(t *testing.T) {
	t.Parallel()
	r := newRig(t, dialect.Rippling())
	r.staff()
	require.NoError(t, r.PutGroup("Sellers", "1"))
	require.Equal(t, []string{"2"}, r.Members("Engineers"))
	r.sync()
	require.NoError(t, r.AddMember("Engineers", "1"))
	require.Empty(t, r.Members("Sellers"))
	r.sync()
	r.intended()
	u, err := r.dir.User(t.Context(), tenant, r.ServiceID("1"))
	require.NoError(t, err)
	in, err := r.dir.GroupsOf(t.Context(), tenant, u.ID)
	require.NoError(t, err)
	require.Len(t, in, 1)
}

// TestSameCallsSameRequests: nothing depends on the order of a map.
func TestSameCallsSameRequests(t *testing.T) {
	each(t, func(t *testing.T, r *rig) {
		play := func(r *rig) string {
			var ids []string
			for i := range 8 {
				id := fmt.Sprint(i)
				ids = append(ids, id)
				require.NoError(t, r.Put(dialect.Person{ID: id, UserName: "u" + id + "@example.com", Email: "u" + id + "@example.com", Title: "x", GivenName: "y"}))
			}
			for _, name := range []string{"B", "A", "C"} {
				require.NoError(t, r.PutGroup(name, ids...))
			}
			r.sync()
			for _, id := range ids[:4] {
				require.NoError(t, r.Remove(id))
			}
			require.NoError(t, r.PutGroup("D", ids[4:]...))
			r.sync()
			return r.tape.text.String()
		}
		first := play(r)
		for range 2 {
			require.Equal(t, first, play(newRig(t, r.Dialect())))
		}
	})
}

// TestAnybodyIsFound: whatever a userName has in it, the look-up finds who has it.
func TestAnybodyIsFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.SampledFrom([]func() dialect.Dialect{dialect.OneLogin, dialect.PingOne, dialect.Google, dialect.SailPoint}).Draw(t, "dialect")()
		name := strings.TrimSpace(rapid.StringOfN(rapid.SampledFrom([]rune(`ab"\'%&+=#/?[] éß中@;:`+"\u00a0")), 1, 20, -1).Draw(t, "userName"))
		if name == "" {
			name = "x"
		}
		r := newRig(t, d)
		own, err := r.dir.CreateUser(t.Context(), tenant, scim.NewUser{UserName: name, Email: "x@example.com"})
		require.NoError(t, err)
		require.NoError(t, r.Put(dialect.Person{ID: "1", UserName: name, Email: "x@example.com"}))
		report, err := r.Sync(t.Context())
		require.NoError(t, err)
		require.Zero(t, report.Failed, "%+v", r.Log())
		require.Equal(t, own.ID, r.ServiceID("1"))
		require.Equal(t, dialect.ActionLink, r.Log()[0].Action)
		require.NotContains(t, r.tape.sent[0].target, "u0026", "nobody writes & so in a filter")
	})
}

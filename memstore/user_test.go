package memstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// alike compares all that a user says, with its keys.
var alike = cmpopts.IgnoreUnexported(scim.User{})

func TestStructsGoInAndCopiesComeOut(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	given := person(7)
	given.Extra = map[string]string{"profileUrl": "https://example.com"}
	given.Lists = map[string][]map[string]string{"ims": {{"value": "ada"}}}
	given.Kept = []scim.Warning{{Attribute: "emails", Text: "kept"}}
	given.Keys.Addresses = []string{"ada@home.example.com"}

	want := given.Clone()
	got := created(t, s, given)[0]
	require.NotEmpty(t, got.Version)
	want.Version, want.Created, want.Modified = got.Version, at(0), at(0)
	require.Empty(t, cmp.Diff(want, got, alike))

	for _, u := range []*scim.User{given, got} {
		u.UserName, u.Emails[0].Value, u.Addresses[0].Country = "changed", "changed", "changed"
		u.Extra["profileUrl"], u.Lists["ims"][0]["value"] = "changed", "changed"
		u.Keys.Folders[0].Name, u.Keys.Addresses[0], u.Kept[0].Text = "changed", "changed", "changed"
	}
	got, err := s.User(t.Context(), acme, want.ID)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(want, got, alike))
}

func TestVersionAndModifiedAreNewAtEachWriteAndCreatedStays(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	first := created(t, s, named("a"))[0]
	require.Equal(t, at(0), first.Created)
	require.Equal(t, at(0), first.Modified)

	second := updated(t, s, with(first, func(u *scim.User) { u.Created = at(5) }))
	require.NotEqual(t, first.Version, second.Version)
	require.Equal(t, at(0), second.Created)
	require.Equal(t, at(1000), second.Modified)

	dated := with(named("b"), func(u *scim.User) { u.Created = at(-50) })
	require.Equal(t, at(-50), created(t, s, dated)[0].Created)
}

// TestOrderIsThatOfTheWallClock keeps a time without a monotonic reading and one
// with from being compared by different clocks.
func TestOrderIsThatOfTheWallClock(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	now := time.Now()
	u := with(named("a"), func(u *scim.User) { u.Created = now })
	got, err := s.CreateUser(t.Context(), acme, u, scim.Guard{}, &scim.Event{Time: now})
	require.NoError(t, err)
	require.Equal(t, now.Round(0), got.Created)
	require.Equal(t, now.Round(0), got.Modified)
	g, err := s.CreateGroup(t.Context(), acme, &scim.Group{ID: "g", Created: now}, nil, &scim.Event{Time: now})
	require.NoError(t, err)
	require.Equal(t, now.Round(0), g.Created)
	require.Equal(t, now.Round(0), g.Modified)
}

func TestAWriteIsRefused(t *testing.T) {
	t.Parallel()
	archived := inStatus(named("gone"), scim.StatusArchived)
	taken := func(by *scim.User) *scim.User {
		return with(named("new"), func(u *scim.User) { u.Keys.UserName = by.Keys.UserName })
	}
	for name, test := range map[string]struct {
		user  *scim.User
		guard scim.Guard
		want  error
	}{
		"userName":                    {taken(named("a")), scim.Guard{}, &scim.ConflictError{Attribute: "userName"}},
		"userName of a deactivated":   {taken(named("off")), scim.Guard{}, &scim.ConflictError{Attribute: "userName"}},
		"userName of an archived one": {taken(archived), scim.Guard{}, nil},
		"e-mail": {
			with(named("new"), func(u *scim.User) { u.Keys.Email = named("a").Keys.Email }),
			scim.Guard{},
			&scim.ConflictError{Attribute: "emails"},
		},
		"userName before e-mail": {
			with(named("a"), func(u *scim.User) { u.ID = "new"; u.Keys.Email = named("off").Keys.Email }),
			scim.Guard{},
			&scim.ConflictError{Attribute: "userName"},
		},
		"a name before a seat": {taken(named("a")), scim.Guard{Seats: scim.Seats(1)}, &scim.ConflictError{Attribute: "userName"}},
		"no seat":              {named("new"), scim.Guard{Seats: scim.Seats(1)}, scim.ErrSeats},
		"the last seat":        {named("new"), scim.Guard{Seats: scim.Seats(2)}, nil},
		"held without a seat":  {inStatus(named("new"), scim.StatusHeld), scim.Guard{Seats: scim.Seats(0)}, nil},
		"archived with a taken name": {
			inStatus(taken(named("a")), scim.StatusArchived), scim.Guard{}, nil,
		},
		"an ID that is taken": {
			with(named("new"), func(u *scim.User) { u.ID = "a" }),
			scim.Guard{},
			&scim.ConflictError{Attribute: "id"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := memstore.New()
			created(t, s, named("a"), inStatus(named("off"), scim.StatusDeactivated), archived)
			_, err := s.CreateUser(t.Context(), acme, test.user, test.guard, event(9))
			require.Equal(t, test.want, err)
			require.NoError(t, s.Check())

			page, err := s.Events(t.Context(), scim.EventQuery{})
			require.NoError(t, err)
			if test.want != nil {
				require.Equal(t, 3, page.Total, "a refused write leaves no event")
			} else {
				require.Equal(t, 4, page.Total)
			}
		})
	}
}

func TestAUserWithoutIDOrStatusIsRefused(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	_, err := s.CreateUser(t.Context(), acme, with(named("a"), func(u *scim.User) { u.ID = "" }), scim.Guard{}, event(0))
	require.Error(t, err)
	for _, status := range []scim.Status{0, scim.StatusArchived + 1} {
		_, err = s.CreateUser(t.Context(), acme, inStatus(named("a"), status), scim.Guard{}, event(0))
		require.Error(t, err)
	}
}

func TestAnUpdateIsRefused(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	a := created(t, s, named("a"), named("b"), inStatus(named("held"), scim.StatusHeld))[0]
	full := scim.Guard{Seats: scim.Seats(2)}
	update := func(u *scim.User, g scim.Guard) error {
		_, err := s.UpdateUser(t.Context(), acme, u, g, event(9))
		return err
	}
	require.Equal(t, scim.ErrNotFound, update(named("nobody"), scim.Guard{}))
	require.Equal(t, scim.ErrVersion, update(a, scim.Guard{Version: "other"}))
	require.NoError(t, update(a, scim.Guard{Version: a.Version}))
	require.Equal(t, scim.ErrVersion, update(a, scim.Guard{Version: a.Version}))
	require.Equal(t, &scim.ConflictError{Attribute: "userName"},
		update(with(a, func(u *scim.User) { u.Keys.UserName = named("b").Keys.UserName }), scim.Guard{}))
	require.Equal(t, &scim.ConflictError{Attribute: "emails"},
		update(with(a, func(u *scim.User) { u.Keys.Email = named("b").Keys.Email }), scim.Guard{}))
	require.Equal(t, scim.ErrSeats, update(named("held"), full))

	require.NoError(t, update(a, full), "an active user keeps its seat")
	require.NoError(t, update(a, scim.Guard{Seats: scim.Seats(0)}), "also over the limit")
	require.NoError(t, update(inStatus(a, scim.StatusDeactivated), full))
	require.NoError(t, update(named("held"), full), "the seat was freed at once")
	require.NoError(t, s.Check())
}

func TestArchivingLeavesGroupsFoldersAndNames(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	a := created(t, s, inFolder(named("a"), scim.RootDivision, "Sales"), named("b"))[0]
	second := newGroup(t, s, "second", "a", "b")
	first, err := s.CreateGroup(t.Context(), acme, &scim.Group{ID: "first", DisplayName: "first"}, []string{"a"}, event(5))
	require.NoError(t, err)
	untouched := newGroup(t, s, "untouched", "b")

	e := event(1000)
	_, err = s.UpdateUser(t.Context(), acme, inStatus(a, scim.StatusArchived), scim.Guard{}, e)
	require.NoError(t, err)
	require.Equal(t, []string{"first", "second"}, e.Left)

	for _, before := range []*scim.Group{first, second} {
		now, err := s.Group(t.Context(), acme, before.ID)
		require.NoError(t, err)
		require.NotEqual(t, before.Version, now.Version)
		require.Equal(t, at(1000), now.Modified)
	}
	now, err := s.Group(t.Context(), acme, "untouched")
	require.NoError(t, err)
	require.Equal(t, untouched, now)
	require.Equal(t, []string{"b"}, memberIDs(t, s, "second"))
	folders, err := s.Folders(t.Context(), acme, scim.RootDivision)
	require.NoError(t, err)
	require.Empty(t, folders)
	created(t, s, with(a, func(u *scim.User) { u.ID = "heir" }))
	require.NoError(t, s.Check())
}

func TestAnArchivedUserComesBackToItsPlace(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	users := created(t, s, named("a"), inFolder(named("b"), scim.RootDivision, "Sales"), named("c"))
	b := users[1]
	updated(t, s, inStatus(b, scim.StatusArchived))
	heir := updated(t, s, with(users[2], func(u *scim.User) { u.Keys.UserName = b.Keys.UserName }))

	_, err := s.UpdateUser(t.Context(), acme, b, scim.Guard{}, event(1001))
	require.Equal(t, &scim.ConflictError{Attribute: "userName"}, err)
	updated(t, s, with(heir, func(u *scim.User) { u.Keys.UserName = "elsewhere" }))
	updated(t, s, b)

	page, err := s.Users(t.Context(), acme, scim.Query{})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c"}, userIDs(page.Items))
	folders, err := s.Folders(t.Context(), acme, scim.RootDivision)
	require.NoError(t, err)
	require.Equal(t, []scim.Folder{{Root: scim.RootDivision, Name: "Sales", Users: 1, Active: 1}}, folders)
	require.NoError(t, s.Check())
}

func TestOnlyAnArchivedUserIsPurged(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	a := created(t, s, named("a"))[0]
	require.Equal(t, scim.ErrNotFound, s.PurgeUser(t.Context(), acme, "a", event(1)))
	updated(t, s, inStatus(a, scim.StatusArchived))
	require.NoError(t, s.PurgeUser(t.Context(), acme, "a", event(2)))
	require.Equal(t, scim.ErrNotFound, s.PurgeUser(t.Context(), acme, "a", event(3)))
	_, err := s.User(t.Context(), acme, "a")
	require.Equal(t, scim.ErrNotFound, err)
	found, err := s.FindUsers(t.Context(), acme, scim.Find{IDs: []string{"a"}, UserNames: []string{a.Keys.UserName}, Archived: true})
	require.NoError(t, err)
	require.Empty(t, found)
	require.NoError(t, s.Check())
}

func TestFindUsersReturnsWhomAnyEntryNamesOnceInOrderOfCreation(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	tagged := func(id, external string, s scim.Status) *scim.User {
		return with(inStatus(named(id), s), func(u *scim.User) {
			u.ExternalID = external
			u.Keys.Addresses = []string{"shared@example.com", id + "@home.example.com"}
		})
	}
	created(
		t, s, tagged("z", "x1", scim.StatusActive), tagged("a", "x1", scim.StatusHeld), tagged("m", "x2", scim.StatusDeactivated),
		tagged("old", "x2", scim.StatusArchived),
		with(tagged("older", "x1", scim.StatusArchived), func(u *scim.User) { u.Keys = tagged("old", "", 0).Keys }),
	)
	mail := func(id string) string { return id + "@example.com" }
	for name, test := range map[string]struct {
		find scim.Find
		want []string
	}{
		"nothing":                {scim.Find{}, nil},
		"IDs":                    {scim.Find{IDs: []string{"m", "nobody", "z", "m"}}, []string{"z", "m"}},
		"an archived ID":         {scim.Find{IDs: []string{"old"}}, nil},
		"the same on request":    {scim.Find{IDs: []string{"old"}, Archived: true}, []string{"old"}},
		"externalId":             {scim.Find{ExternalIDs: []string{"x1"}}, []string{"z", "a"}},
		"externalId of archived": {scim.Find{ExternalIDs: []string{"x1"}, Archived: true}, []string{"z", "a", "older"}},
		"no externalId":          {scim.Find{ExternalIDs: []string{""}, Archived: true}, nil},
		"userName":               {scim.Find{UserNames: []string{mail("a"), mail("old")}}, []string{"a"}},
		"userName of archived":   {scim.Find{UserNames: []string{mail("old")}, Archived: true}, []string{"old", "older"}},
		"work e-mail":            {scim.Find{Emails: []string{mail("a"), "a@home.example.com"}}, []string{"a"}},
		"e-mail of archived":     {scim.Find{Emails: []string{mail("old")}, Archived: true}, []string{"old", "older"}},
		"work address":           {scim.Find{Addresses: []string{mail("a")}}, []string{"a"}},
		"other address":          {scim.Find{Addresses: []string{"m@home.example.com"}}, []string{"m"}},
		"shared address":         {scim.Find{Addresses: []string{"shared@example.com"}}, []string{"z", "a", "m"}},
		"address of archived": {
			scim.Find{Addresses: []string{"old@home.example.com"}, Archived: true},
			[]string{"old", "older"},
		},
		"alternatives": {
			scim.Find{IDs: []string{"z"}, ExternalIDs: []string{"x1"}, UserNames: []string{mail("m")}, Emails: []string{mail("z")}},
			[]string{"z", "a", "m"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := s.FindUsers(t.Context(), acme, test.find)
			require.NoError(t, err)
			require.Equal(t, test.want, userIDs(found))
		})
	}
}

func TestTenantsAreApart(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	a := created(t, s, inFolder(named("a"), scim.RootDivision, "Sales"))[0]
	newGroup(t, s, "g", "a")
	ctx := t.Context()

	_, err := s.User(ctx, other, "a")
	require.Equal(t, scim.ErrNotFound, err)
	_, err = s.UpdateUser(ctx, other, a, scim.Guard{}, event(1))
	require.Equal(t, scim.ErrNotFound, err)
	require.Equal(t, scim.ErrNotFound, s.PurgeUser(ctx, other, "a", event(1)))
	_, err = s.Group(ctx, other, "g")
	require.Equal(t, scim.ErrNotFound, err)
	_, err = s.UpdateGroup(ctx, other, "g", scim.GroupChange{}, scim.Guard{}, event(1))
	require.Equal(t, scim.ErrNotFound, err)
	require.Equal(t, scim.ErrNotFound, s.DeleteGroup(ctx, other, "g", scim.Guard{}, event(1)))
	_, err = s.Members(ctx, other, "g", scim.Query{})
	require.Equal(t, scim.ErrNotFound, err)
	_, err = s.CreateGroup(ctx, other, &scim.Group{ID: "h", DisplayName: "g"}, []string{"a", "g"}, event(1))
	require.Equal(t, &scim.UnknownMembersError{Members: []string{"a", "g"}}, err)

	counts, err := s.Counts(ctx, other)
	require.NoError(t, err)
	require.Zero(t, counts)
	groups, err := s.GroupsOf(ctx, other, []string{"a"})
	require.NoError(t, err)
	require.Empty(t, groups)
	folders, err := s.Folders(ctx, other, scim.RootDivision)
	require.NoError(t, err)
	require.Empty(t, folders)

	_, err = s.CreateUser(ctx, other, a, scim.Guard{Seats: scim.Seats(1)}, event(1))
	require.NoError(t, err, "names and seats are the tenant's own")
	require.NoError(t, s.Check())
}

// TestEachMethodHonoursItsContext calls all of them with one that has ended.
func TestEachMethodHonoursItsContext(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	one := func(_ any, err error) error { return err }
	for name, err := range map[string]error{
		"CreateUser":   one(s.CreateUser(ctx, acme, named("a"), scim.Guard{}, event(0))),
		"UpdateUser":   one(s.UpdateUser(ctx, acme, named("a"), scim.Guard{}, event(0))),
		"PurgeUser":    s.PurgeUser(ctx, acme, "a", event(0)),
		"User":         one(s.User(ctx, acme, "a")),
		"FindUsers":    one(s.FindUsers(ctx, acme, scim.Find{})),
		"Users":        one(s.Users(ctx, acme, scim.Query{})),
		"CreateGroup":  one(s.CreateGroup(ctx, acme, &scim.Group{ID: "g"}, nil, event(0))),
		"UpdateGroup":  one(s.UpdateGroup(ctx, acme, "g", scim.GroupChange{}, scim.Guard{}, event(0))),
		"DeleteGroup":  s.DeleteGroup(ctx, acme, "g", scim.Guard{}, event(0)),
		"Group":        one(s.Group(ctx, acme, "g")),
		"FindGroups":   one(s.FindGroups(ctx, acme, scim.Find{})),
		"Groups":       one(s.Groups(ctx, acme, scim.Query{})),
		"Members":      one(s.Members(ctx, acme, "g", scim.Query{})),
		"GroupsOf":     one(s.GroupsOf(ctx, acme, nil)),
		"Counts":       one(s.Counts(ctx, acme)),
		"Folders":      one(s.Folders(ctx, acme, scim.RootDivision)),
		"Append":       s.Append(ctx, acme, event(0)),
		"Events":       one(s.Events(ctx, scim.EventQuery{})),
		"Place":        one(s.Place(ctx, "c")),
		"SetPlace":     s.SetPlace(ctx, "c", "1"),
		"SaveActivity": s.SaveActivity(ctx, acme, scim.Activity{}),
		"Activity":     one(s.Activity(ctx, acme)),
	} {
		require.ErrorIs(t, err, context.Canceled, name)
	}
}

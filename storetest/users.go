package storetest

import (
	"math/rand/v2"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

var userRules = []check{
	{name: "users/copies", promise: "Structs go in and copies come out, with every value.", run: userCopies},
	{name: "users/versions", promise: "Each write of a user sets Version anew and Modified from Event.Time; Created stays.", run: userVersions},
	{name: "users/own-time", promise: "A user that comes with Created keeps it.", run: userOwnTime},
	{name: "users/visible", promise: "What one handle wrote, every other reads once the method has returned.", run: userVisible},
	{name: "users/unique-names", promise: "Among users that are not archived Keys.UserName is unique, and Keys.Email where it is not empty (P4.1).", run: userNames},
	{name: "users/ids", promise: "An ID is taken once, by a user or a group.", run: userIdentifiers},
	{name: "users/refusals", promise: "A refused write of a user changes nothing and leaves no event.", run: userRefusals},
	{name: "users/guard", promise: "A write with Guard.Version happens only to that version.", run: userGuard},
	{name: "users/seats", promise: "A seat is taken by a write after which a user is active that was not, and only where one is free (P5.5, P5.6).", run: userSeats},
	{name: "users/counts", promise: "Counts says how many users have each status.", run: userCounts},
	{name: "users/archive", promise: "A write that archives a user takes it out of its groups and folders and frees its names (P3.4).", run: userArchive},
	{name: "users/return", promise: "An archived user comes back under its ID, to its place in the list (P3.5).", run: userReturn},
	{name: "users/purge", promise: "Only an archived user is forgotten, and then for good.", run: userPurge},
	{name: "users/find", promise: "FindUsers returns every user that an entry names, once, in order of creation.", run: userFind},
	{name: "users/folders", promise: "A folder has the users whose Keys.Folders name it, is equal to others by FoldName, and is called what its first user calls it (P6.1, P6.2).", run: userFolders},
	{name: "users/long", promise: "Names and folders are kept apart and found at their longest (P2.8).", run: userLong},
}

func userCopies(p *probe) {
	given := full()
	want := given.Clone()
	got := p.created(given)[0]
	require.NotEmpty(p, got.Version, "Version")
	want.Version, want.Created, want.Modified = got.Version, at(0), at(0)
	require.Empty(p, cmp.Diff(want, got, alike))
	for _, u := range []*scim.User{given, got} {
		u.UserName, u.Emails[0].Value, u.Addresses[0].Country = "changed", "changed", "changed"
		u.Extra["profileUrl"], u.Lists["ims"][0]["value"] = "changed", "changed"
		u.Keys.Folders[0].Name, u.Keys.Addresses[0], u.Kept[0].Text = "changed", "changed", "changed"
	}
	for range 2 {
		for _, s := range []scim.Store{p.a, p.b} {
			got, err := s.User(ctx, acme, want.ID)
			require.NoError(p, err)
			require.Empty(p, cmp.Diff(want, got, alike))
			got.Title, got.Emails[0].Value = "changed", "changed"
		}
	}
	// What is replaced is gone, also where the new value is none.
	next := named("full")
	got = p.updated(next)
	next.Version, next.Created, next.Modified = got.Version, at(0), at(1000)
	require.Empty(p, cmp.Diff(next, p.user("full"), alike))
}

func userVersions(p *probe) {
	first := p.created(named("a"))[0]
	require.True(p, first.Created.Equal(at(0)) && first.Modified.Equal(at(0)), "Created %v, Modified %v", first.Created, first.Modified)
	seen := map[string]bool{first.Version: true}
	for i := range 5 {
		u := with(first, func(u *scim.User) { u.Created, u.Title = at(5), "title "+ids("", 5)[i] })
		got, err := p.eitherHandle(i).UpdateUser(ctx, acme, u, scim.Guard{}, event(1000+i))
		require.NoError(p, err)
		require.False(p, seen[got.Version], "version %q was there before", got.Version)
		seen[got.Version] = true
		require.True(p, got.Created.Equal(at(0)) && got.Modified.Equal(at(1000+i)), "Created %v, Modified %v", got.Created, got.Modified)
	}
}

func userOwnTime(p *probe) {
	dated := with(named("b"), func(u *scim.User) { u.Created = at(-50) })
	require.True(p, p.created(dated)[0].Created.Equal(at(-50)))
	require.True(p, p.user("b").Created.Equal(at(-50)))
}

func userVisible(p *probe) {
	for i, id := range ids("u", 20) {
		got, err := p.eitherHandle(i).CreateUser(ctx, acme, named(id), scim.Guard{}, event(i))
		require.NoError(p, err)
		read, err := p.eitherHandle(i+1).User(ctx, acme, id)
		require.NoError(p, err)
		require.Equal(p, got.Version, read.Version)
		found, err := p.eitherHandle(i+1).FindUsers(ctx, acme, scim.Find{UserNames: []string{got.Keys.UserName}})
		require.NoError(p, err)
		require.Equal(p, []string{id}, userIDs(found))
	}
}

func userNames(p *probe) {
	archived := inStatus(named("gone"), scim.StatusArchived)
	p.created(named("a"), inStatus(named("off"), scim.StatusDeactivated), archived,
		with(named("bare"), func(u *scim.User) { u.Keys.Email = "" }))
	create := func(u *scim.User) error {
		_, err := p.b.CreateUser(ctx, acme, u, scim.Guard{}, event(9))
		return err
	}
	named := func(id, userName, email string) *scim.User {
		return with(named(id), func(u *scim.User) { u.Keys.UserName, u.Keys.Email = userName, email })
	}
	p.conflict("userName", create(named("new", "a@example.com", "new@example.com")))
	p.conflict("userName", create(named("new", "off@example.com", "new@example.com")))
	p.conflict("emails", create(named("new", "new@example.com", "a@example.com")))
	p.conflict("userName", create(named("new", "a@example.com", "off@example.com")))
	require.NoError(p, create(named("new", "gone@example.com", "gone@example.com")), "the names of an archived user")
	require.NoError(p, create(named("bare2", "bare2@example.com", "")), "a second user without an address")
	require.NoError(p, create(inStatus(named("dead", "a@example.com", "a@example.com"), scim.StatusArchived)), "an archived user with taken names")

	update := func(id, userName, email string) error {
		_, err := p.b.UpdateUser(ctx, acme, named(id, userName, email), scim.Guard{}, event(9))
		return err
	}
	p.conflict("userName", update("a", "off@example.com", "a@example.com"))
	p.conflict("emails", update("a", "a@example.com", "off@example.com"))
	require.NoError(p, update("a", "a2@example.com", "a@example.com"))
	require.NoError(p, create(named("heir", "a@example.com", "heir@example.com")), "a name that was given up")
	p.conflict("userName", update("gone", "gone@example.com", ""))
}

func userIdentifiers(p *probe) {
	p.created(named("a"))
	p.group("g")
	_, err := p.b.CreateUser(ctx, acme, with(named("new"), func(u *scim.User) { u.ID = "a" }), scim.Guard{}, event(1))
	p.conflict("id", err)
	_, err = p.b.CreateGroup(ctx, acme, &scim.Group{ID: "g", DisplayName: "h"}, nil, event(1))
	p.conflict("id", err)
}

func userRefusals(p *probe) {
	before := p.created(named("a"), named("b"), inStatus(named("held"), scim.StatusHeld))
	one := scim.Guard{Seats: scim.Seats(1)}
	for _, refused := range []func() error{
		func() error {
			_, err := p.a.CreateUser(ctx, acme, with(named("a"), func(u *scim.User) { u.ID = "c" }), scim.Guard{}, event(9))
			return err
		},
		func() error { _, err := p.a.CreateUser(ctx, acme, named("c"), one, event(9)); return err },
		func() error { _, err := p.a.UpdateUser(ctx, acme, named("held"), one, event(9)); return err },
		func() error { _, err := p.a.UpdateUser(ctx, acme, named("nobody"), scim.Guard{}, event(9)); return err },
		func() error {
			u := with(before[0], func(u *scim.User) { u.Title = "changed" })
			_, err := p.a.UpdateUser(ctx, acme, u, scim.Guard{Version: "stale"}, event(9))
			return err
		},
		func() error {
			u := with(before[0], func(u *scim.User) { u.Title, u.Keys.UserName = "changed", before[1].Keys.UserName })
			_, err := p.a.UpdateUser(ctx, acme, u, scim.Guard{}, event(9))
			return err
		},
	} {
		require.Error(p, refused())
	}
	for _, u := range before {
		require.Empty(p, cmp.Diff(u, p.user(u.ID), alike))
	}
	_, err := p.b.User(ctx, acme, "c")
	require.ErrorIs(p, err, scim.ErrNotFound)
	require.Equal(p, scim.Counts{Active: 2, Held: 1}, p.counts())
	require.Len(p, p.record(acme), 3, "events")
}

func userGuard(p *probe) {
	first := p.created(named("a"))[0]
	second, err := p.b.UpdateUser(ctx, acme, with(first, func(u *scim.User) { u.Title = "x" }), scim.Guard{Version: first.Version}, event(1))
	require.NoError(p, err)
	_, err = p.a.UpdateUser(ctx, acme, first, scim.Guard{Version: first.Version}, event(2))
	require.ErrorIs(p, err, scim.ErrVersion)
	_, err = p.a.UpdateUser(ctx, acme, first, scim.Guard{Version: second.Version}, event(2))
	require.NoError(p, err)
	_, err = p.a.UpdateUser(ctx, acme, named("nobody"), scim.Guard{Version: "1"}, event(2))
	require.ErrorIs(p, err, scim.ErrNotFound)
	_, err = p.a.User(ctx, acme, "nobody")
	require.ErrorIs(p, err, scim.ErrNotFound)
}

func userSeats(p *probe) {
	two := scim.Guard{Seats: scim.Seats(2)}
	a := p.created(named("a"), inStatus(named("held"), scim.StatusHeld), inStatus(named("off"), scim.StatusDeactivated))[0]
	create := func(id string, s scim.Status, g scim.Guard) error {
		_, err := p.b.CreateUser(ctx, acme, inStatus(named(id), s), g, event(9))
		return err
	}
	update := func(u *scim.User, g scim.Guard) error {
		_, err := p.b.UpdateUser(ctx, acme, u, g, event(9))
		return err
	}
	require.NoError(p, create("b", scim.StatusActive, two), "the last seat")
	require.ErrorIs(p, create("c", scim.StatusActive, two), scim.ErrSeats)
	p.conflict("userName", update(with(named("held"), func(u *scim.User) { u.Keys.UserName = a.Keys.UserName }), two)) // a name before a seat
	require.ErrorIs(p, update(named("held"), two), scim.ErrSeats)
	require.ErrorIs(p, update(named("off"), two), scim.ErrSeats)
	require.NoError(p, create("c", scim.StatusHeld, two), "who takes no seat")
	require.NoError(p, update(with(a, func(u *scim.User) { u.Title = "x" }), two), "an active user keeps its seat")
	require.NoError(p, update(with(a, func(u *scim.User) { u.Title = "y" }), scim.Guard{Seats: scim.Seats(0)}), "also over the limit")
	require.NoError(p, update(inStatus(a, scim.StatusArchived), two))
	require.NoError(p, update(named("held"), two), "a seat is free at once")
	require.ErrorIs(p, update(a, two), scim.ErrSeats)
	require.NoError(p, update(a, scim.Guard{}), "without a limit")
	require.Equal(p, scim.Counts{Active: 3, Deactivated: 1, Held: 1}, p.counts())
}

func userCounts(p *probe) {
	require.Zero(p, p.counts())
	a := p.created(named("a"), named("b"), inStatus(named("h"), scim.StatusHeld),
		inStatus(named("d"), scim.StatusDeactivated), inStatus(named("x"), scim.StatusArchived))[0]
	require.Equal(p, scim.Counts{Active: 2, Held: 1, Deactivated: 1, Archived: 1}, p.counts())
	p.updated(inStatus(a, scim.StatusArchived))
	require.Equal(p, scim.Counts{Active: 1, Held: 1, Deactivated: 1, Archived: 2}, p.counts())
	require.NoError(p, p.a.PurgeUser(ctx, acme, "a", event(1001)))
	require.Equal(p, scim.Counts{Active: 1, Held: 1, Deactivated: 1, Archived: 1}, p.counts())
}

func userArchive(p *probe) {
	a := p.created(inFolder(named("a"), scim.RootDivision, "Sales"), named("b"))[0]
	second := p.group("second", "a", "b")
	first, err := p.a.CreateGroup(ctx, acme, &scim.Group{ID: "first", DisplayName: "first"}, []string{"a"}, event(5))
	require.NoError(p, err)
	untouched := p.group("untouched", "b")

	e := event(3000)
	_, err = p.a.UpdateUser(ctx, acme, inStatus(a, scim.StatusArchived), scim.Guard{}, e)
	require.NoError(p, err)
	require.Equal(p, []string{"first", "second"}, e.Left, "Event.Left")
	for _, before := range []*scim.Group{first, second} {
		now := p.groupNow(before.ID)
		require.NotEqual(p, before.Version, now.Version)
		require.True(p, now.Modified.Equal(at(3000)), "Modified %v", now.Modified)
	}
	require.Empty(p, cmp.Diff(untouched, p.groupNow("untouched")))
	require.Equal(p, []string{"b"}, p.members("second"))
	require.Empty(p, p.members("first"))
	require.Empty(p, p.folders(scim.RootDivision))
	refs, err := p.b.GroupsOf(ctx, acme, []string{"a"})
	require.NoError(p, err)
	require.Empty(p, refs["a"])
	require.Equal(p, []string{"first", "second"}, p.record(acme)[5].Left)
	p.created(with(a, func(u *scim.User) { u.ID = "heir" }))
}

func userReturn(p *probe) {
	all := p.created(named("a"), inFolder(named("b"), scim.RootDivision, "Sales"), named("c"))
	b := all[1]
	p.updated(inStatus(b, scim.StatusArchived))
	heir := p.updated(with(all[2], func(u *scim.User) { u.Keys.UserName = b.Keys.UserName }))
	_, err := p.b.UpdateUser(ctx, acme, b, scim.Guard{}, event(1001))
	p.conflict("userName", err)
	p.updated(with(heir, func(u *scim.User) { u.Keys.UserName = "elsewhere" }))
	e := event(1002)
	_, err = p.b.UpdateUser(ctx, acme, b, scim.Guard{}, e)
	require.NoError(p, err)
	require.Empty(p, e.Left)

	page, err := p.b.Users(ctx, acme, scim.Query{})
	require.NoError(p, err)
	require.Equal(p, []string{"a", "b", "c"}, userIDs(page.Items))
	require.Equal(p, []scim.Folder{{Root: scim.RootDivision, Name: "Sales", Users: 1, Active: 1}}, p.folders(scim.RootDivision))
}

func userPurge(p *probe) {
	a := p.created(named("a"))[0]
	require.ErrorIs(p, p.a.PurgeUser(ctx, acme, "a", event(1)), scim.ErrNotFound)
	p.updated(inStatus(a, scim.StatusArchived))
	require.NoError(p, p.a.PurgeUser(ctx, acme, "a", event(2)))
	require.ErrorIs(p, p.b.PurgeUser(ctx, acme, "a", event(3)), scim.ErrNotFound)
	_, err := p.b.User(ctx, acme, "a")
	require.ErrorIs(p, err, scim.ErrNotFound)
	found, err := p.b.FindUsers(ctx, acme, scim.Find{IDs: []string{"a"}, UserNames: []string{a.Keys.UserName}, Archived: true})
	require.NoError(p, err)
	require.Empty(p, found)
	require.Len(p, p.record(acme), 3, "events")
	p.created(named("a"))
}

func userFind(p *probe) {
	tagged := func(id, external string, s scim.Status) *scim.User {
		return with(inStatus(named(id), s), func(u *scim.User) {
			u.ExternalID = external
			u.Keys.Addresses = []string{"shared@example.com", id + "@home.example.com"}
		})
	}
	p.created(tagged("z", "x1", scim.StatusActive), tagged("a", "x1", scim.StatusHeld), tagged("m", "X1", scim.StatusDeactivated),
		tagged("old", "x2", scim.StatusArchived),
		with(tagged("older", "x1", scim.StatusArchived), func(u *scim.User) { u.Keys = tagged("old", "", 0).Keys }))
	mail := func(id string) string { return id + "@example.com" }
	for name, test := range map[string]struct {
		find scim.Find
		want []string
	}{
		"nothing":                {scim.Find{}, nil},
		"IDs":                    {scim.Find{IDs: []string{"m", "nobody", "z", "m"}}, []string{"z", "m"}},
		"no ID":                  {scim.Find{IDs: []string{""}}, nil},
		"an archived ID":         {scim.Find{IDs: []string{"old"}}, nil},
		"the same on request":    {scim.Find{IDs: []string{"old"}, Archived: true}, []string{"old"}},
		"externalId":             {scim.Find{ExternalIDs: []string{"x1"}}, []string{"z", "a"}},
		"externalId of archived": {scim.Find{ExternalIDs: []string{"x1"}, Archived: true}, []string{"z", "a", "older"}},
		"no externalId":          {scim.Find{ExternalIDs: []string{""}, Archived: true}, nil},
		"userName":               {scim.Find{UserNames: []string{mail("a"), mail("old")}}, []string{"a"}},
		"userName of archived":   {scim.Find{UserNames: []string{mail("old")}, Archived: true}, []string{"old", "older"}},
		"work e-mail":            {scim.Find{Emails: []string{mail("a"), "a@home.example.com"}}, []string{"a"}},
		"no e-mail":              {scim.Find{Emails: []string{""}, Archived: true}, nil},
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
		found, err := p.b.FindUsers(ctx, acme, test.find)
		require.NoError(p, err, name)
		require.Equal(p, test.want, userIDs(found), name)
	}
}

func userFolders(p *probe) {
	sales := func(name string, users, active int) scim.Folder {
		return scim.Folder{Root: scim.RootDivision, Name: name, Users: users, Active: active}
	}
	all := p.created(
		inFolder(named("a"), scim.RootDivision, "North  Sales"),
		inFolder(inStatus(named("b"), scim.StatusHeld), scim.RootDivision, "north sales"),
		inFolder(named("c"), scim.RootDivision, "Legal"), inFolder(named("d"), scim.RootDepartment, "Accounts"),
		inFolder(named("e"), scim.RootDivision, " "),
		inFolder(inFolder(named("f"), scim.RootOrganisation, "Ops"), scim.RootOrganisation, "OPS"),
	)
	require.Equal(p, []scim.Folder{sales("Legal", 1, 1), sales("North  Sales", 2, 1)}, p.folders(scim.RootDivision))
	require.Equal(p, "north sales", p.user("b").Keys.Folders[0].Name, "a user keeps its own spelling")
	require.Equal(p, []scim.Folder{{Root: scim.RootOrganisation, Name: "Ops", Users: 1, Active: 1}}, p.folders(scim.RootOrganisation))

	p.updated(with(all[0], func(u *scim.User) { u.Keys.Folders[0].Name = "Legal" }))
	require.Equal(p, []scim.Folder{sales("Legal", 2, 2), sales("North  Sales", 1, 0)}, p.folders(scim.RootDivision))
	p.updated(inStatus(all[1], scim.StatusActive))
	require.Equal(p, sales("North  Sales", 1, 1), p.folders(scim.RootDivision)[1])
	p.updated(inStatus(all[1], scim.StatusArchived))
	require.Equal(p, []scim.Folder{sales("Legal", 2, 2)}, p.folders(scim.RootDivision))
	p.updated(all[1])
	require.Equal(p, sales("north sales", 1, 0), p.folders(scim.RootDivision)[1], "a folder without users is forgotten")
}

// long returns a text of n characters that no compression makes short.
func long(seed uint64, n int) string {
	r := rand.New(rand.NewPCG(seed, 0))
	out := make([]rune, n)
	for i := range out {
		out[i] = rune(0x20000 + r.IntN(40_000)) // four bytes each
	}
	return string(out)
}

func userLong(p *probe) {
	const name, value = 512, 4096
	named := func(id string, seed uint64, folder string) *scim.User {
		return inFolder(with(named(id), func(u *scim.User) {
			u.ExternalID = long(seed, name)
			u.Keys.UserName, u.Keys.Email, u.Keys.Addresses = long(seed+1, name), long(seed+2, name), []string{long(seed+3, name)}
		}), scim.RootDivision, folder)
	}
	// Two folders differ in their last character, the third is the first.
	folder := long(1, value-1)
	users := p.created(named("a", 10, folder+"b"), named("b", 20, folder+"a"), named("c", 30, " "+folder+"B"))
	require.Equal(p, []scim.Folder{
		{Root: scim.RootDivision, Name: folder + "a", Users: 1, Active: 1}, {Root: scim.RootDivision, Name: folder + "b", Users: 2, Active: 2},
	}, p.folders(scim.RootDivision))
	page, err := p.b.Users(ctx, acme, scim.Query{Folder: scim.FolderKey{Root: scim.RootDivision, Name: folder + "B"}})
	require.NoError(p, err)
	require.Equal(p, []string{"a", "c"}, userIDs(page.Items))
	p.group(long(2, name), "a")
	for _, f := range []scim.Find{
		{ExternalIDs: []string{users[1].ExternalID}},
		{UserNames: []string{users[1].Keys.UserName}},
		{Emails: []string{users[1].Keys.Email}},
		{Addresses: users[1].Keys.Addresses},
	} {
		found, err := p.b.FindUsers(ctx, acme, f)
		require.NoError(p, err)
		require.Empty(p, cmp.Diff(users[1:2], found, alike))
	}
}

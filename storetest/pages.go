package storetest

import (
	"fmt"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

var pageRules = []check{
	{name: "pages/users", promise: "Users are listed by Created, then ID; archived ones only on request.", run: pageUsers},
	{name: "pages/choice", promise: "A query asks for a status, a folder, both, a part of the list or only its length.", run: pageChoice},
	{name: "pages/groups", promise: "Groups are listed by Created, then ID, page by page.", run: pageGroups},
	{name: "pages/members", promise: "Members are read page by page, each once.", run: pageMembers},
	{name: "pages/resume", promise: "A page goes on where the one before ended, also when what it ended with is gone.", run: pageResume},
	{name: "pages/place", promise: "A place that the store did not give out is ErrPlace.", run: pagePlace},
}

func pageUsers(p *probe) {
	dated := func(id string, seconds int) *scim.User {
		return with(named(id), func(u *scim.User) { u.Created = at(seconds) })
	}
	p.created(dated("c", 2), dated("b", 1), dated("z", 0), dated("a", 1), inStatus(dated("gone", 1), scim.StatusArchived))
	page, err := p.b.Users(ctx, acme, scim.Query{})
	require.NoError(p, err)
	require.Equal(p, []string{"z", "a", "b", "c"}, userIDs(page.Items))
	require.Equal(p, 4, page.Total)
	require.Empty(p, page.Next)
	page, err = p.b.Users(ctx, acme, scim.Query{Status: scim.StatusArchived})
	require.NoError(p, err)
	require.Equal(p, []string{"gone"}, userIDs(page.Items))
}

func pageChoice(p *probe) {
	sales := func(id string, status scim.Status) *scim.User {
		return inFolder(inStatus(named(id), status), scim.RootDivision, "Sales")
	}
	p.created(sales("a", scim.StatusActive), sales("b", scim.StatusHeld), inStatus(named("c"), scim.StatusHeld),
		sales("d", scim.StatusActive), sales("e", scim.StatusArchived), inStatus(named("f"), scim.StatusDeactivated))
	inSales := scim.FolderKey{Root: scim.RootDivision, Name: " SALES "}
	for name, test := range map[string]struct {
		query scim.Query
		want  []string
		total int
	}{
		"all":               {scim.Query{}, []string{"a", "b", "c", "d", "f"}, 5},
		"active":            {scim.Query{Status: scim.StatusActive}, []string{"a", "d"}, 2},
		"deactivated":       {scim.Query{Status: scim.StatusDeactivated}, []string{"f"}, 1},
		"held":              {scim.Query{Status: scim.StatusHeld}, []string{"b", "c"}, 2},
		"archived":          {scim.Query{Status: scim.StatusArchived}, []string{"e"}, 1},
		"of no such status": {scim.Query{Status: scim.StatusArchived + 1}, nil, 0},
		"folder":            {scim.Query{Folder: inSales}, []string{"a", "b", "d"}, 3},
		"folder and status": {scim.Query{Folder: inSales, Status: scim.StatusActive}, []string{"a", "d"}, 2},
		"its first":         {scim.Query{Folder: inSales, Status: scim.StatusActive, Limit: 1}, []string{"a"}, 2},
		"its second":        {scim.Query{Folder: inSales, Status: scim.StatusActive, Offset: 1}, []string{"d"}, 2},
		"archived are out":  {scim.Query{Folder: inSales, Status: scim.StatusArchived}, nil, 0},
		"another root":      {scim.Query{Folder: scim.FolderKey{Root: scim.RootDepartment, Name: "Sales"}}, nil, 0},
		"only the total":    {scim.Query{Limit: -1}, nil, 5},
		"behind the last":   {scim.Query{Offset: 5}, nil, 5},
		"far behind":        {scim.Query{Offset: 1 << 62}, nil, 5},
	} {
		page, err := p.b.Users(ctx, acme, test.query)
		require.NoError(p, err, name)
		require.Equal(p, test.want, userIDs(page.Items), name)
		require.Equal(p, test.total, page.Total, name)
		require.Equal(p, test.query.Limit == 1, page.Next != "", "Next of %s", name)
		test.query.NoTotal = true
		page, err = p.b.Users(ctx, acme, test.query)
		require.NoError(p, err, name)
		require.Equal(p, test.want, userIDs(page.Items), "%s, without the total", name)
	}
}

func pageGroups(p *probe) {
	p.created(named("u"))
	for _, id := range []string{"c", "a", "b", "e", "d"} {
		p.group(id, "u")
	}
	first, err := p.a.CreateGroup(ctx, acme, &scim.Group{ID: "z", DisplayName: "z", Key: "z", Created: at(-1)}, nil, event(3000))
	require.NoError(p, err)
	for limit := range 7 {
		var got []string
		for page := range pages(p, scim.Query{Limit: limit}, func(q scim.Query) (scim.Page[*scim.Group], error) {
			return p.b.Groups(ctx, acme, q)
		}) {
			require.Equal(p, 6, page.Total)
			got = append(got, groupIDs(page.Items)...)
		}
		require.Equal(p, []string{first.ID, "a", "b", "c", "d", "e"}, got, "pages of %d", limit)
	}
	page, err := p.b.Groups(ctx, acme, scim.Query{Offset: 4, Limit: 1})
	require.NoError(p, err)
	require.Equal(p, []string{"d"}, groupIDs(page.Items))
	page, err = p.b.Groups(ctx, acme, scim.Query{Limit: -1})
	require.NoError(p, err)
	require.Empty(p, page.Items)
	require.Equal(p, 6, page.Total)
}

func pageMembers(p *probe) {
	all := ids("u", 23)
	for _, id := range all {
		p.created(named(id))
	}
	p.group("g", all...)
	for _, limit := range []int{1, 2, 7, 23, 24} {
		var got []string
		for page := range pages(p, scim.Query{Limit: limit}, func(q scim.Query) (scim.Page[scim.Member], error) {
			return p.b.Members(ctx, acme, "g", q)
		}) {
			require.Equal(p, len(all), page.Total)
			for _, m := range page.Items {
				got = append(got, m.ID)
			}
		}
		require.Equal(p, all, got, "pages of %d", limit)
	}
	page, err := p.b.Members(ctx, acme, "g", scim.Query{Offset: 21})
	require.NoError(p, err)
	require.Len(p, page.Items, 2)
}

func pageResume(p *probe) {
	all := p.created(named("a"), named("b"), named("c"), named("d"), named("e"))
	p.group("g", "a", "b", "c", "d", "e")
	two := scim.Query{Limit: 2}
	first, err := p.a.Users(ctx, acme, two)
	require.NoError(p, err)
	members, err := p.a.Members(ctx, acme, "g", two)
	require.NoError(p, err)
	p.updated(inStatus(all[1], scim.StatusArchived))
	require.NoError(p, p.a.PurgeUser(ctx, acme, "b", event(1001)))

	second, err := p.b.Users(ctx, acme, scim.Query{Limit: 2, After: first.Next})
	require.NoError(p, err)
	require.Equal(p, []string{"c", "d"}, userIDs(second.Items))
	require.Equal(p, 4, second.Total)
	second, err = p.b.Users(ctx, acme, scim.Query{Limit: 2, After: first.Next, Offset: 1})
	require.NoError(p, err)
	require.Equal(p, []string{"d", "e"}, userIDs(second.Items), "Offset counts from After")
	require.Empty(p, second.Next)
	rest, err := p.b.Members(ctx, acme, "g", scim.Query{After: members.Next, Offset: 1})
	require.NoError(p, err)
	require.Equal(p, 4, rest.Total)
	require.Equal(p, []scim.Member{{ID: "d", Display: "User d"}, {ID: "e", Display: "User e"}}, rest.Items)
}

func pagePlace(p *probe) {
	p.created(named("a"))
	p.group("g")
	for _, place := range []string{"x", "1.x.y", "-1.2", "~", "'; --", "\xff", fmt.Sprint(1<<62, ".", 1<<62)} {
		for name, list := range map[string]func() error{
			"Users":   func() error { _, err := p.a.Users(ctx, acme, scim.Query{After: place}); return err },
			"Groups":  func() error { _, err := p.a.Groups(ctx, acme, scim.Query{After: place}); return err },
			"Members": func() error { _, err := p.a.Members(ctx, acme, "g", scim.Query{After: place}); return err },
			"Events":  func() error { _, err := p.a.Events(ctx, scim.EventQuery{After: place}); return err },
		} {
			if err := list(); err != nil {
				require.ErrorIs(p, err, scim.ErrPlace, "%s after %q", name, place)
			} else if place == "x" {
				p.Errorf("%s takes %q for a place", name, place)
			}
		}
	}
}

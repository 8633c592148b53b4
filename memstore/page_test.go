package memstore_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

func TestUsersAreListedByCreatedThenID(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	dated := func(id string, seconds int) *scim.User {
		return with(named(id), func(u *scim.User) { u.Created = at(seconds) })
	}
	created(t, s, dated("c", 2), dated("b", 1), dated("z", 0), dated("a", 1), inStatus(dated("gone", 1), scim.StatusArchived))
	page, err := s.Users(t.Context(), acme, scim.Query{})
	require.NoError(t, err)
	require.Equal(t, []string{"z", "a", "b", "c"}, userIDs(page.Items))
	require.Equal(t, 4, page.Total)
	require.Empty(t, page.Next)
}

func TestAQueryAsksForStatusAndFolder(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	sales := func(id string, status scim.Status) *scim.User {
		return inFolder(inStatus(named(id), status), scim.RootDivision, "Sales")
	}
	created(
		t, s, sales("a", scim.StatusActive), sales("b", scim.StatusHeld), inStatus(named("c"), scim.StatusHeld),
		sales("d", scim.StatusActive), sales("e", scim.StatusArchived), inStatus(named("f"), scim.StatusDeactivated),
	)
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
		"far behind":        {scim.Query{Offset: 1 << 62}, nil, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, err := s.Users(t.Context(), acme, test.query)
			require.NoError(t, err)
			require.Equal(t, test.want, userIDs(page.Items))
			require.Equal(t, test.total, page.Total)
			require.Equal(t, test.query.Limit == 1, page.Next != "")
		})
	}
}

func TestAPageWithoutLimitHasAThousand(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	for i := range 1001 {
		created(t, s, named(fmt.Sprintf("%04d", i)))
	}
	page, err := s.Users(t.Context(), acme, scim.Query{})
	require.NoError(t, err)
	require.Len(t, page.Items, 1000)
	require.Equal(t, 1001, page.Total)
	page, err = s.Users(t.Context(), acme, scim.Query{After: page.Next})
	require.NoError(t, err)
	require.Equal(t, []string{"1000"}, userIDs(page.Items))
	require.Empty(t, page.Next)
}

func TestAPageGoesOnAlsoWhenWhatItNamesIsGone(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	users := created(t, s, named("a"), named("b"), named("c"), named("d"))
	newGroup(t, s, "g", "a", "b", "c", "d")
	two := scim.Query{Limit: 2}
	first, err := s.Users(t.Context(), acme, two)
	require.NoError(t, err)
	members, err := s.Members(t.Context(), acme, "g", two)
	require.NoError(t, err)
	updated(t, s, inStatus(users[1], scim.StatusArchived))

	second, err := s.Users(t.Context(), acme, scim.Query{Limit: 2, After: first.Next})
	require.NoError(t, err)
	require.Equal(t, []string{"c", "d"}, userIDs(second.Items))
	require.Equal(t, 3, second.Total)
	require.Empty(t, second.Next)
	rest, err := s.Members(t.Context(), acme, "g", scim.Query{After: members.Next, Offset: 1})
	require.NoError(t, err)
	require.Equal(t, "d", rest.Items[0].ID)
	require.Len(t, rest.Items, 1, "Offset counts from After")
	require.Equal(t, 3, rest.Total)
}

func TestGroupsAreListedByPage(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	for _, id := range []string{"c", "a", "b"} {
		newGroup(t, s, id)
	}
	var got []string
	q := scim.Query{Limit: 2}
	for {
		page, err := s.Groups(t.Context(), acme, q)
		require.NoError(t, err)
		require.Equal(t, 3, page.Total)
		for _, g := range page.Items {
			got = append(got, g.ID)
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	require.Equal(t, []string{"a", "b", "c"}, got)
}

func TestMembersAreListedByWhenTheyCameIn(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	created(t, s, named("a"), named("b"), named("c"))
	newGroup(t, s, "g", "c", "a")
	for _, c := range []scim.GroupChange{{Remove: []string{"c"}}, {Add: []string{"b"}}, {Add: []string{"c"}}} {
		changeGroup(t, s, c)
	}
	require.Equal(t, []string{"a", "b", "c"}, memberIDs(t, s, "g"))
}

func TestAPlaceThatNoPageGaveIsAnError(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	newGroup(t, s, "g")
	for _, place := range []string{"x", "1.x.y", "1.2", "-1.2"} {
		_, err := s.Users(t.Context(), acme, scim.Query{After: place})
		require.Error(t, err, place)
		_, err = s.Groups(t.Context(), acme, scim.Query{After: place})
		require.Error(t, err, place)
		_, err = s.Members(t.Context(), acme, "g", scim.Query{After: place})
		require.Error(t, err, place)
		_, err = s.Events(t.Context(), scim.EventQuery{After: place})
		require.Error(t, err, place)
	}
}

func TestAFolderIsCalledWhatItsFirstUserCalledIt(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	folders := func() []scim.Folder {
		t.Helper()
		require.NoError(t, s.Check())
		got, err := s.Folders(t.Context(), acme, scim.RootDivision)
		require.NoError(t, err)
		return got
	}
	sales := func(name string, users, active int) scim.Folder {
		return scim.Folder{Root: scim.RootDivision, Name: name, Users: users, Active: active}
	}
	users := created(
		t, s, inFolder(named("a"), scim.RootDivision, "North  Sales"),
		inFolder(inStatus(named("b"), scim.StatusHeld), scim.RootDivision, "north sales"),
		inFolder(named("c"), scim.RootDivision, "Legal"), inFolder(named("d"), scim.RootDepartment, "Accounts"),
		inFolder(named("e"), scim.RootDivision, " "),
	)
	require.Equal(t, []scim.Folder{sales("Legal", 1, 1), sales("North  Sales", 2, 1)}, folders())
	require.Equal(t, "north sales", users[1].Keys.Folders[0].Name, "a user keeps its own spelling")

	updated(t, s, with(users[0], func(u *scim.User) { u.Keys.Folders[0].Name = "Legal" }))
	require.Equal(t, []scim.Folder{sales("Legal", 2, 2), sales("North  Sales", 1, 0)}, folders())

	updated(t, s, inStatus(users[1], scim.StatusActive))
	require.Equal(t, sales("North  Sales", 1, 1), folders()[1])
	updated(t, s, inStatus(users[1], scim.StatusArchived))
	require.Equal(t, []scim.Folder{sales("Legal", 2, 2)}, folders())
	updated(t, s, users[1])
	require.Equal(t, sales("north sales", 1, 0), folders()[1])
}

func TestAUserIsInAFolderOnce(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	twice := inFolder(inFolder(named("a"), scim.RootDivision, "Sales"), scim.RootDivision, "SALES")
	got := created(t, s, twice)[0]
	require.Equal(t, twice.Keys, got.Keys)
	folders, err := s.Folders(t.Context(), acme, scim.RootDivision)
	require.NoError(t, err)
	require.Equal(t, []scim.Folder{{Root: scim.RootDivision, Name: "Sales", Users: 1, Active: 1}}, folders)
	require.NoError(t, s.Check())
}

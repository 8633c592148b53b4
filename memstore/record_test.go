package memstore_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// recorded returns a store with ten events, of which those with an even number
// are of another tenant.
func recorded(t *testing.T, o memstore.Options) *memstore.Store {
	t.Helper()
	s := memstore.NewWith(o)
	for i := range 10 {
		tenant := acme
		if i%2 == 1 {
			tenant = other
		}
		e := event(i)
		e.UserID, e.GroupID = "u"+strconv.Itoa(i%3), "g"+strconv.Itoa(i%4)
		require.NoError(t, s.Append(t.Context(), tenant, e))
		require.Equal(t, strconv.Itoa(i+1), e.Seq)
		require.Equal(t, tenant, e.Tenant)
	}
	return s
}

func events(t *testing.T, s *memstore.Store, q scim.EventQuery) (seqs []string, page scim.Page[scim.Event]) {
	t.Helper()
	page, err := s.Events(t.Context(), q)
	require.NoError(t, err)
	for _, e := range page.Items {
		seqs = append(seqs, e.Seq)
	}
	return seqs, page
}

func TestEventsAreReadByPage(t *testing.T) {
	t.Parallel()
	s := recorded(t, memstore.Options{})
	for name, test := range map[string]struct {
		query scim.EventQuery
		want  []string
		total int
		next  string
	}{
		"all":                 {scim.EventQuery{}, []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}, 10, "10"},
		"first page":          {scim.EventQuery{Limit: 2}, []string{"1", "2"}, 10, "2"},
		"next page":           {scim.EventQuery{Limit: 2, After: "2"}, []string{"3", "4"}, 10, "4"},
		"full last page":      {scim.EventQuery{Limit: 2, After: "8"}, []string{"9", "10"}, 10, "10"},
		"behind the last":     {scim.EventQuery{After: "10"}, nil, 10, "10"},
		"beyond":              {scim.EventQuery{After: "99"}, nil, 10, "99"},
		"one tenant":          {scim.EventQuery{Tenant: acme}, []string{"1", "3", "5", "7", "9"}, 5, "9"},
		"after another's":     {scim.EventQuery{Tenant: acme, After: "4"}, []string{"5", "7", "9"}, 5, "9"},
		"an unknown tenant":   {scim.EventQuery{Tenant: "nobody", After: "4"}, nil, 0, "4"},
		"newest first":        {scim.EventQuery{NewestFirst: true, Limit: 3}, []string{"10", "9", "8"}, 10, "8"},
		"older":               {scim.EventQuery{NewestFirst: true, Limit: 3, After: "3"}, []string{"2", "1"}, 10, ""},
		"newest of a tenant":  {scim.EventQuery{Tenant: other, NewestFirst: true, After: "7"}, []string{"6", "4", "2"}, 5, ""},
		"a user":              {scim.EventQuery{UserID: "u1"}, []string{"2", "5", "8"}, 3, "10"},
		"a user's first":      {scim.EventQuery{UserID: "u1", Limit: 2}, []string{"2", "5"}, 3, "5"},
		"a user's last":       {scim.EventQuery{UserID: "u1", Limit: 1, After: "5"}, []string{"8"}, 3, "10"},
		"a user's newest":     {scim.EventQuery{UserID: "u1", NewestFirst: true, Limit: 2}, []string{"8", "5"}, 3, "5"},
		"and older":           {scim.EventQuery{UserID: "u1", NewestFirst: true, Limit: 2, After: "5"}, []string{"2"}, 3, ""},
		"none of a user":      {scim.EventQuery{UserID: "nobody", After: "3"}, nil, 0, "10"},
		"a group of a tenant": {scim.EventQuery{Tenant: acme, GroupID: "g2"}, []string{"3", "7"}, 2, "9"},
		"from":                {scim.EventQuery{From: at(7)}, []string{"8", "9", "10"}, 3, "10"},
		"to":                  {scim.EventQuery{To: at(2)}, []string{"1", "2"}, 2, "10"},
		"between":             {scim.EventQuery{From: at(3), To: at(5)}, []string{"4", "5"}, 2, "10"},
		"only the total":      {scim.EventQuery{Limit: -1, After: "3"}, nil, 10, "3"},
		"only a user's total": {scim.EventQuery{Limit: -1, UserID: "u0", After: "3"}, nil, 4, "3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, page := events(t, s, test.query)
			require.Equal(t, test.want, got)
			require.Equal(t, test.total, page.Total)
			require.Equal(t, test.next, page.Next)
		})
	}
}

func TestTheOldestEventsOfATenantAreForgotten(t *testing.T) {
	t.Parallel()
	s := recorded(t, memstore.Options{Events: 2})
	require.NoError(t, s.Append(t.Context(), acme, event(10)))
	got, page := events(t, s, scim.EventQuery{})
	require.Equal(t, []string{"8", "9", "10", "11"}, got)
	require.Equal(t, 4, page.Total)
	got, _ = events(t, s, scim.EventQuery{Tenant: acme, After: "1"})
	require.Equal(t, []string{"9", "11"}, got)

	s = memstore.NewWith(memstore.Options{Events: -1})
	for i := range 20_001 {
		require.NoError(t, s.Append(t.Context(), acme, event(i)))
	}
	_, page = events(t, s, scim.EventQuery{Limit: -1})
	require.Equal(t, 20_001, page.Total)

	s = memstore.New()
	for i := range 20_001 {
		require.NoError(t, s.Append(t.Context(), acme, event(i)))
	}
	got, page = events(t, s, scim.EventQuery{Limit: 1})
	require.Equal(t, []string{"2"}, got)
	require.Equal(t, 20_000, page.Total)
}

// TestHeavyEventsAreForgottenBeforeTheyAreMany: an event of many members is not
// one like the others.
func TestHeavyEventsAreForgottenBeforeTheyAreMany(t *testing.T) {
	t.Parallel()
	many := make([]string, 10_000)
	for i := range many {
		many[i] = uuid(i)
	}
	// What each of them weighs, 10,000 times 36 bytes of text and more, is between
	// a third of the bound and a half.
	for name, heavy := range map[string]func(*scim.Event){
		"added":    func(e *scim.Event) { e.Added = many },
		"removed":  func(e *scim.Event) { e.Removed = many },
		"left":     func(e *scim.Event) { e.Left = many },
		"ignored":  func(e *scim.Event) { e.Ignored = many },
		"changes":  func(e *scim.Event) { e.Changes = []scim.Change{{New: strings.Join(many, "---------------")}} },
		"warnings": func(e *scim.Event) { e.Warnings = []scim.Warning{{Text: strings.Join(many, "---------------")}} },
		"moves":    func(e *scim.Event) { e.Moves = []scim.FolderMove{{To: strings.Join(many, "---------------")}} },
		"error":    func(e *scim.Event) { e.Error = strings.Join(many, "---------------") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := memstore.NewWith(memstore.Options{EventBytes: 1_200_000})
			require.NoError(t, s.Append(t.Context(), other, event(0)))
			for i := range 5 {
				e := event(i)
				heavy(e)
				require.NoError(t, s.Append(t.Context(), acme, e))
			}
			got, _ := events(t, s, scim.EventQuery{Tenant: acme})
			require.Equal(t, []string{"5", "6"}, got)
			for i := range 1000 {
				require.NoError(t, s.Append(t.Context(), acme, event(i)))
			}
			_, page := events(t, s, scim.EventQuery{Tenant: acme})
			require.Equal(t, 1001, page.Total, "what is light has the room that the older of the heavy ones had")
			got, _ = events(t, s, scim.EventQuery{Tenant: other})
			require.Equal(t, []string{"1"}, got, "another tenant has a bound of its own")
		})
	}
}

func TestTheNewestEventIsKeptWhateverItWeighs(t *testing.T) {
	t.Parallel()
	s := memstore.NewWith(memstore.Options{EventBytes: 1})
	for i := range 3 {
		require.NoError(t, s.Append(t.Context(), acme, event(i)))
		got, _ := events(t, s, scim.EventQuery{})
		require.Equal(t, []string{strconv.Itoa(i + 1)}, got)
	}

	s = memstore.NewWith(memstore.Options{EventBytes: -1, Events: -1})
	e := event(0)
	e.Error = strings.Repeat("x", 1<<20)
	for range 80 {
		require.NoError(t, s.Append(t.Context(), acme, e))
	}
	_, page := events(t, s, scim.EventQuery{Limit: -1})
	require.Equal(t, 80, page.Total)

	s = memstore.New()
	for range 80 {
		require.NoError(t, s.Append(t.Context(), acme, e))
	}
	_, page = events(t, s, scim.EventQuery{Limit: -1})
	require.Equal(t, 63, page.Total, "64 MiB by default, and each is a little more than one")
}

func TestTheRecordKeepsCopies(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	e := &scim.Event{
		Time: at(0), Kind: scim.UserUpdated, Connection: "okta", Request: "r1", UserID: "a", Name: "a",
		From: scim.StatusActive, To: scim.StatusArchived,
		Changes: []scim.Change{{Attribute: "title", Old: "a", New: "b"}}, Moves: []scim.FolderMove{{Root: "r", From: "a", To: "b"}},
		Added: []string{"a"}, Removed: []string{"b"}, Left: []string{"g"},
		Warnings: []scim.Warning{{Attribute: "a", Text: "b"}}, Ignored: []string{"x"}, Status: 400, Error: "no",
	}
	require.NoError(t, s.Append(t.Context(), acme, e))
	want := *e
	want.Changes, want.Moves = []scim.Change{e.Changes[0]}, []scim.FolderMove{e.Moves[0]}
	want.Added, want.Removed, want.Left = []string{"a"}, []string{"b"}, []string{"g"}
	want.Warnings, want.Ignored = []scim.Warning{e.Warnings[0]}, []string{"x"}

	for range 2 {
		_, page := events(t, s, scim.EventQuery{})
		require.Equal(t, want, page.Items[0])
		for _, e := range []*scim.Event{e, &page.Items[0]} {
			e.Changes[0].New, e.Moves[0].To, e.Added[0], e.Removed[0] = "x", "x", "x", "x"
			e.Left[0], e.Warnings[0].Text, e.Ignored[0] = "x", "x", "y"
		}
	}
}

func TestAConsumerKeepsItsPlace(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	place, err := s.Place(t.Context(), "revoke")
	require.NoError(t, err)
	require.Empty(t, place)
	require.NoError(t, s.SetPlace(t.Context(), "revoke", "12"))
	require.NoError(t, s.SetPlace(t.Context(), "mail", "3"))
	require.NoError(t, s.SetPlace(t.Context(), "revoke", "13"))
	place, err = s.Place(t.Context(), "revoke")
	require.NoError(t, err)
	require.Equal(t, "13", place)
}

func TestActivityKeepsTheLaterTimes(t *testing.T) {
	t.Parallel()
	s := memstore.New()
	for _, a := range []scim.Activity{
		{Connection: "okta", LastRequest: at(5), LastChange: at(2)},
		{Connection: "entra", LastRequest: at(1)},
		{Connection: "okta", LastRequest: at(3), LastChange: at(4)},
		{Connection: "okta"},
	} {
		require.NoError(t, s.SaveActivity(t.Context(), acme, a))
	}
	got, err := s.Activity(t.Context(), acme)
	require.NoError(t, err)
	require.Equal(t, []scim.Activity{
		{Connection: "entra", LastRequest: at(1), LastChange: time.Time{}},
		{Connection: "okta", LastRequest: at(5), LastChange: at(4)},
	}, got)
	got, err = s.Activity(t.Context(), other)
	require.NoError(t, err)
	require.Empty(t, got)
}

package storetest

import (
	"strconv"
	"sync"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

var recordRules = []check{
	{name: "record/kept", promise: "The event is kept with the change (P9.1), with all that it says.", run: recordKept},
	{name: "record/append", promise: "Append keeps an event that no change goes with (P9.3).", run: recordAppend},
	{name: "record/queries", promise: "The record is read by user, group, time and tenant, oldest or newest first (P9.2).", run: recordQueries},
	{name: "record/resume", promise: "Oldest first, a reader goes on from Page.Next or from the Seq of the last event, and misses none.", run: recordResume},
	{name: "record/places", promise: "A consumer's place is kept, on all handles (P9.4).", run: recordPlaces},
	{name: "record/activity", promise: "Of the times of a connection the later ones are kept (P1.4).", run: recordActivity},
}

func wholeEvent() *scim.Event {
	return &scim.Event{
		Time: at(0), Kind: scim.UserUpdated, Connection: "okta", Request: "r1", UserID: "a", GroupID: "g", Name: "Ann \"A\" 漢",
		From: scim.StatusActive, To: scim.StatusArchived,
		Changes: []scim.Change{{Attribute: "title", Old: "a", New: "b"}}, Moves: []scim.FolderMove{{Root: "r", From: "a", To: "b"}},
		Added: []string{"a"}, Removed: []string{"b"}, Left: []string{"g"},
		Warnings: []scim.Warning{{Attribute: "a", Text: "b"}}, Ignored: []string{"x"}, Status: 400, Error: "no",
	}
}

func recordKept(p *probe) {
	e := event(5)
	e.Kind, e.UserID, e.To, e.Request = scim.UserCreated, "a", scim.StatusActive, "r1"
	_, err := p.a.CreateUser(ctx, acme, named("a"), scim.Guard{}, e)
	require.NoError(p, err)
	require.NotEmpty(p, e.Seq, "Seq")
	require.Equal(p, acme, e.Tenant, "Tenant")
	require.Empty(p, cmp.Diff([]scim.Event{*e}, p.record(acme), alike))
	require.Empty(p, cmp.Diff([]scim.Event{*e}, p.record(""), alike))
}

func recordAppend(p *probe) {
	e := wholeEvent()
	require.NoError(p, p.a.Append(ctx, acme, e))
	require.NotEmpty(p, e.Seq)
	want := *wholeEvent()
	want.Seq, want.Tenant = e.Seq, acme
	for range 2 {
		got := p.record(acme)
		require.Empty(p, cmp.Diff([]scim.Event{want}, got, alike))
		for _, e := range []*scim.Event{e, &got[0]} {
			e.Changes[0].New, e.Moves[0].To, e.Added[0], e.Removed[0] = "x", "x", "x", "x"
			e.Left[0], e.Warnings[0].Text, e.Ignored[0] = "x", "x", "y"
		}
	}
}

// recorded appends ten events, of which those at odd seconds are another tenant's.
func (p *probe) recorded() {
	for i := range 10 {
		tenant := acme
		if i%2 == 1 {
			tenant = other
		}
		e := event(i)
		e.UserID, e.GroupID = "u"+strconv.Itoa(i%3), "g"+strconv.Itoa(i%4)
		require.NoError(p, p.eitherHandle(i).Append(ctx, tenant, e))
	}
}

// seconds returns when the events that q asks for happened, page after page.
func (p *probe) seconds(q scim.EventQuery) (seconds []int) {
	for _, e := range events(p, p.b, q) {
		seconds = append(seconds, int(e.Time.Sub(epoch).Seconds()))
	}
	return seconds
}

func recordQueries(p *probe) {
	p.recorded()
	for name, test := range map[string]struct {
		query scim.EventQuery
		want  []int
	}{
		"all":                 {scim.EventQuery{}, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		"one tenant":          {scim.EventQuery{Tenant: acme}, []int{0, 2, 4, 6, 8}},
		"an unknown tenant":   {scim.EventQuery{Tenant: "nobody"}, nil},
		"newest first":        {scim.EventQuery{NewestFirst: true}, []int{9, 8, 7, 6, 5, 4, 3, 2, 1, 0}},
		"newest of a tenant":  {scim.EventQuery{Tenant: other, NewestFirst: true}, []int{9, 7, 5, 3, 1}},
		"a user":              {scim.EventQuery{UserID: "u1"}, []int{1, 4, 7}},
		"a user's newest":     {scim.EventQuery{UserID: "u1", NewestFirst: true}, []int{7, 4, 1}},
		"none of a user":      {scim.EventQuery{UserID: "nobody"}, nil},
		"a group of a tenant": {scim.EventQuery{Tenant: acme, GroupID: "g2"}, []int{2, 6}},
		"from":                {scim.EventQuery{From: at(7)}, []int{7, 8, 9}},
		"to":                  {scim.EventQuery{To: at(2)}, []int{0, 1}},
		"between":             {scim.EventQuery{From: at(3), To: at(5)}, []int{3, 4}},
		"newest between":      {scim.EventQuery{Tenant: acme, From: at(2), To: at(6), NewestFirst: true}, []int{4, 2}},
	} {
		for _, limit := range []int{0, 1, 2, 3, 10} {
			test.query.Limit = limit
			require.Equal(p, test.want, p.seconds(test.query), "%s, pages of %d", name, limit)
		}
	}
}

func recordResume(p *probe) {
	p.recorded()
	all := p.record("")
	require.Len(p, all, 10)
	for i, e := range all {
		page, err := p.b.Events(ctx, scim.EventQuery{After: e.Seq})
		require.NoError(p, err)
		require.Empty(p, cmp.Diff(all[i+1:], page.Items, alike))
	}
	page, err := p.b.Events(ctx, scim.EventQuery{UserID: "u0", Limit: 100})
	require.NoError(p, err)
	require.NotEmpty(p, page.Next, "where a reader goes on later")
	last := event(11)
	last.UserID = "u0"
	require.NoError(p, p.a.Append(ctx, acme, last))
	page, err = p.b.Events(ctx, scim.EventQuery{UserID: "u0", After: page.Next})
	require.NoError(p, err)
	require.Empty(p, cmp.Diff([]scim.Event{*last}, page.Items, alike))
}

func recordPlaces(p *probe) {
	place := func(consumer, want string) {
		p.Helper()
		got, err := p.b.Place(ctx, consumer)
		require.NoError(p, err)
		require.Equal(p, want, got)
	}
	place("revoke", "")
	require.NoError(p, p.a.SetPlace(ctx, "revoke", "12"))
	require.NoError(p, p.b.SetPlace(ctx, "mail", "3"))
	require.NoError(p, p.a.SetPlace(ctx, "revoke", "13"))
	place("revoke", "13")
	place("mail", "3")
}

func recordActivity(p *probe) {
	for i, a := range []scim.Activity{
		{Connection: "okta", LastRequest: at(5), LastChange: at(2)},
		{Connection: "entra", LastRequest: at(1)},
		{Connection: "okta", LastRequest: at(3), LastChange: at(4)},
		{Connection: "okta"},
	} {
		require.NoError(p, p.eitherHandle(i).SaveActivity(ctx, acme, a))
	}
	got, err := p.b.Activity(ctx, acme)
	require.NoError(p, err)
	require.Empty(p, cmp.Diff([]scim.Activity{
		{Connection: "entra", LastRequest: at(1)},
		{Connection: "okta", LastRequest: at(5), LastChange: at(4)},
	}, got))
	// Late and at once, through either handle, the latest stays.
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			a := scim.Activity{Connection: "okta", LastRequest: at(100 - i), LastChange: at(80 + i)}
			if err := p.eitherHandle(i).SaveActivity(ctx, acme, a); err != nil {
				p.Error(err)
			}
		})
	}
	wg.Wait()
	got, err = p.b.Activity(ctx, acme)
	require.NoError(p, err)
	require.Empty(p, cmp.Diff(scim.Activity{Connection: "okta", LastRequest: at(100), LastChange: at(99)}, got[1]))
	got, err = p.b.Activity(ctx, other)
	require.NoError(p, err)
	require.Empty(p, got)
}

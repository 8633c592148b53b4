package storetest

import (
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

var contention = []check{
	{name: "contention/names", promise: "Of many writes of one userName at once, through both handles, one wins.", run: contendNames, chance: true},
	{name: "contention/emails", promise: "Of many writes of one work e-mail at once, through both handles, one wins.", run: contendEmails, chance: true},
	{name: "contention/group-names", promise: "Of many groups of one name at once, through both handles, one wins.", run: contendGroupNames, chance: true},
	{name: "contention/seats", promise: "However many writers take seats at once, through both handles, there is never one active user more than seats (P5.6).", run: contendSeats, chance: true},
	{name: "contention/freed-seats", promise: "Seats that are freed and taken at once, through both handles, are counted right.", run: contendFreedSeats, chance: true},
	{name: "contention/versions", promise: "Of many writes based on one version at once, through both handles, one wins.", run: contendVersions, chance: true},
	{name: "contention/members", promise: "Changes of a group's members without a version all land, through both handles at once.", run: contendMembers, chance: true},
	{name: "contention/leavers", promise: "Whoever is archived while groups change is in none of them afterwards.", run: contendLeavers, chance: true},
	{name: "contention/parting", promise: "Whoever is archived and removed from a group at once leaves it once: the group's members are counted right, and one event tells of it.", run: contendParting, chance: true},
	{name: "contention/deletions", promise: "A group that is deleted while members come in leaves no membership.", run: contendDeletions, chance: true},
	{name: "contention/record", promise: "A reader of the record of all tenants that goes on from Page.Next misses no event and reads none twice, while both handles write (P9.4).", run: contendRecord, chance: true},
}

// writers is how many write at once.
const writers = 64

// mustBeRefused takes a failure down when err is none of those.
func (p *probe) mustBeRefused(err error, as ...error) {
	for _, want := range as {
		var conflict *scim.ConflictError
		if errors.Is(err, want) || errors.As(want, &conflict) && errors.As(err, &conflict) {
			return
		}
	}
	p.Errorf("refused with %v", err)
}

var taken = &scim.ConflictError{}

func contendNames(p *probe) {
	var won atomic.Int32
	atOnce(writers, func(i int) {
		u := with(named("one"), func(u *scim.User) { u.ID, u.Keys.Email = "u"+strconv.Itoa(i), "" })
		if _, err := p.eitherHandle(i).CreateUser(ctx, acme, u, scim.Guard{}, event(i)); err == nil {
			won.Add(1)
		} else {
			p.mustBeRefused(err, taken)
		}
	})
	require.EqualValues(p, 1, won.Load(), "winners")
	require.Equal(p, 1, p.counts().Active)
	found, err := p.b.FindUsers(ctx, acme, scim.Find{UserNames: []string{named("one").Keys.UserName}})
	require.NoError(p, err)
	require.Len(p, found, 1)
}

func contendEmails(p *probe) {
	all := p.created(manyNamed(writers)...)
	var won atomic.Int32
	atOnce(writers, func(i int) {
		u := with(all[i], func(u *scim.User) { u.Keys.Email = "same@example.com" })
		if _, err := p.eitherHandle(i).UpdateUser(ctx, acme, u, scim.Guard{Version: u.Version}, event(i)); err == nil {
			won.Add(1)
		} else {
			p.mustBeRefused(err, taken)
		}
	})
	require.EqualValues(p, 1, won.Load(), "winners")
	found, err := p.b.FindUsers(ctx, acme, scim.Find{Emails: []string{"same@example.com"}})
	require.NoError(p, err)
	require.Len(p, found, 1)
}

func manyNamed(n int) []*scim.User {
	var all []*scim.User
	for _, id := range ids("u", n) {
		all = append(all, named(id))
	}
	return all
}

func contendGroupNames(p *probe) {
	var won atomic.Int32
	atOnce(writers, func(i int) {
		g := &scim.Group{ID: "g" + strconv.Itoa(i), DisplayName: "one", Key: "one"}
		if _, err := p.eitherHandle(i).CreateGroup(ctx, acme, g, nil, event(i)); err == nil {
			won.Add(1)
		} else {
			p.mustBeRefused(err, taken)
		}
	})
	require.EqualValues(p, 1, won.Load(), "winners")
	page, err := p.b.Groups(ctx, acme, scim.Query{})
	require.NoError(p, err)
	require.Len(p, page.Items, 1)
}

func contendSeats(p *probe) {
	const seats = 20
	guard := scim.Guard{Seats: scim.Seats(seats)}
	all := manyNamed(writers)
	atOnce(writers, func(i int) {
		if _, err := p.eitherHandle(i).CreateUser(ctx, acme, all[i], guard, event(i)); err != nil {
			p.mustBeRefused(err, scim.ErrSeats)
			_, err = p.eitherHandle(i).CreateUser(ctx, acme, inStatus(all[i], scim.StatusHeld), guard, event(i))
			if err != nil {
				p.Error(err)
			}
		}
	})
	require.Equal(p, scim.Counts{Active: seats, Held: writers - seats}, p.counts())
	require.Equal(p, p.counts(), p.countedOneByOne())
}

func contendFreedSeats(p *probe) {
	const seats = 20
	guard := scim.Guard{Seats: scim.Seats(seats)}
	all := manyNamed(writers)
	for i := seats; i < writers; i++ {
		all[i].Status = scim.StatusHeld
	}
	all = p.created(all...)
	var freed, tookSeat atomic.Int32
	for range 3 {
		atOnce(writers, func(i int) {
			u, err := p.eitherHandle(i).User(ctx, acme, all[i].ID)
			if err != nil {
				p.Error(err)
				return
			}
			gives := u.Active()
			if u.Status = scim.StatusActive; gives {
				u.Status = scim.StatusDeactivated
			}
			switch _, err = p.eitherHandle(i+1).UpdateUser(ctx, acme, u, guard, event(i)); {
			case err != nil:
				p.mustBeRefused(err, scim.ErrSeats)
			case gives:
				freed.Add(1)
			default:
				tookSeat.Add(1)
			}
		})
		now := p.counts()
		require.LessOrEqual(p, now.Active, seats)
		require.Equal(p, seats-int(freed.Load())+int(tookSeat.Load()), now.Active, "active users after those who gave and took a seat")
	}
	require.Equal(p, p.counts(), p.countedOneByOne())
}

// countedOneByOne counts the users of each status by listing them.
func (p *probe) countedOneByOne() (c scim.Counts) {
	for status, n := range map[scim.Status]*int{
		scim.StatusActive: &c.Active, scim.StatusHeld: &c.Held, scim.StatusDeactivated: &c.Deactivated, scim.StatusArchived: &c.Archived,
	} {
		page, err := p.b.Users(ctx, acme, scim.Query{Status: status, Limit: 1000})
		require.NoError(p, err)
		*n = len(page.Items)
	}
	return c
}

func contendVersions(p *probe) {
	u := p.created(named("a"))[0]
	g := p.group("g")
	var users, groups atomic.Int32
	atOnce(writers, func(i int) {
		mine := with(u, func(u *scim.User) { u.Title = strconv.Itoa(i) })
		if _, err := p.eitherHandle(i).UpdateUser(ctx, acme, mine, scim.Guard{Version: u.Version}, event(i)); err == nil {
			users.Add(1)
		} else {
			p.mustBeRefused(err, scim.ErrVersion)
		}
		name := text("name " + strconv.Itoa(i))
		if _, err := p.eitherHandle(i).UpdateGroup(ctx, acme, "g", scim.GroupChange{DisplayName: name}, scim.Guard{Version: g.Version}, event(i)); err == nil {
			groups.Add(1)
		} else {
			p.mustBeRefused(err, scim.ErrVersion)
		}
	})
	require.EqualValues(p, 1, users.Load(), "winners")
	require.EqualValues(p, 1, groups.Load(), "winners")
	require.Len(p, p.record(acme), 4, "events")
}

func contendMembers(p *probe) {
	all := ids("u", writers)
	p.created(manyNamed(writers)...)
	first := all[:writers/2]
	p.group("g", first...)
	atOnce(writers, func(i int) {
		c := scim.GroupChange{Add: all[i : i+1]}
		if i < writers/2 {
			c = scim.GroupChange{Remove: all[i : i+1]}
		}
		if _, err := p.eitherHandle(i).UpdateGroup(ctx, acme, "g", c, scim.Guard{}, event(i)); err != nil {
			p.Errorf("change %d: %v", i, err)
		}
	})
	require.ElementsMatch(p, all[writers/2:], p.members("g"))
	versions := make(map[string]bool)
	for _, e := range p.record(acme)[writers+1:] {
		require.Len(p, append(e.Added, e.Removed...), 1)
		versions[e.Seq] = true
	}
	require.Len(p, versions, writers, "events")
}

func contendLeavers(p *probe) {
	all := p.created(manyNamed(writers)...)
	p.group("g")
	p.group("h", userIDs(all)...)
	atOnce(2*writers, func(i int) {
		u := all[i/2]
		if i%2 == 0 {
			_, err := p.eitherHandle(i/2).UpdateGroup(ctx, acme, "g", scim.GroupChange{Add: []string{u.ID}}, scim.Guard{}, event(i))
			var unknown *scim.UnknownMembersError
			if err != nil && !errors.As(err, &unknown) {
				p.Error(err)
			}
			return
		}
		if _, err := p.eitherHandle(i/2+1).UpdateUser(ctx, acme, inStatus(u, scim.StatusArchived), scim.Guard{}, event(i)); err != nil {
			p.Error(err)
		}
	})
	require.Empty(p, p.members("g"), "archived members")
	require.Empty(p, p.members("h"), "archived members")
	refs, err := p.b.GroupsOf(ctx, acme, userIDs(all))
	require.NoError(p, err)
	require.Empty(p, dropEmpty(refs))
}

func contendParting(p *probe) {
	all := p.created(manyNamed(writers)...)
	p.created(named("stays"))
	p.group("g", append(userIDs(all), "stays")...)
	var told [writers]atomic.Int32
	atOnce(2*writers, func(i int) {
		u, e := all[i/2], event(i)
		var err error
		if i%2 == i/2%2 { // the one comes first of some, the other of others
			_, err = p.eitherHandle(i/2).UpdateGroup(ctx, acme, "g", scim.GroupChange{Remove: []string{u.ID}}, scim.Guard{}, e)
		} else {
			_, err = p.eitherHandle(i/2+1).UpdateUser(ctx, acme, inStatus(u, scim.StatusArchived), scim.Guard{}, e)
		}
		if err != nil {
			p.Error(err)
		}
		told[i/2].Add(int32(len(e.Left) + len(e.Removed)))
	})
	for i := range told {
		require.EqualValues(p, 1, told[i].Load(), "events that tell that somebody left")
	}
	page, err := p.b.Members(ctx, acme, "g", scim.Query{})
	require.NoError(p, err)
	require.Equal(p, 1, page.Total, "members")
	require.Equal(p, []string{"stays"}, p.members("g"))
}

func contendDeletions(p *probe) {
	all := p.created(manyNamed(writers)...)
	for round := range 4 {
		g := "g" + strconv.Itoa(round)
		p.group(g)
		atOnce(writers, func(i int) {
			var err error
			if i == writers/2 {
				err = p.eitherHandle(i).DeleteGroup(ctx, acme, g, scim.Guard{}, event(i))
			} else {
				_, err = p.eitherHandle(i).UpdateGroup(ctx, acme, g, scim.GroupChange{Add: []string{all[i].ID}}, scim.Guard{}, event(i))
			}
			if err != nil && !errors.Is(err, scim.ErrNotFound) {
				p.Error(err)
			}
		})
	}
	refs, err := p.b.GroupsOf(ctx, acme, userIDs(all))
	require.NoError(p, err)
	require.Empty(p, dropEmpty(refs))
	page, err := p.b.Groups(ctx, acme, scim.Query{})
	require.NoError(p, err)
	require.Empty(p, page.Items)
}

func contendRecord(p *probe) {
	const many, each = 8, 40
	var wg sync.WaitGroup
	for w := range many {
		wg.Go(func() {
			tenant := scim.Tenant(fmt.Sprint("tenant", w%4))
			for i := range each {
				e := event(i)
				e.UserID = fmt.Sprint(w, "-", i)
				if _, err := p.eitherHandle(w+i).CreateUser(ctx, tenant, named(e.UserID), scim.Guard{}, e); err != nil {
					p.Error(err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	seen := make(map[string]int)
	q := scim.EventQuery{Limit: 7}
	for last := false; ; {
		page, err := p.b.Events(ctx, q)
		require.NoError(p, err)
		for _, e := range page.Items {
			seen[e.UserID]++
			require.Equal(p, 1, seen[e.UserID], "times that the event of %s was read", e.UserID)
		}
		if page.Next != "" {
			q.After = page.Next
		}
		require.LessOrEqual(p, len(seen), many*each)
		if len(page.Items) > 0 {
			continue
		}
		if last {
			break
		}
		select {
		case <-done:
			last = true
		default:
		}
	}
	require.Len(p, seen, many*each, "events")
}

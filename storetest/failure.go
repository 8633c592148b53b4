package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

var failure = []check{
	{name: "failure/ended", promise: "Every method honours a context that has ended.", run: failEnded},
	{name: "failure/context", promise: "A write whose context ends on the way is whole or undone, with its event.", run: failContext},
	{name: "failure/connection", promise: "A write whose connection breaks on the way is whole or undone, with its event, and whole if it returned without an error.", run: failConnection},
}

func failEnded(p *probe) {
	p.furnished()
	ended, cancel := context.WithCancel(ctx)
	cancel()
	for name, call := range methods(p.a) {
		require.ErrorIs(p, call(ended), context.Canceled, name)
	}
	require.Len(p, p.record(""), 3, "events")
	require.Equal(p, "g", p.groupNow("g").DisplayName)
	require.Equal(p, scim.StatusActive, p.user("a").Status)
}

// methods returns a call of each method of a store.
func methods(s scim.Store) map[string]func(context.Context) error {
	one := func(_ any, err error) error { return err }
	return map[string]func(context.Context) error{
		"CreateUser": func(c context.Context) error { return one(s.CreateUser(c, acme, named("new"), scim.Guard{}, event(0))) },
		"UpdateUser": func(c context.Context) error {
			return one(s.UpdateUser(c, acme, inStatus(named("a"), scim.StatusHeld), scim.Guard{}, event(0)))
		},
		"PurgeUser": func(c context.Context) error { return s.PurgeUser(c, acme, "gone", event(0)) },
		"User":      func(c context.Context) error { return one(s.User(c, acme, "a")) },
		"FindUsers": func(c context.Context) error { return one(s.FindUsers(c, acme, scim.Find{IDs: []string{"a"}})) },
		"Users":     func(c context.Context) error { return one(s.Users(c, acme, scim.Query{})) },
		"CreateGroup": func(c context.Context) error {
			return one(s.CreateGroup(c, acme, &scim.Group{ID: "new", DisplayName: "new", Key: "new"}, []string{"a"}, event(0)))
		},
		"UpdateGroup": func(c context.Context) error {
			return one(s.UpdateGroup(c, acme, "g", scim.GroupChange{DisplayName: text("new"), Remove: []string{"a"}}, scim.Guard{}, event(0)))
		},
		"DeleteGroup": func(c context.Context) error { return s.DeleteGroup(c, acme, "g", scim.Guard{}, event(0)) },
		"Group":       func(c context.Context) error { return one(s.Group(c, acme, "g")) },
		"FindGroups":  func(c context.Context) error { return one(s.FindGroups(c, acme, scim.Find{IDs: []string{"g"}})) },
		"Groups":      func(c context.Context) error { return one(s.Groups(c, acme, scim.Query{})) },
		"Members":     func(c context.Context) error { return one(s.Members(c, acme, "g", scim.Query{})) },
		"GroupsOf":    func(c context.Context) error { return one(s.GroupsOf(c, acme, []string{"a"})) },
		"Counts":      func(c context.Context) error { return one(s.Counts(c, acme)) },
		"Folders":     func(c context.Context) error { return one(s.Folders(c, acme, scim.RootDivision)) },
		"Append":      func(c context.Context) error { return s.Append(c, acme, event(0)) },
		"Events":      func(c context.Context) error { return one(s.Events(c, scim.EventQuery{})) },
		"Place":       func(c context.Context) error { return one(s.Place(c, "c")) },
		"SetPlace":    func(c context.Context) error { return s.SetPlace(c, "c", "1") },
		"SaveActivity": func(c context.Context) error {
			return s.SaveActivity(c, acme, scim.Activity{Connection: "c", LastRequest: at(9)})
		},
		"Activity": func(c context.Context) error { return one(s.Activity(c, acme)) },
	}
}

// fading is a context that ends once it was asked so many times whether it has.
type fading struct {
	context.Context
	cancel context.CancelFunc
	left   atomic.Int64
}

func newFading(asked int) *fading {
	c, cancel := context.WithCancel(ctx)
	f := &fading{Context: c, cancel: cancel}
	f.left.Store(int64(asked))
	return f
}

func (f *fading) ask() {
	if f.left.Add(-1) < 0 {
		f.cancel()
	}
}

// Done returns what is closed when the context ends.
func (f *fading) Done() <-chan struct{} {
	f.ask()
	return f.Context.Done()
}

// Err says why the context ended.
func (f *fading) Err() error {
	f.ask()
	return f.Context.Err()
}

// writes are the writes that have several parts; each leaves a trace that a
// state shows.
var writes = map[string]func(s scim.Store, c context.Context, i int) error{
	"CreateUser": func(s scim.Store, c context.Context, i int) error {
		u := inFolder(named("new"+strconv.Itoa(i)), scim.RootDivision, "Ops"+strconv.Itoa(i))
		_, err := s.CreateUser(c, acme, u, scim.Guard{Seats: scim.Seats(1000)}, event(i))
		return err
	},
	"UpdateUser": func(s scim.Store, c context.Context, i int) error {
		u := inFolder(named("a"), scim.RootDivision, "Sales"+strconv.Itoa(i))
		u.Keys.UserName, u.Status = "a"+strconv.Itoa(i)+"@example.com", scim.Status(i%3+1)
		_, err := s.UpdateUser(c, acme, u, scim.Guard{}, event(i))
		return err
	},
	"archiving": func(s scim.Store, c context.Context, i int) error {
		_, err := s.UpdateUser(c, acme, inStatus(named("b"), scim.StatusArchived), scim.Guard{}, event(i))
		return err
	},
	"CreateGroup": func(s scim.Store, c context.Context, i int) error {
		name := "new" + strconv.Itoa(i)
		_, err := s.CreateGroup(c, acme, &scim.Group{ID: name, DisplayName: name, Key: name}, []string{"a", "c"}, event(i))
		return err
	},
	"UpdateGroup": func(s scim.Store, c context.Context, i int) error {
		name := "renamed " + strconv.Itoa(i)
		change := scim.GroupChange{DisplayName: &name, Exact: true, Add: []string{"c"}}
		if i%2 == 0 {
			change.Add = []string{"a", "d"}
		}
		_, err := s.UpdateGroup(c, acme, "g", change, scim.Guard{}, event(i))
		return err
	},
	"DeleteGroup": func(s scim.Store, c context.Context, i int) error {
		return s.DeleteGroup(c, acme, "h", scim.Guard{}, event(i))
	},
	"PurgeUser": func(s scim.Store, c context.Context, i int) error {
		return s.PurgeUser(c, acme, "gone", event(i))
	},
}

// state is all that a write may touch.
type state struct {
	Users    []*scim.User
	Archived []*scim.User
	Groups   []*scim.Group
	Members  map[string][]string
	Folders  []scim.Folder
	Counts   scim.Counts
	Events   []scim.Event
}

// beside is the state beside the record.
func (s state) beside() state {
	s.Events = nil
	return s
}

func (p *probe) state() state {
	p.Helper()
	s, torn := p.look()
	require.False(p, torn, "a group that is listed is not there")
	return s
}

// look reads the state part by part. It is torn when a group went meanwhile.
func (p *probe) look() (s state, torn bool) {
	p.Helper()
	live, err := p.b.Users(ctx, acme, scim.Query{Limit: 1000})
	require.NoError(p, err)
	archived, err := p.b.Users(ctx, acme, scim.Query{Status: scim.StatusArchived, Limit: 1000})
	require.NoError(p, err)
	groups, err := p.b.Groups(ctx, acme, scim.Query{Limit: 1000})
	require.NoError(p, err)
	s = state{
		Users: live.Items, Archived: archived.Items, Groups: groups.Items, Members: make(map[string][]string),
		Folders: p.folders(scim.RootDivision), Counts: p.counts(), Events: p.record(acme),
	}
	for _, g := range s.Groups {
		page, err := p.b.Members(ctx, acme, g.ID, scim.Query{Limit: 1000})
		if errors.Is(err, scim.ErrNotFound) {
			return s, true
		}
		require.NoError(p, err)
		for _, m := range page.Items {
			s.Members[g.ID] = append(s.Members[g.ID], m.ID)
		}
	}
	return s, false
}

// settled returns the state once it stays as it is: a write that its caller gave up
// may still be going on in the backend, and be seen in a moment.
func (p *probe) settled(err error) state {
	p.Helper()
	if err == nil {
		return p.state()
	}
	var now state
	for same := 0; same < 3; {
		time.Sleep(time.Millisecond)
		next, torn := p.look()
		if same++; torn || !cmp.Equal(now, next, alike) {
			same = 0
		}
		now = next
	}
	return now
}

// whole requires that the state hangs together: counts, folders and memberships
// follow from the users, and every event from a change.
func (p *probe) whole(s state, what string) {
	p.Helper()
	require.Equal(p, s.Counts, p.countedOneByOne(), "counts after %s", what)
	inFolders, listed := 0, 0
	for _, u := range s.Users {
		inFolders += len(u.Keys.Folders)
	}
	for _, f := range s.Folders {
		listed += f.Users
	}
	require.Equal(p, inFolders, listed, "users in folders after %s", what)
	for group, members := range s.Members {
		for _, id := range members {
			refs, err := p.b.GroupsOf(ctx, acme, []string{id})
			require.NoError(p, err)
			found := false
			for _, r := range refs[id] {
				found = found || r.ID == group
			}
			require.True(p, found, "%s is in %s after %s, but not the other way round", id, group, what)
		}
	}
}

// breaking performs a write under a condition that breaks it, for ever longer,
// until it succeeds twice in a row, and looks at what it left each time. Of many
// steps it leaves some out.
func (p *probe) breaking(name string, many bool, under func(n int, write func(c context.Context) error) error) {
	write := writes[name]
	before := p.state()
	for n, fine := 1, 0; fine < 2; n++ {
		if many {
			n += n / 8
		}
		if n > 400 {
			p.Fatalf("%s never succeeds", name)
		}
		err := under(n, func(c context.Context) error { return write(p.a, c, n) })
		after := p.settled(err)
		what := fmt.Sprintf("%s, broken after %d steps (%v)", name, n, err)
		p.whole(after, what)
		changed := !cmp.Equal(before.beside(), after.beside(), alike)
		switch events := len(after.Events) - len(before.Events); {
		case changed && events != 1:
			p.Fatalf("%d events of a change after %s\n%s", events, what, cmp.Diff(before, after, alike))
		case !changed && events != 0:
			p.Fatalf("%d events without a change after %s", events, what)
		case err == nil && !changed:
			p.Fatalf("nothing was written after %s", what)
		}
		if fine++; err != nil {
			fine = 0
		}
		if changed && (name == "archiving" || name == "DeleteGroup" || name == "PurgeUser") {
			return // it can happen only once
		}
		before = after
	}
}

// scene has what the writes are about.
func (p *probe) scene() {
	p.created(inFolder(named("a"), scim.RootDivision, "Sales"), inFolder(named("b"), scim.RootDivision, "Sales"),
		named("c"), named("d"), inStatus(named("gone"), scim.StatusArchived))
	p.group("g", "a", "b", "c")
	p.group("h", "a", "b", "g")
	p.group("top", "h", "b")
}

func failContext(p *probe) {
	p.scene()
	for _, name := range []string{"CreateUser", "UpdateUser", "CreateGroup", "UpdateGroup", "archiving", "DeleteGroup", "PurgeUser"} {
		p.breaking(name, true, func(n int, write func(context.Context) error) error {
			c := newFading(n)
			defer c.cancel()
			return write(c)
		})
	}
}

func failConnection(p *probe) {
	if p.h.Cut == nil {
		p.skip("Harness.Cut is not set: a store without a connection has none that breaks")
	}
	p.scene()
	for _, name := range []string{"CreateUser", "UpdateUser", "CreateGroup", "UpdateGroup", "archiving", "DeleteGroup", "PurgeUser"} {
		p.breaking(name, false, func(n int, write func(context.Context) error) error {
			mend := p.h.Cut(p.TB, p.a, n)
			err := write(ctx)
			mend()
			if errors.Is(err, scim.ErrNotFound) || errors.Is(err, scim.ErrVersion) {
				p.Errorf("%s: a broken connection looks like %v", name, err)
			}
			return err
		})
	}
}

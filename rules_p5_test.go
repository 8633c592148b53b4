package scim_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

func TestP5_1_Seats(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	t.Run("unlimited", func(t *testing.T) {
		t.Parallel()
		for _, r := range []*rig{newRig(t), newRig(t, func(c *scim.Config) { c.Seats = nil })} {
			for i := range 20 {
				require.Equal(t, scim.StatusActive, r.status(r.create(person(fmt.Sprint("u", i)))))
			}
			_, limited := r.licence().Limit.Count()
			require.False(t, limited)
		}
	})
	t.Run("a number", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.setSeats(2)
		r.host("own", "own@acme.example")
		require.Equal(t, 1, r.licence().Used, "also those that the platform made itself")
		r.create(person("ann"))
		require.Equal(t, 2, r.licence().Used)
		before := r.dump()
		_, err := r.dir.CreateUser(ctx, acme, scim.NewUser{UserName: "x", Email: "x@acme.example"})
		require.ErrorIs(t, err, scim.ErrSeats, "making one there without a free seat is an error")
		r.same(before, r.dump())
	})
	t.Run("none at all", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		r.setSeats(-3)
		require.Equal(t, scim.StatusHeld, r.status(r.create(person("ann"))))
	})
}

func TestP5_2_BeyondTheLimit(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setSeats(1)
	r.create(person("ann"))
	p := r.ok(201, "POST", "/Users", person("bob", obj{ent: obj{"department": "Sales"}}))
	require.Equal(t, false, p.at("active"), "held is inactive on the wire")
	require.Equal(t, scim.StatusHeld, r.status(p.id()))
	require.Empty(t, r.user(p.id()).DeactivatedBy)
	require.Equal(t, scim.StatusHeld, r.last().To)
	require.Len(t, r.find("/Users", `active eq false`), 1)
	r.group("Staff", p.id())
	require.Equal(t, []scim.Folder{{Root: scim.RootDepartment, Name: "Sales", Users: 1}}, r.folders(scim.RootDepartment))
	require.Equal(t, scim.StatusDeactivated, r.status(r.create(person("cat", obj{"active": false}))), "no seat was asked for")
}

func TestP5_3_HeldUsersAreActivatedByHand(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t)
	r.setSeats(0)
	var ids []string
	for i := range 5 {
		ids = append(ids, r.create(person(fmt.Sprint("u", i))))
	}
	r.still(func() { r.setSeats(3) })
	require.Equal(t, 5, r.licence().Held, "raising the limit activates nobody")
	_, err := r.dir.Activate(ctx, acme, ids[4])
	require.NoError(t, err, "one by one")
	done, err := r.dir.ActivateHeld(ctx, acme)
	require.NoError(t, err)
	require.Len(t, done, 2)
	require.Equal(t, ids[0], done[0].ID, "oldest first")
	require.Equal(t, ids[1], done[1].ID)
	require.Equal(t, scim.StatusActive, done[0].Status)
	require.Equal(t, scim.Licence{Limit: scim.Seats(3), Used: 3, Held: 2}, r.licence())
	r.still(func() {
		_, err := r.dir.Activate(ctx, acme, ids[2])
		require.ErrorIs(t, err, scim.ErrSeats, "without a free seat that is an error")
	})
	r.setSeats(5)
	done, err = r.dir.ActivateHeld(ctx, acme)
	require.NoError(t, err)
	require.Len(t, done, 2, "or all")
	require.Equal(t, scim.UserActivated, r.last().Kind)
	require.Empty(t, r.last().Connection)
}

func TestP5_3_SeatOnRequest(t *testing.T) {
	t.Parallel()
	for _, take := range []bool{false, true} {
		r := newRig(t, with(scim.Policy{SeatOnRequest: take}))
		r.setSeats(1)
		ann := r.create(person("ann"))
		bob := r.create(person("bob"))
		r.still(func() { r.patch(bob, set("active", true)) })
		r.ok(204, "DELETE", "/Users/"+ann, nil)
		require.Equal(t, scim.StatusHeld, r.status(bob), "a free seat activates nobody by itself")
		r.patch(bob, set("title", "x"))
		require.Equal(t, scim.StatusHeld, r.status(bob), "active was not asked for")
		p := r.patch(bob, set("active", "True"))
		require.Equal(t, take, p.at("active"))
		require.Equal(t, map[bool]scim.Status{true: scim.StatusActive, false: scim.StatusHeld}[take], r.status(bob))
	}
}

// deactivating is a store in which somebody deactivates a held user while the
// host is about to activate it.
type deactivating struct {
	scim.Store
	during func()
}

func (s *deactivating) Users(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.User], error) {
	page, err := s.Store.Users(ctx, t, q)
	if s.during != nil && q.Status == scim.StatusHeld {
		f := s.during
		s.during = nil
		f()
	}
	return page, err
}

func TestP5_3_ALeaverIsNotActivatedWithTheHeld(t *testing.T) {
	t.Parallel()
	s := &deactivating{Store: memstore.New()}
	r := newRig(t, func(c *scim.Config) { c.Store = s })
	r.setSeats(0)
	ann, bob := r.create(person("ann")), r.create(person("bob"))
	r.setSeats(5)
	s.during = func() { r.patch(ann, set("active", false)) }
	done, err := r.dir.ActivateHeld(context.Background(), acme)
	require.NoError(t, err)
	require.Equal(t, scim.StatusDeactivated, r.status(ann), "deactivated by its identity provider meanwhile")
	require.Len(t, done, 1)
	require.Equal(t, bob, done[0].ID)
}

func TestP5_4_ActiveOnAHeldUser(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setSeats(0)
	id := r.create(person("ann"))
	r.setSeats(5)
	for _, shape := range []change{
		{"PATCH", patch(set("active", true))}, {"PUT", person("ann", obj{"active": "True"})}, {"PATCH", patch(op("Add", "", obj{"active": true}))},
	} {
		r.still(func() { require.Equal(t, false, r.ok(200, shape.method, "/Users/"+id, shape.body).at("active")) })
	}
	r.patch(id, set("title", "x"))
	require.Equal(t, scim.StatusHeld, r.status(id))
	r.patch(id, set("active", false))
	require.Equal(t, scim.StatusDeactivated, r.status(id))
	require.Equal(t, "entra", r.user(id).DeactivatedBy)
	require.Equal(t, scim.UserDeactivated, r.last().Kind)
	require.False(t, r.last().EndsAccess(), "there was none")
	r.patch(id, set("active", true))
	require.Equal(t, scim.StatusActive, r.status(id), "deactivated, then reactivated: takes a seat")
}

func TestP5_5_SeatsAreFreedAtOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t)
	r.setSeats(1)
	ann := r.create(person("ann"))
	r.patch(ann, set("active", false))
	bob := r.create(person("bob"))
	require.Equal(t, scim.StatusActive, r.status(bob))
	r.ok(204, "DELETE", "/Users/"+bob, nil)
	cat := r.create(person("cat"))
	require.Equal(t, scim.StatusActive, r.status(cat))
	_, err := r.dir.Deactivate(ctx, acme, cat)
	require.NoError(t, err)
	require.Equal(t, scim.StatusActive, r.status(r.create(person("dan"))))

	r = newRig(t)
	var ids []string
	for i := range 3 {
		ids = append(ids, r.create(person(fmt.Sprint("u", i))))
	}
	r.still(func() { r.setSeats(1) })
	require.Equal(t, scim.Licence{Limit: scim.Seats(1), Used: 3}, r.licence(), "lowering the limit takes nobody's seat")
	require.Equal(t, true, r.patch(ids[0], set("title", "x"), set("active", true)).at("active"), "a write of an active user")
	require.Equal(t, scim.StatusHeld, r.status(r.create(person("new"))))
	r.patch(ids[0], set("active", false))
	require.Equal(t, false, r.patch(ids[0], set("active", true)).at("active"), "2 of 1 seats are taken")
	r.patch(ids[1], set("active", false))
	r.patch(ids[2], set("active", false))
	require.Equal(t, true, r.patch(ids[2], set("active", true)).at("active"))
}

// rush sends n requests at once and counts the answers by status.
func rush(n int, send func(i int) reply) map[int]int {
	var wg sync.WaitGroup
	got := make([]int, n)
	for i := range n {
		wg.Go(func() { got[i] = send(i).status })
	}
	wg.Wait()
	counts := make(map[int]int)
	for _, status := range got {
		counts[status]++
	}
	return counts
}

func TestP5_6_ConcurrentCreates(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setSeats(50)
	got := rush(200, func(i int) reply { return r.send("POST", "/Users", person(fmt.Sprint("u", i))) })
	require.Equal(t, map[int]int{201: 200}, got)
	require.Equal(t, scim.Licence{Limit: scim.Seats(50), Used: 50, Held: 150}, r.licence())
}

func TestP5_6_ConcurrentCreatesOfOneName(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	got := rush(200, func(i int) reply {
		return r.send("POST", "/Users", person("ann", obj{"emails": list{mail(fmt.Sprintf("a%d@acme.example", i))}}))
	})
	require.Equal(t, map[int]int{201: 1, 409: 199}, got)
	r = newRig(t)
	got = rush(200, func(i int) reply {
		return r.send("POST", "/Users", person(fmt.Sprint("u", i), obj{"emails": list{mail("one@acme.example", "work")}}))
	})
	require.Equal(t, map[int]int{201: 1, 409: 199}, got, "and of one e-mail address")
	counts, err := r.dir.Counts(context.Background(), acme)
	require.NoError(t, err)
	require.Equal(t, scim.Counts{Active: 1}, counts)
}

func TestP5_6_ConcurrentEverything(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t)
	replicas := []*rig{r, newRig(t, func(c *scim.Config) { c.Store, c.Seats = r.store, r.terms.seats })}
	r.setSeats(7)
	var ids []string
	for i := range 20 {
		ids = append(ids, r.create(person(fmt.Sprint("u", i), obj{"active": false})))
	}
	over := make(chan int, 1000)
	got := rush(300, func(i int) reply {
		x, id := replicas[i%2], ids[i%len(ids)]
		switch i % 5 {
		case 0:
			_, _ = x.dir.Activate(ctx, acme, id)
		case 1:
			_, _ = x.dir.ActivateHeld(ctx, acme)
		case 2:
			return x.send("PATCH", "/Users/"+id, patch(set("active", false)))
		default:
			x.send("PATCH", "/Users/"+id, patch(set("active", true)))
		}
		c, _ := x.dir.Counts(ctx, acme)
		over <- c.Active
		return reply{status: 200}
	})
	close(over)
	require.Equal(t, map[int]int{200: 300}, got)
	for n := range over {
		require.LessOrEqual(t, n, 7, "never one active user more than there are seats")
	}
}

// slow is a store whose writes take as long as a database's.
type slow struct{ scim.Store }

func (s slow) UpdateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	<-time.After(5 * time.Millisecond)
	return s.Store.UpdateUser(ctx, t, u, g, e)
}

func TestP5_6_ConcurrentWritesThatAreSlow(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *scim.Config) { c.Store = slow{memstore.New()} })
		id := r.create(person("ann"))
		got := rush(200, func(i int) reply {
			return r.send("PATCH", "/Users/"+id, patch(op("add", "phoneNumbers", mail(fmt.Sprint(i%90)))))
		})
		require.Zero(t, got[412], "who did not ask for a version is not told of one: %v", got)
		require.Equal(t, 200, got[200]+got[503])
		require.GreaterOrEqual(t, got[200], 150, "%v", got)
	})
}

func TestP5_6_ConcurrentWritesOfOneUser(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create(person("ann"))
	got := rush(200, func(i int) reply {
		return r.send("PATCH", "/Users/"+id, patch(op("add", "phoneNumbers", mail(fmt.Sprint(i%90)))))
	})
	require.Equal(t, map[int]int{200: 200}, got, "who did not ask for a version is not told of one")
	require.Len(t, r.get(id).at("phoneNumbers"), 90, "no write is lost")
}

func TestP5_7_Questions(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t)
	r.setSeats(2)
	r.create(person("off", obj{"active": false}))
	var held []string
	for i := range 5 {
		if id := r.create(person(fmt.Sprint("u", i))); i >= 2 {
			held = append(held, id)
		}
	}
	require.Equal(t, scim.Licence{Limit: scim.Seats(2), Used: 2, Held: 3}, r.licence())
	require.Equal(t, "2", r.licence().Limit.String())
	var got []string
	q := scim.Query{Limit: 2}
	for {
		page, err := r.dir.Held(ctx, acme, q)
		require.NoError(t, err)
		require.Equal(t, 3, page.Total)
		for _, u := range page.Items {
			got = append(got, u.ID)
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	require.Equal(t, held, got, "the list of held users")
	require.Zero(t, r.as(other).licence())
}

package scim_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// interrupted is a store in which something happens after held users were listed.
type interrupted struct {
	scim.Store
	then func()
}

func (s *interrupted) Users(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.User], error) {
	page, err := s.Store.Users(ctx, t, q)
	if q.Status == scim.StatusHeld && s.then != nil {
		s.then()
		s.then = nil
	}
	return page, err
}

// TestActivateHeldLeaver: a user who is deactivated between the look at the held
// users and the activation does not become active.
func TestActivateHeldLeaver(t *testing.T) {
	t.Parallel()
	limit := scim.Seats(0)
	store := &interrupted{Store: memstore.New()}
	dir, send := service(scim.Config{
		Store: store,
		Seats: func(context.Context, scim.Tenant) (scim.Limit, error) { return limit, nil },
	})
	send(http.MethodPost, "/Users", `{"userName": "ann@example.com"}`)
	send(http.MethodPost, "/Users", `{"userName": "bob@example.com"}`)
	limit = scim.Seats(5)
	ann := idOf(dir, "ann@example.com")
	store.then = func() {
		send(http.MethodPatch, "/Users/"+ann, `{"Operations": [{"op": "replace", "path": "active", "value": false}]}`)
	}
	done, err := dir.ActivateHeld(t.Context(), "acme")
	if err != nil || len(done) != 1 || done[0].UserName != "bob@example.com" {
		t.Errorf("activated %v, %v", done, err)
	}
	u, err := dir.User(t.Context(), "acme", ann)
	if err != nil || u.Status != scim.StatusDeactivated {
		t.Errorf("the leaver is %v, %v", u.Status, err)
	}
}

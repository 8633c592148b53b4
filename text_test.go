package scim_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// textual is a store that refuses what is no text, as PostgreSQL does.
type textual struct {
	*memstore.Store
	t testing.TB
}

func (s textual) check(texts ...string) {
	for _, text := range texts {
		require.NotContains(s.t, text, "\x00")
		require.NotContains(s.t, text, "\xff")
	}
}

func (s textual) User(ctx context.Context, t scim.Tenant, id string) (*scim.User, error) {
	s.check(id)
	return s.Store.User(ctx, t, id)
}

func (s textual) Group(ctx context.Context, t scim.Tenant, id string) (*scim.Group, error) {
	s.check(id)
	return s.Store.Group(ctx, t, id)
}

func (s textual) FindUsers(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.User, error) {
	s.check(f.IDs...)
	s.check(f.UserNames...)
	return s.Store.FindUsers(ctx, t, f)
}

func (s textual) UpdateGroup(ctx context.Context, t scim.Tenant, id string, c scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error) {
	s.check(id)
	return s.Store.UpdateGroup(ctx, t, id, c, g, e)
}

func (s textual) Append(ctx context.Context, t scim.Tenant, e *scim.Event) error {
	s.check(e.UserID, e.GroupID)
	return s.Store.Append(ctx, t, e)
}

// TestNoText: no store is asked for what is no text, which some cannot even compare
// with. A resource with such an ID does not exist, and a filter that asks for a NUL
// is refused as a body with one is.
func TestNoText(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *scim.Config) { c.Store = textual{memstore.New(), t} })
	title := patch(set("title", "x"))
	for _, id := range []string{"a%00b", "a%ffb", "%00"} {
		for _, path := range []string{"/Users/", "/Groups/"} {
			r.refused(404, "", "GET", path+id, nil)
			r.refused(404, "", "DELETE", path+id, nil)
			r.refused(404, "", "PATCH", path+id, title)
		}
		p := r.bulk(operate("DELETE", "/Users/"+id, nil), operate("PATCH", "/Groups/"+id, title))
		require.Equal(t, []string{"400", "400"}, statuses(p), p.raw)
	}
	r.refused(400, "invalidFilter", "GET", `/Users?filter=userName%20eq%20"a\u0000b"`, nil)
	r.refused(400, "invalidFilter", "GET", `/Users?filter=userName%20eq%20"a%00b"`, nil)
	r.refused(400, "invalidFilter", "GET", `/Users?filter=userName%20eq%20"a%ffb"`, nil)
	r.refused(400, "invalidFilter", "POST", "/Users/.search", obj{"filter": `title co "\u0000"`})
}

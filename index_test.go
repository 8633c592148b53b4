package scim_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// indexing is a store that takes down the index of each user that it is given.
type indexing struct {
	*memstore.Store
	index []byte
}

func (s *indexing) CreateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	s.index = u.Index()
	return s.Store.CreateUser(ctx, t, u, g, e)
}

// TestIndex shows what a store keeps beside a user. That it is all that filters
// and orders need is proved by package storetest.
func TestIndex(t *testing.T) {
	store := &indexing{Store: memstore.New()}
	dir, err := scim.New(scim.Config{Store: store, Now: func() time.Time { return time.Unix(0, 0) }})
	require.NoError(t, err)
	handler, err := scim.NewHandler(dir, scim.HandlerConfig{
		BaseURL: "http://example.com/scim/v2",
		Verifier: scim.TokenVerifierFunc(func(context.Context, string) (scim.Connection, error) {
			return scim.Connection{ID: "idp", Tenant: "acme"}, nil
		}),
	})
	require.NoError(t, err)
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/scim/v2/Users", strings.NewReader(`{"userName":"Ada@Example.com","externalId":"X-1",
		"name":{"familyName":"Straße"},"emails":[{"value":"Ada@Example.com","type":"Work"},{"value":"home@example.com","primary":true}],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"hireDate":"2019-04-01","manager":{"value":"Boss"}},"active":false}`))
	r.Header.Set("Authorization", "Bearer t")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	require.Equal(t, 201, w.Code, w.Body)

	var got map[string]any
	require.NoError(t, json.Unmarshal(store.index, &got))
	id := got["id"].(string)
	delete(got, "id")
	const ent = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	const day = "800000005ca15480" + "00000000"
	require.Empty(t, cmp.Diff(map[string]any{
		"userName": "ada@example.com", "externalId": "X-1", "active": "false", "name.familyName": "strasse",
		"emails": []any{
			map[string]any{"value": "ada@example.com", "type": "work"},
			map[string]any{"value": "home@example.com", "primary": "true"},
		},
		"^emails.value": "home@example.com", "^emails.type": "work", "^emails.primary": "true",
		`^emails[type eq "work"].value`: "ada@example.com",
		ent + ":hireDate":               "2019-04-01", ent + ":hireDate<": day, "^" + ent + ":hireDate": day,
		ent + ":manager.value": "boss",
		"schemas": []any{
			map[string]any{"value": "urn:ietf:params:scim:schemas:core:2.0:user"}, map[string]any{"value": strings.ToLower(ent)},
		},
	}, got))

	u, err := dir.User(t.Context(), "acme", id)
	require.NoError(t, err)
	require.Nil(t, (&scim.User{ID: id}).Index(), "no Directory is writing the user")
	require.JSONEq(t, string(store.index), string(dir.Index(u)))
}

func ExampleFilter_Condition() {
	dir, err := scim.New(scim.Config{Store: memstore.New()})
	if err != nil {
		panic(err)
	}
	f, err := dir.UserFilter(`title sw "Chief" and not (emails.type eq "Home")`)
	if err != nil {
		panic(err)
	}
	var sql func(c *scim.Condition, of string) string
	sql = func(c *scim.Condition, of string) string {
		switch c.Kind {
		case scim.ConditionAnd:
			return sql(c.Parts[0], of) + " AND " + sql(c.Parts[1], of)
		case scim.ConditionNot:
			return "NOT (" + sql(c.Parts[0], of) + ")"
		case scim.ConditionElement:
			return fmt.Sprintf("EXISTS (SELECT 1 FROM json_each(%s->'%s') e WHERE %s)", of, c.Member, sql(c.Parts[0], "e.value"))
		}
		return fmt.Sprintf("%s->>'%s' %s '%s'", of, c.Member, c.Operator, c.Key)
	}
	fmt.Println(sql(f.Condition(), "users.index"))
	// Output: users.index->>'title' sw 'chief' AND NOT (EXISTS (SELECT 1 FROM json_each(users.index->'emails') e WHERE e.value->>'type' eq 'home'))
}

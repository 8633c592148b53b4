package storetest

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	filter "github.com/scim2/filter-parser/v2"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// engine is a store that answers filters and orders as a database does: it knows
// nothing but the index of each user, and compares text by byte.
type engine struct {
	*memstore.Store
	mu      sync.Mutex
	indexes map[string]map[string]any // by user
}

func (s *engine) keep(u *scim.User) {
	var index map[string]any
	if err := json.Unmarshal(u.Index(), &index); err != nil {
		panic(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.indexes[u.ID] = index
}

func (s *engine) CreateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	s.keep(u)
	return s.Store.CreateUser(ctx, t, u, g, e)
}

func (s *engine) UpdateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	s.keep(u)
	return s.Store.UpdateUser(ctx, t, u, g, e)
}

func (s *engine) Users(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.User], error) {
	c, sort, limit, offset := q.Filter.Condition(), q.Sort, q.Limit, q.Offset
	if q.Filter == nil && sort == nil {
		return s.Store.Users(ctx, t, q)
	}
	all, err := s.Store.Users(ctx, t, scim.Query{Status: q.Status})
	if err != nil {
		return all, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	items := slices.DeleteFunc(all.Items, func(u *scim.User) bool { return !s.holds(t, c, u) })
	page := scim.Page[*scim.User]{Total: len(items)}
	if sort != nil {
		key := func(u *scim.User) string { return s.sortKey(sort, u) }
		slices.SortStableFunc(items, func(a, b *scim.User) int { return sort.Compare(key(a), key(b)) })
		if sort.Descending() { // also among equals
			slices.Reverse(items)
			slices.SortStableFunc(items, func(a, b *scim.User) int { return sort.Compare(key(a), key(b)) })
		}
	}
	if q.After != "" {
		i := slices.IndexFunc(items, func(u *scim.User) bool { return u.ID == q.After })
		items = items[i+1:]
	}
	items = items[min(offset, len(items)):]
	if limit < 0 {
		return page, nil
	}
	if limit > 0 && len(items) > limit {
		items = items[:limit]
		page.Next = items[limit-1].ID
	}
	page.Items = items
	return page, nil
}

func (s *engine) sortKey(sort *scim.Sort, u *scim.User) string {
	switch sort.Member() {
	case "":
		return ""
	case "meta.created":
		return u.Created.Format(time.RFC3339Nano)
	case "meta.lastModified":
		return u.Modified.Format(time.RFC3339Nano)
	}
	key, _ := s.indexes[u.ID][sort.Member()].(string)
	if r := []rune(key); len(r) > scim.SortKeyLength {
		return string(r[:scim.SortKeyLength])
	}
	return key
}

// holds evaluates a condition of a user.
func (s *engine) holds(t scim.Tenant, c *scim.Condition, u *scim.User) bool {
	index := s.indexes[u.ID]
	switch c.Member {
	case "meta.created":
		return compareTimes(c, u.Created)
	case "meta.lastModified":
		return compareTimes(c, u.Modified)
	case "meta.version":
		index = map[string]any{c.Member: `W/"` + u.Version + `"`}
	case "groups":
		refs, err := s.Store.GroupsOf(ctx, t, []string{u.ID})
		if err != nil {
			panic(err)
		}
		var list []any
		for _, r := range refs[u.ID] {
			list = append(list, map[string]any{"value": r.ID, "display": scim.Fold(r.Display), "type": "direct"})
		}
		index = map[string]any{"groups": list}
	}
	return holds(c, index, func(part *scim.Condition) bool { return s.holds(t, part, u) })
}

// holds evaluates a condition over an index or an element; outer evaluates its parts.
func holds(c *scim.Condition, index map[string]any, outer func(*scim.Condition) bool) bool {
	switch c.Kind {
	case scim.ConditionAnd:
		return !slices.ContainsFunc(c.Parts, func(p *scim.Condition) bool { return !outer(p) })
	case scim.ConditionOr:
		return slices.ContainsFunc(c.Parts, outer)
	case scim.ConditionNot:
		return !outer(c.Parts[0])
	case scim.ConditionAlways:
		return true
	case scim.ConditionElement:
		list, _ := index[c.Member].([]any)
		return slices.ContainsFunc(list, func(e any) bool {
			var inside func(p *scim.Condition) bool
			inside = func(p *scim.Condition) bool { return holds(p, e.(map[string]any), inside) }
			return len(c.Parts) == 0 || inside(c.Parts[0])
		})
	}
	v, ok := index[c.Member].(string)
	if !ok {
		return false
	}
	switch c.Operator {
	case filter.PR:
		return true
	case filter.CO:
		return strings.Contains(v, c.Key)
	case filter.SW:
		return strings.HasPrefix(v, c.Key)
	case filter.EW:
		return strings.HasSuffix(v, c.Key)
	}
	return ordersAs(c.Operator, strings.Compare(v, c.Key))
}

func compareTimes(c *scim.Condition, t time.Time) bool {
	return ordersAs(c.Operator, t.Compare(c.Time))
}

func ordersAs(op filter.CompareOperator, sign int) bool {
	switch op {
	case filter.EQ:
		return sign == 0
	case filter.GT:
		return sign > 0
	case filter.GE:
		return sign >= 0
	case filter.LT:
		return sign < 0
	case filter.LE:
		return sign <= 0
	}
	panic("operator " + op)
}

// TestTheIndexSaysWhatTheEvaluatorSays: what User.Index, Filter.Condition and
// Sort.Member give an engine is all that it needs.
func TestTheIndexSaysWhatTheEvaluatorSays(t *testing.T) {
	for _, c := range queries {
		if c.name != "queries/users" {
			continue
		}
		found, _ := c.try(t, Harness{Open: func(testing.TB) (a, b scim.Store) {
			s := &engine{Store: memstore.New(), indexes: make(map[string]map[string]any)}
			return s, s
		}})
		for _, f := range found {
			t.Error(f)
		}
	}
}

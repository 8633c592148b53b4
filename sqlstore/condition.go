package sqlstore

import (
	"errors"
	"fmt"
	"strings"
	"time"

	filter "github.com/scim2/filter-parser/v2"

	"github.com/usher-scim/scim"
)

// conditions translates a filter into SQL, over the index that is kept beside each
// user. Whatever it translates is true or false and never unknown, so that not
// means what it does in a filter.
type conditions struct {
	*binder
	d     Dialect
	group bool // the filter is asked about groups
	deep  int  // elements within elements
}

// scope is where a member is looked up: in the row of a user or group, or in an
// element of a list.
type scope func(member string) (expr string, err error)

func (c *conditions) row(member string) (string, error) {
	switch {
	case member == "meta.version":
		return `('W/"' || u.revision || '"')`, nil
	case !c.group:
		return "(u.idx->>" + c.bind(member) + "::text)", nil
	}
	switch member {
	case "id":
		return "u.id", nil
	case "displayName":
		return "nullif(u.name_key, '')", nil
	case "externalId":
		return "nullif(u.external_id, '')", nil
	}
	return "", fmt.Errorf("sqlstore: filters by %s: %w", member, errors.ErrUnsupported)
}

// sql translates a condition.
func (c *conditions) sql(cond *scim.Condition, in scope) (string, error) {
	switch cond.Kind {
	case scim.ConditionAlways:
		return "(1 = 1)", nil
	case scim.ConditionNot:
		inner, err := c.sql(cond.Parts[0], in)
		return "(NOT " + inner + ")", err
	case scim.ConditionAnd, scim.ConditionOr:
		return c.junction(cond, in)
	case scim.ConditionElement:
		return c.element(cond)
	}
	switch cond.Member {
	case "meta.created":
		return c.time("u.created", cond)
	case "meta.lastModified":
		return c.time("u.modified", cond)
	}
	expr, err := in(cond.Member)
	if err != nil {
		return "", err
	}
	return c.compare(expr, cond)
}

func (c *conditions) junction(cond *scim.Condition, in scope) (string, error) {
	word := " AND "
	if cond.Kind == scim.ConditionOr {
		word = " OR "
	}
	parts := make([]string, len(cond.Parts))
	for i, p := range cond.Parts {
		var err error
		if parts[i], err = c.sql(p, in); err != nil {
			return "", err
		}
	}
	if len(parts) == 0 {
		return "(1 = 0)", nil // nothing of nothing
	}
	return "(" + strings.Join(parts, word) + ")", nil
}

var operators = map[filter.CompareOperator]string{
	filter.EQ: "=", filter.GT: ">", filter.GE: ">=", filter.LT: "<", filter.LE: "<=",
}

func (c *conditions) compare(expr string, cond *scim.Condition) (string, error) {
	known := func(test string) (string, error) { return "coalesce(" + test + ", 1 = 0)", nil }
	if op := operators[cond.Operator]; op != "" {
		return known(expr + ` COLLATE "C" ` + op + " " + c.bind(cond.Key) + "::text")
	}
	if cond.Operator == filter.PR || cond.Key == "" { // every value has the empty text in it
		return "(" + expr + " IS NOT NULL)", nil
	}
	key := c.bind(cond.Key) + "::text"
	switch cond.Operator {
	case filter.CO:
		return known(c.d.strpos + "(" + expr + ", " + key + ") > 0")
	case filter.SW:
		return known("substr(" + expr + ", 1, length(" + key + ")) = " + key)
	case filter.EW:
		return known("substr(" + expr + ", length(" + expr + ") - length(" + key + ") + 1) = " + key)
	}
	return "", fmt.Errorf("sqlstore: the operator %s: %w", cond.Operator, errors.ErrUnsupported)
}

func (c *conditions) time(column string, cond *scim.Condition) (string, error) {
	op := operators[cond.Operator]
	if op == "" {
		return "", fmt.Errorf("sqlstore: the operator %s on times: %w", cond.Operator, errors.ErrUnsupported)
	}
	// A time outside of what nanoseconds count is beyond all that are kept.
	t := cond.Time
	if oldest, newest := time.Unix(0, -1<<63), time.Unix(0, 1<<63-1); t.Before(oldest) {
		t = oldest
	} else if t.After(newest) {
		t = newest
	}
	return "(" + column + " " + op + " " + c.bind(t.UnixNano()) + "::bigint)", nil
}

// element asks whether a list has an element that satisfies a condition.
func (c *conditions) element(cond *scim.Condition) (string, error) {
	c.deep++
	defer func() { c.deep-- }()
	alias := fmt.Sprint("e", c.deep)
	from, in := "", scope(nil)
	switch {
	case !c.group && cond.Member == "groups":
		from = fmt.Sprintf("usher_members %[1]s JOIN usher_groups %[1]sg ON %[1]sg.tenant = %[1]s.tenant AND %[1]sg.id = %[1]s.group_id"+
			" WHERE %[1]s.tenant = u.tenant AND %[1]s.user_id = u.id", alias)
		in = columns(map[string]string{"value": alias + "g.id", "display": "nullif(" + alias + "g.name_key, '')", "type": "'direct'"})
	case c.group && cond.Member == "members":
		from = fmt.Sprintf("usher_members %[1]s LEFT JOIN usher_users %[1]su ON %[1]su.tenant = %[1]s.tenant AND %[1]su.id = %[1]s.user_id"+
			" LEFT JOIN usher_groups %[1]sg ON %[1]sg.tenant = %[1]s.tenant AND %[1]sg.id = %[1]s.sub_id"+
			" WHERE %[1]s.tenant = u.tenant AND %[1]s.group_id = u.id", alias)
		in = columns(map[string]string{
			"value": alias + ".member", "display": fmt.Sprintf("nullif(coalesce(%[1]su.label_key, %[1]sg.name_key), '')", alias),
			"type": "(CASE WHEN " + alias + ".sub_id IS NULL THEN 'user' ELSE 'group' END)",
		})
	case c.group:
		return "", fmt.Errorf("sqlstore: filters by %s: %w", cond.Member, errors.ErrUnsupported)
	default:
		from = fmt.Sprintf(c.d.elements, c.bind(cond.Member), alias) + " WHERE 1 = 1"
	}
	if in == nil {
		in = func(member string) (string, error) {
			return "(" + alias + ".value->>" + c.bind(member) + "::text)", nil
		}
	}
	if len(cond.Parts) == 0 {
		return "EXISTS (SELECT 1 FROM " + from + ")", nil
	}
	inner, err := c.sql(cond.Parts[0], in)
	return "EXISTS (SELECT 1 FROM " + from + " AND " + inner + ")", err
}

// columns looks members up in a fixed set; one that is not in it has no value.
func columns(of map[string]string) scope {
	return func(member string) (string, error) {
		if expr := of[member]; expr != "" {
			return expr, nil
		}
		return "", fmt.Errorf("sqlstore: filters by %s: %w", member, errors.ErrUnsupported)
	}
}

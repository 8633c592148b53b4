package sqlstore

import (
	"slices"
	"strconv"
	"strings"

	"github.com/usher-scim/scim"
)

// binder collects the parameters of a statement.
type binder struct{ args []any }

// bind returns the placeholder of a parameter.
func (b *binder) bind(v any) string {
	b.args = append(b.args, v)
	return "$" + strconv.Itoa(len(b.args))
}

// oneOf compares with one value, or with a list in one parameter, so that the
// statements stay few.
func (b *binder) oneOf(values []string) string {
	if len(values) == 1 {
		return " = " + b.bind(values[0])
	}
	return " = ANY(" + b.bind(values) + ")"
}

// finder makes the statement of a [scim.Find]: each kind of entry is a search of
// an index.
type finder struct {
	binder
	archived bool // archived ones too
	plain    []string
	linkedTo []string // statements that select IDs
}

func newFinder(t scim.Tenant, archived bool) *finder {
	return &finder{binder: binder{args: []any{t}}, archived: archived}
}

// named looks for those that have one of the values in a column. The empty value
// names nobody.
func (f *finder) named(column string, values []string) {
	if values = given(values); len(values) > 0 {
		f.plain = append(f.plain, "u."+column+f.oneOf(values)+filledIn[column])
	}
}

// filledIn is what the indexes of columns that may be empty say of them.
var filledIn = map[string]string{"email": " AND u.email <> ''", "external_id": " AND u.external_id <> ''"}

// linked looks for those that another table has with one of the values.
func (f *finder) linked(table, id, column string, values []string) {
	if values = given(values); len(values) > 0 {
		f.linkedTo = append(f.linkedTo, "SELECT "+id+" FROM "+table+" WHERE tenant = $1 AND "+column+f.oneOf(values))
	}
}

func given(values []string) []string {
	if slices.Contains(values, "") {
		return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
	}
	return values
}

func (f *finder) empty() bool { return len(f.plain)+len(f.linkedTo) == 0 }

// query returns the statement. Indexes of names are apart for archived users, so
// that each search says which of them it means.
func (f *finder) query(columns, table string) string {
	statuses := []string{""}
	switch {
	case table != "usher_users":
	case f.archived:
		statuses = []string{" AND u.status <> 4", " AND u.status = 4"}
	default:
		statuses = []string{" AND u.status <> 4"}
	}
	sql := "SELECT " + columns + " FROM " + table + " u WHERE u.tenant = $1 AND "
	if len(f.plain) == 1 && len(f.linkedTo) == 0 && len(statuses) == 1 {
		return sql + f.plain[0] + statuses[0] + " ORDER BY u.created, u.id"
	}
	ids := slices.Clone(f.linkedTo)
	for _, p := range f.plain {
		for _, s := range statuses {
			ids = append(ids, "SELECT u.id FROM "+table+" u WHERE u.tenant = $1 AND "+p+s)
		}
	}
	sql += "u.id IN (" + strings.Join(ids, " UNION ") + ")"
	if len(statuses) == 1 {
		sql += statuses[0]
	}
	return sql + " ORDER BY u.created, u.id"
}

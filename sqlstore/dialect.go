package sqlstore

import (
	"errors"
	"regexp"
	"strings"

	"github.com/usher-scim/scim"
)

// Dialect is a kind of database. Statements are written once, for PostgreSQL; a
// dialect says how they read elsewhere.
type Dialect struct {
	name   string
	text   func(query string) string
	gaveUp func(error) bool
	// list writes a list of texts as a parameter.
	list func([]string) string
	// groupsOf is a column: the groups of a user, as JSON.
	groupsOf string
	// begin is the first statement of each transaction that writes.
	begin string
	// atOnce says that one statement can write several tables.
	atOnce bool
	// strpos is the function that finds a text in another, counted from 1.
	strpos string
	// elements is a table of the elements of a list that is a member of the column
	// idx, as the column value. It is given the member's name and its own.
	elements string
	// position is the column of usher_events in whose order events are read.
	// sequenced says that readers give it to them.
	position  string
	sequenced bool
	// statistics says that plans depend on statistics that are collected now and then.
	statistics bool
}

// String returns the name of the dialect, such as postgres.
func (d Dialect) String() string { return d.name }

// Postgres is PostgreSQL 13 and later, and what speaks its protocol and SQL.
var Postgres = Dialect{
	name: "postgres", atOnce: true, sequenced: true, statistics: true, position: "position", strpos: "strpos",
	elements: "jsonb_array_elements(u.idx->%s::text) AS %s(value)",
	text: func(query string) string {
		query = noneOf.ReplaceAllString(query, "NOT IN (SELECT unnest($1::text[]))") // which is hashed, unlike <> ALL
		query = anyOf.ReplaceAllString(query, "= ANY($1::text[])")
		query = onlySQLite.ReplaceAllString(query, "")
		query = eachText.ReplaceAllString(query, "unnest($1::text[]) AS $2(value)")
		return eachObject.ReplaceAllString(query, "json_array_elements($1::json) AS $2(value)")
	},
	list: arrayLiteral,
	groupsOf: `(SELECT json_agg(json_build_object('ID', g.id, 'Display', g.name) ORDER BY g.created, g.id)
		FROM usher_members m JOIN usher_groups g ON g.tenant = m.tenant AND g.id = m.group_id WHERE m.tenant = u.tenant AND m.user_id = u.id)`,
	gaveUp: func(err error) bool {
		switch sqlState(err) {
		case "40001", "40P01": // no order that fits, deadlock
			return true
		}
		return false
	},
}

// Stepwise returns a dialect whose statements write one table each. It takes more
// exchanges, and is for engines that speak the protocol and the SQL of PostgreSQL but
// have no statement that writes several tables, or none that writes one twice.
func (d Dialect) Stepwise() Dialect {
	d.atOnce = false
	return d
}

// SQLite is SQLite 3.38 and later. A transaction that writes takes the write lock
// at once; busy_timeout says how long one waits for another. Foreign keys are kept
// where the connection has them on (PRAGMA foreign_keys).
var SQLite = Dialect{
	name: "sqlite", position: "seq", strpos: "instr", elements: "json_each(u.idx->%s) AS %s",
	begin: "UPDATE usher_tenants SET active = active WHERE tenant = ''",
	text: func(query string) string {
		query = noneOf.ReplaceAllString(query, "NOT IN (SELECT value FROM json_each($1))")
		query = anyOf.ReplaceAllString(query, "IN (SELECT value FROM json_each($1))")
		query = eachText.ReplaceAllString(query, "json_each($1) AS $2")
		query = eachObject.ReplaceAllString(query, "json_each($1) AS $2")
		query = onlyPostgres.ReplaceAllString(query, "")
		return strings.ReplaceAll(query, "$", "?")
	},
	groupsOf: `(SELECT json_group_array(json_object('ID', x.id, 'Display', x.name))
		FROM (SELECT g.id, g.name FROM usher_members m JOIN usher_groups g ON g.tenant = m.tenant AND g.id = m.group_id
		WHERE m.tenant = u.tenant AND m.user_id = u.id ORDER BY g.created, g.id) x)`,
	list: func(of []string) string {
		text, _ := list(of) // texts are always JSON
		return text
	},
	gaveUp: func(err error) bool {
		var coded interface{ Code() int }
		const busy, locked = 5, 6
		return errors.As(err, &coded) && (coded.Code()&0xff == busy || coded.Code()&0xff == locked)
	},
}

// "= ANY($1)" and "<> ALL($1)" compare with each of a list of texts. texts($1) AS x
// are its elements, and objects($1) AS x those of a JSON array, as the column value.
var (
	anyOf        = regexp.MustCompile(`= ANY\((\$\d+)\)`)
	noneOf       = regexp.MustCompile(`<> ALL\((\$\d+)\)`)
	eachText     = regexp.MustCompile(`texts\((\$\d+)\) AS (\w+)`)
	eachObject   = regexp.MustCompile(`objects\((\$\d+)\) AS (\w+)`)
	onlySQLite   = regexp.MustCompile(` INDEXED BY \w+`)
	onlyPostgres = regexp.MustCompile(`::\w+| COLLATE "C"| FOR (?:UPDATE|SHARE|KEY SHARE)(?: OF \w+)?`)
)

// arrayLiteral writes a text[] as PostgreSQL reads it, whatever its driver.
func arrayLiteral(of []string) string {
	b := []byte{'{'}
	for i, s := range of {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		for j := range len(s) {
			if s[j] == '"' || s[j] == '\\' {
				b = append(b, '\\')
			}
			b = append(b, s[j])
		}
		b = append(b, '"')
	}
	return string(append(b, '}'))
}

// sqlState returns the SQLSTATE of an error of PostgreSQL, as its drivers tell it.
func sqlState(err error) string {
	var stated interface{ SQLState() string }
	if errors.As(err, &stated) {
		return stated.SQLState()
	}
	return ""
}

// uniques are the unique indexes and keys, by what an error of either database
// names, and the attribute that is taken.
var uniques = []struct{ name, attribute string }{
	{"usher_users_user_name", "userName"},
	{"usher_users.user_name", "userName"},
	{"usher_users_email", "emails"},
	{"usher_users.email", "emails"},
	{"usher_users_pkey", "id"},
	{"usher_users.id", "id"},
	{"usher_groups_name", "displayName"},
	{"usher_groups.name_key", "displayName"},
	{"usher_groups_pkey", "id"},
	{"usher_groups.id", "id"},
}

// refusal turns what a unique index refused into a [*scim.ConflictError].
func refusal(err error) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if sqlState(err) != "23505" && !strings.Contains(text, "UNIQUE constraint failed") {
		return err
	}
	for _, u := range uniques {
		if strings.Contains(text, u.name) {
			return &scim.ConflictError{Attribute: u.attribute}
		}
	}
	return err
}

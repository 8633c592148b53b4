package scim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// several is a user with two numbers of one type, and a manager.
func several(r *rig) string {
	return r.create(person("ann", obj{
		"title": "Chief", "name": obj{"givenName": "Ann", "familyName": "Lee"},
		"phoneNumbers": list{
			obj{"value": "1", "type": "work", "display": "one"}, obj{"value": "2", "type": "work", "display": "two"}, obj{"value": "3", "type": "home"},
		},
		ent: obj{"department": "Sales", "costCenter": "7"},
	}))
}

// TestRFC414_Operations are done as RFC 7644 section 3.5.2 has each, with a path
// and, where there can be one, in a value without.
func TestRFC414_Operations(t *testing.T) {
	t.Parallel()
	name := func(given string) obj { return obj{"givenName": given, "familyName": "Lee"} }
	phones := func(e ...obj) list {
		out := list{}
		for _, v := range e {
			out = append(out, v)
		}
		return out
	}
	one, two, three := obj{"value": "1", "type": "work", "display": "one"}, obj{"value": "2", "type": "work", "display": "two"}, obj{"value": "3", "type": "home"}
	four := obj{"value": "4", "type": "fax"}
	each(t, map[string]struct {
		op   obj
		path []any
		want any // nil: unassigned
	}{
		"add: absent is created":           {op("add", "nickName", "A"), []any{"nickName"}, "A"},
		"add: a single value is replaced":  {op("add", "title", "Boss"), []any{"title"}, "Boss"},
		"add: a complex one is merged":     {op("add", "name", obj{"givenName": "Anna"}), []any{"name"}, name("Anna")},
		"add: its part":                    {op("add", "name.givenName", "Anna"), []any{"name"}, name("Anna")},
		"add: elements are appended":       {op("add", "phoneNumbers", list{four}), []any{"phoneNumbers"}, phones(one, two, three, four)},
		"add: one element":                 {op("add", "phoneNumbers", four), []any{"phoneNumbers"}, phones(one, two, three, four)},
		"add: an equal element is none":    {op("add", "phoneNumbers", three), []any{"phoneNumbers"}, phones(one, two, three)},
		"add: without a path":              {op("add", "", obj{"phoneNumbers": list{four}}), []any{"phoneNumbers"}, phones(one, two, three, four)},
		"add: an extension's":              {op("add", ent+":division", "North"), []any{ent}, obj{"department": "Sales", "costCenter": "7", "division": "North"}},
		"remove: a single value":           {remove("title"), []any{"title"}, nil},
		"remove: a complex one":            {remove("name"), []any{"name"}, nil},
		"remove: its part":                 {remove("name.familyName"), []any{"name"}, obj{"givenName": "Ann"}},
		"remove: all elements":             {remove("phoneNumbers"), []any{"phoneNumbers"}, nil},
		"remove: those selected":           {remove(`phoneNumbers[type eq "work"]`), []any{"phoneNumbers"}, phones(three)},
		"remove: all are selected":         {remove(`phoneNumbers[value pr]`), []any{"phoneNumbers"}, nil},
		"remove: a part of those selected": {remove(`phoneNumbers[type eq "work"].display`), []any{"phoneNumbers"}, phones(mail("1", "work"), mail("2", "work"), three)},
		"remove: none is selected":         {remove(`phoneNumbers[type eq "fax"]`), []any{"phoneNumbers"}, phones(one, two, three)},
		"remove: an extension":             {remove(ent), []any{ent}, nil},
		"replace: a single value":          {set("title", "Boss"), []any{"title"}, "Boss"},
		"replace: absent is added":         {set("nickName", "A"), []any{"nickName"}, "A"},
		"replace: all elements":            {set("phoneNumbers", list{four}), []any{"phoneNumbers"}, phones(four)},
		"replace: by none":                 {set("phoneNumbers", list{}), []any{"phoneNumbers"}, nil},
		"replace: by null":                 {set("title", nil), []any{"title"}, nil},
		"replace: a complex one":           {set("name", obj{"givenName": "Anna"}), []any{"name"}, name("Anna")},
		"replace: those selected":          {set(`phoneNumbers[type eq "work"]`, obj{"value": "5", "type": "work"}), []any{"phoneNumbers"}, phones(mail("5", "work"), three)},
		"replace: a part of those":         {set(`phoneNumbers[type eq "work"].display`, "desk"), []any{"phoneNumbers", 1, "display"}, "desk"},
		"replace: without a path":          {set("", obj{"title": "Boss", "phoneNumbers": list{four}}), []any{"phoneNumbers"}, phones(four)},
		"replace: an extension's":          {set(ent, obj{"department": "IT"}), []any{ent}, obj{"department": "IT", "costCenter": "7"}},
	}, func(t *testing.T, c struct {
		op   obj
		path []any
		want any
	},
	) {
		r := newRig(t)
		id := several(r)
		p := r.patch(id, c.op)
		require.Equal(t, c.want, p.at(c.path...))
		require.Equal(t, p.body, r.get(id).body, "the whole resource is answered")
		r.still(func() { r.patch(id, c.op) })
	})
}

// TestRFC413_Order: a later operation sees what an earlier one did (RFC 7644
// section 3.5.2).
func TestRFC413_Order(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := several(r)
	p := r.patch(id,
		op("add", "phoneNumbers", mail("4", "fax")), set(`phoneNumbers[type eq "fax"].value`, "5"), remove(`phoneNumbers[value eq "4"]`),
		remove("title"), op("add", "title", "Boss"), remove(ent), op("add", ent+":division", "North"),
	)
	require.Equal(t, mail("5", "fax"), p.at("phoneNumbers", 3))
	require.Equal(t, "Boss", p.at("title"))
	require.Equal(t, obj{"division": "North"}, p.at(ent))
	require.Equal(t, list{scim.UserSchema, ent}, p.at("schemas"), "an extension's URN comes with its first value")
}

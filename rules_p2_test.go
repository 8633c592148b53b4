package scim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"

	"github.com/usher-scim/scim"
)

func TestP2_1_OnlyTheTableIsStored(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	extra := obj{
		"schemas":   list{scim.UserSchema, "urn:example:unknown:2.0:User", product},
		"shoeSize":  43,
		"roles":     list{obj{"value": "admin"}},
		"x509Certs": nil,
		"urn:example:unknown:2.0:User": obj{
			"badge": "7", "deep": obj{"deeper": list{1, 2}},
		},
		ent: obj{"department": "Sales", "favourite": "blue"},
	}
	p := r.ok(201, "POST", "/Users", person("ann", extra))
	for _, name := range []string{"shoeSize", "roles", "urn:example:unknown:2.0:User"} {
		require.Nil(t, p.at(name))
	}
	require.Nil(t, p.at(ent, "favourite"))
	require.Equal(t, list{scim.UserSchema, ent}, p.at("schemas"), "schemas names only what is stored")
	ignored := strings.Join(r.last().Ignored, " ")
	for _, name := range []string{"shoeSize", "roles", "urn:example:unknown:2.0:User", "favourite"} {
		require.Contains(t, ignored, name, "noted in the provisioning log")
	}

	for name, ops := range map[string]obj{
		"a path":            set("shoeSize", 44),
		"a dotted path":     set("shoe.size", 44),
		"a filtered path":   op("add", `shoes[side eq "left"].size`, 44),
		"a urn":             set("urn:example:unknown:2.0:User:badge", "8"),
		"a pathless value":  set("", obj{"shoeSize": 44, "roles": list{}}),
		"a removal":         remove("roles"),
		"an extension part": set(ent+":favourite", "red"),
	} {
		before := len(r.record())
		r.still(func() { r.patch(p.id(), ops) })
		require.Len(t, r.record(), before+1, name)
		e := r.last()
		require.Equal(t, scim.RequestIgnored, e.Kind, name)
		require.Equal(t, p.id(), e.UserID, name)
		require.NotEmpty(t, e.Ignored, name)
	}
	require.Equal(t, list{scim.UserSchema}, r.patch(p.id(), set(ent+":department", "")).at("schemas"))
}

func TestP2_1_GroupsToo(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.ok(201, "POST", "/Groups", obj{"displayName": "Staff", "mailNickname": "staff", "urn:example:ext:2.0:Group": obj{"a": 1}})
	require.Nil(t, p.at("mailNickname"))
	require.Equal(t, list{scim.GroupSchema}, p.at("schemas"))
	require.Contains(t, r.last().Ignored, "mailNickname")
	before := len(r.record())
	r.still(func() { r.patchGroup(p.id(), set("mailNickname", "crew")) })
	require.Len(t, r.record(), before+1, "noted, though nothing changed")
	require.Equal(t, scim.RequestIgnored, r.last().Kind)
	require.Equal(t, p.id(), r.last().GroupID)
}

func TestP2_1_NotWellFormed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create(person("ann"))
	type badRequest struct {
		method, path, kind string
		body               any
	}
	each(t, map[string]badRequest{
		"a name that is none":      {"POST", "/Users", "invalidPath", person("bob", obj{"shoe size!": 1})},
		"a path that is none":      {"PATCH", "/Users/" + id, "invalidPath", patch(set("shoe size", 1))},
		"an unclosed filter":       {"PATCH", "/Users/" + id, "invalidPath", patch(set(`emails[type eq "work"`, "x"))},
		"broken JSON":              {"POST", "/Users", "invalidSyntax", `{"userName":`},
		"no object":                {"POST", "/Users", "invalidSyntax", `[]`},
		"a wrong type":             {"POST", "/Users", "invalidValue", person("bob", obj{"title": 7})},
		"an object for a text":     {"POST", "/Users", "invalidValue", person("bob", obj{"title": obj{"a": obj{}}})},
		"a boolean that is none":   {"POST", "/Users", "invalidValue", person("bob", obj{"active": "perhaps"})},
		"a number for a boolean":   {"POST", "/Users", "invalidValue", person("bob", obj{"active": 1})},
		"a text for a complex one": {"POST", "/Users", "invalidValue", person("bob", obj{"name": "Bob"})},
	}, func(t *testing.T, c badRequest) {
		s := newRig(t)
		path := c.path
		if c.method == "PATCH" {
			path = "/Users/" + s.create(person("ann"))
		}
		s.refused(400, c.kind, c.method, path, c.body)
	})
}

func TestP2_3_Mandatory(t *testing.T) {
	t.Parallel()
	work, home := mail("work@acme.example", "work"), mail("home@acme.example", "home")
	primary := merged(home, obj{"primary": true})
	type newcomer struct {
		user obj
		want string // the work e-mail; "": refused
		miss string // what the error names
	}
	each(t, map[string]newcomer{
		"the one of type work":       {obj{"userName": "ann", "emails": list{primary, work}}, "work@acme.example", ""},
		"type in any case":           {obj{"userName": "ann", "emails": list{primary, mail("w@acme.example", "Work")}}, "w@acme.example", ""},
		"failing that the primary":   {obj{"userName": "ann", "emails": list{mail("a@acme.example", "other"), primary}}, "home@acme.example", ""},
		"failing that the only one":  {obj{"userName": "ann", "emails": list{home}}, "home@acme.example", ""},
		"bare string":                {obj{"userName": "ann", "emails": list{"bare@acme.example"}}, "bare@acme.example", ""},
		"single object":              {obj{"userName": "ann", "emails": home}, "home@acme.example", ""},
		"an empty work one":          {obj{"userName": "ann", "emails": list{mail("", "work"), primary}}, "home@acme.example", ""},
		"failing that the userName":  {obj{"userName": "ann@acme.example"}, "ann@acme.example", ""},
		"several that say nothing":   {obj{"userName": "ann@acme.example", "emails": list{mail("a@x.example", "home"), mail("b@x.example", "other")}}, "ann@acme.example", ""},
		"none":                       {obj{"userName": "ann"}, "", "emails"},
		"several, none chosen":       {obj{"userName": "ann", "emails": list{mail("a@x.example", "home"), mail("b@x.example", "other")}}, "", "emails"},
		"empty list, name no e-mail": {obj{"userName": "ann", "emails": list{}}, "", "emails"},
		"no userName":                {obj{"emails": list{work}}, "", "userName"},
		"empty userName":             {obj{"userName": "", "emails": list{work}}, "", "userName"},
		"blank userName":             {obj{"userName": "  ", "emails": list{work}}, "", "userName"},
		"null userName":              {obj{"userName": nil, "emails": list{work}}, "", "userName"},
	}, func(t *testing.T, c newcomer) {
		r := newRig(t)
		if c.want == "" {
			p := r.refused(400, "invalidValue", "POST", "/Users", c.user)
			require.Contains(t, p.detail(), c.miss)
			return
		}
		require.Equal(t, c.want, r.user(r.create(c.user)).Email)
	})
}

func TestP2_3_Defaults(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *scim.Config) { c.Languages = []language.Tag{language.BritishEnglish, language.German} })
	p := r.ok(201, "POST", "/Users", person("ann"))
	require.Equal(t, true, p.at("active"), "active defaults to true")
	require.Nil(t, p.at("preferredLanguage"), "nothing is returned that was not sent")
	require.Equal(t, language.BritishEnglish, r.view(p.id()).Language, "the host's default language")
	require.Empty(t, r.view(p.id()).Warnings)
	for name, value := range map[string]any{"bob": "", "cat": nil, "dan": list{}} {
		id := r.create(obj{"userName": name + "@acme.example", "active": value, "preferredLanguage": value})
		require.Equal(t, scim.StatusActive, r.status(id))
		require.Equal(t, language.BritishEnglish, r.view(id).Language)
	}
}

func TestP2_3_EmailFrom(t *testing.T) {
	t.Parallel()
	const contact = "urn:example:acme:2.0:User:contact"
	rows := func(c *scim.Config) {
		c.Attributes = append(scim.ProductAttributes(), scim.Attribute{Name: "contact", Path: contact})
	}
	user := person("ann", obj{"urn:example:acme:2.0:User": obj{"contact": "ann@mail.example"}})
	t.Run("off", func(t *testing.T) {
		r := newRig(t, rows)
		require.Equal(t, "ann@acme.example", r.user(r.create(user)).Email)
	})
	r := newRig(t, rows, with(scim.Policy{EmailFrom: "contact"}))
	id := r.create(user)
	require.Equal(t, "ann@mail.example", r.user(id).Email)
	require.Equal(t, "ann@acme.example", r.user(id).Login)
	require.Equal(t, "ann@acme.example", r.get(id).at("emails", 0, "value"), "the wire is verbatim")

	t.Run("without a value the usual order applies", func(t *testing.T) {
		require.Equal(t, "bob@acme.example", r.user(r.create(person("bob"))).Email)
	})
	t.Run("it is what is unique and what is matched", func(t *testing.T) {
		r := r.in(t)
		p := r.refused(409, "uniqueness", "POST", "/Users", person("cat", obj{contact: "ANN@mail.example"}))
		require.Contains(t, p.detail(), "emails")
		own := r.host("dan", "dan@mail.example")
		require.Equal(t, own.ID, r.create(person("daniel", obj{contact: "dan@mail.example"})))
	})
	t.Run("kept beside a deactivation", func(t *testing.T) {
		r := r.in(t)
		p := r.patch(id, set("active", false), set(contact, ""), remove("emails"), set("userName", "ann"))
		require.Equal(t, false, p.at("active"))
		require.Equal(t, "ann@mail.example", r.user(id).Email)
	})
	t.Run("a name that the table lacks", func(t *testing.T) {
		newRig(t, with(scim.Policy{EmailFrom: "nothing"})).refused(500, "", "POST", "/Users", person("ann"))
	})
}

func TestP2_4_IdIsNeverWritten(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.ok(201, "POST", "/Users", person("ann", obj{"id": "chosen", "ID": "chosen", scim.UserSchema + ":id": "chosen"}))
	require.NotEqual(t, "chosen", p.id())
	g := r.ok(201, "POST", "/Groups", obj{"displayName": "Staff", "id": "chosen"})
	require.NotEqual(t, "chosen", g.id())
	r.still(func() {
		r.ok(200, "PUT", "/Users/"+p.id(), person("ann", obj{"id": "other"}))
		r.ok(200, "PUT", "/Groups/"+g.id(), obj{"displayName": "Staff", "id": "other"})
		for _, kind := range []string{"add", "replace", "Replace"} {
			r.patch(p.id(), op(kind, "", obj{"id": "other", scim.UserSchema: obj{"id": "other"}}))
			r.patchGroup(g.id(), op(kind, "", obj{"id": "other"}))
		}
	})
	for _, path := range []string{"id", "ID", scim.UserSchema + ":id"} {
		for _, kind := range []string{"add", "replace", "remove"} {
			r.refused(400, "mutability", "PATCH", "/Users/"+p.id(), patch(op(kind, path, "other")))
		}
	}
	r.refused(400, "mutability", "PATCH", "/Groups/"+g.id(), patch(set("id", "other")))
	r.ok(404, "GET", "/Users/other", nil)
}

func TestP2_5_RolesChangeNothing(t *testing.T) {
	t.Parallel()
	claims := obj{"roles": list{obj{"value": "Admin", "primary": true}}, "userType": "Administrator", "entitlements": list{"root"}}
	t.Run("product", func(t *testing.T) {
		t.Parallel()
		r := newRig(t)
		p := r.ok(201, "POST", "/Users", person("ann", claims))
		require.Nil(t, p.at("roles"), "roles is not stored")
		require.Nil(t, p.at("entitlements"))
		require.Equal(t, "Administrator", p.at("userType"), "userType is")
		require.Equal(t, "User", r.view(p.id()).Role)
		r.still(func() { r.patch(p.id(), op("add", "roles", list{obj{"value": "Owner"}})) })
	})
	t.Run("all of RFC 7643", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, func(c *scim.Config) { c.Attributes = scim.RFCAttributes() })
		p := r.ok(201, "POST", "/Users", person("ann", claims))
		require.Equal(t, "Admin", p.at("roles", 0, "value"))
		require.Equal(t, "User", r.view(p.id()).Role)
	})
}

func TestP2_6_Normalised(t *testing.T) {
	t.Parallel()
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	type want struct {
		lang language.Tag
		zone *time.Location
		day  time.Time
		warn string // the attribute that is warned of
	}
	en, fr := language.BritishEnglish, language.CanadianFrench
	type value struct {
		path, value string
		want        want
	}
	each(t, map[string]value{
		"language":                   {"preferredLanguage", "fr-CA", want{lang: fr}},
		"language with underscore":   {"preferredLanguage", "fr_CA", want{lang: fr}},
		"language in another case":   {"preferredLanguage", "FR-ca", want{lang: fr}},
		"language that is related":   {"preferredLanguage", "fr", want{lang: fr}},
		"language not supported":     {"preferredLanguage", "ja-JP", want{lang: en}},
		"language that is none":      {"preferredLanguage", "French (Canada)", want{lang: language.Und, warn: "preferredLanguage"}},
		"language of a header":       {"preferredLanguage", "da, en-gb;q=0.8", want{lang: language.Und, warn: "preferredLanguage"}},
		"zone":                       {"timezone", "Europe/London", want{lang: en, zone: london}},
		"zone that does not exist":   {"timezone", "Europe/Atlantis", want{lang: en, warn: "timezone"}},
		"zone of Windows":            {"timezone", "GMT Standard Time", want{lang: en, warn: "timezone"}},
		"the zone of the machine":    {"timezone", "Local", want{lang: en, warn: "timezone"}},
		"a path for a zone":          {"timezone", "../../etc/passwd", want{lang: en, warn: "timezone"}},
		"date":                       {ent + ":hireDate", "2024-02-29", want{lang: en, day: day}},
		"date-time":                  {ent + ":hireDate", "2024-02-29T23:30:00Z", want{lang: en, day: day}},
		"date-time with a zone":      {ent + ":hireDate", "2024-02-29T00:30:00+02:00", want{lang: en, day: day}},
		"date-time without a zone":   {ent + ":hireDate", "2024-02-29T00:30:00", want{lang: en, day: day}},
		"date-time with a fraction":  {ent + ":hireDate", "2024-02-29T00:30:00.123Z", want{lang: en, day: day}},
		"day that does not exist":    {ent + ":hireDate", "2023-02-29", want{lang: en, warn: "hireDate"}},
		"day of an American":         {ent + ":hireDate", "02/29/2024", want{lang: en, warn: "hireDate"}},
		"a date with something else": {ent + ":hireDate", "2024-02-29 or so", want{lang: en, warn: "hireDate"}},
	}, func(t *testing.T, c value) {
		r := newRig(t, func(c *scim.Config) { c.Languages = []language.Tag{en, fr} })
		id := r.create(person("ann"))
		p := r.patch(id, set(c.path, c.value))
		require.Contains(t, p.raw, `"`+c.value+`"`, "the wire is verbatim")
		v := r.view(id)
		require.Equal(t, c.want.lang, v.Language)
		require.Equal(t, c.want.zone, v.Timezone)
		require.Equal(t, c.want.day, v.HireDate)
		if c.want.warn == "" {
			require.Empty(t, v.Warnings)
			require.Empty(t, r.last().Warnings)
			return
		}
		require.Len(t, v.Warnings, 1)
		require.Equal(t, c.want.warn, v.Warnings[0].Attribute)
		require.Equal(t, v.Warnings, r.last().Warnings, "and to the log")
		r.patch(id, set("title", "x"))
		require.Empty(t, r.last().Warnings, "once")
	})
}

func TestP2_6_Country(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create(person("ann"))
	for sent, region := range map[string]string{
		"GB": "GB", "gb": "GB", "GBR": "GB", "826": "GB", "United Kingdom": "ZZ", "EU": "ZZ", "XX": "ZZ", "": "ZZ",
	} {
		r.patch(id, set(`addresses[type eq "work"].country`, sent))
		require.Equal(t, sent, r.dir.Value(r.user(id), "country"), "as sent")
		v := r.view(id)
		require.Equal(t, region, v.Region.String(), sent)
		require.Empty(t, v.Warnings, sent)
	}
}

func TestP2_7_Unassigned(t *testing.T) {
	t.Parallel()
	const work = `addresses[type eq "work"].country`
	full := person("ann", obj{
		"title": "Chief", "addresses": list{obj{"type": "work", "country": "GB"}}, "displayName": "Ann",
		"phoneNumbers": list{obj{"type": "mobile", "value": "1"}},
		ent:            obj{"department": "Sales", "manager": obj{"value": "boss"}},
	})
	for name, empty := range map[string]any{"empty string": "", "null": nil, "empty array": list{}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			id := r.create(full)
			for _, path := range []string{"title", "name.givenName", work, "displayName", ent + ":department", ent + ":manager", "phoneNumbers"} {
				r.patch(id, set(path, empty))
			}
			r.patch(id, set("name", empty))
			p := r.get(id)
			for _, gone := range []string{"title", "name", "addresses", "displayName", "phoneNumbers", ent} {
				require.Nil(t, p.at(gone), gone)
			}
			require.Equal(t, list{scim.UserSchema}, p.at("schemas"))
			require.Empty(t, r.folders(scim.RootDepartment))

			id = r.create(merged(full, obj{"userName": "bob@acme.example", "emails": list{mail("bob@acme.example")}}))
			r.patch(id, set("", obj{"title": empty, "phoneNumbers": empty, "addresses": empty, ent: obj{"manager": empty}, ent + ":department": empty}))
			p = r.get(id)
			for _, gone := range []string{"title", "addresses", "phoneNumbers", ent} {
				require.Nil(t, p.at(gone), gone)
			}
			id = r.create(merged(full, obj{"userName": "cat@acme.example", "emails": list{mail("cat@acme.example")}}))
			r.patch(id, set("", obj{ent: empty}))
			require.Nil(t, r.get(id).at(ent), "an extension")

			body := obj{"userName": "dan@acme.example"}
			for _, name := range []string{"title", "externalId", "emails", "addresses", "phoneNumbers", "name", ent, ent + ":manager", "timezone"} {
				body[name] = empty
			}
			p = r.ok(201, "POST", "/Users", body)
			require.Equal(t, []string{"active", "id", "meta", "schemas", "userName"}, keys(p.body))
		})
	}
}

func keys(o obj) []string {
	var names []string
	for k := range o {
		names = append(names, k)
	}
	return sorted(names)
}

func TestP2_7_ElementsOfNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	p := r.ok(201, "POST", "/Users", person("ann", obj{
		"phoneNumbers": list{nil, "", obj{"value": ""}, obj{"value": nil, "type": "work"}, obj{"value": "7", "type": "mobile"}},
		"addresses":    list{nil, "", obj{"type": "work", "country": ""}, obj{}},
	}))
	require.Equal(t, list{obj{"value": "7", "type": "mobile"}}, p.at("phoneNumbers"))
	require.Nil(t, p.at("addresses"))
	for _, empty := range []any{"", nil, list{}} {
		r.still(func() {
			r.patch(p.id(), set(`phoneNumbers[type eq "fax"].value`, empty), op("add", "addresses", empty))
		})
	}
	g := r.ok(201, "POST", "/Groups", obj{"displayName": "Staff", "externalId": "x", "members": refs(p.id())})
	for _, empty := range []any{"", nil, list{}} {
		r.patchGroup(g.id(), set("externalId", empty))
		require.Nil(t, r.ok(200, "GET", "/Groups/"+g.id(), nil).at("externalId"))
	}
	r.refused(400, "invalidValue", "PATCH", "/Groups/"+g.id(), patch(set("displayName", "")))
	r.patchGroup(g.id(), set("members", list{}))
	require.Empty(t, r.members(g.id()))
}

func TestP2_8_LongestValues(t *testing.T) {
	t.Parallel()
	short := map[string]func(string) obj{
		"userName":   func(s string) obj { return obj{"userName": s, "emails": list{mail("x@acme.example")}} },
		"externalId": func(s string) obj { return person("ann", obj{"externalId": s}) },
		"emails":     func(s string) obj { return person("ann", obj{"emails": list{mail(s, "work")}}) },
	}
	long := map[string]func(string) obj{
		"title":         func(s string) obj { return person("ann", obj{"title": s}) },
		"givenName":     func(s string) obj { return person("ann", obj{"name": obj{"givenName": s}}) },
		"department":    func(s string) obj { return person("ann", obj{ent: obj{"department": s}}) },
		"streetAddress": func(s string) obj { return person("ann", obj{"addresses": list{obj{"streetAddress": s}}}) },
		"manager":       func(s string) obj { return person("ann", obj{ent: obj{"manager": s}}) },
		"timezone":      func(s string) obj { return person("ann", obj{"timezone": s}) },
		"type":          func(s string) obj { return person("ann", obj{"phoneNumbers": list{mail("1", s)}}) },
	}
	for _, char := range []string{"a", "é", "漢", "😀"} {
		t.Run(char, func(t *testing.T) {
			t.Parallel()
			for limit, attributes := range map[int]map[string]func(string) obj{512: short, 4096: long} {
				for name, body := range attributes {
					r := newRig(t)
					r.ok(201, "POST", "/Users", body(strings.Repeat(char, limit)))
					p := newRig(t).refused(400, "invalidValue", "POST", "/Users", body(strings.Repeat(char, limit+1)))
					require.Contains(t, p.detail(), fmt.Sprint(limit), name)
				}
			}
			r := newRig(t)
			id := r.group(strings.Repeat(char, 512))
			r.refused(400, "invalidValue", "POST", "/Groups", obj{"displayName": strings.Repeat(char, 513)})
			r.refused(400, "invalidValue", "PATCH", "/Groups/"+id, patch(set("displayName", strings.Repeat(char, 513))))
			r.refused(400, "invalidValue", "PATCH", "/Groups/"+id, patch(set("externalId", strings.Repeat(char, 513))))
			ann := r.create(person("ann"))
			r.refused(400, "invalidValue", "PATCH", "/Users/"+ann, patch(set("title", strings.Repeat(char, 4097))))
			r.patchGroup(id, op("add", "members", list{obj{"value": ann, "display": strings.Repeat(char, 4096)}}))
			address := strings.Repeat(char, 512-len("@acme.example")) + "@acme.example"
			require.Equal(t, address, r.user(r.create(obj{"userName": address})).Email, "as an e-mail address alone")
		})
	}
}

func TestP2_8_LongestNumbers(t *testing.T) {
	t.Parallel()
	r := newRig(t, ownRows)
	digits := func(n int) obj {
		return person("ann", obj{own: obj{"quota": json.RawMessage("0." + strings.Repeat("7", n-2))}})
	}
	r.refused(400, "invalidValue", "POST", "/Users", digits(4097))
	r.ok(201, "POST", "/Users", digits(4096))
}

func TestP2_8_MostElements(t *testing.T) {
	t.Parallel()
	phones := func(n int) list {
		var l list
		for i := range n {
			l = append(l, mail(fmt.Sprint(i), "work"))
		}
		return l
	}
	r := newRig(t)
	id := r.create(person("ann", obj{"phoneNumbers": phones(100)}))
	require.Len(t, r.get(id).at("phoneNumbers"), 100)
	r.still(func() { r.patch(id, op("add", "phoneNumbers", phones(100))) })
	r.refused(400, "invalidValue", "PATCH", "/Users/"+id, patch(op("add", "phoneNumbers", mail("x"))))
	r.refused(400, "invalidValue", "PATCH", "/Users/"+id, patch(op("add", `phoneNumbers[type eq "fax"].value`, "x")))
	r.refused(400, "invalidValue", "PATCH", "/Users/"+id, patch(set("phoneNumbers", phones(101))))
	p := r.refused(400, "invalidValue", "POST", "/Users", person("bob", obj{"phoneNumbers": phones(101)}))
	require.Contains(t, p.detail(), "phoneNumbers")
	r.refused(400, "invalidValue", "PUT", "/Users/"+id, person("ann", obj{"phoneNumbers": phones(101)}))

	var many []string
	for i := range 101 {
		many = append(many, r.create(person(fmt.Sprintf("user%d", i))))
	}
	require.Len(t, r.members(r.group("Large", many...)), 101, "group members excepted")
}

func TestP2_9_Passwords(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-pa55word"
	r := newRig(t)
	var answers []string
	did := func(method, path string, body any) reply {
		p := r.do(method, path, body)
		answers = append(answers, p.raw)
		return p
	}
	p := did("POST", "/Users", person("ann", obj{"password": secret, "PassWord": secret}))
	require.Equal(t, 201, p.status, "accepted")
	user := "/Users/" + p.id()
	before := r.dump()
	require.Equal(t, 200, did("PUT", user, person("ann", obj{"password": secret})).status)
	for _, ops := range []obj{
		set("password", secret), op("add", scim.UserSchema+":password", secret), set("", obj{"password": secret}),
		set("", obj{scim.UserSchema: obj{"password": secret}}), remove("password"), set("password", obj{"value": secret}),
	} {
		require.Equal(t, 200, did("PATCH", user, patch(ops)).status)
	}
	r.same(before, r.dump())
	did("POST", "/Users", person("bob", obj{"password": secret, "title": 7}))
	did("POST", "/Users", `{"userName":"cat@acme.example","password":"`+secret+`",}`)
	did("POST", "/Users", `{"password":"`+secret)
	did("GET", "/Users?filter="+escape(`password eq "`+secret+`"`), nil)
	did("GET", "/Users?attributes=password", nil)
	everything := strings.Join(answers, "\n") + r.log.String() + fmt.Sprintf("%+v %+v", r.dump(), r.record())
	require.NotContains(t, everything, secret)
	_, err := scim.New(scim.Config{Store: r.store, Attributes: append(scim.ProductAttributes(), scim.Attribute{Name: "password", Path: "password"})})
	require.ErrorContains(t, err, "password", "no host can have them stored")
}

func TestP2_2_Table(t *testing.T) {
	t.Parallel()
	rows := scim.ProductAttributes()
	for i := range rows {
		switch rows[i].Name {
		case "title":
			rows[i].Name = "jobTitle" // renamed
		case "costCenter":
			rows[i].Need = scim.Mandatory
		case "country":
			rows[i].Folder = "Country"
		case "employeeNumber":
			rows[i].Validate = func(v string) error {
				if strings.Trim(v, "0123456789") != "" {
					return errors.New("it has to be digits")
				}
				return nil
			}
		}
	}
	r := newRig(t, func(c *scim.Config) { c.Attributes = rows })
	in := obj{"costCenter": "C1"}
	p := r.refused(400, "invalidValue", "POST", "/Users", person("ann"))
	require.Contains(t, p.detail(), "costCenter")
	p = r.refused(400, "invalidValue", "POST", "/Users", person("ann", obj{ent: merged(in, obj{"employeeNumber": "E1"})}))
	require.Contains(t, p.detail(), "employeeNumber")
	require.Contains(t, p.detail(), "it has to be digits")
	id := r.create(person("ann", obj{ent: merged(in, obj{"employeeNumber": "1"}), "title": "Chief", "addresses": list{obj{"type": "work", "country": "GB"}}}))
	require.Equal(t, "Chief", r.dir.Value(r.user(id), "jobTitle"))
	require.Equal(t, "Chief", r.get(id).at("title"))
	r.refused(400, "mutability", "PATCH", "/Users/"+id, patch(remove(ent+":costCenter")))
	r.refused(400, "invalidValue", "PATCH", "/Users/"+id, patch(set(ent+":costCenter", "")))
	r.refused(400, "invalidValue", "PATCH", "/Users/"+id, patch(set(ent+":employeeNumber", "x")))
	require.Equal(t, []scim.Folder{{Root: "Country", Name: "GB", Users: 1, Active: 1}}, r.folders("Country"))
	require.Equal(t, []string{"Department", "Division", "Organisation", "Country"}, r.dir.Roots())
	require.Equal(t, "jobTitle", r.patchedChange(id, "title", "Boss").Attribute)
}

// patchedChange is the one change that the record has of a replace.
func (r *rig) patchedChange(id, path string, value any) scim.Change {
	r.t.Helper()
	r.patch(id, set(path, value))
	require.Len(r.t, r.last().Changes, 1)
	return r.last().Changes[0]
}

func TestP2_2_ActiveIsAlwaysThere(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *scim.Config) { c.Attributes = []scim.Attribute{{Name: "userName", Path: "userName"}} })
	id := r.create(obj{"userName": "ann@acme.example"})
	require.Equal(t, true, r.get(id).at("active"))
	r.patch(id, set("active", false))
	require.Equal(t, scim.StatusDeactivated, r.status(id), "a table without active must not lose a deactivation")
}

func TestP2_2_BadConfigurations(t *testing.T) {
	t.Parallel()
	store := newRig(t).store
	good := scim.ProductAttributes()
	add := func(a ...scim.Attribute) []scim.Attribute { return append(good[:len(good):len(good)], a...) }
	type mistake struct {
		config scim.Config
		names  string
	}
	each(t, map[string]mistake{
		"no store":          {scim.Config{}, "Config.Store"},
		"no userName":       {scim.Config{Store: store, Attributes: good[1:]}, "userName"},
		"an empty table":    {scim.Config{Store: store, Attributes: []scim.Attribute{}}, "userName"},
		"a name twice":      {scim.Config{Store: store, Attributes: add(scim.Attribute{Name: "TITLE", Path: "nickName"})}, "TITLE"},
		"no name":           {scim.Config{Store: store, Attributes: add(scim.Attribute{Path: "profileUrl"})}, "profileUrl"},
		"no path":           {scim.Config{Store: store, Attributes: add(scim.Attribute{Name: "blank"})}, "blank"},
		"a path of nothing": {scim.Config{Store: store, Attributes: add(scim.Attribute{Name: "bad", Path: "no way"})}, "bad"},
		"an open filter":    {scim.Config{Store: store, Attributes: add(scim.Attribute{Name: "bad", Path: `emails[type eq`})}, "bad"},
		"an unknown one":    {scim.Config{Store: store, Attributes: add(scim.Attribute{Name: "shoe", Path: "shoeSize"})}, "shoe"},
		"a part of nothing": {scim.Config{Store: store, Attributes: add(scim.Attribute{Name: "part", Path: "name.shoe"})}, "part"},
		"a read-only one":   {scim.Config{Store: store, Attributes: add(scim.Attribute{Name: "ident", Path: "id"})}, "ident"},
		"the core schema":   {scim.Config{Store: store, Schemas: ownSchemas(scim.UserSchema)}, "Config.Schemas"},
	}, func(t *testing.T, c mistake) {
		d, err := scim.New(c.config)
		require.Nil(t, d)
		require.ErrorContains(t, err, c.names)
	})
}

func TestP2_2_BadHandlers(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	verifier := &scim.Tokens{}
	type mistake struct {
		dir    *scim.Directory
		config scim.HandlerConfig
		names  string
	}
	each(t, map[string]mistake{
		"no directory":   {nil, scim.HandlerConfig{BaseURL: baseURL, Verifier: verifier}, "Directory"},
		"no verifier":    {r.dir, scim.HandlerConfig{BaseURL: baseURL}, "Verifier"},
		"no address":     {r.dir, scim.HandlerConfig{Verifier: verifier}, "BaseURL"},
		"no host":        {r.dir, scim.HandlerConfig{BaseURL: "/scim/v2", Verifier: verifier}, "BaseURL"},
		"another scheme": {r.dir, scim.HandlerConfig{BaseURL: "ftp://app.example.com", Verifier: verifier}, "BaseURL"},
		"a query":        {r.dir, scim.HandlerConfig{BaseURL: baseURL + "?a=b", Verifier: verifier}, "BaseURL"},
		"a password":     {r.dir, scim.HandlerConfig{BaseURL: "https://a:b@app.example.com", Verifier: verifier}, "BaseURL"},
		"no address yet": {r.dir, scim.HandlerConfig{BaseURL: "https://app .example.com", Verifier: verifier}, "BaseURL"},
	}, func(t *testing.T, c mistake) {
		h, err := scim.NewHandler(c.dir, c.config)
		require.Nil(t, h)
		require.ErrorContains(t, err, c.names)
	})
}

func TestP2_2_HostFunctionsThatFail(t *testing.T) {
	t.Parallel()
	broken := errors.New("the billing is away")
	r := newRig(t)
	ann := r.create(person("ann"))
	r.terms.err = broken
	p := r.refused(500, "", "POST", "/Users", person("bob"))
	require.NotContains(t, p.raw, "billing", "a client does not see inside")
	r.patch(ann, set("active", false))
	require.Equal(t, scim.StatusDeactivated, r.status(ann), "what ends access asks for no seat")
	r.refused(500, "", "PATCH", "/Users/"+ann, patch(set("active", true)))
	_, err := r.dir.Activate(context.Background(), acme, ann)
	require.ErrorIs(t, err, broken)

	r = newRig(t, func(c *scim.Config) {
		c.Policy = func(context.Context, scim.Tenant) (scim.Policy, error) { return scim.Policy{}, broken }
	})
	r.refused(500, "", "POST", "/Users", person("bob"))
}

func TestP2_2_ProductTable(t *testing.T) {
	t.Parallel()
	var letters []string
	for _, a := range newRig(t).dir.Attributes() {
		letters = append(letters, a.Name+" "+a.Need.String()+" "+a.Folder)
	}
	want := []string{
		"userName M ", "active M ", "email M ", "givenName R ", "familyName R ", "preferredLanguage M ", "timezone R ", "manager R ",
		"department R Department", "organization R Organisation", "division R Division", "country R ", "externalId O ", "office O ",
		"streetAddress O ", "city O ", "state O ", "title O ", "businessUnit O ", "employeeNumber O ", "costCenter O ", "employeeType O ",
		"employeeLevel O ", "grade O ", "hireDate O ", "userType N ", "displayName N ", "nickName N ", "formalName N ", "middleName N ",
		"honorificPrefix N ", "honorificSuffix N ", "phone N ", "locale N ",
	}
	require.Empty(t, cmp.Diff(want, letters))
}

package scim_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// TestRFC410_Comparison compares values as their types have it, and refuses what
// no order or part of a text is defined for (RFC 7644 section 3.4.2.2).
func TestRFC410_Comparison(t *testing.T) {
	t.Parallel()
	r := newRig(t, everyAttribute)
	r.create(person("ann", obj{
		"title": "9", "x509Certificates": list{obj{"value": "YUJj"}}, "profileUrl": "https://example.com/Ann",
		"emails": list{mail("ann@acme.example", "work"), mail("ann@home.example", "home")},
		own:      obj{"floor": 9, "quota": 1.5, "joined": "2024-02-29T12:00:00+02:00", "remote": false, "seal": "YUJj"},
	}))
	for filter, selects := range map[string]bool{
		`title gt "10"`: true, `title lt "9a"`: true, `title ge "9"`: true, `title le "8"`: false,
		own + `:floor gt 10`: false, own + `:floor lt 10`: true, own + `:floor ge 9.0`: true, own + `:floor le 8`: false,
		own + `:quota gt 1.49`: true, own + `:quota lt 15e-1`: false,
		own + `:joined lt "2024-02-29T10:00:01Z"`: true, own + `:joined gt "2024-02-29T11:00:00Z"`: false, own + `:joined eq "2024-02-29T10:00:00Z"`: true,
		own + `:remote eq false`: true, own + `:remote ne false`: false, own + `:seal eq "YUJj"`: true, own + `:seal ne "YUJk"`: true,
		`profileUrl sw "https://"`: true, `profileUrl ew "ann"`: false, `profileUrl co "example"`: true,
		`name pr`: true, `name.middleName pr`: false, `addresses pr`: false, `emails pr`: true, own + `:floor pr`: true,
		// Any value of several is enough; ne is not (eq).
		`emails.value eq "ann@home.example"`: true, `emails.value ne "ann@home.example"`: false, `emails.value ne "x"`: true, `nickName ne "x"`: true,
		// Brackets are about one element.
		`emails[type eq "work" and value ew "home.example"]`: false, `emails.type eq "work" and emails.value ew "home.example"`: true,
		`emails[type eq "home" and value ew "home.example"] and not (phoneNumbers[type eq "fax"])`: true,
		`emails[not (type eq "work") or value eq "x"] or phoneNumbers[type eq "fax"]`:              true,
		// What nobody wrote is compared as it is returned.
		`active eq true`: true, `active eq false`: false, `active pr`: true,
		`nickName eq null`: true, `nickName ne null`: false, `title ne null`: true, `emails eq null`: false, `addresses eq null`: true, `name eq null`: false, `name ne null`: true, `addresses ne null`: false, `members eq null`: true,
	} {
		want := 0
		if selects {
			want = 1
		}
		require.Len(t, r.find("/Users", filter), want, filter)
	}
	for _, filter := range []string{
		`active gt false`, `active ge true`, `active co "tr"`, own + `:remote lt true`, own + `:remote sw "f"`,
		own + `:seal gt "YUJj"`, own + `:seal le "YUJj"`, own + `:seal co "UJ"`, `x509Certificates.value ge "YUJj"`, `x509Certificates.value sw "Y"`,
		own + `:floor co 9`, own + `:floor sw "9"`, own + `:quota ew 5`, own + `:joined co "2024"`, own + `:joined sw "2024-02-29T12:00:00Z"`, `meta.created ew "Z"`,
		`title eq 9`, `title co true`, own + `:floor eq "9"`, own + `:floor gt true`, own + `:joined gt "yesterday"`, `name eq "x"`, `title gt null`,
	} {
		r.refused(400, "invalidFilter", "GET", "/Users?filter="+escape(filter), nil)
	}
}

// TestRFC410_Bounds: a filter that is too long, too deep or has too many parts is
// refused, and none is ever cut short.
func TestRFC410_Bounds(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *scim.Config) {
		c.Limits = scim.Limits{FilterBytes: 200, FilterTerms: 3, FilterDepth: 2}
	})
	r.create(person("ann"))
	for good, bad := range map[string]string{
		`userName eq "` + strings.Repeat("x", 186) + `"`: `userName eq "` + strings.Repeat("x", 187) + `"`,
		`title pr or title pr or userName pr`:            `title pr or title pr or title pr or userName pr`,
		`((userName pr))`:                                `(((userName pr)))`,
	} {
		r.find("/Users", good)
		p := r.refused(400, "invalidFilter", "GET", "/Users?filter="+escape(bad), nil)
		require.Contains(t, p.detail(), "limit")
		r.refused(400, "invalidFilter", "POST", "/.search", obj{"filter": bad})
	}
}

// TestRFC411_QueriesAreNotLogged: filters have personal data (RFC 7644 section
// 7.5.2), so neither the log nor the record has them.
func TestRFC411_QueriesAreNotLogged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.ok(200, "GET", "/Users?filter="+escape(`userName eq "private@acme.example"`), nil)
	r.ok(400, "GET", "/Users?filter="+escape(`userName is "private@acme.example"`), nil)
	r.ok(200, "POST", "/Users/.search", obj{"filter": `userName eq "private@acme.example"`})
	require.Contains(t, r.log.String(), "/Users")
	require.NotContains(t, r.log.String(), "private")
	for _, e := range r.record() {
		require.NotContains(t, e.Name, "private")
	}
}

// TestRFC411_CaseExactOrder: order follows caseExact, by code point, whatever the
// language (RFC 7644 section 3.4.2.3).
func TestRFC411_CaseExactOrder(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, r *rig) {
		for i, v := range []string{"b", "É", "a", "Z"} {
			r.create(person("u"+strconv.Itoa(i), obj{"title": v, "externalId": v}))
		}
		order := func(path string) (out []any) {
			for _, u := range r.listed("/Users?sortBy=" + path) {
				out = append(out, at(u, "title"))
			}
			return out
		}
		require.Equal(t, []any{"a", "b", "Z", "É"}, order("title"))
		require.Equal(t, []any{"Z", "a", "b", "É"}, order("externalId"))
	})
}

// TestRFC412_Put replaces what the client owns, and nothing else (RFC 7644 section
// 3.5.1).
func TestRFC412_Put(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	id := r.create(person("ann", obj{"title": "x", "phoneNumbers": list{merged(mail("1"), obj{"primary": true})}}))
	p := r.ok(200, "PUT", "/Users/"+id, person("ann", obj{
		"id": "another", "phoneNumbers": list{merged(mail("1"), obj{"primary": true}), merged(mail("2"), obj{"primary": true})},
	}))
	require.Equal(t, id, p.id())
	require.Nil(t, p.at("title"))
	require.Equal(t, list{merged(mail("1"), obj{"primary": false}), merged(mail("2"), obj{"primary": true})}, p.at("phoneNumbers"))
	require.Equal(t, p.body, r.get(id).body, "the whole resource is answered")
	for _, path := range []string{"/Users/nobody", "/Groups/nobody"} {
		r.refused(404, "", "PUT", path, merged(person("new"), obj{"displayName": "New"}))
	}
	require.Len(t, r.listed("/Users"), 1)
	require.Empty(t, r.listed("/Groups"))
	r.refused(405, "", "PUT", "/Users", person("new"))
	r.refused(400, "invalidValue", "PUT", "/Users/"+id, obj{"displayName": "Ann"})
}

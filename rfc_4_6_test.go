package scim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// TestRFC46_UserNamesArePrepared: a userName is one whatever the width, the case
// and the composition of its characters, and is returned as it was sent (RFC 7644
// section 5, RFC 8265 section 3.3).
func TestRFC46_UserNamesArePrepared(t *testing.T) {
	t.Parallel()
	for name, same := range map[string][]string{
		"andré@acme.example": {"ANDRÉ@acme.example", "andre\u0301@acme.example", "ａndré＠ＡＣＭＥ．example"},
		"ヤマダ@acme.example":   {"ﾔﾏﾀﾞ@acme.example", "ヤマタ\u3099@ACME.example"},
	} {
		r := newRig(t)
		p := r.ok(201, "POST", "/Users", obj{"userName": name, "emails": list{mail("x@acme.example", "work")}})
		for _, s := range same {
			r.refused(409, "uniqueness", "POST", "/Users", obj{"userName": s, "emails": list{mail("y@acme.example", "work")}})
			found := r.find("/Users", `userName eq "`+s+`"`)
			require.Len(t, found, 1, s)
			require.Equal(t, name, at(found[0], "userName"))
			require.Len(t, r.find("/Users", `userName co "`+s[:len(s)-3]+`"`), 1, s)
			require.Equal(t, s, r.patch(p.id(), set("userName", s)).at("userName"))
			r.patch(p.id(), set("userName", name))
		}
	}
}

// TestRFC46_NothingIsRewritten: what RFC 7643 section 4.1 would have in another
// form is returned as it was sent, as clients that read something else write again
// for ever; it is compared ignoring case.
func TestRFC46_NothingIsRewritten(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *scim.Config) { c.Attributes = scim.RFCAttributes() })
	p := r.ok(201, "POST", "/Users", person("ann", obj{
		"name":              obj{"formatted": "Ms A. Example", "givenName": "Ann", "familyName": "Other"},
		"emails":            list{mail("Ann@ACME.Example", "work"), mail("Ann@ACME.Example", "HOME")},
		"phoneNumbers":      list{mail("(020) 7946 0000 ext 5", "work")},
		"ims":               list{mail("Ann On Chat", "XMPP")},
		"photos":            list{mail("https://example.com/ann.png", "photo")},
		"addresses":         list{obj{"country": "United Kingdom", "type": "work"}},
		"preferredLanguage": "en_GB", "locale": "en_GB", "timezone": "gmt",
	}))
	for path, want := range map[string]any{
		"name": obj{"formatted": "Ms A. Example", "givenName": "Ann", "familyName": "Other"}, "phoneNumbers": list{mail("(020) 7946 0000 ext 5", "work")},
		"ims": list{mail("Ann On Chat", "XMPP")}, "addresses": list{obj{"country": "United Kingdom", "type": "work"}},
		"emails": list{mail("Ann@ACME.Example", "work"), mail("Ann@ACME.Example", "HOME")}, "preferredLanguage": "en_GB", "locale": "en_GB", "timezone": "gmt",
	} {
		require.Equal(t, want, p.at(path))
	}
	require.Len(t, r.find("/Users", `emails.value eq "ann@acme.example" and ims.value eq "ann on chat"`), 1)
}

// TestRFC46_Photos are URIs where a connection is strict, and what they are sent as
// where it is not (RFC 7643 section 4.1.2).
func TestRFC46_Photos(t *testing.T) {
	t.Parallel()
	r, _ := strictRig(t, func(c *scim.Config) { c.Attributes = scim.RFCAttributes() })
	id := r.create(person("cat"))
	s := r.as(strict)
	for value, status := range map[string]int{"https://example.com/ann.png": 200, "../ann.png": 200, "my photo": 400, "é.png": 400, "<img>": 400, "%1": 400} {
		p := s.send("PATCH", "/Users/"+id, patch(op("add", "photos", list{obj{"value": value}})))
		require.Equal(t, status, p.status, value)
		require.Equal(t, 200, r.send("PATCH", "/Users/"+id, patch(set("photos", list{obj{"value": value}}))).status)
		require.Equal(t, value, r.get(id).at("photos", 0, "value"))
	}
	require.Equal(t, map[scim.Quirk]int64{scim.QuirkReference: 4}, r.quirksOf("strict"))
}

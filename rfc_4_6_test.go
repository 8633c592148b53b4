package scim_test

import (
	"testing"

	"github.com/stretchr/testify/require"
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

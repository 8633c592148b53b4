package scimjson

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// userBody is what an identity provider sends to create a user.
const userBody = `{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",` +
	`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],` +
	`"externalId":"00u1a2b3c4d5e6f7g8h9","userName":"barbara.jensen@example.com",` +
	`"name":{"formatted":"Ms. Barbara J Jensen, III","familyName":"Jensen","givenName":"Barbara","middleName":"Jane"},` +
	`"displayName":"Babs Jensen","title":"Tour Guide","preferredLanguage":"en-GB","locale":"en-GB",` +
	`"timezone":"Europe/London","active":true,` +
	`"emails":[{"value":"barbara.jensen@example.com","type":"work","primary":true},` +
	`{"value":"babs@jensen.example.org","type":"home"}],` +
	`"phoneNumbers":[{"value":"+44 20 7946 0123","type":"work"}],` +
	`"addresses":[{"type":"work","streetAddress":"100 Universal City Plaza","locality":"Hollywood",` +
	`"region":"CA","postalCode":"91608","country":"US","primary":true}],` +
	`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"701984",` +
	`"costCenter":"4130","organization":"Universal Studios","division":"Theme Park",` +
	`"department":"Tour Operations","manager":{"value":"26118915-6090-4610-87e4-49d8ca9f808d"}}}`

type benchUser struct {
	Schemas    []string `json:"schemas"`
	ExternalID string   `json:"externalId"`
	UserName   string   `json:"userName"`
	Name       struct {
		Formatted  string `json:"formatted"`
		FamilyName string `json:"familyName"`
		GivenName  string `json:"givenName"`
		MiddleName string `json:"middleName"`
	} `json:"name"`
	DisplayName       string        `json:"displayName"`
	Title             string        `json:"title"`
	PreferredLanguage string        `json:"preferredLanguage"`
	Locale            string        `json:"locale"`
	Timezone          string        `json:"timezone"`
	Active            bool          `json:"active"`
	Emails            []benchMember `json:"emails"`
	PhoneNumbers      []benchMember `json:"phoneNumbers"`
	Addresses         []struct {
		Type          string `json:"type"`
		StreetAddress string `json:"streetAddress"`
		Locality      string `json:"locality"`
		Region        string `json:"region"`
		PostalCode    string `json:"postalCode"`
		Country       string `json:"country"`
		Primary       bool   `json:"primary"`
	} `json:"addresses"`
	Enterprise struct {
		EmployeeNumber string `json:"employeeNumber"`
		CostCenter     string `json:"costCenter"`
		Organization   string `json:"organization"`
		Division       string `json:"division"`
		Department     string `json:"department"`
		Manager        struct {
			Value string `json:"value"`
		} `json:"manager"`
	} `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
}

type benchMember struct {
	Value   string `json:"value"`
	Type    string `json:"type"`
	Display string `json:"display"`
	Primary bool   `json:"primary"`
}

type benchGroup struct {
	Schemas     []string      `json:"schemas"`
	DisplayName string        `json:"displayName"`
	Members     []benchMember `json:"members"`
}

// groupBody is a group with so many members.
func groupBody(members int) []byte {
	var b strings.Builder
	b.WriteString(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"All","members":[`)
	for i := range members {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"value":"26118915-6090-4610-87e4-%012d","display":"User %d","type":"User"}`, i, i)
	}
	b.WriteString(`]}`)
	return []byte(b.String())
}

func BenchmarkRead(b *testing.B) {
	indented, err := json.MarshalIndent(json.RawMessage(userBody), "", "  ")
	require.NoError(b, err)
	japanese := strings.NewReplacer("Barbara", "バーバラ・ジェーン", "Jensen", "ジェンセン",
		"Universal", "ユニバーサル", "Tour", "ツアー").Replace(userBody)
	for _, c := range []struct {
		name   string
		body   []byte
		target func() any
	}{
		{"User", []byte(userBody), func() any { return new(benchUser) }},
		{"UserIndented", indented, func() any { return new(benchUser) }},
		{"UserJapanese", []byte(japanese), func() any { return new(benchUser) }},
		{"Members10000", groupBody(10_000), func() any { return new(benchGroup) }},
	} {
		b.Run(c.name+"/tape", func(b *testing.B) {
			b.SetBytes(int64(len(c.body)))
			b.ReportAllocs()
			var d Doc
			for b.Loop() {
				if err := d.Parse(c.body, Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/valid", func(b *testing.B) {
			b.SetBytes(int64(len(c.body)))
			for b.Loop() {
				if !json.Valid(c.body) {
					b.Fatal("not valid")
				}
			}
		})
		unmarshal := func(target func() any) func(b *testing.B) {
			return func(b *testing.B) {
				b.SetBytes(int64(len(c.body)))
				b.ReportAllocs()
				for b.Loop() {
					if err := json.Unmarshal(c.body, target()); err != nil {
						b.Fatal(err)
					}
				}
			}
		}
		b.Run(c.name+"/any", unmarshal(func() any { return new(any) }))
		b.Run(c.name+"/struct", unmarshal(c.target))
	}
}

// BenchmarkReadInto parses and takes the strings out into a struct, which is
// what json.Unmarshal into a struct does.
func BenchmarkReadInto(b *testing.B) {
	body := groupBody(10_000)
	b.Run("Members10000", func(b *testing.B) {
		b.SetBytes(int64(len(body)))
		b.ReportAllocs()
		var d Doc
		for b.Loop() {
			if err := d.Parse(body, Limits{}); err != nil {
				b.Fatal(err)
			}
			var g benchGroup
			members := d.Root().Get("members")
			g.Members = make([]benchMember, 0, members.Len())
			for e := range members.Elements() {
				var m benchMember
				for k, v := range e.Members() {
					switch {
					case k.EqualFold("value"):
						m.Value = v.Text()
					case k.EqualFold("type"):
						m.Type = v.Text()
					case k.EqualFold("display"):
						m.Display = v.Text()
					}
				}
				g.Members = append(g.Members, m)
			}
		}
	})
}

func BenchmarkGet(b *testing.B) {
	var d Doc
	require.NoError(b, d.Parse([]byte(userBody), Limits{}))
	for b.Loop() {
		if d.Root().Get("urn:ietf:params:scim:schemas:extension:enterprise:2.0:user").Kind() != Object {
			b.Fatal("not found")
		}
	}
}

func BenchmarkAppendString(b *testing.B) {
	for _, c := range []struct{ name, s string }{
		{"ASCII", "barbara.jensen@example.com"},
		{"Long", strings.Repeat("Tour Operations, ", 16)},
		{"Japanese", "バーバラ・ジェーン・ジェンセン"},
		{"Escapes", "C:\\Users\\Babs\t\"Jensen\""},
	} {
		b.Run(c.name+"/append", func(b *testing.B) {
			b.SetBytes(int64(len(c.s)))
			var buf []byte
			for b.Loop() {
				buf = AppendString(buf[:0], c.s)
			}
		})
		b.Run(c.name+"/marshal", func(b *testing.B) {
			b.SetBytes(int64(len(c.s)))
			for b.Loop() {
				if _, err := json.Marshal(c.s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendTime(b *testing.B) {
	at := time.Date(2026, 2, 3, 4, 5, 6, 789_000_000, time.UTC)
	var buf []byte
	b.Run("append", func(b *testing.B) {
		for b.Loop() {
			buf = AppendTime(buf[:0], at)
		}
	})
	b.Run("format", func(b *testing.B) {
		for b.Loop() {
			buf = at.AppendFormat(buf[:0], timeLayout)
		}
	})
}

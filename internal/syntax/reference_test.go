package syntax

import (
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	filter "github.com/scim2/filter-parser/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What filter-parser accepts, this package accepts, and the trees are the same.
// Its trees are compared after these changes:
//
//   - it leaves the escapes in strings: taken out here;
//   - it reads integers by way of float64 (9007199254740993 loses its last
//     digit, 99999999999999999999 is negative): its variant with json.Number is
//     asked instead, and the number read by this package's rule.
//
// It alone accepts, for the reasons that excused tests for:
//
//   - prefixes that are no URN (foo:attr);
//   - in a value filter, and and or with no blank before or behind them
//     (a[b eq trueand c pr], a[b eq "x"orc pr]);
//   - half surrogates, which are no characters, and NUL, which no value has;
//   - bytes that are not UTF-8.

var wide = Limits{Bytes: 1 << 20, Terms: 1 << 20, Depth: 1 << 20}

// asReference parses with filter-parser; a panic in it counts as a refusal.
func asReference(s string) (e filter.Expression, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	if _, err := filter.ParseFilter([]byte(s)); err != nil {
		return nil, false
	}
	e, err := filter.ParseFilterNumber([]byte(s))
	return e, err == nil && unify(e)
}

func asReferencePath(s string) (p filter.Path, ok bool) {
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	if _, err := filter.ParsePath([]byte(s)); err != nil {
		return p, false
	}
	p, err := filter.ParsePathNumber([]byte(s))
	return p, err == nil && (p.ValueExpression == nil || unify(p.ValueExpression))
}

// unify changes the values of a tree of filter-parser into those of this
// package. It reports false for numbers that are out of range.
func unify(e filter.Expression) bool {
	switch e := e.(type) {
	case *filter.LogicalExpression:
		return unify(e.Left) && unify(e.Right)
	case *filter.NotExpression:
		return unify(e.Expression)
	case *filter.ValuePath:
		return unify(e.ValueFilter)
	case *filter.AttributeExpression:
		switch v := e.CompareValue.(type) {
		case string:
			var text string
			if json.Unmarshal([]byte(`"`+v+`"`), &text) == nil {
				e.CompareValue = text
			}
		case json.Number:
			if n, err := strconv.Atoi(v.String()); err == nil {
				e.CompareValue = n
				return true
			}
			f, err := v.Float64()
			e.CompareValue = f
			return err == nil
		}
	}
	return true
}

// prefixes calls visit for each prefix in the tree.
func prefixes(e filter.Expression, visit func(string)) {
	attribute := func(a filter.AttributePath) {
		if a.URIPrefix != nil {
			visit(*a.URIPrefix)
		}
	}
	switch e := e.(type) {
	case *filter.LogicalExpression:
		prefixes(e.Left, visit)
		prefixes(e.Right, visit)
	case *filter.NotExpression:
		prefixes(e.Expression, visit)
	case *filter.ValuePath:
		attribute(e.AttributePath)
		prefixes(e.ValueFilter, visit)
	case *filter.AttributeExpression:
		attribute(e.AttributePath)
	}
}

var (
	quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	glued  = regexp.MustCompile(`(?i)\[.*(?:(?:pr|true|false|null|[0-9])(?:and|or)|(?:[ "]|pr|true|false|null|[0-9])(?:and|or)[^ ])`)
)

// excused reports whether the refusal err of s is one of those above. again
// is the reference's tree, written anew with blanks.
func excused(s string, e filter.Expression, err error, again string) bool {
	var refused *Error
	if !errors.As(err, &refused) {
		return false
	}
	msg := refused.Msg
	foreign := false
	prefixes(e, func(prefix string) {
		foreign = foreign || !strings.HasPrefix(strings.ToLower(prefix)+":", "urn:")
	})
	switch {
	case !utf8.ValidString(s):
		return true
	case msg == msgNotURN:
		return foreign
	case msg == msgNUL:
		return strings.Contains(s, `\u0000`)
	case msg == msgHalf:
		return strings.Contains(strings.ToLower(s), `\ud`)
	case glued.MatchString(quoted.ReplaceAllString(s, `""`)):
		_, err := ParseFilter(again, wide, nil)
		return err == nil || foreign
	}
	return false
}

// likeReference compares both on one filter, and reports whether both accept.
func likeReference(t require.TestingT, s string) bool {
	want, ok := asReference(s)
	if !ok {
		return false
	}
	got, err := ParseFilter(s, wide, nil)
	if err != nil {
		require.True(t, excused(s, want, err, write(want)), "%q: %v", s, err)
		return false
	}
	require.Empty(t, cmp.Diff(want, got), "%q", s)
	return true
}

func pathLikeReference(t require.TestingT, s string) bool {
	want, ok := asReferencePath(s)
	if !ok {
		return false
	}
	got, err := ParsePath(s, wide, nil)
	if err != nil {
		whole := &filter.ValuePath{AttributePath: want.AttributePath, ValueFilter: want.ValueExpression}
		require.True(t, excused(s, whole, err, write(whole)), "%q: %v", s, err)
		return false
	}
	require.Empty(t, cmp.Diff(want, got), "%q", s)
	return true
}

// Filters that filter-parser accepts, some in ways of its own.
var referenceFilters = []string{
	`userName Eq "john"`,
	`Username eq "john"`,
	`urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J"`,
	`urn:a pr`,
	`urn:a:2.0:User.manager pr`,
	`urn:..:.:a pr`,
	`title pr and userType eq "Employee" or a.b pr`,
	`userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")`,
	`userType eq "Employee" and emails[type eq "work" and value co "@example.com"]`,
	`emails[type eq "work" or value co "@example.com"] or ims[not(type eq "xmpp" and value pr)]`,
	`a pr and b pr and c pr and d pr or e pr or f pr or g pr`,
	`NAME PR AND NOT (FIRST EQ "test") AND ANOTHER NE "test"`,
	`not  ( ( a pr ) )`,
	`not pr and and pr or not eq 1`,
	`not[not pr]`,
	`a [ b  pr ]`,
	`a.b[c pr]`,
	`a[b eq "x"and c eq 1 ]`,
	`a eq "\"\\\/\b\f\n\r\tA\u00E9\uD834\uDD1E"`,
	`a eq "x\""`,
	"a eq \"é\x7f\ufffd\U0010ffff\"",
	`a eq ""`,
	`a eq TrUe and b ne FALSE or c eq nulL`,
	`a eq -0 or b gt -1.50 or c lt 1E+2 or d ge 1e-2 or e le 12`,
	`a eq 9007199254740993 or b eq 99999999999999999999`,
	`$ref pr and a-b_1.$ref pr`,
}

// Filters that filter-parser alone accepts.
var excusedFilters = []string{
	`foo:a pr`,
	`a[b eq 1 and x.y:b pr]`,
	`a[b eq trueand c pr]`,
	`a[b eq "x"orc pr]`,
	`a[b prand c eq 1]`,
	`a[b eq 1 andc eq 1]`,
	`a[b eq 1 and8:c pr]`,
	`a eq "\uD834"`,
	`a eq "b\u0000"`,
	"a eq \"\xff\"",
}

var referencePaths = []string{
	`members`, `name.familyName`, `$ref`, `addresses[type eq "work"]`, `a.b[c eq 1].d`, `a [ not (b pr) ].$ref`,
	`members[value eq "2819c223-7f76-453a-919d-413861904646"].displayName`,
	`urn:ietf:params:scim:schemas:core:2.0:User:name[a eq "\u00E9" or b pr].familyName`,
}

func TestLikeReference(t *testing.T) {
	for _, s := range referenceFilters {
		require.True(t, likeReference(t, s), "%q", s)
	}
	for _, s := range referencePaths {
		require.True(t, pathLikeReference(t, s), "%q", s)
	}
	for _, s := range excusedFilters {
		_, ok := asReference(s)
		require.True(t, ok, "%q", s)
		require.False(t, likeReference(t, s), "%q", s)
	}
}

// TestLikeReferenceOnTrees compares on trees of every shape, most of which
// filter-parser can read.
func TestLikeReferenceOnTrees(t *testing.T) {
	both, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		all++
		if likeReference(t, write(someFilter(t, 2, false))) {
			both++
		}
	})
	require.Greater(t, both, all/4)
}

const longest = 512 // filter-parser is slow

func FuzzFilterAgainstReference(f *testing.F) {
	for _, s := range append(referenceFilters, excusedFilters...) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) <= longest {
			likeReference(t, s)
		}
	})
}

func FuzzPathAgainstReference(f *testing.F) {
	for _, s := range referencePaths {
		f.Add(s)
	}
	for _, s := range excusedFilters {
		f.Add("a[" + s + "].b")
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) <= longest {
			pathLikeReference(t, s)
		}
	})
}

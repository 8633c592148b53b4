// Package syntax reads SCIM filters and PATCH paths (RFC 7644 figures 1 and 7)
// in a single pass. It makes the syntax tree of
// github.com/scim2/filter-parser/v2 and knows no schema: names are resolved by
// the caller.
//
// # What is tolerated beyond the grammar
//
//   - Any case for operators, and, or, not, true, false and null; spaces and
//     tabs, several, leading and trailing. A blank may be missing where a quote,
//     a bracket or a parenthesis separates just as well.
//   - A bare word for a string: ASCII digits, letters of any script and ._@+-
//   - Blanks between an attribute and the bracket of its value filter, and any
//     boolean combination inside the brackets. Only another value filter may
//     not stand there.
//   - attr[f].sub op value, which becomes attr[f and sub op value].
//
// # What the tree holds
//
// Operators are in lower case, strings without their escapes. A number is an
// int if it has neither fraction nor exponent and fits one, else a float64.
// Parentheses leave no trace, chains of and and of or lean to the left. Names
// keep the case that was sent. Strings share the memory of the input where they
// hold no escape.
//
// # Prefixes
//
// A prefix starts with "urn:" in any case and ends at the last colon of the
// name. Since a dot may then follow that belongs to an old-style prefix
// (urn:…:2.0:User.manager, and urn:…:2.0:User.name.familyName), behind a prefix
// SubAttribute may hold two names joined by a dot: that one is read as prefix
// urn:…:2.0, attribute User, sub-attribute name.familyName. Likewise the bare
// URN of a schema is read as a prefix and the attribute User. The caller, who
// knows the schemas, sorts both out.
package syntax

import (
	"strconv"
	"strings"
	"unicode/utf8"

	filter "github.com/scim2/filter-parser/v2"
)

// Limits bound what one text may cost. A field that is zero or less means its
// default.
type Limits struct {
	Bytes int // length of the text; 8192
	Terms int // attribute expressions; 64
	Depth int // parentheses and brackets within each other; 32
}

func (l Limits) withDefaults() Limits {
	if l.Bytes <= 0 {
		l.Bytes = 8192
	}
	if l.Terms <= 0 {
		l.Terms = 64
	}
	if l.Depth <= 0 {
		l.Depth = 32
	}
	return l
}

// Error says why and where a text was refused. Every error of this package is
// an *Error.
type Error struct {
	Offset int    // characters (not bytes) before the place, so 0 is the first
	Msg    string // for an administrator; has no part of the text in it
}

// Error counts characters from one, as people do.
func (e *Error) Error() string {
	return "at character " + strconv.Itoa(e.Offset+1) + ": " + e.Msg
}

// ParseFilter reads a filter. It sets loose, unless that is nil, where the text
// is tolerated beyond the grammar.
func ParseFilter(s string, l Limits, loose *bool) (filter.Expression, error) {
	p := parser{s: s, what: "filter", limits: l.withDefaults()}
	if err := p.open(); err != nil {
		return nil, err
	}
	e, err := p.disjunction()
	if err != nil {
		return nil, err
	}
	if p.i < len(s) {
		return nil, p.fail(p.i, p.unexpected())
	}
	p.tell(loose)
	return e, nil
}

// ParsePath reads the path of a PATCH operation: attr, attr.sub, attr[filter]
// or attr[filter].sub, each with or without a prefix. It sets loose as ParseFilter
// does.
func ParsePath(s string, l Limits, loose *bool) (filter.Path, error) {
	p := parser{s: s, what: "path", limits: l.withDefaults()}
	path, err := p.wholePath()
	p.tell(loose)
	return path, err
}

// ParseAttributePath reads an entry of attributes, excludedAttributes or
// sortBy: attr or attr.sub, with or without a prefix. A value filter
// (attr[filter], attr[filter].sub) is checked and dropped.
func ParseAttributePath(s string) (filter.AttributePath, error) {
	p := parser{s: s, what: "attribute name", limits: Limits{}.withDefaults()}
	path, err := p.wholePath()
	if err != nil {
		return filter.AttributePath{}, err
	}
	at := path.AttributePath
	switch {
	case path.SubAttribute == nil:
	case at.SubAttribute == nil:
		at.SubAttribute = path.SubAttribute
	case at.URIPrefix != nil && !strings.Contains(*at.SubAttribute, "."):
		joined := *at.SubAttribute + "." + *path.SubAttribute
		at.SubAttribute = &joined
	default:
		return filter.AttributePath{}, p.fail(strings.LastIndexByte(s, '.'), msgTooManyDots)
	}
	return at, nil
}

// parser is the state of one pass. Its methods leave i behind what they read.
type parser struct {
	s      string
	i      int
	what   string // what s is, for messages
	limits Limits
	terms  int
	depth  int
	inside bool // in the brackets of a value filter
	loose  bool // the text goes beyond the grammar
}

func (p *parser) tell(loose *bool) {
	if loose != nil && p.loose {
		*loose = true
	}
}

// open checks what can be said of the text as a whole and skips leading blanks.
func (p *parser) open() error {
	if len(p.s) > p.limits.Bytes {
		return p.fail(p.limits.Bytes, "the "+p.what+" is longer than the limit of "+strconv.Itoa(p.limits.Bytes)+" bytes")
	}
	if !utf8.ValidString(p.s) {
		return p.fail(invalidUTF8(p.s), "the "+p.what+" is not valid UTF-8")
	}
	p.blanks()
	p.loose = p.i > 0
	if p.i == len(p.s) {
		return p.fail(0, "the "+p.what+" is empty")
	}
	return nil
}

func (p *parser) blanks() {
	start := p.i
	for p.i < len(p.s) && (p.s[p.i] == ' ' || p.s[p.i] == '\t') {
		p.loose = p.loose || p.i > start || p.s[p.i] == '\t' || p.i == len(p.s)-1
		p.i++
	}
}

// blank skips what the grammar has one blank for.
func (p *parser) blank() {
	start := p.i
	p.blanks()
	p.loose = p.loose || p.i == start
}

// noBlank skips blanks where the grammar has none.
func (p *parser) noBlank() {
	start := p.i
	p.blanks()
	p.loose = p.loose || p.i > start
}

// behindBlank reports whether the byte before is a blank.
func (p *parser) behindBlank() bool {
	return p.i > 0 && (p.s[p.i-1] == ' ' || p.s[p.i-1] == '\t')
}

// at reports whether the next byte is c.
func (p *parser) at(c byte) bool { return p.i < len(p.s) && p.s[p.i] == c }

// fail makes the error for the byte at off.
func (p *parser) fail(off int, msg string) error {
	return &Error{Offset: utf8.RuneCountInString(p.s[:off]), Msg: msg}
}

// invalidUTF8 finds the first byte of s that is not part of a character.
func invalidUTF8(s string) int {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			return i
		}
		i += n
	}
	return len(s)
}

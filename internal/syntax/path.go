package syntax

import (
	"strings"

	filter "github.com/scim2/filter-parser/v2"
)

const (
	msgNoName      = "expected the name of an attribute"
	msgNoSub       = "expected the name of a sub-attribute after the dot"
	msgBadName     = "the name of an attribute starts with a letter, followed by letters, digits, - _ and $"
	msgTooManyDots = "a sub-attribute has no sub-attributes"
	msgNotURN      = "a prefix before a colon must be a URN such as urn:ietf:params:scim:schemas:core:2.0:User"
	msgBadURN      = "this URN has an empty part or a character other than letters, digits, . - and _"
)

// Classes of bytes. A word of name bytes is a path with its prefix and dots.
const (
	letter   = 1 << iota
	nameByte // may stand in a path
	urnByte  // may stand in a part of a URN
	bareByte // may stand in a bare word
)

var class = func() (t [256]byte) {
	for c := range 256 {
		switch b := byte(c); {
		case 'a' <= b|0x20 && b|0x20 <= 'z':
			t[c] = letter | nameByte | urnByte | bareByte
		case '0' <= b && b <= '9', b == '-', b == '_', b == '.':
			t[c] = nameByte | urnByte | bareByte
		case b == '$', b == ':':
			t[c] = nameByte
		case b == '@', b == '+':
			t[c] = bareByte
		}
	}
	return t
}()

// wholePath reads a path that makes up the whole text.
func (p *parser) wholePath() (filter.Path, error) {
	if err := p.open(); err != nil {
		return filter.Path{}, err
	}
	path, err := p.path()
	if err != nil {
		return filter.Path{}, err
	}
	p.blanks()
	if p.i < len(p.s) {
		return filter.Path{}, p.fail(p.i, "expected the end of the "+p.what)
	}
	return path, nil
}

func (p *parser) path() (path filter.Path, err error) {
	if path.AttributePath, err = p.attributePath(); err != nil {
		return path, err
	}
	p.blanks()
	if !p.at('[') {
		return path, nil
	}
	p.loose = p.loose || p.behindBlank()
	if path.ValueExpression, err = p.valueFilter(); err != nil || !p.at('.') {
		return path, err
	}
	p.i++
	sub, err := p.name()
	if err != nil {
		return path, err
	}
	path.SubAttribute = &sub
	return path, nil
}

// word takes the longest run of bytes that a path may have.
func (p *parser) word() string {
	start := p.i
	for p.i < len(p.s) && class[p.s[p.i]]&nameByte != 0 {
		p.i++
	}
	return p.s[start:p.i]
}

// name takes the single name behind the dot of attr[f].sub.
func (p *parser) name() (string, error) {
	start := p.i
	name := p.word()
	if name == "" {
		return "", p.fail(start, msgNoSub)
	}
	return name, p.checkName(name, start, msgNoSub)
}

// attributePath reads [URN ":"] attr ["." sub].
func (p *parser) attributePath() (path filter.AttributePath, err error) {
	start := p.i
	word := p.word()
	if word == "" {
		return path, p.fail(start, msgNoName)
	}
	if colon := strings.LastIndexByte(word, ':'); colon >= 0 {
		if err := p.checkURN(word[:colon+1], start); err != nil {
			return path, err
		}
		prefix := word[:colon]
		path.URIPrefix = &prefix
		start += colon + 1
		word = word[colon+1:]
	}
	name, sub, dotted := strings.Cut(word, ".")
	path.AttributeName = name
	if err := p.checkName(name, start, msgNoName); err != nil || !dotted {
		return path, err
	}
	start += len(name) + 1
	first, second, more := strings.Cut(sub, ".")
	if err := p.checkName(first, start, msgNoSub); err != nil {
		return path, err
	}
	if more {
		start += len(first) + 1
		if path.URIPrefix == nil {
			return path, p.fail(start-1, msgTooManyDots)
		}
		if err := p.checkName(second, start, msgNoSub); err != nil {
			return path, err
		}
	}
	kept := sub // a copy, so that paths without a sub-attribute cost no allocation
	path.SubAttribute = &kept
	return path, nil
}

// checkName checks one name, which begins at start, or says that it is missing.
func (p *parser) checkName(name string, start int, missing string) error {
	rest := strings.TrimPrefix(name, "$")
	if name == "" || rest == "" {
		return p.fail(start+len(name), missing)
	}
	if class[rest[0]]&letter == 0 {
		return p.fail(start+len(name)-len(rest), msgBadName)
	}
	for i := range len(rest) {
		switch rest[i] {
		case '.':
			return p.fail(start+len(name)-len(rest)+i, msgTooManyDots)
		case ':':
			return p.fail(start+len(name)-len(rest)+i, msgBadName)
		}
	}
	return nil
}

// checkURN checks a prefix that begins at start and still has its last colon.
func (p *parser) checkURN(prefix string, start int) error {
	if len(prefix) < 4 || !equalFold(prefix[:3], "urn") || prefix[3] != ':' {
		return p.fail(start, msgNotURN)
	}
	empty := true
	for i := range len(prefix) {
		if prefix[i] == ':' {
			if empty {
				return p.fail(start+i, msgBadURN)
			}
			empty = true
			continue
		}
		if class[prefix[i]]&urnByte == 0 {
			return p.fail(start+i, msgBadURN)
		}
		empty = false
	}
	return nil
}

// equalFold reports whether s is lower in any case. lower consists of ASCII
// letters; 0x20 is the bit that tells the cases apart.
func equalFold(s, lower string) bool {
	if len(s) != len(lower) {
		return false
	}
	for i := range len(s) {
		if s[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}

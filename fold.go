package scim

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Fold returns the key under which names are compared when case does not count:
// user names, e-mail addresses and names of groups. Two strings are the same
// name when their folds are equal (Unicode canonical caseless matching, in
// normal form C). Stores index by it, so collations play no part.
func Fold(s string) string {
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return foldUnicode(s)
		}
		if 'A' <= c && c <= 'Z' {
			return foldASCII(s, i)
		}
	}
	return s
}

// foldASCII folds a string whose first capital stands at i.
func foldASCII(s string, i int) string {
	b := []byte(s)
	for ; i < len(b); i++ {
		c := b[i]
		if c >= utf8.RuneSelf {
			return foldUnicode(s)
		}
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

func foldUnicode(s string) string {
	return norm.NFC.String(cases.Fold().String(norm.NFD.String(s)))
}

// FoldName returns the key of a folder's name: trimmed, inner white space
// collapsed, and folded (P6.2).
func FoldName(s string) string {
	return Fold(squeeze(s))
}

// squeeze trims s and collapses the white space in it.
func squeeze(s string) string {
	blank := true // the character before was white space
	for i := range len(s) {
		switch c := s[i]; {
		case c >= utf8.RuneSelf, c < ' ', c == ' ' && blank:
			return strings.Join(strings.Fields(s), " ")
		default:
			blank = c == ' '
		}
	}
	if blank {
		return strings.TrimSuffix(s, " ")
	}
	return s
}

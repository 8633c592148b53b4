package scim

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"golang.org/x/text/width"
)

// Fold returns the key under which names are compared when case does not count:
// user names, e-mail addresses and names of groups. Two strings are the same
// name when their folds are equal: Unicode canonical caseless matching, in
// normal form C, of the narrow or wide forms of characters that have both (RFC
// 7644 section 5, RFC 8265 section 3.3). Stores index by it, so collations play
// no part.
func Fold(s string) string { return fold(s, foldName) }

// fold folds a string, by slowly where the tables do not know a character of it.
func fold(s string, slowly func(string) string) string {
	for i := range len(s) {
		c := s[i]
		if c >= utf8.RuneSelf {
			return foldUnicode(s, slowly)
		}
		if 'A' <= c && c <= 'Z' {
			return foldASCII(s, i, slowly)
		}
	}
	return s
}

// foldASCII folds a string whose first capital stands at i.
func foldASCII(s string, i int, slowly func(string) string) string {
	b := []byte(s)
	for ; i < len(b); i++ {
		c := b[i]
		if c >= utf8.RuneSelf {
			return foldUnicode(s, slowly)
		}
		if 'A' <= c && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}

// foldUnicode folds most of the world's names by a table, character by character,
// and leaves the rest to package norm, which takes 20 times as long.
func foldUnicode(s string, slowly func(string) string) string {
	b := make([]byte, 0, len(s)+utf8.UTFMax)
	for _, r := range s {
		switch {
		case int(r) < len(folds) && folds[r] != "":
			b = append(b, folds[r]...)
		case inert(r):
			b = utf8.AppendRune(b, r)
		default:
			return slowly(s)
		}
	}
	return string(b)
}

func foldName(s string) string { return foldCase(width.Fold.String(s)) }

func foldCase(s string) string {
	return norm.NFC.String(strings.Map(cherokee, cases.Fold().String(norm.NFD.String(s))))
}

// cherokee folds a letter of Cherokee as Unicode does: to the capital. Package
// cases goes from either to the other.
func cherokee(r rune) rune {
	switch {
	case 0xAB70 <= r && r <= 0xABBF:
		return r - 0xAB70 + 0x13A0
	case 0x13F8 <= r && r <= 0x13FD:
		return r - 8
	}
	return r
}

// folds has the folds of the letters of Latin, Greek and Cyrillic, and of what
// stands between them. Combining marks, which change what stands before them, are
// left out.
var folds = func() (t [0x530]string) {
	for r := range rune(len(t)) {
		if !unicode.Is(unicode.M, r) && r != 0 {
			t[r] = foldName(string(r))
		}
	}
	return t
}()

// inert reports whether a character has no case, is as wide as it is everywhere,
// and does not combine with those around it: Chinese, Japanese and Korean.
func inert(r rune) bool {
	return 0x4E00 <= r && r <= 0x9FFF || 0xAC00 <= r && r <= 0xD7A3 || 0x3041 <= r && r <= 0x3096 || 0x30A1 <= r && r <= 0x30FA
}

// FoldName returns the key of a folder's name: trimmed, inner white space
// collapsed, and folded (P6.2), but for its width.
func FoldName(s string) string {
	return fold(squeeze(s), foldCase)
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

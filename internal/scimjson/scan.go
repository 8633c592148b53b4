package scimjson

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// What the scanners say of strings.
const (
	msgUTF8      = "invalid UTF-8"
	msgNUL       = "NUL characters are not accepted"
	msgSurrogate = "half of a surrogate pair"
	msgControl   = "control character in a string"
	msgEscape    = "unknown escape in a string"
	msgHex       = `wanted four hexadecimal digits after \u`
	msgOpen      = "unexpected end of the text inside a string"
)

// Words of eight equal bytes, to look at eight bytes of text at a time.
const (
	ones        = 0x0101010101010101
	highs       = ones * 0x80
	spaces      = ones * ' '
	quotes      = ones * '"'
	backslashes = ones * '\\'
)

// special marks, by the high bit of its byte, the first byte of x (the lowest)
// that is a quote, a backslash or a control character. Marks above the lowest
// one mean nothing: the subtractions borrow from the byte above only where
// they find something.
func special(x uint64) uint64 {
	return ((x - spaces) | ((x ^ quotes) - ones) | ((x ^ backslashes) - ones)) &^ x & highs
}

// scanString checks the string whose text begins at i, just past the opening
// quote. It returns the offset just past the closing quote, and whether there
// is an escape in it.
func scanString(data []byte, i int) (end int, escaped bool, err error) {
	start := i
	var seen uint64 // all bytes but special ones, or'ed together
	for {
		var mark uint64
		for i+8 <= len(data) {
			x := binary.LittleEndian.Uint64(data[i:])
			if mark = special(x); mark != 0 {
				seen |= x & ((mark&-mark)>>7 - 1)
				i += bits.TrailingZeros64(mark) / 8
				break
			}
			seen |= x
			i += 8
		}
		if mark == 0 {
			for i < len(data) && data[i] != '"' && data[i] != '\\' && data[i] >= ' ' {
				seen |= uint64(data[i])
				i++
			}
			if i == len(data) {
				return 0, false, &Error{Offset: i, Msg: msgOpen}
			}
		}
		switch data[i] {
		case '"':
			if seen&highs != 0 && !utf8.Valid(data[start:i]) {
				return 0, false, &Error{Offset: invalidAt(data, start), Msg: msgUTF8}
			}
			return i + 1, escaped, nil
		case '\\':
			if i, err = scanEscape(data, i); err != nil {
				return 0, false, err
			}
			escaped = true
		case 0:
			return 0, false, &Error{Offset: i, Msg: msgNUL}
		default:
			return 0, false, &Error{Offset: i, Msg: msgControl}
		}
	}
}

// invalidAt finds the first byte from i on that is not valid UTF-8. There is
// one.
func invalidAt(data []byte, i int) int {
	for {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
}

// scanEscape checks the escape whose backslash stands at i, and returns the
// offset just past it. A surrogate pair counts as one escape.
func scanEscape(data []byte, i int) (int, error) {
	if i+1 == len(data) {
		return 0, &Error{Offset: i + 1, Msg: msgOpen}
	}
	switch data[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2, nil
	case 'u':
	default:
		return 0, &Error{Offset: i, Msg: msgEscape}
	}
	r, ok := hex4(data, i+2)
	switch {
	case !ok:
		return 0, &Error{Offset: i, Msg: msgHex}
	case r == 0:
		return 0, &Error{Offset: i, Msg: msgNUL}
	case !utf16.IsSurrogate(r):
		return i + 6, nil
	}
	if i+7 < len(data) && data[i+6] == '\\' && data[i+7] == 'u' {
		if low, ok := hex4(data, i+8); ok && utf16.DecodeRune(r, low) != utf8.RuneError {
			return i + 12, nil
		}
	}
	return 0, &Error{Offset: i, Msg: msgSurrogate}
}

// unescape returns the character that the escape at text[i], which scanEscape
// has accepted, stands for, and the offset just past it.
func unescape(text []byte, i int) (rune, int) {
	switch c := text[i+1]; c {
	case 'b':
		return '\b', i + 2
	case 'f':
		return '\f', i + 2
	case 'n':
		return '\n', i + 2
	case 'r':
		return '\r', i + 2
	case 't':
		return '\t', i + 2
	case 'u':
		r, _ := hex4(text, i+2)
		if !utf16.IsSurrogate(r) {
			return r, i + 6
		}
		low, _ := hex4(text, i+8)
		return utf16.DecodeRune(r, low), i + 12
	default:
		return rune(c), i + 2
	}
}

// hex4 reads the four hexadecimal digits at data[i].
func hex4(data []byte, i int) (rune, bool) {
	if i+4 > len(data) {
		return 0, false
	}
	var r rune
	for _, c := range data[i : i+4] {
		switch {
		case isDigit(c):
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

// scanNumber checks the number that begins at i with a minus sign or a digit.
// It returns the offset just past it, or, with false, of where a digit is
// missing.
func scanNumber(data []byte, i int) (int, bool) {
	if data[i] == '-' {
		i++
	}
	first := i
	i = digits(data, i)
	if i == first {
		return i, false
	}
	if data[first] == '0' {
		i = first + 1 // digits after a leading zero are no part of the number
	}
	if i < len(data) && data[i] == '.' {
		first = i + 1
		if i = digits(data, first); i == first {
			return i, false
		}
	}
	if i < len(data) && data[i]|0x20 == 'e' {
		first = i + 1
		if first < len(data) && (data[first] == '+' || data[first] == '-') {
			first++
		}
		if i = digits(data, first); i == first {
			return i, false
		}
	}
	return i, true
}

// digits returns the offset of the first byte from i on that is not a digit.
func digits(data []byte, i int) int {
	for i < len(data) && isDigit(data[i]) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return c-'0' < 10 }

func isSpace(c byte) bool {
	return c <= ' ' && (c == ' ' || c == '\n' || c == '\r' || c == '\t')
}

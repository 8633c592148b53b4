package syntax

import (
	"strconv"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	msgNoValue  = "expected a value: text in double quotes, a number, true, false or null"
	msgQuote    = "a value with this character must stand in double quotes"
	msgSingle   = "text must stand in double quotes, not in single ones"
	msgUnclosed = "the text that begins here has no closing double quote"
	msgControl  = `a control character must be written as an escape such as \n`
	msgEscape   = `after \ there must be one of " \ / b f n r t, or u and four hexadecimal digits`
	msgNUL      = "NUL characters are not accepted"
	msgHalf     = `this \u escape is one half of a pair, and the other half does not stand beside it`
	msgNumber   = "this number is too large"
)

// value reads what stands behind an operator.
func (p *parser) value() (any, error) {
	if p.at('"') {
		text, err := p.text()
		if err != nil {
			return nil, err
		}
		return text, nil
	}
	start := p.i
	word, err := p.bareWord()
	if err != nil {
		return nil, err
	}
	number, integer := isNumber(word)
	p.loose = p.loose || !number && word != "true" && word != "false" && word != "null"
	switch {
	case equalFold(word, "true"):
		return true, nil
	case equalFold(word, "false"):
		return false, nil
	case equalFold(word, "null"):
		return nil, nil
	}
	if !number {
		return word, nil
	}
	if integer {
		if n, err := strconv.Atoi(word); err == nil {
			return n, nil
		}
	}
	f, err := strconv.ParseFloat(word, 64)
	if err != nil {
		return nil, p.fail(start, msgNumber)
	}
	return f, nil
}

// bareWord takes a value without quotes, which a blank or a closing bracket ends.
func (p *parser) bareWord() (string, error) {
	start := p.i
	for p.i < len(p.s) {
		c := p.s[p.i]
		if class[c]&bareByte != 0 {
			p.i++
			continue
		}
		if c < utf8.RuneSelf {
			break
		}
		r, n := utf8.DecodeRuneInString(p.s[p.i:])
		if !unicode.IsLetter(r) {
			break
		}
		p.i += n
	}
	switch word := p.s[start:p.i]; {
	case word == "" && p.at('\''):
		return "", p.fail(start, msgSingle)
	case p.i < len(p.s) && p.s[p.i] != ' ' && p.s[p.i] != '\t' && p.s[p.i] != ')' && p.s[p.i] != ']':
		return "", p.fail(p.i, msgQuote)
	case word == "":
		return "", p.fail(start, msgNoValue)
	default:
		return word, nil
	}
}

// isNumber reports whether word is a number of JSON as a whole, and whether it
// has neither fraction nor exponent.
func isNumber(word string) (number, integer bool) {
	i := 0
	if word[0] == '-' {
		i++
	}
	n := digits(word[i:])
	if n == 0 || n > 1 && word[i] == '0' {
		return false, false
	}
	i += n
	integer = i == len(word)
	if i < len(word) && word[i] == '.' {
		n = digits(word[i+1:])
		if n == 0 {
			return false, false
		}
		i += 1 + n
	}
	if i < len(word) && word[i]|0x20 == 'e' {
		i++
		if i < len(word) && (word[i] == '+' || word[i] == '-') {
			i++
		}
		n = digits(word[i:])
		if n == 0 {
			return false, false
		}
		i += n
	}
	return i == len(word), integer
}

// digits counts the digits that s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return n
}

// text reads a string of JSON. Without escapes it is a part of the input.
func (p *parser) text() (string, error) {
	start := p.i + 1
	for i := start; i < len(p.s); i++ {
		switch c := p.s[i]; {
		case c == '"':
			p.i = i + 1
			return p.s[start:i], nil
		case c == '\\':
			return p.escapedText(start, i)
		case c < ' ':
			return "", p.fail(i, msgControl)
		}
	}
	return "", p.fail(p.i, msgUnclosed)
}

// escapedText reads on from the first escape, at i, of the text that begins at
// start.
func (p *parser) escapedText(start, i int) (string, error) {
	b := append(make([]byte, 0, i-start+32), p.s[start:i]...)
	for i < len(p.s) {
		switch c := p.s[i]; {
		case c == '"':
			p.i = i + 1
			return string(b), nil
		case c == '\\':
			r, n, msg := escape(p.s[i:])
			if msg != "" {
				return "", p.fail(i, msg)
			}
			b = utf8.AppendRune(b, r)
			i += n
		case c < ' ':
			return "", p.fail(i, msgControl)
		default:
			b = append(b, c)
			i++
		}
	}
	return "", p.fail(start-1, msgUnclosed)
}

// escape reads the escape that s begins with, a pair of surrogates as one, and
// returns its length or what is wrong with it.
func escape(s string) (r rune, n int, msg string) {
	if len(s) < 2 {
		return 0, 0, msgEscape
	}
	switch s[1] {
	case '"', '\\', '/':
		return rune(s[1]), 2, ""
	case 'b':
		return '\b', 2, ""
	case 'f':
		return '\f', 2, ""
	case 'n':
		return '\n', 2, ""
	case 'r':
		return '\r', 2, ""
	case 't':
		return '\t', 2, ""
	}
	r, ok := unicodeEscape(s)
	switch {
	case !ok:
		return 0, 0, msgEscape
	case r == 0:
		return 0, 0, msgNUL // as in bodies, so that nothing has one
	case !utf16.IsSurrogate(r):
		return r, 6, ""
	}
	low, ok := unicodeEscape(s[6:])
	if r = utf16.DecodeRune(r, low); !ok || r == utf8.RuneError {
		return 0, 0, msgHalf
	}
	return r, 12, ""
}

// unicodeEscape reads \uXXXX.
func unicodeEscape(s string) (r rune, ok bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	for i := 2; i < 6; i++ {
		c := s[i]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			c = (c | 0x20) - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

package expr

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// zone is what a date knows of its time zone. The provisioning service runs in UTC, so
// that its local time is UTC too.
type zone uint8

const (
	noZone zone = iota
	inUTC
	local
)

// layout is a .NET format of dates that has been read.
type layout struct {
	verbs []verb
	utc   bool // dates of this format are in UTC, as those of r and u are
}

// verb is a specifier of a layout so many times, or a literal text.
type verb struct {
	kind byte // literal or the specifier's letter
	n    int
	text string
}

// literal is the kind of a verb that stands for itself.
const literal = 0

// standardLayouts are what single letters stand for, in American English, as the dates
// are that the functions themselves return.
var standardLayouts = map[string]string{
	"d": "M/d/yyyy",
	"D": "dddd, MMMM d, yyyy",
	"f": "dddd, MMMM d, yyyy h:mm tt",
	"F": "dddd, MMMM d, yyyy h:mm:ss tt",
	"g": "M/d/yyyy h:mm tt",
	"G": "M/d/yyyy h:mm:ss tt",
	"m": "MMMM d",
	"M": "MMMM d",
	"o": "yyyy-MM-dd'T'HH:mm:ss.fffffffK",
	"O": "yyyy-MM-dd'T'HH:mm:ss.fffffffK",
	"r": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
	"R": "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
	"s": "yyyy-MM-dd'T'HH:mm:ss",
	"t": "h:mm tt",
	"T": "h:mm:ss tt",
	"u": "yyyy-MM-dd HH:mm:ss'Z'",
	"U": "dddd, MMMM d, yyyy h:mm:ss tt",
	"y": "MMMM yyyy",
	"Y": "MMMM yyyy",
}

// parseLayout reads a format: a letter that stands for one, or specifiers and literals.
func parseLayout(text string) (layout, error) {
	if count(text) != 1 {
		return customLayout(text)
	}
	custom, ok := standardLayouts[text]
	if !ok {
		return layout{}, fmt.Errorf("%q alone is no date format", text)
	}
	l, err := customLayout(custom)
	l.utc = strings.Contains("rRuU", text)
	return l, err
}

// specifiers are the letters that stand for parts of a date, and how often each may
// stand in a row to mean one: 0 is any number. Z is one for reading only.
var specifiers = map[byte]int{'d': 0, 'f': 7, 'F': 7, 'g': 0, 'h': 0, 'H': 0, 'K': 1, 'm': 0, 'M': 0, 's': 0, 't': 0, 'y': 0, 'z': 0, 'Z': 1}

func customLayout(text string) (layout, error) {
	if text == "" {
		return layout{}, fmt.Errorf("the date format is empty")
	}
	var l layout
	for i := 0; i < len(text); {
		v, length, err := nextVerb(text[i:])
		if err != nil {
			return layout{}, fmt.Errorf("the date format %q: %w", text, err)
		}
		i += length
		if last := len(l.verbs) - 1; v.kind == literal && last >= 0 && l.verbs[last].kind == literal {
			l.verbs[last].text += v.text
		} else {
			l.verbs = append(l.verbs, v)
		}
	}
	return l, nil
}

// nextVerb reads the verb that a format begins with, and returns how long it is.
func nextVerb(s string) (v verb, length int, err error) {
	switch r := s[0]; r {
	case '\'', '"':
		return quotedLiteral(s)
	case '\\':
		_, size := utf8.DecodeRuneInString(s[1:])
		if size == 0 {
			return v, 0, fmt.Errorf("it ends with a backslash")
		}
		return verb{text: s[1 : 1+size]}, 1 + size, nil
	case '%':
		if len(s) == 1 || s[1] == '%' {
			return v, 0, fmt.Errorf("nothing stands behind %%")
		}
		_, size := utf8.DecodeRuneInString(s[1:])
		v, _, err := nextVerb(s[1 : 1+size])
		return v, 1 + size, err
	default:
		most, ok := specifiers[r]
		if !ok {
			_, size := utf8.DecodeRuneInString(s)
			return verb{text: s[:size]}, size, nil
		}
		n := len(s) - len(strings.TrimLeft(s, s[:1]))
		if most == 1 {
			n = 1
		} else if most > 0 && n > most {
			return v, 0, fmt.Errorf("it has more than %d times %c", most, r)
		}
		return verb{kind: r, n: n}, n, nil
	}
}

// quotedLiteral reads a text between quotation marks of either sort.
func quotedLiteral(s string) (verb, int, error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case s[0]:
			return verb{text: b.String()}, i + 1, nil
		case '\\':
			i++
			if i == len(s) {
				return verb{}, 0, fmt.Errorf("it ends with a backslash")
			}
		}
		b.WriteByte(s[i])
	}
	return verb{}, 0, fmt.Errorf("the text that begins with %c does not end", s[0])
}

// format writes a date in UTC.
func (l layout) format(t time.Time, z zone) string {
	var b strings.Builder
	for _, v := range l.verbs {
		s := v.format(t, z)
		if before := b.String(); v.kind == 'F' && s == "" && strings.HasSuffix(before, ".") {
			b.Reset() // a point without a fraction goes with it
			s = before[:len(before)-1]
		}
		b.WriteString(s)
	}
	return b.String()
}

func (v verb) format(t time.Time, z zone) string {
	switch v.kind {
	case 'd':
		return named(v.n, t.Day(), t.Weekday().String())
	case 'M':
		return named(v.n, int(t.Month()), t.Month().String())
	case 'y':
		if v.n <= 2 {
			return padded(t.Year()%100, v.n)
		}
		return padded(t.Year(), v.n)
	case 'h':
		return padded((t.Hour()+11)%12+1, min(v.n, 2))
	case 'H':
		return padded(t.Hour(), min(v.n, 2))
	case 'm':
		return padded(t.Minute(), min(v.n, 2))
	case 's':
		return padded(t.Second(), min(v.n, 2))
	case 'f':
		return padded(t.Nanosecond()/100, 7)[:v.n]
	case 'F':
		return strings.TrimRight(padded(t.Nanosecond()/100, 7)[:v.n], "0")
	case 't':
		return halves[t.Hour()/12][:min(v.n, 2)]
	case 'g':
		return eras[0]
	case 'z':
		return [...]string{"+0", "+00", "+00:00"}[min(v.n, 3)-1]
	case 'Z':
		return "Z"
	case 'K':
		return [...]string{noZone: "", inUTC: "Z", local: "+00:00"}[z]
	}
	return v.text
}

// halves are the halves of a day.
var halves = [2]string{"AM", "PM"}

// eras are how the era is written, the first when a date is.
var eras = [2]string{"A.D.", "AD"}

// named writes a day or a month: as a number, by the first letters of its name, or by
// its name.
func named(n, number int, name string) string {
	switch {
	case n <= 2:
		return padded(number, n)
	case n == 3:
		return name[:3]
	}
	return name
}

// padded writes a number with at least so many digits.
func padded(number, digits int) string {
	s := strconv.Itoa(number)
	if len(s) < digits {
		s = strings.Repeat("0", digits-len(s)) + s
	}
	return s
}

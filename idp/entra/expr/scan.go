package expr

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// styles are .NET's DateTimeStyles: how dates are read.
type styles uint8

const (
	leadingWhite styles = 1 << iota
	trailingWhite
	innerWhite
	noCurrentDate
	adjustToUniversal
	assumeLocal
	assumeUniversal
	roundtripKind

	// usualStyles apply where none are given.
	usualStyles = leadingWhite | trailingWhite | roundtripKind
	anyWhite    = leadingWhite | trailingWhite | innerWhite
)

var styleNames = map[string]styles{
	"None":                 0,
	"AllowLeadingWhite":    leadingWhite,
	"AllowTrailingWhite":   trailingWhite,
	"AllowInnerWhite":      innerWhite,
	"AllowWhiteSpaces":     anyWhite,
	"NoCurrentDateDefault": noCurrentDate,
	"AdjustToUniversal":    adjustToUniversal,
	"AssumeLocal":          assumeLocal,
	"AssumeUniversal":      assumeUniversal,
	"RoundtripKind":        roundtripKind,
}

// parseStyles reads styles with commas between them; "" is the usual ones.
func parseStyles(text string) (styles, error) {
	if strings.TrimSpace(text) == "" {
		return usualStyles, nil
	}
	var out styles
	for name := range strings.SplitSeq(text, ",") {
		s, ok := styleNames[strings.TrimSpace(name)]
		if !ok {
			return 0, fmt.Errorf("there is no date style %q", strings.TrimSpace(name))
		}
		out |= s
	}
	const both = assumeLocal | assumeUniversal
	if out&both == both || out&roundtripKind != 0 && out&(both|adjustToUniversal) != 0 {
		return 0, fmt.Errorf("the date styles %q exclude each other", text)
	}
	return out, nil
}

// field is a part of a date as it is read.
type field uint8

const (
	year field = iota
	shortYear
	month
	day
	hour
	shortHour
	minute
	second
	fraction // in units of 100 ns
	weekday
	half
	offset // in minutes
	fields
)

// scanner reads a date of a layout.
type scanner struct {
	s      string
	styles styles
	value  [fields]int
	known  [fields]bool
	utc    bool // the zone is written as Z
}

// parse reads a date. ok is false if it is not of this format, or no day that there is.
// now gives the date to a time without one.
func (l layout) parse(s string, how styles, now time.Time) (t time.Time, z zone, ok bool) {
	sc := scanner{s: s, styles: how}
	if how&leadingWhite != 0 {
		sc.s = strings.TrimLeftFunc(sc.s, unicode.IsSpace)
	}
	if how&trailingWhite != 0 {
		sc.s = strings.TrimRightFunc(sc.s, unicode.IsSpace)
	}
	for i, v := range l.verbs {
		if how&innerWhite != 0 {
			sc.s = strings.TrimLeftFunc(sc.s, unicode.IsSpace)
		}
		optional := i+1 < len(l.verbs) && l.verbs[i+1].kind == 'F'
		if !sc.verb(v, optional) {
			return t, z, false
		}
	}
	if sc.s != "" {
		return t, z, false
	}
	if l.utc {
		sc.utc = sc.set(offset, 0)
	}
	return sc.date(now)
}

// verb reads one verb. The point before a fraction may be missing with the fraction.
func (sc *scanner) verb(v verb, beforeFraction bool) bool {
	switch v.kind {
	case literal:
		if sc.literal(v.text) {
			return true
		}
		before, point := strings.CutSuffix(v.text, ".")
		return beforeFraction && point && sc.literal(before)
	case 'd':
		if v.n > 2 {
			return sc.name(weekday, v.n, 0, 6, func(i int) string { return time.Weekday(i).String() })
		}
		return sc.number(day, v.n)
	case 'M':
		if v.n > 2 {
			return sc.name(month, v.n, 1, 12, func(i int) string { return time.Month(i).String() })
		}
		return sc.number(month, v.n)
	case 'y':
		if v.n <= 2 {
			return sc.number(shortYear, v.n)
		}
		return sc.digits(year, v.n, v.n, 0)
	case 'h':
		return sc.number(shortHour, min(v.n, 2))
	case 'H':
		return sc.number(hour, min(v.n, 2))
	case 'm':
		return sc.number(minute, min(v.n, 2))
	case 's':
		return sc.number(second, min(v.n, 2))
	case 'f':
		return sc.digits(fraction, v.n, v.n, 7)
	case 'F':
		return sc.digits(fraction, 0, v.n, 7)
	}
	return sc.mark(v)
}

// mark reads what is no number.
func (sc *scanner) mark(v verb) bool {
	switch v.kind {
	case 't':
		for i, name := range halves {
			if sc.word(name[:min(v.n, 2)]) {
				return sc.set(half, i)
			}
		}
		return false
	case 'g':
		return sc.word(eras[0]) || sc.word(eras[1])
	case 'z':
		return sc.offset(min(v.n, 3))
	case 'Z':
		sc.utc = true
		return (sc.word("Z") || sc.word("GMT")) && sc.set(offset, 0)
	case 'K':
		switch {
		case sc.s == "" || !strings.Contains("zZ+-", sc.s[:1]):
			return true
		case sc.word("Z"):
			sc.utc = true
			return sc.set(offset, 0)
		}
		return sc.offset(3)
	}
	return false
}

// literal reads a text as it stands; white space in it is free with innerWhite.
func (sc *scanner) literal(text string) bool {
	if sc.styles&innerWhite == 0 {
		rest, ok := strings.CutPrefix(sc.s, text)
		sc.s = rest
		return ok
	}
	s := sc.s
	for _, r := range text {
		if s = strings.TrimLeftFunc(s, unicode.IsSpace); unicode.IsSpace(r) {
			continue
		}
		rest, ok := strings.CutPrefix(s, string(r))
		if !ok {
			return false
		}
		s = rest
	}
	sc.s = s
	return true
}

// word reads a word in any case.
func (sc *scanner) word(text string) bool {
	if len(sc.s) < len(text) || !strings.EqualFold(sc.s[:len(text)], text) {
		return false
	}
	sc.s = sc.s[len(text):]
	return true
}

// name reads the name of a day or a month, or the first letters of it.
func (sc *scanner) name(f field, n, first, last int, named func(int) string) bool {
	for i := first; i <= last; i++ {
		name := named(i)
		if n == 3 {
			name = name[:3]
		}
		if sc.word(name) {
			return sc.set(f, i)
		}
	}
	return false
}

// number reads a number of two digits, or of one or two.
func (sc *scanner) number(f field, n int) bool { return sc.digits(f, n, 2, 0) }

// tooMuch is more than any part of a date is.
const tooMuch = 100_000_000

// digits reads a number of so many digits. A fraction is scaled as if it had had
// scale digits.
func (sc *scanner) digits(f field, least, most, scale int) bool {
	n, i := 0, 0
	for i < most && i < len(sc.s) && '0' <= sc.s[i] && sc.s[i] <= '9' {
		n = min(n*10+int(sc.s[i]-'0'), tooMuch)
		i++
	}
	if i < least {
		return false
	}
	for range scale - i {
		n *= 10
	}
	sc.s = sc.s[i:]
	return sc.set(f, n)
}

// offset reads a zone such as -7, -07 or -07:00, by the number of z.
func (sc *scanner) offset(n int) bool {
	sign, least := 1, 1
	switch {
	case strings.HasPrefix(sc.s, "-"):
		sign = -1
	case !strings.HasPrefix(sc.s, "+"):
		return false
	}
	if n == 2 {
		least = 2
	}
	part := scanner{s: sc.s[1:]}
	if !part.digits(hour, least, 2, 0) {
		return false
	}
	if n == 3 {
		part.literal(":")
		if !part.digits(minute, 2, 2, 0) || part.value[minute] > 59 {
			return false
		}
	}
	sc.s = part.s
	minutes := part.value[hour]*60 + part.value[minute]
	return minutes <= 14*60 && sc.set(offset, sign*minutes)
}

// set notes a part of the date. One that is written twice must be the same.
func (sc *scanner) set(f field, n int) bool {
	if sc.known[f] {
		return sc.value[f] == n
	}
	sc.known[f], sc.value[f] = true, n
	return true
}

// century is the first year that two digits can mean.
const century = 1950

// date puts the parts together.
func (sc *scanner) date(now time.Time) (t time.Time, z zone, ok bool) {
	y, m, d := sc.day(now)
	h, ok := sc.hour()
	if !ok || h > 23 || sc.value[minute] > 59 || sc.value[second] > 59 {
		return t, z, false
	}
	t = time.Date(y, time.Month(m), d, h, sc.value[minute], sc.value[second], sc.value[fraction]*100, time.UTC)
	if y < 1 || y > 9999 || t.Month() != time.Month(m) || t.Day() != d {
		return t, z, false
	}
	if sc.known[weekday] && sc.value[weekday] != int(t.Weekday()) {
		return t, z, false
	}
	t = t.Add(-time.Duration(sc.value[offset]) * time.Minute)
	return t, sc.zone(), t.Year() >= 1 && t.Year() <= 9999
}

// day is the day as written. What is missing is today, or the first of the month or
// the year.
func (sc *scanner) day(now time.Time) (y, m, d int) {
	y, m, d = sc.value[year], sc.value[month], sc.value[day]
	dated := sc.known[year] || sc.known[shortYear]
	if sc.known[shortYear] {
		y = century + (sc.value[shortYear]+100-century%100)%100
		if sc.known[year] && sc.value[year] != y {
			return 0, 0, 0
		}
	}
	if !dated {
		y = now.Year()
		if !sc.known[month] && !sc.known[day] {
			if sc.styles&noCurrentDate != 0 {
				return 1, 1, 1
			}
			return y, int(now.Month()), now.Day()
		}
	}
	if !sc.known[month] {
		m = 1
	}
	if !sc.known[day] {
		d = 1
	}
	return y, m, d
}

// hour is the hour of the day. One of twelve is in the morning unless PM is written.
func (sc *scanner) hour() (h int, ok bool) {
	h = sc.value[hour]
	afternoon := sc.value[half] == 1
	switch {
	case sc.known[shortHour]:
		short := sc.value[shortHour]
		if short > 12 || sc.known[hour] && short != h {
			return 0, false
		}
		h = short % 12
		if afternoon {
			h += 12
		}
		return h, true
	case sc.known[hour] && sc.known[half]:
		return h, afternoon == (h >= 12)
	}
	return h, true
}

// zone is what is known of the zone once the date is in UTC.
func (sc *scanner) zone() zone {
	assumed := sc.styles&(assumeLocal|assumeUniversal) != 0
	switch {
	case !sc.known[offset] && !assumed:
		return noZone
	case sc.utc && sc.styles&roundtripKind != 0, sc.styles&adjustToUniversal != 0:
		return inUTC
	}
	return local
}

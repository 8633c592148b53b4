package expr

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// How InStr compares.
const (
	textCompare   = "vbTextCompare"   // in any case
	binaryCompare = "vbBinaryCompare" // character by character, as it does by itself
)

// bounded is a text under construction that may not become too long.
type bounded struct{ strings.Builder }

// add appends, unless the text would be too long.
func (b *bounded) add(s string) bool {
	if b.Len()+len(s) > MaxValue {
		return false
	}
	b.WriteString(s)
	return true
}

func appendText(c *call) (Value, error) {
	source, ok, err := c.text(0)
	if err != nil || !ok {
		return Value{}, err
	}
	suffix, _, err := c.text(1)
	return Text(source + suffix), err
}

// join leaves out what is empty, so that no separator is doubled.
func join(c *call) (Value, error) {
	separator, _, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	var b bounded
	add := func(s string) bool {
		return s == "" || (b.Len() == 0 || b.add(separator)) && b.add(s)
	}
	for i := 1; i < len(c.n.args); i++ {
		v, err := c.value(i)
		if err != nil {
			return Value{}, err
		}
		fits := true
		if v.kind == List {
			for _, s := range v.list {
				fits = fits && add(s)
			}
		} else {
			s, _, msg := single(v)
			if msg != "" {
				return Value{}, c.fail(i, "%s", msg)
			}
			fits = add(s)
		}
		if !fits {
			return Value{}, c.tooLong()
		}
	}
	return Text(b.String()), nil
}

// split trims the parts and leaves out those that are empty.
func split(c *call) (Value, error) {
	source, ok, err := c.text(0)
	if err != nil || !ok {
		return Value{}, err
	}
	delimiter, _, err := c.text(1)
	if err != nil {
		return Value{}, err
	}
	parts := []string{source}
	if delimiter != "" {
		parts = strings.Split(source, delimiter)
	}
	out := parts[:0]
	for _, p := range parts {
		if p = strings.TrimSpace(p); p != "" {
			out = append(out, p)
		}
	}
	return Texts(out...), nil
}

func left(c *call) (Value, error) {
	s, _, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	n, err := c.number(1)
	if err != nil || n < 0 {
		return Text(s), err
	}
	return Text(substring(s, 0, n)), nil
}

// mid returns the whole source where start or length lie outside of it, as Entra
// Connect's function of the name does.
func mid(c *call) (Value, error) {
	s, _, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	start, err := c.number(1)
	if err != nil {
		return Value{}, err
	}
	length, err := c.number(2)
	if err != nil {
		return Value{}, err
	}
	if length < 0 || start < 1 || start > int64(count(s)) {
		return Text(s), nil
	}
	return Text(substring(s, start-1, length)), nil
}

// substring returns n characters from one on, or as many as there are.
func substring(s string, from, n int64) string {
	begin := len(s)
	for i := range s {
		if from == 0 {
			begin = i
			break
		}
		from--
	}
	for i := range s[begin:] {
		if n == 0 {
			return s[begin : begin+i]
		}
		n--
	}
	return s[begin:]
}

func inStr(c *call) (Value, error) {
	s, _, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	sought, _, err := c.text(1)
	if err != nil {
		return Value{}, err
	}
	start := int64(1)
	if c.given(2) {
		if start, err = c.number(2); err != nil {
			return Value{}, err
		}
		if start < 1 {
			return Value{}, c.fail(2, "start is %d; the first character is 1", start)
		}
	}
	if c.given(3) {
		compare, err := c.choice(3)
		if err != nil {
			return Value{}, err
		}
		if compare == textCompare {
			s, sought = strings.Map(fold, s), strings.Map(fold, sought)
		}
	}
	before := substring(s, 0, start-1)
	rest := s[len(before):]
	at := strings.Index(rest, sought)
	if at < 0 || rest == "" {
		return Integer(0), nil
	}
	return Integer(start + int64(count(rest[:at]))), nil
}

func fold(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }

func word(c *call) (Value, error) {
	s, _, err := c.text(0)
	if err != nil {
		return Value{}, err
	}
	n, err := c.number(1)
	if err != nil {
		return Value{}, err
	}
	delimiters, _, err := c.text(2)
	if err != nil {
		return Value{}, err
	}
	words := strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(delimiters, r) })
	if n < 1 || n > int64(len(words)) {
		return Text(""), nil
	}
	return Text(words[n-1]), nil
}

func base64UTF16(s string) string {
	units := utf16.Encode([]rune(s))
	b := make([]byte, 0, 2*len(units))
	for _, u := range units {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return base64.StdEncoding.EncodeToString(b)
}

func hexUTF8(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) }

// culture is how letters change case: as everywhere, or as in Turkish, where i has a
// capital with a dot. .NET knows no other difference.
type culture struct{ turkish bool }

func parseCulture(name string) (culture, bool) {
	if name == "" {
		return culture{}, true
	}
	tag, err := language.Parse(name)
	if err != nil {
		return culture{}, false
	}
	base, _ := tag.Base()
	return culture{turkish: base.String() == "tr" || base.String() == "az"}, true
}

func (c culture) lower(s string) string {
	if c.turkish {
		return strings.ToLowerSpecial(unicode.TurkishCase, s)
	}
	return strings.ToLower(s)
}

func (c culture) upper(s string) string {
	if c.turkish {
		return strings.ToUpperSpecial(unicode.TurkishCase, s)
	}
	return strings.ToUpper(s)
}

// prepareCulture reads a culture that stands in the expression.
func prepareCulture(n *node) (any, *Error) {
	name, at, ok := constant(n, 1)
	if !ok {
		return nil, nil
	}
	c, ok := parseCulture(name)
	if !ok {
		return nil, &Error{Offset: at, Msg: noCulture(name)}
	}
	return c, nil
}

func noCulture(name string) string { return "there is no culture " + name }

// constant is argument i of a function, if it is a text in the expression.
func constant(n *node, i int) (s string, at int, ok bool) {
	if i >= len(n.args) || n.args[i] == nil || n.args[i].kind != textNode {
		return "", 0, false
	}
	return n.args[i].value.text, n.args[i].at, true
}

func lower(c *call) (Value, error) { return recased(c, culture.lower) }
func upper(c *call) (Value, error) { return recased(c, culture.upper) }

func recased(c *call, to func(culture, string) string) (Value, error) {
	s, ok, err := c.text(0)
	if err != nil || !ok {
		return Value{}, err
	}
	in, ready := c.n.ready.(culture)
	if !ready {
		name, _, err := c.text(1)
		if err != nil {
			return Value{}, err
		}
		if in, ok = parseCulture(name); !ok {
			return Value{}, c.fail(1, "%s", noCulture(c.quote(name)))
		}
	}
	return Text(to(in, s)), nil
}

// pCase begins each word with a capital: behind the separators given, or as .NET's
// ToTitleCase finds words.
func pCase(c *call) (Value, error) {
	s, ok, err := c.text(0)
	if err != nil || !ok {
		return Value{}, err
	}
	separators, given, err := c.text(1)
	if err != nil {
		return Value{}, err
	}
	begins := true // the next letter begins a word
	return Text(strings.Map(func(r rune) rune {
		begin := begins
		if given {
			begins = strings.ContainsRune(separators, r)
		} else {
			begins = separates(r) || begin && !unicode.IsLetter(r)
		}
		if begin {
			return unicode.ToTitle(r)
		}
		return unicode.ToLower(r)
	}, s)), nil
}

// separates reports whether a character ends a word by itself. An apostrophe does not;
// letters, digits, marks and what is not assigned do not.
func separates(r rune) bool {
	return r != '\'' && unicode.In(r, unicode.Z, unicode.Cc, unicode.Cf, unicode.P, unicode.S)
}

// normalizeDiacritics takes the marks off letters and replaces those letters that have
// none to take off.
func normalizeDiacritics(s string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if unicode.In(r, combining) {
			continue
		}
		if plain, ok := plainLetters[r]; ok {
			b.WriteString(plain)
		} else {
			b.WriteRune(r)
		}
	}
	return norm.NFC.String(b.String())
}

// plainLetters are what letters become that do not come apart into a letter and a mark.
var plainLetters = map[rune]string{'æ': "ae", 'Æ': "AE", 'ø': "oe", 'Ø': "OE", 'œ': "oe", 'Œ': "OE", 'ß': "ss", 'ł': "l", 'Ł': "L", 'ı': "i"}

// combining are the marks of Latin, Greek and Cyrillic letters. Those of other scripts
// are parts of words: without them a name in Hindi or Thai would be another.
var combining = &unicode.RangeTable{R16: []unicode.Range16{
	{Lo: 0x0300, Hi: 0x036F, Stride: 1},
	{Lo: 0x1AB0, Hi: 0x1AFF, Stride: 1},
	{Lo: 0x1DC0, Hi: 0x1DFF, Stride: 1},
	{Lo: 0xFE20, Hi: 0xFE2F, Stride: 1},
}}

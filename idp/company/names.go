package company

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// word is a given name or a surname.
type word struct {
	text   string
	native string // in the country's own script; "" for the same
	local  string // as it stands in an address: small letters of ASCII, ' and -
}

// surname has the forms of men and of women, which are mostly one.
type surname struct{ male, female *word }

func (s surname) of(female bool) *word {
	if female {
		return s.female
	}
	return s.male
}

// roster has the names of those who come from a land.
type roster struct {
	female, male []*word
	family, rare []surname
}

func (r *roster) given(female bool) []*word {
	if female {
		return r.female
	}
	return r.male
}

// rosters are in the order of lands.
var rosters = sync.OnceValue(func() []roster {
	all := make([]roster, len(lands))
	for i, l := range lands {
		all[i] = roster{female: l.words(l.female), male: l.words(l.male)}
		for _, text := range strings.Fields(l.family) {
			male, female, two := strings.Cut(text, "/")
			s := surname{male: l.word(male)}
			if s.female = s.male; two {
				s.female = l.word(female)
			}
			all[i].family = append(all[i].family, s)
		}
		all[i].rare = l.compounds(all[i].family)
	}
	return all
})

// compounds are the surnames of a beginning and an end that are not common ones.
func (l *land) compounds(common []surname) []surname {
	known := make(map[string]bool)
	for _, s := range common {
		known[s.male.text] = true
	}
	var all []surname
	for _, begin := range strings.Fields(l.begins) {
		for _, end := range strings.Fields(l.ends) {
			male, female, two := strings.Cut(end, "/")
			s := surname{male: l.word(compound(begin, male))}
			if strings.EqualFold(begin, male) || known[s.male.text] {
				continue
			}
			known[s.male.text] = true
			if s.female = s.male; two {
				s.female = l.word(compound(begin, female))
			}
			all = append(all, s)
		}
	}
	return all
}

func compound(begin, end string) string {
	begin, nativeBegin, native := strings.Cut(begin, "=")
	end, nativeEnd, _ := strings.Cut(end, "=")
	if !native {
		return begin + end
	}
	return begin + end + "=" + nativeBegin + nativeEnd
}

func (l *land) words(list string) []*word {
	var words []*word
	for _, text := range strings.Fields(list) {
		words = append(words, l.word(text))
	}
	return words
}

func (l *land) word(text string) *word {
	text, native, _ := strings.Cut(strings.ReplaceAll(text, "_", " "), "=")
	return &word{text: text, native: native, local: local(text, l.umlauts)}
}

// join is two names as one, with a hyphen or a space between.
func join(a *word, between string, b *word) *word {
	w := &word{text: a.text + between + b.text, local: a.local + strings.TrimSpace(between) + b.local}
	if a.native != "" && b.native != "" {
		w.native = a.native + between + b.native
	}
	return w
}

// What decomposition does not make ASCII of.
var (
	letters = strings.NewReplacer("ß", "ss", "ł", "l", "Ł", "l", "ø", "o", "Ø", "o", "đ", "d", "æ", "ae", "ı", "i", "’", "'", " ", "")
	umlauts = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "Ä", "ae", "Ö", "oe", "Ü", "ue")
)

// local is a name as addresses have it.
func local(name string, german bool) string {
	name = norm.NFC.String(name)
	if german {
		name = umlauts.Replace(name)
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(letters.Replace(name)) {
		if r < unicode.MaxASCII {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// sequence gives each name once, ignoring case: who asks for one again gets a number.
// Names that end in a digit must not be asked for.
type sequence map[string]int

func (s sequence) next(name string) int {
	key := strings.ToLower(name)
	s[key]++
	return s[key]
}

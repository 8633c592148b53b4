package scim

import (
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestFoldByTable shows that the table folds as Unicode does, whatever stands
// beside a character.
func TestFoldByTable(t *testing.T) {
	var known []rune
	for r := range rune(len(folds)) {
		if folds[r] != "" {
			known = append(known, r)
		}
	}
	known = append(known, 0x3041, 0x3096, 0x30A1, 0x30FA, 0x4E00, 0x9FFF, 0xAC00, 0xAC01, 0xD7A3)
	for _, a := range known {
		for _, b := range known {
			s := string([]rune{a, b})
			if got, want := foldUnicode(s, foldName), foldName(s); got != want {
				t.Fatalf("%U %U: %q, want %q", a, b, got, want)
			}
		}
	}
	for r := rune(0x3000); r <= 0xD7FF; r++ {
		if inert(r) {
			require.Equal(t, foldName(string(r)), string(r), "%U", r)
		}
	}
}

// TestFold shows names that are the same, and that folding twice changes nothing.
func TestFold(t *testing.T) {
	for _, same := range [][2]string{
		{"ANN", "ann"},
		{"Straße", "STRASSE"},
		{"ÉCLAIR", "e\u0301clair"},
		{"ΣΊΣΥΦΟΣ", "σίσυφος"},
		{"ЖУК", "жук"},
		{"ŉ", "ʼN"},
		{"\u1100\u1161", "가"},
		{"①Ⓐ", "①ⓐ"},
		{"\uab70\u13f8", "\u13a0\u13f0"},
		{"Ａｎｎ＠ａｃｍｅ．ｅｘａｍｐｌｅ", "ann@acme.example"},
		{"ﾔﾏﾀﾞ", "ヤマダ"},
		{"ann\u3000lee", "Ann Lee"},
	} {
		require.Equal(t, Fold(same[0]), Fold(same[1]))
	}
	require.NotEqual(t, FoldName("営業１課"), FoldName("営業1課"), "folders are folded by case alone (P6.2)")
	require.Equal(t, FoldName("ÉCLAIR １"), FoldName(" e\u0301clair  １"))
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOf(rapid.OneOf(
			rapid.RuneFrom(nil, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Han, unicode.Hangul, unicode.Hiragana),
			rapid.RuneFrom([]rune("Ａｚ＠．ﾀﾞｱ￡￦ￂ￠\u3000\uffa1\u20a9")),
			rapid.RuneFrom(nil, unicode.M), rapid.Rune(),
		)).Draw(t, "s")
		if utf8.ValidString(s) {
			require.Equal(t, foldName(s), Fold(s))
			require.Equal(t, Fold(s), Fold(Fold(s)))
		}
	})
}

func BenchmarkFold(b *testing.B) {
	for _, s := range []string{"ann.other@example.com", "Ann.Other@Example.com", "Jörg Müller", "Дмитрий Жуков", "山田太郎", "สมชาย"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Fold(s)
			}
		})
	}
}

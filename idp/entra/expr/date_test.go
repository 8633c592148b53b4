package expr_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim/idp/entra/expr"
)

func TestDates(t *testing.T) { dateCases.check(t) }

var dateCases = cases{
	{`CDate("2020-03-16-07:00")`, "3/16/2020 7:00:00 AM"},
	{`CDate("2021-06-30+08:00")`, "6/29/2021 4:00:00 PM"},
	{`CDate("2009-06-15T01:45:30-07:00")`, "6/15/2009 8:45:30 AM"},
	{`CDate("2009-06-15T01:45:30.617Z")`, "6/15/2009 1:45:30 AM"},
	{`CDate("2009-06-15 01:45")`, "6/15/2009 1:45:00 AM"},
	{`CDate("2020-12-31 23:59:59 -08:00")`, "1/1/2021 7:59:59 AM"},
	{`CDate(" 8/25/2021 5:41:18 PM ")`, "8/25/2021 5:41:18 PM"},
	{`CDate("12/25/2007")`, "12/25/2007 12:00:00 AM"},
	{`CDate("12/25/07")`, "12/25/2007 12:00:00 AM"},
	{`CDate("June 1, 2021")`, "6/1/2021 12:00:00 AM"},
	{`CDate("1 Jun 2021 13:00")`, "6/1/2021 1:00:00 PM"},
	{`CDate("Mon, 15 Jun 2009 20:45:30 GMT")`, "6/15/2009 8:45:30 PM"},
	{`CDate([nobody])`, nil},
	{`CDate("")`, nil},
	{`CDate("2021-02-29")`, fails("CDate", 6, `"2021-02-29" is no date that can be recognised`)},
	{`CDate("25/12/2007")`, fails("CDate", 6, `"25/12/2007" is no date that can be recognised`)},
	{`CDate("2021-08-241:2:3")`, fails("CDate", 6, `"2021-08-241:2:3" is no date that can be recognised`)},
	{`CDate(CDate("2020-03-16-07:00"))`, "3/16/2020 7:00:00 AM"},

	{`DateAdd("d", 7, CDate("2012-03-16-07:00"))`, "3/23/2012 7:00:00 AM"},
	{`DateAdd("d", -10, CDate("2012-03-16-07:00"))`, "3/6/2012 7:00:00 AM"},
	{`DateAdd("ww", 2, CDate("2012-03-16-07:00"))`, "3/30/2012 7:00:00 AM"},
	{`DateAdd("m", 10, CDate("2012-03-16-07:00"))`, "1/16/2013 7:00:00 AM"},
	{`DateAdd("m", -3, "2012-03-31")`, "12/31/2011 12:00:00 AM"},
	{`DateAdd("m", 1, "2012-01-31")`, "2/29/2012 12:00:00 AM"},
	{`DateAdd("yyyy", 2, CDate("2012-03-16-07:00"))`, "3/16/2014 7:00:00 AM"},
	{`DateAdd("yyyy", 1, "2012-02-29")`, "2/28/2013 12:00:00 AM"},
	{`DateAdd("h", 25, Now())`, "7/3/2021 4:33:38 PM"},
	{`DateAdd("n", -34, Now())`, "7/2/2021 2:59:38 PM"},
	{`DateAdd("s", 22, Now())`, "7/2/2021 3:34:00 PM"},
	{`DateAdd("d", 0, "9999-12-31")`, "12/31/9999 12:00:00 AM"},
	{`DateAdd("d", 0, "0001-01-01")`, "1/1/0001 12:00:00 AM"},
	{`DateAdd("d", 7, CDate([nobody]))`, nil},
	{`DateAdd("yyyy", 7979, "2021-01-01")`, fails("DateAdd", 16, "the date would be out of range")},
	{`DateAdd("m", -30000, "2021-01-01")`, fails("DateAdd", 13, "the date would be out of range")},
	{`DateAdd("s", 9223372036854775807, "2021-01-01")`, fails("DateAdd", 13, "the date would be out of range")},
	{`DateAdd("yyyy", 9223372036854775807, "2021-01-01")`, fails("DateAdd", 16, "the date would be out of range")},
	{`DateAdd([country], 1, Now())`, fails("DateAdd", 8, `interval is "Germany", not one of yyyy, m, d, ww, h, n, s`)},
	{`DateAdd("d", 1, [country])`, fails("DateAdd", 16, `"Germany" is no date that can be recognised`)},

	{`DateDiff("d", "2021-08-18+08:00", "2021-08-31+08:00")`, 13},
	{`DateDiff("d", "8/25/2021 5:41:18 PM", "2012-03-16-07:00")`, -3449},
	{`DateDiff("ww", "8/25/2021 5:41:18 PM", "2012-03-16-07:00")`, -493},
	{`DateDiff("m", "8/25/2021 5:41:18 PM", "2012-03-16-07:00")`, -113},
	{`DateDiff("yyyy", "8/25/2021 5:41:18 PM", "2012-03-16-07:00")`, -9},
	{`DateDiff("d", "2021-08-31+08:00", "2021-08-31+08:00")`, 0},
	{`DateDiff("h", "2021-08-24", "2021-08-25")`, 24},
	{`DateDiff("n", "2021-08-24", "2021-08-25")`, 1440},
	{`DateDiff("s", "2021-08-24", "2021-08-25")`, 86400},
	{`DateDiff("s", "2021-08-25", "2021-08-24")`, -86400},
	{`DateDiff("yyyy", "2020-12-31", "2021-01-01")`, 1},
	{`DateDiff("m", "2021-01-31", "2021-02-01")`, 1},
	{`DateDiff("ww", "2021-07-03", "2021-07-04")`, 1},
	{`DateDiff("s", "0001-01-01", "9999-12-31")`, 315537811200},
	{`DateDiff("s", "2021-08-24 00:00:00.9", "2021-08-24 00:00:02.1")`, 1},
	{`DateDiff("s", "2021-08-24 00:00:02.1", "2021-08-24 00:00:00.9")`, -1},
	{`DateDiff("s", "2021-08-24 00:00:00.1", "2021-08-24 00:00:02.9")`, 2},
	{`DateDiff("s", "2021-08-24 00:00:02.9", "2021-08-24 00:00:00.1")`, -2},
	{`DateDiff("s", "2021-08-24 00:00:00.1", "2021-08-24 00:00:00.9")`, 0},
	{`DateDiff("s", "2021-08-24 00:00:00.9", "2021-08-24 00:00:00.1")`, 0},
	{`DateDiff("d", Now(), CDate([nobody]))`, nil},
	{`DateDiff("d", "x", Now())`, fails("DateDiff", 14, `"x" is no date that can be recognised`)},

	{`DateFromNum(129699324000000000)`, "1/1/2012 11:00:00 PM"},
	{`DateFromNum("0")`, "1/1/1601 12:00:00 AM"},
	{`DateFromNum([nobody])`, nil},
	{`DateFromNum(-1)`, fails("DateFromNum", 12, `"-1" is no date`)},
	{`DateFromNum(9223372036854775807)`, fails("DateFromNum", 12, `"9223372036854775807" is no date`)},
	{`DateFromNum("x")`, fails("DateFromNum", 12, `value is "x", not a whole number`)},
	{`NumFromDate(CDate("2012-01-01 23:00:00"))`, 129699324000000000},
	{`NumFromDate("2012-01-01T23:00:00.1234567Z")`, 129699324001234567},
	{`NumFromDate(Join("", FormatDateTime("2020-12-31-08:00", ,"yyyy-MM-ddzzz", "yyyy-MM-dd"), " 23:59:59-08:00"))`, 132539615990000000},
	{`NumFromDate(Join("",FormatDateTime("12/31/2020 01:00:00 PM", ,"M/d/yyyy hh:mm:ss tt","yyyy-MM-dd"), " 23:59:59-08:00"))`, 132539615990000000},
	{`NumFromDate([nobody])`, nil},
	{`NumFromDate("1601-01-01")`, 0},
	{`NumFromDate("1600-12-31")`, fails("NumFromDate", 12, "the date is before the year 1601")},

	{`Now()`, "7/2/2021 3:33:38 PM"},

	{`FormatDateTime("20150123105347.1Z", , "yyyyMMddHHmmss.fZ", "yyyy-MM-dd")`, "2015-01-23"},
	{`FormatDateTime([nobody], , "yyyy", "yyyy")`, nil},
	{`FormatDateTime([blank], , "yyyy", "yyyy")`, nil},
	{`FormatDateTime("2021-8-1", , "yyyy-MM-dd", "yyyy")`, fails("FormatDateTime", 15, `"2021-8-1" is no date of the format "yyyy-MM-dd"`)},
	{`FormatDateTime("2021", , [country], "yyyy")`, fails("FormatDateTime", 15, `"2021" is no date of the format "Germany"`)},
	{`FormatDateTime("2021", , [blank], "yyyy")`, fails("FormatDateTime", 25, `the date format is empty`)},
	{`FormatDateTime("2021", , "yyyy", [blank])`, fails("FormatDateTime", 33, `the date format is empty`)},
	{`FormatDateTime("2021", [country], "yyyy", "yyyy")`, fails("FormatDateTime", 23, `there is no date style "Germany"`)},
	{`FormatDateTime("2021", [nobody], "yyyy", Append("yy", "yy"))`, "2021"},
	{`FormatDateTime(Now(), , "G", "s")`, "2021-07-02T15:33:38"},
}

// TestFormats writes one date in each format. The expectations are .NET's for its own
// examples, in American English.
func TestFormats(t *testing.T) {
	t.Parallel()
	const from, in = "2009-06-05T13:04:07.0817500Z", "o"
	for format, want := range map[string]string{
		"d": "6/5/2009", "D": "Friday, June 5, 2009", "f": "Friday, June 5, 2009 1:04 PM", "F": "Friday, June 5, 2009 1:04:07 PM",
		"g": "6/5/2009 1:04 PM", "G": "6/5/2009 1:04:07 PM", "m": "June 5", "M": "June 5", "o": from, "O": from,
		"r": "Fri, 05 Jun 2009 13:04:07 GMT", "R": "Fri, 05 Jun 2009 13:04:07 GMT", "s": "2009-06-05T13:04:07",
		"t": "1:04 PM", "T": "1:04:07 PM", "u": "2009-06-05 13:04:07Z", "U": "Friday, June 5, 2009 1:04:07 PM", "y": "June 2009", "Y": "June 2009",
		"%d": "5", "dd": "05", "ddd": "Fri", "dddd": "Friday", "ddddd": "Friday", "d ": "5 ",
		"%M": "6", "MM": "06", "MMM": "Jun", "MMMM": "June", "%y": "9", "yy": "09", "yyy": "2009", "yyyy": "2009", "yyyyy": "02009",
		"%h": "1", "hh": "01", "hhh": "01", "%H": "13", "HH": "13", "%m": "4", "mm": "04", "%s": "7", "ss": "07",
		"%f": "0", "ff": "08", "fff": "081", "fffffff": "0817500", "%F": "", "FF": "08", "FFF": "081", "FFFFFFF": "08175",
		"ss.F": "07", "ss.FF": "07.08", "ss.fZ": "07.0Z", "%t": "P", "tt": "PM", "ttt": "PM", "gg": "A.D.",
		"%z": "+0", "zz": "+00", "zzz": "+00:00", "%K": "Z", "yyyy-MM-ddTHH:mm:ssZ": "2009-06-05T13:04:07Z",
		"h 'hours, not h'": "1 hours, not h", `'it\\'s' d`: "it's 5", `\\d\\a\\y d`: "day 5", `%d\"dd\"`: "5dd", "é yyyy": "é 2009", "dd/MM:yyyy": "05/06:2009",
	} {
		v, err := parsed(t, `FormatDateTime("`+from+`", , "`+in+`", "`+format+`")`).Eval(expr.Env{})
		require.NoError(t, err)
		require.Equal(t, want, v.Text(), format)
	}
	for _, hour := range []struct{ h, want string }{{"00", "12 AM"}, {"01", "1 AM"}, {"11", "11 AM"}, {"12", "12 PM"}, {"13", "1 PM"}, {"23", "11 PM"}} {
		v, err := parsed(t, `FormatDateTime("`+hour.h+`", , "HH", "h tt")`).Eval(expr.Env{})
		require.NoError(t, err)
		require.Equal(t, hour.want, v.Text())
	}
}

// TestReading reads dates by a format, as far as .NET does.
func TestReading(t *testing.T) {
	t.Parallel()
	const zoned = "yyyy-MM-ddTHH:mmK"
	for _, c := range []struct{ styles, format, in, want string }{ // want "" is refused
		{"", "yyyy-MM-dd", "2021-08-05", "2021-08-05T00:00"},
		{"", "yyyy-M-d", "2021-08-05", "2021-08-05T00:00"},
		{"", "yyyy-M-d", "2021-8-5", "2021-08-05T00:00"},
		{"", "yyyy-MM-dd", "2021-08-5", ""},
		{"", "yyyy-MM-dd", "2021-08-05x", ""},
		{"", "yyyy-MM-dd", "21-08-05", ""},
		{"", "yyyy-MM-dd", "2021-13-05", ""},
		{"", "yyyy-MM-dd", "2021-00-05", ""},
		{"", "yyyy-MM-dd", "2021-02-30", ""},
		{"", "yyyy-MM-dd", "0000-01-01", ""},
		{"", "yyyyy-MM-dd", "02021-01-01", "2021-01-01T00:00"},
		{"", "yyyyyyyyyyyy", "999999999999", ""},
		{"", "yy-MM-dd", "49-08-05", "2049-08-05T00:00"},
		{"", "yy-MM-dd", "50-08-05", "1950-08-05T00:00"},
		{"", "y-M-d", "7-8-5", "2007-08-05T00:00"},
		{"", "yy yyyy", "21 2021", "2021-01-01T00:00"},
		{"", "yy yyyy", "22 2021", ""},
		{"", "yyyy yyyy", "2021 2021", "2021-01-01T00:00"},
		{"", "yyyy yyyy", "2021 2022", ""},
		{"", "d MMM yyyy", "5 AUG 2021", "2021-08-05T00:00"},
		{"", "MMMM yyyy", "march 2021", "2021-03-01T00:00"},
		{"", "MMMM yyyy", "mar 2021", ""},
		{"", "yyyyMMM", "2021", ""},
		{"", "ddd yyyy-MM-dd", "Thu 2021-08-05", "2021-08-05T00:00"},
		{"", "dddd yyyy-MM-dd", "Friday 2021-08-05", ""},
		{"", "yyyy", "2021", "2021-01-01T00:00"},
		{"", "MM-dd", "03-04", "2021-03-04T00:00"},
		{"", "%d", "31", "2021-01-31T00:00"},
		{"", "HH:mm", "09:05", "2021-07-02T09:05"},
		{"NoCurrentDateDefault", "HH:mm", "09:05", "0001-01-01T09:05"},
		{"", "H:m", "9:5", "2021-07-02T09:05"},
		{"", "HH:mm", "24:00", ""},
		{"", "HH:mm", "09:60", ""},
		{"", "HH:mm:ss", "09:05:60", ""},
		{"", "h:mm", "9:05", "2021-07-02T09:05"},
		{"", "h:mm", "12:05", "2021-07-02T00:05"},
		{"", "h:mm tt", "12:05 pm", "2021-07-02T12:05"},
		{"", "h:mm t", "9:05 P", "2021-07-02T21:05"},
		{"", "h:mm tt", "13:05 PM", ""},
		{"", "h:mm tt", "9:05 XM", ""},
		{"", "h:mmtt", "9:05", ""},
		{"", "H:mm tt", "13:05 PM", "2021-07-02T13:05"},
		{"", "H:mm tt", "13:05 AM", ""},
		{"", "H:mm tt", "12:05 PM", "2021-07-02T12:05"},
		{"", "H:mm tt", "12:05 AM", ""},
		{"", "H h mm", "13 1 00", ""},
		{"", "yyyy ss.FFF", "2021 01", "2021-01-01T00:00"},
		{"", "yyyy ss.FFF", "2021 01.5", "2021-01-01T00:00"},
		{"", "yyyy ss.FFF", "2021 01.", "2021-01-01T00:00"},
		{"", "yyyy ss.FFF", "2021 01.1234", ""},
		{"", "yyyy ss'x'FFF", "2021 01", ""},
		{"", "yyyy ss.fff", "2021 01.5", ""},
		{"", "yyyy gg", "2021 A.D.", "2021-01-01T00:00"},
		{"", "yyyy gg", "2021 ad", "2021-01-01T00:00"},
		{"", "yyyy gg", "2021 BC", ""},
		{"", "yyyy'yyyy'", "2021yyyy", "2021-01-01T00:00"},
		{"", "yyyy'yyyy'", "20212021", ""},
		{"", "yyyy-MM-ddZ", "2021-08-05Z", "2021-08-05T00:00Z"},
		{"", "yyyy-MM-ddZ", "2021-08-05GMT", "2021-08-05T00:00Z"},
		{"", "yyyy-MM-ddZ", "2021-08-05", ""},
		{"", "yyyy-MM-ddzzz", "2021-08-05-08:00", "2021-08-05T08:00+00:00"},
		{"", "yyyy-MM-ddzzz", "2021-08-05+0830", "2021-08-04T15:30+00:00"},
		{"", "yyyy-MM-ddzzz", "2021-08-05+8:30", "2021-08-04T15:30+00:00"},
		{"", "yyyy-MM-ddzzz", "2021-08-05+00:59", "2021-08-04T23:01+00:00"},
		{"", "yyyy-MM-ddzzz", "2021-08-05+08:60", ""},
		{"", "yyyy-MM-ddTHHzzz", "0000-12-31T20-08:00", ""},
		{"", "yyyy-MM-ddzzz", "2021-08-05+15:00", ""},
		{"", "yyyy-MM-ddzzz", "2021-08-0508:00", ""},
		{"", "yyyy-MM-ddzzz", "2021-08-05", ""},
		{"", "yyyy-MM-ddzz", "2021-08-05-08", "2021-08-05T08:00+00:00"},
		{"", "yyyy-MM-ddzz", "2021-08-05-8", ""},
		{"", "yyyy-MM-ddz", "2021-08-05-8", "2021-08-05T08:00+00:00"},
		{"", "yyyy-MM-ddzzz", "0001-01-01+08:00", ""},
		{"", "yyyy-MM-ddK", "2021-08-05", "2021-08-05T00:00"},
		{"", "yyyy-MM-ddK", "2021-08-05Z", "2021-08-05T00:00Z"},
		{"", "yyyy-MM-ddK", "2021-08-05-08:00", "2021-08-05T08:00+00:00"},
		{"", "yyyy-MM-ddK", "2021-08-05-", ""},
		{"AdjustToUniversal", "yyyy-MM-ddK", "2021-08-05-08:00", "2021-08-05T08:00Z"},
		{"AssumeUniversal", "yyyy-MM-ddK", "2021-08-05", "2021-08-05T00:00+00:00"},
		{"AssumeLocal", "yyyy-MM-ddK", "2021-08-05", "2021-08-05T00:00+00:00"},
		{"AssumeUniversal, AdjustToUniversal", "yyyy-MM-ddK", "2021-08-05", "2021-08-05T00:00Z"},
		{"None", "yyyy-MM-ddK", "2021-08-05Z", "2021-08-05T00:00+00:00"},
		{"", "yyyy-MM-dd", "  2021-08-05\t", "2021-08-05T00:00"},
		{"", "yyyy-MM-dd", "2021- 08-05", ""},
		{"None", "yyyy-MM-dd", " 2021-08-05", ""},
		{"None", "yyyy-MM-dd", "2021-08-05 ", ""},
		{"AllowLeadingWhite", "yyyy-MM-dd", " 2021-08-05", "2021-08-05T00:00"},
		{"AllowTrailingWhite", "yyyy-MM-dd", " 2021-08-05", ""},
		{"AllowInnerWhite", "yyyy-MM-dd", "2021 -08- 05", "2021-08-05T00:00"},
		{"AllowInnerWhite", "yyyy MM dd", "20210805", "2021-08-05T00:00"},
		{"AllowInnerWhite", "yyyy-MM", "2021/08", ""},
		{"AllowInnerWhite", "yyyy'x'", "2021", ""},
		{"AllowInnerWhite", "yyyy' - 'MM", "2021-08", "2021-08-01T00:00"},
		{"AllowWhiteSpaces", "yyyy-MM-dd", " 2021 - 08 - 05 ", "2021-08-05T00:00"},
		{"RoundtripKind", "r", "Thu, 05 Aug 2021 10:00:00 GMT", "2021-08-05T10:00Z"},
		{"", "u", "2021-08-05 10:00:00Z", "2021-08-05T10:00Z"},
		{"", "o", "2021-08-05T10:00:00.0000000-01:00", "2021-08-05T11:00+00:00"},
		{"", "s", "2021-08-05T10:00:00", "2021-08-05T10:00"},
	} {
		in := env(nil)
		e := parsed(t, `FormatDateTime("`+c.in+`", "`+c.styles+`", "`+c.format+`", "`+zoned+`")`)
		v, err := e.Eval(in)
		if c.want == "" {
			require.Error(t, err, c)
			continue
		}
		require.NoError(t, err, c)
		require.Equal(t, c.want, v.Text(), c)
	}
}

// TestRoundTrip: what a format writes it reads, if the format tells all there is.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	formats := []string{"yyyy-MM-ddTHH:mm:ss.fffffffK", "ddd, d MMM yyyy h:m:s.FFFFFFF tt", "dddd yyyyMMddHHmmssfffffff", "yyyyy/M/d H:m:s.FFFFFFFzzz", "o"}
	rapid.Check(t, func(t *rapid.T) {
		ticks := rapid.Int64Range(0, 315_537_897_599*10_000_000).Draw(t, "ticks")
		at := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).Unix() + ticks/10_000_000
		want := time.Unix(at, ticks%10_000_000*100).UTC().Format("2006-01-02T15:04:05.0000000")
		format := rapid.SampledFrom(formats).Draw(t, "format")
		e, err := expr.Parse(`FormatDateTime(FormatDateTime([d], , "yyyy-MM-ddTHH:mm:ss.fffffff", "` + format + `"), , "` + format + `", "yyyy-MM-ddTHH:mm:ss.fffffff")`)
		require.NoError(t, err)
		v, err := e.Eval(env(object{"d": expr.Text(want)}))
		require.NoError(t, err)
		require.Equal(t, want, v.Text())
	})
}

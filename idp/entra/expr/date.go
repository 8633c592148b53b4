package expr

import "time"

// dateLayout is how functions return dates: M/d/yyyy h:mm:ss tt.
var dateLayout = mustLayout("G")

// dateLayouts are the notations that CDate reads, as Americans write them where days
// and months could be mixed up.
var dateLayouts = func() []layout {
	var out []layout
	days := []string{"yyyy-M-d", "M/d/yyyy", "yyyy/M/d", "M/d/yy", "MMMM d, yyyy", "MMM d, yyyy", "d MMMM yyyy", "d MMM yyyy", "dddd, MMMM d, yyyy"}
	times := []string{"", " H:m:s.FFFFFFF", " H:m", " h:m:s.FFFFFFF tt", " h:m tt"}
	for _, d := range days {
		for _, t := range times {
			for _, z := range []string{"K", " K"} {
				out = append(out, mustLayout(d+t+z))
			}
		}
	}
	for _, iso := range []string{"yyyy-M-dTH:m:s.FFFFFFFK", "yyyy-M-dTH:mK", "r"} {
		out = append(out, mustLayout(iso))
	}
	return out
}()

// mustLayout is for formats that stand in the code.
func mustLayout(text string) layout {
	l, err := parseLayout(text)
	if err != nil {
		panic(err)
	}
	return l
}

// written is a date as functions return it.
func written(t time.Time) Value { return Text(dateLayout.format(t, inUTC)) }

// date is argument i as a date; ok is false if it is absent or empty. What CDate reads
// is a date, also where it stands without CDate.
func (c *call) date(i int) (t time.Time, ok bool, err error) {
	s, _, err := c.text(i)
	if err != nil || s == "" {
		return t, false, err
	}
	now := c.ev.now()
	for _, l := range dateLayouts {
		if t, _, ok := l.parse(s, leadingWhite|trailingWhite|assumeUniversal|adjustToUniversal, now); ok {
			return t, true, nil
		}
	}
	return t, false, c.fail(i, "%s is no date that can be recognised", c.quote(s))
}

func cDate(c *call) (Value, error) {
	t, ok, err := c.date(0)
	if err != nil || !ok {
		return Value{}, err
	}
	return written(t), nil
}

func nowText(c *call) (Value, error) { return written(c.ev.now()), nil }

// formats is what FormatDateTime makes of its constants.
type formats struct {
	styles  *styles
	in, out *layout
}

func prepareFormats(n *node) (any, *Error) {
	var f formats
	for i, into := range []**layout{2: &f.in, 3: &f.out} {
		text, at, ok := constant(n, i)
		if into == nil || !ok {
			continue
		}
		l, err := parseLayout(text)
		if err != nil {
			return nil, &Error{Offset: at, Msg: err.Error()}
		}
		*into = &l
	}
	if text, at, ok := constant(n, 1); ok || n.args[1] == nil {
		s, err := parseStyles(text)
		if err != nil {
			return nil, &Error{Offset: at, Msg: err.Error()}
		}
		f.styles = &s
	}
	return f, nil
}

// formatDateTime returns an absent or empty source as it is.
func formatDateTime(c *call) (Value, error) {
	s, ok, err := c.text(0)
	if err != nil || !ok || s == "" {
		return Value{}, err
	}
	f, _ := c.n.ready.(formats)
	how, err := c.styles(f.styles)
	if err != nil {
		return Value{}, err
	}
	in, err := c.layout(2, f.in)
	if err != nil {
		return Value{}, err
	}
	out, err := c.layout(3, f.out)
	if err != nil {
		return Value{}, err
	}
	t, z, ok := in.parse(s, how, c.ev.now())
	if !ok {
		format, _, _ := c.text(2)
		return Value{}, c.fail(0, "%s is no date of the format %q", c.quote(s), format)
	}
	return Text(out.format(t, z)), nil
}

// layout is argument i as a date format, if it has not been read already.
func (c *call) layout(i int, ready *layout) (layout, error) {
	if ready != nil {
		return *ready, nil
	}
	s, _, err := c.text(i)
	if err != nil {
		return layout{}, err
	}
	l, err := parseLayout(s)
	if err != nil {
		return layout{}, c.fail(i, "%s", err)
	}
	return l, nil
}

func (c *call) styles(ready *styles) (styles, error) {
	if ready != nil {
		return *ready, nil
	}
	s, _, err := c.text(1)
	if err != nil {
		return 0, err
	}
	how, err := parseStyles(s)
	if err != nil {
		return 0, c.fail(1, "%s", err)
	}
	return how, nil
}

// seconds are how long the intervals are, years and months at least.
var seconds = map[string]int64{"yyyy": 365 * 24 * 3600, "m": 28 * 24 * 3600, "ww": 7 * 24 * 3600, "d": 24 * 3600, "h": 3600, "n": 60, "s": 1}

func dateAdd(c *call) (Value, error) {
	interval, err := c.choice(0)
	if err != nil {
		return Value{}, err
	}
	n, err := c.number(1)
	if err != nil {
		return Value{}, err
	}
	t, ok, err := c.date(2)
	if err != nil || !ok {
		return Value{}, err
	}
	const most = 400_000_000_000 // seconds in more than 10,000 years
	if each := seconds[interval]; n > most/each || n < -most/each {
		return Value{}, c.fail(1, "the date would be out of range")
	}
	switch interval {
	case "yyyy":
		t = addMonths(t, 12*n)
	case "m":
		t = addMonths(t, n)
	default:
		t = time.Unix(t.Unix()+n*seconds[interval], int64(t.Nanosecond())).UTC()
	}
	if t.Year() < 1 || t.Year() > 9999 {
		return Value{}, c.fail(1, "the date would be out of range")
	}
	return written(t), nil
}

// addMonths goes to the same day of another month, or to its last if it has no such
// day.
func addMonths(t time.Time, n int64) time.Time {
	months := int64(t.Year())*12 + int64(t.Month()) - 1 + n
	first := time.Date(int(months/12), time.Month(months%12)+1, 1, t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// dateDiff counts as Visual Basic does: years and months by the calendar, weeks by
// the Sundays before the dates, the rest in full.
func dateDiff(c *call) (Value, error) {
	interval, err := c.choice(0)
	if err != nil {
		return Value{}, err
	}
	from, ok1, err := c.date(1)
	if err != nil {
		return Value{}, err
	}
	to, ok2, err := c.date(2)
	if err != nil || !ok1 || !ok2 {
		return Value{}, err
	}
	years := int64(to.Year() - from.Year())
	switch interval {
	case "yyyy":
		return Integer(years), nil
	case "m":
		return Integer(years*12 + int64(to.Month()) - int64(from.Month())), nil
	case "ww":
		from = from.AddDate(0, 0, -int(from.Weekday()))
		to = to.AddDate(0, 0, -int(to.Weekday()))
	}
	return Integer(elapsed(from, to) / seconds[interval]), nil
}

// elapsed are the full seconds between two times, rounded towards zero.
func elapsed(from, to time.Time) int64 {
	s := to.Unix() - from.Unix()
	switch ns := to.Nanosecond() - from.Nanosecond(); {
	case s > 0 && ns < 0:
		s--
	case s < 0 && ns > 0:
		s++
	}
	return s
}

// The numbers of Active Directory count units of 100 ns from the year 1601.
const (
	ticksPerSecond = 10_000_000
	from1601       = 11_644_473_600 // seconds to the year 1970
)

func dateFromNum(c *call) (Value, error) {
	s, _, err := c.text(0)
	if err != nil || s == "" {
		return Value{}, err
	}
	n, err := c.whole(0, s)
	if err != nil {
		return Value{}, err
	}
	t := time.Unix(n/ticksPerSecond-from1601, n%ticksPerSecond*100).UTC()
	if n < 0 || t.Year() > 9999 {
		return Value{}, c.fail(0, "%s is no date", c.quote(s))
	}
	return written(t), nil
}

func numFromDate(c *call) (Value, error) {
	t, ok, err := c.date(0)
	if err != nil || !ok {
		return Value{}, err
	}
	s := t.Unix() + from1601
	if s < 0 {
		return Value{}, c.fail(0, "the date is before the year 1601")
	}
	return Integer(s*ticksPerSecond + int64(t.Nanosecond()/100)), nil
}

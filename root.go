package scim

import (
	"strconv"
	"strings"
)

// This file makes one list of two: of users and of groups, for queries at the
// root (RFC 7644 section 3.4.2.1).

// listed is a list and what is asked of it.
type listed struct {
	list func(Query) (Page[resource], error)
	q    Query
}

// concat lists the first and then the second. A place begins with the number of
// the list that it is in.
func concat(first, second listed) (Page[resource], error) {
	var p Page[resource]
	var err error
	q := first.q
	inSecond := strings.HasPrefix(q.After, "1")
	if !inSecond {
		first.q.After = strings.TrimPrefix(q.After, "0")
		if p, err = first.list(first.q); err != nil {
			return p, err
		}
		if p.Next != "" {
			p.Next = "0" + p.Next
		}
	}
	second.q.After = ""
	switch {
	case inSecond:
		second.q.After = q.After[1:]
	case p.Next != "" || q.Limit < 0 || len(p.Items) == q.Limit:
		if q.NoTotal && p.Next != "" {
			return p, nil
		}
		second.q.Limit, second.q.NoTotal = -1, false // its total alone, or whether it has any
	default:
		second.q.Offset = max(q.Offset-p.Total, 0)
		second.q.Limit = q.Limit - len(p.Items)
	}
	s, err := second.list(second.q)
	if err != nil {
		return Page[resource]{}, err
	}
	p.Total += s.Total
	p.Items = append(p.Items, s.Items...)
	switch {
	case second.q.Limit > 0 && s.Next != "":
		p.Next = "1" + s.Next
	case p.Next == "" && second.q.Limit < 0 && q.Limit > 0 && s.Total > 0:
		p.Next = "1" // the page ended where the first list did
	}
	return p, nil
}

// merge lists two sorted lists as one. A place has the places in both.
type merge struct {
	of [2]listed
	by *Sort
}

// ahead is where a list goes on: behind the place after, and of what stands there
// behind the resource at past.
type ahead struct {
	after string
	past  string // place.String, "" for none
	done  bool   // there is no more
}

func (m *merge) page() (Page[resource], error) {
	q := m.of[0].q
	from, err := parseMerged(q.After)
	if err != nil {
		return Page[resource]{}, err
	}
	var out Page[resource]
	if !q.NoTotal {
		for _, l := range m.of {
			l.q.Limit, l.q.Offset, l.q.After = -1, 0, ""
			p, err := l.list(l.q)
			if err != nil {
				return out, err
			}
			out.Total += p.Total
		}
	}
	if q.Limit < 0 {
		return out, nil
	}
	if q.Offset > mostSorted {
		return out, badRequest(typeTooMany, "A sorted list over all types of resources ends here after %d of them; go on with a cursor.", mostSorted)
	}
	// What stands in front of the page is gone through page by page.
	for skip := q.Offset; skip > 0; {
		items, err := m.next(&from, min(skip, scanPage))
		if err != nil {
			return out, err
		}
		if len(items) == 0 {
			return out, nil
		}
		skip -= len(items)
	}
	if out.Items, err = m.next(&from, q.Limit); err != nil {
		return out, err
	}
	if !from[0].done || !from[1].done {
		out.Next = mergedPlace(from)
	}
	return out, nil
}

// done is the place behind the end of a list.
const done = "."

// mergedPlace writes where both lists go on: each part behind its length.
func mergedPlace(from [2]ahead) string {
	var b strings.Builder
	for _, a := range from {
		if a.done {
			a.after = done
		}
		for _, part := range []string{a.after, a.past} {
			b.WriteString(strconv.Itoa(len(part)) + ":" + part)
		}
	}
	return b.String()
}

func parseMerged(text string) (from [2]ahead, err error) {
	if text == "" {
		return from, nil
	}
	for i := range from {
		for _, part := range []*string{&from[i].after, &from[i].past} {
			n, rest, ok := strings.Cut(text, ":")
			length, err := strconv.Atoi(n)
			if !ok || err != nil || length < 0 || length > len(rest) {
				return from, ErrPlace
			}
			*part, text = rest[:length], rest[length:]
		}
		from[i].done = from[i].after == done
	}
	if text != "" {
		return from, ErrPlace
	}
	return from, nil
}

// candidate is a resource that may come next, and the place of the page that it
// came with.
type candidate struct {
	resource
	after string
	at    place
}

// next returns the next resources of both lists, and moves on behind them.
func (m *merge) next(from *[2]ahead, limit int) ([]resource, error) {
	var found [2][]candidate
	var rest [2]string
	for i := range from {
		var err error
		if found[i], rest[i], err = m.candidates(i, from[i], limit); err != nil {
			return nil, err
		}
	}
	var items []resource
	var taken [2]int
	for len(items) < limit && (taken[0] < len(found[0]) || taken[1] < len(found[1])) {
		i := 0
		switch {
		case taken[0] == len(found[0]):
			i = 1
		case taken[1] == len(found[1]):
		case m.by.compare(found[0][taken[0]].at, found[1][taken[1]].at) > 0:
			i = 1
		}
		items = append(items, found[i][taken[i]].resource)
		taken[i]++
	}
	for i, n := range taken {
		switch {
		case from[i].done:
		case n == len(found[i]):
			from[i] = ahead{after: rest[i], done: rest[i] == ""}
		case n > 0:
			last := found[i][n-1]
			from[i] = ahead{after: last.after, past: last.at.String()}
		}
	}
	return items, nil
}

// candidates returns the next resources of one list, limit of them unless there
// are fewer, and the place behind them, "" for the end.
func (m *merge) candidates(i int, from ahead, limit int) (out []candidate, rest string, err error) {
	if from.done {
		return nil, "", nil
	}
	l := m.of[i]
	l.q.Offset, l.q.Limit, l.q.NoTotal = 0, limit, true
	var past place
	if from.past != "" {
		if past, err = parsePlace(from.past); err != nil {
			return nil, "", err
		}
	}
	for l.q.After = from.after; ; {
		p, err := l.list(l.q)
		if err != nil {
			return nil, "", err
		}
		for _, r := range p.Items {
			if at := m.place(r); from.past == "" || m.by.compare(past, at) < 0 {
				out = append(out, candidate{r, l.q.After, at})
			}
		}
		if p.Next == "" || len(out) >= limit {
			return out, p.Next, nil
		}
		l.q.After = p.Next
	}
}

// place is where a resource stands in the one order.
func (m *merge) place(r resource) place {
	if r.u != nil {
		return place{m.of[0].q.Sort.UserKey(r.u), r.u.Created, r.u.ID}
	}
	return place{m.of[1].q.Sort.GroupKey(r.g), r.g.Created, r.g.ID}
}

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
	case s.Next != "":
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

// done is the place behind the end of a list.
const done = "."

func (m *merge) page() (Page[resource], error) {
	q := m.of[0].q
	after, err := parseMerged(q.After)
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
		items, err := m.next(&after, min(skip, scanPage))
		if err != nil {
			return out, err
		}
		if len(items) == 0 {
			return out, nil
		}
		skip -= len(items)
	}
	if out.Items, err = m.next(&after, q.Limit); err != nil {
		return out, err
	}
	if after[0] != done || after[1] != done {
		out.Next = strconv.Itoa(len(after[0])) + ":" + after[0] + after[1]
	}
	return out, nil
}

func parseMerged(text string) (after [2]string, err error) {
	if text == "" {
		return after, nil
	}
	n, rest, ok := strings.Cut(text, ":")
	length, err := strconv.Atoi(n)
	if !ok || err != nil || length < 0 || length > len(rest) {
		return after, ErrPlace
	}
	return [2]string{rest[:length], rest[length:]}, nil
}

// next returns the next resources of both lists, and moves the places behind them.
func (m *merge) next(after *[2]string, limit int) ([]resource, error) {
	var pages [2]Page[resource]
	for i, l := range m.of {
		if after[i] == done {
			continue
		}
		l.q.After, l.q.Offset, l.q.Limit, l.q.NoTotal = after[i], 0, limit, true
		var err error
		if pages[i], err = l.list(l.q); err != nil {
			return nil, err
		}
	}
	items, taken := m.zip(pages[0].Items, pages[1].Items, limit)
	for i, l := range m.of {
		switch n := taken[i]; {
		case after[i] == done:
		case n == len(pages[i].Items) && pages[i].Next == "":
			after[i] = done
		case n == len(pages[i].Items):
			after[i] = pages[i].Next
		case n > 0:
			// The page went further than was taken of it: ask where that is.
			l.q.After, l.q.Offset, l.q.Limit, l.q.NoTotal = after[i], 0, n, true
			p, err := l.list(l.q)
			if err != nil {
				return nil, err
			}
			after[i] = p.Next
		}
	}
	return items, nil
}

// zip merges users and groups, limit of them at most, and says how many of each.
func (m *merge) zip(users, groups []resource, limit int) (items []resource, taken [2]int) {
	for len(items) < limit && (taken[0] < len(users) || taken[1] < len(groups)) {
		i := 0
		switch {
		case taken[0] == len(users):
			i = 1
		case taken[1] == len(groups):
		case m.by.compare(m.place(users[taken[0]]), m.place(groups[taken[1]])) > 0:
			i = 1
		}
		items = append(items, [2][]resource{users, groups}[i][taken[i]])
		taken[i]++
	}
	return items, taken
}

// place is where a resource stands in the one order.
func (m *merge) place(r resource) place {
	if r.u != nil {
		return place{m.of[0].q.Sort.UserKey(r.u), r.u.Created, r.u.ID}
	}
	return place{m.of[1].q.Sort.GroupKey(r.g), r.g.Created, r.g.ID}
}

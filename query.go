package scim

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/usher-scim/scim/internal/scimjson"
	"github.com/usher-scim/scim/internal/syntax"
)

// This file reads what a client asks of a list (RFC 7644 section 3.4.2).

// params are the query parameters that mean something here, from the query string
// or from the body of a search. Others are ignored.
type params struct {
	filter, sortBy, sortOrder, startIndex, count, cursor, attributes, excluded string

	paged bool // cursor was given, be it empty (RFC 9865 section 2)
}

// parse reads a query string as a form: the names ignore case, and the first of
// several values counts.
func (p *params) parse(query string) error {
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		to := p.field(name)
		if to == nil {
			continue
		}
		p.paged = p.paged || to == &p.cursor
		if *to != "" {
			continue
		}
		v, err := url.QueryUnescape(value)
		if err != nil {
			return badRequest(typeInvalidValue, "The query parameter %s cannot be decoded: a %% that stands for itself is written %%25.", name)
		}
		*to = strings.TrimSpace(v)
	}
	return nil
}

// search reads the body of a search (RFC 7644 section 3.4.3), which takes the
// place of the query string.
func (p *params) search(body scimjson.Value) error {
	if body.Kind() != scimjson.Object {
		return badRequest(typeInvalidSyntax, "The body must be a JSON object that is a search request.")
	}
	*p = params{}
	for key, v := range body.Members() {
		to := p.field(key.String())
		if to == nil || v.Kind() == scimjson.Null {
			continue
		}
		p.paged = p.paged || to == &p.cursor
		var text string
		var ok bool
		switch to {
		case &p.attributes, &p.excluded:
			text, ok = namesText(v)
		case &p.startIndex, &p.count:
			text, ok = v.Text(), v.Kind() == scimjson.Number || v.Kind() == scimjson.String
		default:
			text, ok = v.Text(), v.Kind() == scimjson.String
		}
		if !ok {
			return badRequest(typeInvalidValue, "%s has a value of the wrong type.", key.String())
		}
		*to = strings.TrimSpace(text)
	}
	return nil
}

// namesText reads the names of attributes, a list of them or one text.
func namesText(v scimjson.Value) (string, bool) {
	if v.Kind() != scimjson.Array {
		return v.Text(), v.Kind() == scimjson.String
	}
	names := make([]string, 0, v.Len())
	for e := range v.Elements() {
		if e.Kind() != scimjson.String {
			return "", false
		}
		names = append(names, e.Text())
	}
	return strings.Join(names, ","), true
}

func (p *params) field(name string) *string {
	switch {
	case strings.EqualFold(name, "filter"):
		return &p.filter
	case strings.EqualFold(name, "sortBy"):
		return &p.sortBy
	case strings.EqualFold(name, "sortOrder"):
		return &p.sortOrder
	case strings.EqualFold(name, "startIndex"):
		return &p.startIndex
	case strings.EqualFold(name, "count"):
		return &p.count
	case strings.EqualFold(name, "cursor"):
		return &p.cursor
	case strings.EqualFold(name, "attributes"):
		return &p.attributes
	case strings.EqualFold(name, "excludedAttributes"):
		return &p.excluded
	}
	return nil
}

// judge notes what the RFC rules out in the names of attributes.
func (p *params) judge(t *table, tol *tolerance) error {
	if p.attributes == "" && p.excluded == "" {
		return nil
	}
	if err := tol.noteIf(p.attributes != "" && p.excluded != "", QuirkBothProjections, ""); err != nil {
		return err
	}
	for _, list := range []string{p.attributes, p.excluded} {
		for _, name := range splitNames(list) {
			path, err := syntax.ParseAttributePath(name)
			if err != nil {
				continue
			}
			a, _ := t.find(path)
			if err := tol.named(t, path, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// kinds are the types of resources that a list has.
type kinds uint8

const (
	usersOnly kinds = 1 << iota
	groupsOnly
	everything = usersOnly | groupsOnly
)

// listRequest is a query as a client put it. Filter and Sort are resolved for
// each type of resource; all else is the same in both queries.
type listRequest struct {
	kinds         kinds
	users, groups Query
	startIndex    int // 1-based
	paged         bool
	tol           *tolerance
	total         int // of a later page by cursor: what the first page counted
}

// parseList reads the query of a list. scope is what a cursor is bound to.
func (d *Directory) parseList(p *params, k kinds, tol *tolerance) (*listRequest, error) {
	l := &listRequest{kinds: k, paged: p.paged, tol: tol}
	var err error
	if l.startIndex, err = number("startIndex", p.startIndex, 1, 1); err != nil {
		return nil, err
	}
	q := Query{Offset: l.startIndex - 1}
	if p.paged {
		l.startIndex, q.Offset = 1, 0
	}
	if q.Limit, err = d.count(p); err != nil {
		return nil, err
	}
	l.users, l.groups = q, q
	if p.filter != "" {
		if err := l.filter(d, p.filter); err != nil {
			return nil, err
		}
	}
	return l, l.sort(d, p)
}

// count reads how many resources a page has at most; below zero for none. By
// cursor a count that is out of range is refused (RFC 9865 section 2.1).
func (d *Directory) count(p *params) (int, error) {
	n, err := number("count", p.count, d.limits.PageSize, 0)
	if p.paged && (err != nil || n < 1 || n > d.limits.Results) {
		return 0, badRequest(typeInvalidCount, "count must be a number from 1 to %d.", d.limits.Results)
	}
	if n == 0 {
		return -1, err
	}
	return min(n, d.limits.Results), err
}

func (l *listRequest) filter(d *Directory, text string) (err error) {
	if l.kinds&usersOnly != 0 {
		if l.users.Filter, err = d.table.parseFilter(text, false, l.tol); err != nil {
			return err
		}
		l.users.Filter.bound(d.limits.Comparisons)
	}
	if l.kinds&groupsOnly != 0 {
		if l.groups.Filter, err = d.table.parseFilter(text, true, l.tol); err != nil {
			return err
		}
		l.groups.Filter.bound(d.limits.Comparisons)
	}
	return nil
}

func (l *listRequest) sort(d *Directory, p *params) (err error) {
	descending := false
	switch order := p.sortOrder; {
	case order == "" || strings.EqualFold(order, "ascending"):
	case strings.EqualFold(order, "descending"):
		descending = true
	default:
		return badRequest(typeInvalidValue, "sortOrder is %q; it must be ascending or descending.", shorten(order, 40))
	}
	if p.sortBy == "" {
		return nil
	}
	if l.kinds&usersOnly != 0 {
		if l.users.Sort, err = d.table.parseSort(p.sortBy, descending, false, l.tol); err != nil {
			return err
		}
	}
	if l.kinds&groupsOnly != 0 {
		l.groups.Sort, err = d.table.parseSort(p.sortBy, descending, true, l.tol)
	}
	return err
}

// number reads a whole number; below low it is low.
func number(name, text string, def, low int) (int, error) {
	if text == "" {
		return def, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, badRequest(typeInvalidValue, "%s must be a whole number.", name)
	}
	return max(n, low), nil
}

// projection says which attributes an answer has (RFC 7644 sections 3.4.2.5 and
// 3.9). A nil projection has all of them.
type projection struct {
	only bool   // attributes was given: nothing but what is in mask
	mask []bool // by slot: wanted, or with only false unwanted
}

// parseProjection reads attributes and excludedAttributes; given both, the
// first counts. Names that are not known are ignored.
func (t *table) parseProjection(q *params, group bool) *projection {
	list, only := q.attributes, q.attributes != ""
	if !only {
		list = q.excluded
	}
	if list == "" {
		return nil
	}
	p := &projection{only: only, mask: make([]bool, t.slots)}
	find := t.find
	if group {
		find = t.findGroup
	}
	for _, name := range splitNames(list) {
		path, err := syntax.ParseAttributePath(name)
		if err != nil {
			continue
		}
		a, ext := find(path)
		switch {
		case ext != nil:
			for _, a := range ext.all {
				p.mark(a)
			}
		case a != nil:
			p.mark(a)
		}
	}
	return p
}

// splitNames splits at commas outside of brackets and quotes.
func splitNames(s string) []string {
	var out []string
	depth, start, quoted := 0, 0, false
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' && (i == 0 || s[i-1] != '\\'):
			quoted = !quoted
		case quoted:
		case c == '[':
			depth++
		case c == ']':
			depth--
		case c == ',' && depth <= 0:
			out = append(out, strings.TrimSpace(s[start:i]))
			start = i + 1
		}
	}
	return append(out, strings.TrimSpace(s[start:]))
}

// mark takes note of an attribute and all its parts. Of one that is asked for by
// a part, the whole is wanted as far as that part goes.
func (p *projection) mark(a *attr) {
	p.mask[a.slot] = true
	for _, s := range a.subs.all {
		p.mask[s.slot] = true
	}
}

// shows reports whether any of an attribute is in the answer.
func (p *projection) shows(a *attr) bool {
	switch {
	case a.never, a.request && (p == nil || !p.only):
		return false
	case p == nil || a.always:
		return true
	case !p.only:
		return !p.mask[a.slot]
	case p.mask[a.slot]:
		return true
	}
	for _, s := range a.subs.all {
		if p.mask[s.slot] {
			return true
		}
	}
	return false
}

// showsSub reports whether a sub-attribute is in the answer, given that its
// attribute is.
func (p *projection) showsSub(s *attr) bool {
	if s.never || s.request && (p == nil || !p.only) {
		return false
	}
	return p == nil || s.always || p.mask[s.slot] == p.only
}

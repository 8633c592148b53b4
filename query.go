package scim

import (
	"errors"
	"net/url"
	"strconv"
	"strings"

	"github.com/usher-scim/scim/internal/syntax"
)

// params are the query parameters that mean something here. Others are ignored.
type params struct {
	filter, startIndex, count, attributes, excluded string
}

// parse reads a query string as a form: the names ignore case, and the first of
// several values counts.
func (p *params) parse(query string) error {
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		to := p.field(name)
		if to == nil || *to != "" {
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

func (p *params) field(name string) *string {
	switch {
	case strings.EqualFold(name, "filter"):
		return &p.filter
	case strings.EqualFold(name, "startIndex"):
		return &p.startIndex
	case strings.EqualFold(name, "count"):
		return &p.count
	case strings.EqualFold(name, "attributes"):
		return &p.attributes
	case strings.EqualFold(name, "excludedAttributes"):
		return &p.excluded
	}
	return nil
}

// listRequest is a query as a client put it.
type listRequest struct {
	filter     string
	startIndex int // 1-based
	count      int
}

// parseList reads the query of a list (RFC 7644 section 3.4.2).
func (d *Directory) parseList(p *params) (listRequest, error) {
	l := listRequest{filter: p.filter}
	var err error
	if l.startIndex, err = number("startIndex", p.startIndex, 1, 1); err != nil {
		return l, err
	}
	if l.count, err = number("count", p.count, d.limits.PageSize, 0); err != nil {
		return l, err
	}
	l.count = min(l.count, d.limits.Results)
	return l, nil
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

// page turns a list request into a store's query.
func (l listRequest) page() Query {
	q := Query{Offset: l.startIndex - 1, Limit: l.count}
	if l.count == 0 {
		q.Limit = -1
	}
	return q
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
	return p == nil || p.mask[s.slot] == p.only
}

package scim

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/usher-scim/scim/internal/syntax"
)

// listUsers returns a page of users. What an index finds is looked up there;
// other filters are the store's, or, where it declines, the core's.
func (d *Directory) listUsers(ctx context.Context, t Tenant, q Query) (Page[*User], error) {
	if f, ok := q.Filter.Lookup(); ok && q.Status == 0 && q.Folder == (FolderKey{}) && q.After == "" {
		found, err := d.store.FindUsers(ctx, t, f)
		if err != nil {
			return Page[*User]{}, err
		}
		match := d.userMatcher(ctx, t, q.Filter)
		found = slices.DeleteFunc(found, func(u *User) bool { return !match.ok(u) })
		return cut(found, q), match.err
	}
	page, err := d.store.Users(ctx, t, q)
	if !errors.Is(err, errors.ErrUnsupported) {
		return page, err
	}
	match := d.userMatcher(ctx, t, q.Filter)
	all, err := scan(q, d.limits.Scan, match.ok, func(q Query) (Page[*User], error) { return d.store.Users(ctx, t, q) })
	return all, errors.Join(err, match.err)
}

// userMatcher evaluates a filter that may ask for the groups of users.
func (d *Directory) userMatcher(ctx context.Context, t Tenant, f *Filter) *matcher {
	return &matcher{d: d, ctx: ctx, t: t, f: f}
}

type matcher struct {
	d   *Directory
	ctx context.Context
	t   Tenant
	f   *Filter
	err error
}

func (m *matcher) ok(u *User) bool {
	return m.f.MatchUser(u, func() []GroupRef {
		refs, err := m.d.GroupsOf(m.ctx, m.t, u.ID)
		if err != nil && m.err == nil {
			m.err = err
		}
		return refs[u.ID]
	})
}

// listGroups is listUsers for groups.
func (d *Directory) listGroups(ctx context.Context, t Tenant, q Query) (Page[*Group], error) {
	m := &membership{d: d, ctx: ctx, t: t}
	match := func(g *Group) bool {
		m.group = g.ID
		return q.Filter.MatchGroup(g, m)
	}
	if f, ok := q.Filter.Lookup(); ok && q.After == "" {
		found, err := d.store.FindGroups(ctx, t, f)
		if err != nil {
			return Page[*Group]{}, err
		}
		found = slices.DeleteFunc(found, func(g *Group) bool { return !match(g) })
		return cut(found, q), m.err
	}
	page, err := d.store.Groups(ctx, t, q)
	if !errors.Is(err, errors.ErrUnsupported) {
		return page, err
	}
	all, err := scan(q, d.limits.Scan, match, func(q Query) (Page[*Group], error) { return d.store.Groups(ctx, t, q) })
	return all, errors.Join(err, m.err)
}

// membership answers a filter's questions about a group from the store.
type membership struct {
	d     *Directory
	ctx   context.Context
	t     Tenant
	group string
	err   error
}

func (m *membership) note(err error) {
	if m.err == nil {
		m.err = err
	}
}

// Has asks for the groups of the one, which are few, not for the members of the
// other.
func (m *membership) Has(id string) bool {
	refs, err := m.d.GroupsOf(m.ctx, m.t, id)
	m.note(err)
	return slices.ContainsFunc(refs[id], func(r GroupRef) bool { return r.ID == m.group })
}

func (m *membership) Each(f func(Member) bool) {
	m.note(m.d.eachMember(m.ctx, m.t, m.group, f))
}

// eachMember goes through the members of a group page by page.
func (d *Directory) eachMember(ctx context.Context, t Tenant, group string, f func(Member) bool) error {
	q := Query{Limit: 1000}
	for {
		page, err := d.store.Members(ctx, t, group, q)
		if err != nil {
			return err
		}
		for _, m := range page.Items {
			if !f(m) {
				return nil
			}
		}
		if q.After = page.Next; q.After == "" {
			return nil
		}
	}
}

// cut takes the page that q asks for out of the whole result.
func cut[T any](all []T, q Query) Page[T] {
	p := Page[T]{Total: len(all)}
	if q.Limit < 0 {
		return p
	}
	p.Items = all[min(max(q.Offset, 0), len(all)):]
	if q.Limit > 0 && len(p.Items) > q.Limit {
		p.Items = p.Items[:q.Limit]
	}
	return p
}

// scan evaluates a filter that the store declines, over all of its pages.
func scan[T any](q Query, most int, match func(T) bool, list func(Query) (Page[T], error)) (Page[T], error) {
	from := q
	from.Filter, from.Offset, from.Limit = nil, 0, 1000
	var out []T
	for seen := 0; ; {
		page, err := list(from)
		if err != nil {
			return Page[T]{}, err
		}
		if seen += len(page.Items); seen > most {
			return Page[T]{}, badRequest(typeTooMany, "The filter would have to look at more than %d resources; name an indexed attribute such as userName.", most)
		}
		for _, item := range page.Items {
			if match(item) {
				out = append(out, item)
			}
		}
		if from.After = page.Next; from.After == "" {
			return cut(out, q), nil
		}
	}
}

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

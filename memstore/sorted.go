package memstore

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/usher-scim/scim"
)

// This file answers queries with a Sort.

// sortedUsers returns a page of users in the order of q.Sort. It declines where
// going through the few that are asked for is less than an order of all: in a
// folder, and among archived users, whom no order has.
func (t *tenant) sortedUsers(ctx context.Context, q scim.Query) (scim.Page[*scim.User], error) {
	if q.Folder != (scim.FolderKey{}) || q.Status >= scim.StatusArchived {
		return scim.Page[*scim.User]{}, errors.ErrUnsupported
	}
	o, err := t.userOrders.take(ctx, t, &t.live, q.Sort)
	if err != nil {
		return scim.Page[*scim.User]{}, err
	}
	defer t.userOrders.giveBack(o)
	t.mu.RLock()
	defer t.mu.RUnlock()
	c := choice[standing[*user]]{list: &o.list}
	if q.Status != 0 {
		c.match = func(s standing[*user]) bool { return s.who.Status == q.Status }
		c.total, c.counted = t.byStatus[q.Status].len(), true
	}
	if q.Filter != nil {
		match := matchUsers(q.Filter)
		c = filtered(c, func(s standing[*user]) bool { return match(s.who) })
	}
	return sortedPage(ctx, c, q)
}

// sortedGroups is sortedUsers for groups.
func (t *tenant) sortedGroups(ctx context.Context, q scim.Query) (scim.Page[*scim.Group], error) {
	o, err := t.groupOrders.take(ctx, t, &t.groupList, q.Sort)
	if err != nil {
		return scim.Page[*scim.Group]{}, err
	}
	defer t.groupOrders.giveBack(o)
	t.mu.RLock()
	defer t.mu.RUnlock()
	c := choice[standing[*group]]{list: &o.list}
	if q.Filter != nil {
		match := matchGroups(q.Filter)
		c = filtered(c, func(s standing[*group]) bool { return match(s.who) })
	}
	return sortedPage(ctx, c, q)
}

// sortedPage takes a page out of an order, forwards or backwards. A scan does not
// pause: whoever moves meanwhile would be looked at twice, or not at all.
func sortedPage[T interface {
	sortable[T]
	Clone() O
}, O any](ctx context.Context, c choice[standing[T]], q scim.Query) (scim.Page[O], error) {
	c.backwards = q.Sort.Descending()
	var past func(standing[T]) bool
	if q.After != "" {
		at, err := parsePosition(q.After)
		if err != nil {
			return scim.Page[O]{}, err
		}
		past = func(s standing[T]) bool { return at.before(s.position()) }
		if c.backwards {
			past = func(s standing[T]) bool { return s.position().before(at) }
		}
	}
	got, last, err := cut(ctx, c, q, past, func(s standing[T]) O { return s.who.Clone() })
	if err != nil {
		return scim.Page[O]{}, err
	}
	out := scim.Page[O]{Items: got.items, Total: got.total}
	if got.more {
		out.Next = last.position().String()
	}
	return out, nil
}

// position is where one stood in an order when a page ended there.
type position struct {
	key string
	at  creation
}

func (p position) before(other position) bool {
	if p.key != other.key {
		return keyBefore(p.key, other.key)
	}
	return p.at.before(other.at)
}

// positionMark begins the places in sorted lists, as no place in another begins.
const positionMark = "s"

func (p position) String() string {
	at := p.at.String()
	return positionMark + strconv.Itoa(len(at)) + "." + at + p.key
}

// parsePosition reads a place.
func parsePosition(place string) (position, error) {
	text, ok := strings.CutPrefix(place, positionMark)
	length, text, found := strings.Cut(text, ".")
	n, err := strconv.Atoi(length)
	if !ok || !found || err != nil || n < 1 || n > len(text) {
		return position{}, badPlace(place)
	}
	at, err := parseCreation(text[:n])
	return position{text[n:], at}, err
}

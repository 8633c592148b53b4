package memstore

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/usher-scim/scim"
)

// creation is a place among users or groups, which are listed by Created, then
// ID. It stays one when what it names is gone. The zero creation is in front of
// all.
type creation struct {
	at time.Time
	id string
}

func (c creation) before(other creation) bool {
	if order := c.at.Compare(other.at); order != 0 {
		return order < 0
	}
	return c.id < other.id
}

// canonical returns the same place in the form in which == tells it from others.
func (c creation) canonical() creation { return creation{c.at.UTC(), c.id} }

func (c creation) String() string {
	return fmt.Sprintf("%d.%d.%s", c.at.Unix(), c.at.Nanosecond(), c.id)
}

// parseCreation reads a place; the empty one is the zero creation.
func parseCreation(place string) (creation, error) {
	if place == "" {
		return creation{}, nil
	}
	sec, rest, _ := strings.Cut(place, ".")
	nsec, id, ok := strings.Cut(rest, ".")
	s, errSec := strconv.ParseInt(sec, 10, 64)
	n, errNsec := strconv.ParseInt(nsec, 10, 64)
	if !ok || errSec != nil || errNsec != nil {
		return creation{}, badPlace(place)
	}
	return creation{time.Unix(s, n), id}, nil
}

// arrival names a place among members or events, which are listed by when they
// came in.
func arrival(seq uint64) string { return strconv.FormatUint(seq, 10) }

// parseArrival reads a place; the empty one is in front of all.
func parseArrival(place string) (uint64, error) {
	if place == "" {
		return 0, nil
	}
	seq, err := strconv.ParseUint(place, 10, 64)
	if err != nil {
		return 0, badPlace(place)
	}
	return seq, nil
}

// badPlace says that a place is not from Page.Next.
func badPlace(place string) error {
	return fmt.Errorf("memstore: %w: %q", scim.ErrPlace, place)
}

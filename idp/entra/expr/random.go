package expr

import (
	"strings"

	"github.com/google/uuid"
)

// maxRandom is the longest text of RandomString.
const maxRandom = 256

// sorts are the sorts of characters of RandomString, in the order of its parameters:
// those of a password in Windows.
var sorts = []string{
	"0123456789",
	"~!@#$%^&*_-+=`|\\(){}[]:;\"'<>,.?/",
	"ABCDEFGHIJKLMNOPQRSTUVWXYZ",
	"abcdefghijklmnopqrstuvwxyz",
}

// newGUID returns a UUID of version 4.
func newGUID(c *call) (Value, error) {
	var id uuid.UUID
	for i := range id {
		id[i] = byte(c.ev.drawn(256))
	}
	id[6] = id[6]&0x0F | 0x40
	id[8] = id[8]&0x3F | 0x80
	return Text(id.String()), nil
}

// randomString draws as many of each sort as there must be and the rest from all, and
// shuffles them.
func randomString(c *call) (Value, error) {
	length, err := c.number(0)
	if err != nil {
		return Value{}, err
	}
	if length < 0 || length > maxRandom {
		return Value{}, c.fail(0, "length is %d, not one of 0 to %d", length, maxRandom)
	}
	avoid, _, err := c.text(5)
	if err != nil {
		return Value{}, err
	}
	out := make([]byte, 0, length)
	var all string
	for i, sort := range sorts {
		least, err := c.number(1 + i)
		if err != nil {
			return Value{}, err
		}
		sort = without(sort, avoid)
		all += sort
		switch room := length - int64(len(out)); {
		case least < 0:
			return Value{}, c.fail(1+i, "%s is below zero", c.n.fn.params[1+i].name)
		case least > room:
			return Value{}, c.fail(1+i, "%s is %d, for which a length of %d leaves no room", c.n.fn.params[1+i].name, least, length)
		case least > 0 && sort == "":
			return Value{}, c.fail(5, "all characters of %s are to be avoided", c.n.fn.params[1+i].name)
		}
		out = c.draw(out, sort, int(least))
	}
	if all == "" && len(out) < int(length) {
		return Value{}, c.fail(5, "all characters are to be avoided")
	}
	out = c.draw(out, all, int(length)-len(out))
	for i := len(out) - 1; i > 0; i-- {
		j := c.ev.drawn(i + 1)
		out[i], out[j] = out[j], out[i]
	}
	return Text(string(out)), nil
}

// draw appends n characters of a set.
func (c *call) draw(to []byte, set string, n int) []byte {
	for range n {
		to = append(to, set[c.ev.drawn(len(set))])
	}
	return to
}

// without leaves the characters of one text out of another.
func without(s, avoid string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(avoid, r) {
			return -1
		}
		return r
	}, s)
}

package scimjson

import (
	"hash/maphash"
	"math/bits"
)

// few is how many members of an object are compared with each other one by one.
const few = 12

// Duplicate returns the name of a member that an object of the text has twice,
// ignoring the case of ASCII letters as attribute names do. It takes time in
// proportion to the text, and memory, which is kept for the next text, in
// proportion to the largest object. Only one goroutine may call it at a time.
func (d *Doc) Duplicate() (name string, ok bool) {
	for i, n := range d.nodes {
		if n.kind() != Object || n.aux < 2 {
			continue
		}
		v := Value{d: d, i: uint32(i)}
		if n.aux > few {
			name, ok = v.duplicateOfMany()
		} else {
			name, ok = v.duplicateOfFew()
		}
		if ok {
			return name, true
		}
	}
	return "", false
}

func (v Value) duplicateOfFew() (string, bool) {
	var names [few][]byte
	n := 0
	for key := range v.Members() {
		name := key.Bytes()
		for _, before := range names[:n] {
			if equalFold(before, name) {
				return string(name), true
			}
		}
		names[n] = name
		n++
	}
	return "", false
}

func equalFold(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		if !equalASCII(c, b[i]) {
			return false
		}
	}
	return true
}

// duplicateOfMany looks each name up in a hash table of those before it, by open
// addressing. The hash has a seed, so that no text is slow by design.
func (v Value) duplicateOfMany() (string, bool) {
	mask := uint32(1)<<bits.Len(uint(2*v.Len())) - 1
	table := v.d.table(int(mask) + 1)
	for key := range v.Members() {
		name := key.Bytes()
		slot := uint32(hashFold(name)) & mask
		for ; table[slot] != 0; slot = (slot + 1) & mask {
			if equalFold((Key{d: v.d, at: table[slot] - 1}).Bytes(), name) {
				return string(name), true
			}
		}
		table[slot] = key.at + 1
	}
	return "", false
}

// table returns n slots, empty, that are kept with the document's nodes.
func (d *Doc) table(n int) []uint32 {
	if cap(d.slots) < n {
		d.slots = make([]uint32, n)
	}
	table := d.slots[:n]
	clear(table)
	return table
}

var seed = maphash.MakeSeed()

// hashFold hashes a name, ignoring the case of ASCII letters.
func hashFold(name []byte) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	var lower [64]byte
	for len(name) > 0 {
		n := min(len(name), len(lower))
		for i, c := range name[:n] {
			if 'A' <= c && c <= 'Z' {
				c += 'a' - 'A'
			}
			lower[i] = c
		}
		h.Write(lower[:n])
		name = name[n:]
	}
	return h.Sum64()
}

// Marked reports whether the text begins with a byte order mark.
func (d *Doc) Marked() bool { return hasMark(d.data) }

func hasMark(data []byte) bool {
	return len(data) >= 3 && data[0] == 0xEF && data[1] == 0xBB && data[2] == 0xBF
}

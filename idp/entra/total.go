package entra

import "maps"

// Plus is what two reports come to together. Neither is changed. Quarantine is that of o, the
// later one.
func (r Report) Plus(o Report) Report {
	r.Requests = maps.Clone(r.Requests)
	if r.Requests == nil {
		r.Requests = make(map[int]int)
	}
	r.add(o)
	return r
}

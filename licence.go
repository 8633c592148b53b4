package scim

import "strconv"

// Limit is a number of seats, or none at all. The zero value is unlimited.
type Limit struct {
	seats int
	set   bool
}

// Unlimited is the Limit that caps nothing.
var Unlimited Limit

// Seats returns a limit of n seats; below zero counts as zero.
func Seats(n int) Limit { return Limit{seats: max(n, 0), set: true} }

// Count returns the number of seats, and false when there is no limit.
func (l Limit) Count() (int, bool) { return l.seats, l.set }

// Allows reports whether so many active users are within the limit. Stores
// call it with the number there would be after a write.
func (l Limit) Allows(active int) bool { return !l.set || active <= l.seats }

// String returns the number of seats, or "unlimited".
func (l Limit) String() string {
	if !l.set {
		return "unlimited"
	}
	return strconv.Itoa(l.seats)
}

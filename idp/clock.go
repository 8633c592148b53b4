package idp

import (
	"sync"
	"time"
)

// Clock is simulated time: it stands until it is moved. The zero value stands at the
// first of January 2026, UTC. It may be used by several goroutines at once.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at a time.
func NewClock(at time.Time) *Clock { return &Clock{now: at} }

// Now is the simulated time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at()
}

func (c *Clock) at() time.Time {
	if c.now.IsZero() {
		c.now = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	return c.now
}

// Advance lets time pass and returns the new time. A clock does not go back: d below
// zero moves nothing.
func (c *Clock) Advance(d time.Duration) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.at().Add(max(d, 0))
	return c.now
}

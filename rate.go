package scim

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// RateLimit bounds how fast one connection may send requests: as many at once as
// Burst, and PerSecond more each second. A request over it is answered 429 with
// Retry-After (RFC 6585 section 4) before anything of it is done, but never before
// its token was checked. Zero fields mean the defaults, which
// are well above what identity providers send; Microsoft Entra ID may send 25 a
// second and gives up on a service that refuses them.
//
// What was sent is counted by each [Handler] in its process: several replicas let
// through as many times as much.
type RateLimit struct {
	PerSecond float64 // 100
	Burst     int     // 200
}

const (
	defaultPerSecond = 100
	defaultBurst     = 200
	// recordInterval is how often refusals by the rate limit are put on the record
	// of one connection: a client that is too fast would fill it.
	recordInterval = time.Minute
	// keepLeftOut is how long refusals that were left out are counted for the next
	// one on the record.
	keepLeftOut = 24 * time.Hour
)

// errOffRecord marks a refusal that is not put on the record.
var errOffRecord = errors.New("scim: refused by the rate limit, not on the record")

// rates limits how fast connections send requests. nil limits nothing.
type rates struct {
	limit RateLimit
	full  time.Duration // how long it takes until an idle connection has all of Burst again
	log   *slog.Logger

	mu    sync.Mutex
	m     map[activityKey]*pace
	swept time.Time
}

// pace is what is known of one connection.
type pace struct {
	limiter  *rate.Limiter
	recorded time.Time // the last refusal on the record
	leftOut  int       // refusals after it that are not
}

func newRates(d *Directory, l *RateLimit) (*rates, error) {
	if l == nil {
		return nil, nil
	}
	r := &rates{limit: *l, log: d.log, m: make(map[activityKey]*pace)}
	if !(l.PerSecond >= 0) { // also NaN
		return nil, fmt.Errorf("scim: HandlerConfig.Rate: PerSecond is %v", l.PerSecond)
	}
	if l.Burst < 0 {
		return nil, fmt.Errorf("scim: HandlerConfig.Rate: Burst is %d", l.Burst)
	}
	if l.PerSecond == 0 {
		r.limit.PerSecond = defaultPerSecond
	}
	if l.Burst == 0 {
		r.limit.Burst = defaultBurst
	}
	r.full = r.takes(float64(r.limit.Burst))
	return r, nil
}

// takes is how long so many requests take at the limit.
func (r *rates) takes(requests float64) time.Duration {
	return time.Duration(min(requests/r.limit.PerSecond*float64(time.Second), float64(longestWait)))
}

// allow counts a request, or refuses it.
func (r *rates) allow(c Connection, now time.Time) error {
	if r == nil {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sweep(now)
	key := activityKey{c.Tenant, c.ID}
	p := r.m[key]
	if p == nil {
		p = &pace{limiter: rate.NewLimiter(rate.Limit(r.limit.PerSecond), r.limit.Burst)}
		r.m[key] = p
	}
	if p.limiter.AllowN(now, 1) {
		return nil
	}
	e := &Error{Status: http.StatusTooManyRequests, RetryAfter: max(r.takes(1-p.limiter.TokensAt(now)), time.Second)}
	e.Detail = fmt.Sprintf("This connection sends requests faster than %s a second. Nothing of this one was done; send it again in %s.",
		strconv.FormatFloat(r.limit.PerSecond, 'f', -1, 64), span(e.RetryAfter))
	switch {
	case now.Sub(p.recorded) < recordInterval:
		p.leftOut++
		e.Err = errOffRecord
		return e
	case p.leftOut > 0:
		e.Detail += fmt.Sprintf(" %d more were refused since the last one that is on the record, at %s.", p.leftOut, p.recorded.Format(time.RFC3339))
	}
	p.recorded, p.leftOut = now, 0
	return e
}

// sweep forgets connections that may send all of Burst again and of whose
// refusals nothing is left to say.
func (r *rates) sweep(now time.Time) {
	if now.Sub(r.swept) < max(r.full, recordInterval) {
		return
	}
	r.swept = now
	for key, p := range r.m {
		quiet := now.Sub(p.recorded)
		switch {
		case p.limiter.TokensAt(now) < float64(r.limit.Burst), quiet < recordInterval, p.leftOut > 0 && quiet < keepLeftOut:
			continue
		case p.leftOut > 0:
			r.log.Warn("scim: refusals by the rate limit that are not on the record",
				"tenant", string(key.tenant), "connection", key.connection, "refusals", p.leftOut)
		}
		delete(r.m, key)
	}
}

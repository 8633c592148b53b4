package entra

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/usher-scim/scim/idp"
)

// How often a request is made again that was answered 429, and how long that may take
// in all.
const (
	throttleTries = 5
	throttleWait  = 10 * time.Minute
	throttlePause = time.Second // where the answer has no Retry-After
)

// silence is how many requests in a row go without an answer until a cycle gives up.
const silence = 10

// headers are what every request has: no User-Agent, and the version of the client.
var headers = http.Header{"User-Agent": {""}, "Adscimversion": {"5.0"}}

// request is what is sent.
type request struct {
	method, path string
	query        url.Values
	body         any
}

// send sends a request, again and again while the service asks to wait. What comes
// back is an answer other than 401; the error is a *fault, or that of the context.
func (c *cycle) send(ctx context.Context, q request) (*idp.Answer, error) {
	var waited time.Duration
	for try := 1; ; try++ {
		a, err := c.sendOnce(ctx, q)
		if err != nil {
			return nil, err
		}
		pause := max(a.RetryAfter(), throttlePause)
		if a.Status != http.StatusTooManyRequests || try == throttleTries || waited+pause > throttleWait {
			return a, nil
		}
		waited += pause
		if err := c.j.wait(ctx, pause); err != nil {
			return nil, err
		}
	}
}

func (c *cycle) sendOnce(ctx context.Context, q request) (*idp.Answer, error) {
	a, err := c.j.connection().Send(ctx, idp.Request{Method: q.method, Path: q.path, Query: q.query.Encode(), Header: headers, Body: q.body})
	if ctx.Err() != nil && (err != nil || !a.OK()) {
		return nil, ctx.Err()
	}
	if err != nil {
		c.report.Requests[0]++
		f := silent(err)
		c.silent++
		f.stop = c.silent >= silence
		return nil, f
	}
	c.silent = 0
	c.report.Requests[a.Status]++
	if a.Status == http.StatusUnauthorized {
		return nil, refused(a)
	}
	return a, nil
}

// wait lets the time pass for which the service asked.
func (j *Job) wait(ctx context.Context, d time.Duration) error {
	if j.config.Wait != nil {
		if err := j.config.Wait(ctx, d); err != nil {
			return err
		}
	}
	j.dir.clock.Advance(d)
	return ctx.Err()
}

// collection is the path of users, or of groups.
func collection(group bool) string {
	if group {
		return "/Groups"
	}
	return "/Users"
}

// at is the path of one of them.
func at(group bool, id string) string { return collection(group) + "/" + url.PathEscape(id) }

// without is the query of reads: members are never read.
func without(group bool) url.Values {
	if group {
		return url.Values{"excludedAttributes": {"members"}}
	}
	return nil
}

package okta

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/usher-scim/scim/idp"
)

// The headers of each request, and those of one with a body. GETs have no
// Content-Type.
const (
	userAgent   = "Okta SCIM Client 1.0.0"
	contentType = idp.MediaType + "; charset=utf-8"
)

// How many resources a page of a list has, and how many the test of a connection
// asks for.
const (
	pageSize  = 100
	probeSize = 2
)

// Error is a request that did not do what it was sent for.
type Error struct {
	Event  string // what was to be done, as the log calls it
	Status int    // 0: there was no answer, or nothing was sent
	Reason string // as Okta's log and tasks word it
	Detail string // what the service said about it; "" unless that was a SCIM error
	Err    error  // why there was no answer

	wait time.Duration // what the service asked to wait
}

// Error is the reason.
func (e *Error) Error() string { return "okta: " + e.Reason }

// Unwrap is why there was no answer.
func (e *Error) Unwrap() error { return e.Err }

// call sends a request. An answer that refuses is an *Error; other errors are the
// context's.
func (a *App) call(ctx context.Context, event, method, path, query string, body any) (*idp.Answer, error) {
	header := http.Header{
		"User-Agent":      {userAgent},
		"Accept":          {idp.MediaType},
		"Accept-Charset":  {"utf-8"},
		"Accept-Encoding": {"gzip,deflate"},
	}
	if body != nil {
		header.Set("Content-Type", contentType)
	}
	a.requests++
	answer, err := a.config.Service.Send(ctx, idp.Request{Method: method, Path: path, Query: query, Header: header, Body: body})
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, &Error{Event: event, Reason: "No response from the remote server: " + err.Error(), Err: err}
	case !answer.OK():
		return nil, refusal(event, answer)
	}
	return answer, nil
}

// refusal is what Okta makes of an answer that is no success. Of one that is not JSON
// the log shows that it could not be read, and not what it was.
func refusal(event string, a *idp.Answer) *Error {
	e := &Error{Event: event, Status: a.Status, Reason: http.StatusText(a.Status), wait: a.RetryAfter()}
	if e.Reason == "" {
		e.Reason = fmt.Sprint("HTTP ", a.Status)
	}
	var said map[string]any
	body := strings.TrimSpace(string(a.Body))
	switch err := json.Unmarshal(a.Body, &said); {
	case body == "":
	case err != nil:
		e.Reason += remote + unreadable(body)
	default:
		if e.Detail, _ = said["detail"].(string); e.Detail != "" {
			e.Reason += remote + e.Detail
		}
	}
	return e
}

const remote = ". Errors reported by remote server: "

// unreadable is what Okta's reader says about what is not JSON.
func unreadable(body string) string {
	token := body[:len(body)-len(strings.TrimLeftFunc(body, nameRune))]
	switch token {
	case "":
		c := []rune(body[:min(len(body), 4)])[0]
		return fmt.Sprintf("Invalid JSON: Unexpected character ('%c' (code %d)): line: 1, column: 2", c, c)
	case "true", "false", "null":
		return "Invalid JSON: no object: line: 1, column: 1"
	}
	return fmt.Sprintf("Invalid JSON: Unrecognized token '%s': line: 1, column: %d", token, len(token)+1) //nolint:misspell // the reader's word
}

// resource reads the resource that an answer has to have.
func resource(event string, a *idp.Answer) (idp.Resource, error) {
	r, err := a.Resource()
	switch {
	case err != nil:
		return nil, &Error{Event: event, Status: a.Status, Reason: unreadable(strings.TrimSpace(string(a.Body)))}
	case r == nil || r.ID() == "":
		return nil, &Error{Event: event, Status: a.Status, Reason: "the answer has no resource with an id"}
	}
	return r, nil
}

// find looks up the resources that have a name. 404 is nobody, as is an empty list.
func (a *App) find(ctx context.Context, event, path, attribute, name string) (idp.Resource, error) {
	query := "filter=" + escape(attribute+" eq "+quote(name)) + "&" + page(1, pageSize)
	answer, err := a.call(ctx, event, http.MethodGet, path, query, nil)
	var refused *Error
	if errors.As(err, &refused) && refused.Status == http.StatusNotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	l, err := list(event, answer)
	if err != nil || len(l.Resources) == 0 {
		return nil, err
	}
	if l.Resources[0].ID() == "" {
		return nil, &Error{Event: event, Status: answer.Status, Reason: "the list has a resource without an id"}
	}
	return l.Resources[0], nil
}

// quote writes a text of a filter.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}

// escape writes a value of a query as Okta does: a space is %20.
func escape(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func page(start, count int) string { return fmt.Sprintf("startIndex=%d&count=%d", start, count) }

// list reads a list. Its three counters have to be there, and be numbers.
func list(event string, a *idp.Answer) (*idp.List, error) {
	broken := func(format string, args ...any) error {
		return &Error{Event: event, Status: a.Status, Reason: fmt.Sprintf(format, args...)}
	}
	var counters map[string]json.RawMessage
	if err := json.Unmarshal(a.Body, &counters); err != nil {
		return nil, broken("%s", unreadable(strings.TrimSpace(string(a.Body))))
	}
	for _, name := range []string{"totalResults", "startIndex", "itemsPerPage"} {
		var n int
		if raw, ok := counters[name]; !ok || json.Unmarshal(raw, &n) != nil || string(raw) == "null" {
			return nil, broken("%s of the list is not a number", name)
		}
	}
	l, err := a.List()
	if err != nil {
		return nil, broken("%s", err)
	}
	return l, nil
}

// read gets a resource by its id.
func (a *App) read(ctx context.Context, event, path string) (idp.Resource, error) {
	answer, err := a.call(ctx, event, http.MethodGet, path, "", nil)
	if err != nil {
		return nil, err
	}
	return resource(event, answer)
}

// patch is a body of operations (RFC 7644, section 3.5.2).
func patch(operations ...any) idp.Resource {
	return idp.Resource{"schemas": []any{idp.PatchOp}, "Operations": operations}
}

// set is the operation that Okta changes single-valued attributes by: it has no path.
func set(values map[string]any) any { return map[string]any{"op": "replace", "value": values} }

func userPath(id string) string  { return "/Users/" + url.PathEscape(id) }
func groupPath(id string) string { return "/Groups/" + url.PathEscape(id) }

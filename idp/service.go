// Package idp has what simulated identity providers share: a connection to the
// SCIM service under test, resources as they stand on the wire, and a clock that a
// test moves.
//
// The providers are in the packages below: entra, okta and dialect. Package company
// makes up the people for them, and idptest plays scenarios by all of them. Nothing of
// the library imports them.
package idp

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// MediaType is what SCIM bodies are (RFC 7644, section 3.1).
const MediaType = "application/scim+json"

// The longest answer that is read, and how long a provider waits for one.
const (
	maxAnswer = 64 << 20
	patience  = time.Minute
)

// Service is the SCIM service that a provider sends to: an http.Handler in the
// same process, or an address. Its fields are not to be changed while requests are
// under way. It may be used by several goroutines at once.
type Service struct {
	// URL is the tenant URL as an administrator pastes it, with or without a slash
	// at its end. A query in it, as Entra's feature flag is, goes with each request.
	URL string
	// Token is sent as a bearer token.
	Token string
	// Handler answers in process. Without it requests go to URL over the network.
	Handler http.Handler
	// Client sends what goes over the network; nil is one that waits a minute.
	Client *http.Client
	// Header goes with each request, over what would be sent otherwise.
	Header http.Header
	// Observe, if not nil, is told of each exchange, also of those without an
	// answer. It is called by whoever sends, so several may call it at once.
	Observe func(Exchange)
}

// Exchange is a request and what came of it. Neither token nor bodies are in it.
type Exchange struct {
	Method string
	Target string // the path and query below the tenant URL, such as "/Users/1"
	Status int    // 0: there was no answer
	Took   time.Duration
}

// Answer is what the service said.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Request is a request to the letter, for a provider whose queries and headers Do
// would write otherwise.
type Request struct {
	Method string
	Path   string      // below the tenant URL, such as "/Users/1"
	Query  string      // encoded, without the question mark; may be empty
	Header http.Header // over what is sent otherwise, and below Service.Header
	Body   any         // sent as JSON; nil is none
}

// Do sends a request to a path below the tenant URL ("/Users/1") with a query, which
// may be empty. A body is sent as JSON, nil is none. The error is of the transport
// alone: an answer that refuses is an answer.
func (s *Service) Do(ctx context.Context, method, path string, query url.Values, body any) (*Answer, error) {
	return s.Send(ctx, Request{Method: method, Path: path, Query: query.Encode(), Body: body})
}

// Send is Do for a request to the letter. An answer that the request's
// Accept-Encoding has compressed is read as any other.
func (s *Service) Send(ctx context.Context, q Request) (*Answer, error) {
	target, err := s.target(q.Path, q.Query)
	if err != nil {
		return nil, err
	}
	var sent io.Reader
	if q.Body != nil {
		data, err := json.Marshal(q.Body)
		if err != nil {
			return nil, fmt.Errorf("idp: a body of %s %s: %w", q.Method, q.Path, err)
		}
		sent = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, q.Method, target, sent)
	if err != nil {
		return nil, fmt.Errorf("idp: the tenant URL: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+s.Token)
	if q.Body != nil {
		r.Header.Set("Content-Type", MediaType)
	}
	for _, over := range []http.Header{q.Header, s.Header} {
		for name, values := range over {
			r.Header[name] = values
		}
	}
	begin := time.Now()
	answer, err := s.send(r)
	if s.Observe != nil {
		e := Exchange{Method: q.Method, Target: q.Path, Took: time.Since(begin)}
		if q.Query != "" {
			e.Target += "?" + q.Query
		}
		if answer != nil {
			e.Status = answer.Status
		}
		s.Observe(e)
	}
	return answer, err
}

// target is the address of a path: slashes are not doubled, and the query of the
// tenant URL stays, a bare key as it is.
func (s *Service) target(path, query string) (string, error) {
	u, err := url.Parse(cmp.Or(s.URL, "http://scim.invalid/scim/v2/"))
	if err != nil {
		return "", fmt.Errorf("idp: the tenant URL: %w", err)
	}
	parts := make([]string, 0, 2)
	for _, q := range []string{query, u.RawQuery} {
		if q != "" {
			parts = append(parts, q)
		}
	}
	base := *u
	base.RawQuery, base.Fragment = "", ""
	target := strings.TrimSuffix(base.String(), "/") + path
	if len(parts) > 0 {
		target += "?" + strings.Join(parts, "&")
	}
	return target, nil
}

func (s *Service) send(r *http.Request) (*Answer, error) {
	if s.Handler != nil {
		if err := r.Context().Err(); err != nil {
			return nil, err
		}
		r.RequestURI = r.URL.RequestURI()
		if r.Body == nil {
			r.Body = http.NoBody
		}
		w := httptest.NewRecorder()
		s.Handler.ServeHTTP(w, r)
		return newAnswer(w.Code, w.Header(), w.Body)
	}
	client := s.Client
	if client == nil {
		client = &http.Client{Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	res, err := client.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return newAnswer(res.StatusCode, res.Header, res.Body)
}

// newAnswer reads a body, unpacked where it is not the transport that asked for it
// to be packed.
func newAnswer(status int, header http.Header, body io.Reader) (*Answer, error) {
	a := &Answer{Status: status, Header: header}
	var err error
	switch strings.ToLower(header.Get("Content-Encoding")) {
	case "gzip":
		body, err = gzip.NewReader(body)
	case "deflate":
		body, err = zlib.NewReader(body)
	}
	if errors.Is(err, io.EOF) { // nothing was packed, as 204 has it
		return a, nil
	}
	if err == nil {
		a.Body, err = io.ReadAll(io.LimitReader(body, maxAnswer))
	}
	if err != nil {
		return nil, fmt.Errorf("idp: the body of an answer: %w", err)
	}
	return a, nil
}

// OK reports whether the request was carried out.
func (a *Answer) OK() bool { return a.Status >= 200 && a.Status < 300 }

// Resource reads the body as a resource. An empty body is a nil resource, as 204
// has it.
func (a *Answer) Resource() (Resource, error) {
	if len(bytes.TrimSpace(a.Body)) == 0 {
		return nil, nil
	}
	var r Resource
	if err := json.Unmarshal(a.Body, &r); err != nil {
		return nil, fmt.Errorf("idp: the answer is no JSON object: %w", err)
	}
	return r, nil
}

// List is a ListResponse (RFC 7644, section 3.4.2).
type List struct {
	Schemas      []string   `json:"schemas"`
	TotalResults *int       `json:"totalResults"`
	StartIndex   int        `json:"startIndex"`
	ItemsPerPage int        `json:"itemsPerPage"`
	Resources    []Resource `json:"Resources"`
}

// ListResponse is the schema of a list.
const ListResponse = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

// List reads the body as a ListResponse. Another body, or one without totalResults,
// is an error.
func (a *Answer) List() (*List, error) {
	var l List
	if err := json.Unmarshal(a.Body, &l); err != nil {
		return nil, fmt.Errorf("idp: the answer is no ListResponse: %w", err)
	}
	for _, s := range l.Schemas {
		if s == ListResponse && l.TotalResults != nil {
			return &l, nil
		}
	}
	return nil, fmt.Errorf("idp: the answer is no ListResponse: it lacks schemas or totalResults")
}

// Problem is what an answer that refuses says (RFC 7644, section 3.12): scimType and
// detail of the SCIM error, else the beginning of the body.
func (a *Answer) Problem() (scimType, detail string) {
	var e struct {
		ScimType string `json:"scimType"`
		Detail   string `json:"detail"`
	}
	if json.Unmarshal(a.Body, &e) == nil && e.Detail != "" {
		return e.ScimType, e.Detail
	}
	const beginning = 200
	text := strings.TrimSpace(string(a.Body))
	return e.ScimType, text[:min(len(text), beginning)]
}

// RetryAfter is how long the service asks to wait, in whole seconds as both Okta and
// Entra understand it; 0 if it asks for nothing.
func (a *Answer) RetryAfter() time.Duration {
	n, err := strconv.Atoi(strings.TrimSpace(a.Header.Get("Retry-After")))
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(n) * time.Second
}

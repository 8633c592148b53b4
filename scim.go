package scim

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/usher-scim/scim/internal/scimjson"
)

// HandlerConfig says how a [Handler] works. BaseURL and Verifier are required.
type HandlerConfig struct {
	// BaseURL is the public address of the service, such as
	// https://app.example.com/scim/v2. Locations in answers begin with it, and its
	// path is what ServeHTTP expects requests to begin with. It is never taken
	// from a request.
	BaseURL string
	// Verifier says whose a bearer token is.
	Verifier TokenVerifier
	// CursorKey signs the cursors of lists (RFC 9865): any secret of 32 bytes or
	// more that all processes that serve one address share. nil: a random one, so
	// that a cursor is good for this process alone.
	CursorKey []byte
	// CursorTimeout is how long a cursor is good for. 0: one hour.
	CursorTimeout time.Duration
	// Rate bounds how fast one connection may send requests. nil: not at all.
	Rate *RateLimit
}

// Handler is the wire: SCIM 2.0 over HTTP (RFC 7644) for a [Directory]. It reads
// tolerantly and answers strictly. It is safe for concurrent use.
type Handler struct {
	d        *Directory
	verifier TokenVerifier
	rates    *rates
	base     string   // BaseURL without a slash at the end
	jsonBase []byte   // the same as it stands inside a JSON string
	prefix   []string // the parts of its path
	config   []byte   // the rendered ServiceProviderConfig
	types    []document
	schemas  []document
	cursors  *cursors
	quirks   quirkLog
}

// NewHandler returns a Handler for d. It checks the configuration and starts
// nothing; an error names the field at fault.
func NewHandler(d *Directory, c HandlerConfig) (*Handler, error) {
	switch {
	case d == nil:
		return nil, errors.New("scim: NewHandler needs a Directory")
	case c.Verifier == nil:
		return nil, errors.New("scim: HandlerConfig.Verifier is missing")
	case len(c.CursorKey) > 0 && len(c.CursorKey) < 32:
		return nil, errors.New("scim: HandlerConfig.CursorKey has fewer than 32 bytes")
	}
	u, err := url.Parse(c.BaseURL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("scim: HandlerConfig.BaseURL: %w", err)
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("scim: HandlerConfig.BaseURL: %q is not an address such as https://app.example.com/scim/v2", c.BaseURL)
	case u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return nil, errors.New("scim: HandlerConfig.BaseURL has more than scheme, host and path")
	}
	h := &Handler{d: d, verifier: c.Verifier, base: strings.TrimRight(c.BaseURL, "/")}
	h.cursors = newCursors(c.CursorKey, c.CursorTimeout, d.now)
	h.jsonBase = scimjson.AppendString(nil, h.base)
	h.jsonBase = h.jsonBase[1 : len(h.jsonBase)-1]
	for part := range strings.SplitSeq(u.Path, "/") {
		if part != "" {
			h.prefix = append(h.prefix, part)
		}
	}
	if h.rates, err = newRates(d, c.Rate); err != nil {
		return nil, err
	}
	h.discover()
	return h, nil
}

// Mount returns a handler that answers requests below the path of BaseURL and
// passes all others to next. An identity provider may double the slash after
// the address that was pasted into it; [http.ServeMux] redirects such a request,
// and a redirected POST is lost. Mounted in front of the mux, none is.
func (h *Handler) Mount(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, _, ok := h.route(r.URL.Path); ok {
			h.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// route takes the path of BaseURL and doubled slashes off a path, and returns
// the parts of what is left. No endpoint has more than two.
func (h *Handler) route(path string) (parts [3]string, n int, ok bool) {
	i := 0
	for part := range strings.SplitSeq(path, "/") {
		switch {
		case part == "":
			continue
		case i < len(h.prefix):
			if part != h.prefix[i] {
				return parts, 0, false
			}
			i++
			continue
		case n == len(parts):
			return parts, n, true
		}
		parts[n] = part
		n++
	}
	return parts, n, i == len(h.prefix)
}

// exchange is one request and what is known of it. Exchanges are used again.
type exchange struct {
	h      *Handler
	r      *http.Request
	w      http.ResponseWriter
	ctx    context.Context
	id     string
	conn   Connection
	by     origin
	tol    tolerance
	work   budget // what is left of it; all operations of a Bulk share one
	query  params
	route  [3]string // the parts of the path below the base
	parts  []string
	status int
	wrote  bool
	buf    buffer
}

// answer is what a handler method returns: the body lies in the exchange's
// buffer, unless stream writes it.
type answer struct {
	status   int
	location string // of the resource that is answered; "" for a list, and for none
	version  string
	// stream writes the body to the buffer and, where that grows large, out: for
	// answers that may not fit into memory.
	stream func() error
}

// The headers that every answer has. Nobody changes their values.
var (
	contentType  = []string{"application/scim+json; charset=utf-8"}
	noSniff      = []string{"nosniff"}
	cacheControl = []string{"no-store"}
)

// ServeHTTP answers a SCIM request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := newExchange()
	x.h, x.r, x.w, x.ctx, x.id = h, r, w, r.Context(), requestID()
	header := w.Header()
	header["Content-Type"], header["X-Content-Type-Options"], header["Cache-Control"] = contentType, noSniff, cacheControl
	header["X-Request-Id"] = []string{x.id}
	start := time.Now()
	defer func() {
		if p := recover(); p != nil {
			if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				x.logged(start)
				panic(p)
			}
			x.fail(x.panicked(p))
		}
		x.logged(start)
		h.quirks.add(x.conn, &x.tol, x.by.time)
		x.free()
	}()
	a, err := x.serve()
	if err == nil {
		err = x.write(a)
	}
	if err != nil {
		x.fail(err)
	}
}

// panicked logs a panic, of which the client hears no more than that it was one.
func (x *exchange) panicked(p any) error {
	x.h.d.log.Error("scim: a request panicked", "request", x.id, "panic", p, "stack", string(debug.Stack()))
	return &Error{Status: http.StatusInternalServerError, Detail: "The request failed inside the service. Its request id is in the log.", Err: errPanic}
}

var errPanic = errors.New("scim: a request panicked")

// requestID makes a short name for a request. It is no secret.
func requestID() string {
	var b [8]byte
	n := rand.Uint64()
	for i := range b {
		b[i] = byte(n >> (8 * i))
	}
	return hex.EncodeToString(b[:])
}

// logged writes the line of a request to the log: never its query, whose
// filters have personal data, its token, or its body.
func (x *exchange) logged(start time.Time) {
	level := slog.LevelDebug
	if failed(x.status) {
		level = slog.LevelError
	}
	if !x.h.d.log.Enabled(x.ctx, level) {
		return
	}
	x.h.d.log.LogAttrs(x.ctx, level, "scim: request",
		slog.String("request", x.id), slog.String("method", x.r.Method), slog.String("path", x.r.URL.Path),
		slog.Int("status", x.status), slog.Duration("took", time.Since(start)),
		slog.String("tenant", string(x.conn.Tenant)), slog.String("connection", x.conn.ID))
}

// failed reports whether a status says that something is wrong here. What is
// not supported (501) is not: clients ask for it as a matter of course.
func failed(status int) bool { return status >= 500 && status != http.StatusNotImplemented }

// serve authenticates, routes and performs a request.
func (x *exchange) serve() (answer, error) {
	if err := x.authenticate(); err != nil {
		return answer{}, err
	}
	now := x.h.d.now()
	x.tol.strict = x.conn.Strictness != Lenient
	x.work = budgetOf(x.h.d.limits.Comparisons)
	x.by = origin{connection: x.conn.ID, request: x.id, time: now, only: conditionsOf(x.r.Header), tol: &x.tol}
	x.h.d.activity.requested(x.conn.Tenant, x.conn.ID, now)
	if err := x.h.rates.allow(x.conn, now); err != nil {
		return answer{}, err
	}
	switch {
	case len(x.r.URL.Path) > maxPath:
		return answer{}, &Error{Status: http.StatusRequestURITooLong, Detail: fmt.Sprintf("The path of the request is longer than %d bytes.", maxPath)}
	case len(x.r.URL.RawQuery) > maxQuery:
		return answer{}, &Error{Status: http.StatusRequestURITooLong, Detail: fmt.Sprintf("The query is longer than %d bytes; send it as the body of a POST to .search.", maxQuery)}
	}
	if !isText(x.r.URL.Path) {
		return answer{}, ErrNotFound // and no store is asked for an ID that it could not hold
	}
	var ok bool
	var n int
	if x.route, n, ok = x.h.route(x.r.URL.Path); !ok {
		return answer{}, errNoEndpoint
	}
	x.parts = x.route[:n]
	if err := x.query.parse(x.r.URL.RawQuery); err != nil {
		return answer{}, err
	}
	if err := x.by.only.judge(&x.tol); err != nil {
		return answer{}, err
	}
	if err := x.query.judge(x.h.d.table, &x.tol); err != nil {
		return answer{}, err
	}
	return x.dispatch()
}

// How long the parts of a request may be that no Limits bound, in bytes: a filter
// of the usual limit fits into a query however it is escaped.
const (
	maxPath  = 4 << 10
	maxQuery = 64 << 10
	maxToken = 16 << 10
)

var errNoEndpoint = &Error{Status: http.StatusNotFound, Detail: "There is no such endpoint. Check the tenant URL: it ends before /Users."}

// authenticate finds out whose the bearer token is. It is read from the header
// alone, never from the query.
func (x *exchange) authenticate() error {
	scheme, token, _ := strings.Cut(x.r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxToken {
		x.w.Header().Set("WWW-Authenticate", `Bearer realm="scim"`)
		return &Error{Status: http.StatusUnauthorized, Detail: "The request has no bearer token. Paste the token of this connection into the identity provider."}
	}
	conn, err := x.h.verifier.VerifyToken(x.ctx, token)
	switch {
	case err == nil && conn.ID != "" && conn.Tenant != "":
		x.conn = conn
		return nil
	case errors.Is(err, ErrToken):
		x.w.Header().Set("WWW-Authenticate", `Bearer realm="scim", error="invalid_token"`)
		return &Error{Status: http.StatusUnauthorized, Detail: "The bearer token is not valid: it was mistyped, revoked, or has expired.", Err: err}
	case err == nil:
		err = errors.New("scim: the TokenVerifier returned a connection without an ID or a tenant")
	}
	return &Error{
		Status: http.StatusServiceUnavailable, RetryAfter: 30 * time.Second,
		Detail: "The token cannot be checked at the moment. Try again later.", Err: err,
	}
}

// dispatch finds the method that performs a request.
func (x *exchange) dispatch() (answer, error) {
	p := x.parts
	if len(p) == 0 {
		if x.reads() {
			return x.list(everything)
		}
		return x.notAllowed("GET, HEAD")
	}
	switch n := len(p); {
	case n > 2:
		return answer{}, errNoEndpoint
	case x.h.isDiscovery(p[0]):
		if x.reads() {
			return x.discovery()
		}
		return x.notAllowed("GET, HEAD")
	case p[0] == ".search" && n == 1:
		return x.search(everything)
	case p[0] == "Bulk" && n == 1:
		return x.bulk()
	case p[0] == "Me" && n == 1:
		return answer{}, &Error{Status: http.StatusNotImplemented, Detail: "/Me is not supported by this service: its clients are applications, not users."}
	case p[0] == "Users" && n == 1:
		return x.usersEndpoint()
	case p[0] == "Users" && p[1] == ".search":
		return x.search(usersOnly)
	case p[0] == "Users":
		return x.userEndpoint()
	case p[0] == "Groups" && n == 1:
		return x.groupsEndpoint()
	case p[0] == "Groups" && p[1] == ".search":
		return x.search(groupsOnly)
	case p[0] == "Groups":
		return x.groupEndpoint()
	}
	return answer{}, errNoEndpoint
}

// reads reports whether the request only reads; HEAD is GET without a body.
func (x *exchange) reads() bool { return x.r.Method == http.MethodGet || x.r.Method == http.MethodHead }

const (
	collectionMethods = "GET, HEAD, POST"
	resourceMethods   = "GET, HEAD, PUT, PATCH, DELETE"
)

func (x *exchange) notAllowed(allow string) (answer, error) {
	x.w.Header().Set("Allow", allow)
	return answer{}, &Error{
		Status: http.StatusMethodNotAllowed,
		Detail: shorten(x.r.Method, 20) + " is not possible here; possible are " + allow + ".",
	}
}

// write sends an answer.
func (x *exchange) write(a answer) error {
	header := x.w.Header()
	if a.location != "" {
		// What meta.location says of the representation (RFC 7643 section 3.1).
		at := []string{a.location}
		header["Content-Location"] = at
		if a.status != http.StatusNotModified {
			header["Location"] = at
		}
	}
	if a.version != "" {
		header["Etag"] = []string{etag(a.version)}
	}
	if a.stream != nil {
		x.status = a.status
		if err := a.stream(); err != nil {
			return err
		}
	}
	switch {
	case x.wrote: // of a streamed answer, which has no length then
	case a.status == http.StatusNoContent || a.status == http.StatusNotModified:
		delete(header, "Content-Type")
	default:
		header["Content-Length"] = []string{strconv.Itoa(len(x.buf.out))}
	}
	return x.send(a.status)
}

// send writes the status and what is in the buffer.
func (x *exchange) send(status int) error {
	if !x.wrote {
		x.status, x.wrote = status, true
		x.w.WriteHeader(status)
	}
	if len(x.buf.out) == 0 {
		return nil
	}
	_, err := x.w.Write(x.buf.out)
	x.buf.out = x.buf.out[:0]
	if err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return nil
}

// errGone says that the client does not read the answer any more.
var errGone = errors.New("scim: the client is gone")

// flush sends the buffer in the middle of a streamed answer once it is large.
func (x *exchange) flush() error {
	if len(x.buf.out) < 64<<10 {
		return nil
	}
	return x.send(x.status)
}

// fail answers with an error, puts the refusal on the tenant's record (P9.3),
// and the cause of a failure in the log.
func (x *exchange) fail(err error) {
	if x.wrote {
		// Part of the answer is out: what is left is to break it off visibly.
		if !errors.Is(err, errGone) {
			x.h.d.log.Error("scim: an answer broke off", "request", x.id, "error", err)
		}
		panic(http.ErrAbortHandler)
	}
	e := x.told(err)
	if wait := e.retryAfter(); wait != "" {
		x.w.Header().Set("Retry-After", wait)
	}
	if x.conn.ID != "" && !errors.Is(e.Err, errOffRecord) {
		group, id := false, ""
		if len(x.parts) == 2 && (x.parts[0] == "Users" || x.parts[0] == "Groups") {
			group, id = x.parts[0] == "Groups", x.parts[1]
		}
		x.refused(e, x.r.Method+" "+x.r.URL.Path, group, id)
	}
	for _, name := range []string{"Content-Location", "Location", "ETag"} {
		x.w.Header().Del(name)
	}
	x.buf.out = appendError(x.buf.out[:0], e)
	x.w.Header().Set("Content-Length", strconv.Itoa(len(x.buf.out)))
	_ = x.send(e.Status)
}

// told is what the client is told of an error. The cause of a failure goes to the
// log.
func (x *exchange) told(err error) *Error {
	e := asError(err)
	if x.ctx.Err() != nil && e.Status >= 500 {
		e = &Error{Status: http.StatusServiceUnavailable, Detail: "The request was broken off before it was done. Try again.", Err: err}
	}
	if failed(e.Status) {
		x.h.d.log.Error("scim: request failed", "request", x.id, "error", e.Err)
	}
	return e
}

// appendError writes an error as SCIM has it (RFC 7644 section 3.12).
func appendError(b []byte, e *Error) []byte {
	b = append(b, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"`...)
	b = append(strconv.AppendInt(b, int64(e.Status), 10), '"')
	if e.Type != "" {
		b = scimjson.AppendString(append(b, `,"scimType":`...), e.Type)
	}
	b = scimjson.AppendString(append(b, `,"detail":`...), e.Detail)
	return append(b, '}')
}

// refused keeps a refusal on the record. That the client is answered does not
// depend on it.
func (x *exchange) refused(e *Error, what string, group bool, id string) {
	ev := &Event{
		Time: x.by.time, Tenant: x.conn.Tenant, Connection: x.conn.ID, Request: x.id,
		Kind: RequestRefused, Status: e.Status, Error: e.Detail, Name: shorten(what, 200),
	}
	if group {
		ev.GroupID = shorten(id, 200)
	} else {
		ev.UserID = shorten(id, 200)
	}
	if err := x.h.d.note(x.ctx, x.conn.Tenant, ev); err != nil {
		x.h.d.log.Error("scim: a refusal could not be recorded", "request", x.id, "error", err)
	}
}

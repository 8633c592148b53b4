package scim

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// What a [Store] answers and a host tests for. Beside each stands what a SCIM
// client gets.
var (
	// ErrNotFound: the tenant has no such resource. 404.
	ErrNotFound = errors.New("scim: no such resource")
	// ErrVersion: the resource changed since it was read. 412 when the client
	// asked with If-Match, else the core tries again.
	ErrVersion = errors.New("scim: version does not match")
	// ErrSeats: the licence has no free seat (P5). A SCIM client never sees it:
	// its user is held. The host's own calls return it.
	ErrSeats = errors.New("scim: no free seat")
	// ErrToken: the token is not valid. 401.
	ErrToken = errors.New("scim: token not accepted")
	// ErrPlace: a Query.After or EventQuery.After is none that the store gave
	// out. 400.
	ErrPlace = errors.New("scim: no such place in the list")
)

// ConflictError says that a unique value is taken. 409 with scimType
// uniqueness. It names the attribute, never the resource that has the value.
type ConflictError struct {
	Attribute string // userName, emails or displayName
}

// Error names the attribute whose value is taken.
func (e *ConflictError) Error() string { return "scim: " + e.Attribute + " is already taken" }

// UnknownMembersError names members that the tenant does not have. 400 with
// scimType invalidValue (P7.4).
type UnknownMembersError struct {
	Members []string
}

// Error names the members that the tenant does not have.
func (e *UnknownMembersError) Error() string {
	return "scim: no such member: " + strings.Join(e.Members, ", ")
}

// Error is what a SCIM client is told (RFC 7644 section 3.12). Detail is meant
// for a directory administrator and says what to do.
type Error struct {
	Status int    // HTTP status
	Type   string // scimType of RFC 7644 table 9; "" for none
	Detail string
	Err    error // cause, for the log alone; never sent
	// RetryAfter is how long the client shall wait before it tries again. It is
	// sent as whole seconds, rounded up: some clients read nothing else (RFC 9110
	// section 10.2.3). 0: nothing is said, but that a 503 says five seconds.
	RetryAfter time.Duration
}

// Error returns status, scimType and detail, without the cause.
func (e *Error) Error() string {
	s := "scim: " + strconv.Itoa(e.Status)
	if e.Type != "" {
		s += " " + e.Type
	}
	return s + ": " + e.Detail
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// retryUnavailable is how long clients wait after a 503 that does not say.
const retryUnavailable = 5 * time.Second

// retryAfter is the value of the header Retry-After; "" for none.
func (e *Error) retryAfter() string {
	wait := e.RetryAfter
	if wait <= 0 && e.Status == http.StatusServiceUnavailable {
		wait = retryUnavailable
	}
	if wait <= 0 {
		return ""
	}
	return strconv.FormatInt(wholeSeconds(wait), 10)
}

// wholeSeconds rounds up.
func wholeSeconds(d time.Duration) int64 {
	n := int64(d / time.Second)
	if d%time.Second > 0 {
		n++
	}
	return n
}

// The values of scimType that this package uses (RFC 7644 table 9, RFC 9865
// section 2.1).
const (
	typeExpiredCursor = "expiredCursor"
	typeInvalidCount  = "invalidCount"
	typeInvalidCursor = "invalidCursor"
	typeInvalidFilter = "invalidFilter"
	typeInvalidPath   = "invalidPath"
	typeInvalidSyntax = "invalidSyntax"
	typeInvalidValue  = "invalidValue"
	typeMutability    = "mutability"
	typeNoTarget      = "noTarget"
	typeTooMany       = "tooMany"
	typeUniqueness    = "uniqueness"
)

func badRequest(scimType, format string, args ...any) *Error {
	return &Error{Status: http.StatusBadRequest, Type: scimType, Detail: fmt.Sprintf(format, args...)}
}

// asError is the one place where an error becomes an answer. What it does not
// know is a 500 without the error's text.
func asError(err error) *Error {
	var known *Error
	var conflict *ConflictError
	var members *UnknownMembersError
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &conflict):
		return &Error{
			Status: http.StatusConflict, Type: typeUniqueness, Err: err,
			Detail: "The value of " + conflict.Attribute + " is already taken by another resource of this tenant.",
		}
	case errors.As(err, &members):
		return &Error{
			Status: http.StatusBadRequest, Type: typeInvalidValue, Err: err,
			Detail: "members names resources that do not exist here: " + quoteList(members.Members) + ". Nothing was changed.",
		}
	case errors.As(err, &tooLarge):
		return &Error{
			Status: http.StatusRequestEntityTooLarge, Err: err,
			Detail: fmt.Sprintf("The body is larger than %d bytes.", tooLarge.Limit),
		}
	case errors.Is(err, ErrNotFound):
		return &Error{Status: http.StatusNotFound, Detail: "There is no such resource.", Err: err}
	case errors.Is(err, ErrVersion):
		return &Error{Status: http.StatusPreconditionFailed, Detail: "The resource has changed since it was read.", Err: err}
	case errors.Is(err, ErrPlace):
		return &Error{Status: http.StatusBadRequest, Type: typeInvalidValue, Detail: "The place in the list is not one that this service gave out.", Err: err}
	case errors.Is(err, ErrToken):
		return &Error{Status: http.StatusUnauthorized, Detail: "The bearer token is missing or not valid.", Err: err}
	}
	return &Error{Status: http.StatusInternalServerError, Detail: "The request failed inside the service. Its request id is in the log.", Err: err}
}

// quoteList names a few values in a message, shortened where they are many or long.
func quoteList(values []string) string {
	const most, longest = 10, 80
	var b strings.Builder
	for i, v := range values {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(values)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(strconv.Quote(shorten(v, longest)))
	}
	return b.String()
}

// shorten cuts s to at most n bytes at a rune's border.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n] + "…"
}

package scim

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/usher-scim/scim/internal/scimjson"
)

// body reads and parses the request's body within the limits.
func (x *exchange) body() (scimjson.Value, error) {
	media, _, _ := strings.Cut(x.r.Header.Get("Content-Type"), ";")
	media = strings.TrimSpace(media)
	if media != "" && !strings.EqualFold(media, "application/scim+json") && !strings.EqualFold(media, "application/json") {
		return scimjson.Value{}, &Error{
			Status: http.StatusUnsupportedMediaType,
			Detail: "The body's Content-Type is " + strconv.Quote(shorten(media, 60)) + "; it must be application/scim+json or application/json.",
		}
	}
	if e := x.r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return scimjson.Value{}, &Error{
			Status: http.StatusUnsupportedMediaType,
			Detail: "The body's Content-Encoding is " + strconv.Quote(shorten(e, 60)) + "; send it as it is.",
		}
	}
	limit := x.h.d.limits.Body
	if x.r.ContentLength > limit {
		x.drain(limit)
		return scimjson.Value{}, &http.MaxBytesError{Limit: limit}
	}
	if err := x.buf.read(http.MaxBytesReader(nil, x.r.Body, limit), x.r.ContentLength); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			x.drain(limit)
			return scimjson.Value{}, err
		}
		return scimjson.Value{}, &Error{Status: http.StatusBadRequest, Type: typeInvalidSyntax, Detail: "The body could not be read whole.", Err: err}
	}
	if len(x.buf.in) == 0 {
		return scimjson.Value{}, badRequest(typeInvalidSyntax, "The body is empty.")
	}
	if err := x.tol.noteIf(media == "", QuirkNoContentType, ""); err != nil {
		return scimjson.Value{}, err
	}
	err := x.buf.doc.Parse(x.buf.in, x.h.d.limits.json())
	var limits *scimjson.LimitError
	switch {
	case errors.As(err, &limits) && limits.What != "depth":
		return scimjson.Value{}, &Error{Status: http.StatusRequestEntityTooLarge, Detail: "The body is too large: it has " + err.Error() + ".", Err: err}
	case err != nil:
		return scimjson.Value{}, badRequest(typeInvalidSyntax, "The body cannot be read as JSON: %s.", err)
	}
	return x.buf.doc.Root(), x.tol.body(&x.buf.doc)
}

// drain reads away the rest of a body that is too large, up to eight times the
// limit. A client that is still sending when the connection closes sees it reset,
// and not the answer that says why.
func (x *exchange) drain(limit int64) {
	_, _ = io.CopyN(io.Discard, x.r.Body, 8*limit)
}

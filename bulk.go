package scim

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usher-scim/scim/internal/scimjson"
)

// This file is /Bulk (RFC 7644 section 3.7): several writes in one request, each
// with an answer of its own. What one of them does is neither undone nor hidden
// by the failure of another.

// bulkState says how far an operation is.
type bulkState uint8

const (
	bulkWaiting bulkState = iota
	bulkRunning           // or it waits for one that it refers to
	bulkDone
)

// bulkOp is one operation of a Bulk, and what came of it.
type bulkOp struct {
	method, path, bulkID, version string
	data                          scimjson.Value

	bad    error // why it cannot be understood
	state  bulkState
	status int
	err    *Error
	id     string // of the resource
	group  bool
	tag    string    // its version
	was    Status    // of a POST: what the user was before it; 0 when there was none
	by     []*bulkOp // those that refer to it
	// without are the operations that this one refers to in a circle: the
	// resource is made without them first.
	without []*bulkOp
	// index is the place on the stack, and low the lowest one that it leads to by
	// its references: where they are equal, a circle ends.
	open       bool
	index, low int
}

// bulk is a Bulk that is being performed.
type bulk struct {
	x      *exchange
	ops    []*bulkOp
	byID   map[string]*bulkOp // the POSTs by bulkId
	stack  []*bulkOp          // begun, in circles that may not be whole yet
	failOn int                // errors after which to stop; 0: never
	failed int
}

// bulk is POST /Bulk.
func (x *exchange) bulk() (answer, error) {
	if x.r.Method != http.MethodPost {
		return x.notAllowed(http.MethodPost)
	}
	body, err := x.body()
	if err != nil {
		return answer{}, err
	}
	b, err := x.parseBulk(body)
	if err != nil {
		return answer{}, err
	}
	newMembers := x.h.d.limits.NewMembers
	x.by.newMembers = &newMembers
	for _, op := range b.ops {
		if b.stopped() {
			break
		}
		b.run(op)
	}
	x.buf.out = append(x.buf.out, `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],"Operations":[`...)
	for _, op := range b.ops {
		if op.state == bulkDone {
			x.buf.out = op.result(comma(x.buf.out), x.h)
		}
	}
	x.buf.out = append(x.buf.out, "]}"...)
	return answer{status: http.StatusOK}, nil
}

// parseBulk reads the request. An operation that cannot be understood fails
// alone.
func (x *exchange) parseBulk(body scimjson.Value) (*bulk, error) {
	if body.Kind() != scimjson.Object {
		return nil, badRequest(typeInvalidSyntax, "The body must be a JSON object with Operations.")
	}
	if err := x.tol.message(body, bulkURN); err != nil {
		return nil, err
	}
	list := body.Get("Operations")
	if list.Kind() != scimjson.Array {
		return nil, badRequest(typeInvalidSyntax, "Operations is missing or not a list.")
	}
	if most := x.h.d.limits.BulkOperations; list.Len() > most {
		return nil, &Error{
			Status: http.StatusRequestEntityTooLarge,
			Detail: fmt.Sprintf("The request has %d operations; maxOperations is %d.", list.Len(), most),
		}
	}
	b := &bulk{x: x, ops: make([]*bulkOp, 0, list.Len()), byID: make(map[string]*bulkOp)}
	switch v := body.Get("failOnErrors"); v.Kind() {
	case scimjson.Invalid, scimjson.Null:
	default:
		var err error
		if b.failOn, err = strconv.Atoi(v.Text()); err != nil || v.Kind() != scimjson.Number || b.failOn < 0 {
			return nil, badRequest(typeInvalidValue, "failOnErrors must be a number of errors.")
		}
	}
	for v := range list.Elements() {
		op := b.parse(v)
		switch {
		case op.method != http.MethodPost || op.bulkID == "":
		case b.byID[op.bulkID] == nil:
			b.byID[op.bulkID] = op
		case op.bad == nil:
			op.bad = badRequest(typeInvalidValue, "The bulkId %q is given to two operations.", shorten(op.bulkID, 80))
		}
		b.ops = append(b.ops, op)
	}
	return b, nil
}

// parse reads one operation.
func (b *bulk) parse(v scimjson.Value) *bulkOp {
	op := &bulkOp{
		method: strings.ToUpper(v.Get("method").Text()), path: v.Get("path").Text(), bulkID: v.Get("bulkId").Text(),
		version: v.Get("version").Text(), data: v.Get("data"),
	}
	for _, name := range []string{"method", "path", "bulkId", "version"} {
		if k := v.Get(name).Kind(); k != scimjson.String && k != scimjson.Null && k != scimjson.Invalid {
			op.bad = badRequest(typeInvalidSyntax, "%s of an operation must be a string.", name)
			return op
		}
	}
	switch op.method {
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		op.bad = op.route(b.x.h)
	default:
		op.bad = badRequest(typeInvalidSyntax, "method is %q; it must be POST, PUT, PATCH or DELETE.", shorten(op.method, 20))
	}
	if op.bad == nil {
		op.bad = op.judge(v, &b.x.tol)
	}
	return op
}

// judge notes what RFC 7644 section 3.7 has otherwise.
func (op *bulkOp) judge(v scimjson.Value, tol *tolerance) error {
	if err := tol.noteIf(v.Get("method").Text() != op.method, QuirkBulkForm, "method is "+v.Get("method").Text()+"; it stands in capitals"); err != nil {
		return err
	}
	if err := tol.noteIf(op.method == http.MethodPost && op.bulkID == "", QuirkNoBulkID, ""); err != nil {
		return err
	}
	if err := tol.noteIf(op.method == http.MethodPatch && op.data.Kind() == scimjson.Array, QuirkBulkForm, "The data of a PATCH is an object with schemas and Operations"); err != nil {
		return err
	}
	return conditions{match: op.version}.judge(tol)
}

// route reads the path of an operation, which is relative to the base.
func (op *bulkOp) route(h *Handler) error {
	path := strings.TrimPrefix(op.path, h.base)
	path, _, _ = strings.Cut(path, "?")
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	switch {
	case len(parts) == 0 || len(parts) > 2 || parts[0] != "Users" && parts[0] != "Groups":
		return badRequest(typeInvalidValue, "The path %q of an operation must be /Users or /Groups, or a resource of them.", shorten(op.path, 100))
	case op.method == http.MethodPost && len(parts) != 1:
		return badRequest(typeInvalidValue, "The path of a POST must be /Users or /Groups, without an id.")
	case op.method != http.MethodPost && len(parts) != 2:
		return badRequest(typeInvalidValue, "The path of a %s must name a resource, such as /Users/2819c223.", op.method)
	}
	op.group = parts[0] == "Groups"
	if len(parts) == 2 {
		id, err := url.PathUnescape(parts[1])
		if err != nil || !isText(id) {
			return badRequest(typeInvalidValue, "The path %q of an operation cannot be decoded.", shorten(op.path, 100))
		}
		op.id = id
	}
	return nil
}

func (b *bulk) stopped() bool { return b.failOn > 0 && b.failed >= b.failOn }

// fail ends an operation with an error, and puts that on the record.
func (b *bulk) fail(op *bulkOp, err error) {
	op.state, op.err = bulkDone, b.x.told(err)
	op.status = op.err.Status
	b.failed++
	b.x.refused(op.err, op.method+" "+op.path+" (Bulk)", op.group, op.id)
}

// run performs an operation, after those that it refers to. Operations that refer
// to each other in a circle are found as Tarjan finds strongly connected
// components, and finished together.
func (b *bulk) run(op *bulkOp) {
	if op.state == bulkDone {
		return // another one needed it
	}
	op.state, op.open, op.index, op.low = bulkRunning, true, len(b.stack), len(b.stack)
	b.stack = append(b.stack, op)
	b.attempt(op)
	if op.low == op.index {
		circle := b.stack[op.index:]
		b.finish(circle)
		b.stack = b.stack[:op.index]
	}
}

// attempt performs an operation, unless too many have failed by then.
func (b *bulk) attempt(op *bulkOp) {
	err := op.bad
	if err == nil {
		err = b.prepare(op)
	}
	switch {
	case err != nil:
	case b.stopped():
		op.state = bulkWaiting
		return
	default:
		err = b.perform(op)
	}
	if err != nil {
		b.fail(op, err)
		return
	}
	op.state = bulkDone
}

// prepare runs what the operation refers to and puts the IDs in.
func (b *bulk) prepare(op *bulkOp) error {
	if name, ok := strings.CutPrefix(op.id, bulkPrefix); ok {
		to, err := b.resolve(op, name)
		if err != nil {
			op.id = "" // there is none
			return err
		}
		if to.state != bulkDone {
			return nil // stopped
		}
		op.id = to.id
	}
	if op.method == http.MethodDelete {
		return nil
	}
	if op.data.Kind() == scimjson.Invalid {
		return badRequest(typeInvalidSyntax, "The operation has no data.")
	}
	var err error
	eachReference(op.data, func(name string, sure bool) {
		if err != nil || b.stopped() || !sure && b.byID[name] == nil {
			return
		}
		var to *bulkOp
		if to, err = b.resolve(op, name); err != nil || len(to.by) > 0 && to.by[len(to.by)-1] == op {
			return
		}
		to.by = append(to.by, op)
		if to.state == bulkRunning {
			op.without = append(op.without, to)
		}
	})
	return err
}

// resolve returns the operation that a bulkId in another names, once it is
// performed; one that is still running refers back to the one that asks.
func (b *bulk) resolve(op *bulkOp, name string) (*bulkOp, error) {
	to := b.byID[name]
	if to == nil {
		return nil, badRequest(typeInvalidValue, "bulkId:%s is not the bulkId of any POST in this request.", shorten(name, 80))
	}
	if to.state == bulkWaiting {
		b.run(to)
	}
	if to.open {
		op.low = min(op.low, to.low)
	}
	if to.err != nil {
		return nil, failedReference(name)
	}
	return to, nil
}

func failedReference(name string) error {
	return &Error{
		Status: http.StatusConflict,
		Detail: fmt.Sprintf("The operation refers to bulkId:%s, which failed.", shorten(name, 80)),
	}
}

// perform does what an operation asks for, as a request of its own would.
func (b *bulk) perform(op *bulkOp) error {
	w, err := b.write(op)
	if err != nil {
		return err
	}
	w.method, w.by.only.match, w.was = op.method, op.version, &op.was
	op.status = http.StatusOK
	switch op.method {
	case http.MethodPost:
		op.status = http.StatusCreated
	case http.MethodDelete:
		op.status = http.StatusNoContent
	}
	return b.guard(func() error {
		if op.group {
			g, err := b.x.writeGroup(w)
			if g != nil {
				op.id, op.tag = g.ID, g.Version
			}
			return err
		}
		u, err := b.x.writeUser(w)
		if u != nil {
			op.id, op.tag = u.ID, u.Version
		}
		return err
	})
}

// write is the operation with the IDs for the bulkIds that have one.
func (b *bulk) write(op *bulkOp) (write, error) {
	w := write{id: op.id, data: op.data, by: b.x.by}
	w.by.only = conditions{}
	bare := op.method == http.MethodPatch && op.data.Kind() == scimjson.Array
	if op.data.Kind() == scimjson.Invalid || !bare && !refers(op.data) {
		return w, nil
	}
	text := make([]byte, 0, len(op.data.Raw())+256)
	if bare { // RFC 7644 erratum 5050: some send the operations of a PATCH alone
		text = append(text, `{"schemas":["`+patchURN+`"],"Operations":`...)
	}
	text, _ = b.rewrite(text, op.data)
	if bare {
		text = append(text, '}')
	}
	var doc scimjson.Doc
	if err := doc.Parse(text, b.x.h.d.limits.json()); err != nil {
		return w, badRequest(typeInvalidSyntax, "The data of the operation cannot be read: %s.", err)
	}
	w.data = doc.Root()
	return w, nil
}

// guard turns a panic into the failure of one operation: the others did happen,
// and their answers are not to be lost.
func (b *bulk) guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if e, ok := p.(error); ok && errors.Is(e, http.ErrAbortHandler) {
				panic(p)
			}
			err = b.x.panicked(p)
		}
	}()
	return f()
}

// finish adds to the resources of a circle what they were made without, now that
// it is there. Most circles are one operation that refers to nothing behind it.
func (b *bulk) finish(circle []*bulkOp) {
	for _, op := range circle {
		op.open = false
	}
	for _, op := range slices.Backward(circle) {
		if len(op.without) == 0 || op.state != bulkDone || op.err != nil {
			continue
		}
		if err := b.complete(op); err != nil {
			b.undo(op, err)
		}
	}
}

// undo takes back what an operation made that fails in the end, and with it what
// refers to that. All of these are in its circle: who else refers to it was not
// performed yet.
func (b *bulk) undo(op *bulkOp, err error) {
	if err := b.guard(func() error { return b.takeBack(op) }); err != nil {
		b.x.h.d.log.Error("scim: a resource of a failed operation could not be taken back", "request", b.x.id, "error", err)
	}
	b.fail(op, err)
	for _, other := range op.by {
		if other.state == bulkDone && other.err == nil {
			b.undo(other, failedReference(op.bulkID))
		}
	}
}

// complete adds to a resource what it was made without.
func (b *bulk) complete(op *bulkOp) error {
	for _, to := range op.without {
		if to.err != nil || to.state != bulkDone {
			return failedReference(to.bulkID)
		}
	}
	op.without = nil
	w, err := b.write(op)
	if err != nil {
		return err
	}
	w.by.tol = nil // all of it was judged before
	return b.guard(func() error {
		if op.group {
			g, err := b.x.editGroup(w, func(to *groupWriter) error { return to.merge(w.data, false) })
			if err == nil {
				op.tag = g.Version
			}
			return err
		}
		u, err := b.x.editUser(w, func(to *writer) error { return to.merge(w.data, false) })
		if err == nil {
			op.tag = u.Version
		}
		return err
	})
}

// takeBack undoes a create, also when the request is broken off by now. Somebody
// who was there before gets back the status from before: one who had no access
// has none.
func (b *bulk) takeBack(op *bulkOp) error {
	by, d, t := b.x.by, b.x.h.d, b.x.conn.Tenant
	by.only, by.undo = conditions{}, true
	ctx, cancel := context.WithTimeout(context.WithoutCancel(b.x.ctx), 5*time.Second)
	defer cancel()
	switch {
	case op.group:
		return d.deleteGroup(ctx, t, by, op.id)
	case op.was == 0, op.was == StatusArchived:
		return d.archive(ctx, t, by, op.id)
	case op.was == StatusDeactivated:
		_, err := d.update(ctx, t, by, op.id, func(u *User) ([]string, *attr, error) {
			u.asked = No
			return nil, nil, nil
		})
		return err
	}
	return nil
}

// result writes what came of an operation (RFC 7644 section 3.7.3).
func (op *bulkOp) result(b []byte, h *Handler) []byte {
	b = append(b, `{"method":`...)
	b = scimjson.AppendString(b, shorten(op.method, 20))
	if op.bulkID != "" {
		b = scimjson.AppendString(append(b, `,"bulkId":`...), op.bulkID)
	}
	if op.err == nil && op.tag != "" {
		b = appendETag(append(b, `,"version":`...), op.tag)
	}
	if op.id != "" && (op.err == nil || op.method != http.MethodPost) {
		endpoint := "/Users/"
		if op.group {
			endpoint = "/Groups/"
		}
		e := encoder{base: h.base, jsonBase: h.jsonBase}
		b = e.appendLocation(append(b, `,"location":`...), endpoint, op.id)
	}
	b = append(strconv.AppendInt(append(b, `,"status":"`...), int64(op.status), 10), '"')
	if op.err != nil {
		b = appendError(append(b, `,"response":`...), op.err)
	}
	return append(b, '}')
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/usher-scim/scim"
)

// This file is the application's own JSON API. Each endpoint is a call or two of
// scim.Directory.

// How many items a page has when nobody says, and at most.
const (
	pageSize    = 100
	longestPage = 1000
)

// maxBody is the longest body that is read.
const maxBody = 1 << 20

type app struct{ *host }

// endpoint answers a request for a tenant with a value to be written as JSON.
// Its errors are those of the Directory, or *scim.Error.
type endpoint func(r *http.Request, t scim.Tenant) (status int, body any, err error)

// routes returns the API. It asks for no token, but pages of other sites that
// are open in a browser on this machine cannot write through it.
func (a *app) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, f := range map[string]endpoint{
		"GET /app/users":                  a.users,
		"POST /app/users":                 a.createUser,
		"GET /app/users/{id}":             a.user,
		"POST /app/users/{id}/activate":   a.activate,
		"POST /app/users/{id}/deactivate": a.deactivate,
		"POST /app/held/activate":         a.activateHeld,
		"GET /app/licence":                a.licence,
		"PUT /app/licence":                a.setLicence,
		"GET /app/folders":                a.folders,
		"GET /app/folders/{root}/{name}":  a.folder,
		"GET /app/connection":             a.connection,
		"GET /app/log":                    a.events,
		"GET /app/stopped":                a.stopped,
		"GET /app/quirks":                 a.quirks,
		"POST /app/stopped/release":       a.release,
		"GET /app/tokens":                 a.listTokens,
		"POST /app/tokens":                a.issueToken,
		"POST /app/tokens/revoke":         a.revokeToken,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { a.answer(w, r, f) })
	}
	mux.HandleFunc("GET /app/export.csv", a.export)
	protection := http.NewCrossOriginProtection()
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.fail(w, r, problem(http.StatusForbidden, "A page of another site cannot do this."))
	}))
	return protection.Handler(http.MaxBytesHandler(a.unrouted(mux), maxBody))
}

// unrouted writes what the mux says of requests that no pattern fits, 404 and
// 405, as JSON too.
func (a *app) unrouted(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		s := &statusOnly{ResponseWriter: w}
		mux.ServeHTTP(s, r) // sets Allow
		a.fail(w, r, problem(s.status, "%s: %s %s.", http.StatusText(s.status), r.Method, r.URL.Path))
	})
}

// statusOnly takes the status of an answer and leaves its body out.
type statusOnly struct {
	http.ResponseWriter
	status int
}

func (s *statusOnly) WriteHeader(status int)      { s.status = status }
func (s *statusOnly) Write(p []byte) (int, error) { return len(p), nil }

// answer runs an endpoint for the tenant that the request names.
func (a *app) answer(w http.ResponseWriter, r *http.Request, f endpoint) {
	t, err := a.tenantOf(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	status, body, err := f(r, t)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	a.write(w, status, body)
}

func (a *app) tenantOf(r *http.Request) (scim.Tenant, error) {
	name := r.URL.Query().Get("tenant")
	if name == "" {
		return a.tenant, nil
	}
	known, err := a.licences.known(r.Context(), scim.Tenant(name))
	if err == nil && !known {
		err = problem(http.StatusNotFound, "There is no tenant %q.", name)
	}
	return scim.Tenant(name), err
}

func (a *app) write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		a.log.Debug("an answer could not be written", "error", err)
	}
}

func problem(status int, format string, args ...any) error {
	return &scim.Error{Status: status, Detail: fmt.Sprintf(format, args...)}
}

// fail is the one place where an error becomes an answer.
func (a *app) fail(w http.ResponseWriter, r *http.Request, err error) {
	var known *scim.Error
	var conflict *scim.ConflictError
	status, text := http.StatusInternalServerError, "The request failed; the log says why."
	switch {
	case errors.As(err, &known):
		status, text = known.Status, known.Detail
	case errors.As(err, &conflict):
		status, text = http.StatusConflict, "Another user has this "+conflict.Attribute+" already."
	case errors.Is(err, scim.ErrSeats):
		status, text = http.StatusConflict, "No seat is free: raise the licence, or deactivate somebody first."
	case errors.Is(err, scim.ErrNotFound):
		status, text = http.StatusNotFound, "There is no such user."
	case errors.Is(err, scim.ErrPlace):
		status, text = http.StatusBadRequest, "after must be what next was on the page before."
	}
	if status >= http.StatusInternalServerError {
		a.log.Error("a request failed", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	a.write(w, status, map[string]string{"error": text})
}

// decode reads a JSON object and nothing else.
func decode(r *http.Request, into any) error {
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	err := dec.Decode(into)
	if err == nil {
		if _, err = dec.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		err = errors.New("something follows the object")
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return problem(http.StatusRequestEntityTooLarge, "The body is longer than %d bytes.", tooLarge.Limit)
	}
	return problem(http.StatusBadRequest, "The body cannot be read: %v.", err)
}

// number reads a number from the query.
func number(r *http.Request, name string, unset, most int) (int, error) {
	s := r.URL.Query().Get(name)
	if s == "" {
		return unset, nil
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 {
		return 0, problem(http.StatusBadRequest, "%s must be a whole number from 0 up.", name)
	}
	return min(n, most), nil
}

// pageQuery reads offset and limit.
func pageQuery(r *http.Request) (q scim.Query, err error) {
	if q.Offset, err = number(r, "offset", 0, int(^uint(0)>>1)); err != nil {
		return q, err
	}
	if q.Limit, err = number(r, "limit", pageSize, longestPage); q.Limit == 0 {
		q.Limit = -1 // none, only how many there are
	}
	return q, err
}

// users is GET /app/users.
func (a *app) users(r *http.Request, t scim.Tenant) (int, any, error) {
	q, err := pageQuery(r)
	if err != nil {
		return 0, nil, err
	}
	if name := r.URL.Query().Get("status"); name != "" {
		if q.Status = statusNamed(name); q.Status == 0 {
			return 0, nil, problem(http.StatusBadRequest, "status must be active, deactivated, held or archived.")
		}
	}
	if text := r.URL.Query().Get("filter"); text != "" {
		if q.Filter, err = a.dir.UserFilter(text); err != nil {
			return 0, nil, err
		}
	}
	page, err := a.dir.Users(r.Context(), t, q)
	if err != nil {
		return 0, nil, err
	}
	return a.userPage(r, t, page)
}

func statusNamed(name string) scim.Status {
	for s := scim.StatusActive; s <= scim.StatusArchived; s++ {
		if s.String() == name {
			return s
		}
	}
	return 0
}

func (a *app) userPage(r *http.Request, t scim.Tenant, page scim.Page[*scim.User]) (int, any, error) {
	list, err := a.views(r.Context(), t, page.Items)
	return http.StatusOK, usersView{Users: list, Total: page.Total}, err
}

// createUser is POST /app/users: an account that the platform makes itself (P4.2).
func (a *app) createUser(r *http.Request, t scim.Tenant) (int, any, error) {
	var body struct{ UserName, Email, GivenName, FamilyName string }
	if err := decode(r, &body); err != nil {
		return 0, nil, err
	}
	u, err := a.dir.CreateUser(r.Context(), t, scim.NewUser(body))
	return a.one(r, t, http.StatusCreated, u, err)
}

// user is GET /app/users/{id}, also of an archived user.
func (a *app) user(r *http.Request, t scim.Tenant) (int, any, error) {
	u, err := a.dir.User(r.Context(), t, r.PathValue("id"))
	return a.one(r, t, http.StatusOK, u, err)
}

// activate is POST /app/users/{id}/activate (P5.3).
func (a *app) activate(r *http.Request, t scim.Tenant) (int, any, error) {
	u, err := a.dir.Activate(r.Context(), t, r.PathValue("id"))
	return a.one(r, t, http.StatusOK, u, err)
}

// deactivate is POST /app/users/{id}/deactivate (P3.6).
func (a *app) deactivate(r *http.Request, t scim.Tenant) (int, any, error) {
	u, err := a.dir.Deactivate(r.Context(), t, r.PathValue("id"))
	return a.one(r, t, http.StatusOK, u, err)
}

// one answers with one user, or with the error that came instead.
func (a *app) one(r *http.Request, t scim.Tenant, status int, u *scim.User, err error) (int, any, error) {
	if err != nil {
		return 0, nil, err
	}
	list, err := a.views(r.Context(), t, []*scim.User{u})
	if err != nil {
		return 0, nil, err
	}
	return status, list[0], nil
}

// activateHeld is POST /app/held/activate: as many as there are seats for, the
// oldest first (P5.3).
func (a *app) activateHeld(r *http.Request, t scim.Tenant) (int, any, error) {
	done, err := a.dir.ActivateHeld(r.Context(), t)
	if err != nil && !errors.Is(err, scim.ErrSeats) { // no seat at all: none is as many as there are
		return 0, nil, err
	}
	list, err := a.views(r.Context(), t, done)
	if err != nil {
		return 0, nil, err
	}
	l, err := a.dir.Licence(r.Context(), t)
	return http.StatusOK, activatedView{Activated: list, Held: l.Held}, err
}

// licence is GET /app/licence (P5.7).
func (a *app) licence(r *http.Request, t scim.Tenant) (int, any, error) {
	l, err := a.dir.Licence(r.Context(), t)
	return http.StatusOK, licenceOf(l), err
}

// setLicence is PUT /app/licence. It activates nobody and takes nobody's seat
// (P5.3, P5.5).
func (a *app) setLicence(r *http.Request, t scim.Tenant) (int, any, error) {
	var body struct{ Seats json.RawMessage }
	if err := decode(r, &body); err != nil {
		return 0, nil, err
	}
	var seats *int
	if err := json.Unmarshal(body.Seats, &seats); err != nil || seats != nil && *seats < 0 {
		return 0, nil, problem(http.StatusBadRequest, "seats must be a whole number from 0 up, or null for unlimited.")
	}
	limit := scim.Unlimited
	if seats != nil {
		limit = scim.Seats(*seats)
	}
	if err := a.licences.set(r.Context(), t, limit); err != nil {
		return 0, nil, err
	}
	return a.licence(r, t)
}

// folders is GET /app/folders: the folders that have users, below their roots (P6).
func (a *app) folders(r *http.Request, t scim.Tenant) (int, any, error) {
	roots := make(map[string][]folderView)
	for _, root := range a.dir.Roots() {
		list, err := a.dir.Folders(r.Context(), t, root)
		if err != nil {
			return 0, nil, err
		}
		roots[root] = make([]folderView, len(list)) // [] and not null where there are none
		for i, f := range list {
			roots[root][i] = folderView{Name: f.Name, Users: f.Users, Active: f.Active}
		}
	}
	return http.StatusOK, roots, nil
}

// folder is GET /app/folders/{root}/{name}: a page of the folder's users. A
// folder that nobody is in has an empty one.
func (a *app) folder(r *http.Request, t scim.Tenant) (int, any, error) {
	key := scim.FolderKey{Root: r.PathValue("root"), Name: r.PathValue("name")}
	if !slices.Contains(a.dir.Roots(), key.Root) {
		return 0, nil, problem(http.StatusNotFound, "There is no root folder %q.", key.Root)
	}
	q, err := pageQuery(r)
	if err != nil {
		return 0, nil, err
	}
	page, err := a.dir.FolderUsers(r.Context(), t, key, q)
	if err != nil {
		return 0, nil, err
	}
	return a.userPage(r, t, page)
}

// connection is GET /app/connection: when the tenant's identity provider was
// last heard of (P1.4); of several the one that was heard of last.
func (a *app) connection(r *http.Request, t scim.Tenant) (int, any, error) {
	all, err := a.dir.Activity(r.Context(), t)
	return http.StatusOK, connectionOf(all), err
}

// events is GET /app/log: the record, newest first (P9.2).
func (a *app) events(r *http.Request, t scim.Tenant) (int, any, error) {
	after := r.URL.Query().Get("after")
	limit, err := number(r, "limit", pageSize, longestPage)
	if err != nil {
		return 0, nil, err
	}
	page, err := a.dir.Log(r.Context(), t, scim.EventQuery{NewestFirst: true, Limit: max(limit, 1), After: after})
	if err != nil {
		return 0, nil, err
	}
	return http.StatusOK, logOf(page), nil
}

// stopped is GET /app/stopped: the connections that removed so many users that
// they are not let remove more.
func (a *app) stopped(_ *http.Request, t scim.Tenant) (int, any, error) {
	return http.StatusOK, stoppedOf(a.dir.Stopped(t)), nil
}

// quirks is GET /app/quirks: how many requests relied on what the RFCs do not
// have, and would be refused with -strict.
func (a *app) quirks(_ *http.Request, t scim.Tenant) (int, any, error) {
	return http.StatusOK, quirksOf(a.wire.Quirks(t)), nil
}

// release is POST /app/stopped/release: for some time a connection may remove as
// many users as it likes, stopped or not.
func (a *app) release(r *http.Request, t scim.Tenant) (int, any, error) {
	var body struct{ Connection, Duration string }
	if err := decode(r, &body); err != nil {
		return 0, nil, err
	}
	long, err := time.ParseDuration(body.Duration)
	if err != nil || long < 0 {
		return 0, nil, problem(http.StatusBadRequest, "duration must be a time such as 30m, or 0 to count anew at once.")
	}
	if _, err := a.connected(t, body.Connection); err != nil {
		return 0, nil, err
	}
	if err := a.dir.Release(r.Context(), t, body.Connection, long); err != nil {
		return 0, nil, err
	}
	return a.stopped(r, t)
}

// export is GET /app/export.csv (P6.5).
func (a *app) export(w http.ResponseWriter, r *http.Request) {
	t, err := a.tenantOf(r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8; header=present")
	w.Header().Set("Content-Disposition", `attachment; filename="users.csv"`)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if err := a.dir.ExportCSV(r.Context(), t, w); err != nil {
		a.log.Error("an export broke off", "error", err)
		panic(http.ErrAbortHandler) // part of it may be out: break it off visibly
	}
}

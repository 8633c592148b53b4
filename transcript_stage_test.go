package scim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/language"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

const stageBase = "https://app.example.com/scim/v2"

// stageTokens are the connections that a transcript can speak for. The first
// one does unless the request has an Authorization header of its own.
var stageTokens = []struct {
	secret string
	scim.Connection
}{
	{"acme-token-0123456789", scim.Connection{ID: "acme-entra", Tenant: "acme"}},
	{"acme-rotated-token-0123456789", scim.Connection{ID: "acme-entra", Tenant: "acme"}}, // of the same connection
	{"acme-second-token-0123456789", scim.Connection{ID: "acme-second", Tenant: "acme"}},
	{"globex-token-0123456789", scim.Connection{ID: "globex-entra", Tenant: "globex"}},
}

// stage is a fresh directory that one transcript plays on.
type stage struct {
	t       *testing.T
	handler http.Handler
	dir     *scim.Directory
	now     atomic.Int64 // seconds since the stage was set
	seats   scim.Limit
	policy  scim.Policy
	saved   map[string]string
	// What the step at hand did, for its expectations and their failures.
	request string
	answer  *httptest.ResponseRecorder
	value   any   // the JSON of the answer, or what the host sees
	err     error // of a host's step
}

func newStage(t *testing.T) *stage {
	s := &stage{t: t, saved: make(map[string]string)}
	clock := func() time.Time {
		return time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(s.now.Load()) * time.Second)
	}
	var err error
	s.dir, err = scim.New(scim.Config{
		Store:     memstore.New(),
		Seats:     func(context.Context, scim.Tenant) (scim.Limit, error) { return s.seats, nil },
		Policy:    func(context.Context, scim.Tenant) (scim.Policy, error) { return s.policy, nil },
		Languages: []language.Tag{language.BritishEnglish, language.German, language.French, language.Spanish},
		Logger:    slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelError})),
		Now:       clock,
	})
	require.NoError(t, err)
	tokens := &scim.Tokens{Now: clock}
	for _, token := range stageTokens {
		_, err := tokens.Add(token.Connection, token.secret, time.Time{})
		require.NoError(t, err)
	}
	h, err := scim.NewHandler(s.dir, scim.HandlerConfig{BaseURL: stageBase, Verifier: tokens})
	require.NoError(t, err)
	s.handler = h.Mount(http.NotFoundHandler())
	return s
}

const stageTenant scim.Tenant = "acme"

// play performs a step a second after the one before, and checks it.
func (s *stage) play(p step) {
	s.now.Add(1)
	s.request, s.answer, s.value, s.err = p.kind+" "+p.args+" "+p.json, nil, nil, nil
	switch p.kind {
	case "seats":
		s.seats = scim.Unlimited
		if p.args != "unlimited" {
			var n int
			_, err := fmt.Sscan(p.args, &n)
			s.must(p.place, err)
			s.seats = scim.Seats(n)
		}
	case "policy":
		s.policy = scim.Policy{}
		s.must(p.place, json.Unmarshal([]byte(p.json), &s.policy))
	case "host":
		s.host(p)
	case "users":
		s.users(p)
	default:
		s.send(p)
	}
	wantsError := false
	for _, e := range p.want {
		wantsError = wantsError || e.kind == "error"
		if e.kind == "save" { // first, for a Location with the new id in it
			s.save(e.place, e.text)
		}
	}
	for _, e := range p.want {
		s.expect(e)
	}
	if s.err != nil && !wantsError {
		s.fail(p.place, "the host was refused")
	}
}

var placeholder = regexp.MustCompile(`\{\{\s*([A-Za-z0-9_]+)\s*\}\}`)

// fill puts saved values in for {{names}}.
func (s *stage) fill(place, text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(m string) string {
		name := placeholder.FindStringSubmatch(m)[1]
		v, ok := s.saved[name]
		if !ok {
			s.fail(place, "nothing was saved as %q", name)
		}
		return v
	})
}

// send performs a request, or several of the same at once.
func (s *stage) send(p step) {
	method, path, _ := strings.Cut(s.fill(p.place, p.args), " ")
	target, body := stageTarget(path), s.fill(p.place, p.body)
	answers := make([]*httptest.ResponseRecorder, len(p.status))
	var sent *http.Request
	var wg sync.WaitGroup
	for i := range answers {
		r := httptest.NewRequestWithContext(s.t.Context(), method, target, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+stageTokens[0].secret)
		if body != "" {
			r.Header.Set("Content-Type", "application/scim+json")
		}
		for _, h := range p.headers {
			if r.Header.Del(h[0]); h[1] != "" {
				r.Header.Set(h[0], s.fill(p.place, h[1]))
			}
		}
		s.request = fmt.Sprintf("%s %s\n%s", method, r.URL, body)
		answers[i], sent = httptest.NewRecorder(), r
		wg.Go(func() { s.handler.ServeHTTP(answers[i], r) })
	}
	wg.Wait()
	slices.SortStableFunc(answers, func(a, b *httptest.ResponseRecorder) int {
		return slices.Index(p.status, a.Code) - slices.Index(p.status, b.Code)
	})
	for i, a := range answers {
		s.answer = a
		if method == http.MethodHead {
			a.Body.Reset() // as the server of net/http does
		}
		if a.Code != p.status[i] {
			s.fail(p.place, "the status is %d, not %d", a.Code, p.status[i])
		}
		s.conform(p.place, method, target)
		if method == http.MethodHead && a.Code < http.StatusBadRequest {
			s.likeGet(p.place, sent)
		}
	}
	if s.answer = answers[0]; s.answer.Body.Len() > 0 {
		s.value = s.decode(p.place, s.answer.Body.Bytes())
	}
}

// likeGet fails unless the answer to a HEAD has the status and the headers of a GET.
func (s *stage) likeGet(place string, head *http.Request) {
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, head.URL.String(), nil)
	r.Header = head.Header
	get := httptest.NewRecorder()
	s.handler.ServeHTTP(get, r)
	want, have := get.Header().Clone(), s.answer.Header().Clone()
	want.Del("X-Request-Id")
	have.Del("X-Request-Id")
	if diff := cmp.Diff(want, have); diff != "" || get.Code != s.answer.Code {
		s.fail(place, "HEAD is answered otherwise than GET with its %d (-get +head):\n%s", get.Code, diff)
	}
}

// users has the identity provider create so many users, a second after each
// other, and saves their ids.
func (s *stage) users(p step) {
	n, err := strconv.Atoi(p.args)
	s.must(p.place, err)
	members := make([]map[string]string, n)
	for i := range members {
		name := "u" + strconv.Itoa(i+1)
		s.send(step{
			place: p.place, args: "POST /Users", status: []int{http.StatusCreated},
			body: fmt.Sprintf(`{"userName":"%s@example.com","emails":[{"value":"%[1]s@example.com","type":"work"}]}`, name),
		})
		s.save(p.place, name+"=id")
		members[i] = map[string]string{"value": s.saved[name]}
		s.now.Add(1)
	}
	list, err := json.Marshal(members)
	s.must(p.place, err)
	s.saved["users"] = string(list)
	s.answer, s.value = nil, nil
}

// stageTarget encodes a path that is written readably, as a form would.
func stageTarget(path string) string {
	if raw, ok := strings.CutPrefix(path, "raw:"); ok {
		return stageBase + raw
	}
	path, query, ok := strings.Cut(path, "?")
	target := stageBase + (&url.URL{Path: path}).EscapedPath()
	if !ok {
		return target
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		key, value, ok := strings.Cut(pair, "=")
		if pairs[i] = url.QueryEscape(key); ok {
			pairs[i] += "=" + url.QueryEscape(value)
		}
	}
	return target + "?" + strings.Join(pairs, "&")
}

// host performs a step of the host's.
func (s *stage) host(p step) {
	ctx := s.t.Context()
	args := strings.Fields(s.fill(p.place, p.args))
	verb, arg := args[0], strings.Join(args[1:], " ")
	var out any
	switch verb {
	case "create":
		var n scim.NewUser
		s.must(p.place, json.Unmarshal([]byte(s.fill(p.place, p.json)), &n))
		out = s.shown(s.dir.CreateUser(ctx, stageTenant, n))
	case "activate":
		out = s.shown(s.dir.Activate(ctx, stageTenant, arg))
	case "deactivate":
		out = s.shown(s.dir.Deactivate(ctx, stageTenant, arg))
	case "show":
		out = s.shown(s.dir.User(ctx, stageTenant, arg))
	case "activate-held":
		users, err := s.dir.ActivateHeld(ctx, stageTenant)
		s.err = err
		list := []any{}
		for _, u := range users {
			list = append(list, s.shown(u, nil))
		}
		out = list
	case "licence":
		l, err := s.dir.Licence(ctx, stageTenant)
		s.err = err
		out = map[string]any{"limit": l.Limit.String(), "used": l.Used, "held": l.Held}
	case "folders":
		out = s.folders(arg)
	case "log":
		out = s.events(arg)
	case "activity":
		list, err := s.dir.Activity(ctx, stageTenant)
		s.err = err
		out = list
	default:
		s.fail(p.place, "the host cannot %q", verb)
	}
	b, err := json.Marshal(out)
	s.must(p.place, err)
	s.value = s.decode(p.place, b)
}

// shown is a user as the host sees it.
func (s *stage) shown(u *scim.User, err error) any {
	if err != nil {
		s.err = err
		return nil
	}
	v, err := s.dir.View(s.t.Context(), stageTenant, u)
	if err != nil {
		s.err = err
		return nil
	}
	out := map[string]any{
		"managed": u.Managed, "placeholder": u.Placeholder, "status": v.Status.String(), "warnings": stageWarnings(v.Warnings),
	}
	set := func(name, value string) {
		if value != "" {
			out[name] = value
		}
	}
	set("id", u.ID)
	set("userName", u.Login)
	set("wireUserName", u.UserName)
	set("email", u.Email)
	set("deactivatedBy", u.DeactivatedBy)
	set("role", v.Role)
	set("managerId", v.ManagerID)
	for _, name := range []string{"givenName", "familyName", "country", "department", "division", "organization", "externalId"} {
		set(name, s.dir.Value(u, name))
	}
	if v.Language != language.Und {
		set("language", v.Language.String())
	}
	if v.Timezone != nil {
		set("timezone", v.Timezone.String())
	}
	if !v.HireDate.IsZero() {
		set("hireDate", v.HireDate.Format(time.DateOnly))
	}
	if v.Region != (language.Region{}) {
		set("region", v.Region.String())
	}
	return out
}

func stageWarnings(list []scim.Warning) []any {
	out := []any{}
	for _, w := range list {
		out = append(out, map[string]any{"attribute": w.Attribute, "text": w.Text})
	}
	return out
}

func (s *stage) folders(root string) any {
	list, err := s.dir.Folders(s.t.Context(), stageTenant, root)
	s.err = err
	out := []any{}
	for _, f := range list {
		out = append(out, map[string]any{"name": f.Name, "users": f.Users, "active": f.Active})
	}
	return out
}

// events is the record of a user or a group, the oldest first; of everything
// when id is "".
func (s *stage) events(id string) any {
	var all []scim.Event
	q := scim.EventQuery{Limit: 1000}
	for more := true; more && s.err == nil; {
		page, err := s.dir.Log(s.t.Context(), stageTenant, q)
		all, q.After, s.err = append(all, page.Items...), page.Next, err
		more = len(page.Items) > 0 // the oldest first, a page always names a place to go on from
	}
	out := []any{}
	for _, e := range all {
		if id != "" && e.UserID != id && e.GroupID != id {
			continue
		}
		changes := []string{}
		for _, c := range e.Changes {
			changes = append(changes, c.Attribute)
		}
		out = append(out, map[string]any{
			"kind": e.Kind, "connection": e.Connection, "from": e.From.String(), "to": e.To.String(), "changes": changes,
			"added": e.Added, "removed": e.Removed, "warnings": stageWarnings(e.Warnings), "ignored": e.Ignored,
			"status": e.Status, "error": e.Error,
		})
	}
	return out
}

func (s *stage) decode(place string, b []byte) any {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	s.must(place, d.Decode(&v))
	return v
}

func (s *stage) must(place string, err error) {
	if err != nil {
		s.fail(place, "%v", err)
	}
}

// fail ends the transcript: what follows a failed step means nothing.
func (s *stage) fail(place, format string, args ...any) {
	s.t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n%s\n", place, fmt.Sprintf(format, args...), s.request)
	switch {
	case s.answer != nil:
		fmt.Fprintf(&b, "\n%d %v\n%s\n", s.answer.Code, s.answer.Header(), indented(s.answer.Body.Bytes()))
	case s.err != nil:
		fmt.Fprintf(&b, "\nerror: %v\n", s.err)
	case s.value != nil:
		shown, _ := json.Marshal(s.value)
		fmt.Fprintf(&b, "\n%s\n", indented(shown))
	}
	require.FailNow(s.t, b.String())
}

func indented(b []byte) string {
	var out bytes.Buffer
	if json.Indent(&out, b, "", "  ") != nil {
		return string(b)
	}
	return out.String()
}

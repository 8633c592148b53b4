package scim_test

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// trapped is a store whose methods panic on demand.
type trapped struct {
	scim.Store
	mu     sync.Mutex
	method string // that panics; "" none
	calls  int    // of it that go well before
	sprung int
}

// set makes a method panic from its call number calls on, counted from 0.
func (s *trapped) set(method string, calls int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.method, s.calls, s.sprung = method, calls, 0
}

func (s *trapped) times() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sprung
}

func (s *trapped) step(method string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.method != method {
		return
	}
	if s.calls--; s.calls < 0 {
		s.sprung++
		panic("trapped in " + method)
	}
}

func (s *trapped) CreateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	s.step("CreateUser")
	return s.Store.CreateUser(ctx, t, u, g, e)
}

func (s *trapped) UpdateUser(ctx context.Context, t scim.Tenant, u *scim.User, g scim.Guard, e *scim.Event) (*scim.User, error) {
	s.step("UpdateUser")
	return s.Store.UpdateUser(ctx, t, u, g, e)
}

func (s *trapped) PurgeUser(ctx context.Context, t scim.Tenant, id string, e *scim.Event) error {
	s.step("PurgeUser")
	return s.Store.PurgeUser(ctx, t, id, e)
}

func (s *trapped) User(ctx context.Context, t scim.Tenant, id string) (*scim.User, error) {
	s.step("User")
	return s.Store.User(ctx, t, id)
}

func (s *trapped) FindUsers(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.User, error) {
	s.step("FindUsers")
	return s.Store.FindUsers(ctx, t, f)
}

func (s *trapped) Users(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.User], error) {
	s.step("Users")
	return s.Store.Users(ctx, t, q)
}

func (s *trapped) CreateGroup(ctx context.Context, t scim.Tenant, g *scim.Group, members []string, e *scim.Event) (*scim.Group, error) {
	s.step("CreateGroup")
	return s.Store.CreateGroup(ctx, t, g, members, e)
}

func (s *trapped) UpdateGroup(ctx context.Context, t scim.Tenant, id string, c scim.GroupChange, g scim.Guard, e *scim.Event) (*scim.Group, error) {
	s.step("UpdateGroup")
	return s.Store.UpdateGroup(ctx, t, id, c, g, e)
}

func (s *trapped) DeleteGroup(ctx context.Context, t scim.Tenant, id string, g scim.Guard, e *scim.Event) error {
	s.step("DeleteGroup")
	return s.Store.DeleteGroup(ctx, t, id, g, e)
}

func (s *trapped) Group(ctx context.Context, t scim.Tenant, id string) (*scim.Group, error) {
	s.step("Group")
	return s.Store.Group(ctx, t, id)
}

func (s *trapped) FindGroups(ctx context.Context, t scim.Tenant, f scim.Find) ([]*scim.Group, error) {
	s.step("FindGroups")
	return s.Store.FindGroups(ctx, t, f)
}

func (s *trapped) Groups(ctx context.Context, t scim.Tenant, q scim.Query) (scim.Page[*scim.Group], error) {
	s.step("Groups")
	return s.Store.Groups(ctx, t, q)
}

func (s *trapped) Members(ctx context.Context, t scim.Tenant, id string, q scim.Query) (scim.Page[scim.Member], error) {
	s.step("Members")
	return s.Store.Members(ctx, t, id, q)
}

func (s *trapped) GroupsOf(ctx context.Context, t scim.Tenant, ids []string) (map[string][]scim.GroupRef, error) {
	s.step("GroupsOf")
	return s.Store.GroupsOf(ctx, t, ids)
}

func (s *trapped) Counts(ctx context.Context, t scim.Tenant) (scim.Counts, error) {
	s.step("Counts")
	return s.Store.Counts(ctx, t)
}

func (s *trapped) Folders(ctx context.Context, t scim.Tenant, root string) ([]scim.Folder, error) {
	s.step("Folders")
	return s.Store.Folders(ctx, t, root)
}

func (s *trapped) Append(ctx context.Context, t scim.Tenant, e *scim.Event) error {
	s.step("Append")
	return s.Store.Append(ctx, t, e)
}

func (s *trapped) Events(ctx context.Context, q scim.EventQuery) (scim.Page[scim.Event], error) {
	s.step("Events")
	return s.Store.Events(ctx, q)
}

func (s *trapped) Place(ctx context.Context, consumer string) (string, error) {
	s.step("Place")
	return s.Store.Place(ctx, consumer)
}

func (s *trapped) SetPlace(ctx context.Context, consumer, place string) error {
	s.step("SetPlace")
	return s.Store.SetPlace(ctx, consumer, place)
}

func (s *trapped) SaveActivity(ctx context.Context, t scim.Tenant, a scim.Activity) error {
	s.step("SaveActivity")
	return s.Store.SaveActivity(ctx, t, a)
}

func (s *trapped) Activity(ctx context.Context, t scim.Tenant) ([]scim.Activity, error) {
	s.step("Activity")
	return s.Store.Activity(ctx, t)
}

// storeMethods are those of the interface, whatever they are today.
func storeMethods() []string {
	t := reflect.TypeFor[scim.Store]()
	var names []string
	for i := range t.NumMethod() {
		names = append(names, t.Method(i).Name)
	}
	return names
}

// TestPanics_TrapsAreComplete: a new method of Store needs a trap, and requests in
// panicking below.
func TestPanics_TrapsAreComplete(t *testing.T) {
	t.Parallel()
	for _, name := range storeMethods() {
		s := &trapped{Store: memstore.New()}
		s.set(name, 0)
		m := reflect.ValueOf(s).MethodByName(name)
		args := make([]reflect.Value, m.Type().NumIn())
		for i := range args {
			args[i] = reflect.New(m.Type().In(i)).Elem()
		}
		require.PanicsWithValue(t, "trapped in "+name, func() { m.Call(args) })
		_, shown := panicking()[name]
		require.True(t, shown, "no case makes %s panic", name)
	}
	require.Len(t, panicking(), len(storeMethods()))
}

// marker stands in every body and token: nothing of them may be logged.
const marker = "confidential"

// danger is what calls a method of the store.
type danger struct {
	requests [][3]string // method, path and body, each of which panics
	// answered is another status than 500, as the answer does not depend on it.
	answered int
	// host is a call of the host's own, on whose goroutine the panic is its own.
	host func(ctx context.Context, d *scim.Directory) error
	// background is shown by a test of its own.
	background bool
}

// alone asks for a user without its groups, which the store looks up apart.
const alone = "?excludedAttributes=groups"

func panicking() map[string]danger {
	const (
		newUser  = `{"userName":"new@acme.example","title":"` + marker + `"}`
		newGroup = `{"displayName":"New","externalId":"` + marker + `"}`
		change   = `{"Operations":[{"op":"replace","path":"externalId","value":"` + marker + `"}]}`
		off      = `{"Operations":[{"op":"replace","value":{"active":false,"title":"` + marker + `"}}]}`
		ignored  = `{"Operations":[{"op":"replace","path":"shoeSize","value":"` + marker + `"}]}`
		member   = `{"Operations":[{"op":"add","path":"members","value":["` + marker + `@acme.example"]}]}`
		some     = `{"Operations":[{"op":"remove","path":"members[display co \"` + marker + `\"]"}]}`
		search   = `{"filter":"title eq \"` + marker + `\""}`
	)
	return map[string]danger{
		"CreateUser":  {requests: [][3]string{{"POST", "/Users", newUser}, {"PATCH", "/Groups/{staff}", member}}},
		"UpdateUser":  {requests: [][3]string{{"PUT", "/Users/{ann}", newUser}, {"PATCH", "/Users/{ann}", change}, {"PATCH", "/Users/{ann}", off}, {"DELETE", "/Users/{ann}", ""}}},
		"User":        {requests: [][3]string{{"GET", "/Users/{ann}" + alone, ""}, {"PATCH", "/Users/{ann}" + alone, change}, {"DELETE", "/Users/{ann}", ""}}},
		"FindUsers":   {requests: [][3]string{{"GET", "/Users/{ann}", ""}, {"HEAD", "/Users/{ann}", ""}, {"POST", "/Users", newUser}, {"GET", "/Users?filter=userName%20eq%20%22" + marker + "%22", ""}}},
		"Users":       {requests: [][3]string{{"GET", "/Users", ""}, {"GET", "/Users?cursor", ""}, {"POST", "/Users/.search", search}, {"POST", "/.search", search}, {"GET", "/", ""}}},
		"CreateGroup": {requests: [][3]string{{"POST", "/Groups", newGroup}}},
		"UpdateGroup": {requests: [][3]string{{"PUT", "/Groups/{staff}", newGroup}, {"PATCH", "/Groups/{staff}", change}}},
		"DeleteGroup": {requests: [][3]string{{"DELETE", "/Groups/{staff}", ""}}},
		"Group":       {requests: [][3]string{{"GET", "/Groups/{staff}", ""}, {"DELETE", "/Groups/{staff}", ""}, {"PATCH", "/Groups/{staff}", some}}},
		"FindGroups":  {requests: [][3]string{{"GET", "/Groups?filter=displayName%20eq%20%22" + marker + "%22", ""}}},
		"Groups":      {requests: [][3]string{{"GET", "/Groups", ""}, {"GET", "/Groups?cursor=&count=1", ""}, {"POST", "/Groups/.search", `{"filter":"displayName co \"` + marker + `\""}`}}},
		"Members":     {requests: [][3]string{{"GET", "/Groups/{staff}", ""}, {"GET", "/Groups", ""}, {"PATCH", "/Groups/{staff}", some}}},
		"GroupsOf":    {requests: [][3]string{{"GET", "/Users", ""}}},
		"Counts":      {requests: [][3]string{{"PATCH", "/Users/{ann}", off}, {"DELETE", "/Users/{ann}", ""}}}, // with the guard against mass removal
		"Append":      {requests: [][3]string{{"GET", "/Users/nobody", ""}, {"DELETE", "/Groups/nobody", ""}, {"GET", "/Nothing", ""}}, answered: 404},
		"PurgeUser": {host: func(ctx context.Context, d *scim.Directory) error {
			_, err := d.Purge(ctx, acme, time.Now().AddDate(9, 0, 0))
			return err
		}},
		"Folders": {host: func(ctx context.Context, d *scim.Directory) error {
			_, err := d.Folders(ctx, acme, "Department")
			return err
		}},
		"Activity":     {host: func(ctx context.Context, d *scim.Directory) error { _, err := d.Activity(ctx, acme); return err }},
		"Events":       {background: true},
		"Place":        {background: true},
		"SetPlace":     {background: true},
		"SaveActivity": {background: true},
	}
}

// trap is a rig whose store can be made to panic.
func trap(t tester, options ...func(*scim.Config)) (*rig, *trapped) {
	s := &trapped{Store: memstore.New()}
	return newRig(t, append([]func(*scim.Config){func(c *scim.Config) { c.Store = s }, with(scim.Policy{Removals: scim.RemovalLimit{Percent: 50}})}, options...)...), s
}

// told checks the answer to a request that panicked, and what the log has of it.
func told(t *testing.T, r *rig, p reply, status int) {
	t.Helper()
	id := p.header.Get("X-Request-Id")
	require.Equal(t, status, p.status, p.raw)
	if p.raw != "" { // of a HEAD
		require.Equal(t, list{"urn:ietf:params:scim:api:messages:2.0:Error"}, p.at("schemas"))
		require.Equal(t, fmt.Sprint(status), p.at("status"))
		require.NotContains(t, p.raw, "trapped")
	}
	var lines []string
	for line := range strings.Lines(r.log.String()) {
		if strings.Contains(line, "trapped in") {
			lines = append(lines, line)
		}
		require.NotContains(t, line, marker)
		require.NotContains(t, line, "token-")
	}
	require.NotEmpty(t, lines)
	require.Contains(t, lines[len(lines)-1], "request="+id)
	require.Contains(t, lines[len(lines)-1], "level=ERROR")
}

// TestPanics_Store: a panic of the store is the failure of one request, and of
// nothing else.
func TestPanics_Store(t *testing.T) {
	t.Parallel()
	for method, d := range panicking() {
		for i, q := range d.requests {
			t.Run(fmt.Sprint(method, " ", i), func(t *testing.T) {
				t.Parallel()
				r, s := trap(t)
				staff := r.group("Staff", r.create(person("ann")), r.create(person("bob")))
				ids := strings.NewReplacer("{ann}", r.members(staff)[0], "{staff}", staff)
				before := r.dump()
				s.set(method, 0)
				path := ids.Replace(q[1])
				p := r.do(q[0], path, orNil(q[2]))
				require.NotZero(t, s.times(), "%s was not called", method)
				if d.answered != 0 {
					told(t, r, p, d.answered)
				} else {
					told(t, r, p, 500)
				}
				if slices.Contains([]string{"POST", "PATCH", "PUT", "DELETE"}, q[0]) && !strings.HasSuffix(path, ".search") && d.answered == 0 {
					// The same in a Bulk is one operation's failure, and not the others'.
					s.set(method, 0)
					op := merged(obj{"method": q[0], "path": strings.TrimSuffix(path, alone), "data": jsonText(q[2])}, obj{"data": nilIf(q[2] == "", jsonText(q[2]))})
					p := r.bulk(op, operate("GET", "/", nil), op)
					require.Equal(t, []string{"500", "400", "500"}, statuses(p), p.raw)
					told(t, r, reply{status: 500, header: p.header}, 500)
				}
				s.set("", 0)
				r.same(before, r.dump())
				require.Less(t, r.do(q[0], path, orNil(q[2])).status, 500, "the next one is served")
				r.as(other).create(person("zoe"))
			})
		}
		if d.host == nil {
			continue
		}
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			r, s := trap(t)
			r.ok(204, "DELETE", "/Users/"+r.create(person("ann")), nil)
			s.set(method, 0)
			require.PanicsWithValue(t, "trapped in "+method, func() { _ = d.host(t.Context(), r.dir) })
			r.create(person("bob"))
			s.set("", 0)
			require.NoError(t, d.host(t.Context(), r.dir))
		})
	}
}

func nilIf(is bool, v any) any {
	if is {
		return nil
	}
	return v
}

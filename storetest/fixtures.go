package storetest

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

const (
	acme  scim.Tenant = "acme"
	other scim.Tenant = "other"
)

// epoch is when the checks begin; at counts seconds from there.
var epoch = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return epoch.Add(time.Duration(seconds) * time.Second) }

// alike compares all that a value says; no list is as good as an empty one.
var alike = cmp.Options{cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(scim.User{})}

// event returns an event of that second, as the core would make it.
func event(seconds int) *scim.Event {
	return &scim.Event{Time: at(seconds), Kind: scim.UserUpdated}
}

// named returns an active user whose names follow from the ID.
func named(id string) *scim.User {
	email := id + "@example.com"
	return &scim.User{
		ID: id, Status: scim.StatusActive, UserName: email, Login: email, Email: email, DisplayName: "User " + id,
		Keys: scim.Keys{UserName: scim.Fold(email), Email: scim.Fold(email), Label: "User " + id},
	}
}

// with returns u after it was changed.
func with(u *scim.User, change func(u *scim.User)) *scim.User {
	c := u.Clone()
	change(c)
	return c
}

func inStatus(u *scim.User, s scim.Status) *scim.User {
	return with(u, func(u *scim.User) { u.Status = s })
}

func inFolder(u *scim.User, root, name string) *scim.User {
	return with(u, func(u *scim.User) {
		u.Keys.Folders = append(u.Keys.Folders, scim.FolderKey{Root: root, Name: name})
	})
}

// full returns a user that has a value wherever a store has to keep one.
func full() *scim.User {
	u := inFolder(named("full"), scim.RootDepartment, "Läden & Märkte")
	u.Managed, u.Placeholder, u.Connection, u.DeactivatedBy = true, true, "entra", "okta"
	u.Status = scim.StatusDeactivated
	u.Kept = []scim.Warning{{Attribute: "emails", Text: "was kept"}}
	u.Keys.Addresses = []string{"full@home.example.com", "full@old.example.com"}
	u.ExternalID, u.Name = "Object-1", scim.Name{
		Formatted: "Dr Ada L", FamilyName: "L", GivenName: "Ada", MiddleName: "Q", HonorificPrefix: "Dr", HonorificSuffix: "PhD",
	}
	u.NickName, u.Title, u.UserType = "ada", "Head of \"Quotes\" \\ and 漢字 😀", "Employee"
	u.PreferredLanguage, u.Locale, u.Timezone = "en-GB", "en-GB", "Europe/London"
	u.Emails = []scim.MultiValue{
		{Value: "full@example.com", Display: "Ada", Type: "work", Primary: scim.Yes},
		{Value: "full@home.example.com", Type: "home", Primary: scim.No},
	}
	u.PhoneNumbers = []scim.MultiValue{{Value: "+44 20 7946 0000", Type: "mobile"}}
	u.Addresses = []scim.Address{{
		Formatted: "1 High St\nLondon", StreetAddress: "1 High St", Locality: "London", Region: "County",
		PostalCode: "N1", Country: "GB", Type: "work", Primary: scim.Yes,
	}}
	u.EmployeeNumber, u.CostCenter, u.Organization, u.Division, u.Department = "007", "CC-1", "Org", "Div", "Läden & Märkte"
	u.EmployeeLevel, u.HireDate, u.Manager = "L5", "2019-04-01", scim.Manager{Value: "boss@example.com", Ref: "../Users/1"}
	u.Office, u.StreetAddress, u.City = "Office 1", "1 High Street", "London"
	u.BusinessUnit, u.EmployeeType, u.Grade = "Unit", "permanent", "G1"
	u.Extra = map[string]string{"profileUrl": "https://example.com/?a=b&c=%20", "urn:example:User:desk.floor": "4"}
	u.Lists = map[string][]map[string]string{"ims": {{"value": "ada", "type": "xmpp"}, {"value": ""}}, "roles": {{"value": "Reader"}}}
	return u
}

// created stores users through the first handle, second by second, and returns
// what the store made of them.
func (p *probe) created(users ...*scim.User) []*scim.User {
	p.Helper()
	var out []*scim.User
	for i, u := range users {
		got, err := p.a.CreateUser(ctx, acme, u, scim.Guard{}, event(i))
		require.NoError(p, err)
		out = append(out, got)
	}
	return out
}

// updated stores a change through the first handle.
func (p *probe) updated(u *scim.User) *scim.User {
	p.Helper()
	got, err := p.a.UpdateUser(ctx, acme, u, scim.Guard{}, event(1000))
	require.NoError(p, err)
	return got
}

// group stores a group of that name, which is also its ID.
func (p *probe) group(name string, members ...string) *scim.Group {
	p.Helper()
	g := &scim.Group{ID: name, DisplayName: name, Key: scim.Fold(name)}
	got, err := p.a.CreateGroup(ctx, acme, g, members, event(2000))
	require.NoError(p, err)
	return got
}

// changed changes the group g and returns it with the event.
func (p *probe) changed(c scim.GroupChange) (*scim.Group, *scim.Event) {
	p.Helper()
	e := event(3000)
	g, err := p.a.UpdateGroup(ctx, acme, "g", c, scim.Guard{}, e)
	require.NoError(p, err)
	return g, e
}

// user reads a user through the second handle.
func (p *probe) user(id string) *scim.User {
	p.Helper()
	u, err := p.b.User(ctx, acme, id)
	require.NoError(p, err)
	return u
}

// groupNow reads a group through the second handle.
func (p *probe) groupNow(id string) *scim.Group {
	p.Helper()
	g, err := p.b.Group(ctx, acme, id)
	require.NoError(p, err)
	return g
}

// members returns all members of a group in order, read page by page through the
// second handle.
func (p *probe) members(group string) []string {
	p.Helper()
	var ids []string
	for page := range pages(p, scim.Query{Limit: 1000}, func(q scim.Query) (scim.Page[scim.Member], error) {
		return p.b.Members(ctx, acme, group, q)
	}) {
		for _, m := range page.Items {
			ids = append(ids, m.ID)
		}
	}
	return ids
}

// manyPages is more pages than any list of a check has.
const manyPages = 10_000

// pages goes through the pages of a query.
func pages[T any](t require.TestingT, q scim.Query, list func(scim.Query) (scim.Page[T], error)) iter.Seq[scim.Page[T]] {
	return func(yield func(scim.Page[T]) bool) {
		for range manyPages {
			page, err := list(q)
			require.NoError(t, err)
			if !yield(page) || page.Next == "" {
				return
			}
			require.NotEmpty(t, page.Items, "a page that is empty and not the last")
			q.After, q.Offset = page.Next, 0
		}
		require.Fail(t, "the pages have no end")
	}
}

// events goes through the record until there is no more of it.
func events(t require.TestingT, s scim.Store, q scim.EventQuery) []scim.Event {
	var all []scim.Event
	for range manyPages {
		page, err := s.Events(ctx, q)
		require.NoError(t, err)
		all = append(all, page.Items...)
		if q.After = page.Next; len(page.Items) == 0 || q.After == "" {
			return all
		}
	}
	require.Fail(t, "the record has no end")
	return nil
}

func (p *probe) counts() scim.Counts {
	p.Helper()
	c, err := p.b.Counts(ctx, acme)
	require.NoError(p, err)
	return c
}

func (p *probe) folders(root string) []scim.Folder {
	p.Helper()
	f, err := p.b.Folders(ctx, acme, root)
	require.NoError(p, err)
	return f
}

// record reads the whole record of a tenant, or of all, through the second handle.
func (p *probe) record(t scim.Tenant) []scim.Event {
	p.Helper()
	return events(p, p.b, scim.EventQuery{Tenant: t, Limit: 100})
}

var ctx = context.Background()

func userIDs(users []*scim.User) []string {
	var ids []string
	for _, u := range users {
		ids = append(ids, u.ID)
	}
	return ids
}

func groupIDs(groups []*scim.Group) []string {
	var ids []string
	for _, g := range groups {
		ids = append(ids, g.ID)
	}
	return ids
}

// refusedAs requires that err is want, or wraps it.
func refusedAs(t require.TestingT, want, err error) {
	var conflict *scim.ConflictError
	switch {
	case want == nil:
		require.NoError(t, err)
	case errors.As(want, &conflict):
		var got *scim.ConflictError
		require.ErrorAs(t, err, &got)
		require.Equal(t, conflict.Attribute, got.Attribute)
	default:
		require.ErrorIs(t, err, want)
	}
}

// conflict requires that err says which attribute is taken.
func (p *probe) conflict(attribute string, err error) {
	p.Helper()
	refusedAs(p, &scim.ConflictError{Attribute: attribute}, err)
}

// unknown requires that err names members, in any order.
func (p *probe) unknown(members []string, err error) {
	p.Helper()
	var u *scim.UnknownMembersError
	require.ErrorAs(p, err, &u)
	require.ElementsMatch(p, members, u.Members)
}

func text(s string) *string { return &s }

// ids returns n IDs that begin alike and sort by their number.
func ids(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s%06d", prefix, i)
	}
	return out
}

// atOnce calls f from so many goroutines that all wait for each other first.
func atOnce(n int, f func(i int)) {
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			f(i)
		})
	}
	close(start)
	wg.Wait()
}

// eitherHandle returns the handles in turn.
func (p *probe) eitherHandle(i int) scim.Store {
	if i%2 == 0 {
		return p.a
	}
	return p.b
}

func join(lists ...[]string) string { return strings.Join(slices.Concat(lists...), " ") }

package memstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

const (
	acme  scim.Tenant = "acme"
	other scim.Tenant = "other"
)

// epoch is when the tests begin; at counts seconds from there.
var epoch = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return epoch.Add(time.Duration(seconds) * time.Second) }

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

// created stores users, second by second, and returns what the store made of them.
func created(t testing.TB, s *memstore.Store, users ...*scim.User) []*scim.User {
	t.Helper()
	var out []*scim.User
	for i, u := range users {
		got, err := s.CreateUser(t.Context(), acme, u, scim.Guard{}, event(i))
		require.NoError(t, err)
		out = append(out, got)
	}
	return out
}

// updated stores a change at once.
func updated(t testing.TB, s *memstore.Store, u *scim.User) *scim.User {
	t.Helper()
	got, err := s.UpdateUser(t.Context(), acme, u, scim.Guard{}, event(1000))
	require.NoError(t, err)
	return got
}

// newGroup stores a group of that name, which is also its ID.
func newGroup(t testing.TB, s *memstore.Store, name string, members ...string) *scim.Group {
	t.Helper()
	g := &scim.Group{ID: name, DisplayName: name, Key: scim.Fold(name)}
	got, err := s.CreateGroup(t.Context(), acme, g, members, event(2000))
	require.NoError(t, err)
	return got
}

// memberIDs returns all members of a group in order.
func memberIDs(t testing.TB, s *memstore.Store, group string) []string {
	t.Helper()
	page, err := s.Members(t.Context(), acme, group, scim.Query{Limit: 1 << 20})
	require.NoError(t, err)
	require.Len(t, page.Items, page.Total)
	var ids []string
	for _, m := range page.Items {
		ids = append(ids, m.ID)
	}
	return ids
}

func userIDs(users []*scim.User) []string {
	var ids []string
	for _, u := range users {
		ids = append(ids, u.ID)
	}
	return ids
}

// person returns a user with the whole profile of the product. Each value is a
// string of its own, as decoding a request leaves them.
func person(i int) *scim.User {
	var (
		given   = pick(i, "Ada", "Barbara", "Chandra", "Dorothea", "Emmanuel", "Francesco", "Guadalupe")
		family  = pick(i/7, "Lovelace", "Liskov", "Ramakrishnan", "Vaughan", "Noether", "Turing") + fmt.Sprint(i)
		email   = func() string { return given + "." + family + "@corp.example.com" }
		display = func() string { return given + " " + family }
		text    = func(format string, n int) string { return fmt.Sprintf(format, i%n) }
	)
	department, division, organisation := text("Department %d", 150), text("Division %d", 20), text("Organisation %d", 5)
	return &scim.User{
		ID: uuid(i), Status: scim.StatusActive, Managed: true, Connection: text("entra-connection-%d", 2),
		UserName: email(), Login: email(), Email: email(), ExternalID: uuid(i + 1<<30), DisplayName: display(),
		Name: scim.Name{
			Formatted: "Dr " + display() + " PhD", FamilyName: text(family+"%.0d", 1), GivenName: text(given+"%.0d", 1),
			MiddleName: text("Quincy%.0d", 1), HonorificPrefix: text("Dr%.0d", 1), HonorificSuffix: text("PhD%.0d", 1),
		},
		NickName: text("nick%d", 5000), Title: text("Senior Engineer %d", 400), UserType: text("Employee%.0d", 1),
		PreferredLanguage: text("en-GB%.0d", 1), Locale: text("en-GB%.0d", 1), Timezone: text("Europe/London%.0d", 1),
		Emails:       []scim.MultiValue{{Value: email(), Type: text("work%.0d", 1), Primary: scim.Yes}},
		PhoneNumbers: []scim.MultiValue{{Value: text("+44 20 7946 %07d", 1e7), Type: text("mobile%.0d", 1)}},
		Addresses: []scim.Address{{
			Region: text("County %d", 40), Country: text("GB%.0d", 1), Type: text("work%.0d", 1),
		}},
		EmployeeNumber: text("%08d", 1e8), CostCenter: text("CC-%04d", 9000), Organization: organisation,
		Division: division, Department: department, EmployeeLevel: text("L%d", 9), HireDate: text("2019-04-%02d", 28),
		Manager: scim.Manager{Value: uuid(i / 10)},
		Office:  text("Office %d", 60), StreetAddress: text("%d High Street", 900), City: text("London %d", 30),
		BusinessUnit: text("Unit %d", 70), EmployeeType: text("permanent%.0d", 1), Grade: text("G%d", 12),
		Keys: scim.Keys{
			UserName: scim.Fold(email()), Email: scim.Fold(email()), Label: display(),
			Folders: []scim.FolderKey{
				{Root: scim.RootDepartment, Name: department},
				{Root: scim.RootDivision, Name: division},
				{Root: scim.RootOrganisation, Name: organisation},
			},
		},
	}
}

func pick(i int, of ...string) string { return of[i%len(of)] }

func uuid(i int) string { return fmt.Sprintf("%08x-5eed-4000-8000-%012x", uint32(i)*2654435761, i) }

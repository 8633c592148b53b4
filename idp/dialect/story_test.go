package dialect_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp/dialect"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares what was sent with a file.
func golden(t *testing.T, r *rig) {
	t.Helper()
	file := filepath.Join("testdata", strings.ToLower(r.Dialect().Name)+".txt")
	got := strings.TrimSuffix(r.tape.text.String(), "\n")
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s: -want +got\n%s", file, d)
	}
}

func ann() dialect.Person {
	return dialect.Person{
		ID: "1", UserName: "ann@example.com", Email: "ann@example.com", GivenName: "Ann", FamilyName: "Baker", DisplayName: "Ann Baker",
		Title: "Engineer", Department: "Research", Country: "GB", Mobile: "+44 7700 900001", PreferredLanguage: "en-GB", Timezone: "Europe/London",
		EmployeeNumber: "4711", Manager: "2",
	}
}

func ben() dialect.Person {
	return dialect.Person{ID: "2", UserName: "ben@example.com", Email: "ben@example.com", HomeEmail: "ben@home.example", GivenName: "Ben", FamilyName: "Cole"}
}

// TestStories plays the life of two people and a group by every dialect: what is sent
// is in golden files, what came of it is looked at in the host's view.
func TestStories(t *testing.T) {
	t.Parallel()
	for _, d := range dialect.Dialects() {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, d)
			story(r)
			golden(t, r)
			for _, e := range r.Log() {
				require.False(t, e.Failed, "%+v", e)
			}
		})
	}
}

func story(r *rig) {
	r.scene("The connection test.")
	require.NoError(r, r.TestConnection(r.Context()))

	r.scene("Two are hired, and are in a group.")
	require.NoError(r, r.Put(ann()))
	require.NoError(r, r.Put(ben()))
	require.NoError(r, r.PutGroup("Engineers", "1", "2"))
	r.sync()
	r.intended()

	r.scene("One changes department, loses the title, and gets another number.")
	require.NoError(r, r.Change("1", func(p *dialect.Person) { p.Department, p.Title, p.Mobile = "Sales", "", "+44 7700 900002" }))
	r.sync()
	r.intended()

	r.scene("One marries.")
	require.NoError(r, r.Change("1", func(p *dialect.Person) { p.FamilyName, p.DisplayName = "Cole", "Ann Cole" }))
	require.NoError(r, r.Rename("1", "ann.cole@example.com"))
	r.sync()
	r.intended()

	r.scene("The group is renamed, and one moves to another.")
	require.NoError(r, r.RenameGroup("Engineers", "Platform"))
	require.NoError(r, r.RemoveMember("Platform", "1"))
	require.NoError(r, r.PutGroup("Sellers", "1"))
	r.sync()
	r.intended()

	r.scene("And moves back.")
	require.NoError(r, r.RemoveMember("Sellers", "1"))
	require.NoError(r, r.AddMember("Platform", "1"))
	r.sync()
	r.intended()

	r.scene("One is disabled, and comes back.")
	require.NoError(r, r.Disable("1"))
	r.sync()
	r.intended()
	require.NoError(r, r.Enable("1"))
	r.sync()
	r.intended()

	r.scene("The other leaves for good, and the group goes.")
	require.NoError(r, r.Remove("2"))
	require.NoError(r, r.DeleteGroup("Platform"))
	r.sync()
	r.intended()
	r.clock.Advance(30 * 24 * time.Hour)
	r.sync()
	r.intended()

	r.scene("And is hired again.")
	again := ben()
	again.ID = "3"
	require.NoError(r, r.Put(again))
	r.sync()
	r.intended()
}

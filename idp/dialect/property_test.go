package dialect_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/usher-scim/scim/idp/dialect"
)

// TestConverges: whatever happens in the directory, and however often the service
// fails, before or after it has done what it was asked to, in the end it has everybody
// as the provider does.
func TestConverges(t *testing.T) {
	t.Parallel()
	all := append(dialect.Dialects(), variants()...)
	rapid.Check(t, func(t *rapid.T) {
		d := all[rapid.IntRange(0, len(all)-1).Draw(t, "dialect")]
		t.Log(d.Name)
		c := &company{t: t, rig: newRig(t, d), ids: []string{"1", "2", "3", "4"}, names: []string{"Red", "Blue", "Green"}}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			rapid.SampledFrom(steps).Draw(t, "step").do(c)
		}
		c.settle()
	})
}

// variants are configurations that the dialects do not have as they come.
func variants() []dialect.Dialect {
	deletes := dialect.PingFederate()
	deletes.Name, deletes.Disabled, deletes.Removed = "PingFederate that deletes", dialect.Delete, dialect.Delete
	patches := dialect.PingFederate()
	patches.Name, patches.Members, patches.Find = "PingFederate by PATCH and userName", dialect.Together, dialect.Lookup{Filter: "userName eq %s"}
	bare := dialect.OneLogin()
	bare.Name, bare.Emails = "OneLogin with bare addresses", dialect.BareEmails
	return []dialect.Dialect{deletes, patches, bare}
}

// company is a directory to which anything may happen.
type company struct {
	t *rapid.T
	*rig
	ids, names []string
	fresh      int
}

type step struct {
	name string
	do   func(*company)
}

func (s step) String() string { return s.name }

var steps = []step{
	{"put", func(c *company) { c.put() }},
	{"put", func(c *company) { c.put() }},
	{"change", func(c *company) {
		_ = c.Change(c.id(), func(p *dialect.Person) {
			p.Title, p.Department = c.text("title"), c.text("department")
			if p.Manager = c.id(); p.Manager == p.ID {
				p.Manager = ""
			}
		})
	}},
	{"rename", func(c *company) { _ = c.Rename(c.id(), c.userName()) }},
	{"disable", func(c *company) { _ = c.Disable(c.id()) }},
	{"enable", func(c *company) { _ = c.Enable(c.id()) }},
	{"remove", func(c *company) { _ = c.Remove(c.id()) }},
	{"group", func(c *company) { _ = c.PutGroup(c.group(), c.id()) }},
	{"rename group", func(c *company) {
		c.fresh++ // the service of who keeps groups may have one of any name of before
		to := fmt.Sprintf("Group %d", c.fresh)
		if c.RenameGroup(c.group(), to) == nil {
			c.names = append(c.names, to)
		}
	}},
	{"join", func(c *company) { _ = c.AddMember(c.group(), c.id()) }},
	{"leave", func(c *company) { _ = c.RemoveMember(c.group(), c.id()) }},
	{"delete group", func(c *company) { _ = c.DeleteGroup(c.group()) }},
	{"wait", func(c *company) { c.clock.Advance(13 * time.Hour) }},
	{"sync", func(c *company) { c.trySync() }},
	{"sync", func(c *company) { c.trySync() }},
}

func (c *company) id() string    { return rapid.SampledFrom(c.ids).Draw(c.t, "id") }
func (c *company) group() string { return rapid.SampledFrom(c.names).Draw(c.t, "group") }
func (c *company) text(label string) string {
	return rapid.SampledFrom([]string{"", "a", `O"Brien\`, "Größe & Co"}).Draw(c.t, label)
}

// userName is one that nobody had before, or an awkward one.
func (c *company) userName() string {
	c.fresh++
	local := rapid.SampledFrom([]string{"x", "o'hara", "a+b", "50%&c=d#", "émile"}).Draw(c.t, "local part")
	return fmt.Sprintf("%s%d@example.com", local, c.fresh)
}

// put hires somebody, or gives somebody who is there other values. Who comes back
// has the userName of before.
func (c *company) put() {
	id := c.id()
	p, there := c.Person(id)
	if !there {
		name := fmt.Sprintf("person%s@example.com", id)
		p = dialect.Person{ID: id, UserName: name, Email: name}
	}
	p.GivenName, p.FamilyName = c.text("given name"), "Baker"
	require.NoError(c.t, c.Put(p))
}

// trySync syncs with a service that fails now and then. A create is never carried out
// without an answer: nobody who is renamed after that would be found again.
func (c *company) trySync() {
	c.tape.fault = func(r *http.Request) fault {
		switch rapid.IntRange(0, 9).Draw(c.t, "fault") {
		case 0:
			return fault{status: http.StatusServiceUnavailable}
		case 1:
			return fault{status: http.StatusInternalServerError, after: r.Method != http.MethodPost}
		}
		return fault{}
	}
	_, err := c.Sync(c.Context())
	require.NoError(c.t, err)
	c.tape.fault = nil
}

// settle syncs with a service that works until nothing is due, and compares.
func (c *company) settle() {
	c.clock.Advance(48 * time.Hour)
	var report dialect.Report
	for range 4 {
		var err error
		report, err = c.Sync(c.Context())
		require.NoError(c.t, err)
	}
	require.Zero(c.t, report.Due, "%+v", c.Log())
	require.Zero(c.t, report.Done+report.Failed)
	c.intended()
}

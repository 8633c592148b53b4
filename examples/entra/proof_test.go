package main

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp"
)

// TestProof: the comparison of TestMonth sees whatever is different at the host, and a
// restart of the job repairs what is different in what it sends.
func TestProof(t *testing.T) {
	t.Parallel()
	m := newMonth(t, 40, 0, "memory", false)
	m.run(0)
	require.Empty(t, m.world.compare(t, m.server))
	ids := make(map[string]string)
	for _, r := range m.server.resources(t, "Users") {
		ids[r.Text("externalId")] = r.ID()
	}
	head, somebody := m.company.Head().ID, m.somebody()
	user := scimPath + "Users/" + ids[somebody]
	staff := m.server.resources(t, "Groups")[0].ID()
	for _, x := range []struct {
		what               string
		method, path, body string
		want               []string
	}{
		{"a title", "PATCH", user, replace("title", `"Jester"`), []string{"users", "export"}},
		{"a department", "PATCH", user, replace(enterprise+"department", `"Follies"`), []string{"users", "export", "folders"}},
		{"a login", "PATCH", user, replace("userName", `"jester@a.example"`), []string{"users", "accounts", "export"}},
		{"a manager", "PATCH", user, replace(enterprise+"manager", `"`+ids[m.other(head, somebody)]+`"`), []string{"users", "accounts", "export"}},
		{"who is let in", "PATCH", user, replace("active", "false"), []string{"users", "accounts", "export", "folders", "seats"}},
		{"whom the host lets in", "POST", "/app/users/" + ids[somebody] + "/deactivate", "", []string{"users", "accounts", "export", "folders", "seats"}},
		{"a member", "PATCH", scimPath + "Groups/" + staff, patch(`{"op":"remove","path":"members[value eq \"` + ids[head] + `\"]"}`), []string{"accounts", "groups"}},
		{"a group", "PATCH", scimPath + "Groups/" + staff, replace("displayName", `"Court"`), []string{"accounts", "groups"}},
	} {
		status, text := m.server.send(t, x.method, x.path, x.body)
		require.Less(t, status, 300, "%s: %s", x.what, text)
		require.Equal(t, x.want, m.world.compare(t, m.server).what(), x.what)
		m.restart()
		require.Empty(t, m.world.compare(t, m.server), x.what)
	}
	m.server.send(t, "DELETE", user, "")
	require.Contains(t, m.world.compare(t, m.server).what(), "archived")
	m.server.setSeats(t, 0)
	status, text := m.server.send(t, "POST", scimPath+"Users", `{"userName":"jester@a.example"}`)
	require.Equal(t, 201, status, "%s", text)
	require.Contains(t, m.world.compare(t, m.server).what(), "held")
}

// somebody is one who is active, reports to somebody and is the manager of nobody.
func (m *month) somebody() string {
	bosses := make(map[string]bool)
	for _, p := range m.world.people {
		bosses[p.manager] = true
	}
	for _, id := range slices.Sorted(maps.Keys(m.world.people)) {
		if p := m.world.people[id]; p.active && p.manager != "" && !bosses[id] {
			return id
		}
	}
	return ""
}

// other is one who is not the manager of somebody, nor one of two.
func (m *month) other(head, somebody string) string {
	for _, id := range slices.Sorted(maps.Keys(m.world.people)) {
		if p := m.world.people[id]; p.active && id != head && id != somebody && id != m.world.people[somebody].manager {
			return id
		}
	}
	return ""
}

// replace is a PATCH that replaces one value.
func replace(path, value string) string {
	return patch(fmt.Sprintf(`{"op":"replace","path":%q,"value":%s}`, path, value))
}

func patch(operation string) string {
	return `{"schemas":["` + idp.PatchOp + `"],"Operations":[` + operation + `]}`
}

package scim_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

func in(department string) obj { return obj{ent: obj{"department": department}} }

func TestP6_1_Roots(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	require.Equal(t, []string{"Department", "Division", "Organisation"}, r.dir.Roots())
	for _, root := range r.dir.Roots() {
		require.Empty(t, r.folders(root), "a folder appears with its first user")
	}
	id := r.create(person("ann", obj{ent: obj{"department": "Sales", "division": "North", "organization": "Acme"}}))
	for root, name := range map[string]string{"Department": "Sales", "Division": "North", "Organisation": "Acme"} {
		require.Equal(t, []scim.Folder{{Root: root, Name: name, Users: 1, Active: 1}}, r.folders(root))
	}
	r.create(person("bob"))
	for i, blank := range []any{"", "   ", "\t\n", nil} {
		r.create(person(fmt.Sprint("c", i), obj{ent: obj{"department": blank}}))
	}
	require.Len(t, r.folders("Department"), 1, "no value, no folder")
	r.patch(id, remove(ent+":department"))
	require.Empty(t, r.folders("Department"), "not listed once it has none")
	require.Len(t, r.folders("Division"), 1)
	_, err := r.dir.Folders(t.Context(), acme, "Nothing")
	require.ErrorIs(t, err, scim.ErrNotFound)
}

func TestP6_2_SameName(t *testing.T) {
	t.Parallel()
	type names struct{ first, second string }
	each(t, map[string]names{
		"case":              {"Sales", "SALES"},
		"around":            {"Sales", "  Sales\t"},
		"inside":            {"Human Resources", "Human \t  Resources"},
		"all of them":       {"Human Resources", " human   RESOURCES "},
		"full case folding": {"Straße", "STRASSE"},
		"composed":          {"Café", "CAFE\u0301"},
		"sigma":             {"ΟΔΟΣ", "οδος"},
		"no-break space":    {"Human Resources", "Human\u00a0Resources"},
	}, func(t *testing.T, n names) {
		r := newRig(t)
		ann, bob := r.create(person("ann", in(n.first))), r.create(person("bob", in(n.second)))
		one := []scim.Folder{{Root: "Department", Name: n.first, Users: 2, Active: 2}}
		require.Equal(t, one, r.folders("Department"), "the spelling that came first")
		require.Equal(t, n.second, r.get(bob).at(ent, "department"), "the wire is verbatim")
		require.Empty(t, r.last().Moves[0].From)
		r.patch(ann, set(ent+":department", n.second))
		require.Equal(t, one, r.folders("Department"))
		require.Empty(t, r.last().Moves, "another spelling moves nobody")
	})
	r := newRig(t)
	r.create(person("ann", in("Sales")))
	for i, name := range []string{"Sale", "Sa les", "Salès", "Sales."} {
		r.create(person(fmt.Sprint("u", i), in(name)))
	}
	require.Len(t, r.folders("Department"), 5, "others are others")
}

func TestP6_3_Counts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setSeats(2)
	ann := r.create(person("ann", in("Sales")))
	bob := r.create(person("bob", in("Sales")))
	r.create(person("held", in("Sales")))
	r.create(person("off", in("sales"), obj{"active": false}))
	count := func(users, active int) {
		t.Helper()
		require.Equal(t, []scim.Folder{{Root: "Department", Name: "Sales", Users: users, Active: active}}, r.folders("Department"))
	}
	count(4, 2)
	r.patch(ann, set("active", false))
	count(4, 1)
	r.ok(204, "DELETE", "/Users/"+bob, nil)
	count(3, 0)
	r.patch(ann, set("active", true), set(ent+":department", "Marketing"))
	require.Equal(t, []scim.Folder{
		{Root: "Department", Name: "Marketing", Users: 1, Active: 1}, {Root: "Department", Name: "Sales", Users: 2},
	}, r.folders("Department"), "changing the attribute moves the user")
	require.Equal(t, []scim.FolderMove{{Root: "Department", From: "Sales", To: "Marketing"}}, r.last().Moves)
	r.create(person("bob", in("Sales")))
	require.Equal(t, 3, r.folders("Department")[1].Users, "brought back")
	r.ok(200, "PUT", "/Users/"+ann, person("ann"))
	require.Len(t, r.folders("Department"), 1, "cleared by a PUT")
}

func TestP6_4_ApartFromGroups(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ann := r.create(person("ann", in("Sales")))
	group := r.group("Sales")
	require.Empty(t, r.members(group))
	require.Nil(t, r.get(ann).at("groups"))
	r.still(func() { r.refused(409, "uniqueness", "POST", "/Groups", obj{"displayName": "SALES"}) })
	r.ok(204, "DELETE", "/Groups/"+group, nil)
	require.Len(t, r.folders("Department"), 1)
	r.create(person("bob", in("Marketing")))
	require.Empty(t, r.find("/Groups", `displayName pr`))
}

func TestP6_5_PagesOfAFolder(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	r := newRig(t)
	var want, got []string
	for i := range 7 {
		want = append(want, r.create(person(fmt.Sprint("u", i), in("Human Resources"))))
		r.create(person(fmt.Sprint("v", i), in("Sales")))
	}
	q := scim.Query{Limit: 3}
	for {
		page, err := r.dir.FolderUsers(ctx, acme, scim.FolderKey{Root: "Department", Name: "HUMAN  resources"}, q)
		require.NoError(t, err)
		require.Equal(t, 7, page.Total)
		require.LessOrEqual(t, len(page.Items), 3)
		for _, u := range page.Items {
			got = append(got, u.ID)
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	require.Equal(t, want, got)
	f, err := r.dir.UserFilter(`userName sw "u1"`)
	require.NoError(t, err)
	page, err := r.dir.FolderUsers(ctx, acme, scim.FolderKey{Root: "Department", Name: "Human Resources"}, scim.Query{Filter: f})
	require.NoError(t, err)
	require.Equal(t, 1, page.Total)
	f, err = r.dir.UserFilter(`userName eq "v1@acme.example"`)
	require.NoError(t, err)
	page, err = r.dir.FolderUsers(ctx, acme, scim.FolderKey{Root: "Department", Name: "Human Resources"}, scim.Query{Filter: f})
	require.NoError(t, err)
	require.Zero(t, page.Total, "who is found by an index is in the folder all the same")
	page, err = r.dir.FolderUsers(ctx, acme, scim.FolderKey{Root: "Division", Name: "Sales"}, scim.Query{})
	require.NoError(t, err)
	require.Zero(t, page.Total)
}

func TestP6_5_Changes(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	var heard []scim.FolderMove
	cancel := r.dir.Subscribe(func(e scim.Event) { heard = append(heard, e.Moves...) })
	id := r.create(person("ann", in("Sales")))
	r.patch(id, set(ent+":department", "Marketing"), set(ent+":division", "North"))
	r.patch(id, set("title", "x"))
	r.ok(204, "DELETE", "/Users/"+id, nil)
	cancel()
	r.create(person("ann", in("Sales")))
	require.Equal(t, []scim.FolderMove{
		{Root: "Department", To: "Sales"},
		{Root: "Department", From: "Sales", To: "Marketing"},
		{Root: "Division", To: "North"},
		{Root: "Department", From: "Marketing"},
		{Root: "Division", From: "North"},
	}, heard)
}

func TestP6_5_Export(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.setSeats(1)
	export := func() [][]string {
		var b strings.Builder
		require.NoError(t, r.dir.ExportCSV(context.Background(), acme, &b))
		lines, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
		require.NoError(t, err)
		return lines
	}
	require.Len(t, export(), 1, "a header")
	r.create(person("ann", obj{
		"displayName": "not shown", "title": "Chief, \"of\"\nall",
		ent: obj{"department": "Sales", "division": "North", "organization": "Acme"},
	}))
	r.create(person("bob"))
	gone := r.create(person("cat"))
	r.ok(204, "DELETE", "/Users/"+gone, nil)
	lines := export()
	require.Len(t, lines, 3, "archived users are left out")
	cell := func(line int, name string) string {
		for i, h := range lines[0] {
			if h == name {
				return lines[line][i]
			}
		}
		t.Fatalf("no column %q in %q", name, lines[0])
		return ""
	}
	require.Equal(t, "Sales", cell(1, "Department"))
	require.Equal(t, "North", cell(1, "Division"))
	require.Equal(t, "Acme", cell(1, "Organisation"))
	require.Equal(t, "Chief, \"of\"\nall", cell(1, "title"))
	require.Equal(t, "active", cell(1, "status"))
	require.Equal(t, "held", cell(2, "status"))
	require.Equal(t, "bob@acme.example", cell(2, "email"))
	require.NotContains(t, lines[0], "displayName", "accepted, but not shown in reports")
}

func TestP6_5_FormulasAreDefused(t *testing.T) {
	t.Parallel()
	for text, formula := range map[string]bool{
		`=cmd|'/c calc'!A1`: true, "+1": true, "-1": true, "@SUM(A1)": true, "\t=1": true, "\r=1": true, "\n=1": true, " =1": true,
		"＝1": true, "＋1": true, "－1": true, "＠x": true, "a=1": false, "1-1": false, "plain": false, "'quoted": false,
	} {
		r := newRig(t)
		r.create(person("ann", obj{"title": text, ent: obj{"department": text}}))
		var b strings.Builder
		require.NoError(t, r.dir.ExportCSV(context.Background(), acme, &b))
		lines, err := csv.NewReader(strings.NewReader(b.String())).ReadAll()
		require.NoError(t, err)
		n := 0
		for _, cell := range lines[1] {
			switch cell {
			case "'" + text:
				require.True(t, formula, text)
				n++
			case text:
				require.False(t, formula, text)
				n++
			}
		}
		if !strings.ContainsRune(text, '\r') { // which a reader of CSV normalises
			require.Equal(t, 2, n, "%q: title, and department in its folder's column", text)
		}
	}
}

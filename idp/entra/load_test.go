package entra

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp"
)

const people = `userPrincipalName,givenName,surname,department,accountEnabled,manager,groups
ann@a.example,Ann,Lee,Board,,,Staff;Board
bob@a.example,Bob,Ray,Sales,FALSE,ann@a.example,Staff
`

// state is a directory as tests compare it: one line for each user and group.
func state(d *Directory) []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var out []string
	name := func(id string) string {
		return d.objects[id].props.Text("userPrincipalName") + d.objects[id].props.Text("displayName")
	}
	for _, id := range d.order {
		o := d.objects[id]
		line := fmt.Sprintf("%s %s %s %v", name(id), o.props.Text("givenName"), o.props.Text("department"), o.props["accountEnabled"])
		if boss := o.props.Text("manager"); boss != "" {
			line += " <" + name(boss)
		}
		for _, g := range d.order {
			if o.in[g] {
				line += " @" + name(g)
			}
		}
		if !o.deleted.IsZero() {
			line += " deleted"
		}
		if o.gone {
			line += " gone"
		}
		if o.group {
			line = "group " + name(id)
		}
		out = append(out, strings.Join(strings.Fields(line), " "))
	}
	return out
}

func loadCSV(t *testing.T, d *Directory, text string) Loaded {
	t.Helper()
	l, err := d.LoadCSV(strings.NewReader(text), Load{})
	require.NoError(t, err)
	return l
}

// changed is what the feed has since the last call.
func changed(d *Directory, w *int) []string {
	records, next := d.changes(*w)
	*w = next
	return seen(records)
}

func TestLoadCSV(t *testing.T) {
	t.Parallel()
	d := NewDirectory(nil)
	l := loadCSV(t, d, people)
	require.Equal(t, Loaded{Users: d.Users(), Created: 2, Groups: 2}, l)
	require.Equal(t, []string{
		"ann@a.example Ann Board true @Staff @Board", "bob@a.example Bob Sales false <ann@a.example @Staff",
		"group Staff", "group Board",
	}, state(d))
	_, w := d.changes(0)

	l = loadCSV(t, d, people)
	require.Equal(t, Loaded{Users: d.Users()}, l)
	require.Empty(t, changed(d, &w), "the same file changes nothing")

	l = loadCSV(t, d, strings.Replace(people, "Bob,Ray,Sales,FALSE", "Bob,Ray,Law,true", 1))
	require.Equal(t, Loaded{Users: d.Users(), Updated: 1}, l)
	require.Equal(t, []string{"bob@a.example"}, changed(d, &w))

	l = loadCSV(t, d, strings.Replace(people, "Bob,Ray,Sales,FALSE,ann@a.example,Staff", "Bob,Ray,Law,,,board", 1))
	require.Equal(t, 1, l.Updated)
	require.Equal(t, []string{"bob@a.example", "Staff *", "Board *"}, changed(d, &w))
	require.Equal(t, "bob@a.example Bob Law true @Board", state(d)[1])
}

// TestLoadLeaversAndThoseWhoComeBack: who is missing is in the recycle bin, and comes
// back under the same objectId, by either name. Who was never loaded is left alone.
func TestLoadLeaversAndThoseWhoComeBack(t *testing.T) {
	t.Parallel()
	d := NewDirectory(new(idp.Clock))
	own, err := d.CreateUser(Properties{"userPrincipalName": "own@a.example"})
	require.NoError(t, err)
	ids := loadCSV(t, d, people).Users
	const annOnly = "userPrincipalName,department\nann@a.example,Board\n"
	l := loadCSV(t, d, annOnly)
	require.Equal(t, Loaded{Users: ids[:1], Deleted: 1}, l)
	require.Equal(t, []string{own, ids[0]}, d.Users())
	require.Zero(t, loadCSV(t, d, annOnly).Deleted)

	l = loadCSV(t, d, "userPrincipalName\nann@a.example\nBOB@a.example\n")
	require.Equal(t, Loaded{Users: ids, Restored: 1}, l)
	require.Equal(t, "BOB@a.example Bob Sales false <ann@a.example @Staff", state(d)[2])

	loadCSV(t, d, annOnly)
	l = loadCSV(t, d, "objectId,surname\n"+ids[0]+",Lee\n"+ids[1]+",Roy\n")
	require.Equal(t, Loaded{Users: ids, Restored: 1}, l)
	bob, live := d.User(ids[1])
	require.True(t, live)
	require.Equal(t, "BOB@a.example", bob["userPrincipalName"])
	require.Equal(t, "Roy", bob["surname"])

	l, err = d.LoadCSV(strings.NewReader(annOnly), Load{KeepMissing: true})
	require.NoError(t, err)
	require.Zero(t, l.Deleted)

	loadCSV(t, d, annOnly)
	d.Clock().Advance(RecycleBin)
	_, err = d.LoadCSV(strings.NewReader("objectId,userPrincipalName\n"+ids[1]+",bob@a.example\n"), Load{})
	require.ErrorContains(t, err, `line 2, column "objectId": "`+ids[1]+`" was deleted for good`)
	l = loadCSV(t, d, "userPrincipalName\nbob@a.example\n")
	require.Equal(t, 1, l.Created)
	require.NotEqual(t, ids[1], l.Users[0])
}

// TestLoadRenames: an objectId is who it is; names may go round.
func TestLoadRenames(t *testing.T) {
	t.Parallel()
	d := NewDirectory(nil)
	ids := loadCSV(t, d, people).Users
	l := loadCSV(t, d, "objectId,userPrincipalName\n"+ids[0]+",bob@a.example\n"+ids[1]+",ann@a.example\n")
	require.Equal(t, Loaded{Users: ids, Updated: 2}, l)
	for upn, want := range map[string]string{"bob@a.example": ids[0], "ann@a.example": ids[1]} {
		id, found := d.FindUser(upn)
		require.True(t, found)
		require.Equal(t, want, id)
	}
	// The name that an objectId gives away is somebody new.
	l = loadCSV(t, d, "userPrincipalName,objectId\nbob@a.example,\nann.lee@a.example,"+ids[0]+"\nann@a.example,\n")
	require.Equal(t, 1, l.Created)
	require.Equal(t, ids, l.Users[1:])
}

// TestLoadObjectIDs: a name may be left out of who is known, and objectIds that are made
// keep clear of those that are given.
func TestLoadObjectIDs(t *testing.T) {
	t.Parallel()
	other := NewDirectory(nil)
	made := loadCSV(t, other, people).Users
	d := NewDirectory(nil)
	l := loadCSV(t, d, "objectId,userPrincipalName,groups\n,ann@a.example,Staff\n"+made[0]+",bob@a.example,\n"+made[1]+",eve@a.example,\n")
	require.Equal(t, 3, l.Created)
	require.Len(t, d.objects, 4)
	again := loadCSV(t, d, "objectId,userPrincipalName\n"+made[0]+",\n,eve@a.example\n,ann@a.example\n")
	require.Equal(t, Loaded{Users: []string{made[0], made[1], l.Users[0]}}, again)
	checkNames(t, d)
	d = NewDirectory(nil)
	_, err := d.CreateUser(Properties{"objectId": made[0], "userPrincipalName": "ann@a.example"})
	require.NoError(t, err)
	_, err = d.CreateUser(Properties{"userPrincipalName": "bob@a.example"})
	require.NoError(t, err)
}

// TestLoadManagers: they may stand below, be named by objectId, or be nobody.
func TestLoadManagers(t *testing.T) {
	t.Parallel()
	d := NewDirectory(nil)
	const eve = "a1b2c3d4-0000-4000-8000-0123456789ab"
	l := loadCSV(t, d, "objectId,userPrincipalName,manager\n,ann@a.example, BOB@a.example \n,bob@a.example,"+eve+"\n"+eve+",eve@a.example,\n,joe@a.example,zoe@a.example\n")
	require.Equal(t, []string{`line 5, column "manager": manager "zoe@a.example": there is no such user`}, l.Unlinked)
	require.Equal(t, []string{"ann@a.example true <bob@a.example", "bob@a.example true <eve@a.example", "eve@a.example true", "joe@a.example true"}, state(d))
	// A leaver is nobody's manager, under either name.
	l = loadCSV(t, d, "userPrincipalName,manager\nann@a.example,bob@a.example\njoe@a.example,"+eve+"\n")
	require.Len(t, l.Unlinked, 2)
	require.Equal(t, "ann@a.example true", state(d)[0])
	require.Equal(t, "joe@a.example true", state(d)[3])
	require.NoError(t, d.PurgeUser(l.Users[0]))
	l = loadCSV(t, d, "userPrincipalName,manager\njoe@a.example,"+l.Users[0]+"\n")
	require.Len(t, l.Unlinked, 1)
}

// TestLoadCSVForms: what spreadsheets and editors make of a file.
func TestLoadCSVForms(t *testing.T) {
	t.Parallel()
	d := NewDirectory(nil)
	l := loadCSV(t, d, "\ufeff\r\n userPrincipalName ,department,accountEnabled,employeeHireDate,otherMails,groups\r\n"+
		"\r\n,,,,,\r\n   \r\n"+
		" ann@a.example ,\"Sales, \"\"EU\"\"\nand more \", True ,2026-01-31,a@x.example; b@x.example;, Staff ; ;staff\r\n"+
		"bob@a.example,Law ,false,2026-01-31T08:00:00Z,  ,\r\n")
	require.Equal(t, 2, l.Created)
	require.Equal(t, 1, l.Groups)
	ann, _ := d.User(l.Users[0])
	require.Empty(t, cmp.Diff(Properties{
		"objectId": l.Users[0], "userPrincipalName": "ann@a.example", "department": "Sales, \"EU\"\nand more ", "accountEnabled": true,
		"employeeHireDate": "2026-01-31T00:00:00Z", "otherMails": []string{"a@x.example", "b@x.example"},
	}, ann))
	bob, _ := d.User(l.Users[1])
	require.Empty(t, cmp.Diff(Properties{
		"objectId": l.Users[1], "userPrincipalName": "bob@a.example", "department": "Law ", "accountEnabled": false,
		"employeeHireDate": "2026-01-31T08:00:00Z",
	}, bob))
	require.Equal(t, l.Users[:1], d.Members(d.Groups()[0]))
}

func TestLoadJSON(t *testing.T) {
	t.Parallel()
	d := NewDirectory(nil)
	loaded := func(text string) Loaded {
		l, err := d.LoadJSON(strings.NewReader(text), Load{})
		require.NoError(t, err)
		return l
	}
	const both = `[
		{"userPrincipalName": "ann@a.example", "givenName": "Ann", "groups": ["Staff", "A;B"], "otherMails": ["x@a.example"]},
		{"userPrincipalName": "bob@a.example", "accountEnabled": false, "manager": "ann@a.example", "employeeHireDate": "2026-01-31", "department": "Law"}
	]`
	require.Equal(t, Loaded{Users: d.Users(), Created: 2, Groups: 2}, withoutUsers(loaded("\ufeff"+both)))
	require.Equal(t, []string{"ann@a.example Ann true @Staff @A;B", "bob@a.example Law false <ann@a.example", "group Staff", "group A;B"}, state(d))
	require.Equal(t, Loaded{}, withoutUsers(loaded(both)))
	// What has no member stays, null clears.
	l := loaded(`[{"userPrincipalName": "ann@a.example", "groups": null, "givenName": null}, {"userPrincipalName": "bob@a.example", "manager": null, "accountEnabled": null}]`)
	require.Equal(t, Loaded{Updated: 2}, withoutUsers(l))
	require.Equal(t, []string{"ann@a.example true", "bob@a.example Law true"}, state(d)[:2])
	require.Equal(t, Loaded{Deleted: 2}, withoutUsers(loaded("[]")))
}

func withoutUsers(l Loaded) Loaded {
	l.Users = nil
	return l
}

// TestLoadRefuses: an error has its place, and nothing is loaded.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	const bob = "userPrincipalName,department\nbob@a.example,Changed\n"
	clock := new(idp.Clock)
	d := NewDirectory(clock)
	ids := loadCSV(t, d, people).Users
	_, err := d.CreateUser(Properties{"userPrincipalName": "own@a.example"})
	require.NoError(t, err)
	for range 2 {
		_, err := d.CreateGroup(Properties{"displayName": "Twice"})
		require.NoError(t, err)
	}
	before, w := state(d), 0
	changed(d, &w)
	for text, want := range map[string]string{
		"":                                         "line 1: there is no header",
		"\n \n":                                    "there is no header",
		"mail\nx\n":                                "line 1: there is neither a column userPrincipalName nor one objectId",
		"userPrincipalName,Department\n":           `line 1, column "Department": there is no property "Department"; "department" is written so`,
		"userPrincipalName,Groups\n":               `"groups" is written so`,
		"userPrincipalName,IsSoftDeleted\n":        `there is no property "IsSoftDeleted"`,
		"userPrincipalName,\n":                     `column "": there is no property ""`,
		"userPrincipalName,mail,mail\n":            `line 1, column "mail": it stands there twice`,
		"userPrincipalName;mail\n":                 "columns have commas between them",
		bob + "eve@a.example\n":                    "line 3: it has 1 cells and the header 2",
		bob + "eve@a.example,\"x\n":                "line 3: extraneous or missing \"",
		bob + "\"x\ny\"@a.example,x\n":             "line 4",
		bob + ",x\n":                               `line 3, column "userPrincipalName": a new user needs a userPrincipalName`,
		bob + "BOB@a.example,x\n":                  `line 3, column "userPrincipalName": line 2 is the same user`,
		bob + "eve@a.example,x\nEVE@a.example,x\n": `line 4, column "userPrincipalName": userPrincipalName "EVE@a.example": line 3 has it`,
		"userPrincipalName,objectId\nown@a.example," + ids[1] + "\n":   `userPrincipalName "own@a.example": another user has it`,
		"userPrincipalName,objectId\nx@a.example,7\n":                  `line 2, column "objectId": objectId "7" is no UUID`,
		"userPrincipalName,objectId\nx@a.example," + d.Groups()[0]:     "is a group",
		"userPrincipalName,accountEnabled\nx@a.example,yes\n":          `line 2, column "accountEnabled": property "accountEnabled" cannot hold "yes"`,
		"userPrincipalName,employeeHireDate\nx@a.example,31.1.2026\n":  `cannot hold "31.1.2026"`,
		"userPrincipalName,department,groups\nbob@a.example,x,Twice\n": `line 2, column "groups": 2 groups are called "Twice"`,
		bob + "\xff@a.example,x\n":                                     "line 3: it is not in UTF-8",
		"userPrincipalName,objectId\nx@a.example,a1b2c3d4-0000-4000-8000-0123456789ab\ny@a.example,a1b2c3d4-0000-4000-8000-0123456789ab\n": "stands in the file twice",
		"userPrincipalName,accountEnabled\n" + strings.Repeat("x@a.example,yes\n", 12):                                                     "and 2 more",
	} {
		_, err := d.LoadCSV(strings.NewReader(text), Load{})
		require.ErrorContains(t, err, want, "%q", text)
	}
	for text, want := range map[string]string{
		"":      "line 1: unexpected EOF",
		"{}":    "line 1: the file is no array",
		"[\n7]": "line 2: a person is an object",
		"[{\n\"userPrincipalName\": \"x\",\n\"mail\" \"y\"}]":               "line 3",
		"[{\n\"userPrincipalName\": \"x\"\n}]\n7":                           "line 4: something stands behind the end",
		"[{\n\"userPrincipalName\": \"x\",\n\"mail\": \"a\", \"mail\": 1}]": `line 3, member "mail": it stands there twice`,
		"[{\n\"userPrincipalName\": \"x\",\n\"employeeId\": 7}]":            `line 3, member "employeeId": property "employeeId" cannot hold 7`,
		"[{\"userPrincipalName\": \"x\", \"otherMails\": [\"a\", 7]}]":      `cannot hold`,
		"[{\"userPrincipalName\": \"x\", \"otherMails\": \"a\"}]":           `cannot hold "a"`,
		"[{\"userPrincipalName\": \"x\", \"groups\": \"a\"}]":               `groups cannot be "a"`,
		"[{\"userPrincipalName\": \"x\", \"manager\": 7}]":                  `cannot hold 7`,
		"[{\"UserPrincipalName\": \"x\"}]":                                  `"userPrincipalName" is written so`,
		"[{\"mail\": \"x\"}]":                                               "line 1: a new user needs a userPrincipalName",
	} {
		_, err := d.LoadJSON(strings.NewReader(text), Load{})
		require.ErrorContains(t, err, want, "%q", text)
	}
	require.Empty(t, changed(d, &w))
	require.Equal(t, before, state(d))
}

// FuzzLoadCSV and FuzzLoadJSON: a file that is refused changes nothing, and one that is
// taken changes nothing the second time.
func FuzzLoadCSV(f *testing.F) {
	f.Add([]byte(people))
	f.Add([]byte("\ufeffobjectId,userPrincipalName,otherMails,manager\r\na1b2c3d4-0000-4000-8000-0123456789ab,\"x\",a;b,x\r\n,ann@a.example,,\r\n"))
	f.Add([]byte("objectId,userPrincipalName\na1b2c3d4-0000-4000-8000-0123456789aa,bob@a.example\n,eve@a.example\n"))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzLoad(t, data, (*Directory).LoadCSV) })
}

func FuzzLoadJSON(f *testing.F) {
	f.Add([]byte(`[{"userPrincipalName": "ann@a.example", "groups": ["Staff"], "manager": "eve@a.example"}, {"userPrincipalName": "eve@a.example", "accountEnabled": null}]`))
	f.Add([]byte(`[{"objectId": "a1b2c3d4-0000-4000-8000-0123456789aa", "otherMails": [], "employeeHireDate": "2026-01-31"}]`))
	f.Fuzz(func(t *testing.T, data []byte) { fuzzLoad(t, data, (*Directory).LoadJSON) })
}

func fuzzLoad(t *testing.T, data []byte, load func(*Directory, io.Reader, Load) (Loaded, error)) {
	d := NewDirectory(nil)
	loadCSV(t, d, "objectId,"+strings.Replace(strings.Replace(people, "\nann", "\na1b2c3d4-0000-4000-8000-0123456789aa,ann", 1), "\nbob", "\n,bob", 1))
	loadCSV(t, d, "userPrincipalName,groups\nann@a.example,Staff\neve@a.example,\n")
	before, w := state(d), 0
	changed(d, &w)
	_, err := load(d, bytes.NewReader(data), Load{})
	if err != nil {
		require.Empty(t, changed(d, &w))
		require.Equal(t, before, state(d))
		return
	}
	changed(d, &w)
	l, err := load(d, bytes.NewReader(data), Load{})
	require.NoError(t, err)
	require.Empty(t, changed(d, &w))
	require.Equal(t, Loaded{Users: l.Users, Unlinked: l.Unlinked}, l)
	checkNames(t, d)
}

// checkNames: each user that is not gone is found by its name, and nobody else is.
func checkNames(t *testing.T, d *Directory) {
	names := make(map[string]string)
	for id, o := range d.objects {
		if !o.group && !o.gone {
			names[strings.ToLower(o.props.Text("userPrincipalName"))] = id
		}
	}
	require.Equal(t, names, d.upns)
}

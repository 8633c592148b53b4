package entra

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Load says how a file of people is taken. The zero value makes the directory what the
// file says.
type Load struct {
	// KeepMissing leaves those alone who came by an earlier load and are missing in
	// this one. Otherwise they are moved to the recycle bin. Who was never loaded is
	// left alone anyway.
	KeepMissing bool
}

// Loaded is what a load did.
type Loaded struct {
	// Users are the objectIds of the file's people, in its order.
	Users []string
	// Created, Updated, Restored and Deleted count people, Groups the groups that were
	// made. Who was restored is not counted as updated.
	Created, Updated, Restored, Deleted, Groups int
	// Unlinked are the managers that there are none of, each with its place in the
	// file. The people who name them are loaded without a manager.
	Unlinked []string
}

// LoadCSV takes people from a CSV file (RFC 4180) in UTF-8. Its first line has names:
// of properties; "manager", the manager's userPrincipalName or objectId; and "groups",
// names with semicolons between them. Both are those of the whole file: a manager may
// stand below.
//
//	userPrincipalName,givenName,surname,mail,accountEnabled,manager,groups
//	ann@a.example,Ann,Lee,ann@a.example,true,,Staff;Board
//	bob@a.example,Bob,Ray,bob@a.example,true,ann@a.example,Staff
//
// Who has the objectId, or else the userPrincipalName, is updated, others are created,
// and who is in the recycle bin is restored. A property that has no column stays as it
// was, an empty cell clears it; of accountEnabled empty is true. Somebody's groups
// become exactly those of the file, made where there are none of the name. Only what
// differs is changed.
//
// A mark of byte order, lines ended by CRLF and lines of blanks or commas alone are
// taken. Blanks around a value are part of it, as they are in a directory, but for
// those around userPrincipalName, objectId, manager, the names of groups, booleans and
// times. Booleans are true and false in any case, times are days or as in RFC 3339, and
// several values have semicolons between them. An error names line and column, and
// nothing has been loaded.
func (d *Directory) LoadCSV(r io.Reader, how Load) (Loaded, error) {
	return d.load(r, how, readCSV)
}

// LoadJSON is LoadCSV for a JSON array of objects, whose members are named as the
// columns. Several values are an array, no value is null or "". What has no member in
// an object stays as it was.
func (d *Directory) LoadJSON(r io.Reader, how Load) (Loaded, error) {
	return d.load(r, how, readJSON)
}

func (d *Directory) load(r io.Reader, how Load, read func([]byte, *mistakes) []*entry) (Loaded, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return Loaded{}, fmt.Errorf("entra: people: %w", err)
	}
	var wrong mistakes
	data = withoutBOM(data)
	if !utf8.Valid(data) {
		return Loaded{}, fmt.Errorf("entra: people: line %d: it is not in UTF-8", lineAt(data, int64(validUntil(data))+1))
	}
	entries := read(data, &wrong)
	if err := wrong.err(); err != nil {
		return Loaded{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.expire()
	l := loading{d: d, how: how, entries: entries}
	l.find(&wrong)
	l.names(&wrong)
	l.groups(&wrong)
	if err := wrong.err(); err != nil {
		return Loaded{}, err
	}
	l.apply()
	return l.done, nil
}

// entry is one person of a file.
type entry struct {
	line    int
	part    string         // what the file has its values in: column or member
	lines   map[string]int // of each property that is given
	props   Properties     // those given that have a value
	cleared []string       // and those that have none
	manager *string        // nil: nothing is said
	groups  *[]string      // nil: nothing is said

	object *object // who it is; nil is somebody new
	fate   fate
}

// fate is what a load does to a person.
type fate uint8

const (
	unchanged fate = iota
	created
	updated
	restored
)

// upn is the userPrincipalName that the person has after the load.
func (e *entry) upn() string {
	if given := e.props.Text("userPrincipalName"); given != "" {
		return given
	}
	if e.object == nil {
		return ""
	}
	return e.object.formerName()
}

// place is where a property stands, as errors call it.
func (e *entry) place(name string) string {
	if line, found := e.lines[name]; found {
		return fmt.Sprintf("line %d, %s %q", line, e.part, name)
	}
	return fmt.Sprintf("line %d", e.line)
}

// mistakes are what is wrong with a file: the first few of them.
type mistakes struct {
	list []error
	more int
}

func (m *mistakes) add(place string, format string, args ...any) {
	const enough = 10
	if len(m.list) == enough {
		m.more++
		return
	}
	m.list = append(m.list, fmt.Errorf("entra: people: %s: %w", place, fmt.Errorf(format, args...)))
}

func (m *mistakes) err() error {
	if m.more > 0 {
		return errors.Join(errors.Join(m.list...), fmt.Errorf("entra: people: and %d more", m.more))
	}
	return errors.Join(m.list...)
}

// loading is a load under way. The directory is locked.
type loading struct {
	d       *Directory
	how     Load
	entries []*entry
	leave   []*object         // who is missing
	given   map[string]bool   // the objectIds in the file
	rooms   map[string]string // folded name of a group to its objectId; "" is yet to be made
	done    Loaded
}

// find says who each entry is: first those with an objectId, then the others by their
// userPrincipalName, then who is missing.
func (l *loading) find(wrong *mistakes) {
	claimed := make(map[*object]*entry)
	claim := func(e *entry, o *object, by string) {
		if other := claimed[o]; other != nil {
			wrong.add(e.place(by), "line %d is the same user", other.line)
			return
		}
		claimed[o], e.object = e, o
	}
	l.given = make(map[string]bool)
	for _, e := range l.entries {
		id := e.props.Text("objectId")
		if o := l.byID(e, wrong); o != nil {
			claim(e, o, "objectId")
		} else if id != "" && l.given[id] {
			wrong.add(e.place("objectId"), "objectId %q stands in the file twice", id)
		}
		l.given[id] = true
	}
	former := l.binned()
	for _, e := range l.entries {
		if _, given := e.props["objectId"]; given {
			continue
		}
		folded := strings.ToLower(e.props.Text("userPrincipalName"))
		o := l.d.objects[l.d.upns[folded]]
		if o == nil {
			o = former[folded]
		}
		if o != nil && (claimed[o] == nil || strings.ToLower(claimed[o].upn()) == folded) {
			claim(e, o, "userPrincipalName")
		}
	}
	for _, id := range l.d.order {
		o := l.d.objects[id]
		if o.loaded && !o.gone && o.deleted.IsZero() && claimed[o] == nil && !l.how.KeepMissing {
			l.leave = append(l.leave, o)
		}
	}
}

// byID returns the user that an entry names by objectId.
func (l *loading) byID(e *entry, wrong *mistakes) *object {
	id := e.props.Text("objectId")
	o := l.d.objects[id]
	switch {
	case id == "" || o == nil:
		return nil
	case o.group:
		wrong.add(e.place("objectId"), "%q is a group", id)
		return nil
	case o.gone:
		wrong.add(e.place("objectId"), "%q was deleted for good", id)
		return nil
	}
	return o
}

// binned are the users in the recycle bin by their folded former names: of several
// that had one, who was deleted last.
func (l *loading) binned() map[string]*object {
	former := make(map[string]*object)
	for _, id := range l.d.bin {
		o := l.d.objects[id]
		former[strings.ToLower(o.formerName())] = o
	}
	return former
}

// names checks that each user will have a userPrincipalName of its own.
func (l *loading) names(wrong *mistakes) {
	mine := make(map[*object]bool)
	for _, e := range l.entries {
		if e.object != nil {
			mine[e.object] = true
		}
	}
	owner := make(map[string]string)
	for _, o := range l.leave {
		mine[o] = true
		owner[strings.ToLower(binPrefix(o.id)+o.formerName())] = "the recycle bin"
	}
	for folded, id := range l.d.upns {
		if !mine[l.d.objects[id]] {
			owner[folded] = "another user"
		}
	}
	for _, e := range l.entries {
		folded := strings.ToLower(e.upn())
		if folded == "" {
			wrong.add(e.place("userPrincipalName"), "a new user needs a userPrincipalName")
			continue
		}
		if by := owner[folded]; by != "" {
			wrong.add(e.place("userPrincipalName"), "userPrincipalName %q: %s has it", e.upn(), by)
		}
		owner[folded] = fmt.Sprintf("line %d", e.line)
	}
}

// groups finds the groups that the file names.
func (l *loading) groups(wrong *mistakes) {
	named := make(map[string][]string)
	for _, id := range l.d.order {
		if o := l.d.objects[id]; o.group && !o.gone {
			folded := strings.ToLower(o.props.Text("displayName"))
			named[folded] = append(named[folded], id)
		}
	}
	l.rooms = make(map[string]string)
	for _, e := range l.entries {
		if e.groups == nil {
			continue
		}
		for _, name := range *e.groups {
			folded := strings.ToLower(name)
			if ids := named[folded]; len(ids) > 1 {
				wrong.add(e.place("groups"), "%d groups are called %q", len(ids), name)
			} else if len(ids) == 1 {
				l.rooms[folded] = ids[0]
			}
		}
	}
}

// apply does what has been checked. It cannot fail.
func (l *loading) apply() {
	for _, o := range l.leave {
		l.d.bury(o)
		l.done.Deleted++
	}
	for _, e := range l.entries {
		if e.object != nil { // names may go round in the file
			delete(l.d.upns, strings.ToLower(e.object.props.Text("userPrincipalName")))
		}
	}
	for _, e := range l.entries {
		e.fate = l.person(e)
	}
	for _, e := range l.entries { // whom all can name now
		known := len(l.d.feed)
		l.manager(e)
		l.join(e)
		if e.fate == unchanged && len(l.d.feed) > known {
			e.fate = updated
		}
		l.done.count(e)
	}
}

func (l *Loaded) count(e *entry) {
	l.Users = append(l.Users, e.object.id)
	switch e.fate {
	case created:
		l.Created++
	case restored:
		l.Restored++
	case updated:
		l.Updated++
	}
}

// person makes, restores or changes a user, apart from manager and groups.
func (l *loading) person(e *entry) fate {
	upn, does := e.upn(), unchanged
	if e.object == nil {
		if e.props["objectId"] == nil {
			e.props["objectId"] = l.freeID()
		}
		if e.props["accountEnabled"] == nil {
			e.props["accountEnabled"] = true
		}
		e.object, does = l.d.insert(false, e.props), created
	} else {
		if !e.object.deleted.IsZero() {
			l.d.unbury(e.object)
			does = restored
		}
		known := len(l.d.feed)
		e.props["userPrincipalName"] = upn
		l.d.set(e.object, e.props, e.cleared)
		if does == unchanged && len(l.d.feed) > known {
			does = updated
		}
	}
	e.object.loaded = true
	l.d.upns[strings.ToLower(upn)] = e.object.id
	return does
}

// manager links a user to the manager that the file names.
func (l *loading) manager(e *entry) {
	if e.manager == nil {
		return
	}
	boss := l.d.objects[*e.manager]
	if boss == nil {
		boss = l.d.objects[l.d.upns[strings.ToLower(*e.manager)]]
	}
	if boss != nil && !boss.group && !boss.gone && boss.deleted.IsZero() {
		l.d.set(e.object, Properties{"manager": boss.id}, nil)
		return
	}
	if *e.manager != "" {
		l.done.Unlinked = append(l.done.Unlinked, fmt.Sprintf("%s: manager %q: there is no such user", e.place("manager"), *e.manager))
	}
	l.d.set(e.object, nil, []string{"manager"})
}

// join makes a user's groups exactly those that the file names.
func (l *loading) join(e *entry) {
	if e.groups == nil {
		return
	}
	wanted := make(map[string]bool)
	for _, name := range *e.groups {
		folded := strings.ToLower(name)
		if l.rooms[folded] == "" {
			id := l.freeID()
			l.d.insert(true, Properties{"objectId": id, "displayName": name, "securityEnabled": true})
			l.rooms[folded] = id
			l.done.Groups++
		}
		wanted[l.rooms[folded]] = true
	}
	for _, id := range slices.Sorted(maps.Keys(e.object.in)) {
		if !wanted[id] {
			l.d.put(l.d.objects[id], e.object, false)
		}
	}
	for _, name := range *e.groups {
		l.d.put(l.d.objects[l.rooms[strings.ToLower(name)]], e.object, true)
	}
}

// freeID is a new objectId that the file does not give to anybody.
func (l *loading) freeID() string {
	for {
		if id := l.d.newID(); !l.given[id] {
			return id
		}
	}
}

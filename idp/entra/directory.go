package entra

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/usher-scim/scim/idp"
)

// RecycleBin is how long a deleted user can be restored.
const RecycleBin = 30 * 24 * time.Hour

// The errors of a Directory.
var (
	ErrNotFound = errors.New("entra: there is no such object")
	ErrTaken    = errors.New("entra: another object has that name")
)

// Directory is an organisation's users and groups. It may be used by several
// goroutines at once; NewDirectory makes one.
type Directory struct {
	clock *idp.Clock

	mu      sync.RWMutex
	objects map[string]*object
	upns    map[string]string // folded userPrincipalName to objectId, of users that are not gone
	order   []string          // objectIds in the order they were made
	feed    []change
	made    uint64 // how many objects were made, for their IDs
	bin     []string
}

// object is a user or a group. What is gone stays as a tombstone, so that jobs hear
// of it.
type object struct {
	id      string
	group   bool
	props   Properties
	deleted time.Time // zero: not in the recycle bin
	gone    bool      // deleted for good
	members map[string]bool
	in      map[string]bool // groups that a user or group is a member of
	loaded  bool            // came from a file
}

// change is one entry of the feed that cycles read.
type change struct{ id, member string }

// NewDirectory returns an empty directory whose deleted users expire by a clock; nil
// is a clock of its own. IDs are made by counting, so that the same calls make the
// same directory.
func NewDirectory(clock *idp.Clock) *Directory {
	if clock == nil {
		clock = new(idp.Clock)
	}
	return &Directory{clock: clock, objects: make(map[string]*object), upns: make(map[string]string)}
}

// Clock is the directory's time.
func (d *Directory) Clock() *idp.Clock { return d.clock }

// namespace is where the IDs of objects come from that were given none.
var namespace = uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/usher-scim/scim/idp/entra"))

// newID makes an objectId that no object has or had.
func (d *Directory) newID() string {
	for {
		d.made++
		id := uuid.NewSHA1(namespace, fmt.Appendf(nil, "%d", d.made)).String()
		if d.objects[id] == nil {
			return id
		}
	}
}

// CreateUser adds a user and returns its objectId. The userPrincipalName must be given
// and be free, ignoring case; an objectId is made and accountEnabled is true unless
// they are given.
func (d *Directory) CreateUser(p Properties) (id string, err error) {
	kept, _, err := check(false, p)
	if err != nil {
		return "", err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	upn := kept.Text("userPrincipalName")
	if upn == "" {
		return "", errors.New(`entra: a user needs "userPrincipalName"`)
	}
	if _, taken := d.upns[strings.ToLower(upn)]; taken {
		return "", fmt.Errorf("%w: userPrincipalName %q", ErrTaken, upn)
	}
	if _, given := kept["accountEnabled"]; !given {
		kept["accountEnabled"] = true
	}
	o, err := d.add(false, kept)
	if err != nil {
		return "", err
	}
	d.upns[strings.ToLower(upn)] = o.id
	return o.id, nil
}

// CreateGroup adds a group, a security group unless securityEnabled is false, and
// returns its objectId. The displayName must be given; other groups may have the same.
func (d *Directory) CreateGroup(p Properties) (id string, err error) {
	kept, _, err := check(true, p)
	if err != nil {
		return "", err
	}
	if kept.Text("displayName") == "" {
		return "", errors.New(`entra: a group needs "displayName"`)
	}
	if _, given := kept["securityEnabled"]; !given {
		kept["securityEnabled"] = true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	o, err := d.add(true, kept)
	if err != nil {
		return "", err
	}
	return o.id, nil
}

// add makes an object. The caller has the lock.
func (d *Directory) add(group bool, kept Properties) (*object, error) {
	id := kept.Text("objectId")
	if id == "" {
		id = d.newID()
	} else if _, err := uuid.Parse(id); err != nil {
		return nil, fmt.Errorf("entra: objectId %q is no UUID", id)
	}
	if d.objects[id] != nil {
		return nil, fmt.Errorf("%w: objectId %q", ErrTaken, id)
	}
	kept["objectId"] = id
	return d.insert(group, kept), nil
}

// insert makes an object whose objectId is free.
func (d *Directory) insert(group bool, kept Properties) *object {
	id := kept.Text("objectId")
	o := &object{id: id, group: group, props: kept, in: make(map[string]bool)}
	if group {
		o.members = make(map[string]bool)
	}
	d.objects[id] = o
	d.order = append(d.order, id)
	d.touch(o, "")
	return o
}

// touch enters a change into the feed: of the object, or of one membership in it.
func (d *Directory) touch(o *object, member string) {
	d.feed = append(d.feed, change{o.id, member})
}

// UpdateUser sets the properties that are given and clears those that are given
// without a value. The objectId stays. A user in the recycle bin cannot be changed.
func (d *Directory) UpdateUser(id string, p Properties) error {
	kept, cleared, err := check(false, p)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	o, err := d.live(id, false)
	if err != nil {
		return err
	}
	if given, ok := kept["objectId"]; ok && given != id {
		return errors.New(`entra: "objectId" never changes`)
	}
	if slices.Contains(cleared, "userPrincipalName") || slices.Contains(cleared, "objectId") || slices.Contains(cleared, "accountEnabled") {
		return errors.New("entra: a user keeps its objectId, userPrincipalName and accountEnabled")
	}
	if upn := kept.Text("userPrincipalName"); upn != "" {
		if by, taken := d.upns[strings.ToLower(upn)]; taken && by != id {
			return fmt.Errorf("%w: userPrincipalName %q", ErrTaken, upn)
		}
		delete(d.upns, strings.ToLower(o.props.Text("userPrincipalName")))
		d.upns[strings.ToLower(upn)] = id
	}
	d.set(o, kept, cleared)
	return nil
}

// UpdateGroup is UpdateUser for a group.
func (d *Directory) UpdateGroup(id string, p Properties) error {
	kept, cleared, err := check(true, p)
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	o, err := d.live(id, true)
	if err != nil {
		return err
	}
	if given, ok := kept["objectId"]; ok && given != id || slices.Contains(cleared, "objectId") || slices.Contains(cleared, "displayName") {
		return errors.New("entra: a group keeps its objectId and has a displayName")
	}
	d.set(o, kept, cleared)
	return nil
}

// set changes properties, and tells the feed if that changes anything.
func (d *Directory) set(o *object, kept Properties, cleared []string) {
	after := o.props.clone()
	maps.Copy(after, kept)
	for _, name := range cleared {
		delete(after, name)
	}
	if !equal(after, o.props) {
		o.props = after
		d.touch(o, "")
	}
}

func equal(a, b Properties) bool {
	return maps.EqualFunc(a, b, func(a, b any) bool {
		l, ok := a.([]string)
		if m, both := b.([]string); ok && both {
			return slices.Equal(l, m)
		}
		return !ok && a == b
	})
}

// live returns an object that is neither gone nor in the recycle bin.
func (d *Directory) live(id string, group bool) (*object, error) {
	d.expire()
	o := d.objects[id]
	if o == nil || o.gone || !o.deleted.IsZero() || o.group != group {
		return nil, fmt.Errorf("%w: %q", ErrNotFound, id)
	}
	return o, nil
}

// DeleteUser moves a user into the recycle bin. Its userPrincipalName becomes the
// objectId without dashes and the former one, so that the former one is free.
// Memberships stay for the time that it comes back.
func (d *Directory) DeleteUser(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	o, err := d.live(id, false)
	if err != nil {
		return err
	}
	d.bury(o)
	return nil
}

func (d *Directory) bury(o *object) {
	d.rename(o, binPrefix(o.id)+o.props.Text("userPrincipalName"))
	o.deleted = d.clock.Now()
	d.bin = append(d.bin, o.id)
}

// unbury takes a user out of the recycle bin, and leaves the name as it is.
func (d *Directory) unbury(o *object) {
	o.deleted = time.Time{}
	d.bin = slices.DeleteFunc(d.bin, func(in string) bool { return in == o.id })
}

// binPrefix is what the recycle bin puts before a userPrincipalName.
func binPrefix(id string) string { return strings.ReplaceAll(id, "-", "") }

// formerName is the userPrincipalName of a user outside of the recycle bin.
func (o *object) formerName() string {
	upn := o.props.Text("userPrincipalName")
	if o.deleted.IsZero() {
		return upn
	}
	return strings.TrimPrefix(upn, binPrefix(o.id))
}

// rename gives a user another userPrincipalName, which is free.
func (d *Directory) rename(o *object, upn string) {
	delete(d.upns, strings.ToLower(o.props.Text("userPrincipalName")))
	o.props = o.props.clone()
	o.props["userPrincipalName"] = upn
	d.upns[strings.ToLower(upn)] = o.id
	d.touch(o, "")
}

// RestoreUser takes a user out of the recycle bin, under its former
// userPrincipalName, or ErrTaken.
func (d *Directory) RestoreUser(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.expire()
	o := d.objects[id]
	if o == nil || o.gone || o.deleted.IsZero() {
		return fmt.Errorf("%w in the recycle bin: %q", ErrNotFound, id)
	}
	upn := o.formerName()
	if _, taken := d.upns[strings.ToLower(upn)]; taken {
		return fmt.Errorf("%w: userPrincipalName %q", ErrTaken, upn)
	}
	d.unbury(o)
	d.rename(o, upn)
	return nil
}

// PurgeUser deletes a user for good, from the recycle bin or at once.
func (d *Directory) PurgeUser(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	o := d.objects[id]
	if o == nil || o.gone || o.group {
		return fmt.Errorf("%w: %q", ErrNotFound, id)
	}
	d.purge(o)
	return nil
}

func (d *Directory) purge(o *object) {
	if !o.group {
		delete(d.upns, strings.ToLower(o.props.Text("userPrincipalName")))
		d.bin = slices.DeleteFunc(d.bin, func(in string) bool { return in == o.id })
	}
	for g := range o.in {
		delete(d.objects[g].members, o.id)
	}
	for m := range o.members {
		delete(d.objects[m].in, o.id)
	}
	o.gone = true
	d.touch(o, "")
}

// expire deletes for good what has been in the recycle bin for long enough. The bin
// is in the order of deletion.
func (d *Directory) expire() {
	for len(d.bin) > 0 {
		o := d.objects[d.bin[0]]
		if d.clock.Now().Sub(o.deleted) < RecycleBin {
			return
		}
		d.purge(o)
	}
}

// DeleteGroup deletes a group, for good.
func (d *Directory) DeleteGroup(id string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	o, err := d.live(id, true)
	if err != nil {
		return err
	}
	d.purge(o)
	return nil
}

// AddMember puts a user or a group into a group. Doing it again changes nothing.
func (d *Directory) AddMember(group, member string) error { return d.member(group, member, true) }

// RemoveMember takes a member out of a group. Doing it again changes nothing.
func (d *Directory) RemoveMember(group, member string) error { return d.member(group, member, false) }

func (d *Directory) member(group, member string, in bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	g, err := d.live(group, true)
	if err != nil {
		return err
	}
	m := d.objects[member]
	if m == nil || m.gone || m == g {
		return fmt.Errorf("%w: member %q", ErrNotFound, member)
	}
	d.put(g, m, in)
	return nil
}

// put puts a member into a group or takes it out.
func (d *Directory) put(g, m *object, in bool) {
	if g.members[m.id] == in {
		return
	}
	if in {
		g.members[m.id], m.in[g.id] = true, true
	} else {
		delete(g.members, m.id)
		delete(m.in, g.id)
	}
	d.touch(g, m.id)
}

// User returns a copy of a user that is not in the recycle bin.
func (d *Directory) User(id string) (Properties, bool) { return d.properties(id, false) }

// Group returns a copy of a group.
func (d *Directory) Group(id string) (Properties, bool) { return d.properties(id, true) }

func (d *Directory) properties(id string, group bool) (Properties, bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	o := d.objects[id]
	if o == nil || o.gone || o.group != group || !o.deleted.IsZero() {
		return nil, false
	}
	return o.props.clone(), true
}

// FindUser returns who has a userPrincipalName, ignoring case.
func (d *Directory) FindUser(upn string) (id string, found bool) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	id, found = d.upns[strings.ToLower(upn)]
	return id, found
}

// Users are the objectIds of the users that are not in the recycle bin, in the order
// they were made.
func (d *Directory) Users() []string { return d.all(false) }

// Groups are the objectIds of the groups, in the order they were made.
func (d *Directory) Groups() []string { return d.all(true) }

func (d *Directory) all(group bool) []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	var ids []string
	for _, id := range d.order {
		if o := d.objects[id]; o.group == group && !o.gone && o.deleted.IsZero() {
			ids = append(ids, id)
		}
	}
	return ids
}

// Members are the objectIds of a group's direct members, sorted, without those in the
// recycle bin.
func (d *Directory) Members(group string) []string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	g := d.objects[group]
	if g == nil {
		return nil
	}
	var ids []string
	for id := range g.members {
		if d.objects[id].deleted.IsZero() {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

package memstore

import (
	"sync"

	"github.com/usher-scim/scim"
)

// statuses is the number of statuses, with the zero Status.
const statuses = scim.StatusArchived + 1

// tenant is everything of one tenant but its record. Its zero value can be read
// from; newTenant makes one that can be added to.
//
// Strings that are keys of a map are parts of the user or group that they lead
// to, so whoever replaces a user renews its keys with it.
type tenant struct {
	mu sync.RWMutex

	users     map[string]*user
	userNames map[string]*user // Keys.UserName of users that are not archived
	emails    map[string]*user // Keys.Email of the same
	addresses index[*user]     // Keys.Addresses of all users
	externals index[*user]     // ExternalID of all users
	// Several archived users may have had the same names.
	archivedNames  index[*user]
	archivedEmails index[*user]

	live     list[*user]           // all that are not archived
	byStatus [statuses]list[*user] // their lengths are the counts

	folders map[scim.FolderKey]*folder // by root and folded name; none is empty

	groups         map[string]*group
	groupNames     map[string]*group // by Key
	groupExternals index[*group]
	groupList      list[*group]

	userOrders  orders[*user]
	groupOrders orders[*group]

	activity map[string]scim.Activity // by connection
}

func newTenant() *tenant {
	return &tenant{
		users:      make(map[string]*user),
		userNames:  make(map[string]*user),
		emails:     make(map[string]*user),
		folders:    make(map[scim.FolderKey]*folder),
		groups:     make(map[string]*group),
		groupNames: make(map[string]*group),
		activity:   make(map[string]scim.Activity),
	}
}

// insert takes a new user in.
func (t *tenant) insert(u *user) {
	t.users[u.ID] = u
	t.index(u)
	t.relist(u, 0)
	t.placeInFolders(u, 0)
	t.userOrders.add(u)
}

// replace makes next the value of the user u.
func (t *tenant) replace(u *user, next *scim.User) {
	before := u.Status
	t.unindex(u)
	t.userOrders.change(u, func() { u.User = *next })
	t.index(u)
	t.relist(u, before)
	t.placeInFolders(u, before)
}

// forget drops an archived user, which is in no folder and in no group.
func (t *tenant) forget(u *user) {
	t.unindex(u)
	t.byStatus[u.Status].remove(u)
	delete(t.users, u.ID)
}

// index makes u findable by what it is called.
func (t *tenant) index(u *user) {
	k := &u.Keys
	if u.Status == scim.StatusArchived {
		t.archivedNames.add(k.UserName, u)
		if k.Email != "" {
			t.archivedEmails.add(k.Email, u)
		}
	} else {
		t.userNames[k.UserName] = u
		if k.Email != "" {
			t.emails[k.Email] = u
		}
	}
	if u.ExternalID != "" {
		t.externals.add(u.ExternalID, u)
	}
	for _, a := range k.Addresses {
		t.addresses.add(a, u)
	}
}

// unindex undoes index.
func (t *tenant) unindex(u *user) {
	k := &u.Keys
	if u.Status == scim.StatusArchived {
		t.archivedNames.remove(k.UserName, u)
		t.archivedEmails.remove(k.Email, u)
	} else {
		delete(t.userNames, k.UserName)
		if k.Email != "" {
			delete(t.emails, k.Email)
		}
	}
	t.externals.remove(u.ExternalID, u)
	for _, a := range k.Addresses {
		t.addresses.remove(a, u)
	}
}

// relist moves u between the lists of users, from those of the status before.
func (t *tenant) relist(u *user, before scim.Status) {
	if u.Status == before {
		return
	}
	if before != 0 {
		t.byStatus[before].remove(u)
	}
	t.byStatus[u.Status].insert(u)
	switch was, is := isLive(before), isLive(u.Status); {
	case was && !is:
		t.live.remove(u)
	case is && !was:
		t.live.insert(u)
	}
}

// isLive reports whether users of the status are listed.
func isLive(s scim.Status) bool { return s != 0 && s != scim.StatusArchived }

// free refuses names of next that another user than self has.
func (t *tenant) free(next *scim.User, self *user) error {
	if next.Status == scim.StatusArchived {
		return nil
	}
	if u := t.userNames[next.Keys.UserName]; u != nil && u != self {
		return &scim.ConflictError{Attribute: "userName"}
	}
	if next.Keys.Email == "" {
		return nil
	}
	if u := t.emails[next.Keys.Email]; u != nil && u != self {
		return &scim.ConflictError{Attribute: "emails"}
	}
	return nil
}

// seat refuses to make a user active that was not before, when no seat is free.
func (t *tenant) seat(before, after scim.Status, seats scim.Limit) error {
	takes := after == scim.StatusActive && before != scim.StatusActive
	if takes && !seats.Allows(t.byStatus[scim.StatusActive].len()+1) {
		return scim.ErrSeats
	}
	return nil
}

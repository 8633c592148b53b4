package scim

import (
	"context"
	"slices"
)

// linked finds the managers of a set of users (P8). A link is not stored: it is
// worked out when users are read, so it appears with the manager, ends when the
// manager is archived, and comes back with it.
type linked map[string]*User

// of returns the user's manager, nil where there is none or it would be the
// user itself.
func (l linked) of(u *User) *User {
	m := l[u.Manager.Value]
	if m == nil || m.ID == u.ID {
		return nil
	}
	return m
}

// managers looks up whom the manager values of users name, in one step.
func (d *Directory) managers(ctx context.Context, t Tenant, users []*User) (linked, error) {
	var names []string
	seen := make(map[string]bool)
	for _, u := range users {
		if v := u.Manager.Value; v != "" && !seen[v] {
			seen[v] = true
			names = append(names, v)
		}
	}
	if len(names) == 0 {
		return nil, nil
	}
	return d.named(ctx, t, names)
}

// named finds live users by what a reference may be: an id, an externalId, a
// userName or an e-mail address, in this order. An externalId or address that
// several users share names none of them.
func (d *Directory) named(ctx context.Context, t Tenant, names []string) (linked, error) {
	out := make(linked, len(names))
	for part := range slices.Chunk(names, namesAtOnce) {
		if err := d.addNamed(ctx, t, part, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// namesAtOnce bounds what one look-up asks a store for.
const namesAtOnce = 500

// addNamed adds whom a few names name.
func (d *Directory) addNamed(ctx context.Context, t Tenant, names []string, out linked) error {
	f := Find{IDs: names, ExternalIDs: names, UserNames: make([]string, len(names))}
	for i, n := range names {
		f.UserNames[i] = Fold(n)
	}
	f.Addresses = f.UserNames
	found, err := d.store.FindUsers(ctx, t, f)
	if err != nil {
		return err
	}
	byID, byName := make(linked, len(found)), make(linked, len(found))
	byExternal, byEmail := make(linked, len(found)), make(linked, len(found))
	once := func(l linked, key string, u *User) {
		if other, ok := l[key]; ok && other != u {
			u = nil // several share it
		}
		l[key] = u
	}
	for _, u := range found {
		byID[u.ID], byName[u.Keys.UserName] = u, u
		if u.ExternalID != "" {
			once(byExternal, u.ExternalID, u)
		}
		once(byEmail, Fold(u.Email), u)
	}
	for _, u := range found {
		for _, a := range u.Keys.Addresses {
			if _, ok := byEmail[a]; !ok {
				byEmail[a] = u
			}
		}
	}
	for i, n := range names {
		switch key := f.UserNames[i]; {
		case byID[n] != nil:
			out[n] = byID[n]
		case byExternal[n] != nil:
			out[n] = byExternal[n]
		case byName[key] != nil:
			out[n] = byName[key]
		case byEmail[key] != nil:
			out[n] = byEmail[key]
		}
	}
	return nil
}

// Managers returns a user's manager, that manager's manager, and so on. The
// chain ends at the first person who comes up twice (P8.3).
func (d *Directory) Managers(ctx context.Context, t Tenant, id string) ([]*User, error) {
	u, err := d.User(ctx, t, id)
	if err != nil {
		return nil, err
	}
	var chain []*User
	seen := map[string]bool{u.ID: true}
	for {
		l, err := d.managers(ctx, t, []*User{u})
		if err != nil {
			return nil, err
		}
		if u = l.of(u); u == nil || seen[u.ID] {
			return chain, nil
		}
		seen[u.ID] = true
		chain = append(chain, u)
	}
}

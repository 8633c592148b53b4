package scim

import (
	"context"
	"errors"
	"slices"
	"time"
)

// groupDraft is what a request wants of a group: the folded result of all its
// operations (P7.5). Members are named as the client named them.
type groupDraft struct {
	change  GroupChange
	display map[string]string // by member: what the client called it
	ignored []string
	// version is the version that the change depends on, because a filter chose
	// among the members that there were; "" for none.
	version string
}

// createGroup performs POST /Groups (P7.1).
func (d *Directory) createGroup(ctx context.Context, t Tenant, by origin, draft *groupDraft) (*Group, error) {
	g := &Group{Connection: by.connection, DisplayName: *draft.change.DisplayName, Key: Fold(*draft.change.DisplayName)}
	if draft.change.ExternalID != nil {
		g.ExternalID = *draft.change.ExternalID
	}
	members := draft.change.Add
	for {
		g.ID = NewID()
		e := &Event{
			Time: d.when(by), Tenant: t, Connection: by.connection, Request: by.request, Kind: GroupCreated,
			GroupID: g.ID, Name: g.DisplayName, Ignored: draft.ignored,
		}
		stored, err := d.store.CreateGroup(ctx, t, g, members, e)
		var unknown *UnknownMembersError
		if !errors.As(err, &unknown) {
			if err == nil {
				d.changed(e)
			}
			return stored, err
		}
		if taken, err := d.store.FindGroups(ctx, t, Find{Names: []string{g.Key}}); err != nil {
			return nil, err
		} else if len(taken) > 0 {
			return nil, &ConflictError{Attribute: "displayName"} // before any member is made
		}
		if members, err = d.nameMembers(ctx, t, by, members, unknown.Members, draft.display); err != nil {
			return nil, err
		}
	}
}

// when is the time of a change: that of its request, or now.
func (d *Directory) when(by origin) time.Time {
	if by.time.IsZero() {
		return d.now()
	}
	return by.time
}

// groupNow asks for what a group has, for operations that depend on it. Most do
// not.
type groupNow struct {
	d   *Directory
	ctx context.Context
	t   Tenant
	id  string
}

// has reports whether one of ids is a member. Their groups are few; the members
// of the group may be many.
func (n *groupNow) has(ids []string) (bool, error) {
	refs, err := n.d.store.GroupsOf(n.ctx, n.t, ids)
	for _, groups := range refs {
		if slices.ContainsFunc(groups, func(r GroupRef) bool { return r.ID == n.id }) {
			return true, err
		}
	}
	return false, err
}

// members lists the members, for a filter that has to see them, with the version
// that the change then depends on.
func (n *groupNow) members() (all []Member, version string, err error) {
	g, err := n.d.store.Group(n.ctx, n.t, n.id)
	if err != nil {
		return nil, "", err
	}
	err = n.d.eachMember(n.ctx, n.t, n.id, func(m Member) bool {
		all = append(all, m)
		return true
	})
	return all, g.Version, err
}

// updateGroup performs PUT and PATCH on a group: it folds the request anew until
// no other write came between. It reads no members that fold does not ask for.
func (d *Directory) updateGroup(ctx context.Context, t Tenant, by origin, id string, fold func() (*groupDraft, error)) (*Group, error) {
	var g *Group
	err := again(ctx, func() error {
		folded, err := fold()
		if err != nil {
			return err
		}
		draft := *folded // a PUT is folded once, and may be tried on several versions
		if err := d.checkGroup(ctx, t, by, id, &draft); err != nil {
			return err
		}
		g, err = d.tryUpdateGroup(ctx, t, by, id, &draft)
		return err
	})
	return g, err
}

// checkGroup makes a draft depend on the version that the client asks for.
func (d *Directory) checkGroup(ctx context.Context, t Tenant, by origin, id string, draft *groupDraft) error {
	if !by.only.any() {
		return nil
	}
	if draft.version == "" {
		g, err := d.store.Group(ctx, t, id)
		if err != nil {
			return err
		}
		draft.version = g.Version
	}
	return by.only.check(draft.version)
}

func (d *Directory) tryUpdateGroup(ctx context.Context, t Tenant, by origin, id string, draft *groupDraft) (*Group, error) {
	c := draft.change
	c.Connection = by.connection
	var err error
	if c.Remove, err = d.nameRemoved(ctx, t, c.Remove); err != nil {
		return nil, err
	}
	for {
		c.Add = without(c.Add, c.Remove)
		g, e, err := d.putGroup(ctx, t, by, id, c, Guard{Version: draft.version}, draft.ignored)
		var unknown *UnknownMembersError
		if errors.As(err, &unknown) {
			if c.Add, err = d.nameMembers(ctx, t, by, c.Add, unknown.Members, draft.display); err != nil {
				return nil, err
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if !e.real() {
			return g, d.noteGroupIgnored(ctx, t, e, g, draft.ignored)
		}
		return g, nil
	}
}

// noteGroupIgnored is noteIgnored for a group, of which a store keeps no event
// when nothing changed.
func (d *Directory) noteGroupIgnored(ctx context.Context, t Tenant, done *Event, g *Group, ignored []string) error {
	if len(ignored) == 0 {
		return nil
	}
	e := *done
	e.Kind, e.Name, e.Ignored = RequestIgnored, g.DisplayName, ignored
	return d.store.Append(ctx, t, &e)
}

// real reports whether the event of a group's change says that anything changed.
func (e *Event) real() bool { return e.Seq != "" }

func (d *Directory) putGroup(ctx context.Context, t Tenant, by origin, id string, c GroupChange, guard Guard, ignored []string) (*Group, *Event, error) {
	e := &Event{
		Time: d.when(by), Tenant: t, Connection: by.connection, Request: by.request, Kind: GroupUpdated,
		GroupID: id, Ignored: ignored,
	}
	g, err := d.store.UpdateGroup(ctx, t, id, c, guard, e)
	if err == nil && e.real() {
		d.changed(e)
	}
	return g, e, err
}

// nameMembers replaces members that are no ID of the tenant by whom they name,
// and makes users of e-mail addresses that nobody has (P7.3). Everyone is looked
// up before anyone is made; one who cannot be found fails the request (P7.4).
func (d *Directory) nameMembers(ctx context.Context, t Tenant, by origin, members, unknown []string, display map[string]string) ([]string, error) {
	r, err := d.rules(ctx, t, by)
	if err != nil {
		return nil, err
	}
	if err := by.tol.note(QuirkMemberName, unknown[0]); err != nil {
		return nil, err
	}
	if r.policy.KnownMembersOnly {
		return nil, &UnknownMembersError{Members: unknown}
	}
	most := by.newMembers
	if most == nil {
		most = &d.limits.NewMembers
	}
	who := make(map[string]string, len(unknown))
	var create []string
	for part := range slices.Chunk(unknown, namesAtOnce) {
		if create, err = d.meant(ctx, t, part, display, who, create); err != nil {
			return nil, err
		}
		if len(create) > *most {
			return nil, badRequest(typeInvalidValue, "members names people who do not exist yet: more than %d, which is as many as one request can create.", d.limits.NewMembers)
		}
	}
	if err := d.mayMake(ctx, t, r, create, unknown); err != nil {
		return nil, err
	}
	if by.newMembers != nil {
		*by.newMembers -= len(create)
	}
	for _, email := range create {
		if who[email], err = d.makeMember(ctx, t, by, email); err != nil {
			return nil, err
		}
	}
	out := slices.Clone(members)
	for i, m := range out {
		for who[m] != "" && who[m] != m {
			m = who[m] // a name leads to an address, and that to the user made of it
		}
		out[i] = m
	}
	return out, nil
}

// mayMake says, before anyone is made, whether users can be made of all these
// addresses. A group does not bring back somebody who was deleted: of the two
// readings of such a request this one ends access, and the client sees it fail.
func (d *Directory) mayMake(ctx context.Context, t Tenant, r *rules, emails, unknown []string) error {
	if len(emails) == 0 {
		return nil
	}
	byName := make([]string, len(emails))
	for i, email := range emails {
		if err := r.settle(d.placeholder(email), nil, nil); err != nil {
			return err
		}
		byName[i] = Fold(email)
	}
	var lost []string
	for part := range slices.Chunk(byName, namesAtOnce) {
		found, err := d.store.FindUsers(ctx, t, Find{UserNames: part, Addresses: part, Archived: true})
		if err != nil {
			return err
		}
		for _, u := range found {
			if u.Status == StatusArchived {
				lost = append(lost, u.Email)
			}
		}
	}
	for part := range slices.Chunk(unknown, namesAtOnce) {
		found, err := d.store.FindUsers(ctx, t, Find{IDs: part, Archived: true})
		if err != nil {
			return err
		}
		for _, u := range found {
			if u.Status == StatusArchived {
				lost = append(lost, u.ID)
			}
		}
	}
	if len(lost) > 0 {
		return &UnknownMembersError{Members: lost}
	}
	return nil
}

// meant says whom members that are no IDs mean: in who the ID of a user that was
// found or, also in create, an address that a user is to be made of. Anybody else
// is unknown (P7.4).
func (d *Directory) meant(ctx context.Context, t Tenant, unknown []string, display, who map[string]string, create []string) ([]string, error) {
	names := slices.Clone(unknown)
	for _, m := range unknown {
		if s := display[m]; s != "" {
			names = append(names, s)
		}
	}
	found, err := d.named(ctx, t, names)
	if err != nil {
		return nil, err
	}
	var lost []string
	for _, m := range unknown {
		called := display[m]
		switch {
		case found[m] != nil && found[m].ID != m:
			who[m] = found[m].ID
		case found[called] != nil:
			who[m] = found[called].ID
		case isEmail(m):
			create = append(create, m)
		case isEmail(called):
			who[m] = called
			create = append(create, called)
		default:
			lost = append(lost, m)
		}
	}
	if len(lost) > 0 {
		return nil, &UnknownMembersError{Members: lost}
	}
	slices.Sort(create)
	return slices.Compact(create), nil
}

// placeholder is a user of whom only an e-mail address is known.
func (d *Directory) placeholder(email string) *User {
	u := &User{UserName: email, Placeholder: true}
	if d.table.emails != nil {
		u.Emails = []MultiValue{{Value: email, Type: "work", Primary: Yes}}
	}
	return u
}

// makeMember makes a user of an e-mail address that a group names. The POST
// that comes for it later takes it over.
func (d *Directory) makeMember(ctx context.Context, t Tenant, by origin, email string) (string, error) {
	u, _, err := d.create(ctx, t, by, d.placeholder(email), nil)
	var conflict *ConflictError
	if errors.As(err, &conflict) {
		// Somebody made that user meanwhile.
		u, err := d.FindUser(ctx, t, email)
		if err != nil {
			return "", err
		}
		return u.ID, nil
	}
	if err != nil {
		return "", err
	}
	return u.ID, nil
}

// nameRemoved replaces members that are to be removed, and are named otherwise
// than by ID, by their IDs.
func (d *Directory) nameRemoved(ctx context.Context, t Tenant, members []string) ([]string, error) {
	out := make([]string, 0, len(members))
	for part := range slices.Chunk(members, namesAtOnce) {
		found, err := d.named(ctx, t, part)
		if err != nil {
			return nil, err
		}
		for _, m := range part {
			if u := found[m]; u != nil {
				m = u.ID
			}
			out = append(out, m)
		}
	}
	return out, nil
}

// describe says who it is that names name. One who is not found has no ID.
func (n *groupNow) describe(names []string) ([]Member, error) {
	users, err := n.d.named(n.ctx, n.t, names)
	if err != nil {
		return nil, err
	}
	groups, err := n.d.store.FindGroups(n.ctx, n.t, Find{IDs: names})
	if err != nil {
		return nil, err
	}
	out := make([]Member, len(names))
	for i, name := range names {
		if u := users[name]; u != nil {
			out[i] = Member{ID: u.ID, Display: u.Keys.Label}
		}
		for _, g := range groups {
			if g.ID == name {
				out[i] = Member{ID: g.ID, Group: true, Display: g.DisplayName}
			}
		}
	}
	return out, nil
}

// without leaves those out of members that are to be removed. Who is named in
// two ways, once to be added and once to be removed, is removed.
func without(members, removed []string) []string {
	if len(members) == 0 || len(removed) == 0 {
		return members
	}
	gone := make(map[string]bool, len(removed))
	for _, m := range removed {
		gone[m] = true
	}
	return slices.DeleteFunc(slices.Clone(members), func(m string) bool { return gone[m] })
}

// deleteGroup performs DELETE /Groups/{id}.
func (d *Directory) deleteGroup(ctx context.Context, t Tenant, by origin, id string) error {
	return again(ctx, func() error {
		g, err := d.store.Group(ctx, t, id)
		if err != nil {
			return err
		}
		var guard Guard
		if by.only.any() {
			if err := by.only.check(g.Version); err != nil {
				return err
			}
			guard.Version = g.Version
		}
		e := &Event{
			Time: d.when(by), Tenant: t, Connection: by.connection, Request: by.request, Kind: GroupDeleted,
			GroupID: id, Name: g.DisplayName,
		}
		if err := d.store.DeleteGroup(ctx, t, id, guard, e); err != nil {
			return err
		}
		d.changed(e)
		return nil
	})
}

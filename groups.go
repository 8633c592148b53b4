package scim

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"
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
		g.ID = uuid.NewString()
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

func (d *Directory) when(by origin) time.Time {
	if by.time.IsZero() {
		return d.now()
	}
	return by.time
}

// updateGroup performs PUT and PATCH on a group. It never reads the members.
func (d *Directory) updateGroup(ctx context.Context, t Tenant, by origin, id string, draft *groupDraft) (*Group, bool, error) {
	c := draft.change
	c.Connection = by.connection
	var err error
	if c.Remove, err = d.nameRemoved(ctx, t, c.Remove); err != nil {
		return nil, false, err
	}
	for {
		g, e, err := d.putGroup(ctx, t, by, id, c, Guard{Version: draft.version}, draft.ignored)
		var unknown *UnknownMembersError
		if errors.As(err, &unknown) {
			if c.Add, err = d.nameMembers(ctx, t, by, c.Add, unknown.Members, draft.display); err != nil {
				return nil, false, err
			}
			continue
		}
		if err != nil {
			return nil, false, err
		}
		after, err := d.removeByExternalID(ctx, t, by, id, c.Remove, e)
		switch {
		case err != nil:
			return nil, false, err
		case after != nil:
			return after, true, nil
		case !e.real():
			return g, false, d.noteGroupIgnored(ctx, t, e, g, draft.ignored)
		}
		return g, true, nil
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
	if r.policy.KnownMembersOnly {
		return nil, &UnknownMembersError{Members: unknown}
	}
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
	ids := make(map[string]string, len(unknown))
	var create, lost []string
	for _, m := range unknown {
		called := display[m]
		switch {
		case found[m] != nil && found[m].ID != m:
			ids[m] = found[m].ID
		case found[called] != nil:
			ids[m] = found[called].ID
		case isEmail(m):
			create, ids[m] = append(create, m), m
		case isEmail(called):
			create, ids[m] = append(create, called), called
		default:
			lost = append(lost, m)
		}
	}
	if len(lost) > 0 {
		return nil, &UnknownMembersError{Members: lost}
	}
	made, err := d.makeMembers(ctx, t, r, create)
	if err != nil {
		return nil, err
	}
	out := make([]string, len(members))
	for i, m := range members {
		switch id := ids[m]; {
		case id == "":
			out[i] = m
		case made[id] != "":
			out[i] = made[id]
		default:
			out[i] = id
		}
	}
	return out, nil
}

// makeMembers makes a user of each e-mail address and returns their IDs. Whoever
// cannot be made is refused before anyone is.
func (d *Directory) makeMembers(ctx context.Context, t Tenant, r *rules, emails []string) (map[string]string, error) {
	for _, email := range emails {
		if err := r.settle(d.placeholder(email), nil, nil); err != nil {
			return nil, err
		}
	}
	made := make(map[string]string, len(emails))
	for _, email := range emails {
		if made[email] != "" {
			continue
		}
		id, err := d.makeMember(ctx, t, r.by, email)
		if err != nil {
			return nil, err
		}
		made[email] = id
	}
	return made, nil
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
	out, err := d.create(ctx, t, by, d.placeholder(email), nil)
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
	return out.user.ID, nil
}

// nameRemoved adds, to members that are to be removed, the IDs of those that
// are named otherwise. What looks like an ID of the core's making is taken for one.
func (d *Directory) nameRemoved(ctx context.Context, t Tenant, members []string) ([]string, error) {
	var names []string
	for _, m := range members {
		if uuid.Validate(m) != nil {
			names = append(names, m)
		}
	}
	if len(names) == 0 {
		return members, nil
	}
	found, err := d.named(ctx, t, names)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(members)
	for i, m := range out {
		if u := found[m]; u != nil {
			out[i] = u.ID
		}
	}
	return out, nil
}

// removeByExternalID removes the members that were named by an externalId which
// looks like an ID, such as a directory's object id. It returns the group after
// that, nil where there was nothing to do.
func (d *Directory) removeByExternalID(ctx context.Context, t Tenant, by origin, id string, asked []string, done *Event) (*Group, error) {
	var left []string
	removed := make(map[string]bool, len(done.Removed))
	for _, m := range done.Removed {
		removed[m] = true
	}
	for _, m := range asked {
		if !removed[m] && uuid.Validate(m) == nil {
			left = append(left, m)
		}
	}
	if len(left) == 0 {
		return nil, nil
	}
	found, err := d.named(ctx, t, left)
	if err != nil {
		return nil, err
	}
	var c GroupChange
	for _, m := range left {
		if u := found[m]; u != nil && u.ID != m {
			c.Remove = append(c.Remove, u.ID)
		}
	}
	if len(c.Remove) == 0 {
		return nil, nil
	}
	g, e, err := d.putGroup(ctx, t, by, id, c, Guard{}, nil)
	if err != nil || !e.real() {
		return nil, err
	}
	return g, nil
}

// deleteGroup performs DELETE /Groups/{id}.
func (d *Directory) deleteGroup(ctx context.Context, t Tenant, by origin, id, version string) error {
	g, err := d.store.Group(ctx, t, id)
	if err != nil {
		return err
	}
	e := &Event{
		Time: d.when(by), Tenant: t, Connection: by.connection, Request: by.request, Kind: GroupDeleted,
		GroupID: id, Name: g.DisplayName,
	}
	if err := d.store.DeleteGroup(ctx, t, id, Guard{Version: version}, e); err != nil {
		return err
	}
	d.changed(e)
	return nil
}

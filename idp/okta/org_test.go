package okta_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/okta"
)

// TestUsersOfAnOrg: profiles, logins and the statuses that follow one another.
func TestUsersOfAnOrg(t *testing.T) {
	t.Parallel()
	clock := new(idp.Clock)
	o := okta.NewOrg(clock)
	require.Same(t, clock, o.Clock())
	for _, p := range []okta.Profile{{}, {"login": "a"}, {"email": "a"}} {
		_, err := o.AddUser(p)
		require.Error(t, err)
	}
	given := okta.Profile{"login": "Ann@example.com", "email": "ann@example.com", "title": ""}
	ann, err := o.AddUser(given)
	require.NoError(t, err)
	given["login"] = "changed"
	require.Regexp(t, `^00u1[0-9A-Za-z]{13}5d7$`, ann.ID)
	require.Equal(t, okta.Profile{"login": "Ann@example.com", "email": "ann@example.com"}, ann.Profile)
	_, err = o.AddUser(okta.Profile{"login": "ANN@example.com", "email": "x"})
	require.ErrorIs(t, err, okta.ErrExists)
	bob, err := o.AddUser(okta.Profile{"login": "bob", "email": "ann@example.com"})
	require.NoError(t, err, "an e-mail address may be of several")

	clock.Advance(time.Hour)
	ann.Profile["title"] = "not in the org"
	ann, err = o.UpdateUser(ann.ID, okta.Profile{"title": "Boss", "login": "ann", "own": "x"})
	require.NoError(t, err)
	require.Equal(t, okta.Profile{"login": "ann", "email": "ann@example.com", "title": "Boss", "own": "x"}, ann.Profile)
	require.Equal(t, time.Hour, ann.Changed.Sub(ann.Created))
	_, err = o.UpdateUser(ann.ID, okta.Profile{"login": "BOB"})
	require.ErrorIs(t, err, okta.ErrExists)
	_, err = o.UpdateUser(ann.ID, okta.Profile{"email": ""})
	require.Error(t, err)
	_, err = o.UpdateUser("nobody", nil)
	require.ErrorIs(t, err, okta.ErrNotFound)
	same, err := o.FindUser("ANN")
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(ann, same))
	_, err = o.FindUser("Ann@example.com")
	require.ErrorIs(t, err, okta.ErrNotFound, "a login that was given up")

	for _, step := range []struct {
		do   func(string) error
		ok   bool
		then okta.Status
	}{
		{o.Unsuspend, false, okta.Active},
		{o.Activate, false, okta.Active},
		{o.DeleteUser, false, okta.Active},
		{o.Suspend, true, okta.Suspended},
		{o.Suspend, false, okta.Suspended},
		{o.DeleteUser, false, okta.Suspended},
		{o.Unsuspend, true, okta.Active},
		{o.Suspend, true, okta.Suspended},
		{o.Deactivate, true, okta.Deprovisioned},
		{o.Deactivate, false, okta.Deprovisioned},
		{o.Unsuspend, false, okta.Deprovisioned},
		{o.Activate, true, okta.Active},
		{o.Deactivate, true, okta.Deprovisioned},
	} {
		if err := step.do(ann.ID); step.ok {
			require.NoError(t, err)
		} else {
			require.ErrorIs(t, err, okta.ErrStatus)
		}
		u, err := o.User(ann.ID)
		require.NoError(t, err)
		require.Equal(t, step.then, u.Status)
	}
	require.NoError(t, o.DeleteUser(ann.ID))
	for _, do := range []func(string) error{
		o.Suspend, o.Activate, o.DeleteUser,
		func(id string) error { return o.SetPassword(id, "x") },
		func(id string) error { _, err := o.User(id); return err },
		func(id string) error { _, err := o.AddGroup("Nobody", id); return err },
	} {
		require.ErrorIs(t, do(ann.ID), okta.ErrNotFound)
	}
	require.Empty(t, cmp.Diff([]okta.User{bob}, o.Users()))
	_, err = o.AddUser(okta.Profile{"login": "ann", "email": "x"})
	require.NoError(t, err, "the login is free")
	require.Equal(t, "ACTIVE SUSPENDED DEPROVISIONED", fmt.Sprint(okta.Active, okta.Suspended, okta.Deprovisioned))
}

// TestGroupsOfAnOrg: names, members and what becomes of them.
func TestGroupsOfAnOrg(t *testing.T) {
	t.Parallel()
	o := okta.NewOrg(nil)
	user := func(login string) string {
		u, err := o.AddUser(okta.Profile{"login": login, "email": login})
		require.NoError(t, err)
		return u.ID
	}
	ann, bob := user("ann"), user("bob")
	_, err := o.AddGroup("")
	require.Error(t, err)
	dev, err := o.AddGroup("Dev", bob, ann)
	require.NoError(t, err)
	require.Regexp(t, `^00g1[0-9A-Za-z]{13}5d7$`, dev.ID)
	_, err = o.AddGroup("DEV")
	require.ErrorIs(t, err, okta.ErrExists)
	members := func() []string {
		ids, err := o.Members(dev.ID)
		require.NoError(t, err)
		return ids
	}
	require.Equal(t, []string{ann, bob}, members(), "in order of creation")
	require.ErrorIs(t, o.RemoveMember(dev.ID, ann, "nobody"), okta.ErrNotFound)
	require.Len(t, members(), 2, "all or none")
	require.NoError(t, o.RemoveMember(dev.ID, ann))
	require.NoError(t, o.RemoveMember(dev.ID, ann))
	require.NoError(t, o.AddMember(dev.ID, bob))
	require.Equal(t, []string{bob}, members())
	ops, err := o.AddGroup("Ops")
	require.NoError(t, err)
	require.ErrorIs(t, o.RenameGroup(ops.ID, "dev"), okta.ErrExists)
	require.NoError(t, o.RenameGroup(dev.ID, "DEV"))
	got, err := o.FindGroup("dev")
	require.NoError(t, err)
	require.Equal(t, "DEV", got.Name)
	require.NoError(t, o.Deactivate(bob))
	require.Equal(t, []string{bob}, members(), "who is deactivated stays in groups")
	require.NoError(t, o.DeleteUser(bob))
	require.Empty(t, members())
	require.Len(t, o.Groups(), 2)
	require.NoError(t, o.DeleteGroup(dev.ID))
	require.Empty(t, cmp.Diff([]okta.Group{ops}, o.Groups()))
	for _, do := range []func() error{
		func() error { return o.RenameGroup(dev.ID, "x") },
		func() error { return o.DeleteGroup(dev.ID) },
		func() error { return o.AddMember(dev.ID, ann) },
		func() error { _, err := o.Members(dev.ID); return err },
		func() error { _, err := o.Group(dev.ID); return err },
		func() error { _, err := o.FindGroup("dev"); return err },
	} {
		require.ErrorIs(t, do(), okta.ErrNotFound)
	}
	_, err = o.AddGroup("dev")
	require.NoError(t, err, "the name is free")
}

// TestApps: what an administrator cannot do.
func TestApps(t *testing.T) {
	t.Parallel()
	o := okta.NewOrg(nil)
	for _, c := range []okta.Config{
		{},
		{Service: &idp.Service{}, Flavour: 7},
		{Service: &idp.Service{}, Mappings: []okta.Mapping{}},
		{Service: &idp.Service{}, Mappings: []okta.Mapping{{Path: "a b", Expression: "user.login"}}},
		{Service: &idp.Service{}, Mappings: []okta.Mapping{{Path: "userName", Expression: "login"}}},
		{Service: &idp.Service{}, Mappings: []okta.Mapping{{Path: "userName", Automatic: true}}},
	} {
		_, err := okta.NewApp(o, c)
		require.Error(t, err, "%+v", c)
	}
	_, err := okta.NewApp(nil, okta.Config{Service: &idp.Service{}})
	require.Error(t, err)
	s := onShelf(t, okta.Config{Mappings: []okta.Mapping{{Path: "urn:ietf:params:scim:schemas:core:2.0:User:username", Expression: "user.login"}}})
	ann, dev := s.user("ann"), s.group("Dev")
	for _, err := range []error{
		s.app.Assign("nobody"), s.app.Unassign(ann), s.app.AssignGroup("none"), s.app.UnassignGroup(dev),
		s.app.PushGroup("none"), s.app.PushNow(dev), s.app.Unlink(dev, true), s.app.Confirm(okta.ImportedUser{}),
	} {
		require.ErrorIs(t, err, okta.ErrNotFound)
	}
	s.ok(s.app.Assign(ann))
	s.quietly()
	known, ok := s.app.AppUser(ann)
	require.True(t, ok)
	require.Equal(t, okta.AppUser{User: ann, ID: "u1", UserName: "ann@example.com", Assigned: true, Provisioned: true}, known)
	require.Equal(t, []okta.AppUser{known}, s.app.AppUsers())
	_, ok = s.app.AppUser("nobody")
	require.False(t, ok)
	s.ok(s.org.Deactivate(ann))
	require.ErrorIs(t, s.app.Assign(ann), okta.ErrStatus)
	require.ErrorIs(t, s.app.Confirm(okta.ImportedUser{ID: "u1", User: ann}), okta.ErrStatus)
	require.ErrorIs(t, s.app.Unassign(ann), okta.ErrNotFound, "deactivation took the assignment away")

	// A group that is yet to be deleted there cannot be pushed again.
	s.ok(s.app.PushGroup(dev))
	s.ok(s.app.Unlink(dev, true)) // nothing is to be deleted: it was not made yet
	s.ok(s.app.PushGroup(dev))
	s.quietly()
	s.ok(s.app.Unlink(dev, true))
	require.ErrorIs(t, s.app.PushGroup(dev), okta.ErrStatus)
	s.quietly()
	s.ok(s.app.PushGroup(dev))
}

// TestSameCallsSameRequests: two organisations that are treated alike send the same.
func TestSameCallsSameRequests(t *testing.T) {
	t.Parallel()
	both(t, func(t *testing.T, flavour okta.Flavour) {
		var sent [2][]string
		for i := range sent {
			s := onShelf(t, okta.Config{Flavour: flavour})
			var ids []string
			for n := range 20 {
				ids = append(ids, s.user(fmt.Sprint("user", n), "title", "x"))
			}
			all := s.group("All", ids...)
			some := s.group("Some", ids[:9]...)
			s.ok(s.app.AssignGroup(all))
			s.ok(s.app.AssignGroup(some))
			s.ok(s.app.PushGroup(all))
			s.ok(s.app.PushGroup(some))
			s.quietly()
			s.ok(s.org.RemoveMember(some, ids[3], ids[7], ids[5]))
			s.app.ForceSync()
			s.quietly()
			s.ok(s.app.UnassignGroup(all))
			s.quietly()
			sent[i] = s.sent.take()
		}
		require.Greater(t, len(sent[0]), 80)
		require.Empty(t, cmp.Diff(sent[0], sent[1]))
	})
}

// TestAtOnce: an organisation and its applications are used by several at once.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	h := onLibrary(t, okta.Config{})
	all := h.group("All")
	h.ok(h.app.AssignGroup(all))
	h.ok(h.app.PushGroup(all))
	var wg sync.WaitGroup
	work := func(login string) error {
		u, err := h.org.AddUser(okta.Profile{"login": login, "email": login + "@example.com"})
		if err != nil {
			return err
		}
		if err := h.org.AddMember(all, u.ID); err != nil {
			return err
		}
		if _, err := h.app.Sync(background); err != nil {
			return err
		}
		h.app.Tasks()
		_, err = h.org.UpdateUser(u.ID, okta.Profile{"title": "x"})
		return err
	}
	failed := make(chan error, 20)
	for i := range 4 {
		wg.Go(func() {
			for n := range 5 {
				failed <- work(fmt.Sprintf("u%d-%d", i, n))
			}
		})
	}
	wg.Wait()
	for range 20 {
		require.NoError(t, <-failed)
	}
	h.quietly()
	require.Len(t, h.members("All"), 20)
	for _, u := range h.app.AppUsers() {
		require.Equal(t, "x", h.account(u.User).Title)
	}
}

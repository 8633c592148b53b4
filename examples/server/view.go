package main

import (
	"context"
	"time"

	"github.com/usher-scim/scim"
)

// This file is what the application shows as JSON. The keys are always the same;
// what is not there is empty or null.

// userView is a user as the application knows it: typed, normalised, and with
// the groups and the manager by name.
type userView struct {
	ID            string        `json:"id"`
	UserName      string        `json:"userName"` // the login, also while a soft delete has it renamed
	Email         string        `json:"email"`
	Status        string        `json:"status"`
	Managed       bool          `json:"managed"`
	Role          string        `json:"role"`
	GivenName     string        `json:"givenName"`
	FamilyName    string        `json:"familyName"`
	DisplayName   string        `json:"displayName"`
	Title         string        `json:"title"`
	Language      *string       `json:"language"`
	Timezone      *string       `json:"timezone"`
	HireDate      *string       `json:"hireDate"`
	Country       string        `json:"country"`
	Region        string        `json:"region"`
	Department    string        `json:"department"`
	Division      string        `json:"division"`
	Organization  string        `json:"organization"`
	ManagerID     *string       `json:"managerId"`
	ManagerName   string        `json:"managerName"`
	ExternalID    string        `json:"externalId"`
	Groups        []string      `json:"groups"`
	DeactivatedBy string        `json:"deactivatedBy"`
	Placeholder   bool          `json:"placeholder"`
	Created       time.Time     `json:"created"`
	Modified      time.Time     `json:"modified"`
	Warnings      []warningView `json:"warnings"`
}

type warningView struct {
	Attribute string `json:"attribute"`
	Text      string `json:"text"`
}

// usersView is a page of users, and how many there are over all pages.
type usersView struct {
	Users []userView `json:"users"`
	Total int        `json:"total"`
}

type activatedView struct {
	Activated []userView `json:"activated"`
	Held      int        `json:"held"`
}

// views returns users as the application shows them.
func (a *app) views(ctx context.Context, t scim.Tenant, users []*scim.User) ([]userView, error) {
	views, err := a.dir.Views(ctx, t, users)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	groups, err := a.dir.GroupsOf(ctx, t, ids...)
	if err != nil {
		return nil, err
	}
	out := make([]userView, len(views))
	for i, v := range views {
		out[i] = a.view(v)
		for _, g := range groups[v.User.ID] {
			out[i].Groups = append(out[i].Groups, g.Display)
		}
	}
	return out, nil
}

// view is everything but the groups.
func (a *app) view(v scim.View) userView {
	u := v.User
	out := userView{
		ID: u.ID, UserName: v.Login, Email: v.Email, Status: v.Status.String(), Managed: u.Managed, Role: v.Role,
		GivenName: u.Name.GivenName, FamilyName: u.Name.FamilyName, DisplayName: u.DisplayName, Title: u.Title,
		Country: a.dir.Value(u, "country"), Department: u.Department, Division: u.Division, Organization: u.Organization,
		ManagerID: orNull(v.ManagerID), ManagerName: v.ManagerName, ExternalID: u.ExternalID,
		DeactivatedBy: u.DeactivatedBy, Placeholder: u.Placeholder, Created: u.Created, Modified: u.Modified,
		Groups: []string{}, Warnings: warningsOf(v.Warnings),
	}
	if !v.Language.IsRoot() {
		out.Language = orNull(v.Language.String())
	}
	if v.Timezone != nil {
		out.Timezone = orNull(v.Timezone.String())
	}
	if !v.HireDate.IsZero() {
		out.HireDate = orNull(v.HireDate.Format(time.DateOnly))
	}
	if v.Region.IsCountry() {
		out.Region = v.Region.String()
	}
	return out
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func warningsOf(list []scim.Warning) []warningView {
	out := make([]warningView, len(list))
	for i, w := range list {
		out[i] = warningView(w)
	}
	return out
}

// licenceView has no seats where there is no limit.
type licenceView struct {
	Seats *int `json:"seats"`
	Used  int  `json:"used"`
	Held  int  `json:"held"`
}

func licenceOf(l scim.Licence) licenceView {
	out := licenceView{Used: l.Used, Held: l.Held}
	if n, limited := l.Limit.Count(); limited {
		out.Seats = &n
	}
	return out
}

type folderView struct {
	Name   string `json:"name"`
	Users  int    `json:"users"`
	Active int    `json:"active"`
}

type connectionView struct {
	LastRequest *time.Time `json:"lastRequest"`
	LastChange  *time.Time `json:"lastChange"`
}

func connectionOf(all []scim.Activity) connectionView {
	var out connectionView
	for _, c := range all {
		out.LastRequest = latest(out.LastRequest, c.LastRequest)
		out.LastChange = latest(out.LastChange, c.LastChange)
	}
	return out
}

func latest(a *time.Time, b time.Time) *time.Time {
	if b.IsZero() || a != nil && a.After(b) {
		return a
	}
	return &b
}

// stoppedView is a connection that may not remove more users for now.
type stoppedView struct {
	Connection string    `json:"connection"`
	Since      time.Time `json:"since"`
	Removed    int       `json:"removed"`
	Window     string    `json:"window"`
	Retry      time.Time `json:"retry"`
}

func stoppedOf(all []scim.StoppedConnection) []stoppedView {
	out := make([]stoppedView, len(all)) // [] and not null where there are none
	for i, c := range all {
		out[i] = stoppedView{c.Connection, c.Since, c.Removed, c.Window.String(), c.Retry}
	}
	return out
}

// quirkView says how often a connection relied on a quirk.
type quirkView struct {
	Connection string    `json:"connection"`
	Quirk      string    `json:"quirk"`
	Section    string    `json:"section"`
	Requests   int64     `json:"requests"`
	Last       time.Time `json:"last"`
}

func quirksOf(all []scim.QuirkCount) []quirkView {
	out := make([]quirkView, len(all))
	for i, c := range all {
		out[i] = quirkView{c.Connection, c.Quirk.String(), c.Quirk.Section(), c.Requests, c.Last}
	}
	return out
}

// logView is a page of events; next is null on the last one.
type logView struct {
	Events []eventView `json:"events"`
	Next   *string     `json:"next"`
}

// eventView leaves out what does not apply to the kind of event.
type eventView struct {
	Kind       scim.EventKind `json:"kind"`
	Time       time.Time      `json:"time"`
	Connection string         `json:"connection,omitempty"` // none: the application did it
	Request    string         `json:"request,omitempty"`
	UserID     string         `json:"userId,omitempty"`
	GroupID    string         `json:"groupId,omitempty"`
	Name       string         `json:"name,omitempty"`
	From       string         `json:"from,omitempty"`
	To         string         `json:"to,omitempty"`
	Changes    []changeView   `json:"changes,omitempty"`
	Moves      []moveView     `json:"moves,omitempty"`
	Added      []string       `json:"added,omitempty"`
	Removed    []string       `json:"removed,omitempty"`
	Left       []string       `json:"left,omitempty"`
	Warnings   []warningView  `json:"warnings,omitempty"`
	Ignored    []string       `json:"ignored,omitempty"`
	Status     int            `json:"status,omitempty"`
	Error      string         `json:"error,omitempty"`
}

type changeView struct {
	Attribute string `json:"attribute"`
	Old       string `json:"old"`
	New       string `json:"new"`
}

type moveView struct {
	Root string `json:"root"`
	From string `json:"from"`
	To   string `json:"to"`
}

// statusOf is "" where there was no user.
func statusOf(s scim.Status) string {
	if s == 0 {
		return ""
	}
	return s.String()
}

func logOf(page scim.Page[scim.Event]) logView {
	out := logView{Events: make([]eventView, len(page.Items)), Next: orNull(page.Next)}
	for i, e := range page.Items {
		v := eventView{
			Kind: e.Kind, Time: e.Time, Connection: e.Connection, Request: e.Request,
			UserID: e.UserID, GroupID: e.GroupID, Name: e.Name, From: statusOf(e.From), To: statusOf(e.To),
			Added: e.Added, Removed: e.Removed, Left: e.Left, Warnings: warningsOf(e.Warnings), Ignored: e.Ignored,
			Status: e.Status, Error: e.Error,
		}
		for _, c := range e.Changes {
			v.Changes = append(v.Changes, changeView(c))
		}
		for _, m := range e.Moves {
			v.Moves = append(v.Moves, moveView(m))
		}
		out.Events[i] = v
	}
	return out
}

package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/usher-scim/scim/idp"
)

// This file compares what a host has with what it has to have, to the letter.

const (
	enterprise = idp.EnterpriseSchema + ":"
	product    = "urn:ietf:params:scim:schemas:extension:cybsafe:2.0:User:"
)

// direct are the attributes that a property flows into as it is: where they stand on
// the wire and, if the host exports them, in which column.
var direct = []struct{ property, path, column string }{
	{"objectId", "externalId", "externalId"},
	{"mail", `emails[type eq "work"].value`, ""}, // of email below
	{"givenName", "name.givenName", "givenName"},
	{"surname", "name.familyName", "familyName"},
	{"displayName", "displayName", ""},
	{"jobTitle", "title", "title"},
	{"preferredLanguage", "preferredLanguage", ""}, // it has a default
	{"department", enterprise + "department", "Department"},
	{"companyName", enterprise + "organization", "Organisation"},
	{"division", enterprise + "division", "Division"},
	{"employeeId", enterprise + "employeeNumber", "employeeNumber"},
	{"costCenter", enterprise + "costCenter", "costCenter"},
	{"extensionAttribute3", product + "grade", "grade"},
	{"country", `addresses[type eq "work"].country`, "country"},
	{"state", `addresses[type eq "work"].region`, "state"},
	{"mobile", `phoneNumbers[type eq "mobile"].value`, ""},
	{"physicalDeliveryOfficeName", product + "office", "office"},
	{"streetAddress", product + "streetAddress", "streetAddress"},
	{"city", product + "city", "city"},
	{"extensionAttribute1", product + "businessUnit", "businessUnit"},
	{"employeeType", product + "employeeType", "employeeType"},
}

// zones are the time zones of the help page's mapping, by country; others are London's.
var zones = map[string]string{
	"germany": "Europe/Berlin", "south africa": "Africa/Johannesburg", "zimbabwe": "Africa/Harare", "spain": "Europe/Madrid",
	"france": "Europe/Paris", "iceland": "Atlantic/Reykjavik", "namibia": "Africa/Windhoek", "nigeria": "Africa/Lagos",
}

func (p *human) zone() string {
	if z := zones[strings.ToLower(p.sent["country"])]; z != "" {
		return z
	}
	return "Europe/London"
}

// login is the name that somebody signs in with: that of guests is the one at home.
func (p *human) login() string {
	alias, _, guest := strings.Cut(p.sent["userPrincipalName"], "#EXT#@")
	if at := strings.LastIndex(alias, "_"); guest && at >= 0 {
		return alias[:at] + "@" + alias[at+1:]
	}
	return alias
}

func (p *human) email() string {
	if p.sent["mail"] != "" {
		return p.sent["mail"]
	}
	return p.login()
}

func (p *human) hired() string { return p.sent["employeeHireDate"][:len("2006-01-02")] }

// wire is what SCIM has to show of somebody, but for the manager.
func (p *human) wire() map[string]string {
	want := map[string]string{
		"userName": p.login(), "active": "false", "timezone": p.zone(), enterprise + "hireDate": p.hired(),
		"name.formatted": strings.TrimSpace(p.sent["givenName"] + " " + p.sent["surname"]),
	}
	if p.active {
		want["active"] = "true"
	}
	if !p.deleted.IsZero() {
		want["userName"] = strings.ReplaceAll(p.id, "-", "") + p.login()
	}
	for _, d := range direct {
		v := p.sent[d.property]
		if v == "" {
			continue
		}
		want[d.path] = v
		if element, _, found := strings.Cut(d.path, "]"); found {
			_, kind, _ := strings.Cut(element, ` eq `)
			want[element+"].type"] = strings.Trim(kind, `"`)
		}
	}
	if p.sent["mail"] != "" {
		want[`emails[type eq "work"].primary`] = "true"
	}
	return want
}

// row is what the host has to export of somebody, but for the id and the manager.
func (p *human) row() map[string]string {
	want := map[string]string{
		"status": "deactivated", "userName": p.login(), "email": p.email(), "preferredLanguage": p.sent["preferredLanguage"],
		"timezone": p.zone(), "hireDate": p.hired(), "employeeLevel": "",
	}
	if p.active {
		want["status"] = "active"
	}
	if want["preferredLanguage"] == "" {
		want["preferredLanguage"] = "en-GB" // the host's
	}
	for _, d := range direct {
		if d.column != "" {
			want[d.column] = p.sent[d.property]
		}
	}
	return want
}

// differences are where a host has something else than it has to have.
type differences []string

// compare notes a difference, with the beginning of what differs.
func (d *differences) compare(what string, want, got any) {
	const enough = 3000
	if diff := cmp.Diff(want, got); diff != "" {
		*d = append(*d, what+": (- intended, + at the host)\n"+diff[:min(len(diff), enough)])
	}
}

// what names the differences.
func (d differences) what() []string {
	var names []string
	for _, text := range d {
		name, _, _ := strings.Cut(text, ":")
		names = append(names, name)
	}
	return names
}

// compare compares everything that a host has with what a world says.
func (w *world) compare(t testing.TB, s *server) differences {
	t.Helper()
	var d differences
	ids := w.compareUsers(t, s, &d)
	w.compareAccounts(t, s, &d, ids)
	w.compareExport(t, s, &d, ids)
	w.compareGroups(t, s, &d, ids)
	w.compareFolders(t, s, &d)
	w.compareGone(t, s, &d)
	l := s.licence(t)
	d.compare("seats", w.seats(), l.Used)
	d.compare("held", 0, l.Held)
	return d
}

// compareUsers compares users by SCIM, and returns their ids by the objectIds.
func (w *world) compareUsers(t testing.TB, s *server, d *differences) map[string]string {
	t.Helper()
	ids, got := make(map[string]string), make(map[string]map[string]string)
	all := s.resources(t, "Users")
	for _, r := range all {
		ids[r.Text("externalId")] = r.ID()
		got[r.Text("externalId")] = without(flat(r), "id", "meta", "schemas", "groups", enterprise+"manager.displayName", enterprise+"manager.$ref")
	}
	want := make(map[string]map[string]string)
	for _, p := range w.knownPeople() {
		want[p.id] = p.wire()
		if p.manager != "" {
			want[p.id][enterprise+"manager.value"] = ids[p.manager]
			if ids[p.manager] == "" { // gone: it stands as it was sent
				want[p.id][enterprise+"manager.value"] = got[p.id][enterprise+"manager.value"]
			}
		}
	}
	d.compare("users", want, got)
	d.compare("externalIds", len(all), len(ids))
	return ids
}

// compareAccounts compares users by the host's own API.
func (w *world) compareAccounts(t testing.TB, s *server, d *differences, ids map[string]string) {
	t.Helper()
	got := make(map[string]account)
	for _, a := range s.accounts(t, "") {
		slices.Sort(a.Groups)
		got[a.ExternalID] = a
	}
	want := make(map[string]account)
	for _, p := range w.knownPeople() {
		a := account{
			ID: ids[p.id], UserName: p.login(), Email: p.email(), Status: p.row()["status"], Role: "User",
			Managed: true, ExternalID: p.id, ManagerID: ids[p.manager], Groups: []string{}, Warnings: got[p.id].Warnings[:0],
		}
		want[p.id] = a
	}
	for _, team := range w.teams {
		for id := range team.known {
			a := want[id]
			a.Groups = append(a.Groups, team.name)
			slices.Sort(a.Groups)
			want[id] = a
		}
	}
	d.compare("accounts", want, got)
}

// compareExport compares the host's CSV.
func (w *world) compareExport(t testing.TB, s *server, d *differences, ids map[string]string) {
	t.Helper()
	want := make(map[string]map[string]string)
	for _, p := range w.knownPeople() {
		row := p.row()
		row["id"], row["manager"] = ids[p.id], ""
		if m := w.people[p.manager]; m != nil && m.known {
			row["manager"] = m.email()
		}
		want[p.id] = row
	}
	d.compare("export", want, s.export(t))
}

// group is a group by SCIM.
type group struct {
	Name, ExternalID string
	Members          []string
}

// compareGroups compares groups, and each membership.
func (w *world) compareGroups(t testing.TB, s *server, d *differences, ids map[string]string) {
	t.Helper()
	got, want := make(map[string]group), make(map[string]group)
	for _, r := range s.resources(t, "Groups") {
		g := group{Name: r.Text("displayName"), ExternalID: r.Text("externalId")}
		members, _ := r["members"].([]any)
		for _, m := range members {
			g.Members = append(g.Members, idp.Resource(m.(map[string]any)).Text("value"))
		}
		slices.Sort(g.Members)
		got[g.ExternalID] = g
	}
	for id, team := range w.teams {
		g := group{Name: team.name, ExternalID: id}
		for member := range team.known {
			g.Members = append(g.Members, ids[member])
		}
		slices.Sort(g.Members)
		want[id] = g
	}
	d.compare("groups", want, got)
}

// compareFolders compares the folders and how many are in each.
func (w *world) compareFolders(t testing.TB, s *server, d *differences) {
	t.Helper()
	want := make(map[string]map[string]folder)
	for root, property := range map[string]string{"Department": "department", "Division": "division", "Organisation": "companyName"} {
		want[root] = make(map[string]folder)
		for _, p := range w.knownPeople() {
			if name := p.sent[property]; name != "" {
				f := want[root][name]
				f.Users++
				if p.active {
					f.Active++
				}
				want[root][name] = f
			}
		}
	}
	d.compare("folders", want, s.folders(t))
}

// compareGone: who is gone from the directory is archived at the host, and nowhere to be
// found by SCIM.
func (w *world) compareGone(t testing.TB, s *server, d *differences) {
	t.Helper()
	got := []string{}
	for _, a := range s.accounts(t, "archived") {
		got = append(got, a.ExternalID)
		status, _ := s.send(t, "GET", scimPath+"Users/"+a.ID, "")
		d.compare("archived by SCIM", http.StatusNotFound, status)
		d.compare("groups of the archived", []string{}, a.Groups)
	}
	slices.Sort(got)
	d.compare("archived", append([]string{}, w.archived()...), got)
}

package scim_test

import (
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/usher-scim/scim"
)

// The parts of which random requests are made: what clients send, and what only
// somebody hostile does.
var (
	wildPaths = []string{
		"", "active", "userName", "externalId", "name", "name.givenName", "name.formatted", "title", "displayName", "preferredLanguage", "timezone", "locale",
		"userType", "emails", "emails.value", `emails[type eq "work"]`, `emails[type eq "work"].value`, `emails[type eq "home"].value`, `emails[primary eq true].value`,
		`emails[value co "@"].type`, `emails[not (type eq "work")]`, "phoneNumbers", `phoneNumbers[type eq "mobile"].value`, `phoneNumbers[type eq "work" and primary eq true].value`,
		"addresses", `addresses[type eq "work"]`, `addresses[type eq "work"].country`, `addresses[type eq "home"].formatted`, "roles", "entitlements", "photos", "groups",
		ent, ent + ":department", ent + ":manager", ent + ":manager.value", ent + ":manager.displayName", ent + ":hireDate", ent + ":costCenter", "manager", "department",
		product, product + ":office", scim.UserSchema + ":title", "id", "meta", "schemas", "password", "shoeSize", "ims[type eq 1].value", "active.value", "emails[", " title ",
	}
	wildGroupPaths = []string{
		"", "displayName", "externalId", "members", "members.value", `members[value eq "{{user}}"]`, `members[value eq "{{other}}"].value`, `members[value eq "{{user}}"].display`,
		`members[display co "Person"]`, `members[type eq "User" or value pr]`, `members[not (value eq "{{user}}")]`, scim.GroupSchema + ":members", "id", "owner", "members[",
	}
	wildTexts = []string{
		"", " ", "x", "X", "True", "false", "work", "home", "new@example.com", "NEW@example.com", "person.1@example.com", "person.2@example.com", "{{user}}", "{{other}}", "{{group}}", "{{foreign}}",
		"0123456789abcdef0123456789abcdefperson.1@example.com", "de_CH", "Europe/Zurich", "2024-02-29", "2024-02-30", "GB", "Sales", " sales ", "İ", "ß", "\u0000", "a@b", "nobody",
	}
	wildKeys = []string{
		"value", "type", "primary", "display", "$ref", "Value", "active", "userName", "displayName", "title", "emails", "members", "externalId", "name", "name.givenName", "givenName", "familyName", "country",
		"emails[type eq \"work\"].value", "phoneNumbers", "addresses", "manager", ent, ent + ":manager", product, "department", "schemas", "id", "meta", "groups", "password", "shoeSize", "formatted", "region",
	}
)

// wild draws a JSON value of any shape.
func wild(rt *rapid.T, depth int) any {
	kind := rapid.IntRange(0, 9).Draw(rt, "kind")
	if depth == 0 {
		kind = min(kind, 5)
	}
	switch kind {
	case 0, 1, 2, 3:
		return drawn(rt, "text", wildTexts...)
	case 4:
		return rapid.Bool().Draw(rt, "boolean")
	case 5:
		return drawn[any](rt, "other", nil, 7, -1.5)
	case 6, 7:
		out := list{}
		for range rapid.IntRange(0, 3).Draw(rt, "elements") {
			out = append(out, wild(rt, depth-1))
		}
		return out
	}
	out := obj{}
	for range rapid.IntRange(0, 4).Draw(rt, "members") {
		out[drawn(rt, "name", wildKeys...)] = wild(rt, depth-1)
	}
	return out
}

// wildOperations draws the operations of a PATCH.
func wildOperations(rt *rapid.T, paths []string) obj {
	ops := []obj{}
	for range rapid.IntRange(1, 4).Draw(rt, "operations") {
		o := obj{"op": drawn(rt, "op", "add", "replace", "remove", "Replace")}
		if path := drawn(rt, "path", paths...); path != "" {
			o["path"] = path
		}
		if o["op"] != "remove" || rapid.IntRange(0, 4).Draw(rt, "with a value") == 0 {
			o["value"] = wild(rt, 3)
		}
		ops = append(ops, o)
	}
	return patch(ops...)
}

// TestWildWritesAreStable does with bodies that are made of what means something
// what the fuzz targets do with bytes.
func TestWildWritesAreStable(t *testing.T) {
	t.Parallel()
	accepted := map[string]int{}
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		s := newFuzzed(t)
		s.rig = s.rig.in(rt)
		for range rapid.IntRange(1, 3).Draw(rt, "requests") {
			what := drawn(rt, "what", "PATCH user", "PATCH group", "POST user", "PUT user", "POST group", "PUT group")
			method, path, body := "POST", "/Users", any(nil)
			switch what {
			case "PATCH user":
				method, path, body = "PATCH", "/Users/"+s.user, wildOperations(rt, wildPaths)
			case "PATCH group":
				method, path, body = "PATCH", "/Groups/"+s.group, wildOperations(rt, wildGroupPaths)
			case "POST user", "PUT user":
				user, _ := wild(rt, 3).(obj)
				body = merged(obj{"userName": drawn(rt, "userName", "new@example.com", "person.1@example.com", "somebody")}, user)
				if what == "PUT user" {
					method, path = "PUT", "/Users/"+s.user
				}
			default:
				group, _ := wild(rt, 3).(obj)
				body = merged(obj{"displayName": drawn(rt, "displayName", "New", "everyone", "Sales")}, group)
				path = "/Groups"
				if what == "PUT group" {
					method, path = "PUT", "/Groups/"+s.group
				}
			}
			text, err := json.Marshal(body)
			if err != nil {
				rt.Fatal(err)
			}
			rt.Logf("%s %s %s", method, path, text)
			code, answer := s.write(rt, method, path, string(text), 200, 201, 204)
			if code >= 400 {
				continue
			}
			accepted[what]++
			if code == 201 {
				path += "/" + answer["id"].(string)
			}
			s.stable(rt, path, answer)
		}
		runs++
	})
	for _, what := range []string{"PATCH user", "PATCH group", "POST user", "PUT user", "POST group", "PUT group"} {
		if runs >= 100 && accepted[what] == 0 {
			t.Errorf("no %s was accepted: %v", what, accepted)
		}
	}
}

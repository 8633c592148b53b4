package scim_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// leaves are the paths of a resource's values, without indexes; schemas and id,
// which are always there, are left out.
func leaves(v any) []string {
	var out []string
	var walk func(v any, path string)
	walk = func(v any, path string) {
		switch v := v.(type) {
		case obj:
			if len(v) == 0 {
				out = append(out, path+"{}")
			}
			for k, e := range v {
				walk(e, strings.TrimPrefix(path+"."+k, "."))
			}
		case list:
			if len(v) == 0 {
				out = append(out, path+"[]")
			}
			for _, e := range v {
				walk(e, path)
			}
		default:
			out = append(out, path)
		}
	}
	walk(v, "")
	slices.Sort(out)
	out = slices.Compact(out)
	return slices.DeleteFunc(out, func(s string) bool { return s == "id" || s == "schemas" })
}

func TestProjection(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	body := person("ann", obj{
		"displayName": "Ann", "title": "Chief", "externalId": "x",
		ent: obj{"department": "Sales", "manager": obj{"value": "bob@acme.example"}}, product: obj{"office": "1"},
		"phoneNumbers": list{mail("1", "work"), mail("2", "mobile")},
	})
	r.create(person("bob"))
	ann := r.create(body)
	groupBody := obj{"displayName": "Staff", "externalId": "y", "members": refs(ann)}
	staff := r.ok(201, "POST", "/Groups", groupBody).id()
	user := leaves(r.get(ann).body)
	group := leaves(r.ok(200, "GET", "/Groups/"+staff, nil).body)
	require.Contains(t, user, ent+".manager.displayName")
	require.Contains(t, user, "groups.$ref")
	require.Contains(t, group, "members.display")

	only := func(all []string, names ...string) []string {
		out := []string{}
		for _, p := range all {
			if slices.ContainsFunc(names, func(n string) bool { return p == n || strings.HasPrefix(p, n+".") }) {
				out = append(out, p)
			}
		}
		return out
	}
	but := func(all []string, names ...string) []string {
		gone := only(all, names...)
		return slices.DeleteFunc(slices.Clone(all), func(p string) bool { return slices.Contains(gone, p) })
	}
	metas := "meta.resourceType,meta.created,meta.lastModified,meta.location,meta.version"
	for query, want := range map[string]struct{ user, group []string }{
		"": {user, group},
		"attributes=name.givenName,emails.value,meta.version": {only(user, "name.givenName", "emails.value", "meta.version"), only(group, "meta.version")},
		"attributes=NAME.GIVENNAME,%20Emails.Value%20":        {only(user, "name.givenName", "emails.value"), []string{}},
		"attributes=name":                                                {only(user, "name"), []string{}},
		"attributes=displayName,externalId":                              {only(user, "displayName", "externalId"), only(group, "displayName", "externalId")},
		"attributes=id":                                                  {[]string{}, []string{}},
		"attributes=nothing,,x%20y,urn:x:y":                              {[]string{}, []string{}},
		"attributes=members,groups":                                      {only(user, "groups"), only(group, "members")},
		"attributes=members.value,groups.display":                        {only(user, "groups.display"), only(group, "members.value")},
		"attributes=members.$ref,groups.$ref":                            {only(user, "groups.$ref"), only(group, "members.$ref")},
		"attributes=" + ent + ":department":                              {only(user, ent+".department"), []string{}},
		"attributes=department":                                          {only(user, ent+".department"), []string{}},
		"attributes=" + ent:                                              {only(user, ent), []string{}},
		"attributes=" + ent + ".department":                              {only(user, ent+".department"), []string{}},
		"attributes=" + ent + ":manager.displayName":                     {only(user, ent+".manager.displayName"), []string{}},
		"attributes=manager.value":                                       {only(user, ent+".manager.value"), []string{}},
		"attributes=urn:ietf:params:scim:schemas:core:2.0:User:title":    {only(user, "title"), []string{}},
		"attributes=urn:ietf:params:scim:schemas:core:2.0:Group:members": {[]string{}, only(group, "members")},
		"attributes=" + escape(`emails[type eq "work"].value`):           {only(user, "emails.value"), []string{}},
		"attributes=" + escape(`emails[type eq "a,b" or type eq "c"]`):   {only(user, "emails"), []string{}},
		"attributes=title&excludedAttributes=title":                      {only(user, "title"), []string{}},
		"excludedAttributes=members,groups":                              {but(user, "groups"), but(group, "members")},
		"excludedAttributes=groups.display,members.display,emails.type":  {but(user, "groups.display", "emails.type"), but(group, "members.display")},
		"excludedAttributes=id,schemas":                                  {user, group},
		"excludedAttributes=name.givenName,name.familyName":              {but(user, "name"), group},
		"excludedAttributes=emails.value,emails.type,emails.primary":     {but(user, "emails"), group},
		"excludedAttributes=" + metas:                                    {but(user, "meta"), but(group, "meta")},
		"excludedAttributes=meta":                                        {but(user, "meta"), but(group, "meta")},
		"excludedAttributes=" + ent + "," + product + ":office":          {but(user, ent, product), group},
		"excludedAttributes=" + ent + ":manager.value,department":        {but(user, ent+".manager.value", ent+".department"), group},
		"excludedAttributes=groups.value,groups.$ref,groups.display,groups.type,members.value,members.$ref,members.display,members.type": {but(user, "groups"), but(group, "members")},
		"attributes=&excludedAttributes=": {user, group},
	} {
		t.Run(query, func(t *testing.T) {
			r := r.in(t)
			check := func(want []string, resource any) {
				t.Helper()
				if want == nil {
					want = []string{}
				}
				require.Equal(t, want, append([]string{}, leaves(resource)...))
				require.NotEmpty(t, at(resource, "id"))
				require.NotEmpty(t, at(resource, "schemas"))
			}
			search := obj{}
			for _, pair := range strings.Split(query, "&") {
				name, value, _ := strings.Cut(pair, "=")
				search[name] = strings.NewReplacer("%20", " ", "%22", `"`).Replace(value)
			}
			q := "?" + query
			check(want.user, r.ok(200, "GET", "/Users/"+ann+q, nil).body)
			check(want.user, r.ok(200, "GET", "/Users"+q+"&filter="+escape(`userName eq "ann@acme.example"`), nil).at("Resources", 0))
			check(want.user, r.ok(200, "POST", "/Users/.search", merged(search, obj{"filter": `userName sw "ann"`})).at("Resources", 0))
			check(want.user, r.ok(200, "PUT", "/Users/"+ann+q, body).body)
			check(want.user, r.ok(200, "PATCH", "/Users/"+ann+q, patch()).body)

			check(want.group, r.ok(200, "GET", "/Groups/"+staff+q, nil).body)
			check(want.group, r.ok(200, "GET", "/Groups"+q, nil).at("Resources", 0))
			check(want.group, r.ok(200, "POST", "/.search", merged(search, obj{"filter": `displayName eq "Staff"`})).at("Resources", 0))
			check(want.group, r.ok(200, "PUT", "/Groups/"+staff+q, groupBody).body)
			if search["attributes"] == nil || search["attributes"] == "" {
				require.Empty(t, r.ok(204, "PATCH", "/Groups/"+staff+q, patch()).raw)
			} else {
				check(want.group, r.ok(200, "PATCH", "/Groups/"+staff+q, patch()).body)
			}

			// A new one is in no group yet.
			fresh := newRig(t)
			fresh.create(person("bob"))
			made := fresh.ok(201, "POST", "/Users"+q, body)
			check(but(want.user, "groups"), made.body)
			check(want.group, fresh.ok(201, "POST", "/Groups"+q, merged(groupBody, obj{"members": refs(made.id())})).body)
		})
	}
}

package okta

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
)

// Mapping is a row of an application's attribute mappings: what Okta sends under a
// SCIM path.
type Mapping struct {
	// Attribute is the product's name for what the mapping fills; "" for one that
	// an administrator adds.
	Attribute string
	// Path is where it stands in a SCIM user.
	Path string
	// Need says how much the product needs it.
	Need scim.Need
	// Expression says where the value comes from; see [Expression].
	Expression string
	// Automatic says that Okta sends the attribute by itself and shows no mapping
	// for it: active is what Okta's assignment says, externalId is Okta's own id.
	Automatic bool
	// OnCreate applies the mapping when an account is made, and never after.
	OnCreate bool
}

// sources are the names that Okta's profile has for attributes of the product, and
// rarely more than a name. What is not here has the product's name in Okta too.
var sources = map[string]string{
	"userName":   "user.login",
	"givenName":  "user.firstName",
	"familyName": "user.lastName",
	"manager":    "user.managerId",
	"country":    "user.countryCode",
	"phone":      "user.mobilePhone",
	"formalName": `user.firstName + " " + user.lastName`,
}

// automatic are the attributes that Okta sends by itself.
var automatic = []string{"active", "externalId"}

// values are the sub-attributes that hold the value of what is not a single text.
var values = map[string]string{"manager": ".value"}

// DefaultMappings maps all attributes of the product's table, as its setup guide has
// it: [MappingsOf] of [scim.ProductAttributes].
func DefaultMappings() []Mapping { return MappingsOf(scim.ProductAttributes()) }

// MappingsOf maps a table of attributes. Paths and needs are the table's; the names
// of Okta's profile are Okta's own where it has the attribute, and else those of the
// table, as custom attributes.
func MappingsOf(table []scim.Attribute) []Mapping {
	out := make([]Mapping, len(table))
	for i, a := range table {
		m := Mapping{Attribute: a.Name, Path: a.Path + values[a.Name], Need: a.Need}
		if m.Automatic = slices.Contains(automatic, a.Name); !m.Automatic {
			m.Expression = cmp.Or(sources[a.Name], "user."+a.Name)
		}
		out[i] = m
	}
	return out
}

// ProfileAttributes lists the attributes that every profile of Okta's has. Others are
// custom ones, which an administrator adds in the profile editor before mapping them.
func ProfileAttributes() []string {
	return []string{
		"login", "email", "secondEmail", "firstName", "lastName", "middleName",
		"honorificPrefix", "honorificSuffix", "title", "displayName", "nickName",
		"profileUrl", "primaryPhone", "mobilePhone", "streetAddress", "city", "state",
		"zipCode", "countryCode", "postalAddress", "preferredLanguage", "locale",
		"timezone", "userType", "employeeNumber", "costCenter", "organization",
		"division", "department", "managerId", "manager",
	}
}

// Custom lists the attributes that the expression names and no profile of Okta's has
// until an administrator adds them.
func (m Mapping) Custom() []string {
	e, _ := ParseExpression(m.Expression)
	return slices.DeleteFunc(e.Attributes(), func(name string) bool {
		return slices.Contains(ProfileAttributes(), name)
	})
}

// field is a mapping that is ready to be used.
type field struct {
	path     idp.Path
	from     Expression
	onCreate bool
}

// compile makes mappings ready. One of them has to fill userName, and it is said under
// which path.
func compile(mappings []Mapping) (fields []field, name string, err error) {
	for _, m := range mappings {
		if m.Automatic {
			continue
		}
		path, err := idp.ParsePath(m.Path)
		if err != nil {
			return nil, "", fmt.Errorf("okta: a mapping: %w", err)
		}
		from, err := ParseExpression(m.Expression)
		if err != nil {
			return nil, "", fmt.Errorf("okta: the mapping of %s: %w", m.Path, err)
		}
		if urn, attr, _ := path.Parts(); urn == "" && strings.EqualFold(attr, "userName") {
			name = path.String()
		}
		fields = append(fields, field{path: path, from: from, onCreate: m.OnCreate})
	}
	if name == "" {
		return nil, "", errors.New("okta: no mapping fills userName")
	}
	return fields, name, nil
}

// profile is what a user's mappings come to, by path.
type profile map[string]string

func (a *App) profile(p Profile) profile {
	out := make(profile, len(a.fields))
	for _, f := range a.fields {
		out[f.path.String()] = f.from.Eval(p)
	}
	return out
}

// and is both: the values of a service that has got one of them.
func (p profile) and(more profile) profile {
	out := maps.Clone(more)
	for path, v := range p {
		out[path] = cmp.Or(out[path], v)
	}
	return out
}

// updates are the values that are sent to an account that is there already.
func (a *App) updates(p profile) profile {
	out := maps.Clone(p)
	for _, f := range a.fields {
		if f.onCreate {
			delete(out, f.path.String())
		}
	}
	return out
}

// newUser is what an account is made of.
func (a *App) newUser(x *person, values profile) idp.Resource {
	r := idp.Resource{
		"schemas":    []any{idp.UserSchema},
		"externalId": x.ID,
		"groups":     []any{},
		"password":   a.password(x),
		"active":     true,
	}
	for _, f := range a.fields {
		if v := values[f.path.String()]; v != "" || a.config.EmptyStrings {
			a.write(r, f.path, v)
		}
	}
	a.announce(r)
	return r
}

// password is the user's own if it is synchronised, and else a text that means
// nothing, which Okta sends all the same.
func (a *App) password(x *person) string {
	if a.config.SyncPassword && x.password != "" {
		return x.password
	}
	return code("password"+x.ID, 8)
}

// merge writes Okta's values into what the service has of a user. What an attribute
// had in Okta and has no more is taken away; where Okta never had a value, that of the
// service goes back to it, as does all that is not mapped.
func (a *App) merge(r idp.Resource, x *person, now, before profile) {
	for _, f := range a.fields {
		path := f.path.String()
		switch v := now[path]; {
		case f.onCreate:
		case v != "" || a.config.EmptyStrings:
			a.write(r, f.path, v)
		case before[path] != "":
			a.write(r, f.path, nil)
		}
	}
	r["active"], r["externalId"] = true, x.ID
	for name, def := range map[string]any{"groups": []any{}, "schemas": []any{idp.UserSchema}} {
		if r[name] == nil {
			r[name] = def
		}
	}
	a.announce(r)
}

// workEmail is the path of the address that Okta marks primary.
var workEmail = idp.MustPath(`emails[type eq "work"].value`)

// write puts a value under a path; nil takes it away.
func (a *App) write(r idp.Resource, path idp.Path, value any) {
	if path.String() != workEmail.String() {
		r.Set(path, value)
		return
	}
	for _, email := range []string{`emails[type eq "work"]`, "emails[primary eq true]"} {
		e, ok := r.Get(idp.MustPath(email)).(map[string]any)
		switch {
		case !ok:
			continue
		case value == nil:
			r.Set(idp.MustPath(email), nil)
			return
		}
		maps.Copy(e, a.email(value))
		return
	}
	list, _ := r["emails"].([]any)
	switch {
	case value == nil:
	case len(list) == 1: // the only one is it
		if e, ok := list[0].(map[string]any); ok {
			maps.Copy(e, a.email(value))
		}
	default:
		r["emails"] = append(list, a.email(value))
	}
}

func (a *App) email(value any) map[string]any {
	e := map[string]any{"primary": true, "value": value}
	if a.flavour.typedEmail {
		e["type"] = "work"
	}
	return e
}

// announce lists the schemas of extensions, for a flavour that does.
func (a *App) announce(r idp.Resource) {
	if !a.flavour.announces {
		return
	}
	listed, _ := r["schemas"].([]any)
	for _, name := range slices.Sorted(maps.Keys(r)) {
		if strings.HasPrefix(name, "urn:") && !slices.Contains(listed, any(name)) {
			listed = append(listed, name)
		}
	}
	r["schemas"] = listed
}

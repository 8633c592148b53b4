package scim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/elimity-com/scim/schema"
	filter "github.com/scim2/filter-parser/v2"

	"github.com/usher-scim/scim/internal/syntax"
)

// table is the attribute table, compiled: what every name on the wire means.
type table struct {
	rows    []*row
	core    attrSet      // of the core user schema, with the common attributes
	exts    []*extension // in the order of output
	schemas []schema.Schema
	slots   int // attrs are numbered below this, for projections
	roots   []string
	group   attrSet // of groups

	required   []*attr // by schemas of the host's: a user without a value is refused
	immutables bool    // some attribute is immutable
	requested  bool    // some attribute is returned only on request

	filterLimits syntax.Limits

	active, userName, emails, manager *attr
}

const (
	maxValue = 4096 // characters of a value (P2.8)
	maxName  = 512  // characters of a userName, an e-mail address, an externalId, a displayName of a group
)

// newTable compiles rows and the host's own schemas. Errors name the row.
func newTable(rows []Attribute, own []schema.Schema) (*table, error) {
	t := &table{}
	t.buildGroup()
	full := []schema.Schema{schema.CoreUserSchema(), enterpriseSchema(rows)}
	for _, s := range own {
		i := slices.IndexFunc(full, func(f schema.Schema) bool { return strings.EqualFold(f.ID, s.ID) })
		if i == 0 {
			return nil, fmt.Errorf("scim: Config.Schemas: %s is the core schema and cannot be replaced", s.ID)
		}
		if i > 0 {
			full[i] = s
		} else {
			full = append(full, s)
		}
	}
	full = appendDeclared(full, rows)
	wanted, err := wantedAttributes(full, rows, own)
	if err != nil {
		return nil, err
	}
	t.build(full, wanted)
	if err := t.addRows(rows); err != nil {
		return nil, err
	}
	t.active, t.userName = t.core.find("active"), t.core.find("userName")
	t.emails = t.core.find("emails")
	if t.userName == nil {
		return nil, fmt.Errorf("scim: Config.Attributes has no row for userName")
	}
	for _, e := range t.exts {
		if m := e.find("manager"); m != nil && e.urn == EnterpriseSchema {
			t.manager = m
		}
	}
	return t, nil
}

// build makes the attrs of everything that is wanted, and of what every user has.
func (t *table) build(full []schema.Schema, wanted map[string]bool) {
	simple := func(name string, exact, readOnly bool) *attr {
		return &attr{name: name, path: name, caseExact: exact, readOnly: readOnly, max: maxName}
	}
	id := simple("id", true, true)
	id.always, id.field, id.lookup = true, func(u *User) *string { return &u.ID }, byID
	schemas := simple("schemas", false, true)
	schemas.always, schemas.multi, schemas.derived = true, true, true
	schemas.value = &attr{name: "value", path: "schemas", parent: schemas}
	schemas.subs.add(schemas.value)
	schemas.list = &schemaList{t}
	external := simple("externalId", true, false)
	external.lookup = byExternalID
	for _, a := range []*attr{id, schemas, external, metaAttr()} {
		if a != external || wanted[Fold(UserSchema+":externalId")] {
			t.number(a)
			t.core.add(a)
		}
	}
	external.field = fields["externalId"]
	for i, s := range full {
		shown := schema.Schema{ID: s.ID, Name: s.Name, Description: s.Description}
		var ext *extension
		if i > 0 {
			ext = &extension{urn: s.ID}
		}
		for _, ca := range s.Attributes {
			groups := i == 0 && ca.Name() == "groups"
			if !wanted[Fold(s.ID+":"+ca.Name())] && !groups {
				continue
			}
			shown.Attributes = append(shown.Attributes, ca)
			a := t.attr(ca, ext, nil)
			if groups {
				a.derive()
				a.source = fromGroups
			}
			if ext != nil {
				ext.add(a)
			} else {
				t.core.add(a)
			}
		}
		if len(shown.Attributes) > 0 {
			t.schemas = append(t.schemas, shown)
			if ext != nil {
				t.exts = append(t.exts, ext)
			}
		}
	}
}

func (t *table) number(a *attr) {
	a.slot = t.slots
	t.slots++
	for _, s := range a.subs.all {
		t.number(s)
	}
}

func metaAttr() *attr {
	m := &attr{name: "meta", path: "meta", typ: complexType, readOnly: true}
	for _, s := range []*attr{
		{name: "resourceType", caseExact: true},
		{name: "created", typ: DateTime, time: (*subject).created},
		{name: "lastModified", typ: DateTime, time: (*subject).modified},
		{name: "location", typ: Reference, caseExact: true, unfilterable: true},
		{name: "version", caseExact: true},
	} {
		s.path, s.parent, s.readOnly, s.derived, s.source = "meta."+s.name, m, true, true, fromMeta
		m.subs.add(s)
	}
	return m
}

// attr compiles an attribute of a schema and binds it to where it is kept.
func (t *table) attr(ca schema.CoreAttribute, ext *extension, parent *attr) *attr {
	a := &attr{
		name: ca.Name(), path: ca.Name(), typ: typeOf(ca.AttributeType()), multi: ca.MultiValued(),
		caseExact: ca.CaseExact(), readOnly: ca.Mutability() == "readOnly", always: ca.Returned() == "always", never: ca.Returned() == "never",
		request: ca.Returned() == "request", immutable: ca.Mutability() == "immutable",
		required: ca.Required() && ext != nil && ca.Mutability() != "readOnly",
		slot:     t.slots, ext: ext, parent: parent, max: maxValue,
	}
	t.slots++
	t.requested = t.requested || a.request
	t.immutables = t.immutables || a.immutable && ext != nil
	switch {
	case parent != nil:
		a.path = parent.path + "." + a.name
	case ext != nil:
		a.path = ext.urn + ":" + a.name
	}
	switch a.path {
	case "active":
		a.status = true
	case "userName":
		a.max, a.lookup = maxName, byUserName
	case "emails.value":
		a.max, a.lookup = maxName, byAddress
	case "groups.value", "members.value":
		a.caseExact = true // an id (RFC 7643 section 3.1)
	case "groups.$ref", "members.$ref", EnterpriseSchema + ":manager.displayName":
		a.unfilterable, a.derived = true, true
	}
	for _, sub := range ca.SubAttributes() {
		a.subs.add(t.attr(sub, ext, a))
	}
	if a.multi && a.typ != complexType {
		// An element of a simple type is kept as one with the part "value".
		v := &attr{name: "value", path: a.path, typ: a.typ, caseExact: a.caseExact, parent: a, max: a.max, slot: a.slot}
		a.subs.add(v)
	}
	a.value = a.subs.find("value")
	if parent == nil && (a.required || slices.ContainsFunc(a.subs.all, func(s *attr) bool { return s.required })) {
		t.required = append(t.required, a)
	}
	switch bind, ok := lists[a.path]; {
	case a.multi && ok:
		a.list = bind(a.subs.all)
	case a.multi:
		a.list = &extraList{path: a.path, subs: a.subs.all}
	default:
		a.field = fields[a.path]
	}
	return a
}

func typeOf(name string) Type {
	for _, t := range []Type{String, Boolean, Integer, Decimal, DateTime, Reference, Binary, complexType} {
		if t.String() == name {
			return t
		}
	}
	return String
}

// addRows resolves the paths of the rows.
func (t *table) addRows(rows []Attribute) error {
	names := make(map[string]bool)
	for _, a := range rows {
		r := &row{Attribute: a, folded: Fold(a.Name)}
		if a.Name == "" || names[r.folded] {
			return fmt.Errorf("scim: attribute %q (%s): the name is empty or taken by another row", a.Name, a.Path)
		}
		names[r.folded] = true
		path, err := syntax.ParsePath(a.Path, syntax.Limits{}, nil)
		if err != nil {
			return fmt.Errorf("scim: attribute %q: %w", a.Name, err)
		}
		if r.target, err = t.resolve(path, nil); err != nil {
			return fmt.Errorf("scim: attribute %q: %w", a.Name, err)
		}
		leaf := r.target.leaf()
		if leaf == nil || leaf.readOnly || leaf.path == "password" { // P2.9
			return fmt.Errorf("scim: attribute %q: %s is not an attribute that can be stored", a.Name, a.Path)
		}
		if leaf.row == nil {
			leaf.row = r
		}
		if a.Type == Date && leaf.typ == String {
			leaf.typ = Date
		}
		t.rows = append(t.rows, r)
		if a.Folder != "" && !slices.Contains(t.roots, a.Folder) {
			t.roots = append(t.roots, a.Folder)
		}
	}
	slices.SortFunc(t.roots, rootOrder)
	return nil
}

// rootOrder puts the product's roots first, in their order (P6.1).
func rootOrder(a, b string) int {
	rank := func(s string) int {
		if i := slices.Index([]string{RootDepartment, RootDivision, RootOrganisation}, s); i >= 0 {
			return i
		}
		return 3
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b))
}

// row returns the row of that name, ignoring case; nil for none.
func (t *table) row(name string) *row {
	folded := Fold(name)
	for _, r := range t.rows {
		if r.folded == folded {
			return r
		}
	}
	return nil
}

// find resolves the name of an attribute: in the core schema, below its URN, or,
// as old clients write it, an extension's attribute by its bare name. It returns
// an extension alone when the path is its URN, and neither when nothing is known.
func (t *table) find(p filter.AttributePath) (*attr, *extension) {
	if p.URIPrefix == nil {
		a := t.core.find(p.AttributeName)
		for i := 0; a == nil && i < len(t.exts); i++ {
			a = t.exts[i].find(p.AttributeName)
		}
		return t.sub(a, p.SubAttribute), nil
	}
	if set, _, ok := t.schema(*p.URIPrefix); ok {
		return t.sub(set.find(p.AttributeName), p.SubAttribute), nil
	}
	// URN.attr, as Entra once wrote it, or the URN of a schema alone: the parser
	// took the URN's last part for the attribute.
	set, ext, ok := t.schema(*p.URIPrefix + ":" + p.AttributeName)
	switch {
	case !ok:
		return nil, nil
	case p.SubAttribute == nil && ext == nil:
		return nil, &extension{urn: UserSchema, core: true, attrSet: t.core}
	case p.SubAttribute == nil:
		return nil, ext
	}
	name, sub, dotted := strings.Cut(*p.SubAttribute, ".")
	if dotted {
		return t.sub(set.find(name), &sub), nil
	}
	return set.find(name), nil
}

// schema returns the attributes of a schema by its URN, ignoring case.
func (t *table) schema(urn string) (*attrSet, *extension, bool) {
	if strings.EqualFold(urn, UserSchema) {
		return &t.core, nil, true
	}
	for _, e := range t.exts {
		if strings.EqualFold(e.urn, urn) {
			return &e.attrSet, e, true
		}
	}
	return nil, nil, false
}

func (t *table) sub(a *attr, name *string) *attr {
	if a == nil || name == nil {
		return a
	}
	if a.multi && a.typ != complexType {
		return nil
	}
	return a.subs.find(*name)
}

// buildGroup makes the attributes of groups (RFC 7643 section 4.2).
func (t *table) buildGroup() {
	text := func(name string, lookup indexed, get func(*Group) string) *attr {
		return &attr{name: name, path: name, max: maxName, source: fromGroup, lookup: lookup, groupField: get}
	}
	id := text("id", byID, func(g *Group) string { return g.ID })
	id.caseExact, id.readOnly, id.always = true, true, true
	schemas := text("schemas", notIndexed, func(*Group) string { return GroupSchema })
	schemas.readOnly, schemas.always = true, true
	external := text("externalId", byExternalID, func(g *Group) string { return g.ExternalID })
	external.caseExact = true
	display := text("displayName", byName, func(g *Group) string { return g.DisplayName })
	for _, a := range []*attr{id, schemas, external, display, metaAttr()} {
		t.number(a)
		t.group.add(a)
	}
	for _, ca := range schema.CoreGroupSchema().Attributes {
		if ca.Name() != "members" {
			continue
		}
		m := t.attr(ca, nil, nil)
		m.source, m.list = fromMembers, nil
		t.group.add(m)
	}
}

// findGroup is find for the attributes of groups.
func (t *table) findGroup(p filter.AttributePath) (*attr, *extension) {
	switch {
	case p.URIPrefix == nil || strings.EqualFold(*p.URIPrefix, GroupSchema):
		return t.sub(t.group.find(p.AttributeName), p.SubAttribute), nil
	case !strings.EqualFold(*p.URIPrefix+":"+p.AttributeName, GroupSchema):
		return nil, nil
	case p.SubAttribute == nil:
		return nil, &extension{urn: GroupSchema, core: true, attrSet: t.group}
	}
	name, sub, dotted := strings.Cut(*p.SubAttribute, ".")
	if dotted {
		return t.sub(t.group.find(name), &sub), nil
	}
	return t.group.find(name), nil
}

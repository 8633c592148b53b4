package scim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"

	"github.com/usher-scim/scim/internal/syntax"
)

// This file makes the schemas that the attribute table is compiled from: those of
// RFC 7643, the host's own, and what only rows of the table declare.

// enterpriseSchema is RFC 7643's, extended by the rows that the product adds.
func enterpriseSchema(rows []Attribute) schema.Schema {
	s := schema.ExtensionEnterpriseUser()
	s.Description = optional.NewString("Enterprise User")
	return extend(s, rows)
}

// extend adds simple attributes for rows below the schema that it lacks.
func extend(s schema.Schema, rows []Attribute) schema.Schema {
	for _, r := range rows {
		name, ok := cutURN(r.Path, s.ID)
		if !ok {
			continue
		}
		if name, _, _ = strings.Cut(name, "."); name == "" {
			continue
		}
		if _, has := s.Attributes.ContainsAttribute(name); !has && attributeName(name) {
			s.Attributes = append(slices.Clip(s.Attributes), declare(name, r))
		}
	}
	return s
}

// cutURN returns what follows urn and a colon in path.
func cutURN(path, urn string) (string, bool) {
	if len(path) > len(urn) && path[len(urn)] == ':' && strings.EqualFold(path[:len(urn)], urn) {
		return path[len(urn)+1:], true
	}
	return "", false
}

func attributeName(s string) bool {
	p, err := syntax.ParseAttributePath(s)
	return err == nil && p.URIPrefix == nil && p.SubAttribute == nil && p.AttributeName[0] != '$'
}

func declare(name string, r Attribute) schema.CoreAttribute {
	note := optional.NewString(cmp.Or(r.Note, r.Name))
	switch r.Type {
	case Boolean:
		return schema.SimpleCoreAttribute(schema.SimpleBooleanParams(schema.BooleanParams{Name: name, Description: note}))
	case Integer:
		return schema.SimpleCoreAttribute(schema.SimpleNumberParams(schema.NumberParams{Name: name, Description: note, Type: schema.AttributeTypeInteger()}))
	case Decimal:
		return schema.SimpleCoreAttribute(schema.SimpleNumberParams(schema.NumberParams{Name: name, Description: note, Type: schema.AttributeTypeDecimal()}))
	case DateTime:
		return schema.SimpleCoreAttribute(schema.SimpleDateTimeParams(schema.DateTimeParams{Name: name, Description: note}))
	case Reference:
		return schema.SimpleCoreAttribute(schema.SimpleReferenceParams(schema.ReferenceParams{
			Name: name, Description: note, ReferenceTypes: []schema.AttributeReferenceType{schema.AttributeReferenceTypeURI},
		}))
	case Binary:
		return schema.SimpleCoreAttribute(schema.SimpleBinaryParams(schema.BinaryParams{Name: name, Description: note}))
	default:
		return schema.SimpleCoreAttribute(schema.SimpleStringParams(schema.StringParams{Name: name, Description: note}))
	}
}

// appendDeclared adds a schema for each URN that only rows know.
func appendDeclared(full []schema.Schema, rows []Attribute) []schema.Schema {
	for _, r := range rows {
		i := strings.LastIndexByte(r.Path, ':')
		if i < 0 || strings.ContainsRune(r.Path[:i], '[') {
			continue
		}
		urn := r.Path[:i]
		if slices.ContainsFunc(full, func(s schema.Schema) bool { return strings.EqualFold(s.ID, urn) }) {
			continue
		}
		name := "User"
		if parts := strings.Split(urn, ":"); len(parts) > 3 {
			name = parts[len(parts)-3] + " User"
		}
		full = append(full, extend(schema.Schema{
			ID: urn, Name: optional.NewString(name), Description: optional.NewString(name),
		}, rows))
	}
	return full
}

// wantedAttributes says which top-level attributes the rows and the host's own
// schemas capture, by schema and folded name.
func wantedAttributes(full []schema.Schema, rows []Attribute, own []schema.Schema) (map[string]bool, error) {
	wanted := make(map[string]bool)
	wanted[Fold(UserSchema+":active")] = true // whatever the table: a deactivation must not be lost
	for _, s := range own {
		for _, a := range s.Attributes {
			wanted[Fold(s.ID+":"+a.Name())] = true
		}
	}
	for _, r := range rows {
		urn, path := UserSchema, r.Path
		for _, s := range full {
			if rest, ok := cutURN(r.Path, s.ID); ok {
				urn, path = s.ID, rest
			}
		}
		name := path
		if i := strings.IndexAny(path, ".["); i >= 0 {
			name = path[:i]
		}
		if !attributeName(name) {
			return nil, fmt.Errorf("scim: attribute %q: the path %q cannot be parsed", r.Name, r.Path)
		}
		wanted[Fold(urn+":"+name)] = true
	}
	return wanted, nil
}

package scim

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/elimity-com/scim/schema"

	"github.com/usher-scim/scim/internal/scimjson"
)

// document is a discovery resource, rendered once.
type document struct {
	id   string // its name or URN
	body []byte
}

const (
	schemaURN         = "urn:ietf:params:scim:schemas:core:2.0:Schema"
	resourceTypeURN   = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
	providerConfigURN = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
)

func (h *Handler) isDiscovery(endpoint string) bool {
	return endpoint == "ServiceProviderConfig" || endpoint == "ResourceTypes" || endpoint == "Schemas"
}

// discovery is GET of the documents that describe the service (RFC 7644 section 4).
func (x *exchange) discovery() (answer, error) {
	if x.query.filter != "" {
		return answer{}, &Error{Status: http.StatusForbidden, Detail: "The documents that describe the service cannot be filtered."}
	}
	list := x.h.types
	switch x.parts[0] {
	case "ServiceProviderConfig":
		if len(x.parts) > 1 {
			return answer{}, errNoEndpoint
		}
		x.buf.out = append(x.buf.out, x.h.config...)
		return answer{status: http.StatusOK, location: x.h.base + "/ServiceProviderConfig"}, nil
	case "Schemas":
		list = x.h.schemas
	}
	if len(x.parts) == 1 {
		x.listHead(len(list), 1, len(list), "")
		for i, d := range list {
			if i > 0 {
				x.buf.out = append(x.buf.out, ',')
			}
			x.buf.out = append(x.buf.out, d.body...)
		}
		x.buf.out = append(x.buf.out, "]}"...)
		return answer{status: http.StatusOK}, nil
	}
	for _, d := range list {
		if d.id == x.parts[1] || x.parts[0] == "Schemas" && strings.EqualFold(d.id, x.parts[1]) {
			x.buf.out = append(x.buf.out, d.body...)
			return answer{status: http.StatusOK, location: x.h.base + "/" + x.parts[0] + "/" + d.id}, nil
		}
	}
	return answer{}, ErrNotFound
}

// object is JSON that keeps the order of its members.
type object []byte

func (o *object) raw(name string, value []byte) {
	*o = append(member(*o, name), value...)
}

func (o *object) text(name, value string) { o.raw(name, scimjson.AppendString(nil, value)) }

func (o *object) value(name string, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // made of strings, numbers and booleans here
	}
	o.raw(name, b)
}

func (o object) end() []byte { return append(o, '}') }

// discover renders the documents from the configuration.
func (h *Handler) discover() {
	h.config = h.providerConfig()
	h.types = h.resourceTypes()
	for _, s := range h.d.table.schemas {
		set, _, _ := h.d.table.schema(s.ID)
		h.schemas = append(h.schemas, h.schema(s, set))
	}
	h.schemas = append(h.schemas, h.schema(schema.CoreGroupSchema(), &h.d.table.group))
}

func (h *Handler) meta(kind, location string) []byte {
	m := object("{")
	m.text("resourceType", kind)
	m.text("location", h.base+location)
	return m.end()
}

// providerConfig says what the service can do, and only that (RFC 7643 section 5).
func (h *Handler) providerConfig() []byte {
	supported := func(yes bool) object {
		o := object("{")
		o.raw("supported", strconv.AppendBool(nil, yes))
		return o
	}
	o := object("{")
	o.value("schemas", []string{providerConfigURN})
	o.raw("patch", supported(true).end())
	bulk := supported(true)
	bulk.value("maxOperations", h.d.limits.BulkOperations)
	bulk.value("maxPayloadSize", h.d.limits.Body)
	o.raw("bulk", bulk.end())
	filter := supported(true)
	filter.value("maxResults", h.d.limits.Results)
	o.raw("filter", filter.end())
	o.raw("changePassword", supported(false).end())
	o.raw("sort", supported(true).end())
	o.raw("etag", supported(true).end())
	pages := object("{") // RFC 9865 section 4
	pages.value("cursor", true)
	pages.value("index", true)
	pages.text("defaultPaginationMethod", "index")
	pages.value("defaultPageSize", h.d.limits.PageSize)
	pages.value("maxPageSize", h.d.limits.Results)
	pages.value("cursorTimeout", int(h.cursors.timeout.Seconds()))
	o.raw("pagination", pages.end())
	scheme := object("{")
	scheme.text("type", "oauthbearertoken")
	scheme.text("name", "OAuth Bearer Token")
	scheme.text("description", "The token of a connection, in the Authorization header.")
	scheme.text("specUri", "https://www.rfc-editor.org/rfc/rfc6750")
	scheme.value("primary", true)
	o.raw("authenticationSchemes", append(append([]byte{'['}, scheme.end()...), ']'))
	o.raw("meta", h.meta("ServiceProviderConfig", "/ServiceProviderConfig"))
	return o.end()
}

// resourceTypes are User, with the extensions of the table, and Group (RFC 7643
// section 6).
func (h *Handler) resourceTypes() []document {
	describe := func(name, description, urn string, extensions []byte) document {
		o := object("{")
		o.value("schemas", []string{resourceTypeURN})
		o.text("id", name)
		o.text("name", name)
		o.text("description", description)
		o.text("endpoint", "/"+name+"s")
		o.text("schema", urn)
		if extensions != nil {
			o.raw("schemaExtensions", extensions)
		}
		o.raw("meta", h.meta("ResourceType", "/ResourceTypes/"+name))
		return document{id: name, body: o.end()}
	}
	extensions := []byte{'['}
	for _, e := range h.d.table.exts {
		o := object("{")
		o.text("schema", e.urn)
		o.value("required", h.d.table.requiresAny(e))
		extensions = append(comma(extensions), o.end()...)
	}
	return []document{
		describe("User", "User Account", UserSchema, append(extensions, ']')),
		describe("Group", "Group", GroupSchema, nil),
	}
}

// schema renders a schema whose attributes are set (RFC 7643 section 7).
func (h *Handler) schema(s schema.Schema, set *attrSet) document {
	o := object("{")
	o.value("schemas", []string{schemaURN})
	o.text("id", s.ID)
	o.text("name", s.Name.Value())
	o.text("description", s.Description.Value())
	o.raw("attributes", h.d.table.renderAttributes(s.Attributes, set))
	o.raw("meta", h.meta("Schema", "/Schemas/"+s.ID))
	return document{id: s.ID, body: o.end()}
}

// renderAttributes renders attributes as they are treated here: a row of the
// table may require what the schema leaves open, case counts where comparison
// goes by it, no more is unique than is kept so, and nobody writes what a member
// is called.
func (t *table) renderAttributes(list schema.Attributes, set *attrSet) []byte {
	b := []byte{'['}
	for _, a := range list {
		own := set.find(a.Name())
		uniqueness, mutability := "none", a.Mutability()
		if own.lookup == byUserName || own.lookup == byName {
			uniqueness = "server"
		}
		if own.path == "members.display" {
			mutability = "readOnly" // a member is called what its own resource says
		}
		o := object("{")
		o.text("name", a.Name())
		o.text("type", a.AttributeType())
		o.value("multiValued", a.MultiValued())
		if d := a.Description(); d != "" {
			o.text("description", d)
		}
		o.value("required", a.Required() || t.requires(own))
		if v := a.CanonicalValues(); len(v) > 0 {
			o.value("canonicalValues", v)
		}
		o.value("caseExact", own.caseExact)
		o.text("mutability", mutability)
		o.text("returned", a.Returned())
		o.text("uniqueness", uniqueness)
		if v := a.ReferenceTypes(); len(v) > 0 {
			o.value("referenceTypes", v)
		}
		if a.HasSubAttributes() {
			o.raw("subAttributes", t.renderAttributes(a.SubAttributes(), &own.subs))
		}
		b = append(comma(b), o.end()...)
	}
	return append(b, ']')
}

// requiresAny reports whether no user is without the extension: it has something
// that users without a value are refused for (RFC 7643 section 6).
func (t *table) requiresAny(e *extension) bool {
	return slices.ContainsFunc(e.all, func(a *attr) bool {
		return a.required || slices.ContainsFunc(t.rows, func(r *row) bool { return r.enforced() && r.target.attr == a })
	})
}

// requires reports whether requests without a value of the attribute are refused,
// so that a client that keeps to the schema never meets it. Beside the rows of the
// table that refuse users without a value these are the e-mail address (P2.3) and
// active, which nobody can remove (RFC 7644 section 3.5.2.2). That a userName may
// stand for the address, and that a create without active means true, is tolerance:
// a schema has no word for it.
func (t *table) requires(a *attr) bool {
	if a == t.active || a == t.emails || t.emails != nil && a == t.emails.value {
		return true
	}
	return slices.ContainsFunc(t.rows, func(r *row) bool {
		g := r.target
		return r.enforced() && g.where == nil && (a == g.attr || a == g.sub)
	})
}

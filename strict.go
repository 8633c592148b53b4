package scim

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	filter "github.com/scim2/filter-parser/v2"

	"github.com/usher-scim/scim/internal/scimjson"
)

// The schemas of requests that are no resources (RFC 7644 sections 3.4.3, 3.5.2
// and 3.7).
const (
	searchURN = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
	patchURN  = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
	bulkURN   = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
)

// Strictness says how a connection's requests are read where they depart from
// the RFCs.
type Strictness uint8

const (
	// Lenient reads a request as it is meant, as identity providers need, and
	// counts each [Quirk] that it forgives.
	Lenient Strictness = iota
	// RFC refuses, with an error that names the section, what RFC 7643 and RFC
	// 7644 do not allow: for testing a client, or one that is known to be right.
	RFC
)

// Quirk is a way in which a request departs from the RFCs and is understood all
// the same. String names it, Section says what it departs from.
type Quirk uint8

// The quirks. More may come.
const (
	QuirkByteOrderMark    Quirk = iota // the body begins with a byte order mark
	QuirkDuplicateMember               // an object has a member twice
	QuirkNoContentType                 // there is a body without a Content-Type
	QuirkSchemas                       // schemas is missing, or lacks one that the body needs
	QuirkForeignSchema                 // the body has a schema that the type of resource does not have
	QuirkDuplicateSchema               // schemas has one twice
	QuirkUnknownAttribute              // the body has an attribute that its schema does not have
	QuirkTextValue                     // a boolean is sent as text
	QuirkListForOne                    // a list stands for its only element
	QuirkOneForList                    // an element stands for a list of one
	QuirkBareValue                     // a bare value stands for a complex one
	QuirkWrappedValue                  // an object stands for the simple value in it
	QuirkReference                     // a reference is no URI
	QuirkPathAsName                    // a member's name is a path: dotted, behind a URN, or with a filter
	QuirkBareExtension                 // an extension's attribute is named without the URN
	QuirkDottedURN                     // a dot stands between a schema's URN and an attribute
	QuirkTwoPrimaries                  // several elements of one list are primary
	QuirkOperationCase                 // op is not in lower case
	QuirkNoOperations                  // a PATCH has no operations
	QuirkPathForm                      // a path is blank, has blanks, or a filter beyond the grammar
	QuirkUnknownPath                   // a path names no attribute
	QuirkRemoveValue                   // a remove operation lists what it removes as its value
	QuirkReadOnly                      // an operation without a path has a read-only attribute
	QuirkImmutable                     // an operation changes a part of a member in its place
	QuirkNoMatch                       // an element is made for a filter that selects none
	QuirkMemberName                    // a member is named by something else than its id
	QuirkFilterForm                    // a filter goes beyond the grammar: bare words, blanks
	QuirkFilterValue                   // a filter compares a boolean with text
	QuirkFilterComplex                 // a filter compares a complex attribute as if it were its value
	QuirkBothProjections               // attributes and excludedAttributes are both given
	QuirkEntityTag                     // an entity tag has no quotes
	QuirkNoBulkID                      // a POST in a Bulk has no bulkId
	QuirkBulkForm                      // an operation of a Bulk has its method in lower case, or a bare list for a PATCH
	quirkCount
)

// quirk is what there is to know of a Quirk.
type quirk struct {
	name    string
	section string
	typ     string // the scimType of a refusal
	told    string // the detail of a refusal; %s is what it is about
}

var quirks = [quirkCount]quirk{
	QuirkByteOrderMark:    {"byte-order-mark", "RFC 8259 section 8.1", typeInvalidSyntax, "The body begins with a byte order mark."},
	QuirkDuplicateMember:  {"duplicate-member", "RFC 7643 section 2.1", typeInvalidSyntax, "An object has the member %s twice."},
	QuirkNoContentType:    {"no-content-type", "RFC 7644 section 3.1", typeInvalidSyntax, "The body has no Content-Type; it must be application/scim+json."},
	QuirkSchemas:          {"schemas", "RFC 7643 section 3", typeInvalidSyntax, "schemas does not have %s."},
	QuirkForeignSchema:    {"foreign-schema", "RFC 7643 section 3", typeInvalidSyntax, "This type of resource does not have the schema %s."},
	QuirkDuplicateSchema:  {"duplicate-schema", "RFC 7643 section 3", typeInvalidSyntax, "schemas has %s twice."},
	QuirkUnknownAttribute: {"unknown-attribute", "RFC 7644 section 3.12", typeInvalidSyntax, "There is no attribute %s."},
	QuirkTextValue:        {"text-value", "RFC 7643 section 2.3.2", typeInvalidValue, "%s is a boolean, which stands without quotes."},
	QuirkListForOne:       {"list-for-one", "RFC 7643 section 2.2", typeInvalidValue, "%s has a single value, not a list."},
	QuirkOneForList:       {"one-for-list", "RFC 7643 section 2.4", typeInvalidValue, "%s must be a list."},
	QuirkBareValue:        {"bare-value", "RFC 7643 section 2.3.8", typeInvalidValue, "%s must be an object, not a bare value."},
	QuirkWrappedValue:     {"wrapped-value", "RFC 7643 section 2.3", typeInvalidValue, "%s is not an object."},
	QuirkReference:        {"reference", "RFC 7643 section 2.3.7", typeInvalidValue, "%s must be a URI."},
	QuirkPathAsName:       {"path-as-name", "RFC 7643 section 2.1", typeInvalidSyntax, "%s is a path and no name of an attribute."},
	QuirkBareExtension:    {"bare-extension", "RFC 7644 section 3.10", typeInvalidPath, "%s must be named with the URN of its schema."},
	QuirkDottedURN:        {"dotted-urn", "RFC 7644 section 3.10", typeInvalidPath, "A colon stands between the URN of a schema and an attribute, as in %s."},
	QuirkTwoPrimaries:     {"two-primaries", "RFC 7643 section 2.4", typeInvalidValue, "Only one element of %s can be primary."},
	QuirkOperationCase:    {"operation-case", "RFC 7644 section 3.5.2", typeInvalidSyntax, "op is %s; it must be add, remove or replace."},
	QuirkNoOperations:     {"no-operations", "RFC 7644 section 3.5.2", typeInvalidSyntax, "Operations is empty."},
	QuirkPathForm:         {"path-form", "RFC 7644 section 3.5.2", typeInvalidPath, "The path %q is not as the grammar has it."},
	QuirkUnknownPath:      {"unknown-path", "RFC 7644 section 3.5.2", typeNoTarget, "There is no attribute %s."},
	QuirkRemoveValue:      {"remove-with-value", "RFC 7644 section 3.5.2.2", typeInvalidSyntax, "A remove operation on %s has a value; select what is removed by a filter in the path."},
	QuirkReadOnly:         {"read-only", "RFC 7644 section 3.5.2", typeMutability, "%s is read-only."},
	QuirkImmutable:        {"immutable", "RFC 7643 section 4.2", typeMutability, "%s is immutable: remove the member, and add another."},
	QuirkNoMatch:          {"no-match", "RFC 7644 section 3.5.2", typeNoTarget, "The filter of the path selects no element of %s."},
	QuirkMemberName:       {"member-by-name", "RFC 7643 section 4.2", typeInvalidValue, "members: %q is not the id of a user or group."},
	QuirkFilterForm:       {"filter-form", "RFC 7644 section 3.4.2.2", typeInvalidFilter, "The filter is not as the grammar has it: text stands in double quotes, true, false and null in lower case, and one blank between the parts."},
	QuirkFilterValue:      {"filter-value", "RFC 7644 section 3.4.2.2", typeInvalidFilter, "%s is a boolean and is compared with true or false without quotes."},
	QuirkFilterComplex:    {"filter-complex", "RFC 7644 section 3.4.2.2", typeInvalidFilter, "%s is complex: name one of its sub-attributes."},
	QuirkBothProjections:  {"both-projections", "RFC 7644 section 3.4.2.5", typeInvalidValue, "attributes and excludedAttributes rule each other out."},
	QuirkEntityTag:        {"entity-tag", "RFC 9110 section 8.8.3", typeInvalidValue, "An entity tag stands in double quotes."},
	QuirkNoBulkID:         {"no-bulk-id", "RFC 7644 section 3.7", typeInvalidSyntax, "A POST needs a bulkId."},
	QuirkBulkForm:         {"bulk-form", "RFC 7644 section 3.7", typeInvalidSyntax, "%s."},
}

// String returns the name of the quirk, such as operation-case.
func (q Quirk) String() string {
	if q >= quirkCount {
		return fmt.Sprintf("Quirk(%d)", uint8(q))
	}
	return quirks[q].name
}

// Section returns what the quirk departs from, such as RFC 7644 section 3.5.2.
func (q Quirk) Section() string {
	if q >= quirkCount {
		return ""
	}
	return quirks[q].section
}

// refusal is the error that a quirk makes where it is not forgiven.
func (q Quirk) refusal(name string) error {
	told := quirks[q].told
	if strings.Contains(told, "%") {
		told = fmt.Sprintf(told, shorten(name, 200))
	}
	e := badRequest(quirks[q].typ, "%s The service is set to be strict about this connection (%s).", told, quirks[q].section)
	if q == QuirkNoContentType {
		e = &Error{Status: http.StatusUnsupportedMediaType, Detail: asError(e).Detail}
	}
	return e
}

// tolerance forgives the quirks of one request, or does not, and notes them. A nil
// tolerance forgives all and notes nothing: it is that of the host.
type tolerance struct {
	strict bool
	seen   uint64 // a bit for each Quirk
}

// note takes note of a quirk, which is about what is called name, or refuses it.
func (t *tolerance) note(q Quirk, name string) error {
	if t == nil {
		return nil
	}
	t.seen |= 1 << q
	if !t.strict {
		return nil
	}
	return q.refusal(name)
}

// noteIf is note where something is so.
func (t *tolerance) noteIf(is bool, q Quirk, name string) error {
	if !is {
		return nil
	}
	return t.note(q, name)
}

// body judges a body as JSON, and whether it has the schema of its kind.
func (t *tolerance) body(doc *scimjson.Doc) error {
	if t == nil {
		return nil
	}
	if err := t.noteIf(doc.Marked(), QuirkByteOrderMark, ""); err != nil {
		return err
	}
	if name, twice := doc.Duplicate(); twice {
		return t.note(QuirkDuplicateMember, name)
	}
	return nil
}

// message judges the schemas of a request that is no resource.
func (t *tolerance) message(body scimjson.Value, urn string) error {
	if t == nil {
		return nil
	}
	return t.noteIf(!hasText(body.Get("schemas"), urn), QuirkSchemas, urn)
}

// resource judges the schemas of a resource: those of its type and no others, and
// all whose attributes it has.
func (t *tolerance) resource(body scimjson.Value, urn string, exts []*extension) error {
	if t == nil {
		return nil
	}
	listed := body.Get("schemas")
	if !hasText(listed, urn) {
		if err := t.note(QuirkSchemas, urn); err != nil {
			return err
		}
	}
	for e := range listed.Elements() {
		if e.EqualFold(urn) || slices.ContainsFunc(exts, func(x *extension) bool { return e.EqualFold(x.urn) }) {
			continue
		}
		if err := t.note(QuirkForeignSchema, e.Text()); err != nil {
			return err
		}
	}
	if err := t.unique(listed, urn); err != nil {
		return err
	}
	for _, x := range exts {
		if err := t.unique(listed, x.urn); err != nil {
			return err
		}
		if body.Get(x.urn).Kind() != scimjson.Invalid && !hasText(listed, x.urn) {
			return t.note(QuirkSchemas, x.urn)
		}
	}
	return nil
}

// unique judges whether a schema is listed once.
func (t *tolerance) unique(list scimjson.Value, urn string) error {
	n := 0
	for e := range list.Elements() {
		if e.EqualFold(urn) {
			n++
		}
	}
	return t.noteIf(n > 1, QuirkDuplicateSchema, urn)
}

func hasText(list scimjson.Value, text string) bool {
	for e := range list.Elements() {
		if e.EqualFold(text) {
			return true
		}
	}
	return false
}

// named judges how a path names the attribute that it was found to mean.
func (t *tolerance) named(tb *table, p filter.AttributePath, a *attr) error {
	switch {
	case t == nil || a == nil:
		return nil
	case p.URIPrefix == nil:
		return t.noteIf(a.ext != nil, QuirkBareExtension, a.path)
	}
	if strings.EqualFold(*p.URIPrefix, GroupSchema) {
		return nil
	}
	_, _, known := tb.schema(*p.URIPrefix)
	return t.noteIf(!known, QuirkDottedURN, a.path)
}

// unknown notes an attribute that is not in the table. Passwords are thrown away
// without a note (P2.9).
func (t *tolerance) unknown(tb *table, name string) error {
	if t == nil || strings.EqualFold(name, "password") {
		return nil
	}
	if colon := strings.LastIndexByte(name, ':'); colon > 0 {
		if _, _, known := tb.schema(name[:colon]); !known && !strings.EqualFold(name[:colon], GroupSchema) {
			return t.note(QuirkForeignSchema, name)
		}
	}
	return t.note(QuirkUnknownAttribute, name)
}

// list judges the value of a multi-valued attribute as a whole. What is added to
// it may be one element.
func (t *tolerance) list(a *attr, v scimjson.Value, replace bool) error {
	if t == nil {
		return nil
	}
	if v.Kind() != scimjson.Array && v.Kind() != scimjson.Null && replace {
		return t.note(QuirkOneForList, a.path)
	}
	return t.primaries(a, v)
}

// primaries judges how many elements of a list are primary.
func (t *tolerance) primaries(a *attr, list scimjson.Value) error {
	if list.Len() < 2 || a.subs.find("primary") == nil {
		return nil
	}
	n := 0
	for e := range list.Elements() {
		if p := e.Get("primary"); p.Kind() == scimjson.True || p.EqualFold("true") {
			n++
		}
	}
	return t.noteIf(n > 1, QuirkTwoPrimaries, a.path)
}

// QuirkCount says how many requests of a connection had a quirk: those that were
// forgiven it and those that were refused for it. A strict connection's request
// is refused for the first that is found.
type QuirkCount struct {
	Connection string
	Quirk      Quirk
	Requests   int64     // since the Handler was made, in this process
	Last       time.Time // when it was last seen
}

// quirkLog counts the quirks of each connection.
type quirkLog struct {
	mu sync.Mutex
	m  map[activityKey]*[quirkCount]QuirkCount
}

func (l *quirkLog) add(c Connection, t *tolerance, at time.Time) {
	if t.seen == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	key := activityKey{c.Tenant, c.ID}
	counts := l.m[key]
	if counts == nil {
		if l.m == nil {
			l.m = make(map[activityKey]*[quirkCount]QuirkCount)
		}
		counts = new([quirkCount]QuirkCount)
		l.m[key] = counts
	}
	for q := range quirkCount {
		if t.seen&(1<<q) != 0 {
			c := &counts[q]
			c.Requests++
			c.Last = later(c.Last, at)
		}
	}
}

// Quirks returns what each connection of a tenant was forgiven or refused as a
// quirk, in the order of connections and quirks: what an [RFC] connection would
// be refused. Nothing of it is kept beyond the life of the Handler.
func (h *Handler) Quirks(t Tenant) []QuirkCount {
	h.quirks.mu.Lock()
	defer h.quirks.mu.Unlock()
	var out []QuirkCount
	for key, counts := range h.quirks.m {
		if key.tenant != t {
			continue
		}
		for q, c := range counts {
			if c.Requests > 0 {
				c.Connection, c.Quirk = key.connection, Quirk(q)
				out = append(out, c)
			}
		}
	}
	slices.SortFunc(out, func(a, b QuirkCount) int {
		return cmp.Or(strings.Compare(a.Connection, b.Connection), cmp.Compare(a.Quirk, b.Quirk))
	})
	return out
}

package scim_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"

	elimity "github.com/elimity-com/scim"
	scimerrors "github.com/elimity-com/scim/errors"
	"github.com/elimity-com/scim/optional"
	"github.com/elimity-com/scim/schema"
)

// What the benchmarks stand beside: the floor, a bare handler that checks the
// token, decodes the JSON into a struct and encodes one back; and a server made
// with elimity's library on a plain map.

// floorUser is what the floor decodes and encodes.
type floorUser struct {
	Schemas    []string          `json:"schemas"`
	ID         string            `json:"id,omitempty"`
	ExternalID string            `json:"externalId,omitempty"`
	UserName   string            `json:"userName"`
	Name       map[string]string `json:"-"`
	FullName   struct {
		Formatted  string `json:"formatted,omitempty"`
		GivenName  string `json:"givenName,omitempty"`
		FamilyName string `json:"familyName,omitempty"`
	} `json:"name"`
	DisplayName       string          `json:"displayName,omitempty"`
	Title             string          `json:"title,omitempty"`
	PreferredLanguage string          `json:"preferredLanguage,omitempty"`
	Timezone          string          `json:"timezone,omitempty"`
	Active            bool            `json:"active"`
	Emails            []floorElement  `json:"emails,omitempty"`
	PhoneNumbers      []floorElement  `json:"phoneNumbers,omitempty"`
	Addresses         []floorAddress  `json:"addresses,omitempty"`
	Enterprise        floorEnterprise `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
	Product           floorProduct    `json:"urn:ietf:params:scim:schemas:extension:cybsafe:2.0:User"`
	Meta              struct {
		ResourceType string `json:"resourceType"`
		Created      string `json:"created,omitempty"`
		LastModified string `json:"lastModified,omitempty"`
		Location     string `json:"location,omitempty"`
		Version      string `json:"version,omitempty"`
	} `json:"meta"`
}

type floorElement struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"`
	Primary bool   `json:"primary,omitempty"`
}

type floorAddress struct {
	Type       string `json:"type,omitempty"`
	Country    string `json:"country,omitempty"`
	Region     string `json:"region,omitempty"`
	Locality   string `json:"locality,omitempty"`
	PostalCode string `json:"postalCode,omitempty"`
}

type floorEnterprise struct {
	EmployeeNumber string `json:"employeeNumber,omitempty"`
	CostCenter     string `json:"costCenter,omitempty"`
	Organization   string `json:"organization,omitempty"`
	Division       string `json:"division,omitempty"`
	Department     string `json:"department,omitempty"`
	HireDate       string `json:"hireDate,omitempty"`
}

type floorProduct struct {
	Office       string `json:"office,omitempty"`
	City         string `json:"city,omitempty"`
	BusinessUnit string `json:"businessUnit,omitempty"`
	Grade        string `json:"grade,omitempty"`
}

// floor is the bare handler.
type floor struct {
	token [sha256.Size]byte
	page  any
	into  func() any
}

func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	hash := sha256.Sum256([]byte(token))
	if subtle.ConstantTimeCompare(hash[:], f.token[:]) != 1 {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if f.into != nil {
		if err := json.NewDecoder(r.Body).Decode(f.into()); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
	}
	w.Header().Set("Content-Type", "application/scim+json")
	if f.page == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	_ = json.NewEncoder(w).Encode(f.page)
}

// newElimity is a server of users and groups on a plain map, as its examples
// have it, with the part of PATCH that the benchmarks need.
func newElimity() http.Handler {
	users := &mapHandler{data: make(map[string]elimity.ResourceAttributes), key: "userName"}
	groups := &mapHandler{data: make(map[string]elimity.ResourceAttributes), key: "displayName"}
	s, err := elimity.NewServer(&elimity.ServerArgs{
		ServiceProviderConfig: &elimity.ServiceProviderConfig{MaxResults: 1000, SupportFiltering: true, SupportPatch: true},
		ResourceTypes: []elimity.ResourceType{
			{
				ID: optional.NewString("User"), Name: "User", Endpoint: "/Users", Schema: schema.CoreUserSchema(), Handler: users,
				SchemaExtensions: []elimity.SchemaExtension{{Schema: schema.ExtensionEnterpriseUser()}},
			},
			{ID: optional.NewString("Group"), Name: "Group", Endpoint: "/Groups", Schema: schema.CoreGroupSchema(), Handler: groups},
		},
	})
	if err != nil {
		panic(err)
	}
	return s
}

type mapHandler struct {
	mu    sync.RWMutex
	data  map[string]elimity.ResourceAttributes
	order []string
	key   string
	next  int
}

func (h *mapHandler) Create(_ *http.Request, a elimity.ResourceAttributes) (elimity.Resource, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next++
	id := strconv.Itoa(h.next)
	h.data[id] = a
	h.order = append(h.order, id)
	return elimity.Resource{ID: id, Attributes: copyAttributes(a)}, nil
}

func copyAttributes(a elimity.ResourceAttributes) elimity.ResourceAttributes {
	c := make(elimity.ResourceAttributes, len(a))
	for k, v := range a {
		c[k] = v
	}
	return c
}

func (h *mapHandler) Get(_ *http.Request, id string) (elimity.Resource, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	a, ok := h.data[id]
	if !ok {
		return elimity.Resource{}, scimerrors.ScimErrorResourceNotFound(id)
	}
	return elimity.Resource{ID: id, Attributes: copyAttributes(a)}, nil
}

func (h *mapHandler) GetAll(_ *http.Request, p elimity.ListRequestParams) (elimity.Page, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	page := elimity.Page{Resources: []elimity.Resource{}}
	for _, id := range h.order {
		if p.FilterValidator != nil && p.FilterValidator.PassesFilter(h.data[id]) != nil {
			continue
		}
		page.TotalResults++
		if page.TotalResults >= p.StartIndex && len(page.Resources) < p.Count {
			page.Resources = append(page.Resources, elimity.Resource{ID: id, Attributes: copyAttributes(h.data[id])})
		}
	}
	return page, nil
}

func (h *mapHandler) Replace(_ *http.Request, id string, a elimity.ResourceAttributes) (elimity.Resource, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.data[id] = a
	return elimity.Resource{ID: id, Attributes: copyAttributes(a)}, nil
}

func (h *mapHandler) Delete(_ *http.Request, id string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.data, id)
	return nil
}

func (h *mapHandler) Patch(_ *http.Request, id string, ops []elimity.PatchOperation) (elimity.Resource, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	a := copyAttributes(h.data[id])
	for _, op := range ops {
		name := op.Path.AttributePath.AttributeName
		switch {
		case name == "members" && op.Op == elimity.PatchOperationAdd:
			a[name] = append(append([]any{}, a[name].([]any)...), op.Value.([]any)...)
		case op.Path.AttributePath.SubAttribute != nil:
			inner := map[string]any{}
			if old, ok := a[name].(map[string]any); ok {
				for k, v := range old {
					inner[k] = v
				}
			}
			inner[*op.Path.AttributePath.SubAttribute] = op.Value
			a[name] = inner
		default:
			a[name] = op.Value
		}
	}
	h.data[id] = a
	return elimity.Resource{ID: id, Attributes: copyAttributes(a)}, nil
}

// recorder is the cheapest ResponseWriter: it keeps the body's length alone.
type recorder struct {
	header http.Header
	status int
	size   int
	body   *bytes.Buffer // nil: thrown away
}

func (r *recorder) Header() http.Header { return r.header }
func (r *recorder) WriteHeader(s int)   { r.status = s }
func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	r.size += len(b)
	if r.body != nil {
		r.body.Write(b)
	}
	return len(b), nil
}

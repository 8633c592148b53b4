package scim_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// expect checks one expectation against what the step did.
func (s *stage) expect(e expectation) {
	text := s.fill(e.place, e.text)
	switch e.kind {
	case "header":
		s.expectHeader(e.place, e.name, text)
	case "json":
		s.expectJSON(e.place, text, s.value)
	case "at":
		v, ok := lookUp(s.value, e.name)
		if !ok {
			s.fail(e.place, "there is no %s", e.name)
		}
		s.expectJSON(e.place, text, v)
	case "same":
		s.expectSame(e.place, text)
	case "without":
		for _, path := range splitList(text) {
			if v, ok := lookUp(s.value, path); ok {
				s.fail(e.place, "%s is there: %v", path, v)
			}
		}
	case "empty":
		if s.answer == nil || s.answer.Body.Len() != 0 {
			s.fail(e.place, "the body is not empty")
		}
	case "error":
		if s.err == nil {
			s.fail(e.place, "the host was not refused")
		}
		if part := strings.TrimPrefix(text, "~"); !strings.Contains(s.err.Error(), part) {
			s.fail(e.place, "the error does not contain %q", part)
		}
	}
}

func (s *stage) expectHeader(place, name, want string) {
	if s.answer == nil {
		s.fail(place, "only a request has headers")
	}
	have := s.answer.Header().Get(name)
	part, contains := strings.CutPrefix(want, "~")
	switch {
	case want == "*" && have != "", contains && strings.Contains(have, part), have == want:
	default:
		s.fail(place, "%s is %q, not %q", name, have, want)
	}
}

func (s *stage) expectJSON(place, text string, have any) {
	want := s.decode(place, []byte(text))
	if diff := cmp.Diff(want, subset(want, have)); diff != "" {
		s.fail(place, "the answer differs (-want +got):\n%s", diff)
	}
}

// expectSame fails unless the answer's body is, byte for byte, one that was saved.
func (s *stage) expectSame(place, name string) {
	want, ok := s.saved[name]
	if !ok || s.answer == nil {
		s.fail(place, "there is nothing to compare with %q", name)
	}
	if diff := cmp.Diff(want, s.answer.Body.String()); diff != "" {
		s.fail(place, "the body is not the one saved as %s (-want +got):\n%s", name, diff)
	}
}

// save keeps values for later steps: name=dotted.path, ... Without a path it is
// the body as it came, so that it can be sent back as it came.
func (s *stage) save(place, text string) {
	for _, pair := range splitList(text) {
		name, path, ok := strings.Cut(pair, "=")
		name, path = strings.TrimSpace(name), strings.TrimSpace(path)
		v, found := lookUp(s.value, path)
		if !ok || !found || v == nil {
			s.fail(place, "there is nothing to save for %q", pair)
		}
		if path == "" && s.answer != nil {
			s.saved[name] = s.answer.Body.String()
			continue
		}
		switch v := v.(type) {
		case string:
			s.saved[name] = v
		default:
			b, err := json.Marshal(v)
			s.must(place, err)
			s.saved[name] = string(b)
		}
	}
}

func splitList(text string) []string {
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// subset is what have says of all that want says: equal to want when it agrees.
func subset(want, have any) any {
	switch w := want.(type) {
	case map[string]any:
		h, ok := have.(map[string]any)
		if !ok {
			return have
		}
		out := make(map[string]any, len(w))
		for k, v := range w {
			if got, ok := h[k]; ok {
				out[k] = subset(v, got)
			}
		}
		return out
	case []any:
		h, ok := have.([]any)
		if !ok {
			return have
		}
		out := slices.Clone(h)
		for i := range min(len(w), len(h)) {
			out[i] = subset(w[i], h[i])
		}
		return out
	case string:
		part, contains := strings.CutPrefix(w, "~")
		h, isString := have.(string)
		if w == "*" && !hollow(have) || contains && isString && strings.Contains(h, part) {
			return w
		}
	}
	return have
}

// hollow reports whether a value says nothing.
func hollow(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// lookUp follows a dotted path. Names of members may have dots themselves, as
// URNs do; in a list, a name that is no index is looked for in every element.
func lookUp(v any, path string) (any, bool) {
	if path == "" {
		return v, true
	}
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if rest, ok := strings.CutPrefix(path, key); ok && (rest == "" || rest[0] == '.') {
				if found, ok := lookUp(value, strings.TrimPrefix(rest, ".")); ok {
					return found, true
				}
			}
		}
	case []any:
		first, rest, _ := strings.Cut(path, ".")
		if i, err := strconv.Atoi(first); err == nil {
			if i < 0 || i >= len(v) {
				return nil, false
			}
			return lookUp(v[i], rest)
		}
		for _, e := range v {
			if found, ok := lookUp(e, path); ok {
				return found, true
			}
		}
	}
	return nil, false
}

const (
	errorSchema = "urn:ietf:params:scim:api:messages:2.0:Error"
	listSchema  = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
)

// conform checks what every answer must keep to, whatever was asked.
func (s *stage) conform(place, method, target string) {
	h := s.answer.Header()
	for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "X-Request-Id": "*"} {
		s.expectHeader(place, name, want)
	}
	body := s.answer.Body.Bytes()
	if len(body) == 0 {
		if method != http.MethodHead && s.answer.Code != http.StatusNoContent && s.answer.Code != http.StatusNotModified {
			s.fail(place, "the answer has no body")
		}
		return
	}
	s.expectHeader(place, "Content-Type", "application/scim+json; charset=utf-8")
	top, ok := s.decode(place, body).(map[string]any)
	if !ok {
		s.fail(place, "the answer is not an object")
	}
	s.checkFilled(place, "", top)
	u, err := url.Parse(target)
	s.must(place, err)
	whole := !u.Query().Has("attributes") && !u.Query().Has("excludedAttributes")
	switch {
	case s.answer.Code >= 400:
		s.checkError(place, top)
	case hasSchema(top, listSchema):
		s.checkList(place, top, whole)
	case strings.Contains(u.Path, "/Users") || strings.Contains(u.Path, "/Groups"):
		s.checkResource(place, top, whole)
		meta, _ := top["meta"].(map[string]any)
		if v, ok := meta["version"]; ok && v != h.Get("ETag") || h.Get("ETag") == "" {
			s.fail(place, "ETag %q is not meta.version %q", h.Get("ETag"), v)
		}
	}
}

func hasSchema(m map[string]any, urn string) bool {
	list, _ := m["schemas"].([]any)
	return slices.Contains(list, any(urn))
}

// checkFilled fails where a value is null or an object is empty.
func (s *stage) checkFilled(place, path string, v any) {
	switch v := v.(type) {
	case nil:
		s.fail(place, "%s is null", path)
	case map[string]any:
		if len(v) == 0 {
			s.fail(place, "%s is an empty object", path)
		}
		for k, e := range v {
			s.checkFilled(place, path+"."+k, e)
		}
	case []any:
		for i, e := range v {
			s.checkFilled(place, path+"."+strconv.Itoa(i), e)
		}
	}
}

func (s *stage) checkError(place string, m map[string]any) {
	detail, _ := m["detail"].(string)
	if !hasSchema(m, errorSchema) || m["status"] != strconv.Itoa(s.answer.Code) || detail == "" {
		s.fail(place, "the error is not a SCIM Error")
	}
	if t, ok := m["scimType"]; ok && t == "" {
		s.fail(place, "scimType is empty")
	}
}

func (s *stage) checkList(place string, m map[string]any, whole bool) {
	for _, name := range []string{"totalResults", "startIndex", "itemsPerPage"} {
		if _, ok := m[name].(json.Number); !ok {
			s.fail(place, "%s is not a number", name)
		}
	}
	list, ok := m["Resources"].([]any)
	if !ok || m["itemsPerPage"] != json.Number(strconv.Itoa(len(list))) {
		s.fail(place, "Resources is not a list of itemsPerPage resources")
	}
	for _, e := range list {
		r, ok := e.(map[string]any)
		if !ok {
			s.fail(place, "one of Resources is not an object")
		}
		if id, _ := r["id"].(string); id != "" && !strings.HasPrefix(id, "urn:") && r["endpoint"] == nil {
			s.checkResource(place, r, whole)
		}
	}
}

var stamp = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)

// checkResource checks a user or a group.
func (s *stage) checkResource(place string, m map[string]any, whole bool) {
	id, _ := m["id"].(string)
	schemas, _ := m["schemas"].([]any)
	if id == "" || len(schemas) == 0 {
		s.fail(place, "the resource has no id or no schemas")
	}
	for key := range m {
		if strings.HasPrefix(key, "urn:") && !hasSchema(m, key) {
			s.fail(place, "schemas does not name %s", key)
		}
	}
	if a, ok := m["active"]; ok {
		if _, ok := a.(bool); !ok {
			s.fail(place, "active is not a boolean")
		}
	}
	if !whole {
		return
	}
	for _, v := range schemas {
		urn, _ := v.(string)
		if _, ok := m[urn]; !ok && !strings.Contains(urn, ":core:2.0:") {
			s.fail(place, "schemas names %s, which has nothing", urn)
		}
	}
	meta, _ := m["meta"].(map[string]any)
	kind, _ := meta["resourceType"].(string)
	if kind != "User" && kind != "Group" || meta["location"] != stageBase+"/"+kind+"s/"+id {
		s.fail(place, "meta.resourceType or meta.location is wrong")
	}
	for _, name := range []string{"created", "lastModified"} {
		if at, _ := meta[name].(string); !stamp.MatchString(at) {
			s.fail(place, "meta.%s is wrong", name)
		}
	}
	if v, _ := meta["version"].(string); !strings.HasPrefix(v, `W/"`) {
		s.fail(place, "meta.version is not a weak entity tag")
	}
}

package scim

import (
	"net/http"
	"strings"
)

// conditions are what a client makes a request depend on: the entity tags of
// If-Match and If-None-Match (RFC 7644 section 3.14, RFC 9110 section 13.1). The
// zero value is none.
//
// All tags are weak, and are compared as weak ones for If-Match too, as RFC 7644
// uses them. A tag stands for what writes to the resource itself change: what an
// answer shows of other resources, such as the names of a user's groups or of
// its manager, moves no tag.
type conditions struct {
	match, none string
}

// conditionsOf reads the headers of a request. Several lines make one list, and
// empty ones, as clients send that know of no version, ask for nothing.
func conditionsOf(h http.Header) conditions {
	return conditions{match: condition(h["If-Match"]), none: condition(h["If-None-Match"])}
}

func condition(lines []string) string {
	switch len(lines) {
	case 0:
		return ""
	case 1:
		return strings.TrimSpace(lines[0])
	}
	said := make([]string, 0, len(lines))
	for _, l := range lines {
		if l = strings.TrimSpace(l); l != "" {
			said = append(said, l)
		}
	}
	return strings.Join(said, ",")
}

func (c conditions) any() bool { return c.match != "" || c.none != "" }

// check refuses a write to a resource of this version, or a read that asks for
// another one.
func (c conditions) check(version string) error {
	switch {
	case c.match != "" && !names(c.match, version):
		return &Error{Status: http.StatusPreconditionFailed, Detail: "The resource has another version than If-Match asks for: it has changed since it was read."}
	case c.none != "" && names(c.none, version):
		return &Error{Status: http.StatusPreconditionFailed, Detail: "The resource has the version that If-None-Match rules out."}
	}
	return nil
}

// judge notes tags without quotes.
func (c conditions) judge(tol *tolerance) error {
	for _, list := range []string{c.match, c.none} {
		for list != "" {
			list = strings.TrimLeft(list, " \t,")
			list = strings.TrimPrefix(list, "W/")
			quoted, ok := strings.CutPrefix(list, `"`)
			if ok {
				_, list, ok = strings.Cut(quoted, `"`)
			} else {
				var tag string
				tag, list, _ = strings.Cut(list, ",")
				ok = tag == "" || strings.TrimRight(tag, " \t") == "*"
			}
			if !ok {
				return tol.note(QuirkEntityTag, "")
			}
		}
	}
	return nil
}

// read is check for GET: whoever has this version already is told so (304).
func (c conditions) read(version string) (unchanged bool, err error) {
	if err := (conditions{match: c.match}).check(version); err != nil {
		return false, err
	}
	return c.none != "" && names(c.none, version), nil
}

// names reports whether a list of entity tags has that of a version, or is *.
// A tag without its quotes, as some clients send it, is understood.
func names(list, version string) bool {
	for list != "" {
		list = strings.TrimLeft(list, " \t,")
		rest, weak := strings.CutPrefix(list, "W/")
		list = rest
		var tag string
		if quoted, ok := strings.CutPrefix(list, `"`); ok {
			if tag, list, ok = strings.Cut(quoted, `"`); ok && tag == version {
				return true
			}
			continue
		}
		end := strings.IndexByte(list, ',')
		if end < 0 {
			end = len(list)
		}
		tag, list = strings.TrimRight(list[:end], " \t"), list[end:]
		if tag == version || tag == "*" && !weak {
			return true
		}
	}
	return false
}

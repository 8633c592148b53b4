package guide

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/usher-scim/scim"
)

// troubles are what administrators meet: first the connection, then users, groups, and
// what passes by itself.
func troubles() []trouble {
	all := append(connectionTroubles(), userTroubles()...)
	return append(append(all, groupTroubles()...), passingTroubles()...)
}

func connectionTroubles() []trouble {
	lookUp := filter(`userName eq "nobody"`)
	return []trouble{
		{
			method: http.MethodGet, path: "/Users", query: lookUp, status: http.StatusUnauthorized,
			before: func(s *stage) { s.service.Token = "" },
			cause:  "No token was sent: its field is empty.",
			remedy: "Paste the token of this connection.",
		},
		{
			method: http.MethodGet, path: "/Users", query: lookUp, status: http.StatusUnauthorized,
			before: func(s *stage) { s.service.Token = "tokem" },
			cause:  "The token has a character too few or too many, belongs to another system, has expired, or was revoked.",
			remedy: "Make a new token in the application, paste it, and test the connection again. A connection has room for two, so the old one may stay until then.",
		},
		{
			method: http.MethodGet, path: "/Users/Users", query: lookUp, status: http.StatusNotFound,
			cause:  "The address has /Users at its end, or the resource was deleted (see below).",
			remedy: "Cut the address off behind /scim/v2/.",
		},
		{
			method: http.MethodGet, path: "/v2/Users", query: lookUp, status: http.StatusNotFound,
			cause:  "The address has something else behind /scim/v2/.",
			remedy: "Copy the address from the application once more.",
		},
		{
			method: http.MethodGet, path: "/Users", query: filter(`badgeNumber eq "7"`), status: http.StatusBadRequest,
			paths:  true,
			cause:  "A matching attribute is one that the application does not have.",
			remedy: "Match by userName.",
		},
	}
}

func userTroubles() []trouble {
	ann := "/Users/{ann}"
	return []trouble{
		{
			method: http.MethodPost, path: "/Users", body: object{"userName": "cy"}, status: http.StatusBadRequest,
			cause:  "The person has no e-mail address in the directory, and the user name is none either.",
			remedy: "Give the person an address, or map another property to the work e-mail.",
		},
		{
			method: http.MethodPost, path: "/Users", body: object{"emails": user("cy@example.com")["emails"]}, status: http.StatusBadRequest,
			cause:  "The property that is mapped to userName is empty.",
			remedy: "Fill it, or map userName to one that everybody has.",
		},
		{
			method: http.MethodPost, path: "/Users", body: user("ANN@example.com"), status: http.StatusConflict,
			cause:  "Another user, active or waiting for a seat, has this user name in some case of letters: people are not matched by userName, or were renamed to a name that is in use.",
			remedy: "Match by userName; make user names differ.",
		},
		{
			method: http.MethodPost, path: "/Users", status: http.StatusConflict,
			body:   object{"userName": "cy@example.com", "emails": user("Ann@example.com")["emails"]},
			cause:  "Another user, active or waiting for a seat, has this work e-mail address.",
			remedy: "Correct the address that is wrong in the directory. Where people share addresses on purpose, ask whoever runs the application to allow it.",
		},
		{
			method: http.MethodPatch, path: ann, body: patch(replace(`emails[type eq "work"].value`, "")), status: http.StatusBadRequest,
			before: func(s *stage) { s.send(http.MethodPatch, ann, nil, patch(replace("userName", "ann"))) },
			cause:  "The address was taken away from somebody whose user name is none.",
			remedy: "Give the person an address again. A person who is disabled in the same request is disabled all the same.",
		},
		{
			method: http.MethodPatch, path: ann, body: patch(replace("id", "7")), status: http.StatusBadRequest,
			paths:  true,
			cause:  "A mapping writes to id.",
			remedy: "Delete the mapping; the directory's own id belongs into externalId.",
		},
		{
			method: http.MethodPatch, path: ann, body: patch(replace(`emails[type eq work.value`, "x")), status: http.StatusBadRequest,
			paths:  true,
			cause:  "The target of a mapping is mistyped.",
			remedy: "Copy it from the table above.",
		},
		{
			method: http.MethodPatch, path: ann, body: patch(replace("active", "no")), status: http.StatusBadRequest,
			paths:  true,
			cause:  "The mapping of active yields something else than true and false.",
			remedy: "Use the mapping of the table above.",
		},
		{
			method: http.MethodPatch, path: ann, body: patch(replace("title", 7)), status: http.StatusBadRequest,
			cause:  "The attribute was declared as a number or a boolean.",
			remedy: "Declare it as a string.",
		},
		{
			method: http.MethodPatch, path: ann, body: patch(replace("title", strings.Repeat("x", 4097))), status: http.StatusBadRequest,
			cause:  "The value is longer than the application takes. Of userName, externalId and e-mail addresses that is 512 characters.",
			remedy: "Shorten it in the directory, or by an expression.",
		},
		{
			method: http.MethodPatch, path: ann, body: patch(replace("title", "x")), status: http.StatusNotFound,
			before: func(s *stage) { s.send(http.MethodDelete, ann, nil, nil) },
			cause:  "The user or group was deleted by another connection, and this one still has its id.",
			remedy: "Have the link dropped (Entra: restart with the links dropped; Okta: unassign and assign again). The person then comes back, under the same id unless the application has purged it.",
		},
	}
}

func groupTroubles() []trouble {
	member := object{"op": "Add", "path": "members", "value": list{object{"value": "7f3c"}}}
	return []trouble{
		{
			method: http.MethodPost, path: "/Groups", body: object{"displayName": "STAFF"}, status: http.StatusConflict,
			cause:  "Another group has this name, in any case of letters.",
			remedy: "Rename one of the two in the directory.",
		},
		{
			method: http.MethodPost, path: "/Groups", body: object{"externalId": "7"}, status: http.StatusBadRequest,
			cause:  "The group has no name, or no mapping of one.",
			remedy: "Map the group's name to displayName.",
		},
		{
			method: http.MethodPatch, path: "/Groups/{staff}", body: patch(member), status: http.StatusBadRequest,
			cause:  "A member was deleted in the application. The ids that are not known are in the text.",
			remedy: "Provision those people again, then the group.",
		},
	}
}

func passingTroubles() []trouble {
	return []trouble{
		{
			method: http.MethodGet, path: "/Users", status: http.StatusTooManyRequests,
			rate:   &scim.RateLimit{PerSecond: 25, Burst: 3},
			cause:  "More requests than this connection may send.",
			remedy: "None: the identity provider waits and repeats it. If it happens in each cycle, ask for a higher limit.",
		},
		{
			method: http.MethodDelete, path: "/Users/{bob}", status: http.StatusTooManyRequests,
			policy: scim.Policy{Removals: scim.RemovalLimit{Users: 1, Window: time.Hour}}, before: remove("{ann}"),
			cause:  "The application's guard against mass removal, where it is switched on.",
			remedy: "See whether the people really are to leave. If so, ask whoever runs the application to release the connection; if not, correct scope and assignments.",
		},
		{
			method: http.MethodGet, path: "/Users", status: http.StatusServiceUnavailable,
			before: func(s *stage) { s.broken = true },
			cause:  "The application cannot look up tokens.",
			remedy: "None: it is repeated. The token is not lost.",
		},
	}
}

// Status is the status with its scimType or its name, such as 409 uniqueness.
func (p Trouble) Status() string {
	kind, _ := p.Answer.Problem()
	return fmt.Sprint(p.Answer.Status, " ", cmp.Or(kind, http.StatusText(p.Answer.Status)))
}

// Detail is what the library says.
func (p Trouble) Detail() string {
	_, detail := p.Answer.Problem()
	return detail
}

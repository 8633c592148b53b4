package dialect

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/usher-scim/scim/idp"
)

// TestConnection does what the provider does when an administrator tests the connection
// or activates it. What it makes at the service it deletes again. An error says what
// was not as it has to be; it is [ErrToken] if the token is not taken.
func (p *Provider) TestConnection(ctx context.Context) error {
	r := p.begin(ctx)
	for _, probe := range p.dialect.Probes {
		if err := r.probe(probe); err != nil {
			return err
		}
	}
	if p.dialect.TestUser == "" {
		return nil
	}
	return r.activate()
}

// tested puts a part of the test on the log, and returns what went wrong with it.
func (r *run) tested(what, id string, code int, err error) error {
	_ = r.note(ActionTest, what, id, code, err) // whatever it is, the test is over
	if err != nil {
		return fmt.Errorf("testing the connection: %s: %w", what, err)
	}
	return nil
}

// probe reads what there has to be.
func (r *run) probe(target string) error {
	path, text, _ := strings.Cut(target, "?")
	query := strings.NewReplacer(" ", r.dialect.escape(" "), `"`, "%22").Replace(text)
	answer, err := r.do(http.MethodGet, path, query, nil)
	code := status(answer, err)
	if code == http.StatusNotFound && r.dialect.Absent404 && strings.Contains(query, "filter=") {
		return r.tested(target, "", code, nil)
	}
	if err == nil && (path == "/Users" || path == "/Groups") {
		_, err = list(answer)
	}
	return r.tested(target, "", code, err)
}

// activate makes a user and a group with it, and deletes both. A service without groups
// is taken as it is; a user that cannot be deleted is deactivated.
func (r *run) activate() error {
	test := &account{person: Person{
		ID: "test", UserName: r.dialect.TestUser, Email: r.dialect.TestUser,
		GivenName: "Test", FamilyName: "User", DisplayName: "Test User",
	}}
	body := r.body(test)
	answer, err := r.do(http.MethodPost, "/Users", "", r.whole(body))
	code := status(answer, err)
	if err == nil {
		test.id, err = created(answer)
	}
	if err = r.tested("user", test.id, code, err); err != nil {
		return err
	}
	test.sent = body
	group, err := r.testGroup(test.id)
	if err != nil {
		return err
	}
	if err := r.dropTestUser(test); err != nil || group == "" {
		return err
	}
	answer, err = r.do(http.MethodDelete, "/Groups/"+url.PathEscape(group), "", nil)
	return r.tested("group deleted", group, status(answer, err), err)
}

// testGroup makes a group with a member; "" is that of a service that has none.
func (r *run) testGroup(member string) (id string, err error) {
	answer, err := r.do(http.MethodPost, "/Groups", "", idp.Resource{
		"schemas": []string{idp.GroupSchema}, "displayName": r.dialect.Name + " test group", "members": refs([]string{member}),
	})
	code := status(answer, err)
	switch {
	case code == http.StatusNotFound, unsupported(code):
		return "", r.tested("no groups", "", code, nil)
	case err == nil:
		id, err = created(answer)
	}
	return id, r.tested("group", id, code, err)
}

func (r *run) dropTestUser(a *account) error {
	answer, err := r.do(http.MethodDelete, "/Users/"+url.PathEscape(a.id), "", nil)
	code := status(answer, err)
	if !unsupported(code) {
		return r.tested("user deleted", a.id, code, err)
	}
	body := a.sent.Clone()
	body["active"] = false
	answer, err = r.write(a, body)
	return r.tested("user deactivated", a.id, status(answer, err), err)
}

func unsupported(code int) bool {
	return code == http.StatusMethodNotAllowed || code == http.StatusNotImplemented
}

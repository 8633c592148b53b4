package dialect

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"slices"

	"github.com/usher-scim/scim/idp"
)

// Sync sends what is due: first who has left, then everybody else in the order they
// came into the directory, then groups by their names. What fails stays due, and so does
// a write that nobody answered. An error means that the rest was not tried: the service
// cannot be reached, or it does not take the token ([ErrToken]).
func (p *Provider) Sync(ctx context.Context) (Report, error) {
	r := p.begin(ctx)
	err := r.aggregate()
	if err == nil {
		err = r.users()
	}
	if err == nil && p.dialect.Groups {
		err = r.allGroups()
	}
	r.report.Due = p.due()
	return r.report, err
}

// aggregate reads all that the service has, where the provider does that.
func (r *run) aggregate() error {
	if !r.dialect.Aggregates {
		return nil
	}
	_, err := r.readAll("/Users", r.dialect.Find)
	if err == nil && r.dialect.Groups {
		_, err = r.readAll("/Groups", r.dialect.FindGroup)
	}
	if err == nil {
		return nil
	}
	return r.note(ActionAggregate, "", "", status(nil, err), err)
}

// due is how many people and groups there is something to do for.
func (p *Provider) due() (n int) {
	n = len(p.gone)
	for _, a := range p.order {
		if p.isDue(a) {
			n++
		}
	}
	if !p.dialect.Groups {
		return n
	}
	for _, g := range p.groups {
		if p.groupIsDue(g) {
			n++
		}
	}
	return n + len(p.goneGroups)
}

// isDue reports whether the service does not have a person as it is to be. Of
// somebody who is disabled, it is only told that.
func (p *Provider) isDue(a *account) bool {
	switch {
	case !a.person.Disabled:
		return a.id == "" || len(a.doubt) > 0 || !reflect.DeepEqual(a.sent, p.body(a))
	case a.id == "" || p.dialect.Disabled == LeaveAlone:
		return false
	}
	return p.dialect.Disabled == Delete || a.active()
}

// active reports whether the service has the person as active, for all that is known.
func (a *account) active() bool {
	_, unsure := a.doubt["active"]
	return unsure || a.sent == nil || a.sent["active"] != false
}

// users sends everybody. A second round is for those whose manager got an id in the first.
func (r *run) users() error {
	for _, a := range slices.Clone(r.gone) {
		if err := r.offboard(a); err != nil {
			return err
		}
	}
	rounds := []func(*account) bool{
		func(a *account) bool { return a.person.Disabled },
		func(*account) bool { return true },
		func(*account) bool { return true },
	}
	for _, takes := range rounds {
		for _, a := range r.order {
			if !takes(a) || r.failed[a] || !r.isDue(a) {
				continue
			}
			if err := r.person(a); err != nil {
				return err
			}
		}
	}
	return nil
}

// person does what is due for somebody in the directory.
func (r *run) person(a *account) error {
	switch {
	case a.person.Disabled && r.dialect.Disabled == Delete:
		return r.remove(a)
	case a.person.Disabled:
		return r.deactivate(a)
	case a.id != "":
		return r.update(a)
	case r.dialect.CreateFirst:
		return r.create(a)
	}
	return r.provision(a)
}

// provision links somebody to the user that is there already, or makes one.
func (r *run) provision(a *account) error {
	linked, err := r.link(a)
	switch {
	case err != nil:
		r.failed[a] = true
		return r.note(ActionLink, a.person.UserName, "", status(nil, err), err)
	case linked:
		return r.update(a)
	}
	return r.create(a)
}

// link looks somebody up, and reports whether there is a user.
func (r *run) link(a *account) (bool, error) {
	found, err := r.find("/Users", r.dialect.Find, "userName", r.dialect.Find.value(a.person))
	if err != nil || found == nil {
		return false, err
	}
	if r.linked[found.ID()] {
		return false, &Refusal{Status: http.StatusOK, Detail: "the user that is found is somebody else's"}
	}
	r.adopt(a, found.ID())
	r.mapped(a.doubtful)
	return true, r.note(ActionLink, a.person.UserName, a.id, http.StatusOK, nil)
}

// doubtful takes down that nobody knows what the service has for an attribute.
func (a *account) doubtful(c Change) {
	if a.doubt == nil {
		a.doubt = make(map[string]Change)
	}
	a.doubt[c.path()] = c
}

// adopt takes down who somebody is at the service.
func (p *Provider) adopt(a *account, id string) {
	a.id, a.sent, a.doubt = id, nil, nil
	p.linked[id] = true
	p.hear(id)
}

// hear gives an id its place among those of members.
func (p *Provider) hear(id string) {
	if _, known := p.rank[id]; !known {
		p.rank[id] = len(p.rank)
	}
}

// create makes a user. Where the service has one after all, somebody else or an
// earlier attempt of the provider made it.
func (r *run) create(a *account) error {
	body := r.body(a)
	answer, err := r.do(http.MethodPost, "/Users", "", r.whole(body))
	again := 0
	for ; again < r.dialect.Repeat && unanswered(err) && r.ctx.Err() == nil; again++ {
		answer, err = r.do(http.MethodPost, "/Users", "", r.whole(body))
	}
	if status(answer, err) == http.StatusConflict && (again > 0 || r.dialect.CreateFirst) {
		linked, lookup := r.link(a)
		switch {
		case linked && lookup == nil:
			return r.update(a)
		case lookup != nil:
			err = lookup
		}
	}
	code := status(answer, err)
	var id string
	if err == nil {
		id, err = created(answer)
	}
	if err == nil {
		r.adopt(a, id)
		a.sent = body
	} else {
		r.failed[a] = true
	}
	return r.note(ActionCreate, a.person.UserName, a.id, code, err)
}

// unanswered reports whether nobody can know what came of a request.
func unanswered(err error) bool {
	var refused *Refusal
	return err != nil && (!errors.As(err, &refused) || refused.Status >= http.StatusInternalServerError)
}

// update brings a user up to date. One that is gone is looked up, or made, anew.
func (r *run) update(a *account) error {
	body := r.body(a)
	answer, err := r.write(a, body)
	code, id := status(answer, err), a.id
	if err == nil {
		return r.note(ActionUpdate, a.person.UserName, id, code, nil)
	}
	r.failed[a] = true
	if code == http.StatusNotFound {
		r.unlink(a)
	}
	if err := r.note(ActionUpdate, a.person.UserName, id, code, err); err != nil {
		return err
	}
	if code == http.StatusNotFound && r.dialect.Remake {
		return r.create(a)
	}
	return nil
}

// write sends a user as it is to be from now on, and takes down what came of it.
func (r *run) write(a *account, now idp.Resource) (*idp.Answer, error) {
	changed := changes(a.sent, now, a.doubt)
	answer, err := r.send(a, now, changed)
	switch {
	case err == nil:
		a.sent, a.doubt = now, nil
	case unanswered(err):
		for _, c := range changed {
			a.doubtful(c)
		}
	}
	return answer, err
}

func (r *run) send(a *account, now idp.Resource, changed []Change) (*idp.Answer, error) {
	path := "/Users/" + url.PathEscape(a.id)
	switch {
	case r.dialect.Patch != nil:
		return r.do(http.MethodPatch, path, "", patch(r.dialect.Patch(changed)))
	case !r.dialect.Echo:
		return r.do(http.MethodPut, path, "", r.whole(now))
	}
	answer, err := r.do(http.MethodGet, path, "", nil)
	if err != nil {
		return nil, err
	}
	there, err := answer.Resource()
	if err != nil || there == nil {
		return nil, &Refusal{Status: answer.Status, Detail: "the answer has no resource"}
	}
	for _, c := range changed {
		c.apply(there)
	}
	listed, _ := there["schemas"].([]any)
	for _, urn := range r.schemas(now) {
		if !slices.Contains(listed, any(urn)) {
			listed = append(listed, urn)
		}
	}
	there["schemas"] = listed
	return r.do(http.MethodPut, path, "", there)
}

// patch is the body of a PATCH.
func patch(ops []Op) map[string]any {
	return map[string]any{"schemas": []string{idp.PatchOp}, "Operations": ops}
}

// whole is a user with the schemas that the provider announces.
func (r *run) whole(body idp.Resource) idp.Resource {
	out := body.Clone()
	out["schemas"] = r.schemas(body)
	return out
}

func (r *run) schemas(body idp.Resource) []string {
	switch _, extended := body[idp.EnterpriseSchema]; {
	case r.dialect.Schemas != nil:
		return r.dialect.Schemas
	case extended:
		return []string{idp.UserSchema, idp.EnterpriseSchema}
	}
	return []string{idp.UserSchema}
}

// deactivate ends somebody's access: what the service took last is sent with active
// false, so that no other value can stand in the way. Who is gone needs nothing more.
func (r *run) deactivate(a *account) error {
	body := a.sent.Clone()
	if a.sent == nil {
		body = r.body(a)
	}
	body["active"] = false
	answer, err := r.write(a, body)
	code, id := status(answer, err), a.id
	switch {
	case code == http.StatusNotFound:
		r.unlink(a)
		err = nil
	case err != nil:
		r.failed[a] = true
	}
	return r.note(ActionDeactivate, a.person.UserName, id, code, err)
}

// remove deletes a user.
func (r *run) remove(a *account) error {
	gone, err := r.drop(ActionDelete, a.person.UserName, "/Users/", a.id)
	r.failed[a] = !gone
	if gone {
		r.unlink(a)
	} else {
		a.doubtful(Change{Names: []string{"active"}})
	}
	return err
}

// drop deletes a resource, and reports whether it is gone: one that was not there is.
func (r *run) drop(action Action, name, endpoint, id string) (gone bool, err error) {
	answer, err := r.do(http.MethodDelete, endpoint+url.PathEscape(id), "", nil)
	code := status(answer, err)
	if code == http.StatusNotFound {
		err = nil
	}
	return err == nil, r.note(action, name, id, code, err)
}

// unlink forgets a user that the service has no more, and so no group has.
func (p *Provider) unlink(a *account) {
	for _, g := range p.groups {
		delete(g.sent, a.id)
	}
	delete(p.linked, a.id)
	a.id, a.sent, a.doubt = "", nil, nil
}

// offboard does what is due for somebody who was removed from the directory.
func (r *run) offboard(a *account) error {
	d := &r.dialect
	switch waits := d.Removed == Delete && r.clock.Now().Before(a.left.Add(d.Grace)); {
	case d.Removed == LeaveAlone || a.id == "":
	case d.Removed == Delete && !waits:
		if err := r.remove(a); err != nil || r.failed[a] {
			return err
		}
	case a.active():
		if err := r.deactivate(a); err != nil || r.failed[a] || waits {
			return err
		}
	case waits:
		return nil
	}
	delete(r.linked, a.id)
	r.gone = slices.DeleteFunc(r.gone, func(o *account) bool { return o == a })
	return nil
}

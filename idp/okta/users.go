package okta

import (
	"context"
	"maps"
	"net/http"
	"strings"

	"github.com/usher-scim/scim/idp"
)

// userJobs lists what is due about users.
func (a *App) userJobs() []*job {
	var jobs []*job
	now := a.org.clock.Now()
	there := make(map[string]bool)
	for _, s := range a.org.standings(a.groups) {
		there[s.id] = true
		acc := a.accounts[s.id]
		granted := s.status != Deprovisioned && (s.team > 0 || acc != nil && acc.assigned && acc.life == s.life)
		if acc == nil {
			if !granted {
				continue
			}
			acc = a.account(s.id, s.number)
		}
		order := max(s.seq, acc.seq, s.team)
		if acc.due(order, now) {
			jobs = append(jobs, a.userJob(acc, order, granted))
		}
	}
	for _, acc := range a.inOrder() { // of users who are deleted
		switch {
		case there[acc.user]:
		case !acc.linked:
			delete(a.accounts, acc.user)
		default:
			if acc.gone == 0 {
				acc.gone = a.org.tick()
			}
			if acc.due(acc.gone, now) {
				jobs = append(jobs, a.userJob(acc, acc.gone, false))
			}
		}
	}
	return jobs
}

func (a *App) userJob(acc *account, order uint64, granted bool) *job {
	if x := a.org.snapshot(acc.user); x != nil {
		acc.login = x.Login()
	}
	return &job{
		mark: &acc.mark, order: order, number: acc.number, target: acc.target(),
		do: func(ctx context.Context, r *run) error { return r.user(ctx, acc, granted) },
	}
}

func (acc *account) target() Target {
	return Target{Type: "User", ID: acc.user, Name: acc.login, External: acc.id}
}

// user does what is to be done about a user.
func (r *run) user(ctx context.Context, acc *account, granted bool) error {
	x := r.org.snapshot(acc.user)
	switch {
	case x == nil || !granted:
		if acc.linked {
			return r.deprovision(ctx, acc)
		}
		return nil
	case x.Status == Suspended:
		return nil
	case acc.pending:
		return r.resume(ctx, acc, x)
	case !acc.linked:
		return r.provision(ctx, acc, x)
	}
	sent, err := r.update(ctx, acc, x)
	if sent {
		r.report.Updated++
	}
	return err
}

func (acc *account) link(o *Org, id string) {
	acc.id, acc.linked, acc.pending, acc.change = id, true, false, o.tick()
}

func (acc *account) unlink(o *Org) {
	acc.linked, acc.pending, acc.change = false, false, o.tick()
}

// provision links a user to an account of the userName, or makes one.
func (r *run) provision(ctx context.Context, acc *account, x *person) error {
	values := r.profile(x.Profile)
	found, err := r.find(ctx, eventVerify, "/Users", "userName", values[r.userName])
	switch {
	case err != nil:
		return err
	case found != nil:
		return r.takeOver(ctx, acc, x, found)
	case r.config.WithoutCreate:
		return &Error{Event: eventCreate, Reason: "Matching user not found"}
	}
	acc.sent = values // should the answer be lost, and the account be found
	answer, err := r.call(ctx, eventCreate, http.MethodPost, "/Users", "", r.newUser(x, values))
	if err != nil {
		return err
	}
	if strings.TrimSpace(string(answer.Body)) == "" {
		return &Error{Event: eventCreate, Status: answer.Status, Reason: "Create new user returned empty user"}
	}
	made, err := resource(eventCreate, answer)
	if err != nil {
		return err
	}
	acc.link(r.org, made.ID())
	acc.secret, acc.unsure = x.passwordSeq, false
	r.report.Created++
	r.note(eventCreate, acc.target(), Success, "", answer.Status)
	return nil
}

// resume goes on with an account whose deactivation failed, as far as is known, if it
// is still there.
func (r *run) resume(ctx context.Context, acc *account, x *person) error {
	found, err := r.read(ctx, eventVerify, userPath(acc.id))
	if e := asError(err); e != nil && e.Status == http.StatusNotFound {
		acc.unlink(r.org)
		return r.provision(ctx, acc, x)
	}
	if err != nil {
		return err
	}
	return r.takeOver(ctx, acc, x, found)
}

// takeOver links a user to an account that is there, brings it to life, and sends the
// profile.
func (r *run) takeOver(ctx context.Context, acc *account, x *person, found idp.Resource) error {
	if found.ID() != acc.id && found.Text("externalId") != acc.user {
		acc.sent = nil // nothing of it is Okta's
	}
	acc.link(r.org, found.ID())
	acc.unsure = true
	r.note(eventVerify, acc.target(), Success, "", http.StatusOK)
	if active(found) {
		r.report.Linked++
		_, err := r.update(ctx, acc, x)
		return err
	}
	if r.flavour.patches || r.config.WithoutUpdate { // else the profile's PUT does it
		if err := r.setActive(ctx, acc, eventReactivate, true); err != nil {
			acc.pending = true // so that the next try looks again whether it is active
			return err
		}
		r.note(eventReactivate, acc.target(), Success, "", http.StatusOK)
	}
	r.report.Reactivated++
	_, err := r.update(ctx, acc, x)
	return err
}

// active reads what the service says. One that says nothing means yes.
func active(u idp.Resource) bool {
	switch v := u.Get(idp.MustPath("active")).(type) {
	case bool:
		return v
	case string:
		return !strings.EqualFold(v, "false")
	}
	return true
}

// update sends a profile that is not what was sent last, and a password. It reports
// whether there was such a profile.
func (r *run) update(ctx context.Context, acc *account, x *person) (sent bool, err error) {
	values := r.profile(x.Profile)
	sent = acc.unsure || !maps.Equal(r.updates(values), r.updates(acc.sent))
	if sent && r.config.WithoutUpdate {
		sent, acc.sent, acc.unsure = false, values, false
		r.note(eventUpdate, acc.target(), Skipped, "Update User Attributes is off", 0)
	}
	secret := r.config.SyncPassword && x.passwordSeq > acc.secret
	if sent {
		err = r.put(ctx, acc, eventUpdate, func(u idp.Resource) {
			if r.merge(u, x, values, acc.sent); secret && !r.flavour.patches {
				u["password"] = x.password
			}
			acc.sent, acc.unsure = acc.sent.and(values), true // should the answer be lost
		})
		if err != nil {
			return false, err
		}
		acc.sent, acc.unsure = values, false
		r.note(eventUpdate, acc.target(), Success, "", http.StatusOK)
	}
	if !secret {
		return sent, nil
	}
	if r.flavour.patches || !sent {
		if err := r.setPassword(ctx, acc, x.password); err != nil {
			return sent, err
		}
	}
	acc.secret = x.passwordSeq
	r.report.Passwords++
	r.note(eventPassword, acc.target(), Success, "", http.StatusOK)
	return sent, nil
}

// put reads a user and writes it back changed.
func (r *run) put(ctx context.Context, acc *account, event string, change func(idp.Resource)) error {
	u, err := r.read(ctx, event, userPath(acc.id))
	if err != nil {
		return err
	}
	change(u)
	_, err = r.call(ctx, event, http.MethodPut, userPath(acc.id), "", u)
	return err
}

// set writes one attribute by the flavour's method.
func (r *run) set(ctx context.Context, acc *account, event, attribute string, value any) error {
	if r.flavour.patches {
		_, err := r.call(ctx, event, http.MethodPatch, userPath(acc.id), "", patch(set(map[string]any{attribute: value})))
		return err
	}
	return r.put(ctx, acc, event, func(u idp.Resource) { u[attribute] = value })
}

func (r *run) setActive(ctx context.Context, acc *account, event string, active bool) error {
	return r.set(ctx, acc, event, "active", active)
}

func (r *run) setPassword(ctx context.Context, acc *account, password string) error {
	return r.set(ctx, acc, eventPassword, "password", password)
}

// deprovision deactivates an account. Okta deletes none.
func (r *run) deprovision(ctx context.Context, acc *account) error {
	if r.config.WithoutDeactivate {
		r.note(eventDeactivate, acc.target(), Skipped, "Deactivate Users is off", 0)
		acc.unlink(r.org)
		return nil
	}
	acc.pending = true
	if err := r.setActive(ctx, acc, eventDeactivate, false); err != nil {
		return err
	}
	acc.unlink(r.org)
	r.report.Deactivated++
	r.note(eventDeactivate, acc.target(), Success, "", http.StatusOK)
	return nil
}

package okta

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// The kinds of entries, by Okta's names.
const (
	eventCreate         = "application.provision.user.push"
	eventVerify         = "application.provision.user.verify_exists"
	eventUpdate         = "application.provision.user.push_profile"
	eventDeactivate     = "application.provision.user.deactivate"
	eventReactivate     = "application.provision.user.reactivate"
	eventPassword       = "application.provision.user.push_password"
	eventImport         = "application.provision.user.import"
	eventGroupVerify    = "application.provision.group.verify_exists"
	eventGroupAdd       = "application.provision.group.add"
	eventGroupUpdate    = "application.provision.group_push.updated"
	eventGroupRemove    = "application.provision.group_push.removed"
	eventGroupUnlink    = "application.provision.group_push.deactivate_mapping"
	eventGroupImport    = "application.provision.group.import"
	eventMembersIgnored = "app.user_management.grouppush.mapping.okta.users.ignored"
	eventConfiguration  = "application.configuration.update"
	eventAuthentication = "application.integration.authentication_failure"
	eventRateLimit      = "application.integration.rate_limit_exceeded"
)

// Outcome is what came of something.
type Outcome string

// The outcomes, by Okta's names.
const (
	Success Outcome = "SUCCESS"
	Failure Outcome = "FAILURE"
	Skipped Outcome = "SKIPPED"
)

// Target is who or what an entry or a task is about.
type Target struct {
	Type string // User, UserGroup or AppInstance
	ID   string // Okta's: 00u…, 00g…
	Name string // the login, or the group's name
	// External is the id at the service; "" where it is not known.
	External string
}

// Entry is a line of the log, much as in Okta's system log.
type Entry struct {
	Time    time.Time
	Event   string // such as application.provision.user.push
	Actor   string // always Okta itself
	Target  Target
	Outcome Outcome
	Reason  string // why it failed or was skipped; "" of a success
	Status  int    // of the answer; 0 where there was none
	Detail  string // what the service said
}

const actor = "Okta System"

// Log lists what the application did and what came of it, oldest first.
func (a *App) Log() []Entry {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.log)
}

func (a *App) note(event string, t Target, o Outcome, reason string, status int) {
	a.log = append(a.log, Entry{
		Time: a.org.clock.Now(), Event: event, Actor: actor, Target: t, Outcome: o, Reason: reason, Status: status,
	})
}

// byStatus are the kinds of failures that are not about what was to be done.
var byStatus = map[int]string{
	http.StatusUnauthorized:    eventAuthentication,
	http.StatusTooManyRequests: eventRateLimit,
}

// noteFailure notes an error of the service.
func (a *App) noteFailure(t Target, e *Error) {
	a.note(cmp.Or(byStatus[e.Status], e.Event), t, Failure, e.Reason, e.Status)
	a.log[len(a.log)-1].Detail = e.Detail
}

// Task is something that failed and waits for an administrator, or to be tried again.
type Task struct {
	Since   time.Time // of the last try
	Target  Target
	Message string // as the page of tasks words it
	Status  int    // of the answer; 0 where there was none
	Tries   int
	// Retry is when it is tried again by itself. The zero time: not until something
	// about the user or group changes, or RetryFailed.
	Retry time.Time
}

// Tasks lists what failed and has not succeeded since: users in order of their
// creation, then groups in the order in which they were pushed.
func (a *App) Tasks() []Task {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out []Task
	add := func(m *mark) {
		if f := m.failure; f != nil {
			out = append(out, Task{Since: f.at, Target: f.target, Message: f.message, Status: f.status, Tries: f.tries, Retry: f.next})
		}
	}
	for _, x := range a.inOrder() {
		add(&x.mark)
	}
	for _, p := range a.pushes {
		add(&p.mark)
	}
	return out
}

// messages are how tasks begin, by what failed.
var messages = map[string]string{
	eventVerify:      "Automatic provisioning of user %[1]s to app %[2]s failed: Error while checking whether the user exists: ",
	eventCreate:      "Automatic provisioning of user %[1]s to app %[2]s failed: Error while creating user %[1]s: ",
	eventUpdate:      "Automatic profile push of user %[1]s to app %[2]s failed: Error while trying to push profile update for %[1]s: ",
	eventReactivate:  "Automatic reactivation of user %[1]s in app %[2]s failed: ",
	eventDeactivate:  "Automatic deprovisioning of user %[1]s from app %[2]s failed: ",
	eventPassword:    "Automatic password push of user %[1]s to app %[2]s failed: ",
	eventGroupVerify: "Unable to look up group %[1]s in app %[2]s: ",
	eventGroupAdd:    "Unable to create group %[1]s in app %[2]s: ",
	eventGroupUpdate: "Unable to update group push mapping target app group %[1]s in app %[2]s: ",
	eventGroupRemove: "Unable to delete group push mapping target app group %[1]s in app %[2]s: ",
}

// message words a failure for the page of tasks.
func (a *App) message(t Target, e *Error) string {
	begin := cmp.Or(messages[e.Event], "Provisioning of %[1]s to app %[2]s failed: ")
	return fmt.Sprintf(begin, t.Name, a.config.Name) + e.Reason
}

// asError is an error of the service, or nil if it is none.
func asError(err error) *Error {
	var e *Error
	errors.As(err, &e)
	return e
}

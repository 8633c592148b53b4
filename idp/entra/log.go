package entra

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/usher-scim/scim/idp"
)

// Action is what an entry of the provisioning log is about.
type Action string

// The actions of the provisioning log. A memberships' change is an update of its group.
const (
	ActionCreate       Action = "Create"
	ActionUpdate       Action = "Update"
	ActionDelete       Action = "Delete"
	ActionDisable      Action = "Disable"
	ActionStagedDelete Action = "StagedDelete" // kept back by the prevention of accidental deletions
	ActionOther        Action = "Other"
)

// Outcome is how an entry of the log, or a step of it, ended.
type Outcome string

// The outcomes of the provisioning log.
const (
	Success Outcome = "Success"
	Failure Outcome = "Failure"
	Skipped Outcome = "Skipped"
	Warning Outcome = "Warning"
)

// LogRetention is how long an entry stays in the log.
const LogRetention = 30 * 24 * time.Hour

// Entry is one event in the provisioning log. As JSON it is a line of a log file.
type Entry struct {
	Time     time.Time `json:"time"`
	ChangeID string    `json:"changeId"` // unique
	CycleID  string    `json:"cycleId"`
	Action   Action    `json:"action"`
	Status   Outcome   `json:"status"`
	Source   Identity  `json:"source"`
	Target   Identity  `json:"target"`
	// ErrorCode and Detail say why something failed or was skipped.
	ErrorCode ErrorCode `json:"errorCode,omitempty"`
	Detail    string    `json:"detail,omitempty"`
	// HTTPStatus is that of the last answer; 0: there was none.
	HTTPStatus int `json:"httpStatus,omitempty"`
	// OnDemand is whether it was done on demand, beside all cycles.
	OnDemand bool       `json:"onDemand,omitempty"`
	Steps    []Step     `json:"steps"`
	Modified []Modified `json:"modifiedProperties,omitempty"`
}

// Identity is an object at one end of the connection.
type Identity struct {
	ID   string `json:"id,omitempty"`   // objectId at the source, id at the target
	Name string `json:"name,omitempty"` // userPrincipalName or displayName, at the source
	Type string `json:"type"`           // User or Group at the source, a schema's URN at the target
}

// Step is one step on an object's way, in the order taken.
type Step struct {
	Name   StepName `json:"name"`
	Status Outcome  `json:"status"`
	Detail string   `json:"detail,omitempty"`
}

// StepName names a step.
type StepName string

// The steps of the provisioning log. Runs on demand begin with StepConnect.
const (
	StepConnect   StepName = "test connection"
	StepImport    StepName = "import"
	StepScope     StepName = "scope"
	StepMatch     StepName = "match"
	StepEvaluate  StepName = "evaluate"
	StepProvision StepName = "provision"
)

// Modified is an attribute that was written: its target path, and the value before and
// after, as texts. A mapping's Redact shows as [Redact].
type Modified struct {
	Name string `json:"name"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

const redacted = "[Redact]"

// asShown is a value as the log shows it.
func asShown(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		texts := make([]string, len(v))
		for i, e := range v {
			texts[i] = asShown(e)
		}
		return strings.Join(texts, "; ")
	case map[string]any:
		if s := asShown(v["value"]); s != "" {
			return s
		}
	}
	return fmt.Sprint(v)
}

// step notes that a step was taken.
func (e *Entry) step(name StepName, o Outcome, detail string) {
	e.Steps = append(e.Steps, Step{name, o, detail})
}

// skip ends an entry that needs nothing, or nothing that may be done.
func (e *Entry) skip(name StepName, detail string) {
	e.Status, e.ErrorCode, e.Detail = Skipped, CodeSkipped, detail
	e.step(name, Skipped, detail)
}

// fail ends an entry that a fault befell, in the step that would have come next.
func (e *Entry) fail(f *fault) {
	e.Status, e.ErrorCode, e.Detail, e.HTTPStatus = Failure, f.code, f.detail, f.status
	next := StepProvision
	for i := len(route) - 2; i >= 0 && !e.took(route[i]); i-- {
		next = route[i]
	}
	e.step(next, Failure, f.detail)
}

// warn marks what was done although something is not as it should be.
func (e *Entry) warn(code ErrorCode, detail string) {
	if e.Status != Failure {
		e.Status, e.ErrorCode, e.Detail = Warning, code, detail
	}
}

// route is the way of every object that is provisioned.
var route = []StepName{StepImport, StepScope, StepMatch, StepEvaluate, StepProvision}

func (e *Entry) took(name StepName) bool {
	return slices.ContainsFunc(e.Steps, func(s Step) bool { return s.Name == name })
}

// modify notes what is written.
func (e *Entry) modify(changes []difference) {
	for _, d := range changes {
		m := Modified{Name: d.target.String(), Old: asShown(d.old), New: asShown(d.value)}
		if d.secret {
			m.Old, m.New = redacted, redacted
		}
		e.Modified = append(e.Modified, m)
	}
}

// logbook is the provisioning log.
type logbook struct {
	mu      sync.Mutex
	entries []Entry
	dropped int // how many expired
	made    uint64
}

// add enters an event.
func (l *logbook) add(e *Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.made++
	e.ChangeID = uuid.NewSHA1(namespace, fmt.Appendf(nil, "change %d", l.made)).String()
	l.entries = append(l.entries, *e)
}

// expire drops what is too old.
func (l *logbook) expire(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := 0
	for n < len(l.entries) && now.Sub(l.entries[n].Time) > LogRetention {
		n++
	}
	l.entries, l.dropped = l.entries[n:], l.dropped+n
}

// since returns a copy of the events from the nth on that were ever entered, and how
// many those are.
func (l *logbook) since(n int) ([]Entry, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := min(max(n-l.dropped, 0), len(l.entries))
	return slices.Clone(l.entries[from:]), l.dropped + len(l.entries)
}

// sourceTypes and targetTypes are what the log calls the objects.
var (
	sourceTypes = map[bool]string{false: "User", true: "Group"}
	targetTypes = map[bool]string{false: idp.EnterpriseSchema, true: idp.GroupSchema}
)

// nameOf is what people call an object.
func nameOf(r record) string {
	if r.group {
		return r.props.Text("displayName")
	}
	return r.props.Text("userPrincipalName")
}

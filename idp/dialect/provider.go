package dialect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/usher-scim/scim/idp"
)

// Provider is one simulated provider: a directory of people and groups, and a client
// that sends to a service what has changed. New makes one. It is not to be used by
// several goroutines at once.
type Provider struct {
	dialect Dialect
	service *idp.Service
	clock   *idp.Clock

	people     map[string]*account // by Person.ID
	names      map[string]string   // from the userName, in lower case, to Person.ID
	order      []*account          // as they came
	gone       []*account          // removed, and not yet through with
	linked     map[string]bool     // ids of users who are somebody's
	groups     map[string]*group   // by name
	goneGroups []*group
	madeGroups int
	rank       map[string]int // ids of members at the service, in the order they were heard of
	log        []Entry
}

// New returns a provider with an empty directory. Fields of the service may be changed
// between calls, as an administrator does who enters another token. A nil clock is one
// of the provider's own.
func New(d Dialect, s *idp.Service, clock *idp.Clock) *Provider {
	if clock == nil {
		clock = new(idp.Clock)
	}
	return &Provider{
		dialect: d, service: s, clock: clock,
		people: make(map[string]*account), names: make(map[string]string), linked: make(map[string]bool),
		groups: make(map[string]*group), rank: make(map[string]int),
	}
}

// Dialect is how the provider speaks.
func (p *Provider) Dialect() Dialect { return p.dialect }

// Clock is the provider's time.
func (p *Provider) Clock() *idp.Clock { return p.clock }

// Action is what a provider did, or tried to do, at the service.
type Action string

// The actions.
const (
	ActionTest        Action = "test"       // part of the connection test
	ActionAggregate   Action = "aggregate"  // of all that the service has
	ActionLink        Action = "link"       // a user or group was found that is there already
	ActionCreate      Action = "create"     // of a user
	ActionUpdate      Action = "update"     // also that gives access again
	ActionDeactivate  Action = "deactivate" // of somebody who has left
	ActionDelete      Action = "delete"
	ActionCreateGroup Action = "create group"
	ActionUpdateGroup Action = "update group" // its name, or all of it by PUT
	ActionMembers     Action = "members"      // a PATCH of them
	ActionDeleteGroup Action = "delete group"
)

// Entry is a line of a provider's log.
type Entry struct {
	Time   time.Time `json:"time"`
	Action Action    `json:"action"`
	Target string    `json:"target"`           // a userName or the name of a group; of a test what was read
	ID     string    `json:"id,omitempty"`     // at the service, if it is known
	Failed bool      `json:"failed,omitempty"` // what failed is tried again by the next Sync
	Status int       `json:"status,omitempty"` // of the answer; 0: there was none
	Detail string    `json:"detail,omitempty"` // what the service said, or why there was no answer
}

// Log returns what the provider did, oldest first.
func (p *Provider) Log() []Entry { return slices.Clone(p.log) }

// Report is what came of a Sync.
type Report struct {
	Requests int           // with those that were sent again
	Done     int           // actions that the service took
	Failed   int           // actions that it refused
	Due      int           // people and groups that something is left to do for
	Waited   time.Duration // as the service asked, in simulated time
}

// ErrToken says that the service does not take the token.
var ErrToken = errors.New("dialect: the service refuses the token")

// Refusal is an answer that is no success, or not what it has to be.
type Refusal struct {
	Status   int
	ScimType string
	Detail   string
}

// Error says what the service said.
func (r *Refusal) Error() string {
	return strings.TrimSpace(fmt.Sprintf("dialect: the service answered %d: %s %s", r.Status, r.ScimType, r.Detail))
}

// run is one Sync or connection test.
type run struct {
	*Provider
	ctx    context.Context
	report Report
	lists  map[string]*reading // read to the end, by endpoint
	failed map[*account]bool   // not to be tried again in this Sync
	stuck  map[*group]bool     // the same
}

// reading is all of a list, or why it could not be read.
type reading struct {
	all []idp.Resource
	err error
}

func (p *Provider) begin(ctx context.Context) *run {
	return &run{Provider: p, ctx: ctx, lists: make(map[string]*reading), failed: make(map[*account]bool), stuck: make(map[*group]bool)}
}

// patience is how often a request is sent again that was answered 429.
const patience = 5

// do sends a request. An answer that is no success is a *Refusal, 401 ErrToken too.
func (r *run) do(method, path, query string, body any) (*idp.Answer, error) {
	for try := 0; ; try++ {
		a, err := r.service.Send(r.ctx, idp.Request{Method: method, Path: path, Query: query, Header: r.header(path, body), Body: body})
		r.report.Requests++
		if err != nil {
			return nil, fmt.Errorf("dialect: %s %s: %w", method, path, err)
		}
		if a.OK() {
			return a, nil
		}
		wait := a.RetryAfter()
		if a.Status != http.StatusTooManyRequests || r.dialect.Impatient || wait == 0 || try == patience {
			return nil, refusal(a)
		}
		r.clock.Advance(wait)
		r.report.Waited += wait
	}
}

func refusal(a *idp.Answer) error {
	e := &Refusal{Status: a.Status}
	e.ScimType, e.Detail = a.Problem()
	if a.Status == http.StatusUnauthorized {
		return fmt.Errorf("%w: %w", ErrToken, e)
	}
	return e
}

// header is what the dialect's requests have beside the token.
func (r *run) header(path string, body any) http.Header {
	d := &r.dialect
	h := http.Header{"User-Agent": {d.UserAgent}}
	if d.Accept != "" {
		h.Set("Accept", d.Accept)
	}
	if body != nil || d.TypedReads {
		media := d.Media
		if strings.HasPrefix(path, "/Groups") && d.GroupMedia != "" {
			media = d.GroupMedia
		}
		if media == "" {
			media = idp.MediaType
		}
		h.Set("Content-Type", media)
	}
	return h
}

// status is that of the answer, or of the refusal; 0 without one.
func status(a *idp.Answer, err error) int {
	var refused *Refusal
	switch {
	case a != nil:
		return a.Status
	case errors.As(err, &refused):
		return refused.Status
	}
	return 0
}

// note puts an action on the log. It returns an error if there is no use in going on:
// the service cannot be reached, or refuses the token.
func (r *run) note(action Action, target, id string, code int, err error) error {
	e := Entry{Time: r.clock.Now(), Action: action, Target: target, ID: id, Status: code}
	var refused *Refusal
	switch {
	case err == nil:
		r.report.Done++
	case errors.As(err, &refused):
		e.Failed, e.Detail = true, strings.TrimSpace(refused.ScimType+" "+refused.Detail)
		r.report.Failed++
	default:
		e.Failed, e.Detail = true, err.Error()
		r.report.Failed++
	}
	r.log = append(r.log, e)
	if err != nil && (refused == nil || errors.Is(err, ErrToken)) {
		return err
	}
	return nil
}

// list reads a list answer.
func list(a *idp.Answer) (*idp.List, error) {
	l, err := a.List()
	if err != nil {
		return nil, &Refusal{Status: a.Status, Detail: err.Error()}
	}
	return l, nil
}

// created reads the id from the answer to a create.
func created(a *idp.Answer) (string, error) {
	made, err := a.Resource()
	if err != nil || made.ID() == "" {
		return "", &Refusal{Status: a.Status, Detail: "the answer has no resource with an id"}
	}
	return made.ID(), nil
}

// find looks up who has a value under an attribute; nil is nobody.
func (r *run) find(endpoint string, l Lookup, attribute, value string) (idp.Resource, error) {
	var found []idp.Resource
	switch {
	case l.Filter != "":
		a, err := r.do(http.MethodGet, endpoint, l.query(&r.dialect, value), nil)
		if r.dialect.Absent404 && status(a, err) == http.StatusNotFound {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		answer, err := list(a)
		if err != nil {
			return nil, err
		}
		found = answer.Resources
	default:
		all, err := r.readAll(endpoint, l)
		if err != nil {
			return nil, err
		}
		for _, e := range all {
			if strings.EqualFold(e.Text(attribute), value) {
				found = append(found, e)
			}
		}
	}
	switch {
	case len(found) == 0:
		return nil, nil
	case len(found) > 1 || found[0].ID() == "":
		return nil, &Refusal{Status: http.StatusOK, Detail: fmt.Sprintf("%d resources are found for %q, or one without an id", len(found), value)}
	}
	return found[0], nil
}

// readAll reads a list page by page, once in a run.
func (r *run) readAll(endpoint string, l Lookup) ([]idp.Resource, error) {
	if r.lists[endpoint] == nil {
		all, err := r.pages(endpoint, l)
		r.lists[endpoint] = &reading{all, err}
	}
	return r.lists[endpoint].all, r.lists[endpoint].err
}

func (r *run) pages(endpoint string, l Lookup) (all []idp.Resource, err error) {
	for {
		a, err := r.do(http.MethodGet, endpoint, l.page(len(all)+1), nil)
		if err != nil {
			return nil, err
		}
		page, err := list(a)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Resources...)
		if len(page.Resources) == 0 || len(all) >= *page.TotalResults {
			return all, nil
		}
	}
}

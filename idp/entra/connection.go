package entra

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/usher-scim/scim/idp"
)

// ConnectionError is why a test of the connection failed.
type ConnectionError struct {
	Code   ErrorCode
	Status int    // of the answer; 0: there was none
	Reason Reason // the quarantine that a cycle would end in; "": it would not
	Detail string
}

func (e *ConnectionError) Error() string {
	return fmt.Sprintf("entra: the connection does not work: %s (%d): %s", e.Code, e.Status, e.Detail)
}

// TestConnection does what the button of that name does: it asks for a user whose
// first matching attribute is a random GUID, and for such a group where groups are
// provisioned. Each has to be answered 200 with an empty list. The error is
// a *ConnectionError, ErrNotConfigured or that of the context; the state of the job does
// not change.
func (j *Job) TestConnection(ctx context.Context) error {
	j.running.Lock()
	defer j.running.Unlock()
	j.mu.Lock()
	if j.state() == NotConfigured {
		j.mu.Unlock()
		return ErrNotConfigured
	}
	c := j.take()
	j.mu.Unlock()
	err := c.testUsers(ctx)
	if err == nil && !c.groups.Disabled {
		err = c.test(ctx, c.groups)
	}
	return connectionError(err)
}

// connectionError is what a user sees of a fault.
func connectionError(err error) error {
	var f *fault
	if !errors.As(err, &f) {
		return err
	}
	e := &ConnectionError{Code: CodeCredentials, Status: f.status, Reason: f.reason, Detail: f.detail}
	if f.code == CodeIncompatible || f.code == CodeIncompatibleFiltering {
		e.Code = f.code
	}
	return e
}

func (c *cycle) testUsers(ctx context.Context) error { return c.test(ctx, c.users) }

// test asks for an object that cannot exist.
func (c *cycle) test(ctx context.Context, m *mapping) error {
	c.j.tests++
	guid := uuid.NewSHA1(namespace, fmt.Appendf(nil, "nobody %d", c.j.tests)).String()
	found, err := c.query(ctx, m.group, match{m.firstMatch(), guid})
	if err == nil && len(found) > 0 {
		err = &fault{code: CodeIncompatibleFiltering, status: http.StatusOK, detail: fmt.Sprintf("%d resources were found where there can be none: the filter does not work", len(found))}
	}
	return err
}

// firstMatch is the matching attribute that comes first.
func (m *mapping) firstMatch() idp.Path { return m.rows[m.matching[0]].target }

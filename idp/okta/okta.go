// Package okta simulates Okta: an organisation of people and groups, and the SCIM
// client by which it provisions them to an application, in both flavours.
//
//	org := okta.NewOrg(nil)
//	ann, err := org.AddUser(okta.Profile{"login": "ann@example.com", "email": "ann@example.com"})
//	...
//	app, err := okta.NewApp(org, okta.Config{Service: &idp.Service{Handler: handler, Token: token}})
//	...
//	err = app.Assign(ann.ID)
//	...
//	report, err := app.Sync(ctx)
//
// An [App] of the catalogue writes profiles by PUT, and by PATCH who is active, the
// password and groups. One that an administrator makes with the wizard writes
// everything by PUT, and reads it before. What is known of either is on the wire to
// the letter: headers, queries, bodies and the order of the calls.
//
// Okta sends by itself within seconds of a change. Here nothing is sent until
// [App.Sync] is called, which then sends all that has come due, in the order in which
// it did; of several changes to one user or group the result alone is sent. Time is a
// [idp.Clock]: a job that has to wait is due again once the clock has been moved.
package okta

import "errors"

// Errors of what an administrator does. They are wrapped with what they are about.
var (
	ErrNotFound = errors.New("okta: not found")
	ErrExists   = errors.New("okta: exists already")
	ErrStatus   = errors.New("okta: not possible in this status")
)

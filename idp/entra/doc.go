// Package entra simulates Microsoft Entra ID as it provisions an application over
// SCIM: a directory of users and groups, an application with its assignments,
// attribute mappings and scoping filters, and the job that sends what is due, cycle
// by cycle, in simulated time.
//
//	dir := entra.NewDirectory(nil)
//	ann, err := dir.CreateUser(entra.Properties{"userPrincipalName": "ann@example.com", "mail": "ann@example.com"})
//	job, err := entra.NewJob(dir, entra.Config{Service: &idp.Service{Handler: handler, Token: token}})
//	job.Assign(ann)
//	report, err := job.Cycle(ctx)
//
// It does what the real service does where that can be seen by a SCIM service:
// request by request, quirk by quirk. It is no copy of the portal.
package entra

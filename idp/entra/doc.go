// Package entra simulates Microsoft Entra ID as it provisions an application over
// SCIM: a directory of users and groups, an application with its assignments,
// attribute mappings and scoping filters, and the job that sends what is due, cycle
// by cycle, in simulated time.
//
//	dir := entra.NewDirectory(nil)
//	ann, err := dir.CreateUser(entra.Properties{"userPrincipalName": "ann@example.com", "mail": "ann@example.com"})
//	job, err := entra.NewJob(dir, entra.Config{Service: &idp.Service{Handler: handler, Token: token}})
//	err = job.Assign(ann)
//	report, err := job.Cycle(ctx)                  // one cycle now
//	report, err = job.Run(ctx, 30*24*time.Hour)    // or a month of them
//	for _, entry := range job.Log() { … }          // the provisioning log
//
// It does what the real service does where that can be seen by a SCIM service:
// request by request, quirk by quirk. It is no copy of the portal.
//
// Where the documents about the real service are silent the simulation decides, and the
// doc comments say so. What they say and is easily missed:
//
//   - A value that the source has no more does not flow: nothing is cleared but a manager.
//   - Texts are compared to the letter, so that a value which the service rewrites is
//     written again whenever the object is looked at.
//   - Members are never read back: what the service changes in a group stays changed.
//   - Who leaves the scope is disabled once and then not managed; on the way back the
//     matching attributes decide, not the former link.
package entra

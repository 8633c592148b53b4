// Package dialect simulates the provisioning clients of providers other than Entra
// and Okta: OneLogin, JumpCloud, PingFederate, PingOne, Google Workspace, Rippling,
// CyberArk, SailPoint and authentik.
//
//	p := dialect.New(dialect.OneLogin(), &idp.Service{Handler: handler, Token: token}, nil)
//	err := p.TestConnection(ctx)
//	err = p.Put(dialect.Person{ID: "1", UserName: "ann@example.com", Email: "ann@example.com"})
//	report, err := p.Sync(ctx)
//
// There is one engine, and one [Dialect] for each provider that says where it departs
// from RFC 7643 and RFC 7644, or from what others do. Administrators set most of these
// clients up by hand, so a Dialect is a plain struct: take one, change a field, and it
// is another configuration of the same provider.
//
// What a provider does is known from its documentation and from logs of services that
// it called; the comments in the table say so where it is a guess. What is not known is
// done as the RFCs have it.
package dialect

// Package company makes up companies: people, their managers, departments, offices
// and groups, and what happens among them day by day. It gives simulated directories
// something to hold that looks like what real ones hold, homonyms, apostrophes and
// people without a mailbox among it.
//
//	c := company.New(1, 10_000)
//	for p := range c.People() {
//		directory.CreateUser(p.Properties())
//	}
//	for range 30 {
//		for _, e := range c.Day() {
//			// e.Kind says what happened, e.Properties what is different now.
//		}
//	}
//
// The same seed, number of people and [Rates] make the same company and the same
// days. Nobody in it is real: e-mail domains end in .example, and the
// telephone numbers are ones that nobody can have.
package company

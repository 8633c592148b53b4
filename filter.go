package scim

// Filter is a query that was parsed and resolved against the attribute table
// (RFC 7644 section 3.4.2.2).
type Filter struct{ root any }

// MatchUser reports whether the filter selects u. groups is called, at most
// once, only when the filter speaks of the user's groups.
func (f *Filter) MatchUser(u *User, groups func() []GroupRef) bool { return true }

// MatchGroup reports whether the filter selects g.
func (f *Filter) MatchGroup(g *Group, m Membership) bool { return true }

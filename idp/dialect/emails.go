package dialect

import "cmp"

// The ways to write emails. None has a value for somebody without an address.

// WorkEmail is a list of the work address, which is primary.
func WorkEmail(p Person) any { return emails(element(p.Email, "work", true)) }

// OtherEmail is WorkEmail of the type other.
func OtherEmail(p Person) any { return emails(element(p.Email, "other", true)) }

// OneEmail is an object instead of a list, without type and primary.
func OneEmail(p Person) any {
	if p.Email == "" {
		return nil
	}
	return map[string]any{"value": p.Email}
}

// BareEmails is a list of texts.
func BareEmails(p Person) any {
	if p.Email == "" {
		return nil
	}
	return []any{p.Email}
}

// WorkAndHome has both addresses, of which the work address is primary.
func WorkAndHome(p Person) any {
	return emails(element(p.Email, "work", true), element(p.HomeEmail, "home", false))
}

// TwoPrimaries has a work and a home address, both primary; where the second is
// missing, the first stands for it.
func TwoPrimaries(p Person) any {
	return emails(element(p.Email, "work", true), element(cmp.Or(p.HomeEmail, p.Email), "home", true))
}

func element(value, kind string, primary bool) map[string]any {
	if value == "" {
		return nil
	}
	e := map[string]any{"type": kind, "value": value}
	if primary {
		e["primary"] = true
	}
	return e
}

func emails(elements ...map[string]any) any {
	var out []any
	for _, e := range elements {
		if e != nil {
			out = append(out, e)
		}
	}
	if out == nil {
		return nil
	}
	return out
}

// The ways to name a manager.

// ManagerByID names a manager by the id at the service, once there is one.
func ManagerByID(_ Person, id string) string { return id }

// ManagerByEmail names a manager by the e-mail address.
func ManagerByEmail(manager Person, _ string) string { return manager.Email }

// ManagerByUserName names a manager by the userName.
func ManagerByUserName(manager Person, _ string) string { return manager.UserName }

// byEmail looks a person up by the work address.
func byEmail(p Person) string { return p.Email }

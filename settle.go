package scim

import (
	"slices"
	"strings"
)

// This file works out what depends on a user's attributes, for the transitions
// of life.go.

// settle works out what depends on the attributes: the host's own name and
// e-mail, what is missing, and what is indexed.
func (r *rules) settle(u, before *User, removed *attr) error {
	if r.by.connection == "" {
		// What clients send was checked while it was read.
		if err := r.checkValues(u, before); err != nil {
			return err
		}
	}
	r.identify(u, before)
	if err := r.complete(u, before, removed); err != nil {
		return err
	}
	if err := r.validate(u, before); err != nil {
		return err
	}
	r.index(u)
	return nil
}

// identify sets the login name and e-mail address that the host knows. A soft
// delete in the directory renames both; the host's stay what they were (P3.7).
func (r *rules) identify(u, before *User) {
	u.Login, u.Email = u.UserName, r.workEmail(u)
	if before == nil {
		return
	}
	// Of somebody who stays active, such a name is a new name like any other: the
	// old one is free for somebody else.
	gone := u.asked == No || before.Status != StatusActive || u.UserName == before.UserName
	if gone && tombstone(u.UserName, before.Login) {
		u.Login = before.Login
		if u.Email == u.UserName {
			u.Email = before.Email // a renamed userName is nobody's address
		}
	}
	if gone && tombstone(u.Email, before.Email) || u.Email == "" && !r.readdressed(u, before) {
		u.Email = before.Email
	}
}

// readdressed reports whether anything was written that the work e-mail address
// comes from. While nothing is, one that was kept (P3.8) stays.
func (r *rules) readdressed(u, before *User) bool {
	if u.UserName != before.UserName || r.emails != nil && !r.emails.equal(u, before) {
		return true
	}
	row := r.row(r.policy.EmailFrom)
	return row != nil && !row.target.attr.equal(u, before)
}

// tombstone reports whether name is the former name behind the 32 hex digits of
// an object id.
func tombstone(name, former string) bool {
	const digits = 32
	if former == "" || len(name) <= digits {
		return false
	}
	for i := range digits {
		switch c := name[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'f', 'A' <= c && c <= 'F':
		default:
			return false
		}
	}
	return Fold(name[digits:]) == Fold(former)
}

// workEmail is the address of the element of type work, else of the primary
// one, else of the only one, else a userName that is an address (P2.3).
func (r *rules) workEmail(u *User) string {
	if r.policy.EmailFrom != "" {
		if row := r.row(r.policy.EmailFrom); row != nil {
			if v := row.target.value(u); v != "" {
				return v
			}
		}
	}
	var primary string
	for i := range u.Emails {
		e := &u.Emails[i]
		if strings.EqualFold(e.Type, "work") && e.Value != "" {
			return e.Value
		}
		if e.Primary == Yes {
			primary = e.Value
		}
	}
	switch {
	case primary != "":
		return primary
	case len(u.Emails) == 1:
		return u.Emails[0].Value
	case isEmail(u.UserName):
		return u.UserName
	}
	return ""
}

// isEmail reports whether s has the shape of an e-mail address.
func isEmail(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	return ok && local != "" && domain != "" && !longer(s, maxName) &&
		!strings.ContainsAny(domain, "@") && !strings.ContainsAny(s, " \t\r\n<>(),;:\"\\") &&
		strings.Trim(domain, ".-") == domain
}

// complete refuses a user without a mandatory value. In a request that
// deactivates, the old value stays instead, with a warning: what ends access is
// not lost over an empty field (P3.8).
func (r *rules) complete(u, before *User, removed *attr) error {
	ends := before != nil && u.asked == No
	u.Kept = slices.DeleteFunc(u.Kept, func(w Warning) bool { return before == nil || r.rewritten(w.Attribute, u, before) })
	if strings.TrimSpace(u.UserName) == "" {
		if !ends {
			return missing(r.userName, removed, "userName")
		}
		r.keep(u, before, r.userName, "userName")
	}
	if r.emails != nil && u.Email == "" {
		if !ends {
			return missing(r.emails, removed, "emails: a work e-mail address")
		}
		r.keep(u, before, r.emails, "emails")
		if row := r.row(r.policy.EmailFrom); row != nil {
			row.target.attr.copyValue(u, before)
		}
	}
	if err := r.completeRows(u, before, removed, ends); err != nil {
		return err
	}
	if len(u.Kept) > 0 {
		r.identify(u, before)
		if u.Email == "" {
			u.Email = before.Email // it came from the userName that was changed
		}
	}
	return nil
}

// completeRows does the same for what the host's table marks mandatory, or its
// schemas require. That is asked of mappings, not of accounts that the host or a
// group makes.
func (r *rules) completeRows(u, before *User, removed *attr, ends bool) error {
	if r.by.connection == "" || u.Placeholder {
		return nil
	}
	for _, row := range r.rows {
		if !row.enforced() || row.target.attr == r.emails || row.target.attr == r.userName || row.target.value(u) != "" {
			continue
		}
		if !ends {
			return missing(row.target.attr, removed, row.target.leaf().path)
		}
		r.keep(u, before, row.target.attr, row.Name)
	}
	for _, a := range r.required {
		lacks := a.lacks(u)
		switch {
		case lacks == nil:
		case ends && a.lacks(before) == nil:
			r.keep(u, before, a, a.path)
		case !ends:
			return missing(a, removed, lacks.path)
		}
	}
	return nil
}

// lacks returns what a user lacks of an attribute that a schema requires, or of
// which it requires parts where there is any: nil for nothing (RFC 7643 section 7).
func (a *attr) lacks(u *User) *attr {
	there := false
	part := func(value func(*attr) string) (lacks *attr) {
		some := false
		for _, s := range a.subs.all {
			switch v := value(s); {
			case v != "":
				some = true
			case s.required:
				lacks = s
			}
		}
		there = there || some
		if !some {
			return nil
		}
		return lacks
	}
	var lacks *attr
	switch {
	case a.multi:
		for i := range a.list.length(u) {
			if l := part(func(s *attr) string { return a.list.get(u, i, s.index) }); l != nil {
				lacks = l
			}
		}
	case a.typ == complexType:
		lacks = part(func(s *attr) string { return s.get(u) })
	default:
		there = a.get(u) != ""
	}
	if a.required && !there {
		return a
	}
	return lacks
}

// enforced reports whether a person without a value is refused.
func (r *row) enforced() bool { return r.Need == Mandatory && !r.MayBeEmpty }

func missing(a, removed *attr, what string) error {
	if removed != nil && removed == a {
		return badRequest(typeMutability, "%s is mandatory and cannot be removed.", what)
	}
	return badRequest(typeInvalidValue, "%s is mandatory and has no value.", what)
}

func (r *rules) keep(u, before *User, a *attr, name string) {
	a.copyValue(u, before)
	kept := Warning{Attribute: name, Text: "The former value was kept: a mandatory value cannot be emptied, and the request was a deactivation."}
	if !slices.Contains(u.Kept, kept) {
		u.Kept = append(u.Kept, kept)
	}
}

// rewritten reports whether the attribute of a kept value was written since.
func (r *rules) rewritten(name string, u, before *User) bool {
	a := r.core.find(name)
	if row := r.row(name); row != nil {
		a = row.target.attr
	} else if i := slices.IndexFunc(r.required, func(a *attr) bool { return a.path == name }); i >= 0 {
		a = r.required[i]
	}
	return a == nil || !a.equal(u, before)
}

// checkValues checks the attributes that the host changed, as clients' are when
// they are read (P2.8).
func (r *rules) checkValues(u, before *User) error {
	var err error
	check := func(a *attr, v string) {
		if err == nil && v != "" {
			err = a.checkStored(v)
		}
	}
	r.each(func(a *attr) {
		switch {
		case before != nil && a.equal(u, before):
		case !a.multi:
			check(a, a.get(u))
		case a.list.length(u) > maxElements:
			err = tooManyElements(a)
		default:
			for i := range a.list.length(u) {
				for _, sub := range a.subs.all {
					check(sub, a.list.get(u, i, sub.index))
				}
			}
		}
	})
	return err
}

// validate asks the host's validators about values that are new.
func (r *rules) validate(u, before *User) error {
	for _, row := range r.rows {
		if row.Validate == nil {
			continue
		}
		v := row.target.value(u)
		if v == "" || before != nil && row.target.value(before) == v {
			continue
		}
		if err := row.Validate(v); err != nil {
			return &Error{Status: 400, Type: typeInvalidValue, Detail: row.target.leaf().path + ": " + err.Error(), Err: err}
		}
	}
	return nil
}

// index sets what a store finds the user by.
func (r *rules) index(u *User) {
	k := Keys{UserName: refold(u.Keys.UserName, u.UserName), Label: u.label()}
	if !r.policy.SharedEmails {
		k.Email = refold(u.Keys.Email, u.Email)
	} else if u.Email != "" {
		k.Addresses = append(k.Addresses, Fold(u.Email))
	}
	for i := range u.Emails {
		v := u.Emails[i].Value
		if v == "" || equalFolded(v, k.Email) {
			continue
		}
		if v = Fold(v); !slices.Contains(k.Addresses, v) {
			k.Addresses = append(k.Addresses, v)
		}
	}
	k.Folders = make([]FolderKey, 0, len(r.roots))
	for _, row := range r.rows {
		if row.Folder == "" {
			continue
		}
		if v := squeeze(row.target.value(u)); v != "" {
			k.Folders = append(k.Folders, FolderKey{Root: row.Folder, Name: v})
		}
	}
	u.Keys = k
}

// refold is Fold(name), or key where that is it already.
func refold(key, name string) string {
	if equalFolded(name, key) {
		return key
	}
	return Fold(name)
}

// label is what a user is called where it is only mentioned.
func (u *User) label() string {
	switch {
	case u.DisplayName != "":
		return u.DisplayName
	case u.Name.Formatted != "":
		return u.Name.Formatted
	case u.Name.GivenName != "" || u.Name.FamilyName != "":
		return strings.TrimSpace(u.Name.GivenName + " " + u.Name.FamilyName)
	}
	return u.UserName
}

package entra

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Properties are what a directory knows of a user or group, by Entra's names. A value
// is a string, a bool or a []string; nil, "" and an empty list mean that there is none.
type Properties map[string]any

// Text is a property that is a text, "" if there is none.
func (p Properties) Text(name string) string {
	s, _ := p[name].(string)
	return s
}

// propertyKind is what a property holds.
type propertyKind uint8

const (
	text propertyKind = iota + 1
	truth
	list
	moment // a text that is a time, as 2006-01-02T15:04:05Z
	person // a text that is the objectId of a user
)

// userProperties are the properties of users there are, beside those that
// extensionProperty allows.
var userProperties = map[string]propertyKind{
	"objectId": text, "userPrincipalName": text, "mail": text, "mailNickname": text, "accountEnabled": truth,
	"displayName": text, "givenName": text, "surname": text, "jobTitle": text, "department": text, "division": text,
	"companyName": text, "employeeId": text, "employeeType": text, "employeeHireDate": moment, "employeeLeaveDateTime": moment,
	"costCenter": text, "country": text, "usageLocation": text, "city": text, "state": text, "streetAddress": text,
	"postalCode": text, "physicalDeliveryOfficeName": text, "preferredLanguage": text, "mobile": text, "telephoneNumber": text,
	"facsimileTelephoneNumber": text, "otherMails": list, "proxyAddresses": list, "manager": person, "userType": text,
	"samAccountName": text, "onPremisesSamAccountName": text, "onPremisesUserPrincipalName": text, "immutableId": text,
	"appRoleAssignments": list,
}

// groupProperties are the properties of groups.
var groupProperties = map[string]propertyKind{
	"objectId": text, "displayName": text, "description": text, "mail": text, "mailNickname": text,
	"mailEnabled": truth, "securityEnabled": truth,
}

// extensionProperty reports whether a name is one that an organisation may define
// for itself: extensionAttribute1 to 15, and extension_<application>_<name>.
func extensionProperty(name string) bool {
	if strings.HasPrefix(name, "extension_") {
		return true
	}
	number, found := strings.CutPrefix(name, "extensionAttribute")
	return found && slices.Contains([]string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"}, number)
}

// kindOf returns what a property of a user or group holds, 0 if there is none of that
// name. Names are matched exactly, as Entra does.
func kindOf(group bool, name string) propertyKind {
	known := userProperties
	if group {
		known = groupProperties
	}
	if k := known[name]; k != 0 || group {
		return k
	}
	if extensionProperty(name) {
		return text
	}
	return 0
}

// UserProperties are the names of the properties of users, sorted.
func UserProperties() []string { return slices.Sorted(maps.Keys(userProperties)) }

// check returns the properties as they are kept: without those that have no value,
// which cleared names. An unknown name and a value of another kind are errors.
func check(group bool, p Properties) (kept Properties, cleared []string, err error) {
	kept = make(Properties, len(p))
	for _, name := range slices.Sorted(maps.Keys(p)) {
		v, err := hold(group, name, p[name])
		if err != nil {
			return nil, nil, fmt.Errorf("entra: %w", err)
		}
		if v == nil {
			cleared = append(cleared, name)
		} else {
			kept[name] = v
		}
	}
	return kept, cleared, nil
}

// hold returns a value as a property of that name keeps it, nil if it is empty.
func hold(group bool, name string, v any) (any, error) {
	kind := kindOf(group, name)
	if kind == 0 {
		return nil, fmt.Errorf("there is no property %q", name)
	}
	ok := true
	switch v := v.(type) {
	case nil:
	case string:
		ok = kind == text || kind == person || kind == moment && (v == "" || isTime(v))
	case bool:
		ok = kind == truth
	case []string:
		ok = kind == list
	default:
		ok = false
	}
	if !ok {
		return nil, fmt.Errorf("property %q cannot hold %#v", name, v)
	}
	if empty(v) {
		return nil, nil
	}
	if l, ok := v.([]string); ok {
		return slices.Clone(l), nil
	}
	return v, nil
}

func empty(v any) bool {
	switch v := v.(type) {
	case string:
		return v == ""
	case []string:
		return len(v) == 0
	}
	return v == nil
}

func isTime(s string) bool {
	_, err := time.Parse(time.RFC3339, s)
	return err == nil
}

func (p Properties) clone() Properties {
	c := maps.Clone(p)
	for name, v := range c {
		if l, ok := v.([]string); ok {
			c[name] = slices.Clone(l)
		}
	}
	return c
}

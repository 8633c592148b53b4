package entra

import (
	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/idp"
)

// The expressions of the default mappings. zones is the one that the product's help
// page prints, by the country; an organisation writes the countries that it has.
const (
	enabled = `Switch([IsSoftDeleted], , "False", "True", "True", "False")`
	zones   = `Switch(ToLower([country]), "Europe/London", "united kingdom", "Europe/London", "germany", "Europe/Berlin", "south africa", "Africa/Johannesburg", "zimbabwe", "Africa/Harare", "spain", "Europe/Madrid", "es", "Europe/Madrid", "france", "Europe/Paris", "iceland", "Atlantic/Reykjavik", "namibia", "Africa/Windhoek", "nigeria", "Africa/Lagos")`
	hired   = `FormatDateTime([employeeHireDate], , "yyyy-MM-ddTHH:mm:ssZ", "yyyy-MM-dd")`
	whole   = `Join(" ", [givenName], [surname])`
)

// sources pairs the product's attributes, by their names in scim.ProductAttributes,
// with what Entra has for them. Attributes that Entra has nothing for are absent; of
// those that each organisation keeps elsewhere an extension attribute stands for it.
var sources = map[string]AttributeMapping{
	"userName":          {Source: "userPrincipalName", Match: 1},
	"active":            {Type: Expression, Source: enabled},
	"email":             {Source: "mail"},
	"givenName":         {Source: "givenName"},
	"familyName":        {Source: "surname"},
	"preferredLanguage": {Source: "preferredLanguage"},
	"timezone":          {Type: Expression, Source: zones},
	"manager":           {Source: "manager"},
	"department":        {Source: "department"},
	"organization":      {Source: "companyName"},
	"division":          {Source: "division"},
	"country":           {Source: "country"},
	"externalId":        {Source: "objectId"},
	"office":            {Source: "physicalDeliveryOfficeName"},
	"streetAddress":     {Source: "streetAddress"},
	"city":              {Source: "city"},
	"state":             {Source: "state"},
	"title":             {Source: "jobTitle"},
	"businessUnit":      {Source: "extensionAttribute1"},
	"employeeNumber":    {Source: "employeeId"},
	"costCenter":        {Source: "costCenter"},
	"employeeType":      {Source: "employeeType"},
	"employeeLevel":     {Source: "extensionAttribute2"},
	"grade":             {Source: "extensionAttribute3"},
	"hireDate":          {Type: Expression, Source: hired},
	"displayName":       {Source: "displayName"},
	"nickName":          {Source: "mailNickname"},
	"formalName":        {Type: Expression, Source: whole},
	"phone":             {Source: "mobile"},
}

// DefaultMapping returns the mappings that the product's help page advises: every
// attribute of scim.ProductAttributes that Entra has something for, matched by
// userName; of groups displayName, which matches, externalId and members. The caller
// may change them.
func DefaultMapping() (users, groups Mapping) {
	for _, a := range scim.ProductAttributes() {
		if m, found := sources[a.Name]; found {
			m.Target = a.Path
			users.Attributes = append(users.Attributes, m)
		}
	}
	return users, groupMapping()
}

func groupMapping() Mapping {
	return Mapping{Attributes: []AttributeMapping{
		{Source: "displayName", Target: "displayName", Match: 1},
		{Source: "objectId", Target: "externalId"},
		{Source: memberSource, Target: memberTarget},
	}}
}

// MicrosoftDefaultMapping returns the mappings that the portal begins with for an
// application that is not from the gallery. The caller may change them.
func MicrosoftDefaultMapping() (users, groups Mapping) {
	users.Attributes = []AttributeMapping{
		{Source: "userPrincipalName", Target: "userName", Match: 1},
		{Type: Expression, Source: enabled, Target: "active"},
		{Source: "displayName", Target: "displayName"},
		{Source: "jobTitle", Target: "title"},
		{Source: "mail", Target: `emails[type eq "work"].value`},
		{Source: "preferredLanguage", Target: "preferredLanguage"},
		{Source: "givenName", Target: "name.givenName"},
		{Source: "surname", Target: "name.familyName"},
		{Source: "physicalDeliveryOfficeName", Target: `addresses[type eq "other"].Formatted`},
		{Source: "streetAddress", Target: `addresses[type eq "work"].streetAddress`},
		{Source: "postalCode", Target: `addresses[type eq "work"].postalCode`},
		{Source: "telephoneNumber", Target: `phoneNumbers[type eq "work"].value`},
		{Source: "mobile", Target: `phoneNumbers[type eq "mobile"].value`},
		{Source: "facsimileTelephoneNumber", Target: `phoneNumbers[type eq "fax"].value`},
		{Source: "mailNickname", Target: "externalId"},
		{Source: "employeeId", Target: idp.EnterpriseSchema + ":employeeNumber"},
		{Source: "department", Target: idp.EnterpriseSchema + ":department"},
		{Source: "manager", Target: idp.EnterpriseSchema + ":manager"},
		{Source: "proxyAddresses", Target: `emails[type eq "other"].Value`},
	}
	return users, groupMapping()
}

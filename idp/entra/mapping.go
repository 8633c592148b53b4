package entra

import (
	"github.com/usher-scim/scim/idp"
	"github.com/usher-scim/scim/idp/entra/expr"
)

// Mapping is how users, or groups, reach the application: which attributes flow, which
// objects are in scope, and what may be done to them there. As JSON it is what
// a mapping file holds.
type Mapping struct {
	// Disabled switches the mapping of groups off: no group is sent. The mapping of
	// users cannot be switched off.
	Disabled bool `json:"disabled,omitempty"`
	// Attributes are written in this order.
	Attributes []AttributeMapping `json:"attributes"`
	// Scope has the scoping filters: an object is in scope if one of them lets it in,
	// or if there are none.
	Scope []ScopingFilter `json:"scope,omitempty"`
	// SkipCreate, SkipUpdate and SkipDelete are the target object actions that are
	// not ticked. Without Update nobody is disabled either.
	SkipCreate bool `json:"skipCreate,omitempty"`
	SkipUpdate bool `json:"skipUpdate,omitempty"`
	SkipDelete bool `json:"skipDelete,omitempty"`
	// AllowID lets a row write to id. It is always a mistake, which the portal takes
	// and the service answers with an error; so it is refused here unless a test wants
	// just that.
	AllowID bool `json:"-"`
}

// MappingType says where a mapped value comes from.
type MappingType string

// The types of a mapping.
const (
	Direct     MappingType = "direct"     // Source is a property
	Constant   MappingType = "constant"   // Source is the value
	Expression MappingType = "expression" // Source is an expression of package expr
	None       MappingType = "none"       // nothing flows; an empty target is filled with Default on creation
)

// AttributeMapping is one row of a mapping.
type AttributeMapping struct {
	Type   MappingType `json:"type,omitempty"` // "" is Direct
	Source string      `json:"source,omitempty"`
	// Target is the SCIM path that is written, such as emails[type eq "work"].value.
	Target string `json:"target"`
	// Default is written on creation, never later, where the source has no value.
	Default string `json:"default,omitempty"`
	// Match is the precedence of a matching attribute, from 1; 0 is not used to match.
	Match int `json:"match,omitempty"`
	// OnCreation writes during creation alone.
	OnCreation bool `json:"onCreation,omitempty"`
}

// ScopingFilter lets in who meets all of its clauses.
type ScopingFilter struct {
	Name    string   `json:"name,omitempty"`
	Clauses []Clause `json:"clauses"`
}

// Clause compares a property of the source with a value.
type Clause struct {
	Attribute string   `json:"attribute"`
	Operator  Operator `json:"operator"`
	Value     string   `json:"value,omitempty"`
}

// Operator is how a Clause compares. A property without a value is in no scope,
// whatever the operator, but that of IsNull.
type Operator string

// The operators of scoping filters, as the portal writes them.
const (
	Equals              Operator = "EQUALS"
	NotEquals           Operator = "NOT EQUALS"
	IsTrue              Operator = "IS TRUE"
	IsFalse             Operator = "IS FALSE"
	IsNull              Operator = "IS NULL"
	IsNotNull           Operator = "IS NOT NULL"
	RegexMatch          Operator = "REGEX MATCH"
	NotRegexMatch       Operator = "NOT REGEX MATCH"
	GreaterThan         Operator = "Greater_Than"
	GreaterThanOrEquals Operator = "Greater_Than_OR_EQUALS"
	Includes            Operator = "Includes"
	EndsWith            Operator = "ENDS_WITH"
	ExistsIn            Operator = "&"  // the property stands somewhere in the value
	NotExistsIn         Operator = "!&" // the property stands nowhere in the value
)

// flow is one value that a mapping has for one object.
type flow struct {
	target idp.Path
	// value is what is to stand under target: a string, a bool, or a list as JSON has
	// it; nil is no value. Of a reference it is the objectId that stands for the
	// target's id.
	value     any
	reference bool // the objectId of a user: manager
	keep      bool // the expression says that nothing flows this time
	creation  bool // written during creation alone
	secret    bool // the log shows "[Redact]"
	standIn   bool // the value is the mapping's default, which matches nobody
	// roles are the assignments that value was made of, and assertive whether they
	// replace those of the target.
	roles     []expr.AppRole
	assertive bool
}

// match is a matching attribute and its value for one object.
type match struct {
	target idp.Path
	value  string
}

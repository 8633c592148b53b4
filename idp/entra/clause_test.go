package entra

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseClause(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Clause{
		"department EQUALS Sales":                     {"department", Equals, "Sales"},
		" department  NOT EQUALS  Human Resources ":   {"department", NotEquals, "Human Resources"},
		"accountEnabled IS TRUE":                      {"accountEnabled", IsTrue, ""},
		"mail IS NULL":                                {"mail", IsNull, ""},
		"mail IS NOT NULL":                            {"mail", IsNotNull, ""},
		"department REGEX MATCH ^(Sales|Legal)$":      {"department", RegexMatch, "^(Sales|Legal)$"},
		"department NOT REGEX MATCH IS":               {"department", NotRegexMatch, "IS"},
		"employeeId Greater_Than 10":                  {"employeeId", GreaterThan, "10"},
		"employeeId Greater_Than_OR_EQUALS 10":        {"employeeId", GreaterThanOrEquals, "10"},
		"country & United Kingdom;Germany":            {"country", ExistsIn, "United Kingdom;Germany"},
		"country !& Spain":                            {"country", NotExistsIn, "Spain"},
		"userPrincipalName ENDS_WITH @a.example":      {"userPrincipalName", EndsWith, "@a.example"},
		"extensionAttribute1 Includes EQUALS nothing": {"extensionAttribute1", Includes, "EQUALS nothing"},
	} {
		got, err := ParseClause(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
}

func TestParseClauseRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                               "it needs a property and an operator",
		"department":                     "it needs a property and an operator",
		"department equals Sales":        `there is no operator "equals"; "EQUALS" is written so`,
		"department EQUALSSales":         `there is no operator "EQUALSSales"`,
		"Department EQUALS Sales":        `"department" is written so`,
		"department EQUALS":              "needs a value",
		"accountEnabled IS TRUE always":  "takes no value",
		"employeeId Greater_Than some":   "is no integer",
		"department REGEX MATCH (":       "missing closing",
		"manager EQUALS ann@a.example":   "cannot be used in scoping filters",
		"employeeHireDate IS NOT NULL":   "a date cannot be used",
		"otherMails Includes @a.example": "several values",
	} {
		_, err := ParseClause(text)
		require.ErrorContains(t, err, want, text)
	}
}

// FuzzParseClause: what is read is written as it was meant.
func FuzzParseClause(f *testing.F) {
	for _, s := range []string{"department EQUALS Sales", "mail IS NULL", "a & b", "department NOT REGEX MATCH a b", "x  IS  TRUE"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseClause(text)
		if err != nil {
			return
		}
		again, err := ParseClause(strings.TrimSpace(c.Attribute + " " + string(c.Operator) + " " + c.Value))
		require.NoError(t, err)
		require.Equal(t, c, again)
	})
}

package entra

import (
	"fmt"
	"strings"
)

// ParseClause reads a clause as a line of text has it: a property, an operator as the
// portal writes it, and the value, which is the rest of the line and may have blanks
// in it. It checks what NewJob would:
//
//	department EQUALS Information Security
//	accountEnabled IS TRUE
//	country & United Kingdom;Germany
func ParseClause(text string) (Clause, error) {
	attribute, rest, _ := strings.Cut(strings.TrimSpace(text), " ")
	rest = strings.TrimLeft(rest, " ")
	if rest == "" {
		return Clause{}, fmt.Errorf("entra: clause %q: it needs a property and an operator, such as department EQUALS Sales", text)
	}
	c := Clause{Attribute: attribute, Operator: Operator(rest)}
	found := false
	for _, operator := range operators() {
		after, ok := strings.CutPrefix(rest, operator)
		if ok && (after == "" || after[0] == ' ') && (!found || len(operator) > len(c.Operator)) {
			c.Operator, c.Value, found = Operator(operator), strings.TrimLeft(after, " "), true
		}
	}
	if !found { // what is compared says so, with the operator that was meant
		word, _, _ := strings.Cut(rest, " ")
		c.Operator = Operator(word)
	}
	if _, err := compileClause(false, c); err != nil {
		return Clause{}, fmt.Errorf("entra: clause %q: %w", text, err)
	}
	return c, nil
}

package expr

import (
	"fmt"
	"slices"
	"strings"
)

// Function describes a function of the expressions, for documentation.
type Function struct {
	Name string
	// Usage is how it is called: a ? behind what may be left out or empty, … behind
	// what may come again.
	Usage string
	// Does says what it returns.
	Does string
}

// Functions returns the functions that Parse knows, by name.
func Functions() []Function {
	out := make([]Function, len(functions))
	for i := range functions {
		f := &functions[i]
		out[i] = Function{Name: f.name, Usage: f.usage(), Does: f.does}
	}
	return out
}

// function is an entry of the table that reading, evaluation and documentation go by.
type function struct {
	name    string
	params  []param
	repeat  int  // how many of the last parameters may come again, together
	alone   bool // it must be the whole expression
	does    string
	prepare func(n *node) (any, *Error) // looks at the constants once
	eval    func(c *call) (Value, error)
}

// param is a parameter of a function.
type param struct {
	name     string
	optional bool     // it may be left out at the end, or left empty
	words    []string // if any, it is one of these
	unquoted bool     // and may be written without quotation marks
}

func required(name string) param { return param{name: name} }
func optional(name string) param { return param{name: name, optional: true} }

// one is what most functions take.
var one = []param{required("source")}

// functions are all functions, by name.
var functions = []function{
	{name: "AppRoleAssignmentsComplex", params: roles, does: "all roles, to be added to those of the target", eval: complexRoles(false)},
	{name: "Append", params: []param{required("source"), required("suffix")}, does: "the source with the suffix behind it", eval: appendText},
	{name: "AssertiveAppRoleAssignmentsComplex", params: roles, does: "all roles, to replace those of the target", eval: complexRoles(true)},
	{name: "BitAnd", params: []param{required("value1"), required("value2")}, does: "the bits that two numbers share", eval: bitAnd},
	{name: "CBool", params: []param{required("expression")}, does: "True for a number other than zero, a comparison that holds, or the text True", eval: cBool},
	{name: "CDate", params: []param{required("expression")}, does: "a date in one of the usual notations as M/d/yyyy h:mm:ss tt in UTC", eval: cDate},
	{name: "CStr", params: []param{required("value")}, does: "a number or a truth value as a text", eval: mapped(func(s string) string { return s })},
	{name: "Coalesce", params: []param{required("source"), optional("source")}, repeat: 1, does: "the first source that is there, even if it is empty", eval: coalesce},
	{name: "ConvertToBase64", params: one, does: "the UTF-16 of a text in Base64", eval: mapped(base64UTF16)},
	{name: "ConvertToUTF8Hex", params: one, does: "the UTF-8 of a text in hexadecimal digits", eval: mapped(hexUTF8)},
	{name: "Count", params: []param{required("attribute")}, does: "the number of values of an attribute", eval: countValues},
	{name: "DateAdd", params: []param{interval, required("value"), required("dateTime")}, does: "a date with a number of intervals added: yyyy, m, d, ww, h, n (minutes) or s", eval: dateAdd},
	{name: "DateDiff", params: []param{interval, required("date1"), required("date2")}, does: "the intervals from the first date to the second: calendar years, months and weeks from Sunday, or whole d, h, n and s", eval: dateDiff},
	{name: "DateFromNum", params: []param{required("value")}, does: "the date of a number of Active Directory: 100 ns since 1601", eval: dateFromNum},
	{name: "FormatDateTime", params: []param{required("source"), optional("dateTimeStyles"), required("inputFormat"), required("outputFormat")}, does: "a date of one .NET format in another", prepare: prepareFormats, eval: formatDateTime},
	{name: "Guid", does: "a new random GUID", eval: newGUID},
	{name: "IIF", params: []param{required("condition"), required("valueIfTrue"), required("valueIfFalse")}, does: "one value or the other; the condition fails if an attribute in it is absent or empty", prepare: prepareIIF, eval: iif},
	{name: "IgnoreFlowIfNullOrEmpty", params: []param{required("expression")}, does: "the value, or the instruction to leave the target alone if there is none", eval: ignoreFlow},
	{name: "InStr", params: []param{required("value1"), required("value2"), optional("start"), compareType}, does: "where the second text stands in the first, from 1; 0 if it does not", eval: inStr},
	{name: "IsNull", params: []param{required("expression")}, does: "whether there is no value", eval: tested(Value.absent)},
	{name: "IsNullOrEmpty", params: []param{required("expression")}, does: "whether there is no value, or an empty one", eval: tested(Value.empty)},
	{name: "IsPresent", params: []param{required("expression")}, does: "whether there is a value that is not empty", eval: tested(func(v Value) bool { return !v.empty() })},
	{name: "IsString", params: []param{required("expression")}, does: "whether there is a value that can be one text", eval: tested(isString)},
	{name: "Item", params: []param{required("attribute"), required("index")}, does: "one value of several, counted from 1", eval: item},
	{name: "Join", params: []param{required("separator"), required("source")}, repeat: 1, does: "all values that are not empty, with the separator between them", eval: join},
	{name: "Left", params: []param{required("string"), required("numChars")}, does: "the first characters of a text", eval: left},
	{name: "Mid", params: []param{required("source"), required("start"), required("length")}, does: "characters from the middle of a text, counted from 1", eval: mid},
	{name: "NormalizeDiacritics", params: one, does: "a text without accents: é is e, ø is oe, ß is ss", eval: mapped(normalizeDiacritics)},
	{name: "Not", params: one, does: "False for True, True for all else", eval: tested(isNotTrue)},
	{name: "Now", does: "the time as M/d/yyyy h:mm:ss tt in UTC", eval: nowText},
	{name: "NumFromDate", params: []param{required("value")}, does: "a date as a number of Active Directory: 100 ns since 1601", eval: numFromDate},
	{name: "PCase", params: []param{required("source"), optional("wordSeparators")}, does: "each word with a capital and small letters", eval: pCase},
	{name: "RandomString", params: []param{required("length"), required("minimumNumbers"), required("minimumSpecialCharacters"), required("minimumCapital"), required("minimumLowerCase"), optional("charactersToAvoid")}, does: "random characters, up to 256, with so many of each sort at least", eval: randomString},
	{name: "Redact", params: []param{required("value")}, does: "the value, shown as [Redact] in logs", eval: redact},
	{name: "RemoveDuplicates", params: []param{required("attribute")}, does: "the values of an attribute, each once", eval: removeDuplicates},
	{name: "Replace", params: []param{required("source"), optional("oldValue"), optional("regexPattern"), optional("regexGroupName"), optional("replacementValue"), optional("replacementAttributeName"), optional("template")}, does: "a text with parts of it replaced, by what is given: a text, a regular expression, a group of it, another attribute, a template", prepare: prepareReplace, eval: replace},
	{name: "SelectUniqueValue", params: []param{required("uniqueValueRule1"), required("uniqueValueRule2")}, repeat: 1, alone: true, does: "the first value that the target does not have", eval: selectUnique},
	{name: "SingleAppRoleAssignment", params: roles, does: "the name of the first role", eval: singleRole},
	{name: "Split", params: []param{required("source"), required("delimiter")}, does: "the parts of a text, trimmed, as several values", eval: split},
	{name: "StripSpaces", params: one, does: "a text without its spaces", eval: mapped(func(s string) string { return strings.ReplaceAll(s, " ", "") })},
	{name: "Switch", params: []param{required("source"), optional("defaultValue"), required("key"), required("value")}, repeat: 2, does: "the value behind the key that equals the source in the same case, an absent source being equal to an empty key; the default if no key does", eval: switchOn},
	{name: "ToLower", params: []param{required("source"), optional("culture")}, does: "a text in small letters", prepare: prepareCulture, eval: lower},
	{name: "ToUpper", params: []param{required("source"), optional("culture")}, does: "a text in capitals", prepare: prepareCulture, eval: upper},
	{name: "Word", params: []param{required("string"), required("wordNumber"), required("delimiters")}, does: "one word of a text, counted from 1; empty if there is none", eval: word},
}

var (
	roles       = []param{required("appRoleAssignments")}
	interval    = param{name: "interval", words: []string{"yyyy", "m", "d", "ww", "h", "n", "s"}}
	compareType = param{name: "compareType", optional: true, words: []string{textCompare, binaryCompare}, unquoted: true}
)

// find returns the function of a name; nil if there is none.
func find(name string) *function {
	for i := range functions {
		if functions[i].name == name {
			return &functions[i]
		}
	}
	return nil
}

// param is the parameter at a position, of those that come again too.
func (f *function) param(i int) param {
	switch n := len(f.params); {
	case i < n:
		return f.params[i]
	case f.repeat > 0:
		return f.params[n-f.repeat+(i-n)%f.repeat]
	}
	return param{}
}

// bare are the words that may stand for an argument without quotation marks.
func (p param) bare() []string {
	if !p.unquoted {
		return nil
	}
	return p.words
}

// takes reports whether a text may be given for the parameter.
func (p param) takes(s string) bool { return len(p.words) == 0 || slices.Contains(p.words, s) }

func (p param) refusal(quoted string) string {
	return fmt.Sprintf("%s is %s, not one of %s", p.name, quoted, strings.Join(p.words, ", "))
}

func (f *function) usage() string {
	var b strings.Builder
	b.WriteString(f.name + "(")
	for i, p := range f.params {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.name)
		if p.optional {
			b.WriteByte('?')
		}
	}
	if f.repeat > 0 {
		b.WriteString(", …")
	}
	return b.String() + ")"
}

// check reports what is wrong with a call that could be read.
func (f *function) check(n *node) *Error {
	if !f.counts(len(n.args)) {
		return &Error{Offset: n.at, Msg: fmt.Sprintf("%s has %d arguments; it is %s", f.name, len(n.args), f.usage())}
	}
	for i, a := range n.args {
		p := f.param(i)
		switch {
		case a == nil && !p.optional:
			return &Error{Offset: n.at, Msg: fmt.Sprintf("argument %d of %s is empty: %s", i+1, f.name, p.name)}
		case a != nil && a.kind == textNode && !p.takes(a.value.text):
			return &Error{Offset: a.at, Msg: p.refusal(fmt.Sprintf("%q", a.value.text))}
		}
	}
	if f.prepare == nil {
		return nil
	}
	var err *Error
	n.ready, err = f.prepare(n)
	return err
}

// counts reports whether a function takes so many arguments.
func (f *function) counts(n int) bool {
	most := len(f.params)
	least := most
	for least > 0 && f.params[least-1].optional {
		least--
	}
	if f.repeat > 0 && n > most {
		return (n-most)%f.repeat == 0
	}
	return least <= n && n <= most
}

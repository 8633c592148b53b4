// Package expr reads and evaluates the expressions of attribute mappings in Microsoft
// Entra ID, such as
//
//	Switch(ToLower([country]), "Europe/London", "germany", "Europe/Berlin", "spain", "Europe/Madrid")
//	FormatDateTime([employeeHireDate], , "yyyy-MM-ddTHH:mm:ssZ", "yyyy-MM-dd")
//
// Parse reads an expression once, Eval gives its value for an object.
//
// # Syntax
//
// An expression is a function of attributes in square brackets, texts in quotation
// marks, whole numbers (7, -10, &HF7), True, False, NULL and other functions. Names
// are case-sensitive, of functions and of attributes. Within a text \" is a quotation
// mark and \\ a backslash. An argument that is not required may be left empty between
// its commas. An argument may also be a comparison of two others by = <> < <= > >=, for
// IIF and CBool.
//
// # Functions
//
// A ? stands behind what may be left out or empty, … behind what may come again.
//
//	AppRoleAssignmentsComplex(appRoleAssignments)
//		all roles, to be added to those of the target
//	Append(source, suffix)
//		the source with the suffix behind it
//	AssertiveAppRoleAssignmentsComplex(appRoleAssignments)
//		all roles, to replace those of the target
//	BitAnd(value1, value2)
//		the bits that two numbers share
//	CBool(expression)
//		True for a number other than zero, a comparison that holds, or the text True
//	CDate(expression)
//		a date in one of the usual notations as M/d/yyyy h:mm:ss tt in UTC
//	CStr(value)
//		a number or a truth value as a text
//	Coalesce(source, source?, …)
//		the first source that is there, even if it is empty
//	ConvertToBase64(source)
//		the UTF-16 of a text in Base64
//	ConvertToUTF8Hex(source)
//		the UTF-8 of a text in hexadecimal digits
//	Count(attribute)
//		the number of values of an attribute
//	DateAdd(interval, value, dateTime)
//		a date with a number of intervals added: yyyy, m, d, ww, h, n (minutes) or s
//	DateDiff(interval, date1, date2)
//		the intervals from the first date to the second: calendar years, months and weeks from Sunday, or whole d, h, n and s
//	DateFromNum(value)
//		the date of a number of Active Directory: 100 ns since 1601
//	FormatDateTime(source, dateTimeStyles?, inputFormat, outputFormat)
//		a date of one .NET format in another
//	Guid()
//		a new random GUID
//	IIF(condition, valueIfTrue, valueIfFalse)
//		one value or the other; the condition fails if an attribute in it is absent or empty
//	IgnoreFlowIfNullOrEmpty(expression)
//		the value, or the instruction to leave the target alone if there is none
//	InStr(value1, value2, start?, compareType?)
//		where the second text stands in the first, from 1; 0 if it does not
//	IsNull(expression)
//		whether there is no value
//	IsNullOrEmpty(expression)
//		whether there is no value, or an empty one
//	IsPresent(expression)
//		whether there is a value that is not empty
//	IsString(expression)
//		whether there is a value that can be one text
//	Item(attribute, index)
//		one value of several, counted from 1
//	Join(separator, source, …)
//		all values that are not empty, with the separator between them
//	Left(string, numChars)
//		the first characters of a text
//	Mid(source, start, length)
//		characters from the middle of a text, counted from 1
//	NormalizeDiacritics(source)
//		a text without accents: é is e, ø is oe, ß is ss
//	Not(source)
//		False for True, True for all else
//	Now()
//		the time as M/d/yyyy h:mm:ss tt in UTC
//	NumFromDate(value)
//		a date as a number of Active Directory: 100 ns since 1601
//	PCase(source, wordSeparators?)
//		each word with a capital and small letters
//	RandomString(length, minimumNumbers, minimumSpecialCharacters, minimumCapital, minimumLowerCase, charactersToAvoid?)
//		random characters, up to 256, with so many of each sort at least
//	Redact(value)
//		the value, shown as [Redact] in logs
//	RemoveDuplicates(attribute)
//		the values of an attribute, each once
//	Replace(source, oldValue?, regexPattern?, regexGroupName?, replacementValue?, replacementAttributeName?, template?)
//		a text with parts of it replaced, by what is given: a text, a regular expression, a group of it, another attribute, a template
//	SelectUniqueValue(uniqueValueRule1, uniqueValueRule2, …)
//		the first value that the target does not have
//	SingleAppRoleAssignment(appRoleAssignments)
//		the name of the first role
//	Split(source, delimiter)
//		the parts of a text, trimmed, as several values
//	StripSpaces(source)
//		a text without its spaces
//	Switch(source, defaultValue?, key, value, …)
//		the value behind the key that equals the source in the same case, an absent source being equal to an empty key; the default if no key does
//	ToLower(source, culture?)
//		a text in small letters
//	ToUpper(source, culture?)
//		a text in capitals
//	Word(string, wordNumber, delimiters)
//		one word of a text, counted from 1; empty if there is none
//
// # Where Microsoft says nothing
//
// The behaviour is that of Microsoft's reference as far as it goes. Beyond it: a
// function of an absent source returns nothing, except Left, Mid, Word and Join, which
// return an empty text, InStr and Count, which return 0, and those that return a truth
// value; an empty date counts as absent. Several values where one belongs are an
// error, one of several being no better than another. Characters are Unicode's, not
// halves of UTF-16. The service's local time is UTC, and its names of days and months
// are American. Letters change case one by one as in .NET, so ß has no capital. Years
// of two digits are 1950 to 2049.
//
// Patterns are those of Go and RE2: look-around and back-references are refused by
// Parse, \d is 0 to 9 only, and a pattern that matches nothing does not match directly
// behind another match. Groups are counted, and replacements read, as in .NET.
package expr

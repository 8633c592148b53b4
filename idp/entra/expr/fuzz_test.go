package expr_test

import (
	"slices"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp/entra/expr"
)

// seeds are where fuzzing starts from.
func seeds(f *testing.F, add func(text string)) {
	f.Helper()
	for _, c := range slices.Concat(textCases, flowCases, roleCases, dateCases, replaceCases, randomCases) {
		add(c.text)
	}
	for _, text := range []string{timezone, hireDate, active, `[a`, `"a\`, `F(,,)`, `IIF([a]=1=2,`, `Left([a],&H`, `Replace([a], , "(?<x>", "x", "$1$")`} {
		add(text)
	}
}

// same reads an expression again from its own text and evaluates both: they are the
// same, and no larger than a value may be.
func same(t require.TestingT, text string, o object) {
	e, err := expr.Parse(text)
	require.NoError(t, err, text)
	again, err := expr.Parse(e.String())
	require.NoError(t, err, e.String())
	require.Equal(t, e.String(), again.String())
	require.Equal(t, e.Attributes(), again.Attributes())
	v, err1 := e.Eval(env(o))
	w, err2 := again.Eval(env(o))
	require.Equal(t, v, w)
	require.Equal(t, err1 == nil, err2 == nil)
	size := len(v.Text())
	for _, s := range v.List() {
		size += len(s)
	}
	require.LessOrEqual(t, size, 2*expr.MaxValue)
}

// FuzzParse: nothing panics, an error has a place in the text, and what is read is
// read again from its own text.
func FuzzParse(f *testing.F) {
	seeds(f, func(text string) { f.Add(text) })
	f.Fuzz(func(t *testing.T, text string) {
		_, err := expr.Parse(text)
		if err != nil {
			at := place(t, err)
			require.GreaterOrEqual(t, at.Offset, 0)
			require.LessOrEqual(t, at.Offset, utf8.RuneCountInString(text))
			require.NotEmpty(t, at.Msg)
			return
		}
		same(t, text, nil)
	})
}

// FuzzEval: nothing panics whatever the attributes are, and no value is too large.
func FuzzEval(f *testing.F) {
	seeds(f, func(text string) { f.Add(text, "2021-02-28T10:00:00Z", int64(3)) })
	f.Fuzz(func(t *testing.T, text, attribute string, number int64) {
		e, err := expr.Parse(text)
		if err != nil || len(attribute) > 1000 {
			return
		}
		o := object{"mails": expr.Texts(attribute, "x", attribute), "appRoleAssignments": user["appRoleAssignments"]}
		for i, name := range e.Attributes() {
			if _, ok := o[name]; !ok {
				o[name] = []expr.Value{expr.Text(attribute), expr.Integer(number), {}, expr.Truth(number > 0)}[(i+int(uint64(number)%4))%4]
			}
		}
		same(t, text, o)
	})
}

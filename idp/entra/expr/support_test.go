package expr_test

import (
	"errors"
	"math/rand/v2"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp/entra/expr"
)

// object is what the source has.
type object map[string]expr.Value

// user is the object of most cases.
var user = object{
	"userPrincipalName": expr.Text("John.Doe@contoso.com"),
	"givenName":         expr.Text("John"),
	"surname":           expr.Text("Doe"),
	"country":           expr.Text("Germany"),
	"blank":             expr.Text(""),
	"accountEnabled":    expr.Truth(true),
	"IsSoftDeleted":     expr.Truth(false),
	"level":             expr.Integer(7),
	"mails":             expr.Texts("SMTP:j@contoso.com", "smtp:d@contoso.com", "smtp:d@contoso.com"),
	"alone":             expr.Texts("only"),
	"none":              expr.Texts(),
	"appRoleAssignments": expr.Assignments(
		expr.AppRole{ID: "1", Value: "ds-admin", DisplayName: "DS Admin"},
		expr.AppRole{ID: "2", Value: "user"},
	),
	"noRoles": expr.Assignments(),
}

// noon is when the cases are evaluated.
var noon = time.Date(2021, 7, 2, 15, 33, 38, 0, time.UTC)

func env(o object) expr.Env {
	return expr.Env{
		Attribute: func(name string) expr.Value { return o[name] },
		Now:       func() time.Time { return noon },
		Rand:      rand.New(rand.NewPCG(1, 2)),
	}
}

// cases are expressions with their value: a string, bool, int or []string, nil for
// nothing, an expr.Value, or an error for what its message begins with.
type cases []struct {
	text string
	want any
}

func value(v any) expr.Value {
	switch v := v.(type) {
	case string:
		return expr.Text(v)
	case bool:
		return expr.Truth(v)
	case int:
		return expr.Integer(int64(v))
	case []string:
		return expr.Texts(v...)
	case expr.Value:
		return v
	}
	return expr.Value{}
}

// shown is what can be seen of a value.
func shown(v expr.Value) []any {
	return []any{v.Kind(), v.Text(), append([]string{}, v.List()...), append([]expr.AppRole{}, v.Roles()...)}
}

// check evaluates all cases for the user.
func (cs cases) check(t *testing.T) {
	t.Helper()
	t.Parallel()
	for _, c := range cs {
		t.Run(c.text, func(t *testing.T) {
			t.Parallel()
			e, err := expr.Parse(c.text)
			require.NoError(t, err)
			v, err := e.Eval(env(user))
			if want, ok := c.want.(error); ok {
				require.EqualError(t, err, want.Error())
				return
			}
			require.NoError(t, err)
			if diff := cmp.Diff(shown(value(c.want)), shown(v)); diff != "" {
				t.Fatal(diff)
			}
		})
	}
}

// fails is the error of a function at a place.
func fails(name string, at int, msg string) error {
	return &expr.Error{Func: name, Offset: at, Msg: msg}
}

// TestCasesCoverFunctions: no function is without cases.
func TestCasesCoverFunctions(t *testing.T) {
	t.Parallel()
	tested := make(map[string]bool)
	names := regexp.MustCompile(`\w+\(`)
	for _, c := range slices.Concat(textCases, flowCases, roleCases, dateCases, replaceCases, randomCases) {
		for _, name := range names.FindAllString(c.text, -1) {
			tested[name] = true
		}
	}
	for _, f := range expr.Functions() {
		require.True(t, tested[f.Name+"("], f.Name)
	}
}

// parsed reads an expression that must be one.
func parsed(t testing.TB, text string) *expr.Expr {
	t.Helper()
	e, err := expr.Parse(text)
	require.NoError(t, err)
	return e
}

// place is the error as what it is.
func place(t testing.TB, err error) *expr.Error {
	t.Helper()
	var e *expr.Error
	require.True(t, errors.As(err, &e), "%v", err)
	return e
}

package expr_test

import (
	"testing"

	"github.com/usher-scim/scim/idp/entra/expr"
)

func benchmark(b *testing.B, text string, o object) {
	b.Helper()
	e := parsed(b, text)
	in := env(o)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.Eval(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEval(b *testing.B) {
	b.Run("Switch", func(b *testing.B) { benchmark(b, timezone, object{"country": expr.Text("Nigeria")}) })
	b.Run("Join", func(b *testing.B) { benchmark(b, `Join(" ", [givenName], [surname], [nobody], "x")`, user) })
	b.Run("FormatDateTime", func(b *testing.B) {
		benchmark(b, hireDate, object{"employeeHireDate": expr.Text("2024-02-29T08:00:00Z")})
	})
	b.Run("Replace", func(b *testing.B) { benchmark(b, `Replace([userPrincipalName], , "@.*$", , "", , )`, user) })
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := expr.Parse(timezone); err != nil {
			b.Fatal(err)
		}
	}
}

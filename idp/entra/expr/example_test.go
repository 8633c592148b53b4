package expr_test

import (
	"fmt"

	"github.com/usher-scim/scim/idp/entra/expr"
)

func Example() {
	e, err := expr.Parse(`Switch(ToLower([country]), "Europe/London", "germany", "Europe/Berlin", "spain", "Europe/Madrid")`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("reads", e.Attributes())
	for _, country := range []expr.Value{expr.Text("Spain"), expr.Text("France"), {}} {
		v, err := e.Eval(expr.Env{Attribute: func(string) expr.Value { return country }})
		fmt.Println(v, err)
	}
	// Output:
	// reads [country]
	// Europe/Madrid <nil>
	// Europe/London <nil>
	// Europe/London <nil>
}

func ExampleParse_refused() {
	_, err := expr.Parse(`switch([country], , "DE", "Europe/Berlin")`)
	fmt.Println(err)
	_, err = expr.Parse(`Switch([country], "DE", "Europe/Berlin")`)
	fmt.Println(err)
	// Output:
	// expr: at 0: switch is no function; names are case-sensitive: write Switch
	// expr: at 0: Switch has 3 arguments; it is Switch(source, defaultValue?, key, value, …)
}

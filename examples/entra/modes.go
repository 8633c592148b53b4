package main

import "context"

// modes are what the command can be asked to do: by which flag, and with which others.
var modes = map[mode]struct {
	by    string // "": by none
	flags []string
	run   func(context.Context, options, stage) error
}{
	provisioning: {
		flags: append([]string{"groups", "threshold", "cycles", "every"}, connecting...),
		run:   provision,
	},
	onDemand: {
		by: "-on-demand", flags: append([]string{"on-demand"}, connecting...),
		run: provisionOne,
	},
	printing: {
		by: "-print-mapping", flags: []string{"print-mapping", "mapping", "scope"},
		run: printMapping,
	},
	generating: {
		by: "-generate", flags: []string{"generate", "seed", "days", "dir"},
		run: generate,
	},
}

// connecting are the flags of whatever sends requests.
var connecting = []string{"url", "token", "flag", "people", "mapping", "assign", "scope", "log"}

package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/usher-scim/scim/idp/entra"
)

// This file reads the flags.

// options are what the flags say.
type options struct {
	// Where to provision to.
	url   string // the tenant URL
	token string
	flag  bool // aadOptscim062020

	// Whom, and how.
	people    []string // files, one after the other
	mapping   string   // a file; "": the help page's
	groups    bool
	assign    []string // names of groups; none: everybody is in scope
	scope     []entra.Clause
	threshold int // 0: none
	onDemand  string

	// When, and what is told of it.
	cycles int
	every  time.Duration
	log    string // a file, or "-"

	printMapping bool

	// A made-up company.
	generate int
	seed     uint64
	days     int
	dir      string
}

// mode is what the command is asked to do.
type mode int

const (
	provisioning mode = iota
	onDemand
	printing
	generating
)

func (o options) mode() mode {
	switch {
	case o.generate > 0:
		return generating
	case o.printMapping:
		return printing
	case o.onDemand != "":
		return onDemand
	}
	return provisioning
}

// flagFeature is the feature flag that -flag adds to the tenant URL.
const flagFeature = "aadOptscim062020"

// parse reads the flags. Asked for help, it prints it to stdout.
func parse(args []string, s stage) (options, error) {
	var o options
	flags := flag.NewFlagSet("entra", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // run says what is wrong, without a page of usage
	o.define(flags)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		flags.SetOutput(s.stdout)
		fmt.Fprintln(s.stdout, "usage: go run ./examples/entra [flags]")
		flags.PrintDefaults()
		fmt.Fprintf(s.stdout, "%s", exits)
		return o, err
	case err != nil:
		return o, err
	case flags.NArg() > 0:
		return o, fmt.Errorf("there is no argument %q; everything is a flag", flags.Arg(0))
	}
	if err := o.fitting(flags); err != nil {
		return o, err
	}
	if m := o.mode(); m == provisioning || m == onDemand {
		return o, o.complete(s)
	}
	return o, nil
}

// define defines the flags. Those that come from the environment too have no default
// here, so that -h does not print it.
func (o *options) define(flags *flag.FlagSet) {
	flags.StringVar(&o.url, "url", "", "tenant `URL` of the service, with ?"+flagFeature+" or without (default $USHER_URL)")
	flags.StringVar(&o.token, "token", "", "secret `token` (default $USHER_TOKEN, which no list of processes shows)")
	flags.BoolVar(&o.flag, "flag", false, "the feature flag "+flagFeature+", where the URL does not have it")
	list(flags, &o.people, "people", "CSV `file` of people, as -generate writes it; read again before each cycle. Repeated: the cycles of one file after those of the other. Who is missing is moved to the recycle bin")
	flags.StringVar(&o.mapping, "mapping", "", "JSON `file` of attribute mappings, as -print-mapping writes it (default the help page's)")
	flags.BoolVar(&o.groups, "groups", false, "send the groups of the file too, and who is in them")
	list(flags, &o.assign, "assign", "`name` of a group whose members are provisioned, repeatable; without it everybody is")
	flags.Func("scope", "scoping `clause` such as 'department EQUALS Sales'; repeated, all of them have to hold", func(text string) error {
		c, err := entra.ParseClause(text)
		o.scope = append(o.scope, c)
		return err
	})
	number(flags, &o.threshold, "threshold", 1, "keep back what one cycle would disable and delete if it is more than this `number` of people and groups")
	flags.StringVar(&o.onDemand, "on-demand", "", "provision one `user` of the file now, by userPrincipalName or objectId, and print the steps")
	o.cycles = 1
	number(flags, &o.cycles, "cycles", 1, "`number` of cycles for each file, 40 simulated minutes apart (default 1)")
	flags.DurationVar(&o.every, "every", 0, "`time` from the beginning of one cycle to that of the next, in truth, such as 30s (default at once)")
	flags.StringVar(&o.log, "log", "", "`file` for the provisioning log as JSON lines; - is stdout, and the summary then goes to stderr")
	flags.BoolVar(&o.printMapping, "print-mapping", false, "print the mapping file that is used, and end")
	number(flags, &o.generate, "generate", 1, "make up a company of a `number` of people, print it as CSV, and end")
	o.seed = 1
	flags.Uint64Var(&o.seed, "seed", 1, "with -generate: the `number` that the company follows from")
	number(flags, &o.days, "days", 1, "with -generate: write people-00.csv and those of a `number` of days after into -dir, instead of printing")
	flags.StringVar(&o.dir, "dir", ".", "with -generate -days: the `folder` to write to")
}

// list defines a flag that may be repeated.
func list(flags *flag.FlagSet, to *[]string, name, usage string) {
	flags.Func(name, usage, func(s string) error {
		if s == "" {
			return errors.New("it must not be empty")
		}
		*to = append(*to, s)
		return nil
	})
}

// number defines a flag that is a whole number from least up.
func number(flags *flag.FlagSet, to *int, name string, least int, usage string) {
	flags.Func(name, usage, func(s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < least {
			return fmt.Errorf("it must be a whole number from %d up", least)
		}
		*to = n
		return nil
	})
}

// fitting reports a flag that does nothing beside the others.
func (o *options) fitting(flags *flag.FlagSet) error {
	var wrong []string
	m := modes[o.mode()]
	flags.Visit(func(f *flag.Flag) {
		if !slices.Contains(m.flags, f.Name) {
			wrong = append(wrong, "-"+f.Name)
		}
	})
	switch {
	case len(wrong) > 0 && m.by == "":
		return fmt.Errorf("%s is for -generate", strings.Join(wrong, ", "))
	case len(wrong) > 0:
		return fmt.Errorf("%s does not go with %s", strings.Join(wrong, ", "), m.by)
	case o.dir != "." && o.days == 0:
		return errors.New("-dir is for -days")
	case o.every < 0:
		return errors.New("-every must not be negative")
	}
	return nil
}

// complete takes what the environment says, and reports what is missing.
func (o *options) complete(s stage) error {
	if o.url == "" {
		o.url = s.env("USHER_URL")
	}
	if o.token == "" {
		o.token = s.env("USHER_TOKEN")
	}
	switch {
	case o.url == "":
		return errors.New("-url or USHER_URL is missing")
	case o.token == "":
		return errors.New("-token or USHER_TOKEN is missing")
	case len(o.people) == 0:
		return errors.New("-people is missing; -generate makes up such a file")
	case o.onDemand != "" && len(o.people) > 1:
		return errors.New("-on-demand takes one -people")
	}
	return o.address()
}

// address checks the tenant URL and adds the feature flag. Its errors do not repeat the
// URL, which may have a secret in it.
func (o *options) address() error {
	u, err := url.Parse(o.url)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return errors.New("-url must be a tenant URL such as https://app.example.com/scim/v2/")
	case u.User != nil:
		return errors.New("-url must not have a name or password in it; the token is for -token")
	case u.Fragment != "":
		return errors.New("-url must not have a # in it")
	}
	if o.flag && !u.Query().Has(flagFeature) {
		if u.RawQuery != "" {
			u.RawQuery += "&"
		}
		u.RawQuery += flagFeature
	}
	o.flag = u.Query().Has(flagFeature)
	o.url = u.String()
	return nil
}

package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
)

// load is a server under load.
type load struct {
	options
	handler http.Handler
	rnd     *rand.Rand
	answer  answer

	rows  []row
	order float64 // bytes a user that a list in another order takes
	err   error   // the first; nothing is measured after it
}

func newLoad(o options) (*load, error) {
	dir, err := scim.New(scim.Config{Store: memstore.New(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	tokens := &scim.Tokens{}
	for t := range o.tenants {
		name := fmt.Sprintf("tenant-%d", t)
		if _, err := tokens.Add(scim.Connection{ID: name + "/idp", Tenant: scim.Tenant(name)}, tokenOf(t), time.Time{}); err != nil {
			return nil, err
		}
	}
	h, err := scim.NewHandler(dir, scim.HandlerConfig{BaseURL: "https://app.example.com/scim/v2", Verifier: tokens})
	if err != nil {
		return nil, err
	}
	return &load{options: o, handler: h, rnd: rand.New(rand.NewPCG(o.seed, 2))}, nil
}

func tokenOf(tenant int) string { return fmt.Sprintf("a-token-for-measuring-%06d", tenant) }

// each is how many users a tenant has.
func (l *load) each() int { return l.users / l.tenants }

// fill creates the users, in an order that has nothing to do with their names.
func (l *load) fill() error {
	l.users = l.each() * l.tenants
	for t := range l.tenants {
		for _, n := range l.rnd.Perm(l.each()) {
			if _, err := l.send(request{tenant: t, method: "POST", path: "/Users", body: profile(n), status: http.StatusCreated}); err != nil {
				return err
			}
		}
	}
	return nil
}

func userName(n int) string { return fmt.Sprintf("person.%07d@example.com", n) }

func externalID(n int) string { return fmt.Sprintf("6f1c3a52-0000-4000-8000-%012d", n) }

func department(n int) string { return fmt.Sprintf("Department %02d", n%60) }

// profile is a full profile of the product's attribute table.
func profile(n int) string {
	given := []string{"Ada", "Barbara", "Chandra", "Dorothea", "Emmanuel", "Francesco", "Guadalupe"}[n%7]
	family := []string{"Lovelace", "Liskov", "Ramakrishnan", "Vaughan", "Noether", "Turing"}[n/7%6]
	return fmt.Sprintf(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],`+
		`"externalId":"%[2]s","userName":"%[3]s","active":true,`+
		`"displayName":"%[4]s %[5]s","name":{"formatted":"%[4]s %[5]s","givenName":"%[4]s","familyName":"%[5]s %[1]d"},`+
		`"title":"Senior Engineer","preferredLanguage":"en-GB","timezone":"Europe/London",`+
		`"emails":[{"primary":true,"type":"work","value":"%[3]s"}],`+
		`"phoneNumbers":[{"type":"mobile","value":"+44 7700 %07[1]d"}],`+
		`"addresses":[{"type":"work","country":"GB","region":"Greater London","locality":"London","postalCode":"EC1A 1BB"}],`+
		`"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"%[1]d","costCenter":"CC-%[7]d",`+
		`"organization":"Example Group","division":"Division %[8]d","department":"%[6]s","hireDate":"2021-03-%02[9]d"},`+
		`"urn:ietf:params:scim:schemas:extension:cybsafe:2.0:User":{"office":"Head Office","city":"London","businessUnit":"Unit %[8]d","grade":"G7"}}`,
		n, externalID(n), userName(n), given, family, department(n), n%40, n%12, n%28+1)
}

// request is one that a tenant's identity provider sends, and the status that it
// has to be answered with.
type request struct {
	tenant             int
	method, path, body string
	status             int
}

// send serves a request and returns how long that took. The answer is the load's
// until the next one.
func (l *load) send(r request) (time.Duration, error) {
	u, err := url.Parse("https://app.example.com/scim/v2" + r.path)
	if err != nil {
		return 0, err
	}
	in := &http.Request{
		Method: r.method, URL: u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Authorization": {"Bearer " + tokenOf(r.tenant)}}, Body: http.NoBody,
	}
	if r.body != "" {
		in.Header.Set("Content-Type", "application/scim+json")
		in.Body, in.ContentLength = io.NopCloser(strings.NewReader(r.body)), int64(len(r.body))
	}
	l.answer.reset()
	start := time.Now()
	l.handler.ServeHTTP(&l.answer, in)
	took := time.Since(start)
	if l.answer.status != r.status {
		return 0, fmt.Errorf("%s %s: status %d: %.500s", r.method, r.path, l.answer.status, l.answer.body.Bytes())
	}
	return took, nil
}

// answer takes an answer in.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) reset() {
	a.header, a.status = make(http.Header), http.StatusOK
	a.body.Reset()
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// resident is the memory that the process has, as far as the system tells.
func resident() string {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "unknown"
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line)
}

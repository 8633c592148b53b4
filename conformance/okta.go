package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// This file runs Okta's SPEC test.

// oktaAssertions is how many the test has. Fewer were not all understood.
const oktaAssertions = 52

const oktaTimeout = 2 * time.Minute

// prepareOkta reads the test.
func prepareOkta(_ context.Context, o options, _ *exceptions) (check, error) {
	data, err := readData(o, "okta-spec.json")
	if err != nil {
		return nil, err
	}
	test, err := parseSuite(data)
	if err != nil {
		return nil, fmt.Errorf("okta-spec.json: %w", err)
	}
	if n := test.assertions(); n != oktaAssertions {
		return nil, fmt.Errorf("okta-spec.json has %d assertions instead of %d", n, oktaAssertions)
	}
	return func(ctx context.Context, s *server) (report, error) {
		ctx, cancel := context.WithTimeout(ctx, oktaTimeout)
		defer cancel()
		if err := createUser(ctx, s); err != nil {
			return report{}, err
		}
		return test.run(ctx, oktaVariables(s)), nil
	}, nil
}

// readData reads a file of a checker's. One that is not there is a [skip].
func readData(o options, name string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(o.data, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, skip{fmt.Sprintf("there is no %s in %s", name, o.data)}
	}
	return data, err
}

// oktaVariables are the variables that whoever runs the test provides.
func oktaVariables(s *server) map[string]string {
	word := strings.ToLower(rand.Text())
	name := "okta." + word + "@example.com"
	return map[string]string{
		"SCIMBaseURL":            s.base,
		"auth":                   "Bearer " + s.token,
		"InvalidUserEmail":       "nobody." + word + "@example.com",
		"UserIdThatDoesNotExist": "no-such-user-" + word,
		"randomEmail":            "mail." + word + "@example.com",
		"randomUsername":         name,
		"randomUsernameCaps":     strings.ToUpper(name),
		"randomGivenName":        "Given" + word,
		"randomFamilyName":       "Family" + word,
	}
}

// createUser makes the complete user that the test needs before it begins.
func createUser(ctx context.Context, s *server) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/Users", strings.NewReader(`{
		"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
		"userName": "ann@example.com", "externalId": "1", "active": true, "displayName": "Ann Other",
		"name": {"givenName": "Ann", "familyName": "Other"},
		"emails": [{"value": "ann@example.com", "type": "work", "primary": true}]}`))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	req.Header.Set("Content-Type", "application/scim+json")
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusCreated {
		detail, _ := io.ReadAll(io.LimitReader(res.Body, tailSize)) // it is for the error alone
		return fmt.Errorf("the first user was refused: %s: %s", res.Status, detail)
	}
	return nil
}

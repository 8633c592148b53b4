package company_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp/company"
)

// TestWriteCSV: what is written says the same as the people and groups.
func TestWriteCSV(t *testing.T) {
	t.Parallel()
	c := company.New(2, 800)
	for range 10 {
		c.Day()
	}
	var b bytes.Buffer
	require.NoError(t, c.WriteCSV(&b))
	rows, err := csv.NewReader(&b).ReadAll()
	require.NoError(t, err)
	header := rows[0]
	require.Equal(t, strings.Split("objectId,userPrincipalName,mail,givenName,surname,displayName,jobTitle,department,division,companyName,"+
		"employeeId,employeeType,employeeHireDate,country,city,state,streetAddress,postalCode,physicalDeliveryOfficeName,preferredLanguage,"+
		"mobile,usageLocation,userType,costCenter,extensionAttribute1,extensionAttribute3,accountEnabled,manager,groups", ","), header)
	require.Len(t, rows, 1+c.Len())
	in := make(map[string][]string)
	for g := range c.Groups() {
		for _, id := range g.Members {
			in[id] = append(in[id], g.Name)
		}
	}
	for _, row := range rows[1:] {
		got := make(map[string]any)
		for i, v := range row {
			if v != "" {
				got[header[i]] = v
			}
		}
		p, found := c.Person(row[0])
		require.True(t, found)
		want := p.Properties()
		want["accountEnabled"] = strconv.FormatBool(p.AccountEnabled)
		if boss, found := c.Person(p.Manager); found {
			want["manager"] = boss.UserPrincipalName
		}
		require.ElementsMatch(t, in[p.ID], strings.FieldsFunc(row[len(row)-1], func(r rune) bool { return r == ';' }))
		delete(got, "groups")
		require.Empty(t, cmp.Diff(want, got))
	}
}

// TestWriteCSVFails where the writer does.
func TestWriteCSVFails(t *testing.T) {
	t.Parallel()
	for _, people := range []int{1, 300} {
		require.ErrorIs(t, company.New(1, people).WriteCSV(broken{}), errBroken)
	}
}

var errBroken = errors.New("the disk is full")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }

package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim/idp"
)

// This file reads what a host has: by its own API, and by SCIM.

// pageSize is how much the tests read at once.
const pageSize = 1000

// account is a user as the host's own API shows it.
type account struct {
	ID, UserName, Email, Status, Role string
	Managed, Placeholder              bool
	ExternalID                        string
	ManagerID                         string
	Groups                            []string
	Warnings                          []struct{ Attribute, Text string }
}

// accounts are the host's users of a status, "" for all that are not archived.
func (s *server) accounts(t testing.TB, status string) []account {
	t.Helper()
	return s.pagesOf(t, "/app/users?status="+status)
}

// pagesOf reads all pages of a list of users.
func (s *server) pagesOf(t testing.TB, path string) []account {
	t.Helper()
	var all []account
	for {
		page := ask[struct {
			Users []account
			Total int
		}](t, s, "GET", fmt.Sprintf("%s&limit=%d&offset=%d", path, pageSize, len(all)), "")
		all = append(all, page.Users...)
		if len(all) >= page.Total || len(page.Users) == 0 {
			require.Len(t, all, page.Total, path)
			return all
		}
	}
}

// export is the host's CSV, by externalId, each a row by column.
func (s *server) export(t testing.TB) map[string]map[string]string {
	t.Helper()
	status, text := s.send(t, "GET", "/app/export.csv", "")
	require.Equal(t, http.StatusOK, status)
	rows, err := csv.NewReader(strings.NewReader(string(text))).ReadAll()
	require.NoError(t, err)
	out := make(map[string]map[string]string)
	for _, row := range rows[1:] {
		m := make(map[string]string)
		for i, name := range rows[0] {
			m[name] = row[i]
		}
		out[m["externalId"]] = m
	}
	require.Len(t, out, len(rows)-1, "each externalId once")
	return out
}

// folder is how many are in one, and how many of them are let in.
type folder struct{ Users, Active int }

// folders are the host's, by their roots and names. That each has the users that it
// says it has is checked.
func (s *server) folders(t testing.TB) map[string]map[string]folder {
	t.Helper()
	out := make(map[string]map[string]folder)
	for root, list := range ask[map[string][]struct {
		Name string
		folder
	}](t, s, "GET", "/app/folders", "") {
		out[root] = make(map[string]folder)
		for _, f := range list {
			out[root][f.Name] = f.folder
			in := s.pagesOf(t, "/app/folders/"+root+"/"+url.PathEscape(f.Name)+"?")
			active := 0
			for _, u := range in {
				if u.Status == "active" {
					active++
				}
			}
			require.Equal(t, f.folder, folder{len(in), active}, "%s %s", root, f.Name)
		}
	}
	return out
}

// licence is the seats of the host.
type licence struct {
	Seats      *int
	Used, Held int
}

func (s *server) licence(t testing.TB) licence {
	t.Helper()
	return ask[licence](t, s, "GET", "/app/licence", "")
}

func (s *server) setSeats(t testing.TB, n int) {
	t.Helper()
	ask[licence](t, s, "PUT", "/app/licence", fmt.Sprintf(`{"seats":%d}`, n))
}

// events counts the host's record by kind.
func (s *server) events(t testing.TB) map[string]int {
	t.Helper()
	count := make(map[string]int)
	for after := ""; ; {
		page := ask[struct {
			Events []struct{ Kind string }
			Next   *string
		}](t, s, "GET", fmt.Sprintf("/app/log?limit=%d&after=%s", pageSize, url.QueryEscape(after)), "")
		for _, e := range page.Events {
			count[e.Kind]++
		}
		if page.Next == nil {
			return count
		}
		after = *page.Next
	}
}

// resources are all of a collection by SCIM: "Users" or "Groups".
func (s *server) resources(t testing.TB, collection string) []idp.Resource {
	t.Helper()
	var all []idp.Resource
	for {
		status, text := s.send(t, "GET", fmt.Sprintf("%s%s?startIndex=%d&count=%d", scimPath, collection, len(all)+1, pageSize), "")
		require.Equal(t, http.StatusOK, status)
		var page idp.List
		require.NoError(t, json.Unmarshal(text, &page))
		all = append(all, page.Resources...)
		if len(all) >= *page.TotalResults || len(page.Resources) == 0 {
			require.Len(t, all, *page.TotalResults)
			return all
		}
	}
}

// flat writes a resource as its values by path: each member's name, in an array with
// the element's type where it has one.
func flat(r idp.Resource) map[string]string {
	out := make(map[string]string)
	flatten(out, "", map[string]any(r))
	return out
}

func flatten(out map[string]string, path string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			join := "."
			if path == "" || strings.HasPrefix(path, "urn:") && !strings.Contains(path, "User:") {
				join = ":"
			}
			flatten(out, strings.TrimPrefix(path+join+name, ":"), member)
		}
	case []any:
		for i, element := range v {
			where := fmt.Sprint(path, "[", i, "]")
			if m, ok := element.(map[string]any); ok && m["type"] != nil {
				where = fmt.Sprintf("%s[type eq %q]", path, m["type"])
			}
			flatten(out, where, element)
		}
	default:
		out[path] = fmt.Sprint(v)
	}
}

// without leaves out what a host adds to a resource by itself.
func without(values map[string]string, prefixes ...string) map[string]string {
	out := make(map[string]string)
	for path, v := range values {
		if !slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(path, p) }) {
			out[path] = v
		}
	}
	return out
}

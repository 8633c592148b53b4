package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	batch          = 1000 // members that one PATCH adds
	page           = 100
	departmentPath = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
)

// How often a request is made that takes microseconds, that takes as long as its
// answer does, and that goes through everything.
func (o options) often() int     { return o.calls }
func (o options) sometimes() int { return o.calls/10 + 1 }
func (o options) rarely() int    { return o.calls/200 + 1 }

// row is what a request takes.
type row struct {
	what        string
	calls       int
	median, p99 time.Duration
}

// measure makes a request several times. check says what is wrong with an answer.
func (l *load) measure(what string, calls int, next func() request, check func() error) {
	took := make([]time.Duration, calls)
	for i := range took {
		if l.err != nil {
			return
		}
		r := next()
		if took[i], l.err = l.send(r); l.err == nil {
			l.err = check()
		}
		if l.err != nil {
			l.err = fmt.Errorf("%s: %s %s: %w: %.500s", what, r.method, r.path, l.err, l.answer.body.Bytes())
		}
	}
	slices.Sort(took)
	l.rows = append(l.rows, row{what, calls, took[calls/2], took[(calls*99+99)/100-1]})
}

// get is a GET with a query.
func get(path string, query ...string) request {
	v := url.Values{}
	for i := 0; i < len(query); i += 2 {
		v.Set(query[i], query[i+1])
	}
	return request{method: "GET", path: path + "?" + v.Encode(), status: http.StatusOK}
}

// patch is a PATCH with one operation.
func patch(path, operation string, status int) request {
	const head = `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[`
	return request{method: "PATCH", path: path, body: head + operation + `]}`, status: status}
}

// listed is a list of users as far as it is looked at.
type listed struct {
	TotalResults int
	NextCursor   string
	Resources    []struct {
		ID, UserName string
		Enterprise   struct{ Department string } `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
	}
}

// list reads an answer that has so many users of so many.
func (l *load) list(users, of int) (listed, error) {
	var got listed
	if err := json.Unmarshal(l.answer.body.Bytes(), &got); err != nil {
		return got, err
	}
	if len(got.Resources) != users || got.TotalResults != of {
		return got, fmt.Errorf("%d of %d users instead of %d of %d", len(got.Resources), got.TotalResults, users, of)
	}
	return got, nil
}

// measureAll adds all rows.
func (l *load) measureAll() {
	ids := l.measureLookUps()
	members := l.measurePages()
	before := heap()
	l.measureSorted()
	l.order = (float64(heap()) - float64(before)) / float64(l.each()) / 2
	l.measureScan()
	l.measureWrites(ids)
	l.measureGroup(members)
}

// measureLookUps asks for one user at a time, and returns the ids of some.
func (l *load) measureLookUps() (ids []string) {
	var n int
	one := func() error {
		got, err := l.list(1, 1)
		if err != nil {
			return err
		}
		if got.Resources[0].UserName != userName(n) {
			return fmt.Errorf("not %s", userName(n))
		}
		ids = append(ids, got.Resources[0].ID)
		return nil
	}
	l.measure("look up by userName", l.often(), func() request {
		n = l.rnd.IntN(l.each())
		return get("/Users", "filter", `userName eq "`+strings.ToUpper(userName(n))+`"`)
	}, one)
	l.measure("look up by externalId", l.often(), func() request {
		n = l.rnd.IntN(l.each())
		return get("/Users", "filter", `externalId eq "`+externalID(n)+`"`)
	}, one)
	var id string
	l.measure("read a user by id", l.often(), func() request {
		id = ids[l.rnd.IntN(len(ids))]
		return get("/Users/" + id)
	}, func() error { return l.has(`"id":"` + id + `"`) })
	return ids
}

// has checks that an answer has a text in it.
func (l *load) has(text string) error {
	if !strings.Contains(l.answer.body.String(), text) {
		return fmt.Errorf("no %s in the answer", text)
	}
	return nil
}

// measurePages asks for pages in order of creation, and returns the ids of as many
// users as the measurements of groups need.
func (l *load) measurePages() (ids []string) {
	full := func() error {
		_, err := l.list(page, l.each())
		return err
	}
	asking := func(query ...string) func() request {
		return func() request { return get("/Users", append(query, "count", strconv.Itoa(page))...) }
	}
	l.measure("first page of 100", l.sometimes(), asking(), full)
	l.measure("last page of 100, by startIndex", l.sometimes(), asking("startIndex", strconv.Itoa(l.each()-page+1)), full)
	middle, ids := l.walk()
	l.measure("page of 100 in the middle, by cursor", l.sometimes(), asking("cursor", middle), full)
	return ids
}

// walk goes from page to page up to the middle, and further where a group needs
// more members.
func (l *load) walk() (middle string, ids []string) {
	cursor := ""
	for len(ids) < l.group+batch || middle == "" {
		var got listed
		_, err := l.send(get("/Users", "count", strconv.Itoa(min(1000, l.each()/4)), "attributes", "userName", "cursor", cursor))
		if err == nil {
			err = json.Unmarshal(l.answer.body.Bytes(), &got)
		}
		if err != nil {
			l.err = errors.Join(l.err, err)
			return "", nil
		}
		for _, u := range got.Resources {
			ids = append(ids, u.ID)
		}
		cursor = got.NextCursor
		if middle == "" && len(ids) >= l.each()/2 {
			middle = cursor
		}
	}
	return middle, ids[:l.group+batch]
}

// measureSorted asks for sorted pages: the first time, and later ones anywhere.
func (l *load) measureSorted() {
	var start int
	sorted := func(by string) func() request {
		return func() request {
			return get("/Users", "sortBy", by, "count", strconv.Itoa(page), "startIndex", strconv.Itoa(start+1))
		}
	}
	inPlace := func() error {
		got, err := l.list(page, l.each())
		if err != nil {
			return err
		}
		for i, u := range got.Resources {
			if u.UserName != userName(start+i) {
				return fmt.Errorf("%s stands where %s should", u.UserName, userName(start+i))
			}
		}
		return nil
	}
	ascending := func() error {
		got, err := l.list(page, l.each())
		if err != nil {
			return err
		}
		for i, u := range got.Resources[1:] {
			if u.Enterprise.Department < got.Resources[i].Enterprise.Department {
				return errors.New("not in order")
			}
		}
		return nil
	}
	anywhere := func(by string) func() request {
		return func() request {
			start = l.rnd.IntN(l.each() - page)
			return sorted(by)()
		}
	}
	l.measure("first page sorted by userName, the first time", 1, sorted("userName"), inPlace)
	l.measure("any page sorted by userName, later", l.sometimes(), anywhere("userName"), inPlace)
	l.measure("any page sorted by department, the first time", 1, anywhere(departmentPath), ascending)
	l.measure("any page sorted by department, later", l.sometimes(), anywhere(departmentPath), ascending)
}

// measureScan asks for what no index knows.
func (l *load) measureScan() {
	n := l.each() - 1
	l.measure("filter that looks at everybody, 1 found", l.rarely(), func() request {
		return get("/Users", "filter", `employeeNumber eq "`+strconv.Itoa(n)+`" and phoneNumbers.value co "7700"`)
	}, func() error {
		got, err := l.list(1, 1)
		if err == nil && got.Resources[0].UserName != userName(n) {
			return fmt.Errorf("not %s", userName(n))
		}
		return err
	})
}

// measureWrites changes users.
func (l *load) measureWrites(ids []string) {
	i := 0
	title := func() string { return "Engineer " + strconv.Itoa(i) }
	l.measure("PATCH of one attribute of a user", l.often(), func() request {
		i++
		return patch("/Users/"+ids[i%len(ids)], `{"op":"replace","path":"title","value":"`+title()+`"}`, http.StatusOK)
	}, func() error { return l.has(`"title":"` + title() + `"`) })
}

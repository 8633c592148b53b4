package entra

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// groupsColumn is what a file calls the groups that a person is in.
const groupsColumn = "groups"

// validUntil is how many bytes of data are UTF-8.
func validUntil(data []byte) int {
	at := 0
	for at < len(data) {
		r, size := utf8.DecodeRune(data[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

// checkColumn reports a name that no column or member has.
func checkColumn(name string) error {
	if name == groupsColumn || kindOf(false, name) != 0 {
		return nil
	}
	return fmt.Errorf("there is no property %q%s", name, suggest(name, append(UserProperties(), groupsColumn)))
}

func newEntry(line int, part string) *entry {
	return &entry{line: line, part: part, lines: make(map[string]int), props: make(Properties)}
}

// set takes one value of a person: a string, a bool, a []string or nil.
func (e *entry) set(name string, line int, v any) error {
	e.lines[name] = line
	v = tidy(name, v)
	switch name {
	case groupsColumn:
		list, ok := v.([]string)
		if !ok && v != nil {
			return fmt.Errorf("groups cannot be %#v", v)
		}
		e.groups = &list
		return nil
	case "manager":
		boss, ok := v.(string)
		if !ok && v != nil {
			return fmt.Errorf("property %q cannot hold %#v", name, v)
		}
		e.manager = &boss
		return nil
	}
	kept, err := hold(false, name, v)
	switch {
	case err != nil:
		return err
	case kept != nil:
		e.props[name] = kept
	case name == "accountEnabled":
		e.props[name] = true
	case name != "userPrincipalName" && name != "objectId": // those are not cleared
		e.cleared = append(e.cleared, name)
	}
	if id := e.props.Text("objectId"); name == "objectId" && id != "" {
		if _, err := uuid.Parse(id); err != nil {
			return fmt.Errorf("objectId %q is no UUID", id)
		}
	}
	return nil
}

// tidy takes the blanks off names, and makes a day a time.
func tidy(name string, v any) any {
	switch v := v.(type) {
	case string:
		kind := kindOf(false, name)
		if kind == person || kind == moment || name == "userPrincipalName" || name == "objectId" {
			return timeOfDay(kind, strings.TrimSpace(v))
		}
	case []string:
		if name == groupsColumn {
			return trimmed(v)
		}
	}
	return v
}

func timeOfDay(kind propertyKind, s string) string {
	if _, err := time.Parse(time.DateOnly, s); kind == moment && err == nil {
		return s + "T00:00:00Z"
	}
	return s
}

// trimmed is a list without blanks around its elements and without empty ones.
func trimmed(list []string) []string {
	var out []string
	for _, s := range list {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// readCSV reads a file of people as LoadCSV describes it.
func readCSV(data []byte, wrong *mistakes) []*entry {
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	var header []string
	var out []*entry
	for {
		cells, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			var p *csv.ParseError
			if errors.As(err, &p) {
				wrong.add(fmt.Sprintf("line %d", p.Line), "%w", p.Err)
			} else {
				wrong.add("file", "%w", err)
			}
			return nil
		}
		line := func(i int) int { n, _ := r.FieldPos(i); return n }
		switch {
		case blank(cells):
		case header == nil:
			if header = readHeader(cells, line(0), wrong); header == nil {
				return nil
			}
		case len(cells) != len(header):
			wrong.add(fmt.Sprintf("line %d", line(0)), "it has %d cells and the header %d", len(cells), len(header))
		default:
			out = append(out, readCells(header, cells, line, wrong))
		}
	}
	if header == nil {
		wrong.add("line 1", "there is no header")
	}
	return out
}

func blank(cells []string) bool {
	return !slices.ContainsFunc(cells, func(c string) bool { return strings.TrimSpace(c) != "" })
}

// readHeader returns the names of the columns, nil if some are wrong.
func readHeader(cells []string, line int, wrong *mistakes) []string {
	header := make([]string, len(cells))
	ok := true
	for i, c := range cells {
		header[i] = strings.TrimSpace(c)
		err := checkColumn(header[i])
		if strings.Contains(header[i], ";") {
			err = errors.New("columns have commas between them, not semicolons")
		} else if slices.Contains(header[:i], header[i]) {
			err = errors.New("it stands there twice")
		}
		if err != nil {
			ok = false
			wrong.add(fmt.Sprintf("line %d, column %q", line, header[i]), "%w", err)
		}
	}
	if ok && !slices.Contains(header, "userPrincipalName") && !slices.Contains(header, "objectId") {
		wrong.add(fmt.Sprintf("line %d", line), "there is neither a column userPrincipalName nor one objectId")
		ok = false
	}
	if !ok {
		return nil
	}
	return header
}

func readCells(header, cells []string, line func(int) int, wrong *mistakes) *entry {
	e := newEntry(line(0), "column")
	for i, name := range header {
		if err := e.set(name, line(i), cellValue(name, cells[i])); err != nil {
			wrong.add(e.place(name), "%w", err)
		}
	}
	return e
}

// cellValue is what a cell says: nil if it is blank.
func cellValue(name, cell string) any {
	word := strings.TrimSpace(cell)
	if word == "" {
		return nil
	}
	switch kind := kindOf(false, name); {
	case kind == list || name == groupsColumn:
		return trimmed(strings.Split(cell, ";"))
	case kind == truth && strings.EqualFold(word, "true"):
		return true
	case kind == truth && strings.EqualFold(word, "false"):
		return false
	}
	return cell
}

// jsonPeople reads a JSON array of people, token by token for the sake of the lines.
type jsonPeople struct {
	data  []byte
	d     *json.Decoder
	wrong *mistakes
	out   []*entry
	seen  int64 // bytes whose lines are counted
	lines int
}

// readJSON reads a file of people as LoadJSON describes it.
func readJSON(data []byte, wrong *mistakes) []*entry {
	p := &jsonPeople{data: data, d: json.NewDecoder(bytes.NewReader(data)), wrong: wrong}
	if err := p.read(); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		wrong.add(fmt.Sprintf("line %d", p.line()), "%w", err)
	}
	return p.out
}

// line is the line of what was read last.
func (p *jsonPeople) line() int {
	at := p.d.InputOffset()
	p.lines += bytes.Count(p.data[p.seen:at], []byte("\n"))
	p.seen = at
	return 1 + p.lines
}

func (p *jsonPeople) read() error {
	if err := p.open('[', "the file is no array"); err != nil {
		return err
	}
	for p.d.More() {
		if err := p.open('{', "a person is an object"); err != nil {
			return err
		}
		e := newEntry(p.line(), "member")
		for p.d.More() {
			if err := p.member(e); err != nil {
				return err
			}
		}
		if _, err := p.d.Token(); err != nil { // }
			return err
		}
		p.out = append(p.out, e)
	}
	if _, err := p.d.Token(); err != nil { // ]
		return err
	}
	if _, err := p.d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something stands behind the end")
	}
	return nil
}

func (p *jsonPeople) open(want json.Delim, otherwise string) error {
	t, err := p.d.Token()
	if err == nil && t != want {
		err = errors.New(otherwise)
	}
	return err
}

// member reads one value of a person. The error is of syntax.
func (p *jsonPeople) member(e *entry) error {
	t, err := p.d.Token()
	if err != nil {
		return err
	}
	name, _ := t.(string)
	line := p.line()
	var v any
	if err := p.d.Decode(&v); err != nil {
		return err
	}
	_, twice := e.lines[name]
	e.lines[name] = line
	err = checkColumn(name)
	if err == nil && twice {
		err = errors.New("it stands there twice")
	}
	if err == nil {
		err = e.set(name, line, jsonValue(v))
	}
	if err != nil {
		p.wrong.add(e.place(name), "%w", err)
	}
	return nil
}

// jsonValue is a JSON value as properties hold it: an array of texts is a list. A blank
// text is no value.
func jsonValue(v any) any {
	if s, ok := v.(string); ok && strings.TrimSpace(s) == "" {
		return nil
	}
	elements, ok := v.([]any)
	if !ok {
		return v
	}
	list := make([]string, len(elements))
	for i, e := range elements {
		if list[i], ok = e.(string); !ok {
			return v
		}
	}
	return list
}

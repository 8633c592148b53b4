package scim_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTranscripts replays what identity providers really send. The format of
// the files is in testdata/README.md.
func TestTranscripts(t *testing.T) {
	var files []string
	for _, dir := range []string{"entra", "okta", "others", "clients", "bulk"} {
		found, err := filepath.Glob(filepath.Join("testdata", dir, "*.txt"))
		require.NoError(t, err)
		files = append(files, found...)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.ToSlash(strings.TrimPrefix(file, "testdata"+string(filepath.Separator))), ".txt")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			steps, err := parseTranscript(file, string(text))
			require.NoError(t, err)
			require.NotEmpty(t, steps, "the transcript has no steps")
			stage := newStage(t)
			for _, s := range steps {
				stage.play(s)
			}
		})
	}
}

// step is one thing that happens in a transcript, and what must follow from it.
type step struct {
	place string // file:line
	kind  string // request, host, seats, policy or users
	args  string // of a request: method and path
	// Of a request:
	headers [][2]string
	body    string
	status  []int // several: so many requests at once
	json    string
	want    []expectation
}

// expectation is one line, or one JSON value, of what must follow from a step.
type expectation struct {
	place string
	kind  string // header, json, at, save, same, without, empty or error
	name  string // of a header, or the path of at
	text  string
}

var (
	requestLine = regexp.MustCompile(`^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) \S`)
	setting     = regexp.MustCompile(`^(host|seats|policy|users) (.*)$`)
	headerLine  = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*):(?: +(.*))?$`)
	word        = regexp.MustCompile(`^(save|same|without|error)(?: +(.*))?$`)
	atLine      = regexp.MustCompile(`^\s*at +(\S+) +`)
)

// script is a transcript that is being read, line by line.
type script struct {
	file  string
	lines []string
	n     int // the line at hand
}

func parseTranscript(file, text string) ([]step, error) {
	p := &script{file: filepath.ToSlash(file), lines: strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")}
	var steps []step
	for p.next() {
		s := step{place: p.place()}
		var err error
		switch line := p.line(); {
		case requestLine.MatchString(line):
			s.kind, s.args = "request", line
			err = p.request(&s)
		case setting.MatchString(line):
			m := setting.FindStringSubmatch(line)
			s.kind, s.args = m[1], strings.TrimSpace(m[2])
			err = p.setting(&s)
		default:
			err = p.errorf("not a step: %q", line)
		}
		if err == nil {
			s.want, err = p.expectations()
		}
		if err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	return steps, nil
}

func (p *script) place() string { return p.file + ":" + strconv.Itoa(p.n+1) }

func (p *script) errorf(format string, args ...any) error {
	return fmt.Errorf("%s: %s", p.place(), fmt.Sprintf(format, args...))
}

func (p *script) line() string { return strings.TrimSpace(p.lines[p.n]) }

// next goes on to a line that says something and reports whether there is one.
func (p *script) next() bool {
	for ; p.n < len(p.lines); p.n++ {
		if l := p.line(); l != "" && l[0] != '#' {
			return true
		}
	}
	return false
}

// request reads a request up to and with its status.
func (p *script) request(s *step) error {
	for p.n++; p.next(); p.n++ {
		m := headerLine.FindStringSubmatch(p.line())
		if m == nil {
			break
		}
		s.headers = append(s.headers, [2]string{m[1], m[2]})
	}
	var body []string
	for ; p.n < len(p.lines); p.n++ {
		status, ok := strings.CutPrefix(p.line(), "=>")
		if !ok {
			body = append(body, p.lines[p.n])
			continue
		}
		s.body = strings.TrimSpace(strings.Join(body, "\n"))
		for f := range strings.FieldsSeq(status) {
			n, err := strconv.Atoi(f)
			if err != nil {
				return p.errorf("%q is not a status", f)
			}
			s.status = append(s.status, n)
		}
		if len(s.status) == 0 {
			return p.errorf("the status is missing")
		}
		p.n++
		return nil
	}
	return fmt.Errorf("%s: the request has no => status", s.place)
}

// setting reads the JSON of a host step, which may go on over lines.
func (p *script) setting(s *step) error {
	at := strings.IndexByte(p.lines[p.n], '{')
	if s.kind != "policy" && !strings.HasPrefix(s.args, "create") || at < 0 {
		p.n++
		return nil
	}
	s.args, _, _ = strings.Cut(s.args, "{")
	s.args = strings.TrimSpace(s.args)
	var err error
	s.json, err = p.value(at)
	return err
}

// value reads a JSON value that begins at a column of the line at hand.
func (p *script) value(column int) (string, error) {
	text := p.lines[p.n][column:] + "\n" + strings.Join(p.lines[p.n+1:], "\n")
	d := json.NewDecoder(strings.NewReader(text))
	var raw json.RawMessage
	if err := d.Decode(&raw); err != nil {
		return "", p.errorf("%v", err)
	}
	end := int(d.InputOffset())
	rest, _, _ := strings.Cut(text[end:], "\n")
	if rest = strings.TrimSpace(rest); rest != "" {
		return "", p.errorf("after the JSON: %q", rest)
	}
	p.n += strings.Count(text[:end], "\n") + 1
	return string(raw), nil
}

// json reads JSON that is expected, as a whole or at a path.
func (p *script) json(e *expectation) error {
	text := p.lines[p.n]
	column := len(text) - len(strings.TrimLeft(text, " \t"))
	e.kind = "json"
	if m := atLine.FindStringSubmatchIndex(text); m != nil {
		e.kind, e.name, column = "at", text[m[2]:m[3]], m[1]
	}
	var err error
	e.text, err = p.value(column)
	return err
}

// expectations reads everything up to the next step.
func (p *script) expectations() ([]expectation, error) {
	var all []expectation
	for p.next() {
		e := expectation{place: p.place()}
		if rest, ok := strings.CutPrefix(p.line(), "->"); ok {
			if p.lines[p.n] = rest; p.line() == "" {
				p.n++
				continue
			}
		}
		line := p.line()
		switch {
		case requestLine.MatchString(line), setting.MatchString(line):
			return all, nil
		case line[0] == '{', line[0] == '[', atLine.MatchString(line):
			if err := p.json(&e); err != nil {
				return nil, err
			}
			all = append(all, e)
			continue
		case line == "empty":
			e.kind = "empty"
		case word.MatchString(line):
			m := word.FindStringSubmatch(line)
			e.kind, e.text = m[1], m[2]
		case headerLine.MatchString(line):
			m := headerLine.FindStringSubmatch(line)
			e.kind, e.name, e.text = "header", m[1], m[2]
		default:
			return nil, p.errorf("neither a step nor an expectation: %q", line)
		}
		all = append(all, e)
		p.n++
	}
	return all, nil
}

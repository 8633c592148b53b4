package main

import (
	"bytes"
	"fmt"
	"os"

	"github.com/usher-scim/scim/idp/entra"
)

// people is a file that a directory is kept as.
type people struct {
	dir  *entra.Directory
	file string
	data []byte // as it was taken last
}

// take reads the file, and makes the directory what it says if it says something new.
// On an error the directory is as it was.
func (p *people) take(file string) (done entra.Loaded, news bool, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return done, false, err
	}
	if file == p.file && bytes.Equal(data, p.data) {
		return done, false, nil
	}
	if done, err = p.dir.LoadCSV(bytes.NewReader(data), entra.Load{}); err != nil {
		return done, false, fmt.Errorf("%s: %w", file, err)
	}
	p.file, p.data = file, data
	return done, true, nil
}

// find returns the user that somebody calls by userPrincipalName or objectId.
func (p *people) find(name string) (id string, err error) {
	if id, found := p.dir.FindUser(name); found {
		return id, nil
	}
	if _, found := p.dir.User(name); found {
		return name, nil
	}
	return "", fmt.Errorf("-on-demand: nobody in %s is %q", p.file, name)
}

package memstore

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// fill gives each string in v a value of its own, and each slice one element.
func fill(v reflect.Value, n *int) {
	switch v.Kind() {
	case reflect.String:
		*n++
		v.SetString(fmt.Sprintf("v%d.", *n))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				fill(v.Field(i), n)
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), n)
	}
}

// texts calls f for each string in v with its path.
func texts(path string, v reflect.Value, f func(path, s string)) {
	switch v.Kind() {
	case reflect.String:
		f(path, v.String())
	case reflect.Struct:
		for i := range v.NumField() {
			texts(path+"."+v.Type().Field(i).Name, v.Field(i), f)
		}
	case reflect.Slice:
		for i := range v.Len() {
			texts(path, v.Index(i), f)
		}
	}
}

func TestPackTakesEachStringIntoOneAllocation(t *testing.T) {
	t.Parallel()
	var u scim.User
	n := 0
	fill(reflect.ValueOf(&u).Elem(), &n)
	require.Greater(t, n, 50)
	want := u.Clone()

	pack(&u)
	require.Equal(t, want, &u)

	first := uintptr(unsafe.Pointer(unsafe.StringData(u.Name.Formatted)))
	apart := map[string]bool{"u.ID": true, "u.Keys.Folders.Root": true, "u.Keys.Folders.Name": true}
	texts("u", reflect.ValueOf(u), func(path, s string) {
		at := uintptr(unsafe.Pointer(unsafe.StringData(s)))
		inside := at >= first && at+uintptr(len(s)) <= first+1024
		require.Equal(t, !apart[path], inside, path)
	})
}

func TestPackKeepsWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	u := &scim.User{
		UserName: strings.Repeat("long", 200), Title: strings.Repeat("x", 500), Office: "small",
		Keys: scim.Keys{UserName: "long"},
	}
	for i := range 100 {
		u.Emails = append(u.Emails, scim.MultiValue{Value: fmt.Sprintf("%d@example.com", i), Type: "work"})
	}
	want := u.Clone()
	pack(u)
	require.Equal(t, want, u)
}

func TestPackRepeatsNoName(t *testing.T) {
	t.Parallel()
	var p packer
	formatted, given, userName, key := "Dr Ada Lovelace", "Ada", "ada@example.com", "ada@example.com"
	p.names(&formatted, &given, &userName, &key)
	p.finish()
	require.Equal(t, len(formatted)+len(userName), p.size)
	require.Equal(t, unsafe.StringData(userName), unsafe.StringData(key))
}

package scim_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/usher-scim/scim"
)

// TestUsersAndEventsAreJSON: what a store keeps as JSON comes back as it was, and
// what is unassigned takes no room.
func TestUsersAndEventsAreJSON(t *testing.T) {
	t.Parallel()
	var u scim.User
	fill(reflect.ValueOf(&u).Elem())
	var e scim.Event
	fill(reflect.ValueOf(&e).Elem())
	u.Status, e.From, e.To = scim.StatusHeld, scim.StatusActive, scim.StatusArchived

	data, err := json.Marshal(&u)
	require.NoError(t, err)
	var user scim.User
	require.NoError(t, json.Unmarshal(data, &user))
	require.Empty(t, cmp.Diff(u, user, cmpopts.IgnoreUnexported(scim.User{})))

	data, err = json.Marshal(e)
	require.NoError(t, err)
	var event scim.Event
	require.NoError(t, json.Unmarshal(data, &event))
	require.Empty(t, cmp.Diff(e, event))

	data, err = json.Marshal(&scim.User{ID: "1", UserName: "ada"})
	require.NoError(t, err)
	require.JSONEq(t, `{"ID":"1","UserName":"ada"}`, string(data))
	data, err = json.Marshal(scim.Event{Kind: scim.UserPurged})
	require.NoError(t, err)
	require.JSONEq(t, `{"Kind":"user.purged"}`, string(data))
}

// fill gives every exported field a value that is not zero.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 3, 1, 9, 0, 0, 123456789, time.UTC)))
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	case reflect.String:
		v.SetString("a \"q\" \\ 漢\n")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Uint8:
		v.SetUint(2)
	case reflect.Int:
		v.SetInt(7)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0))
		fill(v.Index(1))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(value)
		v.SetMapIndex(key, value)
	default:
		panic("fill: " + v.Type().String())
	}
}

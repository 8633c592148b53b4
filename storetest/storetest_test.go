package storetest_test

import (
	"testing"

	"github.com/usher-scim/scim"
	"github.com/usher-scim/scim/memstore"
	"github.com/usher-scim/scim/storetest"
)

func TestMemstore(t *testing.T) {
	storetest.Run(t, storetest.Harness{Open: func(testing.TB) (a, b scim.Store) {
		s := memstore.New()
		return s, s
	}})
}

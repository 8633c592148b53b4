package memstore

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// TestAUserFitsItsSizeClass keeps a stored user, with the eight bytes that the
// allocator puts in front of it, from taking 1,024 bytes instead of 896.
func TestAUserFitsItsSizeClass(t *testing.T) {
	t.Parallel()
	require.LessOrEqual(t, unsafe.Sizeof(user{}), uintptr(896-8))
}

package scim

import (
	"io"
	"slices"
	"sync"

	"github.com/usher-scim/scim/internal/scimjson"
)

// buffer is the memory that a request works in. It is used again for others.
type buffer struct {
	in  []byte
	out []byte
	doc scimjson.Doc
}

var buffers = sync.Pool{New: func() any { return &buffer{out: make([]byte, 0, 4<<10)} }}

// keepBuffer is the largest buffer that is kept for another request.
const keepBuffer = 256 << 10

func newBuffer() *buffer {
	b := buffers.Get().(*buffer)
	b.in, b.out = b.in[:0], b.out[:0]
	return b
}

func (b *buffer) free() {
	if cap(b.in) <= keepBuffer && cap(b.out) <= keepBuffer {
		buffers.Put(b)
	}
}

// read fills in from r. size is how much is expected, below zero when unknown.
func (b *buffer) read(r io.Reader, size int64) error {
	const chunk = 4 << 10
	b.in = slices.Grow(b.in[:0], int(min(max(size+1, chunk), keepBuffer)))
	for {
		if len(b.in) == cap(b.in) {
			b.in = slices.Grow(b.in, len(b.in))
		}
		n, err := r.Read(b.in[len(b.in):cap(b.in)])
		b.in = b.in[:len(b.in)+n]
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

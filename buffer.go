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

// keepBuffer is the largest buffer that is kept for another request.
const keepBuffer = 256 << 10

var exchanges = sync.Pool{New: func() any { return &exchange{buf: buffer{out: make([]byte, 0, 4<<10)}} }}

func newExchange() *exchange { return exchanges.Get().(*exchange) }

// free gives the exchange back, with nothing in it of the request.
func (x *exchange) free() {
	buf := x.buf
	if cap(buf.in) > keepBuffer || cap(buf.out) > keepBuffer || buf.doc.Size() > keepBuffer {
		return
	}
	buf.in, buf.out = buf.in[:0], buf.out[:0]
	buf.doc.Reset()
	*x = exchange{buf: buf}
	exchanges.Put(x)
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

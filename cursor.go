package scim

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"
)

// cursors makes and reads the cursors of lists (RFC 9865). A cursor is signed, so
// that nobody makes one up, over the tenant and the query, so that it is good for
// nothing else; and it is encrypted, as the place in it may name a person. The
// signature is what the encryption starts from.
type cursors struct {
	mac     []byte
	block   cipher.Block
	timeout time.Duration
	now     func() time.Time
}

const (
	// cursorTimeout is how long a cursor is good for when the host does not say.
	cursorTimeout = time.Hour
	tagSize       = aes.BlockSize
)

// newCursors derives the keys; without a secret they are good for this process.
func newCursors(secret []byte, timeout time.Duration, now func() time.Time) *cursors {
	if len(secret) == 0 {
		secret = make([]byte, sha256.Size)
		_, _ = rand.Read(secret) // never fails
	}
	if timeout <= 0 {
		timeout = cursorTimeout
	}
	derive := func(use string) []byte {
		h := hmac.New(sha256.New, secret)
		h.Write([]byte(use))
		return h.Sum(nil)
	}
	block, err := aes.NewCipher(derive("scim cursor encryption"))
	if err != nil {
		panic(err) // the key has the right size
	}
	return &cursors{mac: derive("scim cursor signature"), block: block, timeout: timeout, now: now}
}

// cursor is what a cursor says: where the next page begins, and what the first
// page counted.
type cursor struct {
	after string
	total int
}

// seal writes a cursor in characters that need no escaping in an address.
func (c *cursors) seal(scope []string, at cursor) string {
	text := make([]byte, tagSize, tagSize+2*binary.MaxVarintLen64+len(at.after))
	text = binary.AppendUvarint(text, uint64(c.now().Unix()))
	text = binary.AppendUvarint(text, uint64(at.total))
	text = append(text, at.after...)
	copy(text, c.sign(scope, text[tagSize:]))
	cipher.NewCTR(c.block, text[:tagSize]).XORKeyStream(text[tagSize:], text[tagSize:])
	return base64.RawURLEncoding.EncodeToString(text)
}

// open reads a cursor that seal wrote for the same scope, not too long ago.
func (c *cursors) open(scope []string, text string) (cursor, error) {
	// A decoder passes over line ends, and over bits behind the last byte.
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < tagSize || strings.ContainsAny(text, "\r\n") {
		return cursor{}, errCursor
	}
	tag, rest := raw[:tagSize], raw[tagSize:]
	cipher.NewCTR(c.block, tag).XORKeyStream(rest, rest)
	if !hmac.Equal(tag, c.sign(scope, rest)) {
		return cursor{}, errCursor
	}
	issued, n := binary.Uvarint(rest)
	total, m := binary.Uvarint(rest[max(n, 0):])
	if n <= 0 || m <= 0 {
		return cursor{}, errCursor
	}
	if c.now().After(time.Unix(int64(issued), 0).Add(c.timeout)) {
		return cursor{}, badRequest(typeExpiredCursor, "The cursor is older than %s. Begin again with an empty cursor.", c.timeout)
	}
	return cursor{after: string(rest[n+m:]), total: int(total)}, nil
}

var errCursor = badRequest(typeInvalidCursor, "The cursor is not one that this service gave out for this query. Begin again with an empty cursor.")

// sign returns the signature of a cursor in its scope.
func (c *cursors) sign(scope []string, text []byte) []byte {
	h := hmac.New(sha256.New, c.mac)
	var n [8]byte
	for _, s := range scope {
		binary.BigEndian.PutUint64(n[:], uint64(len(s)))
		h.Write(n[:])
		h.Write([]byte(s))
	}
	h.Write(text)
	return h.Sum(nil)[:tagSize]
}

package index

import (
	"strings"

	"github.com/opencontainers/go-digest"
)

const (
	sha256Prefix = string(digest.SHA256) + ":"
	sha256Size   = 32
)

// key is a digest in the form in which it is held: of the usual kind its 32
// bytes, of any other the whole text, which is longer.
type key string

// keyBytes is the key of a digest. It uses the room, if that is enough.
func keyBytes(d digest.Digest, room *[sha256Size]byte) []byte {
	encoded, usual := strings.CutPrefix(string(d), sha256Prefix)
	if !usual || len(encoded) != 2*sha256Size {
		return []byte(d)
	}
	for i := range room {
		high, low := nibble[encoded[2*i]], nibble[encoded[2*i+1]]
		if high|low > 0xf {
			return []byte(d)
		}
		room[i] = high<<4 | low
	}
	return room[:]
}

func (k key) digest() digest.Digest {
	if len(k) != sha256Size {
		return digest.Digest(k)
	}
	var text [len(sha256Prefix) + 2*sha256Size]byte
	copy(text[:], sha256Prefix)
	for i := range sha256Size { // with one allocation: whole inventories are written out
		text[len(sha256Prefix)+2*i], text[len(sha256Prefix)+2*i+1] = hexDigits[k[i]>>4], hexDigits[k[i]&0xf]
	}
	return digest.Digest(text[:])
}

const hexDigits = "0123456789abcdef"

// nibble is the value of each lower-case hexadecimal digit, and 0xff for all
// other bytes.
var nibble = func() (values [256]byte) {
	for i := range values {
		values[i] = 0xff
	}
	for value, c := range hexDigits {
		values[c] = byte(value)
	}
	return values
}()

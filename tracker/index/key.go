package index

import (
	"encoding/hex"
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
	return digest.Digest(sha256Prefix + hex.EncodeToString([]byte(k)))
}

// nibble is the value of each lower-case hexadecimal digit, and 0xff for all
// other bytes.
var nibble = func() (values [256]byte) {
	for i := range values {
		values[i] = 0xff
	}
	for value, c := range "0123456789abcdef" {
		values[c] = byte(value)
	}
	return values
}()

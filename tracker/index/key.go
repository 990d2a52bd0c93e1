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
	text := k.text() // with one allocation: whole inventories are written out
	return digest.Digest(text[:])
}

// text writes out a key of the usual kind.
func (k key) text() (text [len(sha256Prefix) + 2*sha256Size]byte) {
	copy(text[:], sha256Prefix)
	for i := range sha256Size {
		text[len(sha256Prefix)+2*i], text[len(sha256Prefix)+2*i+1] = hexDigits[k[i]>>4], hexDigits[k[i]&0xf]
	}
	return text
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

// Name is a digest as the index holds it, of which a digest is made only where
// it is shown.
type Name struct{ key key }

// NameOf is the name of a digest.
func NameOf(d digest.Digest) Name {
	var room [sha256Size]byte
	return Name{key(keyBytes(d, &room))}
}

// Digest is what the name stands for.
func (n Name) Digest() digest.Digest { return n.key.digest() }

// HasPrefix says how the digest's text begins.
func (n Name) HasPrefix(prefix string) bool {
	if len(n.key) != sha256Size {
		return strings.HasPrefix(string(n.key), prefix)
	}
	text := n.key.text()
	return len(prefix) <= len(text) && string(text[:len(prefix)]) == prefix
}

// Compare has the order of the digests' texts.
func (n Name) Compare(o Name) int {
	if len(n.key) == sha256Size && len(o.key) == sha256Size {
		return strings.Compare(string(n.key), string(o.key))
	}
	return strings.Compare(string(n.Digest()), string(o.Digest()))
}

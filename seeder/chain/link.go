package chain

import (
	"encoding"
	"encoding/binary"
	"errors"
	"hash"

	"github.com/opencontainers/go-digest"
)

// Piece is how many bytes there are from one link to the next. It is a multiple of
// the hashes' blocks: between two blocks the state is all that there is.
const Piece = 256 << 10

// What encoding.BinaryMarshaler has around the state, in crypto/sha256 and
// crypto/sha512: magic, state, block, and the number of bytes so far. A test holds
// every algorithm to it.
const (
	magic = 4
	count = 8
)

var errNoLink = errors.New("a hash without links")

// Len is how many links a blob of so many bytes has. What follows the last one is
// proved by the digest itself.
func Len(size int64) int { return int(size / Piece) }

// Width is the size of one link in bytes; 0 for an algorithm that has none.
func Width(a digest.Algorithm) int {
	if !a.Available() {
		return 0
	}
	h := a.Hash()
	m, ok := h.(encoding.BinaryMarshaler)
	if !ok {
		return 0
	}
	state, err := m.MarshalBinary()
	if err != nil {
		return 0
	}
	return max(0, len(state)-magic-h.BlockSize()-count)
}

// Append adds the link of a hash to b. The hash must be of an algorithm with links,
// and have taken in whole pieces.
func Append(b []byte, h hash.Hash, width int) []byte {
	a, ok := h.(encoding.BinaryAppender)
	if !ok {
		return b
	}
	at := len(b)
	b, err := a.AppendBinary(b)
	if err != nil {
		return b[:at]
	}
	copy(b[at:], b[at+magic:at+magic+width])
	return b[:at+width]
}

// Restore puts a hash where it was at a link, after so many bytes. Without any it is
// where it began.
func Restore(h hash.Hash, link []byte, at int64) error {
	h.Reset()
	if at == 0 {
		return nil
	}
	m, ok := h.(encoding.BinaryMarshaler)
	u, ok2 := h.(encoding.BinaryUnmarshaler)
	if !ok || !ok2 {
		return errNoLink
	}
	state, err := m.MarshalBinary()
	if err != nil {
		return err
	}
	if len(link) != len(state)-magic-h.BlockSize()-count {
		return errNoLink
	}
	copy(state[magic:], link)
	binary.BigEndian.PutUint64(state[len(state)-count:], uint64(at))
	return u.UnmarshalBinary(state)
}

package index

import (
	"bytes"
	"encoding/binary"
	"iter"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// packed is a node's set of digest numbers while nobody changes it: for each,
// ascending, how many were left out before it, as a varint. There are about as
// many numbers as digests, so that a byte or two are enough for most.
type packed []byte

func pack(numbers *roaring.Bitmap) packed {
	buf := make([]byte, 0, 2*numbers.GetCardinality())
	next := uint32(0)
	for n := range numbers.Iterate {
		buf = binary.AppendUvarint(buf, uint64(n-next))
		next = n + 1
	}
	return bytes.Clone(buf) // without the room that is left
}

// all yields the numbers.
func (p packed) all() iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		for next := uint32(0); len(p) > 0; next++ {
			gap, size := binary.Uvarint(p)
			p = p[size:]
			if next += uint32(gap); !yield(next) {
				return
			}
		}
	}
}

// len is how many there are: each varint has one last byte, which is below 0x80.
func (p packed) len() (count int) {
	for _, b := range p {
		if b < 0x80 {
			count++
		}
	}
	return count
}

func (p packed) contains(number uint32) bool {
	for n := range p.all() {
		if n >= number {
			return n == number
		}
	}
	return false
}

// unpack is the reverse of pack.
func (p packed) unpack() *roaring.Bitmap {
	return roaring.BitmapOf(slices.AppendSeq(make([]uint32, 0, len(p)), p.all())...)
}

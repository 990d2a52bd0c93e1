package redis

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/journal"
)

const (
	setFormat  = 1
	setHeader  = 1 + 8 + 8
	wordDigest = 1 // lowest bit of an image's digest that is a word
)

// numberer gives numbers to what a set consists of.
type numberer interface {
	digest(d digest.Digest) (number uint64, isWord bool)
	word(w string) (number uint64)
}

// encodeSet writes a set in the format of the package comment.
func encodeSet(s *journal.Set, id uint64, n numberer) []byte {
	numbers, words := make([]uint64, 0, len(s.Digests)), []uint64(nil)
	for _, d := range s.Digests {
		if number, isWord := n.digest(d); isWord {
			words = append(words, number)
		} else {
			numbers = append(numbers, number)
		}
	}
	b := make([]byte, 0, setHeader+3*len(s.Digests)/2+16*len(s.Images))
	b = append(b, setFormat)
	b = binary.BigEndian.AppendUint64(b, id)
	b = binary.BigEndian.AppendUint64(b, uint64(s.Hash()))
	b = appendGaps(b, numbers)
	b = binary.AppendUvarint(b, uint64(len(words)))
	for _, w := range words {
		b = binary.AppendUvarint(b, w)
	}
	return appendImages(b, s.Images, n)
}

func appendGaps(b []byte, numbers []uint64) []byte {
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	b = binary.AppendUvarint(b, uint64(len(numbers)))
	next := uint64(0)
	for _, n := range numbers {
		b = binary.AppendUvarint(b, n-next)
		next = n + 1
	}
	return b
}

func appendImages(b []byte, images []trackerapi.Image, n numberer) []byte {
	b = binary.AppendUvarint(b, uint64(len(images)))
	last := int64(0)
	for _, i := range images {
		number, isWord := n.digest(i.Digest)
		number <<= 1
		if isWord {
			number |= wordDigest
		}
		at := i.UpdatedAt.UnixMicro()
		b = binary.AppendUvarint(b, n.word(i.Name))
		b = binary.AppendUvarint(b, number)
		b = binary.AppendVarint(b, at-last)
		last = at
	}
	return b
}

var (
	errSetFormat = errors.New("the set is not in a known format")
	errSetBook   = errors.New("the set's book lacks something")
	errSetHash   = errors.New("the set's hash does not agree")
)

// numbers is the reverse of numberer. Both return an empty string for what is
// not there.
type numbers interface {
	digestOf(number uint64) digest.Digest
	wordOf(number uint64) string
}

// setBook is the ID of the book that a set is written with.
func setBook(b []byte) (id uint64, err error) {
	if len(b) < setHeader || b[0] != setFormat {
		return 0, errSetFormat
	}
	return binary.BigEndian.Uint64(b[1:]), nil
}

// decodeSet is the reverse of encodeSet.
func decodeSet(b []byte, book numbers) (*journal.Set, error) {
	if _, err := setBook(b); err != nil {
		return nil, err
	}
	hash := trackerapi.SetHash(binary.BigEndian.Uint64(b[9:]))
	r := &setReader{rest: b[setHeader:], book: book}
	s := &journal.Set{Digests: make([]digest.Digest, 0, min(len(b), 1<<16))}
	next := uint64(0)
	for range r.count() {
		number := next + r.uvarint()
		s.Digests = append(s.Digests, r.digest(number))
		next = number + 1
	}
	for range r.count() {
		s.Digests = append(s.Digests, digest.Digest(r.word(r.uvarint())))
	}
	s.Images = r.images()
	switch {
	case r.err == nil && len(r.rest) > 0:
		return nil, errSetFormat
	case r.err == nil && s.Hash() != hash:
		return nil, errSetHash
	}
	s.Digests = slices.Clip(s.Digests)
	return s, r.err
}

// setReader takes a set apart; after an error it yields nothing.
type setReader struct {
	rest []byte
	book numbers
	err  error
}

func (r *setReader) images() (all []trackerapi.Image) {
	last := int64(0)
	for range r.count() {
		i := trackerapi.Image{Name: r.word(r.uvarint())}
		if number := r.uvarint(); number&wordDigest != 0 {
			i.Digest = digest.Digest(r.word(number >> 1))
		} else {
			i.Digest = r.digest(number >> 1)
		}
		last += r.varint()
		i.UpdatedAt = time.UnixMicro(last).UTC()
		all = append(all, i)
	}
	return all
}

// count is of things that take at least a byte each.
func (r *setReader) count() uint64 {
	n := r.uvarint()
	if n > uint64(len(r.rest)) {
		r.fail(errSetFormat)
		return 0
	}
	return n
}

func (r *setReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.rest)
	return advance(r, v, n)
}

func (r *setReader) varint() int64 {
	v, n := binary.Varint(r.rest)
	return advance(r, v, n)
}

func advance[T any](r *setReader, v T, n int) T {
	if n <= 0 {
		r.fail(errSetFormat)
		return *new(T)
	}
	r.rest = r.rest[n:]
	return v
}

func (r *setReader) digest(number uint64) digest.Digest {
	d := r.book.digestOf(number)
	if d == "" {
		r.fail(errSetBook)
	}
	return d
}

func (r *setReader) word(number uint64) string {
	w := r.book.wordOf(number)
	if w == "" {
		r.fail(errSetBook)
	}
	return w
}

// fail keeps the first error and ends the reading.
func (r *setReader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.rest = nil
}

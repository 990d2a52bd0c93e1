package redis

import (
	"encoding/hex"
	"slices"
	"strings"

	"github.com/opencontainers/go-digest"
)

const (
	slot       = 32 // bytes of a SHA-256
	sha256Head = "sha256:"
)

// book is the numbers that this tracker has given, in memory.
type book struct {
	digests shelfmarks[digest.Digest]
	words   shelfmarks[string]
}

// shelfmarks numbers things in the order in which they come.
type shelfmarks[T comparable] struct {
	numbers map[T]uint32
	inOrder []T
	written int // so many of inOrder are known to be in Redis
}

func (m *shelfmarks[T]) number(v T) uint64 {
	if n, known := m.numbers[v]; known {
		return uint64(n)
	}
	if m.numbers == nil {
		m.numbers = map[T]uint32{}
	}
	n := uint32(len(m.inOrder))
	m.numbers[v] = n
	m.inOrder = append(m.inOrder, v)
	return uint64(n)
}

// unwritten is what follows of the things that are not known to be in Redis,
// at most n of them, and the number of the first.
func (m *shelfmarks[T]) unwritten(n int) (first int, some []T) {
	return m.written, m.inOrder[m.written:min(m.written+n, len(m.inOrder))]
}

// found says how many there are in Redis. If that is not what was written, any
// of them may be missing.
func (m *shelfmarks[T]) found(n int64) {
	if n != int64(m.written) {
		m.written = 0
	}
}

func (b *book) digest(d digest.Digest) (number uint64, isWord bool) {
	if n, known := b.digests.numbers[d]; known { // nearly always: looking is quicker than checking
		return uint64(n), false
	}
	if isSHA256(d) {
		return b.digests.number(d), false
	}
	return b.words.number(string(d)), true
}

func (b *book) word(w string) uint64 { return b.words.number(w) }

func (b *book) complete() bool {
	return b.digests.written == len(b.digests.inOrder) && b.words.written == len(b.words.inOrder)
}

// isSHA256 says whether the digest has a slot: those that lead to themselves
// through one.
func isSHA256(d digest.Digest) bool {
	encoded, found := strings.CutPrefix(string(d), sha256Head)
	if !found || len(encoded) != 2*slot {
		return false
	}
	zero := true
	for i := range len(encoded) {
		c := encoded[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
		zero = zero && c == '0'
	}
	return !zero
}

// page is the slots of some digests.
func page(some []digest.Digest) string {
	b := make([]byte, 0, slot*len(some))
	for _, d := range some {
		b, _ = hex.AppendDecode(b, []byte(d[len(sha256Head):])) // isSHA256 has seen to it
	}
	return string(b)
}

// foreignBook is a book as it was read from Redis.
type foreignBook struct {
	digests []digest.Digest
	words   map[uint64]string
}

var zeros = strings.Repeat("\x00", slot)

// addPage appends what page has made. Slots that were lost are zero.
func (f *foreignBook) addPage(page string) {
	for s := range slices.Chunk([]byte(page), slot) {
		if len(s) < slot || string(s) == zeros {
			f.digests = append(f.digests, "")
			continue
		}
		f.digests = append(f.digests, digest.Digest(sha256Head+hex.EncodeToString(s)))
	}
}

func (f *foreignBook) digestOf(number uint64) digest.Digest {
	if number >= uint64(len(f.digests)) {
		return ""
	}
	return f.digests[number]
}

func (f *foreignBook) wordOf(number uint64) string { return f.words[number] }

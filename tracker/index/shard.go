package index

import (
	"hash/maphash"
	"sync"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/opencontainers/go-digest"
)

const (
	shardBits  = 6
	shardCount = 1 << shardBits
)

// shard owns a part of the digests. A digest's number is the index of its
// entry, followed by the number of its shard in the lowest bits: numbers stay
// small, and bitmaps of them dense.
type shard struct {
	mu      sync.RWMutex
	numbers map[digest.Digest]uint32
	entries []entry
	free    []uint32 // numbers whose entry may be used again
}

// entry is one digest that somebody holds.
type entry struct {
	digest   digest.Digest
	holders  *roaring.Bitmap // those who are in the answers
	withheld *roaring.Bitmap // those who are not; nil when there are none
}

var seed = maphash.MakeSeed()

func (x *Index) shardOf(d digest.Digest) (*shard, uint32) {
	n := uint32(maphash.String(seed, string(d))) % shardCount
	return &x.shards[n], n
}

func (x *Index) shardByNumber(number uint32) *shard { return &x.shards[number%shardCount] }

// number finds a digest that somebody holds.
func (x *Index) number(d digest.Digest) (uint32, bool) {
	s, _ := x.shardOf(d)
	s.mu.RLock()
	defer s.mu.RUnlock()
	number, known := s.numbers[d]
	return number, known
}

// digest is the reverse of number. The caller holds the lock of a node that
// has the digest, so that the number can't be given to another meanwhile.
func (x *Index) digest(number uint32) digest.Digest {
	s := x.shardByNumber(number)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.entries[number>>shardBits].digest
}

// hold makes the node a holder of the digest. One that is withheld stays so.
func (x *Index) hold(d digest.Digest, node uint32) (number uint32) {
	s, n := x.shardOf(d)
	s.mu.Lock()
	defer s.mu.Unlock()
	number, known := s.numbers[d]
	if !known {
		number = s.insert(d, n)
	}
	e := &s.entries[number>>shardBits]
	if e.withheld == nil || !e.withheld.Contains(node) {
		e.holders.Add(node)
	}
	return number
}

// release ends what hold began, and forgets a digest that nobody holds.
func (x *Index) release(number, node uint32) {
	s := x.shardByNumber(number)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := &s.entries[number>>shardBits]
	e.holders.Remove(node)
	e.restore(node)
	if e.holders.IsEmpty() && e.withheld == nil {
		delete(s.numbers, e.digest)
		*e = entry{}
		s.free = append(s.free, number)
	}
}

// withhold takes a holder out of the answers.
func (x *Index) withhold(number, node uint32) {
	s := x.shardByNumber(number)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := &s.entries[number>>shardBits]
	if e.withheld == nil {
		e.withheld = roaring.New()
	}
	e.holders.Remove(node)
	e.withheld.Add(node)
}

// trust ends what withhold began.
func (x *Index) trust(number, node uint32) {
	s := x.shardByNumber(number)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := &s.entries[number>>shardBits]
	if e.restore(node) {
		e.holders.Add(node)
	}
}

// restore takes the node out of the withheld, and says whether it was there.
func (e *entry) restore(node uint32) bool {
	if e.withheld == nil || !e.withheld.CheckedRemove(node) {
		return false
	}
	if e.withheld.IsEmpty() {
		e.withheld = nil
	}
	return true
}

func (s *shard) insert(d digest.Digest, n uint32) (number uint32) {
	if last := len(s.free) - 1; last >= 0 {
		number, s.free = s.free[last], s.free[:last]
	} else {
		number = uint32(len(s.entries))<<shardBits | n
		s.entries = append(s.entries, entry{})
	}
	s.numbers[d] = number
	s.entries[number>>shardBits] = entry{digest: d, holders: roaring.New()}
	return number
}

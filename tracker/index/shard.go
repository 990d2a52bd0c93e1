package index

import (
	"hash/maphash"
	"sync"

	"github.com/opencontainers/go-digest"
)

const (
	shardBits  = 6
	shardCount = 1 << shardBits
)

// shard owns a part of the digests. A digest's number is the index of its
// entry, followed by the number of its shard in the lowest bits: numbers stay
// small, and sets of them dense.
type shard struct {
	mu      sync.RWMutex
	numbers map[key]uint32
	entries []entry
	free    []uint32 // numbers whose entry may be used again
}

// entry is one digest that somebody holds.
type entry struct {
	key      key
	holders  nodeSet  // those who are in the answers
	withheld *nodeSet // those who are not; nil when there are none
}

var seed = maphash.MakeSeed()

func shardOf(k []byte) uint32 { return uint32(maphash.Bytes(seed, k)) % shardCount }

func (x *Index) shardByNumber(number uint32) *shard { return &x.shards[number%shardCount] }

// number finds a digest that somebody holds.
func (x *Index) number(d digest.Digest) (uint32, bool) {
	var room [sha256Size]byte
	k := keyBytes(d, &room)
	s := &x.shards[shardOf(k)]
	s.mu.RLock()
	defer s.mu.RUnlock()
	number, known := s.numbers[key(k)]
	return number, known
}

// digest is the reverse of number. The caller holds the lock of a node that
// has the digest, so that the number can't be given to another meanwhile.
func (x *Index) digest(number uint32) digest.Digest {
	s := x.shardByNumber(number)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.entries[number>>shardBits].key.digest()
}

// hold makes the node a holder of the digest. One that is withheld stays so.
func (x *Index) hold(d digest.Digest, node uint32) (number uint32) {
	var room [sha256Size]byte
	k := keyBytes(d, &room)
	n := shardOf(k)
	s := &x.shards[n]
	s.mu.Lock()
	defer s.mu.Unlock()
	number, known := s.numbers[key(k)]
	if !known {
		number = s.insert(key(k), n)
	}
	e := &s.entries[number>>shardBits]
	if e.withheld == nil || !e.withheld.contains(node) {
		e.holders.add(node)
	}
	return number
}

// release ends what hold began, and forgets a digest that nobody holds.
func (x *Index) release(number, node uint32) {
	s := x.shardByNumber(number)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := &s.entries[number>>shardBits]
	e.holders.remove(node)
	e.restore(node)
	if e.holders.len() == 0 && e.withheld == nil {
		delete(s.numbers, e.key)
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
		e.withheld = new(nodeSet)
	}
	e.holders.remove(node)
	e.withheld.add(node)
}

// trust ends what withhold began.
func (x *Index) trust(number, node uint32) {
	s := x.shardByNumber(number)
	s.mu.Lock()
	defer s.mu.Unlock()
	e := &s.entries[number>>shardBits]
	if e.restore(node) {
		e.holders.add(node)
	}
}

// restore takes the node out of the withheld, and says whether it was there.
func (e *entry) restore(node uint32) bool {
	if e.withheld == nil || !e.withheld.remove(node) {
		return false
	}
	if e.withheld.len() == 0 {
		e.withheld = nil
	}
	return true
}

func (s *shard) insert(k key, n uint32) (number uint32) {
	if last := len(s.free) - 1; last >= 0 {
		number, s.free = s.free[last], s.free[:last]
	} else {
		number = uint32(len(s.entries))<<shardBits | n
		s.entries = append(s.entries, entry{})
	}
	s.numbers[k] = number
	s.entries[number>>shardBits] = entry{key: k}
	return number
}

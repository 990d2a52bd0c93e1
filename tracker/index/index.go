package index

import (
	"iter"
	"sync"
	"sync/atomic"
	"unique"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Index says which nodes hold which digests. It is safe for concurrent use.
type Index struct {
	shards [shardCount]shard
	images images

	mu          sync.RWMutex
	inventories []*inventory // by ordinal; they are made once and stay

	pairs, accused atomic.Int64
}

// New makes an empty index.
func New() *Index {
	x := &Index{images: images{byName: map[unique.Handle[string]][]tag{}, editions: map[unique.Handle[string]]uint64{}}}
	for i := range x.shards {
		x.shards[i].numbers = map[key]uint32{}
	}
	return x
}

// Holders yields the nodes that hold the digest and are not accused over it,
// beginning at the turn-th, modulo their number, and going round. With a
// random turn every holder is equally likely to be first, however many there
// are and wherever their ordinals lie.
//
// The digest stays locked until the loop ends: its body must be short, and
// must not call the index.
func (x *Index) Holders(d digest.Digest, turn uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		var room [sha256Size]byte
		k := keyBytes(d, &room)
		s := &x.shards[shardOf(k)]
		s.mu.RLock()
		defer s.mu.RUnlock()
		if number, known := s.numbers[key(k)]; known {
			s.entries[number>>shardBits].holders.around(turn, yield)
		}
	}
}

// Resolve finds the most recently updated image of this name among the nodes
// that count.
func (x *Index) Resolve(name string, counts func(node uint32) bool) (trackerapi.Image, bool) {
	return x.images.newest(name, counts)
}

// Stats is how much the index holds.
type Stats struct {
	Digests int   // that somebody holds
	Images  int   // names
	Pairs   int64 // of digest and node
	Accused int64 // pairs that are withheld from the answers
}

// Stats counts. It is cheap enough for every scrape of the metrics.
func (x *Index) Stats() Stats {
	st := Stats{Images: x.images.len(), Pairs: x.pairs.Load(), Accused: x.accused.Load()}
	for i := range x.shards {
		s := &x.shards[i]
		s.mu.RLock()
		st.Digests += len(s.numbers)
		s.mu.RUnlock()
	}
	return st
}

// open locks the node's inventory, which the caller unlocks.
func (x *Index) open(node uint32) *inventory {
	v := x.inventory(node)
	v.mu.Lock()
	return v
}

func (x *Index) inventory(node uint32) *inventory {
	x.mu.RLock()
	if int(node) < len(x.inventories) {
		defer x.mu.RUnlock()
		return x.inventories[node]
	}
	x.mu.RUnlock()
	x.mu.Lock()
	defer x.mu.Unlock()
	for int(node) >= len(x.inventories) {
		x.inventories = append(x.inventories, &inventory{node: uint32(len(x.inventories))})
	}
	return x.inventories[node]
}

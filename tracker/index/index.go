package index

import (
	"iter"
	"sync"
	"sync/atomic"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Index says which nodes hold which digests. It is safe for concurrent use.
type Index struct {
	shards [shardCount]shard
	images images

	// inventories are by ordinal. They are made once and stay, so that the list
	// is read without a lock: every heartbeat does. mu is for making more.
	inventories atomic.Pointer[[]*inventory]
	mu          sync.Mutex

	pairs, accused atomic.Int64
}

// New makes an empty index.
func New() *Index {
	x := &Index{images: newImages()}
	x.inventories.Store(new([]*inventory))
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
	if all := *x.inventories.Load(); int(node) < len(all) {
		return all[node]
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	all := *x.inventories.Load()
	for int(node) >= len(all) { // what is appended lies behind what others see
		all = append(all, &inventory{node: uint32(len(all))})
	}
	x.inventories.Store(&all)
	return all[node]
}

package index

import (
	"slices"
	"time"

	"github.com/opencontainers/go-digest"
)

// What follows is for people's questions, about everything at once. Such a
// question takes long; so each holds a lock only to copy what one shard, one
// digest, one node or one name has, and never while its answer is made.

// HoldersOf are all nodes that hold the digest, ascending: those in the answers,
// and those that are withheld because they are accused over it.
func (x *Index) HoldersOf(d digest.Digest) (answering, withheld []uint32) {
	var room [sha256Size]byte
	k := keyBytes(d, &room)
	s := &x.shards[shardOf(k)]
	s.mu.RLock()
	defer s.mu.RUnlock()
	number, known := s.numbers[key(k)]
	if !known {
		return nil, nil
	}
	e := &s.entries[number>>shardBits]
	if answering = e.holders.list(); e.withheld != nil {
		withheld = e.withheld.list()
	}
	return answering, withheld
}

func (s *nodeSet) list() []uint32 {
	all := make([]uint32, 0, s.len())
	s.around(0, func(node uint32) bool { all = append(all, node); return true })
	return all
}

// Sizes is how many digests and images a node has.
func (x *Index) Sizes(node uint32) (digests, images int) {
	v := x.open(node)
	defer v.mu.Unlock()
	return v.numbers.len(), len(v.images)
}

// ImageNames are all names that some node has, in no order.
func (x *Index) ImageNames() []string {
	x.images.mu.RLock()
	defer x.images.mu.RUnlock()
	names := make([]string, 0, len(x.images.byName))
	for name := range x.images.byName {
		names = append(names, x.images.names.text(name))
	}
	return names
}

// Tagged is one of the digests that nodes have by an image's name.
type Tagged struct {
	Digest    digest.Digest
	UpdatedAt time.Time // the last of them
	Nodes     int       // that have it by this name
}

// Tags are the digests that nodes have by this name, the newest first. There are
// few different ones, and mostly the same one follows itself.
func (x *Index) Tags(name string) []Tagged {
	m := &x.images
	m.mu.RLock()
	defer m.mu.RUnlock()
	all, different, at := []Tagged{}, []uint32(nil), 0
	for _, t := range slices.Backward(m.byName[m.names.find(name)].tags) {
		if at == len(all) || different[at] != t.digest {
			at = slices.Index(different, t.digest)
		}
		if at < 0 {
			at = len(all)
			different = append(different, t.digest)
			all = append(all, Tagged{Digest: m.digests.text(t.digest), UpdatedAt: t.updatedAt()})
		}
		all[at].Nodes++
	}
	return all
}

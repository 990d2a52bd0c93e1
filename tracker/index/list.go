package index

import (
	"slices"
	"time"
	"unique"

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
		names = append(names, name.Value())
	}
	return names
}

// Tagged is one of the digests that nodes have by an image's name.
type Tagged struct {
	Digest    digest.Digest
	UpdatedAt time.Time // the last of them
	Nodes     int       // that have it by this name
}

// Tags are the digests that nodes have by this name, the newest first.
func (x *Index) Tags(name string) []Tagged {
	different := x.images.tags(unique.Make(name))
	all := make([]Tagged, len(different))
	for i, v := range different {
		all[i] = Tagged{Digest: v.digest.Value(), UpdatedAt: time.UnixMicro(v.setAt).UTC(), Nodes: v.nodes}
	}
	return all
}

// tagged is a tag with the number of those like it.
type tagged struct {
	tag
	nodes int
}

// tags goes through the tags of a name. There are few different digests, and
// mostly the same one follows itself.
func (m *images) tags(name unique.Handle[string]) (all []tagged) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	at := 0
	for _, t := range slices.Backward(m.byName[name]) {
		if at == len(all) || all[at].digest != t.digest {
			at = slices.IndexFunc(all, func(v tagged) bool { return v.digest == t.digest })
		}
		if at < 0 {
			at = len(all)
			all = append(all, tagged{tag: t})
		}
		all[at].nodes++
	}
	return all
}

package index

import (
	"slices"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// images knows which digest each node has for an image name. Names and digests
// repeat from node to node, so they are held by number; each tag is a user of
// both of its own.
type images struct {
	// mu guards all that follows. It is taken within a node's lock, never
	// around one.
	mu      sync.RWMutex
	names   numbering[string]
	digests numbering[digest.Digest]
	byName  map[uint32]named
	edition uint64 // grows with each change
}

// named is what nodes have by one name. The tags are in the order of their
// time, so that the newest is at the end, where most are added and all searches
// for an answer begin.
type named struct {
	tags    []tag
	edition uint64 // of the last change
}

// tag is one node's digest for a name. It is without a pointer: of nothing else
// are there as many.
type tag struct {
	setAt  int64 // Unix microseconds
	digest uint32
	node   uint32
}

func (t tag) updatedAt() time.Time { return time.UnixMicro(t.setAt).UTC() }

func newImages() images {
	return images{names: newNumbering[string](), digests: newNumbering[digest.Digest](), byName: map[uint32]named{}}
}

// find is the number of a name, or 0. Unless a node has the name, and is
// locked, the number may be another's a moment later.
func (m *images) find(name string) uint32 {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.names.find(name)
}

// image writes out a tag of a node that is locked, so that its numbers can't be
// given to others meanwhile.
func (m *images) image(name uint32, t tag) trackerapi.Image {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return trackerapi.Image{Name: m.names.text(name), Digest: m.digests.text(t.digest), UpdatedAt: t.updatedAt()}
}

// set gives the node, which is locked, an image in place of the one that it had
// by the same name. Looking for that one takes time, so the caller says whether
// there is one. What stays the same keeps its number.
func (m *images) set(node uint32, i trackerapi.Image, had bool) (name uint32, t tag) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name = m.names.take(i.Name)
	t = tag{setAt: i.UpdatedAt.UnixMicro(), digest: m.digests.take(i.Digest), node: node}
	tags := m.byName[name].tags
	if had {
		tags = m.without(name, node)
	}
	at, _ := slices.BinarySearchFunc(tags, t, afterAll)
	m.change(name, slices.Insert(tags, at, t))
	return name, t
}

// drop takes the image of this name from a node that is locked and has it.
func (m *images) drop(node, name uint32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.change(name, m.without(name, node))
}

// without is the name's tags without the node's, which ends the use of its
// numbers.
func (m *images) without(name, node uint32) []tag {
	tags := m.byName[name].tags
	at := slices.IndexFunc(tags, func(t tag) bool { return t.node == node })
	m.digests.drop(tags[at].digest)
	m.names.drop(name)
	return slices.Delete(tags, at, at+1)
}

// change gives a name other tags. One without any is gone, and its number free.
func (m *images) change(name uint32, tags []tag) {
	m.edition++
	if len(tags) == 0 {
		delete(m.byName, name)
		return
	}
	m.byName[name] = named{tags, m.edition}
}

// afterAll finds the place behind all tags that are not newer.
func afterAll(there, added tag) int {
	if there.setAt <= added.setAt {
		return -1
	}
	return 1
}

// newest is the most recently updated image of this name on a node that counts.
func (m *images) newest(name string, counts func(node uint32) bool) (trackerapi.Image, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, t := range slices.Backward(m.byName[m.names.find(name)].tags) {
		if counts(t.node) {
			return trackerapi.Image{Name: name, Digest: m.digests.text(t.digest), UpdatedAt: t.updatedAt()}, true
		}
	}
	return trackerapi.Image{}, false
}

func (m *images) len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.byName)
}

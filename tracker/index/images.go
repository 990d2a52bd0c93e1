package index

import (
	"slices"
	"sync"
	"time"
	"unique"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// images knows which digest each node has for an image name. Names and digests
// repeat from node to node, so they are held as unique handles of one pointer.
type images struct {
	mu     sync.RWMutex
	byName map[unique.Handle[string]][]tag
	// edition grows with each change; editions has that of each name's last.
	edition  uint64
	editions map[unique.Handle[string]]uint64
}

// tag is one node's digest for a name. The tags of a name are in the order of
// their time, so that the newest is at the end, where most are added and all
// searches for an answer begin.
type tag struct {
	setAt  int64 // Unix microseconds
	digest unique.Handle[digest.Digest]
	node   uint32
}

func (t tag) image(name string) trackerapi.Image {
	return trackerapi.Image{Name: name, Digest: t.digest.Value(), UpdatedAt: time.UnixMicro(t.setAt).UTC()}
}

// imageSet is one node's images by name.
type imageSet map[unique.Handle[string]]tag

// set makes the tag its node's, in place of the one that it had by the same
// name. Looking for that one takes time, so the caller says whether there is
// one.
func (m *images) set(name unique.Handle[string], t tag, had bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tags := m.byName[name]
	if had {
		tags = without(tags, t.node)
	}
	at, _ := slices.BinarySearchFunc(tags, t, afterAll)
	m.byName[name] = slices.Insert(tags, at, t)
	m.changed(name)
}

// changed notes that a name is not as it was, the lock being held.
func (m *images) changed(name unique.Handle[string]) {
	m.edition++
	m.editions[name] = m.edition
}

func without(tags []tag, node uint32) []tag {
	return slices.DeleteFunc(tags, func(t tag) bool { return t.node == node })
}

// afterAll finds the place behind all tags that are not newer.
func afterAll(there, added tag) int {
	if there.setAt <= added.setAt {
		return -1
	}
	return 1
}

// drop takes the node's image of this name out.
func (m *images) drop(node uint32, name unique.Handle[string]) {
	m.mu.Lock()
	defer m.mu.Unlock()
	tags := without(m.byName[name], node)
	m.changed(name)
	if len(tags) == 0 {
		delete(m.byName, name)
		delete(m.editions, name)
		return
	}
	m.byName[name] = tags
}

// newest is the most recently updated image of this name on a node that counts.
func (m *images) newest(name string, counts func(node uint32) bool) (trackerapi.Image, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	for _, t := range slices.Backward(m.byName[unique.Make(name)]) {
		if counts(t.node) {
			return t.image(name), true
		}
	}
	return trackerapi.Image{}, false
}

func (m *images) len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.byName)
}

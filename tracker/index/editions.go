package index

import (
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// What follows is for who keeps a picture of all image names, and wants to look
// only at what has changed.

// Edition grows with each change of any node's images.
func (x *Index) Edition() uint64 {
	x.images.mu.RLock()
	defer x.images.mu.RUnlock()
	return x.images.edition
}

// Editions has every name with the edition of its last change.
func (x *Index) Editions() map[string]uint64 {
	x.images.mu.RLock()
	defer x.images.mu.RUnlock()
	all := make(map[string]uint64, len(x.images.byName))
	for name, n := range x.images.byName {
		all[x.images.names.text(name)] = n.edition
	}
	return all
}

// Tag is what one node has by a name.
type Tag struct {
	Node      uint32
	Digest    digest.Digest
	UpdatedAt time.Time
}

// TagsOf are all nodes that have the name, the latest change last.
func (x *Index) TagsOf(name string) []Tag {
	x.images.mu.RLock()
	defer x.images.mu.RUnlock()
	tags := x.images.byName[x.images.names.find(name)].tags
	all := make([]Tag, len(tags))
	for i, t := range tags {
		all[i] = Tag{Node: t.node, Digest: x.images.digests.text(t.digest), UpdatedAt: t.updatedAt()}
	}
	return all
}

// ImagesOf are the images of one node, in no order.
func (x *Index) ImagesOf(node uint32) []trackerapi.Image {
	v := x.open(node)
	defer v.mu.Unlock()
	all := make([]trackerapi.Image, 0, len(v.images))
	for name, t := range v.images {
		all = append(all, x.images.image(name, t))
	}
	return all
}

package index

import (
	"time"
	"unique"

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
	all := make(map[string]uint64, len(x.images.editions))
	for name, edition := range x.images.editions {
		all[name.Value()] = edition
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
	tags := x.images.byName[unique.Make(name)]
	all := make([]Tag, len(tags))
	for i, t := range tags {
		all[i] = Tag{Node: t.node, Digest: t.digest.Value(), UpdatedAt: time.UnixMicro(t.setAt).UTC()}
	}
	return all
}

// ImagesOf are the images of one node, in no order.
func (x *Index) ImagesOf(node uint32) []trackerapi.Image {
	v := x.open(node)
	defer v.mu.Unlock()
	all := make([]trackerapi.Image, 0, len(v.images))
	for name, t := range v.images {
		all = append(all, t.image(name.Value()))
	}
	return all
}

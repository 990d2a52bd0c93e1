package placer

import (
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/index"
)

// contents keeps a picture of who has which image. Of a large cluster little
// changes from one plan to the next, and only that is looked at.
type contents struct {
	index *index.Index

	mu      sync.Mutex
	edition uint64
	latest  *content
}

// content is such a picture; it does not change. It implements
// [placement.Content].
type content struct {
	index *index.Index
	names map[string]*named
}

// named is one image name.
type named struct {
	edition uint64
	latest  trackerapi.Image
	holders map[digest.Digest][]uint32
}

// now is the picture of this moment.
func (c *contents) now() *content {
	c.mu.Lock()
	defer c.mu.Unlock()
	edition := c.index.Edition()
	if c.latest != nil && c.edition == edition {
		return c.latest
	}
	before := c.latest
	next := &content{index: c.index, names: map[string]*named{}}
	for name, at := range c.index.Editions() {
		if before != nil && before.names[name] != nil && before.names[name].edition == at {
			next.names[name] = before.names[name]
		} else if n := look(c.index, name, at); n != nil {
			next.names[name] = n
		}
	}
	c.edition, c.latest = edition, next
	return next
}

// look is nil for a name that has gone meanwhile.
func look(x *index.Index, name string, edition uint64) *named {
	tags := x.TagsOf(name)
	if len(tags) == 0 {
		return nil
	}
	last := tags[len(tags)-1]
	n := &named{
		edition: edition, holders: map[digest.Digest][]uint32{},
		latest: trackerapi.Image{Name: name, Digest: last.Digest, UpdatedAt: last.UpdatedAt},
	}
	for _, t := range tags {
		n.holders[t.Digest] = append(n.holders[t.Digest], t.Node)
	}
	for _, nodes := range n.holders {
		slices.Sort(nodes)
	}
	return n
}

// Latest implements [placement.Content].
func (c *content) Latest() iter.Seq[trackerapi.Image] {
	return func(yield func(trackerapi.Image) bool) {
		for _, name := range slices.Sorted(maps.Keys(c.names)) {
			if !yield(c.names[name].latest) {
				return
			}
		}
	}
}

// Holders implements [placement.Content].
func (c *content) Holders(name string, d digest.Digest) []uint32 {
	if n := c.names[name]; n != nil {
		return n.holders[d]
	}
	return nil
}

// Of implements [placement.Content].
func (c *content) Of(node uint32) []trackerapi.Image { return c.index.ImagesOf(node) }

// digests are those of all images that somebody has.
func (c *content) digests() map[digest.Digest]bool {
	all := map[digest.Digest]bool{}
	for _, n := range c.names {
		for d := range n.holders {
			all[d] = true
		}
	}
	return all
}

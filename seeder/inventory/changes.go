package inventory

import "iter"

// kind says what a change did to its digest or name.
type kind uint8

const (
	added kind = iota
	removed
	verified
	imageNew
	imageMoved
	imageGone
)

type change struct {
	kind kind
	key  string // digest or name
}

// changes are the latest changes, as many as the ring has room for. Change n
// (counting from 1) is the one that led to sequence number n.
type changes struct {
	ring []change
	seq  uint64
}

func newChanges(size int) changes { return changes{ring: make([]change, size)} }

func (c *changes) append(k kind, key string) {
	c.ring[c.seq%uint64(len(c.ring))] = change{k, key}
	c.seq++
}

// since returns the changes after seq, the oldest first. It is false when they
// are no longer, or not yet, known.
func (c *changes) since(seq uint64) (iter.Seq[change], bool) {
	if seq > c.seq || c.seq-seq > uint64(len(c.ring)) {
		return nil, false
	}
	return func(yield func(change) bool) {
		for n := seq; n < c.seq; n++ {
			if !yield(c.ring[n%uint64(len(c.ring))]) {
				return
			}
		}
	}, true
}

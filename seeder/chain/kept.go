package chain

import (
	"container/list"

	"github.com/opencontainers/go-digest"
)

// kept are the whole chains that were asked for last, up to a number of bytes. Its
// owner guards it.
type kept struct {
	capacity, bytes int64
	order           *list.List // of *Chain, the last used first
	byDigest        map[digest.Digest]*list.Element
}

func newKept(capacity int64) *kept {
	return &kept{capacity: capacity, order: list.New(), byDigest: map[digest.Digest]*list.Element{}}
}

func (k *kept) get(d digest.Digest) *Chain {
	e, ok := k.byDigest[d]
	if !ok {
		return nil
	}
	k.order.MoveToFront(e)
	return e.Value.(*Chain)
}

// put keeps a chain. One that is larger than all that may be kept goes again.
func (k *kept) put(c *Chain) {
	if k.byDigest[c.digest] != nil {
		return
	}
	k.byDigest[c.digest] = k.order.PushFront(c)
	for k.bytes += c.Wire(); k.bytes > k.capacity; {
		last := k.order.Remove(k.order.Back()).(*Chain)
		delete(k.byDigest, last.digest)
		k.bytes -= last.Wire()
	}
}

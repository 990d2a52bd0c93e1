package fetcher

import (
	"bytes"
	"context"
	"slices"

	"github.com/drayproject/dray/seeder/chain"
	"github.com/drayproject/dray/shared/trackerapi"
)

// part is what one peer has sent of a piece, from a byte of the piece on.
type part struct {
	from, to int64
	who      *contribution
}

// version is a piece as it was sent once.
type version struct {
	bytes []byte
	parts []part
}

// credit notes who has sent the last bytes.
func (c *checker) credit(n int) {
	to := c.want.offset - c.from
	if last := len(c.parts) - 1; last >= 0 && c.parts[last].who == c.last {
		c.parts[last].to = to
	} else if n > 0 {
		c.parts = append(c.parts, part{to - int64(n), to, c.last})
	}
}

// third tells whether there is another holder of the whole, besides those who have
// sent the piece and the witness.
func (c *checker) third() bool {
	_, ok := c.another(func(node string) bool {
		return node == c.witness.Node || slices.ContainsFunc(c.parts, func(p part) bool { return p.who.Node == node })
	})
	return ok
}

// confirmed tells whether others than the witness have sent what fits its chain.
// Where nobody else is there, the chain itself may be believed.
func (c *checker) confirmed() bool {
	its := func(p part) bool { return p.who.Node == c.witness.Node }
	return !slices.ContainsFunc(c.parts, its) || c.witness.met() || !c.third() && c.believed()
}

// believed waits for the end of the chain, and tells whether it meets the digest.
func (c *checker) believed() bool {
	limit := endWait
	if c.from == 0 {
		limit = firstWait
	}
	ctx, cancel := context.WithTimeout(c.ctx, limit)
	defer cancel()
	return c.witness.chain.AwaitEnd(ctx)
}

// blameFor blames who has sent other bytes than the right ones. Where those are not
// known, it is everybody.
func (c *checker) blameFor(wrong []version, right []byte) {
	var blamed []*contribution
	for _, v := range wrong {
		for _, p := range v.parts {
			innocent := right != nil && bytes.Equal(v.bytes[p.from:p.to], right[p.from:p.to])
			if innocent || slices.Contains(blamed, p.who) {
				continue
			}
			blamed = append(blamed, p.who)
			w := c.want
			w.offset = c.from + p.from
			c.f.blame(p.who.candidate, failed(trackerapi.KindCorrupt, "%w", ErrCorrupt), w)
		}
	}
}

// trust gives on a version that is known to be contradicted by nobody but the witness,
// who is not to be believed, since there is nobody else left to ask.
func (c *checker) trust(p []byte, v version) error {
	c.links = c.links[:chain.Len(c.from)*c.width]
	if err := chain.Restore(c.check.Hash, c.lastLink(), c.from); err != nil {
		return err
	}
	copy(p, v.bytes)
	c.check.Write(p)
	c.rewind(c.from+int64(len(p)), map[string]bool{c.witness.Node: true})
	c.link()
	for _, part := range c.parts {
		part.who.bytes -= part.to - part.from
	}
	for _, part := range v.parts {
		part.who.bytes += part.to - part.from
		c.f.grudges.forgive(grudge{c.want.digest, part.who.Addr, part.who.Epoch})
		c.queue.putFirst(part.who.candidate)
	}
	c.parts = v.parts
	c.dismiss()
	return nil
}

func (c *checker) lastLink() []byte { return c.links[max(0, len(c.links)-c.width):] }

package fetcher

import (
	"bytes"
	"slices"
	"time"

	"github.com/drayproject/dray/seeder/chain"
	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	// maxVersions is how often one piece is fetched.
	maxVersions = 4
	// endWait is how long the end of a chain is waited for when nothing else tells
	// who is wrong; and firstWait the same, while the client waits for headers.
	endWait   = 5 * time.Second
	firstWait = 400 * time.Millisecond
	// suspectMemory is how long who may have sent wrong bytes is not asked, until it
	// is known.
	suspectMemory = 5 * time.Second
)

// mend gets a piece again, all of which is in p, since it does not fit: either its
// bytes are wrong or what they are measured by is. Who sends the same bytes as the
// first speaks for them, who sends what fits speaks for the chain. So two tell who
// the third is that is wrong, and nobody has to wait for the chain's end, unless
// there is no third.
func (c *checker) mend(p []byte) error {
	if !c.final() && !c.third() && !c.believed() {
		c.dismiss() // nothing is known against the bytes, but for one node's word
		return nil
	}
	var wrong []version
	for len(wrong) < maxVersions {
		wrong = append(wrong, version{bytes.Clone(p), c.parts})
		if err := c.again(p); err != nil {
			return c.helpless(p, wrong, err)
		}
		if over, err := c.weigh(p, wrong); over {
			return err
		}
	}
	c.accuse()
	return ErrCorrupt
}

// final tells whether the piece is the last one: the digest decides about it, which
// cannot be wrong.
func (c *checker) final() bool { return c.to() == c.want.end }

// weigh compares a piece that was fetched anew with what came before, and tells
// whether that settles it.
func (c *checker) weigh(p []byte, wrong []version) (over bool, err error) {
	fits, _ := c.fits(false)
	repeated := slices.ContainsFunc(wrong, func(v version) bool { return bytes.Equal(v.bytes, p) })
	switch {
	case fits && (c.final() || c.confirmed()):
		c.sure = c.want.offset
		c.blameFor(wrong, p)
		return true, nil
	case fits && !c.third():
		return true, c.trust(p, wrong[0])
	case repeated && !fits && !c.final():
		c.f.blame(c.witness.candidate, failed(trackerapi.KindCorrupt, "its chain is wrong"), c.want)
		c.dismiss()
		return true, nil
	}
	return false, nil
}

// helpless is when nobody else can send the piece.
func (c *checker) helpless(p []byte, wrong []version, err error) error {
	switch {
	case c.ctx.Err() != nil:
		return err
	case c.final() || c.witness.met():
		c.blameFor(wrong, nil)
		return err
	}
	return c.trust(p, wrong[0])
}

// again goes back to the beginning of the piece, and gets it from others.
func (c *checker) again(p []byte) error {
	c.f.metrics.mends.Inc()
	suspects := map[string]bool{}
	for _, part := range c.parts {
		part.who.bytes -= part.to - part.from
		suspects[part.who.Node] = true
		c.f.grudges.bear(grudge{c.want.digest, part.who.Addr, part.who.Epoch}, suspectMemory)
	}
	c.f.log.Debug("a piece does not fit", "digest", c.want.digest, "offset", c.from)
	c.rewind(c.from, suspects)
	if c.witness != nil {
		c.queue.demote(c.witness.Node)
	}
	c.parts, c.took, c.links = nil, 0, c.links[:chain.Len(c.from)*c.width]
	if err := chain.Restore(c.check.Hash, c.lastLink(), c.from); err != nil {
		return err
	}
	for n := 0; n < len(p); {
		m, err := c.take(p[n:])
		if err != nil {
			return err
		}
		n += m
	}
	c.link()
	return nil
}

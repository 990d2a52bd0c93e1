package fetcher

import (
	"bytes"
	"context"
	"io"
	"sync"
	"time"

	"github.com/drayproject/dray/seeder/chain"
)

// checker is a flow whose bytes are hashed on their way to the reader, who never
// has the whole of a wrong blob: the last bytes come only if the digest matches.
//
// While a witness tells the links of the blob's chain (witness.go), the reader gets
// whole pieces that are proved. They wait in the reader's own memory, so that
// nothing is copied. A piece that does not fit is fetched anew (mend.go). Where that
// would cost time (keeping.go), bytes are given on as they come.
type checker struct {
	*flow
	check check
	width int    // of a link; 0: the blob has none
	links []byte // this node's own

	from  int64         // where the piece under way begins
	sure  int64         // up to here a chain has proved everything
	clean bool          // the reader has nothing of the piece yet
	parts []part        // of the piece
	began time.Time     // when the first byte came that is kept back
	took  time.Duration // that the piece was waited for
	usual time.Duration // the same, of those before it; 0: not known

	witness *witness        // nil: there is none
	asked   map[string]bool // nodes, to be one
	waited  time.Duration   // for links
	wg      sync.WaitGroup  // the witness's

	err error // that every Read returns from now on
}

func newChecker(w *flow) *checker {
	c := &checker{flow: w, check: newCheck(w.want.digest), asked: map[string]bool{}}
	if w.want.size <= chain.MaxSize {
		c.width = chain.Width(w.want.digest.Algorithm())
	}
	c.summon()
	return c
}

// Read returns bytes up to the end of a piece: all of it at once if it is kept back.
func (c *checker) Read(p []byte) (int, error) {
	if c.clean = c.want.offset == c.from; c.clean {
		c.catchUp()
	}
	for n := 0; c.err == nil && !c.ended(); {
		m, err := c.take(p[n:])
		if n == 0 {
			c.began = time.Now()
		}
		n += m
		switch {
		case err != nil: // what is kept back goes with it
			c.err = err
		case c.want.offset == c.to():
			n, c.err = c.settle(p[:n])
			return n, c.err
		case !c.keeps(len(p)):
			c.f.metrics.checked("unproved", n)
			return n, nil
		}
	}
	if c.err == nil {
		c.err = io.EOF
	}
	return 0, c.err
}

// take reads some bytes of the piece, and hashes them.
func (c *checker) take(p []byte) (int, error) {
	at, began := c.want.offset, time.Now()
	n, err := c.flow.Read(p[:min(int64(len(p)), c.to()-at)])
	c.took += time.Since(began)
	c.check.Write(p[:n])
	c.credit(n)
	return n, err
}

// to is where the piece ends.
func (c *checker) to() int64 { return min(c.from+chain.Piece, c.want.end) }

// keeps tells whether the bytes of the piece that are here wait for the rest of it.
func (c *checker) keeps(room int) bool {
	linked := c.final() || c.witness.link(chain.Len(c.from)) != nil
	k := keeping{
		room: c.clean && int64(room) >= c.to()-c.from, sure: c.sure == c.from, grows: c.grows(),
		linked: linked, due: c.witness.due(), left: c.f.cfg.ChainWait - c.waited,
		kept: time.Since(c.began), usual: c.usual, slow: c.f.cfg.SlowPiece,
	}
	if k.worth() {
		return true
	}
	if !linked && k.room {
		c.waited += k.kept
	}
	return false
}

// settle decides about a piece that is complete. p is what the reader has not had of
// it yet.
func (c *checker) settle(p []byte) (int, error) {
	c.link()
	kept := c.clean && c.sure == c.from
	switch fits, known := c.fits(kept); {
	case fits:
		c.sure = c.want.offset
	case known && kept:
		if err := c.mend(p); err != nil {
			return 0, err
		}
	case known && c.ended():
		c.accuse()
		return 0, ErrCorrupt
	case known: // what was given on can't be taken back, and may be right
		c.dismiss()
	}
	c.pass(len(p))
	return len(p), nil
}

// link notes this node's own link at the end of the piece.
func (c *checker) link() {
	if c.width > 0 && c.to()-c.from == chain.Piece {
		c.links = chain.Append(c.links, c.check.Hash, c.width)
	}
}

// fits tells whether everything up to the end of the piece is what it ought to be,
// if that is known. It may wait a little to know it.
func (c *checker) fits(wait bool) (fits, known bool) {
	if c.ended() {
		return c.check.matches(), true
	}
	i := chain.Len(c.from)
	link := c.witness.link(i)
	if link == nil && wait && c.witness.due() {
		ctx, cancel := context.WithDeadline(c.ctx, c.began.Add(c.f.cfg.ChainWait-c.waited))
		link = c.witness.chain.Await(ctx, i)
		cancel()
		c.waited += time.Since(c.began)
	}
	return link != nil && bytes.Equal(link, c.own(i)), link != nil
}

// own is the i-th of this node's own links.
func (c *checker) own(i int) []byte { return c.links[i*c.width : (i+1)*c.width] }

// pass goes on to the next piece, when so many bytes go to the reader.
func (c *checker) pass(n int) {
	if c.clean && c.sure == c.want.offset {
		c.f.metrics.checked("proved", n)
	} else {
		c.f.metrics.checked("unproved", n)
	}
	if c.usual == 0 {
		c.usual = c.took
	}
	c.usual += (c.took - c.usual) / 4
	c.from, c.parts, c.took = c.want.offset, nil, 0
	if !c.ended() {
		return
	}
	if made, err := chain.Made(c.want.digest, c.want.size, bytes.Clone(c.links)); err == nil {
		c.f.cfg.Chained(made)
	}
}

func (c *checker) close() {
	c.dismiss()
	c.flow.close()
	c.wg.Wait()
}

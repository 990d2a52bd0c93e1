package chain

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"

	"github.com/opencontainers/go-digest"
)

// MaxSize is the size of the largest blob that has a chain, in bytes: 4 MiB of links,
// or 8.
const MaxSize = 32 << 30

// ErrNone says that a blob can have no chain.
var ErrNone = errors.New("no chain")

// Chain is the links of one blob, as far as they are known. One adds to it, any
// number read. It is safe for concurrent use.
type Chain struct {
	digest digest.Digest
	size   int64
	width  int
	want   []byte // the sum that it ought to have

	mu    sync.Mutex
	links []byte
	sum   []byte        // what was at its end; nil before that, and where it broke off
	over  bool          // nothing is added any more
	news  chan struct{} // closed at the next change
}

// New makes a chain without links. It fails with [ErrNone] where there can be none.
func New(d digest.Digest, size int64) (*Chain, error) {
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	width := Width(d.Algorithm())
	if width == 0 || size < 0 || size > MaxSize {
		return nil, fmt.Errorf("%w of %d bytes hashed by %s", ErrNone, size, d.Algorithm())
	}
	want, err := hex.DecodeString(d.Encoded())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNone, err)
	}
	return &Chain{digest: d, size: size, width: width, want: want, news: make(chan struct{})}, nil
}

// Made makes a whole chain out of all of its links, of somebody who has met the
// digest. It fails with [ErrNone] if they are not as many as there must be.
func Made(d digest.Digest, size int64, links []byte) (*Chain, error) {
	c, err := New(d, size)
	if err != nil {
		return nil, err
	}
	if len(links) != Len(size)*c.width {
		return nil, fmt.Errorf("%w: %d bytes of links", ErrNone, len(links))
	}
	c.links = links
	c.end(c.want)
	return c, nil
}

// Digest is that of the blob.
func (c *Chain) Digest() digest.Digest { return c.digest }

// add takes links that follow those that are there.
func (c *Chain) add(links []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.links = append(c.links, links...)
	c.tell()
}

// end is when nothing more will come. The sum is nil where it breaks off.
func (c *Chain) end(sum []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.over {
		c.over, c.sum = true, sum
		c.tell()
	}
}

// Break is when nothing more will come, if it has not ended yet.
func (c *Chain) Break() { c.end(nil) }

// tell wakes those who wait; the caller holds mu.
func (c *Chain) tell() {
	close(c.news)
	c.news = make(chan struct{})
}

// Link is the i-th link; nil if it is not there (yet). It must not be changed.
func (c *Chain) Link(i int) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.link(i)
}

func (c *Chain) link(i int) []byte {
	if i < 0 || (i+1)*c.width > len(c.links) {
		return nil
	}
	return c.links[i*c.width : (i+1)*c.width : (i+1)*c.width]
}

// Met tells whether it has ended, and whether it did with the sum that the digest
// names: then its maker says that the links are true.
func (c *Chain) Met() (over, met bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.over, c.over && bytes.Equal(c.sum, c.want)
}

// Await returns the i-th link as soon as it is there; nil if it does not come, or
// ctx ends before.
func (c *Chain) Await(ctx context.Context, i int) []byte {
	for {
		c.mu.Lock()
		link, over, news := c.link(i), c.over, c.news
		c.mu.Unlock()
		if link != nil || over || !wait(ctx, news) {
			return link
		}
	}
}

// AwaitEnd waits for the end, and tells whether the digest was met; false too if
// ctx ends before.
func (c *Chain) AwaitEnd(ctx context.Context) bool {
	for {
		c.mu.Lock()
		over, news := c.over, c.news
		c.mu.Unlock()
		if over || !wait(ctx, news) {
			_, met := c.Met()
			return met
		}
	}
}

func wait(ctx context.Context, news <-chan struct{}) bool {
	select {
	case <-news:
		return true
	case <-ctx.Done():
		return false
	}
}

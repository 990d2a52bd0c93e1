package chain

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/opencontainers/go-digest"
)

// prefix is where a seeder's peer side has chains: beside the blobs, under a name
// that no repository has.
const prefix = "/chains/"

// received is how many bytes of links are read at a time.
const received = 4 << 10

var (
	errBroken = errors.New("the chain breaks off")
	errLonger = errors.New("something follows the chain")
)

// Path is where a peer is asked for the chain of a blob.
func Path(d digest.Digest) string { return prefix + d.String() }

// Asked is the digest whose chain a path names.
func Asked(path string) (d digest.Digest, ok bool) {
	rest, ok := strings.CutPrefix(path, prefix)
	if !ok {
		return "", false
	}
	d, err := digest.Parse(rest)
	return d, err == nil
}

// Wire is how many bytes Send sends of a whole chain: its links, one after the
// other, and the sum of the blob.
func (c *Chain) Wire() int64 { return int64(Len(c.size)*c.width + len(c.want)) }

// Send sends the links as they come, and the sum in the end. It calls flush before
// each wait. It fails where the chain breaks off, and when ctx ends.
func (c *Chain) Send(ctx context.Context, w io.Writer, flush func()) error {
	for at := 0; ; {
		part, sum, over, news := c.after(at)
		if _, err := w.Write(part); err != nil {
			return err
		}
		switch at += len(part); {
		case over && sum == nil:
			return errBroken
		case over:
			_, err := w.Write(sum)
			return err
		}
		flush()
		if !wait(ctx, news) {
			return context.Cause(ctx)
		}
	}
}

// after is what there is from a byte of the links on.
func (c *Chain) after(at int) (part, sum []byte, over bool, news <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.links[at:len(c.links):len(c.links)], c.sum, c.over, c.news
}

// Receive adds what a peer sends, and ends the chain. It reads no more than a byte
// beyond it. An error says that it broke off, or is none.
func (c *Chain) Receive(r io.Reader) error {
	sum, err := c.receive(r)
	c.end(sum)
	if err != nil {
		return fmt.Errorf("chain of %s: %w", c.digest, err)
	}
	return nil
}

func (c *Chain) receive(r io.Reader) (sum []byte, err error) {
	buf := make([]byte, max(received, c.width))
	have := 0
	for left := Len(c.size) * c.width; left > 0; {
		n, err := io.ReadAtLeast(r, buf[have:min(len(buf), have+left)], 1)
		left -= n
		have += n
		whole := have - have%c.width
		c.add(buf[:whole])
		have = copy(buf, buf[whole:have])
		if err != nil {
			return nil, err
		}
	}
	sum = make([]byte, len(c.want))
	if _, err := io.ReadFull(r, sum); err != nil {
		return nil, err
	}
	if n, _ := io.ReadFull(r, buf[:1]); n > 0 {
		return nil, errLonger
	}
	return sum, nil
}

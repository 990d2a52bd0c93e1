package fetcher

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A parent that never falls silent, and sends next to nothing, is not found by
// its gaps. What it may take is what no link that is worth a pull takes.
const (
	crawlRate  = 16 << 10    // bytes per second
	crawlAfter = time.Second // of waiting for it, from which it is judged
	// maxCrawls is how often one body tries another parent, or the same one
	// again, where there is no other: one may crawl for a moment because this
	// machine stands still. Then the origin may be quicker than all of them.
	maxCrawls = 3
	// crawlMemory is how long they are not asked for that digest again: what
	// containerd asks for next is the rest.
	crawlMemory = time.Minute
)

var errCrawls = errors.New("it sends next to nothing")

// crawl measures the present parent: what has come in the time that the body has
// waited for it. The time that the reader takes does not count.
type crawl struct {
	waited time.Duration
	bytes  int64
	left   []candidate // for it
}

func (c *crawl) add(bytes int, waited time.Duration) {
	c.bytes += int64(bytes)
	c.waited += waited
}

// changed begins again, with another parent.
func (c *crawl) changed() { c.bytes, c.waited = 0, 0 }

// slow says that the parent should be left. It looks at one stretch of waiting
// after the other: what was quick once may crawl now.
func (c *crawl) slow() bool {
	if c.waited < crawlAfter {
		return false
	}
	slow := float64(c.bytes) < crawlRate*c.waited.Seconds()
	c.changed()
	return slow
}

// leave gives up a parent that crawls. It stays a candidate, and is the last one,
// until so many have crawled that the body has to end.
func (b *body) leave() error {
	b.crawl.left = append(b.crawl.left, b.parent.candidate)
	b.lose(errCrawls)
	if len(b.crawl.left) <= maxCrawls {
		b.queue.relieve(b.ctx)
		return nil
	}
	for _, c := range b.crawl.left {
		b.f.grudges.bear(grudge{b.want.digest, c.Addr, c.Epoch}, crawlMemory)
	}
	return fmt.Errorf("%w after %d of %d bytes: %w", ErrBroken, b.want.offset-b.start, b.want.end-b.start, errCrawls)
}

// relieve looks for others when a single candidate is left.
func (q *queue) relieve(ctx context.Context) {
	if len(q.waiting) == 1 {
		only := q.waiting[0]
		q.waiting = nil
		q.replenish(ctx)
		q.putLast(only)
	}
}

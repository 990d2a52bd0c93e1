package fetcher

import (
	"context"
	"errors"
	"time"
)

// A parent that never falls silent, and sends next to nothing, is not found by
// its gaps. What it may take is what no link that is worth a pull takes.
const (
	crawlRate  = 16 << 10    // bytes per second
	crawlAfter = time.Second // of waiting for it, from which it is judged
	// maxCrawls is how many parents one body leaves for their slowness. Where
	// all crawl, it is not theirs.
	maxCrawls = 3
)

var errCrawls = errors.New("it sends next to nothing")

// crawl measures the present parent: what has come in the time that the body has
// waited for it. The time that the reader takes does not count.
type crawl struct {
	waited time.Duration
	bytes  int64
	left   int // parents that were left for it
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
	if c.waited < crawlAfter || c.left == maxCrawls {
		return false
	}
	slow := float64(c.bytes) < crawlRate*c.waited.Seconds()
	c.changed()
	if slow {
		c.left++
	}
	return slow
}

// leave gives up a parent that crawls. It stays a candidate, and is the last one.
func (b *body) leave() {
	b.lose(errCrawls)
	b.queue.relieve(b.ctx)
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

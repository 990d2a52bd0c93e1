package fetcher

import (
	"context"
	"io"
	"time"
)

// awayLimit is the time without a Read after which a parent cannot be blamed
// for having hung up.
const awayLimit = 5 * time.Second

// maxAvoid bounds how many nodes a tracker is told to leave out.
const maxAvoid = 16

// body is a run of bytes of one blob, from one parent after the other. It is
// used by one goroutine at a time.
type body struct {
	f      *Fetcher
	ctx    context.Context // ends every request
	cancel context.CancelCauseFunc
	queue  *queue
	want   want // its offset is that of the next byte
	start  int64
	stop   int64 // where a request to a parent ends, if others bring what follows; 0: nowhere

	parent *parent // nil between two parents
	paused string  // the node that was the parent, and is asked again for what is next
	spare  *spare
	gaps   gaps
	crawl  crawl
	limit  time.Duration // how long this parent may be silent
	began  time.Time     // when the Read under way did
	left   time.Time     // when the last Read returned
	away   time.Duration // how long the reader then was busy with other things

	unhurried bool // nobody waits for it

	joined        bool     // a tracker knows of it, and is told who has failed it
	avoid         []string // they
	mediaType     string   // as the first parent says
	contributions []*contribution
	share         *contribution // that of the parent, or the last one
	last          *contribution // that of the last bytes
	retries       int           // times that another parent took over
}

// open finds the first parent, if its first bytes come within the caller's
// patience; from then on the size is known.
func (b *body) open(patience time.Duration) error {
	p, err := b.f.race(b.ctx, b.queue, b.want, patience)
	if err != nil {
		return err
	}
	b.mediaType = p.mediaType
	b.use(p)
	return nil
}

func (b *body) use(p *parent) {
	b.parent = p
	if b.want.size < 0 {
		b.want.end, b.want.size = p.want.end, p.want.size
	}
	b.spare = newSpare(b)
	b.away = 0
	b.queue.lookedUp = time.Time{} // should this one fail, that is news
	if p.Node != b.paused {
		b.change(p)
	}
	b.paused = ""
	if b.joined {
		b.queue.renew(b.refill)
	}
	if p.want.offset == p.want.end {
		b.done() // an empty blob: there will be no Read
	}
}

// change notes that the bytes come from another parent now.
func (b *body) change(p *parent) {
	if b.share != nil {
		b.retries++
	}
	b.share = b.contributionOf(p.candidate)
	b.limit = b.stallLimit(p.candidate)
	b.gaps.changed()
	b.crawl.changed()
	if !b.want.look {
		b.f.cfg.From(b.want.digest, p.Node)
	}
}

// whole tells whether the body is the complete blob.
func (b *body) whole() bool { return b.start == 0 && b.want.end == b.want.size }

// ended tells whether everything has been read.
func (b *body) ended() bool { return b.want.size >= 0 && b.want.offset == b.want.end }

// Read returns bytes as long as any peer can send them.
func (b *body) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	b.began = time.Now()
	b.away = b.began.Sub(b.left)
	defer func() { b.left = time.Now() }()
	for !b.ended() {
		if b.ctx.Err() != nil {
			return 0, context.Cause(b.ctx)
		}
		if b.parent != nil && !b.parent.Partial && b.crawl.slow() {
			if err := b.leave(); err != nil {
				return 0, err
			}
		}
		if b.parent == nil {
			if err := b.reopen(); err != nil {
				return 0, err
			}
		}
		n, err := b.readParent(p[:min(int64(len(p)), b.want.end-b.want.offset)])
		if n > 0 {
			b.took(n)
			return n, nil
		}
		if err != nil {
			b.lose(err)
		}
	}
	return 0, io.EOF
}

// readParent is the fast path: one read from the connection into the caller's
// memory, with a timer beside it.
func (b *body) readParent(p []byte) (int, error) {
	began := time.Now()
	b.spare.arm(b.silence())
	n, err := b.parent.Read(p)
	if !b.spare.disarm() {
		n, err = b.stalled(n, err)
	}
	if n > 0 {
		b.gaps.add(time.Since(began))
		b.crawl.add(n, time.Since(began))
	}
	return n, err
}

// silence is how long the parent may send nothing before another one is asked.
func (b *body) silence() time.Duration {
	return b.gaps.limit(b.minStall(), b.limit)
}

func (b *body) took(n int) {
	b.want.offset += int64(n)
	b.share.bytes += int64(n)
	b.last = b.share
	b.f.metrics.bytes.Add(float64(n))
	if b.want.offset == b.parent.want.end {
		b.done()
	}
}

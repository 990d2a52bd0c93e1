package fetcher

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// lateWait is how long the reader waits for the rest of a piece that is not
// complete when it comes there. After that the parent sends the rest.
const lateWait = 50 * time.Millisecond

var errLate = errors.New("the reader was there before it")

// piece is some bytes on their way, ahead of the reader. One helper writes it and
// one reader reads what is there.
type piece struct {
	span
	helper *helper
	began  time.Time
	data   []byte
	filled atomic.Int64
	last   atomic.Int64  // when bytes came last, since began
	moved  chan struct{} // holds one when there is news
	ctx    context.Context
	cancel context.CancelCauseFunc

	until time.Time // the reader waits for it, at most; its own

	over    bool // nothing is written any more; guarded by ahead.mu, as is
	dropped bool // nothing is read any more
}

// add notes bytes that were written behind the others.
func (p *piece) add(n int) {
	p.filled.Add(int64(n))
	p.last.Store(int64(time.Since(p.began)))
	p.tell()
}

func (p *piece) tell() {
	select {
	case p.moved <- struct{}{}:
	default:
	}
}

// copy copies what is there from an offset of the blob on. That may be beyond all
// of it: a piece can be laid out while the reader is passing by.
func (p *piece) copy(to []byte, at int64) int {
	have := p.filled.Load()
	return copy(to, p.data[min(at-p.from, have):have])
}

func (p *piece) complete() bool { return p.filled.Load() == p.size() }

// silent is how long nothing has come.
func (p *piece) silent() time.Duration {
	return time.Since(p.began) - time.Duration(p.last.Load())
}

// worth says whether to wait for more of it, and until when at most.
func (p *piece) worth(now time.Time) (time.Duration, bool) {
	if p.until.IsZero() {
		p.until = now.Add(lateWait)
	}
	left := p.until.Sub(now)
	have := p.filled.Load()
	if left <= 0 || have == 0 {
		return 0, false
	}
	rest := float64(p.size()-have) / float64(have) * float64(now.Sub(p.began))
	return left, time.Duration(rest) <= left
}

// await waits for news of it; false: there will be none in time.
func (p *piece) await(ctx context.Context) bool {
	left, worth := p.worth(time.Now())
	if !worth {
		return false
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-p.moved:
		return true
	case <-timer.C:
	case <-ctx.Done():
	}
	return false
}

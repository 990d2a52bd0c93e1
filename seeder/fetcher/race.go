package fetcher

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// doubtfulPatience is the wait for first bytes when all peers that could send
// them have failed the last time: more than any healthy peer needs.
const doubtfulPatience = 150 * time.Millisecond

// guessPatience is the wait for first bytes of peers that no tracker has named.
const guessPatience = 100 * time.Millisecond

// race asks candidates until one has sent its first bytes: the best at first,
// the next as soon as one fails, or in parallel when one stays silent for
// longer than its hedge delay; all of them together have as long as the
// caller's patience. The parent that it returns lives as long as ctx.
func (f *Fetcher) race(ctx context.Context, q *queue, w want, patience time.Duration) (*parent, error) {
	r := &race{f: f, queue: q, want: w, patience: patience, answers: make(chan *attempt), over: make(chan struct{})}
	winner, err := r.run(ctx)
	r.finish(ctx)
	return winner, err
}

type race struct {
	f        *Fetcher
	queue    *queue
	want     want
	patience time.Duration
	running  []*attempt
	asked    int              // candidates, so far
	delay    time.Duration    // how long the last one asked may be silent
	hedge    <-chan time.Time // when that is over; nil when there is nobody else to ask
	overdue  bool             // it is
	answers  chan *attempt
	over     chan struct{} // closed when answers are no longer read
	wg       sync.WaitGroup
}

func (r *race) run(ctx context.Context) (*parent, error) {
	deadline := time.NewTimer(r.patience)
	defer deadline.Stop()
	for r.launch(ctx) || len(r.running) > 0 {
		select {
		case a := <-r.answers:
			if r.settle(ctx, a); a.err == nil {
				return a.parent, nil
			}
		case <-r.hedge:
			r.overdue = true
		case <-deadline.C:
			return nil, fmt.Errorf("%w: no byte within %s", ErrNoSource, r.patience)
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return nil, ErrNoSource
}

// patience is how long the first bytes of a body may take. Where everyone has
// failed of late there is little hope, and the origin may be quicker.
func (f *Fetcher) patience(cs []candidate) time.Duration {
	for _, c := range cs {
		if !c.peer.standing().doubtful {
			return f.cfg.FirstByteTimeout
		}
	}
	return min(doubtfulPatience, f.cfg.FirstByteTimeout)
}

// launch asks the next candidate, and sets the time for the one after it.
func (r *race) launch(ctx context.Context) bool {
	c, ok := r.next(ctx)
	if ok {
		r.delay = c.hedge()
		r.start(ctx, c)
	}
	r.hedge = nil
	if wait, more := r.queue.nextIn(); more {
		r.hedge = time.After(max(wait, r.delay))
	}
	return ok
}

// next takes a candidate from the queue. When it is empty, and nobody else is
// about to answer, it waits for a lookup to find more of them. All but the first
// are paid from the budget of all pulls.
func (r *race) next(ctx context.Context) (candidate, bool) {
	hedging := r.overdue && len(r.running) > 0
	hopeless := r.overdue || len(r.running) == 0
	r.overdue = false
	c, ok := r.queue.next()
	if !ok && hopeless && r.queue.replenish(ctx) {
		c, ok = r.queue.next()
	}
	if ok && r.asked > 0 && !r.f.retries.allows() {
		r.queue.putFirst(c)
		return candidate{}, false
	}
	if ok && hedging {
		r.f.metrics.hedges.Inc()
	}
	return c, ok
}

func (r *race) start(ctx context.Context, c candidate) {
	ctx, cancel := context.WithCancel(ctx)
	a := &attempt{candidate: c, started: time.Now(), cancel: cancel}
	r.running = append(r.running, a)
	r.asked++
	r.wg.Go(func() { r.attempt(ctx, a) })
}

func (r *race) attempt(ctx context.Context, a *attempt) {
	a.parent, a.err = open(ctx, a.candidate, r.want)
	select {
	case r.answers <- a:
	case <-r.over:
		if a.err == nil {
			a.parent.close()
		}
	}
}

// settle takes note of an answer. One that is an error only because the race was
// called off is none: it may arrive before the end of ctx is noticed.
func (r *race) settle(ctx context.Context, a *attempt) {
	if a.err != nil && ctx.Err() != nil {
		return
	}
	r.running = slices.DeleteFunc(r.running, func(other *attempt) bool { return other == a })
	if a.err == nil {
		if !a.Partial {
			a.peer.answered(time.Since(a.started))
		}
		return
	}
	a.cancel()
	r.f.blame(a.candidate, a.err, r.want)
}

// finish ends what still runs. Who was merely not the first stays a candidate;
// what the silence tells about the peer's pace is kept.
func (r *race) finish(ctx context.Context) {
	for _, a := range r.running {
		a.cancel()
		silent := time.Since(a.started)
		if a.Partial { // it waits for its own source: no fault, and not its pace
			r.queue.putLast(a.candidate)
			continue
		}
		if silent >= a.peer.standing().pace.hedge() {
			a.peer.answered(silent)
		}
		if silent >= r.f.cfg.SilentAfter && ctx.Err() == nil {
			r.f.blame(a.candidate, failed(trackerapi.KindTimeout, "silent for %s", silent), r.want)
		}
		r.queue.putLast(a.candidate)
	}
	close(r.over)
	r.wg.Wait()
}

package fleet

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// pace hands out the times at which something is due, one gap after the other,
// whether or not the ones before are done: a tracker that falls behind is seen
// in the latencies.
type pace struct {
	gap func() time.Duration // 0: at once

	mu   sync.Mutex
	next time.Time
}

// perSecond makes a pace of so many a second.
func perSecond(rate float64) *pace {
	gap := time.Duration(float64(time.Second) / rate)
	return &pace{next: time.Now(), gap: func() time.Duration { return gap }}
}

// flatOut makes a pace without pauses.
func flatOut() *pace { return &pace{gap: func() time.Duration { return 0 }} }

// wait returns at the next time, or early with false when ctx ends. The time
// that it returns is the one to count from. That is when the thing was due, if
// nobody was free to do it; it is now for one who has waited, as timers wake
// people late, which is not the tracker's fault.
func (p *pace) wait(ctx context.Context) (due time.Time, ok bool) {
	due = p.take()
	if early := time.Until(due); early > 0 {
		t := time.NewTimer(early)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
		due = time.Now()
	}
	return due, ctx.Err() == nil
}

func (p *pace) take() time.Time {
	gap := p.gap()
	if gap == 0 {
		return time.Now()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	due := p.next
	p.next = due.Add(gap)
	return due
}

// repeat has workers do something at this pace until ctx ends; what they have
// begun by then they finish. Each time has its number.
func repeat(ctx context.Context, workers int, p *pace, do func(ctx context.Context, i int, due time.Time)) {
	var (
		wg sync.WaitGroup
		mu sync.Mutex
		n  int
	)
	number := func() int {
		mu.Lock()
		defer mu.Unlock()
		n++
		return n - 1
	}
	for range workers {
		wg.Go(func() {
			for {
				due, ok := p.wait(ctx)
				if !ok {
					return
				}
				do(context.WithoutCancel(ctx), number(), due)
			}
		})
	}
	wg.Wait()
}

// each does something once for every number below n.
func each(ctx context.Context, workers, n int, do func(ctx context.Context, i int) error) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(workers)
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		g.Go(func() error { return do(ctx, i) })
	}
	return g.Wait()
}

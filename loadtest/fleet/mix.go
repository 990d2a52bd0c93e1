package fleet

import (
	"context"
	"sync"
	"time"
)

// mix is everything side by side, as in a real cluster.
func (r *run) mix(ctx context.Context) error {
	down := make(chan outage, r.Nodes)
	p, err := r.phase("mix", func() error {
		limited, cancel := context.WithTimeout(ctx, r.Duration)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() { r.keepAlive(limited) })
		all.Go(func() { r.now(limited, r.Lookups, r.lookup) })
		all.Go(func() { r.now(limited, r.Changes, r.change) })
		all.Go(func() { r.now(limited, r.Failures, func(_ context.Context, i int, _ time.Time) { down <- r.fail(i) }) })
		all.Go(func() { r.revive(limited, down) })
		all.Wait()
		return ctx.Err()
	})
	if err != nil {
		return err
	}
	r.report.figure("mix, share of a core for each tracker", "% of a core", nil, 100*p.share()/float64(r.Trackers))
	return r.memory("tracker, RSS after the mix")
}

// keepAlive lets the fleet beat, and do what it is asked for.
func (r *run) keepAlive(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { repeat(ctx, r.Workers, r.heartbeats(), r.beat) })
	for range r.Workers {
		all.Go(func() { r.fleet.mendAll(ctx) })
	}
	all.Wait()
}

// heartbeats is the pace of the whole fleet, at the interval that the trackers
// want at the time.
func (r *run) heartbeats() *pace {
	return &pace{next: time.Now(), gap: func() time.Duration {
		return max(1, time.Duration(r.fleet.interval.Load())/time.Duration(r.Nodes*r.Trackers))
	}}
}

// now does something so many times a second, if at all.
func (r *run) now(ctx context.Context, rate float64, do func(context.Context, int, time.Time)) {
	if rate > 0 {
		repeat(ctx, r.Workers, perSecond(rate), do)
	}
}

// lookup asks for a manifest, or, every other time, for many layers.
func (r *run) lookup(ctx context.Context, i int, due time.Time) {
	if i%2 == 0 {
		r.one(ctx, i, due)
	} else {
		r.several(ctx, i, due)
	}
}

func (r *run) change(ctx context.Context, _ int, due time.Time) {
	r.fleet.change(ctx, r.fleet.someone(), due)
}

// outage is a failed node, and when it comes back.
type outage struct {
	node *node
	till time.Time
}

// fail ends a node. Every other one is unplugged.
func (r *run) fail(i int) outage {
	n := r.fleet.someone()
	how := killed
	if i%2 == 1 {
		how = unplugged
	}
	r.fleet.fail(n, how)
	return outage{n, time.Now().Add(r.Outage)}
}

// revive brings failed nodes back, in the order in which they failed.
func (r *run) revive(ctx context.Context, down <-chan outage) {
	for {
		select {
		case <-ctx.Done():
			return
		case o := <-down:
			t := time.NewTimer(time.Until(o.till))
			select {
			case <-t.C:
				r.fleet.revive(context.WithoutCancel(ctx), o.node)
			case <-ctx.Done():
				t.Stop()
				return
			}
		}
	}
}

package fleet

import (
	"context"
	"fmt"
	"time"
)

// calm is the interval between heartbeats while rates are measured: so long
// that none are needed. The rates are then of one verb alone.
const calm = 10 * time.Minute

// fill has the whole fleet register and announce itself, and measures what each
// step takes in time and memory.
func (r *run) fill(ctx context.Context) error {
	r.say("start %d trackers", r.Trackers)
	if err := r.startAll(ctx, calm); err != nil {
		return err
	}
	if err := r.waitAll(ctx, "ready", started); err != nil {
		return err
	}
	registered, err := r.everyNode(ctx, "register", r.fleet.register)
	if err != nil {
		return err
	}
	before, err := r.live(ctx)
	if err != nil {
		return err
	}
	announced, err := r.everyNode(ctx, "announce", r.fleet.announce)
	if err != nil {
		return err
	}
	if err := r.waitAll(ctx, "everything is announced", r.complete); err != nil {
		return err
	}
	for _, n := range r.fleet.nodes {
		r.fleet.settle(n, 1)
	}
	digests, err := r.live(ctx)
	if err != nil {
		return err
	}
	named, err := r.everyNode(ctx, "announce images", func(ctx context.Context, n *node, t int) error {
		if t == 0 {
			r.fleet.announceNames(ctx, n)
		}
		return nil
	})
	if err != nil {
		return err
	}
	names, err := r.live(ctx)
	if err != nil {
		return err
	}
	r.report.figure("filling by the seeders", "s", atMost(60), (registered + announced + named).Seconds())
	r.report.figure("tracker, heap per pair", "B", atMost(5), (digests-before)/float64(r.fleet.pairs()))
	r.report.figure("tracker, heap per node's image name", "B", nil, (names-digests)/float64(r.imageNames()))
	if err := r.memory("tracker, RSS after filling"); err != nil || !r.redisInUse() {
		return err
	}
	return r.written(ctx)
}

func (r *run) imageNames() (count int) {
	for _, n := range r.fleet.nodes {
		count += len(n.images)
	}
	return count
}

// everyNode has every node say something to every tracker.
func (r *run) everyNode(ctx context.Context, name string, say func(ctx context.Context, n *node, tracker int) error) (time.Duration, error) {
	phase, err := r.phase(name, func() error {
		return each(ctx, r.Workers, r.Nodes*r.Trackers, func(ctx context.Context, i int) error {
			if err := say(ctx, r.fleet.nodes[i/r.Trackers], i%r.Trackers); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	})
	return time.Duration(phase.Seconds * float64(time.Second)), err
}

// live is the size of what the first tracker's garbage collector has found
// alive, in bytes, but for a constant: with GOGC=100 it next runs at twice that,
// plus the stacks and globals that it has scanned. The fleet beats until it has
// just run, and does nothing else that it is asked for.
func (r *run) live(ctx context.Context) (float64, error) {
	r.part.set("wait for the garbage collector")
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	was, err := r.trackers[0].scrape(ctx)
	if err != nil {
		return 0, err
	}
	beating, stop := context.WithCancel(ctx)
	defer stop()
	beaten := make(chan struct{})
	go func() {
		defer close(beaten)
		repeat(beating, r.Workers, flatOut(), func(ctx context.Context, i int, due time.Time) {
			_, _ = r.fleet.sign(ctx, r.fleet.nodes[i%r.Nodes], 0, due) // only for the garbage
		})
	}()
	defer func() { stop(); <-beaten }()
	for {
		m, err := r.trackers[0].scrape(ctx)
		if err != nil {
			return 0, err
		}
		if m[gcsMetric] >= was[gcsMetric]+2 {
			return m[nextGCMetric] / 2, nil
		}
		select {
		case <-time.After(pollPeriod):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// beat is the i-th heartbeat of the fleet, which goes round and round.
func (r *run) beat(ctx context.Context, i int, due time.Time) {
	r.fleet.heartbeat(ctx, r.fleet.nodes[i/r.Trackers%r.Nodes], i%r.Trackers, due)
}

// memory notes the largest tracker's RSS.
func (r *run) memory(name string) error {
	largest := int64(0)
	for _, t := range r.trackers {
		_, size, err := t.use()
		if err != nil {
			return err
		}
		largest = max(largest, size)
	}
	r.report.figure(name, "MiB", nil, float64(largest)/(1<<20))
	return nil
}

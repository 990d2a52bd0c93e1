package fleet

import (
	"context"
	"fmt"
	"slices"
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
	var took time.Duration
	var live [3]float64 // after each step
	for i, step := range []struct {
		name string
		say  func(context.Context, *node) error
	}{
		{"register", everywhere(r.fleet.register)},
		{"announce", everywhere(r.fleet.announce)},
		{"announce images", r.fleet.announceNames},
	} {
		seconds, err := r.everyNode(ctx, step.name, step.say)
		if err != nil {
			return err
		}
		took += seconds
		if !r.weighs() {
			continue
		}
		if live[i], err = r.live(ctx); err != nil {
			return err
		}
	}
	r.report.figure("filling by the seeders", "s", atMost(60), took.Seconds())
	if !r.weighs() {
		return r.filled(ctx)
	}
	r.report.figure("tracker, heap per pair", "B", atMost(5), (live[1]-live[0])/float64(r.fleet.pairs()))
	r.report.figure("tracker, heap per node's image name", "B", nil, (live[2]-live[1])/float64(r.imageNames()))
	return r.filled(ctx)
}

// weighs says whether memory is measured in detail, which takes a while. It says
// nothing of a comeback.
func (r *run) weighs() bool { return !slices.Equal(r.Only, []string{"comeback"}) }

// filled is for when everything has been announced.
func (r *run) filled(ctx context.Context) error {
	if err := r.waitAll(ctx, "everything is announced", r.complete); err != nil {
		return err
	}
	for _, n := range r.fleet.nodes {
		r.fleet.settle(n, 1)
	}
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

// everyNode has every node say something, and measures how long that takes.
func (r *run) everyNode(ctx context.Context, name string, say func(context.Context, *node) error) (time.Duration, error) {
	p, err := r.phase(name, func() error {
		return each(ctx, r.Workers, r.Nodes, func(ctx context.Context, i int) error { return say(ctx, r.fleet.nodes[i]) })
	})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", name, err)
	}
	return time.Duration(p.Seconds * float64(time.Second)), nil
}

// everywhere says something to every tracker.
func everywhere(say func(ctx context.Context, n *node, tracker int) error) func(context.Context, *node) error {
	return func(ctx context.Context, n *node) error {
		for t := range n.session {
			if err := say(ctx, n, t); err != nil {
				return err
			}
		}
		return nil
	}
}

// live is the size of what the first tracker's garbage collector has found
// alive, in bytes, but for a constant: it next runs when the heap is larger than that
// by GOGC per cent, and by as much of the stacks and globals that it has scanned. The
// fleet beats until it has just run, and does nothing else that it is asked for.
func (r *run) live(ctx context.Context) (float64, error) {
	if r.redisInUse() { // what is on its way there does not stay
		if err := r.write(ctx); err != nil {
			return 0, err
		}
	}
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
			return m[nextGCMetric] / (1 + m[gcPercentMetric]/100), nil
		}
		select {
		case <-time.After(pollPeriod):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// beat is the i-th heartbeat of the fleet, which goes round and round: all nodes
// to one tracker, then to the next. A node is not in its own way like that.
func (r *run) beat(ctx context.Context, i int, due time.Time) {
	r.fleet.heartbeat(ctx, r.fleet.nodes[i%r.Nodes], i/r.Nodes%r.Trackers, due)
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

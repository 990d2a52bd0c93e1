package fleet

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// comeback is the end of an outage: the trackers have lost all that they knew, a
// Redis of our own as well, and every node comes back to them within an interval.
// Beside that there are lookups, as from those who pull meanwhile.
func (r *run) comeback(ctx context.Context) error {
	before, err := r.mostOf(resident)
	if err != nil {
		return err
	}
	for _, t := range r.trackers {
		t.kill()
	}
	r.fleet.forsake()
	if r.redis != nil {
		if err := r.redis.flush(ctx); err != nil {
			return err
		}
	}
	if err := r.startAll(ctx, r.Interval); err != nil {
		return err
	}
	if err := r.waitAll(ctx, "ready", started); err != nil {
		return err
	}
	begin := time.Now()
	if err := r.knock(ctx); err != nil {
		return err
	}
	if err := r.comeAll(ctx, begin); err != nil {
		return err
	}
	after, err := r.mostOf(largest)
	r.report.figure("comeback, largest RSS over the RSS before", "", atMost(2), float64(after)/float64(before))
	return err
}

const (
	maxTurns = 256             // inventories that a tracker asks for at a time
	turnTime = 5 * time.Second // after which it asks another node instead
)

// knock has every node register before any has announced itself. So a tracker
// that paces them is told from one that does not on any machine, quick or slow: how
// many it may have asked for everything by then depends on its own clock alone.
func (r *run) knock(ctx context.Context) error {
	var asked atomic.Int64
	took, err := r.everyNode(ctx, "the whole fleet knocks", everywhere(func(ctx context.Context, n *node, tracker int) error {
		if hold, err := r.fleet.introduce(ctx, n, tracker); err == nil && !hold {
			asked.Add(1)
		}
		return nil // noted; the next heartbeat tries again
	}))
	most := maxTurns * (1 + int(took/turnTime)) * r.Trackers
	r.report.figure("comeback, nodes asked for everything before one has sent it", "", atMost(float64(most)), float64(asked.Load()))
	return err
}

// comeAll lets the fleet beat until the trackers know everything again.
func (r *run) comeAll(ctx context.Context, begin time.Time) error {
	var seen metrics
	turns := 0.0
	p, err := r.phase("the whole fleet comes back at once", func() error {
		beating, stop := context.WithCancel(ctx)
		var all sync.WaitGroup
		defer all.Wait()
		defer stop()
		all.Go(func() { r.keepAlive(beating) })
		all.Go(func() { r.now(beating, r.Lookups, r.blind) })
		return r.waitAll(ctx, "everything is announced again", func(m metrics) bool {
			seen, turns = m, max(turns, m[turnsMetric])
			return r.complete(m)
		})
	})
	if err != nil {
		return err
	}
	r.report.figure("comeback, until everything is known", "s", atMost(60), time.Since(begin).Seconds())
	r.report.figure("comeback, p99 of lookups meanwhile", "ms", nil, p.p99(lookupOne))
	r.report.figure("comeback, p99 of heartbeats meanwhile", "ms", nil, p.p99(heartbeat))
	r.report.figure("comeback, inventories under way, at most", "", atMost(maxTurns), turns)
	r.report.figure("comeback, answers that had a node hold", "", nil, seen[heldMetric])
	if !r.redisInUse() {
		return nil
	}
	return r.write(ctx)
}

// blind looks up an image's manifest, and does not judge the answer: a tracker
// that knows nothing yet has nothing to say.
func (r *run) blind(ctx context.Context, _ int, due time.Time) {
	asker := r.fleet.someone()
	d := r.fleet.catalogue.digests[r.fleet.catalogue.images[r.fleet.popular.Uint64()].digests[0]]
	m := trackerapi.LookupRequest{Node: asker.name, Digests: []digest.Digest{d}}
	_, _ = ask(ctx, r.fleet, lookupOne, due, patience, asker.session[rand.IntN(r.Trackers)].client.Lookup, m) // noted
}

// mostOf is what the tracker with most of it has, in bytes.
func (r *run) mostOf(use func(pid int) (int64, error)) (most int64, err error) {
	for _, t := range r.trackers {
		size, err := use(t.proc.Load().pid())
		if err != nil {
			return 0, err
		}
		most = max(most, size)
	}
	return most, nil
}

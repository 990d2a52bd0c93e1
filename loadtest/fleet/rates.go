package fleet

import (
	"context"
	"fmt"
	"time"
)

// rates measures one verb at a time: as many requests as the trackers take from
// so many workers, and lookups once more at half of that.
func (r *run) rates(ctx context.Context) error {
	beats, err := r.during(ctx, "heartbeats, highest load", flatOut(), r.beat)
	if err != nil {
		return err
	}
	r.report.figure("heartbeats per CPU-second", "/s", atLeast(40_000), beats.perCPUSecond(1))
	if err := r.fleetSeconds(ctx); err != nil {
		return err
	}
	single, err := r.lookups(ctx, "lookups of 1", 1, r.one)
	if err != nil {
		return err
	}
	batched, err := r.lookups(ctx, fmt.Sprint("lookups of ", r.Batch), r.Batch, r.several)
	if err != nil {
		return err
	}
	r.report.figure("lookups per CPU-second, the better of both", "/s", atLeast(40_000), max(single, batched))
	return r.memory("tracker, RSS after the highest load")
}

// fleetSeconds measures what a second of the fleet's heartbeats costs: with one
// from each node, and with as many as the trackers would have.
func (r *run) fleetSeconds(ctx context.Context) error {
	each, err := r.during(ctx, "heartbeats, one a second from each node", perSecond(float64(r.Nodes*r.Trackers)), r.beat)
	if err != nil {
		return err
	}
	share := func(p *Phase) float64 { return 100 * p.share() / float64(r.Trackers) }
	r.report.figure("a heartbeat a second from each node", "% of a core", nil, share(each))
	rate := float64(r.Nodes) / r.Interval.Seconds()
	if r.Rate > 0 {
		rate = min(rate, float64(r.Rate))
	}
	wanted, err := r.during(ctx, "heartbeats, as many as wanted", perSecond(rate*float64(r.Trackers)), r.beat)
	if err != nil {
		return err
	}
	r.report.figure("whole-fleet heartbeat second", "% of a core", atMost(40), share(wanted))
	return nil
}

// lookups measures one kind of them, and returns the digests per CPU-second.
func (r *run) lookups(ctx context.Context, name string, digests int, do func(context.Context, int, time.Time)) (float64, error) {
	full, err := r.during(ctx, name+", highest load", flatOut(), do)
	if err != nil {
		return 0, err
	}
	rate := full.perCPUSecond(digests)
	r.report.figure(name+", digests per CPU-second", "/s", nil, rate)
	return rate, r.halfLoad(ctx, name, digests, r.highest(full)/2)
}

// highest is the most requests a second that the trackers can bear. On CPUs of
// their own that is what these could do, whether or not the virtual seeders, on the
// rest, can ask for as much; else it is what was seen.
func (r *run) highest(full *Phase) float64 {
	if r.Apart {
		return full.perCPUSecond(1) * float64(r.Trackers)
	}
	return full.perSecond()
}

// one looks up one digest, an image's manifest.
func (r *run) one(ctx context.Context, _ int, due time.Time) {
	r.fleet.lookup(ctx, lookupOne, r.fleet.someone(), r.wanted(1), due)
}

// several looks up the digests of images.
func (r *run) several(ctx context.Context, _ int, due time.Time) {
	r.fleet.lookup(ctx, lookupBatch, r.fleet.someone(), r.wanted(r.Batch), due)
}

// wanted is so many digests of images, by their popularity.
func (r *run) wanted(count int) (digests []uint32) {
	for len(digests) < count {
		digests = append(digests, r.fleet.catalogue.images[r.fleet.popular.Uint64()].digests...)
	}
	return digests[:count]
}

// during measures what the workers do at a pace for as long as a measurement
// takes.
func (r *run) during(ctx context.Context, name string, p *pace, do func(context.Context, int, time.Time)) (*Phase, error) {
	return r.phase(name, func() error {
		limited, cancel := context.WithTimeout(ctx, r.Duration)
		defer cancel()
		repeat(limited, r.Workers, p, do)
		return ctx.Err()
	})
}

// phase measures what happens while do runs, on a record of its own.
func (r *run) phase(name string, do func() error) (*Phase, error) {
	r.part.set(name)
	r.fleet.record()
	cpu, err := r.use()
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	if err := do(); err != nil {
		return nil, err
	}
	seconds := time.Since(begin).Seconds()
	used, err := r.use()
	if err != nil {
		return nil, err
	}
	p := newPhase(name, r.fleet.note(), seconds, (used - cpu).Seconds())
	r.report.Phases = append(r.report.Phases, p)
	return p, nil
}

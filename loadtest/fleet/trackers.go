package fleet

import (
	"context"
	"strconv"
	"time"
)

// startAll starts every tracker, with this interval between heartbeats.
func (r *run) startAll(ctx context.Context, interval time.Duration) error {
	flags := []string{"--heartbeat-interval", interval.String(), "--purge-after", max(time.Hour, 10*interval).String(), "--heartbeat-rate", strconv.Itoa(r.Rate)}
	if r.Redis != "none" && r.Redis != "auto" {
		flags = append(flags, "--redis", r.Redis, "--redis-prefix", "dray-fleet:")
	}
	for i, t := range r.trackers {
		if err := r.cpus.onOwn(i, func() error { return t.start(ctx, flags...) }); err != nil {
			return err
		}
	}
	r.fleet.interval.Store(int64(interval))
	return nil
}

// waitAll waits until a condition holds at every tracker.
func (r *run) waitAll(ctx context.Context, what string, holds func(metrics) bool) error {
	for _, t := range r.trackers {
		if err := t.wait(ctx, what, holds); err != nil {
			return err
		}
	}
	return nil
}

func started(metrics) bool { return true }

// complete is for a tracker that knows everything.
func (r *run) complete(m metrics) bool { return int(m[pairsMetric]) == r.fleet.pairs() }

// use is the CPU time of all trackers so far.
func (r *run) use() (sum time.Duration, err error) {
	for _, t := range r.trackers {
		used, _, err := t.use()
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

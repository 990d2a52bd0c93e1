package fleet

import (
	"context"
	"errors"
	"sync"
	"time"
)

const (
	quiet     = 2 * time.Second // without a page written everything is written
	checkRate = 200             // lookups per second
	checkTime = time.Second
)

// restart kills all trackers and starts them again, for the mix. With Redis
// they know everything before a node has spoken. Without, the nodes' heartbeats
// find out that they know nothing.
func (r *run) restart(ctx context.Context) error {
	for _, t := range r.trackers {
		t.kill()
	}
	r.fleet.forsake()
	begin := time.Now()
	if err := r.startAll(ctx, r.Interval); err != nil {
		return err
	}
	if r.redisInUse() {
		return r.loaded(ctx, begin)
	}
	return r.refilled(ctx, begin)
}

func (r *run) redisInUse() bool { return r.report.Redis != "none" }

// written waits until the trackers have written everything to Redis, and measures
// what that takes there.
func (r *run) written(ctx context.Context) error {
	if err := r.write(ctx); err != nil || r.redis == nil {
		return err
	}
	used, err := r.redis.used(ctx)
	r.report.figure("Redis, per pair", "B", atMost(3), float64(used-r.redis.empty)/float64(r.fleet.pairs()))
	return err
}

func (r *run) write(ctx context.Context) error {
	r.part.set("wait until Redis has everything")
	begin, since, was := time.Now(), time.Now(), -1.0
	for time.Since(since) < quiet || was < float64(r.Nodes) {
		pages := 0.0
		for _, t := range r.trackers {
			m, err := t.scrape(ctx)
			if err != nil {
				return err
			}
			pages += m[pagesMetric]
		}
		if pages != was {
			since, was = time.Now(), pages
		}
		if time.Since(begin) > startTimeout {
			return errors.New("the trackers do not finish writing to Redis")
		}
		select {
		case <-time.After(pollPeriod):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// loaded waits until all trackers have loaded, and checks what they answer
// before any node has said a word.
func (r *run) loaded(ctx context.Context, begin time.Time) error {
	r.part.set("trackers load from Redis")
	if err := r.waitAll(ctx, "everything is loaded", r.complete); err != nil {
		return err
	}
	r.report.figure("start from Redis", "s", atMost(10), time.Since(begin).Seconds())
	_, err := r.phase("lookups after the start, before any heartbeat", func() error {
		limited, cancel := context.WithTimeout(ctx, checkTime)
		defer cancel()
		repeat(limited, r.Workers, perSecond(checkRate), r.one)
		return ctx.Err()
	})
	return err
}

// refilled lets the fleet beat until all trackers know everything again.
func (r *run) refilled(ctx context.Context, begin time.Time) error {
	if err := r.waitAll(ctx, "ready", started); err != nil {
		return err
	}
	_, err := r.phase("heartbeats fill the trackers again", func() error {
		beating, stop := context.WithCancel(ctx)
		var beats sync.WaitGroup
		beats.Go(func() { r.keepAlive(beating) })
		defer beats.Wait()
		defer stop()
		return r.waitAll(ctx, "everything is announced again", r.complete)
	})
	r.report.figure("start without Redis", "s", atMost(60), time.Since(begin).Seconds())
	return err
}

package fleet

import (
	"context"
	"io"
	"os"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
)

// Run measures. What happens meanwhile goes to progress.
func Run(ctx context.Context, o Options, progress io.Writer) (*Report, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	// Our own garbage collections would be seen in the trackers' latencies.
	defer debug.SetGCPercent(debug.SetGCPercent(400))
	dir, err := os.MkdirTemp("", "dray-fleet-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancel(ctx)
	r := &run{Options: o, dir: dir, report: &Report{Machine: Machine(), Options: o}, progress: progress}
	defer r.close(stop)
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	g, ctx := errgroup.WithContext(ctx)
	done, finish := context.WithCancel(ctx)
	g.Go(func() error { return r.data.run(done) })
	g.Go(func() error { return r.watch(done) })
	g.Go(func() error {
		defer finish()
		return r.measure(ctx)
	})
	return r.report, g.Wait()
}

// run is one run of the command.
type run struct {
	Options
	dir      string
	fleet    *fleet
	data     *dataPort
	trackers []*tracker
	redis    *redisServer // nil unless it is ours
	report   *Report
	progress io.Writer
	part     text // for the progress line
	cpus     cpus // if the trackers have their own
}

// prepare makes everything but the trackers' processes.
func (r *run) prepare(ctx context.Context) (err error) {
	if err := allowFiles(r.Nodes*r.Trackers + 1000); err != nil {
		return err
	}
	if err := r.standApart(); err != nil {
		return err
	}
	if r.Tracker == "" {
		r.say("build the tracker")
		if r.Tracker, err = buildTracker(ctx, r.dir); err != nil {
			return err
		}
	}
	if err := r.prepareRedis(ctx); err != nil {
		return err
	}
	var addrs []string
	for i := range r.Trackers {
		t, err := newTracker(r.Tracker, r.dir, i)
		if err != nil {
			return err
		}
		r.trackers = append(r.trackers, t)
		addrs = append(addrs, t.addr)
	}
	if r.data, err = openDataPort(ctx, func(i int) fate { return r.fleet.fate(i) }); err != nil {
		return err
	}
	r.say("%d nodes choose %d digests each", r.Nodes, r.Digests)
	r.fleet, err = newFleet(ctx, r.Options, r.data.port(), addrs)
	return err
}

func (r *run) prepareRedis(ctx context.Context) (err error) {
	r.report.Redis = r.Redis
	switch r.Redis {
	case "none":
	case "auto":
		r.report.Redis = "none"
		if r.redis, err = startRedis(ctx, r.dir); err != nil || r.redis == nil {
			return err
		}
		r.Redis, r.report.Redis = r.redis.url(), "our own"
	default:
		r.report.Redis = "given"
	}
	return nil
}

// close ends all that prepare has made.
func (r *run) close(stop context.CancelFunc) {
	stop()
	defer r.cpus.comeBack()
	if r.fleet != nil {
		r.fleet.forsake()
	}
	if r.data != nil {
		_ = r.data.Close()
	}
	for _, t := range r.trackers {
		t.kill()
	}
	if r.redis != nil {
		r.redis.Kill()
	}
}

// measure is the run, part after part.
func (r *run) measure(ctx context.Context) error {
	parts := []func(context.Context) error{r.fill}
	if r.does("rates") {
		parts = append(parts, r.rates)
	}
	if r.does("people") && r.Lookups > 0 {
		parts = append(parts, r.people)
	}
	if r.does("comeback") {
		parts = append(parts, r.comeback)
	}
	if r.does("mix") {
		parts = append(parts, r.restart, r.mix)
	}
	for _, part := range parts {
		if err := part(ctx); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

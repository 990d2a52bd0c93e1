package fleet

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"
)

// Vigil is a fleet that does nothing but beat, while other work takes every
// core.
type Vigil struct {
	Nodes    int
	Duration time.Duration
}

// Seen is what a tracker has made of a Vigil. All nodes live all the time.
type Seen struct {
	Deaths     float64 // verdicts; there should be none
	Suspicions float64
	Heartbeats float64 // that were answered
	Duration   time.Duration
}

// Watch keeps a vigil. What happens meanwhile goes to progress.
func Watch(ctx context.Context, v Vigil, progress io.Writer) (*Seen, error) {
	o := defaults()
	o.Nodes, o.Duration, o.Redis = v.Nodes, v.Duration, "none"
	o.Digests, o.Images = 10, 100
	if err := o.check(); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "dray-vigil-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancel(ctx)
	r := &run{Options: o, dir: dir, report: &Report{}, progress: progress}
	defer r.close(stop)
	if err := r.prepare(ctx); err != nil {
		return nil, err
	}
	return r.vigil(ctx)
}

func (r *run) vigil(ctx context.Context) (seen *Seen, err error) {
	g, ctx := errgroup.WithContext(ctx)
	done, finish := context.WithCancel(ctx)
	g.Go(func() error { return r.data.run(done) })
	g.Go(func() error {
		defer finish()
		seen, err = r.keepVigil(ctx)
		return err
	})
	return seen, g.Wait()
}

// keepVigil brings the fleet up in peace, and then takes the cores away.
func (r *run) keepVigil(ctx context.Context) (*Seen, error) {
	if err := r.startAll(ctx, r.Interval); err != nil {
		return nil, err
	}
	if err := r.waitAll(ctx, "ready", started); err != nil {
		return nil, err
	}
	beating, stop := context.WithCancel(ctx)
	var beats errgroup.Group
	beats.Go(func() error { r.keepAlive(beating); return nil })
	defer func() { stop(); _ = beats.Wait() }()
	if _, err := r.everyNode(ctx, "register", everywhere(r.fleet.register)); err != nil {
		return nil, err
	}
	if err := r.waitAll(ctx, "all nodes are ready", r.allReady); err != nil {
		return nil, err
	}
	before, err := r.trackers[0].scrape(ctx)
	if err != nil {
		return nil, err
	}
	r.say("%d nodes beat for %s; other work takes every core", r.Nodes, r.Duration)
	if err := busyCores(ctx, r.Duration); err != nil {
		return nil, err
	}
	after, err := r.trackers[0].scrape(ctx)
	return r.seen(before, after), err
}

func (r *run) allReady(m metrics) bool {
	return int(m[`dray_tracker_nodes{state="ready"}`]) == r.Nodes
}

func (r *run) seen(before, after metrics) *Seen {
	s := &Seen{Duration: r.Duration, Heartbeats: after[answeredMetric] - before[answeredMetric]}
	s.Deaths = after.verdicts("dead") + after.verdicts("purged") - before.verdicts("dead") - before.verdicts("purged")
	s.Suspicions = after.verdicts("suspect") - before.verdicts("suspect")
	return s
}

const answeredMetric = `dray_tracker_requests_total{code="ok",verb="heartbeat"}`

// verdicts adds up those for a state, whatever the reason.
func (m metrics) verdicts(state string) (n float64) {
	for name, v := range m {
		var reason string
		if _, err := fmt.Sscanf(name, "dray_tracker_verdicts_total{reason=%q,state="+`"`+state+`"}`, &reason); err == nil {
			n += v
		}
	}
	return n
}

// busyCores has one process of its own for each core compute for so long.
func busyCores(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	var all errgroup.Group
	for range runtime.NumCPU() {
		cmd := exec.CommandContext(ctx, "sha256sum", "/dev/zero")
		cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		all.Go(func() error {
			if err := cmd.Run(); ctx.Err() == nil {
				return fmt.Errorf("other work has ended: %w", err)
			}
			return nil
		})
	}
	return all.Wait()
}

package announcer

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Announcer keeps the sessions with all trackers, and asks them. It is safe for
// concurrent use. Before Run and after it, no tracker can be asked.
type Announcer struct {
	cfg     Config
	inv     Inventory
	log     *slog.Logger
	metrics *metrics

	// Both are replaced whole when a session starts or stops; only Run does
	// that.
	trackers atomic.Pointer[[]*tracker]
	sessions atomic.Pointer[[]*session]
}

// New makes an Announcer. It does not touch the network.
func New(cfg Config, inv Inventory, log *slog.Logger, reg prometheus.Registerer) *Announcer {
	a := &Announcer{cfg: cfg.withDefaults(), inv: inv, log: log, metrics: newMetrics(reg)}
	a.publish(nil)
	return a
}

// Run holds one session with each tracker until ctx ends. Then it tells them
// all goodbye, and returns within little more than a second.
func (a *Announcer) Run(ctx context.Context) error {
	running := make(map[string]*ongoing)
	var wg sync.WaitGroup
	defer wg.Wait()
	places := parsePlaces(a.cfg.Trackers, a.log)
	if len(places) == 0 {
		a.log.Warn("there is no tracker: this node gets nothing from its neighbours, nor they from it")
	}
	for ctx.Err() == nil {
		urls, again := discover(ctx, places, a.cfg, a.log)
		if ctx.Err() != nil {
			break
		}
		a.update(ctx, running, urls, &wg)
		if again == 0 {
			<-ctx.Done()
		} else {
			pause(ctx, again)
		}
	}
	return nil
}

// ongoing is a session that runs.
type ongoing struct {
	*session
	stop context.CancelCauseFunc
}

// update starts and stops sessions so that there is one per URL.
func (a *Announcer) update(ctx context.Context, running map[string]*ongoing, urls []string, wg *sync.WaitGroup) {
	for url, o := range running {
		if !slices.Contains(urls, url) {
			a.log.Info("tracker is no longer listed", "tracker", url)
			o.stop(errGone)
			delete(running, url)
		}
	}
	for _, url := range urls {
		if running[url] == nil {
			ctx, stop := context.WithCancelCause(ctx)
			t := newTracker(url, a.cfg.roundTripper)
			t.http.Transport = a.cfg.Via(t.http.Transport)
			o := &ongoing{newSession(a.cfg, a.inv, t, a.log, a.metrics), stop}
			running[url] = o
			wg.Go(func() {
				defer stop(nil)
				o.run(ctx)
			})
		}
	}
	sessions := make([]*session, 0, len(running))
	for _, url := range urls {
		sessions = append(sessions, running[url].session)
	}
	a.publish(sessions)
}

func (a *Announcer) publish(sessions []*session) {
	trackers := make([]*tracker, len(sessions))
	for i, s := range sessions {
		trackers[i] = s.tracker
	}
	a.sessions.Store(&sessions)
	a.trackers.Store(&trackers)
}

// Report tells all trackers about a peer, soon. It never blocks.
func (a *Announcer) Report(r trackerapi.Report) {
	a.metrics.reports.WithLabelValues(string(r.Kind)).Inc()
	for _, s := range *a.sessions.Load() {
		s.report(r)
	}
}

// Sessions is the number of trackers that answer heartbeats.
func (a *Announcer) Sessions() int {
	n := 0
	for _, s := range *a.sessions.Load() {
		if s.up.Load() {
			n++
		}
	}
	return n
}

// spreadOut changes d by up to a third.
func spreadOut(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (2 + 2*rand.Float64()) / 3)
}

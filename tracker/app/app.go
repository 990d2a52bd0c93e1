// Package app puts a tracker together: [New] binds its listeners, [Tracker.Run]
// runs it and stops it in stages. Everything in it can be embedded, several
// times in one process, on ":0".
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"

	"github.com/drayproject/dray/shared/httpserver"
	"github.com/drayproject/dray/shared/tracing"
	"github.com/drayproject/dray/tracker/admin"
	"github.com/drayproject/dray/tracker/api"
	"github.com/drayproject/dray/tracker/index"
	"github.com/drayproject/dray/tracker/journal"
	"github.com/drayproject/dray/tracker/journal/redis"
	"github.com/drayproject/dray/tracker/placer"
	"github.com/drayproject/dray/tracker/probe"
	"github.com/drayproject/dray/tracker/roster"
	"github.com/drayproject/dray/tracker/scribe"
	"github.com/drayproject/dray/tracker/swarm"
)

const (
	nodesDrain    = 5 * time.Second // for requests of nodes that are under way
	adminDrain    = time.Second
	maxAdminConns = 256
)

// Tracker is a tracker that is bound but does not yet answer.
type Tracker struct {
	roster *roster.Roster
	swarm  *swarm.Swarm
	prober *probe.Prober
	scribe *scribe.Scribe // nil without a common memory
	api    *api.API
	nodes  *httpserver.Server
	people *admin.Admin
	risks  *admin.Exposure
	placer *placer.Placer
	admin  *httpserver.Server
	traces *tracing.Tracing
	log    *slog.Logger
}

// New builds a tracker and binds its addresses. Run must follow, which also
// releases them.
func New(cfg Config, log *slog.Logger) (*Tracker, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	metrics := api.NewMetrics(reg)

	latest := newHappenings()
	known, past := index.New(), (*scribe.History)(nil)
	if cfg.Redis != "" {
		past = scribe.NewHistory()
	}
	watching := &watcher{index: known, metrics: metrics, history: past, latest: latest}
	nodes := roster.New(roster.Policy{
		Interval:     cfg.HeartbeatInterval,
		MaxRate:      cfg.HeartbeatRate,
		SuspectAfter: cfg.SuspectAfter,
		DeadAfter:    cfg.DeadAfter,
		PurgeAfter:   cfg.PurgeAfter,
		Gates:        roster.Gates{MinArrival: cfg.MinArrival, MaxDeaths: cfg.MaxDeaths},
	}, watching, log)
	hands := swarm.New(known, nodes)
	hands.Rule(cfg.rules())
	watching.swarm = hands
	reg.MustRegister(api.Sizes{Index: known, Roster: nodes}, api.Swarms{Swarm: hands}, pullStats{latest.pulls})

	t := &Tracker{roster: nodes, swarm: hands, prober: probe.New(cfg.ProbeTimeout, reg), log: log}
	t.api = api.New(known, nodes, hands, metrics, log)
	t.api.Watch(latest.pulls.Hear)
	reg.MustRegister(api.Resends{API: t.api})
	desk, id := journal.NewLocal().Desk("here"), "here"
	if cfg.Redis != "" {
		memory, err := redis.New(cfg.Redis, cfg.RedisPrefix)
		if err != nil {
			return nil, err
		}
		t.scribe = scribe.New(memory, known, nodes, past, cfg.PurgeAfter, log)
		reg.MustRegister(journalStats{t.scribe})
		desk, id = memory, memory.ID()
	}
	if err := t.newPlacer(cfg, desk, id, known, latest.log); err != nil {
		t.closeScribe()
		return nil, err
	}
	reg.MustRegister(t.placer)
	parts := admin.Parts{Placer: t.placer, Index: known, Swarm: hands, Log: latest.log, Pulls: latest.pulls, Metrics: reg}
	if err := t.bind(cfg, parts); err != nil {
		t.traces.Close()
		t.closeScribe()
		return nil, err
	}
	reg.MustRegister(t.risks)
	return t, nil
}

func (t *Tracker) closeScribe() {
	if t.scribe != nil {
		t.scribe.Close()
	}
}

func (t *Tracker) bind(cfg Config, parts admin.Parts) (err error) {
	if t.people, err = t.newAdmin(cfg, parts); err != nil {
		return err
	}
	t.risks = admin.NewExposure(t.people)
	if t.traces, err = newTraces(cfg, t); err != nil {
		return err
	}
	if t.nodes, err = httpserver.Listen("nodes", cfg.Listen, cfg.MaxConns, t.traces.Server(tracing.Joining(questions), t.api.Nodes()), t.log); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	t.nodes.Bound(api.ExchangeTime)
	t.nodes.Watch(t.api.ConnOpened, t.api.ConnState)
	if t.admin, err = httpserver.Listen("admin", cfg.AdminListen, maxAdminConns, t.people.Handler(), t.log); err != nil {
		_ = t.nodes.Close()
		return fmt.Errorf("admin-listen: %w", err)
	}
	return nil
}

// watcher keeps the index, the swarms and the metrics in line with the roster's
// verdicts.
type watcher struct {
	index   *index.Index
	swarm   *swarm.Swarm
	metrics *api.Metrics
	history *scribe.History // nil without a common memory
	latest  happenings
}

// Observe implements [roster.Observer].
func (w *watcher) Observe(v roster.Verdict) {
	w.metrics.Verdict(v)
	w.history.Observe(v)
	w.latest.log.Observe(v)
	w.latest.pulls.Observe(v)
	w.swarm.Observe(v)
	if v.To == roster.Purged {
		w.index.Forget(v.Ordinal)
	}
}

// NodeAddr is where seeders are answered.
func (t *Tracker) NodeAddr() string { return t.nodes.Addr() }

// AdminAddr is where people are answered.
func (t *Tracker) AdminAddr() string { return t.admin.Addr() }

// Run answers until ctx ends or a listener fails. Then it takes no more
// requests of nodes and finishes those under way, and only after that stops
// telling operators how it is. Nodes wait until what can be remembered is
// loaded.
func (t *Tracker) Run(ctx context.Context) error {
	t.log.Info("tracker is listening", "nodes", t.NodeAddr(), "admin", t.AdminAddr())
	g, ctx := errgroup.WithContext(ctx)
	last, stopLast := context.WithCancel(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, t.api.Stop)
	context.AfterFunc(ctx, t.people.Stop)
	g.Go(func() error { return t.admin.Serve(last, adminDrain) })
	g.Go(func() error {
		defer stopLast()
		if err := t.recall(ctx); err != nil {
			t.scribe.Close()
			return errors.Join(err, t.nodes.Close())
		}
		t.keep(last, g)
		defer t.place(ctx)()
		return t.nodes.Serve(ctx, nodesDrain)
	})
	err := g.Wait()
	t.traces.Close()
	t.log.Info("tracker has stopped")
	return err
}

// recall fills the tracker from the common memory, if there is one.
func (t *Tracker) recall(ctx context.Context) error {
	if t.scribe == nil {
		return nil
	}
	return t.scribe.Recall(ctx)
}

// keep runs what looks after the tracker's memory. The roster's clock begins
// here: nobody has to be heard before nodes are answered.
func (t *Tracker) keep(ctx context.Context, g *errgroup.Group) {
	g.Go(func() error {
		t.roster.Run(ctx, t.prober)
		return nil
	})
	g.Go(func() error {
		t.swarm.Run(ctx)
		return nil
	})
	g.Go(func() error {
		t.risks.Run(ctx)
		return nil
	})
	if t.scribe != nil {
		g.Go(func() error {
			t.scribe.Run(ctx)
			return nil
		})
	}
}

// Package app is the seeder as a whole: New builds it and binds its addresses,
// Run owns everything that moves and stops it in stages.
//
//	containerd ─▶ mirror ─▶ fetcher ─▶ neighbours' peer sides
//	                 │          └────▶ announcer ─▶ trackers
//	                 └─▶ store ◀─ inventory ──┘
package app

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/seeder/announcer"
	"github.com/drayproject/dray/seeder/chain"
	"github.com/drayproject/dray/seeder/fetcher"
	"github.com/drayproject/dray/seeder/guard"
	"github.com/drayproject/dray/seeder/ingests"
	"github.com/drayproject/dray/seeder/inventory"
	"github.com/drayproject/dray/seeder/puller"
	"github.com/drayproject/dray/seeder/registry"
	"github.com/drayproject/dray/seeder/status"
	"github.com/drayproject/dray/seeder/transfers"
	"github.com/drayproject/dray/seeder/worker"
	"github.com/drayproject/dray/seeder/yield"
	"github.com/drayproject/dray/shared/httpserver"
	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	drain          = 10 * time.Second // transfers under way get this long when the seeder stops
	lookupSlack    = 10 * time.Millisecond
	maxMirrorConns = 512 // containerd opens a few per pull
	maxHealthConns = 32
)

// App is a seeder.
type App struct {
	log       *slog.Logger
	store     contentStore
	inventory *inventory.Inventory
	announcer *announcer.Announcer
	chains    *chain.Maker
	fetcher   *fetcher.Fetcher
	guard     *guard.Guard
	ingests   *ingests.Ingests
	disk      *disk
	checkup   *checkup
	worker    *worker.Worker
	roads     roads
	self      trackerapi.Sender
	spans     *spans

	mirror, peer, health *httpserver.Server
}

// New builds a seeder and binds its addresses; nothing is served before Run.
// containerd and the trackers need not be there yet. ctx bounds only New.
func New(ctx context.Context, cfg Config, log *slog.Logger) (_ *App, err error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	reg := newMetrics()
	a := &App{log: log, roads: newRoads()}
	defer func() {
		if err != nil {
			a.close()
		}
	}()
	if a.spans, err = newSpans(ctx, cfg, a); err != nil {
		return nil, err
	}
	if a.store, err = openStore(ctx, cfg, log); err != nil {
		return nil, err
	}
	a.inventory = inventory.New(a.store, inventory.Config{WalkInterval: cfg.WalkInterval}, log, reg)

	a.ingests = ingests.New(a.store, ingests.Parts{
		Progress: func(in []trackerapi.Ingest) { a.announcer.Progress(in) },
		Suspect:  func(d digest.Digest) { a.guard.Watch(d, nil) },
	}, log, reg)
	a.checkup = newCheckup(cfg, log, reg)
	a.disk = newDisk(cfg.contentPath(), cfg.MinFreeDisk, log, reg)
	a.chains = chain.NewMaker(a.store, a.inventory.Verify, log, reg)
	peer := registry.NewPeer(a.store, a.inventory, a.ingests, a.chains, registry.Limits{Slots: cfg.UploadSlots, Rate: cfg.UploadRate}, log, reg)
	if a.peer, err = httpserver.Listen("peer", cfg.PeerListen, cfg.MaxPeerConns, a.checkup.probe.Before(a.roads.out.Before(a.spans.peer(peer))), log); err != nil {
		return nil, err
	}
	a.peer.Watch(yield.Conn, nil)
	self := introduce(cfg, a.peer.Addr())
	a.self = trackerapi.Sender{Node: self.Name, Epoch: self.Epoch}
	a.announcer = announcer.New(announcer.Config{
		Trackers:      cfg.Trackers,
		Node:          self,
		LookupTimeout: cfg.LookupTimeout,
		Ready:         a.inventory.Ready(),
		Load:          func() trackerapi.Load { return a.load(peer, cfg.UploadSlots) },
		Ingests:       a.ingests.List,
		Rejoin:        func(ds []digest.Digest) { a.fetcher.Rejoin(ds) },
		Work:          func(t *trackerapi.Client) { a.worker.Asked(t) },
		Via:           a.spans.toTracker,
	}, a.inventory, log, reg)
	a.fetcher = fetcher.New(fetcher.Config{
		LookupTimeout: cfg.LookupTimeout + lookupSlack,
		OriginWait:    cfg.OriginWait,
		From:          a.ingests.From,
		Chained:       a.chains.Keep,
		Via:           a.toPeer,
		Unhurried:     yield.Unhurried,
		Sources:       cfg.FetchSources,
		Window:        cfg.FetchWindow,
		Memory:        cfg.FetchMemory,
	}, a.spans.lookuper(a.announcer), a.announcer, log, reg)
	a.guard = guard.New(a.store, a.accuse, log, reg)

	if err := a.listenLocally(cfg, peer.Uploads, log, reg); err != nil {
		return nil, err
	}
	return a, nil
}

// listenLocally binds what this machine itself uses: the mirror, with pulls on
// request and the status beside it, and health and metrics.
func (a *App) listenLocally(cfg Config, uploads func() int, log *slog.Logger, reg *prometheus.Registry) error {
	seen := transfers.NewLog(log, reg)
	mirror, err := registry.NewMirror(
		registry.MirrorConfig{TagPolicy: cfg.TagPolicy, Upstreams: cfg.Upstreams, OriginWait: fetcher.LongestWait(cfg.OriginWait), DownloadRate: cfg.DownloadRate},
		registry.MirrorParts{
			Content:   a.store,
			Inventory: a.inventory,
			Fetcher:   neighbours{a.fetcher},
			Resolver:  a.announcer,
			Guard:     a.guard,
			Ingests:   a.ingests,
			Transfers: seen,
			Ended:     a.spans.ended(),
		}, log, reg)
	if err != nil {
		return err
	}
	pull := puller.New(puller.Config{Mirror: a.MirrorAddr, Upstreams: cfg.Upstreams}, a.store, seen, log, reg)
	a.worker = a.newWorker(cfg, pull, reg)
	if a.mirror, err = httpserver.Listen("mirror", cfg.MirrorListen, maxMirrorConns, a.checkup.probe.Before(local(a.roads.in.Before(a.spans.mirror(mirror)), pull, status.Handler(a.status(cfg.NodeName, uploads, seen)))), log); err != nil {
		return err
	}
	a.health, err = httpserver.Listen("metrics", cfg.MetricsListen, maxHealthConns, a.healthRoutes(reg), log)
	return err
}

// MirrorAddr is where containerd asks.
func (a *App) MirrorAddr() string { return a.mirror.Addr() }

// PeerAddr is where neighbours fetch from.
func (a *App) PeerAddr() string { return a.peer.Addr() }

// MetricsAddr serves metrics and health.
func (a *App) MetricsAddr() string { return a.health.Addr() }

// Run serves until ctx ends. It then says goodbye to the trackers first, so
// that no new neighbour comes; finishes what neighbours and containerd are
// being sent; and stops the rest.
func (a *App) Run(ctx context.Context) error {
	defer a.close()
	a.log.Info("seeder is ready", "mirror", a.MirrorAddr(), "peer", a.PeerAddr(), "metrics", a.MetricsAddr())
	err := inStages(ctx,
		[]task{a.announcer.Run, a.worker.Run},
		[]task{serve(a.peer), serve(a.mirror)},
		[]task{serve(a.health), a.fetcher.Run, a.chains.Run, a.ingests.Run, a.guard.Run, a.inventory.Run, a.disk.Run, a.examine},
	)
	a.log.Info("seeder has stopped", "error", err)
	return err
}

func serve(s *httpserver.Server) task {
	return func(ctx context.Context) error { return s.Serve(ctx, drain) }
}

func (a *App) close() {
	for _, s := range []*httpserver.Server{a.mirror, a.peer, a.health} {
		if s != nil {
			_ = s.Close()
		}
	}
	if a.spans != nil {
		a.spans.Close()
	}
	if a.store != nil {
		if err := a.store.Close(); err != nil && !errors.Is(err, context.Canceled) {
			a.log.Warn("the store did not close", "error", err)
		}
	}
}

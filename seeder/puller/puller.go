package puller

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/containerd/containerd/v2/core/content"
	"github.com/containerd/containerd/v2/core/images"
	containerdlog "github.com/containerd/log"
	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"github.com/drayproject/dray/seeder/transfers"
)

// Store is this node's content and images, as containerd's own interfaces.
type Store interface {
	ContentStore() content.Store
	ImageStore() images.Store
	// Lease puts on ctx what calls to the two need. Until release is called
	// garbage collection spares what was written with that context.
	Lease(ctx context.Context) (leased context.Context, release func(), err error)
}

// Transfers knows what passed through the mirror of late.
type Transfers interface {
	Find(digest.Digest) []transfers.Transfer
}

// Config is what a Puller has to be told.
type Config struct {
	// Mirror gives the host:port of this node's mirror. It is asked at
	// each pull, so that the address need not be known before.
	Mirror func() string
	// Upstreams are the URLs of registries that are not at https://<name>.
	Upstreams map[string]string
	// Parallel bounds the blobs fetched at a time by one pull; 0 means 4.
	Parallel int64
	// Stall is how long a sender may be silent in the middle of a blob
	// before the rest is asked for again; 0 means 30 s.
	Stall time.Duration
}

const (
	defaultParallel = 4
	defaultStall    = 30 * time.Second
)

// Puller pulls images. It is safe for concurrent use, and an http.Handler.
type Puller struct {
	cfg       Config
	store     Store
	transfers Transfers
	log       *slog.Logger
	metrics   *metrics
	toMirror  *http.Client
	toOrigin  *http.Client
	slots     chan struct{} // one per request being answered
}

// New makes a Puller.
func New(cfg Config, store Store, t Transfers, log *slog.Logger, reg prometheus.Registerer) *Puller {
	if cfg.Parallel == 0 {
		cfg.Parallel = defaultParallel
	}
	if cfg.Stall == 0 {
		cfg.Stall = defaultStall
	}
	return &Puller{
		cfg:       cfg,
		store:     store,
		transfers: t,
		log:       log,
		metrics:   newMetrics(reg),
		toMirror:  mirrorClient(cfg.Stall),
		toOrigin:  originClient(cfg.Stall),
		slots:     make(chan struct{}, maxRequests),
	}
}

// Pull gets an image and everything that belongs to it. It calls emit with
// every step, never twice at the same time; the last call is with [Done], or
// with [Failed] and the reason that Pull returns too.
func (p *Puller) Pull(ctx context.Context, r Request, emit func(Event)) error {
	began := time.Now()
	board := newBoard(emit)
	image, err := p.leased(quiet(ctx), r, board)
	result := resultOf(ctx, err)
	if result == cancelled {
		err = context.Cause(ctx)
	}
	last := Event{Type: Done, Image: image.Name, Digest: image.Target.Digest, Totals: board.totals(time.Since(began))}
	if err != nil {
		err = fmt.Errorf("pull %s: %w", r.Image, err)
		last = Event{Type: Failed, Error: err.Error(), Totals: last.Totals}
	}
	emit(last)
	p.metrics.pulled(result, last.Totals)
	p.logPull(ctx, r, result, last)
	return err
}

// Results of a pull, in log and metrics.
const (
	done      = "done"
	failed    = "failed"
	cancelled = "cancelled" // whoever asked has gone
)

func resultOf(ctx context.Context, err error) string {
	switch {
	case err == nil:
		return done
	case ctx.Err() != nil:
		return cancelled
	}
	return failed
}

func (p *Puller) logPull(ctx context.Context, r Request, result string, last Event) {
	level := slog.LevelInfo
	if result == failed {
		level = slog.LevelWarn
	}
	p.log.Log(ctx, level, "pull", "result", result, "image", r.Image, "digest", last.Digest,
		"seconds", last.Totals.Seconds, "sources", last.Totals.Sources, "error", last.Error)
}

// leased pulls under a lease: nothing refers to the content before the image's
// record does.
func (p *Puller) leased(ctx context.Context, r Request, board *board) (images.Image, error) {
	ctx, release, err := p.store.Lease(ctx)
	if err != nil {
		return images.Image{}, err
	}
	defer release()
	return p.pull(withPace(ctx, r.Pace), r, board)
}

func (p *Puller) pull(ctx context.Context, r Request, board *board) (images.Image, error) {
	name, err := r.name()
	if err != nil {
		return images.Image{}, err
	}
	sel, err := r.selection()
	if err != nil {
		return images.Image{}, err
	}
	source, err := r.source()
	if err != nil {
		return images.Image{}, err
	}
	mirrored, direct := p.resolvers(r)
	root, err := resolve(ctx, source, mirrored, direct)
	if err != nil {
		return images.Image{}, err
	}
	board.resolved(name, root)
	j := &job{Puller: p, name: name, sel: sel, board: board}
	if j.mirrored, err = mirrored.Fetcher(ctx, source); err != nil {
		return images.Image{}, err
	}
	if j.direct, err = direct.Fetcher(ctx, source); err != nil {
		return images.Image{}, err
	}
	if err := j.run(ctx, root); err != nil {
		return images.Image{}, err
	}
	return record(ctx, p.store.ImageStore(), images.Image{Name: name, Target: root})
}

// quiet keeps containerd's packages from logging past our own log.
func quiet(ctx context.Context) context.Context {
	l := logrus.New()
	l.SetOutput(io.Discard)
	return containerdlog.WithLogger(ctx, logrus.NewEntry(l))
}

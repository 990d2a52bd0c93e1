// Package guard keeps this node's containerd from being wedged by wrong bytes.
//
// containerd verifies a blob when it commits it. If the digest is wrong, the
// commit fails, but the ingest stays, full of wrong bytes: the next pull finds
// nothing left to fetch, commits the same bytes and fails again, for ever. Only
// aborting the ingest helps.
//
// A wrong whole is seen while it is relayed, and aborted at once
// ([Guard.AbortNow]). A blob that arrives in parts, from neighbours and
// perhaps from a registry, cannot be verified on the way. So whenever
// neighbours have served a part of one, the guard looks at the ingest
// afterwards ([Guard.Watch]): if it is full and yet not committed, its bytes
// are hashed; if they are wrong, it is aborted and its sources are accused.
package guard

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/seeder/store"
)

// Store is where containerd's ingests are.
type Store interface {
	// Ingests lists the ingests whose refs name d.
	Ingests(ctx context.Context, d digest.Digest) ([]store.Ingest, error)
	// OpenIngest opens what an ingest has got so far. It fails with
	// [store.ErrNotFound] when the ingest is gone or cannot be read.
	OpenIngest(ctx context.Context, ref string) (store.Blob, error)
	// Abort ends an ingest, or fails with [store.ErrNotFound].
	Abort(ctx context.Context, ref string) error
}

// Accuse is told of wrong bytes and of all nodes that had sent some of them,
// the innocent ones too. It must not block.
type Accuse func(d digest.Digest, sources []string)

const (
	maxWatches = 1024 // digests watched, and requests waiting, at a time
	maxSources = 64   // nodes remembered per digest
)

// Guard watches ingests. It is safe for concurrent use.
type Guard struct {
	store    Store
	accuse   Accuse
	log      *slog.Logger
	metrics  *metrics
	timing   timing
	requests chan request
	watches  map[digest.Digest]*watch // Run's own
}

type request struct {
	digest  digest.Digest
	sources []string
}

// New makes a Guard.
func New(s Store, accuse Accuse, log *slog.Logger, reg prometheus.Registerer) *Guard {
	return &Guard{
		store:    s,
		accuse:   accuse,
		log:      log,
		metrics:  newMetrics(reg),
		timing:   defaultTiming,
		requests: make(chan request, maxWatches),
		watches:  map[digest.Digest]*watch{},
	}
}

// Watch has the guard look after d, of which these sources have sent something.
// It does not block.
func (g *Guard) Watch(d digest.Digest, sources []string) {
	select {
	case g.requests <- request{d, slices.Clone(sources)}:
	default:
		g.log.Warn("watch: too many are waiting", "digest", d)
	}
}

// AbortNow aborts all ingests of d. It is for someone who has seen that what
// containerd was sent is wrong, and who accuses the sources himself.
func (g *Guard) AbortNow(ctx context.Context, d digest.Digest) {
	list, err := g.store.Ingests(ctx, d)
	if err != nil {
		g.log.Warn("abort", "digest", d, "err", err)
	}
	for _, in := range list {
		g.abort(ctx, d, in.Ref, reasonAsked)
	}
}

// abort reports whether the ingest is gone.
func (g *Guard) abort(ctx context.Context, d digest.Digest, ref, reason string) bool {
	err := g.store.Abort(ctx, ref)
	if errors.Is(err, store.ErrNotFound) {
		return true
	}
	if err != nil {
		g.log.Warn("abort", "digest", d, "ref", ref, "err", err)
		return false
	}
	g.metrics.aborted.WithLabelValues(reason).Inc()
	g.log.Warn("abort", "digest", d, "ref", ref, "reason", reason)
	return true
}

// Run looks at what is watched until ctx ends, and returns nil then.
func (g *Guard) Run(ctx context.Context) error {
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case r := <-g.requests:
			g.watch(r)
		case <-next.C:
		case <-ctx.Done():
			return nil
		}
		next.Reset(g.lookAtAll(ctx))
		g.metrics.watched.Set(float64(len(g.watches)))
	}
}

// watch begins a watch, or prolongs the one that there is.
func (g *Guard) watch(r request) {
	w := g.watches[r.digest]
	if w == nil {
		if len(g.watches) >= maxWatches {
			g.log.Warn("watch: too many are watched", "digest", r.digest)
			return
		}
		w = &watch{digest: r.digest, sights: map[string]*sight{}}
		g.watches[r.digest] = w
	}
	w.prolong(time.Now(), g.timing, r.sources)
}

// lookAtAll looks at what is due, and returns the time until something else is.
func (g *Guard) lookAtAll(ctx context.Context) time.Duration {
	next := g.timing.giveUp
	for d, w := range g.watches {
		if !time.Now().Before(w.due) && g.look(ctx, w) {
			delete(g.watches, d)
			continue
		}
		next = min(next, time.Until(w.due))
	}
	return next
}

package fetcher

import (
	"context"
	_ "crypto/sha256" // the algorithms that digests may use
	_ "crypto/sha512"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"
)

// anyRepository is what peers are asked for when the name is not known.
const anyRepository = "dray/content"

// maxLookups bounds the lookups that run at one time.
const maxLookups = 64

// Fetcher fetches content from peers. It is safe for concurrent use.
type Fetcher struct {
	cfg       Config
	trackers  Lookuper
	joins     joins
	dismissed dismissals
	reporter  Reporter
	log       *slog.Logger
	metrics   *metrics
	retries   *budget
	peers     *peers
	grudges   grudges
	handouts  *handouts
	met       *acquaintances
	manifests *manifestCache
	buffers   memory
	flows     flows
	avoided   avoided

	life context.Context // of what runs in the background
	end  context.CancelFunc

	mu      sync.Mutex
	stopped bool
	lookups int
	wg      sync.WaitGroup
}

// New makes a Fetcher. It works before and without Run, which cleans up.
func New(cfg Config, l Lookuper, r Reporter, log *slog.Logger, reg prometheus.Registerer) *Fetcher {
	cfg = cfg.withDefaults()
	f := &Fetcher{
		cfg:       cfg,
		trackers:  l,
		reporter:  r,
		log:       log,
		metrics:   newMetrics(reg),
		peers:     &peers{dialTimeout: cfg.DialTimeout, via: cfg.Via, byAddr: make(map[string]*peer)},
		manifests: newManifestCache(maxManifestCache),
		buffers:   memory{limit: cfg.Memory},
	}
	newGauge(reg, "dray_seeder_fetch_memory_bytes", "Memory for what peers send ahead of the parent.", f.buffers.bytes)
	f.retries = newBudget(f.metrics.denied)
	f.life, f.end = context.WithCancel(context.Background())
	f.met = new(acquaintances)
	f.handouts = &handouts{lookuper: l, met: f.met, timeout: cfg.LookupTimeout, spawn: f.spawn, answers: make(map[digest.Digest]*answer)}
	return f
}

// Run forgets peers that are no longer used. When ctx ends it stops the
// lookups under way and closes idle connections; streams that are still open
// belong to their readers.
func (f *Fetcher) Run(ctx context.Context) error {
	tick := time.NewTicker(peerIdleTime / 5)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			f.peers.sweep(now.Add(-peerIdleTime))
		case <-ctx.Done():
			f.stop()
			return nil
		}
	}
}

func (f *Fetcher) stop() {
	f.mu.Lock()
	f.stopped = true
	f.mu.Unlock()
	f.end()
	f.wg.Wait()
	f.peers.sweep(time.Now().Add(time.Hour))
}

// spawn runs a lookup in the background, unless there are too many.
func (f *Fetcher) spawn(lookup func(context.Context)) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.stopped || f.lookups >= maxLookups {
		return false
	}
	f.lookups++
	f.wg.Go(func() {
		lookup(f.life)
		f.mu.Lock()
		f.lookups--
		f.mu.Unlock()
	})
	return true
}

// Prefetch looks digests up in the background, in one batch, so that a Fetch
// that comes within the next seconds finds the answer there.
func (f *Fetcher) Prefetch(ds []digest.Digest) { f.handouts.ask(ds) }

// Fetch opens a stream. It returns [ErrNoSource] as soon as it is clear that no
// peer can send the content, and after LookupTimeout, OriginWait and
// FirstByteTimeout at the latest; as [ErrLease] it says that this node is the one
// to go to the origin. ctx bounds the whole life of the stream.
func (f *Fetcher) Fetch(ctx context.Context, r Request) (*Stream, error) {
	s, err := f.fetch(ctx, r)
	if err != nil {
		f.handouts.distrust(r.Digest)
		f.metrics.fetched(resultOf(ctx))
		return nil, fmt.Errorf("fetch %s: %w", r.Digest, err)
	}
	return s, nil
}

func (f *Fetcher) fetch(ctx context.Context, r Request) (*Stream, error) {
	w, err := r.want("blobs")
	if err != nil {
		return nil, err
	}
	b, err := f.open(ctx, w)
	if err != nil {
		return nil, err
	}
	if !b.whole() || b.want.size > f.cfg.SmallBlob || b.grows() || b.unhurried {
		return f.stream(b), nil
	}
	data, err := b.readWhole(f.cfg.SmallBlob)
	if err != nil {
		b.close()
		return nil, err
	}
	return f.memory(b, data), nil
}

// want checks a request and puts it in terms of what peers are asked.
func (r Request) want(kind string) (want, error) {
	if err := r.Digest.Validate(); err != nil {
		return want{}, err
	}
	if r.Offset < 0 || r.Length == 0 {
		return want{}, fmt.Errorf("%d bytes from %d on: no such range", r.Length, r.Offset)
	}
	repository := r.Repository
	if repository == "" {
		repository = anyRepository
	}
	w := want{
		path:   "/v2/" + repository + "/" + kind + "/" + r.Digest.String(),
		digest: r.Digest, offset: r.Offset, end: -1, size: -1, look: r.Look,
		blob: "/v2/" + repository + "/blobs/" + r.Digest.String(),
		said: max(r.Size, 0), registry: r.Registry,
	}
	if r.Length > 0 {
		w.end = r.Offset + r.Length
	}
	return w, nil
}

// open gets a handout and the first parent.
func (f *Fetcher) open(ctx context.Context, w want) (*body, error) {
	began := time.Now()
	p, err := f.place(ctx, w)
	patience := f.cfg.FirstByteTimeout
	if errors.Is(err, ErrNoSource) {
		return nil, err
	}
	if err != nil {
		p.handout, patience = f.guess(w.digest), guessPatience
		if len(p.handout) == 0 {
			return nil, fmt.Errorf("%w: %w", ErrNoSource, err)
		}
	}
	b := &body{f: f, want: w, start: w.offset, joined: p.joined, avoid: f.avoided.nodes(w.digest, true)}
	b.ctx, b.cancel = context.WithCancelCause(ctx)
	b.unhurried = f.cfg.Unhurried(ctx)
	b.queue = &queue{waiting: f.candidates(w.digest, p.handout), lookedUp: p.at}
	b.queue.refill = b.refill
	if err := b.open(min(patience, f.patience(b.queue.waiting))); err != nil {
		b.close()
		return nil, err
	}
	f.metrics.firstByte.Observe(time.Since(began).Seconds())
	return b, nil
}

package inventory

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/seeder/store"
)

// Source is the store whose content is counted.
type Source interface {
	// Subscribe sends events until ctx ends or the connection breaks;
	// then exactly one error, and both channels are closed.
	Subscribe(ctx context.Context) (<-chan store.Event, <-chan error)
	// Walk calls fn for all committed blobs.
	Walk(ctx context.Context, fn func(store.Info) error) error
	// Images lists all names.
	Images(ctx context.Context) ([]store.Image, error)
	// Open opens a blob, or fails with [store.ErrNotFound].
	Open(ctx context.Context, d digest.Digest) (store.Blob, error)
}

// logSize bounds the changes that a Delta can go back: more than a node makes
// in the seconds that a tracker may be away.
const logSize = 4096

// Config says how an Inventory works.
type Config struct {
	// WalkInterval is the time between walks; 0 means a minute.
	WalkInterval time.Duration
}

// Inventory is what a node holds. It is safe for concurrent use.
type Inventory struct {
	src      Source
	interval time.Duration
	log      *slog.Logger
	metrics  *metrics
	verifier *verifier

	healthy   atomic.Bool
	ready     chan struct{}
	readyOnce sync.Once

	mu      sync.Mutex // for everything below
	state   *state
	held    map[digest.Digest]hold
	changed chan struct{} // closed and replaced at each change
}

// New makes an Inventory, empty until Run has walked through src.
func New(src Source, cfg Config, log *slog.Logger, reg prometheus.Registerer) *Inventory {
	if cfg.WalkInterval <= 0 {
		cfg.WalkInterval = time.Minute
	}
	inv := &Inventory{
		src:      src,
		interval: cfg.WalkInterval,
		log:      log,
		verifier: newVerifier(),
		ready:    make(chan struct{}),
		state:    newState(logSize),
		held:     map[digest.Digest]hold{},
		changed:  make(chan struct{}),
	}
	inv.metrics = newMetrics(reg, inv)
	return inv
}

// Snapshot returns the whole inventory.
func (inv *Inventory) Snapshot() Snapshot {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	return inv.state.snapshot()
}

// Since returns what has changed after the sequence number seq. It is false
// when that is too long ago, or unknown: then a Snapshot has to do.
func (inv *Inventory) Since(seq uint64) (Delta, bool) {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	return inv.state.delta(seq)
}

// Wait returns once the inventory's sequence number is beyond seq, or with the
// reason why ctx ended.
func (inv *Inventory) Wait(ctx context.Context, seq uint64) error {
	for {
		inv.mu.Lock()
		moved, changed := inv.state.log.seq > seq, inv.changed
		inv.mu.Unlock()
		if moved {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// Has reports whether the node holds d, fit to be served.
func (inv *Inventory) Has(d digest.Digest) bool {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	return inv.state.has(d)
}

// Image returns the image of this name: a full reference with a tag, e.g.
// "docker.io/library/redis:7".
func (inv *Inventory) Image(name string) (store.Image, bool) {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	i, ok := inv.state.images[name]
	return i, ok
}

// Ready is closed after the first complete walk.
func (inv *Inventory) Ready() <-chan struct{} { return inv.ready }

// Healthy reports whether the inventory follows the store. Where it does not,
// it keeps what it last knew: the blobs are still on disk.
func (inv *Inventory) Healthy() bool { return inv.healthy.Load() }

// update changes the inventory under its lock and wakes those who wait.
func (inv *Inventory) update(change func(*state)) {
	inv.mu.Lock()
	defer inv.mu.Unlock()
	before := inv.state.log.seq
	change(inv.state)
	if inv.state.log.seq != before {
		close(inv.changed)
		inv.changed = make(chan struct{})
	}
}

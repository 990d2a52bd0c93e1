package ingests

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/seeder/store"
	"github.com/drayproject/dray/shared/trackerapi"
)

// Store is where content arrives.
type Store interface {
	// Arrivals lists all ingests that can be read.
	Arrivals() []store.Arrival
	// OpenGrowing opens an ingest, or fails with [store.ErrNotFound].
	OpenGrowing(context.Context, digest.Digest) (*store.Growing, error)
	// Open opens committed content, or fails with [store.ErrNotFound].
	Open(context.Context, digest.Digest) (store.Blob, error)
}

// Parts are those of the seeder that are told something. Neither may block.
type Parts struct {
	// Progress tells all trackers.
	Progress func([]trackerapi.Ingest)
	// Suspect has an ingest looked at that is full and was not committed.
	Suspect func(digest.Digest)
}

const (
	maxIngests  = 256 // followed at a time
	maxExpected = 256 // digests waited for at a time
	maxFeeds    = 8   // of up to 1.25 MiB each
)

// Ingests are what this node has under way. It is safe for concurrent use.
type Ingests struct {
	store   Store
	parts   Parts
	log     *slog.Logger
	metrics *metrics
	timing  timing
	hurry   chan struct{} // something is expected; holds at most one

	mu       sync.Mutex
	followed map[digest.Digest]*ingest
	expected map[digest.Digest]*expectation
	feeds    map[digest.Digest]*store.Feed
}

// expectation is content that containerd is about to ask someone for.
type expectation struct {
	parent string
	until  time.Time
}

// New makes an Ingests, which does nothing before Run.
func New(s Store, p Parts, log *slog.Logger, reg prometheus.Registerer) *Ingests {
	i := &Ingests{
		store:    s,
		parts:    p,
		log:      log,
		timing:   defaultTiming,
		hurry:    make(chan struct{}, 1),
		followed: map[digest.Digest]*ingest{},
		expected: map[digest.Digest]*expectation{},
		feeds:    map[digest.Digest]*store.Feed{},
	}
	i.metrics = newMetrics(reg, i.count)
	return i
}

// Expect says that containerd was sent upstream for d: it will come from the
// origin. All trackers are told at once: one has sent this node there, and no other
// may send a second one. It never blocks and may be repeated.
func (i *Ingests) Expect(d digest.Digest) {
	if i.expect(d, "") {
		i.tell(trackerapi.Ingest{Digest: d})
	}
}

// From says that d comes from this node from now on; the empty name is the
// origin. It never blocks and may be repeated.
func (i *Ingests) From(d digest.Digest, node string) { i.expect(d, node) }

// expect is true when it is news that d will come from there.
func (i *Ingests) expect(d digest.Digest, node string) (news bool) {
	i.mu.Lock()
	if in := i.followed[d]; in != nil {
		i.mu.Unlock()
		i.tell(in.from(node)...)
		return false
	}
	if e := i.expected[d]; e != nil || len(i.expected) < maxExpected {
		news = e == nil || e.parent != node
		i.expected[d] = &expectation{parent: node, until: time.Now().Add(i.timing.expect)}
	}
	i.mu.Unlock()
	select {
	case i.hurry <- struct{}{}:
	default:
	}
	return news
}

// Open opens what is under way for a neighbour. It fails with
// [store.ErrNotFound] for what was not seen to grow.
func (i *Ingests) Open(ctx context.Context, d digest.Digest) (*store.Growing, error) {
	i.mu.Lock()
	in := i.followed[d]
	i.mu.Unlock()
	if in == nil || !in.open() {
		return nil, fmt.Errorf("%s is not under way: %w", d, store.ErrNotFound)
	}
	return i.store.OpenGrowing(ctx, d)
}

// List is for heartbeats: all that was seen to grow.
func (i *Ingests) List() []trackerapi.Ingest {
	i.mu.Lock()
	defer i.mu.Unlock()
	var all []trackerapi.Ingest
	for _, in := range i.followed {
		if in.shared() {
			all = append(all, in.report(time.Now()))
		}
	}
	return all
}

func (i *Ingests) count() float64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	return float64(len(i.followed))
}

package chain

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/opencontainers/go-digest"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/drayproject/dray/seeder/store"
)

const (
	// Memory is what a node keeps chains in, in bytes: those of 64 GiB of layers.
	Memory = 8 << 20
	// maxMaking is how many chains may be asked for and not be there yet. They
	// are made one after the other.
	maxMaking = 8
)

// ErrBusy says that too many chains are being made.
var ErrBusy = errors.New("too many chains are being made")

// Content is what this node has.
type Content interface {
	// Open returns [store.ErrNotFound] for what is not there.
	Open(context.Context, digest.Digest) (store.Blob, error)
}

// Maker has the chains of this node's content. It is safe for concurrent use.
type Maker struct {
	content Content
	wrong   func(digest.Digest)
	log     *slog.Logger
	metrics *metrics

	life context.Context // of what is being made
	stop context.CancelFunc
	turn chan struct{} // held by the one that is being made now

	mu      sync.Mutex
	stopped bool
	kept    *kept
	making  map[digest.Digest]*making
	wg      sync.WaitGroup
}

// making is a chain on its way. Its fields are guarded by the maker's mu.
type making struct {
	chain   *Chain
	waiting int                // those who read it
	cancel  context.CancelFunc // when nobody does
}

// NewMaker makes a Maker. It tells wrong of content that was read to its end and
// does not have its digest; that must not block.
func NewMaker(c Content, wrong func(digest.Digest), log *slog.Logger, reg prometheus.Registerer) *Maker {
	m := &Maker{
		content: c, wrong: wrong, log: log,
		turn: make(chan struct{}, 1), kept: newKept(Memory), making: map[digest.Digest]*making{},
	}
	m.life, m.stop = context.WithCancel(context.Background())
	m.metrics = newMetrics(reg, m.memory)
	return m
}

func (m *Maker) memory() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return float64(m.kept.bytes)
}

// Run ends what is being made when ctx ends.
func (m *Maker) Run(ctx context.Context) error {
	<-ctx.Done()
	m.mu.Lock()
	m.stopped = true
	m.mu.Unlock()
	m.stop()
	m.wg.Wait()
	return nil
}

// Keep takes the chain of a blob whose digest was met.
func (m *Maker) Keep(c *Chain) {
	if _, met := c.Met(); !met {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept.put(c)
}

// Chain is that of a blob of this node. It may still be made, for as long as
// somebody who has asked for it has not called leave. It fails with [ErrBusy] and
// [ErrNone].
func (m *Maker) Chain(d digest.Digest, size int64) (c *Chain, leave func(), err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.kept.get(d); c != nil {
		m.metrics.asked.WithLabelValues("kept").Inc()
		return c, func() {}, nil
	}
	k := m.making[d]
	if k == nil {
		if k, err = m.begin(d, size); err != nil {
			return nil, nil, err
		}
	}
	k.waiting++
	return k.chain, sync.OnceFunc(func() { m.leave(k) }), nil
}

// begin has a chain made; the caller holds mu.
func (m *Maker) begin(d digest.Digest, size int64) (*making, error) {
	c, err := New(d, size)
	if err != nil {
		return nil, err
	}
	if m.stopped || len(m.making) >= maxMaking {
		m.metrics.asked.WithLabelValues("busy").Inc()
		return nil, ErrBusy
	}
	ctx, cancel := context.WithCancel(m.life)
	k := &making{chain: c, cancel: cancel}
	m.making[d] = k
	m.wg.Go(func() { m.make(ctx, k) })
	return k, nil
}

func (m *Maker) leave(k *making) {
	m.mu.Lock()
	defer m.mu.Unlock()
	k.waiting--
	if over, _ := k.chain.Met(); k.waiting > 0 || over {
		return // who made it is about to keep it
	}
	k.cancel()
	if m.making[k.chain.digest] == k {
		delete(m.making, k.chain.digest) // who comes now begins anew
	}
}

package fleet

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
)

// fleet is all virtual seeders, and what they measure.
type fleet struct {
	Options
	catalogue *catalogue
	nodes     []*node
	byName    map[string]*node

	// settled counts the live holders of each digest that all trackers have
	// been told of.
	settled []atomic.Int32
	// interval is between a node's heartbeats, as the trackers want it.
	interval atomic.Int64
	// present is where this part of the run is recorded. It changes only
	// while nobody speaks.
	present atomic.Pointer[recorder]
	popular *rand.Zipf // images; for concurrent use
	// broken are the sessions to mend, each once.
	broken chan repair
}

// newFleet makes a fleet that knows trackers at these addresses. Its nodes say
// that their data ports have this port.
func newFleet(ctx context.Context, o Options, port int, trackers []string) (*fleet, error) {
	f := &fleet{Options: o, byName: map[string]*node{}}
	f.record()
	f.catalogue = newCatalogue(o.Images, f.dice(-1))
	f.broken = make(chan repair, o.Nodes*o.Trackers)
	f.popular = rand.NewZipf(rand.New(shared{}), steepness, flatHead, uint64(o.Images-1))
	f.settled = make([]atomic.Int32, len(f.catalogue.digests))
	for i := range o.Nodes {
		n := newNode(i, port, trackers)
		f.nodes = append(f.nodes, n)
		f.byName[n.name] = n
	}
	return f, each(ctx, runtime.NumCPU(), o.Nodes, func(_ context.Context, i int) error {
		images, digests, err := f.catalogue.pick(o.Digests, f.dice(i))
		if err != nil {
			return fmt.Errorf("node %d: %w", i, err)
		}
		f.nodes[i].fill(f.catalogue, images, digests)
		return nil
	})
}

// dice are node i's, the same in each run with the same seed.
func (f *fleet) dice(i int) *rand.Rand { return rand.New(rand.NewPCG(f.Seed, uint64(i))) }

// shared is the runtime's source of random numbers, which all goroutines may
// use at once.
type shared struct{}

func (shared) Uint64() uint64 { return rand.Uint64() }

// record begins a new record.
func (f *fleet) record() { f.present.Store(newRecorder()) }

// note is the present record.
func (f *fleet) note() *recorder { return f.present.Load() }

func (f *fleet) fate(i int) fate {
	if i < 0 || i >= len(f.nodes) {
		return killed
	}
	return f.nodes[i].is()
}

// someone is a live node.
func (f *fleet) someone() *node {
	for {
		if n := f.nodes[rand.IntN(len(f.nodes))]; n.is() == alive {
			return n
		}
	}
}

// pairs is what a tracker knows that has heard everything.
func (f *fleet) pairs() int { return f.Nodes * f.Digests }

// settle counts what the node holds, for or against, as known to all trackers.
func (f *fleet) settle(n *node, by int32) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, d := range n.digest {
		f.settled[d].Add(by)
	}
}

// forsake is for when the trackers have ended: they will know nothing.
func (f *fleet) forsake() {
	for _, n := range f.nodes {
		for t := range n.session {
			n.session[t].line.hangUp()
			n.session[t].known.Store(false)
		}
	}
}

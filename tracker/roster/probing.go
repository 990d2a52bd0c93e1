package roster

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	maxProbes = 128  // at a time
	maxWanted = 4096 // that wait; whom there is no room for, the scan asks for again
)

// How far a node's next probe is.
const (
	idle    uint32 = iota
	queued         // it will be looked at
	looking        // it is being looked at
	again          // it is, and then once more: there has been news since
)

// ask has the node looked at, beginning from now. It never blocks.
func (r *Roster) ask(n *Node) {
	for {
		switch n.asking.Load() {
		case idle:
			if n.asking.CompareAndSwap(idle, queued) {
				r.enqueue(n)
				return
			}
		case looking:
			if n.asking.CompareAndSwap(looking, again) {
				return
			}
		default:
			return
		}
	}
}

func (r *Roster) enqueue(n *Node) {
	select {
	case r.wanted <- n:
	default:
		n.asking.Store(idle)
	}
}

// probeAll looks at nodes until ctx ends.
func (r *Roster) probeAll(ctx context.Context, p Prober) {
	var probes errgroup.Group
	probes.SetLimit(maxProbes)
	defer func() { _ = probes.Wait() }()
	for {
		select {
		case <-ctx.Done():
			return
		case n := <-r.wanted:
			probes.Go(func() error {
				r.probe(ctx, p, n)
				return nil
			})
		}
	}
}

func (r *Roster) probe(ctx context.Context, p Prober, n *Node) {
	n.asking.Store(looking)
	l := look{of: n.Identity(), hungUp: n.hungUp.Swap(false), accusers: n.dossier.Load().docket.take()}
	if l.due(n.State()) {
		l.found = p.Probe(ctx, l.of.Addr)
		r.conclude(n, l)
	}
	if !n.asking.CompareAndSwap(looking, idle) {
		n.asking.Store(queued)
		r.enqueue(n)
	}
}

// look is one look at a node's data port. Who accused it and whether it had
// hung up are of the time when it began: what comes later wants another look.
type look struct {
	of       *trackerapi.Node
	hungUp   bool
	accusers []*Node
	found    Outcome
}

// due says that there is still a reason: another run of the node may have
// begun while it waited.
func (l *look) due(s State) bool {
	return s == Suspect || (s == Ready && (l.hungUp || len(l.accusers) > 0))
}

// conclude draws the conclusions, unless another run of the node has begun, or
// another node has its place.
func (r *Roster) conclude(n *Node, l look) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if now := n.Identity(); now.Name != l.of.Name || now.Epoch != l.of.Epoch || now.Addr != l.of.Addr {
		return
	}
	n.port.Store(pack(r.clock(), uint8(l.found)))
	r.weigh(n, Evidence{Sign: Probed, Port: l.found, Hangup: l.hungUp})
	if l.found == Mute {
		r.inquire(n)
	}
	for _, accuser := range l.accusers {
		if accuser.dossier.Load().voice.judge(n, l.found, r.clock()) {
			r.mute(accuser)
		}
	}
}

// portOf is what the latest probe has found, if that is not too long ago to
// count, and how long ago it was.
func (r *Roster) portOf(n *Node) (found Outcome, age time.Duration) {
	at, b := unpack(n.port.Load())
	if age = r.clock() - at; age >= 2*r.policy.Interval {
		return Unasked, age
	}
	return Outcome(b), age
}

package roster

import (
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Order is what an operator last wanted of a node: to drain it, or not. Trackers
// tell each other by it, and the larger one counts, which is the later one as
// far as their clocks agree. 0: nobody ever wanted anything.
type Order int64

// next is an order that comes after o.
func (o Order) next(drain bool, now time.Time) Order {
	n := max(Order(now.UnixMilli()), o>>1+1) << 1
	if drain {
		n |= 1
	}
	return n
}

// Drains says whether the node is to be in no answer.
func (o Order) Drains() bool { return o&1 == 1 }

// sign is what the order is as evidence.
func (o Order) sign() Sign {
	if o.Drains() {
		return Drained
	}
	return Undrained
}

// Order is what an operator last wanted of the node.
func (n *Node) Order() Order { return Order(n.order.Load()) }

// Drain takes a node out of the answers until [Roster.Undrain], over restarts
// of its seeder and of its machine: only a purge ends it, too. What it is
// serving it finishes.
func (r *Roster) Drain(name string) (State, error) { return r.command(name, true) }

// Undrain brings a drained node back. One that has left by itself comes back
// only by registering.
func (r *Roster) Undrain(name string) (State, error) { return r.command(name, false) }

func (r *Roster) command(name string, drain bool) (State, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	n := r.byName[name]
	if n == nil {
		return Purged, trackerapi.Errorf(trackerapi.CodeUnknownNode, "node %q is not known", name)
	}
	for {
		before := n.Order()
		after := before.next(drain, time.Now())
		if n.order.CompareAndSwap(int64(before), int64(after)) {
			return r.weigh(n, Evidence{Sign: after.sign()}).State, nil
		}
	}
}

// Obey follows an order that another tracker was given, unless the node has a
// later one, or is not known.
func (r *Roster) Obey(name string, o Order) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	n := r.byName[name]
	if n == nil {
		return
	}
	for before := n.Order(); before < o; before = n.Order() {
		if n.order.CompareAndSwap(int64(before), int64(o)) {
			r.weigh(n, Evidence{Sign: o.sign()})
		}
	}
}

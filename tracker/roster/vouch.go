package roster

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

const (
	maxInquiries  = 256 // nodes that are waited for a look at
	vouchInterval = 2   // intervals for which the word of another node counts
)

// inquiries are the nodes that the tracker neither hears nor reaches, and that
// somebody else is to look at: silence may be the tracker's own fault.
type inquiries struct {
	some  atomic.Bool // there are any; hardly ever so
	mu    sync.Mutex
	nodes []*Node
}

func (q *inquiries) add(n *Node) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.nodes) < maxInquiries && !slices.Contains(q.nodes, n) {
		q.nodes = append(q.nodes, n)
		q.some.Store(true)
	}
}

// take takes out up to limit nodes that want, and all that are stale.
func (q *inquiries) take(limit int, stale, want func(*Node) bool) (taken []*Node) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.nodes = slices.DeleteFunc(q.nodes, func(n *Node) bool {
		switch {
		case stale(n):
			return true
		case len(taken) == limit || !want(n):
			return false
		}
		taken = append(taken, n)
		return true
	})
	q.some.Store(len(q.nodes) > 0)
	return taken
}

// inquire has somebody else look at a node that was silent and mute. It is asked
// for again with every probe, and so with the next one that finds nothing.
func (r *Roster) inquire(n *Node) {
	if r.silenced(n) {
		r.inquiries.add(n)
	}
}

// silenced says that silence is what speaks against the node.
func (r *Roster) silenced(n *Node) bool {
	return n.State() == Suspect && r.Silence(n) >= r.policy.missed(r.policy.SuspectAfter, r.intervalOf(n))
}

// Looks is whom this node, which has just been heard, should look at.
func (r *Roster) Looks(w *Node) (looks []trackerapi.Look) {
	if !r.inquiries.some.Load() || !r.idle(w) {
		return nil
	}
	stale := func(n *Node) bool { return !r.silenced(n) }
	elsewhere := func(n *Node) bool { return apart(w.Identity(), n.Identity()) }
	for _, n := range r.inquiries.take(trackerapi.MaxLooks, stale, elsewhere) {
		id := n.Identity()
		looks = append(looks, trackerapi.Look{Node: id.Name, Epoch: id.Epoch, Addr: id.Addr})
	}
	return looks
}

// idle says that a node has time to look at another. It may be degraded: one that
// should not send content, for lack of disk perhaps, sees its neighbours as well as
// before, and where all disks are full there is nobody else.
func (r *Roster) idle(w *Node) bool {
	return w.State() == Ready && !r.Busy(w) && !w.dossier.Load().voice.muted(r.clock())
}

// apart says that one node sees what the other's zone does not. Nodes that do
// not say where they are may be anywhere.
func apart(w, n *trackerapi.Node) bool {
	return w.Name != n.Name && (w.Zone != n.Zone || w.Zone == "")
}

// Vouch notes that a node has reached others. It speaks against silence alone,
// not against a probe that was refused, nor against reports; and only for a
// while. Whoever is not listened to isn't heard about this either.
func (r *Roster) Vouch(w *Node, reports []trackerapi.Report) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if w.dossier.Load().voice.muted(r.clock()) {
		return
	}
	for _, rep := range reports {
		n := r.byName[rep.Peer]
		if n == nil || n.Identity().Epoch != rep.Epoch || !apart(w.Identity(), n.Identity()) {
			continue
		}
		n.vouched.Store(int64(r.clock() + vouchInterval*r.policy.Interval))
		r.log.Debug("node answers another that was asked to look", "node", rep.Peer, "epoch", rep.Epoch, "reporter", w.Identity().Name)
	}
}

func (r *Roster) vouchedFor(n *Node) bool { return r.clock() < time.Duration(n.vouched.Load()) }

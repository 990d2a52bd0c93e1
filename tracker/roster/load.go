package roster

import (
	"strings"
	"time"

	"github.com/drayproject/dray/shared/trackerapi"
)

// busyTime is for how long a node is given late after it has sent somebody
// away, unless a heartbeat says before that it has a free slot.
const busyTime = time.Second

// idleLoad is that of a node that has not said anything of it.
var idleLoad = new(trackerapi.Load)

// tell notes what the node says of its load. Mostly it is the same as before,
// and then nothing is kept of the message.
func (n *Node) tell(load trackerapi.Load) {
	if load.Uploads < load.Slots {
		n.busyUntil.Store(0)
	}
	if load != *n.load.Load() {
		n.keep(load)
	}
}

func (n *Node) keep(load trackerapi.Load) {
	load.Degraded = strings.Clone(load.Degraded) // it shares the message's memory
	n.load.Store(&load)
}

// full says that the node sends all that it can at one time.
func full(load *trackerapi.Load) bool { return load.Slots > 0 && load.Uploads >= load.Slots }

// Load is what the node said of itself with its last heartbeat.
func (n *Node) Load() trackerapi.Load { return *n.load.Load() }

// Uploads is how many blobs the node was sending at its last heartbeat.
func (n *Node) Uploads() int { return n.load.Load().Uploads }

// Degraded is why the node is up but can't serve well, in its own words; empty
// when it is well. It is no state: a node that is degraded lives, and comes
// after all that are well.
func (n *Node) Degraded() string { return n.load.Load().Degraded }

// Busy says that the node would send another one away: its last heartbeat says
// that there is no free slot, or it has just sent somebody away.
func (r *Roster) Busy(n *Node) bool {
	return full(n.load.Load()) || r.clock() < time.Duration(n.busyUntil.Load())
}

// Overloaded notes what a node says of peers that were too busy for it. That is
// load and no fault, so nobody is looked at; a reporter without a voice isn't
// heard about this either.
func (r *Roster) Overloaded(reporter *Node, reports []trackerapi.Report) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if reporter.dossier.Load().voice.muted(r.clock()) {
		return
	}
	for _, rep := range reports {
		if n := r.byName[rep.Peer]; n != nil && n != reporter && n.Identity().Epoch == rep.Epoch {
			n.busyUntil.Store(int64(r.clock() + busyTime))
		}
	}
}

package roster

import (
	"maps"

	"github.com/drayproject/dray/shared/trackerapi"
)

// Hear notes a sign of life of a node's present run, and returns the node. It
// will not be purged for a long time: its ordinal can be used meanwhile.
func (r *Roster) Hear(from trackerapi.Sender) (*Node, error) {
	return r.witness(from, Heard)
}

// Heartbeat is Hear with what the node says of its load, and the connection
// that it says it over; nil if that is not known.
func (r *Roster) Heartbeat(from trackerapi.Sender, load trackerapi.Load, over *Line) (*Node, error) {
	n, err := r.witness(from, Heard)
	if err == nil {
		n.tell(load)
		over.carries(n)
	}
	return n, err
}

// Leave takes the node out of the answers. It fails like [Roster.Hear].
func (r *Roster) Leave(from trackerapi.Sender) error {
	_, err := r.witness(from, Left)
	return err
}

// witness weighs what a node says about itself.
func (r *Roster) witness(from trackerapi.Sender, sign Sign) (*Node, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	n := r.byName[from.Node]
	if n == nil {
		return nil, trackerapi.Errorf(trackerapi.CodeUnknownNode, "node %q is not registered", from.Node)
	}
	switch epoch := n.Identity().Epoch; {
	case from.Epoch < epoch:
		return nil, stale(from.Node, from.Epoch, epoch)
	case from.Epoch > epoch:
		return nil, trackerapi.Errorf(trackerapi.CodeUnknownNode, "epoch %d of node %q is not registered", from.Epoch, from.Node)
	}
	r.weigh(n, Evidence{Sign: sign})
	return n, nil
}

// Accuse weighs what one node says against others. A report about another run,
// an unknown node, or the reporter itself has no effect; the kinds that concern
// one digest have no place here. Who is accused is looked at right away.
func (r *Roster) Accuse(reporter *Node, reports []trackerapi.Report) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	accused := map[*Node]trackerapi.Kind{}
	for _, rep := range reports {
		if n := r.byName[rep.Peer]; n != nil && n != reporter && n.Identity().Epoch == rep.Epoch {
			accused[n] = rep.Kind
		}
	}
	switch reporter.dossier.Load().voice.accuse(maps.Keys(accused), len(r.byName), r.clock()) {
	case everybody:
		r.mute(reporter)
		r.weigh(reporter, Evidence{Sign: Overheard})
	case weighed:
		for n, kind := range accused {
			n.dossier.Load().docket.add(reporter)
			r.weigh(n, Evidence{Sign: Reported, Kind: kind})
		}
	}
}

// mute notes that a reporter has lost its voice.
func (r *Roster) mute(reporter *Node) {
	r.mutedUntil.Store(int64(r.clock() + muteTime))
	r.log.Warn("report: this node's reports are contradicted by probes, or accuse too many; they are not heard for a while", "node", reporter.Identity().Name, "for", muteTime)
}

// Apart says whether the asker has lately had trouble with a peer that the
// tracker finds well.
func (r *Roster) Apart(asker, peer *Node) bool {
	return asker.dossier.Load().voice.avoids(peer.ordinal, r.clock())
}

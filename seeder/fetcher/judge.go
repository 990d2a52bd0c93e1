package fetcher

import (
	"context"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// candidates puts the peers of a handout in the order in which to ask them,
// without those that are known not to have the digest.
func (f *Fetcher) candidates(d digest.Digest, h trackerapi.Handout) []candidate {
	cs := make([]candidate, 0, len(h))
	for _, holder := range h {
		if !f.grudges.has(grudge{d, holder.Addr, holder.Epoch}) {
			cs = append(cs, candidate{Holder: holder, peer: f.peers.get(holder.Addr)})
		}
	}
	order(cs, func(c candidate) standing { return c.peer.standing() })
	return cs
}

// again makes a fresh lookup.
func (f *Fetcher) again(ctx context.Context, d digest.Digest) []candidate {
	f.handouts.distrust(d)
	handout, _, err := f.handouts.get(ctx, d)
	if err != nil {
		return nil
	}
	return f.candidates(d, handout)
}

// blame draws the consequences of what a peer has done: for this node's own
// order of asking, and for everyone's, through the trackers.
func (f *Fetcher) blame(c candidate, err error, w want) {
	kind := blameOf(err)
	log := f.log.Debug
	if kind == trackerapi.KindCorrupt {
		log = f.log.Warn
	}
	log("peer failed", "peer", c.Node, "addr", c.Addr, "kind", kind, "digest", w.digest, "offset", w.offset, "error", err)
	switch kind {
	case "":
		return
	case trackerapi.KindCorrupt:
		f.grudges.bear(grudge{w.digest, c.Addr, c.Epoch}, corruptMemory)
	case trackerapi.KindMiss:
		f.grudges.bear(grudge{w.digest, c.Addr, c.Epoch}, c.missMemory())
	case trackerapi.KindOverloaded:
		c.peer.busy()
	default:
		c.peer.failed()
	}
	f.metrics.failures.WithLabelValues(string(kind)).Inc()
	f.reporter.Report(trackerapi.Report{Peer: c.Node, Epoch: c.Epoch, Kind: kind, Digest: w.digest, Offset: w.offset})
}

// guess is a handout for want of a tracker's. Nodes that were of no use are left
// out of it.
func (f *Fetcher) guess(d digest.Digest) trackerapi.Handout {
	return f.met.guess(d, func(h trackerapi.Holder) bool {
		return !f.grudges.has(grudge{d, h.Addr, h.Epoch}) && !f.peers.get(h.Addr).standing().doubtful
	})
}
